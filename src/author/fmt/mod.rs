//! One layout for rule files.
//!
//! [`format()`] works on the text: `read` finds what stands where, with all comments, `write` puts it down again with one
//! indentation, the sections in the order of the reference, and a blank line between them; `restyle` drops quotes that nothing
//! needs. Then the YAML reader of `rule` reads both, and unless they say the same the file is refused and stays as it is. It
//! does not judge rules: a rule with mistakes is laid out like others, as long as it is YAML.

mod extent;
mod layout;
mod read;
mod restyle;
#[cfg(test)]
mod tests;
mod write;

use std::sync::Arc;

use crate::rule::Diagnostic;
use crate::rule::authored::AuthoredFile;
use crate::rule::yaml::{self, Node};

/// How often a text is laid out before it must have come to rest. A second time is for what a changed style makes possible.
const PASSES: usize = 4;

/// How much is changed.
#[derive(Clone, Copy, Debug)]
struct Style {
    /// Values may be written in another style.
    restyled: bool,
    /// Sections are sorted.
    sorted: bool,
}

/// From what is wanted to what is certain: an alias has to stand behind its anchor, for instance.
const STYLES: [Style; 3] = [
    Style { restyled: true, sorted: true },
    Style { restyled: false, sorted: true },
    Style { restyled: false, sorted: false },
];

/// Why a file was left as it is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// It is not YAML.
    #[error("it is not YAML")]
    Broken(Box<Diagnostic>),
    /// It is YAML of a kind that the formatter does not know.
    #[error("line {line} has {what}")]
    Unusual {
        /// 1-based line.
        line: usize,
        /// In words.
        what: &'static str,
    },
    /// Laid out it would not say the same.
    #[error("no layout was found in which it certainly says the same")]
    Differs,
}

/// Lays out the text of a rule file; the path is only shown. The result says the same, and laid out again stays as it is.
///
/// Lines end with a line feed, whatever they ended with. Costs a few times what reading the file costs.
pub fn format(path: &str, text: &str) -> Result<String, FormatError> {
    let file = Arc::new(AuthoredFile::new(path, text));
    let before = yaml::parse(&file).map_err(|diagnostic| FormatError::Broken(Box::new(diagnostic)))?;
    let text = file.text().replace("\r\n", "\n");
    if let Some(at) = text.find('\r') {
        let line = 1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count();
        return Err(FormatError::Unusual { line, what: "a carriage return inside a line" });
    }
    let mut result = Err(FormatError::Differs);
    for style in STYLES {
        result = settled(&text, style).and_then(|new| match says_the_same(path, &before.value, &text, &new) {
            true => Ok(new),
            false => Err(FormatError::Differs),
        });
        if !matches!(result, Err(FormatError::Differs)) {
            break;
        }
    }
    result
}

/// Lays out until nothing changes any more.
fn settled(text: &str, style: Style) -> Result<String, FormatError> {
    let mut now = laid_out(text, style)?;
    for _ in 1..PASSES {
        let next = laid_out(&now, style)?;
        if next == now {
            return Ok(now);
        }
        now = next;
    }
    Err(FormatError::Differs)
}

fn laid_out(text: &str, style: Style) -> Result<String, FormatError> {
    let document = read::read(text).map_err(unusual)?;
    Ok(write::write(document, style))
}

fn unusual(found: read::Unusual) -> FormatError {
    FormatError::Unusual { line: found.line, what: found.what }
}

/// Whether a text has the values of `before` and the comments of `text`.
fn says_the_same(path: &str, before: &Node, text: &str, new: &str) -> bool {
    let after = yaml::parse(&Arc::new(AuthoredFile::new(path, new)));
    let (Ok(after), Ok(old_layout), Ok(new_layout)) = (after, read::read(text), read::read(new)) else { return false };
    same(before, &after.value, true) && old_layout.comments() == new_layout.comments()
}

/// Whether two values are the same; the entries of the root may have another order, that of equal keys aside.
fn same(left: &Node, right: &Node, is_root: bool) -> bool {
    match (left, right) {
        (Node::List(left), Node::List(right)) => {
            left.len() == right.len()
                && left.iter().zip(right).all(|(left, right)| same(&left.value, &right.value, false))
        }
        (Node::Map(left), Node::Map(right)) => {
            let (mut left, mut right): (Vec<_>, Vec<_>) = (left.iter().collect(), right.iter().collect());
            if is_root {
                left.sort_by_key(|(key, _)| &key.value);
                right.sort_by_key(|(key, _)| &key.value);
            }
            left.len() == right.len()
                && left.iter().zip(&right).all(|((left_key, left), (right_key, right))| {
                    left_key.value == right_key.value && same(&left.value, &right.value, false)
                })
        }
        _ => left == right,
    }
}
