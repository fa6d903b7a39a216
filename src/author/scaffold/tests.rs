//! What is made of pastes: sound rules that find them and not their near misses.

use proptest::prelude::*;

use super::*;

fn made(paste: &str) -> Result<Scaffold, ScaffoldError> {
    let created = jiff::civil::date(2026, 1, 2);
    scaffold(&Request { id: "app-42", title: None, paste, created, schema: "rule.schema.json" })
}

/// The test's text read back is the paste; the rest was proven by `scaffold` itself.
fn is_sound(paste: &str) -> Scaffold {
    let scaffold = made(paste).unwrap_or_else(|error| panic!("{error}: {paste:?}"));
    let faultbook = loaded(&scaffold.text).expect("loads");
    let rule = &faultbook.rules()[0];
    assert_eq!(rule.tests[0].text, paste, "{}", scaffold.text);
    assert_eq!(rule.tests.len(), 1 + usize::from(scaffold.has_near_miss), "{}", scaffold.text);
    assert!(rule.tests.iter().skip(1).all(|test| test.text != paste));
    let outcomes = test::run(&faultbook, |_, _| true, &test::TestOptions::default()).outcomes;
    assert!(outcomes.iter().all(test::TestOutcome::passed), "{outcomes:?}");
    let laid = fmt::format("x.yaml", &scaffold.text);
    assert!(laid.as_ref().is_ok_and(|laid| *laid == scaffold.text), "{laid:?}\n{}", scaffold.text);
    assert!(rule.prevention.is_some() && rule.cause.is_some() && rule.symptoms.is_some());
    scaffold
}

#[test]
fn a_paste_becomes_a_rule() {
    let paste = "2024-05-01 10:00:00,120 [main] ERROR com.example.Pool - connect to db-01:5432 refused for user 'alice' after 3 retries\n";
    insta::assert_snapshot!(is_sound(paste).text);
}

#[test]
fn a_trace_becomes_a_rule_about_its_exception() {
    let paste = "2024-05-01 10:00:00 WARN all is slow\n2024-05-01 10:00:02 ERROR Job 7 ended\n\
                 java.io.IOException: No space left on device: /srv/spool/7.tmp\n\tat a.B.c(B.java:7)\n\tat a.B.d(B.java:9)\n";
    insta::assert_snapshot!(is_sound(paste).text);
}

#[test]
fn further_lines_become_signatures_and_optional_regexes() {
    let paste = "2026-03-11 20:48:58.034 UTC [733] ERROR:  deadlock detected\n\
                 2026-03-11 20:48:58.034 UTC [733] DETAIL:  Process 733 waits for ShareLock on transaction 385808; blocked by process 729.\n\
                 \tProcess 729 waits for ShareLock on transaction 385809; blocked by process 733.\n\
                 2026-03-11 20:48:58.034 UTC [733] HINT:  See server log for query details.\n";
    let scaffold = is_sound(paste);
    assert_eq!(scaffold.unused.iter().map(|line| line.number).collect::<Vec<_>>(), [3, 4]);
    insta::assert_snapshot!(scaffold.text);
    let paste = "╷\n│ Error: Error acquiring the state lock\n│ \n│ Error message: ConditionalCheckFailedException: The conditional request failed\n╵\n";
    let scaffold = is_sound(paste);
    assert_eq!((scaffold.title.as_str(), scaffold.has_near_miss), ("Error acquiring the state lock", false));
    insta::assert_snapshot!(scaffold.text);
    let terraform = "Error: Error acquiring the state lock\n\nError message: it is locked\nLock Info:\n  ID:        f9763602-b03f-e35c-da30-4083cdbb99ae\n  Who:       a@b\n";
    let captures = is_sound(terraform).captures;
    assert!(captures.iter().any(|(name, value)| name == "who" && value == "a@b"), "{captures:?}");
}

#[test]
fn records_with_numbers_of_their_own_are_one_failure() {
    let line = |port: u32| {
        format!(
            "Nov 22 03:12:03 h sshd[22011]: Failed password for invalid user admin from 203.0.113.50 port {port} ssh2\n"
        )
    };
    let faultbook = loaded(&is_sound(&line(51234)).text).expect("loads");
    let log: String = (51000..51014).map(line).collect();
    let index = Index::build(&faultbook);
    let diagnosis = Diagnoser::new(&index).diagnose_text("x.log", &log, &Known::default());
    assert_eq!(diagnosis.findings.len(), 1);
}

