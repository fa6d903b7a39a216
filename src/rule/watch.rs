//! Waiting for files to change, for those who work on with what is new.
//!
//! The operating system tells of every step of saving a file; a [`Watch`] waits until it is quiet for a moment. What changed is
//! for others to find out.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode, EventKind, ModifyKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};

/// How long nothing may happen before files are looked at: editors write, rename and set permissions within a few milliseconds.
const QUIET: Duration = Duration::from_millis(10);
/// How long to wait for quiet: somebody may be writing all the time.
const PATIENCE: Duration = Duration::from_millis(100);

/// Why changes cannot be watched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WatchError {
    /// The system refuses to watch a folder.
    #[error("cannot watch the files: {0}")]
    Refused(#[from] notify::Error),
    /// The system tells of changes no more.
    #[error("the system does not tell of changes any more")]
    Ended,
}

/// Folders in which something may change.
pub struct Watch {
    watcher: RecommendedWatcher,
    events: Receiver<()>,
    folders: Vec<(PathBuf, bool)>,
    /// Those of them that are watched without what is below.
    flat: Arc<Mutex<HashSet<PathBuf>>>,
}

impl Watch {
    /// Begins to watch folders; of each whether what is below counts too.
    pub fn new(folders: Vec<(PathBuf, bool)>) -> Result<Self, WatchError> {
        let (sender, events) = mpsc::channel();
        let flat = Arc::<Mutex<HashSet<PathBuf>>>::default();
        let known = Arc::clone(&flat);
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let flat = known.lock().unwrap_or_else(PoisonError::into_inner);
            // an error may mean that events were lost
            if event.map_or(true, |event| is_change(event.kind) && !is_of_others(&event, &flat)) {
                let _ = sender.send(());
            }
        });
        let mut watch = Self { watcher: watcher?, events, folders: Vec::new(), flat };
        watch.follow(folders)?;
        Ok(watch)
    }

    /// Watches these folders from now on.
    pub fn follow(&mut self, folders: Vec<(PathBuf, bool)>) -> Result<(), WatchError> {
        let is_new = |folder: &&(PathBuf, bool)| !self.folders.contains(folder);
        let new: Vec<&(PathBuf, bool)> = folders.iter().filter(is_new).collect();
        for (folder, below) in new {
            let mode = if *below { RecursiveMode::Recursive } else { RecursiveMode::NonRecursive };
            self.watcher.watch(Path::new(folder), mode)?;
        }
        let flat = folders.iter().filter(|(_, below)| !below).map(|(folder, _)| folder.clone());
        *self.flat.lock().unwrap_or_else(PoisonError::into_inner) = flat.collect();
        self.folders = folders;
        Ok(())
    }

    /// Waits until something changed and then nothing for a moment. Gives when it began to change.
    pub fn wait(&self) -> Result<Instant, WatchError> {
        self.events.recv().map_err(|_| WatchError::Ended)?;
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            match self.events.recv_timeout(QUIET) {
                Ok(()) => {}
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return Err(WatchError::Ended),
            }
        }
        Ok(began)
    }
}

/// Whether an event tells only of writing to files that are no rules, beside them: a log or a database there is written all the time.
fn is_of_others(event: &notify::Event, flat: &HashSet<PathBuf>) -> bool {
    let is_yaml = |path: &Path| path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml");
    let is_other = |path: &PathBuf| !is_yaml(path) && path.parent().is_some_and(|folder| flat.contains(folder));
    let is_writing =
        matches!(event.kind, EventKind::Modify(ModifyKind::Data(_) | ModifyKind::Metadata(_)) | EventKind::Access(_));
    is_writing && !event.paths.is_empty() && event.paths.iter().all(is_other)
}

/// Whether an event may mean other contents. Reading a file is an event too, and the one who reads is us.
fn is_change(kind: EventKind) -> bool {
    !matches!(kind, EventKind::Access(access) if access != AccessKind::Close(AccessMode::Write))
}
