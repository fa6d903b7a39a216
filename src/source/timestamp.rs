//! Finds the timestamp in a line's header and reads it.
//!
//! [`find`] looks at each token start in the first columns, chooses by the number of digits or the letter there which
//! shapes may stand there, and takes the first whose values are a valid date and time. The shapes are put together
//! from what `cursor` reads; the result is a [`LogTime`]. A line without a stamp costs a look at its first columns.
//! Nothing is remembered from line to line (the caller may prefer one column), and time zones by name are not known.

mod cursor;
mod log_time;

use std::ops::Range;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;
use memchr::{memchr, memmem};

use self::cursor::Cursor;
pub use self::log_time::LogTime;

/// The last column (from 0) at which a timestamp may begin: in 14 of loghub's 16 systems all do, in one more behind a file's name. What stands further
/// right belongs to the message more often than to the header.
pub const MAX_COLUMN: usize = 24;

/// The last column at which a bare epoch, or the time of an access log, may begin: BGL and Thunderbird have it behind a category, HPC of loghub behind
/// four fields (55), access logs behind an IPv6 address or a virtual host.
pub const MAX_WIDE_COLUMN: usize = 64;

/// The years a log may be from. Others are a clock's default or a placeholder (`0001-01-01`, `9999-12-31`), and one of
/// them would make every age in its case wrong.
const YEARS: Range<i16> = 1970..2101;

/// Seconds since 1970 that a bare number may mean: the years 2000 to 2100. All have ten digits.
const EPOCH_SECONDS: Range<i64> = 946_684_800..4_102_444_800;

/// How much longer a file's name in front of a line may be than anything in the corpus (34): a path of some depth.
const MAX_FILE_NAME: usize = 160;

/// How many bytes of names, as in `Sun, Dec  4`, may come before a stamp's first digit.
const LONGEST_NAMES: usize = 12;

/// The letters that months, weekdays and klog's levels begin with.
const BEGINS_NAME: [bool; 256] = {
    let mut letters = [false; 256];
    let initials = b"JFMASONDTWIEjfmasond";
    let mut index = 0;
    while index < initials.len() {
        letters[initials[index] as usize] = true;
        index += 1;
    }
    letters
};

/// A timestamp and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// What it says.
    pub time: LogTime,
    /// The bytes of the line it takes up, its zone included; brackets around it and klog's letter are not.
    pub range: Range<usize>,
    /// How it is written.
    pub shape: Shape,
}

/// How a timestamp is written: the order of its parts. What separates them, and how fine it is, may differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Shape {
    /// `2024-01-02 03:04:05`, ISO 8601 and its relatives.
    YearFirst,
    /// `17/06/09 20:10:40`.
    ShortYear,
    /// `03-17 16:13:38.811`.
    MonthDay,
    /// `10/Oct/2000:13:55:36 -0700`, `2 Jan 2024 03:04:05`.
    DayMonthName,
    /// `Jun  9 06:06:20`.
    MonthNameFirst,
    /// `Sun Dec 04 04:47:44 2005`.
    WeekdayFirst,
    /// `I0102 15:04:05.000000`.
    Klog,
    /// `081109 203615`.
    SixDigits,
    /// `20171223-22:15:29:606`.
    EightDigits,
    /// Seconds or milliseconds since 1970, where nothing but a time can stand.
    Epoch,
    /// The same between other fields, where one line alone does not tell it from a count.
    BareEpoch,
    /// As a format in the settings says.
    Stated,
}

impl Shape {
    fn of(self, moment: Option<Moment>) -> Option<Stamp> {
        moment.map(|Moment { time, range }| Stamp { time, range, shape: self })
    }
}

/// A time and where it stands.
struct Moment {
    time: LogTime,
    range: Range<usize>,
}

