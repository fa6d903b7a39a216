//! What an input is, told by its first bytes and never by its name.
//!
//! [`recognise`] knows what can be opened, and names what is known but cannot. Anything else may be text; that is
//! for `decode` to tell.

use crate::source::cpio::is_cpio;
use crate::source::{ar, lz4, seven_zip_header};

/// What an input is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// A stream that was compressed by itself.
    Compressed(Compression),
    /// Several members in one.
    Archive(Archive),
    /// A container that is known but cannot be opened; the format in words.
    Unsupported(&'static str),
    /// Not text and nothing that contains any; the format in words.
    Binary(&'static str),
    /// Anything else: perhaps text.
    Other,
}

/// How a stream was compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compression {
    Gzip,
    Bzip2,
    Xz,
    /// The form before xz, `.lzma`.
    Lzma,
    Zstd,
    Lz4,
}

/// What kind of archive it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Archive {
    Tar,
    Zip,
    SevenZip,
    Ar,
    Cpio,
}

/// Beginnings of containers that cannot be opened. What a format is called is what its users call it.
const UNSUPPORTED: &[(&[u8], &str)] = &[
    (b"Rar!\x1a\x07", "a rar archive"),
    (b"LZIP\x01", "lzip compression"),
    (b"\x89LZO\0\r\n\x1a\n", "lzop compression"),
    (b"\x1f\x9d", "compress (.Z) compression"),
    (b"!<thin>\n", "an ar archive without its files"),
    (b"MSCF\0\0\0\0", "a cabinet archive"),
    (b"LPKSHHRH", "a systemd journal"),
    (b"ElfFile\0", "a Windows event log"),
];

/// Beginnings of what holds no text, where saying so helps, or where the first 8 KiB alone may not show it.
const BINARY: &[(&[u8], &str)] = &[
    (b"\x7fELF", "an ELF program"),
    (b"\xca\xfe\xba\xbe", "a Java class"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"%PDF-", "a PDF document"),
    (b"\xd4\xc3\xb2\xa1", "a packet capture"),
    (b"\xa1\xb2\xc3\xd4", "a packet capture"),
    (b"\x4d\x3c\xb2\xa1", "a packet capture"),
    (b"\x0a\x0d\x0d\x0a", "a packet capture"),
    (b"JAVA PROFILE 1.0", "a Java heap dump"),
];

/// Tells what begins with `head`, of which 512 bytes are enough.
pub(super) fn recognise(head: &[u8]) -> Content {
    if let Some(compression) = compression(head) {
        return Content::Compressed(compression);
    }
    if let Some(archive) = archive(head) {
        return Content::Archive(archive);
    }
    let named = |list: &'static [(&[u8], &'static str)]| {
        list.iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, name)| *name)
    };
    match (named(UNSUPPORTED), named(BINARY)) {
        (Some(name), _) => Content::Unsupported(name),
        (_, Some(name)) => Content::Binary(name),
        _ => Content::Other,
    }
}

fn compression(head: &[u8]) -> Option<Compression> {
    match head {
        // Deflate is the only method there is, and the upper flag bits are reserved.
        [0x1f, 0x8b, 8, flags, ..] if flags & 0xe0 == 0 => Some(Compression::Gzip),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Compression::Zstd),
        [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(after_skippable(head)),
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Compression::Xz),
        _ if head.starts_with(lz4::MAGIC) || head.starts_with(lz4::LEGACY) => Some(Compression::Lz4),
        _ if is_bzip2(head) => Some(Compression::Bzip2),
        _ if is_lzma(head) => Some(Compression::Lzma),
        _ => None,
    }
}

fn archive(head: &[u8]) -> Option<Archive> {
    match head {
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] | [b'P', b'K', 7, 8, b'P', b'K', 3, 4, ..] => {
            Some(Archive::Zip)
        }
        _ if head.starts_with(seven_zip_header::MAGIC) => Some(Archive::SevenZip),
        _ if head.starts_with(ar::MAGIC) => Some(Archive::Ar),
        _ if is_cpio(head) => Some(Archive::Cpio),
        _ if is_tar(head) => Some(Archive::Tar),
        _ => None,
    }
}

/// Tells which compression begins with a skippable frame: zstd and lz4 share them. What follows beyond `head` is taken for zstd.
fn after_skippable(mut head: &[u8]) -> Compression {
    while let [0x50..=0x5f, 0x2a, 0x4d, 0x18, a, b, c, d, rest @ ..] = head {
        let length = usize::try_from(u32::from_le_bytes([*a, *b, *c, *d])).unwrap_or(usize::MAX);
        head = rest.get(length..).unwrap_or_default();
    }
    if head.starts_with(lz4::MAGIC) || head.starts_with(lz4::LEGACY) { Compression::Lz4 } else { Compression::Zstd }
}

