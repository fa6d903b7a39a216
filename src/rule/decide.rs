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
use crate::rule::fact::{Fact, FactValue, Lookup};
use crate::rule::language::{Missing, NO_NUMBER};
use crate::rule::vocabulary::FactType;

/// How many combinations of answers are tried before a condition is called open: all those of eleven yes-or-no facts, a few
/// milliseconds. A combination counts once for each `PARTS_PER_ANSWER` parts of the condition.
pub const ANSWER_LIMIT: usize = 4096;

/// How many parts of a condition are tried for the price of one answer.
const PARTS_PER_ANSWER: usize = 16;

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
    /// A signature of which nobody knows yet whether it matches.
    MayMatch,
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
    let decided = |trial: &mut Trial<'_>| match trial.condition(condition) {
        Truth::Open => None,
        decided => Some(decided),
    };
    let mut trial = Trial::new(facts, scope);
    let at_once = decided(&mut trial);
    let (needs, error) = (std::mem::take(&mut trial.asked), trial.error.take());
    let price = 1 + condition.atoms().len() / PARTS_PER_ANSWER;
    let mut trying = Trying { evaluate: &decided, facts, scope, price, answers_left: ANSWER_LIMIT };
    match at_once.or_else(|| trying.answers(&BTreeMap::new(), &trial.untried)) {
        Some(truth) => Decision { truth, needs: Vec::new(), limited: false, error },
        None => Decision { truth: Truth::Open, needs, limited: trying.answers_left == 0, error },
    }
}

/// The value of a fact, if it is known, can be derived from what is known, or is the same for every possible answer to what is not.
pub fn fact_value(fact: &Fact, facts: &[Fact], scope: &Scope) -> Option<Value> {
    name_value(&fact.name, facts, scope)
}

/// The value of a name, if it is known or follows from what is known, or is the same for every possible answer to what is not.
pub(crate) fn name_value(name: &str, facts: &[Fact], scope: &Scope) -> Option<Value> {
    let evaluate = |trial: &mut Trial<'_>| trial.name(name);
    let mut trial = Trial::new(facts, scope);
    let mut trying = Trying { evaluate: &evaluate, facts, scope, price: 1, answers_left: ANSWER_LIMIT };
    evaluate(&mut trial).or_else(|| trying.answers(&BTreeMap::new(), &trial.untried))
}

/// What a fact's table says for its key, if that is known. What is known of the fact otherwise is not looked at.
pub(crate) fn looked_up(fact: &Fact, facts: &[Fact], scope: &Scope) -> Option<Value> {
    Trial::new(facts, scope).looked_up(fact, fact.lookup.as_ref()?)
}

/// The search for an answer that makes a difference to what is evaluated.
struct Trying<'a, T> {
    /// Evaluates under some answers; `None` while that is open.
    evaluate: &'a dyn Fn(&mut Trial<'_>) -> Option<T>,
    facts: &'a [Fact],
    scope: &'a Scope,
    price: usize,
    answers_left: usize,
}

impl<T: PartialEq> Trying<'_, T> {
    /// Tries every value of the first fact in `untried`, and for each what is still open then. Gives what all of them give.
    fn answers(&mut self, answers: &BTreeMap<String, Value>, untried: &[(String, Vec<Value>)]) -> Option<T> {
        let (name, domain) = untried.first()?;
        let mut seen: Option<T> = None;
        for value in domain {
            if self.answers_left < self.price {
                self.answers_left = 0;
                return None;
            }
            self.answers_left -= self.price;
            let mut answers = answers.clone();
            answers.insert(name.clone(), value.clone());
            let mut trial = Trial { answers, ..Trial::new(self.facts, self.scope) };
            let outcome = (self.evaluate)(&mut trial).or_else(|| self.answers(&trial.answers, &trial.untried))?;
            if seen.as_ref().is_some_and(|earlier| *earlier != outcome) {
                return None;
            }
            seen = Some(outcome);
        }
        seen
    }
}

/// What came of deriving a fact once, so that it is not derived again for each mention.
#[derive(Clone, Default)]
struct Derived {
    value: Option<Value>,
    untried: Vec<(String, Vec<Value>)>,
    asked: Vec<String>,
    error: Option<String>,
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
    derived: BTreeMap<String, Derived>,
    depth: usize,
}

impl<'a> Trial<'a> {
    fn new(facts: &'a [Fact], scope: &'a Scope) -> Self {
        Self {
            facts,
            scope,
            answers: BTreeMap::new(),
            untried: Vec::new(),
            asked: Vec::new(),
            error: None,
            derived: BTreeMap::new(),
            depth: 0,
        }
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
        if self.is_about_absent(atom) {
            return Truth::False;
        }
        match self.evaluate(atom) {
            Some(value) => Truth::from(value.is_true()),
            None => Truth::Open,
        }
    }

