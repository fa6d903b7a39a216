//! `faultbook explain`: each reason for which a rule applies or not, and what it looks like.

use std::fs;

use serde_json::Value;

use crate::{BROKEN, Folder};

const TESTS: &str = "resolution: Mend it.\ntests: []\n";

/// A rule of one signature, with the rest of its keys.
fn rule(id: &str, rest: &str) -> String {
    format!("id: {id}\ntitle: Something is wrong with {id}\nseverity: error\n{rest}{TESTS}")
}

/// A folder with the rules given as id and keys, and the files.
fn folder(rules: &[(&str, &str)], files: &[(&str, &str)]) -> Folder {
    let folder = Folder::new(files);
    for (id, rest) in rules {
        folder.write(&format!("rules/{id}.yaml"), rule(id, rest).as_bytes());
    }
    folder
}

fn explained(folder: &Folder, arguments: &[&str]) -> String {
    let outcome = folder.run(&[&["explain", "--rules", "rules"], arguments].concat());
    assert_eq!((outcome.code, outcome.talk.as_str()), (0, ""), "{}", outcome.out);
    outcome.out
}

fn json(folder: &Folder, arguments: &[&str]) -> Value {
    folder.run(&[&["explain", "--rules", "rules", "--format", "json"], arguments].concat()).json()
}

