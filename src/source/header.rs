//! Where the lines of a source have their timestamp: the header lock.
//!
//! [`Headers::detect`] looks at the first lines and remembers, for each shape of timestamp, the place where it usually stands.
//! [`Headers::begins_record`] then asks only there, so that a timestamp in a message, a dump or a stack trace begins nothing. A place is a
//! column, or a field where what stands before it varies in width: host names, levels, addresses.
//!
//! What timestamps look like is [`crate::source::timestamp`]'s, when to look again [`crate::source::framing`]'s.

use std::borrow::Cow;

use memchr::memchr;

use crate::rule::time_format::TimeFormat;
use crate::source::plain::{ESCAPE, without_escapes};
use crate::source::record::{HEAD_BYTES, Indentation};
use crate::source::stated;
use crate::source::timestamp::{self, Shape, Stamp};

/// Non-blank lines that decide where the timestamps are. More would let a long banner be outvoted, but cost time on every small file.
pub const SAMPLE_LINES: usize = 200;

/// Lines that agree and so lock a place, even in a sample full of stack traces.
const ENOUGH_LINES: usize = 5;

/// One line in so many that agrees locks a place in a short sample.
const ENOUGH_SHARE: usize = 5;

/// Places that are locked at once: two formats and what they look like after an update. Each costs time on every line walked.
const MAX_PLACES: usize = 4;

/// What begins a record although no timestamp does: a process that dies has no time to format one.
const BEGINNINGS: [&[u8]; 3] =
    [b"panic: ", b"fatal error: ", b"# A fatal error has been detected by the Java Runtime Environment"];

/// The places where the lines of a source have their timestamps; none if it has no headers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Headers<'s> {
    places: [Option<Header>; MAX_PLACES],
    /// Formats of which one begins a line of the source; none if the settings name none, or none that is there.
    formats: &'s [TimeFormat],
}

/// A shape and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Header {
    shape: Shape,
    place: Place,
}

/// Where a timestamp stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Place {
    /// At a column, in bytes: at the line's start, or behind a bracket.
    Column(usize),
    /// At a column, in bytes, of a line that is indented.
    Indented(usize),
    /// Behind other fields, whose width may vary, of a line that is not indented.
    Field {
        /// Fields before it.
        index: usize,
        /// The byte before it; a blank where it begins its field.
        before: u8,
        /// The column at which it was seen first. Fields that are padded (`[INFO ]`, `[ERROR]`) keep the column rather than their number.
        column: usize,
    },
    /// Behind the name of a log file, as `grep` and collectors write it.
    BehindFileName,
}

impl<'s> Headers<'s> {
    /// Finds the places in the beginning of a source: those on which five lines of the first [`SAMPLE_LINES`] that are not blank agree, or a
    /// fifth of them, or else, if `first_line` says so, the one of the first line.
    ///
    /// A place behind indentation counts only where there is no other: there it is more likely inside a message.
    ///
    /// A line that begins with one of `formats`, which somebody who knows the source names, is certain to have a header; beside such lines
    /// only places at the beginning of a line count.
    pub fn detect(sample: &[u8], first_line: bool, formats: &'s [TimeFormat]) -> Self {
        let mut headers = Self::default();
        let mut seen: Vec<(Header, usize)> = Vec::new();
        let (mut lines, mut first) = (0, None);
        for line in sample.split(|&byte| byte == b'\n').map(|line| shown(head(line))) {
            let line = &*line;
            if Indentation::of(line).blank {
                continue;
            }
            lines += 1;
            if stated::leading(formats, line).is_some() {
                headers.formats = formats;
            } else if let Some((header, stamp)) = Header::of(line) {
                match seen.iter_mut().find(|(known, _)| known.stamp(line).as_ref() == Some(&stamp)) {
                    Some((_, count)) => *count += 1,
                    None => seen.push((header, 1)),
                }
                first = first.or(Some(header).filter(|header| lines == 1 && header.shape != Shape::BareEpoch));
            }
            if lines == SAMPLE_LINES {
                break;
            }
        }
        let is_flush = |(header, count): &&(Header, usize)| header.is_flush() && is_enough(*count, lines);
        let flush: Vec<Shape> = seen.iter().filter(is_flush).map(|(header, _)| header.shape).collect();
        let mut found: Vec<_> = seen.into_iter().filter(|seen| seen.0.is_usual(seen.1, lines, &flush)).collect();
        if found.iter().any(|(header, _)| !header.is_indented()) {
            found.retain(|(header, _)| !header.is_indented());
        }
        if !headers.formats.is_empty() {
            found.retain(|(header, _)| header.is_flush());
        }
        found.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        found.iter().for_each(|(header, _)| headers.add(*header));
        if headers.is_empty() && first_line {
            first.into_iter().for_each(|header| headers.add(header));
        }
        headers
    }

