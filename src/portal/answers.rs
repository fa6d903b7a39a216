//! `POST /api/v1/answers`: a pasted error in, findings with rendered answers out.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::diagnose::{Diagnosis, Known};
use crate::portal::access::Caller;
use crate::portal::articles::{self, QUERY_LIMIT, SearchHit};
use crate::portal::catalogue::Filter;
use crate::portal::engine::{Engine, Rendering};
use crate::portal::openapi::Refusals;
use crate::portal::problem::Problem;
use crate::portal::server::Portal;
use crate::report::shape::{AnswerShape, FindingShape, NoteShape, SCHEMA};
use crate::rule::{Audience, FactValue, Rule};
use crate::source::{CaseInput, Part, Progress};

/// The name of a pasted text as a case and as its only source.
const PASTED: &str = "text";
/// Bytes from which a text is diagnosed on a thread of its own, so that others need not wait for it.
const INLINE_BYTES: usize = 4 * 1024;
/// Facts, products or fields of one request.
pub const NAMES_LIMIT: usize = 200;

/// What is asked.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerRequest {
    /// The error text.
    #[serde(default)]
    text: Option<String>,
    /// Instead of a text: one log entry with its fields, as structured logs have it.
    #[serde(default)]
    record: Option<serde_json::Map<String, serde_json::Value>>,
    /// What is known about the case.
    #[serde(default)]
    facts: BTreeMap<String, FactValue>,
    /// Products of the case and their versions; an empty version where only the product is known.
    #[serde(default)]
    products: BTreeMap<String, String>,
    /// Who will read the answers.
    #[serde(default)]
    audience: Option<String>,
    /// How answers are written.
    #[serde(default)]
    format: Rendering,
}

/// What is found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Answers<'a> {
    /// The version of the shape.
    schema: u32,
    /// What was found, the most telling first.
    findings: Vec<FindingShape<'a>>,
    /// What could not be read as it should be.
    notes: Vec<NoteShape<'a>>,
    /// When nothing was found: the articles that share the rarest words of the text.
    nearest: Vec<SearchHit<'a>>,
}

impl AnswerRequest {
    /// Reads a body by its content type.
    fn read(headers: &HeaderMap, body: &Bytes) -> Result<Self, Problem> {
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match kind.as_str() {
            "application/json" => serde_json::from_slice(body).map_err(|error| Problem::bad_request(error.to_string())),
            // what curl says that a body is when nobody tells it otherwise
            "text/plain" | "application/x-www-form-urlencoded" | "application/octet-stream" | "" => {
                Ok(Self { text: Some(String::from_utf8_lossy(body).into_owned()), ..Self::default() })
            }
            other => Err(Problem::unsupported_media_type(format!(
                "`{other}` is not read here; send application/json or text/plain"
            ))),
        }
    }

    /// The text to diagnose: the pasted one, or a record as one line of a structured log.
    fn source_text(&mut self) -> Result<String, Problem> {
        match (self.text.take(), self.record.take()) {
            (Some(text), None) => Ok(text),
            (None, Some(record)) => Ok(serde_json::Value::Object(record).to_string()),
            (None, None) => Err(Problem::bad_request("send the error as `text`, or a log entry as `record`")),
            (Some(_), Some(_)) => Err(Problem::bad_request("send `text` or `record`, not both")),
        }
    }

    fn known(&mut self) -> Result<Known, Problem> {
        if self.facts.len() > NAMES_LIMIT || self.products.len() > NAMES_LIMIT {
            return Err(Problem::bad_request(format!("at most {NAMES_LIMIT} facts and products are taken")));
        }
        let mut known = Known { facts: std::mem::take(&mut self.facts), ..Known::default() };
        for (product, version) in std::mem::take(&mut self.products) {
            known.set_product(&product, version);
        }
        Ok(known)
    }

    fn audience(&self, caller: &Caller) -> Result<Audience, Problem> {
        let wanted = self.audience.as_deref().map(str::parse::<Audience>).transpose();
        let wanted = wanted.map_err(|error| Problem::bad_request(format!("`audience`: {error}")))?;
        caller.audience_for(wanted)
    }
}

