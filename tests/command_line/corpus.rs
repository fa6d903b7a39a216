//! `faultbook test --corpus`: rules over logs that have no failure.

use crate::{FULL, Folder, SLOW};

#[test]
fn whatever_is_found_in_good_logs_is_a_false_positive() {
    let folder = Folder::usual();
    folder.write("good/var/app.log", b"fine\nquery took 3 s\nfine\nquery took 3 s\n");
    folder.write("good/quiet.log", b"all is well\n");
    let outcome = folder.run(&["test", "--rules", "rules", "--corpus", "good"]);
    insta::assert_snapshot!("corpus", outcome.told());
    let json = folder.run(&["test", "--rules", "rules", "--corpus", "good", "--format", "json"]).json();
    let found = &json["corpus"]["false_positives"][0];
    assert_eq!(
        (&found["rule"], &found["source"], &found["count"]),
        (&"SLOW-1".into(), &"good/var/app.log".into(), &2.into())
    );
    assert_eq!((&found["lines"], &found["record"]), (&serde_json::json!([2, 4]), &"query took 3 s".into()));
    assert_eq!((&json["corpus"]["sources"], &json["failed"]), (&2.into(), &0.into()));
}

#[test]
fn the_status_follows_what_was_found_and_what_could_be_read() {
    let folder =
        Folder::new(&[("rules/full.yaml", FULL), ("rules/slow.yaml", SLOW), ("good/a.log", "query took 3 s\n")]);
    let status = |more: &[&str]| folder.code(&[&["test", "--rules", "rules"], more].concat());
    assert_eq!(status(&["--corpus", "good"]), 1);
    assert_eq!(status(&["FULL", "--corpus", "good"]), 0, "only the chosen rules are looked for");
    assert_eq!(status(&["--corpus", "nowhere"]), 2);
    assert_eq!(status(&["FULL", "--corpus", "good", "--corpus", "nowhere"]), 2);
}
