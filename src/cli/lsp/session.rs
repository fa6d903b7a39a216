//! What is between an editor and a faultbook: the files that are open, what was published, and the meaning of each message.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use gen_lsp_types as lsp;
use lsp_server::{ErrorCode, Message, Notification, Request};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::author::check::check_desk;
use crate::author::fmt;
use crate::author::language_server::line_index::{Encoding, LineIndex};
use crate::author::language_server::{OpenFile, complete, definition, fix_of, hover};
use crate::author::lint::lint_file;
use crate::cli::lsp::protocol::{self, line_column, path_of, uri_of};
use crate::rule::Diagnostic;
use crate::rule::authored::Span;
use crate::rule::desk::{Desk, FileRole};
use crate::rule::diagnostic::Label;
use crate::rule::settings::SETTINGS_FILE;

/// A request that is not answered, and why.
pub type Refusal = (ErrorCode, String);

/// What `initialize` and `shutdown` have made of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    New,
    Running,
    ShutDown,
}

/// An editor with its faultbook.
#[derive(Debug)]
pub struct Session {
    phase: Phase,
    /// Given on the command line: the editor's folders do not count.
    has_rules: bool,
    rules: Vec<PathBuf>,
    templates: Vec<PathBuf>,
    overlays: Vec<PathBuf>,
    encoding: Encoding,
    watches_files: bool,
    desk: Desk,
    open: HashMap<PathBuf, Document>,
    /// Of each file with diagnostics at the client what they were, as a hash.
    published: HashMap<PathBuf, u64>,
    /// Files whose text has changed since.
    touched: HashSet<PathBuf>,
    is_stale: bool,
    /// Everything that is wrong; of an earlier text while stale.
    diagnostics: Vec<Diagnostic>,
    is_unpublished: bool,
    /// What the lints found in each rule file that is open.
    lints: HashMap<PathBuf, Vec<Diagnostic>>,
    /// Open files that the lints have to look at again.
    unlinted: HashSet<PathBuf>,
}

/// A file that is open.
#[derive(Debug)]
struct Document {
    /// Its address as the client writes it.
    uri: lsp::Uri,
    version: i32,
    /// Its text as the client has it, with its byte order mark if there is one.
    text: String,
}

impl Document {
    fn text(&self) -> &str {
        self.text.strip_prefix('\u{feff}').unwrap_or(&self.text)
    }
}

impl Session {
    /// A session before its first message. Without `rules`, those of the editor's folders are taken.
    pub fn new(rules: Vec<PathBuf>, templates: Vec<PathBuf>, overlays: Vec<PathBuf>) -> Self {
        Self {
            phase: Phase::New,
            has_rules: !rules.is_empty(),
            rules,
            templates,
            overlays,
            encoding: Encoding::Utf16,
            watches_files: false,
            desk: Desk::default(),
            open: HashMap::new(),
            published: HashMap::new(),
            touched: HashSet::new(),
            is_stale: false,
            diagnostics: Vec::new(),
            is_unpublished: false,
            lints: HashMap::new(),
            unlinted: HashSet::new(),
        }
    }

    /// Whether `shutdown` was asked for.
    pub fn is_shut_down(&self) -> bool {
        self.phase == Phase::ShutDown
    }

    /// Answers a request.
    pub fn answer(&mut self, method: &str, params: Value) -> Result<Value, Refusal> {
        match (self.phase, method) {
            (Phase::New, "initialize") => Ok(self.initialize(&params)),
            (Phase::New, _) => Err((ErrorCode::ServerNotInitialized, "`initialize` comes first".to_owned())),
            (Phase::ShutDown, _) => Err((ErrorCode::InvalidRequest, "the server is shut down".to_owned())),
            (Phase::Running, "initialize") => Err((ErrorCode::InvalidRequest, "`initialize` comes once".to_owned())),
            (Phase::Running, "shutdown") => {
                self.phase = Phase::ShutDown;
                Ok(Value::Null)
            }
            (Phase::Running, "textDocument/completion") => {
                let params: lsp::CompletionParams = read(params)?;
                self.at(&params.text_document_position_params, |file, offset, index| {
                    value(protocol::completion(index, complete(file, offset)))
                })
            }
            (Phase::Running, "textDocument/hover") => {
                let params: lsp::HoverParams = read(params)?;
                self.at(&params.text_document_position_params, |file, offset, index| {
                    let Some(hover) = hover(file, offset) else { return Value::Null };
                    let span = protocol::range(index, hover.span);
                    value(lsp::Hover { contents: protocol::markdown(hover.text).into(), range: Some(span) })
                })
            }
            (Phase::Running, "textDocument/definition") => {
                let params: lsp::DefinitionParams = read(params)?;
                let session = &*self;
                session.at(&params.text_document_position_params, |file, offset, _| {
                    let targets = definition(file, offset);
                    let places = targets.into_iter().filter_map(|target| {
                        let range = session.range_in(&target.path, target.span)?;
                        Some(lsp::Location { uri: session.uri(&target.path)?, range })
                    });
                    value(places.collect::<Vec<_>>())
                })
            }
            (Phase::Running, "textDocument/formatting") => {
                let params: lsp::DocumentFormattingParams = read(params)?;
                self.format(&params.text_document.uri)
            }
            (Phase::Running, "textDocument/codeAction") => {
                let params: lsp::CodeActionParams = read(params)?;
                Ok(self.code_actions(&params))
            }
            (Phase::Running, _) => Err((ErrorCode::MethodNotFound, format!("there is no request `{method}`"))),
        }
    }

