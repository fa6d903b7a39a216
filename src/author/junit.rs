//! Outcomes of tests as JUnit's XML, as build servers read it.
//!
//! Each rule is a suite with a case for each of its tests. What is wrong with the rules themselves is a suite of errors, and what they find in
//! logs without failures a suite of failures, so that nothing looks well only because it was not tested.

use std::fmt::Write as _;

use crate::author::corpus::Corpus;
use crate::author::test::{Mismatch, TestOutcome};
use crate::rule::{Diagnostic, DiagnosticSeverity};

/// A case that did not end well, or did.
struct Case {
    name: String,
    file: String,
    line: Option<usize>,
    /// The element's name, the kind of trouble, one line about it, and all of it.
    trouble: Option<(&'static str, String, String, String)>,
}

/// Writes the outcomes of tests, which stand rule by rule, the errors of rules, and what was found in a corpus.
pub fn write(outcomes: &[TestOutcome], diagnostics: &[Diagnostic], corpus: Option<&Corpus>) -> String {
    let mut suites: Vec<(String, Vec<Case>)> = Vec::new();
    let errors: Vec<Case> = diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.severity == DiagnosticSeverity::Error)
        .map(of_diagnostic)
        .collect();
    if !errors.is_empty() {
        suites.push(("faultbook check".to_owned(), errors));
    }
    for tests in outcomes.chunk_by(|left, right| left.rule == right.rule) {
        let name = tests.first().map_or(String::new(), |test| test.rule.clone());
        suites.push((name, tests.iter().map(of_test).collect()));
    }
    if let Some(corpus) = corpus {
        suites.push(("faultbook corpus".to_owned(), of_corpus(corpus)));
    }

    let count = |cases: &[Case], element: &str| {
        cases.iter().filter(|case| case.trouble.as_ref().is_some_and(|trouble| trouble.0 == element)).count()
    };
    let totals = |element| suites.iter().map(|(_, cases)| count(cases, element)).sum::<usize>();
    let tests: usize = suites.iter().map(|(_, cases)| cases.len()).sum();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let (failures, errors) = (totals("failure"), totals("error"));
    // writing into a string cannot fail; neither can it below
    let _ = writeln!(out, "<testsuites tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\">");
    for (name, cases) in &suites {
        let (failures, errors) = (count(cases, "failure"), count(cases, "error"));
        let _ = writeln!(
            out,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{failures}\" errors=\"{errors}\">",
            xml(name),
            cases.len()
        );
        cases.iter().for_each(|case| case.write(name, &mut out));
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

impl Case {
    fn write(&self, suite: &str, out: &mut String) {
        let (name, class, file) = (xml(&self.name), xml(suite), xml(&self.file));
        let line = self.line.map_or(String::new(), |line| format!(" line=\"{line}\""));
        let _ = write!(out, "    <testcase name=\"{name}\" classname=\"{class}\" file=\"{file}\"{line}");
        let Some((element, kind, message, text)) = &self.trouble else {
            out.push_str("/>\n");
            return;
        };
        let (kind, message, text) = (xml(kind), xml(message), xml(text));
        let _ = writeln!(out, ">\n      <{element} type=\"{kind}\" message=\"{message}\">{text}</{element}>");
        out.push_str("    </testcase>\n");
    }
}

fn of_test(outcome: &TestOutcome) -> Case {
    let told = |mismatch: &Mismatch| {
        let Mismatch { verdict, what, expected, got, diff } = mismatch;
        match diff {
            Some(diff) => format!("{}: {what}\n{diff}", verdict.name()),
            None => format!("{}: {what}\nexpected  {expected}\ngot       {got}\n", verdict.name()),
        }
    };
    let trouble = outcome.mismatches.first().map(|first| {
        let message = match &first.diff {
            Some(_) => format!("{} is not as expected", first.what),
            None => format!("{}: expected {}, got {}", first.what, first.expected, first.got),
        };
        let all: Vec<String> = outcome.mismatches.iter().map(told).collect();
        let place = format!("{}:{}\n", outcome.file, outcome.position.line);
        ("failure", outcome.verdict.name().to_owned(), message, place + &all.join("\n"))
    });
    Case { name: outcome.test.clone(), file: outcome.file.clone(), line: Some(outcome.position.line), trouble }
}

fn of_diagnostic(diagnostic: &Diagnostic) -> Case {
    let label = diagnostic.labels.first();
    let place = label.map(|label| (label.file.path().to_owned(), label.file.position(label.span.start).line));
    let (file, line) = place.map_or((String::new(), None), |(file, line)| (file, Some(line)));
    let help = diagnostic.help.as_ref().map_or(String::new(), |help| format!("\nhelp: {help}"));
    let text = format!("{file}:{}: {}{help}", line.unwrap_or(1), diagnostic.title);
    let trouble = ("error", diagnostic.code.name().to_owned(), diagnostic.title.clone(), text);
    Case { name: diagnostic.code.name().to_owned(), file, line, trouble: Some(trouble) }
}

fn of_corpus(corpus: &Corpus) -> Vec<Case> {
    let found = corpus.false_positives.iter().map(|found| {
        let line = found.lines.first().map_or(String::new(), |line| format!(":{line}"));
        let place = format!("{}{line}", found.source);
        let message = format!("{} finds a failure in {place}", found.rule);
        let trouble = ("failure", "false-positive".to_owned(), message, format!("{place}\n{}", found.record));
        let line = found.lines.first().and_then(|line| usize::try_from(*line).ok());
        Case { name: format!("{} in {place}", found.rule), file: found.source.clone(), line, trouble: Some(trouble) }
    });
    let lost = corpus.notes.iter().filter(|note| note.kind.is_loss()).map(|note| {
        let trouble = ("error", "unread".to_owned(), note.detail.clone(), format!("{}: {}", note.source, note.detail));
        Case { name: note.source.clone(), file: note.source.clone(), line: None, trouble: Some(trouble) }
    });
    found.chain(lost).collect()
}

/// Text of an element or attribute: what XML does not allow, even escaped, becomes U+FFFD.
fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            '\r' => out.push_str("&#13;"),
            '\t' => out.push_str("&#9;"),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            _ => out.push(letter),
        }
    }
    out
}