    /// Says whether no place is known.
    pub fn is_empty(&self) -> bool {
        self.places[0].is_none() && self.formats.is_empty()
    }

    /// Adds the places of `others`. Where there is no room the oldest go.
    pub fn with(self, others: Self) -> Self {
        let mut places: Vec<Header> = self.places.into_iter().flatten().collect();
        places.retain(|place| !others.places.contains(&Some(*place)));
        places.extend(others.places.into_iter().flatten());
        let formats = if others.formats.is_empty() { self.formats } else { others.formats };
        let mut headers = Self { formats, ..Self::default() };
        places.iter().skip(places.len().saturating_sub(MAX_PLACES)).for_each(|header| headers.add(*header));
        headers
    }

    /// Reads the timestamp of a line whose first bytes are `line`, if it has one in its place.
    pub fn stamp(&self, line: &[u8]) -> Option<Stamp> {
        self.stamp_in(&shown(line))
    }

    fn stamp_in(&self, line: &[u8]) -> Option<Stamp> {
        let placed = || self.places.iter().map_while(|header| *header).find_map(|header| header.stamp(line));
        stated::leading(self.formats, line).or_else(placed)
    }

    /// Says whether a line whose first bytes are `line` begins a record.
    pub fn begins_record(&self, line: &[u8]) -> bool {
        let line = &*shown(line);
        self.stamp_in(line).is_some() || begins_without_stamp(line)
    }

    fn add(&mut self, header: Header) {
        if let Some(free) = self.places.iter_mut().find(|place| place.is_none()) {
            *free = Some(header);
        }
    }
}

impl Header {
    /// Finds the first timestamp of a line and says where it stands.
    fn of(line: &[u8]) -> Option<(Self, Stamp)> {
        if let Some(stamp) = timestamp::find_behind_file_name(line) {
            return Some((Self { shape: stamp.shape, place: Place::BehindFileName }, stamp));
        }
        let stamp = timestamp::find(line).or_else(|| timestamp::find_wide(line))?;
        // klog's letter is not part of the stamp, but where it is read from
        let column = stamp.range.start - usize::from(stamp.shape == Shape::Klog);
        let before = &line[..column];
        let fields = before.split(|byte| is_blank(*byte)).filter(|field| !field.is_empty()).count();
        let place = match before {
            [] | [b'['] => Place::Column(column),
            [first, ..] if is_blank(*first) => Place::Indented(column),
            [.., last] if is_blank(*last) => Place::Field { index: fields, before: b' ', column },
            [.., last] => Place::Field { index: fields.saturating_sub(1), before: *last, column },
        };
        Some((Self { shape: stamp.shape, place }, stamp))
    }

    /// Says whether it begins the line, perhaps behind a bracket.
    fn is_flush(&self) -> bool {
        matches!(self.place, Place::Column(_))
    }

    /// Says whether it stands behind indentation.
    fn is_indented(&self) -> bool {
        matches!(self.place, Place::Indented(_))
    }

    /// Says whether `count` of `lines` make this the usual place. Where timestamps of the shapes `flush` begin the line, another inside it is
    /// more likely part of a message. A bare number is a time only where half of the lines have it.
    fn is_usual(&self, count: usize, lines: usize, flush: &[Shape]) -> bool {
        match self.shape {
            Shape::BareEpoch => count * 2 >= lines,
            _ if self.is_flush() => is_enough(count, lines),
            shape if flush.contains(&shape) => false,
            _ if !flush.is_empty() => count * ENOUGH_SHARE >= lines,
            _ => is_enough(count, lines),
        }
    }

    fn stamp(&self, line: &[u8]) -> Option<Stamp> {
        let bare = self.shape == Shape::BareEpoch;
        let read = |at: usize| timestamp::at_column(line, at, bare).filter(|stamp| stamp.shape == self.shape);
        match self.place {
            Place::Column(column) | Place::Indented(column) => read(column),
            Place::BehindFileName => timestamp::find_behind_file_name(line).filter(|stamp| stamp.shape == self.shape),
            Place::Field { .. } if line.first().is_none_or(|byte| is_blank(*byte)) => None,
            Place::Field { index, before, column } => {
                read(column).filter(|_| line[column - 1] == before).or_else(|| {
                    let at = field(line, index)?;
                    if before == b' ' {
                        return read(at);
                    }
                    let rest = line[..line.len().min(timestamp::MAX_WIDE_COLUMN)].get(at..)?;
                    let inside = rest.iter().take_while(|byte| !is_blank(**byte)).enumerate();
                    inside.filter(|(_, byte)| **byte == before).find_map(|(distance, _)| read(at + distance + 1))
                })
            }
        }
    }
}

