//! What may be written at a place.
//!
//! Candidates are not narrowed to what is written so far: editors do that, each in its way. Only rule ids are, of which there may be
//! thousands.

use std::collections::BTreeSet;

use crate::author::language_server::cursor::{After, Cursor, Word, expression_word, reference_at, tag_at};
use crate::author::language_server::keys::{self, Kind, Named};
use crate::author::language_server::names::RuleNames;
use crate::author::language_server::outline::{Outline, Step, Style};
use crate::author::language_server::shared;
use crate::author::language_server::{Language, OpenFile, on_border, word_at};
use crate::rule::authored::Span;
use crate::rule::keys::Mapping;
use crate::rule::language_words;
use crate::rule::pattern_library::BuiltIn;

/// Rule ids that are offered at once; an editor asks again when more is typed.
const ID_LIMIT: usize = 200;

/// What a candidate is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemKind {
    /// A key of the language.
    Key,
    /// One of some words.
    Value,
    /// A signature.
    Signature,
    /// A capture.
    Capture,
    /// A fact.
    Fact,
    /// A rule.
    Rule,
    /// A file.
    File,
    /// A pattern for regexes.
    Pattern,
    /// A filter or test.
    Function,
    /// A word of expressions.
    Word,
}

/// One candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompletionItem {
    /// What is shown, and sought by what is typed.
    pub label: String,
    /// What is written.
    pub insert: String,
    /// What it is.
    pub kind: ItemKind,
    /// A few words beside it.
    pub detail: String,
    /// Its documentation, in Markdown.
    pub about: String,
}

/// What may be written at a place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completion {
    /// The candidates, likeliest first.
    pub items: Vec<CompletionItem>,
    /// The bytes of the text that a candidate replaces.
    pub replace: Span,
    /// Whether there are more.
    pub is_incomplete: bool,
}

/// Words of expressions that are no names.
const WORDS: &[&str] = &["and", "or", "not", "is", "in", "true", "false", "none"];
/// Words that begin a statement in a text.
const STATEMENTS: &[&str] = &[
    "if", "elif", "else", "endif", "for", "endfor", "set", "with", "endwith", "raw", "endraw", "include", "import",
    "from", "macro", "endmacro", "call", "endcall",
];
/// What every signature has, with what it is.
const SIGNATURE_ATTRIBUTES: &[(&str, &str)] = &[
    ("count", "how many records matched"),
    ("first", "time of the first match"),
    ("last", "time of the last match"),
    ("captures", "what it captured"),
];

/// Tells what may be written at an offset of a file. Cost: linear in the text, and for rule ids in the rules.
pub fn complete(file: &OpenFile<'_>, offset: usize) -> Completion {
    let offset = on_border(file.text, offset);
    let Some(language) = file.language() else { return Completion::default() };
    if language == Language::Template {
        let users = file.users();
        let outlines: Vec<Outline<'_>> = users.iter().map(|(_, text)| Outline::of(text)).collect();
        let names: Vec<RuleNames<'_>> = outlines.iter().map(RuleNames::of).collect();
        return article(file, &names, Span::new(0..file.text.len()), offset);
    }
    let outline = Outline::of(file.text);
    let names = RuleNames::of(&outline);
    let completer = Completer { file, outline: &outline, names: std::slice::from_ref(&names), offset };
    match Cursor::at(&outline, language, offset) {
        Cursor::Key { owner, parent, node, place } => completer.keys(owner, parent, node, place),
        Cursor::Name { named, parent, node, place } => completer.named(&names, named, parent, node, place),
        Cursor::Value { kind, node, place } => completer.value(&names, kind, node, place),
        Cursor::FactValue { node, place } => {
            let fact = names.facts.iter().find(|fact| fact.name == outline.key(node));
            let values: Vec<&str> = match fact {
                Some(fact) if fact.kind == Some("boolean") => vec!["true", "false", "null"],
                Some(fact) => fact.values.iter().copied().chain(["null"]).collect(),
                None => Vec::new(),
            };
            Completion { items: plain(ItemKind::Value, values), replace: place, is_incomplete: false }
        }
        Cursor::Nothing => Completion::default(),
    }
}

