//! Typed reading from a YAML tree that reports every fault and goes on.
//!
//! A [`Reader`] collects the diagnostics of one file. [`Reader::fields`] opens a mapping against the keys it may have; the
//! other methods turn a node into a text, a list, a choice, and return `None` after reporting what is wrong with it.

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::Arc;

use crate::rule::authored::{AuthoredFile, Located, Span};
use crate::rule::diagnostic::{Code, Diagnostic, near_names, nearest, suggest};
use crate::rule::fix::Fix;
use crate::rule::keys::Mapping;
use crate::rule::vocabulary::UnknownChoice;
use crate::rule::yaml::{self, Node};

/// Reads one file and collects what is wrong with it.
pub(crate) struct Reader {
    pub(crate) file: Arc<AuthoredFile>,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// The keys of one mapping that are known, each at most once.
#[derive(Default)]
pub(crate) struct Fields {
    /// `None` for what could not be opened.
    mapping: Option<&'static Mapping>,
    span: Span,
    values: Vec<(&'static str, Located<Node>)>,
    /// Keys that were probably meant by unknown ones, so that a slip of the pen is not reported as missing too.
    misspelt: Vec<&'static str>,
}

impl Fields {
    /// Takes the value of a key out, if the mapping has it.
    pub(crate) fn take(&mut self, key: &'static str) -> Option<Located<Node>> {
        debug_assert!(self.mapping.is_none_or(|mapping| mapping.has(key)), "`{key}` is in no table of keys");
        let at = self.values.iter().position(|(name, _)| *name == key)?;
        Some(self.values.swap_remove(at).1)
    }

    /// Where the value of a key stands, if the mapping has it.
    pub(crate) fn place(&self, key: &str) -> Option<Span> {
        self.values.iter().find(|(name, _)| *name == key).map(|(_, node)| node.span)
    }
}

impl Reader {
    pub(crate) fn new(file: Arc<AuthoredFile>) -> Self {
        Self { file, diagnostics: Vec::new() }
    }

    /// Reads a whole file that may be empty, or commented out from the first line to the last.
    pub(crate) fn read<T: Default>(
        file: Arc<AuthoredFile>,
        read: impl FnOnce(&mut Self, Located<Node>) -> Option<T>,
    ) -> (T, Vec<Diagnostic>) {
        match yaml::parse(&file) {
            Err(diagnostic) => (T::default(), vec![diagnostic]),
            Ok(root) if root.value == Node::Null => (T::default(), Vec::new()),
            Ok(root) => {
                let mut reader = Self::new(file);
                let value = read(&mut reader, root).unwrap_or_default();
                (value, reader.diagnostics)
            }
        }
    }

    /// The texts of a key that takes one or several; none without it.
    pub(crate) fn many(&mut self, fields: &mut Fields, key: &'static str) -> Vec<Located<String>> {
        fields.take(key).map(|node| self.one_or_more(node)).unwrap_or_default()
    }

    /// Reports a mistake at a place of this file.
    pub(crate) fn error(
        &mut self,
        code: Code,
        span: Span,
        title: impl Into<String>,
        label: &str,
        help: Option<String>,
    ) {
        self.diagnostics.push(Diagnostic::error(code, title).at(&self.file, span, label).maybe_help(help));
    }

    /// Adds a fix to the mistake that was reported last.
    fn attach(&mut self, fix: Fix) {
        if let Some(last) = self.diagnostics.last_mut() {
            last.fix = Some(Box::new(fix));
        }
    }

    fn wrong_type(&mut self, node: &Located<Node>, wanted: &str) {
        let found = match &node.value {
            Node::Number(spelled) => format!("`{spelled}`"),
            other => other.kind().to_owned(),
        };
        let help = match &node.value {
            Node::Null => Some(format!("write {wanted}, or leave it out")),
            Node::List(_) if wanted == "a mapping" => Some("leave the `-` out; each entry is `name: …`".to_owned()),
            Node::Map(_) if wanted == "a list" => Some("begin each item with `- `".to_owned()),
            Node::String(text) if wanted == "a list" => Some(format!("put it in brackets: `[{text}]`")),
            Node::List(_) | Node::Map(_)
                if wanted == "a text" && self.file.slice(node.span).starts_with(['[', '{']) =>
            {
                Some("a text that begins with `[` or `{` needs quotes around it".to_owned())
            }
            _ => None,
        };
        let title = format!("{wanted} is wanted here, this is {found}");
        self.error(Code::WrongType, node.span, title, &format!("write {wanted}"), help);
    }

