//! The filters over the needles of all signatures.
//!
//! Each needle goes to the tier where it costs least: one that looks at every eighth byte for needles of 15 bytes or
//! more, at every fourth from 7, at every second from 4, at every byte for the shortest. Which of its sets a signature is
//! looked for by, and which stretch of a needle, is chosen in `scan::selection`.

use std::sync::Arc;

use crate::rule::needle::Needle;
use crate::scan::frequency::Frequency;
use crate::scan::members::Members;
pub use crate::scan::selection::TierName;
use crate::scan::selection::{Eighth, Every, Fourth, LOOK_COST, Second, Selection};
use crate::scan::shuffle::Shuffle;
use crate::scan::tier::Stretch;

/// What looking through a byte costs in each tier, and in the shuffle, in nanoseconds.
const TIER_SPEED: [f64; 4] = [0.13, 0.22, 0.45, 0.9];
const SHUFFLE_SPEED: f64 = 0.09;

/// Bytes of a text that all filters run over one after the other, so that it is read from memory once. A multiple of every
/// tier's stride.
const PART_BYTES: usize = 16 << 10;

/// One filter for each tier that has needles.
pub struct Filters {
    members: Arc<Members>,
    selection: Selection,
    /// The members that need a needle, those of one needle after the other, and for each needle where they begin; one more at the end.
    owners: Vec<u32>,
    starts: Vec<u32>,
    shuffled: Vec<u32>,
    eighth: Option<Eighth>,
    fourth: Option<Fourth>,
    second: Option<Second>,
    every: Option<Every>,
    shuffle: Option<Shuffle>,
}

impl Filters {
    /// Makes filters for members. Those without a set that [can be found](crate::rule::required::NeedleSet::can_be_found) are left out.
    pub fn new(members: Arc<Members>, frequency: &Frequency) -> Self {
        let selection = Selection::new(&members, frequency);
        Self::of(members, selection, frequency)
    }

    /// Makes filters for the same members once more is known of the text. Costs far less than [`Filters::new`] where most
    /// needles are as rare as was thought.
    pub fn anew(&self, frequency: &Frequency) -> Self {
        Self::of(Arc::clone(&self.members), self.selection.anew(&self.members, frequency), frequency)
    }

    fn of(members: Arc<Members>, selection: Selection, frequency: &Frequency) -> Self {
        let needles = members.needles();
        let mut tiers: [Vec<(u32, Stretch)>; 4] = Default::default();
        for (number, (tier, stretch)) in selection.places() {
            tiers[tier as usize].push((number, stretch));
        }
        // the dearest first: what the shuffle takes over need not be looked for at every byte
        let (mut shuffle, mut shuffled): (Option<Shuffle>, Vec<u32>) = (None, Vec::new());
        for tier in (0..tiers.len()).rev() {
            if tiers[tier].is_empty() {
                continue;
            }
            let more: Vec<u32> =
                shuffled.iter().copied().chain(tiers[tier].iter().map(|(needle, _)| *needle)).collect();
            let with_more = Shuffle::new(needles, &more, frequency);
            let cost = |shuffle: &Shuffle| SHUFFLE_SPEED + LOOK_COST * shuffle.rate();
            let before = shuffle.as_ref().map_or(0.0, cost);
            if with_more.as_ref().is_some_and(|shuffle| cost(shuffle) < before + TIER_SPEED[tier]) {
                (shuffle, shuffled) = (with_more, more);
                tiers[tier].clear();
            }
        }
        shuffled.sort_unstable();
        let (starts, owners) = grouped(needles.len(), || selection.owned(&members));
        let [eighth, fourth, second, every] = tiers;
        Self {
            eighth: Eighth::new(needles, &eighth),
            fourth: Fourth::new(needles, &fourth),
            second: Second::new(needles, &second),
            every: Every::new(needles, &every),
            shuffle,
            shuffled,
            starts,
            owners,
            selection,
            members,
        }
    }

    /// The needles by which a member is looked for. Cost: that of all needles.
    pub fn looked_for(&self, member: u32) -> impl Iterator<Item = (&Needle, TierName)> {
        self.selection.places().filter(move |(number, _)| self.owners(*number).contains(&member)).map(
            |(number, (tier, _))| {
                let is_shuffled = self.shuffled.binary_search(&number).is_ok();
                (&self.members.needles()[number as usize], if is_shuffled { TierName::Shuffle } else { tier })
            },
        )
    }

    /// What they look for.
    pub fn members(&self) -> &Members {
        &self.members
    }

    fn owners(&self, needle: u32) -> &[u32] {
        let needle = needle as usize;
        &self.owners[self.starts[needle] as usize..self.starts[needle + 1] as usize]
    }

    /// Finds every needle in `text`, whose length is below 4 GiB: where it begins, ascending, and the members that need it.
    pub fn hits(&self, text: &[u8]) -> impl Iterator<Item = (usize, &[u32])> {
        self.hits_and_looks(text).0
    }

