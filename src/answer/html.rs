//! The author's Markdown as HTML that a page can show without fear.
//!
//! The parser's events are rewritten, each token by the rule of its place, then written as HTML; at last the whole goes
//! through a fixed policy, which is also what keeps the author's own raw HTML harmless.
//!
//! It makes a fragment, not a page; pages are layouts.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use pulldown_cmark::{CodeBlockKind, CowStr, Event, Parser, Tag, TagEnd};

use crate::answer::raw_html::RawHtml;
use crate::answer::{destination, dialect, escape, inert};

/// The elements an article may consist of.
const ELEMENTS: [&str; 42] = [
    "a",
    "abbr",
    "b",
    "blockquote",
    "br",
    "caption",
    "cite",
    "code",
    "dd",
    "del",
    "details",
    "div",
    "dl",
    "dt",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "img",
    "ins",
    "kbd",
    "li",
    "mark",
    "ol",
    "p",
    "pre",
    "s",
    "samp",
    "span",
    "strong",
    "sub",
    "summary",
    "sup",
    "table",
    "tbody",
    "ul",
    "var",
];

/// The elements of a table's inside.
const TABLE_ELEMENTS: [&str; 5] = ["thead", "tfoot", "tr", "th", "td"];

/// Renders Markdown with inert tokens as a safe HTML fragment.
///
/// Links may lead to `http`, `https` and `mailto`, or be relative; each is marked `noopener noreferrer nofollow`.
pub fn render(markdown: &str) -> String {
    let mut raw = RawHtml::default();
    let mut in_code_block = false;
    let events = Parser::new_ext(markdown, dialect()).map(|event| match event {
        Event::Start(Tag::CodeBlock(_)) => {
            in_code_block = true;
            // The name of the language has no place in the policy, and may hold a value.
            Event::Start(Tag::CodeBlock(CodeBlockKind::Indented))
        }
        Event::End(TagEnd::CodeBlock) => {
            in_code_block = false;
            event
        }
        Event::Start(Tag::HtmlBlock) => {
            raw = RawHtml::default();
            event
        }
        Event::Start(tag) => Event::Start(tag_with_values(tag)),
        Event::Text(text) if in_code_block => Event::Text(with_values(text, escape::lines)),
        Event::Text(text) => Event::Text(with_values(text, escape::one_line)),
        Event::Code(code) => Event::Code(with_values(code, escape::one_line)),
        Event::Html(html) => Event::Html(raw.substitute(&html).into()),
        Event::InlineHtml(html) => Event::InlineHtml(raw.substitute(&html).into()),
        _ => event,
    });
    let mut html = String::with_capacity(markdown.len() * 2);
    pulldown_cmark::html::push_html(&mut html, events);
    POLICY.clean(&html).to_string()
}

/// Decodes the tokens in the attributes of a link or an image.
fn tag_with_values(tag: Tag<'_>) -> Tag<'_> {
    match tag {
        Tag::Link { link_type, dest_url, title, id } => Tag::Link {
            link_type,
            dest_url: destination::substitute(&dest_url).into(),
            title: with_values(title, escape::one_line),
            id,
        },
        Tag::Image { link_type, dest_url, title, id } => Tag::Image {
            link_type,
            dest_url: destination::substitute(&dest_url).into(),
            title: with_values(title, escape::one_line),
            id,
        },
        _ => tag,
    }
}

/// Decodes the tokens in a text that the HTML writer escapes later.
fn with_values(text: CowStr<'_>, clean: impl Fn(&str) -> String) -> CowStr<'_> {
    if text.contains(inert::OPEN) { inert::decode(&text, clean).into() } else { text }
}

/// What every fragment has to pass.
static POLICY: LazyLock<ammonia::Builder<'static>> = LazyLock::new(policy);

fn policy() -> ammonia::Builder<'static> {
    let attributes: HashMap<&str, HashSet<&str>> = [
        ("a", &["href", "title"][..]),
        ("abbr", &["title"]),
        ("details", &["open"]),
        ("img", &["src", "alt", "title", "width", "height"]),
        ("li", &["value"]),
        ("ol", &["start", "type"]),
        ("td", &["colspan", "rowspan", "style"]),
        ("th", &["colspan", "rowspan", "scope", "style"]),
    ]
    .into_iter()
    .map(|(element, names)| (element, names.iter().copied().collect()))
    .collect();
    let mut policy = ammonia::Builder::empty();
    policy
        .tags(ELEMENTS.into_iter().chain(TABLE_ELEMENTS).collect())
        .clean_content_tags(["script", "style"].into())
        .tag_attributes(attributes)
        .generic_attributes(["lang", "dir"].into())
        // The parser aligns the columns of a table by style.
        .filter_style_properties(["text-align"].into())
        .url_schemes(destination::SCHEMES.into())
        .url_relative(ammonia::UrlRelative::PassThrough)
        .link_rel(Some("noopener noreferrer nofollow"))
        .strip_comments(true);
    policy
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::inert::encode;

    fn with(before: &str, value: &str, after: &str) -> String {
        render(&format!("{before}{}{after}", encode(value)))
    }

    #[test]
    fn markdown_is_an_article() {
        let html = render("# A\n\n1. *b* `c`\n\n| x | y |\n|---|:-:|\n| 1 | ~~2~~ |\n");
        assert!(html.contains("<h1>A</h1>"), "{html}");
        assert!(html.contains("<li><em>b</em> <code>c</code></li>"), "{html}");
        assert!(html.contains("<td style=\"text-align:center\"><del>2</del></td>"), "{html}");
    }

    #[test]
    fn a_value_is_text_wherever_it_lands() {
        assert_eq!(with("a ", "<b>*x*\n\n# y", " c"), "<p>a &lt;b&gt;*x*  # y c</p>\n");
        assert_eq!(with("`", "`<b>", "`"), "<p><code>`&lt;b&gt;</code></p>\n");
        assert_eq!(with("```\n", "```\n<b>", "\n```"), "<pre><code>```\n&lt;b&gt;\n</code></pre>\n");
        assert_eq!(
            with("![", "\"<b>", "](/a.png)"),
            "<p><img src=\"/a.png\" alt=\"&quot;<b>\"></p>\n".replace("<b>", "&lt;b&gt;")
        );
    }

    #[test]
    fn a_link_leads_where_the_author_says() {
        let rel = "rel=\"noopener noreferrer nofollow\"";
        assert_eq!(with("[a](", "javascript:x", ")"), format!("<p><a href=\"javascript%3Ax\" {rel}>a</a></p>\n"));
        assert_eq!(
            with("<https://h.example/", "a/b", ">"),
            format!("<p><a href=\"https://h.example/a%2Fb\" {rel}>https://h.example/a/b</a></p>\n")
        );
        assert_eq!(render("[a](javascript:x)"), format!("<p><a {rel}>a</a></p>\n"));
    }

    #[test]
    fn raw_html_of_the_author_passes_the_policy() {
        let html = render("<details open onclick=x><summary>s</summary>\n\n*t*\n\n</details>\n<script>u</script>\n");
        assert_eq!(html.replace('\n', ""), "<details open=\"\"><summary>s</summary><p><em>t</em></p></details>");
        assert_eq!(
            with("<abbr title=\"", "\" onclick=\"x", "\">a</abbr>"),
            "<p><abbr title=\"&quot; onclick=&quot;x\">a</abbr></p>\n"
        );
    }
}
