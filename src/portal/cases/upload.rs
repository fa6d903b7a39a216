//! `POST /api/v1/cases`: an upload comes in, as the body itself or in a form, and is never in memory as a whole.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Multipart, Request, State};
use axum::http::{Extensions, HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, StreamExt};
use tokio::sync::mpsc;
use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout_at};

use crate::portal::access::Caller;
use crate::portal::answers::{NAMES_LIMIT, beginning};
use crate::portal::cases::routes::case;
use crate::portal::cases::seal::CaseId;
use crate::portal::cases::{Asked, CaseStatus, NAME_BYTES, Place, SLOWEST, STALL_TIME};
use crate::portal::openapi::{Busy, Refusals};
use crate::portal::parameters::Parameters;
use crate::portal::problem::Problem;
use crate::portal::server::Portal;
use crate::portal::store::{self, CaseRow, CaseState};
use crate::rule::{Audience, FactValue};

/// Pieces of an upload that wait to be written.
const PIECES_WAITING: usize = 8;
/// Bytes of a field of a form that is no file.
const FIELD_BYTES: usize = 64 * 1024;
/// Bytes of a form before its file, whatever they are: headers of fields are kept in memory until they end.
const FORM_HEAD_BYTES: usize = 4 * 1024 * 1024;
/// The name of an upload that has none.
const NAMELESS: &str = "upload";

/// Takes a log or an archive, to be diagnosed in the background.
#[utoipa::path(
    post, path = "/api/v1/cases", tag = "cases", operation_id = "uploadCase",
    params(
        ("name" = Option<String>, Query, description = "The name of the file; else that of the header Content-Disposition, or of the form"),
        ("audience" = Option<Audience>, Query, description = "Who will read the answers"),
        ("fact" = Option<Vec<String>>, Query, description = "What is known, as `name=value`"),
        ("product" = Option<Vec<String>>, Query, description = "Products of the case, as `name` or `name=version`"),
    ),
    request_body(
        description = "The file, or a form with the field `file` and fields named as the parameters.",
        content((Vec<u8> = "application/octet-stream"), (Vec<u8> = "multipart/form-data")),
    ),
    responses(
        (status = 201, description = "It is in the queue; the header Location says where it is told how far it is", body = CaseStatus),
        Refusals, Busy,
    ),
)]
pub(crate) async fn post(State(portal): State<Arc<Portal>>, request: Request) -> Result<Response, Problem> {
    let caller = Caller::of(request.headers(), &portal.options.tokens)?;
    let id = match is_form(request.headers()) {
        true => take_form(&portal, &caller, request).await?,
        false => {
            let (parts, body) = request.into_parts();
            let asked = asked(&parts.uri, &parts.headers, &caller)?;
            take(&portal, admitted(&portal, &caller, &parts.extensions)?, asked, body.into_data_stream()).await?
        }
    };
    let location = HeaderValue::from_str(&format!("/api/v1/cases/{}", id.text())).map_err(|_| Problem::internal())?;
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(case(&portal, &id).await?)).into_response())
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.to_ascii_lowercase().starts_with("multipart/form-data")
}

fn asked(uri: &Uri, headers: &HeaderMap, caller: &Caller) -> Result<Asked, Problem> {
    let parameters = Parameters::read(uri, &["name", "audience", "fact", "product"])?;
    let disposed =
        headers.get(header::CONTENT_DISPOSITION).and_then(|value| value.to_str().ok()).and_then(disposed_name);
    let mut fields = Fields { name: parameters.text("name")?.map(str::to_owned).or(disposed), ..Fields::default() };
    for name in ["audience", "fact", "product"] {
        parameters.all(name).try_for_each(|value| fields.add(name, value))?;
    }
    fields.asked(caller)
}

/// The name of a file in a header Content-Disposition (RFC 6266); those in other encodings are not read.
fn disposed_name(value: &str) -> Option<String> {
    let (_, name) = value.split_once("filename=")?;
    Some(name.split(';').next()?.trim().trim_matches('"').to_owned())
}

/// What comes beside a file.
#[derive(Default)]
struct Fields {
    name: Option<String>,
    audience: Option<String>,
    facts: BTreeMap<String, FactValue>,
    products: BTreeMap<String, String>,
}

