//! Rotated files as one stream: `x.log`, `x.log.1` and `x.log-20260101.gz` are one log, cut at different times.
//!
//! [`rotated`] reads off a path which stream it belongs to and its [`Turn`] in it, oldest first. It knows what logrotate,
//! log4j, logback, Python, Tomcat, lumberjack and the kubelet write: numbers that grow with age, dates with or without a time or a running
//! number, in front of the extension or behind it, and `.old`; that a file is packed does not matter.
//!
//! Names are all it looks at, so `libfoo.so.1` has a stream too. It is alone in it, which changes nothing. Who needs an
//! order across files takes it from here; nobody joins their texts.

use std::cmp::Reverse;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;

/// Endings of packed files. Rotation adds them later or never, so that a stream has files with and without.
const PACKED: [&str; 5] = [".gz", ".xz", ".bz2", ".zst", ".lz4"];

/// Digits of a rotated file's number. Four would be a port or a year more often than a thousandth file.
const NUMBER_DIGITS: usize = 3;

/// Bytes at the end of a name in which a date may begin: `-2026-01-01T13-05-07.123456-1000` has 32.
const STAMP_BYTES: usize = 40;

/// Numbers of a date: the day itself, hour, minute, second and its fraction, and a running number.
const STAMP_NUMBERS: usize = 6;

/// Digits of one number behind the day; seconds since 1970 have ten.
const STAMP_DIGITS: usize = 10;

/// Years that a date in a name may mean.
const YEARS: std::ops::Range<i16> = 1970..2101;

/// Seconds since 1970 that ten digits may mean: the years 2000 to 2100.
const EPOCH_SECONDS: std::ops::Range<i64> = 946_684_800..4_102_444_800;

/// The stream that a file belongs to, and where in it. Ordered by stream, within one from the oldest file to the youngest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rotated {
    /// The path of the current file, whether there is one or not.
    pub stream: String,
    /// Where in the stream.
    pub turn: Turn,
}

/// Where in its stream a file stands: what is dated comes before what is numbered, the current file last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Turn {
    /// What the date consists of, `20260101` first. What is not said is [`u64::MAX`]: the file of the day as such is
    /// younger than the day's file 3, and the current file, which has no date, younger than all.
    date: [u64; STAMP_NUMBERS],
    step: Step,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    /// `.3`, which was `.2` before.
    Number(Reverse<u16>),
    /// `.old`, of which there is one.
    Old,
    Current,
}

/// Tells stream and turn of the file at `path`, which may lie in an archive, as in `a.tar::var/log/x.log.2.gz`. A file that
/// is not rotated is the current one of a stream of its own name.
pub fn rotated(path: &str) -> Rotated {
    let behind = |mark: &str| path.rfind(mark).map_or(0, |at| at + mark.len());
    let (folder, name) = path.split_at(behind("/").max(behind("::")));
    let name =
        PACKED.iter().find_map(|ending| name.strip_suffix(ending)).filter(|rest| !rest.is_empty()).unwrap_or(name);
    // A date goes before a number: in `x.log.2026-01-01.2` that belongs to the day and grows with time.
    let dated_at_end = dated_tail(name).map(|(base, date)| (base.to_owned(), date, Step::Current));
    let (base, date, step) = dated_at_end.unwrap_or_else(|| {
        let (base, step) = stepped(name);
        let dated = dated_tail(base).map(|(base, date)| (base.to_owned(), date)).or_else(|| dated_stem(base));
        let (base, date) = dated.unwrap_or_else(|| (base.to_owned(), [u64::MAX; STAMP_NUMBERS]));
        (base, date, step)
    });
    Rotated { stream: format!("{folder}{base}"), turn: Turn { date, step } }
}

/// Takes `.1` or `.old` off the end of a name.
fn stepped(name: &str) -> (&str, Step) {
    if let Some(base) = name.strip_suffix(".old").filter(|base| !base.is_empty()) {
        return (base, Step::Old);
    }
    let numbered = name.rsplit_once('.').filter(|(base, digits)| {
        // What is counted has a name: 10.0.0.1 is not the first file of 10.0.0.
        let last = base.rsplit('.').next().unwrap_or(base);
        digits.len() <= NUMBER_DIGITS && last.bytes().any(|byte| byte.is_ascii_alphabetic())
    });
    let parsed = numbered.and_then(|(base, digits)| Some((base, whole_number(digits)?)));
    match parsed {
        Some((base, number)) => (base, Step::Number(Reverse(u16::try_from(number).unwrap_or(u16::MAX)))),
        None => (name, Step::Current),
    }
}

