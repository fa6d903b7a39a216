//! The list of articles, and what a search finds, with facets.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Serialize;
use url::form_urlencoded;

use crate::portal::articles::{PAGE, QUERY_LIMIT, list, search};
use crate::portal::catalogue::{FILTERS, Facet, Facets, Filter};
use crate::portal::engine::Engine;
use crate::portal::pages::{reader, render};
use crate::portal::parameters::Parameters;
use crate::portal::problem::Problem;
use crate::portal::server::Portal;
use crate::rule::Audience;

/// Entries of a facet.
const ENTRIES: usize = 15;

/// The page.
pub(crate) async fn get(State(portal): State<Arc<Portal>>, headers: HeaderMap, uri: Uri) -> Result<Response, Problem> {
    let audience = reader(&portal, &headers)?.audience();
    let parameters = Parameters::read(&uri, &[&FILTERS[..], &["q", "offset"]].concat())?;
    let found = move || page(&portal.engine.current(), audience, &parameters);
    tokio::task::spawn_blocking(found).await.map_err(|_| Problem::internal())?
}

fn page(engine: &Engine, audience: Audience, parameters: &Parameters) -> Result<Response, Problem> {
    let offset = parameters.number("offset", 0..=1_000_000, 0)?;
    let filter = Filter::read(parameters, audience)?;
    let query = parameters.text("q")?.unwrap_or_default();
    if query.len() > QUERY_LIMIT {
        return Err(Problem::bad_request(format!("a search has at most {QUERY_LIMIT} bytes")));
    }
    let (total, articles, facets) = match query.trim().is_empty() {
        true => {
            let list = list(engine, &filter, offset, PAGE);
            (list.total, Value::from(Serde(list.articles)), list.facets)
        }
        false => {
            let found = search(engine, query, &filter, offset, PAGE)?;
            (found.total, Value::from(Serde(found.hits)), found.facets)
        }
    };
    let at = |offset: usize| link(parameters, None, Some(offset));
    let content = context! {
        query,
        total,
        articles,
        facets => Serde(groups(parameters, &facets)),
        filters => FILTERS.iter().any(|name| parameters.all(name).next().is_some()),
        without_filters => format!("/search?{}", form_urlencoded::Serializer::new(String::new()).append_pair("q", query).finish()),
        previous => (offset > 0).then(|| at(offset.saturating_sub(PAGE))),
        next => (offset + PAGE < total).then(|| at(offset + PAGE)),
    };
    render(engine, "search", "search", content)
}

/// A facet as it is shown.
#[derive(Serialize)]
struct Group<'a> {
    title: &'static str,
    entries: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    name: &'a str,
    count: usize,
    chosen: bool,
    /// Adds the filter, or takes it away.
    link: String,
}

fn groups<'a>(parameters: &'a Parameters, facets: &'a Facets<'a>) -> Vec<Group<'a>> {
    let group = |title, name: &'static str, facets: &'a [Facet<'a>]| {
        let chosen = |value: &str| parameters.all(name).any(|own| own.eq_ignore_ascii_case(value));
        let entry = |facet: &'a Facet<'a>| Entry {
            name: facet.name,
            count: facet.count,
            chosen: chosen(facet.name),
            link: link(parameters, Some((name, facet.name)), None),
        };
        Group { title, entries: facets.iter().take(ENTRIES).map(entry).collect() }
    };
    vec![
        group("Severity", "severity", &facets.severities),
        group("Product", "product", &facets.products),
        group("Tag", "tag", &facets.tags),
    ]
}

/// The address of the same search with one filter more or less, or of another part of what was found.
fn link(parameters: &Parameters, changed: Option<(&str, &str)>, offset: Option<usize>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    let mut is_there = false;
    for name in ["q"].into_iter().chain(FILTERS) {
        for value in parameters.all(name) {
            match changed {
                Some((other, gone)) if other == name && gone.eq_ignore_ascii_case(value) => is_there = true,
                // a search is for one product
                Some((other, _)) if other == name && name == "product" => {}
                _ => drop(query.append_pair(name, value)),
            }
        }
    }
    if let Some((name, value)) = changed.filter(|_| !is_there) {
        query.append_pair(name, value);
    }
    if let Some(offset) = offset.filter(|offset| *offset > 0) {
        query.append_pair("offset", &offset.to_string());
    }
    format!("/search?{}", query.finish())
}
