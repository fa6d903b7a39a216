//! A log line cannot change the page: hostile values in every kind of place, for every format.
//!
//! Each property places hostile values into an author's Markdown and compares the structure of what comes out with that
//! of the same Markdown with a harmless word. `PROPTEST_CASES` sets how many cases are tried.

use faultbook::answer::inert::{Piece, encode, pieces};
use faultbook::answer::text::TextOptions;
use faultbook::answer::{html, markdown, text};
use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// Markdown in which `§` stands for a value, and whether the value is to be read again in the text of the answer.
const PLACES: [(&str, bool); 50] = [
    ("§", true),
    ("§ begins a paragraph", true),
    ("in the § middle, and again §.", true),
    ("at the end §\nof a §\n§ line", true),
    ("two §§ side by side", true),
    ("*§* and **§** and ~~§~~ and _§_", true),
    ("in**§**side (*§*) ***§***", true),
    ("**§ and §**, *§*.", true),
    ("**§§**§*§*", true),
    ("- § in a list\n- §\n  - § nested\n\n1. §", true),
    ("- [ ] §\n- [§] a", true),
    ("1§ a\n\n§. a\n\n§) a", true),
    ("# § in a heading #\n\n§\n===\n\n## §", true),
    ("above\n§\n\n---\n§", true),
    ("| a | § |\n|---|:-:|\n| § | **§** |\n| `§` | § |\n| [§](/a) | <b title=\"§\">b</b> |\n", true),
    ("|a|\n§\n", true),
    ("code `§` and `a§` and ``b ` §`` and ` § `", true),
    ("`a \\§` `\\` §", true),
    ("```\n§\n```\n\nend", true),
    ("~~~sh\na § b\n§\n~~~\nend", true),
    ("- ```\n  § `\n  §\n  ```\n- end", true),
    ("> ~~~~\n> §\n\nend", true),
    ("``` §\na\n```\nend", false),
    ("text\n\n    § indented\n    a §\n\nend", true),
    ("    §\n\nend", true),
    ("[§](/a) and [**§** b](/c)", true),
    ("[a](§) end", false),
    ("[a](<§>) end", false),
    ("[a](https://h.example/?q=§&r=§#§)", false),
    ("[a](https://h.example/a/§/b) [c](/§/d) [e](§/f)", false),
    ("[a](https://§.example.com/ \"title § b\")", false),
    ("[a](https://h.example§)", false),
    ("[a](mailto:§@h.example?subject=§)", false),
    ("[a]\n\n[a]: https://h.example/§ \"t §\"", false),
    ("[a]\n\n[a]: §", false),
    ("[¶] b\n\n[¶]: /c", true),
    ("<https://h.example/§>", false),
    ("![§](/a.png \"t §\") and [![§](/§.png)](/b)", true),
    ("> § quoted\n> > §\n§ lazy", true),
    ("<abbr title=\"§\">a</abbr> <abbr title='§'>b</abbr> <abbr title=§>c</abbr>", false),
    ("<a href=\"§\">a</a> <a href=https://h.example/§>b</a> <img src='/§' alt='§'>", false),
    ("<details><summary>§</summary>\n<p>§</p>\n§\n</details>\n\n§", true),
    ("<div>\n<!-- § -->\n<span §>§</span></div>\n\na", false),
    ("<b>§</b> <!-- § --> §", true),
    ("<§> <a§> </§> <a §> <a title=\"§> <!§", true),
    ("a ` b § c `` d § e", true),
    ("C:\\§ \\§ \\\\§ &§; &l§; &#§; !§ !§(/a)", true),
    ("[a§(/b) [a](§ b) [c]§ [d](/e '§) [§](/f", true),
    ("_a_§_b_ *a*§ §*b* **a**§**b** ~~a~~§", true),
    ("§* a\n\n§- b\n\n-§ c\n\n#§ d\n\n§# e\n\n>§ f\n\n=§\n\n    \n§", true),
];

