//! Running the tests that rules carry.
//!
//! Each sample is diagnosed with its rule alone; what came out is compared part by part, and the rendered answer with its snapshot. Rules are
//! tested in parallel. What is to be written is written afterwards, rule by rule, and is in the outcome like everything else.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;
use serde::Serialize;

use crate::answer::AnswerFormat;
use crate::author::compare::compare;
pub use crate::author::compare::{Mismatch, Verdict};
use crate::author::coverage::{Coverage, Reach};
use crate::author::sample;
use crate::author::snapshot::{self, Change, Snapshot, SnapshotChange};
use crate::diagnose::Diagnosis;
use crate::diagnose::case::Observer;
use crate::report::AnswerWriter;
use crate::rule::authored::Position;
use crate::rule::{Expectation, Faultbook, Rule, RuleId, RuleTest};
use crate::scan::RecordMatches;

/// What is done about snapshots.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Snapshots {
    /// Nothing: the rules are not those of files.
    #[default]
    Ignored,
    /// Answers are compared with those that there are.
    Compared,
    /// The answers of samples that are as expected otherwise are written; what has no test any more goes.
    Updated,
}

/// What is to be done beside running tests.
#[derive(Clone, Debug, Default)]
pub struct TestOptions {
    /// What is done about snapshots.
    pub snapshots: Snapshots,
    /// Folders in which snapshots of rules that are gone are looked for; only sensible when all rules below them are there.
    pub whole_folders: Vec<PathBuf>,
    /// Whether to find out what no test reaches.
    pub coverage: bool,
}

/// How the tests went.
#[derive(Debug, Default)]
pub struct TestRun {
    /// Each test, in the order of the rules.
    pub outcomes: Vec<TestOutcome>,
    /// What happened to snapshots, or ought to.
    pub snapshots: Vec<SnapshotChange>,
    /// What the tests reach, if that was asked for.
    pub coverage: Option<Coverage>,
}

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
    /// How it fared: [`Verdict::Matched`], [`Verdict::Passed`], or the verdict of the first mismatch.
    pub verdict: Verdict,
    /// What differs; empty when the test passed.
    pub mismatches: Vec<Mismatch>,
    /// What keeps the sample from the rule's signatures, in a line each; only where nothing was found.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub nearest: Vec<String>,
}

impl TestOutcome {
    /// Whether everything was as expected.
    pub fn passed(&self) -> bool {
        self.mismatches.is_empty()
    }
}

/// Runs the tests of the rules that `wanted` accepts, in the order of the rules.
pub fn run(faultbook: &Faultbook, wanted: impl Fn(RuleId, &Rule) -> bool + Sync, options: &TestOptions) -> TestRun {
    let writer = AnswerWriter::new(faultbook, AnswerFormat::Markdown);
    let rules: Vec<(RuleId, &Rule)> =
        faultbook.rules().iter().enumerate().map(|(at, rule)| (RuleId::new(at), rule)).collect();
    let tested: Vec<Tested<'_>> = rules
        .into_par_iter()
        .filter(|(id, rule)| wanted(*id, rule))
        .map(|(id, rule)| Tested::run(faultbook, id, rule, &writer, options))
        .collect();
    let mut run = TestRun { coverage: options.coverage.then(Coverage::default), ..TestRun::default() };
    for rule in tested {
        run.snapshots.extend(rule.keep_answers(options.snapshots));
        run.outcomes.extend(rule.outcomes);
        if let (Some(coverage), Some(reach)) = (&mut run.coverage, rule.reach) {
            coverage.add(reach);
        }
    }
    let remove = options.snapshots == Snapshots::Updated;
    run.snapshots.extend(snapshot::without_rule(faultbook.rules(), &options.whole_folders, remove));
    run
}

/// The tests of one rule after they ran.
struct Tested<'b> {
    rule: &'b Rule,
    outcomes: Vec<TestOutcome>,
    /// For each test that expects a finding, its answer if it gave one and is as expected otherwise.
    answers: Vec<(&'b str, Option<String>)>,
    old: Option<Snapshot>,
    unreadable: bool,
    reach: Option<Reach<'b>>,
}

