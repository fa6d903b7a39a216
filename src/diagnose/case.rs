//! Diagnosing a case: its parts are read in parallel, what was found is put together, then the rules are applied.

use std::collections::BTreeSet;
use std::io::{self, BufRead, Read};
use std::time::{Duration, Instant};

use rayon::prelude::*;

use crate::diagnose::apply::Application;
use crate::diagnose::collect::{Collector, GROUP_LIMIT};
use crate::diagnose::correlate::{Correlating, CorrelationOutcome};
use crate::diagnose::events::{CaseEvents, EVENT_LIMIT, EventStore, PartEvents};
use crate::diagnose::extract::{EXTRACT_BYTES, Extracted, Extractors};
use crate::diagnose::finding::{CaseSize, Diagnosis, Finding};
use crate::diagnose::known::Known;
use crate::diagnose::max_age::{AgeLog, HELD_LIMIT, Held, HeldStore, Now, has_to_wait};
use crate::diagnose::overlay_noise::{NoiseLog, NoiseSieve};
use crate::diagnose::rank::{Ranked, rank};
use crate::rule::RuleId;
use crate::rule::signature::SignatureScope;
use crate::scan::profile::Stage;
use crate::scan::{Index, Profile, RecordMatches, Scan, SignatureId};
use crate::source::{
    Budget, CaseInput, Limits, Note, NoteKind, Part, Progress, ReadOptions, Reading, SourceName, Visit, is_facts_file,
    read,
};

/// Bytes of a facts file that are read.
pub const FACTS_BYTES: u64 = 256 * 1024;

/// Diagnoses cases with one faultbook. Cheap to share between threads.
pub struct Diagnoser<'a> {
    index: &'a Index<'a>,
    /// The rules that are looked for, ascending, each with its signatures in its order. No more: a test has a diagnoser for each rule
    /// of a large faultbook.
    signatures: Vec<(RuleId, Vec<SignatureId>)>,
    /// Those of these rules whose condition can hold without any match.
    without_match: Vec<RuleId>,
    extractors: Extractors<'a>,
    /// Whether a signature has a `max_age`, so that the times of all sources are looked at.
    has_ages: bool,
    limits: Limits,
    options: ReadOptions,
    profile: Option<&'a Profile>,
    observer: Option<Observer<'a>>,
}

