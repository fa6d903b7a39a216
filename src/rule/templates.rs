//! The files below `templates/`: layouts, and texts that rules take in.
//!
//! [`Templates`] looks in folders, in their order, and last among the files that are compiled in, so that a folder's own file goes
//! before a shipped one. What the texts mean is checked by `text`, for each rule that takes them in.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::rule::authored::AuthoredFile;
use crate::rule::faultbook::{shown, text_of};
use crate::rule::shipped;

/// Paths from which a near one is suggested: more than faultbooks have, and listed in milliseconds.
const PATHS_LISTED: usize = 1_000;

/// Where the texts below `templates/` are read from.
pub(crate) trait TemplateSource: Sync {
    /// The file at a path; `None` when there is none. The error says why one that is there cannot be read.
    fn read(&self, path: &str) -> Result<Option<Arc<AuthoredFile>>, String>;

    /// The paths that there are, to suggest from.
    fn paths(&self) -> Vec<String>;
}

/// Where templates are looked for: folders in order, then what is shipped.
#[derive(Clone, Debug, Default)]
pub struct Templates {
    pub(crate) folders: Vec<PathBuf>,
}

impl Templates {
    /// The template at a path below one of the folders; never a file outside them.
    pub fn find(&self, path: &str) -> Option<Arc<AuthoredFile>> {
        self.read_beside(path, &|_| None).ok().flatten()
    }

    /// The same, where texts that are not on disk go before those that are.
    pub(crate) fn read_beside(
        &self,
        path: &str,
        unsaved: &dyn Fn(&Path) -> Option<String>,
    ) -> Result<Option<Arc<AuthoredFile>>, String> {
        if !is_inside(path) {
            return Ok(None);
        }
        for full in self.folders.iter().map(|folder| folder.join(path)) {
            let text = match unsaved(&full) {
                Some(text) => text,
                None if full.is_file() => text_of(&full)?,
                None => continue,
            };
            return Ok(Some(Arc::new(AuthoredFile::new(shown(&full), text))));
        }
        Ok(shipped::template(path).map(|text| Arc::new(AuthoredFile::new(format!("templates/{path}"), text))))
    }

    /// The paths below all folders and of what is compiled in, sorted; of very many some.
    pub(crate) fn listed(&self) -> BTreeSet<String> {
        let mut found: BTreeSet<String> = shipped::templates().map(str::to_owned).collect();
        for folder in &self.folders {
            let files = walkdir::WalkDir::new(folder).into_iter().filter_map(Result::ok);
            let files = files.filter(|entry| entry.file_type().is_file()).take(PATHS_LISTED);
            found.extend(files.filter_map(|entry| entry.path().strip_prefix(folder).ok().map(shown)));
        }
        found
    }
}

impl TemplateSource for Templates {
    fn read(&self, path: &str) -> Result<Option<Arc<AuthoredFile>>, String> {
        self.read_beside(path, &|_| None)
    }

    fn paths(&self) -> Vec<String> {
        self.listed().into_iter().collect()
    }
}

/// Whether a path stays below the folder that it is taken from.
pub(crate) fn is_inside(path: &str) -> bool {
    !path.is_empty() && Path::new(path).components().all(|part| matches!(part, Component::Normal(_)))
}
