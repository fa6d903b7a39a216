//! Logs of containers as Kubernetes' runtimes write them: `2026-01-02T03:04:05.678901234Z stdout F text`.
//!
//! The tag `P` says that the line goes on in the stream's next one, which has a prefix of its own; `F` ends it.

use memchr::memchr;

use crate::source::transport::origin::{Head, Input, Text};
use crate::source::transport::partial::{Partial, Stream};
use crate::source::transport::peel::{Loose, Peel};
use crate::source::transport::prefix::is_rfc3339;

/// Peels the prefix of CRI.
#[derive(Debug, Default)]
pub(super) struct Cri {
    partial: Partial,
    loose: Loose,
}

/// A line of the log.
struct Prefixed<'l> {
    time: &'l [u8],
    stream: Stream,
    is_part: bool,
    text: &'l [u8],
}

/// Tells whether a line has the prefix.
pub(super) fn fits(line: &[u8]) -> bool {
    prefixed(line).is_some()
}

#[inline]
fn prefixed(line: &[u8]) -> Option<Prefixed<'_>> {
    let blank = memchr(b' ', line)?;
    let (time, rest) = (&line[..blank], &line[blank + 1..]);
    let (stream, rest) = match rest.split_at_checked(7)? {
        (b"stdout ", rest) => (Stream::Out, rest),
        (b"stderr ", rest) => (Stream::Error, rest),
        _ => return None,
    };
    // Tags beyond the first, after a colon, are reserved.
    let (tags, text) = rest.split_at(memchr(b' ', rest).unwrap_or(rest.len()));
    let is_part = match tags {
        b"F" | [b'F', b':', ..] => false,
        b"P" | [b'P', b':', ..] => true,
        _ => return None,
    };
    is_rfc3339(time).then_some(Prefixed { time, stream, is_part, text: text.get(1..).unwrap_or_default() })
}

impl Peel for Cri {
    fn peel(&mut self, input: Input<'_>, out: &mut Text) -> usize {
        let Cri { partial, loose } = self;
        let taken = input.each_line(|line, place| match prefixed(line) {
            Some(line) => {
                loose.entry();
                let head = Head { time: line.time, level: b"" };
                partial.take(line.stream, place, head, line.text, !line.is_part, out);
            }
            None => loose.line_between(place, line, out),
        });
        if input.is_last {
            partial.flush(out);
        }
        taken
    }
}
