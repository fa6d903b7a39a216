//! Authors' mistakes as data.
//!
//! A [`Diagnostic`] is one object for every reader: the terminal draws it, `--format json` serialises it, an editor or a
//! page shows it. Its [`Code`] never changes meaning and is documented in one table, [`Code::ALL`]. Drawing is the command
//! line's job.

use std::fmt;
use std::sync::Arc;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::rule::authored::{AuthoredFile, Span};

/// How bad a mistake is: an error takes its rule out of use, a warning does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DiagnosticSeverity {
    /// The rule works, but probably not as meant.
    Warning,
    /// The rule is not used until this is mended.
    Error,
}

impl fmt::Display for DiagnosticSeverity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            DiagnosticSeverity::Warning => "warning",
            DiagnosticSeverity::Error => "error",
        })
    }
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal,)+) => {
        /// What kind of mistake a diagnostic is about. The names are stable: scripts and suppressions rely on them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Code {
            /// Every code, in the order of the documentation.
            pub const ALL: &'static [Code] = &[$(Code::$variant),+];

            /// The stable name, as it is printed in brackets.
            pub fn name(self) -> &'static str {
                match self { $(Code::$variant => $name),+ }
            }

            /// One paragraph for the documentation: when it occurs and what to do.
            pub fn documentation(self) -> &'static str {
                match self { $(Code::$variant => concat!($($doc, "\n"),+)),+ }
            }
        }
    };
}

codes! {
    /// The file is not YAML: nothing in it could be read.
    YamlSyntax = "yaml-syntax",
    /// A file, folder or template could not be read from disk.
    UnreadableFile = "unreadable-file",
    /// A key that the rule language does not have; usually a slip of the pen.
    UnknownKey = "unknown-key",
    /// A key that every rule, or this part of one, needs.
    MissingKey = "missing-key",
    /// A key that stands twice in the same mapping.
    DuplicateKey = "duplicate-key",
    /// A key that has no effect where it stands.
    UnusedKey = "unused-key",
    /// A value of another kind than the key takes, such as a list where a text belongs.
    WrongType = "wrong-type",
    /// A value that is not one of the choices, such as a severity that does not exist.
    UnknownValue = "unknown-value",
    /// A key of the language that this version does not evaluate yet; the rule would not mean what it says.
    NotSupported = "not-supported",
    /// A name of a signature, fact or id with characters that conditions and templates cannot refer to, or one in the settings that
    /// no XML element or JSON key can have.
    BadName = "bad-name",
    /// Two things of one rule share a name, so that a condition could not tell them apart.
    NameClash = "name-clash",
    /// Two rules have the same id; the first one read is used.
    DuplicateId = "duplicate-id",
    /// A date that is not of the form 2024-12-31.
    BadDate = "bad-date",
    /// A version number or version range that cannot be understood.
    BadVersion = "bad-version",
    /// A file glob that cannot be understood.
    BadGlob = "bad-glob",
    /// A regular expression that does not compile.
    BadRegex = "bad-regex",
    /// A regular expression that matches the empty string, and with it every record.
    EmptyMatch = "empty-match",
    /// A regular expression or signature that no record can ever match.
    NeverMatches = "never-matches",
    /// A signature that has to be tried on every record, or nearly every one, because there is no literal of three characters that all its
    /// matches have.
    SlowPattern = "slow-pattern",
    /// A reference to a pattern (`%{NAME}`) that neither the pattern library nor the faultbook has.
    UnknownPattern = "unknown-pattern",
    /// Patterns of the settings that name each other in a circle.
    CircularPatterns = "circular-patterns",
    /// A capture name that two regexes of one signature give to different things.
    DuplicateCapture = "duplicate-capture",
    /// A signature that nothing has to match: it would match every record.
    EmptySignature = "empty-signature",
    /// A condition, `when` or `derive` that is not a valid expression.
    BadExpression = "bad-expression",
    /// A name in a condition, text or correlation that the rule does not define: neither a signature, a correlation, a capture nor a fact.
    UnknownName = "unknown-name",
    /// A filter or test in a condition or text that does not exist.
    UnknownFilter = "unknown-filter",
    /// A text with a template error.
    BadTemplate = "bad-template",
    /// A file below `templates/` that is named but not there.
    MissingTemplate = "missing-template",
    /// A rule id in `supersedes` that no rule has. Ids in `related` may be articles outside the faultbook.
    UnknownRule = "unknown-rule",
    /// A condition that is false whatever the case: the rule can never apply.
    NeverApplies = "never-applies",
    /// A resolution branch that is false whatever the facts: its remedy is never shown.
    UnreachableBranch = "unreachable-branch",
    /// A correlation that groups by something, or counts something, that one of its signatures does not capture.
    NotCaptured = "not-captured",
    /// A time span that cannot be understood.
    BadTimespan = "bad-timespan",
    /// Comparisons of a correlation that no count can satisfy.
    ImpossibleComparison = "impossible-comparison",
    /// A signature over whole files in a correlation: a file has no time.
    TimelessSignature = "timeless-signature",
    /// Correlations that rest on each other in a circle.
    CircularCorrelations = "circular-correlations",
    /// Facts that derive each other in a circle.
    CircularFacts = "circular-facts",
    /// An inline test that names something the rule does not have, such as a branch title.
    BadTest = "bad-test",
    /// A rule without a test that matches or without one that does not.
    MissingTest = "missing-test",
    /// A facts file with a line that cannot be used.
    BadFact = "bad-fact",
    /// A header in the settings without a group for time or level, or with a group for something else.
    BadHeader = "bad-header",
    /// A limit or number of threads in the settings that is no number or size, or one that cannot be had.
    BadLimit = "bad-limit",
    /// A timestamp format in the settings that cannot be read or does not name a day.
    BadTimeFormat = "bad-time-format",
    /// Keys of the settings that say in two ways what a record is.
    ContradictingKeys = "contradicting-keys",
    /// A glob that two entries of the settings have as their path.
    DuplicateGlob = "duplicate-glob",
    /// A settings file that is not used because it lies below the rules and not beside them.
    UnusedSettings = "unused-settings",
}

impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A marked place with a few words about it.
#[derive(Clone, Debug)]
pub struct Label {
    /// The file the span lies in.
    pub file: Arc<AuthoredFile>,
    /// The marked bytes.
    pub span: Span,
    /// What to see there, a few words.
    pub text: String,
}

/// One mistake of an author. Built with [`Diagnostic::error`] or [`Diagnostic::warning`], then [`at`](Diagnostic::at) and
/// [`help`](Diagnostic::help).
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// What kind of mistake.
    pub code: Code,
    /// Whether the rule is still used.
    pub severity: DiagnosticSeverity,
    /// One sentence that names the mistake and the offending text.
    pub title: String,
    /// The places to look at; the first is the mistake itself.
    pub labels: Vec<Label>,
    /// What to write instead.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A mistake that takes the rule out of use.
    pub fn error(code: Code, title: impl Into<String>) -> Self {
        Self { code, severity: DiagnosticSeverity::Error, title: title.into(), labels: Vec::new(), help: None }
    }

    /// A mistake that leaves the rule in use.
    pub fn warning(code: Code, title: impl Into<String>) -> Self {
        Self { severity: DiagnosticSeverity::Warning, ..Self::error(code, title) }
    }

    /// Marks a place; the first one marked is where the mistake is.
    pub fn at(mut self, file: &Arc<AuthoredFile>, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { file: Arc::clone(file), span, text: text.into() });
        self
    }

    /// Says what to write instead.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same with help only where there is any.
    pub fn maybe_help(self, help: Option<impl Into<String>>) -> Self {
        match help {
            Some(help) => self.help(help),
            None => self,
        }
    }

    /// The order in which diagnostics are shown: by file, place, then code.
    pub fn sort_key(&self) -> (&str, usize, Code) {
        self.labels.first().map_or(("", 0, self.code), |label| (label.file.path(), label.span.start, self.code))
    }
}

/// As `{code, severity, title, help, labels: [{file, line, column, end_line, end_column, text}]}`.
impl Serialize for Diagnostic {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Diagnostic", 5)?;
        out.serialize_field("code", self.code.name())?;
        out.serialize_field("severity", &self.severity)?;
        out.serialize_field("title", &self.title)?;
        out.serialize_field("help", &self.help)?;
        out.serialize_field("labels", &self.labels)?;
        out.end()
    }
}

impl Serialize for Label {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (start, end) = (self.file.position(self.span.start), self.file.position(self.span.end));
        let mut out = serializer.serialize_struct("Label", 6)?;
        out.serialize_field("file", self.file.path())?;
        out.serialize_field("line", &start.line)?;
        out.serialize_field("column", &start.column)?;
        out.serialize_field("end_line", &end.line)?;
        out.serialize_field("end_column", &end.column)?;
        out.serialize_field("text", &self.text)?;
        out.end()
    }
}

/// How many candidates a help lists in full: what fits two lines of a terminal.
const LISTED: usize = 12;

/// How many it lists when there are more: the likeliest.
const LISTED_OF_MANY: usize = 6;

/// The candidate that `given` most probably means: at most a third of its letters differ, or it is cut short. Case does not
/// matter.
pub(crate) fn nearest<'a>(given: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let given = given.to_lowercase();
    let allowed = (given.chars().count() / 3).clamp(1, 4);
    let distance = |candidate: &str| {
        let candidate = candidate.to_lowercase();
        let is_cut = given.chars().count() > 2 && candidate.starts_with(&given);
        let distance = strsim::osa_distance(&given, &candidate);
        if is_cut { distance.min(allowed) } else { distance }
    };
    candidates
        .into_iter()
        .map(|candidate| (distance(candidate), candidate))
        .filter(|&(distance, _)| distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

/// "did you mean `x`?" for the nearest candidate, else what there is; of many candidates the likeliest.
pub(crate) fn suggest(given: &str, candidates: &[&str]) -> Option<String> {
    if let Some(candidate) = nearest(given, candidates.iter().copied()) {
        return Some(format!("did you mean `{candidate}`?"));
    }
    let mut shown = candidates.to_vec();
    if candidates.len() > LISTED {
        shown.sort_by_key(|candidate| strsim::osa_distance(given, candidate));
        shown.truncate(LISTED_OF_MANY);
    }
    let more = candidates.len() - shown.len();
    let shown: Vec<String> = shown.iter().map(|name| format!("`{name}`")).collect();
    match shown.as_slice() {
        [] => None,
        [only] => Some(format!("there is only {only}")),
        _ if more > 0 => Some(format!("use one of {} or {more} others", shown.join(", "))),
        _ => Some(format!("use one of {}", shown.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_names_are_distinct_and_documented() {
        let mut names: Vec<_> = Code::ALL.iter().map(|code| code.name()).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(Code::ALL.iter().all(|code| code.documentation().len() > 20));
    }

    #[test]
    fn the_nearest_name_is_suggested_only_when_near() {
        assert_eq!(nearest("subdomain_takn", ["subdomain_taken", "migration"]), Some("subdomain_taken"));
        assert_eq!(nearest("cause", ["resolution"]), None);
        assert_eq!(nearest("ERROR", ["warning", "error"]), Some("error"));
        assert_eq!(nearest("bool", ["number", "boolean"]), Some("boolean"));
    }
}
