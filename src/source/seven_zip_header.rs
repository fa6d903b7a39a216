//! What a 7z archive says of itself: which packed streams there are, how they are decoded, and which files are in them.
//!
//! [`Contents::parse`] reads the header, which lies at the end of the archive and may itself be packed; [`Streams`] tells
//! where each folder's data is, [`Contents::files`] lists the files one by one. A folder is what 7z calls files that were
//! packed together. Numbers are believed as far as the bytes of the header go: nothing is allocated by a count.
//!
//! Reading the data is for `seven_zip`.

use jiff::Timestamp;

/// How an archive begins.
pub(super) const MAGIC: &[u8; 6] = b"7z\xbc\xaf\x27\x1c";
/// Bytes in front of the packed data.
pub(super) const START: usize = 32;

/// Bytes of a header that are read. A file takes about a hundred.
pub(super) const HEADER: u64 = 16 << 20;
/// Files, folders or streams of one archive that are believed: each of them takes memory, and hardly any bytes of a header.
const ENTRIES: u64 = 1 << 20;
/// Coders one after the other, as 7-Zip makes at most.
const CODERS: u64 = 4;

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

/// Where packed data is, and what becomes of it.
#[derive(Default)]
pub(super) struct Streams<'h> {
    /// Beginning and length of the packed streams.
    packed: Vec<(u64, u64)>,
    pub(super) folders: Vec<Folder<'h>>,
    /// The sizes that coders yield, of all folders one after the other.
    sizes: Vec<u64>,
    /// Size and checksum of each file's data, of all folders one after the other.
    pub(super) parts: Vec<(u64, Option<u32>)>,
}

/// Files that were packed together.
pub(super) struct Folder<'h> {
    /// Its description, up to the end of the header.
    written: Fields<'h>,
    first_packed: usize,
    first_size: usize,
    crc: Option<u32>,
    /// How many files are in it.
    pub(super) parts: u64,
}

/// How the data of a folder was packed: one coder for each step, in the order of decoding.
pub(super) struct Recipe<'h> {
    pub(super) offset: u64,
    pub(super) length: u64,
    pub(super) steps: Vec<Step<'h>>,
}

/// One step of decoding.
pub(super) struct Step<'h> {
    pub(super) method: &'h [u8],
    pub(super) properties: &'h [u8],
    /// Bytes that it yields.
    pub(super) size: u64,
}