/// Is told of each record that counts, from whatever thread found it.
pub type Observer<'a> = &'a (dyn Fn(&RecordMatches<'_>) + Sync);

impl<'a> Diagnoser<'a> {
    /// Prepares an index for diagnosing with the limits that the faultbook sets, else the default ones. Everything is read.
    pub fn new(index: &'a Index<'a>) -> Self {
        let mut signatures: Vec<(RuleId, Vec<SignatureId>)> = index.rules().map(|rule| (rule, Vec::new())).collect();
        let mut at = 0;
        // signatures stand in the order of their rules
        for id in index.signatures() {
            let owner = index.owner(id).0;
            at += signatures.iter().skip(at).take_while(|(rule, _)| *rule != owner).count();
            if let Some((_, own)) = signatures.get_mut(at) {
                own.push(id);
            }
        }
        let limits = Limits::with_settings(index.faultbook().settings().limits());
        let extractors = Extractors::new(index);
        let holds = |rule: &RuleId| index.faultbook().rule(*rule).holds_without_match;
        let without_match = index.rules().filter(holds).collect();
        let has_ages = index.signatures().any(|id| index.signature(id).1.max_age.is_some());
        Self {
            index,
            signatures,
            without_match,
            extractors,
            has_ages,
            limits,
            options: ReadOptions::default(),
            profile: None,
            observer: None,
        }
    }

    /// Replaces the limits on input.
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Reads only a part of each case, and takes its times as the options say.
    pub fn with_reading(mut self, options: ReadOptions) -> Self {
        self.options = options;
        self
    }

    /// Adds what diagnosing costs to a profile made for the same index.
    pub fn with_profile(mut self, profile: &'a Profile) -> Self {
        self.profile = Some(profile);
        self
    }

    /// Tells somebody of every record that counts; what is found does not depend on it.
    pub fn observed(mut self, observer: Observer<'a>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// The index that is used.
    pub fn index(&self) -> &'a Index<'a> {
        self.index
    }

    /// Diagnoses one case. `known` is what the caller says about it; the case's own `facts.yaml` fills in what that leaves
    /// open. Never fails: what could not be read is a note.
    pub fn diagnose(&self, case: CaseInput, known: &Known, progress: &Progress) -> Diagnosis {
        self.examine(case, known, progress, false).diagnosis
    }

    /// Diagnoses a case that somebody pasted: where no record of it matches, its lines are also tried as hard-wrapped.
    pub fn diagnose_pasted(&self, case: CaseInput, known: &Known, progress: &Progress) -> Diagnosis {
        self.examine(case, known, progress, true).diagnosis
    }

    /// Diagnoses a case and keeps what the diagnosis rests on.
    pub(crate) fn examine(&self, case: CaseInput, known: &Known, progress: &Progress, pasted: bool) -> Examined {
        let name = case.name.clone();
        let (read, mut notes, size) = self.read_case(case, known, progress, pasted);
        let (ranked, explaining) = self.apply(&name, &read, &mut notes);
        let diagnosis = Diagnosis { case: name, findings: ranked.findings, notes, size };
        Examined { diagnosis, superseded: ranked.dropped, read, explaining }
    }

    /// How the correlations of one rule go in a case, for people who wonder why it applies or does not. Reads the case.
    pub fn correlations(&self, case: CaseInput, rule: RuleId, progress: &Progress) -> Vec<CorrelationOutcome> {
        self.correlation_outcomes(&self.examine(case, &Known::default(), progress, false), rule)
    }

    /// How the correlations of one rule went in what was examined.
    pub(crate) fn correlation_outcomes(&self, examined: &Examined, rule: RuleId) -> Vec<CorrelationOutcome> {
        let written = self.index.faultbook().rule(rule);
        let correlating = Correlating {
            rule: written,
            signatures: self.signatures_of(rule),
            events: &examined.read.events,
            explaining: &examined.explaining,
        };
        let evaluated = correlating.evaluate();
        evaluated.iter().zip(&written.correlations).map(|(one, written_as)| one.outcome(written, written_as)).collect()
    }

    /// The application of a rule to what was examined.
    pub(crate) fn application<'e>(&'e self, examined: &'e Examined, rule: RuleId) -> Application<'e> {
        Application {
            index: self.index,
            read: &examined.read,
            rule,
            signatures: self.signatures_of(rule),
            explaining: &examined.explaining,
        }
    }

    /// The signatures of a rule, in its order; none for a rule that is not looked for.
    pub(crate) fn signatures_of(&self, rule: RuleId) -> &[SignatureId] {
        let at = self.signatures.binary_search_by_key(&rule, |(rule, _)| *rule);
        at.ok().and_then(|at| self.signatures.get(at)).map(|(_, own)| own.as_slice()).unwrap_or_default()
    }

    /// How much is read of a case, and what.
    pub(crate) fn reading(&self) -> Reading<'_> {
        Reading { limits: &self.limits, options: &self.options, settings: self.index.faultbook().settings() }
    }

    fn read_case(
        &self,
        case: CaseInput,
        known: &Known,
        progress: &Progress,
        pasted: bool,
    ) -> (ReadCase, Vec<Note>, CaseSize) {
        let (name, budget) = (case.name.clone(), Budget::new());
        let store = EventStore::default();
        let waiting = HeldStore::default();
        let reading = self.reading();
        let read_part = |(position, part): (usize, Part)| {
            let mut reader = PartReader::new(self, position, pasted, (&store, &waiting));
            let started = self.profile.map(|profile| (profile, Instant::now()));
            read(part, reading, &budget, progress, &mut reader);
            reader.events.flush();
            if let Some((profile, started)) = started {
                // what the scan takes of it is told by the scan
                profile.spent(Stage::Unpack, started.elapsed().saturating_sub(reader.scanned));
            }
            reader
        };
        // one part is read here: whoever waits for a pasted text must not wait for the threads that read large cases
        let read_parts: Vec<PartReader<'_>> = match case.parts.len() {
            0..=1 => case.parts.into_iter().enumerate().map(read_part).collect(),
            _ => case.parts.into_par_iter().enumerate().map(read_part).collect(),
        };
        let mut known = known.clone();
        let mut extracted = Extracted::default();
        let mut collector = Collector::default();
        let mut noise = NoiseLog::default();
        let mut notes = Vec::new();
        let mut size = CaseSize::default();
        for part in read_parts {
            // of several facts files, the one that comes first in the case says more
            known.fill_from(part.known);
            extracted.merge(part.extracted);
            collector.merge(part.collector);
            noise.merge(part.noise);
            notes.extend(part.notes);
            size = size.plus(part.size);
        }
        let mut ages = AgeLog::default();
        if self.has_ages {
            let held = waiting.finish();
            let (now, problem) = Now::of(&known, held.newest, self.options.zone.as_ref());
            notes.extend(problem.map(|problem| Note::new(&name, NoteKind::Facts, problem)));
            if held.beyond_limit > 0 {
                let detail = format!(
                    "signatures with `max_age` look at the newest {HELD_LIMIT} records; {} are older",
                    held.beyond_limit
                );
                notes.push(Note::new(&name, NoteKind::EventLimit, detail));
            }
            ages = AgeLog::at(now);
            let mut events = PartEvents::new(&store);
            for mut held in held.records {
                ages.sift(self.index, &mut held);
                self.count(held, &mut collector, &mut events);
            }
            events.flush();
        }
        (ReadCase { collector, events: store.finish(), known, extracted, noise, ages }, notes, size)
    }

    /// Counts a record that was held back.
    fn count(&self, held: Held, collector: &mut Collector, events: &mut PartEvents<'_>) {
        if held.found.is_empty() {
            return;
        }
        let Held { spot, time, text, found } = held;
        let source = spot.source_name().to_owned();
        let record = RecordMatches { source: &source, line: spot.line, text: &text, time, found };
        if let Some(observer) = self.observer {
            observer(&record);
        }
        collector.add_at(spot, self.index, &record, events);
    }

    /// Diagnoses one pasted text, such as an error message from a ticket, whose lines may be hard-wrapped. `path` is the path the text is taken to have inside the
    /// case, for signatures with a `file` glob.
    pub fn diagnose_text(&self, path: &str, text: &str, known: &Known) -> Diagnosis {
        let case = CaseInput { name: path.to_owned(), parts: vec![Part::bytes(path, text)] };
        self.diagnose_pasted(case, known, &Progress::new())
    }

    fn apply(&self, case: &str, read: &ReadCase, notes: &mut Vec<Note>) -> (Ranked, BTreeSet<RuleId>) {
        let (collector, events) = (&read.collector, &read.events);
        let mut findings = Vec::new();
        let mut problems = Vec::new();
        let mut explaining = BTreeSet::new();
        // a rule is considered when one of its signatures matched, or when its condition can hold without any
        let matched = collector.signatures().map(|id| self.index.owner(id).0);
        let considered: BTreeSet<RuleId> = matched.chain(self.without_match.iter().copied()).collect();
        // Fallback rules come second: they report only what the others leave unexplained.
        for fallback in [false, true] {
            for &id in &considered {
                if self.index.faultbook().rule(id).fallback != fallback {
                    continue;
                }
                let signatures = self.signatures_of(id);
                let application =
                    Application { index: self.index, read, rule: id, signatures, explaining: &explaining };
                findings.extend(application.findings(&mut problems));
            }
            if !fallback {
                explaining = findings.iter().map(|finding: &Finding| finding.rule).collect();
            }
        }
        problems.sort_unstable();
        problems.dedup();
        notes.extend(problems.into_iter().map(|problem| Note::new(case, NoteKind::Facts, problem)));
        notes.extend(collector.signatures().filter_map(|id| self.uncounted(case, collector, id)));
        notes.extend(events.signatures().filter_map(|id| self.beyond_limit(case, events, id)));
        (rank(self.index.faultbook(), findings), explaining)
    }

    fn beyond_limit(&self, case: &str, events: &CaseEvents, id: SignatureId) -> Option<Note> {
        let (rule, signature) = self.index.signature(id);
        let beyond = events.beyond_limit(id);
        let detail = format!(
            "correlations of {} look at the first {EVENT_LIMIT} records of `{}`; {beyond} came later",
            rule.id, signature.name
        );
        (beyond > 0).then(|| Note::new(case, NoteKind::EventLimit, detail))
    }

    fn uncounted(&self, case: &str, collector: &Collector, id: SignatureId) -> Option<Note> {
        let uncounted = collector.of(id).map_or(0, |matches| matches.uncounted);
        let (rule, signature) = self.index.signature(id);
        let detail = format!(
            "{} tells more than {GROUP_LIMIT} failures apart by `{}`; {uncounted} further records are not shown. \
             `identity` in the rule can narrow what makes a failure",
            rule.id, signature.name
        );
        (uncounted > 0).then(|| Note::new(case, NoteKind::FailureLimit, detail))
    }
}

/// A diagnosis with what it rests on.
pub(crate) struct Examined {
    pub(crate) diagnosis: Diagnosis,
    /// Findings that were dropped for those of other rules.
    pub(crate) superseded: Vec<Finding>,
    pub(crate) read: ReadCase,
    /// The rules that have findings and are no fallback.
    pub(crate) explaining: BTreeSet<RuleId>,
}

/// Everything found in a case, before rules are applied.
pub(crate) struct ReadCase {
    pub(crate) collector: Collector,
    /// What correlations look at.
    pub(crate) events: CaseEvents,
    /// What the caller knows, with what the case's own facts files add.
    pub(crate) known: Known,
    /// The facts that stand in the sources of the case.
    pub(crate) extracted: Extracted,
    /// Matches that overlays call noise.
    pub(crate) noise: NoiseLog,
    /// Now, and matches that are too old.
    pub(crate) ages: AgeLog,
}

/// Takes what is found in one part of a case.
struct PartReader<'d> {
    diagnoser: &'d Diagnoser<'d>,
    pasted: bool,
    known: Known,
    extracted: Extracted,
    collector: Collector,
    noise: NoiseLog,
    events: PartEvents<'d>,
    waiting: &'d HeldStore,
    notes: Vec<Note>,
    size: CaseSize,
    /// How long the scans of its texts took, with a profile.
    scanned: Duration,
}

