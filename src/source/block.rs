//! A source read in blocks that hold whole records.
//!
//! [`Blocks`] fills a buffer, hands it out up to where a record ends, and takes the rest over into the next buffer. A
//! [`Block`] owns its text, so that blocks of one source can be searched on several threads; a block that is done with goes
//! back to be [filled anew](Blocks::recycle). Only around a hit does the scanner ask for the record there
//! ([`Block::record_at`]) and its line number ([`LineCounter`]). [`Block::records`] walks all of them, for a small text or
//! to check the other two against.
//!
//! Looking up a record walks back to the nearest line that certainly begins one and forward from there. Where that turns
//! out dear (a dump without timestamps in a timestamped log, hits on every line of it) the block makes an index of its
//! records once, so that looking up all lines of any block costs no more than three passes over it.
//!
//! What the text is wrapped in is found by `detect_with` in what is read first, and taken off by `Peeling` before the text comes
//! here; then the lines of the source and the records that the transport made are told by its [`Origins`].
//!
//! A record that exceeds the limits comes in pieces. The next piece is matched together with the end of the one before it
//! ([`Block::text_of`]), so that what lies across a cut is found; a block keeps that much of the one before it, and what a
//! record of it needs to know from there: time and level.
//!
//! Decoding and decompression come before, in the reader; what makes a record is decided in [`crate::source::record`], times
//! and levels in [`crate::source::record_header`].

use std::borrow::Cow;
use std::io::{self, Read};
use std::mem;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use memchr::{memchr, memchr_iter, memrchr};

use crate::rule::SourceSettings;
use crate::rule::time_format::TimeFormat;
use crate::source::framing::{Framing, Watch};
use crate::source::record::{HEAD_BYTES, Opening, Piece, Pieces, RecordLimits, RecordSpan, RecordText, overlap_start};
use crate::source::record_header::Past;
use crate::source::transport::{Origin, Origins, Peeling, Transport, detect_with};

/// Bytes of a block, unless a record needs more. Measured: 256 KiB to 2 MiB read equally fast; this is room for two of the
/// longest records and stays in the second-level cache of current processors while several passes run over it.
pub const BLOCK_BYTES: usize = 512 * 1024;

/// Bytes of a buffer before anything was read: most files in a bundle are smaller.
const FIRST_BYTES: usize = 16 * 1024;

/// Reads a source block by block. A buffer never exceeds [`BLOCK_BYTES`] or a little more than the longest record, whichever
/// is larger; how many there are is up to who keeps the blocks.
#[derive(Debug)]
pub struct Blocks<'s, R> {
    reader: R,
    settings: SourceSettings<'s>,
    limits: RecordLimits,
    /// Bytes that are read before a block is handed out; more only where a line is longer.
    block_bytes: usize,
    capacity: usize,
    /// What was read and not yet handed out is at its front, `filled` bytes of it. Its length never shrinks, so that its
    /// bytes are initialised once.
    buffer: Vec<u8>,
    filled: usize,
    spare: Vec<Vec<u8>>,
    /// What the source is wrapped in; `None` until it is detected.
    transports: Option<Vec<Transport>>,
    peeling: Option<Peeling>,
    /// Where the text in the buffer comes from, if it was peeled.
    origins: Origins,
    offset: u64,
    watch: Option<Watch<'s>>,
    opening: Opening,
    /// The end of the block before, where the next one begins inside a record.
    overlap: Vec<u8>,
    past: Past,
    ended: bool,
    failure: Option<io::Error>,
}

impl<'s, R: Read> Blocks<'s, R> {
    /// Reads from `reader`, whose text is decoded; records beyond `limits` are cut.
    pub fn new(reader: R, limits: RecordLimits) -> Self {
        Self::with_block_bytes(reader, limits, BLOCK_BYTES)
    }

