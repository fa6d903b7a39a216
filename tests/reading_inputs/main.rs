//! Drives the opening of inputs from outside: what is found in archives of all kinds, and what is noted about bad ones.

mod archives;
mod damaged;
mod formats;
mod limits;
mod skipped;

#[path = "../pack/mod.rs"]
mod pack;

use std::io::{self, BufRead, Cursor};

use faultbook::source::{Budget, Limits, Note, NoteKind, Part, Progress, SourceName, Visit, read};

use pack::{Found, gzip, noise, note, open, open_within, streamed_zip, tar, zip, zstandard};

#[test]
fn text_is_text() {
    let found = open("pasted", b"one\ntwo\n");
    assert_eq!(found.told(), [("pasted", "one\ntwo\n")]);
    assert_eq!(found.paths(), ["pasted"]);
    assert_eq!(found.notes, []);
}

#[test]
fn archives_are_opened_three_deep() {
    let tasks = zip(&[("failed.xml", b"<task/>"), ("old/core.log.gz", &gzip(b"old\n"))]);
    let node = tar(&[("./logs/a.log", b"a\n"), ("tasks.zip", &tasks), ("b.log", b"b\n")]);
    let bundle = gzip(&tar(&[("node.tar.zst", &zstandard(&node)), ("var/log/app.log", b"app\n")]));
    let found = open("dir/bundle.tgz", &bundle);
    let told = [
        ("dir/bundle.tgz::node.tar.zst::logs/a.log", "a\n"),
        ("dir/bundle.tgz::node.tar.zst::tasks.zip::failed.xml", "<task/>"),
        ("dir/bundle.tgz::node.tar.zst::tasks.zip::old/core.log.gz", "old\n"),
        ("dir/bundle.tgz::node.tar.zst::b.log", "b\n"),
        ("dir/bundle.tgz::var/log/app.log", "app\n"),
    ];
    assert_eq!(found.told(), told);
    assert_eq!(found.paths()[1], "node.tar.zst::tasks.zip::failed.xml");
    assert_eq!(found.paths()[4], "var/log/app.log");
    assert_eq!(found.sources[0].modified.unwrap().as_second(), 1_700_000_000);
    assert_eq!(found.notes, []);
}

#[test]
fn a_compressed_file_keeps_its_name() {
    let found = open("core.log.1.gz", &gzip(b"text\n"));
    assert_eq!(found.told(), [("core.log.1.gz", "text\n")]);
    assert_eq!(found.paths(), ["core.log.1.gz"]);
}

#[test]
fn a_stream_is_opened_like_a_file() {
    let bytes = zip(&[("a.log", b"a\n")]);
    let mut found = Found::default();
    let part = Part::reader("<stdin>", Cursor::new(bytes));
    read(part, &Limits::default(), &Budget::new(), &Progress::new(), &mut found);
    assert_eq!(found.told(), [("<stdin>::a.log", "a\n")]);
}

#[test]
fn a_zip_that_cannot_be_sought_in_is_spooled_to_disk_when_it_is_large() {
    let text = noise(100_000);
    let bytes = gzip(&zip(&[("a.log", &text)]));
    let found = open_within("a.zip.gz", &bytes, &Limits { spool_bytes: 1000, ..Limits::default() });
    assert_eq!((found.texts, found.notes), (vec![text], vec![]));
}

#[test]
fn what_the_visitor_leaves_unread_does_not_hide_the_next_member() {
    let text = noise(300_000);
    let members: [(&str, &[u8]); 3] = [("a", &text), ("b.gz", &gzip(&text)), ("c", &text)];
    for bytes in [gzip(&tar(&members)), zip(&members), streamed_zip(&members)] {
        let mut found = Found { only_first_lines: true, ..Found::default() };
        read(Part::bytes("x", bytes), &Limits::default(), &Budget::new(), &Progress::new(), &mut found);
        assert!(found.texts.iter().all(|line| *line == text[..80]));
        assert_eq!((found.texts.len(), found.notes), (3, vec![]));
    }
}

#[test]
fn a_failing_visitor_loses_one_text_only() {
    struct Picky(Vec<Note>, u32);
    impl Visit for Picky {
        fn text(&mut self, source: &SourceName, _: &mut dyn BufRead) -> io::Result<()> {
            self.1 += 1;
            if source.path == "a" { Err(io::Error::other("not this one")) } else { Ok(()) }
        }
        fn note(&mut self, note: Note) {
            self.0.push(note);
        }
    }
    let mut picky = Picky(Vec::new(), 0);
    let part = Part::bytes("x.tar", tar(&[("a", b"a"), ("b", b"b")]));
    read(part, &Limits::default(), &Budget::new(), &Progress::new(), &mut picky);
    assert_eq!((picky.0, picky.1), (vec![note("x.tar::a", NoteKind::Unreadable, "not this one")], 2));
}

#[test]
fn a_missing_file_is_noted() {
    let mut found = Found::default();
    read(Part::file("/no/such.log"), &Limits::default(), &Budget::new(), &Progress::new(), &mut found);
    assert_eq!(found.notes, [note("/no/such.log", NoteKind::Unreadable, "no such file or folder")]);
}

#[test]
fn progress_counts_texts_and_their_bytes() {
    let progress = Progress::new();
    let part = Part::bytes("x.tar", tar(&[("a", &noise(100_000)), ("b", b"12345")]));
    read(part, &Limits::default(), &Budget::new(), &progress, &mut Found::default());
    assert_eq!((progress.files(), progress.bytes(), progress.current()), (2, 100_005, "x.tar::b".to_owned()));
}
