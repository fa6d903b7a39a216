//! Correlations over cases: groups, windows, the order of records from several sources, and what a finding says.

use std::fs;

use faultbook::diagnose::events::EVENT_LIMIT;
use faultbook::diagnose::{Diagnoser, Diagnosis, Finding, Known};
use faultbook::rule::faultbook::Templates;
use faultbook::rule::{Faultbook, RuleId, Truth};
use faultbook::scan::Index;
use faultbook::source::{CaseInput, NoteKind, Part, Progress, cases};

/// A rule with the usual signatures; `rest` has correlations, condition and texts.
fn rule(rest: &str) -> Faultbook {
    let head = r"id: R
title: t
signatures:
  timeout: { regex: 'timeout for (?<user>\S+) on (?<host>\S+)' }
  link_down: { regex: 'link of (?<device>\S+) is down' }
  recovered: { regex: 'recovered on (?<host>\S+)' }
";
    book(&format!("{head}{rest}"))
}

fn book(text: &str) -> Faultbook {
    let book = Faultbook::from_texts(vec![("r.yaml".to_owned(), text.to_owned())], Templates::default());
    let errors = book.diagnostics().iter().filter(|diagnostic| diagnostic.code.name() != "missing-test");
    let errors: Vec<_> = errors.map(|diagnostic| (diagnostic.title.clone(), diagnostic.help.clone())).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    book
}

fn case(sources: &[(&str, &str)]) -> CaseInput {
    let parts = sources.iter().map(|(name, text)| Part::bytes(*name, *text)).collect();
    CaseInput { name: "case".to_owned(), parts }
}

fn diagnosis(book: &Faultbook, sources: &[(&str, &str)]) -> Diagnosis {
    let index = Index::build(book);
    Diagnoser::new(&index).diagnose(case(sources), &Known::default(), &Progress::new())
}

/// The findings as `host=a count first..last lines`.
fn told(book: &Faultbook, sources: &[(&str, &str)]) -> Vec<String> {
    diagnosis(book, sources).findings.iter().map(tell).collect()
}

fn tell(finding: &Finding) -> String {
    let captures = finding.captures.iter().map(|capture| format!("{}={}", capture.name, capture.values.seen.join("+")));
    let places = finding.evidence.iter().map(|evidence| {
        let lines: Vec<String> = evidence.lines.iter().map(u64::to_string).collect();
        format!("{}:{}", evidence.source, lines.join("+"))
    });
    let open = if finding.applies == Truth::Open { " open" } else { "" };
    let captures: Vec<String> = captures.collect();
    let places: Vec<String> = places.collect();
    format!("{} {}x {}{open}", captures.join(" "), finding.count, places.join(" "))
}

/// A log whose lines are told as seconds after ten o'clock and text.
fn log(lines: &[(u32, &str)]) -> String {
    let line = |(seconds, text): &(u32, &str)| {
        format!("2026-03-01 {:02}:{:02}:{:02} {text}\n", 10 + seconds / 3600, seconds / 60 % 60, seconds % 60)
    };
    lines.iter().map(line).collect()
}

const BURST: &str = "correlations:
  burst: { type: event_count, signatures: [timeout], group_by: [host], timespan: 5m, gte: 3 }
condition: burst
";

#[test]
fn each_group_that_fulfils_it_is_a_finding_and_groups_are_not_joined() {
    let book = rule(BURST);
    let text = log(&[
        (0, "timeout for ann on db1"),
        (10, "timeout for bob on db2"),
        (20, "timeout for ann on db1"),
        (30, "timeout for cat on db3"),
        (40, "timeout for bob on db1"),
        (50, "timeout for bob on db2"),
        (60, "timeout for bob on db2"),
    ]);
    assert_eq!(
        told(&book, &[("a.log", &text)]),
        ["host=db1 user=ann+bob 3x a.log:1+3+5", "host=db2 user=bob 3x a.log:2+6+7"]
    );
    let mixed = log(&[(0, "timeout for a on x"), (1, "timeout for a on y"), (2, "timeout for a on z")]);
    assert!(told(&book, &[("a.log", &mixed)]).is_empty(), "three of three hosts are no burst on one");
}

