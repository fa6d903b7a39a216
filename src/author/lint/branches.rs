//! Lints about decisions: expressions that decide nothing, branches that overlap, answers without a branch.
//!
//! All values of what the expressions need are tried, where they can be counted; [`ANSWER_LIMIT`] bounds how many. What rests on values
//! that cannot be counted stays open, and an open branch neither overlaps nor leaves a gap.

use minijinja::Value;
use minijinja::value::ValueKind;

use crate::author::lint::page::Page;
use crate::rule::condition::Condition;
use crate::rule::decide::{ANSWER_LIMIT, Binding, Scope, Truth, Variables, decide};
use crate::rule::{Code, Diagnostic, FactType, Rule};

/// Looks at all expressions of a rule. Says whether there were more answers than were tried.
pub(super) fn lint(rule: &Rule, page: &Page<'_>, found: &mut Vec<Diagnostic>) -> bool {
    let scope = rule.scope_before_case();
    let constant = constants(rule, &scope, page, found);
    let whens = rule.resolution.iter().filter(|branch| branch.when.is_some()).count();
    whens > 0 && !constant && branches(rule, &scope, page, found)
}

/// Reports expressions with one value for all answers; says whether a `when` is among them.
fn constants(rule: &Rule, scope: &Scope, page: &Page<'_>, found: &mut Vec<Diagnostic>) -> bool {
    let truth = |condition: &Condition| decide(condition, &rule.facts, scope).truth;
    let mut report = |title: String, way: &[super::page::Step<'_>], help: &str| {
        found.push(
            page.warning(Code::ConstantCondition, title, page.value(way), "the same for every answer").help(help),
        );
    };
    if truth(&rule.condition) == Truth::True {
        let title = "the condition is true whatever the case; the rule always applies".to_owned();
        report(title, &["condition".into()], "name the signature that shows the failure");
    }
    for fact in rule.facts.iter().filter(|fact| fact.kind == FactType::Boolean) {
        let value = fact.derive.as_ref().map(truth).filter(|truth| *truth != Truth::Open);
        if let Some(value) = value {
            let value = if value == Truth::True { "true" } else { "false" };
            let title = format!("the fact `{}` is always derived as {value}", fact.name);
            let help = "look for a part that contradicts or repeats another";
            report(title, &["facts".into(), fact.name.as_str().into(), "derive".into()], help);
        }
    }
    let mut has_constant = false;
    for (at, branch) in rule.resolution.iter().enumerate() {
        if branch.when.as_ref().is_some_and(|when| truth(when) == Truth::True) {
            has_constant = true;
            let title = format!("the branch `{}` always holds: its `when` is true for every answer", branch.title);
            report(
                title,
                &["resolution".into(), at.into(), "when".into()],
                "leave `when` out, or say when it does not hold",
            );
        }
    }
    has_constant
}

/// A combination of answers, as it is shown.
struct Example(String);

/// Tries all answers of the facts and signatures that the branches need. Says whether there were too many.
fn branches(rule: &Rule, scope: &Scope, page: &Page<'_>, found: &mut Vec<Diagnostic>) -> bool {
    let whens: Vec<(usize, &Condition)> =
        rule.resolution.iter().enumerate().filter_map(|(at, branch)| Some((at, branch.when.as_ref()?))).collect();
    let everything: Vec<&Condition> = whens.iter().map(|(_, when)| *when).chain([&rule.condition]).collect();
    let variables = Variables::of(&everything, &rule.facts, scope);
    let observed: Vec<Vec<&str>> = whens
        .iter()
        .map(|(_, when)| {
            let own = Variables::of(&[when], &rule.facts, scope);
            own.observed
                .iter()
                .filter_map(|name| variables.observed.iter().find(|other| *other == name))
                .map(String::as_str)
                .collect()
        })
        .collect();
    let is_whole = whens.len() < rule.resolution.len();
    let mut overlap: Option<(usize, usize, Example)> = None;
    let mut gap: Option<Example> = None;
    let mut combinations = Combinations::of(&variables.countable);
    let mut tried = 0;
    while let Some(values) = combinations.next() {
        if tried == ANSWER_LIMIT {
            report(rule, page, overlap, gap, found);
            return true;
        }
        tried += 1;
        let mut assumed = scope.clone();
        values.iter().for_each(|(name, value)| assumed.bind(*name, Binding::Known((*value).clone())));
        let truth = |condition: &Condition| decide(condition, &rule.facts, &assumed).truth;
        if truth(&rule.condition) == Truth::False {
            continue;
        }
        let truths: Vec<Truth> = whens.iter().map(|(_, when)| truth(when)).collect();
        if gap.is_none() && !is_whole && truths.iter().all(|truth| *truth == Truth::False) {
            gap = Some(example(&values, &variables.observed, |_| true));
        }
        if overlap.is_none() {
            let is_true = |name: &&&str| values.iter().any(|(other, value)| other == *name && value.is_true());
            let holding: Vec<usize> = (0..whens.len()).filter(|&at| truths.get(at) == Some(&Truth::True)).collect();
            overlap = pairs(&holding).find_map(|(one, other)| {
                let mut seen: Vec<&str> =
                    [one, other].iter().filter_map(|&at| observed.get(at)).flatten().filter(is_true).copied().collect();
                seen.sort_unstable();
                seen.dedup();
                if seen.len() > 1 {
                    return None; // two things were seen; two remedies may be right
                }
                let own = Variables::of(&[whens.get(one)?.1, whens.get(other)?.1], &rule.facts, scope);
                let is_own = |name: &str| own.countable.iter().any(|(other, _)| other == name);
                Some((whens.get(one)?.0, whens.get(other)?.0, example(&values, &variables.observed, is_own)))
            });
        }
        if overlap.is_some() && (is_whole || gap.is_some()) {
            break;
        }
    }
    report(rule, page, overlap, gap, found);
    false
}

