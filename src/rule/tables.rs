//! The tables of a faultbook: the files in the folders `tables` beside or in its rule folders.
//!
//! All of them are read when the rules are, so that each is checked once, whether a rule uses it or not. What they hold is for `table`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use crate::rule::authored::{AuthoredFile, Span};
use crate::rule::diagnostic::{Code, Diagnostic};
use crate::rule::faultbook::{not_readable, shown};
use crate::rule::table::{TABLE_BYTES, Table};

/// The name of the folders.
pub(crate) const TABLE_FOLDER: &str = "tables";
/// The endings of table files.
const ENDINGS: [&str; 3] = ["csv", "yaml", "yml"];

/// Tables by name: the path below the folder without the ending.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    /// `None` for files without any usable column, so that rules that name them are not told that there is no such file.
    tables: BTreeMap<String, Option<Arc<Table>>>,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl Tables {
    /// Reads the tables below some folders; of two with the same name, the one of the earlier folder is used. `read` gives the text
    /// of a file, or why there is none.
    pub(crate) fn load(folders: &[PathBuf], read: impl Fn(&Path) -> Result<String, String> + Sync) -> Self {
        let mut tables = Tables::default();
        for folder in folders {
            let files: Vec<(String, PathBuf)> = table_files(folder);
            let read_tables: Vec<_> = files
                .into_par_iter()
                .map(|(name, path)| {
                    let shown = shown(&path);
                    let outcome = match read(&path) {
                        Ok(text) if text.len() > TABLE_BYTES => (None, vec![too_large(&shown)]),
                        Ok(text) => Table::read(&name, Arc::new(AuthoredFile::new(shown.as_str(), text))),
                        Err(reason) => (None, vec![not_readable(&path, &reason)]),
                    };
                    (name, shown, outcome)
                })
                .collect();
            let mut here: BTreeMap<String, (String, Option<Arc<Table>>)> = BTreeMap::new();
            for (name, shown, (table, diagnostics)) in read_tables {
                match here.get(&name) {
                    Some((first, _)) => tables.diagnostics.push(twice(&name, &shown, first)),
                    None => {
                        tables.diagnostics.extend(diagnostics);
                        here.insert(name, (shown, table.map(Arc::new)));
                    }
                }
            }
            for (name, (_, table)) in here {
                tables.tables.entry(name).or_insert(table);
            }
        }
        tables
    }

    /// The table of a name. `None` when there is none; the inner one when its file cannot be used, which is reported.
    pub(crate) fn find(&self, name: &str) -> Option<Option<&Arc<Table>>> {
        self.tables.get(name).map(Option::as_ref)
    }

    /// The names of all tables.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.tables.keys().map(String::as_str)
    }
}

/// The table files below a folder with their names, in order.
pub(crate) fn table_files(folder: &Path) -> Vec<(String, PathBuf)> {
    let files = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().filter_map(Result::ok);
    let files = files.filter(|entry| entry.file_type().is_file()).map(walkdir::DirEntry::into_path);
    let named = |path: PathBuf| {
        let ending = path.extension()?.to_str()?;
        let is_hidden = path.file_name()?.as_encoded_bytes().starts_with(b".");
        let below = path.strip_prefix(folder).ok()?.with_extension("");
        let name = below.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/");
        (ENDINGS.contains(&ending) && !is_hidden).then_some((name, path))
    };
    files.filter_map(named).collect()
}

fn too_large(path: &str) -> Diagnostic {
    let title = format!("the table `{path}` is larger than {} MiB", TABLE_BYTES >> 20);
    let file = Arc::new(AuthoredFile::new(path, ""));
    Diagnostic::error(Code::BadTable, title)
        .at(&file, Span::default(), "")
        .help("keep the rows and columns that rules look up")
}

fn twice(name: &str, path: &str, first: &str) -> Diagnostic {
    let file = Arc::new(AuthoredFile::new(path, ""));
    Diagnostic::error(
        Code::BadTable,
        format!("two files are the table `{name}`: `{first}`, which is used, and `{path}`"),
    )
    .at(&file, Span::default(), "")
    .help("rename one of them")
}
