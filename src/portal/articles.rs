//! `GET /api/v1/articles`, `/api/v1/articles/{id}` and `/api/v1/search`: articles without a case.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::portal::access::Caller;
use crate::portal::catalogue::{FILTERS, Facets, Filter};
use crate::portal::engine::{Engine, Rendering};
use crate::portal::nearest::Near;
use crate::portal::openapi::{Missing, Refusals};
use crate::portal::parameters::Parameters;
use crate::portal::problem::Problem;
use crate::portal::search::{Excerpt, Found, Hit};
use crate::portal::server::Portal;
use crate::report::article::ArticleSummary;
use crate::report::shape::AnswerShape;
use crate::rule::{Audience, Faultbook, Link, Rule, Severity};

/// Articles of one page of a list.
pub const PAGE_LIMIT: usize = 100;
/// The same when nobody says.
pub const PAGE: usize = 20;
/// Characters of a query; an error text may be pasted as one.
pub const QUERY_LIMIT: usize = 16 * 1024;
/// Articles that are offered when no rule applies.
pub const NEAREST: usize = 5;

/// The parameters of lists, as the description of the API has them; [`Filter::read`] and [`page`] read them.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only its description is used")]
struct Selection {
    /// Only articles about this product
    product: Option<String>,
    /// Only articles about this version
    version: Option<String>,
    /// Only articles with all of these tags
    tag: Option<Vec<String>>,
    /// Only articles with one of these severities
    severity: Option<Vec<Severity>>,
    /// How many to leave out
    #[param(minimum = 0, maximum = 1_000_000)]
    offset: Option<usize>,
    /// How many to give
    #[param(minimum = 1, maximum = 100)]
    limit: Option<usize>,
}

/// A page of a list of articles.
#[derive(Debug, Serialize, ToSchema)]
pub struct ArticleList<'a> {
    /// How many there are in all.
    pub total: usize,
    /// Those from `offset` on.
    pub articles: Vec<ArticleSummary<'a>>,
    /// How many of all there are of each kind.
    pub facets: Facets<'a>,
}

/// A page of what was found.
#[derive(Debug, Serialize, ToSchema)]
pub struct SearchResults<'a> {
    /// How many there are in all.
    pub total: usize,
    /// Those from `offset` on, the best first.
    pub hits: Vec<SearchHit<'a>>,
    /// How many of all there are of each kind.
    pub facets: Facets<'a>,
}

/// An article that was found.
#[derive(Debug, Serialize, ToSchema)]
pub struct SearchHit<'a> {
    /// The article.
    #[serde(flatten)]
    pub article: ArticleSummary<'a>,
    /// Where it matches.
    pub excerpt: Excerpt,
}

/// An article rendered without a case.
#[derive(Debug, Serialize, ToSchema)]
pub struct ArticleShape<'a> {
    /// What is told of it in lists.
    #[serde(flatten)]
    pub summary: ArticleSummary<'a>,
    /// Who answers for it.
    pub owner: Option<&'a str>,
    /// Documentation to read on.
    pub links: &'a [Link],
    /// Related articles that the reader may see.
    pub related: Vec<ArticleSummary<'a>>,
    /// Symptoms, cause and every remedy; what a log would say stands as `<name>`.
    pub article: AnswerShape,
}

/// The list of articles.
pub fn list<'a>(engine: &'a Engine, filter: &Filter, offset: usize, limit: usize) -> ArticleList<'a> {
    let rules: Vec<&Rule> = engine.faultbook().rules().iter().filter(|rule| filter.accepts(rule)).collect();
    ArticleList {
        total: rules.len(),
        articles: rules.iter().skip(offset).take(limit).map(|rule| ArticleSummary::of(rule)).collect(),
        facets: Facets::of(rules.into_iter()),
    }
}

/// What a query finds.
pub fn search<'a>(
    engine: &'a Engine,
    query: &str,
    filter: &Filter,
    offset: usize,
    limit: usize,
) -> Result<SearchResults<'a>, Problem> {
    let faultbook = engine.faultbook();
    let found = engine.search().search(faultbook, query, |rule| filter.accepts(rule)).map_err(failed)?;
    Ok(SearchResults {
        total: found.hits.len(),
        hits: found.hits.iter().skip(offset).take(limit).map(|hit| search_hit(faultbook, &found, hit)).collect(),
        facets: Facets::of(found.hits.iter().map(|hit| faultbook.rule(hit.rule))),
    })
}

