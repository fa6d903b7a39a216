//! Sealing: what a reader sends, and what is found in it, is stored only under a key that the reader's link has.
//!
//! The id of a case is 128 random bits. The database knows its SHA-256, so that a case can be found by its id and not the other way round;
//! files and results are encrypted (AES-256-GCM) with keys made of it. Who reads the disk or the database without the link reads nothing,
//! and neither does the service itself after a restart, until the reader comes back.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use sha2::{Digest, Sha256};

use crate::portal::statistics::hexadecimal;

/// Bytes of text that are sealed together in a file.
const CHUNK: usize = 64 * 1024;

/// What only the reader's link has.
#[derive(Clone, PartialEq, Eq)]
pub struct CaseId(String);

impl CaseId {
    /// Reads an id from an address; `None` if it cannot be one.
    pub fn parse(written: &str) -> Option<Self> {
        let is_digit = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f');
        (written.len() == 32 && written.bytes().all(is_digit)).then(|| Self(written.to_owned()))
    }

    /// A new one.
    pub fn new() -> Result<Self, getrandom::Error> {
        Ok(Self(crate::portal::store::new_id()?))
    }

    /// As it stands in addresses.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// The name under which the case is stored, from which the id cannot be told.
    pub fn key(&self) -> String {
        hexadecimal(&self.derived("name"))
    }

    fn derived(&self, purpose: &str) -> [u8; 32] {
        Sha256::new()
            .chain_update(b"faultbook case ")
            .chain_update(purpose)
            .chain_update([0])
            .chain_update(&self.0)
            .finalize()
            .into()
    }

    fn cipher(&self, purpose: &str) -> io::Result<LessSafeKey> {
        let key = UnboundKey::new(&AES_256_GCM, &self.derived(purpose)).map_err(|_| io::Error::other("no cipher"))?;
        Ok(LessSafeKey::new(key))
    }

    /// Seals a text for the database.
    pub fn seal(&self, text: &[u8]) -> io::Result<String> {
        let mut nonce = [0; NONCE_LEN];
        getrandom::fill(&mut nonce).map_err(|error| io::Error::other(error.to_string()))?;
        let mut sealed = text.to_vec();
        let cipher = self.cipher("text")?;
        cipher
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut sealed)
            .map_err(|_| io::Error::other("cannot be sealed"))?;
        sealed.extend(nonce);
        Ok(STANDARD_NO_PAD.encode(sealed))
    }

    /// Opens what [`CaseId::seal`] gave.
    pub fn open(&self, sealed: &str) -> io::Result<Vec<u8>> {
        let broken = || io::Error::new(io::ErrorKind::InvalidData, "what is stored of the case is damaged");
        let mut bytes = STANDARD_NO_PAD.decode(sealed).map_err(|_| broken())?;
        let nonce = bytes.split_off(bytes.len().checked_sub(NONCE_LEN).ok_or_else(broken)?);
        let nonce = Nonce::try_assume_unique_for_key(&nonce).map_err(|_| broken())?;
        let length = self.cipher("text")?.open_in_place(nonce, Aad::empty(), &mut bytes).map_err(|_| broken())?.len();
        bytes.truncate(length);
        Ok(bytes)
    }
}

/// The nonce of a chunk of a file. No two chunks under one key have the same: a file is written once.
fn nonce(chunk: u64) -> Nonce {
    let mut nonce = [0; NONCE_LEN];
    nonce[NONCE_LEN - 8..].copy_from_slice(&chunk.to_be_bytes());
    Nonce::assume_unique_for_key(nonce)
}

/// Writes a sealed file.
pub struct SealedWriter<W> {
    out: W,
    cipher: LessSafeKey,
    chunk: u64,
    waiting: Vec<u8>,
}

impl<W: Write> SealedWriter<W> {
    /// Begins the upload of a case.
    pub fn new(out: W, id: &CaseId) -> io::Result<Self> {
        Ok(Self {
            out,
            cipher: id.cipher("file")?,
            chunk: 0,
            waiting: Vec::with_capacity(CHUNK + AES_256_GCM.tag_len()),
        })
    }

    /// Adds to it.
    pub fn add(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            // a full chunk waits until it is known not to be the last
            if self.waiting.len() == CHUNK {
                self.flush(false)?;
            }
            let (now, later) = bytes.split_at(bytes.len().min(CHUNK - self.waiting.len()));
            self.waiting.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }

    /// Ends it, and gives what it was written to.
    pub fn finish(mut self) -> io::Result<W> {
        self.flush(true)?;
        Ok(self.out)
    }

