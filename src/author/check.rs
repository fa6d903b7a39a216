//! Checking a faultbook: what the loader found, the lints, and which of them are allowed or denied.
//!
//! [`check()`] is what `faultbook check` shows, [`check_desk`] what editors do. A rule's own `allow` goes first; then what the caller asks for; then the
//! `allow` and `deny` of `faultbook.yaml`. An `allow` without a warning to allow is a warning itself.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use jiff::civil::Date;

use crate::author::lint::{self, LintOptions};
use crate::rule::authored::Located;
use crate::rule::desk::Desk;
use crate::rule::lint::{Allowed, LintSettings};
use crate::rule::{Code, Diagnostic, DiagnosticSeverity, Faultbook, Fix};

/// Lints that look at several rules; whether they are allowed for nothing shows only where the others are checked too.
const ACROSS_RULES: [Code; 4] = [Code::NoisyPattern, Code::DuplicateSignature, Code::ShadowedSignature, Code::DeadLink];

/// What is looked for, and what counts.
#[derive(Clone, Debug, Default)]
pub struct CheckOptions {
    /// Warnings that are not shown, whatever `faultbook.yaml` says.
    pub allow: Vec<Code>,
    /// Warnings that count like errors, whatever `faultbook.yaml` says.
    pub deny: Vec<Code>,
    /// Whether all warnings count like errors.
    pub deny_warnings: bool,
    /// Reviews before this day are overdue; without it no review is.
    pub reviewed_since: Option<Date>,
}

/// What is wrong with a faultbook.
#[derive(Debug)]
pub struct CheckOutcome {
    /// Everything that is shown, by file and place.
    pub diagnostics: Vec<Diagnostic>,
    /// How many of the diagnostics are errors.
    pub errors: usize,
    /// How many of the warnings count like errors.
    pub denied: usize,
    /// The ids of rules with more answers to try than are tried: overlaps and gaps of their branches may be unseen.
    pub limited: Vec<String>,
}

impl CheckOutcome {
    /// How many of the diagnostics are warnings.
    pub fn warnings(&self) -> usize {
        self.diagnostics.len() - self.errors
    }

    /// Whether all is well, or only such that does not count.
    pub fn passes(&self) -> bool {
        self.errors == 0 && self.denied == 0
    }
}

/// Checks a faultbook. Cost: linear in its rules and their samples, on all processors.
pub fn check(faultbook: &Faultbook, options: &CheckOptions) -> CheckOutcome {
    let found = lint::lint(faultbook, &LintOptions { reviewed_since: options.reviewed_since });
    let mut diagnostics = faultbook.diagnostics().to_vec();
    diagnostics.extend(found.diagnostics);
    let allowances = Allowances::new(faultbook.allowed().iter(), faultbook.files());
    let settings = faultbook.settings().lints();
    let diagnostics = allowances.without_allowed(diagnostics, settings, options, |_| true);
    let is_denied = |code: Code| options.deny_warnings || options.deny.contains(&code) || settings.deny.contains(&code);
    let errors = diagnostics.iter().filter(|one| one.severity == DiagnosticSeverity::Error).count();
    let denied =
        diagnostics.iter().filter(|one| one.severity == DiagnosticSeverity::Warning && is_denied(one.code)).count();
    CheckOutcome { diagnostics, errors, denied, limited: found.limited }
}

/// Everything that is shown of a desk, by file and place: what [`Desk::diagnostics`] has, and the lints that were found in some files by
/// [`lint_file`](lint::lint_file()). Cost: linear in the rules.
pub fn check_desk(desk: &Desk, lints: &HashMap<PathBuf, Vec<Diagnostic>>) -> Vec<Diagnostic> {
    let mut diagnostics = desk.diagnostics();
    diagnostics.extend(lints.values().flatten().cloned());
    let files = desk.rules().count();
    let allowances = Allowances::new(desk.rules().filter_map(|rule| rule.allowed), files);
    let is_linted = |path: &str| lints.contains_key(Path::new(path));
    allowances.without_allowed(diagnostics, desk.settings().lints(), &CheckOptions::default(), is_linted)
}

/// What the rules allow, and which of it has allowed something.
struct Allowances<'f> {
    /// In the order of the files.
    all: Vec<&'f Allowed>,
    by_path: HashMap<&'f str, &'f Allowed>,
    /// How many rule files there are.
    files: usize,
    used: HashSet<(&'f str, Code)>,
}

