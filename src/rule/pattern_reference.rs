//! References to patterns inside a regex, in grok's notation: `%{NAME}` and `%{NAME:capture}`.
//!
//! [`expand`] puts what a name stands for in the place of each reference and keeps which part came from where, so that a mistake in the
//! expanded regex is marked in the regex as it was written. What names stand for is known to the
//! [library](crate::rule::pattern_library).

use std::ops::Range;

use crate::rule::diagnostic::Code;
use crate::rule::pattern::PatternError;

/// Bytes of a regex with everything that its references stand for. A line of an access log is 5 KiB; patterns that name one another
/// twice each grow beyond all bounds in a few steps.
pub(crate) const EXPANDED_LIMIT: usize = 64 << 10;

/// What begins a reference.
const OPENING: &str = "%{";

/// What a literal `%{` is written as.
const LITERAL: &str = "a literal `%{` is `%[{]`";

/// One reference. Ranges are those in the regex.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reference<'s> {
    /// From `%` to `}`.
    pub(crate) range: Range<usize>,
    pub(crate) name: &'s str,
    pub(crate) name_range: Range<usize>,
    pub(crate) capture: Option<&'s str>,
}

/// What a name stands for.
pub(crate) enum Meaning<'l> {
    /// A regex without references.
    Regex(&'l str),
    /// A pattern with a mistake of its own, which is reported at this place.
    Broken(&'l str),
    /// Nothing of this name; what to write instead.
    Unknown(Option<String>),
}

/// A regex without references, and where its parts were written.
#[derive(Debug)]
pub(crate) struct Expansion {
    pub(crate) regex: String,
    /// For each reference its place in `regex`, and the one where it was written; in order.
    places: Vec<(Range<usize>, Range<usize>)>,
}

impl Expansion {
    /// What was written where `range` of the expanded regex comes from; of what a reference stands for, the reference.
    pub(crate) fn written(&self, range: Range<usize>) -> Range<usize> {
        let before = |at: usize| self.places.iter().rev().find(move |(expanded, _)| expanded.start < at);
        let start = match self.places.iter().rev().find(|(expanded, _)| expanded.start <= range.start) {
            Some((expanded, written)) if range.start < expanded.end => written.start,
            Some((expanded, written)) => range.start - expanded.end + written.end,
            None => range.start,
        };
        let end = match before(range.end) {
            Some((expanded, written)) => range.end.saturating_sub(expanded.end) + written.end,
            None => range.end,
        };
        start..end.max(start)
    }

    /// The reference, as it was written, that all of `range` of the expanded regex comes from. `None` when it comes from several, or from
    /// what the author wrote out.
    pub(crate) fn reference(&self, range: &Range<usize>) -> Option<Range<usize>> {
        let is_around = |(expanded, _): &&(Range<usize>, _)| expanded.start <= range.start && range.end <= expanded.end;
        self.places.iter().find(is_around).map(|(_, written)| written.clone())
    }
}

/// Puts what names stand for in the place of the references to them. `None` without references; else what is wrong with any of them.
pub(crate) fn expand<'l>(
    source: &str,
    mut meaning: impl FnMut(&str) -> Meaning<'l>,
) -> Result<Option<Expansion>, Vec<PatternError>> {
    if !source.contains(OPENING) {
        return Ok(None);
    }
    let opening = if ignores_blanks(source) { "(?-x:" } else { "(?:" };
    let mut expansion = Expansion { regex: String::with_capacity(2 * source.len()), places: Vec::new() };
    let (mut faults, mut done) = (Vec::new(), 0);
    for reference in references(source) {
        let reference = match reference {
            Ok(reference) => reference,
            Err(fault) => {
                faults.push(fault);
                continue;
            }
        };
        let regex = match meaning(reference.name) {
            Meaning::Regex(regex) => regex,
            Meaning::Broken(place) => {
                let message = format!("the pattern `{}` has a mistake of its own", reference.name);
                faults.push(fault(Code::BadRegex, message, reference.name_range, format!("mend it at {place}")));
                continue;
            }
            Meaning::Unknown(help) => {
                let message = format!("there is no pattern `{}`", reference.name);
                faults.push(PatternError { code: Code::UnknownPattern, message, range: reference.name_range, help });
                continue;
            }
        };
        if expansion.regex.len() + regex.len() > EXPANDED_LIMIT {
            let message = format!("with what its patterns stand for, this regex has more than {EXPANDED_LIMIT} bytes");
            faults.push(fault(Code::BadRegex, message, reference.range, "write the part that you need".to_owned()));
            break;
        }
        let out = &mut expansion.regex;
        out.push_str(source.get(done..reference.range.start).unwrap_or_default());
        let start = out.len();
        if let Some(capture) = reference.capture {
            out.extend(["(?<", capture, ">"]);
        }
        out.extend([opening, regex, ")"]);
        if reference.capture.is_some() {
            out.push(')');
        }
        expansion.places.push((start..expansion.regex.len(), reference.range.clone()));
        done = reference.range.end;
    }
    expansion.regex.push_str(source.get(done..).unwrap_or_default());
    if faults.is_empty() { Ok(Some(expansion)) } else { Err(faults) }
}

