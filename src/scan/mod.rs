//! Which rules might apply where.
//!
//! From every pattern the [literals](literal) it cannot match without are derived, one [`Index`] over the literals of all
//! rules is run over whole blocks of text, and only around a hit are records looked up and signatures [confirmed](confirm).
//! [`Scan`] does that for one source. What the matches mean is for `diagnose`.

pub mod confirm;
pub mod index;
mod lanes;
pub mod literal;
pub mod source_scan;
mod unindexed;
mod unwrap;

pub use confirm::Captured;
pub use index::{Index, SignatureId};
pub use source_scan::{RecordMatches, Scan, ScanOutcome};
