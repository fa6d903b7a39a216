//! What authors are told of their mistakes: every diagnostic code, drawn by the binary, one golden snapshot a case.
//!
//! `tests/data/diagnostics/<code>/` holds the cases of a code: a rule file, a folder of rules and templates, a folder
//! with a `faultbook.yaml`, or one with a `facts.yaml` alone. `several/` holds what is not about one code. A new case is a new file there; review its snapshot
//! as an author would: is the sentence true, the marked place exact, the way out named, the mistake told once?
#![cfg(feature = "cli")]

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use faultbook::rule::faultbook::Templates;
use faultbook::rule::{Code, Faultbook};

/// The folder of cases that show several codes, or none.
const SEVERAL: &str = "several";

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/diagnostics")
}

/// Arguments that a code needs to be looked for.
fn more_arguments(folder: &Path) -> &'static [&'static str] {
    if folder.ends_with("review-overdue") { &["--stale", "365d", "--today", "2026-01-01"] } else { &[] }
}

/// The names of what lies in a folder, sorted.
fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort_unstable();
    names
}

/// What the binary says of one case, and its exit status.
fn told(folder: &Path, case: &str) -> String {
    let facts = format!("{case}/facts.yaml");
    let mut command = Command::new(env!("CARGO_BIN_EXE_faultbook"));
    command.current_dir(folder).env_remove("COLUMNS");
    if folder.join(&facts).is_file() {
        command.args(["answer", "--facts", &facts, "no rule is about this"]);
    } else {
        command.args(["check", case]).args(more_arguments(folder));
    }
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    format!("{}{}exit status {}", text(output.stdout), text(output.stderr), output.status.code().unwrap())
}

#[test]
fn every_case_is_told_as_its_snapshot_says() {
    let mut differing = Vec::new();
    for folder in names_in(&data()) {
        for case in names_in(&data().join(&folder)) {
            let name = format!("{folder}__{}", case.trim_end_matches(".yaml"));
            let told = told(&data().join(&folder), &case);
            let is_lint = Code::named(&folder).is_some_and(|code| code.is_lint());
            let shown = format!("{}[{folder}]", if is_lint { "warning" } else { "error" });
            assert!(folder == SEVERAL || told.contains(&shown), "{folder}/{case} shows it:\n{told}");
            let description = format!("tests/data/diagnostics/{folder}/{case}");
            let mut settings = insta::Settings::clone_current();
            settings.set_omit_expression(true);
            settings.set_description(description);
            let compared =
                catch_unwind(AssertUnwindSafe(|| settings.bind(|| insta::assert_snapshot!(name.as_str(), told))));
            differing.extend(compared.is_err().then_some(name));
        }
    }
    assert!(differing.is_empty(), "{differing:#?}");
}

#[test]
fn sound_rules_are_used_beside_broken_ones() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_faultbook"));
    command.current_dir(data().join(SEVERAL)).args(["--rules", "files", "answer", "no space left on device"]);
    let output = command.output().unwrap();
    assert!(String::from_utf8(output.stdout).unwrap().contains("This one is sound"));
    assert!(String::from_utf8(output.stderr).unwrap().contains("the sound rules are used; `faultbook check`"));
}

/// Every text that an editor may save on the way to `whole`: cut short, or with a stray letter; every seventh place keeps the test
/// short.
fn half_written(whole: &str) -> impl Iterator<Item = String> + '_ {
    (0..whole.len()).step_by(7).filter(|&at| whole.is_char_boundary(at)).flat_map(|at| {
        let (before, after) = whole.split_at(at);
        let stray = ["[", "{", "'", "\"", "\t", "|\n", "é", "*", "{%"].map(|stray| format!("{before}{stray}{after}"));
        stray.into_iter().chain([before.to_owned()])
    })
}

fn places_lie_in_the_text(faultbook: &Faultbook, text: &str) {
    let length = text.trim_start_matches('\u{feff}').len();
    for diagnostic in faultbook.diagnostics() {
        for label in &diagnostic.labels {
            let is_inside = label.span.start <= label.span.end && label.span.end <= length;
            assert!(is_inside, "{diagnostic:?}");
        }
    }
    assert!(serde_json::to_string(faultbook.diagnostics()).is_ok());
}

#[test]
fn every_half_written_rule_is_told_with_places_in_it() {
    let rule = fs::read_to_string(data().join(SEVERAL).join("faults-in-one-file.yaml")).unwrap();
    let rule = format!("{rule}tail:\r\n  - {{ é: [\"\\u00e9\", 'ü' ] }}\n");
    for text in half_written(&rule) {
        let faultbook = Faultbook::from_texts(vec![("rule.yaml".to_owned(), text.clone())], Templates::default());
        assert!(faultbook.has_errors());
        places_lie_in_the_text(&faultbook, &text);
    }
}

#[test]
fn half_written_settings_are_told_with_places_in_them() {
    let page = include_str!("../docs/settings.md");
    let settings = page.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
    for text in half_written(settings) {
        let faultbook = Faultbook::from_texts_and_settings(
            Vec::new(),
            Templates::default(),
            vec![("faultbook.yaml".to_owned(), text.clone())],
        );
        places_lie_in_the_text(&faultbook, &text);
    }
}

#[test]
fn every_code_has_a_case_and_every_folder_a_code() {
    let folders = names_in(&data());
    let codes: Vec<&str> = Code::ALL.iter().map(|code| code.name()).collect();
    let without_case: Vec<_> = codes.iter().filter(|code| !folders.iter().any(|folder| folder == *code)).collect();
    assert!(without_case.is_empty(), "codes without a case: {without_case:?}");
    let without_code: Vec<_> =
        folders.iter().filter(|folder| *folder != SEVERAL && !codes.contains(&folder.as_str())).collect();
    assert!(without_code.is_empty(), "folders that are no code: {without_code:?}");
}

#[test]
fn every_code_is_documented() {
    let language = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rule-language.md")).unwrap();
    let is_documented = |code: &Code| language.lines().any(|line| line.starts_with(&format!("| `{code}`")));
    let missing: Vec<_> = Code::ALL.iter().filter(|code| !is_documented(code)).map(|code| code.name()).collect();
    assert!(missing.is_empty(), "not in the table of docs/rule-language.md: {missing:?}");
}

#[test]
fn every_code_explains_itself_and_no_two_alike() {
    let mut explanations: Vec<String> = Code::ALL.iter().map(|code| code.explanation()).collect();
    for (code, explanation) in Code::ALL.iter().zip(&explanations) {
        assert!(explanation.contains(". What to do: ") && explanation.ends_with('.'), "{code}: {explanation}");
        let output =
            Command::new(env!("CARGO_BIN_EXE_faultbook")).args(["check", "--explain", code.name()]).output().unwrap();
        let told = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && told.contains(code.name()) && told.contains(explanation), "{told}");
    }
    explanations.sort_unstable();
    explanations.dedup();
    assert_eq!(explanations.len(), Code::ALL.len());
}