    fn flush(&mut self, is_last: bool) -> io::Result<()> {
        self.cipher
            .seal_in_place_append_tag(nonce(self.chunk), Aad::from([u8::from(is_last)]), &mut self.waiting)
            .map_err(|_| io::Error::other("cannot be sealed"))?;
        self.out.write_all(&self.waiting)?;
        self.waiting.clear();
        self.chunk += 1;
        Ok(())
    }
}

/// Reads a sealed file; it ends with an error when it is damaged, cut, or the reading is called off.
pub struct SealedReader<R> {
    file: R,
    cipher: LessSafeKey,
    chunk: u64,
    /// Bytes of the file that were not read yet.
    left: u64,
    text: Vec<u8>,
    at: usize,
    called_off: Arc<AtomicBool>,
}

impl<R: Read> SealedReader<R> {
    /// Begins to read the upload of a case, a file of so many bytes.
    pub fn new(file: R, length: u64, id: &CaseId, called_off: Arc<AtomicBool>) -> io::Result<Self> {
        Ok(Self { file, cipher: id.cipher("file")?, chunk: 0, left: length, text: Vec::new(), at: 0, called_off })
    }

    fn next_chunk(&mut self) -> io::Result<()> {
        if self.called_off.load(Ordering::Relaxed) {
            return Err(io::Error::other("called off"));
        }
        let length = self.left.min((CHUNK + AES_256_GCM.tag_len()) as u64);
        self.left -= length;
        self.text.resize(usize::try_from(length).unwrap_or(usize::MAX), 0);
        self.file.read_exact(&mut self.text)?;
        let is_last = [u8::from(self.left == 0)];
        let opened = self.cipher.open_in_place(nonce(self.chunk), Aad::from(is_last), &mut self.text);
        let length =
            opened.map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "the stored upload is damaged"))?.len();
        self.text.truncate(length);
        self.at = 0;
        self.chunk += 1;
        Ok(())
    }
}

impl<R: Read> Read for SealedReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.text.len() && self.left > 0 {
            self.next_chunk()?;
        }
        let text = self.text.get(self.at..).unwrap_or_default();
        let length = text.len().min(buffer.len());
        let (from, to) = (text.get(..length).unwrap_or_default(), buffer.get_mut(..length).unwrap_or_default());
        to.copy_from_slice(from);
        self.at += length;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(file: &[u8], id: &CaseId) -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        let called_off = Arc::new(AtomicBool::new(false));
        SealedReader::new(file, file.len() as u64, id, called_off)?.read_to_end(&mut text)?;
        Ok(text)
    }

    #[test]
    fn only_the_id_opens_what_it_sealed() {
        let (id, other) = (CaseId::new().unwrap(), CaseId::new().unwrap());
        let sealed = id.seal(b"db01 is down").unwrap();
        assert_eq!(id.open(&sealed).unwrap(), b"db01 is down");
        assert_ne!(sealed, id.seal(b"db01 is down").unwrap());
        assert!(other.open(&sealed).is_err());
        for broken in ["", "AAAA", &sealed[1..], &sealed[..sealed.len() - 1]] {
            assert!(id.open(broken).is_err(), "{broken}");
        }
        assert_ne!(id.key(), id.text());
    }

    #[test]
    fn files_of_all_lengths_come_back_and_cut_ones_do_not() {
        let id = CaseId::new().unwrap();
        for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 200_001] {
            let text: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            let mut writer = SealedWriter::new(Vec::new(), &id).unwrap();
            text.chunks(777).for_each(|bytes| writer.add(bytes).unwrap());
            let file = writer.finish().unwrap();
            assert!(read(&file, &id).unwrap() == text, "{length}");
            for cut in [1, 16, 17, CHUNK + 16].into_iter().filter(|cut| *cut <= file.len()) {
                let cut = &file[..file.len() - cut];
                assert!(cut.is_empty() || read(cut, &id).is_err(), "{length}");
            }
            let mut changed = file.clone();
            changed[length / 2] ^= 1;
            assert!(read(&changed, &id).is_err(), "{length}");
        }
    }

    #[test]
    fn ids_are_32_digits() {
        for wrong in ["", "..", "0123", &"g".repeat(32), &"A".repeat(32), &"a".repeat(33), &"é".repeat(16)] {
            assert!(CaseId::parse(wrong).is_none(), "{wrong}");
        }
        assert!(CaseId::parse(&"a".repeat(32)).is_some());
    }
}
