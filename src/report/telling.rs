//! Reports for readers: findings arranged by rule, each with the article for it, through layouts.

use std::collections::HashMap;
use std::io::Write;

use minijinja::value::Serde;
use minijinja::{Value, context};

use crate::answer::{AnswerFormat, Article, Layouts, Writer};
use crate::diagnose::Finding;
use crate::report::shape::{CaptureShape, FindingShape, NoteShape, Outcome, summary};
use crate::report::{Batch, ReportError, ReportOptions, notes, summary_line};
use crate::rule::{Faultbook, Rule, RuleId};
use crate::source::LogTime;

/// Places shown for each source in a text report; the machine-readable ones have all that are kept.
const PLACES_SHOWN: usize = 5;

/// Writes findings and reports in one format.
pub(crate) struct Teller<'a> {
    faultbook: &'a Faultbook,
    writer: Writer,
    layouts: Layouts,
}

/// Findings of one rule that have the same article.
struct Told {
    findings: Vec<Value>,
    answer: String,
}

impl<'a> Teller<'a> {
    pub(crate) fn new(faultbook: &'a Faultbook, format: AnswerFormat) -> Self {
        let layouts = Layouts::new(faultbook.templates(), &format);
        Self { faultbook, writer: Writer::new(format), layouts }
    }

    /// The article for a finding, and the problems of rendering it.
    pub(crate) fn answer(
        &self,
        shape: &FindingShape<'_>,
        rule: &Rule,
        finding: &Finding,
    ) -> Result<(String, Vec<String>), ReportError> {
        let article = self.writer.article(rule, finding);
        let context = context! { finding => Value::from(Serde(shape)), article => article_value(&article) };
        Ok((self.layouts.render("answer/answer", context)?, article.problems))
    }

    /// Writes the report of a batch.
    pub(crate) fn tell(&self, batch: &Batch, options: &ReportOptions, out: &mut dyn Write) -> Result<(), ReportError> {
        let mut rules = Vec::new();
        for id in rules_found(self.faultbook, batch) {
            rules.push(self.rule(id, batch, options)?);
        }
        let all = notes(batch);
        let (unread, other): (Vec<NoteShape<'_>>, Vec<NoteShape<'_>>) =
            all.into_iter().partition(|note| note.note.kind.is_loss());
        let summary = summary(self.faultbook, &batch.diagnoses);
        let context = context! {
            rules => rules,
            unread => Value::from(Serde(unread)),
            notes => Value::from(Serde(other)),
            summary => Value::from(Serde(summary)),
            summary_line => summary_line(summary, batch.elapsed),
            compact => options.compact,
            brief => options.brief,
        };
        Ok(out.write_all(self.layouts.render("report/report", context)?.as_bytes())?)
    }

    /// One rule with its findings in all cases; those with the same article stand together.
    fn rule(&self, id: RuleId, batch: &Batch, options: &ReportOptions) -> Result<Value, ReportError> {
        let rule = self.faultbook.rule(id);
        let mut told: Vec<Told> = Vec::new();
        let mut place_of: HashMap<String, usize> = HashMap::new();
        let (mut findings, mut cases) = (0u64, 0u64);
        for diagnosis in &batch.diagnoses {
            let own: Vec<&Finding> = diagnosis.findings.iter().filter(|finding| finding.rule == id).collect();
            findings += own.len() as u64;
            cases += u64::from(!own.is_empty());
            for finding in own {
                let shape = FindingShape::of(self.faultbook, &diagnosis.case, rule, finding);
                let answer = if options.brief { String::new() } else { self.answer(&shape, rule, finding)?.0 };
                let value = finding_value(&shape);
                match place_of.get(&answer) {
                    Some(&place) => told[place].findings.push(value),
                    None => {
                        place_of.insert(answer.clone(), told.len());
                        told.push(Told { findings: vec![value], answer });
                    }
                }
            }
        }
        let told = told
            .into_iter()
            .map(|told| context! { findings => told.findings, answer => Value::from_safe_string(told.answer) });
        Ok(context! {
            id => rule.id.as_str(),
            title => rule.title.as_str(),
            severity => rule.severity.name(),
            state => rule.state.name(),
            findings => findings,
            cases => cases,
            told => told.collect::<Vec<Value>>(),
        })
    }
}

/// The rules with findings, each once, in the order in which the cases rank them.
fn rules_found(faultbook: &Faultbook, batch: &Batch) -> Vec<RuleId> {
    let mut ids: Vec<RuleId> =
        batch.diagnoses.iter().flat_map(|diagnosis| &diagnosis.findings).map(|finding| finding.rule).collect();
    let place = |id: &RuleId| {
        let rule = faultbook.rule(*id);
        (std::cmp::Reverse(rule.priority), std::cmp::Reverse(rule.severity), rule.id.as_str())
    };
    ids.sort_by(|left, right| place(left).cmp(&place(right)));
    ids.dedup();
    ids
}

/// A finding for layouts: its shape, and what is laborious to say in a template.
fn finding_value(shape: &FindingShape<'_>) -> Value {
    let captures = shape.captures.0.iter().map(|(name, value)| {
        let value = match value {
            CaptureShape::One(value) => (*value).to_owned(),
            CaptureShape::Several(values) => values.join(", "),
        };
        context! { name => *name, value => value }
    });
    let places = shape.evidence.iter().map(|evidence| {
        let shown = evidence.lines.iter().take(PLACES_SHOWN).enumerate();
        let lines: Vec<String> =
            shown.map(|(at, line)| if at == 0 { format!(":{line}") } else { format!(", :{line}") }).collect();
        let more = evidence.count.saturating_sub(lines.len() as u64);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{}{}{more}", evidence.source, lines.concat())
    });
    context! {
        captures => captures.collect::<Vec<_>>(),
        times => times(shape.first, shape.last),
        places => places.collect::<Vec<_>>(),
        ..Value::from(Serde(shape))
    }
}

/// `2014-12-01 10:02:11 – 11:40:53 UTC`: the date once where it is the same; `UTC assumed` where the log does not name its zone.
fn times(first: Option<LogTime>, last: Option<LogTime>) -> String {
    let is_assumed = first.into_iter().chain(last).any(LogTime::zone_assumed);
    let zone = if is_assumed { "UTC assumed" } else { "UTC" };
    match (first.map(|time| time.to_string()), last.map(|time| time.to_string())) {
        (Some(first), Some(last)) if first != last => {
            let same_day = first.split(' ').next() == last.split(' ').next();
            let last = if same_day { last.split_once(' ').map_or(last.as_str(), |(_, time)| time) } else { &last };
            format!("{first} – {last} {zone}")
        }
        (Some(time), _) | (_, Some(time)) => format!("{time} {zone}"),
        (None, None) => String::new(),
    }
}

/// The sections of an article for layouts.
pub(crate) fn article_value(article: &Article) -> Value {
    let section = |text: &Option<String>| text.as_ref().map(|text| Value::from_safe_string(text.clone()));
    let branches = article.branches.iter().map(|branch| {
        context! {
            title => branch.title.as_str(),
            open => Outcome::from(branch.truth) == Outcome::Open,
            when => branch.when.clone(),
            body => Value::from_safe_string(branch.body.clone()),
        }
    });
    context! {
        symptoms => section(&article.symptoms),
        cause => section(&article.cause),
        branches => branches.collect::<Vec<_>>(),
        prevention => section(&article.prevention),
        problems => article.problems.clone(),
    }
}
