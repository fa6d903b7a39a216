//! The YAML that rules are usually written in, read straight into the tree.
//!
//! Nearly every rule file uses a small part of YAML: mappings and lists in blocks, texts below `|` and `>`, values on one
//! line, short lists and mappings in brackets. [`read`] knows that part and nothing else. It has no errors: whatever it is not
//! sure of, be it wrong or only unusual (anchors, tags, quoted keys, brackets over several lines), gives `None`, and the YAML
//! library reads the whole file and explains its mistakes. Where it gives a tree, it is the tree that the library gives; the
//! tests compare both on all rules at hand and on thousands of damaged ones.

use crate::rule::authored::{Located, Span};
use crate::rule::yaml::{Node, resolve};

/// Nesting beyond which the library decides; a rule has some eight levels.
const DEPTH_LIMIT: usize = 16;

/// A longer file is left to the library and its limits.
const LENGTH_LIMIT: usize = 256 * 1024;

/// A longer key is left to the library, which wants to find the `:` within 1,024 characters.
const KEY_LIMIT: usize = 128;

/// Reads a document, if it is of the usual kind.
pub(crate) fn read(text: &str) -> Option<Located<Node>> {
    if text.len() > LENGTH_LIMIT || !has_usual_characters(text) {
        return None;
    }
    let mut reading = Reading { text, line: 0 };
    let (column, at) = reading.content()?;
    let root = reading.map(column, at, 0).filter(|_| column == 0)?;
    reading.content().is_none().then_some(root)
}

/// Whether there are no control characters but line feeds and tabs, and nothing that YAML takes for a line break or a mark.
fn has_usual_characters(text: &str) -> bool {
    let usual_byte = |&byte: &u8| (b' '..0x7f).contains(&byte) || byte == b'\n' || byte == b'\t';
    text.as_bytes().iter().all(usual_byte)
        || text.chars().all(|character| match character {
            '\n' | '\t' | ' '..='~' => true,
            '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => false,
            _ => character >= '\u{a0}',
        })
}

/// Reads line by line. Every method that reads a value ends with `line` behind its last line.
struct Reading<'t> {
    text: &'t str,
    /// Where the line begins that is read next.
    line: usize,
}

impl<'t> Reading<'t> {
    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    fn line_end(&self, at: usize) -> usize {
        let rest = self.text.as_bytes().get(at..).unwrap_or_default();
        memchr::memchr(b'\n', rest).map_or(self.text.len(), |length| at + length)
    }

    fn skip_spaces(&self, at: usize) -> usize {
        let rest = self.text.as_bytes().get(at..).unwrap_or_default();
        at + rest.iter().take_while(|&&byte| byte == b' ').count()
    }

    /// Goes on to the next line that is neither empty nor a comment; its column and where its text begins. `None` at the end.
    fn content(&mut self) -> Option<(usize, usize)> {
        loop {
            let at = self.skip_spaces(self.line);
            match self.byte(at)? {
                b'\n' | b'#' => self.line = self.line_end(at) + 1,
                _ => return Some((at - self.line, at)),
            }
        }
    }

    /// Ends the line behind a value; only a comment may follow.
    fn finish(&mut self, at: usize) -> Option<()> {
        let end = self.line_end(at);
        let rest = self.skip_spaces(at);
        self.line = end + 1;
        (rest == end || (rest > at && self.byte(rest) == Some(b'#'))).then_some(())
    }

    fn is_item(&self, at: usize) -> bool {
        self.byte(at) == Some(b'-') && matches!(self.byte(at + 1), None | Some(b' ' | b'\n'))
    }

    /// A plain key with its colon, and where its value may begin.
    fn key(&self, at: usize) -> Option<(Located<String>, usize)> {
        let rest = self.text.get(at..)?;
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        let length = rest.bytes().take_while(is_part).count();
        let key = rest.get(..length).filter(|key| length <= KEY_LIMIT && !may_mean_something_else(key))?;
        let begins_well = key.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
        let end = at + length;
        let ends_well = self.byte(end) == Some(b':') && matches!(self.byte(end + 1), None | Some(b' ' | b'\n'));
        (begins_well && ends_well).then(|| (Located::new(key.to_owned(), Span::new(at..end)), end + 1))
    }

