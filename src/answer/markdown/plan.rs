//! What each stretch of a Markdown source is, as far as it matters to a value that stands in it.
//!
//! [`Plan::of`] walks the parser's events with their places in the source. Running text, code and HTML have events of
//! their own; link targets and fences do not, and are found between the events of what they belong to.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, LinkType, Parser, Tag, TagEnd};

use crate::answer::{dialect, escape, inert};

/// The source, as stretches.
#[derive(Debug)]
pub(super) struct Plan {
    /// In order, without overlap; what lies between them is markup, labels, titles and fences' info.
    pub stretches: Vec<Stretch>,
    /// Whether the document defines labels for links.
    pub has_labels: bool,
}

/// A stretch of the source that is one thing.
#[derive(Debug)]
pub(super) struct Stretch {
    /// In bytes of the source.
    pub range: Range<usize>,
    pub place: Place,
}

/// What a stretch is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// Running text.
    Prose,
    /// A label, a title, the info of a fence: text whose neighbours are not known, and equal wherever it stands.
    Between,
    /// A code span, delimiters included; `content` is what it shows, tokens included.
    CodeSpan { content: String, in_table: bool },
    /// Text of a fenced block.
    Code,
    /// Text of an indented block.
    IndentedCode,
    /// A fence, to be made longer by `extra` of its `mark`.
    Fence { extra: usize, mark: char },
    /// The target of a link or an image, without angle brackets.
    Destination,
    /// HTML; `is_start` when it does not go on from the HTML before, `tag` if it is a tag within running text.
    Html { is_start: bool, tag: Option<String> },
}

/// An element that is open at some point of the walk.
struct Element {
    range: Range<usize>,
    kind: Kind,
    /// End of the last child so far; the element's own start before there is one.
    children_end: usize,
}

/// What matters of an open element.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Inline,
    Reference,
    Autolink,
    Fenced,
    Indented,
    Table,
    Other,
}

/// The walk over the events.
struct Walk<'a> {
    source: &'a str,
    stretches: Vec<Stretch>,
    open: Vec<Element>,
    html_starts: bool,
}

impl Plan {
    /// Finds the stretches of `source`.
    pub(super) fn of(source: &str) -> Self {
        let parser = Parser::new_ext(source, dialect());
        let mut walk = Walk { source, stretches: Vec::new(), open: Vec::new(), html_starts: true };
        let mut has_labels = false;
        for (_, definition) in parser.reference_definitions().iter() {
            has_labels = true;
            if let Some(label) = source.get(definition.span.clone()).and_then(|text| text.find("]:")) {
                walk.destination(definition.span.start + label + 2..definition.span.end);
            }
        }
        for (event, range) in parser.into_offset_iter() {
            walk.event(&event, range);
        }
        let mut stretches = walk.stretches;
        stretches.sort_by_key(|stretch| (stretch.range.start, stretch.range.end));
        Plan { stretches, has_labels }
    }
}

