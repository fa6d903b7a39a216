//! What a 7z archive says of itself: where its header is, and which files are in it.
//!
//! [`Header::parse`] reads the header, which lies at the end of the archive and may itself be packed, [`Contents::files`] lists the
//! files one by one. Where their data is, and how it was packed, is known to `seven_zip_streams`; the bytes of a header are
//! taken apart by `seven_zip_fields`. Numbers are believed as far as the bytes of the header go: nothing is allocated by a count.
//!
//! Reading the data is for `seven_zip`.

use jiff::Timestamp;

use crate::source::seven_zip_fields::Fields;
use crate::source::seven_zip_streams::Streams;

/// How an archive begins.
pub(super) const MAGIC: &[u8; 6] = b"7z\xbc\xaf\x27\x1c";
/// Bytes in front of the packed data.
pub(super) const START: usize = 32;

/// Bytes of a header that are read. A file takes about a hundred.
pub(super) const HEADER: u64 = 16 << 20;
/// Where the header is, by the first bytes of the archive.
pub(super) struct Place {
    pub(super) offset: u64,
    pub(super) length: u64,
    pub(super) crc: u32,
}

impl Place {
    /// Reads the first [`START`] bytes; `None` when they contradict their checksum.
    pub(super) fn of(start: &[u8; START]) -> Option<Place> {
        let mut fields = Fields(start);
        fields.take(8)?;
        let crc = fields.u32()?;
        if crc32(fields.0) != crc {
            return None;
        }
        Some(Place { offset: fields.u64()?, length: fields.u64()?, crc: fields.u32()? })
    }
}

/// Computes the checksum that 7z uses.
pub(super) fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// A header that was read.
pub(super) enum Header<'h> {
    /// What the archive contains.
    Contents(Contents<'h>),
    /// The header is packed, as the only folder of these streams.
    Packed(Streams<'h>),
}

/// What an archive contains.
#[derive(Default)]
pub(super) struct Contents<'h> {
    pub(super) streams: Streams<'h>,
    count: u64,
    /// Which files have no data, by their place in the list.
    empty: Vec<bool>,
    /// Which of those are files all the same.
    empty_files: Vec<bool>,
    names: &'h [u8],
    times: Optional<'h>,
    attributes: Optional<'h>,
}

/// A property that some files have, and its values.
#[derive(Default)]
struct Optional<'h> {
    defined: Option<Vec<bool>>,
    values: &'h [u8],
}

/// A file of an archive.
pub(super) struct File {
    pub(super) name: String,
    /// Whether it is a file, not a folder, link or device.
    pub(super) is_file: bool,
    pub(super) has_data: bool,
    pub(super) modified: Option<Timestamp>,
}

impl<'h> Header<'h> {
    /// Reads a header; `None` when it contradicts itself or claims too much.
    pub(super) fn parse(bytes: &'h [u8]) -> Option<Header<'h>> {
        let mut fields = Fields(bytes);
        match fields.byte()? {
            0x17 => Some(Header::Packed(Streams::parse(&mut fields)?)),
            0x01 => Contents::parse(fields).map(Header::Contents),
            _ => None,
        }
    }
}

impl<'h> Contents<'h> {
    fn parse(mut fields: Fields<'h>) -> Option<Contents<'h>> {
        let mut contents = Contents::default();
        loop {
            match fields.byte()? {
                0x00 => return Some(contents),
                0x02 => {
                    while fields.byte()? != 0 {
                        fields.property()?;
                    }
                }
                0x03 => drop(Streams::parse(&mut fields)?),
                0x04 => contents.streams = Streams::parse(&mut fields)?,
                0x05 => contents.list(&mut fields)?,
                _ => return None,
            }
        }
    }

    /// Reads the properties of the files, each of which is there for all of them at once.
    fn list(&mut self, fields: &mut Fields<'h>) -> Option<()> {
        self.count = fields.count()?;
        loop {
            let kind = fields.byte()?;
            if kind == 0 {
                return Some(());
            }
            let mut property = Fields(fields.property()?);
            match kind {
                0x0e => self.empty = property.bits(self.count)?,
                0x0f => {
                    let count = self.empty.iter().filter(|empty| **empty).count();
                    self.empty_files = property.bits(count as u64)?;
                }
                0x11 => self.names = property.inside()?,
                0x14 => self.times = Optional::parse(&mut property, self.count)?,
                0x15 => self.attributes = Optional::parse(&mut property, self.count)?,
                _ => {}
            }
        }
    }

    /// Lists the files, in the order of their data.
    pub(super) fn files(&self) -> impl Iterator<Item = File> {
        let (mut names, mut empties) = (self.names, 0);
        let mut times = self.times.values.chunks_exact(8);
        let mut attributes = self.attributes.values.chunks_exact(4);
        (0..usize::try_from(self.count).unwrap_or(0)).map(move |index| {
            let is_empty = self.empty.get(index) == Some(&true);
            let is_folder = is_empty && {
                empties += 1;
                self.empty_files.get(empties - 1) != Some(&true)
            };
            let time = if self.times.is_defined(index) { times.next() } else { None };
            let attributes = if self.attributes.is_defined(index) { attributes.next() } else { None };
            let attributes = attributes.map_or(0, |bytes| u32::from_le_bytes(bytes.try_into().unwrap_or_default()));
            // The upper half holds what Unix knows of a file, where the lower one says so.
            let is_special = attributes & 0x8000 != 0 && !matches!(attributes >> 28, 0 | 8);
            // As is how Windows has links.
            let is_link = attributes & 0x400 != 0;
            File {
                name: next_name(&mut names),
                is_file: !is_folder && !is_special && !is_link && attributes & 0x10 == 0,
                has_data: !is_empty,
                modified: time.and_then(|bytes| windows_time(u64::from_le_bytes(bytes.try_into().ok()?))),
            }
        })
    }
}

impl<'h> Optional<'h> {
    fn parse(fields: &mut Fields<'h>, count: u64) -> Option<Optional<'h>> {
        Some(Optional { defined: fields.defined(count)?, values: fields.inside()? })
    }

    fn is_defined(&self, index: usize) -> bool {
        !self.values.is_empty() && self.defined.as_ref().is_none_or(|defined| defined.get(index) == Some(&true))
    }
}

/// Takes the next name from a list of names in UTF-16, each of which ends with a NUL.
fn next_name(names: &mut &[u8]) -> String {
    let units = names.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    let length = units.clone().take_while(|unit| *unit != 0).count();
    let name = char::decode_utf16(units.take(length)).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    *names = names.get(2 * length + 2..).unwrap_or_default();
    name
}

/// Converts the time of Windows: tenths of microseconds since 1601.
fn windows_time(ticks: u64) -> Option<Timestamp> {
    let seconds = i64::try_from(ticks / 10_000_000).ok()? - 11_644_473_600;
    Timestamp::from_second(seconds).ok().filter(|_| ticks != 0)
}
