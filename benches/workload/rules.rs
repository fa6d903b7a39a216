//! Rules as a knowledge base has them.
//!
//! Of a hundred, sixty are log messages made into a regex, 28 sentences an author wrote from a screenshot or a ticket, eight
//! name alternatives, three have nothing but a short code to go by, and as many as asked for have no literal at all. Five
//! ignore case and eight begin with a needless `.*`, as found in the field.

use std::collections::HashSet;
use std::fmt::Write;
use std::io;
use std::path::Path;

use super::random::Random;
use super::templates::{FAILURES, OBJECTS, Piece, REASONS, SUBJECTS, SYSTEMS, WORDS, class, pieces, value};

/// What a rule set should be like.
#[derive(Clone, Copy, Debug)]
pub struct Mix {
    /// How many rules.
    pub rules: usize,
    /// How many of a hundred have a regex without any literal.
    pub without_literal: usize,
}

/// One article and a log line it is about.
#[derive(Clone, Debug)]
pub struct GeneratedRule {
    /// The article's id, also the name of its file.
    pub id: String,
    /// The file.
    pub yaml: String,
    /// A line that matches.
    pub sample: String,
}

/// Makes the rules of a mix; all regexes differ.
pub fn generate(mix: Mix) -> Vec<GeneratedRule> {
    let mut random = Random::new(0xFA01_7B00);
    let mut seen = HashSet::new();
    let mut rules = Vec::with_capacity(mix.rules);
    while rules.len() < mix.rules {
        let draft = Draft::new(mix, &mut random);
        if seen.insert(draft.regex.clone()) {
            rules.push(draft.article(rules.len(), &mut random));
        }
    }
    rules
}

/// Writes rules as files of a folder, some hundred in each folder below it.
pub fn write(rules: &[GeneratedRule], folder: &Path) -> io::Result<()> {
    for (number, rule) in rules.iter().enumerate() {
        let folder = folder.join(format!("part-{:02}", number / 250));
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join(format!("{}.yaml", rule.id.to_lowercase())), &rule.yaml)?;
    }
    Ok(())
}

/// A regex and a text it matches.
struct Draft {
    regex: String,
    message: String,
    near_miss: String,
    captures: Vec<(String, String)>,
}

impl Draft {
    fn new(mix: Mix, random: &mut Random) -> Self {
        let share = random.below(100);
        if share < mix.without_literal {
            return Self::without_literal(random);
        }
        let mut parts = match random.below(99) {
            0..60 => message(random),
            60..88 => sentence(random),
            88..96 => alternatives(random),
            _ => short_code(random),
        };
        rename_doubles(&mut parts);
        let flag = if random.chance(5) { "(?i)" } else { "" };
        let leading = if random.chance(8) { ".*" } else { "" };
        Self::of_pieces(&parts, &format!("{flag}{leading}"), random)
    }

    fn of_pieces(parts: &[Piece], start: &str, random: &mut Random) -> Self {
        let mut draft =
            Self { regex: start.to_owned(), message: String::new(), near_miss: String::new(), captures: Vec::new() };
        let longest = parts.iter().filter_map(text_of).max_by_key(|text| text.len()).unwrap_or_default().to_owned();
        for part in parts {
            match part {
                Piece::Text(text) => {
                    draft.regex += &regex_syntax::escape(text);
                    draft.message += text;
                    let missed = if *text == longest { without_a_letter(text) } else { text.clone() };
                    draft.near_miss += &missed;
                }
                Piece::OneOf(texts) => {
                    let choices: Vec<String> = texts.iter().map(|text| regex_syntax::escape(text)).collect();
                    let _ = write!(draft.regex, "(?:{})", choices.join("|"));
                    draft.message += &texts[0];
                    draft.near_miss += &texts[0];
                }
                Piece::Value(name, kind) => {
                    let value = value(kind, random);
                    let _ = write!(draft.regex, "(?<{name}>{})", class(kind));
                    draft.message += &value;
                    draft.near_miss += &value;
                    draft.captures.push((name.clone(), value));
                }
            }
        }
        draft
    }