    /// Whether it says something of a capture of what did not match, other than that it is not there.
    fn is_about_absent(&self, atom: &Atom) -> bool {
        let is_absent = |name: &&String| matches!(self.scope.get(name), Some(Binding::Absent));
        atom.names().iter().filter(is_absent).any(|name| !atom.asked_whether_there().contains(name))
    }

    /// The atom's value; `None` when it needs what is not known.
    fn evaluate(&mut self, atom: &Atom) -> Option<Value> {
        let mut context = BTreeMap::new();
        let mut complete = true;
        for name in atom.names() {
            if atom.asked_whether_known().contains(name) {
                // What an assumed answer would be is not knowledge.
                let known = Trial { depth: self.depth, ..Trial::new(self.facts, self.scope) }.name(name);
                complete &= known.is_some() || !self.scope.before_case;
                context.insert(name.clone(), known.unwrap_or_else(|| Missing::value(name)));
                continue;
            }
            if !atom.is_name() && matches!(self.scope.get(name), Some(Binding::MayMatch)) {
                complete = false; // what `.count` or `.first` would be cannot be tried
                continue;
            }
            match self.name(name) {
                Some(value) => {
                    context.insert(name.clone(), value);
                }
                None => complete = false,
            }
        }
        if !complete {
            return None;
        }
        let Some(expression) = atom.expression() else {
            return context.into_values().next();
        };
        match expression.eval(Value::from(context)) {
            Ok(value) => Some(value),
            // nobody can tell, which is no mistake
            Err(error) if error.detail() == Some(NO_NUMBER) => None,
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
            Some(Binding::MayMatch) => {
                self.untry(name, Some(vec![Value::from(true), Value::from(false)]));
                return None;
            }
            Some(Binding::Absent) => return Some(Value::from(())),
            Some(Binding::Unknown) | None => {}
        }
        let fact = self.facts.iter().find(|fact| fact.name == name)?;
        if fact.follows(self.scope.before_case) && self.depth < DERIVE_DEPTH {
            return self.derived(fact);
        }
        self.ask(fact);
        self.untry(name, self.domain(fact));
        None
    }

    /// The countable values of a fact. Before there is a case, somebody may also say that there is no such thing.
    fn domain(&self, fact: &Fact) -> Option<Vec<Value>> {
        let none = self.scope.before_case.then(|| Value::from(()));
        fact.domain().map(|domain| domain.into_iter().chain(none).collect())
    }

    /// The value that follows for a fact, worked out once per trial.
    fn derived(&mut self, fact: &Fact) -> Option<Value> {
        let derived = match self.derived.get(&fact.name) {
            Some(derived) => derived.clone(),
            None => {
                let derived = self.derive(fact);
                self.derived.insert(fact.name.clone(), derived.clone());
                derived
            }
        };
        derived.asked.iter().for_each(|name| self.note(name));
        derived.untried.into_iter().for_each(|(name, domain)| self.untry(&name, Some(domain)));
        self.error = self.error.take().or(derived.error);
        derived.value
    }

    /// Looks a fact up, else derives it. When neither gives a value, trying the answers to what it rests on is exact; where those
    /// cannot be counted the fact itself is tried instead.
    fn derive(&mut self, fact: &Fact) -> Derived {
        let mut inner = Trial {
            answers: self.answers.clone(),
            derived: std::mem::take(&mut self.derived),
            depth: self.depth + 1,
            ..Trial::new(self.facts, self.scope)
        };
        let looked_up = fact.lookup.as_ref().and_then(|lookup| inner.looked_up(fact, lookup));
        let value = looked_up.or_else(|| inner.expressed(fact, fact.derive.as_ref()?));
        self.derived = std::mem::take(&mut inner.derived);
        if value.is_some() {
            return Derived { value, ..Derived::default() };
        }
        let rests_on_countable = |seen| rests_on_countable(fact, self.facts, self.scope, seen);
        let untried = if !inner.untried.is_empty() && rests_on_countable(&mut BTreeSet::new()) {
            inner.untried
        } else {
            self.domain(fact).map(|domain| (fact.name.clone(), domain)).into_iter().collect()
        };
        let asked = if fact.ask.is_some() { vec![fact.name.clone()] } else { inner.asked };
        Derived { value: None, untried, asked, error: inner.error }
    }

