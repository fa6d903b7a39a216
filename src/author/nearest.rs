//! The records that come nearest to signatures that match nothing.
//!
//! `Search` reads a case once more for the signatures that matched nothing, and whatever keeps records from them: file globs, levels,
//! noise and times are left aside. The words that a signature spells out are looked for without regard to case, all signatures at
//! once; records with the most of them are kept, few for each signature. Records that would match but for something outside
//! their text are counted by what that is. What a kept record lacks is told by [`miss`](super::miss).
//!
//! The order in which parts are read does not matter: what is kept is what has the most words, and of that the first.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::{self, BufRead};
use std::ops::Range;
use std::sync::Arc;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use jiff::Timestamp;
use memchr::memmem;
use rayon::prelude::*;

use crate::author::reach;
use crate::diagnose::max_age::is_too_old;
use crate::diagnose::overlay_noise::NoiseSieve;
use crate::rule::settings::Noise;
use crate::rule::signature::{Leaf, Signature, SignatureScope};
use crate::rule::{Level, SourceSettings};
use crate::scan::confirm::{Readings, confirm};
use crate::scan::raw::Raw;
use crate::scan::source_scan::WHOLE_FILE_BYTES;
use crate::scan::{Index, SignatureId};
use crate::source::block::{Block, Blocks};
use crate::source::record::RecordSpan;
use crate::source::record_header::Clock;
use crate::source::{Budget, CaseInput, Note, Progress, Reading, SourceName, Visit, is_facts_file, plain, read, tidy};

/// Bytes of a record that are kept to look at what it lacks.
pub const RECORD_BYTES: usize = 8 * 1024;
/// Signatures that one word may point at; a word of more tells nothing about any of them.
pub const WORD_FANOUT: usize = 100;
/// Bytes of the text before and behind a record that are kept to look for what it lacks.
pub const NEIGHBOUR_BYTES: usize = 4 * 1024;
/// Files that are kept for a signature with `scope: file`.
pub const FILE_LIMIT: usize = 3;
/// Places of excluded records that are told.
pub const PLACE_LIMIT: usize = 3;
/// How much of a signature's words a record must have, of 1,000, to be tried on it: what matches has a needle of each set, and so nearly
/// always all words of an alternative.
const LIKELY: u32 = 300;
/// Letters that a word must have to be looked for, if there are such words.
const WORD_LETTERS: usize = 3;

/// How much is kept while reading.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Depth {
    /// Records of each signature.
    pub(crate) records: usize,
    /// Of those with the very same words.
    pub(crate) alike: usize,
    /// Bytes of each record.
    pub(crate) bytes: usize,
    /// Whether names of sources are compared with file globs, and records tried on signatures without a word.
    pub(crate) thorough: bool,
}

impl Depth {
    /// For one rule: many, since which of them gets furthest is known only in the end.
    pub(crate) const RULE: Self = Self { records: 48, alike: 12, bytes: RECORD_BYTES, thorough: true };
    /// For all rules.
    pub(crate) const ALL: Self = Self { records: 2, alike: 1, bytes: 2 * 1024, thorough: false };
}

/// A record that may be a near miss.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    /// How much of the signature's words it has, of 1,000.
    pub(crate) words: u32,
    /// A hash of which words these are.
    alike: u64,
    /// Where it stands: part, and position among the candidates of the part.
    order: (usize, u64),
    pub(crate) source: Arc<str>,
    /// The path inside the case.
    pub(crate) path: Arc<str>,
    /// Its first line, from 1.
    pub(crate) line: u64,
    pub(crate) text: Arc<[u8]>,
    pub(crate) level: Option<Level>,
    /// Where the record ends and what stands beside it; only of records, and only for one rule.
    pub(crate) around: Option<Arc<Around>>,
    /// Whether the signature's file glob takes the source.
    pub(crate) taken: bool,
}

