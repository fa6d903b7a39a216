//! `sources` of `faultbook.yaml`: each key, seen in what `triage` reports of a log that is not read well without it.

use serde_json::Value;

use crate::Folder;

/// What is found of a file that is read as an entry of `sources` says.
struct Found(Value);

impl Found {
    /// How many records match.
    fn count(&self) -> u64 {
        self.0["count"].as_u64().unwrap_or(0)
    }

    /// The first record.
    fn record(&self) -> &str {
        self.0["evidence"][0]["record"].as_str().unwrap_or_default()
    }

    /// The lines of the records.
    fn lines(&self) -> Vec<u64> {
        let lines = self.0["evidence"][0]["lines"].as_array();
        lines.into_iter().flatten().filter_map(Value::as_u64).collect()
    }

    /// The earliest and the latest time.
    fn times(&self) -> (&str, &str) {
        let time = |key: &str| self.0[key].as_str().unwrap_or_default();
        (time("first"), time("last"))
    }
}

/// Runs `triage` over a file `name` with one rule, whose signature is given. `entry` are the keys beside `path`; without any there are no
/// settings.
fn triage(entry: &str, name: &str, text: &[u8], signature: &str) -> Found {
    let rule = format!("id: R\ntitle: t\nseverity: error\nsignatures:\n  s: {signature}\nresolution: r\n");
    let folder = Folder::new(&[("book/rules/r.yaml", &rule)]);
    folder.write(&format!("case/{name}"), text);
    if !entry.is_empty() {
        let extension = name.rsplit('.').next().unwrap();
        let settings = format!("sources:\n  - path: '*.{extension}'\n{entry}");
        folder.write("book/faultbook.yaml", settings.as_bytes());
    }
    let outcome = folder.run(&["triage", "--rules", "book/rules", "--brief", "--format", "json", "case"]);
    assert!(outcome.code < 2, "{}", outcome.talk);
    Found(outcome.json()["findings"][0].clone())
}

/// Two records of three lines; nothing in them looks like the beginning of one.
const JOBS: &str = "#1 begin\nstep one failed\nend\n#2 begin\nstep two\nend failed\n";

#[test]
fn start_begins_a_record_and_every_other_line_continues_it() {
    let signature = "{ regex: 'begin\\n(?s:.*)failed' }";
    assert_eq!(triage("", "a.log", JOBS.as_bytes(), signature).count(), 0);
    let found = triage("    start: '^#\\d+ '\n", "a.log", JOBS.as_bytes(), signature);
    assert_eq!((found.count(), found.lines()), (2, vec![1, 4]));
    assert_eq!(found.record(), "#1 begin\nstep one failed\nend");
}

#[test]
fn start_goes_before_timestamps_and_times_are_still_read() {
    let text = "JOB 2026-01-02 03:04:05\n2026-01-02 03:04:06 failed\n2026-01-02 03:04:07 failed\nJOB 2026-01-02 04:00:00\nfailed\n";
    assert_eq!(triage("", "a.log", text.as_bytes(), "{ contains: failed }").lines(), [2, 3]);
    let found = triage("    start: '^JOB '\n", "a.log", text.as_bytes(), "{ contains: failed }");
    assert_eq!(found.lines(), [1, 4]);
    assert_eq!(found.times(), ("2026-01-02T03:04:05Z", "2026-01-02T04:00:00Z"));
}

#[test]
fn start_sees_lines_without_colours_and_carriage_returns() {
    let text = "\x1b[32m#1\x1b[0m\r\nfailed\r\n\x1b[32m#2\x1b[0m\r\nfailed\r\n";
    assert_eq!(triage("    start: '^#\\d+$'\n", "a.log", text.as_bytes(), "{ contains: failed }").lines(), [1, 3]);
}

