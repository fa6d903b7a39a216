//! What follows from correlations for the findings of a rule: one for each group of values on which its condition rests.
//!
//! A condition *rests on* its correlations when it is false without them. Then each group that fulfils one of those that
//! the condition names is a failure of its own: the condition is decided for the group, and the finding has its values, its
//! records and their count. Elsewhere a correlation is about the groups that have the values of the failure, so that
//! `timeout and not burst` leaves out the hosts with a burst and no others.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::rc::Rc;

use minijinja::Value;

use crate::diagnose::apply::{Application, value_of};
use crate::diagnose::collect::{Group, GroupKey, VALUE_LIMIT, Values};
use crate::diagnose::correlate::{Correlating, Evaluated, GroupState};
use crate::diagnose::events::cut;
use crate::diagnose::evidence::Evidence;
use crate::diagnose::finding::{Capture, Finding};
use crate::diagnose::match_value::MatchValue;
use crate::rule::correlation::{Base, Correlation};
use crate::rule::decide::{Binding, Decision, Scope, decide};
use crate::rule::{Rule, Truth};
use crate::scan::RecordMatches;

/// The names that groups have, with the values of one of them.
type Tuple = BTreeMap<String, String>;

/// For positions in [`GroupKey::grouping`] the value that is wanted.
type Way = Vec<(usize, String)>;

/// What a correlation is asked about.
#[derive(Clone, Copy)]
pub(crate) enum Context<'g> {
    /// A group of a correlation, by its values.
    Group(&'g Tuple),
    /// A failure of the subject at this position among the signatures; none where nothing matched.
    Failure(Option<usize>, &'g Group),
}

/// The correlations of one rule in one case.
pub(crate) struct Correlated<'a> {
    rule: &'a Rule,
    evaluated: Vec<Evaluated<'a>>,
    /// For each correlation the signatures that it looks at.
    bases: Vec<Vec<Base>>,
}

impl<'a> Correlated<'a> {
    pub(crate) fn new(application: &'a Application<'a>) -> Self {
        let rule = application.written();
        let correlating = Correlating {
            rule,
            signatures: application.signatures,
            events: &application.read.events,
            explaining: application.explaining,
        };
        let bases = (0..rule.correlations.len()).map(|position| rule.bases(position)).collect();
        Self { rule, evaluated: correlating.evaluate(), bases }
    }

    /// Whether a condition that is not false in this scope would be without the correlations that it names.
    pub(crate) fn is_rested_on(&self, scope: &Scope) -> bool {
        if self.rule.condition_correlations.is_empty() {
            return false;
        }
        let mut without = scope.clone();
        for correlation in self.named() {
            let nothing = Value::from_object(MatchValue::default());
            without.bind(self.rule.correlations[correlation].name.as_str(), Binding::Known(nothing));
        }
        decide(&self.rule.condition, &self.rule.facts, &without).truth == Truth::False
    }

    /// Binds the correlations, and the names that they group by, to what they are in a context.
    pub(crate) fn bind(&self, scope: &mut Scope, context: Context<'_>) {
        for (position, correlation) in self.rule.correlations.iter().enumerate() {
            for (at, name) in correlation.group_by.iter().enumerate() {
                let values = self.values(position, at, context);
                match (context, values) {
                    (Context::Group(_), Some(values)) => scope.bind(name.as_str(), Binding::Known(value_of(&values))),
                    // a capture with a plain name is bound already
                    _ if self.is_plain_capture(name) => {}
                    (_, Some(values)) => scope.bind(name.as_str(), Binding::Known(value_of(&values))),
                    (_, None) if scope.get(name).is_none() => scope.bind(name.as_str(), Binding::Absent),
                    (_, None) => {}
                }
            }
            let value = value(correlation, &self.fitting(position, context));
            scope.bind(correlation.name.as_str(), Binding::Known(Value::from_object(value)));
        }
    }