/// The borders of a record.
#[derive(Debug)]
pub(crate) struct Around {
    /// How many lines the record has.
    pub(crate) lines: u64,
    /// The text before, and the text behind, as they are written.
    before: Vec<u8>,
    behind: Vec<u8>,
}

impl Around {
    /// `None` where the lines of the text are not those of the file.
    fn of(block: &Block<'_>, span: &RecordSpan) -> Option<Self> {
        if block.is_peeled() {
            return None;
        }
        let bytes = block.bytes();
        let (start, next) = (span.range.start, span.next.min(bytes.len()));
        Some(Self {
            lines: 1 + memchr::memchr_iter(b'\n', &bytes[span.range.clone()]).count() as u64,
            before: bytes[start.saturating_sub(NEIGHBOUR_BYTES)..start].to_vec(),
            behind: bytes[next..bytes.len().min(next + NEIGHBOUR_BYTES)].to_vec(),
        })
    }

    /// The line in which a text stands outside the record that begins in line `first`: behind it, else before it.
    pub(crate) fn line_of(&self, text: &str, first: u64) -> Option<u64> {
        let lines = |bytes: &[u8]| memchr::memchr_iter(b'\n', bytes).count() as u64;
        let behind = memmem::find(&self.behind, text.as_bytes());
        let behind = behind.map(|at| first + self.lines + lines(&self.behind[..at]));
        behind.or_else(|| {
            let at = memmem::rfind(&self.before, text.as_bytes())?;
            first.checked_sub(lines(&self.before[at..]))
        })
    }
}

/// What keeps a record from a signature that its text would match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Barrier {
    File,
    Level(Option<Level>),
    Noise,
    /// The position of a noise filter of an overlay.
    Overlay(usize),
    /// It is too old.
    Age,
    Time,
}

/// Records that a barrier keeps out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Barred {
    pub(crate) records: u64,
    /// Source and line of the first, at most [`PLACE_LIMIT`].
    pub(crate) places: Vec<(Arc<str>, u64)>,
}

/// What was found for one signature.
#[derive(Clone, Debug, Default)]
pub(crate) struct Near {
    /// The best first.
    pub(crate) candidates: Vec<Candidate>,
    pub(crate) barred: BTreeMap<Barrier, Barred>,
    /// Sources that its file glob takes.
    pub(crate) sources: u64,
    /// The path of a source that looks most like its file glob, and how much.
    pub(crate) like_glob: Option<(u32, String)>,
}

/// What was found for all of them.
#[derive(Debug, Default)]
pub(crate) struct NearMisses {
    /// By the positions of the signatures given; only those of which there is something to tell.
    pub(crate) near: BTreeMap<usize, Near>,
    /// Sources that were read.
    pub(crate) sources: u64,
}

/// Signatures that matched nothing, and the words to look for.
pub(crate) struct Search<'a> {
    index: &'a Index<'a>,
    signatures: Vec<SignatureId>,
    depth: Depth,
    /// The moment that ages are measured against.
    now: Option<Timestamp>,
    words: Option<AhoCorasick>,
    /// For each word the probes that have it.
    postings: Vec<Vec<u32>>,
    weights: Vec<u32>,
    /// Those of a signature stand together, and among them those of a clause.
    probes: Vec<Probe>,
    /// What of each signature every record may ask for: thousands of signatures are far apart in memory.
    outlines: Vec<Outline>,
    /// Signatures without a word: every record is looked at. Positions in `signatures`.
    wordless: Vec<usize>,
    files: Vec<usize>,
}

/// What is needed of a signature to pass by a record.
#[derive(Clone, Debug, Default)]
struct Outline {
    probes: Range<usize>,
    clauses: u32,
    /// Whether it asks for a level or an age.
    has_barrier: bool,
}

/// One leaf of one clause of a signature.
struct Probe {
    signature: usize,
    clause: usize,
    /// The weight of all its words.
    total: u32,
}

