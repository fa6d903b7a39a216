//! A moment as a log writes it: UTC, to the microsecond, perhaps without a year.
//!
//! [`LogTime`] is what [`super::find`] reads from a line; [`LogTime::with_year_from`] supplies a year the text left out, [`LogTime::in_zone`]
//! the zone. It reads no text: `super` does that. Abbreviations such as `CST` are no zones: they mean several.

use std::fmt;

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};
use serde::{Serialize, Serializer};

use crate::rule::time_format::ReadTime;

/// How far after its file's modified time a record may lie: clocks and zones differ by up to a day.
const TOLERANCE: SignedDuration = SignedDuration::from_hours(24);

/// How many years to go back for a 29 February: two leap years are at most eight years apart.
const LONGEST_LEAP_GAP: i16 = 8;

/// Where the zone of a time comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Zone {
    /// The text says it, or counts from 1970.
    Stated,
    /// The caller knows it.
    Given,
    /// Nobody does: it is taken as UTC.
    Assumed,
}

/// When a record says it was written: UTC if the text names its zone or the caller knows it, else taken as UTC.
///
/// To the microsecond. A time without a year has year 0 inside (a leap year, so that 29 February is kept): among
/// themselves such times are in order, and all of them come before every time with a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogTime {
    time: DateTime,
    year_known: bool,
    zone: Zone,
}

impl LogTime {
    /// Makes the time that `time` in the zone `offset` is. `None` if it is beyond what a date can hold.
    pub(super) fn new(time: DateTime, offset: Option<Offset>) -> Option<Self> {
        match offset {
            Some(offset) if offset != Offset::UTC => offset.to_timestamp(time).ok().map(Self::from),
            _ => {
                let zone = if offset.is_some() { Zone::Stated } else { Zone::Assumed };
                Some(Self { time: whole_microseconds(time), year_known: true, zone })
            }
        }
    }

    /// Makes a time without a year; the year of `time` is ignored and must be 0.
    pub(super) fn without_year(time: DateTime) -> Self {
        debug_assert_eq!(time.year(), 0, "year 0 stands for an unknown year");
        Self { time: whole_microseconds(time), year_known: false, zone: Zone::Assumed }
    }

    /// Takes a time that was read by a stated format. `None` if it is beyond what a date can hold.
    pub(in crate::source) fn of(read: ReadTime) -> Option<Self> {
        if read.year_known {
            return Self::new(read.time, read.offset);
        }
        let Some(offset) = read.offset else {
            return Some(Self::without_year(read.time));
        };
        let time = Offset::UTC.to_datetime(offset.to_timestamp(read.time).ok()?);
        let time = time.with().year(0).build().ok()?;
        Some(Self { zone: Zone::Stated, ..Self::without_year(time) })
    }

    /// Says whether the year is known, from the text or by [`LogTime::with_year_from`].
    pub fn year_known(self) -> bool {
        self.year_known
    }

    /// Says whether nobody knows the zone, so that the time is taken as UTC.
    pub fn zone_assumed(self) -> bool {
        self.zone == Zone::Assumed
    }

    /// Supplies a missing zone. A time that is still without a year stays as it is: summer time depends on the year. Of an hour that a clock
    /// shows twice it is the first; of one that it leaves out, the time as the clock before would have shown it.
    #[must_use]
    pub fn in_zone(self, zone: &TimeZone) -> Self {
        if self.zone != Zone::Assumed || !self.year_known {
            return self;
        }
        let instant = zone.to_ambiguous_timestamp(self.time).compatible();
        instant.map_or(self, |instant| Self { zone: Zone::Given, ..Self::from(instant) })
    }

    /// Supplies year and zone that the text leaves out, as far as they are known: the year from `modified`, when the file was written last.
    #[must_use]
    pub fn resolved(self, modified: Option<Timestamp>, zone: Option<&TimeZone>) -> Self {
        let dated = self.with_year_from(modified);
        zone.map_or(dated, |zone| dated.in_zone(zone))
    }

