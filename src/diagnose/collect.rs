//! What was found in the records of a case, grouped as it arrives so that memory follows what was found, not what was read.
//!
//! A [`Collector`] belongs to one part of a case; the parts' collectors are [merged](Collector::merge) in the order of the
//! parts, so that the outcome does not depend on which was read first. Every bound here is a limit with a name; what goes
//! over it is counted, not kept.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::rule::RuleId;
use crate::scan::{Captured, Index, RecordMatches, SignatureId};
use crate::source::LogTime;

/// Distinct failures of one signature that are kept apart; further ones are only counted.
pub const GROUP_LIMIT: usize = 1_000;
/// Distinct values of one capture that are kept; an answer that lists more is not read.
pub const VALUE_LIMIT: usize = 10;
/// Sources of one failure whose places are kept.
pub const SOURCE_LIMIT: usize = 50;
/// Places in one source that are kept.
pub const PLACE_LIMIT: usize = 10;
/// Bytes of the first record of each source that are kept as evidence.
pub const EXCERPT_BYTES: usize = 2_048;

/// The distinct values of a capture, in the order seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values {
    /// At most [`VALUE_LIMIT`].
    pub seen: Vec<String>,
    /// Whether there were more.
    pub more: bool,
}

impl Values {
    fn add(&mut self, value: &str) {
        if self.seen.iter().any(|seen| seen == value) {
            return;
        }
        if self.seen.len() < VALUE_LIMIT {
            self.seen.push(value.to_owned());
        } else {
            self.more = true;
        }
    }

    pub(crate) fn extend(&mut self, other: &Values) {
        other.seen.iter().for_each(|value| self.add(value));
        self.more |= other.more;
    }
}

/// Where in one source a failure was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SourceEvidence {
    /// The source, named as `bundle.tar.gz::var/log/app.log`.
    pub source: String,
    /// How many records.
    pub count: u64,
    /// The 1-based first lines of the first [`PLACE_LIMIT`] records.
    pub lines: Vec<u64>,
    /// The first record, at most [`EXCERPT_BYTES`] of it.
    pub record: String,
}

/// The records of one signature that belong to one failure.
#[derive(Clone, Debug, Default)]
pub struct Group {
    /// The values of the signature's captures, in its order.
    pub captures: Vec<Values>,
    /// The values of its optional captures, in its order.
    pub optional: Vec<Values>,
    /// How many records.
    pub count: u64,
    /// The earliest time of a record that had one.
    pub first: Option<LogTime>,
    /// The latest.
    pub last: Option<LogTime>,
    /// Where they were found, at most [`SOURCE_LIMIT`] sources.
    pub evidence: Vec<SourceEvidence>,
    /// Sources beyond the limit.
    pub more_sources: u64,
    /// The last of those, so that each is counted once.
    unlisted: Option<String>,
}

impl Group {
    /// Adds one record.
    fn add(&mut self, captured: &Captured, record: &RecordMatches<'_>) {
        add_values(&mut self.captures, &captured.values);
        add_values(&mut self.optional, &captured.optional);
        self.count += 1;
        self.seen_at(record.time, record.time);
        // records of one source arrive together
        match self.evidence.last_mut().filter(|last| last.source == record.source) {
            Some(last) => {
                last.count += 1;
                if last.lines.len() < PLACE_LIMIT {
                    last.lines.push(record.line);
                }
            }
            None if self.unlisted.as_deref() == Some(record.source) => {}
            None => {
                let excerpt = &record.text[..record.text.len().min(EXCERPT_BYTES)];
                self.add_evidence(SourceEvidence {
                    source: record.source.to_owned(),
                    count: 1,
                    lines: vec![record.line],
                    record: String::from_utf8_lossy(excerpt).into_owned(),
                });
            }
        }
    }

    /// Adds the records of another group, which came later in the case.
    pub(crate) fn absorb(&mut self, other: &Group) {
        extend_values(&mut self.captures, &other.captures);
        extend_values(&mut self.optional, &other.optional);
        self.count += other.count;
        self.seen_at(other.first, other.last);
        for evidence in &other.evidence {
            match self.evidence.iter_mut().find(|own| own.source == evidence.source) {
                Some(own) => {
                    own.count += evidence.count;
                    own.lines.extend(evidence.lines.iter().take(PLACE_LIMIT.saturating_sub(own.lines.len())));
                    own.lines.sort_unstable();
                }
                None => self.add_evidence(evidence.clone()),
            }
        }
        self.more_sources += other.more_sources;
    }

