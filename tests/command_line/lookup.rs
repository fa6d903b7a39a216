//! Facts that are looked up in tables beside the rules.

use super::Folder;

const RULE: &str = "\
id: REGION
title: A region does not answer
audience: public
signatures:
  down: { regex: 'region (?<code>[a-z0-9-]+) does not answer' }
facts:
  name: { lookup: { table: regions, by: code, column: name } }
  tier: { type: number, lookup: { table: regions, by: code, column: tier }, ask: Which tier is the region? }
  contact: { lookup: { table: people/contacts, by: tier }, derive: \"'the desk'\" }
  urgent: { type: boolean, derive: tier == 1 }
symptoms: |
  {{ name }} is down; call {{ contact }}.
resolution:
  - { when: urgent, title: Urgent, text: Call at once. }
  - { when: not urgent, title: Later, text: Call tomorrow. }
tests:
  - { name: known, text: region eu-1 does not answer, expect: { resolution: [Urgent], questions: [] } }
  - { name: not in the table, text: region xx-1 does not answer, expect: { resolution: [Urgent, Later], questions: [tier] } }
  - { name: stated, text: region eu-1 does not answer, facts: { tier: 3 }, expect: { resolution: [Later] } }
  - { name: quiet, text: region eu-1 answers, expect: nothing }
";

const REGIONS: &str = "code,name,tier\neu-1,\"Europe, *west*\",1\nus-1,America,2\nap-1,,\n";
const CONTACTS: &str = "1: Ada\n2: null\n";

fn folder() -> Folder {
    Folder::new(&[
        ("rules/sub/region.yaml", RULE),
        ("tables/regions.csv", REGIONS),
        ("tables/people/contacts.yaml", CONTACTS),
        ("tables/README.md", "no table"),
    ])
}

fn told(folder: &Folder, arguments: &[&str]) -> String {
    let outcome = folder.run(&[&["answer", "--rules", "rules"], arguments].concat());
    format!("{}{}", outcome.out, outcome.talk)
}

#[test]
fn each_failure_is_looked_up_by_what_it_captured_and_by_facts_that_were_looked_up() {
    let folder = folder();
    let text = "region eu-1 does not answer\nregion us-1 does not answer\nregion ap-1 does not answer\n";
    let told = told(&folder, &[text]);
    assert!(told.contains("Europe, *west* is down; call Ada."), "{told}");
    assert!(told.contains("America is down; call none."), "null in a table is none:\n{told}");
    assert!(told.contains("<name> is down; call the desk."), "an empty cell says nothing, derive comes next:\n{told}");
    let (at_once, tomorrow) = (told.find("Call at once.").unwrap(), told.find("Call tomorrow.").unwrap());
    assert!(at_once < tomorrow, "{told}");
}

#[test]
fn what_somebody_states_goes_before_the_table() {
    let folder = folder();
    let stated = told(&folder, &["--fact", "tier=2", "--fact", "name=Mars", "region eu-1 does not answer"]);
    assert!(stated.contains("Mars is down; call none.") && stated.contains("Call tomorrow."), "{stated}");
}

#[test]
fn a_key_that_is_not_in_the_table_leaves_the_fact_open_and_its_question_is_asked() {
    let told = told(&folder(), &["region xx-1 does not answer"]);
    assert!(told.contains("Which tier is the region?"), "{told}");
    assert!(told.contains("Call at once.") && told.contains("Call tomorrow."), "{told}");
}

#[test]
fn tests_of_rules_look_up_too_and_tables_may_lie_in_the_folder_of_the_rules() {
    let folder = folder();
    let outcome = folder.run(&["test", "--rules", "rules"]);
    assert_eq!(outcome.code, 0, "{}{}", outcome.out, outcome.talk);
    let inside = Folder::new(&[
        ("rules/region.yaml", RULE),
        ("rules/tables/regions.csv", REGIONS),
        ("rules/tables/people/contacts.yml", CONTACTS),
    ]);
    let outcome = inside.run(&["test", "--rules", "rules"]);
    assert_eq!(outcome.code, 0, "a table is no rule:\n{}{}", outcome.out, outcome.talk);
}

#[test]
fn explain_tells_of_the_table() {
    let folder = folder();
    folder.write("case.log", b"region eu-1 does not answer\n");
    let outcome = folder.run(&["explain", "--rules", "rules", "REGION", "case.log"]);
    let told = format!("{}{}", outcome.out, outcome.talk);
    assert!(told.contains("looked up: `regions` by `code`"), "{told}");
    folder.write("case.log", b"region xx-1 does not answer\n");
    let outcome = folder.run(&["explain", "--rules", "rules", "REGION", "case.log"]);
    assert!(outcome.out.contains("the table `regions` says nothing for `xx-1`"), "{}", outcome.out);
}