    /// A mapping whose first key begins at `at`, in `column`.
    fn map(&mut self, column: usize, mut at: usize, depth: usize) -> Option<Located<Node>> {
        let start = at;
        let mut entries = Vec::new();
        let mut end;
        loop {
            let (key, behind) = self.key(at)?;
            let value = self.value(column, behind, behind - 1, true, depth)?;
            end = value.span.end.max(key.span.end);
            entries.push((key, value));
            match self.content() {
                Some((next, _)) if next > column => return None,
                Some((next, place)) if next == column => at = place,
                _ => break,
            }
        }
        Some(Located::new(Node::Map(entries), Span::new(start..end)))
    }

    /// A list whose first `-` stands at `at`, in `column`; `beside_keys` if that is the column of the keys around it.
    fn list(&mut self, column: usize, mut at: usize, beside_keys: bool, depth: usize) -> Option<Located<Node>> {
        let mut items: Vec<Located<Node>> = Vec::new();
        let mut start = at;
        let mut end;
        loop {
            let inner = self.skip_spaces(at + 1);
            let inner_column = inner - self.line;
            let item = if self.is_item(inner) {
                self.nested(depth, |reading, depth| reading.list(inner_column, inner, false, depth))?
            } else if self.key(inner).is_some() {
                self.nested(depth, |reading, depth| reading.map(inner_column, inner, depth))?
            } else {
                self.value(column, at + 1, at + 1, false, depth)?
            };
            if beside_keys && items.is_empty() {
                // the library places such a list at its first item
                start = item.span.start;
                if start != inner || matches!(item.value, Node::List(_) | Node::Map(_)) {
                    return None;
                }
            }
            end = item.span.end;
            items.push(item);
            match self.content() {
                Some((next, place)) if next == column && self.is_item(place) => at = place,
                Some((next, _)) if next > column || (next == column && !beside_keys) => return None,
                _ => break,
            }
        }
        Some(Located::new(Node::List(items), Span::new(start..end)))
    }

    fn nested<T>(&mut self, depth: usize, read: impl FnOnce(&mut Self, usize) -> Option<T>) -> Option<T> {
        if depth < DEPTH_LIMIT { read(self, depth + 1) } else { None }
    }

    /// What stands behind a `:` or `-`, or below. `parent` is the column of the key or `-`, `empty` the place of a value that is
    /// left out.
    fn value(
        &mut self,
        parent: usize,
        behind: usize,
        empty: usize,
        is_of_key: bool,
        depth: usize,
    ) -> Option<Located<Node>> {
        let at = self.skip_spaces(behind);
        match self.byte(at) {
            None | Some(b'\n') => self.below(parent, behind, empty, is_of_key, depth),
            Some(b'#') if at > behind => self.below(parent, behind, empty, is_of_key, depth),
            Some(style @ (b'|' | b'>')) => self.block_scalar(parent, at, style == b'>'),
            Some(b'\'' | b'"' | b'[' | b'{') => {
                let value = self.enclosed(at, depth)?;
                self.finish(value.span.end)?;
                Some(value)
            }
            Some(_) => self.plain(parent, at),
        }
    }

    fn below(
        &mut self,
        parent: usize,
        behind: usize,
        empty: usize,
        is_of_key: bool,
        depth: usize,
    ) -> Option<Located<Node>> {
        self.line = self.line_end(behind) + 1;
        match self.content() {
            Some((column, at)) if column > parent => self.nested(depth, |reading, depth| match reading.is_item(at) {
                true => reading.list(column, at, false, depth),
                false => reading.map(column, at, depth),
            }),
            Some((column, at)) if is_of_key && column == parent && self.is_item(at) => {
                self.nested(depth, |reading, depth| reading.list(column, at, true, depth))
            }
            // the library places an empty item in several ways
            _ => is_of_key.then(|| Located::new(Node::Null, Span::new(empty..empty))),
        }
    }

    /// A value that begins with a quote or a bracket and ends on the same line.
    fn enclosed(&self, at: usize, depth: usize) -> Option<Located<Node>> {
        match self.byte(at)? {
            b'\'' => self.single_quoted(at),
            b'"' => self.double_quoted(at),
            b'[' if depth < DEPTH_LIMIT => self.bracketed_list(at, depth + 1),
            b'{' if depth < DEPTH_LIMIT => self.bracketed_map(at, depth + 1),
            _ => None,
        }
    }

