//! A faultbook that follows its files: what did not change is neither read nor checked again.
//!
//! [`LiveFaultbook::reload`] looks at the stamps of all files, which takes a fraction of the time of reading them, and loads the faultbook
//! with what was kept of the last time. Templates, tables, settings and overlays concern any rule: when one of them changed, everything is
//! reported as changed. Waiting for files to change is the caller's job.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rayon::prelude::*;

use crate::rule::diagnostic::Diagnostic;
use crate::rule::faultbook::overlays::{is_among, overlay_files};
use crate::rule::faultbook::{
    Faultbook, ReadRule, RuleId, files_of_rules, settings_files, table_folders_of, template_folders_of,
};

/// The name of the folders, beside rule files, of the answers that their tests gave.
pub const SNAPSHOT_FOLDER: &str = "snapshots";

/// How long after its time of change a file may change again without getting another time: that of file systems that count in
/// steps of two seconds. Within it the content decides.
const COARSEST_CLOCK: Duration = Duration::from_secs(2);

/// What an earlier load read.
///
/// Paths are keys as plain strings: as paths they would be taken apart to be hashed, which costs more than all else. Rules are boxed,
/// as they are moved from list to list.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    rules: HashMap<OsString, Box<KeptRule>>,
    /// The rule files as they were listed a moment ago, and what could not be listed.
    listed: Option<(Vec<PathBuf>, Vec<Diagnostic>)>,
}

/// One rule file, as it was read.
#[derive(Debug)]
pub(crate) struct KeptRule {
    path: PathBuf,
    pub(crate) read: Result<ReadRule, Diagnostic>,
    /// Where its rule is in the faultbook; `None` when it is not used.
    pub(crate) place: Option<RuleId>,
}

impl KeptRule {
    pub(crate) fn new(read: Result<ReadRule, Diagnostic>, path: PathBuf) -> Self {
        Self { path, read, place: None }
    }
}

impl Kept {
    #[expect(clippy::vec_box, reason = "rules are large, and are moved several times while they are put together")]
    pub(crate) fn of(rules: Vec<Box<KeptRule>>) -> Self {
        let by_path = rules.into_iter().map(|rule| (rule.path.clone().into_os_string(), rule));
        Self { rules: by_path.collect(), listed: None }
    }

    /// The rule files, if they were listed a moment ago.
    pub(crate) fn take_listed(&mut self) -> Option<(Vec<PathBuf>, Vec<Diagnostic>)> {
        self.listed.take()
    }

    /// What was read of a file, if it is to be used again.
    pub(crate) fn take(&mut self, path: &Path) -> Option<Box<KeptRule>> {
        self.rules.remove(path.as_os_str())
    }

    /// Takes the rules back from the faultbook that was made of them.
    fn take_back(&mut self, faultbook: Faultbook) {
        let mut rules: Vec<Option<_>> = faultbook.into_rules().into_iter().map(Some).collect();
        for kept in self.rules.values_mut() {
            if let (Ok(read), Some(place)) = (&mut kept.read, kept.place) {
                read.rule = rules.get_mut(place.index()).and_then(Option::take);
            }
        }
    }
}

/// What a reload found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reload {
    /// No file changed.
    Nothing,
    /// Only rule files or their snapshots did: these are the rules that are new or different, ascending. Empty when rules only went.
    Rules(Vec<RuleId>),
    /// Something that may concern every rule.
    Everything,
}

/// The files of a faultbook, as they were at the last look.
#[derive(Debug)]
pub struct WatchedFiles {
    rule_paths: Vec<PathBuf>,
    template_folders: Vec<PathBuf>,
    overlays: Vec<PathBuf>,
    rules: Stamps,
    shared: Stamps,
    snapshots: Stamps,
}

impl WatchedFiles {
    /// Looks at the files of a faultbook that is [loaded](Faultbook::load_with_overlays) from these paths.
    pub fn new(rule_paths: &[PathBuf], template_folders: &[PathBuf], overlays: &[PathBuf]) -> Self {
        let mut files = Self {
            rule_paths: rule_paths.to_vec(),
            template_folders: template_folders.to_vec(),
            overlays: overlays.to_vec(),
            rules: Stamps::default(),
            shared: Stamps::default(),
            snapshots: Stamps::default(),
        };
        files.look();
        files
    }

