//! Opening a part: what is in it is recognised by content, unwrapped layer by layer, and visited.
//!
//! A [`Session`] is one part being read. Its [`open`](Session::open) looks at the head of a stream and decides: a
//! compressed stream is opened again with a decoder on top, an archive (`tape`, `ar`, `cpio`, `zip`, `seven_zip`) opens each of its members, and
//! text goes to the visitor. Notes that arise while the visitor is busy are handed over when it returns.
//!
//! It does not know lines or records: those are made by the visitor.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, Cursor, Read, Seek, SeekFrom};
use std::rc::Rc;

use jiff::Timestamp;
use tempfile::SpooledTempFile;

use crate::rule::Settings;
use crate::source::case::{Origin, reason};
use crate::source::compression::decoder;
use crate::source::decode::{Form, PADDING, decoded, form, form_in};
use crate::source::note::size;
use crate::source::recognise::{Archive, Compression, Content, recognise};
use crate::source::stream::{Guard, HEAD, Input, Layer, Notes, Peek, Plain, ReadSeek, Stream, fault};
use crate::source::{Budget, Limits, Note, NoteKind, Part, Progress, ReadOptions, Reading, SourceName};

/// Who takes what is found in a part.
pub trait Visit {
    /// Takes one text. The reader yields UTF-8, or the bytes as they are where their encoding is not known. It never
    /// fails because of what is in the input: a damaged text ends early, and a note follows. It need not be read to its end.
    ///
    /// # Errors
    /// An error ends this text only; it is noted as [`NoteKind::Unreadable`].
    fn text(&mut self, source: &SourceName, reader: &mut dyn BufRead) -> io::Result<()>;

    /// Takes a note, after the text that it is about.
    fn note(&mut self, note: Note);
}

/// Reads `part`: each text in it, at whatever depth, goes to `visit`, in the order of the input.
///
/// `reading` is [`Limits`] alone or with [`ReadOptions`] and [`Settings`]. `budget` belongs to the case and is shared by its parts. Time is linear
/// in what is decoded, memory constant but for what the limits allow.
pub fn read<'r>(
    part: Part,
    reading: impl Into<Reading<'r>>,
    budget: &'r Budget,
    progress: &'r Progress,
    visit: &'r mut dyn Visit,
) {
    let Reading { limits, options, settings } = reading.into();
    let notes = Notes::default();
    let layer = Layer::base(&part.name, &notes);
    let mut source = SourceName { name: part.name, path: part.path, modified: None };
    let mut session = Session {
        limits,
        options,
        settings,
        budget,
        progress,
        visit,
        notes,
        alone: part.alone,
        tallies: Vec::new(),
        depth_noted: false,
        name_noted: false,
    };
    match part.origin {
        Origin::File(path) => match progress.wait(|| File::open(&path).and_then(|file| Ok((file.metadata()?, file)))) {
            Ok((metadata, file)) => {
                source.modified = metadata.modified().ok().and_then(|time| Timestamp::try_from(time).ok());
                // A pipe cannot seek. A second handle shares the position, but the first is not used any more by then.
                let again = if metadata.is_file() { file.try_clone().ok() } else { None };
                let seek = again.map(|inner| Box::new(Input { inner, progress }) as Box<dyn ReadSeek>);
                session.begin(Input { inner: file, progress }, seek, layer, source);
            }
            Err(error) => layer.fail(NoteKind::Unreadable, reason(&error)),
        },
        Origin::Bytes(bytes) => {
            let seek = Box::new(Cursor::new(bytes.as_slice()));
            session.begin(bytes.as_slice(), Some(seek), layer, source);
        }
        Origin::Reader(reader) => session.begin(Input { inner: reader, progress }, None, layer, source),
    }
    session.hand_over_notes();
}

/// One part while it is read.
pub(super) struct Session<'s> {
    pub(super) limits: &'s Limits,
    pub(super) options: &'s ReadOptions,
    settings: &'s Settings,
    pub(super) budget: &'s Budget,
    progress: &'s Progress,
    visit: &'s mut dyn Visit,
    notes: Notes,
    alone: bool,
    /// What was skipped in each of the archives that are open, outermost first.
    tallies: Vec<Tally>,
    depth_noted: bool,
    name_noted: bool,
}

/// A member of an archive, as it is about to be named.
pub(super) struct Member<'m> {
    pub(super) archive: &'m SourceName,
    pub(super) name: &'m str,
    pub(super) modified: Option<Timestamp>,
}

/// Opens all members of an archive that is read out of order.
type OpenSeekable<S> = fn(&mut S, &mut dyn ReadSeek, &SourceName, &Rc<Layer>, u32);

/// Skipped members by reason: how many, and the first of them.
type Tally = BTreeMap<(NoteKind, String), (u64, SourceName)>;