/// Finds the first timestamp that begins at a token start within the first columns (up to [`MAX_COLUMN`]) of `line`.
/// The name of a log file in front, as `grep` and collectors put it there, does not count as columns.
///
/// Known are ISO 8601 and its relatives, syslog, Apache's error and access logs, log4j, logcat, klog, the short forms
/// of Hadoop and MySQL, and epoch seconds and milliseconds. `None` if there is none: a date without a time, a time
/// without a date or any other number is not a timestamp.
pub fn find(line: &[u8]) -> Option<Stamp> {
    find_between(line, 0..MAX_COLUMN + 1).or_else(|| find_behind_file_name(line))
}

/// Finds the first field of a line, up to [`MAX_WIDE_COLUMN`], that is a timestamp of a shape which stands so far right in some logs: behind
/// host names in access logs, behind other fields as epoch seconds. Only where many lines agree is it one.
pub(super) fn find_wide(line: &[u8]) -> Option<Stamp> {
    (0..line.len().min(MAX_WIDE_COLUMN + 1)).find_map(|at| {
        let begins_field = at.checked_sub(1).is_none_or(|before| matches!(line[before], b' ' | b'\t' | b'['));
        let wide = |stamp: &Stamp| matches!(stamp.shape, Shape::BareEpoch | Shape::DayMonthName);
        if begins_field && line[at].is_ascii_digit() { at_column(line, at, true).filter(wide) } else { None }
    })
}

/// Reads the timestamp that begins at `at`; with `bare` also a number that is one only by its value.
pub(super) fn at_column(line: &[u8], at: usize, bare: bool) -> Option<Stamp> {
    let here = *line.get(at)?;
    if !here.is_ascii_digit() && !BEGINS_NAME[usize::from(here)] {
        return None;
    }
    let border = Border::before(line, at)?;
    let cursor = Cursor { line, at };
    let found = match here.is_ascii_digit() {
        true if bare && matches!(cursor.digits_ahead(), 10 | 13) => Shape::BareEpoch.of(epoch_value(cursor, at)),
        true => numeric(cursor, border),
        false => named(cursor),
    };
    found.filter(|stamp| border == Border::Clear || stamp.time.year_known())
}

/// Finds the timestamp right behind a log file's name at the line's start.
pub(super) fn find_behind_file_name(line: &[u8]) -> Option<Stamp> {
    find_between(line, behind_file_name(line)?)
}

/// Finds the first timestamp that begins at one of `columns`.
fn find_between(line: &[u8], columns: Range<usize>) -> Option<Stamp> {
    let reach = line.len().min(columns.end + LONGEST_NAMES);
    if !line.get(columns.start..reach)?.iter().any(u8::is_ascii_digit) {
        return None;
    }
    (columns.start..line.len().min(columns.end)).find_map(|at| at_column(line, at, false))
}

/// Gives the columns right behind a log file's name at the line's start: `app.log:2024-…`, `app.log.1 2024-…`.
fn behind_file_name(line: &[u8]) -> Option<Range<usize>> {
    let head = &line[..line.len().min(MAX_FILE_NAME)];
    let token = memchr(b' ', head).unwrap_or(head.len());
    let suffix = memmem::find(&head[..token], b".log")?;
    Some(suffix + b".log".len()..token + 2)
}

/// What separates a token from the text before it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Border {
    /// The line's start, a blank, a bracket: any shape may stand here.
    Clear,
    /// A key's `=` or a file name's `:`: only a shape with a year may stand here.
    Joined,
}

impl Border {
    /// Says how the token at `at` is separated. `None` if it is not: then `at` is inside a word or a number.
    fn before(line: &[u8], at: usize) -> Option<Self> {
        match at.checked_sub(1).map(|before| line[before]) {
            None | Some(b' ' | b'\t' | b'[' | b'(' | b'<' | b'{' | b'>' | b']' | b'|' | b'"' | b'\'' | b'*') => {
                Some(Self::Clear)
            }
            Some(b'=' | b':' | b',' | b';') => Some(Self::Joined),
            Some(_) => None,
        }
    }
}

