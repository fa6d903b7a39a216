//! Tar archives, read from front to back and never unpacked to disk.
//!
//! The `tar` crate knows the formats (old, ustar, GNU long names and sparse files, pax); this file bounds what it
//! reads into memory, tells a truncated archive from a damaged one, and goes on where archives were concatenated.
//! Directories, links and devices are passed over. The members are opened by `open`.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

use jiff::Timestamp;

use crate::source::note::size;
use crate::source::open::{Member, Session};
use crate::source::portion::Portion;
use crate::source::recognise::is_tar;
use crate::source::sparse::{Filled, Map, Sparse};
use crate::source::stream::{Guard, Layer, Peek, Stream};
use crate::source::{NoteKind, SourceName};

/// Bytes that the headers of one member may have, long names and sparse maps included: `tar` holds them in memory.
pub(super) const HEADERS: u64 = 256 << 10;

impl Session<'_> {
    /// Opens all files of the tar archive `stream`, of which `depth` others are around.
    pub(super) fn tar(&mut self, mut stream: Stream<'_>, depth: u32) {
        self.begin_archive();
        stream.layer = Layer::over(&stream.layer, &stream.source.name);
        loop {
            self.one_tar(&mut stream, depth);
            if stream.layer.is_stopped() {
                break;
            }
            // NULs end an archive and fill it up to the size of a tape's block. `cat a.tar b.tar` puts another after them.
            stream.peek.skip_nuls(u64::MAX);
            if !is_tar(stream.peek.head(512)) {
                break;
            }
        }
        stream.peek.drain();
        self.end_archive(&stream.source);
    }

    fn one_tar(&mut self, stream: &mut Stream<'_>, depth: u32) {
        let Stream { peek, layer, source, .. } = stream;
        let (position, stop) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(HEADERS)));
        let input = Input { peek, position: Rc::clone(&position), stop: Rc::clone(&stop) };
        let mut archive = ::tar::Archive::new(input);
        let error = match archive.entries() {
            Err(error) => Some(error),
            Ok(entries) => {
                let mut failure = None;
                for entry in entries {
                    let entry = match entry {
                        Ok(entry) => entry,
                        Err(error) => {
                            failure = Some(error);
                            break;
                        }
                    };
                    // While it is open, the member itself says how much of the tape it is.
                    stop.set(u64::MAX);
                    let after = self.tar_member(entry, source, layer, &position, depth);
                    if layer.is_stopped() {
                        break;
                    }
                    stop.set(after.saturating_add(HEADERS));
                }
                failure
            }
        };
        drop(archive);
        if let Some(error) = error {
            let read = size(position.get());
            match peek.head(1) {
                [] => layer.fail(NoteKind::Truncated, format!("truncated after {read}")),
                _ => layer.fail(NoteKind::Damaged, format!("damaged after {read}: {error}")),
            }
        }
    }

    /// Opens one member, if it is a file, and tells where on the tape the headers of the next one begin.
    fn tar_member<R: Read>(
        &mut self,
        mut entry: ::tar::Entry<'_, R>,
        archive: &SourceName,
        layer: &Rc<Layer>,
        position: &Rc<Cell<u64>>,
        depth: u32,
    ) -> u64 {
        let kind = entry.header().entry_type();
        let stored = entry.header().entry_size().unwrap_or(0);
        let on_tape = if kind.is_gnu_sparse() { stored } else { entry.size() };
        let after = entry.raw_file_position().saturating_add(on_tape).saturating_add(511);
        let sparse = Sparse::of(&mut entry).unwrap_or_default();
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let name = sparse.name.clone().unwrap_or(name);
        let is_file = kind.is_file() || kind.is_contiguous() || kind.is_gnu_sparse();
        // Old archives mark a directory by its name alone.
        if !is_file || name.ends_with('/') || !self.take_member(layer) {
            return after;
        }
        // Zero is what reproducible archives write for "no time".
        let modified = entry.header().mtime().ok().filter(|&seconds| seconds != 0);
        let modified = modified.and_then(|seconds| Timestamp::from_second(i64::try_from(seconds).ok()?).ok());
        let source = self.member(Member { archive, name: &name, modified });
        let inside = Layer::over(layer, &source.name);
        let left = entry.size();
        let path = &source.path;
        let mut file = Portion { inner: &mut entry, left, archive: layer, position, path, check: None };
        // Holes are made of nothing, like anything a decompressor yields.
        let taken = Rc::new(Cell::new(stored));
        let peek = if sparse.has_map() {
            match Map::read(&mut file, left, &sparse) {
                Ok(map) => {
                    let filled = Filled::new(file, map);
                    Peek::new(Guard::new(filled, Rc::clone(&inside), taken, self.limits, self.budget))
                }
                Err(_) if layer.is_broken() => return after,
                Err(detail) => {
                    self.skip(&source, NoteKind::Damaged, &detail);
                    return after;
                }
            }
        } else if kind.is_gnu_sparse() {
            Peek::new(Guard::new(file, Rc::clone(&inside), taken, self.limits, self.budget))
        } else {
            Peek::new(file)
        };
        self.open(Stream { peek, layer: inside, source: source.clone(), seek: None, decompressed: false }, depth + 1);
        after
    }
}

/// The tape as the `tar` crate sees it; ends with an error where headers go on for too long.
struct Input<'p, 'a> {
    peek: &'p mut Peek<'a>,
    /// Bytes read so far.
    position: Rc<Cell<u64>>,
    /// Where to stop.
    stop: Rc<Cell<u64>>,
}

impl Read for Input<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.stop.get().saturating_sub(self.position.get());
        if left == 0 {
            let detail = format!("the headers of a member are larger than {}", size(HEADERS));
            return Err(io::Error::new(io::ErrorKind::InvalidData, detail));
        }
        let wanted = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let count = self.peek.read(&mut buffer[..wanted])?;
        self.position.set(self.position.get() + count as u64);
        Ok(count)
    }
}
