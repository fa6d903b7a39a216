//! Why a rule applies to a case or does not: the tree, as data.
//!
//! Built by [`explain`](super::explain); serialised it is what `faultbook explain --format json` writes, described in `docs/json.md`.
//! Texts are those of rules and logs as they are: who shows them escapes them.

use crate::diagnose::CorrelationOutcome;
use serde::Serialize;

use crate::author::miss::NearMiss;
use crate::rule::{FactType, OverlaySource, Severity, Truth};
use crate::source::LogTime;

/// One rule in one case.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    /// The archive, folder or file.
    pub case: String,
    /// The rule's id.
    pub rule: String,
    /// Its title.
    pub title: String,
    /// Its file.
    pub file: String,
    /// What came out.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// Only if an overlay changes the severity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<SeverityPart>,
    /// What now is; only if a signature has a `max_age`, and the case a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now: Option<NowPart>,
    /// How the condition was decided; `None` when the rule is not looked for.
    pub condition: Option<ConditionPart>,
    /// For how many failures of the subject.
    pub failures: FailureCounts,
    /// The signatures in the order of the rule.
    pub signatures: Vec<SignaturePart>,
    /// The correlations in the order of the rule.
    pub correlations: Vec<CorrelationOutcome>,
    /// The facts in the order of the rule.
    pub facts: Vec<FactPart>,
    /// The products.
    pub environment: EnvironmentPart,
    /// Errors of evaluation, and facts that do not fit.
    pub problems: Vec<String>,
}

/// A severity that an overlay says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SeverityPart {
    /// The one that holds.
    pub severity: Severity,
    /// The one that the rule says.
    pub written: Severity,
    /// The overlay.
    #[serde(flatten)]
    pub source: OverlaySource,
}

/// The case's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct NowPart {
    /// What it shows.
    pub time: LogTime,
    /// Who says so.
    pub from: NowSource,
}

/// Where the case's clock comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NowSource {
    /// The newest time in the case.
    Newest,
    /// The fact `now`.
    Fact,
}

/// What came of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// It applies.
    Applies {
        /// How many failures it found.
        findings: usize,
    },
    /// Whether it applies depends on facts that nobody knows.
    Open {
        /// How many failures it may have found.
        findings: usize,
        /// The facts.
        needs: Vec<String>,
    },
    /// It does not apply.
    DoesNotApply {
        /// Why.
        because: Because,
    },
    /// It applies, and its findings are dropped for those of other rules.
    Superseded {
        /// How many.
        findings: usize,
        /// The other rules.
        by: Vec<String>,
    },
    /// It is a fallback rule, and other rules explain all its records.
    Explained {
        /// The other rules.
        by: Vec<String>,
    },
    /// It applies, and is less severe than what is shown.
    BelowSeverity {
        /// How many failures it found.
        findings: usize,
        /// Its severity.
        severity: Severity,
        /// The least that is shown.
        least: Severity,
    },
    /// It is not looked for.
    NotLookedFor {
        /// Why.
        why: String,
    },
}

/// Why a rule does not apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Because {
    /// None of its signatures matched, and its condition cannot hold without.
    NoMatch,
    /// Its condition is false.
    Condition,
    /// The case is about another product, or another version of it.
    Environment,
    /// No signature matched, and whether the condition holds without is not certain.
    Uncertain,
}

/// How the condition was decided for the failures of the subject.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FailureCounts {
    /// For so many it holds.
    pub holds: usize,
    /// For so many it is open.
    pub open: usize,
    /// For so many it does not hold.
    pub fails: usize,
}

/// A part of a condition.
#[derive(Clone, Debug, Serialize)]
pub struct ConditionPart {
    /// The part as written.
    pub source: String,
    /// What it is.
    pub truth: Truth,
    /// `and`, `or` or `not`; none for a part without.
    pub operator: Option<&'static str>,
    /// The parts that it connects.
    pub parts: Vec<ConditionPart>,
    /// What the names of a part without connectives stand for.
    pub names: Vec<NamePart>,
    /// The facts that would decide an open part.
    pub needs: Vec<String>,
}

/// A name in a condition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NamePart {
    /// The name.
    pub name: String,
    /// What kind of name it is.
    pub kind: NameKind,
    /// What it stands for, in words; none when nobody knows.
    pub value: Option<String>,
}

/// What a name in a condition can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NameKind {
    /// A signature.
    Signature,
    /// A correlation.
    Correlation,
    /// A capture.
    Capture,
    /// A fact.
    Fact,
}

