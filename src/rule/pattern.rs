//! Regular expressions of signatures: checked when loaded, compiled when first needed.
//!
//! Patterns are those of the `regex` crate over bytes with ASCII `\d \w \s \b`; `(?u)` opts into Unicode; `^` and `$` match
//! at line borders inside a record. Parsing is cheap and tells every mistake with its place; compiling is dear and waits
//! for the first candidate record. References to the pattern library (`%{IP:client}`) are replaced before a pattern is parsed, and what is
//! wrong is marked in the pattern as it was written. Which literals a pattern needs is worked out in [`required`](crate::rule::required) from what
//! `Pattern::parsed` gives beside the pattern, so that nobody has to parse again.

use std::ops::Range;
use std::sync::OnceLock;

use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::hir::{Hir, HirKind};

use crate::rule::diagnostic::Code;
use crate::rule::pattern_common;
use crate::rule::pattern_library::PatternLibrary;
use crate::rule::pattern_reference::{Expansion, ignores_blanks};

/// Patterns whose estimated automaton is larger than this are compiled when loaded, to find out whether they may be: the
/// `regex` crate refuses automata over 10 MiB, at some 40 bytes a state.
const SURELY_COMPILES: usize = 50_000;

/// Nesting of groups beyond which a pattern is refused; the limit keeps the parser's stack small.
pub(crate) const NEST_LIMIT: u32 = 100;

/// A regular expression that is known to parse and compile.
#[derive(Debug)]
pub struct Pattern {
    source: String,
    /// The same without references to the pattern library; `None` without any.
    expanded: Option<Box<str>>,
    captures: Vec<String>,
    compiled: OnceLock<Option<Regex>>,
}

/// Why a pattern was refused, with the place inside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatternError {
    /// The diagnostic's code.
    pub code: Code,
    /// One sentence.
    pub message: String,
    /// Byte range in the pattern.
    pub range: Range<usize>,
    /// What to write instead.
    pub help: Option<String>,
}

/// A copy has to be compiled anew: it is made to try a pattern without keeping what that takes.
impl Clone for Pattern {
    fn clone(&self) -> Self {
        let Self { source, expanded, captures, compiled: _ } = self;
        Self {
            source: source.clone(),
            expanded: expanded.clone(),
            captures: captures.clone(),
            compiled: OnceLock::new(),
        }
    }
}

/// Patterns are equal that are written alike.
impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for Pattern {}

impl Pattern {
    /// Checks a pattern, which may refer to the built-in patterns; the error says what is wrong where, of several things the first.
    pub fn new(source: &str) -> Result<Self, PatternError> {
        let parsed = Self::parsed(source, PatternLibrary::built_in());
        parsed.map(|(pattern, _)| pattern).map_err(|mut errors| errors.swap_remove(0))
    }

    /// Checks a pattern and gives its parsed form as well, which would cost more memory to keep than all the rest. There is at least one
    /// error if there is any.
    pub(crate) fn parsed(source: &str, library: &PatternLibrary) -> Result<(Self, Hir), Vec<PatternError>> {
        let expansion = library.expand(source)?;
        let hir = parse_written(source, expansion.as_ref()).map_err(|error| vec![error])?;
        let fault = |code, message: &str, help: &str| {
            let (message, help) = (message.to_owned(), Some(help.to_owned()));
            Err(vec![PatternError { code, message, range: 0..source.len(), help }])
        };
        match hir.properties().minimum_len() {
            None => {
                let message = "this regex can never match";
                return fault(Code::NeverMatches, message, "remove the part that excludes everything");
            }
            Some(0) => {
                let message = "this regex matches the empty string, and so every record";
                return fault(Code::EmptyMatch, message, "require at least one character, as in `.+`");
            }
            Some(_) => {}
        }
        let expanded = expansion.map(|expansion| expansion.regex.into_boxed_str());
        let captures = capture_names(&hir);
        let pattern = Self { source: source.to_owned(), expanded, captures, compiled: OnceLock::new() };
        if states(&hir) > SURELY_COMPILES && pattern.regex().is_none() {
            return fault(Code::BadRegex, "this regex is too large to compile", "use smaller repetition counts");
        }
        Ok((pattern, hir))
    }

    /// A pattern and its parsed form. For the fuzz targets.
    #[cfg(fuzzing)]
    pub fn with_form(source: &str) -> Option<(Self, Hir)> {
        Self::parsed(source, PatternLibrary::built_in()).ok()
    }

    /// The parsed form by both ways to parse it, if the quick one takes it. For the fuzz targets.
    #[cfg(fuzzing)]
    pub fn both_ways(source: &str) -> Option<(Hir, Option<Hir>)> {
        pattern_common::parse(source).map(|quick| (quick, parse_by_library(source).ok()))
    }

    /// The pattern as written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The pattern as it is compiled: without references to the pattern library.
    pub fn expanded(&self) -> &str {
        self.expanded.as_deref().unwrap_or(&self.source)
    }