/// The references in a regex, in order, or what is wrong with one that is not well formed.
pub(crate) fn references(source: &str) -> impl Iterator<Item = Result<Reference<'_>, PatternError>> {
    source.match_indices(OPENING).map(|(at, _)| reference(source, at))
}

/// Where a regex, as it was written, captures a name: in a group, or in a reference.
pub(crate) fn place_of_capture(source: &str, name: &str) -> Option<Range<usize>> {
    let in_group = [format!("(?<{name}>"), format!("(?P<{name}>")]
        .iter()
        .find_map(|group| Some(source.find(group)? + group.len() - name.len() - 1));
    let in_reference = || {
        references(source)
            .flatten()
            .find(|reference| reference.capture == Some(name))
            .map(|reference| reference.range.end - 1 - name.len())
    };
    in_group.or_else(in_reference).map(|at| at..at + name.len())
}

fn reference(source: &str, at: usize) -> Result<Reference<'_>, PatternError> {
    let inside = at + OPENING.len();
    let rest = source.get(inside..).unwrap_or_default();
    let is_broken_off = |c: char| c == '{' || c == '\n';
    let Some(length) = rest.find('}').filter(|&length| !rest[..length].contains(is_broken_off)) else {
        let message = "a `%{` without its `}`".to_owned();
        return Err(fault(
            Code::BadRegex,
            message,
            at..inside,
            format!("write `%{{NAME}}` or `%{{NAME:capture}}`; {LITERAL}"),
        ));
    };
    let (range, text) = (at..inside + length + 1, &rest[..length]);
    let (name, capture) = match text.split_once(':') {
        Some((name, capture)) => (name, Some(capture)),
        None => (text, None),
    };
    let name_range = inside..inside + name.len();
    if !is_name(name) {
        let message = format!("`{name}` is not the name of a pattern");
        let help = format!("write `%{{NAME}}` or `%{{NAME:capture}}`, without blanks; {LITERAL}");
        return Err(fault(Code::BadRegex, message, if name.is_empty() { range } else { name_range }, help));
    }
    if let Some(capture) = capture {
        bad_capture(name, capture, name_range.end + 1)?;
    }
    Ok(Reference { range, name, name_range, capture })
}

/// Refuses what is no name for a capture; `at` is where it stands.
fn bad_capture(name: &str, capture: &str, at: usize) -> Result<(), PatternError> {
    if let Some((capture, kind)) = capture.split_once(':').filter(|(capture, _)| is_name(capture)) {
        let message = format!("captures are texts: `:{kind}` has no meaning here");
        let help = match kind {
            "int" | "float" => format!(
                "write `%{{{name}:{capture}}}`, and `{capture}|{kind}` where a condition or text needs the number"
            ),
            _ => format!("write `%{{{name}:{capture}}}`"),
        };
        let start = at + capture.len();
        return Err(fault(Code::BadRegex, message, start..start + kind.len() + 1, help));
    }
    if is_name(capture) {
        return Ok(());
    }
    let words: Vec<&str> =
        capture.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty()).collect();
    let joined = words.join("_");
    let help = match joined.as_str() {
        possible if is_name(possible) => format!("write `%{{{name}:{possible}}}`"),
        _ => "use letters, digits and `_`, beginning with a letter".to_owned(),
    };
    let message = format!("`{capture}` cannot be the name of a capture");
    Err(fault(Code::BadName, message, at..at + capture.len(), help))
}

/// Whether a word can name a pattern, or a capture.
pub(crate) fn is_name(word: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    word.bytes().all(is_part) && word.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
}

