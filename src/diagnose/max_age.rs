//! The case's clock: what "now" is, and which matches are too old for a signature with `max_age`.
//!
//! Now is known only when everything was read. Until then records that such a signature matches are held back, from everything that looks at
//! matches; the parts of a case give them to one [`HeldStore`]. It keeps the newest [`HELD_LIMIT`], and which those are
//! does not depend on who came first. When now is known, what is too old is taken out and counted in an [`AgeLog`], and the rest is collected like
//! other records. A record without a time, or whose year nobody knows, is never too old: nobody can say that it is.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use crate::diagnose::evidence::EXCERPT_BYTES;
use crate::diagnose::known::Known;
use crate::diagnose::overlay_noise::Taken;
use crate::diagnose::spot::Spot;
use crate::rule::FactValue;
use crate::rule::timespan::Timespan;
use crate::scan::{Captured, Index, RecordMatches, SignatureId};
use crate::source::LogTime;

/// The fact that says what now is.
pub const NOW_FACT: &str = "now";
/// Records that are held back until now is known: 40 MB of them at most, a tenth of that usually. The newest are; the others do not count.
pub const HELD_LIMIT: usize = 20_000;

/// A record that is held back.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) spot: Spot,
    pub(crate) time: Option<LogTime>,
    /// Its beginning, as much as evidence keeps.
    pub(crate) text: Vec<u8>,
    pub(crate) found: Vec<(SignatureId, Captured)>,
}

impl Held {
    pub(crate) fn new(spot: Spot, record: &RecordMatches<'_>) -> Self {
        let text = record.text.get(..EXCERPT_BYTES).unwrap_or(record.text).to_vec();
        Self { spot, time: record.time, text, found: record.found.clone() }
    }

    fn instant(&self) -> Option<Timestamp> {
        self.time.and_then(LogTime::timestamp)
    }

    /// The newest first; those that cannot be too old before all others.
    fn order(&self) -> (bool, std::cmp::Reverse<Option<Timestamp>>, &Spot) {
        let instant = self.instant();
        (instant.is_some(), std::cmp::Reverse(instant), &self.spot)
    }
}

/// Takes the records that are held back from all parts of a case, and the times that tell what now is.
#[derive(Debug, Default)]
pub(crate) struct HeldStore {
    held: Mutex<HeldRecords>,
}

/// What a store has at the end.
#[derive(Debug, Default)]
pub(crate) struct HeldRecords {
    /// In no order.
    pub(crate) records: Vec<Held>,
    /// Records that were older than those kept.
    pub(crate) beyond_limit: u64,
    /// The newest time that was seen.
    pub(crate) newest: Option<Timestamp>,
}

impl HeldRecords {
    /// Leaves the newest. Cost: linear.
    fn cut(&mut self, limit: usize) {
        if self.records.len() > limit {
            self.records.select_nth_unstable_by(limit, |one, other| one.order().cmp(&other.order()));
            self.beyond_limit += (self.records.len() - limit) as u64;
            self.records.truncate(limit);
        }
    }
}

impl HeldStore {
    /// Takes note of a time.
    pub(crate) fn saw(&self, time: Option<LogTime>) {
        if let Some(instant) = time.and_then(LogTime::timestamp) {
            let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            held.newest = held.newest.max(Some(instant));
        }
    }

    /// Takes a record.
    pub(crate) fn hold(&self, record: Held) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.newest = held.newest.max(record.instant());
        held.records.push(record);
        if held.records.len() >= 2 * HELD_LIMIT {
            held.cut(HELD_LIMIT);
        }
    }

    /// What was taken, in the order of the case.
    pub(crate) fn finish(self) -> HeldRecords {
        let mut held = self.held.into_inner().unwrap_or_else(PoisonError::into_inner);
        held.cut(HELD_LIMIT);
        held.records.sort_unstable_by(|one, other| one.spot.cmp(&other.spot));
        held
    }
}

/// What now is, and who says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Now {
    pub(crate) time: LogTime,
    /// Whether a fact says it; else it is the newest time of the case.
    pub(crate) stated: bool,
}

impl Now {
    /// What a fact says, else the newest time; `None` for a case without times. The error says why the fact is not used.
    pub(crate) fn of(
        known: &Known,
        newest: Option<Timestamp>,
        zone: Option<&TimeZone>,
    ) -> (Option<Self>, Option<String>) {
        let newest = newest.map(|newest| Self { time: newest.into(), stated: false });
        match known.facts.get(NOW_FACT) {
            None | Some(FactValue::None) => (newest, None),
            Some(value) => match moment(&value.to_string(), zone) {
                Some(stated) => (Some(Self { time: stated.into(), stated: true }), None),
                None => {
                    let problem = format!(
                        "the fact `{NOW_FACT}` is `{value}`, which is no moment such as 2014-12-01T10:00:00Z, and is not used"
                    );
                    (newest, Some(problem))
                }
            },
        }
    }
}

