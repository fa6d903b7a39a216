//! Where records begin and end in text.
//!
//! [`Framing`] says how lines make records. `Pieces` walks a `RecordText` forward and knows the rules: which line begins a
//! record, which continues it, and where a record that exceeds its [`RecordLimits`] is cut. `RecordText::certain_start` is its counterpart for walking backward: it names the lines that begin a record
//! whatever stands before them, so that a walk may start there.
//!
//! Every byte of a text belongs to exactly one record or piece of one. Reading text in blocks and finding the record at a
//! position is the business of [`crate::source::block`]; where headers stand is that of [`crate::source::header`], what a
//! stack trace looks like that of `trace`.

use std::mem;
use std::ops::Range;

use memchr::{memchr, memrchr};

use crate::source::framing::Framing;
use crate::source::plain::escape_length;
use crate::source::tidy::first_character;
use crate::source::trace::{Line, Trace};
use crate::source::transport::Origins;

/// Bytes of a line that decide whether it begins a record: 24 columns of up to 4 bytes and the longest timestamp fit, and
/// so does the padding of a table cell. It bounds the look-ahead that a block reader needs.
pub(super) const HEAD_BYTES: usize = 256;

/// Columns from one tab stop to the next.
const TAB_COLUMNS: usize = 8;

/// Bytes that a cut may move back so as not to split a UTF-8 character.
const CHARACTER_SLACK: usize = 3;

/// How long a record may be before it is cut. Zero counts as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordLimits {
    /// Lines of a record.
    pub lines: usize,
    /// Bytes of a record, its last newline not counted.
    pub bytes: usize,
    /// Bytes of a line; a line may be longer than [`RecordLimits::bytes`], it is then a record of its own. Less than those
    /// counts as those.
    pub line_bytes: usize,
    /// Bytes of a piece of a cut record that are matched again with the next piece, so that a match over the cut is found.
    /// More than half of [`RecordLimits::bytes`] counts as half.
    pub overlap: usize,
}

impl RecordLimits {
    /// Makes limits that a text can be cut by.
    pub(super) fn sound(self) -> Self {
        let bytes = self.bytes.max(1);
        Self {
            lines: self.lines.max(1),
            bytes,
            line_bytes: self.line_bytes.max(bytes),
            overlap: self.overlap.min(bytes / 2),
        }
    }
}

impl Default for RecordLimits {
    /// 1,000 lines and 256 KiB: longer than any stack trace that people read, short enough to hold many in memory. A line of
    /// 1 MiB, a document in JSON, is matched as a whole. Pieces overlap by 32 KiB: more than a message and its stack trace.
    fn default() -> Self {
        Self { lines: 1000, bytes: 256 * 1024, line_bytes: 1024 * 1024, overlap: 32 * 1024 }
    }
}

/// Where a record, or a piece of one that was cut, lies in a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordSpan {
    /// Bytes within the block, without the newline that ends the record. A CR before that newline is still there.
    pub range: Range<usize>,
    /// Where the next record or piece begins: behind the newline, or at the end of the range when a line was cut.
    pub next: usize,
    /// Whether the record was longer than its limits, and this is only a piece of it.
    pub cut: bool,
    /// Whether it is a further piece: its record began before it.
    pub continues: bool,
    /// Where the piece before it begins, if that is in the same block.
    pub(super) previous: usize,
}

/// What a text begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opening {
    /// A record.
    Record,
    /// The further piece of a record that was cut, perhaps inside a line.
    Piece {
        /// The record as far as it was read, the line with which the piece begins included.
        trace: Trace,
    },
}

impl Opening {
    /// What the line is in which a further piece begins.
    pub fn first_line(self) -> Option<Line> {
        match self {
            Self::Record => None,
            Self::Piece { trace } => Some(trace.last()),
        }
    }
}

/// A stretch of text that is a record or a piece of one, with its trailing newline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// Whether the record began before this piece.
    pub continues: bool,
    /// What follows this piece; [`Opening::Piece`] when it was cut here.
    pub next: Opening,
    /// Where the piece before it begins, if it continues one that is known; else where it begins itself.
    pub previous: usize,
}

