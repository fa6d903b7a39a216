//! What may stand where, as an editor needs to know it: a walk through the table of keys.
//!
//! Which keys there are and what they mean is known to [`keys`](crate::rule::keys); here only which mapping, name or kind of value a way
//! through a file leads to.

use crate::author::language_server::Language;
use crate::author::language_server::outline::Step;
use crate::rule::keys::{Absent, Key, Mapping, Shape};
use crate::rule::overlay_keys::OVERLAY;
use crate::rule::rule_keys::RULE;
use crate::rule::settings_keys::SETTINGS;
use crate::rule::vocabulary::Level;

/// What a value is written as, as far as something can be said about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Anything.
    Free,
    /// A text with placeholders.
    Article,
    /// An expression.
    Expression,
    /// A regex.
    Regex,
    /// One of some words.
    Choice(&'static [&'static str]),
    /// The id of a rule.
    RuleId,
    /// The path of a template.
    Template,
    /// A capture of the first signature.
    Identity,
    /// A capture of any signature.
    Capture,
    /// The name of a signature.
    Signature,
    /// The title of a branch.
    Branch,
    /// The name of a fact.
    Question,
}

/// A mapping whose keys are names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    Signatures,
    Facts,
    /// Facts that a test gives, each with a value.
    TestFacts,
    /// Captures that a test expects.
    TestCaptures,
    /// Captures of a signature, each with what it means.
    OwnCaptures,
    /// Rules that an overlay changes.
    Rules,
    /// Tags of such rules.
    Tags,
    /// Others that the author chooses.
    Others,
}

const BOOLEANS: &[&str] = &["true", "false"];
static RULE_SHAPE: Shape = Shape::Mapping(&RULE);
static SETTINGS_SHAPE: Shape = Shape::Mapping(&SETTINGS);
static OVERLAY_SHAPE: Shape = Shape::Mapping(&OVERLAY);

/// What a way leads to; several where one thing or another may stand.
fn shapes_at(language: Language, path: &[Step<'_>]) -> Vec<&'static Shape> {
    let mut shapes = vec![match language {
        Language::Settings => &SETTINGS_SHAPE,
        Language::Overlay => &OVERLAY_SHAPE,
        Language::Rule | Language::Template => &RULE_SHAPE,
    }];
    for step in path {
        shapes = shapes.into_iter().flat_map(alternatives).filter_map(|shape| inside(shape, *step)).collect();
    }
    shapes.into_iter().flat_map(alternatives).collect()
}

/// What may stand at one place.
fn alternatives(shape: &'static Shape) -> Vec<&'static Shape> {
    match shape {
        Shape::Either(one, other) => alternatives(one).into_iter().chain(alternatives(other)).collect(),
        shape => vec![shape],
    }
}

fn inside(shape: &'static Shape, step: Step<'_>) -> Option<&'static Shape> {
    match (shape, step) {
        (Shape::Mapping(mapping), Step::Key(name)) => key_of(mapping, name).map(|key| &key.shape),
        (Shape::Named(_, inner) | Shape::NamedOrBare(_, inner), Step::Key(_)) => Some(inner),
        (Shape::List(inner) | Shape::OneOrMore(inner), Step::Item) => Some(inner),
        _ => None,
    }
}

/// A key of a mapping.
pub(crate) fn key_of(mapping: &'static Mapping, name: &str) -> Option<&'static Key> {
    mapping.keys.iter().find(|key| key.name == name)
}

/// What a key means, and what holds without it, in Markdown.
pub(crate) fn about(key: &Key) -> String {
    let absent = match key.default {
        Absent::Required => "\n\nRequired.".to_owned(),
        Absent::Nothing => String::new(),
        Absent::Value(value) => format!("\n\nWithout it: `{value}`"),
        Absent::Words(words) => format!("\n\nWithout it: {words}"),
    };
    format!("`{}`: {}{absent}", key.name, key.about)
}

/// The mapping with keys of the language at the end of a way.
pub(crate) fn mapping_at(language: Language, path: &[Step<'_>]) -> Option<&'static Mapping> {
    shapes_at(language, path).into_iter().find_map(|shape| match shape {
        Shape::Mapping(mapping) => Some(*mapping),
        _ => None,
    })
}

/// The mapping of names at the end of a way.
pub(crate) fn named_at(language: Language, path: &[Step<'_>]) -> Option<Named> {
    let of = shapes_at(language, path).into_iter().find_map(|shape| match shape {
        Shape::Named(of, _) | Shape::NamedOrBare(of, _) => Some(*of),
        _ => None,
    })?;
    Some(match (path, of) {
        ([Step::Key("signatures")], _) if language == Language::Rule => Named::Signatures,
        ([Step::Key("facts")], _) if language == Language::Rule => Named::Facts,
        ([Step::Key("signatures"), ..], "capture") if language == Language::Rule => Named::OwnCaptures,
        (_, "fact") => Named::TestFacts,
        (_, "capture") => Named::TestCaptures,
        (_, "rule") => Named::Rules,
        (_, "tag") => Named::Tags,
        _ => Named::Others,
    })
}

/// What kind of value stands at the end of a way; a list is of the kind of its items.
pub(crate) fn kind_at(language: Language, path: &[Step<'_>]) -> Kind {
    use Step::Key;
    let list = match path {
        [list @ .., Step::Item] => list,
        path => path,
    };
    match list {
        [Key("id")] => return Kind::Free,
        [Key("identity")] => return Kind::Identity,
        [.., Key("expect"), Key("resolution")] => return Kind::Branch,
        [Key("correlations"), Key(_), Key("signatures")] => return Kind::Signature,
        _ => {}
    }
    let kinds = shapes_at(language, path).into_iter().map(kind_of);
    kinds.into_iter().find(|kind| *kind != Kind::Free).unwrap_or(Kind::Free)
}

fn kind_of(shape: &'static Shape) -> Kind {
    match shape {
        Shape::Id => Kind::RuleId,
        Shape::Expression => Kind::Expression,
        Shape::Template => Kind::Article,
        Shape::Choice(words) => Kind::Choice(words),
        Shape::Level => Kind::Choice(Level::NAMES),
        Shape::Boolean => Kind::Choice(BOOLEANS),
        Shape::Text("regex") => Kind::Regex,
        Shape::Text("capture") => Kind::Capture,
        Shape::Text("fact") => Kind::Question,
        Shape::Text(words) if words.starts_with("path below `templates/`") => Kind::Template,
        Shape::List(inner) | Shape::OneOrMore(inner) => kind_of(inner),
        _ => Kind::Free,
    }
}