    fn single_quoted(&self, start: usize) -> Option<Located<Node>> {
        let line = self.text.get(start + 1..self.line_end(start))?;
        let mut from = 0;
        let (length, has_quotes) = loop {
            let quote = from + line.get(from..)?.find('\'')?;
            match line.as_bytes().get(quote + 1) {
                Some(b'\'') => from = quote + 2,
                _ => break (quote, from > 0),
            }
        };
        let inner = line.get(..length)?;
        let value = if has_quotes { inner.replace("''", "'") } else { inner.to_owned() };
        Some(Located::new(Node::String(value), Span::new(start..start + length + 2)))
    }

    fn double_quoted(&self, start: usize) -> Option<Located<Node>> {
        let line = self.text.get(start + 1..self.line_end(start))?;
        let mut value = String::new();
        let mut from = 0;
        loop {
            let stop = from + line.get(from..)?.find(['"', '\\'])?;
            value.push_str(line.get(from..stop)?);
            if line.as_bytes().get(stop) == Some(&b'"') {
                return Some(Located::new(Node::String(value), Span::new(start..start + stop + 2)));
            }
            value.push(match line.as_bytes().get(stop + 1)? {
                b'n' => '\n',
                b't' => '\t',
                b'"' => '"',
                b'\\' => '\\',
                _ => return None,
            });
            from = stop + 2;
        }
    }

    fn bracketed_list(&self, start: usize, depth: usize) -> Option<Located<Node>> {
        let mut items = Vec::new();
        let mut at = start + 1;
        loop {
            at = self.skip_spaces(at);
            if self.byte(at)? == b']' {
                return Some(Located::new(Node::List(items), Span::new(start..at + 1)));
            }
            let item = self.bracketed_value(at, depth)?;
            at = self.behind_bracketed(item.span.end, b']')?;
            items.push(item);
        }
    }

    fn bracketed_map(&self, start: usize, depth: usize) -> Option<Located<Node>> {
        let mut entries = Vec::new();
        let mut at = start + 1;
        loop {
            at = self.skip_spaces(at);
            if self.byte(at)? == b'}' {
                return Some(Located::new(Node::Map(entries), Span::new(start..at + 1)));
            }
            let (key, behind) = self.key(at)?;
            let value = self.bracketed_value(self.skip_spaces(behind), depth)?;
            at = self.behind_bracketed(value.span.end, b'}')?;
            entries.push((key, value));
        }
    }

    /// Steps over the comma behind an entry; a closing bracket is left to be read.
    fn behind_bracketed(&self, end: usize, closer: u8) -> Option<usize> {
        let at = self.skip_spaces(end);
        match self.byte(at)? {
            b',' => Some(at + 1),
            byte => (byte == closer).then_some(at),
        }
    }

    fn bracketed_value(&self, at: usize, depth: usize) -> Option<Located<Node>> {
        if matches!(self.byte(at)?, b'\'' | b'"' | b'[' | b'{') {
            return self.enclosed(at, depth);
        }
        let line = self.text.get(at..self.line_end(at))?;
        let text = line.get(..line.find([',', ']', '}'])?)?.trim_end_matches(' ');
        let is_usual = begins_plain(text) && !text.contains(['[', '{', ':', '#', '\t']);
        let span = Span::new(at..at + text.len());
        if is_usual { plain_node(text).map(|node| Located::new(node, span)) } else { None }
    }

    /// A text without quotes, perhaps over several lines that are indented deeper than `parent`.
    fn plain(&mut self, parent: usize, start: usize) -> Option<Located<Node>> {
        let (first, mut is_over) = self.plain_line(start)?;
        let mut end = start + first.len();
        let mut folded: Option<String> = None;
        while !is_over {
            let at = self.skip_spaces(self.line);
            match self.byte(at) {
                Some(b'\n') if self.content().is_some_and(|(column, _)| column > parent) => return None,
                None | Some(b'\n' | b'#') => break,
                Some(_) if at - self.line <= parent => break,
                Some(_) => {}
            }
            let (next, is_last) = self.plain_line(at)?;
            let folded = folded.get_or_insert_with(|| first.to_owned());
            folded.push(' ');
            folded.push_str(next);
            end = at + next.len();
            is_over = is_last;
        }
        let node = match folded {
            Some(folded) => Node::String(folded),
            None => plain_node(first)?,
        };
        Some(Located::new(node, Span::new(start..end)))
    }

