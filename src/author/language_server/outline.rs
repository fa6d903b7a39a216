//! Which keys, items and values stand where in a YAML file, even while it is being written.
//!
//! The readers of `rule` refuse a file that is not YAML; an editor asks in the middle of a word. The [`Outline`] goes by indentation
//! and brackets line by line and makes something of every text: a word without a colon is a key that is being written, a bracket
//! without its partner ends where the indentation says. It knows no types and reports no mistakes; that is what diagnostics are for.

use std::collections::HashSet;
use std::ops::Range;

/// Brackets inside brackets that are followed; deeper ones are read as text. It bounds the stack; rules have three.
const DEPTH_LIMIT: usize = 32;

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// No value, or one on the lines below.
    Nothing,
    /// Without quotes.
    Plain,
    /// In quotes of either kind.
    Quoted,
    /// After `|` or `>`, on the lines below.
    Block,
    /// In braces.
    FlowMap,
    /// In brackets.
    FlowList,
}

/// A key with its value, or an item of a list.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) parent: Option<usize>,
    /// Where the key stands, without quotes; `None` for an item.
    pub(crate) key: Option<Range<usize>>,
    /// Where the key or the `-` begins.
    pub(crate) start: usize,
    /// Column of `start`; of no use inside brackets.
    column: usize,
    /// Where the value stands, with quotes or brackets; of a block without its `|`. Without a value, behind the colon or dash.
    pub(crate) value: Range<usize>,
    pub(crate) style: Style,
    /// Whether a key has its colon.
    pub(crate) complete: bool,
}

/// A step from a mapping or list to what is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step<'t> {
    /// By a key.
    Key(&'t str),
    /// To an item.
    Item,
}

/// What a place in the text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the key of a node.
    Key(usize),
    /// In the value of a node, or where it belongs.
    Value(usize),
    /// Where a new key or item of this node belongs; of the whole file when `None`.
    Inside(Option<usize>),
    /// In a comment.
    Comment,
}

/// The keys, items and values of a text.
#[derive(Debug)]
pub(crate) struct Outline<'t> {
    pub(crate) text: &'t str,
    pub(crate) nodes: Vec<Node>,
}

/// What the lines that follow belong to.
enum Open {
    Nothing,
    /// A block scalar of this node; deeper lines are its text.
    Block(usize),
    /// A quoted scalar of this node, until the quote.
    Quoted(usize, u8),
}

impl<'t> Outline<'t> {
    /// Reads a text. Cost: linear in it.
    pub(crate) fn of(text: &'t str) -> Self {
        let mut outline = Self { text, nodes: Vec::new() };
        let mut stack: Vec<usize> = Vec::new();
        let mut open = Open::Nothing;
        // brackets may have taken lines in already
        let mut read_until = 0;
        for line in lines(text) {
            if line.start < read_until {
                continue;
            }
            let content = &text[line.clone()];
            let trimmed = content.trim_start_matches(' ');
            let column = content.len() - trimmed.len();
            match open {
                Open::Block(node) => {
                    let owner = &outline.nodes[node];
                    if trimmed.trim().is_empty() || column > owner.column {
                        outline.nodes[node].value.end = line.end;
                        continue;
                    }
                    open = Open::Nothing;
                }
                Open::Quoted(node, quote) => {
                    let owner_column = outline.nodes[node].column;
                    if trimmed.is_empty() || column > owner_column {
                        let end = quote_end(text, line.start..line.end, quote);
                        outline.nodes[node].value.end = end.unwrap_or(line.end);
                        if end.is_some() {
                            open = Open::Nothing;
                        }
                        continue;
                    }
                    open = Open::Nothing;
                }
                Open::Nothing => {}
            }
            if trimmed.is_empty() || trimmed.starts_with('#') || content.starts_with("---") || content == "..." {
                continue;
            }
            (open, read_until) = outline.line(line.start + column, column, line.end, &mut stack);
        }
        outline
    }

