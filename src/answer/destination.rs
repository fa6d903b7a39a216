//! Values in link targets: they fill a place in the author's URL and cannot change where it leads.
//!
//! [`substitute`] takes the URL with tokens in it and percent-encodes each value as one component. What encoding alone
//! does not stop is handled by where the value stands: an empty value between slashes, `..` as a path segment, text
//! glued to the end of a host name, a value that completes a scheme.
//!
//! It does not decide which of the author's own schemes are allowed; the HTML policy does.

use crate::answer::escape;
use crate::answer::inert::{Piece, pieces};

/// The schemes a link may have. HTML links to any other are cut by the policy, and no value can make one.
pub(crate) const SCHEMES: [&str; 3] = ["http", "https", "mailto"];

/// Replaces the tokens in a link target by their values, encoded for where they stand.
pub(crate) fn substitute(destination: &str) -> String {
    let mut url = String::with_capacity(destination.len());
    let mut value_in_scheme = false;
    let mut parts = pieces(destination);
    while let Some(piece) = parts.next() {
        match piece {
            Piece::Author(author) => url.push_str(author),
            Piece::Value(value) => {
                value_in_scheme |= !url.contains([':', '/', '?', '#']);
                write_value(&mut url, &value, parts.rest());
            }
        }
    }
    match scheme(&url) {
        Some(found) if value_in_scheme && !SCHEMES.iter().any(|known| found.eq_ignore_ascii_case(known)) => {
            format!("./{url}")
        }
        _ => url,
    }
}

/// Appends one value to the part of the URL that is there; `after` is what follows it, tokens included.
fn write_value(url: &mut String, value: &str, after: &str) {
    let encoded = escape::url_component(value);
    if url.contains(['?', '#']) {
        url.push_str(&encoded);
        return;
    }
    if would_extend_host(url, &encoded, after) {
        url.push('/');
    }
    if encoded.is_empty() {
        // `/{{ x }}/host` would become `//host`, `https://{{ x }}/path` would take the path for the host.
        url.push_str("%20");
    } else if encoded.bytes().all(|byte| byte == b'.') {
        // `%2E%2E` still means the parent folder to browsers.
        url.push_str(&"%252E".repeat(encoded.len()));
    } else {
        url.push_str(&encoded);
    }
}

/// Tells whether a value would become the end of a host name that the author began, as in `https://example.com{{ x }}`.
///
/// `https://{{ host }}/`, `https://{{ name }}.example.com/`, `https://node{{ number }}/` and ports are the author's wish.
fn would_extend_host(url: &str, encoded: &str, after: &str) -> bool {
    let Some(host) = open_host(url) else { return false };
    let is_last = after.is_empty() || after.starts_with(['/', '\\', '?', '#', ':', crate::answer::inert::OPEN]);
    is_last
        && !host.is_empty()
        && !host.ends_with('.')
        && !host.contains(':')
        && (host.contains('.') || encoded.contains('.'))
}

/// The part of the host written so far, if the URL ends inside its host; `None` if it has none or is past it.
fn open_host(url: &str) -> Option<&str> {
    let rest = scheme(url).map_or(url, |scheme| &url[scheme.len() + 1..]);
    let authority = rest.trim_start_matches(['/', '\\']);
    let slashes = rest.len() - authority.len();
    if slashes < 2 || authority.contains(['/', '\\']) {
        return None;
    }
    Some(authority.rsplit_once('@').map_or(authority, |(_, host)| host))
}

/// The scheme of a URL, without the colon; `None` if it is relative.
fn scheme(url: &str) -> Option<&str> {
    let (scheme, _) = url.split_once(':')?;
    let begins_well = scheme.starts_with(|c: char| c.is_ascii_alphabetic());
    (begins_well && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))).then_some(scheme)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::inert::encode;

    fn with(before: &str, value: &str, after: &str) -> String {
        substitute(&format!("{before}{}{after}", encode(value)))
    }

    #[test]
    fn a_value_is_one_component() {
        assert_eq!(with("https://h.example/a/", "../b?c#d", "/e"), "https://h.example/a/..%2Fb%3Fc%23d/e");
        assert_eq!(with("https://h.example/?q=", "a&b=c", ""), "https://h.example/?q=a%26b%3Dc");
        assert_eq!(with("", "javascript:alert(1)", ""), "javascript%3Aalert%281%29");
    }

    #[test]
    fn a_value_makes_no_scheme() {
        assert_eq!(with("", "javascript", ":alert(1)"), "./javascript:alert(1)");
        assert_eq!(with("java", "script", ":alert(1)"), "./javascript:alert(1)");
        assert_eq!(with("", "https", "://h.example/"), "https://h.example/");
        assert_eq!(with("mailto:", "a@b.example", ""), "mailto:a%40b.example");
    }

    #[test]
    fn a_value_makes_no_host() {
        assert_eq!(with("/", "", "/evil.example"), "/%20/evil.example");
        assert_eq!(with("", "//evil.example", ""), "%2F%2Fevil.example");
        assert_eq!(with("https://", "", "/evil.example"), "https://%20/evil.example");
        assert_eq!(with("https://h.example", ".evil.example", ""), "https://h.example/.evil.example");
        assert_eq!(with("https://h.com", "munity", "/a"), "https://h.com/munity/a");
    }

    #[test]
    fn hosts_and_ports_of_the_authors_making_stay() {
        assert_eq!(with("https://", "h.example", "/a"), "https://h.example/a");
        assert_eq!(with("https://", "h", ".example.com/"), "https://h.example.com/");
        assert_eq!(with("https://node", "7", "/"), "https://node7/");
        assert_eq!(with("https://h.example:", "8080", "/"), "https://h.example:8080/");
    }

    #[test]
    fn a_value_climbs_no_folder() {
        assert_eq!(with("https://h.example/a/", "..", "/b"), "https://h.example/a/%252E%252E/b");
        assert_eq!(with("https://h.example/a/.", ".", "/b"), "https://h.example/a/.%252E/b");
        assert_eq!(with("https://h.example/?q=", "..", ""), "https://h.example/?q=..");
    }
}
