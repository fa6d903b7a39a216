//! The processor's wide instructions, and all `unsafe` code of Faultbook.
//!
//! What is here has a plain counterpart that gives the same result and is used on processors without these instructions; the tests
//! compare both.

use std::ops::Range;

use crate::rule::needle::MaskedByte;

/// Calls `work` compiled for the instructions that this processor has beyond the common ones, as far as `work` is inlined.
/// Shifts by a variable count take half the instructions then.
#[inline(always)]
pub(crate) fn with_wide_instructions<R>(work: impl FnOnce() -> R) -> R {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("bmi2") && is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has the features the function is compiled for: it was asked the line before.
        #[expect(unsafe_code)]
        return unsafe { x86::with_bmi2(work) };
    }
    work()
}

/// For each of four bytes in a row and each half of a byte, which of eight sets the byte may belong to: bit `n` for set `n`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shuffles {
    /// By the lower four bits.
    pub low: [[u8; 16]; 4],
    /// By the upper four bits.
    pub high: [[u8; 16]; 4],
}

/// Bytes in a row that [`Shuffles`] look at.
pub(crate) const ROW: usize = 4;

impl Shuffles {
    /// Puts four bytes into set 0.
    pub(crate) fn add(&mut self, row: &[MaskedByte; ROW]) {
        for ((low, high), byte) in self.low.iter_mut().zip(&mut self.high).zip(row) {
            for byte in byte.members(false) {
                low[usize::from(byte & 15)] |= 1;
                high[usize::from(byte >> 4)] |= 1;
            }
        }
    }

    /// The set 0 of both together.
    pub(crate) fn united(&self, other: &Self) -> Self {
        let mut united = self.clone();
        united.join(other, 0);
        united
    }

    /// For each of the four positions how many bytes are in set 0.
    pub(crate) fn widths(&self) -> impl Iterator<Item = u16> {
        let halves = |table: &[u8; 16]| table.iter().map(|sets| u16::from(sets & 1)).sum::<u16>();
        self.low.iter().zip(&self.high).map(move |(low, high)| halves(low) * halves(high))
    }

    /// Makes set 0 of another one set `number` of this one.
    pub(crate) fn join(&mut self, other: &Self, number: usize) {
        let own = self.low.iter_mut().chain(&mut self.high).flatten();
        let others = other.low.iter().chain(&other.high).flatten();
        own.zip(others).for_each(|(own, other)| *own |= (other & 1) << number);
    }

    /// How many positions of `text` pass.
    pub(crate) fn count(&self, text: &[u8]) -> usize {
        let mut passed = Vec::new();
        self.pass(text, 0..text.len(), &mut passed);
        passed.len()
    }

    /// The sets to which the four bytes may belong.
    #[inline(always)]
    pub(crate) fn sets(&self, row: [u8; ROW]) -> u8 {
        let sets = |at: usize| self.low[at][usize::from(row[at] & 15)] & self.high[at][usize::from(row[at] >> 4)];
        sets(0) & sets(1) & sets(2) & sets(3)
    }

