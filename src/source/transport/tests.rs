//! What comes out of each transport, as its writers write it and as nobody should.

use proptest::prelude::*;

use super::*;
use crate::rule::vocabulary::Level;

/// Peels text that comes in pieces of `step` bytes.
fn peel_in_steps(transports: &[Transport], raw: &[u8], step: usize) -> Text {
    let mut peeled = Peeled::new(transports);
    let mut text = Text::default();
    for piece in raw.chunks(step.max(1)) {
        peeled.peel(|room| room.extend_from_slice(piece), false, &mut text);
    }
    peeled.peel(|_| (), true, &mut text);
    text
}

/// Peels text and checks that it does not matter in which pieces it comes.
fn peel(transports: &[Transport], raw: &[u8]) -> Text {
    let text = peel_in_steps(transports, raw, usize::MAX);
    for step in [1, 7, 64] {
        let again = peel_in_steps(transports, raw, step);
        assert_eq!(String::from_utf8_lossy(&again.bytes), String::from_utf8_lossy(&text.bytes), "in steps of {step}");
        for at in 0..text.bytes.len() {
            assert_eq!(again.origins.at(at), text.origins.at(at), "at {at} in steps of {step}");
            assert_eq!(again.origins.begins_record(at), text.origins.begins_record(at), "at {at} in steps of {step}");
        }
    }
    text
}

/// The lines that come out, each with its raw line and whether it begins a record: `!` for sure, `+` not, `?` to be seen.
fn lines(transports: &[Transport], raw: &str) -> Vec<String> {
    let text = peel(transports, raw.as_bytes());
    let mut at = 0;
    let mut shown = Vec::new();
    for line in text.bytes.split_inclusive(|&byte| byte == b'\n') {
        let mark = match text.origins.begins_record(at) {
            Some(true) => '!',
            Some(false) => '+',
            None => '?',
        };
        let number = text.origins.line_at(at).unwrap();
        shown.push(format!("{number}{mark} {}", String::from_utf8_lossy(line).trim_end_matches('\n')));
        at += line.len();
    }
    shown
}

/// Time and level of the first line that has `needle`.
fn stated(transports: &[Transport], raw: &str, needle: &str) -> (String, Option<Level>) {
    let text = peel(transports, raw.as_bytes());
    let at = memchr::memmem::find(&text.bytes, needle.as_bytes()).unwrap();
    let origin = text.origins.at(at).unwrap();
    (origin.time.map_or(String::new(), |time| time.to_string()), origin.level)
}

const DOCKER: &str = concat!(
    r#"{"log":"2026-01-02 03:04:05 ERROR down\n","stream":"stdout","time":"2026-01-02T03:04:06.123456789Z"}"#,
    "\n",
    r#"{"log":"\tat \"a\".b \u003cc\u003e C:\\\\new\\n\n","stream":"stderr","time":"2026-01-02T03:04:07Z"}"#,
    "\n",
    r#"{"log":"begun ","stream":"stdout","time":"2026-01-02T03:04:08Z"}"#,
    "\n",
    r#"{"log":"other\n","stream":"stderr","time":"2026-01-02T03:04:09Z"}"#,
    "\n",
    r#"{"log":"ended\\\n","stream":"stdout","attrs":{"tag":"x"},"time":"2026-01-02T03:04:10Z"}"#,
    "\n",
    r#"{"time":"2026-01-02T03:04:11Z", "stream":"stdout", "log":"odd\r\n"}"#,
    "\n",
    "\n",
    r#"{"log":"cut o"#,
);

#[test]
fn docker_lines_lose_their_wrapping_and_parts_are_joined() {
    assert_eq!(detect(DOCKER.as_bytes()), [Transport::Docker]);
    assert_eq!(
        lines(&[Transport::Docker], DOCKER),
        [
            "1? 2026-01-02 03:04:05 ERROR down",
            r#"2? 	at "a".b <c> C:\\new\n"#,
            "4? other",
            r"3? begun ended\",
            "6? odd\r",
            "6? ",
            r#"8! {"log":"cut o"#,
        ]
    );
    assert_eq!(stated(&[Transport::Docker], DOCKER, "ended").0, "2026-01-02 03:04:08");
    assert_eq!(stated(&[Transport::Docker], DOCKER, "cut o"), (String::new(), None));
}

