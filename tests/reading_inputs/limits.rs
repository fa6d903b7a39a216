//! Each limit, with small values.

use std::io::{self, Cursor, Read};

use faultbook::source::{Budget, Limits, NoteKind, Part, Progress, read};

use zip::write::SimpleFileOptions;

use crate::pack::{Found, gzip, noise, note, open, open_within, tar, zip, zip_with, zstandard};

fn limits() -> Limits {
    Limits { ratio_floor: 10_000, ratio: 100, ..Limits::default() }
}

#[test]
fn depth_is_limited_and_noted_once() {
    let inner = zip(&[("deep.log", b"deep\n")]);
    let two = tar(&[("b.zip", &inner), ("c.zip", &inner), ("b.log", b"b\n")]);
    let bytes = gzip(&tar(&[("a.tar.gz", &gzip(&two))]));
    assert_eq!(open_within("x.tgz", &bytes, &Limits { depth: 3, ..limits() }).notes, []);
    let found = open_within("x.tgz", &bytes, &Limits { depth: 2, ..limits() });
    assert_eq!(found.told(), [("x.tgz::a.tar.gz::b.log", "b\n")]);
    let detail = "not opened: within 2 other archives already";
    assert_eq!(found.notes, [note("x.tgz::a.tar.gz::b.zip", NoteKind::Limit, detail)]);
}

#[test]
fn compression_within_compression_is_limited_like_a_file_that_unpacks_to_itself() {
    let bytes = (0..50).fold(b"text\n".to_vec(), |bytes, _| gzip(&bytes));
    let found = open("x.gz", &bytes);
    assert_eq!((found.texts.len(), found.kinds()), (0, vec![NoteKind::Limit]));
}

#[test]
fn a_member_is_read_up_to_its_limit() {
    let bytes = tar(&[("a.log", &noise(5000)), ("b.log", b"b\n")]);
    let found = open_within("x.tar", &bytes, &Limits { member_bytes: 2048, ..limits() });
    assert_eq!(found.texts, [&noise(5000)[..2048], b"b\n"]);
    let detail = "stopped after 2.0 KiB, the limit for a member";
    assert_eq!(found.notes, [note("x.tar::a.log", NoteKind::Limit, detail)]);
}

#[test]
fn a_member_just_as_large_as_the_limit_is_not_noted() {
    let found = open_within("x.tar", &tar(&[("a", &noise(2048))]), &Limits { member_bytes: 2048, ..limits() });
    assert_eq!((found.texts[0].len(), found.notes), (2048, vec![]));
}

#[test]
fn a_plain_file_is_not_limited() {
    let found = open_within("a.log", &noise(5000), &Limits { member_bytes: 1, total_bytes: 1, ..limits() });
    assert_eq!((found.texts[0].len(), found.notes), (5000, vec![]));
}

#[test]
fn a_zip_that_must_be_unpacked_first_is_limited_like_a_member() {
    let bytes = gzip(&zip(&[("a.log", &noise(5000))]));
    let found = open_within("x.zip.gz", &bytes, &Limits { member_bytes: 2048, ..limits() });
    let detail = "larger than 2.0 KiB, the limit for a member";
    assert_eq!(found.notes, [note("x.zip.gz", NoteKind::Limit, detail)]);
}

#[test]
fn the_bytes_of_a_case_are_shared_by_its_parts_and_their_end_is_noted_once() {
    let bytes = gzip(&noise(6000));
    let (budget, limits) = (Budget::new(), Limits { total_bytes: 10_000, ..limits() });
    let mut found = Found::default();
    for name in ["a.gz", "b.gz", "c.gz"] {
        read(Part::bytes(name, bytes.clone()), &limits, &budget, &Progress::new(), &mut found);
    }
    let lengths: Vec<_> = found.texts.iter().map(Vec::len).collect();
    assert_eq!(lengths, [6000, 4000]);
    let detail = "stopped after 9.8 KiB decoded, the limit for a case";
    assert_eq!(found.notes, [note("b.gz", NoteKind::Limit, detail)]);
}

#[test]
fn members_are_limited_and_noted_once() {
    let three: [(&str, &[u8]); 3] = [("a", b"a"), ("b", b"b"), ("c", b"c")];
    for inner in [tar(&three), zip(&three)] {
        let bytes = tar(&[("x", &inner), ("y", &inner), ("z.log", b"z")]);
        let found = open_within("o.tar", &bytes, &Limits { members: 3, ..limits() });
        assert_eq!(found.told(), [("o.tar::x::a", "a"), ("o.tar::x::b", "b")]);
        let detail = "stopped after 3 members, the limit for a case";
        assert_eq!(found.notes, [note("o.tar::x", NoteKind::Limit, detail)]);
    }
}