impl<'a> Search<'a> {
    /// Prepares the search for near misses of these signatures. Cost: linear in their length.
    pub(crate) fn new(index: &'a Index<'a>, signatures: Vec<SignatureId>, depth: Depth) -> Self {
        let words_of: Vec<Vec<(usize, Vec<String>)>> =
            signatures.par_iter().map(|id| leaves(index.signature(*id).1)).collect();
        let (mut numbers, mut texts): (BTreeMap<String, usize>, Vec<String>) = Default::default();
        let (mut postings, mut probes): (Vec<Vec<u32>>, Vec<Probe>) = Default::default();
        let (mut wordless, mut files) = (Vec::new(), Vec::new());
        let mut outlines = vec![Outline::default(); signatures.len()];
        for (signature, leaves) in words_of.into_iter().enumerate() {
            if index.signature(signatures[signature]).1.scope == SignatureScope::File {
                files.push(signature);
                continue;
            }
            let (own, first) = (index.signature(signatures[signature]).1, probes.len());
            let clauses = own.required.len().max(1) as u32;
            outlines[signature] =
                Outline { probes: first..first, clauses, has_barrier: own.level.is_some() || own.max_age.is_some() };
            if leaves.iter().all(|(_, words)| words.is_empty()) {
                // for all rules that would be all records times all such signatures
                wordless.extend(depth.thorough.then_some(signature));
                continue;
            }
            outlines[signature].probes.end += leaves.len();
            for (clause, words) in leaves {
                let total = words.iter().map(|word| word.len() as u32).sum();
                for word in words {
                    let number = *numbers.entry(word).or_insert_with_key(|word| {
                        texts.push(word.clone());
                        postings.push(Vec::new());
                        texts.len() - 1
                    });
                    postings[number].push(probes.len() as u32);
                }
                probes.push(Probe { signature, clause, total });
            }
        }
        // every line of a log has some of the words of many, and none of them would count
        let telling = texts.into_iter().zip(postings).filter(|(_, probes)| probes.len() <= WORD_FANOUT);
        let (texts, postings): (Vec<String>, Vec<Vec<u32>>) = telling.unzip();
        let weights = texts.iter().map(|word| word.len() as u32).collect();
        let kind = Some(AhoCorasickKind::ContiguousNFA);
        let words = AhoCorasick::builder().ascii_case_insensitive(true).kind(kind).build(&texts).ok();
        let words = words.filter(|_| !texts.is_empty());
        Self { index, signatures, depth, now: None, words, postings, weights, probes, outlines, wordless, files }
    }

    /// Measures ages against this moment.
    pub(crate) fn at(self, now: Option<Timestamp>) -> Self {
        Self { now, ..self }
    }

    /// Reads a case. What could not be read was noted when it was diagnosed.
    pub(crate) fn run(&self, case: CaseInput, reading: Reading<'_>, progress: &Progress) -> NearMisses {
        let budget = Budget::new();
        let parts = case.parts.into_par_iter().enumerate().map(|(number, part)| {
            let mut reader = PartSearch::new(self, reading, number);
            read(part, reading, &budget, progress, &mut reader);
            reader.found
        });
        // those of the left come first, whichever was read first
        parts.reduce(NearMisses::default, |mut left, right| {
            left.sources += right.sources;
            for (position, near) in right.near {
                left.near.entry(position).or_default().join(near, self.depth);
            }
            left
        })
    }
}

/// For each required leaf its clause and its words; alternatives are leaves of their own.
fn leaves(signature: &Signature) -> Vec<(usize, Vec<String>)> {
    let clauses = signature.required.iter().enumerate();
    let leaves = clauses.flat_map(|(clause, leaves)| leaves.iter().map(move |leaf| (clause, leaf)));
    leaves
        .flat_map(|(clause, leaf)| {
            let sources = match leaf {
                Leaf::Regex(pattern) => reach::alternatives(pattern.source()),
                Leaf::Contains(bytes) => vec![regex_syntax::escape(&String::from_utf8_lossy(bytes))],
            };
            sources.into_iter().map(move |source| (clause, reach::words(&source, WORD_LETTERS)))
        })
        .collect()
}

