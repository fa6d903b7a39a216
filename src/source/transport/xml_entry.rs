//! What the text of an XML entry is.
//!
//! Its elements become lines: attributes as they are written (`task id="7" status="failed"`), then the text. A text of one word
//! says little without the name of its element, which stands in front (`EventID: 4625`); any other begins a line. Entities are
//! decoded, except those of a document's own. Text that is a log itself, with times in its lines, becomes lines behind the
//! entry, each with its own number.
//!
//! Time and level of an entry are those of the first attribute or element that is called so.

use std::ops::Range;

use memchr::memchr;
use quick_xml::events::Event;

use crate::source::timestamp;
use crate::source::transport::head::time_of;
use crate::source::transport::origin::{Head, Input, Part, Places, Text};
use crate::source::transport::xml::{XML_DEPTH, local};

/// Names of what holds a time: log4j's, JUnit's, those of Windows and `java.util.logging`.
const TIMES: [&[u8]; 8] =
    [b"timestamp", b"time", b"systemtime", b"date", b"datetime", b"created", b"millis", b"@timestamp"];

/// Names of what holds a level.
const LEVELS: [&[u8]; 3] = [b"level", b"severity", b"priority"];

/// Stamped lines from which on a text is a log.
const LOG_LINES: usize = 2;

/// An entry while its tokens come.
#[derive(Debug, Default)]
pub(super) struct Entry {
    text: Vec<u8>,
    /// The names of the elements that are open, one behind the other, and where each begins.
    names: Vec<u8>,
    open: Vec<usize>,
    is_begun: bool,
    /// The text since the last tag, decoded, and where it begins in the source.
    content: Vec<u8>,
    content_at: usize,
    /// Whether the last line holds the attributes of the element that is open.
    has_attributes: bool,
    time: Vec<u8>,
    level: Vec<u8>,
    /// Logs in the text: their texts one behind the other, and where each begins in the source.
    logs: Vec<u8>,
    log_places: Vec<(Range<usize>, usize)>,
}

impl Entry {
    /// Begins an entry with its start tag, which may be all of it.
    pub fn begin(&mut self, tag: &[u8]) {
        self.clear();
        self.is_begun = true;
        self.start(tag);
        if tag.ends_with(b"/>") {
            self.end();
        }
    }

    /// Takes the next token, which begins at `at`. Returns `false` when it does not fit, or is too deep.
    pub fn take(&mut self, event: &Event<'_>, token: &[u8], at: usize) -> bool {
        match event {
            Event::Start(_) => {
                self.flush();
                if self.open.len() == XML_DEPTH {
                    return false;
                }
                self.start(token);
            }
            Event::Empty(_) => {
                self.flush();
                self.start(token);
                self.end();
            }
            Event::End(_) => {
                self.flush();
                let name = token.strip_prefix(b"</").and_then(|rest| rest.strip_suffix(b">")).unwrap_or_default();
                if self.name() != name.trim_ascii_end() {
                    return false;
                }
                self.end();
            }
            Event::Text(_) | Event::GeneralRef(_) => self.add(token, at, true),
            Event::CData(_) => {
                let inner = token.strip_prefix(b"<![CDATA[").and_then(|rest| rest.strip_suffix(b"]]>"));
                self.add(inner.unwrap_or(token), at, false);
            }
            Event::Comment(_) => {
                let inner = token.strip_prefix(b"<!--").and_then(|rest| rest.strip_suffix(b"-->"));
                self.add(inner.unwrap_or(token), at, false);
            }
            _ => {}
        }
        true
    }

    /// Whether the end tag came.
    pub fn is_whole(&self) -> bool {
        self.is_begun && self.open.is_empty()
    }

    /// Writes the entry, which begins at `start`.
    pub fn finish(&mut self, input: Input<'_>, start: usize, places: &mut Places<'_>, out: &mut Text) {
        let place = places.at(start);
        out.begin(Part::Entry, place, Head { time: &self.time, level: &self.level });
        if self.text.is_empty() {
            out.push(b"\n");
        }
        out.push(&self.text);
        out.end_line();
        for (range, at) in &self.log_places {
            let mut line_at = *at;
            for (number, line) in self.logs[range.clone()].split(|&byte| byte == b'\n').enumerate() {
                let part = if number == 0 { Part::Loose } else { Part::Line };
                out.line(part, places.at(line_at), Head::default(), line);
                let rest = input.bytes.get(line_at..).unwrap_or_default();
                line_at += memchr(b'\n', rest).map_or(rest.len(), |newline| newline + 1);
            }
        }
        self.clear();
    }

    /// Forgets an entry.
    pub fn clear(&mut self) {
        for bytes in
            [&mut self.text, &mut self.names, &mut self.content, &mut self.time, &mut self.level, &mut self.logs]
        {
            bytes.clear();
        }
        self.open.clear();
        self.log_places.clear();
        (self.is_begun, self.has_attributes) = (false, false);
    }

    /// The name of the innermost element that is open, with its prefix.
    fn name(&self) -> &[u8] {
        self.open.last().and_then(|&start| self.names.get(start..)).unwrap_or_default()
    }

    /// Opens an element.
    fn start(&mut self, tag: &[u8]) {
        let inner = tag.strip_prefix(b"<").unwrap_or(tag);
        let inner = inner.strip_suffix(b"/>").or(inner.strip_suffix(b">")).unwrap_or(inner);
        let name = inner.iter().position(u8::is_ascii_whitespace).unwrap_or(inner.len());
        self.open.push(self.names.len());
        self.names.extend_from_slice(&inner[..name]);
        self.has_attributes = false;
        let mut rest = &inner[name..];
        while let Some((key, value, after)) = attribute(rest) {
            rest = after;
            if key.starts_with(b"xmlns") {
                continue;
            }
            if !self.has_attributes {
                self.text.extend_from_slice(local(&inner[..name]));
            }
            self.has_attributes = true;
            let value_at = self.text.len() + key.len() + 3;
            self.text.push(b' ');
            self.text.extend_from_slice(key);
            self.text.extend_from_slice(b"=\"");
            decode(value, &mut self.text);
            let value = self.text[value_at..].to_vec();
            self.text.push(b'"');
            self.look(local(key), &value);
        }
        if self.has_attributes {
            self.text.push(b'\n');
        }
    }

