//! Which findings of a case remain, and in which order.

use std::collections::BTreeSet;

use crate::diagnose::finding::Finding;
use crate::rule::{Faultbook, RuleId, Truth};

/// Drops what is superseded and orders the rest: by priority, severity (worst first), rule id; failures of one rule stay in
/// the order in which they were seen.
///
/// A finding supersedes only when it is certain, and only if it is not superseded itself, so that two rules that name each
/// other do not both vanish: the one with the higher place stays.
pub(crate) fn rank(faultbook: &Faultbook, mut findings: Vec<Finding>) -> Vec<Finding> {
    let place = |finding: &Finding| {
        let rule = faultbook.rule(finding.rule);
        (std::cmp::Reverse(rule.priority), std::cmp::Reverse(rule.severity), rule.id.clone(), finding.rule)
    };
    findings.sort_by_cached_key(place);
    let mut dropped: BTreeSet<RuleId> = BTreeSet::new();
    for finding in findings.iter().filter(|finding| finding.applies == Truth::True) {
        if dropped.contains(&finding.rule) {
            continue;
        }
        let superseded = faultbook.rule(finding.rule).supersedes.iter().filter_map(|id| faultbook.find(id));
        dropped.extend(superseded.filter(|rule| *rule != finding.rule));
    }
    findings.retain(|finding| !dropped.contains(&finding.rule));
    findings
}
