//! Untidy text made tidy: what mail programs, browsers, word processors and JSON make of a log line on its way to us.
//!
//! [`tidy`] undoes, in this order: XML and HTML entities, JSON escapes, typographic characters. [`marks`] finds in whole
//! blocks the few places where it, or [`crate::source::plain::plain`], could change anything, so that clean text costs a
//! few passes of `memchr` and no copy. Both decide with the same functions, so that they cannot disagree.
//!
//! Lines that were broken on the way are [`crate::source::wrap`]'s, decoding of the file the reader's.

use std::iter;
use std::ops::Range;

use memchr::{memchr, memchr3_iter, memmem};

use crate::source::plain::without_escapes;

/// Bytes of a block that are looked at together: most stretches of most logs have no mark at all.
const STRETCH_BYTES: usize = 4096;

/// What begins every terminal escape sequence.
const ESCAPE: u8 = 0x1B;

/// The no-break space of Latin-1 and Windows-1252, in text that was not decoded.
const LATIN_NO_BREAK_SPACE: u8 = 0xA0;

/// Bytes of the longest entity that is decoded, `&#x10FFFF;` with some leading zeros.
const ENTITY_BYTES: usize = 14;

/// Named entities: those of XML, and those of HTML that stand for characters which are made tidy anyway.
const ENTITIES: [(&[u8], char); 13] = [
    (b"apos", '\''),
    (b"quot", '"'),
    (b"lt", '<'),
    (b"gt", '>'),
    (b"amp", '&'),
    (b"nbsp", ' '),
    (b"lsquo", '\''),
    (b"rsquo", '\''),
    (b"ldquo", '"'),
    (b"rdquo", '"'),
    (b"ndash", '-'),
    (b"mdash", '-'),
    (b"hellip", '…'),
];

/// Returns the text made tidy, or `None` when it is tidy already.
///
/// Spaces of every kind become a space, zero-width characters and soft hyphens go, typographic quotes, dashes and ellipses
/// become ASCII. Entities are decoded, twice so that `&amp;apos;` is too. JSON escapes are decoded only in text with an
/// escaped quote or a `\uXXXX`: a Windows path such as `C:\new\table` stays as it is otherwise. Colours that only then come
/// to light are removed. Bytes that are not UTF-8 pass unchanged, except the no-break space of Latin-1.
pub fn tidy(text: &[u8]) -> Option<Vec<u8>> {
    let mut tidied: Option<Vec<u8>> = None;
    let mut apply = |step: fn(&[u8]) -> Option<Vec<u8>>| {
        let next = step(tidied.as_deref().unwrap_or(text));
        let changed = next.is_some();
        tidied = next.or(tidied.take());
        changed
    };
    let _ = apply(without_entities) && apply(without_entities);
    // JSON writers that mind HTML write `&` as `\u0026`.
    let _ = apply(without_json_escapes) && apply(without_entities) && apply(without_entities);
    apply(without_typography);
    tidied.map(|text| match memchr(ESCAPE, &text) {
        Some(first) => without_escapes(&text, first),
        None => text,
    })
}

/// Finds the positions in a block, in order, where [`tidy`] or [`plain`](crate::source::plain::plain) could change
/// something: a record that holds none of them is plain and tidy, except for carriage returns at line ends.
///
/// A CR before a newline is no mark, because every line of a Windows file has one. But `$` does not match before it, so a
/// caller passes every candidate record through `plain`.
pub fn marks(block: &[u8]) -> impl Iterator<Item = usize> {
    let stretches = (0..block.len()).step_by(STRETCH_BYTES).map(|start| start..block.len().min(start + STRETCH_BYTES));
    stretches.filter(|stretch| may_hold_marks(&block[stretch.clone()])).flat_map(|stretch| marks_in(block, stretch))
}

/// Tells whether a stretch has any of the bytes that marks begin with. Simple enough for the compiler to look at many bytes
/// at once.
fn may_hold_marks(stretch: &[u8]) -> bool {
    let begins_mark =
        |byte: u8| (byte == ESCAPE) | (byte == b'\r') | (byte == b'&') | (byte == b'\\') | !byte.is_ascii();
    stretch.iter().fold(false, |any, byte| any | begins_mark(*byte))
}

