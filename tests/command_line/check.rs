//! `faultbook check`: what it says of mistakes, one snapshot each.

use serde_json::Value;

use crate::{BROKEN, FULL, Folder, SLOW};

/// Checks one rule file and compares what is said with the snapshot of that name.
macro_rules! golden {
    ($($name:ident: $($text:expr),+;)+) => {
        $(
            #[test]
            fn $name() {
                let folder = Folder::new(&[]);
                for (number, text) in [$(String::from($text)),+].iter().enumerate() {
                    folder.write(&format!("rules/{}.yaml", number + 1), text.as_bytes());
                }
                insta::assert_snapshot!(stringify!($name), folder.run(&["check", "rules"]).told());
            }
        )+
    };
}

golden! {
    no_mistakes: FULL, SLOW;
    unknown_name_in_a_condition: BROKEN;
    unknown_name_in_a_text: FULL.replace("Delete something.", "Delete {{ file }}.");
    unclosed_group_in_a_regex: SLOW.replace("[0-9]+)", "[0-9]+");
    repeated_capture_name: SLOW.replace("took", "(?<seconds>took)");
    regex_that_matches_everything: FULL.replace("contains: no space left", "regex: 'x*'");
    unknown_key: FULL.replace("signatures", "signature");
    unknown_severity: FULL.replace("error", "fatal");
    duplicate_id: FULL, FULL;
    file_that_is_not_yaml: FULL.replace("tags: [disk]", "tags: [disk");
    bad_version_range: FULL.replace("tags", "environment: [{ product: db, version: '>>5' }]\ntags");
    rule_without_tests: FULL.split("tests:").next().unwrap();
    missing_template: SLOW.replace("text: Wait.", "template: wait.md");
    unknown_rule_to_supersede: FULL.replace("tags", "supersedes: [SLOW]\ntags"), SLOW;
    wide_letters_before_the_mistake: FULL.replace("severity: error", "severity: { 很满: \u{1b}[31m }");
}

#[test]
fn exit_status_follows_errors_and_denied_warnings() {
    let folder = Folder::usual();
    assert_eq!(folder.code(&["check"]), 0, "the built-in faultbook");
    assert_eq!(folder.code(&["check", "rules"]), 0);
    assert_eq!(folder.code(&["check", "--rules", "rules"]), 0);
    assert_eq!(folder.code(&["check", "missing"]), 2);
    assert_eq!(folder.code(&["check", "rules", "missing"]), 2);
    assert_eq!(folder.code(&["check", "--format", "xml"]), 2);

    folder.write("rules/untested.yaml", FULL.replace("FULL", "UNTESTED").split("tests:").next().unwrap().as_bytes());
    assert_eq!(folder.code(&["check", "rules"]), 0);
    assert_eq!(folder.code(&["check", "--deny", "warnings", "rules"]), 1);
    assert_eq!(folder.code(&["check", "--deny", "warnings", "rules/full.yaml"]), 0);

    folder.write("rules/broken.yaml", BROKEN.as_bytes());
    assert_eq!(folder.code(&["check", "rules"]), 1);
    assert_eq!(folder.code(&["check", "--rules", "rules"]), 1);
    assert_eq!(folder.code(&["check", "--rules", "rules", "rules/full.yaml"]), 0, "paths go before --rules");
}

#[test]
fn json_has_every_diagnostic_with_its_place() {
    let folder = Folder::new(&[("rules/broken.yaml", BROKEN), ("rules/full.yaml", FULL)]);
    let outcome = folder.run(&["check", "--format", "json", "rules"]);
    let json = outcome.json();
    assert!(outcome.out.starts_with("{\n  \"schema\": 1,"), "{}", outcome.out);
    assert_eq!((outcome.code, &json["rules"]), (1, &Value::from(2)));
    let label = &json["diagnostics"][0]["labels"][0];
    assert_eq!(json["diagnostics"][0]["code"], "unknown-name");
    assert_eq!(
        (&label["file"], &label["line"], &label["column"]),
        (&"rules/broken.yaml".into(), &6.into(), &12.into())
    );
}

#[cfg(unix)]
#[test]
fn a_rule_file_that_is_not_text_is_told_in_one_line() {
    let folder = Folder::usual();
    folder.write("rules/latin.yaml", b"id: caf\xe9\n");
    let outcome = folder.run(&["check", "rules"]);
    assert_eq!(outcome.code, 1);
    assert!(
        outcome.out.starts_with("error[unreadable-file]: `rules/latin.yaml` cannot be read: not UTF-8"),
        "{}",
        outcome.out
    );
}
