//! Running the tests that rules carry.
//!
//! Each test diagnoses its text with its rule alone, so that a failure says something about this rule. What was expected is
//! compared part by part; a [`Mismatch`] names the part.

use rayon::prelude::*;
use serde::Serialize;

use crate::diagnose::{Diagnoser, Finding, Known};
use crate::rule::authored::Position;
use crate::rule::{Expectation, Faultbook, Rule, RuleId, RuleTest};
use crate::scan::Index;

/// The path a test's text has inside its case, unless the test says otherwise.
pub(crate) const DEFAULT_PATH: &str = "sample.log";

/// How one test went.
#[derive(Clone, Debug, Serialize)]
pub struct TestOutcome {
    /// The rule's id.
    pub rule: String,
    /// The test's name.
    pub test: String,
    /// The rule file.
    pub file: String,
    /// Where the test stands in it.
    pub position: Position,
    /// What differs; empty when the test passed.
    pub mismatches: Vec<Mismatch>,
}

impl TestOutcome {
    /// Whether everything was as expected.
    pub fn passed(&self) -> bool {
        self.mismatches.is_empty()
    }
}

/// One thing that is not as expected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mismatch {
    /// What was compared, such as "capture `customer`".
    pub what: String,
    /// What the test wants.
    pub expected: String,
    /// What came out.
    pub got: String,
}

/// Runs the tests of the rules that `wanted` accepts, in the order of the rules.
pub fn run(faultbook: &Faultbook, wanted: impl Fn(&Rule) -> bool + Sync) -> Vec<TestOutcome> {
    let rules: Vec<&Rule> = faultbook.rules().iter().filter(|rule| wanted(rule)).collect();
    rules.into_par_iter().flat_map_iter(|rule| run_rule(faultbook, rule)).collect()
}

fn run_rule(faultbook: &Faultbook, rule: &Rule) -> Vec<TestOutcome> {
    let index = Index::of_rules(faultbook, |other| other.id == rule.id);
    let diagnoser = Diagnoser::new(&index);
    let id = faultbook.find(&rule.id);
    rule.tests
        .iter()
        .map(|test| TestOutcome {
            rule: rule.id.clone(),
            test: test.name.clone(),
            file: rule.path.clone(),
            position: test.position,
            mismatches: run_test(&diagnoser, rule, id, test),
        })
        .collect()
}

fn run_test(diagnoser: &Diagnoser<'_>, rule: &Rule, id: Option<RuleId>, test: &RuleTest) -> Vec<Mismatch> {
    let mut known = Known { facts: test.facts.iter().cloned().collect(), ..Known::default() };
    test.products.iter().for_each(|(product, version)| known.set_product(product, version.as_str()));
    let diagnosis = diagnoser.diagnose_text(test.file.as_deref().unwrap_or(DEFAULT_PATH), &test.text, &known);
    let finding = diagnosis.findings.iter().find(|finding| Some(finding.rule) == id);
    match (&test.expect, finding) {
        (Expectation::Nothing, None) => Vec::new(),
        (Expectation::Nothing, Some(finding)) => {
            let place =
                finding.evidence.first().and_then(|evidence| Some((evidence.lines.first()?, evidence.record.trim())));
            let got =
                place.map_or("a finding".to_owned(), |(line, record)| format!("a finding at line {line}: {record}"));
            vec![Mismatch { what: "the rule".to_owned(), expected: "nothing".to_owned(), got }]
        }
        (Expectation::Finding { .. }, None) => {
            vec![Mismatch { what: "the rule".to_owned(), expected: "a finding".to_owned(), got: "nothing".to_owned() }]
        }
        (Expectation::Finding { captures, resolution, questions, count }, Some(finding)) => {
            let mut mismatches: Vec<Mismatch> = captures
                .iter()
                .filter_map(|(name, expected)| {
                    differs(&format!("capture `{name}`"), expected, &captured(finding, name))
                })
                .collect();
            let titles = finding.branches.iter().map(|branch| rule.resolution[branch.index].title.as_str());
            let asked = finding.questions.iter().map(|question| question.fact.as_str());
            mismatches.extend(resolution.as_ref().and_then(|expected| differ("resolution", expected, titles)));
            mismatches.extend(questions.as_ref().and_then(|expected| differ("questions", expected, asked)));
            mismatches
                .extend(count.and_then(|expected| differs("count", &expected.to_string(), &finding.count.to_string())));
            mismatches
        }
    }
}

/// What a finding captured under a name, also where only `signature.name` tells it apart.
fn captured(finding: &Finding, name: &str) -> String {
    let capture =
        finding.captures.iter().find(|capture| capture.name == name || capture.name.ends_with(&format!(".{name}")));
    capture.map_or("nothing".to_owned(), |capture| capture.values.seen.join(", "))
}

fn differs(what: &str, expected: &str, got: &str) -> Option<Mismatch> {
    (expected != got).then(|| Mismatch { what: what.to_owned(), expected: expected.to_owned(), got: got.to_owned() })
}

fn differ<'a>(what: &str, expected: &[String], got: impl Iterator<Item = &'a str>) -> Option<Mismatch> {
    let listed = |names: Vec<&str>| {
        if names.is_empty() { "none".to_owned() } else { names.join("; ") }
    };
    differs(what, &listed(expected.iter().map(String::as_str).collect()), &listed(got.collect()))
}
