//! Overlays: what they change about rules wherever findings are made, and that their authors' tests are not concerned.

use crate::{FULL, Folder};

/// The usual rules with an overlay beside them.
fn with(overlay: &str) -> Folder {
    let folder = Folder::usual();
    folder.write("overlay.yaml", overlay.as_bytes());
    folder
}

fn triage(folder: &Folder, arguments: &[&str]) -> crate::Outcome {
    folder.run(&[&["triage", "--rules", "rules", "--format", "json"], arguments].concat())
}

#[test]
fn a_severity_holds_for_filters_and_reports_and_says_who_set_it() {
    let folder = with("rules:\n  FULL:\n    severity: warning\n    reason: a test machine\n");
    let outcome = triage(&folder, &["full.log"]);
    let finding = outcome.json()["findings"][0].clone();
    assert_eq!((finding["severity"].as_str(), outcome.code), (Some("warning"), 0), "{}", outcome.talk);
    let severity = finding["overlay"]["severity"].clone();
    assert_eq!((severity["written"].as_str(), severity["by"].as_str()), (Some("error"), Some("overlay.yaml:3")));
    assert_eq!(severity["reason"], "a test machine");
    assert_eq!(finding["overlay"]["noise"], 0);
    assert_eq!(triage(&folder, &["full.log", "--min-severity", "error"]).code, 1);
    assert_eq!(triage(&folder, &["full.log", "--fail-on", "error"]).code, 0);
    let explained = folder.run(&["explain", "FULL", "full.log", "--rules", "rules"]);
    assert!(explained.out.contains("error in the rule; set by overlay.yaml:3 (a test machine)"), "{}", explained.out);
    let other = triage(&folder, &["slow.log"]).json()["findings"][0].clone();
    assert!(other.get("overlay").is_none(), "nothing was changed about it");
}

#[test]
fn a_rule_that_is_off_is_not_looked_for_and_says_so() {
    let folder = with("rules:\n  FULL: { off: true, reason: no disks }\n");
    let outcome = triage(&folder, &["full.log"]);
    assert_eq!((outcome.code, outcome.json()["summary"]["rules"].as_u64()), (1, Some(1)));
    assert_eq!(folder.code(&["answer", "--rules", "rules", "no space left"]), 1);
    let explained = folder.run(&["explain", "FULL", "full.log", "--rules", "rules"]);
    assert!(explained.out.contains("it is switched off by overlay.yaml:2 (no disks)"), "{}", explained.out);
    let all = folder.run(&["explain", "--all", "full.log", "--rules", "rules"]);
    assert!(all.out.contains("none of 1 rule applies"), "{}", all.out);
    let listed = folder.run(&["rules", "--rules", "rules", "--format", "json"]).json();
    assert_eq!(listed["rules"][0]["off"]["by"], "overlay.yaml:2");
    assert!(listed["rules"][1].get("off").is_none());
}

#[test]
fn tags_are_changed_together_and_what_is_said_of_a_rule_goes_before() {
    let other = FULL.replace("FULL", "OTHER").replace("no space left", "no room left");
    let folder =
        with("tags:\n  disk: { off: true, severity: info }\nrules:\n  OTHER: { off: false, severity: critical }\n");
    folder.write("rules/other.yaml", other.as_bytes());
    folder.write("both.log", b"no space left\nno room left\n");
    let findings = triage(&folder, &["both.log"]).json()["findings"].clone();
    assert_eq!(findings.as_array().unwrap().len(), 1);
    assert_eq!((findings[0]["rule"].as_str(), findings[0]["severity"].as_str()), (Some("OTHER"), Some("critical")));
}