    /// Takes a notification in; gives what is to be sent at once.
    pub fn notify(&mut self, method: &str, params: Value) -> Vec<Message> {
        if self.phase != Phase::Running {
            return Vec::new();
        }
        let taken = match method {
            "initialized" => return self.initialized(),
            "textDocument/didOpen" => read(params).map(|params| self.did_open(params)),
            "textDocument/didChange" => read(params).map(|params| self.did_change(params)),
            "textDocument/didSave" => {
                self.lint_all();
                Ok(())
            }
            "textDocument/didClose" => read(params).map(|params| self.did_close(&params)),
            "workspace/didChangeWatchedFiles" => read(params).map(|params| self.did_change_files(&params)),
            _ => Ok(()),
        };
        match taken {
            Ok(()) => Vec::new(),
            Err((_, reason)) => vec![protocol::log(&format!("`{method}`: {reason}"))],
        }
    }

    fn initialize(&mut self, params: &Value) -> Value {
        self.phase = Phase::Running;
        let encodings = params.pointer("/capabilities/general/positionEncodings").and_then(Value::as_array);
        let offers_bytes = encodings.is_some_and(|offered| offered.iter().any(|encoding| encoding == "utf-8"));
        self.encoding = if offers_bytes { Encoding::Utf8 } else { Encoding::Utf16 };
        let watches = params.pointer("/capabilities/workspace/didChangeWatchedFiles/dynamicRegistration");
        self.watches_files = watches.and_then(Value::as_bool).unwrap_or(false);
        if !self.has_rules {
            self.rules = rules_of_client(params);
        }
        let capabilities = lsp::ServerCapabilities {
            position_encoding: Some(match self.encoding {
                Encoding::Utf16 => lsp::PositionEncodingKind::UTF16,
                Encoding::Utf8 => lsp::PositionEncodingKind::UTF8,
            }),
            text_document_sync: Some(
                lsp::TextDocumentSyncOptions {
                    open_close: Some(true),
                    change: Some(lsp::TextDocumentSyncKind::Incremental),
                    save: Some(true.into()),
                    ..lsp::TextDocumentSyncOptions::default()
                }
                .into(),
            ),
            completion_provider: Some(lsp::CompletionOptions {
                trigger_characters: Some([" ", ".", "|", "{", "[", "-"].map(str::to_owned).to_vec()),
                ..lsp::CompletionOptions::default()
            }),
            hover_provider: Some(true.into()),
            definition_provider: Some(true.into()),
            document_formatting_provider: Some(true.into()),
            code_action_provider: Some(
                lsp::CodeActionOptions {
                    code_action_kinds: Some(vec![lsp::CodeActionKind::QuickFix]),
                    ..lsp::CodeActionOptions::default()
                }
                .into(),
            ),
            ..lsp::ServerCapabilities::default()
        };
        let info = json!({ "name": "faultbook", "version": env!("CARGO_PKG_VERSION") });
        json!({ "capabilities": value(capabilities), "serverInfo": info })
    }

    /// Loads the faultbook, and asks to be told of changes on disk.
    fn initialized(&mut self) -> Vec<Message> {
        self.desk = Desk::load(std::mem::take(&mut self.rules), self.templates.clone())
            .with_overlays(std::mem::take(&mut self.overlays));
        self.is_stale = true;
        if !self.watches_files {
            return Vec::new();
        }
        let globs = ["**/*.yaml", "**/*.yml", "**/templates/**"];
        let watchers: Vec<Value> = globs.iter().map(|glob| json!({ "globPattern": glob })).collect();
        let registration = json!({
            "id": "files",
            "method": "workspace/didChangeWatchedFiles",
            "registerOptions": { "watchers": watchers },
        });
        let params = json!({ "registrations": [registration] });
        vec![Request::new("files".to_owned().into(), "client/registerCapability".to_owned(), params).into()]
    }

