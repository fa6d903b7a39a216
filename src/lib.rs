//! Faultbook.
#![deny(missing_docs)]

pub mod rule;
