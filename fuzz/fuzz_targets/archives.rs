//! Whatever the bytes are, reading them ends, keeps its limits, and does not depend on how much of each text is read.

#![no_main]

use std::io::{self, BufRead};

use faultbook::source::{Budget, Limits, Note, NoteKind, Part, Progress, SourceName, Visit, read};
use libfuzzer_sys::fuzz_target;

/// Keeps everything that is found.
#[derive(Default)]
struct Found {
    sources: Vec<SourceName>,
    texts: Vec<Vec<u8>>,
    notes: Vec<Note>,
    only_first_lines: bool,
}

impl Visit for Found {
    fn text(&mut self, source: &SourceName, reader: &mut dyn BufRead) -> io::Result<()> {
        let mut text = Vec::new();
        match self.only_first_lines {
            true => reader.read_until(b'\n', &mut text)?,
            false => reader.read_to_end(&mut text)?,
        };
        self.sources.push(source.clone());
        self.texts.push(text);
        Ok(())
    }

    fn note(&mut self, note: Note) {
        self.notes.push(note);
    }
}

impl Found {
    fn is_limited(&self) -> bool {
        self.notes.iter().any(|note| note.kind == NoteKind::Limit)
    }
}

fn limits() -> Limits {
    Limits {
        depth: 3,
        total_bytes: 1 << 20,
        member_bytes: 1 << 18,
        ratio_floor: 1 << 16,
        members: 40,
        name_bytes: 100,
        spool_bytes: 1 << 10,
        ..Limits::default()
    }
}

fn found(part: Part, only_first_lines: bool) -> Found {
    let mut found = Found { only_first_lines, ..Found::default() };
    read(part, &limits(), &Budget::new(), &Progress::new(), &mut found);
    found
}

fuzz_target!(|input: &[u8]| {
    let limits = limits();
    let whole = found(Part::bytes("x", input), false);
    let bytes: usize = whole.texts.iter().map(Vec::len).sum();
    // UTF-16 and older encodings grow when they become UTF-8
    assert!(bytes as u64 <= 3 * limits.total_bytes + 3 * input.len() as u64, "{bytes} bytes");
    assert!(whole.texts.len() as u64 <= limits.members + 1, "{} members", whole.texts.len());
    for source in &whole.sources {
        assert!(source.path.len() <= 4 * (limits.name_bytes + 40), "{source:?}");
    }
    if !whole.is_limited() {
        let again = found(Part::bytes("x", input), true);
        assert_eq!(again.sources, whole.sources);
        let piped = found(Part::reader("x", std::io::Cursor::new(input.to_vec())), false);
        if !piped.is_limited() {
            assert_eq!((piped.sources, piped.texts), (whole.sources, whole.texts));
        }
    }
});
