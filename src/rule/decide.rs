//! Deciding conditions when not every fact is known.
//!
//! A condition is true if it is true for every possible answer to what nobody knows, false if it is false for every one,
//! and otherwise open. Connectives are evaluated three-valued first; what that leaves open is decided by trying every
//! combination of values of the facts it needs, where their values can be counted ([`ANSWER_LIMIT`] bounds the work). What
//! rests on a fact with uncountable values stays open.

use std::collections::{BTreeMap, BTreeSet};

use minijinja::Value;
use serde::Serialize;

use crate::rule::condition::{Atom, Condition};
use crate::rule::fact::Fact;

/// How many combinations of answers are tried before a condition is called open: twelve yes-or-no facts, a few
/// milliseconds.
pub const ANSWER_LIMIT: usize = 4096;

/// How deep facts may derive from each other; circles are refused when a rule is loaded.
const DERIVE_DEPTH: usize = 32;

/// A truth value of three.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Truth {
    /// False whatever the answers.
    False,
    /// Some answers make it true, some false.
    Open,
    /// True whatever the answers.
    True,
}

impl From<bool> for Truth {
    fn from(value: bool) -> Self {
        if value { Truth::True } else { Truth::False }
    }
}

/// What a name in a condition stands for.
#[derive(Clone, Debug)]
pub enum Binding {
    /// A known value.
    Known(Value),
    /// One of these values, nobody knows which.
    OneOf(Vec<Value>),
    /// Some value, nobody knows which.
    Unknown,
    /// Part of something that did not match: what is said about it is false.
    Absent,
}

/// What the names of a rule stand for in one case: signatures, captures and the facts that are known.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    bindings: BTreeMap<String, Binding>,
    before_case: bool,
}

impl Scope {
    /// A scope to examine a rule in before there is a case: what is not bound may turn out to be known, so that
    /// `x is known` is open.
    pub fn before_case() -> Self {
        Self { before_case: true, ..Self::default() }
    }

    /// Binds a name; a later binding replaces an earlier one.
    pub fn bind(&mut self, name: impl Into<String>, binding: Binding) {
        self.bindings.insert(name.into(), binding);
    }

    /// Every name with what it is bound to, sorted.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Binding)> {
        self.bindings.iter().map(|(name, binding)| (name.as_str(), binding))
    }

    /// What a name is bound to.
    pub fn get(&self, name: &str) -> Option<&Binding> {
        self.bindings.get(name)
    }
}

/// The outcome of deciding a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The truth value.
    pub truth: Truth,
    /// For an open condition: the facts whose answers would decide it, in the order in which the condition needs them.
    pub needs: Vec<String>,
    /// Whether the condition is called open only because [`ANSWER_LIMIT`] was hit.
    pub limited: bool,
    /// An error of evaluation, such as comparing a text with a number; the part counts as open.
    pub error: Option<String>,
}

/// Decides a condition over a rule's facts. Cost: one evaluation, times the combinations of answers tried.
pub fn decide(condition: &Condition, facts: &[Fact], scope: &Scope) -> Decision {
    let mut answers_left = ANSWER_LIMIT;
    let mut trial = Trial::new(facts, scope);
    let truth = trial.condition(condition);
    let (needs, error) = (std::mem::take(&mut trial.asked), trial.error.take());
    let decided = match truth {
        Truth::Open => try_answers(condition, facts, scope, &BTreeMap::new(), &trial.untried, &mut answers_left),
        _ => truth,
    };
    let limited = decided == Truth::Open && answers_left == 0;
    Decision { truth: decided, needs: if decided == Truth::Open { needs } else { Vec::new() }, limited, error }
}

/// The value of a fact, if it is known or can be derived from what is known.
pub fn fact_value(fact: &Fact, facts: &[Fact], scope: &Scope) -> Option<Value> {
    Trial::new(facts, scope).name(&fact.name)
}

