//! Reads the parts that timestamps are made of, one after the other: numbers, names, times of day, zones.
//!
//! Each reader returns `None` when the text at the cursor is something else; the cursor may then stand anywhere,
//! so a caller with another idea begins again from a copy. Which parts in which order make a stamp is `super`'s.

use jiff::civil::Time;
use jiff::tz::Offset;

/// Nanoseconds in a unit of a fraction with so many digits (index 1 to 9).
const FRACTION_UNIT: [i32; 10] = [0, 100_000_000, 10_000_000, 1_000_000, 100_000, 10_000, 1_000, 100, 10, 1];

/// A place in a line: `at` is a byte offset, perhaps the line's end.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    pub(super) line: &'a [u8],
    pub(super) at: usize,
}

impl<'a> Cursor<'a> {
    /// Gives the text from the cursor on.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.line.get(self.at..).unwrap_or_default()
    }

    /// Gives the byte at the cursor, without moving.
    pub(super) fn peek(&self) -> Option<u8> {
        self.line.get(self.at).copied()
    }

    /// Counts the digits at the cursor, without moving.
    pub(super) fn digits_ahead(&self) -> usize {
        self.rest().iter().take_while(|byte| byte.is_ascii_digit()).count()
    }

    /// Moves past `byte`.
    pub(super) fn expect(&mut self, byte: u8) -> Option<()> {
        self.expect_any(&[byte]).map(|_| ())
    }

    /// Moves past one of `bytes` and says which.
    pub(super) fn expect_any(&mut self, bytes: &[u8]) -> Option<u8> {
        let byte = self.peek().filter(|byte| bytes.contains(byte))?;
        self.at += 1;
        Some(byte)
    }

    /// Moves past one blank or two: fields are padded to two columns.
    pub(super) fn blanks(&mut self) -> Option<()> {
        self.expect(b' ')?;
        let _ = self.expect(b' ');
        Some(())
    }

    /// Reads a number of exactly `count` digits; more digits may follow.
    pub(super) fn fixed(&mut self, count: usize) -> Option<i64> {
        let digits = self.rest().get(..count)?;
        let mut value = 0;
        for digit in digits {
            if !digit.is_ascii_digit() {
                return None;
            }
            value = value * 10 + i64::from(digit - b'0');
        }
        self.at += count;
        Some(value)
    }

    /// Reads a number of one or two digits.
    pub(super) fn pair(&mut self) -> Option<i8> {
        match self.digits_ahead() {
            count @ 1..=2 => self.fixed(count).and_then(|value| i8::try_from(value).ok()),
            _ => None,
        }
    }

    /// Reads a number of exactly two digits; more digits may follow.
    pub(super) fn two(&mut self) -> Option<i8> {
        self.fixed(2).and_then(|value| i8::try_from(value).ok())
    }

    /// Reads a year of four digits.
    pub(super) fn year(&mut self) -> Option<i16> {
        self.fixed(4).and_then(|value| i16::try_from(value).ok())
    }

    /// Reads an English month's first three letters, in the case logs use: `Jan`, `JAN`, `jan`.
    pub(super) fn month_name(&mut self) -> Option<i8> {
        let name: [u8; 3] = self.rest().get(..3)?.try_into().ok()?;
        let month = match &name.map(|byte| byte.to_ascii_lowercase()) {
            b"jan" => 1,
            b"feb" => 2,
            b"mar" => 3,
            b"apr" => 4,
            b"may" => 5,
            b"jun" => 6,
            b"jul" => 7,
            b"aug" => 8,
            b"sep" => 9,
            b"oct" => 10,
            b"nov" => 11,
            b"dec" => 12,
            _ => return None,
        };
        self.at += 3;
        Some(month)
    }

    /// Moves past an English weekday's first three letters.
    pub(super) fn weekday_name(&mut self) -> Option<()> {
        const NAMES: [&[u8]; 7] = [b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"];
        NAMES.contains(&self.rest().get(..3)?).then(|| self.at += 3)
    }

    /// Reads a time of day to the second with `separator` between its numbers, a fraction and `AM` or `PM` if there.
    pub(super) fn clock(&mut self, separator: u8) -> Option<Time> {
        let hour = self.pair()?;
        self.expect(separator)?;
        let minute = self.pair()?;
        self.expect(separator)?;
        let second = self.pair()?;
        let nanosecond = self.fraction();
        let hour = self.half_day(hour)?;
        time_of_day(hour, minute, second, nanosecond)
    }

    /// Reads a time of day as six digits, with a fraction if there.
    pub(super) fn compact_clock(&mut self) -> Option<Time> {
        let (hour, minute, second) = (self.two()?, self.two()?, self.two()?);
        time_of_day(hour, minute, second, self.fraction())
    }

    /// Reads a fraction of a second, in nanoseconds: `.123456`, `,123`, or `:7` for seven milliseconds; 0 if there is none.
    pub(super) fn fraction(&mut self) -> i32 {
        let mut ahead = *self;
        let Some(separator) = ahead.expect_any(b".,:") else {
            return 0;
        };
        let unit = match (separator, ahead.digits_ahead()) {
            // After a colon stands a count, written without leading zeros: `:7` is 7 ms.
            (b':', 1..=3) => 1_000_000,
            (b'.' | b',', count @ 1..=9) => FRACTION_UNIT[count],
            _ => return 0,
        };
        let Some(value) = ahead.fixed(ahead.digits_ahead()).and_then(|value| i32::try_from(value).ok()) else {
            return 0;
        };
        self.at = ahead.at;
        value * unit
    }

    /// Turns an hour of a twelve-hour clock into one of the day if `AM` or `PM` follows. `None` for `13 PM`.
    fn half_day(&mut self, hour: i8) -> Option<i8> {
        let mut ahead = *self;
        let _ = ahead.expect(b' ');
        let after_noon = match ahead.rest() {
            [b'A' | b'a', b'M' | b'm', ..] => false,
            [b'P' | b'p', b'M' | b'm', ..] => true,
            _ => return Some(hour),
        };
        ahead.at += 2;
        if ahead.peek().is_some_and(|byte| byte.is_ascii_alphanumeric()) {
            return Some(hour);
        }
        self.at = ahead.at;
        (1..=12).contains(&hour).then_some(hour % 12 + if after_noon { 12 } else { 0 })
    }

    /// Reads a zone: `Z`, `+01:00`, `+0100`, `+01`; after a blank `+01:00`, `+0100`, `UTC`, `GMT`.
    /// `None`, and no move, if there is none or it is a name that only a time-zone database could explain.
    pub(super) fn zone(&mut self) -> Option<Offset> {
        let mut ahead = *self;
        let blank = ahead.expect(b' ').is_some();
        let offset = match ahead.peek()? {
            b'Z' | b'z' => {
                ahead.at += 1;
                Offset::UTC
            }
            b'U' | b'G' if ahead.rest().starts_with(b"UTC") || ahead.rest().starts_with(b"GMT") => {
                ahead.at += 3;
                Offset::UTC
            }
            b'+' | b'-' => ahead.numeric_zone(blank)?,
            _ => return None,
        };
        if ahead.peek().is_some_and(|byte| byte.is_ascii_alphanumeric()) {
            return None;
        }
        self.at = ahead.at;
        Some(offset)
    }

    /// Reads `+01:00`, `+0100` or, unless `minutes_required`, `+01`.
    fn numeric_zone(&mut self, minutes_required: bool) -> Option<Offset> {
        let sign = if self.expect_any(b"+-")? == b'-' { -1 } else { 1 };
        let hours = self.two()?;
        let mut ahead = *self;
        let _ = ahead.expect(b':');
        let minutes = match ahead.two() {
            Some(minutes) => {
                self.at = ahead.at;
                minutes
            }
            None if minutes_required => return None,
            None => 0,
        };
        // No zone is further from UTC than 14 hours, and all are at quarters of an hour; other numbers mean something else.
        (hours <= 14 && matches!(minutes, 0 | 15 | 30 | 45)).then_some(())?;
        Offset::from_seconds(sign * (i32::from(hours) * 3_600 + i32::from(minutes) * 60)).ok()
    }
}