    /// Looks again, and tells whether rules, or what concerns them, are not as they were. Other files beside them may come and go.
    pub fn have_changed(&mut self) -> bool {
        let changes = self.look();
        changes.shared || !changes.rules.is_empty()
    }

    /// The folders in which a change may concern the faultbook, and whether those below them count too.
    pub fn folders(&self) -> Vec<(PathBuf, bool)> {
        watched_folders(&self.rule_paths, &self.template_folders, &self.overlays)
    }

    /// Looks at every file and tells what is not as it was at the last look.
    fn look(&mut self) -> Changes {
        let mut listed = files_of_rules(&self.rule_paths);
        listed.0.retain(|file| !is_among(file, &self.overlays));
        let files = &listed.0;
        let mut folders: Vec<&Path> = files.iter().filter_map(|file| file.parent()).collect();
        folders.dedup(); // files of a folder stand together
        let folders: HashSet<&Path> = folders.into_iter().collect();
        let snapshots = folders.iter().flat_map(|folder| files_below(&folder.join(SNAPSHOT_FOLDER))).collect();
        let templates = template_folders_of(&self.rule_paths, &self.template_folders);
        let templates = templates.iter().flat_map(|folder| files_below(folder));
        let tables = table_folders_of(&self.rule_paths);
        let tables = tables.iter().flat_map(|folder| files_below(folder));
        let shared = templates.chain(tables).chain(settings_files(&self.rule_paths));
        let shared = shared.chain(overlay_files(&self.rule_paths, &self.overlays)).collect();
        Changes {
            rules: self.rules.look(files.clone()),
            shared: !self.shared.look(shared).is_empty(),
            snapshots: self.snapshots.look(snapshots),
            listed,
        }
    }
}

/// A faultbook and what is needed to load it again quickly.
#[derive(Debug)]
pub struct LiveFaultbook {
    files: WatchedFiles,
    /// Whether rules stay as their authors wrote them.
    as_written: bool,
    faultbook: Faultbook,
    kept: Kept,
}

impl LiveFaultbook {
    /// Loads a faultbook as [`Faultbook::load`] does.
    pub fn load(rule_paths: &[PathBuf], template_folders: &[PathBuf]) -> Self {
        Self::load_with_overlays(rule_paths, template_folders, &[])
    }

    /// Loads a faultbook as [`Faultbook::load_with_overlays`] does.
    pub fn load_with_overlays(rule_paths: &[PathBuf], template_folders: &[PathBuf], overlays: &[PathBuf]) -> Self {
        Self::new(rule_paths, template_folders, overlays, false)
    }

    /// The same, with the rules [as their authors wrote them](Faultbook::as_written).
    pub fn load_as_written(rule_paths: &[PathBuf], template_folders: &[PathBuf], overlays: &[PathBuf]) -> Self {
        Self::new(rule_paths, template_folders, overlays, true)
    }

    fn new(rule_paths: &[PathBuf], template_folders: &[PathBuf], overlays: &[PathBuf], as_written: bool) -> Self {
        let mut live = Self {
            // first: what changes while rules are read is seen as changed next time
            files: WatchedFiles::new(rule_paths, template_folders, overlays),
            as_written,
            faultbook: Faultbook::from_texts(Vec::new(), Default::default()),
            kept: Kept::default(),
        };
        live.load_beside(Kept::default());
        live
    }

    /// The faultbook as it was loaded last.
    pub fn faultbook(&self) -> &Faultbook {
        &self.faultbook
    }

