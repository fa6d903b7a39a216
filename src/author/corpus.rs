//! Rules over logs of systems that were well: whatever they find there is a false positive.

use std::path::PathBuf;

use rayon::prelude::*;
use serde::Serialize;

use crate::diagnose::{CaseSize, Diagnoser};
use crate::rule::{Faultbook, Rule};
use crate::scan::Index;
use crate::source::{self, Note, Progress};

/// What rules found in logs that have no failure.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Corpus {
    /// How many cases were read.
    pub cases: usize,
    /// How much of them.
    #[serde(flatten)]
    pub size: CaseSize,
    /// Each finding, once for each source, case by case.
    pub false_positives: Vec<FalsePositive>,
    /// What could not be read as it should be.
    pub notes: Vec<Note>,
}

impl Corpus {
    /// How many notes tell that something was not read.
    pub fn losses(&self) -> usize {
        self.notes.iter().filter(|note| note.kind.is_loss()).count()
    }
}

/// A failure that a rule found where there is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FalsePositive {
    /// The rule's id.
    pub rule: String,
    /// The rule file.
    pub file: String,
    /// The source in which records matched; the case, where a rule holds because nothing did.
    pub source: String,
    /// The 1-based first lines of the first ten of them.
    pub lines: Vec<u64>,
    /// How many records of the source matched.
    pub count: u64,
    /// The first of them.
    pub record: String,
}

/// Diagnoses folders, files and archives with the rules that `wanted` accepts; archived ones never match.
pub fn run(faultbook: &Faultbook, wanted: impl Fn(&Rule) -> bool, paths: &[PathBuf], progress: &Progress) -> Corpus {
    let index = Index::of_rules(faultbook, |rule| rule.is_looked_for() && wanted(rule));
    let diagnoser = Diagnoser::new(&index);
    let (cases, notes) = source::cases(paths);
    let diagnoses: Vec<_> =
        cases.into_par_iter().map(|case| diagnoser.diagnose(case, &Default::default(), progress)).collect();
    let mut corpus = Corpus { cases: diagnoses.len(), notes, ..Corpus::default() };
    for diagnosis in diagnoses {
        corpus.size = corpus.size.plus(diagnosis.size);
        for finding in &diagnosis.findings {
            let rule = faultbook.rule(finding.rule);
            let found = |source: &str, lines: &[u64], count, record: &str| FalsePositive {
                rule: rule.id.clone(),
                file: rule.path.clone(),
                source: source.to_owned(),
                lines: lines.to_vec(),
                count,
                record: record.trim_end().to_owned(),
            };
            let places = finding.evidence.iter();
            corpus
                .false_positives
                .extend(places.map(|place| found(&place.source, &place.lines, place.count, &place.record)));
            if finding.evidence.is_empty() {
                corpus.false_positives.push(found(&diagnosis.case, &[], 0, ""));
            }
        }
        corpus.notes.extend(diagnosis.notes);
    }
    corpus
}
