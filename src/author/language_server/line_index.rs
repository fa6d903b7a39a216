//! From an editor's line and column to a byte of the text, and back.
//!
//! Editors count columns in UTF-16 units unless both sides agree on bytes. A byte order mark that the client keeps in its text is a
//! character of the first line for it, and left out of authored texts; the index takes care of that. Every place beyond the text is
//! its nearest end, and a place inside a character its start.

/// What an editor's columns count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-16 units: what every client understands.
    #[default]
    Utf16,
    /// Bytes.
    Utf8,
}

/// A place as an editor says it: both count from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineColumn {
    /// The line.
    pub line: u32,
    /// The column, in units of the [`Encoding`].
    pub column: u32,
}

/// Where the lines of a text begin.
#[derive(Debug)]
pub struct LineIndex<'t> {
    text: &'t str,
    starts: Vec<usize>,
    encoding: Encoding,
    /// Bytes of the byte order mark.
    mark: usize,
}

impl<'t> LineIndex<'t> {
    /// Looks for the lines of a text as the client has it. Cost: one pass over the text.
    pub fn new(text: &'t str, encoding: Encoding) -> Self {
        let bytes = text.as_bytes();
        let ends = memchr::memchr2_iter(b'\n', b'\r', bytes);
        let begins = ends.filter(|&at| bytes[at] == b'\n' || bytes.get(at + 1) != Some(&b'\n')).map(|at| at + 1);
        let starts = std::iter::once(0).chain(begins).collect();
        let mark = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        Self { text, starts, encoding, mark }
    }

    /// The byte of a place, in the text without its byte order mark.
    pub fn offset(&self, place: LineColumn) -> usize {
        self.raw_offset(place).saturating_sub(self.mark)
    }

    /// The byte of a place, in the text as the client has it.
    pub fn raw_offset(&self, place: LineColumn) -> usize {
        let line = place.line as usize;
        let Some(&start) = self.starts.get(line) else { return self.text.len() };
        let end = self.starts.get(line + 1).copied().unwrap_or(self.text.len());
        let text = self.text.get(start..end).unwrap_or_default().trim_end_matches(['\n', '\r']);
        let wanted = place.column as usize;
        let mut units = 0;
        for (at, character) in text.char_indices() {
            units += self.units(character);
            if units > wanted {
                return start + at;
            }
        }
        start + text.len()
    }

    /// The place of a byte of the text without its byte order mark.
    pub fn place(&self, offset: usize) -> LineColumn {
        let offset = (offset + self.mark).min(self.text.len());
        let line = self.starts.partition_point(|&start| start <= offset).saturating_sub(1);
        let start = self.starts.get(line).copied().unwrap_or(0);
        let inside = |(at, _): &(usize, char)| start + at < offset;
        let before = self.text.get(start..).unwrap_or_default().char_indices().take_while(inside);
        let whole = before.filter(|(at, character)| start + at + character.len_utf8() <= offset);
        let column: usize = whole.map(|(_, character)| self.units(character)).sum();
        LineColumn { line: number(line), column: number(column) }
    }

    fn units(&self, character: char) -> usize {
        match self.encoding {
            Encoding::Utf16 => character.len_utf16(),
            Encoding::Utf8 => character.len_utf8(),
        }
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(line: u32, column: u32) -> LineColumn {
        LineColumn { line, column }
    }

    #[test]
    fn columns_are_utf16_units_or_bytes_as_agreed() {
        let text = "a😀é b\nx";
        let utf16 = LineIndex::new(text, Encoding::Utf16);
        assert_eq!(utf16.offset(at(0, 3)), 5, "an emoji is two units");
        assert_eq!(utf16.place(5), at(0, 3));
        assert_eq!(utf16.place(7), at(0, 4));
        let utf8 = LineIndex::new(text, Encoding::Utf8);
        assert_eq!(utf8.offset(at(0, 5)), 5);
        assert_eq!(utf8.place(7), at(0, 7));
        for (at, _) in text.char_indices() {
            assert_eq!(utf16.offset(utf16.place(at)), at);
            assert_eq!(utf8.offset(utf8.place(at)), at);
        }
    }

    #[test]
    fn inside_of_a_character_is_its_start() {
        let utf16 = LineIndex::new("a😀b", Encoding::Utf16);
        assert_eq!(utf16.offset(at(0, 2)), 1, "between the two surrogates");
        assert_eq!(utf16.place(3), at(0, 1));
        let utf8 = LineIndex::new("a😀b", Encoding::Utf8);
        assert_eq!(utf8.offset(at(0, 3)), 1);
    }

    #[test]
    fn lines_end_as_the_protocol_says_and_ends_are_never_passed() {
        let text = "ab\r\ncd\re\n";
        let index = LineIndex::new(text, Encoding::Utf16);
        assert_eq!(index.offset(at(0, 99)), 2, "before the line break");
        assert_eq!(index.offset(at(1, 1)), 5);
        assert_eq!(index.offset(at(2, 0)), 7);
        assert_eq!(index.place(8), at(2, 1));
        assert_eq!(index.place(9), at(3, 0));
        assert_eq!(index.offset(at(99, 99)), text.len());
        assert_eq!(index.place(999), at(3, 0));
        assert_eq!(LineIndex::new("", Encoding::Utf16).offset(at(5, 5)), 0);
    }

    #[test]
    fn a_byte_order_mark_is_a_unit_of_the_client_and_no_byte_of_ours() {
        let index = LineIndex::new("\u{feff}id: é\nx", Encoding::Utf16);
        assert_eq!(index.offset(at(0, 1)), 0);
        assert_eq!(index.offset(at(0, 0)), 0);
        assert_eq!(index.place(0), at(0, 1));
        assert_eq!(index.place(4), at(0, 5));
        assert_eq!(index.offset(at(1, 0)), 7);
        assert_eq!(index.place(7), at(1, 0));
    }
}
