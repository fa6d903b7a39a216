//! The rule file: its keys, the article with what its author is to write, its tests.

use crate::author::scaffold::Request;
use crate::author::scaffold::fault::replaced;
use crate::author::scaffold::further::Offer;
use crate::author::scaffold::generalise::Piece;
use crate::author::scaffold::naming;
use crate::author::scaffold::written;
use crate::author::yaml_text::{scalar, single_quoted, value};
use crate::rule::{RESERVED_NAMES, Severity};

/// Characters of a guessed title.
const TITLE_LENGTH: usize = 80;

/// What the sections say until their author writes them. `check` looks for these texts in rules that are no drafts any more.
pub(crate) const PLACEHOLDERS: [&str; 5] = [
    "*Write here what people notice: what does not work any more, and for whom.*",
    "*Write here why this happens: what was tried, and what was in its way.*",
    "*Write here the first step: what to look at, with the command.*",
    "*Write here what to change, and how to see that it helped.*",
    "*Write here how to keep it from happening again, or leave this section out.*",
];

/// Programs that write their name before their messages: no title begins with a capital because of them.
const PROGRAMS: &str = " npm npx yarn pnpm pip pip3 git curl wget apt dpkg yum dnf rpm make gcc ld tar ssh scp sudo java python python3 node cargo rustc go \
    mvn gradle docker kubectl helm terraform systemd kernel nginx sshd bash sh ";

