//! What the filters look for: strings of bytes of which some are known only in part.
//!
//! A literal is a string of bytes; `(?i)` leaves the case of letters open; `\d` leaves the last bits of a byte open. A
//! [`MaskedByte`] says which bits of a byte are known, a [`Needle`] is a string of them. Where a class is not a set of that
//! kind, the smallest one that holds it is taken: a needle may be found where the pattern does not match, never the other way round.

use std::fmt;
use std::sync::Arc;

/// The bit in which upper and lower case of a letter differ.
const FOLD: u8 = 0x20;

/// What is known of one byte.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MaskedByte {
    value: u8,
    mask: u8,
}

impl MaskedByte {
    /// Any byte at all.
    pub const ANY: Self = Self { value: 0, mask: 0 };

    /// Exactly this byte.
    pub fn exactly(value: u8) -> Self {
        Self { value, mask: 0xFF }
    }

    /// The smallest set of this kind that holds all of `bytes`; `None` without any.
    pub fn holding(bytes: impl IntoIterator<Item = u8>) -> Option<Self> {
        let mut bytes = bytes.into_iter();
        let first = Self::exactly(bytes.next()?);
        Some(bytes.fold(first, |held, byte| {
            let mask = held.mask & !(held.value ^ byte);
            Self { value: held.value & mask, mask }
        }))
    }

    /// Whether `byte` is one of those meant.
    pub fn holds(self, byte: u8) -> bool {
        byte & self.mask == self.value
    }

    /// How many bits are known.
    pub fn known_bits(self) -> u32 {
        self.mask.count_ones()
    }

    /// Whether this is a letter of which only the case is open.
    pub fn is_letter_in_any_case(self) -> bool {
        self.mask == !FOLD && self.value.is_ascii_alphabetic()
    }

    /// How many bytes are meant; with `folded` those that differ in bit 5 only, as letters do in their case, count as one.
    pub fn count(self, folded: bool) -> u32 {
        1 << (self.open_bits(folded).count_ones())
    }

    /// The bytes meant; with `folded` each with bit 5 set, which makes letters lower-case.
    pub fn members(self, folded: bool) -> impl Iterator<Item = u8> {
        let open = self.open_bits(folded);
        let value = if folded { self.value | FOLD } else { self.value };
        // counts through the open bits alone: the borrow of the subtraction skips the others
        let mut next = Some(0u8);
        std::iter::from_fn(move || {
            let bits = next?;
            let following = bits.wrapping_sub(open) & open;
            next = (following != 0).then_some(following);
            Some(value | bits)
        })
    }

    fn open_bits(self, folded: bool) -> u8 {
        !(self.mask | if folded { FOLD } else { 0 })
    }

    /// The bits that are known.
    pub fn mask(self) -> u8 {
        self.mask
    }

    /// The known bits, the others 0.
    pub fn value(self) -> u8 {
        self.value
    }
}

impl fmt::Debug for MaskedByte {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.mask {
            0xFF => write!(out, "{}", self.value.escape_ascii()),
            0xDF => write!(out, "{}", (self.value | 0x20).escape_ascii()),
            0xF0 if self.value == 0x30 => out.write_str("#"),
            _ => out.write_str("?"),
        }
    }
}

/// A string of bytes, each known in whole or in part. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Needle {
    bytes: Arc<[MaskedByte]>,
    /// Where the byte stands that is known and least common in logs, if one is known.
    anchor: Option<u32>,
}

impl Needle {
    /// Makes a needle of its bytes.
    pub fn new(bytes: impl Into<Arc<[MaskedByte]>>) -> Self {
        let bytes = bytes.into();
        let known = (0..).zip(&*bytes).filter(|(_, byte)| byte.mask == 0xFF);
        let anchor = known.min_by_key(|(_, byte)| commonness(byte.value)).map(|(at, _)| at);
        Self { bytes, anchor }
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[MaskedByte] {
        &self.bytes
    }

    /// Whether it is found anywhere in `text`.
    pub fn is_in(&self, text: &[u8]) -> bool {
        // a byte that is known and hardly ever occurs is quickly searched for
        match self.anchor.map(|at| at as usize) {
            Some(before) => memchr::memchr_iter(self.bytes[before].value, text)
                .any(|at| at.checked_sub(before).is_some_and(|start| self.is_at(text, start))),
            None => (0..text.len()).any(|start| self.is_at(text, start)),
        }
    }

    /// Whether it is found at `start` of `text`.
    pub fn is_at(&self, text: &[u8], start: usize) -> bool {
        let found = text.get(start..).and_then(|rest| rest.get(..self.bytes.len()));
        found.is_some_and(|found| self.bytes.iter().zip(found).all(|(byte, found)| byte.holds(*found)))
    }
}

/// How common a byte is in logs, as a rank.
fn commonness(byte: u8) -> u8 {
    match byte {
        b' ' | b'e' | b't' | b'a' | b'o' | b'i' | b'n' | b'r' | b's' => 4,
        b'a'..=b'z' | b'0'..=b'9' => 3,
        b'.' | b':' | b'-' | b'/' | b'_' | b'=' | b',' => 2,
        b'!'..=b'~' => 1,
        _ => 0,
    }
}

impl fmt::Debug for Needle {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("\"")?;
        self.bytes.iter().try_for_each(|byte| write!(out, "{byte:?}"))?;
        out.write_str("\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needle(text: &str) -> Needle {
        Needle::new(text.bytes().map(MaskedByte::exactly).collect::<Vec<_>>())
    }

    #[test]
    fn a_masked_byte_holds_what_it_was_made_of() {
        let digit = MaskedByte::holding(b'0'..=b'9').expect("ten bytes");
        assert!((b'0'..=b'9').all(|byte| digit.holds(byte)) && !digit.holds(b'a') && !digit.holds(b' '));
        let letter = MaskedByte::holding([b'k', b'K']).expect("two bytes");
        assert_eq!(letter.members(false).collect::<Vec<_>>(), [b'K', b'k']);
        assert_eq!(letter.members(true).collect::<Vec<_>>(), [b'k']);
        assert_eq!((letter.count(false), letter.count(true)), (2, 1));
        assert_eq!(MaskedByte::ANY.members(false).count(), 256);
    }

    #[test]
    fn occurrences_that_overlap_are_seen() {
        let mut bytes: Vec<MaskedByte> = " error ".bytes().map(MaskedByte::exactly).collect();
        bytes.extend(MaskedByte::holding(b'0'..=b'9'));
        assert!(Needle::new(bytes).is_in(b"error error error 7"));
        assert!(needle("aab").is_in(b"aaaab") && !needle("aab").is_in(b"aaaa"));
    }
}
