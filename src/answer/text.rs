//! The author's Markdown as text for terminals and mails.
//!
//! The parser's events become blocks of styled runs; `layout` wraps the runs and aligns tables. Tokens are decoded when
//! a run is made, and whatever a terminal would obey is made visible there, in the author's text as in values: the only
//! control sequences in the output are the styles of this writer.
//!
//! It does not ask whether the output is a terminal; whoever calls says so by [`TextOptions::styled`].

use pulldown_cmark::{Event, Parser, Tag, TagEnd};

use crate::answer::{destination, dialect, escape, inert};

mod layout;

use layout::{Run, Style};

/// How text is laid out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextOptions {
    /// Columns of a line, indentation included. Words longer than a line, code and tables are not broken to fit.
    pub width: usize,
    /// Columns that each line is indented by.
    pub indent: usize,
    /// Whether to set bold, colour and the like by ANSI sequences; otherwise code stands in backticks.
    pub styled: bool,
}

impl Default for TextOptions {
    /// 80 columns, not indented, not styled.
    fn default() -> Self {
        TextOptions { width: 80, indent: 0, styled: false }
    }
}

/// Renders Markdown with inert tokens as lines of text, each ended by a line feed and without trailing spaces.
pub fn render(markdown: &str, options: &TextOptions) -> String {
    let mut writer = Writer {
        options,
        out: String::new(),
        containers: Vec::new(),
        lists: Vec::new(),
        wants_gap: false,
        runs: Vec::new(),
        styles: vec![Style::default()],
        links: Vec::new(),
        code: None,
        html: None,
        table: None,
    };
    for event in Parser::new_ext(markdown, dialect()) {
        writer.event(event);
    }
    writer.flush();
    writer.out
}

/// What a line begins with because of the quote or list item it stands in.
struct Container {
    /// For the first line only: the marker of an item. Taken when it is written.
    marker: Option<String>,
    /// For all other lines.
    rest: String,
}

/// The text as far as it is written.
struct Writer<'a> {
    options: &'a TextOptions,
    out: String,
    containers: Vec<Container>,
    /// The number of the next item of each open list; `None` for bullets.
    lists: Vec<Option<u64>>,
    /// Whether an empty line is due before the next block.
    wants_gap: bool,
    /// The block being collected.
    runs: Vec<Run>,
    /// The style in force, innermost last; never empty.
    styles: Vec<Style>,
    /// For each open link, its target and the number of runs before it.
    links: Vec<(String, usize)>,
    /// The code block being collected.
    code: Option<String>,
    /// The HTML block being collected.
    html: Option<String>,
    /// The table being collected: rows of cells, the header first, and alignments.
    table: Option<layout::Table>,
}

