//! What to say of a file that is not YAML.
//!
//! The YAML library stops at the first place where it cannot go on, which is often far behind the slip: a bracket left open
//! shows some lines later, at an innocent key. [`syntax_error`] puts the mark where the author has to mend and names the way
//! out for the slips that regexes, templates and version ranges invite. It reads no YAML itself.

use std::sync::Arc;

use crate::rule::authored::{AuthoredFile, Span};
use crate::rule::diagnostic::{Code, Diagnostic};
use crate::rule::fix::Fix;
use crate::rule::yaml;

/// The characters that may follow a backslash in double quotes.
const ESCAPES: &str = "0abtnvfre \"/\\N_LPxuU\n\r\t";

/// The diagnostic for what the YAML library refused.
pub(crate) fn syntax_error(file: &Arc<AuthoredFile>, error: &serde_yaml::Error) -> Diagnostic {
    let error = error.without_snippet();
    let offset = error.location().map_or(0, |place| file.offset(place.line() as usize, place.column() as usize));
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or(&message);
    let text = file.text();
    let line = line_around(text, offset);
    let slip = if message.contains("multiple YAML documents") {
        Slip::at(offset, "the file holds several YAML documents", "write each rule in a file of its own")
    } else if message.contains("merge keys") {
        Slip::at(offset, "merge keys (`<<`) are not part of rules", "write the keys out; aliases of whole values work")
    } else if message.contains("string scalar") && !text[..offset].ends_with(['{', '[']) {
        Slip::at(offset, "a key must be a text", "write `key: value`")
    } else if message.contains("recursion limit") {
        Slip::at(offset, "the file nests too deeply", "a rule needs no more than some eight levels")
    } else if let Some(open) = open_bracket(&text[..offset], message) {
        flow_slip(text, open, offset)
    } else {
        let (at, help) = plain_slip(message, text, offset, line);
        Slip { at, message: format!("this is not valid YAML: {message}"), help }
    };
    let width = text[slip.at..].chars().next().filter(|first| !matches!(first, '\n' | '\r')).map_or(0, char::len_utf8);
    let end = if text[slip.at..].starts_with('\\') { slip.at + 2 } else { slip.at + width };
    let end = (slip.at..=end.min(text.len())).rfind(|&at| text.is_char_boundary(at)).unwrap_or(slip.at);
    Diagnostic::error(Code::YamlSyntax, slip.message)
        .at(file, Span::new(slip.at..end), "here")
        .maybe_help(slip.help)
        .maybe_fix(quoted(file, slip.at))
}

/// Quotes the value in the line of a fault, if that is what it lacks: the whole value stands in the line, begins like nothing that YAML
/// would take for a list, a mapping or a quote, and with quotes the fault is gone.
fn quoted(file: &Arc<AuthoredFile>, at: usize) -> Option<Fix> {
    let text = file.text();
    let line_start = text.get(..at)?.rfind('\n').map_or(0, |at| at + 1);
    let line = line_around(text, at).trim_end();
    let inner = line.trim_start_matches([' ', '-']);
    let key = inner.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-')?;
    let value = match inner.get(key..)?.strip_prefix(": ") {
        Some(value) if key > 0 => value.trim_start_matches(' '),
        _ if line.len() > inner.len() && line.trim_start_matches(' ').starts_with("- ") => inner,
        _ => return None,
    };
    let closes = |open: &str, close: char| {
        value.strip_prefix(open).is_some_and(|rest| rest.contains(close) && !value.ends_with(close))
    };
    let is_text = match value.chars().next()? {
        '\'' | '"' | '|' | '&' | '!' | '?' | '#' => false,
        '>' => value.starts_with(">=") || value.get(1..)?.trim_start().starts_with(|c: char| c.is_ascii_digit()),
        '*' => value.starts_with("*.") || value.starts_with("*/") || value.starts_with("**"),
        '[' => closes("[", ']'),
        '{' => value.starts_with("{{") || value.starts_with("{%"),
        _ => true,
    };
    if !is_text || value.contains(" #") {
        return None;
    }
    let start = line_start + line.len() - value.len();
    let replacement = format!("'{}'", value.replace('\'', "''"));
    let mended = format!("{}{replacement}{}", text.get(..start)?, text.get(start + value.len()..)?);
    let gone = match yaml::place_of_fault(&mended) {
        None => true,
        Some((line, _)) => line > text.get(..start)?.matches('\n').count() + 1,
    };
    gone.then(|| {
        Fix::replace(file, Span::new(start..start + value.len()), replacement, "put the value in single quotes")
    })
}

