//! Why a rule applies to a case or does not.
//!
//! An [`Explainer`] reads a case as a diagnosis does, with the rules that [`have_a_say`]: others may supersede or explain. Then it looks at one
//! rule: its condition part by part, its signatures, its facts, its environment. For signatures that matched nothing the case is read
//! again for their [near misses](super::nearest). [`Explainer::overview`] does that for all rules at once, to answer why nothing
//! was found.
//!
//! The outcome is [data](super::explained); drawing it is the command line's job.

use std::collections::{BTreeMap, HashMap};
use std::io;

use rayon::prelude::*;

use crate::author::explained::{
    Because, CapturePart, ConditionPart, EnvironmentPart, Excluded, ExcludedBy, Explanation, FactPart, FactSource,
    FailureCounts, FilePart, LookupPart, Miss, NameKind, NamePart, NowPart, NowSource, Outcome, Overview, Place,
    ProductPart, SeverityPart, SignaturePart,
};
use crate::author::miss::{Apart, NearMiss, levels};
use crate::author::nearest::{Barrier, Depth, Near, PLACE_LIMIT, Search};
use crate::author::sentence;
use crate::diagnose::apply::{Decided, environment, fits, group_captures};
use crate::diagnose::case::Examined;
use crate::diagnose::overlay_noise::Taken;
use crate::diagnose::spot::Spot;
use crate::diagnose::{Diagnoser, Known};
use crate::rule::condition::Condition;
use crate::rule::decide::{Binding, Scope, decide, fact_value, looked_up, name_value};
use crate::rule::overlay::OverlayNoise;
use crate::rule::{FactValue, Faultbook, Rule, RuleId, Severity, State, Truth};
use crate::scan::{Index, SignatureId};
use crate::source::{CaseInput, Limits, Note, Progress, ReadOptions};

/// Rules whose near misses are looked at in detail for each that is shown: words alone do not tell which comes nearest.
pub const FINALISTS: usize = 5;
/// At least so many.
pub const FINALISTS_LEAST: usize = 100;
/// A rule that comes less near, in percent, is not told among all: a word in common is chance.
pub const NEAREST_LEAST: u32 = 20;
/// Nearness of records that match but for something outside their text, in percent.
const BARRED: u32 = 98;

/// What the caller knows, and where from: `--fact`, or a file. The first that says something wins.
pub type Stated = (String, Known);

/// Explains with one faultbook.
pub struct Explainer<'a> {
    diagnoser: Diagnoser<'a>,
    spool: u64,
    least: Option<Severity>,
}

/// Something explained, with what could not be read on the way.
#[derive(Debug)]
pub struct Explained<T> {
    /// The explanation.
    pub content: T,
    /// The notes of the diagnosis.
    pub notes: Vec<Note>,
}

/// Tells of each rule whether it has a say in what becomes of one: itself, those that supersede it, and those that supersede these. What a
/// fallback rule may tell depends on all.
pub fn have_a_say(faultbook: &Faultbook, id: RuleId) -> Vec<bool> {
    let rules = faultbook.rules();
    let mut say = vec![faultbook.rule(id).fallback; rules.len()];
    let mut by_superseded: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, rule) in rules.iter().enumerate() {
        rule.supersedes.iter().for_each(|other| by_superseded.entry(other).or_default().push(at));
    }
    let mut open = vec![id.index()];
    while let Some(at) = open.pop() {
        let (Some(own), Some(rule)) = (say.get_mut(at), rules.get(at)) else { continue };
        if !std::mem::replace(own, true) {
            let above = by_superseded.remove(rule.id.as_str());
            open.extend(above.into_iter().flatten());
        }
    }
    say
}

impl<'a> Explainer<'a> {
    /// Prepares an index for explaining with the limits that the faultbook sets.
    pub fn new(index: &'a Index<'a>) -> Self {
        let spool = Limits::with_settings(index.faultbook().settings().limits()).total_bytes;
        Self { diagnoser: Diagnoser::new(index), spool, least: None }
    }

