//! Atom feeds (RFC 4287) of all articles, of those with a tag, and of one article: `/feeds/…`. What is not public is in none.

use std::io;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};
use sha2::{Digest, Sha256};

use crate::portal::addresses::{PublicAddress, requested_host};
use crate::portal::catalogue::Filter;
use crate::portal::engine::{Engine, Rendering};
use crate::portal::history::Dates;
use crate::portal::openapi::Missing;
use crate::portal::problem::Problem;
use crate::portal::server::Portal;
use crate::portal::statistics::hexadecimal;
use crate::rule::{Audience, Rule};

/// Articles in a feed, the latest changes first.
pub const FEED_ENTRIES: usize = 50;
/// How long a feed may be taken from a cache.
const CACHE: &str = "public, max-age=300";
const KIND: &str = "application/atom+xml; charset=utf-8";
const NAMESPACE: &str = "http://www.w3.org/2005/Atom";
/// What names of feeds end with.
const ENDING: &str = ".atom";

/// One feed.
struct Feed {
    title: String,
    /// Its path, in parts.
    path: Vec<String>,
    /// The page with the same.
    page: String,
    entries: Vec<Entry>,
}

/// An article in it.
struct Entry {
    rule: String,
    title: String,
    tags: Vec<String>,
    summary: String,
    /// The article in HTML, if it can be rendered.
    content: Option<String>,
    dates: Dates,
}

/// Which articles are wanted.
enum Wanted {
    All,
    Tag(String),
    Article(String),
}

/// Gives the feed of all articles.
#[utoipa::path(
    get, path = "/feeds/all.atom", tag = "articles", operation_id = "feedOfAll",
    responses((status = 200, description = "The feed", body = String, content_type = "application/atom+xml")),
)]
pub(crate) async fn get_all(State(portal): State<Arc<Portal>>, headers: HeaderMap) -> Result<Response, Problem> {
    feed(portal, headers, Wanted::All).await
}

/// Gives the feed of the articles with a tag.
#[utoipa::path(
    get, path = "/feeds/tags/{name}", tag = "articles", operation_id = "feedOfTag",
    params(("name" = String, Path, description = "The tag, and `.atom` behind it")),
    responses((status = 200, description = "The feed", body = String, content_type = "application/atom+xml"), Missing),
)]
pub(crate) async fn get_tag(
    State(portal): State<Arc<Portal>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    feed(portal, headers, Wanted::Tag(without_ending(&name)?)).await
}

/// Gives the feed of one article.
#[utoipa::path(
    get, path = "/feeds/articles/{name}", tag = "articles", operation_id = "feedOfArticle",
    params(("name" = String, Path, description = "The article's number or name, and `.atom` behind it")),
    responses((status = 200, description = "The feed", body = String, content_type = "application/atom+xml"), Missing),
)]
pub(crate) async fn get_article(
    State(portal): State<Arc<Portal>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    feed(portal, headers, Wanted::Article(without_ending(&name)?)).await
}

fn without_ending(name: &str) -> Result<String, Problem> {
    let none = || Problem::not_found("names of feeds end with `.atom`");
    name.strip_suffix(ENDING).map(str::to_owned).ok_or_else(none)
}

/// Makes a feed, and answers with it if the client has not the same already.
async fn feed(portal: Arc<Portal>, headers: HeaderMap, wanted: Wanted) -> Result<Response, Problem> {
    let address = address(&portal, &headers)?;
    let seed = portal.options.public_address.clone().unwrap_or_default();
    let making = move || {
        let engine = portal.engine.current();
        let feed = collect(&portal, &engine, &address, wanted)?;
        let changed = feed.entries.iter().map(|entry| entry.dates.changed).max().unwrap_or_default();
        let body = write(&feed, &address, &seed).map_err(|error| {
            tracing::error!(%error, "a feed could not be written");
            Problem::internal()
        })?;
        Ok::<_, Problem>((body, changed))
    };
    let (body, changed) = tokio::task::spawn_blocking(making).await.map_err(|_| Problem::internal())??;
    let tag = format!("\"{}\"", hexadecimal(Sha256::digest(&body).get(..16).unwrap_or_default()));
    let modified = time(changed).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let mut response = match is_known(&headers, &tag, &modified) {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => ([(header::CONTENT_TYPE, HeaderValue::from_static(KIND))], body).into_response(),
    };
    let fields = [(header::ETAG, tag), (header::LAST_MODIFIED, modified), (header::CACHE_CONTROL, CACHE.to_owned())];
    for (name, value) in fields {
        response.headers_mut().insert(name, HeaderValue::try_from(value).map_err(|_| Problem::internal())?);
    }
    // feeds are read by pages of others too
    response.headers_mut().insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
    Ok(response)
}

