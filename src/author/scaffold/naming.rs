//! Names for what a message captures, and which values look like secrets.

use std::collections::BTreeSet;

use crate::rule::RESERVED_NAMES;

/// Letters of a name: longer words are no names.
const LENGTH: usize = 30;

/// Words beside a value that do not say what it is.
const EMPTY_WORDS: &str = " a an and are as at be been but by can cannot could did does for from had has have id if in into is it its no not \
    of off on one only or our out over than that the their then there this to too under up via was were what when which while will with \
    without would you your after before during about against between until since because due got getting using called named value \
    failed fails error exception failure denied refused expected actual found invalid unknown missing exceeded again still took reason \
    open read write create delete remove copy move load find access connect reach execute run start stop bind parse resolve exists ";

/// Words in the name of a value that must not be shown.
const SECRETS: [&str; 9] =
    ["password", "passwd", "pwd", "secret", "token", "apikey", "api_key", "credential", "authorization"];

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

    /// Names a value after the word before it, else after the word behind it, else after its kind. `None` for a secret.
    pub fn beside(&mut self, before: &str, behind: &str, kind: &str) -> Option<String> {
        let before = before.trim_end_matches(|letter: char| " \t=:'\"`([{<#,".contains(letter));
        let start = before.rfind(|letter: char| !(letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.')));
        let start =
            start.map_or(0, |at| at + before.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8));
        let word = before.get(start..).unwrap_or_default();
        if is_secret(word) {
            return None;
        }
        let behind = behind.strip_prefix(' ').unwrap_or_default();
        let length = behind.find(|letter: char| !letter.is_alphanumeric()).unwrap_or(behind.len());
        let is_counted = matches!(kind, "number");
        let after = behind.get(..length).filter(|_| is_counted).and_then(name_of);
        // what is an address by its form is best called so, unless the word before says more
        let name = name_of(word).or(after).unwrap_or_else(|| kind.to_owned());
        Some(self.unique(&name))
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

/// A word as a name: `userId` is `user_id`. `None` when it says nothing or cannot be one.
pub(super) fn name_of(word: &str) -> Option<String> {
    let word = word.rsplit('.').next().unwrap_or(word);
    let mut name = String::new();
    let mut was_lower = false;
    for letter in word.chars() {
        if letter.is_ascii_uppercase() && was_lower {
            name.push('_');
        }
        was_lower = letter.is_ascii_lowercase();
        match letter {
            '-' | '_' => name.push('_'),
            letter if letter.is_ascii_alphanumeric() => name.push(letter.to_ascii_lowercase()),
            _ => return None,
        }
    }
    let name = name.trim_matches('_');
    let is_name = name.starts_with(|first: char| first.is_ascii_lowercase()) && (2..=LENGTH).contains(&name.len());
    let says_nothing = EMPTY_WORDS.contains(&format!(" {name} "));
    (is_name && !says_nothing && !RESERVED_NAMES.contains(&name)).then(|| name.to_owned())
}

fn is_secret(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    SECRETS.iter().any(|secret| word.contains(secret))
}

/// The names of values in a text that look like secrets: `password=…`, `token: …`.
pub(super) fn secrets(text: &str) -> Vec<String> {
    let is_part = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '-');
    let mut found: Vec<String> = Vec::new();
    for (at, _) in text.match_indices(['=', ':']) {
        let before = text.get(..at).unwrap_or_default().trim_end_matches(['"', '\'']);
        let word = before.get(before.trim_end_matches(is_part).len()..).unwrap_or_default();
        let rest = text.get(at + 1..).unwrap_or_default();
        let has_value = rest.trim_start_matches([' ', '"', '\'']).starts_with(|first: char| !first.is_whitespace());
        if has_value && word.len() <= LENGTH && is_secret(word) && !found.iter().any(|other| other == word) {
            found.push(word.to_owned());
        }
    }
    found
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
            ("é", None),
            ("7x", None),
        ] {
            assert_eq!(name_of(word).as_deref(), wanted, "{word}");
        }
    }

    #[test]
    fn secrets_are_noticed() {
        assert_eq!(secrets("db password=x token: \"y\" tokens left: none, password=z"), ["password", "token"]);
        assert!(secrets("the password is wrong").is_empty());
    }
}