struct Completer<'c, 't> {
    file: &'c OpenFile<'t>,
    outline: &'c Outline<'t>,
    names: &'c [RuleNames<'t>],
    offset: usize,
}

impl<'t> Completer<'_, 't> {
    /// The keys that a mapping does not have yet.
    fn keys(&self, owner: &'static Mapping, parent: Option<usize>, node: Option<usize>, place: Span) -> Completion {
        let is_used = |key: &str| self.outline.child(parent, key).is_some_and(|child| Some(child) != node);
        let is_complete = node.is_some_and(|node| self.outline.nodes[node].complete);
        let unused = owner.keys.iter().filter(|key| !is_used(key.name));
        let items = unused.map(|key| CompletionItem {
            label: key.name.to_owned(),
            insert: if is_complete { key.name.to_owned() } else { format!("{}: ", key.name) },
            kind: ItemKind::Key,
            detail: String::new(),
            about: keys::about(key),
        });
        Completion { items: items.collect(), replace: place, is_incomplete: false }
    }

    /// Names that a test may give values for, or that an overlay may change something about.
    fn named(
        &self,
        names: &RuleNames<'t>,
        named: Named,
        parent: Option<usize>,
        node: Option<usize>,
        place: Span,
    ) -> Completion {
        let is_used = |key: &str| self.outline.child(parent, key).is_some_and(|child| Some(child) != node);
        let is_complete = node.is_some_and(|node| self.outline.nodes[node].complete);
        let mut items = match named {
            Named::TestFacts => facts(names),
            Named::TestCaptures => captures(names),
            Named::OwnCaptures => {
                let path = parent.map(|parent| self.outline.path(parent)).unwrap_or_default();
                let of =
                    path.iter().filter_map(|step| names.signatures.iter().find(|one| Step::Key(one.name) == *step));
                let captures = of.flat_map(|signature| &signature.captures);
                captures.map(|(name, _)| item(ItemKind::Capture, name)).collect()
            }
            Named::Rules => {
                let mut completion = self.rule_ids(place);
                completion.items.retain(|item| !is_used(&item.label));
                for item in completion.items.iter_mut().filter(|_| !is_complete) {
                    item.insert.push(':');
                }
                return completion;
            }
            Named::Tags => self.tags(),
            Named::Signatures | Named::Facts | Named::Others => Vec::new(),
        };
        items.retain(|item| !is_used(&item.label));
        for item in items.iter_mut().filter(|_| !is_complete) {
            item.insert.push_str(": ");
        }
        Completion { items, replace: place, is_incomplete: false }
    }

    fn value(&self, names: &RuleNames<'t>, kind: Kind, node: usize, place: Span) -> Completion {
        let style = self.outline.nodes.get(node).map_or(Style::Nothing, |node| node.style);
        let mut items = match kind {
            Kind::Free => return Completion::default(),
            Kind::Regex => return self.patterns(place),
            Kind::Article => return article(self.file, self.names, place, self.offset),
            Kind::Expression => return expression(self.names, self.file.text, place, self.offset),
            Kind::RuleId => return self.rule_ids(place),
            Kind::Choice(words) => plain(ItemKind::Value, words.to_vec()),
            Kind::Template => plain(ItemKind::File, self.file.desk.templates()),
            Kind::Branch => plain(ItemKind::Value, names.branches.clone()),
            Kind::Question => facts(names),
            Kind::Capture => captures(names),
            Kind::Signature => names.signatures.iter().map(|one| item(ItemKind::Signature, one.name)).collect(),
            Kind::Identity => {
                let first = names.signatures.first().map(|first| first.captures.iter());
                first.into_iter().flatten().map(|(name, _)| item(ItemKind::Capture, name)).collect()
            }
        };
        if style != Style::Quoted {
            items.iter_mut().for_each(|item| item.insert = quoted(&item.insert));
        }
        Completion { items, replace: place, is_incomplete: false }
    }

    /// The patterns that a regex may name, behind a `%{`.
    fn patterns(&self, place: Span) -> Completion {
        let nothing = Completion::default();
        let Some((_, name, behind)) = reference_at(self.file.text, place, self.offset) else { return nothing };
        let insert = |name: &str| if behind { name.to_owned() } else { format!("{name}}}") };
        let own = self.file.desk.patterns().own().map(|(name, pattern)| CompletionItem {
            insert: insert(name),
            about: format!("```\n{}\n```", pattern.source),
            detail: "pattern of this faultbook".to_owned(),
            ..item(ItemKind::Pattern, name)
        });
        let built_in = BuiltIn::all().iter().map(|pattern| CompletionItem {
            insert: insert(pattern.name),
            about: format!("{}\n```\n{}\n```", pattern.about, pattern.regex),
            detail: pattern.section.to_owned(),
            ..item(ItemKind::Pattern, pattern.name)
        });
        Completion { items: own.chain(built_in).collect(), replace: name, is_incomplete: false }
    }

    /// The tags that rules have, each once.
    fn tags(&self) -> Vec<CompletionItem> {
        let rules = self.file.desk.rules().filter_map(|rule| rule.rule);
        let tags: BTreeSet<&str> = rules.flat_map(|rule| &rule.tags).map(String::as_str).collect();
        plain(ItemKind::Value, tags.into_iter().collect())
    }

    /// The ids of other rules that hold what is written up to the cursor.
    fn rule_ids(&self, place: Span) -> Completion {
        let written = self.file.text.get(place.start..self.offset).unwrap_or_default().to_lowercase();
        let own = self.file.desk.rule_at(self.file.path).and_then(|rule| rule.id).map(|(id, _)| id);
        let mut found: Vec<_> = self.file.desk.rules().filter_map(|rule| Some((rule.id?.0, rule.rule))).collect();
        let holds = |id: &str| id.to_lowercase().contains(&written);
        found.retain(|(id, rule)| {
            Some(*id) != own && (holds(id) || rule.is_some_and(|rule| rule.title.to_lowercase().contains(&written)))
        });
        let is_incomplete = found.len() > ID_LIMIT;
        if is_incomplete {
            found.sort_by_key(|(id, _)| !id.to_lowercase().starts_with(&written));
        }
        let items = found.into_iter().take(ID_LIMIT).map(|(id, rule)| CompletionItem {
            detail: rule.map(|rule| rule.title.clone()).unwrap_or_default(),
            ..item(ItemKind::Rule, id)
        });
        Completion { items: items.collect(), replace: place, is_incomplete }
    }
}