    /// The positions of the correlations that the condition names.
    fn named(&self) -> impl Iterator<Item = usize> + '_ {
        self.rule.condition_correlations.iter().copied()
    }

    fn is_plain_capture(&self, name: &str) -> bool {
        let has = |position: &usize| self.rule.signatures[*position].every_capture().contains(&name);
        let mut owners = (0..self.rule.signatures.len()).filter(has);
        owners.next().is_some_and(|owner| self.rule.is_plain(owner, name))
    }

    /// The values that a context has for a name of a correlation's `group_by`; `None` where it says nothing about it.
    fn values(&self, correlation: usize, at: usize, context: Context<'_>) -> Option<Values> {
        let name = self.rule.correlations[correlation].group_by.get(at)?;
        match context {
            Context::Group(tuple) => tuple.get(name).map(|value| Values::only(value)),
            Context::Failure(subject, group) => {
                let subject = subject?;
                let base = self.bases[correlation].iter().find(|base| base.signature == subject);
                let signature = &self.rule.signatures[subject];
                let by_name = || signature.every_capture().iter().position(|capture| capture == name);
                let position = base.and_then(|base| base.grouping.get(at).copied()).or_else(by_name)?;
                let mut all = group.captures.iter().chain(&group.optional);
                all.nth(position).filter(|values| !values.seen.is_empty()).cloned()
            }
        }
    }

    /// The groups that fulfil a correlation and have the values of a context.
    fn fitting(&self, correlation: usize, context: Context<'_>) -> Vec<&GroupState<'a>> {
        let names = self.rule.correlations[correlation].group_by.len();
        let wanted: Vec<Option<Values>> = (0..names).map(|at| self.values(correlation, at, context)).collect();
        let fits = |state: &&GroupState<'_>| {
            wanted.iter().zip(state.key.iter()).all(|(wanted, value)| match wanted {
                Some(values) => values.more || values.seen.iter().any(|seen| cut(seen) == *value),
                None => true,
            })
        };
        self.evaluated[correlation].fulfilled.iter().filter(fits).collect()
    }

    /// The groups that fulfil one of the correlations that the condition names, each tuple of values once.
    fn tuples(&self) -> Vec<Tuple> {
        let mut seen = HashSet::new();
        let mut tuples = Vec::new();
        for correlation in self.named() {
            let names = &self.rule.correlations[correlation].group_by;
            for state in &self.evaluated[correlation].fulfilled {
                let values = state.key.iter().map(|value| (*value).to_owned());
                let tuple: Tuple = names.iter().cloned().zip(values).collect();
                if seen.insert(tuple.clone()) {
                    tuples.push(tuple);
                }
            }
        }
        tuples
    }
}

/// The records of one group.
struct Narrowed {
    /// For each signature its records in the group; `None` where no correlation looks at it.
    of: Vec<Option<Group>>,
    /// Those of the correlations that the group fulfils.
    total: Group,
}

impl Application<'_> {
    /// The findings of the groups on which the condition rests.
    pub(crate) fn group_findings(
        &self,
        correlated: &Correlated<'_>,
        base: &Scope,
        wholes: &[Option<&Group>],
    ) -> Vec<Finding> {
        let rule = self.written();
        if rule.condition_correlations.is_empty() {
            return Vec::new();
        }
        let kept: Vec<Vec<(&GroupKey, &Group)>> = self
            .signatures
            .iter()
            .map(|id| match self.read.collector.of(*id) {
                Some(matches) => {
                    matches.groups().filter(|(key, _)| key.explained_by.is_disjoint(self.explaining)).collect()
                }
                None => Vec::new(),
            })
            .collect();
        let mut told: Vec<(Tuple, Narrowed, Scope, Decision)> = Vec::new();
        for tuple in correlated.tuples() {
            let context = Context::Group(&tuple);
            let narrowed = correlated.narrowed(context, &kept);
            let mut scope = base.clone();
            for (position, group) in narrowed.of.iter().enumerate() {
                let Some(group) = group else { continue };
                // what others captured is not about this group
                for capture in rule.signatures[position].every_capture() {
                    if rule.is_plain(position, capture) {
                        scope.bind(capture, Binding::Absent);
                    }
                }
                self.bind_captures(&mut scope, position, group);
            }
            correlated.bind(&mut scope, context);
            let applies = decide(&rule.condition, &rule.facts, &scope);
            // without a record only certainty counts, as for other rules without a match
            let wanted = applies.truth == Truth::True || applies.truth == Truth::Open && narrowed.total.count > 0;
            if wanted && correlated.is_rested_on(&scope) {
                told.push((tuple, narrowed, scope, applies));
            }
        }
        told.sort_by(|(_, one, ..), (_, other, ..)| {
            one.total.evidence.first_spot().cmp(&other.total.evidence.first_spot())
        });
        let general = general(told.iter().map(|(tuple, ..)| tuple));
        let mut findings = Vec::new();
        for (tuple, narrowed, scope, applies) in told.into_iter().filter(|(tuple, ..)| !general.contains(tuple)) {
            let own: Vec<Option<&Group>> =
                narrowed.of.iter().zip(wholes).map(|(narrowed, whole)| narrowed.as_ref().or(*whole)).collect();
            let mut finding = self.finding(&narrowed.total, None, &own, scope, applies);
            let is_told = |capture: &Capture| is_told(rule, &narrowed, &tuple, &capture.name);
            finding.captures.retain(|capture| !is_told(capture));
            let values = correlated.names_in_order(&tuple);
            finding.captures.splice(0..0, values);
            for correlation in correlated.named() {
                finding.problems.extend(correlated.evaluated[correlation].problems(&rule.correlations[correlation]));
            }
            findings.push(finding);
        }
        findings
    }
}

/// Whether a capture says no more than the group's values do.
fn is_told(rule: &Rule, narrowed: &Narrowed, tuple: &Tuple, capture: &str) -> bool {
    match capture.split_once('.') {
        None => tuple.contains_key(capture),
        Some((signature, capture)) => {
            let position = rule.signatures.iter().position(|known| known.name == signature);
            let takes_part = position.is_some_and(|position| matches!(narrowed.of.get(position), Some(Some(_))));
            takes_part && tuple.contains_key(capture)
        }
    }
}