    /// The names of its captures in the order written.
    pub fn captures(&self) -> &[String] {
        &self.captures
    }

    /// The compiled regex, which takes some 100 KB with what it keeps to search faster; compiles on first use. `None` only for patterns that [`Pattern::new`] refuses.
    pub fn regex(&self) -> Option<&Regex> {
        self.compiled
            .get_or_init(|| RegexBuilder::new(self.expanded()).unicode(false).multi_line(true).build().ok())
            .as_ref()
    }
}

/// Parses a pattern.
pub(crate) fn parse(source: &str) -> Result<Hir, Box<regex_syntax::Error>> {
    pattern_common::parse(source).map_or_else(|| parse_by_library(source), Ok)
}

/// Parses any pattern, some five times slower than `pattern_common` what that knows.
pub(crate) fn parse_by_library(source: &str) -> Result<Hir, Box<regex_syntax::Error>> {
    regex_syntax::ParserBuilder::new()
        .unicode(false)
        .utf8(false)
        .multi_line(true)
        .nest_limit(NEST_LIMIT)
        .build()
        .parse(source)
        .map_err(Box::new)
}

/// Parses a pattern that was written with references, if there is an expansion; the error says where in the written one.
fn parse_written(source: &str, expansion: Option<&Expansion>) -> Result<Hir, PatternError> {
    let Some(expansion) = expansion else {
        return parse(source).map_err(|error| explain(&error));
    };
    parse(&expansion.regex).map_err(|error| {
        let error = explain(&error);
        let in_reference = expansion.reference(&error.range).and_then(|written| source.get(written));
        let help = match (error.code, in_reference) {
            (Code::DuplicateCapture, Some(reference)) => Some(format!(
                "`{reference}` captures what something before it captures; give each capture a name of its own"
            )),
            _ => error.help,
        };
        PatternError { range: expansion.written(error.range), help, ..error }
    })
}

/// What is wrong with a pattern that becomes a part of others, and so may match the empty string.
pub(crate) fn fault_in_part(source: &str, expansion: Option<&Expansion>) -> Option<PatternError> {
    let hir = match parse_written(source, expansion) {
        Ok(hir) => hir,
        Err(error) => return Some(error),
    };
    let whole = |code, message: &str, help: &str| {
        let (message, help) = (message.to_owned(), Some(help.to_owned()));
        Some(PatternError { code, message, range: 0..source.len(), help })
    };
    let expanded = expansion.map_or(source, |expansion| &expansion.regex);
    if hir.properties().minimum_len().is_none() {
        return whole(Code::NeverMatches, "this regex can never match", "remove the part that excludes everything");
    }
    // with the flag `x` a comment may be open at the end
    if ignores_blanks(expanded) && parse_by_library(&format!("(?:{expanded})")).is_err() {
        return whole(Code::BadRegex, "the comment at the end of this regex is open", "end it with a line break");
    }
    None
}

fn explain(error: &regex_syntax::Error) -> PatternError {
    use regex_syntax::ast::ErrorKind;
    let whole = |error: &regex_syntax::Error| PatternError {
        code: Code::BadRegex,
        message: format!("this regex is not valid: {error}"),
        range: 0..0,
        help: None,
    };
    match error {
        regex_syntax::Error::Parse(error) => {
            let span = error.span();
            let (code, help) = match error.kind() {
                ErrorKind::GroupNameDuplicate { .. } => {
                    (Code::DuplicateCapture, Some("give each capture a name of its own".to_owned()))
                }
                ErrorKind::UnsupportedLookAround => {
                    let help = "there is no look-around; a signature tests with `none:` what must not be there";
                    (Code::BadRegex, Some(help.to_owned()))
                }
                ErrorKind::UnsupportedBackreference => (
                    Code::BadRegex,
                    Some(
                        "there are no backreferences; a rule can capture both and compare them in its condition"
                            .to_owned(),
                    ),
                ),
                ErrorKind::GroupUnclosed => {
                    (Code::BadRegex, Some("close the group, or write `\\(` for the character".to_owned()))
                }
                ErrorKind::GroupUnopened => (Code::BadRegex, Some("write `\\)` for the character".to_owned())),
                ErrorKind::ClassUnclosed => {
                    (Code::BadRegex, Some("close the class, or write `\\[` for the character".to_owned()))
                }
                ErrorKind::RepetitionMissing => {
                    (Code::BadRegex, Some("write `\\*`, `\\+`, `\\?` or `\\{` for the character".to_owned()))
                }
                ErrorKind::RepetitionCountInvalid => (Code::BadRegex, Some("write the smaller count first".to_owned())),
                ErrorKind::RepetitionCountUnclosed
                | ErrorKind::RepetitionCountDecimalEmpty
                | ErrorKind::DecimalEmpty => {
                    (Code::BadRegex, Some("write `{2,5}` for a count, or `\\{` for the character".to_owned()))
                }
                ErrorKind::ClassRangeInvalid => {
                    (Code::BadRegex, Some("write the lower end first, or `-` last for the character".to_owned()))
                }
                ErrorKind::ClassRangeLiteral => {
                    (Code::BadRegex, Some("write `-` last in the class for the character".to_owned()))
                }
                ErrorKind::EscapeUnrecognized => {
                    let help = "leave the backslash out for the letter, or write `\\\\` for a backslash; the end of the text is `\\z`";
                    (Code::BadRegex, Some(help.to_owned()))
                }
                ErrorKind::NestLimitExceeded(_) => (Code::BadRegex, Some("nest fewer groups".to_owned())),
                _ => (Code::BadRegex, None),
            };
            let message = format!("this regex is not valid: {}", error.kind());
            PatternError { code, message, range: span.start.offset..span.end.offset, help }
        }
        regex_syntax::Error::Translate(error) => PatternError {
            code: Code::BadRegex,
            message: format!("this regex is not valid: {}", error.kind()),
            range: error.span().start.offset..error.span().end.offset,
            help: Some("write `(?u)` at the start to match Unicode characters instead of bytes".to_owned()),
        },
        other => whole(other),
    }
}

