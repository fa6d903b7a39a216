//! Searching one block: hits, records, matches.
//!
//! Most lines match nothing, so per line nothing is done: the filters run over the whole block, and only where they hit, or
//! where a line carries marks of untidy text, is the record looked up and tested. Levels, times and line numbers are
//! computed only for records that match. A block is searched without knowing those before it, so blocks of one source are
//! searched on several threads.

use std::borrow::Cow;
use std::iter::Peekable;

use crate::rule::Level;
use crate::rule::signature::{Signature, SignatureScope};
use crate::scan::confirm::{Captured, Readings, confirm};
use crate::scan::index::{IndexPart, SignatureId};
use crate::source::block::{Block, LineCounter};
use crate::source::record::RecordSpan;
use crate::source::{LogTime, SourceName, level, plain, tidy, timestamp};

/// What one block holds.
#[derive(Debug, Default)]
pub(crate) struct Searched {
    /// The records that match, in order.
    pub matches: Vec<Match>,
    /// Lines that end in the block.
    pub lines: u64,
    /// Records among the matches that were cut.
    pub cut_records: u64,
}

/// A record that matches.
#[derive(Debug)]
pub(crate) struct Match {
    /// Lines of the block before the record.
    pub line: u64,
    /// The line of the source at which it begins, counted from 1, where a transport knows it.
    pub raw_line: Option<u64>,
    /// The record as its writer meant it.
    pub text: Vec<u8>,
    /// Its time, if it has one.
    pub time: Option<LogTime>,
    /// The signatures, ascending, and what they captured.
    pub found: Vec<(SignatureId, Captured)>,
}

/// The search of the blocks of one source.
pub(crate) struct BlockSearch<'s> {
    pub part: &'s IndexPart<'s>,
    pub source: &'s SourceName,
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

impl BlockSearch<'_> {
    /// Searches a block.
    pub(crate) fn search(&self, block: &Block) -> Searched {
        let mut lines = block.lines();
        let mut searched = Searched::default();
        let hits = self.part.hits(block.bytes()).into_iter().peekable();
        let mut places = Places { hits, marks: tidy::marks(block.bytes()).peekable() };
        if self.part.every_record().is_empty() {
            while let Some(at) = places.next() {
                let record = block.record_at(at);
                // what was looked up is taken, whatever the record: the loop must end
                let candidates = places.take_before(record.next.max(at + 1));
                self.record(block, &record, candidates, &mut lines, &mut searched);
            }
        } else {
            for record in block.records() {
                let candidates = places.take_before(record.next);
                self.record(block, &record, candidates, &mut lines, &mut searched);
            }
        }
        searched.lines = lines.lines_before(block.bytes().len());
        searched
    }

    fn record(
        &self,
        block: &Block,
        span: &RecordSpan,
        mut candidates: Candidates,
        lines: &mut LineCounter<'_>,
        searched: &mut Searched,
    ) {
        let plain: Cow<'_, [u8]> = plain::plain(&block.bytes()[span.range.clone()]);
        let tidied = if candidates.marked { tidy::tidy(&plain) } else { None };
        if candidates.marked {
            // colours and entities can hide a needle from the filters
            if let Cow::Owned(text) = &plain {
                candidates.signatures.extend(self.needed_in(text));
            }
            if let Some(text) = &tidied {
                candidates.signatures.extend(self.needed_in(text));
            }
        }
        if !self.part.every_record().is_empty() {
            for text in std::iter::once(&*plain).chain(tidied.as_deref()) {
                candidates.signatures.extend(self.part.without_needle(text));
            }
        }
        candidates.signatures.sort_unstable();
        candidates.signatures.dedup();
        let origin = || block.origin_at(span.range.start);
        let readings = Readings { plain: &plain, tidy: tidied.as_deref() };
        let found = self.confirmed(&candidates.signatures, readings, || origin()?.level);
        if !found.is_empty() {
            searched.cut_records += u64::from(span.cut);
            let (line, raw_line) = (lines.lines_before(span.range.start), block.raw_line_at(span.range.start));
            let time = self.time(&plain).or_else(|| origin()?.time);
            searched.matches.push(Match { line, raw_line, time, text: plain.into_owned(), found });
        }
    }

    /// The signatures of whose needles one occurs in a text.
    pub(crate) fn needed_in(&self, text: &[u8]) -> impl Iterator<Item = SignatureId> + use<> {
        self.part.hits(text).into_iter().map(|(_, id)| id)
    }

    /// Those of the candidates, ascending, that match. `stated` tells the level that the record's transport states, for a
    /// record without one of its own.
    pub(crate) fn confirmed(
        &self,
        candidates: &[SignatureId],
        readings: Readings<'_>,
        stated: impl Fn() -> Option<Level>,
    ) -> Vec<(SignatureId, Captured)> {
        let mut level: Option<Option<Level>> = None;
        let mut allows = |signature: &Signature| {
            let Some(test) = &signature.level else { return true };
            test.allows(*level.get_or_insert_with(|| level_of(readings.plain).or_else(&stated)))
        };
        let test = |id: &SignatureId| {
            let signature = self.part.index().signature(*id).1;
            let mut texts = std::iter::once(readings.plain).chain(readings.tidy);
            let is_possible = signature.scope == SignatureScope::Record
                && texts.any(|text| self.part.has_needles(*id, text))
                && allows(signature);
            if !is_possible {
                return None;
            }
            Some((*id, confirm(signature, readings)?))
        };
        candidates.iter().filter_map(test).collect()
    }

    /// The time a record states.
    pub(crate) fn time(&self, text: &[u8]) -> Option<LogTime> {
        timestamp::find(first_line(text)).map(|stamp| stamp.time.with_year_from(self.source.modified))
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