    /// Gives date and time of day in UTC; the year is 0 if it is not known.
    pub fn date_time(self) -> DateTime {
        self.time
    }

    /// Gives the instant. `None` while the year is unknown.
    pub fn timestamp(self) -> Option<Timestamp> {
        if !self.year_known {
            return None;
        }
        Offset::UTC.to_timestamp(self.time).ok()
    }

    /// Supplies a missing year: the newest one with which the time is not more than a day after `reference`,
    /// which is the file's modified time. Without a reference the year stays unknown; a known year stays as it is.
    #[must_use]
    pub fn with_year_from(self, reference: Option<Timestamp>) -> Self {
        let Some(reference) = reference.filter(|_| !self.year_known) else {
            return self;
        };
        let latest = Offset::UTC.to_datetime(reference).saturating_add(TOLERANCE);
        (0..=LONGEST_LEAP_GAP)
            .filter_map(|back| self.time.with().year(latest.year() - back).build().ok())
            .find(|time| *time <= latest)
            .map_or(self, |time| Self { time, year_known: true, ..self })
    }
}

impl From<Timestamp> for LogTime {
    fn from(timestamp: Timestamp) -> Self {
        let time = whole_microseconds(Offset::UTC.to_datetime(timestamp));
        Self { time, year_known: true, zone: Zone::Stated }
    }
}

/// Drops what is finer than a microsecond.
fn whole_microseconds(time: DateTime) -> DateTime {
    let nanosecond = time.subsec_nanosecond();
    time.with().subsec_nanosecond(nanosecond - nanosecond % 1_000).build().unwrap_or(time)
}

/// For people: `2014-12-01 10:02:11`, with milliseconds if there are any; `12-01 10:02:11` without a year.
impl fmt::Display for LogTime {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = self.time;
        if self.year_known {
            write!(formatter, "{:04}-", time.year())?;
        }
        write!(formatter, "{:02}-{:02} ", time.month(), time.day())?;
        write!(formatter, "{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second())?;
        match time.millisecond() {
            0 => Ok(()),
            millisecond => write!(formatter, ".{millisecond:03}"),
        }
    }
}

/// For programs: RFC 3339, `2014-12-01T10:02:11Z`; ISO 8601 without a year, `--12-01T10:02:11`, in no zone.
impl Serialize for LogTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&Interchange(*self))
    }
}

/// Writes a time with the fraction it has: none, milliseconds or microseconds.
struct Interchange(LogTime);