/// Answers a pasted error.
#[utoipa::path(
    post, path = "/api/v1/answers", tag = "answers", operation_id = "answer",
    request_body(
        description = "The error. To answer a question, send the same again with the fact.",
        content((AnswerRequest = "application/json"), (String = "text/plain")),
    ),
    responses((status = 200, description = "What was found", body = Answers), Refusals),
)]
pub(crate) async fn post(
    State(portal): State<Arc<Portal>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let caller = Caller::of(&headers, &portal.options.tokens)?;
    if body.is_empty() {
        return Err(Problem::bad_request("send the error as text, or as `text` of JSON"));
    }
    let mut request = AnswerRequest::read(&headers, &body)?;
    let audience = request.audience(&caller)?;
    let text = request.source_text()?;
    let known = request.known()?;
    let rendering = request.format;
    let inline = text.len() < INLINE_BYTES;
    let answer = {
        let portal = Arc::clone(&portal);
        move || answered(&portal, &portal.engine.current(), audience, rendering, &text, &known)
    };
    let body = match inline {
        true => answer(),
        false => tokio::task::spawn_blocking(answer).await.map_err(|_| Problem::internal())?,
    }?;
    let json = HeaderValue::from_static("application/json");
    Ok(([(header::CONTENT_TYPE, json)], body).into_response())
}

/// Diagnoses a text and writes what was found.
fn answered(
    portal: &Portal,
    engine: &Engine,
    audience: Audience,
    rendering: Rendering,
    text: &str,
    known: &Known,
) -> Result<Vec<u8>, Problem> {
    let diagnosis = diagnosed(portal, engine, audience, text, known);
    let findings = findings(engine, &diagnosis, audience, rendering)?;
    let nearest = match findings.is_empty() {
        true => nearest(engine, audience, text),
        false => Vec::new(),
    };
    let notes = diagnosis.notes.iter().map(|note| NoteShape { case: None, note }).collect();
    serde_json::to_vec(&Answers { schema: SCHEMA, findings, notes, nearest }).map_err(|error| {
        tracing::error!(%error, "an answer could not be written");
        Problem::internal()
    })
}

/// Diagnoses a text with the rules that an audience may see, and counts what was found.
pub(crate) fn diagnosed(portal: &Portal, engine: &Engine, audience: Audience, text: &str, known: &Known) -> Diagnosis {
    let started = Instant::now();
    let part = Part::bytes(PASTED, text.as_bytes().to_vec());
    let case = CaseInput { name: PASTED.to_owned(), parts: vec![part] };
    let diagnosis = engine.diagnoser(audience).diagnose_pasted(case, known, &Progress::new());
    let rules: Vec<&Rule> = diagnosis.findings.iter().map(|finding| engine.faultbook().rule(finding.rule)).collect();
    portal.metrics.answered(&rules, text.len(), started.elapsed());
    match rules.is_empty() {
        true => portal.counts.unmatched(text),
        false => portal.counts.answered(rules.iter().map(|rule| rule.id.as_str())),
    }
    diagnosis
}

/// The articles that a text without findings is nearest to.
pub(crate) fn nearest<'a>(engine: &'a Engine, audience: Audience, text: &str) -> Vec<SearchHit<'a>> {
    articles::nearest(engine, beginning(text, QUERY_LIMIT), &Filter::of(audience))
}

/// The beginning of a text, of at most so many bytes.
pub(crate) fn beginning(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|&end| text.is_char_boundary(end));
    text.get(..end.unwrap_or_default()).unwrap_or_default()
}

/// The findings of a diagnosis with their answers.
pub(crate) fn findings<'a>(
    engine: &'a Engine,
    diagnosis: &'a Diagnosis,
    audience: Audience,
    rendering: Rendering,
) -> Result<Vec<FindingShape<'a>>, Problem> {
    let writer = engine.writer(rendering);
    let shape = |finding: &'a crate::diagnose::Finding| {
        let rule = engine.faultbook().rule(finding.rule);
        let mut shape = FindingShape::of(engine.faultbook(), &diagnosis.case, rule, finding);
        let (body, problems) = writer.answer(&diagnosis.case, finding).map_err(|error| {
            tracing::error!(%error, rule = %rule.id, "an answer could not be rendered");
            Problem::internal()
        })?;
        shape.problems.extend(problems);
        if audience != Audience::Internal {
            // it names a file of the site and its reasons
            shape.overlay = None;
        }
        shape.answer = Some(AnswerShape { format: rendering.name(), body });
        Ok(shape)
    };
    diagnosis.findings.iter().map(shape).collect()
}
