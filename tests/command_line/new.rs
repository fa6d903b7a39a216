//! `faultbook new`: from a pasted error to a rule that works.

use crate::{FULL, Folder};

const PASTE: &str = "2024-05-01 10:00:00 ERROR connect to db1:5432 refused\n";

#[test]
fn a_pasted_error_becomes_a_rule_that_passes() {
    let folder = Folder::new(&[("rules/full.yaml", FULL), ("error.txt", PASTE)]);
    let made = folder.run(&["new", "app-42", "--from", "error.txt", "--rules", "rules"]);
    assert_eq!((made.code, made.out.as_str()), (0, "rules/app-42.yaml\n"), "{}", made.talk);
    assert!(made.talk.contains("faultbook test --rules rules app-42"), "{}", made.talk);
    let text = std::fs::read_to_string(folder.path("rules/app-42.yaml")).unwrap();
    assert!(text.starts_with("# yaml-language-server: $schema=faultbook-rule.schema.json\n\nid: app-42\n"), "{text}");
    assert!(text.contains("(?<host>[^\\s:]+):(?<port>\\d+) refused"), "{text}");
    assert_eq!(folder.code(&["check", "rules"]), 0);
    assert_eq!(folder.code(&["test", "--rules", "rules"]), 0);
    assert_eq!(folder.code(&["fmt", "--check", "rules/app-42.yaml"]), 0);
    assert_eq!(folder.code(&["answer", "--rules", "rules", "connect to db7:1234 refused"]), 0, "without a level too");
    assert_eq!(folder.code(&["answer", "--rules", "rules", "ERROR connect to db7:1234 refused"]), 0);
}

#[test]
fn an_error_that_a_rule_knows_needs_force() {
    let folder = Folder::new(&[("rules/full.yaml", FULL)]);
    let told = folder.run_with(&["new", "again", "--from", "-", "--rules", "rules"], "write failed: no space left\n");
    assert!(told.code == 1 && told.talk.contains("FULL knows this error already"), "{}", told.talk);
    assert!(told.talk.contains("--force") && !folder.path("rules/again.yaml").exists());
    let forced = folder.run_with(&["new", "again", "--from", "-", "--rules", "rules", "--force"], "no space left\n");
    assert_eq!(forced.code, 0, "{}", forced.talk);
}

#[test]
fn nothing_is_written_over() {
    let folder = Folder::new(&[("rules/a-1.yaml", "id: other\n"), ("error.txt", PASTE), ("rules/full.yaml", FULL)]);
    let refused = folder.run(&["new", "a-1", "--from", "error.txt", "--rules", "rules"]);
    assert!(refused.code == 2 && refused.talk.contains("is there already"), "{}", refused.talk);
    assert_eq!(std::fs::read_to_string(folder.path("rules/a-1.yaml")).unwrap(), "id: other\n");
    let doubled = folder.run(&["new", "FULL", "--from", "error.txt", "--rules", "rules", "--force"]);
    assert!(doubled.code == 0 || doubled.talk.contains("has the id `FULL`"), "{}", doubled.talk);
    let doubled =
        folder.run(&["new", "FULL", "--from", "error.txt", "--rules", "rules", "--into", "elsewhere", "--force"]);
    assert!(doubled.code == 2 && doubled.talk.contains("has the id `FULL`"), "{}", doubled.talk);
    assert_eq!(folder.code(&["new", "a-1", "--from", "error.txt", "--rules", "rules", "--force"]), 0);
}

#[test]
fn a_pipe_is_told_which_argument_is_missing() {
    let folder = Folder::new(&[("rules/full.yaml", FULL), ("latin.txt", "x failed\n")]);
    folder.write("latin.txt", b"caf\xe9 failed\n");
    for (arguments, wanted) in [
        (&["new"] as &[&str], "faultbook new app-42"),
        (&["new", "a"], "--from"),
        (&["new", "a b", "--from", "-"], "cannot be an id"),
        (&["new", "a", "--from", "missing.txt"], "cannot read"),
        (&["new", "a", "--from", "latin.txt"], "UTF-8"),
        (&["new", "a", "--from", "-"], "the paste is empty"),
        (&["new", "a", "--from", "-", "--rules", "none"], "not a folder"),
    ] {
        let refused = folder.run(arguments);
        assert!(refused.code == 2 && refused.talk.contains(wanted), "{arguments:?} {}", refused.talk);
    }
    let nowhere = Folder::new(&[]).run_with(&["new", "a", "--from", "-"], PASTE);
    assert!(nowhere.code == 2 && nowhere.talk.contains("--into"), "{}", nowhere.talk);
}

