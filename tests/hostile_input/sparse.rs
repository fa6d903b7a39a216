//! Files with holes, which a tar stores without them.

use faultbook::source::{Limits, NoteKind};

use crate::pack::{noise, note, open, open_within, tar};

fn pax(records: &[(&str, &str)]) -> Vec<u8> {
    let mut body = String::new();
    for (key, value) in records {
        let rest = format!(" {key}={value}\n");
        let length = (rest.len() + 1..).find(|length| length.to_string().len() + rest.len() == *length).unwrap();
        body += &format!("{length}{rest}");
    }
    entry("PaxHeaders/x", tar::EntryType::XHeader, body.as_bytes())
}

fn entry(name: &str, kind: tar::EntryType, bytes: &[u8]) -> Vec<u8> {
    let mut header = tar::Header::new_ustar();
    header.set_path(name).unwrap();
    header.set_entry_type(kind);
    header.set_size(bytes.len() as u64);
    header.set_cksum();
    let mut entry = [header.as_bytes(), bytes].concat();
    entry.resize(entry.len().next_multiple_of(512), 0);
    entry
}

/// The form that GNU tar writes by default: a map in front of the data.
fn sparse(map: &str, data: &[u8], real_size: &str) -> Vec<u8> {
    let mut bytes = map.as_bytes().to_vec();
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes.extend_from_slice(data);
    let records = [
        ("GNU.sparse.major", "1"),
        ("GNU.sparse.minor", "0"),
        ("GNU.sparse.name", "logs/holes.log"),
        ("GNU.sparse.realsize", real_size),
    ];
    let after = tar(&[("after.log", b"after\n")]);
    [pax(&records), entry("GNUSparseFile.1/holes.log", tar::EntryType::Regular, &bytes), after].concat()
}

#[test]
fn a_file_with_holes_is_read_as_it_was() {
    let bytes = sparse("3\n0\n6\n4096\n5\n5000\n0\n", b"first\nlast\n", "5000");
    let found = open("x.tar", &bytes);
    assert_eq!(found.paths(), ["logs/holes.log", "after.log"]);
    assert_eq!(found.notes, []);
    let text = &found.texts[0];
    assert_eq!((text.len(), &text[..6], &text[4096..4101]), (5000, &b"first\n"[..], &b"last\n"[..]));
    assert!(text[6..4096].iter().chain(&text[4101..]).all(|byte| *byte == 0));
}

#[test]
fn a_map_that_contradicts_itself_is_noted_and_the_next_member_read() {
    for map in [
        "",
        "x\n",
        "2\n0\n6\n",
        "2\n10\n6\n0\n5\n",
        "1\n0\n-6\n",
        "99999999999999999999\n",
        "1\n0\n99\n",
        "1\n18446744073709551615\n6\n",
    ] {
        let found = open("x.tar", &sparse(map, b"first\nlast\n", "5000"));
        assert_eq!(found.texts.last().map(Vec::as_slice), Some(&b"after\n"[..]), "{map:?}");
        assert_eq!(found.kinds(), [NoteKind::Damaged], "{map:?}: {:?}", found.notes);
    }
}

#[test]
fn a_map_without_end_does_not_fill_the_memory() {
    let map = format!("100000\n{}", "0\n0\n".repeat(100_000));
    let found = open("x.tar", &sparse(&map, b"", "0"));
    assert_eq!(found.texts.last().map(Vec::as_slice), Some(&b"after\n"[..]));
    let detail = "damaged: its map of holes is larger than 256.0 KiB";
    assert_eq!(found.notes, [note("x.tar::logs/holes.log", NoteKind::Damaged, detail)]);
}

#[test]
fn holes_count_like_anything_decoded() {
    let limits = Limits { ratio_floor: 10_000, ratio: 100, ..Limits::default() };
    let bytes = sparse("2\n0\n512\n1099511627776\n0\n", &noise(512), "1099511627776");
    let found = open_within("x.tar", &bytes, &limits);
    assert_eq!(found.kinds(), [NoteKind::Limit]);
    assert!(found.texts[0].starts_with(&noise(512)) && found.texts[0].len() < 300_000);
    assert_eq!(found.texts[1], b"after\n");
}
