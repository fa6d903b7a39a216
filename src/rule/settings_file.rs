//! The settings as their author wrote them: the keys of `faultbook.yaml`, typed, each with its place.
//!
//! Like [`RuleFile`](super::file::RuleFile) for rules. What the values mean is checked when `settings_check` turns this into
//! [`Settings`](super::Settings).

use std::sync::Arc;

use crate::rule::authored::{AuthoredFile, Located, Span};
use crate::rule::diagnostic::{Code, Diagnostic};
use crate::rule::limit_settings::LimitSettings;
use crate::rule::reader::{Fields, Reader};
use crate::rule::settings_keys;
use crate::rule::vocabulary::{Audience, MaskedKind, Severity};
use crate::rule::yaml::Node;

/// One `faultbook.yaml`.
#[derive(Clone, Debug, Default)]
pub struct SettingsFile {
    /// Patterns that regexes may name: names and regexes.
    pub patterns: Vec<(Located<String>, Located<String>)>,
    /// How sources are read, first match first.
    pub sources: Vec<SourceFile>,
    /// Names of limits and their values.
    pub limits: Vec<(&'static str, Located<String>)>,
    /// Defaults of the command line.
    pub defaults: DefaultsFile,
    /// Warnings that are not shown.
    pub allow: Vec<Located<String>>,
    /// Warnings that count like errors.
    pub deny: Vec<Located<String>>,
    /// What is masked.
    pub redact: RedactFile,
    /// What the portal is run with.
    pub portal: PortalFile,
}

/// How the sources that fit a glob are read.
#[derive(Clone, Debug, Default)]
pub struct SourceFile {
    /// Where the entry stands.
    pub span: Span,
    /// Globs over the path inside the case; any of them.
    pub path: Vec<Located<String>>,
    /// The keys besides `path`, each with the place of its value, in the order of the documentation.
    pub keys: Vec<(&'static str, Span)>,
    /// A line that matches begins a record.
    pub start: Option<Located<String>>,
    /// A line that matches continues one.
    pub continuation: Option<Located<String>>,
    /// What stands at the beginning of a record.
    pub header: Option<Located<String>>,
    /// Formats of timestamps.
    pub timestamp: Vec<Located<String>>,
    /// The zone of times that name none.
    pub zone: Option<Located<String>>,
    /// The label of an encoding.
    pub encoding: Option<Located<String>>,
    /// The element that is a record.
    pub xml: Option<Located<String>>,
    /// The keys of JSON lines.
    pub json: Option<JsonFile>,
    /// Records that match are ignored.
    pub noise: Vec<Located<String>>,
    /// Whether a part could not be read.
    pub has_faults: bool,
}

/// The keys of JSON lines.
#[derive(Clone, Debug, Default)]
pub struct JsonFile {
    /// Where it stands.
    pub span: Span,
    /// What is said.
    pub message: Option<Located<String>>,
    /// When.
    pub time: Option<Located<String>>,
    /// How severe.
    pub level: Option<Located<String>>,
}

/// Defaults of the command line.
#[derive(Clone, Debug, Default)]
pub struct DefaultsFile {
    /// `--audience`
    pub audience: Option<Audience>,
    /// `--exclude`
    pub exclude: Vec<Located<String>>,
    /// `--fail-on`
    pub fail_on: Option<Severity>,
    /// `--format`
    pub format: Option<Located<String>>,
    /// `--include`
    pub include: Vec<Located<String>>,
    /// `--min-severity`
    pub min_severity: Option<Severity>,
    /// `--threads`
    pub threads: Option<Located<u64>>,
    /// `--timezone`
    pub timezone: Option<Located<String>>,
}

/// What is masked in output that is redacted.
#[derive(Clone, Debug, Default)]
pub struct RedactFile {
    /// Further values: names and regexes.
    pub patterns: Vec<(Located<String>, Located<String>)>,
    /// Kinds that are not masked.
    pub keep: Vec<MaskedKind>,
}

/// What the portal is run with.
#[derive(Clone, Debug, Default)]
pub struct PortalFile {
    /// Where readers reach it.
    pub address: Option<Located<String>>,
    /// The mail server.
    pub mail_server: Option<Located<String>>,
    /// The sender of mails.
    pub mail_from: Option<Located<String>>,
    /// Who may do more than the public.
    pub tokens: Vec<TokenFile>,
}

/// A token of the portal.
#[derive(Clone, Debug)]
pub struct TokenFile {
    /// Whose it is.
    pub name: Located<String>,
    /// The hash in hexadecimal.
    pub sha256: Located<String>,
    /// The widest audience.
    pub audience: Option<Audience>,
    /// Whether it may upload cases.
    pub cases: bool,
    /// Whether it may see statistics.
    pub statistics: bool,
}

impl SettingsFile {
    /// Reads a settings file. What is wrong is reported, and as much of it read as can be.
    pub fn read(file: Arc<AuthoredFile>) -> (Self, Vec<Diagnostic>) {
        Reader::read(file, read_settings)
    }
}

fn read_settings(reader: &mut Reader, root: Located<Node>) -> Option<SettingsFile> {
    let mut fields = reader.fields(root, &settings_keys::SETTINGS)?;
    let patterns = read_patterns(reader, &mut fields);
    let sources = fields.take("sources").map(|node| reader.list(node)).unwrap_or_default();
    let limits = fields.take("limits").map(|node| read_limits(reader, node)).unwrap_or_default();
    let defaults = fields.take("defaults").and_then(|node| read_defaults(reader, node)).unwrap_or_default();
    let sources = sources.into_iter().filter_map(|node| read_source(reader, node)).collect();
    let mut words = |key| fields.take(key).map(|node| reader.texts(node)).unwrap_or_default();
    let (allow, deny) = (words("allow"), words("deny"));
    let redact = fields.take("redact").and_then(|node| read_redact(reader, node)).unwrap_or_default();
    let portal = fields.take("portal").and_then(|node| read_portal(reader, node)).unwrap_or_default();
    Some(SettingsFile { patterns, sources, limits, defaults, allow, deny, redact, portal })
}

/// Names and their regexes.
fn read_patterns(reader: &mut Reader, fields: &mut Fields) -> Vec<(Located<String>, Located<String>)> {
    let patterns = fields.take("patterns").map(|node| reader.named(node)).unwrap_or_default();
    patterns.into_iter().filter_map(|(name, node)| Some((name, reader.text(node)?))).collect()
}

fn read_redact(reader: &mut Reader, node: Located<Node>) -> Option<RedactFile> {
    let mut fields = reader.fields(node, &settings_keys::REDACT)?;
    let patterns = read_patterns(reader, &mut fields);
    let keep = match fields.take("keep") {
        None => Vec::new(),
        Some(node) if matches!(node.value, Node::List(_)) => reader.list(node),
        Some(node) => vec![node],
    };
    let keep = keep.into_iter().filter_map(|node| reader.choice(node, "a kind of what is masked")).collect();
    Some(RedactFile { patterns, keep })
}

fn read_portal(reader: &mut Reader, node: Located<Node>) -> Option<PortalFile> {
    let mut fields = reader.fields(node, &settings_keys::PORTAL)?;
    let address = fields.take("address").and_then(|node| reader.text(node));
    let tokens = fields.take("tokens").map(|node| reader.list(node)).unwrap_or_default();
    let tokens = tokens.into_iter().filter_map(|node| read_token(reader, node)).collect();
    let mut portal = PortalFile { address, tokens, ..PortalFile::default() };
    if let Some(mut mail) = fields.take("mail").and_then(|node| reader.fields(node, &settings_keys::MAIL)) {
        portal.mail_server = reader.required(&mut mail, "server").and_then(|node| reader.text(node));
        portal.mail_from = reader.required(&mut mail, "from").and_then(|node| reader.text(node));
    }
    Some(portal)
}

fn read_token(reader: &mut Reader, node: Located<Node>) -> Option<TokenFile> {
    let mut fields = reader.fields(node, &settings_keys::TOKEN)?;
    let name = reader.required(&mut fields, "name").and_then(|node| reader.text(node));
    let sha256 = reader.required(&mut fields, "sha256").and_then(|node| reader.text(node));
    let audience = fields.take("audience").and_then(|node| reader.choice(node, "an audience"));
    let mut is_set = |key| fields.take(key).and_then(|node| reader.boolean(node)).unwrap_or_default();
    let (cases, statistics) = (is_set("cases"), is_set("statistics"));
    Some(TokenFile { name: name?, sha256: sha256?, audience, cases, statistics })
}

fn read_source(reader: &mut Reader, node: Located<Node>) -> Option<SourceFile> {
    let (span, faults_before) = (node.span, reader.diagnostics.len());
    let mut fields = reader.fields(node, &settings_keys::SOURCE)?;
    let path = reader.required(&mut fields, "path");
    let given = settings_keys::SOURCE.names().filter(|key| *key != "path");
    let keys = given.filter_map(|key| Some((key, fields.place(key)?))).collect();
    let mut text = |reader: &mut Reader, key| fields.take(key).and_then(|node| reader.text(node));
    let mut source = SourceFile {
        span,
        path: Vec::new(),
        keys,
        start: text(reader, "start"),
        continuation: text(reader, "continue"),
        header: text(reader, "header"),
        zone: text(reader, "zone"),
        encoding: text(reader, "encoding"),
        xml: text(reader, "xml"),
        timestamp: Vec::new(),
        json: None,
        noise: Vec::new(),
        has_faults: false,
    };
    source.path = path.map(|node| reader.one_or_more(node)).unwrap_or_default();
    source.timestamp = reader.many(&mut fields, "timestamp");
    source.noise = reader.many(&mut fields, "noise");
    source.json = fields.take("json").and_then(|node| read_json(reader, node));
    source.has_faults = reader.diagnostics.len() > faults_before;
    Some(source)
}

fn read_json(reader: &mut Reader, node: Located<Node>) -> Option<JsonFile> {
    let (span, faults_before) = (node.span, reader.diagnostics.len());
    let mut fields = reader.fields(node, &settings_keys::JSON)?;
    let mut text = |key| fields.take(key).and_then(|node| reader.text(node));
    let json = JsonFile { span, message: text("message"), time: text("time"), level: text("level") };
    let is_empty = json.message.is_none() && json.time.is_none() && json.level.is_none();
    if is_empty && reader.diagnostics.len() == faults_before {
        let help = Some("write for instance `json: { message: msg, time: ts, level: lvl }`".to_owned());
        reader.error(Code::MissingKey, span, "`json` names no key of the lines", "names nothing", help);
    }
    Some(json)
}

fn read_limits(reader: &mut Reader, node: Located<Node>) -> Vec<(&'static str, Located<String>)> {
    let Some(mut fields) = reader.fields(node, &settings_keys::LIMITS) else {
        return Vec::new();
    };
    let named = |name: &&'static str| Some((*name, fields.take(name).and_then(|node| reader.text(node))?));
    LimitSettings::NAMES.iter().filter_map(named).collect()
}

fn read_defaults(reader: &mut Reader, node: Located<Node>) -> Option<DefaultsFile> {
    let mut fields = reader.fields(node, &settings_keys::DEFAULTS)?;
    Some(DefaultsFile {
        audience: fields.take("audience").and_then(|node| reader.choice(node, "an audience")),
        exclude: reader.many(&mut fields, "exclude"),
        fail_on: fields.take("fail_on").and_then(|node| reader.choice(node, "a severity")),
        format: fields.take("format").and_then(|node| reader.text(node)),
        include: reader.many(&mut fields, "include"),
        min_severity: fields.take("min_severity").and_then(|node| reader.choice(node, "a severity")),
        threads: fields.take("threads").and_then(|node| {
            let span = node.span;
            reader.count(node).map(|count| Located::new(count, span))
        }),
        timezone: fields.take("timezone").and_then(|node| reader.text(node)),
    })
}
