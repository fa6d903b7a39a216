//! How often short strings occur in the text at hand.
//!
//! Which part of a literal is rare decides how fast it is looked for: `the connection` is everywhere, `onnectoin` is not. The
//! counts come from samples of the very text that is scanned ([`Frequency::add`]), and before there is any, from a page of
//! usual lines. A wrong guess costs time, never a match.

use std::sync::LazyLock;

use crate::rule::needle::MaskedByte;

/// Sizes of the tables: together half a MiB, which is quickly made and stays in the cache.
const THREE_BITS: u32 = 15;
const FOUR_BITS: u32 = 17;
const EIGHT_BITS: u32 = 18;
/// How often something occurs, as far as is known, that did not occur.
const UNSEEN: f64 = 0.05;
/// More strings than this are not summed up one by one.
const EXPANSION_LIMIT: u64 = 4096;

/// A few lines in the formats that most logs have.
const USUAL: &[u8] = include_bytes!("usual.log");
/// After so many bytes what was counted is halved: a log may be followed by others that have nothing of it.
const AGED_BYTES: usize = 256 << 10;
/// Bytes of the text that are kept to try filters on.
const EXCERPT_BYTES: usize = 8 << 10;
/// Bytes of it that one text gives.
const EXCERPT_SHARE: usize = 1 << 10;
/// Bytes of the excerpt taken in a row.
const EXCERPT_RUN: usize = 256;

/// What is usual in logs, counted once.
static USUAL_COUNTS: LazyLock<Frequency> = LazyLock::new(|| {
    let mut usual = Frequency::nothing();
    usual.add(USUAL);
    usual
});

/// Counts of strings of three, four and eight bytes, hashed.
#[derive(Clone)]
pub struct Frequency {
    sampled: usize,
    excerpt: Vec<u8>,
    short_excerpt: Vec<u8>,
    three: Box<[u16]>,
    four: Box<[u16]>,
    eight: Box<[u8]>,
}

impl Default for Frequency {
    /// What is usual in logs.
    fn default() -> Self {
        Self::usual().clone()
    }
}

