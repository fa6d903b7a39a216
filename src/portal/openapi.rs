//! `GET /api/openapi.json`: what the service takes and gives, as OpenAPI 3.1, from the types that the handlers use.

use std::sync::LazyLock;

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{IntoResponses, Modify, OpenApi};

use crate::answer::pdf::PageSize;
use crate::portal::cases::api as cases;
use crate::portal::problem::Problem;
use crate::portal::{answers, articles, feedback, feeds, health, metrics, pdf, statistics, subscriptions};

/// What may come of any request besides what it asks for.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only its description is used")]
pub(crate) enum Refusals {
    /// The request cannot be understood.
    #[response(status = 400, content_type = "application/problem+json")]
    BadRequest(#[to_schema] Problem),
    /// A token is needed, or the one that came is not known.
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthorized(#[to_schema] Problem),
    /// The token does not allow this.
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(#[to_schema] Problem),
    /// The request took too long.
    #[response(status = 408, content_type = "application/problem+json")]
    Timeout(#[to_schema] Problem),
    /// The body is too large.
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(#[to_schema] Problem),
    /// The body is of a kind that is not read here.
    #[response(status = 415, content_type = "application/problem+json")]
    UnsupportedMediaType(#[to_schema] Problem),
    /// Too many requests from one client; the header Retry-After says how long to wait.
    #[response(status = 429, content_type = "application/problem+json")]
    TooMany(#[to_schema] Problem),
}

/// There is nothing of that name.
#[derive(IntoResponses)]
#[response(status = 404, content_type = "application/problem+json")]
#[expect(dead_code, reason = "only its description is used")]
pub(crate) struct Missing(#[to_schema] Problem);

/// There is no room in the queue; the header Retry-After says how long to wait.
#[derive(IntoResponses)]
#[response(status = 503, content_type = "application/problem+json")]
#[expect(dead_code, reason = "only its description is used")]
pub(crate) struct Busy(#[to_schema] Problem);

/// Everything.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Faultbook",
        description = "Answers to errors in logs: what is wrong, and the remedy that fits the case. Fields are only ever added within one version.",
    ),
    modifiers(&Tokens),
    // those of parameters alone are not found
    components(schemas(PageSize)),
    paths(
        answers::post,
        articles::get_list,
        articles::get_one,
        articles::get_search,
        pdf::get_article,
        cases::post,
        cases::get_one,
        cases::patch_one,
        cases::delete_one,
        cases::events,
        cases::report,
        feedback::get,
        feedback::post,
        subscriptions::post,
        subscriptions::post_confirm,
        subscriptions::post_end,
        feeds::get_all,
        feeds::get_tag,
        feeds::get_article,
        statistics::get,
        health::alive,
        health::ready,
        metrics::get,
    ),
    tags(
        (name = "answers", description = "From a pasted error to the remedy"),
        (name = "articles", description = "Articles without a case"),
        (name = "cases", description = "Logs and archives, diagnosed in the background"),
        (name = "feedback", description = "What helps"),
        (name = "service", description = "For those who run it"),
    ),
)]
struct Description;

/// How tokens are sent.
struct Tokens;

impl Modify for Tokens {
    fn modify(&self, description: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        let components = description.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(scheme));
    }
}

/// The document as JSON.
pub fn document() -> &'static str {
    static DOCUMENT: LazyLock<String> = LazyLock::new(|| Description::openapi().to_pretty_json().unwrap_or_default());
    &DOCUMENT
}

/// Gives the document.
pub(crate) async fn get() -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], document()).into_response()
}