impl Near {
    fn join(&mut self, other: Near, depth: Depth) {
        other.candidates.into_iter().for_each(|candidate| self.add(candidate, depth));
        for (barrier, barred) in other.barred {
            let own = self.barred.entry(barrier).or_default();
            own.records += barred.records;
            own.places.extend(barred.places);
            own.places.truncate(PLACE_LIMIT);
        }
        self.sources += other.sources;
        if other.like_glob.as_ref().map(|(like, _)| *like) > self.like_glob.as_ref().map(|(like, _)| *like) {
            self.like_glob = other.like_glob;
        }
    }

    fn bar(&mut self, barrier: Barrier, source: &Arc<str>, line: u64) {
        let barred = self.barred.entry(barrier).or_default();
        barred.records += 1;
        if barred.places.len() < PLACE_LIMIT {
            barred.places.push((Arc::clone(source), line));
        }
    }

    /// Whether a candidate with so many words would be kept.
    fn wants(&self, words: u32, alike: u64, depth: Depth) -> bool {
        if self.candidates.iter().filter(|own| own.alike == alike && own.words >= words).count() >= depth.alike {
            return false;
        }
        self.candidates.len() < depth.records || self.candidates.last().is_some_and(|last| last.words < words)
    }

    /// Keeps a candidate that comes after all others that are kept.
    fn add(&mut self, candidate: Candidate, depth: Depth) {
        if self.wants(candidate.words, candidate.alike, depth) {
            let key = |own: &Candidate| (Reverse(own.words), own.order);
            let at = self.candidates.partition_point(|own| key(own) <= key(&candidate));
            self.candidates.insert(at, candidate);
            self.candidates.truncate(depth.records);
        }
    }
}

/// The search in one part of a case.
struct PartSearch<'s> {
    search: &'s Search<'s>,
    reading: Reading<'s>,
    number: usize,
    sequence: u64,
    found: NearMisses,
    /// Of each signature how many words a record must have more than, once enough are kept.
    floors: Vec<Option<u32>>,
    /// Weight found of each probe in the record at hand.
    weights: Vec<u32>,
    /// Of each probe a hash of the words found.
    alike: Vec<u64>,
    /// The signatures whose probes have any weight, and for each signature whether it is one of them.
    touched: Vec<usize>,
    is_touched: Vec<bool>,
}

/// The source at hand.
struct Text<'t> {
    name: &'t SourceName,
    settings: SourceSettings<'t>,
    source: Arc<str>,
    path: Arc<str>,
    /// For each signature whether its glob takes the source.
    taken: Vec<bool>,
    /// Whether noise or times keep records out.
    has_barriers: bool,
    /// What overlays call noise in it.
    sieve: NoiseSieve<'t>,
    /// Lines before the block.
    lines: u64,
}

impl Text<'_> {
    /// Whether a record of the source may match a signature and not count.
    fn may_bar(&self, position: usize, outline: &Outline) -> bool {
        self.has_barriers || outline.has_barrier || !self.taken[position]
    }
}

impl<'s> PartSearch<'s> {
    fn new(search: &'s Search<'s>, reading: Reading<'s>, number: usize) -> Self {
        let (probes, signatures) = (search.probes.len(), search.signatures.len());
        Self {
            search,
            reading,
            number,
            sequence: 0,
            found: NearMisses::default(),
            floors: vec![None; signatures],
            weights: vec![0; probes],
            alike: vec![0; probes],
            touched: Vec::new(),
            is_touched: vec![false; signatures],
        }
    }

    fn near(&mut self, position: usize) -> &mut Near {
        self.found.near.entry(position).or_default()
    }