/// A stretch of a source with what is known of its records.
#[derive(Debug, Clone, Copy)]
pub(super) struct RecordText<'t> {
    /// The text; it begins at the beginning of a record or piece.
    pub bytes: &'t [u8],
    /// How its lines make records.
    pub framing: Framing<'t>,
    /// How long a record may be.
    pub limits: RecordLimits,
    /// Whether the text ends at a cut inside a line. Such a cut is made only in a line that is too long for a record of its
    /// own, so that the rest of the line, which is not there to be measured, belongs to it all the same.
    pub ends_inside_line: bool,
    /// Whether no line but the first is known to begin a record, so that none needs to be looked at.
    pub is_one_record: bool,
    /// Where the text comes from: a transport may say what is a record.
    pub origins: &'t Origins,
    /// What the first line is, where it began before the text.
    pub first_line: Option<Line>,
}

impl<'t> RecordText<'t> {
    /// Takes a text of which nothing else is known.
    pub fn new(bytes: &'t [u8], framing: Framing<'t>, limits: RecordLimits) -> Self {
        static NOT_PEELED: Origins = Origins::new();
        Self {
            bytes,
            framing,
            limits: limits.sound(),
            ends_inside_line: false,
            is_one_record: false,
            origins: &NOT_PEELED,
            first_line: None,
        }
    }

    /// Walks forward from byte `at`, which begins what `opening` says.
    pub fn pieces(self, at: usize, opening: Opening) -> Pieces<'t> {
        Pieces { text: self, at, opening, previous: at }
    }

    /// Returns whether the line at `at`, which is not the first, begins a record whatever stands before it.
    ///
    /// In text with headers every beginning of a record is certain. Otherwise one is that, after the line before it, can
    /// continue nothing.
    pub fn certain_start(self, at: usize) -> bool {
        if self.is_one_record {
            return false;
        }
        if let Some(begins) = self.origins.begins_record(at) {
            return begins;
        }
        match self.framing {
            Framing::Headed(headers) => headers.begins_record(self.head(at)),
            Framing::Stated(lines) => lines.begins_record(self.head(at)),
            Framing::Lines => !self.line(at).may_continue(self.line_before(at)),
        }
    }

    /// Returns where the line that holds byte `at` begins.
    pub fn line_start(self, at: usize) -> usize {
        memrchr(b'\n', &self.bytes[..at]).map_or(0, |newline| newline + 1)
    }

    /// Returns whether the line at `at` begins a record; else `trace`, the record so far, takes it.
    fn begins_record(self, at: usize, trace: &mut Trace) -> bool {
        if self.is_one_record {
            return false;
        }
        if let Some(begins) = self.origins.begins_record(at) {
            return begins;
        }
        match self.framing {
            Framing::Headed(headers) => headers.begins_record(self.head(at)),
            Framing::Stated(lines) => lines.begins_record(self.head(at)),
            Framing::Lines => !trace.take(self.line(at)),
        }
    }

    /// Begins a record with the line at `at`.
    fn trace(self, at: usize) -> Trace {
        match self.framing {
            Framing::Headed(_) | Framing::Stated(_) => Trace::default(),
            Framing::Lines => Trace::begin(self.line(at)),
        }
    }

    /// Looks at the line at `at`.
    fn line(self, at: usize) -> Line {
        let head = self.head(at);
        Line::of(head, self.bytes.get(at + head.len()) == Some(&b'\n'))
    }

    /// Looks at the line that ends before `at`.
    fn line_before(self, at: usize) -> Line {
        let start = self.line_start(at.saturating_sub(1));
        self.first_line.filter(|_| start == 0).unwrap_or_else(|| self.line(start))
    }

    /// Returns the first bytes of the line at `at`, as many as decide whether it begins a record, without its newline.
    pub fn head(self, at: usize) -> &'t [u8] {
        // Fewer than a piece has that is cut inside its first line, so that the decision is the same before and after the
        // cut.
        let length = self.limits.bytes.saturating_sub(CHARACTER_SLACK).clamp(1, HEAD_BYTES);
        let head = &self.bytes[at..self.bytes.len().min(at + length)];
        &head[..memchr(b'\n', head).unwrap_or(head.len())]
    }

    /// Returns where a piece ends that begins at `start` and may have no more than its limits, and whether that is a cut.
    /// `trace` has taken the first line, and takes the others.
    fn end_of_piece(self, start: usize, trace: &mut Trace) -> (usize, bool) {
        let (bytes, limit) = (self.bytes, start.saturating_add(self.limits.bytes));
        let mut at = start;
        for lines in 0.. {
            if lines == self.limits.lines || at > limit {
                return (at, true);
            }
            let reach = if lines == 0 { start.saturating_add(self.limits.line_bytes) } else { limit };
            let window = &bytes[at..bytes.len().min(reach.saturating_add(1))];
            match memchr(b'\n', window) {
                Some(newline) => at += newline + 1,
                None if bytes.len() <= reach && !(self.ends_inside_line && lines > 0) => return (bytes.len(), false),
                None if lines > 0 => return (at, true),
                None => return (character_start(bytes, start, reach), true),
            }
            if at == bytes.len() || self.begins_record(at, trace) {
                break;
            }
        }
        (at, false)
    }
}

