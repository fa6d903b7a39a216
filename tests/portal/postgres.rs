//! The portal with PostgreSQL, alone and shared by several servers.
//!
//! These tests need a server, which `tests/portal/run` starts; the variable FAULTBOOK_TEST_POSTGRES has its address, as a user who may create
//! databases. Without it they say so and pass. With it, all other tests of the portal use PostgreSQL too, each a database of its own.

use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::{Portal, RULE, eventually};

const VARIABLE: &str = "FAULTBOOK_TEST_POSTGRES";
const TOKENS: &str = "portal:\n  tokens:\n    - { name: desk, sha256: e3b98a4da31a127d4bde6e43033f66ba274cab0eb7eb1c70ec41402bf6273dd8, \
    cases: true, statistics: true }\n"; // of `t`

/// Whether there is a server to test with.
pub fn is_there() -> bool {
    server().is_some()
}

fn server() -> Option<String> {
    std::env::var(VARIABLE).ok().filter(|address| !address.is_empty())
}

/// The address of a new database, if there is a server to test with.
pub fn database() -> Option<String> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let server = server()?;
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
    let name = format!("t{time}_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    query(&server, &format!("CREATE DATABASE {name} TEMPLATE template0"));
    let (host, _) = server.rsplit_once('/').expect("the address ends with the name of a database");
    Some(format!("{host}/{name}"))
}

/// Runs a statement; gives what it selects, a line for each row.
fn query(database: &str, statement: &str) -> String {
    let output = Command::new("psql").args(["-XqAt", "-v", "ON_ERROR_STOP=1", "-c", statement, database]).output();
    let Output { status, stdout, stderr } = output.expect("psql is needed for tests with PostgreSQL");
    assert!(status.success(), "{statement}: {}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap().trim().to_owned()
}

/// A new database, or `None` with a word on standard error.
fn database_or_word() -> Option<String> {
    let database = database();
    if database.is_none() {
        eprintln!("not tested: {VARIABLE} is not set; run tests/portal/run");
    }
    database
}

fn portal(database: &str, arguments: &[&str]) -> Portal {
    let arguments = [&["--database", database], arguments].concat();
    Portal::with_rules(&[("a.yaml", RULE), ("../faultbook.yaml", TOKENS)], &arguments)
}

fn known(portal: &Portal, method: &str, path: &str, body: &str) -> crate::Reply {
    portal.send(method, path, &[("authorization", "Bearer t"), ("content-type", "application/octet-stream")], body)
}

fn statistics(portal: &Portal) -> Value {
    known(portal, "GET", "/api/v1/statistics", "").json()
}

#[test]
fn what_several_servers_learn_adds_up() {
    let Some(database) = database_or_word() else { return };
    let servers = [portal(&database, &[]), portal(&database, &[])];
    for (server, times) in servers.iter().zip([2, 3]) {
        for number in 0..times {
            server.post_json("/api/v1/answers", &json!({ "text": format!("disk sd{number} is full") }));
            server.post_json(
                "/api/v1/answers",
                &json!({ "text": format!("ERROR cannot open /srv/{number}.db: denied") }),
            );
        }
        let feedback = json!({ "helped": times == 2, "comment": "so" });
        assert_eq!(server.post_json("/api/v1/articles/DISK/feedback", &feedback).status, 204);
    }
    // whoever is asked writes what it knows first
    statistics(&servers[0]);
    for server in [&servers[1], &servers[0]] {
        let told = statistics(server);
        let rule = &told["rules"][0];
        assert_eq!(
            (&rule["answered"], &rule["helped"], &rule["not_helped"]),
            (&json!(5), &json!(1), &json!(1)),
            "{told}"
        );
        assert_eq!(told["unmatched"][0]["count"], 5, "{told}");
        assert_eq!(known(server, "GET", "/api/v1/articles/DISK/feedback", "").json().as_array().unwrap().len(), 2);
    }
}

#[test]
fn a_case_is_told_by_each_server_that_shares_the_folder() {
    let Some(database) = database_or_word() else { return };
    let spool = tempfile::tempdir().unwrap();
    let shared = ["--spool", spool.path().to_str().unwrap()];
    let servers = [portal(&database, &shared), portal(&database, &shared)];
    let reply = known(&servers[0], "POST", "/api/v1/cases?name=app.log", "disk sda is full\n");
    assert_eq!(reply.status, 201, "{}", reply.body);
    let location = reply.header("location");
    for server in &servers {
        let case = eventually("the diagnosis", || {
            let case = server.get(location).json();
            (case["state"] == "done").then_some(case)
        });
        assert_eq!(case["result"]["findings"][0]["captures"]["disk"], "sda", "{case}");
        assert_eq!(server.get(&format!("{location}/report.md")).status, 200);
    }
    let facts = json!({ "facts": { "site": "Ulm" } }).to_string();
    let patched = servers[1].send("PATCH", location, &[("content-type", "application/json")], facts);
    assert_eq!(patched.status, 202, "{}", patched.body);
    eventually("the fact", || {
        let case = servers[0].get(location).json();
        (case["state"] == "done" && case["facts"]["site"] == "Ulm").then_some(())
    });
    assert_eq!(servers[1].send("DELETE", location, &[], "").status, 204);
    assert_eq!(servers[0].get(location).status, 404);
    let uploads = std::fs::read_dir(spool.path()).unwrap().map(|file| file.unwrap().path());
    assert_eq!(uploads.filter(|path| path.extension().is_some()).count(), 0, "the folder's own files have no ending");
    assert_eq!(query(&database, "SELECT count(*) FROM cases"), "0");
}

#[test]
fn servers_that_start_together_make_the_database_once() {
    let Some(database) = database_or_word() else { return };
    let start = || {
        let database = database.clone();
        std::thread::spawn(move || portal(&database, &[]))
    };
    let starting: Vec<_> = (0..4).map(|_| start()).collect();
    for server in starting {
        assert_eq!(server.join().unwrap().get("/readyz").status, 200);
    }
    let steps =
        query(&database, "SELECT count(DISTINCT version) = count(*) AND bool_and(success) FROM _sqlx_migrations");
    assert_eq!(steps, "t");
}

#[test]
fn a_database_of_a_newer_or_changed_version_is_refused() {
    for change in [
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9999, 'later', true, '\\x00', 0)",
        "UPDATE _sqlx_migrations SET checksum = '\\x00'",
    ] {
        let Some(database) = database_or_word() else { return };
        drop(portal(&database, &[]));
        query(&database, change);
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("faultbook"));
        command.current_dir(folder.path()).args(["serve", "--listen", "127.0.0.1:0", "--database", &database]);
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("the database is not one that this version can use"), "{said}");
    }
}

#[test]
fn a_database_that_cuts_connections_off_is_connected_to_again() {
    let Some(database) = database_or_word() else { return };
    let portal = portal(&database, &[]);
    assert_eq!(statistics(&portal)["rules"], json!([]));
    for _ in 0..3 {
        query(
            &database,
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
        );
        portal.post_json("/api/v1/answers", &json!({ "text": "disk sda is full" }));
        assert_eq!(known(&portal, "GET", "/api/v1/statistics", "").status, 200);
        assert_eq!(portal.get("/readyz").status, 200);
    }
    assert_eq!(statistics(&portal)["rules"][0]["answered"], 3);
}
