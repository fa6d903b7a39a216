//! The parser's events as a tree of blocks, with text that can be shown: what nobody can see or would reorder the line is gone.
//!
//! Nesting is bounded: what lies deeper than [`MAX_DEPTH`] stands in the innermost block that is kept, so that no later step
//! can be made to recurse without end.

use pulldown_cmark::{Alignment, CodeBlockKind, Event, Parser, Tag, TagEnd};

use super::font::{self, Style};
use crate::answer::{destination, dialect};

/// Lists and quotes in each other. More would leave no room for text on the page.
const MAX_DEPTH: usize = 12;

/// Marks on one letter; each takes no room, so nothing else would bound them.
const MAX_MARKS: usize = 4;

/// Columns of a tab stop in code.
const TAB: usize = 4;

/// Text of one style. A line feed in it is a line break.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Inline {
    pub(super) text: String,
    pub(super) style: Style,
    /// Which of the document's links it is the text of.
    pub(super) link: Option<usize>,
}

/// A block.
#[derive(Clone, Debug)]
pub(super) enum Block {
    Heading {
        level: u16,
        text: Vec<Inline>,
    },
    Paragraph(Vec<Inline>),
    /// The number of its first item, if it is numbered; each item is blocks. Tight: without room between them.
    List {
        start: Option<u64>,
        is_tight: bool,
        items: Vec<Vec<Block>>,
    },
    Quote(Vec<Block>),
    Code(String),
    Table {
        alignments: Vec<Alignment>,
        head: Vec<Vec<Inline>>,
        rows: Vec<Vec<Vec<Inline>>>,
    },
    Rule,
}

/// A parsed document.
#[derive(Debug)]
pub(super) struct Blocks {
    pub(super) blocks: Vec<Block>,
    /// Where the links lead, by their numbers.
    pub(super) links: Vec<String>,
}

impl Blocks {
    /// Parses Markdown; relative links are resolved against `base`.
    pub(super) fn of(markdown: &str, base: Option<&url::Url>) -> Self {
        let mut builder = Builder { base, ..Builder::default() };
        for event in Parser::new_ext(markdown, dialect()) {
            builder.event(event);
        }
        builder.finish()
    }

    /// The blocks without a first heading that repeats the title.
    pub(super) fn without_title(&self, title: &str) -> &[Block] {
        match self.blocks.split_first() {
            Some((Block::Heading { level: 1, text }, rest)) if plain(text).trim() == clean(title).trim() => rest,
            _ => &self.blocks,
        }
    }
}

/// Text without its styles.
pub(super) fn plain(text: &[Inline]) -> String {
    text.iter().map(|inline| inline.text.replace('\n', " ")).collect()
}

/// What is open.
enum Open {
    List {
        start: Option<u64>,
        is_tight: bool,
        items: Vec<Vec<Block>>,
    },
    /// A quote or an item.
    Blocks(Vec<Block>),
}

#[derive(Default)]
struct Builder<'a> {
    base: Option<&'a url::Url>,
    done: Vec<Block>,
    open: Vec<Open>,
    /// Containers that are open and not kept.
    too_deep: usize,
    links: Vec<String>,
    /// The text being collected.
    text: Vec<Inline>,
    bold: usize,
    italic: usize,
    struck: usize,
    /// The link being collected, innermost last; `None` for one that leads nowhere.
    in_links: Vec<Option<usize>>,
    code: Option<String>,
    html: Option<String>,
    table: Option<Table>,
    /// How many characters of an image's description there were before it.
    images: Vec<usize>,
}

#[derive(Default)]
struct Table {
    alignments: Vec<Alignment>,
    head: Vec<Vec<Inline>>,
    rows: Vec<Vec<Vec<Inline>>>,
    row: Vec<Vec<Inline>>,
}

