//! `--watch`: a process that runs while files change.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use crate::{BROKEN, FULL, Folder, SLOW};

/// Longer than any machine needs; a test that waits so long fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running command and the lines it says, of both streams.
struct Running {
    child: Child,
    lines: Receiver<String>,
}

impl Running {
    fn start(folder: &Folder, arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_faultbook"));
        command.current_dir(folder.0.path()).args(arguments);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = mpsc::channel();
        let streams: [Box<dyn Read + Send>; 2] =
            [Box::new(child.stdout.take().unwrap()), Box::new(child.stderr.take().unwrap())];
        for stream in streams {
            let sender = sender.clone();
            thread::spawn(move || {
                BufReader::new(stream).lines().map_while(Result::ok).for_each(|line| _ = sender.send(line));
            });
        }
        Running { child, lines }
    }

    /// Waits for a line that has this in it, and gives all lines until then.
    fn until(&self, part: &str) -> String {
        let mut seen = String::new();
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => {
                    seen += &(line.clone() + "\n");
                    if line.contains(part) {
                        return seen;
                    }
                }
                Err(error) => panic!("{error}: no `{part}` in\n{seen}"),
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[test]
fn what_is_saved_is_tested_again_and_nothing_else() {
    let folder = Folder::usual();
    let running = Running::start(&folder, &["test", "--rules", "rules", "--watch"]);
    running.until("4 tests of 2 rules: 4 passed, 0 failed; tested 2 rules");

    folder.write("rules/slow.yaml", SLOW.replace("seconds: '9'", "seconds: '8'").as_bytes());
    let told = running.until("3 passed, 1 failed; tested 1 rule in");
    // both streams are read at once: the failure may come behind the summary
    let told = if told.contains("wrong-capture") { told } else { running.until("wrong-capture") };
    assert!(told.contains("wrong-capture  SLOW-1: slow"), "{told}");

    // as editors save: another file is put in the place
    folder.write("rules/slow.yaml~new", SLOW.as_bytes());
    std::fs::rename(folder.path("rules/slow.yaml~new"), folder.path("rules/slow.yaml")).unwrap();
    running.until("4 passed, 0 failed; tested 1 rule in");

    folder.write("rules/deeper/broken.yaml", BROKEN.as_bytes());
    running.until("tested 0 rules");
    folder.write("rules/deeper/broken.yaml", BROKEN.replace("takn", "taken").as_bytes());
    running.until("6 tests of 3 rules: 6 passed, 0 failed; tested 1 rule");
    std::fs::remove_file(folder.path("rules/full.yaml")).unwrap();
    running.until("4 tests of 2 rules: 4 passed, 0 failed; tested 0 rules");

    folder.write("faultbook.yaml", b"limits: { depth: 3 }\n");
    running.until("4 tests of 2 rules: 4 passed, 0 failed; tested 2 rules");
}

#[test]
fn a_template_that_is_saved_tests_all_and_a_snapshot_its_rule() {
    let rule = FULL.replace("resolution: Delete something.", "resolution:\n  - { title: Delete, template: delete.md }");
    let folder =
        Folder::new(&[("rules/full.yaml", &rule), ("rules/slow.yaml", SLOW), ("templates/delete.md", "Delete it.")]);
    assert_eq!(folder.code(&["test", "--rules", "rules", "--update"]), 0);
    let running = Running::start(&folder, &["test", "--rules", "rules", "--watch"]);
    running.until("4 passed, 0 failed; tested 2 rules");
    folder.write("templates/delete.md", b"Delete all of it.");
    running.until("3 passed, 1 failed; tested 2 rules");
    assert_eq!(folder.code(&["test", "--rules", "rules", "--update"]), 0);
    running.until("4 passed, 0 failed; tested 1 rule ");
}

#[test]
fn a_preview_follows_its_rule_and_waits_while_it_is_broken() {
    let folder = Folder::usual();
    let page = folder.path("page.html");
    let html = ["preview", "FULL", "--rules", "rules", "--watch", "--format", "html", "--output", "page.html"];
    let running = Running::start(&folder, &html);
    running.until("waiting for changes");
    let shown = || std::fs::read_to_string(&page).unwrap();
    assert!(shown().contains("Delete something.") && shown().contains("http-equiv=\"refresh\""));
    folder.write("rules/full.yaml", FULL.replace("something", "{{ nothing }}").as_bytes());
    running.until("the rule `FULL` is left out");
    running.until("waiting for changes");
    folder.write("rules/full.yaml", FULL.replace("something", "everything").as_bytes());
    running.until("waiting for changes");
    assert!(shown().contains("Delete everything."));
}