#[test]
fn noise_is_no_match_of_a_rule_or_of_any_and_explain_tells_it() {
    let folder = with(
        "noise:\n  - { contains: drill, reason: we practise }\nrules:\n  SLOW-1:\n    noise:\n      - { regex: 'took 1\\d s', file: nightly.log }\n",
    );
    let log = b"no space left, a drill\nquery took 12 s\nno space left\nquery took 99 s\n";
    folder.write("nightly.log", log);
    folder.write("daily.log", log);
    for threads in ["1", "3"] {
        let findings = triage(&folder, &["nightly.log", "--threads", threads]).json()["findings"].clone();
        let counted: Vec<_> = findings
            .as_array()
            .unwrap()
            .iter()
            .map(|one| (one["count"].clone(), one["evidence"][0]["lines"].clone(), one["overlay"]["noise"].clone()))
            .collect();
        let expected =
            [(1, 3, 1), (1, 4, 1)].map(|(count, line, noise)| (count.into(), vec![line].into(), noise.into()));
        assert_eq!(counted, expected);
    }
    assert_eq!(triage(&folder, &["daily.log"]).json()["findings"].as_array().unwrap().len(), 3, "the other file");

    let told = folder.run(&["explain", "FULL", "nightly.log", "--rules", "rules"]).out;
    assert!(
        told.contains("1 record matches, but it is `noise` by overlay.yaml:2 (we practise): nightly.log:1"),
        "{told}"
    );
    folder.write("drill.log", b"no space left, a drill\n");
    let none = folder.run(&["explain", "FULL", "drill.log", "--rules", "rules"]).out;
    assert!(
        none.contains("no signature matched") && none.contains("`noise` by overlay.yaml:2 (we practise)"),
        "{none}"
    );
    let json = folder.run(&["explain", "FULL", "drill.log", "--rules", "rules", "--format", "json"]).json();
    let excluded = json["explanations"][0]["signatures"][0]["excluded"][0].clone();
    assert_eq!((excluded["by"].as_str(), excluded["records"].as_u64()), (Some("overlay"), Some(1)));
    let all = folder.run(&["explain", "--all", "drill.log", "--rules", "rules"]).out;
    assert!(all.contains("`noise` by overlay.yaml:2"), "{all}");
}

#[test]
fn noise_explains_nothing_and_starts_no_correlation() {
    let folder = with("rules:\n  FULL: { noise: [{ contains: drill }] }\n  BURST: { noise: [{ contains: drill }] }\n");
    let fallback = "id: ANY\ntitle: t\nfallback: true\nsignatures:\n  any: { contains: space }\n";
    let burst = "id: BURST\ntitle: t\nsignatures:\n  full: { contains: no space left }\n\
                 correlations:\n  many: { type: event_count, signatures: [full], timespan: 1m, gte: 2 }\ncondition: many\n";
    folder.write("rules/any.yaml", fallback.as_bytes());
    folder.write("rules/burst.yaml", burst.as_bytes());
    let line = |second: u32, text: &str| format!("2026-01-02 10:00:{second:02} ERROR {text}\n");
    folder.write("x.log", (line(1, "no space left, a drill") + &line(2, "no space left")).as_bytes());
    let found = |folder: &Folder| -> Vec<String> {
        let findings = triage(folder, &["x.log"]).json()["findings"].clone();
        let text = |one: &serde_json::Value| format!("{} {}", one["rule"].as_str().unwrap(), one["count"]);
        findings.as_array().unwrap().iter().map(text).collect()
    };
    assert_eq!(found(&folder), ["ANY 1", "FULL 1"]);
    folder.write("overlay.yaml", b"");
    assert_eq!(found(&folder), ["BURST 2", "FULL 2"]);
}