/// What a rule file is written of.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    /// What was asked for.
    pub request: &'a Request<'a>,
    /// The message.
    pub pieces: &'a [Piece],
    /// How bad the failure is.
    pub severity: Severity,
    /// Other lines of the paste that tell more.
    pub offers: &'a [Offer],
    /// The word of the failure that the near miss replaces, and what by; none without such a word.
    pub near_miss: Option<(&'static str, &'static str)>,
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
        let text = text.trim_matches([' ', '.', ':', ',', ';', '!', '-', '│']);
        let mut title: String = text.chars().take(TITLE_LENGTH).collect();
        if title.len() < text.len() {
            let end = title.rfind(' ').filter(|end| *end > 0).unwrap_or(title.len());
            title.truncate(end);
            title.push_str(" …");
        }
        if !title.chars().any(char::is_alphanumeric) {
            return format!("The failure that {} is about", self.request.id);
        }
        let mut letters = title.chars();
        match letters.next() {
            Some(first) if begins_with_word(&title) => first.to_uppercase().chain(letters).collect(),
            _ => title,
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
        let is_taken = self.pieces.iter().any(is_capture)
            || self.offers.iter().any(|offer| offer.name == name || offer.captures.contains(&name));
        match name.is_empty() || is_taken || RESERVED_NAMES.contains(&name.as_str()) {
            true => "the_message".to_owned(),
            false => name,
        }
    }

    /// The name of an offer's signature, which is none of a capture.
    fn name_of(&self, offer: &Offer) -> String {
        let is_taken = self.offers.iter().any(|other| other.captures.contains(&offer.name))
            || self
                .pieces
                .iter()
                .any(|piece| matches!(piece, Piece::Value { name: Some(name), .. } if *name == offer.name));
        if is_taken { format!("{}_line", offer.name) } else { offer.name.clone() }
    }

    /// The file; its first test expects these captures.
    pub fn text(&self, captures: &[(String, String)]) -> String {
        let Request { id, paste, created, schema, .. } = self.request;
        let mut text = format!(
            "# yaml-language-server: $schema={schema}\n\nid: {}\ntitle: {}\nseverity: {}\nstate: draft\naudience: internal\ncreated: {created}\n",
            scalar(id),
            scalar(&self.title()),
            self.severity.name(),
        );
        self.write_signatures(&mut text);
        let [noticed, why, first, second, prevented] = PLACEHOLDERS;
        text.push_str(&format!("\nsymptoms: |\n  The log says\n\n      {}\n\n", self.quoted_message()));
        for offer in self.offers {
            let said: Vec<String> =
                offer.captures.iter().map(|name| format!("{}: {{{{ {name} }}}}", name.replace('_', " "))).collect();
            let condition = match offer.is_inside {
                true => offer.captures.first().cloned().unwrap_or_default(),
                false => self.name_of(offer),
            };
            text.push_str(&format!("  {{% if {condition} %}}It also says {}.{{% endif %}}\n\n", said.join(", ")));
        }
        text.push_str(&format!("  {noticed}\n\ncause: |\n  {why}\n"));
        text.push_str(
            "\n# Where a fact decides what helps, the resolution has branches, of which each says when it holds:\n",
        );
        text.push_str("#   facts: { kind: { ask: Is it this or that?, values: [this, that] } }\n");
        text.push_str("#   resolution: [{ title: Mend this, when: kind == 'this', text: … }, { title: Mend that, when: kind == 'that', text: … }]\n");
        text.push_str(&format!("resolution: |\n  1. {first}\n  2. {second}\n\nprevention: |\n  {prevented}\n"));
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
        self.write_near_miss(&mut text);
        text
    }

    fn write_signatures(&self, text: &mut String) {
        let name = self.signature();
        text.push_str(&format!(
            "\nsignatures:\n  {name}:\n    regex: {}\n",
            single_quoted(&written::regex(self.pieces))
        ));
        let (inside, outside): (Vec<&Offer>, Vec<&Offer>) = self.offers.iter().partition(|offer| offer.is_inside);
        write_optional(inside.iter().map(|offer| &offer.regex), text);
        for offer in &outside {
            text.push_str(&format!("  {}:\n    regex: {}\n", self.name_of(offer), single_quoted(&offer.regex)));
            write_optional(offer.optional.iter(), text);
        }
        let captures = self.pieces.iter().filter_map(|piece| match piece {
            Piece::Value { name: Some(name), .. } => Some((name.as_str(), piece.tells_apart())),
            _ => None,
        });
        let (apart, own): (Vec<_>, Vec<_>) = captures.partition(|(_, tells_apart)| *tells_apart);
        if !own.is_empty() {
            let names: Vec<&str> = apart.iter().map(|(name, _)| *name).collect();
            text.push_str("\n# What tells one failure from another. Each record has numbers, ports and times of its own: with those every record would\n");
            text.push_str("# be a failure. Add what is missing.\n");
            text.push_str(&format!("identity: [{}]\n", names.join(", ")));
        }
        if !outside.is_empty() {
            text.push_str(&format!("\n# The other signatures only tell more.\ncondition: {name}\n"));
        }
    }

    fn write_near_miss(&self, text: &mut String) {
        match self.near_miss {
            Some((word, other)) => {
                text.push_str(
                    "  # better: a message that really occurs, looks much like it, and needs another article\n",
                );
                text.push_str(&format!(
                    "  - name: {}\n    text:{}    expect: nothing\n",
                    scalar(&format!("no failure: {other} instead of {word}")),
                    value(&replaced(self.request.paste, word, other), 4)
                ));
            }
            None => {
                text.push_str("  # Still to come, a near miss: a message that really occurs, looks much like it, and needs another article.\n");
                text.push_str("  # - name: what it is\n  #   text: the message\n  #   expect: nothing\n");
            }
        }
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
}

/// Regexes that add captures to the signature at hand.
fn write_optional<'r>(regexes: impl Iterator<Item = &'r String>, text: &mut String) {
    for (number, regex) in regexes.enumerate() {
        if number == 0 {
            text.push_str("    optional:\n");
        }
        text.push_str(&format!("      - regex: {}\n", single_quoted(regex)));
    }
}

/// Whether a title begins with a word as it stands in sentences, and with no name of a class, file or program.
fn begins_with_word(title: &str) -> bool {
    let mut words = title.split(' ');
    let first = words.next().unwrap_or_default();
    let is_word = first.len() > 1 && first.chars().all(|letter| letter.is_lowercase());
    is_word && !PROGRAMS.contains(&format!(" {first} "))
}

fn is_odd(letter: char) -> bool {
    matches!(letter, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}