/// Says whether so many of the lines agree.
fn is_enough(count: usize, lines: usize) -> bool {
    count >= ENOUGH_LINES || (count > 0 && count * ENOUGH_SHARE >= lines)
}

/// Gives where the field begins that has `index` fields before it, if within the columns of headers.
fn field(line: &[u8], index: usize) -> Option<usize> {
    let line = &line[..line.len().min(timestamp::MAX_WIDE_COLUMN + 1)];
    let begins = |at: &usize| !is_blank(line[*at]) && at.checked_sub(1).is_none_or(|before| is_blank(line[before]));
    (0..line.len()).filter(begins).nth(index)
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// Gives the bytes of a line that may hold its timestamp and tell whether it is blank.
fn head(line: &[u8]) -> &[u8] {
    &line[..line.len().min(HEAD_BYTES)]
}

/// Gives what a terminal shows of the bytes that may hold a timestamp: programs colour it.
fn shown(head: &[u8]) -> Cow<'_, [u8]> {
    match memchr(ESCAPE, head) {
        Some(first) if first <= timestamp::MAX_WIDE_COLUMN => Cow::Owned(without_escapes(head, first)),
        _ => Cow::Borrowed(head),
    }
}

/// Says whether a line begins a record although it has no timestamp.
fn begins_without_stamp(line: &[u8]) -> bool {
    match line.first() {
        Some(b'[') => is_kernel_time(line),
        Some(b'p' | b'f' | b'#') => BEGINNINGS.iter().any(|beginning| line.starts_with(beginning)),
        _ => false,
    }
}

