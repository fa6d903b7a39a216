//! `faultbook.yaml` beside the rules: where it is found, what it changes, and that arguments go before it.

use crate::{FULL, Folder};

/// The ids that `rules` lists.
fn listed(folder: &Folder, arguments: &[&str]) -> Vec<String> {
    let outcome = folder.run(&[&["rules", "--format", "json"], arguments].concat());
    let rules = outcome.json()["rules"].as_array().unwrap().clone();
    rules.iter().map(|rule| rule["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn it_is_found_in_the_folder_of_rules_and_above() {
    for (place, rules) in
        [("faultbook.yaml", "rules"), ("rules/faultbook.yaml", "rules"), ("faultbook.yaml", "rules/full.yaml")]
    {
        let folder = Folder::usual();
        folder.write(place, b"defaults: { format: json }\n");
        let outcome = folder.run(&["triage", "--rules", rules, "full.log"]);
        assert_eq!(outcome.json()["findings"][0]["rule"], "FULL", "{place}, {rules}: {}", outcome.talk);
    }
    let folder = Folder::usual();
    folder.write("faultbook.yaml", b"defaults: { format: json }\n");
    assert!(!folder.run(&["triage", "full.log"]).out.starts_with('{'), "the built-in faultbook has its own");
}

#[test]
fn arguments_go_before_defaults() {
    let folder = Folder::usual();
    folder.write("faultbook.yaml", b"defaults: { format: json, audience: public, min_severity: error, threads: 1 }\n");
    assert_eq!(listed(&folder, &["--rules", "rules"]), ["FULL"]);
    assert_eq!(listed(&folder, &["--rules", "rules", "--audience", "internal"]), ["FULL", "SLOW-1"]);
    assert!(folder.run(&["triage", "--rules", "rules", "--format", "text", "full.log"]).out.contains("error"));
    let slow = |arguments: &[&str]| folder.code(&[&["triage", "--rules", "rules", "slow.log"], arguments].concat());
    assert_eq!(slow(&["--audience", "internal"]), 1);
    assert_eq!(slow(&["--audience", "internal", "--min-severity", "info", "--threads", "2"]), 0);
    let answer = folder.run(&["answer", "--rules", "rules", "no space left"]);
    assert_eq!(answer.json()["findings"][0]["rule"], "FULL");
}

#[test]
fn fail_on_of_the_settings_decides_the_status() {
    let folder = Folder::usual();
    folder.write("faultbook.yaml", b"defaults: { fail_on: error }\n");
    let code = |arguments: &[&str]| folder.code(&[&["triage", "--rules", "rules", "full.log"], arguments].concat());
    assert_eq!((code(&[]), code(&["--fail-on", "critical"])), (1, 0));
}

#[test]
fn a_mistake_in_it_is_an_error_and_the_rest_is_used() {
    let folder = Folder::usual();
    folder.write("faultbook.yaml", b"limits: { dept: 1 }\ndefaults: { format: json }\n");
    let outcome = folder.run(&["triage", "--rules", "rules", "full.log"]);
    assert_eq!((outcome.code, outcome.json()["findings"][0]["rule"].as_str()), (2, Some("FULL")));
    assert!(outcome.talk.contains("error: `faultbook.yaml` has 1 mistake\n"), "{}", outcome.talk);
    let check = folder.run(&["check", "rules"]);
    assert!(check.out.contains("error[unknown-key]") && check.out.contains("did you mean `depth`?"), "{}", check.out);
    assert_eq!(check.code, 1);
    assert!(check.talk.contains("2 rules and settings, 1 error"), "{}", check.talk);
}

#[test]
fn it_can_be_checked_alone_but_is_no_rule() {
    let folder = Folder::new(&[("acme/faultbook.yaml", "limits: { depth: 3 }\n"), ("full.log", "no space left\n")]);
    for path in ["acme", "acme/faultbook.yaml"] {
        let check = folder.run(&["check", path]);
        assert_eq!((check.code, check.talk.as_str()), (0, "settings, 0 errors, 0 warnings\n"), "{path}");
        let triage = folder.run(&["triage", "--rules", path, "full.log"]);
        assert_eq!(triage.code, 2);
        assert!(triage.talk.contains("there are no rules in"), "{}", triage.talk);
    }
}

#[test]
fn of_several_faultbooks_the_first_that_says_something_wins() {
    let folder = Folder::new(&[
        ("a/faultbook.yaml", "defaults: { format: jsonl }\n"),
        ("a/rules/full.yaml", FULL),
        ("b/faultbook.yaml", "defaults: { format: json, min_severity: critical }\n"),
        ("b/rules/other.yaml", &FULL.replace("id: FULL", "id: OTHER")),
        ("full.log", "no space left\n"),
    ]);
    let outcome = folder.run(&["triage", "--rules", "a/rules", "--rules", "b/rules", "full.log"]);
    assert_eq!((outcome.code, outcome.out.lines().count()), (1, 1), "{}", outcome.out);
}