/// Whether a regex has the flag `x` somewhere, in which blanks mean nothing. Patterns are written without it.
pub(crate) fn ignores_blanks(source: &str) -> bool {
    source.split("(?").skip(1).any(|group| {
        let flags = group.split([':', ')']).next().unwrap_or_default();
        flags.contains('x') && flags.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'-')
    })
}

fn fault(code: Code, message: String, range: Range<usize>, help: String) -> PatternError {
    PatternError { code, message, range, help: Some(help) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits(name: &str) -> Meaning<'static> {
        match name {
            "D" => Meaning::Regex("[0-9]|x"),
            "B" => Meaning::Broken("faultbook.yaml:3"),
            _ => Meaning::Unknown(Some("use `D`".to_owned())),
        }
    }

    fn expanded(source: &str) -> Expansion {
        expand(source, digits).expect("no faults").expect("references")
    }

    fn faults(source: &str) -> Vec<(Code, &str)> {
        let faults = expand(source, digits).expect_err("faults");
        faults.into_iter().map(|fault| (fault.code, &source[fault.range])).collect()
    }

    #[test]
    fn references_become_groups() {
        assert!(expand("no reference {2} % {D}", digits).expect("no faults").is_none());
        assert_eq!(expanded("a %{D} b").regex, "a (?:[0-9]|x) b");
        assert_eq!(expanded("%{D:n}%{D}").regex, "(?<n>(?:[0-9]|x))(?:[0-9]|x)");
        assert_eq!(expanded("(?i-x) %{D}").regex, "(?i-x) (?-x:[0-9]|x)", "blanks count in patterns");
    }

    #[test]
    fn places_in_the_expanded_regex_are_places_in_the_written_one() {
        let source = "ab %{D:n} cd %{D} e";
        let expansion = expanded(source);
        let written = |part: &str| {
            let at = expansion.regex.find(part).expect("there");
            &source[expansion.written(at..at + part.len())]
        };
        assert_eq!(written("ab"), "ab");
        assert_eq!(written("cd"), "cd");
        assert_eq!(written(" e"), " e");
        assert_eq!(written("<n>"), "%{D:n}");
        assert_eq!(written("b (?<"), "b %{D:n}");
        assert_eq!(written("|x) e"), "%{D} e");
        assert_eq!(written("x)) cd (?:[0-9]"), "%{D:n} cd %{D}");
        assert_eq!(expansion.written(0..expansion.regex.len()), 0..source.len());
        assert_eq!(expansion.reference(&(4..5)), Some(3..9));
        assert_eq!(expansion.reference(&(2..5)), None);
    }

    #[test]
    fn mistakes_are_marked_inside_the_reference() {
        assert_eq!(faults("a %{E} %{D} %{B:x}"), [(Code::UnknownPattern, "E"), (Code::BadRegex, "B")]);
        assert_eq!(faults("%{D:n:int}"), [(Code::BadRegex, ":int")]);
        assert_eq!(faults("%{D:[a][b]}"), [(Code::BadName, "[a][b]")]);
        assert_eq!(faults("%{D:}"), [(Code::BadName, "")]);
        assert_eq!(faults("100%{2} %{D"), [(Code::BadRegex, "2"), (Code::BadRegex, "%{")]);
        assert_eq!(faults("%{}"), [(Code::BadRegex, "%{}")]);
    }

    #[test]
    fn what_is_wrong_with_a_capture_is_said_with_what_to_write() {
        let help = |source: &str| expand(source, digits).expect_err("faults").remove(0).help.unwrap_or_default();
        assert_eq!(help("%{D:source.ip}"), "write `%{D:source_ip}`");
        assert!(help("%{D:n:int}").starts_with("write `%{D:n}`, and `n|int`"));
        assert!(help("%{D:7}").contains("beginning with a letter"));
    }

    #[test]
    fn a_regex_does_not_grow_beyond_its_limit() {
        let long = "a".repeat(EXPANDED_LIMIT / 2);
        let twice = |count: usize| expand(&"%{A}".repeat(count), |_| Meaning::Regex(&long)).map(|_| ());
        assert!(twice(1).is_ok());
        assert_eq!(twice(3).expect_err("too long").len(), 1);
    }

    #[test]
    fn captures_are_found_in_groups_and_references() {
        let place = |name| place_of_capture("(?<a>x)%{D:b}(?P<c>y)", name);
        assert_eq!((place("a"), place("b"), place("c"), place("d")), (Some(3..4), Some(11..12), Some(17..18), None));
    }
}
