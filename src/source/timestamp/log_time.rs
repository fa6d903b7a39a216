//! A moment as a log writes it: UTC, to the microsecond, perhaps without a year.
//!
//! [`LogTime`] is what [`super::find`] reads from a line; [`LogTime::with_year_from`] supplies a year the text left out.
//! It knows no time zones by name and reads no text: `super` does that.

use std::fmt;

use jiff::civil::DateTime;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};
use serde::{Serialize, Serializer};

/// How far after its file's modified time a record may lie: clocks and zones differ by up to a day.
const TOLERANCE: SignedDuration = SignedDuration::from_hours(24);

/// How many years to go back for a 29 February: two leap years are at most eight years apart.
const LONGEST_LEAP_GAP: i16 = 8;

/// When a record says it was written: UTC if the text names its zone, else taken as UTC.
///
/// To the microsecond. A time without a year has year 0 inside (a leap year, so that 29 February is kept): among
/// themselves such times are in order, and all of them come before every time with a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogTime {
    time: DateTime,
    year_known: bool,
}

impl LogTime {
    /// Makes the time that `time` in the zone `offset` is. `None` if it is beyond what a date can hold.
    pub(super) fn new(time: DateTime, offset: Option<Offset>) -> Option<Self> {
        match offset {
            Some(offset) if offset != Offset::UTC => offset.to_timestamp(time).ok().map(Self::from),
            _ => Some(Self { time: whole_microseconds(time), year_known: true }),
        }
    }

    /// Makes a time without a year; the year of `time` is ignored and must be 0.
    pub(super) fn without_year(time: DateTime) -> Self {
        debug_assert_eq!(time.year(), 0, "year 0 stands for an unknown year");
        Self { time: whole_microseconds(time), year_known: false }
    }

    /// Says whether the year is known, from the text or by [`LogTime::with_year_from`].
    pub fn year_known(self) -> bool {
        self.year_known
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
            .map_or(self, |time| Self { time, year_known: true })
    }
}

impl From<Timestamp> for LogTime {
    fn from(timestamp: Timestamp) -> Self {
        Self { time: whole_microseconds(Offset::UTC.to_datetime(timestamp)), year_known: true }
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
        let LogTime { time, year_known } = self.0;
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
