//! Requests that another site makes a reader's browser send (cross-site request forgery) are refused. Nothing has to be kept for it: browsers
//! say where a request comes from in headers that no script can change (Fetch Metadata, and `Origin` of older ones); other programs send none.

use axum::http::{HeaderMap, Method, header};

/// Whether a request that changes something comes from a page of another site.
pub(crate) fn is_forged(method: &Method, headers: &HeaderMap, public_address: Option<&str>) -> bool {
    if method.is_safe() {
        return false;
    }
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    match (text("sec-fetch-site"), text(header::ORIGIN.as_str())) {
        (Some("same-origin" | "none"), _) | (None, None) => false,
        (Some(_), _) => true,
        (None, Some(origin)) => {
            let is_own_address = public_address.is_some_and(|address| address == origin);
            let host = origin.split_once("://").map(|(_, host)| host);
            !is_own_address && (host.is_none() || host != text(header::HOST.as_str()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_requests_of_other_sites_pages_are_forged() {
        let cases: [(&[(&str, &str)], bool); 10] = [
            (&[], false),
            (&[("sec-fetch-site", "same-origin")], false),
            (&[("sec-fetch-site", "none")], false),
            (&[("sec-fetch-site", "cross-site")], true),
            (&[("sec-fetch-site", "same-site"), ("origin", "http://a.test")], true),
            (&[("origin", "http://a.test"), ("host", "a.test")], false),
            (&[("origin", "http://a.test:81"), ("host", "a.test")], true),
            (&[("origin", "null"), ("host", "null")], true),
            (&[("origin", "https://help.test"), ("host", "127.0.0.1:8080")], false),
            (&[("origin", "http://help.test"), ("host", "127.0.0.1:8080")], true),
        ];
        for (headers, forged) in cases {
            let name = |name: &str| axum::http::HeaderName::try_from(name).unwrap();
            let headers: HeaderMap = headers.iter().map(|(key, value)| (name(key), value.parse().unwrap())).collect();
            let own = Some("https://help.test");
            assert_eq!(is_forged(&Method::POST, &headers, own), forged, "{headers:?}");
            assert!(!is_forged(&Method::GET, &headers, own));
        }
    }
}