impl<'d> PartReader<'d> {
    fn new(
        diagnoser: &'d Diagnoser<'d>,
        position: usize,
        pasted: bool,
        (store, waiting): (&'d EventStore, &'d HeldStore),
    ) -> Self {
        Self {
            diagnoser,
            pasted,
            known: Known::default(),
            extracted: Extracted::default(),
            collector: Collector::of_part(position),
            noise: NoiseLog::default(),
            events: PartEvents::new(store),
            waiting,
            notes: Vec::new(),
            size: CaseSize::default(),
            scanned: Duration::ZERO,
        }
    }

    fn facts(&mut self, source: &SourceName, reader: &mut dyn BufRead) -> io::Result<()> {
        let mut text = Vec::new();
        reader.take(FACTS_BYTES).read_to_end(&mut text)?;
        let (known, diagnostics) = Known::from_yaml(&source.name, &String::from_utf8_lossy(&text));
        self.known.fill_from(known);
        for diagnostic in diagnostics {
            let place = diagnostic.labels.first().map(|label| label.file.position(label.span.start).line);
            let line = place.map_or(String::new(), |line| format!("line {line}: "));
            self.notes.push(Note::new(&source.name, NoteKind::Facts, format!("{line}{}", diagnostic.title)));
        }
        Ok(())
    }
}

