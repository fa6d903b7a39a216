//! From what matched to findings: conditions, environment, branches and questions of one rule in one case.

use std::collections::{BTreeMap, BTreeSet};

use minijinja::Value;

use crate::diagnose::apply_groups::{Context, Correlated};
use crate::diagnose::case::ReadCase;
use crate::diagnose::collect::{Group, SignatureMatches, Values};
use crate::diagnose::finding::{BranchState, Capture, Finding, Names, Question};
use crate::diagnose::known::Known;
use crate::diagnose::match_value::MatchValue;
use crate::rule::condition::Condition;
use crate::rule::decide::{Binding, Decision, Scope, decide, fact_value};
use crate::rule::signature::Signature;
use crate::rule::version::Version;
use crate::rule::{Environment, Rule, RuleId, Truth};
use crate::scan::{Index, SignatureId};

/// One rule in one case.
pub(crate) struct Application<'a> {
    pub(crate) index: &'a Index<'a>,
    /// What was found in the case.
    pub(crate) read: &'a ReadCase,
    pub(crate) rule: RuleId,
    /// The rule's signatures in its order.
    pub(crate) signatures: &'a [SignatureId],
    /// For fallback rules: the rules that have findings, whose records need no other explanation.
    pub(crate) explaining: &'a BTreeSet<RuleId>,
}

/// What the condition of a rule says in one case.
pub(crate) struct Decided {
    /// The position of the signature whose failures are told apart; `None` when none matched.
    pub(crate) subject: Option<usize>,
    /// For each signature all that matched it.
    pub(crate) wholes: Vec<Option<Group>>,
    /// Each failure with what the names stand for in it, and the decision. None when other rules explain all of them.
    pub(crate) failures: Vec<(Group, Scope, Decision)>,
}