    /// Reads only a part of each case, and takes its times as the options say.
    pub fn with_reading(self, options: ReadOptions) -> Self {
        Self { diagnoser: self.diagnoser.with_reading(options), ..self }
    }

    /// Takes less severe findings for not shown.
    pub fn with_least_severity(self, least: Option<Severity>) -> Self {
        Self { least, ..self }
    }

    fn index(&self) -> &'a Index<'a> {
        self.diagnoser.index()
    }

    /// Explains one rule.
    ///
    /// # Errors
    /// When an input that can be read only once cannot be copied.
    pub fn explain(
        &self,
        id: RuleId,
        case: CaseInput,
        stated: &[Stated],
        progress: &Progress,
    ) -> io::Result<Explained<Explanation>> {
        let (first, again) = case.twice(self.spool)?;
        let examined = self.diagnoser.examine(first, &together(stated), progress, false);
        let rule = self.index().faultbook().rule(id);
        if !self.index().rules().any(|looked_for| looked_for == id) {
            let content = not_looked_for(rule, &examined);
            return Ok(Explained { content, notes: examined.diagnosis.notes });
        }
        let ids = self.diagnoser.signatures_of(id);
        let unmatched: Vec<SignatureId> =
            ids.iter().copied().filter(|id| examined.read.collector.of(*id).is_none()).collect();
        let misses = if unmatched.is_empty() {
            None
        } else {
            let search = Search::new(self.index(), unmatched.clone(), Depth::RULE).at(examined.read.ages.instant());
            Some(search.run(again, self.diagnoser.reading(), progress))
        };
        let mut problems = Vec::new();
        let decided = self.diagnoser.application(&examined, id).decided(&mut problems);
        let outcome = self.outcome(id, &examined, &decided);
        let furthest = decided.failures.iter().enumerate().max_by_key(|(at, (_, _, decision))| {
            (decision.truth, std::cmp::Reverse(*at)) // the first of those that come equally far
        });
        let no_scope = Scope::default();
        let scope = furthest.map_or(&no_scope, |(_, (_, scope, _))| scope);
        problems.extend(decided.failures.iter().filter_map(|(_, _, decision)| decision.error.clone()));
        problems.sort_unstable();
        problems.dedup();
        let mut failures = FailureCounts::default();
        for (_, _, decision) in decided.failures.iter().filter(|_| decided.subject.is_some()) {
            match decision.truth {
                Truth::True => failures.holds += 1,
                Truth::Open => failures.open += 1,
                Truth::False => failures.fails += 1,
            }
        }
        let signatures = ids.iter().enumerate().map(|(position, signature)| {
            let at = unmatched.iter().position(|id| id == signature);
            let near = at.and_then(|at| misses.as_ref()?.near.get(&at));
            let sources = misses.as_ref().map(|misses| misses.sources);
            self.signature(rule, position, *signature, &examined, &decided, near, sources)
        });
        let facts: Vec<FactPart> =
            (0..rule.facts.len()).map(|fact| explained_fact((id, rule), fact, scope, stated, &examined)).collect();
        // what is told of the fact need not be told twice
        problems.retain(|problem| !facts.iter().any(|fact| fact.refused.as_ref() == Some(problem)));
        let content = Explanation {
            case: examined.diagnosis.case.clone(),
            rule: rule.id.clone(),
            title: rule.title.clone(),
            file: rule.path.clone(),
            outcome,
            severity: severity_changed(rule),
            now: now(rule, &examined),
            // where other rules explain all records there is no failure to decide anything for
            condition: (!decided.failures.is_empty()).then(|| condition(rule, &rule.condition, scope)),
            failures,
            signatures: signatures.collect(),
            correlations: self.diagnoser.correlation_outcomes(&examined, id),
            facts,
            environment: explained_environment(rule, &examined.read.known),
            problems,
        };
        Ok(Explained { content, notes: examined.diagnosis.notes })
    }

