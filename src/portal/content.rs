//! What of a rule is an article for its readers, and what changed in it.
//!
//! [`Content::of`] takes what readers see as its author wrote it: how the file is laid out, tests, signatures and dates are no part of it, so
//! that neither a formatter nor a review without a change is news; nor is another version of Faultbook that renders it otherwise. The
//! hash tells contents apart, the text is for people. Who is told of a change is decided in `history`.

use sha2::{Digest, Sha256};
use similar::{ChangeTag, TextDiff};

use crate::portal::statistics::hexadecimal;
use crate::rule::text::Text;
use crate::rule::{Environment, Faultbook, Rule};

/// Lines of a change that are shown.
pub const DIFF_LINES: usize = 40;
/// Characters of such a line.
pub const DIFF_LINE: usize = 300;

/// What readers see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// SHA-256 of all of it, in hexadecimal.
    pub hash: String,
    /// All of it as plain lines.
    pub text: String,
}

impl Content {
    /// The content of a rule's article.
    pub fn of(faultbook: &Faultbook, rule: &Rule) -> Self {
        let parts = parts(faultbook, rule);
        let mut digest = Sha256::new();
        for (heading, body) in &parts {
            // with their lengths: what moves from one part to the next is a change
            for text in [heading, body] {
                digest.update((text.len() as u64).to_be_bytes());
                digest.update(text);
            }
        }
        Self { hash: hexadecimal(&digest.finalize()), text: told(&parts) }
    }
}

/// Headings and what stands below them, in the order of the article.
fn parts(faultbook: &Faultbook, rule: &Rule) -> Vec<(String, String)> {
    let mut parts = vec![
        ("Title".to_owned(), rule.title.trim().to_owned()),
        ("Severity".to_owned(), rule.severity.name().to_owned()),
        ("State".to_owned(), rule.state.name().to_owned()),
    ];
    let mut add = |heading: &str, body: String| {
        if !body.is_empty() {
            parts.push((heading.to_owned(), body));
        }
    };
    add("Applies to", rule.environment.iter().map(product).collect::<Vec<_>>().join(", "));
    let mut tags = rule.tags.clone();
    tags.sort_unstable();
    add("Tags", tags.join(", "));
    let text = |text: &Option<Text>| text.as_ref().map(written).unwrap_or_default();
    add("Symptoms", text(&rule.symptoms));
    add("Cause", text(&rule.cause));
    for branch in &rule.resolution {
        let condition = branch.when.as_ref().map_or(String::new(), |when| format!(" (if {})", when.source().trim()));
        let title = match branch.title.trim() {
            "" => format!("Resolution{condition}"),
            title => format!("Resolution: {title}{condition}"),
        };
        add(&title, written(&branch.text));
    }
    add("Prevention", text(&rule.prevention));
    let link = |link: &crate::rule::Link| match &link.url {
        Some(url) => format!("{} {url}", link.title.trim()),
        None => link.title.trim().to_owned(),
    };
    add("Links", rule.links.iter().map(link).collect::<Vec<_>>().join("\n"));
    add("Related", faultbook.related(rule).map(|(id, _)| id).collect::<Vec<_>>().join(", "));
    parts
}

fn product(entry: &Environment) -> String {
    match &entry.version {
        Some(version) => format!("{} {version}", entry.product),
        None => entry.product.clone(),
    }
}

/// A text as written, with the files that it takes in, without what nobody sees: blanks at the ends of lines and of the text.
fn written(text: &Text) -> String {
    let lines = |source: &str| source.trim().lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    text.sources().map(lines).collect::<Vec<_>>().join("\n\n")
}

/// The parts as one text: short ones in one line, the title alone.
fn told(parts: &[(String, String)]) -> String {
    let mut text = String::new();
    for (heading, body) in parts {
        let body = placeholders(body);
        match heading.as_str() {
            "Title" => text.push_str(&body),
            "Severity" | "State" | "Applies to" | "Tags" | "Related" => text.push_str(&format!("{heading}: {body}")),
            _ => text.push_str(&format!("\n{heading}\n{body}")),
        }
        text.push('\n');
    }
    text
}

/// What a log would say stands as `<name>`, as in articles without a case; other tags are for the engine and are left out.
fn placeholders(text: &str) -> String {
    let mut told = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(brace) = rest.find('{') {
        let (before, tag) = rest.split_at(brace);
        let pair = [("{{", "}}"), ("{%", "%}"), ("{#", "#}")].into_iter().find(|(open, _)| tag.starts_with(open));
        let inner = pair.and_then(|(open, close)| Some((open, tag.strip_prefix(open)?.split_once(close)?)));
        told.push_str(before);
        rest = match inner {
            Some((open, (inner, rest))) => {
                if open == "{{" {
                    told.push_str(&format!("<{}>", inner.trim_matches([' ', '-', '+'])));
                }
                rest
            }
            None => {
                told.push('{');
                tag.get(1..).unwrap_or_default()
            }
        };
    }
    told + rest
}

