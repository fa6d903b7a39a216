//! The names of the rule that is being written: signatures with their captures, facts, branches.
//!
//! Read from the [`Outline`], because a rule that is being written is rarely sound.

use std::ops::Range;

use crate::author::language_server::outline::{Outline, Style};

/// A signature by its name.
#[derive(Debug)]
pub(crate) struct SignatureName<'t> {
    pub(crate) name: &'t str,
    /// Where the name stands.
    pub(crate) place: Range<usize>,
    /// What its regexes capture, each once, with its place.
    pub(crate) captures: Vec<(&'t str, Range<usize>)>,
    /// What they mean, as far as the rule says so.
    pub(crate) meanings: Vec<(&'t str, String)>,
}

impl SignatureName<'_> {
    /// What a capture means; empty when the rule does not say so.
    pub(crate) fn about(&self, capture: &str) -> &str {
        self.meanings.iter().find(|(name, _)| *name == capture).map_or("", |(_, about)| about)
    }
}

/// A fact by its name.
#[derive(Debug)]
pub(crate) struct FactName<'t> {
    pub(crate) name: &'t str,
    pub(crate) place: Range<usize>,
    pub(crate) about: String,
    pub(crate) kind: Option<&'t str>,
    pub(crate) values: Vec<&'t str>,
    pub(crate) ask: String,
}

/// The names of one rule.
#[derive(Debug, Default)]
pub(crate) struct RuleNames<'t> {
    pub(crate) signatures: Vec<SignatureName<'t>>,
    pub(crate) facts: Vec<FactName<'t>>,
    /// Correlations with their places.
    pub(crate) correlations: Vec<(&'t str, Range<usize>)>,
    /// Titles of branches.
    pub(crate) branches: Vec<&'t str>,
}

/// What a name of an expression means.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Meaning<'n, 't> {
    Signature(&'n SignatureName<'t>),
    Fact(&'n FactName<'t>),
    /// A correlation.
    Correlation(&'t str, &'n Range<usize>),
    /// A capture of a signature.
    Capture(&'n SignatureName<'t>, &'t str, &'n Range<usize>),
}

impl<'t> RuleNames<'t> {
    pub(crate) fn of(outline: &Outline<'t>) -> Self {
        let below = |key: &str| {
            let parent = outline.child(None, key);
            parent.map(|parent| outline.children(Some(parent)).collect::<Vec<_>>()).unwrap_or_default()
        };
        let place = |node: usize| outline.nodes[node].key.clone();
        let signatures = below("signatures").into_iter().filter_map(|node| {
            let captures = captures(outline.text, outline.extent(node));
            let meanings = outline.child(Some(node), "captures");
            let meanings = meanings.map(|meanings| outline.children(Some(meanings)).collect::<Vec<_>>());
            let meaning = |child: usize| (outline.key(child), on_one_line(outline, child));
            let meanings = meanings.unwrap_or_default().into_iter().map(meaning).collect();
            Some(SignatureName { name: outline.key(node), place: place(node)?, captures, meanings })
        });
        let facts = below("facts").into_iter().filter_map(|node| {
            let child = |key: &str| outline.child(Some(node), key);
            let text = |key: &str| child(key).map(|child| on_one_line(outline, child)).unwrap_or_default();
            let values = child("values").map(|values| outline.children(Some(values)).collect::<Vec<_>>());
            Some(FactName {
                name: outline.key(node),
                place: place(node)?,
                about: text("about"),
                kind: child("type").map(|child| outline.scalar(child)),
                values: values.unwrap_or_default().into_iter().map(|value| outline.scalar(value)).collect(),
                ask: text("ask"),
            })
        });
        let correlations = below("correlations").into_iter();
        let branches = below("resolution").into_iter().filter_map(|item| outline.child(Some(item), "title"));
        Self {
            signatures: signatures.collect(),
            facts: facts.collect(),
            correlations: correlations.filter_map(|node| Some((outline.key(node), place(node)?))).collect(),
            branches: branches.map(|title| outline.scalar(title)).collect(),
        }
    }

    /// The signature with a name.
    pub(crate) fn signature(&self, name: &str) -> Option<&SignatureName<'t>> {
        self.signatures.iter().find(|signature| signature.name == name)
    }

    /// What a plain name means, or the name behind the dot of another.
    pub(crate) fn meaning(&self, of: Option<&str>, name: &str) -> Option<Meaning<'_, 't>> {
        let capture =
            |signature: &'_ SignatureName<'t>| signature.captures.iter().position(|(capture, _)| *capture == name);
        if let Some(of) = of {
            let signature = self.signature(of)?;
            let (capture, place) = signature.captures.get(capture(signature)?)?;
            return Some(Meaning::Capture(signature, capture, place));
        }
        if let Some(signature) = self.signature(name) {
            return Some(Meaning::Signature(signature));
        }
        if let Some(fact) = self.facts.iter().find(|fact| fact.name == name) {
            return Some(Meaning::Fact(fact));
        }
        if let Some((name, place)) = self.correlations.iter().find(|(correlation, _)| *correlation == name) {
            return Some(Meaning::Correlation(name, place));
        }
        self.signatures.iter().find_map(|signature| {
            let (capture, place) = signature.captures.get(capture(signature)?)?;
            Some(Meaning::Capture(signature, capture, place))
        })
    }

    /// Captures with how they are written: plain where one signature has them, else behind the signature's name.
    pub(crate) fn captures(&self) -> Vec<(String, &SignatureName<'t>)> {
        let all = || self.signatures.iter().flat_map(|one| one.captures.iter().map(move |(name, _)| (*name, one)));
        all()
            .map(|(name, signature)| {
                let is_shared = all().filter(|(other, _)| *other == name).count() > 1;
                (if is_shared { format!("{}.{name}", signature.name) } else { name.to_owned() }, signature)
            })
            .collect()
    }
}

/// A text with its lines joined.
fn on_one_line(outline: &Outline<'_>, node: usize) -> String {
    match outline.nodes[node].style {
        Style::Block | Style::Plain | Style::Quoted => {
            outline.scalar(node).split_whitespace().collect::<Vec<_>>().join(" ")
        }
        _ => String::new(),
    }
}

/// The names of the capture groups in a part of the text: `(?<name>`, `(?P<name>`, `%{PATTERN:name}`.
fn captures(text: &str, range: Range<usize>) -> Vec<(&str, Range<usize>)> {
    let mut found: Vec<(&str, Range<usize>)> = Vec::new();
    let part = text.get(range.clone()).unwrap_or_default();
    for (opening, closing) in [("(?<", '>'), ("(?P<", '>'), ("%{", '}')] {
        for (at, _) in part.match_indices(opening) {
            let inner = part.get(at + opening.len()..).unwrap_or_default();
            let Some(mut name) = inner.find(closing).and_then(|end| inner.get(..end)) else { continue };
            let mut start = range.start + at + opening.len();
            if opening == "%{" {
                let Some((pattern, capture)) = name.split_once(':') else { continue };
                start += pattern.len() + 1;
                name = capture;
            }
            let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            if is_name && !found.iter().any(|(other, _)| *other == name) {
                found.push((name, start..start + name.len()));
            }
        }
    }
    found.sort_by_key(|(_, place)| place.start);
    found
}
