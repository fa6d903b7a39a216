//! Peeled text and where each of its lines comes from.
//!
//! A [`Text`] is what a peeler writes: bytes with their [`Origins`], a list of marks, one for each line or entry that was
//! peeled. A mark holds the line of the raw source and, as they are written there, the time and level that the transport
//! states. They are read only when somebody asks ([`Origins::at`]), which is around matches. Text that nothing was peeled
//! from has no marks: its lines are counted.
//!
//! What makes a record inside an entry is not known here, only that nothing does ([`Part`]).

use memchr::memchr_iter;

use crate::rule::time_format::TimeFormat;
use crate::rule::vocabulary::Level;
use crate::source::LogTime;
use crate::source::stated;
use crate::source::transport::head::{level_of, time_of};

/// Bytes of the longest time that is kept. The longest shape has 35.
const TIME_BYTES: usize = 64;

/// Bytes of the longest level that is kept.
const LEVEL_BYTES: usize = 24;

/// Bytes of times and levels kept for one text, a block of half a megabyte: enough for lines of five bytes. The lines beyond
/// have no time of their transport, so that text of empty lines cannot take many times its size.
pub const HEADS_BYTES: usize = 4 << 20;

/// How a peeled stretch stands to records. Ordered by nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// A line: the rules for lines decide whether it begins a record.
    Line,
    /// An entry: it begins a record, and none of its further lines does.
    Entry,
    /// A line that is no entry, after one: it begins a record, and its next lines are as [`Part::Line`].
    Loose,
}

/// What a transport says of a line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Head<'h> {
    /// Its time as written; empty if there is none.
    pub time: &'h [u8],
    /// Its level as written; empty if there is none.
    pub level: &'h [u8],
}

impl<'h> Head<'h> {
    /// Takes from `outer` what this head does not say: what is closer to the text knows better.
    pub fn or(self, outer: Head<'h>) -> Self {
        Self {
            time: if self.time.is_empty() { outer.time } else { self.time },
            level: if self.level.is_empty() { outer.level } else { self.level },
        }
    }
}

/// Where a line of a peeler's input comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place<'h> {
    /// Its line in the raw source, counted from 1.
    pub line: u64,
    /// What the transports outside of it say.
    pub head: Head<'h>,
}

/// Where a peeled line or entry begins and where it comes from.
#[derive(Debug, Clone, Copy)]
struct Mark {
    line: u64,
    at: u32,
    /// Where its time begins in the heads; its level follows, up to the next mark's.
    head: u32,
    time: u8,
    level: u8,
    part: Part,
}

/// What is known of a byte of peeled text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// The line of the raw source, counted from 1.
    pub line: u64,
    /// When its transport says it was written. `None` if it does not, or not in a way that is known.
    pub time: Option<LogTime>,
    /// The level its transport states.
    pub level: Option<Level>,
}

/// Where the lines of a text come from. Marks are in the order of the text.
#[derive(Debug, Clone)]
pub struct Origins {
    marks: Vec<Mark>,
    heads: Vec<u8>,
    /// The line that the text begins with, for text without marks.
    first_line: u64,
}

impl Default for Origins {
    fn default() -> Self {
        Self::new()
    }
}

impl Origins {
    /// Begins a source; nothing was peeled yet.
    pub const fn new() -> Self {
        Self { marks: Vec::new(), heads: Vec::new(), first_line: 1 }
    }

    /// Whether the text was peeled, so that its lines are not those of the raw source.
    pub fn is_peeled(&self) -> bool {
        !self.marks.is_empty()
    }

    /// Returns what is known of the byte `at`; `None` in text that was not peeled.
    pub fn at(&self, at: usize) -> Option<Origin> {
        self.at_with(at, &[])
    }

    /// The same where times may be of other formats.
    pub fn at_with(&self, at: usize, formats: &[TimeFormat]) -> Option<Origin> {
        let (mark, _) = self.mark(at)?;
        let head = self.head(mark);
        let time = stated::time_of(formats, head.time).or_else(|| time_of(head.time));
        Some(Origin { line: mark.line, time, level: level_of(head.level) })
    }

