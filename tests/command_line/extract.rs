//! Facts that stand in the sources of a case, taken out of a folder and of an archive.

use super::Folder;
use super::reading::tar;

const RULE: &str = "\
id: POOL
title: The pool is too small
audience: public
signatures:
  empty: { regex: 'pool of (?<app>\\w+) is empty' }
facts:
  kernel: { type: version, extract: { file: '**/uname.txt', regex: 'Linux \\S+ (?<kernel>\\S+)' } }
  pool_size:
    type: number
    extract:
      - { file: etc/app.json, jsonpath: $.database.pool.max }
      - { file: etc/app.yaml, jsonpath: $.database.pool.max }
  release: { type: string, extract: { file: etc/app.yaml, jsonpath: '$.release' } }
  small: { type: boolean, derive: pool_size < 10, ask: Is the pool small? }
symptoms: |
  kernel {{ kernel }}, release {{ release }}, pool {{ pool_size }}.
resolution:
  - { when: small, title: Small, text: Enlarge it. }
  - { when: not small, title: Large, text: Look for leaks. }
tests:
  - { name: empty, text: pool of shop is empty, facts: { small: true }, expect: { resolution: [Small] } }
  - { name: full, text: pool of shop is full, expect: nothing }
  - name: the sample is a source too
    file: etc/app.yaml
    text: \"# pool of shop is empty\\ndatabase: { pool: { max: 50 } }\"
    expect: { resolution: [Large] }
";

