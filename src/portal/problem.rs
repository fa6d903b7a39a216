//! Refusals, as problem documents (RFC 9457).

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::portal::store::StoreError;

/// A refusal: what is wrong and what to do instead.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Problem {
    /// The kind of problem, a reference relative to the service's address.
    #[serde(rename = "type")]
    kind: String,
    /// The kind in words, the same for all of its kind.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What is wrong with this request.
    detail: String,
    /// Seconds after which another try may do.
    #[serde(skip)]
    retry_after: Option<u32>,
}

impl Problem {
    fn new(status: StatusCode, name: &str, title: &'static str, detail: impl Into<String>) -> Self {
        let kind = format!("/problems/{name}");
        Self { kind, title, status: status.as_u16(), detail: detail.into(), retry_after: None }
    }

    /// The request cannot be understood.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-request", "The request cannot be understood", detail)
    }

    /// There is nothing at this address.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "There is nothing at this address", detail)
    }

    /// The address takes other methods.
    pub fn method_not_allowed() -> Self {
        let (title, detail) = ("This address takes other methods", "the header Allow names them");
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", title, detail)
    }

    /// The body is of a kind that is not read here.
    pub fn unsupported_media_type(detail: impl Into<String>) -> Self {
        let title = "The body is of a kind that is not read here";
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", title, detail)
    }

    /// The body is larger than is taken.
    pub fn too_large(limit: usize) -> Self {
        let detail = format!("at most {limit} bytes are taken");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The body is too large", detail)
    }

    /// It took too long.
    pub fn timeout() -> Self {
        let (title, detail) = ("The request took too long", "send less at once, or faster");
        Self::new(StatusCode::REQUEST_TIMEOUT, "timeout", title, detail)
    }

    /// A token is needed, or the one that came is not known.
    pub fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "A token is needed", detail)
    }

    /// The token does not allow this.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "The token does not allow this", detail)
    }

    /// Too many requests from one client.
    pub fn too_many(retry_after: u32) -> Self {
        let (title, detail) = ("Too many requests", "wait as long as the header Retry-After says");
        let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "too-many-requests", title, detail);
        Self { retry_after: Some(retry_after), ..problem }
    }

    /// No room for more work at the moment.
    pub fn busy(retry_after: u32) -> Self {
        let (title, detail) = ("The service is busy", "wait as long as the header Retry-After says");
        let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", title, detail);
        Self { retry_after: Some(retry_after), ..problem }
    }

    /// The request comes from a page of another site.
    pub fn forged() -> Self {
        let (title, detail) = ("The request comes from another site", "send it from a page of this one");
        Self::new(StatusCode::FORBIDDEN, "forged", title, detail)
    }

    /// What is asked for does not go with what is.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", "This cannot be done now", detail)
    }

    /// The disk is full.
    pub fn no_space() -> Self {
        let (title, detail) = ("There is no room for this", "send less, or tell who runs the service");
        Self::new(StatusCode::INSUFFICIENT_STORAGE, "no-space", title, detail)
    }

    /// A fault of the service; what it was is in its log.
    pub fn internal() -> Self {
        let (title, detail) = ("The service has a fault", "it is in the service's log, under the request's id");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", title, detail)
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.status
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        // strings and a number: this cannot fail
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        // for those who would rather have a page
        response.extensions_mut().insert(self.clone());
        let headers = response.headers_mut();
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<StoreError> for Problem {
    /// The database refused, which is the service's fault; what it said is in the log.
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the database refused");
        Self::internal()
    }
}