    /// Closes the innermost element.
    fn end(&mut self) {
        if let Some(start) = self.open.pop() {
            self.names.truncate(start);
        }
        self.has_attributes = false;
    }

    /// Adds text.
    fn add(&mut self, text: &[u8], at: usize, has_entities: bool) {
        if self.content.trim_ascii_start().is_empty() {
            self.content.clear();
            self.content_at = at;
        }
        if has_entities {
            decode(text, &mut self.content);
        } else {
            self.content.extend_from_slice(text);
        }
    }

    /// Writes the text since the last tag.
    fn flush(&mut self) {
        let content = std::mem::take(&mut self.content);
        let blanks = content.len() - content.trim_ascii_start().len();
        let text = trimmed(&content);
        if text.is_empty() {
            return self.reuse(content);
        }
        if is_log(text) {
            // Lines that were blank before the text begins.
            let skipped = memchr::memchr_iter(b'\n', &content[..blanks]).count();
            let start = self.logs.len();
            for _ in 0..skipped {
                self.logs.push(b'\n');
            }
            self.logs.extend_from_slice(text);
            self.log_places.push((start..self.logs.len(), self.content_at));
            return self.reuse(content);
        }
        let name = local(self.name()).to_vec();
        self.look(&name, text);
        if text.iter().any(u8::is_ascii_whitespace) {
            self.text.extend_from_slice(text);
        } else {
            if self.has_attributes {
                // The line with the attributes goes on.
                self.text.pop();
            } else {
                self.text.extend_from_slice(&name);
            }
            self.text.extend_from_slice(b": ");
            self.text.extend_from_slice(text);
        }
        self.text.push(b'\n');
        self.has_attributes = false;
        self.reuse(content);
    }

    fn reuse(&mut self, mut content: Vec<u8>) {
        content.clear();
        self.content = content;
    }

    /// Looks whether a value is the time or the level of the entry.
    fn look(&mut self, name: &[u8], value: &[u8]) {
        let is_called = |names: &[&[u8]]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
        if self.time.is_empty() && is_called(&TIMES) && time_of(value).is_some() {
            self.time.extend_from_slice(value);
        }
        if self.level.is_empty() && is_called(&LEVELS) {
            // Windows counts from 1, critical, to 5, verbose; as syslog's numbers these are:
            let level = match value {
                b"1" | b"2" | b"3" if name == b"Level" => &[value[0] + 1][..],
                b"4" if name == b"Level" => b"6",
                b"5" if name == b"Level" => b"7",
                _ => value,
            };
            self.level.extend_from_slice(level);
        }
    }
}

/// Takes the first attribute of a tag: its name, its value as written, and what follows.
fn attribute(text: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let text = text.trim_ascii_start();
    let equals = memchr(b'=', text)?;
    let key = text[..equals].trim_ascii();
    let rest = text[equals + 1..].trim_ascii_start();
    let quote = *rest.first().filter(|byte| matches!(byte, b'"' | b'\''))?;
    let end = memchr(quote, &rest[1..])? + 1;
    Some((key, &rest[1..end], &rest[end + 1..]))
}

/// Adds `text` with its entities decoded: XML's five and characters by number. Others stay as they are written.
fn decode(text: &[u8], out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some(at) = memchr(b'&', rest) {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at..];
        // The longest is `&#x10FFFF;`.
        let end = memchr(b';', &rest[..rest.len().min(12)]);
        match end.and_then(|end| Some((end, entity(&rest[1..end])?))) {
            Some((end, character)) => {
                out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                rest = &rest[end + 1..];
            }
            None => {
                out.push(b'&');
                rest = &rest[1..];
            }
        }
    }
    out.extend_from_slice(rest);
}

fn entity(name: &[u8]) -> Option<char> {
    Some(match name {
        b"lt" => '<',
        b"gt" => '>',
        b"amp" => '&',
        b"apos" => '\'',
        b"quot" => '"',
        [b'#', b'x' | b'X', digits @ ..] => number(digits, 16)?,
        [b'#', digits @ ..] => number(digits, 10)?,
        _ => return None,
    })
}

fn number(digits: &[u8], radix: u32) -> Option<char> {
    let value = digits
        .iter()
        .try_fold(0_u32, |value, &digit| value.checked_mul(radix)?.checked_add(char::from(digit).to_digit(radix)?))?;
    if digits.is_empty() { None } else { char::from_u32(value) }
}

/// Returns a text without blank lines around it; the indentation of its first line stays, unless it is its only one.
fn trimmed(text: &[u8]) -> &[u8] {
    let text = text.trim_ascii_end();
    let start = text.len() - text.trim_ascii_start().len();
    let line = text[..start].iter().rposition(|&byte| byte == b'\n').map_or(0, |newline| newline + 1);
    if memchr(b'\n', &text[start..]).is_some() { &text[line..] } else { &text[start..] }
}

/// Tells whether a text has lines that begin with times.
fn is_log(text: &[u8]) -> bool {
    memchr(b'\n', text).is_some()
        && text
            .split(|&byte| byte == b'\n')
            .filter(|line| timestamp::find(&line[..line.len().min(256)]).is_some())
            .nth(LOG_LINES - 1)
            .is_some()
}