#[test]
fn start_is_about_the_lines_inside_of_containers_logs() {
    let line =
        |text: &str| format!("{{\"log\":\"{text}\\n\",\"stream\":\"stdout\",\"time\":\"2026-01-02T03:04:05.1Z\"}}\n");
    let text: String = JOBS.lines().map(line).collect();
    let found = triage("    start: '^#\\d+ '\n", "a.log", text.as_bytes(), "{ contains: failed }");
    assert_eq!((found.lines(), found.record()), (vec![1, 4], "#1 begin\nstep one failed\nend"));
    assert_eq!(found.times().0, "2026-01-02T03:04:05.100Z");
}

#[test]
fn continue_alone_lets_every_other_line_begin_a_record() {
    let text = "job\n+ step failed\n+ end\nnext failed\n";
    let found = triage("    continue: '^\\+ '\n", "a.log", text.as_bytes(), "{ contains: failed }");
    assert_eq!((found.lines(), found.record()), (vec![1, 4], "job\n+ step failed\n+ end"));
}

#[test]
fn continue_is_an_exception_from_start() {
    let text = "#1 begin\n#+ failed\nend\n#2 failed\n";
    let found = triage("    start: '^#'\n    continue: '^#\\+'\n", "a.log", text.as_bytes(), "{ contains: failed }");
    assert_eq!((found.lines(), found.record()), (vec![1, 4], "#1 begin\n#+ failed\nend"));
}

/// A log as the documented example is about: day first, and the level where levels are not looked for.
const GERMAN: &str = "01.07.2026 12:00:00 main thread, which is the first of the many there are here W failed\n detail\nmore failed\n\
                      02.07.2026 12:00:00 main thread, which is the first of the many there are here E failed\n";

#[test]
fn header_begins_records_and_tells_time_and_level() {
    let entry =
        "    header: '^(?<time>\\S+ \\S+) main [^.]* here (?<level>\\w) '\n    timestamp: '%d.%m.%Y %H:%M:%S'\n";
    let found = triage(entry, "a.log", GERMAN.as_bytes(), "{ contains: failed }");
    assert_eq!((found.lines(), found.times()), (vec![1, 4], ("2026-07-01T12:00:00Z", "2026-07-02T12:00:00Z")));
    let level =
        |level: &str| triage(entry, "a.log", GERMAN.as_bytes(), &format!("{{ contains: failed, level: [{level}] }}"));
    assert_eq!((level("warning").lines(), level("error").lines(), level("info").count()), (vec![1], vec![4], 0));
}

#[test]
fn header_without_formats_reads_the_usual_timestamps_where_it_says() {
    let text = "id 2020-01-01T00:00:00Z written 2026-01-02T03:04:05Z ERROR failed\n".repeat(3);
    let entry = "    header: '^id \\S+ written (?<time>\\S+) '\n";
    let found = triage(entry, "a.log", text.as_bytes(), "{ contains: failed, level: error }");
    assert_eq!((found.count(), found.times().0), (3, "2026-01-02T03:04:05Z"));
    let found = triage("", "a.log", text.as_bytes(), "{ contains: failed }");
    assert_eq!(found.times().0, "2020-01-01T00:00:00Z");
}

#[test]
fn timestamp_alone_makes_headers_and_zone_makes_them_moments() {
    let text =
        "[03|2026|31 10h02] up\n[03|2026|31 10h03] ERROR failed\ndetail\nand more\n[03|2026|31 10h04] ERROR down\n";
    let entry = "    timestamp: ['%Y:%m:%d', '%m|%Y|%d %Hh%M']\n";
    let found = triage(entry, "a.log", text.as_bytes(), "{ contains: failed, level: error }");
    assert_eq!(found.record(), "[03|2026|31 10h03] ERROR failed\ndetail\nand more");
    assert_eq!((found.times().0, &found.0["zone_assumed"]), ("2026-03-31T10:03:00Z", &Value::Bool(true)));
    let found =
        triage(&format!("{entry}    zone: Europe/Berlin\n"), "a.log", text.as_bytes(), "{ contains: and more }");
    assert_eq!((found.times().0, &found.0["zone_assumed"]), ("2026-03-31T08:03:00Z", &Value::Bool(false)));
}