/// Walks the records of a text forward, from a place where a record or a piece is known to begin. Made by
/// [`RecordText::pieces`].
#[derive(Debug, Clone)]
pub(super) struct Pieces<'t> {
    text: RecordText<'t>,
    at: usize,
    opening: Opening,
    previous: usize,
}

impl Iterator for Pieces<'_> {
    type Item = Piece;

    fn next(&mut self) -> Option<Piece> {
        let start = self.at;
        if start >= self.text.bytes.len() {
            return None;
        }
        let mut trace = match self.opening {
            Opening::Piece { trace } => trace,
            Opening::Record => self.text.trace(start),
        };
        let (end, cut) = self.text.end_of_piece(start, &mut trace);
        let next = if cut { Opening::Piece { trace } } else { Opening::Record };
        let continues = self.opening != Opening::Record;
        let previous = if continues { mem::replace(&mut self.previous, start) } else { start };
        self.previous = start;
        (self.at, self.opening) = (end, next);
        Some(Piece { start, end, continues, next, previous })
    }
}

/// Returns where the overlap begins that is matched again with the piece at `at`: no more than `overlap` bytes before it, not
/// before the piece at `previous`, at the beginning of a line if one is near.
pub(super) fn overlap_start(text: &[u8], previous: usize, at: usize, overlap: usize) -> usize {
    let earliest = at.saturating_sub(overlap);
    if earliest <= previous {
        return previous.min(at);
    }
    let near = &text[earliest..at - overlap / 2];
    match memchr(b'\n', near) {
        Some(newline) => earliest + newline + 1,
        None => (earliest..at).find(|start| text[*start] & 0xC0 != 0x80).unwrap_or(earliest),
    }
}

/// Returns the last beginning of a character at or before `limit` and after `start`; `limit` itself in text that is not
/// UTF-8.
fn character_start(text: &[u8], start: usize, limit: usize) -> usize {
    let is_continuation = |at: usize| text.get(at).is_some_and(|byte| byte & 0xC0 == 0x80);
    (limit.saturating_sub(CHARACTER_SLACK).max(start + 1)..=limit)
        .rev()
        .find(|&at| !is_continuation(at))
        .unwrap_or(limit)
}

/// The white space that a line begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Indentation {
    /// Its width: a tab reaches to the next multiple of 8, any other space is 1 wide, the lone byte `A0` of Latin-1
    /// included. A carriage return leads back to column 0, colours take no room.
    pub columns: usize,
    /// Its length.
    pub bytes: usize,
    /// Whether nothing else stands in the line.
    pub blank: bool,
}

