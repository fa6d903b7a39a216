//! Finds secrets and personal data of the usual forms in a text.
//!
//! One pass over the bytes. What can begin or betray a value (a word, `@`, `=`, `:`, `<`, `-`) is looked at where it stands; how far is looked
//! back is bounded, and what was looked at ahead is taken or is not looked at again, so the time is linear. Names of secrets and forms of tokens
//! are in `names`, addresses in `addresses`, what stands behind a name in `values`. Pseudonyms are passed over.

use std::cell::Cell;
use std::ops::Range;

use crate::report::redact::names::{self, NAME_LIMIT, Named};
use crate::report::redact::{addresses, pseudonym};
use crate::rule::vocabulary::MaskedKind;

/// Bytes of a line before an option in which the command is looked for that it belongs to.
const COMMAND_BYTES: usize = 256;
/// Bytes of an element's tag.
const TAG_BYTES: usize = 256;
/// Bytes of an element's text.
const VALUE_BYTES: usize = 4096;
/// Blanks between a name, its sign and its value.
const BLANKS: usize = 16;

/// A value to be masked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) range: Range<usize>,
    pub(super) kind: MaskedKind,
}

/// What is to be found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'k> {
    /// Kinds that are left.
    pub(super) keep: &'k [MaskedKind],
    /// Whether one is enough.
    pub(super) first: bool,
}

/// Finds what is to be masked, in order, without overlaps.
pub(super) fn find(text: &str, wanted: Wanted<'_>) -> Vec<Found> {
    let mut scanner = Scanner {
        text,
        bytes: text.as_bytes(),
        wanted,
        found: Vec::new(),
        floor: 0,
        run_end: 0,
        next_end: None,
        line: Cell::new((0, 0)),
    };
    let mut at = 0;
    while let Some(&byte) = scanner.bytes.get(at) {
        let next = if is_word(byte) {
            let end = scanner.word_end(at);
            scanner.word(at, end).unwrap_or(end)
        } else {
            scanner.sign(at, byte).unwrap_or(at + 1)
        };
        at = next.max(at + 1);
        if wanted.first && !scanner.found.is_empty() {
            break;
        }
    }
    scanner.found
}

pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn is_name(byte: u8) -> bool {
    is_word(byte) || matches!(byte, b'-' | b'.')
}

pub(super) struct Scanner<'t> {
    pub(super) text: &'t str,
    pub(super) bytes: &'t [u8],
    wanted: Wanted<'t>,
    found: Vec<Found>,
    /// Where the last value found ends; nothing is looked at before it.
    floor: usize,
    /// Where the last run of digits and colons ends that is no address.
    run_end: usize,
    /// The last `-----END` that was looked for: from where, and where it is.
    next_end: Option<(usize, Option<usize>)>,
    /// The last end of a line that was looked for: from where, and where it is.
    line: Cell<(usize, usize)>,
}

