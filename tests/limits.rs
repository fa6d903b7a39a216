//! Every limit on what is kept of a case: what goes over it is counted or noted, never silently lost, and never kept.

use std::fmt::Write as _;

use faultbook::diagnose::case::FACTS_BYTES;
use faultbook::diagnose::collect::{GROUP_LIMIT, VALUE_LIMIT};
use faultbook::diagnose::evidence::{EXCERPT_BYTES, PLACE_LIMIT, SOURCE_LIMIT};
use faultbook::diagnose::{Diagnoser, Diagnosis, Known};
use faultbook::rule::faultbook::Templates;
use faultbook::rule::{Code, Faultbook};
use faultbook::scan::Index;
use faultbook::scan::source_scan::WHOLE_FILE_BYTES;
use faultbook::source::{CaseInput, FACTS_FILE, NoteKind, Part, Progress};

fn faultbook(signature: &str) -> Faultbook {
    let rule = format!("id: R\ntitle: t\nsignatures:\n  broken:\n{signature}");
    let faultbook = Faultbook::from_texts(vec![("r.yaml".to_owned(), rule)], Templates::default());
    assert!(!faultbook.has_errors(), "{:?}", faultbook.diagnostics());
    faultbook
}

fn diagnosis(faultbook: &Faultbook, parts: Vec<Part>) -> Diagnosis {
    let index = Index::build(faultbook);
    Diagnoser::new(&index).diagnose(CaseInput { name: "case".to_owned(), parts }, &Known::default(), &Progress::new())
}

fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).fold(String::new(), |mut text, number| {
        let _ = writeln!(text, "{}", line(number));
        text
    })
}

#[test]
fn failures_beyond_the_group_limit_are_counted_and_noted() {
    let faultbook = faultbook("    regex: 'disk (?<disk>\\S+) broken'\n");
    let text = lines(GROUP_LIMIT + 7, |number| format!("disk d{number} broken"));
    let diagnosis = diagnosis(&faultbook, vec![Part::bytes("a.log", text)]);
    assert_eq!(diagnosis.findings.len(), GROUP_LIMIT);
    let note = diagnosis.notes.iter().find(|note| note.kind == NoteKind::FailureLimit).expect("a note");
    assert!(note.detail.contains("7 further records"), "{}", note.detail);
}

#[test]
fn values_places_and_excerpts_are_bounded_within_one_failure() {
    let faultbook = faultbook("    regex: 'disk (?<disk>\\S+) broken'\nidentity: []\n");
    let text =
        lines(VALUE_LIMIT + PLACE_LIMIT, |number| format!("disk d{number} broken {}", "x".repeat(EXCERPT_BYTES)));
    let diagnosis = diagnosis(&faultbook, vec![Part::bytes("a.log", text)]);
    let finding = &diagnosis.findings[0];
    assert_eq!(finding.count as usize, VALUE_LIMIT + PLACE_LIMIT, "all are counted");
    assert_eq!((finding.captures[0].values.seen.len(), finding.captures[0].values.more), (VALUE_LIMIT, true));
    assert_eq!(finding.evidence[0].lines.len(), PLACE_LIMIT);
    assert_eq!(finding.evidence[0].record.len(), EXCERPT_BYTES);
}

#[test]
fn sources_beyond_the_limit_are_counted_once_each() {
    let faultbook = faultbook("    contains: broken\n");
    let parts = (0..SOURCE_LIMIT + 5).map(|number| Part::bytes(format!("{number}.log"), "broken\nbroken\n"));
    let diagnosis = diagnosis(&faultbook, parts.collect());
    let finding = &diagnosis.findings[0];
    assert_eq!((finding.evidence.len(), finding.more_sources), (SOURCE_LIMIT, 5));
    assert_eq!(finding.count as usize, 2 * (SOURCE_LIMIT + 5));
}

#[test]
fn whole_files_are_seen_up_to_their_limit() {
    let faultbook = faultbook("    contains: PermitRootLogin yes\n    file: sshd_config\n    scope: file\n");
    let with_padding = |padding: usize| {
        let text = format!("{}\nPermitRootLogin yes\n", "#".repeat(padding));
        diagnosis(&faultbook, vec![Part::bytes("sshd_config", text)])
    };
    assert_eq!(with_padding(WHOLE_FILE_BYTES / 2).findings.len(), 1);
    let beyond = with_padding(WHOLE_FILE_BYTES);
    assert!(beyond.findings.is_empty());
    assert_eq!(beyond.notes.iter().filter(|note| note.kind == NoteKind::Limit).count(), 1);
}

#[test]
fn a_facts_file_is_read_up_to_its_limit() {
    let faultbook = faultbook(
        "    contains: broken\nfacts:\n  first:\n  last:\ncondition: broken and first == 'a' and last is not known\n",
    );
    let padding = "#".repeat(FACTS_BYTES as usize);
    let facts = Part::bytes(FACTS_FILE, format!("first: a\n{padding}\nlast: b\n"));
    assert_eq!(diagnosis(&faultbook, vec![facts, Part::bytes("a.log", "broken\n")]).findings.len(), 1);
}

#[test]
fn a_regex_nests_only_so_deep() {
    let nested = |depth: usize| format!("{}x{}", "(".repeat(depth), ")".repeat(depth));
    let codes = |depth: usize| {
        let rule = format!("id: R\ntitle: t\nsignatures:\n  broken:\n    regex: '{}'\n", nested(depth));
        let faultbook = Faultbook::from_texts(vec![("r.yaml".to_owned(), rule)], Templates::default());
        faultbook.diagnostics().iter().map(|diagnostic| diagnostic.code).filter(|code| *code == Code::BadRegex).count()
    };
    assert_eq!((codes(50), codes(200), codes(100_000)), (0, 1, 1));
}
