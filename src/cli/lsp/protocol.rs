//! Between the library's data and the protocol's: places, diagnostics, candidates, paths.

use std::path::{Path, PathBuf};

use gen_lsp_types as lsp;
use lsp_server::{Message, Notification};
use url::Url;

use crate::author::language_server::line_index::{LineColumn, LineIndex};
use crate::author::language_server::{Completion, ItemKind};
use crate::rule::DiagnosticSeverity;
use crate::rule::authored::Span;

/// The file that an address means; `None` for what is no file.
pub fn path_of(uri: &lsp::Uri) -> Option<PathBuf> {
    Url::parse(&uri.0).ok().filter(|url| url.scheme() == "file")?.to_file_path().ok()
}

/// The address of a file; `None` for a path that has none.
pub fn uri_of(path: &Path) -> Option<lsp::Uri> {
    Url::from_file_path(path).ok().map(|url| lsp::Uri(url.into()))
}

/// A place in the words of the protocol.
pub fn position(index: &LineIndex<'_>, offset: usize) -> lsp::Position {
    let LineColumn { line, column } = index.place(offset);
    lsp::Position { line, character: column }
}

/// The other way round.
pub fn line_column(position: lsp::Position) -> LineColumn {
    LineColumn { line: position.line, column: position.character }
}

/// A span in the words of the protocol.
pub fn range(index: &LineIndex<'_>, span: Span) -> lsp::Range {
    lsp::Range { start: position(index, span.start), end: position(index, span.end) }
}

/// How bad a mistake is, in the words of the protocol.
pub fn severity(severity: DiagnosticSeverity) -> lsp::DiagnosticSeverity {
    match severity {
        DiagnosticSeverity::Error => lsp::DiagnosticSeverity::Error,
        DiagnosticSeverity::Warning => lsp::DiagnosticSeverity::Warning,
    }
}

/// What may be written at a place, in the words of the protocol.
pub fn completion(index: &LineIndex<'_>, completion: Completion) -> lsp::CompletionList {
    let replaced = range(index, completion.replace);
    let items = completion.items.into_iter().enumerate().map(|(at, item)| lsp::CompletionItem {
        kind: Some(match item.kind {
            ItemKind::Key => lsp::CompletionItemKind::Property,
            ItemKind::Value => lsp::CompletionItemKind::EnumMember,
            ItemKind::Signature => lsp::CompletionItemKind::Event,
            ItemKind::Capture => lsp::CompletionItemKind::Variable,
            ItemKind::Fact => lsp::CompletionItemKind::Field,
            ItemKind::Rule => lsp::CompletionItemKind::Reference,
            ItemKind::File => lsp::CompletionItemKind::File,
            ItemKind::Pattern => lsp::CompletionItemKind::Constant,
            ItemKind::Function => lsp::CompletionItemKind::Function,
            ItemKind::Word => lsp::CompletionItemKind::Keyword,
        }),
        detail: Some(item.detail).filter(|detail| !detail.is_empty()),
        documentation: Some(item.about).filter(|about| !about.is_empty()).map(|about| markdown(about).into()),
        // our order, not that of the alphabet
        sort_text: Some(format!("{at:04}")),
        text_edit: Some(lsp::TextEdit { range: replaced, new_text: item.insert }.into()),
        label: item.label,
        ..lsp::CompletionItem::default()
    });
    lsp::CompletionList {
        is_incomplete: completion.is_incomplete,
        items: items.collect(),
        ..lsp::CompletionList::default()
    }
}

/// A text in Markdown.
pub fn markdown(text: String) -> lsp::MarkupContent {
    lsp::MarkupContent { kind: lsp::MarkupKind::Markdown, value: text }
}

/// A line for the client's log.
pub fn log(text: &str) -> Message {
    let params = serde_json::json!({ "type": 2, "message": text });
    Notification { method: "window/logMessage".to_owned(), params }.into()
}
