//! Scanning one source: blocks, hits, records, matches.
//!
//! Most lines match nothing, so per line nothing is done: the index runs over whole blocks, and only where it hits, or where
//! a line carries marks of untidy text, is the record looked up and tested. Levels, times and line numbers are computed only
//! for records that match.

use std::borrow::Cow;
use std::io::{self, BufRead};
use std::iter::Peekable;

use crate::rule::Level;
use crate::rule::signature::{Signature, SignatureScope};
use crate::scan::confirm::{Captured, Readings, confirm};
use crate::scan::index::{Index, SignatureId};
use crate::scan::unwrap::Unwrapping;
use crate::source::block::{BLOCK_BYTES, Block, Blocks, LineCounter};
use crate::source::record::RecordSpan;
use crate::source::{Limits, LogTime, Note, NoteKind, SourceName, level, plain, tidy, timestamp};

/// Bytes of a file that signatures with `scope: file` see; configuration files are far smaller.
pub const WHOLE_FILE_BYTES: usize = 1 << 20;

/// One record and the signatures that match it.
#[derive(Debug)]
pub struct RecordMatches<'r> {
    /// The source's full name.
    pub source: &'r str,
    /// The 1-based line at which the record begins.
    pub line: u64,
    /// The record as its writer meant it.
    pub text: &'r [u8],
    /// Its timestamp, if it has one.
    pub time: Option<LogTime>,
    /// The signatures, ascending, and what they captured.
    pub found: Vec<(SignatureId, Captured)>,
}

/// How a scan ended.
#[derive(Debug)]
pub struct ScanOutcome {
    /// Bytes of decoded text.
    pub bytes: u64,
    /// What was cut.
    pub notes: Vec<Note>,
    /// The error that ended the source early, if any.
    pub result: io::Result<()>,
}

/// The scan of one source. Built per source, because file globs decide which signatures take part.
pub struct Scan<'s> {
    index: &'s Index<'s>,
    source: &'s SourceName,
    limits: &'s Limits,
    block_bytes: usize,
    pasted: bool,
    /// For each signature whether this source is one it looks at.
    takes_part: Vec<bool>,
    every_record: Vec<SignatureId>,
    whole_file: Vec<SignatureId>,
}

impl<'s> Scan<'s> {
    /// Prepares the scan of a source.
    pub fn new(index: &'s Index<'s>, source: &'s SourceName, limits: &'s Limits) -> Self {
        let looks_at =
            |id: SignatureId| index.signature(id).1.file.as_ref().is_none_or(|glob| glob.matches(&source.path));
        let takes_part: Vec<bool> = index.signatures().map(looks_at).collect();
        let part = |ids: &[SignatureId]| ids.iter().copied().filter(|id| takes_part[id.index()]).collect();
        Self {
            index,
            source,
            limits,
            block_bytes: BLOCK_BYTES,
            pasted: false,
            every_record: part(index.every_record()),
            whole_file: part(index.whole_file()),
            takes_part,
        }
    }

    /// Takes the source for pasted text, whose lines may have been hard-wrapped on its way.
    pub fn pasted(self, pasted: bool) -> Self {
        Self { pasted, ..self }
    }

    /// Reads in blocks of another size, for tests and measurements.
    pub fn with_block_bytes(self, block_bytes: usize) -> Self {
        Self { block_bytes, ..self }
    }

