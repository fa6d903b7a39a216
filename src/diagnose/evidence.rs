//! Where a failure was found: the places of its records, source by source, and when the first and last of them were written.
//!
//! [`Evidence`] takes records in any order of sources and keeps them in the order in which they stand in the case: what it
//! keeps and shows first is the same whichever file of a rotated log was read first. What goes over a limit is counted.

use serde::Serialize;

use crate::diagnose::spot::Spot;
use crate::scan::RecordMatches;
use crate::source::LogTime;

/// Sources of one failure whose places are kept.
pub const SOURCE_LIMIT: usize = 50;
/// Places in one source that are kept.
pub const PLACE_LIMIT: usize = 10;
/// Bytes of the first record of each source that are kept as evidence.
pub const EXCERPT_BYTES: usize = 2_048;

/// Months between times of one log without a year that mean that a year ended in between: half a year, so that records that
/// are slightly out of order do not.
const TURN_OF_YEAR: i8 = 6;

/// Where in one source a failure was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "portal", derive(utoipa::ToSchema))]
pub struct SourceEvidence {
    /// The source, named as `bundle.tar.gz::var/log/app.log`.
    pub source: String,
    /// How many records.
    pub count: u64,
    /// The 1-based first lines of the first [`PLACE_LIMIT`] records.
    pub lines: Vec<u64>,
    /// The first record, at most [`EXCERPT_BYTES`] of it.
    pub record: String,
    /// Where that stands.
    #[serde(skip)]
    spot: Spot,
    #[serde(skip)]
    seen: Seen,
}

impl SourceEvidence {
    fn new(spot: &Spot, record: &RecordMatches<'_>) -> Self {
        let excerpt = record.text.get(..EXCERPT_BYTES).unwrap_or(record.text);
        SourceEvidence {
            source: spot.source_name().to_owned(),
            count: 1,
            lines: vec![spot.line],
            record: String::from_utf8_lossy(excerpt).into_owned(),
            spot: spot.clone(),
            seen: Seen::at(record.time),
        }
    }

    /// Adds a record that comes after the others.
    fn add(&mut self, line: u64, time: Option<LogTime>) {
        self.count += 1;
        if self.lines.len() < PLACE_LIMIT {
            self.lines.push(line);
        }
        self.seen = self.seen.then(Seen::at(time));
    }

    /// Adds other records of the same source.
    fn join(&mut self, other: SourceEvidence) {
        self.count += other.count;
        self.lines.extend(other.lines);
        self.lines.sort_unstable();
        self.lines.truncate(PLACE_LIMIT);
        if other.spot < self.spot {
            self.seen = other.seen.then(self.seen);
            (self.record, self.spot) = (other.record, other.spot);
        } else {
            self.seen = self.seen.then(other.seen);
        }
    }
}

/// The places of one failure.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// By spot, each source once, at most [`SOURCE_LIMIT`].
    listed: Vec<SourceEvidence>,
    /// Sources beyond the limit.
    more_sources: u64,
    /// The last of those, so that each is counted once.
    unlisted: Option<Spot>,
    /// When the records of those were written.
    unlisted_seen: Seen,
    /// The position of the source that the last record was of.
    latest: usize,
}

impl Evidence {
    /// Adds one record. Those of one source come together, in their order.
    pub(crate) fn add(&mut self, spot: &Spot, record: &RecordMatches<'_>) {
        let is_same = |other: &Spot| other.cmp_source(spot).is_eq();
        match self.listed.get_mut(self.latest).filter(|latest| is_same(&latest.spot)) {
            Some(latest) => latest.add(spot.line, record.time),
            None if self.unlisted.as_ref().is_some_and(is_same) => {
                self.unlisted_seen = self.unlisted_seen.with(Seen::at(record.time));
            }
            None => self.list(SourceEvidence::new(spot, record)),
        }
    }

    /// Adds the places of other records.
    pub(crate) fn absorb(&mut self, other: &Evidence) {
        other.listed.iter().for_each(|evidence| self.list(evidence.clone()));
        self.more_sources += other.more_sources;
        self.unlisted_seen = self.unlisted_seen.with(other.unlisted_seen);
    }

    /// The sources, in the order of the parts, then of the streams as their archive first has one of their files; of
    /// a rotated stream the oldest file first.
    pub fn sources(&self) -> &[SourceEvidence] {
        &self.listed
    }

    /// How many sources there are beyond those.
    pub fn more_sources(&self) -> u64 {
        self.more_sources
    }

    /// The earliest and the latest time of a record that had one.
    pub fn seen(&self) -> (Option<LogTime>, Option<LogTime>) {
        let streams = self.listed.chunk_by(|one, next| one.spot.is_of_stream(&next.spot));
        let seen = streams.fold(self.unlisted_seen, |seen, stream| {
            seen.with(stream.iter().fold(Seen::default(), |seen, evidence| seen.then(evidence.seen)))
        });
        (seen.first, seen.last)
    }

    /// Where the first record stands; `None` while there is none.
    pub(crate) fn first_spot(&self) -> Option<&Spot> {
        self.listed.first().map(|evidence| &evidence.spot)
    }

    fn list(&mut self, evidence: SourceEvidence) {
        match self.listed.binary_search_by(|own| own.spot.cmp_source(&evidence.spot)) {
            Ok(at) => {
                self.latest = at;
                self.listed[at].join(evidence);
            }
            Err(at) => {
                self.latest = at;
                self.listed.insert(at, evidence);
                // The last goes, not the one that comes too late: which are kept must not depend on who came first.
                let dropped = if self.listed.len() > SOURCE_LIMIT { self.listed.pop() } else { None };
                if let Some(dropped) = dropped {
                    self.more_sources += 1;
                    self.unlisted_seen = self.unlisted_seen.with(dropped.seen);
                    self.unlisted = Some(dropped.spot);
                }
            }
        }
    }
}

