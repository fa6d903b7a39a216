//! A message divided into what is always there and values.
//!
//! [`pieces`] goes through the message once and recognises what differs from case to case: quoted values, addresses, paths,
//! times, numbers, names with digits. What is left is literal, and so is what looks like a value and says what went wrong: codes of
//! errors, words of failures in quotes. `written` makes the regex of the pieces. The names of values are `naming`'s.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use crate::author::scaffold::fault::is_fault;
use crate::author::scaffold::naming::{Kind, Names};
use crate::author::scaffold::written::Form;

/// Bytes of a message that become a regex: a sentence or two. What follows is matched by nothing and may be anything.
pub const MESSAGE_BYTES: usize = 400;

/// Values that get a name. Further ones are matched without: nobody writes an article about twenty values.
pub const CAPTURES_MOST: usize = 12;

/// Words in quotes from which on they are a sentence, which is looked into, rather than a value.
const SENTENCE_WORDS: usize = 4;

/// What is recognised, in the order in which it is tried at a place.
const VALUES: &str = r#"(?x)
      (?<quoted>'[^'\n]{1,200}'|"[^"\n]{1,200}"|`[^`'\n]{1,200}[`'])
    | (?<url>[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s'"<>`,;)\]]+)
    | (?<email>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)
    | (?<key>[A-Za-z_][\w.-]*=)
    | (?<uuid>[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b)
    | (?<mac>[0-9a-fA-F]{2}(?::[0-9a-fA-F]{2}){5}\b)
    | (?<time>\d{4}-\d\d-\d\d(?:[T\ ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?|\d{1,2}:\d\d:\d\d(?:[.,]\d+)?\b)
    | (?<pci>[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]\b)
    | (?<pair>\d{1,4}(?::\d{1,4}){1,3}\b)
    | (?<ip>\d{1,3}(?:\.\d{1,3}){3}\b|(?:[0-9a-fA-F]{1,4}:){3,7}[0-9a-fA-F]{1,4}\b|[0-9a-fA-F]{1,4}:(?:[0-9a-fA-F]{0,4}:)+[0-9a-fA-F]{1,4}\b)
    | (?<path>[A-Za-z]:\\[^\s'"<>|,;:]+|(?:~|\.{1,2})?/[\w.@%+~-]+(?:/[\w.@%+=~-]*)*)
    | (?<status>[245]\d\d\ [245]\.\d{1,3}\.\d{1,3}\b|\bERROR\ \d{1,5}\ \(\w{5}\))
    | (?<hex>0[xX][0-9a-fA-F]+\b)
    | (?<span>\d+h\d+m(?:\d+(?:\.\d+)?s)?\b|\d+m\d+(?:\.\d+)?s\b)
    | (?<measure>(?<many>\d+(?:\.\d+)?)(?:ms|us|ns|µs|secs|sec|s|min|m|h)\b|(?<part>\d+(?:\.\d+)?)%)
    | (?<size>\d+(?:\.\d+)?(?:[kKMGTP]i?[bB]|[kmgt]b|B)\b)
    | (?<held>(?:[Pp]rocess|pid|PID)\ (?<held_id>\d+)\ \((?<held_by>[\w.@:/-]+)\))
    | (?<task>(?:\[|\btask\ )(?<task_name>[A-Za-z][\w/-]*):(?<task_id>\d+)(?:\]|\s))
    | (?<file>[\w$-]+\.(?:java|kt|scala|py|go|rs|c|cc|cpp|h|js|ts|rb|php|cs|txt|conf|yaml|yml|tf|cfg|xml):(?<line>\d+)(?::\d+)?\b)
    | (?<place>[A-Za-z][\w-]*(?:\.[\w-]+)*:(?<port>\d{1,5})\b)
    | (?<who>\b(?:(?:invalid|illegal)\ user|user|for)\ (?<who_name>[A-Za-z_][\w.@\\-]*)\ from\b|\bfor\ user\ (?<for_name>[A-Za-z_][\w.@\\-]*))
    | (?<called>\b(?:in\ map|on\ dev|dev|device|comm|interface|pod|topic|namespace|role|realm)\ (?<called_name>[A-Za-z][\w./-]*)(?:[,;:)\]]|\.?$))
    | (?<domain>[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)*\.(?:com|net|org|io|local|internal|lan|intra|corp|cloud|example|test|invalid|eu|de|uk|us|ru|cn|jp)\b)
    | (?<number>[-+]?\d+(?:[.,]\d+)*\b)
    | (?<digest>[0-9a-f]{8,}\b|[0-9A-F]{8,}\b)
    | (?<word>[\w$]+(?:[.-][\w$]+)*)
"#;

static PATTERN: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(VALUES).ok());

/// Words with digits that mean the same in all cases; of a word with `-` or `.` its first part counts too.
const FIXED: [&str; 39] = [
    "ipv4", "ipv6", "tcpv6", "udpv6", "utf8", "utf-8", "utf16", "http1", "http2", "http3", "sha1", "sha256", "sha512",
    "sha384", "base64", "x509", "x86_64", "x86", "amd64", "arm64", "ext2", "ext3", "ext4", "log4j", "s3", "ec2", "k8s",
    "oauth2", "tls1", "tlsv1", "i18n", "win32", "ssh2", "krb5", "nfs4", "nfsv4", "layer7", "ed25519", "edns0",
];

/// What codes of errors begin with: `ORA-12541`, `AH00484`, `E0433`.
const CODES: &str = " ORA TNS PLS SP2 CS TS AH MY DB SQL SQLSTATE CVE E W YN NU MSB LNK MSI HRESULT SSL AADSTS ";

/// Words behind which stands the number of an error, which says what went wrong.
const ERROR_NUMBERS: [&str; 3] = ["errno", "os error", "hresult"];

/// Keys of which a value of letters says what went wrong, or under which circumstances.
const TELLING_KEYS: &str = " status state result reason code type event level ";

/// Names of values that each record has its own of.
const FLEETING: &str =
    " pid tid thread time timestamp request session line column port seq id uid conn connection bytes sector ";

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

impl Piece {
    /// Whether the value may tell one failure from another: what is about a host or a user does, a number or time is each record's own.
    pub fn tells_apart(&self) -> bool {
        match self {
            Piece::Literal(_) => false,
            Piece::Value { name: None, .. } => false,
            Piece::Value { text, form, name: Some(name) } => {
                let is_address = text.matches('.').count() == 3 || text.matches(':').count() == 5;
                let base = name.trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == '_');
                let is_fleeting = FLEETING.contains(&format!(" {base} "));
                let is_number = text.chars().all(|letter| letter.is_ascii_digit() || ".,-".contains(letter));
                match form {
                    Form::UpTo(_) | Form::Word => !is_fleeting && !text.starts_with("0x") && (!is_number || is_address),
                    Form::Digits | Form::Hex => is_address || base == "device" || base == "path",
                    Form::Span | Form::Size | Form::Rest => false,
                }
            }
        }
    }
}

/// Divides a message; what is named here is known to `names`.
pub(super) fn pieces(message: &str, depth: Depth, names: &mut Names) -> Vec<Piece> {
    let message = shortened(message);
    // of a quote that is left over the beginning was left out with the header
    let closing = message.find('"').filter(|_| message.matches('"').count() % 2 == 1);
    let mut division = Division { message, depth, pieces: Vec::new(), names, closing };
    match PATTERN.as_ref().filter(|_| depth != Depth::Nothing) {
        Some(pattern) => division.divide(pattern),
        None => division.literal(message),
    }
    division.pieces
}

/// The beginning of a long message, up to a word's end.
fn shortened(message: &str) -> &str {
    if message.len() <= MESSAGE_BYTES {
        return message;
    }
    let end = (0..=MESSAGE_BYTES).rev().find(|at| message.is_char_boundary(*at)).unwrap_or(0);
    let kept = message.get(..end).unwrap_or_default();
    let words = kept.rfind(char::is_whitespace).and_then(|at| kept.get(..at));
    words.filter(|words| words.len() > MESSAGE_BYTES / 2).unwrap_or(kept)
}

struct Division<'m, 'n> {
    message: &'m str,
    depth: Depth,
    pieces: Vec<Piece>,
    names: &'n mut Names,
    /// Where the quote that ends the sentence at hand stands: it begins no value.
    closing: Option<usize>,
}

/// A part of the message that was recognised: its text, where it begins and ends.
type Found<'m> = (&'m str, usize, usize);

