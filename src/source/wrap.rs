//! Pasted lines that a mail program, a ticket system or a terminal broke, joined again.
//!
//! Nothing in the text says which breaks were its writer's. [`unwrapped`] looks at each paragraph, guesses from the length
//! of its lines, and returns what it may have been as further texts to match; the pasted text itself stays the first thing
//! to match. A paragraph ends at a blank line, and before a line that begins with a timestamp.
//!
//! Characters that were changed on the way are [`crate::source::tidy`]'s.

use std::ops::RangeInclusive;

use crate::source::record::Indentation;
use crate::source::timestamp;

/// Bytes of the longest text that is unwrapped: people paste less, and whole files are not wrapped by mail programs.
pub const WRAP_LIMIT: usize = 256 * 1024;

/// Characters of the longest line of a wrapped paragraph. Narrower text is a list or a table, wider than any terminal is a
/// log.
const WIDTHS: RangeInclusive<usize> = 30..=250;

/// What a paragraph may have been before it was wrapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unwrapped {
    /// The paragraph with its wraps joined; line breaks that look like its writer's are still there.
    pub text: Vec<u8>,
    /// Number of the paragraph's first line in the pasted text, counted from 1.
    pub first_line: u64,
}

/// Returns every paragraph in which a line break looks like a wrap, joined; two variants, between words and inside a word,
/// where both are possible. Nothing for a text longer than [`WRAP_LIMIT`].
///
/// A break is one between words when the next word would have made the line longer than the longest of the paragraph; it
/// becomes a space, and indentation or `>` quoting after it goes. It is one inside a word when all lines but the last are
/// equally long and none is longer; it goes without a trace.
pub fn unwrapped(text: &[u8]) -> Vec<Unwrapped> {
    let mut found = Vec::new();
    if text.len() > WRAP_LIMIT {
        return found;
    }
    let mut paragraph = Paragraph { lines: Vec::new(), first_line: 1 };
    for (line, number) in text.split(|&byte| byte == b'\n').zip(1..) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let is_blank = content(line).is_empty();
        if is_blank || paragraph.lines.is_empty() || timestamp::find(line).is_some() {
            found.extend(paragraph.variants());
            paragraph = Paragraph { lines: Vec::new(), first_line: number };
        }
        if !is_blank {
            paragraph.lines.push(line);
        }
    }
    found.extend(paragraph.variants());
    found
}

/// Consecutive lines that may have been one.
struct Paragraph<'t> {
    /// The lines, without their ends; none is blank.
    lines: Vec<&'t [u8]>,
    first_line: u64,
}

impl Paragraph<'_> {
    /// Returns what the paragraph may have been, if it looks wrapped.
    fn variants(&self) -> impl Iterator<Item = Unwrapped> {
        [self.joined_between_words(), self.joined_inside_words()]
            .into_iter()
            .flatten()
            .map(|text| Unwrapped { text, first_line: self.first_line })
    }

    /// Joins the breaks before which the next word found no room.
    fn joined_between_words(&self) -> Option<Vec<u8>> {
        let (first, others) = self.lines.split_first()?;
        let width = self.lines.iter().map(|line| characters(line.trim_ascii_end())).max()?;
        if others.is_empty() || !WIDTHS.contains(&width) {
            return None;
        }
        let mut text = first.to_vec();
        let mut last_length = characters(first.trim_ascii_end());
        let mut is_joined = false;
        for line in others {
            let content = content(line);
            let word = content.split(u8::is_ascii_whitespace).next().unwrap_or_default();
            if last_length + 1 + characters(word) > width {
                text.truncate(text.trim_ascii_end().len());
                text.push(b' ');
                text.extend_from_slice(content);
                is_joined = true;
            } else {
                text.push(b'\n');
                text.extend_from_slice(line);
            }
            last_length = characters(line.trim_ascii_end());
        }
        is_joined.then_some(text)
    }

    /// Joins all breaks, if all lines but the last fill the same width.
    fn joined_inside_words(&self) -> Option<Vec<u8>> {
        let (last, others) = self.lines.split_last()?;
        let width = characters(others.first()?);
        let fills = others.iter().all(|line| characters(line) == width) && characters(last) <= width;
        (fills && WIDTHS.contains(&width)).then(|| self.lines.concat())
    }
}

/// Returns a line without its indentation and the `>` marks of quoted mail.
fn content(line: &[u8]) -> &[u8] {
    let mut rest = &line[Indentation::of(line).bytes..];
    while let Some(quoted) = rest.strip_prefix(b">") {
        rest = &quoted[Indentation::of(quoted).bytes..];
    }
    rest
}

