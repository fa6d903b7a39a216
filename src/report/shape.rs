//! The shape of the machine-readable output, version 1; `docs/json.md` describes it for its users.
//!
//! The layouts are rendered from the same shapes, so that every format tells the same. Fields are only ever added within
//! one version of the [`SCHEMA`].

use serde::{Serialize, Serializer};

use crate::diagnose::{CaseSize, Diagnosis, Finding, Question, SourceEvidence, Values};
use crate::rule::{Audience, Faultbook, Link, OverlaySource, Rule, Severity, State, Truth};
use crate::source::{LogTime, Note};

/// The version of the shape.
pub const SCHEMA: u32 = 1;

/// A whole batch.
#[derive(Debug, Serialize)]
pub struct BatchShape<'a> {
    /// [`SCHEMA`].
    pub schema: u32,
    /// The cases in the order of the input.
    pub cases: Vec<CaseShape<'a>>,
    /// The findings of all cases, case by case.
    pub findings: Vec<FindingShape<'a>>,
    /// What could not be read as it should be.
    pub notes: Vec<NoteShape<'a>>,
    /// Totals.
    pub summary: Summary,
}

/// One case.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct CaseShape<'a> {
    /// Its archive, folder or file.
    pub case: &'a str,
    /// How much was read.
    #[serde(flatten)]
    pub size: CaseSize,
}

/// A note and the case it belongs to; none when the input could not be opened at all.
#[derive(Clone, Copy, Debug, Serialize)]
#[cfg_attr(feature = "portal", derive(utoipa::ToSchema))]
pub struct NoteShape<'a> {
    /// The case.
    pub case: Option<&'a str>,
    /// The note.
    #[serde(flatten)]
    pub note: &'a Note,
}

/// Totals of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Rules that were looked for.
    pub rules: usize,
    /// Rules with findings.
    pub rules_found: usize,
    /// Findings.
    pub findings: usize,
    /// Cases.
    pub cases: usize,
    /// Text sources read.
    pub sources: u64,
    /// Bytes of text read.
    pub bytes: u64,
}

/// One finding.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "portal", derive(utoipa::ToSchema))]
pub struct FindingShape<'a> {
    /// The case.
    pub case: &'a str,
    /// The rule's id.
    pub rule: &'a str,
    /// The failure in one line.
    pub title: &'a str,
    /// How bad.
    pub severity: Severity,
    /// How far the article may be trusted.
    pub state: State,
    /// Who may be shown the answer.
    pub audience: Audience,
    /// `holds`, or `open` when it depends on facts nobody knows whether the rule applies.
    pub applies: Outcome,
    /// Whether the case's product is the article's.
    pub environment: EnvironmentShape<'a>,
    /// Captured names: a text, or a list where there were several values.
    pub captures: Captures<'a>,
    /// How many records.
    pub count: u64,
    /// The earliest and latest time.
    #[cfg_attr(feature = "portal", schema(value_type = Option<String>))]
    pub first: Option<LogTime>,
    /// The latest time.
    #[cfg_attr(feature = "portal", schema(value_type = Option<String>))]
    pub last: Option<LogTime>,
    /// Whether one of them names no zone and was taken as UTC.
    pub zone_assumed: bool,
    /// Where.
    pub evidence: &'a [SourceEvidence],
    /// Sources beyond those.
    pub more_sources: u64,
    /// The branches that hold or are open; the texts are in the answer.
    pub resolution: Vec<BranchShape<'a>>,
    /// What would decide what is open.
    pub questions: &'a [Question],
    /// Documentation.
    pub links: &'a [Link],
    /// Related articles, but for those that are meant for fewer readers than this one.
    pub related: Vec<&'a str>,
    /// When the article was written and last confirmed.
    pub created: Option<String>,
    /// When it was last confirmed.
    pub reviewed: Option<String>,
    /// What an overlay changed about it; absent when none did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overlay: Option<OverlayShape<'a>>,
    /// Whether something is open only because too many combinations of answers were possible.
    pub limited: bool,
    /// Errors of evaluation or rendering.
    pub problems: Vec<String>,
    /// The rendered article; absent with `--brief`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<AnswerShape>,
}

/// What overlays changed about a finding.
#[derive(Clone, Copy, Debug, Serialize)]
#[cfg_attr(feature = "portal", derive(utoipa::ToSchema))]
pub struct OverlayShape<'a> {
    /// That the severity is not the one of the rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<SeverityShape<'a>>,
    /// Records in the case that match the rule and are noise here; they count for nothing.
    pub noise: u64,
}

/// Another severity than the rule's.
#[derive(Clone, Copy, Debug, Serialize)]
#[cfg_attr(feature = "portal", derive(utoipa::ToSchema))]
pub struct SeverityShape<'a> {
    /// What the rule says.
    pub written: Severity,
    /// Who says otherwise.
    #[serde(flatten)]
    pub source: &'a OverlaySource,
}

