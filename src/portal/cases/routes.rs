//! What is told of a case, its reports, other facts for it, and its end. Whoever has the id may do all of that.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::answer::pdf::PageSize;
use crate::portal::answers::NAMES_LIMIT;
use crate::portal::cases::seal::CaseId;
use crate::portal::cases::upload::{disk, seal};
use crate::portal::cases::{Asked, CaseResult, CaseStatus, ProgressShape, RESULT_ROOM};
use crate::portal::clients::Client;
use crate::portal::openapi::{Busy, Missing, Refusals};
use crate::portal::parameters::Parameters;
use crate::portal::problem::Problem;
use crate::portal::server::Portal;
use crate::portal::store::{self, CaseRow, CaseState};
use crate::rule::FactValue;

/// A report is a page with styles of its own, which are needed where it is opened; nothing else of it may do anything.
const REPORT_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

/// A case with what was asked, if its reader may see it: an id that is not one, or of a case that is gone, is told like any other.
pub(crate) async fn open(portal: &Portal, id: &str) -> Result<(CaseId, CaseRow, Asked), Problem> {
    let missing = || Problem::not_found("there is no such case, or not any more");
    let id = CaseId::parse(id).ok_or_else(missing)?;
    let row = portal.store.case(&id.key(), store::now()).await?.ok_or_else(missing)?;
    let asked = id.open(&row.asked).map_err(disk)?;
    let asked = serde_json::from_slice(&asked).map_err(|_| Problem::internal())?;
    Ok((id, row, asked))
}

/// What was found in a case that is done.
async fn result(portal: &Portal, id: &CaseId, row: &CaseRow) -> Result<CaseResult, Problem> {
    let place = RESULT_ROOM.enter().await?;
    let (id, sealed) = (id.clone(), portal.store.case_result(&row.key).await?);
    let opened = move || {
        let text = id.open(&sealed).map_err(disk)?;
        serde_json::from_slice(&text).map_err(|_| Problem::internal())
    };
    place.run(opened).await
}

/// How far a case is and what was found.
pub(crate) async fn case(portal: &Portal, id: &CaseId) -> Result<CaseStatus, Problem> {
    // before the database is asked: a job that ends between the two must not look like one that was lost
    let live = portal.cases.live(&id.key());
    let (id, row, asked) = open(portal, id.text()).await?;
    if row.state == CaseState::Waiting && live.is_none() && row.folder == portal.cases.spool.id() {
        // it waited in a server that ended; without a place it goes on waiting
        if let Ok(place) = portal.cases.place(Client::default()) {
            portal.cases.enqueue(id.clone(), row.clone(), asked.clone(), place);
        }
    }
    let found = match row.state {
        CaseState::Done => Some(result(portal, &id, &row).await?),
        _ => None,
    };
    let (result, context) = found.map(|found| (Some(found.report), found.context)).unwrap_or_default();
    Ok(CaseStatus {
        state: live.as_ref().map_or(row.state, |live| *live.state.borrow()),
        progress: live.map_or_else(ProgressShape::default, |live| portal.cases.progress(&live)),
        id: id.text().to_owned(),
        reason: row.reason,
        name: asked.name,
        bytes: row.bytes,
        created: row.created,
        expires: row.expires,
        facts: asked.facts,
        products: asked.products,
        result,
        context,
    })
}

/// Tells how far a case is, and when it is done, what was found.
#[utoipa::path(
    get, path = "/api/v1/cases/{id}", tag = "cases", operation_id = "getCase",
    params(("id" = String, Path, description = "The case")),
    responses((status = 200, description = "The case", body = CaseStatus), Refusals, Missing),
)]
pub(crate) async fn get_one(State(portal): State<Arc<Portal>>, Path(id): Path<String>) -> Result<Response, Problem> {
    let (id, ..) = open(&portal, &id).await?;
    Ok(Json(case(&portal, &id).await?).into_response())
}

/// More that is known about a case.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CaseFacts {
    /// Facts; those that are there already are replaced.
    #[serde(default)]
    pub(crate) facts: BTreeMap<String, FactValue>,
    /// Products and versions likewise.
    #[serde(default)]
    pub(crate) products: BTreeMap<String, String>,
}

/// Adds facts, and diagnoses the case again.
pub(crate) async fn add_facts(portal: &Portal, id: &str, more: CaseFacts) -> Result<CaseId, Problem> {
    let _changing = portal.cases.changing.lock().await;
    let (id, mut row, mut asked) = open(portal, id).await?;
    if portal.cases.live(&row.key).is_some() {
        return Err(Problem::conflict("the case is being diagnosed; wait until it is done"));
    }
    if row.folder != portal.cases.spool.id() {
        return Err(Problem::conflict("another server has the upload"));
    }
    asked.facts.extend(more.facts);
    asked.products.extend(more.products);
    if asked.facts.len() > NAMES_LIMIT || asked.products.len() > NAMES_LIMIT {
        return Err(Problem::bad_request(format!("at most {NAMES_LIMIT} facts and products are taken")));
    }
    let place = portal.cases.place(Client::default())?;
    row.asked = seal(&id, &asked)?;
    portal.store.ask_case_again(&row.key, &row.asked).await?;
    portal.cases.enqueue(id.clone(), row, asked, place);
    Ok(id)
}

