//! What is passed over, and what is noted about it.

use std::io::Cursor;

use faultbook::source::NoteKind;

use zip::write::SimpleFileOptions;

use crate::pack::{gzip, note, open, tar, zip, zstandard};

#[test]
fn binaries_are_skipped_with_a_note_that_names_the_first_of_them() {
    let program = [&b"\x7fELF\x02\x01\x01\0\0\0\0"[..], &[7; 3000]].concat();
    let bytes = tar(&[("bin/ls", &program), ("a.log", b"a\n"), ("bin/cat", &program), ("x.bin", &[0; 900])]);
    let found = open("x.tar", &bytes);
    assert_eq!(found.told(), [("x.tar::a.log", "a\n")]);
    let expected = [
        note("x.tar", NoteKind::Binary, "not text but an ELF program: 2 members, the first is `bin/ls`"),
        note("x.tar::x.bin", NoteKind::Binary, "nothing but NUL bytes"),
    ];
    assert_eq!(found.notes, expected);
}

#[test]
fn a_log_after_any_number_of_nuls_is_read() {
    for nuls in [20, 8192, 100_000] {
        let bytes = [vec![0; nuls], b"after the crash\n".to_vec()].concat();
        assert_eq!(open("a.log", &bytes).told(), [("a.log", "after the crash\n")]);
    }
    let within = [&b"before\n".repeat(100)[..], &[0; 4000], b"after\n"].concat();
    assert_eq!(open("a.log", &within).texts, [within]);
}

#[test]
fn utf16_is_read_inside_archives() {
    let text: Vec<u8> = "\u{feff}Fehler: Größe\r\n".encode_utf16().flat_map(u16::to_be_bytes).collect();
    let found = open("x.zip", &zip(&[("a.log", &text)]));
    assert_eq!(found.told(), [("x.zip::a.log", "Fehler: Größe\r\n")]);
}

#[test]
fn encodings_older_than_utf8_are_read_like_any_other() {
    let latin = open("x.tar", &tar(&[("a.log", b"Fehler: Gr\xf6\xdfe \xfcberschritten\r\n")]));
    assert_eq!(latin.told(), [("x.tar::a.log", "Fehler: Größe überschritten\r\n")]);
    let japanese = b"\x83G\x83\x89\x81[: \x83t\x83@\x83C\x83\x8b\x82\xf0\x8aJ\x82\xaf\x82\xdc\x82\xb9\x82\xf1\n";
    assert_eq!(open("a.log", japanese).told(), [("a.log", "エラー: ファイルを開けません\n")]);
    // What is uncertain stays as it is, so that nothing of it is hidden.
    let uncertain = b"ERROR \x81ERROR \x82ERROR\n";
    assert_eq!(open("a.log", uncertain).texts, [uncertain]);
}

#[test]
fn encrypted_members_are_noted_and_the_others_read() {
    let mut bytes = zip(&[("secret.log", b"s\n"), ("a.log", b"a\n")]);
    let directory = bytes.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
    bytes[6] |= 1;
    bytes[directory + 8] |= 1;
    let found = open("x.zip", &bytes);
    assert_eq!(found.told(), [("x.zip::a.log", "a\n")]);
    assert_eq!(found.notes, [note("x.zip::secret.log", NoteKind::Encrypted, "encrypted")]);
}

#[test]
fn formats_that_cannot_be_opened_are_named() {
    let found = open("x.tar", &tar(&[("a.Z", b"\x1f\x9d\x90text"), ("b.rar", b"Rar!\x1a\x07\0")]));
    let expected = [
        note("x.tar::b.rar", NoteKind::Unsupported, "a rar archive is not supported"),
        note("x.tar::a.Z", NoteKind::Unsupported, "compress (.Z) compression is not supported"),
    ];
    assert_eq!(found.notes, expected);
}

#[test]
fn links_and_folders_in_archives_are_passed_over() {
    let mut builder = tar::Builder::new(Vec::new());
    for kind in [tar::EntryType::Symlink, tar::EntryType::Link, tar::EntryType::Fifo, tar::EntryType::Directory] {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(0);
        builder.append_link(&mut header, "entry", "/etc/passwd").unwrap();
    }
    let found = open("x.tar", &builder.into_inner().unwrap());
    assert!(found.sources.is_empty() && found.notes.is_empty());

    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    writer.add_directory("folder", SimpleFileOptions::default()).unwrap();
    writer.add_symlink("link", "/etc/passwd", SimpleFileOptions::default()).unwrap();
    let found = open("x.zip", &writer.finish().unwrap().into_inner());
    assert!(found.sources.is_empty() && found.notes.is_empty());
}

#[test]
fn empty_archives_and_files_are_fine() {
    let cases = [(zip(&[]), 0), (tar(&[("empty", b"")]), 1), (gzip(b""), 1), (zstandard(b""), 1), (Vec::new(), 1)];
    for (bytes, sources) in cases {
        let found = open("x", &bytes);
        assert_eq!((found.sources.len(), found.notes.len()), (sources, 0), "{:?}", found.notes);
        assert!(found.texts.iter().all(Vec::is_empty));
    }
}
