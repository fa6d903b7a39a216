//! Which faultbook, and which of its rules: the options that all commands share, and the filters of those that select.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use globset::{GlobBuilder, GlobMatcher};

use crate::cli::exit::Failure;
use crate::rule::diagnostic::nearest;
use crate::rule::reload::LiveFaultbook;
use crate::rule::{Audience, DiagnosticSeverity, Faultbook, Rule};

/// Which rules and templates are used.
#[derive(Args, Debug)]
pub struct FaultbookOptions {
    /// Use the rules below DIR instead of the faultbook that is built in; may be given several times. Settings come from
    /// `faultbook.yaml` in DIR or beside it
    #[arg(long, global = true, value_name = "DIR", help_heading = "Global options")]
    rules: Vec<PathBuf>,
    /// Look for article texts and layouts in DIR first; without it, in a folder `templates` beside the rules
    #[arg(long, global = true, value_name = "DIR", help_heading = "Global options")]
    templates: Vec<PathBuf>,
    /// Lay FILE over the rules: severities, rules that are off and noise of this site; may be given several times. Without it,
    /// an `overlay.yaml` in DIR of --rules or beside it
    #[arg(long = "overlay", global = true, value_name = "FILE", help_heading = "Global options")]
    overlays: Vec<PathBuf>,
}

impl FaultbookOptions {
    /// Loads the faultbook. Fails when there is nothing to load; faults of rules are in its diagnostics.
    pub fn load(&self) -> Result<Faultbook, Failure> {
        let faultbook = self.load_paths(&self.rules)?;
        // settings alone can be checked, not used
        if faultbook.files() == 0 && faultbook.settings_files() + faultbook.overlays() > 0 && !faultbook.has_errors() {
            return Err(no_rules(&self.rules));
        }
        Ok(faultbook)
    }

    /// Loads the rules at `paths` in place of `--rules`; without any, the built-in ones. There may be settings alone.
    pub fn load_paths(&self, paths: &[PathBuf]) -> Result<Faultbook, Failure> {
        for path in paths {
            must_exist(path, "give a folder of rules or a rule file that exists")?;
        }
        for path in &self.templates {
            let help = "give a folder of templates that exists";
            must_exist(path, help)?;
            if !path.is_dir() {
                return Err(Failure::refused(format!("`{}` is not a folder", path.display()), help));
            }
        }
        self.overlays_must_exist()?;
        if paths.is_empty() {
            return Ok(Faultbook::shipped_with(&self.templates).with_overlay_files(&self.overlays));
        }
        let faultbook = Faultbook::load_with_overlays(paths, &self.templates, &self.overlays);
        if faultbook.files() + faultbook.settings_files() + faultbook.overlays() == 0 && !faultbook.has_errors() {
            return Err(no_rules(paths));
        }
        Ok(faultbook)
    }

    /// Loads the faultbook as its authors wrote it, so that it can be loaded again when its files change. There must be files.
    pub fn load_live(&self) -> Result<LiveFaultbook, Failure> {
        if self.rules.is_empty() {
            return Err(Failure::refused(
                "the rules that are built in do not change",
                "give the folder of yours with --rules",
            ));
        }
        for path in self.rules.iter().chain(&self.templates) {
            must_exist(path, "give a folder of rules or a rule file that exists")?;
        }
        self.overlays_must_exist()?;
        Ok(LiveFaultbook::load_as_written(&self.rules, &self.templates, &self.overlays))
    }

    fn overlays_must_exist(&self) -> Result<(), Failure> {
        self.overlays.iter().try_for_each(|path| must_exist(path, "give an overlay that exists"))
    }

    /// The files given with `--overlay`.
    pub fn overlays(&self) -> &[PathBuf] {
        &self.overlays
    }

    /// The folders given with `--templates`.
    pub fn templates(&self) -> &[PathBuf] {
        &self.templates
    }

    /// The folders given with `--rules`.
    pub fn rules(&self) -> &[PathBuf] {
        &self.rules
    }
}

fn no_rules(paths: &[PathBuf]) -> Failure {
    let shown: Vec<String> = paths.iter().map(|path| format!("`{}`", path.display())).collect();
    Failure::refused(
        format!("there are no rules in {}", shown.join(", ")),
        "rules are files with the ending .yaml or .yml; give a folder that has some",
    )
}

fn must_exist(path: &Path, help: &str) -> Result<(), Failure> {
    match std::fs::metadata(path) {
        Ok(_) => Ok(()),
        Err(error) => Err(Failure::refused(format!("cannot read `{}`: {error}", path.display()), help)),
    }
}

