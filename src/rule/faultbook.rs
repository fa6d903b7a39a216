//! A faultbook: all rules of some folders, checked together.

pub(crate) mod overlays;

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use crate::rule::authored::{AuthoredFile, Span};
use crate::rule::check;
use crate::rule::checked::Rule;
use crate::rule::diagnostic::{Code, Diagnostic, DiagnosticSeverity, nearest};
use crate::rule::faultbook::overlays::{is_among, overlay_files, unused_overlay};
use crate::rule::file::RuleFile;
use crate::rule::lint::{self, Allowed};
use crate::rule::overlay::{OVERLAY_FILE, OverlayNoise};
use crate::rule::overlay_join::OtherRules;
use crate::rule::pattern_library::PatternLibrary;
use crate::rule::reload::{Kept, KeptRule};
use crate::rule::settings::{SETTINGS_FILE, Settings};
use crate::rule::settings_check;
use crate::rule::shipped;
use crate::rule::tables::{TABLE_FOLDER, Tables};
use crate::rule::templates::TemplateSource;
pub use crate::rule::templates::Templates;

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
    /// What the rules allow, sound ones and others, in the order of their files.
    allowed: Vec<Allowed>,
    origin: Origin,
    templates: Templates,
    settings: Arc<Settings>,
    files: usize,
    settings_files: usize,
    overlay_noise: Arc<OverlayNoise>,
    overlays: usize,
    other_rules: OtherRules,
}

/// Where the texts of the rules can be looked up again. They are not kept: most are never shown.
#[derive(Debug)]
enum Origin {
    /// On disk, by the paths that are shown.
    Disk,
    /// In the binary.
    Shipped,
    /// Given by the caller, by path.
    Given(HashMap<String, Arc<AuthoredFile>>),
}

impl Faultbook {
    /// The faultbook that is compiled into the binary.
    pub fn shipped() -> Self {
        Self::shipped_with(&[])
    }

    /// The same with templates of one's own: those below `template_folders` go before the shipped ones.
    pub fn shipped_with(template_folders: &[PathBuf]) -> Self {
        let folders = template_folders.to_vec();
        Self::of_texts(shipped::rules(), Templates { folders }, Vec::new(), Origin::Shipped)
    }

    /// Loads every `.yaml` and `.yml` file below the given folders (or the files given), in the order of their paths.
    ///
    /// Templates are looked for in `template_folders`; without any, in the folder `templates` beside or in each rule folder,
    /// and in any case among the shipped ones last. Settings are in the file `faultbook.yaml` in or beside each rule folder; what
    /// several of them say counts in the order of the folders. Tables are in the folder `tables` in or beside each rule folder. An
    /// `overlay.yaml` in or beside each rule folder is laid over the rules. Whatever cannot be read becomes a diagnostic.
    pub fn load(rule_paths: &[PathBuf], template_folders: &[PathBuf]) -> Self {
        Self::load_beside(rule_paths, template_folders, &[], Kept::default()).0
    }

    /// The same, with what was kept of an earlier load with the same settings: files that it has are not read again. Also gives what there
    /// is to keep now.
    pub(crate) fn load_beside(
        rule_paths: &[PathBuf],
        template_folders: &[PathBuf],
        overlays: &[PathBuf],
        mut kept: Kept,
    ) -> (Self, Kept) {
        let (mut files, mut unreadable) = kept.take_listed().unwrap_or_else(|| files_of_rules(rule_paths));
        files.retain(|file| !is_among(file, overlays));
        let templates = Templates { folders: template_folders_of(rule_paths, template_folders) };
        // before the rules, which may use what they define
        let (mut settings, mut unreadable_settings) = (ReadSettings::default(), Vec::new());
        for file in settings_files(rule_paths) {
            match text_of(&file) {
                Ok(text) => settings.add(shown(&file), text),
                Err(reason) => unreadable_settings.push(not_readable(&file, &reason)),
            }
        }
        let patterns = settings.settings.patterns();
        let mut tables = Tables::load(&table_folders_of(rule_paths), text_of);
        let known: Vec<Option<Box<KeptRule>>> = files.iter().map(|path| kept.take(path)).collect();
        let rules: Vec<Box<KeptRule>> = files
            .into_par_iter()
            .zip(known)
            .map(|(path, known)| match known {
                Some(known) => known,
                None => {
                    let read =
                        text_of(&path).map(|text| ReadRule::read(shown(&path), text, patterns, &tables, &templates));
                    Box::new(KeptRule::new(read.map_err(|reason| not_readable(&path, &reason)), path))
                }
            })
            .collect();
        let (mut faultbook, rules, not_read) = Self::build(rules, templates, settings, Origin::Disk);
        unreadable.extend(not_read);
        for folder in template_folders.iter().filter(|folder| !folder.is_dir()) {
            unreadable.push(not_readable(folder, "not a folder"));
        }
        unreadable.extend(unreadable_settings);
        unreadable.append(&mut tables.diagnostics);
        faultbook.other_rules.has_unknown |= rule_paths.iter().any(|path| path.is_file());
        faultbook.lay_over(overlays::read(&overlay_files(rule_paths, overlays)));
        faultbook.diagnostics.splice(0..0, unreadable);
        (faultbook, Kept::of(rules))
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
        Self::from_texts_and_settings(texts, templates, Vec::new())
    }

