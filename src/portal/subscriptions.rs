//! Subscriptions to changes of articles: asked for, confirmed by mail, ended by one click (RFC 8058).
//!
//! `subscribe`, `confirm` and `unsubscribe` are what happens; the handlers below them are for programs, those for people and their mail
//! programs are in `pages`. Whoever asks to subscribe learns nothing about who has: the answer is always the same. The mails are written
//! by `letters` and sent by `sender`, those about changes are written when `history` finds one.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answer::LayoutError;
use crate::portal::access::hash;
use crate::portal::addresses::PublicAddress;
use crate::portal::catalogue::Filter;
use crate::portal::clients::Client;
use crate::portal::letters::Letters;
use crate::portal::openapi::{Missing, Refusals};
use crate::portal::problem::Problem;
use crate::portal::recipient::Recipient;
use crate::portal::server::Portal;
use crate::portal::statistics::hexadecimal;
use crate::portal::store::{self, NewMail, NewSubscription, Purpose, StoreError, Subscribing, Subscription};
use crate::rule::{Audience, Rule};

/// How long a subscription may wait for its confirmation.
pub const PENDING_TIME: Duration = Duration::from_secs(48 * 60 * 60);
/// Mails that ask for confirmation, to one address in one hour of the clock.
pub const CONFIRMATIONS: u32 = 5;
/// Subscriptions that one client may have pending.
pub const PENDING_LIMIT: i64 = 20;
/// Milliseconds of an hour.
const HOUR: i64 = 60 * 60 * 1000;
/// What everybody is told who asks to subscribe.
const ASKED: &str = "if the address is not subscribed yet, a mail with a link to confirm it is on its way";

/// Who wants to be told.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SubscriptionRequest {
    /// The address that mails go to.
    pub email: String,
}

/// What a link in a mail carries.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenRequest {
    /// The token.
    pub token: String,
}

/// What happens next.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Asked {
    /// In words.
    detail: &'static str,
}

/// The article that a subscription is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SubscribedArticle {
    /// Its number or name.
    pub id: String,
    /// The failure in one line; empty if the article is gone.
    pub title: String,
}

