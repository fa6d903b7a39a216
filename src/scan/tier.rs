//! One hash filter over the rare parts of many needles.
//!
//! A needle of at least `Q + S - 1` bytes contains, wherever it lies, exactly one string of `Q` bytes at a multiple of `S`
//! out of `S` strings that follow each other in it. So these `S` strings of its rarest stretch are put into a hash filter, and only
//! every `S`-th byte of a text is looked at. What passes the filter, one position in hundreds, is compared with the needles
//! that own the string, and so each occurrence of a needle is found exactly once. The cost hardly depends on how many needles there are,
//! and there is no automaton whose states fall out of the cache.
//!
//! The idea is that of Wu and Manber's multi-pattern search, with sampling in the text instead of shifts (as in the q-gram
//! indexes of Hyperscan's long-literal engine and others).

use std::ops::Range;

use crate::rule::needle::{MaskedByte, Needle};
use crate::rule::required::STRING_LIMIT;
use crate::scan::frequency::{Frequency, each_member, folded};
use crate::scan::wide::with_wide_instructions;

/// Bytes of a needle that are compared at once.
const WINDOW: usize = 16;
/// Words of 64 bits in a filter: 16 KiB, which stay in the first-level cache, or 256 KiB, which stay in the second.
const SMALL: usize = 1 << 11;
const LARGE: usize = 1 << 15;
/// Bits of a filter for each string in it, so that few others pass.
const BITS_PER_STRING: usize = 32;

/// Entries to a place.
const ENTRIES_TOGETHER: usize = 4;

/// A filter that looks at strings of `Q` bytes at every `S`-th position; with `FOLD` it does not tell the case of letters apart.
pub(crate) struct Tier<const Q: usize, const S: usize, const FOLD: bool> {
    filter: Bits,
    /// For each hash of a string where its entries begin; one more at the end.
    starts: Box<[u32]>,
    entries: Box<[Entry]>,
    windows: Box<[Window]>,
}

enum Bits {
    Small(Box<[u64; SMALL]>),
    Large(Box<[u64; LARGE]>),
}

#[derive(Clone, Copy)]
struct Entry {
    /// Part of the string's hash that its place does not tell.
    check: u32,
    window: u32,
    /// Bytes from the window's beginning to the string.
    before: u8,
}

/// The part of a needle that is compared first.
struct Window {
    value: u128,
    mask: u128,
    /// Bytes from the needle's beginning to the window.
    before: u32,
    needle: u32,
}

/// Where in a needle a tier looks for it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Stretch {
    /// Bytes from the needle's beginning.
    pub at: usize,
    /// Expected hits for each byte of text.
    pub rate: f64,
}

impl<const Q: usize, const S: usize, const FOLD: bool> Tier<Q, S, FOLD> {
    /// Bytes that a needle must have.
    pub(crate) const LEAST: usize = Q + S - 1;

    /// The stretch of a needle that occurs most rarely; `None` when there is none that tells enough.
    pub(crate) fn rarest(needle: &Needle, frequency: &Frequency) -> Option<Stretch> {
        let rates: Vec<f64> = needle.bytes().windows(Q).map(|string| Self::rate_of(string, frequency)).collect();
        let stretches = rates.windows(S).enumerate();
        let rated = stretches.map(|(at, rates)| Stretch { at, rate: rates.iter().sum::<f64>() / S as f64 });
        rated.filter(|stretch| stretch.rate.is_finite()).min_by(|one, other| one.rate.total_cmp(&other.rate))
    }

    /// Expected hits, for each byte of text, of the stretch of a needle that begins `at` bytes from its beginning.
    pub(crate) fn rate(needle: &Needle, at: usize, frequency: &Frequency) -> f64 {
        let strings = needle.bytes()[at..at + Self::LEAST].windows(Q);
        strings.map(|string| Self::rate_of(string, frequency)).sum::<f64>() / S as f64
    }

