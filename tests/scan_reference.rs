//! The scanner against a plain one: every signature on every record, without an index, marks or blocks.

#[path = "../benches/workload/mod.rs"]
#[allow(dead_code)]
mod workload;

mod plain_engine;

use faultbook::rule::Faultbook;
use faultbook::scan::Index;
use faultbook::source::Limits;
use faultbook::source::record::RecordLimits;
use proptest::prelude::*;

use plain_engine::{faultbook, plainly, scanned};

/// Part of a regex; few words, so that the text often has them.
fn atom() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        4 => prop_oneof![Just("error"), Just("disk"), Just("full on"), Just("it's"), Just("\"x\""), Just("a & b"), Just("TIMEOUT")],
        4 => Just(" "),
        1 => prop_oneof![Just("."), Just(".*"), Just(r"\d+"), Just(r"\S+"), Just("[de]isk"), Just("(?:full|empty)"), Just("s?"), Just("(?:ab)+")],
        1 => prop_oneof![Just("^"), Just("$"), Just(r"\n"), Just(r"\s+"), Just(r"\A"), Just(r"\z"), Just("(?i:Disk)"), Just(r"\b")],
    ]
}

fn regex() -> impl Strategy<Value = String> {
    let atoms = || prop::collection::vec(atom(), 1..5).prop_map(|atoms| atoms.concat());
    (prop::sample::select(vec!["", "(?i)", ".*"]), atoms(), atoms(), any::<bool>()).prop_map(
        |(flag, start, end, captures)| {
            let capture = if captures { "(?<value>[^ ]+) ?" } else { "" };
            format!("{flag}{start}{capture}{end}")
        },
    )
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn signature() -> impl Strategy<Value = String> {
    let leaf = || {
        prop_oneof![
            regex().prop_map(|regex| format!("regex: {}", quoted(&regex))),
            atom().prop_map(|text| format!("contains: {}", quoted(text))),
        ]
    };
    prop_oneof![
        6 => leaf(),
        1 => prop::collection::vec(regex(), 2..4).prop_map(|all| format!("regex: [{}]", all.iter().map(|one| quoted(one)).collect::<Vec<_>>().join(", "))),
        1 => (leaf(), leaf()).prop_map(|(one, other)| format!("all:\n  - {one}\n  - {other}")),
        1 => (leaf(), leaf()).prop_map(|(one, other)| format!("{one}\nnone:\n  - {other}")),
        1 => leaf().prop_map(|leaf| format!("{leaf}\nlevel: warning")),
        1 => leaf().prop_map(|leaf| format!("{leaf}\nfile: '*.txt'")),
        1 => (leaf(), regex()).prop_map(|(leaf, regex)| format!("{leaf}\noptional:\n  - regex: {}", quoted(&regex))),
    ]
}

/// Log lines, tidy and untidy, with what the regexes look for.
fn text() -> impl Strategy<Value = Vec<u8>> {
    let words = prop_oneof![
        8 => prop::sample::select(vec!["error", "Disk", "disk", "full on", "it's", "\"x\"", "a & b", "timeout", "empty", "abab", "7", "risk"]),
        3 => prop::sample::select(vec!["it\u{2019}s", "it&apos;s", "\\\"x\\\"", "a &amp; b", "full\u{a0}on", "err\x1b[1mor", "di\u{ad}sk", "\u{201c}x\u{201d}"]),
    ];
    let line = (
        prop::sample::select(vec![
            "",
            "",
            "  ",
            "2024-05-06 07:08:09 ",
            "2024-05-06 07:08:10 WARN ",
            "May  6 07:08:09 host ",
            "\t",
        ]),
        prop::collection::vec(words, 0..9),
        prop::sample::select(vec!["\n", "\n", "\n", "\r\n", "\r", "\n\n", "\n  "]),
    );
    let line = line.prop_map(|(start, words, end)| format!("{start}{}{end}", words.join(" ")));
    prop::collection::vec(line, 0..40).prop_map(|lines| lines.concat().into_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]
    #[test]
    fn random_rules_on_random_text_match_what_a_plain_scan_matches(
        signatures in prop::collection::vec(signature(), 1..12),
        mut text in text(),
        odd_byte in prop::option::of((any::<prop::sample::Index>(), any::<u8>())),
        block_bytes in 1usize..2000,
        (more, overlap) in (0usize..600, 0usize..200),
        (record_lines, record_bytes) in prop_oneof![Just((1000, 400)), Just((3, 400)), Just((1000, 1 << 18))],
    ) {
        if let Some((at, byte)) = odd_byte.filter(|_| !text.is_empty()) {
            let at = at.index(text.len());
            text[at] = byte;
        }
        let faultbook = faultbook(&signatures);
        let index = Index::build(&faultbook);
        let mut limits = Limits::default();
        (limits.record.lines, limits.record.bytes) = (record_lines, record_bytes);
        (limits.record.line_bytes, limits.record.overlap) = (record_bytes + more, overlap);
        let expected = plainly(&index, &text, &limits, block_bytes);
        prop_assert_eq!(scanned(&index, &text, &limits, block_bytes), expected, "{:?}", signatures);
    }
}

#[test]
fn generated_rules_on_generated_logs_match_what_a_plain_scan_matches() {
    for without_literal in [0, 3] {
        let rules = workload::rules::generate(workload::rules::Mix { rules: 100, without_literal });
        let texts = rules.iter().map(|rule| (rule.id.clone(), rule.yaml.clone())).collect();
        let faultbook = Faultbook::from_texts(texts, Default::default());
        assert_eq!(faultbook.diagnostics().first().map(|diagnostic| &diagnostic.title), None);
        let index = Index::build(&faultbook);
        let mut text = workload::logs::mixed(300_000, &rules);
        rules.iter().for_each(|rule| text.extend_from_slice(format!("{}\n", rule.sample).as_bytes()));
        let expected = plainly(&index, &text, &Limits::default(), 50_000);
        assert!(expected.len() >= rules.len(), "every sample matches");
        assert_eq!(scanned(&index, &text, &Limits::default(), 50_000), expected);
    }
}

#[test]
fn generated_rules_pass_their_own_tests() {
    let rules = workload::rules::generate(workload::rules::Mix::realistic(1000));
    let texts = rules.into_iter().map(|rule| (rule.id, rule.yaml)).collect();
    let faultbook = Faultbook::from_texts(texts, Default::default());
    assert_eq!(
        (faultbook.rules().len(), faultbook.diagnostics().first().map(|diagnostic| &diagnostic.title)),
        (1000, None)
    );
    let run = faultbook::author::test::run(&faultbook, |_, _| true, &Default::default());
    let failed = run.outcomes.into_iter().find(|outcome| !outcome.passed());
    assert_eq!(failed.map(|outcome| format!("{} {:?}", outcome.rule, outcome.mismatches)), None);
}

#[test]
fn a_literal_over_a_line_end_is_found_in_windows_text() {
    let faultbook = faultbook(&[r"regex: 'disk full\nerror (?<code>\d+)'".to_owned()]);
    let index = Index::build(&faultbook);
    let text = b"2024-05-06 07:08:09 disk full\r\nerror 28\r\n2024-05-06 07:08:10 up\r\n";
    let expected = plainly(&index, text, &Limits::default(), 1000);
    assert_eq!(expected.len(), 1);
    assert_eq!(scanned(&index, text, &Limits::default(), 1000), expected);
}

/// Scans a line of `length` bytes in which a number stands `shift` bytes before each border of a window, and checks that each
/// is found once.
fn assert_found_once(length: usize, shift: usize, limits: &Limits, block_bytes: usize) {
    let faultbook = faultbook(&["regex: 'number (?<value>\\d+)'".to_owned()]);
    let index = Index::build(&faultbook);
    let mut line = vec![b'x'; length];
    let mut expected = Vec::new();
    for border in (limits.record.line_bytes..length).step_by(limits.record.line_bytes) {
        let text = format!("number {border}");
        line[border - shift..][..text.len()].copy_from_slice(text.as_bytes());
        expected.push((2, Some(border.to_string())));
    }
    expected.push((3, Some("7".to_owned())));
    let text = [b"up\n".as_slice(), &line, b"\nnumber 7\n"].concat();
    let found = scanned(&index, &text, limits, block_bytes);
    let values = found.iter().map(|(line, _, captured)| (*line, captured.values[0].clone()));
    assert_eq!(values.collect::<Vec<_>>(), expected, "{shift}");
    assert_eq!(plainly(&index, &text, limits, block_bytes), found);
}

#[test]
fn a_match_over_the_border_of_a_window_is_found_once() {
    let mut limits = Limits::default();
    assert_found_once((1 << 20) + 5000, 9, &limits, 1 << 19);
    assert_found_once(10_000_000, 9, &limits, 1 << 19);
    limits.record = RecordLimits { bytes: 2000, line_bytes: 4000, overlap: 500, ..limits.record };
    for shift in [0, 1, 3, 7, 8, 9, 10, 11, 12, 50, 499, 500, 501, 600] {
        for block_bytes in [1, 4096, 20_000] {
            assert_found_once(30_000, shift, &limits, block_bytes);
        }
    }
}