impl fmt::Display for Interchange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LogTime { time, year_known, .. } = self.0;
        if year_known {
            write!(formatter, "{:04}-", time.year())?;
        } else {
            formatter.write_str("--")?;
        }
        write!(formatter, "{:02}-{:02}T", time.month(), time.day())?;
        write!(formatter, "{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second())?;
        match (time.millisecond(), time.microsecond()) {
            (0, 0) => {}
            (millisecond, 0) => write!(formatter, ".{millisecond:03}")?,
            (millisecond, microsecond) => write!(formatter, ".{millisecond:03}{microsecond:03}")?,
        }
        if year_known { formatter.write_str("Z") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn instant(text: &str) -> Option<Timestamp> {
        Some(text.parse().unwrap())
    }

    fn yearless(month: i8, day: i8, hour: i8) -> LogTime {
        LogTime::without_year(date(0, month, day).at(hour, 0, 0, 0))
    }

    #[test]
    fn missing_year_is_the_newest_that_is_at_most_a_day_after_the_reference() {
        let reference = instant("2024-03-10T12:00:00Z");
        assert_eq!(yearless(3, 9, 0).with_year_from(reference).to_string(), "2024-03-09 00:00:00");
        assert_eq!(yearless(3, 11, 12).with_year_from(reference).to_string(), "2024-03-11 12:00:00");
        assert_eq!(yearless(3, 11, 13).with_year_from(reference).to_string(), "2023-03-11 13:00:00");
        assert_eq!(yearless(12, 31, 0).with_year_from(reference).to_string(), "2023-12-31 00:00:00");
    }

    #[test]
    fn new_year_may_come_before_the_files_date_does() {
        let reference = instant("2023-12-31T23:00:00Z");
        assert_eq!(yearless(1, 1, 5).with_year_from(reference).to_string(), "2024-01-01 05:00:00");
        assert_eq!(yearless(12, 31, 5).with_year_from(reference).to_string(), "2023-12-31 05:00:00");
    }

    #[test]
    fn leap_day_goes_back_to_a_leap_year() {
        assert_eq!(
            yearless(2, 29, 1).with_year_from(instant("2023-06-01T00:00:00Z")).to_string(),
            "2020-02-29 01:00:00"
        );
        assert_eq!(
            yearless(2, 29, 1).with_year_from(instant("1903-06-01T00:00:00Z")).to_string(),
            "1896-02-29 01:00:00"
        );
    }

    #[test]
    fn year_stays_unknown_without_reference_and_known_years_stay() {
        let time = yearless(12, 1, 10);
        assert_eq!(time.with_year_from(None), time);
        assert_eq!(time.timestamp(), None);
        let known = LogTime::from(instant("2001-02-03T04:05:06Z").unwrap());
        assert_eq!(known.with_year_from(instant("2024-01-01T00:00:00Z")), known);
    }

    #[test]
    fn a_zone_is_supplied_only_where_the_text_names_none() {
        let local = |day: i8, hour: i8| LogTime::new(date(2024, 3, day).at(hour, 30, 0, 0), None).unwrap();
        let berlin = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        assert_eq!(local(30, 12).in_zone(&berlin).to_string(), "2024-03-30 11:30:00");
        assert_eq!(local(31, 12).in_zone(&berlin).to_string(), "2024-03-31 10:30:00");
        // the hour that summer time leaves out
        assert_eq!(local(31, 2).in_zone(&berlin).to_string(), "2024-03-31 01:30:00");
        assert!(local(30, 12).zone_assumed() && !local(30, 12).in_zone(&berlin).zone_assumed());
        let stated = LogTime::new(date(2024, 3, 1).at(12, 0, 0, 0), Some(Offset::UTC)).unwrap();
        assert_eq!((stated.in_zone(&berlin), stated.zone_assumed()), (stated, false));
        assert_eq!(yearless(12, 1, 10).in_zone(&berlin), yearless(12, 1, 10));
        let new_year = yearless(1, 1, 0).with_year_from(instant("2024-01-01T12:00:00Z")).in_zone(&berlin);
        assert_eq!(new_year.to_string(), "2023-12-31 23:00:00");
    }

    #[test]
    fn unknown_years_come_before_known_ones() {
        let known = LogTime::from(instant("1970-01-01T00:00:00Z").unwrap());
        assert!(yearless(12, 31, 23) < known);
        assert!(yearless(1, 1, 0) < yearless(1, 1, 1));
    }

    #[test]
    fn written_for_people_and_for_programs() {
        let shown = |text: &str| {
            let time = LogTime::from(instant(text).unwrap());
            (time.to_string(), serde_json::to_string(&time).unwrap())
        };
        let pair = |people: &str, programs: &str| (people.to_owned(), format!("\"{programs}\""));
        assert_eq!(shown("2014-12-01T10:02:11Z"), pair("2014-12-01 10:02:11", "2014-12-01T10:02:11Z"));
        assert_eq!(shown("2014-12-01T10:02:11.05Z"), pair("2014-12-01 10:02:11.050", "2014-12-01T10:02:11.050Z"));
        assert_eq!(shown("2014-12-01T10:02:11.0004567Z"), pair("2014-12-01 10:02:11", "2014-12-01T10:02:11.000456Z"));
        let time = yearless(12, 1, 10);
        assert_eq!(time.to_string(), "12-01 10:00:00");
        assert_eq!(serde_json::to_string(&time).unwrap(), "\"--12-01T10:00:00\"");
    }
}
