//! Subscribing from an article's page, and the pages that links in mails open.
//!
//! Opening a link changes nothing, since programs that look for harm open links too: its page has a button that sends a POST. The token in
//! the address is all that the POST takes; so mail programs can send it for their readers (RFC 8058).

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, Uri, header};
use axum::response::Response;
use minijinja::context;
use minijinja::value::Serde;
use url::form_urlencoded;

use crate::portal::clients::Client;
use crate::portal::pages::{Form, go, render};
use crate::portal::problem::Problem;
use crate::portal::server::Portal;
use crate::portal::store::Purpose;
use crate::portal::subscriptions::{self, SubscribedArticle};

/// Takes an address out of a form.
pub(crate) async fn subscribe(
    State(portal): State<Arc<Portal>>,
    Extension(client): Extension<Client>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Response, Problem> {
    let form = Form::read(&body)?;
    subscriptions::subscribe(&portal, &id, form.text("email"), client).await?;
    // the id is one of an article: it has letters that addresses take
    Ok(go(&format!("/articles/{id}?subscribed=1")))
}

/// Asks whether to confirm.
pub(crate) async fn ask_confirm(State(portal): State<Arc<Portal>>, uri: Uri) -> Result<Response, Problem> {
    let article = subscriptions::find(&portal, &token(&uri), Purpose::Confirm).await?;
    let article = article.ok_or_else(subscriptions::too_old)?;
    page(&portal, "Confirm your subscription", Some(&article), "Confirm the subscription")
}

/// Confirms.
pub(crate) async fn confirm(State(portal): State<Arc<Portal>>, uri: Uri) -> Result<Response, Problem> {
    let article = subscriptions::confirm(&portal, &token(&uri)).await?;
    page(&portal, "You will be told when this article changes", Some(&article), "")
}

/// Asks whether to end it.
pub(crate) async fn ask_end(State(portal): State<Arc<Portal>>, uri: Uri) -> Result<Response, Problem> {
    match subscriptions::find(&portal, &token(&uri), Purpose::End).await? {
        Some(article) => page(&portal, "End your subscription", Some(&article), "End the subscription"),
        None => page(&portal, "This subscription has ended", None, ""),
    }
}

/// Ends it.
pub(crate) async fn end(State(portal): State<Arc<Portal>>, uri: Uri) -> Result<Response, Problem> {
    let article = subscriptions::unsubscribe(&portal, &token(&uri)).await?;
    page(&portal, "This subscription has ended", article.as_ref(), "")
}

/// The token of a link. Whatever else is there was added by programs on the way.
fn token(uri: &Uri) -> String {
    let mut parameters = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    parameters.find(|(name, _)| name == "token").map(|(_, token)| token.into_owned()).unwrap_or_default()
}

fn page(
    portal: &Portal,
    heading: &str,
    article: Option<&SubscribedArticle>,
    button: &str,
) -> Result<Response, Problem> {
    let content = context! { heading, button, article => Serde(&article) };
    let mut response = render(&portal.engine.current(), "subscription", "subscription", content)?;
    // the address has the token
    response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    Ok(response)
}