/// Reads a stamp that begins with a digit. How many digits there are decides what they can be.
fn numeric(cursor: Cursor<'_>, border: Border) -> Option<Stamp> {
    match cursor.digits_ahead() {
        1 => Shape::DayMonthName.of(day_month_name(cursor)),
        2 => Shape::DayMonthName
            .of(day_month_name(cursor))
            .or_else(|| Shape::ShortYear.of(short_year(cursor)))
            .or_else(|| Shape::MonthDay.of(month_day(cursor))),
        4 => Shape::YearFirst.of(year_first(cursor)),
        6 => Shape::SixDigits.of(six_digit_date(cursor)),
        8 => Shape::EightDigits.of(eight_digit_date(cursor)),
        10 | 13 => Shape::Epoch.of(epoch(cursor, border)),
        _ => None,
    }
}

/// Reads a stamp that begins with a letter: a month, a weekday or klog's level.
fn named(cursor: Cursor<'_>) -> Option<Stamp> {
    Shape::MonthNameFirst
        .of(month_name_first(cursor, cursor.at, false))
        .or_else(|| Shape::WeekdayFirst.of(weekday_first(cursor)))
        .or_else(|| Shape::Klog.of(klog(cursor)))
}

/// `2024-01-02T03:04:05.678+01:00`, `2024/01/02 03:04:05`, `2024.01.02_03:04:05`, `2024-01-02-03.04.05.678`.
fn year_first(mut cursor: Cursor<'_>) -> Option<Moment> {
    let start = cursor.at;
    let year = cursor.year()?;
    let separator = cursor.expect_any(b"-/.")?;
    let month = cursor.pair()?;
    cursor.expect(separator)?;
    let date = known_date(year, month, cursor.pair()?)?;
    let clock_separator = match cursor.expect_any(b" T_-t:,")? {
        b' ' | b',' => {
            let _ = cursor.expect(b' ');
            b':'
        }
        // DB2 and Blue Gene write `2024-01-02-03.04.05`.
        b'-' if cursor.rest().get(2) == Some(&b'.') => b'.',
        _ => b':',
    };
    let time = cursor.clock(clock_separator)?;
    zoned(cursor, start, date.to_datetime(time))
}

/// `17/06/09 20:10:40`: year, month, day.
fn short_year(mut cursor: Cursor<'_>) -> Option<Moment> {
    let start = cursor.at;
    let year = century(cursor.two()?);
    cursor.expect(b'/')?;
    let month = cursor.two()?;
    cursor.expect(b'/')?;
    let date = known_date(year, month, cursor.two()?)?;
    cursor.blanks()?;
    let time = cursor.clock(b':')?;
    zoned(cursor, start, date.to_datetime(time))
}

/// `03-17 16:13:38.811`, `10.30 16:49:06`: month, day, no year.
fn month_day(mut cursor: Cursor<'_>) -> Option<Moment> {
    let start = cursor.at;
    let month = cursor.two()?;
    cursor.expect_any(b"-./")?;
    let day = cursor.two()?;
    cursor.blanks()?;
    let time = cursor.clock(b':')?;
    yearless(cursor, start, month, day, time)
}

/// `10/Oct/2000:13:55:36 -0700`, `02-Jan-2024 03:04:05.123`, `2 Jan 2024 03:04:05`, `14 Nov 07:01:22`.
fn day_month_name(cursor: Cursor<'_>) -> Option<Moment> {
    day_month_name_from(cursor, cursor.at)
}

