//! What holds for every request, health, metrics, and the end.

use crate::{Portal, RULE};

#[test]
fn every_response_has_an_id_and_the_headers_of_safety() {
    let portal = Portal::with_rules(&[("disk.yaml", RULE)], &[]);
    for (path, status) in [("/healthz", 200), ("/readyz", 200), ("/nowhere", 404), ("/api/v1/answers", 405)] {
        let reply = portal.get(path);
        assert_eq!(reply.status, status, "{path}");
        assert_eq!(reply.header("x-request-id").len(), 16, "{path}");
        assert!(reply.header("content-security-policy").starts_with("default-src 'none'"), "{path}");
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{path}");
    }
    let own = portal.send("GET", "/healthz", &[("x-request-id", "ticket-7")], "");
    assert_eq!(own.header("x-request-id"), "ticket-7");
    let hostile = portal.send("GET", "/healthz", &[("x-request-id", "a\" b")], "");
    assert_eq!(hostile.header("x-request-id").len(), 16);
}

#[test]
fn metrics_count_requests_findings_and_texts_that_no_rule_knows() {
    let portal = Portal::with_rules(&[("disk.yaml", RULE)], &[]);
    for text in ["disk sda is full", "disk sdb is full", "all is well"] {
        portal.send("POST", "/api/v1/answers", &[("content-type", "text/plain")], text);
    }
    portal.get("/a/path/that/a/client/chose");
    let metrics = portal.get("/metrics");
    assert!(metrics.header("content-type").starts_with("application/openmetrics-text"));
    for line in [
        "faultbook_requests_total{route=\"/api/v1/answers\",method=\"POST\",status=\"200\"} 3",
        "faultbook_requests_total{route=\"none\",method=\"GET\",status=\"404\"} 1",
        "faultbook_findings_total{rule=\"DISK\"} 2",
        "faultbook_texts_without_finding_total 1",
        "faultbook_rules 1",
        "# EOF",
    ] {
        assert!(metrics.body.lines().any(|own| own == line), "{line} is not in\n{}", metrics.body);
    }
    assert!(!metrics.body.contains("client"), "{}", metrics.body);
}

#[test]
#[cfg(unix)]
fn a_signal_ends_it_with_success() {
    let mut portal = Portal::with_rules(&[("disk.yaml", RULE)], &[]);
    portal.signal("TERM");
    assert_eq!(portal.wait().code(), Some(0));
}

#[test]
fn the_description_is_openapi_and_has_what_it_refers_to() {
    let portal = Portal::with_rules(&[("disk.yaml", RULE)], &[]);
    let document = portal.get("/api/openapi.json").json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"), "{}", document["openapi"]);
    for path in
        ["/api/v1/answers", "/api/v1/cases", "/api/v1/cases/{id}/events", "/api/v1/search", "/api/v1/statistics"]
    {
        assert!(document["paths"][path].is_object(), "{path}");
    }
    let mut open = vec![&document];
    let mut references = 0;
    while let Some(value) = open.pop() {
        if let Some(reference) = value.get("$ref").and_then(|reference| reference.as_str()) {
            assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
            references += 1;
        }
        open.extend(
            value.as_array().into_iter().flatten().chain(value.as_object().into_iter().flat_map(|map| map.values())),
        );
    }
    assert!(references > 50, "{references}");
}