    /// Nothing but classes, anchored or not.
    fn without_literal(random: &mut Random) -> Self {
        let (letters, digits, unit) = (2 + random.below(5), 3 + random.below(6), 1 + random.below(12));
        let start = if random.chance(60) { "^" } else { r"\b" };
        let code = format!("{}{}", &"QXZWVK"[..letters], "1".repeat(digits));
        Self {
            regex: format!(r"{start}(?<code>[A-Z]{{{letters}}}\d{{{digits}}}) (?<amount>\d+) [a-z]{{{unit}}}$"),
            message: format!("{code} 42 {}", "x".repeat(unit)),
            near_miss: "nothing of the kind".to_owned(),
            captures: vec![("code".to_owned(), code), ("amount".to_owned(), "42".to_owned())],
        }
    }

    fn article(self, number: usize, random: &mut Random) -> GeneratedRule {
        let id = format!("GEN{number:05}");
        let header = if self.regex.contains('^') { String::new() } else { format!("{} app ", value("iso", random)) };
        let sample = format!("{header}{}", self.message);
        let names: Vec<String> = self.captures.iter().map(|(name, _)| format!("`{{{{ {name} }}}}`")).collect();
        let values = if names.is_empty() { "no values".to_owned() } else { names.join(", ") };
        let mut yaml =
            format!("id: {id}\ntitle: {}\n", quoted(&format!("Generated failure {number}: {}", random.pick(FAILURES))));
        let _ = write!(
            yaml,
            "severity: {}\nstate: validated\naudience: public\n",
            random.pick(&["info", "warning", "error", "critical"])
        );
        let _ = write!(
            yaml,
            "created: 2024-03-1{}\nowner: generator\ntags: [generated, {}]\n\n",
            random.below(10),
            random.pick(WORDS)
        );
        let _ = write!(yaml, "signatures:\n  subject:\n    regex: {}\n\n", quoted(&self.regex));
        let _ = write!(
            yaml,
            "cause: |\n  The {} did not agree with the {}: the log has {values}.\n",
            random.pick(WORDS),
            random.pick(WORDS)
        );
        let _ = write!(
            yaml,
            "  This happens when the {} is changed while the {} is still in use.\n\n",
            random.pick(WORDS),
            random.pick(WORDS)
        );
        let _ = write!(yaml, "resolution: |\n  1. Look up the {} in the administration guide.\n", random.pick(WORDS));
        let _ = writeln!(
            yaml,
            "  2. Stop the {}, wait for the {} to settle, and start it again.",
            random.pick(WORDS),
            random.pick(WORDS)
        );
        yaml += "  3. If the message comes back, collect the support bundle and open a ticket.\n\n";
        let _ = write!(yaml, "tests:\n  - name: the failure\n    text: {}\n    expect:\n", quoted(&sample));
        if self.captures.is_empty() {
            yaml += "      count: 1\n";
        } else {
            yaml += "      captures:\n";
            for (name, value) in &self.captures {
                let _ = writeln!(yaml, "        {name}: {}", quoted(value));
            }
        }
        let _ = write!(
            yaml,
            "  - name: almost the failure\n    text: {}\n    expect: nothing\n",
            quoted(&format!("{header}{}", self.near_miss))
        );
        GeneratedRule { id, yaml, sample }
    }
}

fn text_of(piece: &Piece) -> Option<&str> {
    match piece {
        Piece::Text(text) => Some(text),
        Piece::OneOf(_) | Piece::Value(..) => None,
    }
}

