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
use crate::rule::fix::Fix;

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

            /// One paragraph for the documentation, as its lines stand in the table: when it occurs and what to do.
            pub fn documentation(self) -> &'static str {
                match self { $(Code::$variant => concat!($($doc, "\n"),+)),+ }
            }

            /// The code with a name.
            pub fn named(name: &str) -> Option<Code> {
                match name { $($name => Some(Code::$variant),)+ _ => None }
            }
        }
    };
}

codes! {
    /// The file is not YAML: nothing in it could be read. What to do: mend the place; usually a text needs single quotes.
    YamlSyntax = "yaml-syntax",
    /// A file, folder or template could not be read from disk. What to do: check its path, permissions and encoding.
    UnreadableFile = "unreadable-file",
    /// A key that the rule language does not have; usually a slip of the pen. What to do: take the key that is suggested.
    UnknownKey = "unknown-key",
    /// A key that every rule, or this part of one, needs. What to do: add it.
    MissingKey = "missing-key",
    /// A key that stands twice in the same mapping. What to do: keep one.
    DuplicateKey = "duplicate-key",
    /// A key that has no effect where it stands. What to do: leave it out.
    UnusedKey = "unused-key",
    /// A value of another kind than the key takes, such as a list where a text belongs. What to do: write the kind of value
    /// that is named.
    WrongType = "wrong-type",
    /// A value that is not one of the choices, such as a severity that does not exist. What to do: take one of the choices.
    UnknownValue = "unknown-value",
    /// A key of the language that this version does not evaluate yet; the rule would not mean what it says. What to do:
    /// leave it out.
    NotSupported = "not-supported",
    /// A name of a signature, fact or id with characters that conditions and templates cannot refer to, or one in the
    /// settings that no XML element or JSON key can have. What to do: rename it.
    BadName = "bad-name",
    /// Two things of one rule share a name, so that a condition could not tell them apart. What to do: rename one.
    NameClash = "name-clash",
    /// Two rules have the same id; the first one read is used. What to do: give one another id.
    DuplicateId = "duplicate-id",
    /// A date that is not of the form 2024-12-31. What to do: write `2024-12-31`.
    BadDate = "bad-date",
    /// A version number or version range that cannot be understood. What to do: write `">=5.4, <5.6"` or `"5.4"`.
    BadVersion = "bad-version",
    /// A file glob that cannot be understood. What to do: mend it, for instance `var/log/**/*.log`.
    BadGlob = "bad-glob",
    /// A regular expression that does not compile. What to do: mend the marked place.
    BadRegex = "bad-regex",
    /// A regular expression that matches the empty string, and with it every record. What to do: require at least one
    /// character.
    EmptyMatch = "empty-match",
    /// A regular expression or signature that no record can ever match. What to do: remove the part that excludes
    /// everything.
    NeverMatches = "never-matches",
    /// A signature that has to be tried on every record, or nearly every one, because there is no literal of three
    /// characters that all its matches have. What to do: add one; the message says which part keeps a literal from being
    /// certain.
    SlowPattern = "slow-pattern",
    /// A reference to a pattern (`%{NAME}`) that neither the pattern library nor the faultbook has. What to do: take the name that is
    /// suggested, or define it under `patterns` in `faultbook.yaml`.
    UnknownPattern = "unknown-pattern",
    /// Patterns of the settings that name each other in a circle. What to do: write one of them out.
    CircularPatterns = "circular-patterns",
    /// A capture name that two regexes of one signature give to different things. What to do: give each its own name.
    DuplicateCapture = "duplicate-capture",
    /// A signature that nothing has to match: it would match every record. What to do: add `regex`, `contains`, `all` or
    /// `any`.
    EmptySignature = "empty-signature",
    /// A condition, `when` or `derive` that is not a valid expression. What to do: mend the marked place.
    BadExpression = "bad-expression",
    /// A name in a condition, text or correlation that the rule does not define: neither a signature, a correlation, a capture nor a
    /// fact. What to do: take the name that is suggested, or define it.
    UnknownName = "unknown-name",
    /// A filter or test in a condition or text that does not exist. What to do: take one that is suggested.
    UnknownFilter = "unknown-filter",
    /// A text with a template error. What to do: mend the marked place.
    BadTemplate = "bad-template",
    /// A file below `templates/` that is named but not there. What to do: check the path; it is relative to `templates/`.
    MissingTemplate = "missing-template",
    /// Files below `templates/` that take in each other in a circle, or one that takes in itself. What to do: move what both need into
    /// a third file.
    CircularInclude = "circular-include",
    /// Files that take in each other deeper, or a text that takes in more, than texts may. What to do: take in less.
    IncludeLimit = "include-limit",
    /// A macro that the file it is imported from does not define, or something else that is called like one. What to do: take the name
    /// that is suggested.
    UnknownMacro = "unknown-macro",
    /// A call that does not fit its macro: arguments that are missing, too many or not known, or a `call` block for a macro that has no
    /// place for its text. What to do: write what the macro takes.
    WrongArguments = "wrong-arguments",
    /// A rule id in `supersedes` that no rule has. Ids in `related` may be articles outside the faultbook. What to do: mend
    /// it, or check the folder as a whole.
    UnknownRule = "unknown-rule",
    /// A condition that is false whatever the case: the rule can never apply. What to do: look for a part that contradicts
    /// another.
    NeverApplies = "never-applies",
    /// A resolution branch that is false whatever the facts: its remedy is never shown. What to do: compare with the values
    /// the facts can have.
    UnreachableBranch = "unreachable-branch",
    /// An `extract` whose regex does not say which of its parts is the value. What to do: name a group like the fact.
    UnclearExtract = "unclear-extract",
    /// A JSONPath that cannot be understood, or one that could take long over a large document. What to do: mend the marked place; write
    /// the way to the value step by step.
    BadJsonPath = "bad-jsonpath",
    /// A table that a `lookup` names and that is not below `tables/`, or of which nothing can be used. What to do: check the name, which
    /// has no ending.
    MissingTable = "missing-table",
    /// A table that is too large, or one with a row or cell that cannot be used; rules use the others. What to do: mend the marked place.
    BadTable = "bad-table",
    /// A column that the table of a `lookup` does not have. What to do: take one that is suggested.
    UnknownColumn = "unknown-column",
    /// A correlation that groups by something, or counts something, that one of its signatures does not capture. What to do: capture
    /// it there, or say under `aliases` what it is called there.
    NotCaptured = "not-captured",
    /// A time span that cannot be understood. What to do: write a number with a unit, such as `5m`.
    BadTimespan = "bad-timespan",
    /// Comparisons of a correlation that no count can satisfy. What to do: mend the one that excludes the others.
    ImpossibleComparison = "impossible-comparison",
    /// A signature over whole files in a correlation: a file has no time. What to do: use signatures of records.
    TimelessSignature = "timeless-signature",
    /// Correlations that rest on each other in a circle. What to do: let one of them rest on signatures.
    CircularCorrelations = "circular-correlations",
    /// Facts that derive or look up each other in a circle. What to do: give one another source.
    CircularFacts = "circular-facts",
    /// An inline test that names something the rule does not have, such as a branch title. What to do: mend the test.
    BadTest = "bad-test",
    /// A rule without a test that matches or without one that does not. What to do: add one.
    MissingTest = "missing-test",
    /// A facts file with a line that cannot be used. What to do: write `name: value`, one to a line.
    BadFact = "bad-fact",
    /// A header in the settings without a group for time or level, or with a group for something else. What to do: name the
    /// groups.
    BadHeader = "bad-header",
    /// A limit or number of threads in the settings that is no number or size, or one that cannot be had. What to do: write
    /// what is named.
    BadLimit = "bad-limit",
    /// A timestamp format in the settings that cannot be read or does not name a day. What to do: mend the marked place.
    BadTimeFormat = "bad-time-format",
    /// Keys of the settings that say in two ways what a record is. What to do: keep one.
    ContradictingKeys = "contradicting-keys",
    /// A glob that two entries of the settings have as their path. What to do: put their keys into one entry.
    DuplicateGlob = "duplicate-glob",
    /// A settings file that is not used because it lies below the rules and not beside them. What to do: move it up.
    UnusedSettings = "unused-settings",
    /// An entry of an overlay that changes nothing: for a rule or a tag that there is not, a severity that the rule has anyway, a noise
    /// filter that can take no record; or an overlay that is not used because it lies below the rules. What to do: mend the name, or
    /// leave the entry out.
    UnusedOverlay = "unused-overlay",
    /// A signature that also matches a sample of another rule, so that the rule applies where it should not: a near miss of that rule,
    /// or a failure that it explains already. What to do: make the signature narrower; if both rules are right about the text, name the
    /// other one under `related` or `supersedes`.
    NoisyPattern = "noisy-pattern",
    /// Two signatures that test the same, apart from the names of captures and the order of tests: in two rules, which then both
    /// apply to the same records, or in one, where the second adds nothing. What to do: keep one of them; where both rules are meant,
    /// give them different `environment`s, or name one in the other's `supersedes` or `related`.
    DuplicateSignature = "duplicate-signature",
    /// A text under `contains` that holds another one which is looked for already: in one list it can never make a difference, and in
    /// another rule it means that wherever this rule applies the more general one does so too. What to do: leave the longer text out,
    /// or name the more general rule under `supersedes`.
    ShadowedSignature = "shadowed-signature",
    /// A value that stands twice in one list. What to do: keep one; `check --fix` does.
    DuplicateEntry = "duplicate-entry",
    /// A capture that nothing uses: no condition, text, fact or correlation, and it does not tell failures apart because `identity`
    /// leaves it out or because it is not of the first signature. What to do: use it, or write `(?:…)` for the group.
    UnusedCapture = "unused-capture",
    /// A fact that no condition, `when`, `derive` or text needs; if it has an `ask`, its question is never asked. What to do: use it, or
    /// leave it out.
    UnusedFact = "unused-fact",
    /// A correlation that no condition, `when`, `derive`, text or other correlation uses: nobody is told whether it holds. What to do: name
    /// it where it was meant to decide, or leave it out.
    UnusedCorrelation = "unused-correlation",
    /// A capture that `identity` leaves out, so that one failure may have several values of it, before a filter or test that is about
    /// one value, such as `int` or `version`. It would fail, or be false, as soon as there are two. What to do: take one with `first`,
    /// or name the capture under `identity`.
    SeveralValues = "several-values",
    /// A `{{ … }}` in a text that is no template: a question, a title or an `about`. Readers are shown it as it is written; the answer
    /// to a question counts for the whole case and not for one failure. What to do: say it without the value, and show the value in a
    /// section of the article.
    LiteralPlaceholder = "literal-placeholder",
    /// A condition, `when` or `derive` that has the same value for every answer, so that it decides nothing. What to do: leave it out,
    /// or look for a part that contradicts or repeats another.
    ConstantCondition = "constant-condition",
    /// Two branches of a resolution that hold for the same answers, so that a reader is given two remedies where one was meant; the
    /// message names such answers. Answers in which several signatures matched are not counted: two things were seen then, and two
    /// remedies may be right. What to do: exclude in one `when` what the other is about.
    OverlappingBranches = "overlapping-branches",
    /// Answers for which the rule applies and no branch of its resolution holds, so that the reader is told of a failure and given no
    /// remedy; the message names such answers. What to do: add a branch for them, or one without `when`.
    UncoveredAnswer = "uncovered-answer",
    /// An article without one of the sections that readers look for: symptoms, cause, resolution. Drafts and archived articles are not
    /// asked for them. What to do: write the section.
    MissingSection = "missing-section",
    /// A section that still says what `faultbook new` wrote for its author to write, in an article that is no draft any more. Readers
    /// would be shown it. What to do: write the section, leave it out, or go back to `state: draft`.
    UnwrittenSection = "unwritten-section",
    /// An article whose last review, or without one its making, is longer ago than `check --stale` allows. What to do: confirm that it
    /// still holds and set `reviewed`, or archive it.
    ReviewOverdue = "review-overdue",
    /// Keys about the life of an article that contradict each other: a draft that is public, a validated article that nobody has
    /// reviewed, a review before the article was made, an archived article that supersedes or is superseded. What to do: mend the one
    /// that is wrong.
    ContradictingState = "contradicting-state",
    /// A link that leads nowhere: an id under `related` that looks like those of this faultbook and is none, a place in the text that is
    /// not there, a file beside the rule or below `templates/` that does not exist. What to do: mend it; for articles elsewhere use
    /// `links`.
    DeadLink = "dead-link",
    /// A word under `allow` or `deny` that is no warning. Errors cannot be allowed, since their rules are not used. What to do: take the
    /// name that is suggested; `check` shows the name of each warning in brackets.
    UnknownLint = "unknown-lint",
    /// A warning that a rule allows and that does not occur in it, so that the next one would go unseen. What to do: leave it out;
    /// `check --fix` does.
    UnusedAllow = "unused-allow",
}

