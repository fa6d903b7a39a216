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
//! What the text is wrapped in is found by [`detect`] in what is read first, and taken off by [`Peeling`] before the text comes
//! here; then the lines of the source and the records that the transport made are told by its [`Origins`].
//!
//! Decoding and decompression come before, in the reader; what makes a record is decided in [`crate::source::record`].

use std::io::{self, Read};
use std::mem;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use memchr::{memchr, memchr_iter, memrchr};

use crate::source::record::{Framing, HEAD_BYTES, Opening, Piece, Pieces, RecordLimits, RecordSpan, RecordText};
use crate::source::transport::{Origin, Origins, Peeling, Transport, detect};

/// Bytes of a block, unless a record needs more. Measured: 256 KiB to 2 MiB read equally fast; this is room for two of the
/// longest records and stays in the second-level cache of current processors while several passes run over it.
pub const BLOCK_BYTES: usize = 512 * 1024;

/// Bytes of a buffer before anything was read: most files in a bundle are smaller.
const FIRST_BYTES: usize = 16 * 1024;

/// Reads a source block by block. A buffer never exceeds [`BLOCK_BYTES`] or a little more than the longest record, whichever
/// is larger; how many there are is up to who keeps the blocks.
#[derive(Debug)]
pub struct Blocks<R> {
    reader: R,
    limits: RecordLimits,
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
    framing: Option<Framing>,
    opening: Opening,
    ended: bool,
    failure: Option<io::Error>,
}

impl<R: Read> Blocks<R> {
    /// Reads from `reader`, whose text is decoded; records beyond `limits` are cut.
    pub fn new(reader: R, limits: RecordLimits) -> Self {
        Self::with_block_bytes(reader, limits, BLOCK_BYTES)
    }

    /// Reads in blocks of another size, for tests and measurements.
    pub fn with_block_bytes(reader: R, limits: RecordLimits, block_bytes: usize) -> Self {
        Self {
            reader,
            limits,
            // One whole record, the newline after it and what tells whether the next line begins another: with that in
            // the buffer there is always a place where the block may end.
            capacity: block_bytes.max(limits.bytes.saturating_add(HEAD_BYTES + 2)),
            buffer: Vec::new(),
            filled: 0,
            spare: Vec::new(),
            transports: None,
            peeling: None,
            origins: Origins::default(),
            offset: 0,
            framing: None,
            opening: Opening::Record,
            ended: false,
            failure: None,
        }
    }

    /// Takes the source for wrapped in `transports`, outermost first, instead of looking for some.
    pub fn wrapped_in(self, transports: Vec<Transport>) -> Self {
        Self { transports: Some(transports), ..self }
    }

    /// Returns the next block, or `None` at the end of the source.
    ///
    /// When reading fails, what was read until then is still handed out first; then the error is returned once, and after
    /// it `None`.
    pub fn next_block(&mut self) -> io::Result<Option<Block>> {
        self.fill();
        if self.filled == 0 {
            return self.failure.take().map_or(Ok(None), Err);
        }
        let read = &self.buffer[..self.filled];
        let framing = *self.framing.get_or_insert_with(|| Framing::detect(read));
        let text = RecordText { origins: &self.origins, ..RecordText::new(read, framing, self.limits) };
        let end = if self.ended { End::of_source(text) } else { End::within(text, self.opening) };
        let is_cut = end.next != Opening::Record;
        let block = Block {
            offset: self.offset,
            framing,
            limits: self.limits,
            ends_inside_line: is_cut && read[..end.at].last() != Some(&b'\n'),
            is_one_record: end.is_one_record,
            opening: mem::replace(&mut self.opening, end.next),
            is_cut,
            walked: AtomicUsize::new(0),
            index: OnceLock::new(),
            length: end.at,
            origins: self.origins.hand_out(end.at),
            buffer: self.hand_out(end.at),
        };
        self.offset += block.length as u64;
        Ok(Some(block))
    }

    /// Whether the source has been read to its end, so that no further block follows the one handed out last unless there is a
    /// rest in the buffer.
    pub fn is_at_end(&self) -> bool {
        self.ended && self.filled == 0
    }

    /// Takes a block back whose text is no longer needed, so that its memory is used for a later one.
    pub fn recycle(&mut self, block: Block) {
        self.spare.push(block.buffer);
    }

