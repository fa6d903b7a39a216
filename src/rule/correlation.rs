//! Correlations: the checked tests of many records and their times.
//!
//! A correlation looks at the records of its members, separately for each group of values. How the records of one group
//! are judged is `diagnose`'s; here stand the types, the comparison of counts, and which captures of a signature they need.

use std::fmt;

use crate::rule::checked::Rule;
use crate::rule::signature::Signature;
use crate::rule::timespan::Timespan;
use crate::rule::vocabulary::{Comparator, CorrelationKind};

/// A named test of many records, Sigma's correlation.
#[derive(Clone, Debug)]
pub struct Correlation {
    /// The name conditions use.
    pub name: String,
    /// What is looked for.
    pub kind: CorrelationKind,
    /// The signatures and correlations that are looked at, each once.
    pub members: Vec<Member>,
    /// For `temporal_ordered` the positions of the members in the order wanted, of which one may occur again; otherwise
    /// each once.
    pub steps: Vec<usize>,
    /// The names by whose values records are grouped; empty: all records are one group.
    pub group_by: Vec<String>,
    /// How far apart the first and last record of a window may be, that distance included.
    pub timespan: Timespan,
    /// What is said about the count; allows everything for the temporal kinds.
    pub comparison: Comparison,
}

/// A signature or correlation whose records take part, and where the values are in what it captures.
#[derive(Clone, Debug)]
pub struct Member {
    /// What it is.
    pub source: MemberSource,
    /// For each name of `group_by` where its value is: for a signature a position in [`Signature::every_capture`], for a
    /// correlation one in its `group_by`.
    pub grouping: Vec<usize>,
    /// Where the value is that is counted.
    pub field: Option<usize>,
}

/// Whose records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberSource {
    /// Those of the rule's signature at this position.
    Signature(usize),
    /// Those at which the rule's correlation at this position holds. It stands before the one that rests on it.
    Correlation(usize),
}

impl Correlation {
    /// Whether it can hold in a case without any record of its members: only without groups, and where zero is allowed.
    pub fn holds_on_nothing(&self) -> bool {
        let counts = matches!(self.kind, CorrelationKind::EventCount | CorrelationKind::ValueCount);
        counts && self.group_by.is_empty() && self.comparison.allows(0)
    }

    /// What it wants in words, as in `gte 3 within 5m`.
    pub fn wanted(&self) -> String {
        let timespan = self.timespan;
        match self.kind {
            CorrelationKind::EventCount | CorrelationKind::ValueCount => {
                format!("{} within {timespan}", self.comparison)
            }
            CorrelationKind::Temporal => format!("all {} within {timespan}", self.steps.len()),
            CorrelationKind::TemporalOrdered => format!("all {} in order within {timespan}", self.steps.len()),
        }
    }
}

/// Comparisons of a count, all of which must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison(pub Vec<(Comparator, u64)>);

impl Comparison {
    /// Whether a count satisfies all.
    pub fn allows(&self, count: u64) -> bool {
        self.0.iter().all(|&(comparator, number)| match comparator {
            Comparator::Gt => count > number,
            Comparator::Gte => count >= number,
            Comparator::Lt => count < number,
            Comparator::Lte => count <= number,
            Comparator::Eq => count == number,
            Comparator::Neq => count != number,
        })
    }

    /// Whether some count from `least` on satisfies all.
    pub fn is_possible(&self, least: u64) -> bool {
        // Between the numbers that are named all counts are alike, so trying these and their neighbours is trying all.
        let near = |number: u64| [number.saturating_sub(1), number, number.saturating_add(1)];
        let named = self.0.iter().flat_map(|&(_, number)| near(number)).chain(near(least));
        named.filter(|count| *count >= least).any(|count| self.allows(count))
    }

    /// How far a count is from one that is allowed, as far as one number tells; 0 when it is allowed.
    pub fn distance(&self, count: u64) -> u64 {
        let of_one = |&(comparator, number): &(Comparator, u64)| match comparator {
            Comparator::Gt => number.saturating_add(1).saturating_sub(count),
            Comparator::Gte => number.saturating_sub(count),
            Comparator::Lt => count.saturating_add(1).saturating_sub(number),
            Comparator::Lte => count.saturating_sub(number),
            Comparator::Eq => count.abs_diff(number),
            Comparator::Neq => u64::from(count == number),
        };
        self.0.iter().map(of_one).max().unwrap_or(0)
    }
}

