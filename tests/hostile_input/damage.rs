//! Whatever is wrong with the bytes: cut off anywhere, changed anywhere, or never an archive at all.

use faultbook::source::{Limits, NoteKind};

use crate::Dice;
use crate::pack::{ARCHIVES, COMPRESSIONS, Found, gzip, noise, open, open_within, seven_zip, seven_zip_around, tar};

/// Small limits: nothing that is damaged may take long.
fn limits() -> Limits {
    Limits { total_bytes: 1 << 20, ratio_floor: 1 << 18, spool_bytes: 1 << 12, ..Limits::default() }
}

fn assert_bounded(found: &Found, what: &str) {
    let bytes: usize = found.texts.iter().map(Vec::len).sum();
    assert!(bytes <= 2 << 20, "{what}: {bytes} bytes");
}

/// The beginnings of everything that is recognised.
const MAGICS: [&[u8]; 21] = [
    b"\x1f\x8b\x08\x00",
    b"\x1f\x8b\x08\x1f",
    b"BZh91AY&SY",
    b"BZh9\x17\x72\x45\x38\x50\x90",
    b"\xfd7zXZ\0\0\x04\xe6\xd6\xb4\x46",
    b"\xfd7zXZ\0\0\x04\xe6\xd6\xb4\x46\x02\0\x21\x01",
    b"]\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\xff\0",
    b"\x28\xb5\x2f\xfd",
    b"\x50\x2a\x4d\x18",
    b"\x04\x22\x4d\x18",
    b"\x04\x22\x4d\x18\x60\x40\x82",
    b"\x02\x21\x4c\x18",
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"7z\xbc\xaf\x27\x1c\0\x04",
    b"!<arch>\n",
    b"!<arch>\n//                                              10        `\n",
    b"07070100000001000081a400000000000000000000000165000000",
    b"070707000000000000100644",
    b"\xff\xfe",
    b"",
];

#[test]
fn random_bytes_under_every_magic_number_do_no_harm() {
    let mut dice = Dice(1);
    for round in 0..40 {
        for magic in MAGICS {
            let length = dice.roll(1500);
            let mut rest = dice.bytes(length);
            // Digits and NULs lead further into some formats than any byte would.
            match round % 4 {
                0 => rest.iter_mut().for_each(|byte| *byte = b'0' + *byte % 8),
                1 => rest.iter_mut().for_each(|byte| *byte &= if *byte > 100 { 0 } else { 0xff }),
                _ => {}
            }
            let bytes = [magic, &rest].concat();
            assert_bounded(&open_within("x", &bytes, &limits()), "plain");
            assert_bounded(&open_within("x", &tar(&[("m", &bytes)]), &limits()), "in a tar");
        }
    }
}

#[test]
fn changed_bytes_of_every_format_do_no_harm() {
    let mut dice = Dice(2);
    let text = noise(600);
    let members: [(&str, &[u8]); 3] = [("a.log", b"first\n"), ("b.gz", &gzip(b"b\n")), ("c.log", &text)];
    let mut wholes: Vec<(&str, Vec<u8>)> = ARCHIVES.iter().map(|(name, pack)| (*name, pack(&members))).collect();
    wholes.extend(COMPRESSIONS.iter().map(|(name, compress)| (*name, compress(&tar(&members)))));
    for (name, whole) in wholes {
        for _ in 0..150 {
            let mut bytes = whole.clone();
            for _ in 0..=dice.roll(5) {
                let at = dice.roll(bytes.len());
                bytes[at] = [0, 1, 0x7f, 0xff, dice.roll(256) as u8][dice.roll(5)];
            }
            assert_bounded(&open_within("x", &bytes, &limits()), name);
        }
    }
}

/// What is behind the checksum of a 7z's header is reached by nobody who cannot compute it.
#[test]
fn changed_headers_of_a_7z_with_the_right_checksum_do_no_harm() {
    let mut dice = Dice(3);
    let whole = seven_zip(&[("a.log", b"first\n"), ("b.log", &noise(300))]);
    let length = usize::try_from(u64::from_le_bytes(whole[20..28].try_into().unwrap())).unwrap();
    let (packed, header) = whole[32..].split_at(whole.len() - 32 - length);
    for _ in 0..1500 {
        let mut header = header.to_vec();
        for _ in 0..=dice.roll(3) {
            let at = dice.roll(header.len());
            match dice.roll(4) {
                0 => drop(header.remove(at)),
                1 => header.insert(at, dice.roll(32) as u8),
                _ => header[at] = [0, 1, 0x7f, 0xff, dice.roll(32) as u8][dice.roll(5)],
            }
        }
        assert_bounded(&open_within("x", &seven_zip_around(packed, &header), &limits()), "7z");
    }
}

#[test]
fn every_beginning_of_every_archive_keeps_what_it_has_and_notes_what_is_lost() {
    let text = noise(150);
    let members: [(&str, &[u8]); 3] = [("a.log", b"first\n"), ("b.gz", &gzip(b"b\n")), ("c.log", &text)];
    for (name, pack) in ARCHIVES {
        let whole = pack(&members);
        let texts = open("x", &whole).texts;
        assert_eq!(texts.len(), 3, "{name}");
        // Nobody knows what it is before its magic is complete.
        let recognised = (1..).find(|&length| open("x", &whole[..length]).paths() != ["x"]).unwrap();
        for length in 0..whole.len() {
            let found = open("x", &whole[..length]);
            if length < recognised.max(512) && found.paths() == ["x"] {
                continue;
            }
            assert!(found.notes.len() <= 2, "{name} to {length}: {:?}", found.notes);
            // Neither tar nor ar says how many members there are.
            let is_silent = matches!(name, "tar" | "ar");
            let is_lost = found.texts != texts;
            let is_cut = found.texts.iter().zip(&texts).any(|(found, whole)| found != whole);
            assert!(!is_lost || !found.notes.is_empty() || (is_silent && !is_cut), "{name} to {length}");
            for (found, whole) in found.texts.iter().zip(&texts) {
                assert!(whole.starts_with(found), "{name} to {length}");
            }
        }
    }
}

#[test]
fn every_beginning_of_every_compression_keeps_what_it_has_and_is_noted() {
    let text = noise(400);
    for (name, compress) in COMPRESSIONS {
        let whole = compress(&text);
        for length in 14..whole.len() {
            let found = open("x", &whole[..length]);
            let kept = found.texts.first().map_or(&b""[..], Vec::as_slice);
            // Behind the text there are only checksums and marks of the end.
            let is_note = matches!(found.kinds()[..], [NoteKind::Truncated | NoteKind::Damaged]);
            assert!(is_note || (name == "lzma" && kept == text), "{name} to {length}: {:?}", found.notes);
            assert!(text.starts_with(kept), "{name} to {length}");
        }
    }
}