/// Reads what [`day_month_name`] does, as part of a stamp that began at `start`.
fn day_month_name_from(mut cursor: Cursor<'_>, start: usize) -> Option<Moment> {
    let day = cursor.pair()?;
    let separator = cursor.expect_any(b"/- ")?;
    let month = cursor.month_name()?;
    cursor.expect(separator)?;
    if cursor.digits_ahead() != 4 {
        let time = cursor.clock(b':').filter(|_| separator == b' ')?;
        return yearless(cursor, start, month, day, time);
    }
    let date = known_date(cursor.year()?, month, day)?;
    cursor.expect_any(b" :T")?;
    let time = cursor.clock(b':')?;
    zoned(cursor, start, date.to_datetime(time))
}

/// `Jun  9 06:06:20`, `Jun 9 2024 06:06:20`, `Jun 09, 2024 6:06:20 AM`; after a weekday the year may come last.
fn month_name_first(mut cursor: Cursor<'_>, start: usize, after_weekday: bool) -> Option<Moment> {
    let month = cursor.month_name()?;
    cursor.blanks()?;
    let day = cursor.pair()?;
    let _ = cursor.expect(b',');
    cursor.blanks()?;
    if cursor.digits_ahead() == 4 {
        let date = known_date(cursor.year()?, month, day)?;
        let _ = cursor.expect(b',');
        cursor.blanks()?;
        let time = cursor.clock(b':')?;
        return zoned(cursor, start, date.to_datetime(time));
    }
    let time = cursor.clock(b':')?;
    if after_weekday && let Some((year, offset, end)) = year_last(cursor) {
        let date = known_date(year, month, day)?;
        return stamp(cursor.line, start..end, LogTime::new(date.to_datetime(time), offset)?);
    }
    yearless(cursor, start, month, day, time)
}

/// Reads ` 2005` or ` UTC 2005`: year, zone, and where it ends. Unknown zone names are passed over.
fn year_last(mut cursor: Cursor<'_>) -> Option<(i16, Option<Offset>, usize)> {
    let offset = cursor.zone();
    cursor.expect(b' ')?;
    let letters = cursor.rest().iter().take_while(|byte| byte.is_ascii_uppercase()).count();
    if matches!(letters, 3..=5) {
        cursor.at += letters;
        cursor.expect(b' ')?;
    }
    (cursor.digits_ahead() == 4).then_some(())?;
    Some((cursor.year()?, offset, cursor.at))
}

/// `Sun Dec 04 04:47:44.123456 2005`, `Sun, 04 Dec 2005 04:47:44 +0000`.
fn weekday_first(mut cursor: Cursor<'_>) -> Option<Moment> {
    let start = cursor.at;
    cursor.weekday_name()?;
    let _ = cursor.expect(b',');
    cursor.blanks()?;
    month_name_first(cursor, start, true).or_else(|| day_month_name_from(cursor, start))
}

/// `I0102 15:04:05.000000` and, as newer versions write it, `I20240102 15:04:05.000000`.
fn klog(mut cursor: Cursor<'_>) -> Option<Moment> {
    cursor.expect_any(b"IWEF")?;
    let start = cursor.at;
    let year = match cursor.digits_ahead() {
        4 => None,
        8 => Some(cursor.year()?),
        _ => return None,
    };
    let (month, day) = (cursor.two()?, cursor.two()?);
    cursor.blanks()?;
    let time = cursor.clock(b':')?;
    match year {
        Some(year) => zoned(cursor, start, known_date(year, month, day)?.to_datetime(time)),
        None => yearless(cursor, start, month, day, time),
    }
}

/// `081109 203615` (HDFS, only where a line begins: elsewhere it is two numbers) and `081109  2:36:15` (MySQL).
fn six_digit_date(mut cursor: Cursor<'_>) -> Option<Moment> {
    let start = cursor.at;
    let year = century(cursor.two()?);
    let date = known_date(year, cursor.two()?, cursor.two()?)?;
    cursor.blanks()?;
    let time = match cursor.digits_ahead() {
        6 if start <= 1 => cursor.compact_clock()?,
        _ => cursor.clock(b':')?,
    };
    zoned(cursor, start, date.to_datetime(time))
}