    fn did_open(&mut self, params: lsp::DidOpenTextDocumentParams) {
        let document = params.text_document;
        let Some(path) = path_of(&document.uri) else { return };
        if self.desk.role(&path) == FileRole::Other && !self.has_rules {
            self.adopt(&path, &document.text);
        }
        let opened = Document { uri: document.uri, version: document.version, text: document.text };
        self.open.insert(path.clone(), opened);
        self.text_changed(path);
        self.lint_all();
    }

    fn did_change(&mut self, params: lsp::DidChangeTextDocumentParams) {
        let encoding = self.encoding;
        let Some(path) = path_of(&params.text_document.text_document_identifier.uri) else { return };
        let Some(document) = self.open.get_mut(&path) else { return };
        document.version = params.text_document.version;
        for change in params.content_changes {
            match change {
                lsp::TextDocumentContentChangeEvent::TextDocumentContentChangeWholeDocument(whole) => {
                    document.text = whole.text;
                }
                lsp::TextDocumentContentChangeEvent::TextDocumentContentChangePartial(part) => {
                    let index = LineIndex::new(&document.text, encoding);
                    let start = index.raw_offset(line_column(part.range.start));
                    let end = index.raw_offset(line_column(part.range.end)).max(start);
                    document.text.replace_range(start..end, &part.text);
                }
            }
        }
        self.text_changed(path);
    }

    fn did_close(&mut self, params: &lsp::DidCloseTextDocumentParams) {
        let Some(path) = path_of(&params.text_document.uri) else { return };
        if self.open.remove(&path).is_some() {
            self.desk.set_unsaved(&path, None);
            self.touched.insert(path);
            self.lint_all();
        }
    }

    fn did_change_files(&mut self, params: &lsp::DidChangeWatchedFilesParams) {
        let changed: Vec<PathBuf> = params.changes.iter().filter_map(|change| path_of(&change.uri)).collect();
        self.desk.follow_disk(&changed);
        self.touched.extend(changed);
        self.lint_all();
    }

    fn text_changed(&mut self, path: PathBuf) {
        let Some(document) = self.open.get(&path) else { return };
        self.desk.set_unsaved(&path, Some(document.text()));
        self.is_stale = true;
        match self.desk.role(&path) {
            // what it means for other open files shows when it is saved
            FileRole::Rule => _ = self.unlinted.insert(path.clone()),
            _ => self.lint_all(),
        }
        self.touched.insert(path);
    }

    /// Has the lints look at all open files again.
    fn lint_all(&mut self) {
        self.unlinted.extend(self.open.keys().cloned());
        self.is_stale = true;
    }

    /// Looks again for everything that is wrong if something may have changed.
    fn refresh(&mut self) {
        if !std::mem::take(&mut self.is_stale) {
            return;
        }
        self.lints.retain(|path, _| self.open.contains_key(path));
        for path in std::mem::take(&mut self.unlinted) {
            if self.open.contains_key(&path) && self.desk.role(&path) == FileRole::Rule {
                let found = lint_file(&self.desk, &path);
                self.lints.insert(path, found);
            }
        }
        self.diagnostics = check_desk(&self.desk, &self.lints);
        self.is_unpublished = true;
    }

    /// Takes the faultbook of a file in that was opened by itself: the nearest folder `rules` above it, or one with settings; else the file
    /// alone, if it looks like a rule.
    fn adopt(&mut self, path: &Path, text: &str) {
        let folders = || path.ancestors().skip(1);
        let is_root = |folder: &&Path| folder.ends_with("rules") || folder.join(SETTINGS_FILE).is_file();
        let is_yaml = path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml");
        let looks_like_rule = || is_yaml && text.lines().any(|line| line.starts_with("signatures:"));
        if let Some(root) = folders().take(LEVELS_ABOVE).find(is_root) {
            self.desk.add_rules(root.to_owned());
        } else if looks_like_rule() {
            self.desk.add_rules(path.to_owned());
        }
    }

    /// Answers a request about a place in an open file; nothing is known about others.
    fn at(
        &self,
        params: &lsp::TextDocumentPositionParams,
        answer: impl FnOnce(&OpenFile<'_>, usize, &LineIndex<'_>) -> Value,
    ) -> Result<Value, Refusal> {
        let path = path_of(&params.text_document.uri);
        let Some((path, document)) = path.and_then(|path| self.open.get_key_value(&path)) else {
            return Ok(Value::Null);
        };
        let index = LineIndex::new(&document.text, self.encoding);
        let offset = index.offset(line_column(params.position));
        let file = OpenFile { desk: &self.desk, path, text: document.text() };
        Ok(answer(&file, offset, &index))
    }

