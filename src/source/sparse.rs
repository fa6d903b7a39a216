//! Files with holes in the form that GNU tar writes into pax archives: a map in front of the data says where the data belongs.
//!
//! [`Map::read`] takes the map from the beginning of a member, [`Filled`] puts the holes back. The older form of GNU, which has
//! its map in the headers, is known to the `tar` crate; forms of pax before this one are read without their holes.

use std::io::{self, Read};

use crate::source::note::size;
use crate::source::tape::HEADERS;

/// What the pax header of a member says when it has holes, without the map.
#[derive(Debug, Default)]
pub(super) struct Sparse {
    version: (u64, u64),
    /// The name of the file; that of the member is made up.
    pub(super) name: Option<String>,
    real_size: Option<u64>,
}

impl Sparse {
    /// Finds what the pax header of `entry` says of holes; `None` when it does not.
    pub(super) fn of<R: Read>(entry: &mut ::tar::Entry<'_, R>) -> Option<Sparse> {
        let mut sparse = Sparse::default();
        let mut is_sparse = false;
        for extension in entry.pax_extensions().ok()??.flatten() {
            let Some(key) = extension.key_bytes().strip_prefix(b"GNU.sparse.") else { continue };
            is_sparse = true;
            let value = String::from_utf8_lossy(extension.value_bytes());
            let number = value.parse::<u64>();
            match (key, number) {
                (b"major", Ok(number)) => sparse.version.0 = number,
                (b"minor", Ok(number)) => sparse.version.1 = number,
                (b"realsize", Ok(number)) => sparse.real_size = Some(number),
                (b"name", _) => sparse.name = Some(value.into_owned()),
                _ => {}
            }
        }
        is_sparse.then_some(sparse)
    }

    /// Whether the map is in front of the data.
    pub(super) fn has_map(&self) -> bool {
        self.version == (1, 0)
    }
}

/// Where the data of a file belongs. Invariant: the stretches are in order, and do not overlap.
pub(super) struct Map {
    /// Beginning and length of each.
    stretches: Vec<(u64, u64)>,
    size: u64,
}

impl Map {
    /// Reads the map from the beginning of a member of `stored` bytes, up to the block in which the data begins.
    ///
    /// # Errors
    /// Says in words what is wrong with the map.
    pub(super) fn read(member: &mut impl Read, stored: u64, sparse: &Sparse) -> Result<Map, String> {
        let contradiction = || "damaged: its map of holes contradicts itself".to_owned();
        let mut numbers = Numbers { member, block: [0; 512], at: 512, read: 0 };
        let count = numbers.next()?.ok_or_else(contradiction)?;
        let mut stretches = Vec::new();
        let (mut end, mut data) = (0_u64, 0_u64);
        for _ in 0..count {
            let start = numbers.next()?.filter(|start| *start >= end).ok_or_else(contradiction)?;
            let length = numbers.next()?.ok_or_else(contradiction)?;
            end = start.checked_add(length).ok_or_else(contradiction)?;
            data = data.checked_add(length).ok_or_else(contradiction)?;
            stretches.push((start, length));
        }
        let size = sparse.real_size.unwrap_or(end);
        let is_sound = size >= end && stored.checked_sub(numbers.read) == Some(data);
        // Taken from the end, one after the other.
        stretches.reverse();
        if is_sound { Ok(Map { stretches, size }) } else { Err(contradiction()) }
    }
}

/// The numbers of a map, each on a line of its own.
struct Numbers<'m, R> {
    member: &'m mut R,
    block: [u8; 512],
    at: usize,
    read: u64,
}

impl<R: Read> Numbers<'_, R> {
    /// Reads the next number; `None` when there is something else.
    fn next(&mut self) -> Result<Option<u64>, String> {
        let mut value = None;
        loop {
            if self.at == self.block.len() {
                if self.read >= HEADERS {
                    return Err(format!("damaged: its map of holes is larger than {}", size(HEADERS)));
                }
                if self.member.read_exact(&mut self.block).is_err() {
                    return Ok(None);
                }
                self.at = 0;
                self.read += self.block.len() as u64;
            }
            let byte = self.block[self.at];
            self.at += 1;
            let more = |value: u64| value.checked_mul(10)?.checked_add(u64::from(byte - b'0'));
            match byte {
                b'\n' => return Ok(value),
                b'0'..=b'9' => match more(value.unwrap_or(0)) {
                    Some(more) => value = Some(more),
                    None => return Ok(None),
                },
                _ => return Ok(None),
            }
        }
    }
}

/// A file with its holes put back.
pub(super) struct Filled<R> {
    data: R,
    map: Map,
    at: u64,
}

impl<R: Read> Filled<R> {
    /// Fills the holes of `data` by its `map`.
    pub(super) fn new(data: R, map: Map) -> Self {
        Filled { data, map, at: 0 }
    }
}

impl<R: Read> Read for Filled<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some((start, length)) = self.map.stretches.last()
            && start + length <= self.at
        {
            self.map.stretches.pop();
        }
        let (start, end) = self
            .map
            .stretches
            .last()
            .map_or((self.map.size, self.map.size), |(start, length)| (*start, start + length));
        let in_hole = self.at < start;
        let left = if in_hole { start } else { end } - self.at;
        let wanted = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let count = if in_hole {
            buffer[..wanted].fill(0);
            wanted
        } else {
            self.data.read(&mut buffer[..wanted])?
        };
        self.at += count as u64;
        Ok(count)
    }
}