/// `20171223-22:15:29:606`, `20240102 03:04:05`, `20240102T030405Z`.
fn eight_digit_date(mut cursor: Cursor<'_>) -> Option<Moment> {
    let start = cursor.at;
    let year = cursor.year()?;
    let date = known_date(year, cursor.two()?, cursor.two()?)?;
    let joined = cursor.expect_any(b"-T_ ")? != b' ';
    let time = match cursor.digits_ahead() {
        6 if joined => cursor.compact_clock()?,
        _ => cursor.clock(b':')?,
    };
    zoned(cursor, start, date.to_datetime(time))
}

/// `1117838570`, `1700000000.123`, `1700000000123`, where a number of that size is a time and not a count.
fn epoch(cursor: Cursor<'_>, border: Border) -> Option<Moment> {
    let start = cursor.at;
    if !epoch_may_stand_after(&cursor.line[..start], border) {
        return None;
    }
    epoch_value(cursor, start)
}

/// Reads a bare number that is a time if its value is one, whatever stands before it.
fn epoch_value(mut cursor: Cursor<'_>, start: usize) -> Option<Moment> {
    let milliseconds = cursor.digits_ahead() == 13;
    let seconds = cursor.fixed(10)?;
    EPOCH_SECONDS.contains(&seconds).then_some(())?;
    let nanosecond = match milliseconds {
        true => i32::try_from(cursor.fixed(3)? * 1_000_000).ok()?,
        false if cursor.peek() == Some(b'.') => cursor.fraction(),
        false => 0,
    };
    stamp(cursor.line, start..cursor.at, LogTime::from(Timestamp::new(seconds, nanosecond).ok()?))
}

/// Says whether a bare number after `before` may be a time: at the line's start, in brackets, after a category of
/// capitals or a dash (`- 1117838570`), and after a key that says so.
fn epoch_may_stand_after(before: &[u8], border: Border) -> bool {
    const KEYS: [&[u8]; 3] = [b"ts", b"time", b"timestamp"];
    match (before, border) {
        ([], _) | ([.., b'[' | b'('], _) => true,
        ([category @ .., b' '], Border::Clear) => {
            category == b"-" || category.iter().all(|byte| byte.is_ascii_uppercase() || *byte == b'_')
        }
        ([key @ .., b'=' | b':'], Border::Joined) => {
            let key = key.strip_suffix(b"\"").unwrap_or(key);
            let word = key.iter().rposition(|byte| !byte.is_ascii_alphabetic()).map_or(0, |other| other + 1);
            KEYS.contains(&&key[word..])
        }
        _ => false,
    }
}

/// Gives the year that two digits mean: 1970 to 2069.
fn century(year: i8) -> i16 {
    i16::from(year) + if year < 70 { 2000 } else { 1900 }
}

/// Makes a date with a year that a log may have.
fn known_date(year: i16, month: i8, day: i8) -> Option<Date> {
    YEARS.contains(&year).then(|| Date::new(year, month, day).ok())?
}

/// Completes a stamp whose date and time end at the cursor, with the zone that may follow.
fn zoned(mut cursor: Cursor<'_>, start: usize, time: DateTime) -> Option<Moment> {
    let offset = cursor.zone();
    stamp(cursor.line, start..cursor.at, LogTime::new(time, offset)?)
}

/// Completes a stamp without a year that ends at the cursor.
fn yearless(cursor: Cursor<'_>, start: usize, month: i8, day: i8, time: Time) -> Option<Moment> {
    let date = Date::new(0, month, day).ok()?;
    stamp(cursor.line, start..cursor.at, LogTime::without_year(date.to_datetime(time)))
}

