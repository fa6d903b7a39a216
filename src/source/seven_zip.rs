//! 7z archives, read by their header, folder by folder.
//!
//! Files that were packed together are decoded as one stream, under one guard, and each is opened as its bytes pass. What is
//! where is known to `seven_zip_header` and `seven_zip_streams`. The usual crate holds every file's header as it is told to and needs a newer
//! compiler than we do.
//!
//! Nothing can be read of an archive whose end is missing, because the header is there.

use std::io::{self, Read};
use std::rc::Rc;

use bzip2::bufread::BzDecoder;
use flate2::bufread::DeflateDecoder;
use lzma_rust2::filter::bcj::BcjReader;
use lzma_rust2::filter::delta::DeltaReader;
use lzma_rust2::{Lzma2Reader, LzmaReader};

use crate::source::compression::{WINDOW, zstd};
use crate::source::disk::Disk;
use crate::source::note::size;
use crate::source::open::{Member, Session};
use crate::source::portion::{Check, Portion};
use crate::source::seven_zip_header::{Contents, HEADER, Header, Place, START, crc32};
use crate::source::seven_zip_streams::{Step, Streams, Unknown};
use crate::source::stream::{Guard, Layer, Peek, ReadSeek, Stream};
use crate::source::{NoteKind, SourceName};

/// What is wrong with an archive or a folder of it.
struct Trouble(NoteKind, String);

impl Trouble {
    fn damaged(what: &str) -> Trouble {
        Trouble(NoteKind::Damaged, format!("damaged: {what}"))
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Trouble {
        Trouble(NoteKind::Unreadable, error.to_string())
    }
}

impl Session<'_> {
    /// Opens all files of the 7z archive `bytes`, of which `depth` others are around.
    pub(super) fn seven_zip(&mut self, bytes: &mut dyn ReadSeek, archive: &SourceName, layer: &Rc<Layer>, depth: u32) {
        self.begin_archive();
        let layer = &Layer::over(layer, &archive.name);
        let outcome = Disk::new(bytes).map_err(Trouble::from).and_then(|disk| {
            let mut header = find_header(&disk)?;
            // The header of a header is not packed; that of a hostile archive would be for ever.
            for _ in 0..2 {
                match Header::parse(&header).ok_or_else(|| Trouble::damaged("its header contradicts itself"))? {
                    Header::Contents(contents) => {
                        self.seven_zip_files(&disk, &contents, archive, layer, depth);
                        return Ok(());
                    }
                    Header::Packed(streams) => {
                        let unpacked = self.unpacked_header(&disk, &streams, layer)?;
                        header = unpacked;
                    }
                }
            }
            Err(Trouble::damaged("its header is packed more than once"))
        });
        if let Err(Trouble(kind, detail)) = outcome {
            layer.fail(kind, detail);
        }
        self.end_archive(archive);
    }

    fn unpacked_header(
        &mut self,
        disk: &Disk<'_>,
        streams: &Streams<'_>,
        layer: &Rc<Layer>,
    ) -> Result<Vec<u8>, Trouble> {
        let &(length, crc) = streams.parts.first().ok_or_else(|| Trouble::damaged("its header is missing"))?;
        if length > HEADER {
            return Err(too_large(length));
        }
        let mut header = Vec::new();
        self.folder(disk, streams, 0, layer)?.take(length).read_to_end(&mut header)?;
        if header.len() as u64 != length || crc.is_some_and(|crc| crc != crc32(&header)) {
            return Err(Trouble::damaged("its header differs from its checksum"));
        }
        Ok(header)
    }

    fn seven_zip_files(
        &mut self,
        disk: &Disk<'_>,
        contents: &Contents<'_>,
        archive: &SourceName,
        layer: &Rc<Layer>,
        depth: u32,
    ) {
        let streams = &contents.streams;
        let mut parts = streams.parts.iter();
        let mut folders = (0..).zip(&streams.folders);
        // How many files are still to come from the folder that is open, the folder, and where its end is noted.
        let (mut left, mut folder) = (0, Err(Trouble::damaged("its data is missing")));
        let mut inside = Layer::over(layer, &archive.name);
        for file in contents.files() {
            let Member { name, modified, .. } = Member { archive, name: &file.name, modified: file.modified };
            if !file.has_data {
                if file.is_file {
                    if !self.take_member(layer) {
                        return;
                    }
                    let source = self.member(Member { archive, name, modified });
                    let layer = Layer::over(layer, &source.name);
                    let peek = Peek::new(io::empty());
                    self.open(Stream { peek, layer, source, seek: None, decompressed: false }, depth + 1);
                }
                continue;
            }
            while left == 0 {
                let Some((index, next)) = folders.next() else {
                    return layer.fail(NoteKind::Damaged, "damaged: there are more files than data");
                };
                left = next.parts;
                inside = Layer::over(layer, &archive.name);
                if left > 0 {
                    folder = self.folder(disk, streams, index, &inside);
                }
            }
            left -= 1;
            let (size, crc) = parts.next().copied().unwrap_or_default();
            if file.is_file && !self.take_member(layer) {
                return;
            }
            let source = self.member(Member { archive, name, modified });
            match &mut folder {
                Err(Trouble(kind, detail)) if file.is_file => self.skip(&source, *kind, detail),
                Err(_) => {}
                // What ended the folder has been noted, and ends its files.
                Ok(_) if inside.is_broken() => {}
                Ok(folder) => {
                    let own = Layer::over(&inside, &source.name);
                    let (position, path) = (folder.taken(), source.path.clone());
                    let check = crc.map(|crc| Check::new(crc, &own));
                    let mut data = Portion {
                        inner: &mut *folder,
                        left: size,
                        archive: &inside,
                        position: &position,
                        path: &path,
                        check,
                    };
                    if file.is_file {
                        let (peek, layer) = (Peek::new(&mut data), Rc::clone(&own));
                        self.open(Stream { peek, layer, source, seek: None, decompressed: false }, depth + 1);
                    }
                    data.skip();
                }
            }
        }
    }

