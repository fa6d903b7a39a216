//! By which needles the members of a set of filters are looked for, and where in each needle.
//!
//! A member can be looked for by any of its sets. Taken is the one whose needles are rarest in the text at hand, as far as
//! [`Frequency`] knows it. When more is known, only the members whose needles turned out to be common are looked at again: that
//! is what most of the work of choosing is saved by.

use crate::rule::needle::Needle;
use crate::rule::required::STRING_LENGTH;
use crate::scan::frequency::Frequency;
use crate::scan::members::Members;
use crate::scan::tier::{Stretch, Tier};

pub(crate) type Eighth = Tier<8, 8, true>;
pub(crate) type Fourth = Tier<4, 4, true>;
pub(crate) type Second = Tier<3, 2, false>;
pub(crate) type Every = Tier<3, 1, false>;

/// Whatever [can be found](crate::rule::required::NeedleSet::can_be_found) has a place in the tier that asks least.
const _: () = assert!(Every::LEAST == STRING_LENGTH);

/// What it costs to look at a position more closely, in nanoseconds.
pub(crate) const LOOK_COST: f64 = 12.0;
/// What it costs to test a record, in nanoseconds.
pub(crate) const TEST_COST: f64 = 250.0;
/// What one more needle costs in each tier before anything is found, in nanoseconds for each byte: it fills the filter.
const TIER_COST: [f64; 4] = [1e-10, 5e-5, 2e-4, 1e-3];

/// What costs less than one part in so many of the average is not worth choosing anew.
const SMALL_SHARE: f64 = 4.0;
/// A needle that occurs at most so many times as often as was thought is as rare as was thought.
const KNOWN_SHARE: f64 = 2.0;

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

/// A tier, of those that hash, and the stretch of a needle that is rarest there.
pub(crate) type Place = (TierName, Stretch);

/// The needles that are looked for.
pub(crate) struct Selection {
    /// For each member the position of the set by which it is looked for.
    chosen: Vec<Option<u8>>,
    /// For each needle that is looked for the place where it costs least.
    places: Vec<Option<Place>>,
}

impl Selection {
    /// Chooses a set for each member. Members without one that [can be found](crate::rule::required::NeedleSet::can_be_found) are left out.
    pub(crate) fn new(members: &Members, frequency: &Frequency) -> Self {
        let mut selection = Self { chosen: vec![None; members.len()], places: Vec::new() };
        selection.choose(members, 0..members.len() as u32, frequency);
        selection
    }

    /// Chooses anew for the members of which a needle is not as rare as was thought. `members` are those of
    /// [`Selection::new`].
    pub(crate) fn anew(&self, members: &Members, frequency: &Frequency) -> Self {
        let mut uses = vec![0u32; members.needles().len()];
        self.owned(members).for_each(|(needle, _)| uses[needle as usize] += 1);
        let cost = |(needle, (place, uses)): (&Needle, (&Option<Place>, u32))| {
            let Some((tier, stretch)) = *place else { return 0.0 };
            let rate = rate(needle, (tier, stretch), frequency);
            // what was weighed before and found best is not weighed again
            let is_known = frequency.is_unseen(rate) || rate <= KNOWN_SHARE * stretch.rate;
            if is_known { 0.0 } else { (LOOK_COST + TEST_COST * f64::from(uses)) * rate }
        };
        let costs: Vec<f64> = members.needles().iter().zip(self.places.iter().zip(uses)).map(cost).collect();
        let seen = costs.iter().filter(|cost| **cost > 0.0).count();
        let least = costs.iter().sum::<f64>() / (SMALL_SHARE * seen.max(1) as f64);
        let mut again: Vec<u32> = self
            .owned(members)
            .filter(|(needle, _)| costs[*needle as usize] > least)
            .map(|(_, member)| member)
            .collect();
        again.dedup();
        let mut anew = Self { chosen: self.chosen.clone(), places: self.places.clone() };
        anew.choose(members, again.into_iter(), frequency);
        anew
    }