    fn outcome(&self, id: RuleId, examined: &Examined, decided: &Decided) -> Outcome {
        let faultbook = self.index().faultbook();
        let rule = faultbook.rule(id);
        let findings: Vec<_> = examined.diagnosis.findings.iter().filter(|finding| finding.rule == id).collect();
        let dropped = examined.superseded.iter().filter(|finding| finding.rule == id).count();
        if !findings.is_empty() {
            let is_certain = findings.iter().any(|finding| finding.applies == Truth::True);
            let findings = findings.len();
            return match self.least.filter(|least| rule.severity < *least) {
                Some(least) => Outcome::BelowSeverity { findings, severity: rule.severity, least },
                None if is_certain => Outcome::Applies { findings },
                None => {
                    let mut needs: Vec<String> = Vec::new();
                    for name in decided.failures.iter().flat_map(|(_, _, decision)| &decision.needs) {
                        if !needs.contains(name) {
                            needs.push(name.clone());
                        }
                    }
                    Outcome::Open { findings, needs }
                }
            };
        }
        if dropped > 0 {
            let others = examined.diagnosis.findings.iter().filter(|other| other.applies == Truth::True);
            let mut by: Vec<RuleId> = others.map(|other| other.rule).collect();
            by.dedup();
            by.retain(|other| faultbook.rule(*other).supersedes.contains(&rule.id));
            return Outcome::Superseded { findings: dropped, by: self.ids(by) };
        }
        let because = if environment(rule, &examined.read.known) == Truth::False {
            Because::Environment
        } else if decided.subject.is_some() && decided.failures.is_empty() {
            let subject = decided.subject.and_then(|at| self.diagnoser.signatures_of(id).get(at));
            return Outcome::Explained { by: subject.map_or(Vec::new(), |id| self.explaining(*id, examined)) };
        } else if decided.subject.is_some() {
            Because::Condition
        } else if rule.holds_without_match && decided.failures.iter().any(|(_, _, it)| it.truth == Truth::Open) {
            Because::Uncertain
        } else if rule.holds_without_match {
            Because::Condition
        } else {
            Because::NoMatch
        };
        Outcome::DoesNotApply { because }
    }

    fn ids(&self, rules: Vec<RuleId>) -> Vec<String> {
        rules.into_iter().map(|rule| self.index().faultbook().rule(rule).id.clone()).collect()
    }

    /// The rules with findings that match the same records as a signature.
    fn explaining(&self, id: SignatureId, examined: &Examined) -> Vec<String> {
        let Some(matches) = examined.read.collector.of(id) else { return Vec::new() };
        let mut by: Vec<RuleId> = matches.groups().flat_map(|(key, _)| key.explained_by.iter().copied()).collect();
        by.sort_unstable();
        by.dedup();
        by.retain(|rule| examined.explaining.contains(rule));
        self.ids(by)
    }

    #[expect(clippy::too_many_arguments, reason = "what is told of a signature comes from all that was worked out")]
    fn signature(
        &self,
        rule: &Rule,
        position: usize,
        id: SignatureId,
        examined: &Examined,
        decided: &Decided,
        near: Option<&Near>,
        sources: Option<u64>,
    ) -> SignaturePart {
        let signature = &rule.signatures[position];
        let matches = examined.read.collector.of(id);
        let whole = decided.wholes.get(position).and_then(Option::as_ref);
        let places = whole.map_or(Vec::new(), |whole| {
            let sources = whole.evidence.sources().iter();
            let places = sources.flat_map(|source| {
                source.lines.iter().map(|line| Place { source: source.source.clone(), line: *line })
            });
            places.take(PLACE_LIMIT).collect()
        });
        let captures = whole.map_or(Vec::new(), |whole| {
            let captures = group_captures(rule, position, whole).filter(|capture| !capture.values.seen.is_empty());
            let part = |capture: crate::diagnose::Capture| CapturePart {
                about: signature.about(&capture.name).map(str::to_owned),
                name: capture.name,
                more: capture.values.more,
                values: capture.values.seen,
            };
            captures.map(part).collect()
        });
        let is_unmatched = matches.is_none();
        let file = signature.file.as_ref().map(|glob| FilePart {
            glob: glob.written().to_owned(),
            fits: is_unmatched.then(|| near.map_or(0, |near| near.sources)),
            sources: sources.filter(|_| is_unmatched),
            nearest: near.and_then(|near| Some(near.like_glob.as_ref()?.1.clone())),
        });
        let nearest = near.and_then(|near| {
            let apart = Apart::new(signature);
            let misses: Vec<NearMiss> = near.candidates.iter().filter_map(|candidate| apart.miss(candidate)).collect();
            misses.into_iter().reduce(|best, next| if next.nearness > best.nearness { next } else { best })
        });
        SignaturePart {
            name: signature.name.clone(),
            records: whole.map_or(0, |whole| whole.count) + matches.map_or(0, |matches| matches.uncounted),
            failures: matches.map_or(0, |matches| matches.groups().count()),
            places,
            captures,
            explained_by: if rule.fallback { self.explaining(id, examined) } else { Vec::new() },
            file,
            level: signature.level.as_ref().map(levels),
            max_age: signature.max_age.map(|max_age| max_age.to_string()),
            excluded: match near {
                Some(near) => excluded(near, self.index().faultbook().overlay_noise()),
                None => self.taken_from(id, examined),
            },
            nearest,
        }
    }

