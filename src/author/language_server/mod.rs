//! What an editor shows while rules are written: completion, hover, definitions.
//!
//! Each is a function from a [`Desk`], a file with its text as the editor has it, and a place in it, to data; nothing here
//! knows the protocol or keeps state. `outline` makes sense of unfinished text, `keys` knows the language's mappings, `names` the names of
//! the rule at hand, `shared` the files that a text takes in, and `cursor` puts the three together. [`line_index`] converts places. Diagnostics
//! are those of [`check_desk`](crate::author::check::check_desk); the loop that talks to the editor is in `cli`.

mod completion;
mod cursor;
mod definition;
mod fixes;
mod hover;
mod keys;
pub mod line_index;
mod names;
mod outline;
mod shared;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use crate::rule::authored::Span;
use crate::rule::desk::{Desk, FileRole};
use crate::rule::overlay::OVERLAY_FILE;
use crate::rule::settings::SETTINGS_FILE;

pub use completion::{Completion, CompletionItem, ItemKind, complete};
pub use definition::{Target, definition};
pub use fixes::fix_of;
pub use hover::{Hover, hover};

/// A file that is open in an editor.
#[derive(Clone, Copy, Debug)]
pub struct OpenFile<'t> {
    /// The faultbook it may belong to.
    pub desk: &'t Desk,
    /// Where it is.
    pub path: &'t Path,
    /// Its text as it stands, without a byte order mark.
    pub text: &'t str,
}

/// What the text of a file is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Language {
    Rule,
    Settings,
    Overlay,
    Template,
}

impl OpenFile<'_> {
    /// `None` for a file that is nothing of a faultbook's.
    fn language(&self) -> Option<Language> {
        let is_yaml = self.path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml");
        match self.desk.role(self.path) {
            FileRole::Rule => Some(Language::Rule),
            FileRole::Settings => Some(Language::Settings),
            FileRole::Overlay => Some(Language::Overlay),
            FileRole::Template => Some(Language::Template),
            FileRole::Table => None,
            FileRole::Other if self.path.file_name().is_some_and(|name| name == SETTINGS_FILE) => {
                Some(Language::Settings)
            }
            FileRole::Other if self.path.file_name().is_some_and(|name| name == OVERLAY_FILE) => {
                Some(Language::Overlay)
            }
            FileRole::Other => is_yaml.then_some(Language::Rule),
        }
    }

    /// The files whose rules use a template, with their texts.
    fn users(&self) -> Vec<(PathBuf, String)> {
        let Some(template) = self.desk.template_path(self.path) else { return Vec::new() };
        let users = self.desk.users_of_template(&template).into_iter().take(USERS_LIMIT);
        users.filter_map(|path| Some((path.to_owned(), self.desk.authored(path)?.text().to_owned()))).collect()
    }
}

/// Rules that are looked at for the names in a template that many of them share.
const USERS_LIMIT: usize = 20;

/// The word around a place: letters, digits and `_`.
fn word_at(text: &str, offset: usize) -> Span {
    let is_word = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let before = text.get(..offset).unwrap_or_default();
    let after = text.get(offset..).unwrap_or_default();
    let start = before.trim_end_matches(is_word).len();
    let end = offset + (after.len() - after.trim_start_matches(is_word).len());
    Span { start, end: end.max(start) }
}

/// The nearest character border at or before a place.
fn on_border(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}