/// The earliest and the latest time of some records; none while no record had one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Seen {
    first: Option<LogTime>,
    last: Option<LogTime>,
}

impl Seen {
    fn at(time: Option<LogTime>) -> Self {
        Seen { first: time, last: time }
    }

    /// With the times of records of which nothing is known but when they were written.
    fn with(self, other: Seen) -> Self {
        Seen {
            first: [self.first, other.first].into_iter().flatten().min(),
            last: [self.last, other.last].into_iter().flatten().max(),
        }
    }

    /// With the times of records that come later in the same log. That decides where a year ended and no time says so.
    fn then(self, later: Seen) -> Self {
        let either = self.with(later);
        Seen {
            first: if is_over_new_year(self.first, later.first) { self.first } else { either.first },
            last: if is_over_new_year(self.last, later.last) { later.last } else { either.last },
        }
    }
}

fn is_over_new_year(one: Option<LogTime>, later: Option<LogTime>) -> bool {
    one.zip(later).is_some_and(|(one, later)| {
        let year_unknown = !one.year_known() && !later.year_known();
        year_unknown && one.date_time().month() - later.date_time().month() > TURN_OF_YEAR
    })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::diagnose::spot::Spots;
    use crate::source::timestamp;

    fn evidence(part: usize, records: &[(&str, u64, &str)]) -> Evidence {
        told(&mut Spots::of_part(part), records)
    }

    fn told(spots: &mut Spots, records: &[(&str, u64, &str)]) -> Evidence {
        let mut evidence = Evidence::default();
        for &(source, line, text) in records {
            let time = timestamp::find(text.as_bytes()).map(|stamp| stamp.time);
            let record = RecordMatches { source, line, text: text.as_bytes(), time, found: Vec::new() };
            evidence.add(&spots.of(source, line), &record);
        }
        evidence
    }

    #[test]
    fn of_joined_records_the_first_one_is_shown_and_the_first_lines_are_kept() {
        let mut spots = Spots::default();
        let mut joined = told(&mut spots, &[("a.log", 1, "a"), ("b.log", 25, "later")]);
        let lines = 2..2 + PLACE_LIMIT as u64;
        joined.absorb(&told(&mut spots, &lines.map(|line| ("b.log", line, "earlier")).collect::<Vec<_>>()));
        assert_eq!(joined.sources().len(), 2);
        let of_b = &joined.sources()[1];
        assert_eq!(
            (of_b.record.as_str(), of_b.count, of_b.lines.as_slice()),
            ("earlier", 11, &[2, 3, 4, 5, 6, 7, 8, 9, 10, 11][..])
        );
    }

    #[test]
    fn records_slightly_out_of_order_do_not_end_a_year() {
        let seen = evidence(0, &[("a.log", 1, "Mar  2 10:00:01 x"), ("a.log", 2, "Mar  2 10:00:00 x")]).seen();
        assert_eq!(seen.0.map(|time| time.to_string()).as_deref(), Some("03-02 10:00:00"));
        assert_eq!(seen.1.map(|time| time.to_string()).as_deref(), Some("03-02 10:00:01"));
    }

    #[test]
    fn a_year_ends_only_within_one_log_and_only_where_none_is_stated() {
        let shown = |records: &[(&str, u64, &str)]| {
            let (first, last) = evidence(0, records).seen();
            [first, last].map(|time| time.map(|time| time.to_string()).unwrap_or_default())
        };
        let (december, january) = ("Dec 31 10:00:00 x", "Jan  1 10:00:00 x");
        assert_eq!(shown(&[("a.log", 1, january), ("a.log.1", 1, december)]), ["12-31 10:00:00", "01-01 10:00:00"]);
        assert_eq!(shown(&[("a.log", 1, december), ("b.log", 1, january)]), ["01-01 10:00:00", "12-31 10:00:00"]);
        let stated = [("a.log.1", 1, "2026-12-31 10:00:00 x"), ("a.log", 1, "2026-01-01 10:00:00 x")];
        assert_eq!(shown(&stated), ["2026-01-01 10:00:00", "2026-12-31 10:00:00"]);
    }

    #[test]
    fn files_of_one_log_may_be_parts_of_their_own() {
        let mut joined = evidence(0, &[("a.log.1", 1, "Dec 31 10:00:00 x")]);
        joined.absorb(&evidence(1, &[("a.log", 1, "Jan  1 10:00:00 x")]));
        assert_eq!(joined.seen().0.map(|time| time.date_time().month()), Some(12));
    }

    #[test]
    fn times_of_sources_beyond_the_limit_count() {
        let names: Vec<String> = (0..SOURCE_LIMIT + 2).map(|number| format!("{number}.txt")).collect();
        let text = |at: usize| if at > SOURCE_LIMIT { "2026-01-01 10:00:00 x" } else { "2026-01-02 10:00:00 x" };
        let records: Vec<_> = names.iter().enumerate().map(|(at, name)| (name.as_str(), 1, text(at))).collect();
        let evidence = evidence(0, &records);
        let first: Timestamp = "2026-01-01T10:00:00Z".parse().unwrap();
        assert_eq!(evidence.seen().0.and_then(LogTime::timestamp), Some(first));
        assert_eq!((evidence.sources().len(), evidence.more_sources()), (SOURCE_LIMIT, 2));
    }
}
