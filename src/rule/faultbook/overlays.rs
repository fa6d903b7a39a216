//! A faultbook with overlays: where they are found, and that they are laid over its rules.
//!
//! What is known of them by themselves comes from `overlay_check`, what they do to rules from `overlay_join`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::rule::authored::{AuthoredFile, Span};
use crate::rule::checked::Rule;
use crate::rule::diagnostic::{Code, Diagnostic};
use crate::rule::faultbook::{Faultbook, nearest_of_each, not_readable, shown, text_of};
use crate::rule::overlay::{OVERLAY_FILE, OverlayNoise};
use crate::rule::overlay_check::{self, CheckedOverlay};
use crate::rule::overlay_join::Entries;
use crate::rule::reload::Kept;

impl Faultbook {
    /// Loads as [`Faultbook::load`] does, with more overlays than those beside the rules. Where several speak of a rule, those given go
    /// before those beside the rules, and each before the next.
    pub fn load_with_overlays(rule_paths: &[PathBuf], template_folders: &[PathBuf], overlays: &[PathBuf]) -> Self {
        Self::load_beside(rule_paths, template_folders, overlays, Kept::default()).0
    }

    /// Lays overlays from disk over a faultbook that has none. What cannot be read becomes a diagnostic.
    pub fn with_overlay_files(mut self, files: &[PathBuf]) -> Self {
        self.lay_over(read(files));
        self
    }

    /// Lays overlays over a faultbook that has none, as `(path, text)` pairs; the paths are only shown.
    pub fn with_overlays(mut self, texts: Vec<(String, String)>) -> Self {
        self.lay_over(texts.into_iter().map(Ok).collect());
        self
    }

    /// Takes back what overlays have changed: rules are as their authors wrote them. What is wrong with the overlays remains told.
    ///
    /// A rule's own tests are about the rule as written, wherever they run.
    pub fn as_written(mut self) -> Self {
        self.set_overlays_aside();
        self
    }

    pub(crate) fn set_overlays_aside(&mut self) {
        self.rules.iter_mut().for_each(Rule::without_overlay);
        self.overlay_noise = Arc::default();
    }

    /// Finds the overlays that lie right at some paths: in a folder, or the path itself.
    pub fn overlays_at(paths: &[PathBuf]) -> Vec<PathBuf> {
        let at = |path: &PathBuf| match path.is_dir() {
            true => path.join(OVERLAY_FILE),
            false => path.clone(),
        };
        let is_overlay = |path: &PathBuf| path.ends_with(OVERLAY_FILE) && path.is_file();
        paths.iter().map(at).filter(is_overlay).collect()
    }

    /// The noise filters of all overlays.
    pub fn overlay_noise(&self) -> &OverlayNoise {
        &self.overlay_noise
    }

    /// How many overlays were read.
    pub fn overlays(&self) -> usize {
        self.overlays
    }

    /// Checks overlays and lays them over the rules.
    pub(crate) fn lay_over(&mut self, read: Vec<Result<(String, String), Diagnostic>>) {
        if read.is_empty() {
            return;
        }
        let mut diagnostics = Vec::new();
        let mut overlays: Vec<CheckedOverlay> = Vec::new();
        for read in read {
            match read {
                Ok((path, text)) => {
                    let file = Arc::new(AuthoredFile::new(path, text));
                    let (overlay, faults) = overlay_check::check(&file, self.settings.patterns());
                    overlays.push(overlay);
                    diagnostics.extend(faults);
                }
                Err(diagnostic) => diagnostics.push(diagnostic),
            }
        }
        self.overlays = overlays.len();
        let entries = Entries::new(&overlays);
        self.rules.iter_mut().for_each(Rule::without_overlay);
        diagnostics.extend(entries.unused(self.rules.iter(), &self.other_rules));
        self.overlay_noise = Arc::new(entries.apply(&mut self.rules));
        self.diagnostics.extend(diagnostics);
        self.diagnostics.sort_by(|left, right| left.sort_key().cmp(&right.sort_key()));
    }
}

/// The texts of overlays.
pub(crate) fn read(files: &[PathBuf]) -> Vec<Result<(String, String), Diagnostic>> {
    let read = |path: &PathBuf| match text_of(path) {
        Ok(text) => Ok((shown(path), text)),
        Err(reason) => Err(not_readable(path, &reason)),
    };
    files.iter().map(read).collect()
}

/// The overlays of a faultbook in the order in which they count: those given, then those in or beside the folders of rules.
pub(crate) fn overlay_files(rule_paths: &[PathBuf], given: &[PathBuf]) -> Vec<PathBuf> {
    let beside = nearest_of_each(rule_paths, |folder| Some(folder.join(OVERLAY_FILE)).filter(|path| path.is_file()));
    let mut files: Vec<PathBuf> = Vec::new();
    for path in given.iter().chain(&beside) {
        if !is_among(path, &files) {
            files.push(path.clone());
        }
    }
    files
}

/// Whether a path is one of some others, however they are written.
pub(crate) fn is_among(path: &Path, others: &[PathBuf]) -> bool {
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    !others.is_empty() && others.iter().any(|other| absolute(other) == absolute(path))
}

pub(crate) fn unused_overlay(path: &Path) -> Diagnostic {
    let file = Arc::new(AuthoredFile::new(shown(path), ""));
    let title = format!("the overlay `{}` is not used: it lies below the rules, not beside them", shown(path));
    Diagnostic::warning(Code::UnusedOverlay, title)
        .at(&file, Span::default(), "")
        .help("move the file up, or give it with `--overlay`")
}