impl Session<'_> {
    fn begin<'a>(
        &mut self,
        input: impl Read + 'a,
        seek: Option<Box<dyn ReadSeek + 'a>>,
        layer: Rc<Layer>,
        source: SourceName,
    ) {
        let peek = Peek::new(Plain { inner: input, layer: Rc::clone(&layer) });
        self.open(Stream { peek, layer, source, seek, decompressed: false }, 0);
    }

    /// Opens `stream`, which lies within `depth` archives.
    pub(super) fn open(&mut self, mut stream: Stream<'_>, depth: u32) {
        // What was given as a case is no member of one.
        let is_member = !(self.alone && self.tallies.is_empty());
        if is_member && self.options.excludes(&stream.source.path) {
            return;
        }
        match recognise(stream.peek.head(HEAD)) {
            Content::Compressed(compression) => {
                // What was compressed twice is nested, or a file that unpacks to itself would never end.
                let depth = if stream.decompressed { depth + 1 } else { depth };
                if self.may_go_deeper(depth, &stream) {
                    self.compressed(compression, stream, depth);
                }
            }
            Content::Archive(archive) if self.may_go_deeper(depth + 1, &stream) => match archive {
                Archive::Tar => self.tar(stream, depth),
                Archive::Ar => self.ar(stream, depth),
                Archive::Cpio => self.cpio(stream, depth),
                Archive::Zip => self.seekable(stream, depth, Self::zip),
                Archive::SevenZip => self.seekable(stream, depth, Self::seven_zip),
            },
            Content::Archive(_) => {}
            Content::Unsupported(what) => {
                self.skip(&stream.source, NoteKind::Unsupported, &format!("{what} is not supported"));
            }
            // What is packed may hold what is wanted, whatever it is called; what is not packed does not.
            _ if !self.options.takes(&stream.source.path) => {}
            Content::Binary(what) => self.skip(&stream.source, NoteKind::Binary, &format!("not text but {what}")),
            Content::Other => self.text(stream, depth),
        }
        self.hand_over_notes();
    }

    fn compressed(&mut self, compression: Compression, mut stream: Stream<'_>, depth: u32) {
        let mut source = stream.source;
        // A gzip knows when its content was last modified, which outlives copying the file.
        if let (Compression::Gzip, Some(&[a, b, c, d])) = (compression, stream.peek.head(8).get(4..8)) {
            let seconds = u32::from_le_bytes([a, b, c, d]);
            let inner = Timestamp::from_second(seconds.into()).ok().filter(|_| seconds != 0);
            source.modified = inner.or(source.modified);
        }
        let layer = Layer::over(&stream.layer, &source.name);
        let taken = stream.peek.taken();
        match decoder(compression, stream.peek) {
            Ok(decoder) => {
                let guard = Guard::new(decoder, Rc::clone(&layer), taken, self.limits, self.budget);
                let peek = Peek::new(guard);
                self.open(Stream { peek, layer, source, seek: None, decompressed: true }, depth);
            }
            Err(error) => {
                let (kind, detail) = fault(&error, 0);
                layer.fail(kind, detail);
            }
        }
    }

    /// Opens an archive that is read out of order where it lies, or from a copy where it cannot be sought in.
    fn seekable(&mut self, stream: Stream<'_>, depth: u32, open: OpenSeekable<Self>) {
        let Stream { mut peek, layer, source, seek, .. } = stream;
        if let Some(mut seek) = seek {
            return open(self, &mut *seek, &source, &layer, depth);
        }
        let mut copy = SpooledTempFile::new(self.limits.spool_bytes);
        let limit = self.limits.member_bytes;
        let copied = io::copy(&mut peek.by_ref().take(limit), &mut copy).and_then(|_| copy.seek(SeekFrom::Start(0)));
        if let Err(error) = copied {
            return layer.fail(NoteKind::Unreadable, format!("no room to unpack it: {error}"));
        }
        if !peek.head(1).is_empty() {
            return layer.fail(NoteKind::Limit, format!("larger than {}, the limit for a member", size(limit)));
        }
        open(self, &mut copy, &source, &layer, depth);
    }

    fn text(&mut self, stream: Stream<'_>, depth: u32) {
        let Stream { mut peek, layer, source, decompressed, .. } = stream;
        let head = peek.head(HEAD);
        let padding = head.iter().take_while(|byte| **byte == 0).count();
        if padding >= PADDING {
            // A log that was emptied while its writer kept its place begins like this; so does the image of a disk.
            peek.skip_nuls(self.limits.member_bytes);
        }
        let head = peek.head(HEAD);
        // An empty file is a text too: that it is there can be what a signature is about.
        if head.is_empty() && (padding > 0 || layer.is_broken()) {
            if !layer.is_broken() {
                self.skip(&source, NoteKind::Binary, "nothing but NUL bytes");
            }
            return;
        }
        let stated = self.settings.of(&source.path).encoding;
        let Form::Text(encoding) = stated.map_or_else(|| form(head), |encoding| form_in(encoding, head)) else {
            // The little that is left of something cut off need not look like what it was.
            if !layer.is_broken() {
                self.skip(&source, NoteKind::Binary, "not text");
            }
            return;
        };
        self.progress.begin(&source.name);
        // What lies on disk as it is has the size it has.
        let is_unpacked = decompressed || depth > 0;
        let left = if is_unpacked { self.limits.member_bytes } else { u64::MAX };
        let mut text = Text { peek, layer: &layer, left, limit: left, fresh: 0, progress: self.progress };
        let result = decoded(encoding, &mut text, |reader| self.visit.text(&source, reader));
        drop(text);
        if let Err(error) = result {
            self.notes.borrow_mut().push(Note::new(source.name.as_str(), NoteKind::Unreadable, error.to_string()));
        }
    }

    fn may_go_deeper(&mut self, depth: u32, stream: &Stream<'_>) -> bool {
        let limit = self.limits.depth;
        if depth > limit && !self.depth_noted {
            self.depth_noted = true;
            stream.layer.exhaust(format!("not opened: within {limit} other archives already"));
        }
        depth <= limit
    }

    /// Spends one member of the case's budget; when there is none left the archive ends here.
    pub(super) fn take_member(&mut self, archive: &Layer) -> bool {
        let limit = self.limits.members;
        let granted = self.budget.take_member(limit);
        if !granted && self.budget.first_to_note_members() {
            archive.exhaust(format!("stopped after {limit} members, the limit for a case"));
        } else if !granted {
            archive.stop();
        }
        granted
    }

    /// Names a member of an archive. Nothing is done by that name but showing it and comparing it with globs.
    pub(super) fn member(&mut self, member: Member<'_>) -> SourceName {
        let Member { archive, name, modified } = member;
        let whole = name.trim_start_matches("./");
        let own = cut(whole, self.limits.name_bytes);
        let name = format!("{}::{own}", archive.name);
        if own.len() < whole.len() && !self.name_noted {
            self.name_noted = true;
            let detail = format!("its name of {} is cut", size(whole.len() as u64));
            self.notes.borrow_mut().push(Note::new(name.as_str(), NoteKind::Limit, detail));
        }
        let is_case = self.alone && self.tallies.len() == 1;
        let path = if is_case { own.to_owned() } else { format!("{}::{own}", archive.path) };
        SourceName { name, path, modified }
    }

    /// Notes what is not read: at once, or for members with all others of their archive.
    pub(super) fn skip(&mut self, source: &SourceName, kind: NoteKind, detail: &str) {
        match self.tallies.last_mut() {
            Some(tally) => tally.entry((kind, detail.to_owned())).or_insert_with(|| (0, source.clone())).0 += 1,
            None => self.notes.borrow_mut().push(Note::new(source.name.as_str(), kind, detail)),
        }
    }

    pub(super) fn begin_archive(&mut self) {
        self.tallies.push(Tally::new());
    }

    /// Notes what was skipped in the archive begun last: one note for each reason.
    pub(super) fn end_archive(&mut self, archive: &SourceName) {
        for ((kind, detail), (count, first)) in self.tallies.pop().unwrap_or_default() {
            let note = if count == 1 {
                Note::new(first.name, kind, detail)
            } else {
                let own = first.name.strip_prefix(archive.name.as_str()).unwrap_or(&first.name);
                let own = own.trim_start_matches("::");
                Note::new(archive.name.as_str(), kind, format!("{detail}: {count} members, the first is `{own}`"))
            };
            self.notes.borrow_mut().push(note);
        }
    }

    fn hand_over_notes(&mut self) {
        for note in RefCell::take(&self.notes) {
            self.visit.note(note);
        }
    }
}

