//! `POST /api/v1/answers`.

use serde_json::json;

use crate::{Portal, RULE};

const ANSWERS: &str = "/api/v1/answers";

#[test]
fn a_pasted_error_is_answered_with_its_own_names_and_inert() {
    let portal = Portal::with_rules(&[("disk.yaml", RULE)], &[]);
    let reply = portal.send("POST", ANSWERS, &[("content-type", "text/plain")], "\u{201c}disk sdb is full\u{201d}");
    assert_eq!((reply.status, reply.header("content-type")), (200, "application/json"));
    let answers = reply.json();
    assert_eq!(answers["findings"][0]["rule"], "DISK");
    assert_eq!(answers["findings"][0]["captures"], json!({ "disk": "sdb" }));
    assert!(
        answers["findings"][0]["answer"]["body"].as_str().unwrap().contains("Nothing is left on sdb."),
        "{}",
        reply.body
    );
    for (format, wanted) in [("text", "Nothing is left on sdb."), ("markdown", "Nothing is left on sdb.")] {
        let reply = portal.post_json(ANSWERS, &json!({ "text": "disk sdb is full", "format": format }));
        let answer = &reply.json()["findings"][0]["answer"];
        assert_eq!(answer["format"], format);
        assert!(answer["body"].as_str().unwrap().contains(wanted), "{answer}");
    }
}

#[test]
fn a_question_is_answered_by_the_same_request_with_the_fact() {
    let portal = Portal::with_rules(
        &[("a.yaml", &RULE.replace(
            "cause: Nothing is left on {{ disk }}.",
            "facts:\n  raid: { type: boolean, ask: Is it a RAID? }\nresolution:\n  - { when: raid, title: Rebuild, text: r }\n  - { when: not raid, title: Replace, text: p }",
        ))],
        &[],
    );
    let mut request = json!({ "text": "disk sda is full" });
    let open = portal.post_json(ANSWERS, &request).json();
    assert_eq!(open["findings"][0]["questions"][0]["ask"], "Is it a RAID?");
    assert_eq!(open["findings"][0]["resolution"][1]["state"], "open");
    request["facts"] = json!({ "raid": false });
    let decided = portal.post_json(ANSWERS, &request).json();
    assert_eq!(
        decided["findings"][0]["resolution"],
        json!([{ "title": "Replace", "state": "holds", "when": "not raid" }])
    );
    assert_eq!(decided["findings"][0]["questions"], json!([]));
}

#[test]
fn a_record_with_fields_is_a_log_entry() {
    let portal = Portal::with_rules(&[("disk.yaml", RULE)], &[]);
    let record = json!({ "timestamp": "2026-04-01T10:00:00Z", "level": "error", "message": "disk sdc is full" });
    let answers = portal.post_json(ANSWERS, &json!({ "record": record })).json();
    assert_eq!(answers["findings"][0]["captures"]["disk"], "sdc");
    assert_eq!(answers["findings"][0]["first"], "2026-04-01T10:00:00Z");
}

#[test]
fn readers_without_a_token_see_public_rules_only() {
    let internal =
        RULE.replace("audience: public", "audience: internal").replace("DISK", "SECRET").replace("disk", "tape");
    let portal = Portal::with_rules(&[("a.yaml", RULE), ("b.yaml", &internal)], &[]);
    let answers = portal.post_json(ANSWERS, &json!({ "text": "tape t1 is full\ndisk sda is full" }));
    assert!(answers.body.contains("DISK") && !answers.body.contains("SECRET"), "{}", answers.body);
    let refused = portal.post_json(ANSWERS, &json!({ "text": "tape t1 is full", "audience": "internal" }));
    assert_eq!((refused.status, refused.header("www-authenticate")), (401, "Bearer"));
    let unknown = portal.send("POST", ANSWERS, &[("authorization", "Bearer x"), ("content-type", "text/plain")], "x");
    assert_eq!(unknown.status, 401);
}

#[test]
fn what_cannot_be_understood_is_refused_as_a_problem() {
    let portal = Portal::with_rules(&[("disk.yaml", RULE)], &[]);
    let deep = format!("{{\"text\": {}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let json = ("content-type", "application/json");
    let cases: [(u16, (&str, &str), Vec<u8>); 8] = [
        (400, json, b"{".to_vec()),
        (400, json, b"{}".to_vec()),
        (400, json, b"{\"text\": \"a\", \"record\": {}}".to_vec()),
        (400, json, b"{\"txt\": \"a\"}".to_vec()),
        (400, json, b"{\"text\": \"a\", \"audience\": \"everybody\"}".to_vec()),
        (400, json, deep.into_bytes()),
        (415, ("content-type", "image/png"), b"x".to_vec()),
        (413, ("content-type", "text/plain"), vec![b'x'; (1 << 20) + 1]),
    ];
    for (status, header, body) in cases {
        let reply = portal.send("POST", ANSWERS, &[header], &body);
        let start = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
        assert_eq!(
            (reply.status, reply.header("content-type")),
            (status, "application/problem+json"),
            "{start}: {}",
            reply.body
        );
        assert_eq!(reply.json()["status"], status);
    }
    let invalid = portal.send("POST", ANSWERS, &[("content-type", "text/plain")], b"\xff\xfe\x00disk sda is full");
    assert_eq!(invalid.status, 200);
}
