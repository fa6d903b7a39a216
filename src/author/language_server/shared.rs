//! Files that a text takes in, as an editor sees them: which file a tag names, and the macros of it.
//!
//! The text may be unfinished, so its tags are read without asking whether the template engine accepts it.

use std::ops::Range;

use crate::author::language_server::OpenFile;
use crate::author::language_server::cursor::tag_at;
use crate::author::language_server::definition::Target;
use crate::rule::authored::Span;
use crate::rule::desk::Desk;
use crate::rule::lexer::{Token, TokenKind, expression_tokens, template_tokens};
use crate::rule::text_tags::{Bound, How, TextTags};

/// A macro that may be called.
#[derive(Clone, Debug)]
pub(crate) struct MacroName {
    pub(crate) name: String,
    parameters: Vec<String>,
}

impl MacroName {
    /// How it is called.
    pub(crate) fn signature(&self) -> String {
        format!("{}({})", self.name, self.parameters.join(", "))
    }
}

/// The words of a tag, `tag` being its inside with the `%` of a statement.
fn words(text: &str, tag: Range<usize>) -> Vec<Token<'_>> {
    let is_sign = |token: &Token<'_>| ["%", "-", "+"].iter().any(|sign| token.is_symbol(sign));
    let tokens = expression_tokens(text.get(tag).unwrap_or_default());
    tokens.into_iter().skip_while(is_sign).collect()
}

/// The path in quotes around an offset, where a tag names a file, and where it stands.
pub(crate) fn file_at(text: &str, tag: Range<usize>, offset: usize) -> Option<(&str, Span)> {
    let words = words(text, tag.clone());
    let [statement, path, ..] = words.as_slice() else { return None };
    if !["include", "import", "from"].iter().any(|word| statement.is_name(word)) || path.kind != TokenKind::Text {
        return None;
    }
    let quote = path.text.chars().next()?;
    let start = tag.start + path.range.start + quote.len_utf8();
    let is_closed = path.text.len() > 1 && path.text.ends_with(quote);
    let end = if is_closed { tag.start + path.range.end - 1 } else { offset.max(start) };
    let span = Span::new(start..end);
    (start <= offset && offset <= end).then(|| text.get(span.range()).map(|path| (path, span))).flatten()
}

/// The file of a `from … import` behind whose `import` an offset is.
pub(crate) fn imported_from(text: &str, tag: Range<usize>, offset: usize) -> Option<&str> {
    let words = words(text, tag.clone());
    let [from, path, import, ..] = words.as_slice() else { return None };
    let is_behind = tag.start + import.range.end < offset;
    if !from.is_name("from") || !import.is_name("import") || path.kind != TokenKind::Text || !is_behind {
        return None;
    }
    let start = tag.start + path.range.start;
    text.get(start + 1..(start + path.range.len()).checked_sub(1)?)
}

/// The macros of a file below `templates/`.
pub(crate) fn macros_of(desk: &Desk, path: &str) -> Vec<MacroName> {
    let Some(file) = desk.template(path) else { return Vec::new() };
    own_macros(&TextTags::of(file.text()))
}

fn own_macros(tags: &TextTags<'_>) -> Vec<MacroName> {
    let of_macros = tags.exports.iter().filter_map(|(name, bound)| {
        let Bound::Macro(at) = bound else { return None };
        let parameters = tags.macros.get(*at)?.parameters.iter().map(|(name, _)| (*name).to_owned()).collect();
        Some(MacroName { name: (*name).to_owned(), parameters })
    });
    of_macros.collect()
}

/// The macros that a text may call: behind the name of a `module` those of its file, else its own and those that it imports by name.
pub(crate) fn macros_in(desk: &Desk, text: &str, module: Option<&str>) -> Vec<MacroName> {
    let tags = TextTags::of(text);
    let path = |taken: usize| tags.taken.get(taken).map(|taken| taken.path);
    if let Some(module) = module {
        let bound = tags.exports.iter().find(|(name, _)| *name == module).map(|(_, bound)| *bound);
        let Some(Bound::Module(taken)) = bound else { return Vec::new() };
        return path(taken).map(|path| macros_of(desk, path)).unwrap_or_default();
    }
    let mut found = own_macros(&tags);
    for (own, bound) in &tags.exports {
        let Bound::Imported(taken, name) = bound else { continue };
        let macros = path(*taken).map(|path| macros_of(desk, path)).unwrap_or_default();
        let meant = macros.into_iter().find(|found| found.name == *name);
        found.extend(meant.map(|meant| MacroName { name: (*own).to_owned(), ..meant }));
    }
    found
}

/// Where the file or macro at an offset of a text is defined.
pub(crate) fn definition(file: &OpenFile<'_>, place: Range<usize>, offset: usize) -> Option<Target> {
    let tag = tag_at(file.text, place.clone(), offset)?;
    if let Some((path, _)) = file_at(file.text, tag, offset) {
        return Some(Target { path: file.desk.template_file(path)?, span: Span::default() });
    }
    let tags = TextTags::of(file.text.get(place.clone())?);
    let at = offset.checked_sub(place.start)?;
    let is_here = |range: &Range<usize>| range.start <= at && at <= range.end;
    let in_file = |taken: usize, name: &str| {
        let path = tags.taken.get(taken)?.path;
        let span = place_of_macro(file.desk.template(path)?.text(), name)?;
        Some(Target { path: file.desk.template_file(path)?, span })
    };
    let imported = tags.taken.iter().enumerate().find_map(|(taken, one)| match &one.how {
        How::Macros(names) => names.iter().find(|(_, range)| is_here(range)).map(|(name, _)| (taken, *name)),
        How::Text(_) | How::Module => None,
    });
    if let Some((taken, name)) = imported {
        return in_file(taken, name);
    }
    let call = tags.calls.iter().find(|call| is_here(&call.range))?;
    match call.of {
        Bound::Imported(taken, name) => in_file(taken, name),
        Bound::Module(taken) => in_file(taken, call.member?),
        Bound::Macro(_) => {
            let name = file.text.get(place.start + call.range.start..place.start + call.range.end)?;
            let span = place_of_macro(file.text.get(place.clone())?, name)?;
            let span = Span::new(place.start + span.start..place.start + span.end);
            Some(Target { path: file.path.to_owned(), span })
        }
        Bound::Value => None,
    }
}

/// Where a text defines a macro.
fn place_of_macro(text: &str, name: &str) -> Option<Span> {
    let tokens = template_tokens(text);
    let found =
        tokens.windows(2).find(|pair| matches!(pair, [word, own] if word.is_name("macro") && own.is_name(name)));
    found.and_then(|pair| pair.get(1)).map(|own| Span::new(own.range.clone()))
}
