//! Where what stands at a place is defined.

use std::path::PathBuf;

use crate::author::language_server::cursor::{After, Cursor, expression_word, reference_at, tag_at};
use crate::author::language_server::keys::{Kind, Named};
use crate::author::language_server::names::{Meaning, RuleNames};
use crate::author::language_server::outline::{Outline, Step};
use crate::author::language_server::shared;
use crate::author::language_server::{Language, OpenFile, on_border};
use crate::rule::authored::Span;

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The file.
    pub path: PathBuf,
    /// The bytes.
    pub span: Span,
}

/// Tells where the name, rule or template at an offset is defined; nothing for other places. A name in a template may have a
/// definition in each rule that uses it.
pub fn definition(file: &OpenFile<'_>, offset: usize) -> Vec<Target> {
    let offset = on_border(file.text, offset);
    let Some(language) = file.language() else { return Vec::new() };
    if language == Language::Template {
        let whole = Span::new(0..file.text.len());
        let users = file.users();
        let targets = users.iter().filter_map(|(path, text)| {
            let names_outline = Outline::of(text);
            let span = name_in(&RuleNames::of(&names_outline), file.text, whole, true, offset)?;
            Some(Target { path: path.clone(), span })
        });
        let shared = shared::definition(file, 0..file.text.len(), offset);
        return shared.map_or_else(|| targets.collect(), |target| vec![target]);
    }
    let outline = Outline::of(file.text);
    let names = RuleNames::of(&outline);
    let here = |span: Span| vec![Target { path: file.path.to_owned(), span }];
    match Cursor::at(&outline, language, offset) {
        Cursor::Value { kind: kind @ (Kind::Expression | Kind::Article), place, .. } => {
            if kind == Kind::Article
                && let Some(target) = shared::definition(file, place.range(), offset)
            {
                return vec![target];
            }
            name_in(&names, file.text, place, kind == Kind::Article, offset).map(here).unwrap_or_default()
        }
        Cursor::Value { kind: Kind::RuleId, place, .. } | Cursor::Name { named: Named::Rules, place, .. } => {
            let id = file.text.get(place.range()).unwrap_or_default();
            let found = file.desk.find(id).and_then(|rule| Some((rule.path.to_owned(), rule.id?.1)));
            found.map(|(path, span)| Target { path, span }).into_iter().collect()
        }
        Cursor::Value { kind: Kind::Template, place, .. } => {
            let template = file.text.get(place.range()).unwrap_or_default();
            let path = file.desk.template_file(template);
            path.map(|path| Target { path, span: Span::default() }).into_iter().collect()
        }
        Cursor::Value { kind: Kind::Identity | Kind::Question | Kind::Capture | Kind::Signature, place, .. } => {
            let name = file.text.get(place.range()).unwrap_or_default();
            names.meaning(None, name).map(|meaning| here(place_of(meaning))).unwrap_or_default()
        }
        Cursor::Name { named: Named::OwnCaptures, node: Some(node), place, .. } => {
            let name = file.text.get(place.range()).unwrap_or_default();
            let path = outline.path(node);
            let of = path.iter().find_map(|step| names.signatures.iter().find(|one| Step::Key(one.name) == *step));
            let meaning = of.and_then(|signature| names.meaning(Some(signature.name), name));
            meaning.map(|meaning| here(place_of(meaning))).unwrap_or_default()
        }
        Cursor::Name { named: Named::TestFacts | Named::TestCaptures, place, .. } => {
            let name = file.text.get(place.range()).unwrap_or_default();
            let (of, name) = name.split_once('.').map_or((None, name), |(of, name)| (Some(of), name));
            names.meaning(of, name).map(|meaning| here(place_of(meaning))).unwrap_or_default()
        }
        Cursor::Value { kind: Kind::Regex, place, .. } => pattern(file, place, offset).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// Where the settings say what the pattern that a regex names at an offset stands for; nothing for a built-in one.
fn pattern(file: &OpenFile<'_>, place: Span, offset: usize) -> Option<Target> {
    let (name, ..) = reference_at(file.text, place, offset)?;
    file.desk.settings_files_read().find_map(|path| {
        let settings = file.desk.authored(path)?;
        let outline = Outline::of(settings.text());
        let node = outline.child(Some(outline.child(None, "patterns")?), name)?;
        let span = outline.nodes.get(node)?.key.clone().map(Span::new)?;
        Some(Target { path: path.to_owned(), span })
    })
}

fn place_of(meaning: Meaning<'_, '_>) -> Span {
    Span::new(match meaning {
        Meaning::Signature(signature) => signature.place.clone(),
        Meaning::Fact(fact) => fact.place.clone(),
        Meaning::Correlation(_, place) | Meaning::Capture(_, _, place) => place.clone(),
    })
}

/// Where the name at an offset of an expression or text is defined.
fn name_in(names: &RuleNames<'_>, text: &str, place: Span, is_article: bool, offset: usize) -> Option<Span> {
    let range = if is_article { tag_at(text, place.range(), offset)? } else { place.range() };
    let word = expression_word(text, range, offset)?;
    let of = match word.after {
        After::Dot(of) => Some(of),
        After::Other => None,
        After::Pipe | After::Is | After::Statement => return None,
    };
    names.meaning(of, word.text).map(place_of)
}
