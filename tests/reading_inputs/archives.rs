//! Every archive and every compression.
//!
//! The archives in `tests/data/seven_zip` were written by programs that share nothing with our reader: one for each method of
//! 7z by the crate sevenz-rust2, and `py7zr.7z`, whose header is packed, by py7zr.

use faultbook::source::NoteKind;

use zip::write::SimpleFileOptions;

use crate::pack::{
    ARCHIVES, COMPRESSIONS, ar, ar_member, bzip2, cpio, cpio_member, gzip, lz4, noise, note, open, seven_zip, tar, xz,
    zip_with, zstandard,
};

#[test]
fn archives_of_every_kind_are_opened_within_every_compression() {
    let text = noise(20_000);
    for (kind, pack) in ARCHIVES {
        let archive = pack(&[("logs/a.log", b"first\n"), ("a-name-that-is-longer-than-others.log", &text)]);
        let found = open("x", &archive);
        let paths = ["logs/a.log", "a-name-that-is-longer-than-others.log"];
        assert_eq!((found.paths(), &found.notes), (paths.to_vec(), &vec![]), "{kind}");
        assert_eq!(found.texts, [b"first\n".as_slice(), &text], "{kind}");
        for (compression, compress) in COMPRESSIONS {
            let found = open("x", &compress(&archive));
            assert_eq!((found.texts.len(), found.notes), (2, vec![]), "{kind} in {compression}");
        }
    }
}

#[test]
fn archives_lie_within_each_other() {
    for (outer, pack) in ARCHIVES {
        for (inner, pack_inner) in ARCHIVES {
            let inner_archive = pack_inner(&[("deep.log", b"deep\n")]);
            let found = open("x", &pack(&[("i", &inner_archive), ("after.log", b"after\n")]));
            let told = [("x::i::deep.log", "deep\n"), ("x::after.log", "after\n")];
            assert_eq!((found.told(), &found.notes), (told.to_vec(), &vec![]), "{inner} in {outer}");
        }
    }
}

#[test]
fn what_follows_the_first_member_of_a_stream_is_read() {
    for (name, compress) in COMPRESSIONS.into_iter().filter(|(name, _)| *name != "lzma") {
        let found = open("x", &[compress(b"one\n"), compress(b"two\n"), compress(b"three\n")].concat());
        assert_eq!((found.told(), &found.notes), (vec![("x", "one\ntwo\nthree\n")], &vec![]), "{name}");
    }
}

#[test]
fn every_truncated_stream_keeps_what_came_before() {
    let text = noise(300_000);
    for (name, compress) in COMPRESSIONS {
        let packed = compress(&text);
        let found = open("x", &packed[..packed.len() / 2]);
        assert_eq!(found.kinds(), [NoteKind::Truncated], "{name}");
        let kept = found.texts[0].len();
        // bzip2 decodes blocks of 100,000 bytes as a whole, xz chunks of 64 KiB before decoding.
        assert!(text.starts_with(&found.texts[0]) && (60_000..200_000).contains(&kept), "{name}: {kept}");
    }
}

#[test]
fn frames_of_lz4_in_every_form_are_read() {
    use lz4_flex::frame::{BlockMode, BlockSize, FrameEncoder, FrameInfo};
    let text = noise(300_000);
    for mode in [BlockMode::Independent, BlockMode::Linked] {
        for size in [BlockSize::Max64KB, BlockSize::Max256KB, BlockSize::Max4MB] {
            for checksums in [false, true] {
                let info = FrameInfo::new().block_mode(mode).block_size(size).block_checksums(checksums);
                let info = info.content_checksum(checksums).content_size(checksums.then_some(text.len() as u64));
                let mut encoder = FrameEncoder::with_frame_info(info, Vec::new());
                std::io::Write::write_all(&mut encoder, &text).unwrap();
                let mut bytes = encoder.finish().unwrap();
                let found = open("x", &bytes);
                assert_eq!((&found.texts[0], &found.notes), (&text, &vec![]), "{mode:?} {size:?} {checksums}");
                let middle = bytes.len() / 2;
                bytes[middle] ^= 0x55;
                let found = open("x", &bytes);
                assert!(!checksums || found.kinds() == [NoteKind::Damaged], "{mode:?} {size:?}");
            }
        }
    }
}

#[test]
fn lz4_in_its_older_form_is_read() {
    let block = |text: &[u8]| {
        let packed = lz4_flex::block::compress(text);
        [&(packed.len() as u32).to_le_bytes()[..], &packed].concat()
    };
    let stream = |texts: &[&[u8]]| {
        let blocks: Vec<u8> = texts.iter().flat_map(|text| block(text)).collect();
        [b"\x02\x21\x4c\x18".to_vec(), blocks].concat()
    };
    let bytes = [stream(&[b"one\n", b"two\n"]), stream(&[b"three\n"]), lz4(b"four\n")].concat();
    let found = open("x", &bytes);
    assert_eq!((found.told(), &found.notes), (vec![("x", "one\ntwo\nthree\nfour\n")], &vec![]));
}

