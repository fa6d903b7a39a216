//! Streams that were compressed by themselves: gzip, bzip2, xz, lzma, zstd and lz4.
//!
//! [`decoder`] puts a decoder on top of a stream; `open` guards it and finds out what is inside. Whatever follows the first
//! member, stream or frame of a file is read, too. Frames of lz4 are known to `lz4`; which methods an archive uses for its
//! members is known to `zip` and `seven_zip`.

use std::io::{self, Read};
use std::marker::PhantomData;

use bzip2::bufread::BzDecoder;
use flate2::bufread::GzDecoder;
use lzma_rust2::{LzmaReader, XzReader};

use crate::source::lz4::Lz4;
use crate::source::recognise::Compression;
use crate::source::stream::Peek;

/// Largest window that is accepted, in bytes: 128 MiB, what the `zstd` command accepts by default and twice what `xz -9` uses.
/// A decoder keeps that much of what it decoded in memory.
pub(super) const WINDOW: u64 = 1 << ZSTD_WINDOW;

/// The same as a power of two.
const ZSTD_WINDOW: u32 = 27;

/// What lzma's decoders may use in all, in KiB: the window and less than a MiB for themselves.
pub(super) const LZMA_MEMORY: u32 = (WINDOW >> 10) as u32 + 1024;

/// Makes the decoder that `compression` needs over `input`.
///
/// # Errors
/// Says why there is none: a header that contradicts itself or asks for too much memory.
pub(super) fn decoder<'a>(compression: Compression, input: Peek<'a>) -> io::Result<Box<dyn Read + 'a>> {
    Ok(match compression {
        Compression::Gzip => Box::new(Members::<GzDecoder<Peek<'a>>>::new(input)),
        Compression::Bzip2 => Box::new(Members::<BzDecoder<Peek<'a>>>::new(input)),
        Compression::Xz => Box::new(XzReader::new_mem_limit(input, true, LZMA_MEMORY)),
        Compression::Lzma => Box::new(LzmaReader::new_mem_limit(input, LZMA_MEMORY, None)?),
        Compression::Zstd => zstd(input)?,
        Compression::Lz4 => Box::new(Lz4::new(input)),
    })
}

/// Makes a zstd decoder that reads all frames, skippable ones included.
pub(super) fn zstd<'a>(input: Peek<'a>) -> io::Result<Box<dyn Read + 'a>> {
    let mut decoder = zstd::Decoder::with_buffer(input)?;
    decoder.window_log_max(ZSTD_WINDOW)?;
    Ok(Box::new(Zstd(decoder)))
}

/// Makes a decoder for lzma as it is in a zip: behind a header of its own, which tells no size.
pub(super) fn zip_lzma<'a>(mut input: Peek<'a>, size: u64) -> io::Result<Box<dyn Read + 'a>> {
    let mut header = [0; 9];
    input.read_exact(&mut header)?;
    let [_, _, _, _, properties, a, b, c, d] = header;
    let window = u32::from_le_bytes([a, b, c, d]);
    if u64::from(window) > WINDOW {
        return Err(io::ErrorKind::OutOfMemory.into());
    }
    Ok(Box::new(LzmaReader::new_with_props(input, size, properties, window, None)?))
}

/// A zstd decoder that tells a window beyond the limit from damage, as the other decoders do.
struct Zstd<'a>(zstd::Decoder<'static, Peek<'a>>);

impl Read for Zstd<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // The library has a code for it, but only its words come through. A test holds them.
        self.0.read(buffer).map_err(|error| match error.to_string().contains("too much memory") {
            true => io::ErrorKind::OutOfMemory.into(),
            false => error,
        })
    }
}

/// A compression whose members can be put one after the other, as `cat a.gz b.gz` does.
trait Member<'a>: Read {
    /// How a member begins.
    const MAGIC: &'static [u8];
    /// What the compression is called.
    const NAME: &'static str;

    fn begin(input: Peek<'a>) -> Self;

    /// Gives back the input, just behind the member.
    fn end(self) -> Peek<'a>;
}

impl<'a> Member<'a> for GzDecoder<Peek<'a>> {
    const MAGIC: &'static [u8] = b"\x1f\x8b";
    const NAME: &'static str = "gzip";

    fn begin(input: Peek<'a>) -> Self {
        GzDecoder::new(input)
    }

    fn end(self) -> Peek<'a> {
        self.into_inner()
    }
}

impl<'a> Member<'a> for BzDecoder<Peek<'a>> {
    const MAGIC: &'static [u8] = b"BZh";
    const NAME: &'static str = "bzip2";

    fn begin(input: Peek<'a>) -> Self {
        BzDecoder::new(input)
    }

    fn end(self) -> Peek<'a> {
        self.into_inner()
    }
}

