//! Article texts: Markdown with minijinja, checked when loaded, compiled when rendered.

use std::sync::Arc;

use crate::rule::diagnostic::Code;
use crate::rule::language::EXPRESSIONS;
use crate::rule::lexer::{Token, TokenKind, template_tokens};
use crate::rule::names::{Names, TextFault};

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

/// Checks a template: syntax, names, filters, tests.
pub(crate) fn check(source: &str, known: &Names) -> Result<Text, Vec<TextFault>> {
    let template = EXPRESSIONS.template_from_str(source).map_err(|error| {
        let message = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
        vec![TextFault::new(Code::BadTemplate, message, error.range().unwrap_or(0..source.len()))]
    })?;
    let mut names: Vec<String> = template.undeclared_variables(false).into_iter().collect();
    names.sort_unstable();
    let tokens = template_tokens(source);
    let mut faults = known.faults(&names, &tokens, source.len());
    faults.extend(refused_blocks(&tokens));
    if faults.is_empty() { Ok(Text { source: source.into(), names }) } else { Err(faults) }
}

/// Blocks that would run a filter over text with values in it: the values travel as inert tokens there, and a filter would
/// change the tokens instead of the values.
fn refused_blocks(tokens: &[Token<'_>]) -> Vec<TextFault> {
    let mut faults = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        let next = tokens.get(index + 1).filter(|next| next.kind == TokenKind::Name);
        let after = tokens.get(index + 2);
        let is_set_block = token.is_name("set")
            && next.is_some()
            && after.is_none_or(|after| !after.is_symbol("=") && !after.is_symbol(","));
        let is_filter_block = token.is_name("filter") && next.is_some();
        if is_set_block || is_filter_block {
            let message =
                format!("a `{}` block is not available in articles; use filters inside `{{{{ … }}}}`", token.text);
            faults.push(TextFault::new(Code::BadTemplate, message, token.range.clone()));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(source: &str) -> Vec<(Code, String)> {
        let known = Names {
            all: vec!["customer".to_owned(), "hosts".to_owned(), "failed".to_owned()],
            texts: vec!["customer".to_owned()],
            signatures: vec![("failed".to_owned(), vec!["customer".to_owned()])],
        };
        let faults = check(source, &known).err().unwrap_or_default();
        faults.into_iter().map(|fault| (fault.code, source[fault.range].to_owned())).collect()
    }

    #[test]
    fn attributes_comparisons_and_blocks_are_checked_too() {
        assert!(faults("{% if failed.count > 3 and customer|int > 5 %}{{ failed.customer }}{% endif %}").is_empty());
        assert_eq!(faults("{{ failed.cuont }}"), [(Code::UnknownName, "cuont".into())]);
        assert_eq!(faults("{% if customer > 5 %}{% endif %}"), [(Code::BadExpression, "customer > 5".into())]);
        assert_eq!(faults("{% filter upper %}{{ customer }}{% endfilter %}"), [(Code::BadTemplate, "filter".into())]);
        assert_eq!(faults("{% set a %}{{ customer }}{% endset %}"), [(Code::BadTemplate, "set".into())]);
        assert!(faults("{% set a = customer %}{{ a }}").is_empty());
    }

    #[test]
    fn each_mistake_is_found_where_it_stands() {
        assert!(
            faults("{{ customer|upper }} {% for host in hosts %}{{ host }}{{ loop.index }}{% endfor %}").is_empty()
        );
        assert_eq!(faults("é {{ custmer }}"), [(Code::UnknownName, "custmer".into())]);
        assert_eq!(faults("{{ customer|uper }}"), [(Code::UnknownFilter, "uper".into())]);
        assert_eq!(faults("{% if customer is not nome %}{% endif %}"), [(Code::UnknownFilter, "nome".into())]);
        assert_eq!(faults("{% if customer is version('>=') %}{% endif %}"), [(Code::BadVersion, "'>='".into())]);
        assert_eq!(faults("{{ customer")[0].0, Code::BadTemplate);
        assert_eq!(faults("{% include '/etc/passwd' %}")[0].0, Code::BadTemplate);
        assert_eq!(faults("{{ customer|safe }}"), [(Code::UnknownFilter, "safe".into())]);
    }
}
