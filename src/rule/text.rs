//! Article texts: Markdown with minijinja, checked when loaded with all that they take in, compiled when rendered.

use std::ops::Range;
use std::sync::Arc;

use crate::rule::authored::AuthoredFile;
use crate::rule::condition::EXPRESSION_TOKENS;
use crate::rule::diagnostic::Code;
use crate::rule::language::{EXPRESSIONS, is_engine_word, place};
use crate::rule::lexer::{self, Token, TokenKind};
use crate::rule::names::{Names, TextFault};
use crate::rule::shared_text::{PlacedFault, SharedFile, gather};
use crate::rule::templates::TemplateSource;
use crate::rule::text_tags::{BLOCKS_HELP, TextTags};

/// A text that is known to be a valid template over known names, with all files that it takes in.
#[derive(Clone, Debug)]
pub struct Text {
    source: Arc<str>,
    names: Vec<String>,
    /// The files, by their paths below `templates/`; `None` for the many texts without any.
    shared: Option<Arc<SharedTexts>>,
}

/// The files that a text takes in, as `(path, text)`, each once.
pub(crate) type SharedTexts = Vec<(String, Arc<AuthoredFile>)>;

impl Text {
    /// The template as written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The names that it and the files that it takes in use, sorted.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The template as written, and behind it the texts of all files that it takes in.
    pub fn sources(&self) -> impl Iterator<Item = &str> {
        let shared = self.shared.iter().flat_map(|shared| shared.iter());
        std::iter::once(&*self.source).chain(shared.map(|(_, file)| file.text()))
    }

    /// The files that it takes in.
    pub(crate) fn shared(&self) -> Option<&Arc<SharedTexts>> {
        self.shared.as_ref()
    }
}

/// Checks a template, and with it what it takes in: syntax, names, filters, tests, files, macros. `path` is its own, if it is a file
/// below `templates/`.
pub(crate) fn check(
    source: &str,
    path: Option<&str>,
    known: &Names,
    templates: &dyn TemplateSource,
) -> Result<Text, Vec<PlacedFault>> {
    if let Some(names) = only_names(source, known) {
        return Ok(Text { source: source.into(), names, shared: None });
    }
    let mut names = parse(source).map_err(|fault| vec![PlacedFault::own(fault)])?;
    let tags = TextTags::of(source);
    let mut faults: Vec<PlacedFault> =
        known.faults(&names, &tags.tokens, source.len()).into_iter().map(PlacedFault::own).collect();
    faults.extend(known.matches_as_text(&names, &lexer::template_tags(source)).into_iter().map(PlacedFault::own));
    faults.extend(tags.faults.iter().cloned().map(PlacedFault::own));
    if tags.taken.is_empty() && tags.calls.is_empty() {
        return if faults.is_empty() { Ok(Text { source: source.into(), names, shared: None }) } else { Err(faults) };
    }
    let gathered = gather(&tags, path, templates);
    faults.extend(gathered.faults);
    for file in &gathered.files {
        faults.extend(faults_of_names(file, known));
        names.extend(file.names.iter().cloned());
    }
    names.sort_unstable();
    names.dedup();
    if !faults.is_empty() {
        return Err(faults);
    }
    let files: SharedTexts = gathered.files.into_iter().map(|file| (file.path, file.file)).collect();
    let shared = (!files.is_empty()).then(|| Arc::new(files));
    Ok(Text { source: source.into(), names, shared })
}

/// What is wrong with the names and words of a file that a text takes in.
fn faults_of_names(shared: &SharedFile, known: &Names) -> Vec<PlacedFault> {
    let text = shared.file.text();
    let used: Vec<String> = shared.names.iter().cloned().collect();
    let all = TextTags::of(text).tokens;
    let is_used = |token: &Token<'_>| used.iter().any(|name| name == token.text);
    let is_word = |at: usize, token: &Token<'_>| {
        let before = |steps: usize| at.checked_sub(steps).and_then(|at| all.get(at));
        let is_test =
            before(1).is_some_and(|token| token.is_name("is")) || before(2).is_some_and(|token| token.is_name("is"));
        token.is_name("is")
            || token.is_name("not")
            || is_test
            || before(1).is_some_and(|token| token.is_symbol(".") || token.is_symbol("|"))
    };
    // what the including text defines is no name of the rule here
    let seen = all.iter().enumerate().map(|(at, token)| match token.kind {
        TokenKind::Name if !is_used(token) && !is_word(at, token) => token.masked(),
        _ => token.clone(),
    });
    let tokens: Vec<Token<'_>> = seen.collect();
    let faults = known.faults(&used, &tokens, text.len()).into_iter().map(|fault| {
        // what the words of the language are does not depend on the rule
        let is_of_rule = matches!(fault.code, Code::UnknownName | Code::BadExpression);
        PlacedFault {
            fault,
            file: Some(Arc::clone(&shared.file)),
            taken_in: is_of_rule.then(|| shared.taken_in.clone()),
        }
    });
    faults.collect()
}