    fn rate_of(string: &[MaskedByte], frequency: &Frequency) -> f64 {
        if strings::<FOLD>(string) > STRING_LIMIT { f64::INFINITY } else { frequency.of(string) }
    }

    /// Makes the filter for some of `needles`: those at the positions given, each with the stretch to look for.
    pub(crate) fn new(needles: &[Needle], chosen: &[(u32, Stretch)]) -> Option<Self> {
        let mut windows = Vec::with_capacity(chosen.len());
        let mut keyed: Vec<(u64, Entry)> = Vec::new();
        for (needle, stretch) in chosen {
            let bytes = needles.get(*needle as usize)?.bytes();
            let start = (stretch.at + Self::LEAST).saturating_sub(WINDOW).min(stretch.at);
            let (value, mask) = compared(&bytes[start..]);
            let window = windows.len() as u32;
            windows.push(Window { value, mask, before: start as u32, needle: *needle });
            for at in stretch.at..stretch.at + S {
                let before = (at - start) as u8;
                each_member(&bytes[at..at + Q], FOLD, |string| {
                    let hash = hash(string);
                    keyed.push((hash, Entry { check: hash as u32, window, before }));
                });
            }
        }
        if keyed.is_empty() {
            return None;
        }
        // some entries to a place: the table of places is to stay in the cache
        let place_bits = (keyed.len() / ENTRIES_TOGETHER).next_power_of_two().ilog2().max(8);
        let place = |hash: u64| (hash >> (64 - place_bits)) as usize;
        let mut starts = vec![0u32; (1 << place_bits) + 1];
        keyed.iter().for_each(|(hash, _)| starts[place(*hash) + 1] += 1);
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let mut next = starts.clone();
        let mut entries = vec![Entry { check: 0, window: 0, before: 0 }; keyed.len()];
        for (hash, entry) in &keyed {
            let next = &mut next[place(*hash)];
            entries[*next as usize] = *entry;
            *next += 1;
        }
        let filter = Bits::new(&keyed);
        Some(Self { filter, starts: starts.into(), entries: entries.into(), windows: windows.into() })
    }

    /// Calls `hit` with the beginning of every occurrence of a needle of which the string that is looked for begins in a
    /// `part` of the text, and with the needle's number, in the order of the filter. Parts begin at multiples of `S`.
    /// `passed` is working memory. Returns how many times it looked: once for each position that passed the filter, and once for each needle
    /// compared there.
    pub(crate) fn hits(
        &self,
        text: &[u8],
        needles: &[Needle],
        part: Range<usize>,
        passed: &mut Vec<u32>,
        mut hit: impl FnMut(usize, u32),
    ) -> usize {
        passed.clear();
        match &self.filter {
            Bits::Small(bits) => Self::pass(bits, text, part, passed),
            Bits::Large(bits) => Self::pass(bits, text, part, passed),
        }
        let place_shift = 64 - (self.starts.len() - 1).ilog2();
        let mut compared = passed.len();
        for &at in passed.iter() {
            let at = at as usize;
            let hash = hash(key::<Q, FOLD>(load(text, at)));
            let place = (hash >> place_shift) as usize;
            let entries = self.starts[place] as usize..self.starts[place + 1] as usize;
            for entry in self.entries[entries].iter().filter(|entry| entry.check == hash as u32) {
                compared += 1;
                let window = &self.windows[entry.window as usize];
                let Some(start) = at.checked_sub(usize::from(entry.before)) else { continue };
                if (load_window(text, start) ^ window.value) & window.mask != 0 {
                    continue;
                }
                let Some(start) = start.checked_sub(window.before as usize) else { continue };
                if needles[window.needle as usize].is_at(text, start) {
                    hit(start, window.needle);
                }
            }
        }
        compared
    }

