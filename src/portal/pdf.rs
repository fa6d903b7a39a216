//! PDF of articles and reports: `GET /api/v1/articles/{id}/article.pdf`, and what the reports of cases become.
//!
//! Pages are laid out away from the threads that answer, and only a few documents at a time: one of hundreds of pages takes a core for a
//! second. What a PDF looks like is decided in `answer::pdf`.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};

use crate::answer::pdf::PageSize;
use crate::portal::access::Caller;
use crate::portal::catalogue::Filter;
use crate::portal::engine::Rendering;
use crate::portal::openapi::{Missing, Refusals};
use crate::portal::parameters::Parameters;
use crate::portal::problem::Problem;
use crate::portal::room::Room;
use crate::portal::server::Portal;
use crate::report::pdf;
use crate::rule::Audience;

/// Documents that are laid out at once; others wait. Each takes a core and, at its longest, some hundred megabytes.
pub const DOCUMENTS_AT_ONCE: usize = 2;

static ROOM: Room = Room::of(DOCUMENTS_AT_ONCE);

/// The PDF of a report that has been written in Markdown; `name` is that of the case.
pub(crate) async fn of_report(name: String, markdown: String, page: PageSize) -> Result<Vec<u8>, Problem> {
    let laid_out = move || {
        pdf::report(&markdown, &[("Case", name)], page).map_err(|error| {
            tracing::error!(%error, "a report could not be written as PDF");
            Problem::internal()
        })
    };
    ROOM.enter().await?.run(laid_out).await
}

/// Gives one article, rendered without a case, to be printed or kept.
#[utoipa::path(
    get, path = "/api/v1/articles/{id}/article.pdf", tag = "articles", operation_id = "getArticlePdf",
    params(
        ("id" = String, Path, description = "Its number or name"),
        ("page" = Option<PageSize>, Query, description = "The size of the paper"),
    ),
    responses((status = 200, description = "The article", body = Vec<u8>, content_type = "application/pdf"), Refusals, Missing),
)]
pub(crate) async fn get_article(
    State(portal): State<Arc<Portal>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    let audience = Caller::of(&headers, &portal.options.tokens)?.audience();
    of_article(&portal, &id, audience, &uri).await
}

/// The PDF of an article, if the audience may see it; the query says on which paper.
pub(crate) async fn of_article(portal: &Portal, id: &str, audience: Audience, uri: &Uri) -> Result<Response, Problem> {
    let page = Parameters::read(uri, &["page"])?.parsed("page")?.unwrap_or_default();
    let base =
        portal.options.public_address.as_deref().and_then(|address| url::Url::parse(&format!("{address}/")).ok());
    let (engine, id) = (portal.engine.current(), id.to_owned());
    let laid_out = move || {
        let faultbook = engine.faultbook();
        let filter = Filter::of(audience);
        let rule = faultbook.find(&id).map(|id| faultbook.rule(id)).filter(|rule| filter.accepts(rule));
        let rule = rule.ok_or_else(|| Problem::not_found("there is no such article"))?;
        let markdown = engine.article(rule, Rendering::Markdown)?.body;
        pdf::answer(rule, &markdown, base.as_ref(), page).map_err(|error| {
            tracing::error!(rule = rule.id, %error, "an article could not be written as PDF");
            Problem::internal()
        })
    };
    let body = ROOM.enter().await?.run(laid_out).await?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/pdf")),
        // the address ends in a name, so that a browser which saves it has one
        (header::CONTENT_DISPOSITION, HeaderValue::from_static("inline")),
    ];
    Ok((headers, body).into_response())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    #[test]
    fn few_documents_are_laid_out_at_once() {
        static NOW: AtomicUsize = AtomicUsize::new(0);
        let laid_out = || {
            let others = NOW.fetch_add(1, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(20));
            NOW.fetch_sub(1, Ordering::SeqCst);
            Ok(others)
        };
        let document = move || async move { ROOM.enter().await?.run(laid_out).await };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let others = runtime.block_on(async {
            // somebody who does not wait for it
            let _ = tokio::time::timeout(Duration::from_millis(5), document()).await;
            let documents: Vec<_> = (0..8).map(|_| tokio::spawn(document())).collect();
            let mut most = 0;
            for document in documents {
                most = most.max(document.await.unwrap().unwrap());
            }
            most
        });
        assert_eq!(others + 1, DOCUMENTS_AT_ONCE);
    }
}
