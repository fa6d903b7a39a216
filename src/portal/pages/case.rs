//! An upload: how far it is, and what was found in it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use jiff::Timestamp;
use minijinja::context;
use minijinja::value::Serde;
use serde::Serialize;
use serde_json::Value as Json;

use crate::portal::cases::{self, CaseFacts, CaseStatus, Context};
use crate::portal::pages::{Form, KnownFact, go, reader, render, size, time};
use crate::portal::problem::Problem;
use crate::portal::server::Portal;

/// Findings that are shown opened.
const OPEN: usize = 3;
/// Bars of the timeline.
const ROWS: usize = 40;
/// Width of the timeline.
const WIDTH: f64 = 1000.0;

/// Takes a file out of a form.
pub(crate) async fn upload(State(portal): State<Arc<Portal>>, request: Request) -> Result<Response, Problem> {
    let caller = reader(&portal, request.headers())?;
    let id = cases::take_form(&portal, &caller, request).await?;
    Ok(go(&format!("/cases/{}", id.text())))
}

/// Adds facts out of a form.
pub(crate) async fn facts(
    State(portal): State<Arc<Portal>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Response, Problem> {
    let facts = Form::read(&body)?.facts().iter().map(KnownFact::fact).collect();
    let id = cases::add_facts(&portal, &id, CaseFacts { facts, ..CaseFacts::default() }).await?;
    Ok(go(&format!("/cases/{}", id.text())))
}

/// Deletes a case.
pub(crate) async fn delete(State(portal): State<Arc<Portal>>, Path(id): Path<String>) -> Result<Response, Problem> {
    cases::delete(&portal, &id).await?;
    Ok(go("/"))
}

/// The page of a case.
pub(crate) async fn get(State(portal): State<Arc<Portal>>, Path(id): Path<String>) -> Result<Response, Problem> {
    let (id, ..) = cases::open(&portal, &id).await?;
    let case = cases::case(&portal, &id).await?;
    let none = Vec::new();
    let found = case.result.as_ref().and_then(|result| result["findings"].as_array()).unwrap_or(&none);
    let findings: Vec<ShownFinding<'_>> =
        found.iter().enumerate().map(|(number, finding)| ShownFinding::of(number, finding, &case)).collect();
    let known =
        |(name, value): (&String, &crate::rule::FactValue)| KnownFact { name: name.clone(), value: value.to_string() };
    let content = context! {
        bytes => size(u64::try_from(case.bytes).unwrap_or_default()),
        expires => time(case.expires),
        read => size(case.result.as_ref().map_or(case.progress.bytes, |result| result["summary"]["bytes"].as_u64().unwrap_or_default())),
        questions => Serde(questions(found)),
        known => Serde(case.facts.iter().map(known).collect::<Vec<_>>()),
        timeline => Serde(Timeline::of(found)),
        groups => Serde(groups(findings)),
        case => Serde(&case),
    };
    render(&portal.engine.current(), "case", "case", content)
}

/// The open questions of all findings, each fact once.
fn questions(findings: &[Json]) -> Vec<&Json> {
    let mut asked = BTreeSet::new();
    let all = findings.iter().filter_map(|finding| finding["questions"].as_array()).flatten();
    all.filter(|question| asked.insert(question["fact"].as_str())).collect()
}

/// A finding as it is shown.
#[derive(Serialize)]
struct ShownFinding<'a> {
    number: usize,
    open: bool,
    title: &'a Json,
    rule: &'a Json,
    severity: &'a str,
    count: &'a Json,
    first: &'a Json,
    last: &'a Json,
    captures: Vec<KnownFact>,
    evidence: Vec<ShownEvidence<'a>>,
    more_sources: &'a Json,
    answer: &'a Json,
}

/// Evidence with the lines around it.
#[derive(Serialize)]
struct ShownEvidence<'a> {
    source: &'a Json,
    lines: &'a Json,
    count: &'a Json,
    context: Vec<ShownLine<'a>>,
}

/// A line of a source.
#[derive(Serialize)]
struct ShownLine<'a> {
    number: u64,
    hit: bool,
    text: &'a str,
}

impl<'a> ShownFinding<'a> {
    fn of(number: usize, finding: &'a Json, case: &'a CaseStatus) -> Self {
        let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let value = |value: &Json| match value.as_array() {
            Some(values) => values.iter().map(text).collect::<Vec<_>>().join(", "),
            None => text(value),
        };
        let captures = finding["captures"].as_object().into_iter().flatten();
        let evidence = finding["evidence"].as_array().into_iter().flatten();
        Self {
            number,
            open: number < OPEN,
            title: &finding["title"],
            rule: &finding["rule"],
            severity: finding["severity"].as_str().unwrap_or_default(),
            count: &finding["count"],
            first: &finding["first"],
            last: &finding["last"],
            captures: captures.map(|(name, values)| KnownFact { name: name.clone(), value: value(values) }).collect(),
            evidence: evidence.map(|evidence| ShownEvidence::of(evidence, &case.context)).collect(),
            more_sources: &finding["more_sources"],
            answer: &finding["answer"],
        }
    }
}

