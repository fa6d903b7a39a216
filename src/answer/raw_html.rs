//! Values in HTML that the author wrote into Markdown.
//!
//! A small scanner follows tags, attributes, quotes and comments, so that a token is replaced by what its place can
//! bear: references in text and attribute values, a percent-encoded component in an attribute that holds a URL, a mere
//! `_` where a value could only do harm (names of tags and attributes, scripts, styles, event handlers).
//!
//! It keeps the author's text as it is: cutting what is not allowed is the HTML policy's work.

use crate::answer::inert::{Piece, decode, pieces};
use crate::answer::{destination, escape};

/// Attributes whose value is a URL.
const URL_ATTRIBUTES: [&str; 12] = [
    "action",
    "background",
    "cite",
    "data",
    "formaction",
    "href",
    "longdesc",
    "manifest",
    "poster",
    "src",
    "srcset",
    "xlink:href",
];

/// What stands for a value that is dropped; not nothing, because a line left blank would end the HTML block.
const DROPPED: &str = "_";

/// A scanner over raw HTML that may come in several chunks, such as the lines of an HTML block.
#[derive(Debug, Default)]
pub(crate) struct RawHtml {
    state: State,
    /// Name of the tag being read or read last, lower-case, `/` included when it is an end tag.
    tag: String,
    /// Name of the attribute being read or read last, lower-case.
    attribute: String,
}

/// Where in the HTML the scanner stands.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Text,
    /// In a tag's name, from the `<` on.
    TagName,
    /// Between attributes, or in the name of one.
    Tag,
    /// After `=`.
    BeforeValue,
    /// In an attribute's value, up to this quote.
    Quoted(char),
    Comment,
    /// In `<!…>` or `<?…>`.
    Declaration,
    /// In a script or a style sheet.
    Foreign,
}

impl RawHtml {
    /// Replaces the tokens in the next chunk of HTML.
    pub(crate) fn substitute(&mut self, chunk: &str) -> String {
        let mut out = String::with_capacity(chunk.len());
        let mut rest = chunk;
        while !rest.is_empty() {
            let taken = match self.state {
                State::BeforeValue => self.attribute_start(rest, &mut out),
                State::Quoted(quote) => self.attribute_value(rest, quote, &mut out),
                _ => self.other(rest, &mut out),
            };
            rest = rest.get(taken..).unwrap_or_default();
        }
        out
    }

    /// Reads what follows `=`: white space, a quote, or a value without quotes. Returns the bytes read.
    fn attribute_start(&mut self, rest: &str, out: &mut String) -> usize {
        let Some(first) = rest.chars().next() else { return 0 };
        match first {
            '"' | '\'' => self.state = State::Quoted(first),
            '>' => self.state = State::Text,
            _ if first.is_ascii_whitespace() => {}
            _ => {
                let end = rest.find(|c: char| c.is_ascii_whitespace() || c == '>').unwrap_or(rest.len());
                out.push_str(&self.write_attribute(&rest[..end]));
                self.state = State::Tag;
                return end;
            }
        }
        out.push(first);
        first.len_utf8()
    }

    /// Reads a quoted value with its closing quote, as far as the chunk holds it. Returns the bytes read.
    fn attribute_value(&mut self, rest: &str, quote: char, out: &mut String) -> usize {
        let end = rest.find(quote);
        out.push_str(&self.write_attribute(&rest[..end.unwrap_or(rest.len())]));
        let Some(end) = end else { return rest.len() };
        out.push(quote);
        self.state = State::Tag;
        end + quote.len_utf8()
    }

    /// Reads a token or one character (or `<!--`, `-->`) outside attribute values. Returns the bytes read.
    fn other(&mut self, rest: &str, out: &mut String) -> usize {
        let mut parts = pieces(rest);
        if let Some(Piece::Value(value)) = parts.next() {
            match self.state {
                State::Text => out.push_str(&text(&value)),
                State::Comment => out.push_str(&escape::html_attribute(&value)),
                _ => out.push_str(DROPPED),
            }
            return rest.len() - parts.rest().len();
        }
        for (mark, from, to) in [("<!--", State::Text, State::Comment), ("-->", State::Comment, State::Text)] {
            if self.state == from && rest.starts_with(mark) {
                self.state = to;
                out.push_str(mark);
                return mark.len();
            }
        }
        let Some(character) = rest.chars().next() else { return 0 };
        let behind = &rest[character.len_utf8()..];
        self.step(character, behind);
        out.push(character);
        character.len_utf8()
    }