/// Why the data of a folder cannot be decoded.
pub(super) enum Unknown {
    /// The header contradicts itself.
    Damaged,
    /// Coders with several inputs, which only programs are packed with.
    Branched,
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
                0x14 => self.times = property.optional(self.count)?,
                0x15 => self.attributes = property.optional(self.count)?,
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

impl Optional<'_> {
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

impl<'h> Streams<'h> {
    fn parse(fields: &mut Fields<'h>) -> Option<Streams<'h>> {
        let mut streams = Streams::default();
        let mut has_parts = false;
        loop {
            match fields.byte()? {
                0x00 => break,
                0x06 => streams.packed(fields)?,
                0x07 => streams.folders(fields)?,
                0x08 => {
                    streams.parts(fields)?;
                    has_parts = true;
                }
                _ => return None,
            }
        }
        if !has_parts {
            for folder in 0..streams.folders.len() {
                let whole = streams.whole(folder)?;
                streams.parts.push(whole);
            }
        }
        Some(streams)
    }

    fn packed(&mut self, fields: &mut Fields<'h>) -> Option<()> {
        let mut at = fields.number()?.checked_add(START as u64)?;
        let count = fields.count()?;
        loop {
            match fields.byte()? {
                0x00 => return Some(()),
                0x09 => {
                    for length in fields.numbers(count)? {
                        self.packed.push((at, length));
                        at = at.checked_add(length)?;
                    }
                }
                0x0a => drop(fields.checksums(count)?),
                _ => return None,
            }
        }
    }

    fn folders(&mut self, fields: &mut Fields<'h>) -> Option<()> {
        loop {
            match fields.byte()? {
                0x00 => return Some(()),
                0x0b => {
                    let count = fields.count()?;
                    if fields.byte()? != 0 {
                        return None; // in another stream, which nobody writes
                    }
                    let (mut first_packed, mut first_size) = (0, 0);
                    for _ in 0..count {
                        let written = *fields;
                        let shape = Shape::parse(fields)?;
                        self.folders.push(Folder { written, first_packed, first_size, crc: None, parts: 1 });
                        first_packed += shape.packed.len();
                        first_size += shape.coders.iter().map(|coder| coder.outputs as usize).sum::<usize>();
                    }
                    if first_size as u64 > ENTRIES * CODERS {
                        return None;
                    }
                    if fields.byte()? != 0x0c {
                        return None;
                    }
                    self.sizes = fields.numbers(first_size as u64)?;
                }
                0x0a => {
                    let checksums = fields.checksums(self.folders.len() as u64)?;
                    for (folder, crc) in self.folders.iter_mut().zip(checksums) {
                        folder.crc = crc;
                    }
                }
                _ => return None,
            }
        }
    }

    fn parts(&mut self, fields: &mut Fields<'h>) -> Option<()> {
        let mut kind = fields.byte()?;
        if kind == 0x0d {
            let mut total = 0;
            for folder in &mut self.folders {
                folder.parts = fields.count()?;
                total += folder.parts;
                if total > ENTRIES {
                    return None;
                }
            }
            kind = fields.byte()?;
        }
        let has_sizes = kind == 0x09;
        for folder in 0..self.folders.len() {
            let (whole, crc) = self.whole(folder)?;
            let parts = self.folders.get(folder)?.parts;
            let mut left = whole;
            for part in 1..=parts {
                let size = if part == parts || !has_sizes { left } else { fields.number()? };
                left = left.checked_sub(size)?;
                self.parts.push((size, crc.filter(|_| parts == 1)));
            }
        }
        if has_sizes {
            kind = fields.byte()?;
        }
        if kind == 0x0a {
            let unknown = self.parts.iter_mut().filter(|part| part.1.is_none());
            let unknown: Vec<_> = unknown.collect();
            let checksums = fields.checksums(unknown.len() as u64)?;
            for (part, crc) in unknown.into_iter().zip(checksums) {
                part.1 = crc;
            }
            kind = fields.byte()?;
        }
        (kind == 0).then_some(())
    }

    /// The size and checksum of all that a folder yields.
    fn whole(&self, folder: usize) -> Option<(u64, Option<u32>)> {
        let folder = self.folders.get(folder)?;
        let mut written = folder.written;
        let last = Shape::parse(&mut written)?.last()?;
        Some((*self.sizes.get(folder.first_size + last)?, folder.crc))
    }

    /// Tells how the data of a folder is decoded, and where it is.
    pub(super) fn recipe(&self, folder: usize) -> Result<Recipe<'h>, Unknown> {
        let folder = self.folders.get(folder).ok_or(Unknown::Damaged)?;
        let mut written = folder.written;
        let shape = Shape::parse(&mut written).ok_or(Unknown::Damaged)?;
        let chain = shape.chain()?;
        let step = |coder: usize| {
            let Coder { method, properties, .. } = *shape.coders.get(coder)?;
            Some(Step { method, properties, size: *self.sizes.get(folder.first_size + coder)? })
        };
        let steps = chain.into_iter().map(step).collect::<Option<Vec<_>>>().ok_or(Unknown::Damaged)?;
        let (offset, length) = *self.packed.get(folder.first_packed).ok_or(Unknown::Damaged)?;
        Ok(Recipe { offset, length, steps })
    }
}

/// How the coders of a folder are connected.
struct Shape<'h> {
    coders: Vec<Coder<'h>>,
    /// Which input takes from which output.
    bound: Vec<(u64, u64)>,
    /// Which inputs take packed data.
    packed: Vec<u64>,
}

/// One coder as it is written.
struct Coder<'h> {
    method: &'h [u8],
    properties: &'h [u8],
    inputs: u64,
    outputs: u64,
}

