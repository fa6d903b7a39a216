//! What is learned from answers: how often each rule is found, and which texts no rule knows. `GET /api/v1/statistics`.
//!
//! Answering must not wait for the database: what happens is counted in memory and written every few seconds, and at the end. A crash loses
//! at most the last seconds.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use crate::author::scaffold;
use crate::portal::access::Caller;
use crate::portal::answers::beginning;
use crate::portal::openapi::Refusals;
use crate::portal::parameters::Parameters;
use crate::portal::problem::Problem;
use crate::portal::server::Portal;
use crate::portal::store::{self, RuleStatistics, Store, StoreError, Unmatched};
use crate::rule::Audience;

/// How long counts wait in memory.
const WRITE_EVERY: Duration = Duration::from_secs(5);
/// Kinds of texts that wait in memory; further kinds are not counted until the next writing.
const KINDS_WAITING: usize = 1000;
/// Bytes of a text that are looked at to tell its kind.
const OUTLINED_BYTES: usize = 16 * 1024;
/// How long statistics are kept.
pub const KEPT: Duration = Duration::from_secs(2 * 366 * 86_400);
/// Days that are looked back when nobody says.
pub(crate) const DAYS: usize = 90;
/// The most.
const DAYS_LIMIT: usize = 732;
/// Kinds of texts that are listed.
const KINDS_LISTED: usize = 200;

/// What happened since the last writing.
#[derive(Default)]
pub(crate) struct Counts {
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    /// Findings by rule, and when the last was.
    answered: BTreeMap<String, (i64, i64)>,
    /// Texts without finding by their fingerprint.
    unmatched: BTreeMap<String, Unmatched>,
}

impl Counts {
    /// Rules were found.
    pub(crate) fn answered<'a>(&self, rules: impl IntoIterator<Item = &'a str>) {
        let (mut waiting, now) = (self.lock(), store::now());
        for rule in rules {
            let (count, last) = waiting.answered.entry(rule.to_owned()).or_default();
            (*count, *last) = (*count + 1, now);
        }
    }

    /// No rule knows a text. Of it only the outline is kept, without values and masked.
    pub(crate) fn unmatched(&self, text: &str, mask: impl Fn(&str) -> String) {
        let Some(outline) = scaffold::outline(beginning(text, OUTLINED_BYTES)) else { return };
        // of what is masked: a secret that stayed in the regex could be found by trying
        let regex = mask(&outline.regex);
        let fingerprint = hexadecimal(&Sha256::digest(regex.as_bytes()));
        let (mut waiting, now) = (self.lock(), store::now());
        if waiting.unmatched.len() >= KINDS_WAITING && !waiting.unmatched.contains_key(&fingerprint) {
            return;
        }
        let kind = waiting.unmatched.entry(fingerprint.clone()).or_insert_with(|| Unmatched {
            fingerprint,
            outline: mask(&outline.text),
            regex,
            count: 0,
            first_seen: now,
            last_seen: now,
        });
        (kind.count, kind.last_seen) = (kind.count + 1, now);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what waits. What the database does not take is lost.
    pub(crate) async fn write(&self, store: &Store) -> Result<(), StoreError> {
        let Waiting { answered, unmatched } = std::mem::take(&mut *self.lock());
        store.add_statistics(&answered, &unmatched).await
    }
}

/// Writes again and again, for as long as there is a portal; old statistics are deleted on the way.
pub(crate) async fn write_regularly(portal: Weak<Portal>) {
    loop {
        tokio::time::sleep(WRITE_EVERY).await;
        let Some(portal) = portal.upgrade() else { return };
        let kept = i64::try_from(KEPT.as_millis()).unwrap_or(i64::MAX);
        let written = portal.counts.write(&portal.store).await;
        if let Err(error) = written.and(portal.store.forget_statistics(store::now() - kept).await) {
            tracing::warn!(%error, "statistics could not be written");
        }
    }
}

/// The digits of bytes.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What was learned.
#[derive(Debug, Serialize, ToSchema)]
pub struct Statistics {
    /// By rule, the most frequent first; only rules that were found, or that readers spoke of.
    pub rules: Vec<RuleStatistics>,
    /// Kinds of texts that no rule knows, the most frequent first.
    pub unmatched: Vec<Unmatched>,
}

/// What was learned in the last days.
pub(crate) async fn statistics(portal: &Portal, days: usize, audience: Audience) -> Result<Statistics, Problem> {
    // what happened just now is to be there
    portal.counts.write(&portal.store).await?;
    let since = store::now() - i64::try_from(days).unwrap_or(i64::MAX).saturating_mul(86_400_000);
    let mut rules = portal.store.statistics(since).await?;
    let engine = portal.engine.current();
    let seen = |rule: &str| engine.faultbook().find(rule).map(|rule| engine.faultbook().rule(rule).audience);
    // nobody knows any more whom a rule that is gone was for
    rules.retain(|one| seen(&one.rule).unwrap_or(Audience::Internal) <= audience);
    let unmatched = portal.store.unmatched(i64::try_from(KINDS_LISTED).unwrap_or(i64::MAX)).await?;
    Ok(Statistics { rules, unmatched })
}

/// Gives what was learned.
#[utoipa::path(
    get, path = "/api/v1/statistics", tag = "feedback", operation_id = "statistics",
    params(("days" = Option<usize>, Query, description = "How far to look back", minimum = 1, maximum = 732)),
    security(("token" = [])),
    responses((status = 200, description = "What was learned", body = Statistics), Refusals),
)]
pub(crate) async fn get(State(portal): State<Arc<Portal>>, headers: HeaderMap, uri: Uri) -> Result<Response, Problem> {
    let caller = Caller::of(&headers, &portal.options.tokens)?;
    caller.must_see_statistics()?;
    let days = Parameters::read(&uri, &["days"])?.number("days", 1..=DAYS_LIMIT, DAYS)?;
    Ok(Json(statistics(&portal, days, caller.audience()).await?).into_response())
}
