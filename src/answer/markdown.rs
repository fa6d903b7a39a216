//! The author's Markdown as Markdown again, with the values in it.
//!
//! The source is kept, not written anew: the parser tells for each stretch of it what it is (`Plan`), and the tokens in
//! a stretch are replaced by the rule of the place. Only three things of the author's change: delimiters of code become
//! longer where a value holds as long ones, and backslashes are set before characters that a value could wake.
//!
//! What it cannot prevent: GitHub links `#123`, commit hashes and `:emoji:` wherever they stand in text.

use std::collections::HashSet;
use std::ops::Range;

use crate::answer::inert::{self, Piece, pieces};
use crate::answer::raw_html::RawHtml;
use crate::answer::{destination, escape, prose};

mod plan;

use plan::{Place, Plan};

/// Renders Markdown with inert tokens as Markdown with values, which parses to the same structure.
pub fn render(markdown: &str) -> String {
    if !inert::has_value(markdown) {
        return markdown.to_owned();
    }
    let plan = Plan::of(markdown);
    let mut writer = Writer {
        source: markdown,
        out: String::with_capacity(markdown.len()),
        html: RawHtml::default(),
        tick_runs: runs(markdown, '`'),
        has_labels: plan.has_labels,
    };
    let mut at = 0;
    for stretch in &plan.stretches {
        // Stretches do not overlap; were one to, its beginning would have been written already.
        let start = stretch.range.start.max(at);
        writer.write(at..start, &Place::Between);
        writer.write(start..stretch.range.end.max(start), &stretch.place);
        at = stretch.range.end.max(start);
    }
    writer.write(at..markdown.len(), &Place::Between);
    writer.out
}

/// What stands for a value in which nothing is to be seen.
const JOINED: &str = "\u{2060}";

/// The document as far as it is written.
struct Writer<'a> {
    source: &'a str,
    out: String,
    html: RawHtml,
    /// Lengths of the runs of backticks in the source: none of them is free for a longer delimiter.
    tick_runs: HashSet<usize>,
    has_labels: bool,
}

impl Writer<'_> {
    fn write(&mut self, range: Range<usize>, place: &Place) {
        let Some(text) = self.source.get(range.clone()) else {
            return;
        };
        match place {
            Place::Prose => self.prose(text, range.end),
            Place::Between => self.each(text, prose::write_apart),
            Place::Code => self.each(text, |out, value| out.push_str(&escape::one_line(value))),
            Place::IndentedCode => self.each(text, |out, value| {
                let value = escape::one_line(value);
                // A blank line at either end would no longer belong to the code.
                out.push_str(if value.trim().is_empty() { JOINED } else { &value });
            }),
            _ if !inert::has_value(text) && !matches!(place, Place::Fence { .. }) => self.out.push_str(text),
            Place::CodeSpan { content, in_table } => self.code_span(text, content, *in_table),
            Place::Fence { extra, mark } => {
                self.out.push_str(text);
                self.out.extend(std::iter::repeat_n(mark, *extra));
            }
            Place::Destination => self.destination(text),
            Place::Html { is_start, tag } => {
                if *is_start {
                    self.html = RawHtml::default();
                }
                // On one line, so that no value stands where a line begins.
                let html = tag.as_ref().map_or_else(|| text.to_owned(), |tag| tag.replace('\n', " "));
                self.out.push_str(&self.html.substitute(&html));
            }
        }
    }

    /// Writes text and has each value of it written by `write`.
    fn each(&mut self, text: &str, write: impl Fn(&mut String, &str)) {
        for piece in pieces(text) {
            match piece {
                Piece::Author(author) => self.out.push_str(author),
                Piece::Value(value) => write(&mut self.out, &value),
            }
        }
    }

    /// Writes running text that ends at the byte `end` of the source.
    fn prose(&mut self, text: &str, end: usize) {
        let mut parts = pieces(text);
        while let Some(piece) = parts.next() {
            let after = &self.source[end - parts.rest().len()..];
            match piece {
                Piece::Author(author) => {
                    prose::write_author(&mut self.out, author, after, self.has_labels);
                }
                Piece::Value(value) => prose::write(&mut self.out, &value, after),
            }
        }
    }

    /// Writes a code span on one line; `span` is its source, of which only the delimiter is kept.
    fn code_span(&mut self, span: &str, content: &str, in_table: bool) {
        let content = padded(code_content(content, in_table));
        let length = span.bytes().take_while(|byte| *byte == b'`').count();
        let taken = runs(&content, '`');
        let longer = (length + 1..).find(|length| !taken.contains(length) && !self.tick_runs.contains(length));
        let length = if taken.contains(&length) { longer.unwrap_or(length) } else { length };
        let delimiter = "`".repeat(length);
        self.out.extend([delimiter.as_str(), &content, &delimiter]);
    }

    /// Writes the target of a link.
    fn destination(&mut self, text: &str) {
        let url = destination::substitute(text);
        // On a line of its own, `---` or `~~~` would be more than a target.
        let url = match url.strip_prefix(['-', '_', '~']) {
            Some(rest) if prose::at_line_start(&self.out) => {
                format!("%{:02X}{rest}", url.as_bytes().first().copied().unwrap_or_default())
            }
            _ => url,
        };
        self.out.push_str(&url);
    }
}

