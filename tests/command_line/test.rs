//! `faultbook test`: rules that keep what they promise, and those that do not.

use crate::{BROKEN, Folder, SLOW};

fn failing() -> Folder {
    let folder = Folder::usual();
    folder.write("rules/slow.yaml", SLOW.replace("seconds: '9'", "seconds: '8'").as_bytes());
    folder
}

#[test]
fn exit_status_follows_the_tests() {
    let folder = Folder::usual();
    assert_eq!(folder.code(&["test"]), 0, "the built-in faultbook");
    assert_eq!(folder.code(&["test", "--rules", "rules"]), 0);
    assert_eq!(folder.code(&["test", "--rules", "rules", "FULL", "slow-*"]), 0);
    assert_eq!(folder.code(&["test", "--rules", "rules", "FULL", "FAST"]), 2);
    assert_eq!(folder.code(&["test", "--rules", "rules", "[a"]), 2);

    let folder = failing();
    assert_eq!(folder.code(&["test", "--rules", "rules"]), 1);
    assert_eq!(folder.code(&["test", "--rules", "rules", "FULL"]), 0);
    folder.write("rules/broken.yaml", BROKEN.as_bytes());
    assert_eq!(folder.code(&["test", "--rules", "rules"]), 2);
}

#[test]
fn a_failure_shows_what_was_expected_and_what_came_out() {
    insta::assert_snapshot!("failed_test", failing().run(&["test", "--rules", "rules"]).told());
}

#[test]
fn json_has_every_test() {
    let outcome = failing().run(&["test", "--rules", "rules", "--format", "json"]);
    let json = outcome.json();
    assert_eq!((&json["schema"], &json["passed"], &json["failed"]), (&1.into(), &3.into(), &1.into()));
    let failed =
        json["tests"].as_array().unwrap().iter().find(|test| !test["mismatches"].as_array().unwrap().is_empty());
    assert_eq!(failed.unwrap()["mismatches"][0]["expected"], "8");
}

#[test]
fn each_way_to_fail_has_its_verdict() {
    let tests = "\
tests:
  - { name: fine, text: query took 9 s, expect: { captures: { seconds: '9' } } }
  - { name: quiet, text: query took no time, expect: nothing }
  - { name: silent, text: query took no time, expect: {} }
  - { name: loud, text: query took 9 s, expect: nothing }
  - { name: capture, text: query took 9 s, expect: { captures: { seconds: '8' } } }
  - { name: branch, text: query took 9 s, facts: { replica: true }, expect: { resolution: [Rows, Columns] } }
  - { name: question, text: query took 9 s, expect: { questions: [engine] } }
  - { name: count, text: query took 9 s, expect: { count: 2 } }
";
    let folder = Folder::new(&[("rules/slow.yaml", &(SLOW.split("tests:").next().unwrap().to_owned() + tests))]);
    let outcome = folder.run(&["test", "--rules", "rules", "--format", "json"]);
    let json = outcome.json();
    let verdicts: Vec<&str> =
        json["tests"].as_array().unwrap().iter().map(|test| test["verdict"].as_str().unwrap()).collect();
    let all =
        ["matched", "passed", "missed", "noisy", "wrong-capture", "wrong-branch", "wrong-question", "wrong-count"];
    assert_eq!((outcome.code, verdicts), (1, all.to_vec()));
    insta::assert_snapshot!("verdicts", folder.run(&["test", "--rules", "rules"]).told());
}

#[test]
fn junit_is_xml_whatever_the_rules_say() {
    let rule = SLOW
        .replace("seconds: '9'", "seconds: '8'")
        .replace("name: fast, text: query took no time", "name: \"a <b> & \\\"c\\\" \\x1b[1m\", text: query took 7 s");
    let folder = Folder::new(&[("rules/slow.yaml", &rule), ("rules/broken.yaml", BROKEN)]);
    folder.write("good/a.log", b"query took 3 s </testcase> \x01\n");
    let outcome = folder.run(&["test", "--rules", "rules", "--format", "junit", "--corpus", "good"]);
    assert_eq!(outcome.code, 2, "a rule has an error");

    use quick_xml::events::Event;
    let mut reader = quick_xml::Reader::from_str(&outcome.out);
    let (mut open, mut cases, mut troubles) = (Vec::new(), Vec::new(), Vec::new());
    let attribute = |tag: &quick_xml::events::BytesStart<'_>, name: &str| {
        let found = tag.attributes().map(|attribute| attribute.unwrap()).find(|one| one.key.as_ref() == name);
        found.map(|one| one.value.to_string())
    };
    loop {
        match reader.read_event().expect("well-formed") {
            Event::Start(tag) => {
                let name = tag.name().as_ref().to_owned();
                match name.as_str() {
                    "testcase" => cases.push((attribute(&tag, "file").unwrap(), attribute(&tag, "line"))),
                    "failure" | "error" => troubles.push((name.clone(), attribute(&tag, "type").unwrap())),
                    _ => {}
                }
                open.push(name);
            }
            Event::End(tag) => assert_eq!(open.pop().unwrap(), tag.name().as_ref()),
            Event::Empty(tag) => assert_eq!(tag.name().as_ref(), "testcase"),
            Event::Text(text) => assert!(!text.chars().any(|one| one.is_control() && one != '\n')),
            Event::Eof => break,
            _ => {}
        }
    }
    assert!(open.is_empty() && outcome.out.contains("<testsuites tests=\"4\" failures=\"3\" errors=\"1\">"));
    let of = |name: &str, kind: &str| (name.to_owned(), kind.to_owned());
    let expected = [
        of("error", "unknown-name"),
        of("failure", "wrong-capture"),
        of("failure", "noisy"),
        of("failure", "false-positive"),
    ];
    assert_eq!(troubles, expected);
    assert_eq!(cases[1], ("rules/slow.yaml".to_owned(), Some("22".to_owned())));
    let file = cases[3].0.clone();
    assert_eq!((file.as_str(), cases[3].1.as_deref()), ("good/a.log", Some("1")));
}

#[test]
fn coverage_names_what_no_test_reaches() {
    let rule = SLOW.replace(
        "regex: 'query took (?<seconds>[0-9]+) s'",
        "regex: ['query took (?<seconds>[0-9]+) s', 'slow query']",
    ) + "  - { name: replica, text: query took 9 s, facts: { replica: true }, expect: {} }\n";
    let folder = Folder::new(&[("rules/slow.yaml", &rule), ("rules/full.yaml", crate::FULL)]);
    let text = folder.run(&["test", "--rules", "rules", "--coverage"]);
    insta::assert_snapshot!("coverage", text.told());
    let json = folder.run(&["test", "--rules", "rules", "--coverage", "--format", "json"]).json();
    let coverage = &json["coverage"];
    assert_eq!((&coverage["total"], &coverage["reached"], &coverage["percent"]), (&11.into(), &5.into(), &45.into()));
    assert_eq!(coverage["unreached"][0]["kind"], "alternative");
    assert_eq!(coverage["unreached"][0]["name"], "slow query");
    assert_eq!(coverage["unreached"][0]["signature"], "slow");
}
