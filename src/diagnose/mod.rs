//! What is wrong: from matches and facts to findings.
//!
//! A [`Diagnoser`] reads the parts of a case in parallel; what their records matched is [collected](collect) in groups, one
//! for each failure, with [evidence]; then every rule that matched is applied: its condition is decided over signatures, captures and
//! [known](known::Known) facts, its environment over the products, its branches each on their own. Ranking drops what
//! is superseded. The outcome is a [`Diagnosis`], which `answer` renders and `report` tells.

pub(crate) mod apply;
mod apply_groups;
pub mod case;
pub mod collect;
pub mod correlate;
pub mod events;
pub mod evidence;
pub mod extract;
pub mod finding;
pub mod known;
mod match_value;
pub(crate) mod max_age;
pub(crate) mod overlay_noise;
mod rank;
pub mod rewrite;
pub(crate) mod spot;
mod windows;

pub use case::Diagnoser;
pub use collect::Values;
pub use correlate::{CorrelationOutcome, GroupOutcome};
pub use evidence::SourceEvidence;
pub use finding::{BranchState, Capture, CaseSize, Diagnosis, Finding, Question};
pub use known::Known;
pub use rewrite::CaseText;
