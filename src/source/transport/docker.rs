//! Docker's `json-file` log: one object a line, with the text that was written (`log`), when (`time`) and where (`stream`).
//!
//! Docker writes the members in one order and without blanks. Lines like that are taken apart from both ends ([`usual`]), any
//! other by walking their members. A text that does not end with a newline is the part of a line.

use memchr::{memchr, memrchr};

use crate::source::transport::json::{Value, members, unescape};
use crate::source::transport::origin::{Head, Input, Text};
use crate::source::transport::partial::{Partial, Stream};
use crate::source::transport::peel::{Loose, Peel};

/// Peels Docker's JSON.
#[derive(Debug, Default)]
pub(super) struct Docker {
    partial: Partial,
    loose: Loose,
    plain: Vec<u8>,
}

/// A line of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Wrapped<'l> {
    /// The text, its escapes as written.
    log: &'l [u8],
    stream: Stream,
    time: &'l [u8],
}

/// Tells whether a line is one of Docker's.
pub(super) fn fits(line: &[u8]) -> bool {
    usual(line).or_else(|| unusual(line)).is_some()
}

/// Reads `{"log":"…","stream":"stdout","time":"…"}`.
#[inline]
fn usual(line: &[u8]) -> Option<Wrapped<'_>> {
    let rest = line.strip_prefix(br#"{"log":""#)?.strip_suffix(br#""}"#)?;
    let quote = memrchr(b'"', rest)?;
    let (rest, time) = (rest[..quote].strip_suffix(br#","time":"#)?, &rest[quote + 1..]);
    if let Some(log) = rest.strip_suffix(br#"","stream":"stdout""#) {
        return Some(Wrapped { log, stream: Stream::Out, time });
    }
    let log = rest.strip_suffix(br#"","stream":"stderr""#)?;
    Some(Wrapped { log, stream: Stream::Error, time })
}

/// Reads the members in any order, among others such as `attrs`.
fn unusual(line: &[u8]) -> Option<Wrapped<'_>> {
    if !line.starts_with(b"{") {
        return None;
    }
    let (mut log, mut stream, mut time) = (None, None, None);
    for member in members(line) {
        let member = member.ok()?;
        match (member.key, member.value) {
            (b"log", Value::Text(text)) => log = log.or(Some(text)),
            (b"stream", Value::Text(b"stdout")) => stream = stream.or(Some(Stream::Out)),
            (b"stream", Value::Text(b"stderr")) => stream = stream.or(Some(Stream::Error)),
            (b"time", Value::Text(text)) => time = time.or(Some(text)),
            _ => {}
        }
    }
    Some(Wrapped { log: log?, stream: stream?, time: time? })
}

impl Peel for Docker {
    fn peel(&mut self, input: Input<'_>, out: &mut Text) -> usize {
        let Docker { partial, loose, plain } = self;
        let taken = input.each_line(|line, place| {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let Some(wrapped) = usual(line).or_else(|| unusual(line)) else {
                return loose.line_between(place, line, out);
            };
            loose.entry();
            let head = Head { time: wrapped.time, level: b"" };
            let (text, ends) = match wrapped.log.strip_suffix(br"\n") {
                Some(text) => (text, true),
                None => (wrapped.log, false),
            };
            if memchr(b'\\', text).is_none() {
                return partial.take(wrapped.stream, place, head, text, ends, out);
            }
            // Whether the last `\n` is one depends on the backslashes before it.
            plain.clear();
            unescape(wrapped.log, plain);
            match plain.strip_suffix(b"\n") {
                Some(text) => partial.take(wrapped.stream, place, head, text, true, out),
                None => partial.take(wrapped.stream, place, head, plain, false, out),
            }
        });
        if input.is_last {
            partial.flush(out);
        }
        taken
    }
}
