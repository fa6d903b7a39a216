//! Checking a faultbook: what the loader found, the lints, and which of them are allowed or denied.
//!
//! [`check`] is what `faultbook check` and editors show. A rule's own `allow` goes first; then what the caller asks for; then the
//! `allow` and `deny` of `faultbook.yaml`. An `allow` without a warning to allow is a warning itself.

use std::collections::{HashMap, HashSet};

use jiff::civil::Date;

use crate::author::lint::{self, LintOptions};
use crate::rule::authored::Located;
use crate::rule::lint::Allowed;
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
    let mut allowances = Allowances::new(faultbook);
    diagnostics.retain(|diagnostic| !allowances.allow(diagnostic));
    diagnostics.extend(allowances.unused(faultbook, &diagnostics, options));

    let settings = faultbook.settings().lints();
    let is_denied = |code: Code| options.deny_warnings || options.deny.contains(&code) || settings.deny.contains(&code);
    diagnostics.retain(|diagnostic| {
        let code = diagnostic.code;
        let is_allowed =
            options.allow.contains(&code) || (settings.allow.contains(&code) && !options.deny.contains(&code));
        diagnostic.severity == DiagnosticSeverity::Error || !is_allowed
    });
    diagnostics.sort_by(|left, right| left.sort_key().cmp(&right.sort_key()));
    let errors = diagnostics.iter().filter(|one| one.severity == DiagnosticSeverity::Error).count();
    let denied =
        diagnostics.iter().filter(|one| one.severity == DiagnosticSeverity::Warning && is_denied(one.code)).count();
    CheckOutcome { diagnostics, errors, denied, limited: found.limited }
}

/// What the rules allow, and which of it has allowed something.
struct Allowances<'f> {
    by_path: HashMap<&'f str, &'f Allowed>,
    used: HashSet<(&'f str, Code)>,
}

impl<'f> Allowances<'f> {
    fn new(faultbook: &'f Faultbook) -> Self {
        let by_path = faultbook.allowed().iter().map(|allowed| (allowed.file.path(), allowed)).collect();
        Self { by_path, used: HashSet::new() }
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
    fn unused(&self, faultbook: &Faultbook, others: &[Diagnostic], options: &CheckOptions) -> Vec<Diagnostic> {
        let broken: HashSet<&str> = others
            .iter()
            .filter(|other| other.severity == DiagnosticSeverity::Error)
            .flat_map(|other| other.labels.first())
            .map(|label| label.file.path())
            .collect();
        let is_sought = |code: Code| {
            (code != Code::ReviewOverdue || options.reviewed_since.is_some())
                && (faultbook.files() > 1 || !ACROSS_RULES.contains(&code))
        };
        let mut unused = Vec::new();
        for allowed in faultbook.allowed().iter().filter(|allowed| !broken.contains(allowed.file.path())) {
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
