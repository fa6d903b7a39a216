//! Lints about names: captures, facts and correlations that nothing uses.

use std::collections::HashSet;

use minijinja::Value;

use crate::author::lint::page::Page;
use crate::rule::condition::Condition;
use crate::rule::correlation::MemberSource;
use crate::rule::decide::{Binding, Truth, decide};
use crate::rule::lexer::{Token, TokenKind, expression_tokens, template_tokens, unquoted};
use crate::rule::text::Text;
use crate::rule::{Code, Diagnostic, Rule};

/// Looks for captures, facts and correlations that nothing uses.
pub(super) fn lint(rule: &Rule, page: &Page<'_>, found: &mut Vec<Diagnostic>) {
    let uses = Uses::of(rule);
    unused_captures(rule, &uses, page, found);
    unused_correlations(rule, &uses, page, found);
    for fact in rule.facts.iter().filter(|fact| !uses.names.contains(fact.name.as_str())) {
        if page.mentions_elsewhere(&fact.name) {
            continue;
        }
        let title = match fact.ask {
            Some(_) => format!("nobody needs the answer to the question of `{}`", fact.name),
            None => format!("nothing uses the fact `{}`", fact.name),
        };
        let span = page.key(&["facts".into(), fact.name.as_str().into()]);
        let help = "use it in the condition, in a `when`, a `derive` or a text, or leave it out";
        found.push(page.warning(Code::UnusedFact, title, span, "never used").help(help));
    }
}

/// What a rule's expressions and texts use.
struct Uses<'r> {
    rule: &'r Rule,
    /// The names that stand alone or before a dot.
    names: HashSet<&'r str>,
}

impl<'r> Uses<'r> {
    fn of(rule: &'r Rule) -> Self {
        let names = conditions(rule)
            .flat_map(Condition::names)
            .chain(rule.facts.iter().filter_map(|fact| Some(fact.lookup.as_ref()?.by.as_str())))
            .chain(texts(rule).flat_map(|text| text.names().iter().map(String::as_str)));
        Self { rule, names: names.collect() }
    }

    /// Whether a capture is used as `signature.capture`, or all captures of the signature are.
    fn uses_of_signature(&self, signature: &str, capture: &str) -> bool {
        if !self.names.contains(signature) {
            return false;
        }
        let is_use = |token: &Token<'_>| match token.kind {
            TokenKind::Name => token.text == capture || token.text == "captures",
            TokenKind::Text => unquoted(token) == capture,
            TokenKind::Number | TokenKind::Symbol => false,
        };
        texts(self.rule).flat_map(Text::sources).any(|source| template_tokens(source).iter().any(is_use))
            || conditions(self.rule).any(|condition| expression_tokens(&condition.source()).iter().any(is_use))
    }
}

/// Every expression of a rule.
pub(super) fn conditions(rule: &Rule) -> impl Iterator<Item = &Condition> {
    let derived = rule.facts.iter().filter_map(|fact| fact.derive.as_ref());
    std::iter::once(&rule.condition)
        .chain(rule.resolution.iter().filter_map(|branch| branch.when.as_ref()))
        .chain(derived)
}

/// Every text of a rule.
pub(super) fn texts(rule: &Rule) -> impl Iterator<Item = &Text> {
    let sections = [&rule.symptoms, &rule.cause, &rule.prevention].into_iter().flatten();
    sections.chain(rule.resolution.iter().map(|branch| &branch.text))
}

fn unused_captures(rule: &Rule, uses: &Uses<'_>, page: &Page<'_>, found: &mut Vec<Diagnostic>) {
    for (at, signature) in rule.signatures.iter().enumerate() {
        let required = signature.captures();
        let unused = |name: &&&str| !uses.names.contains(**name) && !uses.uses_of_signature(&signature.name, name);
        let of_identity = |name: &str| match &rule.identity {
            Some(identity) if at == 0 => identity.iter().any(|other| other == name),
            _ => required.contains(&name) && can_be_subject(rule, at),
        };
        let optional = signature.optional_captures();
        for name in required.iter().chain(&optional).filter(unused) {
            if of_identity(name) || page.mentions_elsewhere(name) {
                continue;
            }
            let title = format!("nothing uses the capture `{name}` of the signature `{}`", signature.name);
            let help = format!("use it in a text or condition, or write `(?:…)` instead of `(?<{name}>…)`");
            let span = page.capture(&signature.name, name);
            found.push(page.warning(Code::UnusedCapture, title, span, "never used").help(help));
        }
    }
}

fn unused_correlations(rule: &Rule, uses: &Uses<'_>, page: &Page<'_>, found: &mut Vec<Diagnostic>) {
    let members = rule.correlations.iter().flat_map(|correlation| &correlation.members);
    let is_member: HashSet<usize> = members
        .filter_map(|member| match member.source {
            MemberSource::Correlation(at) => Some(at),
            MemberSource::Signature(_) => None,
        })
        .collect();
    for (at, correlation) in rule.correlations.iter().enumerate() {
        let name = correlation.name.as_str();
        if uses.names.contains(name) || is_member.contains(&at) {
            continue;
        }
        let title = format!("nothing uses the correlation `{name}`");
        let span = page.key(&["correlations".into(), name.into()]);
        let help = "name it in the condition, in a `when`, a `derive`, a text or another correlation, or leave it out";
        found.push(page.warning(Code::UnusedCorrelation, title, span, "never used").help(help));
    }
}

/// Whether a signature may be the first of the rule that matched, so that its captures tell failures apart.
fn can_be_subject(rule: &Rule, at: usize) -> bool {
    let Some(earlier) = rule.signatures.get(..at).filter(|earlier| !earlier.is_empty()) else { return true };
    let mut scope = rule.scope_before_case();
    for signature in earlier {
        scope.bind(signature.name.as_str(), Binding::Known(Value::from(false)));
    }
    decide(&rule.condition, &rule.facts, &scope).truth != Truth::False
}
