//! Inputs that are cut off or contradict themselves.

use faultbook::source::NoteKind;

use zip::write::SimpleFileOptions;

use crate::pack::{gzip, noise, note, open, streamed_zip, tar, zip, zip_with, zstandard};

#[test]
fn a_truncated_gzip_in_a_tar_is_read_as_far_as_it_goes() {
    let text = noise(200_000);
    let packed = gzip(&text);
    let bytes = tar(&[("old.gz", &packed[..packed.len() / 2]), ("new.log", b"new\n")]);
    let found = open("a.tar", &bytes);
    assert!(text.starts_with(&found.texts[0]) && found.texts[0].len() > 90_000);
    assert_eq!(found.texts[1], b"new\n");
    let kib = found.texts[0].len() as f64 / 1024.0;
    let detail = format!("truncated after {kib:.1} KiB");
    assert_eq!(found.notes, [note("a.tar::old.gz", NoteKind::Truncated, &detail)]);
}

#[test]
fn a_truncated_tar_keeps_what_came_before() {
    let text = noise(5_000);
    let bytes = tar(&[("a.log", b"a\n"), ("b.log", &text), ("c.log", b"c\n")]);
    let found = open("x.tar", &bytes[..1024 + 512 + 2000]);
    assert_eq!(found.texts, [b"a\n".as_slice(), &text[..2000]]);
    assert_eq!(found.notes, [note("x.tar", NoteKind::Truncated, "truncated after 3.5 KiB, within `b.log`")]);
}

#[test]
fn a_truncated_tar_is_noted_once_whatever_lies_in_it() {
    let packed = gzip(&noise(5_000));
    let bytes = gzip(&tar(&[("a.log", b"a\n"), ("b.gz", &packed)]));
    let found = open("x.tgz", &bytes[..bytes.len() - 2000]);
    assert_eq!(found.kinds(), [NoteKind::Truncated]);
    assert_eq!(found.notes[0].source, "x.tgz");
    assert_eq!(found.sources.len(), 2);
}

#[test]
fn a_flipped_byte_in_a_gzip_keeps_what_came_before() {
    let text = noise(200_000);
    let mut packed = gzip(&text);
    let middle = packed.len() / 2;
    packed[middle..middle + 20].fill(0xff);
    let found = open("a.log.gz", &packed);
    // What a decoder makes of the damage itself may be anything.
    assert_eq!(found.texts[0][..80_000], text[..80_000]);
    assert_eq!(found.kinds(), [NoteKind::Damaged]);
}

#[test]
fn a_tar_with_a_bad_header_keeps_what_came_before() {
    let mut bytes = tar(&[("a.log", b"a\n"), ("b.log", b"b\n"), ("c.log", b"c\n")]);
    bytes[1024 + 3] ^= 1;
    let found = open("x.tar", &bytes);
    assert_eq!(found.told(), [("x.tar::a.log", "a\n")]);
    assert_eq!(found.kinds(), [NoteKind::Damaged]);
}

#[test]
fn a_zip_without_its_directory_is_read_from_the_front() {
    let text = noise(5_000);
    let members: [(&str, &[u8]); 3] = [("a.log", b"a\n"), ("b.log", &text), ("c.log", b"c\n")];
    for bytes in [zip(&members), streamed_zip(&members)] {
        let directory = bytes.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
        let found = open("x.zip", &bytes[..directory]);
        assert_eq!(found.texts, [b"a\n", text.as_slice(), b"c\n"]);
        let detail = "truncated: there is no directory at the end; 3 members were found";
        assert_eq!(found.notes, [note("x.zip", NoteKind::Truncated, detail)]);

        let found = open("x.zip", &bytes[..2_000]);
        assert_eq!(found.texts[0], b"a\n");
        assert!(text.starts_with(&found.texts[1]) && found.texts[1].len() > 1_000);
    }
}