    /// Loads what changed since the last time. The outcome is that of loading everything anew. Cost: a look at each file, and
    /// reading and checking those that changed.
    pub fn reload(&mut self) -> Reload {
        let Changes { rules, shared, snapshots, listed } = self.files.look();
        if rules.is_empty() && snapshots.is_empty() && !shared {
            return Reload::Nothing;
        }
        let empty = Faultbook::from_texts(Vec::new(), Default::default());
        let mut kept = std::mem::take(&mut self.kept);
        kept.take_back(std::mem::replace(&mut self.faultbook, empty));
        let mut unused: Vec<OsString> = Vec::new();
        if shared {
            kept = Kept::default();
        } else {
            rules.iter().for_each(|path| _ = kept.rules.remove(path));
            unused.extend(kept.rules.iter().filter(|(_, rule)| rule.place.is_none()).map(|(path, _)| path.clone()));
        }
        kept.listed = Some(listed);
        self.load_beside(kept);
        if shared {
            return Reload::Everything;
        }
        let places = rules.iter().chain(&unused).filter_map(|path| self.kept.rules.get(path)?.place);
        let of_snapshots =
            snapshots.iter().filter_map(|path| self.faultbook.find(Path::new(path).file_stem()?.to_str()?));
        let mut changed: Vec<RuleId> = places.chain(of_snapshots).collect();
        changed.sort_unstable();
        changed.dedup();
        Reload::Rules(changed)
    }

    fn load_beside(&mut self, kept: Kept) {
        let WatchedFiles { rule_paths, template_folders, overlays, .. } = &self.files;
        (self.faultbook, self.kept) = Faultbook::load_beside(rule_paths, template_folders, overlays, kept);
        if self.as_written {
            self.faultbook.set_overlays_aside();
        }
    }

    /// The folders in which a change may concern the faultbook, and whether those below them count too.
    pub fn folders(&self) -> Vec<(PathBuf, bool)> {
        self.files.folders()
    }
}

/// The folders in which a change may concern a faultbook, and whether those below them count too.
fn watched_folders(rule_paths: &[PathBuf], template_folders: &[PathBuf], overlays: &[PathBuf]) -> Vec<(PathBuf, bool)> {
    let mut folders: BTreeMap<PathBuf, bool> = BTreeMap::new();
    let mut add = |path: &Path, below: bool| {
        // a watch on a file ends when an editor puts another one in its place
        let (folder, below) = match path.is_dir() {
            true => (Some(path), below),
            false => (path.parent(), false),
        };
        if let Some(folder) = folder.and_then(|folder| std::path::absolute(folder).ok()).filter(|path| path.is_dir()) {
            *folders.entry(folder).or_default() |= below;
        }
    };
    for path in rule_paths {
        add(path, true);
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.clone());
        if let Some(beside) = absolute.parent() {
            add(beside, false);
            add(&beside.join(SNAPSHOT_FOLDER), false);
        }
    }
    template_folders_of(rule_paths, template_folders).iter().for_each(|path| add(path, true));
    table_folders_of(rule_paths).iter().for_each(|path| add(path, true));
    settings_files(rule_paths).iter().for_each(|path| add(path, false));
    overlay_files(rule_paths, overlays).iter().for_each(|path| add(path, false));
    folders.into_iter().collect()
}

/// What is not as it was: new, different or gone.
struct Changes {
    rules: HashSet<OsString>,
    shared: bool,
    snapshots: HashSet<OsString>,
    /// The rule files, and what could not be listed.
    listed: (Vec<PathBuf>, Vec<Diagnostic>),
}

/// Files, without those that editors make for a moment.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let is_hidden = |name: &OsStr| name.as_encoded_bytes().starts_with(b".") || name.as_encoded_bytes().ends_with(b"~");
    let files = walkdir::WalkDir::new(folder).into_iter().filter_map(Result::ok);
    let files = files.filter(|entry| entry.file_type().is_file() && !is_hidden(entry.file_name()));
    files.map(walkdir::DirEntry::into_path).collect()
}

/// How files were at the last look.
#[derive(Debug, Default)]
struct Stamps(HashMap<OsString, Stamp>);

impl Stamps {
    /// Looks at these files, and tells which of them, or of those of the last look, are new, different or gone.
    fn look(&mut self, files: Vec<PathBuf>) -> HashSet<OsString> {
        let before = std::mem::take(&mut self.0);
        let now: Vec<(OsString, Stamp)> = files
            .into_par_iter()
            .filter_map(|path| {
                let stamp = Stamp::of(&path, before.get(path.as_os_str()))?;
                Some((path.into_os_string(), stamp))
            })
            .collect();
        self.0 = now.into_iter().collect();
        let other =
            self.0.iter().filter(|(path, stamp)| before.get(*path).is_none_or(|old| old.content != stamp.content));
        let gone = before.keys().filter(|path| !self.0.contains_key(*path));
        other.map(|(path, _)| path).chain(gone).cloned().collect()
    }
}