/// Tries every value of the first fact in `untried`, and for each what is still open then.
fn try_answers(
    condition: &Condition,
    facts: &[Fact],
    scope: &Scope,
    answers: &BTreeMap<String, Value>,
    untried: &[(String, Vec<Value>)],
    answers_left: &mut usize,
) -> Truth {
    let Some((name, domain)) = untried.first() else {
        return Truth::Open;
    };
    let mut seen: Option<Truth> = None;
    for value in domain {
        if *answers_left == 0 {
            return Truth::Open;
        }
        *answers_left -= 1;
        let mut answers = answers.clone();
        answers.insert(name.clone(), value.clone());
        let mut trial = Trial { answers, ..Trial::new(facts, scope) };
        let mut truth = trial.condition(condition);
        if truth == Truth::Open {
            truth = try_answers(condition, facts, scope, &trial.answers, &trial.untried, answers_left);
        }
        if truth == Truth::Open || seen.is_some_and(|earlier| earlier != truth) {
            return Truth::Open;
        }
        seen = Some(truth);
    }
    seen.unwrap_or(Truth::Open)
}

/// One evaluation under assumed answers.
struct Trial<'a> {
    facts: &'a [Fact],
    scope: &'a Scope,
    answers: BTreeMap<String, Value>,
    /// Unknown names with countable values that the evaluation met, without those already answered.
    untried: Vec<(String, Vec<Value>)>,
    /// Facts to ask for, in the order met.
    asked: Vec<String>,
    error: Option<String>,
    depth: usize,
}

impl<'a> Trial<'a> {
    fn new(facts: &'a [Fact], scope: &'a Scope) -> Self {
        Self { facts, scope, answers: BTreeMap::new(), untried: Vec::new(), asked: Vec::new(), error: None, depth: 0 }
    }

    fn condition(&mut self, condition: &Condition) -> Truth {
        match condition {
            Condition::All(parts) => parts.iter().map(|part| self.condition(part)).min().unwrap_or(Truth::True),
            Condition::Any(parts) => parts.iter().map(|part| self.condition(part)).max().unwrap_or(Truth::False),
            Condition::Not(part) => match self.condition(part) {
                Truth::True => Truth::False,
                Truth::False => Truth::True,
                Truth::Open => Truth::Open,
            },
            Condition::Atom(atom) => self.atom(atom),
        }
    }

    fn atom(&mut self, atom: &Atom) -> Truth {
        if atom.names().iter().any(|name| matches!(self.scope.get(name), Some(Binding::Absent))) {
            return Truth::False;
        }
        match self.evaluate(atom) {
            Some(value) => Truth::from(value.is_true()),
            None => Truth::Open,
        }
    }

    /// The atom's value; `None` when it needs what is not known.
    fn evaluate(&mut self, atom: &Atom) -> Option<Value> {
        let mut context = BTreeMap::new();
        let mut complete = true;
        for name in atom.names() {
            match self.name(name) {
                Some(value) => {
                    context.insert(name.clone(), value);
                }
                None if atom.is_about_knowledge() && !self.scope.before_case => {
                    context.insert(name.clone(), crate::rule::language::Missing::value(name));
                }
                None => complete = false,
            }
        }
        if !complete {
            return None;
        }
        match atom.expression().eval(Value::from(context)) {
            Ok(value) => Some(value),
            Err(error) => {
                let detail = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
                self.error.get_or_insert(format!("`{}`: {detail}", atom.source()));
                None
            }
        }
    }

    /// The value of a name; `None` when it is not known, after noting what would have to be asked or tried.
    fn name(&mut self, name: &str) -> Option<Value> {
        if let Some(value) = self.answers.get(name) {
            return Some(value.clone());
        }
        match self.scope.get(name) {
            Some(Binding::Known(value)) => return Some(value.clone()),
            Some(Binding::OneOf(values)) => {
                self.untry(name, Some(values.clone()));
                return None;
            }
            Some(Binding::Absent) => return Some(Value::from(())),
            Some(Binding::Unknown) | None => {}
        }
        let fact = self.facts.iter().find(|fact| fact.name == name)?;
        match &fact.derive {
            Some(derive) if self.depth < DERIVE_DEPTH => self.derived(fact, derive),
            _ => {
                self.ask(fact);
                self.untry(name, fact.domain());
                None
            }
        }
    }

