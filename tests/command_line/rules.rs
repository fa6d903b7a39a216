//! `faultbook rules`: the list.

use crate::{BROKEN, Folder};

#[test]
fn are_listed_in_a_table() {
    insta::assert_snapshot!("rules_table", Folder::usual().run(&["rules", "--rules", "rules"]).told());
}

#[test]
fn are_listed_as_json() {
    insta::assert_snapshot!("rules_json", Folder::usual().run(&["rules", "--rules", "rules", "--format", "json"]).out);
}

#[test]
fn exit_status_says_whether_there_are_any() {
    let folder = Folder::usual();
    assert_eq!(folder.code(&["rules"]), 0, "the built-in faultbook");
    assert_eq!(folder.code(&["rules", "--rules", "rules", "--severity", "warning"]), 0);
    assert_eq!(folder.code(&["rules", "--rules", "rules", "--severity", "critical"]), 1);
    assert_eq!(folder.code(&["rules", "--rules", "rules", "--rule", "SLOW-1", "--audience", "public"]), 1);
    assert_eq!(folder.code(&["rules", "--rules", "rules", "--rule", "FAST"]), 2);
    folder.write("rules/broken.yaml", BROKEN.as_bytes());
    assert_eq!(folder.code(&["rules", "--rules", "rules"]), 2);
}
