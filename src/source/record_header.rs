//! Time and level of a record.
//!
//! [`Block::header`] reads them from the record's first line. A record without a time has that of the one before it, which
//! [`Clock`] looks up backward; what lies before the block was passed on by the reader as a `Past`. All of it is done only
//! for records that match. What a transport says
//! of a record counts where the record says nothing.
//!
//! Times are as the text has them: year and zone that it leaves out are supplied by [`LogTime::resolved`].

use std::borrow::Cow;

use memchr::memchr;

use crate::rule::Level;
use crate::source::block::Block;
use crate::source::framing::Framing;
use crate::source::level;
use crate::source::plain::plain;
use crate::source::record::RecordSpan;
use crate::source::timestamp::{self, LogTime};
use crate::source::transport::Origin;

/// Bytes of a first line that are read: a header is far shorter, a progress line written over is not.
const FIRST_LINE_BYTES: usize = 4096;

/// Lines before a record, in a text without headers, that may give it a time. As many as a record may have.
const LOOK_BACK_LINES: usize = 1000;

/// What a record says of itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Header {
    /// Its timestamp.
    pub time: Option<LogTime>,
    /// Its level.
    pub level: Option<Level>,
}

impl Header {
    /// Takes from a record's transport what the record does not say itself.
    fn or(self, origin: impl FnOnce() -> Option<Origin>) -> Self {
        if self.time.is_some() && self.level.is_some() {
            return self;
        }
        let origin = origin();
        let (time, level) = (origin.and_then(|origin| origin.time), origin.and_then(|origin| origin.level));
        Self { time: self.time.or(time), level: self.level.or(level) }
    }
}

/// What is known of the text before a block.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Past {
    /// The last time.
    time: Option<LogTime>,
    /// Lines since then.
    lines: usize,
    /// The level of the record that goes on in the block.
    level: Option<Level>,
    /// Whether a line goes on in the block, so that what it begins with is no beginning of a line.
    inside_line: bool,
}

impl Framing<'_> {
    /// Reads time and level from the first line of a record, which is plain text.
    pub fn header(&self, line: &[u8]) -> Header {
        if let Self::Stated(lines) = self {
            return lines.header(line);
        }
        let stamp = self.stamp(line);
        let level = level::find(line, stamp.as_ref().map_or(0, |stamp| stamp.range.end));
        Header { time: stamp.map(|stamp| stamp.time), level }
    }
}

impl Block<'_> {
    /// Reads time and level of a record from its first line. A further piece of a cut record has those of the record.
    pub fn header(&self, span: &RecordSpan) -> Header {
        match self.record_start(span.range.start) {
            Some(start) => self.framing.header(&self.first_line_at(start)).or(|| self.origin_at(start)),
            None => Header { time: None, level: self.past().level },
        }
    }

    /// Returns what tells the times of the block's records.
    pub fn clock(&self) -> Clock<'_> {
        Clock { block: self, at: 0, time: self.past().time, lines: self.past().lines }
    }

    /// What the next block needs to know of this one.
    pub(super) fn past_at_end(&self) -> Past {
        let mut clock = self.clock();
        let end = self.bytes().len();
        let time = clock.time_before(end);
        let level = self.is_cut().then(|| self.header(&self.record_at(end)).level).flatten();
        let inside_line = self.is_cut() && !self.bytes().ends_with(b"\n");
        Past { time, lines: clock.lines, level, inside_line }
    }

    fn first_line_at(&self, start: usize) -> Cow<'_, [u8]> {
        let text = &self.bytes()[start..];
        let text = &text[..text.len().min(FIRST_LINE_BYTES)];
        plain(&text[..memchr(b'\n', text).unwrap_or(text.len())])
    }
}

/// Tells the times of the records of a block; asked for records in order, it looks at every line once.
#[derive(Debug, Clone)]
pub struct Clock<'b> {
    block: &'b Block<'b>,
    /// Where the last record began that was asked for.
    at: usize,
    /// The last time before it.
    time: Option<LogTime>,
    /// Lines since then.
    lines: usize,
}

impl Clock<'_> {
    /// Returns the time of a record: its own, else that of the record before it.
    pub fn time_of(&mut self, span: &RecordSpan) -> Option<LogTime> {
        let own = if span.continues { None } else { self.block.header(span).time };
        own.or_else(|| self.time_before(span.range.start))
    }

    /// Returns the last time in the block, or before it.
    pub fn time_at_end(&mut self) -> Option<LogTime> {
        self.time_before(self.block.bytes().len())
    }

    /// Returns the last time before the line at `end`.
    fn time_before(&mut self, end: usize) -> Option<LogTime> {
        if end < self.at {
            *self = self.block.clock();
        }
        let reach = match self.block.framing {
            Framing::Headed(_) => usize::MAX,
            Framing::Stated(lines) if lines.tells_time() => usize::MAX,
            Framing::Stated(_) | Framing::Lines if self.block.is_stamped() => LOOK_BACK_LINES,
            Framing::Stated(_) | Framing::Lines => 0,
        };
        let text = self.block.text();
        let (mut lines, mut line, mut found) = (0, end, None);
        while line > self.at && lines < reach && found.is_none() {
            line = text.line_start(line - 1);
            if line == 0 && self.block.past().inside_line {
                break;
            }
            lines += 1;
            found = self.stamp_at(line);
        }
        (self.at, self.lines) = (end, if found.is_some() { lines } else { self.lines.saturating_add(lines) });
        self.time = found.or(self.time).filter(|_| self.lines <= reach);
        self.time
    }

    /// Reads the time with which the line at `at` begins.
    fn stamp_at(&self, at: usize) -> Option<LogTime> {
        let head = self.block.text().head(at);
        let time = match self.block.framing {
            Framing::Headed(headers) => headers.stamp(head).map(|stamp| stamp.time),
            Framing::Lines => timestamp::find(head).map(|stamp| stamp.time),
            Framing::Stated(_) if at > 0 && self.block.text().is_one_record => None,
            Framing::Stated(lines) => lines.time(head),
        };
        time.or_else(|| self.block.origin_at(at)?.time)
    }
}
