//! The shipped rules as a whole: what `docs/book.md` says of them, and whether they keep out of each other's way.

use std::collections::BTreeMap;
use std::path::Path;

use faultbook::author::inventory;
use faultbook::diagnose::{Diagnoser, Known};
use faultbook::rule::{Expectation, Faultbook, Rule, RuleTest};
use faultbook::scan::Index;

/// Where a sample is taken to stand when its test does not say.
const SAMPLE: &str = "sample.log";

#[test]
fn the_table_in_the_documentation_is_that_of_the_rules() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/book.md");
    let written = std::fs::read_to_string(file).unwrap();
    let table = inventory::table(&Faultbook::shipped());
    assert!(
        written.ends_with(&table),
        "write the table of `faultbook check --inventory` to the end of docs/book.md:\n{table}"
    );
}

/// The cross table: every sample that a rule finds, against all rules. Run with `--no-capture` it is printed.
#[test]
fn a_sample_is_found_by_its_own_rule_and_by_those_it_names() {
    let faultbook = Faultbook::shipped();
    let index = Index::build(&faultbook);
    let diagnoser = Diagnoser::new(&index);
    let mut also: BTreeMap<(&str, String), Vec<&str>> = BTreeMap::new();
    let (mut samples, mut strangers, mut lost) = (0, Vec::new(), Vec::new());
    for rule in faultbook.rules() {
        for test in rule.tests.iter().filter(|test| matches!(test.expect, Expectation::Finding { .. })) {
            samples += 1;
            let diagnosis = diagnoser.diagnose_text(test.file.as_deref().unwrap_or(SAMPLE), &test.text, &known(test));
            let found: Vec<&Rule> = diagnosis.findings.iter().map(|finding| faultbook.rule(finding.rule)).collect();
            // a fallback gives way to what explains more, and whatever is superseded to what supersedes it
            let gives_way = |other: &&Rule| rule.fallback || other.supersedes.contains(&rule.id);
            if !found.iter().any(|other| other.id == rule.id) && !found.iter().any(gives_way) {
                lost.push(format!("{} `{}`", rule.id, test.name));
            }
            for other in found.into_iter().filter(|other| other.id != rule.id) {
                also.entry((&rule.id, other.id.clone())).or_default().push(&test.name);
                if !names(rule, other) && !names(other, rule) {
                    strangers.push(format!("{} `{}` is found by {}", rule.id, test.name, other.id));
                }
            }
        }
    }
    println!("{samples} samples of {} rules; those that other rules find too:", faultbook.rules().len());
    for ((rule, other), tests) in &also {
        println!("{rule} | {other} | {}", tests.join("; "));
    }
    assert!(samples >= 2 * faultbook.rules().len(), "every rule has at least two: {samples}");
    assert!(lost.is_empty(), "not found among all rules:\n{}", lost.join("\n"));
    assert!(strangers.is_empty(), "neither `related` nor `supersedes` names them:\n{}", strangers.join("\n"));
}

#[test]
fn every_rule_has_two_wordings_two_near_misses_and_a_whole_article() {
    let mut lacking = Vec::new();
    for rule in Faultbook::shipped().rules() {
        let near_misses = rule.tests.iter().filter(|test| matches!(test.expect, Expectation::Nothing)).count();
        let has_sections = rule.symptoms.is_some() && rule.cause.is_some() && rule.prevention.is_some();
        if rule.tests.len() - near_misses < 2 || near_misses < 2 || !has_sections || rule.links.is_empty() {
            lacking.push(rule.id.clone());
        }
    }
    assert!(lacking.is_empty(), "{lacking:?}");
}

fn known(test: &RuleTest) -> Known {
    let mut known = Known { facts: test.facts.iter().cloned().collect(), ..Known::default() };
    for (product, version) in &test.products {
        known.set_product(product, version.clone());
    }
    known
}

fn names(rule: &Rule, other: &Rule) -> bool {
    rule.related.contains(&other.id) || rule.supersedes.contains(&other.id)
}
