//! `--redact`: what is planted in logs comes out of no format.
#![cfg(feature = "cli")]

use std::fs;

use assert_cmd::Command;
use proptest::prelude::*;
use tempfile::TempDir;

const KEY: &str = "a secret that the tests use";

const LOGIN: &str = r#"
id: LOGIN
title: A login fails
severity: error
signatures:
  failed: { regex: 'login failed: (?<rest>.*)', optional: [{ regex: 'pass(word|phrase)?[=:] ?"?(?<who>[^\s";,]+)' }, { regex: 'from (?<host>\S+)' }] }
identity: []
facts:
  db_password: { about: the password, extract: [{ file: '*.conf', regex: 'dsn_key (?<value>\S+)'}] }
cause: "Host {{ host }} used {{ who }}, all of it: {{ failed.rest }}. The database has {{ db_password }}."
resolution: "Look at `{{ who }}` and [{{ host }}](https://example.com/?q={{ host }})."
"#;

struct Case {
    folder: TempDir,
}

impl Case {
    fn new(log: &str, settings: &str) -> Self {
        let folder = TempDir::new().expect("a folder");
        fs::create_dir_all(folder.path().join("book/rules")).expect("made");
        fs::write(folder.path().join("book/rules/login.yaml"), LOGIN).expect("written");
        fs::write(folder.path().join("book/faultbook.yaml"), settings).expect("written");
        fs::create_dir(folder.path().join("case")).expect("made");
        fs::write(folder.path().join("case/10.9.8.7-app.log"), log).expect("written");
        fs::write(folder.path().join("case/db.conf"), "dsn_key tops3cret\n").expect("written");
        Self { folder }
    }

    fn run(&self, arguments: &[&str], key: Option<&str>) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_faultbook"));
        command.current_dir(self.folder.path()).env_remove("FAULTBOOK_REDACT_KEY");
        if let Some(key) = key {
            command.env("FAULTBOOK_REDACT_KEY", key);
        }
        let output = command.args(arguments).output().expect("runs");
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    }

    fn triage(&self, format: &str) -> String {
        self.run(&["triage", "--rules", "book/rules", "--redact", "--format", format, "case"], Some(KEY))
    }
}

const FORMATS: [&str; 5] = ["text", "markdown", "html", "json", "jsonl"];

const LOG: &str = "\
2026-01-31 10:00:00 ERROR login failed: user=bob password=first-one from 10.1.2.3
2026-01-31 10:00:01 ERROR login failed: user=bob password=second.one from 10.1.2.4
2026-01-31 10:00:02 ERROR login failed: mail=bob@example.com pass: third from db-1
";

#[test]
fn nothing_planted_comes_out_of_any_format() {
    let case = Case::new(LOG, "redact: { patterns: { HOST: 'db-\\d+' } }\n");
    let plain = case.run(&["triage", "--rules", "book/rules", "case"], None);
    for secret in ["first-one", "second.one", "third", "10.1.2.3", "10.9.8.7", "bob@example.com", "db-1", "tops3cret"] {
        assert!(plain.contains(secret), "{secret} is there without --redact:\n{plain}");
        for format in FORMATS {
            let told = case.triage(format);
            assert!(!told.contains(secret), "{secret} in {format}:\n{told}");
        }
    }
    let told = case.triage("text");
    assert!(told.contains("<password-") && told.contains("<ip-") && told.contains("<host-"), "{told}");
    assert!(told.contains("user=bob"), "what is no secret stays:\n{told}");
}

#[test]
fn pseudonyms_are_the_same_with_the_same_secret_only() {
    let case = Case::new(LOG, "");
    let run = |key| case.run(&["triage", "--rules", "book/rules", "--redact", "case"], key);
    assert_eq!(run(Some(KEY)), run(Some(KEY)));
    assert_ne!(run(Some(KEY)), run(None));
    assert_ne!(run(None), run(None));
    assert!(run(Some("short")).contains("FAULTBOOK_REDACT_KEY is too short"));
}

#[test]
fn pasted_texts_are_masked_too() {
    let case = Case::new("", "");
    let text = "login failed: password=hunter2 from 10.1.2.3";
    let told = case.run(&["answer", "--rules", "book/rules", "--redact", text], Some(KEY));
    assert!(told.contains("<password-") && !told.contains("hunter2") && !told.contains("10.1.2.3"), "{told}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn any_password_is_masked(secret in "[a-zA-Z0-9!#%*+/~^]{5}[0-9]", form in 0usize..3) {
        let line = match form {
            0 => format!("login failed: user=x password={secret} from h"),
            1 => format!("login failed: {{\"password\":\"{secret}\"}} from h"),
            _ => format!("login failed: passphrase: {secret}"),
        };
        let case = Case::new(&format!("2026-01-31 10:00:00 ERROR {line}\n2026-01-31 10:00:01 ERROR {line} again\n"), "");
        for format in ["json", "html", "text"] {
            let told = case.triage(format);
            prop_assert!(told.contains("LOGIN") && !told.contains(&secret), "{format}:\n{told}");
        }
    }
}
