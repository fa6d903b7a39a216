//! systemd's journal as `journalctl -o json` prints it: an object a line, its fields as strings.
//!
//! A value that is not UTF-8 or holds control characters is an array of bytes, one that occurs several times an array of
//! values. What an entry becomes is said in [`super::journal`].

use crate::source::transport::journal::Entry;
use crate::source::transport::json::{Value, members, string, unescape};
use crate::source::transport::origin::Input;
use crate::source::transport::origin::Text;
use crate::source::transport::peel::{Loose, Peel};

/// Peels the journal in JSON.
#[derive(Debug, Default)]
pub(super) struct Journald {
    entry: Entry,
    loose: Loose,
}

/// Tells whether a line is an entry of the journal.
pub(super) fn fits(line: &[u8]) -> bool {
    if !line.starts_with(b"{") {
        return false;
    }
    let mut is_stamped = false;
    for member in members(line) {
        let Ok(member) = member else { return false };
        is_stamped |= member.key == b"__REALTIME_TIMESTAMP";
    }
    is_stamped
}

/// Adds the text of a value.
fn write(value: Value<'_>, out: &mut Vec<u8>) {
    match value {
        Value::Text(text) => unescape(text, out),
        Value::Other(array @ [b'[', ..]) => write_array(array, out),
        // Larger than journald wanted to print.
        Value::Other(b"null") => {}
        Value::Other(other) => out.extend_from_slice(other),
    }
}

/// Adds the bytes of an array of numbers, or the values of an array of strings as lines.
fn write_array(array: &[u8], out: &mut Vec<u8>) {
    let mut rest = array;
    let mut is_first = true;
    while let Some(byte) = rest.first() {
        match byte {
            b'"' => {
                let Some((text, after)) = string(rest) else { return };
                if !is_first {
                    out.push(b'\n');
                }
                is_first = false;
                unescape(text, out);
                rest = after;
            }
            b'0'..=b'9' => {
                let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
                let number = rest[..digits]
                    .iter()
                    .fold(0_u32, |value, digit| value.saturating_mul(10).saturating_add(u32::from(digit - b'0')));
                out.extend(u8::try_from(number));
                rest = &rest[digits..];
            }
            _ => rest = &rest[1..],
        }
    }
}

impl Peel for Journald {
    fn peel(&mut self, input: Input<'_>, out: &mut Text) -> usize {
        let Self { entry, loose } = self;
        input.each_line(|line, place| {
            // Where the object turns out to be cut off, the line passes as it is.
            let is_object = line.starts_with(b"{")
                && members(line).all(|member| {
                    member.is_ok_and(|member| {
                        entry.field(member.key, |own| write(member.value, own));
                        true
                    })
                });
            if !is_object {
                entry.clear();
                return loose.line(place, line, out);
            }
            entry.finish(place, out);
            loose.entry();
        })
    }
}
