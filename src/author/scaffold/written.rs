//! A divided message as a regex: literals escaped, each value whatever has its form.

use crate::author::scaffold::generalise::Piece;

/// What a value may be elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Anything up to this quote.
    UpTo(char),
    /// Other digits in the same places; of a number with a point the part behind it may be missing.
    Digits,
    /// A length of time of several units, such as `1m30s`.
    Span,
    /// A number with a unit of bytes, which may be another.
    Size,
    /// Other hexadecimal digits.
    Hex,
    /// A word without white space.
    Word,
    /// Whatever is left of the line.
    Rest,
}

/// The regex of a message.
pub(super) fn regex(pieces: &[Piece]) -> String {
    let mut regex = String::new();
    for (number, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Literal(text) => escape(text, &mut regex),
            Piece::Value { text, form, name, .. } => {
                let next = match pieces.get(number + 1) {
                    Some(Piece::Literal(next)) => next.chars().next(),
                    _ => None,
                };
                let form = written(*form, text, next);
                match name {
                    Some(name) => regex.push_str(&format!("(?<{name}>{form})")),
                    None => regex.push_str(&form),
                }
            }
        }
    }
    regex
}

fn written(form: Form, text: &str, next: Option<char>) -> String {
    match form {
        Form::UpTo(quote) => format!("[^{quote}]+"),
        Form::Hex if text.len() == 36 && text.contains('-') => "[0-9a-fA-F-]{36}".to_owned(),
        Form::Hex if text.contains('-') => "[0-9a-fA-F-]+".to_owned(),
        Form::Hex if text.contains(':') && text.contains('.') => "[0-9a-fA-F:.]+".to_owned(),
        Form::Hex if text.contains(':') => "[0-9a-fA-F:]+".to_owned(),
        Form::Hex => "[0-9a-fA-F]+".to_owned(),
        Form::Digits => digits(text),
        Form::Span => "[0-9.hmnsu]+".to_owned(),
        Form::Size => "[0-9.]+ ?[kKMGTPmgt]?i?[bB]".to_owned(),
        Form::Rest => "\\S[^\\r\\n]*".to_owned(),
        Form::Word => match next {
            // a full stop may be in the value too
            Some(next) if next.is_ascii_punctuation() && next != '.' && !text.contains(next) => {
                let escape = if matches!(next, '\\' | ']' | '[' | '^' | '-' | '&' | '~') { "\\" } else { "" };
                format!("[^\\s{escape}{next}]+")
            }
            _ => "\\S+".to_owned(),
        },
    }
}

/// Each run of digits may be another.
fn digits(text: &str) -> String {
    let runs: Vec<&str> = text.split('.').collect();
    let is_number = |text: &str| !text.is_empty() && text.chars().all(|letter| letter.is_ascii_digit());
    let unsigned = |text: &'_ str| text.trim_start_matches('-').to_owned();
    if let [whole, part] = runs.as_slice()
        && is_number(&unsigned(whole))
        && is_number(part)
    {
        return format!("{}\\d+(?:\\.\\d+)?", if whole.starts_with('-') { "-?" } else { "" });
    }
    let mut regex = String::new();
    let mut was_digit = false;
    for letter in text.chars() {
        let is_digit = letter.is_ascii_digit();
        match letter {
            _ if is_digit && was_digit => {}
            _ if is_digit => regex.push_str("\\d+"),
            '-' if regex.is_empty() => regex.push_str("-?"),
            _ => escape(&letter.to_string(), &mut regex),
        }
        was_digit = is_digit;
    }
    regex
}

/// Adds a text as it is; white space may be more or other white space, except a single space.
pub(super) fn escape(text: &str, regex: &mut String) {
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter.is_whitespace() {
            let (mut is_single, mut is_ascii) = (letter == ' ', letter.is_ascii());
            while let Some(next) = letters.next_if(|next| next.is_whitespace()) {
                is_single = false;
                is_ascii &= next.is_ascii();
            }
            // `\s` is ASCII; other white space is something else in the tidy reading
            regex.push_str(match (is_single, is_ascii) {
                (true, _) => " ",
                (false, true) => "\\s+",
                (false, false) => "(?s:.+?)",
            });
        } else if letter.is_control()
            || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
        {
            regex.push_str(&format!("\\x{{{:x}}}", letter as u32));
        } else {
            if "\\.+*?()|[]{}^$".contains(letter) {
                regex.push('\\');
            }
            regex.push(letter);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_may_have_no_part_behind_the_point() {
        for (text, wanted) in
            [("12", r"\d+"), ("-3.5", r"-?\d+(?:\.\d+)?"), ("10.0.0.1", r"\d+\.\d+\.\d+\.\d+"), ("8:112", r"\d+:\d+")]
        {
            assert_eq!(digits(text), wanted);
        }
    }
}