impl<'b> Tested<'b> {
    fn run(
        faultbook: &'b Faultbook,
        id: RuleId,
        rule: &'b Rule,
        writer: &AnswerWriter<'b>,
        options: &TestOptions,
    ) -> Self {
        let (old, unreadable) = match options.snapshots {
            Snapshots::Ignored => (None, false),
            Snapshots::Compared | Snapshots::Updated => match Snapshot::read(&snapshot::path_of(rule)) {
                Ok(old) => (old, false),
                Err(_) => (None, true),
            },
        };
        let mut tested = Self { rule, outcomes: Vec::new(), answers: Vec::new(), old, unreadable, reach: None };
        let reach = options.coverage.then(|| Mutex::new(Reach::new(rule)));
        let observer = |record: &RecordMatches<'_>| {
            if let Some(reach) = &reach {
                reach.lock().unwrap_or_else(PoisonError::into_inner).record(record);
            }
        };
        let observer = reach.is_some().then_some(&observer as Observer<'_>);
        sample::each(faultbook, id, observer, |test, outcome| {
            if let Some(reach) = &reach {
                reach.lock().unwrap_or_else(PoisonError::into_inner).test(test, &outcome);
            }
            tested.test((faultbook, id), test, &outcome.diagnosis, writer, options.snapshots);
        });
        tested.reach = reach.map(|reach| reach.into_inner().unwrap_or_else(PoisonError::into_inner));
        tested
    }

    fn test(
        &mut self,
        (faultbook, id): (&Faultbook, RuleId),
        test: &'b RuleTest,
        diagnosis: &Diagnosis,
        writer: &AnswerWriter<'_>,
        snapshots: Snapshots,
    ) {
        let rule = self.rule;
        let mut mismatches = compare(rule, test, diagnosis.findings.first());
        if let Expectation::Finding { .. } = test.expect {
            let nth = self.answers.iter().filter(|(name, _)| *name == test.name).count();
            let mut answer = None;
            if !diagnosis.findings.is_empty() {
                let (text, problems) = answers(writer, diagnosis);
                mismatches.extend(problems.into_iter().map(|problem| {
                    Mismatch::new(Verdict::WrongText, "the answer", "a text that can be rendered", problem)
                }));
                let kept = self.old.as_ref().and_then(|old| old.get(&test.name, nth));
                if snapshots == Snapshots::Updated {
                    answer = mismatches.is_empty().then_some(text);
                } else if let Some(kept) = kept.filter(|kept| *kept != text) {
                    let what = format!("the answer in `{}`", snapshot::shown(&snapshot::path_of(rule)));
                    mismatches.push(Mismatch::new(Verdict::WrongText, what, kept, text));
                }
            }
            self.answers.push((&test.name, answer));
        }
        let as_expected = match test.expect {
            Expectation::Nothing => Verdict::Passed,
            Expectation::Finding { .. } => Verdict::Matched,
        };
        let is_missed = mismatches.first().is_some_and(|mismatch| mismatch.verdict == Verdict::Missed);
        let nearest = if is_missed { sample::misses(faultbook, id, test) } else { Vec::new() };
        self.outcomes.push(TestOutcome {
            nearest,
            rule: rule.id.clone(),
            test: test.name.clone(),
            file: rule.path.clone(),
            position: test.position,
            verdict: mismatches.first().map_or(as_expected, |mismatch| mismatch.verdict),
            mismatches,
        });
    }

    /// Writes the snapshot if it is to be written, and tells what became of it.
    fn keep_answers(&self, snapshots: Snapshots) -> Vec<SnapshotChange> {
        let path = snapshot::path_of(self.rule);
        let mut new = Snapshot::default();
        let mut seen: Vec<&str> = Vec::new();
        for (name, answer) in &self.answers {
            let nth = seen.iter().filter(|other| *other == name).count();
            seen.push(name);
            // what is not as expected gives no answer to keep, but no reason to forget one
            let kept = self.old.as_ref().and_then(|old| old.get(name, nth));
            if let Some(answer) = answer.as_deref().or(kept) {
                new.push(name, answer);
            }
        }
        match snapshots {
            Snapshots::Ignored => Vec::new(),
            _ if self.unreadable => vec![SnapshotChange::new(&path, Change::Failed, Vec::new())],
            Snapshots::Updated => snapshot::update(self.rule, self.old.as_ref(), &new),
            Snapshots::Compared => {
                let stale = self.old.as_ref().map(|old| old.without(&new)).filter(|tests| !tests.is_empty());
                stale.map(|tests| SnapshotChange::new(&path, Change::Stale, tests)).into_iter().collect()
            }
        }
    }
}

/// The different answers of a diagnosis as they stand in a snapshot, and what of them could not be rendered.
fn answers(writer: &AnswerWriter<'_>, diagnosis: &Diagnosis) -> (String, Vec<String>) {
    let (mut texts, mut problems): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    for finding in &diagnosis.findings {
        match writer.answer(&diagnosis.case, finding) {
            Ok((text, own)) => {
                problems.extend(own);
                let text = snapshot::written(&text);
                if !texts.contains(&text) {
                    texts.push(text);
                }
            }
            Err(error) => problems.push(error.to_string()),
        }
    }
    problems.dedup();
    (texts.join("\n"), problems)
}
