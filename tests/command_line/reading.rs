//! Which part of a case `triage` reads: `--include`, `--exclude`, `--since`, `--until`, `--timezone`.

use std::io::Write;

use serde_json::Value;

use crate::Folder;

/// A zip of stored members.
fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in members {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

pub(super) fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        builder.append_data(&mut header, name, *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

/// A bundle that has the failure in four texts, a binary and an archive that cannot be opened.
fn bundle() -> Folder {
    let full = b"no space left\n".as_slice();
    let inner = zip(&[("deep.log", full), ("deep.txt", full)]);
    let folder = Folder::usual();
    let members: &[(&str, &[u8])] = &[
        ("b/app.log", full),
        ("b/old/app.log", full),
        ("b/notes.txt", full),
        ("b/inner.zip", &inner),
        ("b/core", b"\x7fELF\0\0\0\0"),
        ("b/facts.yaml", b"replica: true\n"),
    ];
    folder.write("bundle.tar", &tar(members));
    folder
}

/// The sources in which FULL was found, and how many notes there are.
fn found(folder: &Folder, arguments: &[&str]) -> (Vec<String>, usize) {
    let outcome = folder.run(&[&["triage", "--rules", "rules", "--format", "json"], arguments].concat());
    let document = outcome.json();
    let evidence =
        document["findings"].as_array().unwrap().iter().flat_map(|finding| finding["evidence"].as_array().unwrap());
    let own = |source: &Value| source["source"].as_str().unwrap().trim_start_matches("bundle.tar::").to_owned();
    (evidence.map(own).collect(), document["notes"].as_array().unwrap().len())
}

#[test]
fn members_are_chosen_by_globs() {
    let folder = bundle();
    let all = ["b/app.log", "b/old/app.log", "b/notes.txt", "b/inner.zip::deep.log", "b/inner.zip::deep.txt"];
    let cases: [(&[&str], &[&str], usize); 8] = [
        (&[], &all, 1),
        (&["--include", "*.log"], &["b/app.log", "b/old/app.log", "b/inner.zip::deep.log"], 0),
        (&["--include", "*.log", "--exclude", "old/**"], &["b/app.log", "b/inner.zip::deep.log"], 0),
        (&["--exclude", "*.zip", "--exclude", "core"], &["b/app.log", "b/old/app.log", "b/notes.txt"], 0),
        (&["--include", "b/notes.*"], &["b/notes.txt"], 0),
        (&["--include", "deep.*"], &["b/inner.zip::deep.log", "b/inner.zip::deep.txt"], 0),
        (&["--exclude", "bundle.tar"], &all, 1),
        (&["--exclude", "**"], &[], 0),
    ];
    for (arguments, expected, notes) in cases {
        let (sources, noted) = found(&folder, &[&["bundle.tar"], arguments].concat());
        assert_eq!((sources, noted), (expected.iter().map(ToString::to_string).collect(), notes), "{arguments:?}");
    }
}

#[test]
fn what_is_left_out_is_not_decoded() {
    let folder = Folder::usual();
    folder.write("faultbook.yaml", b"limits: { total_bytes: 4 KiB }\n");
    let filler = b"filler\n".repeat(10_000);
    folder.write("bundle.zip", &zip(&[("a.txt", &filler), ("b.log", b"no space left\n")]));
    let run = |arguments: &[&str]| folder.run(&[&["triage", "--rules", "rules", "bundle.zip"], arguments].concat());
    assert_eq!(run(&[]).code, 2, "the filler exhausts the case");
    let outcome = run(&["--exclude", "*.txt"]);
    assert_eq!(outcome.code, 0, "{}{}", outcome.out, outcome.talk);
}

#[test]
fn facts_of_the_case_are_read_whatever_is_included() {
    let folder = Folder::usual();
    folder.write("bundle.tar", &tar(&[("b/slow.log", b"query took 9 s\n"), ("b/facts.yaml", b"replica: true\n")]));
    let outcome = folder.run(&["triage", "--rules", "rules", "--include", "*.log", "bundle.tar"]);
    assert!(outcome.out.contains("Wait.") && !outcome.out.contains("Which engine"), "{}", outcome.out);
}

#[test]
fn settings_say_what_is_left_out_unless_arguments_do() {
    let folder = bundle();
    folder.write("faultbook.yaml", b"defaults: { exclude: ['b/**'] }\n");
    assert_eq!(found(&folder, &["bundle.tar"]).0.len(), 0);
    assert_eq!(found(&folder, &["bundle.tar", "--exclude", "*.log"]).0.len(), 2);
}

#[test]
fn records_are_chosen_by_time() {
    let folder = Folder::usual();
    folder.write(
        "full.log",
        b"2026-01-30T23:30:00Z no space left\n2026-01-31T12:00:00Z no space left\n2026-02-01T00:30:00Z no space left\n",
    );
    let lines = |arguments: &[&str]| {
        let outcome =
            folder.run(&[&["triage", "--rules", "rules", "--format", "json", "full.log"], arguments].concat());
        let lines = outcome.json()["findings"][0]["evidence"][0]["lines"].clone();
        serde_json::from_value::<Option<Vec<u64>>>(lines).unwrap().unwrap_or_default()
    };
    assert_eq!(lines(&["--since", "2026-01-31"]), [2, 3]);
    assert_eq!(lines(&["--until", "2026-01-31"]), [1, 2]);
    assert_eq!(lines(&["--since", "2026-01-31", "--until", "2026-01-31"]), [2]);
    assert_eq!(lines(&["--since", "2026-01-31T12:00:00Z", "--until", "2026-01-31T12:00:00Z"]), [2]);
    assert_eq!(lines(&["--since", "2026-01-31", "--until", "2026-01-31", "--timezone", "Europe/Berlin"]), [1, 2]);
    assert_eq!(lines(&["--since", "2026-01-31 13:00", "--timezone", "+01:00"]), [2, 3]);
    assert_eq!(lines(&["--since", "2027-01-01"]), [0; 0]);
    folder.write("full.log", b"no space left\n");
    assert_eq!(lines(&["--since", "2027-01-01"]), [1], "without a time it is kept");
}

#[test]
fn bad_choices_say_what_to_write() {
    let folder = Folder::usual();
    let cases: [(&[&str], &str); 6] = [
        (&["--since", "7d"], "a clock of their own"),
        (&["--until", "31.01.2026"], "write a date or a time, as in 2026-01-31"),
        (&["--since", "2026-02-01", "--until", "2026-01-01"], "--since is after --until"),
        (&["--timezone", "Berlin"], "did you mean `Europe/Berlin`?"),
        (&["--include", "[a"], "unclosed character class"),
        (&["--exclude", "{a"], "unclosed alternate group"),
    ];
    for (arguments, expected) in cases {
        let outcome = folder.run(&[&["triage", "--rules", "rules", "full.log"], arguments].concat());
        assert_eq!((outcome.code, outcome.out.as_str()), (2, ""), "{arguments:?}");
        assert!(outcome.talk.contains(expected), "{arguments:?}: {}", outcome.talk);
    }
}