    /// One line of such a text, and whether a comment ends it.
    fn plain_line(&mut self, at: usize) -> Option<(&'t str, bool)> {
        let end = self.line_end(at);
        self.line = end + 1;
        let line = self.text.get(at..end)?;
        let comment = line.find(" #");
        let text = line.get(..comment.unwrap_or(line.len()))?.trim_end_matches(' ');
        let is_usual = begins_plain(text) && !text.ends_with(':') && !text.contains(": ") && !text.contains('\t');
        is_usual.then_some((text, comment.is_some()))
    }

    /// A text below `|` or `>`, whose lines are indented deeper than `parent`.
    fn block_scalar(&mut self, parent: usize, indicator: usize, is_folded: bool) -> Option<Located<Node>> {
        let is_stripped = self.byte(indicator + 1) == Some(b'-');
        self.finish(indicator + 1 + usize::from(is_stripped))?;
        let start = self.skip_spaces(self.line);
        let indent = start - self.line;
        if indent <= parent {
            return None;
        }
        let mut value = String::new();
        let mut end = start;
        let mut breaks = 0;
        loop {
            let at = self.skip_spaces(self.line);
            let depth = at - self.line;
            match self.byte(at) {
                // spaces that may belong to the text
                None if value.is_empty() || depth > indent => return None,
                None => break,
                Some(b'\n') if depth <= indent && !value.is_empty() => breaks += 1,
                Some(b'\n') => return None,
                Some(_) if depth < indent && depth > parent => return None,
                Some(_) if depth < indent => break,
                Some(first) => {
                    if is_folded && (depth > indent || first == b'\t') {
                        return None; // such lines are not folded
                    }
                    match (is_folded, breaks) {
                        (true, 1) => value.push(' '),
                        (true, 2..) => value.extend(std::iter::repeat_n('\n', breaks - 1)),
                        _ => value.extend(std::iter::repeat_n('\n', breaks)),
                    }
                    let line_end = self.line_end(at);
                    let line = self.text.get(self.line + indent..line_end)?;
                    value.push_str(line);
                    end = self.line + indent + line.trim_end_matches(' ').len();
                    breaks = 1;
                }
            }
            let next = self.line_end(at) + 1;
            if next > self.text.len() {
                return None; // no line feed at the end of the file
            }
            self.line = next;
        }
        if !is_stripped {
            value.push('\n');
        }
        value.shrink_to_fit();
        Some(Located::new(Node::String(value), Span::new(start..end)))
    }
}

/// Whether a text surely begins a plain scalar.
fn begins_plain(text: &str) -> bool {
    let mut characters = text.chars();
    match characters.next() {
        Some('-' | '.') => characters.next().is_some_and(|second| second.is_ascii_alphanumeric()),
        Some('_' | '/' | '(' | '<' | '$' | '^' | '\\' | '+' | '=' | ';' | '~') => true,
        Some(first) => first.is_alphanumeric(),
        None => false,
    }
}

/// What a plain scalar is: mostly a text. The library is asked about what may be a number or a word with a meaning.
fn plain_node(text: &str) -> Option<Node> {
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_date = text.len() == 10
        && text
            .bytes()
            .enumerate()
            .all(|(at, byte)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() });
    if is_date || !may_mean_something_else(text) {
        Some(Node::String(text.to_owned()))
    } else if is_digits(text) && text.len() < 10 && (text == "0" || !text.starts_with('0')) {
        Some(Node::Number(text.to_owned()))
    } else {
        resolve(text)
    }
}

/// Whether a plain scalar may be something else than a text: `no`, `null`, `~`, a number in whatever spelling.
fn may_mean_something_else(text: &str) -> bool {
    const WORDS: [&str; 10] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n", "~"];
    let begins_as_number = text.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '+' | '-' | '.'));
    let is_number_like = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.' | b'_' | b':');
    let is_infinite = ["nan", "inf", "infinity"].iter().any(|word| text.eq_ignore_ascii_case(word));
    is_infinite
        || (begins_as_number && text.bytes().all(is_number_like))
        || WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}
