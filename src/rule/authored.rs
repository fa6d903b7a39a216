//! Text that authors wrote, and places in it.
//!
//! An [`AuthoredFile`] is one rule file, template or facts file with its path; a [`Span`] is a
//! byte range in it, and [`Located`] a value together with the span it was read from. Everything that a diagnostic points
//! at is one of these. Reading and checking is done elsewhere in this room.

use std::ops::Range;

use serde::Serialize;

/// A file that an author wrote: a rule, a template, a facts file.
#[derive(Debug)]
pub struct AuthoredFile {
    path: String,
    text: String,
}

impl AuthoredFile {
    /// Wraps the text of the file at `path`; the path is only shown, never opened. A byte order mark is left out, so that
    /// columns are those that an editor shows.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        let mut text = text.into();
        if text.starts_with('\u{feff}') {
            text.drain(..'\u{feff}'.len_utf8());
        }
        Self { path: path.into(), text }
    }

    /// The same file without what stands behind the line of a place: enough to point at that place.
    pub(crate) fn up_to_line_of(&self, span: Span) -> Self {
        let behind = self.text.as_bytes().get(span.end..).unwrap_or_default();
        let end = memchr::memchr(b'\n', behind).map_or(self.text.len(), |length| span.end + length + 1);
        let text = self.text.get(..end).unwrap_or(&self.text).to_owned();
        Self { path: self.path.clone(), text }
    }

    /// The path as it was given or found, with `/` between folders.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The line and column of a byte offset; an offset past the end is the end. Counts the lines before it: few places are
    /// ever shown, and most files are never asked for one.
    pub fn position(&self, offset: usize) -> Position {
        let offset = offset.min(self.text.len());
        let before = self.text.as_bytes().get(..offset).unwrap_or_default();
        let line = 1 + memchr::memchr_iter(b'\n', before).count();
        let start = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
        let column = self.text.get(start..offset).map_or(offset - start, |before| before.chars().count()) + 1;
        Position { line, column }
    }

    /// The byte offset of a 1-based line and 1-based column in characters; a place outside the text is its nearest end.
    pub fn offset(&self, line: usize, column: usize) -> usize {
        let mut starts = std::iter::once(0).chain(memchr::memchr_iter(b'\n', self.text.as_bytes()).map(|at| at + 1));
        let Some(start) = starts.nth(line.saturating_sub(1)) else {
            return self.text.len();
        };
        let rest = self.text.get(start..).unwrap_or_default();
        let within = rest.char_indices().nth(column.saturating_sub(1)).map_or(rest.len(), |(at, _)| at);
        start + within
    }

    /// The text of a span; empty when the span does not lie on character borders of this file.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.range()).unwrap_or_default()
    }
}

/// A place in an authored file, as editors show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Position {
    /// 1-based line.
    pub line: usize,
    /// 1-based column, counted in characters.
    pub column: usize,
}

/// A byte range in an authored file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Span {
    /// Byte offset of the first byte.
    pub start: usize,
    /// Byte offset after the last byte; equal to `start` for an empty place.
    pub end: usize,
}

impl Span {
    /// The span of a byte range.
    pub fn new(range: Range<usize>) -> Self {
        Self { start: range.start, end: range.end.max(range.start) }
    }

    /// The same as a range, to slice with.
    pub fn range(self) -> Range<usize> {
        self.start..self.end
    }
}

/// A value and the place where it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located<T> {
    /// What was read.
    pub value: T,
    /// Where it stands; for a scalar the raw text including quotes.
    pub span: Span,
}

impl<T> Located<T> {
    /// Puts a value at a place.
    pub fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }

    /// Changes the value and keeps the place.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Located<U> {
        Located { value: change(self.value), span: self.span }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_and_offsets_invert_them() {
        let file = AuthoredFile::new("a.yaml", "id: é x\nb\n");
        assert_eq!(file.position(6), Position { line: 1, column: 6 });
        assert_eq!(file.offset(1, 6), 6);
        assert_eq!(file.position(9), Position { line: 2, column: 1 });
        assert_eq!(file.offset(2, 1), 9);
        assert_eq!(file.position(999), Position { line: 3, column: 1 });
    }
}
