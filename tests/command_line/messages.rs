//! What the commands say beside their results: broken rules in a line, where matches of whole files are, borders of records, topics.

use crate::Folder;

const LOCK: &str = "step 0 ok\n\nError acquiring the state lock\n\nLock Info:\n  ID: 4711\n";

fn rule(id: &str, signature: &str, tests: &str) -> String {
    format!(
        "id: {id}\ntitle: It is locked\nseverity: error\nsignatures:\n  locked: {signature}\nresolution: Unlock it.\n{tests}"
    )
}

#[test]
fn a_broken_rule_is_a_line_and_check_is_named() {
    let folder = Folder::new(&[("app.log", "nothing\n")]);
    let broken = rule("BROKEN", "{ regex: ['(', '['] }", "tests: []\n");
    folder.write("rules/broken.yaml", broken.as_bytes());
    folder.write("rules/sound.yaml", rule("SOUND", "{ contains: locked }", "tests: []\n").as_bytes());
    let commands: [&[&str]; 4] =
        [&["triage", "app.log"], &["answer", "it is locked"], &["explain", "SOUND", "app.log"], &["test"]];
    for command in commands {
        let outcome = folder.run(&[command, &["--rules", "rules"]].concat());
        assert_eq!(outcome.code, 2, "{command:?}");
        assert!(outcome.talk.contains("error: `rules/broken.yaml` has 2 mistakes\n"), "{}", outcome.talk);
        assert!(outcome.talk.contains("`faultbook check`") && !outcome.talk.contains("-->"), "{}", outcome.talk);
    }
    let talk = folder.run(&["explain", "--rules", "rules", "BROKEN", "app.log"]).talk;
    assert!(talk.contains("the rule `BROKEN` is left out, since `rules/broken.yaml` has mistakes"), "{talk}");
}

#[test]
fn a_match_of_a_whole_file_stands_where_it_begins() {
    let folder = Folder::new(&[("tf.log", LOCK)]);
    let signature = r"{ regex: 'state lock\s+Lock Info:\s+ID: (?<id>\d+)', scope: file }";
    folder.write("rules/lock.yaml", rule("LOCK", signature, "tests: []\n").as_bytes());
    let found = folder.run(&["triage", "--rules", "rules", "--format", "json", "tf.log"]).json();
    let evidence = &found["findings"][0]["evidence"][0];
    assert_eq!(evidence["lines"][0], 3, "{found}");
    assert!(evidence["record"].as_str().unwrap().starts_with("Error acquiring"), "{evidence}");
}

#[test]
fn what_stands_in_another_record_is_told_with_its_line() {
    let folder = Folder::new(&[("tf.log", LOCK)]);
    let tests = format!(
        "tests:\n- name: a lock\n  expect: {{ captures: {{}} }}\n  text: |\n    {}",
        LOCK.replace('\n', "\n    ")
    );
    let signature = "{ regex: '(?s)Error acquiring the state lock.*?Lock Info:' }";
    folder.write("rules/lock.yaml", rule("LOCK", signature, &tests).as_bytes());
    let told = "the record ends at line 3, and `Lock Info:` stands in another, in line 5";
    let flat = |text: &str| text.split(['│', ' ', '\n']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    let explained = flat(&folder.run(&["explain", "--rules", "rules", "LOCK", "tf.log"]).out);
    assert!(explained.contains(told), "{explained}");
    let tested = folder.run(&["test", "--rules", "rules"]);
    assert_eq!(tested.code, 1);
    assert!(
        tested.out.contains("nearest   `locked`") && flat(&tested.out).contains("stands in another"),
        "{}",
        tested.out
    );
}

#[test]
fn the_manual_and_a_rule_as_an_example_are_in_the_program() {
    let folder = Folder::new(&[]);
    assert!(folder.run(&["docs"]).out.starts_with("# Reference"));
    for (topic, known) in [("rule-language", "signatures"), ("settings", "faultbook.yaml"), ("json", "findings")] {
        let outcome = folder.run(&["docs", topic]);
        assert!(outcome.code == 0 && outcome.out.contains(known), "{topic}");
    }
    assert_eq!(folder.run(&["docs", "nothing"]).code, 2);
    let written = rule("LOCK", "{ contains: locked }", "tests: []\n");
    folder.write("rules/lock.yaml", written.as_bytes());
    assert_eq!(folder.run(&["rules", "LOCK", "--rules", "rules"]).out, written);
    assert_eq!(folder.run(&["rules", "NONE", "--rules", "rules"]).code, 2);
}

#[test]
fn a_text_without_an_answer_is_told_of_explain_on_standard_error_only() {
    let folder = Folder::new(&[]);
    folder.write("rules/lock.yaml", rule("LOCK", "{ contains: locked }", "tests: []\n").as_bytes());
    let outcome = folder.run(&["answer", "--rules", "rules", "something else"]);
    assert_eq!(outcome.code, 1);
    assert!(outcome.talk.contains("faultbook explain --all") && !outcome.out.contains("explain"), "{}", outcome.talk);
}

#[test]
fn a_capture_that_stands_in_three_places_is_told_at_the_second_and_the_third() {
    let folder = Folder::new(&[]);
    let signature =
        "\n    regex: 'pull (?<image>\\S+)'\n    optional:\n    - 'of (?<image>\\S+)'\n    - 'from (?<image>\\S+)'";
    folder.write("rules/pull.yaml", rule("PULL", signature, "tests: []\n").as_bytes());
    let out = folder.run(&["check", "rules"]).out;
    let lines: Vec<&str> = out.lines().filter(|line| line.contains("--> rules/pull.yaml:")).collect();
    let told = |line: &str| lines.iter().any(|told| told.contains(line));
    assert!(told(":8:") && told(":9:"), "{out}");
}
