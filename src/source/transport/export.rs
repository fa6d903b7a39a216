//! systemd's journal as `journalctl -o export` prints it: fields `NAME=value`, entries ended by a blank line.
//!
//! A value that is not UTF-8 or has several lines stands below its name with its length, 64 bits little-endian, in front. What
//! an entry becomes is said in [`super::journal`].

use memchr::memchr;

use crate::source::transport::journal::Entry;
use crate::source::transport::origin::{Input, Text};
use crate::source::transport::peel::{ENTRY_BYTES, Loose, Peel};

/// Bytes of the longest name of a field: journald's own limit.
const NAME_BYTES: usize = 64;

/// Peels the journal's export format.
#[derive(Debug, Default)]
pub(super) struct Export {
    entry: Entry,
    loose: Loose,
}

/// Tells whether a text begins as an export does.
pub(super) fn begins(sample: &[u8]) -> bool {
    let text = sample.trim_ascii_start();
    [&b"__CURSOR="[..], b"__REALTIME_TIMESTAMP="].iter().any(|name| text.starts_with(name))
}

/// What stands at some place of an export.
enum Next<'e> {
    /// A field and where it ends.
    Field(&'e [u8], &'e [u8], usize),
    /// The blank line that ends an entry, and where it ends.
    End(usize),
    /// A line that is no field, and where it ends.
    Other(usize),
    /// Not enough text to tell.
    Unknown,
}

/// Looks at what stands at `at`.
fn next(bytes: &[u8], at: usize, is_last: bool) -> Next<'_> {
    let rest = &bytes[at..];
    let newline = match memchr(b'\n', rest) {
        Some(newline) => newline,
        None if is_last => rest.len(),
        None => return Next::Unknown,
    };
    let (line, end) = (&rest[..newline], (at + newline + 1).min(bytes.len()));
    if line.is_empty() {
        return Next::End(end);
    }
    if let Some(equals) = memchr(b'=', line) {
        let name = &line[..equals];
        return if is_name(name) { Next::Field(name, &line[equals + 1..], end) } else { Next::Other(end) };
    }
    if !is_name(line) {
        return Next::Other(end);
    }
    let Some((length, data)) = bytes[end..].split_first_chunk::<8>() else {
        return if is_last { Next::Other(end) } else { Next::Unknown };
    };
    let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
    if length >= ENTRY_BYTES {
        return Next::Other(end);
    }
    match data.get(..length) {
        // The newline behind the value.
        Some(value) => Next::Field(line, value, (end + 8 + length + 1).min(bytes.len())),
        None if is_last => Next::Other(end),
        None => Next::Unknown,
    }
}

fn is_name(name: &[u8]) -> bool {
    (1..=NAME_BYTES).contains(&name.len()) && name.iter().all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_'))
}

impl Peel for Export {
    fn peel(&mut self, input: Input<'_>, out: &mut Text) -> usize {
        let Self { entry, loose } = self;
        let bytes = input.bytes;
        let mut places = input.places();
        let mut done = 0;
        while done < bytes.len() {
            let (mut at, mut has_fields) = (done, false);
            let end = loop {
                match next(bytes, at, input.is_last) {
                    Next::Field(name, value, end) => {
                        entry.field(name, |own| own.extend_from_slice(value));
                        (at, has_fields) = (end, true);
                    }
                    Next::End(end) => break end,
                    // It is told again, as the line of no entry.
                    Next::Other(_) if has_fields => break at,
                    Next::Other(end) => {
                        let line = &bytes[at..end];
                        loose.line(places.at(at), line.strip_suffix(b"\n").unwrap_or(line), out);
                        break end;
                    }
                    Next::Unknown => {
                        entry.clear();
                        return done;
                    }
                }
                if at == bytes.len() && input.is_last {
                    break at;
                }
            };
            if has_fields {
                entry.finish(places.at(done), out);
                loose.entry();
            }
            done = end;
        }
        done
    }
}
