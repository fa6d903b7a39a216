//! What the tests of inputs share: archives of every kind made in memory, and a visitor that keeps everything it is given.

#![allow(dead_code, reason = "each of the tests uses a part of it")]

use std::io::{self, BufRead, Cursor, Write};

use faultbook::source::{Budget, Limits, Note, NoteKind, Part, Progress, SourceName, Visit, read};
use lz4_flex::frame::{BlockMode, FrameEncoder, FrameInfo};
use lzma_rust2::{LzmaOptions, LzmaWriter, XzOptions, XzWriter};
use zip::write::SimpleFileOptions;

/// Keeps everything that is found.
#[derive(Default)]
pub struct Found {
    pub sources: Vec<SourceName>,
    pub texts: Vec<Vec<u8>>,
    pub notes: Vec<Note>,
    /// Stop reading each text after its first line.
    pub only_first_lines: bool,
}

impl Visit for Found {
    fn text(&mut self, source: &SourceName, reader: &mut dyn BufRead) -> io::Result<()> {
        let mut text = Vec::new();
        if self.only_first_lines {
            reader.read_until(b'\n', &mut text)?;
        } else {
            reader.read_to_end(&mut text)?;
        }
        self.sources.push(source.clone());
        self.texts.push(text);
        Ok(())
    }

    fn note(&mut self, note: Note) {
        self.notes.push(note);
    }
}

impl Found {
    /// Name and text of each source.
    pub fn told(&self) -> Vec<(&str, &str)> {
        let names = self.sources.iter().map(|source| source.name.as_str());
        names.zip(self.texts.iter().map(|text| std::str::from_utf8(text).unwrap())).collect()
    }

    pub fn paths(&self) -> Vec<&str> {
        self.sources.iter().map(|source| source.path.as_str()).collect()
    }

    pub fn kinds(&self) -> Vec<NoteKind> {
        self.notes.iter().map(|note| note.kind).collect()
    }
}

pub fn open_within(name: &str, bytes: &[u8], limits: &Limits) -> Found {
    let mut found = Found::default();
    read(Part::bytes(name, bytes), limits, &Budget::new(), &Progress::new(), &mut found);
    found
}

pub fn open(name: &str, bytes: &[u8]) -> Found {
    open_within(name, bytes, &Limits::default())
}

pub fn note(source: &str, kind: NoteKind, detail: &str) -> Note {
    Note::new(source, kind, detail)
}

pub fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mtime(1_700_000_000);
        builder.append_data(&mut header, name, *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

pub fn zip_with(members: &[(&str, &[u8])], options: SimpleFileOptions) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

pub fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    zip_with(members, SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated))
}

/// Writes a zip as a pipe would: sizes come after the data.
pub fn streamed_zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new_stream(Vec::new());
    for (name, bytes) in members {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub fn zstandard(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).unwrap()
}

/// Text that hardly compresses, so that half of the compressed bytes are half of the text.
pub fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let mut letter = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        b'!' + u8::try_from((state >> 33) % 90).unwrap()
    };
    (0..bytes).map(|at| if at % 80 == 79 { b'\n' } else { letter() }).collect()
}

