//! From the paths of a command line to cases: what is diagnosed as a whole, and in which pieces it is read.
//!
//! A file is a case. In a folder each archive is a case of its own and the other files together are one, unless a
//! `facts.yaml` says that the folder as a whole is one. Order is that of the arguments, then of the paths' bytes; the files of a
//! [rotated](super::rotation) log stand where it does, oldest first.
//! Only the heads of files are looked at here; reading is for [`read`](super::read()). A `facts.yaml` is a part like any
//! other: who reads the case knows what to make of it.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use walkdir::WalkDir;

use crate::source::compression::decoder;
use crate::source::recognise::{Content, recognise};
use crate::source::rotation::rotated;
use crate::source::stream::{HEAD, Peek};
use crate::source::{Note, NoteKind};

/// The file of a case that states facts about it. At the root of a folder it makes that one case.
pub const FACTS_FILE: &str = "facts.yaml";

/// What is diagnosed as a whole: one archive, one folder, one file, one text.
#[derive(Debug)]
pub struct CaseInput {
    /// How the case is called: its path as given, or as found in a folder that was given.
    pub name: String,
    /// What it consists of, in the order in which results are told. Empty for a folder without files.
    pub parts: Vec<Part>,
}

/// One piece of a case that can be read independently of the others: a file, a text in memory, or a stream.
#[derive(Debug)]
pub struct Part {
    pub(super) name: String,
    pub(super) path: String,
    /// Whether the part is all of its case: if it is an archive, paths are told from inside it.
    pub(super) alone: bool,
    pub(super) origin: Origin,
}

/// Where the bytes of a part are.
pub(super) enum Origin {
    File(PathBuf),
    Bytes(Vec<u8>),
    Reader(Box<dyn Read + Send>),
}

/// How a source is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceName {
    /// For people: from the path as given to the innermost member, as in `acme.tgz::tasks.zip::failed.xml`. Names from
    /// archives are data; they may contain anything.
    pub name: String,
    /// For globs: inside the case, as in `tasks.zip::failed.xml`. A file or text that is a case has its own name.
    pub path: String,
    /// When it was last modified, as far as its file or archive knows.
    pub modified: Option<Timestamp>,
}

impl CaseInput {
    /// Makes two of the case, for who has to read it twice. What can be read only once, such as standard input, is copied to an
    /// anonymous temporary file first, at most `limit` bytes of it.
    ///
    /// # Errors
    /// When such an input cannot be read, or not be copied.
    pub fn twice(self, limit: u64) -> io::Result<(Self, Self)> {
        let parts = self.parts.into_iter().map(|part| part.twice(limit)).collect::<io::Result<Vec<_>>>()?;
        let (one, other) = parts.into_iter().unzip();
        Ok((Self { name: self.name.clone(), parts: one }, Self { name: self.name, parts: other }))
    }
}

/// A copy of what can be read only once, from its beginning.
struct Spooled {
    file: Arc<Mutex<File>>,
    at: u64,
}

impl Read for Spooled {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // a reader that panicked has left nothing behind that the next one would rely on
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(self.at))?;
        let read = file.read(buffer)?;
        self.at += read as u64;
        Ok(read)
    }
}

fn spooled(mut reader: impl Read, limit: u64) -> io::Result<(Origin, Origin)> {
    let mut file = tempfile::tempfile()?;
    io::copy(&mut reader.by_ref().take(limit), &mut file)?;
    let file = Arc::new(Mutex::new(file));
    let copy = || Origin::Reader(Box::new(Spooled { file: Arc::clone(&file), at: 0 }));
    Ok((copy(), copy()))
}

impl Part {
    fn twice(self, limit: u64) -> io::Result<(Self, Self)> {
        let (one, other) = match self.origin {
            // what cannot be opened is noted by who reads it
            Origin::File(path) if fs::metadata(&path).is_ok_and(|metadata| !metadata.is_file()) => {
                spooled(File::open(&path)?, limit)?
            }
            Origin::File(path) => (Origin::File(path.clone()), Origin::File(path)),
            Origin::Bytes(bytes) => (Origin::Bytes(bytes.clone()), Origin::Bytes(bytes)),
            Origin::Reader(reader) => spooled(reader, limit)?,
        };
        let part = |origin| Self { name: self.name.clone(), path: self.path.clone(), alone: self.alone, origin };
        Ok((part(one), part(other)))
    }

