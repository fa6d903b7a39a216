//! The same log in every transport gives the same findings, with the lines of the file it came in.

use std::fmt::Write;

use faultbook::diagnose::{Diagnoser, Diagnosis, Known};
use faultbook::rule::Faultbook;
use faultbook::rule::faultbook::Templates;
use faultbook::scan::Index;
use faultbook::source::transport::XML_DEPTH;
use faultbook::source::{CaseInput, Part, Progress};
use serde_json::json;

/// What the log of the tests has: a level that counts, a trace over several lines, something at a line's start.
const SIGNATURES: [&str; 3] = [
    "    regex: 'cannot write (?<path>\\S+): no space left'\n    level: error\n",
    "    regex: 'IllegalStateException: (?<what>\\w+)\\n\\s+at a\\.B'\n",
    "    regex: '^Segmentation fault in (?<program>\\w+)$'\n",
];

/// The log that is wrapped: times and levels of its own, with a trace.
const STAMPED: [&str; 6] = [
    "2026-01-02 03:04:05 INFO started",
    "2026-01-02 03:04:06 ERROR cannot write /a: no space left",
    "2026-01-02 03:04:07 WARN cannot write /b: no space left",
    "2026-01-02 03:04:08 ERROR java.lang.IllegalStateException: closed",
    "\tat a.B.c(D.java:1)",
    "2026-01-02 03:04:09 INFO \"stopped\" \\o/ <é>",
];

fn faultbook(signatures: &[&str]) -> Faultbook {
    let rule = |number: usize, signature: &str| {
        (format!("r{number}.yaml"), format!("id: R{number}\ntitle: t\nsignatures:\n  s:\n{signature}"))
    };
    let rules = signatures.iter().enumerate().map(|(number, signature)| rule(number, signature)).collect();
    let faultbook = Faultbook::from_texts(rules, Templates::default());
    assert!(!faultbook.has_errors(), "{:?}", faultbook.diagnostics());
    faultbook
}

fn diagnosis(faultbook: &Faultbook, name: &str, text: impl Into<Vec<u8>>) -> Diagnosis {
    let index = Index::build(faultbook);
    let case = CaseInput { name: "case".to_owned(), parts: vec![Part::bytes(name, text)] };
    Diagnoser::new(&index).diagnose(case, &Known::default(), &Progress::new())
}

/// Each finding: rule, captures, lines, when it was first seen.
fn findings(signatures: &[&str], text: impl Into<Vec<u8>>) -> Vec<String> {
    let faultbook = faultbook(signatures);
    let diagnosis = diagnosis(&faultbook, "app.log", text);
    assert_eq!(diagnosis.notes, []);
    let mut shown: Vec<String> = diagnosis
        .findings
        .iter()
        .map(|finding| {
            let values: Vec<_> = finding.captures.iter().flat_map(|capture| &capture.values.seen).cloned().collect();
            let lines: Vec<_> = finding.evidence.iter().flat_map(|evidence| &evidence.lines).collect();
            let first = finding.first.map_or(String::new(), |time| time.to_string());
            format!("{} {} {lines:?} {first}", faultbook.rule(finding.rule).id, values.join(","))
        })
        .collect();
    shown.sort_unstable();
    shown
}

/// Wraps each line.
fn wrapped(lines: &[&str], wrap: impl Fn(usize, &str) -> String) -> String {
    lines.iter().enumerate().fold(String::new(), |mut text, (number, line)| {
        let _ = writeln!(text, "{}", wrap(number, line));
        text
    })
}

fn docker(line: &str) -> String {
    let log = serde_json::to_string(&format!("{line}\n")).unwrap();
    format!("{{\"log\":{log},\"stream\":\"stdout\",\"time\":\"2027-01-01T00:00:00.000000001Z\"}}")
}

fn cri(line: &str) -> String {
    format!("2027-01-01T00:00:00.000000001Z stderr F {line}")
}

#[test]
fn transports_of_lines_leave_the_log_as_it_was() {
    let expected = ["R0 /a [2] 2026-01-02 03:04:06", "R1 closed [4] 2026-01-02 03:04:08"];
    assert_eq!(findings(&SIGNATURES, STAMPED.join("\n")), expected);
    assert_eq!(findings(&SIGNATURES, wrapped(&STAMPED, |_, line| docker(line))), expected);
    assert_eq!(findings(&SIGNATURES, wrapped(&STAMPED, |_, line| cri(line))), expected);
    assert_eq!(findings(&SIGNATURES, wrapped(&STAMPED, |_, line| cri(&docker(line)))), expected);
    let actions = wrapped(&STAMPED, |number, line| {
        let group = if number == 0 { "##[group]" } else { "" };
        format!("2027-01-01T00:00:00.1234567Z {group}{line}")
    });
    assert_eq!(findings(&SIGNATURES, actions), expected);
}

