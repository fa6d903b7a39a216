//! A filter for few needles, and for such as are known by the kind of their bytes only.
//!
//! Of each needle the four bytes in a row that occur most rarely are put into one of eight sets. A set holds for each of the four
//! positions the bytes that any of its needles has there, so that `SNAP#`, `DISK#` and `[A-Z]{4}\d` may share one. The processor looks
//! up 32 positions of a text at once. The technique is Teddy's, of Hyperscan and `aho-corasick`, which take literals only.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::rule::needle::{MaskedByte, Needle};
use crate::scan::frequency::Frequency;
use crate::scan::tier::load;
use crate::scan::wide::{ROW, Shuffles};

const SETS: usize = 8;
/// Needles that may be tried; more fill all sets.
const NEEDLE_LIMIT: usize = 256;
/// Groups of rows that are arranged into sets; finding the best pairs of more takes too long.
const GROUP_LIMIT: usize = 48;

/// Rows that stand for more strings are looked for in an excerpt; the others are in the counts.
const COUNTED_LIMIT: u32 = 64;

/// The filter.
pub(crate) struct Shuffle {
    shuffles: Shuffles,
    /// For each set the position of a row by whose byte its rows are listed.
    listed_by: [u8; SETS],
    /// For each set and each byte in that position where the rows begin; one more at the end.
    starts: Box<[u32]>,
    compared: Box<[Compared]>,
    owners: Box<[Owner]>,
    /// Expected share of positions that pass.
    rate: f64,
}

/// What is compared when a position passed: the row and what follows it, up to eight bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Compared {
    value: u64,
    mask: u64,
    /// The first of the owners; they reach to those of the next entry.
    owners: u32,
}

/// A needle that has a row.
#[derive(Clone, Copy)]
struct Owner {
    needle: u32,
    /// Bytes from the needle's beginning to the row.
    before: u32,
}

/// A needle's row.
#[derive(Clone, Copy)]
struct Row {
    bytes: Bytes,
    value: u64,
    mask: u64,
    owner: Owner,
}

/// Four bytes in a row.
type Bytes = [MaskedByte; ROW];

/// Rows that are in the same set.
struct Group {
    rows: Vec<Row>,
    set: Shuffles,
    rate: f64,
}

impl Shuffle {
    /// Makes the filter for some of `needles`; `None` for too many, or for none.
    pub(crate) fn new(needles: &[Needle], chosen: &[u32], frequency: &Frequency) -> Option<Self> {
        if chosen.is_empty() || chosen.len() > NEEDLE_LIMIT {
            return None;
        }
        let rows: Vec<Row> = chosen.iter().filter_map(|needle| row(needles, *needle, frequency)).collect();
        let groups = grouped(&rows, |byte| byte).or_else(|| grouped(&rows, kind))?;
        let sets = arranged(groups.into_iter().map(|rows| Group::new(rows, frequency)).collect(), frequency);
        let mut shuffles = Shuffles::default();
        let (mut starts, mut compared, mut owners) = (vec![0], Vec::new(), Vec::new());
        let mut listed_by = [0; SETS];
        for (number, mut group) in sets.into_iter().enumerate() {
            shuffles.join(&group.set, number);
            group.rows.sort_unstable_by_key(|row| (row.mask, row.value));
            let position = most_telling(&group.rows);
            listed_by[number] = position as u8;
            for byte in 0..=u8::MAX {
                let rows: Vec<&Row> = group.rows.iter().filter(|row| row.bytes[position].holds(byte)).collect();
                for same in rows.chunk_by(|one, other| (one.mask, one.value) == (other.mask, other.value)) {
                    compared.push(Compared { value: same[0].value, mask: same[0].mask, owners: owners.len() as u32 });
                    owners.extend(same.iter().map(|row| row.owner));
                }
                starts.push(compared.len() as u32);
            }
        }
        // where the last owners end
        compared.push(Compared { value: 0, mask: 0, owners: owners.len() as u32 });
        let rate = rate_in(frequency.excerpt(), &shuffles);
        Some(Self {
            shuffles,
            listed_by,
            starts: starts.into(),
            compared: compared.into(),
            owners: owners.into(),
            rate,
        })
    }

    /// Expected share of positions that have to be looked at more closely.
    pub(crate) fn rate(&self) -> f64 {
        self.rate
    }

    /// As [`Tier::hits`](crate::scan::tier::Tier::hits).
    pub(crate) fn hits(
        &self,
        text: &[u8],
        needles: &[Needle],
        part: Range<usize>,
        passed: &mut Vec<u32>,
        mut hit: impl FnMut(usize, u32),
    ) -> usize {
        passed.clear();
        self.shuffles.pass(text, part.clone(), passed);
        for &entry in passed.iter() {
            let at = part.start + (entry & 0xFF_FFFF) as usize;
            let found = load(text, at);
            let mut sets = entry >> 24;
            while sets != 0 {
                let set = sets.trailing_zeros() as usize;
                let list = set * 256 + (found >> (8 * self.listed_by[set])) as usize % 256;
                sets &= sets - 1;
                for entry in self.starts[list] as usize..self.starts[list + 1] as usize {
                    let compared = &self.compared[entry];
                    if (found ^ compared.value) & compared.mask == 0 {
                        let owners = compared.owners as usize..self.compared[entry + 1].owners as usize;
                        for owner in &self.owners[owners] {
                            let Some(start) = at.checked_sub(owner.before as usize) else { continue };
                            if needles[owner.needle as usize].is_at(text, start) {
                                hit(start, owner.needle);
                            }
                        }
                    }
                }
            }
        }
        passed.len()
    }
}