    /// Moves on by one character of the author's; `behind` is what follows it.
    fn step(&mut self, character: char, behind: &str) {
        match (self.state, character) {
            (State::Text, '<') if behind.starts_with(['!', '?']) => self.state = State::Declaration,
            (State::Text, '<')
                if behind.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == super::inert::OPEN) =>
            {
                self.state = State::TagName;
                self.tag.clear();
            }
            (State::Foreign, '<') if closes(behind, &self.tag) => {
                self.state = State::TagName;
                self.tag.clear();
            }
            (State::TagName | State::Tag | State::Declaration, '>') => {
                let foreign = self.state != State::Declaration && matches!(self.tag.as_str(), "script" | "style");
                self.state = if foreign { State::Foreign } else { State::Text };
            }
            (State::TagName, c) if c.is_ascii_whitespace() || (c == '/' && !self.tag.is_empty()) => {
                self.state = State::Tag;
                self.attribute.clear();
            }
            (State::TagName, c) => self.tag.push(c.to_ascii_lowercase()),
            (State::Tag, '=') => self.state = State::BeforeValue,
            // White space may stand between a name and its `=`.
            (State::Tag, c) if c.is_ascii_whitespace() && behind.trim_start().starts_with('=') => {}
            (State::Tag, c) if c.is_ascii_whitespace() || c == '/' => self.attribute.clear(),
            (State::Tag, c) => self.attribute.push(c.to_ascii_lowercase()),
            _ => {}
        }
    }

    /// Writes an attribute's value, without its quotes.
    fn write_attribute(&mut self, value: &str) -> String {
        let name = std::mem::take(&mut self.attribute);
        let written = if URL_ATTRIBUTES.contains(&name.as_str()) {
            destination::substitute(value)
        } else if name.starts_with("on") || name == "style" || name == "srcdoc" {
            decode(value, |_| DROPPED.to_owned())
        } else {
            decode(value, escape::html_attribute)
        };
        // A value that goes on in the next chunk still belongs to the same attribute.
        self.attribute = name;
        written
    }
}

/// Writes a value into the text of an HTML block, which must stay one line, and not a blank one, to remain one block.
fn text(value: &str) -> String {
    let value = escape::one_line(value);
    if value.trim().is_empty() { "&#32;".to_owned() } else { escape::html_text(&value) }
}

/// Tells whether `behind`, which follows a `<`, is the end tag of `tag`.
fn closes(behind: &str, tag: &str) -> bool {
    behind.strip_prefix('/').and_then(|name| name.get(..tag.len())).is_some_and(|name| name.eq_ignore_ascii_case(tag))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::inert::encode;

    fn with(before: &str, value: &str, after: &str) -> String {
        RawHtml::default().substitute(&format!("{before}{}{after}", encode(value)))
    }

    #[test]
    fn attribute_values_end_where_the_author_ends_them() {
        assert_eq!(with("<a title=\"", "\" b='", "\">"), "<a title=\"&#34;&#32;b&#61;&#39;\">");
        assert_eq!(with("<a title=", "b c>", " d=e>"), "<a title=b&#32;c&#62; d=e>");
        assert_eq!(with("<a title= ", "", " d=e>"), "<a title= &#32; d=e>");
    }

    #[test]
    fn urls_are_percent_encoded() {
        assert_eq!(with("<a href='", "javascript:a", "'>"), "<a href='javascript%3Aa'>");
        assert_eq!(with("<a HREF = /", "a/b", ">"), "<a HREF = /a%2Fb>");
    }

    #[test]
    fn names_scripts_and_handlers_take_no_values() {
        assert_eq!(with("<", "b", ">"), "<_>");
        assert_eq!(with("<div ", "onclick", "=a>"), "<div _=a>");
        assert_eq!(with("<a onclick=\"f(", "alert(1)", ")\">"), "<a onclick=\"f(_)\">");
        assert_eq!(with("<script>", "a", "</script>"), "<script>_</script>");
        assert_eq!(with("<script>a</script><b>", "a", ""), "<script>a</script><b>a");
    }

    #[test]
    fn comments_and_text_stay_what_they_are() {
        assert_eq!(with("<!-- ", "--><b>", " -->"), "<!-- &#45;&#45;&#62;&#60;b&#62; -->");
        assert_eq!(with("<p>a < ", "<b>\n\n", "</p>"), "<p>a < &lt;b&gt;  </p>");
        assert_eq!(with("<div>\n", "", "\n</div>"), "<div>\n&#32;\n</div>");
    }

    #[test]
    fn an_attribute_may_span_chunks() {
        let mut html = RawHtml::default();
        let first = html.substitute("<a href=\"/x\n");
        let second = html.substitute(&format!("{}\">{}", encode("a/b"), encode("<")));
        assert_eq!(first + &second, "<a href=\"/x\na%2Fb\">&lt;");
    }
}
