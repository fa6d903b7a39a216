//! The plumbing between the layers of an input: streams that never fail, and layers that remember what went wrong.
//!
//! An input is a stack of layers: a file, a gzip in it, a tar in that, a text in that. Each has a [`Layer`] that knows the
//! one below. Whatever goes wrong is noted by the layer where it happened, once, and looks like the end of the data to
//! those above, which therefore ask [`Layer::is_broken`] before they complain about an early end themselves.
//! [`Peek`] is the buffer between two layers; [`Guard`] counts what a decoder yields and turns its errors into notes.
//!
//! It does not know any format: those are `compression`, `tape`, `zip` and their like.

use std::cell::{Cell, RefCell};
use std::io::{self, BufRead, Read, Seek, SeekFrom};
use std::rc::Rc;

use crate::source::compression::WINDOW;
use crate::source::note::size;
use crate::source::{Budget, Limits, Note, NoteKind, Progress, SourceName};

/// How much of an input is looked at to tell what it is, in bytes: what `file` and ripgrep look at is of this order.
pub(super) const HEAD: usize = 8 << 10;

/// Buffer of a stream that is longer than its head, in bytes. Larger ones gained nothing.
const BUFFER: usize = 64 << 10;

/// How much a decoder is asked for at once, in bytes. A decoder that meets an error forgets what it decoded in the
/// same call, so this is how much of the text before a damaged spot can be lost.
const STEP: usize = 8 << 10;

/// Notes made while somebody else holds the visitor; handed over at the next opportunity.
pub(super) type Notes = Rc<RefCell<Vec<Note>>>;

/// One layer of an input.
#[derive(Debug)]
pub(super) struct Layer {
    source: String,
    below: Option<Rc<Layer>>,
    broken: Cell<bool>,
    notes: Notes,
}

impl Layer {
    /// Makes the lowest layer of an input.
    pub(super) fn base(source: &str, notes: &Notes) -> Rc<Layer> {
        Rc::new(Layer { source: source.to_owned(), below: None, broken: Cell::new(false), notes: Rc::clone(notes) })
    }

    /// Makes the layer of something called `source` that lies in `below`.
    pub(super) fn over(below: &Rc<Layer>, source: &str) -> Rc<Layer> {
        Rc::new(Layer {
            source: source.to_owned(),
            below: Some(Rc::clone(below)),
            broken: Cell::new(false),
            notes: Rc::clone(&below.notes),
        })
    }

    /// Tells whether this layer or one below it ended before its time, which has been noted then.
    pub(super) fn is_broken(&self) -> bool {
        self.broken.get() || self.below.as_ref().is_some_and(|below| below.is_broken())
    }

    /// Tells whether this very layer was ended. One below may have come to its end while this one still has buffered
    /// data to give.
    pub(super) fn is_stopped(&self) -> bool {
        self.broken.get()
    }

    /// Notes what ended this layer, unless the cause is a layer below or it has been noted before.
    pub(super) fn fail(&self, kind: NoteKind, detail: impl Into<String>) {
        if !self.is_broken() {
            self.notes.borrow_mut().push(Note::new(self.source.as_str(), kind, detail));
        }
        self.broken.set(true);
    }

    /// Notes a limit that ended this layer, whatever else is wrong: the rest of the part or case depends on it, too.
    pub(super) fn exhaust(&self, detail: impl Into<String>) {
        self.notes.borrow_mut().push(Note::new(self.source.as_str(), NoteKind::Limit, detail));
        self.broken.set(true);
    }

    /// Ends this layer without a note, because there is one elsewhere.
    pub(super) fn stop(&self) {
        self.broken.set(true);
    }
}

/// An input at some layer, with all that is needed to open it.
pub(super) struct Stream<'a> {
    pub(super) peek: Peek<'a>,
    pub(super) layer: Rc<Layer>,
    pub(super) source: SourceName,
    /// The same bytes for random access, where that is to be had without copying them.
    pub(super) seek: Option<Box<dyn ReadSeek + 'a>>,
    /// Whether these bytes came out of a decompressor that is no archive.
    pub(super) decompressed: bool,
}

/// Random access, as zip needs it.
pub(super) trait ReadSeek: Read + Seek {}

impl<T: Read + Seek> ReadSeek for T {}

/// A buffered reader whose next bytes can be looked at, and which never fails: what lies below notes its own troubles.
pub(super) struct Peek<'a> {
    inner: Box<dyn Read + 'a>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    taken: Rc<Cell<u64>>,
}