fn capture_names(hir: &Hir) -> Vec<String> {
    fn collect(hir: &Hir, names: &mut Vec<String>) {
        match hir.kind() {
            HirKind::Capture(capture) => {
                names.extend(capture.name.as_deref().map(str::to_owned));
                collect(&capture.sub, names);
            }
            HirKind::Repetition(repetition) => collect(&repetition.sub, names),
            HirKind::Concat(subs) | HirKind::Alternation(subs) => subs.iter().for_each(|sub| collect(sub, names)),
            HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => {}
        }
    }
    let mut names = Vec::new();
    collect(hir, &mut names);
    names
}

/// A rough count of automaton states, repetitions unrolled as the compiler does.
fn states(hir: &Hir) -> usize {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 1,
        HirKind::Literal(literal) => literal.0.len(),
        // a Unicode class becomes up to a few hundred byte ranges
        HirKind::Class(regex_syntax::hir::Class::Unicode(class)) => 4 * class.ranges().len(),
        HirKind::Class(_) => 1,
        HirKind::Capture(capture) => states(&capture.sub).saturating_add(2),
        HirKind::Repetition(repetition) => {
            let times = repetition.max.unwrap_or(repetition.min.saturating_add(1)).max(1) as usize;
            states(&repetition.sub).saturating_add(1).saturating_mul(times)
        }
        HirKind::Concat(subs) | HirKind::Alternation(subs) => {
            subs.iter().fold(1usize, |sum, sub| sum.saturating_add(states(sub)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(source: &str) -> (Code, Range<usize>) {
        let error = Pattern::new(source).expect_err(source);
        (error.code, error.range)
    }

    #[test]
    fn mistakes_are_placed_inside_the_pattern() {
        assert_eq!(refused("abc (?<host>x"), (Code::BadRegex, 4..5));
        assert_eq!(refused("(?<a>x)(?<a>y)"), (Code::DuplicateCapture, 10..11));
        assert_eq!(refused("x(?=y)"), (Code::BadRegex, 1..4));
        assert_eq!(refused(".*"), (Code::EmptyMatch, 0..2));
        assert_eq!(refused("a[^\\x00-\\xff]"), (Code::NeverMatches, 0..13));
        assert_eq!(refused("x %{IPV5:client}"), (Code::UnknownPattern, 4..8));
        assert_eq!(refused("%{IPV4:a} (?<b>x"), (Code::BadRegex, 10..11));
        assert_eq!(refused("%{IPV4:a} %{IPV6:a}"), (Code::DuplicateCapture, 10..19));
        assert_eq!(refused("%{DATA:a}%{SPACE}"), (Code::EmptyMatch, 0..17));
        assert_eq!(refused("(?u:\\w{5000}){100}").0, Code::BadRegex);
    }

    #[test]
    fn references_to_the_library_are_replaced() {
        let source = "client %{IPV4:client} is gone";
        let pattern = Pattern::new(source).expect("valid");
        assert_eq!((pattern.source(), pattern.captures()), (source, ["client".to_owned()].as_slice()));
        let regex = pattern.regex().expect("compiles");
        let found = regex.captures(b"client 10.0.0.7 is gone").expect("matches");
        assert_eq!(&found["client"], b"10.0.0.7");
        assert!(!regex.is_match(b"client 10.0.0.700 is gone"));
    }

    #[test]
    fn classes_are_ascii_and_lines_are_borders() {
        let pattern = Pattern::new(r"^(?<word>\w+) x$").expect("valid");
        assert_eq!(pattern.captures(), ["word"]);
        let regex = pattern.regex().expect("compiles");
        assert!(regex.is_match(b"a\nb x\nc") && !regex.is_match("\u{e9} x".as_bytes()));
        assert!(Pattern::new(r"(?u)^\w x").expect("valid").regex().expect("compiles").is_match("\u{e9} x".as_bytes()));
    }
}
