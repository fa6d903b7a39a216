//! The folder of uploads: what is written to it, and that nothing stays in it which nobody knows.
//!
//! An upload is `KEY.part` while it comes in, locked by who writes it, and `KEY.upload` from then on. The file `folder` holds the folder's
//! id, by which the database tells whose uploads are here; several servers may share a folder or have one each.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::portal::cases::seal::{CaseId, SealedWriter};
use crate::portal::store;
use crate::report::redact::RedactionKey;

/// The file with the folder's id.
const FOLDER_ID: &str = "folder";
/// The file with the key for pseudonyms.
const REDACTION_KEY: &str = "redaction-key";
const PART: &str = "part";
const UPLOAD: &str = "upload";

/// A folder of uploads.
#[derive(Clone, Debug)]
pub(crate) struct Spool {
    folder: PathBuf,
    id: String,
}

impl Spool {
    /// Opens a folder, which is made if there is none.
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder)?;
        let id = kept(folder, FOLDER_ID)?;
        Ok(Self { folder: folder.to_owned(), id })
    }

    /// The key for pseudonyms that the folder keeps, so that they outlast the process.
    pub(crate) fn redaction_key(&self) -> io::Result<RedactionKey> {
        RedactionKey::from_secret(kept(&self.folder, REDACTION_KEY)?.as_bytes()).map_err(io::Error::other)
    }

    /// The folder's id.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Begins an upload.
    pub(crate) fn begin(&self, id: &CaseId) -> io::Result<Incoming> {
        let path = self.folder.join(id.key()).with_extension(PART);
        let file = loop {
            let file = private(&path)?;
            file.lock()?;
            // before it was locked it may have been deleted as nobody's
            if path.exists() {
                break file;
            }
        };
        let incoming = path.clone();
        Ok(Incoming {
            path: Some(incoming),
            writer: Some(SealedWriter::new(BufWriter::new(file), id)?),
            finished: None,
            bytes: 0,
        })
    }

    /// The upload of a case.
    pub(crate) fn path(&self, key: &str) -> PathBuf {
        self.folder.join(key).with_extension(UPLOAD)
    }

    /// Deletes the upload of a case, if it is here.
    pub(crate) fn delete(&self, key: &str) {
        match fs::remove_file(self.path(key)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::error!(%error, "an upload could not be deleted");
            }
            _ => {}
        }
    }

    /// The keys of the uploads that are here, and deletes what a process that crashed left half written.
    pub(crate) fn uploads(&self) -> io::Result<Vec<String>> {
        let mut keys = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let key = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            match path.extension().and_then(|ending| ending.to_str()) {
                Some(UPLOAD) => keys.push(key.to_owned()),
                Some(PART) => {
                    // whoever writes it holds the lock until it is an upload; what nobody holds is held while it is deleted
                    let nobodys = File::open(&path).ok().filter(|file| file.try_lock().is_ok());
                    if nobodys.is_some()
                        && let Err(error) = fs::remove_file(&path)
                        && error.kind() != io::ErrorKind::NotFound
                    {
                        return Err(error);
                    }
                }
                _ => {}
            }
        }
        Ok(keys)
    }

    /// Deletes uploads that were there before their cases were asked for, and whose cases are not known.
    pub(crate) fn keep_only(&self, uploads: Vec<String>, known: &[String]) {
        let known: HashSet<&str> = known.iter().map(String::as_str).collect();
        uploads.iter().filter(|key| !known.contains(key.as_str())).for_each(|key| self.delete(key));
    }
}

/// The random digits in a file, which is made if there is none.
fn kept(folder: &Path, name: &str) -> io::Result<String> {
    let path = folder.join(name);
    let digits = store::new_id().map_err(|error| io::Error::other(error.to_string()))?;
    match private(&path) {
        Ok(mut file) => {
            file.write_all(digits.as_bytes())?;
            file.sync_all()?;
            Ok(digits)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let text = fs::read_to_string(&path)?;
            match CaseId::parse(text.trim()) {
                Some(_) => Ok(text.trim().to_owned()),
                None => Err(io::Error::other(format!("`{}` is damaged; delete it", path.display()))),
            }
        }
        Err(error) => Err(error),
    }
}

/// A new file that only this user reads.
fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// An upload that is coming in; unless it is finished, nothing of it stays.
pub(crate) struct Incoming {
    path: Option<PathBuf>,
    writer: Option<SealedWriter<BufWriter<File>>>,
    /// When it is written; kept for its lock.
    finished: Option<File>,
    bytes: u64,
}

impl Incoming {
    /// Adds what came.
    pub(crate) fn add(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bytes += bytes.len() as u64;
        self.writer.as_mut().map_or(Ok(()), |writer| writer.add(bytes))
    }

    /// Ends it, and tells how many bytes came. They are on the disk then, but not yet an upload.
    pub(crate) fn finish(&mut self) -> io::Result<u64> {
        if let Some(writer) = self.writer.take() {
            let file = writer.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
            file.sync_all()?;
            self.finished = Some(file);
        }
        Ok(self.bytes)
    }

    /// Makes it an upload, when its case is known to the database: an upload without a case is deleted as nobody's.
    pub(crate) fn publish(mut self) -> io::Result<()> {
        match self.path.take() {
            Some(path) => fs::rename(&path, path.with_extension(UPLOAD)),
            None => Ok(()),
        }
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if let Some(path) = self.path.take() {
            let _ = fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_up_or_unknown_does_not_stay() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(folder.path()).unwrap();
        let files = || fs::read_dir(folder.path()).unwrap().count() - 1;
        let (id, other) = (CaseId::new().unwrap(), CaseId::new().unwrap());
        let mut given_up = spool.begin(&id).unwrap();
        given_up.add(b"half").unwrap();
        assert!(spool.uploads().unwrap().is_empty(), "it is not complete");
        assert_eq!(files(), 1, "somebody writes it");
        drop(given_up);
        assert_eq!(files(), 0);
        for id in [&id, &other] {
            let mut whole = spool.begin(id).unwrap();
            whole.add(b"whole").unwrap();
            assert_eq!(whole.finish().unwrap(), 5);
            // a sweep between the two must not take it for a crashed one
            spool.uploads().unwrap();
            whole.publish().unwrap();
        }
        fs::write(folder.path().join("crashed.part"), "half").unwrap();
        spool.keep_only(spool.uploads().unwrap(), &[id.key()]);
        assert_eq!(files(), 1);
        assert!(spool.path(&id.key()).exists());
        assert_eq!(Spool::open(folder.path()).unwrap().id(), spool.id());
    }
}