    /// Appends to `passed` every position in a `part` of the text, of less than 16 MiB, at which four bytes begin that may belong to a
    /// set: counted from the part's beginning, and in the upper eight bits the sets. Beyond the end of the text are zeros.
    pub(crate) fn pass(&self, text: &[u8], part: Range<usize>, passed: &mut Vec<u32>) {
        let mut done = part.start;
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has AVX2: it was asked the line before.
            #[expect(unsafe_code)]
            unsafe {
                done = x86::pass(self, text, part.clone(), passed);
            }
        }
        self.pass_plainly(text, part, done, passed);
    }

    fn pass_plainly(&self, text: &[u8], part: Range<usize>, done: usize, passed: &mut Vec<u32>) {
        for at in done..part.end {
            let row = std::array::from_fn(|next| text.get(at + next).copied().unwrap_or(0));
            let sets = self.sets(row);
            if sets != 0 {
                passed.push((at - part.start) as u32 | u32::from(sets) << 24);
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;
    use std::ops::Range;

    use super::{ROW, Shuffles};

    /// Bytes of a register.
    const WIDTH: usize = 32;

    #[target_feature(enable = "avx2,bmi2")]
    pub(super) fn with_bmi2<R>(work: impl FnOnce() -> R) -> R {
        work()
    }

    /// As [`Shuffles::pass`], for as much of the part as can be read in whole registers; returns how far that reaches.
    #[target_feature(enable = "avx2")]
    pub(super) fn pass(shuffles: &Shuffles, text: &[u8], part: Range<usize>, passed: &mut Vec<u32>) -> usize {
        let low = [0, 1, 2, 3].map(|at: usize| table(&shuffles.low[at]));
        let high = [0, 1, 2, 3].map(|at: usize| table(&shuffles.high[at]));
        let nibble = _mm256_set1_epi8(15);
        let mut at = part.start;
        while let Some(bytes) = text.get(at..at + 2 * WIDTH + ROW - 1).filter(|_| at + 2 * WIDTH <= part.end) {
            let mut sets = [_mm256_set1_epi8(-1); 2];
            for (half, sets) in sets.iter_mut().enumerate() {
                for next in 0..ROW {
                    let start = half * WIDTH + next;
                    let loaded = load(&bytes[start..start + WIDTH]);
                    let by_low = _mm256_shuffle_epi8(low[next], _mm256_and_si256(loaded, nibble));
                    let upper = _mm256_and_si256(_mm256_srli_epi16::<4>(loaded), nibble);
                    let by_high = _mm256_shuffle_epi8(high[next], upper);
                    *sets = _mm256_and_si256(*sets, _mm256_and_si256(by_low, by_high));
                }
            }
            if _mm256_testz_si256(_mm256_or_si256(sets[0], sets[1]), _mm256_set1_epi8(-1)) == 0 {
                let hits = |sets| !_mm256_movemask_epi8(_mm256_cmpeq_epi8(sets, _mm256_setzero_si256())) as u32;
                let mut hits = u64::from(hits(sets[0])) | u64::from(hits(sets[1])) << 32;
                let of_each = [stored(sets[0]), stored(sets[1])];
                while hits != 0 {
                    let hit = hits.trailing_zeros() as usize;
                    let sets = of_each[hit / WIDTH][hit % WIDTH];
                    passed.push((at - part.start + hit) as u32 | u32::from(sets) << 24);
                    hits &= hits - 1;
                }
            }
            at += 2 * WIDTH;
        }
        at
    }

    /// A table of 16 bytes in both halves of a register, as shuffling wants it.
    #[target_feature(enable = "avx2")]
    fn table(bytes: &[u8; 16]) -> __m256i {
        // SAFETY: the array has the 16 bytes that are read, and the instruction asks for no alignment.
        #[expect(unsafe_code)]
        let half = unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) };
        _mm256_broadcastsi128_si256(half)
    }

    #[target_feature(enable = "avx2")]
    fn stored(register: __m256i) -> [u8; WIDTH] {
        let mut bytes = [0; WIDTH];
        // SAFETY: the array has the 32 bytes that are written, and the instruction asks for no alignment.
        #[expect(unsafe_code)]
        unsafe {
            _mm256_storeu_si256(bytes.as_mut_ptr().cast(), register);
        }
        bytes
    }

    #[target_feature(enable = "avx2")]
    fn load(bytes: &[u8]) -> __m256i {
        assert_eq!(bytes.len(), WIDTH);
        // SAFETY: the slice has the 32 bytes that are read, as asserted, and the instruction asks for no alignment.
        #[expect(unsafe_code)]
        unsafe {
            _mm256_loadu_si256(bytes.as_ptr().cast())
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn wide_and_plain_instructions_let_the_same_pass(
            rows in prop::collection::vec(any::<[u8; ROW]>(), 1..9),
            text in prop::collection::vec(prop::sample::select(b"ab7 \n\xff\x00Zz".as_slice()), 0..400),
            cut in any::<(prop::sample::Index, prop::sample::Index)>(),
        ) {
            let mut shuffles = Shuffles::default();
            for (number, row) in rows.iter().enumerate() {
                let mut set = Shuffles::default();
                set.add(&row.map(MaskedByte::exactly));
                shuffles.join(&set, number);
            }
            // some that are there
            for (number, row) in text.windows(ROW).step_by(37).enumerate() {
                let mut set = Shuffles::default();
                set.add(&std::array::from_fn(|at| MaskedByte::exactly(row[at])));
                shuffles.join(&set, number % 8);
            }
            let (one, other) = (cut.0.index(text.len() + 1), cut.1.index(text.len() + 1));
            let part = one.min(other)..one.max(other);
            let (mut wide, mut plain) = (Vec::new(), Vec::new());
            shuffles.pass(&text, part.clone(), &mut wide);
            shuffles.pass_plainly(&text, part.clone(), part.start, &mut plain);
            prop_assert_eq!(wide, plain);
        }
    }
}
