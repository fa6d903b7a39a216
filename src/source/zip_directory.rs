//! What a zip archive says of its members: the central directory at its end, and the header in front of each.
//!
//! [`find_directory`] finds the directory, [`Entry::central`] reads its entries one by one, [`local_header`] reads what stands
//! in front of a member's data. Nothing is believed beyond what can be looked up. What is made of it is for `zip` to decide.

use std::io::{self, Read};

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::source::disk::Disk;
use crate::source::stream::Peek;

/// Signature of the header in front of each member.
const LOCAL: &[u8; 4] = b"PK\x03\x04";
/// Signature of a member's entry in the central directory.
pub(super) const CENTRAL: &[u8; 4] = b"PK\x01\x02";
/// Signature of the record at the end, which says where the directory is.
const END: &[u8; 4] = b"PK\x05\x06";
/// Signature of the record that leads to the large form of the end record, which has [`END_64`].
const LOCATOR_64: &[u8; 4] = b"PK\x06\x07";
const END_64: &[u8; 4] = b"PK\x06\x06";

/// Bytes from the end of the file within which the end record lies: its own 22, and the longest comment.
const END_REACH: u64 = 22 + 0xffff;

/// Mark of a number that did not fit its field and is in an extra field instead.
const ELSEWHERE: u64 = 0xffff_ffff;

/// Where the central directory is.
pub(super) struct Directory {
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) entries: u64,
    /// What stands before the archive in the file; its own offsets do not count it.
    pub(super) shift: u64,
}

/// Finds the central directory; `None` when there is none.
pub(super) fn find_directory(disk: &Disk<'_>) -> io::Result<Option<Directory>> {
    let reach = disk.length.min(END_REACH);
    let mut tail = vec![0; reach as usize];
    let length = disk.read_at(disk.length - reach, &mut tail)?;
    let tail = &tail[..length];
    for at in (0..length.saturating_sub(21)).rev() {
        let Some(record) = Fields::of(&tail[at..], END) else {
            continue;
        };
        if at + 22 + usize::from(record.u16(20)) > length {
            continue;
        }
        let end = disk.length - reach + at as u64;
        let small = (u64::from(record.u16(10)), u64::from(record.u32(12)), u64::from(record.u32(16)));
        let (entries, size, offset) = large_end(disk, end)?.unwrap_or(small);
        if entries == 0 {
            return Ok(Some(Directory { start: end, end, entries, shift: 0 }));
        }
        for start in [Some(offset), end.checked_sub(size)].into_iter().flatten() {
            let mut signature = [0; 4];
            if start >= offset && start < end && disk.read_at(start, &mut signature)? == 4 && signature == *CENTRAL {
                return Ok(Some(Directory { start, end, entries, shift: start - offset }));
            }
        }
    }
    Ok(None)
}

/// Reads the large form of the end record that belongs to the small one at `end`: entries, size and offset.
fn large_end(disk: &Disk<'_>, end: u64) -> io::Result<Option<(u64, u64, u64)>> {
    let mut locator = [0; 20];
    let Some(at) = end.checked_sub(20) else { return Ok(None) };
    disk.read_at(at, &mut locator)?;
    let Some(locator) = Fields::of(&locator, LOCATOR_64) else {
        return Ok(None);
    };
    let mut record = [0; 56];
    disk.read_at(locator.u64(8), &mut record)?;
    Ok(Fields::of(&record, END_64).map(|record| (record.u64(32), record.u64(40), record.u64(48))))
}

/// A member as its header tells of it.
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) crc: u32,
    pub(super) stored: u64,
    pub(super) size: u64,
    /// Where its local header is.
    pub(super) header: u64,
    /// The file's type and permissions in Unix's notation; 0 when unknown.
    mode: u32,
    pub(super) modified: Option<Timestamp>,
}

