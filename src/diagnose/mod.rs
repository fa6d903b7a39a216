//! What is wrong: from matches and facts to findings.
//!
//! A [`Diagnoser`] reads the parts of a case in parallel; what their records matched is [collected](collect) in groups, one
//! for each failure, with [evidence]; then every rule that matched is applied: its condition is decided over signatures, captures and
//! [known](known::Known) facts, its environment over the products, its branches each on their own. Ranking drops what
//! is superseded. The outcome is a [`Diagnosis`], which `answer` renders and `report` tells.

pub(crate) mod apply;
pub mod case;
pub mod collect;
pub mod evidence;
pub mod finding;
pub mod known;
mod rank;
mod spot;

pub use case::Diagnoser;
pub use collect::Values;
pub use evidence::SourceEvidence;
pub use finding::{BranchState, Capture, CaseSize, Diagnosis, Finding, Question};
pub use known::Known;
