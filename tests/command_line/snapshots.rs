//! `faultbook test` and the answers that are kept beside the rules.

use std::fs;

use crate::{BROKEN, FULL, Folder, SLOW};

const TEST: [&str; 3] = ["test", "--rules", "rules"];

fn updated() -> Folder {
    let folder = Folder::usual();
    let outcome = folder.run(&["test", "--rules", "rules", "--update"]);
    assert_eq!(outcome.code, 0);
    assert!(outcome.talk.contains("wrote `rules/snapshots/FULL.md`"), "{}", outcome.talk);
    folder
}

fn text(folder: &Folder, path: &str) -> String {
    fs::read_to_string(folder.path(path)).unwrap()
}

#[test]
fn an_answer_that_changed_is_shown_as_a_diff() {
    let folder = updated();
    assert_eq!(folder.code(&TEST), 0);
    insta::assert_snapshot!("snapshot_file", text(&folder, "rules/snapshots/SLOW-1.md"));
    folder.write("rules/slow.yaml", SLOW.replace("Add memory.", "Add much memory.").as_bytes());
    let outcome = folder.run(&TEST);
    insta::assert_snapshot!("wrong_text", outcome.told());
    assert_eq!(folder.code(&["test", "--rules", "rules", "--update"]), 0);
    assert!(text(&folder, "rules/snapshots/SLOW-1.md").contains("Add much memory."));
    assert_eq!(folder.code(&TEST), 0);
}

#[test]
fn without_a_snapshot_nothing_is_compared_and_only_what_changed_is_written() {
    let folder = updated();
    assert!(!folder.run(&["test", "--rules", "rules", "--update"]).talk.contains("wrote"));
    fs::remove_file(folder.path("rules/snapshots/SLOW-1.md")).unwrap();
    folder.write("rules/slow.yaml", SLOW.replace("Add memory.", "Add much memory.").as_bytes());
    assert_eq!(folder.code(&TEST), 0);
    folder.write(
        "rules/slow.yaml",
        (SLOW.to_owned() + "  - { name: new, text: query took 1 s, expect: {} }\n").as_bytes(),
    );
    assert_eq!(folder.code(&TEST), 0);
    let outcome = folder.run(&["test", "--rules", "rules", "--update"]);
    assert!(outcome.talk.contains("SLOW-1.md") && !outcome.talk.contains("FULL.md"), "{}", outcome.talk);
    let without_returns = text(&folder, "rules/snapshots/SLOW-1.md").replace('\n', "\r\n");
    folder.write("rules/snapshots/SLOW-1.md", without_returns.as_bytes());
    assert_eq!(folder.code(&TEST), 0, "as Git writes it on Windows");
}

#[test]
fn an_answer_of_a_failing_sample_is_not_kept_nor_forgotten() {
    let folder = updated();
    let before = text(&folder, "rules/snapshots/SLOW-1.md");
    let wrong = SLOW.replace("seconds: '9'", "seconds: '8'").replace("Add memory.", "Add much memory.");
    folder.write("rules/slow.yaml", wrong.as_bytes());
    assert_eq!(folder.code(&["test", "--rules", "rules", "--update"]), 1);
    assert_eq!(text(&folder, "rules/snapshots/SLOW-1.md"), before);
}

#[test]
fn what_has_no_test_or_rule_any_more_is_told_and_removed() {
    let folder = updated();
    folder.write("rules/snapshots/notes.md", b"my own\n");
    folder.write("rules/slow.yaml", SLOW.replace("name: slow", "name: sluggish").as_bytes());
    fs::remove_file(folder.path("rules/full.yaml")).unwrap();
    let outcome = folder.run(&TEST);
    assert_eq!(outcome.code, 0);
    assert!(
        outcome.talk.contains("`rules/snapshots/SLOW-1.md` of `slow` is of tests that are no more"),
        "{}",
        outcome.talk
    );
    assert!(outcome.talk.contains("`rules/snapshots/FULL.md` has no rule any more"), "{}", outcome.talk);

    // a rule that is broken or not chosen is still a rule
    folder.write("rules/full.yaml", BROKEN.replace("id: BROKEN", "id: FULL").as_bytes());
    assert_eq!(folder.code(&["test", "--rules", "rules", "--update"]), 2);
    assert_eq!(folder.code(&["test", "--rules", "rules", "--update", "SLOW-1"]), 2);
    assert!(folder.path("rules/snapshots/FULL.md").exists());
    fs::remove_file(folder.path("rules/full.yaml")).unwrap();
    let outcome = folder.run(&["test", "--rules", "rules", "--update"]);
    assert!(outcome.talk.contains("removed `rules/snapshots/FULL.md`"), "{}", outcome.talk);
    assert!(!folder.path("rules/snapshots/FULL.md").exists() && folder.path("rules/snapshots/notes.md").exists());
}

#[test]
fn a_text_that_cannot_be_rendered_fails_its_test() {
    let loops = "{% for a in 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'|list %}".repeat(4) + &"{% endfor %}".repeat(4);
    let rule = FULL.lines().map(|line| {
        if line.starts_with("resolution:") { format!("resolution: \"{loops}\"\n") } else { format!("{line}\n") }
    });
    let folder = Folder::new(&[("rules/full.yaml", &rule.collect::<String>())]);
    let outcome = folder.run(&["test", "--rules", "rules", "--format", "json"]);
    assert_eq!((outcome.code, &outcome.json()["tests"][0]["verdict"]), (1, &"wrong-text".into()));
}

#[test]
fn the_built_in_faultbook_has_no_place_for_snapshots() {
    let folder = Folder::usual();
    assert_eq!(folder.code(&["test", "--update"]), 2);
    // a folder that is called like that of the shipped rules is not theirs
    folder.write("rules/linux/snapshots/linux-oom-killer.md", b"<!-- test: a recent kernel -->\n\nnonsense\n");
    assert_eq!(folder.code(&["test"]), 0);
}

#[test]
fn the_answers_of_the_shipped_rules_are_those_that_were_reviewed() {
    let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_faultbook"));
    let output = command.current_dir(env!("CARGO_MANIFEST_DIR")).args(TEST).output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && !told.contains("warning"), "{told}");
    assert!(fs::exists(concat!(env!("CARGO_MANIFEST_DIR"), "/rules/linux/snapshots/linux-oom-killer.md")).unwrap());
}