    /// Reports that `what`, which has keys, is something else.
    fn not_a_mapping(&mut self, node: &Located<Node>, mapping: &Mapping) {
        let what = mapping.what;
        let title = format!("{what} is a mapping of keys to values, this is {}", node.value.kind());
        let help = match &node.value {
            Node::List(_) if what == "a rule" => {
                "write each rule in a file of its own, its keys without `-`".to_owned()
            }
            _ if what == "a rule" => "begin with `id: …`, `title: …` and `signatures:`".to_owned(),
            Node::String(text) if mapping.has("contains") => format!("write `contains: {text}`, or `regex: …`"),
            _ => format!("write it as `key: …`, with these keys: {}", mapping.listed()),
        };
        self.error(Code::WrongType, node.span, title, "write a mapping", Some(help));
    }

    /// Opens a mapping: keys that its table does not have are reported, duplicate ones too.
    pub(crate) fn fields(&mut self, node: Located<Node>, mapping: &'static Mapping) -> Option<Fields> {
        let Node::Map(entries) = node.value else {
            self.not_a_mapping(&node, mapping);
            return None;
        };
        let (what, known) = (mapping.what, mapping.keys);
        let mut misspelt = Vec::new();
        let written: Vec<&'static str> =
            mapping.names().filter(|name| entries.iter().any(|(key, _)| key.value == *name)).collect();
        // keys of the language are few; only what a mapping has beside them is looked up by hash
        let mut first_spans: Vec<(&'static str, Span)> = Vec::with_capacity(entries.len().min(known.len()));
        let mut first_unknown: HashMap<String, Span> = HashMap::new();
        let mut values = Vec::with_capacity(entries.len().min(known.len()));
        for (key, value) in entries {
            let known_name = mapping.names().find(|name| *name == key.value);
            let first = match known_name {
                Some(name) => first_spans.iter().find(|(first, _)| *first == name).map(|&(_, span)| span),
                None => first_unknown.get(&key.value).copied(),
            };
            if let Some(first) = first {
                let earlier = values.iter().find(|(name, _)| *name == key.value).map(|(_, node)| node);
                self.duplicate_key(&key, first, &value, earlier);
                continue;
            }
            match known_name {
                Some(name) => first_spans.push((name, key.span)),
                None => _ = first_unknown.insert(key.value.clone(), key.span),
            }
            if let Some(name) = known_name {
                values.push((name, value));
            } else if mapping.later.contains(&key.value.as_str()) {
                let title = format!("`{}` is part of the rule language but not evaluated by this version", key.value);
                self.error(
                    Code::NotSupported,
                    key.span,
                    title,
                    "not evaluated yet",
                    Some("leave it out for now".into()),
                );
            } else {
                let title = format!("{what} has no key `{}`", key.value);
                let near = nearest(&key.value, mapping.names());
                misspelt.extend(near);
                let help = match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("{what} may have: {}", mapping.listed()),
                };
                // certain only where one key alone could be meant, and it is not there yet
                let meant = match near_names(&key.value, mapping.names()).as_slice() {
                    [only] if !written.contains(only) => Some(*only),
                    _ => None,
                };
                let fix = meant.map(|meant| {
                    Fix::replace(&self.file, key.span, meant, format!("replace `{}` by `{meant}`", key.value))
                });
                self.diagnostics.push(
                    Diagnostic::error(Code::UnknownKey, title)
                        .at(&self.file, key.span, "unknown key")
                        .help(help)
                        .maybe_fix(fix),
                );
            }
        }
        Some(Fields { mapping: Some(mapping), span: node.span, values, misspelt })
    }

    /// `earlier` is what the key had before, if that is known; the same value again can be left out.
    fn duplicate_key(
        &mut self,
        key: &Located<String>,
        first: Span,
        value: &Located<Node>,
        earlier: Option<&Located<Node>>,
    ) {
        let is_same = earlier.is_some_and(|earlier| self.file.slice(earlier.span) == self.file.slice(value.span));
        let title = format!("remove the second `{}`", key.value);
        let fix = is_same.then(|| Fix::without_entry(&self.file, key.span, value.span, title)).flatten();
        let diagnostic = Diagnostic::error(Code::DuplicateKey, format!("`{}` is given twice", key.value))
            .at(&self.file, key.span, "given again")
            .at(&self.file, first, "first given here")
            .help("keep one of them")
            .maybe_fix(fix);
        self.diagnostics.push(diagnostic);
    }

    /// Takes a key that must be there; reports it missing at the start of the mapping.
    pub(crate) fn required(&mut self, fields: &mut Fields, key: &'static str) -> Option<Located<Node>> {
        let what = fields.mapping.map_or("this", |mapping| mapping.what);
        let value = match fields.take(key) {
            Some(empty) if empty.value == Node::Null => {
                let title = format!("{} needs the key `{key}`, and this one is empty", what);
                self.error(Code::MissingKey, empty.span, title, "write a value here", None);
                return None;
            }
            value => value,
        };
        if value.is_none() && !fields.misspelt.contains(&key) {
            let start = Span::new(fields.span.start..self.end_of_line(fields.span.start));
            let title = format!("{} needs the key `{key}`", what);
            self.error(Code::MissingKey, start, title, &format!("add `{key}: …` here"), None);
        }
        value
    }

