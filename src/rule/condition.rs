//! Conditions: where `and`, `or` and `not` divide an expression, and the expressions between them.
//!
//! minijinja gives an expression one value; a condition over facts that nobody knows needs three. So the connectives are
//! split off here, lexically, and only the parts between them ([`Atom`]) are evaluated by minijinja. Deciding is done in
//! [`super::decide`]; `explain` can show the same tree.

use std::ops::Range;
use std::sync::Arc;

use minijinja::Expression;

use crate::rule::language::{EXPRESSIONS, is_engine_word, place};
use crate::rule::lexer::{Token, TokenKind, expression_tokens};

/// How many words and signs an expression may have. The template engine compiles by recursion; ten times as many would still
/// fit the smallest stack, and no reader understands as many.
pub const EXPRESSION_TOKENS: usize = 500;

/// A boolean expression in the shape in which it is decided.
#[derive(Clone, Debug)]
pub enum Condition {
    /// Every part must hold; without parts it always holds.
    All(Vec<Condition>),
    /// One part must hold.
    Any(Vec<Condition>),
    /// The part must not hold.
    Not(Box<Condition>),
    /// An expression without connectives.
    Atom(Atom),
}

/// An expression between connectives.
#[derive(Clone, Debug)]
pub struct Atom {
    source: String,
    /// The variables it uses, sorted.
    names: Vec<String>,
    /// `None` for nothing but a name: its value is the value of the name.
    expression: Option<Arc<Expression<'static, 'static>>>,
    /// The names that `is known`, `is defined` and `is undefined` ask about: about knowledge itself, not about the value.
    asked_whether_known: Vec<String>,
    /// The names that `is none` and the like ask about, and those that have a `default`: it makes sense when they are not there.
    asked_whether_there: Vec<String>,
    /// Whether it is nothing but a name.
    is_name: bool,
}

/// Why an expression was refused, with the place inside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpressionError {
    /// One sentence.
    pub message: String,
    /// Byte range in the expression.
    pub range: Range<usize>,
    /// What to write instead, for the usual slips.
    pub help: Option<&'static str>,
}

impl Condition {
    /// Parses an expression.
    pub fn parse(source: &str) -> Result<Self, ExpressionError> {
        let tokens = expression_tokens(source);
        if let Some(first) = tokens.get(EXPRESSION_TOKENS) {
            let message = format!("it has more than {EXPRESSION_TOKENS} words and signs");
            return Err(ExpressionError {
                message,
                range: first.range.clone(),
                help: Some("move a part of it into a fact with `derive`"),
            });
        }
        // The whole is compiled first: its syntax errors are better than those of parts.
        let whole = atom(source, 0..source.len())?;
        let divided = divide(source, &tokens)?;
        Ok(match divided {
            Some(condition) => condition,
            None => Condition::Atom(whole),
        })
    }

    /// The atoms from left to right.
    pub fn atoms(&self) -> Vec<&Atom> {
        match self {
            Condition::All(parts) | Condition::Any(parts) => parts.iter().flat_map(Condition::atoms).collect(),
            Condition::Not(part) => part.atoms(),
            Condition::Atom(atom) => vec![atom],
        }
    }

    /// The condition as an expression again, for people: on one line, with the brackets that it needs.
    pub fn source(&self) -> String {
        let join = |parts: &[Condition], word: &str| {
            let written = |part: &Condition| match part {
                Condition::All(_) | Condition::Any(_) => format!("({})", part.source()),
                // `a if b else c` binds weaker than what joins it with others
                Condition::Atom(atom) if is_choice(&expression_tokens(&atom.source)) => format!("({})", part.source()),
                Condition::Not(_) | Condition::Atom(_) => part.source(),
            };
            parts.iter().map(written).collect::<Vec<_>>().join(word)
        };
        match self {
            Condition::All(parts) => join(parts, " and "),
            Condition::Any(parts) => join(parts, " or "),
            Condition::Not(part) => format!("not {}", join(std::slice::from_ref(part), "")),
            Condition::Atom(atom) => {
                let lines = atom.source().lines().map(str::trim).filter(|line| !line.is_empty());
                lines.collect::<Vec<_>>().join(" ")
            }
        }
    }

    /// The variables used anywhere, sorted and without repetition.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.atoms().iter().flat_map(|atom| atom.names()).map(String::as_str).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

impl Atom {
    /// The expression as written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The variables it uses, sorted.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The names of which it asks whether they are known; what nobody knows does not make that open.
    pub fn asked_whether_known(&self) -> &[String] {
        &self.asked_whether_known
    }

