//! Article texts: Markdown with minijinja, checked when loaded, compiled when rendered.

use std::ops::Range;
use std::sync::Arc;

use crate::rule::diagnostic::Code;
use crate::rule::language::{EXPRESSIONS, FILTERS, TESTS};
use crate::rule::lexer::{Token, TokenKind, place_of_name, template_tokens, unquoted};
use crate::rule::pattern::Pattern;
use crate::rule::signature::FileGlob;
use crate::rule::version::VersionRange;

/// A text that is known to be a valid template over known names.
#[derive(Clone, Debug)]
pub struct Text {
    source: Arc<str>,
    names: Vec<String>,
}

impl Text {
    /// The template as written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The names it uses, sorted.
    pub fn names(&self) -> &[String] {
        &self.names
    }
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

/// Checks a template: syntax, names, filters, tests. `known` are the names a rule defines.
pub(crate) fn check(source: &str, known: &[String]) -> Result<Text, Vec<TextFault>> {
    let template = EXPRESSIONS.template_from_str(source).map_err(|error| {
        let message = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
        vec![TextFault {
            code: Code::BadTemplate,
            message,
            range: error.range().unwrap_or(0..source.len()),
            candidates: Vec::new(),
        }]
    })?;
    let mut names: Vec<String> = template.undeclared_variables(false).into_iter().collect();
    names.sort_unstable();
    let tokens = template_tokens(source);
    let mut faults = unknown_names(&names, &tokens, known, source.len());
    faults.extend(unknown_words(&tokens));
    if faults.is_empty() {
        Ok(Text {
            source: source.into(),
            names,
        })
    } else {
        Err(faults)
    }
}

/// A fault for each name that the rule does not define, where it is first used.
pub(crate) fn unknown_names(names: &[String], tokens: &[Token<'_>], known: &[String], end: usize) -> Vec<TextFault> {
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
pub(crate) fn unknown_words(tokens: &[Token<'_>]) -> Vec<TextFault> {
    let mut faults = Vec::new();
    for (index, token) in tokens
        .iter()
        .enumerate()
        .filter(|(_, token)| token.kind == TokenKind::Name)
    {
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
    Some(TextFault {
        code,
        message,
        range: argument.range.clone(),
        candidates: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(source: &str) -> Vec<(Code, String)> {
        let known = ["customer".to_owned(), "hosts".to_owned()];
        let faults = check(source, &known).err().unwrap_or_default();
        faults
            .into_iter()
            .map(|fault| (fault.code, source[fault.range].to_owned()))
            .collect()
    }

    #[test]
    fn each_mistake_is_found_where_it_stands() {
        assert!(
            faults("{{ customer|upper }} {% for host in hosts %}{{ host }}{{ loop.index }}{% endfor %}").is_empty()
        );
        assert_eq!(faults("é {{ custmer }}"), [(Code::UnknownName, "custmer".into())]);
        assert_eq!(faults("{{ customer|uper }}"), [(Code::UnknownFilter, "uper".into())]);
        assert_eq!(
            faults("{% if customer is not nome %}{% endif %}"),
            [(Code::UnknownFilter, "nome".into())]
        );
        assert_eq!(
            faults("{% if customer is version('>=') %}{% endif %}"),
            [(Code::BadVersion, "'>='".into())]
        );
        assert_eq!(faults("{{ customer")[0].0, Code::BadTemplate);
        assert_eq!(faults("{% include '/etc/passwd' %}")[0].0, Code::BadTemplate);
        assert_eq!(faults("{{ customer|safe }}"), [(Code::UnknownFilter, "safe".into())]);
    }
}
