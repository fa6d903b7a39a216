//! Lines that a container runtime cut into parts, joined again.
//!
//! Docker and CRI cut lines at 16 KiB, and the parts of both streams of a container interleave. [`Partial`] holds the line that
//! each stream has begun. A line that comes whole, as nearly all do, passes without a copy.

use crate::source::transport::origin::{Head, Part, Place, Text};

/// Bytes of a line that are joined; what follows begins another line.
pub const PARTIAL_BYTES: usize = 1 << 20;

/// The stream that a line was written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stream {
    Out,
    Error,
}

/// The lines that were begun, one for each stream.
#[derive(Debug, Default)]
pub(super) struct Partial {
    out: Held,
    error: Held,
}

/// A line that was begun, and where.
#[derive(Debug, Default)]
struct Held {
    text: Vec<u8>,
    line: u64,
    time: Vec<u8>,
    level: Vec<u8>,
}

impl Held {
    fn hand_out(&mut self, out: &mut Text) {
        if !self.text.is_empty() {
            let place = Place { line: self.line, head: Head::default() };
            out.line(Part::Line, place, Head { time: &self.time, level: &self.level }, &self.text);
            self.text.clear();
        }
    }
}

impl Partial {
    /// Takes the next part of a line; `ends` says whether it is the last.
    pub fn take(&mut self, stream: Stream, place: Place<'_>, head: Head<'_>, part: &[u8], ends: bool, out: &mut Text) {
        let held = match stream {
            Stream::Out => &mut self.out,
            Stream::Error => &mut self.error,
        };
        if ends && held.text.is_empty() {
            return out.line(Part::Line, place, head, part);
        }
        if held.text.is_empty() {
            let head = head.or(place.head);
            held.line = place.line;
            held.time = head.time.to_vec();
            held.level = head.level.to_vec();
        }
        held.text.extend_from_slice(part);
        if ends || held.text.len() >= PARTIAL_BYTES {
            held.hand_out(out);
        }
    }

    /// Hands out what was begun and not ended.
    pub fn flush(&mut self, out: &mut Text) {
        self.out.hand_out(out);
        self.error.hand_out(out);
    }
}
