//! The correlations of one rule in one case: from events to groups, and what each of them came to.
//!
//! Correlations are evaluated in the order in which they rest on each other. For each the events of its members are put
//! in order, divided by the values they are grouped by, and each group is judged in `windows`. A correlation that
//! another one rests on gives events in turn: the records that complete it. [`CorrelationOutcome`] tells it all for people.
//! What follows for findings is `apply_groups`'s.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use serde::Serialize;

use crate::diagnose::collect::GROUP_LIMIT;
use crate::diagnose::events::{CaseEvents, Event};
use crate::diagnose::spot::Spot;
use crate::diagnose::windows::{Judged, Moment, Wanted, judge};
use crate::rule::correlation::{Correlation, MemberSource};
use crate::rule::vocabulary::CorrelationKind;
use crate::rule::{Rule, RuleId};
use crate::scan::SignatureId;
use crate::source::LogTime;

/// Groups that do not fulfil a correlation and are told all the same: the nearest.
pub const NEAREST_LIMIT: usize = 10;

/// How a correlation went in a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CorrelationOutcome {
    /// The correlation's name.
    pub name: String,
    /// What it wants in words, as in `gte 3 within 5m`.
    pub wanted: String,
    /// Whether a group fulfils it.
    pub holds: bool,
    /// The groups that fulfil it, at most [`GROUP_LIMIT`], in the order of their first records; then the
    /// [`NEAREST_LIMIT`] nearest of the others.
    pub groups: Vec<GroupOutcome>,
    /// Groups beyond those that fulfil it too.
    pub more_groups: u64,
    /// Records of its signatures that took no part because they have no time.
    pub without_time: u64,
    /// Those that took no part because they captured nothing to group by or to count.
    pub without_value: u64,
    /// Those that were not looked at because there were more than [`EVENT_LIMIT`](super::events::EVENT_LIMIT) of one signature.
    pub beyond_limit: u64,
}

/// How a correlation went in one group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GroupOutcome {
    /// The names that it groups by, with the group's values.
    pub group: Vec<(String, String)>,
    /// Whether the group fulfils it.
    pub holds: bool,
    /// What the best window has: records, different values, or for the temporal kinds signatures.
    pub found: u64,
    /// How many records lie in that window.
    pub records: u64,
    /// The time of its first record.
    pub first: Option<LogTime>,
    /// And of its last.
    pub last: Option<LogTime>,
    /// For the temporal kinds: the signatures that the window lacks; of an ordered sequence all from the first it lacks.
    pub missing: Vec<String>,
    /// How many records the group has in all.
    pub total: u64,
}

/// One correlation in one case.
#[derive(Debug)]
pub(crate) struct Evaluated<'e> {
    /// The groups that fulfil it, in the order of their first records.
    pub(crate) fulfilled: Vec<GroupState<'e>>,
    nearest: Vec<GroupState<'e>>,
    more_groups: u64,
    without_time: u64,
    without_value: u64,
    pub(crate) beyond_limit: u64,
    /// The records at which it holds, where another correlation wants to know.
    occurrences: Vec<Occurrence<'e>>,
}

/// One group of a correlation.
#[derive(Debug)]
pub(crate) struct GroupState<'e> {
    /// The values of the names it groups by.
    pub(crate) key: Rc<[&'e str]>,
    judged: Judged,
    /// Its records.
    pub(crate) places: Vec<Place<'e>>,
}

/// When and where a record was written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'e> {
    pub(crate) time: LogTime,
    pub(crate) spot: &'e Spot,
}

impl GroupState<'_> {
    /// What a condition means by `.count`: what was compared; for the temporal kinds the records of the window.
    pub(crate) fn count(&self, kind: CorrelationKind) -> u64 {
        match kind {
            CorrelationKind::EventCount | CorrelationKind::ValueCount => self.judged.found as u64,
            CorrelationKind::Temporal | CorrelationKind::TemporalOrdered => self.records(),
        }
    }

    fn records(&self) -> u64 {
        self.judged.window.map_or(0, |(first, last)| (last + 1 - first) as u64)
    }

    /// The times of the first and last record of the best window.
    pub(crate) fn seen(&self) -> (Option<LogTime>, Option<LogTime>) {
        let time = |at: usize| self.places.get(at).map(|place| place.time);
        match self.judged.window {
            Some((first, last)) => (time(first), time(last)),
            None => (None, None),
        }
    }

    fn first_spot(&self) -> Option<&Spot> {
        self.places.iter().map(|place| place.spot).min()
    }
}

/// A record at which a correlation holds.
#[derive(Clone, Debug)]
struct Occurrence<'e> {
    instant: i64,
    place: Place<'e>,
    key: Rc<[&'e str]>,
    /// Whether its window has nothing to do with that of the one before: windows that touch are one occurrence.
    begins: bool,
}

/// A match that takes part in a correlation.
struct Match<'e> {
    instant: i64,
    place: Place<'e>,
    member: usize,
    value: Option<&'e str>,
    key: Rc<[&'e str]>,
}

