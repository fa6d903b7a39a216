//! What was found in the records of a case, grouped as it arrives so that memory follows what was found, not what was read.
//!
//! A [`Collector`] belongs to one part of a case; the parts' collectors are [merged](Collector::merge) in the order of the
//! parts, so that the outcome does not depend on which was read first. What is kept is ordered by where in the case it stands,
//! which for rotated files is not the order in which an archive has them. Every bound here is a limit with a name; what
//! goes over it is counted, not kept. Places and times of a failure are for `evidence`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::diagnose::events::PartEvents;
use crate::diagnose::evidence::Evidence;
use crate::diagnose::spot::{Spot, Spots};
use crate::rule::RuleId;
use crate::scan::{Captured, Index, RecordMatches, SignatureId};

/// Distinct failures of one signature that are kept apart; further ones are only counted.
pub const GROUP_LIMIT: usize = 1_000;
/// Distinct values of one capture that are kept; an answer that lists more is not read.
pub const VALUE_LIMIT: usize = 10;

/// The distinct values of a capture, in the order in which the case has them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values {
    /// At most [`VALUE_LIMIT`].
    pub seen: Vec<String>,
    /// Whether there were more.
    pub more: bool,
    /// Where each of `seen` was captured first.
    spots: Vec<Spot>,
}

impl Values {
    fn add(&mut self, value: &str, spot: &Spot) {
        if let Some(at) = self.seen.iter().position(|seen| seen == value) {
            if self.spots.get(at).is_none_or(|own| own <= spot) {
                return;
            }
            self.seen.remove(at);
            self.spots.remove(at);
        }
        self.more |= self.seen.len() == VALUE_LIMIT;
        let at = self.spots.partition_point(|own| own <= spot);
        if at < VALUE_LIMIT {
            self.seen.truncate(VALUE_LIMIT - 1);
            self.spots.truncate(VALUE_LIMIT - 1);
            self.seen.insert(at, value.to_owned());
            self.spots.insert(at, spot.clone());
        }
    }

    /// The one value of which it does not matter where it was captured.
    pub(crate) fn only(value: &str) -> Self {
        Values { seen: vec![value.to_owned()], more: false, spots: Vec::new() }
    }

    pub(crate) fn extend(&mut self, other: &Values) {
        other.seen.iter().zip(&other.spots).for_each(|(value, spot)| self.add(value, spot));
        self.more |= other.more;
    }
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
    /// Where they were found, and when they were written.
    pub evidence: Evidence,
}

impl Group {
    /// Adds one record.
    fn add(&mut self, captured: &Captured, record: &RecordMatches<'_>, spot: &Spot) {
        add_values(&mut self.captures, &captured.values, spot);
        add_values(&mut self.optional, &captured.optional, spot);
        self.count += 1;
        self.evidence.add(spot, record);
    }

    /// Adds the records of another group.
    pub(crate) fn absorb(&mut self, other: &Group) {
        extend_values(&mut self.captures, &other.captures);
        extend_values(&mut self.optional, &other.optional);
        self.count += other.count;
        self.evidence.absorb(&other.evidence);
    }
}

fn add_values(own: &mut Vec<Values>, given: &[Option<String>], spot: &Spot) {
    own.resize(own.len().max(given.len()), Values::default());
    for (own, value) in own.iter_mut().zip(given) {
        value.iter().for_each(|value| own.add(value, spot));
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
    /// The values of the captures by which correlations group, in the order of [`Watch::grouping`].
    ///
    /// [`Watch::grouping`]: crate::rule::correlation::Watch::grouping
    pub grouping: Vec<Option<String>>,
    /// For signatures of fallback rules: the other rules that match the same record.
    pub explained_by: BTreeSet<RuleId>,
}

/// The groups of one signature.
#[derive(Clone, Debug, Default)]
pub struct SignatureMatches {
    /// In the order in which they came.
    order: Vec<GroupKey>,
    groups: BTreeMap<GroupKey, Group>,
    /// Records of failures beyond [`GROUP_LIMIT`].
    pub uncounted: u64,
}

impl SignatureMatches {
    /// The groups with their keys, in the order of their first records.
    pub fn groups(&self) -> impl Iterator<Item = (&GroupKey, &Group)> {
        let mut groups: Vec<_> = self.order.iter().filter_map(|key| Some((key, self.groups.get(key)?))).collect();
        groups.sort_by_key(|(_, group)| group.evidence.first_spot());
        groups.into_iter()
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
    spots: Spots,
}

impl Collector {
    /// Makes the collector of the part that has this position in its case.
    pub fn of_part(part: usize) -> Self {
        Collector { matches: BTreeMap::new(), spots: Spots::of_part(part) }
    }

    /// Begins the source of this name. Each source is begun, whether anything matches in it or not.
    pub fn begin(&mut self, source: &str) {
        self.spots.begin(source);
    }

    /// Where the source of this name stands, which was begun.
    pub(crate) fn spot(&mut self, source: &str) -> Spot {
        self.spots.of(source, 1)
    }

    /// Where a record stands whose source was begun.
    pub(crate) fn spot_of(&mut self, record: &RecordMatches<'_>) -> Spot {
        self.spots.of(record.source, record.line)
    }

    /// Takes the matches of one record; those that correlations look at are events too.
    pub(crate) fn add(&mut self, index: &Index<'_>, record: &RecordMatches<'_>, events: &mut PartEvents<'_>) {
        let spot = self.spot_of(record);
        self.add_at(spot, index, record, events);
    }

    /// The same for a record that stands at a place that is known.
    pub(crate) fn add_at(
        &mut self,
        spot: Spot,
        index: &Index<'_>,
        record: &RecordMatches<'_>,
        events: &mut PartEvents<'_>,
    ) {
        let is_fallback = |id: &SignatureId| index.signature(*id).0.fallback;
        let explained: BTreeSet<RuleId> =
            record.found.iter().filter(|(id, _)| !is_fallback(id)).map(|(id, _)| index.owner(*id).0).collect();
        for (id, captured) in &record.found {
            let (rule, signature) = index.signature(*id);
            let names = signature.every_capture();
            let is_subject = index.owner(*id).1 == 0;
            let identity = match rule.identity.as_ref().filter(|_| is_subject) {
                Some(identity) => {
                    // an optional capture that is absent is a value of its own
                    let value = |at: usize| captured.values.iter().chain(&captured.optional).nth(at).cloned().flatten();
                    let place = |name: &String| names.iter().position(|known| known == name);
                    identity.iter().map(|name| place(name).and_then(value)).collect()
                }
                None => captured.values.clone(),
            };
            let explained_by = if rule.fallback { explained.clone() } else { BTreeSet::new() };
            let grouping = match rule.watch(index.owner(*id).1) {
                None => Vec::new(),
                Some(watch) => {
                    let explained_by = rule.fallback.then(|| Arc::new(explained_by.clone()));
                    events.add((*id, watch), captured, (record.time, spot.clone()), explained_by);
                    let all = || captured.values.iter().chain(&captured.optional);
                    watch.grouping.iter().map(|&position| all().nth(position).cloned().flatten()).collect()
                }
            };
            let matches = self.matches.entry(*id).or_default();
            match matches.group(GroupKey { identity, grouping, explained_by }) {
                Some(group) => group.add(captured, record, &spot),
                None => matches.uncounted += 1,
            }
        }
    }

    /// Adds what another part of the case found.
    pub fn merge(&mut self, other: Collector) {
        for (id, matches) in other.matches {
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
