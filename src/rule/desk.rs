//! A faultbook on an author's desk: files that are open in an editor count as they stand there, saved or not.
//!
//! [`Desk`] keeps what was read of each file. When a text changes, that file alone is read and checked again, and rules that take their
//! text from it; what concerns several rules (double ids, `supersedes`) is looked at anew each time, which needs no file. So the
//! diagnostics are those of a [`Faultbook`] loaded from the same texts, in a fraction of the time. It does not
//! watch files: the caller tells what changed.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;

use crate::rule::authored::{AuthoredFile, Span};
use crate::rule::checked::Rule;
use crate::rule::diagnostic::Diagnostic;
use crate::rule::faultbook::overlays::{is_among, overlay_files};
use crate::rule::faultbook::{
    Faultbook, ReadRule, files_of_rules, join, not_readable, settings_files, shown, table_folders_of,
    template_folders_of, text_of,
};
use crate::rule::lint::Allowed;
use crate::rule::overlay::OVERLAY_FILE;
use crate::rule::overlay_check::{self, CheckedOverlay};
use crate::rule::overlay_join::{Entries, OtherRules};
use crate::rule::pattern_library::PatternLibrary;
use crate::rule::settings::{SETTINGS_FILE, Settings};
use crate::rule::settings_check;
use crate::rule::tables::{TABLE_FOLDER, Tables};
use crate::rule::templates::{TemplateSource, Templates};

/// How far above a folder of rules its settings and templates may lie.
const LEVELS_ABOVE: usize = 4;

/// What a file is to the faultbook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileRole {
    /// A rule.
    Rule,
    /// A text that rules may name.
    Template,
    /// A table that rules may name.
    Table,
    /// Settings.
    Settings,
    /// What an installation changes about rules.
    Overlay,
    /// Nothing.
    Other,
}

/// One rule of the desk, sound or not.
#[derive(Clone, Copy, Debug)]
pub struct DeskRule<'d> {
    /// Its file.
    pub path: &'d Path,
    /// Its id and where that stands, if it can be read.
    pub id: Option<(&'d str, Span)>,
    /// The rule, if nothing is wrong with it by itself.
    pub rule: Option<&'d Rule>,
    /// The warnings that it allows, if it allows any.
    pub allowed: Option<&'d Allowed>,
}

/// A faultbook of files and unsaved texts.
#[derive(Debug, Default)]
pub struct Desk {
    rule_paths: Vec<PathBuf>,
    given_templates: Vec<PathBuf>,
    templates: Templates,
    unsaved: HashMap<PathBuf, Arc<str>>,
    rules: Vec<RuleEntry>,
    settings: Vec<(PathBuf, Vec<Diagnostic>)>,
    /// What they say together.
    meant: Arc<Settings>,
    given_overlays: Vec<PathBuf>,
    overlays: Vec<OverlayEntry>,
    table_folders: Vec<PathBuf>,
    tables: Tables,
    /// What cannot be listed, or lies where it has no effect.
    unlisted: Vec<Diagnostic>,
}

/// One overlay.
#[derive(Debug)]
struct OverlayEntry {
    path: PathBuf,
    /// `None` when it cannot be read.
    checked: Option<CheckedOverlay>,
    faults: Vec<Diagnostic>,
}

/// One rule file. Entries are in the order in which a faultbook is loaded.
#[derive(Debug)]
struct RuleEntry {
    place: (usize, PathBuf),
    read: Result<ReadRule, Diagnostic>,
    /// The templates it names, found or not.
    templates: Vec<String>,
}

impl Desk {
    /// Reads the faultbook at some paths, as [`Faultbook::load`](super::Faultbook::load) does. Paths must be absolute.
    pub fn load(rule_paths: Vec<PathBuf>, template_folders: Vec<PathBuf>) -> Self {
        let mut desk = Self { rule_paths, given_templates: template_folders, ..Self::default() };
        desk.read_everything();
        desk
    }

    /// Takes overlays in besides those that lie beside the rules.
    pub fn with_overlays(mut self, files: Vec<PathBuf>) -> Self {
        if !files.is_empty() {
            self.given_overlays = files;
            self.read_everything();
        }
        self
    }

    /// The folders and files of rules.
    pub fn rule_paths(&self) -> &[PathBuf] {
        &self.rule_paths
    }

