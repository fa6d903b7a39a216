//! The first page, and the same with the answers to a pasted text.

use std::sync::Arc;

use aho_corasick::{AhoCorasick, MatchKind};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use minijinja::context;
use minijinja::value::Serde;
use serde::Serialize;
use url::form_urlencoded;

use crate::diagnose::{Finding, Known};
use crate::portal::answers::{diagnosed, findings, nearest};
use crate::portal::articles::SearchHit;
use crate::portal::catalogue::Filter;
use crate::portal::engine::{Engine, Rendering};
use crate::portal::pages::{Form, KnownFact, address, go, questions, reader, render, size};
use crate::portal::parameters::Parameters;
use crate::portal::problem::Problem;
use crate::portal::search::ExcerptPiece;
use crate::portal::server::Portal;
use crate::report::article::ArticleSummary;
use crate::report::shape::FindingShape;
use crate::rule::Audience;

/// Lines of a text that are shown before and after one that was found.
const AROUND: usize = 2;

/// The first page. A link that somebody shared brings facts and an article along.
pub(crate) async fn get(State(portal): State<Arc<Portal>>, headers: HeaderMap, uri: Uri) -> Result<Response, Problem> {
    let caller = reader(&portal, &headers)?;
    let parameters = Parameters::read(&uri, &["article", "fact"])?;
    let known: Vec<KnownFact> = parameters
        .all("fact")
        .filter_map(|fact| fact.split_once('='))
        .map(|(name, value)| KnownFact { name: name.to_owned(), value: value.to_owned() })
        .collect();
    let engine = portal.engine.current();
    let filter = Filter::of(caller.audience());
    let shared = parameters.text("article")?.and_then(|id| engine.faultbook().find(id));
    let shared =
        shared.map(|id| engine.faultbook().rule(id)).filter(|rule| filter.accepts(rule)).map(ArticleSummary::of);
    let uploads = caller.must_upload(&portal.options.tokens).is_ok();
    let content = context! {
        answered => false,
        text => "",
        shared => Serde(shared),
        known => Serde(known),
        uploads,
        upload_limit => size(portal.options.upload_bytes),
        retained => retained(portal.options.retain),
    };
    render(&engine, "home", "home", content)
}

/// A page that only forms lead to was opened by its address.
pub(crate) async fn again() -> Response {
    go("/")
}

/// Answers a pasted text.
pub(crate) async fn post(
    State(portal): State<Arc<Portal>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let audience = reader(&portal, &headers)?.audience();
    let form = Form::read(&body)?;
    if form.text("text").len() > portal.options.text_bytes {
        return Err(Problem::too_large(portal.options.text_bytes));
    }
    let address = address(&portal, &headers);
    let answered = move || answered(&portal, &portal.engine.current(), audience, &form, &address);
    tokio::task::spawn_blocking(answered).await.map_err(|_| Problem::internal())?
}

/// A finding with the link to share it.
#[derive(Serialize)]
struct Answered<'a> {
    #[serde(flatten)]
    finding: FindingShape<'a>,
    share: String,
}

fn answered(
    portal: &Portal,
    engine: &Engine,
    audience: Audience,
    form: &Form,
    address: &str,
) -> Result<Response, Problem> {
    // browsers send line ends of their own
    let text = form.text("text").replace("\r\n", "\n");
    let known = form.facts();
    let facts = Known { facts: known.iter().map(KnownFact::fact).collect(), ..Known::default() };
    let diagnosis = diagnosed(portal, engine, audience, &text, &facts);
    let findings = findings(engine, &diagnosis, audience, Rendering::Html)?;
    let nearest: Vec<SearchHit<'_>> = match findings.is_empty() {
        true => nearest(engine, audience, &text),
        false => Vec::new(),
    };
    let share = |rule: &str| {
        let page = format!("{address}/?");
        let begin = page.len();
        let mut query = form_urlencoded::Serializer::for_suffix(page, begin);
        query.append_pair("article", rule);
        query.extend_pairs(known.iter().map(|fact| ("fact", format!("{}={}", fact.name, fact.value))));
        query.finish()
    };
    let content = context! {
        answered => true,
        shared => (),
        text => &text,
        lines => Serde(shown_lines(&text, &diagnosis.findings)),
        questions => Serde(questions(diagnosis.findings.iter().flat_map(|finding| &finding.questions))),
        findings => Serde(
            findings.into_iter().map(|finding| Answered { share: share(finding.rule), finding }).collect::<Vec<_>>(),
        ),
        known => Serde(&known),
        nearest => Serde(nearest),
    };
    render(engine, "home", "home", content)
}

