//! From an overlay as written to one whose regexes and globs parse, or to everything that is wrong with it by itself.
//!
//! An entry with a mistake is left out, the sound ones are used. Whether there are such rules, and what an entry changes about them, is
//! for `overlay_join`.

use std::sync::Arc;

use crate::rule::authored::{AuthoredFile, Located, Span};
use crate::rule::check_parts::PartChecker;
use crate::rule::diagnostic::{Code, Diagnostic};
use crate::rule::overlay_file::{ChangeFile, FilterFile, OverlayFile};
use crate::rule::pattern_library::PatternLibrary;
use crate::rule::signature::{FileGlob, Leaf};
use crate::rule::vocabulary::Severity;

/// An overlay that is sound by itself.
#[derive(Debug)]
pub(crate) struct CheckedOverlay {
    pub(crate) file: Arc<AuthoredFile>,
    pub(crate) rules: Vec<(Located<String>, Change)>,
    pub(crate) tags: Vec<(Located<String>, Change)>,
    pub(crate) noise: Vec<Filter>,
}

/// What is different about a rule.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) severity: Option<Located<Severity>>,
    pub(crate) off: Option<Located<bool>>,
    pub(crate) reason: Option<String>,
    pub(crate) noise: Vec<Filter>,
}

/// Records that count for nothing.
#[derive(Debug)]
pub(crate) struct Filter {
    pub(crate) span: Span,
    /// What is written of its tests and its globs: filters with the same are the same.
    pub(crate) written: [Vec<String>; 3],
    pub(crate) leaves: Arc<[Leaf]>,
    pub(crate) file: Vec<FileGlob>,
    pub(crate) reason: Option<String>,
}

/// Checks an overlay; what is wrong is reported and left out.
pub(crate) fn check(file: &Arc<AuthoredFile>, patterns: &PatternLibrary) -> (CheckedOverlay, Vec<Diagnostic>) {
    let (written, read) = OverlayFile::read(Arc::clone(file));
    let mut checker = Checker { parts: PartChecker::new(file, read, patterns) };
    let rules = checker.changes(written.rules);
    let tags = checker.changes(written.tags);
    let noise = checker.filters(&written.noise);
    (CheckedOverlay { file: Arc::clone(file), rules, tags, noise }, checker.parts.diagnostics)
}

struct Checker<'a> {
    parts: PartChecker<'a>,
}

impl Checker<'_> {
    fn changes(&mut self, written: Vec<(Located<String>, ChangeFile)>) -> Vec<(Located<String>, Change)> {
        let change = |(name, change): (Located<String>, ChangeFile)| {
            let reason = change.reason.map(|reason| reason.value);
            let noise = self.filters(&change.noise);
            (name, Change { severity: change.severity, off: change.off, reason, noise })
        };
        written.into_iter().map(change).collect()
    }

    fn filters(&mut self, written: &[FilterFile]) -> Vec<Filter> {
        written.iter().filter_map(|filter| self.filter(filter)).collect()
    }

    fn filter(&mut self, written: &FilterFile) -> Option<Filter> {
        let faults_before = self.parts.diagnostics.len();
        let regexes = written.regex.iter().filter_map(|regex| self.parts.pattern(regex)).map(Leaf::Regex);
        let mut leaves: Vec<Leaf> = regexes.collect();
        for text in &written.contains {
            if text.value.is_empty() {
                let title = "this text is empty, and every record contains it";
                let help = Some("write what the records have that do not count".to_owned());
                self.parts.error(Code::EmptyMatch, text.span, title, "nothing", help);
            }
            leaves.push(Leaf::Contains(text.value.as_bytes().to_vec()));
        }
        let file = written.file.iter().filter_map(|glob| self.parts.glob(glob)).collect();
        if written.has_faults || self.parts.diagnostics.len() > faults_before {
            return None;
        }
        let texts = |texts: &[Located<String>]| texts.iter().map(|text| text.value.clone()).collect();
        Some(Filter {
            span: written.span,
            written: [texts(&written.regex), texts(&written.contains), texts(&written.file)],
            leaves: leaves.into(),
            file,
            reason: written.reason.as_ref().map(|reason| reason.value.clone()),
        })
    }
}
