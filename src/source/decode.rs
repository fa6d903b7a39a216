//! Whether bytes are text, and how they become UTF-8.
//!
//! [`form`] looks at the head of an input. UTF-16, with a byte order mark or evident from where its NULs are, is converted;
//! the mark of UTF-8 is removed; encodings that are older than UTF-8 are converted where `legacy` is sure of them; everything
//! else passes unchanged, since matching works on bytes and an invalid one hides nothing.

use std::io::{self, BufRead, BufReader, Read};

use encoding_rs_io::{DecodeReaderBytes, DecodeReaderBytesBuilder};

use crate::source::legacy::legacy;

/// NULs in a row that count as padding, as a crash or a rotated log file leaves behind, rather than as binary data.
pub(super) const PADDING: usize = 16;

/// How journald's export format begins, which has the lengths of some values in binary.
const JOURNAL_EXPORT: &[u8] = b"__CURSOR=";

/// What the head of an input looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Text in this encoding.
    Text(Encoding),
    /// Not text.
    Binary,
}

/// How text is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// UTF-8 or anything else that is matched byte by byte.
    Bytes,
    /// The same with the byte order mark of UTF-8 in front.
    Utf8WithMark,
    /// UTF-16 of either byte order, with a mark that tells which.
    Utf16WithMark,
    /// UTF-16, little end first, without a mark.
    Utf16Little,
    /// UTF-16, big end first, without a mark.
    Utf16Big,
    /// One of those that were in use before Unicode.
    Legacy(&'static encoding_rs::Encoding),
}

/// Tells whether `head` is the beginning of a text, and in which encoding.
pub(super) fn form(head: &[u8]) -> Form {
    if head.starts_with(b"\xff\xfe\0\0") || head.starts_with(b"\0\0\xfe\xff") {
        return Form::Binary; // UTF-32, which nobody logs in
    }
    if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") {
        return Form::Text(Encoding::Utf16WithMark);
    }
    if head.starts_with(JOURNAL_EXPORT) {
        return Form::Text(Encoding::Bytes);
    }
    if let Some(encoding) = unmarked_utf16(head) {
        return Form::Text(encoding);
    }
    let (padding, nuls) = count_nuls(head);
    let others = head.len() - padding - nuls;
    let controls = head.iter().filter(|byte| is_control(**byte)).count();
    let is_text = if padding + nuls == 0 {
        // Perl's -T draws the line at the same share. Fields separated by \x01, as in FIX logs, must pass.
        controls * 10 <= others * 3
    } else {
        // Beside padding, a stray NUL in some message is still text; machine code has far more of both.
        others > 0 && (controls + nuls) * 100 <= others
    };
    match (is_text, head.starts_with(b"\xef\xbb\xbf")) {
        (false, _) => Form::Binary,
        (true, true) => Form::Text(Encoding::Utf8WithMark),
        (true, false) => Form::Text(legacy(head).map_or(Encoding::Bytes, Encoding::Legacy)),
    }
}

/// The same for a text that is said to be in an encoding: whether it is text is seen when it is decoded. A byte order mark goes before.
pub(super) fn form_in(encoding: &'static encoding_rs::Encoding, head: &[u8]) -> Form {
    if encoding_rs::Encoding::for_bom(head).is_some() {
        return form(head);
    }
    let stated = match encoding {
        // Of bytes that are invalid in it nothing is lost.
        it if it == encoding_rs::UTF_8 => Encoding::Bytes,
        it if it == encoding_rs::UTF_16LE => Encoding::Utf16Little,
        it if it == encoding_rs::UTF_16BE => Encoding::Utf16Big,
        it => Encoding::Legacy(it),
    };
    let (text, _) = encoding.decode_without_bom_handling(head);
    match form(text.as_bytes()) {
        Form::Text(_) => Form::Text(stated),
        Form::Binary => Form::Binary,
    }
}

/// Converts what `reader` yields to UTF-8 where it must be, and passes it to `use_it`.
pub(super) fn decoded<T>(
    encoding: Encoding,
    reader: &mut dyn BufRead,
    use_it: impl FnOnce(&mut dyn BufRead) -> io::Result<T>,
) -> io::Result<T> {
    match encoding {
        Encoding::Bytes => use_it(reader),
        Encoding::Utf8WithMark => {
            reader.read_exact(&mut [0; 3])?;
            use_it(reader)
        }
        Encoding::Utf16WithMark => use_it(&mut BufReader::new(DecodeReaderBytes::new(reader))),
        Encoding::Utf16Little => use_it(&mut BufReader::new(DecodeReaderBytes::new(b"\xff\xfe".chain(reader)))),
        Encoding::Utf16Big => use_it(&mut BufReader::new(DecodeReaderBytes::new(b"\xfe\xff".chain(reader)))),
        Encoding::Legacy(encoding) => {
            let mut builder = DecodeReaderBytesBuilder::new();
            builder.encoding(Some(encoding)).bom_sniffing(false);
            use_it(&mut BufReader::new(builder.build(reader)))
        }
    }
}

