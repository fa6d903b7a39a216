//! Signatures that no literal index can help with, because they need no literal: every record is tried against them.
//!
//! Trying them one by one costs a pass over the text for each. Here they are joined in groups, so that a record which none
//! of a group matches, as nearly all are, costs one pass for the group. What a group lets through is confirmed as ever.

use std::sync::OnceLock;

use regex::bytes::{RegexSet, RegexSetBuilder};

use crate::rule::signature::{Leaf, Signature};
use crate::scan::index::SignatureId;

/// Signatures in a group. More would save passes, but the automaton of a large set outgrows its cache, and is then slower
/// by orders of magnitude.
const GROUP_SIZE: usize = 16;

/// The signatures in groups.
#[derive(Default)]
pub(crate) struct Unindexed {
    groups: Vec<Group>,
}

struct Group {
    ids: Vec<SignatureId>,
    /// For every signature all patterns of one clause, of which one must match.
    patterns: Vec<String>,
    /// Compiled for the first record; `None` when it cannot be, and then every record passes.
    set: OnceLock<Option<RegexSet>>,
}

impl Unindexed {
    /// Adds a signature.
    pub(crate) fn add(&mut self, id: SignatureId, signature: &Signature) {
        if self.groups.last().is_none_or(|group| group.ids.len() == GROUP_SIZE) {
            self.groups.push(Group { ids: Vec::new(), patterns: Vec::new(), set: OnceLock::new() });
        }
        if let Some(group) = self.groups.last_mut() {
            group.ids.push(id);
            // without a clause there is nothing that must match
            let patterns = signature.required.first().map(|clause| clause.iter().map(source).collect());
            group.patterns.extend(patterns.unwrap_or_else(|| vec![String::new()]));
        }
    }

    /// The signatures that may match a text.
    pub(crate) fn possible(&self, text: &[u8]) -> impl Iterator<Item = SignatureId> {
        self.groups.iter().filter(move |group| group.may_match(text)).flat_map(|group| group.ids.iter().copied())
    }
}

impl Group {
    fn may_match(&self, text: &[u8]) -> bool {
        let compile = || RegexSetBuilder::new(&self.patterns).unicode(false).multi_line(true).build().ok();
        self.set.get_or_init(compile).as_ref().is_none_or(|set| set.is_match(text))
    }
}

fn source(leaf: &Leaf) -> String {
    match leaf {
        Leaf::Regex(pattern) => pattern.expanded().to_owned(),
        Leaf::Contains(bytes) => bytes.iter().map(|byte| format!(r"(?-u:\x{byte:02x})")).collect(),
    }
}
