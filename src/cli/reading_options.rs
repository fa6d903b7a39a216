//! Which part of a case is read: members by globs, records by times.
//!
//! Times may be written without a zone; they are then in that of `--timezone`, which is known only when the settings are.

use std::str::FromStr;

use clap::Args;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use crate::cli::exit::Failure;
use crate::rule::settings::Defaults;
use crate::rule::signature::FileGlob;
use crate::source::ReadOptions;

/// What is read of every case.
#[derive(Args, Debug)]
#[command(next_help_heading = "What is read")]
pub struct ReadingOptions {
    /// Read only files whose path inside the case fits GLOB, as in `*.log` or `var/log/**`; may be given several times
    ///
    /// A glob without `/` is for the file's name. Archives inside the case are opened whatever their names are.
    #[arg(long, value_name = "GLOB", value_parser = glob)]
    include: Vec<FileGlob>,
    /// Leave out files whose path inside the case fits GLOB, and archives inside it; may be given several times
    #[arg(long, value_name = "GLOB", value_parser = glob)]
    exclude: Vec<FileGlob>,
    /// Leave out records before TIME: `2026-01-31`, `2026-01-31T10:00` or `2026-01-31T10:00:00Z`
    ///
    /// Relative times such as `7d` are not understood: the logs of a case have a clock of their own. Records without a
    /// time are kept. Without a zone TIME is in that of --timezone.
    #[arg(long, value_name = "TIME")]
    since: Option<Moment>,
    /// Leave out records after TIME; a date alone is the end of that day
    #[arg(long, value_name = "TIME")]
    until: Option<Moment>,
}

impl ReadingOptions {
    /// What is to be read, with the defaults of the faultbook where nothing was given. Fails when that would be nothing.
    pub fn resolve(&self, defaults: &Defaults, zone: Option<TimeZone>) -> Result<ReadOptions, Failure> {
        let given = |given: &Vec<FileGlob>, default: &Vec<FileGlob>| {
            if given.is_empty() { default.clone() } else { given.clone() }
        };
        let zone_of_times = zone.clone().unwrap_or(TimeZone::UTC);
        let since = self.since.as_ref().and_then(|since| since.first(&zone_of_times));
        let until = self.until.as_ref().and_then(|until| until.last(&zone_of_times));
        if since.zip(until).is_some_and(|(since, until)| since > until) {
            return Err(Failure::refused("--since is after --until", "give the earlier time to --since"));
        }
        Ok(ReadOptions {
            include: given(&self.include, &defaults.include),
            exclude: given(&self.exclude, &defaults.exclude),
            zone,
            since,
            until,
        })
    }
}

fn glob(text: &str) -> Result<FileGlob, String> {
    FileGlob::new(text).map_err(|error| error.kind().to_string())
}

/// A time as it is written in an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    /// With a zone.
    Instant(Timestamp),
    /// Without one.
    Local(DateTime),
    /// A whole day.
    Day(Date),
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let relative = text.starts_with(|first: char| first.is_ascii_digit())
            && text.ends_with(|last: char| last.is_ascii_alphabetic() && last != 'Z' && last != 'z');
        // a date and time parses as a date too, which would lose the time
        let has_time = text.trim().contains(['T', 't', ' ']);
        let moment = (text.parse().ok().map(Moment::Instant))
            .or_else(|| text.parse().ok().filter(|_| has_time).map(Moment::Local))
            .or_else(|| text.parse().ok().filter(|_| !has_time).map(Moment::Day));
        moment.ok_or_else(|| match relative {
            true => "times relative to now are not understood, since the logs of a case have a clock of their own; \
                     write a date such as 2026-01-31"
                .to_owned(),
            false => {
                "write a date or a time, as in 2026-01-31, 2026-01-31T10:00 or 2026-01-31T10:00:00+01:00".to_owned()
            }
        })
    }
}

impl Moment {
    /// The first instant that is meant; `None` only at the ends of time.
    fn first(&self, zone: &TimeZone) -> Option<Timestamp> {
        match self {
            Moment::Instant(instant) => Some(*instant),
            Moment::Local(time) => zone.to_timestamp(*time).ok(),
            Moment::Day(day) => zone.to_timestamp(day.at(0, 0, 0, 0)).ok(),
        }
    }

    /// The last instant that is meant.
    fn last(&self, zone: &TimeZone) -> Option<Timestamp> {
        match self {
            Moment::Day(day) => zone.to_timestamp(day.at(23, 59, 59, 999_999_999)).ok(),
            other => other.first(zone),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_taken_as_they_are_written() {
        let berlin = crate::rule::zone::zone("Europe/Berlin").unwrap();
        let ends = |text: &str| {
            let moment: Moment = text.parse().unwrap();
            let shown = |time: Option<Timestamp>| time.unwrap().to_string();
            (shown(moment.first(&berlin)), shown(moment.last(&berlin)))
        };
        let twice = |text: &str| (text.to_owned(), text.to_owned());
        assert_eq!(ends("2026-01-31T10:00:00Z"), twice("2026-01-31T10:00:00Z"));
        assert_eq!(ends("2026-01-31 10:00:00+05:00"), twice("2026-01-31T05:00:00Z"));
        assert_eq!(ends("2026-01-31T10:00"), twice("2026-01-31T09:00:00Z"));
        assert_eq!(ends("2026-07-31 10:00:30"), twice("2026-07-31T08:00:30Z"));
        let day = ("2026-01-30T23:00:00Z".to_owned(), "2026-01-31T22:59:59.999999999Z".to_owned());
        assert_eq!(ends("2026-01-31"), day);
    }

    #[test]
    fn what_is_no_time_says_what_to_write() {
        let refused = |text: &str| text.parse::<Moment>().unwrap_err();
        assert!(refused("7d").contains("clock of their own") && refused("12h").contains("clock of their own"));
        for text in ["", "yesterday", "31.01.2026", "2026-02-30", "10:00", "2026"] {
            assert!(refused(text).starts_with("write a date or a time"), "{text}");
        }
    }
}
