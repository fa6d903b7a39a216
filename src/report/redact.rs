//! Masking of secrets and personal data, for what is stored, logged or shared.
//!
//! A [`Redactor`] replaces what `recognise` finds in a text, and what the settings name, by [pseudonyms](RedactionKey): the same value has the
//! same one. [`Redactor::text`] is for texts that stand alone: comments, file names, log lines. For a whole [`Diagnosis`] there is [`Watching`]:
//! it sees the records while they are diagnosed, since `hunter2` alone does not look like a password, and its record `password=hunter2` is not always kept.
//! A diagnosis is masked before anything is rendered, so that no format has a way around it.
//!
//! What is masked in which kind is listed in `docs/redaction.md`. Names of people and machines are not known here: `redact` in the settings can name them.

mod addresses;
mod names;
mod pseudonym;
mod recognise;
mod values;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use aho_corasick::{AhoCorasick, MatchKind};

use crate::diagnose::{CaseText, Diagnosis};
use crate::report::redact::names::tells_nothing;
use crate::report::redact::recognise::Wanted;
use crate::rule::pattern::Pattern;
use crate::rule::redact_settings::RedactSettings;
use crate::rule::vocabulary::MaskedKind;
use crate::scan::RecordMatches;
use crate::source::Note;

pub use pseudonym::{RedactionKey, RedactionKeyError};

/// Bytes in which a regex of the settings is searched at once: a longer line is searched in pieces that overlap by half, so that the time stays
/// linear in it.
const WINDOW: usize = 32 * 1024;
/// Values that are known as secrets by their records, in one run: 10 MB or so. With more of them every value is masked.
const LEARNED_LIMIT: usize = 100_000;
/// Letters of such a value from which it is masked also where its name is not near: shorter ones are words as often as not.
const LEARNED_ANYWHERE: usize = 6;
/// Letters of a part of a secret from which it counts as one though it also stands elsewhere in the record.
const PART_LEAST: usize = 4;
/// Places of a value in its record that are looked at.
const PLACES: usize = 64;
/// The end of a record that was cut is left out up to a blank so near: half an address is not known as one.
const CUT_BYTES: usize = 256;

/// Masks secrets and personal data. Cheap to share between threads.
#[derive(Clone, Debug)]
pub struct Redactor {
    key: RedactionKey,
    keep: Vec<MaskedKind>,
    own: Vec<(String, Arc<Pattern>)>,
}

/// Whose pseudonym a value gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Label {
    Kind(MaskedKind),
    /// One of the settings' own, by position.
    Own(usize),
}

/// A value to be masked.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mask {
    range: Range<usize>,
    label: Label,
}

impl Redactor {
    /// Makes a redactor. Pseudonyms are the same wherever the key is.
    pub fn new(key: RedactionKey, settings: &RedactSettings) -> Self {
        Self { key, keep: settings.keep.clone(), own: settings.patterns.clone() }
    }