/// The few articles that a text is nearest to.
pub fn nearest<'a>(engine: &'a Engine, text: &str, filter: &Filter) -> Vec<SearchHit<'a>> {
    let faultbook = engine.faultbook();
    let near = engine.nearest().nearest(faultbook, text, NEAREST, |rule| filter.accepts(rule));
    let hit = |near: Near| SearchHit { article: ArticleSummary::of(faultbook.rule(near.rule)), excerpt: near.excerpt };
    near.into_iter().map(hit).collect()
}

fn search_hit<'a>(faultbook: &'a Faultbook, found: &Found, hit: &Hit) -> SearchHit<'a> {
    let rule = faultbook.rule(hit.rule);
    SearchHit { article: ArticleSummary::of(rule), excerpt: found.excerpt(rule) }
}

fn failed(error: tantivy::TantivyError) -> Problem {
    tracing::error!(%error, "a search failed");
    Problem::internal()
}

/// One article, if the audience may see it.
pub fn article<'a>(
    engine: &'a Engine,
    id: &str,
    audience: Audience,
    rendering: Rendering,
) -> Result<ArticleShape<'a>, Problem> {
    let faultbook = engine.faultbook();
    let filter = Filter::of(audience);
    let visible = |id: &str| faultbook.find(id).map(|id| faultbook.rule(id)).filter(|rule| filter.accepts(rule));
    // one that the reader may not see is told like one that is not there
    let rule = visible(id).ok_or_else(|| Problem::not_found("there is no such article"))?;
    Ok(ArticleShape {
        summary: ArticleSummary::of(rule),
        owner: rule.owner.as_deref(),
        links: &rule.links,
        related: rule.related.iter().filter_map(|id| visible(id)).map(ArticleSummary::of).collect(),
        article: engine.article(rule, rendering)?,
    })
}

/// Lists articles.
#[utoipa::path(
    get, path = "/api/v1/articles", tag = "articles", operation_id = "listArticles",
    params(Selection),
    responses((status = 200, description = "A page of the list", body = ArticleList), Refusals),
)]
pub(crate) async fn get_list(
    State(portal): State<Arc<Portal>>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    let audience = Caller::of(&headers, &portal.options.tokens)?.audience();
    let parameters = Parameters::read(&uri, &[&FILTERS[..], &["offset", "limit"]].concat())?;
    let (offset, limit) = page(&parameters)?;
    let filter = Filter::read(&parameters, audience)?;
    Ok(Json(list(&portal.engine.current(), &filter, offset, limit)).into_response())
}

/// Gives one article, rendered without a case.
#[utoipa::path(
    get, path = "/api/v1/articles/{id}", tag = "articles", operation_id = "getArticle",
    params(
        ("id" = String, Path, description = "Its number or name"),
        ("format" = Option<Rendering>, Query, description = "How it is written"),
    ),
    responses((status = 200, description = "The article", body = ArticleShape), Refusals, Missing),
)]
pub(crate) async fn get_one(
    State(portal): State<Arc<Portal>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    let audience = Caller::of(&headers, &portal.options.tokens)?.audience();
    let rendering = Parameters::read(&uri, &["format"])?.parsed("format")?.unwrap_or_default();
    Ok(Json(article(&portal.engine.current(), &id, audience, rendering)?).into_response())
}

/// Searches articles: words are stemmed, a wrong letter is forgiven, and an error text may be pasted as the query.
#[utoipa::path(
    get, path = "/api/v1/search", tag = "articles", operation_id = "search",
    params(
        ("q" = Option<String>, Query, description = "Words, at most 16 KiB"),
        Selection,
    ),
    responses((status = 200, description = "What was found", body = SearchResults), Refusals),
)]
pub(crate) async fn get_search(
    State(portal): State<Arc<Portal>>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    let audience = Caller::of(&headers, &portal.options.tokens)?.audience();
    let parameters = Parameters::read(&uri, &[&FILTERS[..], &["q", "offset", "limit"]].concat())?;
    let (offset, limit) = page(&parameters)?;
    let filter = Filter::read(&parameters, audience)?;
    let query = parameters.text("q")?.unwrap_or_default().to_owned();
    if query.len() > QUERY_LIMIT {
        return Err(Problem::bad_request(format!("`q` has at most {QUERY_LIMIT} bytes")));
    }
    let engine = portal.engine.current();
    let found = move || search(&engine, &query, &filter, offset, limit).map(|found| Json(found).into_response());
    tokio::task::spawn_blocking(found).await.map_err(|_| Problem::internal())?
}

/// Which part of a list is wanted.
pub(crate) fn page(parameters: &Parameters) -> Result<(usize, usize), Problem> {
    Ok((parameters.number("offset", 0..=1_000_000, 0)?, parameters.number("limit", 1..=PAGE_LIMIT, PAGE)?))
}