/// What hostile values are made of.
const HOSTILE: [&str; 81] = [
    "*",
    "**",
    "_",
    "__",
    "~",
    "~~",
    "`",
    "``",
    "```",
    "````",
    "~~~",
    "#",
    "# ",
    "## a",
    ">",
    "> ",
    "- ",
    "-",
    "---",
    "+ ",
    "=",
    "===",
    "1. ",
    "1",
    "2)",
    "10.",
    "|",
    "|a|b|",
    "\n|-|-|\n",
    "---|---",
    ":-:",
    "[",
    "]",
    "(",
    ")",
    "[a](b)",
    "![a](b)",
    "[a]: /b",
    "](",
    "<",
    ">",
    "</",
    "<b>",
    "</p>",
    "<script>alert(1)</script>",
    "<!--",
    "-->",
    "<img src=x onerror=a>",
    "&",
    "&lt;",
    ";",
    "#60;",
    "\"",
    "'",
    "\\",
    "!",
    "/",
    ":",
    "://",
    ".",
    "..",
    "@",
    "\n",
    "\r\n",
    "\n\n",
    "\t",
    " ",
    "    ",
    "javascript:alert(1)",
    "data:text/html,a",
    "www.a.example",
    "http://a.example/",
    "a@b.example",
    "\x1b[31m",
    "\x1b]8;;x\x07",
    "\0",
    "\u{feff}",
    "\u{a0}",
    "\u{2003}",
    "\u{202e}\u{2066}\u{200f}",
    "\u{9b}\u{85}\u{a0}\u{2028}",
];

/// What the authors of the last property write: markup in any order, sensible or not.
const MARKUP: [&str; 58] = [
    "§",
    "§",
    "§",
    "§",
    "§",
    "a",
    "b ",
    " ",
    " ",
    "\n",
    "\n",
    "\n\n",
    "*",
    "**",
    "_",
    "__",
    "~~",
    "`",
    "``",
    "\n```\n",
    "\n~~~\n",
    "# ",
    "\n- ",
    "\n1. ",
    "\n> ",
    "    ",
    "|",
    "\n|a|§|\n|-|-|\n",
    "[",
    "](",
    "](/a",
    ")",
    "![",
    "]",
    "<",
    ">",
    "<b ",
    "title=\"",
    "\"",
    "<div>\n",
    "\\",
    "&",
    ";",
    "!",
    ":",
    ".",
    "/",
    "1",
    "-",
    "=",
    "\n---\n",
    "https://",
    "<https://",
    "href='",
    "'",
    "(",
    "\n[a]: /b\n",
    "w",
];

fn hostile() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        4 => prop::sample::select(&HOSTILE[..]).prop_map(str::to_owned),
        2 => "[a-zA-Z0-9wx]{1,3}",
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(part, 0..6).prop_map(|parts| parts.concat())
}

fn values() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(hostile(), 4)
}

/// Places values, each as a token, where the template has a `§`, in turn; and the first value where it has a `¶`.
fn place(template: &str, values: &[String]) -> String {
    let first = values.first().map_or("", String::as_str);
    let mut values = values.iter().cycle();
    let mut parts = template.split('§');
    let mut placed = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        placed.push_str(&encode(values.next().map_or("", String::as_str)));
        placed.push_str(part);
    }
    placed.replace('¶', &encode(first))
}

fn harmless(template: &str) -> String {
    place(template, &["harmless".to_owned()])
}

/// A value as it may be read in an answer: without what no page shows, white space of any kind and amount as one space.
fn readable(text: &str) -> String {
    let kept: String = text
        .replace("\r\n", "\n")
        .chars()
        .filter(|c| !matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2060}' | '\u{feff}'))
        .map(|c| match c {
            '\n' | '\t' | '\r' | '\u{2028}' | '\u{2029}' => ' ',
            c if c.is_control() || matches!(c, '\u{e000}' | '\u{e001}') => '\u{fffd}',
            c => c,
        })
        .collect();
    kept.split_whitespace().collect::<Vec<_>>().join(" ")
}

// ---- HTML ----

/// Tags with the names of their attributes, and where links lead; beside them the text.
fn html_structure(html: &str) -> (Vec<String>, String) {
    let (mut tags, mut text) = (Vec::new(), String::new());
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        text.push_str(&rest[..start]);
        let end = start + rest[start..].find('>').expect("every tag ends");
        tags.push(tag_structure(&rest[start + 1..end], &mut text));
        rest = &rest[end + 1..];
    }
    text.push_str(rest);
    for (reference, character) in [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&nbsp;", "\u{a0}"), ("&amp;", "&")]
    {
        text = text.replace(reference, character);
    }
    (tags, text)
}

/// Tells whether tags are as expected, but for links that lead nowhere because a value made no valid host.
fn same_tags(tags: &[String], expected: &[String]) -> bool {
    let without_targets = without_targets(expected);
    tags.len() == expected.len()
        && (0..tags.len()).all(|at| tags[at] == expected[at] || tags[at] == without_targets[at])
}

