//! `faultbook answer`: texts, questions and their answers.

use serde_json::Value;

use crate::{BROKEN, Folder, Outcome};

const ASK: [&str; 7] = ["answer", "--rules", "rules", "--format", "json", "--ask", "query took 12 s"];

fn branches(outcome: &Outcome) -> Vec<String> {
    let resolution = outcome.json()["findings"][0]["resolution"].as_array().unwrap().clone();
    // A branch is its title or an object that has one.
    let title = |branch: &Value| branch.as_str().or(branch["title"].as_str()).unwrap().to_owned();
    resolution.iter().map(title).collect()
}

#[test]
fn answers_an_argument_and_standard_input() {
    let folder = Folder::usual();
    assert_eq!(folder.code(&["answer", "--rules", "rules", "no space left"]), 0);
    assert_eq!(folder.code(&["answer", "--rules", "rules", "nothing known"]), 1);
    assert_eq!(folder.run_with(&["answer", "--rules", "rules"], "no space left").code, 0);
    assert_eq!(folder.run_with(&["answer", "--rules", "rules", "-"], "no space left").code, 0);
    assert_eq!(folder.run_with(&["answer", "--rules", "rules", "-"], "").code, 1);
}

#[test]
fn a_broken_rule_makes_the_status_an_error() {
    let folder = Folder::usual();
    folder.write("rules/broken.yaml", BROKEN.as_bytes());
    let outcome = folder.run(&["answer", "--rules", "rules", "--format", "json", "no space left"]);
    assert_eq!((outcome.code, outcome.json()["findings"][0]["rule"].as_str()), (2, Some("FULL")));
}

#[test]
fn the_name_of_a_file_is_probably_not_the_text() {
    let folder = Folder::usual();
    let outcome = folder.run(&["answer", "--rules", "rules", "full.log"]);
    assert_eq!(outcome.code, 1);
    assert!(outcome.talk.contains("the text `full.log` is also the name of a file"), "{}", outcome.talk);
}

#[test]
fn an_answered_question_decides_the_branch() {
    let outcome = Folder::usual().run_with(&ASK, "yes\n");
    assert_eq!((outcome.code, branches(&outcome)), (0, vec!["On a replica".to_owned()]));
    assert!(outcome.talk.contains("Is the database a replica?"), "{}", outcome.talk);
    assert!(!outcome.talk.contains("Which engine"), "answered already: {}", outcome.talk);
}

#[test]
fn questions_follow_from_answers_until_nothing_is_open() {
    let outcome = Folder::usual().run_with(&ASK, "n\ncolumn\n");
    assert_eq!((outcome.code, branches(&outcome)), (0, vec!["Columns".to_owned()]));
    assert_eq!(outcome.json()["findings"].as_array().unwrap().len(), 1, "only the last answer is shown");
}

#[test]
fn an_answer_that_does_not_fit_is_asked_for_again() {
    let outcome = Folder::usual().run_with(&ASK, "no\nstone\nrow\n");
    assert_eq!(branches(&outcome), ["Rows"]);
    assert!(outcome.talk.contains("that does not fit: one of row, column is wanted"), "{}", outcome.talk);
}

#[test]
fn three_answers_that_do_not_fit_are_taken_as_unknown() {
    let outcome = Folder::usual().run_with(&ASK, "no\nstone\nwood\nglass\nrow\n");
    assert_eq!(branches(&outcome), ["Rows", "Columns"]);
    assert!(outcome.talk.contains("taken as unknown"), "{}", outcome.talk);
}

#[test]
fn an_empty_answer_and_the_end_of_input_mean_unknown() {
    let folder = Folder::usual();
    let all = ["On a replica", "Rows", "Columns"];
    assert_eq!(branches(&folder.run_with(&ASK, "\n\n")), all);
    assert_eq!(branches(&folder.run_with(&ASK, "")), all);
}

#[test]
fn questions_are_not_put_to_whoever_sends_the_text() {
    let outcome = Folder::usual().run_with(&["answer", "--ask", "--rules", "rules"], "query took 12 s");
    assert_eq!(outcome.code, 2);
    assert!(outcome.talk.contains("give the text as an argument"), "{}", outcome.talk);
}
