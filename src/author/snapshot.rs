//! The answers that tests gave, kept beside the rules for review.
//!
//! A rule's snapshot is `snapshots/ID.md` in the folder of its file, with a section for each test that has an answer. It is Markdown
//! under a first line that says what it is; only files that begin so are ever removed. A rule without a snapshot, and a test without a
//! section, are not compared: whoever wants that asks for it with `--update`. Rendering is done in `test`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::rule::Rule;
use crate::rule::reload::SNAPSHOT_FOLDER;

/// How a snapshot begins.
const HEAD: &str = "<!-- Snapshot of the answers of ";
/// How a section begins, and ends its first line.
const SECTION: (&str, &str) = ("<!-- test: ", " -->");

/// The answers of a rule's tests, by their names; a name that several tests have stands once for each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Snapshot {
    sections: Vec<(String, String)>,
}

impl Snapshot {
    /// Reads the snapshot of a rule; `None` when there is none.
    pub(crate) fn read(path: &Path) -> io::Result<Option<Self>> {
        match fs::read(path) {
            Ok(bytes) => Ok(Some(Self::parse(&String::from_utf8_lossy(&bytes).replace("\r\n", "\n")))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn parse(text: &str) -> Self {
        let mut sections: Vec<(String, String)> = Vec::new();
        for line in text.split_inclusive('\n') {
            if let Some(name) = section_name(line.trim_end()) {
                sections.push((name.to_owned(), String::new()));
            } else if let Some((_, answer)) = sections.last_mut() {
                answer.push_str(line);
            }
        }
        let trimmed = |(name, answer): (String, String)| (name, written(&answer));
        Self { sections: sections.into_iter().map(trimmed).collect() }
    }

    /// Adds the answer of a test.
    pub(crate) fn push(&mut self, test: &str, answer: &str) {
        self.sections.push((section_title(test), written(answer)));
    }

    /// The answer of a test, the `nth` of that name.
    pub(crate) fn get(&self, test: &str, nth: usize) -> Option<&str> {
        let title = section_title(test);
        self.sections.iter().filter(|(name, _)| *name == title).nth(nth).map(|(_, answer)| answer.as_str())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.sections.is_empty()
    }

    /// The titles of the sections that another snapshot does not have.
    pub(crate) fn without(&self, other: &Snapshot) -> Vec<String> {
        let mut left: Vec<&String> = other.sections.iter().map(|(name, _)| name).collect();
        let mut only = Vec::new();
        for (name, _) in &self.sections {
            match left.iter().position(|other| *other == name) {
                Some(at) => _ = left.swap_remove(at),
                None => only.push(name.clone()),
            }
        }
        only
    }

    /// The file as it is written.
    fn text(&self, rule: &str) -> String {
        let head =
            format!("{HEAD}{rule}: `faultbook test --update` writes it; read what changed, do not edit it. -->\n");
        let sections =
            self.sections.iter().map(|(name, answer)| format!("\n{}{name}{}\n\n{answer}", SECTION.0, SECTION.1));
        head + &sections.collect::<String>()
    }
}

/// An answer as it stands in a snapshot: between blank lines, and nowhere like the beginning of a section. A space at the end of a
/// line says nothing in Markdown, and editors remove it; two are a line break.
pub(crate) fn written(answer: &str) -> String {
    let line = |line: &str| {
        let text = line.trim_end();
        let text = if line.get(text.len()..) == Some("  ") { line } else { text };
        if section_name(text).is_some() { format!(" {text}\n") } else { format!("{text}\n") }
    };
    answer.trim().lines().map(line).collect()
}

fn section_name(line: &str) -> Option<&str> {
    line.strip_prefix(SECTION.0)?.strip_suffix(SECTION.1)
}

/// The name of a test in one line, and such that it cannot end the comment.
fn section_title(test: &str) -> String {
    test.split_whitespace().collect::<Vec<_>>().join(" ").replace("-->", "-- >")
}

/// Where the snapshot of a rule is.
pub(crate) fn path_of(rule: &Rule) -> PathBuf {
    let folder = Path::new(&rule.path).parent().unwrap_or(Path::new(""));
    folder.join(SNAPSHOT_FOLDER).join(format!("{}.md", rule.id))
}

/// A path as it is shown: with `/` between folders.
pub(crate) fn shown(path: &Path) -> String {
    path.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/")
}

/// What happened, or would have to happen, to a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SnapshotChange {
    /// The file.
    pub file: String,
    /// What.
    pub change: Change,
    /// The tests whose sections have no test any more; empty when the whole file is meant.
    pub tests: Vec<String>,
}

/// The kinds of [`SnapshotChange`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// It was written: it is new, or an answer changed.
    Written,
    /// It, or a section of it, was removed: there is no such rule or test any more.
    Removed,
    /// It, or a section of it, has no rule or test any more; `--update` removes it.
    Stale,
    /// It could not be read, written or removed.
    Failed,
}

impl SnapshotChange {
    pub(crate) fn new(file: &Path, change: Change, tests: Vec<String>) -> Self {
        Self { file: shown(file), change, tests }
    }
}

/// Puts the snapshot of a rule in place of what is there, if it says something else. Without answers the file goes.
pub(crate) fn update(rule: &Rule, old: Option<&Snapshot>, new: &Snapshot) -> Vec<SnapshotChange> {
    let path = path_of(rule);
    let gone = old.map(|old| old.without(new)).unwrap_or_default();
    let removed = |tests: Vec<String>| SnapshotChange::new(&path, Change::Removed, tests);
    let done = match old {
        Some(old) if old == new => return Vec::new(),
        None if new.is_empty() => return Vec::new(),
        Some(_) if new.is_empty() => fs::remove_file(&path).map(|()| vec![removed(Vec::new())]),
        _ => {
            let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
            folder.and_then(|()| fs::write(&path, new.text(&rule.id))).map(|()| {
                let written = SnapshotChange::new(&path, Change::Written, Vec::new());
                std::iter::once(written).chain((!gone.is_empty()).then(|| removed(gone))).collect()
            })
        }
    };
    done.unwrap_or_else(|_| vec![SnapshotChange::new(&path, Change::Failed, Vec::new())])
}

/// The snapshots below the rule folders that belong to none of the rules; with `remove` they are removed.
pub(crate) fn without_rule(rules: &[Rule], folders: &[PathBuf], remove: bool) -> Vec<SnapshotChange> {
    let known: std::collections::HashSet<PathBuf> = rules.iter().map(path_of).collect();
    let mut changes = Vec::new();
    for entry in
        folders.iter().flat_map(|folder| walkdir::WalkDir::new(folder).sort_by_file_name()).filter_map(Result::ok)
    {
        let path = entry.path();
        let is_ours = path.extension().is_some_and(|ending| ending == "md")
            && path.parent().and_then(Path::file_name).is_some_and(|name| name == SNAPSHOT_FOLDER)
            && !known.contains(path)
            && fs::read(path).is_ok_and(|text| text.starts_with(HEAD.as_bytes()));
        if is_ours {
            let change = match remove.then(|| fs::remove_file(path)) {
                None => Change::Stale,
                Some(Ok(())) => Change::Removed,
                Some(Err(_)) => Change::Failed,
            };
            changes.push(SnapshotChange::new(path, change, Vec::new()));
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again_whatever_answers_and_names_look_like() {
        let mut snapshot = Snapshot::default();
        let answers = [
            ("plain", "### Cause\n\nText.  \nmore"),
            ("ends --> early\nand goes on", "<!-- test: plain -->\n\nno section"),
            ("plain", "\n\nthe second of that name\r\n"),
            ("nothing", ""),
        ];
        answers.iter().for_each(|(name, answer)| snapshot.push(name, answer));
        let text = snapshot.text("KB1");
        let read = Snapshot::parse(&text);
        assert_eq!(read, snapshot, "{text}");
        assert_eq!(read.get("plain", 1), Some("the second of that name\n"));
        assert_eq!(read.get("ends --> early\nand goes on", 0), Some(" <!-- test: plain -->\n\nno section\n"));
        assert_eq!((read.get("plain", 2), read.get("other", 0)), (None, None));
    }

    #[test]
    fn sections_are_told_apart_by_how_many_have_the_name() {
        let of = |names: &[&str]| {
            let mut snapshot = Snapshot::default();
            names.iter().for_each(|name| snapshot.push(name, "x"));
            snapshot
        };
        assert_eq!(of(&["a", "b", "a"]).without(&of(&["a"])), ["b", "a"]);
        assert!(of(&["a"]).without(&of(&["b", "a"])).is_empty());
    }
}