    /// Reads a line from its first character on. Tells what the next lines belong to, and up to where it has read.
    fn line(&mut self, mut at: usize, mut column: usize, end: usize, stack: &mut Vec<usize>) -> (Open, usize) {
        let mut item = None;
        while let Some(rest) = self.text.get(at..end).and_then(|rest| rest.strip_prefix('-')) {
            if !rest.is_empty() && !rest.starts_with(' ') {
                break;
            }
            // a list may stand at the column of its key
            while stack.last().is_some_and(|&top| {
                let top = &self.nodes[top];
                top.column > column || top.column == column && top.key.is_none()
            }) {
                stack.pop();
            }
            let behind = at + 1 + (rest.len() - rest.trim_start_matches(' ').len());
            let node = self.push(stack.last().copied(), None, at, column, (at + 1)..(at + 1));
            stack.push(node);
            item = Some(node);
            column += behind - at;
            at = behind;
        }
        if at >= end || self.text[at..end].starts_with('#') {
            return (Open::Nothing, 0);
        }
        if let Some((key, behind)) = key_at(self.text, at..end) {
            while stack.last().is_some_and(|&top| self.nodes[top].column >= column) {
                stack.pop();
            }
            let node = self.push(stack.last().copied(), Some(key), at, column, behind..behind);
            stack.push(node);
            return self.value(node, behind, end);
        }
        if let Some(node) = item {
            return self.value(node, at, end);
        }
        let top = stack.iter().rev().copied().find(|&top| self.nodes[top].column < column);
        let continued = top.filter(|&top| self.nodes[top].style == Style::Plain);
        if let Some(node) = continued {
            self.nodes[node].value.end = plain_end(self.text, at..end);
            return (Open::Nothing, 0);
        }
        if top.is_some_and(|top| matches!(self.nodes[top].style, Style::FlowMap | Style::FlowList)) {
            return (Open::Nothing, 0);
        }
        // a key that is being written
        while stack.last().is_some_and(|&top| self.nodes[top].column >= column) {
            stack.pop();
        }
        let word_end = plain_end(self.text, at..end);
        let node = self.push(stack.last().copied(), Some(at..word_end), at, column, word_end..word_end);
        self.nodes[node].complete = false;
        (Open::Nothing, 0)
    }

    fn push(
        &mut self,
        parent: Option<usize>,
        key: Option<Range<usize>>,
        start: usize,
        column: usize,
        value: Range<usize>,
    ) -> usize {
        self.nodes.push(Node { parent, key, start, column, value, style: Style::Nothing, complete: true });
        self.nodes.len() - 1
    }

    /// Reads the value of a node, which begins at or behind `at`.
    fn value(&mut self, node: usize, at: usize, end: usize) -> (Open, usize) {
        let text = self.text;
        let rest = text.get(at..end).unwrap_or_default();
        let start = at + (rest.len() - rest.trim_start_matches([' ', '\t']).len());
        let rest = text.get(start..end).unwrap_or_default();
        match rest.bytes().next() {
            None | Some(b'#') => {
                self.nodes[node].value = start.min(end)..start.min(end);
                (Open::Nothing, 0)
            }
            Some(b'|' | b'>') => {
                let begins = (end + 1).min(text.len());
                self.set(node, begins..begins, Style::Block);
                (Open::Block(node), 0)
            }
            Some(quote @ (b'"' | b'\'')) => {
                let closed = quote_end(text, start + 1..end, quote);
                self.set(node, start..closed.unwrap_or(end), Style::Quoted);
                (if closed.is_some() { Open::Nothing } else { Open::Quoted(node, quote) }, 0)
            }
            Some(b'{' | b'[') => {
                let column = self.nodes[node].column;
                let limit = flow_limit(text, end, column);
                let end = self.flow(node, start, limit, 0);
                (Open::Nothing, end)
            }
            Some(_) => {
                self.set(node, start..plain_end(text, start..end), Style::Plain);
                (Open::Nothing, 0)
            }
        }
    }