impl Fields {
    fn add(&mut self, name: &str, value: &str) -> Result<(), Problem> {
        let (key, rest) = value.split_once('=').unwrap_or((value, ""));
        match name {
            "name" => self.name = Some(value.to_owned()),
            "audience" => self.audience = Some(value.to_owned()),
            "product" => drop(self.products.insert(key.to_owned(), rest.to_owned())),
            "fact" if value.contains('=') => drop(self.facts.insert(key.to_owned(), FactValue::from_argument(rest))),
            "fact" => return Err(Problem::bad_request("write a fact as `name=value`")),
            _ => return Err(Problem::bad_request("the form has a field that is not known; see /api/openapi.json")),
        }
        match self.facts.len() > NAMES_LIMIT || self.products.len() > NAMES_LIMIT {
            true => Err(Problem::bad_request(format!("at most {NAMES_LIMIT} facts and products are taken"))),
            false => Ok(()),
        }
    }

    fn asked(self, caller: &Caller) -> Result<Asked, Problem> {
        let wanted = self.audience.as_deref().map(str::parse::<Audience>).transpose();
        let wanted = wanted.map_err(|error| Problem::bad_request(format!("`audience`: {error}")))?;
        Ok(Asked {
            name: own_name(self.name.as_deref().unwrap_or(NAMELESS)),
            audience: caller.audience_for(wanted)?.name().to_owned(),
            facts: self.facts,
            products: self.products,
        })
    }
}

/// The name of a file as a case has it: without folders, and without what is no text.
fn own_name(given: &str) -> String {
    let last = given.rsplit(['/', '\\']).find(|part| !part.trim().is_empty()).unwrap_or_default();
    let plain: String = last.chars().filter(|letter| !letter.is_control()).collect();
    match beginning(plain.trim(), NAME_BYTES) {
        "" | "." | ".." => NAMELESS.to_owned(),
        name => name.to_owned(),
    }
}

/// A place in the queue, for who may upload; it is taken before anything of the body is read.
fn admitted(portal: &Portal, caller: &Caller, extensions: &Extensions) -> Result<Place, Problem> {
    caller.must_upload(&portal.options.tokens)?;
    portal.cases.place(extensions.get().copied().unwrap_or_default())
}

/// Takes an upload out of a form; fields have to stand before the file.
pub(crate) async fn take_form(portal: &Arc<Portal>, caller: &Caller, request: Request) -> Result<CaseId, Problem> {
    let place = admitted(portal, caller, request.extensions())?;
    let refused = |error: axum::extract::multipart::MultipartError| Problem::bad_request(error.body_text());
    let is_file = Arc::new(AtomicBool::new(false));
    let form = Multipart::from_request(request.map(|body| with_bounded_head(body, Arc::clone(&is_file))), &()).await;
    let mut form = form.map_err(|error| Problem::bad_request(error.body_text()))?;
    let mut fields = Fields::default();
    let late = Instant::now() + STALL_TIME;
    while let Some(mut field) = timeout_at(late, form.next_field()).await.map_err(too_late)?.map_err(refused)? {
        let name = field.name().unwrap_or_default().to_owned();
        if name == "file" {
            fields.name = fields.name.take().or(field.file_name().map(str::to_owned));
            let asked = fields.asked(caller)?;
            is_file.store(true, Ordering::Relaxed);
            return take(portal, place, asked, field).await;
        }
        let mut value = Vec::new();
        while let Some(piece) = timeout_at(late, field.chunk()).await.map_err(too_late)?.map_err(refused)? {
            value.extend_from_slice(&piece);
            if value.len() > FIELD_BYTES {
                return Err(Problem::too_large(FIELD_BYTES));
            }
        }
        fields.add(&name, &String::from_utf8_lossy(&value))?;
    }
    Err(Problem::bad_request("the form has no field `file`"))
}

/// The body of a form, which breaks off when what stands before the file is too long.
fn with_bounded_head(body: Body, is_file: Arc<AtomicBool>) -> Body {
    let mut head = 0;
    Body::from_stream(body.into_data_stream().map(move |piece| {
        let piece = piece.map_err(io::Error::other)?;
        if !is_file.load(Ordering::Relaxed) {
            head += piece.len();
            if head > FORM_HEAD_BYTES {
                return Err(io::Error::other("the fields before the file are too long"));
            }
        }
        Ok(piece)
    }))
}

fn too_late(_: Elapsed) -> Problem {
    Problem::timeout()
}

/// Whether an upload comes so slowly that it only keeps others from their place in the queue.
fn is_too_slow(bytes: u64, time: Duration) -> bool {
    bytes < SLOWEST * time.saturating_sub(STALL_TIME).as_secs()
}