/// A log message, with words exchanged so that it is about another failure than the lines of the corpus; now and then only
/// a part of it, or left as it is.
fn message(random: &mut Random) -> Vec<Piece> {
    let system = &SYSTEMS[random.below(SYSTEMS.len())];
    let mut parts = pieces(random.pick(system.messages));
    if parts.len() > 4 && random.chance(40) {
        let from = random.below(parts.len() / 2);
        parts.drain(..from);
        parts.truncate(3 + random.below(4));
    }
    trim(&mut parts);
    // one in 250 is a message that the generated logs have
    let exchanges = if random.below(250) == 0 { 0 } else { 1 + random.below(3) };
    for _ in 0..exchanges {
        exchange_a_word(&mut parts, random);
    }
    parts
}

fn sentence(random: &mut Random) -> Vec<Piece> {
    let mut text = format!("{} {} {}", random.pick(SUBJECTS), random.pick(FAILURES), random.pick(OBJECTS));
    if random.chance(70) {
        text += random.pick(&[": ", " because ", " - ", ", "]);
        text += random.pick(REASONS);
    }
    pieces(&text)
}

fn alternatives(random: &mut Random) -> Vec<Piece> {
    let mut parts = pieces(&format!("{} ", random.pick(SUBJECTS)));
    parts.push(Piece::OneOf((0..2 + random.below(3)).map(|_| random.pick(FAILURES).to_owned()).collect()));
    parts.extend(pieces(&format!(" {}", random.pick(OBJECTS))));
    parts
}

/// A code such as `KVD-1234`, which an author takes for enough.
fn short_code(random: &mut Random) -> Vec<Piece> {
    let letter = |random: &mut Random| char::from(b'A' + random.below(26) as u8);
    let mut code: String = (0..2 + random.below(3)).map(|_| letter(random)).collect();
    code.push(random.pick(&['-', ':', '#', '_']));
    vec![Piece::Text(code), Piece::Value("code".to_owned(), "number")]
}

/// Puts another word in the place of one of at least four letters.
fn exchange_a_word(parts: &mut [Piece], random: &mut Random) {
    let words_of = |text: &str| -> Vec<String> {
        text.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| word.len() >= 4).map(str::to_owned).collect()
    };
    let texts = parts.iter_mut().filter_map(|part| if let Piece::Text(text) = part { Some(text) } else { None });
    let mut texts: Vec<&mut String> = texts.filter(|text| !words_of(text).is_empty()).collect();
    if !texts.is_empty() {
        let at = random.below(texts.len());
        let words = words_of(texts[at]);
        *texts[at] = texts[at].replacen(&words[random.below(words.len())], random.pick(WORDS), 1);
    }
}

/// Begins and ends a regex with text, not with a value.
fn trim(parts: &mut Vec<Piece>) {
    while parts.len() > 1 && text_of(&parts[parts.len() - 1]).is_none_or(|text| text.trim().is_empty()) {
        parts.pop();
    }
    while parts.len() > 1 && text_of(&parts[0]).is_none() {
        parts.remove(0);
    }
    // what is left may be too common a word to make a rule of
    if parts.iter().filter_map(text_of).all(|text| text.len() < 12) {
        parts.extend(pieces(" while waiting for the {object:word} lock"));
    }
}

/// Gives captures of the same name different ones.
fn rename_doubles(parts: &mut [Piece]) {
    let mut names = HashSet::new();
    for part in parts {
        if let Piece::Value(name, _) = part {
            let mut number = 2;
            let plain = name.clone();
            while !names.insert(name.clone()) {
                *name = format!("{plain}{number}");
                number += 1;
            }
        }
    }
}

/// Leaves out a letter in the middle of the longest word.
fn without_a_letter(text: &str) -> String {
    let word = text.split(|c: char| !c.is_ascii_alphanumeric()).max_by_key(|word| word.len()).unwrap_or_default();
    let Some(at) = text.find(word).filter(|_| !word.is_empty()) else {
        return format!("{text}?");
    };
    let at = at + word.len() / 2;
    [&text[..at], &text[at + 1..]].concat()
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
