//! Reading a source through its transports.
//!
//! [`Peeling`] stands between a reader and the buffer that its text is read into. It takes raw text in pieces, peels them, and
//! hands out what comes of it as far as the buffer has room, with the [`Origins`] of exactly that much.

use std::io::{self, Read};
use std::mem;

use crate::source::transport::{Origins, Peeled, Text, Transport};

/// Bytes of raw text that are peeled at once: with what comes of it, it stays in the second-level cache.
const PIECE_BYTES: usize = 128 * 1024;

/// A source that is peeled as it is read.
#[derive(Debug)]
pub(in crate::source) struct Peeling {
    peeled: Peeled,
    /// What was peeled and not yet handed out, from `taken` on.
    ready: Text,
    taken: usize,
    is_ended: bool,
    failure: Option<io::Error>,
}

impl Peeling {
    /// Begins a source that is wrapped in `transports` and of which `read` was read already; `is_whole` if that is all.
    pub fn new(transports: &[Transport], read: &[u8], is_whole: bool) -> Self {
        let mut peeled = Peeled::new(transports);
        let mut ready = Text::default();
        for piece in read.chunks(PIECE_BYTES) {
            peeled.peel(|room| room.extend_from_slice(piece), false, &mut ready);
        }
        if is_whole {
            peeled.peel(|_| (), true, &mut ready);
        }
        Self { peeled, ready, taken: 0, is_ended: is_whole, failure: None }
    }

    /// Reads as [`Read::read`] does, into the `filled..` of `buffer`, and adds where it comes from to its `origins`.
    pub fn read(
        &mut self,
        reader: &mut impl Read,
        buffer: &mut [u8],
        filled: usize,
        origins: &mut Origins,
    ) -> io::Result<usize> {
        while self.taken == self.ready.bytes.len() {
            if self.is_ended {
                return self.failure.take().map_or(Ok(0), Err);
            }
            self.ready.clear();
            self.taken = 0;
            let Self { peeled, ready, failure, is_ended, .. } = self;
            let mut read = 0;
            let mut piece = |room: &mut Vec<u8>| match reader.by_ref().take(PIECE_BYTES as u64).read_to_end(room) {
                Ok(count) => read = count,
                // What was read before the error is in the room.
                Err(error) => *failure = Some(error),
            };
            peeled.peel(&mut piece, false, ready);
            if read < PIECE_BYTES {
                *is_ended = true;
                peeled.peel(|_| (), true, ready);
            }
        }
        let rest = &self.ready.bytes[self.taken..];
        let count = rest.len().min(buffer.len() - filled);
        buffer[filled..filled + count].copy_from_slice(&rest[..count]);
        self.taken += count;
        let later = if count < rest.len() { self.ready.origins.split_off(count) } else { Origins::default() };
        origins.append(filled, &mem::replace(&mut self.ready.origins, later));
        Ok(count)
    }
}
