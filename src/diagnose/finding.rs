//! The outcome: findings of a case, with everything an answer needs.

use minijinja::Value;
use serde::Serialize;

use crate::diagnose::collect::Values;
use crate::diagnose::evidence::SourceEvidence;
use crate::rule::decide::Scope;
use crate::rule::{FactType, RuleId, Truth};
use crate::source::{LogTime, Note};

/// A rule that applies to a case, for one failure.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule.
    pub rule: RuleId,
    /// [`Truth::True`] when the condition holds, [`Truth::Open`] when that depends on facts nobody knows.
    pub applies: Truth,
    /// [`Truth::Open`] when the case does not say whether its product and version are the article's.
    pub environment: Truth,
    /// The captures in the order of the rule's signatures; only those that have a value.
    pub captures: Vec<Capture>,
    /// How many records of the subject.
    pub count: u64,
    /// The earliest time of such a record.
    pub first: Option<LogTime>,
    /// The latest.
    pub last: Option<LogTime>,
    /// Where they were found, in the order of the input, files of a rotated log from the oldest to the current one.
    pub evidence: Vec<SourceEvidence>,
    /// Sources beyond those in `evidence`.
    pub more_sources: u64,
    /// How many records in the case the signatures of the rule match that overlays call noise; they count for nothing.
    pub noise: u64,
    /// The branches of the resolution that may be the right ones: those that hold, and those that are open.
    pub branches: Vec<BranchState>,
    /// What to ask a person, in the order of the rule's facts.
    pub questions: Vec<Question>,
    /// Whether something is open only because too many combinations of answers were possible.
    pub limited: bool,
    /// Errors of evaluation, such as a text compared with a number.
    pub problems: Vec<String>,
    /// What the names of the rule stand for, to render its texts.
    pub(crate) names: Names,
}

/// The values that texts are rendered with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    pub(crate) scope: Scope,
    /// Values of facts that are known or could be derived.
    pub(crate) facts: Vec<(String, Option<Value>)>,
}

/// A captured name and what it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capture {
    /// The plain name, or `signature.name` where several signatures have it.
    pub name: String,
    /// The distinct values.
    pub values: Values,
}

/// A branch of the resolution that may be the right one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BranchState {
    /// The position among the rule's branches.
    pub index: usize,
    /// [`Truth::True`] or [`Truth::Open`].
    pub truth: Truth,
}

/// A fact that would decide something, and how to ask a person for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "portal", derive(utoipa::ToSchema))]
pub struct Question {
    /// The fact.
    pub fact: String,
    /// The wording.
    pub ask: String,
    /// The type of the answer.
    #[serde(rename = "type")]
    pub kind: FactType,
    /// The choices of a `one-of`; empty for the other types.
    pub values: Vec<String>,
}

/// Everything about one case.
#[derive(Clone, Debug)]
pub struct Diagnosis {
    /// The case, named after its archive, folder or file.
    pub case: String,
    /// The findings: by priority, severity, then rule id.
    pub findings: Vec<Finding>,
    /// What could not be read as it should be, in the order of the input.
    pub notes: Vec<Note>,
    /// How much was read.
    pub size: CaseSize,
}

/// How much of a case was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CaseSize {
    /// Text sources.
    pub sources: u64,
    /// Bytes of decoded text.
    pub bytes: u64,
}

impl CaseSize {
    /// Both together.
    pub fn plus(self, other: CaseSize) -> CaseSize {
        CaseSize { sources: self.sources + other.sources, bytes: self.bytes + other.bytes }
    }
}