/// Completes a stamp, if what follows it is not more of the same word: `20240102-030405.log` is a file.
fn stamp(line: &[u8], range: Range<usize>, time: LogTime) -> Option<Moment> {
    let part_of_word = match line.get(range.end..).unwrap_or_default() {
        [b'.', next, ..] => next.is_ascii_alphanumeric(),
        [next, ..] => next.is_ascii_alphanumeric() || matches!(next, b'_' | b'/' | b'\\'),
        [] => false,
    };
    (!part_of_word).then_some(Moment { time, range })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What is found in `line`: the text of the stamp and its time as people see it.
    fn found(line: &str) -> Option<(String, String)> {
        find(line.as_bytes()).map(|stamp| (line[stamp.range].to_owned(), stamp.time.to_string()))
    }

    #[track_caller]
    fn assert_found(line: &str, text: &str, time: &str) {
        assert_eq!(found(line), Some((text.to_owned(), time.to_owned())), "{line}");
    }

    #[test]
    fn iso_and_its_relatives() {
        for (text, time) in [
            ("2024-01-02T03:04:05Z", "2024-01-02 03:04:05"),
            ("2024-01-02T03:04:05.678Z", "2024-01-02 03:04:05.678"),
            ("2024-01-02T03:04:05.678901234+01:00", "2024-01-02 02:04:05.678"),
            ("2024-01-02T03:04:05,678-0730", "2024-01-02 10:34:05.678"),
            ("2024-01-01T00:30:00+01", "2023-12-31 23:30:00"),
            ("2024-01-02 03:04:05", "2024-01-02 03:04:05"),
            ("2024-01-02 03:04:05 +0000", "2024-01-02 03:04:05"),
            ("2024-01-02 03:04:05.100 UTC", "2024-01-02 03:04:05.100"),
            ("2024-01-02_03:04:05", "2024-01-02 03:04:05"),
            ("2024-01-02-03:04:05", "2024-01-02 03:04:05"),
            ("2024-01-02-03.04.05.678901", "2024-01-02 03:04:05.678"),
            ("2024/01/02 03:04:05", "2024-01-02 03:04:05"),
            ("2024.01.02 03:04:05", "2024-01-02 03:04:05"),
            ("2015-10-18 18:01:47,978", "2015-10-18 18:01:47.978"),
            ("20171223-22:15:29:606", "2017-12-23 22:15:29.606"),
            ("20171224-0:28:0:83", "2017-12-24 00:28:00.083"),
            ("20240102T030405Z", "2024-01-02 03:04:05"),
        ] {
            assert_found(text, text, time);
            assert_found(&format!("{text} INFO started"), text, time);
            assert_found(&format!("[{text}] started"), text, time);
            assert_found(&format!("{text}|started"), text, time);
        }
        assert_found("2016-09-28 04:30:30, Info   CBS", "2016-09-28 04:30:30", "2016-09-28 04:30:30");
        assert_found("2024-01-02 03:04:05.678 CET [1] LOG:", "2024-01-02 03:04:05.678", "2024-01-02 03:04:05.678");
        assert_found("2024-01-02 03:04:05 - app - up", "2024-01-02 03:04:05", "2024-01-02 03:04:05");
    }

    #[test]
    fn month_names() {
        for (text, time) in [
            ("Jun  9 06:06:20", "06-09 06:06:20"),
            ("Jun 19 06:06:20.123", "06-19 06:06:20.123"),
            ("Feb 29 06:06:20", "02-29 06:06:20"),
            ("Jun 9 2024 06:06:20", "2024-06-09 06:06:20"),
            ("Jun 09, 2024 6:06:20 PM", "2024-06-09 18:06:20"),
            ("Sun Dec 04 04:47:44 2005", "2005-12-04 04:47:44"),
            ("Sun Dec 04 04:47:44.123456 2005", "2005-12-04 04:47:44.123"),
            ("Sun Dec  4 04:47:44 UTC 2005", "2005-12-04 04:47:44"),
            ("Sun Dec  4 04:47:44 CEST 2005", "2005-12-04 04:47:44"),
            ("Sun, 04 Dec 2005 04:47:44 +0100", "2005-12-04 03:47:44"),
            ("10/Oct/2000:13:55:36 -0700", "2000-10-10 20:55:36"),
            ("02/Jan/2024 03:04:05", "2024-01-02 03:04:05"),
            ("02-Jan-2024 03:04:05.123", "2024-01-02 03:04:05.123"),
            ("2 Jan 2024 03:04:05", "2024-01-02 03:04:05"),
            ("14 Nov 07:01:22.119", "11-14 07:01:22.119"),
        ] {
            assert_found(text, text, time);
            assert_found(&format!("[{text}] [error] x"), text, time);
        }
        assert_found("Jun  9 06:06:20 2024 sshd: x", "Jun  9 06:06:20", "06-09 06:06:20");
        assert_found(
            "192.0.2.7 - - [10/Oct/2000:13:55:36 -0700] \"GET /\"",
            "10/Oct/2000:13:55:36 -0700",
            "2000-10-10 20:55:36",
        );
        assert_found("<34>Oct 11 22:14:15 host su: x", "Oct 11 22:14:15", "10-11 22:14:15");
        assert_found("<34>1 2003-10-11T22:14:15.003Z host", "2003-10-11T22:14:15.003Z", "2003-10-11 22:14:15.003");
    }

    #[test]
    fn short_forms() {
        for (text, time) in [
            ("17/06/09 20:10:40", "2017-06-09 20:10:40"),
            ("081109 203615", "2008-11-09 20:36:15"),
            ("081109  2:36:15", "2008-11-09 02:36:15"),
            ("03-17 16:13:38.811", "03-17 16:13:38.811"),
            ("10.30 16:49:06", "10-30 16:49:06"),
        ] {
            assert_found(&format!("{text} 148 x"), text, time);
            assert_found(&format!("[{text}] x"), text, time);
        }
    }

    #[test]
    fn klog_without_its_letter() {
        assert_found("I0102 15:04:05.000000       1 main.go:7] up", "0102 15:04:05.000000", "01-02 15:04:05");
        assert_found("E20240102 15:04:05.250000 7 a.cc:7] up", "20240102 15:04:05.250000", "2024-01-02 15:04:05.250");
        assert_eq!(found("X0102 15:04:05.000000 up"), None);
    }

    #[test]
    fn epoch_seconds_and_milliseconds() {
        for (line, text, time) in [
            ("1117838570 up", "1117838570", "2005-06-03 22:42:50"),
            ("1700000000.123    45 192.0.2.7", "1700000000.123", "2023-11-14 22:13:20.123"),
            ("1700000000123 up", "1700000000123", "2023-11-14 22:13:20.123"),
            ("- 1117838570 2005.06.03 node7", "1117838570", "2005-06-03 22:42:50"),
            ("KERNDTLB 1117838570 2005.06.03 node7", "1117838570", "2005-06-03 22:42:50"),
            ("[1700000000] HOST ALERT: x", "1700000000", "2023-11-14 22:13:20"),
            ("<warn>  [1700000000.1230] dhcp: x", "1700000000.1230", "2023-11-14 22:13:20.123"),
            ("{\"ts\":1700000000.5,\"msg\":\"x\"}", "1700000000.5", "2023-11-14 22:13:20.500"),
            ("ts=1700000000 level=info", "1700000000", "2023-11-14 22:13:20"),
        ] {
            assert_found(line, text, time);
        }
    }

    #[test]
    fn stamps_of_key_value_lines_and_grep() {
        assert_found("time=\"2024-01-02T03:04:05Z\" level=info", "2024-01-02T03:04:05Z", "2024-01-02 03:04:05");
        assert_found("time=2024-01-02T03:04:05Z level=info", "2024-01-02T03:04:05Z", "2024-01-02 03:04:05");
        assert_found("app.log:2024-01-02 03:04:05 up", "2024-01-02 03:04:05", "2024-01-02 03:04:05");
    }

    #[test]
    fn other_numbers_are_no_timestamps() {
        for line in [
            "",
            "12345 started",
            "12:30:45 started",
            "[12:30:45] started",
            "192.168.10.30 16 up",
            "10.30.16.49 up",
            "10.30.16.49:8080 up",
            "1.2.3-4 released",
            "2024-01-02 backup done",
            "2024 01 02 03 04 05",
            "wrote 1700000000 bytes",
            "size=1700000000",
            "0123456789",
            "9999999999",
            "17000000001",
            "1700000000abc",
            "block 101112 101112 freed",
            "May I come in",
            "Mon ami",
            "20240102-030405.log rotated",
            "nova.log.1.2017-05-16_13:53:08",
            "nova.log.1.2017-05-16_13:53:08 up",
            "x2024-01-02 03:04:05",
            "2024-01-02 03:04:05x",
            "    at com.example.Main.main(Main.java:12)",
            "\u{fc}\u{e4}\u{2028} 1",
        ] {
            assert_eq!(found(line), None, "{line}");
        }
    }

    #[test]
    fn values_must_be_dates_and_times() {
        for line in [
            "2024-13-02 03:04:05",
            "2024-00-02 03:04:05",
            "2023-02-29 03:04:05",
            "2024-01-02 24:04:05",
            "2024-01-02 03:60:05",
            "2024-01-02 03:04:61",
            "0001-01-01T00:00:00Z",
            "9999-12-31T23:59:59Z",
            "Jun 31 06:06:20",
            "10/Okt/2000:13:55:36",
            "17/13/09 20:10:40",
            "081309 203615",
            "13-17 16:13:38.811",
            "I1302 15:04:05.000000",
        ] {
            assert_eq!(found(line), None, "{line}");
        }
    }

    #[test]
    fn only_the_first_columns_count() {
        let at = |column: usize| find(format!("{} 2024-01-02 03:04:05", "x".repeat(column - 1)).as_bytes());
        assert!(at(MAX_COLUMN).is_some());
        assert!(at(MAX_COLUMN + 1).is_none());
    }

    #[test]
    fn a_log_files_name_in_front_does_not_count() {
        let stamp = "2024-01-02 03:04:05.678";
        for name in [
            "app-api-controller.log.1.2024-01-02_13:53:08 ",
            "/var/log/app/controller-7/app.log:",
            "/var/log/app/controller.log-20240102.gz:",
        ] {
            assert_found(&format!("{name}{stamp} 25746 INFO x"), stamp, stamp);
        }
        assert_eq!(found("the file controller.log is from 2024-01-02 03:04:05"), None);
        assert_eq!(found("/var/log/app/controller/catalogue.log says 2024-01-02 03:04:05"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_harm(line in proptest::collection::vec(any::<u8>(), 0..80)) {
            if let Some(stamp) = find(&line) {
                prop_assert!(stamp.range.start <= MAX_FILE_NAME + 2 && stamp.range.end <= line.len());
            }
        }

        #[test]
        fn nearly_stamps_are_read_without_harm(line in "[0-9IESDJu:./ T+Z-]{0,40}") {
            if let Some(stamp) = find(line.as_bytes()) {
                prop_assert!(stamp.range.end <= line.len() && !stamp.range.is_empty());
                let _ = stamp.time.with_year_from(Some(Timestamp::MAX));
                let _ = stamp.time.with_year_from(Some(Timestamp::MIN));
            }
        }

        #[test]
        fn every_second_is_read_back(seconds in EPOCH_SECONDS) {
            let time = LogTime::from(Timestamp::from_second(seconds).unwrap());
            let read = find(time.to_string().as_bytes()).map(|stamp| stamp.time);
            prop_assert_eq!(read.map(|read| read.timestamp()), Some(time.timestamp()));
        }
    }
}