/// Whether the client has this already (RFC 9110, 13.2.2).
fn is_known(headers: &HeaderMap, tag: &str, modified: &str) -> bool {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    match text(header::IF_NONE_MATCH) {
        Some(tags) => {
            tags.split(',').any(|own| matches!(own.trim(), "*") || own.trim().trim_start_matches("W/") == tag)
        }
        // clients send back what they were given
        None => text(header::IF_MODIFIED_SINCE) == Some(modified),
    }
}

/// Where readers reach the portal: as the options say, else as this reader does.
fn address(portal: &Portal, headers: &HeaderMap) -> Result<PublicAddress, Problem> {
    if let Some(address) = portal.options.public_address.as_deref().and_then(PublicAddress::parse) {
        return Ok(address);
    }
    let address = requested_host(headers).and_then(|host| PublicAddress::parse(&format!("http://{host}")));
    address.ok_or_else(|| Problem::bad_request("the header Host is missing or no host"))
}

/// The articles of a feed; refuses feeds of what is not there.
fn collect(portal: &Portal, engine: &Engine, address: &PublicAddress, wanted: Wanted) -> Result<Feed, Problem> {
    let public = Filter::of(Audience::Public);
    let (title, path, page) = match &wanted {
        Wanted::All => ("All articles".to_owned(), vec!["all.atom".to_owned()], address.home()),
        Wanted::Tag(tag) => {
            (format!("Articles about {tag}"), vec!["tags".to_owned(), format!("{tag}{ENDING}")], address.home())
        }
        Wanted::Article(id) => (id.clone(), vec!["articles".to_owned(), format!("{id}{ENDING}")], address.article(id)),
    };
    let is_wanted = |rule: &&Rule| {
        public.accepts(rule)
            && match &wanted {
                Wanted::All => true,
                Wanted::Tag(tag) => rule.tags.iter().any(|own| own.eq_ignore_ascii_case(tag)),
                Wanted::Article(id) => rule.id == *id,
            }
    };
    let rules = engine.faultbook().rules().iter().filter(is_wanted);
    let mut rules: Vec<(&Rule, Dates)> = rules.map(|rule| (rule, portal.history.dates(rule))).collect();
    if rules.is_empty() && !matches!(wanted, Wanted::All) {
        return Err(Problem::not_found("there are no such articles"));
    }
    rules.sort_by(|(a, of_a), (b, of_b)| of_b.changed.cmp(&of_a.changed).then_with(|| a.id.cmp(&b.id)));
    rules.truncate(FEED_ENTRIES);
    Ok(Feed { title, path, page, entries: rules.into_iter().map(|(rule, dates)| entry(engine, rule, dates)).collect() })
}

fn entry(engine: &Engine, rule: &Rule, dates: Dates) -> Entry {
    Entry {
        rule: rule.id.clone(),
        title: rule.title.clone(),
        tags: rule.tags.clone(),
        summary: format!("{}: {}", rule.severity.name(), rule.title),
        content: engine.article(rule, Rendering::Html).ok().map(|article| article.body),
        dates,
    }
}

fn time(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// A name for something that stays the same whatever changes about it: a UUID (RFC 9562, version 8) from the portal's address and a path.
fn id(seed: &str, path: &[&str]) -> String {
    let digest = Sha256::digest(format!("faultbook {seed} {}", path.join("/")).as_bytes());
    let mut bits = u128::from_be_bytes(digest.first_chunk().copied().unwrap_or_default());
    bits = bits & !(0xf << 76) | 8 << 76;
    bits = bits & !(0b11 << 62) | 0b10 << 62;
    let digits = format!("{bits:032x}");
    let groups = [0..8, 8..12, 12..16, 16..20, 20..32].map(|group| digits.get(group).unwrap_or_default());
    format!("urn:uuid:{}", groups.join("-"))
}

/// A text for XML, which has no escapes for most control characters (XML 1.0, 2.2).
fn allowed(text: &str) -> String {
    let is_allowed = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..);
    text.chars().map(|c| if is_allowed(c) { c } else { '\u{fffd}' }).collect()
}

/// The feed as XML.
fn write(feed: &Feed, address: &PublicAddress, seed: &str) -> io::Result<Vec<u8>> {
    let path: Vec<&str> = std::iter::once("feeds").chain(feed.path.iter().map(String::as_str)).collect();
    let changed = feed.entries.iter().map(|entry| entry.dates.changed).max().unwrap_or_default();
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 1);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("utf-8"), None)))?;
    writer.create_element("feed").with_attribute(("xmlns", NAMESPACE)).write_inner_content(|writer| {
        text(writer, "id", &id(seed, &path))?;
        text(writer, "title", &feed.title)?;
        text(writer, "updated", &time(changed).to_string())?;
        link(writer, "self", "application/atom+xml", &address.page(&path))?;
        link(writer, "alternate", "text/html", &feed.page)?;
        text(writer, "generator", "Faultbook")?;
        writer.create_element("author").write_inner_content(|writer| text(writer, "name", address.host()))?;
        for entry in &feed.entries {
            writer.create_element("entry").write_inner_content(|writer| write_entry(writer, entry, address, seed))?;
        }
        Ok(())
    })?;
    Ok(writer.into_inner())
}

