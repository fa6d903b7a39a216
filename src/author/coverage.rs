//! What of the rules no test reaches.
//!
//! `Reach` lists what there is to reach in a rule (`items`) and marks what each sample reaches: a signature, and each regex or substring of a
//! list, by the records that matched; a correlation when it holds; a branch when it is certainly the right one; a value of a fact when it was given or
//! derived. What is to count as well gets a variant of `Item`, its place in `items`, and its mark where it shows: in a record or in a test.

use minijinja::Value;
use serde::Serialize;

use crate::author::sample;
use crate::rule::signature::Leaf;
use crate::rule::{FactValue, Rule, RuleTest, Truth};
use crate::scan::{RecordMatches, leaf_matches, pattern_matches};
use crate::source::tidy;

/// How much of the rules their tests reach.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Coverage {
    /// How many things there are to reach.
    pub total: usize,
    /// How many of them a test reaches.
    pub reached: usize,
    /// The others, in the order of the rules.
    pub unreached: Vec<Unreached>,
}

impl Coverage {
    /// The part that is reached, in whole per cent, rounded down: 100 means all.
    pub fn percent(&self) -> usize {
        (self.reached * 100).checked_div(self.total).unwrap_or(100)
    }

    pub(crate) fn add(&mut self, reach: Reach<'_>) {
        self.total += reach.items.len();
        for (item, reached) in reach.items.iter().zip(&reach.reached) {
            match reached {
                true => self.reached += 1,
                false => self.unreached.push(item.told(reach.rule)),
            }
        }
    }
}

/// Something that no test reaches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unreached {
    /// The rule's id.
    pub rule: String,
    /// The rule file.
    pub file: String,
    /// What it is.
    pub kind: ItemKind,
    /// Its name: that of a signature, the regex or substring, the title of a branch, `fact = value`.
    pub name: String,
    /// The signature that an alternative belongs to.
    pub signature: Option<String>,
}

/// What can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ItemKind {
    /// A signature, by a record that matches.
    Signature,
    /// One of several regexes or substrings of which any will do.
    Alternative,
    /// A regex under `optional`.
    Optional,
    /// A correlation, by a case in which it holds.
    Correlation,
    /// A branch of the resolution, by a case in which it certainly holds.
    Branch,
    /// A value of a boolean or one-of fact.
    Value,
}

impl ItemKind {
    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            ItemKind::Signature => "signature",
            ItemKind::Alternative => "alternative",
            ItemKind::Optional => "optional",
            ItemKind::Correlation => "correlation",
            ItemKind::Branch => "branch",
            ItemKind::Value => "value",
        }
    }
}

/// A thing to reach in a rule, by its place there.
#[derive(Clone, Debug)]
enum Item {
    Signature(usize),
    Alternative { signature: usize, clause: usize, leaf: usize },
    Optional { signature: usize, entry: usize, pattern: usize },
    Correlation(usize),
    Branch(usize),
    Value { fact: usize, value: Value },
}

/// What of a rule its tests reach.
#[derive(Debug)]
pub(crate) struct Reach<'r> {
    rule: &'r Rule,
    items: Vec<Item>,
    reached: Vec<bool>,
}

impl<'r> Reach<'r> {
    /// Of a rule no test of which ran.
    pub(crate) fn new(rule: &'r Rule) -> Self {
        let items = items(rule);
        Self { rule, reached: vec![false; items.len()], items }
    }

    /// Marks what a record reaches that matched signatures of the rule alone.
    pub(crate) fn record(&mut self, record: &RecordMatches<'_>) {
        let tidy = tidy::tidy(record.text);
        let readings: Vec<&[u8]> = std::iter::once(record.text).chain(tidy.as_deref()).collect();
        let rule = self.rule;
        let matched = |signature: usize| record.found.iter().any(|(id, _)| id.index() == signature);
        self.mark(|item| match *item {
            Item::Signature(signature) => matched(signature),
            Item::Alternative { signature, clause, leaf } => {
                matched(signature)
                    && leaf_of(rule, signature, clause, leaf)
                        .is_some_and(|leaf| readings.iter().any(|text| leaf_matches(leaf, text)))
            }
            Item::Optional { signature, entry, pattern } => {
                let pattern = rule.signatures.get(signature).and_then(|own| own.optional.get(entry)?.get(pattern));
                matched(signature)
                    && pattern.is_some_and(|pattern| readings.iter().any(|text| pattern_matches(pattern, text)))
            }
            Item::Correlation(_) | Item::Branch(_) | Item::Value { .. } => false,
        });
    }

