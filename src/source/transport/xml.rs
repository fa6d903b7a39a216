//! XML logs: each element of one name is an entry.
//!
//! The tokens come from quick-xml's reader, which knows neither namespaces nor entities. It is given one stretch of the source
//! at a time, which begins at an entry or between two; an entry that is not whole there waits for more. What stands between
//! entries passes as it is. At the first thing that is no XML, the rest of the source does. Document types are not read, so
//! entities of a document's own stay as they are written.
//!
//! What the text of an entry is, is said in [`super::xml_entry`]; which element it is, is found by [`super::xml_element`].

use std::borrow::Cow;
use std::ops::Range;

use memchr::memrchr;
use quick_xml::Reader;
use quick_xml::errors::Error;
use quick_xml::events::{BytesStart, Event};

use crate::source::transport::origin::{Input, Place, Places, Text};
use crate::source::transport::peel::{Loose, Peel};
use crate::source::transport::xml_entry::Entry;

/// Elements within an entry, one in another. Deeper ones are taken for an attack, and the rest for text.
pub const XML_DEPTH: usize = 100;

/// In UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Peels the elements of one name.
#[derive(Debug)]
pub(super) struct Xml {
    element: Vec<u8>,
    is_broken: bool,
    entry: Entry,
    loose: Loose,
}

impl Xml {
    /// Takes the elements whose name, without a prefix and in any case, is `element`.
    pub fn new(element: &str) -> Self {
        Self {
            element: element.as_bytes().to_vec(),
            is_broken: false,
            entry: Entry::default(),
            loose: Loose::default(),
        }
    }

    /// Passes on what stands between entries.
    fn between(&mut self, input: Input<'_>, between: Range<usize>, places: &mut Places<'_>, out: &mut Text) {
        let mut at = between.start;
        for line in input.bytes[between].split_inclusive(|&byte| byte == b'\n') {
            self.line(places.at(at), line.strip_suffix(b"\n").unwrap_or(line), out);
            at += line.len();
        }
    }

    /// Passes on a line. Blank ones are what is left of the document's layout.
    fn line(&mut self, place: Place<'_>, line: &[u8], out: &mut Text) {
        if !line.trim_ascii().is_empty() {
            self.loose.line(place, line, out);
        }
    }

    fn is_entry(&self, tag: &BytesStart<'_>) -> bool {
        local(tag.name().as_ref().as_bytes()).eq_ignore_ascii_case(&self.element)
    }
}

/// Returns a reader of `text`, and where it is in it.
pub(super) fn reader(text: &str) -> Reader<&[u8]> {
    let mut reader = Reader::from_str(text);
    let config = reader.config_mut();
    config.allow_dangling_amp = true;
    config.allow_unmatched_ends = true;
    config.check_end_names = false;
    reader
}

/// Returns the bytes as text of the same length. What is not UTF-8 is replaced by what no mark-up is made of, and so is a mark of
/// the byte order at the beginning, which the reader would leave out without counting it. Only where tokens are is taken from it.
pub(super) fn as_text(bytes: &[u8]) -> Cow<'_, str> {
    let bytes_behind_mark = bytes.strip_prefix(BYTE_ORDER_MARK);
    if bytes_behind_mark.is_none()
        && let Ok(text) = str::from_utf8(bytes)
    {
        return Cow::Borrowed(text);
    }
    let mut text = String::with_capacity(bytes.len());
    text.extend(bytes_behind_mark.iter().flat_map(|_| BYTE_ORDER_MARK).map(|_| '_'));
    for chunk in bytes_behind_mark.unwrap_or(bytes).utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| '_'));
    }
    Cow::Owned(text)
}

/// The name of an element without its prefix.
pub(super) fn local(name: &[u8]) -> &[u8] {
    memrchr(b':', name).map_or(name, |colon| &name[colon + 1..])
}

impl Peel for Xml {
    fn peel(&mut self, input: Input<'_>, out: &mut Text) -> usize {
        if self.is_broken {
            return input.each_line(|line, place| self.line(place, line, out));
        }
        let text = as_text(input.bytes);
        let mut reader = reader(&text);
        let mut places = input.places();
        // What was written, where the next token begins, and where the entry does that it may be in.
        let (mut done, mut at, mut begun) = (0, 0, None);
        // Where the last line ends that ends between two tokens: a token of several lines cannot be read from its middle on.
        let mut line_end = 0;
        let is_broken = loop {
            let event = reader.read_event();
            let end = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX).min(input.bytes.len());
            let token = &input.bytes[at.min(end)..end];
            match event {
                Err(Error::Syntax(_)) => break input.is_last,
                Err(_) => break true,
                Ok(Event::Eof) => break input.is_last && begun.is_some(),
                Ok(event) if begun.is_some() => {
                    if !self.entry.take(&event, token, at) {
                        break true;
                    }
                }
                Ok(Event::Start(tag) | Event::Empty(tag)) if self.is_entry(&tag) => {
                    self.between(input, done..at, &mut places, out);
                    (done, begun) = (at, Some(at));
                    self.entry.begin(token);
                }
                Ok(Event::Text(_)) => {
                    line_end = memrchr(b'\n', token).map_or(line_end, |newline| at + newline + 1);
                }
                Ok(_) => {}
            }
            at = end;
            if let Some(start) = begun
                && self.entry.is_whole()
            {
                self.entry.finish(input, start, &mut places, out);
                self.loose.entry();
                (done, begun) = (at, None);
            }
        };
        self.is_broken = is_broken;
        let rest = match begun {
            _ if input.is_last => input.bytes.len(),
            // After an error the rest follows line by line.
            None => line_end.max(done),
            Some(_) => done,
        };
        self.between(input, done..rest, &mut places, out);
        self.entry.clear();
        rest
    }

    fn overflow(&mut self) {
        self.is_broken = true;
    }
}
