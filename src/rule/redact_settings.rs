//! What `redact:` of `faultbook.yaml` says: which values are masked besides the built-in kinds, and which of those are left as they are.
//!
//! `report::redact` applies it. Names become the words of pseudonyms, so they are told apart without case, as those are.

use std::sync::Arc;

use crate::rule::authored::Located;
use crate::rule::check_parts::PartChecker;
use crate::rule::diagnostic::{Code, Diagnostic};
use crate::rule::pattern::Pattern;
use crate::rule::pattern_reference::is_name;
use crate::rule::settings_file::RedactFile;
use crate::rule::vocabulary::MaskedKind;

/// Letters of a name: pseudonyms are to stay short, and are known again by their form.
pub const NAME_LIMIT: usize = 24;

/// What is masked, as far as the settings say.
#[derive(Clone, Debug, Default)]
pub struct RedactSettings {
    /// Values that are masked besides the built-in kinds: a name in small letters, and what such a value looks like. Where the regex has
    /// named groups, only what they capture is masked.
    pub patterns: Vec<(String, Arc<Pattern>)>,
    /// Built-in kinds that are not masked.
    pub keep: Vec<MaskedKind>,
}

impl RedactSettings {
    /// Adds what another file says and this one does not.
    pub(crate) fn fill_from(&mut self, other: Self) {
        for (name, pattern) in other.patterns {
            if !self.patterns.iter().any(|(own, _)| *own == name) {
                self.patterns.push((name, pattern));
            }
        }
        if self.keep.is_empty() {
            self.keep = other.keep;
        }
    }
}

/// Checks what is written; what is wrong is reported and left out.
pub(crate) fn check(parts: &mut PartChecker<'_>, written: RedactFile) -> RedactSettings {
    let mut seen: Vec<(String, &Located<String>)> = Vec::new();
    let mut patterns = Vec::new();
    for (name, regex) in &written.patterns {
        let pattern = parts.pattern(regex).map(Arc::new);
        let word = name.value.to_ascii_lowercase();
        let (code, title, label, help) = if !is_name(&name.value) || name.value.len() > NAME_LIMIT {
            let title = format!("`{}` cannot be the name of what is masked", name.value);
            let help = format!("use up to {NAME_LIMIT} letters, digits and `_`, beginning with a letter");
            (Code::BadName, title, "not a name", help)
        } else if MaskedKind::NAMES.contains(&word.as_str()) {
            let title = format!("`{}` is a kind that is masked anyway", name.value);
            (Code::NameClash, title, "built in", format!("choose another name, such as `OUR_{}`", name.value))
        } else if let Some((_, first)) = seen.iter().find(|(earlier, _)| *earlier == word) {
            let title = format!("`{}` and `{}` differ in case alone", first.value, name.value);
            let diagnostic = Diagnostic::error(Code::NameClash, title)
                .at(parts.file, name.span, "the same in a pseudonym")
                .at(parts.file, first.span, "first named here")
                .help("rename one of them");
            parts.diagnostics.push(diagnostic);
            continue;
        } else {
            seen.push((word.clone(), name));
            patterns.extend(pattern.map(|pattern| (word, pattern)));
            continue;
        };
        parts.error(code, name.span, title, label, Some(help));
    }
    RedactSettings { patterns, keep: written.keep }
}
