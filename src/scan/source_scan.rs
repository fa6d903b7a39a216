//! Scanning one source: its blocks are read one after the other, searched on all threads, and told in order.
//!
//! Whoever reads a source hands its blocks out and goes on reading, so that inflating and searching overlap and one huge
//! file keeps all cores busy. Only few blocks are under way at a time: memory does not grow with the source. What needs the text as a whole
//! (hard-wrapped pasted text, `scope: file`) is kept aside while reading and tested at the end.

use std::collections::BTreeMap;
use std::io::{self, BufRead};
use std::ops::Range;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use rayon::Yield;

use crate::rule::SourceSettings;
use crate::scan::block_search::{BlockSearch, Searched};
use crate::scan::confirm::{Captured, Readings, confirm, extent};
use crate::scan::index::{Index, IndexPart, SignatureId};
use crate::scan::profile::{Profile, Stage};
use crate::scan::raw::Raw;
use crate::scan::unwrap::Unwrapping;
use crate::source::block::{BLOCK_BYTES, Block, Blocks};
use crate::source::framing::Framing;
use crate::source::{Limits, LogTime, Note, NoteKind, SourceName, plain, tidy};

/// Bytes of a file that signatures with `scope: file` see; configuration files are far smaller.
pub const WHOLE_FILE_BYTES: usize = 1 << 20;
/// Lines behind a match of a whole file that are told with it: what follows a failure often says why.
const LINES_BEHIND: usize = 5;
/// Blocks of a source that are under way at a time, for each thread.
const BLOCKS_AHEAD: usize = 2;

/// One record and the signatures that match it.
#[derive(Debug)]
pub struct RecordMatches<'r> {
    /// The source's full name.
    pub source: &'r str,
    /// The 1-based line at which the record begins.
    pub line: u64,
    /// The record as its writer meant it.
    pub text: &'r [u8],
    /// Its timestamp, else the last one before it.
    pub time: Option<LogTime>,
    /// The signatures, ascending, and what they captured.
    pub found: Vec<(SignatureId, Captured)>,
}

/// How a scan ended.
#[derive(Debug)]
pub struct ScanOutcome {
    /// Bytes of decoded text.
    pub bytes: u64,
    /// The beginning of the text as it is written, as far as the scan was told to keep it.
    pub beginning: Vec<u8>,
    /// The last time in the text, if the scan was told to tell it.
    pub last_time: Option<LogTime>,
    /// What was cut.
    pub notes: Vec<Note>,
    /// The error that ended the source early, if any.
    pub result: io::Result<()>,
}

/// The scan of one source. Built per source, because file globs decide which signatures take part.
pub struct Scan<'s> {
    part: IndexPart<'s>,
    source: &'s SourceName,
    limits: &'s Limits,
    block_bytes: usize,
    pasted: bool,
    settings: SourceSettings<'s>,
    zone: Option<TimeZone>,
    kept_bytes: usize,
    tells_time: bool,
    profile: Option<&'s Profile>,
}

impl<'s> Scan<'s> {
    /// Prepares the scan of a source, which is read as the faultbook's settings say.
    pub fn new(index: &'s Index<'s>, source: &'s SourceName, limits: &'s Limits) -> Self {
        Self {
            settings: index.faultbook().settings().of(&source.path),
            part: index.part_for(&source.path),
            source,
            limits,
            block_bytes: BLOCK_BYTES,
            pasted: false,
            zone: None,
            kept_bytes: 0,
            tells_time: false,
            profile: None,
        }
    }

    /// Takes the source for pasted text, whose lines may have been hard-wrapped on its way.
    pub fn pasted(self, pasted: bool) -> Self {
        Self { pasted, ..self }
    }

    /// Takes times that name no zone for times in `zone`; without one they are taken as UTC.
    pub fn in_zone(self, zone: Option<TimeZone>) -> Self {
        Self { zone, ..self }
    }

    /// Keeps so many bytes of the beginning of the text as it is written, for the outcome.
    pub fn keeping(self, bytes: usize) -> Self {
        Self { kept_bytes: bytes, ..self }
    }

    /// Tells the last time in the text. Costs a look at the last lines of each block.
    pub fn telling_time(self, tells_time: bool) -> Self {
        Self { tells_time, ..self }
    }

    /// Adds what the scan costs to a profile, if there is one.
    pub fn profiled(self, profile: Option<&'s Profile>) -> Self {
        Self { profile, ..self }
    }

    /// Reads in blocks of another size, for tests and measurements.
    pub fn with_block_bytes(self, block_bytes: usize) -> Self {
        Self { block_bytes, ..self }
    }