fn pairs(of: &[usize]) -> impl Iterator<Item = (usize, usize)> {
    of.iter().enumerate().flat_map(move |(at, one)| of.iter().skip(at + 1).map(move |other| (*one, *other)))
}

fn report(
    rule: &Rule,
    page: &Page<'_>,
    overlap: Option<(usize, usize, Example)>,
    gap: Option<Example>,
    found: &mut Vec<Diagnostic>,
) {
    let when = |at: usize| page.value(&["resolution".into(), at.into(), "when".into()]);
    let title = |at: usize| rule.resolution.get(at).map_or("", |branch| branch.title.as_str());
    if let Some((one, other, Example(example))) = overlap {
        let sentence = format!("the branches `{}` and `{}` both hold {example}", title(one), title(other));
        let help = "exclude in one `when` what the other is about, for instance with `and not`";
        found.push(
            page.warning(Code::OverlappingBranches, sentence, when(other), "holds as well")
                .at(page.file(), when(one), "holds")
                .help(help),
        );
    }
    if let Some(Example(example)) = gap {
        let sentence = format!("no branch of the resolution holds {example}");
        let help = "add a branch for that, or one without `when` that is always right";
        let span = page.key(&["resolution".into()]);
        found
            .push(page.warning(Code::UncoveredAnswer, sentence, span, "leaves the reader without a remedy").help(help));
    }
}

/// Words a combination of answers: "when `a` is true and `b` did not match".
fn example(values: &[(&str, &Value)], observed: &[String], shown: impl Fn(&str) -> bool) -> Example {
    let is_observed = |name: &str| observed.iter().any(|other| other == name);
    let part = |name: &str, value: &Value| match (is_observed(name), value.kind(), value.is_true()) {
        (true, _, true) => format!("`{name}` matched"),
        (true, _, false) => format!("`{name}` did not match"),
        (false, ValueKind::Bool, truth) => format!("`{name}` is {truth}"),
        (false, ..) => format!("`{name}` is {value}"),
    };
    let parts: Vec<String> =
        values.iter().filter(|(name, _)| shown(name)).map(|(name, value)| part(name, value)).collect();
    match parts.as_slice() {
        [] => Example("whatever is known".to_owned()),
        [only] => Example(format!("when {only}")),
        [init @ .., last] => Example(format!("when {} and {last}", init.join(", "))),
    }
}

/// All combinations of values, the first variable changing last.
struct Combinations<'v> {
    variables: &'v [(String, Vec<Value>)],
    at: Option<Vec<usize>>,
}

impl<'v> Combinations<'v> {
    fn of(variables: &'v [(String, Vec<Value>)]) -> Self {
        let possible = variables.iter().all(|(_, values)| !values.is_empty());
        Self { variables, at: possible.then(|| vec![0; variables.len()]) }
    }

    fn next(&mut self) -> Option<Vec<(&'v str, &'v Value)>> {
        let at = self.at.take()?;
        let values =
            self.variables.iter().zip(&at).filter_map(|((name, values), at)| Some((name.as_str(), values.get(*at)?)));
        let values = values.collect();
        let mut next = at;
        for place in (0..next.len()).rev() {
            next[place] += 1;
            if next[place] < self.variables[place].1.len() {
                self.at = Some(next);
                break;
            }
            next[place] = 0;
        }
        Some(values)
    }
}