    /// Adds a folder or file of rules, and reads everything anew.
    pub fn add_rules(&mut self, path: PathBuf) {
        if !self.rule_paths.contains(&path) {
            self.rule_paths.push(path);
            self.read_everything();
        }
    }

    /// Puts a text before that on disk, or takes it away, and reads what depends on it.
    pub fn set_unsaved(&mut self, path: &Path, text: Option<&str>) {
        match text {
            Some(text) => _ = self.unsaved.insert(path.to_owned(), text.into()),
            None => _ = self.unsaved.remove(path),
        }
        self.read_again(path);
    }

    /// Follows changes on disk: files and folders that came, changed or went. Cost: a look at each folder.
    pub fn follow_disk(&mut self, changed: &[PathBuf]) {
        let templates = template_folders_of(&self.rule_paths, &self.given_templates);
        let settings = self.settings_files();
        let is_shared = |path: &PathBuf| self.role(path) != FileRole::Rule && !self.unsaved.contains_key(path);
        let tables = table_folders_of(&self.rule_paths);
        let is_table = |path: &PathBuf| self.is_table(path) && !self.unsaved.contains_key(path);
        if templates != self.templates.folders
            || settings != self.settings_paths()
            || tables != self.table_folders
            || self.overlay_files() != self.overlay_paths()
            || changed.iter().any(is_table)
        {
            return self.read_everything();
        }
        let shared: Vec<&PathBuf> = changed.iter().filter(|path| is_shared(path)).collect();
        self.list_rules(changed);
        for path in shared {
            self.read_again(path);
        }
    }

    /// What a file is to the faultbook, whether it is there or not.
    pub fn role(&self, path: &Path) -> FileRole {
        let reserved = [(SETTINGS_FILE, FileRole::Settings), (OVERLAY_FILE, FileRole::Overlay)];
        let is_named = |(name, _): &&(&str, FileRole)| path.file_name().is_some_and(|own| own == *name);
        if let Some((_, role)) = reserved.iter().find(is_named) {
            let is_above =
                |root: &PathBuf| root.ancestors().take(LEVELS_ABOVE).any(|folder| Some(folder) == path.parent());
            let is_ours = self.rule_paths.iter().any(is_above) || is_among(path, &self.given_overlays);
            return if is_ours { *role } else { FileRole::Other };
        }
        if is_among(path, &self.given_overlays) {
            return FileRole::Overlay;
        }
        if self.template_path(path).is_some() {
            return FileRole::Template;
        }
        if self.is_table(path) {
            return FileRole::Table;
        }
        if self.place(path).is_some() { FileRole::Rule } else { FileRole::Other }
    }

    fn is_table(&self, path: &Path) -> bool {
        self.table_folders.iter().any(|folder| path.starts_with(folder))
    }

    /// The path below `templates/` by which rules name a file.
    pub fn template_path(&self, path: &Path) -> Option<String> {
        let below = self.templates.folders.iter().find_map(|folder| path.strip_prefix(folder).ok())?;
        Some(shown(below))
    }

    /// The text of a file as it counts: unsaved, or on disk. `None` when there is none that can be read.
    pub fn authored(&self, path: &Path) -> Option<Arc<AuthoredFile>> {
        let text = self.text(path).ok()?;
        Some(Arc::new(AuthoredFile::new(shown(path), text)))
    }

