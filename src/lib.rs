//! Faultbook.
#![deny(missing_docs)]

pub mod answer;
pub mod author;
#[cfg(feature = "cli")]
pub mod cli;
pub mod diagnose;
pub mod report;
pub mod rule;
pub mod scan;
pub mod source;
