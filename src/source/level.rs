//! Finds the level in a line's header.
//!
//! [`find`] takes the end of the line's timestamp and looks where writers of logs put a level: syslog's number or a
//! word at the line's start, klog's letter before the stamp, a word or logcat's letter shortly after it. Words that
//! are levels are [`Level::from_word`]'s; this module decides whether one stands in a level's place. It does not
//! read messages: `ERROR` in the middle of a sentence is not a level, nor is `error` between two other words.

use std::ops::Range;

use crate::rule::vocabulary::Level;

/// How many bytes after the timestamp a level may begin: far enough for a process id and a thread's name.
const MAX_DISTANCE: usize = 40;

/// The longest word that is a level has eleven letters (`information`).
const MAX_WORD: usize = 11;

/// Finds the level that `line` states in its header. `after` is where the header's timestamp ends; 0 if there is
/// none, and then only the line's first token may be a level. `None` if no level is stated.
pub fn find(line: &[u8], after: usize) -> Option<Level> {
    let after = after.min(line.len());
    let at_start = syslog_priority(line).or_else(|| first_token(line));
    if at_start.is_some() || after == 0 {
        return at_start;
    }
    klog_letter(&line[..after]).or_else(|| logcat_letter(&line[after..])).or_else(|| word_after(line, after))
}

/// Reads syslog's `<PRI>`: eight times the facility plus the severity, at most 191.
fn syslog_priority(line: &[u8]) -> Option<Level> {
    let rest = line.strip_prefix(b"<")?;
    let digits = rest.iter().take(4).take_while(|byte| byte.is_ascii_digit()).count();
    if !matches!(digits, 1..=3) || rest.get(digits) != Some(&b'>') {
        return None;
    }
    let priority = rest[..digits].iter().fold(0_u16, |value, digit| value * 10 + u16::from(digit - b'0'));
    (priority <= 191).then_some(match priority % 8 {
        0..=2 => Level::Critical,
        3 => Level::Error,
        4 => Level::Warning,
        5 => Level::Notice,
        6 => Level::Info,
        _ => Level::Debug,
    })
}

/// Reads klog's letter before the stamp's four or eight digits: `E0102 15:04:05.000000`. `stamped` ends with the stamp.
fn klog_letter(stamped: &[u8]) -> Option<Level> {
    let blank = stamped.iter().rposition(|byte| *byte == b' ')?;
    let date = stamped[..blank].trim_ascii_end();
    let letter = date.iter().rposition(|byte| !byte.is_ascii_digit())?;
    if !matches!(date.len() - letter - 1, 4 | 8) || letter.checked_sub(1).is_some_and(|before| is_part(date[before])) {
        return None;
    }
    match date[letter] {
        b'I' => Some(Level::Info),
        b'W' => Some(Level::Warning),
        b'E' => Some(Level::Error),
        b'F' => Some(Level::Critical),
        _ => None,
    }
}

/// Reads logcat's letter after process and thread: `  1702  2395 D Tag: …`.
fn logcat_letter(rest: &[u8]) -> Option<Level> {
    let rest = skip_number(skip_number(rest)?)?;
    let [b' ', letter, b' ', ..] = rest else { return None };
    match letter {
        b'V' => Some(Level::Trace),
        b'D' => Some(Level::Debug),
        b'I' => Some(Level::Info),
        b'W' => Some(Level::Warning),
        b'E' => Some(Level::Error),
        b'F' | b'A' => Some(Level::Critical),
        _ => None,
    }
}

/// Gives what follows blanks and a number.
fn skip_number(text: &[u8]) -> Option<&[u8]> {
    let digits_at = text.iter().position(|byte| *byte != b' ').filter(|blanks| *blanks > 0)?;
    let number = &text[digits_at..];
    let digits = number.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (digits > 0).then(|| &number[digits..])
}

/// Reads the line's first token: `ERROR x`, `error: x`, `[warn] x`, `level=info x`.
fn first_token(line: &[u8]) -> Option<Level> {
    let first = word_at(line, 0);
    if !first.is_empty() {
        let value = match line[first.end..] {
            [b'=', b'"', ..] => first.end + 2,
            [b'=', ..] => first.end + 1,
            _ => first.start,
        };
        return Candidate::new(line, word_at(line, value), 0)?.level();
    }
    line.first().filter(|byte| matches!(byte, b'[' | b'<' | b'('))?;
    let blanks = line[1..].iter().take_while(|byte| **byte == b' ').count();
    Candidate::new(line, word_at(line, 1 + blanks), 0)?.enclosed_level()
}

/// Reads the first word in a level's place that begins within [`MAX_DISTANCE`] bytes after `after`.
fn word_after(line: &[u8], after: usize) -> Option<Level> {
    let mut at = after;
    while at < line.len().min(after + MAX_DISTANCE) {
        let word = word_at(line, at);
        at = word.end.max(at + 1);
        if let Some(level) = Candidate::new(line, word, after).and_then(|candidate| candidate.level()) {
            return Some(level);
        }
    }
    None
}

