//! The names of one rule, and what the words of its conditions and texts may be.
//!
//! minijinja compiles an expression without looking whether its names, filters and tests exist; evaluated years later it
//! would fail. [`Names::faults`] looks at the tokens when the rule is loaded.

use std::ops::Range;

use crate::rule::diagnostic::Code;
use crate::rule::language::{FILTERS, TESTS};
use crate::rule::lexer::{Token, TokenKind, place_of_name, unquoted};
use crate::rule::pattern::Pattern;
use crate::rule::signature::FileGlob;
use crate::rule::version::VersionRange;

/// What every signature has beside its captures.
const SIGNATURE_ATTRIBUTES: [&str; 4] = ["count", "first", "last", "captures"];

/// The names that conditions and texts of one rule may use.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// Signatures, captures that only one of them has, facts.
    pub(crate) all: Vec<String>,
    /// Those that are texts whatever they look like: captures, and facts of type string and version.
    pub(crate) texts: Vec<String>,
    /// Signatures with their captures.
    pub(crate) signatures: Vec<(String, Vec<String>)>,
}

/// A mistake inside a text or expression, with the place inside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TextFault {
    pub(crate) code: Code,
    pub(crate) message: String,
    pub(crate) range: Range<usize>,
    /// What the name could have been, to suggest from.
    pub(crate) candidates: Vec<String>,
}

impl TextFault {
    pub(crate) fn new(code: Code, message: impl Into<String>, range: Range<usize>) -> Self {
        Self { code, message: message.into(), range, candidates: Vec::new() }
    }
}

impl Names {
    /// Everything wrong with the words of an expression or template that uses the variables `used`; `end` is its length.
    pub(crate) fn faults(&self, used: &[String], tokens: &[Token<'_>], end: usize) -> Vec<TextFault> {
        let mut faults = unknown_names(used, tokens, &self.all, end);
        faults.extend(unknown_words(tokens));
        faults.extend(tokens.windows(3).filter_map(|window| self.unknown_attribute(window)));
        faults.extend(tokens.windows(3).filter_map(|window| self.text_and_number(window)));
        faults
    }

    /// `signature.something` that the signature does not have.
    fn unknown_attribute(&self, window: &[Token<'_>]) -> Option<TextFault> {
        let [name, dot, attribute] = window else { return None };
        let (signature, captures) = self.signatures.iter().find(|(signature, _)| name.is_name(signature))?;
        let known =
            SIGNATURE_ATTRIBUTES.contains(&attribute.text) || captures.iter().any(|capture| capture == attribute.text);
        if !dot.is_symbol(".") || known {
            return None;
        }
        let own = SIGNATURE_ATTRIBUTES.iter().map(|name| (*name).to_owned());
        Some(TextFault {
            candidates: own.chain(captures.iter().cloned()).collect(),
            ..TextFault::new(
                Code::UnknownName,
                format!("`{}` is neither a capture nor a property of the signature `{signature}`", attribute.text),
                attribute.range.clone(),
            )
        })
    }

    /// `port > 1024`: a text is greater than every number, so the comparison would say the same for all values.
    fn text_and_number(&self, window: &[Token<'_>]) -> Option<TextFault> {
        let [left, comparison, right] = window else { return None };
        let compares = ["<", ">", "<=", ">=", "==", "!="].iter().any(|symbol| comparison.is_symbol(symbol));
        let is_text =
            |token: &Token<'_>| token.kind == TokenKind::Name && self.texts.iter().any(|text| text == token.text);
        let is_number = |token: &Token<'_>| token.kind == TokenKind::Number;
        let text = match (left, right) {
            (text, number) if is_text(text) && is_number(number) => text,
            (number, text) if is_text(text) && is_number(number) => text,
            _ => return None,
        };
        let message = format!(
            "`{0}` is a text, which compares with no number; write `{0}|int`, or use the test `version`",
            text.text
        );
        compares.then(|| TextFault::new(Code::BadExpression, message, left.range.start..right.range.end))
    }
}

/// A fault for each name that the rule does not define, where it is first used.
fn unknown_names(names: &[String], tokens: &[Token<'_>], known: &[String], end: usize) -> Vec<TextFault> {
    names
        .iter()
        .filter(|name| !known.contains(name))
        .map(|name| TextFault {
            code: Code::UnknownName,
            message: format!("`{name}` is neither a signature, a capture nor a fact of this rule"),
            range: place_of_name(tokens, name).unwrap_or(0..end),
            candidates: known.to_vec(),
        })
        .collect()
}

/// A fault for each filter or test that does not exist, and for each literal argument of a test that is not valid.
fn unknown_words(tokens: &[Token<'_>]) -> Vec<TextFault> {
    let mut faults = Vec::new();
    for (index, token) in tokens.iter().enumerate().filter(|(_, token)| token.kind == TokenKind::Name) {
        let before = |steps: usize| index.checked_sub(steps).map(|at| &tokens[at]);
        let is_filter = before(1).is_some_and(|token| token.is_symbol("|"));
        let after_is = before(1).is_some_and(|token| token.is_name("is"));
        let after_is_not =
            before(1).is_some_and(|token| token.is_name("not")) && before(2).is_some_and(|token| token.is_name("is"));
        let is_test = (after_is && !token.is_name("not")) || after_is_not;
        let (kind, words) = match (is_filter, is_test) {
            (true, _) => ("filter", FILTERS),
            (_, true) => ("test", TESTS),
            _ => continue,
        };
        if words.contains(&token.text) {
            faults.extend(is_test.then(|| bad_argument(tokens, index)).flatten());
        } else {
            faults.push(TextFault {
                code: Code::UnknownFilter,
                message: format!("there is no {kind} `{}`", token.text),
                range: token.range.clone(),
                candidates: words.iter().map(|word| (*word).to_owned()).collect(),
            });
        }
    }
    faults
}

/// Checks the literal argument of `version("…")`, `glob("…")` and `matching("…")`.
fn bad_argument(tokens: &[Token<'_>], test: usize) -> Option<TextFault> {
    let argument = tokens.get(test + 2).filter(|token| token.kind == TokenKind::Text)?;
    if !tokens[test + 1].is_symbol("(") {
        return None;
    }
    let text = unquoted(argument).replace("\\\\", "\\");
    let (code, message) = match tokens[test].text {
        "version" => (Code::BadVersion, text.parse::<VersionRange>().err()?.to_string()),
        "glob" => (Code::BadGlob, FileGlob::new(&text).err()?.kind().to_string()),
        "matching" => {
            let error = Pattern::new(&text).err()?;
            (error.code, error.message)
        }
        _ => return None,
    };
    Some(TextFault { code, message, range: argument.range.clone(), candidates: Vec::new() })
}