    /// The same with the texts of `faultbook.yaml` files, as `(path, text)` pairs; what several of them say counts in their order.
    pub fn from_texts_and_settings(
        texts: Vec<(String, String)>,
        templates: Templates,
        settings: Vec<(String, String)>,
    ) -> Self {
        let given = texts.iter().map(|(path, text)| (path.clone(), Arc::new(AuthoredFile::new(path, text)))).collect();
        Self::of_texts(texts, templates, settings, Origin::Given(given))
    }

    fn of_texts(
        texts: Vec<(String, String)>,
        templates: Templates,
        settings: Vec<(String, String)>,
        origin: Origin,
    ) -> Self {
        let mut read_settings = ReadSettings::default();
        settings.into_iter().for_each(|(path, text)| read_settings.add(path, text));
        let patterns = read_settings.settings.patterns();
        let tables = Tables::default();
        let read = |(path, text)| {
            let read = ReadRule::read(path, text, patterns, &tables, &templates);
            Box::new(KeptRule::new(Ok(read), PathBuf::new()))
        };
        let rules = texts.into_par_iter().map(read).collect();
        Self::build(rules, templates, read_settings, origin).0
    }

    /// Puts together what was read, each text checked as soon as it was there, so that only what is kept of a file is in memory for
    /// long. Also gives back the files, whose usable rules are in the faultbook now, and what could not be read.
    #[expect(clippy::vec_box, reason = "rules are large, and are moved several times while they are put together")]
    fn build(
        mut files: Vec<Box<KeptRule>>,
        templates: Templates,
        settings: ReadSettings,
        origin: Origin,
    ) -> (Self, Vec<Box<KeptRule>>, Vec<Diagnostic>) {
        let unreadable: Vec<Diagnostic> = files.iter().filter_map(|file| file.read.as_ref().err().cloned()).collect();
        let mut read: Vec<(&mut ReadRule, &mut Option<RuleId>)> =
            files.iter_mut().filter_map(|file| Some((file.read.as_mut().ok()?, &mut file.place))).collect();
        let count = read.len();
        let (usable, mut diagnostics) = join(&read.iter().map(|(rule, _)| &**rule).collect::<Vec<_>>());
        let allowed = read.iter().filter_map(|(rule, _)| rule.allowed.clone()).collect();
        let mut rules = Vec::with_capacity(count);
        let mut other_rules = OtherRules { has_unknown: !unreadable.is_empty(), ..OtherRules::default() };
        for ((rule, place), usable) in read.iter_mut().zip(usable) {
            **place = None;
            if let Some(rule) = rule.rule.take_if(|_| usable) {
                **place = Some(RuleId(rules.len()));
                rules.push(rule);
            } else {
                other_rules.note(rule.id.as_ref().map(|(id, _)| id.as_str()));
            }
        }
        let ReadSettings { settings, diagnostics: of_settings, files: settings_files } = settings;
        diagnostics.extend(of_settings);
        diagnostics.sort_by(|left, right| left.sort_key().cmp(&right.sort_key()));
        (
            Self {
                rules,
                diagnostics,
                allowed,
                origin,
                templates,
                settings: Arc::new(settings),
                files: count,
                settings_files,
                overlay_noise: Arc::default(),
                overlays: 0,
                other_rules,
            },
            files,
            unreadable,
        )
    }