/// Tags without where links lead.
fn without_targets(tags: &[String]) -> Vec<String> {
    let is_kept = |part: &&str| !part.starts_with("href=") && !part.starts_with("src=");
    tags.iter().map(|tag| tag.split(' ').filter(is_kept).collect::<Vec<_>>().join(" ")).collect()
}

fn tag_structure(tag: &str, text: &mut String) -> String {
    let (name, mut rest) = tag.split_once(' ').unwrap_or((tag, ""));
    let mut structure = name.to_owned();
    while let Some((attribute, value)) = rest.split_once("=\"") {
        let (value, behind) = value.split_once('"').expect("attributes are quoted");
        structure.push_str(&format!(" {}", attribute.trim()));
        match attribute.trim() {
            "href" | "src" => structure.push_str(&format!("={}", leads_to(value))),
            "title" => {}
            "alt" => text.push_str(value),
            _ => structure.push_str(&format!("={value}")),
        }
        rest = behind;
    }
    structure
}

/// Scheme and host of a URL and the number of its path's segments; hosts that a value is part of are all the same.
fn leads_to(url: &str) -> String {
    let url = url.replace("&amp;", "&");
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let scheme = path.split_once(':').map_or("", |(scheme, _)| scheme);
    let host = path.split_once("://").map_or("", |(_, rest)| rest.split('/').next().unwrap_or_default());
    let host = if host.ends_with(".example.com") { ".example.com" } else { host };
    let climbs = path.split('/').any(|segment| segment == "." || segment == "..");
    format!("{scheme}:{}{host}{}", path.starts_with("//"), if climbs { "/.." } else { "" })
}

// ---- Markdown ----

/// The structure of a document as a Markdown parser sees it, and its text.
fn markdown_structure(source: &str) -> (Vec<String>, String) {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let (mut events, mut text) = (Vec::new(), String::new());
    let mut fenced = false;
    for event in Parser::new_ext(source, options) {
        let name = match &event {
            Event::Text(part) => {
                text.push_str(part);
                // In code a value may be no text at all; elsewhere there always is some.
                if fenced { continue } else { "text".to_owned() }
            }
            Event::Code(part) => {
                text.push_str(part);
                "code".to_owned()
            }
            Event::Html(part) => {
                text.push_str(&html_text(part));
                "html".to_owned()
            }
            Event::InlineHtml(_) => "inline html".to_owned(),
            Event::SoftBreak => {
                text.push(' ');
                "break".to_owned()
            }
            Event::Start(Tag::Link { link_type, dest_url, .. }) => format!("link {link_type:?} {}", host_in(dest_url)),
            Event::Start(Tag::Image { link_type, dest_url, .. }) => {
                format!("image {link_type:?} {}", host_in(dest_url))
            }
            Event::Start(Tag::CodeBlock(kind)) => {
                fenced = true;
                format!("code block {}", kind.is_fenced())
            }
            Event::End(TagEnd::CodeBlock) => {
                fenced = false;
                "end".to_owned()
            }
            _ => format!("{event:?}"),
        };
        if !(name == "text" && events.last() == Some(&name)) {
            events.push(name);
        }
    }
    (events, text)
}

fn html_text(html: &str) -> String {
    html.replace("&lt;", "<").replace("&gt;", ">").replace("&#32;", " ").replace("&amp;", "&")
}

/// Where a link leads; tokens that are still in it stand for a path, or for the beginning of a host.
fn host_in(url: &str) -> String {
    let mut decoded = String::new();
    for piece in pieces(url) {
        match piece {
            Piece::Author(author) => decoded.push_str(author),
            Piece::Value(_) => decoded.push_str(if decoded.is_empty() || decoded.ends_with('/') { "h" } else { "/h" }),
        }
    }
    leads_to(&decoded)
}

