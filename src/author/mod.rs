//! Help for authors: running the rules' own tests, explaining why a rule applies or does not.
//!
//! [`explain`] reads a case for one rule, or for all, and gives the [tree](explained) of reasons; `nearest` finds the records that come
//! closest to what matched nothing, [`miss`] and [`reach`] tell what they lack, [`sentence`] says it in words. Scaffolding, the
//! schema and the language server join here later. Diagnostics come from `rule`; drawing them is the command line's job.

pub mod explain;
pub mod explained;
pub mod miss;
pub mod nearest;
pub mod reach;
pub mod sentence;
pub mod test;
