//! The records that correlations look at: when and where each was written, and the values that they need of it.
//!
//! Only signatures that a correlation names have events. The parts of a case give theirs to one `EventStore` as they
//! read. Of each signature it keeps the earliest [`EVENT_LIMIT`] and counts the others; which are the earliest does not
//! depend on who came first, so neither does what is kept. A `CaseEvents` is what there is at the end. Nothing here
//! knows what a correlation wants.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::tz::Offset;

use crate::diagnose::spot::Spot;
use crate::rule::RuleId;
use crate::rule::correlation::Watch;
use crate::scan::{Captured, SignatureId};
use crate::source::LogTime;

/// Events of one signature that are kept in a case: about 12 MB of them. The earliest are; the others are counted.
pub const EVENT_LIMIT: usize = 100_000;
/// Bytes of a value by which records are grouped or that is counted; what begins alike for so many is the same.
pub const EVENT_VALUE_BYTES: usize = 256;

/// Events that a part holds back before it gives them to the store.
const WAITING_LIMIT: usize = 4_096;

/// A year in which no time states one, in microseconds. Such times stand in the year 0, a leap year.
const YEAR: i64 = 366 * 86_400 * 1_000_000;

/// Months between times of one log without a year that mean that a year ended in between, as in `evidence`.
const TURN_OF_YEAR: i8 = 6;

/// One record that a signature matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    /// Microseconds since 1970; for times without a year see [`settle_years`].
    pub(crate) instant: i64,
    /// The same as it is shown.
    pub(crate) time: LogTime,
    pub(crate) spot: Spot,
    /// What the signature's [`Watch::kept`] captures captured, each at most [`EVENT_VALUE_BYTES`].
    pub(crate) values: Box<[Option<Box<str>>]>,
    /// For signatures of fallback rules: the other rules that match the same record.
    pub(crate) explained_by: Option<Arc<BTreeSet<RuleId>>>,
}

impl Event {
    /// The order in which events happened: by time, then by where they stand.
    fn order(&self) -> (i64, &Spot, &[Option<Box<str>>]) {
        (self.instant, &self.spot, &self.values)
    }

    /// The value of the capture at a position that the signature's watch keeps.
    pub(crate) fn value(&self, watch: &Watch, position: usize) -> Option<&str> {
        let at = watch.kept.binary_search(&position).ok()?;
        self.values.get(at)?.as_deref()
    }
}

/// The events of one signature.
#[derive(Clone, Debug, Default)]
pub(crate) struct EventLog {
    kept: Vec<Event>,
    /// Events that came later than those kept.
    pub(crate) beyond_limit: u64,
    /// Records without a time, which take part in no correlation.
    pub(crate) without_time: u64,
}

impl EventLog {
    fn take(&mut self, events: Vec<Event>, limit: usize) {
        self.kept.extend(events);
        if self.kept.len() >= limit.saturating_mul(2) {
            self.cut(limit);
        }
    }

    /// Leaves the earliest. Cost: linear.
    fn cut(&mut self, limit: usize) {
        if self.kept.len() > limit {
            self.kept.select_nth_unstable_by(limit, |one, other| one.order().cmp(&other.order()));
            self.beyond_limit += (self.kept.len() - limit) as u64;
            self.kept.truncate(limit);
        }
    }
}

/// Takes the events of a case from all its parts.
#[derive(Debug, Default)]
pub(crate) struct EventStore {
    logs: Mutex<BTreeMap<SignatureId, EventLog>>,
}

impl EventStore {
    /// What was taken, in order.
    pub(crate) fn finish(self) -> CaseEvents {
        let mut logs = self.logs.into_inner().unwrap_or_else(PoisonError::into_inner);
        logs.values_mut().for_each(|log| log.cut(EVENT_LIMIT));
        settle_years(logs.values_mut().flat_map(|log| &mut log.kept).collect());
        for log in logs.values_mut() {
            log.kept.sort_unstable_by(|one, other| one.order().cmp(&other.order()));
        }
        CaseEvents { logs }
    }
}

/// Times without a year are put in order over the turns of years: in each log, what comes before a turn is earlier by a
/// year. The latest times of all logs are taken to be of the same year.
fn settle_years(mut events: Vec<&mut Event>) {
    events.retain(|event| !event.time.year_known());
    events.sort_unstable_by(|one, other| one.spot.cmp(&other.spot));
    for stream in events.chunk_by_mut(|one, next| one.spot.is_of_stream(&next.spot)) {
        let (mut years, mut later): (i64, Option<i8>) = (0, None);
        for event in stream.iter_mut().rev() {
            let month = event.time.date_time().month();
            years += i64::from(later.is_some_and(|later| month - later > TURN_OF_YEAR));
            event.instant -= years * YEAR;
            later = Some(month);
        }
    }
}

/// The events of one part on their way to the store.
#[derive(Debug)]
pub(crate) struct PartEvents<'s> {
    store: &'s EventStore,
    waiting: BTreeMap<SignatureId, EventLog>,
    count: usize,
}

impl<'s> PartEvents<'s> {
    pub(crate) fn new(store: &'s EventStore) -> Self {
        Self { store, waiting: BTreeMap::new(), count: 0 }
    }