fn item(kind: ItemKind, label: &str) -> CompletionItem {
    CompletionItem {
        label: label.to_owned(),
        insert: label.to_owned(),
        kind,
        detail: String::new(),
        about: String::new(),
    }
}

fn plain(kind: ItemKind, words: Vec<impl AsRef<str>>) -> Vec<CompletionItem> {
    words.iter().map(|word| item(kind, word.as_ref())).collect()
}

fn functions(table: &'static [(&'static str, &'static str)]) -> Vec<CompletionItem> {
    let item =
        |(name, about): &(&str, &str)| CompletionItem { about: (*about).to_owned(), ..item(ItemKind::Function, name) };
    table.iter().map(item).collect()
}

fn facts(names: &RuleNames<'_>) -> Vec<CompletionItem> {
    let facts = names.facts.iter().map(|fact| CompletionItem {
        detail: format!("fact, {}", fact.kind.unwrap_or(if fact.values.is_empty() { "string" } else { "one-of" })),
        about: fact.about.clone(),
        ..item(ItemKind::Fact, fact.name)
    });
    facts.collect()
}

fn captures(names: &RuleNames<'_>) -> Vec<CompletionItem> {
    let captures = names.captures().into_iter().map(|(name, signature)| CompletionItem {
        detail: format!("capture of {}", signature.name),
        about: signature.about(name.rsplit('.').next().unwrap_or(&name)).to_owned(),
        ..item(ItemKind::Capture, &name)
    });
    captures.collect()
}