/// Takes the date out of `app-2026-01-01-1.log`.
fn dated_stem(name: &str) -> Option<(String, [u64; STAMP_NUMBERS])> {
    let (stem, extension) = name.rsplit_once('.')?;
    let (base, date) = dated_tail(stem).filter(|_| extension.starts_with(|first: char| first.is_ascii_alphabetic()))?;
    Some((format!("{base}.{extension}"), date))
}

/// Takes the date off the end of `x.log-20260101`; a name may be nothing but a date.
fn dated_tail(name: &str) -> Option<(&str, [u64; STAMP_NUMBERS])> {
    name.bytes().next_back().filter(u8::is_ascii_digit)?;
    let whole = stamp(name).map(|date| ("", date));
    let from = name.len().saturating_sub(STAMP_BYTES);
    let separators = name.bytes().enumerate().skip(from).filter(|(_, byte)| matches!(byte, b'-' | b'.' | b'_'));
    let mut behind = separators.filter_map(|(at, _)| Some((name.get(..at)?, stamp(name.get(at + 1..)?)?)));
    whole.or_else(|| behind.next())
}

/// Reads a text that is nothing but a date, perhaps with a time and a running number behind.
fn stamp(text: &str) -> Option<[u64; STAMP_NUMBERS]> {
    if text.len() > STAMP_BYTES {
        return None;
    }
    let mut numbers = [u64::MAX; STAMP_NUMBERS];
    let mut free = numbers.iter_mut();
    let (day, time, mut rest) = day(text)?;
    *free.next()? = day;
    if let Some(time) = time {
        *free.next()? = time;
    }
    while !rest.is_empty() {
        let behind = rest.strip_prefix(['-', '_', '.', 'T', ':'])?;
        let (digits, others) = split_digits(behind);
        *free.next()? = whole_number(digits).filter(|_| digits.len() <= STAMP_DIGITS)?;
        rest = others;
    }
    Some(numbers)
}

/// Reads the day that a text begins with, as `20260101`, and what follows it without a separator.
fn day(text: &str) -> Option<(u64, Option<u64>, &str)> {
    let (digits, rest) = split_digits(text);
    match digits.len() {
        4 => {
            let separator = rest.chars().next().filter(|sign| matches!(sign, '-' | '_' | '.'))?;
            let (month, rest) = split_digits(rest.strip_prefix(separator)?);
            let (day, rest) = split_digits(rest.strip_prefix(separator)?);
            let is_whole = month.len() == 2 && day.len() == 2;
            Some((calendar_day(digits, month, day).filter(|_| is_whole)?, None, rest))
        }
        8 | 10 | 12 | 14 => {
            let day = calendar_day(digits.get(..4)?, digits.get(4..6)?, digits.get(6..8)?);
            let time = whole_number(digits.get(8..)?);
            match day {
                Some(day) => Some((day, time, rest)),
                // logrotate's `%s`; as a day it would be one of the 10th to 19th century
                None if digits.len() == 10 => epoch_day(digits).map(|(day, seconds)| (day, Some(seconds), rest)),
                None => None,
            }
        }
        _ => None,
    }
}

fn calendar_day(year: &str, month: &str, day: &str) -> Option<u64> {
    let year: i16 = year.parse().ok()?;
    let date = Date::new(year, month.parse().ok()?, day.parse().ok()?).ok()?;
    YEARS.contains(&year).then(|| day_number(date))
}

fn epoch_day(digits: &str) -> Option<(u64, u64)> {
    let seconds: i64 = digits.parse().ok().filter(|seconds| EPOCH_SECONDS.contains(seconds))?;
    let date = Offset::UTC.to_datetime(Timestamp::from_second(seconds).ok()?).date();
    Some((day_number(date), seconds.unsigned_abs()))
}

fn day_number(date: Date) -> u64 {
    let part = |number: i16| u64::from(number.unsigned_abs());
    part(date.year()) * 10_000 + part(date.month().into()) * 100 + part(date.day().into())
}

fn split_digits(text: &str) -> (&str, &str) {
    text.split_at(text.bytes().take_while(u8::is_ascii_digit).count())
}

