//! Archives of cpio in the forms that are in use: `newc`, with or without checksums, and the portable `odc`.
//!
//! Read from front to back; folders, links and devices are passed over. Archives may follow each other, as they do in
//! the initial disk of a Linux kernel. The members are opened by `open`. The old binary form is not recognised.

use std::cell::Cell;
use std::io::{BufRead, Read};
use std::rc::Rc;

use jiff::Timestamp;

use crate::source::NoteKind;
use crate::source::note::size;
use crate::source::open::{Member, Session};
use crate::source::portion::Portion;
use crate::source::stream::{Layer, Peek, Stream};

/// Bytes of a name that are believed. What is longer was not written by a program.
const NAME: usize = 64 << 10;

/// The name that ends an archive.
const TRAILER: &[u8] = b"TRAILER!!!";

impl Session<'_> {
    /// Opens all files of the cpio archive `stream`, of which `depth` others are around.
    pub(super) fn cpio(&mut self, mut stream: Stream<'_>, depth: u32) {
        self.begin_archive();
        stream.layer = Layer::over(&stream.layer, &stream.source.name);
        let (layer, position) = (Rc::clone(&stream.layer), stream.peek.taken());
        loop {
            match self.cpio_member(&mut stream, &position, depth) {
                Ok(true) if !layer.is_broken() => {}
                Ok(true) => break,
                Ok(false) => {
                    // Archives are filled up to the size of a tape's block, and may be followed by another.
                    stream.peek.skip_nuls(u64::MAX);
                    let head = stream.peek.head(Header::LONGEST);
                    if head.is_empty() {
                        break;
                    }
                    if !is_cpio(head) {
                        layer.fail(NoteKind::Damaged, "other data after the archive");
                        break;
                    }
                }
                Err(kind) => {
                    let word = if kind == NoteKind::Truncated { "truncated" } else { "damaged" };
                    layer.fail(kind, format!("{word} after {}", size(position.get())));
                    break;
                }
            }
        }
        stream.peek.drain();
        self.end_archive(&stream.source);
    }

    /// Opens one member, or passes over it; false at the end of the archive.
    fn cpio_member(&mut self, stream: &mut Stream<'_>, position: &Rc<Cell<u64>>, depth: u32) -> Result<bool, NoteKind> {
        let Stream { peek, layer, source: archive, .. } = stream;
        let head = peek.head(Header::LONGEST);
        let header = Header::of(head).ok_or(if head.len() < Header::LONGEST {
            NoteKind::Truncated
        } else {
            NoteKind::Damaged
        })?;
        if !(1..=NAME).contains(&header.name) {
            return Err(NoteKind::Damaged);
        }
        peek.consume(header.length);
        let mut name = vec![0; header.name];
        peek.read_exact(&mut name).map_err(|_| NoteKind::Truncated)?;
        align(peek, header.length + header.name, header.align);
        let name = name.strip_suffix(b"\0").unwrap_or(&name);
        if name == TRAILER && header.size == 0 {
            return Ok(false);
        }
        let path = String::from_utf8_lossy(name);
        let (left, mut path_of_note) = (header.size, path.to_string());
        if header.is_file() {
            if !self.take_member(layer) {
                return Ok(true);
            }
            let source = self.member(Member { archive, name: &path, modified: header.modified });
            let inside = Layer::over(layer, &source.name);
            path_of_note.clone_from(&source.path);
            let path = &path_of_note;
            let mut file = Portion { inner: &mut *peek, left, archive: layer, position, path, check: None };
            let peek = Peek::new(&mut file);
            self.open(Stream { peek, layer: inside, source, seek: None, decompressed: false }, depth + 1);
            file.skip();
        } else {
            let path = &path_of_note;
            Portion { inner: &mut *peek, left, archive: layer, position, path, check: None }.skip();
        }
        align(peek, usize::try_from(header.size % 4).unwrap_or(0), header.align);
        Ok(true)
    }
}

/// What stands in front of each member.
struct Header {
    /// Bytes of this header.
    length: usize,
    /// Bytes of the name behind it, its NUL counted.
    name: usize,
    /// Bytes of the data behind that.
    size: u64,
    /// What the name and the data are filled up to.
    align: usize,
    mode: u64,
    /// Whether the data is with another member of the same content.
    elsewhere: bool,
    modified: Option<Timestamp>,
}

impl Header {
    /// Bytes of the longest header.
    const LONGEST: usize = 110;

    /// Reads the header that `head` begins with; `None` when there is none.
    fn of(head: &[u8]) -> Option<Header> {
        match head.get(..6)? {
            b"070701" | b"070702" => {
                // Thirteen numbers of eight hexadecimal digits.
                let field = |index: usize| number(head.get(6 + 8 * index..14 + 8 * index)?, 16);
                let (mode, links, time, size, name) = (field(1)?, field(4)?, field(5)?, field(6)?, field(11)?);
                let (modified, elsewhere) = (timestamp(time), links > 1 && size == 0);
                field(12)?;
                let name = usize::try_from(name).ok()?;
                Some(Header { length: 110, name, size, align: 4, mode, elsewhere, modified })
            }
            b"070707" => {
                let field = |from: usize, to: usize| number(head.get(from..to)?, 8);
                let (mode, time, name, size) = (field(18, 24)?, field(48, 59)?, field(59, 65)?, field(65, 76)?);
                let (name, modified) = (usize::try_from(name).ok()?, timestamp(time));
                Some(Header { length: 76, name, size, align: 1, mode, elsewhere: false, modified })
            }
            _ => None,
        }
    }

    fn is_file(&self) -> bool {
        self.mode & 0o170_000 == 0o100_000 && !self.elsewhere
    }
}

/// Tells whether a cpio archive begins here. A line of a log may begin with the digits of the magic: the numbers must be such.
pub(super) fn is_cpio(head: &[u8]) -> bool {
    Header::of(head).is_some()
}

/// Reads a number of digits only.
fn number(digits: &[u8], radix: u32) -> Option<u64> {
    let is_number = digits.iter().all(|byte| char::from(*byte).is_digit(radix));
    u64::from_str_radix(str::from_utf8(digits).ok()?, radix).ok().filter(|_| is_number)
}

fn timestamp(seconds: u64) -> Option<Timestamp> {
    Timestamp::from_second(i64::try_from(seconds).ok().filter(|&seconds| seconds != 0)?).ok()
}

/// Passes over what fills `length` bytes up to a multiple of `align`.
fn align(peek: &mut Peek<'_>, length: usize, align: usize) {
    let fill = (align - length % align) % align;
    let fill = peek.head(fill).len();
    peek.consume(fill);
}