    /// Reads in blocks of another size, for tests and measurements.
    pub fn with_block_bytes(reader: R, limits: RecordLimits, block_bytes: usize) -> Self {
        let limits = limits.sound();
        // One whole record, the newline after it and what tells whether the next line begins another: with that in the
        // buffer there is always a place where the block may end, unless a line is longer.
        let block_bytes = block_bytes.max(limits.bytes.saturating_add(HEAD_BYTES + 2));
        Self {
            reader,
            settings: SourceSettings::default(),
            limits,
            block_bytes,
            capacity: block_bytes,
            buffer: Vec::new(),
            filled: 0,
            spare: Vec::new(),
            transports: None,
            peeling: None,
            origins: Origins::default(),
            offset: 0,
            watch: None,
            opening: Opening::Record,
            overlap: Vec::new(),
            past: Past::default(),
            ended: false,
            failure: None,
        }
    }

    /// Reads the source as its settings say; what they leave out is found out.
    pub fn with_settings(self, settings: SourceSettings<'s>) -> Self {
        Self { settings, ..self }
    }

    /// Takes the source for wrapped in `transports`, outermost first, instead of looking for some.
    pub fn wrapped_in(self, transports: Vec<Transport>) -> Self {
        Self { transports: Some(transports), ..self }
    }

    /// Returns the next block, or `None` at the end of the source.
    ///
    /// When reading fails, what was read until then is still handed out first; then the error is returned once, and after
    /// it `None`.
    pub fn next_block(&mut self) -> io::Result<Option<Block<'s>>> {
        self.fill();
        if self.filled == 0 {
            return self.failure.take().map_or(Ok(None), Err);
        }
        let (framing, end) = self.framed();
        let is_cut = end.next != Opening::Record;
        let overlap = mem::take(&mut self.overlap);
        let read = &self.buffer[..end.at];
        if is_cut {
            self.overlap = read[overlap_start(read, end.last_piece, end.at, self.limits.overlap)..].to_vec();
        }
        let block = Block {
            offset: self.offset,
            framing,
            formats: self.settings.timestamp,
            limits: self.limits,
            ends_inside_line: is_cut && read.last() != Some(&b'\n'),
            is_one_record: end.is_one_record,
            opening: mem::replace(&mut self.opening, end.next),
            is_cut,
            overlap,
            past: self.past,
            stamped: self.watch.as_ref().is_none_or(Watch::is_stamped),
            walked: AtomicUsize::new(0),
            index: OnceLock::new(),
            length: end.at,
            origins: self.origins.hand_out(end.at),
            buffer: self.hand_out(end.at),
        };
        self.offset += block.length as u64;
        self.past = block.past_at_end();
        Ok(Some(block))
    }

    /// Whether the source has been read to its end, so that no further block follows the one handed out last unless there is a
    /// rest in the buffer.
    pub fn is_at_end(&self) -> bool {
        self.ended && self.filled == 0
    }

    /// Decides how the records of the buffer are framed, and where the next block ends.
    fn framed(&mut self) -> (Framing<'s>, End) {
        let watch = self.watch.get_or_insert_with(|| Watch::new(&self.buffer[..self.filled], self.settings));
        let mut framing = watch.framing();
        let mut end = self.end(framing);
        let watch = self.watch.get_or_insert_with(|| Watch::new(&[], self.settings));
        let change = watch.change(&self.buffer[..self.filled], end.at);
        // what is one entry stays one record
        let mut change = change.filter(|at| self.origins.begins_record(*at) != Some(false));
        if change == Some(0) {
            framing = watch.framing();
            self.opening = Opening::Record;
            self.overlap.clear();
            end = self.end(framing);
            change = None;
        }
        if let Some(at) = change {
            end = End { at, next: Opening::Record, ..end };
        }
        (framing, end)
    }

    /// Finds where the next block ends. Reads more where that takes more than was read: in a line that is longer.
    fn end(&mut self, framing: Framing<'s>) -> End {
        loop {
            let text = RecordText {
                first_line: self.opening.first_line(),
                origins: &self.origins,
                ..RecordText::new(&self.buffer[..self.filled], framing, self.limits)
            };
            if self.ended {
                return End::of_source(text);
            }
            if let Some(end) = End::within(text, self.opening) {
                return end;
            }
            self.capacity = self.capacity.max(self.limits.line_bytes.saturating_add(HEAD_BYTES + 2));
            if self.filled >= self.capacity {
                return End::of_source(text);
            }
            self.fill();
        }
    }

    /// Takes a block back whose text is no longer needed, so that its memory is used for a later one.
    pub fn recycle(&mut self, block: Block<'_>) {
        self.spare.push(block.buffer);
    }

    /// Gives the buffer away, of which the first `length` bytes are a block, and takes over the rest into another one.
    fn hand_out(&mut self, length: usize) -> Vec<u8> {
        let rest = length..self.filled;
        let mut next = Vec::new();
        self.capacity = self.block_bytes;
        if !self.ended || !rest.is_empty() {
            next = self.spare.pop().unwrap_or_default();
            next.resize(self.capacity.max(rest.len()), 0);
        }
        next[..rest.len()].copy_from_slice(&self.buffer[rest.clone()]);
        self.filled = rest.len();
        mem::replace(&mut self.buffer, next)
    }

    /// Reads until the buffer is full or the source ends, and takes off what the source is wrapped in.
    fn fill(&mut self) {
        if self.offset == 0 && self.filled == 0 {
            self.read();
            let transports =
                self.transports.take().unwrap_or_else(|| detect_with(&self.buffer[..self.filled], self.settings));
            if !transports.is_empty() {
                self.peeling = Some(Peeling::new(&transports, &self.buffer[..self.filled], self.ended));
                (self.filled, self.ended) = (0, false);
            }
        }
        self.read();
    }

    fn read(&mut self) {
        while !self.ended && self.filled < self.capacity {
            if self.filled == self.buffer.len() {
                // a small source gets a small buffer
                self.buffer.resize((2 * self.buffer.len()).max(FIRST_BYTES).min(self.capacity), 0);
            }
            let read = match &mut self.peeling {
                None => self.reader.read(&mut self.buffer[self.filled..]),
                Some(peeling) => peeling.read(&mut self.reader, &mut self.buffer, self.filled, &mut self.origins),
            };
            match read {
                Ok(0) => self.ended = true,
                Ok(read) => self.filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.ended = true;
                    self.failure = Some(error);
                }
            }
        }
    }
}