/// Reads a moment; one that names no zone is one of `zone`, else of UTC.
fn moment(text: &str, zone: Option<&TimeZone>) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(timestamp) = text.parse() {
        return Some(timestamp);
    }
    let civil =
        text.parse::<DateTime>().ok().or_else(|| Some(text.parse::<Date>().ok()?.to_datetime(Default::default())))?;
    zone.unwrap_or(&TimeZone::UTC).to_ambiguous_timestamp(civil).compatible().ok()
}

/// Whether a record is too old: more than `max_age` before now. One that is exactly as old is not.
pub(crate) fn is_too_old(time: Option<LogTime>, now: Option<Timestamp>, max_age: Timespan) -> bool {
    let (Some(now), Some(time)) = (now, time.and_then(LogTime::timestamp)) else { return false };
    now.as_microsecond().saturating_sub(time.as_microsecond()) > max_age.microseconds()
}

/// Whether a record has to wait until now is known.
pub(crate) fn has_to_wait(index: &Index<'_>, record: &RecordMatches<'_>) -> bool {
    record.found.iter().any(|(id, _)| index.signature(*id).1.max_age.is_some())
}

/// The case's clock and what was too old by it.
#[derive(Clone, Debug, Default)]
pub(crate) struct AgeLog {
    pub(crate) now: Option<Now>,
    too_old: BTreeMap<SignatureId, Taken>,
}

impl AgeLog {
    /// A clock that shows this.
    pub(crate) fn at(now: Option<Now>) -> Self {
        Self { now, too_old: BTreeMap::new() }
    }

    /// The moment that ages are measured against.
    pub(crate) fn instant(&self) -> Option<Timestamp> {
        self.now.and_then(|now| now.time.timestamp())
    }

    /// Takes the matches out that are too old.
    pub(crate) fn sift(&mut self, index: &Index<'_>, held: &mut Held) {
        let (now, time, spot) = (self.instant(), held.time, held.spot.clone());
        held.found.retain(|(id, _)| {
            let max_age = index.signature(*id).1.max_age;
            let is_old = max_age.is_some_and(|max_age| is_too_old(time, now, max_age));
            if is_old {
                self.too_old.entry(*id).or_default().add(spot.clone());
            }
            !is_old
        });
    }

    /// What was too old for a signature.
    pub(crate) fn of(&self, id: SignatureId) -> Option<&Taken> {
        self.too_old.get(&id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::spot::Spots;

    fn at(text: &str) -> Option<LogTime> {
        Some(text.parse::<Timestamp>().expect("a moment").into())
    }

    #[test]
    fn what_is_exactly_as_old_as_may_be_counts_and_so_does_what_has_no_time() {
        let now = at("2014-12-08T10:00:00Z").and_then(LogTime::timestamp);
        let week: Timespan = "7d".parse().expect("a span");
        assert!(!is_too_old(at("2014-12-01T10:00:00Z"), now, week));
        assert!(is_too_old(at("2014-12-01T09:59:59.999999Z"), now, week));
        assert!(!is_too_old(at("2014-12-09T10:00:00Z"), now, week), "what comes after now");
        assert!(!is_too_old(None, now, week));
        assert!(!is_too_old(at("2014-12-01T09:00:00Z"), None, week));
    }

    #[test]
    fn moments_may_leave_out_zone_and_time_of_day() {
        let shown = |text, zone: Option<&TimeZone>| moment(text, zone).map(|moment| moment.to_string());
        for text in ["2014-12-01T10:00:00Z", "2014-12-01T11:00:00+01:00", "2014-12-01T10:00:00", "2014-12-01 10:00"] {
            assert_eq!(shown(text, None).as_deref(), Some("2014-12-01T10:00:00Z"), "{text}");
        }
        assert_eq!(shown("2014-12-01", None).as_deref(), Some("2014-12-01T00:00:00Z"));
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        assert_eq!(shown("2014-12-01 10:00:00", Some(&zone)).as_deref(), Some("2014-12-01T08:00:00Z"));
        assert_eq!((shown("yesterday", None), shown("7", None)), (None, None));
    }

    #[test]
    fn the_newest_are_kept_whatever_came_first() {
        let held = |forwards: bool| {
            let mut spots = Spots::default();
            let mut seconds: Vec<i64> = (0..30).collect();
            if !forwards {
                seconds.reverse();
            }
            let mut all = HeldRecords::default();
            for second in seconds {
                let time = (second != 7).then(|| Timestamp::from_second(second % 10).expect("in range").into());
                let spot = spots.of("a.log", second as u64);
                all.records.push(Held { spot, time, text: Vec::new(), found: Vec::new() });
            }
            all.cut(5);
            let mut lines: Vec<u64> = all.records.iter().map(|held| held.spot.line).collect();
            lines.sort_unstable();
            (lines, all.beyond_limit)
        };
        assert_eq!(held(true), (vec![7, 8, 9, 19, 29], 25), "one without a time goes before all");
        assert_eq!(held(true), held(false));
    }
}
