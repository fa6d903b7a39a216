//! The filters over the needles of all signatures.
//!
//! Each needle goes to the `Tier` where it costs least: one that looks at every eighth byte for needles of 15 bytes or
//! more, at every fourth from 7, at every second from 4, at every byte for the shortest. Which of its sets a signature is
//! looked for by, and which stretch of a needle, is chosen by [`Frequency`].

use std::collections::HashMap;

use crate::rule::needle::Needle;
use crate::rule::required::{NeedleSet, STRING_LENGTH};
use crate::scan::frequency::Frequency;
use crate::scan::shuffle::Shuffle;
use crate::scan::tier::{Stretch, Tier};

type Eighth = Tier<8, 8, true>;
type Fourth = Tier<4, 4, true>;
type Second = Tier<3, 2, false>;
type Every = Tier<3, 1, false>;

/// Whatever [can be found](NeedleSet::can_be_found) has a place in the tier that asks least.
const _: () = assert!(Every::LEAST == STRING_LENGTH);

/// What it costs to look at a position more closely, in nanoseconds.
const LOOK_COST: f64 = 8.0;
/// What it costs to test a record, in nanoseconds.
const TEST_COST: f64 = 250.0;
/// What one more needle costs in each tier before anything is found, in nanoseconds for each byte: it fills the filter.
const TIER_COST: [f64; 4] = [1e-10, 5e-5, 2e-4, 1e-3];
/// What looking through a byte costs in each tier, and in the shuffle, in nanoseconds.
const TIER_SPEED: [f64; 4] = [0.13, 0.22, 0.45, 0.9];
const SHUFFLE_SPEED: f64 = 0.09;

/// Bytes of a text that all filters run over one after the other, so that it is read from memory once. A multiple of every
/// tier's stride.
const PART_BYTES: usize = 16 << 10;

/// Which tier looks for a needle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TierName {
    /// Eight bytes at every eighth position.
    Eighth,
    /// Four at every fourth.
    Fourth,
    /// Three at every second.
    Second,
    /// Three at every one.
    Every,
    /// Four bytes in a row, at many positions at once.
    Shuffle,
}

impl TierName {
    /// The name, as a profile tells it.
    pub fn name(self) -> &'static str {
        match self {
            TierName::Eighth => "eighth",
            TierName::Fourth => "fourth",
            TierName::Second => "second",
            TierName::Every => "every",
            TierName::Shuffle => "shuffle",
        }
    }
}

/// One filter for each tier that has needles.
#[derive(Default)]
pub struct Filters {
    needles: Vec<Needle>,
    /// For each needle the members that need it, numbers given by the caller.
    owners: Vec<Vec<u32>>,
    /// For each needle where it is looked for.
    tiers: Vec<TierName>,
    eighth: Option<Eighth>,
    fourth: Option<Fourth>,
    second: Option<Second>,
    every: Option<Every>,
    shuffle: Option<Shuffle>,
}