/// Says whether a line begins with the seconds since a kernel started: `[   12.345678] `.
fn is_kernel_time(line: &[u8]) -> bool {
    let Some(text) = line.strip_prefix(b"[") else { return false };
    let text = &text[text.iter().take_while(|byte| **byte == b' ').count()..];
    let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let seconds = digits(text);
    let Some(fraction) = text[seconds..].strip_prefix(b".") else { return false };
    seconds > 0 && digits(fraction) == 6 && fraction[6..].starts_with(b"] ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which lines of a text begin a record, by number from 0.
    fn beginnings(text: &str) -> Vec<usize> {
        let headers = Headers::detect(text.as_bytes(), true, &[]);
        text.lines().enumerate().filter(|(_, line)| headers.begins_record(line.as_bytes())).map(|(at, _)| at).collect()
    }

    #[track_caller]
    fn assert_all(lines: &[&str]) {
        let all: Vec<usize> = (0..lines.len()).collect();
        assert_eq!(beginnings(&lines.join("\n")), all);
    }

    #[test]
    fn five_lines_or_a_fifth_or_the_first_line_lock_a_place() {
        let stamped = "2024-05-06 07:08:09 x\n";
        let is_locked = |text: String| !Headers::detect(text.as_bytes(), true, &[]).is_empty();
        assert!(is_locked(format!("{}{}", "y\n".repeat(50), stamped.repeat(5))));
        assert!(!is_locked(format!("{}{}", "y\n".repeat(50), stamped.repeat(4))));
        assert!(is_locked(format!("{}{stamped}", "y\n".repeat(4))));
        assert!(!is_locked(format!("{}{stamped}", "y\n".repeat(5))));
        assert!(is_locked(format!("\n \n{stamped}{}", "y\n".repeat(50))));
        assert!(!is_locked(format!("{}{}", "y\n".repeat(200), stamped.repeat(500))));
        assert!(!is_locked(String::new()));
    }

    #[test]
    fn a_timestamp_at_another_place_begins_nothing() {
        let record = "2024-05-06 07:08:09 query returned\n  2024-01-01 00:00:00 | a\n(2024-01-01 00:00:00) b\nsince 2024-01-01 00:00:00\n";
        assert_eq!(beginnings(&record.repeat(3)), [0, 4, 8]);
        // many rows of a table in one record
        let table = format!("2024-05-06 07:08:09 rows:\n{}", " 2024-01-01 00:00:00 | a\n".repeat(40));
        assert_eq!(beginnings(&format!("{table}{}", "2024-05-06 07:08:10 x\n".repeat(9))).len(), 10);
    }

    #[test]
    fn indented_headers_are_headers_where_there_are_no_others() {
        assert_all(&["   1 2024-05-06 07:08:09 x", "  17 2024-05-06 07:08:10 y"]);
    }

    #[test]
    fn what_varies_in_width_may_stand_before_the_time() {
        assert_all(&[
            "192.0.2.7 - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.0\" 200 1",
            "192.0.2.107 - frank [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.0\" 200 1",
            "2001:db8:85a3::8a2e:370:7334 - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.0\" 200 1",
        ]);
        assert_all(&[
            "www.shop.example.com:443 192.0.2.7 - - [10/Oct/2000:13:55:36 -0700] \"GET /\" 200",
            "example.com:443 192.0.2.7 - - [10/Oct/2000:13:55:36 -0700] \"GET /\" 200",
        ]);
        assert_all(&["INFO 2024-05-06 07:08:09 x", "WARNING 2024-05-06 07:08:10 y", "ERROR 2024-05-06 07:08:11 z"]);
        assert_all(&[
            "[INFO ] 2024-05-06 07:08:09 x",
            "[ERROR] 2024-05-06 07:08:10 y",
            "[TRACE] 2024-05-06 07:08:11 z",
        ]);
        assert_all(&[
            "<6>Oct 11 22:14:15 host su: x",
            "<34>Oct 11 22:14:15 host su: x",
            "<134>Oct 11 22:14:15 host su: x",
        ]);
        assert_all(&["{\"level\":\"info\",\"ts\":1700000000.5}", "{\"level\":\"error\",\"ts\":1700000000.5}"]);
        let levels = format!("{}ERROR 2024-05-06 07:08:10 y", "INFO 2024-05-06 07:08:09 x\n".repeat(300));
        assert_eq!(beginnings(&levels).len(), 301);
        let padded = format!("{}[ERROR] 2024-05-06 07:08:10 y", "[INFO ] 2024-05-06 07:08:09 x\n".repeat(300));
        assert_eq!(beginnings(&padded).len(), 301);
    }

    #[test]
    fn epoch_seconds_stand_between_fields() {
        assert_all(&[
            "134681 node-246 unix.hw state_change.unavailable 1077804742 1 Component State Change: x",
            "2557 node-148 action start 1074119817 1 risBoot (command 1903)",
            "460903 gige7 gige temphigh 1145552216 1 warning",
        ]);
        assert_all(&[
            "- 1117838570 2005.06.03 R02 2005-06-03-15.42.50.675872 R02 RAS",
            "KERNDTLB 1117838570 2005.06.03 R02",
        ]);
        // a count in some lines is no time
        assert!(beginnings("wrote 1700000000 bytes\nread 1 byte\nread 2 bytes\nread 7 bytes").is_empty());
    }

    #[test]
    fn two_shapes_and_names_of_files_are_locked_together() {
        let mixed = "2024-05-06 07:08:09 x\n  y\nOct 11 22:14:15 host su: x\n  y\n".repeat(5);
        assert_eq!(beginnings(&mixed).len(), 10);
        assert_all(&["app.log:2024-05-06 07:08:09 x", "/var/log/some/where/other.log.1:2024-05-06 07:08:09 x"]);
    }

    #[test]
    fn a_dying_process_begins_a_record_without_a_time() {
        let text = "2024/05/06 07:08:09 up\npanic: x\n\ngoroutine 1 [running]:\nfatal error: y\n[   12.345678] BUG: z\n[12.3] no\n#\n\
                    # A fatal error has been detected by the Java Runtime Environment:\n# x\n";
        assert_eq!(beginnings(text), [0, 1, 4, 5, 8]);
    }

    #[test]
    fn colours_do_not_count_as_columns() {
        assert_all(&[
            "\x1b[2m2024-05-06T07:08:09.123456Z\x1b[0m \x1b[32m INFO\x1b[0m app: up",
            "\x1b[0;2m2024-05-06T07:08:09.223456Z\x1b[0m \x1b[31mERROR\x1b[0m app: down",
            "2024-05-06T07:08:09.323456Z  INFO app: up",
        ]);
    }

    #[test]
    fn places_add_up_to_a_bound() {
        let detect = |line: &str| Headers::detect(line.as_bytes(), true, &[]);
        let lines = [
            "2024-05-06 07:08:09 x",
            "May  6 07:08:09 x",
            "[2024-05-06 07:08:09] x",
            "17/06/09 20:10:40 x",
            "I0102 15:04:05.0 x",
        ];
        let all = lines.iter().map(|line| detect(line)).fold(Headers::default(), Headers::with);
        let known: Vec<bool> = lines.iter().map(|line| all.begins_record(line.as_bytes())).collect();
        assert_eq!(known, [false, true, true, true, true]);
        assert_eq!(all.with(detect(lines[3])).with(all), all);
    }
}