    fn signature(&self, position: usize) -> &'s Signature {
        self.search.index.signature(self.search.signatures[position]).1
    }

    /// Looks at the records of a block that have words.
    fn block(&mut self, block: &Block<'_>, text: &Text<'_>) {
        let mut lines = block.lines();
        let mut clock = block.clock();
        let search = self.search;
        let hits = search.words.as_ref().map(|words| words.find_overlapping_iter(block.bytes()));
        let mut hits: Vec<(usize, usize)> =
            hits.into_iter().flatten().map(|hit| (hit.start(), hit.pattern().as_usize())).collect();
        hits.sort_unstable();
        let mut hits = hits.into_iter().peekable();
        let mut every = (!search.wordless.is_empty()).then(|| block.records());
        loop {
            let record = match &mut every {
                Some(records) => records.next(),
                None => hits.peek().map(|(at, _)| block.record_at(*at)),
            };
            let Some(record) = record else { break };
            let mut words = Vec::new();
            // a hit that lies in no record is taken as well: the loop must end
            let end = record.next.max(hits.peek().map_or(0, |(at, _)| if every.is_none() { at + 1 } else { 0 }));
            while let Some((_, word)) = hits.next_if(|(at, _)| *at < end) {
                words.push(word);
            }
            words.sort_unstable();
            words.dedup();
            self.record(block, &record, &words, text, |at| (lines.lines_before(at), block.raw_line_at(at)), &mut clock);
        }
    }

    fn record(
        &mut self,
        block: &Block<'_>,
        span: &RecordSpan,
        words: &[usize],
        text: &Text<'_>,
        mut line_at: impl FnMut(usize) -> (u64, Option<u64>),
        clock: &mut Clock<'_>,
    ) {
        let search = self.search;
        for word in words {
            for probe in &search.postings[*word] {
                let at = *probe as usize;
                let signature = search.probes[at].signature;
                if !std::mem::replace(&mut self.is_touched[signature], true) {
                    self.touched.push(signature);
                }
                self.weights[at] += search.weights[*word];
                let own = &mut self.alike[at];
                *own = own.rotate_left(7) ^ (*word as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            }
        }
        let mut touched = std::mem::take(&mut self.touched);
        let mut prepared: Option<Prepared> = None;
        for position in touched.drain(..) {
            let outline = &search.outlines[position];
            let (mut score, mut best, mut clause) = (0, 0, 0);
            for at in outline.probes.clone() {
                let probe = &search.probes[at];
                let share = (self.weights[at] * 1000).checked_div(probe.total).unwrap_or(0);
                if probe.clause != clause {
                    (score, best, clause) = (score + best, 0, probe.clause);
                }
                best = best.max(share);
            }
            let score = (score + best) / outline.clauses;
            let may_be_barred = score >= LIKELY && text.may_bar(position, outline);
            if may_be_barred || self.floors[position].is_none_or(|floor| score > floor) {
                let of_probes = &self.alike[outline.probes.clone()];
                let alike = of_probes.iter().fold(0u64, |all, own| all.rotate_left(9) ^ own);
                let near = Nearness { position, score, alike, may_be_barred };
                self.consider(near, block, span, text, &mut line_at, clock, &mut prepared);
            }
            self.weights[outline.probes.clone()].fill(0);
            self.alike[outline.probes.clone()].fill(0);
            self.is_touched[position] = false;
        }
        for position in &search.wordless {
            let may_be_barred = text.may_bar(*position, &search.outlines[*position]);
            let near = Nearness { position: *position, score: 0, alike: 0, may_be_barred };
            self.consider(near, block, span, text, &mut line_at, clock, &mut prepared);
        }
        self.touched = touched;
    }

    /// Counts the record if something outside its text keeps it from the signature, or keeps it if it is near.
    #[expect(clippy::too_many_arguments, reason = "the record at hand, in pieces that are worked out when needed")]
    fn consider(
        &mut self,
        Nearness { position, score, alike, may_be_barred }: Nearness,
        block: &Block<'_>,
        span: &RecordSpan,
        text: &Text<'_>,
        line_at: &mut impl FnMut(usize) -> (u64, Option<u64>),
        clock: &mut Clock<'_>,
        prepared: &mut Option<Prepared>,
    ) {
        let is_wanted = self.found.near.get(&position).is_none_or(|near| near.wants(score, alike, self.search.depth));
        if !is_wanted && !may_be_barred {
            return;
        }
        let (signature, taken) = (self.signature(position), text.taken[position]);
        let record = prepared.get_or_insert_with(|| {
            let (lines, raw) = line_at(span.range.start);
            Prepared::new(block, span, raw.unwrap_or(text.lines + lines + 1), self.search.depth.bytes)
        });
        // what nothing keeps out does not match, and looking whether it does is what costs most
        if may_be_barred {
            let owner = self.search.index.owner(self.search.signatures[position]).0;
            let level = record.level;
            let barrier = if !taken {
                Some(Barrier::File)
            } else if signature.level.as_ref().is_some_and(|test| !test.allows(level)) {
                Some(Barrier::Level(level))
            } else if text.settings.noise.is_some_and(|noise| record.is_noise(noise)) {
                Some(Barrier::Noise)
            } else if let Some(filter) = text.sieve.takes(owner, &record.plain) {
                Some(Barrier::Overlay(filter))
            } else {
                let zone = text.settings.zone.or(self.reading.options.zone.as_ref());
                let time = clock.time_of(span).map(|time| time.resolved(text.name.modified, zone));
                let max_age = signature.max_age.filter(|max_age| is_too_old(time, self.search.now, *max_age));
                let age = max_age.map(|_| Barrier::Age);
                age.or((!self.reading.options.covers(time)).then_some(Barrier::Time))
            };
            if let Some(barrier) = barrier.filter(|_| record.matches(signature)) {
                let line = record.line;
                self.near(position).bar(barrier, &text.source, line);
                return;
            }
        }
        if is_wanted {
            self.sequence += 1;
            let candidate = Candidate {
                words: score,
                alike,
                order: (self.number, self.sequence),
                source: Arc::clone(&text.source),
                path: Arc::clone(&text.path),
                line: record.line,
                text: Arc::clone(&record.kept),
                level: record.level,
                around: self.search.depth.thorough.then(|| Around::of(block, span)).flatten().map(Arc::new),
                taken,
            };
            let depth = self.search.depth;
            let near = self.near(position);
            near.add(candidate, depth);
            let is_full = near.candidates.len() >= depth.records;
            self.floors[position] = near.candidates.last().filter(|_| is_full).map(|last| last.words);
        }
    }

    /// Looks at signatures that read whole files.
    fn whole_file(&mut self, raw: &[u8], text: &Text<'_>) {
        let raw = raw.get(..WHOLE_FILE_BYTES).unwrap_or(raw);
        let whole: Arc<[u8]> = plain::plain(raw).as_ref().into();
        for position in &self.search.files {
            let signature = self.signature(*position);
            let taken = text.taken[*position];
            if !taken && confirm(signature, Readings::whole(&whole, None)).is_some() {
                self.near(*position).bar(Barrier::File, &text.source, 1);
            }
            if taken && self.near(*position).candidates.len() < FILE_LIMIT {
                self.sequence += 1;
                let candidate = Candidate {
                    words: 0,
                    alike: self.sequence,
                    order: (self.number, self.sequence),
                    source: Arc::clone(&text.source),
                    path: Arc::clone(&text.path),
                    line: 1,
                    text: Arc::clone(&whole),
                    level: None,
                    around: None,
                    taken,
                };
                let depth = self.search.depth;
                self.near(*position).add(candidate, depth);
            }
        }
    }
}

