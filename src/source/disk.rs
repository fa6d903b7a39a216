//! Random access to an archive that is read out of order: zip and 7z.
//!
//! A [`Disk`] is shared by the archive's directory and the [`Window`]s of its members, which seek before each read. What is
//! where is known to `zip_directory` and `seven_zip_header`.

use std::cell::RefCell;
use std::io::{self, Read, SeekFrom};

use crate::source::stream::ReadSeek;

/// Random access to an archive, shared by its directory and its members.
pub(super) struct Disk<'d> {
    bytes: RefCell<&'d mut dyn ReadSeek>,
    pub(super) length: u64,
}

impl<'d> Disk<'d> {
    pub(super) fn new(bytes: &'d mut dyn ReadSeek) -> io::Result<Self> {
        let length = bytes.seek(SeekFrom::End(0))?;
        Ok(Disk { bytes: RefCell::new(bytes), length })
    }

    /// Makes a reader of `length` bytes from `start`, as far as there are so many.
    pub(super) fn window(&self, start: u64, length: u64) -> Window<'_, 'd> {
        Window { disk: self, at: start, left: length }
    }

    /// Reads up to `buffer.len()` bytes from `start` and tells how many there were.
    pub(super) fn read_at(&self, start: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut window = self.window(start, buffer.len() as u64);
        let mut count = 0;
        while count < buffer.len() {
            match window.read(&mut buffer[count..]) {
                Ok(0) => break,
                Ok(read) => count += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(count)
    }
}

/// A part of an archive.
pub(super) struct Window<'w, 'd> {
    disk: &'w Disk<'d>,
    at: u64,
    left: u64,
}

impl Read for Window<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        if wanted == 0 || self.at >= self.disk.length {
            return Ok(0);
        }
        let mut bytes = self.disk.bytes.borrow_mut();
        bytes.seek(SeekFrom::Start(self.at))?;
        let count = bytes.read(&mut buffer[..wanted])?;
        self.at += count as u64;
        self.left -= count as u64;
        Ok(count)
    }
}
