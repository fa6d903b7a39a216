//! Lints about values: captures with several values where one is needed, placeholders in texts that are shown as written.
//!
//! Only captures that `identity` leaves out are looked at: the author chose that failures with different values are one. Those of other
//! signatures and of `optional` mostly have one value, and a warning at each use of them would be noise.

use crate::author::lint::captures::{conditions, texts};
use crate::author::lint::page::{Page, Step};
use crate::rule::condition::Condition;
use crate::rule::lexer::{Token, TokenKind, expression_tokens, template_tokens};
use crate::rule::text::Text;
use crate::rule::{Code, Diagnostic, Rule};

/// Filters and tests that are about one value.
const OF_ONE_VALUE: [&str; 9] =
    ["abs", "endingwith", "float", "glob", "int", "matching", "round", "startingwith", "version"];

/// Looks at the uses of captures with several values, and at texts that are no templates.
pub(super) fn lint(rule: &Rule, page: &Page<'_>, found: &mut Vec<Diagnostic>) {
    several_values(rule, page, found);
    literal_placeholders(rule, page, found);
}

fn several_values(rule: &Rule, page: &Page<'_>, found: &mut Vec<Diagnostic>) {
    let (Some(identity), Some(first)) = (&rule.identity, rule.signatures.first()) else { return };
    let captures = first.captures();
    let left_out: Vec<&str> = captures.into_iter().filter(|name| !identity.iter().any(|kept| kept == name)).collect();
    if left_out.is_empty() {
        return;
    }
    let expressions: Vec<String> = conditions(rule).map(Condition::source).collect();
    let uses = expressions.iter().flat_map(|source| uses_of_one(source, expression_tokens(source), &left_out));
    let templates = texts(rule).flat_map(Text::sources);
    let uses = uses.chain(templates.flat_map(|source| uses_of_one(source, template_tokens(source), &left_out)));
    let mut told: Vec<&str> = Vec::new();
    for (name, word, written) in uses {
        if told.contains(&name) {
            continue;
        }
        told.push(name);
        let title = format!("`{name}` may have several values, and `{word}` is about one");
        let span = page.value(&["identity".into()]);
        let help = format!(
            "`{written}`: write `{name}|first` there for one of them (`min` and `max` compare texts letter by letter), or name `{name}` under `identity`"
        );
        found.push(page.warning(Code::SeveralValues, title, span, &format!("leaves `{name}` out")).help(help));
    }
}

/// Where one of the names stands directly before a filter or test that is about one value: the name, the word, and what is written.
fn uses_of_one<'a>(
    source: &'a str,
    tokens: Vec<Token<'a>>,
    names: &[&'a str],
) -> impl Iterator<Item = (&'a str, &'a str, &'a str)> {
    let mut uses = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let behind_dot =
            at.checked_sub(1).and_then(|before| tokens.get(before)).is_some_and(|token| token.is_symbol("."));
        let Some(name) = names.iter().copied().find(|name| token.is_name(name) && !behind_dot) else { continue };
        let mut rest = tokens.iter().skip(at + 1);
        let joins = rest.next().is_some_and(|token| token.is_symbol("|") || token.is_name("is"));
        let word = rest.find(|token| !token.is_name("not")).filter(|token| joins && token.kind == TokenKind::Name);
        if let Some(word) = word.filter(|word| OF_ONE_VALUE.contains(&word.text)) {
            uses.push((name, word.text, source.get(token.range.start..word.range.end).unwrap_or(name)));
        }
    }
    uses.into_iter()
}

/// `{{ ip }}` in a question or title. An answer counts for the whole case and not for one failure, so a question cannot name its values.
fn literal_placeholders(rule: &Rule, page: &Page<'_>, found: &mut Vec<Diagnostic>) {
    let mut look = |text: &str, way: &[Step<'_>], help: &str| {
        let key = match way.last() {
            Some(Step::Key(key)) => *key,
            _ => return,
        };
        if text.split_once("{{").is_some_and(|(_, rest)| rest.contains("}}")) {
            let title = format!("placeholders have no effect in `{key}`");
            let warning = page.warning(Code::LiteralPlaceholder, title, page.value(way), "shown as it is written");
            found.push(warning.help(help));
        }
    };
    look(
        &rule.title,
        &["title".into()],
        "say it without the value, and write the placeholder in `symptoms` or `cause`",
    );
    for (at, branch) in rule.resolution.iter().enumerate().filter(|(_, branch)| !branch.title.is_empty()) {
        let help = "say it without the value, and write the placeholder in the `text` of the branch";
        look(&branch.title, &["resolution".into(), at.into(), "title".into()], help);
    }
    for fact in &rule.facts {
        let way = |key| ["facts".into(), Step::Key(fact.name.as_str()), Step::Key(key)];
        let help = "the answer counts for all failures of the case: ask without the value, and show it in `symptoms` or `cause`";
        look(fact.ask.as_deref().unwrap_or_default(), &way("ask"), help);
        look(fact.about.as_deref().unwrap_or_default(), &way("about"), "say it without the value");
    }
}