    /// The records that an overlay, or their age, takes from a signature that others match.
    fn taken_from(&self, id: SignatureId, examined: &Examined) -> Vec<Excluded> {
        let noise = self.index().faultbook().overlay_noise();
        let place = |spot: &Spot| Place { source: spot.source_name().to_owned(), line: spot.line };
        let part = |by, filter, taken: &Taken| {
            let places = taken.spots.iter().map(place).collect();
            Excluded { by, level: None, filter, records: taken.records, places }
        };
        let of_overlays = examined.read.noise.of(id).map(|(filter, taken)| {
            part(ExcludedBy::Overlay, noise.filter(filter).map(|filter| filter.source.to_string()), taken)
        });
        let too_old = examined.read.ages.of(id).map(|taken| part(ExcludedBy::Age, None, taken));
        of_overlays.chain(too_old).collect()
    }

    /// Tells which rules come nearest to a case, at most `limit`.
    ///
    /// # Errors
    /// When an input that can be read only once cannot be copied.
    pub fn overview(
        &self,
        case: CaseInput,
        known: &Known,
        limit: usize,
        progress: &Progress,
    ) -> io::Result<Explained<Overview>> {
        let (first, again) = case.twice(self.spool)?;
        let examined = self.diagnoser.examine(first, known, progress, false);
        let faultbook = self.index().faultbook();
        let looked_for = self.index().rules();
        let (mut rules, mut applies, mut misses, mut unmatched) = (0, Vec::new(), Vec::new(), Vec::new());
        for id in looked_for {
            rules += 1;
            let signatures = self.diagnoser.signatures_of(id);
            let place = signatures.iter().find_map(|id| first_place(&examined, *id));
            if place.is_none() && !faultbook.rule(id).holds_without_match {
                unmatched.extend_from_slice(signatures);
                continue;
            }
            let decided = self.diagnoser.application(&examined, id).decided(&mut Vec::new());
            let outcome = self.outcome(id, &examined, &decided);
            match outcome {
                Outcome::Applies { .. } | Outcome::Open { .. } => applies.push(faultbook.rule(id).id.clone()),
                // it would have had to match nothing
                _ if place.is_none() => {}
                outcome => {
                    let rule = faultbook.rule(id);
                    let why = sentence::why_not(
                        rule,
                        &outcome,
                        || {
                            let scope = decided.failures.first().map(|(_, scope, _)| scope);
                            scope.map(|scope| condition(rule, &rule.condition, scope))
                        },
                        &explained_environment(rule, &examined.read.known),
                    );
                    misses.push((100, id, why, place));
                }
            }
        }
        let search = Search::new(self.index(), unmatched.clone(), Depth::ALL).at(examined.read.ages.instant());
        let found = search.run(again, self.diagnoser.reading(), progress);
        let mut finalists: Vec<(usize, Near)> = found.near.into_iter().collect();
        let rank = |near: &Near| match near.candidates.first() {
            _ if !near.barred.is_empty() => 1_000,
            candidate => candidate.map_or(0, |candidate| candidate.words),
        };
        finalists.sort_by_key(|(position, near)| (std::cmp::Reverse(rank(near)), *position));
        finalists.truncate(FINALISTS_LEAST.max(limit.saturating_mul(FINALISTS)));
        let near: Vec<_> =
            finalists.par_iter().filter_map(|(position, near)| self.near_miss(unmatched[*position], near)).collect();
        let mut best: BTreeMap<RuleId, (u32, String, Option<Place>)> = BTreeMap::new();
        for (nearness, rule, why, place) in near {
            if best.get(&rule).is_none_or(|(own, ..)| *own < nearness) {
                best.insert(rule, (nearness, why, place));
            }
        }
        misses.extend(best.into_iter().map(|(rule, (nearness, why, place))| (nearness, rule, why, place)));
        misses.sort_by_key(|(nearness, rule, ..)| (std::cmp::Reverse(*nearness), *rule));
        let more = misses.len().saturating_sub(limit);
        let misses = misses.into_iter().take(limit).map(|(nearness, id, why, place)| {
            let rule = faultbook.rule(id);
            Miss { rule: rule.id.clone(), title: rule.title.clone(), nearness, why, place }
        });
        let case = examined.diagnosis.case.clone();
        let content = Overview { case, rules, applies, misses: misses.collect(), more };
        Ok(Explained { content, notes: examined.diagnosis.notes })
    }

