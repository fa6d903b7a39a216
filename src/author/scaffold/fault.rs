//! The words of failures: what is said instead where all is well, and messages that say nothing else.

use crate::author::scaffold::generalise::Piece;

/// What tells a failure, and what the same message says of success. Longer words go before those that they contain.
const OPPOSITES: [(&str, &str); 46] = [
    ("not responding", "responding"),
    ("not available", "available"),
    ("does not exist", "exists"),
    ("do not exist", "exist"),
    ("not found", "found"),
    ("not enough", "enough"),
    ("could not", "could"),
    ("cannot", "can"),
    ("can't", "can"),
    ("unable to", "able to"),
    ("no such", "such a"),
    ("no space", "enough space"),
    ("too many", "few"),
    ("timed out", "completed"),
    ("out of memory", "enough memory"),
    ("refused", "accepted"),
    ("denied", "granted"),
    ("rejected", "accepted"),
    ("failed", "succeeded"),
    ("failing", "passing"),
    ("failure", "success"),
    ("invalid", "valid"),
    ("missing", "present"),
    ("expired", "renewed"),
    ("unreachable", "reachable"),
    ("unavailable", "available"),
    ("unauthorized", "authorized"),
    ("unhealthy", "healthy"),
    ("unsupported", "supported"),
    ("unexpected", "expected"),
    ("undefined", "defined"),
    ("aborted", "completed"),
    ("aborting", "completing"),
    ("terminated", "started"),
    ("corruption", "repair"),
    ("corrupted", "repaired"),
    ("corrupt", "intact"),
    ("exceeded", "kept"),
    ("exhausted", "sufficient"),
    ("insufficient", "sufficient"),
    ("disconnected", "connected"),
    ("forbidden", "allowed"),
    ("mismatch", "match"),
    ("killed", "started"),
    ("lost", "restored"),
    ("detected", "resolved"),
];

/// Words that are in messages about anything.
const GENERIC: &str = " a an the and or of to in on at is was has had been with for by this that it error errors err fail failed \
    failure fatal exception warning warn critical unknown unexpected panic occurred happened an something went wrong see log message \
    internal general null none ";

/// Whether a word tells what went wrong, so that it is none of the values of a message.
pub(super) fn is_fault(text: &str) -> bool {
    let text = text.to_lowercase();
    let has = |word: &str| word_at(&text, word).is_some();
    OPPOSITES.iter().any(|(fault, _)| has(fault)) || ["error", "fail", "fatal", "timeout"].iter().any(|word| has(word))
}

/// What a near miss says instead, for each way to tell the failure that the message has.
pub(super) fn opposites(pieces: &[Piece]) -> Vec<(&'static str, &'static str)> {
    let literals: Vec<String> = pieces
        .iter()
        .filter_map(|piece| match piece {
            Piece::Literal(text) => Some(text.to_lowercase()),
            Piece::Value { .. } => None,
        })
        .collect();
    let is_said = |fault: &str| literals.iter().any(|text| word_at(text, fault).is_some());
    OPPOSITES.iter().filter(|(fault, _)| is_said(fault)).copied().collect()
}

/// The text with a word for another wherever that stands as a word of its own, its first letter as large as it was.
pub(super) fn replaced(text: &str, word: &str, other: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let mut made = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(found) = lower.get(at..).and_then(|rest| word_at(rest, word)).map(|found| at + found) {
        made.push_str(text.get(at..found).unwrap_or_default());
        let is_capital =
            text.get(found..).is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_uppercase()));
        let mut letters = other.chars();
        let first = letters.next().map(|first| if is_capital { first.to_ascii_uppercase() } else { first });
        made.extend(first.into_iter().chain(letters));
        at = found + word.len();
    }
    made.push_str(text.get(at..).unwrap_or_default());
    made
}

/// Where a word stands in a text with no letter on either side.
fn word_at(text: &str, word: &str) -> Option<usize> {
    let is_free = |at: usize| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let behind = text.get(at + word.len()..).and_then(|behind| behind.chars().next());
        !before.is_some_and(char::is_alphanumeric) && !behind.is_some_and(char::is_alphanumeric)
    };
    text.match_indices(word).map(|(at, _)| at).find(|at| is_free(*at))
}

/// Whether a message has no word but those that are in messages about anything, so that its rule would be about all of them.
pub(super) fn says_nothing(pieces: &[Piece]) -> bool {
    let words = pieces.iter().flat_map(|piece| match piece {
        Piece::Literal(text) => text.split(|letter: char| !letter.is_alphanumeric()).collect::<Vec<_>>(),
        Piece::Value { .. } => Vec::new(),
    });
    let is_word =
        |word: &&str| word.chars().any(char::is_alphabetic) && (word.chars().count() >= 3 || !word.is_ascii());
    let says = |word: &str| !GENERIC.contains(&format!(" {} ", word.to_lowercase()));
    !words.filter(is_word).any(says)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_becomes_a_success() {
        assert_eq!(
            replaced("Failed: it failed, prefailed", "failed", "succeeded"),
            "Succeeded: it succeeded, prefailed"
        );
        let pieces = [Piece::Literal("Could not open: permission denied".to_owned())];
        assert_eq!(opposites(&pieces), [("could not", "could"), ("denied", "granted")]);
        assert!(OPPOSITES.iter().all(|(fault, other)| word_at(other, fault).is_none()));
    }

    #[test]
    fn messages_that_say_nothing_are_known() {
        let says = |text: &str| !says_nothing(&[Piece::Literal(text.to_owned())]);
        for text in ["disk is gone", "数据库", "connection error"] {
            assert!(says(text), "{text}");
        }
        for text in ["error", "ERROR: an error occurred!", "42 !!", "Exception: null"] {
            assert!(!says(text), "{text}");
        }
    }
}