/// A line of a pasted text as it is shown, or a gap.
#[derive(Default, Serialize)]
struct ShownLine {
    gap: bool,
    hit: bool,
    pieces: Vec<ExcerptPiece>,
}

/// The lines of a text around what was found, with the captured values marked.
fn shown_lines(text: &str, findings: &[Finding]) -> Vec<ShownLine> {
    let lines: Vec<&str> = text.lines().collect();
    let mut hits = vec![false; lines.len()];
    for evidence in findings.iter().flat_map(|finding| &finding.evidence) {
        let length = evidence.record.lines().count().max(1);
        for line in &evidence.lines {
            let begin = usize::try_from(line.saturating_sub(1)).unwrap_or(usize::MAX);
            hits.iter_mut().skip(begin).take(length).for_each(|hit| *hit = true);
        }
    }
    let mut values: Vec<&str> = findings
        .iter()
        .flat_map(|finding| &finding.captures)
        .flat_map(|capture| &capture.values.seen)
        .map(String::as_str)
        .filter(|value| !value.is_empty())
        .collect();
    values.sort_unstable();
    values.dedup();
    // of two that begin at one place the longer one is marked
    let values = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(values).ok();
    let is_near = |at: usize| {
        hits.iter().skip(at.saturating_sub(AROUND)).take(2 * AROUND + 1 - AROUND.saturating_sub(at)).any(|hit| *hit)
    };
    let mut shown: Vec<ShownLine> = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let hit = hits.get(at).copied().unwrap_or_default();
        if is_near(at) {
            let pieces = if hit { marked(line, values.as_ref()) } else { vec![piece(line, false)] };
            shown.push(ShownLine { gap: false, hit, pieces });
        } else if !shown.last().is_some_and(|line| line.gap) {
            shown.push(ShownLine { gap: true, ..ShownLine::default() });
        }
    }
    shown
}

/// A line divided at the values in it.
fn marked(line: &str, values: Option<&AhoCorasick>) -> Vec<ExcerptPiece> {
    let found = values.into_iter().flat_map(|values| values.find_iter(line)).map(|found| found.range());
    let mut pieces = Vec::new();
    let mut plain = 0;
    for value in found.filter(|value| is_apart(line, value.start, value.end)) {
        if plain < value.start {
            pieces.push(piece(&line[plain..value.start], false));
        }
        plain = value.end;
        pieces.push(piece(&line[value], true));
    }
    if plain < line.len() {
        pieces.push(piece(&line[plain..], false));
    }
    pieces
}

/// Whether a piece of a line is no part of a longer word.
fn is_apart(line: &str, begin: usize, end: usize) -> bool {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let joins = |left: Option<char>, right: Option<char>| left.is_some_and(is_word) && right.is_some_and(is_word);
    let (before, after) = (line[..begin].chars().next_back(), line[end..].chars().next());
    !joins(before, line[begin..].chars().next()) && !joins(line[..end].chars().next_back(), after)
}

fn piece(text: &str, matches: bool) -> ExcerptPiece {
    ExcerptPiece { text: text.to_owned(), matches }
}

/// A length of time for people.
fn retained(time: std::time::Duration) -> String {
    let seconds = time.as_secs();
    let units = [("days", 86_400), ("hours", 3_600), ("minutes", 60)];
    match units.into_iter().find(|(_, unit)| seconds >= 2 * unit) {
        Some((name, unit)) => format!("{} {name}", seconds / unit),
        None => format!("{seconds} seconds"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_marked_where_they_stand() {
        let shown = |line, values: &[&str]| {
            let values = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(values).unwrap();
            let pieces = marked(line, Some(&values));
            assert_eq!(pieces.iter().map(|piece| piece.text.as_str()).collect::<String>(), line);
            pieces.into_iter().filter(|piece| piece.matches).map(|piece| piece.text).collect::<Vec<_>>()
        };
        assert_eq!(shown("disk sda1 is full: sda", &["sda1", "sda"]), ["sda1", "sda"]);
        assert_eq!(shown("größe ß", &["ß"]), ["ß"]);
        assert_eq!(shown("add_customer 'customer'", &["customer"]), ["customer"]);
        assert!(shown("", &["a"]).is_empty() && shown("b", &[]).is_empty());
    }

    #[test]
    fn lengths_of_time_are_told_in_words() {
        let told = |seconds| retained(std::time::Duration::from_secs(seconds));
        assert_eq!(
            [5, 3600, 7200, 86_400, 259_200].map(told),
            ["5 seconds", "60 minutes", "2 hours", "24 hours", "3 days"]
        );
    }
}
