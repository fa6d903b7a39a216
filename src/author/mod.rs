//! Help for authors: a rule from a pasted error ([`scaffold`](mod@scaffold)), one layout for rule files ([`fmt`]), checking rules beyond
//! what the loader says and mending them, running the rules' own tests, showing what their answers look like, schemas for editors,
//! the reference.
//!
//! [`check()`] adds to the loader's diagnostics what only a look at the whole tells: the [lints](lint). [`fix`] applies the edits that
//! diagnostics carry, [`annotate`] writes diagnostics for machines.
//!
//! [`test`](mod@test) diagnoses each sample with its rule alone, [compares](compare) what came out with what was expected, and the rendered answer
//! with its [snapshot]; [`coverage`] tells what no sample reaches, [`corpus`] where rules find failures in logs that have none,
//! [`junit`] writes outcomes for build servers, [`preview`] renders the samples' answers. [`schema`] and [`mod@reference`] write down what the
//! tables of keys say. [`explain`] reads a case for one rule, or for all, and gives the [tree](explained) of reasons; [`nearest`] finds the
//! records that come closest to what matched nothing, [`miss`] and [`reach`] tell what they lack, [`sentence`] says it in words. Diagnostics
//! of a single file come from `rule`; drawing them is the command line's job.

pub mod annotate;
pub mod check;
pub mod compare;
pub mod corpus;
pub mod coverage;
pub mod explain;
pub mod explained;
pub mod fix;
pub mod fmt;
pub mod inventory;
pub mod junit;
pub mod language_server;
pub mod lint;
pub mod manual;
pub mod miss;
pub mod nearest;
pub mod preview;
pub mod reach;
pub mod reference;
mod sample;
pub mod scaffold;
pub mod schema;
pub mod sentence;
pub mod snapshot;
pub mod test;
mod yaml_text;

pub use check::{CheckOptions, CheckOutcome, check};
