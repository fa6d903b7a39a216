//! `/api/v1/articles/{id}/feedback`: whether an answer or an article helped.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::portal::access::Caller;
use crate::portal::answers::beginning;
use crate::portal::catalogue::Filter;
use crate::portal::openapi::{Missing, Refusals};
use crate::portal::parameters::Parameters;
use crate::portal::problem::Problem;
use crate::portal::server::Portal;
use crate::portal::store::{self, About, Feedback};
use crate::rule::Audience;

/// Bytes of a comment; what is longer is cut.
pub const COMMENT_BYTES: usize = 4000;
/// Words that are listed of an article.
const LISTED: usize = 200;

/// A reader's word.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FeedbackRequest {
    /// Whether it helped.
    pub helped: bool,
    /// What was read.
    #[serde(default)]
    pub about: About,
    /// What the reader has to say, at most 4000 bytes; secrets in it are masked.
    #[serde(default)]
    pub comment: String,
}

/// Keeps a reader's word about an article that the audience may see.
pub(crate) async fn keep(
    portal: &Portal,
    rule: &str,
    audience: Audience,
    word: FeedbackRequest,
) -> Result<(), Problem> {
    must_see(portal, rule, audience)?;
    let comment = beginning(word.comment.trim(), COMMENT_BYTES);
    let feedback = Feedback {
        id: store::new_id().map_err(|_| Problem::internal())?,
        rule: rule.to_owned(),
        about: word.about,
        helped: word.helped,
        comment: portal.masked(comment),
        created: store::now(),
    };
    Ok(portal.store.keep_feedback(&feedback).await?)
}

/// Refuses who may not see an article, as if it were not there.
fn must_see(portal: &Portal, rule: &str, audience: Audience) -> Result<(), Problem> {
    let engine = portal.engine.current();
    let faultbook = engine.faultbook();
    let filter = Filter::of(audience);
    match faultbook.find(rule).is_some_and(|id| filter.accepts(faultbook.rule(id))) {
        true => Ok(()),
        false => Err(Problem::not_found("there is no such article")),
    }
}

/// Takes a reader's word.
#[utoipa::path(
    post, path = "/api/v1/articles/{id}/feedback", tag = "feedback", operation_id = "giveFeedback",
    params(("id" = String, Path, description = "The article's number or name")),
    request_body = FeedbackRequest,
    responses((status = 204, description = "It is kept"), Refusals, Missing),
)]
pub(crate) async fn post(
    State(portal): State<Arc<Portal>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    let audience = Caller::of(&headers, &portal.options.tokens)?.audience();
    let word = serde_json::from_slice(&body).map_err(|error| Problem::bad_request(error.to_string()))?;
    keep(&portal, &id, audience, word).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists what readers said of an article, the latest first.
#[utoipa::path(
    get, path = "/api/v1/articles/{id}/feedback", tag = "feedback", operation_id = "listFeedback",
    params(
        ("id" = String, Path, description = "The article's number or name"),
        ("limit" = Option<usize>, Query, description = "How many to give", minimum = 1, maximum = 200),
    ),
    security(("token" = [])),
    responses((status = 200, description = "What readers said", body = [Feedback]), Refusals, Missing),
)]
pub(crate) async fn get(
    State(portal): State<Arc<Portal>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    let caller = Caller::of(&headers, &portal.options.tokens)?;
    caller.must_see_statistics()?;
    must_see(&portal, &id, caller.audience())?;
    let limit = Parameters::read(&uri, &["limit"])?.number("limit", 1..=LISTED, LISTED)?;
    let words = portal.store.feedback_of(&id, i64::try_from(limit).unwrap_or(i64::MAX)).await?;
    Ok(Json(words).into_response())
}