    /// Marks what a test reaches by what it states and what was found.
    pub(crate) fn test(&mut self, test: &RuleTest, outcome: &sample::Outcome) {
        let rule = self.rule;
        let findings = &outcome.diagnosis.findings;
        let holds = |index: usize| {
            let mut branches = findings.iter().flat_map(|finding| &finding.branches);
            branches.any(|branch| branch.index == index && branch.truth == Truth::True)
        };
        let has = |fact: usize, value: &Value| {
            let Some(fact) = rule.facts.get(fact) else { return false };
            let given = test.facts.iter().any(|(name, given)| *name == fact.name && given.to_value() == *value);
            let mut known = findings.iter().flat_map(|finding| &finding.names.facts);
            given || known.any(|(name, known)| *name == fact.name && known.as_ref() == Some(value))
        };
        self.mark(|item| match item {
            Item::Correlation(position) => outcome.correlations.get(*position) == Some(&true),
            Item::Branch(index) => holds(*index),
            Item::Value { fact, value } => has(*fact, value),
            Item::Signature(_) | Item::Alternative { .. } | Item::Optional { .. } => false,
        });
    }

    fn mark(&mut self, is_reached: impl Fn(&Item) -> bool) {
        for (item, reached) in self.items.iter().zip(&mut self.reached) {
            *reached = *reached || is_reached(item);
        }
    }
}

/// Everything there is to reach in a rule, in the order of the file.
fn items(rule: &Rule) -> Vec<Item> {
    let mut items = Vec::new();
    for (position, signature) in rule.signatures.iter().enumerate() {
        items.push(Item::Signature(position));
        for (clause, leaves) in signature.required.iter().enumerate().filter(|(_, leaves)| leaves.len() > 1) {
            items.extend((0..leaves.len()).map(|leaf| Item::Alternative { signature: position, clause, leaf }));
        }
        for (entry, patterns) in signature.optional.iter().enumerate() {
            items.extend((0..patterns.len()).map(|pattern| Item::Optional { signature: position, entry, pattern }));
        }
    }
    items.extend((0..rule.correlations.len()).map(Item::Correlation));
    for (fact, written) in rule.facts.iter().enumerate() {
        items.extend(written.domain().into_iter().flatten().map(|value| Item::Value { fact, value }));
    }
    // a resolution of one text is shown whenever the rule applies
    let is_branch = |index: &usize| rule.resolution.get(*index).is_some_and(|branch| !branch.title.is_empty());
    items.extend((0..rule.resolution.len()).filter(is_branch).map(Item::Branch));
    items
}

fn leaf_of(rule: &Rule, signature: usize, clause: usize, leaf: usize) -> Option<&Leaf> {
    rule.signatures.get(signature)?.required.get(clause)?.get(leaf)
}

impl Item {
    fn told(&self, rule: &Rule) -> Unreached {
        let signature_name = |position: usize| rule.signatures.get(position).map(|signature| signature.name.clone());
        let (kind, name, signature) = match self {
            Item::Signature(position) => (ItemKind::Signature, signature_name(*position), None),
            Item::Alternative { signature, clause, leaf } => {
                let name = leaf_of(rule, *signature, *clause, *leaf).map(|leaf| match leaf {
                    Leaf::Regex(pattern) => pattern.source().to_owned(),
                    Leaf::Contains(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                });
                (ItemKind::Alternative, name, signature_name(*signature))
            }
            Item::Optional { signature, entry, pattern } => {
                let own = rule.signatures.get(*signature);
                let pattern = own.and_then(|own| own.optional.get(*entry)?.get(*pattern));
                let name = pattern.map(|pattern| pattern.source().to_owned());
                (ItemKind::Optional, name, signature_name(*signature))
            }
            Item::Correlation(position) => {
                let name = rule.correlations.get(*position).map(|correlation| correlation.name.clone());
                (ItemKind::Correlation, name, None)
            }
            Item::Branch(index) => (ItemKind::Branch, rule.resolution.get(*index).map(|own| own.title.clone()), None),
            Item::Value { fact, value } => {
                // as it is written in rules
                let value = FactValue::from_value(value);
                let name = rule.facts.get(*fact).map(|fact| format!("{} = {value}", fact.name));
                (ItemKind::Value, name, None)
            }
        };
        Unreached { rule: rule.id.clone(), file: rule.path.clone(), kind, name: name.unwrap_or_default(), signature }
    }
}