#[test]
fn a_rule_that_counts_is_told_and_lines_that_are_not_used() {
    let counting = "id: many\ntitle: Many\nsignatures:\n  s:\n    regex: 'login of (?<user>\\S+) failed'\ncorrelations:\n  \
                    lots: { type: event_count, signatures: [s], timespan: 1m, gte: 5 }\ncondition: lots\n";
    let folder = Folder::new(&[("rules/many.yaml", counting)]);
    let paste = "ERROR login of bob7 failed\nHint: ask him\n";
    let made = folder.run_with(&["new", "login", "--from", "-", "--rules", "rules"], paste);
    assert_eq!(made.code, 0, "{}", made.talk);
    assert!(made.talk.contains("a signature of many matches this too"), "{}", made.talk);
    assert!(made.talk.contains("not used, line 2: Hint: ask him"), "{}", made.talk);
    let empty = Folder::new(&[]);
    let line = "Nov 22 03:12:03 h sshd[1]: Failed password for invalid user admin from 203.0.113.50 port 51234 ssh2\n";
    let made = empty.run_with(&["new", "ssh", "--from", "-", "--into", "own"], line);
    assert!(made.code == 0 && made.talk.contains("the built-in rule"), "{}", made.talk);
}

#[test]
fn the_schema_for_editors_is_written_once() {
    let folder = Folder::new(&[("error.txt", PASTE)]);
    let made = folder.run(&["new", "a-1", "--from", "error.txt", "--into", "own"]);
    assert!(made.code == 0 && made.talk.contains("own/faultbook-rule.schema.json"), "{}", made.talk);
    let schema = std::fs::read_to_string(folder.path("own/faultbook-rule.schema.json")).unwrap();
    assert_eq!(schema, folder.run(&["schema"]).out);
    folder.write("own/faultbook-rule.schema.json", b"{}");
    let again = folder.run(&["new", "a-2", "--from", "error.txt", "--into", "own", "--force"]);
    assert!(again.code == 0 && !again.talk.contains("schema.json"), "{}", again.talk);
    assert_eq!(std::fs::read_to_string(folder.path("own/faultbook-rule.schema.json")).unwrap(), "{}");
    assert_eq!(folder.code(&["check", "own"]), 0);
}

#[test]
fn a_paste_that_says_nothing_is_refused() {
    let folder = Folder::new(&[("rules/full.yaml", FULL)]);
    let refused = folder.run_with(&["new", "a", "--from", "-", "--rules", "rules"], "error\n");
    assert!(refused.code == 2 && refused.talk.contains("says nothing but `error`"), "{}", refused.talk);
}

#[test]
fn a_rule_is_written_beside_those_with_a_similar_id() {
    let folder = Folder::new(&[("rules/disks/full.yaml", &FULL.replace("FULL", "disk-full")), ("error.txt", PASTE)]);
    assert_eq!(folder.run(&["new", "disk-lost", "--from", "error.txt"]).out, "rules/disks/disk-lost.yaml\n");
    let text = std::fs::read_to_string(folder.path("rules/disks/disk-lost.yaml")).unwrap();
    assert!(text.starts_with("# yaml-language-server: $schema=../faultbook-rule.schema.json\n"));
    assert_eq!(folder.run(&["new", "net-1", "--from", "error.txt", "--force"]).out, "rules/net-1.yaml\n");
    assert_eq!(
        folder.run(&["new", "faultbook", "--from", "error.txt", "--into", "own"]).out,
        "own/faultbook-rule.yaml\n"
    );
}
