//! The lines around what was found, read from the upload once more.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, BufRead, Read};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::diagnose::Diagnosis;
use crate::rule::Settings;
use crate::source::{Budget, CaseInput, Limits, Note, Progress, ReadOptions, Reading, SourceName, Visit, read};

/// Lines before and after the first of a record.
const LINES: u64 = 3;
/// Bytes of a line that are kept.
const LINE_BYTES: usize = 400;
/// Places of a case that are given context.
pub const PLACES: usize = 100;

/// Some lines of a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct Context {
    /// The source, named as in the evidence.
    pub(crate) source: String,
    /// The 1-based line that the record begins at.
    pub(crate) line: u64,
    /// The 1-based number of the first of the lines.
    pub(crate) first: u64,
    /// The lines, each cut to 400 bytes.
    pub(crate) lines: Vec<String>,
}

/// Reads the lines around the first place of each piece of evidence. What cannot be read gives none.
pub(crate) fn context(diagnosis: &Diagnosis, case: CaseInput, limits: &Limits, settings: &Settings) -> Vec<Context> {
    let mut wanted: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    let evidence = diagnosis.findings.iter().flat_map(|finding| finding.evidence.first());
    for (source, line) in evidence.filter_map(|one| Some((&one.source, *one.lines.first()?))).take(PLACES) {
        wanted.entry(source.clone()).or_default().push(line);
    }
    if wanted.is_empty() {
        return Vec::new();
    }
    let mut reader = ContextReader { wanted, found: Vec::new() };
    let (budget, progress, options) = (Budget::new(), Progress::new(), ReadOptions::default());
    for part in case.parts {
        read(part, Reading { limits, options: &options, settings }, &budget, &progress, &mut reader);
    }
    reader.found
}

struct ContextReader {
    wanted: BTreeMap<String, Vec<u64>>,
    found: Vec<Context>,
}

impl Visit for ContextReader {
    fn text(&mut self, source: &SourceName, reader: &mut dyn BufRead) -> io::Result<()> {
        let Some(mut wanted) = self.wanted.remove(&source.name) else { return Ok(()) };
        wanted.sort_unstable();
        wanted.dedup();
        let mut open: VecDeque<Context> = VecDeque::new();
        let mut wanted = wanted.into_iter().peekable();
        let mut before: VecDeque<String> = VecDeque::new();
        let mut number = 0;
        while let Some(line) = next_line(reader)? {
            number += 1;
            for context in &mut open {
                context.lines.push(line.clone());
            }
            if wanted.peek() == Some(&number) {
                wanted.next();
                let mut lines: Vec<String> = before.iter().cloned().collect();
                let first = number - lines.len() as u64;
                lines.push(line.clone());
                open.push_back(Context { source: source.name.clone(), line: number, first, lines });
            }
            while open.front().is_some_and(|context| context.line + LINES <= number) {
                self.found.extend(open.pop_front());
            }
            before.push_back(line);
            if before.len() as u64 > LINES {
                before.pop_front();
            }
            if open.is_empty() && wanted.peek().is_none() {
                break;
            }
        }
        self.found.extend(open);
        Ok(())
    }

    fn note(&mut self, _: Note) {}
}

/// The next line, cut, without its end; `None` at the end of the text.
fn next_line(reader: &mut dyn BufRead) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    if (&mut *reader).take(LINE_BYTES as u64).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
    } else {
        reader.skip_until(b'\n')?;
    }
    Ok(Some(String::from_utf8_lossy(&line).trim_end_matches('\r').to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn around(text: &str, lines: &[u64]) -> Vec<Context> {
        let mut reader =
            ContextReader { wanted: BTreeMap::from([("a.log".to_owned(), lines.to_vec())]), found: Vec::new() };
        let name = SourceName { name: "a.log".into(), path: "a.log".into(), modified: None };
        reader.text(&name, &mut text.as_bytes()).unwrap();
        reader.found
    }

    #[test]
    fn lines_before_and_after_are_given_as_far_as_there_are_any() {
        let text: String = (1..=9).map(|number| format!("line {number}\r\n")).collect();
        let found = around(&text, &[1, 5, 9, 5]);
        let spans: Vec<(u64, u64, usize)> = found.iter().map(|one| (one.line, one.first, one.lines.len())).collect();
        assert_eq!(spans, [(1, 1, 4), (5, 2, 7), (9, 6, 4)]);
        assert_eq!(found[1].lines[3], "line 5");
        assert_eq!(around("", &[1]), []);
    }

    #[test]
    fn long_lines_are_cut_and_count_once() {
        let text = format!("{}\nb\nc", "é".repeat(1000));
        let found = around(&text, &[2]);
        assert_eq!((found[0].first, found[0].lines.len()), (1, 3));
        assert!(found[0].lines[0].len() <= LINE_BYTES + 3);
    }
}