    /// Reads the source to its end and hands every record that matches to `take`, in the order of the text.
    pub fn run(self, reader: &mut dyn BufRead, take: &mut dyn FnMut(&RecordMatches<'_>)) -> ScanOutcome {
        let for_signatures = if self.part.whole_file().is_empty() { 0 } else { WHOLE_FILE_BYTES + 1 };
        let mut raw = Raw::new(reader, for_signatures.max(self.kept_bytes));
        let blocks =
            Blocks::with_block_bytes(&mut raw, self.limits.record, self.block_bytes).with_settings(self.settings);
        let mut state = State::new(&self, take);
        let result = state.read(blocks);
        state.whole = raw.kept;
        let started = self.profile.map(|_| Instant::now());
        state.finish();
        spent(self.profile, Stage::Confirm, started);
        let last_time = state.last_time;
        let (notes, mut beginning) = (state.notes, state.whole);
        beginning.truncate(self.kept_bytes);
        ScanOutcome { bytes: raw.bytes, beginning, last_time, notes, result }
    }
}

/// What is known of the source as far as it was told.
struct State<'s, 't> {
    scan: &'s Scan<'s>,
    search: BlockSearch<'s>,
    take: &'t mut dyn FnMut(&RecordMatches<'_>),
    lines: u64,
    cut_records: u64,
    last_time: Option<LogTime>,
    notes: Vec<Note>,
    /// The beginning of the raw text, for signatures that read whole files.
    whole: Vec<u8>,
    unwrapping: Unwrapping,
}

impl<'s, 't> State<'s, 't> {
    fn new(scan: &'s Scan<'s>, take: &'t mut dyn FnMut(&RecordMatches<'_>)) -> Self {
        Self {
            scan,
            search: BlockSearch {
                part: &scan.part,
                source: scan.source,
                zone: scan.zone.as_ref(),
                profile: scan.profile,
                tells_time: scan.tells_time,
            },
            take,
            lines: 0,
            cut_records: 0,
            last_time: None,
            notes: Vec::new(),
            whole: Vec::new(),
            unwrapping: Unwrapping::new(scan.pasted),
        }
    }

    /// Reads all blocks, has them searched, and tells what was found in their order.
    fn read(&mut self, mut blocks: Blocks<'s, &mut Raw<'_>>) -> io::Result<()> {
        let search = BlockSearch { ..self.search };
        let threads = rayon::current_num_threads();
        rayon::in_place_scope(|scope| {
            let (done, receiver) = mpsc::channel();
            let mut queue = Queue { receiver, waiting: BTreeMap::new(), handed_out: 0, received: 0, told: 0 };
            let result = loop {
                let started = search.profile.map(|_| Instant::now());
                let block = blocks.next_block();
                spent(search.profile, Stage::Unpack, started);
                let block = match block {
                    Ok(Some(block)) => block,
                    Ok(None) => break Ok(()),
                    Err(error) => break Err(error),
                };
                self.keep(&block);
                let number = queue.handed_out;
                queue.handed_out += 1;
                if threads == 1 || (number == 0 && blocks.is_at_end()) {
                    let searched = search.search(&block);
                    queue.received += 1;
                    queue.waiting.insert(number, (searched, block));
                } else {
                    let (done, search) = (done.clone(), &search);
                    // a receiver that is gone wants no more
                    scope.spawn(move |_| drop(done.send((number, (search.search(&block), block)))));
                }
                queue.wait_for_room(BLOCKS_AHEAD * threads);
                queue.tell(self, |block| blocks.recycle(block));
            };
            drop(done);
            while queue.told < queue.handed_out {
                queue.wait_for_room(0);
                queue.tell(self, |block| blocks.recycle(block));
            }
            result
        })
    }

    /// Keeps of a block what is tested at the end. The lines of a transport were not broken on the way.
    fn keep(&mut self, block: &Block<'_>) {
        if !block.is_peeled() {
            self.unwrapping.add(block.bytes());
        }
    }

    /// Tells what the next block holds.
    fn tell(&mut self, searched: Searched) {
        for found in searched.matches {
            found.found.iter().for_each(|(id, _)| self.unwrapping.matched(*id));
            let line = found.raw_line.unwrap_or(self.lines + found.line + 1);
            let source = &self.scan.source.name;
            (self.take)(&RecordMatches { source, line, text: &found.text, time: found.time, found: found.found });
        }
        self.lines += searched.lines;
        self.cut_records += searched.cut_records;
        self.last_time = searched.last_time.or(self.last_time);
    }

    /// Tests what needs the whole source: hard-wrapped text and signatures with `scope: file`.
    fn finish(&mut self) {
        for paragraph in self.unwrapping.paragraphs() {
            let mut candidates = self.scan.part.every_record().to_vec();
            if let Some(profile) = self.scan.profile {
                profile.tried_together(&candidates, 1, Duration::ZERO);
            }
            candidates.extend(self.search.needed_in(&paragraph.text));
            let tidied = tidy::tidy(&paragraph.text);
            if let Some(text) = &tidied {
                candidates.extend(self.search.needed_in(text));
            }
            candidates.retain(|id| !self.unwrapping.has_matched(*id));
            candidates.sort_unstable();
            candidates.dedup();
            let first_line = paragraph.text.split(|&byte| byte == b'\n').next().unwrap_or_default();
            let header = Framing::Lines.header(first_line);
            let readings = Readings::whole(&paragraph.text, tidied.as_deref());
            let found = self.search.confirmed(&candidates, readings, || header.level);
            if !found.is_empty() {
                found.iter().for_each(|(id, _)| self.unwrapping.matched(*id));
                let (source, line, text) = (&self.scan.source.name, paragraph.first_line, &paragraph.text);
                let time = header.time.map(|time| self.search.resolved(time));
                (self.take)(&RecordMatches { source, line, text, time, found });
            }
        }
        self.whole_file();
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

    fn whole_file(&mut self) {
        let part = &self.scan.part;
        if part.whole_file().is_empty() {
            return;
        }
        if self.whole.len() > WHOLE_FILE_BYTES {
            let detail = format!("signatures with `scope: file` see only the first {} KiB", WHOLE_FILE_BYTES / 1024);
            self.notes.push(Note::new(&self.scan.source.name, NoteKind::Limit, detail));
        }
        let plain = plain::plain(self.whole.get(..WHOLE_FILE_BYTES).unwrap_or(&self.whole));
        let tidied = tidy::tidy(&plain);
        let readings = Readings::whole(&plain, tidied.as_deref());
        let test = |id: &SignatureId| {
            let mut trial = self.scan.profile.map(|profile| profile.trial(*id));
            let captured = confirm(part.index().signature(*id).1, readings);
            if let Some(trial) = &mut trial {
                (trial.is_confirmation, trial.is_match) = (true, captured.is_some());
            }
            Some((*id, captured?))
        };
        let found: Vec<_> = part.whole_file().iter().filter_map(test).collect();
        // each signature has a place of its own in the file
        let mut places: BTreeMap<(usize, usize), Vec<(SignatureId, Captured)>> = BTreeMap::new();
        for (id, captured) in found {
            let extent = extent(part.index().signature(id).1, &plain);
            let lines = extent.map_or(0..plain.len(), |extent| whole_lines(&plain, extent));
            places.entry((lines.start, lines.end)).or_default().push((id, captured));
        }
        for ((start, end), found) in places {
            let line = 1 + memchr::memchr_iter(b'\n', &plain[..start]).count() as u64;
            let text = &plain[start..end];
            (self.take)(&RecordMatches { source: &self.scan.source.name, line, text, time: None, found });
        }
    }
}