/// Adds the space on both sides that the parser takes away again, where the content would not survive without.
fn padded(content: String) -> String {
    let is_blank = content.chars().all(|c| c == ' ');
    let would_be_stripped = content.starts_with(' ') && content.ends_with(' ') && !is_blank;
    if content.is_empty() {
        // Two delimiters with nothing between them are not a code span.
        " ".to_owned()
    } else if would_be_stripped || content.starts_with('`') || content.ends_with('`') {
        format!(" {content} ")
    } else {
        content
    }
}

/// Writes the inside of a code span with its values; in a table, so that no `|` ends the cell.
fn code_content(content: &str, in_table: bool) -> String {
    let content = inert::decode(content, escape::one_line);
    if !in_table {
        return content;
    }
    let mut escaped = String::with_capacity(content.len());
    for character in content.chars() {
        if character == '|' {
            // `\|` is the only way to write a bar here, and there is none to write a backslash before it.
            if escaped.ends_with('\\') {
                escaped.push(prose::JOINER);
            }
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// The lengths of the runs of `mark` in a text.
fn runs(text: &str, mark: char) -> HashSet<usize> {
    text.split(|c| c != mark).map(str::len).filter(|length| *length > 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::inert::encode;

    fn with(before: &str, value: &str, after: &str) -> String {
        render(&format!("{before}{}{after}", encode(value)))
    }

    #[test]
    fn a_document_without_values_is_kept_to_the_byte() {
        let markdown = "# A `b\n\n* c <d>\n";
        assert_eq!(render(markdown), markdown);
    }

    #[test]
    fn text_is_escaped_and_the_rest_kept() {
        assert_eq!(with("*a*  b ", "*c*\n# d", "\n\n+ e"), "*a*  b \\*c\\* \\# d\n\n+ e");
        assert_eq!(with("a `b ", "`", ""), "a \\`b &#96;");
        assert_eq!(with("[", "a", "] b\n\n[a]: /c"), "\\[a\\] b\n\n[a]: /c");
    }

    #[test]
    fn code_gets_longer_delimiters_where_it_has_to() {
        assert_eq!(with("`a", "b", "c`"), "`abc`");
        assert_eq!(with("`", "a`b", "`"), "``a`b``");
        assert_eq!(with("`", "`", "` ``c``"), "``` ` ``` ``c``");
        assert_eq!(with("`", "", "`"), "` `");
        assert_eq!(with("```sh\n", "```\n# a", "\n```\n"), "````sh\n``` # a\n````\n");
        assert_eq!(with("> ~~~\n> ", "~~~", "\n"), "> ~~~~\n> ~~~\n");
        assert_eq!(with("    ", "a\nb", "\n"), "    a b\n");
    }

    #[test]
    fn bars_stay_in_their_cell() {
        assert_eq!(with("|a|\n|-|\n|`", "b|c\\|d", "`|"), "|a|\n|-|\n|`b\\|c\\\u{2060}\\|d`|");
        assert_eq!(with("|a|\n|-|\n|", "b|c", "|"), "|a|\n|-|\n|b\\|c|");
    }

    #[test]
    fn link_targets_and_titles_are_told_apart() {
        let link = format!("[{0}](/a/{0} \"{0}\")", encode("b \"c"));
        assert_eq!(render(&link), "[b &quot;c](/a/b%20%22c \"b &quot;c\")");
        assert_eq!(with("[a]\n\n[a]: /", "b c", " 'd'"), "[a]\n\n[a]: /b%20c 'd'");
        assert_eq!(with("[a]\n\n[a]: ", "", ""), "[a]\n\n[a]: %20");
        assert_eq!(with("<https://h.example/", "b c", ">"), "<https://h.example/b%20c>");
        assert_eq!(with("[![a](/b?", "c d", ")](/e)"), "[![a](/b?c%20d)](/e)");
    }

    #[test]
    fn raw_html_is_escaped_as_html() {
        assert_eq!(with("<a title='", "'>", "'>b</a>"), "<a title='&#39;&#62;'>b</a>");
        assert_eq!(with("<div>\n", "\n\n# a", "\n</div>"), "<div>\n  # a\n</div>");
    }
}
