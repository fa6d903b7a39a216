//! Where text comes from: folders, archives, decompression, encodings, and what could not be read.
//!
//! [`cases`] turns the paths of a command line into cases, each a list of [`Part`]s that can be read independently
//! and in parallel. [`read`] opens one part, recognises by content what it is, unwraps archives and compression as deep
//! as [`Limits`] allow, and hands every text it finds to a [`Visit`] as a stream: nothing is ever written to disk under
//! a name from an archive, and no member is loaded into memory. Whatever cannot be read, or not to its end, becomes a
//! [`Note`]; what was decoded before is still handed over.
//!
//! A text is then read in [blocks](block) of whole [records](record): [timestamps](timestamp) say where those begin,
//! [levels](level) how severe they are; [`plain`](mod@plain) removes transport, [`tidy`](mod@tidy) what pasting did to a
//! text, and [`wrap`] joins lines that were hard-wrapped. [`rotation`] tells from their names which files are one log. What a record means is for `scan`.

mod ar;
pub mod block;
mod case;
mod compression;
mod cpio;
mod decode;
mod disk;
pub mod framing;
pub mod header;
mod legacy;
pub mod level;
mod limits;
mod lz4;
mod note;
mod open;
pub mod plain;
mod portion;
mod progress;
mod reading;
mod recognise;
pub mod record;
pub mod record_header;
pub mod rotation;
mod seven_zip;
mod seven_zip_fields;
mod seven_zip_header;
mod seven_zip_streams;
mod sparse;
pub mod stated;
mod stream;
mod tape;
pub mod tidy;
pub mod timestamp;
mod trace;
pub mod transport;
pub mod wrap;
mod zip;
mod zip_directory;

pub use case::{CaseInput, FACTS_FILE, Part, SourceName, cases, is_facts_file};
pub use limits::{Budget, Limits};
pub(crate) use note::size;
pub use note::{Note, NoteKind};
pub use open::{Visit, read};
pub use progress::Progress;
pub use reading::{ReadOptions, Reading};
pub use timestamp::LogTime;
pub(crate) use trace::is_frame as is_trace_frame;