    /// Lays an open rule file or overlay out anew. One that cannot be laid out stays as it is; what is wrong with it shows as a diagnostic.
    fn format(&self, uri: &lsp::Uri) -> Result<Value, Refusal> {
        let path = path_of(uri);
        let Some((path, document)) = path.and_then(|path| self.open.get_key_value(&path)) else {
            return Ok(Value::Null);
        };
        if !matches!(self.desk.role(path), FileRole::Rule | FileRole::Overlay) {
            return Ok(Value::Null);
        }
        let formatted = fmt::format(&path.to_string_lossy(), document.text())
            .map_err(|error| (ErrorCode::RequestFailed, format!("the file stays as it is: {error}")))?;
        if formatted == document.text() {
            return Ok(json!([]));
        }
        let index = LineIndex::new(&document.text, self.encoding);
        let whole = Span::new(0..document.text().len());
        Ok(value([lsp::TextEdit { range: protocol::range(&index, whole), new_text: formatted }]))
    }

    /// The fixes of the diagnostics that touch a range of an open file.
    fn code_actions(&mut self, params: &lsp::CodeActionParams) -> Value {
        self.refresh();
        let session = &*self;
        let path = path_of(&params.text_document.uri);
        let Some((path, document)) = path.and_then(|path| session.open.get_key_value(&path)) else {
            return Value::Null;
        };
        let index = LineIndex::new(&document.text, session.encoding);
        let wanted = [params.range.start, params.range.end].map(|position| index.offset(line_column(position)));
        let touches = |diagnostic: &&Diagnostic| {
            diagnostic.labels.first().is_some_and(|label| {
                Path::new(label.file.path()) == path && label.span.start <= wanted[1] && wanted[0] <= label.span.end
            })
        };
        let actions = session.diagnostics.iter().filter(touches).filter_map(|diagnostic| {
            let (fix, is_certain) = fix_of(diagnostic)?;
            let file = Path::new(fix.file.path());
            let edit = lsp::TextEdit { range: session.range_in(file, fix.span)?, new_text: fix.replacement };
            Some(lsp::CodeAction {
                title: fix.title,
                kind: Some(lsp::CodeActionKind::QuickFix),
                diagnostics: Some(vec![session.diagnostic(path, diagnostic)]),
                is_preferred: Some(is_certain),
                edit: Some(lsp::WorkspaceEdit {
                    changes: Some(HashMap::from([(session.uri(file)?, vec![edit])])),
                    ..lsp::WorkspaceEdit::default()
                }),
                ..lsp::CodeAction::default()
            })
        });
        value(actions.collect::<Vec<_>>())
    }

    /// The address of a file, as the client writes it if it is open.
    fn uri(&self, path: &Path) -> Option<lsp::Uri> {
        match self.open.get(path) {
            Some(document) => Some(document.uri.clone()),
            None => uri_of(path),
        }
    }

    /// A span of a file, which may be open or not.
    fn range_in(&self, path: &Path, span: Span) -> Option<lsp::Range> {
        if let Some(document) = self.open.get(path) {
            return Some(protocol::range(&LineIndex::new(&document.text, self.encoding), span));
        }
        let file = self.desk.authored(path)?;
        Some(protocol::range(&LineIndex::new(file.text(), self.encoding), span))
    }

    /// What is to be sent when nothing else waits: the diagnostics of each file in which they are others than before.
    pub fn outstanding(&mut self) -> Vec<Message> {
        self.refresh();
        if !std::mem::take(&mut self.is_unpublished) {
            return Vec::new();
        }
        let mut of_files: HashMap<PathBuf, Vec<&Diagnostic>> = HashMap::new();
        for diagnostic in &self.diagnostics {
            // a text that is compiled in is no file: the mistake shows where the file names it
            let paths = diagnostic.labels.iter().map(|label| Path::new(label.file.path()));
            if let Some(path) = paths.into_iter().find(|path| path.is_absolute()) {
                of_files.entry(path.to_owned()).or_default().push(diagnostic);
            }
        }
        let touched = std::mem::take(&mut self.touched);
        let mut messages = Vec::new();
        let mut published = HashMap::with_capacity(of_files.len());
        for (path, diagnostics) in &of_files {
            let hash = hash_of(diagnostics);
            if self.published.get(path) != Some(&hash) || touched.contains(path) {
                messages.extend(self.publish(path, diagnostics));
            }
            published.insert(path.clone(), hash);
        }
        let mended: Vec<&PathBuf> = self.published.keys().filter(|path| !of_files.contains_key(*path)).collect();
        messages.extend(mended.into_iter().filter_map(|path| self.publish(path, &[])));
        self.published = published;
        messages
    }

