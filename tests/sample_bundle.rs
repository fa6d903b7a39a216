//! The README's sample, driven as its user would: what is found in it, in every format, and that nothing depends on threads.

use std::process::Output;

const BUNDLE: &str = "tests/data/support-bundle.tar.gz";

fn faultbook(arguments: &[&str]) -> Output {
    let mut command = assert_cmd::Command::new(assert_cmd::cargo::cargo_bin!("faultbook"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).env_remove("NO_COLOR").args(arguments).output().expect("runs")
}

fn text(arguments: &[&str]) -> String {
    String::from_utf8(faultbook(arguments).stdout).expect("UTF-8")
}

fn findings(arguments: &[&str]) -> Vec<serde_json::Value> {
    let document: serde_json::Value = serde_json::from_str(&text(arguments)).expect("JSON");
    document["findings"].as_array().expect("a list").clone()
}

#[test]
fn the_brief_report_names_every_failure_and_what_could_not_be_read() {
    let output = faultbook(&["triage", "--brief", BUNDLE]);
    assert_eq!(output.status.code(), Some(2), "findings, but one member is truncated");
    insta::assert_snapshot!(String::from_utf8_lossy(&output.stdout));
}

#[test]
fn one_failure_in_three_records_of_two_files_is_one_finding() {
    let found = findings(&["triage", "--format", "json", "--rule", "KB115850", BUNDLE]);
    assert_eq!(found.len(), 2, "one for each subdomain");
    assert_eq!(found[0]["count"], 3);
    assert_eq!(found[0]["captures"]["instance"], "20822", "from the XML with entities in the nested zip");
    assert_eq!(found[0]["environment"]["state"], "holds", "facts.yaml of the case names the version");
    assert_eq!(found[0]["questions"][0]["fact"], "migration");
    assert_eq!(found[0]["resolution"].as_array().map(Vec::len), Some(2), "both remedies are open");
}

#[test]
fn an_answered_question_leaves_one_remedy() {
    let found = findings(&["triage", "--format", "json", "--rule", "KB115850", "--fact", "migration=true", BUNDLE]);
    assert_eq!(found[0]["resolution"][0]["title"], "Migrate an existing account");
    assert_eq!(found[0]["resolution"][0]["state"], "holds");
    assert_eq!(
        (found[0]["resolution"].as_array().map(Vec::len), found[0]["questions"].as_array().map(Vec::len)),
        (Some(1), Some(0))
    );
    let html = found[0]["answer"]["body"].as_str().expect("an answer");
    assert!(html.contains("Migrate an existing account") && !html.contains("Create a new Office 365 subscription"));
}

#[test]
fn what_the_caller_says_goes_before_the_facts_of_the_case() {
    let product = "operations-automation=5.6";
    assert!(findings(&["triage", "--format", "json", "--rule", "KB115850", "--product", product, BUNDLE]).is_empty());
}

#[test]
fn the_same_input_gives_the_same_bytes_whatever_the_threads() {
    for format in ["text", "json", "jsonl", "markdown", "html"] {
        let with = |threads: &str| {
            faultbook(&["triage", "--format", format, "--threads", threads, BUNDLE, "tests/data"]).stdout
        };
        let once = with("1");
        assert!(!once.is_empty());
        assert_eq!(once, with("2"), "{format}");
        assert_eq!(once, with("7"), "{format}");
    }
}

#[test]
fn a_case_without_anything_known_in_it_is_status_one() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("quiet.log"), "2024-05-06 07:08:09 all is well\n").expect("written");
    let output = faultbook(&["triage", &folder.path().to_string_lossy()]);
    assert_eq!(output.status.code(), Some(1));
}

/// Log lines are written by whoever can make a program log something.
#[test]
fn a_hostile_log_line_is_inert_in_every_format() {
    let hostile = "<script>alert(1)</script>\u{1b}[31m[x](javascript:alert(2))`**\u{202e}|\u{e000}61\u{e001}";
    let folder = tempfile::tempdir().expect("a folder");
    let line =
        format!("Could not provision customer '{hostile}' - the specified subdomain '{hostile}' is already in use\n");
    let name = "a<b>\u{1b}]0;t\u{7}.log";
    std::fs::write(folder.path().join(name), line).expect("written");
    let folder = folder.path().to_string_lossy().into_owned();
    for format in ["text", "markdown", "html", "json", "jsonl"] {
        let report = text(&["triage", "--format", format, &folder]);
        assert!(report.contains("KB115850"), "{format}");
        let controls: Vec<char> = report.chars().filter(|c| c.is_control() && *c != '\n').collect();
        assert_eq!(controls, [], "{format}");
        match format {
            "html" => assert!(!report.contains("<script") && !report.contains("href=\"javascript"), "{report}"),
            "markdown" => {
                let html = rendered(&report);
                assert!(!html.contains("<script") && !html.contains("href=\"javascript"), "{html}");
            }
            "json" => {
                let document: serde_json::Value = serde_json::from_str(&report).expect("JSON");
                let body = document["findings"][0]["answer"]["body"].as_str().expect("an answer");
                assert!(!body.contains("<script") && !body.contains("href=\"javascript"), "{body}");
            }
            "text" => assert!(!report.contains('\u{202e}')),
            _ => {}
        }
    }
}

fn rendered(markdown: &str) -> String {
    let mut html = String::new();
    pulldown_cmark::html::push_html(
        &mut html,
        pulldown_cmark::Parser::new_ext(markdown, pulldown_cmark::Options::all()),
    );
    html
}
