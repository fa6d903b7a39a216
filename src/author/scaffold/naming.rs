//! Names for what a message captures.
//!
//! A value is named after the word before it, else after the form that it has, a counted one after the word behind it, else after a
//! word further before it. Numbers are added only where a name is given twice.

use std::collections::BTreeSet;

use crate::author::scaffold::secrets::is_secret;
use crate::rule::RESERVED_NAMES;

/// Letters of a name: longer words are no names.
const LENGTH: usize = 30;

/// Words before a value, beginning with the nearest, of which one may name it.
const WORDS_BEFORE: usize = 3;

/// Words beside a value that do not say what it is.
const EMPTY_WORDS: &str = " a an and are as at be been but by can cannot could did does for from had has have id if in into is it its no not \
    of off on one only or our out over than that the their then there this to too under up via was were what when which while will with \
    without would you your after before during about against between until since because due got get add set put called named value \
    failed fails error exception failure denied refused expected actual found invalid unknown missing exceeded again still took reason \
    open read write create delete remove copy move load find access connect reach execute run start stop bind parse resolve exists watch \
    wrote fetch pull push post returned exited cause caused attempt try use unlink stat rename scan visit see ms sec kb mb gb more most least \
    last first next all any each every some see allow enable add ";

/// Endings of words that tell what is done and not what a value is.
const VERB_ENDINGS: [&str; 2] = ["ing", "ed"];

/// Nouns with such an ending.
const NOUNS: &str = " setting string mapping binding ring thing encoding listing feed speed seed embed need deed ";

/// Words that stand for more than they say, or cannot be names.
const SYNONYMS: [(&str, &str); 10] = [
    ("error", "error_code"),
    ("err", "error_code"),
    ("errno", "error_code"),
    ("exception", "exception_name"),
    ("from", "sender"),
    ("to", "recipient"),
    ("id", "id"),
    ("read", "bytes_read"),
    ("reason", "reason"),
    ("value", "value"),
];

/// What devices and the like are called: the letters that their names begin with.
const KINDS: [(&str, &str); 24] = [
    ("eth", "interface"),
    ("enp", "interface"),
    ("ens", "interface"),
    ("eno", "interface"),
    ("wlan", "interface"),
    ("bond", "interface"),
    ("veth", "interface"),
    ("sd", "device"),
    ("vd", "device"),
    ("xvd", "device"),
    ("hd", "device"),
    ("nvme", "device"),
    ("dm", "device"),
    ("md", "device"),
    ("loop", "device"),
    ("ata", "port"),
    ("db", "host"),
    ("web", "host"),
    ("app", "host"),
    ("srv", "host"),
    ("node", "host"),
    ("host", "host"),
    ("cpu", "cpu"),
    ("pvc", "volume"),
];

/// What a value says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind<'k> {
    /// A form that has a name: `path`, `host`, `uuid`.
    Form(&'k str),
    /// A number, perhaps of things.
    Number,
    /// Something in quotes, or behind a key.
    Value,
    /// A word with digits.
    Word,
}

/// The names that were given.
#[derive(Debug, Default)]
pub(super) struct Names {
    given: BTreeSet<String>,
}

