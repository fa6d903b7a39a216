//! How the lines of a source make records, and where that changes.
//!
//! [`Framing`] is detected from a sample. A file may change its format half-way: rotated, restarted, concatenated. So `Watch` looks into
//! every stretch of `WINDOW_BYTES` for a line that begins a record in the way that is known. That is the first line or one soon after it in
//! most; only where there is none does it look again at the text. What it finds depends on the text and on where blocks begin, never on timing.
//!
//! Where timestamps stand is [`crate::source::header`]'s, which lines belong together without them `trace`'s.

use memchr::{memchr, memchr_iter, memrchr};

use crate::rule::SourceSettings;
use crate::rule::time_format::TimeFormat;
use crate::source::header::Headers;
use crate::source::record::HEAD_BYTES;
use crate::source::stated::{self, StatedLines};
use crate::source::timestamp::{self, Stamp};

/// Bytes of a source that [`Framing::detect`] looks at.
pub const SAMPLE_BYTES: usize = 64 * 1024;

/// Bytes of a stretch in which one line at least must begin a record, or its format is looked at again. A tenth of them is seldom one record.
const WINDOW_BYTES: usize = 16 * 1024;

/// Lines in a row that begin no record although the source has headers, after which it has them no more. As many as a record may have.
const MISSES: usize = 1000;

/// Lines of a stretch without headers that are searched for a timestamp.
const PROBES: usize = 4;

/// How the lines of a source make records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing<'s> {
    /// A line with a timestamp in its place begins a record, every other line continues it, except where a process dies. Lines before the
    /// first timestamp are one record.
    Headed(Headers<'s>),
    /// A line is a record, with the lines that are indented deeper and those of its stack trace.
    Lines,
    /// The settings say which lines begin a record; every other line continues it.
    Stated(StatedLines<'s>),
}

impl<'s> Framing<'s> {
    /// Detects the framing from the beginning of a source; only the first [`SAMPLE_BYTES`] and 200 non-blank lines count.
    pub fn detect(sample: &[u8]) -> Self {
        Self::detect_with(sample, SourceSettings::default())
    }

    /// Detects what the settings do not say.
    pub(super) fn detect_with(sample: &[u8], settings: SourceSettings<'s>) -> Self {
        let sample = &sample[..sample.len().min(SAMPLE_BYTES)];
        let detected = || Self::from(Headers::detect(sample, true, settings.timestamp));
        StatedLines::of(settings).map_or_else(detected, Self::Stated)
    }

    /// Reads the timestamp of a line: the one in its place, else the first in the columns of headers.
    pub fn stamp(&self, line: &[u8]) -> Option<Stamp> {
        let head = &line[..line.len().min(HEAD_BYTES)];
        match self {
            Self::Headed(headers) => headers.stamp(head),
            Self::Lines | Self::Stated(_) => None,
        }
        .or_else(|| timestamp::find(head))
    }
}

impl<'s> From<Headers<'s>> for Framing<'s> {
    fn from(headers: Headers<'s>) -> Self {
        if headers.is_empty() { Self::Lines } else { Self::Headed(headers) }
    }
}

/// The framing of a source while it is read.
#[derive(Debug)]
pub(super) struct Watch<'s> {
    framing: Framing<'s>,
    /// How the settings say that times are written.
    formats: &'s [TimeFormat],
    /// Lines since the last that began a record.
    missed: usize,
    /// Whether there was any timestamp in what was looked at.
    stamped: bool,
}

impl<'s> Watch<'s> {
    /// Detects the framing from the beginning of a source.
    pub fn new(sample: &[u8], settings: SourceSettings<'s>) -> Self {
        let framing = Framing::detect_with(sample, settings);
        let is_stamped = match framing {
            Framing::Headed(_) => true,
            Framing::Stated(lines) if lines.tells_time() => true,
            Framing::Stated(_) | Framing::Lines => has_stamp(sample, 0..sample.len().min(SAMPLE_BYTES)),
        };
        Self { framing, formats: settings.timestamp, missed: 0, stamped: is_stamped }
    }

    /// The framing of the text that was seen.
    pub fn framing(&self) -> Framing<'s> {
        self.framing
    }

    /// Says whether there may be timestamps at all.
    pub fn is_stamped(&self) -> bool {
        self.stamped
    }

    /// Looks at the next `end` bytes of the source; `text` may hold more of it. Returns where the framing becomes another, which is then this
    /// watch's; the text from there on is to be looked at next.
    pub fn change(&mut self, text: &[u8], end: usize) -> Option<usize> {
        let mut at = 0;
        while at < end {
            let past = next_line(text, (at + WINDOW_BYTES).min(end) - 1);
            let found = match self.framing {
                Framing::Headed(headers) => self.with_headers(headers, text, at..past),
                Framing::Lines => self.without_headers(text, at..past),
                Framing::Stated(_) => {
                    self.stamped = self.stamped || has_stamp(text, at..past);
                    None
                }
            };
            if let Some((place, framing)) = found {
                (self.framing, self.missed, self.stamped) = (framing, 0, true);
                return (place < end).then_some(place);
            }
            at = past;
        }
        None
    }

    fn with_headers(
        &mut self,
        known: Headers<'s>,
        text: &[u8],
        window: std::ops::Range<usize>,
    ) -> Option<(usize, Framing<'s>)> {
        if line_starts(text, window.clone()).any(|at| known.begins_record(head(text, at))) {
            self.missed = 0;
            return None;
        }
        let found = self.detect_again(text, window.start);
        let both = known.with(found);
        if both != known && !found.is_empty() {
            let place = first_beginning(text, window.start, known, found)?;
            return Some((place, Framing::Headed(both)));
        }
        self.missed += memchr_iter(b'\n', &text[window.clone()]).count();
        (self.missed >= MISSES && found.is_empty()).then_some((window.start, Framing::Lines))
    }

    fn without_headers(&mut self, text: &[u8], window: std::ops::Range<usize>) -> Option<(usize, Framing<'s>)> {
        let is_stated = |at: usize| stated::leading(self.formats, head(text, at)).is_some();
        let is_probed = |at: usize| timestamp::find(head(text, at)).is_some() || is_stated(at);
        if !line_starts(text, window.clone()).take(PROBES).any(is_probed) {
            return None;
        }
        self.stamped = true;
        let found = self.detect_again(text, window.start);
        let place = first_beginning(text, window.start, Headers::default(), found)?;
        Some((place, Framing::Headed(found)))
    }

    fn detect_again(&self, text: &[u8], at: usize) -> Headers<'s> {
        Headers::detect(&text[at..text.len().min(at + SAMPLE_BYTES)], false, self.formats)
    }
}

