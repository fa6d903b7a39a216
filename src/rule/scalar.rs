//! From an offset in a scalar's value to the offset in the file.
//!
//! A regex error says "byte 17 of the pattern"; the author's pattern may stand in single quotes with doubled quotes, in
//! double quotes with escapes, or in an indented block. [`Offsets`] replays how YAML turned the raw text into the value,
//! remembering for each byte of the value where it came from. When the replay does not give the value (a rare corner of
//! YAML), every offset maps to the whole scalar: a vague place is better than a wrong one.

use crate::rule::authored::{AuthoredFile, Located, Span};

/// Where each byte of a scalar's value stands in the file.
#[derive(Debug)]
pub struct Offsets {
    /// File offset of each byte of the value, and of its end; `None` when the raw text could not be followed.
    of_byte: Option<Vec<usize>>,
    whole: Span,
}

impl Offsets {
    /// Follows the scalar that was read as `scalar.value` from `scalar.span` of the file.
    pub fn of(file: &AuthoredFile, scalar: &Located<String>) -> Self {
        let raw = file.slice(scalar.span);
        let decoded = match raw.as_bytes().first() {
            Some(b'\'') => single_quoted(raw),
            Some(b'"') => double_quoted(raw),
            _ => match block_indicator(file.text(), scalar.span.start) {
                Some(indicator) => block(file.text(), scalar, indicator == '>'),
                None => Some(plain(raw)),
            },
        };
        let of_byte = decoded.filter(|pairs| same_text(pairs, &scalar.value)).map(|pairs| {
            let start = scalar.span.start;
            let mut of_byte: Vec<usize> = pairs.iter().map(|&(_, at)| start + at).collect();
            of_byte.truncate(scalar.value.len());
            let end = of_byte.last().map_or(scalar.span.start, |&last| last + 1);
            of_byte.push(end);
            of_byte
        });
        Self { of_byte, whole: scalar.span }
    }

    /// For a text that is a file of its own: every offset is itself.
    pub fn verbatim(text: &Located<String>) -> Self {
        Self { of_byte: Some((0..=text.value.len()).collect()), whole: text.span }
    }

    /// The span in the file of a byte range of the value.
    pub fn span(&self, range: std::ops::Range<usize>) -> Span {
        let Some(of_byte) = &self.of_byte else {
            return self.whole;
        };
        let last = of_byte.len() - 1;
        let start = of_byte[range.start.min(last)];
        let range_end = range.end.min(last); // template errors may lie one behind the end
        let end = if range_end > range.start { of_byte[range_end - 1] + 1 } else { start };
        Span::new(start..end)
    }
}

/// Bytes of the value, each with its offset in the raw text.
type Pairs = Vec<(u8, usize)>;

/// Equal up to trailing line breaks, which a block's span leaves out.
fn same_text(pairs: &Pairs, value: &str) -> bool {
    let bytes: Vec<u8> = pairs.iter().map(|&(byte, _)| byte).collect();
    let trim = |text: &[u8]| text.iter().rposition(|&byte| byte != b'\n').map_or(0, |at| at + 1);
    bytes[..trim(&bytes)] == value.as_bytes()[..trim(value.as_bytes())]
}

fn push(pairs: &mut Pairs, text: &str, at: usize) {
    pairs.extend(text.bytes().enumerate().map(|(i, byte)| (byte, at + i)));
}

/// Folds a line break as quoted and plain scalars do: one break is a space, each further one a line feed.
/// Returns the offset of the next text.
fn fold(raw: &str, at: usize, pairs: &mut Pairs) -> usize {
    while pairs.last().is_some_and(|&(byte, _)| byte == b' ' || byte == b'\t') {
        pairs.pop();
    }
    let rest = &raw[at..];
    let blank = rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
    match rest[..blank].matches('\n').count() {
        0 | 1 => pairs.push((b' ', at)),
        breaks => pairs.extend(std::iter::repeat_n((b'\n', at), breaks - 1)),
    }
    at + blank
}

fn plain(raw: &str) -> Pairs {
    let mut pairs = Vec::new();
    let mut at = 0;
    while let Some(character) = raw[at..].chars().next() {
        if character == '\n' {
            at = fold(raw, at, &mut pairs);
        } else {
            push(&mut pairs, &raw[at..at + character.len_utf8()], at);
            at += character.len_utf8();
        }
    }
    pairs
}

fn single_quoted(raw: &str) -> Option<Pairs> {
    let inner_end = raw.len().checked_sub(1)?;
    let mut pairs = Vec::new();
    let mut at = 1;
    while at < inner_end {
        let character = raw[at..].chars().next()?;
        if character == '\'' {
            pairs.push((b'\'', at));
            at += 2;
        } else if character == '\n' {
            at = fold(raw, at, &mut pairs);
        } else {
            push(&mut pairs, &raw[at..at + character.len_utf8()], at);
            at += character.len_utf8();
        }
    }
    Some(pairs)
}