impl Indentation {
    /// Measures the indentation of a line without its newline.
    pub fn of(line: &[u8]) -> Self {
        let (mut columns, mut bytes) = (0, 0);
        while let Some(&byte) = line.get(bytes) {
            let (width, length) = match byte {
                b' ' => (1, 1),
                b'\t' => (TAB_COLUMNS - columns % TAB_COLUMNS, 1),
                b'\r' => {
                    columns = 0;
                    (0, 1)
                }
                0x0B | 0x0C => (0, 1),
                0x1B => (0, escape_length(&line[bytes..])),
                0x00..=0x7F => break,
                _ => match first_character(&line[bytes..]) {
                    Some(character) if character.is_whitespace() => (1, character.len_utf8()),
                    None if byte == 0xA0 => (1, 1),
                    _ => break,
                },
            };
            columns += width;
            bytes += length;
        }
        Self { columns, bytes, blank: bytes == line.len() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records<'t>(text: &'t str, framing: Framing<'t>, limits: RecordLimits) -> Vec<(&'t str, bool)> {
        RecordText::new(text.as_bytes(), framing, limits)
            .pieces(0, Opening::Record)
            .map(|piece| (&text[piece.start..piece.end], piece.continues || piece.next != Opening::Record))
            .collect()
    }

    fn texts<'t>(text: &'t str, framing: Framing<'t>) -> Vec<&'t str> {
        records(text, framing, RecordLimits::default()).into_iter().map(|(text, _)| text).collect()
    }

    #[test]
    fn lines_without_a_stamp_continue_the_stamped_line() {
        let text = "banner\n\n2024-05-06 07:08:09 a\n  at b\n\nCaused by: c\n2024-05-06 07:08:10 d";
        assert_eq!(
            texts(text, Framing::detect(text.as_bytes())),
            ["banner\n\n", "2024-05-06 07:08:09 a\n  at b\n\nCaused by: c\n", "2024-05-06 07:08:10 d"]
        );
    }

    #[test]
    fn deeper_lines_continue_a_line_and_blank_lines_end_it() {
        assert_eq!(
            texts("a\n  b\n c\nd\n\n  e\n   f\n  g\n h\n  i\n", Framing::Lines),
            ["a\n  b\n c\n", "d\n", "\n", "  e\n   f\n", "  g\n", " h\n  i\n"]
        );
    }

    #[test]
    fn indentation_counts_columns_of_every_kind_of_space() {
        let columns = |line: &[u8]| Indentation::of(line).columns;
        assert_eq!(columns(b"  x"), 2);
        assert_eq!(columns(b"  \tx"), 8);
        assert_eq!(columns(b"\t x"), 9);
        assert_eq!(columns(" \u{a0}\u{3000}\u{2003}x".as_bytes()), 4);
        assert_eq!(columns(b"\xA0\xA0x"), 2);
        assert_eq!(columns("\u{e0}x".as_bytes()), 0);
        assert_eq!(columns(b"\x1b[31m  \x1b[0m x"), 3);
        assert!(Indentation::of(b" \xC2\xA0\t\r").blank);
    }

    #[test]
    fn a_record_is_cut_at_a_line_end_if_there_is_one() {
        let limits = RecordLimits { lines: 2, bytes: 10, line_bytes: 10, overlap: 0 };
        assert_eq!(
            records("a\n b\n c\n d\n e\nf\n", Framing::Lines, limits),
            [("a\n b\n", true), (" c\n d\n", true), (" e\n", true), ("f\n", false)]
        );
        assert_eq!(
            records("abcdef\n ghij\nk\n", Framing::Lines, limits),
            [("abcdef\n", true), (" ghij\n", true), ("k\n", false)]
        );
        assert_eq!(
            records("0123456789\n0123456789a\n b\n", Framing::Lines, limits),
            [("0123456789\n", false), ("0123456789", true), ("a\n b\n", true)]
        );
        assert_eq!(records("012345678\u{e9}x", Framing::Lines, limits), [("012345678", true), ("\u{e9}x", true)]);
    }

    #[test]
    fn a_record_that_ends_exactly_at_its_limit_is_not_cut() {
        let limits = RecordLimits { lines: 2, bytes: 6, line_bytes: 6, overlap: 0 };
        assert_eq!(records("a\n b\nc\n", Framing::Lines, limits), [("a\n b\n", false), ("c\n", false)]);
        assert_eq!(records("abc\n d\ne\n", Framing::Lines, limits), [("abc\n d\n", false), ("e\n", false)]);
    }
}
