//! A rule's file, read again when a lint has something to say about it.
//!
//! Places are found by keys, as an author would name them: `signatures`, `timeout`, `regex`. So a lint needs nothing but the checked
//! rule to look at, and keys of the language that it does not know are seen all the same ([`Page::mentions_elsewhere`]).

use std::cell::OnceCell;
use std::sync::Arc;

use crate::rule::authored::{AuthoredFile, Located, Span};
use crate::rule::yaml::{self, Node};
use crate::rule::{Code, Diagnostic, Rule};

/// Keys whose names and values are no use of a rule's names, or are looked at in the checked rule.
const LOOKED_AT: &[&str] = &[
    "id",
    "title",
    "severity",
    "state",
    "audience",
    "created",
    "reviewed",
    "owner",
    "tags",
    "related",
    "links",
    "condition",
    "supersedes",
    "symptoms",
    "cause",
    "resolution",
    "prevention",
    "allow",
    "tests",
];
/// The same below each signature and each fact.
const LOOKED_AT_INSIDE: &[&str] = &[
    "regex", "contains", "all", "any", "none", "optional", "file", "level", "scope", "captures", "about", "type",
    "values", "derive", "ask",
];

/// One step down into a file.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step<'s> {
    /// The value of a key.
    Key(&'s str),
    /// An item of a list.
    Item(usize),
}

impl<'s> From<&'s str> for Step<'s> {
    fn from(key: &'s str) -> Self {
        Step::Key(key)
    }
}

impl From<usize> for Step<'_> {
    fn from(at: usize) -> Self {
        Step::Item(at)
    }
}

/// A file with what is written where.
pub(crate) struct Tree {
    pub(super) file: Arc<AuthoredFile>,
    root: Option<Located<Node>>,
}

impl Tree {
    /// Reads a file; `None` when it is not YAML.
    pub(crate) fn of(file: Arc<AuthoredFile>) -> Option<Self> {
        let root = yaml::parse(&file).ok()?;
        Some(Self { file, root: Some(root) })
    }

