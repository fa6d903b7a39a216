//! Other styles for the same value: fewer quotes, texts of several lines below `|`, brackets opened that do not fit a line.
//!
//! Each function gives `None` where the style is right as it is or where it is not certain that another means the same.

use std::borrow::Cow;
use std::sync::Arc;

use crate::author::fmt::extent;
use crate::author::fmt::layout::{Block, Body, Chomping, Entry, Item, Value};
use crate::author::yaml_text;
use crate::rule::authored::AuthoredFile;
use crate::rule::yaml::{self, Node};

/// The text between quotes, if it says the same without: words, beginning with a letter. Regexes, versions and whatever another
/// reader of YAML could take for something else keep their quotes.
pub(super) fn without_quotes<'t>(lines: &[&'t str]) -> Option<&'t str> {
    let [line] = lines else { return None };
    let quote = line.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let text = line.strip_prefix(quote)?.strip_suffix(quote)?;
    let is_plain = |letter: char| letter.is_alphanumeric() || matches!(letter, ' ' | '_' | '-' | '.' | '/');
    let is_words = text.starts_with(char::is_alphabetic) && text.chars().all(is_plain) && !text.ends_with(' ');
    (is_words && yaml_text::is_plain(text)).then_some(text)
}

/// A text in double quotes with line breaks in it, as a block.
pub(super) fn as_block<'t>(lines: &[&str]) -> Option<Block<'t>> {
    let first = lines.first().filter(|first| first.starts_with('"'))?;
    if lines.len() == 1 && !first.contains("\\n") {
        return None;
    }
    let file = Arc::new(AuthoredFile::new("", format!("text: {}\n", lines.join("\n  "))));
    let Node::Map(entries) = yaml::parse(&file).ok()?.value else { return None };
    let Some((_, Node::String(text))) = entries.into_iter().next().map(|(key, value)| (key, value.value)) else {
        return None;
    };
    if !text.trim_end_matches('\n').contains('\n') && !text.ends_with('\n') {
        return None;
    }
    let (chomping, lines) = yaml_text::block_lines(&text)?;
    let chomping = match chomping {
        "-" => Chomping::Strip,
        "+" => Chomping::Keep,
        _ => Chomping::Clip,
    };
    Some(Block { style: '|', chomping, lines: lines.into_iter().map(|line| Cow::Owned(line.to_owned())).collect() })
}

/// A collection in brackets, with its members on lines of their own.
pub(super) fn opened(line: &str) -> Option<Body<'_>> {
    if line.contains('#') {
        return None;
    }
    let members = extent::members(line).filter(|members| !members.is_empty())?;
    if line.starts_with('[') {
        let items = members.into_iter().map(|member| Some(Item { leading: Vec::new(), value: member_value(member)? }));
        return items.collect::<Option<Vec<_>>>().map(|items| Body::List(items, Vec::new()));
    }
    let entries = members.into_iter().map(|member| {
        let (key, behind) = extent::key(member, 0)?;
        let rest = member.get(behind..)?.trim_matches(extent::BLANK);
        Some(Entry { leading: Vec::new(), key, value: member_value(rest)? })
    });
    entries.collect::<Option<Vec<_>>>().map(|entries| Body::Map(entries, Vec::new()))
}

fn member_value(text: &str) -> Option<Value<'_>> {
    let body = match text.chars().next() {
        None => Body::Empty,
        Some('[' | '{') => Body::Flow(vec![text]),
        Some('&' | '!' | '*' | '?') => return None,
        Some('"' | '\'') => Body::Scalar(vec![text]),
        Some(_) if extent::key(text, 0).is_some() => return None,
        Some(_) => Body::Scalar(vec![text]),
    };
    Some(Value { body, ..Value::default() })
}