    /// What the table says for the key. What is known of the fact otherwise is not looked at.
    fn looked_up(&mut self, fact: &Fact, lookup: &Lookup) -> Option<Value> {
        let key = self.name(&lookup.by)?;
        fact.accept(lookup.value(&key)?).map(|value| value.to_value()).ok()
    }

    /// What the `derive` of a fact gives, brought to its type.
    fn expressed(&mut self, fact: &Fact, derive: &Condition) -> Option<Value> {
        let value = match derive {
            Condition::Atom(atom) if fact.kind == FactType::Boolean && self.is_about_absent(atom) => {
                Some(Value::from(false))
            }
            // what did not match is none here, as in `signature.capture`
            Condition::Atom(atom) => self.evaluate(atom),
            connected => match self.condition(connected) {
                Truth::Open => None,
                decided => Some(Value::from(decided == Truth::True)),
            },
        };
        // `a if b` without `else` says nothing otherwise
        let value = value.filter(|value| !value.is_undefined())?;
        let accepted = fact.accept(&FactValue::from_value(&value));
        accepted.map(|value| value.to_value()).map_err(|error| self.error = Some(error.to_string())).ok()
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

/// What the values of some conditions depend on, to be tried one combination after the other.
#[derive(Debug, Default)]
pub(crate) struct Variables {
    /// Names with all the values they can have: signatures and the like first named, then facts. A fact that follows from others is
    /// left out, since these are in.
    pub(crate) countable: Vec<(String, Vec<Value>)>,
    /// Those of them that were seen in the case or not: signatures and the like.
    pub(crate) observed: Vec<String>,
}

impl Variables {
    /// The variables of conditions over a rule's facts, in a scope before there is a case.
    pub(crate) fn of(conditions: &[&Condition], facts: &[Fact], scope: &Scope) -> Self {
        let mut variables = Self::default();
        let mut seen = BTreeSet::new();
        conditions.iter().for_each(|condition| variables.add(condition, facts, scope, &mut seen));
        variables
    }

    fn add<'f>(&mut self, condition: &'f Condition, facts: &'f [Fact], scope: &Scope, seen: &mut BTreeSet<&'f str>) {
        for name in condition.names() {
            if !seen.insert(name) {
                continue;
            }
            match scope.get(name) {
                Some(Binding::MayMatch) => {
                    self.observed.push(name.to_owned());
                    self.countable.push((name.to_owned(), vec![Value::from(false), Value::from(true)]));
                }
                Some(Binding::Known(_) | Binding::Absent | Binding::Unknown) => {}
                None => {
                    let Some(fact) = facts.iter().find(|fact| fact.name == name) else { continue };
                    match &fact.derive {
                        Some(derive)
                            if fact.follows(scope.before_case)
                                && rests_on_countable(fact, facts, scope, &mut BTreeSet::new()) =>
                        {
                            self.add(derive, facts, scope, seen);
                        }
                        _ => self.countable.extend(fact.domain().map(|domain| (name.to_owned(), domain))),
                    }
                }
            }
        }
    }
}

/// Whether everything unknown that a fact rests on has countable values. Facts in `seen` are being looked at already.
fn rests_on_countable<'f>(fact: &'f Fact, facts: &'f [Fact], scope: &Scope, seen: &mut BTreeSet<&'f str>) -> bool {
    fact.rests_on().into_iter().all(|name| match scope.get(name) {
        Some(Binding::Known(_) | Binding::MayMatch | Binding::Absent) => true,
        Some(Binding::Unknown) | None if !seen.insert(name) => true,
        Some(Binding::Unknown) | None => {
            facts.iter().find(|fact| fact.name == name).is_some_and(|fact| match fact.follows(scope.before_case) {
                true => rests_on_countable(fact, facts, scope, seen),
                false => fact.domain().is_some(),
            })
        }
    })
}