impl<'a> Peek<'a> {
    pub(super) fn new(inner: impl Read + 'a) -> Self {
        Peek { inner: Box::new(inner), buffer: Vec::new(), start: 0, end: 0, taken: Rc::default() }
    }

    /// The number of bytes consumed so far, as it grows.
    pub(super) fn taken(&self) -> Rc<Cell<u64>> {
        Rc::clone(&self.taken)
    }

    /// Looks at the next `wanted` bytes, at most [`HEAD`]; there are fewer only at the end.
    pub(super) fn head(&mut self, wanted: usize) -> &[u8] {
        let wanted = wanted.min(HEAD);
        if self.buffer.is_empty() {
            self.buffer = vec![0; HEAD];
        }
        if self.buffer.len() - self.start < wanted {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        while self.end - self.start < wanted && self.refill() > 0 {}
        &self.buffer[self.start..self.end.min(self.start + wanted)]
    }

    /// Passes over NUL bytes, as long as there are fewer than about `limit`, and tells how many there were.
    pub(super) fn skip_nuls(&mut self, limit: u64) -> u64 {
        let before = self.taken.get();
        loop {
            let next = self.head(HEAD);
            let nuls = next.iter().position(|&byte| byte != 0).unwrap_or(next.len());
            let all = nuls == next.len() && nuls > 0;
            self.consume(nuls);
            let skipped = self.taken.get() - before;
            if !all || skipped >= limit {
                return skipped;
            }
        }
    }

    /// Reads to the end, so that whatever is wrong with the rest comes to light.
    pub(super) fn drain(&mut self) {
        loop {
            let rest = self.end - self.start;
            self.consume(rest);
            (self.start, self.end) = (0, 0);
            if self.buffer.is_empty() {
                self.buffer = vec![0; HEAD];
            }
            if self.refill() == 0 {
                return;
            }
        }
    }

    fn refill(&mut self) -> usize {
        loop {
            match self.inner.read(&mut self.buffer[self.end..]) {
                Ok(count) => {
                    self.end += count;
                    return count;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // Whatever is below has a guard and does not fail; if it did, its data would end here.
                Err(_) => return 0,
            }
        }
    }
}

impl BufRead for Peek<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.start == self.end {
            if self.buffer.len() < BUFFER {
                // Most members of archives are small: the first buffer is, too.
                let larger = if self.buffer.is_empty() { HEAD } else { BUFFER };
                self.buffer = vec![0; larger];
            }
            (self.start, self.end) = (0, 0);
            self.refill();
        }
        Ok(&self.buffer[self.start..self.end])
    }

    fn consume(&mut self, amount: usize) {
        let amount = amount.min(self.end - self.start);
        self.start += amount;
        self.taken.set(self.taken.get() + amount as u64);
    }
}

impl Read for Peek<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let count = available.len().min(buffer.len());
        buffer[..count].copy_from_slice(&available[..count]);
        self.consume(count);
        Ok(count)
    }
}

/// An input as it is given, whose reader waits for it.
pub(super) struct Input<'p, R> {
    pub(super) inner: R,
    pub(super) progress: &'p Progress,
}

impl<R: Read> Read for Input<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.progress.wait(|| self.inner.read(buffer))
    }
}

impl<R: Seek> Seek for Input<'_, R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}

/// Reads a file or another input that is not decoded; an error of the operating system becomes a note and the end.
pub(super) struct Plain<R> {
    pub(super) inner: R,
    pub(super) layer: Rc<Layer>,
}

impl<R: Read> Read for Plain<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.inner.read(buffer) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                self.layer.fail(NoteKind::Unreadable, error.to_string());
                Ok(0)
            }
            result => result,
        }
    }
}

/// Reads what a decoder yields, up to the limits; an error of the decoder becomes a note and the end.
pub(super) struct Guard<'a, R> {
    inner: R,
    layer: Rc<Layer>,
    /// Bytes that went into the decoder so far.
    taken: Rc<Cell<u64>>,
    decoded: u64,
    ended: bool,
    limits: &'a Limits,
    budget: &'a Budget,
}

impl<'a, R: Read> Guard<'a, R> {
    pub(super) fn new(
        inner: R,
        layer: Rc<Layer>,
        taken: Rc<Cell<u64>>,
        limits: &'a Limits,
        budget: &'a Budget,
    ) -> Self {
        Guard { inner, layer, taken, decoded: 0, ended: false, limits, budget }
    }

