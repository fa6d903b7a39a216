//! Frames of lz4: the container that the `lz4` command writes, and its older form.
//!
//! [`Lz4`] reads frame after frame, block after block; the crate decodes blocks. Its own reader of frames takes the end of
//! the input for the end of the text and stops after the first frame, so that what is cut off or follows would go unnoticed.
//! Of a block that is cut off or damaged, what can be decoded is kept. Memory is that of two blocks, of 8 MiB at the most.
//!
//! Dictionaries are not supported: they are not in the file.

use std::hash::Hasher;
use std::io::{self, Read};

use twox_hash::XxHash32;

use crate::source::stream::Peek;

/// How a frame begins.
pub(super) const MAGIC: &[u8; 4] = b"\x04\x22\x4d\x18";
/// How a frame of the older form begins.
pub(super) const LEGACY: &[u8; 4] = b"\x02\x21\x4c\x18";
/// The largest block of the older form.
const LEGACY_BLOCK: usize = 8 << 20;
/// How far back a match can reach, by the format.
const REACH: usize = 64 << 10;

/// All frames of a stream.
pub(super) struct Lz4<'a> {
    input: Peek<'a>,
    frame: Option<Frame>,
    /// What was decoded last; a part of it is still to be read.
    block: Vec<u8>,
    /// The bytes of `block` that were decoded, and of these the ones that were read.
    decoded: usize,
    read: usize,
    /// The end of what was decoded before `block`, where blocks refer to each other.
    before: Vec<u8>,
    packed: Vec<u8>,
    /// What is wrong with the rest, once what was decoded before has been read.
    failure: Option<io::Error>,
}

/// A frame as its header tells of it.
struct Frame {
    block_size: usize,
    linked: bool,
    block_checksums: bool,
    checksum: Option<XxHash32>,
    legacy: bool,
}

impl<'a> Lz4<'a> {
    pub(super) fn new(input: Peek<'a>) -> Self {
        Lz4 {
            input,
            frame: None,
            block: Vec::new(),
            decoded: 0,
            read: 0,
            before: Vec::new(),
            packed: Vec::new(),
            failure: None,
        }
    }

    /// Begins the next frame; false when there is none.
    fn begin(&mut self) -> io::Result<bool> {
        self.input.skip_nuls(u64::MAX);
        let mut word = [0; 4];
        match self.input.head(4) {
            [] => return Ok(false),
            _ => self.input.read_exact(&mut word)?,
        }
        match &word {
            LEGACY => {
                let (linked, block_checksums, checksum) = (false, false, None);
                self.frame = Some(Frame { block_size: LEGACY_BLOCK, linked, block_checksums, checksum, legacy: true });
            }
            MAGIC => self.frame = Some(header(&mut self.input)?),
            [0x50..=0x5f, 0x2a, 0x4d, 0x18] => {
                self.input.read_exact(&mut word)?;
                let length = u64::from(u32::from_le_bytes(word));
                let skipped = io::copy(&mut self.input.by_ref().take(length), &mut io::sink())?;
                if skipped < length {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
            _ => return Err(damaged("other data after the lz4 stream")),
        }
        self.before.clear();
        Ok(true)
    }

    /// Decodes the next block, or whatever else comes next; false at the end of the last frame.
    fn advance(&mut self) -> io::Result<bool> {
        let Some(frame) = &mut self.frame else { return self.begin() };
        let mut word = [0; 4];
        if frame.legacy {
            let next = self.input.head(4);
            if next.is_empty() || next == MAGIC || next == LEGACY {
                self.frame = None;
                return Ok(true);
            }
        }
        self.input.read_exact(&mut word)?;
        let word = u32::from_le_bytes(word);
        if word == 0 && !frame.legacy {
            let checksum = frame.checksum.take();
            self.frame = None;
            return checksum.map_or(Ok(true), |checksum| self.check(checksum.finish_32()).map(|()| true));
        }
        let plain = word & (1 << 31) != 0 && !frame.legacy;
        let length = if frame.legacy { word } else { word & !(1 << 31) } as usize;
        // What does not compress is stored; the older form could not, and grew by a 255th.
        let most = if frame.legacy { LEGACY_BLOCK + LEGACY_BLOCK / 255 + 16 } else { frame.block_size };
        if length > most {
            return Err(damaged("a block of lz4 is larger than its frame allows"));
        }
        self.packed.clear();
        let complete = self.input.by_ref().take(length as u64).read_to_end(&mut self.packed)? == length;
        let checksum = frame.block_checksums && complete;
        let (block_size, linked) = (frame.block_size, frame.linked);
        // It never shrinks: a block may be a few bytes, and filling this with zeros for each would be felt.
        if self.block.len() < block_size {
            self.block.resize(block_size, 0);
        }
        self.read = 0;
        let room = &mut self.block[..block_size];
        let before = &self.before[self.before.len().saturating_sub(REACH)..];
        if plain {
            room[..self.packed.len()].copy_from_slice(&self.packed);
            self.decoded = self.packed.len();
        } else {
            let whole = lz4_flex::block::decompress_into_with_dict(&self.packed, room, before);
            self.decoded = match (whole, complete) {
                (Ok(count), true) => count,
                (_, complete) => {
                    if complete {
                        self.failure = Some(damaged("a block of lz4 contradicts itself"));
                    }
                    salvage(&self.packed, room, before)
                }
            };
        }
        let decoded = self.block.get(..self.decoded).unwrap_or_default();
        if let Some(checksum) = self.frame.as_mut().and_then(|frame| frame.checksum.as_mut()) {
            checksum.write(decoded);
        }
        if linked {
            self.before.extend_from_slice(&decoded[decoded.len().saturating_sub(REACH)..]);
            // Moved once in a while, not for each of many small blocks.
            if self.before.len() > 4 * REACH {
                self.before.drain(..self.before.len() - REACH);
            }
        }
        if !complete {
            self.failure = Some(io::ErrorKind::UnexpectedEof.into());
        } else if checksum {
            let sum = XxHash32::oneshot(0, &self.packed);
            self.failure = self.failure.take().or(self.check(sum).err());
        }
        Ok(true)
    }

    fn check(&mut self, sum: u32) -> io::Result<()> {
        let mut stated = [0; 4];
        self.input.read_exact(&mut stated)?;
        if u32::from_le_bytes(stated) == sum { Ok(()) } else { Err(damaged("the checksum differs")) }
    }
}

impl Read for Lz4<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let left = self.block.get(self.read..self.decoded).unwrap_or_default();
            if !left.is_empty() || buffer.is_empty() {
                let count = left.len().min(buffer.len());
                buffer[..count].copy_from_slice(&left[..count]);
                self.read += count;
                return Ok(count);
            }
            if let Some(error) = self.failure.take() {
                return Err(error);
            }
            if !self.advance()? {
                return Ok(0);
            }
        }
    }
}