/// How near the record at hand comes to a signature, by its words.
#[derive(Clone, Copy)]
struct Nearness {
    /// The signature.
    position: usize,
    /// How much of the words it has, of 1,000.
    score: u32,
    /// A hash of which these are.
    alike: u64,
    /// Whether it may match and be kept out by something outside its text.
    may_be_barred: bool,
}

/// A record as far as it was worked out.
struct Prepared {
    plain: Vec<u8>,
    tidy: Option<Vec<u8>>,
    kept: Arc<[u8]>,
    line: u64,
    level: Option<Level>,
    is_noise: Option<bool>,
}

impl Prepared {
    fn new(block: &Block<'_>, span: &RecordSpan, line: u64, bytes: usize) -> Self {
        let piece = block.text_of(span);
        let plain = plain::plain(&piece.text).into_owned();
        let tidy = tidy::marks(&piece.text).next().and_then(|_| tidy::tidy(&plain));
        let kept = tidy.as_deref().unwrap_or(&plain);
        let kept = kept.get(..bytes).unwrap_or(kept).into();
        Self { kept, tidy, line, level: block.header(span).level, plain, is_noise: None }
    }

    fn is_noise(&mut self, noise: &Noise) -> bool {
        let plain = &self.plain;
        *self.is_noise.get_or_insert_with(|| noise.is_noise(plain))
    }