impl Filters {
    /// Makes filters for members, each with the sets of which any would do. Members without a set that
    /// [can be found](NeedleSet::can_be_found) are left out.
    pub fn new<'s>(members: impl Iterator<Item = &'s [NeedleSet]>, frequency: &Frequency) -> Self {
        let mut filters = Self::default();
        let mut known: HashMap<&Needle, u32> = HashMap::new();
        let mut places: HashMap<&Needle, Option<(TierName, Stretch)>> = HashMap::new();
        let mut tiers: [Vec<(u32, Stretch)>; 4] = Default::default();
        for (member, sets) in (0..).zip(members) {
            let mut rate = |set: &'s NeedleSet| -> Option<(f64, f64)> {
                let (mut sum, mut most) = (0.0, 0.0f64);
                for needle in set.needles() {
                    let place = *places.entry(needle).or_insert_with(|| place(needle, frequency));
                    let (tier, stretch) = place?;
                    let needle_rate = frequency.of_needle(needle.bytes()).min(stretch.rate);
                    sum += cost(tier, stretch) + TEST_COST * needle_rate;
                    most = most.max(stretch.rate);
                }
                Some((sum, most))
            };
            let mut best: Option<(f64, &NeedleSet)> = None;
            for set in sets {
                let Some((cost, rate)) = rate(set) else { continue };
                if best.is_none_or(|(least, _)| cost < least) {
                    best = Some((cost, set));
                }
                if frequency.is_unseen(rate) {
                    break;
                }
            }
            let Some((_, set)) = best else { continue };
            for needle in set.needles() {
                let Some(Some((tier, stretch))) = places.get(needle) else { continue };
                let next = filters.needles.len() as u32;
                let number = *known.entry(needle).or_insert(next);
                if number == next {
                    filters.needles.push(needle.clone());
                    filters.owners.push(Vec::new());
                    tiers[*tier as usize].push((number, *stretch));
                }
                filters.owners[number as usize].push(member);
            }
        }
        // the dearest first: what the shuffle takes over need not be looked for at every byte
        let mut moved: Vec<u32> = Vec::new();
        for tier in (0..tiers.len()).rev() {
            if tiers[tier].is_empty() {
                continue;
            }
            let more: Vec<u32> = moved.iter().copied().chain(tiers[tier].iter().map(|(needle, _)| *needle)).collect();
            let shuffle = Shuffle::new(&filters.needles, &more, frequency);
            let before = filters.shuffle.as_ref().map_or(0.0, |shuffle| SHUFFLE_SPEED + LOOK_COST * shuffle.rate());
            if shuffle
                .as_ref()
                .is_some_and(|shuffle| SHUFFLE_SPEED + LOOK_COST * shuffle.rate() < before + TIER_SPEED[tier])
            {
                (filters.shuffle, moved) = (shuffle, more);
                tiers[tier].clear();
            }
        }
        filters.tiers = vec![TierName::Shuffle; filters.needles.len()];
        let names = [TierName::Eighth, TierName::Fourth, TierName::Second, TierName::Every];
        for (name, needles) in names.into_iter().zip(&tiers) {
            needles.iter().for_each(|(needle, _)| filters.tiers[*needle as usize] = name);
        }
        let [eighth, fourth, second, every] = tiers;
        filters.eighth = Tier::new(&filters.needles, &eighth);
        filters.fourth = Tier::new(&filters.needles, &fourth);
        filters.second = Tier::new(&filters.needles, &second);
        filters.every = Tier::new(&filters.needles, &every);
        filters
    }

    /// The needles by which a member is looked for. Cost: that of all needles.
    pub fn looked_for(&self, member: u32) -> impl Iterator<Item = (&Needle, TierName)> {
        let owned = self.needles.iter().zip(&self.tiers).zip(&self.owners);
        owned.filter(move |(_, owners)| owners.contains(&member)).map(|((needle, tier), _)| (needle, *tier))
    }

    /// Finds every needle in `text`, whose length is below 4 GiB: where it begins, ascending, and the members that need it.
    pub fn hits(&self, text: &[u8]) -> impl Iterator<Item = (usize, &[u32])> {
        self.hits_and_looks(text).0
    }

    /// As [`Filters::hits`]; also how many positions had to be looked at more closely, which is what scanning costs beyond
    /// a fixed price for each byte.
    pub fn hits_and_looks(&self, text: &[u8]) -> (impl Iterator<Item = (usize, &[u32])>, usize) {
        let (mut found, mut passed, mut looks) = (Vec::new(), Vec::new(), 0);
        for start in (0..text.len()).step_by(PART_BYTES) {
            let part = start..text.len().min(start + PART_BYTES);
            let mut take = |start: usize, needle: u32| found.push((start as u32, needle));
            if let Some(shuffle) = &self.shuffle {
                looks += shuffle.hits(text, &self.needles, part.clone(), &mut passed, &mut take);
            }
            if let Some(tier) = &self.eighth {
                looks += tier.hits(text, &self.needles, part.clone(), &mut passed, &mut take);
            }
            if let Some(tier) = &self.fourth {
                looks += tier.hits(text, &self.needles, part.clone(), &mut passed, &mut take);
            }
            if let Some(tier) = &self.second {
                looks += tier.hits(text, &self.needles, part.clone(), &mut passed, &mut take);
            }
            if let Some(tier) = &self.every {
                looks += tier.hits(text, &self.needles, part, &mut passed, &mut take);
            }
        }
        found.sort_unstable();
        let owners = |(start, needle): (u32, u32)| (start as usize, self.owners[needle as usize].as_slice());
        (found.into_iter().map(owners), looks)
    }
}

fn cost(tier: TierName, stretch: Stretch) -> f64 {
    LOOK_COST * stretch.rate + TIER_COST[tier as usize]
}

/// The tier and stretch that cost least.
fn place(needle: &Needle, frequency: &Frequency) -> Option<(TierName, Stretch)> {
    type Rarest = fn(&Needle, &Frequency) -> Option<Stretch>;
    let tiers: [(TierName, Rarest); 4] = [
        (TierName::Eighth, Eighth::rarest),
        (TierName::Fourth, Fourth::rarest),
        (TierName::Second, Second::rarest),
        (TierName::Every, Every::rarest),
    ];
    let mut best: Option<(TierName, Stretch)> = None;
    for (tier, rarest) in tiers {
        let Some(stretch) = rarest(needle, frequency) else { continue };
        if best.is_none_or(|(best_tier, best)| cost(tier, stretch) < cost(best_tier, best)) {
            best = Some((tier, stretch));
        }
        if frequency.is_unseen(stretch.rate) {
            break;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rule::needle::MaskedByte;

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
            for frequency in [Frequency::default(), frequency] {
                let filters = Filters::new(members.iter().copied(), &frequency);
                prop_assert_eq!(found(&filters, &all), naive.clone());
            }
        }
    }
}