    /// Reads the source to its end and hands every record that matches to `take`, in the order of the text.
    pub fn run(self, reader: &mut dyn BufRead, take: &mut dyn FnMut(&RecordMatches<'_>)) -> ScanOutcome {
        let mut blocks = Blocks::with_block_bytes(reader, self.limits.record, self.block_bytes);
        let mut state = State::new(&self);
        let result = loop {
            match blocks.next_block() {
                Ok(Some(block)) => {
                    state.block(&block, take);
                    blocks.recycle(block);
                }
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        state.finish(take);
        ScanOutcome { bytes: state.bytes, notes: state.notes, result }
    }
}

/// What is remembered from block to block.
struct State<'s> {
    scan: &'s Scan<'s>,
    bytes: u64,
    cut_records: u64,
    notes: Vec<Note>,
    /// The text so far, for signatures that read whole files.
    whole: Vec<u8>,
    unwrapping: Unwrapping,
}

/// What to test in one record.
#[derive(Default)]
struct Candidates {
    signatures: Vec<SignatureId>,
    /// Whether the record has marks of untidy text.
    marked: bool,
}

/// The places of a block that ask for a record to be tested, each kind in the order of the text.
struct Places<H: Iterator<Item = (usize, SignatureId)>, M: Iterator<Item = usize>> {
    hits: Peekable<H>,
    marks: Peekable<M>,
}

impl<H: Iterator<Item = (usize, SignatureId)>, M: Iterator<Item = usize>> Places<H, M> {
    /// The next place that was not taken.
    fn next(&mut self) -> Option<usize> {
        let hit = self.hits.peek().map(|(at, _)| *at);
        hit.into_iter().chain(self.marks.peek().copied()).min()
    }

    /// Takes the places before `end`, where the next record begins.
    fn take_before(&mut self, end: usize) -> Candidates {
        let mut candidates = Candidates::default();
        while let Some((_, id)) = self.hits.next_if(|(at, _)| *at < end) {
            candidates.signatures.push(id);
        }
        while self.marks.next_if(|at| *at < end).is_some() {
            candidates.marked = true;
        }
        candidates
    }
}

impl<'s> State<'s> {
    fn new(scan: &'s Scan<'s>) -> Self {
        Self {
            scan,
            bytes: 0,
            cut_records: 0,
            notes: Vec::new(),
            whole: Vec::new(),
            unwrapping: Unwrapping::new(scan.index.len(), scan.pasted),
        }
    }

    fn block(&mut self, block: &Block, take: &mut dyn FnMut(&RecordMatches<'_>)) {
        self.bytes += block.bytes().len() as u64;
        if !self.scan.whole_file.is_empty() {
            let room = WHOLE_FILE_BYTES + 1 - self.whole.len().min(WHOLE_FILE_BYTES + 1);
            self.whole.extend_from_slice(&block.bytes()[..block.bytes().len().min(room)]);
        }
        self.unwrapping.add(block.bytes());
        let mut lines = block.lines();
        if self.scan.every_record.is_empty() {
            self.around_hits(block, &mut lines, take);
        } else {
            self.all_records(block, &mut lines, take);
        }
    }

    /// Looks up records only at hits and marks.
    fn around_hits(&mut self, block: &Block, lines: &mut LineCounter<'_>, take: &mut dyn FnMut(&RecordMatches<'_>)) {
        let mut places = self.places(block);
        while let Some(at) = places.next() {
            let record = block.record_at(at);
            // what was looked up is taken, whatever the record: the loop must end
            let candidates = places.take_before(record.next.max(at + 1));
            self.record(block, &record, candidates, lines, take);
        }
    }

    /// Looks at every record, for the signatures that have no literal.
    fn all_records(&mut self, block: &Block, lines: &mut LineCounter<'_>, take: &mut dyn FnMut(&RecordMatches<'_>)) {
        let mut places = self.places(block);
        for record in block.records() {
            let candidates = places.take_before(record.next);
            self.record(block, &record, candidates, lines, take);
        }
    }

    /// Where in a block a literal ends that a signature of this source needs, and where marks of untidy text are.
    fn places<'b>(
        &self,
        block: &'b Block,
    ) -> Places<impl Iterator<Item = (usize, SignatureId)> + 'static, impl Iterator<Item = usize> + 'b> {
        let mut hits = Vec::new();
        self.scan.index.hits(block.bytes(), |at, found| {
            hits.extend(found.iter().filter(|id| self.scan.takes_part[id.index()]).map(|id| (at, *id)));
        });
        Places { hits: hits.into_iter().peekable(), marks: tidy::marks(block.bytes()).peekable() }
    }

    /// Adds the signatures of whose literals one occurs in a text.
    fn literals(&self, text: &[u8], signatures: &mut Vec<SignatureId>) {
        self.scan
            .index
            .hits(text, |_, found| signatures.extend(found.iter().filter(|id| self.scan.takes_part[id.index()])));
    }