impl Application<'_> {
    pub(crate) fn written(&self) -> &Rule {
        self.index.faultbook().rule(self.rule)
    }

    /// The findings of the rule: one for each failure of its subject for which the condition is not false. `problems`
    /// takes facts that do not fit their type.
    pub(crate) fn findings(&self, problems: &mut Vec<String>) -> Vec<Finding> {
        let rule = self.written();
        if environment(rule, &self.read.known) == Truth::False {
            return Vec::new();
        }
        let correlated = Correlated::new(self);
        let (base, Decided { subject, wholes, failures }) = self.decided_with(&correlated, problems);
        if subject.is_none() && !rule.holds_without_match {
            return Vec::new();
        }
        let wholes: Vec<Option<&Group>> = wholes.iter().map(Option::as_ref).collect();
        let mut findings = self.group_findings(&correlated, &base, &wholes);
        findings.extend(failures.into_iter().filter_map(|(group, scope, applies)| {
            // Without a match only certainty counts: otherwise every case would be asked about every such rule.
            let wanted = if subject.is_some() { applies.truth != Truth::False } else { applies.truth == Truth::True };
            // What rests on a correlation is told once for each of its groups.
            let is_told = wanted && !correlated.is_rested_on(&scope);
            is_told.then(|| self.finding(&group, subject, &wholes, scope, applies))
        }));
        findings
    }

    /// Decides the condition for each failure of the subject; without a match once, over no failure at all.
    pub(crate) fn decided(&self, problems: &mut Vec<String>) -> Decided {
        self.decided_with(&Correlated::new(self), problems).1
    }

    /// The same, and what the names stand for whichever the failure is.
    fn decided_with(&self, correlated: &Correlated<'_>, problems: &mut Vec<String>) -> (Scope, Decided) {
        let rule = self.written();
        let wholes: Vec<Option<Group>> =
            self.signatures.iter().map(|id| self.read.collector.of(*id).map(whole)).collect();
        let base = self.scope(&wholes.iter().map(Option::as_ref).collect::<Vec<_>>(), problems);
        let subject = self.signatures.iter().position(|id| self.read.collector.of(*id).is_some());
        let groups = subject.map_or_else(|| vec![Group::default()], |subject| self.subject_groups(subject));
        let decide_one = |group: Group| {
            let mut scope = base.clone();
            if let Some(subject) = subject {
                self.bind_captures(&mut scope, subject, &group);
            }
            correlated.bind(&mut scope, Context::Failure(subject, &group));
            let applies = decide(&rule.condition, &rule.facts, &scope);
            (group, scope, applies)
        };
        let failures = groups.into_iter().map(decide_one).collect();
        (base, Decided { subject, wholes, failures })
    }

    /// The failures of the subject: its groups without those that other rules explain, joined where only that told them
    /// apart.
    fn subject_groups(&self, subject: usize) -> Vec<Group> {
        let Some(matches) = self.read.collector.of(self.signatures[subject]) else {
            return Vec::new();
        };
        let mut order: Vec<&Vec<Option<String>>> = Vec::new();
        let mut joined: BTreeMap<&Vec<Option<String>>, Group> = BTreeMap::new();
        let unexplained = matches.groups().filter(|(key, _)| key.explained_by.is_disjoint(self.explaining));
        for (key, group) in unexplained {
            match joined.get_mut(&key.identity) {
                Some(own) => own.absorb(group),
                None => {
                    order.push(&key.identity);
                    joined.insert(&key.identity, group.clone());
                }
            }
        }
        order.into_iter().filter_map(|identity| joined.remove(identity)).collect()
    }

    /// Signatures, captures of signatures other than the subject, and given facts.
    fn scope(&self, wholes: &[Option<&Group>], problems: &mut Vec<String>) -> Scope {
        let rule = self.written();
        let mut scope = Scope::default();
        for (position, (signature, id)) in rule.signatures.iter().zip(self.signatures).enumerate() {
            let matches = self.read.collector.of(*id);
            let uncounted = matches.map_or(0, |matches| matches.uncounted);
            let value = signature_value(signature, wholes[position], uncounted);
            for (name, captured) in &value.captures {
                let binding = if value.count == 0 { Binding::Absent } else { Binding::Known(captured.clone()) };
                if rule.is_plain(position, name) {
                    scope.bind(name.as_str(), binding);
                }
            }
            scope.bind(signature.name.as_str(), Binding::Known(Value::from_object(value)));
        }
        for (position, fact) in rule.facts.iter().enumerate() {
            let given = self.read.known.facts.get(&fact.name);
            let extracted = self.read.extracted.of(self.rule, position).map(|(value, _)| value);
            for stated in given.into_iter().chain(extracted) {
                match fact.accept(stated) {
                    Ok(value) => {
                        scope.bind(fact.name.as_str(), Binding::Known(value.to_value()));
                        break;
                    }
                    Err(error) => problems.push(error.to_string()),
                }
            }
        }
        scope
    }

    /// Rebinds the captures of one signature to what a group of its records captured.
    pub(crate) fn bind_captures(&self, scope: &mut Scope, subject: usize, group: &Group) {
        let rule = self.written();
        for capture in group_captures(rule, subject, group).filter(|capture| rule.is_plain(subject, &capture.name)) {
            scope.bind(capture.name.as_str(), Binding::Known(value_of(&capture.values)));
        }
    }

    pub(crate) fn finding(
        &self,
        group: &Group,
        subject: Option<usize>,
        wholes: &[Option<&Group>],
        scope: Scope,
        applies: Decision,
    ) -> Finding {
        let rule = self.written();
        let mut needs = applies.needs.clone();
        let mut limited = applies.limited;
        let mut problems: Vec<String> = applies.error.into_iter().collect();
        let mut branches = Vec::new();
        for (index, branch) in rule.resolution.iter().enumerate() {
            let decision = branch.when.as_ref().map_or(certain(), |when: &Condition| decide(when, &rule.facts, &scope));
            needs.extend(decision.needs);
            limited |= decision.limited;
            problems.extend(decision.error);
            if decision.truth != Truth::False {
                branches.push(BranchState { index, truth: decision.truth });
            }
        }
        problems.dedup();
        let questions = rule.facts.iter().filter(|fact| needs.contains(&fact.name)).filter_map(|fact| {
            Some(Question {
                fact: fact.name.clone(),
                ask: fact.ask.clone()?,
                kind: fact.kind,
                values: fact.values.clone(),
            })
        });
        let (first, last) = group.evidence.seen();
        let facts = rule.facts.iter().map(|fact| (fact.name.clone(), fact_value(fact, &rule.facts, &scope))).collect();
        Finding {
            rule: self.rule,
            applies: applies.truth,
            environment: environment(rule, &self.read.known),
            captures: self.captures(group, subject, wholes),
            count: group.count,
            first,
            last,
            evidence: group.evidence.sources().to_vec(),
            more_sources: group.evidence.more_sources(),
            noise: self.read.noise.of_rule(self.signatures),
            branches,
            questions: questions.collect(),
            limited,
            problems,
            names: Names { scope, facts },
        }
    }

    /// The captures that have a value: those of this failure, and those of the other signatures in the whole case.
    fn captures(&self, group: &Group, subject: Option<usize>, wholes: &[Option<&Group>]) -> Vec<Capture> {
        let rule = self.written();
        let mut captures = Vec::new();
        for (position, whole) in wholes.iter().enumerate() {
            let own = if Some(position) == subject { Some(group) } else { *whole };
            let Some(own) = own else { continue };
            for mut capture in group_captures(rule, position, own).filter(|capture| !capture.values.seen.is_empty()) {
                if !rule.is_plain(position, &capture.name) {
                    capture.name = format!("{}.{}", rule.signatures[position].name, capture.name);
                }
                captures.push(capture);
            }
        }
        captures
    }
}

