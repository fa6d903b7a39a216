//! The pages: forms without a script, that nothing pasted becomes markup, that other sites cannot send forms.

use serde_json::json;

use crate::{Portal, RULE, Reply, eventually};

/// Strings that are dangerous where somebody forgot to escape.
const HOSTILE: [&str; 12] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "</textarea><script>alert(1)</script>",
    "</title><svg onload=alert(1)>",
    "javascript:alert(1)",
    "{{ 7*7 }}{% raw %}",
    "<!--<script>",
    "\u{202e}<iframe src=//evil>",
    "%3Cscript%3E&lt;script&gt;",
    "a\r\nSet-Cookie: x=1\r\n\r\n<script>",
    "\u{0}<object data=x>",
];

fn form(portal: &Portal, path: &str, fields: &[(&str, &str)]) -> Reply {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    portal.send("POST", path, &[("content-type", "application/x-www-form-urlencoded"), ("accept", "text/html")], body)
}

fn page(portal: &Portal, path: &str) -> Reply {
    portal.send("GET", path, &[("accept", "text/html")], "")
}

/// A page has our own script and no other element, attribute or address that could run anything.
fn assert_inert(what: &str, reply: &Reply) {
    let body = &reply.body;
    assert_eq!(body.matches("<script").count(), 1, "{what}: {body}");
    for element in ["<img src=x", "<svg onload", "<iframe", "<object", "<!--"] {
        assert!(!body.contains(element), "{what}: {element}");
    }
    // what stands between quotes is a value: none of our tags has a handler
    let tags = body.split('<').filter_map(|piece| piece.split_once('>')).map(|(tag, _)| tag.to_lowercase());
    for tag in tags {
        assert!(!tag.contains("href=\"javascript:"), "{what}: {tag}");
        let tag: String = tag.split('"').step_by(2).collect();
        for handler in [" onerror=", " onmouseover='", " onload=", "style="] {
            assert!(!tag.contains(handler), "{what}: {tag}");
        }
    }
    assert!(reply.header("set-cookie").is_empty(), "{what}");
    assert!(reply.header("content-security-policy").contains("script-src 'self'"), "{what}");
}

const QUESTION: &str = "facts:\n  raid: { type: boolean, ask: Is it a RAID? }\nresolution:\n  - { when: raid, title: Rebuild it, text: r }\n  - { when: not raid, title: Replace it, text: p }";