/// The signatures and events of one rule.
pub(crate) struct Correlating<'r, 'e> {
    pub(crate) rule: &'r Rule,
    /// The rule's signatures in its order.
    pub(crate) signatures: &'r [SignatureId],
    pub(crate) events: &'e CaseEvents,
    /// For fallback rules: the rules whose records need no other explanation.
    pub(crate) explaining: &'r BTreeSet<RuleId>,
}

impl<'e> Correlating<'_, 'e> {
    /// Evaluates the rule's correlations, in their order. Cost: that of sorting the events of each.
    pub(crate) fn evaluate(&self) -> Vec<Evaluated<'e>> {
        let mut done: Vec<Evaluated<'e>> = Vec::new();
        for (position, correlation) in self.rule.correlations.iter().enumerate() {
            let evaluated = self.correlation(position, correlation, &done);
            done.push(evaluated);
        }
        done
    }

    fn correlation(&self, position: usize, correlation: &Correlation, done: &[Evaluated<'e>]) -> Evaluated<'e> {
        let mut without_value = 0;
        let mut matches: Vec<Match<'e>> = Vec::new();
        for (at, member) in correlation.members.iter().enumerate() {
            match member.source {
                MemberSource::Signature(signature) => {
                    let (Some(&id), Some(watch)) = (self.signatures.get(signature), self.rule.watch(signature)) else {
                        continue;
                    };
                    for event in self.events.of(id).iter().filter(|event| self.is_unexplained(event)) {
                        let key: Option<Rc<[&str]>> =
                            member.grouping.iter().map(|&position| event.value(watch, position)).collect();
                        let value = member.field.map(|position| event.value(watch, position));
                        match (key, value) {
                            (None, _) | (_, Some(None)) => without_value += 1,
                            (Some(key), value) => {
                                let place = Place { time: event.time, spot: &event.spot };
                                let value = value.flatten();
                                matches.push(Match { instant: event.instant, place, member: at, value, key });
                            }
                        }
                    }
                }
                MemberSource::Correlation(other) => {
                    let counts = correlation.kind == CorrelationKind::EventCount;
                    let occurrences = done.get(other).map(|other| &other.occurrences[..]).unwrap_or_default();
                    for occurrence in occurrences.iter().filter(|occurrence| occurrence.begins || !counts) {
                        let part = |position: &usize| occurrence.key.get(*position).copied();
                        let Some(key) = member.grouping.iter().map(part).collect() else { continue };
                        let value = member.field.as_ref().and_then(part);
                        let (instant, place) = (occurrence.instant, occurrence.place);
                        matches.push(Match { instant, place, member: at, value, key });
                    }
                }
            }
        }
        let signatures: BTreeSet<usize> = self.rule.bases(position).into_iter().map(|base| base.signature).collect();
        let ids = || signatures.iter().filter_map(|&signature| self.signatures.get(signature).copied());
        let without_time: u64 = ids().map(|id| self.events.without_time(id)).sum();
        let mut groups = grouped(matches);
        // Nothing at all is one group too, where there are no others; records whose time is unknown are not nothing.
        if correlation.group_by.is_empty() && groups.is_empty() && without_time == 0 {
            groups.push((Rc::from([]), Vec::new()));
        }
        let used = |other: &Correlation| {
            other.members.iter().any(|member| member.source == MemberSource::Correlation(position))
        };
        let mut evaluated = Evaluated {
            fulfilled: Vec::new(),
            nearest: Vec::new(),
            more_groups: 0,
            without_time,
            without_value,
            beyond_limit: ids().map(|id| self.events.beyond_limit(id)).sum(),
            occurrences: Vec::new(),
        };
        let wants_occurrences = self.rule.correlations.iter().any(used);
        for (key, matches) in groups {
            let judged = judge_group(correlation, &matches);
            if wants_occurrences {
                evaluated.occurrences.extend(occurrences(correlation, &key, &matches, &judged));
            }
            let places = matches.iter().map(|found| found.place).collect();
            let state = GroupState { key, judged, places };
            if state.judged.holds { &mut evaluated.fulfilled } else { &mut evaluated.nearest }.push(state);
        }
        evaluated.limit(correlation);
        evaluated
    }

    fn is_unexplained(&self, event: &Event) -> bool {
        event.explained_by.as_ref().is_none_or(|explained_by| explained_by.is_disjoint(self.explaining))
    }
}

impl Evaluated<'_> {
    /// Whether a group fulfils it.
    pub(crate) fn holds(&self) -> bool {
        !self.fulfilled.is_empty()
    }

    /// Leaves the groups that are told.
    fn limit(&mut self, correlation: &Correlation) {
        self.fulfilled.sort_by(|one, other| (one.first_spot(), &one.key).cmp(&(other.first_spot(), &other.key)));
        self.more_groups = self.fulfilled.len().saturating_sub(GROUP_LIMIT) as u64;
        self.fulfilled.truncate(GROUP_LIMIT);
        self.nearest.sort_by_cached_key(|group| {
            let found = group.judged.found as u64;
            let lacking = correlation.comparison.distance(found).max(group.judged.missing.len() as u64);
            (lacking, group.first_spot().cloned(), Rc::clone(&group.key))
        });
        self.nearest.truncate(NEAREST_LIMIT);
    }

    /// What became of it, for people.
    pub(crate) fn outcome(&self, rule: &Rule, correlation: &Correlation) -> CorrelationOutcome {
        let groups = self.fulfilled.iter().chain(&self.nearest);
        CorrelationOutcome {
            name: correlation.name.clone(),
            wanted: correlation.wanted(),
            holds: self.holds(),
            groups: groups.map(|group| group_outcome(rule, correlation, group)).collect(),
            more_groups: self.more_groups,
            without_time: self.without_time,
            without_value: self.without_value,
            beyond_limit: self.beyond_limit,
        }
    }

    /// What limits kept from being looked at, to be told with a finding.
    pub(crate) fn problems(&self, correlation: &Correlation) -> Vec<String> {
        let name = &correlation.name;
        let mut problems = Vec::new();
        if self.beyond_limit > 0 {
            let limit = crate::diagnose::events::EVENT_LIMIT;
            problems.push(format!(
                "the correlation `{name}` looks at the first {limit} records of each signature; {} came later",
                self.beyond_limit
            ));
        }
        if self.more_groups > 0 {
            problems.push(format!(
                "the correlation `{name}` holds in more than {GROUP_LIMIT} groups; {} of them are not shown",
                self.more_groups
            ));
        }
        problems
    }
}