fn tag_too_long(source: &str) -> Option<TextFault> {
    let range = lexer::tag_longer_than(source, EXPRESSION_TOKENS)?;
    let message = format!("a tag has more than {EXPRESSION_TOKENS} words and signs");
    Some(TextFault::new(Code::BadTemplate, message, range))
}

/// The names that a text uses and does not define itself, sorted; the fault says why the engine does not accept it.
pub(crate) fn parse(source: &str) -> Result<Vec<String>, TextFault> {
    if let Some(fault) = tag_too_long(source) {
        return Err(fault);
    }
    let template = EXPRESSIONS.template_from_str(source).map_err(|error| {
        let message = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
        syntax_fault(source, message, place(&error, source))
    })?;
    let mut names: Vec<String> = template.undeclared_variables(false).into_iter().collect();
    names.sort_unstable();
    Ok(names)
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
                if is_engine_word(name) || known.is_match(name) || !known.all.iter().any(|known| known == name) {
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
const BLOCKS: [(&str, &str); 8] = [
    ("if", "endif"),
    ("for", "endfor"),
    ("set", "endset"),
    ("with", "endwith"),
    ("filter", "endfilter"),
    ("macro", "endmacro"),
    ("call", "endcall"),
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
            return fault(format!("there is no block `{word}` in texts"), range).help(BLOCKS_HELP);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::lexer::template_tokens;
    use crate::rule::templates::Templates;

    fn faults(source: &str) -> Vec<(Code, String)> {
        let known = Names {
            all: vec!["customer".to_owned(), "hosts".to_owned(), "failed".to_owned()],
            texts: vec!["customer".to_owned()],
            signatures: vec![("failed".to_owned(), vec!["customer".to_owned()])],
            ..Names::default()
        };
        let faults = check(source, None, &known, &Templates::default()).err().unwrap_or_default();
        faults.into_iter().map(|PlacedFault { fault, .. }| (fault.code, source[fault.range].to_owned())).collect()
    }

    #[test]
    fn attributes_comparisons_and_blocks_are_checked_too() {
        assert!(faults("{% if failed.count > 3 and customer|int > 5 %}{{ failed.customer }}{% endif %}").is_empty());
        assert_eq!(faults("{{ failed.cuont }}"), [(Code::UnknownName, "cuont".into())]);
        assert_eq!(faults("{% if customer > 5 %}{% endif %}"), [(Code::BadExpression, "customer > 5".into())]);
        assert_eq!(faults("{% filter upper %}{{ customer }}{% endfilter %}"), [(Code::BadTemplate, "filter".into())]);
        assert_eq!(faults("{% set a %}{{ customer }}{% endset %}"), [(Code::BadTemplate, "set".into())]);
        assert!(faults("{% set a = customer %}{{ a }}").is_empty());
        assert_eq!(
            faults("{{ failed }} {{- failed -}}"),
            [(Code::BadTemplate, "failed".into()), (Code::BadTemplate, "failed".into())]
        );
        assert!(faults("{{ failed.count }} {{ 'yes' if failed else 'no' }}{% set failed = 1 %}").is_empty());
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
        assert_eq!(faults("{{ customer }}{{é customer }}")[0].0, Code::BadTemplate);
        assert_eq!(faults("{% include '/etc/passwd' %}"), [(Code::MissingTemplate, "'/etc/passwd'".into())]);
        assert_eq!(faults("{% extends 'a' %}")[0].0, Code::BadTemplate);
        assert_eq!(faults("{{ customer|safe }}"), [(Code::UnknownFilter, "safe".into())]);
    }
}
