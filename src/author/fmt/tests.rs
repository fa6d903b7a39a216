//! What laid out files look like, and that they say what they said.

use proptest::prelude::*;

use super::*;

fn laid(text: &str) -> String {
    format("x.yaml", text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

#[test]
fn sections_come_in_order_each_behind_a_blank_line() {
    let text = "tests:\n- name: a\n  text: b\n  expect: nothing\n\n\n\ncause: c\ntitle: T   \nid:   A\ntags: [a]\n\nseverity: error\nsignatures: {s: {contains: x}}\n";
    let wanted = "id: A\ntitle: T\nseverity: error\ntags: [a]\n\nsignatures: {s: {contains: x}}\n\ncause: c\n\ntests:\n  - name: a\n    text: b\n    expect: nothing\n";
    assert_eq!(laid(text), wanted);
}

#[test]
fn comments_stay_with_what_they_stand_at() {
    let text = "\
# yaml-language-server: $schema=x.json
# about the cause
cause: x      # why
# the file's own

# about the id
id: A # short
signatures:

    # first
    s:   # the subject
        # below
        regex:
          # in the list
          - 'a{2}'   # twice
          # behind

          - b
          # tail of the list
        # tail of s
    # tail of all
title: T
facts:
  # none yet
# the end
";
    let wanted = "\
# yaml-language-server: $schema=x.json

# the file's own

# about the id
id: A # short
title: T

signatures:
  # first
  s:   # the subject
    # below
    regex:
      # in the list
      - 'a{2}'   # twice
      # behind

      - b
      # tail of the list
    # tail of s
  # tail of all

facts:
  # none yet

# about the cause
cause: x      # why

# the end
";
    assert_eq!(laid(text), wanted);
}

#[test]
fn texts_keep_their_lines() {
    let text = "id: A\ntests:\n    - text: |\n             a\n               b\n\n             c \n\n      name: >-\n        x\n        y\n    - text: |2-\n           d\n      name: \"e\\n f\\n\"\n      file: 'g\n         h'\n    - |+\n     k\n\n\nsymptoms: a\n b\n\n\n c # d\n";
    let wanted = "id: A\n\nsymptoms: a\n  b\n\n\n  c # d\n\ntests:\n  - text: |\n      a\n        b\n\n      c \n\n    name: >-\n      x\n      y\n  - text: |2-\n         d\n    name: |\n      e\n       f\n    file: 'g\n      h'\n  - |+\n    k\n\n\n";
    assert_eq!(laid(text), wanted);
}

#[test]
fn quotes_stay_where_something_needs_them() {
    for same in [
        "'5.5'", "\"5\"", "'yes'", "'a: b'", "'a #b'", "'a '", "\"it's\"", "'\\d'", "''", "'it''s'", "a", "\"~\"",
        "'- a'",
    ] {
        let text = format!("id: {same}\n");
        assert_eq!(laid(&text), text);
    }
    for (quoted, plain) in [("'a'", "a"), ("\"A title of words\"", "A title of words"), ("'a/b.log'", "a/b.log")] {
        assert_eq!(laid(&format!("id: {quoted}\n")), format!("id: {plain}\n"));
    }
}

#[test]
fn brackets_are_opened_where_they_do_not_fit_a_line() {
    let long = "x".repeat(70);
    let text = format!("id: A\ntags: [{long}, 'a, b', {{k: {long}, l: [1, 2]}}] # c\nlinks: [ a,\n      b # d\n ]\n");
    let wanted =
        format!("id: A\ntags: # c\n  - {long}\n  - 'a, b'\n  - {{k: {long}, l: [1, 2]}}\nlinks: [ a,\n  b # d\n  ]\n");
    assert_eq!(laid(&text), wanted);
}

#[test]
fn what_is_unusual_is_refused_with_its_line() {
    let line = |text: &str| match format("x.yaml", text) {
        Err(FormatError::Unusual { line, .. }) => line,
        other => panic!("{other:?}"),
    };
    assert_eq!(line("id: A\n? b\n: c\n"), 2);
    assert_eq!(line("- a\n"), 1);
    assert_eq!(line("id: A\nb: 'x\ry'\n"), 2);
    assert!(matches!(format("x.yaml", "id: [A\n"), Err(FormatError::Broken(_))));
}

#[test]
fn odd_but_sound_files_are_laid_out() {
    for (text, wanted) in [
        ("---\nid: A\n", "id: A\n"),
        ("\u{feff}id: A\r\nb: |\r\n  c\r\n", "id: A\n\nb: |\n  c\n"),
        ("id: A\nb: |\n  c", "id: A\n\nb: |\n  c\n"),
        ("id: A\nb: &x [a]\nc: *x\nd: !!str 1\n", "id: A\n\nb: &x [a]\n\nc: *x\n\nd: !!str 1\n"),
        (
            "id:\n  A\nb:\n- - x\n  - y\n-\n  k: v\n-\n- # c\n  z: 1\n",
            "id: A\n\nb:\n  - - x\n    - y\n  - k: v\n  -\n  - # c\n    z: 1\n",
        ),
        ("\"id\" : A\n'b' :\n  c : d\n", "\"id\": A\n\n'b':\n  c: d\n"),
    ] {
        // an unknown key stands behind the key before it, as a section of its own only behind the head
        assert_eq!(laid(text).replace("\n\n", "\n"), wanted.replace("\n\n", "\n"), "{text}");
    }
}

#[test]
fn nesting_beyond_the_limit_is_refused() {
    let nested = |levels: usize| (0..levels).map(|level| format!("{}k:\n", " ".repeat(level))).collect::<String>();
    // the parser's frames are large without optimisation; the stack is that of a main thread, not a test's quarter of it
    let main = std::thread::Builder::new().stack_size(8 << 20).spawn(move || {
        assert!(format("x.yaml", &nested(read::DEPTH_LIMIT - 1)).is_ok());
        assert!(format("x.yaml", &nested(read::DEPTH_LIMIT + 2)).is_err());
    });
    main.unwrap().join().unwrap();
}

/// The rules at hand, sound ones and broken ones.
fn samples() -> Vec<String> {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = ["rules", "tests"].map(|folder| walkdir::WalkDir::new(here.join(folder)).sort_by_file_name());
    let files = files.into_iter().flatten().filter_map(Result::ok);
    let rules = files.filter(|file| file.path().extension().is_some_and(|ending| ending == "yaml"));
    rules.filter_map(|file| std::fs::read_to_string(file.path()).ok()).collect()
}

/// Whatever is laid out says the same and is at rest. Returns whether it was laid out.
fn is_sound(text: &str) -> bool {
    let Ok(new) = format("x.yaml", text) else { return false };
    let tree = |text: &str| yaml::parse(&Arc::new(AuthoredFile::new("", text))).expect("YAML").value;
    assert!(same(&tree(text), &tree(&new), true), "{text:?}\n{new:?}");
    assert_eq!(format("x.yaml", &new).expect("laid out again"), new, "{text:?}");
    true
}

#[test]
fn all_rules_at_hand_that_are_yaml_are_laid_out() {
    for text in samples() {
        let is_yaml = yaml::parse(&Arc::new(AuthoredFile::new("", text.as_str())))
            .is_ok_and(|root| matches!(root.value, Node::Map(_)));
        let refused = format("x.yaml", &text).err().map(|error| error.to_string());
        assert!(is_sound(&text) || !is_yaml || text.contains('\r'), "{refused:?}\n{text}");
    }
}

#[test]
fn shipped_rules_are_laid_out_already() {
    for (path, text) in crate::rule::shipped_texts() {
        assert!(laid(&text) == text, "`faultbook fmt rules` would change {path}");
    }
}

const INSERTS: [&str; 36] = [
    " ", "  ", "\n", "\n\n", "\t", ":", ": ", "- ", "-", "#", " # c", "# c\n", "\n# d\n", "'", "\"", "\\", "[", "]",
    "{", "}", ",", "|", ">", "|-", "|+\n", "&a ", "*a", "!", "~", "---\n", "? ", "\u{e9}", "\r\n", "x: y\n", "  k: v",
    "\n  - ",
];

fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(1_000)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases()) })]

    #[test]
    fn a_damaged_file_never_comes_to_say_something_else(
        sample in 0..1_000usize,
        window in (0..1_000usize, 1..40usize),
        edits in prop::collection::vec((0..10_000usize, 0..INSERTS.len(), 0..4usize), 0..4),
    ) {
        static SAMPLES: std::sync::OnceLock<Vec<String>> = std::sync::OnceLock::new();
        let samples = SAMPLES.get_or_init(samples);
        let lines: Vec<&str> = samples[sample % samples.len()].split_inclusive('\n').collect();
        let mut text: String = lines.iter().skip(window.0 % lines.len().max(1)).take(window.1).copied().collect();
        for (place, insert, removed) in edits {
            let mut borders: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
            borders.push(text.len());
            let at = place % borders.len();
            let end = (at + removed).min(borders.len() - 1);
            text.replace_range(borders[at]..borders[end], INSERTS[insert]);
        }
        is_sound(&text);
    }
}