impl Scanner<'_> {
    pub(super) fn byte(&self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    /// The byte before a place.
    fn before(&self, at: usize) -> Option<u8> {
        self.byte(at.checked_sub(1)?)
    }

    pub(super) fn starts(&self, at: usize, with: &str) -> bool {
        self.bytes.get(at..).is_some_and(|rest| rest.starts_with(with.as_bytes()))
    }

    /// A piece of the text; empty when it is none.
    pub(super) fn piece(&self, range: Range<usize>) -> &str {
        self.text.get(range).unwrap_or_default()
    }

    pub(super) fn skip(&self, at: usize, limit: usize, test: impl Fn(u8) -> bool) -> usize {
        let rest = self.bytes.get(at..).unwrap_or_default();
        at + rest.iter().take(limit).take_while(|byte| test(**byte)).count()
    }

    /// Where the bytes begin that end here and pass a test.
    fn skip_back(&self, at: usize, limit: usize, test: impl Fn(u8) -> bool) -> usize {
        let before = self.bytes.get(self.floor.min(at)..at).unwrap_or_default();
        at - before.iter().rev().take(limit).take_while(|byte| test(**byte)).count()
    }

    fn word_end(&self, at: usize) -> usize {
        self.skip(at, usize::MAX, is_word)
    }

    pub(super) fn line_end(&self, at: usize) -> usize {
        let (from, end) = self.line.get();
        if (from..end).contains(&at) {
            return end;
        }
        let rest = self.bytes.get(at..).unwrap_or_default();
        let length = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        self.line.set((at, at + length));
        at + length
    }

    /// The line before a place, as far as is looked back.
    fn line_before(&self, at: usize) -> &[u8] {
        let start = self.skip_back(at, COMMAND_BYTES, |byte| byte != b'\n');
        self.bytes.get(start..at).unwrap_or_default()
    }

    /// Whether values of a kind are left. Asked before one is looked at: what is not taken is looked at again.
    pub(super) fn keeps(&self, kind: MaskedKind) -> bool {
        self.wanted.keep.contains(&kind)
    }

    /// Takes a value, unless its kind is left. Gives where to go on.
    pub(super) fn take(&mut self, range: Range<usize>, kind: MaskedKind) -> Option<usize> {
        if self.keeps(kind) || range.is_empty() {
            return None;
        }
        // limits may have cut a letter in two
        let mut range = range;
        while !self.text.is_char_boundary(range.start) {
            range.start -= 1;
        }
        while !self.text.is_char_boundary(range.end) {
            range.end += 1;
        }
        self.floor = range.end;
        self.found.push(Found { range: range.clone(), kind });
        Some(range.end)
    }

    fn word(&mut self, start: usize, end: usize) -> Option<usize> {
        let first = self.byte(start)?;
        if first.is_ascii_hexdigit()
            && let Some(next) = self.numbers(start)
        {
            return Some(next);
        }
        if let Some(end) = names::token(self.bytes, start) {
            return self.take(start..end, MaskedKind::Token);
        }
        let word = self.piece(start..end);
        match first {
            b'B' | b'b' if word.eq_ignore_ascii_case("bearer") => self.bearer(end),
            b'B' | b'b' if word.eq_ignore_ascii_case("basic") => self.basic(end),
            b'b' | b'B' if word.eq_ignore_ascii_case("by") => {
                let is_sql = self.line_before(start).trim_ascii_end().to_ascii_lowercase().ends_with(b"identified");
                if is_sql { self.quoted_behind(end) } else { None }
            }
            b'p' | b'P' if word.len() <= NAME_LIMIT && names::is_secret(word) == Some(MaskedKind::Password) => {
                self.quoted_behind(end)
            }
            b'i' if word == "ip" => {
                let end = addresses::with_dashes(self.bytes, end)?;
                self.take(start + 3..end, MaskedKind::Ip)
            }
            b'h' if word == "hooks" && self.starts(end, ".slack.com/services/") => {
                let start = end + ".slack.com/services/".len();
                let end = self.skip(start, usize::MAX, |byte| is_word(byte) || byte == b'/');
                self.take(start..end, MaskedKind::Token)
            }
            _ => None,
        }
    }

    /// Addresses and numbers of cards.
    fn numbers(&mut self, start: usize) -> Option<usize> {
        if let Some(next) = self.colons(start) {
            return Some(next);
        }
        if let Some(end) = addresses::mac_with_dashes(self.bytes, start) {
            return self.take(start..end, MaskedKind::Mac);
        }
        if !self.byte(start)?.is_ascii_digit() {
            return None;
        }
        if let Some((end, is_telling)) = addresses::ipv4(self.bytes, start) {
            // what is no secret is passed over as a whole
            let taken = if is_telling { self.take(start..end, MaskedKind::Ip) } else { None };
            return taken.or(Some(end));
        }
        let end = addresses::card(self.bytes, start)?;
        self.take(start..end, MaskedKind::Card)
    }

    /// An IPv6 address, or the address of a network card.
    fn colons(&mut self, start: usize) -> Option<usize> {
        if start < self.run_end {
            return None;
        }
        let is_part = |byte: u8| byte.is_ascii_hexdigit() || byte == b':';
        // an address has a colon in its first five bytes
        if !self.bytes.get(start..)?.iter().take(5).take_while(|byte| is_part(**byte)).any(|byte| *byte == b':') {
            return None;
        }
        let end = self.skip(start, usize::MAX, |byte| is_part(byte) || byte == b'.');
        let goes_on = self.byte(end).is_some_and(|byte| is_word(byte) || byte >= 0x80);
        let run = self.bytes.get(start..end)?;
        match addresses::with_colons(run).filter(|_| !goes_on) {
            Some((length, Some(kind))) => {
                self.run_end = start + length;
                self.take(start..start + length, kind)
            }
            Some((length, None)) => Some(start + length),
            None => {
                self.run_end = end;
                None
            }
        }
    }

    fn sign(&mut self, at: usize, byte: u8) -> Option<usize> {
        match byte {
            b'@' => self.email(at, at + 1),
            b'%' if self.starts(at, "%40") => self.email(at, at + 3),
            b'=' => self.assigned(at),
            b':' if self.byte(at + 1) == Some(b':') => {
                let follows_name = self.before(at).is_some_and(|byte| is_word(byte) || byte == b':' || byte == b'>');
                if follows_name { None } else { self.colons(at) }
            }
            b':' if self.before(at) == Some(b':') => None,
            b':' if self.starts(at, "://") => self.userinfo(at + 3),
            b':' => self.assigned(at),
            b'<' => pseudonym::end(self.bytes, at).or_else(|| self.element(at, "<", ">")),
            b'&' if self.starts(at, "&lt;") => self.element(at, "&lt;", "&gt;"),
            b'-' if self.starts(at, "-----BEGIN ") => self.private_key(at),
            b'-' => self.option(at),
            _ => None,
        }
    }

    fn email(&mut self, at: usize, domain: usize) -> Option<usize> {
        let is_local = |byte: u8| byte.is_ascii_alphanumeric() || b"._+-'!#$*".contains(&byte) || byte >= 0x80;
        let local = self.skip_back(at, NAME_LIMIT, is_local);
        let is_mark = |byte: u8| matches!(byte, b'.' | b'-' | b'\'' | b'*' | b'#' | b'!' | b'$');
        let local = self.skip(local, at - local, is_mark);
        let end = addresses::domain(self.bytes, domain)?;
        let is_address = local < at && self.piece(local..at) != "git";
        if is_address { self.take(local..end, MaskedKind::Email) } else { None }
    }

    /// The password in `scheme://user:password@host`.
    fn userinfo(&mut self, start: usize) -> Option<usize> {
        let end = self.skip(start, TAG_BYTES, |byte| byte > b' ' && !b"/\"'`\\".contains(&byte));
        let info = self.bytes.get(start..end)?;
        let at = start + memchr::memrchr(b'@', info)?;
        let password = start + memchr::memchr(b':', info)? + 1;
        // `host:80?to=a@b` has a port; `#` is taken for part of a password, which many write as it is
        let port = self.skip(password, 5, |byte| byte.is_ascii_digit());
        if port > password && matches!(self.byte(port), Some(b'?' | b',')) {
            return None;
        }
        if password >= at || names::tells_nothing(self.piece(password..at)) || self.is_masked(password, at) {
            return (password < at).then_some(at);
        }
        self.take(password..at, MaskedKind::Password)
    }

    /// Whether exactly this is a pseudonym.
    pub(super) fn is_masked(&self, start: usize, end: usize) -> bool {
        pseudonym::end(self.bytes, start) == Some(end)
    }

    fn bearer(&mut self, end: usize) -> Option<usize> {
        let start = self.skip(end, BLANKS, is_blank);
        let token = self.skip(start, usize::MAX, |byte| is_word(byte) || b".~+/=-".contains(&byte));
        let value = self.bytes.get(start..token)?;
        let is_token = value.len() >= 20 || value.len() >= 8 && value.iter().any(u8::is_ascii_digit);
        if start > end && is_token { self.take(start..token, MaskedKind::Token) } else { None }
    }

    fn basic(&mut self, end: usize) -> Option<usize> {
        let start = self.skip(end, BLANKS, is_blank);
        let token = self.skip(start, usize::MAX, |byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte));
        let value = self.bytes.get(start..token)?;
        let has = |test: fn(&u8) -> bool| value.iter().any(test);
        let is_token = value.len() >= 8
            && has(u8::is_ascii_lowercase)
            && has(u8::is_ascii_uppercase)
            && (has(u8::is_ascii_digit) || value.ends_with(b"="));
        if start > end && is_token { self.take(start..token, MaskedKind::Token) } else { None }
    }

    /// `password 'x'`, `IDENTIFIED BY 'x'`.
    fn quoted_behind(&mut self, end: usize) -> Option<usize> {
        let start = self.skip(end, BLANKS, is_blank);
        let quote = self.byte(start).filter(|byte| matches!(byte, b'\'' | b'"'))?;
        let line = self.bytes.get(start + 1..self.line_end(start))?;
        let close = start + 1 + memchr::memchr(quote, line)?;
        let is_value = start > end && !names::tells_nothing(self.piece(start + 1..close));
        if !is_value || self.is_masked(start + 1, close) {
            return None;
        }
        self.take(start + 1..close, MaskedKind::Password)
    }

    /// A value behind `=` or `:`.
    fn assigned(&mut self, at: usize) -> Option<usize> {
        let mut end = self.skip_back(at, 3, is_blank);
        let mut quote = None;
        if let Some(byte @ (b'"' | b'\'' | b'`')) = self.before(end) {
            quote = Some(byte);
            end = self.skip_back(end - 1, 7, |byte| byte == b'\\');
        } else if self.before(end) == Some(b']') {
            // `user[password]=`
            end = self.skip_back(end - 1, 1, |byte| byte == b'\'' || byte == b'"');
        }
        let start = self.skip_back(end, NAME_LIMIT, is_name);
        let name = self.text.get(start..end).filter(|name| !name.is_empty())?;
        let blank = self.skip_back(start, 1, |byte| matches!(byte, b' ' | b'_'));
        let before = self.skip_back(blank, NAME_LIMIT, is_word);
        let word = self.text.get(before..blank).unwrap_or_default();
        let what = match names::named(name, word) {
            Some(what) => what,
            None if ["name", "key", "property"].iter().any(|known| name.eq_ignore_ascii_case(known)) => {
                return self.value_of_named(at);
            }
            None => return None,
        };
        if what == Named::Perhaps(MaskedKind::Token) && name.eq_ignore_ascii_case("key") {
            // `key="Password" value="…"`
            if let Some(next) = self.value_of_named(at) {
                return Some(next);
            }
        }
        let is_home = name.ends_with("PWD") && self.byte(at + 1) == Some(b'/');
        if is_home {
            return None;
        }
        let indent = self.skip_back(start, 32, |byte| is_blank(byte) || matches!(byte, b'-' | b'"' | b'\'' | b'#'));
        let begins_line = indent == 0 || self.before(indent) == Some(b'\n');
        let place = super::values::Place { sign: at, begins_line, word_before: word.to_owned(), quote };
        self.value(&place, what)
    }

    /// The value in `name: DB_PASSWORD, value: x` and its like, behind a sign whose name is `name` or `key`.
    fn value_of_named(&mut self, sign: usize) -> Option<usize> {
        let is_between = |byte: u8| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'\\');
        let start = self.skip(sign + 1, BLANKS, is_between);
        let end = self.skip(start, NAME_LIMIT, is_name);
        let kind = names::is_secret(self.piece(start..end))?;
        let next = self.skip(end, BLANKS, |byte| is_between(byte) || byte == b',');
        let is_value = self.bytes.get(next..next + 5).is_some_and(|word| word.eq_ignore_ascii_case(b"value"));
        if next == end || !is_value {
            return None;
        }
        let sign = self.skip(next + 5, BLANKS, is_between);
        if !matches!(self.byte(sign)?, b':' | b'=') {
            return None;
        }
        let place = super::values::Place { sign, begins_line: false, word_before: String::new(), quote: None };
        self.value(&place, Named::Secret(kind))
    }

    /// `<password>x</password>`
    fn element(&mut self, at: usize, open: &str, close: &str) -> Option<usize> {
        let start = at + open.len();
        let end = self.skip(start, NAME_LIMIT, |byte| is_name(byte) || byte == b':');
        let name = self.piece(start..end);
        let kind = names::is_secret(name.rsplit(':').next().unwrap_or(name)).filter(|kind| !self.keeps(*kind))?;
        let tag = self.bytes.get(end..self.bytes.len().min(end + TAG_BYTES))?;
        let length = memchr::memmem::find(tag, close.as_bytes())?;
        let tag = tag.get(..length)?;
        if tag.ends_with(b"/") || tag.contains(&b'<') || tag.contains(&b'\n') {
            return None;
        }
        let mut value = end + length + close.len();
        if self.starts(value, "<![CDATA[") {
            value += "<![CDATA[".len();
        }
        if let Some(end) = pseudonym::end(self.bytes, value) {
            return Some(end);
        }
        let rest = self.bytes.get(value..)?;
        let rest = rest.get(..rest.len().min(VALUE_BYTES))?;
        let length = memchr::memchr(b'<', rest).unwrap_or(rest.len());
        let length =
            if open == "<" { length } else { memchr::memmem::find(rest.get(..length)?, b"&lt;").unwrap_or(length) };
        let written = self.piece(value..value + length).trim_end_matches("]]>");
        let value = value + (written.len() - written.trim_start().len());
        let written = written.trim();
        if names::tells_nothing(written) {
            return None;
        }
        self.take(value..value + written.len(), kind)
    }

    /// The lines of a private key, also where their end is missing or they stand in a string.
    fn private_key(&mut self, at: usize) -> Option<usize> {
        let label = at + "-----BEGIN ".len();
        let end =
            self.skip(label, NAME_LIMIT, |byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b' ');
        let is_private = self.piece(label..end).contains("PRIVATE KEY") && self.starts(end, "-----");
        if !is_private || self.keeps(MaskedKind::Key) {
            return None;
        }
        let from = end + 5;
        let next = match self.next_end {
            Some((looked, found)) if looked <= from && found.is_none_or(|found| found >= from) => found,
            _ => {
                let rest = self.bytes.get(from..).unwrap_or_default();
                memchr::memmem::find(rest, b"-----END ").map(|length| from + length)
            }
        };
        self.next_end = Some((from, next));
        let between = |next: &usize| {
            memchr::memmem::find(self.bytes.get(from..*next).unwrap_or_default(), b"-----BEGIN ").is_none()
        };
        let end = match next.filter(|next| *next - from <= KEY_BYTES && between(next)) {
            Some(next) => {
                let label = next + "-----END ".len();
                let dashes = self.skip(label, NAME_LIMIT, |byte| byte != b'-' && byte != b'\n');
                self.skip(dashes, 5, |byte| byte == b'-')
            }
            None => self.key_lines(from),
        };
        self.take(at..end, MaskedKind::Key)
    }

    /// The end of what looks like lines of a key.
    fn key_lines(&self, from: usize) -> usize {
        let mut end = from;
        loop {
            let start =
                self.skip(end, BLANKS, |byte| byte.is_ascii_whitespace() || matches!(byte, b'\\' | b'r' | b'n'));
            let line = self.skip(start, usize::MAX, |byte| byte.is_ascii_alphanumeric() || b"+/=\\".contains(&byte));
            let is_last = line == self.bytes.len();
            // words of a sentence are shorter
            if line - start < 24 && !is_last || line == start {
                return end;
            }
            end = line;
        }
    }

    /// `--password x`, `-px` of MySQL, `-u user:x` of curl.
    fn option(&mut self, at: usize) -> Option<usize> {
        let begins = self.before(at).is_none_or(|byte| byte.is_ascii_whitespace() || b"\"'`[(,=".contains(&byte));
        if !begins {
            return None;
        }
        let start = self.skip(at, 2, |byte| byte == b'-');
        let end = self.skip(start, NAME_LIMIT, is_name);
        let name = self.piece(start..end);
        let is_gap = |byte: u8| is_blank(byte) || matches!(byte, b'"' | b'\'' | b',' | b'\\');
        let value = self.skip(end, BLANKS, is_gap);
        let of = |command: &[&str]| {
            let line = self.line_before(at);
            command.iter().any(|command| memchr::memmem::find(line, command.as_bytes()).is_some())
        };
        if start == at + 1 && name.starts_with('p') && of(&["mysql", "mariadb"]) {
            let value = if name.len() > 1 || value == end { start + 1 } else { value };
            let is_joined = value == start + 1;
            return if is_joined { self.argument(value, MaskedKind::Password, true) } else { None };
        }
        if name == "p" && of(&["sshpass"]) {
            return self.argument(value, MaskedKind::Password, true);
        }
        if matches!(name, "u" | "user" | "proxy-user") && of(&["curl", "wget"]) {
            let user = self.skip(value, NAME_LIMIT, |byte| is_name(byte) || byte == b'@');
            let is_pair = value > end && self.byte(user) == Some(b':');
            return if is_pair { self.argument(user + 1, MaskedKind::Password, true) } else { None };
        }
        let kind = names::is_secret(name)?;
        if value == end || start == at + 1 && name.len() < 4 {
            return None;
        }
        self.argument(value, kind, false)
    }

    /// An argument of a command line.
    fn argument(&mut self, start: usize, kind: MaskedKind, is_sure: bool) -> Option<usize> {
        if self.keeps(kind) {
            return None;
        }
        let quote = self.before(start).filter(|byte| matches!(byte, b'"' | b'\''));
        let end = match (quote, self.byte(start)?) {
            (Some(quote), _) => self.skip(start, usize::MAX, |byte| byte != quote && byte != b'\n' && byte != b'\\'),
            (None, quote @ (b'"' | b'\'')) => {
                let end = self.skip(start + 1, usize::MAX, |byte| byte != quote && byte != b'\n');
                (end + 1).min(self.bytes.len())
            }
            _ => self.skip(start, usize::MAX, |byte| !byte.is_ascii_whitespace() && !b"\"'`".contains(&byte)),
        };
        let value = self.piece(start..end);
        let is_none = value.starts_with('-') && !is_sure || names::tells_nothing(value);
        if is_none || !is_sure && names::is_prose(value) || self.is_masked(start, end) {
            return None;
        }
        self.take(start..end, kind)
    }
}

/// Bytes of a private key: one of RSA with 16,384 bits has 13,000.
const KEY_BYTES: usize = 16 * 1024;