    /// The place of the last key on a way, and what it leads to.
    fn find(&self, way: &[Step<'_>]) -> Option<(Span, &Located<Node>)> {
        let mut node = self.root.as_ref()?;
        let mut key_span = node.span;
        for step in way {
            (key_span, node) = match (step, &node.value) {
                (Step::Key(key), Node::Map(entries)) => {
                    let (key, value) = entries.iter().find(|(name, _)| name.value == *key)?;
                    (key.span, value)
                }
                (Step::Item(at), Node::List(items)) => items.get(*at).map(|item| (item.span, item))?,
                _ => return None,
            };
        }
        Some((key_span, node))
    }

    /// The places of the last key on a way and of its value.
    pub(crate) fn entry(&self, way: &[Step<'_>]) -> Option<(Span, Span)> {
        self.find(way).map(|(key, node)| (key, node.span))
    }

    /// The items of the list at the end of a way; those that are texts.
    pub(super) fn texts(&self, way: &[Step<'_>]) -> Vec<Located<String>> {
        match self.find(way).map(|(_, node)| &node.value) {
            Some(Node::List(items)) => {
                items.iter().filter_map(|item| Some(Located::new(item.value.scalar()?, item.span))).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// The page of one rule, opened when needed.
pub(super) struct Page<'f> {
    text: &'f (dyn Fn(&str) -> Option<Arc<AuthoredFile>> + Sync),
    rule: &'f Rule,
    tree: OnceCell<Tree>,
}

impl<'f> Page<'f> {
    /// The page of a rule, whose text `text` gives by its path.
    pub(super) fn new(text: &'f (dyn Fn(&str) -> Option<Arc<AuthoredFile>> + Sync), rule: &'f Rule) -> Self {
        Self { text, rule, tree: OnceCell::new() }
    }

    /// The file with its places. One that has gone since is empty: what is found is still told.
    pub(super) fn tree(&self) -> &Tree {
        self.tree.get_or_init(|| {
            let file = (self.text)(&self.rule.path);
            let file = file.unwrap_or_else(|| Arc::new(AuthoredFile::new(&self.rule.path, "")));
            Tree::of(Arc::clone(&file)).unwrap_or(Tree { file, root: None })
        })
    }

    pub(super) fn file(&self) -> &Arc<AuthoredFile> {
        &self.tree().file
    }

    /// Where the value at the end of a way stands, or the last key on it that there is.
    pub(super) fn value(&self, way: &[Step<'_>]) -> Span {
        let found = self.tree().entry(way).map(|(_, value)| value);
        found.or_else(|| way.split_last().map(|(_, rest)| self.key(rest))).unwrap_or_default()
    }

    /// Where the last key of a way stands.
    pub(super) fn key(&self, way: &[Step<'_>]) -> Span {
        let known = (1..=way.len()).rev().find_map(|length| self.tree().entry(way.get(..length)?));
        known.or_else(|| self.tree().entry(&["id".into()])).map(|(key, _)| key).unwrap_or_default()
    }

    /// Where the rule says its id.
    pub(super) fn id(&self) -> Span {
        self.value(&["id".into()])
    }

    /// Where a signature captures a name.
    pub(super) fn capture(&self, signature: &str, name: &str) -> Span {
        let span = self.value(&["signatures".into(), signature.into()]);
        let text = self.file().slice(span);
        let at = [format!("(?<{name}>"), format!("(?P<{name}>"), format!(":{name}}}")]
            .iter()
            .find_map(|group| Some(span.start + text.find(group)? + group.len() - name.len() - 1));
        at.map_or_else(|| self.key(&["signatures".into(), signature.into()]), |at| Span::new(at..at + name.len()))
    }

    /// Where what a signature tests stands.
    pub(super) fn signature(&self, signature: &str) -> Span {
        let tests = ["regex", "contains", "all", "any"];
        let entry = |key: &&str| self.tree().entry(&["signatures".into(), signature.into(), (*key).into()]);
        match tests.iter().find_map(entry) {
            Some((_, value)) => value,
            None => self.key(&["signatures".into(), signature.into()]),
        }
    }

    /// A warning at a place of this page.
    pub(super) fn warning(&self, code: Code, title: impl Into<String>, span: Span, label: &str) -> Diagnostic {
        Diagnostic::warning(code, title).at(self.file(), span, label)
    }

    /// Whether a name of the rule stands as a word of its own in a part of the file that is not looked at in the checked rule: under
    /// `identity`, in correlations, in what facts are extracted from, and whatever the language is given later.
    pub(super) fn mentions_elsewhere(&self, name: &str) -> bool {
        let Some(Located { value: Node::Map(entries), .. }) = &self.tree().root else { return false };
        entries.iter().filter(|(key, _)| !LOOKED_AT.contains(&key.value.as_str())).any(|(key, value)| {
            match (key.value.as_str(), &value.value) {
                ("signatures" | "facts", Node::Map(parts)) => parts.iter().any(|(_, part)| match &part.value {
                    Node::Map(inner) => inner
                        .iter()
                        .filter(|(key, _)| !LOOKED_AT_INSIDE.contains(&key.value.as_str()))
                        .any(|(_, value)| mentions(&value.value, name)),
                    _ => false,
                }),
                (_, value) => mentions(value, name),
            }
        })
    }
}

fn mentions(node: &Node, name: &str) -> bool {
    match node {
        Node::String(text) => has_word(text, name),
        Node::List(items) => items.iter().any(|item| mentions(&item.value, name)),
        Node::Map(entries) => entries.iter().any(|(key, value)| key.value == name || mentions(&value.value, name)),
        Node::Null | Node::Boolean(_) | Node::Number(_) => false,
    }
}

/// Whether a name stands in a text with no letter of names on either side.
fn has_word(text: &str, name: &str) -> bool {
    let is_part = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let bytes = text.as_bytes();
    !name.is_empty()
        && text.match_indices(name).any(|(at, _)| {
            !is_part(at.checked_sub(1).and_then(|before| bytes.get(before))) && !is_part(bytes.get(at + name.len()))
        })
}
