//! Cases: logs and archives that readers upload, diagnosed in the background.
//!
//! `upload` takes a file into the [`spool`] and puts it in the queue; `work` diagnoses, a few at a time; `routes` tells how far a case is and
//! what was found, `events` tells it as it happens. Everything that came from the reader is [sealed](seal) wherever it is stored. A queue
//! place is taken before the first byte of an upload and given back when it is diagnosed: what is taken is also done.
//!
//! A server that crashed has no ids, and so cannot open the uploads that waited; they are taken up again when their reader asks for them.

mod context;
mod events;
mod routes;
pub mod seal;
pub(crate) mod spool;
mod upload;
mod work;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use utoipa::ToSchema;

use crate::portal::clients::{Client, Held, Holdings};
use crate::portal::problem::Problem;
use crate::portal::room::Room;
use crate::portal::server::Portal;
use crate::portal::store::{CaseRow, CaseState};
use crate::rule::{Audience, FactValue};
use crate::source::Progress;

pub(crate) use context::Context;
pub(crate) use routes::{CaseFacts, add_facts, case, delete, open};
pub(crate) use upload::take_form;
pub(crate) use work::{sweep_regularly, work};

pub(crate) mod api {
    //! The handlers, for the OpenAPI document.
    pub(crate) use super::events::{__path_get as __path_events, get as events};
    pub(crate) use super::routes::{
        __path_delete_one, __path_get_one, __path_patch_one, __path_report, delete_one, get_one, patch_one, report,
    };
    pub(crate) use super::upload::{__path_post, post};
}

/// Uploads that come in, wait or are diagnosed; more are asked to come back later.
pub const QUEUE_LIMIT: usize = 64;
/// The last of these places are for clients that have none yet, so that nobody can keep everybody else out.
pub const PLACES_FOR_OTHERS: usize = 8;
/// Seconds after which a full queue may have room.
pub(crate) const COME_BACK: u32 = 15;
/// Cases that are diagnosed at the same time.
pub const WORKERS: usize = 2;
/// How long an upload may stand still.
pub const STALL_TIME: Duration = Duration::from_secs(30);
/// Bytes of an upload that have to come each second, on the average after [`STALL_TIME`]; who sends less holds a place without using it.
pub const SLOWEST: u64 = 4 * 1024;
/// Bytes of a file's name.
pub const NAME_BYTES: usize = 255;
/// Bytes of what is stored of a case's result; with more the case has failed.
pub const RESULT_BYTES: usize = 16 << 20;
/// Results that are opened at once; who asks for others waits.
const RESULTS_AT_ONCE: usize = 4;

/// The room for results that are opened.
static RESULT_ROOM: Room = Room::of(RESULTS_AT_ONCE);

/// The routes of the API.
pub(crate) fn routes() -> Router<Arc<Portal>> {
    Router::new()
        .route("/cases", post(api::post).layer(DefaultBodyLimit::disable()))
        .route("/cases/{id}", get(api::get_one).delete(api::delete_one).patch(api::patch_one))
        .route("/cases/{id}/events", get(api::events))
        .route("/cases/{id}/{report}", get(api::report))
}

/// What a reader asks about an upload.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Asked {
    /// The name of the file.
    pub(crate) name: String,
    /// The word for the audience.
    pub(crate) audience: String,
    /// What is known about the case.
    pub(crate) facts: BTreeMap<String, FactValue>,
    /// Products and versions.
    pub(crate) products: BTreeMap<String, String>,
}

impl Asked {
    pub(crate) fn audience(&self) -> Audience {
        self.audience.parse().unwrap_or(Audience::Public)
    }
}

/// What was found in a case.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CaseResult {
    /// The report as JSON.
    pub(crate) report: serde_json::Value,
    /// The report as a page.
    pub(crate) html: String,
    /// The report as Markdown.
    pub(crate) markdown: String,
    /// The lines around what was found, by source and line.
    pub(crate) context: Vec<context::Context>,
}

/// A case as its reader sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CaseStatus {
    /// Its id: whoever has it may see the case.
    pub(crate) id: String,
    /// How far it has come.
    pub(crate) state: CaseState,
    /// Why it failed.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) reason: String,
    /// The name of the file.
    pub(crate) name: String,
    /// Its size.
    pub(crate) bytes: i64,
    /// When it came, in milliseconds since 1970.
    pub(crate) created: i64,
    /// When it is deleted.
    pub(crate) expires: i64,
    /// What the reader said about it.
    pub(crate) facts: BTreeMap<String, FactValue>,
    /// Products and versions that the reader named.
    pub(crate) products: BTreeMap<String, String>,
    /// How far diagnosing has come.
    pub(crate) progress: ProgressShape,
    /// When it is done: what was found, in the form of `faultbook triage --format json`.
    #[schema(value_type = Option<Object>)]
    pub(crate) result: Option<serde_json::Value>,
    /// When it is done: the lines around what was found.
    pub(crate) context: Vec<context::Context>,
}