/// As written: `gt 5, lte 20`.
impl fmt::Display for Comparison {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (comparator, number)) in self.0.iter().enumerate() {
            let comma = if at > 0 { ", " } else { "" };
            write!(formatter, "{comma}{comparator} {number}")?;
        }
        Ok(())
    }
}

/// Which captures of a signature correlations need, as positions in [`Signature::every_capture`], ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watch {
    /// All that they need.
    pub kept: Vec<usize>,
    /// Those by which they group.
    pub grouping: Vec<usize>,
}

/// For each signature of a rule what its correlations need of it; `None` where none looks at it.
pub(crate) fn watches(correlations: &[Correlation], signatures: &[Signature]) -> Vec<Option<Watch>> {
    let mut watches: Vec<Option<Watch>> = vec![None; signatures.len()];
    for member in correlations.iter().flat_map(|correlation| &correlation.members) {
        let MemberSource::Signature(position) = member.source else { continue };
        if let Some(watch) = watches.get_mut(position) {
            let watch = watch.get_or_insert_default();
            watch.grouping.extend(&member.grouping);
            watch.kept.extend(member.grouping.iter().chain(&member.field));
        }
    }
    for watch in watches.iter_mut().flatten() {
        for positions in [&mut watch.kept, &mut watch.grouping] {
            positions.sort_unstable();
            positions.dedup();
        }
    }
    watches
}

/// A signature whose records a correlation looks at, itself or through others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base {
    /// The signature's position in the rule.
    pub signature: usize,
    /// For each name of the correlation's `group_by` the position of its value in [`Signature::every_capture`].
    pub grouping: Vec<usize>,
}

impl Rule {
    /// The signatures whose records the correlation at `position` looks at, in the order met, each way once.
    pub fn bases(&self, position: usize) -> Vec<Base> {
        let mut of_each: Vec<Vec<Base>> = Vec::new();
        for correlation in self.correlations.iter().take(position + 1) {
            let mut bases: Vec<Base> = Vec::new();
            for member in &correlation.members {
                let found = match member.source {
                    MemberSource::Signature(signature) => {
                        vec![Base { signature, grouping: member.grouping.clone() }]
                    }
                    MemberSource::Correlation(other) => {
                        let through = |base: &Base| {
                            let grouping = member.grouping.iter().filter_map(|at| base.grouping.get(*at).copied());
                            Base { signature: base.signature, grouping: grouping.collect() }
                        };
                        of_each.get(other).map(|bases| bases.iter().map(through).collect()).unwrap_or_default()
                    }
                };
                for base in found {
                    if !bases.contains(&base) {
                        bases.push(base);
                    }
                }
            }
            of_each.push(bases);
        }
        of_each.pop().unwrap_or_default()
    }

    /// What correlations need of the signature at `position`; `None` when none looks at it.
    pub fn watch(&self, position: usize) -> Option<&Watch> {
        self.watches.get(position)?.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn comparison() -> impl Strategy<Value = Comparison> {
        use Comparator::{Eq, Gt, Gte, Lt, Lte, Neq};
        let one = (prop::sample::select(vec![Gt, Gte, Lt, Lte, Eq, Neq]), 0..6u64);
        prop::collection::vec(one, 0..4).prop_map(Comparison)
    }

    proptest! {
        #[test]
        fn a_comparison_is_possible_when_some_count_satisfies_it(comparison in comparison(), least in 0..3u64) {
            let expected = (least..20).any(|count| comparison.allows(count));
            prop_assert_eq!(comparison.is_possible(least), expected, "{}", comparison);
        }

        #[test]
        fn only_allowed_counts_are_at_no_distance(comparison in comparison(), count in 0..8u64) {
            prop_assert_eq!(comparison.distance(count) == 0, comparison.allows(count));
        }
    }
}
