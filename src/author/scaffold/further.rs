//! The other lines of a paste: which of them tell more about the failure, and which are in no signature.
//!
//! A line `key: value` of the same record becomes an `optional` of the signature, one of another record (PostgreSQL's `DETAIL:`) a
//! signature of its own; a heading with such lines below it (Terraform's `Lock Info:`) becomes a signature with these as `optional`. Frames of
//! stack traces are neither, and nobody misses them.

use std::sync::LazyLock;

use regex::Regex;

use crate::author::scaffold::generalise::{self, Depth, Piece};
use crate::author::scaffold::naming::Names;
use crate::author::scaffold::prefix::without_certain;
use crate::author::scaffold::telling::Message;
use crate::author::scaffold::written::{self, Form};
use crate::source::is_trace_frame;

/// Lines that are offered: an article is about few of them.
pub const LINES_OFFERED: usize = 8;

/// Letters of a key from which on it is a signature: `ID:` stands in too many logs.
const KEY_LETTERS: usize = 5;

/// A line that names what it tells.
const TELLING: &str = r"^(?:.{0,80}?\b(?<detail>DETAIL|REASON):\s+|[\s>*-]*(?<key>[A-Z][A-Za-z_]*(?: [A-Za-z_]+){0,2}):\s+)(?<value>\S.*?)\s*$";

/// Keys that name no value: levels, advice, what was asked for.
const NO_KEYS: [&str; 21] = [
    "error",
    "warning",
    "warn",
    "info",
    "debug",
    "fatal",
    "critical",
    "notice",
    "hint",
    "context",
    "statement",
    "note",
    "help",
    "query",
    "traceback",
    "suppressed",
    "exception",
    "file",
    "at",
    "process",
    "usage",
];

/// A line above others.
const HEADING: &str = r"^\s*(?<key>[A-Z][A-Za-z_]*(?: [A-Za-z_]+){0,2}):\s*$";

static PATTERN: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(TELLING).ok());
static HEADING_PATTERN: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(HEADING).ok());

/// A line that is offered.
#[derive(Clone, Debug)]
pub(super) struct Offer {
    /// The name of its signature.
    pub name: String,
    /// What finds it.
    pub regex: String,
    /// What finds the lines below it.
    pub optional: Vec<String>,
    /// The names of what it captures.
    pub captures: Vec<String>,
    /// Whether it is of the message's own record.
    pub is_inside: bool,
}

/// A line of the paste that no signature is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnusedLine {
    /// Which, from 1.
    pub number: usize,
    /// What it says.
    pub text: String,
}

/// The other lines of a paste.
#[derive(Debug, Default)]
pub(super) struct Further {
    /// Those that tell more.
    pub offers: Vec<Offer>,
    /// Those that are not used, with these offers or without.
    pub unused: Vec<UnusedLine>,
    /// Those that are offered, for when they turn out to be of no use.
    pub offered: Vec<UnusedLine>,
}

/// Looks at the lines beside that of the message. Names are added to those of the message.
pub(super) fn further(paste: &str, message: &Message, names: &mut Names) -> Further {
    let mut further = Further::default();
    let Some(pattern) = PATTERN.as_ref() else { return further };
    let Some(own) = paste.lines().position(|line| line.contains(message.text.as_str())) else { return further };
    let inside: Vec<&str> = message.record.lines().map(str::trim).collect();
    let keys: Vec<Option<&str>> = paste.lines().map(|line| key(pattern, line).map(|(key, _)| key)).collect();
    let mut below: Vec<String> = Vec::new();
    for record in message.records.iter().filter(|record| **record != message.record) {
        if let Some((offer, lines)) = headed(pattern, record, names) {
            further.offers.push(offer);
            below.extend(lines);
        }
    }
    let mut offered = below.len();
    for (at, line) in paste.lines().enumerate() {
        let is_same = at == own || line.contains(message.text.as_str());
        if is_same || !line.contains(char::is_alphanumeric) || is_trace_frame(line.as_bytes()) {
            continue;
        }
        let unused = UnusedLine { number: at + 1, text: line.trim().to_owned() };
        let is_once = |word: &str| keys.iter().flatten().filter(|other| **other == word).count() == 1;
        if below.iter().any(|other| other == line.trim()) {
            further.offered.push(unused);
            continue;
        }
        let found = key(pattern, line).filter(|(key, _)| at > own && is_once(key));
        let offer = found
            .filter(|_| offered < LINES_OFFERED)
            .and_then(|(key, value)| offer(key, value, inside.contains(&line.trim()), names));
        match offer {
            Some(offer) => {
                offered += 1;
                further.offers.push(offer);
                further.offered.push(unused);
            }
            None => further.unused.push(unused),
        }
    }
    further
}