/// Gives the letters that stand at `at`; empty if there are none.
fn word_at(line: &[u8], at: usize) -> Range<usize> {
    let letters = line.get(at..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    at..at + letters
}

/// Says whether `byte`, right beside a word, makes it part of a longer name, path, number or sentence.
fn is_part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'_' | b'-' | b'.' | b'/' | b'\\' | b'$' | b'@' | b'=' | b'#' | 0x80..)
}

/// A word that is a level's name, and what stands around it.
struct Candidate<'a> {
    word: &'a [u8],
    level: Level,
    /// From the header's timestamp (or the line's start) to the word.
    before: &'a [u8],
    /// From the word to the line's end.
    behind: &'a [u8],
}

impl<'a> Candidate<'a> {
    /// Makes a candidate of the word at `range`, in a header whose fields begin at `header`. `None` for other words.
    fn new(line: &'a [u8], range: Range<usize>, header: usize) -> Option<Self> {
        if range.is_empty() || range.len() > MAX_WORD {
            return None;
        }
        let word = &line[range.clone()];
        let level = Level::from_word(word)?;
        Some(Self { word, level, before: &line[header..range.start], behind: &line[range.end..] })
    }

    /// Gives the level if the word is in a level's place.
    fn level(self) -> Option<Level> {
        if self.is_value_of_level_key() {
            return Some(self.level);
        }
        if let Some(level) = self.enclosed_level() {
            return Some(level);
        }
        // `FAILED` and `failure:` tell what happened, not how bad it is.
        let stands_alone = !self.tells_outcome() && self.is_token();
        (stands_alone && (self.word.iter().all(u8::is_ascii_uppercase) || self.is_field())).then_some(self.level)
    }