/// Adds what is known about a case, as to answer a question; it is diagnosed again.
#[utoipa::path(
    patch, path = "/api/v1/cases/{id}", tag = "cases", operation_id = "addFacts",
    params(("id" = String, Path, description = "The case")),
    request_body = CaseFacts,
    responses(
        (status = 202, description = "It is in the queue again", body = CaseStatus),
        (status = 409, description = "It is in the queue already, or another server has the upload", body = Problem, content_type = "application/problem+json"),
        Refusals, Missing, Busy,
    ),
)]
pub(crate) async fn patch_one(
    State(portal): State<Arc<Portal>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Response, Problem> {
    let more = serde_json::from_slice(&body).map_err(|error| Problem::bad_request(error.to_string()))?;
    let id = add_facts(&portal, &id, more).await?;
    Ok((StatusCode::ACCEPTED, Json(case(&portal, &id).await?)).into_response())
}

/// Deletes a case with its upload; what is being diagnosed is called off.
pub(crate) async fn delete(portal: &Portal, id: &str) -> Result<(), Problem> {
    let (_, row, _) = open(portal, id).await?;
    portal.store.delete_case(&row.key).await?;
    portal.cases.spool.delete(&row.key);
    if let Some(live) = portal.cases.live(&row.key) {
        live.call_off();
    }
    Ok(())
}

/// Deletes a case with its upload.
#[utoipa::path(
    delete, path = "/api/v1/cases/{id}", tag = "cases", operation_id = "deleteCase",
    params(("id" = String, Path, description = "The case")),
    responses((status = 204, description = "It is gone"), Refusals, Missing),
)]
pub(crate) async fn delete_one(
    State(portal): State<Arc<Portal>>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    delete(&portal, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives the report of a case that is done, to be kept.
#[utoipa::path(
    get, path = "/api/v1/cases/{id}/{report}", tag = "cases", operation_id = "caseReport",
    params(
        ("id" = String, Path, description = "The case"),
        ("report" = String, Path, description = "`report.html`, `report.json`, `report.md` or `report.pdf`"),
        ("page" = Option<PageSize>, Query, description = "The size of the paper of a PDF"),
    ),
    responses(
        (status = 200, description = "The report", content(
            (String = "text/html"), (Object = "application/json"), (String = "text/markdown"), (Vec<u8> = "application/pdf"),
        )),
        (status = 409, description = "The case is not done", body = Problem, content_type = "application/problem+json"),
        Refusals, Missing,
    ),
)]
pub(crate) async fn report(
    State(portal): State<Arc<Portal>>,
    Path((id, report)): Path<(String, String)>,
    uri: Uri,
) -> Result<Response, Problem> {
    let (id, row, asked) = open(&portal, &id).await?;
    let kind = match report.as_str() {
        "report.html" => "text/html; charset=utf-8",
        "report.json" => "application/json",
        "report.md" => "text/markdown; charset=utf-8",
        "report.pdf" => "application/pdf",
        _ => return Err(Problem::not_found("there are report.html, report.json, report.md and report.pdf")),
    };
    if row.state != CaseState::Done {
        return Err(Problem::conflict("the case is not done"));
    }
    let CaseResult { report: json, html, markdown, .. } = result(&portal, &id, &row).await?;
    let body = match report.as_str() {
        "report.html" => html.into_bytes(),
        "report.json" => serde_json::to_vec_pretty(&json).map_err(|_| Problem::internal())?,
        "report.md" => markdown.into_bytes(),
        _ => {
            let page = Parameters::read(&uri, &["page"])?.parsed("page")?.unwrap_or_default();
            crate::portal::pdf::of_report(asked.name.clone(), markdown, page).await?
        }
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CONTENT_DISPOSITION, attachment(&asked.name, &report)?),
        (HeaderName::from_static("content-security-policy"), HeaderValue::from_static(REPORT_POLICY)),
    ];
    Ok((headers, body).into_response())
}

/// The header that names a downloaded report after the upload, in letters that no header and no file system minds; the name as it is stands
/// beside it in the encoding of RFC 8187.
fn attachment(name: &str, report: &str) -> Result<HeaderValue, Problem> {
    let plain: String = name
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() || "-_.".contains(letter) { letter } else { '_' })
        .collect();
    let mut encoded = String::new();
    for byte in name.bytes() {
        match byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) {
            true => encoded.push(char::from(byte)),
            false => drop(write!(encoded, "%{byte:02X}")),
        }
    }
    HeaderValue::from_str(&format!("attachment; filename=\"{plain}.{report}\"; filename*=UTF-8''{encoded}.{report}"))
        .map_err(|_| Problem::internal())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_downloads_are_plain() {
        let value = attachment("a\"; x=\u{fc}\r\n../<b>.tgz", "report.md").unwrap();
        let wanted = "attachment; filename=\"a___x____..__b_.tgz.report.md\"; filename*=UTF-8''a%22%3B%20x%3D%C3%BC%0D%0A..%2F%3Cb%3E.tgz.report.md";
        assert_eq!(value.to_str().unwrap(), wanted);
    }
}
