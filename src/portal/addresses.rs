//! Addresses of the portal's own pages, for mails and feeds, where nothing is relative.

use axum::http::{HeaderMap, header};
use url::Url;

/// Bytes of a name in the DNS, and a port.
const HOST_LENGTH: usize = 255;

/// The host and port by which a reader reached the portal, if the header has nothing else in it.
pub(crate) fn requested_host(headers: &HeaderMap) -> Option<&str> {
    let is_host = |host: &&str| {
        host.len() <= HOST_LENGTH && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte))
    };
    headers.get(header::HOST)?.to_str().ok().filter(is_host)
}

/// Where readers reach the portal.
#[derive(Clone, Debug)]
pub(crate) struct PublicAddress(Url);

impl PublicAddress {
    /// Reads an address that begins with `http://` or `https://`.
    pub(crate) fn parse(address: &str) -> Option<Self> {
        let url = Url::parse(address).ok()?;
        (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(Self(url))
    }

    /// Its host.
    pub(crate) fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// The first page.
    pub(crate) fn home(&self) -> String {
        self.page(&[""])
    }

    /// The page of an article.
    pub(crate) fn article(&self, rule: &str) -> String {
        self.page(&["articles", rule])
    }

    /// The page that confirms a subscription by a POST.
    pub(crate) fn confirm(&self, token: &str) -> String {
        self.page(&["subscriptions", "confirm"]) + "?token=" + token
    }

    /// The page that ends a subscription by a POST.
    pub(crate) fn unsubscribe(&self, token: &str) -> String {
        self.page(&["subscriptions", "end"]) + "?token=" + token
    }

    /// A page by the parts of its path.
    pub(crate) fn page(&self, parts: &[&str]) -> String {
        let mut url = self.0.clone();
        url.set_query(None);
        url.set_fragment(None);
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(parts);
        }
        url.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_stand_below_the_address() {
        let address = PublicAddress::parse("https://help.example.com/kb").unwrap();
        assert_eq!(address.article("A B/ü?"), "https://help.example.com/kb/articles/A%20B%2F%C3%BC%3F");
        assert_eq!(address.home(), "https://help.example.com/kb/");
        assert_eq!(PublicAddress::parse("http://a/").unwrap().home(), "http://a/");
        assert_eq!(address.confirm("00ff"), "https://help.example.com/kb/subscriptions/confirm?token=00ff");
        for refused in ["", "help.example.com", "javascript:alert(1)", "ftp://a/", "http://"] {
            assert!(PublicAddress::parse(refused).is_none(), "{refused}");
        }
    }
}