impl Code {
    /// When it occurs and what to do: one paragraph in one line, for people.
    pub fn explanation(self) -> String {
        self.documentation().lines().map(str::trim).collect::<Vec<_>>().join(" ")
    }
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
    /// The edit that surely mends it, if there is one.
    pub fix: Option<Box<Fix>>,
}

impl Diagnostic {
    /// A mistake that takes the rule out of use.
    pub fn error(code: Code, title: impl Into<String>) -> Self {
        Self {
            code,
            severity: DiagnosticSeverity::Error,
            title: title.into(),
            labels: Vec::new(),
            help: None,
            fix: None,
        }
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

    /// Says which edit surely mends it, if there is one.
    pub fn maybe_fix(mut self, fix: Option<Fix>) -> Self {
        self.fix = fix.map(Box::new);
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

/// As `{code, severity, title, help, labels: [{file, line, column, end_line, end_column, text}], fix}`.
impl Serialize for Diagnostic {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Diagnostic", 6)?;
        out.serialize_field("code", self.code.name())?;
        out.serialize_field("severity", &self.severity)?;
        out.serialize_field("title", &self.title)?;
        out.serialize_field("help", &self.help)?;
        out.serialize_field("labels", &self.labels)?;
        out.serialize_field("fix", &self.fix)?;
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
    near(given, candidates).min().map(|(_, candidate)| candidate)
}

/// All candidates that `given` may mean.
pub(crate) fn near_names<'a>(given: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    near(given, candidates).map(|(_, candidate)| candidate).collect()
}

/// The candidates that are near enough, each with its distance.
fn near<'a>(given: &str, candidates: impl IntoIterator<Item = &'a str>) -> impl Iterator<Item = (usize, &'a str)> {
    let given = given.to_lowercase();
    let allowed = (given.chars().count() / 3).clamp(1, 4);
    let distance = move |candidate: &str| {
        let candidate = candidate.to_lowercase();
        let is_cut = given.chars().count() > 2 && candidate.starts_with(&given);
        let distance = strsim::osa_distance(&given, &candidate);
        if is_cut { distance.min(allowed) } else { distance }
    };
    let near = candidates.into_iter().map(move |candidate| (distance(candidate), candidate));
    near.filter(move |&(distance, _)| distance <= allowed)
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