    /// The value a fact derives. When it cannot be derived, trying the answers to what it rests on is exact; where those
    /// cannot be counted the fact itself is tried instead.
    fn derived(&mut self, fact: &Fact, derive: &Condition) -> Option<Value> {
        let mut inner =
            Trial { answers: self.answers.clone(), depth: self.depth + 1, ..Trial::new(self.facts, self.scope) };
        let value = match derive {
            Condition::Atom(atom) => inner.evaluate(atom),
            connected => match inner.condition(connected) {
                Truth::Open => None,
                decided => Some(Value::from(decided == Truth::True)),
            },
        };
        let value = value.and_then(|value| {
            let accepted = fact.accept(&super::fact::FactValue::from_value(&value));
            accepted.map(|value| value.to_value()).map_err(|error| inner.error = Some(error.to_string())).ok()
        });
        if value.is_some() {
            return value;
        }
        if let Some(error) = inner.error {
            self.error.get_or_insert(error);
        }
        if fact.ask.is_some() {
            self.ask(fact);
        } else {
            inner.asked.iter().for_each(|name| self.note(name));
        }
        let countable = !inner.untried.is_empty() && rests_on_countable(derive, self.facts, self.scope, DERIVE_DEPTH);
        if countable {
            inner.untried.into_iter().for_each(|(name, domain)| self.untry(&name, Some(domain)));
        } else {
            self.untry(&fact.name, fact.domain());
        }
        None
    }

    fn ask(&mut self, fact: &Fact) {
        if fact.ask.is_some() {
            self.note(&fact.name);
        }
    }

    fn note(&mut self, name: &str) {
        if !self.asked.iter().any(|asked| asked == name) {
            self.asked.push(name.to_owned());
        }
    }

    fn untry(&mut self, name: &str, domain: Option<Vec<Value>>) {
        if let Some(domain) = domain.filter(|_| !self.untried.iter().any(|(untried, _)| untried == name)) {
            self.untried.push((name.to_owned(), domain));
        }
    }
}

/// Whether everything unknown that a derivation rests on has countable values.
fn rests_on_countable(derive: &Condition, facts: &[Fact], scope: &Scope, depth: usize) -> bool {
    derive.names().into_iter().all(|name| match scope.get(name) {
        Some(Binding::Known(_) | Binding::OneOf(_) | Binding::Absent) => true,
        Some(Binding::Unknown) | None => {
            facts.iter().find(|fact| fact.name == name).is_some_and(|fact| match &fact.derive {
                Some(inner) if depth > 0 => rests_on_countable(inner, facts, scope, depth - 1),
                _ => fact.domain().is_some(),
            })
        }
    })
}