#[test]
fn parts_of_lines_are_joined_and_counted_as_lines_of_the_file() {
    let text = wrapped(&STAMPED, |_, line| {
        let (one, two) = line.split_at(12);
        format!("2027-01-01T00:00:00Z stdout P {one}\n2027-01-01T00:00:00Z stdout F {two}")
    });
    let expected = ["R0 /a [3] 2026-01-02 03:04:06", "R1 closed [7] 2026-01-02 03:04:08"];
    assert_eq!(findings(&SIGNATURES, text), expected);
}

#[test]
fn transports_of_entries_give_one_record_each_with_their_time_and_level() {
    let messages = [
        ("info", 6, "started"),
        ("error", 3, "cannot write /a: no space left"),
        ("warning", 4, "cannot write /b: no space left"),
        ("error", 3, "java.lang.IllegalStateException: closed\n\tat a.B.c(D.java:1)\n\nand more"),
        ("fatal", 2, "Segmentation fault in init"),
    ];
    let expected = |segfault: bool| {
        let mut expected =
            vec!["R0 /a [2] 2026-01-02 03:04:01".to_owned(), "R1 closed [4] 2026-01-02 03:04:03".to_owned()];
        expected.extend(segfault.then(|| "R2 init [5] 2026-01-02 03:04:04".to_owned()));
        expected
    };
    let each = |entry: &dyn Fn(usize, &str, u8, &str) -> String| {
        let entries = messages.iter().enumerate().map(|(at, (level, number, text))| entry(at, level, *number, text));
        entries.collect::<Vec<_>>().join("")
    };
    let lines = each(&|at, level, _, text| {
        json!({"ts": format!("2026-01-02T03:04:0{at}Z"), "level": level, "msg": text, "n": at}).to_string() + "\n"
    });
    assert_eq!(findings(&SIGNATURES, lines.as_str()), expected(true), "JSON lines");
    let in_docker = wrapped(&lines.lines().collect::<Vec<_>>(), |_, line| docker(line));
    assert_eq!(findings(&SIGNATURES, in_docker), expected(true), "JSON lines in Docker");
    let seconds = 1_767_323_040; // 2026-01-02T03:04:00Z
    let journald = each(&|at, _, number, text| {
        let time = format!("{}000000", seconds + at);
        let entry = json!({"__REALTIME_TIMESTAMP": time, "PRIORITY": number.to_string(), "MESSAGE": text});
        entry.to_string() + "\n"
    });
    assert_eq!(findings(&SIGNATURES, journald), expected(true), "journald");
    let syslog = each(&|at, _, number, text| {
        let text = format!("<{}>1 2026-01-02T03:04:0{at}Z host app 7 - - {text}", 8 + number);
        format!("{} {text}", text.len())
    });
    let shown = findings(&SIGNATURES, syslog);
    assert_eq!(shown[0], "R0 /a [1] 2026-01-02 03:04:01", "syslog");
    let xml = each(&|at, level, _, text| {
        format!(
            "<event level=\"{level}\" time=\"2026-01-02T03:04:0{at}Z\"><![CDATA[{}]]></event>",
            text.replace('\n', "\r\n")
        )
        .replace("\r\n", "\n")
    });
    let shown = findings(&SIGNATURES, format!("<events>{xml}</events>"));
    assert_eq!(shown.len(), 3, "XML: {shown:?}");
    assert!(shown[1].contains("2026-01-02 03:04:03"), "XML: {shown:?}");
}

#[test]
fn a_rule_may_be_about_a_message_or_the_object_around_it() {
    let signatures = ["    regex: '^Payment (?<id>\\d+) failed$'\n", "    regex: '\"error_code\":1234'\n"];
    let text = r#"{"level":"error","message":"Payment 77 failed","error_code":1234}"#.to_owned() + "\n";
    assert_eq!(findings(&signatures, text), ["R0 77 [1] ", "R1  [1] "]);
}

#[test]
fn journal_exports_are_read_with_their_binary_values() {
    let mut text = Vec::new();
    for (number, message) in
        ["started", "cannot write /a: no space left", "java.lang.IllegalStateException: closed\n\tat a.B"]
            .iter()
            .enumerate()
    {
        text.extend(format!("__CURSOR=s={number}\n__REALTIME_TIMESTAMP=176732304{number}000000\nPRIORITY=3\n").bytes());
        text.extend(b"MESSAGE\n");
        text.extend((message.len() as u64).to_le_bytes());
        text.extend(message.bytes());
        text.extend(b"\n\n");
    }
    let expected = ["R0 /a [7] 2026-01-02 03:04:01", "R1 closed [13] 2026-01-02 03:04:02"];
    assert_eq!(findings(&SIGNATURES, text), expected);
}