fn group_outcome(rule: &Rule, correlation: &Correlation, group: &GroupState<'_>) -> GroupOutcome {
    let name_of = |step: &usize| {
        let member = correlation.steps.get(*step).and_then(|at| correlation.members.get(*at))?;
        match member.source {
            MemberSource::Signature(at) => rule.signatures.get(at).map(|signature| signature.name.clone()),
            MemberSource::Correlation(at) => rule.correlations.get(at).map(|other| other.name.clone()),
        }
    };
    let (first, last) = group.seen();
    GroupOutcome {
        group: correlation.group_by.iter().cloned().zip(group.key.iter().map(|value| (*value).to_owned())).collect(),
        holds: group.judged.holds,
        found: group.judged.found as u64,
        records: group.records(),
        first,
        last,
        missing: group.judged.missing.iter().filter_map(name_of).collect(),
        total: group.places.len() as u64,
    }
}

/// Puts matches in order and divides them by their keys; groups stand in the order of their first matches.
fn grouped(mut matches: Vec<Match<'_>>) -> Vec<(Rc<[&str]>, Vec<Match<'_>>)> {
    matches.sort_by(|one, other| {
        (one.instant, one.place.spot, one.member).cmp(&(other.instant, other.place.spot, other.member))
    });
    let mut groups: Vec<(Rc<[&str]>, Vec<Match<'_>>)> = Vec::new();
    let mut places: HashMap<Rc<[&str]>, usize> = HashMap::new();
    for found in matches {
        let place = *places.entry(Rc::clone(&found.key)).or_insert(groups.len());
        match groups.get_mut(place) {
            Some((_, own)) => own.push(found),
            None => groups.push((Rc::clone(&found.key), vec![found])),
        }
    }
    groups
}

fn judge_group(correlation: &Correlation, matches: &[Match<'_>]) -> Judged {
    let mut values: HashMap<&str, usize> = HashMap::new();
    let mut moments: Vec<Moment> = Vec::with_capacity(matches.len());
    let mut record = 0;
    for (at, found) in matches.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|before| matches.get(before));
        let is_same = |before: &Match<'_>| before.instant == found.instant && before.place.spot == found.place.spot;
        if before.is_some_and(|before| !is_same(before)) {
            record += 1;
        }
        let next = values.len();
        let value = found.value.map_or(0, |value| *values.entry(value).or_insert(next));
        moments.push(Moment { time: found.instant, record, member: found.member, value });
    }
    let wanted = Wanted {
        kind: correlation.kind,
        steps: &correlation.steps,
        timespan: correlation.timespan.microseconds(),
        comparison: &correlation.comparison,
    };
    judge(wanted, &moments)
}

fn occurrences<'e>(
    correlation: &Correlation,
    key: &Rc<[&'e str]>,
    matches: &[Match<'e>],
    judged: &Judged,
) -> Vec<Occurrence<'e>> {
    let timespan = correlation.timespan.microseconds();
    let mut before: Option<i64> = None;
    let completing = judged.completing.iter().filter_map(|&at| matches.get(at));
    completing
        .map(|found| {
            let begins = before.is_none_or(|before| found.instant - before > timespan);
            before = Some(found.instant);
            Occurrence { instant: found.instant, place: found.place, key: Rc::clone(key), begins }
        })
        .collect()
}
