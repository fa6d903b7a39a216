//! What stands at a place of a file, in the words of the language: a key, a name, a value of some kind, a word of an expression.

use std::ops::Range;

use crate::author::language_server::keys::{Kind, Named, kind_at, mapping_at, named_at};
use crate::author::language_server::outline::{Outline, Place, Step, Style};
use crate::author::language_server::{Language, word_at};
use crate::rule::authored::Span;
use crate::rule::keys::Mapping;

/// What a place in a rule or settings file is.
#[derive(Clone, Debug)]
pub(crate) enum Cursor {
    /// In a key of the language, or where one may be written.
    Key { owner: &'static Mapping, parent: Option<usize>, node: Option<usize>, place: Span },
    /// In a name that the author gives, or where one may be given.
    Name { named: Named, parent: Option<usize>, node: Option<usize>, place: Span },
    /// In a value of a kind.
    Value { kind: Kind, node: usize, place: Span },
    /// In the value that a test gives a fact.
    FactValue { node: usize, place: Span },
    /// Nothing that is known.
    Nothing,
}

impl Cursor {
    /// What stands at an offset of a file.
    pub(crate) fn at(outline: &Outline<'_>, language: Language, offset: usize) -> Self {
        let here = Span { start: offset, end: offset };
        match outline.at(offset) {
            Place::Comment => Cursor::Nothing,
            Place::Key(node) => {
                let Some(found) = outline.nodes.get(node) else { return Cursor::Nothing };
                let place = found.key.clone().map_or(here, Span::new);
                // a word without a colon below a key that takes a text, or behind the dash of a list of texts
                let parent_path = found.parent.map(|parent| outline.path(parent)).unwrap_or_default();
                let cursor = Self::inside(outline, language, found.parent, Some(node), place);
                match (cursor, found.parent) {
                    (Cursor::Nothing, Some(parent)) if !found.complete => {
                        Cursor::Value { kind: kind_at(language, &parent_path), node: parent, place }
                    }
                    (cursor, _) => cursor,
                }
            }
            Place::Inside(parent) => {
                let path = parent.map(|parent| outline.path(parent)).unwrap_or_default();
                let is_list = parent.is_some_and(|parent| outline.nodes[parent].style == Style::FlowList);
                match (Self::inside(outline, language, parent, None, here), parent) {
                    (Cursor::Nothing, Some(node)) | (_, Some(node)) if is_list => {
                        Cursor::Value { kind: kind_at(language, &path), node, place: here }
                    }
                    (cursor, _) => cursor,
                }
            }
            Place::Value(node) => {
                let Some(found) = outline.nodes.get(node) else { return Cursor::Nothing };
                let path = outline.path(node);
                let place = if found.style == Style::Nothing { here } else { Span::new(outline.scalar_range(found)) };
                let kind = kind_at(language, &path);
                if let [rest @ .., Step::Key(_)] = path.as_slice()
                    && named_at(language, rest) == Some(Named::TestFacts)
                {
                    return Cursor::FactValue { node, place };
                }
                // behind a dash, a mapping may begin
                let is_word = matches!(found.style, Style::Nothing | Style::Plain);
                if let (true, None, Some(owner)) = (is_word, &found.key, mapping_at(language, &path)) {
                    return Cursor::Key { owner, parent: Some(node), node: None, place };
                }
                Cursor::Value { kind, node, place }
            }
        }
    }

    fn inside(
        outline: &Outline<'_>,
        language: Language,
        parent: Option<usize>,
        node: Option<usize>,
        place: Span,
    ) -> Self {
        let path = parent.map(|parent| outline.path(parent)).unwrap_or_default();
        if let Some(owner) = mapping_at(language, &path) {
            return Cursor::Key { owner, parent, node, place };
        }
        match named_at(language, &path) {
            Some(named) => Cursor::Name { named, parent, node, place },
            None => Cursor::Nothing,
        }
    }
}

/// A word of an expression, with what stands before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Word<'t> {
    pub(crate) text: &'t str,
    pub(crate) place: Span,
    pub(crate) after: After<'t>,
}

/// What stands before a word of an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After<'t> {
    /// A name and a dot.
    Dot(&'t str),
    /// `|`: it is a filter.
    Pipe,
    /// `is` or `is not`: it is a test.
    Is,
    /// `{%`: it is a statement.
    Statement,
    /// Anything else.
    Other,
}

/// The word at an offset of an expression that stands in `range`. `None` inside of quotes.
pub(crate) fn expression_word(text: &str, range: Range<usize>, offset: usize) -> Option<Word<'_>> {
    let mut place = word_at(text, offset);
    place.start = place.start.max(range.start.min(offset));
    let before = text.get(range.start.min(place.start)..place.start)?;
    let mut quote = None;
    for character in before.chars() {
        match quote {
            Some(open) if open == character => quote = None,
            None if matches!(character, '\'' | '"') => quote = Some(character),
            _ => {}
        }
    }
    if quote.is_some() {
        return None;
    }
    let trimmed = before.trim_end();
    let last_word = |text: &'_ str| text.get(word_at(text, text.len()).range()).unwrap_or_default().to_owned();
    let after = if let Some(name) = before.strip_suffix('.') {
        After::Dot(name.get(word_at(name, name.len()).range()).unwrap_or_default())
    } else if trimmed.ends_with('|') {
        After::Pipe
    } else if trimmed.ends_with('%') || trimmed.ends_with("%-") {
        After::Statement
    } else {
        match last_word(trimmed).as_str() {
            "is" if trimmed.len() < before.len() => After::Is,
            "not" if trimmed.len() < before.len() => {
                let earlier = trimmed.strip_suffix("not").unwrap_or_default().trim_end();
                if last_word(earlier) == "is" { After::Is } else { After::Other }
            }
            _ => After::Other,
        }
    };
    Some(Word { text: text.get(place.range()).unwrap_or_default(), place, after })
}

/// The inside of the tag around an offset of an article text that stands in `range`, from its opening on, `{%` with its `%`.
pub(crate) fn tag_at(text: &str, range: Range<usize>, offset: usize) -> Option<Range<usize>> {
    let before = text.get(range.start..offset)?;
    let opening = before.rfind("{{").max(before.rfind("{%"))?;
    let inner = before.get(opening + 2..)?;
    if inner.contains("}}") || inner.contains("%}") {
        return None;
    }
    let start = range.start + opening + 1 + usize::from(before.get(opening..)?.starts_with("{{"));
    let rest = text.get(offset..range.end.max(offset)).unwrap_or_default();
    let end = [rest.find("}}"), rest.find("%}"), rest.find('\n')].into_iter().flatten().min();
    Some(start..offset + end.unwrap_or(rest.len()))
}

/// The reference `%{NAME…}` around an offset of a regex: the name, its place, and whether something stands behind it already.
pub(crate) fn reference_at(text: &str, regex: Span, offset: usize) -> Option<(&str, Span, bool)> {
    let before = text.get(regex.start.min(offset)..offset)?;
    let opening = before.rfind("%{")?;
    let start = regex.start.min(offset) + opening + 2;
    let is_name = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let inner = text.get(start..offset)?;
    if !inner.chars().all(is_name) {
        return None;
    }
    let rest = text.get(start..)?;
    let name = rest.get(..rest.len() - rest.trim_start_matches(is_name).len())?;
    let place = Span::new(start..start + name.len());
    Some((name, place, rest.get(name.len()..)?.starts_with(['}', ':'])))
}
