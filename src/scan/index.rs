//! One index over the literals of all rules.
//!
//! [`Index::build`] looks at each signature once: which literals it needs, whether it reads records or whole files. A
//! thousand signatures then cost one pass of one automaton over the text. Signatures without a literal are kept apart and
//! tried on every record.

use std::collections::BTreeMap;

use aho_corasick::{MatchKind, dfa, nfa};
use rayon::prelude::*;

use crate::rule::signature::{Signature, SignatureScope};
use crate::rule::{Faultbook, Rule, RuleId, State};
use crate::scan::literal::LiteralSet;
use crate::scan::unindexed::Unindexed;
use crate::scan::{lanes, literal};

/// The place of a signature in an [`Index`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SignatureId(usize);

impl SignatureId {
    /// The position among the index's signatures.
    pub fn index(self) -> usize {
        self.0
    }
}

/// Up to this many bytes of literals the automaton is a full table: a few MiB, and twice as fast as the compact form.
const TABLE_BYTES: usize = 1 << 17;

/// The signatures of a faultbook, arranged for scanning.
pub struct Index<'book> {
    faultbook: &'book Faultbook,
    /// For each rule of the faultbook whether it is looked for.
    used: Vec<bool>,
    signatures: Vec<(RuleId, usize)>,
    automaton: Option<Literals>,
    /// For each literal of the automaton the signatures that need it.
    owners: Vec<Vec<SignatureId>>,
    every_record: Vec<SignatureId>,
    unindexed: Unindexed,
    whole_file: Vec<SignatureId>,
}

impl<'book> Index<'book> {
    /// Arranges the rules of a faultbook; archived rules are left out. Cost: linear in the size of all patterns.
    pub fn build(faultbook: &'book Faultbook) -> Self {
        Self::of_rules(faultbook, |rule| rule.state != State::Archived)
    }

    /// Arranges only the rules that `wanted` accepts.
    pub fn of_rules(faultbook: &'book Faultbook, wanted: impl Fn(&Rule) -> bool) -> Self {
        let mut index = Self {
            faultbook,
            used: Vec::new(),
            signatures: Vec::new(),
            automaton: None,
            owners: Vec::new(),
            every_record: Vec::new(),
            unindexed: Unindexed::default(),
            whole_file: Vec::new(),
        };
        let used: Vec<bool> = faultbook.rules().iter().map(wanted).collect();
        for (rule_index, rule) in faultbook.rules().iter().enumerate().filter(|(at, _)| used[*at]) {
            index.signatures.extend((0..rule.signatures.len()).map(|signature| (RuleId::new(rule_index), signature)));
        }
        index.used = used;
        let sets: Vec<Option<LiteralSet>> = (0..index.len())
            .into_par_iter()
            .map(|id| literal::of_signature(index.signature(SignatureId(id)).1))
            .collect();
        let mut by_literal: BTreeMap<Vec<u8>, Vec<SignatureId>> = BTreeMap::new();
        for (id, set) in (0..).map(SignatureId).zip(sets) {
            match (index.signature(id).1.scope, set) {
                (SignatureScope::File, _) => index.whole_file.push(id),
                (SignatureScope::Record, None) => index.every_record.push(id),
                (SignatureScope::Record, Some(set)) => {
                    for literal in set.literals() {
                        by_literal.entry(literal.clone()).or_default().push(id);
                    }
                }
            }
        }
        let (literals, owners): (Vec<_>, Vec<_>) = by_literal.into_iter().unzip();
        index.automaton = Literals::new(&literals);
        if index.automaton.is_none() {
            // too large to build: slower, but nothing is missed
            index.every_record.extend(owners.iter().flatten());
            index.every_record.sort_unstable();
            index.every_record.dedup();
        }
        index.owners = owners;
        for id in index.every_record.clone() {
            let signature = index.signature(id).1;
            index.unindexed.add(id, signature);
        }
        index
    }

    /// The faultbook the index was built from.
    pub fn faultbook(&self) -> &'book Faultbook {
        self.faultbook
    }

    /// Whether a rule is looked for.
    pub fn has_rule(&self, id: RuleId) -> bool {
        self.used[id.index()]
    }

    /// How many signatures there are.
    pub fn len(&self) -> usize {
        self.signatures.len()
    }

    /// Whether there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.signatures.is_empty()
    }

    /// The rule a signature belongs to, and its position among the rule's signatures.
    pub fn owner(&self, id: SignatureId) -> (RuleId, usize) {
        self.signatures[id.0]
    }

    /// A signature and its rule.
    pub fn signature(&self, id: SignatureId) -> (&'book Rule, &'book Signature) {
        let (rule, signature) = self.signatures[id.0];
        let rule = self.faultbook.rule(rule);
        (rule, &rule.signatures[signature])
    }

    /// Every signature.
    pub fn signatures(&self) -> impl Iterator<Item = SignatureId> {
        (0..self.signatures.len()).map(SignatureId)
    }

    /// Signatures without a literal: every record has to be tried against them.
    pub fn every_record(&self) -> &[SignatureId] {
        &self.every_record
    }

    /// Those of [`Index::every_record`] that may match a text. Costs a pass over the text for every few of them.
    pub fn without_literal(&self, text: &[u8]) -> impl Iterator<Item = SignatureId> {
        self.unindexed.possible(text)
    }

    /// Signatures that read whole files.
    pub fn whole_file(&self) -> &[SignatureId] {
        &self.whole_file
    }

    /// Calls `hit` with the offset of the last byte of each literal that occurs in `text`, in ascending order, and the
    /// signatures that need it.
    pub fn hits<'i>(&'i self, text: &[u8], mut hit: impl FnMut(usize, &'i [SignatureId])) {
        let mut hit = |at, literal: aho_corasick::PatternID| hit(at, self.owners[literal.as_usize()].as_slice());
        match &self.automaton {
            None => {}
            Some(Literals::Table(automaton)) => lanes::occurrences(automaton, text, &mut hit),
            Some(Literals::Compact(automaton)) => lanes::occurrences(automaton, text, &mut hit),
        }
    }
}

/// The automaton over all literals, in the form that suits their number.
enum Literals {
    Table(dfa::DFA),
    Compact(nfa::contiguous::NFA),
}

impl Literals {
    /// `None` when there are none, or too many for any automaton.
    fn new(literals: &[Vec<u8>]) -> Option<Self> {
        let size: usize = literals.iter().map(Vec::len).sum();
        let mut states = nfa::noncontiguous::Builder::new();
        let states = states.match_kind(MatchKind::Standard).ascii_case_insensitive(true).prefilter(false);
        let states = states.build(literals).ok().filter(|_| !literals.is_empty())?;
        let table = (size <= TABLE_BYTES).then(|| dfa::Builder::new().build_from_noncontiguous(&states).ok()).flatten();
        let compact = || nfa::contiguous::Builder::new().build_from_noncontiguous(&states).ok();
        table.map(Literals::Table).or_else(|| compact().map(Literals::Compact))
    }
}
