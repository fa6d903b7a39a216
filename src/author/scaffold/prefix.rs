//! What stands before a message: time, level, process, thread, logger, the columns of an event, the lines of a box.
//!
//! What is certain to be no part of a message ([`CERTAIN`]) is taken off any line. What only looks like it, a logger's name or a word
//! in brackets, is taken off lines that begin with a time. Which line of a paste tells most is `telling`'s.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

use crate::source::block::Block;

/// Parts of the header of a line that has a time; 80 bytes are its longest part, a thread or logger in brackets.
const HEADER: &str = r#"(?x)^(?:
      [\s\]\)|:,"'-]+
    | \[[^\]\n]{0,80}\]
    | (?:TRACE|DEBUG|INFO|INFORMATION|NOTICE|WARN|WARNING|ERR|ERROR|FATAL|CRITICAL|CRIT|SEVERE|EMERG|ALERT|[DIWEF])(?:[\s:\]|-]+|$)
    | (?i:trace|debug|info|notice|warn|warning|err|error|fatal|critical|crit|severe|emerg|alert)[:|\]]+
    | (?i:level|lvl|severity|logger|thread|pid|caller|ts|time)=(?:"[^"]*"|\S+)(?:\s+|$)
    | \d+(?:\s+|$)
    | [A-Za-z_$][\w$-]*(?:\.[\w$-]+)+(?::\d+)?(?:\s+-\s+|:\s+|\]\s+)
    | [\w./-]+\[\d+\]:\s+
)"#;

/// What is no part of a message on any line: klog's header, nginx's process and connection, PostgreSQL's user and database, the columns
/// of Kubernetes' events, the number of an audit record, NetworkManager's level and time, the edge of a box.
const CERTAIN: &str = r"(?x)^(?:
      [IWEFD]\d{4}\s+\d\d:\d\d:\d\d(?:\.\d+)?\s+\d+\s+[\w.-]+:\d+\]\s*
    | (?:\d{4}/\d\d/\d\d\s\d\d:\d\d:\d\d\s)?\[\w+\]\s\d+\#\d+:\s+(?:\*\d+\s+)?
    | \d+\#\d+:\s+(?:\*\d+\s+)?
    | [\w.-]+@[\w.-]+\s+(?:\[\d+\]:?\s+)?(?:LOG|NOTICE|WARNING|ERROR|FATAL|PANIC):\s+
    | (?:LOG|NOTICE|WARNING|ERROR|FATAL|PANIC):\s{2,}
    | \s*(?:Normal|Warning)\s+[A-Z]\w+\s+(?:<unknown>|(?:\d+[smhd])+(?:\s+\(x\d+\s+over\s+[\dsmhd]+\))?)\s+(?:from\s+)?[\w./-]+(?:,\s*[\w.-]+)?\s+
    | \s*(?:\d+[smhd])+\s+(?:Normal|Warning)\s+[A-Z]\w+\s+[\w-]+/[\w.-]+\s+
    | (?:audit:\s+)?type=\w+\s+(?:msg=)?audit\(\d+\.\d+:\d+\):\s+
    | <\w+>\s+\[\d+\.\d+\]\s+
    | [\s│┃╷╵╭╰]*[│┃]\s*
)";

/// A level before the message of a line without a time.
const LEVEL: &str = r"^(?:\[(?i:warn|warning|err|error|fatal|critical|crit|severe|emerg|alert|panic)\]:?\s+|(?:FATAL|CRITICAL) ERROR:\s+|(?i:warn|warning|err|error|fatal|critical|crit|severe|emerg|alert):\s+|(?:WARN|WARNING|ERR|ERROR|FATAL|CRITICAL|SEVERE|ALERT)\s+(?:-\s+)?)";

/// The host and program of the older syslog header.
const SYSLOG: &str = r"^\s*[\w.-]+\s+[\w./()-]+(?:\[\d+\])?:\s+";

/// What the names of systemd's units end in: `app.service: ` is what failed, and no logger.
const UNITS: [&str; 10] =
    [".service", ".socket", ".timer", ".mount", ".device", ".scope", ".slice", ".target", ".path", ".swap"];

struct Patterns {
    header: Regex,
    certain: Regex,
    level: Regex,
    syslog: Regex,
}

static PATTERNS: LazyLock<Option<Patterns>> = LazyLock::new(|| {
    let [header, certain, level, syslog] = [HEADER, CERTAIN, LEVEL, SYSLOG].map(Regex::new);
    Some(Patterns { header: header.ok()?, certain: certain.ok()?, level: level.ok()?, syslog: syslog.ok()? })
});

/// A record's first line without what stands before its message.
pub(super) fn without_header<'l>(line: &'l str, block: &Block<'_>) -> Cow<'l, str> {
    let Some(patterns) = PATTERNS.as_ref() else { return Cow::Borrowed(line) };
    let rest = match block.framing.stamp(line.as_bytes()) {
        Some(stamp) if !patterns.certain.is_match(line) => {
            let rest = line.get(stamp.range.end..).unwrap_or(line);
            let mut rest = patterns.syslog.find(rest).and_then(|found| rest.get(found.end()..)).unwrap_or(rest);
            while let Some(next) = patterns
                .certain
                .find(rest)
                .or_else(|| patterns.header.find(rest).filter(|found| !is_message(found.as_str())))
            {
                match rest.get(next.end()..) {
                    Some(next) if tells(next) => rest = next,
                    _ => break,
                }
            }
            rest
        }
        _ => without_level(line),
    };
    Cow::Borrowed(if tells(rest) { rest.trim() } else { line.trim() })
}

/// A line without a time, without what is certainly no part of its message and without a level.
fn without_level(line: &str) -> &str {
    let Some(patterns) = PATTERNS.as_ref() else { return line };
    let rest = without_certain(line);
    // the client of MySQL: `ERROR 1040 (08004): …`
    let is_mysql = rest.strip_prefix("ERROR ").is_some_and(|rest| rest.starts_with(|next: char| next.is_ascii_digit()));
    let after = patterns
        .level
        .find(rest)
        .filter(|_| !is_mysql)
        .and_then(|found| rest.get(found.end()..))
        .filter(|next| tells(next));
    after.map_or(rest, without_certain)
}

/// A line without what is certainly no part of its message.
pub(super) fn without_certain(line: &str) -> &str {
    let Some(patterns) = PATTERNS.as_ref() else { return line };
    let mut rest = line;
    while let Some(next) = patterns.certain.find(rest).and_then(|found| rest.get(found.end()..)) {
        if !tells(next) {
            break;
        }
        rest = next;
    }
    rest
}

/// Whether there is a word left.
fn tells(rest: &str) -> bool {
    rest.split(|letter: char| !letter.is_alphabetic()).any(|word| word.chars().count() >= 3)
}

/// `java.io.IOException: ` and `app.service: ` look like the names of loggers.
fn is_message(header: &str) -> bool {
    let name = header.trim_end_matches([':', ' ', '-', ']']);
    let is_exception = ["Exception", "Error", "Failure", "Fault"].iter().any(|ending| name.ends_with(ending));
    (is_exception && name.contains('.')) || UNITS.iter().any(|ending| name.ends_with(ending))
}
