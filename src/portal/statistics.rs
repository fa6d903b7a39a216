//! What is learned from answers: how often each rule is found, and which texts no rule knows. `GET /api/v1/statistics`.
//!
//! Answering must not wait for the database, nor for finding out what kind of text nobody knows: what happens is counted in memory, and
//! every few seconds and at the end these texts are told apart, with rests, and all is written. A crash loses at most the last seconds.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, btree_map};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

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
use crate::portal::store::{self, RuleStatistics, StoreError, Unmatched};
use crate::rule::Audience;

/// How long counts wait in memory.
const WRITE_EVERY: Duration = Duration::from_secs(5);
/// Texts without finding that wait in memory, the same but for digits counted as one; further ones are not counted until the next writing.
const TEXTS_WAITING: usize = 250;
/// Bytes of these texts.
const BYTES_WAITING: usize = 4 << 20;
/// Bytes of a text that are looked at to tell its kind.
const OUTLINED_BYTES: usize = 16 * 1024;
/// After a text was looked at, so many times as long as that took belongs to readers alone: they must not feel it.
const RESTS: u32 = 9;
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
    /// Tells texts apart.
    texts: RandomState,
}

#[derive(Default)]
struct Waiting {
    /// Findings by rule, and when the last was.
    answered: BTreeMap<String, (i64, i64)>,
    /// Texts without finding, by a hash of what they have beside digits.
    unmatched: HashMap<u64, WaitingText>,
    /// The bytes of these texts.
    bytes: usize,
    /// Texts that are being told apart.
    telling: Vec<WaitingText>,
    /// Kinds of those that were, by their fingerprints.
    kinds: BTreeMap<String, Unmatched>,
}

/// A text that no rule knows.
struct WaitingText {
    text: String,
    count: i64,
    first_seen: i64,
    last_seen: i64,
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

    /// No rule knows a text. Until the next writing it is in memory as it is; what is written is the outline alone, without values and masked.
    pub(crate) fn unmatched(&self, text: &str) {
        let text = beginning(text, OUTLINED_BYTES);
        let mut hasher = self.texts.build_hasher();
        text.split(|letter: char| letter.is_ascii_digit()).for_each(|piece| hasher.write(piece.as_bytes()));
        let (mut waiting, now) = (self.lock(), store::now());
        let Waiting { unmatched, bytes, .. } = &mut *waiting;
        let has_room = unmatched.len() < TEXTS_WAITING && *bytes + text.len() <= BYTES_WAITING;
        match unmatched.entry(hasher.finish()) {
            Entry::Occupied(known) => {
                let known = known.into_mut();
                (known.count, known.last_seen) = (known.count + 1, now);
            }
            Entry::Vacant(place) if has_room => {
                *bytes += text.len();
                place.insert(WaitingText { text: text.to_owned(), count: 1, first_seen: now, last_seen: now });
            }
            Entry::Vacant(_) => {}
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes all that waits, of texts their kinds. What the database does not take is lost.
    pub(crate) async fn write(portal: &Arc<Portal>) -> Result<(), StoreError> {
        Self::tell_apart(portal, 0).await;
        Self::write_told(portal).await
    }

    /// Writes what is told apart already.
    async fn write_told(portal: &Portal) -> Result<(), StoreError> {
        let (answered, kinds) = {
            let waiting = &mut *portal.counts.lock();
            (std::mem::take(&mut waiting.answered), std::mem::take(&mut waiting.kinds))
        };
        portal.store.add_statistics(&answered, &kinds).await
    }

    /// Tells apart the texts that wait; rests after each, so many times as long as it took.
    async fn tell_apart(portal: &Arc<Portal>, rests: u32) {
        let portal = Arc::clone(portal);
        let telling = tokio::task::spawn_blocking(move || {
            let counts = &portal.counts;
            counts.lock().begin_telling();
            loop {
                let (started, next) = (Instant::now(), counts.lock().telling.pop());
                let Some(text) = next else { return };
                if let Some(kind) = text.kind(|text| portal.masked(text)) {
                    counts.lock().add(kind);
                }
                std::thread::sleep(started.elapsed() * rests);
            }
        });
        // after a bug, which the log has, the one text is missing
        let _ = telling.await;
    }
}

impl Waiting {
    /// Makes room for further texts.
    fn begin_telling(&mut self) {
        self.bytes = 0;
        self.telling.extend(std::mem::take(&mut self.unmatched).into_values());
    }

    fn add(&mut self, text: Unmatched) {
        match self.kinds.entry(text.fingerprint.clone()) {
            btree_map::Entry::Vacant(place) => {
                place.insert(text);
            }
            btree_map::Entry::Occupied(kind) => {
                let kind = kind.into_mut();
                kind.count += text.count;
                kind.first_seen = kind.first_seen.min(text.first_seen);
                kind.last_seen = kind.last_seen.max(text.last_seen);
            }
        }
    }
}

impl WaitingText {
    /// What kind of text it is; `None` when it has nothing to tell it by.
    fn kind(self, mask: impl Fn(&str) -> String) -> Option<Unmatched> {
        let outline = scaffold::outline(&self.text)?;
        // of what is masked: a secret that stayed in the regex could be found by trying
        let regex = mask(&outline.regex);
        Some(Unmatched {
            fingerprint: hexadecimal(&Sha256::digest(regex.as_bytes())),
            outline: mask(&outline.text),
            regex,
            count: self.count,
            first_seen: self.first_seen,
            last_seen: self.last_seen,
        })
    }
}

/// Writes again and again, for as long as there is a portal; old statistics are deleted on the way.
pub(crate) async fn write_regularly(portal: Weak<Portal>) {
    loop {
        tokio::time::sleep(WRITE_EVERY).await;
        let Some(portal) = portal.upgrade() else { return };
        let kept = i64::try_from(KEPT.as_millis()).unwrap_or(i64::MAX);
        Counts::tell_apart(&portal, RESTS).await;
        let written = Counts::write_told(&portal).await;
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
pub(crate) async fn statistics(portal: &Arc<Portal>, days: usize, audience: Audience) -> Result<Statistics, Problem> {
    // what happened just now is to be there
    Counts::write(portal).await?;
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