/// Where a block ends.
struct End {
    at: usize,
    /// What begins there.
    next: Opening,
    /// Whether no line of the block but the first begins a record.
    is_one_record: bool,
    /// Where the last record, or piece of one, begins, if the block ends at a cut.
    last_piece: usize,
}

impl End {
    /// Ends where the source does.
    fn of_source(text: RecordText<'_>) -> Self {
        Self { at: text.bytes.len(), next: Opening::Record, is_one_record: false, last_piece: 0 }
    }

    /// Finds the last place in a full buffer, which begins with `opening`, where a block may end. `None` if its only line is
    /// not there to its end, nor long enough to be cut.
    fn within(text: RecordText<'_>, opening: Opening) -> Option<Self> {
        // Whether the line at a position begins a record must not depend on bytes that are still to be read.
        let is_known = |at: usize| at + HEAD_BYTES <= text.bytes.len() || memchr(b'\n', &text.bytes[at..]).is_some();
        let mut end = text.bytes.len();
        while let Some(newline) = memrchr(b'\n', &text.bytes[..end]) {
            let start = newline + 1;
            if is_known(start) && text.certain_start(start) {
                return Some(Self { at: start, next: Opening::Record, is_one_record: false, last_piece: 0 });
            }
            end = newline;
        }
        // No line after the first begins a record for certain: the buffer is one long record, or indented throughout.
        let is_one_record = text.framing != Framing::Lines;
        let last = RecordText { is_one_record, ..text }
            .pieces(0, opening)
            .take_while(|piece| piece.end < text.bytes.len() && is_known(piece.end))
            .last();
        last.map(|piece| Self { at: piece.end, next: piece.next, is_one_record, last_piece: piece.start })
    }
}