const LOG: (&str, &[u8]) = ("a.log", b"pool of shop is empty\n");
const UNAME: (&str, &[u8]) = ("sys/uname.txt", b"\x1b[1mLinux\x1b[0m db1 6.1.0 #1 SMP\r\n");
const JSON: (&str, &[u8]) = ("etc/app.json", br#"{"database": {"pool": {"max": 5}}}"#);
const YAML: (&str, &[u8]) = ("etc/app.yaml", b"release: 5.10\ndatabase:\n  pool: { max: 50 }\n");

/// A folder that is one case, and its archive.
fn case(members: &[(&str, &[u8])]) -> Folder {
    let folder = Folder::new(&[("rules/pool.yaml", RULE), ("case/facts.yaml", "other: 1\n")]);
    members.iter().for_each(|(path, bytes)| folder.write(&format!("case/{path}"), bytes));
    let below: Vec<_> = members.iter().map(|(path, bytes)| (format!("bundle/{path}"), *bytes)).collect();
    let below: Vec<_> = below.iter().map(|(path, bytes)| (path.as_str(), *bytes)).collect();
    folder.write("case.tar", &tar(&below));
    folder
}

fn told(folder: &Folder, arguments: &[&str]) -> String {
    let outcome = folder.run(&[&["triage", "--rules", "rules"], arguments].concat());
    format!("{}{}", outcome.out, outcome.talk)
}

#[test]
fn the_first_entry_that_finds_a_value_wins_in_a_folder_and_in_an_archive() {
    let folder = case(&[LOG, UNAME, YAML, JSON]);
    for input in ["case", "case.tar"] {
        let told = told(&folder, &[input]);
        assert!(told.contains("kernel 6.1.0, release 5.10, pool 5.") && told.contains("Enlarge it."), "{told}");
        assert!(!told.contains("Look for leaks.") && !told.contains("Is the pool small?"), "{told}");
    }
    let second = case(&[LOG, UNAME, YAML]);
    assert!(told(&second, &["case.tar"]).contains("pool 50."));
}

#[test]
fn who_states_a_fact_goes_before_what_stands_in_a_source() {
    let folder = case(&[LOG, JSON]);
    assert!(told(&folder, &["case", "--fact", "pool_size=70"]).contains("Look for leaks."));
    folder.write("case/facts.yaml", b"pool_size: 80\n");
    assert!(told(&folder, &["case"]).contains("pool 80."));
    let refused = told(&folder, &["case", "--fact", "pool_size=many"]);
    assert!(refused.contains("pool 5.") && refused.contains("a number is wanted"), "{refused}");
}

#[test]
fn of_several_sources_the_first_of_the_case_counts_on_any_number_of_threads() {
    let names: Vec<String> = (0..40).map(|number| format!("n{number:02}/uname.txt")).collect();
    let texts: Vec<String> =
        (0..40).map(|number| format!("Linux h 6.{number}.0\n{}", "x\n".repeat(100 * (40 - number)))).collect();
    let members = names.iter().zip(&texts).map(|(name, text)| (name.as_str(), text.as_bytes()));
    let folder = case(&members.chain([LOG]).collect::<Vec<_>>());
    for (input, threads) in [("case", "1"), ("case", "4"), ("case.tar", "4")] {
        let told = told(&folder, &[input, "--threads", threads]);
        assert!(told.contains("kernel 6.0.0,"), "{input} {threads}: {told}");
    }
}

#[test]
fn what_does_not_fit_and_what_cannot_be_read_is_noted_and_the_fact_is_asked_for() {
    let broken = case(&[LOG, ("etc/app.json", b"{\"database\": ")]);
    let all = told(&broken, &["case.tar"]);
    assert!(all.contains("facts cannot be read from it as JSON") && all.contains("Is the pool small?"), "{all}");
    let strange = case(&[LOG, ("etc/app.json", br#"{"database": {"pool": {"max": "<b>lots</b>"}}}"#)]);
    let all = told(&strange, &["case"]);
    assert!(all.contains("a number is wanted") && all.contains("Is the pool small?"), "{all}");
    let list = case(&[LOG, ("etc/app.json", br#"{"database": {"pool": {"max": [1]}}}"#)]);
    assert!(!told(&list, &["case"]).contains("is wanted"));
}

#[test]
fn values_are_inert_and_bounded() {
    let hostile: &[u8] = b"release: \"{{ kernel }} <script>x</script> [a](b)\"\ndatabase: { pool: { max: 1 } }\n";
    let folder = case(&[LOG, ("etc/app.yaml", hostile)]);
    let html = told(&folder, &["case", "--format", "html"]);
    assert!(html.contains("{{ kernel }}") && !html.contains("<script>x"), "{html}");
    let long = format!("release: {}\n", "x".repeat(4097));
    let folder = case(&[LOG, ("etc/app.yaml", long.as_bytes())]);
    let all = told(&folder, &["case"]);
    assert!(all.contains("longer than 4 KiB") && !all.contains("xxxx"), "{all}");
    let fits = format!("release: {}\n", "x".repeat(4096));
    let folder = case(&[LOG, ("etc/app.yaml", fits.as_bytes())]);
    assert!(!told(&folder, &["case"]).contains("longer than 4 KiB"));
}

#[test]
fn only_the_beginning_of_a_source_is_looked_at() {
    let filler = "x\n".repeat((1 << 19) - 20);
    let near = format!("{filler}Linux h 6.2.0\n{filler}");
    let far = format!("{filler}{filler}Linux h 6.2.0\n");
    let folder = case(&[LOG, ("uname.txt", near.as_bytes())]);
    let all = told(&folder, &["case"]);
    assert!(all.contains("kernel 6.2.0,") && !all.contains("first 1024 KiB"), "{all}");
    let folder = case(&[LOG, ("uname.txt", far.as_bytes())]);
    let all = told(&folder, &["case"]);
    assert!(!all.contains("kernel 6.2.0,") && all.contains("first 1024 KiB"), "{all}");
}

#[test]
fn explain_and_test_know_of_extracted_facts() {
    let folder = case(&[LOG, JSON, UNAME]);
    let tested = folder.run(&["test", "--rules", "rules"]);
    assert_eq!(tested.code, 0, "{}{}", tested.out, tested.talk);
    let explained = folder.run(&["explain", "--rules", "rules", "POOL", "case"]);
    assert!(explained.out.contains("found in") && explained.out.contains("etc/app.json"), "{}", explained.out);
    let json = folder.run(&["explain", "--rules", "rules", "--format", "json", "POOL", "case.tar"]).json();
    let facts = json["explanations"][0]["facts"].as_array().unwrap();
    let from = |name: &str| facts.iter().find(|fact| fact["name"] == name).unwrap()["from"].clone();
    assert_eq!(
        (from("kernel"), from("pool_size"), from("small")),
        ("extracted".into(), "extracted".into(), "derived".into())
    );
    assert_eq!(from("release"), serde_json::Value::Null);
}

#[test]
fn a_derivation_is_no_certainty_where_a_source_may_say_otherwise() {
    let rule = RULE
        .replace("release: { type: string,", "release: { type: string, derive: \"'none'\",")
        .replace("when: small,", "when: small or release == 'beta',");
    let rule = rule.replace("when: not small,", "when: release == 'rc',");
    let folder = case(&[LOG, ("etc/app.yaml", b"release: rc\ndatabase: { pool: { max: 70 } }\n")]);
    folder.write("rules/pool.yaml", rule.as_bytes());
    let all = told(&folder, &["case"]);
    assert!(all.contains("Look for leaks.") && !all.contains("error["), "{all}");
}
