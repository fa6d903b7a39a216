//! Texts that rules share: includes and macros from `templates/`, and what captures mean.

use crate::Folder;

const MACROS: &str = "\
{% macro free_space(path, size='1 GiB') -%}
Free at least {{ size }} on `{{ path }}`.
{%- endmacro %}
";

fn rule(id: &str, word: &str, resolution: &str) -> String {
    format!(
        "id: {id}\ntitle: No {word}\nsignatures:\n  full:\n    regex: 'no {word} left on (?<path>\\S+)'\n    captures:\n      \
         path: the file that could not be written\nresolution: |\n  {resolution}\ntests:\n  - {{ name: full, text: no {word} left on \
         /var, expect: {{}} }}\n  - {{ name: room, text: plenty of room, expect: nothing }}\n"
    )
}

fn folder() -> Folder {
    let folder = Folder::new(&[]);
    folder.write("templates/macros.md", MACROS.as_bytes());
    folder.write("templates/disk/look.md", b"Look at `{{ path }}` first.\n");
    folder.write(
        "rules/space.yaml",
        rule(
            "SPACE",
            "space",
            "{% from 'macros.md' import free_space %}{% include 'disk/look.md' %} {{ free_space(path) }}",
        )
        .as_bytes(),
    );
    folder.write(
        "rules/inodes.yaml",
        rule("INODES", "inodes", "{% import 'macros.md' as disk %}{{ disk.free_space(path, size='9 inodes') }}")
            .as_bytes(),
    );
    folder
}

#[test]
fn rules_share_macros_and_texts() {
    let folder = folder();
    assert_eq!(folder.run(&["check", "rules"]).code, 0, "{}", folder.run(&["check", "rules"]).told());
    let space = folder.run(&["--rules", "rules", "answer", "no space left on /var/lib"]).out;
    assert!(space.contains("Look at `/var/lib` first. Free at least 1 GiB on `/var/lib`."), "{space}");
    let inodes = folder.run(&["--rules", "rules", "answer", "no inodes left on /*b*"]).out;
    assert!(inodes.contains("Free at least 9 inodes on `/*b*`."), "{inodes}");
}

#[test]
fn a_mistake_in_a_shared_file_is_told_once_and_takes_all_its_rules_out() {
    let folder = folder();
    folder.write("templates/macros.md", MACROS.replace("endmacro", "endmacr").as_bytes());
    let told = folder.run(&["check", "rules"]).told();
    assert!(told.contains("--> templates/macros.md:3:") && told.contains("2 rules, 1 error"), "{told}");
    let answer = folder.run(&["--rules", "rules", "answer", "no inodes left on /var"]);
    assert!(!answer.out.contains("INODES"), "{}", answer.out);
}

#[test]
fn a_name_that_a_rule_lacks_is_told_for_that_rule() {
    let folder = folder();
    folder.write(
        "rules/lacks.yaml",
        rule("LACKS", "quota", "{% include 'disk/look.md' %}")
            .replace("?<path>", "?<file>")
            .replace("path:", "file:")
            .as_bytes(),
    );
    let told = folder.run(&["check", "rules"]).told();
    assert!(told.contains("of the rule `LACKS`") && told.contains("taken in here"), "{told}");
    assert!(told.contains("3 rules, 1 error"), "{told}");
}

#[test]
fn explain_says_what_a_capture_means() {
    let folder = folder();
    folder.write("a.log", b"no space left on /var\n");
    let told = folder.run(&["explain", "--rules", "rules", "SPACE", "a.log"]).out;
    assert!(told.contains("path = /var  (the file that could not be written)"), "{told}");
    let json = folder.run(&["explain", "--rules", "rules", "--format", "json", "SPACE", "a.log"]).out;
    assert!(
        json.contains("\"about\": \"the file that could not be written\"")
            || json.contains("\"about\":\"the file that could not be written\""),
        "{json}"
    );
}