/// The position by whose byte the lists of rows are shortest.
fn most_telling(rows: &[Row]) -> usize {
    let work = |position: &usize| {
        let lengths = (0..=u8::MAX).map(|byte| rows.iter().filter(|row| row.bytes[*position].holds(byte)).count());
        lengths.map(|length| length * length).sum::<usize>()
    };
    (0..ROW).min_by_key(work).unwrap_or(0)
}

/// Puts rows together whose bytes are the same once `sort` has generalised them; `None` when that gives too many groups.
fn grouped(rows: &[Row], sort: fn(MaskedByte) -> MaskedByte) -> Option<Vec<Vec<Row>>> {
    let mut groups: BTreeMap<Bytes, Vec<Row>> = BTreeMap::new();
    rows.iter().for_each(|row| groups.entry(row.bytes.map(sort)).or_default().push(*row));
    (groups.len() <= GROUP_LIMIT).then(|| groups.into_values().collect())
}

/// The row by which a needle is looked for.
fn row(needles: &[Needle], needle: u32, frequency: &Frequency) -> Option<Row> {
    let (before, bytes) = rarest(needles.get(needle as usize)?, frequency)?;
    let rest = &needles[needle as usize].bytes()[before..];
    let known = |part: fn(&MaskedByte) -> u8| {
        let mut bytes = [0; 8];
        bytes.iter_mut().zip(rest).for_each(|(byte, known)| *byte = part(known));
        u64::from_le_bytes(bytes)
    };
    let (value, mask) = (known(|byte| byte.value()), known(|byte| byte.mask()));
    Some(Row { bytes, value, mask, owner: Owner { needle, before: before as u32 } })
}

impl Group {
    fn new(rows: Vec<Row>, frequency: &Frequency) -> Self {
        let mut set = Shuffles::default();
        rows.iter().for_each(|row| set.add(&row.bytes));
        Self { rate: rate_of(&set, frequency), rows, set }
    }
}

/// Unites groups until there is a set for each, those first that let the fewest further positions pass together.
fn arranged(mut groups: Vec<Group>, frequency: &Frequency) -> Vec<Group> {
    let added = |one: &Group, other: &Group| rate_of(&one.set.united(&other.set), frequency) - one.rate - other.rate;
    // for each group what it costs to unite it with those before it
    let mut costs: Vec<Vec<f64>> =
        (0..groups.len()).map(|at| groups[..at].iter().map(|other| added(&groups[at], other)).collect()).collect();
    while groups.len() > SETS {
        let pairs = costs
            .iter()
            .enumerate()
            .flat_map(|(one, costs)| costs.iter().enumerate().map(move |(other, cost)| (one, other, *cost)));
        let Some((one, other, _)) = pairs.min_by(|one, other| one.2.total_cmp(&other.2)) else { break };
        let gone = groups.swap_remove(one);
        let last = costs.len() - 1;
        // the last group takes the place of the one that is gone
        if one != last {
            let moved = costs[last].clone();
            for at in one + 1..last {
                costs[at][one] = moved[at];
            }
            costs[one] = moved[..one].to_vec();
        }
        costs.pop();
        let set = groups[other].set.united(&gone.set);
        groups[other].rate = rate_of(&set, frequency);
        groups[other].set = set;
        groups[other].rows.extend(gone.rows);
        for at in 0..groups.len() {
            let (later, earlier) = (at.max(other), at.min(other));
            if later != earlier {
                costs[later][earlier] = added(&groups[later], &groups[earlier]);
            }
        }
    }
    groups
}

/// What sort of byte it is: rows of the same sort of bytes may share a set.
fn kind(byte: MaskedByte) -> MaskedByte {
    let alike: [&[u8]; 4] = [b"AZ", b"az", b"09", b"Az"];
    let holders = alike.into_iter().filter_map(|ends| match ends {
        b"Az" => MaskedByte::holding((b'A'..=b'Z').chain(b'a'..=b'z')),
        ends => MaskedByte::holding(ends[0]..=ends[1]),
    });
    let mut members = byte.members(false);
    let one = members.next().unwrap_or_default();
    if !one.is_ascii_alphanumeric() {
        return byte;
    }
    let all: Vec<u8> = std::iter::once(one).chain(members).collect();
    holders.into_iter().find(|kind| all.iter().all(|byte| kind.holds(*byte))).unwrap_or(byte)
}

/// The four bytes in a row that occur most rarely, and where; a shorter needle is filled up with any byte.
fn rarest(needle: &Needle, frequency: &Frequency) -> Option<(usize, Bytes)> {
    let bytes = needle.bytes();
    let last = bytes.len().saturating_sub(ROW);
    let row = |at: usize| std::array::from_fn(|next| bytes.get(at + next).copied().unwrap_or(MaskedByte::ANY));
    (0..=last)
        .map(|at| (rate(&row(at), frequency), at))
        .min_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, at)| (at, row(at)))
}

/// How often a row occurs.
fn rate(row: &Bytes, frequency: &Frequency) -> f64 {
    if row.iter().map(|byte| byte.count(true)).product::<u32>() <= COUNTED_LIMIT {
        return frequency.of(row);
    }
    let mut set = Shuffles::default();
    set.add(row);
    rate_of(&set, frequency)
}

/// The share of positions that pass, as a piece of the excerpt tells it: there are many to compare.
fn rate_of(set: &Shuffles, frequency: &Frequency) -> f64 {
    rate_in(frequency.short_excerpt(), set)
}

/// The share of positions that pass.
fn rate_in(excerpt: &[u8], set: &Shuffles) -> f64 {
    // the more bytes a set holds, the more likely it is to let something pass that the excerpt happens not to have
    let width: f64 = set.widths().map(|width| f64::from(width) / 256.0).product();
    (set.count(excerpt) as f64 + width) / excerpt.len().max(1) as f64
}
