//! Rules as a knowledge base has them.
//!
//! Of a hundred, sixty are log messages made into a regex, 28 sentences an author wrote from a screenshot or a ticket, eight
//! name alternatives, three have nothing but a short code to go by, and one has no literal at all. Five ignore case and
//! eight begin with a needless `.*`, as found in the field. Most messages have words exchanged, so that they are like the
//! lines of the logs and yet match none; one or two of a hundred are rare messages that the logs have. The rules of a smaller
//! set are the first ones of a larger.

use std::collections::HashSet;
use std::fmt::Write;
use std::io;
use std::path::Path;

use super::messages::{self, Messages, exchange_a_word};
use super::random::Random;
use super::templates::{FAILURES, OBJECTS, Piece, REASONS, SUBJECTS, WORDS, class, pieces, value};

/// Of a hundred rules made of messages, how many are of a rare one that the logs have.
const UNCHANGED: usize = 2;
/// An author makes a rule of so many texts and values of a message at most.
const PIECES_MOST: usize = 9;

/// What a rule set should be like.
#[derive(Clone, Copy, Debug)]
pub struct Mix {
    /// How many rules.
    pub rules: usize,
    /// How many of a hundred have a regex without any literal, ten at most; they take the place of alternatives.
    pub without_literal: usize,
}

impl Mix {
    /// The mix of real faultbooks.
    pub fn realistic(rules: usize) -> Self {
        Self { rules, without_literal: 1 }
    }
}

/// One article and a log line it is about.
#[derive(Clone, Debug)]
pub struct GeneratedRule {
    /// The article's id, also the name of its file.
    pub id: String,
    /// The file.
    pub yaml: String,
    /// The regex, as it stands in the file.
    pub regex: String,
    /// A line that matches.
    pub sample: String,
}

impl GeneratedRule {
    /// The regex in the syntax that other engines have too: groups without names, and classes that keep to a line even where
    /// whole blocks are searched.
    pub fn plain_regex(&self) -> String {
        let (mut plain, mut rest) = (String::new(), self.regex.as_str());
        while let Some((before, group)) = rest.split_once("(?<") {
            plain += before;
            plain.push('(');
            rest = group.split_once('>').map_or("", |(_, behind)| behind);
        }
        (plain + rest).replace("[^", r"[^\n")
    }
}

/// Makes the rules of a mix, of our own messages; all regexes differ.
pub fn generate(mix: Mix) -> Vec<GeneratedRule> {
    generate_of(mix, &messages::own())
}