impl Entry {
    /// Reads the next entry of the central directory; `None` when it is cut off.
    pub(super) fn central(directory: &mut Peek<'_>) -> Option<Entry> {
        let mut fixed = [0; 46];
        directory.read_exact(&mut fixed).ok()?;
        let fields = Fields(&fixed);
        let mut variable = [fields.u16(28), fields.u16(30), fields.u16(32)].map(|length| vec![0; usize::from(length)]);
        for part in &mut variable {
            directory.read_exact(part).ok()?;
        }
        let [name, extra, _comment] = variable;
        let made_on_unix = fields.u16(4) >> 8 == 3;
        let mut entry = Entry {
            name: readable_name(&name),
            flags: fields.u16(8),
            method: fields.u16(10),
            crc: fields.u32(16),
            stored: fields.u32(20).into(),
            size: fields.u32(24).into(),
            header: fields.u32(42).into(),
            mode: if made_on_unix { fields.u32(38) >> 16 } else { 0 },
            modified: dos_time(fields.u16(14), fields.u16(12)),
        };
        entry.extend(&extra);
        Some(entry)
    }

    /// Takes in the extra fields that matter: large numbers, and the time of modification in UTC.
    fn extend(&mut self, mut extra: &[u8]) {
        while extra.len() >= 4 {
            let (id, length) = (Fields(extra).u16(0), usize::from(Fields(extra).u16(2)));
            let body = &extra[4..extra.len().min(4 + length)];
            extra = &extra[(4 + length).min(extra.len())..];
            match id {
                0x0001 => {
                    let mut numbers = body.chunks_exact(8).map(|bytes| Fields(bytes).u64(0));
                    for field in [&mut self.size, &mut self.stored, &mut self.header] {
                        if *field == ELSEWHERE {
                            *field = numbers.next().unwrap_or(ELSEWHERE);
                        }
                    }
                }
                0x5455 if body.len() >= 5 && body[0] & 1 != 0 => {
                    let seconds = Fields(body).u32(1).cast_signed();
                    self.modified = Timestamp::from_second(seconds.into()).ok().or(self.modified);
                }
                _ => {}
            }
        }
    }

    pub(super) fn is_file(&self) -> bool {
        let is_regular = matches!(self.mode & 0o170_000, 0 | 0o100_000);
        is_regular && !self.name.ends_with('/')
    }

    pub(super) fn is_encrypted(&self) -> bool {
        // Bit 13 says that even the headers are.
        self.flags & 0x2001 != 0
    }

    /// How much lzma yields. It may mark its own end instead.
    pub(super) fn lzma_size(&self) -> u64 {
        if self.flags & 2 != 0 { u64::MAX } else { self.size }
    }

    /// The checksum and size to expect, unless they only follow after the data.
    pub(super) fn expected(&self) -> Option<(u32, u64)> {
        let unknown = self.flags & 8 != 0 && self.stored == 0 && self.size == 0 && self.crc == 0;
        (!unknown).then_some((self.crc, self.size))
    }
}

/// A member as its local header tells of it.
pub(super) struct Local {
    pub(super) entry: Entry,
    /// Where its data begins.
    pub(super) data: u64,
}

/// Reads the local header at `at`; `None` when there is none.
pub(super) fn local_header(disk: &Disk<'_>, at: u64) -> io::Result<Option<Local>> {
    let mut fixed = [0; 30];
    if disk.read_at(at, &mut fixed)? < fixed.len() {
        return Ok(None);
    }
    let Some(fields) = Fields::of(&fixed, LOCAL) else {
        return Ok(None);
    };
    let (name_length, extra_length) = (usize::from(fields.u16(26)), usize::from(fields.u16(28)));
    let mut variable = vec![0; name_length + extra_length];
    if disk.read_at(at + 30, &mut variable)? < variable.len() {
        return Ok(None);
    }
    let (name, extra) = variable.split_at(name_length);
    let mut entry = Entry {
        name: readable_name(name),
        flags: fields.u16(6),
        method: fields.u16(8),
        crc: fields.u32(14),
        stored: fields.u32(18).into(),
        size: fields.u32(22).into(),
        header: at,
        mode: 0,
        modified: dos_time(fields.u16(12), fields.u16(10)),
    };
    entry.extend(extra);
    Ok(Some(Local { entry, data: at + 30 + variable.len() as u64 }))
}

/// Finds the header behind the descriptor at `at`, which has one of four lengths; `None` when nothing follows.
pub(super) fn after_descriptor(disk: &Disk<'_>, at: u64) -> io::Result<Option<u64>> {
    let mut bytes = [0; 28];
    let length = disk.read_at(at, &mut bytes)?;
    let bytes = &bytes[..length];
    let next = [12, 16, 20, 24].into_iter().find(|&skip| bytes.get(skip..skip + 4) == Some(LOCAL.as_slice()));
    Ok(next.map(|skip| at + skip as u64))
}

