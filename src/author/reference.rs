//! The reference in Markdown: keys, tests, filters, patterns and diagnostics, written down from the tables that the code uses.
//!
//! `faultbook docs` prints it, and `docs/reference.md` keeps it. What things mean together is told in `docs/rule-language.md`, by hand.

use std::fmt::{self, Write as _};

use crate::author::schema::{FileKind, mappings};
use crate::rule::keys::{Absent, Key, Mapping, Needs, Shape};
use crate::rule::pattern_library::BuiltIn;
use crate::rule::{Code, Level, language_words};

const OPENING: &str = "\
# Reference

Every key, test, filter, pattern and diagnostic, as this version has them. `faultbook docs` prints this page; it is made of the tables that the
program itself uses. How things work together is told in [rule-language.md](rule-language.md) and [settings.md](settings.md),
which `faultbook docs rule-language` and `faultbook docs settings` print; other topics are testing, overlays, editors and json. `faultbook rules ID`
prints a rule as an example.

A *text* is any single value: numbers and booleans count as they are spelled. A *template* is Markdown with placeholders. For editors,
`faultbook schema` prints the same as a JSON Schema.

";

/// The whole page.
pub fn markdown() -> String {
    let mut page = OPENING.to_owned();
    // writing to a text does not fail
    let _ = write_sections(&mut page);
    page
}

fn write_sections(page: &mut String) -> fmt::Result {
    for (kind, heading) in FileKind::ALL.iter().zip(["Keys of rules", "Keys of faultbook.yaml", "Keys of overlays"]) {
        writeln!(page, "## {heading}\n")?;
        for mapping in mappings(kind.mapping()) {
            write_mapping(page, mapping)?;
        }
    }
    writeln!(page, "## Tests in expressions\n\nAfter `is` or `is not`.\n")?;
    write_words(page, ["test", "holds for"], language_words::tests())?;
    writeln!(page, "## Filters\n\nAfter `|`.\n")?;
    write_words(page, ["filter", "gives"], language_words::filters())?;
    write_patterns(page)?;
    writeln!(page, "## Diagnostics\n")?;
    let codes: Vec<(&str, String)> =
        Code::ALL.iter().map(|code| (code.name(), one_line(code.documentation()))).collect();
    let codes: Vec<(&str, &str)> = codes.iter().map(|(name, about)| (*name, about.as_str())).collect();
    write_words(page, ["code", "when"], &codes)?;
    page.truncate(page.trim_end().len());
    page.push('\n');
    Ok(())
}

fn write_mapping(page: &mut String, mapping: &Mapping) -> fmt::Result {
    writeln!(page, "### {}\n\n{}", mapping.name, mapping.about)?;
    match mapping.needs {
        Needs::Nothing => {}
        Needs::AnyOf(keys) => writeln!(page, "At least one of {} has to be there.", quoted(keys, "and"))?,
        Needs::OneOf(keys) => writeln!(page, "Exactly one of {} has to be there.", quoted(keys, "and"))?,
        Needs::Keys(count) => writeln!(page, "It has at least {count} key{}.", if count == 1 { "" } else { "s" })?,
    }
    if !mapping.later.is_empty() {
        writeln!(page, "Not evaluated by this version: {}.", quoted(mapping.later, "and"))?;
    }
    writeln!(page, "\n| key | value | when left out | meaning |\n|---|---|---|---|")?;
    for Key { name, shape, default, about } in mapping.keys {
        let default = match default {
            Absent::Required => "**required**".to_owned(),
            Absent::Nothing => "nothing".to_owned(),
            Absent::Value(value) => format!("`{value}`"),
            Absent::Words(words) => (*words).to_owned(),
        };
        writeln!(page, "| `{name}` | {} | {} | {} |", cell(&words(shape)), cell(&default), cell(about))?;
    }
    writeln!(page)
}

/// What may stand behind a key, in words.
pub(crate) fn words(shape: &Shape) -> String {
    match *shape {
        Shape::Text(words) | Shape::Matching(words, _) => words.to_owned(),
        Shape::Id => "id".to_owned(),
        Shape::Expression => "expression".to_owned(),
        Shape::Template => "template".to_owned(),
        Shape::Choice(choices) => quoted(choices, "or"),
        Shape::Level => format!("level: {}", quoted(Level::NAMES, "or")),
        Shape::Date => "date, such as `2024-12-31`".to_owned(),
        Shape::Boolean => "`true` or `false`".to_owned(),
        Shape::Integer => "whole number".to_owned(),
        Shape::Count(u64::MAX) => "whole number from 0".to_owned(),
        Shape::Count(most) => format!("whole number from 0 to {most}"),
        Shape::Limit(range) => range.to_string(),
        Shape::Scalar => "single value".to_owned(),
        Shape::List(Shape::Mapping(mapping)) => format!("list, each entry a [{}](#{})", mapping.name, mapping.name),
        Shape::List(item) => format!("list of {}s", words(item)),
        Shape::OneOrMore(item) => format!("{}; or a list of them", words(item)),
        Shape::Either(one, other) => format!("{}; or {}", words(one), words(other)),
        Shape::Mapping(mapping) => format!("[{}](#{})", mapping.name, mapping.name),
        Shape::Named(what, value) | Shape::NamedOrBare(what, value) => format!("mapping of {what} to {}", words(value)),
    }
}

fn write_words(page: &mut String, [word, meaning]: [&str; 2], words: &[(&str, &str)]) -> fmt::Result {
    writeln!(page, "| {word} | {meaning} |\n|---|---|")?;
    words.iter().try_for_each(|(name, about)| writeln!(page, "| `{name}` | {} |", cell(about)))?;
    writeln!(page)
}

fn write_patterns(page: &mut String) -> fmt::Result {
    writeln!(page, "## Patterns\n")?;
    writeln!(
        page,
        "In a regex, `%{{NAME}}` matches what the pattern stands for and `%{{NAME:capture}}` captures it too.\n"
    )?;
    for section in BuiltIn::all().chunk_by(|one, next| one.section == next.section) {
        writeln!(page, "### {}\n", section.first().map_or("", |pattern| pattern.section))?;
        writeln!(page, "| pattern | matches | for instance |\n|---|---|---|")?;
        for pattern in section {
            let sample = pattern.samples.iter().find(|sample| !sample.trim().is_empty());
            let sample = sample.map(|sample| code(sample.trim())).unwrap_or_default();
            writeln!(page, "| `{}` | {} | {} |", pattern.name, cell(&pattern.about), cell(&sample))?;
        }
        writeln!(page, "\n```text")?;
        section.iter().try_for_each(|pattern| writeln!(page, "{} {}", pattern.name, pattern.regex))?;
        writeln!(page, "```\n")?;
    }
    Ok(())
}

/// Words as code, with `and` or `or` before the last.
fn quoted(words: &[&str], last: &str) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match words.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [most @ .., end] => format!("{} {last} {end}", most.join(", ")),
    }
}

/// A text as code, also one with backticks.
fn code(text: &str) -> String {
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}

/// A text as it stands in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
