//! Stand-in until the room `report` joins: enough to see what the command line asks for.

use std::io;
use std::time::Duration;

use serde_json::json;

use crate::diagnose::Diagnosis;
use crate::rule::Faultbook;
use crate::source::Note;

/// How a batch is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people at a terminal.
    Text,
    /// One JSON document.
    Json,
    /// A JSON document for each finding.
    JsonLines,
    /// Markdown.
    Markdown,
    /// A page.
    Html,
}

/// What is told.
#[derive(Debug)]
pub struct Batch {
    /// One for each case.
    pub diagnoses: Vec<Diagnosis>,
    /// Inputs that could not be opened.
    pub notes: Vec<Note>,
    /// How long it took; not shown when `None`.
    pub elapsed: Option<Duration>,
}

/// How it is told.
#[derive(Clone, Debug)]
pub struct ReportOptions {
    /// Without the answers.
    pub brief: bool,
    /// With ANSI styles.
    pub styled: bool,
    /// Columns.
    pub width: usize,
    /// Without the summary of the batch.
    pub compact: bool,
}

/// Tells a batch.
pub fn write(
    faultbook: &Faultbook,
    batch: &Batch,
    format: Format,
    options: &ReportOptions,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let findings: Vec<_> = batch
        .diagnoses
        .iter()
        .flat_map(|diagnosis| diagnosis.findings.iter().map(move |finding| (&diagnosis.case, finding)))
        .map(|(case, finding)| {
            let rule = faultbook.rule(finding.rule);
            let branches: Vec<_> = finding.branches.iter().map(|branch| &rule.branches()[branch.index].title).collect();
            json!({"case": case, "rule": rule.id, "count": finding.count, "resolution": branches, "questions": finding.questions})
        })
        .collect();
    let notes: Vec<_> = batch.notes.iter().chain(batch.diagnoses.iter().flat_map(|diagnosis| &diagnosis.notes)).collect();
    match format {
        Format::Json => writeln!(out, "{}", json!({"schema": 1, "findings": findings, "notes": notes})),
        Format::JsonLines => findings.iter().try_for_each(|finding| writeln!(out, "{finding}")),
        _ => writeln!(out, "{options:?} {:?}\n{findings:#?}\n{notes:#?}", batch.elapsed),
    }
}