    /// How near a signature comes, its rule, what is in the way, and where.
    fn near_miss(&self, id: SignatureId, near: &Near) -> Option<(u32, RuleId, String, Option<Place>)> {
        let (rule, signature) = self.index().signature(id);
        let owner = self.index().owner(id).0;
        if let Some(excluded) = excluded(near, self.index().faultbook().overlay_noise()).into_iter().next() {
            let place = excluded.places.first().cloned();
            let file = signature.file.as_ref().map(|glob| glob.written());
            let level = signature.level.as_ref().map(levels);
            let why = sentence::excluded(&excluded, file, level.as_deref());
            return Some((BARRED, owner, named(rule, &signature.name, why), place));
        }
        let apart = Apart::new(signature);
        let misses = near.candidates.iter().filter_map(|candidate| apart.miss(candidate));
        let best = misses.reduce(|best, next| if next.nearness > best.nearness { next } else { best })?;
        if best.nearness < NEAREST_LEAST {
            return None;
        }
        let place = Place { source: best.source.clone(), line: best.line };
        Some((best.nearness, owner, named(rule, &signature.name, sentence::miss(&best)), Some(place)))
    }
}

/// What is said of a signature, with its name if the rule has several.
fn named(rule: &Rule, signature: &str, why: String) -> String {
    if rule.signatures.len() > 1 { format!("`{signature}`: {why}") } else { why }
}

/// All that is stated.
fn together(stated: &[Stated]) -> Known {
    let mut known = Known::default();
    stated.iter().for_each(|(_, layer)| known.fill_from(layer.clone()));
    known
}

fn first_place(examined: &Examined, id: SignatureId) -> Option<Place> {
    let matches = examined.read.collector.of(id)?;
    let source = matches.groups().next()?.1.evidence.sources().first()?;
    Some(Place { source: source.source.clone(), line: *source.lines.first()? })
}

fn not_looked_for(rule: &Rule, examined: &Examined) -> Explanation {
    let why = match (rule.switched_off(), rule.state) {
        (Some(source), _) => format!("it is switched off by {source}"),
        (None, State::Archived) => "it is archived: archived rules are checked and never looked for".to_owned(),
        (None, _) => format!(
            "it is left out by `--rule`, `--tag` or `--audience`, or by the settings; its audience is {}",
            rule.audience
        ),
    };
    Explanation {
        case: examined.diagnosis.case.clone(),
        rule: rule.id.clone(),
        title: rule.title.clone(),
        file: rule.path.clone(),
        outcome: Outcome::NotLookedFor { why },
        severity: severity_changed(rule),
        now: None,
        condition: None,
        failures: FailureCounts::default(),
        signatures: Vec::new(),
        correlations: Vec::new(),
        facts: Vec::new(),
        environment: explained_environment(rule, &examined.read.known),
        problems: Vec::new(),
    }
}

