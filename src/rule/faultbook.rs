//! A faultbook: all rules of some folders, checked together.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use crate::rule::authored::{AuthoredFile, Span};
use crate::rule::check;
use crate::rule::checked::Rule;
use crate::rule::diagnostic::{Code, Diagnostic, DiagnosticSeverity, nearest};
use crate::rule::file::RuleFile;
use crate::rule::settings::{SETTINGS_FILE, Settings};
use crate::rule::settings_check;
use crate::rule::shipped;

/// The place of a rule in its faultbook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(usize);

impl RuleId {
    /// The rule at a position of [`Faultbook::rules`].
    pub fn new(index: usize) -> Self {
        Self(index)
    }

    /// The position in [`Faultbook::rules`].
    pub fn index(self) -> usize {
        self.0
    }
}

/// A set of rules that can diagnose, and everything that is wrong with those that cannot.
#[derive(Debug)]
pub struct Faultbook {
    rules: Vec<Rule>,
    diagnostics: Vec<Diagnostic>,
    templates: Templates,
    settings: Settings,
    files: usize,
    settings_files: usize,
}

/// Where templates are looked for: folders in order, then what is shipped.
#[derive(Clone, Debug, Default)]
pub struct Templates {
    folders: Vec<PathBuf>,
}

impl Templates {
    /// The template at a path below one of the folders; never a file outside them.
    pub fn find(&self, path: &str) -> Option<Arc<AuthoredFile>> {
        self.read(path).ok().flatten()
    }

    /// The same; the error says why a template that is there cannot be read.
    pub(crate) fn read(&self, path: &str) -> Result<Option<Arc<AuthoredFile>>, String> {
        let inside = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
        if path.is_empty() || !inside {
            return Ok(None);
        }
        let on_disk = self.folders.iter().map(|folder| folder.join(path)).find(|full| full.is_file());
        let found = match on_disk {
            Some(full) => Some((shown(&full), text_of(&full)?)),
            None => shipped::template(path).map(|text| (format!("templates/{path}"), text)),
        };
        Ok(found.map(|(path, text)| Arc::new(AuthoredFile::new(path, text))))
    }
}

impl Faultbook {
    /// The faultbook that is compiled into the binary.
    pub fn shipped() -> Self {
        Self::shipped_with(&[])
    }

    /// The same with templates of one's own: those below `template_folders` go before the shipped ones.
    pub fn shipped_with(template_folders: &[PathBuf]) -> Self {
        let folders = template_folders.to_vec();
        Self::from_texts(shipped::rules(), Templates { folders })
    }

    /// Loads every `.yaml` and `.yml` file below the given folders (or the files given), in the order of their paths.
    ///
    /// Templates are looked for in `template_folders`; without any, in the folder `templates` beside or in each rule folder,
    /// and in any case among the shipped ones last. Settings are in the file `faultbook.yaml` in or beside each rule folder; what
    /// several of them say counts in the order of the folders. Whatever cannot be read becomes a diagnostic.
    pub fn load(rule_paths: &[PathBuf], template_folders: &[PathBuf]) -> Self {
        let mut unreadable = Vec::new();
        let mut files = Vec::new();
        for path in rule_paths {
            rule_files(path, &mut unreadable, &mut files);
        }
        let folders = if template_folders.is_empty() { beside(rule_paths) } else { template_folders.to_vec() };
        let read_file = |path: &PathBuf| {
            text_of(path).map(|text| (shown(path), text)).map_err(|reason| not_readable(path, &reason))
        };
        let (mut faultbook, not_read) = Self::build(files.par_iter().map(read_file), Templates { folders });
        unreadable.extend(not_read);
        for folder in template_folders.iter().filter(|folder| !folder.is_dir()) {
            unreadable.push(not_readable(folder, "not a folder"));
        }
        for file in settings_files(rule_paths) {
            match text_of(&file) {
                Ok(text) => faultbook = faultbook.with_settings(shown(&file), text),
                Err(reason) => unreadable.push(not_readable(&file, &reason)),
            }
        }
        faultbook.diagnostics.splice(0..0, unreadable);
        faultbook
    }

    /// Finds the files that [`Faultbook::load`] would read as rules below some paths, in its order, and what cannot be read.
    pub fn rule_files(paths: &[PathBuf]) -> (Vec<PathBuf>, Vec<Diagnostic>) {
        let (mut files, mut unreadable) = (Vec::new(), Vec::new());
        for path in paths {
            rule_files(path, &mut unreadable, &mut files);
        }
        (files, unreadable)
    }

    /// Reads the text of an authored file; the diagnostic says why it cannot be read.
    pub fn read_text(path: &Path) -> Result<String, Diagnostic> {
        text_of(path).map_err(|reason| not_readable(path, &reason))
    }

    /// Builds a faultbook from `(path, text)` pairs; the paths are only shown.
    pub fn from_texts(texts: Vec<(String, String)>, templates: Templates) -> Self {
        Self::build(texts.into_par_iter().map(Ok), templates).0
    }