impl Walk<'_> {
    fn event(&mut self, event: &Event<'_>, range: Range<usize>) {
        match event {
            Event::End(end) => {
                self.end(*end);
                return;
            }
            Event::Start(tag) => {
                self.child(&range);
                if matches!(tag, Tag::HtmlBlock) {
                    self.html_starts = true;
                }
                let children_end = range.start;
                self.open.push(Element { range, kind: kind(tag), children_end });
                return;
            }
            Event::Text(_) => self.text(range.clone()),
            Event::Code(code) => {
                let in_table = self.within(Kind::Table);
                self.add(range.clone(), Place::CodeSpan { content: code.to_string(), in_table });
            }
            Event::Html(_) => {
                let is_start = std::mem::take(&mut self.html_starts);
                self.add(range.clone(), Place::Html { is_start, tag: None });
            }
            Event::InlineHtml(tag) => {
                let is_start = std::mem::take(&mut self.html_starts);
                self.add(range.clone(), Place::Html { is_start, tag: Some(tag.to_string()) });
            }
            _ => {}
        }
        self.child(&range);
    }

    /// Notes that the innermost open element has a child.
    fn child(&mut self, range: &Range<usize>) {
        if let Some(parent) = self.open.last_mut() {
            parent.children_end = parent.children_end.max(range.end);
        }
    }

    fn text(&mut self, range: Range<usize>) {
        let place = match self.open.last().map(|element| element.kind) {
            Some(Kind::Fenced) => Place::Code,
            Some(Kind::Indented) => Place::IndentedCode,
            Some(Kind::Autolink) => return,
            _ if self.within(Kind::Reference) => Place::Between,
            _ => Place::Prose,
        };
        self.add(range, place);
    }

    fn end(&mut self, end: TagEnd) {
        let Some(element) = self.open.pop() else { return };
        let tail = element.children_end..element.range.end;
        match element.kind {
            Kind::Inline => {
                if let Some(start) = self.source.get(tail.clone()).and_then(|text| text.find("](")) {
                    // Without its closing parenthesis.
                    self.destination(tail.start + start + 2..tail.end.saturating_sub(1));
                }
            }
            Kind::Autolink => {
                let range = element.range;
                self.add(range.start + 1..range.end.saturating_sub(1), Place::Destination);
            }
            Kind::Fenced => self.fences(&element),
            _ => {}
        }
        if end == TagEnd::HtmlBlock {
            self.html_starts = true;
        }
    }

    /// Adds the target that the range begins with; a title may follow it.
    fn destination(&mut self, range: Range<usize>) {
        let Some(text) = self.source.get(range.clone()) else {
            return;
        };
        let target = text.trim_start();
        let start = range.start + text.len() - target.len();
        if let Some(quoted) = target.strip_prefix('<') {
            let mut is_escaped = false;
            let end = quoted.find(|c| {
                let ends = c == '>' && !is_escaped;
                is_escaped = c == '\\' && !is_escaped;
                ends
            });
            self.add(start + 1..start + 1 + end.unwrap_or(quoted.len()), Place::Destination);
        } else {
            let end = target.find(|c: char| c.is_ascii_whitespace()).unwrap_or(target.len());
            self.add(start..start + end, Place::Destination);
        }
    }

    /// Adds the fences of a code block, longer ones where its content could be taken for their end.
    fn fences(&mut self, block: &Element) {
        let Some(text) = self.source.get(block.range.clone()) else {
            return;
        };
        let Some(indent) = text.find(['`', '~']) else { return };
        let mark = if text[indent..].starts_with('`') { '`' } else { '~' };
        let length = text[indent..].chars().take_while(|c| *c == mark).count();
        let opening = block.range.start + indent..block.range.start + indent + length;

        let mut content = String::new();
        for stretch in self.stretches.iter().filter(|stretch| block.range.contains(&stretch.range.start)) {
            let text = self.source.get(stretch.range.clone()).unwrap_or_default();
            content.push_str(&inert::decode(text, escape::one_line));
        }
        let longest = super::runs(&content, mark).into_iter().max().unwrap_or(0);
        if longest < length || !inert::has_value(text) {
            return;
        }
        let place = Place::Fence { extra: longest + 1 - length, mark };

        let first_line = text.find('\n').map_or(block.range.end, |end| block.range.start + end);
        let tail_start = block.children_end.max(first_line);
        let tail = self.source.get(tail_start..block.range.end).unwrap_or_default();
        let trimmed = tail.trim_end();
        let closing = trimmed.chars().rev().take_while(|c| *c == mark).count();
        self.add(opening, place.clone());
        if closing >= length {
            let end = tail_start + trimmed.len();
            // A closing fence may be longer than the opening one already; longer still does no harm.
            self.add(end - closing..end, place);
        }
    }

    fn add(&mut self, range: Range<usize>, place: Place) {
        if range.start < range.end {
            self.stretches.push(Stretch { range, place });
        }
    }

    fn within(&self, kind: Kind) -> bool {
        self.open.iter().any(|element| element.kind == kind)
    }
}

/// What matters of a tag.
fn kind(tag: &Tag<'_>) -> Kind {
    match tag {
        Tag::Link { link_type, .. } | Tag::Image { link_type, .. } => match link_type {
            LinkType::Inline => Kind::Inline,
            LinkType::Autolink | LinkType::Email => Kind::Autolink,
            _ => Kind::Reference,
        },
        Tag::CodeBlock(CodeBlockKind::Fenced(_)) => Kind::Fenced,
        Tag::CodeBlock(CodeBlockKind::Indented) => Kind::Indented,
        Tag::Table(_) => Kind::Table,
        _ => Kind::Other,
    }
}
