//! Logs of GitHub Actions and Azure Pipelines: `2026-01-02T03:04:05.1234567Z text`, after job and step in what `gh run view
//! --log` prints.
//!
//! Commands of the runner (`##[error]`, `##[group]`) go, too; those that state a level leave it. A time of seven decimals
//! alone tells little, since .NET writes such headers: [`is_marked`] looks for a command.

use memchr::{memchr, memmem};

use crate::source::transport::origin::{Head, Input, Part, Text};
use crate::source::transport::peel::{Loose, Peel};
use crate::source::transport::prefix::is_rfc3339;

/// The length of the time.
const TIME: usize = "2026-01-02T03:04:05.1234567Z".len();

/// Peels the prefix of Actions.
#[derive(Debug, Default)]
pub(super) struct Actions {
    loose: Loose,
}

/// Tells whether a line has the prefix.
pub(super) fn fits(line: &[u8]) -> bool {
    prefixed(line).is_some()
}

/// Tells whether a command of the runner stands right behind a prefix in the sample.
pub(super) fn is_marked(sample: &[u8]) -> bool {
    [&b"Z ##["[..], b"Z [command]"].iter().any(|mark| memmem::find(sample, mark).is_some())
}

/// Splits a line into its time and its text.
#[inline]
fn prefixed(line: &[u8]) -> Option<(&[u8], &[u8])> {
    stamped(line).or_else(|| {
        let job = memchr(b'\t', line)? + 1;
        let step = job + memchr(b'\t', &line[job..])? + 1;
        let text = &line[step..];
        stamped(text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text))
    })
}

#[inline]
fn stamped(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let (time, text) = line.split_at_checked(TIME)?;
    (text.first().is_none_or(|&byte| byte == b' ') && time.ends_with(b"Z") && is_rfc3339(time))
        .then_some((time, text.get(1..).unwrap_or_default()))
}

/// Splits a command off: its name, which may be a level, and the text.
fn command(text: &[u8]) -> (&[u8], &[u8]) {
    let Some(rest) = text.strip_prefix(b"##[") else { return (b"", text) };
    match memchr(b']', rest) {
        Some(end) if rest[..end].iter().all(u8::is_ascii_alphabetic) => (&rest[..end], &rest[end + 1..]),
        _ => (b"", text),
    }
}

impl Peel for Actions {
    fn peel(&mut self, input: Input<'_>, out: &mut Text) -> usize {
        input.each_line(|line, place| match prefixed(line) {
            Some((time, text)) => {
                self.loose.entry();
                let (level, text) = command(text);
                out.line(Part::Line, place, Head { time, level }, text);
            }
            None => self.loose.line_between(place, line, out),
        })
    }
}