/// How far diagnosing has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct ProgressShape {
    /// Uploads that are diagnosed before this one.
    pub(crate) before: usize,
    /// Bytes of text that were read.
    pub(crate) bytes: u64,
    /// Files that were begun.
    pub(crate) files: u64,
    /// The one that was begun last.
    pub(crate) current: String,
}

/// A case that is in the queue or being diagnosed.
pub(crate) struct Live {
    pub(crate) progress: Progress,
    /// Its turn: numbers ascend.
    turn: u64,
    called_off: Arc<AtomicBool>,
    state: watch::Sender<CaseState>,
}

impl Live {
    /// Calls the diagnosis off.
    pub(crate) fn call_off(&self) {
        self.called_off.store(true, Ordering::Relaxed);
    }
}

/// What there is to do.
pub(crate) struct Job {
    id: seal::CaseId,
    row: CaseRow,
    asked: Asked,
    live: Arc<Live>,
    /// Given back when the job is done.
    _place: Place,
}

/// A place in the queue.
pub(crate) struct Place {
    _permit: OwnedSemaphorePermit,
    _held: Option<Held>,
}

/// The queue.
pub(crate) struct Cases {
    pub(crate) spool: spool::Spool,
    places: Arc<Semaphore>,
    holdings: Arc<Holdings>,
    queue: mpsc::UnboundedSender<Job>,
    live: Mutex<HashMap<String, Arc<Live>>>,
    next_turn: AtomicU64,
    begun: AtomicU64,
    /// Held while facts are added: of two at once the second has to see that the first put the case in the queue.
    changing: tokio::sync::Mutex<()>,
}

impl Cases {
    /// An empty queue, and where its workers take jobs from.
    pub(crate) fn new(spool: spool::Spool) -> (Self, mpsc::UnboundedReceiver<Job>) {
        let (queue, jobs) = mpsc::unbounded_channel();
        let cases = Self {
            spool,
            places: Arc::new(Semaphore::new(QUEUE_LIMIT)),
            holdings: Arc::default(),
            queue,
            live: Mutex::default(),
            next_turn: AtomicU64::new(0),
            begun: AtomicU64::new(0),
            changing: tokio::sync::Mutex::default(),
        };
        (cases, jobs)
    }

    /// Takes a place in the queue, if there is one for this client.
    pub(crate) fn place(&self, client: Client) -> Result<Place, Problem> {
        let busy = || Problem::busy(COME_BACK);
        let permit = Arc::clone(&self.places).try_acquire_owned().map_err(|_| busy())?;
        let most = if self.places.available_permits() < PLACES_FOR_OTHERS { 1 } else { QUEUE_LIMIT };
        let held = match client {
            Client(Some(client)) => Some(Holdings::hold(&self.holdings, client, most).ok_or_else(busy)?),
            Client(None) => None,
        };
        Ok(Place { _permit: permit, _held: held })
    }

    /// How many places are taken.
    pub(crate) fn taken(&self) -> usize {
        QUEUE_LIMIT - self.places.available_permits()
    }

    /// Puts a case in the queue, unless it is there already.
    pub(crate) fn enqueue(&self, id: seal::CaseId, row: CaseRow, asked: Asked, place: Place) {
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        if live.contains_key(&row.key) {
            return;
        }
        let one = Arc::new(Live {
            progress: Progress::new(),
            turn: self.next_turn.fetch_add(1, Ordering::Relaxed),
            called_off: Arc::default(),
            state: watch::Sender::new(CaseState::Waiting),
        });
        live.insert(row.key.clone(), Arc::clone(&one));
        // a queue without workers is that of a server that stops; the case waits for the next one
        let _ = self.queue.send(Job { id, row, asked, live: one, _place: place });
    }

    /// A case that is in the queue or being diagnosed.
    pub(crate) fn live(&self, key: &str) -> Option<Arc<Live>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    /// How far a case in the queue is.
    pub(crate) fn progress(&self, live: &Live) -> ProgressShape {
        let begun = self.begun.load(Ordering::Relaxed);
        ProgressShape {
            before: usize::try_from(live.turn.saturating_sub(begun)).unwrap_or(usize::MAX),
            bytes: live.progress.bytes(),
            files: live.progress.files(),
            current: live.progress.current(),
        }
    }

    /// Calls off whatever is being diagnosed, as when the service stops.
    pub(crate) fn call_off(&self) {
        self.live.lock().unwrap_or_else(PoisonError::into_inner).values().for_each(|live| live.call_off());
    }
}
