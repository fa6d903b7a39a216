//! Running text through peelers.
//!
//! A [`Peel`]er takes whole lines or entries from the front of its input and writes what is in them. [`Peeled`] is a row of
//! peelers, outermost first: each reads what the one before it wrote. Text is given to it in pieces;
//! what a piece leaves over waits for the next. When a line or an entry does not end within
//! [`ENTRY_BYTES`], its bytes pass as they are, up to the end of the line.

use memchr::memchr;

use crate::source::transport::Transport;
use crate::source::transport::actions::Actions;
use crate::source::transport::cri::Cri;
use crate::source::transport::docker::Docker;
use crate::source::transport::export::Export;
use crate::source::transport::journald::Journald;
use crate::source::transport::json_lines::JsonLines;
use crate::source::transport::origin::{Head, Input, Part, Place, Text};
use crate::source::transport::syslog::Syslog;
use crate::source::transport::xml::Xml;

/// Bytes of a line or an entry that is peeled. Longer ones pass as they are.
pub const ENTRY_BYTES: usize = 1 << 20;

/// Takes a transport off.
pub(super) trait Peel: std::fmt::Debug + Send {
    /// Writes what is in the lines or entries at the front of `input` that are whole, and returns how many bytes they are. At
    /// the end of the source that is everything.
    fn peel(&mut self, input: Input<'_>, out: &mut Text) -> usize;

    /// Learns that the front of its input passed as it was, because it was too long for an entry.
    fn overflow(&mut self) {}
}

/// Lines that are no entries, where others are: they pass as they are.
#[derive(Debug, Default)]
pub(super) struct Loose {
    goes_on: bool,
}

impl Loose {
    /// Adds such a line.
    pub fn line(&mut self, place: Place<'_>, line: &[u8], out: &mut Text) {
        let part = if self.goes_on { Part::Line } else { Part::Loose };
        self.goes_on = true;
        out.line(part, place, Head::default(), line);
    }

    /// Adds a line that stands between the lines of a transport. It begins a record: who wrote it is not who wrote those.
    pub fn line_between(&mut self, place: Place<'_>, line: &[u8], out: &mut Text) {
        if line.trim_ascii().is_empty() {
            out.line(Part::Line, place, Head::default(), line);
        } else {
            self.line(place, line, out);
        }
    }

    /// Notices that an entry or a line that fits came.
    pub fn entry(&mut self) {
        self.goes_on = false;
    }
}

/// One peeler and what it has not read yet.
#[derive(Debug)]
struct Stage {
    peeler: Box<dyn Peel>,
    input: Text,
    /// Whether the input begins inside a line whose beginning passed as it was.
    is_inside: bool,
}

impl Stage {
    /// Peels what it can, and what cannot be peeled passes as it is.
    fn run(&mut self, is_last: bool, out: &mut Text) {
        loop {
            if self.is_inside && !self.pass_line_end(out) {
                return;
            }
            let Stage { peeler, input, .. } = self;
            let taken = peeler.peel(Input { bytes: &input.bytes, origins: &input.origins, is_last }, out);
            input.drop_front(taken);
            if input.bytes.len() < ENTRY_BYTES || is_last {
                return;
            }
            self.peeler.overflow();
            let places = Input { bytes: &self.input.bytes, origins: &self.input.origins, is_last };
            out.end_line();
            out.begin(Part::Loose, places.places().at(0), Head::default());
            self.is_inside = true;
        }
    }

    /// Passes on the rest of a line. Returns whether it ended.
    fn pass_line_end(&mut self, out: &mut Text) -> bool {
        let newline = memchr(b'\n', &self.input.bytes);
        let end = newline.map_or(self.input.bytes.len(), |newline| newline + 1);
        out.push(&self.input.bytes[..end]);
        self.input.drop_front(end);
        self.is_inside = newline.is_none();
        newline.is_some()
    }
}

/// Text that is taken out of its transports as it comes.
#[derive(Debug)]
pub struct Peeled {
    stages: Vec<Stage>,
}

impl Peeled {
    /// Begins a source that is wrapped in `transports`, outermost first.
    pub fn new(transports: &[Transport]) -> Self {
        let stage = |transport| Stage { peeler: peeler(transport), input: Text::default(), is_inside: false };
        Self { stages: transports.iter().map(stage).collect() }
    }

    /// Peels the next bytes of the source, which `append` adds to what waits for them. With `is_last`, nothing follows.
    pub fn peel(&mut self, append: impl FnOnce(&mut Vec<u8>), is_last: bool, out: &mut Text) {
        match self.stages.first_mut() {
            Some(first) => append(&mut first.input.bytes),
            None => append(&mut out.bytes),
        }
        let mut rest = self.stages.as_mut_slice();
        while let [stage, others @ ..] = rest {
            match others {
                [next, ..] => stage.run(is_last, &mut next.input),
                [] => stage.run(is_last, out),
            }
            rest = others;
        }
    }
}

fn peeler(transport: &Transport) -> Box<dyn Peel> {
    match transport {
        Transport::Docker => Box::<Docker>::default(),
        Transport::Cri => Box::<Cri>::default(),
        Transport::Actions => Box::<Actions>::default(),
        Transport::Syslog => Box::<Syslog>::default(),
        Transport::Journald => Box::<Journald>::default(),
        Transport::JournaldExport => Box::<Export>::default(),
        Transport::JsonLines(keys) => Box::new(JsonLines::new(keys)),
        Transport::Xml(element) => Box::new(Xml::new(element)),
    }
}
