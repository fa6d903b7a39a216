//! Escapers: one function per place a value can land in.
//!
//! Each takes the value as it stood in the log and returns what to write. What no place has a use for goes first:
//! control characters become U+FFFD (on a terminal they are shown as `\x1b`), characters that reorder text are removed
//! (or shown), and where the place is one line, line ends and tabs become spaces.
//!
//! Nothing here parses Markdown: a value that stands in an author's Markdown travels as a token
//! ([`super::inert`]), and the writer of the format calls these.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::answer::{inert, prose};

/// Escapes a value for the text of an HTML element.
pub fn html_text(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for character in lines(value).chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            _ => escaped.push(character),
        }
    }
    escaped
}

/// Escapes a value for an HTML attribute, quoted either way or not at all, as one line.
///
/// All ASCII but letters, digits and a few harmless marks is written as a numeric reference. An empty value is a
/// referenced space, because an attribute that is not quoted would otherwise take what follows for its value.
/// The names of attributes and the scripts of `on…` ones are no place for values; link targets want [`url_component`].
pub fn html_attribute(value: &str) -> String {
    let value = one_line(value);
    let mut escaped = String::with_capacity(value.len());
    for character in value.chars() {
        if character.is_ascii_alphanumeric() || !character.is_ascii() || ".,_:/()".contains(character) {
            escaped.push(character);
        } else {
            // Writing into a string cannot fail.
            let _ = write!(escaped, "&#{};", u32::from(character));
        }
    }
    if escaped.is_empty() { "&#32;".to_owned() } else { escaped }
}

/// Escapes a value for the running text of a Markdown document, as one line, without knowing what stands beside it.
///
/// For layouts that put titles and names into Markdown: a heading, a list item, a table cell, emphasis that is not
/// inside a word. Two things depend on the neighbours and stay with the layout: a value of digits must not be followed
/// by `.` or `)` where a line begins, and a value must not stand directly between a letter and `*`, `_` or `~`.
/// A value that travels as a token ([`inert::encode`]) through [`super::markdown::render`] has neither limit.
///
/// The result makes no link in GitHub's Markdown either: `www.` and `://` are broken by backslashes, `@` in an address
/// by U+2060, since GitHub looks for addresses after it has read the backslashes.
pub fn markdown_text(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len() + value.len() / 4);
    prose::write_anywhere(&mut escaped, value);
    escaped
}

/// Percent-encodes a value as one component of a URL: everything but letters, digits, `-`, `.`, `_` and `~`.
pub fn url_component(value: &str) -> String {
    let value = one_line(value);
    let mut encoded = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing into a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// Makes a value fit to be shown on one line of a terminal: controls and text-reordering characters made visible.
///
/// `\n`, `\r`, `\t` and `\x1b` are written as such, other characters of the kind as `\x9b` or `\u{202e}`. A backslash of
/// the value itself stays single, so the result is for reading, not for decoding.
pub fn terminal(value: &str) -> Cow<'_, str> {
    if !value.chars().any(is_hostile_to_terminals) {
        return Cow::Borrowed(value);
    }
    let mut shown = String::with_capacity(value.len() + 16);
    for character in value.chars() {
        match character {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            _ if !is_hostile_to_terminals(character) => shown.push(character),
            _ if u32::from(character) < 0x100 => {
                // Writing into a string cannot fail; neither can it below.
                let _ = write!(shown, "\\x{:02x}", u32::from(character));
            }
            _ => {
                let _ = write!(shown, "\\u{{{:x}}}", u32::from(character));
            }
        }
    }
    Cow::Owned(shown)
}

/// Guards a value against being read as a formula by a spreadsheet, for a CSV writer that does the quoting.
///
/// A value that begins, white space and quotes aside, with `=`, `+`, `-`, `@` or their full-width forms gets a leading
/// apostrophe, as does one that begins with a tab or a line end. Plain decimal numbers stay as they are.
pub fn csv_guard(value: &str) -> Cow<'_, str> {
    let visible = value.trim_start_matches(|c: char| c.is_whitespace() || c.is_control() || c == '"' || c == '\'');
    let formula = visible.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠', '\u{2212}']);
    if (formula && !is_decimal(value)) || value.starts_with(['\t', '\r', '\n']) {
        Cow::Owned(format!("'{}", value.replace('\0', "\u{FFFD}")))
    } else if value.contains('\0') {
        Cow::Owned(value.replace('\0', "\u{FFFD}"))
    } else {
        Cow::Borrowed(value)
    }
}