impl Writer<'_> {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => match &mut self.code {
                Some(code) => code.push_str(&inert::decode(&text, str::to_owned)),
                None => self.push(&inert::decode(&text, on_one_line)),
            },
            Event::Code(code) => self.code_span(&inert::decode(&code, on_one_line)),
            Event::Html(html) => {
                if let Some(block) = &mut self.html {
                    block.push_str(&html);
                }
            }
            Event::InlineHtml(html) if html.starts_with("<br") => self.break_line(),
            Event::SoftBreak => self.push(" "),
            Event::HardBreak => self.break_line(),
            Event::Rule => {
                let width = self.room().min(40);
                self.block(&["-".repeat(width)]);
            }
            Event::TaskListMarker(done) => self.push(if done { "[x] " } else { "[ ] " }),
            _ => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Heading { .. } if self.options.styled => self.style(|style| style.bold = true),
            Tag::BlockQuote(_) => {
                self.flush();
                self.containers.push(Container { marker: None, rest: "> ".to_owned() });
                // The empty line before a quote belongs outside it.
                self.gap_outside();
            }
            Tag::CodeBlock(_) => {
                self.flush();
                self.code = Some(String::new());
            }
            Tag::HtmlBlock => self.html = Some(String::new()),
            Tag::List(first) => {
                self.flush();
                self.lists.push(first);
            }
            Tag::Item => {
                let marker = match self.lists.last_mut() {
                    Some(Some(number)) => {
                        let marker = format!("{number}. ");
                        *number = number.saturating_add(1);
                        marker
                    }
                    _ => "- ".to_owned(),
                };
                let rest = " ".repeat(marker.len());
                self.containers.push(Container { marker: Some(marker), rest });
            }
            Tag::Table(alignments) => self.table = Some(layout::Table::new(alignments)),
            Tag::TableHead => {
                self.style(|style| style.bold = true);
                self.table_row();
            }
            Tag::TableRow => self.table_row(),
            Tag::Emphasis => self.style(|style| style.italic = true),
            Tag::Strong => self.style(|style| style.bold = true),
            Tag::Strikethrough => {
                self.style(|style| style.struck = true);
                self.mark("~~");
            }
            Tag::Link { dest_url, .. } => {
                let url = destination::substitute(&dest_url);
                self.links.push((url, self.runs.len()));
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph => {
                self.flush();
                self.wants_gap = true;
            }
            TagEnd::Heading(level) => self.heading(level as usize),
            TagEnd::BlockQuote(_) => {
                self.flush();
                self.containers.pop();
                self.wants_gap = true;
            }
            TagEnd::CodeBlock => {
                let code = self.code.take().unwrap_or_default();
                let lines: Vec<String> = code.lines().map(|line| format!("    {}", visible(line))).collect();
                self.block(&lines);
            }
            TagEnd::HtmlBlock => {
                let html = self.html.take().unwrap_or_default();
                for line in text_of_html(&html).lines().filter(|line| !line.trim().is_empty()) {
                    self.push(&inert::decode(line.trim(), on_one_line));
                    self.flush();
                    self.wants_gap = true;
                }
            }
            TagEnd::Item => {
                self.flush();
                if self.containers.last().is_some_and(|item| item.marker.is_some()) {
                    self.line("");
                }
                self.containers.pop();
            }
            TagEnd::List(_) => {
                self.lists.pop();
                self.wants_gap |= self.lists.is_empty();
            }
            TagEnd::TableCell => {
                let runs = std::mem::take(&mut self.runs);
                if let Some(row) = self.table.as_mut().and_then(|table| table.rows.last_mut()) {
                    row.push(runs);
                }
            }
            TagEnd::TableHead => self.unstyle(),
            TagEnd::Table => {
                if let Some(table) = self.table.take() {
                    self.block(&table.lines(self.options.styled));
                }
            }
            TagEnd::Emphasis | TagEnd::Strong => self.unstyle(),
            TagEnd::Strikethrough => {
                self.mark("~~");
                self.unstyle();
            }
            TagEnd::Link => self.link_target(),
            _ => {}
        }
    }

    fn heading(&mut self, level: usize) {
        let width = self.runs.iter().map(Run::width).sum::<usize>().min(self.room());
        self.flush();
        if self.options.styled {
            self.unstyle();
        } else if let (Some(mark), true) = (["=", "-"].get(level.saturating_sub(1)), width > 0) {
            self.line(&mark.repeat(width));
        }
        self.wants_gap = true;
    }

    /// Writes where a link leads, unless its text says so already.
    fn link_target(&mut self) {
        let Some((url, first)) = self.links.pop() else { return };
        let text: String = self.runs.iter().skip(first).map(|run| run.text.as_str()).collect();
        let shown = visible(&url);
        if !shown.is_empty() && text != shown && Some(text.as_str()) != shown.strip_prefix("mailto:") {
            self.push(&if text.is_empty() { format!("<{url}>") } else { format!(" <{url}>") });
        }
    }

    fn code_span(&mut self, code: &str) {
        self.style(|style| style.code = true);
        if self.options.styled {
            self.push(code);
        } else {
            let longest = code.split(|c| c != '`').map(str::len).max().unwrap_or(0);
            let (ticks, pad) = if longest == 0 { ("`".to_owned(), "") } else { ("`".repeat(longest + 1), " ") };
            self.push(&format!("{ticks}{pad}{code}{pad}{ticks}"));
        }
        self.unstyle();
    }

    /// Adds text to the block, in the style in force and safe for a terminal.
    fn push(&mut self, text: &str) {
        let style = self.styles.last().copied().unwrap_or_default();
        self.runs.push(Run { text: visible(text), style });
    }

    /// Adds a mark that stands for a style where there are no styles.
    fn mark(&mut self, mark: &str) {
        if !self.options.styled {
            self.push(mark);
        }
    }

    fn break_line(&mut self) {
        let is_cell = self.table.is_some();
        let text = if is_cell { " " } else { "\n" };
        self.runs.push(Run { text: text.to_owned(), style: Style::default() });
    }

    fn style(&mut self, change: impl FnOnce(&mut Style)) {
        let mut style = self.styles.last().copied().unwrap_or_default();
        change(&mut style);
        self.styles.push(style);
    }

    fn unstyle(&mut self) {
        if self.styles.len() > 1 {
            self.styles.pop();
        }
    }

    fn table_row(&mut self) {
        if let Some(table) = &mut self.table {
            table.rows.push(Vec::new());
        }
    }

    /// Writes the runs collected so far as a block of wrapped lines.
    fn flush(&mut self) {
        let runs = std::mem::take(&mut self.runs);
        if runs.is_empty() {
            return;
        }
        self.gap();
        for line in layout::wrap(&runs, self.room(), self.options.styled) {
            self.line(&line);
        }
    }

    /// Writes lines as a block of their own.
    fn block(&mut self, lines: &[String]) {
        self.flush();
        self.gap();
        for line in lines {
            self.line(line);
        }
        self.wants_gap = true;
    }

    /// Columns left for the text of a line.
    fn room(&self) -> usize {
        let taken: usize = self.containers.iter().map(|container| container.rest.len()).sum();
        self.options.width.saturating_sub(self.options.indent + taken).max(1)
    }

    /// Writes the empty line that is due.
    fn gap(&mut self) {
        if std::mem::take(&mut self.wants_gap) && !self.out.is_empty() {
            // A marker that waits for its line does not belong to the empty one.
            let prefix: String = self.containers.iter().map(|container| container.rest.as_str()).collect();
            self.end_line(&prefix);
        }
    }

    /// Writes the empty line that is due as if the innermost container were not open yet.
    fn gap_outside(&mut self) {
        if let Some(innermost) = self.containers.pop() {
            self.gap();
            self.containers.push(innermost);
        }
    }

    /// Writes a line after what its containers put before it.
    fn line(&mut self, text: &str) {
        let mut line = String::new();
        for container in &mut self.containers {
            line.push_str(container.marker.take().as_deref().unwrap_or(&container.rest));
        }
        line.push_str(text);
        self.end_line(&line);
    }

    fn end_line(&mut self, line: &str) {
        let line = line.trim_end_matches(' ');
        if !line.is_empty() {
            self.out.extend(std::iter::repeat_n(' ', self.options.indent));
            self.out.push_str(line);
        }
        self.out.push('\n');
    }
}

