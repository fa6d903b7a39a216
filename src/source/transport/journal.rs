//! An entry of systemd's journal, from whichever format it was read.
//!
//! Its text is what `journalctl` prints, without the time: `host identifier[pid]: message`, so that rules for syslog find it.
//! Below stand the fields that the program set itself, as `NAME=value`; those that journald added (with `_` in front) do not.

use crate::source::transport::json_lines::{Finder, JsonKeys};
use crate::source::transport::origin::{Head, Part, Place, Text};

/// An entry while its fields come.
#[derive(Debug)]
pub(super) struct Entry {
    message: Vec<u8>,
    host: Vec<u8>,
    identifier: Vec<u8>,
    command: Vec<u8>,
    pid: Vec<u8>,
    written: Vec<u8>,
    received: Vec<u8>,
    priority: Vec<u8>,
    others: Vec<u8>,
    before: Vec<u8>,
    /// For messages that are objects.
    finder: Finder,
}

impl Default for Entry {
    fn default() -> Self {
        Self {
            message: Vec::new(),
            host: Vec::new(),
            identifier: Vec::new(),
            command: Vec::new(),
            pid: Vec::new(),
            written: Vec::new(),
            received: Vec::new(),
            priority: Vec::new(),
            others: Vec::new(),
            before: Vec::new(),
            finder: Finder::new(&JsonKeys::default()),
        }
    }
}

impl Entry {
    /// Takes a field; `write` adds its value to a buffer. A message may have several values, which become lines.
    pub fn field(&mut self, name: &[u8], write: impl FnOnce(&mut Vec<u8>)) {
        let (own, is_first) = match name {
            b"MESSAGE" => {
                if !self.message.is_empty() {
                    self.message.push(b'\n');
                }
                (&mut self.message, true)
            }
            b"_HOSTNAME" => (&mut self.host, false),
            b"SYSLOG_IDENTIFIER" => (&mut self.identifier, false),
            b"_COMM" => (&mut self.command, false),
            b"_PID" | b"SYSLOG_PID" => (&mut self.pid, false),
            b"_SOURCE_REALTIME_TIMESTAMP" => (&mut self.written, false),
            b"__REALTIME_TIMESTAMP" => (&mut self.received, false),
            b"PRIORITY" => (&mut self.priority, false),
            _ if name.starts_with(b"_") || name.starts_with(b"SYSLOG_") => return,
            _ => {
                self.others.extend_from_slice(name);
                self.others.push(b'=');
                write(&mut self.others);
                self.others.push(b'\n');
                return;
            }
        };
        if is_first || own.is_empty() {
            write(own);
        }
    }

    /// Writes the entry, which comes from `place`, and makes room for the next.
    pub fn finish(&mut self, place: Place<'_>, out: &mut Text) {
        let time = if self.written.is_empty() { &self.received } else { &self.written };
        let head = Head { time, level: &self.priority };
        let identifier = if self.identifier.is_empty() { &self.command } else { &self.identifier };
        prefix(&self.host, identifier, &self.pid, &mut self.before);
        write(&self.finder, &self.before, &self.message, place, head, out);
        out.push(&self.others);
        self.clear();
    }

    /// Forgets the fields.
    pub fn clear(&mut self) {
        for own in [
            &mut self.message,
            &mut self.host,
            &mut self.identifier,
            &mut self.command,
            &mut self.pid,
            &mut self.written,
            &mut self.received,
            &mut self.priority,
            &mut self.others,
        ] {
            own.clear();
        }
    }
}

/// Replaces `out` by `host identifier[pid]: `, as far as it is known.
pub(super) fn prefix(host: &[u8], identifier: &[u8], pid: &[u8], out: &mut Vec<u8>) {
    out.clear();
    out.extend_from_slice(host);
    if !host.is_empty() && !identifier.is_empty() {
        out.push(b' ');
    }
    out.extend_from_slice(identifier);
    if !pid.is_empty() {
        out.push(b'[');
        out.extend_from_slice(pid);
        out.push(b']');
    }
    if !out.is_empty() {
        out.extend_from_slice(b": ");
    }
}

/// Writes an entry whose message may be an object.
pub(super) fn write(finder: &Finder, before: &[u8], message: &[u8], place: Place<'_>, head: Head<'_>, out: &mut Text) {
    if message.starts_with(b"{") && finder.entry(message, before, place, head, out) {
        return;
    }
    out.begin(Part::Entry, place, head);
    out.push(before);
    out.push(message);
    out.end_line();
}