/// The lines in which a part of a text stands, and a few around its end, as far as they are shown of a file's match.
fn whole_lines(text: &[u8], part: Range<usize>) -> Range<usize> {
    let start = memchr::memrchr(b'\n', &text[..part.start]).map_or(0, |at| at + 1);
    let mut ends = memchr::memchr_iter(b'\n', &text[part.end..]).map(|at| part.end + at);
    start..ends.nth(LINES_BEHIND).unwrap_or(text.len())
}

/// Adds the time since `started` to a stage.
fn spent(profile: Option<&Profile>, stage: Stage, started: Option<Instant>) {
    if let (Some(profile), Some(started)) = (profile, started) {
        profile.spent(stage, started.elapsed());
    }
}

/// Blocks that were handed out to be searched, by their numbers.
struct Queue<'s> {
    receiver: Receiver<(u64, (Searched, Block<'s>))>,
    /// Searched, but one before is not.
    waiting: BTreeMap<u64, (Searched, Block<'s>)>,
    handed_out: u64,
    received: u64,
    told: u64,
}

impl<'s> Queue<'s> {
    /// Returns when at most so many blocks are still being searched; meanwhile helps with it.
    fn wait_for_room(&mut self, most: usize) {
        loop {
            while let Ok((number, searched)) = self.receiver.try_recv() {
                self.received += 1;
                self.waiting.insert(number, searched);
            }
            if self.handed_out - self.received <= most as u64 {
                return;
            }
            // What this thread handed out last it finds first. When there is nothing left for it to do, others are at all of it.
            if rayon::yield_local() != Some(Yield::Executed)
                && let Ok((number, searched)) = self.receiver.recv()
            {
                self.received += 1;
                self.waiting.insert(number, searched);
            }
        }
    }

    /// Tells what may be told, and gives the blocks back.
    fn tell(&mut self, state: &mut State<'_, '_>, mut recycle: impl FnMut(Block<'s>)) {
        while let Some((searched, block)) = self.waiting.remove(&self.told) {
            self.told += 1;
            state.tell(searched);
            recycle(block);
        }
    }
}