impl Names {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.given.len()
    }

    /// Names a value; `None` for a secret.
    pub fn beside(&mut self, value: &str, before: &str, behind: &str, kind: Kind<'_>) -> Option<String> {
        let mut words = words_before(before);
        let nearest = words.next().unwrap_or_default();
        if is_secret(nearest) && !value.starts_with('/') {
            return None;
        }
        let after = counted(behind).filter(|_| kind == Kind::Number);
        let synonym = || SYNONYMS.iter().find(|(word, _)| nearest.eq_ignore_ascii_case(word) && kind == Kind::Number);
        let own = match kind {
            Kind::Form(form) => Some(form.to_owned()),
            Kind::Value => form_of(value).map(str::to_owned),
            Kind::Word => kind_of(value),
            Kind::Number => None,
        };
        // `XFS (dm-28)` is a device
        let is_kind = kind == Kind::Word && own.is_some() && !nearest.contains(|letter: char| letter.is_lowercase());
        let name = name_of(nearest)
            .filter(|_| !is_kind)
            .or(after)
            .or_else(|| synonym().map(|(_, name)| (*name).to_owned()))
            .or(own)
            .or_else(|| words.take(WORDS_BEFORE - 1).find_map(name_of));
        let fallback = match kind {
            Kind::Form(form) => form,
            Kind::Number => "number",
            Kind::Value => "value",
            Kind::Word => "name",
        };
        Some(self.unique(&name.unwrap_or_else(|| fallback.to_owned())))
    }

    /// Names what stands behind `key=` or `Key:`; `None` for a secret.
    pub fn keyed(&mut self, key: &str, value: &str) -> Option<String> {
        if is_secret(key) && !(key == "PWD" && value.starts_with('/')) {
            return None;
        }
        let lower = key.to_ascii_lowercase().replace(' ', "_");
        let synonym = SYNONYMS.iter().find(|(word, _)| lower == *word).map(|(_, name)| (*name).to_owned());
        let name = synonym.or_else(|| spelled(&lower)).or_else(|| spelled(key));
        Some(self.unique(&name.unwrap_or_else(|| form_of(value).unwrap_or("value").to_owned())))
    }

    /// The name, with a number if it was given before.
    pub fn unique(&mut self, name: &str) -> String {
        let mut unique = name.to_owned();
        let mut number = 2;
        while !self.given.insert(unique.clone()) {
            unique = format!("{name}_{number}");
            number += 1;
        }
        unique
    }
}

/// The words before a value, the nearest first, up to the sentence before.
fn words_before(before: &str) -> impl Iterator<Item = &str> {
    let sentence = before.rfind(". ").and_then(|at| before.get(at + 1..)).unwrap_or(before);
    let is_part = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.');
    sentence.rsplit(move |letter: char| !is_part(letter)).filter(|word| !word.is_empty())
}

/// What is counted: the word behind a number.
fn counted(behind: &str) -> Option<String> {
    let behind = behind.strip_prefix(' ').unwrap_or_default();
    let length = behind.find(|letter: char| !letter.is_alphanumeric()).unwrap_or(behind.len());
    // `at 18 ip 0000` has a number that is an `ip` behind it
    let rest = behind.get(length..).unwrap_or_default().trim_start_matches([' ', '=', ':']);
    let names_another = rest.len() + length < behind.len() && rest.starts_with(|next: char| next.is_ascii_digit());
    behind.get(..length).filter(|_| !names_another).and_then(name_of)
}

/// What a value is by its form, if that has a name.
fn form_of(value: &str) -> Option<&'static str> {
    let is_uuid = value.len() == 36 && value.chars().all(|letter| letter.is_ascii_hexdigit() || letter == '-');
    let is_host = |text: &str| {
        text.contains('.') && text.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-'))
    };
    let is_port = |text: &str| (2..=5).contains(&text.len()) && text.chars().all(|letter| letter.is_ascii_digit());
    match value {
        _ if value.contains(char::is_whitespace) => None,
        _ if is_uuid => Some("uuid"),
        _ if value.contains("://") => Some("url"),
        _ if value.starts_with('/') || value.starts_with("./") || value.get(1..3) == Some(":\\") => Some("path"),
        _ if value.contains('@') && value.contains('.') => Some("email"),
        _ if value.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && is_port(port)) => Some("address"),
        _ if is_host(value) && value.chars().all(|letter| letter.is_ascii_digit() || letter == '.') => Some("ip"),
        _ if is_host(value) && value.matches('.').count() > 1 => Some("host"),
        _ if value.rsplit_once('.').is_some_and(|(_, end)| is_host(value) && (2..=4).contains(&end.len())) => {
            Some("file")
        }
        _ => None,
    }
}

