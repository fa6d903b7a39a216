//! Articles without a case: lists, search, feedback, statistics.

use serde_json::json;

use crate::{Portal, RULE, eventually};

const TOKEN: &str = "s3cret-of-the-desk";
/// SHA-256 of [`TOKEN`].
const HASH: &str = "fc740f89e79c9366cf7f77e05912e458c09ccb4b25052ee6812555c9aa0010c6";

fn second() -> String {
    RULE.replace("DISK", "TAPE").replace("disk", "tape").replace("The tape is full", "Tapes wear out").replace(
        "severity: critical",
        "severity: warning\ntags: [backup]\nenvironment: [{ product: vault, version: '>=2, <3' }]",
    )
}

#[test]
fn lists_are_filtered_and_counted() {
    let portal = Portal::with_rules(&[("a.yaml", RULE), ("b.yaml", &second())], &[]);
    let ids = |query: &str| {
        let list = portal.get(&format!("/api/v1/articles{query}")).json();
        let ids: Vec<String> =
            list["articles"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect();
        assert_eq!(list["total"], ids.len());
        ids
    };
    assert_eq!(ids(""), ["DISK", "TAPE"]);
    assert_eq!(ids("?tag=backup"), ["TAPE"]);
    assert_eq!(ids("?severity=critical&severity=error"), ["DISK"]);
    assert_eq!(ids("?product=VAULT&version=2.4"), ["TAPE"]);
    assert_eq!(ids("?product=vault&version=3.0"), [""; 0]);
    assert_eq!(ids("?version=3.0"), ["DISK"]);
    let facets = portal.get("/api/v1/articles").json()["facets"].clone();
    assert_eq!(facets["severities"], json!([{ "name": "critical", "count": 1 }, { "name": "warning", "count": 1 }]));
    assert_eq!(facets["products"], json!([{ "name": "vault", "count": 1 }]));
    for refused in ["?severity=awful", "?limit=0", "?limit=101", "?colour=red", "?product=a&product=b"] {
        assert_eq!(portal.get(&format!("/api/v1/articles{refused}")).status, 400, "{refused}");
    }
    let page = portal.get("/api/v1/articles?offset=1&limit=1").json();
    assert_eq!((page["total"].as_u64(), page["articles"][0]["id"].as_str()), (Some(2), Some("TAPE")));
}

#[test]
fn search_forgives_a_letter_and_shows_where() {
    let portal = Portal::with_rules(&[("a.yaml", RULE), ("b.yaml", &second())], &[]);
    let found = portal.get("/api/v1/search?q=tapse+wear").json();
    assert_eq!(found["hits"][0]["id"], "TAPE");
    let found = portal.get("/api/v1/search?q=nothing+left").json();
    let pieces = found["hits"][0]["excerpt"]["pieces"].as_array().unwrap().clone();
    assert!(pieces.iter().any(|piece| piece["matches"] == true && piece["text"] == "Nothing"), "{pieces:?}");
    assert_eq!(portal.get("/api/v1/search?q=").json()["total"], 0);
    assert_eq!(portal.get(&format!("/api/v1/search?q={}", "x".repeat(17_000))).status, 400);
}

#[test]
fn when_nothing_applies_the_nearest_articles_are_named() {
    let portal = Portal::with_rules(&[("a.yaml", RULE), ("b.yaml", &second())], &[]);
    let answers = portal.post_json("/api/v1/answers", &json!({ "text": "ERROR the tape has worn out at last" })).json();
    assert_eq!(answers["findings"], json!([]));
    assert_eq!(answers["nearest"][0]["id"], "TAPE");
}

#[test]
fn an_article_is_read_without_a_case_and_only_by_its_audience() {
    let internal = RULE.replace("audience: public", "audience: internal").replace("DISK", "SECRET");
    let portal = Portal::with_rules(&[("a.yaml", RULE), ("b.yaml", &internal)], &[]);
    let article = portal.get("/api/v1/articles/DISK?format=text").json();
    assert!(article["article"]["body"].as_str().unwrap().contains("Nothing is left on <disk>."), "{article}");
    for missing in ["SECRET", "NONE", "%2e%2e"] {
        let reply = portal.get(&format!("/api/v1/articles/{missing}"));
        assert_eq!((reply.status, reply.json()["detail"].as_str()), (404, Some("there is no such article")));
    }
    assert_eq!(portal.get("/api/v1/articles").json()["total"], 1);
}

#[test]
fn readers_words_and_answers_are_counted_for_those_with_a_token() {
    let settings = format!("portal:\n  tokens:\n    - {{ name: desk, sha256: {HASH}, statistics: true }}\n");
    let portal = Portal::with_rules(&[("a.yaml", RULE), ("../faultbook.yaml", &settings)], &[]);
    let answers = "/api/v1/answers";
    portal.post_json(answers, &json!({ "text": "disk sda is full" }));
    portal.post_json(answers, &json!({ "text": "disk sdb is full" }));
    portal.post_json(answers, &json!({ "text": "ERROR cannot open /srv/a/1.db: denied to max@example.org" }));
    portal.post_json(answers, &json!({ "text": "ERROR cannot open /srv/b/2.db: denied to ada@example.org" }));
    let feedback = "/api/v1/articles/DISK/feedback";
    assert_eq!(portal.post_json(feedback, &json!({ "helped": true })).status, 204);
    let comment = "no: write to ada@example.org";
    assert_eq!(
        portal.post_json(feedback, &json!({ "helped": false, "about": "article", "comment": comment })).status,
        204
    );
    assert_eq!(portal.post_json(&feedback.replace("DISK", "NONE"), &json!({ "helped": true })).status, 404);
    assert_eq!(portal.post_json(feedback, &json!({ "helped": "perhaps" })).status, 400);

    assert_eq!(portal.get("/api/v1/statistics").status, 401);
    let bearer = format!("Bearer {TOKEN}");
    let known = |path: &str| portal.send("GET", path, &[("authorization", &bearer)], "");
    let statistics = known("/api/v1/statistics?days=1").json();
    let rule = &statistics["rules"][0];
    assert_eq!(
        (&rule["rule"], &rule["answered"], &rule["helped"], &rule["not_helped"]),
        (&json!("DISK"), &json!(2), &json!(1), &json!(1))
    );
    let unmatched = &statistics["unmatched"];
    assert_eq!((unmatched.as_array().unwrap().len(), &unmatched[0]["count"]), (1, &json!(2)));
    assert!(!unmatched.to_string().contains("example.org"), "{unmatched}");
    let words = known(feedback).json();
    assert_eq!((words.as_array().unwrap().len(), &words[0]["about"]), (2, &json!("article")));
    assert!(!words.to_string().contains("ada@"), "{words}");
}

#[test]
fn statistics_outlast_the_process() {
    let settings = format!("portal:\n  tokens:\n    - {{ name: desk, sha256: {HASH}, statistics: true }}\n");
    let mut portal = Portal::with_rules(&[("a.yaml", RULE), ("../faultbook.yaml", &settings)], &[]);
    portal.post_json("/api/v1/answers", &json!({ "text": "disk sda is full" }));
    portal.restart("TERM");
    let bearer = format!("Bearer {TOKEN}");
    let count = eventually("the count", || {
        portal.send("GET", "/api/v1/statistics", &[("authorization", &bearer)], "").json()["rules"][0]["answered"]
            .as_i64()
    });
    assert_eq!(count, 1);
}

#[test]
fn one_client_cannot_ask_without_end() {
    let portal = Portal::with_rules(&[("a.yaml", RULE)], &["--rate-limit", "1"]);
    let refused = (0..100).map(|_| portal.get("/api/v1/articles")).find(|reply| reply.status != 200).unwrap();
    assert_eq!((refused.status, refused.header("retry-after")), (429, "1"));
    assert_eq!(portal.get("/healthz").status, 200);
}