    fn set(&mut self, node: usize, value: Range<usize>, style: Style) {
        self.nodes[node].value = value;
        self.nodes[node].style = style;
    }

    /// Reads a value inside brackets, or one that begins with a bracket; gives where it ends.
    fn flow(&mut self, node: usize, start: usize, limit: usize, depth: usize) -> usize {
        let text = self.text;
        let first = text.as_bytes().get(start).copied().filter(|_| start < limit);
        let (closer, style) = match first {
            Some(b'{') if depth < DEPTH_LIMIT => (b'}', Style::FlowMap),
            Some(b'[') if depth < DEPTH_LIMIT => (b']', Style::FlowList),
            Some(quote @ (b'"' | b'\'')) => {
                let end = quote_end(text, start + 1..limit, quote).unwrap_or(limit);
                self.set(node, start..end, Style::Quoted);
                return end;
            }
            Some(b',' | b'}' | b']') | None => {
                self.nodes[node].value = start.min(limit)..start.min(limit);
                return start.min(limit);
            }
            Some(_) => {
                let end = flow_plain_end(text, start..limit);
                self.set(node, start..end, Style::Plain);
                return end;
            }
        };
        self.set(node, start..limit, style);
        let mut at = start + 1;
        loop {
            let rest = text.get(at..limit).unwrap_or_default();
            at += rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r', ',']).len();
            match text.as_bytes().get(at).copied().filter(|_| at < limit) {
                None => return limit,
                Some(byte) if byte == closer => {
                    self.nodes[node].value.end = at + 1;
                    return at + 1;
                }
                // of an outer bracket: ours was not closed
                Some(b'}' | b']') => {
                    self.nodes[node].value.end = at;
                    return at;
                }
                Some(_) => {}
            }
            let before = at;
            at = if style == Style::FlowList {
                let item = self.push(Some(node), None, at, usize::MAX, at..at);
                self.flow(item, at, limit, depth + 1)
            } else {
                self.flow_entry(node, at, limit, depth)
            };
            if at <= before {
                return limit;
            }
        }
    }

    fn flow_entry(&mut self, node: usize, at: usize, limit: usize, depth: usize) -> usize {
        let text = self.text;
        let quote = text.as_bytes().get(at).copied().filter(|byte| matches!(byte, b'"' | b'\''));
        let (key, behind) = match quote {
            Some(quote) => {
                let end = quote_end(text, at + 1..limit, quote).unwrap_or(limit);
                (at + 1..end.saturating_sub(1).max(at + 1), end)
            }
            None => {
                let rest = text.get(at..limit).unwrap_or_default();
                let stop = |(index, byte): (usize, u8)| {
                    let next = rest.as_bytes().get(index + 1);
                    matches!(byte, b',' | b'}' | b']' | b'\n')
                        || byte == b':' && next.is_none_or(|next| matches!(next, b' ' | b'\n' | b',' | b'}'))
                };
                let end = rest.bytes().enumerate().position(stop).unwrap_or(rest.len());
                let key = rest.get(..end).unwrap_or_default().trim_end();
                (at..at + key.len(), at + end)
            }
        };
        let child = self.push(Some(node), Some(key), at, usize::MAX, behind..behind);
        if text.as_bytes().get(behind) != Some(&b':') || behind >= limit {
            self.nodes[child].complete = false;
            return behind.max(at + 1).min(limit);
        }
        let rest = text.get(behind + 1..limit).unwrap_or_default();
        let start = behind + 1 + (rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len());
        self.flow(child, start, limit, depth + 1)
    }