    fn end_of_line(&self, start: usize) -> usize {
        let rest = &self.file.text().as_bytes()[start..];
        start + memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len())
    }

    /// A scalar as text; numbers and booleans as they are spelled.
    pub(crate) fn text(&mut self, node: Located<Node>) -> Option<Located<String>> {
        if let Node::String(text) | Node::Number(text) = node.value {
            return Some(Located::new(text, node.span));
        }
        let text = node.value.scalar();
        if text.is_none() {
            self.wrong_type(&node, "a text");
        }
        text.map(|text| Located::new(text, node.span))
    }

    /// A boolean.
    pub(crate) fn boolean(&mut self, node: Located<Node>) -> Option<bool> {
        match node.value {
            Node::Boolean(value) => Some(value),
            _ => {
                self.wrong_type(&node, "true or false");
                let meant = match &node.value {
                    Node::String(word) if ["yes", "on"].contains(&word.to_ascii_lowercase().as_str()) => "true",
                    Node::String(word) if ["no", "off"].contains(&word.to_ascii_lowercase().as_str()) => "false",
                    _ => return None,
                };
                self.attach(Fix::replace(&self.file, node.span, meant, format!("write `{meant}`")));
                None
            }
        }
    }

    /// A whole number.
    pub(crate) fn integer(&mut self, node: Located<Node>) -> Option<i64> {
        let number = match &node.value {
            Node::Number(spelled) => spelled.parse().ok(),
            _ => None,
        };
        if number.is_none() {
            self.wrong_type(&node, "a whole number");
        }
        number
    }

    /// A number of things.
    pub(crate) fn count(&mut self, node: Located<Node>) -> Option<u64> {
        let span = node.span;
        let count = self.integer(node)?;
        if count < 0 {
            let title = format!("there cannot be {count} of anything");
            self.error(Code::WrongType, span, title, "less than nothing", None);
        }
        u64::try_from(count).ok()
    }

    /// One word of a fixed set; `what` names the set, as in "a severity".
    pub(crate) fn choice<T: FromStr<Err = UnknownChoice>>(&mut self, node: Located<Node>, what: &str) -> Option<T> {
        let text = self.text(node)?;
        match text.value.parse() {
            Ok(choice) => Some(choice),
            Err(unknown) => {
                let help = suggest(&unknown.given, unknown.choices);
                let title = format!("`{}` is not {what}", unknown.given);
                self.error(Code::UnknownValue, text.span, title, "not a choice", help);
                // near words may mean something else; the case alone may not
                let meant = unknown.choices.iter().find(|choice| choice.eq_ignore_ascii_case(&unknown.given));
                if let Some(meant) = meant {
                    self.attach(Fix::replace(&self.file, text.span, *meant, format!("write `{meant}`")));
                }
                None
            }
        }
    }

    /// A date such as 2024-12-31.
    pub(crate) fn date(&mut self, node: Located<Node>) -> Option<jiff::civil::Date> {
        let text = self.text(node)?;
        let date = jiff::civil::Date::from_str(&text.value).ok();
        if date.is_none() {
            let title = format!("`{}` is not a date", text.value);
            self.error(
                Code::BadDate,
                text.span,
                title,
                "not a date",
                Some("write year-month-day, as in 2024-12-31".into()),
            );
        }
        date
    }

    /// The items of a list.
    pub(crate) fn list(&mut self, node: Located<Node>) -> Vec<Located<Node>> {
        match node.value {
            Node::List(items) => items,
            _ => {
                self.wrong_type(&node, "a list");
                Vec::new()
            }
        }
    }

    /// A list of texts.
    pub(crate) fn texts(&mut self, node: Located<Node>) -> Vec<Located<String>> {
        self.list(node).into_iter().filter_map(|item| self.text(item)).collect()
    }

    /// One text or a list of texts.
    pub(crate) fn one_or_more(&mut self, node: Located<Node>) -> Vec<Located<String>> {
        match node.value {
            Node::List(_) => self.texts(node),
            _ => self.text(node).into_iter().collect(),
        }
    }

    /// The entries of a mapping whose keys the author names; a name given twice is reported and its first use kept.
    pub(crate) fn named(&mut self, node: Located<Node>) -> Vec<(Located<String>, Located<Node>)> {
        let Node::Map(entries) = node.value else {
            self.wrong_type(&node, "a mapping");
            return Vec::new();
        };
        let mut kept: Vec<(Located<String>, Located<Node>)> = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            match kept.iter().find(|(earlier, _)| earlier.value == key.value) {
                Some((first, earlier)) => self.duplicate_key(&key, first.span, &value, Some(earlier)),
                None => kept.push((key, value)),
            }
        }
        kept
    }
}