    /// Gives up its rules as they were written, each at the place of its id.
    pub(crate) fn into_rules(mut self) -> Vec<Rule> {
        self.set_overlays_aside();
        self.rules
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

    /// The articles that a rule names as related, each with its rule if it is here; but for those that are meant for fewer readers.
    pub fn related<'a>(&'a self, rule: &'a Rule) -> impl Iterator<Item = (&'a str, Option<&'a Rule>)> {
        let rules = rule.related.iter().map(|id| (id.as_str(), self.find(id).map(|id| self.rule(id))));
        rules.filter(|(_, other)| other.is_none_or(|other| other.audience <= rule.audience))
    }

    /// One rule as a faultbook of its own, with the same settings. What is compiled to try it goes with it, where the memory of a large
    /// faultbook would grow by ten times its size.
    pub(crate) fn alone(&self, id: RuleId) -> Self {
        let noise = Arc::clone(&self.overlay_noise);
        Self::of_rule(self.rule(id).clone(), self.templates.clone(), Arc::clone(&self.settings), noise)
    }

    /// A faultbook with one rule, whose file cannot be looked up.
    pub(crate) fn of_rule(
        rule: Rule,
        templates: Templates,
        settings: Arc<Settings>,
        overlay_noise: Arc<OverlayNoise>,
    ) -> Self {
        Self {
            rules: vec![rule],
            diagnostics: Vec::new(),
            allowed: Vec::new(),
            origin: Origin::Given(HashMap::new()),
            templates,
            settings,
            files: 1,
            settings_files: 0,
            overlay_noise,
            overlays: 0,
            other_rules: OtherRules::default(),
        }
    }

    /// Everything that is wrong, by file and place.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// The warnings that rule files allow, in the order of the files; only of files that allow any.
    pub fn allowed(&self) -> &[Allowed] {
        &self.allowed
    }

    /// Looks a rule file up again by the path that [`Rule::path`] and diagnostics show. `None` when it cannot be read any more.
    pub fn authored(&self, path: &str) -> Option<Arc<AuthoredFile>> {
        let text = match &self.origin {
            Origin::Given(texts) => return texts.get(path).cloned(),
            Origin::Shipped => shipped::rule(path)?,
            Origin::Disk => text_of(Path::new(path)).ok()?,
        };
        Some(Arc::new(AuthoredFile::new(path, text)))
    }