    /// The key of a node; empty for an item.
    pub(crate) fn key(&self, node: usize) -> &'t str {
        let key = self.nodes.get(node).and_then(|node| node.key.clone());
        key.and_then(|key| self.text.get(key)).unwrap_or_default()
    }

    /// The value as written, without quotes; escapes stay.
    pub(crate) fn scalar(&self, node: usize) -> &'t str {
        self.nodes.get(node).and_then(|found| self.text.get(self.scalar_range(found))).unwrap_or_default()
    }

    /// Where the value stands, without quotes.
    pub(crate) fn scalar_range(&self, node: &Node) -> Range<usize> {
        let Range { start, end } = node.value;
        match node.style {
            Style::Quoted if end - start >= 2 => start + 1..end - 1,
            _ => start..end,
        }
    }

    /// The steps from the file to a node.
    pub(crate) fn path(&self, node: usize) -> Vec<Step<'t>> {
        let mut path = Vec::new();
        let mut next = Some(node);
        while let Some(node) = next {
            let Some(found) = self.nodes.get(node) else { break };
            path.push(if found.key.is_some() { Step::Key(self.key(node)) } else { Step::Item });
            next = found.parent;
        }
        path.reverse();
        path
    }

    /// What is directly below a node, or at the top of the file.
    pub(crate) fn children(&self, parent: Option<usize>) -> impl Iterator<Item = usize> + '_ {
        self.nodes.iter().enumerate().filter(move |(_, node)| node.parent == parent).map(|(index, _)| index)
    }

    /// The child with a key.
    pub(crate) fn child(&self, parent: Option<usize>, key: &str) -> Option<usize> {
        self.children(parent).find(|&child| self.nodes[child].key.is_some() && self.key(child) == key)
    }

    /// What a node and everything below it covers.
    pub(crate) fn extent(&self, node: usize) -> Range<usize> {
        let Some(found) = self.nodes.get(node) else { return 0..0 };
        // children come behind their parents
        let mut inside = HashSet::from([node]);
        let mut end = found.value.end;
        for (index, other) in self.nodes.iter().enumerate().skip(node + 1) {
            match other.parent {
                Some(parent) if inside.contains(&parent) => {
                    inside.insert(index);
                    end = end.max(other.value.end);
                }
                _ if other.start > end => break,
                _ => {}
            }
        }
        found.start..end
    }

    /// What stands at an offset.
    pub(crate) fn at(&self, offset: usize) -> Place {
        let offset = offset.min(self.text.len());
        let holds = |range: &Range<usize>| range.start <= offset && offset <= range.end;
        if let Some(node) = self.nodes.iter().rposition(|node| node.key.as_ref().is_some_and(holds)) {
            return Place::Key(node);
        }
        let is_scalar = |node: &&Node| matches!(node.style, Style::Plain | Style::Quoted | Style::Block);
        let in_scalar = self.nodes.iter().rposition(|node| {
            // an empty block begins on the next line, where another key may stand
            is_scalar(&node) && holds(&node.value) && !(node.style == Style::Block && node.value.is_empty())
        });
        if let Some(node) = in_scalar {
            return Place::Value(node);
        }
        let line_start = self.text.get(..offset).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
        let before = self.text.get(line_start..offset).unwrap_or_default();
        if before.trim_start().starts_with('#') || before.contains(" #") {
            return Place::Comment;
        }
        let is_flow = |node: &&Node| matches!(node.style, Style::FlowMap | Style::FlowList);
        let in_flow = self.nodes.iter().rposition(|node| {
            is_flow(&node) && node.value.start < offset && (offset < node.value.end || !self.is_closed(node))
        });
        // behind a colon or a dash without a value
        let last = self.nodes.iter().rposition(|node| node.start < offset);
        if let Some(node) = last.filter(|&node| {
            let found = &self.nodes[node];
            let between = self.text.get(found.value.start.min(offset)..offset).unwrap_or_default();
            found.complete
                && found.style == Style::Nothing
                && found.start >= line_start
                && between.trim().is_empty()
                && found.key.as_ref().is_none_or(|key| offset > key.end)
        }) {
            return Place::Value(node);
        }
        if let Some(node) = in_flow {
            return Place::Inside(Some(node));
        }
        if !before.trim().is_empty() {
            // behind a value, with a space between
            return last.map_or(Place::Inside(None), Place::Value);
        }
        let column = before.len();
        let mut parent = last;
        while let Some(node) = parent.filter(|&node| self.nodes[node].column >= column) {
            parent = self.nodes[node].parent;
        }
        Place::Inside(parent)
    }

    fn is_closed(&self, node: &Node) -> bool {
        let closer = if node.style == Style::FlowMap { '}' } else { ']' };
        node.value.len() > 1 && self.text.get(node.value.clone()).is_some_and(|value| value.ends_with(closer))
    }
}