    /// Masks a text. One without anything to mask is given back as it is, without being copied. Cost: linear in the text, for each pattern of the settings too.
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.masked(text, self.masks(text))
    }

    /// Masks a value that has a name, such as a field of a form: that of a `password` is masked whatever it looks like.
    pub fn named<'t>(&self, name: &str, value: &'t str) -> Cow<'t, str> {
        match self.whole(name, value) {
            Some(pseudonym) => Cow::Owned(pseudonym),
            None => self.text(value),
        }
    }

    /// Whether there is nothing to mask in a text.
    pub fn is_clean(&self, text: &str) -> bool {
        recognise::find(text, Wanted { keep: &self.keep, first: true }).is_empty() && self.own(text).is_empty()
    }

    /// Masks a note.
    pub fn note(&self, note: &mut Note) {
        for text in [&mut note.source, &mut note.detail] {
            if let Cow::Owned(masked) = self.text(text) {
                *text = masked;
            }
        }
    }

    /// Begins to watch what is diagnosed.
    pub fn watch(&self) -> Watching<'_> {
        Watching { redactor: self, learned: Mutex::default() }
    }

    /// Masks a diagnosis by what it holds alone. Where it can be watched while it is made, [`watch`](Self::watch) is better: the records of captured values are not all kept.
    pub fn diagnosis(&self, diagnosis: &mut Diagnosis) {
        let watching = self.watch();
        for finding in &diagnosis.findings {
            let values = || finding.captures.iter().flat_map(|capture| &capture.values.seen).map(String::as_str);
            finding.evidence.iter().for_each(|evidence| watching.learn(&evidence.record, &mut values()));
        }
        watching.finish().diagnosis(diagnosis);
    }

    /// The pseudonym of a value whose name says that it is a secret.
    fn whole(&self, name: &str, value: &str) -> Option<String> {
        let name = name.rsplit('.').next().unwrap_or(name);
        let kind = names::is_secret(name).filter(|kind| !self.keep.contains(kind))?;
        let is_masked = pseudonym::end(value.as_bytes(), 0) == Some(value.len());
        let is_value = !is_masked && !tells_nothing(value);
        is_value.then(|| self.key.pseudonym(kind.name(), value))
    }

    /// What is to be masked in a text, in order, without overlaps.
    fn masks(&self, text: &str) -> Vec<Mask> {
        let found = recognise::find(text, Wanted { keep: &self.keep, first: false });
        let mut masks: Vec<Mask> =
            found.into_iter().map(|found| Mask { range: found.range, label: Label::Kind(found.kind) }).collect();
        let own = self.own(text);
        if !own.is_empty() {
            masks.extend(own);
            masks = united(masks);
        }
        masks
    }

    /// What the patterns of the settings find.
    fn own(&self, text: &str) -> Vec<Mask> {
        let mut masks = Vec::new();
        for (position, (_, pattern)) in self.own.iter().enumerate() {
            let Some(regex) = pattern.regex() else { continue };
            for window in windows(text) {
                let piece = text.get(window.clone()).unwrap_or_default();
                for captures in regex.captures_iter(piece.as_bytes()) {
                    let groups = captures.iter().skip(usize::from(!pattern.captures().is_empty()));
                    for group in groups.flatten() {
                        let range = boundaries(text, window.start + group.start()..window.start + group.end());
                        if !range.is_empty() && !is_within_pseudonym(text.as_bytes(), &range) {
                            masks.push(Mask { range, label: Label::Own(position) });
                        }
                    }
                }
            }
        }
        masks
    }

    fn masked<'t>(&self, text: &'t str, masks: Vec<Mask>) -> Cow<'t, str> {
        if masks.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut written = String::with_capacity(text.len());
        let mut at = 0;
        for mask in masks {
            let value = text.get(mask.range.clone()).unwrap_or_default();
            written.push_str(text.get(at..mask.range.start).unwrap_or_default());
            written.push_str(&self.pseudonym(mask.label, value));
            at = mask.range.end;
        }
        written.push_str(text.get(at..).unwrap_or_default());
        Cow::Owned(written)
    }

    fn pseudonym(&self, label: Label, value: &str) -> String {
        match label {
            // which of them are the same does not depend on how they are written
            Label::Kind(kind @ (MaskedKind::Email | MaskedKind::Mac)) => {
                self.key.pseudonym(kind.name(), &value.to_lowercase().replace("%40", "@").replace('-', ":"))
            }
            Label::Kind(MaskedKind::Ip) => {
                let address: Result<std::net::IpAddr, _> = value.replace('-', ".").parse();
                let written = address.map_or_else(|_| value.to_owned(), |address| address.to_string());
                self.key.pseudonym(MaskedKind::Ip.name(), &written)
            }
            Label::Kind(MaskedKind::Card) => {
                let digits: String = value.chars().filter(char::is_ascii_digit).collect();
                self.key.pseudonym(MaskedKind::Card.name(), &digits)
            }
            Label::Kind(kind) => self.key.pseudonym(kind.name(), value),
            Label::Own(position) => {
                let name = self.own.get(position).map_or("value", |(name, _)| name.as_str());
                self.key.pseudonym(name, value)
            }
        }
    }
}

/// Those in order, of which those that overlap are one.
fn united(mut masks: Vec<Mask>) -> Vec<Mask> {
    masks.sort_by_key(|mask| (mask.range.start, std::cmp::Reverse(mask.range.end), mask.label));
    let mut united: Vec<Mask> = Vec::with_capacity(masks.len());
    for mask in masks {
        match united.last_mut().filter(|last| mask.range.start < last.range.end) {
            Some(last) => last.range.end = last.range.end.max(mask.range.end),
            None => united.push(mask),
        }
    }
    united
}

/// A range that cuts no letter.
fn boundaries(text: &str, mut range: Range<usize>) -> Range<usize> {
    while range.start > 0 && !text.is_char_boundary(range.start) {
        range.start -= 1;
    }
    while range.end < text.len() && !text.is_char_boundary(range.end) {
        range.end += 1;
    }
    range
}

