//! PDF of articles and reports.

use axum::http::Uri;
use axum::response::Response;

use crate::portal::problem::Problem;
use crate::portal::server::Portal;
use crate::rule::Audience;

/// The PDF of a report.
pub(crate) async fn of_report(_name: String, _markdown: String) -> Result<Vec<u8>, Problem> {
    Err(Problem::internal())
}

/// The PDF of an article.
pub(crate) async fn of_article(
    _portal: &Portal,
    _id: &str,
    _audience: Audience,
    _uri: &Uri,
) -> Result<Response, Problem> {
    Err(Problem::internal())
}
