//! Streams that were compressed by themselves: gzip and zstd.
//!
//! [`decoder`] puts a decoder on top of a stream; `open` guards it and finds out what is inside. Which methods a zip
//! archive uses for its members is known to `zip`.

use std::io::{self, Read};

use flate2::bufread::GzDecoder;

use crate::source::recognise::Content;
use crate::source::stream::Peek;

/// Largest zstd window that is accepted, as a power of two: 128 MiB, what the `zstd` command accepts by default.
const ZSTD_WINDOW: u32 = 27;

/// Makes the decoder for `content` over `input`.
///
/// # Errors
/// Says why there is none: the content is not a compressed stream, or no memory.
pub(super) fn decoder<'a>(content: Content, input: Peek<'a>) -> io::Result<Box<dyn Read + 'a>> {
    match content {
        Content::Gzip => Ok(Box::new(Gzip { member: Some(GzDecoder::new(input)) })),
        Content::Zstd => Ok(Box::new(zstd(input)?)),
        _ => Err(io::Error::from(io::ErrorKind::Unsupported)),
    }
}

/// Makes a zstd decoder that reads all frames, skippable ones included.
pub(super) fn zstd(input: Peek<'_>) -> io::Result<zstd::Decoder<'static, Peek<'_>>> {
    let mut decoder = zstd::Decoder::with_buffer(input)?;
    decoder.window_log_max(ZSTD_WINDOW)?;
    Ok(decoder)
}

/// All gzip members of a stream, one after the other, as `cat a.gz b.gz` makes them. NULs after a member are padding.
struct Gzip<'a> {
    member: Option<GzDecoder<Peek<'a>>>,
}

impl Read for Gzip<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let Some(member) = &mut self.member else { return Ok(0) };
            let count = member.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            let Some(member) = self.member.take() else { return Ok(0) };
            let mut input = member.into_inner();
            input.skip_nuls(u64::MAX);
            match input.head(2) {
                [] => return Ok(0),
                [0x1f] => return Err(io::ErrorKind::UnexpectedEof.into()),
                [0x1f, 0x8b] => self.member = Some(GzDecoder::new(input)),
                _ => {
                    return Err(io::Error::new(io::ErrorKind::InvalidData, "other data after the gzip stream"));
                }
            }
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

    fn decode(content: Content, bytes: &[u8]) -> (Vec<u8>, Option<io::ErrorKind>) {
        let mut text = Vec::new();
        let error = decoder(content, Peek::new(bytes)).unwrap().read_to_end(&mut text).err();
        (text, error.map(|error| error.kind()))
    }

    #[test]
    fn all_members_of_a_gzip_are_read() {
        let bytes = [gzip(b"one\n"), gzip(b""), gzip(b"two\n"), vec![0; 700]].concat();
        assert_eq!(decode(Content::Gzip, &bytes), (b"one\ntwo\n".to_vec(), None));
    }

    #[test]
    fn what_follows_a_gzip_is_told_apart_from_its_end() {
        let bytes = [gzip(b"one\n"), b"garbage".to_vec()].concat();
        assert_eq!(decode(Content::Gzip, &bytes), (b"one\n".to_vec(), Some(io::ErrorKind::InvalidData)));
        let bytes = [gzip(b"one\n"), vec![0x1f]].concat();
        assert_eq!(decode(Content::Gzip, &bytes), (b"one\n".to_vec(), Some(io::ErrorKind::UnexpectedEof)));
    }

    #[test]
    fn all_frames_of_a_zstd_are_read() {
        let frame = |text: &[u8]| ::zstd::encode_all(text, 1).unwrap();
        let bytes = [b"\x50\x2a\x4d\x18\x03\0\0\0abc".to_vec(), frame(b"one\n"), frame(b"two\n")].concat();
        assert_eq!(decode(Content::Zstd, &bytes), (b"one\ntwo\n".to_vec(), None));
        let cut = &bytes[..bytes.len() - 2];
        assert_eq!(decode(Content::Zstd, cut).1, Some(io::ErrorKind::UnexpectedEof));
    }
}
