//! Atom feeds.

use crate::{Portal, RULE, eventually, replace};

/// The texts of an element, in order.
fn texts(xml: &str, name: &str) -> Vec<String> {
    let open = format!("<{name}>");
    xml.split(&open).skip(1).map(|rest| rest.split("</").next().unwrap().to_owned()).collect()
}

fn check(xml: &str) {
    let mut reader = quick_xml::Reader::from_str(xml);
    while reader.read_event().unwrap() != quick_xml::events::Event::Eof {}
}

#[test]
fn feeds_are_of_all_of_a_tag_and_of_one_and_of_nothing_secret() {
    let dated = RULE
        .replace("DISK", "KB-1.2")
        .replace("audience: public", "audience: public\ncreated: 2020-02-03\ntags: [Store, 'x/y']");
    let hostile = RULE
        .replace("DISK", "BELL")
        .replace("title: The disk is full", r#"title: "]]> <b>\u0007 & é""#)
        .replace("audience: public", "audience: public\ntags: [\"<&'\"]");
    let secret = RULE.replace("DISK", "SECRET").replace("audience: public", "audience: internal\ntags: [secret]");
    let archived = RULE.replace("DISK", "OLD").replace("audience: public", "audience: public\nstate: archived");
    let rules =
        [("a.yaml", RULE), ("b.yaml", &dated), ("c.yaml", &secret), ("d.yaml", &archived), ("e.yaml", &hostile)];
    let portal = Portal::with_rules(&rules, &["--public-address", "https://help.example.com/kb"]);

    let all = portal.get("/feeds/all.atom");
    assert_eq!((all.status, all.header("content-type")), (200, "application/atom+xml; charset=utf-8"));
    check(&all.body);
    let titles = texts(&all.body, "title");
    assert_eq!(titles.len(), 4, "{titles:?}");
    // the author's date, so the oldest
    assert_eq!(titles[3], "KB-1.2: The disk is full");
    assert!(all.body.contains("<published>2020-02-03T00:00:00Z</published>"), "{}", all.body);
    assert!(all.body.contains("href=\"https://help.example.com/kb/feeds/all.atom\""), "{}", all.body);
    assert!(all.body.contains("href=\"https://help.example.com/kb/articles/KB-1.2\""), "{}", all.body);
    assert!(!all.body.contains("SECRET") && !all.body.contains('\u{7}') && !all.body.contains("<b>"), "{}", all.body);

    let tag = portal.get("/feeds/tags/store.atom");
    check(&tag.body);
    assert_eq!(texts(&tag.body, "title").len(), 2);
    assert_eq!(portal.get("/feeds/tags/x%2Fy.atom").status, 200);
    let one = portal.get("/feeds/articles/KB-1.2.atom");
    check(&one.body);
    assert_eq!(texts(&one.body, "id")[1], texts(&tag.body, "id")[1]);
    for missing in [
        "tags/secret.atom",
        "tags/none.atom",
        "articles/SECRET.atom",
        "articles/OLD.atom",
        "articles/DISK",
        "other.atom",
    ] {
        assert_eq!(portal.get(&format!("/feeds/{missing}")).status, 404, "{missing}");
    }
}

#[test]
fn a_feed_is_sent_again_only_when_it_changed() {
    let portal = Portal::with_rules(&[("disk.yaml", RULE)], &[]);
    let path = "/feeds/articles/DISK.atom";
    let first = portal.get(path);
    assert!(first.body.contains(&format!("http://{}/articles/DISK", portal.address)), "{}", first.body);
    let (tag, modified) = (first.header("etag").to_owned(), first.header("last-modified").to_owned());
    assert!(modified.ends_with(" GMT"), "{modified}");
    let known = |name: &str, value: &str| portal.send("GET", path, &[(name, value)], "");
    let again = known("if-none-match", &tag);
    assert_eq!((again.status, again.body.as_str(), again.header("etag")), (304, "", tag.as_str()));
    assert_eq!(known("if-modified-since", &modified).status, 304);
    assert_eq!(known("if-none-match", "\"other\"").status, 200);
    replace(&portal.rules().join("disk.yaml"), &RULE.replace("Nothing", "Not a byte"));
    // the new text may be there a moment before it is recorded when it came
    let second = eventually("the change", || {
        let is_new = |body: &str| texts(body, "updated") > texts(&first.body, "updated");
        Some(known("if-none-match", &tag)).filter(|reply| reply.status == 200 && is_new(&reply.body))
    });
    assert_eq!(texts(&second.body, "id"), texts(&first.body, "id"));
    for host in ["a b", "x/y", "<script>", ""] {
        let reply = portal.send("GET", path, &[("host", host)], "");
        assert!(!reply.body.contains("<script>"), "{}", reply.body);
    }
}