/// What a word with digits is by its letters: `sda1` a device, `HikariPool-1` a pool.
fn kind_of(word: &str) -> Option<String> {
    if UNITS.iter().any(|unit| word.ends_with(unit)) {
        return Some("unit".to_owned());
    }
    let length = word.find(|letter: char| !letter.is_ascii_alphabetic()).unwrap_or(word.len());
    let letters = word.get(..length)?;
    let lower = letters.to_ascii_lowercase();
    let known = KINDS.iter().find(|(begin, _)| lower == *begin || (begin.len() == 2 && is_disk(&lower, begin)));
    if let Some((_, kind)) = known {
        return Some((*kind).to_owned());
    }
    // of `HikariPool` the last word
    let last = letters.rfind(|letter: char| letter.is_ascii_uppercase()).and_then(|at| letters.get(at..));
    let last = last.filter(|last| last.len() >= 3 && letters.chars().any(|letter| letter.is_ascii_lowercase()));
    name_of(last.unwrap_or(letters)).filter(|name| name.len() >= 3)
}

/// `sda`, `vdb`: a kind of disk and its letter.
fn is_disk(letters: &str, begin: &str) -> bool {
    letters.len() == begin.len() + 1 && letters.starts_with(begin) && begin.ends_with('d')
}

/// What the names of systemd's units end in.
const UNITS: [&str; 6] = [".service", ".socket", ".timer", ".mount", ".slice", ".target"];

/// A word as a name: `userId` is `user_id`. `None` when it says nothing or cannot be one.
pub(super) fn name_of(word: &str) -> Option<String> {
    let name = spelled(word.rsplit('.').next().unwrap_or(word))?;
    let is = |words: &str| words.contains(&format!(" {name} "));
    let is_verb = VERB_ENDINGS.iter().any(|ending| name.ends_with(ending)) && !is(NOUNS);
    (!is(EMPTY_WORDS) && !is_verb).then_some(name)
}

/// A word in the letters of names; `None` when it cannot be one.
fn spelled(word: &str) -> Option<String> {
    let mut name = String::new();
    let mut was_lower = false;
    for letter in word.chars() {
        if letter.is_ascii_uppercase() && was_lower {
            name.push('_');
        }
        was_lower = letter.is_ascii_lowercase();
        match letter {
            '-' | '_' | '.' => name.push('_'),
            letter if letter.is_ascii_alphanumeric() => name.push(letter.to_ascii_lowercase()),
            _ => return None,
        }
    }
    let name = name.trim_matches('_');
    let is_name = name.starts_with(|first: char| first.is_ascii_lowercase()) && (2..=LENGTH).contains(&name.len());
    (is_name && !RESERVED_NAMES.contains(&name)).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_names() {
        for (word, wanted) in [
            ("userId", Some("user_id")),
            ("db-name", Some("db_name")),
            ("the", None),
            ("and", None),
            ("spawning", None),
            ("setting", Some("setting")),
            ("é", None),
            ("7x", None),
        ] {
            assert_eq!(name_of(word).as_deref(), wanted, "{word}");
        }
    }

    #[test]
    fn values_are_named_after_their_form() {
        for (value, wanted) in [
            ("/srv/x", Some("path")),
            ("http://a/", Some("url")),
            ("f47ac10b-58cc-4372-a567-0e02b2c3d479", Some("uuid")),
            ("db1:5432", Some("address")),
            ("10.0.0.1", Some("ip")),
            ("a.b.example", Some("host")),
            ("two words", None),
        ] {
            assert_eq!(form_of(value), wanted, "{value}");
        }
        for (word, wanted) in [
            ("sda1", "device"),
            ("eth0", "interface"),
            ("HikariPool-1", "pool"),
            ("worker4", "worker"),
            ("a.service", "unit"),
        ] {
            assert_eq!(kind_of(word).as_deref(), Some(wanted), "{word}");
        }
    }
}