#[test]
fn those_given_go_before_the_one_beside_the_rules_and_serve_the_built_in_ones() {
    let folder = with("rules:\n  FULL: { severity: info }\n");
    folder.write("site/one.yaml", b"rules: { FULL: { severity: critical } }\n");
    folder.write("rules/two.yaml", b"rules: { SLOW-1: { off: true } }\n");
    let more = ["full.log", "slow.log", "--overlay", "site/one.yaml", "--overlay", "rules/two.yaml"];
    let outcome = triage(&folder, &more);
    let findings = outcome.json()["findings"].clone();
    assert_eq!((outcome.code, findings.as_array().unwrap().len()), (0, 1), "{}", outcome.talk);
    assert_eq!(findings[0]["severity"], "critical");
    let check = folder.run(&["check", "rules", "--overlay", "site/one.yaml", "--overlay", "rules/two.yaml"]);
    assert!(check.out.contains("is set by an entry that goes before"), "{}", check.out);
    assert!(check.talk.contains("2 rules and 3 overlays"), "{}", check.talk);

    folder.write("site/shipped.yaml", b"rules: { linux-disk-full: { off: true } }\n");
    let text = "write error: No space left on device";
    let shipped = folder.run(&["answer", text, "--format", "json"]).json();
    let id = shipped["findings"][0]["rule"].as_str().unwrap().to_owned();
    folder.write("site/shipped.yaml", format!("rules: {{ {id}: {{ off: true }} }}\n").as_bytes());
    let without = folder.run(&["answer", text, "--format", "json", "--overlay", "site/shipped.yaml"]).json();
    assert!(without["findings"].as_array().unwrap().iter().all(|finding| finding["rule"] != id.as_str()));
    let missing = folder.run(&["triage", "full.log", "--overlay", "none.yaml"]);
    assert_eq!((missing.code, missing.talk.contains("cannot read `none.yaml`")), (2, true), "{}", missing.talk);
}

#[test]
fn tests_and_previews_are_about_the_rule_as_written() {
    let folder = with("rules:\n  FULL: { severity: info, noise: [{ contains: no space }] }\n  SLOW-1: { off: true }\n");
    let tested = folder.run(&["test", "--rules", "rules"]);
    assert_eq!(tested.code, 0, "{}{}", tested.out, tested.talk);
    let preview = folder.run(&["preview", "FULL", "--rules", "rules"]);
    assert!(preview.code == 0 && preview.out.contains("Delete something."), "{}", preview.out);
    let check = folder.run(&["check", "rules"]);
    assert_eq!(check.code, 0, "{}", check.out);
}

#[test]
fn a_mistake_takes_out_its_entry_and_the_rest_is_used() {
    let folder = with(
        "rules:\n  FULL: { severity: warning, of: true }\n  SLOW-1: { severity: critical }\nnoise: [{ regex: '(' }]\n",
    );
    let outcome = triage(&folder, &["slow.log"]);
    assert_eq!((outcome.code, outcome.json()["findings"][0]["severity"].as_str()), (2, Some("critical")));
    assert!(outcome.talk.contains("error: `overlay.yaml` has 2 mistakes\n"), "{}", outcome.talk);
    let check = folder.run(&["check", "rules"]).out;
    assert!(check.contains("did you mean `off`?") && check.contains("error[bad-regex]"), "{check}");
}

#[test]
fn unused_entries_are_warnings_that_can_be_denied_allowed_and_mended() {
    let folder = with("rules:\n  FUL: { severity: warning }\n");
    let check = folder.run(&["check", "rules"]);
    assert!(
        check.out.contains("warning[unused-overlay]") && check.out.contains("did you mean `FULL`?"),
        "{}",
        check.out
    );
    assert_eq!(folder.code(&["check", "rules", "--deny", "unused-overlay"]), 1);
    assert!(!folder.run(&["check", "rules", "--allow", "unused-overlay"]).out.contains("unused-overlay"));
    let one = folder.run(&["check", "rules/slow.yaml"]);
    assert!(!one.out.contains("unused-overlay"), "the rule may be in another file: {}", one.out);
    folder.run(&["check", "rules", "--fix"]);
    assert_eq!(folder.read("overlay.yaml"), "rules:\n  FULL: { severity: warning }\n");
}

#[test]
fn it_is_laid_out_like_rules_are() {
    let folder = with("");
    folder.write(
        "site/overlay.yaml",
        b"noise:\n- contains: drill\nrules:\n    FULL:\n        severity: warning   # why\n",
    );
    assert_eq!(folder.code(&["fmt", "--check", "site"]), 1);
    assert_eq!(folder.code(&["fmt", "site/overlay.yaml"]), 0);
    let laid_out = "rules:\n  FULL:\n    severity: warning   # why\n\nnoise:\n  - contains: drill\n";
    assert_eq!(folder.read("site/overlay.yaml"), laid_out);
}