/// The lines of a text without their line breaks.
fn lines(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.get(at..).filter(|rest| !rest.is_empty())?;
        let length = rest.find('\n').unwrap_or(rest.len());
        let start = at;
        at += length + 1;
        let content = rest.get(..length)?;
        Some(start..start + content.trim_end_matches('\r').len())
    })
}

/// The key at the start of a range, if there is one with its colon, and what is behind the colon.
fn key_at(text: &str, range: Range<usize>) -> Option<(Range<usize>, usize)> {
    let rest = text.get(range.clone())?;
    let first = rest.bytes().next()?;
    if let quote @ (b'"' | b'\'') = first {
        let end = quote_end(text, range.start + 1..range.end, quote)?;
        let colon = text.get(end..range.end)?.trim_start_matches(' ');
        let behind = range.end - colon.len() + 1;
        return colon.starts_with(':').then_some((range.start + 1..end - 1, behind));
    }
    if matches!(first, b'{' | b'[' | b'#' | b'|' | b'>' | b'&' | b'*' | b'!' | b'%' | b'@') {
        return None;
    }
    let bytes = rest.as_bytes();
    let colon = memchr::memchr_iter(b':', bytes).find(|&at| bytes.get(at + 1).is_none_or(|&next| next == b' '))?;
    let key = rest.get(..colon)?;
    if key.contains(" #") {
        return None;
    }
    Some((range.start..range.start + key.trim_end().len(), range.start + colon + 1))
}