/// Makes the rules of a mix, of the messages of the systems given; all regexes differ.
pub fn generate_of(mix: Mix, systems: &[Messages]) -> Vec<GeneratedRule> {
    let mut random = Random::new(0xFA01_7B00);
    let mut seen = HashSet::new();
    let mut rules = Vec::with_capacity(mix.rules);
    while rules.len() < mix.rules {
        let draft = Draft::new(rules.len(), mix, systems, &mut random);
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

/// Writes what programs need that cannot read the articles: `regexes.tsv` and `samples.tsv`, each line the number of a rule, a
/// tab, and its plain regex or a line that it matches.
pub fn write_plain(rules: &[GeneratedRule], folder: &Path) -> io::Result<()> {
    let table = |column: fn(&GeneratedRule) -> String| -> String {
        rules.iter().enumerate().map(|(number, rule)| format!("{number}\t{}\n", column(rule))).collect()
    };
    std::fs::write(folder.join("regexes.tsv"), table(GeneratedRule::plain_regex))?;
    std::fs::write(folder.join("samples.tsv"), table(|rule| rule.sample.clone()))
}

/// A regex and a text it matches.
struct Draft {
    regex: String,
    message: String,
    near_miss: String,
    captures: Vec<(String, String)>,
}

impl Draft {
    /// The kinds are dealt out by the rule's number, so that each hundred has the mix, and the first ten have it nearly.
    fn new(number: usize, mix: Mix, systems: &[Messages], random: &mut Random) -> Self {
        let flag = if random.chance(5) { "(?i)" } else { "" };
        let leading = if random.chance(8) { ".*" } else { "" };
        let start = format!("{flag}{leading}");
        let mut parts = match number % 100 {
            slot if slot % 10 == 9 && slot / 10 + mix.without_literal >= 10 => {
                return Self::without_literal(&start, random);
            }
            48 | 78 | 29 => short_code(random),
            slot if slot % 10 < 6 => message(systems, random),
            slot if slot % 10 < 9 => sentence(random),
            _ => alternatives(random),
        };
        rename_doubles(&mut parts);
        Self::of_pieces(&parts, &start, random)
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
    fn without_literal(start: &str, random: &mut Random) -> Self {
        let (letters, digits, unit) = (2 + random.below(5), 3 + random.below(6), 1 + random.below(12));
        let code = format!("{}{}", &"QXZWVK"[..letters], "1".repeat(digits));
        let border = if random.chance(60) { "^" } else { r"\b" };
        let (regex, message, captures) = match random.below(3) {
            0 => (
                format!(r"(?<code>[A-Z]{{{letters}}}\d{{{digits}}}) (?<amount>\d+) [a-z]{{{unit}}}$"),
                format!("{code} 42 {}", "x".repeat(unit)),
                vec![("code", code), ("amount", "42".to_owned())],
            ),
            1 => (
                format!(r"[a-z]{{{unit}}}=(?<code>[A-Z]{{{letters}}}\d{{{digits}}})(?:[;,]|$)"),
                format!("{}={code}", "x".repeat(unit)),
                vec![("code", code)],
            ),
            _ => (
                format!(r"[A-Z]{{{letters}}}\d \S+ (?<amount>\d{{{digits}}})/\d+ [a-z]{{{unit}}}$"),
                format!("{}7 eu-west {}/9 {}", &code[..letters], "1".repeat(digits), "x".repeat(unit)),
                vec![("amount", "1".repeat(digits))],
            ),
        };
        // `.*` before an anchor would be another mistake than the one that is common
        let start = if border == "^" { start.trim_end_matches(".*") } else { start };
        Self {
            regex: format!("{start}{border}{regex}"),
            message,
            near_miss: "nothing of the kind".to_owned(),
            captures: captures.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
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
            "created: 2024-03-1{}\nreviewed: 2024-09-01\nowner: generator\ntags: [generated, {}]\n\n",
            random.below(10),
            random.pick(WORDS)
        );
        let _ = write!(yaml, "signatures:\n  subject:\n    regex: {}\n\n", quoted(&self.regex));
        yaml += "symptoms: |\n  Users see that the operation ends with an error.\n\n";
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
        GeneratedRule { id, yaml, regex: self.regex, sample }
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
fn message(systems: &[Messages], random: &mut Random) -> Vec<Piece> {
    let messages = &systems[random.below(systems.len())];
    let rare = random.chance(UNCHANGED) && !messages.rare.is_empty();
    let from = if rare || messages.common.is_empty() { &messages.rare } else { &messages.common };
    let mut parts = from[random.below(from.len())].clone();
    if parts.len() > PIECES_MOST || (parts.len() > 4 && random.chance(40)) {
        let from = random.below(parts.len() / 2);
        parts.drain(..from);
        parts.truncate(3 + random.below(4));
    }
    trim(&mut parts);
    let exchanges = if rare && !is_common(&parts, messages) { 0 } else { 1 + random.below(3) };
    for _ in 0..exchanges {
        exchange_a_word(&mut parts, random);
    }
    parts
}

/// Whether many lines have the longest text of a message.
fn is_common(parts: &[Piece], messages: &Messages) -> bool {
    let longest = parts.iter().filter_map(text_of).max_by_key(|text| text.len()).unwrap_or_default();
    let has = |message: &[Piece]| message.iter().filter_map(text_of).any(|text| text.contains(longest));
    messages.common.iter().any(|message| has(message))
        || messages.rare.iter().filter(|message| has(message)).count() > 1
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
