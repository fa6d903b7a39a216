//! From text to its layout, line by line.
//!
//! The reader follows indentation, as YAML does, and keeps what it does not have to look into. It is only asked about files that
//! the YAML reader of `rule` accepts. What authors of rules do not write (complex keys, tabs before keys, several documents)
//! is refused with its line, and the file stays as it is.

use std::borrow::Cow;
use std::mem;

use crate::author::fmt::extent::{self, BLANK, Place, is_item, skip_blank};
use crate::author::fmt::layout::{Block, Body, Chomping, Document, Entry, Item, Leading, Trailing, Value};

/// Nesting that is laid out; a rule has some eight levels.
pub(super) const DEPTH_LIMIT: usize = 64;

/// The comment that tells editors the schema. It stays at the top, whatever becomes of the key below it.
const MODELINE: &str = "# yaml-language-server:";

/// What the formatter does not lay out, and where it stands.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unusual {
    /// 1-based line.
    pub line: usize,
    /// In words, to stand behind "has".
    pub what: &'static str,
}

/// Reads a file whose root is a mapping.
pub(super) fn read(text: &str) -> Result<Document<'_>, Unusual> {
    let lines = text.strip_suffix('\n').unwrap_or(text).split('\n').collect();
    let mut reading = Reading { lines, line: 0, column: 0, depth: 0, pending: Vec::new() };
    if let Some(0) = reading.next()?
        && reading.here().trim_end_matches(BLANK) == "---"
    {
        reading.line += 1;
    }
    if reading.next()? != Some(0) {
        return Err(reading.unusual("no key at the beginning of a line"));
    }
    let head = reading.head();
    let (entries, mut tail) = reading.map(0)?;
    if reading.next()?.is_some() {
        return Err(reading.unusual("something behind the last key"));
    }
    tail.append(&mut reading.pending);
    Ok(Document { head, entries, tail })
}

struct Reading<'t> {
    lines: Vec<&'t str>,
    /// The line that is read.
    line: usize,
    /// Where its text begins.
    column: usize,
    depth: usize,
    /// Comments and blank lines that nothing has taken yet.
    pending: Vec<Leading<'t>>,
}

