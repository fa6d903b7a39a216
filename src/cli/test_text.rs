//! What `faultbook test` tells people: failures with what was expected and got, what is not covered, false positives.

use std::fmt::Write as _;

use crate::answer::escape;
use crate::author::corpus::Corpus;
use crate::author::coverage::Coverage;
use crate::author::snapshot::{Change, SnapshotChange};
use crate::author::test::{Mismatch, TestOutcome};
use crate::cli::diagnostics::number;

const BOLD: &str = "1";
const RED: &str = "31";
const GREEN: &str = "32";
const CYAN: &str = "36";

/// Draws with terminal styles, or without.
#[derive(Clone, Copy, Debug)]
pub struct Pen {
    pub styled: bool,
}

impl Pen {
    /// Escapes text and gives it a style.
    fn draw(self, style: &str, text: &str) -> String {
        let text = escape::terminal(text);
        if self.styled { format!("\x1b[{style}m{text}\x1b[0m") } else { text.into_owned() }
    }

    /// A test that failed.
    pub fn failure(self, failure: &TestOutcome, out: &mut String) {
        let verdict = self.draw(RED, failure.verdict.name());
        let name = self.draw(BOLD, &format!("{}: {}", failure.rule, failure.test));
        // writing into a string cannot fail; neither can it below
        let _ = writeln!(out, "{verdict}  {name}\n  --> {}:{}", escape::terminal(&failure.file), failure.position.line);
        failure.mismatches.iter().for_each(|mismatch| self.mismatch(mismatch, out));
        for nearest in &failure.nearest {
            let _ = writeln!(out, "    nearest   {}", indented(nearest));
        }
        out.push('\n');
    }

    fn mismatch(self, mismatch: &Mismatch, out: &mut String) {
        let _ = writeln!(out, "  {}", escape::terminal(&mismatch.what));
        let Some(diff) = &mismatch.diff else {
            let _ = writeln!(out, "    expected  {}", indented(&mismatch.expected));
            let _ = writeln!(out, "    got       {}", indented(&mismatch.got));
            return;
        };
        let _ = writeln!(out, "    {} {}", self.draw(RED, "- expected"), self.draw(GREEN, "+ got"));
        for line in diff.lines() {
            let style = match line.as_bytes().first() {
                Some(b'-') => RED,
                Some(b'+') => GREEN,
                Some(b'@') => CYAN,
                _ => "0",
            };
            let _ = writeln!(out, "    {}", self.draw(style, line));
        }
    }

    /// What rules found where there is nothing to find.
    pub fn corpus(self, corpus: &Corpus, out: &mut String) {
        for found in &corpus.false_positives {
            let line = found.lines.first().map_or(String::new(), |line| format!(":{line}"));
            let place = format!("{}{line}", found.source);
            let more = if found.count > 1 { format!("  ({} records)", found.count) } else { String::new() };
            let (verdict, rule) = (self.draw(RED, "false-positive"), self.draw(BOLD, &found.rule));
            let _ = writeln!(out, "{verdict}  {rule}\n  --> {}{more}", escape::terminal(&place));
            if !found.record.is_empty() {
                let _ = writeln!(out, "    {}", indented_by(&found.record, "    "));
            }
            out.push('\n');
        }
    }

    /// What no test reaches, rule by rule.
    pub fn coverage(self, coverage: &Coverage, out: &mut String) {
        let (percent, reached, total) = (coverage.percent(), coverage.reached, coverage.total);
        let _ = writeln!(out, "coverage: {percent}% ({reached} of {total})");
        for of_rule in coverage.unreached.chunk_by(|left, right| left.rule == right.rule) {
            if let Some(first) = of_rule.first() {
                let _ = writeln!(out, "  {}  {}", self.draw(BOLD, &first.rule), escape::terminal(&first.file));
            }
            for item in of_rule {
                let of = item.signature.as_ref().map_or(String::new(), |signature| format!(" of {signature}"));
                let kind = format!("{}{of}", item.kind.name());
                let _ = writeln!(out, "    {}: {}", escape::terminal(&kind), escape::terminal(&item.name));
            }
        }
        out.push('\n');
    }
}

/// What became of a snapshot, in a sentence.
pub fn snapshot_told(change: &SnapshotChange) -> String {
    let what = match change.tests.as_slice() {
        [] => format!("`{}`", change.file),
        tests => format!(
            "`{}` of {}",
            change.file,
            tests.iter().map(|test| format!("`{test}`")).collect::<Vec<_>>().join(", ")
        ),
    };
    match change.change {
        Change::Written => format!("wrote {what}"),
        Change::Removed if change.tests.is_empty() => format!("removed {what}: it has no rule or answer any more"),
        Change::Removed => format!("removed from {what}: there are no such tests any more"),
        Change::Stale if change.tests.is_empty() => format!("{what} has no rule any more; --update removes it"),
        Change::Stale => format!("{what} is of tests that are no more; --update removes that"),
        Change::Failed => format!("{what} cannot be read, written or removed"),
    }
}

/// The totals in a line.
pub fn summary<'a>(outcomes: impl Iterator<Item = &'a TestOutcome>) -> String {
    let (mut tests, mut failed, mut rules, mut last) = (0, 0, 0, "");
    for outcome in outcomes {
        tests += 1;
        failed += usize::from(!outcome.passed());
        rules += usize::from(outcome.rule != last);
        last = &outcome.rule;
    }
    format!("{} of {}: {} passed, {failed} failed", number(tests, "test"), number(rules, "rule"), tests - failed)
}

/// A text of several lines, the further ones below the first.
fn indented(text: &str) -> String {
    indented_by(text, "              ")
}

fn indented_by(text: &str, indent: &str) -> String {
    let lines: Vec<_> = text.lines().map(escape::terminal).collect();
    lines.join(&format!("\n{indent}"))
}