/// Counts characters; a sequence of bytes that is not UTF-8 counts as one.
fn characters(text: &[u8]) -> usize {
    text.utf8_chunks().map(|chunk| chunk.valid().chars().count() + usize::from(!chunk.invalid().is_empty())).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MESSAGE: &str = "Method add_customer calling failed. Reason:Could not provision customer 'John Doe' - \
                           the specified subdomain 'johndoe' is already in use";

    fn texts(text: &str) -> Vec<(String, u64)> {
        let found = unwrapped(text.as_bytes()).into_iter();
        found.map(|variant| (String::from_utf8(variant.text).unwrap(), variant.first_line)).collect()
    }

    /// Wraps as mail programs do.
    fn wrap(text: &str, width: usize, prefix: &str) -> String {
        let mut lines = vec![String::new()];
        for word in text.split(' ') {
            let last = lines.last_mut().unwrap();
            if last.is_empty() {
                last.push_str(word);
            } else if last.len() + 1 + word.len() <= width {
                last.push(' ');
                last.push_str(word);
            } else {
                lines.push(format!("{prefix}{word}"));
            }
        }
        lines.join("\n")
    }

    /// Cuts as terminals do.
    fn cut(text: &str, width: usize) -> String {
        let lines: Vec<_> = text.as_bytes().chunks(width).map(|line| str::from_utf8(line).unwrap()).collect();
        lines.join("\r\n")
    }

    #[test]
    fn wrapped_words_are_joined_by_a_space_and_lose_their_quoting() {
        for prefix in ["", "    ", "> ", "> > ", "\u{a0}"] {
            let pasted = format!("Hello,\n\n{}\n\nBye", wrap(MESSAGE, 50, prefix));
            assert_eq!(texts(&pasted)[0], (MESSAGE.to_string(), 3), "{prefix:?}");
        }
    }

    #[test]
    fn lines_cut_at_a_width_are_joined_by_nothing() {
        let found = texts(&cut(MESSAGE, 40));
        assert_eq!(found.len(), 2);
        assert_eq!(found[1], (MESSAGE.to_string(), 1));
    }

    #[test]
    fn two_lines_are_read_both_ways() {
        let pasted = format!("{}\nsub\n", "a".repeat(40));
        let joined = |by: &str| (format!("{}{by}sub", "a".repeat(40)), 1);
        assert_eq!(texts(&pasted), [joined(" "), joined("")]);
    }

    #[test]
    fn a_break_with_room_for_the_next_word_stays() {
        let text = format!("short\n{}\nnext word\n  at last", "word ".repeat(10).trim_end());
        let joined = format!("short\n{} next word\n  at last", "word ".repeat(10).trim_end());
        assert_eq!(texts(&text), [(joined, 1)]);
    }

    #[test]
    fn a_line_with_a_timestamp_joins_nothing_before_it() {
        let line = format!("2024-05-06 07:08:09 {}", "x".repeat(40));
        assert_eq!(texts(&format!("{line}\n{line}\n{line}")), []);
        let found = texts(&format!("{line}\nyy\n{line}\nzz"));
        assert_eq!(found[0], (format!("{line} yy"), 1));
        assert_eq!(found[2], (format!("{line} zz"), 3));
    }

    #[test]
    fn narrow_wide_and_huge_texts_are_left_alone() {
        assert_eq!(texts("a b c\nd e f\n"), []);
        assert_eq!(texts(&format!("{}\nb", "a".repeat(251))), []);
        assert_eq!(texts(&format!("{}\nb{}", "a".repeat(60), "\n".repeat(WRAP_LIMIT))), []);
    }

    proptest! {
        #[test]
        fn what_was_wrapped_comes_back(words in prop::collection::vec("[a-z'.]{1,12}", 20..40), width in 45usize..120) {
            let text = words.join(" ");
            prop_assume!(text.len() > width);
            let found = texts(&wrap(&text, width, ""));
            prop_assert_eq!(&found[0].0, &text);
            let found = texts(&cut(&text, width));
            prop_assert_eq!(&found.last().unwrap().0, &text);
        }

        #[test]
        fn nothing_but_spaces_and_quoting_is_lost(text in "[a-z >\t\r\n\u{a0}\u{e9}]{0,300}") {
            let letters = |text: &str| text.chars().filter(|c| c.is_alphabetic()).collect::<String>();
            for (found, line) in texts(&text) {
                prop_assert!(letters(&text).contains(&letters(&found)));
                prop_assert!(line >= 1 && line as usize <= text.split('\n').count());
            }
        }
    }
}