/// The case's clock, for a rule that looks at it.
fn now(rule: &Rule, examined: &Examined) -> Option<NowPart> {
    let now = examined.read.ages.now?;
    let looks = rule.signatures.iter().any(|signature| signature.max_age.is_some());
    looks.then_some(NowPart { time: now.time, from: if now.stated { NowSource::Fact } else { NowSource::Newest } })
}

/// The severity of a rule, if an overlay says it.
fn severity_changed(rule: &Rule) -> Option<SeverityPart> {
    let (written, source) = rule.overlay.as_ref()?.severity.clone()?;
    Some(SeverityPart { severity: rule.severity, written, source })
}

/// Decides each part of a condition on its own.
fn condition(rule: &Rule, written: &Condition, scope: &Scope) -> ConditionPart {
    let decision = decide(written, &rule.facts, scope);
    let below = |parts: &[Condition]| parts.iter().map(|part| condition(rule, part, scope)).collect();
    let (operator, parts, names) = match written {
        Condition::All(parts) => (Some("and"), below(parts), Vec::new()),
        Condition::Any(parts) => (Some("or"), below(parts), Vec::new()),
        Condition::Not(part) => (Some("not"), below(std::slice::from_ref(part)), Vec::new()),
        Condition::Atom(atom) => {
            (None, Vec::new(), atom.names().iter().map(|name| named_part(rule, name, scope)).collect())
        }
    };
    ConditionPart { source: written.source(), truth: decision.truth, operator, parts, names, needs: decision.needs }
}

fn named_part(rule: &Rule, name: &str, scope: &Scope) -> NamePart {
    let kind = if rule.signatures.iter().any(|signature| signature.name == name) {
        NameKind::Signature
    } else if rule.correlations.iter().any(|correlation| correlation.name == name) {
        NameKind::Correlation
    } else if rule.fact(name).is_some() {
        NameKind::Fact
    } else {
        NameKind::Capture
    };
    let value = match (kind, scope.get(name)) {
        (NameKind::Signature, Some(Binding::Known(value))) => {
            let count = value.get_attr("count").map_or(String::new(), |count| count.to_string());
            Some(match count.as_str() {
                "1" => "1 record".to_owned(),
                count => format!("{count} records"),
            })
        }
        (NameKind::Fact, _) => {
            rule.fact(name).and_then(|fact| fact_value(fact, &rule.facts, scope)).map(|value| shown(&value))
        }
        (_, Some(Binding::Known(value))) => Some(shown(value)),
        (_, Some(Binding::Absent)) => Some("not captured".to_owned()),
        _ => None,
    };
    NamePart { name: name.to_owned(), kind, value }
}

fn shown(value: &minijinja::Value) -> String {
    // as conditions write them
    FactValue::from_value(value).to_string()
}