    fn publish(&self, path: &Path, diagnostics: &[&Diagnostic]) -> Option<Message> {
        let params = lsp::PublishDiagnosticsParams {
            uri: self.uri(path)?,
            version: self.open.get(path).map(|document| document.version),
            diagnostics: diagnostics.iter().map(|diagnostic| self.diagnostic(path, diagnostic)).collect(),
        };
        let method = "textDocument/publishDiagnostics".to_owned();
        Some(Notification { method, params: value(params) }.into())
    }

    fn diagnostic(&self, path: &Path, diagnostic: &Diagnostic) -> lsp::Diagnostic {
        let range_of = |label: &Label| {
            let open = self.open.get(Path::new(label.file.path()));
            let text = open.map_or(label.file.text(), |document| document.text.as_str());
            protocol::range(&LineIndex::new(text, self.encoding), label.span)
        };
        let at = diagnostic.labels.iter().position(|label| Path::new(label.file.path()) == path);
        let main = at.and_then(|at| diagnostic.labels.get(at));
        let mut message = diagnostic.title.clone();
        let label = main.map(|label| &label.text).filter(|text| diagnostic.help.is_none() && !text.is_empty());
        for more in diagnostic.help.iter().chain(label) {
            message.push('\n');
            message.push_str(more);
        }
        let others = diagnostic.labels.iter().enumerate().filter(|(other, _)| Some(*other) != at);
        let related = others.filter_map(|(_, label)| {
            let uri = self.uri(Path::new(label.file.path()))?;
            let message = if label.text.is_empty() { "see here".to_owned() } else { label.text.clone() };
            Some(lsp::DiagnosticRelatedInformation { location: lsp::Location { uri, range: range_of(label) }, message })
        });
        lsp::Diagnostic {
            range: main.map(range_of).unwrap_or_default(),
            severity: Some(protocol::severity(diagnostic.severity)),
            code: Some(diagnostic.code.name().to_owned().into()),
            source: Some("faultbook".to_owned()),
            message: message.into(),
            related_information: Some(related.collect::<Vec<_>>()).filter(|related| !related.is_empty()),
            ..lsp::Diagnostic::default()
        }
    }
}

/// How far above an opened file its faultbook is looked for.
const LEVELS_ABOVE: usize = 4;

/// The folders of rules that a client means: those it names itself, else in each of its folders `rules`, or the folder with settings.
fn rules_of_client(params: &Value) -> Vec<PathBuf> {
    let uri = |value: &Value| value.as_str().and_then(|uri| path_of(&lsp::Uri(uri.to_owned())));
    let folders = params.get("workspaceFolders").and_then(Value::as_array).into_iter().flatten();
    let mut folders: Vec<PathBuf> = folders.filter_map(|folder| uri(folder.get("uri")?)).collect();
    if folders.is_empty() {
        folders.extend(params.get("rootUri").and_then(uri));
    }
    let named = params.pointer("/initializationOptions/rules");
    let named: Vec<&str> = match named {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if !named.is_empty() {
        let first = folders.first().cloned().unwrap_or_default();
        return named.into_iter().map(|path| super::without_dots(&first.join(path))).collect();
    }
    let of_folder = |folder: PathBuf| {
        let rules = folder.join("rules");
        if rules.is_dir() {
            return Some(rules);
        }
        (folder.ends_with("rules") || folder.join(SETTINGS_FILE).is_file()).then_some(folder)
    };
    folders.into_iter().filter_map(of_folder).collect()
}

fn read<T: DeserializeOwned>(params: Value) -> Result<T, Refusal> {
    serde_json::from_value(params).map_err(|error| (ErrorCode::InvalidParams, error.to_string()))
}

/// What serialises without fail, as all types of the protocol do.
fn value(data: impl serde::Serialize) -> Value {
    serde_json::to_value(data).unwrap_or_default()
}

/// What tells diagnostics of a file apart from others.
fn hash_of(diagnostics: &[&Diagnostic]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for diagnostic in diagnostics {
        (diagnostic.code, diagnostic.severity, &diagnostic.title, &diagnostic.help).hash(&mut hasher);
        for label in &diagnostic.labels {
            (label.file.path(), label.span, &label.text).hash(&mut hasher);
        }
    }
    hasher.finish()
}