impl Builder<'_> {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => match &mut self.code {
                Some(code) => code.push_str(&text),
                None => self.push(&clean(&text), false),
            },
            Event::Code(code) => self.push(&clean(&code), true),
            Event::Html(html) => {
                if let Some(block) = &mut self.html {
                    block.push_str(&html);
                }
            }
            Event::InlineHtml(html) if html.starts_with("<br") => self.push("\n", false),
            Event::SoftBreak => self.push(" ", false),
            Event::HardBreak => self.push("\n", false),
            Event::Rule => {
                self.end_paragraph();
                self.add(Block::Rule);
            }
            Event::TaskListMarker(is_done) => self.push(if is_done { "[x] " } else { "[ ] " }, false),
            _ => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Heading { .. } | Tag::Paragraph => self.end_paragraph(),
            Tag::HtmlBlock => {
                self.end_paragraph();
                self.html = Some(String::new());
            }
            Tag::CodeBlock(CodeBlockKind::Fenced(_) | CodeBlockKind::Indented) => {
                self.end_paragraph();
                self.code = Some(String::new());
            }
            Tag::BlockQuote(_) => self.begin(Open::Blocks(Vec::new())),
            Tag::List(start) => self.begin(Open::List { start, is_tight: true, items: Vec::new() }),
            Tag::Item => self.begin(Open::Blocks(Vec::new())),
            Tag::Table(alignments) => {
                self.end_paragraph();
                self.table = Some(Table { alignments, ..Table::default() });
            }
            Tag::Strong => self.bold += 1,
            Tag::Emphasis => self.italic += 1,
            Tag::Strikethrough => self.struck += 1,
            Tag::Link { dest_url, .. } => {
                let link = self.link(&dest_url);
                self.in_links.push(link);
            }
            Tag::Image { dest_url, .. } => {
                let link = self.in_links.last().copied().flatten().or_else(|| self.link(&dest_url));
                self.in_links.push(link);
                self.italic += 1;
                self.images.push(self.text.len());
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph => {
                if let Some(Open::List { is_tight, .. }) = self.open.iter_mut().rev().nth(1) {
                    // the items of a loose list have paragraphs
                    *is_tight = false;
                }
                self.end_paragraph();
            }
            TagEnd::Heading(level) => {
                let text = self.take_text();
                if !plain(&text).trim().is_empty() {
                    self.add(Block::Heading { level: level as u16, text });
                }
            }
            TagEnd::HtmlBlock => {
                let html = self.html.take().unwrap_or_default();
                self.push(&clean(super::super::text::text_of_html(&html).trim()), false);
                self.end_paragraph();
            }
            TagEnd::CodeBlock => {
                let code = self.code.take().unwrap_or_default();
                self.add(Block::Code(clean_code(&code)));
            }
            TagEnd::BlockQuote(_) | TagEnd::Item | TagEnd::List(_) => self.close(&tag),
            TagEnd::TableCell => {
                let cell = self.take_text();
                if let Some(table) = &mut self.table {
                    table.row.push(cell);
                }
            }
            TagEnd::TableHead => {
                if let Some(table) = &mut self.table {
                    table.head = std::mem::take(&mut table.row);
                }
            }
            TagEnd::TableRow => {
                if let Some(table) = &mut self.table {
                    let row = std::mem::take(&mut table.row);
                    table.rows.push(row);
                }
            }
            TagEnd::Table => {
                if let Some(Table { alignments, head, rows, .. }) = self.table.take() {
                    self.add(Block::Table { alignments, head, rows });
                }
            }
            TagEnd::Strong => self.bold = self.bold.saturating_sub(1),
            TagEnd::Emphasis => self.italic = self.italic.saturating_sub(1),
            TagEnd::Strikethrough => self.struck = self.struck.saturating_sub(1),
            TagEnd::Link => {
                self.in_links.pop();
            }
            TagEnd::Image => {
                if self.images.pop() == Some(self.text.len()) {
                    self.push("image", false);
                }
                self.italic = self.italic.saturating_sub(1);
                self.in_links.pop();
            }
            _ => {}
        }
    }

    /// Adds text in the style in force.
    fn push(&mut self, text: &str, code: bool) {
        if text.is_empty() {
            return;
        }
        let style = Style { bold: self.bold > 0, italic: self.italic > 0, struck: self.struck > 0, code };
        let link = self.in_links.last().copied().flatten();
        match self.text.last_mut() {
            Some(last) if last.style == style && last.link == link => last.text.push_str(text),
            _ => self.text.push(Inline { text: text.to_owned(), style, link }),
        }
    }

    /// The number of a link; `None` if a PDF had better not lead there.
    fn link(&mut self, target: &str) -> Option<usize> {
        let url = match (url::Url::parse(target), self.base) {
            (Ok(url), _) => url,
            (Err(url::ParseError::RelativeUrlWithoutBase), Some(base)) => base.join(target).ok()?,
            _ => return None,
        };
        destination::SCHEMES.contains(&url.scheme()).then(|| {
            self.links.push(url.into());
            self.links.len() - 1
        })
    }

    fn take_text(&mut self) -> Vec<Inline> {
        std::mem::take(&mut self.text)
    }

    fn end_paragraph(&mut self) {
        let text = self.take_text();
        if text.iter().any(|inline| !inline.text.trim().is_empty()) {
            self.add(Block::Paragraph(text));
        }
    }

    fn add(&mut self, block: Block) {
        match self.open.last_mut() {
            Some(Open::Blocks(blocks)) => blocks.push(block),
            Some(Open::List { items, .. }) => items.push(vec![block]),
            None => self.done.push(block),
        }
    }

    fn begin(&mut self, open: Open) {
        self.end_paragraph();
        if self.open.len() >= MAX_DEPTH || self.too_deep > 0 {
            self.too_deep += 1;
        } else {
            self.open.push(open);
        }
    }

    fn close(&mut self, tag: &TagEnd) {
        self.end_paragraph();
        if self.too_deep > 0 {
            self.too_deep -= 1;
            return;
        }
        match (self.open.pop(), tag) {
            (Some(Open::List { start, is_tight, items }), _) => self.add(Block::List { start, is_tight, items }),
            (Some(Open::Blocks(blocks)), TagEnd::Item) => match self.open.last_mut() {
                Some(Open::List { items, .. }) => items.push(blocks),
                _ => blocks.into_iter().for_each(|block| self.add(block)),
            },
            (Some(Open::Blocks(blocks)), _) if !blocks.is_empty() => self.add(Block::Quote(blocks)),
            _ => {}
        }
    }

    fn finish(mut self) -> Blocks {
        self.end_paragraph();
        Blocks { blocks: self.done, links: self.links }
    }
}