    /// Gives the buffer away, of which the first `length` bytes are a block, and takes over the rest into another one.
    fn hand_out(&mut self, length: usize) -> Vec<u8> {
        let rest = length..self.filled;
        let mut next = Vec::new();
        if !self.ended || !rest.is_empty() {
            next = self.spare.pop().unwrap_or_default();
            next.resize(self.capacity, 0);
        }
        next[..rest.len()].copy_from_slice(&self.buffer[rest.clone()]);
        self.filled = rest.len();
        mem::replace(&mut self.buffer, next)
    }

    /// Reads until the buffer is full or the source ends, and takes off what the source is wrapped in.
    fn fill(&mut self) {
        if self.offset == 0 && self.filled == 0 {
            self.read();
            let transports = self.transports.take().unwrap_or_else(|| detect(&self.buffer[..self.filled]));
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
}

impl End {
    /// Ends where the source does.
    fn of_source(text: RecordText<'_>) -> Self {
        Self { at: text.bytes.len(), next: Opening::Record, is_one_record: false }
    }

    /// Finds the last place in a full buffer, which begins with `opening`, where a block may end.
    fn within(text: RecordText<'_>, opening: Opening) -> Self {
        // Whether the line at a position begins a record must not depend on bytes that are still to be read.
        let is_known = |at: usize| at + HEAD_BYTES <= text.bytes.len() || memchr(b'\n', &text.bytes[at..]).is_some();
        let mut end = text.bytes.len();
        while let Some(newline) = memrchr(b'\n', &text.bytes[..end]) {
            let start = newline + 1;
            if is_known(start) && text.certain_start(start) {
                return Self { at: start, next: Opening::Record, is_one_record: false };
            }
            end = newline;
        }
        // No line after the first begins a record for certain: the buffer is one long record, or indented throughout.
        let is_one_record = text.framing == Framing::Timestamped;
        let last = RecordText { is_one_record, ..text }
            .pieces(0, opening)
            .take_while(|piece| piece.end < text.bytes.len() && is_known(piece.end))
            .last();
        last.map_or(Self::of_source(text), |piece| Self { at: piece.end, next: piece.next, is_one_record })
    }
}

/// A stretch of a source that holds whole records, except where a record that exceeds the limits was cut.
#[derive(Debug)]
pub struct Block {
    /// Byte offset of the first byte in the source, decoded and peeled.
    pub offset: u64,
    /// How the lines of the source make records.
    pub framing: Framing,
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
    /// Bytes walked by look-ups so far; only steers when the index is made, never what is found.
    walked: AtomicUsize,
    index: OnceLock<Vec<RecordSpan>>,
}

impl Block {
    /// Makes one block of a whole text that is in memory already, such as a pasted one.
    pub fn whole(text: impl Into<Vec<u8>>, limits: RecordLimits) -> Self {
        let buffer = text.into();
        Self {
            offset: 0,
            framing: Framing::detect(&buffer),
            limits,
            length: buffer.len(),
            origins: Origins::default(),
            buffer,
            ends_inside_line: false,
            is_one_record: false,
            opening: Opening::Record,
            is_cut: false,
            walked: AtomicUsize::new(0),
            index: OnceLock::new(),
        }
    }

    /// The text, decoded.
    pub fn bytes(&self) -> &[u8] {
        &self.buffer[..self.length]
    }

    fn text(&self) -> RecordText<'_> {
        RecordText {
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
            return RecordSpan { range: 0..0, next: 0, cut: false };
        };
        let at = at.min(last);
        if self.index.get().is_none() && self.walked.load(Ordering::Relaxed) <= self.bytes().len() {
            return self.walk_to(at);
        }
        let index = self.index.get_or_init(|| self.records().collect());
        let after = index.partition_point(|record| record.range.start <= at);
        index[after.saturating_sub(1)].clone()
    }

    /// Walks all records of the block in order.
    pub fn records(&self) -> Records<'_> {
        Records { block: self, pieces: self.text().pieces(0, self.opening) }
    }

    /// Returns what the source's transports say of the byte `at`; `None` when it has none.
    pub fn origin_at(&self, at: usize) -> Option<Origin> {
        self.origins.at(at)
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
        let rest = Piece { start, end: self.bytes().len(), continues: false, next: Opening::Record };
        let piece = self.text().pieces(start, opening).find(|piece| piece.end > at).unwrap_or(rest);
        self.walked.fetch_add(piece.end - start, Ordering::Relaxed);
        self.span(piece)
    }