/// The pieces in which a text is searched: whole, or with lines that are too long in overlapping pieces.
fn windows(text: &str) -> Vec<Range<usize>> {
    if text.len() <= WINDOW {
        return std::iter::once(0..text.len()).collect();
    }
    let mut windows = Vec::new();
    let mut start = 0;
    while start < text.len() {
        let end = boundaries(text, start..text.len().min(start + WINDOW)).end;
        windows.push(start..end);
        if end == text.len() {
            break;
        }
        // from the last line that begins in the second half, if there is one
        let half = boundaries(text, start + WINDOW / 2..end);
        let line = memchr::memrchr(b'\n', text.as_bytes().get(half.clone()).unwrap_or_default());
        start = line.map_or(half.start, |line| half.start + line + 1);
    }
    windows
}

/// Whether a place is inside of a pseudonym.
fn is_within_pseudonym(bytes: &[u8], range: &Range<usize>) -> bool {
    // one is far shorter
    let from = range.start.saturating_sub(64);
    let before = bytes.get(from..=range.start.min(bytes.len().saturating_sub(1))).unwrap_or_default();
    let opening = memchr::memrchr(b'<', before).map(|at| from + at);
    opening.and_then(|opening| pseudonym::end(bytes, opening)).is_some_and(|end| range.end <= end)
}

/// What was learned from records about the values that were captured from them.
#[derive(Debug, Default)]
struct Learned {
    /// Secrets, whole.
    secrets: BTreeMap<String, Label>,
    /// Values that are a part of one.
    parts: BTreeMap<String, Label>,
    /// Whether there were more than are kept.
    is_full: bool,
}

impl Learned {
    fn add(map: fn(&mut Self) -> &mut BTreeMap<String, Label>, learned: &mut Self, value: &str, label: Label) {
        if learned.secrets.len() + learned.parts.len() >= LEARNED_LIMIT {
            learned.is_full = true;
        } else if let Some(known) = map(learned).get_mut(value) {
            // whoever came first: what is kept does not depend on it
            *known = label.min(*known);
        } else {
            map(learned).insert(value.to_owned(), label);
        }
    }
}

/// Watches records while they are diagnosed, to know which of the values captured from them are secrets.
#[derive(Debug)]
pub struct Watching<'r> {
    redactor: &'r Redactor,
    learned: Mutex<Learned>,
}

impl<'r> Watching<'r> {
    /// Sees a record; give it to [`Diagnoser::observed`](crate::diagnose::Diagnoser::observed).
    pub fn record(&self, record: &RecordMatches<'_>) {
        let captured = record.found.iter().flat_map(|(_, captured)| captured.values.iter().chain(&captured.optional));
        let mut values = captured.flatten().map(String::as_str).filter(|value| !value.is_empty()).peekable();
        if values.peek().is_some() {
            self.learn(&String::from_utf8_lossy(record.text), &mut values);
        }
    }

    /// Learns which of the values are secrets of a text, or parts of such.
    fn learn(&self, text: &str, values: &mut dyn Iterator<Item = &str>) {
        let masks = self.redactor.masks(text);
        if masks.is_empty() {
            return;
        }
        for value in values.filter(|value| !value.is_empty()) {
            self.learn_value(text, &masks, value);
        }
    }

    fn learn_value(&self, text: &str, masks: &[Mask], value: &str) {
        let mut learned = self.learned.lock().unwrap_or_else(PoisonError::into_inner);
        let mut secret =
            |secret: &str, label| Learned::add(|learned| &mut learned.secrets, &mut learned, secret, label);
        let places: Vec<usize> = text.match_indices(value).take(PLACES).map(|(at, _)| at).collect();
        let mut inside = Vec::new();
        let mut is_outside = false;
        for &start in &places {
            let end = start + value.len();
            let first = masks.partition_point(|mask| mask.range.end <= start);
            let overlapping = masks.iter().skip(first).take_while(|mask| mask.range.start < end);
            let before = inside.len();
            inside.extend(overlapping.map(|mask| (mask, mask.range.start >= start && mask.range.end <= end)));
            is_outside |= before == inside.len();
        }
        for (mask, is_whole) in &inside {
            let masked = text.get(mask.range.clone()).unwrap_or_default();
            if *is_whole {
                secret(masked, mask.label);
            }
        }
        let part = inside.iter().find(|(_, is_whole)| !is_whole).filter(|_| !is_outside || value.len() >= PART_LEAST);
        let part = part.map(|(mask, _)| mask.label);
        if places.is_empty() {
            // the reading that matched has other blanks or quotes than the record
            for mask in masks {
                let masked = text.get(mask.range.clone()).unwrap_or_default();
                if value.contains(masked) {
                    secret(masked, mask.label);
                }
            }
        }
        if let Some(label) = part {
            Learned::add(|learned| &mut learned.parts, &mut learned, value, label);
        }
    }

