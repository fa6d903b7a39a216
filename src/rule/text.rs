//! Article texts: Markdown with minijinja, checked when loaded, compiled when rendered.

use std::ops::Range;
use std::sync::Arc;

use crate::rule::condition::EXPRESSION_TOKENS;
use crate::rule::diagnostic::Code;
use crate::rule::language::{EXPRESSIONS, is_engine_word, place};
use crate::rule::lexer::{self, Token, TokenKind, template_tokens};
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
    if let Some(range) = lexer::tag_longer_than(source, EXPRESSION_TOKENS) {
        let message = format!("a tag has more than {EXPRESSION_TOKENS} words and signs");
        return Err(vec![TextFault::new(Code::BadTemplate, message, range)]);
    }
    if let Some(names) = only_names(source, known) {
        return Ok(Text { source: source.into(), names });
    }
    let template = EXPRESSIONS.template_from_str(source).map_err(|error| {
        let message = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
        vec![syntax_fault(source, message, place(&error, source))]
    })?;
    let mut names: Vec<String> = template.undeclared_variables(false).into_iter().collect();
    names.sort_unstable();
    let tokens = template_tokens(source);
    let mut faults = known.faults(&names, &tokens, source.len());
    faults.extend(refused_blocks(&tokens));
    if faults.is_empty() { Ok(Text { source: source.into(), names }) } else { Err(faults) }
}

/// The names that a text uses whose only tags are `{{ name }}` with known names: most texts, and the template engine would
/// find nothing wrong with them. `None` for all others.
fn only_names(source: &str, known: &Names) -> Option<Vec<String>> {
    let mut names: Vec<String> = Vec::new();
    let mut rest = source;
    while let Some(brace) = memchr::memchr(b'{', rest.as_bytes()) {
        let behind = rest.get(brace + 1..)?;
        rest = match behind.as_bytes().first() {
            Some(b'{') => {
                let (name, rest) = behind.get(1..)?.split_once("}}")?;
                let name = name.trim_matches(' ');
                if is_engine_word(name) || !known.all.iter().any(|known| known == name) {
                    return None;
                }
                names.push(name.to_owned());
                rest
            }
            Some(b'%' | b'#') => return None,
            _ => behind,
        };
    }
    names.sort_unstable();
    names.dedup();
    Some(names)
}

/// The blocks of a text and what closes them.
const BLOCKS: [(&str, &str); 6] = [
    ("if", "endif"),
    ("for", "endfor"),
    ("set", "endset"),
    ("with", "endwith"),
    ("filter", "endfilter"),
    ("raw", "endraw"),
];

/// A template error in our words: where the template only shows that a block is open at its end, the block is marked.
fn syntax_fault(source: &str, message: String, range: Range<usize>) -> TextFault {
    let fault = |message: String, range| TextFault::new(Code::BadTemplate, message, range);
    // a range may end inside a character
    let open = open_block(source.get(..range.end).unwrap_or(source));
    let close_of = |name: &str| BLOCKS.iter().find(|(open, _)| *open == name).map(|&(_, close)| close);
    if message.contains("end of input")
        && message.contains("end of block")
        && let Some(block) = open_block(source)
        && let Some(close) = close_of(&source[block.clone()])
    {
        let message = format!("the block `{}` is not closed", &source[block.clone()]);
        return fault(message, block).help(format!("close it with `{{% {close} %}}`"));
    }
    if let Some(word) = message.strip_prefix("unknown statement ") {
        if !BLOCKS.iter().any(|(_, close)| *close == word) {
            let help = "texts have `if`, `for`, `set`, `with` and `raw`";
            return fault(format!("there is no block `{word}` in texts"), range).help(help);
        }
        let expected = open.and_then(|block| close_of(&source[block]));
        let help = expected.map_or("leave it out".to_owned(), |close| format!("write `{{% {close} %}}`"));
        return fault(format!("`{word}` closes nothing that is open here"), range).help(help);
    }
    match message.contains("end of variable block") {
        true => fault(message, range).help("a placeholder is `{{ name }}`"),
        false => fault(message, range),
    }
}

/// The name of the innermost block that is open at the end of a text.
fn open_block(source: &str) -> Option<Range<usize>> {
    let mut open: Vec<Range<usize>> = Vec::new();
    let tags = source.match_indices("{%").map(|(at, _)| at + 2);
    for at in tags {
        let rest = source[at..].trim_start_matches(['-', '+', ' ', '\n']);
        let start = source.len() - rest.len();
        let name = start..start + rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let word = &source[name.clone()];
        let tag = rest.split("%}").next().unwrap_or(rest);
        let is_block = BLOCKS.iter().any(|(open, _)| *open == word) && !(word == "set" && tag.contains('='));
        if is_block {
            open.push(name);
        } else if open.last().is_some_and(|last| BLOCKS.contains(&(&source[last.clone()], word))) {
            open.pop();
        }
    }
    open.pop()
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
            let message = format!("a `{}` block is not available in articles", token.text);
            let help = "use filters inside `{{ … }}`, and `{% set name = … %}`";
            faults.push(TextFault::new(Code::BadTemplate, message, token.range.clone()).help(help));
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
            ..Names::default()
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
        assert_eq!(faults("{% if failed %}{% for h in hosts %}{% endfor %} x"), [(Code::BadTemplate, "if".into())]);
        assert_eq!(faults("{% if failed %}x{% endfor %}"), [(Code::BadTemplate, "endfor".into())]);
    }

    #[test]
    fn plain_placeholders_are_checked_as_the_engine_checks_them() {
        let known = Names { all: ["a", "b_2", "loop", "none"].map(str::to_owned).to_vec(), ..Names::default() };
        for (source, quick) in [
            ("no tag { at } all {", true),
            ("{{ a }} {{b_2}} {{ a }}}} {", true),
            ("{{ c }}", false),
            ("{{ a.b }}", false),
            ("{{- a }}", false),
            ("{{ a", false),
            ("{{{ a }}}", false),
            ("{{ loop }} {{ none }}", false),
            ("{{ a }} {# c #}", false),
            ("{{ a }} {% if a %}{% endif %}", false),
            ("{{\u{a0}a }}", false),
        ] {
            let names = only_names(source, &known);
            assert_eq!(names.is_some(), quick, "{source}");
            if let Some(names) = names {
                let template = EXPRESSIONS.template_from_str(source).expect(source);
                assert_eq!(
                    names,
                    template
                        .undeclared_variables(false)
                        .into_iter()
                        .collect::<std::collections::BTreeSet<_>>()
                        .into_iter()
                        .collect::<Vec<_>>()
                );
                assert!(known.faults(&names, &template_tokens(source), source.len()).is_empty());
            }
        }
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
        assert!(check("{{é customer }}", &Names::default()).is_err_and(|faults| faults[0].code == Code::BadTemplate));
        assert_eq!(faults("{% include '/etc/passwd' %}")[0].0, Code::BadTemplate);
        assert_eq!(faults("{{ customer|safe }}"), [(Code::UnknownFilter, "safe".into())]);
    }
}