/// Recognises UTF-16 without a mark: mostly ASCII, so that every other byte is NUL and the rest are not.
fn unmarked_utf16(head: &[u8]) -> Option<Encoding> {
    let pairs = head.len() / 2;
    // In fewer characters than these, chance has its say.
    if pairs < 8 {
        return None;
    }
    let looks_like_text = |text: usize| {
        let nul = 1 - text;
        let ascii = head.chunks_exact(2).filter(|pair| pair[nul] == 0 && pair[text] != 0 && !is_control(pair[text]));
        ascii.count() * 10 >= pairs * 9
    };
    match (looks_like_text(0), looks_like_text(1)) {
        (true, _) => Some(Encoding::Utf16Little),
        (_, true) => Some(Encoding::Utf16Big),
        _ => None,
    }
}

/// Counts the NULs that are padding, and the others.
fn count_nuls(head: &[u8]) -> (usize, usize) {
    let (mut padding, mut others) = (0, 0);
    for run in head.chunk_by(|one, next| (*one == 0) == (*next == 0)).filter(|run| run[0] == 0) {
        if run.len() >= PADDING { padding += run.len() } else { others += run.len() }
    }
    (padding, others)
}

/// Tells whether a byte is a control character that text has no use for; NUL is counted apart.
fn is_control(byte: u8) -> bool {
    matches!(byte, 0x01..=0x07 | 0x0e..=0x1a | 0x1c..=0x1f | 0x7f)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, encode: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(encode).collect()
    }

    fn read(encoding: Encoding, mut bytes: &[u8]) -> Vec<u8> {
        let mut text = Vec::new();
        decoded(encoding, &mut bytes, |reader| reader.read_to_end(&mut text)).unwrap();
        text
    }

    #[test]
    fn utf16_is_converted_with_and_without_a_mark() {
        let text = "ERROR Größe überschritten\r\nnext line 😀\n";
        let (little, big) = (utf16(text, u16::to_le_bytes), utf16(text, u16::to_be_bytes));
        let cases = [
            ([b"\xff\xfe", little.as_slice()].concat(), Encoding::Utf16WithMark),
            ([b"\xfe\xff", big.as_slice()].concat(), Encoding::Utf16WithMark),
            (utf16("a plain line of a log\n", u16::to_le_bytes), Encoding::Utf16Little),
            (utf16("a plain line of a log\n", u16::to_be_bytes), Encoding::Utf16Big),
        ];
        for (bytes, encoding) in &cases {
            assert_eq!(form(bytes), Form::Text(*encoding));
        }
        assert_eq!(read(Encoding::Utf16WithMark, &cases[0].0), text.as_bytes());
        assert_eq!(read(Encoding::Utf16WithMark, &cases[1].0), text.as_bytes());
        assert_eq!(read(Encoding::Utf16Little, &cases[2].0), b"a plain line of a log\n");
        assert_eq!(read(Encoding::Utf16Big, &cases[3].0), b"a plain line of a log\n");
    }

    #[test]
    fn the_mark_of_utf8_is_removed_and_invalid_bytes_stay() {
        let bytes = b"\xef\xbb\xbfabc \xff\xe9 def\n";
        assert_eq!(form(bytes), Form::Text(Encoding::Utf8WithMark));
        assert_eq!(read(Encoding::Utf8WithMark, bytes), b"abc \xff\xe9 def\n");
        assert_eq!(form(b"got \x81\x8d\n"), Form::Text(Encoding::Bytes));
        assert_eq!(read(Encoding::Bytes, b"caf\xe9\n"), b"caf\xe9\n");
    }

    #[test]
    fn an_encoding_older_than_utf8_is_converted() {
        let latin = Encoding::Legacy(encoding_rs::WINDOWS_1252);
        assert_eq!(form(b"caf\xe9\n"), Form::Text(latin));
        assert_eq!(read(latin, b"caf\xe9 \xff\xfe\n"), "café ÿþ\n".as_bytes());
    }

    #[test]
    fn a_log_padded_with_nuls_is_text() {
        let padded = [&[0; 4096][..], &b"2024-01-01 12:00:00 started\n".repeat(20)].concat();
        assert_eq!(form(&padded), Form::Text(Encoding::Bytes));
        let stray = [&b"2024-01-01 12:00:00 started\n".repeat(20)[..], b"got \0 from peer\n"].concat();
        assert_eq!(form(&stray), Form::Text(Encoding::Bytes));
    }

    #[test]
    fn fields_separated_by_control_characters_are_text() {
        assert_eq!(form(&b"8=FIX.4.2\x019=65\x0135=A\x0149=S\x0156=T\x01\n".repeat(9)), Form::Text(Encoding::Bytes));
        assert_eq!(form(b"\x1b[31mred\x1b[0m\n"), Form::Text(Encoding::Bytes));
    }

    #[test]
    fn machine_data_is_binary() {
        let words: Vec<u8> = (0..2000_u32).flat_map(|n| (n * 7).to_le_bytes()).collect();
        assert_eq!(form(&words), Form::Binary);
        assert_eq!(form(&[0; 600]), Form::Binary);
        assert_eq!(form(b"\x01\x02\x03\x04\x05\x06\x0f\x10ab"), Form::Binary);
        assert_eq!(form(b"\xca\xfe\xba\xbe\0\0\0\x34\0\x1d\x0a\0\x06\0\x0f\x09\0\x10\0\x11"), Form::Binary);
    }
}
