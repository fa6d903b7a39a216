//! What authors want to know: what readers needed, which articles help, which are due for review, which rules are broken.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use minijinja::value::Serde;
use minijinja::{Value, context};

use crate::portal::access::Caller;
use crate::portal::pages::{Form, cookie, go, reader, render, time};
use crate::portal::problem::Problem;
use crate::portal::server::Portal;
use crate::portal::statistics::{self, DAYS};
use crate::report::article::ArticleSummary;
use crate::rule::Audience;

/// Days after which an article is to be confirmed again.
const REVIEW_DAYS: i64 = 365;
/// Articles that are listed as due.
const DUE: usize = 50;

/// The page; without a token, the form to sign in.
pub(crate) async fn get(State(portal): State<Arc<Portal>>, headers: HeaderMap) -> Result<Response, Problem> {
    let caller = reader(&portal, &headers)?;
    let engine = portal.engine.current();
    if caller.must_see_statistics().is_err() {
        return render(
            &engine,
            "author",
            "author",
            context! { signed_in => false, refused => caller != Caller::Anybody },
        );
    }
    let learned = statistics::statistics(&portal, DAYS, caller.audience()).await?;
    let rules: Vec<Value> = learned
        .rules
        .into_iter()
        .map(|rule| {
            let last_seen = rule.last_seen.map(time);
            context! { rule => rule.rule, answered => rule.answered, helped => rule.helped, not_helped => rule.not_helped, last_seen }
        })
        .collect();
    let unmatched: Vec<Value> = learned
        .unmatched
        .into_iter()
        .map(|kind| context! { outline => kind.outline, regex => kind.regex, count => kind.count, last_seen => time(kind.last_seen) })
        .collect();
    let loaded = portal.health.loaded();
    let today = Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let oldest = today.checked_sub(REVIEW_DAYS.days()).unwrap_or(Date::MIN);
    let rules_due = engine.faultbook().rules().iter().filter(|rule| {
        rule.is_looked_for() && rule.audience <= caller.audience() && rule.reviewed.is_none_or(|date| date < oldest)
    });
    let due: Vec<ArticleSummary<'_>> = rules_due.take(DUE).map(ArticleSummary::of).collect();
    let content = context! {
        signed_in => true,
        faults => Serde(if caller.audience() == Audience::Internal { loaded.faults() } else { &[] }),
        outdated => loaded.is_outdated(),
        days => DAYS,
        rules,
        unmatched,
        due => Serde(due),
    };
    render(&engine, "author", "author", content)
}

/// Takes a token out of a form, to be kept by the browser.
pub(crate) async fn sign_in(State(portal): State<Arc<Portal>>, body: Bytes) -> Result<Response, Problem> {
    let form = Form::read(&body)?;
    let token = form.text("token").trim();
    let is_plain = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic() && !b";,\"\\".contains(&byte));
    let caller = if is_plain { Caller::with(token, &portal.options.tokens) } else { Caller::Anybody };
    match (caller, cookie(&portal, token, "")) {
        (Caller::Known(_), Some(cookie)) => Ok(([(header::SET_COOKIE, cookie)], go("/author")).into_response()),
        _ => render(&portal.engine.current(), "author", "author", context! { signed_in => false, refused => true }),
    }
}

/// Makes the browser forget the token.
pub(crate) async fn sign_out(State(portal): State<Arc<Portal>>) -> Result<Response, Problem> {
    let cookie = cookie(&portal, "", "; Max-Age=0").ok_or_else(Problem::internal)?;
    Ok(([(header::SET_COOKIE, cookie)], go("/author")).into_response())
}