    /// Everything that is wrong, by file and place. Cost: linear in the rules, and no file is read.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        let read: Vec<&ReadRule> = self.rules.iter().filter_map(|entry| entry.read.as_ref().ok()).collect();
        let mut diagnostics = self.unlisted.clone();
        diagnostics.extend(self.rules.iter().filter_map(|entry| entry.read.as_ref().err()).cloned());
        let (usable, of_rules) = join(&read);
        diagnostics.extend(of_rules);
        diagnostics.extend(self.tables.diagnostics.iter().cloned());
        diagnostics.extend(self.settings.iter().flat_map(|(_, faults)| faults).cloned());
        diagnostics.extend(self.of_overlays(&usable));
        diagnostics.sort_by(|left, right| left.sort_key().cmp(&right.sort_key()));
        diagnostics
    }

    /// What is wrong with the overlays, for rules of which some are usable.
    fn of_overlays(&self, usable: &[bool]) -> Vec<Diagnostic> {
        if self.overlays.is_empty() {
            return Vec::new();
        }
        let mut others = OtherRules {
            has_unknown: self.rules.iter().any(|entry| entry.read.is_err())
                || self.rule_paths.iter().any(|path| !path.is_dir()),
            ..OtherRules::default()
        };
        let mut sound: Vec<&Rule> = Vec::with_capacity(self.rules.len());
        let read = self.rules.iter().filter_map(|entry| entry.read.as_ref().ok());
        for (read, usable) in read.zip(usable) {
            match read.rule.as_ref().filter(|_| *usable) {
                Some(rule) => sound.push(rule),
                None => others.note(read.id.as_ref().map(|(id, _)| id.as_str())),
            }
        }
        let faults = self.overlays.iter().flat_map(|overlay| &overlay.faults).cloned();
        let mut diagnostics: Vec<Diagnostic> = faults.collect();
        let checked = self.overlays.iter().filter_map(|overlay| overlay.checked.as_ref());
        diagnostics.extend(Entries::new(checked).unused(sound.into_iter(), &others));
        diagnostics
    }

    /// All rules, sound or not, in the order of their files.
    pub fn rules(&self) -> impl Iterator<Item = DeskRule<'_>> {
        self.rules.iter().map(RuleEntry::shown)
    }

    /// The rule in a file.
    pub fn rule_at(&self, path: &Path) -> Option<DeskRule<'_>> {
        let place = self.place(path)?;
        let at = self.rules.binary_search_by(|entry| entry.place.cmp(&place)).ok()?;
        self.rules.get(at).map(RuleEntry::shown)
    }

    /// The rule with an id; of several the one that is used.
    pub fn find(&self, id: &str) -> Option<DeskRule<'_>> {
        self.rules().find(|rule| rule.id.is_some_and(|(own, _)| own == id))
    }

    /// The patterns that regexes may name, besides the built-in ones.
    pub fn patterns(&self) -> &PatternLibrary {
        self.meant.patterns()
    }

    /// How logs are read, limits, defaults, lints: what the settings files say together.
    pub fn settings(&self) -> &Settings {
        &self.meant
    }

    /// A rule as a faultbook of its own, with the desk's settings.
    pub(crate) fn alone(&self, rule: &Rule) -> Faultbook {
        Faultbook::of_rule(rule.clone(), self.templates.clone(), Arc::clone(&self.meant), Arc::default())
    }

    /// Whether rules may name a template, saved or not.
    pub fn has_template(&self, template: &str) -> bool {
        self.template_file(template).is_some() || self.templates.find(template).is_some()
    }

    /// The settings files that count, first those that go before.
    pub fn settings_files_read(&self) -> impl Iterator<Item = &Path> {
        self.settings.iter().map(|(path, _)| path.as_path())
    }

    /// The files of the rules that take a text from a template, given by its path below `templates/`.
    pub fn users_of_template(&self, template: &str) -> Vec<&Path> {
        let uses = |entry: &&RuleEntry| entry.templates.iter().any(|used| used == template);
        self.rules.iter().filter(uses).map(|entry| entry.place.1.as_path()).collect()
    }

    /// The file that a rule means by a template's path; `None` for one that is compiled in or that there is none of.
    pub fn template_file(&self, template: &str) -> Option<PathBuf> {
        let candidates = self.templates.folders.iter().map(|folder| folder.join(template));
        candidates.into_iter().find(|full| self.unsaved.contains_key(full) || full.is_file())
    }

    /// The text of a template as it counts, also of one that is compiled in.
    pub(crate) fn template(&self, path: &str) -> Option<Arc<AuthoredFile>> {
        let unsaved = |full: &Path| self.unsaved.get(full).map(|text| text.to_string());
        self.templates.read_beside(path, &unsaved).ok().flatten()
    }

    /// The paths of all templates below the folders of this faultbook, sorted. Those that are compiled in are not listed: they are layouts
    /// and the texts of shipped rules.
    pub fn templates(&self) -> Vec<String> {
        let mut found = BTreeSet::new();
        for folder in &self.templates.folders {
            let files = walkdir::WalkDir::new(folder).into_iter().filter_map(Result::ok);
            let files = files.filter(|entry| entry.file_type().is_file()).map(walkdir::DirEntry::into_path);
            let unsaved = self.unsaved.keys().cloned();
            found.extend(files.chain(unsaved).filter_map(|path| path.strip_prefix(folder).ok().map(shown)));
        }
        found.into_iter().collect()
    }

    fn read_everything(&mut self) {
        self.templates = Templates { folders: template_folders_of(&self.rule_paths, &self.given_templates) };
        self.read_settings();
        self.read_overlays();
        self.table_folders = table_folders_of(&self.rule_paths);
        self.tables = Tables::load(&self.table_folders, |path| self.text(path));
        self.rules.clear();
        self.list_rules(&[]);
    }

    /// Reads the settings. Tells whether rules may mean something else now.
    fn read_settings(&mut self) -> bool {
        let mut all = Settings::default();
        let mut read = Vec::new();
        for path in self.settings_files() {
            let faults = match self.text(&path) {
                Ok(text) => {
                    let (settings, faults) = settings_check::check(&Arc::new(AuthoredFile::new(shown(&path), text)));
                    all.fill_from(settings);
                    faults
                }
                Err(reason) => vec![not_readable(&path, &reason)],
            };
            read.push((path, faults));
        }
        self.settings = read;
        let meanings = |library: &PatternLibrary| -> Vec<(String, String)> {
            library.own().map(|(name, pattern)| (name.to_owned(), pattern.source.clone())).collect()
        };
        let is_changed = meanings(self.meant.patterns()) != meanings(all.patterns());
        self.meant = Arc::new(all);
        is_changed
    }

    /// Reads the overlays.
    fn read_overlays(&mut self) {
        let read = |path: PathBuf| match self.text(&path) {
            Ok(text) => {
                let file = Arc::new(AuthoredFile::new(shown(&path), text));
                let (checked, faults) = overlay_check::check(&file, self.meant.patterns());
                OverlayEntry { path, checked: Some(checked), faults }
            }
            Err(reason) => OverlayEntry { faults: vec![not_readable(&path, &reason)], path, checked: None },
        };
        self.overlays = self.overlay_files().into_iter().map(read).collect();
    }

    /// Lists the rule files; keeps what was read of those that did not change.
    fn list_rules(&mut self, changed: &[PathBuf]) {
        let mut places: BTreeSet<(usize, PathBuf)> = BTreeSet::new();
        self.unlisted.clear();
        for (root, path) in self.rule_paths.iter().enumerate() {
            // a folder that is gone, or a file that was never saved, is no mistake here
            if !path.exists() {
                continue;
            }
            let (mut files, faults) = files_of_rules(std::slice::from_ref(path));
            files.retain(|file| !is_among(file, &self.given_overlays));
            places.extend(files.into_iter().map(|file| (root, file)));
            self.unlisted.extend(faults);
        }
        places.extend(self.unsaved.keys().filter_map(|path| self.place(path)));
        let mut kept: HashMap<(usize, PathBuf), RuleEntry> =
            std::mem::take(&mut self.rules).into_iter().map(|entry| (entry.place.clone(), entry)).collect();
        let is_changed = |path: &Path| changed.iter().any(|other| path.starts_with(other));
        let known: Vec<(_, Option<RuleEntry>)> = places
            .into_iter()
            .map(|place| {
                let entry = kept.remove(&place);
                let entry = entry.filter(|_| !is_changed(&place.1) || self.unsaved.contains_key(&place.1));
                (place, entry)
            })
            .collect();
        let rules = known.into_par_iter().map(|(place, known)| known.unwrap_or_else(|| self.read_rule(place)));
        self.rules = rules.collect();
    }

    /// Reads again what a file has a part in.
    fn read_again(&mut self, path: &Path) {
        if let Some(template) = self.template_path(path) {
            // a folder of templates may have come or gone
            let folder = format!("{template}/");
            let is_meant = |used: &String| *used == template || used.starts_with(&folder);
            let uses = |entry: &RuleEntry| entry.templates.iter().any(is_meant);
            let places: Vec<_> =
                self.rules.iter().filter(|entry| uses(entry)).map(|entry| entry.place.clone()).collect();
            let read: Vec<RuleEntry> = places.into_par_iter().map(|place| self.read_rule(place)).collect();
            read.into_iter().for_each(|entry| self.put(entry));
            return;
        }
        match self.role(path) {
            FileRole::Rule => {
                let Some(place) = self.place(path) else { return };
                if self.unsaved.contains_key(path) || path.is_file() {
                    let entry = self.read_rule(place);
                    self.put(entry);
                } else if let Ok(at) = self.rules.binary_search_by(|entry| entry.place.cmp(&place)) {
                    self.rules.remove(at);
                }
            }
            FileRole::Settings => {
                if self.read_settings() {
                    self.read_overlays();
                    self.rules.clear();
                    self.list_rules(&[]);
                }
            }
            FileRole::Overlay => self.read_overlays(),
            FileRole::Table => self.read_everything(),
            FileRole::Template | FileRole::Other => {}
        }
    }

    /// Puts an entry in the place of the earlier one, or where it belongs.
    fn put(&mut self, entry: RuleEntry) {
        match self.rules.binary_search_by(|other| other.place.cmp(&entry.place)) {
            Ok(at) => {
                if let Some(earlier) = self.rules.get_mut(at) {
                    *earlier = entry;
                }
            }
            Err(at) => self.rules.insert(at, entry),
        }
    }

    fn read_rule(&self, place: (usize, PathBuf)) -> RuleEntry {
        let path = &place.1;
        let named = Mutex::new(Vec::new());
        let templates = Watched { desk: self, named: &named };
        let read = match self.text(path) {
            Ok(text) => Ok(ReadRule::read(shown(path), text, self.meant.patterns(), &self.tables, &templates)),
            Err(reason) => Err(not_readable(path, &reason)),
        };
        let templates = named.into_inner().unwrap_or_else(PoisonError::into_inner);
        RuleEntry { place, read, templates }
    }

    /// The settings in use, and those that are being written where they will be.
    fn settings_files(&self) -> Vec<PathBuf> {
        let mut files = settings_files(&self.rule_paths);
        let unsaved = self.unsaved.keys().filter(|path| self.role(path) == FileRole::Settings);
        let new: Vec<PathBuf> = unsaved.filter(|path| !files.contains(path) && !path.exists()).cloned().collect();
        files.extend(new);
        files
    }

    fn settings_paths(&self) -> Vec<PathBuf> {
        self.settings.iter().map(|(path, _)| path.clone()).collect()
    }

    /// The overlays in use, and those that are being written where they will be.
    fn overlay_files(&self) -> Vec<PathBuf> {
        let mut files = overlay_files(&self.rule_paths, &self.given_overlays);
        let unsaved = self.unsaved.keys().filter(|path| self.role(path) == FileRole::Overlay);
        let new: Vec<PathBuf> = unsaved.filter(|path| !files.contains(path) && !path.exists()).cloned().collect();
        files.extend(new);
        files
    }

    fn overlay_paths(&self) -> Vec<PathBuf> {
        self.overlays.iter().map(|overlay| overlay.path.clone()).collect()
    }

    fn text(&self, path: &Path) -> Result<String, String> {
        match self.unsaved.get(path) {
            Some(text) => Ok(text.to_string()),
            None => text_of(path),
        }
    }

    /// Where a rule file belongs among the others; `None` when it is none.
    fn place(&self, path: &Path) -> Option<(usize, PathBuf)> {
        let is_yaml = path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml");
        let is_settings = path.file_name().is_some_and(|name| name == SETTINGS_FILE || name == OVERLAY_FILE)
            || is_among(path, &self.given_overlays);
        self.rule_paths.iter().enumerate().find_map(|(root, folder)| {
            let below = path.strip_prefix(folder).ok()?;
            // the path itself was given, as a file
            let is_given = below.as_os_str().is_empty();
            let in_templates = || {
                let folders = below.parent().into_iter().flat_map(Path::iter);
                folders.enumerate().any(|(depth, part)| part == "templates" || depth == 0 && part == TABLE_FOLDER)
            };
            let is_rule = is_given && !folder.is_dir() || !is_given && is_yaml && !is_settings && !in_templates();
            is_rule.then(|| (root, path.to_owned()))
        })
    }
}