impl<'m> Division<'m, '_> {
    fn divide(&mut self, pattern: &Regex) {
        let mut at = 0;
        while let Some(found) = pattern.captures_at(self.message, at) {
            let Some(whole) = found.get(0) else { break };
            self.literal(self.message.get(at..whole.start()).unwrap_or_default());
            at = self.take(&found).max(whole.start() + 1);
        }
        self.literal(self.message.get(at..).unwrap_or_default());
    }

    fn before(&self, start: usize) -> &'m str {
        self.message.get(..start).unwrap_or_default()
    }

    fn behind(&self, end: usize) -> &'m str {
        self.message.get(end..).unwrap_or_default()
    }

    /// Takes what was found and tells where it ends.
    fn take(&mut self, found: &Captures<'m>) -> usize {
        let range = |name: &str| found.name(name).map(|found| (found.as_str(), found.start(), found.end()));
        let whole = found.get(0).map_or(("", 0, 0), |found| (found.as_str(), found.start(), found.end()));
        let is_first = !self.before(whole.1).ends_with(char::is_alphanumeric);
        if let Some(number) = range("number") {
            return self.number(number, is_first);
        }
        if self.depth == Depth::Numbers {
            let (text, _, end) = range("many").or_else(|| range("part")).unwrap_or(whole);
            let is_number = text.chars().all(|letter| letter.is_ascii_digit());
            return if is_number && is_first {
                self.value(text, Form::Digits, Kind::Number, end)
            } else {
                self.keep(text, end)
            };
        }
        if let Some(quoted) = range("quoted") {
            return self.quoted(quoted, is_first);
        }
        if let Some((key, _, end)) = range("key") {
            return self.keyed(key, end);
        }
        if let Some((_, start, _)) = range("held")
            && let (Some(id), Some(by)) = (range("held_id"), range("held_by"))
        {
            return self.named(start, &[(id, Form::Digits, "pid"), (by, Form::Word, "command")]);
        }
        if let Some((_, start, _)) = range("task")
            && let (Some(name), Some(id)) = (range("task_name"), range("task_id"))
        {
            return self.named(start, &[(name, Form::Word, "command"), (id, Form::Digits, "pid")]);
        }
        if let Some((_, start, _)) = range("who")
            && let Some(who) = range("who_name").or_else(|| range("for_name"))
        {
            return self.called(start, who, "user");
        }
        if let Some((_, start, _)) = range("called")
            && let Some(name) = range("called_name")
        {
            let words = self.message.get(start..name.1).unwrap_or_default();
            let what = match words.split_whitespace().next_back() {
                Some("dev") => "device",
                Some("comm") => "command",
                Some(other) => other,
                None => "name",
            };
            return self.called(start, name, what);
        }
        if let Some(place) = range("file").or_else(|| range("place")) {
            return self.place(place, found.name("file").is_some());
        }
        if let Some((text, _, end)) = range("status") {
            return self.keep(text, end);
        }
        if let Some((text, _, end)) = range("many").or_else(|| range("part"))
            && is_first
        {
            let unit = self.behind(end);
            let name = match () {
                () if unit.starts_with("ms") => "milliseconds",
                () if unit.starts_with("us") || unit.starts_with("µs") => "microseconds",
                () if unit.starts_with("ns") => "nanoseconds",
                () if unit.starts_with('s') => "seconds",
                () if unit.starts_with('m') => "minutes",
                () if unit.starts_with('h') => "hours",
                () => "percent",
            };
            self.value(text, Form::Digits, Kind::Form(name), end);
            return self.keep(self.message.get(end..whole.2).unwrap_or_default(), whole.2);
        }
        for (name, form, kind) in [
            ("url", Form::Word, "url"),
            ("email", Form::Word, "email"),
            ("uuid", Form::Hex, "uuid"),
            ("time", Form::Digits, "time"),
            ("mac", Form::Hex, "mac"),
            ("pci", Form::Hex, "pci_address"),
            ("pair", Form::Digits, "device"),
            ("ip", Form::Hex, "ip"),
            ("path", Form::Word, "path"),
            ("hex", Form::Word, "hex"),
            ("digest", Form::Hex, "hex"),
            ("span", Form::Span, "duration"),
            ("size", Form::Size, "size"),
            ("domain", Form::Word, "host"),
        ] {
            if let Some(found) = range(name) {
                return self.shaped(found, form, kind, is_first);
            }
        }
        self.word(whole)
    }

    /// What has the form of an address, a path and the like.
    fn shaped(&mut self, (text, start, end): Found<'m>, form: Form, kind: &str, is_first: bool) -> usize {
        let trimmed = if form == Form::Word { text.trim_end_matches(['.', ':']) } else { text };
        let cut = end - (text.len() - trimmed.len());
        let is_all_digits = trimmed.chars().all(|letter| letter.is_ascii_digit());
        let is_certain = match kind {
            // `vg0/pool0`, `a/b`: what follows is looked at
            "path" if !is_first => return self.keep(text.get(..1).unwrap_or(text), start + 1),
            "hex" if form == Form::Hex => trimmed.contains(|letter: char| letter.is_ascii_digit()),
            // `0x80070002` is an error of Windows
            "hex" => !(trimmed.len() == 10 && trimmed.get(2..3) == Some("8")),
            // `java.io` is the beginning of a class
            "host" => {
                let rest = self.behind(cut);
                !(rest.starts_with('.') && rest.len() > 1 && !rest.starts_with(". "))
            }
            _ => !trimmed.is_empty(),
        };
        if !is_certain || !is_first {
            return self.keep(text, end);
        }
        match (kind, form) {
            ("hex", Form::Hex) if is_all_digits => self.value(trimmed, Form::Digits, Kind::Number, cut),
            // an address of four numbers has no other digits
            ("ip", _) if !trimmed.contains(':') => self.value(trimmed, Form::Digits, Kind::Form("ip"), cut),
            ("hex", _) if self.before(start).ends_with('+') => {
                self.push(trimmed, form, Some("offset"));
                cut
            }
            _ => self.value(trimmed, form, Kind::Form(kind), cut),
        }
    }

    /// A number; one that says what went wrong is no value.
    fn number(&mut self, (text, start, end): Found<'m>, is_first: bool) -> usize {
        if text.starts_with(['+', '-']) && !is_first {
            return self.keep(text.get(..1).unwrap_or_default(), start + 1);
        }
        if text.starts_with('+') {
            self.literal("+");
        }
        let digits = text.trim_start_matches('+');
        let start = end - digits.len();
        let begins_word = !self.before(start).ends_with(char::is_alphanumeric);
        let (before, behind) = (self.before(start), self.behind(end));
        let lower = before.trim_end_matches([' ', '=', ':', '-']).to_ascii_lowercase();
        let is_errno = ERROR_NUMBERS.iter().any(|word| lower.ends_with(word));
        let explained = before.ends_with('(') || before.ends_with('[') || before.ends_with("error ");
        let is_explained =
            explained && behind.strip_prefix(": ").is_some_and(|rest| rest.starts_with(char::is_uppercase));
        let is_status = digits.len() == 3
            && ["Not ", "Too ", "Unauthorized", "Forbidden", "Bad ", "Internal ", "Service ", "Gateway "]
                .iter()
                .any(|phrase| behind.trim_start().starts_with(phrase));
        if !begins_word || is_errno || is_explained || is_status || before.ends_with("curl: (") {
            return self.keep(digits, end);
        }
        if let Some(name) = self.part_of_place() {
            self.push(digits, Form::Digits, Some(name));
            return end;
        }
        self.value(digits, Form::Digits, Kind::Number, end)
    }

    /// What a number is that stands behind an address or file and a colon.
    fn part_of_place(&self) -> Option<&'static str> {
        let (before, last) = match self.pieces.as_slice() {
            [.., before, Piece::Literal(last)] => (Some(before), last.as_str()),
            [Piece::Literal(last)] => (None, last.as_str()),
            _ => return None,
        };
        match before {
            _ if last.ends_with("]:") && last.len() > 2 => Some("port"),
            Some(Piece::Value { .. }) if last == "]:" => Some("port"),
            Some(Piece::Value { text, .. }) if last == ":" && text.contains('/') => Some("line"),
            Some(Piece::Value { text, .. }) if last == ":" && text.contains('.') => Some("port"),
            _ => None,
        }
    }

    /// A value in quotes; an apostrophe, a sentence or what went wrong is none.
    fn quoted(&mut self, (text, start, end): Found<'m>, begins_word: bool) -> usize {
        let quote = text.chars().next().unwrap_or('\'');
        let last = text.chars().next_back().unwrap_or(quote);
        let inner = text.strip_prefix(quote).and_then(|text| text.strip_suffix(last)).unwrap_or_default();
        let is_long = inner.split_whitespace().count() >= SENTENCE_WORDS;
        let before = self.before(start);
        let is_message = ["msg=", "message=", "error=", "err=", "reason="].iter().any(|key| before.ends_with(key));
        let is_result = before.ends_with("result ") || before.ends_with("reason ");
        let is_apostrophe = quote == '\'' && !begins_word;
        if is_apostrophe || inner.is_empty() || self.closing == Some(start) {
            return self.keep(&quote.to_string(), start + quote.len_utf8());
        }
        if is_long || is_message {
            self.closing = Some(end - last.len_utf8());
            return self.keep(&quote.to_string(), start + quote.len_utf8());
        }
        let is_json_key = self.behind(end).starts_with(':') && before.ends_with(['{', ',', ' ']) && quote == '"';
        if is_result || is_json_key || is_fault(inner) {
            return self.keep(text, end);
        }
        self.literal(&quote.to_string());
        self.value(inner, Form::UpTo(last), Kind::Value, end);
        self.literal(&last.to_string());
        end
    }

    /// What stands behind `key=`.
    fn keyed(&mut self, key: &str, end: usize) -> usize {
        self.literal(key);
        let key = key.trim_end_matches('=');
        let (rest, closing) = match self.behind(end).strip_prefix('<') {
            Some(rest) if rest.contains('>') => {
                self.literal("<");
                (rest, ">")
            }
            _ => (self.behind(end), ",;)]}'\"&"),
        };
        let start = self.message.len() - rest.len();
        let length = rest.find(|letter: char| letter.is_whitespace() || closing.contains(letter)).unwrap_or(rest.len());
        let value = rest.get(..length).unwrap_or_default();
        let is_word = value.chars().all(|letter| letter.is_alphabetic() || matches!(letter, '-' | '_'));
        let tells = TELLING_KEYS.contains(&format!(" {} ", key.to_ascii_lowercase())) || is_fault(value);
        if value.is_empty() || (is_word && tells) || value.starts_with('(') {
            return start;
        }
        let is_number = value.chars().all(|letter| letter.is_ascii_digit());
        let form = if is_number { Form::Digits } else { Form::Word };
        let name = match self.names.len() < CAPTURES_MOST {
            true => self.names.keyed(key, value),
            false => None,
        };
        self.add(value, form, name);
        start + length
    }

    /// `db1:5432`, `Main.java:12`; not `code:28`.
    fn place(&mut self, (text, start, end): Found<'m>, is_file: bool) -> usize {
        let (file, column) = match text.match_indices(':').nth(1) {
            Some((at, _)) => (text.get(..at).unwrap_or(text), text.get(at + 1..)),
            None => (text, None),
        };
        let Some((before, number)) = file.rsplit_once(':') else { return self.keep(text, end) };
        let follows = ["to", "from", "at", "host", "server", "peer", "node", "address", "broker"];
        let words = self.before(start).trim_end();
        let is_named = words.rsplit(' ').next().is_some_and(|word| follows.contains(&word));
        let has_digit = before.contains(|letter: char| letter.is_ascii_digit());
        let is_host = (before.contains('.') || before.contains('-') || has_digit || before == "localhost")
            && !before.contains('_')
            && number.len() >= 2
            && !self.behind(end).starts_with('.');
        if !(is_file || is_host || is_named) {
            let is_name = is_identifier(before) && !is_code(before);
            return match is_name {
                true => self.value(before, Form::Word, Kind::Word, start + before.len()),
                false => self.keep(before, start + before.len()),
            };
        }
        let [first, second] = if is_file { ["file", "line"] } else { ["host", "port"] };
        self.push(before, Form::Word, Some(first));
        self.literal(":");
        self.push(number, Form::Digits, Some(second));
        if let Some(column) = column {
            self.literal(":");
            self.push(column, Form::Digits, Some("column"));
        }
        end
    }

    /// Values whose names are known, with what is between them; goes on behind the last.
    fn named(&mut self, start: usize, values: &[(Found<'m>, Form, &str)]) -> usize {
        let mut at = start;
        for ((text, begin, end), form, name) in values {
            self.literal(self.message.get(at..*begin).unwrap_or_default());
            self.push(text, *form, Some(name));
            at = *end;
        }
        at
    }

    /// `user admin from`, `dev sdk,`: what a word is the name of.
    fn called(&mut self, start: usize, (name, begin, end): Found<'m>, what: &str) -> usize {
        let is_state = ["not", "is", "was", "full", "down", "up", "empty", "busy", "offline", "not-found", "the", "a"];
        if is_fault(name) || is_state.contains(&name) {
            return self.keep(self.message.get(start..begin).unwrap_or_default(), begin);
        }
        let trimmed = name.trim_end_matches('.');
        self.named(start, &[((trimmed, begin, end - (name.len() - trimmed.len())), Form::Word, what)])
    }

    /// A word, which is a value if it has digits and means something else elsewhere.
    fn word(&mut self, (text, _, end): Found<'m>) -> usize {
        let is_unit = [".service", ".socket", ".timer", ".mount", ".slice", ".target"]
            .iter()
            .any(|unit| text.len() > unit.len() && text.ends_with(unit));
        let is_value = is_unit || (is_identifier(text) && !(self.behind(end).starts_with(':') && is_code(text)));
        if is_value { self.value(text, Form::Word, Kind::Word, end) } else { self.keep(text, end) }
    }

    fn keep(&mut self, text: &str, end: usize) -> usize {
        self.literal(text);
        end
    }

    fn literal(&mut self, text: &str) {
        match self.pieces.last_mut() {
            Some(Piece::Literal(last)) => last.push_str(text),
            _ if text.is_empty() => {}
            _ => self.pieces.push(Piece::Literal(text.to_owned())),
        }
    }

    /// A value that is named after the words beside it, else after what it is.
    fn value(&mut self, text: &str, form: Form, kind: Kind<'_>, end: usize) -> usize {
        let before = match self.pieces.last() {
            Some(Piece::Literal(literal)) => literal.as_str(),
            _ => "",
        };
        let name = match self.names.len() < CAPTURES_MOST {
            true => self.names.beside(text, before, self.message.get(end..).unwrap_or_default(), kind),
            false => None,
        };
        self.add(text, form, name);
        end
    }

    fn push(&mut self, text: &str, form: Form, name: Option<&str>) {
        let named = self.names.len() < CAPTURES_MOST;
        let name = name.filter(|_| named).map(|name| self.names.unique(name));
        self.add(text, form, name);
    }

    fn add(&mut self, text: &str, form: Form, name: Option<String>) {
        self.pieces.push(Piece::Value { text: text.to_owned(), form, name });
    }
}

/// `db-01`, `blk_7`, `req-a1`: letters and digits, that is, a name of something. Words of letters alone are none, and codes of
/// errors say what went wrong.
fn is_identifier(word: &str) -> bool {
    let has = |kind: fn(&char) -> bool| word.chars().any(|letter| kind(&letter));
    let first = word.split(['-', '.']).next().unwrap_or(word);
    let is_fixed = FIXED.iter().any(|fixed| word.eq_ignore_ascii_case(fixed) || first.eq_ignore_ascii_case(fixed));
    let letters = word.trim_end_matches(|letter: char| letter.is_ascii_digit()).trim_end_matches(['-', '_']);
    let is_known_code = is_code(word) && CODES.contains(&format!(" {letters} "));
    // `ext4_ext_check_inode` is a function
    let is_function = word.matches('_').count() > 1;
    has(char::is_ascii_digit) && !is_function && has(|letter| letter.is_alphabetic()) && !is_fixed && !is_known_code
}

/// `ORA-01555`: capitals, then digits.
fn is_code(word: &str) -> bool {
    let digits = word.trim_start_matches(|letter: char| letter.is_ascii_uppercase());
    let digits = digits.trim_start_matches(['-', '_']);
    digits.len() < word.len() && !digits.is_empty() && digits.chars().all(|letter| letter.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::author::scaffold::written::regex;

    fn made(message: &str) -> String {
        regex(&pieces(message, Depth::Values, &mut Names::default()))
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
            ("gave up after 30s and 3 retries", r"gave up after (?<seconds>\d+)s and (?<retries>\d+) retries"),
            ("can't fork", r"can't fork"),
            ("ORA-01555: snapshot too old", r"ORA-01555: snapshot too old"),
            ("a (b) [c] 50%", r"a \(b\) \[c\] (?<percent>\d+)%"),
            ("copy '/a/b' to '/c'", r"copy '(?<path>[^']+)' to '(?<path_2>[^']+)'"),
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
    fn values_have_the_forms_that_logs_give_them() {
        for (message, wanted) in [
            (
                "HikariPool-1 - Connection is not available, request timed out after 30001ms (total=10)",
                r"(?<pool>\S+) - Connection is not available, request timed out after (?<milliseconds>\d+)ms \(total=(?<total>\d+)\)",
            ),
            (
                "Failed password for invalid user admin from 203.0.113.50 port 51234 ssh2",
                r"Failed password for invalid user (?<user>\S+) from (?<ip>\d+\.\d+\.\d+\.\d+) port (?<port>\d+) ssh2",
            ),
            ("checker failed path 8:112 in map mpatha", r"checker failed path (?<path>\d+:\d+) in map (?<map>\S+)"),
            ("socket() failed (24: Too many open files)", r"socket\(\) failed \(24: Too many open files\)"),
            ("OSError: [Errno 24] Too many files: '/x/y'", r"OSError: \[Errno 24\] Too many files: '(?<files>[^']+)'"),
            (
                "Out of memory: Killed process 23793 (python3) total-vm:2623712kB",
                r"Out of memory: Killed process (?<pid>\d+) \((?<command>[^\s)]+)\) total-vm:(?<total_vm>[0-9.]+ ?[kKMGTPmgt]?i?[bB])",
            ),
            (
                "CPU#0 stuck for 23s! [sshd:17129]",
                r"CPU#(?<cpu>\d+) stuck for (?<seconds>\d+)s! \[(?<command>[^\s:]+):(?<pid>\d+)\]",
            ),
            (
                "volume \"pvc-f47ac10b-58cc-4372-a567-0e02b2c3d479\" is attached",
                r#"volume "(?<volume>[^"]+)" is attached"#,
            ),
            ("lock f47ac10b-58cc-4372-a567-0e02b2c3d479 is held", r"lock (?<lock>[0-9a-fA-F-]{36}) is held"),
            ("from 10.0.0.1:52068 failed", r"from (?<ip>\d+\.\d+\.\d+\.\d+):(?<port>\d+) failed"),
            ("hdr.c:1:10: no such header", r"(?<file>[^\s:]+):(?<line>\d+):(?<column>\d+): no such header"),
            ("error[E0433]: cannot find it", r"error\[E0433\]: cannot find it"),
            ("apparmor=\"DENIED\" comm=\"x\"", r#"apparmor="DENIED" comm="(?<comm>[^"]+)""#),
            ("app.service: Failed with result 'timeout'.", r"(?<unit>[^\s:]+): Failed with result 'timeout'\."),
            ("from=<a@b.example> to=<c@d.example>", r"from=<(?<sender>[^\s>]+)> to=<(?<recipient>[^\s>]+)>"),
            ("thin pool vg0/pool0 is full", r"thin pool (?<pool>[^\s/]+)/(?<pool_2>\S+) is full"),
            ("I/O error, dev sdk, sector 130611915", r"I/O error, dev (?<device>[^\s,]+), sector (?<sector>\d+)"),
            ("user is locked", r"user is locked"),
            ("ERROR 1040 (08004): too many", r"ERROR 1040 \(08004\): too many"),
            ("{\"user\":\"bob x\"}", r#"\{"user":"(?<user>[^"]+)"\}"#),
            ("Skipping pods\" err=\"PLEG is not well today\"", r#"Skipping pods" err="PLEG is not well today""#),
            ("symbol `grub_calloc' not found", r"symbol `(?<symbol>[^']+)' not found"),
        ] {
            assert_eq!(made(message), wanted);
        }
    }

    #[test]
    fn what_a_record_has_of_its_own_tells_nothing_apart() {
        let pieces = pieces(
            "connect to db1:5432 refused for 'alice' after 30ms, 3 tries, lock f47ac10b-58cc-4372-a567-0e02b2c3d479, peer 10.0.0.1",
            Depth::Values,
            &mut Names::default(),
        );
        let named = pieces.iter().filter(|piece| piece.tells_apart()).filter_map(|piece| match piece {
            Piece::Value { name, .. } => name.as_deref(),
            Piece::Literal(_) => None,
        });
        assert_eq!(named.collect::<Vec<_>>(), ["host", "value", "peer"]);
    }

    #[test]
    fn long_messages_are_cut_and_only_so_many_values_named() {
        let long = "word ".repeat(1000);
        assert!(made(&long).len() <= MESSAGE_BYTES);
        let many = (0..30).map(|number| format!("w{} {number} ", "x".repeat(number % 5))).collect::<String>();
        assert_eq!(made(&many).matches("(?<").count(), CAPTURES_MOST);
    }
}