#[test]
fn titles_keep_the_names_of_classes_and_programs() {
    for (paste, wanted) in [
        ("java.sql.SQLException: it is gone", "java.sql.SQLException: it is gone"),
        ("npm ERR! missing script: build", "npm ERR! missing script: build"),
        ("FATAL ERROR: Reached heap limit", "Reached heap limit"),
        ("connection to the disk lost", "Connection to the disk lost"),
    ] {
        assert_eq!(is_sound(paste).title, wanted);
    }
}

#[test]
fn hostile_pastes_become_rules() {
    for paste in [
        "disk error: 'x",
        "it's can't won't fail\r\nnext line\r\n",
        "\u{1b}[31mERROR\u{1b}[0m cannot open \u{7}bell",
        "failed: {{ name }} {% if x %} {# c #} %{IPV4:x}",
        "  indented failure\n    deeper\n",
        "password=hunter2 token: abc failed to log in",
        "- a: b\n# c\n--- disk failed\n...\n",
        "数据库连接失败 端口 5432",
        "key=\"a failed thing with words\" n=1 x='y'",
        "{\"level\":\"error\",\"message\":\"connect to db1:5432 refused\",\"time\":\"2024-05-01T10:00:00Z\"}\n",
        "the same failed 1\nthe same failed 2\nthe same failed 3\n",
        "C:\\Users\\a\\b.txt not found (0x80070002)",
        "\ttab\tfailed\t7\n\n\n",
        "no space left on device \u{2028}\u{feff} failed",
    ] {
        is_sound(paste);
    }
    is_sound(&format!("failed {}", "x".repeat(PASTE_BYTES - 7)));
    is_sound(&"failed 7 times, ".repeat(PASTE_BYTES / 16));
}

#[test]
fn what_cannot_be_a_rule_is_refused() {
    let request = |id: &str, paste: &str| {
        let created = jiff::civil::date(2026, 1, 2);
        scaffold(&Request { id, title: None, paste, created, schema: "s" }).expect_err("refused")
    };
    assert_eq!(request("a", " \n\t"), ScaffoldError::Empty);
    assert_eq!(request("a", &"x".repeat(PASTE_BYTES + 1)), ScaffoldError::TooLong { bytes: PASTE_BYTES + 1 });
    assert!(matches!(request("../a", "x failed"), ScaffoldError::BadId { .. }));
    for nothing in ["error", "2024-05-01 10:00:00 ERROR an error occurred\n", "!!", "42 17"] {
        assert!(matches!(request("a", nothing), ScaffoldError::SaysNothing { .. }), "{nothing}");
    }
}

#[test]
fn secrets_are_matched_and_not_captured() {
    let scaffold = is_sound("login failed: password=hunter2 for user=bob");
    assert_eq!(scaffold.secrets, ["password"]);
    assert_eq!(scaffold.captures, [("user".to_owned(), "bob".to_owned())]);
}

fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(150)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases()) })]

    #[test]
    fn any_paste_with_words_becomes_a_sound_rule(
        parts in prop::collection::vec(
            prop::sample::select(vec![
                "failed", "connection", "to", "the", "disk", "refused", "é", "数据", "user", "port", "'alice'", "\"a b\"", "8080", "-7",
                "10.0.0.1", "db-01:5432", "/var/log/x", "C:\\x", "0xff", "30s", "12%", "2024-05-01", "10:00:00", "a@b.example", "[main]",
                "ERROR", "{", "}", "{{", "%{A:b}", "#", ": ", "- ", "'", "\"", "\\", "`", "|", "&", "*", "!", "\n", "\r\n", "\t", "  ",
                "\u{1b}[31m", "\u{7}", "\u{a0}", "\u{200b}", "&amp;", "password=x", "key=", "=", "\n2024-05-01 10:00:00 INFO ", "<b>",
                "f47ac10b-58cc-4372-a567-0e02b2c3d479", "\u{201c}x\u{201d}", "Exception: ", "\n\tat a.B.c(B.java:7)", "$", "^", "(?", "\u{85}",
            ]),
            1..14,
        ),
        glue in prop::sample::select(vec!["", " "]),
    ) {
        let paste = format!("the reader failed {}", parts.join(glue));
        // the record with the worst level may be another one
        prop_assume!(!matches!(made(&paste), Err(ScaffoldError::SaysNothing { .. })));
        is_sound(&paste);
    }
}