impl Visit for PartReader<'_> {
    fn text(&mut self, source: &SourceName, reader: &mut dyn BufRead) -> io::Result<()> {
        if is_facts_file(&source.path) {
            return self.facts(source, reader);
        }
        let (index, options) = (self.diagnoser.index, &self.diagnoser.options);
        let settings = index.faultbook().settings().of(&source.path);
        let (noise, zone) = (settings.noise, settings.zone.or(options.zone.as_ref()));
        let (collector, events, log) = (&mut self.collector, &mut self.events, &mut self.noise);
        let sieve = NoiseSieve::new(index, &source.path);
        let (observer, waiting, has_ages) = (self.diagnoser.observer, self.waiting, self.diagnoser.has_ages);
        collector.begin(&source.name);
        let scan = Scan::new(index, source, &self.diagnoser.limits).pasted(self.pasted).in_zone(zone.cloned());
        let scan = scan.profiled(self.diagnoser.profile).telling_time(has_ages);
        let asking = self.diagnoser.extractors.of(&source.path);
        let scan = if asking.is_empty() { scan } else { scan.keeping(EXTRACT_BYTES + 1) };
        let started = self.diagnoser.profile.map(|_| Instant::now());
        let outcome = scan.run(reader, &mut |record| {
            // a whole file is no record: noise in it says nothing about the rest
            let is_noise = || noise.is_some_and(|noise| noise.is_noise(record.text)) && !is_whole_file(index, record);
            if options.covers(record.time) && !is_noise() {
                let sifted = sieve.sift(record, log, || collector.spot_of(record));
                let record = sifted.as_ref().unwrap_or(record);
                if record.found.is_empty() {
                    return;
                }
                if has_ages && has_to_wait(index, record) {
                    return waiting.hold(Held::new(collector.spot_of(record), record));
                }
                if let Some(observer) = observer {
                    observer(record);
                }
                collector.add(index, record, events);
            }
        });
        self.scanned += started.map_or(Duration::ZERO, |started| started.elapsed());
        self.size = self.size.plus(CaseSize { sources: 1, bytes: outcome.bytes });
        self.notes.extend(outcome.notes);
        self.waiting.saw(outcome.last_time);
        if !asking.is_empty() {
            let spot = collector.spot(&source.name);
            self.extracted.look(&asking, source, &outcome.beginning, &spot, &mut self.notes);
        }
        outcome.result
    }

    fn note(&mut self, note: Note) {
        self.notes.push(note);
    }
}

/// Whether what matched is a whole file. Signatures of records and of files never match the same text.
fn is_whole_file(index: &Index<'_>, record: &RecordMatches<'_>) -> bool {
    record.found.iter().any(|(id, _)| index.signature(*id).1.scope == SignatureScope::File)
}
