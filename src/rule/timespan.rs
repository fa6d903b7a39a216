//! Lengths of time as authors write them: `30s`, `5m`, `12h`, `7d`, `2w`.
//!
//! A length is a number of seconds that is the same everywhere: a month or a year is not, and is not understood.

use std::fmt;
use std::str::FromStr;

/// The longest span, a hundred years: more than any log covers, and far from where sums of microseconds overflow.
const LONGEST_SECONDS: u64 = 100 * 366 * 86_400;

/// The letters of the units, with their seconds, from the longest.
const UNITS: [(char, u64); 5] = [('w', 7 * 86_400), ('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// A length of time: at least one second, at most a hundred years.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timespan {
    seconds: u64,
}

/// A text that is no length of time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimespanError {
    /// It is not a whole number with a unit.
    #[error("`{0}` is not a length of time")]
    Form(String),
    /// It is nothing, or longer than a hundred years.
    #[error("`{0}` is no length that records can be apart: it is between one second and a hundred years")]
    Range(String),
}

impl Timespan {
    /// Gives its length in seconds.
    pub fn seconds(self) -> u64 {
        self.seconds
    }

    /// Gives its length in microseconds.
    pub fn microseconds(self) -> i64 {
        i64::try_from(self.seconds.saturating_mul(1_000_000)).unwrap_or(i64::MAX)
    }
}

impl FromStr for Timespan {
    type Err = TimespanError;

    fn from_str(text: &str) -> Result<Self, TimespanError> {
        let form = || TimespanError::Form(text.to_owned());
        let range = || TimespanError::Range(text.to_owned());
        let unit = text.chars().next_back().ok_or_else(form)?;
        let (_, seconds) = UNITS.into_iter().find(|(letter, _)| *letter == unit).ok_or_else(form)?;
        let digits = text[..text.len() - unit.len_utf8()].trim_end();
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(form());
        }
        let number: u64 = digits.parse().map_err(|_| range())?;
        let seconds = number.checked_mul(seconds).filter(|seconds| (1..=LONGEST_SECONDS).contains(seconds));
        Ok(Self { seconds: seconds.ok_or_else(range)? })
    }
}

/// In the largest unit that divides it: `90m`, `2h`.
impl fmt::Display for Timespan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = UNITS.into_iter().find(|(_, seconds)| self.seconds.is_multiple_of(*seconds));
        let (letter, seconds) = unit.unwrap_or(('s', 1));
        write!(formatter, "{}{letter}", self.seconds / seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_a_whole_number_and_a_unit() {
        let seconds = |text: &str| text.parse::<Timespan>().map(Timespan::seconds);
        assert_eq!(seconds("30s"), Ok(30));
        assert_eq!(seconds("5 m"), Ok(300));
        assert_eq!(seconds("2w"), Ok(14 * 86_400));
        for refused in ["", "5", "m", "1.5h", "-5m", "5M", "1h30m", "5é", "5 minutes"] {
            assert_eq!(seconds(refused), Err(TimespanError::Form(refused.to_owned())));
        }
        for refused in ["0s", "99999999999d", "99999999999999999999d", "36601d"] {
            assert_eq!(seconds(refused), Err(TimespanError::Range(refused.to_owned())));
        }
    }

    #[test]
    fn spans_are_shown_in_the_largest_unit_that_divides_them() {
        let shown = |text: &str| text.parse::<Timespan>().expect("a span").to_string();
        assert_eq!([shown("60m"), shown("90m"), shown("7d"), shown("61s")], ["1h", "90m", "1w", "61s"]);
    }
}