/// As [`marks`], those that begin in a stretch of the block.
fn marks_in(block: &[u8], stretch: Range<usize>) -> impl Iterator<Item = usize> {
    let start = stretch.start;
    let bytes = &block[stretch.clone()];
    let others = if bytes.is_ascii() { &[] } else { bytes };
    // what begins in the stretch may go on behind it
    let rest = move |at: usize| &block[start + at..];
    let reaching = |length: usize| &block[start..block.len().min(stretch.end + length - 1)];
    let controls = memchr3_iter(ESCAPE, b'\r', b'&', bytes).filter(move |&at| match bytes[at] {
        b'\r' => rest(at).get(1).is_some_and(|&next| next != b'\n'),
        b'&' => entity(rest(at)).is_some(),
        _ => true,
    });
    let quotes = memmem::find_iter(reaching(2), br#"\""#);
    let escapes = memmem::find_iter(reaching(2), br"\u").filter(move |&at| json_escape(rest(at)).is_some());
    let typography = memchr3_iter(0xC2, 0xE2, LATIN_NO_BREAK_SPACE, others).filter(move |&at| match others[at] {
        LATIN_NO_BREAK_SPACE => !is_inside_character(block, start + at),
        _ => first_character(rest(at)).is_some_and(|character| tidy_character(character).is_some()),
    });
    let wide = if others.is_empty() { &[] } else { reaching(3) };
    let wide_spaces = memmem::find_iter(wide, "\u{3000}");
    let byte_order_marks = memmem::find_iter(wide, "\u{FEFF}");
    let ascii = merged(controls, merged(quotes, escapes));
    merged(ascii, merged(typography, merged(wide_spaces, byte_order_marks))).map(move |at| start + at)
}

/// Merges two increasing sequences into one.
fn merged(one: impl Iterator<Item = usize>, other: impl Iterator<Item = usize>) -> impl Iterator<Item = usize> {
    let (mut one, mut other) = (one.peekable(), other.peekable());
    iter::from_fn(move || match (one.peek(), other.peek()) {
        (Some(first), Some(second)) if first > second => other.next(),
        (Some(_), _) => one.next(),
        (None, _) => other.next(),
    })
}

/// Returns the character that the bytes begin with, or `None` when they are not UTF-8 there.
pub(super) fn first_character(bytes: &[u8]) -> Option<char> {
    bytes[..bytes.len().min(4)].utf8_chunks().next()?.valid().chars().next()
}

/// Returns whether the byte at `at` belongs to a UTF-8 character that begins before it.
fn is_inside_character(bytes: &[u8], at: usize) -> bool {
    (at.saturating_sub(3)..at)
        .any(|start| first_character(&bytes[start..]).is_some_and(|character| start + character.len_utf8() > at))
}

/// Returns what stands for a character in tidy text, or `None` when it may stay.
fn tidy_character(character: char) -> Option<&'static str> {
    Some(match character {
        '\u{A0}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{3000}' => " ",
        '\u{200B}'..='\u{200D}' | '\u{FEFF}' | '\u{AD}' => "",
        '‘' | '’' | '‚' | '‛' | '′' => "'",
        '“' | '”' | '„' | '″' | '«' | '»' => "\"",
        '\u{2010}'..='\u{2015}' | '\u{2212}' => "-",
        '…' => "...",
        _ => return None,
    })
}

fn without_typography(text: &[u8]) -> Option<Vec<u8>> {
    if text.is_ascii() {
        return None;
    }
    let mut tidied = Vec::with_capacity(text.len());
    let (mut at, mut changed) = (0, false);
    while let Some(&byte) = text.get(at) {
        let character = if byte.is_ascii() { None } else { first_character(&text[at..]) };
        let length = character.map_or(1, char::len_utf8);
        let replacement = match character {
            Some(character) => tidy_character(character),
            None => (byte == LATIN_NO_BREAK_SPACE).then_some(" "),
        };
        changed |= replacement.is_some();
        tidied.extend_from_slice(replacement.map_or(&text[at..at + length], str::as_bytes));
        at += length;
    }
    changed.then_some(tidied)
}

fn without_entities(text: &[u8]) -> Option<Vec<u8>> {
    decoded(text, b'&', entity)
}

