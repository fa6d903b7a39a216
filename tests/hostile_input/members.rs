//! Very many members, names that would lead elsewhere, and members that are no files.

use std::io::{self, Read};

use faultbook::source::{Budget, Limits, NoteKind, Part, Progress, read};

use crate::pack::{ARCHIVES, Found, ar, ar_member, cpio_member, note, open, seven_zip_with, zip};

/// A tar of empty members that is written as it is read.
struct Endless {
    left: u64,
    header: Vec<u8>,
    at: usize,
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut count = 0;
        while count < buffer.len() && self.left > 0 {
            let part = &self.header[self.at..];
            let length = part.len().min(buffer.len() - count);
            buffer[count..count + length].copy_from_slice(&part[..length]);
            count += length;
            self.at = (self.at + length) % self.header.len();
            self.left -= u64::from(self.at == 0);
        }
        Ok(count)
    }
}

fn endless(kind: tar::EntryType, count: u64) -> Part {
    let mut header = tar::Header::new_ustar();
    header.set_path("empty.log").unwrap();
    header.set_entry_type(kind);
    header.set_size(0);
    header.set_cksum();
    Part::reader("x.tar", Endless { left: count, header: header.as_bytes().to_vec(), at: 0 })
}

#[test]
fn members_beyond_the_limit_are_not_opened() {
    let mut found = Found::default();
    let part = endless(tar::EntryType::Regular, 250_000);
    read(part, &Limits::default(), &Budget::new(), &Progress::new(), &mut found);
    assert_eq!(found.texts.len(), 200_000);
    let detail = "stopped after 200000 members, the limit for a case";
    assert_eq!(found.notes, [note("x.tar", NoteKind::Limit, detail)]);
}

#[test]
fn members_that_are_no_files_pass_without_being_kept() {
    let mut found = Found::default();
    let part = endless(tar::EntryType::Symlink, 50_000);
    read(part, &Limits::default(), &Budget::new(), &Progress::new(), &mut found);
    assert_eq!((found.texts.len(), found.notes.len()), (0, 0));
}

#[test]
fn a_count_that_is_not_true_takes_no_memory() {
    // A 7z that claims 2^20 - 1 files, folders and streams, and one that claims more than are believed.
    for count in [(1 << 20) - 1, (1 << 20) + 1, u64::MAX] {
        let number = [&[0xff][..], &count.to_le_bytes()].concat();
        for header in [
            [&[1, 5][..], &number, &[0, 0]].concat(),
            [&[1, 4, 6, 0][..], &number, &[9]].concat(),
            [&[1, 4, 6, 0, 0, 0, 7, 0x0b][..], &number, &[0]].concat(),
            [&[1, 4, 6, 0, 1, 9, 0, 0, 7, 0x0b, 1, 0, 1, 1, 0, 0x0c, 0, 0, 8, 0x0d][..], &number, &[0, 0]].concat(),
        ] {
            let found = open("x.7z", &crate::pack::seven_zip_around(b"", &header));
            assert!(found.texts.is_empty() && found.notes.len() <= 1, "{:?}", found.notes);
        }
    }
}

