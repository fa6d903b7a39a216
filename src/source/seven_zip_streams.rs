//! The packed streams of a 7z archive: where they are, and what becomes of them.
//!
//! [`Streams`] tells for each folder, which is what 7z calls files that were packed together, how many files are in it and
//! how large they are; [`Streams::recipe`] says how its data is decoded, as a chain of [`Step`]s. Which files these are is known to
//! `seven_zip_header`, what the methods are to `seven_zip`.

use crate::source::seven_zip_fields::{ENTRIES, Fields};
use crate::source::seven_zip_header::START;

/// Coders one after the other, as 7-Zip makes at most.
const CODERS: u64 = 4;

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

impl<'h> Streams<'h> {
    pub(super) fn parse(fields: &mut Fields<'h>) -> Option<Streams<'h>> {
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