    /// Returns the raw line of the byte `at`; `None` in text that was not peeled.
    pub fn line_at(&self, at: usize) -> Option<u64> {
        self.mark(at).map(|(mark, _)| mark).or(self.marks.first()).map(|mark| mark.line)
    }

    /// Tells whether the line at `at` begins a record because of how it was peeled, or does not; `None` where the rules
    /// for lines decide.
    pub fn begins_record(&self, at: usize) -> Option<bool> {
        let (mark, is_first) = self.mark(at)?;
        match (mark.part, is_first) {
            (Part::Entry | Part::Loose, true) => Some(true),
            (Part::Entry, false) => Some(false),
            _ => None,
        }
    }

    /// Takes the marks from `at` on away, to those of a text that begins there.
    pub fn split_off(&mut self, at: usize) -> Origins {
        let cut = self.marks.partition_point(|mark| (mark.at as usize) < at);
        let mut tail = Origins { first_line: self.first_line, ..Origins::default() };
        // What begins before the cut and goes on behind it is known there, too.
        if let Some(covering) = cut.checked_sub(1).and_then(|before| self.marks.get(before).copied())
            && self.marks.get(cut).is_none_or(|mark| mark.at as usize > at)
        {
            tail.add(0, covering.line, covering.part, self.head(&covering));
        }
        for mark in &self.marks[cut..] {
            tail.add(mark.at as usize - at, mark.line, mark.part, self.head(mark));
        }
        if let Some(first) = self.marks.get(cut) {
            self.heads.truncate(first.head as usize);
        }
        self.marks.truncate(cut);
        tail
    }

    /// Gives away what belongs to the first `at` bytes, and keeps the rest.
    pub(in crate::source) fn hand_out(&mut self, at: usize) -> Origins {
        if !self.is_peeled() {
            return Origins::default();
        }
        let rest = self.split_off(at);
        std::mem::replace(self, rest)
    }

    /// Adds the marks of a text that stands behind this one, from `at` on.
    pub(super) fn append(&mut self, at: usize, other: &Origins) {
        if self.heads.len() >= HEADS_BYTES {
            for mark in &other.marks {
                self.add(at + mark.at as usize, mark.line, mark.part, other.head(mark));
            }
            return;
        }
        let head = self.heads.len() as u32;
        self.heads.extend_from_slice(&other.heads);
        let moved = |mark: &Mark| Mark { at: mark.at + at as u32, head: mark.head + head, ..*mark };
        self.marks.extend(other.marks.iter().map(moved));
    }

    fn add(&mut self, at: usize, line: u64, part: Part, head: Head<'_>) {
        let start = self.heads.len();
        let (mut time, mut level) = (0, 0);
        if start < HEADS_BYTES {
            if head.time.len() <= TIME_BYTES {
                self.heads.extend_from_slice(head.time);
                time = head.time.len() as u8;
            }
            if head.level.len() <= LEVEL_BYTES {
                self.heads.extend_from_slice(head.level);
                level = head.level.len() as u8;
            }
        }
        // Blocks are far smaller than 4 GiB.
        self.marks.push(Mark { line, at: at as u32, head: start as u32, time, level, part });
    }

    /// The mark that covers a byte, and whether it begins there.
    fn mark(&self, at: usize) -> Option<(&Mark, bool)> {
        let after = self.marks.partition_point(|mark| mark.at as usize <= at);
        let mark = self.marks.get(after.checked_sub(1)?)?;
        Some((mark, mark.at as usize == at))
    }

    fn head(&self, mark: &Mark) -> Head<'_> {
        let start = mark.head as usize;
        let level = start + usize::from(mark.time);
        let part = |from: usize, to: usize| self.heads.get(from..to).unwrap_or_default();
        Head { time: part(start, level), level: part(level, level + usize::from(mark.level)) }
    }
}

/// Text and where its lines come from.
#[derive(Debug, Clone, Default)]
pub struct Text {
    /// The text.
    pub bytes: Vec<u8>,
    /// Where it comes from.
    pub origins: Origins,
}

