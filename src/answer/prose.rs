//! Values in the running text of a Markdown document: escaped so that they start nothing, end nothing, complete nothing.
//!
//! [`write`] knows what stands before and after the value and escapes as little as is proved inert by the property
//! tests; [`write_anywhere`] knows nothing and escapes for the worst. [`write_author`] copies the author's own text and
//! puts a backslash before those of its characters that mean nothing now but would once a value follows them.
//!
//! Why each rule is there: a parser that follows CommonMark decides by the neighbours of `*`, `_` and `~` whether they
//! open or close emphasis, looks for the end of a code span or of a tag without heeding backslashes, and takes marks at
//! the start of a line for lists, headings, rules and tables. GitHub's besides makes links of `www.`, `://` and `@`.

use crate::answer::escape;
use crate::answer::inert::OPEN;

/// U+2060, word joiner: invisible, and neither white space nor punctuation, so that it counts as a letter in Markdown.
pub(crate) const JOINER: char = '\u{2060}';

/// More than the longest name of a character reference (`CounterClockwiseContourIntegral`, 31), digits and `#` included.
const LONGEST_REFERENCE: usize = 40;

/// What is known of the place a value is written to.
struct Place<'a> {
    /// Whether the line holds nothing so far but what may begin a block: markers, digits, white space.
    line_start: bool,
    /// Whether a `.` here would complete `www.`, for each number of `w` that the value itself begins with.
    w_before: usize,
    /// Whether `:` or `/` stands before, so that a leading `/` may complete `://`.
    after_colon: bool,
    /// Whether the text before may have begun a character reference such as `&lt`.
    in_reference: bool,
    /// Whether the author may have begun a link's target or title that a `)` here would end.
    in_link: bool,
    /// The source that follows; `None` when it is not known.
    after: Option<&'a str>,
}

/// Appends `value` to the document `out`; `after` is the source that follows it, tokens included.
pub(crate) fn write(out: &mut String, value: &str, after: &str) {
    let value = escape::one_line(value);
    if let Some(ampersand) = open_reference(out) {
        out.insert(ampersand, '\\');
    }
    let (Some(first), Some(last)) = (value.chars().next(), value.chars().next_back()) else {
        out.push(JOINER);
        return;
    };
    if !first.is_alphanumeric() {
        if ends_in_open_backslash(out) {
            out.push('\\');
        } else if ends_in_delimiter(out) {
            out.push(JOINER);
        }
    }
    if out.ends_with('[') && after.starts_with(']') && (value.eq_ignore_ascii_case("x") || value.trim().is_empty()) {
        // `- [x]` is a task that is done, `- [ ]` one to do.
        out.push(JOINER);
    }
    let place = Place {
        line_start: at_line_start(out),
        w_before: trailing_w(out),
        after_colon: out.ends_with([':', '/']),
        in_reference: false,
        in_link: has_open_link(out),
        after: Some(after),
    };
    let line_start = escape_into(out, &value, place);
    if begins_with_delimiter(after) {
        if !last.is_alphanumeric() {
            out.push(JOINER);
        }
    } else if (line_start && after.starts_with(['.', ')']))
        || (trailing_w(out) >= 3 && after.starts_with('.'))
        || after.starts_with("://")
    {
        // The author's mark would make a list number, or an address, of the value.
        out.push('\\');
    }
}

/// Appends `value`, escaped for running text whatever the neighbours.
pub(crate) fn write_anywhere(out: &mut String, value: &str) {
    let value = escape::one_line(value);
    if value.is_empty() {
        out.push(JOINER);
        return;
    }
    let place =
        Place { line_start: true, w_before: 3, after_colon: true, in_reference: true, in_link: false, after: None };
    escape_into(out, &value, place);
}

/// Appends `value` to a title, a label or the like, where it is escaped the same whatever the neighbours.
///
/// Except for digits where a line begins, since the author's next character may make a list of them.
pub(crate) fn write_apart(out: &mut String, value: &str) {
    let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    if is_number && at_line_start(out) {
        out.push(JOINER);
    }
    write_anywhere(out, value);
}

/// Appends text of the author, which the parser takes for plain text, so that it stays plain beside values.
///
/// `after` is the source that follows it, tokens included. `brackets`: the document defines link labels, so that `[` matters.
pub(crate) fn write_author(out: &mut String, author: &str, after: &str, brackets: bool) {
    let mut characters = author.chars().peekable();
    while let Some(character) = characters.next() {
        let wakes = match character {
            '`' => true,
            '[' | ']' => brackets,
            '<' => {
                let next = characters.peek().copied().or_else(|| after.chars().next());
                next.is_some_and(|next| next.is_ascii_alphabetic() || "/!?".contains(next) || next == OPEN)
            }
            _ => false,
        };
        if wakes && !ends_in_open_backslash(out) {
            close_link_target(out);
            out.push('\\');
        }
        out.push(character);
    }
}

