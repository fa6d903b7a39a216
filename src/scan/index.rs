//! One index over the needles of all rules.
//!
//! [`Index::build`] looks at each signature once: which needles it needs, which sources it looks at, whether it reads records or whole
//! files. Ten thousand signatures then cost one pass of a few filters over the text. Signatures without a needle are kept apart and tried on
//! every record.

use std::collections::HashMap;
use std::sync::Arc;

use crate::rule::needle::Needle;
use crate::rule::signature::{FileGlob, Signature, SignatureScope};
use crate::rule::{Faultbook, Rule, RuleId};
use crate::scan::filter::TierName;
use crate::scan::members::Members;
use crate::scan::tuning::Tuning;
use crate::scan::unindexed::Unindexed;

/// The place of a signature in an [`Index`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SignatureId(u32);

impl SignatureId {
    /// The position among the index's signatures.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// How a signature is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LookedFor {
    /// By these needles, each in one of the filters; none before there was any text.
    Needles(Vec<(Needle, TierName)>),
    /// It has no needle, so every record is tried.
    EveryRecord,
    /// Every file is tried.
    WholeFile,
}

/// The signatures of a faultbook, arranged for scanning.
pub struct Index<'book> {
    faultbook: &'book Faultbook,
    /// The rules that are looked for, ascending.
    rules: Vec<RuleId>,
    signatures: Vec<(RuleId, usize)>,
    /// The different globs of signatures, and for each signature which of them is its own.
    globs: Vec<&'book FileGlob>,
    glob_of: Vec<Option<u32>>,
    /// Each signature with the needle sets of which any would do.
    members: Arc<Members>,
    tuning: Tuning,
    every_record: Vec<SignatureId>,
    unindexed: Unindexed,
    whole_file: Vec<SignatureId>,
}

impl<'book> Index<'book> {
    /// Arranges the rules of a faultbook; those that are archived or switched off are left out. Cost: linear in the number of signatures.
    pub fn build(faultbook: &'book Faultbook) -> Self {
        Self::of_rules(faultbook, Rule::is_looked_for)
    }

    /// Arranges only the rules that `wanted` accepts.
    pub fn of_rules(faultbook: &'book Faultbook, wanted: impl Fn(&Rule) -> bool) -> Self {
        Self::of_rules_at(faultbook, |_, rule| wanted(rule))
    }

    /// The same by the rules' places too.
    pub fn of_rules_at(faultbook: &'book Faultbook, wanted: impl Fn(RuleId, &Rule) -> bool) -> Self {
        let rules = faultbook.rules().iter().enumerate().map(|(at, rule)| (RuleId::new(at), rule));
        Self::arrange(faultbook, rules.filter(|(id, rule)| wanted(*id, rule)).map(|(id, _)| id).collect())
    }

    /// Arranges one rule alone. Cost: that of the rule, however many others there are.
    pub fn of_rule(faultbook: &'book Faultbook, rule: RuleId) -> Self {
        Self::arrange(faultbook, vec![rule])
    }

    fn arrange(faultbook: &'book Faultbook, rules: Vec<RuleId>) -> Self {
        let signatures: Vec<(RuleId, usize)> = rules
            .iter()
            .flat_map(|&id| (0..faultbook.rule(id).signatures.len()).map(move |signature| (id, signature)))
            .collect();
        let needles = |(rule, signature): &(RuleId, usize)| &*faultbook.rule(*rule).signatures[*signature].needles;
        let members = Arc::new(Members::new(signatures.iter().map(needles)));
        let mut index = Self {
            faultbook,
            rules,
            globs: Vec::new(),
            glob_of: Vec::new(),
            members,
            tuning: Tuning::new(),
            every_record: Vec::new(),
            unindexed: Unindexed::default(),
            whole_file: Vec::new(),
            signatures,
        };
        let mut known: HashMap<&str, u32> = HashMap::new();
        for id in (0..index.signatures.len() as u32).map(SignatureId) {
            let signature = index.signature(id).1;
            match signature.scope {
                SignatureScope::File => index.whole_file.push(id),
                SignatureScope::Record if signature.needles.is_empty() => {
                    index.every_record.push(id);
                    index.unindexed.add(id, signature);
                }
                SignatureScope::Record => {}
            }
            let glob = signature.file.as_ref().map(|glob| {
                *known.entry(glob.written()).or_insert_with(|| {
                    index.globs.push(glob);
                    index.globs.len() as u32 - 1
                })
            });
            index.glob_of.push(glob);
        }
        index
    }