/// Where the author slipped, and what to say of it.
struct Slip {
    at: usize,
    message: String,
    help: Option<&'static str>,
}

impl Slip {
    fn at(at: usize, message: &str, help: &'static str) -> Self {
        Self { at, message: message.to_owned(), help: Some(help) }
    }
}

/// The bracket before the fault that was never closed, or that begins the value in which the fault lies.
fn open_bracket(before: &str, message: &str) -> Option<usize> {
    if message.contains("quote") || message.contains("tab") || message.contains("escape") {
        return None; // found where they stand
    }
    unclosed_bracket(before).or_else(|| {
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = &before[line_start..];
        let value = line.find(": ").map(|at| at + 2).or_else(|| line.find("- ").map(|at| at + 2))?;
        let closed = line[value..].starts_with(['[', '{']) && line[value..].contains([']', '}']);
        closed.then_some(line_start + value)
    })
}

/// A bracket left open, or one that begins what was meant as a text.
fn flow_slip(text: &str, open: usize, fault: usize) -> Slip {
    let value = &text[open..];
    let line_end = value.find('\n').unwrap_or(value.len());
    let closer = if value.starts_with('[') { ']' } else { '}' };
    let template = value.starts_with("{{") || value.starts_with("{%");
    if template || (fault <= open + line_end && value[..line_end].contains(closer)) {
        let message = "this is not valid YAML: a value that begins with `[` or `{` is a list or mapping";
        return Slip::at(open, message, "put a text that begins so in single quotes, or below `|`");
    }
    let help = if closer == ']' { "close it with `]`" } else { "close it with `}`" };
    Slip::at(open, &format!("this is not valid YAML: unclosed bracket '{}'", &value[..1]), help)
}

/// The innermost flow bracket still open at the end of `before`. Quoted texts, comments and block scalars are passed over.
fn unclosed_bracket(before: &str) -> Option<usize> {
    let mut open: Vec<usize> = Vec::new();
    let mut block: Option<usize> = None;
    let mut at = 0;
    for line in before.split_inclusive('\n') {
        let content = line.trim_start_matches(' ');
        let indent = line.len() - content.len();
        let start = at;
        at += line.len();
        if block.is_some_and(|header| content.trim().is_empty() || indent > header) {
            continue;
        }
        brackets(line, start, &mut open);
        let header = line.trim_end().trim_end_matches(|c: char| c.is_ascii_digit() || c == '+' || c == '-');
        let is_header = header.ends_with(": |") || header.ends_with(": >") || header.ends_with("- |");
        block = (is_header && open.is_empty()).then_some(indent);
    }
    open.pop()
}

/// Follows the brackets of one line that open or close a list or mapping.
fn brackets(line: &str, start: usize, open: &mut Vec<usize>) {
    let mut quote: Option<char> = None;
    let mut before = ' ';
    let mut begins_value = true;
    for (at, character) in line.char_indices() {
        match (quote, character) {
            (Some('"'), _) if before == '\\' => {
                before = ' ';
                continue;
            }
            (Some(mark), _) if mark == character => quote = None,
            (Some(_), _) => {}
            (None, '#') if before == ' ' => return,
            (None, '\'' | '"') if begins_value => quote = Some(character),
            (None, '[' | '{') if begins_value => open.push(start + at),
            (None, ']' | '}') if !open.is_empty() => _ = open.pop(),
            _ => {}
        }
        begins_value = match character {
            ' ' => begins_value || matches!(before, ':' | '-'),
            '[' | '{' => begins_value,
            ',' => !open.is_empty(),
            _ => false,
        };
        before = character;
    }
}

