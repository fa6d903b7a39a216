//! What stands behind the name of a secret: where the value ends, and whether it is one.
//!
//! Values are quoted, lists of quoted ones, headers, or go up to what is likely to end them. Where it is not clear whether something belongs to a secret,
//! it does: rather a comma too much is masked than half a password is shown.

use crate::report::redact::names::{self, Named};
use crate::report::redact::pseudonym;
use crate::report::redact::recognise::{Scanner, is_word};
use crate::rule::vocabulary::MaskedKind;

/// Blanks before a value.
const BLANKS: usize = 32;
/// Bytes behind a comma in which the next name is looked for.
const AHEAD: usize = 48;

/// Bytes of a `Set-Cookie` header.
const HEADER_BYTES: usize = 8 * 1024;

/// Schemes of `Authorization` that one word follows.
const SCHEMES: [&str; 9] =
    ["bearer", "basic", "negotiate", "ntlm", "token", "apikey", "sharedkey", "splunk", "kerberos"];
/// Schemes that parameters follow.
const LONG_SCHEMES: [&str; 6] = ["digest", "aws4", "aws4-hmac-sha256", "oauth", "hawk", "signature"];

/// Where a name of a secret stands.
pub(super) struct Place {
    /// The `=` or `:` behind it.
    pub(super) sign: usize,
    /// Whether its line begins with the name.
    pub(super) begins_line: bool,
    /// The word before the name.
    pub(super) word_before: String,
    /// The quote around the name.
    pub(super) quote: Option<u8>,
}

/// A value and what ends it.
struct Extent {
    start: usize,
    end: usize,
    is_quoted: bool,
}

fn is_quote(byte: Option<u8>) -> bool {
    matches!(byte, Some(b'"' | b'\''))
}

