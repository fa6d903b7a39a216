//! Help for authors: a rule from a pasted error ([`scaffold`](mod@scaffold)), one layout for rule files ([`fmt`]), running the rules' own
//! tests ([`test`](mod@test)).
//!
//! Explaining, the schema and the language server join here later. Diagnostics come from `rule`; drawing them is
//! the command line's job.

pub mod fmt;
pub mod scaffold;
pub mod test;
mod yaml_text;
