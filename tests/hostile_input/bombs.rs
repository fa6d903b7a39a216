//! Small inputs that would become large ones.

use faultbook::source::{Limits, NoteKind};

use crate::pack::{ARCHIVES, COMPRESSIONS, Found, gzip, lzma, note, open, open_within, seven_zip_with, tar, zip};

/// Limits that are reached quickly even by a decoder that was built without optimisation.
fn limits() -> Limits {
    Limits { ratio_floor: 100_000, ratio: 20, ..Limits::default() }
}

/// At most what the limits let through: their floor, or the ratio, and one step of a decoder.
fn assert_bounded(found: &Found, packed: usize, what: &str) {
    let bytes: usize = found.texts.iter().map(Vec::len).sum();
    assert!(bytes <= 100_000.max(20 * packed) + 8192, "{what}: {bytes} bytes of {packed}");
}

#[test]
fn a_bomb_of_every_compression_is_stopped_and_noted_once() {
    for (name, compress) in COMPRESSIONS {
        for plain in [vec![0; 400_000], b"a line of text\n".repeat(27_000)] {
            let bomb = compress(&plain);
            let found = open_within("bomb", &bomb, &limits());
            assert_eq!(found.kinds(), [NoteKind::Limit], "{name}: {:?}", found.notes);
            assert_bounded(&found, bomb.len(), name);
        }
    }
}

#[test]
fn a_bomb_in_every_archive_leaves_the_other_members_readable() {
    let bomb = gzip(&b"a line of text\n".repeat(70_000));
    for (name, pack) in ARCHIVES {
        let archive = pack(&[("bomb.gz", &bomb), ("a.log", b"text\n")]);
        let found = open_within("x", &archive, &limits());
        assert_eq!(found.texts.last().unwrap(), b"text\n", "{name}");
        assert_eq!(found.kinds(), [NoteKind::Limit], "{name}: {:?}", found.notes);
        assert_bounded(&found, archive.len(), name);
    }
}

#[test]
fn a_bomb_that_is_a_folder_of_a_7z_is_stopped() {
    let plain = b"a line of text\n".repeat(70_000);
    let (first, second) = plain.split_at(200_000);
    let packed = lzma(&plain);
    let steps: [(&[u8], &[u8], u64); 1] = [(&[3, 1, 1], &packed[..5], plain.len() as u64)];
    let bomb = seven_zip_with(&[("a.log", first), ("b.log", second)], &packed[13..], &steps);
    let found = open_within("x.7z", &bomb, &limits());
    assert_eq!(found.kinds(), [NoteKind::Limit], "{:?}", found.notes);
    assert_bounded(&found, bomb.len(), "7z");
}

#[test]
fn nothing_is_opened_beyond_the_depth_however_it_is_nested() {
    for (name, compress) in COMPRESSIONS {
        let bytes = (0..20).fold(b"text\n".to_vec(), |bytes, _| compress(&bytes));
        let found = open("x", &bytes);
        assert_eq!((found.texts.len(), found.kinds()), (0, vec![NoteKind::Limit]), "{name}");
    }
    for (name, pack) in ARCHIVES {
        let nested = |depth: usize| (0..depth).fold(b"text\n".to_vec(), |bytes, _| pack(&[("n", &bytes)]));
        assert_eq!(open("x", &nested(5)).told(), [("x::n::n::n::n::n", "text\n")], "{name}");
        let found = open("x", &nested(12));
        let detail = "not opened: within 5 other archives already";
        assert_eq!(found.notes, [note("x::n::n::n::n::n", NoteKind::Limit, detail)], "{name}");
        assert!(found.texts.is_empty(), "{name}");
    }
}

/// Three of the same in each, eight levels deep.
#[test]
fn a_tree_of_archives_is_pruned_at_the_depth() {
    let tree = (0..8).fold(b"text\n".to_vec(), |bytes, _| {
        let packed = gzip(&bytes);
        let names: Vec<String> = (0..3).map(|number| format!("{number}.gz")).collect();
        let members: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), packed.as_slice())).collect();
        zip(&members)
    });
    let found = open("x.zip", &tree);
    assert_eq!((found.texts.len(), found.kinds()), (0, vec![NoteKind::Limit]));
}

/// What a file that contains itself looks like as far as anybody can see: the same header again and again, two thousand deep.
#[test]
fn a_gzip_that_seems_to_contain_itself_is_left_at_the_depth() {
    let header = b"\x1f\x8b\x08\0\0\0\0\0\0\xff";
    let mut bytes = Vec::new();
    for _ in 0..2_000 {
        let length = u16::try_from(bytes.len()).unwrap();
        let block = [&[1][..], &length.to_le_bytes(), &(!length).to_le_bytes()].concat();
        bytes = [header.as_slice(), &block, &bytes].concat();
    }
    let found = open("x.gz", &bytes);
    assert!(found.texts.is_empty());
    assert!(found.kinds().contains(&NoteKind::Limit), "{:?}", found.notes);
}

#[test]
fn the_budget_of_a_case_counts_every_layer_of_every_format() {
    let text = crate::pack::noise(30_000);
    for (name, compress) in COMPRESSIONS {
        let bytes = tar(&[("a", &compress(&text)), ("b", &compress(&text)), ("c", &compress(&text))]);
        let found = open_within("x.tar", &bytes, &Limits { total_bytes: 40_000, ..Limits::default() });
        assert_eq!(found.texts.iter().map(Vec::len).sum::<usize>(), 40_000, "{name}");
        assert_eq!(found.kinds(), [NoteKind::Limit], "{name}");
    }
}