#[test]
fn names_are_cut_between_characters() {
    let bytes = tar(&[("ab\u{e9}cd.log", b"a\n"), ("abcdefgh", b"b\n")]);
    let found = open_within("x.tar", &bytes, &Limits { name_bytes: 3, ..limits() });
    assert_eq!(found.paths(), ["ab", "abc"]);
    assert_eq!(found.notes, [note("x.tar::ab", NoteKind::Limit, "its name of 10 bytes is cut")]);
}

#[test]
fn bombs_are_stopped_by_their_ratio() {
    let line = b"the same line over and over\n".repeat(40_000);
    let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    let bombs = [gzip(&line), zstandard(&line), zip_with(&[("a.log", &line)], options)];
    for bomb in bombs {
        let found = open_within("bomb", &bomb, &limits());
        assert_eq!(found.kinds(), [NoteKind::Limit], "{:?}", found.notes);
        assert!(found.texts[0].len() >= 10_000 && found.texts[0].len() < line.len());
        assert!(line.starts_with(&found.texts[0]));
    }
}

#[test]
fn a_bomb_of_zeros_is_stopped_and_noted_once() {
    let found = open_within("bomb.gz", &gzip(&vec![0; 3 << 20]), &limits());
    assert_eq!((found.sources.len(), found.kinds()), (0, vec![NoteKind::Limit]));
    let hidden = tar(&[("zeros", &vec![0; 3 << 20]), ("a.log", b"a\n")]);
    let found = open_within("bomb.tgz", &gzip(&hidden), &limits());
    assert_eq!((found.sources.len(), found.kinds()), (0, vec![NoteKind::Limit]));
}

#[test]
fn small_files_may_compress_as_well_as_they_like() {
    let found = open_within("a.gz", &gzip(&b"x\n".repeat(4_900)), &limits());
    assert_eq!((found.texts[0].len(), found.notes), (9_800, vec![]));
}

#[test]
fn the_holes_of_a_sparse_file_count_like_anything_decoded() {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::GNUSparse);
    header.set_path("sparse.log").unwrap();
    header.set_size(512);
    let gnu = header.as_gnu_mut().unwrap();
    gnu.set_real_size(1 << 40);
    gnu.sparse[0].set_offset(0);
    gnu.sparse[0].set_length(512);
    gnu.sparse[1].set_offset(1 << 40);
    gnu.sparse[1].set_length(0);
    header.set_cksum();
    let bytes = [header.as_bytes(), &noise(512)[..], &tar(&[("a.log", b"a\n")])].concat();
    let found = open_within("x.tar", &bytes, &limits());
    assert_eq!(found.kinds(), [NoteKind::Limit]);
    assert!(found.texts[0].starts_with(&noise(512)) && found.texts[0].len() < 200_000);
    assert_eq!(found.texts[1], b"a\n");
}

#[test]
fn headers_of_a_tar_do_not_fill_the_memory() {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::GNULongName);
    header.set_path("././@LongLink").unwrap();
    header.set_size(3 << 20);
    header.set_cksum();
    let bytes = [header.as_bytes(), &vec![b'a'; 3 << 20][..], &tar(&[("a.log", b"a\n")])].concat();
    let found = open("x.tar", &bytes);
    assert_eq!(found.sources.len(), 0);
    let detail = "damaged after 256.0 KiB: the headers of a member are larger than 256.0 KiB";
    assert_eq!(found.notes, [note("x.tar", NoteKind::Damaged, detail)]);
}

#[test]
fn a_reader_of_any_shape_yields_the_same() {
    struct Trickle(Cursor<Vec<u8>>);
    impl Read for Trickle {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = buffer.len().min(7);
            self.0.read(&mut buffer[..count])
        }
    }
    let text = noise(20_000);
    let bytes = gzip(&tar(&[("a.log.gz", &gzip(&text)), ("b.zip", &zip(&[("c", &text)]))]));
    let mut found = Found::default();
    let part = Part::reader("<stdin>", Trickle(Cursor::new(bytes)));
    read(part, &Limits::default(), &Budget::new(), &Progress::new(), &mut found);
    assert_eq!((found.texts, found.notes), (vec![text.clone(), text], vec![]));
}
