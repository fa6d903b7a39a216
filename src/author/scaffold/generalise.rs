//! A message divided into what is always there and values, and the regex made of it.
//!
//! [`pieces`] goes through the message once and recognises what differs from case to case: quoted values, addresses, paths,
//! times, numbers, names with digits. What is left is literal. [`regex`] escapes the literals and lets each value be whatever has
//! its form. The names of values are `naming`'s.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use crate::author::scaffold::naming::Names;

/// Bytes of a message that become a regex: a sentence or two. What follows is matched by nothing and may be anything.
pub const MESSAGE_BYTES: usize = 400;

/// Values that get a name. Further ones are matched without: nobody writes an article about twenty values.
pub const CAPTURES_MOST: usize = 12;

/// Words in quotes from which on they are a sentence, which is looked into, rather than a value.
const SENTENCE_WORDS: usize = 4;

/// What is recognised, in the order in which it is tried at a place.
const VALUES: &str = r#"(?x)
      (?<quoted>'[^'\n]{1,200}'|"[^"\n]{1,200}"|`[^`\n]{1,200}`)
    | (?<url>[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s'"<>`,;)\]]+)
    | (?<email>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)
    | (?<key>[A-Za-z_][\w.-]*=)
    | (?<uuid>[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b)
    | (?<time>\d{4}-\d\d-\d\d(?:[T\ ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?|\d{1,2}:\d\d:\d\d(?:[.,]\d+)?\b)
    | (?<mac>[0-9a-fA-F]{2}(?::[0-9a-fA-F]{2}){5}\b)
    | (?<ip>\d{1,3}(?:\.\d{1,3}){3}\b|(?:[0-9a-fA-F]{1,4}:){3,7}[0-9a-fA-F]{1,4}\b|[0-9a-fA-F]{1,4}:(?:[0-9a-fA-F]{0,4}:)+[0-9a-fA-F]{1,4}\b)
    | (?<path>[A-Za-z]:\\[^\s'"<>|,;:]+|(?:~|\.{1,2})?/[\w.@%+~-]+(?:/[\w.@%+=~-]*)*)
    | (?<hex>0[xX][0-9a-fA-F]+\b)
    | (?<digest>[0-9a-f]{8,}\b|[0-9A-F]{8,}\b)
    | (?<measure>\d+(?:\.\d+)?(?:ms|us|ns|µs|s|sec|secs|min|h|[KMGT]i?B|[kKMGT]b?|B|%)(?:\b|\s|$))
    | (?<file>[\w$-]+\.(?:java|kt|scala|py|go|rs|c|cc|cpp|h|js|ts|rb|php|cs):(?<line>\d+)\b)
    | (?<place>[A-Za-z][\w-]*(?:\.[\w-]+)*:(?<port>\d{1,5})\b)
    | (?<domain>[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)*\.(?:com|net|org|io|local|internal|lan|intra|corp|cloud|example|test|invalid|eu|de|uk|us|ru|cn|jp)\b)
    | (?<number>[-+]?\d+(?:[.,]\d+)*\b)
    | (?<word>[\w$]+(?:[.-][\w$]+)*)
"#;

static PATTERN: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(VALUES).ok());

/// Words with digits that mean the same in all cases.
const FIXED: [&str; 22] = [
    "ipv4", "ipv6", "utf8", "utf-8", "utf16", "http2", "sha1", "sha256", "sha512", "md5", "base64", "x509", "x86_64",
    "ext4", "log4j", "s3", "ec2", "k8s", "oauth2", "tls1", "i18n", "win32",
];

/// How much is taken for a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    /// Whatever has the form of one.
    Values,
    /// Numbers.
    Numbers,
    /// Nothing: the message is taken by its letters.
    Nothing,
}

/// A part of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// What is always there.
    Literal(String),
    /// What differs.
    Value {
        /// As it stands in the message.
        text: String,
        /// What it may be elsewhere.
        form: Form,
        /// The name of the capture; none beyond [`CAPTURES_MOST`], and for secrets.
        name: Option<String>,
    },
}

/// What a value may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Anything up to this quote.
    UpTo(char),
    /// Other digits in the same places.
    Digits,
    /// Other hexadecimal digits.
    Hex,
    /// A word without white space.
    Word,
}

/// Divides a message; only its first [`MESSAGE_BYTES`] count. Linear in them.
pub(super) fn pieces(message: &str, depth: Depth) -> Vec<Piece> {
    let message = limited(message);
    let mut division = Division { message, depth, pieces: Vec::new(), names: Names::default() };
    if let Some(pattern) = PATTERN.as_ref().filter(|_| depth != Depth::Nothing) {
        division.divide(pattern);
    } else {
        division.literal(message);
    }
    if let Some(Piece::Literal(last)) = division.pieces.last_mut() {
        last.truncate(last.trim_end().len());
    }
    division.pieces.retain(|piece| !matches!(piece, Piece::Literal(text) if text.is_empty()));
    division.pieces
}

/// The beginning of a message, cut between words where there are any.
fn limited(message: &str) -> &str {
    if message.len() <= MESSAGE_BYTES {
        return message;
    }
    let end = (0..=MESSAGE_BYTES).rev().find(|at| message.is_char_boundary(*at)).unwrap_or(0);
    let kept = message.get(..end).unwrap_or_default();
    let words = kept.rfind(char::is_whitespace).and_then(|at| kept.get(..at));
    words.filter(|words| words.len() > MESSAGE_BYTES / 2).unwrap_or(kept)
}

struct Division<'m> {
    message: &'m str,
    depth: Depth,
    pieces: Vec<Piece>,
    names: Names,
}

impl<'m> Division<'m> {
    fn divide(&mut self, pattern: &Regex) {
        let mut at = 0;
        while let Some(found) = pattern.captures_at(self.message, at) {
            let Some(whole) = found.get(0) else { break };
            self.literal(self.message.get(at..whole.start()).unwrap_or_default());
            at = self.take(&found).max(whole.start() + 1);
        }
        self.literal(self.message.get(at..).unwrap_or_default());
    }

    /// Takes what was found and tells where it ends.
    fn take(&mut self, found: &Captures<'m>) -> usize {
        let range = |name: &str| found.name(name).map(|found| (found.as_str(), found.start(), found.end()));
        let is_first =
            |start: usize| !self.message.get(..start).is_some_and(|before| before.ends_with(char::is_alphanumeric));
        if let Some((text, _, end)) = range("number") {
            let begins_word = is_first(end - text.len());
            return if begins_word { self.value(text, Form::Digits, "number", end) } else { self.keep(text, end) };
        }
        if self.depth == Depth::Numbers {
            let (text, _, end) = range("measure").or_else(|| whole(found)).unwrap_or(("", 0, 0));
            let is_number = text.starts_with(|first: char| first.is_ascii_digit())
                && text.chars().all(|letter| letter.is_ascii_digit());
            return if is_number { self.value(text, Form::Digits, "number", end) } else { self.keep(text, end) };
        }
        if let Some((text, start, end)) = range("quoted") {
            return self.quoted(text, start, end, is_first(start));
        }
        if let Some((text, _, end)) = range("key") {
            return self.keyed(text, end);
        }
        if let Some((text, start, end)) = range("file").or_else(|| range("place")) {
            return self.place(text, start, end, found);
        }
        for (name, form) in [
            ("url", Form::Word),
            ("email", Form::Word),
            ("uuid", Form::Hex),
            ("time", Form::Digits),
            ("mac", Form::Hex),
            ("ip", Form::Hex),
            ("path", Form::Word),
            ("hex", Form::Word),
            ("digest", Form::Hex),
            ("domain", Form::Word),
        ] {
            let Some((text, start, end)) = range(name) else { continue };
            let trimmed = if form == Form::Word { text.trim_end_matches(['.', ':']) } else { text };
            let end = end - (text.len() - trimmed.len());
            let is_certain = match name {
                "digest" => trimmed.contains(|letter: char| letter.is_ascii_digit()),
                // `java.io` is the beginning of a class
                "domain" => !self
                    .message
                    .get(end..)
                    .is_some_and(|rest| rest.starts_with('.') && rest.len() > 1 && !rest.starts_with(". ")),
                _ => !trimmed.is_empty(),
            };
            if !is_certain || !is_first(start) {
                return self.keep(text, end + (text.len() - trimmed.len()));
            }
            // an address of four numbers has no other digits
            let form = if name == "ip" && !trimmed.contains(':') { Form::Digits } else { form };
            let name = if matches!(name, "digest" | "hex") { "hex" } else { name };
            let name = if name == "domain" { "host" } else { name };
            return self.value(trimmed, form, name, end);
        }
        if let Some((text, start, end)) = range("measure") {
            let trimmed = text.trim_end();
            let end = end - (text.len() - trimmed.len());
            return if is_first(start) {
                self.value(trimmed, Form::Digits, "amount", end)
            } else {
                self.keep(trimmed, end)
            };
        }
        let (text, _, end) = whole(found).unwrap_or(("", 0, 0));
        let is_value =
            is_identifier(text) && !self.message.get(end..).is_some_and(|rest| rest.starts_with(':') && is_code(text));
        if is_value { self.value(text, Form::Word, "name", end) } else { self.keep(text, end) }
    }

    /// A value in quotes; an apostrophe or a sentence is none.
    fn quoted(&mut self, text: &str, start: usize, end: usize, begins_word: bool) -> usize {
        let quote = text.chars().next().unwrap_or('\'');
        let inner = text.trim_matches(quote);
        let is_sentence = inner.split_whitespace().count() >= SENTENCE_WORDS;
        let is_message = ["msg=", "message=", "error=", "err=", "reason="]
            .iter()
            .any(|key| self.message.get(..start).is_some_and(|before| before.ends_with(key)));
        let is_apostrophe = quote == '\'' && !begins_word;
        if is_sentence || is_message || is_apostrophe || inner.is_empty() {
            return self.keep(&quote.to_string(), start + quote.len_utf8());
        }
        self.literal(&quote.to_string());
        self.value(inner, Form::UpTo(quote), "value", end);
        self.literal(&quote.to_string());
        end
    }

    /// What stands behind `key=`.
    fn keyed(&mut self, key: &str, end: usize) -> usize {
        self.literal(key);
        let rest = self.message.get(end..).unwrap_or_default();
        let length =
            rest.find(|letter: char| letter.is_whitespace() || ",;)]}'\"&".contains(letter)).unwrap_or(rest.len());
        let value = rest.get(..length).unwrap_or_default();
        if value.is_empty() {
            return end;
        }
        let is_number = value.chars().all(|letter| letter.is_ascii_digit());
        self.value(value, if is_number { Form::Digits } else { Form::Word }, "value", end + length)
    }

    /// `db1:5432`, `Main.java:12`; not `code:28`.
    fn place(&mut self, text: &str, start: usize, end: usize, found: &Captures<'m>) -> usize {
        let is_file = found.name("file").is_some();
        let Some((before, number)) = text.rsplit_once(':') else { return self.keep(text, end) };
        let words = self.message.get(..start).unwrap_or_default().trim_end();
        let follows = ["to", "from", "at", "host", "server", "peer", "node"];
        let is_named = words.rsplit(' ').next().is_some_and(|word| follows.contains(&word));
        let is_host = before.contains(['.', '-'])
            || before.contains(|letter: char| letter.is_ascii_digit())
            || before == "localhost";
        if !(is_file || is_host || is_named) {
            return self.keep(before, start + before.len());
        }
        let [first, second] = if is_file { ["file", "line"] } else { ["host", "port"] };
        self.push(before, Form::Word, Some(first));
        self.literal(":");
        self.push(number, Form::Digits, Some(second));
        end
    }

    fn keep(&mut self, text: &str, end: usize) -> usize {
        self.literal(text);
        end
    }

    fn literal(&mut self, text: &str) {
        match self.pieces.last_mut() {
            Some(Piece::Literal(last)) => last.push_str(text),
            _ => self.pieces.push(Piece::Literal(text.to_owned())),
        }
    }

    /// A value that is named after the words beside it, else after its kind.
    fn value(&mut self, text: &str, form: Form, kind: &str, end: usize) -> usize {
        let named = self.names.len() < CAPTURES_MOST;
        let before = match self.pieces.last() {
            Some(Piece::Literal(literal)) => literal.as_str(),
            _ => "",
        };
        let name = self.names.beside(before, self.message.get(end..).unwrap_or_default(), kind).filter(|_| named);
        self.pieces.push(Piece::Value { text: text.to_owned(), form, name });
        end
    }

    fn push(&mut self, text: &str, form: Form, name: Option<&str>) {
        let named = self.names.len() < CAPTURES_MOST;
        let name = name.filter(|_| named).map(|name| self.names.unique(name));
        self.pieces.push(Piece::Value { text: text.to_owned(), form, name });
    }
}

fn whole<'m>(found: &Captures<'m>) -> Option<(&'m str, usize, usize)> {
    found.get(0).map(|found| (found.as_str(), found.start(), found.end()))
}

/// `db-01`, `blk_7`, `req-a1`: letters and digits, that is, a name of something. Words of letters alone are none.
fn is_identifier(word: &str) -> bool {
    let has = |kind: fn(&char) -> bool| word.chars().any(|letter| kind(&letter));
    has(char::is_ascii_digit)
        && has(|letter| letter.is_alphabetic())
        && !FIXED.iter().any(|fixed| word.eq_ignore_ascii_case(fixed))
}

/// `ORA-01555`: capitals, then digits.
fn is_code(word: &str) -> bool {
    let digits = word.trim_start_matches(|letter: char| letter.is_ascii_uppercase());
    let digits = digits.trim_start_matches(['-', '_']);
    digits.len() < word.len() && !digits.is_empty() && digits.chars().all(|letter| letter.is_ascii_digit())
}

/// The regex of a message.
pub(super) fn regex(pieces: &[Piece]) -> String {
    let mut regex = String::new();
    for (number, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Literal(text) => escape(text, &mut regex),
            Piece::Value { text, form, name } => {
                let next = match pieces.get(number + 1) {
                    Some(Piece::Literal(next)) => next.chars().next(),
                    _ => None,
                };
                let form = written(*form, text, next);
                match name {
                    Some(name) => regex.push_str(&format!("(?<{name}>{form})")),
                    None => regex.push_str(&form),
                }
            }
        }
    }
    regex
}