    /// Finds the positions, multiples of `S`, that pass the filter.
    fn pass<const N: usize>(bits: &[u64; N], text: &[u8], part: Range<usize>, passed: &mut Vec<u32>) {
        const PROBES: usize = 8;
        let step = PROBES * S;
        let mut at = part.start;
        with_wide_instructions(|| {
            // every probe reads 8 bytes, the last one beyond the step
            while let Some(group) = text.get(at..at + step + 8).filter(|_| at + step <= part.end) {
                let probe = |number: usize| {
                    let string = u64::from_le_bytes(group[number * S..number * S + 8].try_into().unwrap_or_default());
                    test(bits, hash(key::<Q, FOLD>(string)))
                };
                let found: [u64; PROBES] = std::array::from_fn(probe);
                if found.iter().fold(0, |any, found| any | found) & 1 != 0 {
                    let hits = found.iter().enumerate().filter(|(_, found)| **found & 1 != 0);
                    passed.extend(hits.map(|(probe, _)| (at + probe * S) as u32));
                }
                at += step;
            }
        });
        while at < part.end {
            if test(bits, hash(key::<Q, FOLD>(load(text, at)))) & 1 != 0 {
                passed.push(at as u32);
            }
            at += S;
        }
    }
}

impl Bits {
    fn new(keyed: &[(u64, Entry)]) -> Self {
        if keyed.len() * BITS_PER_STRING <= SMALL * 64 {
            Bits::Small(filled(keyed))
        } else {
            Bits::Large(filled(keyed))
        }
    }
}

fn filled<const N: usize>(keyed: &[(u64, Entry)]) -> Box<[u64; N]> {
    let mut bits = Box::new([0; N]);
    for (hash, _) in keyed {
        bits[word_of::<N>(*hash)] |= 1 << (hash >> 58);
    }
    bits
}

/// The lowest bit is set when a string of this hash may be in the filter; the others mean nothing.
#[inline(always)]
fn test<const N: usize>(bits: &[u64; N], hash: u64) -> u64 {
    bits[word_of::<N>(hash)] >> (hash >> 58)
}

#[inline(always)]
fn word_of<const N: usize>(hash: u64) -> usize {
    (hash >> 32) as usize % N
}

#[inline(always)]
fn hash(string: u64) -> u64 {
    string.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// The first `Q` of eight bytes.
#[inline(always)]
fn key<const Q: usize, const FOLD: bool>(string: u64) -> u64 {
    let string = if FOLD { folded(string) } else { string };
    string & (u64::MAX >> (64 - 8 * Q))
}

/// How many strings bytes stand for.
fn strings<const FOLD: bool>(bytes: &[MaskedByte]) -> usize {
    bytes.iter().fold(1, |strings: usize, byte| strings.saturating_mul(byte.count(FOLD) as usize))
}

/// The first bytes of a part of a needle, ready to be compared.
fn compared(bytes: &[MaskedByte]) -> (u128, u128) {
    let (mut value, mut mask) = ([0; WINDOW], [0; WINDOW]);
    for (at, byte) in bytes.iter().take(WINDOW).enumerate() {
        (value[at], mask[at]) = (byte.value(), byte.mask());
    }
    (u128::from_le_bytes(value), u128::from_le_bytes(mask))
}

/// Eight bytes of a text from `at` on; beyond its end zeros.
#[inline(always)]
pub(crate) fn load(text: &[u8], at: usize) -> u64 {
    match text.get(at..at + 8) {
        Some(bytes) => u64::from_le_bytes(bytes.try_into().unwrap_or_default()),
        None => {
            let rest = text.get(at..).unwrap_or_default();
            let mut bytes = [0; 8];
            bytes[..rest.len()].copy_from_slice(rest);
            u64::from_le_bytes(bytes)
        }
    }
}

/// The bytes of a text from `at` on that are compared with a window; beyond its end zeros.
#[inline(always)]
fn load_window(text: &[u8], at: usize) -> u128 {
    u128::from(load(text, at)) | u128::from(load(text, at + 8)) << 64
}
