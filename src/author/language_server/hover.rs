//! What is known about what stands at a place.
//!
//! Over a regex and a signature: what it captures in the rule's own tests, so that an author sees while writing what it does.

use std::fmt::Write as _;
use std::sync::Arc;

use crate::author::language_server::cursor::{After, Cursor, Word, expression_word, reference_at, tag_at};
use crate::author::language_server::keys::{self, Kind, Named};
use crate::author::language_server::names::{FactName, Meaning, RuleNames};
use crate::author::language_server::outline::{Outline, Step};
use crate::author::language_server::{Language, OpenFile, on_border};
use crate::rule::Rule;
use crate::rule::authored::{AuthoredFile, Located, Span};
use crate::rule::file::{LeafFile, RuleFile, SignatureFile};
use crate::rule::pattern::Pattern;
use crate::rule::pattern_library::BuiltIn;
use crate::scan::confirm::{Readings, confirm};

/// Tests that are told of at once.
const TESTS_SHOWN: usize = 8;
/// Characters of a value that are shown.
const VALUE_SHOWN: usize = 80;

/// What is told about a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hover {
    /// In Markdown.
    pub text: String,
    /// What it is about.
    pub span: Span,
}

/// Tells about what stands at an offset; `None` where there is nothing to say.
pub fn hover(file: &OpenFile<'_>, offset: usize) -> Option<Hover> {
    let offset = on_border(file.text, offset);
    let language = file.language()?;
    if language == Language::Template {
        let whole = Span::new(0..file.text.len());
        let users = file.users();
        return users.iter().find_map(|(path, text)| {
            let user = OpenFile { path, text, desk: file.desk };
            let names_outline = Outline::of(text);
            let names = RuleNames::of(&names_outline);
            Hoverer { file: &user, names: &names }.word(file.text, whole, true, offset)
        });
    }
    let outline = Outline::of(file.text);
    let names = RuleNames::of(&outline);
    let hoverer = Hoverer { file, names: &names };
    match Cursor::at(&outline, language, offset) {
        Cursor::Key { owner, node: Some(node), place, .. } => {
            let key = keys::key_of(owner, outline.key(node))?;
            Some(Hover { text: keys::about(key), span: place })
        }
        Cursor::Name { named, node: Some(node), place, .. } => {
            let name = outline.key(node);
            let text = match named {
                Named::Signatures => hoverer.signature(name),
                Named::Facts | Named::TestFacts => fact(names.facts.iter().find(|fact| fact.name == name)?),
                Named::Rules => rule(file, name)?,
                Named::Tags => {
                    let rules = file.desk.rules().filter_map(|rule| rule.rule);
                    let count = rules.filter(|rule| rule.tags.iter().any(|tag| tag == name)).count();
                    format!("tag {} of {count} rule{}", code(name), if count == 1 { "" } else { "s" })
                }
                Named::Others => return None,
                Named::OwnCaptures => {
                    let path = outline.path(node);
                    let of =
                        path.iter().find_map(|step| names.signatures.iter().find(|one| Step::Key(one.name) == *step));
                    hoverer.meaning(names.meaning(Some(of?.name), name)?)
                }
                Named::TestCaptures => {
                    let (of, name) = name.split_once('.').map_or((None, name), |(of, name)| (Some(of), name));
                    hoverer.meaning(names.meaning(of, name)?)
                }
            };
            Some(Hover { text, span: place })
        }
        Cursor::Value { kind: kind @ (Kind::Expression | Kind::Article), place, .. } => {
            hoverer.word(file.text, place, kind == Kind::Article, offset)
        }
        Cursor::Value { kind: Kind::Regex, place, .. } => {
            hoverer.pattern(place, offset).or_else(|| hoverer.regex(offset))
        }
        Cursor::Value { kind: Kind::RuleId, place, .. } => {
            let id = file.text.get(place.range())?;
            Some(Hover { text: rule(file, id)?, span: place })
        }
        Cursor::Value { kind: Kind::Identity | Kind::Question | Kind::Capture | Kind::Signature, place, .. } => {
            let meaning = names.meaning(None, file.text.get(place.range())?)?;
            Some(Hover { text: hoverer.meaning(meaning), span: place })
        }
        _ => None,
    }
}