fn certain() -> Decision {
    Decision { truth: Truth::True, needs: Vec::new(), limited: false, error: None }
}

/// Whether the article is about the case's products: false when it is known not to be, open when nobody knows.
pub(crate) fn environment(rule: &Rule, known: &Known) -> Truth {
    rule.environment.iter().map(|entry| fits(entry, known)).max().unwrap_or(Truth::True)
}

/// Whether the case's products are those of one entry.
pub(crate) fn fits(entry: &Environment, known: &Known) -> Truth {
    match (known.product(&entry.product), &entry.version) {
        (None, _) => Truth::Open,
        (Some(_), None) => Truth::True,
        (Some(version), Some(range)) => match version.parse::<Version>() {
            Ok(version) => Truth::from(range.contains(&version)),
            Err(_) => Truth::Open,
        },
    }
}

/// The captures of one signature with the values a group has for them.
pub(crate) fn group_captures<'g>(
    rule: &'g Rule,
    position: usize,
    group: &'g Group,
) -> impl Iterator<Item = Capture> + 'g {
    let signature = &rule.signatures[position];
    let required = signature.captures().into_iter().zip(group.captures.iter());
    let optional = signature.optional_captures().into_iter().zip(group.optional.iter());
    required.chain(optional).map(|(name, values)| Capture { name: name.to_owned(), values: values.clone() })
}

/// All groups of a signature as one.
fn whole(matches: &SignatureMatches) -> Group {
    let mut whole = Group::default();
    matches.groups().for_each(|(_, group)| whole.absorb(group));
    whole
}

/// One value as itself, several as a list, none as none.
pub(crate) fn value_of(values: &Values) -> Value {
    match values.seen.as_slice() {
        [] => Value::from(()),
        [one] => Value::from(one.as_str()),
        several => several.iter().map(|value| Value::from(value.as_str())).collect(),
    }
}

/// A signature as conditions and texts see it, of all its groups as one; `None` where it did not match.
fn signature_value(signature: &Signature, whole: Option<&Group>, uncounted: u64) -> MatchValue {
    let (unmatched, none) = (Group::default(), Values::default());
    let whole = whole.unwrap_or(&unmatched);
    let (names, optional) = (signature.captures(), signature.optional_captures());
    let value = |values: &[Values], at: usize| value_of(values.get(at).unwrap_or(&none));
    let required = names.iter().enumerate().map(|(at, name)| ((*name).to_owned(), value(&whole.captures, at)));
    let optional = optional.iter().enumerate().map(|(at, name)| ((*name).to_owned(), value(&whole.optional, at)));
    let count = whole.count + uncounted;
    let (first, last) = whole.evidence.seen();
    MatchValue { holds: count > 0, count, first, last, captures: required.chain(optional).collect() }
}