/// One line of a change.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct ChangedLine {
    /// Whether it is new; else it is gone.
    pub added: bool,
    /// The line.
    pub text: String,
}

/// What a change is, as far as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Changes {
    /// The lines, in the order of the article; empty ones are left out.
    pub lines: Vec<ChangedLine>,
    /// How many more there are.
    pub more: usize,
}

impl Changes {
    /// What is different between two texts.
    pub fn between(before: &str, now: &str) -> Self {
        let diff = TextDiff::from_lines(before, now);
        let mut lines = Vec::new();
        for change in diff.iter_all_changes() {
            let text = change.value().trim_end();
            if change.tag() != ChangeTag::Equal && !text.is_empty() {
                lines.push(ChangedLine { added: change.tag() == ChangeTag::Insert, text: shortened(text) });
            }
        }
        let more = lines.len().saturating_sub(DIFF_LINES);
        lines.truncate(DIFF_LINES);
        Self { lines, more }
    }
}

fn shortened(line: &str) -> String {
    match line.char_indices().nth(DIFF_LINE) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::Faultbook;
    use crate::rule::templates::Templates;

    const RULE: &str = "id: DISK\ntitle: The disk is full\nseverity: critical\naudience: public\ntags: [b, a]\nsignatures:\n  full:\n    regex: 'disk (?<disk>\\w+) is full'\n\
        cause: Nothing is left on {{ disk }}.\nresolution:\n  - title: Delete\n    text: |\n      Delete files.\ntests:\n  - { name: full, text: disk sda is full, expect: {} }\n  - { name: none, text: disk sda is fine, expect: nothing }\n";

    fn content(rule: &str) -> Content {
        let book = Faultbook::from_texts(vec![("a.yaml".to_owned(), rule.to_owned())], Templates::default());
        assert!(!book.has_errors(), "{:?}", book.diagnostics());
        Content::of(&book, &book.rules()[0])
    }

    #[test]
    fn how_a_file_is_laid_out_is_no_content() {
        let plain = content(RULE);
        let reordered =
            RULE.replace("severity: critical\naudience: public\n", "audience: 'public'\nseverity: \"critical\"\n");
        for same in [
            reordered,
            RULE.replace("cause: Nothing is left on {{ disk }}.", "cause: >\n  Nothing is left\n  on {{ disk }}.\n"),
            RULE.replace("    text: |\n      Delete files.\n", "    text: Delete files.\n"),
            RULE.replace("tags: [b, a]", "tags:\n  - a\n  - b"),
            RULE.replace("disk sda is fine", "disk sdb is fine"),
            RULE.replace("title: The disk", "# said by somebody\nreviewed: 2024-01-01\ntitle: The disk"),
        ] {
            assert_ne!(same, RULE);
            assert_eq!(content(&same), plain, "{same}");
        }
    }

    #[test]
    fn a_word_is() {
        let plain = content(RULE);
        for (from, to) in [
            ("disk is full\n", "disk is very full\n"),
            ("critical", "error"),
            ("Nothing is left", "No byte is left"),
            ("Delete files.", "Delete old files."),
            ("title: Delete", "title: Remove"),
            ("tags: [b, a]", "tags: [b]"),
            ("audience: public", "audience: public\nstate: archived"),
            ("audience: public", "audience: public\nenvironment: [{ product: vault }]"),
            ("audience: public", "audience: public\nlinks: [{ title: Manual }]"),
        ] {
            let other = content(&RULE.replacen(from, to, 1));
            assert_ne!(other.hash, plain.hash, "{to}");
            assert_ne!(other.text, plain.text, "{to}");
        }
    }

    #[test]
    fn readers_see_no_template() {
        assert!(content(RULE).text.contains("Nothing is left on <disk>."));
        assert_eq!(placeholders("{% if a %}x{% endif %} {{- b }} {c} {{ open"), "x <b> {c} {{ open");
    }

    #[test]
    fn a_change_is_told_in_few_lines() {
        let changes = Changes::between("a\nb\n\nc\n", "a\nB\nc\nd\n");
        let told: Vec<_> = changes.lines.iter().map(|line| (line.added, line.text.as_str())).collect();
        assert_eq!(told, [(false, "b"), (true, "B"), (true, "d")]);
        let long = Changes::between("", &format!("{}\n", "é".repeat(1000)).repeat(100));
        assert_eq!((long.lines.len(), long.more), (DIFF_LINES, 60));
        assert_eq!(long.lines[0].text.chars().count(), DIFF_LINE + 1);
    }
}
