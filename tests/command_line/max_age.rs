//! `max_age`: matches that are too old by the case's own clock do not count, and what that clock shows.

use serde_json::Value;

use crate::Folder;

const RULE: &str = "\
id: FULL
title: The disk is full
signatures:
  full:
    regex: 'no space left on (?<disk>\\w+)'
    max_age: 7d
resolution: Delete something.
tests:
  - { name: full, text: no space left on sda, expect: { captures: { disk: sda } } }
  - name: long ago
    text: |
      2014-12-01 10:00:00 no space left on sda
      2014-12-08 10:00:01 started
    expect: nothing
";

fn folder(logs: &[(&str, &str)]) -> Folder {
    let folder = Folder::new(&[("rules/full.yaml", RULE)]);
    logs.iter().for_each(|(path, text)| folder.write(path, text.as_bytes()));
    folder
}

/// Each finding's disks and number of records.
fn found(folder: &Folder, arguments: &[&str]) -> Vec<(String, u64)> {
    let outcome = folder.run(&[&["triage", "--rules", "rules", "--format", "json"], arguments].concat());
    let findings = outcome.json()["findings"].as_array().unwrap().clone();
    let text = |finding: &Value| {
        (finding["captures"]["disk"].as_str().unwrap().to_owned(), finding["count"].as_u64().unwrap())
    };
    findings.iter().map(text).collect()
}

fn one(disk: &str, count: u64) -> (String, u64) {
    (disk.to_owned(), count)
}

const LOG: &str = "\
2014-12-01 09:59:59 no space left on old
2014-12-01 10:00:00 no space left on edge
2014-12-05 10:00:00 no space left on new
2014-12-05 10:00:00 no space left on new
";

#[test]
fn the_newest_time_of_all_sources_is_now_whether_a_rule_matches_there_or_not() {
    let own = folder(&[("case/a.log", LOG)]);
    assert_eq!(found(&own, &["case"]), [one("old", 1), one("edge", 1), one("new", 2)], "five days in all");
    let other =
        folder(&[("case/a.log", LOG), ("case/b.log", "2014-12-07 10:00:00 started\n2014-12-08 10:00:00 ended\n")]);
    let expected = [one("edge", 1), one("new", 2)];
    for threads in ["1", "2", "7"] {
        assert_eq!(found(&other, &["case", "--threads", threads]), expected, "exactly seven days are not too many");
    }
    let tested = other.run(&["test", "--rules", "rules"]);
    assert_eq!(tested.code, 0, "{}{}", tested.out, tested.talk);
}

#[test]
fn sources_without_times_and_records_without_a_time_are_never_too_old() {
    let case = folder(&[
        ("case/a.log", "2014-12-30 10:00:00 started\n"),
        ("case/plain.txt", "no space left on plain\n"),
        ("case/none.log", "no space left on first\n2014-12-01 10:00:00 no space left on dated\n"),
    ]);
    assert_eq!(found(&case, &["case"]), [one("first", 1), one("plain", 1)]);
    let timeless = folder(&[("plain.txt", "no space left on plain\n")]);
    assert_eq!(found(&timeless, &["plain.txt"]), [one("plain", 1)], "a case without a clock");
}

#[test]
fn files_that_are_rotated_or_out_of_order_have_one_clock() {
    let rotated = folder(&[
        ("case/x.log.1", "2014-11-01 10:00:00 no space left on old\n2014-11-02 10:00:00 x\n"),
        ("case/x.log", "2014-12-07 10:00:00 no space left on new\n2014-12-08 10:00:00 x\n"),
    ]);
    assert_eq!(found(&rotated, &["case"]), [one("new", 1)]);
    let mixed =
        "2014-12-20 10:00:00 no space left on new\n2014-12-01 10:00:00 no space left on old\n2014-12-02 10:00:00 x\n";
    assert_eq!(found(&folder(&[("x.log", mixed)]), &["x.log"]), [one("new", 1)], "no match is newer than now");
}