impl<'h> Shape<'h> {
    fn parse(fields: &mut Fields<'h>) -> Option<Shape<'h>> {
        let count = fields.number().filter(|count| (1..=CODERS).contains(count))?;
        let mut coders = Vec::new();
        let (mut inputs, mut outputs) = (0, 0);
        for _ in 0..count {
            let flags = fields.byte()?;
            let method = fields.take(usize::from(flags & 0x0f))?;
            let is_simple = flags & 0x10 == 0;
            let mut streams =
                || if is_simple { Some(1) } else { fields.number().filter(|count| (1..=CODERS).contains(count)) };
            let (own_inputs, own_outputs) = (streams()?, streams()?);
            let properties = if flags & 0x20 == 0 { &[] } else { fields.property()? };
            (inputs, outputs) = (inputs + own_inputs, outputs + own_outputs);
            coders.push(Coder { method, properties, inputs: own_inputs, outputs: own_outputs });
        }
        let mut bound = Vec::new();
        for _ in 1..outputs {
            bound.push((fields.number()?, fields.number()?));
        }
        let packed = match inputs.checked_sub(bound.len() as u64)? {
            1 => (0..inputs).filter(|input| bound.iter().all(|(bound, _)| bound != input)).take(1).collect(),
            count => fields.numbers(count)?,
        };
        Some(Shape { coders, bound, packed })
    }

    /// The output that nothing else takes from, among all outputs of the folder.
    fn last(&self) -> Option<usize> {
        let outputs: u64 = self.coders.iter().map(|coder| coder.outputs).sum();
        let last = (0..outputs).find(|output| self.bound.iter().all(|(_, bound)| bound != output))?;
        usize::try_from(last).ok()
    }

    /// The coders in the order of decoding.
    fn chain(&self) -> Result<Vec<usize>, Unknown> {
        if self.coders.iter().any(|coder| (coder.inputs, coder.outputs) != (1, 1)) {
            return Err(Unknown::Branched);
        }
        let mut coder = *self.packed.first().ok_or(Unknown::Damaged)?;
        let mut chain = Vec::new();
        for _ in 0..self.coders.len() {
            chain.push(usize::try_from(coder).map_err(|_| Unknown::Damaged)?);
            match self.bound.iter().find(|(_, output)| *output == coder) {
                Some((input, _)) => coder = *input,
                None => break,
            }
        }
        if chain.len() == self.coders.len() { Ok(chain) } else { Err(Unknown::Damaged) }
    }
}

/// The bytes of a header that are still to be read. Everything is `None` where they end.
#[derive(Clone, Copy)]
struct Fields<'h>(&'h [u8]);

impl<'h> Fields<'h> {
    fn take(&mut self, count: usize) -> Option<&'h [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    fn u64(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.take(8)?.try_into().ok()?))
    }

    /// Reads a number of one to nine bytes: the leading ones of the first say how many follow, which come little end first.
    fn number(&mut self) -> Option<u64> {
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
    fn count(&mut self) -> Option<u64> {
        self.number().filter(|count| *count <= ENTRIES)
    }

    fn numbers(&mut self, count: u64) -> Option<Vec<u64>> {
        (0..count).map(|_| self.number()).collect()
    }

    /// Reads bytes with their length in front.
    fn property(&mut self) -> Option<&'h [u8]> {
        let length = self.number()?;
        self.take(usize::try_from(length).ok()?)
    }

    /// Reads one bit for each of `count`, the upper ones of a byte first.
    fn bits(&mut self, count: u64) -> Option<Vec<bool>> {
        let count = usize::try_from(count).ok()?;
        let bytes = self.take(count.div_ceil(8))?;
        Some((0..count).map(|index| bytes[index / 8] & (0x80 >> (index % 8)) != 0).collect())
    }

    /// Reads which of `count` have something; `None` inside when all have.
    fn defined(&mut self, count: u64) -> Option<Option<Vec<bool>>> {
        if self.byte()? != 0 { Some(None) } else { self.bits(count).map(Some) }
    }

    fn checksums(&mut self, count: u64) -> Option<Vec<Option<u32>>> {
        let defined = self.defined(count)?;
        let has = |index: u64| {
            defined.as_ref().is_none_or(|bits| usize::try_from(index).is_ok_and(|index| bits.get(index) == Some(&true)))
        };
        (0..count).map(|index| if has(index) { self.u32().map(Some) } else { Some(None) }).collect()
    }

    /// Takes the rest, unless it says that the values are in another stream, which nobody writes.
    fn inside(&mut self) -> Option<&'h [u8]> {
        (self.byte()? == 0).then_some(self.0)
    }

    fn optional(&mut self, count: u64) -> Option<Optional<'h>> {
        Some(Optional { defined: self.defined(count)?, values: self.inside()? })
    }
}
