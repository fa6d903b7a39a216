//! Faultbook.
#![deny(missing_docs)]

pub mod author;
pub mod diagnose;
pub mod rule;
pub mod scan;
pub mod source;