struct Hoverer<'h, 't> {
    file: &'h OpenFile<'t>,
    names: &'h RuleNames<'t>,
}

impl Hoverer<'_, '_> {
    fn word(&self, text: &str, place: Span, is_article: bool, offset: usize) -> Option<Hover> {
        let range = if is_article { tag_at(text, place.range(), offset)? } else { place.range() };
        let Word { text: word, place: span, after } = expression_word(text, range, offset)?;
        let of = match after {
            After::Dot(of) => Some(of),
            After::Other => None,
            After::Pipe | After::Is | After::Statement => return None,
        };
        Some(Hover { text: self.meaning(self.names.meaning(of, word)?), span })
    }

    fn meaning(&self, meaning: Meaning<'_, '_>) -> String {
        match meaning {
            Meaning::Signature(signature) => self.signature(signature.name),
            Meaning::Fact(found) => fact(found),
            Meaning::Correlation(name, _) => format!("correlation {}", code(name)),
            Meaning::Capture(signature, capture, _) => {
                let mut text = format!("capture {} of the signature {}\n", code(capture), code(signature.name));
                let about = signature.about(capture);
                if !about.is_empty() {
                    let _ = writeln!(text, "\n{}", self::text(about));
                }
                self.in_tests(&mut text, signature.name, Some(capture));
                text
            }
        }
    }

    fn signature(&self, name: &str) -> String {
        let mut text = format!("signature {}\n", code(name));
        self.in_tests(&mut text, name, None);
        text
    }

    /// What a signature does with the texts of the rule's own tests.
    fn in_tests(&self, out: &mut String, signature: &str, only: Option<&str>) {
        let rule: Option<&Rule> = self.file.desk.rule_at(self.file.path).and_then(|rule| rule.rule);
        let Some(rule) = rule else {
            out.push_str("\nThe rule has errors: what it captures shows when they are mended.");
            return;
        };
        let Some(signature) = rule.signatures.iter().find(|one| one.name == signature) else { return };
        let told = rule.tests.iter().map(|test| {
            let confirmed = confirm(signature, Readings::whole(test.text.as_bytes(), None));
            let captured = confirmed.map(|captured| {
                let names = signature.captures().into_iter().chain(signature.optional_captures());
                let values = names.zip(captured.values.into_iter().chain(captured.optional));
                let values = values.filter_map(|(name, value)| Some((name.to_owned(), value?)));
                values.filter(|(name, _)| only.is_none_or(|only| only == name)).collect::<Vec<_>>()
            });
            (test.name.as_str(), captured)
        });
        tell_tests(out, told);
    }

    /// What the pattern that a regex names at an offset stands for.
    fn pattern(&self, place: Span, offset: usize) -> Option<Hover> {
        let (name, span, _) = reference_at(self.file.text, place, offset)?;
        let own = self.file.desk.patterns().own().find(|(own, _)| *own == name);
        let (about, regex) = match own {
            Some((_, pattern)) => (text(&pattern.place), pattern.source.as_str()),
            None => {
                BuiltIn::all().iter().find(|pattern| pattern.name == name).map(|one| (one.about.clone(), one.regex))?
            }
        };
        Some(Hover { text: format!("pattern {}: {about}\n\n{}", code(name), code(regex)), span })
    }

