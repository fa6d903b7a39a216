//! Walking the members of a JSON object without parsing it, and undoing escapes.
//!
//! Transports wrap text in objects of which one or two members matter. [`members`] steps over the others by looking for quotes
//! and brackets only: it tells where a value ends, not whether a number is one. There is no recursion, so nesting needs no
//! limit. Whether a line is an object all the same is told by its end: what is cut off or followed by more is no object.

use memchr::{memchr, memchr2};

/// A member of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Member<'j> {
    /// Its name as written, without the quotes.
    pub key: &'j [u8],
    /// Its value.
    pub value: Value<'j>,
}

/// The value of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value<'j> {
    /// A string as written between its quotes, see [`unescape`].
    Text(&'j [u8]),
    /// An object, an array, a number or a word, as written.
    Other(&'j [u8]),
}

impl<'j> Value<'j> {
    /// The string or number as written; `None` for objects, arrays and `null`.
    pub fn scalar(self) -> Option<&'j [u8]> {
        match self {
            Value::Text(text) => Some(text),
            Value::Other([b'{' | b'[', ..] | b"null") => None,
            Value::Other(other) => Some(other),
        }
    }
}

/// What is not an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

/// Walks the members of `object`, in order; the last item is `Err` when it turns out to be none.
pub(super) fn members(object: &[u8]) -> Members<'_> {
    Members { rest: object.trim_ascii(), expected: Expected::Open }
}

/// What stands next in an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    Open,
    Separator,
    Nothing,
}

/// The members of an object, made by [`members`].
#[derive(Debug, Clone)]
pub(super) struct Members<'j> {
    rest: &'j [u8],
    expected: Expected,
}

impl<'j> Iterator for Members<'j> {
    type Item = Result<Member<'j>, Malformed>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let item = self.step();
        if !matches!(item, Some(Ok(_))) {
            self.expected = Expected::Nothing;
        }
        item
    }
}

impl<'j> Members<'j> {
    #[inline]
    fn step(&mut self) -> Option<Result<Member<'j>, Malformed>> {
        match (self.expected, self.rest) {
            (Expected::Nothing, _) => return None,
            (Expected::Separator, [b'}']) => return None,
            (Expected::Open, [b'{', rest @ ..]) => {
                self.rest = rest.trim_ascii_start();
                if self.rest == b"}" {
                    return None;
                }
            }
            (Expected::Separator, [b',', rest @ ..]) => self.rest = rest.trim_ascii_start(),
            _ => return Some(Err(Malformed)),
        }
        self.expected = Expected::Separator;
        Some(self.member().ok_or(Malformed))
    }

    #[inline]
    fn member(&mut self) -> Option<Member<'j>> {
        let (key, rest) = string(self.rest)?;
        let rest = rest.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
        let (value, rest) = match rest.first()? {
            b'"' => string(rest).map(|(text, rest)| (Value::Text(text), rest))?,
            _ => {
                let end = if matches!(rest[0], b'{' | b'[') { container_end(rest)? } else { word_end(rest) };
                if end == 0 {
                    return None;
                }
                (Value::Other(&rest[..end]), &rest[end..])
            }
        };
        self.rest = rest.trim_ascii_start();
        Some(Member { key, value })
    }
}

/// Reads a string: what is between its quotes, and what follows it.
#[inline]
pub(super) fn string(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let inner = text.strip_prefix(b"\"")?;
    let mut at = 0;
    loop {
        at += quote_or_backslash(inner.get(at..)?)?;
        if inner[at] == b'"' {
            return Some((&inner[..at], &inner[at + 1..]));
        }
        at += 2;
    }
}

/// Finds the first `"` or `\`. Most strings are short: their words of eight bytes are looked at before a call of `memchr2`
/// pays, which doubles the speed of walking an object.
#[inline]
fn quote_or_backslash(text: &[u8]) -> Option<usize> {
    const WORDS: usize = 4;
    const LOW: u64 = u64::from_ne_bytes([0x01; 8]);
    const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);
    // Above the first zero byte there may be wrong ones, never below.
    let zeros = |word: u64| word.wrapping_sub(LOW) & !word & HIGH;
    let mut at = 0;
    for _ in 0..WORDS {
        let Some(word) = text.get(at..).and_then(|rest| rest.first_chunk::<8>()) else { break };
        let word = u64::from_le_bytes(*word);
        let found = zeros(word ^ (LOW * u64::from(b'"'))) | zeros(word ^ (LOW * u64::from(b'\\')));
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
    memchr2(b'"', b'\\', &text[at..]).map(|found| at + found)
}

