//! Diagnosing the samples of a rule, as its tests and its preview do.

use crate::author::miss::Apart;
use crate::author::nearest::{Depth, Search};
use crate::author::sentence;
use crate::diagnose::case::Observer;
use crate::diagnose::{Diagnoser, Diagnosis, Known};
use crate::rule::{Faultbook, RuleId, RuleTest};
use crate::scan::Index;
use crate::source::{CaseInput, Part, Progress};

/// The path a sample has inside its case, unless the test says otherwise.
pub(crate) const DEFAULT_PATH: &str = "sample.log";

/// How a sample went.
pub(crate) struct Outcome {
    pub(crate) diagnosis: Diagnosis,
    /// For each correlation of the rule whether it holds.
    pub(crate) correlations: Vec<bool>,
}

/// Diagnoses each sample of a rule with this rule alone, so that what comes out says something about this rule. `observer` is told of
/// the records that matched. What is compiled for it is not kept.
pub(crate) fn each<'b>(
    faultbook: &'b Faultbook,
    id: RuleId,
    observer: Option<Observer<'_>>,
    mut taken: impl FnMut(&'b RuleTest, Outcome),
) {
    let alone = faultbook.alone(id);
    let index = Index::of_rule(&alone, RuleId::new(0));
    let mut diagnoser = Diagnoser::new(&index);
    if let Some(observer) = observer {
        diagnoser = diagnoser.observed(observer);
    }
    for test in &faultbook.rule(id).tests {
        let mut known = Known { facts: test.facts.iter().cloned().collect(), ..Known::default() };
        test.products.iter().for_each(|(product, version)| known.set_product(product, version.as_str()));
        let path = test.file.as_deref().unwrap_or(DEFAULT_PATH);
        let case = CaseInput { name: path.to_owned(), parts: vec![Part::bytes(path, test.text.as_str())] };
        let mut examined = diagnoser.examine(case, &known, &Progress::new(), true);
        let correlations = diagnoser.correlation_outcomes(&examined, RuleId::new(0));
        examined.diagnosis.findings.iter_mut().for_each(|finding| finding.rule = id);
        let correlations = correlations.iter().map(|correlation| correlation.holds).collect();
        taken(test, Outcome { diagnosis: examined.diagnosis, correlations });
    }
}

/// Says for each signature of a rule what keeps the sample's nearest record from it; of those that match there is nothing to say.
pub(crate) fn misses(faultbook: &Faultbook, id: RuleId, test: &RuleTest) -> Vec<String> {
    let index = Index::of_rule(faultbook, id);
    let diagnoser = Diagnoser::new(&index);
    let path = test.file.as_deref().unwrap_or(DEFAULT_PATH);
    let case = CaseInput { name: path.to_owned(), parts: vec![Part::bytes(path, test.text.as_str())] };
    let ids: Vec<_> = index.signatures().collect();
    let found = Search::new(&index, ids.clone(), Depth::RULE).run(case, diagnoser.reading(), &Progress::new());
    let told = ids.iter().enumerate().filter_map(|(position, signature)| {
        let signature = index.signature(*signature).1;
        let candidates = &found.near.get(&position)?.candidates;
        let apart = Apart::new(signature);
        // a record that misses nothing is a match
        let mut misses = Vec::new();
        for candidate in candidates {
            misses.push(apart.miss(candidate)?);
        }
        let best = misses.into_iter().reduce(|best, next| if next.nearness > best.nearness { next } else { best })?;
        Some(format!("`{}`, line {}: {}", signature.name, best.line, sentence::miss(&best)))
    });
    told.collect()
}