impl<'a> OverlayShape<'a> {
    fn of(rule: &'a Rule, finding: &Finding) -> Option<Self> {
        let severity = rule.overlay.as_ref().and_then(|overlay| overlay.severity.as_ref());
        let severity = severity.map(|(written, source)| SeverityShape { written: *written, source });
        (severity.is_some() || finding.noise > 0).then_some(Self { severity, noise: finding.noise })
    }
}

/// The words for a truth value of something that is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "portal", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// For every possible answer.
    Holds,
    /// It depends on what nobody knows.
    Open,
}

impl From<Truth> for Outcome {
    fn from(truth: Truth) -> Self {
        if truth == Truth::True { Outcome::Holds } else { Outcome::Open }
    }
}

/// The products an article is about.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "portal", derive(utoipa::ToSchema))]
pub struct EnvironmentShape<'a> {
    /// `open` when the case does not say which product it is about.
    pub state: Outcome,
    /// The products; none: any.
    pub products: Vec<ProductShape<'a>>,
}

/// A product and its versions.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "portal", derive(utoipa::ToSchema))]
pub struct ProductShape<'a> {
    /// Its name.
    pub product: &'a str,
    /// A range; none: any.
    pub version: Option<String>,
}

/// Captures in the order in which the rule has them; a mapping when serialised.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "portal", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "portal", schema(value_type = HashMap<String, CaptureShape<'a>>))]
pub struct Captures<'a>(pub Vec<(&'a str, CaptureShape<'a>)>);

impl Serialize for Captures<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// The value or values of a capture.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "portal", derive(utoipa::ToSchema))]
#[serde(untagged)]
pub enum CaptureShape<'a> {
    /// One.
    One(&'a str),
    /// Several; `…` at the end when there were more than are kept.
    Several(Vec<&'a str>),
}

/// One remedy.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "portal", derive(utoipa::ToSchema))]
pub struct BranchShape<'a> {
    /// Its heading; empty for a resolution without branches.
    pub title: &'a str,
    /// Whether it is the right one, or may be.
    pub state: Outcome,
    /// What it depends on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
}

/// A rendered article.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "portal", derive(utoipa::ToSchema))]
pub struct AnswerShape {
    /// `html`, `markdown` or `text`.
    pub format: &'static str,
    /// The article.
    pub body: String,
}

impl<'a> FindingShape<'a> {
    /// The shape of a finding, without an answer.
    pub fn of(faultbook: &'a Faultbook, case: &'a str, rule: &'a Rule, finding: &'a Finding) -> Self {
        let branch = |state: &crate::diagnose::BranchState| {
            let branch = &rule.resolution[state.index];
            let when = branch.when.as_ref().map(|when| when.source());
            BranchShape { title: &branch.title, state: state.truth.into(), when }
        };
        let products = rule.environment.iter().map(|entry| ProductShape {
            product: &entry.product,
            version: entry.version.as_ref().map(ToString::to_string),
        });
        Self {
            case,
            rule: &rule.id,
            title: &rule.title,
            severity: rule.severity,
            state: rule.state,
            audience: rule.audience,
            applies: finding.applies.into(),
            environment: EnvironmentShape { state: finding.environment.into(), products: products.collect() },
            captures: Captures(
                finding
                    .captures
                    .iter()
                    .map(|capture| (capture.name.as_str(), CaptureShape::of(&capture.values)))
                    .collect(),
            ),
            count: finding.count,
            first: finding.first,
            zone_assumed: finding.first.into_iter().chain(finding.last).any(LogTime::zone_assumed),
            last: finding.last,
            evidence: &finding.evidence,
            more_sources: finding.more_sources,
            resolution: finding.branches.iter().map(branch).collect(),
            questions: &finding.questions,
            links: &rule.links,
            related: faultbook.related(rule).map(|(id, _)| id).collect(),
            created: rule.created.map(|date| date.to_string()),
            reviewed: rule.reviewed.map(|date| date.to_string()),
            overlay: OverlayShape::of(rule, finding),
            limited: finding.limited,
            problems: finding.problems.clone(),
            answer: None,
        }
    }
}

impl<'a> CaptureShape<'a> {
    fn of(values: &'a Values) -> Self {
        match (values.seen.as_slice(), values.more) {
            ([one], false) => CaptureShape::One(one),
            (seen, more) => CaptureShape::Several(seen.iter().map(String::as_str).chain(more.then_some("…")).collect()),
        }
    }
}

/// Totals over all cases.
pub fn summary(faultbook: &Faultbook, diagnoses: &[Diagnosis]) -> Summary {
    let mut rules: Vec<_> =
        diagnoses.iter().flat_map(|diagnosis| &diagnosis.findings).map(|finding| finding.rule).collect();
    let findings = rules.len();
    rules.sort_unstable();
    rules.dedup();
    let size = diagnoses.iter().fold(CaseSize::default(), |sum, diagnosis| sum.plus(diagnosis.size));
    Summary {
        rules: faultbook.rules().iter().filter(|rule| rule.is_looked_for()).count(),
        rules_found: rules.len(),
        findings,
        cases: diagnoses.len(),
        sources: size.sources,
        bytes: size.bytes,
    }
}