    /// As [`Filters::hits`]; also how many positions had to be looked at more closely, which is what scanning costs beyond
    /// a fixed price for each byte.
    pub fn hits_and_looks(&self, text: &[u8]) -> (impl Iterator<Item = (usize, &[u32])>, usize) {
        let needles = self.members.needles();
        let (mut found, mut passed, mut looks) = (Vec::new(), Vec::new(), 0);
        for start in (0..text.len()).step_by(PART_BYTES) {
            let part = start..text.len().min(start + PART_BYTES);
            let mut take = |start: usize, needle: u32| found.push((start as u32, needle));
            if let Some(shuffle) = &self.shuffle {
                looks += shuffle.hits(text, needles, part.clone(), &mut passed, &mut take);
            }
            if let Some(tier) = &self.eighth {
                looks += tier.hits(text, needles, part.clone(), &mut passed, &mut take);
            }
            if let Some(tier) = &self.fourth {
                looks += tier.hits(text, needles, part.clone(), &mut passed, &mut take);
            }
            if let Some(tier) = &self.second {
                looks += tier.hits(text, needles, part.clone(), &mut passed, &mut take);
            }
            if let Some(tier) = &self.every {
                looks += tier.hits(text, needles, part, &mut passed, &mut take);
            }
        }
        found.sort_unstable();
        (found.into_iter().map(|(start, needle)| (start as usize, self.owners(needle))), looks)
    }
}

/// Puts the members of each needle together: for each needle where they begin, and all of them.
fn grouped<I: Iterator<Item = (u32, u32)>>(needles: usize, owned: impl Fn() -> I) -> (Vec<u32>, Vec<u32>) {
    let mut ends = vec![0u32; needles + 1];
    owned().for_each(|(needle, _)| ends[needle as usize + 1] += 1);
    for at in 1..ends.len() {
        ends[at] += ends[at - 1];
    }
    let starts = ends.clone();
    let mut members = vec![0; *ends.last().unwrap_or(&0) as usize];
    for (needle, member) in owned() {
        let next = &mut ends[needle as usize];
        members[*next as usize] = member;
        *next += 1;
    }
    (starts, members)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rule::needle::MaskedByte;
    use crate::rule::required::NeedleSet;

    /// A needle written as text: `#` is a digit, `?` any byte, upper case a letter in any case.
    fn needle(text: &str) -> Needle {
        let byte = |byte: u8| match byte {
            b'#' => MaskedByte::holding(b'0'..=b'9'),
            b'?' => Some(MaskedByte::ANY),
            b'A'..=b'Z' => MaskedByte::holding([byte, byte.to_ascii_lowercase()]),
            byte => Some(MaskedByte::exactly(byte)),
        };
        Needle::new(text.bytes().filter_map(byte).collect::<Vec<_>>())
    }

    fn found(filters: &Filters, text: &[u8]) -> Vec<(usize, u32)> {
        let mut found: Vec<_> =
            filters.hits(text).flat_map(|(at, members)| members.iter().map(move |member| (at, *member))).collect();
        found.sort_unstable();
        found
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        /// Whatever the filters and whatever the text they were made for, they find each occurrence once.
        #[test]
        fn every_occurrence_is_found_once(
            needles in prop::collection::vec("[ab#?A]{2}[ab#A]{1,4}|[abcdeAB# ]{7,20}|[abAB# ]{15,40}", 1..40),
            text in prop::collection::vec("[abcdeAB0 ]{0,60}", 0..6),
            sample in "[abcdeAB0 ]{0,300}",
            before in 0usize..2,
        ) {
            let sets: Vec<NeedleSet> = needles.iter().map(|text| NeedleSet::of(vec![needle(text)]).expect("a needle")).collect();
            let members: Vec<&[NeedleSet]> =
                sets.iter().map(std::slice::from_ref).filter(|sets| sets[0].can_be_found()).collect();
            // the needles themselves, so that there is something to find, near the border of two parts as well
            let mut all = vec![b'.'; before * (PART_BYTES - 20)];
            let occurrence = |text: &String| text.replace('#', "7").replace('?', "x").replace('A', "a");
            all.extend(text.join("\n").bytes().chain(needles.iter().flat_map(|text| occurrence(text).into_bytes())));
            let mut frequency = Frequency::default();
            frequency.add(sample.as_bytes());
            let naive: Vec<(usize, u32)> = (0..all.len())
                .flat_map(|at| (0u32..).zip(&members).map(move |(member, sets)| (at, member, sets)))
                .filter(|(at, _, sets)| sets[0].needles()[0].is_at(&all, *at))
                .map(|(at, member, _)| (at, member))
                .collect();
            let members = Arc::new(Members::new(members.into_iter()));
            let usual = Filters::new(Arc::clone(&members), &Frequency::default());
            let anew = usual.anew(&frequency);
            for filters in [usual, anew, Filters::new(members, &frequency)] {
                prop_assert_eq!(found(&filters, &all), naive.clone());
            }
        }
    }
}