/// Says whether one of the first lines of a stretch has a timestamp.
fn has_stamp(text: &[u8], window: std::ops::Range<usize>) -> bool {
    line_starts(text, window).take(PROBES).any(|at| timestamp::find(head(text, at)).is_some())
}

/// Finds the first line that `found` makes the beginning of a record: before `at`, behind the last that `known` does, else after it.
fn first_beginning(text: &[u8], at: usize, known: Headers<'_>, found: Headers<'_>) -> Option<usize> {
    let (mut first, mut line) = (None, at);
    while line > at.saturating_sub(WINDOW_BYTES) {
        line = memrchr(b'\n', &text[..line - 1]).map_or(0, |newline| newline + 1);
        let head = head(text, line);
        if known.begins_record(head) {
            break;
        }
        if found.begins_record(head) {
            first = Some(line);
        }
    }
    first.or_else(|| line_starts(text, at..text.len()).find(|start| found.begins_record(head(text, *start))))
}

/// Gives where lines begin in a stretch that begins with one.
fn line_starts(text: &[u8], window: std::ops::Range<usize>) -> impl Iterator<Item = usize> {
    let begins = |at: &usize| Some(next_line(text, *at)).filter(|next| *next < text.len());
    std::iter::successors(Some(window.start), begins).take_while(move |at| *at < window.end)
}

/// Gives where the line after the one that holds byte `at` begins, or the end of the text.
fn next_line(text: &[u8], at: usize) -> usize {
    memchr(b'\n', &text[at..]).map_or(text.len(), |newline| at + newline + 1)
}

/// Gives the first bytes of the line at `at`, without its newline.
fn head(text: &[u8], at: usize) -> &[u8] {
    let head = &text[at..text.len().min(at + HEAD_BYTES)];
    &head[..memchr(b'\n', head).unwrap_or(head.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The places at which the framing of a text changes, with what it becomes.
    fn changes(text: &str) -> Vec<(usize, bool)> {
        let text = text.as_bytes();
        let mut watch = Watch::new(text, SourceSettings::default());
        let (mut at, mut found) = (0, Vec::new());
        while let Some(place) = watch.change(&text[at..], text.len() - at) {
            at += place;
            found.push((at, watch.framing() != Framing::Lines));
        }
        found
    }

    const ISO: &str = "2024-05-06 07:08:09 started the next of many things to do\n";
    const SYSLOG: &str = "May  6 07:08:09 host app: started the next of many things to do\n";
    const PLAIN: &str = "compiling the next of many files\n";

    #[test]
    fn a_text_of_one_kind_does_not_change() {
        for line in [ISO, SYSLOG, PLAIN, "\n", "x"] {
            assert_eq!(changes(&line.repeat(3000)), [], "{line}");
        }
    }

    #[test]
    fn another_format_is_noticed_where_it_begins() {
        let first = ISO.repeat(1000);
        assert_eq!(changes(&format!("{first}{}", SYSLOG.repeat(1000))), [(first.len(), true)]);
        let first = format!("{}Error: x\n  at y\n", ISO.repeat(1000));
        assert_eq!(changes(&format!("{first}{}", SYSLOG.repeat(1000))), [(first.len(), true)]);
        let first = PLAIN.repeat(3000);
        let place = changes(&format!("{first}{}", SYSLOG.repeat(1000)))[0].0;
        assert_eq!((place, place % PLAIN.len()), (first.len(), 0));
        // both stay known
        assert_eq!(changes(&format!("{0}{1}{0}{1}", ISO.repeat(1000), SYSLOG.repeat(1000))).len(), 1);
    }

    #[test]
    fn headers_end_after_a_thousand_lines_without_one() {
        let text = format!("{}{}{}", ISO.repeat(1000), PLAIN.repeat(3000), ISO.repeat(1000));
        let (headers, plain) = (1000 * ISO.len(), 3000 * PLAIN.len());
        let found = changes(&text);
        assert_eq!(found.len(), 2);
        assert!(!found[0].1 && (headers + 1000 * PLAIN.len()..headers + 2000 * PLAIN.len()).contains(&found[0].0));
        assert_eq!(found[1], (headers + plain, true));
        // a long trace is not yet the end
        assert_eq!(
            changes(&format!("{ISO}{}{ISO}", "\tat com.example.Main.main(Main.java)\n".repeat(900)).repeat(9)),
            []
        );
    }
}