#[test]
fn a_pasted_text_is_answered_and_a_question_decides() {
    let rule = RULE.replace("cause: Nothing is left on {{ disk }}.", QUESTION);
    let portal = Portal::with_rules(&[("a.yaml", &rule)], &[]);
    let text = "before\r\nERROR disk sdq is full\r\nafter";
    let first = form(&portal, "/answers", &[("text", text)]);
    assert_eq!((first.status, first.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(first.body.contains("<mark>sdq</mark>") && first.body.contains("line hit"), "{}", first.body);
    assert!(first.body.contains("name=\"fact.raid\" value=\"true\""), "{}", first.body);
    assert!(first.body.contains("Rebuild it") && first.body.contains("Replace it"));
    let decided = form(&portal, "/answers", &[("text", text), ("fact.raid", "true")]);
    assert!(decided.body.contains("Rebuild it") && !decided.body.contains("Replace it"), "{}", decided.body);
    let link = format!("http://{}/?article=DISK&amp;fact=raid%3Dtrue", portal.address);
    assert!(decided.body.contains(&link), "{}", decided.body);
    let shared = page(&portal, "/?article=DISK&fact=raid%3Dtrue");
    assert!(shared.body.contains("name=\"fact.raid\" value=\"true\"") && shared.body.contains("The disk is full"));
    assert!(!shared.body.contains("sdq"));
}

#[test]
fn nothing_that_is_echoed_becomes_markup_or_a_header() {
    let portal = Portal::with_rules(&[("a.yaml", &RULE.replace("\\w+", ".+"))], &["--rate-limit", "0"]);
    for hostile in HOSTILE {
        let encoded: String = url::form_urlencoded::byte_serialize(hostile.as_bytes()).collect();
        assert_inert("no answer", &form(&portal, "/answers", &[("text", hostile)]));
        assert_inert("answer", &form(&portal, "/answers", &[("text", &format!("disk {hostile} is full"))]));
        assert_inert("fact", &form(&portal, "/answers", &[("text", "disk a is full"), ("fact.a", hostile)]));
        assert_inert(
            "fact name",
            &form(&portal, "/answers", &[("text", "disk a is full"), (&format!("fact.{hostile}"), "1")]),
        );
        for path in [
            "/search?q=",
            "/search?tag=",
            "/search?product=",
            "/search?version=1&product=",
            "/?fact=",
            "/?article=",
            "/articles/",
            "/cases/",
            "/author?",
            "/",
            "/assets/x/",
        ] {
            let reply = page(&portal, &format!("{path}{encoded}"));
            assert!(reply.status < 500, "{path}{encoded}: {}", reply.status);
            assert_inert(path, &reply);
        }
        let boundary = hostile.replace(['\r', '\n', '"', '\0'], "");
        let upload = format!(
            "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{boundary}\"\r\n\r\ndisk {hostile} is full\r\n--b--\r\n"
        );
        let reply = portal.send("POST", "/cases", &[("content-type", "multipart/form-data; boundary=b")], upload);
        assert_eq!(reply.status, 303, "{}", reply.body);
        let case = reply.header("location").to_owned();
        let done =
            eventually("the case", || Some(page(&portal, &case)).filter(|page| !page.body.contains("data-events")));
        assert_inert("case", &done);
        let answers = portal
            .post_json("/api/v1/answers", &json!({ "text": format!("disk {hostile} is full"), "format": "html" }))
            .json();
        let body = answers["findings"][0]["answer"]["body"].as_str().unwrap_or_default();
        assert!(!body.contains("<script") && !body.contains("<img"), "{body}");
    }
}

#[test]
fn pages_of_other_sites_cannot_send_forms() {
    let portal = Portal::with_rules(&[("a.yaml", RULE)], &[]);
    for path in [
        "/answers",
        "/articles/DISK/feedback",
        "/author",
        "/author/sign-out",
        "/api/v1/answers",
        "/api/v1/cases",
        "/cases",
    ] {
        for headers in
            [&[("sec-fetch-site", "cross-site")][..], &[("origin", "https://evil.test")], &[("origin", "null")]]
        {
            let reply = portal.send("POST", path, headers, "text=disk+sda+is+full&helped=true");
            assert_eq!(
                (reply.status, reply.json()["type"].as_str()),
                (403, Some("/problems/forged")),
                "{path} {headers:?}"
            );
        }
    }
    let own = format!("http://{}", portal.address);
    for headers in [&[("sec-fetch-site", "same-origin")][..], &[("origin", own.as_str())], &[]] {
        assert_eq!(portal.send("POST", "/answers", headers, "text=disk+sda+is+full").status, 200, "{headers:?}");
    }
}

#[test]
fn articles_search_and_feedback_work_without_a_script() {
    let portal = Portal::with_rules(&[("a.yaml", RULE)], &[]);
    let article = page(&portal, "/articles/DISK");
    assert!(article.status == 200 && article.body.contains("The disk is full"), "{}", article.body);
    let said =
        form(&portal, "/articles/DISK/feedback", &[("helped", "true"), ("about", "article"), ("comment", "thanks")]);
    assert_eq!((said.status, said.header("location")), (303, "/articles/DISK?said=1"));
    assert!(page(&portal, "/articles/DISK?said=1").body.contains("Thank you"));
    assert!(page(&portal, "/search?q=nothing+left").body.contains("<mark>Nothing</mark>"));
    assert!(page(&portal, "/search?q=zzzzzz").body.contains("Nothing fits"));
    let missing = page(&portal, "/articles/NONE");
    assert_eq!((missing.status, missing.header("content-type")), (404, "text/html; charset=utf-8"));
    assert!(missing.body.contains("there is no such article"));
    assert_eq!(portal.get("/articles/NONE").header("content-type"), "application/problem+json");
    assert_eq!(page(&portal, "/nowhere").status, 404);
}

#[test]
fn a_file_is_uploaded_by_a_form_and_its_page_leads_to_the_end() {
    let portal = Portal::with_rules(&[("a.yaml", RULE)], &[]);
    let form = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"app.log\"\r\n\r\n2026-01-01T10:00:00Z one\n2026-01-01T10:00:01Z ERROR disk sdq is full\n2026-01-01T10:00:02Z three\n\r\n--b--\r\n";
    let reply = portal.send("POST", "/cases", &[("content-type", "multipart/form-data; boundary=b")], form);
    assert_eq!(reply.status, 303, "{}", reply.body);
    let address = reply.header("location").to_owned();
    let done =
        eventually("the page", || Some(page(&portal, &address)).filter(|page| !page.body.contains("data-events")));
    for wanted in
        ["app.log", "Nothing is left on sdq.", "<span class=\"no\">1</span>", "<rect class=\"critical\"", "report.pdf"]
    {
        assert!(done.body.contains(wanted), "{wanted}: {}", done.body);
    }
    let gone = portal.send("POST", &format!("{address}/delete"), &[], "");
    assert_eq!((gone.status, gone.header("location")), (303, "/"));
    assert_eq!(page(&portal, &address).status, 404);
}

#[test]
fn authors_sign_in_with_a_token() {
    let hash = "e3b98a4da31a127d4bde6e43033f66ba274cab0eb7eb1c70ec41402bf6273dd8"; // of `t`, by sha256sum
    let settings =
        format!("portal:\n  tokens:\n    - {{ name: desk, sha256: {hash}, statistics: true, audience: internal }}\n");
    let internal = RULE.replace("audience: public", "audience: internal").replace("DISK", "SECRET");
    let portal = Portal::with_rules(&[("a.yaml", RULE), ("b.yaml", &internal), ("../faultbook.yaml", &settings)], &[]);
    form(&portal, "/answers", &[("text", "ERROR the tape is torn")]);
    let closed = page(&portal, "/author");
    assert!(closed.body.contains("type=\"password\"") && !closed.body.contains("torn"), "{}", closed.body);
    for wrong in ["x", "", "t; Path=/evil", "t\r\nX: y"] {
        let refused = form(&portal, "/author", &[("token", wrong)]);
        assert!(refused.header("set-cookie").is_empty() && refused.body.contains("not known here"), "{wrong}");
    }
    let signed_in = form(&portal, "/author", &[("token", "t")]);
    let cookie = signed_in.header("set-cookie").to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();
    let with_cookie = |path: &str| portal.send("GET", path, &[("cookie", cookie), ("accept", "text/html")], "");
    assert!(with_cookie("/author").body.contains("the tape is torn"), "{}", with_cookie("/author").body);
    assert_eq!((with_cookie("/articles/SECRET").status, page(&portal, "/articles/SECRET").status), (200, 404));
    assert_eq!(
        portal.send("GET", "/api/v1/statistics", &[("cookie", cookie)], "").status,
        401,
        "the API takes no cookie"
    );
    assert!(form(&portal, "/author/sign-out", &[]).header("set-cookie").contains("Max-Age=0"));
}

#[test]
fn assets_are_kept_by_browsers_for_as_long_as_they_are_the_same() {
    let portal = Portal::with_rules(&[("a.yaml", RULE)], &[]);
    let home = page(&portal, "/").body;
    for (name, kind) in [
        ("portal.css", "text/css; charset=utf-8"),
        ("portal.js", "text/javascript; charset=utf-8"),
        ("icon.svg", "image/svg+xml"),
    ] {
        let address = home.split('"').find(|part| part.ends_with(name)).unwrap();
        let reply = portal.get(address);
        assert_eq!((reply.status, reply.header("content-type")), (200, kind));
        assert!(reply.header("cache-control").contains("immutable"));
        assert_eq!(portal.get(&format!("/assets/old/{name}")).header("cache-control"), "no-cache");
    }
    assert_eq!(portal.get("/assets/x/..%2f..%2fbase.html").status, 404);
}