/// The facts that derive from themselves, sorted; empty for a sound rule.
pub(crate) fn circular(facts: &[Fact]) -> BTreeSet<&str> {
    let reaches = |start: &'_ str| {
        let mut open: Vec<&str> = vec![start];
        let mut seen = BTreeSet::new();
        while let Some(name) = open.pop() {
            let derive = facts.iter().find(|fact| fact.name == name).and_then(|fact| fact.derive.as_ref());
            for used in derive.map(Condition::names).unwrap_or_default() {
                if used == start {
                    return true;
                }
                if seen.insert(used.to_owned()) {
                    open.extend(facts.iter().map(|fact| fact.name.as_str()).filter(|&name| name == used));
                }
            }
        }
        false
    };
    facts.iter().map(|fact| fact.name.as_str()).filter(|name| reaches(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::vocabulary::FactType;

    fn fact(name: &str, kind: FactType, derive: Option<&str>, ask: bool) -> Fact {
        Fact {
            name: name.to_owned(),
            about: None,
            kind,
            values: if kind == FactType::OneOf { vec!["red".into(), "green".into()] } else { Vec::new() },
            derive: derive.map(|source| Condition::parse(source).expect("valid")),
            ask: ask.then(|| format!("{name}?")),
        }
    }

    fn facts() -> Vec<Fact> {
        vec![
            fact("order", FactType::String, None, false),
            fact("migration", FactType::Boolean, Some("order is none"), true),
            fact("big", FactType::Boolean, None, true),
            fact("small", FactType::Boolean, Some("not big"), false),
            fact("colour", FactType::OneOf, None, false),
        ]
    }

    fn decided(source: &str, known: &[(&str, Value)]) -> Decision {
        let mut scope = Scope::default();
        for (name, value) in known {
            scope.bind(*name, Binding::Known(value.clone()));
        }
        decide(&Condition::parse(source).expect(source), &facts(), &scope)
    }

    #[test]
    fn what_every_answer_agrees_on_is_decided() {
        assert_eq!(decided("big or not big", &[]).truth, Truth::True);
        assert_eq!(decided("big and small", &[]).truth, Truth::False, "small is derived from big");
        assert_eq!(decided("big or small", &[]).truth, Truth::True);
        assert_eq!(decided("colour == 'red' or colour == 'green'", &[]).truth, Truth::True);
        assert_eq!(decided("colour in ['blue']", &[]).truth, Truth::False);
        assert_eq!(decided("order == 'x' or big", &[("big", Value::from(true))]).truth, Truth::True);
    }

    #[test]
    fn what_answers_disagree_on_is_open_and_asks() {
        let decision = decided("migration", &[]);
        assert_eq!((decision.truth, decision.needs), (Truth::Open, vec!["migration".to_owned()]));
        assert_eq!(decided("small", &[]).needs, ["big"], "the question behind a derived fact");
        assert_eq!(decided("order == 'x'", &[]).truth, Truth::Open);
    }

    #[test]
    fn derived_facts_follow_what_is_known() {
        assert_eq!(decided("migration", &[("order", Value::from(()))]).truth, Truth::True);
        assert_eq!(decided("migration", &[("order", Value::from("SO1"))]).truth, Truth::False);
        assert_eq!(
            decided("migration", &[("order", Value::from(())), ("migration", Value::from(false))]).truth,
            Truth::False
        );
    }

    #[test]
    fn knowledge_itself_is_never_open() {
        assert_eq!(decided("order is known", &[]).truth, Truth::False);
        assert_eq!(decided("order is not known", &[]).truth, Truth::True);
        assert_eq!(decided("order is known", &[("order", Value::from("x"))]).truth, Truth::True);
    }

    #[test]
    fn before_there_is_a_case_anything_may_be_known() {
        let condition = Condition::parse("order is known").expect("valid");
        assert_eq!(decide(&condition, &facts(), &Scope::before_case()).truth, Truth::Open);
    }

    #[test]
    fn the_bound_on_answers_is_kept_and_said() {
        let names: Vec<String> = (0..16).map(|index| format!("f{index}")).collect();
        let facts: Vec<Fact> = names.iter().map(|name| fact(name, FactType::Boolean, None, false)).collect();
        // a tautology that no three-valued shortcut sees: the parity of sixteen facts is even or odd
        let sum = names.iter().map(|name| format!("(1 if {name} else 0)")).collect::<Vec<_>>().join(" + ");
        let source = format!("({sum}) % 2 == 0 or ({sum}) % 2 == 1");
        let decision = decide(&Condition::parse(&source).expect("valid"), &facts, &Scope::default());
        assert_eq!((decision.truth, decision.limited), (Truth::Open, true));
    }

    #[test]
    fn circles_are_found() {
        let facts = [
            fact("a", FactType::Boolean, Some("not b"), false),
            fact("b", FactType::Boolean, Some("a"), false),
            fact("c", FactType::Boolean, Some("a"), false),
        ];
        assert_eq!(circular(&facts).into_iter().collect::<Vec<_>>(), ["a", "b"]);
    }
}
