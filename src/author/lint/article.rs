//! Lints about the article: its sections, its reviews, its state.

use crate::author::lint::page::Page;
use crate::author::lint::{Book, LintOptions};
use crate::author::scaffold::article::PLACEHOLDERS;
use crate::rule::authored::Span;
use crate::rule::{Audience, Code, Diagnostic, Rule, State};

/// Looks at what an article says of itself.
pub(super) fn lint(book: &Book<'_>, rule: &Rule, page: &Page<'_>, options: &LintOptions, found: &mut Vec<Diagnostic>) {
    found.extend(missing_sections(rule, page));
    found.extend(unwritten_sections(rule, page));
    found.extend(review_overdue(rule, page, options));
    found.extend(contradictions(book, rule, page));
}

/// Drafts are unfinished, and archived articles are shown to nobody.
fn missing_sections(rule: &Rule, page: &Page<'_>) -> Option<Diagnostic> {
    if matches!(rule.state, State::Draft | State::Archived) {
        return None;
    }
    let sections = [
        ("symptoms", rule.symptoms.is_none()),
        ("cause", rule.cause.is_none()),
        ("resolution", rule.resolution.is_empty()),
    ];
    let missing: Vec<String> =
        sections.iter().filter(|(_, missing)| *missing).map(|(name, _)| format!("`{name}`")).collect();
    if missing.is_empty() {
        return None;
    }
    let title = format!("the article has no {}", missing.join(" and no "));
    let help =
        "say what a reader sees, why it happens, and what to do; as long as it is unfinished, write `state: draft`";
    Some(page.warning(Code::MissingSection, title, page.id(), "this article").help(help))
}

/// What a scaffold asks its author to write, in an article that is shown to readers.
fn unwritten_sections(rule: &Rule, page: &Page<'_>) -> Vec<Diagnostic> {
    if matches!(rule.state, State::Draft | State::Archived) {
        return Vec::new();
    }
    let sections = [("symptoms", &rule.symptoms), ("cause", &rule.cause), ("prevention", &rule.prevention)];
    let sections = sections.into_iter().filter_map(|(name, text)| Some((name, text.as_ref()?)));
    let branches = rule.resolution.iter().map(|branch| ("resolution", &branch.text));
    let asks = |text: &str| PLACEHOLDERS.iter().find(|asked| text.contains(**asked));
    let mut found: Vec<Diagnostic> = Vec::new();
    let mut told = Vec::new();
    for (name, text) in sections.chain(branches) {
        let Some(asked) = asks(text.source()).filter(|_| !told.contains(&name)) else { continue };
        told.push(name);
        let section = page.value(&[name.into()]);
        let at = page.file().slice(section).find(asked).map(|at| section.start + at);
        let span = at.map_or_else(|| page.key(&[name.into()]), |at| Span::new(at..at + asked.len()));
        let help = "write it, leave the section out, or write `state: draft` as long as it is unfinished";
        let title = format!("`{name}` still says what its author is to write");
        found.push(page.warning(Code::UnwrittenSection, title, span, "readers are shown this").help(help));
    }
    found
}

fn review_overdue(rule: &Rule, page: &Page<'_>, options: &LintOptions) -> Option<Diagnostic> {
    let since = options.reviewed_since.filter(|_| rule.state != State::Archived)?;
    let (date, key, what) = match (rule.reviewed, rule.created) {
        (Some(reviewed), _) => (reviewed, "reviewed", "last reviewed"),
        (None, Some(created)) => (created, "created", "never reviewed, and made"),
        (None, None) => {
            let title = "nobody says when the article was made or reviewed";
            let help = "add `reviewed: ` with the day on which somebody last confirmed it";
            return Some(page.warning(Code::ReviewOverdue, title, page.id(), "no date").help(help));
        }
    };
    (date < since).then(|| {
        page.warning(
            Code::ReviewOverdue,
            format!("the article was {what} on {date}"),
            page.value(&[key.into()]),
            &format!("before {since}"),
        )
        .help("confirm that it still holds and set `reviewed`, or write `state: archived`")
    })
}

fn contradictions(book: &Book<'_>, rule: &Rule, page: &Page<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut contradiction = |title: String, key: &str, label: &str, help: &str| {
        found.push(page.warning(Code::ContradictingState, title, page.value(&[key.into()]), label).help(help));
    };
    if rule.state == State::Draft && rule.audience == Audience::Public {
        let help = "write `state: not-validated` when it is complete, or another `audience` until then";
        contradiction("the article is a draft, and public".to_owned(), "audience", "everybody is shown it", help);
    }
    if rule.state == State::Validated && rule.reviewed.is_none() {
        let help = "add `reviewed:` with the day on which it was confirmed, or write `state: not-validated`";
        let title = "the article is validated, and nobody says when".to_owned();
        contradiction(title, "state", "without a date under `reviewed`", help);
    }
    if let (Some(created), Some(reviewed)) = (rule.created, rule.reviewed)
        && reviewed < created
    {
        let title = format!("the article was reviewed on {reviewed}, before it was made on {created}");
        contradiction(title, "reviewed", "before `created`", "mend the date that is wrong");
    }
    if rule.state == State::Archived && !rule.supersedes.is_empty() {
        let title = "the article is archived, so it supersedes nothing".to_owned();
        contradiction(title, "supersedes", "has no effect", "leave it out, or bring the article back");
    }
    for id in &rule.supersedes {
        if *id == rule.id {
            let help = "name the more general rule";
            contradiction("the article supersedes itself".to_owned(), "supersedes", "has no effect", help);
        } else if rule.state != State::Archived && book.rule(id).is_some_and(|other| other.state == State::Archived) {
            let title = format!("`{id}` is archived, so there is nothing to supersede");
            contradiction(title, "supersedes", "has no effect", "leave it out; `related` may still name it");
        }
    }
    let is_hidden = |id: &&String| book.rule(id).is_some_and(|other| other.audience > rule.audience);
    for id in rule.related.iter().filter(is_hidden) {
        let title = format!("readers of this article are {}, and may not be shown `{id}`", rule.audience);
        let help = "leave it out, or give both the same `audience`";
        contradiction(title, "related", "leads them nowhere", help);
    }
    found
}
