//! Formats of timestamps as `strptime` has them: `%d.%m.%Y %H:%M:%S`.
//!
//! A [`TimeFormat`] is checked when it is made: each of its directives can be read, and together they name a day. Where in a line
//! a timestamp stands, and which zone and year it is in when it does not say so, is known to `source`.

use std::ops::Range;

use jiff::Zoned;
use jiff::civil::{DateTime, date};
use jiff::fmt::strtime::{BrokenDownTime, format};
use jiff::tz::{Offset, TimeZone};

/// A format that can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeFormat {
    written: String,
}

/// A time that was read by a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadTime {
    /// As written, in the zone `offset` if there is one. Year 0 where the format has no year.
    pub time: DateTime,
    /// The zone that the text names.
    pub offset: Option<Offset>,
    /// Whether the format has a year.
    pub year_known: bool,
    /// Bytes of the text that were read.
    pub length: usize,
}

/// Why a format was refused, with the place inside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeFormatError {
    /// One sentence.
    pub message: String,
    /// Byte range in the format.
    pub range: Range<usize>,
    /// What to write instead.
    pub help: &'static str,
}

/// A time that every directive can write.
fn sample() -> Option<Zoned> {
    date(2026, 11, 22).at(13, 4, 5, 123_456_000).to_zoned(TimeZone::UTC).ok()
}

impl TimeFormat {
    /// Checks a format; the error says what is wrong where.
    pub fn new(written: &str) -> Result<Self, TimeFormatError> {
        for range in directives(written) {
            let directive = &written[range.clone()];
            if !is_readable(directive) {
                let help = "the directives are those of strptime, such as `%Y-%m-%d %H:%M:%S%.f %z`; \
                            `%%` is the percent sign";
                let message = format!("`{directive}` cannot be read in a timestamp");
                return Err(TimeFormatError { message, range, help });
            }
        }
        let refused =
            |message: &str, help| Err(TimeFormatError { message: message.to_owned(), range: 0..written.len(), help });
        let text = sample().and_then(|sample| format(written, &sample).ok()).unwrap_or_default();
        let Some(read) = broken_down(written, &text) else {
            return refused("a timestamp that this format writes cannot be read by it", "separate the directives");
        };
        let names_day = read.month().is_some() && read.day().is_some()
            || read.year().is_some() && read.day_of_year().is_some()
            || read.timestamp().is_some();
        if !names_day {
            return refused(
                "a timestamp of this format names no day",
                "it needs `%d` with `%m` or `%b`, or `%F`, or `%j` with `%Y`, or `%s`",
            );
        }
        let checked = Self { written: written.to_owned() };
        match checked.read(text.as_bytes()) {
            Some(_) => Ok(checked),
            None => refused(
                "the parts of a timestamp of this format make no time",
                "minutes need an hour, seconds need minutes",
            ),
        }
    }

    /// The format as written.
    pub fn written(&self) -> &str {
        &self.written
    }

    /// Reads the timestamp with which `text` begins. `None` when it does not begin with one.
    pub fn read(&self, text: &[u8]) -> Option<ReadTime> {
        let (mut parts, length) = BrokenDownTime::parse_prefix(&self.written, text).ok()?;
        let year_known = parts.year().is_some() || parts.timestamp().is_some();
        let named_zone = year_known && parts.iana_time_zone().is_some();
        let zoned = if named_zone { Some(parts.to_zoned().ok()?.timestamp()) } else { parts.timestamp() };
        if let Some(instant) = zoned {
            return Some(ReadTime {
                time: Offset::UTC.to_datetime(instant),
                offset: Some(Offset::UTC),
                year_known,
                length,
            });
        }
        if !year_known {
            // a leap year, so that 29 February is kept
            parts.set_year(Some(0)).ok()?;
            parts.set_weekday(None);
        }
        Some(ReadTime { time: parts.to_datetime().ok()?, offset: parts.offset(), year_known, length })
    }
}

/// Whether a directive can be written and read again.
fn is_readable(directive: &str) -> bool {
    let text = sample().and_then(|sample| format(directive, &sample).ok());
    text.is_some_and(|text| broken_down(directive, &text).is_some())
}

fn broken_down(format: &str, text: &str) -> Option<BrokenDownTime> {
    BrokenDownTime::parse(format, text).ok()
}

/// The ranges of the directives, from the percent sign to the letter.
fn directives(format: &str) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut at = 0;
    while let Some(start) = format[at..].find('%').map(|offset| at + offset) {
        let options = |c: char| c.is_ascii_digit() || "-_^#:.".contains(c);
        let letter = format[start + 1..].find(|c| !options(c)).map(|offset| start + 1 + offset);
        let end = letter.map_or(format.len(), |at| at + format[at..].chars().next().map_or(0, char::len_utf8));
        ranges.push(start..end);
        at = end;
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(format: &str, text: &str) -> Option<(String, Option<i32>, bool, usize)> {
        let read = TimeFormat::new(format).expect(format).read(text.as_bytes())?;
        Some((read.time.to_string(), read.offset.map(Offset::seconds), read.year_known, read.length))
    }

    #[test]
    fn what_the_text_says_is_read_and_no_more() {
        let told = |time: &str, offset, year_known, length| Some((time.to_owned(), offset, year_known, length));
        assert_eq!(read("%d.%m.%Y %H:%M:%S", "31.01.2026 09:08:07 ERROR"), told("2026-01-31T09:08:07", None, true, 19));
        assert_eq!(read("%Y%m%d-%H%M%S,%f", "20260131-090807,250"), told("2026-01-31T09:08:07.25", None, true, 19));
        assert_eq!(read("%F %T %z", "2026-01-31 09:08:07 +0200 x"), told("2026-01-31T09:08:07", Some(7200), true, 25));
        assert_eq!(read("%b %e %H:%M", "Feb 29 09:08 x"), told("0000-02-29T09:08:00", None, false, 12));
        assert_eq!(read("%s", "1700000000 x"), told("2023-11-14T22:13:20", Some(0), true, 10));
        assert_eq!(
            read("%F %T[%Q]", "2026-07-01 12:00:00[Europe/Berlin]"),
            told("2026-07-01T10:00:00", Some(0), true, 34)
        );
        assert_eq!(read("%d.%m.%Y", "2026-01-31"), None);
        assert_eq!(read("%d.%m.%Y", "31.02.2026"), None);
        assert_eq!(read("%d.%m.%Y", ""), None);
    }

    #[test]
    fn mistakes_are_placed_inside_the_format() {
        let refused = |format: &str| TimeFormat::new(format).expect_err(format).range;
        assert_eq!(refused("%d.%m.%Y %K:%M"), 9..11);
        assert_eq!(refused("%F %T %Z"), 6..8);
        assert_eq!(refused("%F %"), 3..4);
        assert_eq!(refused("%F %é"), 3..6);
        assert_eq!(refused("%H:%M:%S"), 0..8);
        assert_eq!(refused("%F %S"), 0..5);
        assert_eq!(refused(""), 0..0);
        assert_eq!(refused("no directive"), 0..12);
    }
}