#[test]
fn a_skippable_frame_may_come_first() {
    let skippable = b"\x50\x2a\x4d\x18\x03\0\0\0abc".to_vec();
    for frame in [zstandard(b"text\n"), lz4(b"text\n")] {
        let found = open("x", &[skippable.clone(), frame, skippable.clone()].concat());
        assert_eq!((found.told(), &found.notes), (vec![("x", "text\n")], &vec![]));
    }
}

#[test]
fn a_window_beyond_the_limit_is_noted() {
    let frame = b"\x28\xb5\x2f\xfd\0\x90\x0b\0\0a";
    let detail = "stopped after 0 bytes: the rest needs a window of more than 128.0 MiB";
    assert_eq!(open("x.zst", frame).notes, [note("x.zst", NoteKind::Limit, detail)]);
    let lzma = [&b"\x5d\0\0\0\x10"[..], &[0xff; 8], &[0; 8]].concat();
    assert_eq!(open("x.lzma", &lzma).notes, [note("x.lzma", NoteKind::Limit, detail)]);
    // A window of 192 MiB in the header of an xz block, whose checksum must be right.
    let mut packed = xz(b"text\n");
    let header = 12..12 + (usize::from(packed[12]) + 1) * 4;
    packed[header.start + 4] = 33;
    let sum = crc(&packed[header.start..header.end - 4]);
    packed[header.end - 4..header.end].copy_from_slice(&sum.to_le_bytes());
    assert_eq!(open("x.xz", &packed).notes, [note("x.xz", NoteKind::Limit, detail)]);
}

#[test]
fn a_package_of_debian_is_opened_to_its_files() {
    let control = tar(&[("./control", b"Package: faultbook\n")]);
    let data = tar(&[("./usr/share/doc/faultbook/changelog", b"changes\n")]);
    for (ending, packed) in [("xz", xz(&data)), ("zst", zstandard(&data)), ("gz", gzip(&data)), ("bz2", bzip2(&data))] {
        let name = format!("data.tar.{ending}");
        let package = ar(&[("debian-binary", b"2.0\n"), ("control.tar.xz", &xz(&control)), (name.as_str(), &packed)]);
        let found = open("f.deb", &package);
        let last = format!("{name}::usr/share/doc/faultbook/changelog");
        assert_eq!(found.paths(), ["debian-binary", "control.tar.xz::control", &last]);
        assert_eq!(found.notes, []);
    }
}

#[test]
fn names_in_front_of_their_data_and_tables_of_symbols_are_understood() {
    let bytes = [
        b"!<arch>\n".to_vec(),
        ar_member("/", b"\0\0\0\x01symbols"),
        ar_member("__.SYMDEF SORTED", b"symbols"),
        ar_member("#1/20", b"a long name.log\0\0\0\0\0text\n"),
        ar_member("plain.log", b"plain\n"),
    ];
    let found = open("x.a", &bytes.concat());
    assert_eq!(found.told(), [("x.a::a long name.log", "text\n"), ("x.a::plain.log", "plain\n")]);
    assert_eq!(found.sources[0].modified.unwrap().as_second(), 1_700_000_000);
    assert_eq!(found.notes, []);
}

#[test]
fn only_files_of_a_cpio_are_opened_and_archives_may_follow() {
    let members = [
        cpio_member("folder", 0o040_755, 2, b""),
        cpio_member("link", 0o120_777, 1, b"/etc/passwd"),
        cpio_member("device", 0o020_600, 1, b""),
        cpio_member("first-name", 0o100_644, 2, b""),
        cpio_member("second-name", 0o100_644, 2, b"text\n"),
        cpio_member("TRAILER!!!", 0, 1, b""),
        vec![0; 200],
        cpio(&[("b.log", b"b\n")]),
    ];
    let found = open("x.cpio", &members.concat());
    assert_eq!(found.told(), [("x.cpio::second-name", "text\n"), ("x.cpio::b.log", "b\n")]);
    assert_eq!(found.sources[0].modified.unwrap().as_second(), 1_700_000_000);
    assert_eq!(found.notes, []);
    let found = open("x.cpio", &[members.concat(), gzip(b"more")].concat());
    assert_eq!((found.texts.len(), found.kinds()), (2, vec![NoteKind::Damaged]));
}

#[test]
fn zips_may_use_bzip2_lzma_and_xz() {
    let text = noise(5_000);
    let packed = crate::pack::lzma(&text);
    let in_zip = [b"\x13\x04\x05\0", &packed[..5], &packed[13..]].concat();
    for (method, packed) in [(12, bzip2(&text)), (14, in_zip), (95, xz(&text))] {
        let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        let mut archive = zip_with(&[("a.log", &packed)], options);
        let directory = archive.windows(4).rposition(|four| four == b"PK\x01\x02").unwrap();
        for header in [0, directory + 2] {
            archive[header + 8] = method;
            archive[header + 14..header + 18].copy_from_slice(&crc(&text).to_le_bytes());
            archive[header + 22..header + 26].copy_from_slice(&(text.len() as u32).to_le_bytes());
        }
        let found = open("x.zip", &archive);
        assert_eq!((&found.texts, &found.notes), (&vec![text.clone()], &vec![]), "method {method}");
        let cut = open("x.zip", &archive[..2_000]);
        assert!(cut.notes.iter().any(|note| note.kind == NoteKind::Truncated), "method {method}: {:?}", cut.notes);
    }
}