/// Appends the characters of a value that is one line and not empty; tells whether the line still may begin a block.
fn escape_into(out: &mut String, value: &str, mut place: Place<'_>) -> bool {
    let characters: Vec<char> = value.chars().collect();
    let ink = |character: &char| !character.is_whitespace();
    let first_ink = characters.iter().position(ink).unwrap_or(characters.len());
    let last_ink = characters.iter().rposition(ink).unwrap_or(0);
    for (at, &character) in characters.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|before| characters.get(before));
        let next = characters.get(at + 1);
        let inside_word = before.is_some_and(|c| c.is_alphanumeric()) && next.is_some_and(|c| c.is_alphanumeric());
        let wants_backslash = match character {
            '\\' | '*' | '~' | '[' | ']' | '(' | ')' | '{' | '}' | '#' | '!' | '|' | '$' | '^' => true,
            '_' => !inside_word,
            '-' | '+' | '=' => place.line_start,
            '.' => place.line_start || place.w_before >= 3,
            ':' => place.line_start || slash_follows(next, place.after),
            '/' => at == 0 && place.after_colon,
            ';' => place.in_reference,
            _ => false,
        };
        let reference = match character {
            '<' => Some("&lt;"),
            '>' => Some("&gt;"),
            '&' => Some("&amp;"),
            '"' => Some("&quot;"),
            // Where the author left a link's title open, parsers do not agree on backslashes.
            '\'' if !inside_word => Some("&#39;"),
            ')' if place.in_link => Some("&#41;"),
            // A code span that the author left open would not heed a backslash.
            '`' => Some("&#96;"),
            // Parsers differ on whether `\\\\|` ends the cell of a table.
            '\\' if bar_follows(next, place.after) => Some("&#92;"),
            _ => None,
        };
        let is_margin = at < first_ink || at > last_ink;
        if let Some(reference) = reference {
            out.push_str(reference);
        } else if is_margin {
            // White space of any kind would be trimmed, or would turn emphasis beside it.
            out.push_str(&format!("&#{};", u32::from(character)));
        } else {
            if wants_backslash {
                out.push('\\');
            }
            out.push(character);
        }
        if character == '@' && makes_address(&characters[..at], &characters[at + 1..], place.after) {
            out.push(JOINER);
        }
        place.line_start &= reference.is_none() && !is_margin && !wants_backslash && is_block_mark(character);
        place.w_before = if character.eq_ignore_ascii_case(&'w') { place.w_before + 1 } else { 0 };
        place.in_reference &= character.is_ascii_alphanumeric();
    }
    place.line_start
}

/// Tells whether `/` follows a colon: in the value, or possibly after it.
fn slash_follows(next: Option<&char>, after: Option<&str>) -> bool {
    next.map_or_else(|| after.is_none_or(|after| after.starts_with(['/', OPEN])), |next| *next == '/')
}

/// Tells whether `|` follows a backslash: in the value, or possibly after it.
fn bar_follows(next: Option<&char>, after: Option<&str>) -> bool {
    next.map_or_else(|| after.is_none_or(|after| after.starts_with(['|', OPEN])), |next| *next == '|')
}

/// Tells whether GitHub would read an e-mail address or the mention of a person around an `@`.
fn makes_address(before: &[char], behind: &[char], after: Option<&str>) -> bool {
    let Some(next) = behind.first() else {
        return after.is_none_or(|after| after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == OPEN));
    };
    let is_mention = before.last().is_some_and(|c| !(c.is_ascii_alphanumeric() || ".+-_".contains(*c)));
    let mut domain = behind.iter().take_while(|c| c.is_ascii_alphanumeric() || "-_.".contains(**c));
    let reaches_end = domain.clone().count() == behind.len();
    let continues = reaches_end && after.is_none_or(|after| after.starts_with(['.', '-', '_', OPEN]));
    let begins = next.is_ascii_alphanumeric() || "-_.".contains(*next);
    begins && (is_mention || before.is_empty() || continues || domain.any(|c| *c == '.'))
}

/// Tells whether a character may stand before or in the mark that makes a line a list item, a rule, a table's second line.
fn is_block_mark(character: char) -> bool {
    character.is_ascii_digit() || " \t>*+-=.):|".contains(character)
}

/// Tells whether the last line of `out` may still become the beginning of a block.
pub(crate) fn at_line_start(out: &str) -> bool {
    out.chars().rev().take_while(|c| *c != '\n').all(is_block_mark)
}

