//! Help for authors: running the rules' own tests, showing what their answers look like, schemas for editors, the reference.
//!
//! [`test`] diagnoses each sample with its rule alone, [compares](compare) what came out with what was expected, and the rendered answer
//! with its [snapshot]; [`coverage`] tells what no sample reaches, [`corpus`] where rules find failures in logs that have none,
//! [`junit`] writes outcomes for build servers, [`preview`] renders the samples' answers. [`schema`] and [`reference`] write down what the
//! tables of keys say. [`scaffold`](mod@scaffold) makes a rule of a pasted error, [`fmt`] gives rule files one layout. Diagnostics come from `rule`; drawing them is the command line's job.

pub mod compare;
pub mod corpus;
pub mod coverage;
pub mod fmt;
pub mod junit;
pub mod preview;
pub mod reference;
mod sample;
pub mod scaffold;
pub mod schema;
pub mod snapshot;
pub mod test;
mod yaml_text;