    /// Makes a part of the file, pipe or device at `path`, which is all of its case.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let own_name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        Part { name: readable(&path), path: own_name, alone: true, origin: Origin::File(path) }
    }

    /// Makes a part of bytes in memory, which may be an archive like any file, and which are all of their case.
    pub fn bytes(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        let name = name.into();
        Part { path: name.clone(), name, alone: true, origin: Origin::Bytes(bytes.into()) }
    }

    /// Makes a part of a stream such as standard input, which is all of its case.
    pub fn reader(name: impl Into<String>, reader: impl Read + Send + 'static) -> Self {
        let name = name.into();
        Part { path: name.clone(), name, alone: true, origin: Origin::Reader(Box::new(reader)) }
    }

    /// Its display name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its path inside the case. If it turns out to be an archive, its members have their own.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Its file, if it is one.
    pub fn file_path(&self) -> Option<&Path> {
        match &self.origin {
            Origin::File(path) => Some(path),
            _ => None,
        }
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::File(path) => out.debug_tuple("File").field(path).finish(),
            Origin::Bytes(bytes) => write!(out, "Bytes({})", bytes.len()),
            Origin::Reader(_) => out.write_str("Reader"),
        }
    }
}

/// Finds the cases in `paths`, and notes what cannot be one.
///
/// Symbolic links are followed where given, not where found. Every file found in a folder is opened for a look at its head.
pub fn cases(paths: &[PathBuf]) -> (Vec<CaseInput>, Vec<Note>) {
    let (mut cases, mut notes) = (Vec::new(), Vec::new());
    for path in paths {
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => folder(path, &mut cases, &mut notes),
            // A pipe or device that is given by name is meant to be read.
            Ok(_) => cases.push(CaseInput { name: readable(path), parts: vec![Part::file(path)] }),
            Err(error) => notes.push(Note::new(readable(path), NoteKind::Unreadable, reason(&error))),
        }
    }
    (cases, notes)
}

/// Whether the source at a path in its case is the facts file: at the root, or in a folder there, since bundles are often packed
/// with one.
pub fn is_facts_file(path: &str) -> bool {
    let in_one_folder = path.strip_suffix(FACTS_FILE).and_then(|folder| folder.strip_suffix('/'));
    path == FACTS_FILE || in_one_folder.is_some_and(|folder| !folder.contains(['/', ':']))
}

/// Finds the cases in a folder.
fn folder(root: &Path, cases: &mut Vec<CaseInput>, notes: &mut Vec<Note>) {
    let is_one_case = fs::symlink_metadata(root.join(FACTS_FILE)).is_ok_and(|metadata| metadata.is_file());
    let (mut parts, mut archives) = (Vec::new(), Vec::new());
    for (relative, path) in files(root, notes) {
        let is_archive = match is_archive(&path) {
            Ok(is_archive) => is_archive,
            Err(error) => {
                notes.push(Note::new(readable(&path), NoteKind::Unreadable, reason(&error)));
                continue;
            }
        };
        if is_archive && !is_one_case {
            archives.push(CaseInput { name: readable(&path), parts: vec![Part::file(path)] });
        } else {
            parts.push(Part { name: readable(&path), path: relative, alone: false, origin: Origin::File(path) });
        }
    }
    parts.sort_by_cached_key(|part| rotated(&part.path));
    if !parts.is_empty() || archives.is_empty() {
        cases.push(CaseInput { name: readable(root), parts });
    }
    cases.append(&mut archives);
}

/// Lists the regular files below `root`: relative path with `/`, and path; sorted by the former's bytes.
fn files(root: &Path, notes: &mut Vec<Note>) -> Vec<(String, PathBuf)> {
    let mut files = Vec::new();
    let mut troubles = Vec::new();
    for entry in WalkDir::new(root) {
        match entry {
            Ok(entry) => {
                let kind = entry.file_type();
                if kind.is_file() {
                    let relative = readable(entry.path().strip_prefix(root).unwrap_or(entry.path()));
                    files.push((relative, entry.into_path()));
                } else if !kind.is_dir() && !kind.is_symlink() {
                    let detail = "a pipe, socket or device in a folder is not read";
                    troubles.push(Note::new(readable(entry.path()), NoteKind::Unreadable, detail));
                }
            }
            Err(error) => {
                let path = readable(error.path().unwrap_or(root));
                let detail = error.io_error().map_or_else(|| "cannot be listed".to_owned(), reason);
                troubles.push(Note::new(path, NoteKind::Unreadable, detail));
            }
        }
    }
    files.sort();
    troubles.sort_by(|one, other| one.source.cmp(&other.source));
    notes.append(&mut troubles);
    files
}

/// Tells by its content whether a file is an archive of several members, or one that was compressed as a whole.
fn is_archive(path: &Path) -> io::Result<bool> {
    let mut head = Vec::with_capacity(HEAD);
    let mut file = File::open(path)?;
    file.by_ref().take(HEAD as u64).read_to_end(&mut head)?;
    let content = match recognise(&head) {
        Content::Compressed(compression) => {
            // Damage is for the reading to note; it does not make an archive of a file.
            let whole = Peek::new(head.as_slice().chain(file));
            decoder(compression, whole).map_or(Content::Other, |decoder| recognise(Peek::new(decoder).head(512)))
        }
        content => content,
    };
    Ok(matches!(content, Content::Archive(_)))
}

