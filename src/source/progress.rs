//! How far reading has come, for whoever wants to show it.
//!
//! Readers add to a [`Progress`], a display polls it; neither waits for the other for longer than it takes to copy a name.
//! The numbers are for people, never for decisions.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Running totals over everything that is read with it; share one by reference between all cases and threads.
#[derive(Debug, Default)]
pub struct Progress {
    bytes: AtomicU64,
    files: AtomicU64,
    current: Mutex<String>,
    /// Nanoseconds; `None` when nobody wants to know.
    read_time: Option<AtomicU64>,
}

impl Progress {
    /// Makes a progress at nothing.
    pub fn new() -> Self {
        Progress::default()
    }

    /// Makes a progress at nothing that also measures how long reading waits for the inputs themselves.
    pub fn timed() -> Self {
        Progress { read_time: Some(AtomicU64::new(0)), ..Progress::default() }
    }

    /// Tells how long all threads together waited for the inputs so far, if that [is measured](Progress::timed).
    pub fn read_time(&self) -> Option<Duration> {
        self.read_time.as_ref().map(|time| Duration::from_nanos(time.load(Ordering::Relaxed)))
    }

    /// Tells how many bytes of text were handed over so far, unpacked but before conversion to UTF-8.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Tells how many texts were begun so far.
    pub fn files(&self) -> u64 {
        self.files.load(Ordering::Relaxed)
    }

    /// Names the text begun last; empty before the first.
    pub fn current(&self) -> String {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn begin(&self, source: &str) {
        self.files.fetch_add(1, Ordering::Relaxed);
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        current.clear();
        current.push_str(source);
    }

    /// Does what waits for an input.
    pub(super) fn wait<R>(&self, work: impl FnOnce() -> R) -> R {
        let Some(time) = &self.read_time else { return work() };
        let started = Instant::now();
        let result = work();
        time.fetch_add(u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
        result
    }

    pub(super) fn add(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }
}