fn double_quoted(raw: &str) -> Option<Pairs> {
    let inner_end = raw.len().checked_sub(1)?;
    let mut pairs = Vec::new();
    let mut at = 1;
    while at < inner_end {
        let character = raw[at..].chars().next()?;
        if character == '\n' {
            at = fold(raw, at, &mut pairs);
            continue;
        }
        if character != '\\' {
            push(&mut pairs, &raw[at..at + character.len_utf8()], at);
            at += character.len_utf8();
            continue;
        }
        let escape = raw[at + 1..].chars().next()?;
        let (text, length) = match escape {
            'n' => ("\n".to_owned(), 2),
            't' => ("\t".to_owned(), 2),
            'r' => ("\r".to_owned(), 2),
            '0' => ("\0".to_owned(), 2),
            'e' => ("\u{1b}".to_owned(), 2),
            '"' | '\\' | '/' | ' ' => (escape.to_string(), 2),
            'x' | 'u' | 'U' => {
                let digits = match escape {
                    'x' => 2,
                    'u' => 4,
                    _ => 8,
                };
                let code = u32::from_str_radix(raw.get(at + 2..at + 2 + digits)?, 16).ok()?;
                (char::from_u32(code)?.to_string(), 2 + digits)
            }
            _ => return None, // an escaped line break and the rarer names: the whole scalar is marked
        };
        pairs.extend(text.bytes().map(|byte| (byte, at)));
        at += length;
    }
    Some(pairs)
}

/// The line with the block indicator, if the scalar at `start` is a block: it begins a line, and the indicator ends the
/// last line before it that is not blank.
fn block_indicator(text: &str, start: usize) -> Option<char> {
    let before = text.get(..start)?.trim_end_matches(' ');
    if !before.ends_with('\n') {
        return None;
    }
    let header = before.trim_end().rsplit('\n').next()?;
    let header = header.split(" #").next().unwrap_or(header).trim_end();
    header
        .trim_end_matches(|c: char| c.is_ascii_digit() || c == '+' || c == '-')
        .chars()
        .last()
        .filter(|&c| c == '|' || c == '>')
}

/// A literal (`|`) block line by line; in a folded (`>`) one a break between two lines is a space, and of several breaks one
/// is left out, except beside lines that are indented deeper.
fn block(text: &str, scalar: &Located<String>, folded: bool) -> Option<Pairs> {
    let start = scalar.span.start;
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let indent = start - line_start;
    let raw = text.get(scalar.span.range())?;
    let mut pairs: Pairs = Vec::new();
    let mut breaks: Vec<usize> = Vec::new();
    let mut deeper_before = false;
    let mut at = 0;
    for (index, line) in raw.split('\n').enumerate() {
        let skip = if index == 0 { 0 } else { indent.min(line.len() - line.trim_start_matches(' ').len()) };
        let content = line[skip..].trim_end_matches('\r');
        let deeper = content.starts_with([' ', '\t']);
        if !content.is_empty() {
            let folds = folded && !deeper && !deeper_before && !pairs.is_empty();
            match (folds, breaks.as_slice()) {
                (true, &[only]) => pairs.push((b' ', only)),
                (true, [_, rest @ ..]) => pairs.extend(rest.iter().map(|&at| (b'\n', at))),
                _ => pairs.extend(breaks.iter().map(|&at| (b'\n', at))),
            }
            breaks.clear();
            push(&mut pairs, content, at + skip);
            deeper_before = deeper;
        }
        at += line.len();
        breaks.push(at);
        at += 1;
    }
    Some(pairs)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::rule::yaml::{self, Node};

    /// Marks `needle`'s place in the value of the only key and returns what stands there in the file.
    fn found(yaml_text: &str, needle: &str) -> String {
        let file = Arc::new(AuthoredFile::new("x.yaml", yaml_text));
        let Node::Map(entries) = yaml::parse(&file).expect("valid").value else { panic!("a map") };
        let (_, value) = &entries[0];
        let Node::String(text) = &value.value else { panic!("a text: {value:?}") };
        let at = text.find(needle).expect("needle in value");
        let span = Offsets::of(&file, &Located::new(text.clone(), value.span)).span(at..at + needle.len());
        file.slice(span).to_owned()
    }

    #[test]
    fn each_style_of_scalar_is_followed() {
        assert_eq!(found("a: x (?<b\n", "(?<b"), "(?<b");
        assert_eq!(found("a: 'it''s (?<b'\n", "(?<b"), "(?<b");
        assert_eq!(found("a: \"t\\tx\\u00e9 (?<b\"\n", "(?<b"), "(?<b");
        assert_eq!(found("a: |\n  one\n  two (?<b\n", "(?<b"), "(?<b");
        assert_eq!(found("a: |-\n  é\n\n    deeper (?<b\n  x\n", "(?<b"), "(?<b");
        assert_eq!(found("a: >-\n  one\n  two (?<b\n", "(?<b"), "(?<b");
        assert_eq!(found("a: >\n  one\n  two\n\n  three\n    deeper\n  x (?<b y\n", "(?<b"), "(?<b");
        assert_eq!(found("a: one\n  two (?<b\n", "(?<b"), "(?<b");
        assert_eq!(found("a: 'one\n  two (?<b'\n", "(?<b"), "(?<b");
    }

    #[test]
    fn a_place_behind_the_end_is_the_end() {
        let text = Located::new("abc".to_owned(), Span::new(0..3));
        assert_eq!(Offsets::verbatim(&text).span(3..4), Span::new(3..3));
        assert_eq!(Offsets::verbatim(&text).span(2..9), Span::new(2..3));
    }

    #[test]
    fn what_cannot_be_followed_is_marked_whole() {
        assert_eq!(found("a: \"x\\_y\"\n", "y"), "\"x\\_y\"");
    }
}