fn without_json_escapes(text: &[u8]) -> Option<Vec<u8>> {
    let is_json = memmem::find(text, br#"\""#).is_some()
        || memmem::find_iter(text, br"\u").any(|at| json_escape(&text[at..]).is_some());
    if is_json { decoded(text, b'\\', json_escape) } else { None }
}

/// Replaces every sequence that begins with `introducer` and that `decode` knows by its character.
fn decoded(text: &[u8], introducer: u8, decode: fn(&[u8]) -> Option<(char, usize)>) -> Option<Vec<u8>> {
    let mut done = Vec::new();
    let (mut copied, mut at) = (0, 0);
    while let Some(found) = memchr(introducer, &text[at..]) {
        at += found;
        let Some((character, length)) = decode(&text[at..]) else {
            at += 1;
            continue;
        };
        done.extend_from_slice(&text[copied..at]);
        done.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        at += length;
        copied = at;
    }
    if copied == 0 {
        return None;
    }
    done.extend_from_slice(&text[copied..]);
    Some(done)
}

/// Returns the character of the entity that the text begins with, and the entity's length.
fn entity(text: &[u8]) -> Option<(char, usize)> {
    let head = &text[..text.len().min(ENTITY_BYTES)];
    let end = memchr(b';', head)?;
    let name = head.get(1..end)?;
    let character = match name {
        [b'#', b'x' | b'X', digits @ ..] => number(digits, 16)?,
        [b'#', digits @ ..] => number(digits, 10)?,
        _ => ENTITIES.iter().find(|(known, _)| *known == name)?.1,
    };
    Some((character, end + 1))
}

/// Returns the character of the JSON escape that the text begins with, and the escape's length.
fn json_escape(text: &[u8]) -> Option<(char, usize)> {
    let character = match text.get(1)? {
        b'n' => '\n',
        b't' => '\t',
        b'r' => '\r',
        &same @ (b'"' | b'/' | b'\\') => char::from(same),
        b'u' => {
            let first = hex(text.get(2..6)?)?;
            let second = text.get(6..12).and_then(|text| hex(text.strip_prefix(br"\u")?));
            return match (first, second) {
                (0xD800..=0xDBFF, Some(second @ 0xDC00..=0xDFFF)) => {
                    let code = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
                    Some((char::from_u32(code)?, 12))
                }
                _ => Some((readable(first)?, 6)),
            };
        }
        _ => return None,
    };
    Some((character, 2))
}

fn number(digits: &[u8], radix: u32) -> Option<char> {
    readable(code(digits, radix)?)
}

fn hex(digits: &[u8]) -> Option<u32> {
    code(digits, 16)
}

/// Reads a number of nothing but digits; the standard library would take a sign as well.
fn code(digits: &[u8], radix: u32) -> Option<u32> {
    if digits.is_empty() {
        return None;
    }
    digits
        .iter()
        .try_fold(0u32, |code, &digit| code.checked_mul(radix)?.checked_add(char::from(digit).to_digit(radix)?))
}

/// Returns the character of a code unless it is a control, which stays encoded; ESC is decoded so that it can be removed.
fn readable(code: u32) -> Option<char> {
    char::from_u32(code)
        .filter(|&character| !character.is_control() || matches!(character, '\t' | '\n' | '\r' | '\x1B'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::plain::plain;
    use proptest::prelude::*;

    fn tidied(text: &str) -> String {
        String::from_utf8(tidy(text.as_bytes()).unwrap_or_else(|| text.into())).unwrap()
    }

    fn marked(text: &[u8]) -> Vec<usize> {
        marks(text).collect()
    }

    #[test]
    fn tidy_text_is_left_alone() {
        for text in ["", "Could not provision 'x' - \"y\"", r"C:\new\table\users\reports", "a & b; c &copy; d", "é"] {
            assert_eq!(tidy(text.as_bytes()), None, "{text}");
        }
        assert_eq!(tidy(b"\xFF\xC3 \xE2\x80"), None);
    }

    #[test]
    fn spaces_quotes_dashes_and_ellipses_become_ascii() {
        assert_eq!(tidied("a\u{a0}b\u{3000}c\u{2009}d\u{202f}e"), "a b c d e");
        assert_eq!(tidied("sub\u{ad}do\u{200b}main\u{feff}"), "subdomain");
        assert_eq!(tidied("‘a’ “b” „c“ «d» ′ ″ a – b − c…"), "'a' \"b\" \"c\" \"d\" ' \" a - b - c...");
        assert_eq!(tidy(b"a\xA0b \xC3\xA0 \xFF"), Some(b"a b \xC3\xA0 \xFF".to_vec()));
    }

    #[test]
    fn entities_are_decoded_once_more_when_they_were_encoded_twice() {
        assert_eq!(tidied("&apos;a&apos; &quot;&lt;b&gt;&quot; &#39;c&#x27;&nbsp;&amp;"), "'a' \"<b>\" 'c' &");
        assert_eq!(tidied("customer &amp;apos;John&amp;apos; &#8217;"), "customer 'John' '");
        assert_eq!(tidied("&amp;amp;amp;"), "&amp;");
        assert_eq!(
            tidied("&#0; &#x7; &#xD800; &#; &#+39; &#99999999999;"),
            "&#0; &#x7; &#xD800; &#; &#+39; &#99999999999;"
        );
    }

    #[test]
    fn json_escapes_are_decoded_where_the_text_is_json() {
        assert_eq!(
            tidied(r#"{\"path\":\"C:\\new\\table\",\n\t\"u\":\"\/x\"}"#),
            "{\"path\":\"C:\\new\\table\",\n\t\"u\":\"/x\"}"
        );
        assert_eq!(tidied(r"\u0027John\u0027 \ud83d\ude00 \ud83d \u0000"), "'John' \u{1F600} \\ud83d \\u0000");
        assert_eq!(tidied(r"\u2018a\u2019 \u003cb\u003e \u0026apos;c\u0026apos;"), "'a' <b> 'c'");
        assert_eq!(tidied(r"\u001b[31mred\u001b[0m"), "red");
        assert_eq!(tidied(r"\&quot;a\&quot;"), "\"a\"");
    }

    #[test]
    fn marks_are_where_something_may_change() {
        assert_eq!(marked(b"a\r\nb & c;d&amp;e \\path\\ue C:\\new\r\n"), [10]);
        assert_eq!(marked("à Р 日本 é\u{a0}“".as_bytes()), ["à Р 日本 é".len(), "à Р 日本 é\u{a0}".len()]);
        assert_eq!(marked(b"\x1b[m a\rb \\\" \\u0041 \xA0 \xE3\x80\x80 \xEF\xBB\xBF"), [0, 5, 8, 11, 18, 20, 24]);
    }

    fn untidy() -> impl Strategy<Value = Vec<u8>> {
        let part = prop_oneof![
            Just(b"\xA0".to_vec()),
            Just(b"\xC2".to_vec()),
            Just(b"\xE2".to_vec()),
            Just(b"\x80".to_vec()),
            Just(b"\x1b".to_vec()),
            Just(b"\r".to_vec()),
            Just(b"\r\n".to_vec()),
            Just(b"\n".to_vec()),
            Just(b"\x1b[1m".to_vec()),
            Just(b"&".to_vec()),
            Just(b"amp;".to_vec()),
            Just(b"&#39;".to_vec()),
            Just(b"apos;".to_vec()),
            Just(b"\\".to_vec()),
            Just(b"\"".to_vec()),
            Just(b"u0022".to_vec()),
            Just(b"u00".to_vec()),
            Just(b"n".to_vec()),
            "[a-z ]{0,4}".prop_map(String::into_bytes),
            any::<char>().prop_map(|character| character.to_string().into_bytes()),
            "[\u{a0}-\u{ff}\u{2000}-\u{2070}\u{2212}\u{3000}\u{feff}\u{420}]".prop_map(String::into_bytes),
            any::<u8>().prop_map(|byte| vec![byte]),
        ];
        prop::collection::vec(part, 0..12).prop_map(|parts| parts.concat())
    }

    /// What the caller does with carriage returns at line ends anyway.
    fn without_line_end_returns(text: &[u8]) -> Vec<u8> {
        let mut lines = text.split(|&byte| byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        let first = lines.next().unwrap_or_default().to_vec();
        lines.fold(first, |mut text, line| {
            text.push(b'\n');
            text.extend_from_slice(line);
            text
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]
        #[test]
        fn whatever_changes_a_record_is_marked(before in untidy(), record in untidy(), after in untidy()) {
            let block = [before.as_slice(), b"\n", &record, b"\n", &after].concat();
            let (start, end) = (before.len() + 1, before.len() + 1 + record.len());
            let shown = plain(&record);
            let result = tidy(&shown).unwrap_or_else(|| shown.to_vec());
            let found = marked(&block);
            prop_assert!(found.is_sorted());
            if result != without_line_end_returns(&record) {
                prop_assert!(found.iter().any(|at| (start..end).contains(at)), "{:?} became {:?}", record, result);
            }
        }

        #[test]
        fn text_never_grows(text in untidy()) {
            if let Some(result) = tidy(&text) {
                prop_assert!(result.len() <= text.len() && result != text);
            }
        }
    }
}
