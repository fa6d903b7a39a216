//! `faultbook triage`: exit status, streams, filters, files.

use std::fs;
use std::io::{Read, Write};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::{BROKEN, FULL, Folder};

#[test]
fn exits_as_ripgrep_does() {
    let folder = Folder::usual();
    assert_eq!(folder.code(&["triage", "--rules", "rules", "full.log"]), 0);
    assert_eq!(folder.code(&["triage", "--rules", "rules", "quiet.log"]), 1);
    assert_eq!(folder.code(&["triage", "--rules", "rules", "quiet.log", "full.log"]), 0);
    assert_eq!(folder.code(&["triage", "--rules", "rules", "full.log", "missing.log"]), 2);
}

#[test]
fn bad_usage_is_an_error_that_says_what_to_do() {
    let folder = Folder::usual();
    let cases: [(&[&str], &str); 14] = [
        (&["triage"], "PATH"),
        (&["triage", "--min-severity", "bad", "full.log"], "possible values: ok, info, warning"),
        (&["triage", "--fact", "replica", "full.log"], "write `name=value`"),
        (&["triage", "--product", "db=?", "full.log"], "`?` is not a version number"),
        (&["triage", "--facts", "missing.yaml", "full.log"], "cannot read the facts in `missing.yaml`"),
        (&["triage", "--rules", "missing", "full.log"], "cannot read `missing`"),
        (&["triage", "--rules", "full.log/", "full.log"], "cannot read `full.log/`"),
        (&["triage", "--rules", "rules", "--templates", "missing", "full.log"], "cannot read `missing`"),
        (&["triage", "--rules", "rules", "--rule", "FUL", "full.log"], "did you mean `FULL`?"),
        (&["triage", "--rules", "rules", "--tag", "disc", "full.log"], "did you mean `disk`?"),
        (&["triage", "--templates", "full.log", "full.log"], "`full.log` is not a folder"),
        (&["triage", "--threads", "99999", "full.log"], "99999"),
        (&["triage", "-", "-"], "standard input can be read only once"),
        (&["triage", "--output", "missing/report", "full.log"], "cannot write to `missing/report`"),
    ];
    for (arguments, expected) in cases {
        let outcome = folder.run(arguments);
        assert_eq!(outcome.code, 2, "{arguments:?}");
        assert!(outcome.talk.contains(expected), "{arguments:?}: {}", outcome.talk);
        assert_eq!(outcome.out, "", "{arguments:?}");
    }
}

#[test]
fn a_folder_without_rules_is_refused() {
    let folder = Folder::usual();
    fs::create_dir(folder.path("empty")).unwrap();
    let outcome = folder.run(&["triage", "--rules", "empty", "full.log"]);
    assert_eq!(outcome.code, 2);
    assert!(outcome.talk.contains("there are no rules in `empty`"), "{}", outcome.talk);
}

#[test]
fn a_broken_rule_is_told_and_does_not_stop_the_good_ones() {
    let folder = Folder::usual();
    folder.write("rules/broken.yaml", BROKEN.as_bytes());
    let outcome = folder.run(&["triage", "--rules", "rules", "--format", "json", "full.log"]);
    assert_eq!(outcome.code, 2);
    assert_eq!(outcome.json()["findings"][0]["rule"], "FULL");
    assert!(outcome.talk.contains("error: `rules/broken.yaml` has 1 mistake\n"), "{}", outcome.talk);
    assert!(outcome.talk.contains("`faultbook check`"), "{}", outcome.talk);
}

#[test]
fn warnings_about_rules_change_nothing() {
    let folder =
        Folder::new(&[("rules/full.yaml", FULL.split("tests:").next().unwrap()), ("full.log", "no space left")]);
    let outcome = folder.run(&["triage", "--rules", "rules", "full.log"]);
    assert_eq!((outcome.code, outcome.talk.as_str()), (0, ""));
}

#[test]
fn an_input_that_ends_too_soon_is_an_error_and_what_was_read_counts() {
    let folder = Folder::usual();
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    packer.write_all(b"no space left\n".repeat(200).as_slice()).unwrap();
    let packed = packer.finish().unwrap();
    folder.write("cut.gz", &packed[..packed.len() / 2]);
    let outcome = folder.run(&["triage", "--rules", "rules", "--format", "json", "cut.gz"]);
    assert_eq!(outcome.code, 2);
    assert_eq!(outcome.json()["findings"][0]["rule"], "FULL");
    assert!(outcome.talk.contains("1 input could not be read, or not to the end"), "{}", outcome.talk);
    assert!(outcome.talk.ends_with("help: the notes of the result say which and why\n"), "{}", outcome.talk);
}

