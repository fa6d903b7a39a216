//! The limits that `faultbook.yaml` may set: their names, what values they take, and the values that were set.
//!
//! What each limit bounds, and its default, is known to [`Limits`](crate::source::Limits), which takes these in.

use std::fmt;

use crate::rule::keys::{Absent, Key, Shape, key};

/// Bytes of each unit of a size.
const UNITS: [(&str, u64); 5] = [("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40)];

/// Archives within archives that may be allowed at most: each takes a part of the stack.
const MOST_DEPTH: u64 = 32;
/// Bytes that may be kept in memory at most, for one record or one nested zip.
const MOST_MEMORY: u64 = 1 << 30;

/// What values a limit takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LimitRange {
    /// Whether it counts bytes, which may have a unit.
    pub(crate) is_size: bool,
    pub(crate) least: u64,
    pub(crate) most: u64,
}

macro_rules! limits {
    ($($(#[doc = $doc:literal])+ $name:ident: $kind:ident $range:expr,)+) => {
        /// The limits that were set; `None` leaves the default.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct LimitSettings {
            $($(#[doc = $doc])+ pub $name: Option<u64>,)+
        }

        impl LimitSettings {
            /// The names as they are written.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($name)),+];

            /// The limits as keys of the settings.
            pub(crate) const KEYS: &'static [Key] = &[$(key(
                stringify!($name),
                Shape::Limit(LimitRange {
                    is_size: limits!(@ $kind),
                    least: *($range).start(),
                    most: *($range).end(),
                }),
                Absent::Nothing,
                concat!($($doc),+).trim_ascii(),
            )),+];

            /// Which values the limit of a name takes, and where its value goes.
            pub(crate) fn slot(&mut self, name: &str) -> Option<(LimitRange, &mut Option<u64>)> {
                match name {
                    $(stringify!($name) => {
                        let (least, most) = $range.into_inner();
                        Some((LimitRange { is_size: limits!(@ $kind), least, most }, &mut self.$name))
                    })+
                    _ => None,
                }
            }

            /// Adds what `other` sets and this does not.
            pub(crate) fn fill_from(&mut self, other: LimitSettings) {
                $(self.$name = self.$name.or(other.$name);)+
            }
        }
    };
    (@ size) => { true };
    (@ count) => { false };
}

limits! {
    /// Archives within archives.
    depth: count 0..=MOST_DEPTH,
    /// Bytes decoded in all, per case.
    total_bytes: size 0..=u64::MAX,
    /// Bytes of one member that is unpacked.
    member_bytes: size 0..=u64::MAX,
    /// Decoded bytes per compressed byte.
    ratio: count 1..=u64::MAX,
    /// Decoded bytes before the ratio counts.
    ratio_floor: size 0..=u64::MAX,
    /// Files read from archives, per case.
    members: count 0..=u64::MAX,
    /// Bytes of a member's name.
    name_bytes: size 1..=1 << 20,
    /// Bytes of memory for a zip inside another archive.
    spool_bytes: size 0..=MOST_MEMORY,
    /// Lines of one record.
    record_lines: count 1..=u64::MAX,
    /// Bytes of one record.
    record_bytes: size 1 << 10..=MOST_MEMORY,
}

impl LimitRange {
    /// The value that was meant, if the limit may have it.
    pub(crate) fn accept(self, written: &str) -> Option<u64> {
        let value = if self.is_size { size(written) } else { written.parse().ok() };
        value.filter(|value| (self.least..=self.most).contains(value))
    }
}

/// What may be written: "a size such as `20 GiB`, at least 1 KiB and at most 1 GiB".
impl fmt::Display for LimitRange {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(if self.is_size { "a size such as `20 GiB` or `65536`" } else { "a whole number" })?;
        let number = |value| if self.is_size { shown(value) } else { value.to_string() };
        match (self.least > 0 || !self.is_size, self.most < u64::MAX) {
            (true, true) => write!(out, ", from {} to {}", number(self.least), number(self.most)),
            (true, false) => write!(out, ", at least {}", number(self.least)),
            (false, true) => write!(out, ", at most {}", number(self.most)),
            (false, false) => Ok(()),
        }
    }
}

/// A number of bytes with the largest unit that leaves it whole.
fn shown(bytes: u64) -> String {
    let unit = UNITS.iter().rev().find(|(_, unit)| bytes >= *unit && bytes.is_multiple_of(*unit));
    unit.map_or_else(|| format!("{bytes} B"), |(name, unit)| format!("{} {name}", bytes / unit))
}

/// Reads a number of bytes: `65536`, `20 GiB`, `1.5 MiB`. `None` for other units, for what is no number and for what no file
/// can have.
pub fn size(written: &str) -> Option<u64> {
    let digits = written.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(written.len());
    let (number, unit) = written.split_at(digits);
    let unit = match unit.trim_start() {
        "" => 1,
        name => UNITS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?.1,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    // thousandths of a unit are as fine as anybody writes
    if whole.is_empty() || fraction.is_empty() || fraction.len() > 3 || fraction.contains('.') {
        return None;
    }
    let thousandths: u64 = format!("{fraction:0<3}").parse().ok()?;
    let whole = whole.parse::<u64>().ok()?.checked_mul(unit)?;
    let part = u64::try_from(u128::from(thousandths) * u128::from(unit) / 1000).ok()?;
    whole.checked_add(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units_of_1024_and_nothing_else() {
        let sizes =
            [("0", 0), ("65536", 65536), ("20 GiB", 20 << 30), ("8mib", 8 << 20), ("1.5 KiB", 1536), ("3 B", 3)];
        for (written, bytes) in sizes {
            assert_eq!(size(written), Some(bytes), "{written}");
        }
        for written in ["", "GiB", "20 GB", "20 G", "-1", "1.", ".5 KiB", "1.2.3", "99999999999 TiB", "1e9", "２ KiB"]
        {
            assert_eq!(size(written), None, "{written}");
        }
    }

    #[test]
    fn a_limit_says_what_it_takes() {
        let mut limits = LimitSettings::default();
        let told: Vec<String> = ["depth", "total_bytes", "record_lines", "record_bytes"]
            .iter()
            .filter_map(|name| Some(limits.slot(name)?.0.to_string()))
            .collect();
        let size = "a size such as `20 GiB` or `65536`";
        let expected = [
            "a whole number, from 0 to 32",
            size,
            "a whole number, at least 1",
            &format!("{size}, from 1 KiB to 1 GiB"),
        ];
        assert_eq!(told, expected);
        assert!(limits.slot("memory").is_none());
    }
}
