//! Searching one block: hits, records, matches.
//!
//! Most lines match nothing, so per line nothing is done: the filters run over the whole block, and only where they hit, or
//! where a line carries marks of untidy text, is the record looked up and tested. Levels, times and line numbers are
//! computed only for records that match. A block is searched without knowing those before it, so blocks of one source are
//! searched on several threads.

use std::borrow::Cow;
use std::iter::Peekable;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;

use crate::rule::Level;
use crate::rule::required::LENGTH_LIMIT;
use crate::rule::signature::{Signature, SignatureScope};
use crate::scan::confirm::{Captured, Readings, Shared, confirm};
use crate::scan::index::{IndexPart, SignatureId};
use crate::scan::profile::{Profile, Stage};
use crate::source::block::{Block, LineCounter};
use crate::source::record::RecordSpan;
use crate::source::record_header::Clock;
use crate::source::{LogTime, SourceName, plain, tidy};

/// What one block holds.
#[derive(Debug, Default)]
pub(crate) struct Searched {
    /// The records that match, in order.
    pub matches: Vec<Match>,
    /// Lines that end in the block.
    pub lines: u64,
    /// The last time in the block, if that is asked for.
    pub last_time: Option<LogTime>,
    /// Records among the matches that were cut.
    pub cut_records: u64,
    tries: Tries,
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
    /// Its time, else the last one before it.
    pub time: Option<LogTime>,
    /// The signatures, ascending, and what they captured.
    pub found: Vec<(SignatureId, Captured)>,
}

/// The search of the blocks of one source.
pub(crate) struct BlockSearch<'s> {
    pub part: &'s IndexPart<'s>,
    pub source: &'s SourceName,
    /// The zone of times that name none; without one they are taken as UTC.
    pub zone: Option<&'s TimeZone>,
    pub profile: Option<&'s Profile>,
    /// Whether the last time of each block is told.
    pub tells_time: bool,
}

/// How many records were tried against the signatures without a needle, and how long that took; only with a profile.
#[derive(Debug, Default)]
struct Tries {
    records: u64,
    time: Duration,
}

/// What tells the lines and the times of the records of a block.
type Counters<'b> = (LineCounter<'b>, Clock<'b>);

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
    pub(crate) fn search(&self, block: &Block<'_>) -> Searched {
        let mut counters = (block.lines(), block.clock());
        let mut searched = Searched::default();
        let started = self.profile.map(|_| Instant::now());
        let hits = self.part.hits(block.bytes()).into_iter().peekable();
        let scanned = started.map(|started| started.elapsed());
        let mut places = Places { hits, marks: tidy::marks(block.bytes()).peekable() };
        if self.part.every_record().is_empty() {
            // what a piece of a cut record has in common with the next is looked at with both
            let mut further = Some(0).filter(|_| block.begins_inside_record());
            while let Some(at) = places.next().into_iter().chain(further).min() {
                let record = block.record_at(at);
                further = Some(record.next).filter(|next| record.cut && *next < block.bytes().len());
                // what was looked up is taken, whatever the record: the loop must end
                let candidates = places.take_before(record.next.max(at + 1));
                self.record(block, &record, candidates, &mut counters, &mut searched);
            }
        } else {
            for record in block.records() {
                let candidates = places.take_before(record.next);
                self.record(block, &record, candidates, &mut counters, &mut searched);
            }
        }
        if self.tells_time {
            searched.last_time = counters.1.time_at_end().map(|time| self.resolved(time));
        }
        searched.lines = counters.0.lines_before(block.bytes().len());
        if let (Some(profile), Some(started), Some(scanned)) = (self.profile, started, scanned) {
            profile.spent(Stage::Scan, scanned);
            profile.spent(Stage::Confirm, started.elapsed().saturating_sub(scanned));
            profile.tried_together(self.part.every_record(), searched.tries.records, searched.tries.time);
        }
        searched
    }

    fn record(
        &self,
        block: &Block<'_>,
        span: &RecordSpan,
        mut candidates: Candidates,
        (lines, clock): &mut Counters<'_>,
        searched: &mut Searched,
    ) {
        let piece = block.text_of(span);
        let plain: Cow<'_, [u8]> = plain::plain(&piece.text);
        let shared = Shared::of(&piece, &plain);
        if let Some(shared) = shared {
            // what the piece before had, this one may have as well
            let reach = plain.len().min(shared.seen + 1 + LENGTH_LIMIT);
            candidates.signatures.extend(self.needed_in(&plain[..reach]));
            candidates.marked |= tidy::marks(&piece.text[..piece.seen]).next().is_some();
        }
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
            let started = self.profile.map(|_| Instant::now());
            for text in std::iter::once(&*plain).chain(tidied.as_deref()) {
                candidates.signatures.extend(self.part.without_needle(text));
            }
            if let Some(started) = started {
                searched.tries.records += 1;
                searched.tries.time += started.elapsed();
            }
        }
        candidates.signatures.sort_unstable();
        candidates.signatures.dedup();
        let readings = Readings { shared, ..Readings::whole(&plain, tidied.as_deref()) };
        let found = self.confirmed(&candidates.signatures, readings, || block.header(span).level);
        if !found.is_empty() {
            searched.cut_records += u64::from(span.cut);
            let (line, raw_line) = (lines.lines_before(span.range.start), block.raw_line_at(span.range.start));
            let time = clock.time_of(span).map(|time| self.resolved(time));
            searched.matches.push(Match { line, raw_line, time, text: plain.into_owned(), found });
        }
    }

    /// The signatures of whose needles one occurs in a text.
    pub(crate) fn needed_in(&self, text: &[u8]) -> impl Iterator<Item = SignatureId> + use<> {
        self.part.hits(text).into_iter().map(|(_, id)| id)
    }

    /// Those of the candidates, ascending, that match.
    pub(crate) fn confirmed(
        &self,
        candidates: &[SignatureId],
        readings: Readings<'_>,
        level_of: impl Fn() -> Option<Level>,
    ) -> Vec<(SignatureId, Captured)> {
        let mut level: Option<Option<Level>> = None;
        let mut allows = |signature: &Signature| {
            let Some(test) = &signature.level else { return true };
            test.allows(*level.get_or_insert_with(&level_of))
        };
        let test = |id: &SignatureId| {
            let signature = self.part.index().signature(*id).1;
            let mut trial = self.profile.map(|profile| profile.trial(*id));
            if let Some(trial) = &mut trial {
                // without a needle every record is a candidate; those are counted together
                trial.is_candidate = !signature.needles.is_empty();
            }
            let mut texts = std::iter::once(readings.plain).chain(readings.tidy);
            let is_possible = signature.scope == SignatureScope::Record
                && texts.any(|text| self.part.has_needles(*id, text))
                && allows(signature);
            if !is_possible {
                return None;
            }
            let captured = confirm(signature, readings);
            if let Some(trial) = &mut trial {
                (trial.is_confirmation, trial.is_match) = (true, captured.is_some());
            }
            Some((*id, captured?))
        };
        candidates.iter().filter_map(test).collect()
    }

    /// Supplies what a time leaves out.
    pub(crate) fn resolved(&self, time: LogTime) -> LogTime {
        time.resolved(self.source.modified, self.zone)
    }
}
