//! Draws authors' mistakes for a terminal, the way rustc does: the line, the mark under it, what to write instead.

use std::sync::Arc;

use annotate_snippets::{Annotation, AnnotationKind, Level, Renderer, Snippet};

use crate::answer::escape;
use crate::cli::console::Console;
use crate::rule::authored::AuthoredFile;
use crate::rule::diagnostic::Label;
use crate::rule::{Diagnostic, DiagnosticSeverity, Faultbook};

/// How many errors are drawn to somebody who is writing a rule and watches: enough to begin with.
const SHOWN_BESIDE_RESULTS: usize = 10;
/// How many files with errors a command names whose purpose is another: the result must not be scrolled away.
const FILES_BESIDE_RESULTS: usize = 10;

/// Draws one diagnostic, with a line feed at its end.
pub fn draw(diagnostic: &Diagnostic, styled: bool, width: usize) -> String {
    let renderer = if styled { Renderer::styled() } else { Renderer::plain() }.term_width(width);
    let level = match diagnostic.severity {
        DiagnosticSeverity::Error => Level::ERROR,
        DiagnosticSeverity::Warning => Level::WARNING,
    };
    let title = level.primary_title(escape::terminal(&diagnostic.title)).id(diagnostic.code.name());
    let mut group = title.elements(snippets(diagnostic));
    if let Some(path) = placeless_path(diagnostic) {
        group = group.element(annotate_snippets::Origin::path(escape::terminal(path).into_owned()));
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(escape::terminal(help)));
    }
    format!("{}\n", renderer.render(&[group]))
}

/// One snippet for each file that has a label, in the order of the labels.
fn snippets(diagnostic: &Diagnostic) -> Vec<Snippet<'static, Annotation<'static>>> {
    let mut files: Vec<&Arc<AuthoredFile>> = Vec::new();
    for label in diagnostic.labels.iter().filter(|label| has_place(label)) {
        if !files.iter().any(|file| Arc::ptr_eq(file, &label.file)) {
            files.push(&label.file);
        }
    }
    files
        .into_iter()
        .map(|file| {
            let labels = diagnostic.labels.iter().enumerate().filter(|(_, label)| Arc::ptr_eq(file, &label.file));
            Snippet::source(harmless(file.text()))
                .path(escape::terminal(file.path()).into_owned())
                .annotations(labels.map(|(position, label)| annotation(position == 0, label)))
        })
        .collect()
}

fn annotation(is_first: bool, label: &Label) -> Annotation<'static> {
    let kind = if is_first { AnnotationKind::Primary } else { AnnotationKind::Context };
    let text = Some(&label.text).filter(|text| !text.is_empty());
    let end = label.file.text().len();
    let border = |at: usize| (0..=at.min(end)).rev().find(|&at| label.file.text().is_char_boundary(at)).unwrap_or(0);
    kind.span(border(label.span.start)..border(label.span.end))
        .label(text.map(|text| escape::terminal(text).into_owned()))
}

/// A file that could not be read has no text to show.
fn has_place(label: &Label) -> bool {
    !label.file.text().is_empty()
}

/// The path of the first label if it has no place and the title does not name it already.
fn placeless_path(diagnostic: &Diagnostic) -> Option<&str> {
    let label = diagnostic.labels.first().filter(|label| !has_place(label))?;
    Some(label.file.path()).filter(|path| !diagnostic.title.contains(path))
}

/// Replaces the control characters that the renderer lets through by one of the same length, so that spans stay right.
fn harmless(text: &str) -> String {
    text.replace(|letter: char| ('\u{80}'..='\u{9f}').contains(&letter), "·")
}

/// Draws diagnostics on standard error.
pub fn talk(console: &Console, diagnostics: &[Diagnostic]) {
    for diagnostic in diagnostics {
        console.say(draw(diagnostic, console.styles_talk(), console.talk_width()));
    }
}