    /// Gives the level if brackets are around the word: `[error]`, `<warn>`, `( INFO )`, `[proxy:error]`, `| info |`.
    fn enclosed_level(&self) -> Option<Level> {
        let inner = self.before.trim_ascii_end();
        let closing = self.behind.trim_ascii_start().first()?;
        let matches = match (inner.last()?, closing) {
            (b'[', b']') | (b'(', b')') | (b'<', b'>') | (b'|', b'|') => true,
            (b':', b']') => {
                let module =
                    inner[..inner.len() - 1].iter().rposition(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_');
                module.is_some_and(|opening| inner[opening] == b'[')
            }
            _ => false,
        };
        matches.then_some(self.level)
    }

    /// Says whether the word is the value in `level=info`, `lvl="info"`, `"level":"info"`.
    fn is_value_of_level_key(&self) -> bool {
        const KEYS: [&[u8]; 4] = [b"level", b"lvl", b"severity", b"loglevel"];
        let unquoted = self.before.strip_suffix(b"\"").unwrap_or(self.before);
        let Some((b'=' | b':', key)) = unquoted.split_last() else {
            return false;
        };
        let key = key.strip_suffix(b"\"").unwrap_or(key);
        let start = key.iter().rposition(|byte| !byte.is_ascii_alphabetic()).map_or(0, |other| other + 1);
        KEYS.iter().any(|known| known.eq_ignore_ascii_case(&key[start..]))
            && !self.behind.first().is_some_and(|byte| is_part(*byte))
    }

    /// Says whether the word stands alone, not in a name like `ERROR_CODE`, `no-error` or `error.log`.
    fn is_token(&self) -> bool {
        // Right after the stamp any one byte separates: `03:04:05-INFO x`.
        let begins = self.before.len() <= 1 || !self.before.last().is_some_and(|byte| is_part(*byte));
        begins && !self.behind.first().is_some_and(|byte| is_part(*byte))
    }

    /// Says whether the word, in any case, is a field: first after the stamp or another field's end, and followed by
    /// a colon or, padded to a column, by two blanks or a tab (`, Info          CBS`).
    fn is_field(&self) -> bool {
        let previous = self.before.trim_ascii_end();
        match self.behind {
            [b':', ..] => previous.last().is_none_or(|end| b"])>|:,-".contains(end)),
            [b'\t', ..] | [b' ', b' ', ..] => {
                !self.before.is_empty() && previous.iter().all(|byte| b"])>|,-:".contains(byte))
            }
            _ => false,
        }
    }

    fn tells_outcome(&self) -> bool {
        self.word.eq_ignore_ascii_case(b"failed") || self.word.eq_ignore_ascii_case(b"failure")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::source::timestamp;

    /// The level of a line whose timestamp is found as it is in the house.
    fn level(line: &str) -> Option<Level> {
        find(line.as_bytes(), timestamp::find(line.as_bytes()).map_or(0, |stamp| stamp.range.end))
    }

    #[test]
    fn words_after_the_timestamp() {
        for (line, expected) in [
            ("2024-01-02 03:04:05,123 INFO [main] a.b.C: up", Level::Info),
            ("2024-01-02 03:04:05,123 - WARN  [Recv:7@765] - down", Level::Warning),
            ("2024-01-02 03:04:05.008 25746 ERROR app.api [-] down", Level::Error),
            ("2024-01-02 03:04:05.123 CET [77] FATAL:  role missing", Level::Critical),
            ("17/06/09 20:10:40 DEBUG a.B: up", Level::Debug),
            ("081109 203615 148 INFO dfs.X: up", Level::Info),
            ("[2024-01-02T03:04:05,123][TRACE][o.e.x] up", Level::Trace),
            ("[Sun Dec 04 04:47:44 2005] [notice] up", Level::Notice),
            ("[Sun Dec 04 04:47:44.123456 2005] [proxy:error] [pid 7] down", Level::Error),
            ("[Sun Dec 04 04:47:44.123456 2005] [:warn] [pid 7] down", Level::Warning),
            ("2024/01/02 03:04:05 [crit] 7#7: *1 connect()", Level::Critical),
            ("2024-01-02 03:04:05 +00:00 [Information] up", Level::Info),
            ("2024-01-02 03:04:05 [ERROR   ] [app] down", Level::Error),
            ("2024-01-02 03:04:05 error: down", Level::Error),
            ("2024-01-02 03:04:05 | warning | down", Level::Warning),
            ("2024-01-02 03:04:05|Err|down", Level::Error),
            ("2024-01-02 03:04:05, Info                  CBS    up", Level::Info),
            ("2024-01-02T03:04:05Z\twarn\tapp\tdown", Level::Warning),
            ("2024-01-02 03:04:05 - app - ERROR - down", Level::Error),
            ("Jun  9 06:06:20 combo sshd[77]: error: PAM: down", Level::Error),
            ("time=\"2024-01-02T03:04:05Z\" level=warning msg=down", Level::Warning),
            ("ts=1700000000.5 lvl=\"error\" msg=down", Level::Error),
            ("{\"ts\":1700000000.5,\"level\":\"error\",\"msg\":\"x\"}", Level::Error),
        ] {
            assert_eq!(level(line), Some(expected), "{line}");
        }
    }

    #[test]
    fn first_tokens() {
        for (line, expected) in [
            ("ERROR: down", Level::Error),
            ("[WARN] down", Level::Warning),
            ("[ERROR ] down", Level::Error),
            ("error: down", Level::Error),
            ("Warning: down", Level::Warning),
            ("FATAL down", Level::Critical),
            ("INFO:root:up", Level::Info),
            ("level=error msg=down", Level::Error),
            ("INFO 2024-01-02 03:04:05 ERROR is what it said", Level::Info),
            ("<warn>  [1700000000.1230] dhcp: down", Level::Warning),
        ] {
            assert_eq!(level(line), Some(expected), "{line}");
        }
    }

    #[test]
    fn letters_and_numbers() {
        for (line, expected) in [
            ("I0102 15:04:05.000000       1 main.go:7] up", Level::Info),
            ("E0102 15:04:05.000000       1 main.go:7] down", Level::Error),
            ("F20240102 15:04:05.000000 1 main.cc:7] down", Level::Critical),
            ("03-17 16:13:38.811  1702  2395 D Display: up", Level::Debug),
            ("03-17 16:13:38.811  1702  2395 E Display: INFO", Level::Error),
            ("<34>Oct 11 22:14:15 host su: x", Level::Critical),
            ("<14>up", Level::Info),
        ] {
            assert_eq!(level(line), Some(expected), "{line}");
        }
    }

    #[test]
    fn messages_are_not_guessed_from() {
        for line in [
            "",
            "no error found",
            "2024-01-02 03:04:05 no error found",
            "failed: x",
            "FAILED x",
            "Failed password for root",
            "Jun  9 06:06:20 combo sshd[77]: Failed password for root",
            "Jun  9 06:06:20 combo app[77]: authentication failure; uid=0",
            "Jun  9 06:06:20 combo app[77]: read error: timed out",
            "2024-01-02 03:04:05 one two three four five six seven eight ERROR",
            "2024-01-02 03:04:05 ERROR_CODE of error.log in /var/ERROR/x is 7",
            "2024-01-02 03:04:05 pool-ERROR-1 up",
            "2024-01-02 03:04:05 error rate is low",
            "error rate is low",
            "the ERROR: x",
            "    error: x",
            "informational: x",
            "error.log: x",
            "ERROR_CODE: x",
            "<192>x",
            "<>x",
            "[error x",
            "Jun  9 06:06:20 combo kernel: EXT4-fs error (device sda1): x",
        ] {
            assert_eq!(level(line), None, "{line}");
        }
    }

    #[test]
    fn outcome_words_count_in_brackets_only() {
        assert_eq!(level("2024-01-02 03:04:05 [failed] unit"), Some(Level::Error));
        assert_eq!(level("2024-01-02 03:04:05 FAILED unit"), None);
    }

    #[test]
    fn an_end_beyond_the_line_is_its_end() {
        assert_eq!(find(b"x", 99), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_harm(line in proptest::collection::vec(any::<u8>(), 0..80), after in 0_usize..100) {
            let _ = find(&line, after);
        }

        #[test]
        fn nearly_levels_are_read_without_harm(line in "([\\[\\]<>|: =\"EI0-9-]|error|INFO|level){0,12}", after in 0_usize..50) {
            let _ = find(line.as_bytes(), after);
        }
    }
}
