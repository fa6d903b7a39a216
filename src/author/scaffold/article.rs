//! The rule file: its keys, the article with what its author is to write, its two tests.

use jiff::civil::Date;

use crate::author::scaffold::Request;
use crate::author::scaffold::generalise::{self, Piece};
use crate::author::scaffold::naming;
use crate::author::yaml_text::{scalar, single_quoted, value};
use crate::rule::{Level, RESERVED_NAMES, Severity};

/// Characters of a guessed title.
const TITLE_LENGTH: usize = 80;

/// Words that tell a failure best, for the near miss.
const FAILURES: [&str; 16] = [
    "refused",
    "failed",
    "denied",
    "timeout",
    "exceeded",
    "invalid",
    "missing",
    "exhausted",
    "unreachable",
    "aborted",
    "corrupt",
    "rejected",
    "expired",
    "cannot",
    "unable",
    "exists",
];

/// What the near miss says instead. The first that has nothing in common with the word is taken.
const OTHERS: [&str; 3] = ["different", "another", "unlike"];

/// What a rule file is written of.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    /// What was asked for.
    pub request: &'a Request<'a>,
    /// The message.
    pub pieces: &'a [Piece],
    /// The level to look for.
    pub level: Option<Level>,
    /// How bad the failure is.
    pub severity: Severity,
    /// The word that the near miss replaces.
    pub word: String,
}

