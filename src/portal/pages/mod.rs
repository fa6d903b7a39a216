//! The pages: what the API gives, for people. Each file has one page; the layouts are in `templates/portal/`.
//!
//! Every value in a layout is escaped, but for the articles that the `answer` room has rendered. A page works without a script: forms are sent
//! and answered by whole pages.

pub(crate) mod article;
pub(crate) mod author;
pub(crate) mod case;
pub(crate) mod fault;
pub(crate) mod home;
pub(crate) mod search;
pub(crate) mod subscription;

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Serialize;
use url::form_urlencoded;

use crate::diagnose::Question;
use crate::portal::access::Caller;
use crate::portal::addresses::requested_host;
use crate::portal::answers::NAMES_LIMIT;
use crate::portal::assets;
use crate::portal::engine::Engine;
use crate::portal::problem::Problem;
use crate::portal::server::Portal;
use crate::rule::FactValue;

/// The cookie with the token of somebody who signed in.
const COOKIE: &str = "faultbook_token";
/// What stands before the name of a fact in a form.
const FACT: &str = "fact.";

/// The routes of all pages; a pasted text may become three times as long in a form.
pub(crate) fn routes(text_bytes: usize) -> Router<Arc<Portal>> {
    let forms = DefaultBodyLimit::max(text_bytes.saturating_mul(3).saturating_add(64 * 1024));
    Router::new()
        .route("/", get(home::get))
        .route("/answers", get(home::again).post(home::post).layer(forms))
        .route("/cases", get(home::again).post(case::upload).layer(DefaultBodyLimit::disable()))
        .route("/cases/{id}", get(case::get))
        .route("/cases/{id}/facts", post(case::facts))
        .route("/cases/{id}/delete", post(case::delete))
        .route("/articles", get(search::get))
        .route("/articles/{id}", get(article::get))
        .route("/articles/{id}/feedback", post(article::feedback))
        .route("/articles/{id}/subscriptions", post(subscription::subscribe))
        .route("/subscriptions/confirm", get(subscription::ask_confirm).post(subscription::confirm))
        .route("/subscriptions/end", get(subscription::ask_end).post(subscription::end))
        .route("/search", get(search::get))
        .route("/author", get(author::get).post(author::sign_in))
        .route("/author/sign-out", post(author::sign_out))
        .route("/assets/{hash}/{name}", get(assets::get))
}

/// Renders a page.
pub(crate) fn render(engine: &Engine, layout: &str, page: &str, content: Value) -> Result<Response, Problem> {
    let frame = context! { page, assets => Serde(engine.assets().addresses()), ..content };
    match engine.layouts().render(&format!("portal/{layout}"), frame) {
        Ok(html) => Ok(Html(html).into_response()),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            Err(Problem::internal())
        }
    }
}

/// Who reads a page: whoever has a token in a cookie or a header. A cookie that is not known any more is nobody's.
pub(crate) fn reader(portal: &Portal, headers: &HeaderMap) -> Result<Caller, Problem> {
    if headers.contains_key(header::AUTHORIZATION) {
        return Caller::of(headers, &portal.options.tokens);
    }
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let token =
        cookies.flat_map(|value| value.split(';')).find_map(|one| one.trim().strip_prefix(COOKIE)?.strip_prefix('='));
    Ok(token.map_or(Caller::Anybody, |token| Caller::with(token, &portal.options.tokens)))
}

/// The fields of a form.
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads a form that is sent as an address is written.
    pub(crate) fn read(body: &[u8]) -> Result<Self, Problem> {
        let mut fields = Vec::new();
        for (name, value) in form_urlencoded::parse(body) {
            if fields.len() == NAMES_LIMIT {
                return Err(Problem::bad_request(format!("at most {NAMES_LIMIT} fields are taken")));
            }
            fields.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self(fields))
    }

    /// The first value of a field.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.0.iter().find(|(own, _)| own == name).map_or("", |(_, value)| value)
    }

    /// The facts in it; of one that is there twice, the answer given last.
    pub(crate) fn facts(&self) -> Vec<KnownFact> {
        let mut facts: Vec<KnownFact> = Vec::new();
        for (name, value) in &self.0 {
            let Some(name) = name.strip_prefix(FACT).filter(|name| !name.is_empty() && !value.is_empty()) else {
                continue;
            };
            facts.retain(|fact| fact.name != name);
            facts.push(KnownFact { name: name.to_owned(), value: value.clone() });
        }
        facts
    }
}

/// Something that is known about a case, as it stands in forms and addresses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct KnownFact {
    pub(crate) name: String,
    pub(crate) value: String,
}

impl KnownFact {
    pub(crate) fn fact(&self) -> (String, FactValue) {
        (self.name.clone(), FactValue::from_argument(&self.value))
    }
}

/// The questions of several findings, each fact once.
pub(crate) fn questions<'a>(all: impl Iterator<Item = &'a Question>) -> Vec<&'a Question> {
    let mut asked = BTreeSet::new();
    all.filter(|question| asked.insert(&question.fact)).collect()
}

/// Goes to another page of the portal.
pub(crate) fn go(address: &str) -> Response {
    Redirect::to(address).into_response()
}

/// The address at which the reader reaches the portal.
pub(crate) fn address(portal: &Portal, headers: &HeaderMap) -> String {
    match (&portal.options.public_address, requested_host(headers)) {
        (Some(address), _) => address.clone(),
        (None, Some(host)) => format!("http://{host}"),
        (None, None) => String::new(),
    }
}

/// A time for people.
pub(crate) fn time(milliseconds: i64) -> String {
    let time = Timestamp::from_millisecond(milliseconds).unwrap_or_default();
    time.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// A number of bytes for people.
pub(crate) fn size(bytes: u64) -> String {
    let units = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    match units.into_iter().find(|(_, unit)| bytes >= *unit) {
        Some((name, unit)) if bytes.is_multiple_of(unit) => format!("{} {name}", bytes / unit),
        Some((name, unit)) => format!("{:.1} {name}", bytes as f64 / unit as f64),
        None => format!("{bytes} B"),
    }
}

/// A cookie for the browser's session, which no script sees and no other site sends.
fn cookie(portal: &Portal, token: &str, age: &str) -> Option<HeaderValue> {
    let secure = match portal.options.public_address.as_deref() {
        Some(address) if address.starts_with("https:") => "; Secure",
        _ => "",
    };
    HeaderValue::from_str(&format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict{age}{secure}")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_fact_the_last_answer_counts() {
        let form = Form::read(b"text=a+b&fact.raid=true&fact.=x&fact.site=&fact.raid=false").unwrap();
        assert_eq!(form.text("text"), "a b");
        assert_eq!(form.facts(), [KnownFact { name: "raid".into(), value: "false".into() }]);
        assert!(Form::read(&b"a=b&".repeat(NAMES_LIMIT + 1)).is_err());
    }

    #[test]
    fn sizes_have_the_largest_unit() {
        assert_eq!([0, 1023, 1024, 1536, 1 << 30].map(size), ["0 B", "1023 B", "1 KiB", "1.5 KiB", "1 GiB"]);
    }
}
