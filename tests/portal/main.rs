//! The portal over a real socket: the binary is started, and spoken to as clients do.

mod answers;
mod articles;
mod cases;
mod feeds;
mod mail;
mod pages;
mod pdf;
mod postgres;
mod rules;
mod service;
mod smtp;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// A running portal, stopped at the end.
pub struct Portal {
    process: Child,
    pub address: String,
    arguments: Vec<String>,
    pub folder: tempfile::TempDir,
}

/// What came back.
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }
}

pub const RULE: &str = "id: DISK\ntitle: The disk is full\nseverity: critical\naudience: public\nsignatures:\n  full:\n    regex: 'disk (?<disk>\\w+) is full'\n\
cause: Nothing is left on {{ disk }}.\ntests:\n  - { name: full, text: disk sda is full, expect: {} }\n  - { name: none, text: disk sda is fine, expect: nothing }\n";

impl Portal {
    /// Starts with rules in a folder, and with further arguments.
    pub fn with_rules(rules: &[(&str, &str)], arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("rules")).unwrap();
        for (name, text) in rules {
            std::fs::write(folder.path().join("rules").join(name), text).unwrap();
        }
        Self::start(folder, &[&["--rules", "rules"], arguments].concat())
    }

    /// Starts with the rules that are built in.
    pub fn shipped(arguments: &[&str]) -> Self {
        Self::start(tempfile::tempdir().unwrap(), arguments)
    }

    fn start(folder: tempfile::TempDir, arguments: &[&str]) -> Self {
        let mut arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        if !arguments.iter().any(|argument| argument == "--rate-limit") {
            // tests ask again and again
            arguments.extend(["--rate-limit", "0"].map(str::to_owned));
        }
        // with a PostgreSQL to test with, everything is tested with it
        if !arguments.iter().any(|argument| argument == "--database")
            && let Some(database) = postgres::database()
        {
            arguments.extend(["--database".to_owned(), database]);
        }
        let (process, address) = spawn(folder.path(), &arguments);
        Self { process, address, arguments, folder }
    }

    /// Ends the process by a signal and starts another in the same folder; it listens at another port.
    #[cfg(unix)]
    pub fn restart(&mut self, signal: &str) {
        self.signal(signal);
        self.wait();
        self.restart_after_end();
    }

    /// Starts another process in the same folder.
    #[cfg(unix)]
    pub fn restart_after_end(&mut self) {
        (self.process, self.address) = spawn(self.folder.path(), &self.arguments);
    }

    pub fn rules(&self) -> std::path::PathBuf {
        self.folder.path().join("rules")
    }

    pub fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &[], "")
    }

    pub fn post_json(&self, path: &str, body: &Value) -> Reply {
        self.send("POST", path, &[("content-type", "application/json")], body.to_string())
    }

    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Reply {
        let mut request = ureq::http::Request::builder().method(method).uri(format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let agent: ureq::Agent =
            ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into();
        let mut response = agent.run(request.body(body.as_ref()).unwrap()).unwrap();
        let header = |(name, value): (&ureq::http::HeaderName, &ureq::http::HeaderValue)| {
            (name.to_string(), value.to_str().unwrap().to_owned())
        };
        Reply {
            status: response.status().as_u16(),
            headers: response.headers().iter().map(header).collect(),
            body: String::from_utf8_lossy(&response.body_mut().read_to_vec().unwrap()).into_owned(),
        }
    }

    /// Sends a signal.
    #[cfg(unix)]
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").arg(format!("-{name}")).arg(self.process.id().to_string()).status().unwrap();
        assert!(status.success());
    }

    pub fn wait(&mut self) -> std::process::ExitStatus {
        self.process.wait().unwrap()
    }
}

fn spawn(folder: &Path, arguments: &Vec<String>) -> (Child, String) {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("faultbook"));
    command.current_dir(folder).args(["serve", "--listen", "127.0.0.1:0"]).args(arguments);
    let mut process = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut log = BufReader::new(process.stderr.take().unwrap());
    let mut address = None;
    let (mut line, mut said) = (String::new(), String::new());
    while address.is_none() && log.read_line(&mut line).unwrap() > 0 {
        address =
            line.split_once("listening at http://").map(|(_, rest)| rest.trim_end_matches(['/', '\n']).to_owned());
        said.push_str(&std::mem::take(&mut line));
    }
    // the log must be read, or the portal stops when the pipe is full
    std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
    (process, address.unwrap_or_else(|| panic!("the portal did not start: {said}")))
}

impl Drop for Portal {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Tries again for some seconds, until something is there.
pub fn eventually<T>(what: &str, mut attempt: impl FnMut() -> Option<T>) -> T {
    for _ in 0..200 {
        if let Some(done) = attempt() {
            return done;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("{what} did not happen");
}

/// Writes a file as editors do: whole, under another name, then put in place.
pub fn replace(path: &Path, text: &str) {
    let new = path.with_extension("new");
    std::fs::write(&new, text).unwrap();
    std::fs::rename(new, path).unwrap();
}
