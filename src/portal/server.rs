//! Routes, what holds for every request, and the life of the service.

use std::any::Any;
use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio::sync::mpsc::UnboundedReceiver;
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument;

use crate::portal::addresses::PublicAddress;
use crate::portal::cases::spool::Spool;
use crate::portal::cases::{self, Cases, Job};
use crate::portal::clients::Client;
use crate::portal::engine::{Engine, LiveEngine};
use crate::portal::health::{self, Health};
use crate::portal::history::{self, History};
use crate::portal::metrics::{self, Metrics};
use crate::portal::options::{PortalError, PortalOptions, SHUTDOWN_TIME};
use crate::portal::problem::Problem;
use crate::portal::rate::RateLimit;
use crate::portal::sender::{self, Outbox};
use crate::portal::smtp::MailServer;
use crate::portal::statistics::{self, Counts};
use crate::portal::store::Store;
use crate::portal::{
    answers, articles, connections, feedback, feeds, forgery, openapi, pages, pdf, reload, subscriptions,
};
use crate::report::redact::RedactionKey;
use crate::rule::Faultbook;
use crate::rule::reload::WatchedFiles;

/// Characters of a request id that a client gives.
const REQUEST_ID_LENGTH: usize = 64;
/// The header with the id of a request.
static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What every request may use.
pub(crate) struct Portal {
    pub(crate) options: PortalOptions,
    pub(crate) engine: LiveEngine,
    pub(crate) health: Health,
    pub(crate) metrics: Metrics,
    pub(crate) store: Store,
    pub(crate) counts: Counts,
    pub(crate) cases: Cases,
    pub(crate) redaction_key: RedactionKey,
    pub(crate) history: History,
    pub(crate) outbox: Outbox,
    rate: RateLimit,
    request_ids: RequestIds,
}

impl Portal {
    /// A text as it may be kept: without secrets and personal data.
    pub(crate) fn masked(&self, text: &str) -> String {
        self.engine.current().redactor().text(text).into_owned()
    }
}

/// A portal that listens.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    portal: Arc<Portal>,
    reloading: Option<reload::Reloading>,
    jobs: UnboundedReceiver<Job>,
    mail_server: Option<MailServer>,
}

impl Server {
    /// Opens the database, listens, and makes the faultbook ready. The rules that have no mistakes are used. `files` are those of the options,
    /// looked at before the faultbook was loaded from them: what changed since is loaded again.
    pub async fn bind(options: PortalOptions, files: WatchedFiles, faultbook: Faultbook) -> Result<Self, PortalError> {
        let refused = |error| PortalError::Listen { address: options.listen, error };
        let listener = TcpListener::bind(options.listen).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let mail_server = mail_server(&options)?;
        let store = Store::open(&options.database).await?;
        let spool =
            Spool::open(&options.spool).map_err(|error| PortalError::Spool { folder: options.spool.clone(), error })?;
        let redaction_key = match &options.redaction_secret {
            Some(secret) => RedactionKey::from_secret(secret)?,
            None => {
                spool.redaction_key().map_err(|error| PortalError::Spool { folder: options.spool.clone(), error })?
            }
        };
        let (cases, jobs) = Cases::new(spool);
        let health = Health::new(&faultbook);
        let metrics = Metrics::new();
        metrics.loaded(&faultbook);
        let engine = LiveEngine::new(Engine::new(faultbook, redaction_key.clone())?);
        let portal = Arc::new(Portal {
            rate: RateLimit::new(options.requests_per_second),
            options,
            engine,
            health,
            metrics,
            store,
            counts: Counts::default(),
            cases,
            redaction_key,
            history: History::default(),
            outbox: Outbox::default(),
            request_ids: RequestIds::default(),
        });
        let reloading = match portal.options.rules.is_empty() {
            true => None,
            false => Some(reload::Reloading::begin(&portal, files)?),
        };
        history::compare(&portal).await?;
        Ok(Self { listener, address, portal, reloading, jobs, mail_server })
    }