/// Tells whether the old form of lzma begins here. It has no magic: the usual properties, a window that a program would
/// choose, a size that is unknown or could be one, and the first byte of the data, which is always zero.
fn is_lzma(head: &[u8]) -> bool {
    let [0x5d, a, b, c, d, size @ ..] = head else { return false };
    let window = u32::from_le_bytes([*a, *b, *c, *d]);
    let is_round =
        window >= 4096 && (window.is_power_of_two() || (window / 3 * 3 == window && (window / 3).is_power_of_two()));
    let Some((size, [0, ..])) = size.split_first_chunk() else { return false };
    let size = u64::from_le_bytes(*size);
    (is_round || window == u32::MAX) && (size == u64::MAX || size < 1 << 38)
}

/// Tells whether a tar header begins here: one that says so, or an old one that adds up.
pub(super) fn is_tar(head: &[u8]) -> bool {
    if head.get(257..262) == Some(b"ustar") {
        return true;
    }
    let Some(header) = head.get(..512) else { return false };
    let digits = header[148..156].trim_ascii_start();
    let digits = &digits[..digits.iter().position(|byte| !(b'0'..=b'7').contains(byte)).unwrap_or(digits.len())];
    let stated = digits.iter().fold(0_u32, |sum, digit| sum * 8 + u32::from(digit - b'0'));
    let sum: u32 =
        header.iter().enumerate().map(|(at, &byte)| if (148..156).contains(&at) { 32 } else { byte.into() }).sum();
    header[0] != 0 && !digits.is_empty() && sum == stated
}

/// Tells whether bzip2 begins here: the magic of a file and that of a block or of the end.
fn is_bzip2(head: &[u8]) -> bool {
    head.starts_with(b"BZh")
        && matches!(head.get(3), Some(b'1'..=b'9'))
        && matches!(head.get(4..10), Some(b"\x31\x41\x59\x26\x53\x59" | b"\x17\x72\x45\x38\x50\x90"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_are_recognised_by_their_first_bytes() {
        let cases: [(&[u8], Content); 19] = [
            (b"\x1f\x8b\x08\x00rest", Content::Compressed(Compression::Gzip)),
            (b"\x28\xb5\x2f\xfdrest", Content::Compressed(Compression::Zstd)),
            (b"\x5a\x2a\x4d\x18\x04\0\0\0", Content::Compressed(Compression::Zstd)),
            (b"\x5a\x2a\x4d\x18\x01\0\0\0.\x04\x22\x4d\x18", Content::Compressed(Compression::Lz4)),
            (b"\x04\x22\x4d\x18", Content::Compressed(Compression::Lz4)),
            (b"BZh91AY&SY", Content::Compressed(Compression::Bzip2)),
            (b"\xfd7zXZ\0\0", Content::Compressed(Compression::Xz)),
            (b"]\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\xff\0", Content::Compressed(Compression::Lzma)),
            (b"]\0\0\x80\0\x05\0\0\0\0\0\0\0\0", Content::Compressed(Compression::Lzma)),
            (b"] a line that begins with a bracket", Content::Other),
            (b"PK\x03\x04", Content::Archive(Archive::Zip)),
            (b"PK\x05\x06", Content::Archive(Archive::Zip)),
            (b"7z\xbc\xaf\x27\x1c", Content::Archive(Archive::SevenZip)),
            (b"!<arch>\ndebian-binary", Content::Archive(Archive::Ar)),
            (b"Rar!\x1a\x07\x01\0", Content::Unsupported("a rar archive")),
            (b"\x7fELF\x02", Content::Binary("an ELF program")),
            (b"PK 17 was here", Content::Other),
            (b"BZh9 is a strange word", Content::Other),
            (b"", Content::Other),
        ];
        for (head, content) in cases {
            assert_eq!(recognise(head), content, "{}", head.escape_ascii());
        }
    }

    #[test]
    fn a_line_of_digits_is_no_cpio_archive() {
        assert_eq!(recognise(b"070701 12:00:00 started\n"), Content::Other);
        assert_eq!(recognise(&b"0707010001".repeat(11)), Content::Archive(Archive::Cpio));
    }

    #[test]
    fn an_old_tar_header_is_recognised_by_its_checksum() {
        let mut header = ::tar::Header::new_old();
        header.set_path("var/log/app.log").unwrap();
        header.set_size(3);
        header.set_cksum();
        assert_eq!(recognise(header.as_bytes()), Content::Archive(Archive::Tar));
        header.as_mut_bytes()[0] = b'w';
        assert_eq!(recognise(header.as_bytes()), Content::Other);
        assert_eq!(recognise(&[0; 512]), Content::Other);
    }
}