#[test]
fn timestamp_leaves_files_alone_that_have_others() {
    let text = "2026-01-02 03:04:05 up\n2026-01-02 03:04:06 failed\ndetail\n".repeat(3);
    let found = triage("    timestamp: '%d.%m.%Y %H:%M:%S'\n", "a.log", text.as_bytes(), "{ contains: failed }");
    assert_eq!((found.lines(), found.times().0), (vec![2, 5, 8], "2026-01-02T03:04:06Z"));
    assert_eq!(found.record(), "2026-01-02 03:04:06 failed\ndetail");
}

#[test]
fn timestamp_is_found_where_a_file_changes_its_format() {
    let old = "2026-01-02 03:04:05 up and running as it always does\n".repeat(2000);
    let new = "03.01.2026 10:00:00 up\n03.01.2026 10:00:01 failed\ndetail\n".repeat(1000);
    let text = format!("{old}{new}");
    let found = triage("    timestamp: '%d.%m.%Y %H:%M:%S'\n", "a.log", text.as_bytes(), "{ contains: failed }");
    assert_eq!((found.count(), found.lines()[0]), (1000, 2002));
    assert_eq!(found.times(), ("2026-01-03T10:00:01Z", "2026-01-03T10:00:01Z"));
    assert_eq!(found.record(), "03.01.2026 10:00:01 failed\ndetail");
}

#[test]
fn encoding_goes_before_what_bytes_look_like() {
    let signature = "{ contains: Größe überschritten }";
    let line = "Größe überschritten\n";
    let latin: Vec<u8> = line.chars().map(|letter| letter as u8).collect();
    assert_eq!(triage("    encoding: windows-1252\n", "a.log", &latin, signature).count(), 1);
    // a byte-order mark goes before
    assert_eq!(
        triage("    encoding: windows-1252\n", "a.log", format!("\u{feff}{line}").as_bytes(), signature).count(),
        1
    );
    // nothing of it is ASCII, so that it does not look like text
    let russian = "отказ\u{43e}\u{442}\u{43a}\u{430}\u{437}".repeat(9);
    let utf16: Vec<u8> = russian.encode_utf16().flat_map(u16::to_be_bytes).collect();
    assert_eq!(triage("", "a.log", &utf16, "{ contains: отказ }").count(), 0);
    assert_eq!(triage("    encoding: utf-16be\n", "a.log", &utf16, "{ contains: отказ }").count(), 1);
    assert_eq!(triage("    encoding: utf-16le\n", "a.log", &utf16, "{ contains: отказ }").count(), 0);
    let cyrillic = b"\xee\xf2\xea\xe0\xe7\n";
    assert_eq!(triage("    encoding: windows-1251\n", "a.log", cyrillic, "{ contains: отказ }").count(), 1);
    assert_eq!(triage("    encoding: koi8-r\n", "a.log", cyrillic, "{ contains: отказ }").count(), 0);
}

#[test]
fn encoding_makes_no_text_of_what_is_none() {
    let program: Vec<u8> = (0..4000_u32).flat_map(u32::to_le_bytes).chain(*b"failed").collect();
    assert_eq!(triage("    encoding: windows-1252\n", "a.log", &program, "{ contains: failed }").count(), 0);
}

#[test]
fn xml_names_the_element_that_is_a_record() {
    let text = "<?xml version=\"1.0\"?>\n<runs>\n  <run name=\"a\">\n    <state>failed</state>\n    <event>x</event>\n  </run>\n  \
                <run>\n    <state>failed</state>\n    <event>y</event>\n  </run>\n</runs>\n";
    let both = "{ all: [{ contains: failed }, { regex: '\\by\\b' }] }";
    assert_eq!(triage("", "a.xml", text.as_bytes(), both).count(), 0);
    for name in ["run", "x:RUN"] {
        let found = triage(&format!("    xml: '{name}'\n"), "a.xml", text.as_bytes(), both);
        assert_eq!((found.count(), found.lines()), (1, vec![7]), "{name}");
    }
}