    /// Opens a folder: all of its files one after the other.
    fn folder<'f>(
        &self,
        disk: &'f Disk<'_>,
        streams: &Streams<'_>,
        index: usize,
        layer: &Rc<Layer>,
    ) -> Result<Peek<'f>, Trouble>
    where
        Self: 'f,
    {
        let recipe = streams.recipe(index).map_err(|unknown| match unknown {
            Unknown::Damaged => Trouble::damaged("its header contradicts itself"),
            Unknown::Branched => Trouble(NoteKind::Unsupported, "BCJ2 compression is not supported".to_owned()),
        })?;
        let input = Peek::new(disk.window(recipe.offset, recipe.length));
        let taken = input.taken();
        let mut memory = 0;
        let mut reader: Box<dyn Read + 'f> = Box::new(input);
        for step in &recipe.steps {
            reader = decoder(step, reader, &mut memory)?;
        }
        let guard = Guard::new(reader, Rc::clone(layer), taken, self.limits, self.budget);
        Ok(Peek::new(guard))
    }
}

/// Reads the header from where the start of the archive says that it is.
fn find_header(disk: &Disk<'_>) -> Result<Vec<u8>, Trouble> {
    let mut start = [0; START];
    if disk.read_at(0, &mut start)? < START {
        return Err(Trouble(NoteKind::Truncated, "truncated: there is no header at the end".to_owned()));
    }
    let place = Place::of(&start).ok_or_else(|| Trouble::damaged("its start differs from its checksum"))?;
    if place.length == 0 {
        return Ok(vec![1, 0]); // an archive without files has no header
    }
    let at = place.offset.saturating_add(START as u64);
    if at.saturating_add(place.length) > disk.length {
        return Err(Trouble(NoteKind::Truncated, "truncated: there is no header at the end".to_owned()));
    }
    if place.length > HEADER {
        return Err(too_large(place.length));
    }
    let mut header = vec![0; place.length as usize];
    let length = disk.read_at(at, &mut header)?;
    header.truncate(length);
    if crc32(&header) != place.crc {
        return Err(Trouble::damaged("its header differs from its checksum"));
    }
    Ok(header)
}

fn too_large(length: u64) -> Trouble {
    let detail = format!("not opened: its header of {} is larger than {}", size(length), size(HEADER));
    Trouble(NoteKind::Limit, detail)
}

/// Puts the decoder for one step over `input`. `memory` counts the windows of the steps before.
fn decoder<'f>(step: &Step<'_>, input: Box<dyn Read + 'f>, memory: &mut u64) -> Result<Box<dyn Read + 'f>, Trouble> {
    let contradiction = || Trouble::damaged("a method contradicts itself");
    let mut window = |wanted: u32| {
        *memory += u64::from(wanted);
        let detail = format!("needs a window of more than {}", size(WINDOW));
        if *memory > WINDOW { Err(Trouble(NoteKind::Limit, detail)) } else { Ok(wanted) }
    };
    let unsupported = |what: &str| Err(Trouble(NoteKind::Unsupported, format!("{what} is not supported")));
    Ok(match (step.method, step.properties) {
        ([0x00], _) => Box::new(input.take(step.size)),
        ([0x21], &[bits @ 0..=40]) => {
            let wanted = if bits == 40 { u32::MAX } else { (2 | u32::from(bits & 1)) << (bits / 2 + 11) };
            Box::new(Lzma2Reader::new(input, window(wanted)?, None))
        }
        ([3, 1, 1], &[properties, a, b, c, d]) => {
            let wanted = window(u32::from_le_bytes([a, b, c, d]))?;
            let reader = LzmaReader::new_with_props(input, step.size, properties, wanted, None);
            Box::new(reader.map_err(|_| contradiction())?)
        }
        ([3], &[distance]) => Box::new(DeltaReader::new(input, usize::from(distance) + 1)),
        ([4] | [3, 3, 1, 3], _) => Box::new(BcjReader::new_x86(input, 0)),
        ([0x0a], _) => Box::new(BcjReader::new_arm64(input, 0)),
        ([4, 1, 8], _) => Box::new(DeflateDecoder::new(Peek::new(input))),
        ([4, 2, 2], _) => Box::new(BzDecoder::new(Peek::new(input))),
        ([4, 0xf7, 0x11, 1], _) => zstd(Peek::new(input))?,
        ([6, 0xf1, 7, 1], _) => return Err(Trouble(NoteKind::Encrypted, "encrypted".to_owned())),
        ([0x21] | [3, 1, 1] | [3], _) => return Err(contradiction()),
        ([3, 4, 1], _) => return unsupported("PPMd compression"),
        ([4, 1, 9], _) => return unsupported("deflate64 compression"),
        (method, _) => return unsupported(&format!("7z method {}", hex(method))),
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
