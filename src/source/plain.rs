//! The text of a record as its writer meant it: without terminal control sequences.
//!
//! Escape sequences follow ECMA-48: CSI (colours, cursor), the string sequences OSC, DCS, SOS, PM and APC (titles, links),
//! character set selections and two-byte escapes. They go first, then carriage returns, so that a colour before a line end
//! hides no CR. A sequence that is malformed or has no end loses only what introduces it: nothing a person would have read.
//!
//! Line ends as Windows writes them keep `$` from matching, and [`crate::source::tidy::marks`] does not report them: a
//! caller passes every candidate record through [`plain`]. Untidy characters are [`crate::source::tidy`]'s.

use std::borrow::Cow;

use memchr::{memchr, memchr2, memchr3, memrchr};

/// What begins every escape sequence.
pub(super) const ESCAPE: u8 = 0x1B;

/// What ends a string sequence for xterm; the standard's own end is ESC `\`.
const BELL: u8 = 0x07;

/// Returns a record without terminal escape sequences and carriage returns; of a line that was written over, as progress
/// bars are, only what was written last. Borrowed when that is a part of the record as it is.
pub fn plain(record: &[u8]) -> Cow<'_, [u8]> {
    let Some(first) = memchr2(ESCAPE, b'\r', record) else {
        return Cow::Borrowed(record);
    };
    match memchr(ESCAPE, &record[first..]) {
        Some(escape) => match without_returns(&without_escapes(record, first + escape)) {
            Cow::Borrowed(text) => Cow::Owned(text.to_vec()),
            Cow::Owned(text) => Cow::Owned(text),
        },
        None => without_returns(record),
    }
}

/// Removes escape sequences, the first of which stands at `first`.
pub(super) fn without_escapes(text: &[u8], first: usize) -> Vec<u8> {
    let mut kept = Vec::with_capacity(text.len());
    kept.extend_from_slice(&text[..first]);
    let mut rest = &text[first..];
    while !rest.is_empty() {
        rest = &rest[escape_length(rest)..];
        let next = memchr(ESCAPE, rest).unwrap_or(rest.len());
        kept.extend_from_slice(&rest[..next]);
        rest = &rest[next..];
    }
    kept
}

/// Returns how many bytes to remove of text that begins with ESC.
pub(super) fn escape_length(text: &[u8]) -> usize {
    let length = match text.get(1) {
        Some(b'[') => {
            let parameters = count(&text[2..], 0x30..=0x3F);
            let end = 2 + parameters + count(&text[2 + parameters..], 0x20..=0x2F);
            is_in(text, end, 0x40..=0x7E).then_some(end + 1)
        }
        Some(b']' | b'P' | b'X' | b'^' | b'_') => string_length(text),
        Some(0x20..=0x2F) => {
            let end = 1 + count(&text[1..], 0x20..=0x2F);
            return if is_in(text, end, 0x30..=0x7E) { end + 1 } else { 1 };
        }
        Some(0x30..=0x7E) => None,
        _ => return 1,
    };
    length.unwrap_or(2)
}

/// Returns the length of a string sequence, or `None` when the line ends or another sequence begins before its end.
fn string_length(text: &[u8]) -> Option<usize> {
    let end = 2 + memchr3(BELL, ESCAPE, b'\n', &text[2..])?;
    match (text[end], text.get(end + 1)) {
        (BELL, _) => Some(end + 1),
        (ESCAPE, Some(b'\\')) => Some(end + 2),
        _ => None,
    }
}

/// Counts the bytes at the beginning of `text` that lie in `range`.
fn count(text: &[u8], range: std::ops::RangeInclusive<u8>) -> usize {
    text.iter().take_while(|byte| range.contains(byte)).count()
}

/// Returns whether there is a byte at `at` and it lies in `range`.
fn is_in(text: &[u8], at: usize, range: std::ops::RangeInclusive<u8>) -> bool {
    text.get(at).is_some_and(|byte| range.contains(byte))
}

/// Removes carriage returns from every line, with all that stands before the last one inside the line.
fn without_returns(text: &[u8]) -> Cow<'_, [u8]> {
    if memchr(b'\n', text).is_none() {
        return Cow::Borrowed(last_writing(text));
    }
    let mut kept = Vec::with_capacity(text.len());
    for (number, line) in text.split(|&byte| byte == b'\n').enumerate() {
        if number > 0 {
            kept.push(b'\n');
        }
        kept.extend_from_slice(last_writing(line));
    }
    Cow::Owned(kept)
}

/// Returns what a line showed at last: what follows its last carriage return, those at its end aside.
fn last_writing(line: &[u8]) -> &[u8] {
    let end = line.iter().rposition(|&byte| byte != b'\r').map_or(0, |last| last + 1);
    let line = &line[..end];
    &line[memrchr(b'\r', line).map_or(0, |last| last + 1)..]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(text: &str) -> String {
        String::from_utf8(plain(text.as_bytes()).into_owned()).unwrap()
    }

    #[test]
    fn text_without_controls_is_borrowed_and_so_is_a_part_of_it() {
        assert!(matches!(plain(b"a\nb"), Cow::Borrowed(b"a\nb")));
        assert!(matches!(plain(b"a b\r"), Cow::Borrowed(b"a b")));
        assert!(matches!(plain(b"10%\r20%\r\r"), Cow::Borrowed(b"20%")));
    }

    #[test]
    fn colours_titles_links_and_character_sets_go() {
        assert_eq!(shown("\x1b[31mred\x1b[0m \x1b[38;5;12mblue\x1b[m\x1b[K!"), "red blue!");
        assert_eq!(shown("\x1b]0;title\x07a \x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\"), "a link");
        assert_eq!(shown("\x1b(Ba\x1b7b\x1bMc\x1b[?25l\x1bP1$r0m\x1b\\d"), "abcd");
    }

    #[test]
    fn a_malformed_or_unterminated_escape_swallows_nothing_else() {
        assert_eq!(shown("\x1b[12\u{e9}rror"), "12\u{e9}rror");
        assert_eq!(shown("\x1b]0;title without end\nnext\x07"), "0;title without end\nnext\x07");
        assert_eq!(shown("\x1b]0;title \x1b[1mbold"), "0;title bold");
        assert_eq!(shown("a\x1b"), "a");
        assert_eq!(shown("a\x1b["), "a");
        assert_eq!(shown("a\x1b\u{e9}\x1b\nb"), "a\u{e9}\nb");
        assert_eq!(shown("\x1b\x1b[1mx"), "x");
    }

    #[test]
    fn of_a_progress_line_the_last_writing_stays_and_line_ends_lose_their_returns() {
        assert_eq!(shown("10%\r20%\r30%\r\nnext\r\nlast\r"), "30%\nnext\nlast");
        assert_eq!(shown("10%\r\x1b[K20%\x1b[0m\r\x1b[0m\nnext"), "20%\nnext");
    }

    proptest! {
        #[test]
        fn no_control_is_left_and_no_line_lost(text in "[\\x1b\\r\n\\[\\]0;mK\\x07\\\\a\u{e9}(B]{0,40}") {
            let got = plain(text.as_bytes());
            prop_assert!(memchr2(ESCAPE, b'\r', &got).is_none());
            prop_assert_eq!(memchr::memchr_iter(b'\n', &got).count(), text.matches('\n').count());
        }
    }
}