    /// Reads and checks each text as soon as it is there, so that only what is kept of a file is in memory for long. Also gives
    /// what could not be read.
    fn build(
        texts: impl IndexedParallelIterator<Item = Result<(String, String), Diagnostic>>,
        templates: Templates,
    ) -> (Self, Vec<Diagnostic>) {
        let find_template = |path: &str| templates.read(path);
        let read: Vec<Result<ReadRule, Diagnostic>> =
            texts.map(|text| text.map(|(path, text)| ReadRule::read(path, text, &find_template))).collect();
        let mut unreadable = Vec::new();
        let read: Vec<ReadRule> =
            read.into_iter().filter_map(|rule| rule.map_err(|diagnostic| unreadable.push(diagnostic)).ok()).collect();
        let files = read.len();
        let (rules, diagnostics) = join(read);
        let settings = Settings::default();
        (Self { rules, diagnostics, templates, settings, files, settings_files: 0 }, unreadable)
    }

    /// Adds the settings in the text of a `faultbook.yaml`; where there are settings already, those go before. The path is only shown.
    pub fn with_settings(mut self, path: impl Into<String>, text: impl Into<String>) -> Self {
        let (settings, diagnostics) = settings_check::check(&Arc::new(AuthoredFile::new(path, text)));
        self.settings.fill_from(settings);
        self.settings_files += 1;
        self.diagnostics.extend(diagnostics);
        self.diagnostics.sort_by(|left, right| left.sort_key().cmp(&right.sort_key()));
        self
    }

    /// The rules that are sound, in the order of their files.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// A rule by its place.
    pub fn rule(&self, id: RuleId) -> &Rule {
        &self.rules[id.0]
    }

    /// A rule by the id its author gave it.
    pub fn find(&self, id: &str) -> Option<RuleId> {
        self.rules.iter().position(|rule| rule.id == id).map(RuleId)
    }

    /// Everything that is wrong, by file and place.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// Whether a rule was left out because of an error.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.severity == DiagnosticSeverity::Error)
    }

    /// How many rule files were read, sound or not.
    pub fn files(&self) -> usize {
        self.files
    }

    /// How many settings files were read.
    pub fn settings_files(&self) -> usize {
        self.settings_files
    }

    /// How logs are read, limits, defaults: what `faultbook.yaml` says.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Where layouts and article texts are looked for.
    pub fn templates(&self) -> &Templates {
        &self.templates
    }

    /// Keeps only the rules that a filter accepts. Diagnostics stay.
    pub fn retain(&mut self, keep: impl FnMut(&Rule) -> bool) {
        self.rules.retain(keep);
    }
}

/// One file after reading and checking on its own.
struct ReadRule {
    id: Option<(String, Span)>,
    supersedes: Vec<(String, Span)>,
    file: Arc<AuthoredFile>,
    rule: Option<Rule>,
    diagnostics: Vec<Diagnostic>,
}

impl ReadRule {
    fn read(path: String, text: String, find_template: check::FindTemplate<'_>) -> Self {
        let file = Arc::new(AuthoredFile::new(path, text));
        let (written, diagnostics) = RuleFile::read(Arc::clone(&file));
        let Some(written) = written else {
            return Self { id: None, supersedes: Vec::new(), file, rule: None, diagnostics };
        };
        let id = written.id.as_ref().map(|id| (id.value.clone(), id.span));
        let supersedes = written.supersedes.iter().map(|id| (id.value.clone(), id.span)).collect();
        let (rule, diagnostics) = check::check(&file, written, diagnostics, find_template);
        let mut read = Self { id, supersedes, file, rule, diagnostics };
        read.let_go_of_text();
        read
    }

    /// Of a sound rule's text only the line with its id is needed from here on, should another rule have the same id.
    fn let_go_of_text(&mut self) {
        if let Some((_, span)) = &self.id
            && self.diagnostics.is_empty()
            && self.supersedes.is_empty()
        {
            self.file = Arc::new(self.file.up_to_line_of(*span));
        }
    }
}

