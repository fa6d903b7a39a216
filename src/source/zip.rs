//! Zip archives, read by their central directory, or front to back where it is missing.
//!
//! The directory is streamed, not loaded: a crate that indexes it needs memory in proportion to what a hostile file
//! claims, and drops members that share a name. Members overlapping others are refused, since they are how a small zip
//! becomes a large one. Members are opened by `open`; encrypted ones and rare methods are noted.
//! What headers and directory look like is known to `zip_directory`.
//!
//! Nothing here writes a zip, decrypts one, or joins those that were split over several files.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::rc::Rc;

use bzip2::bufread::BzDecoder;
use flate2::Crc;
use flate2::bufread::DeflateDecoder;
use lzma_rust2::XzReader;

use crate::source::compression::{LZMA_MEMORY, zip_lzma, zstd};
use crate::source::disk::Disk;
use crate::source::open::{Member, Session};
use crate::source::stream::{Guard, Layer, Peek, ReadSeek, Stream, fault};
use crate::source::zip_directory::{CENTRAL, Directory, Entry, after_descriptor, find_directory, local_header};
use crate::source::{NoteKind, SourceName};

impl Session<'_> {
    /// Opens all files of the zip archive `bytes`, of which `depth` others are around.
    pub(super) fn zip(&mut self, bytes: &mut dyn ReadSeek, archive: &SourceName, layer: &Rc<Layer>, depth: u32) {
        self.begin_archive();
        let layer = &Layer::over(layer, &archive.name);
        let mut zip = Zip { session: self, archive, layer, depth };
        let outcome = match Disk::new(bytes) {
            Ok(disk) => match find_directory(&disk) {
                Ok(Some(directory)) => zip.by_directory(&disk, &directory),
                Ok(None) => zip.front_to_back(&disk),
                Err(error) => Err(error),
            },
            Err(error) => Err(error),
        };
        if let Err(error) = outcome {
            layer.fail(NoteKind::Unreadable, error.to_string());
        }
        self.end_archive(archive);
    }
}

/// One archive while it is read.
struct Zip<'z, 's> {
    session: &'z mut Session<'s>,
    archive: &'z SourceName,
    layer: &'z Rc<Layer>,
    depth: u32,
}

impl Zip<'_, '_> {
    fn by_directory(&mut self, disk: &Disk<'_>, directory: &Directory) -> io::Result<()> {
        let mut entries = Peek::new(disk.window(directory.start, directory.end - directory.start));
        let mut occupied = Occupied::default();
        let mut seen = 0_u64;
        while entries.head(4) == CENTRAL {
            let Some(mut entry) = Entry::central(&mut entries) else {
                break;
            };
            seen += 1;
            if !entry.is_file() {
                continue;
            }
            if !self.session.take_member(self.layer) {
                return Ok(());
            }
            entry.header = entry.header.saturating_add(directory.shift);
            let Some(data) = local_header(disk, entry.header)?.map(|local| local.data) else {
                self.skip(&entry, NoteKind::Damaged, "no data where the directory says it is");
                continue;
            };
            if !occupied.claim(entry.header, data.saturating_add(entry.stored)) {
                self.skip(&entry, NoteKind::Damaged, "refused, since it overlaps another member");
                continue;
            }
            self.open(disk, &entry, data, entry.stored);
        }
        // The small form of the end record counts modulo 65,536, and some writers let it wrap.
        if seen & 0xffff != directory.entries & 0xffff {
            let stated = directory.entries;
            self.layer.fail(NoteKind::Damaged, format!("damaged: {seen} of {stated} members are in the directory"));
        }
        Ok(())
    }

    /// Reads members as they come. Where the size of one is only stated after it, its own end has to show itself.
    fn front_to_back(&mut self, disk: &Disk<'_>) -> io::Result<()> {
        let mut at = 0;
        let mut found = 0_u64;
        while let Some(local) = local_header(disk, at)? {
            found += 1;
            let sized = local.entry.flags & 8 == 0 || local.entry.stored > 0;
            let stored = if sized { local.entry.stored } else { disk.length.saturating_sub(local.data) };
            if local.entry.is_file() && !self.session.take_member(self.layer) {
                return Ok(());
            }
            let is_opened = local.entry.is_file();
            let taken = if is_opened { self.open(disk, &local.entry, local.data, stored) } else { Some(0) };
            at = match (sized, taken) {
                (true, _) => local.data.saturating_add(stored),
                (false, Some(taken)) => match after_descriptor(disk, local.data.saturating_add(taken))? {
                    Some(next) => next,
                    None => break,
                },
                (false, None) => break,
            };
        }
        let files = if found == 1 { "1 member was".to_owned() } else { format!("{found} members were") };
        self.layer.fail(NoteKind::Truncated, format!("truncated: there is no directory at the end; {files} found"));
        Ok(())
    }