    /// Where it listens; with port 0 in the options, the port that was free.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Loads the rules again, as when a file had changed. Does nothing for the built-in rules.
    pub fn reloader(&self) -> impl Fn() + Send + Sync + 'static {
        let sender = self.reloading.as_ref().map(reload::Reloading::sender);
        move || {
            if let Some(sender) = &sender {
                let _ = sender.send(());
            }
        }
    }

    /// Serves until `stop` is done; requests that run then are finished, for at most [`SHUTDOWN_TIME`].
    pub async fn run(self, stop: impl Future<Output = ()> + Send + 'static) -> Result<(), PortalError> {
        let weak = || Arc::downgrade(&self.portal);
        let jobs = Arc::new(tokio::sync::Mutex::new(self.jobs));
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(statistics::write_regularly(weak()));
        tasks.spawn(cases::sweep_regularly(weak()));
        tasks.spawn(history::follow(weak()));
        (0..cases::WORKERS).for_each(|_| drop(tasks.spawn(cases::work(weak(), Arc::clone(&jobs)))));
        let portal = Arc::clone(&self.portal);
        let (told, mut was_told) = tokio::sync::watch::channel(false);
        let send = |server| tokio::spawn(sender::send_regularly(weak(), server, was_told.clone()));
        let sending = self.mail_server.map(send);
        let stopping = Arc::clone(&self.portal);
        let stop = async move {
            stop.await;
            // whoever watches a case would keep the connection until it is done
            stopping.cases.call_off();
            let _ = told.send(true);
        };
        let routes = router(Arc::clone(&self.portal));
        let serving = connections::serve(self.listener, routes, self.portal.options.is_behind_proxy, stop);
        let late = async move {
            // without a sender there is nobody to wait for
            let _ = was_told.wait_for(|told| *told).await;
            tokio::time::sleep(SHUTDOWN_TIME).await;
        };
        tokio::select! {
            () = serving => {}
            () = late => tracing::warn!("some requests did not finish in time and are given up"),
        }
        tasks.abort_all();
        if let Some(sending) = sending {
            // a mail that is being handed over is finished
            let _ = tokio::time::timeout(SHUTDOWN_TIME, sending).await;
        }
        if let Err(error) = Counts::write(&portal).await {
            tracing::warn!(%error, "the last statistics could not be written");
        }
        portal.store.close().await;
        Ok(())
    }
}

/// Where mails are handed over, if the options name a server.
fn mail_server(options: &PortalOptions) -> Result<Option<MailServer>, PortalError> {
    let Some(mail) = &options.mail else { return Ok(None) };
    let address = options.public_address.as_deref().and_then(PublicAddress::parse);
    if address.is_none() {
        tracing::warn!(
            "nobody can subscribe: there is a mail server, but no address of the portal to write into mails"
        );
    }
    let host = address.as_ref().map(PublicAddress::host);
    MailServer::new(mail, host).map(Some).map_err(PortalError::Mail)
}

/// All routes.
fn router(portal: Arc<Portal>) -> Router {
    let api = Router::new()
        .route("/answers", post(answers::post))
        .route("/articles", get(articles::get_list))
        .route("/articles/{id}", get(articles::get_one))
        .route("/articles/{id}/article.pdf", get(pdf::get_article))
        .route("/articles/{id}/feedback", get(feedback::get).post(feedback::post))
        .route("/articles/{id}/subscriptions", post(subscriptions::post))
        .route("/subscriptions/confirm", post(subscriptions::post_confirm))
        .route("/subscriptions/end", post(subscriptions::post_end))
        .route("/statistics", get(statistics::get))
        .route("/search", get(articles::get_search))
        .merge(cases::routes());
    Router::new()
        .nest("/api/v1", api)
        .route("/api/openapi.json", get(openapi::get))
        .route("/feeds/all.atom", get(feeds::get_all))
        .route("/feeds/tags/{name}", get(feeds::get_tag))
        .route("/feeds/articles/{name}", get(feeds::get_article))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(metrics::get))
        .merge(pages::routes(portal.options.text_bytes))
        .fallback(async || Problem::not_found("see /api/openapi.json for what there is"))
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .layer(DefaultBodyLimit::max(portal.options.text_bytes))
        .layer(CatchPanicLayer::custom(bug))
        .layer(middleware::from_fn_with_state(Arc::clone(&portal), around))
        .with_state(portal)
}