#[test]
fn a_zip_member_whose_checksum_differs_is_kept_and_noted() {
    let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    let mut bytes = zip_with(&[("a.log", b"hello"), ("b.log", b"b\n")], options);
    let at = bytes.windows(5).position(|five| five == b"hello").unwrap();
    bytes[at] = b'j';
    let found = open("x.zip", &bytes);
    assert_eq!(found.told(), [("x.zip::a.log", "jello"), ("x.zip::b.log", "b\n")]);
    let detail = "damaged after 5 bytes: the checksum differs";
    assert_eq!(found.notes, [note("x.zip::a.log", NoteKind::Damaged, detail)]);
}

#[test]
fn overlapping_zip_members_are_refused() {
    let mut bytes = zip(&[("a.log", &noise(500)), ("b.log", b"b\n"), ("c.log", b"c\n")]);
    let directory = bytes.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
    let second = directory + 46 + "a.log".len();
    // The second and third entry of the directory point at the first member.
    bytes.copy_within(directory + 42..directory + 46, second + 42);
    let third = second + 46 + "b.log".len();
    bytes.copy_within(directory + 42..directory + 46, third + 42);
    let found = open("x.zip", &bytes);
    assert_eq!(found.sources.len(), 1);
    let detail = "refused, since it overlaps another member: 2 members, the first is `b.log`";
    assert_eq!(found.notes, [note("x.zip", NoteKind::Damaged, detail)]);
}

/// Text, and whatever else, of every proper beginning of a file is read without a fault, and noted.
#[test]
fn every_beginning_of_an_archive_is_read_and_noted() {
    let members: [(&str, &[u8]); 3] = [("a.log", b"first line\n"), ("b.gz", &gzip(b"b\n")), ("c.log", &noise(300))];
    let archives =
        [gzip(&tar(&members)), zip(&members), streamed_zip(&members), zstandard(&tar(&members)), tar(&members)];
    for (index, whole) in archives.iter().enumerate() {
        assert_eq!(open("x", whole).notes, []);
        for length in 0..whole.len() {
            let found = open("x", &whole[..length]);
            // A zip is noted beside the member that it ends in.
            let most = if matches!(index, 1 | 2) { 2 } else { 1 };
            assert!(found.notes.len() <= most, "archive {index} to {length}: {:?}", found.notes);
            // A tar without compression may lack its last blocks unnoticed, and the magic itself may be cut.
            if length >= 24 && index < 4 {
                assert_ne!(found.notes.len(), 0, "archive {index} to {length}");
            }
        }
    }
}

proptest::proptest! {
    #[test]
    fn nothing_after_a_magic_is_a_fault(magic in 0..MAGICS.len(), rest: Vec<u8>, padding in 0..3_usize) {
        let bytes = [MAGICS[magic], &vec![0; padding * 300], &rest].concat();
        open("x", &bytes);
        open("x", &gzip(&bytes));
    }

    #[test]
    fn no_flipped_byte_is_a_fault(kind in 0..4_usize, flips in proptest::collection::vec((0.0..1.0, 0..=255_u8), 1..6)) {
        let members: [(&str, &[u8]); 3] = [("a.log", b"a\n"), ("b.gz", &gzip(b"b\n")), ("c.log", &noise(300))];
        let mut bytes = match kind {
            0 => tar(&members),
            1 => zip(&members),
            2 => zstandard(&tar(&members)),
            _ => streamed_zip(&members),
        };
        for (at, value) in flips {
            let at = (at * bytes.len() as f64) as usize;
            bytes[at] = value;
        }
        open("x", &bytes);
    }
}

const MAGICS: [&[u8]; 9] = [
    b"\x1f\x8b\x08\x00",
    b"\x1f\x8b\x08\x1f",
    b"\x28\xb5\x2f\xfd",
    b"\x50\x2a\x4d\x18",
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"PK\x01\x02",
    b"\xff\xfe",
    b"",
];