/// Reads the header of a frame behind its magic.
fn header(input: &mut Peek<'_>) -> io::Result<Frame> {
    let mut bytes = [0; 15];
    input.read_exact(&mut bytes[..2])?;
    let [flags, sizes, ..] = bytes;
    let block_size = match (flags >> 6, sizes >> 4 & 7) {
        (1, size @ 4..=7) => 1 << (8 + 2 * size),
        _ => return Err(damaged("a frame of lz4 has an unknown form")),
    };
    if flags & 1 != 0 {
        return Err(damaged("the dictionary of a frame of lz4 is missing"));
    }
    let end = if flags & 8 != 0 { 10 } else { 2 };
    input.read_exact(&mut bytes[2..=end])?;
    if (XxHash32::oneshot(0, &bytes[..end]) >> 8) as u8 != bytes[end] {
        return Err(damaged("the header of a frame of lz4 contradicts its checksum"));
    }
    Ok(Frame {
        block_size,
        linked: flags & 0x20 == 0,
        block_checksums: flags & 0x10 != 0,
        checksum: (flags & 4 != 0).then(|| XxHash32::with_seed(0)),
        legacy: false,
    })
}

/// Decodes as much of a block as there is, as far as it is sound, and tells how much that was. Slow, but used at most once.
fn salvage(packed: &[u8], room: &mut [u8], before: &[u8]) -> usize {
    let mut input = packed.iter().copied();
    let mut decoded = 0;
    while sequence(&mut input, room, before, &mut decoded).is_some() {}
    decoded
}

/// Decodes literals and the match behind them; `None` where either is cut off or unsound.
fn sequence(input: &mut impl Iterator<Item = u8>, room: &mut [u8], before: &[u8], decoded: &mut usize) -> Option<()> {
    let token = input.next()?;
    for _ in 0..length(input, token >> 4)? {
        *room.get_mut(*decoded)? = input.next()?;
        *decoded += 1;
    }
    let distance = usize::from(u16::from_le_bytes([input.next()?, input.next()?]));
    for _ in 0..length(input, token & 15)? + 4 {
        let source = (before.len() + *decoded).checked_sub(distance).filter(|_| distance > 0)?;
        let byte = match source.checked_sub(before.len()) {
            Some(at) => *room.get(at)?,
            None => *before.get(source)?,
        };
        *room.get_mut(*decoded)? = byte;
        *decoded += 1;
    }
    Some(())
}

/// Reads the rest of a length of which four bits are known: 15 means that there is more, as does 255 after that.
fn length(input: &mut impl Iterator<Item = u8>, bits: u8) -> Option<usize> {
    let mut length = usize::from(bits);
    let mut last = if bits == 15 { 255 } else { 0 };
    while last == 255 {
        last = input.next()?;
        length += usize::from(last);
    }
    Some(length)
}

fn damaged(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