impl Draft<'_> {
    /// The title: what was given, else the message with `…` for values.
    pub fn title(&self) -> String {
        let given = self.request.title.map(str::trim).filter(|title| !title.is_empty());
        given.map_or_else(|| self.guessed_title(), |title| title.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    fn guessed_title(&self) -> String {
        let said = |piece: &Piece| match piece {
            Piece::Literal(text) => {
                text.chars().filter(|letter| !letter.is_control() || letter.is_whitespace()).collect()
            }
            Piece::Value { .. } => "…".to_owned(),
        };
        let text: String = self.pieces.iter().map(said).collect();
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let text = text.trim_matches([' ', '.', ':', ',', ';', '!', '-', '"', '\'']);
        let mut title: String = text.chars().take(TITLE_LENGTH).collect();
        if title.len() < text.len() {
            let end = title.rfind(' ').filter(|end| *end > 0).unwrap_or(title.len());
            title.truncate(end);
            title.push_str(" …");
        }
        let mut letters = title.chars();
        match letters.next() {
            Some(first) if title.chars().any(char::is_alphanumeric) => first.to_uppercase().chain(letters).collect(),
            _ => format!("The failure that {} is about", self.request.id),
        }
    }

    /// The name of the signature: the first words of the message.
    fn signature(&self) -> String {
        let literals = self.pieces.iter().filter_map(|piece| match piece {
            Piece::Literal(text) => Some(text.as_str()),
            Piece::Value { .. } => None,
        });
        let words = literals.flat_map(|text| text.split(|letter: char| !letter.is_ascii_alphanumeric()));
        let words: Vec<String> = words.filter(|word| word.len() > 2).filter_map(naming::name_of).take(2).collect();
        let name = words.join("_");
        let is_capture = |piece: &Piece| matches!(piece, Piece::Value { name: Some(other), .. } if *other == name);
        let is_free = !self.pieces.iter().any(is_capture) && !RESERVED_NAMES.contains(&name.as_str());
        match name.is_empty() || !is_free {
            true => "the_message".to_owned(),
            false => name,
        }
    }

    /// The file; its first test expects these captures.
    pub fn text(&self, captures: &[(String, String)]) -> String {
        let Request { id, paste, created, schema, .. } = self.request;
        let mut text = format!(
            "# yaml-language-server: $schema={schema}\n\nid: {}\ntitle: {}\nseverity: {}\nstate: draft\naudience: internal\ncreated: {}\n",
            scalar(id),
            scalar(&self.title()),
            self.severity.name(),
            day(*created),
        );
        text.push_str(&format!(
            "\nsignatures:\n  {}:\n    regex: {}\n",
            self.signature(),
            single_quoted(&generalise::regex(self.pieces))
        ));
        if let Some(level) = self.level {
            text.push_str(&format!("    level: {}\n", level.name()));
        }
        text.push_str(&format!("\nsymptoms: |\n  The log says\n\n      {}\n\n", self.quoted_message()));
        text.push_str("  *Write here what people notice: what does not work any more, and for whom.*\n");
        text.push_str("\ncause: |\n  *Write here why this happens: what was tried, and what was in its way.*\n");
        text.push_str("\nresolution: |\n  1. *Write here the first step: what to look at, with the command.*\n");
        text.push_str("  2. *Write here what to change, and how to see that it helped.*\n");
        text.push_str(
            "\nprevention: |\n  *Write here how to keep it from happening again, or leave this section out.*\n",
        );
        text.push_str(&format!("\ntests:\n  - name: the message as it was pasted\n    text:{}", value(paste, 4)));
        match captures {
            [] => text.push_str("    expect: {}\n"),
            captures => {
                text.push_str("    expect:\n      captures:\n");
                for (name, value) in captures {
                    text.push_str(&format!("        {name}: {}\n", scalar(value)));
                }
            }
        }
        text.push_str("  # better: a message that really occurs, looks much like it, and needs another article\n");
        text.push_str(&format!(
            "  - name: {}\n    text:{}    expect: nothing\n",
            scalar(&format!("a near miss, without the word {}", self.word)),
            value(&self.near_miss(), 4)
        ));
        text
    }

    /// The message with its values as placeholders, as the one line of an indented code block.
    fn quoted_message(&self) -> String {
        let mut line = String::new();
        for piece in self.pieces {
            match piece {
                Piece::Literal(text) => {
                    let printed =
                        |letter: char| if letter.is_control() || letter.is_whitespace() { ' ' } else { letter };
                    let text: String = text.chars().map(printed).filter(|letter| !is_odd(*letter)).collect();
                    // what opens a tag of the template language is printed by one
                    let text = text.replace('{', "\u{1}").replace("\u{1}", "{{ '{' }}");
                    line.push_str(&text);
                }
                Piece::Value { name: Some(name), .. } => line.push_str(&format!("{{{{ {name} }}}}")),
                Piece::Value { name: None, .. } => line.push('…'),
            }
        }
        line.trim().to_owned()
    }

    /// The paste with another word wherever the telling one stands, so that no record of it matches.
    fn near_miss(&self) -> String {
        let is_other = |other: &&&str| !other.contains(&self.word) && !self.word.contains(**other);
        let other = OTHERS.iter().find(is_other).copied().unwrap_or("--");
        self.request.paste.replace(&self.word, other)
    }
}

fn is_odd(letter: char) -> bool {
    matches!(letter, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

fn day(date: Date) -> String {
    date.to_string()
}

/// The words of a message that a near miss could change, best first: those that tell a failure, then the longest; without
/// words, other literal text.
pub(super) fn telling_words(pieces: &[Piece]) -> Vec<String> {
    let literals: Vec<&str> = pieces
        .iter()
        .filter_map(|piece| match piece {
            Piece::Literal(text) => Some(text.as_str()),
            Piece::Value { .. } => None,
        })
        .collect();
    let words = literals.iter().flat_map(|text| text.split(|letter: char| !letter.is_alphabetic()));
    let mut words: Vec<&str> = words.filter(|word| word.chars().count() >= 3).collect();
    if words.is_empty() {
        words = literals.iter().flat_map(|text| text.split_whitespace()).filter(|word| !word.is_empty()).collect();
    }
    let tells = |word: &str| FAILURES.iter().any(|failure| word.eq_ignore_ascii_case(failure));
    words.sort_by_key(|word| (!tells(word), std::cmp::Reverse(word.len())));
    words.dedup();
    words.into_iter().map(str::to_owned).collect()
}