/// A record, or a piece of one, as it is to be matched. Pieces of a record overlap; each match belongs to the first of them
/// in which it is seen whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PieceText<'b> {
    /// The text.
    pub text: Cow<'b, [u8]>,
    /// Bytes at its beginning that were matched with the piece before.
    pub seen: usize,
    /// Where the bytes begin that will be matched again with the next piece; the text's length if there is none.
    pub again: usize,
}

/// A stretch of a source that holds whole records, except where a record that exceeds the limits was cut.
#[derive(Debug)]
pub struct Block<'s> {
    /// Byte offset of the first byte in the source, decoded and peeled.
    pub offset: u64,
    /// How the lines of the source make records.
    pub framing: Framing<'s>,
    /// How the settings say that times are written.
    formats: &'s [TimeFormat],
    limits: RecordLimits,
    buffer: Vec<u8>,
    /// Bytes of the buffer that are the block's.
    length: usize,
    origins: Origins,
    ends_inside_line: bool,
    is_one_record: bool,
    opening: Opening,
    /// Whether the last record goes on in the next block.
    is_cut: bool,
    /// The end of the block before, as much of it as is matched again with the first piece.
    overlap: Vec<u8>,
    past: Past,
    /// Whether the source is known to have timestamps.
    stamped: bool,
    /// Bytes walked by look-ups so far; only steers when the index is made, never what is found.
    walked: AtomicUsize,
    index: OnceLock<Vec<RecordSpan>>,
}