fn explained_fact(
    (id, rule): (RuleId, &Rule),
    position: usize,
    scope: &Scope,
    stated: &[Stated],
    examined: &Examined,
) -> FactPart {
    let fact = &rule.facts[position];
    let caller = stated.iter().find(|(_, layer)| layer.facts.contains_key(&fact.name));
    let given = examined.read.known.facts.get(&fact.name).map(|value| match caller {
        Some((label, _)) => (FactSource::Caller, label.as_str(), value),
        None => (FactSource::Case, "facts.yaml", value),
    });
    let extracted = examined.read.extracted.of(id, position);
    let extracted = extracted.map(|(value, source)| (FactSource::Extracted, source, value));
    // the first that fits is used; of what does not fit the first is told
    let (mut used, mut not_used) = (None, None);
    for (from, by, value) in given.into_iter().chain(extracted) {
        match fact.accept(value) {
            Ok(_) => used = used.or(Some((from, by.to_owned()))),
            Err(error) if used.is_none() => not_used = not_used.or(Some((error.to_string(), by.to_owned()))),
            Err(_) => {}
        }
    }
    let value = fact_value(fact, &rule.facts, scope).map(|value| shown(&value));
    let from = value.as_ref().map(|_| used.as_ref().map_or(FactSource::Derived, |(from, _)| *from));
    let (refused, refused_by) = not_used.unzip();
    let from_whom = used.map(|(_, by)| by);
    let lookup = fact.lookup.as_ref().map(|lookup| LookupPart {
        table: lookup.table.name().to_owned(),
        by: lookup.by.clone(),
        key: name_value(&lookup.by, &rule.facts, scope).map(|key| shown(&key)),
        value: looked_up(fact, &rule.facts, scope).map(|value| shown(&value)),
    });
    let is_looked_up = lookup.as_ref().is_some_and(|lookup| lookup.value.is_some());
    let from = match from {
        Some(FactSource::Derived) if is_looked_up => Some(FactSource::LookedUp),
        from => from,
    };
    let rests_on = match (&value, &fact.derive) {
        (None, Some(derive)) => unknown_behind(rule, derive, scope, &fact.name),
        _ => Vec::new(),
    };
    FactPart {
        name: fact.name.clone(),
        about: fact.about.clone(),
        kind: fact.kind,
        given: from_whom,
        refused,
        refused_by,
        from,
        rests_on,
        lookup,
        derive: fact.derive.as_ref().map(Condition::source),
        ask: fact.ask.clone().filter(|_| value.is_none()),
        value,
    }
}

/// The unknown names that a derivation rests on, those at its end.
fn unknown_behind(rule: &Rule, derive: &Condition, scope: &Scope, own: &str) -> Vec<String> {
    let (mut unknown, mut seen, mut open) = (Vec::new(), vec![own.to_owned()], vec![derive]);
    while let Some(derive) = open.pop() {
        for name in derive.names() {
            if seen.iter().any(|seen| seen == name) {
                continue;
            }
            seen.push(name.to_owned());
            let Some(fact) = rule.fact(name).filter(|fact| fact_value(fact, &rule.facts, scope).is_none()) else {
                continue;
            };
            match &fact.derive {
                Some(further) => open.push(further),
                None => unknown.push(name.to_owned()),
            }
        }
    }
    unknown
}

fn explained_environment(rule: &Rule, known: &Known) -> EnvironmentPart {
    let products = rule.environment.iter().map(|entry| ProductPart {
        product: entry.product.clone(),
        wanted: entry.version.as_ref().map(ToString::to_string),
        known: known.product(&entry.product).map(str::to_owned),
        truth: fits(entry, known),
    });
    EnvironmentPart { truth: environment(rule, known), products: products.collect() }
}

fn excluded(near: &Near, noise: &OverlayNoise) -> Vec<Excluded> {
    let part = |(barrier, barred): (&Barrier, &crate::author::nearest::Barred)| {
        let (by, level) = match barrier {
            Barrier::File => (ExcludedBy::File, None),
            Barrier::Level(level) => {
                (ExcludedBy::Level, Some(level.map_or("none".to_owned(), |level| level.name().to_owned())))
            }
            Barrier::Noise => (ExcludedBy::Noise, None),
            Barrier::Overlay(_) => (ExcludedBy::Overlay, None),
            Barrier::Age => (ExcludedBy::Age, None),
            Barrier::Time => (ExcludedBy::Time, None),
        };
        let filter = match barrier {
            Barrier::Overlay(at) => noise.filter(*at).map(|filter| filter.source.to_string()),
            _ => None,
        };
        let places = barred.places.iter().map(|(source, line)| Place { source: source.to_string(), line: *line });
        Excluded { by, level, filter, records: barred.records, places: places.collect() }
    };
    let mut excluded: Vec<Excluded> = near.barred.iter().map(part).collect();
    // stable: the one that keeps out most first
    excluded.sort_by_key(|excluded| std::cmp::Reverse(excluded.records));
    excluded
}