/// Finds what GitHub would make a link of in text: in the source `www.` and `://`, in the text an address.
fn github_link(source: &str) -> Option<String> {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut in_code_or_link = 0;
    let (mut written, mut text, mut end) = (String::new(), String::new(), 0);
    for (event, range) in Parser::new_ext(source, options).into_offset_iter() {
        match event {
            Event::Start(Tag::CodeBlock(_) | Tag::Link { .. } | Tag::Image { .. }) => in_code_or_link += 1,
            Event::End(TagEnd::CodeBlock | TagEnd::Link | TagEnd::Image) => in_code_or_link -= 1,
            Event::Text(part) if in_code_or_link == 0 => {
                let between = source.get(end..range.start).unwrap_or_default();
                written.push_str(if between.len() < 2 { between } else { "\n" });
                written.push_str(&source[range.clone()]);
                text.push_str(&part);
                end = range.end;
            }
            _ => text.push('\n'),
        }
    }
    let written = written.to_ascii_lowercase();
    for mark in ["www.", "http://", "https://", "ftp://"] {
        if written.contains(mark) {
            return Some(format!("{mark} in {written:?}"));
        }
    }
    let address = text.match_indices('@').find(|(at, _)| {
        let before = text[..*at].ends_with(|c: char| c.is_ascii_alphanumeric() || ".+-_".contains(c));
        let domain: String =
            text[at + 1..].chars().take_while(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c)).collect();
        before && domain.trim_end_matches(['.', '-', '_']).contains('.')
    });
    address.map(|(at, _)| format!("address at {at} in {text:?}"))
}

// ---- properties ----

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases()) })]

    #[test]
    fn html_has_the_tags_of_its_author(at in 0..PLACES.len(), values in values()) {
        let (template, is_read) = PLACES[at];
        let rendered = html::render(&place(template, &values));
        let (tags, text) = html_structure(&rendered);
        let expected = html_structure(&html::render(&harmless(template))).0;
        prop_assert!(same_tags(&tags, &expected), "{} {:?} {:?}", rendered, tags, expected);
        prop_assert!(!rendered.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\t')));
        if is_read {
            prop_assert!(readable(&text).contains(&readable(&values[0])), "{:?}", rendered);
        }
    }

    #[test]
    fn markdown_has_the_structure_of_its_author(at in 0..PLACES.len(), values in values()) {
        let (template, is_read) = PLACES[at];
        let rendered = markdown::render(&place(template, &values));
        let (events, text) = markdown_structure(&rendered);
        prop_assert_eq!(&events, &markdown_structure(&harmless_markdown(template)).0, "{:?}", rendered);
        if is_read {
            prop_assert!(readable(&text).contains(&readable(&values[0])), "{:?} {:?}", rendered, text);
        }
        if !template.contains("http") {
            prop_assert_eq!(github_link(&rendered), None);
        }
    }

    #[test]
    fn text_has_no_control_characters(at in 0..PLACES.len(), values in values(), width in 1usize..100, indent in 0usize..8) {
        let placed = place(PLACES[at].0, &values);
        let plain = text::render(&placed, &TextOptions { width, indent, styled: false });
        prop_assert!(!plain.contains(|c: char| c.is_control() && c != '\n'), "{:?}", plain);
        prop_assert!(!plain.contains(['\u{202e}', '\u{2066}', '\u{200f}']), "{:?}", plain);
        let styled = text::render(&placed, &TextOptions { width, indent, styled: true });
        for sequence in styled.split('\x1b').skip(1) {
            let codes = sequence.strip_prefix('[').and_then(|rest| rest.split_once('m')).map(|(codes, _)| codes);
            let known = codes.is_some_and(|codes| codes.split(';').all(|code| ["0", "1", "3", "9", "36"].contains(&code)));
            prop_assert!(known, "{:?}", styled);
        }
        prop_assert!(!styled.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\x1b')), "{:?}", styled);
    }

    #[test]
    fn no_author_is_so_careless_that_a_value_gets_out(
        parts in prop::collection::vec(prop::sample::select(&MARKUP[..]), 1..14),
        values in values(),
    ) {
        let template = parts.concat();
        let rendered = markdown::render(&place(&template, &values));
        let expected = without_hosts(markdown_structure(&harmless_markdown(&template)).0);
        prop_assert_eq!(without_hosts(markdown_structure(&rendered).0), expected, "{:?} from {:?}", rendered, template);
        let rendered = html::render(&place(&template, &values));
        let expected = without_targets(&html_structure(&html::render(&harmless(&template))).0);
        prop_assert_eq!(without_targets(&html_structure(&rendered).0), expected, "{:?} from {:?}", rendered, template);
    }
}

/// Events without where links lead, for authors who let a value be the host.
fn without_hosts(events: Vec<String>) -> Vec<String> {
    let is_target = |event: &String| event.starts_with("link ") || event.starts_with("image ");
    events
        .into_iter()
        .map(|event| if is_target(&event) { event.split(' ').take(2).collect::<Vec<_>>().join(" ") } else { event })
        .collect()
}

/// What the author's Markdown means: the source with tokens that nothing has been done to.
fn harmless_markdown(template: &str) -> String {
    harmless(template)
}

fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(512)
}