    /// Takes a record that a watched signature matched.
    pub(crate) fn add(
        &mut self,
        (id, watch): (SignatureId, &Watch),
        captured: &Captured,
        (time, spot): (Option<LogTime>, Spot),
        explained_by: Option<Arc<BTreeSet<RuleId>>>,
    ) {
        let log = self.waiting.entry(id).or_default();
        let dated = time.and_then(|time| {
            let instant = Offset::UTC.to_timestamp(time.date_time()).ok()?;
            Some((time, instant.as_microsecond()))
        });
        let Some((time, instant)) = dated else {
            log.without_time += 1;
            return;
        };
        let all = || captured.values.iter().chain(&captured.optional);
        let value = |position: &usize| all().nth(*position).and_then(|value| value.as_deref().map(cut));
        let values = watch.kept.iter().map(|position| value(position).map(Box::from)).collect();
        log.kept.push(Event { instant, time, spot, values, explained_by });
        self.count += 1;
        if self.count >= WAITING_LIMIT {
            self.flush();
        }
    }

    /// Gives what waits to the store.
    pub(crate) fn flush(&mut self) {
        self.count = 0;
        if self.waiting.is_empty() {
            return;
        }
        let mut logs = self.store.logs.lock().unwrap_or_else(PoisonError::into_inner);
        for (id, waiting) in std::mem::take(&mut self.waiting) {
            let log = logs.entry(id).or_default();
            log.without_time += waiting.without_time;
            log.take(waiting.kept, EVENT_LIMIT);
        }
    }
}

/// The first bytes of a value, as many as are compared.
pub(crate) fn cut(value: &str) -> &str {
    let end = (0..=EVENT_VALUE_BYTES.min(value.len())).rev().find(|&end| value.is_char_boundary(end));
    value.get(..end.unwrap_or(0)).unwrap_or(value)
}

/// The events of a whole case, by signature, each in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct CaseEvents {
    logs: BTreeMap<SignatureId, EventLog>,
}

impl CaseEvents {
    /// The events of a signature.
    pub(crate) fn of(&self, id: SignatureId) -> &[Event] {
        self.logs.get(&id).map_or(&[], |log| &log.kept)
    }

    /// Its records without a time.
    pub(crate) fn without_time(&self, id: SignatureId) -> u64 {
        self.logs.get(&id).map_or(0, |log| log.without_time)
    }

    /// Its events beyond [`EVENT_LIMIT`].
    pub(crate) fn beyond_limit(&self, id: SignatureId) -> u64 {
        self.logs.get(&id).map_or(0, |log| log.beyond_limit)
    }

    /// The signatures with events.
    pub(crate) fn signatures(&self) -> impl Iterator<Item = SignatureId> {
        self.logs.keys().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::spot::Spots;
    use crate::source::timestamp;

    fn event(spots: &mut Spots, source: &str, line: u64, text: &str) -> Event {
        let time = timestamp::find(text.as_bytes()).expect("a time").time;
        let instant = Offset::UTC.to_timestamp(time.date_time()).expect("in range").as_microsecond();
        Event { instant, time, spot: spots.of(source, line), values: Box::default(), explained_by: None }
    }

    fn log(events: &[Event], batch: usize, limit: usize) -> EventLog {
        let mut log = EventLog::default();
        events.chunks(batch).for_each(|batch| log.take(batch.to_vec(), limit));
        log.cut(limit);
        log.kept.sort_unstable_by(|one, other| one.order().cmp(&other.order()));
        log
    }

    #[test]
    fn the_earliest_events_are_kept_whatever_came_first_and_the_others_are_counted() {
        let mut spots = Spots::default();
        let at = |spots: &mut Spots, second| event(spots, "a.log", second, &format!("2026-01-02 10:00:{second:02} x"));
        let mut events: Vec<Event> = (0..50).map(|second| at(&mut spots, second)).collect();
        let forwards = log(&events, 7, 5);
        events.reverse();
        let backwards = log(&events, 3, 5);
        assert_eq!(forwards.kept, backwards.kept);
        assert_eq!(forwards.kept.last().map(|event| event.spot.line), Some(4));
        assert_eq!((forwards.beyond_limit, backwards.beyond_limit), (45, 45));
    }

    #[test]
    fn equal_times_are_in_the_order_of_their_places() {
        let mut spots = Spots::default();
        let time = "2026-01-02 10:00:00 x";
        let events = [
            event(&mut spots, "a.log", 7, time),
            event(&mut spots, "a.log.1", 9, time),
            event(&mut spots, "a.log", 2, time),
        ];
        let lines: Vec<u64> = log(&events, 1, 5).kept.iter().map(|event| event.spot.line).collect();
        assert_eq!(lines, [9, 2, 7], "of a rotated log the older file comes first");
    }

    #[test]
    fn a_year_that_ends_in_a_log_lies_between_its_records() {
        let mut spots = Spots::default();
        let told = [("a.log.1", "Dec 31 23:59:59 x"), ("a.log", "Jan  1 00:00:01 x"), ("b.log", "Jan  1 00:00:02 x")];
        let mut events: Vec<Event> = told.iter().map(|(source, text)| event(&mut spots, source, 1, text)).collect();
        settle_years(events.iter_mut().collect());
        assert_eq!(events[1].instant - events[0].instant, 2_000_000);
        assert_eq!(events[2].instant - events[1].instant, 1_000_000);
    }

    #[test]
    fn long_values_are_cut_between_characters() {
        let long = "é".repeat(EVENT_VALUE_BYTES);
        assert_eq!(cut(&long).len(), EVENT_VALUE_BYTES);
        assert_eq!(cut(&format!("x{long}")).len(), EVENT_VALUE_BYTES - 1);
        assert_eq!(cut("short"), "short");
    }
}
