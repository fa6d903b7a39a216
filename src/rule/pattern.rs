//! Regular expressions of signatures: checked when loaded, compiled when first needed.
//!
//! Patterns are those of the `regex` crate over bytes with ASCII `\d \w \s \b`; `(?u)` opts into Unicode; `^` and `$` match
//! at line borders inside a record. Parsing is cheap and tells every mistake with its place; compiling is dear and waits
//! for the first candidate record. Which literals a pattern needs is worked out in [`required`](crate::rule::required) from what
//! `Pattern::parsed` gives beside the pattern, so that nobody has to parse again.

use std::ops::Range;
use std::sync::OnceLock;

use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::hir::{Hir, HirKind};

use crate::rule::diagnostic::Code;
use crate::rule::pattern_common;

/// Patterns whose estimated automaton is larger than this are compiled when loaded, to find out whether they may be: the
/// `regex` crate refuses automata over 10 MiB, at some 40 bytes a state.
const SURELY_COMPILES: usize = 50_000;

/// Nesting of groups beyond which a pattern is refused; the limit keeps the parser's stack small.
pub(crate) const NEST_LIMIT: u32 = 100;

/// A regular expression that is known to parse and compile.
#[derive(Debug)]
pub struct Pattern {
    source: String,
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

/// Patterns are equal that are written alike.
impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for Pattern {}

impl Pattern {
    /// Checks a pattern; the error says what is wrong where.
    pub fn new(source: &str) -> Result<Self, PatternError> {
        Self::parsed(source).map(|(pattern, _)| pattern)
    }

    /// Checks a pattern and gives its parsed form as well, which would cost more memory to keep than all the rest.
    pub(crate) fn parsed(source: &str) -> Result<(Self, Hir), PatternError> {
        let fault = |code, message: &str, range, help: &str| PatternError {
            code,
            message: message.to_owned(),
            range,
            help: Some(help.to_owned()),
        };
        if let Some(at) = source.find("%{") {
            let end = source[at..].find('}').map_or(source.len(), |length| at + length + 1);
            let message = "the pattern library (`%{NAME:capture}`) is not part of this version";
            return Err(fault(
                Code::NotSupported,
                message,
                at..end,
                "write the pattern out; a literal brace is `%[{]`",
            ));
        }
        let hir = parse(source).map_err(|error| explain(&error))?;
        match hir.properties().minimum_len() {
            None => {
                let message = "this regex can never match";
                return Err(fault(
                    Code::NeverMatches,
                    message,
                    0..source.len(),
                    "remove the part that excludes everything",
                ));
            }
            Some(0) => {
                let message = "this regex matches the empty string, and so every record";
                return Err(fault(
                    Code::EmptyMatch,
                    message,
                    0..source.len(),
                    "require at least one character, as in `.+`",
                ));
            }
            Some(_) => {}
        }
        let pattern = Self { source: source.to_owned(), captures: capture_names(&hir), compiled: OnceLock::new() };
        if states(&hir) > SURELY_COMPILES && pattern.regex().is_none() {
            let message = "this regex is too large to compile";
            return Err(fault(Code::BadRegex, message, 0..source.len(), "use smaller repetition counts"));
        }
        Ok((pattern, hir))
    }

    /// A pattern and its parsed form. For the fuzz targets.
    #[cfg(fuzzing)]
    pub fn with_form(source: &str) -> Option<(Self, Hir)> {
        Self::parsed(source).ok()
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

    /// The names of its captures in the order written.
    pub fn captures(&self) -> &[String] {
        &self.captures
    }

    /// The compiled regex; compiles on first use. `None` only for patterns that [`Pattern::new`] refuses.
    pub fn regex(&self) -> Option<&Regex> {
        self.compiled
            .get_or_init(|| RegexBuilder::new(&self.source).unicode(false).multi_line(true).build().ok())
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
        assert_eq!(refused("x %{IPV4:client}"), (Code::NotSupported, 2..16));
        assert_eq!(refused("(?u:\\w{5000}){100}").0, Code::BadRegex);
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
