//! What the filters look for: members, each with sets of needles of which any set would do.
//!
//! Rules share needles, so each different one is kept once and known by its number.

use std::collections::HashMap;

use crate::rule::needle::Needle;
use crate::rule::required::NeedleSet;

/// Members, known by their positions.
#[derive(Default)]
pub struct Members {
    needles: Vec<Needle>,
    /// The numbers of the needles of all sets, one set after the other.
    numbers: Vec<u32>,
    /// For each set where its needles begin; one more at the end.
    sets: Vec<u32>,
    /// For each member where its sets begin; one more at the end.
    members: Vec<u32>,
}

impl Members {
    /// Takes the sets of each member.
    pub fn new<'s>(members: impl Iterator<Item = &'s [NeedleSet]>) -> Self {
        let mut own = Self { sets: vec![0], members: vec![0], ..Self::default() };
        let mut known: HashMap<&'s Needle, u32> = HashMap::new();
        for sets in members {
            for set in sets {
                for needle in set.needles() {
                    let next = own.needles.len() as u32;
                    let number = *known.entry(needle).or_insert(next);
                    if number == next {
                        own.needles.push(needle.clone());
                    }
                    own.numbers.push(number);
                }
                own.sets.push(own.numbers.len() as u32);
            }
            own.members.push(own.sets.len() as u32 - 1);
        }
        own
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.members.len().saturating_sub(1)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The different needles, by their numbers.
    pub fn needles(&self) -> &[Needle] {
        &self.needles
    }

    /// The sets of a member, each as the numbers of its needles.
    pub fn sets(&self, member: u32) -> impl ExactSizeIterator<Item = &[u32]> {
        let member = member as usize;
        (self.members[member]..self.members[member + 1]).map(|set| self.set(set))
    }

    /// The set of a member that has this position among its sets.
    pub(crate) fn set_at(&self, member: u32, position: u8) -> &[u32] {
        self.set(self.members[member as usize] + u32::from(position))
    }

    fn set(&self, set: u32) -> &[u32] {
        let set = set as usize;
        &self.numbers[self.sets[set] as usize..self.sets[set + 1] as usize]
    }
}