const TAKEN: &str = "\
signatures:
  taken: { regex: \"customer '(?<customer>[^']+)' - the specified subdomain '(?<subdomain>[^']+)' is already in use\" }
";

#[test]
fn the_nearest_miss_says_where_the_regex_stops() {
    let log = "\
2026-01-01 10:00:00 INFO a customer came
2026-01-01 10:00:01 ERROR no customer 'John' - the specified subdomain 'j' is reserved
2026-01-01 10:00:02 ERROR customer unknown, subdomain in use already
";
    let folder = folder(&[("TAKEN", TAKEN)], &[("other.log", log)]);
    insta::assert_snapshot!("nearest_miss", explained(&folder, &["TAKEN", "other.log"]));
    let json = json(&folder, &["TAKEN", "other.log"]);
    assert_eq!(json["schema"], 1);
    let explanation = &json["explanations"][0];
    assert_eq!((&explanation["outcome"], &explanation["because"]), (&"does-not-apply".into(), &"no-match".into()));
    let nearest = &explanation["signatures"][0]["nearest"];
    assert_eq!((&nearest["line"], &nearest["obstacles"][0]["stop"]), (&2.into(), &"differs".into()));
}

/// What is said of the nearest miss of one signature in one text.
fn nearest(signature: &str, text: &str) -> String {
    let folder = folder(&[("R", &format!("signatures:\n  s: {signature}\n"))], &[("a.log", text)]);
    let told = explained(&folder, &["R", "a.log"]);
    let told: Vec<&str> = told.lines().skip(3).map(|line| line.trim_start_matches(['│', ' '])).collect();
    told.join(" ")
}

#[test]
fn slips_are_told_with_what_would_match() {
    let cases = [
        ("{ regex: 'No Space left on (?<d>\\w+)' }", "no space LEFT on sda\n", "with `(?i)`, without regard to case"),
        ("{ contains: No Space left }", "no space left\n", "with `(?i)`"),
        (
            "{ regex: 'call to free(ptr) failed' }",
            "call to free(ptr) failed\n",
            "letter for letter: escape its special",
        ),
        ("{ regex: 'left on device' }", "left  on\tdevice\n", "with `\\s+` in place of its spaces"),
        ("{ regex: '^ERROR: disk is full' }", "WARN ERROR: disk is full\n", "without `^` and `$` at its ends"),
        ("{ regex: 'begin of trouble.*end of trouble' }", "begin of trouble\n\tend of trouble\n", "with `(?s)`"),
        (
            "{ regex: '^ERROR: disk is full' }",
            "10:00 WARN: disk is full\n",
            "wants `^ERROR: ` before `disk is full`, where the text has `10:00 WARN: `",
        ),
        ("{ regex: 'backup of .* failed' }", "backup of mail finished\n", "finds no ` failed` behind `backup of `"),
        ("{ regex: 'no space left on device' }", "no space left\n", "stops at the end of the line, where it wants"),
        ("{ regex: 'E\\d{4}-\\d+' }", "E12-9\n", "where it wants"),
        ("{ regex: 'gone for good' }", "all is well\n", "no record has any of the words it spells out"),
    ];
    for (signature, text, expected) in cases {
        let told = nearest(signature, text);
        assert!(told.contains(expected), "{signature}: {told}");
    }
}

#[test]
fn each_clause_is_told_that_does_not_hold() {
    let combined =
        "{ all: [{ contains: request failed }], any: [{ contains: timed out }, { regex: 'refused by \\w+' }] }";
    let told = nearest(combined, "request failed: connection refused at once\n");
    assert!(told.contains("stops at `refused at once` where it wants `refused by"), "{told}");
    let told = nearest(
        "{ all: [{ contains: request failed }], none: [{ contains: will retry }] }",
        "request failed, will retry\n",
    );
    assert!(told.contains("but so does `will retry` under `none`"), "{told}");
}

#[test]
fn what_lies_outside_the_text_is_told_with_its_count() {
    let rules = [
        ("LEVEL", "signatures:\n  s: { contains: disk is full, level: error }\n"),
        ("FILE", "signatures:\n  s: { contains: disk is full, file: '**/pa/*.log' }\n"),
        ("NOISE", "signatures:\n  s: { contains: quota is used up }\n"),
    ];
    let log = "\
2026-01-01 10:00:00 INFO disk is full
2026-01-01 10:00:01 INFO disk is full
2026-01-01 10:00:02 INFO disk is full
2026-01-01 10:00:03 INFO quota is used up
";
    let folder = folder(&rules, &[("case/pb/core.log", log), ("case/other.txt", "nothing\n")]);
    folder.write("rules/faultbook.yaml", b"sources:\n  - path: '*.log'\n    noise: ['quota is used up']\n");
    let all: String = ["LEVEL", "FILE", "NOISE"].map(|id| explained(&folder, &[id, "case"])).join("\n");
    let later = explained(&folder, &["LEVEL", "case", "--since", "2026-01-02"]);
    assert!(later.contains("their level is info"), "{later}");
    insta::assert_snapshot!("kept_out", all);
    folder.write("rules/TIME.yaml", rule("TIME", "signatures:\n  s: { contains: disk is full }\n").as_bytes());
    let late = explained(&folder, &["TIME", "case", "--since", "2026-01-02"]);
    assert!(late.contains("3 records match, but they are outside `--since` and `--until`"), "{late}");
}

const REPLICA: &str = "\
signatures:
  slow: { regex: 'query took (?<seconds>\\d+) s' }
  healed: { contains: all queries are fast again }
facts:
  replica: { about: a replica, type: boolean, ask: Is it a replica? }
  order: { about: the order }
  moved: { about: moved, type: boolean, derive: order is none }
condition: slow.count > 1 and not healed and (replica or moved)
";

#[test]
fn a_condition_is_taken_apart() {
    let log = "query took 5 s\nquery took 5 s\nquery took 7 s\n";
    let healed = "query took 5 s\nquery took 6 s\nall queries are fast again\n";
    let folder = folder(&[("SLOW", REPLICA)], &[("slow.log", log), ("healed.log", healed)]);
    folder.write("case/slow.log", log.as_bytes());
    folder.write("case/facts.yaml", b"replica: maybe\norder: SO1\n");
    let all = [
        explained(&folder, &["SLOW", "slow.log"]),
        explained(&folder, &["slow", "healed.log", "--fact", "replica=true"]),
        explained(&folder, &["SLOW", "slow.log", "--fact", "order=none"]),
        explained(&folder, &["rules/SLOW.yaml", "case"]),
    ];
    insta::assert_snapshot!("condition", all.join("\n"));
    let json = json(&folder, &["SLOW", "healed.log"]);
    let condition = &json["explanations"][0]["condition"];
    assert_eq!((&condition["operator"], &condition["truth"]), (&"and".into(), &"false".into()));
    assert_eq!(condition["parts"][1]["source"], "not healed");
}

#[test]
fn what_suppresses_a_rule_is_named() {
    let rules = [
        ("A-GENERAL", "signatures:\n  s: { contains: connection lost }\n"),
        ("B-SPECIAL", "signatures:\n  s: { contains: connection lost to db }\nsupersedes: [A-GENERAL]\n"),
        ("C-FALLBACK", "signatures:\n  s: { contains: connection }\nfallback: true\n"),
        (
            "D-PRODUCT",
            "environment: [{ product: db, version: '>=5, <6' }]\nsignatures:\n  s: { contains: connection lost }\n",
        ),
        ("E-ARCHIVED", "state: archived\nsignatures:\n  s: { contains: connection lost }\n"),
        ("F-INTERNAL", "audience: internal\nsignatures:\n  s: { contains: connection lost }\n"),
    ];
    let folder = folder(&rules, &[("a.log", "connection lost to db\n")]);
    let all = [
        explained(&folder, &["A-GENERAL", "a.log"]),
        explained(&folder, &["B-SPECIAL", "a.log", "--min-severity", "critical"]),
        explained(&folder, &["C-FALLBACK", "a.log"]),
        explained(&folder, &["D-PRODUCT", "a.log", "--product", "db=7.1"]),
        explained(&folder, &["E-ARCHIVED", "a.log"]),
        explained(&folder, &["F-INTERNAL", "a.log", "--audience", "public"]),
    ];
    insta::assert_snapshot!("suppressed", all.join("\n"));
}

#[test]
fn all_ranks_the_rules_that_come_nearest() {
    let rules = [
        ("FAR", "signatures:\n  s: { contains: the moon is made of green cheese }\n"),
        ("HALF", "signatures:\n  s: { regex: 'connection lost to \\S+ after \\d+ tries' }\n"),
        ("LEVEL", "signatures:\n  s: { contains: connection lost, level: critical }\n"),
        (
            "CONDITION",
            "signatures:\n  s: { contains: connection lost }\n  t: { contains: never }\ncondition: s and t\n",
        ),
        ("FOUND", "signatures:\n  s: { contains: connection lost to db }\n"),
    ];
    let folder =
        folder(&rules, &[("a.log", "10:00 ERROR connection lost to db for good\n"), ("b.log", "all is well\n")]);
    let all = [explained(&folder, &["--all", "a.log"]), explained(&folder, &["--all", "b.log"])];
    insta::assert_snapshot!("all", all.join("\n"));
    let one = explained(&folder, &["--all", "--limit", "1", "a.log"]);
    assert!(one.contains("2 more come near") && !one.contains("HALF"), "{one}");
    let json = json(&folder, &["--all", "a.log"]);
    assert_eq!(json["cases"][0]["misses"][0]["rule"], "CONDITION");
    assert_eq!(json["cases"][0]["applies"][0], "FOUND");
}

#[test]
fn an_unknown_rule_is_an_error_with_what_was_meant() {
    let folder = Folder::usual();
    let outcome = folder.run(&["explain", "--rules", "rules", "FULl2", "full.log"]);
    assert_eq!(outcome.code, 2);
    assert!(outcome.talk.contains("there is no rule `FULl2`"), "{}", outcome.talk);
    assert!(outcome.talk.contains("did you mean `FULL`?"), "{}", outcome.talk);
    folder.write("rules/broken.yaml", BROKEN.as_bytes());
    let outcome = folder.run(&["explain", "--rules", "rules", "BROKEN", "full.log"]);
    assert!(outcome.code == 2 && outcome.talk.contains("the rule `BROKEN` is left out"), "{}", outcome.talk);
    let outcome = folder.run(&["explain", "--rules", "rules", "FULL"]);
    assert!(outcome.code == 2 && outcome.talk.contains("nothing to explain the rule for"), "{}", outcome.talk);
}

#[test]
fn inputs_are_read_as_triage_reads_them() {
    let folder =
        folder(&[("TAKEN", TAKEN)], &[("other.log", "customer 'J' - the specified subdomain 'x' is reserved\n")]);
    let of_file = explained(&folder, &["TAKEN", "other.log"]);
    let text = fs::read_to_string(folder.path("other.log")).unwrap();
    let of_input = folder.run_with(&["explain", "--rules", "rules", "TAKEN", "-"], &text);
    // lines are wrapped, and the names differ in length
    let same = |told: &str, name: &str| told.replace(name, "NAME").split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(same(&of_input.out, "stdin"), same(&of_file, "other.log"));
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packer, text.as_bytes()).unwrap();
    folder.write("other.log.gz", &packer.finish().unwrap());
    let of_packed = explained(&folder, &["TAKEN", "other.log.gz"]);
    assert_eq!(same(&of_packed, "other.log.gz"), same(&of_file, "other.log"));
    let lost = folder.run(&["explain", "--rules", "rules", "TAKEN", "other.log", "missing.log"]);
    assert_eq!((lost.code, lost.out), (2, of_file));
    assert!(lost.talk.contains("missing.log (no such file or folder)"), "{}", lost.talk);
}