/// `None` where there is anything but digits, or nothing.
fn whole_number(digits: &str) -> Option<u64> {
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asserts that the names, given from oldest to youngest, are one stream in this order.
    #[track_caller]
    fn in_order(stream: &str, names: &[&str]) {
        for name in names {
            assert_eq!(rotated(name).stream, stream, "{name}");
        }
        for pair in names.windows(2) {
            assert!(rotated(pair[0]) < rotated(pair[1]), "{pair:?}");
        }
    }

    #[track_caller]
    fn alone(names: &[&str]) {
        for name in names {
            assert_eq!(rotated(name).stream, *name);
            assert_eq!(rotated(name).turn, rotated("x").turn, "{name}");
        }
    }

    #[test]
    fn numbers_grow_with_age() {
        in_order(
            "x.log",
            &["x.log.100.zst", "x.log.10.gz", "x.log.9.xz", "x.log.2.bz2", "x.log.1", "x.log.0", "x.log"],
        );
        in_order("messages", &["messages.2.lz4", "messages.1", "messages"]);
        in_order("0.log", &["0.log.20260101-130507.gz", "0.log.20260101-140507", "0.log"]);
        in_order("Xorg.0.log", &["Xorg.0.log.old", "Xorg.0.log"]);
    }

    #[test]
    fn dates_come_in_their_order_and_the_current_file_last() {
        in_order("x.log", &["x.log-20251231.gz", "x.log-20260101.gz", "x.log"]);
        in_order("x.log", &["x.log-20260101-1767225600.gz", "x.log-20260101-1767225601", "x.log-20260102", "x.log"]);
        in_order("x.log", &["x.log-2026010109", "x.log-2026010110.gz", "x.log-20260101", "x.log.1", "x.log"]);
        in_order("x.log", &["x.log-1767225600", "x.log-20260102", "x.log-1770000000", "x.log"]);
        in_order(
            "app.log",
            &["app.log.2025-12-31", "app.log.2026-01-01-12", "app.log.2026-01-01-13", "app.log.2026-01-01"],
        );
        in_order("app.log", &["app.log.2026-01-01_13-05", "app.log.2026-01-01_13-06.gz", "app.log"]);
        in_order("x.log", &["x-20260101.log.gz", "x-20260102.log", "x.log"]);
    }

    #[test]
    fn a_date_may_stand_before_the_extension_with_a_running_number() {
        in_order(
            "app.log",
            &["app-2026-01-01-1.log.gz", "app-2026-01-01-2.log.gz", "app-2026-01-01-10.log", "app.log"],
        );
        in_order("app.log", &["app.2026-01-01.0.log.gz", "app.2026-01-01.1.log", "app.2026-01-02.log", "app.log"]);
        in_order(
            "catalina.log",
            &["catalina.2026-01-01.log.2.gz", "catalina.2026-01-01.log.1", "catalina.2026-01-01.log"],
        );
        in_order("a.log", &["a-2026-01-01T13-05-07.122.log.gz", "a-2026-01-01T13-05-07.123.log", "a.log"]);
        in_order("x.log", &["x.log.2026-01-01.1", "x.log.2026-01-01.2", "x.log.2026-01-02.1.gz"]);
        in_order("logs/", &["logs/2026-01-01", "logs/2026-01-02.gz"]);
        in_order("logs/.log", &["logs/2026-01-01.log", "logs/2026-01-02.log"]);
    }

    #[test]
    fn a_stream_is_of_its_folder_and_archive() {
        in_order("a.tar::var/log/x.log", &["a.tar::var/log/x.log.2.gz", "a.tar::var/log/x.log"]);
        in_order("a.tar.1::x.log", &["a.tar.1::x.log.2.gz", "a.tar.1::x.log"]);
        assert_ne!(rotated("a.tar::x.log.1").stream, rotated("b.tar::x.log").stream);
        assert_ne!(rotated("one/x.log.1").stream, rotated("two/x.log").stream);
        assert_eq!(rotated("2026-01-01/x.log").stream, "2026-01-01/x.log");
    }

    #[test]
    fn what_only_looks_rotated_is_alone() {
        alone(&[
            "10.0.0.1",
            "app-1.2.3",
            "server.8080",
            "node-1.log",
            "x.log.",
            ".1",
            ".old",
            ".gz",
            "",
            "old",
            "x.bak",
        ]);
        alone(&[
            "x.log-20261301",
            "x.log-20260230",
            "x-00010101.log",
            "report-20260101-final.txt",
            "x.log-123",
            "x-2026.log",
        ]);
        alone(&[
            "x.log-2026-1-01",
            "x.log-99999999999999",
            "x-20260101-12345678901.log",
            "x@0005-0006.journal",
            "é-2026é-01",
        ]);
        alone(&["x-2026-01-01-1-2-3-4-5-6.log", "x-20260101-0000000001-0000000002-0000000003.log"]);
        in_order("python3", &["python3.11"]);
        in_order("libfoo.so", &["libfoo.so.1"]);
        in_order("report.txt", &["report-20260101.txt"]);
    }

    #[test]
    fn any_name_has_a_stream() {
        for name in
            ["é.1", "x.é-20260101", "::", "/", "a::b::", ".-20260101", "x.log.\u{661}", "-", "....1", "T.2026-01-01T"]
        {
            let Rotated { stream, .. } = rotated(name);
            assert!(stream.len() <= name.len(), "{name}");
        }
        let long = format!("{}.1", "-2026".repeat(100_000));
        assert!(rotated(&long).stream.len() >= long.len() - 2);
    }
}
