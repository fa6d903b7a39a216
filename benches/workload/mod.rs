//! Rule sets and logs to measure with, made from fixed seeds: the same arguments give the same bytes everywhere.
//!
//! [`rules::generate`] writes articles whose regexes have the mix of real faultbooks; [`logs::generate`] writes logs in the
//! formats of real systems, or repeats given ones with their numbers changed, and plants a few failures that some of the
//! rules describe. What is said stands in [`templates`] and is our own: no line is copied from a real log.
//! [`messages`] has it in pieces, or those of real logs that are at hand where rules and logs are generated.
//! `examples/generate.rs` is the program, `benches/faultbook.rs` the benchmark.

pub mod logs;
pub mod messages;
pub mod random;
pub mod rules;
pub mod templates;