/// Cuts a name to at most `limit` bytes, between characters.
fn cut(name: &str, limit: usize) -> &str {
    let end = (0..=limit.min(name.len())).rev().find(|&end| name.is_char_boundary(end));
    &name[..end.unwrap_or(0)]
}

/// A text as the visitor reads it, up to the limit for a member.
struct Text<'t, 'a> {
    peek: Peek<'a>,
    layer: &'t Layer,
    left: u64,
    limit: u64,
    /// Bytes read that the progress does not know of yet.
    fresh: u64,
    progress: &'t Progress,
}

impl Text<'_, '_> {
    fn tell_progress(&mut self) {
        if self.fresh > 0 {
            self.progress.add(std::mem::take(&mut self.fresh));
        }
    }
}

impl BufRead for Text<'_, '_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        // Consumers take line by line; telling each would be felt.
        if self.fresh >= HEAD as u64 {
            self.tell_progress();
        }
        let available = self.peek.fill_buf()?;
        if self.left == 0 && !available.is_empty() {
            let limit = size(self.limit);
            self.layer.fail(NoteKind::Limit, format!("stopped after {limit}, the limit for a member"));
        }
        let count = available.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        Ok(&available[..count])
    }

    fn consume(&mut self, amount: usize) {
        self.peek.consume(amount);
        self.left = self.left.saturating_sub(amount as u64);
        self.fresh += amount as u64;
    }
}

impl Read for Text<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

impl Drop for Text<'_, '_> {
    fn drop(&mut self) {
        self.tell_progress();
    }
}