#[test]
fn json_names_the_keys_of_message_time_and_level() {
    let text = "{\"what\":\"starts\",\"msg\":\"m\",\"at\":\"31.01.2026 10:00:00\",\"how\":\"INFO\"}\n\
                {\"what\":\"write failed\",\"msg\":\"m\",\"at\":\"31.01.2026 10:00:01\",\"how\":\"ERROR\"}\n";
    let signature = "{ regex: '^write failed$', level: error }";
    assert_eq!(triage("", "a.jsonl", text.as_bytes(), signature).count(), 0);
    let keys =
        "    json: { message: what, time: at, level: how }\n    timestamp: '%d.%m.%Y %H:%M:%S'\n    zone: '+02:00'\n";
    let found = triage(keys, "a.jsonl", text.as_bytes(), signature);
    assert_eq!((found.count(), found.lines(), found.times().0), (1, vec![2], "2026-01-31T08:00:01Z"));
    // the same where a container's log is around it
    let wrapped: String = text
        .lines()
        .map(|line| {
            let line = line.replace('"', "\\\"");
            format!("{{\"log\":\"{line}\\n\",\"stream\":\"stdout\",\"time\":\"2026-02-01T00:00:00Z\"}}\n")
        })
        .collect();
    let found = triage(keys, "a.jsonl", wrapped.as_bytes(), signature);
    assert_eq!((found.count(), found.lines(), found.times().0), (1, vec![2], "2026-01-31T08:00:01Z"));
}

#[test]
fn a_stated_record_over_many_blocks_is_cut_and_timed_like_others() {
    let text = format!("#1 01.02.2026\n{}#2 02.02.2026\n", "filler of a long record\n".repeat(40_000));
    let last = format!("{text}failed\n");
    let entry = "    start: '^#\\d'\n    timestamp: '%d.%m.%Y'\n";
    let found = triage(entry, "a.log", last.as_bytes(), "{ contains: failed }");
    assert_eq!((found.lines(), found.times().0), (vec![40_002], "2026-02-02T00:00:00Z"));
    let inside = format!("{}failed\n{text}", "#0 31.01.2026\n").replace("#2 ", "failed ");
    let found = triage(entry, "a.log", inside.as_bytes(), "{ contains: failed }");
    assert_eq!((found.lines(), found.times()), (vec![1, 40_003], ("2026-01-31T00:00:00Z", "2026-02-01T00:00:00Z")));
}

#[test]
fn members_of_archives_have_settings_by_their_path_in_the_case() {
    let rule = "id: R\ntitle: t\nseverity: error\nsignatures:\n  s: { contains: failed }\nresolution: r\n";
    let folder = Folder::new(&[("book/rules/r.yaml", rule)]);
    folder.write("book/faultbook.yaml", b"sources: [{ path: 'var/log/**', start: '^#\\d+ ' }]\n");
    let mut archive = tar::Builder::new(Vec::new());
    for name in ["var/log/job.log", "opt/job.log"] {
        let mut header = tar::Header::new_gnu();
        header.set_size(JOBS.len() as u64);
        archive.append_data(&mut header, name, JOBS.as_bytes()).unwrap();
    }
    folder.write("case.tar", &archive.into_inner().unwrap());
    let outcome = folder.run(&["triage", "--rules", "book", "--brief", "--format", "json", "case.tar"]);
    let evidence = outcome.json()["findings"][0]["evidence"].clone();
    let lines = |name: &str| {
        let entries = evidence.as_array().unwrap();
        entries.iter().find(|entry| entry["source"].as_str().unwrap().ends_with(name)).unwrap()["lines"].clone()
    };
    assert_eq!(lines("var/log/job.log"), serde_json::json!([1, 4]));
    assert_eq!(lines("opt/job.log"), serde_json::json!([2, 6]));
}