/// Little-endian numbers at fixed places; beyond the end there are zeros.
struct Fields<'b>(&'b [u8]);

impl<'b> Fields<'b> {
    /// Takes `bytes` for a record if they begin with its signature.
    fn of(bytes: &'b [u8], signature: &[u8; 4]) -> Option<Self> {
        bytes.starts_with(signature).then_some(Fields(bytes))
    }

    fn bytes<const N: usize>(&self, at: usize) -> [u8; N] {
        self.0.get(at..at + N).and_then(|bytes| bytes.try_into().ok()).unwrap_or([0; N])
    }

    fn u16(&self, at: usize) -> u16 {
        u16::from_le_bytes(self.bytes(at))
    }

    fn u32(&self, at: usize) -> u32 {
        u32::from_le_bytes(self.bytes(at))
    }

    fn u64(&self, at: usize) -> u64 {
        u64::from_le_bytes(self.bytes(at))
    }
}

/// Makes a name of bytes; some Windows programs separate directories in their own way, against the specification.
fn readable_name(bytes: &[u8]) -> String {
    let name = String::from_utf8_lossy(bytes);
    if name.contains('/') { name.into_owned() } else { name.replace('\\', "/") }
}

/// Converts the time of DOS, which knows no zone and is taken for UTC. `None` when it is no valid date.
fn dos_time(date: u16, time: u16) -> Option<Timestamp> {
    let part = |value: u16, shift: u16, mask: u16| i8::try_from((value >> shift) & mask).ok();
    let year = 1980 + i16::try_from(date >> 9).ok()?;
    let (month, day) = (part(date, 5, 15)?, part(date, 0, 31)?);
    let (hour, minute, second) = (part(time, 11, 31)?, part(time, 5, 63)?, part(time, 0, 31)? * 2);
    let civil = DateTime::new(year, month, day, hour, minute, second, 0).ok()?;
    civil.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(size: u64, stored: u64) -> Entry {
        let (name, modified) = (String::new(), None);
        Entry { name, flags: 0, method: 0, crc: 0, stored, size, header: 7, mode: 0, modified }
    }

    #[test]
    fn large_numbers_come_from_the_extra_field_in_the_order_of_those_that_did_not_fit() {
        let number = |value: u64| value.to_le_bytes();
        let extra = [&b"\x99\x99\x01\0?\x01\0\x10\0"[..], &number(5 << 32), &number(4 << 32)].concat();
        let mut both = entry(ELSEWHERE, ELSEWHERE);
        both.extend(&extra);
        assert_eq!((both.size, both.stored, both.header), (5 << 32, 4 << 32, 7));
        let mut one = entry(12, ELSEWHERE);
        one.extend(&extra);
        assert_eq!((one.size, one.stored, one.header), (12, 5 << 32, 7));
    }

    #[test]
    fn extra_fields_that_are_cut_off_do_no_harm() {
        let extra = b"\x01\0\x10\0\x01\x02\x03";
        for length in 0..=extra.len() {
            let mut cut = entry(ELSEWHERE, 1);
            cut.extend(&extra[..length]);
            assert_eq!((cut.size, cut.stored), (ELSEWHERE, 1));
        }
    }

    #[test]
    fn the_time_in_utc_is_preferred_to_that_of_dos() {
        let mut modified = entry(1, 1);
        modified.modified = dos_time(0x5895, 0x6000);
        assert_eq!(modified.modified.unwrap().to_string(), "2024-04-21T12:00:00Z");
        modified.extend(b"UT\x05\0\x01\0\x5e\xd0\x65");
        assert_eq!(modified.modified.unwrap().to_string(), "2024-02-17T07:19:28Z");
        assert_eq!(dos_time(0, 0), None);
    }

    #[test]
    fn backslashes_separate_only_where_nothing_else_does() {
        assert_eq!(readable_name(b"dir\\a.log"), "dir/a.log");
        assert_eq!(readable_name(b"dir/a\\b.log"), "dir/a\\b.log");
        assert_eq!(readable_name(b"caf\xe9"), "caf\u{fffd}");
    }
}