#[test]
fn a_record_at_the_edge_counts_and_one_just_outside_does_not() {
    let book = rule(BURST);
    let at = |last| log(&[(0, "timeout for a on x"), (1, "timeout for a on x"), (last, "timeout for a on x")]);
    assert_eq!(told(&book, &[("a.log", &at(300))]).len(), 1);
    assert_eq!(told(&book, &[("a.log", &at(301))]).len(), 0);
}

#[test]
fn windows_slide_and_know_no_calendar() {
    // both sides of a full hour
    let text = log(&[(3590, "timeout for a on x"), (3595, "timeout for a on x"), (3605, "timeout for a on x")]);
    assert_eq!(told(&rule(BURST), &[("a.log", &text)]).len(), 1);
}

#[test]
fn records_of_several_sources_and_out_of_order_are_put_in_order() {
    let book = rule(BURST);
    let (one, two) = (
        log(&[(200, "timeout for a on x"), (0, "timeout for a on x")]),
        log(&[(9000, "timeout for a on x"), (100, "timeout for a on x")]),
    );
    let expected = ["host=x user=a 4x a.log:1+2 b.log:1+2"];
    assert_eq!(told(&book, &[("a.log", &one), ("b.log", &two)]), expected);
    let sequence = rule(
        "correlations:
  down: { type: temporal_ordered, signatures: [link_down, timeout], timespan: 1m }
condition: down
",
    );
    let (late, early) = (log(&[(30, "timeout for a on x")]), log(&[(0, "link of sw1 is down")]));
    assert_eq!(told(&sequence, &[("a.log", &late), ("b.log", &early)]).len(), 1);
    let (early, late) = (log(&[(0, "timeout for a on x")]), log(&[(30, "link of sw1 is down")]));
    assert_eq!(told(&sequence, &[("a.log", &early), ("b.log", &late)]).len(), 0);
}

#[test]
fn equal_times_are_ordered_by_place_over_rotated_files() {
    let book = rule(
        "correlations:
  down: { type: temporal_ordered, signatures: [link_down, timeout], timespan: 1m }
condition: down
",
    );
    let (down, timeout) = (log(&[(0, "link of sw1 is down")]), log(&[(0, "timeout for a on x")]));
    let found = |older: &str, current: &str| {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("case");
        fs::create_dir(&path).expect("a folder");
        fs::write(path.join("x.log.1"), older).expect("written");
        fs::write(path.join("x.log"), current).expect("written");
        let index = Index::build(&book);
        let (cases, _) = cases(&[path]);
        let found =
            cases.into_iter().map(|case| Diagnoser::new(&index).diagnose(case, &Known::default(), &Progress::new()));
        found.map(|diagnosis| diagnosis.findings.len()).sum::<usize>()
    };
    assert_eq!(found(&down, &timeout), 1, "the older file comes first");
    assert_eq!(found(&timeout, &down), 0);
}

#[test]
fn aliases_join_what_signatures_name_differently() {
    let book = rule(
        "correlations:
  outage:
    type: temporal_ordered
    signatures: [link_down, timeout]
    group_by: [node]
    timespan: 10m
    aliases: { node: { link_down: device, timeout: host } }
condition: outage
symptoms: '{{ node }} ({{ outage.node }}) lost {{ user }}, {{ outage.count }} records from {{ outage.first }}'
",
    );
    let text = log(&[
        (0, "link of db1 is down"),
        (5, "link of db2 is down"),
        (60, "timeout for ann on db1"),
        (90, "timeout for bob on db3"),
    ]);
    let diagnosis = diagnosis(&book, &[("a.log", &text)]);
    let found: Vec<String> = diagnosis.findings.iter().map(tell).collect();
    assert_eq!(found, ["node=db1 user=ann timeout.host=db1 device=db1 2x a.log:1+3"]);
    let writer = faultbook::answer::Writer::new(faultbook::answer::AnswerFormat::Markdown);
    let article = writer.article(book.rule(RuleId::new(0)), &diagnosis.findings[0]);
    let symptoms = format!("{article:?}");
    assert!(symptoms.contains("db1 (db1) lost ann, 2 records from 2026-03-01 10:00:00"), "{symptoms}");
}

