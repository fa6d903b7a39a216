//! An article without a case.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use minijinja::context;
use minijinja::value::Serde;

use crate::portal::articles::article;
use crate::portal::engine::Rendering;
use crate::portal::feedback::{self, FeedbackRequest};
use crate::portal::pages::{Form, go, reader, render};
use crate::portal::parameters::Parameters;
use crate::portal::pdf;
use crate::portal::problem::Problem;
use crate::portal::server::Portal;
use crate::portal::store::About;

/// What an address ends with that is of the PDF.
const PDF: &str = ".pdf";

/// The page of an article, or its PDF.
pub(crate) async fn get(
    State(portal): State<Arc<Portal>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    let audience = reader(&portal, &headers)?.audience();
    let engine = portal.engine.current();
    if let Some(id) = id.strip_suffix(PDF).filter(|_| engine.faultbook().find(&id).is_none()) {
        return pdf::of_article(&portal, id, audience, &uri).await;
    }
    let parameters = Parameters::read(&uri, &["said", "subscribed"])?;
    let article = article(&engine, &id, audience, Rendering::Html)?;
    let content = context! {
        said => parameters.text("said")?.is_some(),
        subscribed => parameters.text("subscribed")?.is_some(),
        mails => portal.options.mail.is_some() && portal.options.public_address.is_some(),
        related => Serde(&article.related),
        article => Serde(&article),
    };
    render(&engine, "article", "article", content)
}

/// Takes a reader's word out of a form.
pub(crate) async fn feedback(
    State(portal): State<Arc<Portal>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let audience = reader(&portal, &headers)?.audience();
    let form = Form::read(&body)?;
    let helped = match form.text("helped") {
        "true" => true,
        "false" => false,
        _ => return Err(Problem::bad_request("`helped` is `true` or `false`")),
    };
    let about = if form.text("about") == "article" { About::Article } else { About::Answer };
    let word = FeedbackRequest { helped, about, comment: form.text("comment").to_owned() };
    feedback::keep(&portal, &id, audience, word).await?;
    // the id is one of an article: it has letters that addresses take
    Ok(go(&format!("/articles/{id}?said=1")))
}
