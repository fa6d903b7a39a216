//! Which rules of a faultbook look at a paste already, before another one is written.

use crate::author::sample::DEFAULT_PATH;
use crate::diagnose::{Diagnoser, Known};
use crate::rule::{Faultbook, RuleId};
use crate::scan::Index;
use crate::source::{CaseInput, Part, Progress};

/// What a faultbook makes of a paste.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownAlready {
    /// The rules that find it.
    pub finding: Vec<RuleId>,
    /// The rules of which a signature matches it, though their conditions do not hold: they count, or want something else as well.
    pub looking: Vec<RuleId>,
}

/// Diagnoses a paste. Fallback rules know nothing in particular, and are left out.
pub fn known_already(faultbook: &Faultbook, paste: &str) -> KnownAlready {
    let index = Index::build(faultbook);
    let diagnoser = Diagnoser::new(&index);
    let case = CaseInput { name: DEFAULT_PATH.to_owned(), parts: vec![Part::bytes(DEFAULT_PATH, paste)] };
    let examined = diagnoser.examine(case, &Known::default(), &Progress::new(), true);
    let mut known = KnownAlready::default();
    for finding in &examined.diagnosis.findings {
        if !known.finding.contains(&finding.rule) && !faultbook.rule(finding.rule).fallback {
            known.finding.push(finding.rule);
        }
    }
    let has_match = |id: &RuleId| {
        let mut signatures = diagnoser.signatures_of(*id).iter();
        signatures.any(|signature| {
            examined.read.collector.of(*signature).is_some_and(|matches| matches.groups().next().is_some())
        })
    };
    let is_other = |id: &RuleId| !known.finding.contains(id) && !faultbook.rule(*id).fallback;
    known.looking = index.rules().filter(is_other).filter(has_match).collect();
    known
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::faultbook::Templates;

    #[test]
    fn rules_that_count_look_at_a_single_record() {
        let rule = |id: &str, more: &str| {
            format!("id: {id}\ntitle: T\nsignatures:\n  s:\n    regex: 'login of (?<user>\\S+) failed'\n{more}")
        };
        let counting =
            "correlations:\n  many: { type: event_count, signatures: [s], timespan: 1m, gte: 5 }\ncondition: many\n";
        let texts = vec![
            ("a.yaml".to_owned(), rule("A", "")),
            ("b.yaml".to_owned(), rule("B", counting)),
            ("c.yaml".to_owned(), rule("C", "").replace("login", "logout")),
        ];
        let faultbook = Faultbook::from_texts(texts, Templates::default());
        assert!(!faultbook.has_errors(), "{:?}", faultbook.diagnostics());
        let known = known_already(&faultbook, "login of me failed\n");
        let ids = |rules: &[RuleId]| rules.iter().map(|id| faultbook.rule(*id).id.clone()).collect::<Vec<_>>();
        assert_eq!((ids(&known.finding), ids(&known.looking)), (vec!["A".to_owned()], vec!["B".to_owned()]));
    }
}