impl<'f> Allowances<'f> {
    fn new(allowed: impl Iterator<Item = &'f Allowed>, files: usize) -> Self {
        let all: Vec<&Allowed> = allowed.collect();
        let by_path = all.iter().map(|allowed| (allowed.file.path(), *allowed)).collect();
        Self { all, by_path, files, used: HashSet::new() }
    }

    /// Leaves out what is allowed, adds what is allowed in vain in files that all lints looked at, and sorts by file and place.
    fn without_allowed(
        mut self,
        mut diagnostics: Vec<Diagnostic>,
        settings: &LintSettings,
        options: &CheckOptions,
        is_linted: impl Fn(&str) -> bool,
    ) -> Vec<Diagnostic> {
        diagnostics.retain(|diagnostic| !self.allow(diagnostic));
        diagnostics.extend(self.unused(&diagnostics, options, is_linted));
        diagnostics.retain(|diagnostic| {
            let code = diagnostic.code;
            let is_allowed =
                options.allow.contains(&code) || (settings.allow.contains(&code) && !options.deny.contains(&code));
            diagnostic.severity == DiagnosticSeverity::Error || !is_allowed
        });
        diagnostics.sort_by(|left, right| left.sort_key().cmp(&right.sort_key()));
        diagnostics
    }

    /// Whether the rule that a diagnostic is about allows it.
    fn allow(&mut self, diagnostic: &Diagnostic) -> bool {
        if diagnostic.severity == DiagnosticSeverity::Error {
            return false;
        }
        let Some(label) = diagnostic.labels.first() else { return false };
        let Some((path, allowed)) = self.by_path.get_key_value(label.file.path()) else { return false };
        let is_allowed = allowed.codes.iter().any(|code| code.value == diagnostic.code);
        if is_allowed {
            self.used.insert((path, diagnostic.code));
        }
        is_allowed
    }

    /// A warning for each that allows nothing. A broken rule is not looked at by all lints, so nothing is said of it.
    fn unused(
        &self,
        others: &[Diagnostic],
        options: &CheckOptions,
        is_linted: impl Fn(&str) -> bool,
    ) -> Vec<Diagnostic> {
        let broken: HashSet<&str> = others
            .iter()
            .filter(|other| other.severity == DiagnosticSeverity::Error)
            .flat_map(|other| other.labels.first())
            .map(|label| label.file.path())
            .collect();
        let is_sought = |code: Code| {
            (code != Code::ReviewOverdue || options.reviewed_since.is_some())
                && (self.files > 1 || !ACROSS_RULES.contains(&code))
        };
        let mut unused = Vec::new();
        let is_sound = |path: &str| is_linted(path) && !broken.contains(path);
        for allowed in self.all.iter().filter(|allowed| is_sound(allowed.file.path())) {
            let path = allowed.file.path();
            let is_unused = |code: &&Located<Code>| is_sought(code.value) && !self.used.contains(&(path, code.value));
            unused.extend(allowed.codes.iter().filter(is_unused).map(|code| unused_allow(allowed, code)));
            // UnusedAllow itself may be allowed
            if allowed.codes.iter().any(|code| code.value == Code::UnusedAllow) {
                unused.retain(|diagnostic| diagnostic.labels.first().is_none_or(|label| label.file.path() != path));
            }
        }
        unused
    }
}

fn unused_allow(allowed: &Allowed, code: &Located<Code>) -> Diagnostic {
    let title = format!("`{}` is allowed and does not occur in this rule", code.value);
    let action = format!("remove `{}` from `allow`", code.value);
    let at = allowed.items.iter().position(|item| *item == code.span);
    let fix = match allowed.items.as_slice() {
        [_] => lint::entry(&allowed.file, "allow")
            .and_then(|(key, value)| Fix::without_entry(&allowed.file, key, value, action)),
        items => at.and_then(|at| Fix::without_item(&allowed.file, items, at, action)),
    };
    Diagnostic::warning(Code::UnusedAllow, title)
        .at(&allowed.file, code.span, "allows nothing")
        .help("leave it out, so that the warning is shown when it does occur")
        .maybe_fix(fix)
}