/// Writes a path for people and globs: lossy where it is not Unicode, separated by `/`, without one at the end.
fn readable(path: &Path) -> String {
    let text = path.to_string_lossy();
    let text = if cfg!(windows) { text.replace('\\', "/") } else { text.into_owned() };
    let trimmed = text.trim_end_matches('/');
    if trimmed.is_empty() { text } else { trimmed.to_owned() }
}

/// Says in words why something could not be opened, without the number of the error.
pub(super) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file or folder".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn tar() -> Vec<u8> {
        let mut builder = ::tar::Builder::new(Vec::new());
        let mut header = ::tar::Header::new_gnu();
        header.set_size(3);
        builder.append_data(&mut header, "a.log", &b"abc"[..]).unwrap();
        builder.into_inner().unwrap()
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// Each case as `name: paths of its parts`, relative to `root`.
    fn told(root: &Path) -> Vec<String> {
        let (cases, notes) = cases(&[root.to_owned()]);
        assert_eq!(notes, []);
        let prefix = readable(root);
        let line = |case: &CaseInput| {
            let name = case.name.strip_prefix(&prefix).unwrap();
            let parts: Vec<_> = case.parts.iter().map(|part| part.path()).collect();
            format!("{name}: {}", parts.join(" "))
        };
        cases.iter().map(line).collect()
    }

    fn example() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        let put = |path: &str, bytes: &[u8]| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        };
        put("sub/b.log", b"text");
        put("sub-b.log", b"text");
        put("a.log.1.gz", &gzip(b"text"));
        put("not-named-so", &tar());
        put("sub/x.tgz", &gzip(&tar()));
        put("y.tar.zst", &zstd::encode_all(tar().as_slice(), 1).unwrap());
        put("z.zip", b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
        put("empty.tar", b"");
        root
    }

    #[test]
    fn archives_in_a_folder_are_cases_and_all_else_is_one() {
        let root = example();
        let expected = [
            ": a.log.1.gz empty.tar sub-b.log sub/b.log",
            "/not-named-so: not-named-so",
            "/sub/x.tgz: x.tgz",
            "/y.tar.zst: y.tar.zst",
            "/z.zip: z.zip",
        ];
        assert_eq!(told(root.path()), expected);
    }

    #[test]
    fn rotated_files_of_a_folder_are_parts_from_the_oldest_to_the_current() {
        let root = tempfile::tempdir().unwrap();
        for name in ["x.log", "x.log.1", "x.log.10.gz", "x.log.2.gz", "x.log-a", "app.log", "app-2026-01-02.log"] {
            fs::write(root.path().join(name), "text").unwrap();
        }
        let expected = ": app-2026-01-02.log app.log x.log.10.gz x.log.2.gz x.log.1 x.log x.log-a";
        assert_eq!(told(root.path()), [expected]);
    }

    #[test]
    fn a_folder_with_facts_is_one_case() {
        let root = example();
        fs::write(root.path().join(FACTS_FILE), "facts: {}").unwrap();
        let all = ": a.log.1.gz empty.tar facts.yaml not-named-so sub-b.log sub/b.log sub/x.tgz y.tar.zst z.zip";
        assert_eq!(told(root.path()), [all]);
    }

    #[test]
    fn facts_below_the_root_do_not_join_a_folder() {
        let root = example();
        fs::write(root.path().join("sub").join(FACTS_FILE), "facts: {}").unwrap();
        assert_eq!(told(root.path()).len(), 5);
    }

    #[test]
    fn an_empty_folder_is_a_case_without_parts() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(told(root.path()), [": "]);
    }

    #[test]
    fn the_order_given_is_kept_and_what_is_missing_is_noted() {
        let root = example();
        let given = ["sub-b.log", "missing.log", "a.log.1.gz"].map(|name| root.path().join(name));
        let (cases, notes) = cases(&given);
        let names: Vec<_> = cases.iter().map(|case| case.name.as_str()).collect();
        assert_eq!(names, [readable(&given[0]), readable(&given[2])]);
        assert_eq!(notes, [Note::new(readable(&given[1]), NoteKind::Unreadable, "no such file or folder")]);
    }

    #[cfg(unix)]
    #[test]
    fn links_are_not_followed_and_sockets_are_noted() {
        let root = example();
        std::os::unix::fs::symlink("/etc", root.path().join("etc")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(root.path().join("socket")).unwrap();
        let (cases, notes) = cases(&[root.path().to_owned()]);
        assert_eq!(cases[0].parts.len(), 4);
        assert_eq!(notes.len(), 1);
        assert!(notes[0].source.ends_with("/socket"), "{notes:?}");
    }
}
