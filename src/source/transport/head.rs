//! The time and the level that a transport states, read from how it writes them.
//!
//! Times are those of [`crate::source::timestamp`] and numbers since 1970 in any unit that fits a year of today. Levels are
//! words, syslog's numbers 0 to 7, and the tens of bunyan and pino, which do not overlap.

use jiff::Timestamp;

use crate::rule::vocabulary::Level;
use crate::source::{LogTime, timestamp};

/// Reads a time. `None` if it is none.
pub(super) fn time_of(text: &[u8]) -> Option<LogTime> {
    let text = text.trim_ascii();
    epoch(text).or_else(|| timestamp::find(text).map(|stamp| stamp.time))
}

/// Reads a number since 1970. Its digits tell the unit: ten are seconds, each three more a thousandth of it.
fn epoch(text: &[u8]) -> Option<LogTime> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (whole, rest) = text.split_at_checked(digits)?;
    let fraction = match rest {
        [] => &[][..],
        [b'.', fraction @ ..] if fraction.iter().all(u8::is_ascii_digit) => fraction,
        _ => return None,
    };
    let shift = match digits {
        10 | 13 | 16 | 19 => 19 - digits,
        _ => return None,
    };
    let padded = fraction.iter().copied().chain(std::iter::repeat(b'0')).take(shift);
    let nanoseconds =
        whole.iter().copied().chain(padded).fold(0_i128, |value, digit| value * 10 + i128::from(digit - b'0'));
    Timestamp::from_nanosecond(nanoseconds).ok().map(LogTime::from)
}

/// Reads a level. `None` if it is none.
pub(in crate::source) fn level_of(text: &[u8]) -> Option<Level> {
    match text.trim_ascii() {
        [digit @ b'0'..=b'7'] => Some(syslog_severity(digit - b'0')),
        [tens @ b'1'..=b'6', b'0'] => Some(match tens {
            b'1' => Level::Trace,
            b'2' => Level::Debug,
            b'3' => Level::Info,
            b'4' => Level::Warning,
            b'5' => Level::Error,
            _ => Level::Critical,
        }),
        word => Level::from_word(word),
    }
}

/// Gives the level of syslog's severity, 0 to 7.
fn syslog_severity(number: u8) -> Level {
    match number {
        0..=2 => Level::Critical,
        3 => Level::Error,
        4 => Level::Warning,
        5 => Level::Notice,
        6 => Level::Info,
        _ => Level::Debug,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_since_1970_are_read_in_every_unit() {
        for text in ["1700000000", "1700000000000", "1700000000000000", "1700000000000000000", "1700000000.0"] {
            assert_eq!(time_of(text.as_bytes()).unwrap().to_string(), "2023-11-14 22:13:20", "{text}");
        }
        assert_eq!(time_of(b"1700000000.25").unwrap().to_string(), "2023-11-14 22:13:20.250");
        for text in ["", "17000000", "1700000000.x", "yesterday"] {
            assert_eq!(time_of(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn written_times_are_those_of_logs() {
        assert_eq!(time_of(b"2026-01-02T03:04:05.678901234Z").unwrap().to_string(), "2026-01-02 03:04:05.678");
        assert_eq!(time_of(b"2026-01-02T03:04:05+01:00").unwrap().to_string(), "2026-01-02 02:04:05");
    }

    #[test]
    fn levels_are_words_and_numbers() {
        let cases = [
            (&b"3"[..], Some(Level::Error)),
            (b"30", Some(Level::Info)),
            (b"60", Some(Level::Critical)),
            (b"WARN", Some(Level::Warning)),
            (b"70", None),
            (b"", None),
        ];
        for (text, level) in cases {
            assert_eq!(level_of(text), level);
        }
    }
}