impl RuleEntry {
    fn shown(&self) -> DeskRule<'_> {
        let read = self.read.as_ref().ok();
        DeskRule {
            path: &self.place.1,
            id: read.and_then(|read| read.id.as_ref()).map(|(id, span)| (id.as_str(), *span)),
            rule: read.and_then(|read| read.rule.as_ref()),
            allowed: read.and_then(|read| read.allowed.as_ref()),
        }
    }
}

/// The templates of a desk, and which of them were asked for.
struct Watched<'d> {
    desk: &'d Desk,
    named: &'d Mutex<Vec<String>>,
}

impl TemplateSource for Watched<'_> {
    fn read(&self, path: &str) -> Result<Option<Arc<AuthoredFile>>, String> {
        self.named.lock().unwrap_or_else(PoisonError::into_inner).push(path.to_owned());
        let unsaved = |full: &Path| self.desk.unsaved.get(full).map(|text| text.to_string());
        self.desk.templates.read_beside(path, &unsaved)
    }

    fn paths(&self) -> Vec<String> {
        self.desk.templates().into_iter().chain(self.desk.templates.listed()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::{Code, Faultbook};

    fn rule(id: &str, more: &str) -> String {
        format!(
            "id: {id}\ntitle: t\nsignatures:\n  s: {{ contains: text }}\nresolution:\n  - title: a\n    template: a.md\n{more}"
        )
    }

    fn told(diagnostics: &[Diagnostic]) -> Vec<(Code, String)> {
        diagnostics.iter().map(|one| (one.code, one.sort_key().0.to_owned())).collect()
    }

    #[test]
    fn unsaved_texts_count_and_the_rest_is_as_if_all_had_been_loaded() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().join("rules");
        let write = |path: &str, text: &str| {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            std::fs::write(&path, text).expect("written");
            path
        };
        let template = write("templates/a.md", "{{ s.count }}");
        let first = write("a.yaml", &rule("a", ""));
        let second = write("sub/b.yaml", &rule("b", ""));
        let mut desk = Desk::load(vec![root.clone()], Vec::new());
        let as_loaded = |desk: &Desk| {
            let loaded = Faultbook::load(std::slice::from_ref(&root), &[]);
            assert_eq!(told(&desk.diagnostics()), told(loaded.diagnostics()));
        };
        as_loaded(&desk);
        let codes = |desk: &Desk| desk.diagnostics().iter().map(|one| one.code).collect::<Vec<_>>();
        let clean = codes(&desk);

        desk.set_unsaved(&second, Some(&rule("a", "")));
        assert!(codes(&desk).contains(&Code::DuplicateId), "across files");
        desk.set_unsaved(&second, Some(&rule("b", "supersedes: [a]\n")));
        desk.set_unsaved(&first, Some(&rule("c", "")));
        assert!(codes(&desk).contains(&Code::UnknownRule));
        desk.set_unsaved(&first, None);
        assert_eq!(codes(&desk), clean);
        desk.set_unsaved(&second, None);

        desk.set_unsaved(&template, Some("{{ nothing }}"));
        assert_eq!(codes(&desk).iter().filter(|code| **code == Code::UnknownName).count(), 2, "in both rules");
        desk.set_unsaved(&template, None);
        assert_eq!(codes(&desk), clean);

        std::fs::remove_file(&second).expect("removed");
        let third = write("c.yaml", &rule("a", ""));
        desk.follow_disk(&[second.clone(), third.clone()]);
        as_loaded(&desk);
        assert!(codes(&desk).contains(&Code::DuplicateId));
        let new = root.join("new.yaml");
        desk.set_unsaved(&new, Some("id: ["));
        assert!(codes(&desk).contains(&Code::YamlSyntax), "a file that was never saved");
        desk.set_unsaved(&new, None);
        desk.set_unsaved(&root.join("faultbook.yaml"), Some("limits: { dept: 3 }\n"));
        assert!(codes(&desk).contains(&Code::UnknownKey));
        desk.set_unsaved(&root.join("faultbook.yaml"), None);
        std::fs::remove_file(&third).expect("removed");
        write("faultbook.yaml", "limits: { dept: 3 }\n");
        desk.follow_disk(&[third, root.join("faultbook.yaml")]);
        as_loaded(&desk);
        std::fs::remove_file(root.join("faultbook.yaml")).expect("removed");
        write("overlay.yaml", "rules: { b: { off: true }, nobody: { off: true } }\n");
        desk.follow_disk(&[root.join("faultbook.yaml"), root.join("overlay.yaml")]);
        as_loaded(&desk);
        assert!(codes(&desk).contains(&Code::UnusedOverlay));
        desk.set_unsaved(&root.join("overlay.yaml"), Some("rules: { a: { severity: info } }\n"));
        assert!(!codes(&desk).contains(&Code::UnusedOverlay));
        desk.set_unsaved(&root.join("overlay.yaml"), None);
        std::fs::remove_dir_all(&root).expect("removed");
        desk.follow_disk(std::slice::from_ref(&root));
        assert_eq!(desk.rules().count(), 0);
    }
}
