//! `/healthz` and `/readyz`: whether the service lives, and whether it can answer; and what became of the last load of the rules.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::portal::server::Portal;
use crate::rule::{DiagnosticSeverity, Faultbook};

/// Faults that are shown of a load; all of them are in the log.
const FAULTS_SHOWN: usize = 20;

/// What became of the last load of the rules.
pub struct Health {
    rules: Mutex<Loaded>,
}

/// A load of the rules.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Loaded {
    /// Rules in use.
    rules: usize,
    /// Whether those in use are older than the files, which have mistakes.
    outdated: bool,
    /// How many mistakes the files have; the page for authors and the log tell which.
    #[serde(serialize_with = "count")]
    #[schema(value_type = usize)]
    faults: Vec<String>,
}

fn count<S: serde::Serializer>(faults: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(faults.len() as u64)
}

impl Loaded {
    /// Whether the rules in use are older than the files.
    pub fn is_outdated(&self) -> bool {
        self.outdated
    }

    /// The first mistakes of the files, each in a line.
    pub fn faults(&self) -> &[String] {
        &self.faults
    }
}

impl Health {
    /// The first load, whose sound rules are used whatever is wrong with others.
    pub(crate) fn new(faultbook: &Faultbook) -> Self {
        Self {
            rules: Mutex::new(Loaded { rules: faultbook.rules().len(), outdated: false, faults: faults(faultbook) }),
        }
    }

    /// A load that is used.
    pub(crate) fn replaced(&self, faultbook: &Faultbook) {
        *self.lock() = Loaded { rules: faultbook.rules().len(), outdated: false, faults: faults(faultbook) };
    }

    /// A load that is not used, since it has mistakes.
    pub(crate) fn kept(&self, broken: &Faultbook) {
        let mut loaded = self.lock();
        loaded.outdated = true;
        loaded.faults = faults(broken);
    }

    /// What became of the last load.
    pub fn loaded(&self) -> Loaded {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Loaded> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The mistakes of a faultbook, each in a line.
fn faults(faultbook: &Faultbook) -> Vec<String> {
    let errors = faultbook.diagnostics().iter().filter(|diagnostic| diagnostic.severity == DiagnosticSeverity::Error);
    let line = |diagnostic: &crate::rule::Diagnostic| match diagnostic.labels.first() {
        Some(label) => {
            let place = label.file.position(label.span.start);
            format!("{}:{}:{}: {}", label.file.path(), place.line, place.column, diagnostic.title)
        }
        None => diagnostic.title.clone(),
    };
    errors.take(FAULTS_SHOWN).map(line).collect()
}

/// Says that the service lives, and with which rules.
#[utoipa::path(
    get, path = "/healthz", tag = "service", operation_id = "health",
    responses((status = 200, description = "It lives", body = Alive)),
)]
pub(crate) async fn alive(State(portal): State<Arc<Portal>>) -> Json<Alive> {
    Json(Alive { status: "ok", rules: portal.health.loaded() })
}

/// The answer of `/healthz`.
#[derive(Serialize, ToSchema)]
pub(crate) struct Alive {
    status: &'static str,
    rules: Loaded,
}

/// Says whether requests can be answered: the database has to answer too.
#[utoipa::path(
    get, path = "/readyz", tag = "service", operation_id = "readiness",
    responses(
        (status = 200, description = "They can", body = Ready),
        (status = 503, description = "They cannot", body = Ready),
    ),
)]
pub(crate) async fn ready(State(portal): State<Arc<Portal>>) -> (StatusCode, Json<Ready>) {
    match portal.store.is_ready().await {
        true => (StatusCode::OK, Json(Ready { status: "ready" })),
        false => (StatusCode::SERVICE_UNAVAILABLE, Json(Ready { status: "the database does not answer" })),
    }
}

/// The answer of `/readyz`.
#[derive(Serialize, ToSchema)]
pub(crate) struct Ready {
    status: &'static str,
}