    /// Whether the rules are those that are compiled into the binary.
    pub fn is_shipped(&self) -> bool {
        matches!(self.origin, Origin::Shipped)
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

/// The settings files that were read, put together.
#[derive(Default)]
struct ReadSettings {
    settings: Settings,
    diagnostics: Vec<Diagnostic>,
    files: usize,
}

impl ReadSettings {
    /// Adds the text of a `faultbook.yaml`; what was there already goes before. The path is only shown.
    fn add(&mut self, path: String, text: String) {
        let (settings, diagnostics) = settings_check::check(&Arc::new(AuthoredFile::new(path, text)));
        self.settings.fill_from(settings);
        self.diagnostics.extend(diagnostics);
        self.files += 1;
    }
}

/// One file after reading and checking on its own.
#[derive(Debug)]
pub(crate) struct ReadRule {
    pub(crate) id: Option<(String, Span)>,
    supersedes: Vec<(String, Span)>,
    file: Arc<AuthoredFile>,
    pub(crate) allowed: Option<Allowed>,
    /// `None` while a faultbook has it.
    pub(crate) rule: Option<Rule>,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl ReadRule {
    pub(crate) fn read(
        path: String,
        text: String,
        patterns: &PatternLibrary,
        tables: &Tables,
        templates: &dyn TemplateSource,
    ) -> Self {
        let file = Arc::new(AuthoredFile::new(path, text));
        let (written, mut diagnostics) = RuleFile::read(Arc::clone(&file));
        let Some(written) = written else {
            return Self { id: None, supersedes: Vec::new(), file, allowed: None, rule: None, diagnostics };
        };
        let id = written.id.as_ref().map(|id| (id.value.clone(), id.span));
        let supersedes = written.supersedes.iter().map(|id| (id.value.clone(), id.span)).collect();
        let allowed = (!written.allow.is_empty()).then(|| Allowed {
            codes: lint::codes(&file, "allow", &written.allow, &mut diagnostics),
            items: written.allow.iter().map(|word| word.span).collect(),
            file: Arc::clone(&file),
        });
        let (rule, diagnostics) = check::check(&file, written, diagnostics, patterns, tables, templates);
        let mut read = Self { id, supersedes, file, allowed, rule, diagnostics };
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

/// Checks what concerns several rules: which of them may be used, and everything that is wrong with any.
pub(crate) fn join(read: &[&ReadRule]) -> (Vec<bool>, Vec<Diagnostic>) {
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
    // what is wrong with a file that several rules take text from is the same mistake in each of them
    let mut told: HashSet<(&str, Span, Code, &str)> = HashSet::new();
    for rule in read {
        diagnostics.extend(
            rule.diagnostics
                .iter()
                .filter(|&diagnostic| {
                    let Some(label) = diagnostic.labels.first().filter(|label| !Arc::ptr_eq(&label.file, &rule.file))
                    else {
                        return true;
                    };
                    let key = (label.file.path(), label.span, diagnostic.code, diagnostic.title.as_str());
                    label.file.path() == rule.file.path() || told.insert(key)
                })
                .cloned(),
        );
    }
    (usable, diagnostics)
}

/// The rule files below the given paths, and what cannot be looked at.
pub(crate) fn files_of_rules(rule_paths: &[PathBuf]) -> (Vec<PathBuf>, Vec<Diagnostic>) {
    let (mut files, mut unreadable) = (Vec::new(), Vec::new());
    for path in rule_paths {
        rule_files(path, &mut unreadable, &mut files);
    }
    (files, unreadable)
}

/// The folders of templates: those given, without any those beside the rules.
pub(crate) fn template_folders_of(rule_paths: &[PathBuf], given: &[PathBuf]) -> Vec<PathBuf> {
    if given.is_empty() { beside(rule_paths) } else { given.to_vec() }
}

/// The folders of tables: those beside the rules.
pub(crate) fn table_folders_of(rule_paths: &[PathBuf]) -> Vec<PathBuf> {
    nearest_of_each(rule_paths, |folder| Some(folder.join(TABLE_FOLDER)).filter(|path| path.is_dir()))
}

/// Finds the rule files below a path, sorted; a file is itself.
fn rule_files(path: &Path, unreadable: &mut Vec<Diagnostic>, files: &mut Vec<PathBuf>) {
    for entry in walkdir::WalkDir::new(path).sort_by_file_name().into_iter().filter_entry(|entry| {
        // article texts and tables lie beside the rules, and may be YAML too
        let is_other = match entry.depth() {
            0 => false,
            1 => entry.file_name() == "templates" || entry.file_name() == TABLE_FOLDER,
            _ => entry.file_name() == "templates",
        };
        !(is_other && entry.file_type().is_dir())
    }) {
        match entry {
            Ok(entry) => {
                let is_rule = entry.path().extension().is_some_and(|ending| ending == "yaml" || ending == "yml");
                if entry.file_name() == SETTINGS_FILE {
                    // in the folder itself, or given as a file, it is found with those beside the folder
                    unreadable.extend((entry.depth() > 1).then(|| unused_settings(entry.path())));
                    continue;
                }
                if entry.file_name() == OVERLAY_FILE && entry.file_type().is_file() {
                    unreadable.extend((entry.depth() > 1).then(|| unused_overlay(entry.path())));
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
pub(crate) fn text_of(file: &Path) -> Result<String, String> {
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

pub(crate) fn unused_settings(path: &Path) -> Diagnostic {
    let file = Arc::new(AuthoredFile::new(shown(path), ""));
    let title = format!("the settings in `{}` are not used: they lie below the rules, not beside them", shown(path));
    Diagnostic::warning(Code::UnusedSettings, title)
        .at(&file, Span::default(), "")
        .help("move the file up, or give its folder with `--rules`")
}

pub(crate) fn not_readable(path: &Path, reason: &str) -> Diagnostic {
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
pub(crate) fn settings_files(rule_paths: &[PathBuf]) -> Vec<PathBuf> {
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
pub(crate) fn shown(path: &Path) -> String {
    path.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/")
}
