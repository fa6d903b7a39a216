//! `faultbook.yaml` as a library sees it: the documented example, and what holds for which source.

use faultbook::diagnose::{Diagnoser, Known};
use faultbook::rule::faultbook::Templates;
use faultbook::rule::{Audience, Faultbook, Severity};
use faultbook::scan::Index;
use faultbook::source::{CaseInput, Limits, Part, Progress};

fn settings(text: &str) -> Faultbook {
    let faultbook = Faultbook::from_texts_and_settings(
        Vec::new(),
        Templates::default(),
        vec![("faultbook.yaml".to_owned(), text.to_owned())],
    );
    assert!(faultbook.diagnostics().is_empty(), "{:#?}", faultbook.diagnostics());
    faultbook
}

#[test]
fn the_documented_example_means_what_it_says() {
    let page = include_str!("../docs/settings.md");
    let example = page.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
    let faultbook = settings(example);
    let settings = faultbook.settings();

    let app = settings.of("bundle/var/log/app/core.log.gz");
    let line = b"31.01.2026 10:02:11 WARN slow\n";
    let parts = app.header.expect("a header").read(line).expect("it fits");
    assert_eq!((parts.time, parts.level, parts.end), (Some(0..19), Some(20..24), 25));
    let read = app.timestamp[0].read(line).expect("a time");
    assert_eq!((read.time.to_string().as_str(), read.length), ("2026-01-31T10:02:11", 19));
    let summer = jiff::civil::date(2026, 7, 1).at(12, 0, 0, 0);
    assert_eq!(app.zone.expect("a zone").to_timestamp(summer).unwrap().to_string(), "2026-07-01T10:00:00Z");
    assert_eq!(app.encoding.expect("an encoding").name(), "windows-1252");
    let noise = app.noise.expect("noise");
    assert!(noise.is_noise(b"31.01.2026 10:02:11 DEBUG heartbeat") && !noise.is_noise(line));

    let trace = settings.of("run.trace");
    assert!(trace.start.is_some() && trace.continuation.is_some() && trace.zone.is_none());
    assert_eq!(settings.of("x/tasks/failed.xml").xml, Some("task"));
    assert_eq!(settings.of("a.zip::app.jsonl").json.and_then(|json| json.message.as_deref()), Some("msg"));
    assert!(!settings.of("messages").makes_records());

    let limits = Limits::with_settings(settings.limits());
    assert_eq!(limits, Limits { total_bytes: 40 << 30, depth: 7, ..Limits::default() });
    let defaults = settings.defaults();
    assert_eq!((defaults.audience, defaults.min_severity), (Some(Audience::Partner), Some(Severity::Warning)));
    assert_eq!(defaults.exclude.len(), 2);
    assert!(defaults.timezone.is_some() && defaults.threads.is_none());
}

#[test]
fn the_first_entry_wins_for_each_key_and_one_way_to_make_records() {
    let faultbook = settings(
        "sources:
  - { path: 'app/*.log', start: '^> ', noise: first }
  - { path: '*.log', continue: '^ ', noise: second }
",
    );
    let merged = faultbook.settings().of("app/a.log");
    assert!(merged.start.is_some() && merged.continuation.is_some());
    assert!(merged.noise.is_some_and(|noise| noise.is_noise(b"first") && !noise.is_noise(b"second")));

    let faultbook = settings(
        "sources:
  - { path: 'app/*.log', start: '^> ' }
  - { path: '*.log', json: { message: m }, zone: UTC, timestamp: ['%F %T', '%F'] }
  - { path: '**', xml: task, zone: '+02:00', timestamp: '%s', encoding: latin1 }
",
    );
    let merged = faultbook.settings().of("app/a.log");
    assert!(merged.start.is_some() && merged.json.is_none() && merged.xml.is_none());
    assert_eq!((merged.zone, merged.timestamp.len()), (Some(&jiff::tz::TimeZone::UTC), 2));
    assert_eq!(merged.encoding.map(|encoding| encoding.name()), Some("windows-1252"));
    let other = faultbook.settings().of("b.log");
    assert!(other.json.is_some() && other.xml.is_none());
    assert_eq!(faultbook.settings().of("b.txt").xml, Some("task"));
}

