//! Archives of ar: Debian packages and static libraries, read from front to back.
//!
//! Long names come in two ways: GNU keeps them in a member of their own, `//`, BSD puts each in front of its data. The tables
//! of symbols that a linker wants are passed over. The members are opened by `open`.

use std::io::{BufRead, Read};

use jiff::Timestamp;

use crate::source::NoteKind;
use crate::source::note::size;
use crate::source::open::{Member, Session};
use crate::source::portion::Portion;
use crate::source::stream::{Layer, Peek, Stream};

/// How an archive begins.
pub(super) const MAGIC: &[u8; 8] = b"!<arch>\n";

/// Bytes of the table of long names that are kept, and of one name in front of its data; more are passed over.
const NAMES: u64 = 256 << 10;

impl Session<'_> {
    /// Opens all files of the ar archive `stream`, of which `depth` others are around.
    pub(super) fn ar(&mut self, mut stream: Stream<'_>, depth: u32) {
        self.begin_archive();
        stream.layer = Layer::over(&stream.layer, &stream.source.name);
        stream.peek.head(MAGIC.len());
        stream.peek.consume(MAGIC.len());
        let mut names = Vec::new();
        while !stream.layer.is_broken() && self.ar_member(&mut stream, &mut names, depth) {}
        stream.peek.drain();
        self.end_archive(&stream.source);
    }

    /// Opens one member, or passes over it; false at the end of the archive.
    fn ar_member(&mut self, stream: &mut Stream<'_>, names: &mut Vec<u8>, depth: u32) -> bool {
        let Stream { peek, layer, source: archive, .. } = stream;
        let position = peek.taken();
        let head = peek.head(60);
        if head.is_empty() {
            return false;
        }
        let header = match Header::of(head) {
            Ok(header) => header,
            Err(kind) => {
                let word = if kind == NoteKind::Truncated { "truncated" } else { "damaged" };
                layer.fail(kind, format!("{word} after {}", size(position.get())));
                return false;
            }
        };
        peek.consume(60);
        let mut left = header.size;
        let name = match header.name.as_str() {
            "/" | "/SYM64/" => None,
            "//" => {
                names.clear();
                // What is missing is found missing below.
                let _ = peek.by_ref().take(left.min(NAMES)).read_to_end(names);
                left -= names.len() as u64;
                None
            }
            name => match (name.strip_prefix("#1/"), name.strip_prefix('/')) {
                (Some(length), _) => {
                    let length = length.parse().unwrap_or(0).min(left).min(NAMES);
                    let mut name = Vec::new();
                    let _ = peek.by_ref().take(length).read_to_end(&mut name);
                    left -= name.len() as u64;
                    let end = name.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
                    Some(String::from_utf8_lossy(&name[..end]).into_owned())
                }
                (_, Some(offset)) => Some(long_name(names, offset).unwrap_or_else(|| name.to_owned())),
                _ => Some(name.strip_suffix('/').unwrap_or(name).to_owned()),
            },
        };
        // Symbols of BSD. Their table is nobody's text.
        let name = name.filter(|name| !name.starts_with("__.SYMDEF"));
        match name {
            Some(name) => {
                if !self.take_member(layer) {
                    return false;
                }
                let source = self.member(Member { archive, name: &name, modified: header.modified });
                let inside = Layer::over(layer, &source.name);
                let path = source.path.clone();
                let mut file =
                    Portion { inner: &mut *peek, left, archive: layer, position: &position, path: &path, check: None };
                let peek = Peek::new(&mut file);
                self.open(Stream { peek, layer: inside, source, seek: None, decompressed: false }, depth + 1);
                file.skip();
            }
            None => {
                Portion { inner: &mut *peek, left, archive: layer, position: &position, path: "/", check: None }.skip();
            }
        }
        if header.size % 2 == 1 && peek.head(1) == b"\n" {
            peek.consume(1);
        }
        true
    }
}

/// What stands in front of each member.
struct Header {
    name: String,
    size: u64,
    modified: Option<Timestamp>,
}

impl Header {
    /// Reads a header of 60 bytes.
    fn of(head: &[u8]) -> Result<Header, NoteKind> {
        let field = |from: usize, to: usize| Some(head.get(from..to)?.trim_ascii_end());
        let (Some(name), Some(time), Some(length), Some(end)) =
            (field(0, 16), field(16, 28), field(48, 58), head.get(58..60))
        else {
            return Err(NoteKind::Truncated);
        };
        let number = |digits: &[u8]| str::from_utf8(digits).ok()?.parse::<u64>().ok();
        let size = number(length).filter(|_| end == b"`\n").ok_or(NoteKind::Damaged)?;
        // Zero is what reproducible archives write for "no time".
        let seconds = number(time).filter(|&seconds| seconds != 0).and_then(|seconds| i64::try_from(seconds).ok());
        let modified = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
        Ok(Header { name: String::from_utf8_lossy(name).into_owned(), size, modified })
    }
}

/// Finds the name at `offset` in the table that GNU's ar writes; it ends with `/` and a line feed.
fn long_name(names: &[u8], offset: &str) -> Option<String> {
    let rest = names.get(offset.parse::<usize>().ok()?..)?;
    let end = rest.iter().position(|&byte| byte == b'\n' || byte == 0).unwrap_or(rest.len());
    let name = &rest[..end];
    Some(String::from_utf8_lossy(name.strip_suffix(b"/").unwrap_or(name)).into_owned())
}