    /// The faultbook the index was built from.
    pub fn faultbook(&self) -> &'book Faultbook {
        self.faultbook
    }

    /// The rules that are looked for, in the order of the faultbook.
    pub fn rules(&self) -> impl Iterator<Item = RuleId> {
        self.rules.iter().copied()
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
        self.signatures[id.index()]
    }

    /// A signature and its rule.
    pub fn signature(&self, id: SignatureId) -> (&'book Rule, &'book Signature) {
        let (rule, signature) = self.signatures[id.index()];
        let rule = self.faultbook.rule(rule);
        (rule, &rule.signatures[signature])
    }

    /// Every signature.
    pub fn signatures(&self) -> impl Iterator<Item = SignatureId> {
        (0..self.signatures.len() as u32).map(SignatureId)
    }

    /// How a signature is looked for at present: that depends on the text. Cost: that of all needles.
    pub fn looked_for(&self, id: SignatureId) -> LookedFor {
        let signature = self.signature(id).1;
        match signature.scope {
            SignatureScope::File => LookedFor::WholeFile,
            SignatureScope::Record if signature.needles.is_empty() => LookedFor::EveryRecord,
            SignatureScope::Record => {
                let filters = self.tuning.current();
                let needles = filters.iter().flat_map(|filters| filters.looked_for(id.0));
                LookedFor::Needles(needles.map(|(needle, tier)| (needle.clone(), tier)).collect())
            }
        }
    }

    /// What of the index a source at `path` inside its case takes part in. Cost: that of the different globs, not of the
    /// signatures.
    pub fn part_for(&self, path: &str) -> IndexPart<'_> {
        let globs: Vec<bool> = self.globs.iter().map(|glob| glob.matches(path)).collect();
        let looks_at = |id: &SignatureId| self.glob_of[id.index()].is_none_or(|glob| globs[glob as usize]);
        let part = |ids: &[SignatureId]| ids.iter().copied().filter(looks_at).collect();
        IndexPart { every_record: part(&self.every_record), whole_file: part(&self.whole_file), index: self, globs }
    }
}

/// An [`Index`] as one source sees it.
pub struct IndexPart<'i> {
    index: &'i Index<'i>,
    /// For each glob whether the source is meant.
    globs: Vec<bool>,
    every_record: Vec<SignatureId>,
    whole_file: Vec<SignatureId>,
}

impl<'i> IndexPart<'i> {
    /// The whole index.
    pub fn index(&self) -> &'i Index<'i> {
        self.index
    }

    /// Whether a signature looks at the source.
    pub fn has(&self, id: SignatureId) -> bool {
        self.index.glob_of[id.index()].is_none_or(|glob| self.globs[glob as usize])
    }

    /// Signatures without a needle: every record has to be tried against them.
    pub fn every_record(&self) -> &[SignatureId] {
        &self.every_record
    }

    /// Those of [`IndexPart::every_record`] that may match a text. Costs a pass over the text for every few of them.
    pub fn without_needle(&self, text: &[u8]) -> impl Iterator<Item = SignatureId> {
        self.index.unindexed.possible(text).filter(|id| self.has(*id))
    }

    /// Whether all needles that a signature needs are in a text, in any order: without them its regexes need not be tried,
    /// nor even compiled.
    pub fn has_needles(&self, id: SignatureId, text: &[u8]) -> bool {
        let needles = self.index.members.needles();
        self.index.members.sets(id.0).all(|set| set.iter().any(|number| needles[*number as usize].is_in(text)))
    }

    /// Signatures that read whole files.
    pub fn whole_file(&self) -> &[SignatureId] {
        &self.whole_file
    }

    /// A position inside each needle that occurs in `text`, ascending, and a signature that needs it.
    pub fn hits(&self, text: &[u8]) -> Vec<(usize, SignatureId)> {
        let filters = self.index.tuning.filters(&self.index.members, text);
        let (hits, looks) = filters.hits_and_looks(text);
        let ids = hits.flat_map(|(at, members)| members.iter().map(move |member| (at, SignatureId(*member))));
        let hits: Vec<_> = ids.filter(|(_, id)| self.has(*id)).collect();
        self.index.tuning.searched(&filters, text, looks, hits.len());
        hits
    }
}