    /// The names of which it asks whether there is a value, or says what stands in for one.
    pub fn asked_whether_there(&self) -> &[String] {
        &self.asked_whether_there
    }

    /// Whether it is nothing but a name, so that only the truth of what the name stands for matters.
    pub fn is_name(&self) -> bool {
        self.is_name
    }

    /// The compiled expression; `None` for nothing but a name, whose value it has.
    pub fn expression(&self) -> Option<&Expression<'static, 'static>> {
        self.expression.as_deref()
    }
}

fn atom(source: &str, range: Range<usize>) -> Result<Atom, ExpressionError> {
    let text = &source[range.clone()];
    if let [only] = &expression_tokens(text)[..]
        && only.kind == TokenKind::Name
        && only.text == text.trim_matches([' ', '\n'])
        && !is_engine_word(only.text)
    {
        // most conditions; there is nothing to compile
        let names = vec![only.text.to_owned()];
        return Ok(Atom {
            source: text.to_owned(),
            names,
            expression: None,
            asked_whether_known: Vec::new(),
            asked_whether_there: Vec::new(),
            is_name: true,
        });
    }
    let expression = EXPRESSIONS.compile_expression_owned(text.to_owned()).map_err(|error| {
        let inner = place(&error, text);
        let message = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
        let help = help(&message, text.get(inner.start..).unwrap_or_default());
        ExpressionError { message, range: range.start + inner.start..range.start + inner.end, help }
    })?;
    let mut names: Vec<String> = expression.undeclared_variables(false).into_iter().collect();
    names.sort_unstable();
    let tokens = expression_tokens(text);
    let is_name = matches!(&tokens[..], [only] if names.iter().any(|name| only.is_name(name)));
    let asked = |words: &[&str]| names.iter().filter(|name| is_asked(&tokens, name, words)).cloned().collect();
    let asked_whether_known = asked(&["known", "defined", "undefined"]);
    let asked_whether_there = asked(&["known", "defined", "undefined", "none", "default"]);
    let expression = Some(Arc::new(expression));
    Ok(Atom { source: text.to_owned(), names, expression, asked_whether_known, asked_whether_there, is_name })
}

/// Whether `name is WORD`, `name is not WORD` or `name | WORD` occurs with one of the words, be the name in brackets.
fn is_asked(tokens: &[Token<'_>], name: &str, words: &[&str]) -> bool {
    (0..tokens.len()).filter(|&at| tokens[at].is_name(name)).any(|at| {
        let mut behind = tokens[at + 1..].iter().skip_while(|token| token.is_symbol(")"));
        let asks = behind.next().is_some_and(|token| token.is_name("is") || token.is_symbol("|"));
        let word = behind.next();
        let word = if word.is_some_and(|token| token.is_name("not")) { behind.next() } else { word };
        asks && word.is_some_and(|token| words.iter().any(|word| token.is_name(word)))
    })
}

/// What to write instead of the text from a fault on, for habits from other languages.
fn help(message: &str, fault: &str) -> Option<&'static str> {
    const HABITS: [(&str, &str); 4] =
        [("&", "write `and`"), ("|", "write `or`"), ("!", "write `not`"), ("=", "write `==` to compare")];
    let habit = HABITS.iter().find(|(sign, _)| fault.starts_with(sign)).map(|&(_, help)| help);
    habit.or_else(|| {
        let helps = [
            ("expected `)`", "close the bracket with `)`"),
            ("end of input, expected expression", "the expression ends where a name or value is needed"),
            ("end of string", "close the quote"),
            ("input after expression", "join two tests with `and` or `or`"),
        ];
        helps.into_iter().find(|(part, _)| message.contains(part)).map(|(_, help)| help)
    })
}

/// Splits at the weakest connective outside brackets; `None` when there is none.
fn divide(source: &str, tokens: &[Token<'_>]) -> Result<Option<Condition>, ExpressionError> {
    if is_choice(tokens) {
        return Ok(None); // `a if b else c` binds weaker than any connective
    }
    let outside = outside_brackets(tokens);
    let is_outside = |index: usize| outside[index];
    for (word, all) in [("or", false), ("and", true)] {
        let at: Vec<usize> =
            (0..tokens.len()).filter(|&index| is_outside(index) && tokens[index].is_name(word)).collect();
        if at.is_empty() {
            continue;
        }
        let starts = std::iter::once(0).chain(at.iter().map(|&index| index + 1));
        let ends = at.iter().copied().chain(std::iter::once(tokens.len()));
        let parts =
            starts.zip(ends).map(|(start, end)| part(source, &tokens[start..end])).collect::<Result<Vec<_>, _>>()?;
        return Ok(Some(if all { Condition::All(parts) } else { Condition::Any(parts) }));
    }
    match tokens {
        [not, rest @ ..] if not.is_name("not") => Ok(Some(Condition::Not(Box::new(part(source, rest)?)))),
        [open, rest @ .., close] if open.is_symbol("(") && close.is_symbol(")") && encloses(tokens) => {
            part(source, rest).map(Some)
        }
        _ => Ok(None),
    }
}

fn part(source: &str, tokens: &[Token<'_>]) -> Result<Condition, ExpressionError> {
    match divide(source, tokens)? {
        Some(condition) => Ok(condition),
        None => {
            let start = tokens.first().map_or(0, |token| token.range.start);
            let end = tokens.last().map_or(start, |token| token.range.end);
            Ok(Condition::Atom(atom(source, start..end)?))
        }
    }
}

/// Whether it is `a if b else c`.
fn is_choice(tokens: &[Token<'_>]) -> bool {
    tokens.iter().zip(outside_brackets(tokens)).any(|(token, outside)| outside && token.is_name("if"))
}

/// For each token whether it lies outside all brackets.
fn outside_brackets(tokens: &[Token<'_>]) -> Vec<bool> {
    let mut depth = 0usize;
    tokens
        .iter()
        .map(|token| {
            let opens = ["(", "[", "{"].iter().any(|symbol| token.is_symbol(symbol));
            let closes = [")", "]", "}"].iter().any(|symbol| token.is_symbol(symbol));
            depth = if closes { depth.saturating_sub(1) } else { depth };
            let outside = depth == 0;
            depth += usize::from(opens);
            outside
        })
        .collect()
}

/// Whether the first bracket is closed by the last token and not before.
fn encloses(tokens: &[Token<'_>]) -> bool {
    let outside = outside_brackets(tokens);
    outside[1..outside.len() - 1].iter().all(|&outside| !outside)
}

#[cfg(test)]
mod test {
    use super::*;

    fn shape(source: &str) -> String {
        fn show(condition: &Condition) -> String {
            let join = |parts: &[Condition]| parts.iter().map(show).collect::<Vec<_>>().join(", ");
            match condition {
                Condition::All(parts) => format!("all({})", join(parts)),
                Condition::Any(parts) => format!("any({})", join(parts)),
                Condition::Not(part) => format!("not({})", show(part)),
                Condition::Atom(atom) => format!("[{}]", atom.source()),
            }
        }
        show(&Condition::parse(source).expect(source))
    }

    #[test]
    fn connectives_divide_by_their_strength_and_brackets_hold_together() {
        assert_eq!(shape("a or b and not c"), "any([a], all([b], not([c])))");
        assert_eq!(shape("(a or b) and c"), "all(any([a], [b]), [c])");
        assert_eq!(shape("not (a and b)"), "not(all([a], [b]))");
        assert_eq!(shape("x is not none and y not in ['or', 'and']"), "all([x is not none], [y not in ['or', 'and']])");
        assert_eq!(shape("(a) == (b)"), "[(a) == (b)]");
        assert_eq!(shape("a if b and c else d"), "[a if b and c else d]");
        assert_eq!(shape("not a == 1"), "not([a == 1])");
    }

    #[test]
    fn an_expression_is_shown_on_one_line_with_the_brackets_it_needs() {
        let shown = |source| Condition::parse(source).expect(source).source();
        assert_eq!(shown("('rows' if a) or told"), "('rows' if a) or told");
        assert_eq!(shown("not (a if b else c)"), "not (a if b else c)");
        assert_eq!(shown("(a if b else c)"), "a if b else c");
        assert_eq!(shown("'x' if a\n  else told\n"), "'x' if a else told");
        assert_eq!(shown("(a or b)\n  and c\n"), "(a or b) and c");
    }

    #[test]
    fn an_expression_that_never_ends_is_refused() {
        let long = |parts: usize| vec!["a"; parts].join(" or ");
        assert!(Condition::parse(&long(EXPRESSION_TOKENS / 2)).is_ok());
        assert!(Condition::parse(&long(100_000)).is_err());
        assert!(Condition::parse(&format!("{}a", "not ".repeat(100_000))).is_err());
    }

    #[test]
    fn errors_are_placed() {
        let error = Condition::parse("a and (b").expect_err("unclosed");
        assert!(error.range.start >= 7, "{error:?}");
        assert!(Condition::parse("a and").is_err() && Condition::parse("").is_err());
        assert!(Condition::parse("é").is_err());
        let help = |source| Condition::parse(source).expect_err("refused").help;
        assert_eq!(help("a && b"), Some("write `and`"));
        assert_eq!(help("a = 'b'"), Some("write `==` to compare"));
    }
}