/// Takes an upload, and puts it in the queue.
pub(crate) async fn take<E: std::fmt::Display>(
    portal: &Arc<Portal>,
    place: Place,
    asked: Asked,
    mut pieces: impl Stream<Item = Result<Bytes, E>> + Unpin,
) -> Result<CaseId, Problem> {
    let id = CaseId::new().map_err(|_| Problem::internal())?;
    let limit = portal.options.upload_bytes;
    let (sender, mut receiver) = mpsc::channel::<Bytes>(PIECES_WAITING);
    let writing = tokio::task::spawn_blocking({
        let (spool, id) = (portal.cases.spool.clone(), id.clone());
        move || -> io::Result<crate::portal::cases::spool::Incoming> {
            let mut incoming = spool.begin(&id)?;
            while let Some(piece) = receiver.blocking_recv() {
                incoming.add(&piece)?;
            }
            Ok(incoming)
        }
    });
    let (mut bytes, begun) = (0, Instant::now());
    let came = loop {
        match tokio::time::timeout(STALL_TIME, pieces.next()).await {
            Err(_) => break Err(Problem::timeout()),
            Ok(None) => break Ok(()),
            Ok(Some(Err(_))) => break Err(Problem::bad_request("the upload was cut off")),
            Ok(Some(Ok(piece))) => {
                bytes += piece.len() as u64;
                if bytes > limit {
                    break Err(Problem::too_large(usize::try_from(limit).unwrap_or(usize::MAX)));
                }
                if is_too_slow(bytes, begun.elapsed()) {
                    break Err(Problem::timeout());
                }
                // without a receiver the disk refused; what it said comes below
                if sender.send(piece).await.is_err() {
                    break Ok(());
                }
            }
        }
    };
    drop(sender);
    let mut incoming = writing.await.map_err(|_| Problem::internal())?.map_err(disk)?;
    // given up, the incoming file is deleted
    came?;
    let ended = move || incoming.finish().map(|bytes| (bytes, incoming));
    let ended = tokio::task::spawn_blocking(ended).await.map_err(|_| Problem::internal())?;
    let (bytes, incoming) = ended.map_err(disk)?;
    let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
    let created = store::now();
    let row = CaseRow {
        key: id.key(),
        folder: portal.cases.spool.id().to_owned(),
        state: CaseState::Waiting,
        reason: String::new(),
        bytes,
        created,
        expires: created.saturating_add(i64::try_from(portal.options.retain.as_millis()).unwrap_or(i64::MAX)),
        asked: seal(&id, &asked)?,
        result: String::new(),
    };
    portal.store.keep_case(&row).await?;
    if let Err(error) = incoming.publish() {
        portal.store.delete_case(&row.key).await?;
        return Err(disk(error));
    }
    portal.metrics.uploaded(bytes);
    portal.cases.enqueue(id.clone(), row, asked, place);
    Ok(id)
}

/// Seals what was asked.
pub(super) fn seal(id: &CaseId, asked: &Asked) -> Result<String, Problem> {
    let text = serde_json::to_vec(asked).map_err(|_| Problem::internal())?;
    id.seal(&text).map_err(disk)
}

/// The disk refused.
pub(super) fn disk(error: io::Error) -> Problem {
    tracing::error!(%error, "an upload could not be written or read");
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Problem::no_space(),
        _ => Problem::internal(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upload_may_be_slow_but_not_a_pretence() {
        let seconds = Duration::from_secs;
        assert!(!is_too_slow(1, STALL_TIME));
        assert!(is_too_slow(60, STALL_TIME + seconds(60)));
        assert!(!is_too_slow(SLOWEST * 60, STALL_TIME + seconds(60)));
    }

    #[test]
    fn names_are_of_files_alone() {
        let names = [
            ("a.log", "a.log"),
            ("/etc/passwd", "passwd"),
            ("..\\..\\x.tgz", "x.tgz"),
            ("a\r\nSet-Cookie: b", "aSet-Cookie: b"),
            ("../", ".."),
            ("", NAMELESS),
            (" / ", NAMELESS),
        ];
        for (given, name) in names {
            let name = if name == ".." { NAMELESS } else { name };
            assert_eq!(own_name(given), name, "{given:?}");
        }
        assert!(own_name(&"ü".repeat(500)).len() <= NAME_BYTES);
    }

    #[test]
    fn a_disposition_names_the_file() {
        assert_eq!(disposed_name("attachment; filename=\"a b.log\"; size=3").as_deref(), Some("a b.log"));
        assert_eq!(disposed_name("attachment"), None);
    }
}
