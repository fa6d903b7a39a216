//! From layout to text: one indentation, one order, one blank line.
//!
//! Collections below a key or dash are indented by two columns, texts below `|` too. The sections of a rule come in the order of
//! the reference, each behind a blank line; only the keys that say what the article is stand together.

use crate::author::fmt::layout::{Block, Body, Chomping, Document, Entry, Leading, Trailing, Value};
use crate::author::fmt::{Style, restyle};
use crate::rule::{OVERLAY, RULE};

/// Columns of a level.
const INDENT: usize = 2;

/// Columns of a line, as long as a collection in brackets may make it. That of our code, too: editors show it without scrolling.
pub(super) const WIDTH: usize = 140;

/// The last of the keys that say what the article is and stand together at its beginning.
const LAST_OF_HEAD: &str = "links";

/// Sorts the sections and writes the file.
pub(super) fn write(mut document: Document<'_>, style: Style) -> String {
    let table = if is_overlay(&document) { &OVERLAY } else { &RULE };
    let place = |key: &str| table.names().position(|known| known == key);
    let last_of_head = place(LAST_OF_HEAD);
    let mut rank = 0;
    let mut ranked: Vec<(usize, Entry<'_>)> = Vec::with_capacity(document.entries.len());
    for entry in document.entries.drain(..) {
        // an unknown key stays behind the one before it
        rank = place(entry.key).unwrap_or(rank);
        ranked.push((rank, entry));
    }
    if style.sorted {
        ranked.sort_by_key(|(rank, _)| *rank);
    }

    let mut writer = Writer { out: String::new(), restyled: style.restyled, in_regex: false };
    writer.leading(&document.head, 0);
    writer.blank();
    let mut before: Option<(bool, bool)> = None;
    for (rank, entry) in &ranked {
        let is_head = last_of_head.is_some_and(|last| *rank <= last);
        let own_lines = entry.leading.iter().position(|line| *line != Leading::Blank).unwrap_or(entry.leading.len());
        let (blanks, leading) = entry.leading.split_at(own_lines);
        if let Some((was_head, takes_blank_lines)) = before
            && !takes_blank_lines
            && (!(was_head && is_head) || (!blanks.is_empty() && !leading.is_empty()))
        {
            writer.blank();
        }
        writer.leading(leading, 0);
        writer.entry(entry, 0);
        before = Some((is_head, entry.value.takes_blank_lines()));
    }
    let takes_blank_lines = before.is_some_and(|(_, takes)| takes);
    if !document.tail.is_empty() && !takes_blank_lines {
        writer.blank();
    }
    let blanks = document.tail.iter().take_while(|line| **line == Leading::Blank).count();
    let tail = document.tail.get(if takes_blank_lines { blanks } else { 0 }..).unwrap_or_default();
    writer.leading(tail, 0);
    if !takes_blank_lines {
        let length = writer.out.trim_end_matches('\n').len();
        writer.out.truncate(length);
        writer.out.push('\n');
    }
    writer.out
}

/// Whether a file is an overlay by its keys: it has one that rules have not, and no id.
fn is_overlay(document: &Document<'_>) -> bool {
    let has = |key: &str| document.entries.iter().any(|entry| entry.key == key);
    !has("id") && OVERLAY.names().any(|key| !RULE.has(key) && has(key))
}

struct Writer {
    out: String,
    restyled: bool,
    /// Whether what is written belongs to a regex: those of a list look alike, quotes included.
    in_regex: bool,
}

impl Writer {
    /// Writes a blank line, unless there is one already, or nothing before it.
    fn blank(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }

    fn indent(&mut self, indent: usize) {
        self.out.extend(std::iter::repeat_n(' ', indent));
    }

    fn leading(&mut self, leading: &[Leading<'_>], indent: usize) {
        for line in leading {
            match line {
                Leading::Blank => self.blank(),
                Leading::Comment { text, .. } => {
                    self.indent(indent);
                    self.out.push_str(text);
                    self.out.push('\n');
                }
            }
        }
    }

    /// The same at the beginning of a collection, where no blank line stands.
    fn first_leading(&mut self, leading: &[Leading<'_>], indent: usize) {
        let blanks = leading.iter().take_while(|line| **line == Leading::Blank).count();
        self.leading(leading.get(blanks..).unwrap_or_default(), indent);
    }

    /// Writes a key and its value; what stands before it is written.
    fn entry(&mut self, entry: &Entry<'_>, indent: usize) {
        self.indent(indent);
        self.entry_here(entry, indent);
    }

    fn entry_here(&mut self, entry: &Entry<'_>, indent: usize) {
        self.out.push_str(entry.key);
        self.out.push(':');
        let before = self.in_regex;
        self.in_regex = matches!(entry.key, "regex" | "contains");
        self.value(&entry.value, indent);
        self.in_regex = before;
    }

    /// Writes what stands behind a colon or dash in column `indent`.
    fn value(&mut self, value: &Value<'_>, indent: usize) {
        if let Some(property) = value.property {
            self.out.push(' ');
            self.out.push_str(property);
        }
        match &value.body {
            Body::Empty => self.end_line(value.comment),
            Body::Scalar(lines) => self.scalar(lines, value, indent),
            Body::Flow(lines) => self.flow(lines, value, indent),
            Body::Block(block) => self.block(block, value.comment, indent),
            Body::Map(entries, tail) => {
                self.end_line(value.comment);
                self.entries(entries, tail, indent + INDENT);
            }
            Body::List(items, tail) => {
                self.end_line(value.comment);
                let indent = indent + INDENT;
                for (position, item) in items.iter().enumerate() {
                    match position {
                        0 => self.first_leading(&item.leading, indent),
                        _ => self.leading(&item.leading, indent),
                    }
                    self.indent(indent);
                    self.item_here(&item.value, indent);
                }
                self.leading(tail, indent);
            }
        }
    }

    fn entries(&mut self, entries: &[Entry<'_>], tail: &[Leading<'_>], indent: usize) {
        for (position, entry) in entries.iter().enumerate() {
            match position {
                0 => self.first_leading(&entry.leading, indent),
                _ => self.leading(&entry.leading, indent),
            }
            self.entry(entry, indent);
        }
        self.leading(tail, indent);
    }

    /// Writes an item whose `-` stands here, in column `indent`. The first line of a collection stands beside the dash.
    fn item_here(&mut self, value: &Value<'_>, indent: usize) {
        self.out.push('-');
        let is_bare = value.property.is_none() && value.comment.is_none();
        let inner = indent + INDENT;
        let is_beside = |leading: &[Leading<'_>]| is_bare && leading.iter().all(|line| *line == Leading::Blank);
        match &value.body {
            Body::Map(entries, tail) => match entries.split_first() {
                Some((first, rest)) if is_beside(&first.leading) => {
                    self.out.push(' ');
                    self.entry_here(first, inner);
                    for entry in rest {
                        self.leading(&entry.leading, inner);
                        self.entry(entry, inner);
                    }
                    self.leading(tail, inner);
                }
                _ => self.value(value, indent),
            },
            Body::List(items, tail) => match items.split_first() {
                Some((first, rest)) if is_beside(&first.leading) => {
                    self.out.push(' ');
                    self.item_here(&first.value, inner);
                    for item in rest {
                        self.leading(&item.leading, inner);
                        self.indent(inner);
                        self.item_here(&item.value, inner);
                    }
                    self.leading(tail, inner);
                }
                _ => self.value(value, indent),
            },
            _ => self.value(value, indent),
        }
    }

    fn scalar(&mut self, lines: &[&str], value: &Value<'_>, indent: usize) {
        if self.restyled && value.property.is_none() {
            if let Some(block) = restyle::as_block(lines) {
                return self.block(&block, value.comment, indent);
            }
            if let Some(plain) = restyle::without_quotes(lines).filter(|_| !self.in_regex) {
                self.out.push(' ');
                self.out.push_str(plain);
                return self.end_line(value.comment);
            }
        }
        self.out.push(' ');
        self.lines(lines, indent);
        self.end_line(value.comment);
    }

    fn flow(&mut self, lines: &[&str], value: &Value<'_>, indent: usize) {
        if let [line] = lines
            && self.restyled
            && value.property.is_none()
            && self.column() + 1 + line.chars().count() > WIDTH
            && let Some(body) = restyle::opened(line)
        {
            let value = Value { property: None, body, comment: value.comment };
            return self.value(&value, indent);
        }
        self.out.push(' ');
        self.lines(lines, indent);
        self.end_line(value.comment);
    }

    /// Writes the lines of a scalar or of brackets; a closing bracket on a line of its own stands below the key.
    fn lines(&mut self, lines: &[&str], indent: usize) {
        for (number, line) in lines.iter().enumerate() {
            if number > 0 {
                self.out.push('\n');
                self.indent(if line.is_empty() { 0 } else { indent + INDENT });
            }
            self.out.push_str(line);
        }
    }

    fn block(&mut self, block: &Block<'_>, comment: Option<Trailing<'_>>, indent: usize) {
        self.out.push(' ');
        self.out.push(block.style);
        // leading space of the text would be taken for indentation
        if block.lines.iter().find(|line| !line.is_empty()).is_some_and(|line| line.starts_with(' ')) {
            self.out.push_str(&INDENT.to_string());
        }
        self.out.push_str(match block.chomping {
            Chomping::Strip => "-",
            Chomping::Clip => "",
            Chomping::Keep => "+",
        });
        self.end_line(comment);
        for line in &block.lines {
            if !line.is_empty() {
                self.indent(indent + INDENT);
                self.out.push_str(line);
            }
            self.out.push('\n');
        }
    }

    fn end_line(&mut self, comment: Option<Trailing<'_>>) {
        if let Some(comment) = comment {
            self.indent(comment.gap);
            self.out.push_str(comment.text);
        }
        self.out.push('\n');
    }

    fn column(&self) -> usize {
        self.out.rsplit('\n').next().map_or(0, |line| line.chars().count())
    }
}