    fn fail(&mut self, error: &io::Error) {
        let (kind, detail) = fault(error, self.decoded);
        self.layer.fail(kind, detail);
        self.ended = true;
    }

    /// Counts freshly decoded bytes and tells how many of them may pass.
    fn allow(&mut self, count: usize) -> usize {
        let count = count as u64;
        let granted = self.budget.take_bytes(count, self.limits.total_bytes);
        self.decoded += granted;
        if granted < count {
            self.ended = true;
            if self.budget.first_to_note_bytes() {
                let limit = size(self.limits.total_bytes);
                self.layer.exhaust(format!("stopped after {limit} decoded, the limit for a case"));
            } else {
                self.layer.stop();
            }
        } else if self.decoded > self.limits.ratio_floor
            && self.decoded > self.limits.ratio.saturating_mul(self.taken.get())
        {
            self.ended = true;
            let (decoded, ratio) = (size(self.decoded), self.limits.ratio);
            self.layer
                .fail(NoteKind::Limit, format!("stopped after {decoded}, more than {ratio} times the compressed size"));
        }
        granted as usize
    }
}

impl<R: Read> Read for Guard<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ended {
            return Ok(0);
        }
        let step = buffer.len().min(STEP);
        match self.inner.read(&mut buffer[..step]) {
            Ok(count) => Ok(self.allow(count)),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => {
                self.fail(&error);
                Ok(0)
            }
        }
    }
}

/// Says what the error of a decoder means that yielded `decoded` bytes before.
pub(super) fn fault(error: &io::Error, decoded: u64) -> (NoteKind, String) {
    let decoded = size(decoded);
    match error.kind() {
        io::ErrorKind::UnexpectedEof => (NoteKind::Truncated, format!("truncated after {decoded}")),
        io::ErrorKind::OutOfMemory => {
            let window = size(WINDOW);
            (NoteKind::Limit, format!("stopped after {decoded}: the rest needs a window of more than {window}"))
        }
        _ => (NoteKind::Damaged, format!("damaged after {decoded}: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Yields one byte at a time, as a slow pipe does.
    struct Trickle<'a>(&'a [u8]);

    impl Read for Trickle<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = buffer.len().min(1);
            self.0.read(&mut buffer[..count])
        }
    }

    #[test]
    fn the_head_is_whole_even_when_the_input_trickles() {
        let mut peek = Peek::new(Trickle(b"hello world"));
        assert_eq!(peek.head(5), b"hello");
        peek.consume(2);
        assert_eq!(peek.head(100), b"llo world");
        let mut rest = Vec::new();
        peek.read_to_end(&mut rest).unwrap();
        assert_eq!((rest.as_slice(), peek.taken().get()), (&b"llo world"[..], 11));
    }

    #[test]
    fn nuls_are_passed_over_across_buffers() {
        let mut data = vec![0; 3 * HEAD + 5];
        data.extend(b"text");
        let mut peek = Peek::new(data.as_slice());
        assert_eq!(peek.skip_nuls(u64::MAX), 3 * HEAD as u64 + 5);
        assert_eq!(peek.head(9), b"text");
        assert_eq!(peek.skip_nuls(u64::MAX), 0);
    }

    #[test]
    fn only_the_lowest_layer_that_broke_is_noted() {
        let notes = Notes::default();
        let file = Layer::base("a.tgz", &notes);
        let member = Layer::over(&file, "a.tgz::b.gz");
        file.fail(NoteKind::Truncated, "truncated");
        file.fail(NoteKind::Truncated, "again");
        member.fail(NoteKind::Truncated, "because of the file");
        assert_eq!(*notes.borrow(), [Note::new("a.tgz", NoteKind::Truncated, "truncated")]);
        assert!(member.is_broken());
    }

    #[test]
    fn what_breaks_above_leaves_the_layer_below_whole() {
        let notes = Notes::default();
        let file = Layer::base("a.tgz", &notes);
        Layer::over(&file, "a.tgz::b.gz").fail(NoteKind::Damaged, "damaged");
        assert!(!file.is_broken());
    }

    #[test]
    fn an_error_of_the_operating_system_is_noted_and_ends_the_stream() {
        struct Failing;
        impl Read for Failing {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("disk on fire"))
            }
        }
        let notes = Notes::default();
        let mut peek = Peek::new(Plain { inner: Failing, layer: Layer::base("a.log", &notes) });
        assert_eq!(peek.head(1), b"");
        assert_eq!(*notes.borrow(), [Note::new("a.log", NoteKind::Unreadable, "disk on fire")]);
    }
}