impl Correlated<'_> {
    /// The records of the group that a context names.
    fn narrowed(&self, context: Context<'_>, kept: &[Vec<(&GroupKey, &Group)>]) -> Narrowed {
        // For each signature the values that its records must have: those of a correlation that the group fulfils count.
        let mut ways: Vec<Vec<(Way, bool)>> = vec![Vec::new(); kept.len()];
        let mut states: Vec<&GroupState<'_>> = Vec::new();
        for correlation in 0..self.rule.correlations.len() {
            let fitting = if self.named().any(|named| named == correlation) {
                self.fitting(correlation, context)
            } else {
                Vec::new()
            };
            let is_fulfilled = !fitting.is_empty();
            states.extend(fitting);
            for base in &self.bases[correlation] {
                let Some(watch) = self.rule.watch(base.signature) else { continue };
                let wanted = base.grouping.iter().enumerate().filter_map(|(at, position)| {
                    let value = self.values(correlation, at, context)?.seen.pop()?;
                    Some((watch.grouping.binary_search(position).ok()?, value))
                });
                ways[base.signature].push((wanted.collect(), is_fulfilled));
            }
        }
        let mut total = Group::default();
        let mut of = Vec::new();
        for (ways, kept) in ways.iter().zip(kept) {
            let fits = |key: &GroupKey, way: &Way| {
                way.iter().all(|(at, wanted)| {
                    let value = key.grouping.get(*at).and_then(Option::as_deref);
                    value.is_some_and(|value| cut(value) == wanted)
                })
            };
            let mut own = Group::default();
            for (key, group) in kept {
                let fitting = || ways.iter().filter(|(way, _)| fits(key, way));
                if fitting().next().is_some() {
                    own.absorb(group);
                }
                if fitting().any(|(_, is_fulfilled)| *is_fulfilled) {
                    total.count += group.count;
                    total.evidence.absorb(&group.evidence);
                }
            }
            of.push((!ways.is_empty()).then_some(own));
        }
        if total.count == 0 {
            // The group is beyond the limit of failures that are kept apart: its places are known all the same.
            (total.count, total.evidence) = places(&states);
        }
        Narrowed { of, total }
    }

    /// The values of a group as captures, in the order in which the correlations name them.
    fn names_in_order(&self, tuple: &Tuple) -> Vec<Capture> {
        let mut captures: Vec<Capture> = Vec::new();
        let names = self.named().flat_map(|correlation| &self.rule.correlations[correlation].group_by);
        for name in names {
            if let Some(value) = tuple.get(name).filter(|_| !captures.iter().any(|known| known.name == *name)) {
                captures.push(Capture { name: name.clone(), values: Values::only(value) });
            }
        }
        captures
    }
}

/// Those tuples of which another one says the same and more.
fn general<'t>(tuples: impl Iterator<Item = &'t Tuple> + Clone) -> HashSet<Tuple> {
    let names = |tuple: &Tuple| tuple.keys().cloned().collect::<BTreeSet<String>>();
    let shapes: BTreeSet<BTreeSet<String>> = tuples.clone().map(names).collect();
    let mut general = HashSet::new();
    for tuple in tuples {
        let own = names(tuple);
        for shape in shapes.iter().filter(|shape| shape.len() < own.len() && shape.is_subset(&own)) {
            let less = tuple.iter().filter(|(name, _)| shape.contains(*name));
            general.insert(less.map(|(name, value)| (name.clone(), value.clone())).collect());
        }
    }
    general
}

/// The places of groups, without the texts of their records.
fn places(states: &[&GroupState<'_>]) -> (u64, Evidence) {
    let mut places: Vec<_> = states.iter().flat_map(|state| &state.places).collect();
    places.sort_by(|one, other| one.spot.cmp(other.spot));
    places.dedup_by(|one, other| one.spot == other.spot && one.time == other.time);
    let mut evidence = Evidence::default();
    for place in &places {
        let (source, line) = (place.spot.source_name(), place.spot.line);
        let record = RecordMatches { source, line, text: b"", time: Some(place.time), found: Vec::new() };
        evidence.add(place.spot, &record);
    }
    (places.len() as u64, evidence)
}

/// A correlation as conditions and texts see it, where these groups fulfil it.
fn value(correlation: &Correlation, fitting: &[&GroupState<'_>]) -> MatchValue {
    let seen = || fitting.iter().map(|state| state.seen());
    let captures = correlation.group_by.iter().enumerate().map(|(at, name)| {
        let mut values: Vec<&str> = Vec::new();
        for value in fitting.iter().filter_map(|state| Rc::as_ref(&state.key).get(at).copied()) {
            if values.len() < VALUE_LIMIT && !values.contains(&value) {
                values.push(value);
            }
        }
        let value = match values.as_slice() {
            [] => Value::from(()),
            [one] => Value::from(*one),
            several => several.iter().map(|value| Value::from(*value)).collect(),
        };
        (name.clone(), value)
    });
    MatchValue {
        holds: !fitting.is_empty(),
        count: fitting.iter().map(|state| state.count(correlation.kind)).max().unwrap_or(0),
        first: seen().filter_map(|(first, _)| first).min(),
        last: seen().filter_map(|(_, last)| last).max(),
        captures: captures.collect(),
    }
}