/// A record that begins with a heading, and its lines that are used.
fn headed(pattern: &Regex, record: &str, names: &mut Names) -> Option<(Offer, Vec<String>)> {
    let mut lines = record.lines();
    let heading = HEADING_PATTERN.as_ref()?.captures(lines.next()?)?.name("key")?.as_str();
    let mut made = Offer {
        name: heading.to_ascii_lowercase().replace(' ', "_"),
        regex: written::regex(&[Piece::Literal(format!("{heading}:"))]),
        optional: Vec::new(),
        captures: Vec::new(),
        is_inside: false,
    };
    let mut used = vec![format!("{heading}:")];
    for line in lines {
        let found = key(pattern, line).filter(|_| made.optional.len() < LINES_OFFERED);
        let Some(offer) = found.and_then(|(key, value)| offer(key, value, true, names)) else { continue };
        made.optional.push(offer.regex);
        made.captures.extend(offer.captures);
        used.push(line.trim().to_owned());
    }
    (heading.len() >= KEY_LETTERS && !made.optional.is_empty()).then_some((made, used))
}

/// The key of a line and its value, if that may differ.
fn key<'l>(pattern: &Regex, line: &'l str) -> Option<(&'l str, &'l str)> {
    let found = pattern.captures(without_certain(line))?;
    let key = found.name("detail").or_else(|| found.name("key"))?.as_str();
    let is_word = |key: &str| !NO_KEYS.iter().any(|other| key.eq_ignore_ascii_case(other));
    is_word(key).then(|| Some((key, found.name("value")?.as_str())))?
}

fn offer(key: &str, value: &str, is_inside: bool, names: &mut Names) -> Option<Offer> {
    if !is_inside && key.chars().count() < KEY_LETTERS {
        return None;
    }
    let name = key.to_ascii_lowercase().replace(' ', "_");
    let is_sentence = key.chars().all(|letter| letter.is_ascii_uppercase()) && value.contains(' ');
    let mut pieces = vec![Piece::Literal(format!("{key}:  "))];
    if is_sentence {
        pieces.extend(generalise::pieces(value, Depth::Values, names));
    }
    if !pieces.iter().any(|piece| matches!(piece, Piece::Value { .. })) {
        pieces.truncate(1);
        let name = Some(names.keyed(key, value)?);
        pieces.push(Piece::Value { text: value.to_owned(), form: Form::Rest, name });
    }
    let captures: Vec<String> = pieces
        .iter()
        .filter_map(|piece| match piece {
            Piece::Value { name, .. } => name.clone(),
            Piece::Literal(_) => None,
        })
        .collect();
    (!captures.is_empty()).then(|| Offer {
        name,
        regex: written::regex(&pieces),
        optional: Vec::new(),
        captures,
        is_inside,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::author::scaffold::telling;

    fn of(paste: &str) -> Further {
        further(paste, &telling::message(paste).unwrap(), &mut Names::default())
    }

    #[test]
    fn lines_with_keys_are_offered() {
        let paste = "2026-03-11 20:48:58.034 UTC [733] ERROR:  deadlock detected\n\
                     2026-03-11 20:48:58.034 UTC [733] DETAIL:  Process 733 waits for ShareLock on transaction 385808.\n\
                     \tProcess 729 waits for ShareLock on transaction 385809.\n\
                     2026-03-11 20:48:58.034 UTC [733] HINT:  See server log for query details.\n";
        let further = of(paste);
        let [offer] = further.offers.as_slice() else { panic!("{further:?}") };
        assert_eq!(
            (offer.name.as_str(), offer.regex.as_str(), offer.is_inside),
            (
                "detail",
                r"DETAIL:\s+Process (?<process>\d+) waits for ShareLock on transaction (?<transaction>\d+)\.",
                false
            )
        );
        assert_eq!(further.unused.iter().map(|line| line.number).collect::<Vec<_>>(), [3, 4]);
    }

    #[test]
    fn a_record_has_its_lines_inside() {
        let paste = "2026-03-11 20:48:58 ERROR cannot lock the state\n  Path:  a/b.tfstate\n  Who: me@here\n\tat a.B.c(B.java:7)\n";
        let further = of(paste);
        let found: Vec<_> = further.offers.iter().map(|offer| (offer.regex.as_str(), offer.is_inside)).collect();
        assert_eq!(found, [(r"Path:\s+(?<path>\S[^\r\n]*)", true), (r"Who:\s+(?<who>\S[^\r\n]*)", true)]);
        assert!(further.unused.is_empty());
    }

    #[test]
    fn a_heading_has_its_lines_below_it() {
        let paste = "Error: cannot acquire the state lock\n\nLock Info:\n  ID:   f9763602-b03f-e35c-da30-4083cdbb99ae\n  Who:  me@here\n  Info:\n";
        let further = of(paste);
        let [offer] = further.offers.as_slice() else { panic!("{further:?}") };
        assert_eq!((offer.name.as_str(), offer.regex.as_str()), ("lock_info", "Lock Info:"));
        assert_eq!(offer.optional, [r"ID:\s+(?<id>\S[^\r\n]*)", r"Who:\s+(?<who>\S[^\r\n]*)"]);
        assert_eq!(further.unused.iter().map(|line| line.number).collect::<Vec<_>>(), [6]);
    }

    #[test]
    fn advice_and_repeated_keys_are_not_used() {
        let further = of("ERROR the disk is gone\nHint: look\nNode: a\nNode: b\nplain words\n");
        assert!(further.offers.is_empty());
        assert_eq!(further.unused.len(), 4);
    }
}