/// All members of a stream, one after the other. NULs after a member are padding.
struct Members<'a, M> {
    member: Option<M>,
    input: PhantomData<Peek<'a>>,
}

impl<'a, M: Member<'a>> Members<'a, M> {
    fn new(input: Peek<'a>) -> Self {
        Members { member: Some(M::begin(input)), input: PhantomData }
    }
}

impl<'a, M: Member<'a>> Read for Members<'a, M> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let Some(member) = &mut self.member else { return Ok(0) };
            let count = member.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            let Some(member) = self.member.take() else { return Ok(0) };
            let mut input = member.end();
            input.skip_nuls(u64::MAX);
            let next = input.head(M::MAGIC.len());
            if next.is_empty() {
                return Ok(0);
            }
            if next == M::MAGIC {
                self.member = Some(M::begin(input));
                continue;
            }
            return Err(match M::MAGIC.starts_with(next) {
                true => io::ErrorKind::UnexpectedEof.into(),
                false => io::Error::new(io::ErrorKind::InvalidData, format!("other data after the {} stream", M::NAME)),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn bzip2(text: &[u8]) -> Vec<u8> {
        let mut encoder = ::bzip2::write::BzEncoder::new(Vec::new(), ::bzip2::Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn decode(compression: Compression, bytes: &[u8]) -> (Vec<u8>, Option<io::ErrorKind>) {
        let mut text = Vec::new();
        let error = decoder(compression, Peek::new(bytes)).and_then(|mut reader| reader.read_to_end(&mut text)).err();
        (text, error.map(|error| error.kind()))
    }

    #[test]
    fn all_members_of_a_stream_are_read() {
        for (compression, pack) in [(Compression::Gzip, gzip as fn(&[u8]) -> Vec<u8>), (Compression::Bzip2, bzip2)] {
            let bytes = [pack(b"one\n"), pack(b""), pack(b"two\n"), vec![0; 700]].concat();
            assert_eq!(decode(compression, &bytes), (b"one\ntwo\n".to_vec(), None));
        }
    }

    #[test]
    fn what_follows_a_stream_is_told_apart_from_its_end() {
        for (compression, pack) in [(Compression::Gzip, gzip as fn(&[u8]) -> Vec<u8>), (Compression::Bzip2, bzip2)] {
            let bytes = [pack(b"one\n"), b"garbage".to_vec()].concat();
            assert_eq!(decode(compression, &bytes), (b"one\n".to_vec(), Some(io::ErrorKind::InvalidData)));
            let bytes = [pack(b"one\n"), pack(b"")[..1].to_vec()].concat();
            assert_eq!(decode(compression, &bytes), (b"one\n".to_vec(), Some(io::ErrorKind::UnexpectedEof)));
        }
    }

    #[test]
    fn all_frames_of_a_zstd_are_read() {
        let frame = |text: &[u8]| ::zstd::encode_all(text, 1).unwrap();
        let bytes = [b"\x50\x2a\x4d\x18\x03\0\0\0abc".to_vec(), frame(b"one\n"), frame(b"two\n")].concat();
        assert_eq!(decode(Compression::Zstd, &bytes), (b"one\ntwo\n".to_vec(), None));
        let cut = &bytes[..bytes.len() - 2];
        assert_eq!(decode(Compression::Zstd, cut).1, Some(io::ErrorKind::UnexpectedEof));
    }

    #[test]
    fn windows_beyond_the_limit_are_refused() {
        // A frame header that asks for 128 MiB and one that asks for 256 MiB, each with one last block of the letter a.
        let zstd =
            |window_log: u8| [b"\x28\xb5\x2f\xfd\0".as_slice(), &[(window_log - 10) << 3], b"\x0b\0\0a"].concat();
        assert_eq!(decode(Compression::Zstd, &zstd(27)), (b"a".to_vec(), None));
        assert_eq!(decode(Compression::Zstd, &zstd(28)).1, Some(io::ErrorKind::OutOfMemory));
        // The same of lzma, with the end of the data instead of any.
        let lzma = |window: u32| [b"\x5d".as_slice(), &window.to_le_bytes(), &[0xff; 8], &[0; 5]].concat();
        assert_ne!(decode(Compression::Lzma, &lzma(1 << 27)).1, Some(io::ErrorKind::OutOfMemory));
        assert_eq!(decode(Compression::Lzma, &lzma(1 << 28)).1, Some(io::ErrorKind::OutOfMemory));
    }
}