/// What a signature found.
#[derive(Clone, Debug, Serialize)]
pub struct SignaturePart {
    /// Its name.
    pub name: String,
    /// How many records match.
    pub records: u64,
    /// How many failures they make.
    pub failures: usize,
    /// The first of them.
    pub places: Vec<Place>,
    /// What they captured: values of all failures.
    pub captures: Vec<CapturePart>,
    /// Whether other rules explain all of them, so that this fallback rule does not count them.
    pub explained_by: Vec<String>,
    /// The glob, if it looks only at some sources.
    pub file: Option<FilePart>,
    /// The levels that it wants, in words.
    pub level: Option<String>,
    /// How old records may be; only if that is bounded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_age: Option<String>,
    /// Records whose text matches and that something else keeps out; where others match, only those that overlays or their age keep out.
    pub excluded: Vec<Excluded>,
    /// The record that comes nearest; only when nothing matches.
    pub nearest: Option<NearMiss>,
}

/// A record's place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The source.
    pub source: String,
    /// Its first line, from 1.
    pub line: u64,
}

/// A capture and its values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CapturePart {
    /// Its name.
    pub name: String,
    /// What it means, if the rule says so.
    pub about: Option<String>,
    /// Its values in the order of the case.
    pub values: Vec<String>,
    /// Whether there are more.
    pub more: bool,
}

/// Which sources a signature looks at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FilePart {
    /// The glob.
    pub glob: String,
    /// How many sources it takes; not counted for a signature that matched.
    pub fits: Option<u64>,
    /// Of how many.
    pub sources: Option<u64>,
    /// The path that looks most like it, of those that it does not take.
    pub nearest: Option<String>,
}

/// Records that are kept from a signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Excluded {
    /// By what.
    pub by: ExcludedBy,
    /// The level that they have; only if it is that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// The noise filter, with its file, line and reason; only if it is one of an overlay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// How many.
    pub records: u64,
    /// The first of them.
    pub places: Vec<Place>,
}

/// What keeps records from a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExcludedBy {
    /// Its file glob.
    File,
    /// Its levels.
    Level,
    /// A noise filter in `faultbook.yaml`.
    Noise,
    /// A noise filter in an overlay.
    Overlay,
    /// Its `max_age`.
    Age,
    /// `--since` or `--until`.
    Time,
}

/// What is known of a fact.
#[derive(Clone, Debug, Serialize)]
pub struct FactPart {
    /// Its name.
    pub name: String,
    /// What it means, if the rule says so.
    pub about: Option<String>,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: FactType,
    /// Its value; none when it is unknown.
    pub value: Option<String>,
    /// Where that comes from.
    pub from: Option<FactSource>,
    /// Who said so: an option, a file, or a source of the case.
    pub given: Option<String>,
    /// Why a value that was stated is not used.
    pub refused: Option<String>,
    /// Who had stated it.
    pub refused_by: Option<String>,
    /// Of an unknown fact that derives: the unknown facts behind it.
    pub rests_on: Vec<String>,
    /// Where it is looked up.
    pub lookup: Option<LookupPart>,
    /// How it derives.
    pub derive: Option<String>,
    /// The question that would be asked.
    pub ask: Option<String>,
}

/// Where the value of a fact comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FactSource {
    /// The caller.
    Caller,
    /// A `facts.yaml` of the case.
    Case,
    /// A source of the case, by its `extract`.
    Extracted,
    /// A table, by its `lookup`.
    LookedUp,
    /// Its `derive`.
    Derived,
}

/// Where a fact is looked up.
#[derive(Clone, Debug, Serialize)]
pub struct LookupPart {
    /// The table.
    pub table: String,
    /// The fact or capture that gives the key.
    pub by: String,
    /// The key; none when it is unknown.
    pub key: Option<String>,
    /// What the table says for it.
    pub value: Option<String>,
}

/// What the rule says of products, and what is known.
#[derive(Clone, Debug, Serialize)]
pub struct EnvironmentPart {
    /// Whether one of the entries fits.
    pub truth: Truth,
    /// The entries; none: any product.
    pub products: Vec<ProductPart>,
}

/// A product of a rule.
#[derive(Clone, Debug, Serialize)]
pub struct ProductPart {
    /// Its name.
    pub product: String,
    /// The versions that the rule is about; none: all.
    pub wanted: Option<String>,
    /// The version of the case; empty when only the product is known, none when nobody named it.
    pub known: Option<String>,
    /// Whether it fits.
    pub truth: Truth,
}

/// Why no rule applies: those that come nearest.
#[derive(Clone, Debug, Serialize)]
pub struct Overview {
    /// The archive, folder or file.
    pub case: String,
    /// How many rules were looked for.
    pub rules: usize,
    /// The ids of those that apply.
    pub applies: Vec<String>,
    /// The others that come nearest, the nearest first.
    pub misses: Vec<Miss>,
    /// How many more come near.
    pub more: usize,
}

/// A rule that nearly applies.
#[derive(Clone, Debug, Serialize)]
pub struct Miss {
    /// Its id.
    pub rule: String,
    /// Its title.
    pub title: String,
    /// How near it comes, in percent; 100 when records match and something else is in the way.
    pub nearness: u32,
    /// What is in the way, in a line.
    pub why: String,
    /// Where.
    pub place: Option<Place>,
}