    /// Ends watching: what was learned can be applied.
    pub fn finish(self) -> Masker<'r> {
        let Learned { secrets, parts, is_full } = self.learned.into_inner().unwrap_or_else(PoisonError::into_inner);
        let (texts, labels): (Vec<String>, Vec<Label>) = secrets.into_iter().unzip();
        let automaton = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&texts);
        // too large an automaton is as good as too many secrets
        let is_full = is_full || automaton.is_err();
        let secrets = automaton.ok().filter(|_| !texts.is_empty());
        Masker { redactor: self.redactor, secrets, labels, parts, is_full }
    }
}

/// Masks diagnoses after they were watched.
#[derive(Debug)]
pub struct Masker<'r> {
    redactor: &'r Redactor,
    secrets: Option<AhoCorasick>,
    /// Of the secrets, by their number.
    labels: Vec<Label>,
    parts: BTreeMap<String, Label>,
    is_full: bool,
}

impl Masker<'_> {
    /// Masks every text of a diagnosis that came from its case: captures, facts, evidence, names of sources, notes.
    pub fn diagnosis(&self, diagnosis: &mut Diagnosis) {
        diagnosis.rewrite(&|what, text| match what {
            CaseText::Value(name) => self.value(name, text),
            CaseText::Record => {
                self.anywhere(uncut(text)).or_else(|| (uncut(text) != text).then(|| uncut(text).to_owned()))
            }
            CaseText::Source | CaseText::Words => self.anywhere(text),
        });
    }

    /// Masks a note that belongs to no case.
    pub fn note(&self, note: &mut Note) {
        for text in [&mut note.source, &mut note.detail] {
            if let Some(masked) = self.anywhere(text) {
                *text = masked;
            }
        }
    }

    /// A captured value or fact, masked; `None` when there is nothing to mask.
    fn value(&self, name: &str, value: &str) -> Option<String> {
        let is_masked = pseudonym::end(value.as_bytes(), 0) == Some(value.len());
        if is_masked || value.is_empty() {
            return None;
        }
        if let Some(pseudonym) = self.redactor.whole(name, value) {
            return Some(pseudonym);
        }
        if let Some(label) = self.parts.get(value) {
            return Some(self.redactor.pseudonym(*label, value));
        }
        if self.is_full {
            return Some(self.redactor.key.pseudonym("value", value));
        }
        self.with_learned(value, 1)
    }

    fn anywhere(&self, text: &str) -> Option<String> {
        self.with_learned(text, LEARNED_ANYWHERE)
    }

    /// A text with what is found in it masked, and what was learned, from a number of letters.
    fn with_learned(&self, text: &str, least: usize) -> Option<String> {
        let mut masks = self.redactor.masks(text);
        let bytes = text.as_bytes();
        let is_letter = |at: Option<&u8>| at.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte >= 0x80);
        let found = self.secrets.iter().flat_map(|secrets| secrets.find_iter(text)).filter(|found| {
            let (start, end) = (found.start(), found.end());
            let goes_on = is_letter(bytes.get(end)) && is_letter(bytes.get(end.wrapping_sub(1)));
            let began = start > 0 && is_letter(bytes.get(start - 1)) && is_letter(bytes.get(start));
            end - start >= least && !goes_on && !began && !is_within_pseudonym(bytes, &(start..end))
        });
        let learned = found.filter_map(|found| {
            let label = self.labels.get(found.pattern().as_usize()).copied()?;
            Some(Mask { range: found.range(), label })
        });
        let before = masks.len();
        masks.extend(learned);
        if masks.len() > before {
            masks = united(masks);
        }
        match self.redactor.masked(text, masks) {
            Cow::Borrowed(_) => None,
            Cow::Owned(masked) => Some(masked),
        }
    }
}

/// A record without its last word where that may have been cut.
fn uncut(record: &str) -> &str {
    if record.len() < crate::diagnose::evidence::EXCERPT_BYTES {
        return record;
    }
    let blank = record.trim_end().rfind(char::is_whitespace);
    let near = blank.filter(|at| record.len() - at <= CUT_BYTES);
    near.and_then(|at| record.get(..at)).unwrap_or(record)
}

#[cfg(test)]
mod tests;