/// The place and the way out for slips that show where they are.
fn plain_slip(message: &str, text: &str, offset: usize, line: &str) -> (usize, Option<&'static str>) {
    let line_start = text[..offset].rfind('\n').map_or(0, |at| at + 1);
    if message.contains("block scalar") {
        (offset, Some("a value that begins with `>` or `|` must be quoted: version: \">=5.4, <5.6\""))
    } else if message.contains("mapping values") {
        let help = "quote a text that contains `: `, with single quotes: 'Reason: timeout', or put it below `|`";
        (offset, Some(help))
    } else if message.contains("unexpected character") || message.contains("alias") {
        (offset, Some("quote a text that begins with one of @ ` % * & ! { [, with single quotes"))
    } else if message.contains("escape") {
        (bad_escape(text, offset), Some("use single quotes, in which a backslash is only a backslash"))
    } else if message.contains("unclosed bracket") {
        (offset, Some(if text[offset..].starts_with('[') { "close it with `]`" } else { "close it with `}`" }))
    } else if message.contains("quote") {
        (offset, Some("close the quote; inside single quotes write ' twice"))
    } else if line.trim_start_matches(' ').starts_with('\t') {
        let tab = line.find('\t').map_or(offset, |at| line_start + at);
        (tab, Some("indent with spaces; YAML does not allow tabs"))
    } else if message.contains("expected key") || message.contains("expected <block end>") {
        (offset, Some("indent the keys of one mapping alike"))
    } else {
        (offset, None)
    }
}

/// The first backslash behind `quote` that begins no escape.
fn bad_escape(text: &str, quote: usize) -> usize {
    let mut rest = text[quote..].char_indices();
    while let Some((at, character)) = rest.next() {
        if character == '\\' && rest.next().is_some_and(|(_, escaped)| !ESCAPES.contains(escaped)) {
            return quote + at;
        }
    }
    quote
}

fn line_around(text: &str, offset: usize) -> &str {
    let start = text[..offset].rfind('\n').map_or(0, |at| at + 1);
    let end = text[offset..].find('\n').map_or(text.len(), |at| offset + at);
    &text[start..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rest of the line from the marked place on.
    fn marked(text: &str) -> String {
        let file = Arc::new(AuthoredFile::new("x.yaml", text));
        let diagnostic = yaml::parse(&file).expect_err("not YAML");
        let at = diagnostic.labels[0].span.start;
        line_around(&text[at..], 0).to_owned()
    }

    #[test]
    fn an_open_bracket_is_marked_and_not_where_it_shows() {
        assert_eq!(marked("tags: [a, b\nid: X\n"), "[a, b");
        assert_eq!(marked("tests:\n  - { name: a, b: { c: 1 }\n  - { name: b }\n"), "{ name: a, b: { c: 1 }");
        assert_eq!(marked("a: |\n  [ in a block\nb: '['\nc: # [\n  - [x, ']'\nd: 1\n"), "[x, ']'");
    }

    #[test]
    fn a_text_that_begins_with_a_bracket_is_marked_whole() {
        assert_eq!(marked("a:\n  regex: [0-9]+ left\n"), "[0-9]+ left");
        assert_eq!(marked("a: {{ b }} is\n"), "{{ b }} is");
    }

    #[test]
    fn a_value_that_only_lacks_quotes_is_given_them() {
        let mended = |text: &str| {
            let file = Arc::new(AuthoredFile::new("x.yaml", text));
            let fix = yaml::parse(&file).expect_err("not YAML").fix?;
            Some(format!("{}{}{}", &text[..fix.span.start], fix.replacement, &text[fix.span.end..]))
        };
        assert_eq!(mended("id: X\ntitle: a: it's\n").as_deref(), Some("id: X\ntitle: 'a: it''s'\n"));
        assert_eq!(
            mended("a:\n  - version: >=5.4, <5.6\nb: c\n").as_deref(),
            Some("a:\n  - version: '>=5.4, <5.6'\nb: c\n")
        );
        assert_eq!(mended("file: *.log\n").as_deref(), Some("file: '*.log'\n"));
        assert_eq!(mended("regex: [0-9]+ left\n").as_deref(), Some("regex: '[0-9]+ left'\n"));
        for uncertain in ["tags: [a, b\nid: X\n", "a: 'x'y'\n", "a: *name\n", "a: x: y # why\n", "a:\n\tb: 1\n"] {
            assert_eq!(mended(uncertain), None, "{uncertain}");
        }
    }

    #[test]
    fn escapes_and_tabs_are_marked_themselves() {
        assert_eq!(marked("a: \"x\\n \\d+\"\n"), "\\d+\"");
        assert_eq!(marked("a:\n\tb: 1\n"), "\tb: 1");
    }
}
