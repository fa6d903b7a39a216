//! `/metrics`: what the service does, in OpenMetrics text as Prometheus reads it.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::portal::problem::Problem;
use crate::portal::server::Portal;
use crate::portal::store::CaseState;
use crate::rule::{Audience, Faultbook, Rule};

/// Upper bounds of the classes of durations, in seconds.
const CLASSES: [f64; 12] = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0];

/// What the service counts.
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    seconds: Family<RouteLabels, Histogram>,
    findings: Family<RuleLabels, Counter>,
    texts_without_finding: Counter,
    diagnosed_bytes: Counter,
    diagnosing_seconds: Counter<f64, std::sync::atomic::AtomicU64>,
    rules: Gauge,
    outdated: Gauge,
    loads: Family<OutcomeLabels, Counter>,
    cases: Family<OutcomeLabels, Counter>,
    uploaded_bytes: Counter,
    queued: Gauge,
    mails: Family<OutcomeLabels, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: String,
    method: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RuleLabels {
    rule: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    outcome: &'static str,
}

impl Metrics {
    /// Nothing counted yet.
    pub fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("faultbook"),
            requests: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(CLASSES)),
            findings: Family::default(),
            texts_without_finding: Counter::default(),
            diagnosed_bytes: Counter::default(),
            diagnosing_seconds: Counter::default(),
            rules: Gauge::default(),
            outdated: Gauge::default(),
            loads: Family::default(),
            cases: Family::default(),
            uploaded_bytes: Counter::default(),
            queued: Gauge::default(),
            mails: Family::default(),
        };
        let registry = &mut metrics.registry;
        registry.register("requests", "Requests by route, method and status", metrics.requests.clone());
        let help = "How long requests took by route";
        registry.register_with_unit("request_duration", help, Unit::Seconds, metrics.seconds.clone());
        registry.register("findings", "Findings by rule", metrics.findings.clone());
        let help = "Texts for which no rule applies";
        registry.register("texts_without_finding", help, metrics.texts_without_finding.clone());
        let help = "Text that was diagnosed";
        registry.register_with_unit("diagnosed", help, Unit::Bytes, metrics.diagnosed_bytes.clone());
        let help = "Time that diagnosing took; the bytes by this are the throughput";
        registry.register_with_unit("diagnosing", help, Unit::Seconds, metrics.diagnosing_seconds.clone());
        registry.register("rules", "Rules in use", metrics.rules.clone());
        let help = "Whether the rules in use are older than their files, which have mistakes";
        registry.register("rules_outdated", help, metrics.outdated.clone());
        registry.register("rule_loads", "Loads of the rules by what became of them", metrics.loads.clone());
        registry.register("cases", "Uploads that were diagnosed by outcome", metrics.cases.clone());
        registry.register_with_unit("uploaded", "Uploads", Unit::Bytes, metrics.uploaded_bytes.clone());
        let help = "Uploads that come in, wait or are diagnosed";
        registry.register("cases_in_queue", help, metrics.queued.clone());
        registry.register("mails", "Mails by what became of them", metrics.mails.clone());
        metrics
    }

    /// A request was responded to.
    pub(crate) fn responded(&self, route: &str, method: &str, status: u16, elapsed: Duration) {
        // clients choose methods and paths: only those that are known may become labels
        let method = match method {
            "GET" | "HEAD" | "POST" | "PUT" | "DELETE" | "OPTIONS" => method,
            _ => "other",
        };
        let labels = RequestLabels { route: route.to_owned(), method: method.to_owned(), status };
        self.requests.get_or_create(&labels).inc();
        self.seconds.get_or_create(&RouteLabels { route: route.to_owned() }).observe(elapsed.as_secs_f64());
    }

    /// An upload came.
    pub(crate) fn uploaded(&self, bytes: i64) {
        self.uploaded_bytes.inc_by(u64::try_from(bytes).unwrap_or_default());
    }

    /// A case is over.
    pub(crate) fn case_ended(&self, state: CaseState) {
        let outcome = if state == CaseState::Done { "done" } else { "failed" };
        self.cases.get_or_create(&OutcomeLabels { outcome }).inc();
    }

    /// An upload was diagnosed: the rules of its findings, the size of its text, and how long it took.
    pub(crate) fn diagnosed(&self, rules: &[&Rule], bytes: u64, elapsed: Duration) {
        for rule in rules {
            // whoever reads metrics need not know of rules that are not for everybody
            let name = if rule.audience == Audience::Public { rule.id.as_str() } else { "not-public" };
            self.findings.get_or_create(&RuleLabels { rule: name.to_owned() }).inc();
        }
        self.diagnosed_bytes.inc_by(bytes);
        self.diagnosing_seconds.inc_by(elapsed.as_secs_f64());
    }

    /// A text was diagnosed: the rules of its findings, its size, and how long it took.
    pub(crate) fn answered(&self, rules: &[&Rule], bytes: usize, elapsed: Duration) {
        if rules.is_empty() {
            self.texts_without_finding.inc();
        }
        self.diagnosed(rules, bytes as u64, elapsed);
    }

    /// Rules were loaded and are in use.
    pub(crate) fn loaded(&self, faultbook: &Faultbook) {
        self.rules.set(i64::try_from(faultbook.rules().len()).unwrap_or(i64::MAX));
        self.outdated.set(0);
        self.loads.get_or_create(&OutcomeLabels { outcome: "used" }).inc();
    }

    /// Mails were sent, given up, or may have arrived or not.
    pub(crate) fn mailed(&self, outcome: &'static str, count: u64) {
        if count > 0 {
            self.mails.get_or_create(&OutcomeLabels { outcome }).inc_by(count);
        }
    }

    /// Rules were loaded and have mistakes, so that those before stay.
    pub(crate) fn kept(&self) {
        self.outdated.set(1);
        self.loads.get_or_create(&OutcomeLabels { outcome: "refused" }).inc();
    }

    /// Everything, as text.
    fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

/// Writes the metrics, as OpenMetrics has them.
#[utoipa::path(
    get, path = "/metrics", tag = "service", operation_id = "metrics",
    responses((status = 200, description = "The metrics", body = String, content_type = "application/openmetrics-text")),
)]
pub(crate) async fn get(State(portal): State<Arc<Portal>>) -> Result<Response, Problem> {
    portal.metrics.queued.set(i64::try_from(portal.cases.taken()).unwrap_or(i64::MAX));
    let text = portal.metrics.text().map_err(|_| Problem::internal())?;
    let kind = HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}