/// The facts that rest on themselves, sorted; empty for a sound rule.
pub(crate) fn circular(facts: &[Fact]) -> BTreeSet<&str> {
    let reaches = |start: &'_ str| {
        let mut open: Vec<&str> = vec![start];
        let mut seen = BTreeSet::new();
        while let Some(name) = open.pop() {
            let fact = facts.iter().find(|fact| fact.name == name);
            for used in fact.map(Fact::rests_on).unwrap_or_default() {
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

    fn fact(name: &str, kind: FactType, derive: Option<&str>, ask: bool) -> Fact {
        Fact {
            name: name.to_owned(),
            about: None,
            kind,
            values: if kind == FactType::OneOf { vec!["red".into(), "green".into()] } else { Vec::new() },
            extract: Vec::new(),
            lookup: None,
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
    fn a_fact_has_the_value_that_every_answer_gives() {
        let value = |derive: &str| {
            let told = fact("told", FactType::OneOf, None, true);
            let facts =
                [fact("kind", FactType::String, Some(derive), false), told, fact("free", FactType::String, None, true)];
            let mut scope = Scope::default();
            scope.bind("seen", Binding::Known(Value::from(true)));
            fact_value(&facts[0], &facts, &scope).map(|value| FactValue::from_value(&value).to_string())
        };
        assert_eq!(value("'rows' if seen else told").as_deref(), Some("rows"));
        assert_eq!(value("told if seen else 'rows'"), None);
        assert_eq!(value("'rows' if seen else free"), None, "no end of answers to try");
    }

    #[test]
    fn what_did_not_match_is_none_in_a_derivation_and_no_number() {
        let value = |kind: FactType, derive: &str| {
            let facts = [fact("kind", kind, Some(derive), false), fact("told", FactType::OneOf, None, true)];
            let mut scope = Scope::default();
            scope.bind("absent", Binding::Absent);
            scope.bind("optional", Binding::Known(Value::from(())));
            let decision = decide(&Condition::parse("kind").expect("valid"), &facts, &scope);
            assert_eq!(decision.error, None, "{derive}");
            fact_value(&facts[0], &facts, &scope).map(|value| FactValue::from_value(&value).to_string())
        };
        for (derive, wanted) in [
            ("absent", Some("none")),
            ("'yes' if absent is none else 'no'", Some("yes")),
            ("absent|default('q')", Some("q")),
            ("'rows' if absent == 'x' else told", None),
            ("'rows' if absent", None),
            ("'rows' if absent is none", Some("rows")),
            ("'few' if optional|int < 1 else 'many'", None),
            ("'few' if optional|int(default=0) < 1 else 'many'", Some("few")),
        ] {
            assert_eq!(value(FactType::String, derive).as_deref(), wanted, "{derive}");
        }
        for (derive, wanted) in [
            ("absent != 'x'", Some("false")),
            ("absent is none", Some("true")),
            ("optional|int < 1", None),
            ("optional|int >= 1", None),
            ("optional is not none and optional|int < 1", Some("false")),
        ] {
            assert_eq!(value(FactType::Boolean, derive).as_deref(), wanted, "{derive}");
        }
    }

    #[test]
    fn knowledge_itself_is_never_open() {
        assert_eq!(decided("order is known", &[]).truth, Truth::False);
        assert_eq!(decided("order is not known", &[]).truth, Truth::True);
        assert_eq!(decided("order is known", &[("order", Value::from("x"))]).truth, Truth::True);
    }

    #[test]
    fn before_there_is_a_case_anything_may_be_known() {
        let mut scope = Scope::before_case();
        scope.bind("a", Binding::MayMatch);
        let parts =
            ["order is known", "big is not known", "colour is none", "a.first is none", "a.count > 3", "a and not big"];
        for source in parts {
            let condition = Condition::parse(source).expect("valid");
            assert_eq!(decide(&condition, &facts(), &scope).truth, Truth::Open, "{source}");
        }
        let never = Condition::parse("a and not a").expect("valid");
        assert_eq!(decide(&never, &facts(), &scope).truth, Truth::False);
    }

    #[test]
    fn knowledge_is_asked_about_in_brackets_and_comparisons_too() {
        assert_eq!(decided("(big) is known", &[]).truth, Truth::False);
        assert_eq!(decided("(big is known) == true", &[]).truth, Truth::False);
        assert_eq!(decided("order == 'a' if order is known else true", &[]).truth, Truth::True);
    }

    #[test]
    fn facts_that_derive_from_each_other_twice_are_derived_once() {
        let names: Vec<String> = (0..31).map(|index| format!("f{index}")).collect();
        let mut facts: Vec<Fact> = names
            .windows(2)
            .map(|pair| fact(&pair[0], FactType::Boolean, Some(&format!("{0} or not {0}", pair[1])), false))
            .collect();
        facts.push(fact("f30", FactType::Boolean, None, true));
        let decision = decide(&Condition::parse("f0").expect("valid"), &facts, &Scope::default());
        assert_eq!(decision.truth, Truth::True);
    }

    #[test]
    fn a_condition_over_thousands_of_facts_is_given_up_soon() {
        let names: Vec<String> = (0..200).map(|index| format!("f{index}")).collect();
        let facts: Vec<Fact> = names.iter().map(|name| fact(name, FactType::Boolean, None, true)).collect();
        let decision = decide(&Condition::parse(&names.join(" or ")).expect("valid"), &facts, &Scope::default());
        assert_eq!(decision.truth, Truth::Open);
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