#[test]
fn names_are_never_paths_to_anywhere() {
    let folder = tempfile::tempdir().unwrap();
    let absolute = folder.path().join("escaped.log").to_str().unwrap().to_owned();
    let names =
        ["../../../../../../tmp/escaped.log", &absolute, "a/../../b.log", "..", "C:\\escaped.log", "\x1b[2J\u{202e}"];
    for (kind, pack) in ARCHIVES {
        // The crate that writes a tar refuses what a hostile one would contain; so does a zip what it finds twice.
        if kind == "tar" {
            continue;
        }
        let members: Vec<(&str, &[u8])> = names.iter().map(|name| (*name, &b"text\n"[..])).collect();
        let found = open("x", &pack(&members));
        assert_eq!((found.texts.len(), found.notes.len()), (names.len(), 0), "{kind}: {:?}", found.notes);
        assert!(found.sources.iter().all(|source| source.name.starts_with("x::")), "{kind}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_tar_with_names_that_lead_elsewhere_is_read() {
    let header = |name: &[u8]| {
        let mut header = tar::Header::new_old();
        header.as_mut_bytes()[..name.len()].copy_from_slice(name);
        header.set_size(0);
        header.set_cksum();
        header.as_bytes().to_vec()
    };
    let bytes = [header(b"../../etc/passwd"), header(b"/etc/shadow"), header(b"caf\xe9/\xff.log")].concat();
    let found = open("x.tar", &bytes);
    assert_eq!(found.paths(), ["../../etc/passwd", "/etc/shadow", "caf\u{fffd}/\u{fffd}.log"]);
    assert_eq!(found.notes, []);
}

#[test]
fn very_long_names_are_cut_and_noted() {
    let long = "directory/".repeat(500) + "a.log";
    for (kind, pack) in ARCHIVES {
        let found = open("x", &pack(&[(&long, b"a\n"), ("b.log", b"b\n")]));
        assert_eq!(found.texts, [b"a\n", b"b\n"], "{kind}");
        assert_eq!(found.paths()[0].len(), 4096, "{kind}");
        assert_eq!(found.kinds(), [NoteKind::Limit], "{kind}");
    }
}

#[test]
fn names_that_are_not_unicode_are_shown_as_far_as_they_can_be() {
    let mut archives = vec![
        [b"!<arch>\n".to_vec(), ar_member("caf?.log/", b"a\n")].concat(),
        [cpio_member("caf?.log", 0o100_644, 1, b"a\n"), cpio_member("TRAILER!!!", 0, 1, b"")].concat(),
        zip(&[("caf?.log", b"a\n")]),
    ];
    for archive in &mut archives {
        archive.iter_mut().filter(|byte| **byte == b'?').for_each(|byte| *byte = 0xe9);
        let found = open("x", archive);
        assert_eq!((found.paths(), &found.notes), (vec!["caf\u{fffd}.log"], &vec![]));
    }
    // Half of a pair in UTF-16.
    let mut archive = crate::pack::seven_zip(&[("caf?.log", b"a\n")]);
    let length = usize::try_from(u64::from_le_bytes(archive[20..28].try_into().unwrap())).unwrap();
    let at = archive.len() - length;
    let (rest, header) = archive.split_at_mut(at);
    let at = header.windows(2).position(|pair| pair == b"?\0").unwrap();
    header[at..at + 2].copy_from_slice(&[0, 0xd8]);
    let found = open("x", &crate::pack::seven_zip_around(&rest[32..], header));
    assert_eq!((found.paths(), &found.notes), (vec!["caf\u{fffd}.log"], &vec![]));
}

#[test]
fn a_device_in_a_cpio_is_not_opened() {
    let kinds = [0o010_644, 0o020_644, 0o040_755, 0o060_644, 0o120_777, 0o140_777];
    let mut bytes: Vec<u8> = kinds.iter().flat_map(|mode| cpio_member("/dev/zero", *mode, 1, b"")).collect();
    bytes.extend(cpio_member("a.log", 0o100_644, 1, b"a\n"));
    bytes.extend(cpio_member("TRAILER!!!", 0, 1, b""));
    let found = open("x", &bytes);
    assert_eq!((found.told(), &found.notes), (vec![("x::a.log", "a\n")], &vec![]));
}

#[test]
fn offsets_in_a_table_of_names_may_lead_nowhere() {
    for place in ["/0", "/7", "/99999999999999", "/-1", "#1/", "#1/99999999", "#1/-3", "/ 3"] {
        let bytes = [b"!<arch>\n".to_vec(), ar_member("//", b"a.log/\n"), ar_member(place, b"text\n")].concat();
        assert_eq!(open("x", &bytes).texts.len(), 1, "{place}");
    }
    assert_eq!(open("x", &ar(&[("a name with blanks", b"text\n")])).paths(), ["a name with blanks"]);
}

#[test]
fn members_of_a_7z_that_claim_too_much_end_where_the_data_does() {
    let members: [(&str, &[u8]); 2] = [("a.log", b"text\n"), ("b.log", b"more\n")];
    let found = open("x.7z", &seven_zip_with(&members, b"text\nmo", &[(&[0], &[], 10)]));
    assert_eq!(found.told(), [("x.7z::a.log", "text\n"), ("x.7z::b.log", "mo")]);
    assert_eq!(found.kinds(), [NoteKind::Truncated]);
    // Sizes whose sum is no number.
    let found = open("x.7z", &seven_zip_with(&members, b"text\nmore\n", &[(&[0], &[], u64::MAX)]));
    assert!(found.notes.len() <= 2 && found.texts.len() <= 2, "{:?}", found.notes);
}
