//! What a diagnosis costs: for each signature, and for each stage of the work.
//!
//! A [`Profile`] is handed to whoever diagnoses and added to by all threads; who has none pays an `Option` check for a block and for a
//! candidate. Times are those of the clock on each thread, summed over the threads, so they count the waiting for a processor on a busy
//! machine. How a signature is looked for is told by [`Index::looked_for`]; drawing is the command line's job.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::scan::index::{Index, SignatureId};

/// A part of the work on a case, in the order in which a text passes through them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Getting at the text, records and all; it includes waiting for the input, which
    /// [`Progress::read_time`](crate::source::Progress::read_time) tells apart.
    Unpack,
    /// Running the filters over whole blocks.
    Scan,
    /// Looking up records and testing them.
    Confirm,
}

/// What one signature cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SignatureCost {
    /// Records in which a needle of it was found; without needles all that were read.
    pub candidates: u64,
    /// Records that its regexes were tried on, because they had all the needles and a level that fits.
    pub confirmations: u64,
    /// Records that match, before those outside the chosen times are left out.
    pub matches: u64,
    /// Time spent on the candidates; the first that has all needles also compiles the regexes.
    pub time: Duration,
}

/// Running totals; share one by reference between all cases and threads.
#[derive(Debug)]
pub struct Profile {
    signatures: Box<[Counters]>,
    stages: [AtomicU64; 3],
}

#[derive(Debug, Default)]
struct Counters {
    candidates: AtomicU64,
    confirmations: AtomicU64,
    matches: AtomicU64,
    nanoseconds: AtomicU64,
}

impl Profile {
    /// Makes a profile for the signatures of an index; nothing cost anything yet.
    pub fn new(index: &Index<'_>) -> Self {
        Self { signatures: index.signatures().map(|_| Counters::default()).collect(), stages: Default::default() }
    }

    /// What a signature cost so far; nothing if it is of another index.
    pub fn signature(&self, id: SignatureId) -> SignatureCost {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        self.signatures.get(id.index()).map_or_else(SignatureCost::default, |counters| SignatureCost {
            candidates: read(&counters.candidates),
            confirmations: read(&counters.confirmations),
            matches: read(&counters.matches),
            time: Duration::from_nanos(read(&counters.nanoseconds)),
        })
    }

    /// What a stage took so far.
    pub fn stage(&self, stage: Stage) -> Duration {
        Duration::from_nanos(self.stages[stage as usize].load(Ordering::Relaxed))
    }

    /// Adds to a stage.
    pub(crate) fn spent(&self, stage: Stage, time: Duration) {
        add(&self.stages[stage as usize], nanoseconds(time));
    }

    /// Begins the trial of a candidate.
    pub(crate) fn trial(&self, id: SignatureId) -> Trial<'_> {
        Trial { counters: self.signatures.get(id.index()), started: Instant::now(), ..Trial::default() }
    }

    /// Adds records that were tried against all of some signatures at once, and what that took.
    pub(crate) fn tried_together(&self, ids: &[SignatureId], records: u64, time: Duration) {
        let share = nanoseconds(time) / (ids.len() as u64).max(1);
        for counters in ids.iter().filter_map(|id| self.signatures.get(id.index())) {
            add(&counters.candidates, records);
            add(&counters.nanoseconds, share);
        }
    }
}

/// The trial of one candidate; it is added up when it ends.
pub(crate) struct Trial<'p> {
    counters: Option<&'p Counters>,
    started: Instant,
    /// Whether a needle led here.
    pub is_candidate: bool,
    /// Whether the regexes were tried.
    pub is_confirmation: bool,
    /// Whether they match.
    pub is_match: bool,
}

impl Default for Trial<'_> {
    fn default() -> Self {
        Self { counters: None, started: Instant::now(), is_candidate: true, is_confirmation: false, is_match: false }
    }
}

impl Drop for Trial<'_> {
    fn drop(&mut self) {
        if let Some(counters) = self.counters {
            add(&counters.candidates, self.is_candidate.into());
            add(&counters.confirmations, self.is_confirmation.into());
            add(&counters.matches, self.is_match.into());
            add(&counters.nanoseconds, nanoseconds(self.started.elapsed()));
        }
    }
}

fn add(counter: &AtomicU64, amount: u64) {
    counter.fetch_add(amount, Ordering::Relaxed);
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