/// Writes a value as a whole CSV cell: guarded as by [`csv_guard`], and quoted as RFC 4180 says where it has to be.
///
/// Semicolons and tabs are quoted too, since spreadsheets of some countries split at them.
pub fn csv_cell(value: &str) -> Cow<'_, str> {
    let guarded = csv_guard(value);
    let wants_quotes = guarded.contains([',', ';', '\t', '"', '\n', '\r']) || guarded.trim() != guarded;
    if wants_quotes { Cow::Owned(format!("\"{}\"", guarded.replace('"', "\"\""))) } else { guarded }
}

/// Cleans a value for a place of one line: line ends and tabs become spaces, each run of CR and LF a single one.
pub(crate) fn one_line(value: &str) -> String {
    lines(value).chars().map(|c| if matches!(c, '\n' | '\t') { ' ' } else { c }).collect()
}

/// Cleans a value for a place that has lines: keeps LF and tab, writes other line ends as LF.
pub(crate) fn lines(value: &str) -> String {
    let mut cleaned = String::with_capacity(value.len());
    let mut after_return = false;
    for character in value.chars() {
        let completes_return = after_return && character == '\n';
        after_return = character == '\r';
        match character {
            _ if completes_return => {}
            '\r' | '\u{2028}' | '\u{2029}' => cleaned.push('\n'),
            '\n' | '\t' => cleaned.push(character),
            // A mark of byte order is dropped by parsers at the start of a document, so it must not matter anywhere.
            _ if is_reordering(character) || character == '\u{FEFF}' => {}
            _ if character.is_control() || matches!(character, inert::OPEN | inert::CLOSE) => cleaned.push('\u{FFFD}'),
            _ => cleaned.push(character),
        }
    }
    cleaned
}

/// Tells whether a character can change the order in which others are shown.
fn is_reordering(character: char) -> bool {
    matches!(character, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Tells whether a terminal does anything with a character but show it.
fn is_hostile_to_terminals(character: char) -> bool {
    character.is_control() || is_reordering(character) || matches!(character, '\u{2028}' | '\u{2029}')
}

/// Tells whether a value is a decimal number such as `-12.5`.
fn is_decimal(value: &str) -> bool {
    let digits = value.strip_prefix(['-', '+']).unwrap_or(value);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    [whole, fraction].iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_keeps_no_markup_and_no_controls() {
        assert_eq!(html_text("<b>&\x1b[1m\u{202e}x"), "&lt;b&gt;&amp;\u{FFFD}[1mx");
        assert_eq!(html_attribute("\" onload='x"), "&#34;&#32;onload&#61;&#39;x");
        assert_eq!(html_attribute(""), "&#32;");
    }

    #[test]
    fn a_url_component_has_no_delimiters() {
        assert_eq!(url_component("javascript:a/b?c#d e\nf@g"), "javascript%3Aa%2Fb%3Fc%23d%20e%20f%40g");
        assert_eq!(url_component("größe"), "gr%C3%B6%C3%9Fe");
    }

    #[test]
    fn a_terminal_is_shown_controls_as_text() {
        assert_eq!(terminal("a\x1b[31m\u{9b}\u{202e}\r\nb\tc\0\x7f"), r"a\x1b[31m\x9b\u{202e}\r\nb\tc\x00\x7f");
        assert!(matches!(terminal("größe 🦀 C:\\x"), Cow::Borrowed(_)));
    }

    #[test]
    fn spreadsheets_get_no_formulas() {
        assert_eq!(csv_cell("=1+2"), "'=1+2");
        assert_eq!(csv_cell(" @SUM(A1,A2)"), "\"' @SUM(A1,A2)\"");
        assert_eq!(csv_cell("-12.5"), "-12.5");
        assert_eq!(csv_cell("-12.5-1"), "'-12.5-1");
        assert_eq!(csv_cell("say \"hi\""), "\"say \"\"hi\"\"\"");
        assert_eq!(csv_cell("plain"), "plain");
        assert_eq!(csv_guard("a,b"), "a,b");
    }

    #[test]
    fn line_ends_of_any_kind_become_one() {
        assert_eq!(lines("a\r\nb\rc\u{2028}d\te"), "a\nb\nc\nd\te");
        assert_eq!(one_line("a\r\n\r\nb\tc"), "a  b c");
    }
}