const CRI: &str = "\
2026-01-02T03:04:05.678901234Z stdout F first
2026-01-02T03:04:06.678901234+01:00 stderr P begun,
2026-01-02T03:04:07.678901234Z stdout F   indented

2026-01-02T03:04:08.678901234Z stderr F  ended
2026-01-02T03:04:09.678901234Z stdout F
not of the runtime
2026-01-02T03:04:09.678901234Z stdout F x
2026-01-02T03:04:09.678901234Z stdout F:7 y
2026-01-02T03:04:10.678901234Z stderr P never ended";

#[test]
fn cri_prefixes_go_and_parts_are_joined() {
    assert_eq!(detect(CRI.as_bytes()), [Transport::Cri]);
    assert_eq!(
        lines(&[Transport::Cri], CRI),
        [
            "1? first",
            "3?   indented",
            "3? ",
            "2? begun, ended",
            "2? ",
            "7! not of the runtime",
            "8? x",
            "9? y",
            "10? never ended",
        ]
    );
    assert_eq!(stated(&[Transport::Cri], CRI, "begun").0, "2026-01-02 02:04:06.678");
}

const ACTIONS: &str = "\
2026-01-02T03:04:05.1234567Z ##[group]Run make
2026-01-02T03:04:05.2234567Z make: *** [all] Error 2
2026-01-02T03:04:05.3234567Z ##[endgroup]
2026-01-02T03:04:05.4234567Z
2026-01-02T03:04:05.5234567Z ##[error]Process completed with exit code 2.
";

#[test]
fn actions_lose_times_and_commands_which_are_levels() {
    assert_eq!(detect(ACTIONS.as_bytes()), [Transport::Actions]);
    assert_eq!(
        lines(&[Transport::Actions], ACTIONS),
        ["1? Run make", "2? make: *** [all] Error 2", "2? ", "2? ", "5? Process completed with exit code 2."]
    );
    let (time, level) = stated(&[Transport::Actions], ACTIONS, "Process");
    assert_eq!((time.as_str(), level), ("2026-01-02 03:04:05.523", Some(Level::Error)));
    let named: String = ACTIONS.lines().map(|line| format!("build\tRun make\t{line}\n")).collect();
    assert_eq!(detect(named.as_bytes()), [Transport::Actions]);
    assert_eq!(lines(&[Transport::Actions], &named)[4], "5? Process completed with exit code 2.");
    // Without a command it is any program of .NET.
    assert_eq!(detect(ACTIONS.replace("##[", "").as_bytes()), []);
}

