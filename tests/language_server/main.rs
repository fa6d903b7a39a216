//! Drives `faultbook lsp` as an editor does, over its input and output.
#![cfg(feature = "cli")]

mod client;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use client::{Client, uri};

const DISK: &str = "\
id: DISK
title: The disk is full
signatures:
  full: { regex: 'no space left on (?<disk>\\w+)' }
resolution:
  - title: Delete
    template: delete.md
tests:
  - { name: full, text: no space left on sda, expect: { captures: { disk: sda } } }
  - { name: not full, text: plenty of space left, expect: nothing }
";

const MAIL: &str = "\
id: MAIL
title: Mail is off
related: [DISK]
signatures:
  off: { contains: mail is off }
resolution: Switch it on.
tests:
  - { name: off, text: mail is off, expect: {} }
  - { name: on, text: mail is on, expect: nothing }
";

struct Book {
    folder: TempDir,
}

impl Book {
    fn new() -> Self {
        let book = Self { folder: tempfile::tempdir().expect("a folder") };
        book.write("rules/disk.yaml", DISK);
        book.write("rules/mail.yaml", MAIL);
        book.write("templates/delete.md", "Delete files on {{ disk }}.");
        book
    }

    fn write(&self, path: &str, text: &str) -> PathBuf {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        std::fs::write(&path, text).expect("written");
        path
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn open(&self) -> Client {
        Client::open(self.folder.path(), json!({})).0
    }
}

fn labels(completion: &Value) -> Vec<&str> {
    let items = completion["items"].as_array().expect("a list").iter();
    items.map(|item| item["label"].as_str().expect("a text")).collect()
}

#[test]
fn a_session_from_a_fault_to_its_mending() {
    let book = Book::new();
    let mail = book.path("rules/mail.yaml");
    let (mut client, capabilities) = Client::open(book.folder.path(), json!({}));
    assert_eq!(capabilities["positionEncoding"], "utf-16");
    assert_eq!(capabilities["hoverProvider"], true);

    let broken = MAIL.replace("title: Mail", "severty: error\ntitle: Mail");
    client.did_open(&mail, &broken);
    let fault = client.until_code(&mail, "unknown-key");
    assert_eq!(fault["range"], json!({ "start": { "line": 1, "character": 0 }, "end": { "line": 1, "character": 7 } }));
    assert_eq!((&fault["severity"], &fault["source"]), (&json!(1), &json!("faultbook")));
    assert!(
        fault["message"]
            .as_str()
            .is_some_and(|text| text.contains("`severty`") && text.contains("did you mean `severity`?"))
    );

    let context = json!({ "diagnostics": [fault] });
    let params = json!({ "textDocument": { "uri": uri(&mail) }, "range": fault["range"], "context": context });
    let actions = client.request("textDocument/codeAction", params)["result"].clone();
    let edit = &actions[0]["edit"]["changes"][uri(&mail)][0];
    assert_eq!((&edit["newText"], &edit["range"]), (&json!("severity"), &fault["range"]));
    assert_eq!(actions[0]["kind"], "quickfix");

    client.change(&mail, json!([{ "range": edit["range"], "text": edit["newText"] }]));
    client.until(&mail, <[Value]>::is_empty);

    let completion = client.at("textDocument/completion", &mail, "id: MAIL\nseverity: ^");
    assert_eq!(labels(&completion)[..2], ["ok", "info"]);
    let hover = client.at("textDocument/hover", &mail, &broken.replace("severty", "sev^erity"));
    assert!(hover["contents"]["value"].as_str().is_some_and(|text| text.contains("how bad")), "{hover}");
    let definition =
        client.at("textDocument/definition", &mail, &broken.replace("severty", "severity").replace("[DISK", "[DI^SK"));
    assert_eq!(definition[0]["uri"], uri(&book.path("rules/disk.yaml")));
    assert_eq!(definition[0]["range"]["start"], json!({ "line": 0, "character": 4 }));

    let format = |client: &mut Client| {
        let options = json!({ "tabSize": 2, "insertSpaces": true });
        client.request("textDocument/formatting", json!({ "textDocument": { "uri": uri(&mail) }, "options": options }))
    };
    client.did_change(&mail, &MAIL.replace("title: Mail is off", "title:    'Mail is off'"));
    let edit = format(&mut client)["result"][0].clone();
    assert!(edit["newText"].as_str().is_some_and(|text| text.contains("\ntitle: Mail is off\n")), "{edit}");
    assert_eq!(edit["range"]["end"], json!({ "line": 9, "character": 0 }));
    client.did_change(&mail, "id: [");
    assert_eq!(format(&mut client)["error"]["code"], -32803);
    assert_eq!(client.shut_down().code(), Some(0));
}

#[test]
fn unsaved_text_concerns_every_file_that_depends_on_it() {
    let book = Book::new();
    let (disk, mail, template) =
        (book.path("rules/disk.yaml"), book.path("rules/mail.yaml"), book.path("templates/delete.md"));
    let mut client = book.open();
    client.did_open(&template, "Delete {{ disc }}.");
    let fault = client.until_code(&template, "unknown-name");
    assert_eq!(fault["range"]["start"], json!({ "line": 0, "character": 10 }));
    client.did_close(&template);
    client.until(&template, <[Value]>::is_empty);

    client.did_open(&disk, &DISK.replace("id: DISK", "id: MAIL"));
    let fault = client.until_code(&mail, "duplicate-id");
    assert_eq!(fault["relatedInformation"][0]["location"]["uri"], uri(&disk), "the file is not open, and told of");
    client.did_change(&disk, DISK);
    client.until(&mail, <[Value]>::is_empty);

    let settings = book.path("rules/faultbook.yaml");
    client.did_open(&settings, "limits: { dept: 3 }\n");
    client.until_code(&settings, "unknown-key");
    assert_eq!(client.shut_down().code(), Some(0));
}

/// What an editor may do about the diagnostics at the range of one.
fn actions(client: &mut Client, path: &Path, fault: &Value) -> Value {
    let context = json!({ "diagnostics": [fault] });
    let params = json!({ "textDocument": { "uri": uri(path) }, "range": fault["range"], "context": context });
    client.request("textDocument/codeAction", params)["result"].clone()
}

#[test]
fn lints_of_open_files_are_shown_allowed_and_mended() {
    let book = Book::new();
    let (disk, mail) = (book.path("rules/disk.yaml"), book.path("rules/mail.yaml"));
    let mut client = book.open();
    client.did_open(&mail, &format!("{MAIL}tags: [post, post]\n"));
    let fault = client.until_code(&mail, "duplicate-entry");
    assert_eq!((&fault["severity"], fault.get("codeDescription")), (&json!(2), None));
    let mending = actions(&mut client, &mail, &fault);
    assert_eq!((&mending[0]["title"], &mending[0]["isPreferred"]), (&json!("remove the second `post`"), &json!(true)));
    let edit = mending[0]["edit"]["changes"][uri(&mail)][0].clone();
    client.change(&mail, json!([{ "range": edit["range"], "text": edit["newText"] }]));
    client.until(&mail, <[Value]>::is_empty);

    let allowing = format!("{MAIL}allow: [duplicate-entry]\n");
    client.did_change(&mail, &format!("{allowing}tags: [post, post]\n"));
    client.did_change(&mail, &allowing);
    let fault = client.until_code(&mail, "unused-allow");
    assert_eq!(actions(&mut client, &mail, &fault)[0]["title"], "remove `duplicate-entry` from `allow`");
    client.did_change(&mail, &format!("{allowing}tags: [post, post]\n"));
    client.until(&mail, <[Value]>::is_empty);

    // across rules: what the open one says of others, not those of it
    let unrelated = MAIL.replace("related: [DISK]\n", "");
    client
        .did_change(&mail, &unrelated.replace("{ contains: mail is off }", "{ regex: 'no space left on (?<x>\\w+)' }"));
    client.until_code(&mail, "duplicate-signature");
    client.did_change(&mail, &unrelated.replace("contains: mail is off", "contains: no space left"));
    let noisy = client.until_code(&mail, "noisy-pattern");
    assert_eq!(noisy["relatedInformation"][0]["location"]["uri"], uri(&disk));
    assert!(!client.diagnostics.contains_key(&disk), "{:?}", client.diagnostics);

    let settings = book.write("faultbook.yaml", "allow: [noisy-pattern]\n");
    let changes = json!({ "changes": [{ "uri": uri(&settings), "type": 1 }] });
    client.notify("workspace/didChangeWatchedFiles", changes);
    client.until_without(&mail, "noisy-pattern");
    client.did_close(&mail);
    assert_eq!(client.shut_down().code(), Some(0));
}

#[test]
fn files_that_come_change_and_go_on_disk_are_followed() {
    let book = Book::new();
    let watch = json!({ "workspace": { "didChangeWatchedFiles": { "dynamicRegistration": true } } });
    let (mut client, _) = Client::open(book.folder.path(), watch);
    let changed = |client: &mut Client, path: &Path, kind: u8| {
        let changes = json!([{ "uri": uri(path), "type": kind }]);
        client.notify("workspace/didChangeWatchedFiles", json!({ "changes": changes }));
    };
    let copy = book.write("rules/sub/zcopy.yaml", DISK);
    changed(&mut client, &copy, 1);
    client.until_code(&copy, "duplicate-id");
    assert!(client.asked.iter().any(|asked| asked["method"] == "client/registerCapability"));
    std::fs::remove_dir_all(book.path("rules/sub")).expect("removed");
    changed(&mut client, &book.path("rules/sub"), 3);
    client.until(&copy, <[Value]>::is_empty);
    let template = book.path("templates/delete.md");
    std::fs::remove_file(&template).expect("removed");
    changed(&mut client, &template, 3);
    client.until_code(&book.path("rules/disk.yaml"), "missing-template");
    // open and deleted: the text that is open counts
    let mail = book.path("rules/mail.yaml");
    client.did_open(&mail, "id: [");
    client.until_code(&mail, "yaml-syntax");
    std::fs::remove_file(&mail).expect("removed");
    changed(&mut client, &mail, 3);
    client.did_close(&mail);
    client.until(&mail, <[Value]>::is_empty);
    assert_eq!(client.shut_down().code(), Some(0));
}

#[test]
fn columns_are_what_was_agreed_on() {
    let book = Book::new();
    let mail = book.path("rules/mail.yaml");
    let text = MAIL.replace("related: [DISK]", "related: ['😀é', DISK]\r\nowner: 😀\r\nseverity: '😀'");
    let start = |fault: &Value| fault["range"]["start"].clone();
    let mut client = book.open();
    client.did_open(&mail, &format!("\u{feff}{text}"));
    let fault = client.until_code(&mail, "unknown-value");
    assert_eq!(start(&fault), json!({ "line": 4, "character": 10 }));
    assert_eq!(fault["range"]["end"]["character"], 14, "an emoji is two units");
    let hover = client.at("textDocument/hover", &mail, &text.replace("é', DISK", "é', ^DISK"));
    assert!(hover["contents"]["value"].as_str().is_some_and(|text| text.contains("The disk is full")), "{hover}");
    // in the middle of a pair of surrogates, and far outside
    for (line, character) in [(3, 8), (3, 999), (999, 0), (u32::MAX, u32::MAX)] {
        let place =
            json!({ "textDocument": { "uri": uri(&mail) }, "position": { "line": line, "character": character } });
        for method in ["textDocument/hover", "textDocument/completion", "textDocument/definition"] {
            assert!(client.request(method, place.clone()).get("error").is_none());
        }
    }
    let place = |line: u32, character: u32| json!({ "line": line, "character": character });
    client.change(&mail, json!([{ "range": { "start": place(4, 10), "end": place(4, 14) }, "text": "error" }]));
    client.until(&mail, <[Value]>::is_empty);
    assert_eq!(client.shut_down().code(), Some(0));

    let bytes = json!({ "general": { "positionEncodings": ["utf-32", "utf-8", "utf-16"] } });
    let (mut client, capabilities) = Client::open(book.folder.path(), bytes);
    assert_eq!(capabilities["positionEncoding"], "utf-8");
    client.did_open(&mail, &text);
    assert_eq!(client.until_code(&mail, "unknown-value")["range"]["end"]["character"], 16);
    assert_eq!(client.shut_down().code(), Some(0));
}

#[test]
fn what_cannot_be_answered_is_refused_and_the_session_goes_on() {
    let book = Book::new();
    let mut client = Client::start(book.folder.path());
    assert_eq!(client.request("textDocument/hover", json!({}))["error"]["code"], -32002, "not initialized");
    client.notify("textDocument/didOpen", json!({ "textDocument": 1 }));
    assert!(client.request("initialize", json!({ "capabilities": {} })).get("result").is_some());
    client.notify("initialized", json!({}));
    assert_eq!(client.request("initialize", json!({}))["error"]["code"], -32600);
    assert_eq!(client.request("textDocument/foldingRange", json!({}))["error"]["code"], -32601);
    assert_eq!(client.request("textDocument/hover", json!({ "textDocument": 1 }))["error"]["code"], -32602);
    client.notify("$/unknown", json!([]));
    client.notify("textDocument/didChange", json!("nonsense"));
    client.send_raw(b"Content-Length: 7\r\n\r\n{\"id\": ");
    client.send_raw(b"Content-Lenght: 7\r\n\r\n");
    let outside = book.path("elsewhere/note.txt");
    client.did_open(&outside, "id: [");
    client.notify(
        "textDocument/didOpen",
        json!({ "textDocument": { "uri": "untitled:1", "languageId": "yaml", "version": 1, "text": "x" } }),
    );
    let hover = client.at("textDocument/hover", &outside, "id^: [");
    assert_eq!(hover, Value::Null);
    let unknown = client.at("textDocument/completion", &book.path("rules/mail.yaml"), "^");
    assert_eq!(unknown, Value::Null, "not open");
    assert_eq!(client.logged.len(), 3, "{:?}", client.logged);
    assert!(client.diagnostics.is_empty());

    // both in one write, so that the second is there when the first is looked at
    let hover = json!({ "jsonrpc": "2.0", "id": 900, "method": "textDocument/hover", "params": {} }).to_string();
    let cancel = json!({ "jsonrpc": "2.0", "method": "$/cancelRequest", "params": { "id": 900 } }).to_string();
    let busy = "{}".repeat(200_000);
    client.did_open(&book.path("rules/mail.yaml"), &busy);
    let both: String =
        [hover, cancel].iter().map(|text| format!("Content-Length: {}\r\n\r\n{text}", text.len())).collect();
    client.send_raw(both.as_bytes());
    let code = client.answer(900)["error"]["code"].clone();
    assert!(code == -32800 || code == -32602, "cancelled, unless it was read before: {code}");

    assert_eq!(client.request("shutdown", Value::Null)["result"], Value::Null);
    assert_eq!(client.request("textDocument/hover", json!({}))["error"]["code"], -32600, "after the end");
    client.notify("exit", Value::Null);
    assert_eq!(client.wait().code(), Some(0));
}

#[test]
fn an_end_without_a_word_is_one_too() {
    let book = Book::new();
    let mut client = book.open();
    client.notify("exit", Value::Null);
    assert_eq!(client.wait().code(), Some(1), "exit without shutdown");
    assert_eq!(book.open().wait().code(), Some(1), "the input ends");
}

#[test]
fn a_file_that_is_opened_by_itself_brings_its_faultbook() {
    let book = Book::new();
    let elsewhere = tempfile::tempdir().expect("a folder");
    let (mut client, _) = Client::open(elsewhere.path(), json!({}));
    let disk = book.path("rules/disk.yaml");
    client.did_open(&disk, &DISK.replace("id: DISK", "id: MAIL"));
    client.until_code(&book.path("rules/mail.yaml"), "duplicate-id");
    let alone = elsewhere.path().join("alone.yaml");
    client.did_open(&alone, "id: ALONE\nsignatures: {}\n");
    client.until_code(&alone, "missing-key");
    let other = elsewhere.path().join("compose.yaml");
    client.did_open(&other, "services: {}\n");
    client.did_change(&disk, DISK);
    client.until_without(&book.path("rules/mail.yaml"), "duplicate-id");
    assert!(!client.diagnostics.contains_key(&other), "no rule at all");
    assert_eq!(client.shut_down().code(), Some(0));
}