fn write_entry(writer: &mut Writer<Vec<u8>>, entry: &Entry, address: &PublicAddress, seed: &str) -> io::Result<()> {
    text(writer, "id", &id(seed, &["articles", &entry.rule]))?;
    text(writer, "title", &format!("{}: {}", entry.rule, entry.title))?;
    text(writer, "published", &time(entry.dates.created).to_string())?;
    text(writer, "updated", &time(entry.dates.changed).to_string())?;
    link(writer, "alternate", "text/html", &address.article(&entry.rule))?;
    for tag in &entry.tags {
        writer.create_element("category").with_attribute(("term", allowed(tag).as_str())).write_empty()?;
    }
    text(writer, "summary", &entry.summary)?;
    if let Some(content) = &entry.content {
        let content = allowed(content);
        writer
            .create_element("content")
            .with_attribute(("type", "html"))
            .write_text_content(BytesText::new(&content))?;
    }
    Ok(())
}

fn text(writer: &mut Writer<Vec<u8>>, name: &str, value: &str) -> io::Result<()> {
    writer.create_element(name).write_text_content(BytesText::new(&allowed(value)))?;
    Ok(())
}

fn link(writer: &mut Writer<Vec<u8>>, relation: &str, kind: &str, address: &str) -> io::Result<()> {
    let link = writer.create_element("link").with_attribute(("rel", relation)).with_attribute(("type", kind));
    link.with_attribute(("href", allowed(address).as_str())).write_empty()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use quick_xml::Reader;

    use super::*;

    #[test]
    fn a_feed_is_xml_whatever_is_in_it() {
        let hostile = "</title>\u{0}\u{b}\u{1b}[1m]]>&lt;<script>\u{fffe}\u{ffff}ü\u{1f600}\"'";
        let entry = Entry {
            rule: hostile.to_owned(),
            title: hostile.to_owned(),
            tags: vec![hostile.to_owned()],
            summary: hostile.to_owned(),
            content: Some(hostile.to_owned()),
            dates: Dates { created: 0, changed: 1_700_000_000_123 },
        };
        let feed = Feed {
            title: hostile.to_owned(),
            path: vec!["tags".to_owned(), hostile.to_owned()],
            page: "http://a/".to_owned(),
            entries: vec![entry],
        };
        let address = PublicAddress::parse("http://a").unwrap();
        let xml = String::from_utf8(write(&feed, &address, "").unwrap()).unwrap();
        assert!(!xml.contains("<script"), "{xml}");
        assert!(xml.chars().all(|c| c == '\n' || c >= ' ' && !matches!(c, '\u{fffe}' | '\u{ffff}')), "{xml}");
        assert!(xml.contains("<updated>2023-11-14T22:13:20.123Z</updated>"), "{xml}");
        let mut reader = Reader::from_str(&xml);
        let mut names = Vec::new();
        loop {
            match reader.read_event().unwrap() {
                Event::Eof => break,
                Event::Start(start) | Event::Empty(start) => {
                    for attribute in start.attributes() {
                        attribute.unwrap();
                    }
                    names.push(start.name().as_ref().to_owned());
                }
                _ => {}
            }
        }
        assert_eq!(names.len(), 18, "{names:?}");
    }

    #[test]
    fn ids_are_uuids_that_stay() {
        let one = id("https://help.example.com", &["articles", "DISK"]);
        assert_eq!(one, id("https://help.example.com", &["articles", "DISK"]));
        assert_ne!(one, id("https://help.example.org", &["articles", "DISK"]));
        assert_eq!((one.len(), one.as_bytes()[23], b"89ab".contains(&one.as_bytes()[28])), (45, b'8', true), "{one}");
    }

    #[test]
    fn what_a_client_has_is_not_sent_again() {
        let headers = |name: header::HeaderName, value: &str| HeaderMap::from_iter([(name, value.parse().unwrap())]);
        let known = |name, value: &str| is_known(&headers(name, value), "\"a\"", "Tue, 14 Nov 2023 22:13:20 GMT");
        assert!(known(header::IF_NONE_MATCH, "\"b\", W/\"a\""));
        assert!(known(header::IF_NONE_MATCH, "*"));
        assert!(!known(header::IF_NONE_MATCH, "\"b\""));
        assert!(known(header::IF_MODIFIED_SINCE, "Tue, 14 Nov 2023 22:13:20 GMT"));
        assert!(!known(header::IF_MODIFIED_SINCE, "Tue, 14 Nov 2023 22:13:19 GMT"));
    }
}