#[test]
fn an_entry_with_a_mistake_is_not_used_and_the_others_are() {
    let text = "sources:\n  - { path: '*.log', zone: Nowhere, xml: task }\n  - { path: '*.log.1', xml: job }\n";
    let faultbook = Faultbook::from_texts_and_settings(
        Vec::new(),
        Templates::default(),
        vec![("faultbook.yaml".to_owned(), text.to_owned())],
    );
    assert_eq!(faultbook.diagnostics().len(), 1);
    assert_eq!(faultbook.settings().of("a.log").xml, None);
    assert_eq!(faultbook.settings().of("a.log.1").xml, Some("job"));
}

/// Found records of the one signature in a text.
fn count(settings: &str, signature: &str, text: &str) -> u64 {
    let rule = format!("id: R\ntitle: t\nsignatures:\n  s: {signature}\nresolution: r\n");
    let faultbook = Faultbook::from_texts_and_settings(
        vec![("r.yaml".to_owned(), rule)],
        Templates::default(),
        vec![("faultbook.yaml".to_owned(), settings.to_owned())],
    );
    assert!(!faultbook.has_errors(), "{:#?}", faultbook.diagnostics());
    let index = Index::build(&faultbook);
    let case = CaseInput { name: "case".to_owned(), parts: vec![Part::bytes("app.log", text)] };
    let diagnosis = Diagnoser::new(&index).diagnose(case, &Known::default(), &Progress::new());
    diagnosis.findings.iter().map(|finding| finding.count).sum()
}

#[test]
fn noise_is_ignored_where_its_glob_fits() {
    let text = "disk full\nDEBUG disk full\ndisk full, simulated\n";
    let noise = |path: &str| format!("sources: [{{ path: '{path}', noise: ['^DEBUG', simulated] }}]");
    assert_eq!(count("limits: { depth: 3 }", "{ contains: disk full }", text), 3);
    assert_eq!(count(&noise("*.log"), "{ contains: disk full }", text), 1);
    assert_eq!(count(&noise("*.txt"), "{ contains: disk full }", text), 3);
    assert_eq!(count(&noise("*.log"), "{ contains: disk full, scope: file }", text), 1);
}

#[test]
fn limits_of_the_settings_hold_for_every_diagnosis() {
    // each line is longer than what pieces of a record have in common
    let filler = format!(" filler {}\n", "x".repeat(40_000));
    let text = format!("{}disk full\n", filler.repeat(5)).replacen(' ', "start", 1);
    let signature = "{ all: [{ contains: startfiller }, { contains: disk full }] }";
    assert_eq!(count("limits: {}", signature, &text.replace("disk", " disk")), 1);
    assert_eq!(count("limits: { record_lines: 3 }", signature, &text.replace("disk", " disk")), 0);
}

#[test]
fn patterns_of_the_settings_are_those_of_rules_and_of_noise() {
    let settings =
        "patterns:\n  CLIENT: 'client %{IP:client}'\nsources:\n  - { path: '*.log', noise: ['%{CLIENT} is back'] }\n";
    let text = "client 10.0.0.7 is gone\nclient 10.0.0.7 is back\nclient x is gone\n";
    assert_eq!(count(settings, "{ regex: '%{CLIENT} is' }", text), 1);
    assert_eq!(count("", "{ regex: 'client %{IP} is' }", text), 2);
}

#[test]
fn patterns_neither_nest_nor_grow_without_bounds() {
    let faults = |count: usize, body: &dyn Fn(usize) -> String| {
        let patterns: Vec<String> = (0..count).map(|number| format!("  P{number}: '{}'\n", body(number))).collect();
        let settings = vec![("faultbook.yaml".to_owned(), format!("patterns:\n{}", patterns.concat()))];
        Faultbook::from_texts_and_settings(Vec::new(), Templates::default(), settings).diagnostics().len()
    };
    let next = |number: usize| format!("a%{{P{}}}", number + 1);
    let chain = |count: usize| faults(count, &|number| if number + 1 < count { next(number) } else { "a".to_owned() });
    assert_eq!((chain(32), chain(33), chain(2_000) > 0), (0, 1, true));
    let doubling = |count: usize| {
        let twice = |number: usize| format!("%{{P{0}}}%{{P{0}}}", number + 1);
        faults(count, &|number| if number + 1 < count { twice(number) } else { "aaaaaaaa".to_owned() })
    };
    assert_eq!((doubling(8), doubling(30)), (0, 1));
}
