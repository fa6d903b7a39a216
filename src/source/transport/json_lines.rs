//! Applications that log one JSON object a line.
//!
//! An object is an entry: the text of its message, and below it the object itself, its escapes undone, so that a rule can be
//! about either (`^Connection refused`, `"error_code":1234`) and stack traces in other members are lines. A message that is
//! an object again is treated alike, as deep as [`DEPTH`](super::DEPTH). Which members hold message, time and level
//! is said by [`JsonKeys`].

use crate::rule::settings;
use crate::source::transport::DEPTH;
use crate::source::transport::json::{Value, members, unescape};
use crate::source::transport::origin::{Head, Input, Part, Place, Text};
use crate::source::transport::peel::{Loose, Peel};

/// The members of an object that hold what every log has. A dot leads into an object: `log.level` is the member of that name
/// or `level` in the object `log`. Of several that are there, the one listed first counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonKeys {
    /// The message.
    pub message: Vec<String>,
    /// When it was written.
    pub time: Vec<String>,
    /// How severe it is.
    pub level: Vec<String>,
}

impl Default for JsonKeys {
    /// The names that common loggers use: bunyan, pino, zap, logrus, Serilog, ECS, GELF, Google's and Docker's.
    fn default() -> Self {
        let names = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        Self {
            message: names(&["message", "msg", "log", "MESSAGE", "event", "text", "@m", "@mt", "short_message"]),
            time: names(&["@timestamp", "timestamp", "time", "ts", "@t"]),
            level: names(&["level", "severity", "log.level", "PRIORITY", "lvl", "@l"]),
        }
    }
}

impl JsonKeys {
    /// Takes the keys that settings name; those that they leave out have their usual names.
    pub(super) fn stated(keys: &settings::JsonKeys) -> Self {
        let named = |key: &Option<String>, usual| key.clone().map_or(usual, |key| vec![key]);
        let usual = Self::default();
        Self {
            message: named(&keys.message, usual.message),
            time: named(&keys.time, usual.time),
            level: named(&keys.level, usual.level),
        }
    }
}

/// What is looked for in an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Message,
    Time,
    Level,
}

/// [`JsonKeys`] made ready for looking up.
#[derive(Debug, Clone)]
pub(super) struct Finder {
    /// The names with what they hold and their rank; those of a role are in order.
    names: Vec<(Vec<u8>, Role, usize)>,
    /// For each length up to 63 a bit that says whether a name, or the part before its dot, has it.
    lengths: u64,
}

/// What an object holds.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Found<'j> {
    /// The message as written, with its rank.
    message: Option<(usize, &'j [u8])>,
    time: Option<(usize, &'j [u8])>,
    level: Option<(usize, &'j [u8])>,
}

impl<'j> Found<'j> {
    /// The message as written.
    pub fn message(&self) -> Option<&'j [u8]> {
        self.message.map(|(_, text)| text)
    }

    fn head(&self) -> Head<'j> {
        let text = |found: Option<(usize, &'j [u8])>| found.map_or(&b""[..], |(_, text)| text);
        Head { time: text(self.time), level: text(self.level) }
    }

    fn add(&mut self, role: Role, rank: usize, value: Value<'j>) {
        let value = match (role, value) {
            (Role::Message, Value::Text(text)) => Some(text),
            (Role::Message, Value::Other(_)) => None,
            _ => value.scalar(),
        };
        let own = match role {
            Role::Message => &mut self.message,
            Role::Time => &mut self.time,
            Role::Level => &mut self.level,
        };
        if let Some(text) = value
            && own.is_none_or(|(known, _)| rank < known)
        {
            *own = Some((rank, text));
        }
    }
}

impl Finder {
    pub fn new(keys: &JsonKeys) -> Self {
        let mut finder = Self { names: Vec::new(), lengths: 0 };
        for (names, role) in [(&keys.message, Role::Message), (&keys.time, Role::Time), (&keys.level, Role::Level)] {
            for (rank, name) in names.iter().enumerate() {
                let parent = name.split('.').next().unwrap_or(name);
                finder.lengths |= bit(name.len()) | bit(parent.len());
                finder.names.push((name.as_bytes().to_vec(), role, rank));
            }
        }
        finder
    }

    /// Looks through an object. `None` if it is none.
    pub fn find<'j>(&self, object: &'j [u8]) -> Option<Found<'j>> {
        if !object.trim_ascii_start().starts_with(b"{") {
            return None;
        }
        let mut found = Found::default();
        for member in members(object) {
            let member = member.ok()?;
            if self.lengths & bit(member.key.len()) == 0 {
                continue;
            }
            for (name, role, rank) in &self.names {
                if name == member.key {
                    found.add(*role, *rank, member.value);
                } else if let Value::Other(inner @ [b'{', ..]) = member.value
                    && let Some(rest) = name.strip_prefix(member.key).and_then(|rest| rest.strip_prefix(b"."))
                    && let Some(value) = members(inner).flatten().find(|inner| inner.key == rest)
                {
                    found.add(*role, *rank, value.value);
                }
            }
        }
        Some(found)
    }

    /// Tells whether a line is an object with a message.
    pub fn fits(&self, line: &[u8]) -> bool {
        self.find(line).is_some_and(|found| found.message.is_some())
    }

    /// Adds the entry of an object; `before` is written in front of its message. Returns whether it is one.
    pub fn entry(&self, object: &[u8], before: &[u8], place: Place<'_>, head: Head<'_>, out: &mut Text) -> bool {
        self.entry_within(object, before, place, head, out, DEPTH)
    }

    fn entry_within(
        &self,
        object: &[u8],
        before: &[u8],
        place: Place<'_>,
        outer: Head<'_>,
        out: &mut Text,
        depth: usize,
    ) -> bool {
        let Some(found) = self.find(object) else { return false };
        let head = found.head().or(outer);
        let message = found.message().unwrap_or_default();
        let mut inner = Vec::new();
        if message.starts_with(b"{") && depth > 1 {
            unescape(message, &mut inner);
        }
        if !self.entry_within(&inner, before, place, head, out, depth.saturating_sub(1)) {
            out.begin(Part::Entry, place, head);
            out.push(before);
            unescape(message, &mut out.bytes);
            out.end_line();
        }
        unescape(object, &mut out.bytes);
        out.end_line();
        true
    }
}

fn bit(length: usize) -> u64 {
    1_u64.checked_shl(length as u32).unwrap_or(0)
}

/// Peels lines of JSON.
#[derive(Debug)]
pub(super) struct JsonLines {
    finder: Finder,
    loose: Loose,
}

impl JsonLines {
    pub fn new(keys: &JsonKeys) -> Self {
        Self { finder: Finder::new(keys), loose: Loose::default() }
    }
}

impl Peel for JsonLines {
    fn peel(&mut self, input: Input<'_>, out: &mut Text) -> usize {
        let Self { finder, loose } = self;
        input.each_line(|line, place| {
            if finder.entry(line, b"", place, Head::default(), out) {
                loose.entry();
            } else {
                loose.line(place, line, out);
            }
        })
    }
}