#[test]
fn several_comparisons_are_a_range_of_the_fullest_window() {
    let book = rule(
        "correlations:
  many: { type: value_count, signatures: [timeout], field: user, group_by: [host], timespan: 1h, gt: 1, lte: 3 }
condition: many
",
    );
    let users = |count: u32| {
        let lines: Vec<String> = (0..count).map(|user| format!("timeout for u{user} on db{count}")).collect();
        log(&lines.iter().enumerate().map(|(at, line)| (at as u32, line.as_str())).collect::<Vec<_>>())
    };
    let hosts: Vec<usize> = [1, 2, 3, 4].map(|count| told(&book, &[("a.log", &users(count))]).len()).to_vec();
    assert_eq!(hosts, [0, 1, 1, 0]);
    let same = log(&[(0, "timeout for a on x"), (1, "timeout for a on x"), (2, "timeout for a on x")]);
    assert!(told(&book, &[("a.log", &same)]).is_empty(), "one value three times is one value");
}

#[test]
fn a_correlation_over_correlations_is_about_the_same_group() {
    let book = rule("correlations:
  escalation: { type: temporal, signatures: [burst, outage], group_by: [host], timespan: 1h }
  burst: { type: event_count, signatures: [timeout], group_by: [host], timespan: 1m, gte: 2 }
  outage: { type: event_count, signatures: [link_down], group_by: [host], timespan: 1m, gte: 2, aliases: { host: { link_down: device } } }
condition: escalation
");
    let down =
        [(0, "link of a is down"), (5, "link of a is down"), (10, "link of b is down"), (15, "link of b is down")];
    let burst = |at: u32, host| [(at, host), (at + 60, host)];
    let with = |more: &[(u32, &str)]| told(&book, &[("a.log", &log(&[&down[..], more].concat()))]);
    let both = with(&burst(3545, "timeout for ann on a"));
    assert_eq!(
        both,
        ["host=a user=ann device=a 4x a.log:1+2+5+6"],
        "the burst is complete at 3605, an hour after the outage"
    );
    assert!(with(&burst(3546, "timeout for ann on a")).is_empty(), "a second later it is not");
    assert!(with(&burst(100, "timeout for ann on c")).is_empty());
    assert!(with(&[(100, "timeout for ann on a"), (161, "timeout for ann on a")]).is_empty(), "no burst");
}

#[test]
fn windows_that_touch_are_one_occurrence() {
    let book = rule(
        "correlations:
  burst: { type: event_count, signatures: [timeout], group_by: [host], timespan: 1m, gte: 2 }
  again: { type: event_count, signatures: [burst], group_by: [host], timespan: 1d, gte: 2 }
condition: again
",
    );
    let at = |times: &[u32]| {
        let lines: Vec<(u32, &str)> = times.iter().map(|&time| (time, "timeout for a on x")).collect();
        told(&book, &[("a.log", &log(&lines))]).len()
    };
    assert_eq!(at(&[0, 10, 20, 30, 90]), 0, "one long burst");
    assert_eq!(at(&[0, 10, 600, 610]), 1, "two bursts");
}

#[test]
fn negated_correlations_are_about_the_failure() {
    let book = rule(
        "correlations:
  burst: { type: event_count, signatures: [timeout], group_by: [host], timespan: 5m, gte: 2 }
condition: timeout and not burst
",
    );
    let text = log(&[(0, "timeout for a on x"), (1, "timeout for a on x"), (2, "timeout for a on y")]);
    assert_eq!(told(&book, &[("a.log", &text)]), ["user=a timeout.host=y 1x a.log:3"]);
}

#[test]
fn a_condition_that_does_not_rest_on_its_correlation_is_about_failures() {
    let book = rule(
        "correlations:
  burst: { type: event_count, signatures: [timeout], group_by: [host], timespan: 5m, gte: 2 }
condition: timeout or burst
",
    );
    let text = log(&[(0, "timeout for a on x"), (1, "timeout for b on x")]);
    assert_eq!(told(&book, &[("a.log", &text)]).len(), 2);
}

#[test]
fn outage_or_burst_that_did_not_recover() {
    let book = rule("correlations:
  burst: { type: event_count, signatures: [timeout], group_by: [host], timespan: 5m, gte: 2 }
  outage: { type: temporal, signatures: [link_down, timeout], group_by: [host], timespan: 5m, aliases: { host: { link_down: device } } }
  recovery: { type: event_count, signatures: [recovered], group_by: [host], timespan: 1d, gte: 1 }
condition: outage or (burst and not recovery)
");
    let text = log(&[
        (0, "timeout for a on x"),
        (1, "timeout for a on x"),
        (2, "timeout for a on y"),
        (3, "timeout for a on y"),
        (4, "recovered on x"),
        (5, "link of z is down"),
        (6, "timeout for b on z"),
    ]);
    let hosts: Vec<String> = told(&book, &[("a.log", &text)]);
    assert_eq!(hosts, ["host=y user=a 2x a.log:3+4", "host=z user=b device=z 2x a.log:6+7"]);
}

#[test]
fn the_more_specific_group_is_told() {
    let book = rule(
        "correlations:
  burst: { type: event_count, signatures: [timeout], group_by: [host], timespan: 5m, gte: 2 }
  same_user: { type: event_count, signatures: [timeout], group_by: [host, user], timespan: 5m, gte: 2 }
condition: burst or same_user
",
    );
    let text = log(&[
        (0, "timeout for a on x"),
        (1, "timeout for a on x"),
        (2, "timeout for a on y"),
        (3, "timeout for b on y"),
    ]);
    assert_eq!(told(&book, &[("a.log", &text)]), ["host=x user=a 2x a.log:1+2", "host=y user=a+b 2x a.log:3+4"]);
}

#[test]
fn records_without_a_time_take_no_part() {
    let book = rule(BURST);
    let untimed = "timeout for a on x\n".repeat(5);
    assert!(told(&book, &[("a.log", &untimed)]).is_empty());
    let index = Index::build(&book);
    let timed = log(&[(0, "timeout for a on x"), (9, "timeout for a on x")]);
    let sources = [("a.log", untimed.as_str()), ("b.log", timed.as_str())];
    let outcomes = Diagnoser::new(&index).correlations(case(&sources), RuleId::new(0), &Progress::new());
    let outcome = &outcomes[0];
    assert_eq!((outcome.holds, outcome.without_time, outcome.wanted.as_str()), (false, 5, "gte 3 within 5m"));
    let group = &outcome.groups[0];
    assert_eq!((group.group[0].1.as_str(), group.found, group.records, group.holds), ("x", 2, 2, false));
    assert_eq!(group.last.map(|time| time.to_string()).as_deref(), Some("2026-03-01 10:00:09"));
}

#[test]
fn what_a_sequence_lacks_is_told() {
    let book = rule(
        "correlations:
  all: { type: temporal_ordered, signatures: [link_down, timeout, recovered], timespan: 1m }
condition: all
",
    );
    let index = Index::build(&book);
    let text = log(&[(0, "link of a is down"), (1, "recovered on x"), (2, "timeout for a on x")]);
    let outcomes = Diagnoser::new(&index).correlations(case(&[("a.log", &text)]), RuleId::new(0), &Progress::new());
    let group = &outcomes[0].groups[0];
    assert_eq!((group.found, group.missing.as_slice()), (2, &["recovered".to_owned()][..]));
}

#[test]
fn a_record_that_captured_nothing_to_group_by_is_counted_apart() {
    let book = book(
        r"id: R
title: t
signatures:
  slow: { contains: slow answer, optional: [{ regex: 'host=(?<host>\S+)' }] }
correlations:
  burst: { type: event_count, signatures: [slow], group_by: [host], timespan: 5m, gte: 2 }
condition: burst
",
    );
    let text = log(&[(0, "slow answer host=a"), (1, "slow answer"), (2, "slow answer"), (3, "slow answer host=a")]);
    assert_eq!(told(&book, &[("a.log", &text)]), ["host=a 2x a.log:1+4"]);
    let index = Index::build(&book);
    let outcomes = Diagnoser::new(&index).correlations(case(&[("a.log", &text)]), RuleId::new(0), &Progress::new());
    assert_eq!(outcomes[0].without_value, 2);
}

#[test]
fn absence_is_a_count_of_zero_without_groups() {
    let book = rule(
        "correlations:
  quiet: { type: event_count, signatures: [timeout], timespan: 5m, lt: 2 }
condition: quiet
",
    );
    let found = |text: &str| told(&book, &[("a.log", text)]);
    assert_eq!(found("2026-03-01 10:00:00 nothing of interest\n"), [" 0x "]);
    assert_eq!(found(&log(&[(0, "timeout for a on x")])), ["user=a timeout.host=x 1x a.log:1"]);
    assert!(found(&log(&[(0, "timeout for a on x"), (1, "timeout for b on y")])).is_empty());
    assert!(found("timeout for a on x\n").is_empty(), "when that was nobody knows");
}

#[test]
fn a_group_rests_on_facts_like_any_other_finding() {
    let book = rule(
        "correlations:
  burst: { type: event_count, signatures: [timeout], group_by: [host], timespan: 5m, gte: 2 }
facts:
  planned: { type: boolean, ask: Was it planned? }
  bad: { type: boolean, derive: burst and host != 'test' }
condition: bad and not planned
",
    );
    let text = log(&[
        (0, "timeout for a on x"),
        (1, "timeout for a on x"),
        (2, "timeout for a on test"),
        (3, "timeout for a on test"),
    ]);
    let diagnosis = diagnosis(&book, &[("a.log", &text)]);
    let found: Vec<String> = diagnosis.findings.iter().map(tell).collect();
    assert_eq!(found, ["host=x user=a 2x a.log:1+2 open"]);
    assert_eq!(diagnosis.findings[0].questions[0].fact, "planned");
}

#[test]
fn a_fallback_rule_looks_only_at_what_others_leave() {
    let other = "id: OTHER\ntitle: t\nsignatures:\n  ann: { contains: timeout for ann }\n";
    let fallback = format!(
        "id: R\ntitle: t\nfallback: true\nsignatures:\n  timeout: {{ regex: 'timeout for (?<user>\\S+) on (?<host>\\S+)' }}\n{BURST}"
    );
    let texts = vec![("a.yaml".to_owned(), other.to_owned()), ("b.yaml".to_owned(), fallback)];
    let book = Faultbook::from_texts(texts, Templates::default());
    let text = log(&[(0, "timeout for ann on x"), (1, "timeout for bob on x"), (2, "timeout for bob on x")]);
    assert_eq!(diagnosis(&book, &[("a.log", &text)]).findings.len(), 1, "only the other rule");
}

#[test]
fn a_group_beyond_those_kept_apart_has_its_places() {
    let book = rule(BURST);
    let mut lines: Vec<String> = (0..1_200).map(|host| format!("timeout for a on h{host}")).collect();
    lines.extend(["timeout for b on late"; 3].map(str::to_owned));
    let told_lines: Vec<(u32, &str)> = lines.iter().enumerate().map(|(at, line)| (at as u32, line.as_str())).collect();
    assert_eq!(told(&book, &[("a.log", &log(&told_lines))]), ["host=late 3x a.log:1201+1202+1203"]);
}

#[test]
fn a_rules_own_tests_have_several_lines() {
    let text = "id: R
title: t
signatures:
  timeout: { regex: 'timeout on (?<host>\\S+)' }
correlations:
  burst: { type: event_count, signatures: [timeout], group_by: [host], timespan: 1m, gte: 2 }
condition: burst
tests:
  - name: a burst
    text: |
      2026-03-01 10:00:00 timeout on db1
      2026-03-01 10:01:00 timeout on db1
    expect: { captures: { host: db1 }, count: 2 }
  - name: too slow
    text: |
      2026-03-01 10:00:00 timeout on db1
      2026-03-01 10:01:01 timeout on db1
    expect: nothing
";
    let outcomes = faultbook::author::test::run(&book(text), |_, _| true, &Default::default()).outcomes;
    assert_eq!(outcomes.len(), 2);
    assert!(outcomes.iter().all(|outcome| outcome.passed()), "{outcomes:#?}");
}

#[test]
fn a_correlation_that_holds_in_no_test_is_not_reached() {
    let text = "id: R
title: t
signatures:
  timeout: { regex: 'timeout on (?<host>\\S+)' }
correlations:
  burst: { type: event_count, signatures: [timeout], group_by: [host], timespan: 1m, gte: 2 }
  flood: { type: event_count, signatures: [timeout], group_by: [host], timespan: 1m, gte: 9 }
condition: timeout and not burst and not flood
tests:
  - name: a burst
    text: |
      2026-03-01 10:00:00 timeout on db1
      2026-03-01 10:01:00 timeout on db1
    expect: nothing
";
    let options = faultbook::author::test::TestOptions { coverage: true, ..Default::default() };
    let coverage = faultbook::author::test::run(&book(text), |_, _| true, &options).coverage.expect("asked for");
    let unreached: Vec<(&str, &str)> = coverage.unreached.iter().map(|one| (one.kind.name(), &*one.name)).collect();
    assert_eq!((coverage.total, unreached), (3, vec![("correlation", "flood")]));
}

#[test]
fn the_example_of_the_documentation_passes_its_tests() {
    let page = include_str!("../docs/rule-language.md");
    let examples = page.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let example = examples.filter(|example| example.contains("correlations:")).collect::<Vec<_>>();
    assert_eq!(example.len(), 1);
    let outcomes = faultbook::author::test::run(&book(example[0]), |_, _| true, &Default::default()).outcomes;
    assert_eq!(outcomes.len(), 2);
    assert!(outcomes.iter().all(|outcome| outcome.passed()), "{outcomes:#?}");
}

#[test]
fn records_beyond_the_limit_are_counted_and_said() {
    let book = rule(BURST);
    let line = |at: usize| format!("2026-03-01 10:{:02}:{:02} timeout for a on x\n", at / 60 % 60, at % 60);
    let text: String = (0..EVENT_LIMIT + 7).map(line).collect();
    let diagnosis = diagnosis(&book, &[("a.log", &text)]);
    let note = diagnosis.notes.iter().find(|note| note.kind == NoteKind::EventLimit).expect("a note");
    assert!(note.detail.contains("7 came later"), "{}", note.detail);
    assert!(diagnosis.findings[0].problems[0].contains("7 came later"));
    assert_eq!(diagnosis.findings[0].count as usize, EVENT_LIMIT + 7, "all are counted");
}

#[test]
fn captures_of_other_groups_are_not_told() {
    let book = rule("correlations:
  outage: { type: temporal, signatures: [link_down, timeout], group_by: [host], timespan: 5m, aliases: { host: { link_down: device } } }
  recovery: { type: event_count, signatures: [recovered], group_by: [host], timespan: 1d, gte: 1 }
condition: outage and not recovery
symptoms: '{{ user }}'
");
    let text = log(&[
        (0, "timeout for ann on x"),
        (1, "link of x is down"),
        (2, "timeout for bob on y"),
        (3, "recovered on z"),
    ]);
    assert_eq!(told(&book, &[("a.log", &text)]), ["host=x user=ann device=x 2x a.log:1+2"]);
}
