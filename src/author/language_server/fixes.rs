//! The edit that mends a diagnostic.
//!
//! What a mistake's help suggests as the nearest word is what an editor offers to write.

use std::sync::Arc;

use crate::rule::authored::{AuthoredFile, Span};
use crate::rule::{Code, Diagnostic};

/// One edit of one file.
#[derive(Clone, Debug)]
pub struct Edit {
    /// What it does, in the imperative.
    pub title: String,
    /// The file, as it was when the mistake was found.
    pub file: Arc<AuthoredFile>,
    /// The bytes that are replaced.
    pub span: Span,
    /// What stands there instead.
    pub replacement: String,
}

/// Mistakes whose first mark is a word for which another is suggested.
const MISSPELT: [Code; 6] = [
    Code::UnknownKey,
    Code::UnknownValue,
    Code::UnknownName,
    Code::UnknownFilter,
    Code::UnknownRule,
    Code::UnusedOverlay,
];

/// The edit that mends a diagnostic, if there is one.
pub fn fix_of(diagnostic: &Diagnostic) -> Option<Edit> {
    let label = diagnostic.labels.first().filter(|_| MISSPELT.contains(&diagnostic.code))?;
    let near = diagnostic.help.as_deref()?.strip_prefix("did you mean `")?.strip_suffix("`?")?;
    let written = label.file.slice(label.span);
    (!written.is_empty()).then(|| Edit {
        title: format!("replace `{written}` by `{near}`"),
        file: Arc::clone(&label.file),
        span: label.span,
        replacement: near.to_owned(),
    })
}