/// What holds for every request: an id, a line in the log, a bound on its time, the metrics, the headers of safety.
async fn around(State(portal): State<Arc<Portal>>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let client = Client::of(&portal.options, &request);
    request.extensions_mut().insert(client);
    let id = portal.request_ids.of(request.headers());
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let span = tracing::info_span!("request", id, %method, route);
    let wants_page = pages::fault::wants_page(request.uri().path(), request.headers());
    let is_forged = forgery::is_forged(&method, request.headers(), portal.options.public_address.as_deref())
        // they take a secret that only a mail had, and mail programs send them from anywhere (RFC 8058)
        && !route.starts_with("/subscriptions/");
    let mut response = match is_admitted(&portal, &route, client) {
        Err(wait) => Problem::too_many(wait).into_response(),
        Ok(()) if is_forged => Problem::forged().into_response(),
        Ok(()) => {
            // uploads and events take as long as they take; uploads that stand still are ended where they are read
            let is_long = matches!(route.as_str(), "/api/v1/cases" | "/api/v1/cases/{id}/events" | "/cases");
            let time = if is_long { Duration::MAX } else { portal.options.request_time };
            let answered = tokio::time::timeout(time, next.run(request));
            answered.instrument(span.clone()).await.unwrap_or_else(|_| Problem::timeout().into_response())
        }
    };
    if let Some(problem) = refused_by_framework(&response, portal.options.text_bytes) {
        response = problem.into_response();
    }
    if wants_page && let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let document = std::mem::replace(&mut response, pages::fault::page(&portal, &problem, &id));
        for name in [header::RETRY_AFTER, header::ALLOW, header::WWW_AUTHENTICATE] {
            document.headers().get(&name).map(|value| response.headers_mut().insert(name, value.clone()));
        }
    }
    let status = response.status().as_u16();
    let elapsed = started.elapsed();
    portal.metrics.responded(&route, method.as_str(), status, elapsed);
    span.in_scope(|| tracing::info!(status, microseconds = elapsed.as_micros() as u64, "done"));
    safe(response.headers_mut());
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID.clone(), value);
    }
    response
}

/// Whether the client may ask now; what watches the service always may.
fn is_admitted(portal: &Portal, route: &str, client: Client) -> Result<(), u32> {
    if matches!(route, "/healthz" | "/readyz" | "/metrics") {
        return Ok(());
    }
    match client {
        Client(Some(client)) => portal.rate.admit(client, Instant::now()),
        Client(None) => Ok(()),
    }
}

/// The problem in a refusal by the framework itself, which is plain text: nothing else here refuses so.
fn refused_by_framework(response: &Response, text_bytes: usize) -> Option<Problem> {
    let is_plain = |kind: &HeaderValue| kind.as_bytes().starts_with(b"text/plain");
    match response.headers().get(header::CONTENT_TYPE).is_some_and(is_plain).then(|| response.status())? {
        StatusCode::PAYLOAD_TOO_LARGE => Some(Problem::too_large(text_bytes)),
        StatusCode::BAD_REQUEST => Some(Problem::bad_request("the address or the body cannot be read, or was cut off")),
        _ => None,
    }
}

/// Headers that keep what browsers do with a response to what it is for.
fn safe(headers: &mut HeaderMap) {
    const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
        form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    let all = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
    ];
    for (name, value) in all {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

/// Answers a request in which the service has a bug.
fn bug(panic: Box<dyn Any + Send>) -> Response {
    let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
    tracing::error!(panic = text.unwrap_or("without a word"), "a bug in the service");
    Problem::internal().into_response()
}

/// Ids of requests: those that clients give, else new ones that no other process is likely to give.
#[derive(Default)]
struct RequestIds {
    seed: RandomState,
    next: AtomicU64,
}

impl RequestIds {
    fn of(&self, headers: &HeaderMap) -> String {
        let is_sound = |id: &&str| {
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
            !id.is_empty() && id.len() <= REQUEST_ID_LENGTH && id.bytes().all(is_plain)
        };
        match headers.get(&REQUEST_ID).and_then(|id| id.to_str().ok()).filter(is_sound) {
            Some(id) => id.to_owned(),
            None => format!("{:016x}", self.seed.hash_one(self.next.fetch_add(1, Ordering::Relaxed))),
        }
    }
}