/// Blocks of a byte each, packed and not by turns: the work is that of the bytes, not that of the largest block.
#[test]
fn many_small_blocks_of_lz4_are_as_fast_as_a_few_large_ones() {
    use lz4_flex::frame::{BlockSize, FrameEncoder, FrameInfo};
    let info = FrameInfo::new().block_size(BlockSize::Max4MB);
    let mut bytes = FrameEncoder::with_frame_info(info, Vec::new()).finish().unwrap();
    bytes.truncate(7);
    for _ in 0..20_000 {
        bytes.extend(b"\x01\0\0\x80a\x02\0\0\0\x10\n");
    }
    bytes.extend([0; 4]);
    let begin = std::time::Instant::now();
    let found = open("x.lz4", &bytes);
    assert_eq!((found.texts[0].len(), &found.notes), (40_000, &vec![]));
    assert!(begin.elapsed().as_secs() < 10, "{:?}", begin.elapsed());
}

fn example(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/data/seven_zip/{name}.7z", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[test]
fn every_method_of_7z_is_read() {
    for method in ["copy", "lzma", "lzma2", "bzip2", "deflate", "zstd", "bcj", "delta"] {
        let found = open("x.7z", &example(method));
        assert_eq!(found.notes, [], "{method}");
        assert_eq!(found.paths(), ["logs/größe.log", "logs/b.log", "logs/empty.log", "c.log"], "{method}");
        assert!(found.texts[0].starts_with(b"2026-01-02 03:04:05 line 0 of some log\n"), "{method}");
        assert_eq!((found.texts[2].len(), found.texts[3].as_slice()), (0, &b"alone\n"[..]), "{method}");
        assert_eq!(found.sources[0].modified.unwrap().as_second(), 1_700_000_000, "{method}");
    }
}

#[test]
fn a_7z_with_a_packed_header_and_a_link_is_read() {
    let found = open("x.7z", &example("py7zr"));
    assert_eq!(found.told(), [("x.7z::logs/a.log", "one\n"), ("x.7z::logs/empty.log", "")]);
    assert_eq!(found.notes, []);
}

#[test]
fn what_cannot_be_read_of_a_7z_is_noted() {
    let detail = "PPMd compression is not supported: 3 members, the first is `logs/größe.log`";
    assert_eq!(open("x.7z", &example("ppmd")).notes, [note("x.7z", NoteKind::Unsupported, detail)]);
    assert_eq!(open("x.7z", &example("aes")).kinds(), [NoteKind::Encrypted]);
    let whole = example("lzma");
    let detail = "truncated: there is no header at the end";
    assert_eq!(open("x.7z", &whole[..whole.len() - 1]).notes, [note("x.7z", NoteKind::Truncated, detail)]);
    let mut damaged = whole;
    damaged[60] ^= 1;
    assert!(open("x.7z", &damaged).kinds().contains(&NoteKind::Damaged));
}

#[test]
fn a_7z_whose_window_is_beyond_the_limit_is_noted() {
    let packed = crate::pack::lzma(b"text\n");
    let open_with = |dictionary: u32| {
        let properties = [&packed[..1], &dictionary.to_le_bytes()].concat();
        let bytes =
            crate::pack::seven_zip_with(&[("a.log", b"text\n")], &packed[13..], &[(&[3, 1, 1], &properties, 5)]);
        open("x.7z", &bytes)
    };
    assert_eq!(open_with(128 << 20).told(), [("x.7z::a.log", "text\n")]);
    let detail = "needs a window of more than 128.0 MiB";
    assert_eq!(open_with((128 << 20) + 1).notes, [note("x.7z::a.log", NoteKind::Limit, detail)]);
}

#[test]
fn a_7z_member_whose_checksum_differs_is_kept_and_noted() {
    let mut bytes = seven_zip(&[("a.log", b"text\n"), ("b.log", b"b\n")]);
    // Both the checksum of the member and that of the header, which is made anew by taking the start apart.
    let header = bytes.len() - u64::from_le_bytes(bytes[20..28].try_into().unwrap()) as usize;
    let sum = crc(b"text\n").to_le_bytes();
    let at = header + bytes[header..].windows(4).position(|four| four == sum).unwrap();
    bytes[at] ^= 1;
    let sum = crc(&bytes[header..]).to_le_bytes();
    bytes[28..32].copy_from_slice(&sum);
    let sum = crc(&bytes[12..32]).to_le_bytes();
    bytes[8..12].copy_from_slice(&sum);
    let found = open("x.7z", &bytes);
    assert_eq!(found.told(), [("x.7z::a.log", "text\n"), ("x.7z::b.log", "b\n")]);
    assert_eq!(found.notes, [note("x.7z::a.log", NoteKind::Damaged, "damaged: the checksum differs")]);
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}
