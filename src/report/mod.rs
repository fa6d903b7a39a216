//! How a batch is told: JSON, JSON Lines, and through layouts terminal text, Markdown and HTML.
//!
//! [`write()`] takes what `diagnose` found and writes one report. The [shapes](shape) are the machine-readable output and the
//! context of the layouts alike; `telling` arranges findings by rule for readers. Nothing here decides anything.

pub mod article;
#[cfg(feature = "portal")]
pub mod pdf;
pub mod redact;
pub mod shape;
mod telling;

use std::io::{self, Write};
use std::time::Duration;

use rayon::prelude::*;
use serde::Serialize;

use crate::answer::{AnswerFormat, LayoutError, TextOptions};
use crate::diagnose::{Diagnosis, Finding};
use crate::report::redact::Masker;
use crate::report::shape::{AnswerShape, BatchShape, CaseShape, FindingShape, NoteShape, SCHEMA, Summary, summary};
use crate::report::telling::Teller;
use crate::rule::Faultbook;
use crate::source::Note;

pub use article::{ArticleHead, ArticleWriter};

/// Columns by which an article stands to the right of its finding in text reports.
const ARTICLE_INDENT: usize = 10;

/// What a report is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Text for a terminal or a mail.
    Text,
    /// One JSON document, see [`shape`].
    Json,
    /// One JSON object a line: findings, notes, then the summary; `type` tells which.
    JsonLines,
    /// Markdown.
    Markdown,
    /// A page of its own; in a compact report only the articles.
    Html,
}

/// What was found in a number of cases.
#[derive(Debug)]
pub struct Batch {
    /// The cases in the order of the input.
    pub diagnoses: Vec<Diagnosis>,
    /// Inputs that could not be opened at all.
    pub notes: Vec<Note>,
    /// How long it took, to be shown; `None` where the same input must give the same bytes.
    pub elapsed: Option<Duration>,
}

impl Batch {
    /// Masks everything that came from the cases. Do so before anything is rendered.
    pub fn redact(&mut self, masker: &Masker<'_>) {
        self.diagnoses.iter_mut().for_each(|diagnosis| masker.diagnosis(diagnosis));
        self.notes.iter_mut().for_each(|note| masker.note(note));
    }
}

/// How a report is to look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportOptions {
    /// Without the articles.
    pub brief: bool,
    /// With terminal styles.
    pub styled: bool,
    /// Columns of text.
    pub width: usize,
    /// Only the findings, as for one pasted text.
    pub compact: bool,
}

/// Why a report could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// The output could not be written to.
    #[error(transparent)]
    Output(#[from] io::Error),
    /// A layout has an error.
    #[error(transparent)]
    Layout(#[from] LayoutError),
}

/// Writes the answers to findings on their own, without a report around them.
pub struct AnswerWriter<'a> {
    faultbook: &'a Faultbook,
    teller: Teller<'a>,
}

impl<'a> AnswerWriter<'a> {
    /// Makes a writer for a format. Keep it: building the engine costs more than an answer.
    pub fn new(faultbook: &'a Faultbook, format: AnswerFormat) -> Self {
        Self { faultbook, teller: Teller::new(faultbook, format) }
    }

    /// Renders the answer to a finding of a case; beside it what of the rule's texts could not be rendered.
    pub fn answer(&self, case: &str, finding: &Finding) -> Result<(String, Vec<String>), ReportError> {
        let rule = self.faultbook.rule(finding.rule);
        self.teller.answer(&FindingShape::of(self.faultbook, case, rule, finding), rule, finding)
    }
}

/// Writes a report. The same batch gives the same bytes.
pub fn write(
    faultbook: &Faultbook,
    batch: &Batch,
    format: Format,
    options: &ReportOptions,
    out: &mut dyn Write,
) -> Result<(), ReportError> {
    match format {
        Format::Text => {
            let text = TextOptions { width: options.width, indent: ARTICLE_INDENT, styled: options.styled };
            Teller::new(faultbook, AnswerFormat::Text(text)).tell(batch, options, out)
        }
        Format::Markdown => Teller::new(faultbook, AnswerFormat::Markdown).tell(batch, options, out),
        Format::Html => Teller::new(faultbook, AnswerFormat::Html).tell(batch, options, out),
        Format::Json => {
            let findings = findings(faultbook, batch, options)?;
            let cases = batch
                .diagnoses
                .iter()
                .map(|diagnosis| CaseShape { case: &diagnosis.case, size: diagnosis.size })
                .collect();
            let document = BatchShape {
                schema: SCHEMA,
                cases,
                findings,
                notes: notes(batch),
                summary: summary(faultbook, &batch.diagnoses),
            };
            serde_json::to_writer_pretty(&mut *out, &document).map_err(io::Error::from)?;
            Ok(writeln!(out)?)
        }
        Format::JsonLines => {
            for finding in findings(faultbook, batch, options)? {
                write_line(out, "finding", &finding)?;
            }
            for note in notes(batch) {
                write_line(out, "note", &note)?;
            }
            write_line(out, "summary", &summary(faultbook, &batch.diagnoses))
        }
    }
}

/// An object of a JSON Lines report.
#[derive(Serialize)]
struct Line<'a, T> {
    schema: u32,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(flatten)]
    content: &'a T,
}

fn write_line<T: Serialize>(out: &mut dyn Write, kind: &'static str, content: &T) -> Result<(), ReportError> {
    serde_json::to_writer(&mut *out, &Line { schema: SCHEMA, kind, content }).map_err(io::Error::from)?;
    Ok(writeln!(out)?)
}

/// The findings with their answers in HTML, the form that pages and tickets can embed.
fn findings<'a>(
    faultbook: &'a Faultbook,
    batch: &'a Batch,
    options: &ReportOptions,
) -> Result<Vec<FindingShape<'a>>, ReportError> {
    let teller = Teller::new(faultbook, AnswerFormat::Html);
    let found = batch
        .diagnoses
        .par_iter()
        .flat_map(|diagnosis| diagnosis.findings.par_iter().map(move |finding| (diagnosis.case.as_str(), finding)));
    let shape = |(case, finding): (&'a str, &'a Finding)| {
        let rule = faultbook.rule(finding.rule);
        let mut shape = FindingShape::of(faultbook, case, rule, finding);
        if !options.brief {
            let (body, problems) = teller.answer(&shape, rule, finding)?;
            shape.problems.extend(problems);
            shape.answer = Some(AnswerShape { format: "html", body });
        }
        Ok(shape)
    };
    found.map(shape).collect()
}

fn notes(batch: &Batch) -> Vec<NoteShape<'_>> {
    let of_cases = batch
        .diagnoses
        .iter()
        .flat_map(|diagnosis| diagnosis.notes.iter().map(|note| NoteShape { case: Some(&diagnosis.case), note }));
    batch.notes.iter().map(|note| NoteShape { case: None, note }).chain(of_cases).collect()
}

/// The summary in one line, for people.
fn summary_line(summary: Summary, elapsed: Option<Duration>) -> String {
    let plural = |count: usize, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
    let time = elapsed.map_or(String::new(), |elapsed| format!(" in {:.1} s", elapsed.as_secs_f64()));
    let found = match summary.findings {
        0 => "nothing found".to_owned(),
        findings => format!(
            "{} found {}",
            plural(summary.rules_found, "rule", "rules"),
            plural(findings, "failure", "failures")
        ),
    };
    format!(
        "{}, {} of text{time}, {}: {found}",
        plural(summary.cases, "case", "cases"),
        crate::source::size(summary.bytes),
        plural(summary.rules, "rule", "rules"),
    )
}