    fn matches(&self, signature: &Signature) -> bool {
        let has_needles =
            |text: &[u8]| signature.needles.iter().all(|set| set.needles().iter().any(|needle| needle.is_in(text)));
        let is_possible = has_needles(&self.plain) || self.tidy.as_deref().is_some_and(has_needles);
        is_possible && confirm(signature, Readings::whole(&self.plain, self.tidy.as_deref())).is_some()
    }
}

impl Visit for PartSearch<'_> {
    fn text(&mut self, source: &SourceName, reader: &mut dyn BufRead) -> io::Result<()> {
        if is_facts_file(&source.path) {
            return Ok(());
        }
        let (settings, options) = (self.reading.settings.of(&source.path), self.reading.options);
        let part = self.search.index.part_for(&source.path);
        let taken: Vec<bool> = self.search.signatures.iter().map(|id| part.has(*id)).collect();
        self.found.sources += 1;
        if self.search.depth.thorough {
            for (position, taken) in taken.iter().enumerate() {
                let glob = self.signature(position).file.as_ref().filter(|_| !taken);
                let near = self.near(position);
                near.sources += u64::from(*taken);
                let Some(glob) = glob else { continue };
                let like = (1000.0 * strsim::jaro_winkler(&name_of(glob.written()), &name_of(&source.path))) as u32;
                if near.like_glob.as_ref().is_none_or(|(best, _)| like > *best) {
                    near.like_glob = Some((like, source.path.clone()));
                }
            }
        }
        let kept = if self.search.files.is_empty() { 0 } else { WHOLE_FILE_BYTES };
        let mut raw = Raw::new(reader, kept);
        let sieve = NoiseSieve::new(self.search.index, &source.path);
        let mut text = Text {
            name: source,
            settings,
            source: source.name.as_str().into(),
            path: source.path.as_str().into(),
            taken,
            has_barriers: !sieve.is_open()
                || settings.noise.is_some()
                || options.since.is_some()
                || options.until.is_some(),
            sieve,
            lines: 0,
        };
        let mut blocks = Blocks::new(&mut raw, self.reading.limits.record).with_settings(settings);
        let result = loop {
            match blocks.next_block() {
                Ok(Some(block)) => {
                    self.block(&block, &text);
                    text.lines += block.lines().lines_before(block.bytes().len());
                    blocks.recycle(block);
                }
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        drop(blocks);
        if !self.search.files.is_empty() {
            self.whole_file(&raw.kept, &text);
        }
        result
    }

    fn note(&mut self, _: Note) {}
}

/// The name of a file without its folders, and of a glob: what people compare.
fn name_of(path: &str) -> String {
    path.rsplit(['/', ':']).next().unwrap_or(path).replace('*', "")
}