impl Block<'_> {
    /// Makes one block of a whole text that is in memory already, such as a pasted one.
    pub fn whole(text: impl Into<Vec<u8>>, limits: RecordLimits) -> Self {
        let buffer = text.into();
        Self {
            offset: 0,
            framing: Framing::detect(&buffer),
            formats: &[],
            limits: limits.sound(),
            length: buffer.len(),
            origins: Origins::default(),
            buffer,
            ends_inside_line: false,
            is_one_record: false,
            opening: Opening::Record,
            is_cut: false,
            overlap: Vec::new(),
            past: Past::default(),
            stamped: true,
            walked: AtomicUsize::new(0),
            index: OnceLock::new(),
        }
    }

    /// The text, decoded.
    pub fn bytes(&self) -> &[u8] {
        &self.buffer[..self.length]
    }

    pub(super) fn text(&self) -> RecordText<'_> {
        RecordText {
            first_line: self.opening.first_line(),
            ends_inside_line: self.ends_inside_line,
            is_one_record: self.is_one_record,
            origins: &self.origins,
            ..RecordText::new(self.bytes(), self.framing, self.limits)
        }
    }

    /// Returns the record, or the piece of a cut one, that holds the byte `at`; the last one when `at` is past the end.
    ///
    /// The newline after a record counts as part of it. Costs the distance from the nearest line before `at` that certainly
    /// begins a record to the end of this one.
    pub fn record_at(&self, at: usize) -> RecordSpan {
        let Some(last) = self.bytes().len().checked_sub(1) else {
            return RecordSpan { range: 0..0, next: 0, cut: false, continues: false, previous: 0 };
        };
        let at = at.min(last);
        if self.index.get().is_none() && self.walked.load(Ordering::Relaxed) <= self.bytes().len() {
            return self.walk_to(at);
        }
        let index = self.index.get_or_init(|| self.records().collect());
        let after = index.partition_point(|record| record.range.start <= at);
        index[after.saturating_sub(1)].clone()
    }

    /// Returns the text of a record as it is to be matched: of a further piece of a cut record, with the end of the piece
    /// before it.
    pub fn text_of(&self, span: &RecordSpan) -> PieceText<'_> {
        let (bytes, overlap) = (self.bytes(), self.limits.overlap);
        let own = &bytes[span.range.clone()];
        let (text, seen) = match span.range.start {
            _ if !span.continues => (Cow::Borrowed(own), 0),
            0 => (Cow::Owned([&self.overlap, own].concat()), self.overlap.len()),
            start => {
                let from = overlap_start(bytes, span.previous, start, overlap);
                (Cow::Borrowed(&bytes[from..span.range.end]), start - from)
            }
        };
        let goes_on =
            if span.next == bytes.len() { self.is_cut } else { span.cut && self.record_at(span.next).continues };
        let again = match goes_on {
            true => seen + overlap_start(bytes, span.range.start, span.next, overlap) - span.range.start,
            false => text.len(),
        };
        PieceText { again: again.min(text.len()), text, seen }
    }

    /// Walks all records of the block in order.
    pub fn records(&self) -> Records<'_> {
        Records { block: self, pieces: self.text().pieces(0, self.opening) }
    }

    /// Returns what the source's transports say of the byte `at`; `None` when it has none.
    pub fn origin_at(&self, at: usize) -> Option<Origin> {
        self.origins.at_with(at, self.formats)
    }

    /// Returns the line of the raw source that holds what the byte `at` was taken out of; `None` when lines are to be counted.
    pub fn raw_line_at(&self, at: usize) -> Option<u64> {
        self.origins.line_at(at)
    }

    /// Whether the text was taken out of a transport.
    pub fn is_peeled(&self) -> bool {
        self.origins.is_peeled()
    }

    /// Returns a counter of the block's lines.
    pub fn lines(&self) -> LineCounter<'_> {
        LineCounter { bytes: self.bytes(), at: 0, lines: 0 }
    }

    /// Finds the record at `at` from the lines around it.
    fn walk_to(&self, at: usize) -> RecordSpan {
        let mut start = self.text().line_start(at);
        while start > 0 && !self.text().certain_start(start) {
            start = self.text().line_start(start - 1);
        }
        let opening = if start == 0 { self.opening } else { Opening::Record };
        // The pieces cover the block, so there is always one.
        let rest = Piece { start, end: self.bytes().len(), continues: false, next: Opening::Record, previous: start };
        let piece = self.text().pieces(start, opening).find(|piece| piece.end > at).unwrap_or(rest);
        self.walked.fetch_add(piece.end - start, Ordering::Relaxed);
        self.span(piece)
    }

    /// Returns where the record begins of which the byte `at` is part, or `None` if that is in a block before this one.
    pub(super) fn record_start(&self, at: usize) -> Option<usize> {
        let mut span = self.record_at(at);
        while span.continues && span.range.start > 0 {
            span = self.record_at(span.range.start - 1);
        }
        (!span.continues).then_some(span.range.start)
    }

    /// What a record of this block needs to know of those before it.
    pub(super) fn past(&self) -> Past {
        self.past
    }

    /// Whether there may be timestamps in the source at all.
    pub(super) fn is_stamped(&self) -> bool {
        self.stamped
    }

    /// Whether the block begins with a further piece of a record that was cut.
    pub fn begins_inside_record(&self) -> bool {
        self.opening != Opening::Record
    }

    /// Whether the last record goes on in the next block.
    pub(super) fn is_cut(&self) -> bool {
        self.is_cut
    }

    fn span(&self, piece: Piece) -> RecordSpan {
        let is_cut_here = piece.next != Opening::Record || (piece.end == self.bytes().len() && self.is_cut);
        let newline = usize::from(self.bytes()[..piece.end].ends_with(b"\n"));
        RecordSpan {
            range: piece.start..piece.end - newline,
            next: piece.end,
            cut: piece.continues || is_cut_here,
            continues: piece.continues,
            previous: piece.previous,
        }
    }
}

/// The records of a block in order, made by [`Block::records`].
#[derive(Debug)]
pub struct Records<'b> {
    block: &'b Block<'b>,
    pieces: Pieces<'b>,
}

impl Iterator for Records<'_> {
    type Item = RecordSpan;

    fn next(&mut self) -> Option<RecordSpan> {
        self.pieces.next().map(|piece| self.block.span(piece))
    }
}

/// Counts lines in a block; asked for increasing positions, it counts every newline once.
#[derive(Debug, Clone)]
pub struct LineCounter<'b> {
    bytes: &'b [u8],
    at: usize,
    lines: u64,
}

