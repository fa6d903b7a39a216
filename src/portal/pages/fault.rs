//! A refusal as a page, for those who read pages.

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use minijinja::context;
use minijinja::value::Serde;

use crate::portal::pages::render;
use crate::portal::problem::Problem;
use crate::portal::server::Portal;

/// Whether a page is wanted rather than a document for programs.
pub(crate) fn wants_page(path: &str, headers: &HeaderMap) -> bool {
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    !path.starts_with("/api/") && accepts.contains("text/html")
}

/// The page.
pub(crate) fn page(portal: &Portal, problem: &Problem, request_id: &str) -> Response {
    let content = context! { problem => Serde(problem), request_id };
    let status = StatusCode::from_u16(problem.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    match render(&portal.engine.current(), "fault", "fault", content) {
        Ok(page) => (status, page).into_response(),
        Err(problem) => problem.into_response(),
    }
}