/// What tells whether a file is still the one that was read.
#[derive(Clone, Copy, Debug)]
struct Stamp {
    modified: Option<SystemTime>,
    bytes: u64,
    /// A hash of the content; it never leaves the process.
    content: u64,
    /// Whether a later change would show in the time.
    settled: bool,
}

impl Stamp {
    /// Looks at a file; `None` when there is none to read.
    fn of(path: &Path, before: Option<&Stamp>) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok()?;
        let (modified, bytes) = (metadata.modified().ok(), metadata.len());
        if let Some(before) = before.filter(|before| before.settled)
            && (before.modified, before.bytes) == (modified, bytes)
        {
            return Some(*before);
        }
        let looked = SystemTime::now();
        let mut hasher = DefaultHasher::new();
        std::fs::read(path).ok()?.hash(&mut hasher);
        let age = modified.and_then(|modified| looked.duration_since(modified).ok());
        let settled = age.is_some_and(|age| age > COARSEST_CLOCK);
        Some(Self { modified, bytes, content: hasher.finish(), settled })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::Severity;

    fn rule(id: &str, text: &str) -> String {
        format!("id: {id}\ntitle: t\nseverity: error\nsignatures:\n  s: {{ contains: {text} }}\nresolution: r\n")
    }

    fn ids(live: &LiveFaultbook, reload: Reload) -> Vec<String> {
        let Reload::Rules(changed) = reload else { panic!("{reload:?}") };
        changed.into_iter().map(|id| live.faultbook().rule(id).id.clone()).collect()
    }

    #[test]
    fn what_changed_is_loaded_and_the_rest_stays_as_if_all_had_been_loaded() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |path: &str, text: &str| std::fs::write(folder.path().join(path), text).expect("written");
        for id in ["a", "b", "c"] {
            write(&format!("{id}.yaml"), &rule(id, "text"));
        }
        let paths = [folder.path().to_owned()];
        let mut live = LiveFaultbook::load(&paths, &[]);
        let same_as_new = |live: &LiveFaultbook| {
            let new = Faultbook::load(&paths, &[]);
            let ids = |book: &Faultbook| book.rules().iter().map(|rule| rule.id.clone()).collect::<Vec<_>>();
            let told = |book: &Faultbook| book.diagnostics().iter().map(|each| each.title.clone()).collect::<Vec<_>>();
            assert_eq!((ids(live.faultbook()), told(live.faultbook())), (ids(&new), told(&new)));
        };
        assert_eq!(live.reload(), Reload::Nothing);

        write("b.yaml", &rule("b", "other"));
        let reload = live.reload();
        assert_eq!(ids(&live, reload), ["b"]);
        same_as_new(&live);
        write("b.yaml", &rule("a", "other"));
        let reload = live.reload();
        assert!(ids(&live, reload).is_empty(), "an id twice: the first one is used");
        same_as_new(&live);
        write("a.yaml", "id: [");
        let reload = live.reload();
        assert_eq!(ids(&live, reload), ["a"], "the second one is usable now, though its file did not change");
        same_as_new(&live);
        std::fs::remove_file(folder.path().join("c.yaml")).expect("removed");
        let reload = live.reload();
        assert!(ids(&live, reload).is_empty());
        same_as_new(&live);
        write("faultbook.yaml", "limits: { depth: 3 }\n");
        assert_eq!(live.reload(), Reload::Everything);
        same_as_new(&live);
        assert_eq!(live.reload(), Reload::Nothing);

        let severity = |live: &LiveFaultbook| live.faultbook().rules()[0].severity;
        write("overlay.yaml", "rules: { a: { severity: info } }\n");
        assert_eq!(live.reload(), Reload::Everything);
        assert_eq!(severity(&live), Severity::Info);
        write("c.yaml", &rule("c", "another"));
        live.reload();
        let source = live.faultbook().rules()[0].overlay.as_ref().and_then(|overlay| overlay.severity.clone());
        assert_eq!(source.map(|(written, _)| written), Some(Severity::Error), "what is kept is the rule as written");
        assert_eq!(severity(&live), Severity::Info);
        write("overlay.yaml", "");
        live.reload();
        assert_eq!(severity(&live), Severity::Error);
        same_as_new(&live);
    }
}