/// Makes text of `](` or `]:` at the end of `out`, behind which a `<` has failed to begin a target but `\\<` would.
fn close_link_target(out: &mut String) {
    let before = out.trim_end();
    if before.ends_with("](") || before.ends_with("]:") {
        out.insert(before.len() - 1, '\\');
    }
}

/// Tells whether the last paragraph of `out` holds the beginning of a link's target, ended or not.
fn has_open_link(out: &str) -> bool {
    let paragraph = out.rsplit("\n\n").next().unwrap_or(out);
    paragraph.contains("](") || paragraph.contains("]:")
}

/// Counts the `w` or `W` that `out` ends with, up to three.
fn trailing_w(out: &str) -> usize {
    out.bytes().rev().take(3).take_while(|byte| byte.eq_ignore_ascii_case(&b'w')).count()
}

/// Tells whether `out` ends with a backslash that would take the next punctuation character for its own.
fn ends_in_open_backslash(out: &str) -> bool {
    out.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1
}

/// Tells whether `out` ends with emphasis marks whose meaning depends on what follows.
///
/// It does not where white space stands before them: there they open, be it before a letter or before punctuation.
fn ends_in_delimiter(out: &str) -> bool {
    let Some(mark) = out.chars().next_back().filter(is_delimiter) else {
        return false;
    };
    out.trim_end_matches(mark).chars().next_back().is_some_and(|c| !c.is_whitespace())
}

/// Tells whether `after` begins with emphasis marks whose meaning depends on what stands before them.
fn begins_with_delimiter(after: &str) -> bool {
    let Some(mark) = after.chars().next().filter(is_delimiter) else {
        return false;
    };
    after.trim_start_matches(mark).chars().next().is_some_and(|c| !c.is_whitespace())
}

/// Tells whether a character is one that emphasis or strikethrough is made of.
fn is_delimiter(character: &char) -> bool {
    matches!(character, '*' | '_' | '~')
}

/// Finds the `&` at the end of `out` that letters and a `;` would make a character reference of.
fn open_reference(out: &str) -> Option<usize> {
    let (at, last) =
        out.char_indices().rev().take(LONGEST_REFERENCE).find(|(_, c)| !(c.is_ascii_alphanumeric() || *c == '#'))?;
    (last == '&' && !ends_in_open_backslash(&out[..at])).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(before: &str, value: &str, after: &str) -> String {
        let mut out = before.to_owned();
        write(&mut out, value, after);
        out.push_str(after);
        out
    }

    #[test]
    fn what_means_nothing_stays_readable() {
        assert_eq!(between("on ", "db_1.example-x, 10.0.0.1:80", "\n"), "on db_1.example-x, 10.0.0.1:80\n");
        assert_eq!(between("**", "/var/log/it's", "**"), "**/var/log/it's**");
    }

    #[test]
    fn marks_at_the_start_of_a_line_are_broken() {
        assert_eq!(between("", "1. a", ""), "1\\. a");
        assert_eq!(between("> 1", "2", ". a"), "> 12\\. a");
        assert_eq!(between("a\n", "---", ""), "a\n\\---");
        assert_eq!(between("", "# a", ""), "\\# a");
        assert_eq!(between("- [", "x", "] a"), "- [\u{2060}x] a");
    }

    #[test]
    fn emphasis_inside_a_word_keeps_its_sides() {
        assert_eq!(between("a**", "(b)", "**c"), "a**\u{2060}\\(b\\)\u{2060}**c");
        assert_eq!(between("a **", "(b)", "** c"), "a **\\(b\\)** c");
    }

    #[test]
    fn nothing_of_the_author_is_completed() {
        assert_eq!(between("C:\\", "*", ""), "C:\\\\\\*");
        assert_eq!(between("a &", "lt", ";"), "a \\&lt;");
        assert_eq!(between("see ", "www", ".a.example"), "see www\\.a.example");
        let mut out = String::new();
        write_author(&mut out, "a `b <c d < e \\<", "f", false);
        assert_eq!(out, "a \\`b \\<c d < e \\<");
        let mut out = String::new();
        write_author(&mut out, "[a](<b c", "d", false);
        assert_eq!(out, "[a]\\(\\<b c");
    }

    #[test]
    fn addresses_do_not_become_links() {
        assert_eq!(between("see ", "http://a.example", ""), "see http\\://a.example");
        assert_eq!(between("by ", "a@b.example", ""), "by a@\u{2060}b.example");
        assert_eq!(between("by ", "root@db1", " at"), "by root@db1 at");
        assert_eq!(between("by ", "www.a.example", ""), "by www\\.a.example");
    }

    #[test]
    fn nothing_but_space_is_still_there() {
        assert_eq!(between("a ", "", " b"), "a \u{2060} b");
        assert_eq!(between("a ", " \n", "\n"), "a &#32;&#32;\n");
    }
}