impl Scanner<'_> {
    /// Takes the value behind a name. Gives where to go on.
    pub(super) fn value(&mut self, place: &Place, what: Named) -> Option<usize> {
        let is_colon = self.byte(place.sign) == Some(b':');
        // `=>`, `:=`, `==`
        let start = self.skip(place.sign + 1, 2, |byte| matches!(byte, b'=' | b'>'));
        let start = self.skip(start, BLANKS, |byte| matches!(byte, b' ' | b'\t'));
        let kind = match what {
            Named::Authorization if self.keeps(MaskedKind::Token) => return None,
            Named::Cookies | Named::SetCookie if self.keeps(MaskedKind::Cookie) => return None,
            Named::Secret(kind) | Named::Perhaps(kind) if self.keeps(kind) => return None,
            Named::Authorization => return self.authorization(start, place),
            Named::Cookies | Named::SetCookie => return self.cookies(start, what == Named::Cookies, place.quote),
            Named::Secret(kind) | Named::Perhaps(kind) => kind,
        };
        let is_sure = matches!(what, Named::Secret(_));
        if is_sure && self.byte(start) == Some(b'[') && matches!(self.byte(start + 1), Some(b'"' | b'\'')) {
            return self.list(start + 1, kind);
        }
        if is_sure && is_colon && matches!(self.byte(start), Some(b'|' | b'>')) {
            return self.block(start, kind);
        }
        let is_bare = |byte: Option<u8>| byte.is_some_and(|byte| is_word(byte) || b"+/-.%".contains(&byte));
        let extent = if !is_sure && is_bare(self.byte(start)) && !is_quote(self.byte(start + 1)) {
            // not as far as a value may go: most are none, and what follows is looked at again
            let end = self.skip(start, usize::MAX, |byte| is_bare(Some(byte)));
            let end = self.skip(end, 4, |byte| byte == b'=');
            Extent { start, end: if self.is_over(end) { end } else { start }, is_quoted: false }
        } else {
            self.extent(start)?
        };
        let Extent { start, end, is_quoted } = extent;
        let value = self.piece(start..end);
        if names::tells_nothing(value) || !is_sure && !names::is_opaque(value) {
            return None;
        }
        if self.is_masked(start, end) {
            return Some(end);
        }
        if !is_quoted && is_sure {
            if matches!(value.as_bytes().first(), Some(b'{' | b'(')) && value.len() < 3 {
                return None;
            }
            if is_colon && self.is_prose(value, end, place, kind) {
                return None;
            }
            if is_colon && kind == MaskedKind::Password && place.begins_line {
                return self.rest_of_line(start, end, kind);
            }
        }
        self.take(start..end, kind)
    }

    /// Whether a word behind `password:` goes on as a sentence.
    fn is_prose(&self, value: &str, end: usize, place: &Place, kind: MaskedKind) -> bool {
        let is_letters = value.chars().all(|c| c.is_alphabetic() || c == '\'' || c == '-');
        if !is_letters {
            return false;
        }
        let next = self.skip(end, 1, |byte| byte == b' ');
        let goes_on = next > end && self.byte(next).is_some_and(|byte| byte.is_ascii_alphabetic());
        let word_end = self.skip(next, AHEAD, is_word);
        let is_pair = matches!(self.byte(word_end), Some(b'=' | b':'));
        let is_told = names::is_prose(value) || names::is_prose(&place.word_before);
        // a password may be a word as well as a sentence may go on
        is_told || goes_on && !is_pair && kind != MaskedKind::Password
    }

    /// A password of several words, as a form or a YAML file has it.
    fn rest_of_line(&mut self, start: usize, end: usize, kind: MaskedKind) -> Option<usize> {
        let line = self.piece(end..self.line_end(end));
        let is_more = !line.trim().is_empty() && !line.contains([':', '=', ',', ';', '<', '>', '"', '\'']);
        let end = if is_more { end + line.trim_end().len() } else { end };
        self.take(start..end, kind)
    }

    /// A value of YAML that begins in the next line.
    fn block(&mut self, start: usize, kind: MaskedKind) -> Option<usize> {
        let line = self.line_end(start);
        if line - start > 2 {
            return None;
        }
        let value = self.skip(line, BLANKS, |byte| byte.is_ascii_whitespace());
        let end = self.line_end(value);
        if self.is_masked(value, end) || pseudonym::end(self.bytes, value).is_some() {
            return None;
        }
        // a key has lines that are found by themselves
        if self.starts(value, "-----BEGIN ") { None } else { self.take(value..end, kind) }
    }

    /// Quoted values up to `]`.
    fn list(&mut self, start: usize, kind: MaskedKind) -> Option<usize> {
        let mut at = start;
        while let Some(quote @ (b'"' | b'\'')) = self.byte(at) {
            let end = self.closing(at + 1, &[quote]);
            if !names::tells_nothing(self.piece(at + 1..end)) && !self.is_masked(at + 1, end) {
                self.take(at + 1..end, kind)?;
            }
            at = self.skip(end + 1, BLANKS, |byte| byte.is_ascii_whitespace() || byte == b',');
        }
        Some(at)
    }

    /// Where a value lies that begins here.
    fn extent(&self, start: usize) -> Option<Extent> {
        // `b'…'` and the like of Python
        let is_prefix = matches!(self.byte(start)?, b'b' | b'u' | b'r' | b'B' | b'U' | b'R');
        let start = if is_prefix && matches!(self.byte(start + 1), Some(b'\'' | b'"')) { start + 1 } else { start };
        // `\"…\"` in a string of JSON
        let slashes = self.skip(start, 7, |byte| byte == b'\\');
        match self.byte(slashes)? {
            b'"' | b'\'' | b'`' => {
                let quote = self.bytes.get(start..slashes + 1)?;
                let end = self.closing(slashes + 1, quote);
                Some(Extent { start: slashes + 1, end, is_quoted: true })
            }
            b'&' if self.starts(slashes, "&quot;") => {
                let start = slashes + "&quot;".len();
                Some(Extent { start, end: self.closing(start, b"&quot;"), is_quoted: true })
            }
            _ => Some(Extent { start, end: self.token_end(start), is_quoted: false }),
        }
    }

    /// Where a quote ends; the end of the line when it does not.
    fn closing(&self, start: usize, quote: &[u8]) -> usize {
        let line = self.line_end(start);
        let is_bare = quote.len() == 1;
        let mut at = start;
        while at < line {
            let rest = self.bytes.get(at..line).unwrap_or_default();
            if is_bare && rest.first() == Some(&b'\\') {
                at += 2;
            } else if rest.starts_with(quote) {
                return at;
            } else {
                at += 1;
            }
        }
        line
    }

    /// Where a value ends that has no quotes.
    fn token_end(&self, start: usize) -> usize {
        let masked = pseudonym::end(self.bytes, start);
        let mut at = masked.unwrap_or(start);
        let mut open: Vec<u8> = Vec::new();
        while let Some(byte) = self.byte(at) {
            let is_end = match byte {
                b'(' | b'[' | b'{' | b'<' if self.byte(at + 1) != Some(b'/') => {
                    // beyond this depth it does not matter any more
                    if open.len() < 8 {
                        open.push(byte);
                    }
                    false
                }
                b'<' => true,
                b')' | b']' | b'}' | b'>' => {
                    let opening = match byte {
                        b')' => b'(',
                        b']' => b'[',
                        b'}' => b'{',
                        _ => b'<',
                    };
                    let is_closed = open.last() == Some(&opening);
                    if is_closed {
                        open.pop();
                    }
                    !is_closed && self.is_over(at + 1)
                }
                b',' | b';' | b'|' => self.is_over(at + 1) || self.begins_pair(at + 1),
                b'&' => {
                    let rest = self.bytes.get(at..).unwrap_or_default();
                    [&b"&quot;"[..], b"&lt;", b"&amp;", b"&#"].iter().any(|entity| rest.starts_with(entity))
                        || self.begins_pair(at + 1)
                }
                b'"' | b'\'' | b'`' => self.is_over(at + 1) || self.begins_pair(at + 1),
                b'\\' => matches!(self.byte(at + 1), Some(b'"' | b'\'')),
                byte => byte.is_ascii_whitespace(),
            };
            if is_end {
                break;
            }
            at += 1;
        }
        // the end of a sentence, not of the value
        let least = masked.unwrap_or(start);
        while at > least && matches!(self.byte(at - 1), Some(b'.' | b',' | b':' | b';')) {
            at -= 1;
        }
        at
    }

    /// Whether nothing of a value can stand here any more.
    fn is_over(&self, at: usize) -> bool {
        self.byte(at).is_none_or(|byte| byte.is_ascii_whitespace() || b"\"'`,;:.)]}>&<\\|".contains(&byte))
    }

    /// Whether the next name and its sign stand here.
    fn begins_pair(&self, at: usize) -> bool {
        let at = self.skip(at, 2, |byte| matches!(byte, b'"' | b'\'' | b'{'));
        let end = self.skip(at, AHEAD, |byte| is_word(byte) || matches!(byte, b'-' | b'.' | b' ' | b'[' | b']' | b'"'));
        end > at && matches!(self.byte(end), Some(b'=' | b':'))
    }

    /// The value of an `Authorization` header.
    fn authorization(&mut self, start: usize, place: &Place) -> Option<usize> {
        let start = self.skip(start, 1, |byte| byte == b'[');
        let extent = self.extent(start)?;
        let line = self.line_end(extent.start);
        let outer = place.quote.is_none().then(|| self.quote_before(place)).flatten();
        let region = match (extent.is_quoted, outer) {
            (true, _) => extent.end,
            (false, Some(quote)) => self.closing(extent.start, &[quote]),
            (false, None) => line,
        };
        let scheme_end = self.skip(extent.start, AHEAD, |byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let scheme = self.piece(extent.start..scheme_end).to_ascii_lowercase();
        let value = self.skip(scheme_end, BLANKS, |byte| byte == b' ');
        let (start, end) = if value > scheme_end && LONG_SCHEMES.contains(&scheme.as_str()) {
            (value, region)
        } else if value > scheme_end && SCHEMES.contains(&scheme.as_str()) {
            let end = if extent.is_quoted { region } else { self.token_end(value).min(region) };
            (value, end)
        } else {
            let value = self.piece(extent.start..extent.end);
            let is_one = value.len() >= 12 && value.bytes().any(|byte| byte.is_ascii_digit()) || value.len() >= 24;
            if !is_one {
                return None;
            }
            (extent.start, extent.end)
        };
        let value = self.piece(start..end).trim_end();
        let end = start + value.len();
        let is_word = names::is_prose(value) || value.len() < 4;
        if is_word || names::tells_nothing(value) || self.is_masked(start, end) {
            return None;
        }
        self.take(start..end, MaskedKind::Token)
    }

    /// The quote in which the whole header stands, as in `-H 'Authorization: …'`.
    fn quote_before(&self, place: &Place) -> Option<u8> {
        let before = self.bytes.get(..place.sign)?;
        let name = before.iter().rev().take_while(|byte| is_word(**byte) || **byte == b'-').count();
        before.get(before.len().checked_sub(name + 1)?).copied().filter(|byte| matches!(byte, b'"' | b'\''))
    }

    /// The values of cookies; of `Set-Cookie` only the first is one.
    fn cookies(&mut self, start: usize, all: bool, quote: Option<u8>) -> Option<usize> {
        let extent = self.extent(start)?;
        let is_quoted = extent.is_quoted && quote.is_some();
        let line = self.line_end(extent.start);
        // only what is taken may be looked at without a limit
        let line = if all { line } else { line.min(extent.start + HEADER_BYTES) };
        let rest = self.bytes.get(extent.start..line)?;
        let end = if is_quoted {
            extent.end
        } else {
            extent.start + memchr::memchr2(b'"', b'\'', rest).unwrap_or(rest.len())
        };
        let mut at = if extent.is_quoted && !is_quoted { start } else { extent.start };
        while at < end {
            let rest = self.bytes.get(at..end)?;
            let length = memchr::memchr(b';', rest).unwrap_or(rest.len());
            let pair = self.piece(at..at + length);
            let sign = pair.find('=').map_or(0, |sign| sign + 1);
            let value = pair.get(sign..).unwrap_or_default();
            let from = at + sign + (value.len() - value.trim_start().len());
            let value = value.trim();
            let to = from + value.len();
            // a sentence about cookies has blanks
            let is_value = (sign > 0 || !value.contains(' ')) && value.len() > 3;
            if is_value && !names::tells_nothing(value) && !self.is_masked(from, to) {
                self.take(from..to, MaskedKind::Cookie)?;
            }
            at += length + 1;
            if !all {
                break;
            }
        }
        Some(end.min(at))
    }
}