impl<'t> Reading<'t> {
    fn here(&self) -> &'t str {
        self.lines.get(self.line).copied().unwrap_or_default()
    }

    fn unusual(&self, what: &'static str) -> Unusual {
        Unusual { line: self.line.min(self.lines.len().saturating_sub(1)) + 1, what }
    }

    /// Goes on to the next line with text and tells its column; `None` at the end.
    fn next(&mut self) -> Result<Option<usize>, Unusual> {
        while let Some(line) = self.lines.get(self.line) {
            let text = line.trim_start_matches(' ');
            self.column = line.len() - text.len();
            match text.bytes().next() {
                None => self.pending.push(Leading::Blank),
                Some(b'\t') if text.trim_matches(BLANK).is_empty() => self.pending.push(Leading::Blank),
                Some(b'\t') => return Err(self.unusual("a tab before the text")),
                Some(b'#') => {
                    self.pending.push(Leading::Comment { column: self.column, text: text.trim_end_matches(BLANK) });
                }
                Some(_) => return Ok(Some(self.column)),
            }
            self.line += 1;
        }
        Ok(None)
    }

    /// Takes the comments that belong to the file: those before the last blank line, and the editor's.
    fn head(&mut self) -> Vec<Leading<'t>> {
        let blank = self.pending.iter().rposition(|line| *line == Leading::Blank).map_or(0, |at| at + 1);
        let is_modeline =
            |line: &Leading<'_>| matches!(line, Leading::Comment { text, .. } if text.starts_with(MODELINE));
        let modeline = self.pending.iter().rposition(is_modeline).map_or(0, |at| at + 1);
        self.pending.drain(..blank.max(modeline)).collect()
    }

    /// Takes the comments behind the last entry of a collection that are at least as deep as it.
    fn tail(&mut self, column: usize) -> Vec<Leading<'t>> {
        let is_outside = |line: &Leading<'_>| matches!(line, Leading::Comment { column: other, .. } if *other < column);
        let end = self.pending.iter().position(is_outside).unwrap_or(self.pending.len());
        let inside = self.pending.get(..end).unwrap_or_default();
        let last = inside.iter().rposition(|line| *line != Leading::Blank).map_or(0, |at| at + 1);
        self.pending.drain(..last).collect()
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Unusual>) -> Result<T, Unusual> {
        if self.depth == DEPTH_LIMIT {
            return Err(self.unusual("too many levels"));
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    /// Reads a mapping whose first key stands in `column` of this line.
    fn map(&mut self, column: usize) -> Result<(Vec<Entry<'t>>, Vec<Leading<'t>>), Unusual> {
        let mut entries = Vec::new();
        loop {
            let leading = mem::take(&mut self.pending);
            let (key, behind) =
                extent::key(self.here(), column).ok_or_else(|| self.unusual("a key that is not written plainly"))?;
            let value = self.deeper(|reading| reading.value(column, behind, true))?;
            entries.push(Entry { leading, key, value });
            match self.next()? {
                Some(next) if next == column => {}
                Some(next) if next > column => return Err(self.unusual("a key that is indented too far")),
                _ => break,
            }
        }
        let tail = self.tail(column);
        Ok((entries, tail))
    }

    /// Reads a list whose first `-` stands in `column` of this line; `beside_keys` when its key stands there too.
    fn list(&mut self, column: usize, beside_keys: bool) -> Result<Body<'t>, Unusual> {
        let mut items = Vec::new();
        loop {
            let leading = mem::take(&mut self.pending);
            let inner = skip_blank(self.here(), column + 1);
            let is_nested = is_item(self.here(), inner) || extent::key(self.here(), inner).is_some();
            if is_nested && self.here().get(column..inner).is_some_and(|gap| gap.contains('\t')) {
                return Err(self.unusual("a tab before the text"));
            }
            let value = self.deeper(|reading| match is_nested {
                true => reading.collection(inner, false).map(|body| Value { body, ..Value::default() }),
                false => reading.value(column, column + 1, false),
            })?;
            items.push(Item { leading, value });
            match self.next()? {
                Some(next) if next == column && is_item(self.here(), column) => {}
                Some(next) if next > column => return Err(self.unusual("an item that is indented too far")),
                _ => break,
            }
        }
        let tail = self.tail(column + usize::from(beside_keys));
        Ok(Body::List(items, tail))
    }

    fn collection(&mut self, column: usize, beside_keys: bool) -> Result<Body<'t>, Unusual> {
        if is_item(self.here(), column) {
            return self.list(column, beside_keys);
        }
        self.map(column).map(|(entries, tail)| Body::Map(entries, tail))
    }

    /// Reads what stands behind a colon or dash; `parent` is the column of the key or dash.
    fn value(&mut self, parent: usize, behind: usize, is_of_key: bool) -> Result<Value<'t>, Unusual> {
        let line = self.here();
        let begin = skip_blank(line, behind);
        let mut at = begin;
        let mut property_end = begin;
        while line.get(at..).is_some_and(|rest| rest.starts_with(['&', '!'])) {
            let rest = line.get(at..).unwrap_or_default();
            property_end = at + rest.find(BLANK).unwrap_or(rest.len());
            at = skip_blank(line, property_end);
        }
        let property = line.get(begin..property_end).filter(|property| !property.is_empty());
        let rest = line.get(at..).unwrap_or_default();
        if rest.is_empty() || rest.starts_with('#') {
            let comment = self.trailing(if property.is_some() { property_end } else { behind });
            if comment.is_none() && !rest.is_empty() {
                return Err(self.unusual("a comment right behind a sign"));
            }
            self.line += 1;
            return self.below(parent, property, comment, is_of_key);
        }
        if property.is_some() && extent::key(line, at).is_some() {
            return Err(self.unusual("an anchor or tag before a key"));
        }
        let (body, comment) = self.inline(parent, at)?;
        Ok(Value { property, body, comment })
    }

    /// Reads a value that begins below its key or dash.
    fn below(
        &mut self,
        parent: usize,
        property: Option<&'t str>,
        comment: Option<Trailing<'t>>,
        is_of_key: bool,
    ) -> Result<Value<'t>, Unusual> {
        let next = self.next()?;
        let is_list = next.is_some_and(|column| is_item(self.here(), column));
        let body = match next {
            Some(column) if is_list && (column > parent || is_of_key && column == parent) => {
                self.collection(column, column == parent)?
            }
            Some(column) if column > parent && extent::key(self.here(), column).is_some() => {
                self.collection(column, false)?
            }
            Some(column) if column > parent => {
                let is_alone = comment.is_none() && self.pending.is_empty() && !self.here().starts_with(['&', '!']);
                if !is_alone {
                    return Err(self.unusual("a value on a line of its own behind a comment"));
                }
                let (body, comment) = self.inline(parent, column)?;
                return Ok(Value { property, body, comment });
            }
            _ => match self.tail(parent + 1) {
                tail if tail.is_empty() => Body::Empty,
                tail => Body::Map(Vec::new(), tail),
            },
        };
        Ok(Value { property, body, comment })
    }

    /// Reads a scalar, or a collection in brackets, that begins at byte `at` of this line.
    fn inline(&mut self, parent: usize, at: usize) -> Result<(Body<'t>, Option<Trailing<'t>>), Unusual> {
        match self.here().as_bytes().get(at) {
            Some(b'|' | b'>') => self.block(parent, at),
            Some(b'"' | b'\'') => {
                let end = extent::quoted(&self.lines, (self.line, at)).ok_or_else(|| self.unusual("an open quote"))?;
                let (lines, comment) = self.enclosed(at, end)?;
                Ok((Body::Scalar(lines), comment))
            }
            Some(b'[' | b'{') => {
                let found = extent::bracketed(&self.lines, (self.line, at));
                let (end, _) = found.ok_or_else(|| self.unusual("an open bracket"))?;
                let (lines, comment) = self.enclosed(at, end)?;
                Ok((Body::Flow(lines), comment))
            }
            _ => Ok(self.plain(parent, at)),
        }
    }

    /// Takes the text from `at` of this line to `end`, and a comment behind it.
    fn enclosed(&mut self, at: usize, end: Place) -> Result<(Vec<&'t str>, Option<Trailing<'t>>), Unusual> {
        let mut lines = Vec::new();
        for number in self.line..=end.0 {
            let line = self.lines.get(number).copied().unwrap_or_default();
            let from = if number == self.line { at } else { 0 };
            let to = if number == end.0 { end.1 } else { line.len() };
            lines.push(line.get(from..to).unwrap_or_default().trim_matches(BLANK));
        }
        self.line = end.0;
        let rest = self.here().get(end.1..).unwrap_or_default();
        let comment = self.trailing(end.1);
        if comment.is_none() && !rest.trim_matches(BLANK).is_empty() {
            return Err(self.unusual("something behind a closing quote or bracket"));
        }
        self.line += 1;
        Ok((lines, comment))
    }

    /// The comment of this line, if nothing but blanks is between it and byte `end`.
    fn trailing(&self, end: usize) -> Option<Trailing<'t>> {
        let line = self.here();
        let at = skip_blank(line, end);
        let text = line.get(at..)?.trim_end_matches(BLANK);
        (text.starts_with('#') && at > end).then_some(Trailing { gap: at - end, text })
    }

    /// A plain scalar, with the lines below that are deeper than `parent`.
    fn plain(&mut self, parent: usize, at: usize) -> (Body<'t>, Option<Trailing<'t>>) {
        let mut lines = Vec::new();
        let mut from = at;
        loop {
            let line = self.here();
            let end = extent::comment(line, from).unwrap_or(line.len());
            let text = line.get(from..end).unwrap_or_default().trim_end_matches(BLANK);
            let comment = self.trailing(from + text.len());
            lines.push(text);
            self.line += 1;
            let rest = self.lines.get(self.line..).unwrap_or_default();
            let blanks = rest.iter().take_while(|line| line.trim_matches(BLANK).is_empty()).count();
            let next = rest.get(blanks).map(|line| (line.len() - line.trim_start_matches(' ').len(), line));
            let goes_on =
                |(column, line): (usize, &&str)| column > parent && !line.trim_start_matches(BLANK).starts_with('#');
            match next.filter(|next| comment.is_none() && goes_on(*next)) {
                None => return (Body::Scalar(lines), comment),
                Some((column, line)) => {
                    from = skip_blank(line, column);
                    lines.extend(std::iter::repeat_n("", blanks));
                    self.line += blanks;
                }
            }
        }
    }

    /// A block scalar whose `|` or `>` stands at byte `at` of this line.
    fn block(&mut self, parent: usize, at: usize) -> Result<(Body<'t>, Option<Trailing<'t>>), Unusual> {
        let rest = self.here().get(at..).unwrap_or_default();
        let header = rest.get(..rest.find(BLANK).unwrap_or(rest.len())).unwrap_or_default();
        let comment = self.trailing(at + header.len());
        if comment.is_none() && !rest.get(header.len()..).unwrap_or_default().trim_matches(BLANK).is_empty() {
            return Err(self.unusual("something behind the sign of a block"));
        }
        let style = if header.starts_with('>') { '>' } else { '|' };
        let chomping = match (header.contains('-'), header.contains('+')) {
            (true, _) => Chomping::Strip,
            (_, true) => Chomping::Keep,
            _ => Chomping::Clip,
        };
        self.line += 1;
        let body = self.lines.get(self.line..).unwrap_or_default();
        let depth = |line: &str| line.len() - line.trim_start_matches(' ').len();
        let first = body.iter().find(|line| !line.trim_matches(' ').is_empty()).map(|line| depth(line));
        let stated = header.chars().find_map(|letter| letter.to_digit(10));
        let indent = match (stated, first) {
            (Some(digit), _) => parent + digit as usize,
            (None, Some(first)) if first > parent => first,
            (None, _) => parent + 1,
        };
        let is_inside = |line: &&&str| line.trim_matches(' ').is_empty() || depth(line) >= indent;
        let mut length = body.iter().take_while(is_inside).count();
        let is_empty = |line: &str| line.len() <= indent;
        let text = body.get(..length).unwrap_or_default();
        let filled = text.iter().rposition(|line| !is_empty(line)).map_or(0, |last| last + 1);
        if chomping != Chomping::Keep || filled == 0 {
            length = filled;
        }
        let text = body.get(..length).unwrap_or_default();
        let lines = text.iter().map(|line| Cow::Borrowed(line.get(indent..).unwrap_or_default())).collect();
        self.line += length;
        Ok((Body::Block(Block { style, chomping, lines }), comment))
    }
}
