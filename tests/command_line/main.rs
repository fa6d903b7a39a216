//! Drives the binary as a person or a script does: what it exits with, what goes to which stream, what it says of mistakes.
//!
//! What reports look like is shown elsewhere; here only whether there is one.
#![cfg(feature = "cli")]

mod answer;
mod check;
mod corpus;
mod explain;
mod extract;
mod fmt;
mod lookup;
mod max_age;
mod messages;
mod new;
mod overlay;
mod preview;
mod reading;
mod rules;
mod settings;
mod shared_text;
mod snapshots;
mod sources;
mod test;
mod triage;
mod watch;

use std::fs;
use std::path::PathBuf;

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

const FULL: &str = "\
id: FULL
title: The disk is full
severity: error
state: validated
audience: public
tags: [disk]
signatures:
  full: { contains: no space left }
resolution: Delete something.
allow: [missing-section, contradicting-state]
tests:
  - { name: full, text: no space left, expect: { captures: {} } }
  - { name: not full, text: plenty of space left, expect: nothing }
";

const SLOW: &str = "\
id: SLOW-1
title: A query is slow
severity: warning
audience: internal
signatures:
  slow: { regex: 'query took (?<seconds>[0-9]+) s' }
facts:
  replica:
    about: whether the database is a replica
    type: boolean
    ask: Is the database a replica?
  engine:
    about: which engine
    type: one-of
    values: [row, column]
    ask: Which engine is it?
resolution:
  - { when: replica, title: On a replica, text: Wait. }
  - { when: not replica and engine == 'row', title: Rows, text: Add an index. }
  - { when: not replica and engine == 'column', title: Columns, text: Add memory. }
tests:
  - { name: slow, text: query took 9 s, expect: { captures: { seconds: '9' } } }
  - { name: fast, text: query took no time, expect: nothing }
";

const BROKEN: &str = "\
id: BROKEN
title: This rule has a mistake
severity: error
signatures:
  taken: { contains: taken }
condition: takn
resolution: Take another.
tests:
  - { name: taken, text: taken, expect: { captures: {} } }
  - { name: free, text: free, expect: nothing }
";

/// A folder with files in it, and the binary to run there.
struct Folder(TempDir);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = Folder(tempfile::tempdir().unwrap());
        for (path, text) in files {
            folder.write(path, text.as_bytes());
        }
        folder
    }

    /// With the rules FULL and SLOW-1 under `rules/`, a log for each and one for neither.
    fn usual() -> Self {
        Folder::new(&[
            ("rules/full.yaml", FULL),
            ("rules/slow.yaml", SLOW),
            ("full.log", "a\nwrite failed: no space left\n"),
            ("slow.log", "query took 12 s\n"),
            ("quiet.log", "all is well\n"),
        ])
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn run(&self, arguments: &[&str]) -> Outcome {
        self.run_with(arguments, "")
    }

    fn run_with(&self, arguments: &[&str], input: &str) -> Outcome {
        let mut command = Command::new(env!("CARGO_BIN_EXE_faultbook"));
        command.current_dir(self.0.path()).args(arguments).write_stdin(input);
        let output = command.output().unwrap();
        Outcome {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            talk: String::from_utf8(output.stderr).unwrap(),
        }
    }

    fn code(&self, arguments: &[&str]) -> i32 {
        self.run(arguments).code
    }
}

struct Outcome {
    code: i32,
    out: String,
    talk: String,
}

impl Outcome {
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap()
    }

    /// Standard output and standard error, as a snapshot shows them.
    fn told(&self) -> String {
        format!("{}{}exit status {}", self.out, self.talk, self.code)
    }
}

#[test]
fn version_and_help_are_no_errors_and_no_command_is_one() {
    let folder = Folder::new(&[]);
    let version = folder.run(&["--version"]);
    assert_eq!((version.code, version.out), (0, format!("faultbook {}\n", env!("CARGO_PKG_VERSION"))));
    for command in ["triage", "answer", "check", "test", "preview", "explain", "rules", "new", "fmt"] {
        let help = folder.run(&[command, "--help"]);
        assert!(help.code == 0 && help.out.contains("Examples:") && help.out.contains("Exit status:"), "{command}");
    }
    assert_eq!(folder.code(&["--help"]), 0);
    assert_eq!(folder.code(&[]), 2);
    assert_eq!(folder.code(&["diagnose"]), 2);
}