#[test]
fn a_binary_file_is_no_error() {
    let folder = Folder::usual();
    folder.write("image", &[0x7f, b'E', b'L', b'F', 0, 0, 1, 0, 0, 0, 255, 254, 0]);
    assert_eq!(folder.code(&["triage", "--rules", "rules", "image", "full.log"]), 0);
}

#[test]
fn fail_on_turns_the_status_round_and_counts_what_is_not_shown() {
    let folder = Folder::usual();
    let fail_on = |severity: &str, more: &[&str]| {
        folder.code(&[&["triage", "--rules", "rules", "--fail-on", severity], more].concat())
    };
    assert_eq!(fail_on("error", &["full.log"]), 1);
    assert_eq!(fail_on("warning", &["full.log"]), 1);
    assert_eq!(fail_on("critical", &["full.log"]), 0);
    assert_eq!(fail_on("ok", &["quiet.log"]), 0);
    assert_eq!(fail_on("critical", &["full.log", "missing.log"]), 2);
    assert_eq!(fail_on("warning", &["--min-severity", "critical", "full.log"]), 1);
}

#[test]
fn filters_choose_rules_and_severities() {
    let folder = Folder::usual();
    let found = |more: &[&str]| {
        let arguments = [&["triage", "--rules", "rules", "--format", "json", "full.log", "slow.log"], more].concat();
        let findings = folder.run(&arguments).json()["findings"].as_array().unwrap().clone();
        findings.iter().map(|finding| finding["rule"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(found(&[]), ["FULL", "SLOW-1"]);
    assert_eq!(found(&["--min-severity", "error"]), ["FULL"]);
    assert_eq!(found(&["--rule", "slow-*"]), ["SLOW-1"]);
    assert_eq!(found(&["--rule", "SLOW-1", "--rule", "FULL"]), ["FULL", "SLOW-1"]);
    assert_eq!(found(&["--tag", "disk"]), ["FULL"]);
    assert_eq!(found(&["--audience", "public"]), ["FULL"]);
    assert_eq!(found(&["--audience", "internal"]), ["FULL", "SLOW-1"]);
}

#[test]
fn standard_input_is_one_case_among_others_in_the_order_given() {
    let folder = Folder::usual();
    let arguments = ["triage", "--rules", "rules", "--format", "json", "full.log", "-", "slow.log"];
    let outcome = folder.run_with(&arguments, "no space left\n");
    let cases: Vec<Value> =
        outcome.json()["findings"].as_array().unwrap().iter().map(|finding| finding["case"].clone()).collect();
    assert_eq!(cases, ["full.log", "stdin", "slow.log"]);
}

#[test]
fn same_bytes_whatever_the_threads() {
    let folder = Folder::usual();
    for number in 0..40 {
        folder.write(&format!("case-{number}.log"), b"no space left\nquery took 4 s\n");
    }
    let paths: Vec<String> = (0..40).rev().map(|number| format!("case-{number}.log")).collect();
    let told = |threads: &str, format: &str| {
        let mut arguments = vec!["triage", "--rules", "rules", "--threads", threads, "--format", format];
        arguments.extend(paths.iter().map(String::as_str));
        folder.run(&arguments).out
    };
    for format in ["json", "jsonl", "text", "markdown", "html"] {
        assert_eq!(told("1", format), told("7", format), "{format}");
    }
}

#[test]
fn facts_come_from_options_before_they_come_from_a_file() {
    let folder = Folder::usual();
    folder.write("facts.txt", b"replica: false\nengine: column\n");
    let branches = |more: &[&str]| {
        let arguments = [&["triage", "--rules", "rules", "--format", "json", "slow.log"], more].concat();
        folder.run(&arguments).json()["findings"][0]["resolution"].to_string()
    };
    assert!(branches(&["--facts", "facts.txt"]).contains("Columns"));
    let both = branches(&["--facts", "facts.txt", "--fact", "engine=row"]);
    assert!(both.contains("Rows") && !both.contains("Columns"), "{both}");
    assert!(branches(&["--fact", "replica=true"]).contains("On a replica"));
}

#[test]
fn faults_in_a_facts_file_are_drawn_and_the_rest_is_used() {
    let folder = Folder::usual();
    folder.write("facts.txt", b"replica: [yes]\nengine: column\n");
    let outcome = folder.run(&["triage", "--rules", "rules", "--facts", "facts.txt", "full.log"]);
    assert_eq!(outcome.code, 2);
    assert!(outcome.talk.contains("error[bad-fact]") && outcome.talk.contains("facts.txt:1:10"), "{}", outcome.talk);
}

#[test]
fn a_fact_that_no_rule_asks_for_is_worth_a_warning() {
    let folder = Folder::usual();
    let outcome = folder.run(&["triage", "--rules", "rules", "--fact", "replcia=true", "full.log"]);
    assert_eq!(outcome.code, 0);
    assert!(outcome.talk.contains("no rule asks for the fact `replcia`"), "{}", outcome.talk);
    assert!(outcome.talk.contains("did you mean `replica`?"), "{}", outcome.talk);
}

#[test]
fn a_report_goes_to_a_file_but_never_over_an_input() {
    let folder = Folder::usual();
    let outcome = folder.run(&["triage", "--rules", "rules", "--format", "json", "-o", "report.json", "full.log"]);
    assert_eq!((outcome.code, outcome.out.as_str()), (0, ""));
    let report: Value = serde_json::from_slice(&fs::read(folder.path("report.json")).unwrap()).unwrap();
    assert_eq!(report["schema"], 1);

    let outcome = folder.run(&["triage", "--rules", "rules", "-o", "./full.log", "full.log"]);
    assert_eq!(outcome.code, 2);
    assert!(outcome.talk.contains("`./full.log` is an input and would be overwritten"), "{}", outcome.talk);
    assert!(fs::read_to_string(folder.path("full.log")).unwrap().contains("no space left"));
}

#[test]
fn an_old_report_in_the_folder_is_not_diagnosed() {
    let folder = Folder::new(&[("rules/full.yaml", FULL), ("logs/a.log", "no space left\n")]);
    let arguments = ["triage", "--rules", "rules", "--format", "json", "-o", "logs/report", "logs"];
    assert_eq!(folder.code(&arguments), 0);
    let first = fs::read(folder.path("logs/report")).unwrap();
    assert_eq!(folder.code(&arguments), 0);
    assert_eq!(first, fs::read(folder.path("logs/report")).unwrap());
}

#[test]
fn nothing_is_styled_in_a_pipe_unless_asked_for() {
    let folder = Folder::usual();
    folder.write("rules/broken.yaml", BROKEN.as_bytes());
    let styled = |more: &[&str]| {
        let outcome = folder.run(&[&["check", "rules"], more].concat());
        outcome.out.contains('\u{1b}')
    };
    assert!(!styled(&[]));
    assert!(!styled(&["--color", "never"]));
    assert!(styled(&["--color", "always"]));
    let outcome = folder.run(&["triage", "--rules", "rules", "full.log"]);
    assert!(!outcome.out.contains('\u{1b}') && !outcome.talk.contains('\u{1b}'));
}

#[test]
fn a_reader_who_goes_away_is_no_error() {
    let folder = Folder::usual();
    // More than a pipe holds, so that writing must meet the closed end.
    for number in 0..3000 {
        folder.write(&format!("case-{number}.log"), b"no space left\nquery took 4 s\n");
    }
    let paths = (0..3000).map(|number| format!("case-{number}.log"));
    let mut child = Command::new(env!("CARGO_BIN_EXE_faultbook"))
        .current_dir(folder.0.path())
        .args(["triage", "--rules", "rules", "--format", "jsonl"])
        .args(paths)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut talk = String::new();
    child.stderr.take().unwrap().read_to_string(&mut talk).unwrap();
    assert_eq!((child.wait().unwrap().code(), talk.as_str()), (Some(0), ""));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    let folder = Folder::usual();
    let outcome = folder.run(&["triage", "--rules", "rules", "-o", "/dev/full", "full.log"]);
    assert_eq!(outcome.code, 2);
    assert!(outcome.talk.contains("cannot write to `/dev/full`: No space left"), "{}", outcome.talk);
}

/// A line of the profile, in words.
fn profile_line<'t>(talk: &'t str, start: &str) -> Vec<&'t str> {
    let line = talk.lines().find(|line| line.starts_with(start));
    line.unwrap_or_else(|| panic!("no line of {start}: {talk}")).split_whitespace().collect()
}

#[test]
fn profile_tells_candidates_confirmations_matches_and_stages_beside_an_unchanged_report() {
    let folder = Folder::usual();
    let rule = |id: &str, signature: &str| format!("id: {id}\ntitle: t\nsignatures:\n  seen: {signature}\n");
    folder.write("rules/any.yaml", rule("ANY", "{ regex: '^q\\w* \\w' }").as_bytes());
    folder.write("rules/near.yaml", rule("NEAR", "{ regex: 'query took (?<much>[0-9]+)', level: error }").as_bytes());
    folder.write("rules/config.yaml", rule("CONFIG", "{ contains: '4 s', scope: file }").as_bytes());
    folder.write("many.log", "query took 4 s\nquery took no time\nnothing\n".repeat(10).as_bytes());
    for format in ["text", "json", "html"] {
        let plain = folder.run(&["triage", "--rules", "rules", "--format", format, "many.log"]);
        let arguments = ["triage", "--rules", "rules", "--format", format, "--profile", "many.log"];
        let profiled = folder.run(&arguments);
        assert_eq!((plain.code, plain.out), (profiled.code, profiled.out));
        assert_eq!(plain.talk, "");
        let counts = |start: &str| profile_line(&profiled.talk, start)[2..5].join(" ");
        assert_eq!(counts("SLOW-1 "), "10 10 10", "{}", profiled.talk);
        assert_eq!(counts("NEAR "), "10 0 0", "{}", profiled.talk);
        assert_eq!(counts("ANY "), "30 20 20", "{}", profiled.talk);
        assert_eq!(counts("CONFIG "), "1 1 1", "{}", profiled.talk);
        assert!(profile_line(&profiled.talk, "ANY ").join(" ").ends_with("every record"));
        assert!(profile_line(&profiled.talk, "SLOW-1 ").contains(&"\"query"), "{}", profiled.talk);
        assert!(!profiled.talk.contains("FULL"), "without a candidate: {}", profiled.talk);
        for stage in ["read", "inflate", "scan", "confirm", "render"] {
            assert_eq!(profile_line(&profiled.talk, stage)[2], "ms");
        }
    }
}

#[test]
fn profile_lists_the_dearest_rules_and_counts_the_rest() {
    let folder = Folder::new(&[("a.log", "disk full\n")]);
    for number in 0..60 {
        let rule = format!("id: R{number}\ntitle: t\nsignatures:\n  full: {{ contains: disk full }}\n");
        folder.write(&format!("rules/{number}.yaml"), rule.as_bytes());
    }
    let talk = folder.run(&["triage", "--rules", "rules", "--profile", "a.log"]).talk;
    assert_eq!(talk.lines().filter(|line| line.contains("disk full")).count(), 50, "{talk}");
    assert!(talk.contains("\nand 10 signatures more\n"), "{talk}");
    let talk = folder.run(&["triage", "--rules", "rules", "--profile", "--rule", "R1", "rules/1.yaml"]).talk;
    assert!(!talk.contains("more"), "{talk}");
}

#[test]
fn optional_captures_tell_failures_apart_and_an_absent_one_is_a_value_of_its_own() {
    let rule = "id: PULL\ntitle: t\nsignatures:\n  failed:\n    regex: 'pull of pod (?<pod>\\w+) failed'\n    optional:\n      \
        - regex: 'image=(?<image>\\w+)'\nidentity: [image]\n";
    let log = "pull of pod a failed image=x\npull of pod b failed image=y\npull of pod c failed image=x\npull of pod d failed\n";
    let folder = Folder::new(&[("rules/pull.yaml", rule), ("a.log", log)]);
    let report: Value =
        serde_json::from_str(&folder.run(&["triage", "--rules", "rules", "--format", "json", "a.log"]).out).unwrap();
    let mut found: Vec<_> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["captures"]["image"].as_str(), &one["count"]))
        .collect();
    found.sort_by_key(|(image, _)| *image);
    assert_eq!(format!("{found:?}"), r#"[(None, Number(1)), (Some("x"), Number(2)), (Some("y"), Number(1))]"#);
}