/// Why a mail could not be written.
#[derive(Debug, thiserror::Error)]
enum SubscribeError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Letter(#[from] LayoutError),
    #[error("no random bits: {0}")]
    Random(#[from] getrandom::Error),
}

impl From<SubscribeError> for Problem {
    fn from(error: SubscribeError) -> Self {
        tracing::error!(%error, "a subscription could not be kept");
        Self::internal()
    }
}

/// A token for a link, and its hash for the database.
pub(crate) fn new_token() -> Result<(String, String), getrandom::Error> {
    let token = store::new_id()?;
    let hash = hexadecimal(&hash(&token));
    Ok((token, hash))
}

/// The address for links in mails, if readers can subscribe: it is known, and there is a mail server.
pub(crate) fn address(portal: &Portal) -> Option<PublicAddress> {
    portal.options.mail.as_ref()?;
    portal.options.public_address.as_deref().and_then(PublicAddress::parse)
}

/// Asks an address whether it wants to be told of changes of an article. `client` is who asks. Refuses what is no address, articles that
/// the public may not see, and clients with too many questions open; says nothing about whether the address is subscribed.
pub(crate) async fn subscribe(portal: &Portal, rule: &str, email: &str, client: Client) -> Result<(), Problem> {
    let address = address(portal).ok_or_else(|| {
        Problem::not_found("nobody can subscribe here: mails are not set up; there are feeds at /feeds/")
    })?;
    let engine = portal.engine.current();
    let rule = public_rule(&engine, rule).ok_or_else(|| Problem::not_found("there is no such article"))?;
    let recipient: Recipient = email.parse().map_err(|help| Problem::bad_request(format!("`email`: {help}")))?;
    let letters = Letters::new(engine.faultbook().templates());
    let (new, now) = (store::new_id().map_err(SubscribeError::from)?, store::now());
    let network = client.0.map_or(String::new(), |client| client.to_string());
    let wish = NewSubscription {
        id: &new,
        email: recipient.as_str(),
        rule: &rule.id,
        client: &network,
        created: now,
        pending_limit: PENDING_LIMIT,
    };
    let compose = |subscription: &str, number: u32| -> Result<Option<NewMail>, SubscribeError> {
        if number >= CONFIRMATIONS {
            return Ok(None);
        }
        let (token, hash) = new_token()?;
        let hours = PENDING_TIME.as_secs() / 3600;
        let letter = letters.confirm(rule, &address, &address.confirm(&token), hours)?;
        Ok(Some(NewMail {
            id: store::new_id()?,
            // the place in the hour is what is unique: so the database counts, over all servers
            about: format!("confirm {recipient} {} {number}", now / HOUR),
            subscription: subscription.to_owned(),
            token: (hash, Purpose::Confirm),
            recipient: recipient.as_str().to_owned(),
            subject: letter.subject,
            text: letter.text,
            html: letter.html,
            unsubscribe: String::new(),
            created: now,
        }))
    };
    match portal.store.subscribe(&wish, compose).await? {
        Subscribing::Mailed => portal.outbox.wake(),
        Subscribing::Nothing => {}
        Subscribing::TooMany => return Err(Problem::too_many(3600)),
    }
    Ok(())
}

/// The article whose subscription a token may confirm or end; none if it has ended, or waited too long for its confirmation.
pub(crate) async fn find(portal: &Portal, token: &str, purpose: Purpose) -> Result<Option<SubscribedArticle>, Problem> {
    Ok(pending_or_confirmed(portal, token, purpose).await?.map(|subscription| article(portal, &subscription.rule)))
}

async fn pending_or_confirmed(
    portal: &Portal,
    token: &str,
    purpose: Purpose,
) -> Result<Option<Subscription>, StoreError> {
    let found = portal.store.subscription(&hexadecimal(&hash(token)), purpose).await?;
    let earliest = store::now() - i64::try_from(PENDING_TIME.as_millis()).unwrap_or(i64::MAX);
    Ok(found.filter(|subscription| subscription.is_confirmed || subscription.created >= earliest))
}

/// A link that confirms nothing.
pub(crate) fn too_old() -> Problem {
    Problem::not_found("this link is too old, or its subscription has ended; subscribe again")
}

/// Confirms the subscription of a token; once more does no harm.
pub(crate) async fn confirm(portal: &Portal, token: &str) -> Result<SubscribedArticle, Problem> {
    let found = pending_or_confirmed(portal, token, Purpose::Confirm).await?;
    let subscription = found.ok_or_else(too_old)?;
    if !subscription.is_confirmed {
        portal.store.confirm_subscription(&subscription.id).await?;
    }
    Ok(article(portal, &subscription.rule))
}

/// Ends the subscription of a token, and gives its article; none when it has ended before.
pub(crate) async fn unsubscribe(portal: &Portal, token: &str) -> Result<Option<SubscribedArticle>, Problem> {
    let found = portal.store.subscription(&hexadecimal(&hash(token)), Purpose::End).await?;
    let Some(subscription) = found else { return Ok(None) };
    portal.store.end_subscription(&subscription.id).await?;
    Ok(Some(article(portal, &subscription.rule)))
}

fn article(portal: &Portal, id: &str) -> SubscribedArticle {
    let engine = portal.engine.current();
    let title = public_rule(&engine, id).map_or(String::new(), |rule| rule.title.clone());
    SubscribedArticle { id: id.to_owned(), title }
}

fn public_rule<'a>(engine: &'a crate::portal::engine::Engine, id: &str) -> Option<&'a Rule> {
    let book = engine.faultbook();
    let rule = book.rule(book.find(id)?);
    Filter::of(Audience::Public).accepts(rule).then_some(rule)
}

/// Subscribes an address to changes of an article. A mail asks it for confirmation.
#[utoipa::path(
    post, path = "/api/v1/articles/{id}/subscriptions", tag = "articles", operation_id = "subscribe",
    params(("id" = String, Path, description = "The article's number or name")),
    request_body = SubscriptionRequest,
    responses((status = 202, description = "The address is asked, if need be", body = Asked), Refusals, Missing),
)]
pub(crate) async fn post(
    State(portal): State<Arc<Portal>>,
    Extension(client): Extension<Client>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Response, Problem> {
    let request: SubscriptionRequest =
        serde_json::from_slice(&body).map_err(|error| Problem::bad_request(error.to_string()))?;
    subscribe(&portal, &id, &request.email, client).await?;
    Ok((StatusCode::ACCEPTED, Json(Asked { detail: ASKED })).into_response())
}

/// Confirms a subscription.
#[utoipa::path(
    post, path = "/api/v1/subscriptions/confirm", tag = "articles", operation_id = "confirmSubscription",
    request_body = TokenRequest,
    responses((status = 200, description = "It is confirmed", body = SubscribedArticle), Refusals, Missing),
)]
pub(crate) async fn post_confirm(State(portal): State<Arc<Portal>>, body: Bytes) -> Result<Response, Problem> {
    Ok(Json(confirm(&portal, &token_in(&body)?).await?).into_response())
}

/// Ends a subscription; once more does no harm.
#[utoipa::path(
    post, path = "/api/v1/subscriptions/end", tag = "articles", operation_id = "endSubscription",
    request_body = TokenRequest,
    responses((status = 204, description = "It has ended"), Refusals),
)]
pub(crate) async fn post_end(State(portal): State<Arc<Portal>>, body: Bytes) -> Result<StatusCode, Problem> {
    unsubscribe(&portal, &token_in(&body)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn token_in(body: &Bytes) -> Result<String, Problem> {
    let request: TokenRequest =
        serde_json::from_slice(body).map_err(|error| Problem::bad_request(error.to_string()))?;
    Ok(request.token)
}
