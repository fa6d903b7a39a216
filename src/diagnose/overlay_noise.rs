//! Records that overlays call noise: which matches do not count, and how many there were.
//!
//! A [`NoiseSieve`] is made for each source and takes matches out of records before anything else sees them, so that a record that is noise
//! for a rule is no evidence of it, starts no correlation and explains nothing. What was taken out is counted by signature and filter
//! in a [`NoiseLog`], for explanations and for findings that would have had more records. Whole files are no records: they pass.

use std::collections::BTreeMap;

use crate::diagnose::spot::Spot;
use crate::rule::RuleId;
use crate::rule::signature::SignatureScope;
use crate::scan::{Index, RecordMatches, SignatureId};

/// Places of noise that are told, for each signature and filter.
pub const NOISE_PLACES: usize = 3;

/// Matches of one signature that do not count for one reason.
#[derive(Clone, Debug, Default)]
pub(crate) struct Taken {
    pub(crate) records: u64,
    /// Where the first are, at most [`NOISE_PLACES`].
    pub(crate) spots: Vec<Spot>,
}

impl Taken {
    pub(crate) fn add(&mut self, spot: Spot) {
        self.records += 1;
        self.keep([spot]);
    }

    fn keep(&mut self, spots: impl IntoIterator<Item = Spot>) {
        self.spots.extend(spots);
        self.spots.sort_unstable();
        self.spots.truncate(NOISE_PLACES);
    }
}

/// Everything that was taken out in a part of a case, or in all of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct NoiseLog {
    /// By signature and the position of the filter.
    taken: BTreeMap<(SignatureId, usize), Taken>,
}

impl NoiseLog {
    /// Adds what another part of the case has.
    pub(crate) fn merge(&mut self, other: NoiseLog) {
        for (key, taken) in other.taken {
            let own = self.taken.entry(key).or_default();
            own.records += taken.records;
            own.keep(taken.spots);
        }
    }

    /// What was taken from a signature: positions of filters, and how much.
    pub(crate) fn of(&self, id: SignatureId) -> impl Iterator<Item = (usize, &Taken)> {
        self.taken.range((id, 0)..=(id, usize::MAX)).map(|((_, filter), taken)| (*filter, taken))
    }

    /// How many records were taken from each of the signatures of a rule; those that several of them match count for each.
    pub(crate) fn of_rule(&self, signatures: &[SignatureId]) -> u64 {
        signatures.iter().flat_map(|id| self.of(*id)).map(|(_, taken)| taken.records).sum()
    }
}

/// The noise filters that are for one source.
pub(crate) struct NoiseSieve<'i> {
    index: &'i Index<'i>,
    /// For each filter whether it is for the source; empty when none is.
    fits: Vec<bool>,
}

impl<'i> NoiseSieve<'i> {
    /// The filters for the source at a path inside its case.
    pub(crate) fn new(index: &'i Index<'i>, path: &str) -> Self {
        let noise = index.faultbook().overlay_noise();
        let fits: Vec<bool> = noise.filters.iter().map(|filter| filter.is_for(path)).collect();
        Self { index, fits: if fits.contains(&true) { fits } else { Vec::new() } }
    }

    /// Whether it lets everything pass.
    pub(crate) fn is_open(&self) -> bool {
        self.fits.is_empty()
    }

    /// The filter that takes a record from a rule, by its position.
    pub(crate) fn takes(&self, rule: RuleId, record: &[u8]) -> Option<usize> {
        let faultbook = self.index.faultbook();
        let noise = faultbook.overlay_noise();
        let of_rule = noise.of_rule(faultbook.rule(rule).overlay.as_deref());
        let fits = |at: &usize| self.fits.get(*at).copied().unwrap_or(false);
        of_rule.filter(fits).find(|at| noise.filter(*at).is_some_and(|filter| filter.takes(record)))
    }

    /// Tells which of the matches of a record count: `None` when all do. The others are counted.
    pub(crate) fn sift<'r>(
        &self,
        record: &RecordMatches<'r>,
        log: &mut NoiseLog,
        spot: impl FnOnce() -> Spot,
    ) -> Option<RecordMatches<'r>> {
        if self.is_open() {
            return None;
        }
        // signatures of one rule stand together
        let mut last: Option<(RuleId, Option<usize>)> = None;
        let mut taken: Vec<(SignatureId, usize)> = Vec::new();
        for (id, _) in &record.found {
            if self.index.signature(*id).1.scope == SignatureScope::File {
                continue;
            }
            let rule = self.index.owner(*id).0;
            let by = match last {
                Some((same, by)) if same == rule => by,
                _ => self.takes(rule, record.text),
            };
            last = Some((rule, by));
            taken.extend(by.map(|filter| (*id, filter)));
        }
        if taken.is_empty() {
            return None;
        }
        let spot = spot();
        for key in &taken {
            log.taken.entry(*key).or_default().add(spot.clone());
        }
        let counts = |id: SignatureId| !taken.iter().any(|(other, _)| *other == id);
        let found = record.found.iter().filter(|(id, _)| counts(*id)).cloned().collect();
        Some(RecordMatches { found, ..*record })
    }
}