/// A text as YAML takes it without a second thought.
fn quoted(text: &str) -> String {
    let is_special = text
        .starts_with(['"', '\'', '[', '{', '&', '*', '!', '|', '>', '%', '@', '`', '#', '-', '?', ' '])
        || text.contains(": ")
        || text.contains(" #")
        || text.contains([',', ']', '}'])
        || text.ends_with([':', ' ']);
    if is_special { format!("'{}'", text.replace('\'', "''")) } else { text.to_owned() }
}

/// What may be written in a text with placeholders.
fn article(file: &OpenFile<'_>, names: &[RuleNames<'_>], place: Span, offset: usize) -> Completion {
    let whole = place.start.min(offset)..place.end.max(offset);
    // a list of branches is no text
    let Some(tag) = tag_at(file.text, whole.clone(), offset) else { return Completion::default() };
    if let Some((_, replace)) = shared::file_at(file.text, tag.clone(), offset) {
        return Completion { items: plain(ItemKind::File, file.desk.templates()), replace, is_incomplete: false };
    }
    if let Some(path) = shared::imported_from(file.text, tag.clone(), offset) {
        let items = shared::macros_of(file.desk, path).iter().map(macro_item).collect();
        return Completion { items, replace: word_at(file.text, offset), is_incomplete: false };
    }
    let mut found = expression_in(names, file.text, tag.clone(), offset);
    if let Some(Word { after: After::Other | After::Dot(_), .. }) = expression_word(file.text, tag, offset) {
        let text = file.text.get(whole).unwrap_or_default();
        let before = file.text.get(..found.replace.start).unwrap_or_default();
        let module = before.strip_suffix('.').and_then(|before| before.get(word_at(before, before.len()).range()));
        found.items.splice(0..0, shared::macros_in(file.desk, text, module).iter().map(macro_item));
    }
    found
}

fn macro_item(found: &shared::MacroName) -> CompletionItem {
    CompletionItem { detail: found.signature(), ..item(ItemKind::Function, &found.name) }
}

/// What may be written in an expression.
fn expression(names: &[RuleNames<'_>], text: &str, place: Span, offset: usize) -> Completion {
    expression_in(names, text, place.start.min(offset)..place.end.max(offset), offset)
}

fn expression_in(all: &[RuleNames<'_>], text: &str, range: std::ops::Range<usize>, offset: usize) -> Completion {
    let Some(Word { place, after, .. }) = expression_word(text, range, offset) else { return Completion::default() };
    let mut items: Vec<CompletionItem> = match after {
        After::Pipe => functions(language_words::filters()),
        After::Is => {
            let tests = functions(language_words::tests()).into_iter();
            [item(ItemKind::Word, "not")].into_iter().chain(tests).collect()
        }
        After::Statement => plain(ItemKind::Word, STATEMENTS.to_vec()),
        After::Dot(name) => {
            let signatures = all.iter().filter_map(|names| names.signature(name));
            let of_signature = signatures.flat_map(|signature| {
                let captures = signature.captures.iter().map(|(capture, _)| item(ItemKind::Capture, capture));
                let attributes = SIGNATURE_ATTRIBUTES
                    .iter()
                    .map(|(name, about)| CompletionItem { detail: (*about).to_owned(), ..item(ItemKind::Value, name) });
                captures.chain(attributes).collect::<Vec<_>>()
            });
            of_signature.collect()
        }
        After::Other => {
            let of_rule = all.iter().flat_map(|names| {
                let signatures = names.signatures.iter().map(|signature| CompletionItem {
                    detail: "signature".to_owned(),
                    ..item(ItemKind::Signature, signature.name)
                });
                let correlations = names.correlations.iter().map(|(name, _)| CompletionItem {
                    detail: "correlation".to_owned(),
                    ..item(ItemKind::Signature, name)
                });
                captures(names)
                    .into_iter()
                    .chain(facts(names))
                    .chain(signatures)
                    .chain(correlations)
                    .collect::<Vec<_>>()
            });
            of_rule.chain(plain(ItemKind::Word, WORDS.to_vec())).collect()
        }
    };
    let mut told = std::collections::HashSet::new();
    items.retain(|item| told.insert(item.label.clone()));
    Completion { items, replace: place, is_incomplete: false }
}
