//! `faultbook preview`: the answers of a rule's own samples.

use crate::{BROKEN, FULL, Folder, SLOW};

#[test]
fn each_sample_is_shown_with_its_facts_and_answer() {
    let rule =
        SLOW.to_owned() + "  - { name: on a replica, text: query took 7 s, facts: { replica: true }, expect: {} }\n";
    let folder = Folder::new(&[("rules/slow.yaml", &rule), ("rules/full.yaml", FULL)]);
    let preview = |more: &[&str]| folder.run(&[&["preview", "--rules", "rules"], more].concat());
    insta::assert_snapshot!("preview_text", preview(&["slow-1"]).told());
    insta::assert_snapshot!(
        "preview_markdown",
        preview(&["SLOW-1", "--format", "markdown", "--test", "on a replica"]).told()
    );
    let page = preview(&["SLOW-1", "--format", "html", "--output", "preview.html"]);
    assert_eq!((page.code, page.out.as_str()), (0, ""));
    let page = std::fs::read_to_string(folder.path("preview.html")).unwrap();
    assert!(
        page.starts_with("<!doctype html>") && page.ends_with("</html>\n") && page.contains("<li>replica=true</li>")
    );
    assert_eq!(page.matches("<article").count(), 2);
}

#[test]
fn what_cannot_be_shown_is_said() {
    let folder = Folder::usual();
    let status = |more: &[&str]| folder.run(&[&["preview", "--rules", "rules"], more].concat());
    assert_eq!(status(&["FULL"]).code, 0);
    assert!(status(&["FULLY"]).talk.contains("did you mean `FULL`?"));
    assert!(status(&["FULL", "--test", "ful"]).talk.contains("did you mean `full`?"));
    assert!(status(&["FULL", "--test", "not full"]).talk.contains("no test `not full` that expects a finding"));
    assert!(status(&["*"]).talk.contains("fits 2 rules"));
    assert_eq!(status(&["FULL", "--watch", "--format", "html"]).code, 2);
    assert_eq!(folder.code(&["preview", "KB115850", "--watch"]), 2, "built-in rules do not change");
    folder.write("rules/full.yaml", FULL.replace("contains: no space left", "contains: no room left").as_bytes());
    let silent = status(&["FULL"]);
    assert!(silent.code == 1 && silent.out.contains("The rule finds nothing here"), "{}", silent.told());
    folder.write("rules/broken.yaml", BROKEN.as_bytes());
    assert_eq!(status(&["SLOW-1"]).code, 2);
}
