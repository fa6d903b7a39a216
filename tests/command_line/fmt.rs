//! `faultbook fmt`: what it changes, what it leaves, what it says.

use crate::{FULL, Folder};

const UNTIDY: &str = "title:   T\nid: A # mine\nsignatures: { s: { contains: xyz } }\n";
const TIDY: &str = "id: A # mine\ntitle: T\n\nsignatures: { s: { contains: xyz } }\n";

#[test]
fn files_get_the_layout_once() {
    let folder = Folder::new(&[("rules/a.yaml", UNTIDY), ("rules/faultbook.yaml", "sources: {}\n")]);
    let checked = folder.run(&["fmt", "--check", "rules"]);
    assert_eq!((checked.code, checked.out.as_str()), (1, "rules/a.yaml\n"), "{}", checked.talk);
    let diff = folder.run(&["fmt", "--check", "--diff", "rules"]);
    assert!(
        diff.code == 1 && diff.out.contains("\n-title:   T\n") && diff.out.contains("\n+title: T\n"),
        "{}",
        diff.out
    );
    assert_eq!(std::fs::read_to_string(folder.path("rules/a.yaml")).unwrap(), UNTIDY);
    assert_eq!(folder.code(&["fmt", "--rules", "rules"]), 0);
    assert_eq!(std::fs::read_to_string(folder.path("rules/a.yaml")).unwrap(), TIDY);
    assert_eq!(std::fs::read_to_string(folder.path("rules/faultbook.yaml")).unwrap(), "sources: {}\n");
    assert_eq!(folder.code(&["fmt", "--check", "rules"]), 0);
}

#[test]
fn broken_files_are_told_and_the_others_laid_out() {
    let broken = FULL.replace("tags: [disk]", "tags: [disk");
    let folder = Folder::new(&[("rules/a.yaml", UNTIDY), ("rules/b.yaml", &broken), ("rules/c.yaml", "- a\n")]);
    folder.write("rules/d.yaml", b"id: \xff\n");
    let told = folder.run(&["fmt", "rules"]);
    assert!(told.code == 2 && told.talk.contains("yaml-syntax") && told.talk.contains("rules/c.yaml"), "{}", told.talk);
    assert!(told.talk.contains("4 files, 1 changed, 3 left as they are"), "{}", told.talk);
    assert_eq!(std::fs::read_to_string(folder.path("rules/a.yaml")).unwrap(), TIDY);
    assert_eq!(std::fs::read_to_string(folder.path("rules/b.yaml")).unwrap(), broken);
}

#[test]
fn standard_input_goes_to_standard_output() {
    let folder = Folder::new(&[]);
    let done = folder.run_with(&["fmt", "-"], UNTIDY);
    assert_eq!((done.code, done.out.as_str()), (0, TIDY));
    assert_eq!(folder.run_with(&["fmt", "--check", "-"], UNTIDY).code, 1);
    assert_eq!(folder.run_with(&["fmt", "--check", "-"], TIDY).code, 0);
    let broken = folder.run_with(&["fmt", "-"], "id: [A\n");
    assert_eq!((broken.code, broken.out.as_str()), (2, ""));
    assert_eq!(folder.code(&["fmt"]), 2);
    assert_eq!(folder.code(&["fmt", "-", "rules"]), 2);
    assert_eq!(folder.code(&["fmt", "missing"]), 2);
}