/// Text for one line: no controls, nothing invisible, nothing that reorders, white space as spaces.
pub(super) fn clean(text: &str) -> String {
    cleaned(text, false)
}

/// Code: as [`clean`], with its line feeds, and with spaces up to the next stop for a tab.
fn clean_code(code: &str) -> String {
    cleaned(code.strip_suffix('\n').unwrap_or(code), true)
}

fn cleaned(text: &str, is_code: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut marks, mut column) = (0, 0usize);
    for character in text.chars() {
        marks = if font::is_mark(character) { marks + 1 } else { 0 };
        column += 1;
        match character {
            '\n' if is_code => {
                out.push('\n');
                column = 0;
            }
            '\t' if is_code => {
                let stop = column.div_ceil(TAB) * TAB;
                out.extend(std::iter::repeat_n(' ', stop + 1 - column));
                column = stop;
            }
            '\n' | '\t' => out.push(' '),
            '\r' => column -= 1,
            _ if is_invisible(character) || marks > MAX_MARKS => column -= 1,
            _ if character.is_control() => out.push('\u{FFFD}'),
            _ => out.push(character),
        }
    }
    out
}

/// What takes no room, or changes the order of what does.
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(markdown: &str) -> Blocks {
        Blocks::of(markdown, None)
    }

    #[test]
    fn blocks_nest_as_the_author_nests_them() {
        let blocks = of("# A\n\n1. b\n2. c\n\n   - d\n\n> e\n\n| f |\n|---|\n| g |\n").blocks;
        let Block::List { start: Some(1), is_tight: false, items } = &blocks[1] else { panic!("{blocks:?}") };
        assert_eq!(items.len(), 2);
        assert!(
            matches!(&items[1][..], [Block::Paragraph(_), Block::List { start: None, is_tight: true, .. }]),
            "{items:?}"
        );
        assert!(matches!(&blocks[2..], [Block::Quote(_), Block::Table { .. }]), "{blocks:?}");
    }

    #[test]
    fn what_cannot_be_seen_is_gone() {
        assert_eq!(clean("a\u{2060}b\u{202e}c\u{7}d\te"), "abc\u{FFFD}d e");
        assert_eq!(clean(&format!("a{}b", "\u{301}".repeat(100))).chars().count(), 2 + MAX_MARKS);
        assert_eq!(clean_code("a\tb\n\tc\n"), "a   b\n    c");
    }

    #[test]
    fn links_lead_where_a_page_would_let_them() {
        let blocks = of("[a](https://h.example/x) [b](javascript:x) [c](/d) [e](mailto:f@h.example)");
        assert_eq!(blocks.links, ["https://h.example/x", "mailto:f@h.example"]);
        let base = url::Url::parse("https://kb.example/articles/1").expect("an address");
        assert_eq!(Blocks::of("[c](/d)", Some(&base)).links, ["https://kb.example/d"]);
    }

    #[test]
    fn deep_nesting_is_flattened_and_nothing_lost() {
        let deep = format!("{} text", ">".repeat(5_000));
        let mut blocks = of(&deep).blocks;
        let mut depth = 0;
        while let Some(Block::Quote(inner)) = blocks.first() {
            blocks = inner.clone();
            depth += 1;
        }
        assert_eq!(depth, MAX_DEPTH);
        assert!(matches!(&blocks[..], [Block::Paragraph(text)] if plain(text) == "text"), "{blocks:?}");
    }

    #[test]
    fn a_first_heading_that_repeats_the_title_goes() {
        let blocks = of("# The *title*\n\na");
        assert_eq!(blocks.without_title("The title").len(), 1);
        assert_eq!(blocks.without_title("Another").len(), 2);
    }
}
