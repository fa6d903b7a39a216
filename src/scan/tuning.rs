//! Filters that fit the text at hand.
//!
//! Which needles are rare is known only once there is text. So the filters are made when the first text comes, by what is
//! usual in logs and what that text has, and made anew a few times later if they let too much pass. Only speed depends on it:
//! any filters find the same.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use crate::rule::required::NeedleSet;
use crate::scan::filter::Filters;
use crate::scan::frequency::Frequency;

/// After so many bytes of text the filters are looked at again.
const STAGES: [u64; 7] = [4 << 20, 16 << 20, 32 << 20, 64 << 20, 128 << 20, 256 << 20, 1 << 30];
/// Bytes of a text that are counted.
const SAMPLE_BYTES: usize = 64 << 10;
/// Of this share of the bytes between two stages samples are taken.
const SAMPLED_SHARE: u64 = 16;
/// A hit costs as much as so many looks.
const HIT_LOOKS: usize = 30;
/// Filters that let more positions pass than this share are made anew.
const LOOKS_LIMIT: f64 = 0.005;

/// Filters, and what is known about the text they run on.
pub(crate) struct Tuning {
    filters: RwLock<Option<Arc<Filters>>>,
    frequency: Mutex<Option<Frequency>>,
    stage: AtomicUsize,
    bytes: AtomicU64,
    looks: AtomicU64,
}

impl Tuning {
    pub(crate) fn new() -> Self {
        Self {
            filters: RwLock::new(None),
            frequency: Mutex::new(None),
            stage: AtomicUsize::new(0),
            bytes: AtomicU64::new(0),
            looks: AtomicU64::new(0),
        }
    }

    /// The filters in use; `None` before there was any text.
    pub(crate) fn current(&self) -> Option<Arc<Filters>> {
        self.filters.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The filters to search `text` with.
    pub(crate) fn filters(&self, members: &[&[NeedleSet]], text: &[u8]) -> Arc<Filters> {
        if let Some(filters) = self.current() {
            return filters;
        }
        let mut filters = self.filters.write().unwrap_or_else(PoisonError::into_inner);
        let made = || {
            let mut frequency = Frequency::default();
            frequency.add(sample(text));
            Arc::new(Filters::new(members.iter().copied(), &frequency))
        };
        filters.get_or_insert_with(made).clone()
    }

    /// Takes note of a text that was searched, and makes the filters anew if it is time and worth it.
    pub(crate) fn searched(&self, members: &[&[NeedleSet]], text: &[u8], looks: usize, hits: usize) {
        let looks = looks + HIT_LOOKS * hits;
        let before = self.bytes.fetch_add(text.len() as u64, Ordering::Relaxed);
        let looks = self.looks.fetch_add(looks as u64, Ordering::Relaxed) + looks as u64;
        let stage = self.stage.load(Ordering::Relaxed);
        let Some(end) = STAGES.get(stage) else { return };
        let after = before + text.len() as u64;
        let stride = (end / SAMPLED_SHARE).max(1);
        let is_due = after >= *end;
        // somebody else is at it: a sample more or less does not matter
        let Ok(mut frequency) = self.frequency.try_lock() else { return };
        if before / stride != after / stride || before == 0 {
            frequency.get_or_insert_with(Frequency::nothing).add(sample(text));
        }
        if !is_due || self.stage.compare_exchange(stage, stage + 1, Ordering::Relaxed, Ordering::Relaxed).is_err() {
            return;
        }
        self.looks.store(0, Ordering::Relaxed);
        let seen = end - stage.checked_sub(1).map_or(0, |before| STAGES[before]);
        if looks as f64 > LOOKS_LIMIT * seen as f64
            && let Some(frequency) = frequency.as_ref()
        {
            let filters = Arc::new(Filters::new(members.iter().copied(), frequency));
            *self.filters.write().unwrap_or_else(PoisonError::into_inner) = Some(filters);
        }
    }
}

fn sample(text: &[u8]) -> &[u8] {
    &text[..text.len().min(SAMPLE_BYTES)]
}