impl Frequency {
    /// What is usual in logs.
    pub fn usual() -> &'static Self {
        &USUAL_COUNTS
    }

    /// Without any text.
    pub fn nothing() -> Self {
        Self {
            sampled: 0,
            excerpt: Vec::new(),
            short_excerpt: Vec::new(),
            three: vec![0; 1 << THREE_BITS].into(),
            four: vec![0; 1 << FOUR_BITS].into(),
            eight: vec![0; 1 << EIGHT_BITS].into(),
        }
    }

    /// Bytes of text that were counted, those that have aged in part.
    pub fn sampled(&self) -> usize {
        self.sampled
    }

    /// Counts a stretch of text.
    pub fn add(&mut self, text: &[u8]) {
        if self.sampled > AGED_BYTES {
            self.age();
        }
        self.sampled += text.len();
        // a little of every text: those of a case differ
        let every = (text.len() / EXCERPT_SHARE).max(1) * EXCERPT_RUN;
        let runs = text.chunks(every).flat_map(|run| &run[..run.len().min(EXCERPT_RUN)]);
        self.excerpt.extend(runs.take(EXCERPT_SHARE));
        let surplus = self.excerpt.len().saturating_sub(EXCERPT_BYTES);
        self.excerpt.drain(..surplus);
        // one run of each text, and not the first one, in which a log may tell what it is about
        let runs = self.excerpt.chunks(EXCERPT_RUN).skip(1).step_by(EXCERPT_SHARE / EXCERPT_RUN);
        self.short_excerpt = runs.flatten().copied().collect();
        for window in text.windows(8) {
            let string = u64::from_le_bytes(window.try_into().unwrap_or_default());
            let three = &mut self.three[slot(string & 0xFF_FFFF, THREE_BITS)];
            *three = three.saturating_add(1);
            let four = &mut self.four[slot(folded(string) & 0xFFFF_FFFF, FOUR_BITS)];
            *four = four.saturating_add(1);
            let eight = &mut self.eight[slot(folded(string), EIGHT_BITS)];
            *eight = eight.saturating_add(1);
        }
    }

    /// Halves all counts: what comes now is to count for more.
    fn age(&mut self) {
        self.sampled /= 2;
        self.three.iter_mut().for_each(|count| *count /= 2);
        self.four.iter_mut().for_each(|count| *count /= 2);
        self.eight.iter_mut().for_each(|count| *count /= 2);
    }

    /// The share of positions at which one of the strings stands that `bytes` (three, four or eight of them) mean; case is
    /// told apart for three only.
    pub fn of(&self, bytes: &[MaskedByte]) -> f64 {
        let folded = bytes.len() > 3;
        if bytes.iter().map(|byte| u64::from(byte.count(folded))).product::<u64>() > EXPANSION_LIMIT {
            return 1.0;
        }
        let mut sum = 0.0;
        each_member(bytes, folded, |string| sum += self.of_string(string, bytes.len()));
        sum.min(1.0)
    }

    /// The share of positions at which a needle stands, at most.
    pub fn of_needle(&self, needle: &[MaskedByte]) -> f64 {
        let length = [8, 4, 3].into_iter().find(|length| *length <= needle.len()).unwrap_or(3);
        needle.windows(length).map(|window| self.of(window)).fold(1.0, f64::min)
    }

    /// Whether a share is that of something which was not in the text: nothing is rarer, as far as is known.
    pub fn is_unseen(&self, share: f64) -> bool {
        share * self.sampled as f64 <= 2.0 * UNSEEN
    }

    /// A piece of the text.
    pub fn excerpt(&self) -> &[u8] {
        &self.excerpt
    }

    /// A shorter one.
    pub fn short_excerpt(&self) -> &[u8] {
        &self.short_excerpt
    }

    fn of_string(&self, string: u64, length: usize) -> f64 {
        let total = self.sampled.max(1) as f64;
        match length {
            3 => (f64::from(self.three[slot(string, THREE_BITS)]) + UNSEEN) / total,
            4 => (f64::from(self.four[slot(string, FOUR_BITS)]) + UNSEEN) / total,
            _ => {
                let eight = self.eight[slot(string, EIGHT_BITS)];
                let share = (f64::from(eight) + UNSEEN / 4.0) / total;
                if eight == 0 {
                    return share;
                }
                let four = [0, 8, 16, 24, 32].map(|shift| self.of_string(string >> shift & 0xFFFF_FFFF, 4));
                let four = four.into_iter().fold(1.0, f64::min);
                if eight == u8::MAX { four } else { four.min(share) }
            }
        }
    }
}

/// Calls `take` with every string that `bytes` mean, the first byte lowest.
pub(crate) fn each_member(bytes: &[MaskedByte], folded: bool, mut take: impl FnMut(u64)) {
    fn walk(bytes: &[MaskedByte], folded: bool, mut at: u32, mut string: u64, take: &mut dyn FnMut(u64)) {
        for (position, byte) in bytes.iter().enumerate() {
            if byte.count(folded) > 1 {
                let rest = &bytes[position + 1..];
                return byte
                    .members(folded)
                    .for_each(|byte| walk(rest, folded, at + 8, string | u64::from(byte) << at, take));
            }
            string |= u64::from(byte.members(folded).next().unwrap_or_default()) << at;
            at += 8;
        }
        take(string);
    }
    walk(bytes, folded, 0, 0, &mut take);
}

/// Makes letters lower-case; other bytes become something else, always the same.
pub(crate) fn folded(string: u64) -> u64 {
    string | 0x2020_2020_2020_2020
}

fn slot(string: u64, bits: u32) -> usize {
    (string.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - bits)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_any_text_shares_are_numbers_all_the_same() {
        let share = Frequency::nothing().of(&b"abcdefgh".map(MaskedByte::exactly));
        assert!((0.0..=1.0).contains(&share), "{share}");
    }
}
