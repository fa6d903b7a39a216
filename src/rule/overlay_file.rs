//! An overlay as its author wrote it: the keys of an `overlay.yaml`, typed, each with its place.
//!
//! Like [`RuleFile`](super::file::RuleFile) for rules. What regexes and globs mean is checked by `overlay_check`, what an entry
//! changes about which rules by `overlay_join`.

use std::sync::Arc;

use crate::rule::authored::{AuthoredFile, Located, Span};
use crate::rule::diagnostic::{Code, Diagnostic};
use crate::rule::overlay_keys;
use crate::rule::reader::Reader;
use crate::rule::vocabulary::Severity;
use crate::rule::yaml::Node;

/// One overlay.
#[derive(Clone, Debug, Default)]
pub struct OverlayFile {
    /// Ids of rules, and what is different about them.
    pub rules: Vec<(Located<String>, ChangeFile)>,
    /// Tags, and what is different about the rules that have them.
    pub tags: Vec<(Located<String>, ChangeFile)>,
    /// Records that match no rule.
    pub noise: Vec<FilterFile>,
}

/// What is different about a rule.
#[derive(Clone, Debug, Default)]
pub struct ChangeFile {
    /// Another severity.
    pub severity: Option<Located<Severity>>,
    /// Whether it is not looked for.
    pub off: Option<Located<bool>>,
    /// Why.
    pub reason: Option<Located<String>>,
    /// Records that do not match it.
    pub noise: Vec<FilterFile>,
}

/// Records that count for nothing.
#[derive(Clone, Debug, Default)]
pub struct FilterFile {
    /// Where the entry stands.
    pub span: Span,
    /// One of them matches.
    pub regex: Vec<Located<String>>,
    /// Or one of them occurs.
    pub contains: Vec<Located<String>>,
    /// Globs over the path inside the case; any of them.
    pub file: Vec<Located<String>>,
    /// Why.
    pub reason: Option<Located<String>>,
    /// Whether a part could not be read.
    pub has_faults: bool,
}

impl OverlayFile {
    /// Reads an overlay. What is wrong is reported, and as much of it read as can be.
    pub fn read(file: Arc<AuthoredFile>) -> (Self, Vec<Diagnostic>) {
        Reader::read(file, read_overlay)
    }
}

fn read_overlay(reader: &mut Reader, root: Located<Node>) -> Option<OverlayFile> {
    let mut fields = reader.fields(root, &overlay_keys::OVERLAY)?;
    let mut named = |reader: &mut Reader, key| fields.take(key).map(|node| reader.named(node)).unwrap_or_default();
    let (rules, tags) = (named(reader, "rules"), named(reader, "tags"));
    let noise = fields.take("noise").map(|node| reader.list(node)).unwrap_or_default();
    let changes = |reader: &mut Reader, entries: Vec<(Located<String>, Located<Node>)>| {
        let read = |(name, node): (Located<String>, _)| Some((name.clone(), read_change(reader, &name, node)?));
        entries.into_iter().filter_map(read).collect()
    };
    Some(OverlayFile {
        rules: changes(reader, rules),
        tags: changes(reader, tags),
        noise: noise.into_iter().filter_map(|node| read_filter(reader, node)).collect(),
    })
}

fn read_change(reader: &mut Reader, name: &Located<String>, node: Located<Node>) -> Option<ChangeFile> {
    let faults_before = reader.diagnostics.len();
    let mut fields = reader.fields(node, &overlay_keys::CHANGE)?;
    let severity = fields.take("severity").and_then(|node| {
        let span = node.span;
        reader.choice(node, "a severity").map(|severity| Located::new(severity, span))
    });
    let off = fields.take("off").and_then(|node| {
        let span = node.span;
        reader.boolean(node).map(|off| Located::new(off, span))
    });
    let reason = fields.take("reason").and_then(|node| reader.text(node));
    let noise = fields.take("noise").map(|node| reader.list(node)).unwrap_or_default();
    let noise: Vec<FilterFile> = noise.into_iter().filter_map(|node| read_filter(reader, node)).collect();
    if severity.is_none() && off.is_none() && noise.is_empty() && reader.diagnostics.len() == faults_before {
        let title = format!("the entry of `{}` changes nothing", name.value);
        let help = Some("write `severity: …`, `off: true` or `noise: …` below it".to_owned());
        reader.error(Code::MissingKey, name.span, title, "none of `severity`, `off` and `noise`", help);
    }
    Some(ChangeFile { severity, off, reason, noise })
}

fn read_filter(reader: &mut Reader, node: Located<Node>) -> Option<FilterFile> {
    let (span, faults_before) = (node.span, reader.diagnostics.len());
    let mut fields = reader.fields(node, &overlay_keys::FILTER)?;
    let mut many = |key| reader.many(&mut fields, key);
    let (regex, contains, file) = (many("regex"), many("contains"), many("file"));
    let reason = fields.take("reason").and_then(|node| reader.text(node));
    if regex.is_empty() && contains.is_empty() && reader.diagnostics.len() == faults_before {
        let help = Some("write `regex: …` or `contains: …`".to_owned());
        let label = "neither `regex` nor `contains`";
        reader.error(Code::MissingKey, span, "this noise filter takes no record", label, help);
    }
    if let Some(first) = regex.first().filter(|_| !contains.is_empty()) {
        let help = Some("write them as two filters, each with its own `-`".to_owned());
        let title = "a noise filter is a `regex` or a `contains`, not both";
        reader.error(Code::DuplicateKey, first.span, title, "one of two tests", help);
    }
    let has_faults = reader.diagnostics.len() > faults_before;
    Some(FilterFile { span, regex, contains, file, reason, has_faults })
}
