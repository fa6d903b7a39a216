//! The numbers, bits and lists of which the header of a 7z archive is made.
//!
//! [`Fields`] takes them from the front of what is left, and is `None` where that ends. What they mean is known to
//! `seven_zip_header` and `seven_zip_streams`.

/// Files, folders or streams of one archive that are believed: each of them takes memory, and hardly any bytes of a header.
pub(super) const ENTRIES: u64 = 1 << 20;

/// The bytes of a header that are still to be read. Everything is `None` where they end.
#[derive(Clone, Copy)]
pub(super) struct Fields<'h>(pub(super) &'h [u8]);

impl<'h> Fields<'h> {
    pub(super) fn take(&mut self, count: usize) -> Option<&'h [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.take(8)?.try_into().ok()?))
    }

    /// Reads a number of one to nine bytes: the leading ones of the first say how many follow, which come little end first.
    pub(super) fn number(&mut self) -> Option<u64> {
        let first = self.byte()?;
        let more = first.leading_ones();
        let mut value = 0;
        for (index, byte) in self.take(more as usize)?.iter().enumerate() {
            value |= u64::from(*byte) << (8 * index);
        }
        let high = u64::from(first) & (0x7f_u64 >> more);
        Some(if more < 8 { value | high << (8 * more) } else { value })
    }

    /// Reads how many there are of something.
    pub(super) fn count(&mut self) -> Option<u64> {
        self.number().filter(|count| *count <= ENTRIES)
    }

    pub(super) fn numbers(&mut self, count: u64) -> Option<Vec<u64>> {
        (0..count).map(|_| self.number()).collect()
    }

    /// Reads bytes with their length in front.
    pub(super) fn property(&mut self) -> Option<&'h [u8]> {
        let length = self.number()?;
        self.take(usize::try_from(length).ok()?)
    }

    /// Reads one bit for each of `count`, the upper ones of a byte first.
    pub(super) fn bits(&mut self, count: u64) -> Option<Vec<bool>> {
        let count = usize::try_from(count).ok()?;
        let bytes = self.take(count.div_ceil(8))?;
        Some((0..count).map(|index| bytes[index / 8] & (0x80 >> (index % 8)) != 0).collect())
    }

    /// Reads which of `count` have something; `None` inside when all have.
    pub(super) fn defined(&mut self, count: u64) -> Option<Option<Vec<bool>>> {
        if self.byte()? != 0 { Some(None) } else { self.bits(count).map(Some) }
    }

    pub(super) fn checksums(&mut self, count: u64) -> Option<Vec<Option<u32>>> {
        let defined = self.defined(count)?;
        let has = |index: u64| {
            defined.as_ref().is_none_or(|bits| usize::try_from(index).is_ok_and(|index| bits.get(index) == Some(&true)))
        };
        (0..count).map(|index| if has(index) { self.u32().map(Some) } else { Some(None) }).collect()
    }

    /// Takes the rest, unless it says that the values are in another stream, which nobody writes.
    pub(super) fn inside(&mut self) -> Option<&'h [u8]> {
        (self.byte()? == 0).then_some(self.0)
    }
}
