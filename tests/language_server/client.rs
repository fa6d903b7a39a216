//! An editor, as far as a server can tell: frames messages, keeps diagnostics, waits for answers.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use serde_json::{Value, json};
use url::Url;

/// How long an answer may take before the test fails: machines that build at the same time are slow.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Client {
    process: Child,
    input: ChildStdin,
    messages: Receiver<Value>,
    next_id: i64,
    /// What was published last for each file.
    pub diagnostics: HashMap<PathBuf, Vec<Value>>,
    pub logged: Vec<String>,
    /// What the server asked for.
    pub asked: Vec<Value>,
}

impl Client {
    /// Starts the server without a word to it.
    pub fn start(folder: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_faultbook"));
        command.arg("lsp").current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().expect("starts");
        let mut output = BufReader::new(process.stdout.take().expect("an output"));
        let (sender, messages) = mpsc::channel();
        std::thread::spawn(move || {
            while let Some(message) = read(&mut output) {
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        let input = process.stdin.take().expect("an input");
        let (diagnostics, logged, asked) = (HashMap::new(), Vec::new(), Vec::new());
        Self { process, input, messages, next_id: 1, diagnostics, logged, asked }
    }

    /// Starts the server and opens a folder with it.
    pub fn open(folder: &Path, capabilities: Value) -> (Self, Value) {
        let mut client = Self::start(folder);
        let folders = json!([{ "uri": uri(folder), "name": "it" }]);
        let params = json!({ "processId": null, "rootUri": uri(folder), "capabilities": capabilities, "workspaceFolders": folders });
        let answer = client.request("initialize", params);
        client.notify("initialized", json!({}));
        (client, answer["result"]["capabilities"].clone())
    }

    pub fn send_raw(&mut self, bytes: &[u8]) {
        self.input.write_all(bytes).expect("written");
        self.input.flush().expect("written");
    }

    fn send(&mut self, message: &Value) {
        let text = message.to_string();
        self.send_raw(format!("Content-Length: {}\r\n\r\n{text}", text.len()).as_bytes());
    }

    pub fn notify(&mut self, method: &str, params: Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    /// Sends a request, and gives its id without waiting.
    pub fn ask(&mut self, method: &str, params: Value) -> i64 {
        let id = self.next_id;
        self.next_id += 1;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        id
    }

    /// Sends a request and waits for the answer.
    pub fn request(&mut self, method: &str, params: Value) -> Value {
        let id = self.ask(method, params);
        self.answer(id)
    }

    /// Waits for the answer to a request; takes in what comes before.
    pub fn answer(&mut self, id: i64) -> Value {
        loop {
            let message = self.messages.recv_timeout(PATIENCE).expect("an answer in time");
            if message["id"] == id && message.get("method").is_none() {
                return message;
            }
            self.take_in(message);
        }
    }

    /// Waits until the diagnostics of a file are as wanted.
    pub fn until(&mut self, path: &Path, wanted: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        loop {
            if let Some(found) = self.diagnostics.get(path).filter(|found| wanted(found)) {
                return found.clone();
            }
            let message = self.messages.recv_timeout(PATIENCE).expect("diagnostics in time");
            self.take_in(message);
        }
    }

    pub fn until_code(&mut self, path: &Path, code: &str) -> Value {
        let found = self.until(path, |found| found.iter().any(|one| one["code"] == code));
        found.into_iter().find(|one| one["code"] == code).expect("just seen")
    }

    pub fn until_without(&mut self, path: &Path, code: &str) {
        self.until(path, |found| found.iter().all(|one| one["code"] != code));
    }

    fn take_in(&mut self, message: Value) {
        match message["method"].as_str() {
            Some("textDocument/publishDiagnostics") => {
                let path = message["params"]["uri"].as_str().map(|uri| Url::parse(uri).expect("an address"));
                let path = path.expect("an address").to_file_path().expect("a file");
                let found = message["params"]["diagnostics"].as_array().expect("a list").clone();
                self.diagnostics.insert(path, found);
            }
            Some("window/logMessage") => {
                self.logged.push(message["params"]["message"].as_str().unwrap_or_default().to_owned());
            }
            _ => self.asked.push(message),
        }
    }

    pub fn did_open(&mut self, path: &Path, text: &str) {
        let document = json!({ "uri": uri(path), "languageId": "yaml", "version": 1, "text": text });
        self.notify("textDocument/didOpen", json!({ "textDocument": document }));
    }

    pub fn did_change(&mut self, path: &Path, text: &str) {
        self.change(path, json!([{ "text": text }]));
    }

    pub fn change(&mut self, path: &Path, changes: Value) {
        let document = json!({ "uri": uri(path), "version": 2 });
        self.notify("textDocument/didChange", json!({ "textDocument": document, "contentChanges": changes }));
    }

    pub fn did_close(&mut self, path: &Path) {
        self.notify("textDocument/didClose", json!({ "textDocument": { "uri": uri(path) } }));
    }

    /// Asks about the place of a `^` in a text, in UTF-16 units.
    pub fn at(&mut self, method: &str, path: &Path, marked: &str) -> Value {
        let before = &marked[..marked.find('^').expect("a mark")];
        let line = before.matches('\n').count();
        let character = before.rsplit('\n').next().unwrap_or_default().encode_utf16().count();
        let position = json!({ "line": line, "character": character });
        self.request(method, json!({ "textDocument": { "uri": uri(path) }, "position": position }))["result"].clone()
    }

    /// Ends the session as the protocol wants it.
    pub fn shut_down(mut self) -> ExitStatus {
        assert_eq!(self.request("shutdown", Value::Null)["result"], Value::Null);
        self.notify("exit", Value::Null);
        self.wait()
    }

    /// Waits for the end of the process.
    pub fn wait(mut self) -> ExitStatus {
        drop(self.input);
        self.process.wait().expect("ended")
    }
}

pub fn uri(path: &Path) -> String {
    Url::from_file_path(path).expect("absolute").into()
}

fn read(output: &mut impl BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if output.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => {
                length = line.strip_prefix("Content-Length: ").map_or(length, |count| count.parse().expect("a number"))
            }
        }
    }
    let mut body = vec![0; length];
    output.read_exact(&mut body).ok()?;
    Some(serde_json::from_slice(&body).expect("JSON"))
}