/// Where a quoted scalar ends, behind its quote.
fn quote_end(text: &str, range: Range<usize>, quote: u8) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = range.start;
    while at < range.end {
        match bytes[at] {
            b'\\' if quote == b'"' => at += 1,
            byte if byte == quote => {
                if quote == b'\'' && at + 1 < range.end && bytes[at + 1] == b'\'' {
                    at += 1;
                } else {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// Where a plain scalar ends on its line: before a comment and the spaces in front of it.
fn plain_end(text: &str, range: Range<usize>) -> usize {
    let rest = text.get(range.clone()).unwrap_or_default();
    let content = rest.find(" #").map_or(rest, |comment| &rest[..comment]);
    range.start + content.trim_end().len()
}

/// Where a plain scalar inside brackets ends.
fn flow_plain_end(text: &str, range: Range<usize>) -> usize {
    let rest = text.get(range.clone()).unwrap_or_default();
    let content = rest.find([',', '}', ']', '\n']).map_or(rest, |end| &rest[..end]);
    range.start + content.trim_end().len().max(1)
}

/// How far brackets that begin on the line that ends at `end` may reach: over lines that are deeper than their key, or begin with a
/// closing bracket.
fn flow_limit(text: &str, end: usize, column: usize) -> usize {
    let mut limit = end;
    let begins = (end + 1).min(text.len());
    let start = text.get(end..begins).filter(|byte| *byte == "\r").map_or(begins, |_| (begins + 1).min(text.len()));
    for line in lines(text.get(start..).unwrap_or_default()) {
        let content = text.get(start + line.start..start + line.end).unwrap_or_default();
        let trimmed = content.trim_start_matches(' ');
        let is_inside = trimmed.is_empty()
            || column != usize::MAX && content.len() - trimmed.len() > column
            || trimmed.starts_with(['}', ']']);
        if !is_inside {
            break;
        }
        limit = start + line.end;
    }
    limit
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What stands at the `^` of a text, in words.
    fn at(marked: &str) -> String {
        let offset = marked.find('^').expect("a mark");
        let text = marked.replacen('^', "", 1);
        let outline = Outline::of(&text);
        let path = |node: usize| {
            let steps = outline.path(node).into_iter().map(|step| match step {
                Step::Key(key) => key,
                Step::Item => "-",
            });
            steps.collect::<Vec<_>>().join("/")
        };
        match outline.at(offset) {
            Place::Key(node) => format!("key {}", path(node)),
            Place::Value(node) => format!("value {}", path(node)),
            Place::Inside(node) => format!("inside {}", node.map(path).unwrap_or_default()),
            Place::Comment => "comment".to_owned(),
        }
    }

    #[test]
    fn a_place_is_told_by_indentation() {
        for (text, expected) in [
            ("i^d: a\n", "key id"),
            ("id: a^\n", "value id"),
            ("id: ^\ntitle: b\n", "value id"),
            ("id: a\n^", "inside "),
            ("signatures:\n  ^\n", "inside signatures"),
            ("signatures:\n  a:\n    ^", "inside signatures/a"),
            ("signatures:\n  a:\n    regex: x\n    ^\ntitle: t\n", "inside signatures/a"),
            ("signatures:\n  a:\n    regex: x\n  ^\ntitle: t\n", "inside signatures"),
            ("signatures:\n  a:\n    reg^\n", "key signatures/a/reg"),
            ("resolution:\n  - ^\n", "value resolution/-"),
            ("resolution:\n  - when: a^\n    title: b\n", "value resolution/-/when"),
            ("resolution:\n- title: b\n  wh^\n", "key resolution/-/wh"),
            ("resolution:\n  - title: b\n    ^\n", "inside resolution/-"),
            ("related: [a, b^]\n", "value related/-"),
            ("related: [^]\n", "inside related"),
            ("related: [a, ^\ntitle: x\n", "inside related"),
            ("facts:\n  a: { type: ^ }\n", "value facts/a/type"),
            ("facts:\n  a: { ^ }\n", "inside facts/a"),
            ("facts:\n  a: { type: string, v^ }\n", "key facts/a/v"),
            ("cause: |\n  text: {{ a^ }}\n\n  more\nid: x\n", "value cause"),
            ("cause: |\n  text\n\n  mo^re\nid: x\n", "value cause"),
            ("cause: |\n  text\ni^d: x\n", "key id"),
            ("cause: 'a\n  b: c^\n  d'\nid: x\n", "value cause"),
            ("cause: a\n  b^ c\nid: x\n", "value cause"),
            ("# id: ^\n", "comment"),
            ("\"id\": a^", "value id"),
            (
                "tests:\n  - name: x\n    expect: { captures: { a: b }, resolution: [c^] }\n",
                "value tests/-/expect/resolution/-",
            ),
        ] {
            assert_eq!(at(text), expected, "{text}");
        }
    }

    #[test]
    fn any_text_has_an_outline_and_any_place_is_something() {
        let text = "a: {b: [c, 'd\n- \"\n  é: |2\n   😀\n\r\n? x\n- - {}}]\nk: [ {x: , y}, \n  'q': \\\n--- \n&a !t *b\n\u{a0}z";
        for end in (0..=text.len()).filter(|&end| text.is_char_boundary(end)) {
            let outline = Outline::of(&text[..end]);
            for offset in 0..end + 3 {
                let _ = outline.at(offset);
            }
            for node in 0..outline.nodes.len() {
                let (_, _, _) = (outline.path(node), outline.scalar(node), outline.extent(node));
            }
        }
        Outline::of(&"[".repeat(100_000));
        Outline::of(&"- ".repeat(20_000));
        Outline::of(&"a: {".repeat(20_000));
    }
}
