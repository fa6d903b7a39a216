//! How much of an input is read: the limits, and the budget that the parts of a case share.
//!
//! [`Limits`] are plain numbers with defaults; [`Budget`] counts what has been spent of the two that hold for a case as a
//! whole. What lies on disk as plain text is not counted: it is as large as it is. The limits bound what *unpacking*
//! can make of an input. Enforcement is where the bytes flow: `stream` (bytes, ratio), the archives (members), `open`
//! (depth, names, member size).

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::rule::limit_settings::LimitSettings;
use crate::source::record::RecordLimits;

/// Upper bounds for one case or one member. Hitting one stops that member or archive, keeps what was read, and is noted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Archives within archives. A compressed tar counts once, a file compressed twice over counts twice.
    /// Support bundles of bundles reach three; a file that contains itself reaches any number.
    pub depth: u32,
    /// Bytes decoded in all, per case, every layer of compression counted. Bounds the time a hostile input can take.
    pub total_bytes: u64,
    /// Bytes of one text that was unpacked, or of one zip or 7z that must be unpacked before it can be read.
    pub member_bytes: u64,
    /// Decoded bytes per compressed byte, once `ratio_floor` is passed. Deflate cannot exceed 1032; real logs stay
    /// below 100, except for stretches of one repeated line.
    pub ratio: u64,
    /// Bytes that one decompressor may yield before its ratio is looked at: small files of repeated lines are harmless.
    pub ratio_floor: u64,
    /// Files read from archives, per case.
    pub members: u64,
    /// Bytes of one member's name; what is longer is cut. Operating systems allow no more than 4096.
    pub name_bytes: usize,
    /// Bytes of memory for a zip or 7z inside another archive, which needs seeking; a larger one goes to an anonymous
    /// temporary file.
    pub spool_bytes: usize,
    /// How long a record may be before it is cut.
    pub record: RecordLimits,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            depth: 5,
            total_bytes: 20 << 30,
            member_bytes: 4 << 30,
            ratio: 1000,
            ratio_floor: 64 << 20,
            members: 200_000,
            name_bytes: 4096,
            spool_bytes: 8 << 20,
            record: RecordLimits::default(),
        }
    }
}

impl Limits {
    /// The default limits, with those in their place that the settings of a faultbook set.
    pub fn with_settings(set: &LimitSettings) -> Self {
        let default = Limits::default();
        let memory = |set: Option<u64>, default| set.map_or(default, |set| usize::try_from(set).unwrap_or(usize::MAX));
        Limits {
            depth: set.depth.map_or(default.depth, |depth| u32::try_from(depth).unwrap_or(u32::MAX)),
            total_bytes: set.total_bytes.unwrap_or(default.total_bytes),
            member_bytes: set.member_bytes.unwrap_or(default.member_bytes),
            ratio: set.ratio.unwrap_or(default.ratio),
            ratio_floor: set.ratio_floor.unwrap_or(default.ratio_floor),
            members: set.members.unwrap_or(default.members),
            name_bytes: memory(set.name_bytes, default.name_bytes),
            spool_bytes: memory(set.spool_bytes, default.spool_bytes),
            record: RecordLimits {
                lines: memory(set.record_lines, default.record.lines),
                bytes: memory(set.record_bytes, default.record.bytes),
                ..default.record
            },
        }
    }
}

/// What the parts of one case have spent together. One per case, shared by reference between threads.
///
/// When a case is read in parallel and its budget runs out, which source is cut first depends on the threads; until
/// then nothing does.
#[derive(Debug, Default)]
pub struct Budget {
    bytes: AtomicU64,
    members: AtomicU64,
    bytes_noted: AtomicBool,
    members_noted: AtomicBool,
}

impl Budget {
    /// Makes an unspent budget.
    pub fn new() -> Self {
        Budget::default()
    }

    /// Tells how many bytes were decoded so far, every layer counted.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Tells how many archive members were asked for so far.
    pub fn members(&self) -> u64 {
        self.members.load(Ordering::Relaxed)
    }

    /// Spends `wanted` bytes and tells how many of them are within `limit`.
    pub(super) fn take_bytes(&self, wanted: u64, limit: u64) -> u64 {
        let before = self.bytes.fetch_add(wanted, Ordering::Relaxed);
        wanted.min(limit.saturating_sub(before))
    }

    /// Spends one member and tells whether it is within `limit`.
    pub(super) fn take_member(&self, limit: u64) -> bool {
        self.members.fetch_add(1, Ordering::Relaxed) < limit
    }

    /// Is true the first time only: the end of the bytes is noted once per case.
    pub(super) fn first_to_note_bytes(&self) -> bool {
        !self.bytes_noted.swap(true, Ordering::Relaxed)
    }

    /// Is true the first time only: the end of the members is noted once per case.
    pub(super) fn first_to_note_members(&self) -> bool {
        !self.members_noted.swap(true, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_grants_bytes_up_to_the_limit_and_no_further() {
        let budget = Budget::new();
        assert_eq!(budget.take_bytes(60, 100), 60);
        assert_eq!(budget.take_bytes(60, 100), 40);
        assert_eq!(budget.take_bytes(60, 100), 0);
        assert!(budget.first_to_note_bytes());
        assert!(!budget.first_to_note_bytes());
    }

    #[test]
    fn a_budget_grants_exactly_the_members_of_its_limit() {
        let budget = Budget::new();
        let granted = (0..5).filter(|_| budget.take_member(3)).count();
        assert_eq!((granted, budget.members()), (3, 5));
    }
}
