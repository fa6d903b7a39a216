//! The names of one rule, and what the words of its conditions and texts may be.
//!
//! minijinja compiles an expression without looking whether its names, filters and tests exist; evaluated years later it
//! would fail. [`Names::faults`] looks at the tokens when the rule is loaded.

use std::ops::Range;

use crate::rule::diagnostic::{Code, nearest, suggest};
use crate::rule::language::{FILTERS, TESTS};
use crate::rule::lexer::{Tag, Token, TokenKind, place_of_name, unquoted};
use crate::rule::pattern::Pattern;
use crate::rule::signature::FileGlob;
use crate::rule::version::VersionRange;

/// What every signature and correlation has beside its captures.
const SIGNATURE_ATTRIBUTES: [&str; 4] = ["count", "first", "last", "captures"];

/// What to write for a version range that cannot be understood.
pub(crate) const RANGE_HELP: &str = "write for instance \">=5.4, <5.6\", or \"5.4\" for 5.4 and everything below it";

/// The names that conditions and texts of one rule may use.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// Signatures, correlations and the names they group by, captures that only one signature has, facts.
    pub(crate) all: Vec<String>,
    /// Those that are texts whatever they look like: captures, and facts of type string and version.
    pub(crate) texts: Vec<String>,
    /// Signatures with their captures.
    pub(crate) signatures: Vec<(String, Vec<String>)>,
    /// Correlations with the names that they group by.
    pub(crate) correlations: Vec<(String, Vec<String>)>,
}

/// A mistake inside a text or expression, with the place inside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TextFault {
    pub(crate) code: Code,
    pub(crate) message: String,
    pub(crate) range: Range<usize>,
    /// What the name could have been, to suggest from.
    pub(crate) candidates: Vec<String>,
    /// What to write instead, where that is known.
    pub(crate) help: Option<String>,
}

impl TextFault {
    pub(crate) fn new(code: Code, message: impl Into<String>, range: Range<usize>) -> Self {
        Self { code, message: message.into(), range, candidates: Vec::new(), help: None }
    }

    /// The same with help.
    pub(crate) fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

impl Names {
    /// Whether a name is a signature or correlation, which is true or false and has no text.
    pub(crate) fn is_match(&self, name: &str) -> bool {
        self.signatures.iter().chain(&self.correlations).any(|(known, _)| known == name)
    }

    /// `{{ many }}`: a reader would be shown `true`. Names that the text gives another meaning are not in `used`.
    pub(crate) fn matches_as_text(&self, used: &[String], tags: &[Tag<'_>]) -> Vec<TextFault> {
        let shown = tags.iter().filter(|tag| !tag.is_statement).filter_map(|tag| match tag.words() {
            [name] if name.kind == TokenKind::Name => Some(name),
            _ => None,
        });
        let shown = shown.filter(|name| self.is_match(name.text) && used.iter().any(|used| used == name.text));
        shown
            .map(|name| {
                let of = |named: &[(String, Vec<String>)]| named.iter().any(|(known, _)| known == name.text);
                let kind = if of(&self.signatures) { "signature" } else { "correlation" };
                let message =
                    format!("`{}` is a {kind}, which is shown as `true` and says nothing to readers", name.text);
                let help = format!(
                    "write `{{{{ {0}.count }}}}` for how many records, or `{{{{ {0}.first }}}}` for the time",
                    name.text
                );
                TextFault::new(Code::BadTemplate, message, name.range.clone()).help(help)
            })
            .collect()
    }

    /// Everything wrong with the words of an expression or template that uses the variables `used`; `end` is its length.
    pub(crate) fn faults(&self, used: &[String], tokens: &[Token<'_>], end: usize) -> Vec<TextFault> {
        let mut faults = self.unknown_names(used, tokens, end);
        faults.extend(unknown_words(tokens));
        faults.extend(tokens.windows(3).filter_map(|window| self.unknown_attribute(window)));
        faults.extend(tokens.windows(3).filter_map(|window| self.text_and_number(window)));
        faults
    }

    /// A fault for each name that the rule does not define, where it is first used.
    fn unknown_names(&self, used: &[String], tokens: &[Token<'_>], end: usize) -> Vec<TextFault> {
        let unknown = used.iter().filter(|name| !self.all.contains(name));
        unknown
            .map(|name| {
                let range = place_of_name(tokens, name).unwrap_or(0..end);
                let capturing = self.signatures.iter().filter(|(_, captures)| captures.contains(name));
                let written: Vec<String> = capturing.map(|(signature, _)| format!("`{signature}.{name}`")).collect();
                if written.is_empty() {
                    let what = if self.correlations.is_empty() { "a signature" } else { "a signature, a correlation" };
                    let message = format!("`{name}` is neither {what}, a capture nor a fact of this rule");
                    let fault = TextFault::new(Code::UnknownName, message, range);
                    let known: Vec<&str> = self.all.iter().map(String::as_str).collect();
                    let help = match (nearest(name, known.iter().copied()), suggest(name, &known)) {
                        (None, Some(known)) => format!("{known}; or define it under `signatures:` or `facts:`"),
                        (Some(_), Some(near)) => near,
                        (_, None) => "define it under `signatures:` or `facts:`".to_owned(),
                    };
                    fault.help(help)
                } else {
                    let message = format!("`{name}` is captured by several signatures");
                    let help = format!("write {}", written.join(" or "));
                    TextFault::new(Code::UnknownName, message, range).help(help)
                }
            })
            .collect()
    }

    /// `signature.something` that the signature does not have.
    fn unknown_attribute<'a>(&'a self, window: &[Token<'_>]) -> Option<TextFault> {
        let [name, dot, attribute] = window else { return None };
        let of = |named: &'a [(String, Vec<String>)], kind| {
            named.iter().find(|(known, _)| name.is_name(known)).map(|(known, captures)| (kind, known, captures))
        };
        let signature = of(&self.signatures, "signature");
        let (kind, signature, captures) = signature.or_else(|| of(&self.correlations, "correlation"))?;
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
                format!("`{}` is neither a capture nor a property of the {kind} `{signature}`", attribute.text),
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
        let message = format!("`{}` is a text, which compares with no number", text.text);
        let help = format!("write `{}|int`, or use the test `version`", text.text);
        let range = left.range.start..right.range.end;
        compares.then(|| TextFault::new(Code::BadExpression, message, range).help(help))
    }
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
            let message = format!("there is no {kind} `{}`", token.text);
            faults.push(TextFault {
                candidates: words.iter().map(|word| (*word).to_owned()).collect(),
                ..TextFault::new(Code::UnknownFilter, message, token.range.clone())
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
    let range = argument.range.clone();
    match tokens[test].text {
        "version" => {
            let error = text.parse::<VersionRange>().err()?;
            Some(TextFault::new(Code::BadVersion, error.to_string(), range).help(RANGE_HELP))
        }
        "glob" => {
            let error = FileGlob::new(&text).err()?;
            let message = format!("`{text}` is not a valid glob: {}", error.kind());
            Some(TextFault::new(Code::BadGlob, message, range).help("for instance `db-*`, or `db-[0-9]`"))
        }
        "matching" => {
            let error = Pattern::new(&text).err()?;
            let is_verbatim = text == unquoted(argument);
            let inside = range.start + 1 + error.range.start..range.start + 1 + error.range.end;
            let fault = TextFault::new(error.code, error.message, if is_verbatim { inside } else { range });
            Some(TextFault { help: error.help, ..fault })
        }
        _ => None,
    }
}
