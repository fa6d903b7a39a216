//! The edit that mends a diagnostic.
//!
//! A diagnostic has a fix where it is certain what was meant. An editor also offers to write the nearest word that a mistake's help suggests:
//! there a person decides.

use crate::rule::{Code, Diagnostic, Fix};

/// Mistakes whose first mark is a word for which another is suggested.
const MISSPELT: [Code; 6] = [
    Code::UnknownKey,
    Code::UnknownValue,
    Code::UnknownName,
    Code::UnknownFilter,
    Code::UnknownRule,
    Code::UnusedOverlay,
];

/// The edit that mends a diagnostic, if there is one, and whether that is certain.
pub fn fix_of(diagnostic: &Diagnostic) -> Option<(Fix, bool)> {
    match &diagnostic.fix {
        Some(fix) => Some((Fix::clone(fix), true)),
        None => suggestion(diagnostic).map(|fix| (fix, false)),
    }
}

fn suggestion(diagnostic: &Diagnostic) -> Option<Fix> {
    let label = diagnostic.labels.first().filter(|_| MISSPELT.contains(&diagnostic.code))?;
    let near = diagnostic.help.as_deref()?.strip_prefix("did you mean `")?.strip_suffix("`?")?;
    let written = label.file.slice(label.span);
    (!written.is_empty())
        .then(|| Fix::replace(&label.file, label.span, near, format!("replace `{written}` by `{near}`")))
}