/// Which of the rules are used.
#[derive(Args, Debug)]
#[command(next_help_heading = "Which rules")]
pub struct RuleFilter {
    /// Use only rules with this id, or with an id that fits this glob; may be given several times
    #[arg(long = "rule", value_name = "ID|GLOB")]
    patterns: Vec<RulePattern>,
    /// Use only rules with this tag; with several, rules that have any of them
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// Who will read the answers: `public` sees public rules only, `partner` also those for partners, `internal`, which
    /// is the default, all
    #[arg(long, value_name = "WHO", value_parser = PossibleValuesParser::new(Audience::NAMES).try_map(|name| name.parse::<Audience>()))]
    audience: Option<Audience>,
}

impl RuleFilter {
    /// Keeps the rules that are wanted. Fails when an id, glob or tag fits no rule at all, which is a slip of the pen.
    pub fn apply(&self, faultbook: &mut Faultbook) -> Result<(), Failure> {
        let wanted = self.wanted(faultbook)?;
        faultbook.retain(wanted);
        Ok(())
    }

    /// Tells which rules are wanted. Fails as [`RuleFilter::apply`] does.
    pub fn wanted(&self, faultbook: &Faultbook) -> Result<impl Fn(&Rule) -> bool + use<'_>, Failure> {
        for pattern in &self.patterns {
            pattern.must_fit(faultbook)?;
        }
        for tag in &self.tags {
            let known = || faultbook.rules().iter().flat_map(|rule| &rule.tags).map(String::as_str);
            if !known().any(|other| other == tag) {
                return Err(Failure::refused(format!("no rule has the tag `{tag}`"), meant(tag, known())));
            }
        }
        let audience = self.audience.or(faultbook.settings().defaults().audience).unwrap_or(Audience::Internal);
        Ok(move |rule: &Rule| self.accepts(rule) && rule.audience <= audience)
    }

    fn accepts(&self, rule: &Rule) -> bool {
        let listed = self.patterns.is_empty() || self.patterns.iter().any(|pattern| pattern.fits(rule));
        let tagged = self.tags.is_empty() || self.tags.iter().any(|tag| rule.tags.contains(tag));
        listed && tagged
    }
}

/// The id of a rule or a glob over ids, without regard to case.
#[derive(Clone, Debug)]
pub struct RulePattern {
    written: String,
    glob: GlobMatcher,
}

impl RulePattern {
    /// Whether the rule is meant.
    pub fn fits(&self, rule: &Rule) -> bool {
        self.written == rule.id || self.glob.is_match(&rule.id)
    }

    /// The id or glob as given.
    pub fn written(&self) -> &str {
        &self.written
    }

    /// Fails when no rule is meant, with the id that comes nearest.
    pub fn must_fit(&self, faultbook: &Faultbook) -> Result<(), Failure> {
        if faultbook.rules().iter().any(|rule| self.fits(rule)) {
            return Ok(());
        }
        if let Some(failure) = left_out(faultbook, &self.written) {
            return Err(failure);
        }
        let ids = faultbook.rules().iter().map(|rule| rule.id.as_str());
        Err(Failure::refused(format!("no rule fits `{}`", self.written), meant(&self.written, ids)))
    }
}

impl FromStr for RulePattern {
    type Err = globset::Error;

    fn from_str(text: &str) -> Result<Self, globset::Error> {
        let glob = GlobBuilder::new(text).case_insensitive(true).build()?;
        Ok(RulePattern { written: text.to_owned(), glob: glob.compile_matcher() })
    }
}

/// Says that the rule with this id is left out, if a file with mistakes says that it is that rule.
pub fn left_out(faultbook: &Faultbook, id: &str) -> Option<Failure> {
    let errors = faultbook.diagnostics().iter().filter(|diagnostic| diagnostic.severity == DiagnosticSeverity::Error);
    let mut files = errors.filter_map(|error| error.labels.first()).map(|label| &label.file);
    let is_id = |line: &str| line.strip_prefix("id:").is_some_and(|own| own.trim().trim_matches(['"', '\'']) == id);
    let file = files.find(|file| file.text().lines().any(is_id))?;
    Some(Failure::refused(
        format!("the rule `{id}` is left out, since `{}` has mistakes", file.path()),
        "`faultbook check` with the same --rules shows them",
    ))
}

/// The nearest of the candidates, as help.
pub fn meant<'a>(given: &str, candidates: impl Iterator<Item = &'a str>) -> String {
    match nearest(given, candidates) {
        Some(candidate) => format!("did you mean `{candidate}`?"),
        None => "`faultbook rules` lists what there is".to_owned(),
    }
}
