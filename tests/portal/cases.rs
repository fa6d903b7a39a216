//! Uploads: from the file to the report, and that nothing of them stays or is seen by others.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

use serde_json::{Value, json};

use crate::{Portal, RULE, Reply, eventually};

const CASES: &str = "/api/v1/cases";

fn upload(portal: &Portal, query: &str, body: impl AsRef<[u8]>) -> Reply {
    portal.send("POST", &format!("{CASES}{query}"), &[("content-type", "application/octet-stream")], body)
}

fn done(portal: &Portal, location: &str) -> Value {
    eventually("the diagnosis", || {
        let case = portal.get(location).json();
        matches!(case["state"].as_str(), Some("done" | "failed")).then_some(case)
    })
}

/// Files of the spool folder, besides those with its id and the key for pseudonyms.
fn spooled(portal: &Portal) -> usize {
    std::fs::read_dir(portal.folder.path().join("faultbook-cases")).unwrap().count() - 2
}

#[test]
fn an_archive_becomes_findings_and_reports() {
    let portal = Portal::shipped(&[]);
    let bundle = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/support-bundle.tar.gz")).unwrap();
    let reply = upload(&portal, "?name=support-bundle.tar.gz&audience=public", bundle);
    assert_eq!(reply.status, 201, "{}", reply.body);
    let location = reply.header("location").to_owned();
    assert!(matches!(reply.json()["state"].as_str(), Some("waiting" | "running")));
    let case = done(&portal, &location);
    assert_eq!((&case["state"], &case["name"]), (&json!("done"), &json!("support-bundle.tar.gz")));
    let findings = case["result"]["findings"].as_array().unwrap();
    assert!(findings.iter().any(|finding| finding["rule"] == "KB115850"), "{case}");
    let source = case["context"][0]["source"].as_str().unwrap();
    assert!(source.starts_with("support-bundle.tar.gz::"), "{source}");
    let context = &case["context"][0];
    let at = context["line"].as_u64().unwrap() - context["first"].as_u64().unwrap();
    assert!(context["lines"][usize::try_from(at).unwrap()].is_string(), "{context}");
    for (report, kind, word) in [
        ("report.html", "text/html; charset=utf-8", "<!doctype html>"),
        ("report.json", "application/json", "\"KB115850\""),
        ("report.md", "text/markdown; charset=utf-8", "KB115850"),
    ] {
        let reply = portal.get(&format!("{location}/{report}"));
        assert_eq!((reply.status, reply.header("content-type")), (200, kind));
        assert!(reply.body.contains(word), "{report}");
        assert!(reply.header("content-disposition").contains("support-bundle.tar.gz.report"), "{report}");
    }
    assert_eq!(portal.get(&format!("{location}/report.exe")).status, 404);
    let events = portal.get(&format!("{location}/events"));
    assert_eq!(events.header("content-type"), "text/event-stream");
    assert!(events.body.starts_with("event: end\ndata: {\"state\":\"done\""), "{}", events.body);
}

#[test]
fn a_form_uploads_and_facts_are_added_later() {
    let rule = RULE.replace(
        "cause: Nothing is left on {{ disk }}.",
        "facts:\n  raid: { type: boolean, ask: Is it a RAID? }\nresolution:\n  - { when: raid, title: Rebuild, text: r }\n  - { when: not raid, title: Replace, text: p }",
    );
    let portal = Portal::with_rules(&[("a.yaml", &rule)], &[]);
    let form = "--b\r\nContent-Disposition: form-data; name=\"fact\"\r\n\r\nsite=Ulm\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"app.log\"\r\n\r\ndisk sdq is full\n\r\n--b--\r\n";
    let reply = portal.send("POST", CASES, &[("content-type", "multipart/form-data; boundary=b")], form);
    assert_eq!(reply.status, 201, "{}", reply.body);
    let location = reply.header("location").to_owned();
    let case = done(&portal, &location);
    assert_eq!((&case["name"], &case["facts"]["site"]), (&json!("app.log"), &json!("Ulm")));
    assert_eq!(case["result"]["findings"][0]["questions"][0]["fact"], "raid");
    let patch = json!({ "facts": { "raid": true } }).to_string();
    let reply = portal.send("PATCH", &location, &[("content-type", "application/json")], patch);
    assert_eq!(reply.status, 202, "{}", reply.body);
    let case = done(&portal, &location);
    assert_eq!(
        case["result"]["findings"][0]["resolution"],
        json!([{ "title": "Rebuild", "state": "holds", "when": "raid" }])
    );
}

