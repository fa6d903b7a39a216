//! Help for authors: running the rules' own tests, and showing what their answers look like.
//!
//! [`test`] diagnoses each sample with its rule alone, [compares](compare) what came out with what was expected, and the rendered answer
//! with its [snapshot]; [`coverage`] tells what no sample reaches, [`corpus`] where rules find failures in logs that have none,
//! [`junit`] writes outcomes for build servers, [`preview`] renders the samples' answers. Scaffolding, explaining, the schema and the
//! language server join here later. Diagnostics come from `rule`; drawing them is the command line's job.

pub mod compare;
pub mod corpus;
pub mod coverage;
pub mod junit;
pub mod preview;
mod sample;
pub mod snapshot;
pub mod test;
