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

/// A rule with mistakes that are mended for certain, and one that is not.
const CROOKED: &str = "\
id: CROOKED
title: Disk full: it is
severity: Error # how bad
tags: [disk, storage, disk]
signatures:
  full: { contains: no room on the disk }
resoluton: Delete something. # what to do
fallback: yes
allow: # nothing
  - missing-test
  - slow-pattern
tests:
  - { name: full, text: no room on the disk, expect: { captures: {} } }
  - { name: not full, text: much room on the disk, expect: nothing }
";

const STRAIGHT: &str = "\
id: CROOKED
title: 'Disk full: it is'
severity: error # how bad
tags: [disk, storage]
signatures:
  full: { contains: no room on the disk }
resolution: Delete something. # what to do
fallback: true
allow: # nothing
  - missing-test
  - slow-pattern
tests:
  - { name: full, text: no room on the disk, expect: { captures: {} } }
  - { name: not full, text: much room on the disk, expect: nothing }
";

#[test]
fn fix_mends_what_is_certain_says_so_and_keeps_the_rest() {
    let folder = Folder::new(&[("rules/crooked.yaml", &format!("\u{feff}{CROOKED}")), ("rules/full.yaml", FULL)]);
    let shown = folder.run(&["check", "--fix", "--dry-run", "rules"]);
    assert_eq!(shown.code, 1);
    assert!(shown.out.contains("-title: Disk full: it is\n+title: 'Disk full: it is'\n"), "{}", shown.out);
    assert!(folder.read("rules/crooked.yaml").contains(CROOKED), "nothing was changed");

    let mended = folder.run(&["check", "--fix", "rules"]);
    let done = "fixed rules/crooked.yaml:7:1: replace `resoluton` by `resolution`";
    assert!(mended.talk.contains(done), "{}", mended.talk);
    // the item before which the comment stands stays with the other, as both would leave an empty list
    let now = folder.read("rules/crooked.yaml");
    let allow = |text: &str| text.split("allow:").next().unwrap().to_owned();
    assert_eq!(allow(&now), format!("\u{feff}{}", allow(STRAIGHT)));
    assert!(
        now.contains("allow: # nothing\n  - slow-pattern\n") || now.contains("allow: # nothing\n  - missing-test\n"),
        "{now}"
    );
    assert_eq!(folder.read("rules/full.yaml"), FULL, "a sound file is left as it is");
    let again = folder.run(&["check", "--fix", "rules"]);
    assert!(!again.talk.contains("fixed"), "{}", again.talk);
    assert_eq!(folder.read("rules/crooked.yaml"), now);
}

#[test]
fn the_only_allowed_warning_goes_with_its_key() {
    let rule = format!(
        "{}allow: [dead-link]\n",
        FULL.replace("allow: [missing-section, contradicting-state]\n", "")
            .replace("validated", "draft")
            .replace("public", "internal")
    );
    let folder = Folder::new(&[("rules/a.yaml", &rule), ("rules/slow.yaml", SLOW)]);
    assert_eq!(folder.run(&["check", "--fix", "--deny", "warnings", "rules"]).code, 0);
    assert_eq!(folder.read("rules/a.yaml"), rule.replace("allow: [dead-link]\n", ""));
}

#[test]
fn the_built_in_faultbook_is_not_mended() {
    let outcome = Folder::new(&[]).run(&["check", "--fix"]);
    assert!(outcome.code == 2 && outcome.talk.contains("cannot be changed"), "{}", outcome.talk);
}

#[test]
fn warnings_are_allowed_and_denied_by_rule_settings_and_arguments() {
    let untested = SLOW.split("tests:").next().unwrap();
    let folder = Folder::new(&[("rules/untested.yaml", untested)]);
    let code = |more: &[&str]| folder.code(&[&["check", "rules"], more].concat());
    assert_eq!((code(&[]), code(&["--deny", "missing-test"]), code(&["--deny", "dead-link"])), (0, 1, 0));
    assert_eq!(code(&["--deny", "warnings", "--allow", "missing-test"]), 0);
    assert_eq!((code(&["--deny", "bad-regex"]), code(&["--deny", "missing-tests"])), (2, 2));

    folder.write("faultbook.yaml", b"deny: [missing-test]\n");
    assert_eq!((code(&[]), code(&["--allow", "missing-test"])), (1, 0));
    folder.write("faultbook.yaml", b"allow: [missing-test]\n");
    assert_eq!((code(&["--deny", "warnings"]), code(&["--deny", "missing-test"])), (0, 1));

    folder.write("rules/untested.yaml", format!("{untested}allow: [missing-test]\n").as_bytes());
    assert_eq!(code(&["--deny", "missing-test"]), 0, "who wrote the rule knows best");
}

#[test]
fn reviews_are_overdue_only_where_that_is_asked_for() {
    let folder = Folder::new(&[("rules/a.yaml", &SLOW.replace("facts:", "reviewed: 2025-01-01\nfacts:"))]);
    let code = |more: &[&str]| folder.code(&[&["check", "--deny", "warnings", "rules"], more].concat());
    assert_eq!(code(&[]), 0);
    assert_eq!(code(&["--stale", "365d", "--today", "2026-01-01"]), 0);
    assert_eq!(code(&["--stale", "365d", "--today", "2026-01-02"]), 1);
    assert_eq!((code(&["--stale", "53w", "--today", "2026-01-02"]), code(&["--stale", "1 year"])), (0, 2));
}

#[test]
fn annotations_and_sarif_name_the_place() {
    let folder = Folder::new(&[("rules/broken.yaml", BROKEN)]);
    let github = folder.run(&["check", "--format", "github", "rules"]);
    let start = "::error file=rules/broken.yaml,line=6,endLine=6,col=12,endColumn=";
    assert!(github.code == 1 && github.out.starts_with(start), "{}", github.out);
    assert!(github.out.lines().all(|line| line.starts_with("::")), "{}", github.out);
    let sarif = folder.run(&["check", "--format", "sarif", "rules"]).json();
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "unknown-name");
    let region = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"];
    assert_eq!((&region["startLine"], &region["startColumn"]), (&6.into(), &12.into()));
}