/// Tells on standard error which files have errors, for commands that go on with the rules that are sound: a line each, since
/// what is wrong is the business of `check`. Warnings change no result.
pub fn talk_errors(console: &Console, faultbook: &Faultbook) {
    let mut files: Vec<(&str, usize)> = Vec::new();
    for error in errors(faultbook) {
        let path = error.labels.first().map_or("the rules", |label| label.file.path());
        match files.iter_mut().find(|(known, _)| *known == path) {
            Some((_, count)) => *count += 1,
            None => files.push((path, 1)),
        }
    }
    if files.is_empty() {
        return;
    }
    for (path, count) in files.iter().take(FILES_BESIDE_RESULTS) {
        console.error(&format!("`{path}` has {}", number(*count, "mistake")));
    }
    if let Some(more) = files.len().checked_sub(FILES_BESIDE_RESULTS).filter(|more| *more > 0) {
        console.error(&format!("{} more have mistakes", number(more, "file")));
    }
    console.help("the sound rules are used; `faultbook check` with the same --rules shows the mistakes");
}

/// Draws the errors of a faultbook on standard error, for somebody who is writing it and watches what becomes of it.
pub fn draw_errors(console: &Console, faultbook: &Faultbook) {
    let count = errors(faultbook).count();
    if count == 0 {
        return;
    }
    for error in errors(faultbook).take(SHOWN_BESIDE_RESULTS) {
        talk(console, std::slice::from_ref(error));
    }
    let warnings = faultbook.diagnostics().len() - count;
    console.error(&format!("the rules have {}; the sound ones are used", counts(count, warnings)));
    console.help("`faultbook check` with the same --rules shows them all");
}

fn errors(faultbook: &Faultbook) -> impl Iterator<Item = &Diagnostic> {
    faultbook.diagnostics().iter().filter(|diagnostic| diagnostic.severity == DiagnosticSeverity::Error)
}

/// Words two numbers: `2 errors, 1 warning`.
pub fn counts(errors: usize, warnings: usize) -> String {
    format!("{}, {}", number(errors, "error"), number(warnings, "warning"))
}

/// Words a number of things: `1 rule`, `12 rules`.
pub fn number(count: usize, what: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {what}{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::Code;
    use crate::rule::authored::Span;

    fn file(path: &str, text: &str) -> Arc<AuthoredFile> {
        Arc::new(AuthoredFile::new(path, text))
    }

    #[test]
    fn a_diagnostic_shows_its_line_the_marked_span_and_what_to_write() {
        let rule = file("a.yaml", "id: A\ncondition: takn\n");
        let diagnostic = Diagnostic::error(Code::UnknownName, "the condition names `takn`")
            .at(&rule, Span::new(17..21), "not defined")
            .help("did you mean `taken`?");
        let drawn = "error[unknown-name]: the condition names `takn`\n \
                     --> a.yaml:2:12\n  |\n2 | condition: takn\n  |            ^^^^ not defined\n  |\n  \
                     = help: did you mean `taken`?\n";
        assert_eq!(draw(&diagnostic, false, 100), drawn);
    }

    #[test]
    fn a_file_that_cannot_be_read_is_told_in_one_line() {
        let diagnostic =
            Diagnostic::error(Code::UnreadableFile, "`x` cannot be read").at(&file("x", ""), Span::default(), "");
        assert_eq!(draw(&diagnostic, false, 100), "error[unreadable-file]: `x` cannot be read\n");
    }

    #[test]
    fn spans_outside_the_text_and_control_characters_in_it_do_no_harm() {
        let rule = file("a\u{1b}[2J.yaml", "id: \u{1b}[31m\u{9b}31mé\n");
        for (start, end) in [(4, 400), (500, 600), (13, 14), (0, 0)] {
            let diagnostic = Diagnostic::error(Code::WrongType, "t\u{1b}[1m")
                .at(&rule, Span::new(start..end), "l\u{7}")
                .help("h\u{1b}");
            let drawn = draw(&diagnostic, false, 100);
            assert!(!drawn.contains(['\u{1b}', '\u{9b}', '\u{7}']), "{drawn:?}");
        }
    }
}
