//! PDF: articles and reports of cases, on both sizes of paper, and only for those who may read them.

use crate::{Portal, RULE, eventually};

/// Width and height of a page, as the file says them.
fn paper(file: &str) -> &str {
    file.split_once("/MediaBox [").and_then(|(_, rest)| rest.split_once(']')).map_or("", |(size, _)| size)
}

#[test]
fn an_article_is_a_pdf_on_both_sizes_of_paper() {
    let linked = format!("{RULE}links:\n  - {{ title: Disks, url: 'https://disks.example/full' }}\n");
    let internal = RULE.replace("audience: public", "audience: internal").replace("DISK", "SECRET");
    let portal = Portal::with_rules(&[("a.yaml", &linked), ("b.yaml", &internal)], &[]);
    for (query, size) in [("", "0 0 595.28 841.89"), ("?page=a4", "0 0 595.28 841.89"), ("?page=letter", "0 0 612 792")]
    {
        let reply = portal.get(&format!("/api/v1/articles/DISK/article.pdf{query}"));
        assert_eq!((reply.status, reply.header("content-type")), (200, "application/pdf"), "{query}");
        assert!(reply.body.starts_with("%PDF-1.7"), "{query}");
        assert_eq!(paper(&reply.body), size);
        assert!(
            reply.body.contains("/Title (The disk is full)")
                && reply.body.contains("/URI (https://disks.example/full)")
        );
    }
    for (missing, status) in [("SECRET/article.pdf", 404), ("NONE/article.pdf", 404), ("DISK/article.pdf?page=a3", 400)]
    {
        let reply = portal.get(&format!("/api/v1/articles/{missing}"));
        assert_eq!((reply.status, reply.header("content-type")), (status, "application/problem+json"), "{missing}");
    }
}

#[test]
fn the_report_of_a_case_is_a_pdf() {
    let portal = Portal::with_rules(&[("a.yaml", RULE)], &[]);
    let header = [("content-type", "application/octet-stream")];
    let reply = portal.send("POST", "/api/v1/cases?name=app.log", &header, "ERROR disk sda is full\n");
    assert_eq!(reply.status, 201, "{}", reply.body);
    let location = reply.header("location").to_owned();
    eventually("the diagnosis", || (portal.get(&location).json()["state"] == "done").then_some(()));
    for (query, size) in [("", "0 0 595.28 841.89"), ("?page=letter", "0 0 612 792")] {
        let reply = portal.get(&format!("{location}/report.pdf{query}"));
        assert_eq!((reply.status, reply.header("content-type")), (200, "application/pdf"), "{}", reply.body);
        assert_eq!(paper(&reply.body), size);
        // the outline has the headings of what was found
        assert!(reply.body.contains("/Title (critical: The disk is full"), "{query}");
    }
    assert_eq!(portal.get(&format!("{location}/report.pdf?page=a3")).status, 400);
}
