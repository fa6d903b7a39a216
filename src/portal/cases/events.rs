//! `GET /api/v1/cases/{id}/events`: how a case comes along, as server-sent events.

use std::convert::Infallible;
use std::sync::{Arc, Weak};
use std::time::Duration;

use axum::extract::{Path, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Serialize;
use utoipa::ToSchema;

use crate::portal::cases::routes::{case, open};
use crate::portal::cases::seal::CaseId;
use crate::portal::cases::{Live, ProgressShape};
use crate::portal::openapi::{Missing, Refusals};
use crate::portal::problem::Problem;
use crate::portal::server::Portal;
use crate::portal::store::CaseState;

/// How often progress is told.
const TELL_EVERY: Duration = Duration::from_millis(250);
/// How often it is asked how a case is that is not in the queue here.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How often something is sent when there is nothing to tell, so that nobody between closes the connection.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// What an event tells.
#[derive(PartialEq, Serialize)]
struct Told {
    state: CaseState,
    progress: ProgressShape,
}

/// One of the events of a case.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its description is used")]
struct CaseEvent {
    /// `progress`, or `end` for the last one.
    event: String,
    /// JSON with `state` and `progress`, as a case has them.
    data: String,
}

/// Tells of a case as it comes along: events `progress` while it waits and is diagnosed, then one `end` with its last state.
#[utoipa::path(
    get, path = "/api/v1/cases/{id}/events", tag = "cases", operation_id = "caseEvents",
    params(("id" = String, Path, description = "The case")),
    responses((status = 200, description = "Events", body = CaseEvent, content_type = "text/event-stream"), Refusals, Missing),
)]
pub(crate) async fn get(State(portal): State<Arc<Portal>>, Path(id): Path<String>) -> Result<Response, Problem> {
    let (id, row, _) = open(&portal, &id).await?;
    // so that one that waited in a server that ended goes on
    let status = case(&portal, &id).await?;
    let live = portal.cases.live(&row.key);
    let watching =
        Watching { id, portal: Arc::downgrade(&portal), live, last: None, state: status.state, is_over: false };
    let events = stream::unfold(watching, |mut watching| async move {
        let event = watching.next().await?;
        Some((Ok::<Event, Infallible>(event), watching))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response())
}

struct Watching {
    id: CaseId,
    portal: Weak<Portal>,
    live: Option<Arc<Live>>,
    last: Option<Told>,
    state: CaseState,
    is_over: bool,
}

impl Watching {
    async fn next(&mut self) -> Option<Event> {
        loop {
            if self.is_over {
                return None;
            }
            let portal = self.portal.upgrade()?;
            let Some(live) = &self.live else {
                if self.state == CaseState::Waiting {
                    // there was no place for it in the queue, or another server has the upload
                    drop(portal);
                    self.look_again().await?;
                    continue;
                }
                self.is_over = true;
                return Some(event("end", &Told { state: self.state, progress: ProgressShape::default() }));
            };
            let told = Told { state: *live.state.borrow(), progress: portal.cases.progress(live) };
            drop(portal);
            if matches!(told.state, CaseState::Done | CaseState::Failed) {
                self.is_over = true;
                return Some(event("end", &told));
            }
            if self.last.as_ref() != Some(&told) {
                let event = event("progress", &told);
                self.last = Some(told);
                return Some(event);
            }
            let mut state = live.state.subscribe();
            let ended = state.wait_for(|state| matches!(state, CaseState::Done | CaseState::Failed));
            let _ = tokio::time::timeout(TELL_EVERY, ended).await;
        }
    }
}

impl Watching {
    /// Asks again after a while how the case is; `None` when it is gone.
    async fn look_again(&mut self) -> Option<()> {
        tokio::time::sleep(LOOK_EVERY).await;
        let portal = self.portal.upgrade()?;
        let status = case(&portal, &self.id).await.ok()?;
        self.live = portal.cases.live(&self.id.key());
        self.state = status.state;
        Some(())
    }
}

fn event(name: &str, told: &Told) -> Event {
    // a state and numbers: this cannot fail
    Event::default().event(name).data(serde_json::to_string(told).unwrap_or_default())
}
