//! Texts as YAML scalars: plain where that is certain, in quotes where it must be, below `|` where they have lines.
//!
//! For writing rule files. What is written here is read back by [`crate::rule::yaml`] as the same text.

use crate::rule::yaml::{self, Node};

/// Words that some reader of YAML takes for something else than a text.
const WORDS: [&str; 12] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf", "infinity"];

/// Whether a text that begins with a letter and has no sign with a meaning is read as itself without quotes.
pub(crate) fn is_plain(text: &str) -> bool {
    let begins = text.starts_with(|first: char| first.is_alphanumeric() || matches!(first, '/' | '_' | '('));
    let has_meaning =
        text.contains(": ") || text.contains(" #") || text.ends_with([':', ' ']) || text.contains(unprintable);
    let is_word = WORDS.iter().any(|word| text.eq_ignore_ascii_case(word));
    begins && !has_meaning && !is_word && yaml::resolve(text) == Some(Node::String(text.to_owned()))
}

/// Characters that may not stand in YAML as they are, or that end a line in it.
fn unprintable(letter: char) -> bool {
    matches!(letter, '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// A text as a scalar on one line.
pub(crate) fn scalar(text: &str) -> String {
    if text.contains(unprintable) {
        return double_quoted(text);
    }
    if is_plain(text) && !text.contains(['[', ']', '{', '}', '\'', '"', '\\']) {
        text.to_owned()
    } else {
        single_quoted(text)
    }
}

/// A text in single quotes; it has one line and nothing that cannot be printed.
pub(crate) fn single_quoted(text: &str) -> String {
    if text.contains(unprintable) { double_quoted(text) } else { format!("'{}'", text.replace('\'', "''")) }
}

/// A text in double quotes, with whatever cannot be printed as an escape.
pub(crate) fn double_quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    text.chars().for_each(|letter| escaped(letter, &mut quoted));
    quoted.push('"');
    quoted
}

fn escaped(letter: char, out: &mut String) {
    match letter {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        _ if !unprintable(letter) => out.push(letter),
        _ if (letter as u32) < 0x100 => out.push_str(&format!("\\x{:02x}", letter as u32)),
        _ => out.push_str(&format!("\\u{:04x}", letter as u32)),
    }
}

/// The lines of a text for a block below `|`, and what stands behind the `|`; `None` if a block cannot hold it.
pub(crate) fn block_lines(text: &str) -> Option<(&'static str, Vec<&str>)> {
    let has_text = text.chars().any(|letter| !matches!(letter, '\n' | ' ' | '\t'));
    if !has_text || text.contains(|letter| unprintable(letter) && letter != '\n' && letter != '\t') {
        return None;
    }
    let body = text.trim_end_matches('\n');
    let breaks = text.len() - body.len();
    let lines: Vec<&str> = body.split('\n').collect();
    // lines of nothing but blanks at an end are taken for indentation by some readers
    let is_blank = |line: &&str| !line.is_empty() && line.trim_matches([' ', '\t']).is_empty();
    let leading = lines.iter().take_while(|line| line.trim_matches([' ', '\t']).is_empty());
    if lines.last().is_some_and(is_blank) || leading.clone().any(|line| !line.is_empty()) {
        return None;
    }
    match breaks {
        0 => Some(("-", lines)),
        1 => Some(("", lines)),
        _ => {
            let further = std::iter::repeat_n("", breaks - 1);
            Some(("+", lines.into_iter().chain(further).collect()))
        }
    }
}

/// A text as the value of a key: from the space behind the colon to the line break behind the last line. `indent` is the column
/// of the key.
pub(crate) fn value(text: &str, indent: usize) -> String {
    if !text.contains('\n') {
        return format!(" {}\n", scalar(text));
    }
    let Some((chomping, lines)) = block_lines(text) else {
        return format!(" {}\n", double_quoted_lines(text, indent + 2));
    };
    let begins_blank = lines.iter().find(|line| !line.is_empty()).is_some_and(|line| line.starts_with([' ', '\t']));
    let mut value = format!(" |{}{chomping}\n", if begins_blank { "2" } else { "" });
    for line in lines {
        if !line.is_empty() {
            value.extend(std::iter::repeat_n(' ', indent + 2));
            value.push_str(line);
        }
        value.push('\n');
    }
    value
}

/// A text in double quotes, a line of it on each line.
fn double_quoted_lines(text: &str, indent: usize) -> String {
    let mut quoted = String::from("\"");
    for (number, line) in text.split_inclusive('\n').enumerate() {
        if number > 0 {
            quoted.push_str("\\\n");
            quoted.extend(std::iter::repeat_n(' ', indent));
            // the space at the beginning of a line would be taken for indentation
            quoted.push_str(if line.starts_with(' ') { "\\" } else { "" });
        }
        line.chars().for_each(|letter| escaped(letter, &mut quoted));
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::rule::authored::AuthoredFile;

    fn reads_back(text: &str) {
        for written in [format!("a:\n  text:{}", value(text, 2)), format!("a:\n  text: {}\n", double_quoted(text))] {
            let file = Arc::new(AuthoredFile::new("x.yaml", format!("{written}b: c\n")));
            let root = yaml::parse(&file).unwrap_or_else(|error| panic!("{error:?}\n{written}"));
            let Node::Map(entries) = root.value else { panic!("a mapping") };
            let Node::Map(inner) = &entries[0].1.value else { panic!("a mapping") };
            assert_eq!(inner[0].1.value.scalar().as_deref(), Some(text), "{written:?}");
            assert_eq!(entries.len(), 2, "{written}");
        }
    }

    #[test]
    fn hostile_texts_read_back_as_they_were() {
        for text in [
            "a\r\nb\r\n",
            "  a\nb",
            "\n\n a\n",
            "a\n\n\n",
            "a \n b\t\n",
            "\ta\nb\n",
            "- a\n# b\n",
            "--- \n...\n",
            "a\n  \n",
            "yes",
            "null",
            "~",
            "5.10",
            "a: b",
            "a #b",
            "'",
            "\"",
            "\\",
            "%",
            "@a",
            "[a]",
            "{{ a }}",
            "\u{feff}a",
            "\u{85}\n\u{7}",
            " a",
            "a ",
            "\u{2028}\n",
            "a\r\n  b\r\n\r\n",
            "-",
            "?",
            ": ",
            "\u{10ffff}",
            "x\n \n",
        ] {
            reads_back(text);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(600) })]

        #[test]
        fn any_text_reads_back(text in "([ a:#'\"\\\\\\-\\n\\r\\t{}\\[\\]|>&*!%@`,?0-9~é\\x00\\x1b\\x7f\\u{85}\\u{2028}\\u{feff}]|yes|null|\\PC){1,20}") {
            reads_back(&text);
        }
    }
}