#[test]
fn nothing_that_was_uploaded_can_be_read_on_the_disk() {
    let portal = Portal::with_rules(&[("a.yaml", RULE)], &[]);
    let reply = upload(&portal, "?name=secretname.log", "disk sdsecret is full\n");
    done(&portal, reply.header("location"));
    let mut files = 0;
    for entry in walkdir::WalkDir::new(portal.folder.path()).into_iter().map(Result::unwrap) {
        if entry.file_type().is_file() && !entry.path().starts_with(portal.rules()) {
            let bytes = std::fs::read(entry.path()).unwrap();
            let id = reply.header("location").rsplit('/').next().unwrap();
            for word in ["sdsecret", "secretname", id] {
                let found = bytes.windows(word.len()).any(|window| window == word.as_bytes());
                assert!(!found, "{word} is in {}", entry.path().display());
            }
            files += 1;
        }
    }
    let databases = usize::from(!crate::postgres::is_there());
    assert!(files >= 2 + databases, "an upload, the folder's id, a database");
}

#[test]
fn a_case_is_seen_by_its_id_alone_and_gone_when_deleted() {
    let portal = Portal::with_rules(&[("a.yaml", RULE)], &[]);
    let [one, two] = ["sda", "sdb"].map(|disk| {
        let reply = upload(&portal, "", format!("disk {disk} is full"));
        assert_eq!(reply.status, 201, "{}", reply.body);
        reply.header("location").to_owned()
    });
    assert_ne!(one, two);
    let [first, second] = [&one, &two].map(|location| done(&portal, location).to_string());
    assert!(first.contains("sda") && !first.contains("sdb") && second.contains("sdb") && !second.contains("sda"));
    let id = one.rsplit('/').next().unwrap();
    let guesses = [
        format!("{id}0"),
        id[1..].to_owned(),
        id.to_uppercase(),
        "0".repeat(32),
        "%2e%2e".into(),
        "%00".into(),
        format!("{id}%00"),
    ];
    for guess in guesses.iter().filter(|guess| *guess != id) {
        for path in ["", "/events", "/report.md"] {
            assert_eq!(portal.get(&format!("{CASES}/{guess}{path}")).status, 404, "{guess}{path}");
        }
    }
    assert_eq!(portal.send("DELETE", &one, &[], "").status, 204);
    assert_eq!(portal.send("DELETE", &one, &[], "").status, 404);
    assert_eq!(portal.get(&one).status, 404);
    assert_eq!(spooled(&portal), 1);
    assert_eq!(done(&portal, &two)["state"], "done");
}

#[test]
fn cases_expire_from_disk_and_database() {
    let portal = Portal::with_rules(&[("a.yaml", RULE)], &["--retain", "1s"]);
    let location = upload(&portal, "", "disk sda is full").header("location").to_owned();
    eventually("the end of the case", || (portal.get(&location).status == 404).then_some(()));
    eventually("an empty folder", || (spooled(&portal) == 0).then_some(()));
}

#[test]
fn names_of_uploads_are_never_paths_headers_or_markup() {
    let portal = Portal::with_rules(&[("a.yaml", RULE)], &[]);
    for name in [
        "../../../../tmp/x",
        "a%0d%0aSet-Cookie:%20b=c",
        "%3Cscript%3Ealert(1)%3C/script%3E.log",
        "%00",
        "..",
        "%F0%9F%98%80.log",
    ] {
        let reply = upload(&portal, &format!("?name={name}"), "disk sda is full");
        assert_eq!(reply.status, 201, "{name}: {}", reply.body);
        let location = reply.header("location").to_owned();
        assert_eq!(done(&portal, &location)["state"], "done", "{name}");
        let report = portal.get(&format!("{location}/report.html"));
        assert!(!report.body.contains("<script>") && report.header("set-cookie").is_empty(), "{name}");
        assert!(report.header("content-disposition").starts_with("attachment; filename=\""), "{name}");
    }
}

#[test]
fn too_much_is_refused_and_what_is_cut_off_leaves_nothing() {
    let portal = Portal::with_rules(&[("a.yaml", RULE)], &["--max-upload", "100 KiB"]);
    let reply = upload(&portal, "", vec![b'x'; 200_000]);
    assert_eq!((reply.status, reply.header("content-type")), (413, "application/problem+json"));
    assert_eq!(upload(&portal, "", vec![b'x'; 102_400]).status, 201);
    for head in [
        "POST /api/v1/cases HTTP/1.1\r\nHost: x\r\nContent-Length: 50000\r\n\r\nhalf of it",
        "POST /api/v1/cases HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhalf ",
        "POST /api/v1/cases HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 5000\r\n\r\n--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nhalf",
    ] {
        let mut socket = TcpStream::connect(&portal.address).unwrap();
        socket.write_all(head.as_bytes()).unwrap();
        eventually("the beginning of the upload", || (spooled(&portal) == 2).then_some(()));
        drop(socket);
        eventually("its end", || (spooled(&portal) == 1).then_some(()));
    }
}

