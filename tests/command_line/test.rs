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
