//! What the settings of a source say of its lines: which begin a record, and where time and level stand.
//!
//! [`StatedLines`] are the keys `start`, `continue` and `header`; they replace what [`crate::source::header`] finds out. Formats of
//! timestamps alone are one more shape that it knows: `leading` reads them where a line begins, `time_of` in a text that is nothing else.
//!
//! Regexes see the first `HEAD_BYTES` bytes of a line, without escapes of a terminal: no more is known where a block ends.

use crate::rule::pattern::Pattern;
use crate::rule::settings::Header as HeaderPattern;
use crate::rule::time_format::TimeFormat;
use crate::rule::{Level, SourceSettings};
use crate::source::plain::plain;
use crate::source::record::HEAD_BYTES;
use crate::source::record_header::Header;
use crate::source::timestamp::{self, LogTime, MAX_COLUMN, Shape, Stamp};
use crate::source::{level, transport};

/// What says in lines what a record is. At least one of the regexes is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatedLines<'s> {
    start: Option<&'s Pattern>,
    continuation: Option<&'s Pattern>,
    header: Option<&'s HeaderPattern>,
    timestamp: &'s [TimeFormat],
}

impl<'s> StatedLines<'s> {
    /// Takes what settings say of lines. `None` if they do not.
    pub fn of(settings: SourceSettings<'s>) -> Option<Self> {
        let SourceSettings { start, continuation, header, timestamp, .. } = settings;
        let is_stated = start.is_some() || continuation.is_some() || header.is_some();
        is_stated.then_some(Self { start, continuation, header, timestamp })
    }

    /// Says whether the line that begins with `head` begins a record.
    pub(super) fn begins_record(&self, head: &[u8]) -> bool {
        let head = &*plain(head);
        let starts = [self.start, self.header.map(HeaderPattern::pattern)];
        let mut starts = starts.into_iter().flatten().peekable();
        let begins = starts.peek().is_none() || starts.any(|start| matches(start, head));
        begins && !self.continuation.is_some_and(|continuation| matches(continuation, head))
    }

    /// Says whether records are sure to have times that can be read.
    pub(super) fn tells_time(&self) -> bool {
        !self.timestamp.is_empty()
            || self.header.is_some_and(|header| header.pattern().captures().iter().any(|name| name == "time"))
    }

    /// Reads time and level from the first line of a record, which is plain text. What is not where the settings say is looked for as usual.
    pub(super) fn header(&self, line: &[u8]) -> Header {
        let line = &line[..line.len().min(HEAD_BYTES)];
        let parts = self.header.and_then(|header| header.read(line)).unwrap_or_default();
        let stamp = parts
            .time
            .and_then(|range| {
                let stamp = self.stamp_in(&line[range.clone()])?;
                Some(Stamp { range: range.start + stamp.range.start..range.start + stamp.range.end, ..stamp })
            })
            .or_else(|| self.find(line));
        let stated = parts.level.and_then(|range| level_of(&line[range]));
        let level = stated.or_else(|| level::find(line, stamp.as_ref().map_or(0, |stamp| stamp.range.end)));
        Header { time: stamp.map(|stamp| stamp.time), level }
    }

    /// Reads the timestamp of a line if it begins a record.
    pub(super) fn time(&self, head: &[u8]) -> Option<LogTime> {
        if self.begins_record(head) { self.header(&plain(head)).time } else { None }
    }

    /// Reads a text that is said to be a timestamp.
    fn stamp_in(&self, text: &[u8]) -> Option<Stamp> {
        let blanks = text.len() - text.trim_ascii_start().len();
        at(self.timestamp, text, blanks)
            .or_else(|| timestamp::at_column(text, blanks, true))
            .or_else(|| timestamp::find(text))
    }

    /// Finds a timestamp of a stated format that begins a word in the columns of headers, else one as usual.
    fn find(&self, line: &[u8]) -> Option<Stamp> {
        let begins_word = |at: &usize| at.checked_sub(1).is_none_or(|before| !line[before].is_ascii_alphanumeric());
        let columns = 0..line.len().min(MAX_COLUMN + 1);
        let stated = if self.timestamp.is_empty() { 0..0 } else { columns };
        stated.filter(begins_word).find_map(|column| at(self.timestamp, line, column)).or_else(|| timestamp::find(line))
    }
}

fn matches(pattern: &Pattern, head: &[u8]) -> bool {
    pattern.regex().is_some_and(|regex| regex.is_match(head))
}

/// Reads a level where one is said to be: as transports state it, or the letter of klog and logcat.
fn level_of(text: &[u8]) -> Option<Level> {
    match text.trim_ascii() {
        [letter] => match letter.to_ascii_uppercase() {
            b'T' | b'V' => Some(Level::Trace),
            b'D' => Some(Level::Debug),
            b'I' => Some(Level::Info),
            b'N' => Some(Level::Notice),
            b'W' => Some(Level::Warning),
            b'E' => Some(Level::Error),
            b'A' | b'C' | b'F' => Some(Level::Critical),
            _ => transport::level_of(text),
        },
        text => transport::level_of(text),
    }
}

