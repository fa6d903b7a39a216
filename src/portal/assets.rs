//! Style sheet, script and icon, from `templates/portal/assets/`, at addresses that change with their content.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use crate::portal::problem::Problem;
use crate::portal::server::Portal;
use crate::portal::statistics::hexadecimal;
use crate::rule::faultbook::Templates;

/// The files and what they are.
const FILES: [(&str, &str); 3] = [
    ("icon.svg", "image/svg+xml"),
    ("portal.css", "text/css; charset=utf-8"),
    ("portal.js", "text/javascript; charset=utf-8"),
];

/// The files that pages refer to.
pub struct Assets {
    files: BTreeMap<&'static str, Asset>,
}

struct Asset {
    kind: &'static str,
    text: String,
    address: String,
}

impl Assets {
    /// Finds the files among templates.
    pub(crate) fn new(templates: &Templates) -> Self {
        let file = |(name, kind): (&'static str, &'static str)| {
            let text = templates.find(&format!("portal/assets/{name}"))?.text().to_owned();
            let hash = hexadecimal(&Sha256::digest(text.as_bytes())[..8]);
            Some((name, Asset { kind, address: format!("/assets/{hash}/{name}"), text }))
        };
        Self { files: FILES.into_iter().filter_map(file).collect() }
    }

    /// Their addresses by name.
    pub(crate) fn addresses(&self) -> BTreeMap<&'static str, &str> {
        self.files.iter().map(|(name, asset)| (*name, asset.address.as_str())).collect()
    }
}

/// Gives a file. An address of another content gives the present one, which is not to be kept.
pub(crate) async fn get(
    State(portal): State<Arc<Portal>>,
    Path((hash, name)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let engine = portal.engine.current();
    let missing = || Problem::not_found("there is no such file");
    let asset = engine.assets().files.get(name.as_str()).ok_or_else(missing)?;
    let kept = match asset.address == format!("/assets/{hash}/{name}") {
        true => "public, max-age=31536000, immutable",
        false => "no-cache",
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(asset.kind)),
        (header::CACHE_CONTROL, HeaderValue::from_static(kept)),
    ];
    Ok((headers, asset.text.clone()).into_response())
}