    fn span(&self, piece: Piece) -> RecordSpan {
        let is_cut_here = piece.next != Opening::Record || (piece.end == self.bytes().len() && self.is_cut);
        let newline = usize::from(self.bytes()[..piece.end].ends_with(b"\n"));
        RecordSpan { range: piece.start..piece.end - newline, next: piece.end, cut: piece.continues || is_cut_here }
    }
}

/// The records of a block in order, made by [`Block::records`].
#[derive(Debug)]
pub struct Records<'b> {
    block: &'b Block,
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

    /// Reads text in blocks and checks everything a block promises; returns the records as (text, line, cut).
    fn read(text: &[u8], limits: RecordLimits, block_bytes: usize) -> Vec<(Vec<u8>, u64, bool)> {
        let mut blocks = Blocks::with_block_bytes(text, limits, block_bytes);
        let (mut joined, mut found, mut lines_before) = (Vec::new(), Vec::new(), 1);
        while let Some(block) = blocks.next_block().unwrap() {
            assert_eq!(block.offset, joined.len() as u64);
            joined.extend_from_slice(block.bytes());
            let (mut lines, mut next) = (block.lines(), 0);
            for span in block.records() {
                assert_eq!(span.range.start, next, "records leave no gap");
                next = span.next;
                for at in span.range.start..next {
                    assert_eq!(block.walk_to(at), span, "at {at}");
                    assert_eq!(block.record_at(at), span, "at {at}");
                }
                let line = lines_before + lines.lines_before(span.range.start);
                found.push((block.bytes()[span.range.clone()].to_vec(), line, span.cut));
            }
            assert_eq!(next, block.bytes().len());
            lines_before += lines.lines_before(next);
        }
        assert_eq!(joined, text);
        found
    }

    fn record_texts(text: &str) -> Vec<String> {
        let found = read(text.as_bytes(), RecordLimits::default(), BLOCK_BYTES);
        found.into_iter().map(|(text, ..)| String::from_utf8(text).unwrap()).collect()
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
        let mut blocks = Blocks::new(text.as_bytes(), RecordLimits::default());
        let mut bytes = 0;
        while let Some(block) = blocks.next_block().unwrap() {
            assert!(block.bytes().len() <= BLOCK_BYTES);
            assert!(block.records().all(|record| record.cut && record.range.len() <= 256 * 1024));
            bytes += block.bytes().len();
        }
        assert_eq!(bytes, text.len());
        assert!(blocks.buffer.capacity() <= BLOCK_BYTES * 2);
    }

    #[test]
    fn a_record_of_ten_megabytes_is_cut_at_line_ends() {
        let text = format!("2024-05-06 07:08:09 a\n{}2024-05-06 07:08:10 b\n", "\tat x.y\n".repeat(1_250_000));
        let mut blocks = Blocks::new(text.as_bytes(), RecordLimits::default());
        let mut bytes = 0;
        let mut records = 0;
        while let Some(block) = blocks.next_block().unwrap() {
            for record in block.records() {
                records += 1;
                assert_eq!(record.cut, records != 1252);
                assert_eq!(block.bytes()[record.range.end], b'\n');
            }
            bytes += block.bytes().len();
        }
        assert_eq!((bytes, records), (text.len(), 1252));
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
            block_bytes in 1usize..1500,
        ) {
            let mut text = lines.join("\n");
            if newline { text.push('\n'); }
            let limits = RecordLimits { lines: max_lines, bytes: max_bytes };
            let whole = Block::whole(text.as_bytes(), limits);
            let mut counter = whole.lines();
            // The sample that decides the framing is the first block, which is small here.
            let framing = {
                let mut blocks = Blocks::with_block_bytes(text.as_bytes(), limits, block_bytes);
                blocks.next_block().unwrap().map(|block| block.framing)
            };
            let found = read(text.as_bytes(), limits, block_bytes);
            if framing.is_none_or(|framing| framing == whole.framing) {
                let expected: Vec<_> = whole.records().map(|span| {
                    (text.as_bytes()[span.range.clone()].to_vec(), 1 + counter.lines_before(span.range.start), span.cut)
                }).collect();
                prop_assert_eq!(found, expected);
            }
        }

        #[test]
        fn any_bytes_come_back_whole(text in prop::collection::vec(any::<u8>(), 0..2000), block_bytes in 1usize..600) {
            read(&text, RecordLimits { lines: 3, bytes: 50 }, block_bytes);
        }
    }
}
