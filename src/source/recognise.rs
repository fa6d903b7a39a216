//! What an input is, told by its first bytes and never by its name.
//!
//! [`recognise`] knows what can be opened, and names what is known but cannot. Anything else may be text; that is
//! for `decode` to tell.

/// What an input is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// One or more gzip members.
    Gzip,
    /// One or more zstd frames.
    Zstd,
    /// A zip archive.
    Zip,
    /// A tar archive.
    Tar,
    /// A container that is known but cannot be opened; the format in words.
    Unsupported(&'static str),
    /// Not text and nothing that contains any; the format in words.
    Binary(&'static str),
    /// Anything else: perhaps text.
    Other,
}

/// Beginnings of containers that cannot be opened. What a format is called is what its users call it.
const UNSUPPORTED: &[(&[u8], &str)] = &[
    (b"\xfd7zXZ\0", "xz compression"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a rar archive"),
    (b"\x04\x22\x4d\x18", "lz4 compression"),
    (b"\x02\x21\x4c\x18", "lz4 compression"),
    (b"LZIP\x01", "lzip compression"),
    (b"\x89LZO\0\r\n\x1a\n", "lzop compression"),
    (b"\x1f\x9d", "compress (.Z) compression"),
    (b"070701", "a cpio archive"),
    (b"070702", "a cpio archive"),
    (b"070707", "a cpio archive"),
    (b"!<arch>\n", "an ar archive"),
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
    (b"\x0a\x0d\x0d\x0a", "a packet capture"),
    (b"JAVA PROFILE 1.0", "a Java heap dump"),
];

/// Tells what begins with `head`, of which 512 bytes are enough.
pub(super) fn recognise(head: &[u8]) -> Content {
    match head {
        // Deflate is the only method there is, and the upper flag bits are reserved.
        [0x1f, 0x8b, 8, flags, ..] if flags & 0xe0 == 0 => return Content::Gzip,
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => return Content::Zstd,
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] | [b'P', b'K', 7, 8, b'P', b'K', 3, 4, ..] => {
            return Content::Zip;
        }
        _ => {}
    }
    if is_tar(head) {
        return Content::Tar;
    }
    if is_bzip2(head) {
        return Content::Unsupported("bzip2 compression");
    }
    if let Some((_, name)) = UNSUPPORTED.iter().find(|(magic, _)| head.starts_with(magic)) {
        // A line of a log may begin with the digits of the cpio magic; the header goes on with digits for long.
        let is_text = name.contains("cpio") && !head.iter().take(76).all(u8::is_ascii_hexdigit);
        if !is_text {
            return Content::Unsupported(name);
        }
    }
    match BINARY.iter().find(|(magic, _)| head.starts_with(magic)) {
        Some((_, name)) => Content::Binary(name),
        None => Content::Other,
    }
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
        let cases: [(&[u8], Content); 12] = [
            (b"\x1f\x8b\x08\x00rest", Content::Gzip),
            (b"\x28\xb5\x2f\xfdrest", Content::Zstd),
            (b"\x5a\x2a\x4d\x18\x04\0\0\0", Content::Zstd),
            (b"PK\x03\x04", Content::Zip),
            (b"PK\x05\x06", Content::Zip),
            (b"BZh91AY&SY", Content::Unsupported("bzip2 compression")),
            (b"\xfd7zXZ\0\0", Content::Unsupported("xz compression")),
            (b"7z\xbc\xaf\x27\x1c", Content::Unsupported("a 7z archive")),
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
        assert_eq!(recognise(&b"0707010001".repeat(11)), Content::Unsupported("a cpio archive"));
    }

    #[test]
    fn an_old_tar_header_is_recognised_by_its_checksum() {
        let mut header = ::tar::Header::new_old();
        header.set_path("var/log/app.log").unwrap();
        header.set_size(3);
        header.set_cksum();
        assert_eq!(recognise(header.as_bytes()), Content::Tar);
        header.as_mut_bytes()[0] = b'w';
        assert_eq!(recognise(header.as_bytes()), Content::Other);
        assert_eq!(recognise(&[0; 512]), Content::Other);
    }
}
