//! Rules that follow their files.

use faultbook::portal::{PortalOptions, Server};
use faultbook::rule::Faultbook;
use faultbook::rule::reload::WatchedFiles;
use serde_json::json;

use crate::{Portal, RULE, eventually, replace};

fn answer(portal: &Portal) -> String {
    portal.post_json("/api/v1/answers", &json!({ "text": "disk sda is full" })).body
}

#[test]
fn an_edit_is_used_and_a_broken_one_is_not() {
    let portal = Portal::with_rules(&[("disk.yaml", RULE)], &[]);
    assert!(answer(&portal).contains("Nothing is left"));
    let file = portal.rules().join("disk.yaml");
    replace(&file, &RULE.replace("Nothing is left", "Not a byte is left"));
    eventually("the new rule", || answer(&portal).contains("Not a byte is left").then_some(()));

    replace(&file, &RULE.replace("(?<disk>", "(?<disk"));
    let rules = eventually("the mistake", || {
        let rules = portal.get("/healthz").json()["rules"].clone();
        (rules["outdated"] == true).then_some(rules)
    });
    assert_eq!(rules["rules"], 1);
    assert!(rules["faults"].as_u64().unwrap() >= 1 && !rules.to_string().contains("disk.yaml"), "{rules}");
    assert!(answer(&portal).contains("Not a byte is left"));
    assert!(portal.get("/metrics").body.contains("faultbook_rules_outdated 1"));

    replace(&file, RULE);
    eventually("the mended rule", || answer(&portal).contains("Nothing is left").then_some(()));
    assert_eq!(portal.get("/healthz").json()["rules"]["outdated"], false);
}

#[test]
fn what_lies_beside_the_rules_loads_nothing() {
    let portal = Portal::with_rules(&[("disk.yaml", RULE)], &[]);
    for number in 0..3 {
        std::fs::write(portal.rules().join("faultbook.db-wal"), number.to_string()).unwrap();
        std::fs::write(portal.rules().parent().unwrap().join("portal.log"), number.to_string()).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(400));
    }
    replace(&portal.rules().join("disk.yaml"), &RULE.replace("Nothing is left", "Not a byte is left"));
    eventually("the new rule", || answer(&portal).contains("Not a byte is left").then_some(()));
    let metrics = portal.get("/metrics").body;
    assert!(metrics.contains("faultbook_rule_loads_total{outcome=\"used\"} 2"), "{metrics}");
}

#[test]
#[cfg(unix)]
fn a_hang_up_loads_the_rules_and_requests_go_on() {
    let portal = Portal::with_rules(&[("disk.yaml", RULE)], &[]);
    portal.signal("HUP");
    eventually("the second load", || {
        portal.get("/metrics").body.contains("faultbook_rule_loads_total{outcome=\"used\"} 2").then_some(())
    });
    assert!(answer(&portal).contains("DISK"));
}

#[test]
fn an_edit_while_the_portal_starts_is_not_missed() {
    let folder = tempfile::tempdir().unwrap();
    let rules = vec![folder.path().join("rules")];
    let file = rules[0].join("disk.yaml");
    std::fs::create_dir(&rules[0]).unwrap();
    std::fs::write(&file, RULE).unwrap();
    let files = WatchedFiles::new(&rules, &[], &[]);
    let faultbook = Faultbook::load(&rules, &[]);
    replace(&file, &RULE.replace("Nothing is left", "Not a byte is left"));

    let mut options = PortalOptions::at("127.0.0.1:0".parse().unwrap());
    options.rules = rules;
    options.database = format!("sqlite:{}", folder.path().join("faultbook.db").display());
    options.spool = folder.path().join("cases");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(Server::bind(options, files, faultbook)).unwrap();
    let article = format!("http://{}/api/v1/articles/DISK", server.address());
    runtime.spawn(server.run(std::future::pending()));
    eventually("the new rule", || {
        let article = ureq::get(&article).call().ok()?.body_mut().read_to_string().ok()?;
        article.contains("Not a byte is left").then_some(())
    });
    runtime.shutdown_background();
}
