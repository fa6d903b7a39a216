//! Syslog as RFC 5424 writes it: `<34>1 2026-01-02T03:04:05.678Z host app 123 ID47 [sd@1 key="value"] text`.
//!
//! Messages stand in lines, or have their length in front (octet counting) and may then have several lines. A message is an
//! entry with the text `host app[123]: text`, as syslog daemons write it to files; its id and its structured data stand
//! below. Lines without the header continue the message before them. The older format (RFC 3164) is how daemons write files:
//! there it is the header of the log and stays.

use memchr::memchr;

use crate::source::transport::journal::{prefix, write};
use crate::source::transport::json_lines::{Finder, JsonKeys};
use crate::source::transport::origin::{Head, Input, Part, Place, Text};
use crate::source::transport::peel::{ENTRY_BYTES, Peel};

/// Peels syslog's header.
#[derive(Debug)]
pub(super) struct Syslog {
    finder: Finder,
    before: Vec<u8>,
    /// Whether there was a message that a line may continue.
    is_begun: bool,
}

impl Default for Syslog {
    fn default() -> Self {
        Self { finder: Finder::new(&JsonKeys::default()), before: Vec::new(), is_begun: false }
    }
}

/// A message and the parts of its header; empty where the header has `-`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Message<'m> {
    level: &'static [u8],
    time: &'m [u8],
    host: &'m [u8],
    app: &'m [u8],
    process: &'m [u8],
    id: &'m [u8],
    data: &'m [u8],
    text: &'m [u8],
}

/// Tells whether a line is a message, perhaps with its length in front.
pub(super) fn fits(line: &[u8]) -> bool {
    message(line).is_some() || counted(line).is_some_and(|(_, start)| message(&line[start..]).is_some())
}

/// Tells whether a text begins with a message that has its length in front, and goes on with another or ends there.
pub(super) fn begins_counted(sample: &[u8]) -> bool {
    let Next::Message(_, end) = next(sample, true) else { return false };
    let rest = &sample[end..];
    counted(sample).is_some() && (rest.is_empty() || counted(rest).is_some())
}

/// Reads a message.
fn message(text: &[u8]) -> Option<Message<'_>> {
    const LEVELS: [&[u8]; 8] = [b"0", b"1", b"2", b"3", b"4", b"5", b"6", b"7"];
    let rest = text.strip_prefix(b"<")?;
    let digits = rest.iter().take(4).take_while(|byte| byte.is_ascii_digit()).count();
    let priority = rest[..digits].iter().fold(0_usize, |value, digit| value * 10 + usize::from(digit - b'0'));
    let mut rest = rest[digits..].strip_prefix(b">1 ")?;
    if digits == 0 || priority > 191 {
        return None;
    }
    let mut fields = [&b""[..]; 5];
    for field in &mut fields {
        let blank = memchr(b' ', rest)?;
        *field = if &rest[..blank] == b"-" { b"" } else { &rest[..blank] };
        rest = &rest[blank + 1..];
    }
    let [time, host, app, process, id] = fields;
    if !(time.is_empty() || time.first()?.is_ascii_digit() && memchr(b'T', time).is_some()) {
        return None;
    }
    let (data, text) = match rest.strip_prefix(b"-") {
        Some(text) => (&b""[..], text),
        None => rest.split_at(data_end(rest)?),
    };
    let text = match text {
        [] => text,
        [b' ', text @ ..] => text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text),
        _ => return None,
    };
    Some(Message { level: LEVELS[priority % 8], time, host, app, process, id, data, text })
}

/// Returns where structured data ends. `None` if it is none.
fn data_end(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    while text.get(at) == Some(&b'[') {
        let mut is_quoted = false;
        loop {
            at += 1;
            match text.get(at)? {
                b'\\' if is_quoted => at += 1,
                b'"' => is_quoted = !is_quoted,
                b']' if !is_quoted => break,
                b'\n' => return None,
                _ => {}
            }
        }
        at += 1;
    }
    (at > 0).then_some(at)
}

/// Reads the length in front of a message: the length and where the message begins.
fn counted(text: &[u8]) -> Option<(usize, usize)> {
    let digits = text.iter().take(8).take_while(|byte| byte.is_ascii_digit()).count();
    let length = text[..digits].iter().fold(0_usize, |value, digit| value * 10 + usize::from(digit - b'0'));
    (digits > 0 && length < ENTRY_BYTES && text[digits..].starts_with(b" <")).then_some((length, digits + 1))
}

/// What stands at some place of a log.
enum Next<'l> {
    Message(Message<'l>, usize),
    Line(&'l [u8], usize),
    Unknown,
}

fn next(bytes: &[u8], is_last: bool) -> Next<'_> {
    if let Some((length, start)) = counted(bytes) {
        match bytes.get(start..start + length) {
            Some(text) => {
                if let Some(message) = message(text.trim_ascii_end()) {
                    let end = start + length;
                    return Next::Message(message, end + usize::from(bytes.get(end) == Some(&b'\n')));
                }
            }
            None if is_last => {}
            None => return Next::Unknown,
        }
    }
    let (line, end) = match memchr(b'\n', bytes) {
        Some(newline) => (&bytes[..newline], newline + 1),
        None if is_last => (bytes, bytes.len()),
        None => return Next::Unknown,
    };
    match message(line) {
        Some(message) => Next::Message(message, end),
        None => Next::Line(line, end),
    }
}

impl Peel for Syslog {
    fn peel(&mut self, input: Input<'_>, out: &mut Text) -> usize {
        let mut places = input.places();
        let mut at = 0;
        while at < input.bytes.len() {
            let place = places.at(at);
            at += match next(&input.bytes[at..], input.is_last) {
                Next::Message(message, end) => {
                    self.message(message, place, out);
                    end
                }
                Next::Line(line, end) => {
                    if !self.is_begun {
                        out.begin(Part::Line, place, Head::default());
                    }
                    out.push(line);
                    out.push(b"\n");
                    end
                }
                Next::Unknown => break,
            };
        }
        at
    }
}

impl Syslog {
    fn message(&mut self, message: Message<'_>, place: Place<'_>, out: &mut Text) {
        prefix(message.host, message.app, message.process, &mut self.before);
        let head = Head { time: message.time, level: message.level };
        write(&self.finder, &self.before, message.text, place, head, out);
        for (number, field) in [message.id, message.data].into_iter().filter(|field| !field.is_empty()).enumerate() {
            out.push(if number == 0 { b"" } else { b" " });
            out.push(field);
        }
        out.end_line();
        self.is_begun = true;
    }
}