pub fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = XzWriter::new(Vec::new(), XzOptions::with_preset(1)).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub fn lzma(bytes: &[u8]) -> Vec<u8> {
    let options = LzmaOptions::with_preset(1);
    let mut encoder = LzmaWriter::new_use_header(Vec::new(), &options, None).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub fn lz4(bytes: &[u8]) -> Vec<u8> {
    let info = FrameInfo::new().content_checksum(true).block_checksums(true).block_mode(BlockMode::Linked);
    let mut encoder = FrameEncoder::with_frame_info(info, Vec::new());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A way to compress, by name.
pub type Compress = (&'static str, fn(&[u8]) -> Vec<u8>);

/// Every compression there is.
pub const COMPRESSIONS: [Compress; 6] =
    [("gzip", gzip), ("bzip2", bzip2), ("xz", xz), ("lzma", lzma), ("zstd", zstandard), ("lz4", lz4)];

/// Writes an archive of ar as GNU does: names that are long or unusual are kept in a table.
pub fn ar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut names = String::new();
    let mut bodies = Vec::new();
    for (name, bytes) in members {
        let short = if name.len() < 16 && name.bytes().all(|byte| byte.is_ascii_graphic()) {
            format!("{name}/")
        } else {
            let place = format!("/{}", names.len());
            names += &format!("{name}/\n");
            place
        };
        bodies.push(ar_member(&short, bytes));
    }
    let table = if names.is_empty() { Vec::new() } else { ar_member("//", names.as_bytes()) };
    [b"!<arch>\n".to_vec(), table, bodies.concat()].concat()
}

/// Writes one member of an archive of ar.
pub fn ar_member(name: &str, bytes: &[u8]) -> Vec<u8> {
    let header = format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", 1_700_000_000, 0, 0, 100_644, bytes.len());
    let fill: &[u8] = if bytes.len() % 2 == 1 { b"\n" } else { b"" };
    [header.as_bytes(), bytes, fill].concat()
}

/// Writes an archive of cpio in its new form.
pub fn cpio(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive: Vec<u8> =
        members.iter().flat_map(|(name, bytes)| cpio_member(name, 0o100_644, 1, bytes)).collect();
    archive.extend(cpio_member("TRAILER!!!", 0, 1, b""));
    archive.resize(archive.len().next_multiple_of(512), 0);
    archive
}

/// Writes one member of an archive of cpio in its new form.
pub fn cpio_member(name: &str, mode: u32, links: u32, bytes: &[u8]) -> Vec<u8> {
    let numbers = [1, mode, 0, 0, links, 1_700_000_000, bytes.len() as u32, 0, 0, 0, 0, name.len() as u32 + 1, 0];
    let digits: String = numbers.iter().map(|number| format!("{number:08X}")).collect();
    let mut member = format!("070701{digits}{name}\0").into_bytes();
    member.resize(member.len().next_multiple_of(4), 0);
    member.extend_from_slice(bytes);
    member.resize(member.len().next_multiple_of(4), 0);
    member
}

/// Writes an archive of cpio in its portable form.
pub fn old_cpio(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = Vec::new();
    for (name, bytes) in members.iter().chain([&("TRAILER!!!", &b""[..])]) {
        let mode = if *name == "TRAILER!!!" { 0 } else { 0o100_644 };
        let (name_length, time) = (name.len() + 1, 1_700_000_000);
        let zeros = "000000";
        archive.extend(
            format!(
                "070707{zeros}{zeros}{mode:06o}{zeros}{zeros}000001{zeros}{time:011o}{name_length:06o}{:011o}{name}\0",
                bytes.len()
            )
            .into_bytes(),
        );
        archive.extend_from_slice(bytes);
    }
    archive
}

/// One step of a 7z folder: method, properties, and how many bytes it yields.
pub type Step<'s> = (&'s [u8], &'s [u8], u64);

/// Writes a 7z archive with one folder, whose packed data and steps are given in the order of decoding.
pub fn seven_zip_with(members: &[(&str, &[u8])], packed: &[u8], steps: &[Step<'_>]) -> Vec<u8> {
    let mut header = vec![1, 4, 6, 0, 1, 9];
    header.extend(number(packed.len() as u64));
    header.extend([0, 7, 0x0b, 1, 0, steps.len() as u8]);
    for (method, properties, _) in steps {
        header.push(method.len() as u8 | if properties.is_empty() { 0 } else { 0x20 });
        header.extend_from_slice(method);
        if !properties.is_empty() {
            header.push(properties.len() as u8);
            header.extend_from_slice(properties);
        }
    }
    // The input of each step is the output of the one before.
    header.extend((1..steps.len() as u8).flat_map(|step| [step, step - 1]));
    header.push(0x0c);
    header.extend(steps.iter().flat_map(|(_, _, size)| number(*size)));
    header.extend([0, 8, 0x0d]);
    header.extend(number(members.len() as u64));
    header.push(9);
    header.extend(members.iter().rev().skip(1).rev().flat_map(|(_, bytes)| number(bytes.len() as u64)));
    header.extend([0x0a, 1]);
    header.extend(members.iter().flat_map(|(_, bytes)| crc(bytes).to_le_bytes()));
    header.extend([0, 0, 5]);
    header.extend(number(members.len() as u64));
    let names: Vec<u8> =
        members.iter().flat_map(|(name, _)| name.encode_utf16().chain([0]).flat_map(u16::to_le_bytes)).collect();
    header.push(0x11);
    header.extend(number(names.len() as u64 + 1));
    header.push(0);
    header.extend(names);
    header.extend([0, 0]);
    seven_zip_around(packed, &header)
}

/// Puts the start of a 7z archive in front of its packed data and its header.
pub fn seven_zip_around(packed: &[u8], header: &[u8]) -> Vec<u8> {
    let place = [(packed.len() as u64).to_le_bytes(), (header.len() as u64).to_le_bytes()].concat();
    let place = [place, crc(header).to_le_bytes().to_vec()].concat();
    [b"7z\xbc\xaf\x27\x1c\0\x04", &crc(&place).to_le_bytes()[..], &place, packed, header].concat()
}

/// Writes a 7z archive of which all members are packed together with lzma.
pub fn seven_zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let plain = members.iter().map(|(_, bytes)| *bytes).collect::<Vec<_>>().concat();
    let packed = lzma(&plain);
    seven_zip_with(members, &packed[13..], &[(&[3, 1, 1], &packed[..5], plain.len() as u64)])
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// Writes a number as 7z does, in its longest form.
fn number(number: u64) -> Vec<u8> {
    [&[0xff][..], &number.to_le_bytes()].concat()
}

/// A way to pack members, by name.
pub type Pack = (&'static str, fn(&[(&str, &[u8])]) -> Vec<u8>);

/// Every archive there is.
pub const ARCHIVES: [Pack; 7] = [
    ("tar", tar),
    ("zip", zip),
    ("streamed zip", streamed_zip),
    ("7z", seven_zip),
    ("ar", ar),
    ("cpio", cpio),
    ("old cpio", old_cpio),
];
