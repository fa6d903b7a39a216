//! Lints about links that lead nowhere: within the faultbook, within a text, to files beside the rule.

use std::collections::HashSet;
use std::path::Path;

use pulldown_cmark::{Event, Parser, Tag};

use crate::author::lint::Book;
use crate::author::lint::page::Page;
use crate::rule::diagnostic::nearest;
use crate::rule::text::Text;
use crate::rule::{Code, Diagnostic, Rule};

/// How the ids of a faultbook begin: the letters up to the first digit or sign, as `KB` and `hdfs`.
pub(super) struct Families<'f>(HashSet<&'f str>);

impl<'f> Families<'f> {
    /// The beginnings of all ids; none where only one file was read, whose neighbours may be missing.
    pub(super) fn of(book: &Book<'f>) -> Self {
        let ids = book.rules.iter().filter(|_| book.files > 1).map(|rule| family(&rule.id));
        Self(ids.collect())
    }
}

fn family(id: &str) -> &str {
    let end = id.find(|c: char| !c.is_alphabetic()).unwrap_or(id.len());
    id.get(..end).unwrap_or(id)
}

/// Looks at the links of one rule.
pub(super) fn lint(
    book: &Book<'_>,
    families: &Families<'_>,
    rule: &Rule,
    page: &Page<'_>,
    found: &mut Vec<Diagnostic>,
) {
    for (at, id) in rule.related.iter().enumerate() {
        if book.rule(id).is_some() || !families.0.contains(family(id)) {
            continue;
        }
        let title = format!("`{id}` looks like an id of this faultbook, which has no such rule");
        let help = match nearest(id, book.by_id.keys().copied().filter(|known| family(known) == family(id))) {
            Some(near) => format!("did you mean `{near}`? An article elsewhere belongs under `links`"),
            None => "mend it; an article elsewhere belongs under `links`".to_owned(),
        };
        let span = page.value(&["related".into(), at.into()]);
        found.push(page.warning(Code::DeadLink, title, span, "leads nowhere").help(help));
    }
    let sections = [("symptoms", &rule.symptoms), ("cause", &rule.cause), ("prevention", &rule.prevention)];
    for (key, text) in sections {
        if let Some(text) = text {
            let place = |target: &str| within(page, page.value(&[key.into()]), target);
            of_text(book, rule, page, text, place, found);
        }
    }
    for (at, branch) in rule.resolution.iter().enumerate() {
        let place = |target: &str| {
            let way = ["text", "template"].map(|key| ["resolution".into(), at.into(), key.into()]);
            let written = way.iter().find_map(|way| page.tree().entry(way)).map(|(_, value)| value);
            within(page, written.unwrap_or_else(|| page.value(&["resolution".into()])), target)
        };
        of_text(book, rule, page, &branch.text, place, found);
    }
}

/// Where a link's target stands in a text; the whole text where it cannot be seen.
fn within(page: &Page<'_>, whole: crate::rule::authored::Span, target: &str) -> crate::rule::authored::Span {
    let at = page.file().slice(whole).find(target).map(|at| whole.start + at);
    at.map_or(whole, |at| crate::rule::authored::Span::new(at..at + target.len()))
}

fn of_text(
    book: &Book<'_>,
    rule: &Rule,
    page: &Page<'_>,
    text: &Text,
    place: impl Fn(&str) -> crate::rule::authored::Span,
    found: &mut Vec<Diagnostic>,
) {
    let with_links = text.sources().filter(|source| source.contains("](") || source.contains("]:"));
    for event in with_links.flat_map(Parser::new) {
        let (Event::Start(Tag::Link { dest_url: target, .. }) | Event::Start(Tag::Image { dest_url: target, .. })) =
            event
        else {
            continue;
        };
        if let Some(reason) = dead(book, rule, &target) {
            let title = format!("the link to `{target}` leads nowhere: {reason}");
            let help = "write a whole address, or name another article of the faultbook under `related`";
            found.push(page.warning(Code::DeadLink, title, place(&target), "leads nowhere").help(help));
        }
    }
}

/// Why a target is not there; `None` for addresses elsewhere, for what values complete, and for what is there.
fn dead(book: &Book<'_>, rule: &Rule, target: &str) -> Option<&'static str> {
    let is_elsewhere =
        target.contains(':') || target.starts_with("//") || target.contains("{{") || target.contains("%7B");
    if is_elsewhere {
        return None;
    }
    if target.is_empty() {
        return Some("it is empty");
    }
    if target.starts_with('#') {
        return Some("an answer has no places to jump to");
    }
    let path = target.split(['#', '?']).next().unwrap_or(target);
    let beside = Path::new(&rule.path).parent().is_some_and(|folder| folder.join(path).is_file());
    (!beside && !(book.has_template)(path)).then_some("there is no such file beside the rule or below templates/")
}
