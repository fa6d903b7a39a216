//! Which findings of a case remain, and in which order.

use std::collections::BTreeSet;

use crate::diagnose::finding::Finding;
use crate::rule::{Faultbook, RuleId, Truth};

/// The findings that remain, and those that do not.
#[derive(Debug, Default)]
pub(crate) struct Ranked {
    pub(crate) findings: Vec<Finding>,
    /// Findings of rules that are superseded by others.
    pub(crate) dropped: Vec<Finding>,
}

/// Drops what is superseded and orders the rest: by priority, severity (worst first), rule id; failures of one rule stay in
/// the order in which they were seen.
pub(crate) fn rank(faultbook: &Faultbook, mut findings: Vec<Finding>) -> Ranked {
    let place = |finding: &Finding| {
        let rule = faultbook.rule(finding.rule);
        (std::cmp::Reverse(rule.priority), std::cmp::Reverse(rule.severity), rule.id.clone(), finding.rule)
    };
    findings.sort_by_cached_key(place);
    let mut certain: Vec<RuleId> = findings.iter().filter(|f| f.applies == Truth::True).map(|f| f.rule).collect();
    certain.dedup();
    let dropped = superseded(&certain, |rule| {
        faultbook
            .rule(rule)
            .supersedes
            .iter()
            .filter_map(|id| faultbook.find(id))
            .filter(|other| *other != rule)
            .collect()
    });
    let (dropped, findings) = findings.into_iter().partition(|finding| dropped.contains(&finding.rule));
    Ranked { findings, dropped }
}

/// What is superseded by a rule that stays. A finding supersedes only when it is certain (`ranked`, highest first), and only
/// if it is not superseded itself: where A supersedes B and B supersedes C, A and C stay. Of rules that supersede each other
/// in a circle the highest stays.
fn superseded(ranked: &[RuleId], targets: impl Fn(RuleId) -> Vec<RuleId>) -> BTreeSet<RuleId> {
    let mut undecided: Vec<RuleId> = ranked.to_vec();
    let (mut kept, mut dropped) = (BTreeSet::new(), BTreeSet::new());
    while let Some(&highest) = undecided.first() {
        let is_threatened = |rule: &RuleId| undecided.iter().any(|other| targets(*other).contains(rule));
        let next = undecided.iter().find(|rule| !is_threatened(rule)).copied().unwrap_or(highest);
        kept.insert(next);
        dropped.extend(targets(next).into_iter().filter(|rule| !kept.contains(rule)));
        undecided.retain(|rule| *rule != next && !dropped.contains(rule));
    }
    dropped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dropped(edges: &[(usize, usize)], ranked: &[usize]) -> Vec<usize> {
        let ranked: Vec<RuleId> = ranked.iter().map(|rule| RuleId::new(*rule)).collect();
        let targets = |rule: RuleId| {
            edges.iter().filter(|(from, _)| *from == rule.index()).map(|(_, to)| RuleId::new(*to)).collect()
        };
        superseded(&ranked, targets).into_iter().map(RuleId::index).collect()
    }

    #[test]
    fn what_is_superseded_itself_supersedes_nothing_whatever_its_rank() {
        assert_eq!(dropped(&[(0, 1), (1, 2)], &[0, 1, 2]), [1]);
        assert_eq!(dropped(&[(0, 1), (1, 2)], &[1, 2, 0]), [1]);
    }

    #[test]
    fn of_a_circle_the_highest_stays() {
        assert_eq!(dropped(&[(0, 1), (1, 0)], &[1, 0]), [0]);
        assert_eq!(dropped(&[(0, 1), (1, 2), (2, 0)], &[2, 0, 1]), [0]);
    }
}
