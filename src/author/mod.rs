//! Help for authors: running the rules' own tests, schemas for editors, the reference.
//!
//! Scaffolding, explaining and the language server join here later. Diagnostics come from `rule`; drawing them is
//! the command line's job.

pub mod reference;
pub mod schema;
pub mod test;