const SYSLOG: &str = "\
<34>1 2026-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \u{feff}'su root' failed for lonvick on /dev/pts/8
<11>1 2026-10-11T22:14:16Z host app 123 - [a@1 k=\"x] \\\" y\"][b@2] Exception
\tat a.b(C.java:1)
<14>1 - - - - - - {\"level\":\"warn\",\"msg\":\"inside\"}
<165>1 2026-10-11T22:14:15.003Z host app - - -
";

#[test]
fn syslog_messages_are_entries_that_lines_continue() {
    assert_eq!(detect(SYSLOG.as_bytes()), [Transport::Syslog]);
    let expected = [
        "1! mymachine.example.com su: 'su root' failed for lonvick on /dev/pts/8",
        "1+ ID47",
        "2! host app[123]: Exception",
        "2+ [a@1 k=\"x] \\\" y\"][b@2]",
        "2+ \tat a.b(C.java:1)",
        "4! inside",
        "4+ {\"level\":\"warn\",\"msg\":\"inside\"}",
        "5! host app: ",
    ];
    assert_eq!(lines(&[Transport::Syslog], SYSLOG), expected);
    assert_eq!(stated(&[Transport::Syslog], SYSLOG, "su root").1, Some(Level::Critical));
    assert_eq!(stated(&[Transport::Syslog], SYSLOG, "inside").1, Some(Level::Warning));
    assert_eq!(stated(&[Transport::Syslog], SYSLOG, "Exception").0, "2026-10-11 22:14:16");
    // The older format is the header of files.
    assert_eq!(
        detect(b"<34>Oct 11 22:14:15 mymachine su: 'su root' failed\n<34>Oct 11 22:14:16 mymachine su: x\n"),
        []
    );
}

#[test]
fn syslog_messages_may_have_their_length_in_front() {
    let messages =
        ["<34>1 2026-10-11T22:14:15Z h app 1 - - one\nof two lines", "<35>1 - h app 1 - - two", "<35>1 - h a - - -"];
    let counted: String = messages.iter().map(|message| format!("{} {message}", message.len())).collect();
    assert_eq!(detect(counted.as_bytes()), [Transport::Syslog]);
    let expected = ["1! h app[1]: one", "1+ of two lines", "2! h app[1]: two", "2! h a: "];
    assert_eq!(lines(&[Transport::Syslog], &counted), expected);
    assert_eq!(lines(&[Transport::Syslog], "9999999 <34>1 - h app 1 - - x\n"), ["1? 9999999 <34>1 - h app 1 - - x"]);
}

const JOURNALD: &str = concat!(
    r#"{"__CURSOR":"s=1","__REALTIME_TIMESTAMP":"1700000000000000","_SOURCE_REALTIME_TIMESTAMP":"1699999999000000","#,
    r#""PRIORITY":"3","SYSLOG_IDENTIFIER":"sshd","_PID":"77","_HOSTNAME":"combo","_COMM":"sshd-session","#,
    r#""MESSAGE":"error: PAM: \"x\"\n  second line","UNIT":"a.service","SYSLOG_FACILITY":"3"}"#,
    "\n",
    r#"{"__REALTIME_TIMESTAMP":"1700000001000000","_COMM":"app","MESSAGE":[27,91,51,49,109,104,105,255,10,33],"CODE_LINE":[ "1", "2"]}"#,
    "\n",
    r#"{"__REALTIME_TIMESTAMP":"1700000002000000","MESSAGE":null}"#,
    "\n",
    r#"{"__REALTIME_TIMESTAMP":"1700000003000000","SYSLOG_IDENTIFIER":"app","PRIORITY":"6","MESSAGE":"{\"level\":50,\"msg\":\"boom\"}"}"#,
    "\n",
    "-- Reboot --\n",
);

#[test]
fn journal_entries_are_what_journalctl_prints() {
    assert_eq!(detect(JOURNALD.as_bytes()), [Transport::Journald]);
    assert_eq!(
        lines(&[Transport::Journald], JOURNALD),
        [
            "1! combo sshd[77]: error: PAM: \"x\"",
            "1+   second line",
            "1+ UNIT=a.service",
            "2! app: \u{1b}[31mhi\u{fffd}",
            "2+ !",
            "2+ CODE_LINE=1",
            "2+ 2",
            "4! app: boom",
            "4+ {\"level\":50,\"msg\":\"boom\"}",
            "5! -- Reboot --",
        ]
    );
    let (time, level) = stated(&[Transport::Journald], JOURNALD, "PAM");
    assert_eq!((time.as_str(), level), ("2023-11-14 22:13:19", Some(Level::Error)));
    assert_eq!(stated(&[Transport::Journald], JOURNALD, "boom").1, Some(Level::Error));
}

/// Three entries in the export format; the second has binary values.
fn export() -> Vec<u8> {
    let mut text = b"__CURSOR=s=1\n__REALTIME_TIMESTAMP=1700000000000000\nPRIORITY=4\n_PID=7\nSYSLOG_IDENTIFIER=a\nMESSAGE=one\n\n".to_vec();
    text.extend(b"__CURSOR=s=2\nMESSAGE\n");
    text.extend(8_u64.to_le_bytes());
    text.extend(b"two\n\n\xff=x\nUNIT=u\n\n");
    text.extend(b"__CURSOR=s=3\nMESSAGE=three");
    text
}

#[test]
fn journal_exports_hold_binary_values() {
    let raw = export();
    assert_eq!(detect(&raw), [Transport::JournaldExport]);
    let text = peel(&[Transport::JournaldExport], &raw);
    assert_eq!(text.bytes, b"a[7]: one\ntwo\n\n\xff=x\nUNIT=u\nthree\n");
    let line = |needle: &[u8]| text.origins.line_at(memchr::memmem::find(&text.bytes, needle).unwrap()).unwrap();
    assert_eq!((line(b"one"), line(b"two"), line(b"three")), (1, 8, 15));
    assert_eq!(text.origins.at(0).unwrap().level, Some(Level::Warning));
}

#[test]
fn an_export_with_an_impossible_length_passes_as_it_is() {
    let mut raw = b"__CURSOR=s=1\nMESSAGE\n".to_vec();
    raw.extend(u64::MAX.to_le_bytes());
    raw.extend(b"text\n\nno field\n__CURSOR=s=2\nMESSAGE=two\n\n");
    let text = peel(&[Transport::JournaldExport], &raw);
    let shown = String::from_utf8_lossy(&text.bytes);
    assert!(shown.contains("text\n") && shown.contains("no field\n") && shown.ends_with("two\n"), "{shown}");
}

const JSON: &str = concat!(
    r#"{"@timestamp":"2026-01-02T03:04:05.678Z","log":{"level":"error","logger":"x"},"message":"Connection refused","error_code":1234}"#,
    "\n",
    r#"{"level":50,"time":1700000000000,"pid":7,"msg":"boom","err":{"stack":"Error: boom\n    at a (b.js:1)"}}"#,
    "\n",
    r#"{"log.level":"WARN","message":"first line\nsecond line\n"}"#,
    "\n",
    "plain text\n  goes on\n",
    r#"{"severity":"INFO","event":{"kind":"x"},"text":"said \"so\""}"#,
    "\n",
    r#"{"ts":1700000000.5,"lvl":"debug","msg":"{\"msg\":\"deep\",\"level\":\"fatal\"}"}"#,
    "\n",
    r#"{"level":"info","count":7}"#,
    "\n",
    r#"{"msg":"cut of"#,
);

#[test]
fn json_lines_are_their_message_and_the_object() {
    let keys = Transport::JsonLines(JsonKeys::default());
    let transports = [keys.clone()];
    assert_eq!(
        lines(&transports, JSON),
        [
            "1! Connection refused",
            r#"1+ {"@timestamp":"2026-01-02T03:04:05.678Z","log":{"level":"error","logger":"x"},"message":"Connection refused","error_code":1234}"#,
            "2! boom",
            r#"2+ {"level":50,"time":1700000000000,"pid":7,"msg":"boom","err":{"stack":"Error: boom"#,
            r#"2+     at a (b.js:1)"}}"#,
            "3! first line",
            "3+ second line",
            r#"3+ {"log.level":"WARN","message":"first line"#,
            "3+ second line",
            r#"3+ "}"#,
            "4! plain text",
            "5?   goes on",
            "6! said \"so\"",
            r#"6+ {"severity":"INFO","event":{"kind":"x"},"text":"said "so""}"#,
            "7! deep",
            r#"7+ {"msg":"deep","level":"fatal"}"#,
            r#"7+ {"ts":1700000000.5,"lvl":"debug","msg":"{"msg":"deep","level":"fatal"}"}"#,
            r#"8! {"level":"info","count":7}"#,
            r#"9! {"msg":"cut of"#,
        ]
    );
    assert_eq!(stated(&transports, JSON, "refused"), ("2026-01-02 03:04:05.678".into(), Some(Level::Error)));
    assert_eq!(stated(&transports, JSON, "boom"), ("2023-11-14 22:13:20".into(), Some(Level::Error)));
    assert_eq!(stated(&transports, JSON, "second"), (String::new(), Some(Level::Warning)));
    assert_eq!(stated(&transports, JSON, "deep"), ("2023-11-14 22:13:20.500".into(), Some(Level::Critical)));
    let good: String = JSON
        .lines()
        .filter(|line| line.starts_with("{") && line.ends_with("}") && !line.contains("count"))
        .map(|line| format!("{line}\n"))
        .collect();
    assert_eq!(detect(good.as_bytes()), transports);
}

#[test]
fn json_keys_can_be_chosen() {
    let names = |names: &[&str]| names.iter().map(ToString::to_string).collect();
    let keys = JsonKeys { message: names(&["body.text"]), time: names(&["when"]), level: names(&["how"]) };
    let raw = r#"{"message":"no","body":{"text":"yes"},"when":"2026-01-02T03:04:05Z","how":"ERR"}"#;
    let transports = [Transport::JsonLines(keys)];
    assert_eq!(lines(&transports, raw)[0], "1! yes");
    assert_eq!(stated(&transports, raw, "yes"), ("2026-01-02 03:04:05".into(), Some(Level::Error)));
}

#[test]
fn objects_without_a_message_and_other_text_are_no_json_lines() {
    assert_eq!(detect(b"{\"a\":1}\n{\"a\":2}\n"), []);
    assert_eq!(detect(b"{\n  \"message\": \"x\"\n}\n"), []);
    assert_eq!(detect(b"2026-01-02 03:04:05 INFO {\"message\":\"x\"}\n"), []);
    assert_eq!(detect(b""), []);
    assert_eq!(detect(b"\n\n"), []);
}

#[test]
fn transports_may_be_nested() {
    let nested: String = JSON
        .lines()
        .take(2)
        .map(|line| {
            let log = serde_json::to_string(&format!("{line}\n")).unwrap();
            format!("{{\"log\":{log},\"stream\":\"stdout\",\"time\":\"2026-02-03T04:05:06Z\"}}\n")
        })
        .collect();
    let transports = detect(nested.as_bytes());
    assert_eq!(transports, [Transport::Docker, Transport::JsonLines(JsonKeys::default())]);
    assert_eq!(lines(&transports, &nested)[..2], lines(&transports[1..], JSON)[..2]);
    let in_cri: String = nested.lines().map(|line| format!("2026-03-04T05:06:07Z stdout F {line}\n")).collect();
    let transports = detect(in_cri.as_bytes());
    assert_eq!(transports.len(), 3);
    assert_eq!(lines(&transports, &in_cri)[2], "2! boom");
    // The innermost says when; what it does not say, those around it do.
    assert_eq!(stated(&transports, &in_cri, "boom").0, "2023-11-14 22:13:20");
    let journal: String =
        JOURNALD.lines().take(4).map(|line| format!("2026-03-04T05:06:07Z stdout F {line}\n")).collect();
    assert_eq!(detect(journal.as_bytes()), [Transport::Cri, Transport::Journald]);
}

const TASKS: &str = r#"<?xml version="1.0"?>
<!DOCTYPE tasks [<!ENTITY x SYSTEM "file:///etc/passwd">]>
<tasks xmlns="urn:x">
  <task id="7" status="failed">
    <name>Create &lt;it&gt; &#65;&#x42; &x;</name>
    <output><![CDATA[first
  second <b>
]]></output>
    <code>500</code>
  </task>
  <!-- <task/> -->
  <task id='8' note="a &quot;b&quot;"/>
</tasks>
"#;

#[test]
fn xml_entries_are_attributes_and_text() {
    assert_eq!(detect(TASKS.as_bytes()), [Transport::Xml("task".into())]);
    assert_eq!(
        lines(&[Transport::Xml("TASK".into())], TASKS),
        [
            "1! <?xml version=\"1.0\"?>",
            "2? <!DOCTYPE tasks [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>",
            "3? <tasks xmlns=\"urn:x\">",
            "4! task id=\"7\" status=\"failed\"",
            "4+ Create <it> AB &x;",
            "4+ first",
            "4+   second <b>",
            "4+ code: 500",
            "11!   <!-- <task/> -->",
            "12! task id=\"8\" note=\"a \"b\"\"",
            "13! </tasks>",
        ]
    );
}

#[test]
fn the_smallest_repeated_element_is_an_entry() {
    let cases = [
        ("<log><record><message>a</message></record><record><message>b</message></record></log>", "record"),
        ("<jobs><job><task/><task/></job><job><task/></job></jobs>", "task"),
        ("<testsuite><testcase><failure/></testcase><testcase/></testsuite>", "testcase"),
        ("<Events><Event><System/></Event><Event/></Events>", "event"),
        ("<log4j:event><log4j:message>x</log4j:message></log4j:event><log4j:event/>", "event"),
        ("<out><message>a</message><message>b</message></out>", "message"),
        ("<task><message>a</message></task>", "task"),
        ("<task><message>a", "task"),
    ];
    for (raw, element) in cases {
        assert_eq!(detect(raw.as_bytes()), [Transport::Xml(element.into())], "{raw}");
    }
    for raw in [
        "<html><body><message/><message/></body></html>",
        "<a><b/></a>",
        "text <task/><task/>",
        "<34>Oct 1 x",
        "<",
        "<!",
    ] {
        assert_eq!(detect(raw.as_bytes()), [], "{raw}");
    }
}

#[test]
fn a_log_in_xml_becomes_lines_of_their_own() {
    let raw = "<testsuite>\n<testcase name=\"a\">\n<system-out><![CDATA[\n2026-01-02 03:04:05 INFO up\n2026-01-02 03:04:06 ERROR down\n\
               \tat x\n]]></system-out>\n</testcase>\n<testcase name=\"b\"/>\n</testsuite>\n";
    let shown = lines(&[Transport::Xml("testcase".into())], raw);
    assert!(shown.contains(&"4? 2026-01-02 03:04:05 INFO up".to_string()), "{shown:?}");
    assert!(shown.contains(&"5? 2026-01-02 03:04:06 ERROR down".to_string()), "{shown:?}");
    assert!(shown.contains(&"9! testcase name=\"b\"".to_string()), "{shown:?}");
}

#[test]
fn xml_states_times_and_levels() {
    let windows = "<Events><Event xmlns='http://x'><System><EventID>4625</EventID><Level>2</Level>\
                   <TimeCreated SystemTime='2026-01-02T03:04:05.678Z'/></System><EventData><Data Name='User'>bob</Data>\
                   </EventData></Event></Events>";
    let transports = detect(windows.as_bytes());
    assert_eq!(stated(&transports, windows, "4625"), ("2026-01-02 03:04:05.678".into(), Some(Level::Error)));
    let shown = lines(&transports, windows);
    assert!(shown.contains(&"1+ Data Name=\"User\": bob".to_string()), "{shown:?}");
    let log4j = "<log4j:event logger=\"a.B\" timestamp=\"1700000000000\" level=\"FATAL\" thread=\"main\">\n\
                 <log4j:message><![CDATA[It is <down>]]></log4j:message>\n</log4j:event>\n";
    let transports = detect(log4j.as_bytes());
    assert_eq!(stated(&transports, log4j, "It is <down>"), ("2023-11-14 22:13:20".into(), Some(Level::Critical)));
}

#[test]
fn after_an_error_the_rest_of_xml_is_text() {
    let xml = [Transport::Xml("task".into())];
    for raw in [
        "<tasks><task>one</task>\n<task>two</tusk>\n<task>three</task>\n",
        "<tasks><task>one</task>\n<task>two\n<task>three</task>\n",
        "<tasks><task>one</task>\n<task two=\"\n<task>three</task>\n",
        "<tasks><task>one</task>\n<task><![CDATA[two\n<task>three</task>\n",
    ] {
        let shown = lines(&xml, raw);
        assert_eq!(shown[1], "1! task: one", "{raw}");
        assert_eq!(shown.last().unwrap(), "3? <task>three</task>", "{raw}");
        assert!(shown.iter().any(|line| line.starts_with("2") && line.contains("two")), "{raw}");
    }
}

#[test]
fn hostile_xml_is_text() {
    let xml = [Transport::Xml("task".into())];
    let laughs =
        "<!DOCTYPE t [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;\"><!ENTITY c \"&b;&b;\">]>\n<t><task>&c;</task></t>";
    assert!(lines(&xml, laughs).contains(&"2! task: &c;".to_string()));
    for opened in ["<task>".repeat(XML_DEPTH + 1), "<task>".to_string() + &"<a>".repeat(XML_DEPTH)] {
        let text = peel_in_steps(&xml, opened.as_bytes(), usize::MAX);
        assert_eq!(text.bytes.trim_ascii(), opened.as_bytes());
    }
    let deep = format!("<task>{}x{}</task>", "<a>".repeat(XML_DEPTH - 1), "</a>".repeat(XML_DEPTH - 1));
    assert_eq!(lines(&xml, &deep), ["1! a: x"]);
    let wide = format!("<task>{}</task>\n<task>y</task>\n", "x".repeat(ENTRY_BYTES));
    let text = peel_in_steps(&xml, wide.as_bytes(), 1 << 16);
    assert_eq!(text.bytes, wide.as_bytes());
}

#[test]
fn invalid_bytes_hide_nothing() {
    let xml = peel(&[Transport::Xml("task".into())], b"<t><task a=\"\xe9\">caf\xe9 au lait \xff&lt;</task></t>");
    assert!(memchr::memmem::find(&xml.bytes, b"caf\xe9 au lait \xff<\n").is_some());
    let json = peel(&[Transport::JsonLines(JsonKeys::default())], b"{\"msg\":\"caf\xe9\\n\\ud800!\"}");
    assert!(json.bytes.starts_with(b"caf\xe9\n\xef\xbf\xbd!\n"));
}

#[test]
fn lines_of_megabytes_pass_as_they_are() {
    let long = "x".repeat(3 * ENTRY_BYTES);
    let every = [
        Transport::Docker,
        Transport::Cri,
        Transport::Actions,
        Transport::Syslog,
        Transport::Journald,
        Transport::JournaldExport,
        Transport::JsonLines(JsonKeys::default()),
        Transport::Xml("task".into()),
    ];
    for transport in every {
        let raw = format!("{{\"msg\":\"{long}\"}}\nafter\n");
        let text = peel_in_steps(std::slice::from_ref(&transport), raw.as_bytes(), 1 << 17);
        assert!(text.bytes == raw.as_bytes(), "{transport:?}");
        let line = |at: usize| text.origins.line_at(at);
        assert_eq!((line(9), line(raw.len() - 3)), (Some(1), Some(2)), "{transport:?}");
    }
    // What one transport passes, the next one takes.
    let parts = format!("2026-01-02T03:04:05Z stdout P {long}\n").repeat(2);
    let text = peel_in_steps(&[Transport::Cri, Transport::Docker], parts.as_bytes(), 1 << 17);
    assert_eq!(text.bytes.iter().filter(|&&byte| byte == b'x').count(), 6 * ENTRY_BYTES);
}

#[test]
fn comments_of_several_lines_hide_what_is_in_them_wherever_text_is_cut() {
    let raw =
        "<log><event>a b</event>\n<!-- old:\n<event>c d</event> -->\n<x\na='<event>'/>\n<event>e f</event>\n</log>\n";
    let text = peel(&[Transport::Xml("event".to_owned())], raw.as_bytes());
    assert_eq!(
        String::from_utf8_lossy(&text.bytes),
        "<log>\na b\n<!-- old:\n<event>c d</event> -->\n<x\na='<event>'/>\ne f\n</log>\n"
    );
}

#[test]
fn bytes_that_are_no_text_are_no_markup() {
    let raw = b"<log><event>a b</event>\n<?x \xff><event>c d</event>?>\n<event>e f</event>\n<\xff></\xff>\n<event>g h</event></log>\n";
    let text = peel(&[Transport::Xml("event".to_owned())], raw);
    let entries: Vec<_> = text.bytes.split(|&byte| byte == b'\n').filter(|line| !line.starts_with(b"<")).collect();
    assert_eq!(entries, [&b"a b"[..], b"e f", b"g h", b""]);
}

#[test]
fn a_byte_order_mark_moves_nothing() {
    let xml = [Transport::Xml("event".to_owned())];
    let text = peel(&xml, b"\xef\xbb\xbf<log>\n<event>a b</event><event>c d</event>\n</log>\n");
    assert_eq!(String::from_utf8_lossy(&text.bytes), "\u{feff}<log>\na b\nc d\n</log>\n");
}

#[test]
fn a_blank_first_line_within_two_transports_is_a_line_of_its_own() {
    let transports = [Transport::Docker, Transport::JsonLines(JsonKeys::default())];
    assert_eq!(lines(&transports, "\nx\n"), ["1! ", "2? x"]);
}

#[test]
fn origins_are_split_where_the_text_is() {
    for (transport, raw) in
        [(Transport::Docker, DOCKER), (Transport::Journald, JOURNALD), (Transport::Xml("task".into()), TASKS)]
    {
        let text = peel(&[transport], raw.as_bytes());
        for cut in 0..=text.bytes.len() {
            let mut head = text.origins.clone();
            let tail = head.split_off(cut);
            for at in 0..text.bytes.len() {
                let half = if at < cut { head.at(at) } else { tail.at(at - cut) };
                assert_eq!(half, text.origins.at(at), "at {at}, cut at {cut}");
            }
        }
    }
}

/// Every transport, alone and in pairs.
fn any_transports() -> impl Strategy<Value = Vec<Transport>> {
    let one = prop_oneof![
        Just(Transport::Docker),
        Just(Transport::Cri),
        Just(Transport::Actions),
        Just(Transport::Syslog),
        Just(Transport::Journald),
        Just(Transport::JournaldExport),
        Just(Transport::JsonLines(JsonKeys::default())),
        Just(Transport::Xml("task".into())),
    ];
    prop::collection::vec(one, 1..3)
}

/// Lines as transports write them, whole and damaged.
fn any_lines() -> impl Strategy<Value = Vec<u8>> {
    let samples = [DOCKER, CRI, ACTIONS, SYSLOG, JOURNALD, JSON, TASKS].map(str::as_bytes);
    (0..samples.len(), any::<usize>(), any::<usize>(), prop::collection::vec((any::<usize>(), any::<u8>()), 0..4))
        .prop_map(move |(sample, from, to, damages)| {
            let sample = samples[sample];
            let (from, to) = (from % sample.len(), to % sample.len());
            let mut bytes = sample[from.min(to)..from.max(to)].to_vec();
            let length = bytes.len().max(1);
            for (at, byte) in damages {
                if let Some(damaged) = bytes.get_mut(at % length) {
                    *damaged = byte;
                }
            }
            bytes
        })
}

proptest! {
    #[test]
    fn random_bytes_are_peeled_without_harm(raw in prop::collection::vec(any::<u8>(), 0..300), transports in any_transports()) {
        peel(&transports, &raw);
        let _ = detect(&raw);
    }

    #[test]
    fn damaged_logs_are_peeled_without_harm(raw in any_lines(), transports in any_transports()) {
        peel(&transports, &raw);
        peel(&detect(&raw), &raw);
    }

    #[test]
    fn what_fits_no_transport_passes_as_it_is(lines in prop::collection::vec("[a-z =\\[\\]\"\u{e9}]{1,30}", 0..20), transports in any_transports()) {
        let raw: String = lines.iter().map(|line| format!("{line}\n")).collect();
        // An XML document may end between lines; blank ones go.
        let text = peel(&transports, raw.as_bytes());
        let kept = |text: &[u8]| text.split(|&byte| byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).map(<[u8]>::to_vec).collect::<Vec<_>>();
        prop_assert_eq!(kept(&text.bytes), kept(raw.as_bytes()));
    }
}