fn written(form: Form, text: &str, next: Option<char>) -> String {
    match form {
        Form::UpTo(quote) => format!("[^{quote}]+"),
        Form::Hex if text.contains('-') => "[0-9a-fA-F-]+".to_owned(),
        Form::Hex if text.contains(':') => "[0-9a-fA-F:]+".to_owned(),
        Form::Hex => "[0-9a-fA-F]+".to_owned(),
        Form::Digits => digits(text),
        Form::Word => match next {
            Some(next) if next.is_ascii_punctuation() && !text.contains(next) => {
                let escape = if matches!(next, '\\' | ']' | '[' | '^' | '-' | '&' | '~') { "\\" } else { "" };
                format!("[^\\s{escape}{next}]+")
            }
            _ => "\\S+".to_owned(),
        },
    }
}

/// Each run of digits may be another, each unit another.
fn digits(text: &str) -> String {
    let mut regex = String::new();
    let mut run = ' ';
    for letter in text.chars() {
        let kind = match letter {
            '0'..='9' => 'd',
            letter if letter.is_alphabetic() || letter == '%' => 'a',
            _ => ' ',
        };
        match kind {
            ' ' if letter == '-' && regex.is_empty() => regex.push_str("-?"),
            ' ' => escape(&letter.to_string(), &mut regex),
            _ if kind == run => {}
            'd' => regex.push_str("\\d+"),
            _ => regex.push_str("[a-zA-Zµ%]+"),
        }
        run = kind;
    }
    regex
}