    /// Opens one member and tells how much compressed data its decoder took; `None` when there is no decoder.
    fn open(&mut self, disk: &Disk<'_>, entry: &Entry, data: u64, stored: u64) -> Option<u64> {
        if entry.is_encrypted() {
            self.skip(entry, NoteKind::Encrypted, "encrypted");
            return None;
        }
        let window = disk.window(data, stored);
        let input = Peek::new(window);
        let taken = input.taken();
        let decoder: Box<dyn Read + '_> = match entry.method {
            // Without a directory the end of stored data is not to be told from the next header.
            0 if entry.flags & 8 != 0 && entry.stored == 0 && stored > 0 => {
                self.skip(entry, NoteKind::Damaged, "its size is missing");
                return None;
            }
            0 => Box::new(input),
            8 => Box::new(DeflateDecoder::new(input)),
            12 => Box::new(BzDecoder::new(input)),
            95 => Box::new(XzReader::new_mem_limit(input, false, LZMA_MEMORY)),
            method @ (14 | 93) => match if method == 93 { zstd(input) } else { zip_lzma(input, entry.lzma_size()) } {
                Ok(decoder) => decoder,
                Err(error) => {
                    let (kind, detail) = fault(&error, 0);
                    self.skip(entry, kind, &detail);
                    return None;
                }
            },
            9 => return self.unsupported(entry, "deflate64 compression"),
            method => return self.unsupported(entry, &format!("compression method {method}")),
        };
        let checked = Checked { inner: decoder, crc: Crc::new(), expected: entry.expected() };
        let source = self.source(entry);
        let inside = Layer::over(self.layer, &source.name);
        let (limits, budget) = (self.session.limits, self.session.budget);
        let mut guard = Guard::new(checked, Rc::clone(&inside), Rc::clone(&taken), limits, budget);
        let unsized_yet = entry.flags & 8 != 0 && entry.stored == 0;
        let peek = Peek::new(&mut guard);
        let stream = Stream { peek, layer: inside, source, seek: None, decompressed: false };
        self.session.open(stream, self.depth + 1);
        if unsized_yet {
            Peek::new(guard).drain();
        }
        Some(taken.get())
    }

    fn source(&mut self, entry: &Entry) -> SourceName {
        self.session.member(Member { archive: self.archive, name: &entry.name, modified: entry.modified })
    }

    fn skip(&mut self, entry: &Entry, kind: NoteKind, detail: &str) {
        let source = self.source(entry);
        if self.session.options.takes(&source.path) {
            self.session.skip(&source, kind, detail);
        }
    }

    fn unsupported(&mut self, entry: &Entry, what: &str) -> Option<u64> {
        self.skip(entry, NoteKind::Unsupported, &format!("{what} is not supported"));
        None
    }
}

/// The parts of an archive that members have claimed. Invariant: they do not overlap.
#[derive(Default)]
struct Occupied(BTreeMap<u64, u64>);

impl Occupied {
    /// Claims the bytes from `start` to before `end`; false when some of them belong to somebody else.
    fn claim(&mut self, start: u64, end: u64) -> bool {
        let before = self.0.range(..=start).next_back().is_none_or(|(_, &taken)| taken <= start);
        let after = self.0.range(start..).next().is_none_or(|(&taken, _)| end <= taken);
        let free = before && after;
        if free {
            self.0.insert(start, end);
        }
        free
    }
}

/// Compares what a decoder yields with what the header promised.
struct Checked<R> {
    inner: R,
    crc: Crc,
    expected: Option<(u32, u64)>,
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.crc.update(&buffer[..count]);
        if count == 0
            && !buffer.is_empty()
            && let Some((crc, size)) = self.expected.take()
        {
            // `amount` counts modulo 2^32.
            if u64::from(self.crc.amount()) < size & u64::from(u32::MAX) {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if self.crc.sum() != crc {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "the checksum differs"));
            }
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_claimed_cannot_be_claimed_again() {
        let mut occupied = Occupied::default();
        assert!(occupied.claim(10, 20));
        assert!(occupied.claim(20, 30));
        assert!(occupied.claim(0, 10));
        for (start, end) in [(10, 20), (15, 16), (5, 12), (29, 40), (0, 100), (25, u64::MAX)] {
            assert!(!occupied.claim(start, end), "{start}..{end}");
        }
        assert!(occupied.claim(30, u64::MAX));
    }
}