/// Returns where an object or array ends that `text` begins with. Brackets are counted, not paired.
fn container_end(text: &[u8]) -> Option<usize> {
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(byte) = text.get(at) {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            b'"' => {
                let (_, rest) = string(&text[at..])?;
                at = text.len() - rest.len() - 1;
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// Returns where a number or a word ends.
fn word_end(text: &[u8]) -> usize {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    text.iter().position(|byte| !is_part(byte)).unwrap_or(text.len())
}

/// Adds `text` to `out`, its escapes undone. Halves of surrogate pairs become U+FFFD; what is no escape of JSON stays.
pub(super) fn unescape(text: &[u8], out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some(at) = memchr(b'\\', rest) {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at..];
        let plain = match rest.get(1) {
            Some(b'n') => b'\n',
            Some(b't') => b'\t',
            Some(b'r') => b'\r',
            Some(b'b') => 0x08,
            Some(b'f') => 0x0C,
            Some(&byte @ (b'"' | b'\\' | b'/')) => byte,
            Some(b'u') => {
                rest = unicode_escape(rest, out);
                continue;
            }
            _ => {
                out.push(b'\\');
                rest = &rest[1..];
                continue;
            }
        };
        out.push(plain);
        rest = &rest[2..];
    }
    out.extend_from_slice(rest);
}

/// Undoes the `\uXXXX`, or the pair of them, that `text` begins with, and returns what follows.
fn unicode_escape<'t>(text: &'t [u8], out: &mut Vec<u8>) -> &'t [u8] {
    let Some(first) = unit(text) else {
        out.push(b'\\');
        return &text[1..];
    };
    let second = text.get(6..).and_then(unit);
    let (character, length) = match (first, second) {
        (0xD800..=0xDBFF, Some(low @ 0xDC00..=0xDFFF)) => {
            (char::from_u32(0x1_0000 + ((first - 0xD800) << 10) + (low - 0xDC00)), 12)
        }
        _ => (char::from_u32(first), 6),
    };
    let character = character.unwrap_or(char::REPLACEMENT_CHARACTER);
    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    &text[length..]
}

/// Reads `\uXXXX`.
fn unit(text: &[u8]) -> Option<u32> {
    let digits = text.strip_prefix(br"\u")?.get(..4)?;
    digits.iter().try_fold(0, |value, &digit| Some(value * 16 + char::from(digit).to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn walk(object: &str) -> Result<Vec<(String, String)>, Malformed> {
        let shown = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        members(object.as_bytes())
            .map(|member| {
                member.map(|member| match member.value {
                    Value::Text(text) => (shown(member.key), format!("'{}'", shown(text))),
                    Value::Other(other) => (shown(member.key), shown(other)),
                })
            })
            .collect()
    }

    fn plain(text: &str) -> String {
        let mut out = Vec::new();
        unescape(text.as_bytes(), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn members_are_walked_whatever_their_values_hold() {
        let found = walk(r#" { "a" : "x\"}" ,"b":{"c":[1,"]}"]}, "d":-1.5e3,"e":null,"f":[] } "#).unwrap();
        let shown: Vec<_> = found.iter().map(|(key, value)| format!("{key}={value}")).collect();
        assert_eq!(shown, [r#"a='x\"}'"#, r#"b={"c":[1,"]}"]}"#, "d=-1.5e3", "e=null", "f=[]"]);
        assert_eq!(walk("{}"), Ok(vec![]));
        assert_eq!(walk("{ }"), Ok(vec![]));
    }

    #[test]
    fn what_is_no_object_is_malformed() {
        for text in [
            "",
            "x",
            "[1]",
            "{",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":1"#,
            r#"{"a":1} x"#,
            r#"{"a":1}}"#,
            r#"{"a":"x}"#,
            r#"{"a":1 "b":2}"#,
            r#"{"a":[1}"#,
            r#"{"a":1,}"#,
            r#"{"a":"\"#,
            r#"{a:1}"#,
        ] {
            assert_eq!(walk(text), Err(Malformed), "{text}");
        }
    }

    #[test]
    fn escapes_are_undone_and_halves_of_pairs_replaced() {
        assert_eq!(plain(r#"a\n\t\r\"\\\/\b\f"#), "a\n\t\r\"\\/\u{8}\u{c}");
        assert_eq!(plain(r"\u00e9\u20AC\ud83d\ude00!"), "é€😀!");
        assert_eq!(plain(r"\ud83d x \ude00 \ud83d\u0041"), "\u{fffd} x \u{fffd} \u{fffd}A");
        assert_eq!(plain(r"C:\x \u12 \u00zz \"), r"C:\x \u12 \u00zz \");
    }

    #[test]
    fn a_million_brackets_are_no_harm() {
        let deep = format!(r#"{{"a":{}1{}}}"#, "[".repeat(1_000_000), "]".repeat(1_000_000));
        assert_eq!(walk(&deep).unwrap().len(), 1);
        assert_eq!(walk(&deep[..deep.len() - 2]), Err(Malformed));
    }

    proptest! {
        #[test]
        fn any_text_is_walked_without_harm(text in "[{}\\[\\]\":,\\\\ua0 ]{0,60}") {
            let _ = walk(&text);
            let _ = plain(&text);
        }

        #[test]
        fn strings_come_back_as_serde_wrote_them(text in ".{0,40}") {
            let written = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(plain(&written[1..written.len() - 1]), text);
        }
    }
}
