//! Lints: the warnings, which authors may allow or deny by name.
//!
//! A rule allows some of them under `allow`; `faultbook.yaml` allows or denies them for all rules. What the names are is checked here;
//! which warnings are shown is decided in `author::lint`, where most of them are found. Errors take a rule out of use and cannot be
//! allowed.

use std::sync::Arc;

use crate::rule::authored::{AuthoredFile, Located, Span};
use crate::rule::diagnostic::{Code, Diagnostic, nearest};
use crate::rule::fix::Fix;

/// The codes that are warnings, in the order of the documentation. All others are errors.
pub const LINTS: &[Code] = &[
    Code::SlowPattern,
    Code::MissingTest,
    Code::UnusedSettings,
    Code::UnusedOverlay,
    Code::NoisyPattern,
    Code::DuplicateSignature,
    Code::ShadowedSignature,
    Code::DuplicateEntry,
    Code::UnusedCapture,
    Code::UnusedFact,
    Code::UnusedCorrelation,
    Code::SeveralValues,
    Code::LiteralPlaceholder,
    Code::ConstantCondition,
    Code::OverlappingBranches,
    Code::UncoveredAnswer,
    Code::MissingSection,
    Code::UnwrittenSection,
    Code::ReviewOverdue,
    Code::ContradictingState,
    Code::DeadLink,
    Code::UnknownLint,
    Code::UnusedAllow,
];

impl Code {
    /// Whether it is a warning, which may be allowed, and not an error.
    pub fn is_lint(self) -> bool {
        LINTS.contains(&self)
    }
}

/// The warnings that one rule file allows.
#[derive(Clone, Debug)]
pub struct Allowed {
    /// The rule file with its text.
    pub file: Arc<AuthoredFile>,
    /// Each with the place of its name; several where one is named twice.
    pub codes: Vec<Located<Code>>,
    /// The places of all items of the list, those that could not be understood too.
    pub items: Vec<Span>,
}

/// What `faultbook.yaml` says about warnings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LintSettings {
    /// Those that are not shown.
    pub allow: Vec<Code>,
    /// Those that count like errors.
    pub deny: Vec<Code>,
}

/// The codes under `allow` or `deny` (`key`) of a file; words that are no warning are reported.
pub(crate) fn codes(
    file: &Arc<AuthoredFile>,
    key: &str,
    written: &[Located<String>],
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Located<Code>> {
    let mut codes = Vec::with_capacity(written.len());
    for word in written {
        match Code::named(&word.value) {
            Some(code) if code.is_lint() => codes.push(Located::new(code, word.span)),
            Some(_) => diagnostics.push(
                Diagnostic::warning(Code::UnknownLint, format!("`{}` is an error and no warning", word.value))
                    .at(file, word.span, format!("has no effect under `{key}`"))
                    .help("errors always count, and cannot be allowed: leave it out"),
            ),
            None => diagnostics.push(unknown(file, word)),
        }
    }
    codes
}

fn unknown(file: &Arc<AuthoredFile>, word: &Located<String>) -> Diagnostic {
    let near = nearest(&word.value, LINTS.iter().map(|code| code.name()));
    let help = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`faultbook check` shows the name of each warning in brackets".to_owned(),
    };
    let fix = near.map(|near| {
        let title = format!("replace `{}` by `{near}`", word.value);
        Fix::replace(file, word.span, near, title)
    });
    Diagnostic::warning(Code::UnknownLint, format!("there is no warning `{}`", word.value))
        .at(file, word.span, "not a warning")
        .help(help)
        .maybe_fix(fix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_are_no_warning_are_told() {
        let file = Arc::new(AuthoredFile::new("x.yaml", "slow-patern, bad-regex, missing-test"));
        let word = |text: &str, at: usize| Located::new(text.to_owned(), Span::new(at..at + text.len()));
        let written = [word("slow-patern", 0), word("bad-regex", 13), word("missing-test", 24)];
        let mut diagnostics = Vec::new();
        let found = codes(&file, "allow", &written, &mut diagnostics);
        assert_eq!(found.iter().map(|code| code.value).collect::<Vec<_>>(), [Code::MissingTest]);
        assert_eq!(diagnostics.len(), 2);
        assert_eq!(diagnostics[0].fix.as_ref().map(|fix| fix.replacement.as_str()), Some("slow-pattern"));
        assert!(diagnostics[1].fix.is_none());
    }
}