#[test]
fn a_fact_may_say_what_now_is() {
    let case = folder(&[("case/a.log", LOG)]);
    let now = |now: &str| found(&case, &["case", "--fact", &format!("now={now}")]);
    assert_eq!(now("2014-12-08T10:00:00Z"), [one("edge", 1), one("new", 2)]);
    assert_eq!(now("2014-12-12T12:00:00+02:00"), [one("new", 2)]);
    assert_eq!(now("2014-12-13"), []);
    assert_eq!(now("2014-12-01"), [one("old", 1), one("edge", 1), one("new", 2)], "what comes later is not old");
    let refused = case.run(&["triage", "--rules", "rules", "--format", "json", "case", "--fact", "now=today"]);
    assert!(!refused.talk.contains("no rule asks"), "{}", refused.talk);
    let note = refused.json()["notes"][0].clone();
    assert_eq!(note["kind"], "facts");
    assert!(note["detail"].as_str().unwrap().contains("`today`, which is no moment"), "{note}");
    case.write("case/facts.yaml", b"now: 2014-12-13 10:00\n");
    assert_eq!(found(&case, &["case"]), []);
    assert_eq!(found(&case, &["case", "--fact", "now=2014-12-08T10:00:00Z"]).len(), 2, "the caller goes before");
}

#[test]
fn explain_tells_now_and_what_was_too_old() {
    let case = folder(&[("case/a.log", LOG), ("case/b.log", "2014-12-08 10:00:00 ended\n")]);
    let told = case.run(&["explain", "FULL", "case", "--rules", "rules"]).out;
    assert!(told.contains("2014-12-08 10:00:00") && told.contains("the newest time in the case"), "{told}");
    assert!(told.contains("1 record matches, but it is older than its `max_age`: case/a.log:1"), "{told}");
    let none = case.run(&["explain", "FULL", "case", "--rules", "rules", "--fact", "now=2015-01-01"]).out;
    assert!(none.contains("no signature matched") && none.contains("given by the fact `now`"), "{none}");
    assert!(none.contains("4 records match, but they are older than its `max_age`"), "{none}");
    let json = case.run(&["explain", "FULL", "case", "--rules", "rules", "--format", "json"]).json();
    let explanation = &json["explanations"][0];
    assert_eq!(explanation["now"]["time"], "2014-12-08T10:00:00Z");
    assert_eq!(
        (explanation["now"]["from"].as_str(), explanation["signatures"][0]["max_age"].as_str()),
        (Some("newest"), Some("1w"))
    );
}

#[test]
fn what_is_too_old_explains_nothing_and_starts_no_correlation() {
    let burst = "id: BURST\ntitle: t\nsignatures:\n  full: { contains: no space left, max_age: 7d }\n\
                 correlations:\n  many: { type: event_count, signatures: [full], timespan: 30d, gte: 3 }\ncondition: many\n";
    let fallback = "id: ANY\ntitle: t\nfallback: true\nsignatures:\n  any: { regex: 'space left on (?<disk>\\w+)' }\n";
    let case = folder(&[("rules/burst.yaml", burst), ("rules/any.yaml", fallback), ("a.log", LOG)]);
    let ids = |now: &str| -> Vec<String> {
        let outcome = case.run(&["triage", "--rules", "rules", "--format", "json", "a.log", "--fact", now]);
        let findings = outcome.json()["findings"].as_array().unwrap().clone();
        findings.iter().map(|one| format!("{} {}", one["rule"].as_str().unwrap(), one["count"])).collect()
    };
    assert_eq!(ids("now=2014-12-08T10:00:00Z"), ["ANY 1", "BURST 3", "FULL 1", "FULL 2"]);
    assert_eq!(ids("now=2014-12-09T10:00:00Z"), ["ANY 1", "ANY 1", "FULL 2"]);
}