    fn seen_at(&mut self, first: Option<LogTime>, last: Option<LogTime>) {
        self.first = [self.first, first].into_iter().flatten().min();
        self.last = [self.last, last].into_iter().flatten().max();
    }

    fn add_evidence(&mut self, evidence: SourceEvidence) {
        if self.evidence.len() < SOURCE_LIMIT {
            self.evidence.push(evidence);
        } else {
            self.more_sources += 1;
            self.unlisted = Some(evidence.source);
        }
    }
}

fn add_values(own: &mut Vec<Values>, given: &[Option<String>]) {
    own.resize(own.len().max(given.len()), Values::default());
    for (own, value) in own.iter_mut().zip(given) {
        value.iter().for_each(|value| own.add(value));
    }
}

fn extend_values(own: &mut Vec<Values>, given: &[Values]) {
    own.resize(own.len().max(given.len()), Values::default());
    own.iter_mut().zip(given).for_each(|(own, values)| own.extend(values));
}

/// What tells the failures of one signature apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupKey {
    /// The values of the captures that make the identity.
    pub identity: Vec<Option<String>>,
    /// For signatures of fallback rules: the other rules that match the same record.
    pub explained_by: BTreeSet<RuleId>,
}

/// The groups of one signature, in the order first seen.
#[derive(Clone, Debug, Default)]
pub struct SignatureMatches {
    order: Vec<GroupKey>,
    groups: BTreeMap<GroupKey, Group>,
    /// Records of failures beyond [`GROUP_LIMIT`].
    pub uncounted: u64,
}

impl SignatureMatches {
    /// The groups with their keys, in the order first seen.
    pub fn groups(&self) -> impl Iterator<Item = (&GroupKey, &Group)> {
        self.order.iter().filter_map(|key| Some((key, self.groups.get(key)?)))
    }

    /// The group of a key; `None` when it would be one too many.
    fn group(&mut self, key: GroupKey) -> Option<&mut Group> {
        if !self.groups.contains_key(&key) {
            if self.groups.len() == GROUP_LIMIT {
                return None;
            }
            self.order.push(key.clone());
        }
        Some(self.groups.entry(key).or_default())
    }
}

/// Everything found in a part of a case, or in all of it.
#[derive(Clone, Debug, Default)]
pub struct Collector {
    matches: BTreeMap<SignatureId, SignatureMatches>,
}

impl Collector {
    /// Takes the matches of one record.
    pub fn add(&mut self, index: &Index<'_>, record: &RecordMatches<'_>) {
        let is_fallback = |id: &SignatureId| index.signature(*id).0.fallback;
        let explained: BTreeSet<RuleId> =
            record.found.iter().filter(|(id, _)| !is_fallback(id)).map(|(id, _)| index.owner(*id).0).collect();
        for (id, captured) in &record.found {
            let (rule, signature) = index.signature(*id);
            let names = signature.captures();
            let is_subject = index.owner(*id).1 == 0;
            let identity = match rule.identity.as_ref().filter(|_| is_subject) {
                Some(identity) => identity
                    .iter()
                    .map(|name| names.iter().position(|known| known == name).and_then(|at| captured.values[at].clone()))
                    .collect(),
                None => captured.values.clone(),
            };
            let explained_by = if rule.fallback { explained.clone() } else { BTreeSet::new() };
            let matches = self.matches.entry(*id).or_default();
            match matches.group(GroupKey { identity, explained_by }) {
                Some(group) => group.add(captured, record),
                None => matches.uncounted += 1,
            }
        }
    }

    /// Adds what a later part of the case found.
    pub fn merge(&mut self, later: Collector) {
        for (id, matches) in later.matches {
            let own = self.matches.entry(id).or_default();
            for (key, group) in matches.groups() {
                match own.group(key.clone()) {
                    Some(own) => own.absorb(group),
                    None => own.uncounted += group.count,
                }
            }
            own.uncounted += matches.uncounted;
        }
    }

    /// The matches of a signature; `None` when there are none.
    pub fn of(&self, id: SignatureId) -> Option<&SignatureMatches> {
        self.matches.get(&id)
    }

    /// The signatures that matched.
    pub fn signatures(&self) -> impl Iterator<Item = SignatureId> {
        self.matches.keys().copied()
    }
}
