//! The bytes of one member within the longer stream of its archive.
//!
//! A [`Portion`] ends where the member does, notes when the archive ends before, and compares the checksum where the
//! archive has one. What the reader of a member leaves over is passed with [`Portion::skip`]. Which bytes belong to which
//! member is known to `tape`, `ar`, `cpio` and `seven_zip`.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

use flate2::Crc;

use crate::source::NoteKind;
use crate::source::note::size;
use crate::source::stream::Layer;

/// One member while it is read.
pub(super) struct Portion<'p, R> {
    pub(super) inner: R,
    /// Bytes of the member that are still to come.
    pub(super) left: u64,
    /// The archive's layer, which ends here when its data does.
    pub(super) archive: &'p Rc<Layer>,
    /// Bytes read of the archive so far, for the note.
    pub(super) position: &'p Rc<Cell<u64>>,
    /// How the member is called, for the note.
    pub(super) path: &'p str,
    /// What to compare at the end, and where to note it.
    pub(super) check: Option<Check<'p>>,
}

/// The checksum that a member should have.
pub(super) struct Check<'p> {
    sum: Crc,
    expected: u32,
    member: &'p Rc<Layer>,
}

impl<'p> Check<'p> {
    /// Makes a check that notes a difference at `member`.
    pub(super) fn new(expected: u32, member: &'p Rc<Layer>) -> Self {
        Check { sum: Crc::new(), expected, member }
    }
}

impl<R: Read> Portion<'_, R> {
    /// Reads what is left of the member.
    pub(super) fn skip(&mut self) {
        let mut buffer = [0; 4096];
        while matches!(self.read(&mut buffer), Ok(1..)) {}
    }
}

impl<R: Read> Read for Portion<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // An empty read is not the end of the file.
        if self.left == 0 || buffer.is_empty() {
            return Ok(0);
        }
        let wanted = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let count = self.inner.read(&mut buffer[..wanted])?;
        self.left -= count as u64;
        if count == 0 {
            let (read, path) = (size(self.position.get()), self.path);
            self.archive.fail(NoteKind::Truncated, format!("truncated after {read}, within `{path}`"));
            self.left = 0;
        } else if let Some(check) = &mut self.check {
            check.sum.update(&buffer[..count]);
            if self.left == 0 && check.sum.sum() != check.expected {
                check.member.fail(NoteKind::Damaged, "damaged: the checksum differs");
            }
        }
        Ok(count)
    }
}
