//! Which rules might apply where.
//!
//! From every pattern the needles are derived that it cannot match without ([`required`](crate::rule::required)). An [`Index`] over the needles of
//! all rules is run over whole blocks of text ([`filter`]), and only around a hit are records looked up and signatures
//! [confirmed](confirm). [`Scan`] does that for one source. What the matches mean is for `diagnose`.

mod block_search;
pub mod confirm;
pub mod filter;
pub mod frequency;
pub mod index;
pub mod members;
pub mod profile;
pub(crate) mod raw;
mod selection;
mod shuffle;
pub mod source_scan;
mod tier;
mod tuning;
mod unindexed;
mod unwrap;
mod wide;

pub use confirm::{Captured, leaf_matches, pattern_matches};
pub use index::{Index, IndexPart, SignatureId};
pub use profile::Profile;
pub use source_scan::{RecordMatches, Scan, ScanOutcome};