/// Adds a text as it is; white space may be more or other white space, except a single space.
fn escape(text: &str, regex: &mut String) {
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter.is_whitespace() {
            let (mut is_single, mut is_ascii) = (letter == ' ', letter.is_ascii());
            while let Some(next) = letters.next_if(|next| next.is_whitespace()) {
                is_single = false;
                is_ascii &= next.is_ascii();
            }
            // `\s` is ASCII; other white space is something else in the tidy reading
            regex.push_str(match (is_single, is_ascii) {
                (true, _) => " ",
                (false, true) => "\\s+",
                (false, false) => "(?s:.+?)",
            });
        } else if letter.is_control()
            || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
        {
            regex.push_str(&format!("\\x{{{:x}}}", letter as u32));
        } else {
            if "\\.+*?()|[]{}^$".contains(letter) {
                regex.push('\\');
            }
            regex.push(letter);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(message: &str) -> String {
        regex(&pieces(message, Depth::Values))
    }

    #[test]
    fn values_become_captures_named_after_the_words_beside_them() {
        for (message, wanted) in [
            ("listening on port 8080 failed", r"listening on port (?<port>\d+) failed"),
            ("user 'alice' is locked", r"user '(?<user>[^']+)' is locked"),
            ("host=db-01 is down", r"host=(?<host>\S+) is down"),
            ("connect to db1:5432 refused", r"connect to (?<host>[^\s:]+):(?<port>\d+) refused"),
            ("no route to 10.0.0.7", r"no route to (?<ip>\d+\.\d+\.\d+\.\d+)"),
            ("cannot open /var/lib/x.db: denied", r"cannot open (?<path>[^\s:]+): denied"),
            ("gave up after 30s and 3 retries", r"gave up after (?<amount>\d+[a-zA-Zµ%]+) and (?<retries>\d+) retries"),
            ("can't fork", r"can't fork"),
            ("ORA-01555: snapshot too old", r"ORA-01555: snapshot too old"),
            ("a (b) [c] 50%", r"a \(b\) \[c\] (?<amount>\d+[a-zA-Zµ%]+)"),
            ("copy 'a' to 'b'", r"copy '(?<value>[^']+)' to '(?<value_2>[^']+)'"),
            ("password=hunter2 is wrong", r"password=\S+ is wrong"),
            ("port 1 is not port 2", r"port (?<port>\d+) is not port (?<port_2>\d+)"),
            ("mail to a.b@example.com  bounced", r"mail to (?<email>\S+)\s+bounced"),
            (
                "commit 4f2a9c01d7 is gone at 12:30:01",
                r"commit (?<commit>[0-9a-fA-F]+) is gone at (?<time>\d+:\d+:\d+)",
            ),
        ] {
            assert_eq!(made(message), wanted);
        }
    }

    #[test]
    fn long_messages_are_cut_and_only_so_many_values_named() {
        let long = "word ".repeat(1000);
        assert!(made(&long).len() <= MESSAGE_BYTES);
        let many = (0..30).map(|number| format!("w{} {number} ", "x".repeat(number % 5))).collect::<String>();
        assert_eq!(made(&many).matches("(?<").count(), CAPTURES_MOST);
    }
}