    fn record(
        &mut self,
        block: &Block,
        span: &RecordSpan,
        mut candidates: Candidates,
        lines: &mut LineCounter<'_>,
        take: &mut dyn FnMut(&RecordMatches<'_>),
    ) {
        let raw = &block.bytes()[span.range.clone()];
        let plain: Cow<'_, [u8]> = plain::plain(raw);
        let tidied = if candidates.marked { tidy::tidy(&plain) } else { None };
        if candidates.marked {
            // colours and entities can hide a literal from the index
            if let Cow::Owned(text) = &plain {
                self.literals(text, &mut candidates.signatures);
            }
            if let Some(text) = &tidied {
                self.literals(text, &mut candidates.signatures);
            }
        }
        if !self.scan.every_record.is_empty() {
            for text in std::iter::once(&*plain).chain(tidied.as_deref()) {
                let possible = self.scan.index.without_literal(text);
                candidates.signatures.extend(possible.filter(|id| self.scan.takes_part[id.index()]));
            }
        }
        candidates.signatures.sort_unstable();
        candidates.signatures.dedup();
        let found = self.confirmed(&candidates.signatures, Readings { plain: &plain, tidy: tidied.as_deref() });
        if found.is_empty() {
            return;
        }
        self.cut_records += u64::from(span.cut);
        found.iter().for_each(|(id, _)| self.unwrapping.matched(*id));
        let line = lines.line_at(span.range.start);
        take(&RecordMatches { source: &self.scan.source.name, line, text: &plain, time: self.time(&plain), found });
    }

    fn confirmed(&self, candidates: &[SignatureId], readings: Readings<'_>) -> Vec<(SignatureId, Captured)> {
        let mut level: Option<Option<Level>> = None;
        let mut allows = |signature: &Signature| {
            let Some(test) = &signature.level else { return true };
            test.allows(*level.get_or_insert_with(|| level_of(readings.plain)))
        };
        let test = |id: &SignatureId| {
            let signature = self.scan.index.signature(*id).1;
            if signature.scope == SignatureScope::File || !allows(signature) {
                return None;
            }
            Some((*id, confirm(signature, readings)?))
        };
        candidates.iter().filter_map(test).collect()
    }

    fn time(&self, text: &[u8]) -> Option<LogTime> {
        timestamp::find(first_line(text)).map(|stamp| stamp.time.with_year_from(self.scan.source.modified))
    }

    /// Tests what needs the whole source: hard-wrapped text and signatures with `scope: file`.
    fn finish(&mut self, take: &mut dyn FnMut(&RecordMatches<'_>)) {
        for paragraph in self.unwrapping.paragraphs() {
            let mut candidates = self.scan.every_record.clone();
            self.literals(&paragraph.text, &mut candidates);
            let tidied = tidy::tidy(&paragraph.text);
            if let Some(text) = &tidied {
                self.literals(text, &mut candidates);
            }
            candidates.retain(|id| !self.unwrapping.has_matched(*id));
            candidates.sort_unstable();
            candidates.dedup();
            let found = self.confirmed(&candidates, Readings { plain: &paragraph.text, tidy: tidied.as_deref() });
            if !found.is_empty() {
                found.iter().for_each(|(id, _)| self.unwrapping.matched(*id));
                let (source, line) = (self.scan.source.name.as_str(), paragraph.first_line);
                take(&RecordMatches { source, line, text: &paragraph.text, time: self.time(&paragraph.text), found });
            }
        }
        self.whole_file(take);
        if self.cut_records > 0 {
            let limits = self.scan.limits.record;
            let detail = format!(
                "{} matching records were cut at {} lines or {} KiB",
                self.cut_records,
                limits.lines,
                limits.bytes / 1024
            );
            self.notes.push(Note::new(&self.scan.source.name, NoteKind::RecordCut, detail));
        }
    }

    fn whole_file(&mut self, take: &mut dyn FnMut(&RecordMatches<'_>)) {
        if self.scan.whole_file.is_empty() {
            return;
        }
        if self.whole.len() > WHOLE_FILE_BYTES {
            self.whole.truncate(WHOLE_FILE_BYTES);
            let detail = format!("signatures with `scope: file` see only the first {} KiB", WHOLE_FILE_BYTES / 1024);
            self.notes.push(Note::new(&self.scan.source.name, NoteKind::Limit, detail));
        }
        let plain = plain::plain(&self.whole);
        let tidied = tidy::tidy(&plain);
        let readings = Readings { plain: &plain, tidy: tidied.as_deref() };
        let test = |id: &SignatureId| Some((*id, confirm(self.scan.index.signature(*id).1, readings)?));
        let found: Vec<_> = self.scan.whole_file.iter().filter_map(test).collect();
        if !found.is_empty() {
            take(&RecordMatches { source: &self.scan.source.name, line: 1, text: &plain, time: None, found });
        }
    }
}

fn first_line(text: &[u8]) -> &[u8] {
    &text[..memchr::memchr(b'\n', text).unwrap_or(text.len())]
}

/// The level a record states about itself.
fn level_of(text: &[u8]) -> Option<Level> {
    let line = first_line(text);
    level::find(line, timestamp::find(line).map_or(0, |stamp| stamp.range.end))
}
