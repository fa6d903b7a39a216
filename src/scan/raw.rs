//! The text of a source as it is read, before anything is taken off.
//!
//! Records are searched in what transports hold. Signatures with `scope: file` are about files as they are written, an XML
//! document among them: [`Raw`] keeps the beginning for them, and counts.

use std::io::{self, BufRead, Read};

/// A reader that counts what is read and keeps its beginning.
pub(crate) struct Raw<'r> {
    inner: &'r mut dyn BufRead,
    /// The first bytes, up to the limit.
    pub kept: Vec<u8>,
    /// Bytes read so far.
    pub bytes: u64,
    limit: usize,
}

impl<'r> Raw<'r> {
    /// Reads from `inner` and keeps its first `limit` bytes.
    pub fn new(inner: &'r mut dyn BufRead, limit: usize) -> Self {
        Self { inner, kept: Vec::new(), bytes: 0, limit }
    }
}

impl Read for Raw<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let room = self.limit.saturating_sub(self.kept.len());
        self.kept.extend_from_slice(&buffer[..count.min(room)]);
        self.bytes += count as u64;
        Ok(count)
    }
}
