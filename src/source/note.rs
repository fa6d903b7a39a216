//! What the reader of a report must know about an input that was not read as it should be.
//!
//! A [`Note`] is data: who prints it escapes it. Its `detail` reads well in parentheses after the source's name, as in
//! `acme.tar.gz::var/log/old.gz (truncated after 1.2 MiB)`. Notes never stop a run.

use serde::Serialize;

/// One thing that kept a source from being read, or from being read to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "portal", derive(utoipa::ToSchema))]
pub struct Note {
    /// Display name of the source, as [`SourceName::name`](super::SourceName::name) has it.
    pub source: String,
    /// What kind of thing it is, for counting and for machines.
    pub kind: NoteKind,
    /// The same in words, lower-case and without a full stop. May quote names from the input.
    pub detail: String,
}

/// The kinds of [`Note`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "portal", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum NoteKind {
    /// The data ends before it should; what came before was read.
    Truncated,
    /// The data contradicts its format; what came before was read.
    Damaged,
    /// A password would be needed.
    Encrypted,
    /// The operating system refused, or there is no such path.
    Unreadable,
    /// Not text, so it was skipped.
    Binary,
    /// A known format that cannot be opened.
    Unsupported,
    /// One of [`Limits`](super::Limits) was reached.
    Limit,
    /// A record was longer than the limits allow and was cut.
    RecordCut,
    /// More failures of one kind than are told apart; all records were read.
    FailureLimit,
    /// More records of one signature than correlations look at; all were read.
    EventLimit,
    /// The facts that lie beside the logs could not be understood.
    Facts,
}

impl NoteKind {
    /// Whether text that was meant to be read was not, so that a failure in it would go unnoticed. What is not text, what was
    /// only cut, and facts beside the logs are no loss.
    pub fn is_loss(self) -> bool {
        use NoteKind::{Binary, EventLimit, Facts, FailureLimit, RecordCut};
        !matches!(self, Binary | RecordCut | FailureLimit | EventLimit | Facts)
    }
}

impl Note {
    /// Makes a note about `source`.
    pub fn new(source: impl Into<String>, kind: NoteKind, detail: impl Into<String>) -> Self {
        Note { source: source.into(), kind, detail: detail.into() }
    }
}

/// Writes a number of bytes for people: `0 bytes`, `1.2 MiB`.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    match bytes {
        1 => "1 byte".to_owned(),
        0..1024 => format!("{bytes} bytes"),
        _ => {
            let mut amount = bytes as f64 / 1024.0;
            let mut unit = 0;
            // 1023.95 would be rounded to 1024.0 of the smaller unit.
            while amount >= 1023.95 && unit + 1 < UNITS.len() {
                amount /= 1024.0;
                unit += 1;
            }
            format!("{amount:.1} {}", UNITS[unit])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_written_for_people() {
        let cases = [
            (0, "0 bytes"),
            (1, "1 byte"),
            (1023, "1023 bytes"),
            (1024, "1.0 KiB"),
            (1_258_291, "1.2 MiB"),
            ((1 << 30) - 1, "1.0 GiB"),
            (20 << 30, "20.0 GiB"),
            (5000 << 40, "5000.0 TiB"),
        ];
        for (bytes, text) in cases {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn kinds_are_kebab_case_for_machines() {
        let note = Note::new("a.gz", NoteKind::RecordCut, "cut after 1000 lines");
        let json = serde_json::to_string(&note).unwrap();
        assert_eq!(json, r#"{"source":"a.gz","kind":"record-cut","detail":"cut after 1000 lines"}"#);
    }
}
