//! Edits that mend a diagnostic for certain.
//!
//! A [`Fix`] is data: a place in an authored file and what to write there. Whoever finds a mistake attaches one only where the result
//! cannot be another than the author meant. Only the marked bytes are replaced, so that comments and layout stay. Applying fixes to
//! files is done in `author::fix`; an editor offers the same ones as code actions.

use std::sync::Arc;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::rule::authored::{AuthoredFile, Span};

/// One edit of one file.
#[derive(Clone, Debug)]
pub struct Fix {
    /// What it does, in the imperative: "replace `severty` by `severity`".
    pub title: String,
    /// The file, as it was when the mistake was found.
    pub file: Arc<AuthoredFile>,
    /// The bytes that are replaced.
    pub span: Span,
    /// What stands there instead.
    pub replacement: String,
}

impl Fix {
    /// Replaces a place by another text.
    pub(crate) fn replace(
        file: &Arc<AuthoredFile>,
        span: Span,
        replacement: impl Into<String>,
        title: impl Into<String>,
    ) -> Self {
        Self { title: title.into(), file: Arc::clone(file), span, replacement: replacement.into() }
    }

    /// Removes the item at a position of a list, with what separates it from its neighbour. `None` where a comment would go with it,
    /// where items stand elsewhere, as aliases do, and for the only item.
    pub(crate) fn without_item(file: &Arc<AuthoredFile>, items: &[Span], at: usize, title: String) -> Option<Self> {
        let span = match at.checked_sub(1) {
            Some(before) => Span { start: items.get(before)?.end, end: items.get(at)?.end },
            None => Span { start: items.first()?.start, end: items.get(1)?.start },
        };
        let removed = file.text().get(span.range())?;
        (span.start < span.end && !removed.contains('#')).then(|| Self::replace(file, span, "", title))
    }

    /// Removes a key with its value, which take whole lines. `None` where they share a line with something else.
    pub(crate) fn without_entry(file: &Arc<AuthoredFile>, key: Span, value: Span, title: String) -> Option<Self> {
        let text = file.text();
        let start = text.get(..key.start)?.rfind('\n').map_or(0, |at| at + 1);
        let end = key.end.max(value.end);
        let rest = text.get(end..)?;
        let line_end = rest.find('\n').map_or(rest.len(), |at| at + 1);
        let alone = text.get(start..key.start)?.trim_matches(' ').is_empty() && rest.get(..line_end)?.trim().is_empty();
        let inner = text.get(key.start..end)?;
        let keeps_comments = !inner.contains(" #") && value.start >= key.end;
        (alone && keeps_comments).then(|| Self::replace(file, Span { start, end: end + line_end }, "", title))
    }
}

/// As `{title, file, line, column, end_line, end_column, replacement}`.
impl Serialize for Fix {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (start, end) = (self.file.position(self.span.start), self.file.position(self.span.end));
        let mut out = serializer.serialize_struct("Fix", 7)?;
        out.serialize_field("title", &self.title)?;
        out.serialize_field("file", self.file.path())?;
        out.serialize_field("line", &start.line)?;
        out.serialize_field("column", &start.column)?;
        out.serialize_field("end_line", &end.line)?;
        out.serialize_field("end_column", &end.column)?;
        out.serialize_field("replacement", &self.replacement)?;
        out.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Removes the item at a position from the list of the words given.
    fn without(text: &str, words: &[&str], at: usize) -> Option<String> {
        let file = Arc::new(AuthoredFile::new("x.yaml", text));
        let place = |word: &&str| text.find(word).map(|at| Span::new(at..at + word.len())).expect("there");
        let items: Vec<Span> = words.iter().map(place).collect();
        let fix = Fix::without_item(&file, &items, at, String::new())?;
        Some(format!("{}{}", &text[..fix.span.start], &text[fix.span.end..]))
    }

    #[test]
    fn an_item_goes_with_what_separates_it() {
        assert_eq!(without("a: [x, y, z]\n", &["x", "y", "z"], 0).as_deref(), Some("a: [y, z]\n"));
        assert_eq!(without("a: [x, y, z]\n", &["x", "y", "z"], 2).as_deref(), Some("a: [x, y]\n"));
        assert_eq!(without("a:\n  - x\n  - y # why\n", &["x", "y"], 0).as_deref(), Some("a:\n  - y # why\n"));
        assert_eq!(without("a:\n  - x\n  - y # why\n", &["x", "y"], 1).as_deref(), Some("a:\n  - x # why\n"));
        assert_eq!(without("a:\n  - x # why\n  - y\n", &["x", "y"], 1), None, "the comment belongs to another");
        assert_eq!(without("a: [x]\n", &["x"], 0), None);
    }

    #[test]
    fn an_entry_goes_with_its_lines() {
        let text = "a: 1\nb:\n  - x\nc: 2 # why\n";
        let file = Arc::new(AuthoredFile::new("x.yaml", text));
        let removed = |key: std::ops::Range<usize>, value: std::ops::Range<usize>| {
            Fix::without_entry(&file, Span::new(key), Span::new(value), String::new())
                .map(|fix| format!("{}{}", &text[..fix.span.start], &text[fix.span.end..]))
        };
        assert_eq!(removed(5..6, 10..13).as_deref(), Some("a: 1\nc: 2 # why\n"));
        assert_eq!(removed(14..15, 17..18), None, "a comment stands behind it");
    }
}