/// Reads the timestamp of one of the formats with which a line begins, perhaps behind blanks and brackets.
pub(super) fn leading(formats: &[TimeFormat], line: &[u8]) -> Option<Stamp> {
    if formats.is_empty() {
        return None;
    }
    let before = line.iter().take(MAX_COLUMN).take_while(|byte| b" \t[(<\"'|".contains(byte)).count();
    at(formats, line, before)
}

/// Reads a text that begins with a time of one of the formats.
pub(super) fn time_of(formats: &[TimeFormat], text: &[u8]) -> Option<LogTime> {
    formats.iter().find_map(|format| LogTime::of(format.read(text.trim_ascii_start())?))
}

fn at(formats: &[TimeFormat], line: &[u8], column: usize) -> Option<Stamp> {
    let text = line.get(column..)?;
    formats.iter().find_map(|format| {
        let read = format.read(text)?;
        Some(Stamp { time: LogTime::of(read)?, range: column..column + read.length, shape: Shape::Stated })
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::source::block::Blocks;
    use crate::source::record::RecordLimits;

    fn formats(formats: &[&str]) -> Vec<TimeFormat> {
        formats.iter().map(|format| TimeFormat::new(format).unwrap()).collect()
    }

    #[test]
    fn a_format_is_read_where_the_line_begins_and_nowhere_else() {
        let formats = formats(&["%d.%m.%Y %H:%M:%S", "%d.%m.%Y"]);
        let read = |line: &str| Some(leading(&formats, line.as_bytes())?.range);
        assert_eq!(read("31.01.2026 10:02:11 up"), Some(0..19));
        assert_eq!(read(" [31.01.2026 10:02:11] up"), Some(2..21));
        assert_eq!(read("31.01.2026"), Some(0..10));
        for line in ["", "[", "up 31.01.2026 10:02:11", "31.13.2026", "2026-01-31 10:02:11"] {
            assert_eq!(read(line), None, "{line}");
        }
        assert_eq!(leading(&[], b"31.01.2026"), None);
    }

    #[test]
    fn continue_goes_before_start_and_stands_alone() {
        let (start, continuation) = (Pattern::new("^[0-9]").unwrap(), Pattern::new("^(9|\\s)").unwrap());
        let lines = |start, continuation| {
            StatedLines::of(SourceSettings { start, continuation, ..SourceSettings::default() }).unwrap()
        };
        let begins =
            |lines: StatedLines<'_>| ["1 a", "9 b", " c", "d"].map(|line| lines.begins_record(line.as_bytes()));
        assert_eq!(begins(lines(Some(&start), None)), [true, true, false, false]);
        assert_eq!(begins(lines(Some(&start), Some(&continuation))), [true, false, false, false]);
        assert_eq!(begins(lines(None, Some(&continuation))), [true, false, false, true]);
        assert_eq!(StatedLines::of(SourceSettings::default()), None);
    }

    proptest! {
        #[test]
        fn blocks_of_any_size_hold_the_same_records(
            text in "([0-9#] |01\\.02\\.2026|[a-z]{0,9}|\t|\r|\x1b\\[1m|\n){0,60}",
            block_bytes in 1_usize..600,
            max_lines in 1_usize..6,
            choice in 0_usize..5,
        ) {
            let patterns = ["^[0-9]", "^\\s", "^# (?<time>[0-9.]+)?"].map(|pattern| Pattern::new(pattern).unwrap());
            let [start, continuation, header] = patterns;
            let header = HeaderPattern { pattern: header };
            let formats = formats(&["%d.%m.%Y"]);
            let timed = SourceSettings { timestamp: &formats, ..SourceSettings::default() };
            let settings = match choice {
                0 => SourceSettings { start: Some(&start), ..timed },
                1 => SourceSettings { start: Some(&start), continuation: Some(&continuation), ..SourceSettings::default() },
                2 => SourceSettings { continuation: Some(&continuation), ..timed },
                3 => SourceSettings { header: Some(&header), ..SourceSettings::default() },
                _ => SourceSettings { header: Some(&header), start: Some(&start), ..timed },
            };
            let limits = RecordLimits { lines: max_lines, bytes: 60, line_bytes: 80, overlap: 20 };
            let records = |block_bytes| {
                let mut blocks = Blocks::with_block_bytes(text.as_bytes(), limits, block_bytes).with_settings(settings);
                let mut found = Vec::new();
                while let Some(block) = blocks.next_block().unwrap() {
                    let mut clock = block.clock();
                    for span in block.records() {
                        assert_eq!(block.record_at(span.range.start), span);
                        let at = block.offset + span.range.start as u64;
                        found.push((at, span.continues, clock.time_of(&span), block.header(&span).level));
                    }
                }
                found
            };
            prop_assert_eq!(records(block_bytes), records(usize::from(u16::MAX)));
        }
    }

    #[test]
    fn levels_are_words_numbers_and_letters() {
        let levels = ["WARN", "w", " E ", "3", "50", "F", "main"].map(|text| level_of(text.as_bytes()));
        let error = Some(Level::Error);
        let warning = Some(Level::Warning);
        assert_eq!(levels, [warning, warning, error, error, error, Some(Level::Critical), None]);
    }
}