impl Text {
    /// Begins a line or an entry, which comes from `place` and of which the transport says `head`.
    pub(super) fn begin(&mut self, part: Part, place: Place<'_>, head: Head<'_>) {
        self.origins.add(self.bytes.len(), place.line, part, head.or(place.head));
    }

    /// Adds to what was begun.
    pub(super) fn push(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(text);
    }

    /// Ends a line, unless the text ends with one.
    pub(super) fn end_line(&mut self) {
        if self.bytes.last().is_some_and(|&last| last != b'\n') {
            self.bytes.push(b'\n');
        }
    }

    /// Adds a whole line. An empty one gets no mark, unless it is the first: nothing is ever found in it.
    pub(super) fn line(&mut self, part: Part, place: Place<'_>, head: Head<'_>, text: &[u8]) {
        if !text.is_empty() || part != Part::Line || !self.origins.is_peeled() {
            self.begin(part, place, head);
            self.push(text);
        }
        self.bytes.push(b'\n');
    }

    /// Empties the text and keeps its memory.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.origins.marks.clear();
        self.origins.heads.clear();
    }

    /// Removes the first bytes.
    pub(super) fn drop_front(&mut self, count: usize) {
        if self.origins.is_peeled() {
            self.origins = self.origins.split_off(count);
        } else {
            self.origins.first_line += memchr_iter(b'\n', &self.bytes[..count]).count() as u64;
        }
        self.bytes.drain(..count);
    }
}

/// What a peeler reads: text and where it comes from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Input<'i> {
    /// The text; a peeler may leave its end for the next time.
    pub bytes: &'i [u8],
    pub origins: &'i Origins,
    /// Whether nothing follows, so that the peeler must take everything.
    pub is_last: bool,
}

impl<'i> Input<'i> {
    /// Tells the places of increasing positions.
    pub fn places(self) -> Places<'i> {
        Places { input: self, at: 0, line: self.origins.first_line, next_mark: 0 }
    }

    /// Hands every whole line, without its newline, to `take`; at the end also what follows the last newline. Returns how many
    /// bytes that was.
    pub fn each_line(self, mut take: impl FnMut(&'i [u8], Place<'i>)) -> usize {
        let mut places = self.places();
        let mut at = 0;
        for newline in memchr_iter(b'\n', self.bytes) {
            take(&self.bytes[at..newline], places.at_line(at));
            at = newline + 1;
        }
        if self.is_last && at < self.bytes.len() {
            take(&self.bytes[at..], places.at_line(at));
            at = self.bytes.len();
        }
        at
    }
}

/// Tells the places of increasing positions of an [`Input`].
#[derive(Debug, Clone)]
pub(super) struct Places<'i> {
    input: Input<'i>,
    at: usize,
    line: u64,
    next_mark: usize,
}

impl<'i> Places<'i> {
    /// Returns the place of `at`, counting the newlines since the last one asked for.
    pub fn at(&mut self, at: usize) -> Place<'i> {
        if self.input.origins.is_peeled() {
            return self.marked(at);
        }
        let at = at.clamp(self.at, self.input.bytes.len());
        self.line += memchr_iter(b'\n', &self.input.bytes[self.at..at]).count() as u64;
        self.at = at;
        Place { line: self.line, head: Head::default() }
    }

    /// Returns the place of `at`, which is asked for every line.
    fn at_line(&mut self, at: usize) -> Place<'i> {
        if self.input.origins.is_peeled() {
            return self.marked(at);
        }
        let place = Place { line: self.line, head: Head::default() };
        self.line += 1;
        place
    }

    fn marked(&mut self, at: usize) -> Place<'i> {
        let origins = self.input.origins;
        while origins.marks.get(self.next_mark).is_some_and(|mark| mark.at as usize <= at) {
            self.next_mark += 1;
        }
        match origins.marks.get(self.next_mark.saturating_sub(1)) {
            Some(mark) => Place { line: mark.line, head: origins.head(mark) },
            None => Place { line: origins.first_line, head: Head::default() },
        }
    }
}