#[test]
fn what_logs_hold_is_escaped() {
    let text = "customer '\u{1b}]0;x\u{7}\u{202e}J' - the specified subdomain 'x\u{9b}' is \u{1b}[31mreserved\n";
    let folder = folder(&[("TAKEN", TAKEN)], &[("a\u{1b}[2J.log", text)]);
    for arguments in [&["TAKEN", "."][..], &["--all", "."]] {
        let outcome = folder.run(&[&["explain", "--rules", "rules", "--exclude", "*.yaml"], arguments].concat());
        assert!(!outcome.out.contains(|c: char| c.is_control() && c != '\n' || c == '\u{202e}'), "{:?}", outcome.out);
        assert!(outcome.out.contains("\\x1b"), "{}", outcome.out);
    }
    let styled = folder.run(&["explain", "--rules", "rules", "--color", "always", "TAKEN", "."]);
    assert!(styled.out.starts_with("\u{1b}[1mTAKEN\u{1b}[0m  \u{1b}[31mdoes not apply"), "{:?}", styled.out);
}

#[test]
fn whole_files_have_near_misses_too() {
    let told =
        nearest("{ regex: 'PermitRootLogin\\s+yes', scope: file, file: '*.log' }", "# sshd\nPermitRootLogin no\n");
    assert!(told.contains("a.log:2 has `PermitRootLogin`; the regex stops at"), "{told}");
}

const OUTAGE: &str = "\
signatures:
  down: { regex: 'link (?<host>\\S+) down' }
  timeout: { regex: 'timeout of (?<host>\\S+)' }
correlations:
  outage: { type: temporal_ordered, signatures: [down, timeout], group_by: [host], timespan: 10m }
  burst: { type: event_count, signatures: [timeout], group_by: [host], timespan: 5m, gte: 3 }
condition: outage or burst
";

#[test]
fn correlations_tell_their_best_window_and_what_it_lacks() {
    let log = "\
2026-01-01 10:00:00 ERROR timeout of db-1
2026-01-01 10:01:00 ERROR link db-1 down
2026-01-01 10:02:00 ERROR link db-2 down
2026-01-01 10:13:00 ERROR timeout of db-2
2026-01-01 10:14:00 ERROR timeout of db-2
";
    let folder = folder(&[("OUTAGE", OUTAGE)], &[("app.log", log)]);
    insta::assert_snapshot!("correlations", explained(&folder, &["OUTAGE", "app.log"]));
    let json = json(&folder, &["OUTAGE", "app.log"]);
    let outage = &json["explanations"][0]["correlations"][0];
    assert_eq!((&outage["name"], &outage["holds"]), (&"outage".into(), &false.into()));
}