/// Checks what concerns several rules and puts the sound ones together.
fn join(mut read: Vec<ReadRule>) -> (Vec<Rule>, Vec<Diagnostic>) {
    let mut first_with: HashMap<&str, (&Arc<AuthoredFile>, Span)> = HashMap::with_capacity(read.len());
    let mut usable = vec![true; read.len()];
    let mut diagnostics = Vec::new();
    for (rule, usable) in read.iter().zip(&mut usable) {
        let Some((id, span)) = &rule.id else { continue };
        match first_with.entry(id) {
            Entry::Vacant(entry) => _ = entry.insert((&rule.file, *span)),
            Entry::Occupied(entry) => {
                let (file, first) = *entry.get();
                *usable = false;
                diagnostics.push(
                    Diagnostic::error(Code::DuplicateId, format!("two rules have the id `{id}`"))
                        .at(&rule.file, *span, "this rule is not used")
                        .at(file, first, "this one is")
                        .help("give one of them another id"),
                );
            }
        }
    }
    for (rule, usable) in read.iter().zip(&mut usable) {
        for (id, span) in rule.supersedes.iter().filter(|(id, _)| !first_with.contains_key(id.as_str())) {
            let help = match nearest(id, first_with.keys().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "rules that refer to each other must be checked together: give their folder".to_owned(),
            };
            *usable = false;
            diagnostics.push(
                Diagnostic::error(Code::UnknownRule, format!("there is no rule `{id}` to supersede"))
                    .at(&rule.file, *span, "not in this faultbook")
                    .help(help),
            );
        }
    }
    for rule in &mut read {
        diagnostics.append(&mut rule.diagnostics);
    }
    let usable_rules = read.into_iter().zip(usable).filter_map(|(rule, usable)| rule.rule.filter(|_| usable));
    let rules = usable_rules.collect();
    diagnostics.sort_by(|left, right| left.sort_key().cmp(&right.sort_key()));
    (rules, diagnostics)
}

/// Finds the rule files below a path, sorted; a file is itself.
fn rule_files(path: &Path, unreadable: &mut Vec<Diagnostic>, files: &mut Vec<PathBuf>) {
    for entry in walkdir::WalkDir::new(path).sort_by_file_name().into_iter().filter_entry(|entry| {
        // article texts lie beside the rules, and may be YAML too
        entry.depth() == 0 || !(entry.file_type().is_dir() && entry.file_name() == "templates")
    }) {
        match entry {
            Ok(entry) => {
                let is_rule = entry.path().extension().is_some_and(|ending| ending == "yaml" || ending == "yml");
                if entry.file_name() == SETTINGS_FILE {
                    // in the folder itself, or given as a file, it is found with those beside the folder
                    unreadable.extend((entry.depth() > 1).then(|| unused_settings(entry.path())));
                    continue;
                }
                if entry.file_type().is_file() && (is_rule || entry.depth() == 0) {
                    files.push(entry.into_path());
                }
            }
            Err(error) => {
                let path = error.path().unwrap_or(path).to_owned();
                let reason = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
                unreadable.push(not_readable(&path, &reason));
            }
        }
    }
}

/// The text of a file, or why there is none.
fn text_of(file: &Path) -> Result<String, String> {
    let bytes = std::fs::read(file).map_err(|error| error.to_string())?;
    String::from_utf8(bytes).map_err(|error| {
        if error.as_bytes().starts_with(&[0xff, 0xfe]) || error.as_bytes().starts_with(&[0xfe, 0xff]) {
            return "it is UTF-16; save it as UTF-8".to_owned();
        }
        let sound = error.utf8_error().valid_up_to();
        let line = 1 + memchr::memchr_iter(b'\n', &error.as_bytes()[..sound]).count();
        format!("not UTF-8 in line {line}; save it as UTF-8")
    })
}

fn unused_settings(path: &Path) -> Diagnostic {
    let file = Arc::new(AuthoredFile::new(shown(path), ""));
    let title = format!("the settings in `{}` are not used: they lie below the rules, not beside them", shown(path));
    Diagnostic::warning(Code::UnusedSettings, title)
        .at(&file, Span::default(), "")
        .help("move the file up, or give its folder with `--rules`")
}

fn not_readable(path: &Path, reason: &str) -> Diagnostic {
    let file = Arc::new(AuthoredFile::new(shown(path), ""));
    Diagnostic::error(Code::UnreadableFile, format!("`{}` cannot be read: {reason}", shown(path))).at(
        &file,
        Span::default(),
        "",
    )
}

/// The template folders that belong to rule folders: `templates` beside them or in them.
fn beside(rule_paths: &[PathBuf]) -> Vec<PathBuf> {
    nearest_of_each(rule_paths, |folder| Some(folder.join("templates")).filter(|path| path.is_dir()))
}

/// The settings that belong to rule folders, beside them or in them.
fn settings_files(rule_paths: &[PathBuf]) -> Vec<PathBuf> {
    nearest_of_each(rule_paths, |folder| Some(folder.join(SETTINGS_FILE)).filter(|path| path.is_file()))
}

/// What `find` finds for each rule path: in the folder itself, or of a single rule file, and upwards to where it lies. Each once.
fn nearest_of_each(rule_paths: &[PathBuf], find: impl Fn(&Path) -> Option<PathBuf>) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = Vec::new();
    let here = std::env::current_dir().unwrap_or_default();
    for path in rule_paths {
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.clone());
        let Some(nearest) = absolute.ancestors().take(4).find_map(&find) else { continue };
        // shown as the rules are: from here
        let from_here = nearest.strip_prefix(&here).map(Path::to_owned).ok().filter(|_| path.is_relative());
        let nearest = from_here.unwrap_or(nearest);
        if !found.contains(&nearest) {
            found.push(nearest);
        }
    }
    found
}

/// A path as it is shown: with `/` between folders.
fn shown(path: &Path) -> String {
    path.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/")
}
