//! Filters that fit the text at hand.
//!
//! Which needles are rare is known only once there is text. So the filters are made when the first text comes, by what is
//! usual in logs and what that text has. Later texts may be of another kind: what lets too much pass is counted, and when that
//! has cost as much time as making the filters anew, they are made anew (as one buys what one has rented for its
//! price). Only speed depends on it: any filters find the same.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, TryLockError};

use crate::scan::filter::Filters;
use crate::scan::frequency::Frequency;
use crate::scan::members::Members;
use crate::scan::selection::{LOOK_COST, TEST_COST};

/// Bytes of a text that are counted.
const SAMPLE_BYTES: usize = 16 << 10;
/// The same where filters are made anew for the text: it is to count.
const ANEW_SAMPLE_BYTES: usize = 64 << 10;
/// Of a shorter text nothing is counted: it tells little, and the counts take half a MiB, too much for an index of one rule that is
/// made for one sample.
const LEAST_SAMPLE_BYTES: usize = 2 << 10;
/// A sample is taken whenever so much more text came: one part in so many of what came before.
const SAMPLED_SHARE: u64 = 16;
/// What counting a sample costs, in nanoseconds.
const SAMPLE_COST: f64 = 80_000.0;
/// What making the filters anew costs for each member, in nanoseconds.
const ANEW_COST: f64 = 2_000.0;
/// What looks and tests may cost for each byte before that counts as wasted, in nanoseconds.
const FREE_COST: f64 = 0.04;
/// Filters made anew help if they waste less than this share of what the ones before wasted.
const HELP_SHARE: f64 = 0.7;

/// Filters, and what is known about the text they run on.
pub(crate) struct Tuning {
    filters: RwLock<Option<Arc<Filters>>>,
    learned: Mutex<Learned>,
}

/// What was seen of the text. Times are in nanoseconds.
#[derive(Default)]
struct Learned {
    /// `None` before there was enough text to count.
    frequency: Option<Frequency>,
    bytes: u64,
    /// When so many bytes came, the next sample is due.
    sample_at: u64,
    /// Wasted since the last sample, and since the filters were last made.
    unsampled: f64,
    wasted: f64,
    /// What was wasted for each byte of the text for which the filters were made anew, until it is known whether it helped.
    wasted_before: Option<f64>,
    /// How often in a row it did not help: each time doubles the price.
    no_help: i32,
}

impl Tuning {
    pub(crate) fn new() -> Self {
        Self { filters: RwLock::new(None), learned: Mutex::default() }
    }

    /// The filters in use; `None` before there was any text.
    pub(crate) fn current(&self) -> Option<Arc<Filters>> {
        self.filters.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The filters to search `text` with.
    pub(crate) fn filters(&self, members: &Arc<Members>, text: &[u8]) -> Arc<Filters> {
        if let Some(filters) = self.current() {
            return filters;
        }
        let mut filters = self.filters.write().unwrap_or_else(PoisonError::into_inner);
        let made = || {
            let mut learned = self.learned.lock().unwrap_or_else(PoisonError::into_inner);
            if text.len() >= LEAST_SAMPLE_BYTES {
                learned.sample(text, SAMPLE_BYTES);
            }
            Arc::new(Filters::new(Arc::clone(members), learned.frequency()))
        };
        filters.get_or_insert_with(made).clone()
    }

    /// Takes note of a text that was searched with `filters`, and makes them anew if it is worth it.
    pub(crate) fn searched(&self, filters: &Filters, text: &[u8], looks: usize, hits: usize) {
        let Some(mut learned) = self.try_learned() else { return };
        let cost = LOOK_COST * looks as f64 + TEST_COST * hits as f64;
        let wasted = (cost - FREE_COST * text.len() as f64).max(0.0);
        let rate = wasted / text.len().max(1) as f64;
        if let Some(before) = learned.wasted_before.take() {
            learned.no_help = if rate < HELP_SHARE * before { 0 } else { learned.no_help + 1 };
        }
        learned.bytes += text.len() as u64;
        learned.wasted += wasted;
        learned.unsampled += wasted;
        let price = ANEW_COST * (1_000 + filters.members().len()) as f64 * 2f64.powi(learned.no_help);
        let is_due = learned.wasted >= price;
        if learned.bytes >= learned.sample_at.max(LEAST_SAMPLE_BYTES as u64) || learned.unsampled >= SAMPLE_COST {
            learned.sample(text, SAMPLE_BYTES);
        }
        if is_due {
            learned.sample(text, ANEW_SAMPLE_BYTES);
            let anew = Arc::new(filters.anew(learned.frequency()));
            learned.wasted = 0.0;
            learned.wasted_before = Some(rate);
            *self.filters.write().unwrap_or_else(PoisonError::into_inner) = Some(anew);
        }
    }

    /// `None` if somebody else is at it: a text more or less does not matter.
    fn try_learned(&self) -> Option<MutexGuard<'_, Learned>> {
        match self.learned.try_lock() {
            Ok(learned) => Some(learned),
            Err(TryLockError::Poisoned(learned)) => Some(learned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

impl Learned {
    fn frequency(&self) -> &Frequency {
        self.frequency.as_ref().unwrap_or_else(|| Frequency::usual())
    }

    fn sample(&mut self, text: &[u8], bytes: usize) {
        self.frequency.get_or_insert_default().add(&text[..text.len().min(bytes)]);
        self.sample_at = self.bytes + (self.bytes / SAMPLED_SHARE).max(SAMPLE_BYTES as u64);
        self.unsampled = 0.0;
    }
}