impl<'a> ShownEvidence<'a> {
    fn of(evidence: &'a Json, contexts: &'a [Context]) -> Self {
        let length = evidence["record"].as_str().map_or(1, |record| record.lines().count().max(1)) as u64;
        let line = evidence["lines"][0].as_u64().unwrap_or_default();
        let around = contexts.iter().find(|one| one.line == line && evidence["source"] == one.source.as_str());
        let context = match around {
            Some(around) => (around.first..)
                .zip(&around.lines)
                .map(|(number, text)| ShownLine { number, hit: (line..line + length).contains(&number), text })
                .collect(),
            None => {
                let record = evidence["record"].as_str().unwrap_or_default();
                (line..).zip(record.lines()).map(|(number, text)| ShownLine { number, hit: true, text }).collect()
            }
        };
        Self { source: &evidence["source"], lines: &evidence["lines"], count: &evidence["count"], context }
    }
}

/// Findings of one severity.
#[derive(Serialize)]
struct Group<'a> {
    severity: &'a str,
    findings: Vec<ShownFinding<'a>>,
}

/// Findings by severity, in the order of the report, in which the worst come first.
fn groups(findings: Vec<ShownFinding<'_>>) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for finding in findings {
        match groups.iter_mut().find(|group| group.severity == finding.severity) {
            Some(group) => group.findings.push(finding),
            None => groups.push(Group { severity: finding.severity, findings: vec![finding] }),
        }
    }
    groups
}

/// When failures were seen, as bars below each other.
#[derive(Serialize)]
struct Timeline<'a> {
    first: String,
    last: String,
    bars: Vec<Bar<'a>>,
}

/// One failure.
#[derive(Serialize)]
struct Bar<'a> {
    number: usize,
    title: &'a str,
    severity: &'a str,
    first: &'a str,
    last: &'a str,
    x: f64,
    width: f64,
}

/// A finding whose times are known, as they are written and as they are.
struct Timed<'a> {
    number: usize,
    finding: &'a Json,
    first: &'a str,
    last: &'a str,
    begin: Timestamp,
    end: Timestamp,
}

impl<'a> Timed<'a> {
    fn of(number: usize, finding: &'a Json) -> Option<Self> {
        let (first, last) = (finding["first"].as_str()?, finding["last"].as_str()?);
        Some(Self { number, finding, first, last, begin: first.parse().ok()?, end: last.parse().ok()? })
    }
}

impl<'a> Timeline<'a> {
    /// The bars of the findings whose times are known; `None` without any.
    fn of(findings: &'a [Json]) -> Option<Self> {
        let timed: Vec<Timed<'_>> =
            findings.iter().enumerate().filter_map(|(number, one)| Timed::of(number, one)).take(ROWS).collect();
        let ends: BTreeMap<Timestamp, &str> =
            timed.iter().flat_map(|one| [(one.begin, one.first), (one.end, one.last)]).collect();
        let ((begin, first), (end, last)) = (ends.first_key_value()?, ends.last_key_value()?);
        let span = (end.as_millisecond() - begin.as_millisecond()).max(1) as f64;
        // the narrowest bar can still be seen and pointed at
        let place = |time: Timestamp| (time.as_millisecond() - begin.as_millisecond()) as f64 / span * (WIDTH - 10.0);
        let bar = |one: &Timed<'a>| Bar {
            number: one.number,
            title: one.finding["title"].as_str().unwrap_or_default(),
            severity: one.finding["severity"].as_str().unwrap_or_default(),
            first: one.first,
            last: one.last,
            x: place(one.begin),
            width: place(one.end) - place(one.begin) + 10.0,
        };
        Some(Self { first: (*first).to_owned(), last: (*last).to_owned(), bars: timed.iter().map(bar).collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_lie_between_the_first_and_the_last_time() {
        let at = |first: &str, last: &str| serde_json::json!({ "title": "t", "severity": "error", "first": first, "last": last });
        let findings = [
            at("2026-01-01T00:00:00Z", "2026-01-01T06:00:00Z"),
            serde_json::json!({ "title": "without", "first": null, "last": null }),
            at("2026-01-02T00:00:00Z", "2026-01-02T00:00:00Z"),
        ];
        let timeline = Timeline::of(&findings).unwrap();
        let bars: Vec<(usize, i64, i64)> =
            timeline.bars.iter().map(|bar| (bar.number, bar.x.round() as i64, bar.width.round() as i64)).collect();
        assert_eq!(bars, [(0, 0, 258), (2, 990, 10)]);
        assert!(Timeline::of(&findings[1..2]).is_none());
    }
}