#[test]
fn what_does_not_fit_is_searched_as_it_is() {
    let mut text = wrapped(&STAMPED, |_, line| docker(line)).repeat(5);
    let _ = writeln!(text, "cannot write /c: no space left, says the kernel\n{}", docker(STAMPED[0]));
    text.push_str(r#"{"log":"ERROR cannot write /d: no space left and the file is cut off"#);
    let signatures = [&SIGNATURES[0].replace("    level: error\n", "")[..]];
    let shown = findings(&signatures, text);
    assert!(shown.iter().any(|finding| finding.starts_with("R0 /c [31]")), "{shown:?}");
    assert!(shown.iter().any(|finding| finding.starts_with("R0 /d [33]")), "{shown:?}");
}

#[test]
fn records_that_cross_blocks_keep_their_lines() {
    let filler = "2026-01-02 03:04:05 INFO nothing to see here, and more of it to fill a block\n".repeat(20_000);
    let lines: Vec<&str> = filler.lines().chain(STAMPED).collect();
    let expected = ["R0 /a [20002] 2026-01-02 03:04:06", "R1 closed [20004] 2026-01-02 03:04:08"];
    assert_eq!(findings(&SIGNATURES, wrapped(&lines, |_, line| docker(line))), expected);
    let entries = wrapped(&lines, |_, line| json!({ "msg": line }).to_string());
    let expected = ["R0 /a [20002] 2026-01-02 03:04:06"];
    assert_eq!(findings(&SIGNATURES, entries), expected);
}

#[test]
fn signatures_of_whole_files_see_them_as_they_are() {
    let signatures =
        ["    regex: '<task id=\"(?<id>\\d+)\">\\s*<name>'\n    scope: file\n", "    regex: 'cache is full'\n"];
    let text = "<tasks>\n <task id=\"1\">\n  <name>cache is full</name>\n </task>\n <task id=\"2\"/>\n</tasks>\n";
    assert_eq!(findings(&signatures, text), ["R0 1 [2] ", "R1  [2] "]);
}

/// The failed task of the article, as the task log would hold it.
const FAILED_TASK: &str = "Execution of configuration script for instance with id 32383 of service with id customer of instance with id 20822 of application with id 101 failed - returned value: -1
output: '<?xml version=\"1.0\"?>
<output xmlns=\"\">
<error id=\"validation-error\" setting-id=\"Configuration\">
<message>Method add_customer calling failed. Reason:Could not provision customer 'John Doe' - the specified subdomain 'johndoe' is already in use</message>
' errors: ''";

#[test]
fn a_failed_task_in_xml_gives_the_article_its_captures() {
    let escaped = FAILED_TASK.replace('&', "&amp;").replace('<', "&lt;").replace('\'', "&apos;");
    let faultbook = Faultbook::shipped();
    for output in [escaped, format!("<![CDATA[{FAILED_TASK}]]>")] {
        let text = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<tasks>\n <task id=\"1\"><name>other</name></task>\n \
             <task id=\"8231\" status=\"failed\">\n  <name>APS application</name>\n  <output>{output}</output>\n </task>\n</tasks>\n"
        );
        let diagnosis = diagnosis(&faultbook, "tasks/failed.xml", text);
        let [finding] = &diagnosis.findings[..] else { panic!("{:?}", diagnosis.findings) };
        assert_eq!(faultbook.rule(finding.rule).id, "KB115850");
        let value = |name: &str| {
            let capture = finding.captures.iter().find(|capture| capture.name == name).unwrap();
            capture.values.seen.join(",")
        };
        let names = ["customer", "subdomain", "service", "instance", "application"];
        assert_eq!(names.map(value), ["John Doe", "johndoe", "customer", "20822", "101"]);
        assert_eq!(finding.evidence[0].lines, [4]);
        assert!(
            finding.evidence[0].record.starts_with("task id=\"8231\" status=\"failed\"\nAPS application\nExecution of")
        );
    }
}

#[test]
fn hostile_transports_neither_hang_nor_hide() {
    let needle = "cannot write /x: no space left";
    let long = "x".repeat(3 << 20);
    let laughs = (1..30).fold(String::from("<!ENTITY l0 \"lol\">"), |text, n| {
        let last = format!("&l{};", n - 1).repeat(10);
        format!("{text}<!ENTITY l{n} \"{last}\">")
    });
    let texts = [
        format!("{}{}\nERROR {needle}\n", docker("ERROR start\n"), docker(&long)),
        format!("{{\"msg\":\"{long}\nERROR {needle}\n"),
        format!("{{\"msg\":\"a\"}}\n{{\"msg\":\"b\",\"x\":{}\nERROR {needle}\n", "[".repeat(1 << 20)),
        format!("<task>{}\nERROR {needle}\n", "<a>".repeat(XML_DEPTH * 10_000)),
        format!("<task>\n{long}\nERROR {needle}\n"),
        format!("<!DOCTYPE t [{laughs}]>\n<t><task>&l29;</task>\n<task>{needle}</task></t>"),
        format!("<t><task>{needle}</task><task a=\"{long}"),
    ];
    let signature = ["    regex: 'cannot write (?<path>\\S+): no space left'\n"];
    let faultbook = faultbook(&signature);
    for text in texts {
        let diagnosis = diagnosis(&faultbook, "app.log", text.as_str());
        assert_eq!(diagnosis.findings.len(), 1, "{}", &text[..60]);
        assert_eq!(diagnosis.findings[0].count, 1, "{}", &text[..60]);
    }
}