impl LineCounter<'_> {
    /// Returns how many lines end before the byte `at` of the block. A position before the last one asked for is counted
    /// from the beginning of the block.
    pub fn lines_before(&mut self, at: usize) -> u64 {
        let at = at.min(self.bytes.len());
        if at < self.at {
            (self.at, self.lines) = (0, 0);
        }
        self.lines += memchr_iter(b'\n', &self.bytes[self.at..at]).count() as u64;
        self.at = at;
        self.lines
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use crate::rule::Level;
    use crate::source::LogTime;

    use super::*;
    use proptest::prelude::*;

    const TASK: &str = concat!(
        "An example of the failed task is provided below:\n\n",
        " Task name \u{a0} \u{a0} APS application 'Microsoft Office 365'\n",
        " Last execution output \u{a0} Execution of configuration script\n",
        " \u{a0} \u{a0} \u{a0} output: '<?xml version=\"1.0\"?>\n",
        " \u{a0} \u{a0} \u{a0} <message>the subdomain is already in use</message>\n",
        " \u{a0} \u{a0} \u{a0} ' errors: ''\n\n\nPOA tries\n",
    );

    /// A record as it is matched.
    #[derive(Debug, PartialEq)]
    struct Found {
        text: String,
        /// Bytes of it that belong to the piece before, and to the next.
        overlap: (usize, usize),
        line: u64,
        cut: bool,
        time: Option<LogTime>,
        level: Option<Level>,
    }

    /// The records of a block, which has so many lines before it.
    fn found(block: &Block<'_>, before: u64) -> Vec<Found> {
        let (mut lines, mut clock) = (block.lines(), block.clock());
        let record = |span: RecordSpan| {
            let PieceText { text, seen, again } = block.text_of(&span);
            let (text, overlap) = (String::from_utf8_lossy(&text).into_owned(), (seen, text.len() - again));
            let (line, time) = (1 + before + lines.lines_before(span.range.start), clock.time_of(&span));
            Found { text, overlap, line, cut: span.cut, time, level: block.header(&span).level }
        };
        block.records().map(record).collect()
    }

    /// Reads text in blocks and checks everything a block promises; returns the records and whether all blocks are framed
    /// as `framing`.
    fn read_framed(text: &[u8], limits: RecordLimits, block_bytes: usize, framing: Framing<'_>) -> (Vec<Found>, bool) {
        let mut same = true;
        let mut blocks = Blocks::with_block_bytes(text, limits, block_bytes);
        let (mut joined, mut records, mut before) = (Vec::new(), Vec::new(), 0);
        while let Some(block) = blocks.next_block().unwrap() {
            same &= block.framing == framing;
            assert_eq!(block.offset, joined.len() as u64);
            joined.extend_from_slice(block.bytes());
            records.extend(found(&block, before));
            before += block.lines().lines_before(block.bytes().len());
            let mut next = 0;
            for span in block.records() {
                assert_eq!(span.range.start, next, "records leave no gap");
                next = span.next;
                for at in span.range.start..next {
                    assert_eq!(block.walk_to(at), span, "at {at}");
                    assert_eq!(block.record_at(at), span, "at {at}");
                }
                let PieceText { text, seen, .. } = block.text_of(&span);
                assert_eq!(text[seen..], block.bytes()[span.range.clone()]);
            }
            assert_eq!(next, block.bytes().len());
        }
        assert_eq!(joined, text);
        (records, same)
    }

    fn read(text: &[u8], limits: RecordLimits, block_bytes: usize) -> Vec<Found> {
        read_framed(text, limits, block_bytes, Framing::Lines).0
    }

    fn record_texts(text: &str) -> Vec<String> {
        let found = read(text.as_bytes(), RecordLimits::default(), BLOCK_BYTES);
        found.into_iter().map(|found| found.text).collect()
    }

    #[test]
    fn a_table_cell_padded_with_no_break_spaces_is_one_record() {
        let records = record_texts(TASK);
        assert_eq!(records.len(), 7);
        assert!(records[2].starts_with(" Task name") && !records[2].contains('\n'));
        assert!(records[3].starts_with(" Last execution") && records[3].ends_with("' errors: ''"));
        let block = Block::whole(TASK.as_bytes(), RecordLimits::default());
        let hit = TASK.find("already in use").unwrap();
        assert_eq!(&TASK[block.record_at(hit).range], records[3]);
        assert_eq!(block.lines().lines_before(hit), 5);
    }

    #[test]
    fn a_line_of_ten_megabytes_comes_in_bounded_blocks() {
        let text = "x".repeat(10 << 20);
        let limits = RecordLimits::default();
        let mut blocks = Blocks::new(text.as_bytes(), limits);
        let mut bytes = 0;
        while let Some(block) = blocks.next_block().unwrap() {
            assert!(block.bytes().len() <= limits.line_bytes + BLOCK_BYTES);
            assert!(block.records().all(|record| record.cut && record.range.len() <= limits.line_bytes));
            assert!(
                block
                    .records()
                    .all(|record| block.text_of(&record).seen == if record.continues { 32 * 1024 } else { 0 })
            );
            bytes += block.bytes().len();
            blocks.recycle(block);
        }
        assert_eq!(bytes, text.len());
        assert!(blocks.buffer.capacity() <= (limits.line_bytes + BLOCK_BYTES) * 2);
    }

    #[test]
    fn a_line_of_a_mebibyte_is_one_record() {
        let line = format!("{}\n", "x".repeat(1 << 20));
        let text = format!("a\n{line}b\n{line}");
        let mut blocks = Blocks::new(text.as_bytes(), RecordLimits::default());
        let (mut lines, mut before) = (Vec::new(), 0);
        while let Some(block) = blocks.next_block().unwrap() {
            lines.extend(found(&block, before).into_iter().map(|found| (found.text.len(), found.line, found.cut)));
            before += block.lines().lines_before(block.bytes().len());
        }
        assert_eq!(lines, [(1, 1, false), (1 << 20, 2, false), (1, 3, false), (1 << 20, 4, false)]);
    }

    #[test]
    fn pieces_have_time_and_level_of_their_record_and_others_the_time_before() {
        let text = concat!(
            "2024-05-06 07:08:09 ERROR a\n at b\n at c\n at d\n at e\n",
            "panic: f\n",
            "2024-05-06 07:08:10 INFO g\n at h\n at i\n",
        );
        let limits = RecordLimits { lines: 2, bytes: 40, line_bytes: 40, overlap: 9 };
        for block_bytes in [1, 1000] {
            let (records, _) = read_framed(text.as_bytes(), limits, block_bytes, Framing::Lines);
            let said: Vec<_> = records
                .iter()
                .map(|found| {
                    (&*found.text, found.overlap, found.time.map(|time| time.date_time().second()), found.level)
                })
                .collect();
            assert_eq!(
                said,
                [
                    ("2024-05-06 07:08:09 ERROR a\n at b", (0, 5), Some(9), Some(Level::Error)),
                    (" at b\n at c\n at d", (6, 5), Some(9), Some(Level::Error)),
                    (" at d\n at e", (6, 0), Some(9), Some(Level::Error)),
                    ("panic: f", (0, 0), Some(9), Some(Level::Critical)),
                    ("2024-05-06 07:08:10 INFO g\n at h", (0, 5), Some(10), Some(Level::Info)),
                    (" at h\n at i", (6, 0), Some(10), Some(Level::Info)),
                ]
            );
        }
    }

    #[test]
    fn a_trace_that_is_cut_goes_on_in_the_next_block() {
        let trace = "Traceback (most recent call last):\n  File \"x.py\", line 1\n    f()\nKeyError: 'x'\n";
        let limits = RecordLimits { lines: 3, bytes: 300, line_bytes: 300, overlap: 0 };
        let said: Vec<_> = read(format!("up\n{trace}done\n").as_bytes(), limits, 1)
            .into_iter()
            .map(|found| (found.text.lines().count(), found.cut))
            .collect();
        assert_eq!(said, [(1, false), (3, true), (1, true), (1, false)]);
    }

    #[test]
    fn a_record_of_ten_megabytes_is_cut_at_line_ends() {
        let trace = "\tat x.y(Z.java)\n".repeat(600_000);
        let text = format!("2024-05-06 07:08:09 a\n{trace}2024-05-06 07:08:10 b\n");
        let mut blocks = Blocks::new(text.as_bytes(), RecordLimits::default());
        let (mut bytes, mut records, mut uncut) = (0, 0, 0);
        while let Some(block) = blocks.next_block().unwrap() {
            for record in block.records() {
                records += 1;
                uncut += usize::from(!record.cut);
                assert_eq!(block.bytes()[record.range.end], b'\n');
                assert!(memchr_iter(b'\n', &block.bytes()[record.range.clone()]).count() < 1000);
            }
            bytes += block.bytes().len();
        }
        // the source has no headers any more after a thousand lines
        assert_eq!((bytes, records / 10, uncut), (text.len(), 60, 1));
    }

    #[test]
    fn what_was_read_before_an_error_is_handed_out_first() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::InvalidData.into())
            }
        }
        let reader = io::BufReader::new(b"a\nb".chain(Broken));
        let mut blocks = Blocks::new(reader, RecordLimits::default());
        assert_eq!(blocks.next_block().unwrap().unwrap().bytes(), b"a\nb");
        assert_eq!(blocks.next_block().unwrap_err().kind(), io::ErrorKind::InvalidData);
        assert!(blocks.next_block().unwrap().is_none());
    }

    #[test]
    fn an_empty_text_has_no_blocks_and_no_records() {
        assert!(read(b"", RecordLimits::default(), 1).is_empty());
        assert_eq!(Block::whole(b"", RecordLimits::default()).record_at(3).range, 0..0);
    }

    fn line() -> impl Strategy<Value = String> {
        prop_oneof![
            3 => "[ \\t\u{a0}\u{3000}]{0,3}[a\u{e9}]{0,12}\r?",
            2 => prop::sample::select(vec![
                "Traceback (most recent call last):",
                "  File \"x.py\"",
                "KeyError: 'x'",
                "During handling of the above exception, another",
                "panic: x",
                "goroutine 1 [running]:",
                "main.main()",
                "\t/src/main.go:8 +0x1d",
                "thread 'main' panicked at src/main.rs:2:5:",
                "note: run",
                "Caused by: x",
                "at a.b(C.java)",
                "==1==ERROR: AddressSanitizer: x",
                "freed by thread T0",
                "",
            ]).prop_map(str::to_owned),
            1 => "[a-c\u{e9}]{20,400}",
            1 => "[ab]{0,8}".prop_map(|text| format!("2024-05-06 07:08:09 {text}")),
            1 => "[ \u{a0}]{0,3}",
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]
        #[test]
        fn blocks_agree_with_the_whole_text_and_look_ups_with_the_walk(
            lines in prop::collection::vec(line(), 0..60),
            newline in any::<bool>(),
            max_lines in 1usize..8,
            max_bytes in prop_oneof![1usize..40, 200usize..900],
            (more, overlap) in (prop_oneof![Just(0usize), 0usize..1000], 0usize..60),
            block_bytes in 1usize..1500,
        ) {
            let mut text = lines.join("\n");
            if newline { text.push('\n'); }
            let limits = RecordLimits { lines: max_lines, bytes: max_bytes, line_bytes: max_bytes + more, overlap };
            let whole = Block::whole(text.as_bytes(), limits);
            let (mut records, same) = read_framed(text.as_bytes(), limits, block_bytes, whole.framing);
            let mut expected = found(&whole, 0);
            // Times are not carried on between distant lines without headers, and not read where a header is cut.
            if max_bytes < 200 || whole.framing == Framing::Lines {
                records.iter_mut().chain(&mut expected).for_each(|record| (record.time, record.level) = (None, None));
            }
            // The sample that decides the framing is the first block, which is small here.
            if same {
                prop_assert_eq!(records, expected);
            }
        }

        #[test]
        fn any_bytes_come_back_whole(text in prop::collection::vec(any::<u8>(), 0..2000), block_bytes in 1usize..600) {
            read(&text, RecordLimits { lines: 3, bytes: 50, line_bytes: 90, overlap: 20 }, block_bytes);
        }
    }
}