    /// Chooses for the members that are given.
    fn choose(&mut self, members: &Members, given: impl Iterator<Item = u32>, frequency: &Frequency) {
        let needles = members.needles();
        // for each needle its place, if it has one, once it was asked for
        let mut places: Vec<Option<Option<Place>>> = vec![None; needles.len()];
        for member in given {
            let mut best: Option<(f64, u8)> = None;
            for (position, set) in (0..).zip(members.sets(member)) {
                let place_of = |number: u32| {
                    let number = number as usize;
                    *places[number].get_or_insert_with(|| place(&needles[number], frequency))
                };
                let Some((cost, rate)) = cost_of(set, needles, place_of, frequency) else { continue };
                if best.is_none_or(|(least, _)| cost < least) {
                    best = Some((cost, position));
                }
                if frequency.is_unseen(rate) {
                    break;
                }
            }
            self.chosen[member as usize] = best.map(|(_, position)| position);
        }
        let mut kept: Vec<Option<Place>> = vec![None; needles.len()];
        for (number, _) in self.owned(members) {
            let number = number as usize;
            kept[number] = places[number].flatten().or_else(|| self.places.get(number).copied().flatten());
        }
        self.places = kept;
    }

    /// The needles that are looked for, by their numbers, and their places.
    pub(crate) fn places(&self) -> impl Iterator<Item = (u32, Place)> {
        (0..).zip(&self.places).filter_map(|(number, place)| Some((number, (*place)?)))
    }

    /// The numbers of the needles that are looked for, and the members that need them, by member.
    pub(crate) fn owned<'m>(&self, members: &'m Members) -> impl Iterator<Item = (u32, u32)> + use<'_, 'm> {
        let chosen = (0..).zip(&self.chosen).filter_map(|(member, position)| Some((member, (*position)?)));
        chosen
            .flat_map(|(member, position)| members.set_at(member, position).iter().map(move |number| (*number, member)))
    }
}

/// What it costs to look for a set, in nanoseconds for each byte, and how often the most frequent of its needles is looked at;
/// `None` if one of them has no place.
fn cost_of(
    set: &[u32],
    needles: &[Needle],
    mut place_of: impl FnMut(u32) -> Option<Place>,
    frequency: &Frequency,
) -> Option<(f64, f64)> {
    let (mut sum, mut most) = (0.0, 0.0f64);
    for number in set {
        let (tier, stretch) = place_of(*number)?;
        let needle_rate = frequency.of_needle(needles[*number as usize].bytes()).min(stretch.rate);
        sum += cost(tier, stretch) + TEST_COST * needle_rate;
        most = most.max(stretch.rate);
    }
    Some((sum, most))
}

fn cost(tier: TierName, stretch: Stretch) -> f64 {
    LOOK_COST * stretch.rate + TIER_COST[tier as usize]
}

/// The tier and stretch that cost least.
fn place(needle: &Needle, frequency: &Frequency) -> Option<Place> {
    type Rarest = fn(&Needle, &Frequency) -> Option<Stretch>;
    let tiers: [(TierName, Rarest); 4] = [
        (TierName::Eighth, Eighth::rarest),
        (TierName::Fourth, Fourth::rarest),
        (TierName::Second, Second::rarest),
        (TierName::Every, Every::rarest),
    ];
    let mut best: Option<Place> = None;
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

/// How often a needle is looked at where it is looked for.
fn rate(needle: &Needle, (tier, stretch): Place, frequency: &Frequency) -> f64 {
    match tier {
        TierName::Eighth => Eighth::rate(needle, stretch.at, frequency),
        TierName::Fourth => Fourth::rate(needle, stretch.at, frequency),
        TierName::Second => Second::rate(needle, stretch.at, frequency),
        TierName::Every | TierName::Shuffle => Every::rate(needle, stretch.at, frequency),
    }
}
