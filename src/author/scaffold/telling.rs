//! The message of a paste that tells what went wrong.
//!
//! The paste is divided into records as a log is, whatever wraps it. The record with the worst level that speaks of a failure
//! is taken, of it the line that does, and of that line what `prefix` leaves: the message behind time, level, process and logger.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

use crate::author::scaffold::prefix::{without_certain, without_header};
use crate::rule::{Level, Severity};
use crate::source::block::{Block, Blocks};
use crate::source::is_trace_frame;
use crate::source::plain::plain;
use crate::source::record::RecordLimits;

/// What a message about a failure says.
const FAILURE: &str = r"(?i)error|exception|fail|fatal|panic|cannot|can't|could not|unable|denied|refused|reject|invalid|not found|no such|time[d ]*out|unreachable|abort|crash|corrupt|exceeded|violat|killed|no space|out of";

/// An exception with its message.
const EXCEPTION: &str = r"^\s*(?:Caused by: )?(?:[\w$]+[.:]+)*[\w$]*(?:Exception|Error|Failure|Fault)\b(?:: |$)";

static PATTERNS: LazyLock<Option<[Regex; 2]>> = LazyLock::new(|| {
    let [failure, exception] = [FAILURE, EXCEPTION].map(Regex::new);
    Some([failure.ok()?, exception.ok()?])
});

/// What went wrong, in the words of the log.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Message {
    /// The message, on one line, without header.
    pub text: String,
    /// The record that it is of.
    pub record: String,
    /// All records of the paste.
    pub records: Vec<String>,
    /// What the level says of the failure.
    pub severity: Severity,
}

/// Finds the message; `None` if there is no text in the paste.
pub(super) fn message(paste: &str) -> Option<Message> {
    let [failure, _] = PATTERNS.as_ref()?;
    let mut best: Option<(u32, Message)> = None;
    let mut records = Vec::new();
    let mut blocks = Blocks::new(paste.as_bytes(), RecordLimits::default());
    while let Ok(Some(block)) = blocks.next_block() {
        for span in block.records() {
            let level = block.header(&span).level;
            let record = block.text_of(&span).text;
            let record = plain(&record);
            let record = String::from_utf8_lossy(&record);
            let Some(text) = told(&record, &block) else { continue };
            records.push(record.clone().into_owned());
            let speaks = u32::from(failure.is_match(&record));
            let score = 2 * rank(level) + speaks;
            if best.as_ref().is_none_or(|(other, _)| score > *other) {
                let (record, severity) = (record.into_owned(), severity(level));
                best = Some((score, Message { text, record, records: Vec::new(), severity }));
            }
        }
    }
    best.map(|(_, message)| Message { records, ..message })
}

fn rank(level: Option<Level>) -> u32 {
    match level {
        Some(Level::Critical) => 4,
        Some(Level::Error) => 3,
        // a record that states no level may be the trace of one that does
        None => 2,
        Some(Level::Warning) => 1,
        Some(_) => 0,
    }
}

fn severity(level: Option<Level>) -> Severity {
    match level {
        Some(Level::Critical) => Severity::Critical,
        Some(Level::Warning) => Severity::Warning,
        Some(level) if level < Level::Warning => Severity::Info,
        _ => Severity::Error,
    }
}

/// The message of a record: of its lines the one that tells most, without what is before it.
fn told(record: &str, block: &Block<'_>) -> Option<String> {
    let [failure, exception] = PATTERNS.as_ref()?;
    let mut best: Option<(u32, String)> = None;
    for (number, line) in record.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let text = match number {
            0 => without_header(line, block),
            _ => Cow::Borrowed(without_certain(line).trim()),
        };
        let text = text.strip_prefix("Caused by: ").unwrap_or(&text);
        let is_frame = is_trace_frame(line.as_bytes()) || text.starts_with("Traceback ");
        let mut score = 1 + 2 * u32::from(failure.is_match(text)) + u32::from(number == 0);
        score += 2 * u32::from(exception.is_match(text) && text.contains(": "));
        score = if is_frame && !line.starts_with("Caused by: ") { 0 } else { score };
        if best.as_ref().is_none_or(|(other, _)| score > *other) {
            best = Some((score, text.to_owned()));
        }
    }
    best.map(|(_, text)| text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_left_out() {
        for (line, wanted) in [
            ("2024-05-01 10:00:00 ERROR connect to db1:5432 refused", "connect to db1:5432 refused"),
            ("2024-05-01 10:00:00,123 [main] ERROR com.example.Pool - no connection", "no connection"),
            ("2024-05-01T10:00:00Z ERROR [pool-1-thread-2] c.e.Pool: no connection", "no connection"),
            ("Jun  9 06:06:20 combo sshd[77]: Failed password for root", "Failed password for root"),
            ("E0102 15:04:05.000000 1 main.go:7] down it went", "down it went"),
            ("[error] x is broken", "x is broken"),
            ("ERROR: relation \"x\" does not exist", "relation \"x\" does not exist"),
            ("java.io.IOException: No space left", "java.io.IOException: No space left"),
            ("2024-05-01 10:00:00 java.io.IOException: No space left", "java.io.IOException: No space left"),
            (
                "Mar 14 08:11:22 n1 kubelet[3244]: E0314 08:11:22.334455    3244 pod_workers.go:190] Error syncing pod",
                "Error syncing pod",
            ),
            ("2026/03/10 12:00:31 [error] 2841#2841: *881 upstream timed out", "upstream timed out"),
            ("2026-03-11 09:14:02.377 UTC [28121] app@shop FATAL:  too many slots", "too many slots"),
            (
                "  Warning  Failed  27s (x3 over 71s)  kubelet  Failed to pull image \"a:1\"",
                "Failed to pull image \"a:1\"",
            ),
            ("12m  Warning  FailedMount  pod/web-1  Unable to attach volumes", "Unable to attach volumes"),
            ("│ Error: Error acquiring the state lock", "Error acquiring the state lock"),
            ("FATAL ERROR: Reached heap limit", "Reached heap limit"),
            (
                "Mar 04 15:47:12 h systemd[1]: app.service: Failed with result 'timeout'.",
                "app.service: Failed with result 'timeout'.",
            ),
            ("time=\"2026-04-17T02:30:13Z\" level=error msg=\"snapshot failed\"", "msg=\"snapshot failed\""),
        ] {
            assert_eq!(message(line).map(|message| message.text).as_deref(), Some(wanted), "{line}");
        }
    }

    #[test]
    fn the_record_that_tells_is_taken() {
        let paste = "2024-05-01 10:00:00 INFO starting up\n2024-05-01 10:00:01 WARN slow start\n\
                     2024-05-01 10:00:02 ERROR cannot open the lock\n2024-05-01 10:00:03 INFO bye\n";
        let found = message(paste).unwrap();
        assert_eq!((found.text.as_str(), found.severity), ("cannot open the lock", Severity::Error));
        let python = "Traceback (most recent call last):\n  File \"a.py\", line 3, in f\n    g()\nKeyError: 'x'\n";
        assert_eq!(message(python).unwrap().text, "KeyError: 'x'");
        let java = "2024-05-01 10:00:02 ERROR Job 7 is over\njava.io.IOException: No space left on device\n\tat a.B.c(B.java:7)\n";
        assert_eq!(message(java).unwrap().text, "java.io.IOException: No space left on device");
    }
}