    /// What the regex at an offset does with the texts of the rule's own tests.
    fn regex(&self, offset: usize) -> Option<Hover> {
        let file = Arc::new(AuthoredFile::new("", self.file.text));
        let written = RuleFile::read(file).0?;
        let regexes = written.signatures.iter().flat_map(regexes);
        let regex = regexes.into_iter().find(|regex| regex.span.start <= offset && offset <= regex.span.end)?;
        let (pattern, _) = Pattern::parsed(&regex.value, self.file.desk.patterns()).ok()?;
        let compiled = pattern.regex()?;
        let mut text = match pattern.captures() {
            [] => "regex without captures\n".to_owned(),
            names => {
                let names: Vec<String> = names.iter().map(|name| code(name)).collect();
                format!("regex that captures {}\n", names.join(", "))
            }
        };
        let told = written.tests.iter().map(|test| {
            let captured = compiled.captures(test.text.as_bytes()).map(|captured| {
                let value = |name: &String| {
                    let found = captured.name(name)?;
                    Some((name.clone(), String::from_utf8_lossy(found.as_bytes()).into_owned()))
                };
                pattern.captures().iter().filter_map(value).collect::<Vec<_>>()
            });
            (test.name.value.as_str(), captured)
        });
        tell_tests(&mut text, told);
        Some(Hover { text, span: regex.span })
    }
}

/// What is told of a rule by its id.
fn rule(file: &OpenFile<'_>, id: &str) -> Option<String> {
    let told = match file.desk.find(id)?.rule {
        Some(rule) => format!("**{}** ({}, {})", text(&rule.title), rule.severity, rule.state),
        None => "a rule with errors".to_owned(),
    };
    Some(format!("{}: {told}", code(id)))
}

/// All regexes of a signature.
fn regexes(signature: &SignatureFile) -> Vec<&Located<String>> {
    let leaves = signature.all.iter().chain(&signature.any).chain(&signature.none);
    let of_leaves = leaves.flat_map(|leaf: &LeafFile| &leaf.regex);
    signature.regex.iter().chain(of_leaves).chain(signature.optional.iter().flatten()).collect()
}

fn tell_tests<'a>(out: &mut String, tests: impl ExactSizeIterator<Item = (&'a str, Option<Vec<(String, String)>>)>) {
    let count = tests.len();
    if count == 0 {
        out.push_str("\nThe rule has no tests.");
        return;
    }
    out.push_str("\nIn the rule's tests:\n");
    for (name, captured) in tests.take(TESTS_SHOWN) {
        let told = match captured {
            None => "no match".to_owned(),
            Some(values) if values.is_empty() => "matches".to_owned(),
            Some(values) => {
                let values: Vec<String> =
                    values.iter().map(|(name, value)| format!("{} = {}", code(name), code(value))).collect();
                values.join(", ")
            }
        };
        let _ = write!(out, "\n- {}: {told}", text(name));
    }
    if count > TESTS_SHOWN {
        let _ = write!(out, "\n- … and {} more", count - TESTS_SHOWN);
    }
}

fn fact(fact: &FactName<'_>) -> String {
    let kind = fact.kind.unwrap_or(if fact.values.is_empty() { "string" } else { "one-of" });
    let mut out = format!("fact {} ({})", code(fact.name), text(kind));
    if !fact.values.is_empty() {
        let values: Vec<String> = fact.values.iter().map(|value| code(value)).collect();
        let _ = write!(out, ": {}", values.join(", "));
    }
    for line in [&fact.about, &fact.ask].into_iter().filter(|line| !line.is_empty()) {
        let _ = write!(out, "\n\n{}", text(line));
    }
    out
}

/// A text of which nothing is Markdown.
fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\r' => out.push(' '),
            _ if character.is_ascii_punctuation() => out.extend(['\\', character]),
            _ => out.push(character),
        }
    }
    out
}

/// A value between backticks, on one line and not too long.
fn code(value: &str) -> String {
    let mut shown: String = value.chars().take(VALUE_SHOWN).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if value.chars().nth(VALUE_SHOWN).is_some() {
        shown.push('…');
    }
    let longest = shown.split(|character| character != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if longest > 0 || shown.is_empty() { " " } else { "" };
    format!("{fence}{pad}{shown}{pad}{fence}")
}