/// Makes a time of day. `None` if a number is out of range; a leap second counts as the second before it.
fn time_of_day(hour: i8, minute: i8, second: i8, nanosecond: i32) -> Option<Time> {
    let second = if second == 60 { 59 } else { second };
    Time::new(hour, minute, second, nanosecond).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor(text: &str) -> Cursor<'_> {
        Cursor { line: text.as_bytes(), at: 0 }
    }

    #[test]
    fn fractions_by_their_separator() {
        assert_eq!(cursor(".5").fraction(), 500_000_000);
        assert_eq!(cursor(",123").fraction(), 123_000_000);
        assert_eq!(cursor(".123456789Z").fraction(), 123_456_789);
        assert_eq!(cursor(":83|").fraction(), 83_000_000);
        for none in ["", ".", ", Info", ":1234", ".1234567890", ": 5"] {
            assert_eq!(cursor(none).fraction(), 0, "{none}");
        }
    }

    #[test]
    fn zones_in_every_notation() {
        let seconds = |text: &str| cursor(text).zone().map(Offset::seconds);
        assert_eq!(seconds("Z"), Some(0));
        assert_eq!(seconds(" UTC [7]"), Some(0));
        assert_eq!(seconds("+01:00 x"), Some(3_600));
        assert_eq!(seconds(" -0730]"), Some(-27_000));
        assert_eq!(seconds("+05 x"), Some(18_000));
        for none in ["", " - x", "-INFO", " +5", " +01 x", "+9900", "+0107", "Zoo", " CET"] {
            assert_eq!(seconds(none), None, "{none}");
        }
    }

    #[test]
    fn twelve_hour_clock() {
        let hour = |text: &str| cursor(text).clock(b':').map(|time| time.hour());
        assert_eq!(hour("12:00:01 AM x"), Some(0));
        assert_eq!(hour("3:04:05 PM"), Some(15));
        assert_eq!(hour("13:04:05 PM"), None);
        assert_eq!(hour("13:04:05 PMx"), Some(13));
    }

    #[test]
    fn leap_second_counts_as_the_one_before() {
        assert_eq!(cursor("23:59:60").clock(b':').map(|time| time.second()), Some(59));
        assert_eq!(cursor("23:59:61").clock(b':'), None);
    }
}
