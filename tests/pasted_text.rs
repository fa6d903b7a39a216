//! Text as people paste it: wrapped by mail programs, coloured by terminals, escaped by pages. Driven through the binary with
//! the shipped rules; what must come out is the captures of the seed article.

const MESSAGE: &str = "Method add_customer calling failed. Reason:Could not provision customer 'John Doe' - the specified \
                       subdomain 'johndoe' is already in use";

fn captures(arguments: &[&str], pasted: &str) -> Option<(String, String)> {
    let mut command = assert_cmd::Command::new(assert_cmd::cargo::cargo_bin!("faultbook"));
    let output = command.args(arguments).write_stdin(pasted).output().expect("runs");
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let captures = &document["findings"][0]["captures"];
    Some((captures["customer"].as_str()?.to_owned(), captures["subdomain"].as_str()?.to_owned()))
}

fn answered(pasted: &str) -> bool {
    let found = captures(&["answer", "--brief", "--format", "json"], pasted);
    found == Some(("John Doe".to_owned(), "johndoe".to_owned()))
}

/// Breaks a text between words as a mail program does.
fn wrapped(text: &str, width: usize, start: &str) -> String {
    let lines = textwrap::wrap(text, textwrap::Options::new(width).break_words(false));
    lines.iter().map(|line| format!("{start}{line}\n")).collect()
}

#[test]
fn wrapped_at_any_width_and_quoted_the_message_is_found() {
    for width in [50, 60, 72, 78, 100, 120] {
        assert!(answered(&wrapped(MESSAGE, width, "")), "{width}");
        assert!(answered(&wrapped(MESSAGE, width, "> ")), "{width} quoted");
        assert!(answered(&wrapped(&format!("2014-12-01 10:02:11,120 ERROR {MESSAGE}"), width, "")), "{width} stamped");
    }
}

#[test]
fn wrapped_and_escaped_or_coloured_the_message_is_found() {
    let wrapped = wrapped(MESSAGE, 60, "");
    assert!(answered(&wrapped.replace('\'', "&apos;")), "entities");
    assert!(answered(&wrapped.replace('\'', "\u{2019}")), "typographic quotes");
    assert!(answered(&wrapped.replace("specified", "\u{1b}[1mspecified\u{1b}[0m")), "colours");
    assert!(answered(&wrapped.replace('\n', "\r\n")), "CRLF");
    assert!(answered(&wrapped.replace(' ', "\u{a0}")), "no-break spaces");
}

#[test]
fn in_one_line_every_kind_of_escaping_is_undone() {
    for pasted in [
        MESSAGE.replace('\'', "&#39;"),
        MESSAGE.replace('\'', "&#x27;"),
        MESSAGE.replace('\'', "&amp;apos;"),
        format!("{{\"message\": \"{}\", \"quoted\": \"\\\"x\\\"\"}}", MESSAGE.replace('\'', "\\u0027")),
        MESSAGE.replace('\'', "\u{2018}"),
        MESSAGE.replace(" - ", " \u{2013} "),
    ] {
        assert!(answered(&pasted), "{pasted}");
    }
}

#[test]
fn lines_of_a_log_file_are_not_joined() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("app.log");
    std::fs::write(&log, wrapped(MESSAGE, 72, "")).expect("written");
    assert_eq!(captures(&["triage", "--brief", "--format", "json", &log.to_string_lossy()], ""), None);
}
