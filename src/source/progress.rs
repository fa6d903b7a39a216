//! How far reading has come, for whoever wants to show it.
//!
//! Readers add to a [`Progress`], a display polls it; neither waits for the other for longer than it takes to copy a name.
//! The numbers are for people, never for decisions.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Running totals over everything that is read with it; share one by reference between all cases and threads.
#[derive(Debug, Default)]
pub struct Progress {
    bytes: AtomicU64,
    files: AtomicU64,
    current: Mutex<String>,
}

impl Progress {
    /// Makes a progress at nothing.
    pub fn new() -> Self {
        Progress::default()
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

    pub(super) fn add(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }
}
