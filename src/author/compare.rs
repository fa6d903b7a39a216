//! What a test expects against what came out, part by part.
//!
//! Each difference has a [`Verdict`], so that programs and people can tell a rule that misses its failure from one that finds it and
//! says the wrong thing. Rendered answers are compared by `snapshot`.

use serde::Serialize;
use similar::TextDiff;

use crate::diagnose::Finding;
use crate::rule::{Expectation, Rule, RuleTest};

/// Lines of a diff around what differs.
const CONTEXT_LINES: usize = 3;

/// How a sample fared, or in what it is not as expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// A finding was expected, and it is as expected.
    Matched,
    /// Nothing was expected, and nothing was found.
    Passed,
    /// A finding was expected, and nothing was found.
    Missed,
    /// Nothing was expected, and something was found.
    Noisy,
    /// A capture has another value.
    WrongCapture,
    /// Other branches of the resolution are shown.
    WrongBranch,
    /// Other facts are asked for.
    WrongQuestion,
    /// Another number of records was found.
    WrongCount,
    /// The rendered answer is another one than its snapshot, or a part of it could not be rendered.
    WrongText,
}

impl Verdict {
    /// Its name in output.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Matched => "matched",
            Verdict::Passed => "passed",
            Verdict::Missed => "missed",
            Verdict::Noisy => "noisy",
            Verdict::WrongCapture => "wrong-capture",
            Verdict::WrongBranch => "wrong-branch",
            Verdict::WrongQuestion => "wrong-question",
            Verdict::WrongCount => "wrong-count",
            Verdict::WrongText => "wrong-text",
        }
    }
}

/// One thing that is not as expected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mismatch {
    /// In what way.
    pub verdict: Verdict,
    /// What was compared, such as "capture `customer`".
    pub what: String,
    /// What the test wants.
    pub expected: String,
    /// What came out.
    pub got: String,
    /// From one to the other, line by line, where there are several lines or entries.
    pub diff: Option<String>,
}

impl Mismatch {
    /// A difference between two single values.
    pub(crate) fn new(
        verdict: Verdict,
        what: impl Into<String>,
        expected: impl Into<String>,
        got: impl Into<String>,
    ) -> Self {
        let (expected, got) = (expected.into(), got.into());
        let has_lines = [&expected, &got].iter().any(|text| text.trim_end().contains('\n'));
        let diff = has_lines.then(|| unified(&expected, &got, CONTEXT_LINES));
        Self { verdict, what: what.into(), expected, got, diff }
    }

    /// A difference between two lists of names.
    fn of_lists(verdict: Verdict, what: &str, expected: &[&str], got: &[&str]) -> Option<Self> {
        let listed = |names: &[&str]| if names.is_empty() { "none".to_owned() } else { names.join("; ") };
        let lines = |names: &[&str]| names.iter().map(|name| format!("{name}\n")).collect::<String>();
        // all entries are shown, so nobody needs to be told which
        let diff = || {
            let diff = unified(&lines(expected), &lines(got), expected.len() + got.len());
            diff.split_once('\n').map_or(String::new(), |(_, entries)| entries.to_owned())
        };
        (expected != got).then(|| Self {
            diff: (expected.len() + got.len() > 2).then(diff),
            ..Self::new(verdict, what, listed(expected), listed(got))
        })
    }
}

/// The lines that make `got` out of `expected`, as `diff -u` shows them, without a head.
fn unified(expected: &str, got: &str, context: usize) -> String {
    let diff = TextDiff::from_lines(expected, got);
    diff.unified_diff().context_radius(context).missing_newline_hint(false).to_string()
}

/// What of the finding, or its absence, is not as the test expects.
pub(crate) fn compare(rule: &Rule, test: &RuleTest, finding: Option<&Finding>) -> Vec<Mismatch> {
    match (&test.expect, finding) {
        (Expectation::Nothing, None) => Vec::new(),
        (Expectation::Nothing, Some(finding)) => {
            let place =
                finding.evidence.first().and_then(|evidence| Some((evidence.lines.first()?, evidence.record.trim())));
            let got =
                place.map_or("a finding".to_owned(), |(line, record)| format!("a finding at line {line}: {record}"));
            // a record of several lines is no diff of "nothing"
            vec![Mismatch { diff: None, ..Mismatch::new(Verdict::Noisy, "the rule", "nothing", got) }]
        }
        (Expectation::Finding { .. }, None) => {
            vec![Mismatch::new(Verdict::Missed, "the rule", "a finding", "nothing")]
        }
        (Expectation::Finding { captures, resolution, questions, count }, Some(finding)) => {
            let mut mismatches: Vec<Mismatch> = captures
                .iter()
                .filter_map(|(name, expected)| {
                    let got = captured(finding, name);
                    let what = format!("capture `{name}`");
                    (*expected != got).then(|| Mismatch::new(Verdict::WrongCapture, what, expected, got))
                })
                .collect();
            let titles: Vec<&str> = finding
                .branches
                .iter()
                .filter_map(|branch| Some(rule.resolution.get(branch.index)?.title.as_str()))
                .collect();
            let asked: Vec<&str> = finding.questions.iter().map(|question| question.fact.as_str()).collect();
            let lists = [
                (Verdict::WrongBranch, "resolution", resolution, titles),
                (Verdict::WrongQuestion, "questions", questions, asked),
            ];
            for (verdict, what, expected, got) in lists {
                let expected: Option<Vec<&str>> =
                    expected.as_ref().map(|names| names.iter().map(String::as_str).collect());
                mismatches.extend(expected.and_then(|expected| Mismatch::of_lists(verdict, what, &expected, &got)));
            }
            if let Some(expected) = count.filter(|expected| *expected != finding.count) {
                let (expected, got) = (expected.to_string(), finding.count.to_string());
                mismatches.push(Mismatch::new(Verdict::WrongCount, "count", expected, got));
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_json() {
        for verdict in [Verdict::Matched, Verdict::WrongCapture, Verdict::WrongText] {
            assert_eq!(serde_json::to_value(verdict).expect("a name"), verdict.name());
        }
    }

    #[test]
    fn lists_of_several_are_shown_entry_by_entry() {
        let of =
            |expected: &[&str], got: &[&str]| Mismatch::of_lists(Verdict::WrongBranch, "resolution", expected, got);
        assert_eq!(of(&["a"], &["a"]), None);
        let one = of(&["a"], &["b"]).expect("different");
        assert_eq!((one.diff, one.got), (None, "b".to_owned()));
        let several = of(&["a", "b"], &["b", "c"]).expect("different");
        assert_eq!(several.diff.as_deref(), Some("-a\n b\n+c\n"));
        assert_eq!(of(&["a"], &[]).expect("different").got, "none");
    }
}