#[test]
fn a_full_queue_asks_to_come_back_and_one_client_cannot_fill_it() {
    let portal = Portal::with_rules(&[("a.yaml", RULE)], &["--rate-limit", "0", "--behind-proxy"]);
    let begin = |client: String| {
        let mut socket = TcpStream::connect(&portal.address).unwrap();
        let head =
            format!("POST /api/v1/cases HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: {client}\r\nContent-Length: 9\r\n\r\n");
        socket.write_all(head.as_bytes()).unwrap();
        socket.write_all(b"half").unwrap();
        socket
    };
    let answer = |mut socket: TcpStream| {
        let mut answer = [0; 12];
        socket.read_exact(&mut answer).unwrap();
        String::from_utf8(answer.to_vec()).unwrap()
    };
    let taken = |count: usize| {
        let line = format!("faultbook_cases_in_queue {count}\n");
        eventually("places that are taken", || portal.get("/metrics").body.contains(&line).then_some(()));
    };
    let mut sockets: Vec<TcpStream> = (0..56).map(|_| begin("192.0.2.1".to_owned())).collect();
    taken(56);
    assert_eq!(answer(begin("192.0.2.1".to_owned())), "HTTP/1.1 503", "the last places are for others");
    sockets.extend((0..8).map(|number| begin(format!("198.51.100.{number}"))));
    taken(64);
    let reply = upload(&portal, "", "disk sda is full");
    assert_eq!((reply.status, reply.header("retry-after")), (503, "15"));
    assert_eq!(portal.post_json("/api/v1/answers", &json!({ "text": "disk sda is full" })).status, 200);
    for mut socket in sockets {
        socket.write_all(b" of it").unwrap();
        assert_eq!(answer(socket), "HTTP/1.1 201");
    }
    assert_eq!(upload(&portal, "", "disk sda is full").status, 201);
}

#[test]
fn uploads_need_a_token_once_there_is_one_for_them() {
    let hash = "e3b98a4da31a127d4bde6e43033f66ba274cab0eb7eb1c70ec41402bf6273dd8"; // of `t`, by sha256sum
    let settings = format!("portal:\n  tokens:\n    - {{ name: desk, sha256: {hash}, cases: true }}\n");
    let portal = Portal::with_rules(&[("a.yaml", RULE), ("../faultbook.yaml", &settings)], &[]);
    let reply = upload(&portal, "", "disk sda is full");
    assert_eq!((reply.status, reply.header("www-authenticate")), (401, "Bearer"));
    let refused = upload(&portal, "?audience=internal", "x");
    assert_eq!(refused.status, 401);
}

#[test]
#[cfg(unix)]
fn what_waited_when_the_service_was_killed_goes_on_and_nothing_is_orphaned() {
    let mut portal = Portal::with_rules(&[("a.yaml", RULE)], &[]);
    let noise = "nothing to see here, move along\n".repeat(200_000);
    let locations: Vec<String> = (0..4)
        .map(|disk| upload(&portal, "", format!("{noise}disk sd{disk} is full\n")).header("location").to_owned())
        .collect();
    let mut half = TcpStream::connect(&portal.address).unwrap();
    half.write_all(b"POST /api/v1/cases HTTP/1.1\r\nHost: x\r\nContent-Length: 50000\r\n\r\nhalf of it").unwrap();
    eventually("the half upload", || (spooled(&portal) == 5).then_some(()));
    portal.restart("KILL");
    eventually("the half upload gone", || (spooled(&portal) == 4).then_some(()));
    for (disk, location) in locations.iter().enumerate() {
        let case = done(&portal, location);
        assert_eq!(case["result"]["findings"][0]["captures"]["disk"], format!("sd{disk}"), "{case}");
    }
    for location in &locations {
        portal.send("DELETE", location, &[], "");
    }
    assert_eq!(spooled(&portal), 0);
}

#[test]
fn progress_is_told_while_it_goes() {
    let portal = Portal::with_rules(&[("a.yaml", RULE)], &[]);
    let noise = "nothing to see here, move along\n".repeat(600_000);
    let location = upload(&portal, "?name=big.log", format!("{noise}disk sda is full\n")).header("location").to_owned();
    let events = portal.get(&format!("{location}/events")).body;
    assert!(events.contains("event: progress"), "{events}");
    assert!(events.contains("\"current\":\"big.log\""), "{events}");
    assert!(
        events.trim_end().rsplit("\n\n").next().unwrap().starts_with("event: end\ndata: {\"state\":\"done\""),
        "{events}"
    );
}
