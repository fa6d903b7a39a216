//! Values from a log as words that no Markdown parser can read anything into.
//!
//! A token is [`OPEN`], the value's UTF-8 bytes as lower-case hexadecimal, [`CLOSE`]. Both marks are private-use
//! characters: neither white space nor punctuation, so a token takes part in emphasis, links, tables and code as a
//! letter does. [`encode`] makes one, [`pieces`] finds them again.
//!
//! Decoding gives the value back as it was. Escaping it is the business of whoever writes it down.

use std::fmt::Write as _;

/// The character before a token's digits.
pub const OPEN: char = '\u{E000}';
/// The character after a token's digits.
pub const CLOSE: char = '\u{E001}';

/// A stretch of text: what the author wrote, or a value that was placed into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Text of the author, markup included; never empty. A malformed token counts as such.
    Author(&'a str),
    /// A value, decoded and not escaped; may be empty.
    Value(String),
}

/// The pieces of a text in order; see [`pieces`].
#[derive(Debug, Clone)]
pub struct Pieces<'a> {
    rest: &'a str,
}

/// Writes `value` as a token.
pub fn encode(value: &str) -> String {
    let mut token = String::with_capacity(value.len() * 2 + OPEN.len_utf8() + CLOSE.len_utf8());
    token.push(OPEN);
    for byte in value.bytes() {
        // Writing into a string cannot fail.
        let _ = write!(token, "{byte:02x}");
    }
    token.push(CLOSE);
    token
}

/// Splits `text` into the author's words and the values placed among them.
pub fn pieces(text: &str) -> Pieces<'_> {
    Pieces { rest: text }
}

/// Replaces each token in `text` by what `write` makes of its value, and keeps all else.
pub fn decode(text: &str, mut write: impl FnMut(&str) -> String) -> String {
    let mut decoded = String::with_capacity(text.len());
    for piece in pieces(text) {
        match piece {
            Piece::Author(author) => decoded.push_str(author),
            Piece::Value(value) => decoded.push_str(&write(&value)),
        }
    }
    decoded
}

/// Tells whether `text` holds at least one well-formed token.
pub fn has_value(text: &str) -> bool {
    pieces(text).any(|piece| matches!(piece, Piece::Value(_)))
}

impl Pieces<'_> {
    /// The text that has not been split yet.
    pub(crate) fn rest(&self) -> &str {
        self.rest
    }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some((value, rest)) = leading_token(self.rest) {
            self.rest = rest;
            return Some(Piece::Value(value));
        }
        if self.rest.is_empty() {
            return None;
        }
        let end = self
            .rest
            .match_indices(OPEN)
            .map(|(at, _)| at)
            .find(|&at| leading_token(&self.rest[at..]).is_some())
            .unwrap_or(self.rest.len());
        let (author, rest) = self.rest.split_at(end);
        self.rest = rest;
        Some(Piece::Author(author))
    }
}

/// Decodes the token that `text` begins with; `None` when it begins with none or with a malformed one.
fn leading_token(text: &str) -> Option<(String, &str)> {
    let body = text.strip_prefix(OPEN)?;
    let length = body.bytes().take_while(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')).count();
    let rest = body[length..].strip_prefix(CLOSE)?;
    let (pairs, odd) = body.as_bytes()[..length].as_chunks::<2>();
    if !odd.is_empty() {
        return None;
    }
    let bytes = pairs.iter().map(|[high, low]| digit(*high) << 4 | digit(*low)).collect();
    Some((String::from_utf8(bytes).ok()?, rest))
}

/// The worth of a lower-case hexadecimal digit.
fn digit(byte: u8) -> u8 {
    if byte.is_ascii_digit() { byte - b'0' } else { byte - b'a' + 10 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_comes_back_as_it_was() {
        for value in ["", "plain", "*a*\n\u{E000}41\u{E001}\0", "größe 🦀"] {
            assert_eq!(pieces(&encode(value)).collect::<Vec<_>>(), [Piece::Value(value.to_owned())]);
        }
    }

    #[test]
    fn author_text_and_values_alternate() {
        let text = format!("a {}{} b", encode("x"), encode(""));
        let found: Vec<_> = pieces(&text).collect();
        assert_eq!(
            found,
            [Piece::Author("a "), Piece::Value("x".into()), Piece::Value(String::new()), Piece::Author(" b")]
        );
    }

    #[test]
    fn malformed_tokens_are_author_text() {
        for text in
            ["\u{E000}", "\u{E000}4", "\u{E000}4\u{E001}", "\u{E000}4G\u{E001}", "\u{E000}ff\u{E001}", "\u{E001}"]
        {
            assert_eq!(pieces(text).collect::<Vec<_>>(), [Piece::Author(text)]);
        }
        let nested = format!("\u{E000}41{}", encode("x"));
        assert_eq!(pieces(&nested).collect::<Vec<_>>(), [Piece::Author("\u{E000}41"), Piece::Value("x".into())]);
    }
}
