//! Help for authors: running the rules' own tests.
//!
//! Scaffolding, explaining, the schema and the language server join here later. Diagnostics come from `rule`; drawing them is
//! the command line's job.

pub mod test;