/// Puts a value on one line; its other controls are left for [`visible`].
fn on_one_line(value: &str) -> String {
    value.replace("\r\n", " ").replace(['\r', '\n', '\t', '\u{2028}', '\u{2029}'], " ")
}

/// Makes visible what a terminal would obey; tabs become spaces.
fn visible(text: &str) -> String {
    escape::terminal(&text.replace('\t', "    ")).into_owned()
}

/// The text of raw HTML, without its tags, with tokens still in it.
pub(super) fn text_of_html(html: &str) -> String {
    let text = ammonia::Builder::empty().clean_content_tags(["script", "style"].into()).clean(html).to_string();
    text.replace("&nbsp;", "\u{a0}").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::inert::encode;

    fn plain(markdown: &str, width: usize) -> String {
        render(markdown, &TextOptions { width, ..TextOptions::default() })
    }

    #[test]
    fn blocks_are_set_apart_and_wrapped() {
        let text = plain("# A title\n\none two three four\n\n## B\n***\n    code  that stays as it is\n", 12);
        assert_eq!(
            text,
            "A title\n=======\n\none two\nthree four\n\nB\n-\n\n------------\n\n    code  that stays as it is\n"
        );
    }

    #[test]
    fn lists_hang_and_nest() {
        let text = plain("1. one two three\n   - four five six\n   - seven\n2. eight\n\nend", 13);
        assert_eq!(text, "1. one two\n   three\n   - four\n     five six\n   - seven\n2. eight\n\nend\n");
        assert_eq!(plain("- a\n\n  b\n\n- c\n", 12), "- a\n\n  b\n\n- c\n");
        assert_eq!(plain("- [x] a\n-\n- b\n", 12), "- [x] a\n-\n- b\n");
    }

    #[test]
    fn quotes_are_marked_on_each_line() {
        assert_eq!(plain("a\n\n> one two three\n>\n> - b\n\nc", 10), "a\n\n> one two\n> three\n>\n> - b\n\nc\n");
    }

    #[test]
    fn links_tell_where_they_lead_once() {
        assert_eq!(plain("[a](/b) <https://c.example> ![d](/e)", 80), "a </b> https://c.example d\n");
        let link = format!("[{0}](/{0})", encode("x y"));
        assert_eq!(plain(&link, 80), "x y </x%20y>\n");
    }

    #[test]
    fn columns_are_aligned() {
        let table = "| name | size |\n|---|--:|\n| größe | 1 |\n| b | `200` |\n";
        assert_eq!(plain(table, 80), "name    size\n-----  -----\ngröße      1\nb      `200`\n");
    }

    #[test]
    fn styles_are_the_only_control_sequences() {
        let options = TextOptions { width: 10, indent: 2, styled: true };
        let markdown = format!("# H\n\n**a {}** `c`", encode("\x1b[31mb"));
        let text = render(&markdown, &options);
        assert_eq!(text, "  \x1b[1mH\x1b[0m\n\n  \x1b[1ma\x1b[0m\n  \x1b[1m\\x1b[31mb\x1b[0m\n  \x1b[36mc\x1b[0m\n");
    }

    #[test]
    fn author_controls_are_shown_too() {
        assert_eq!(plain("a&#27;[1m \u{9b}b", 80), "a\\x1b[1m \\x9bb\n");
    }

    #[test]
    fn html_leaves_its_text() {
        let markdown = format!("<details><summary>More &amp; {}</summary>\n\nb<br>c\n\n</details>", encode("<x>"));
        assert_eq!(plain(&markdown, 80), "More & <x>\n\nb\nc\n");
    }

    #[test]
    fn a_value_in_a_code_block_keeps_its_lines() {
        assert_eq!(plain(&format!("```\n{}\n```\n", encode("a\n\tb")), 80), "    a\n        b\n");
    }
}
