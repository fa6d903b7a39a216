//! Lints about the same thing twice: entries of a list, texts that others hold, signatures of two rules.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;

use aho_corasick::AhoCorasick;
use rayon::prelude::*;

use crate::author::lint::page::{Page, Step};
use crate::author::lint::{Book, are_linked};
use crate::rule::signature::{Leaf, Signature, SignatureScope};
use crate::rule::{Code, Diagnostic, Fix, Rule, State};

/// Looks at the lists and the signatures of one rule.
pub(super) fn within(rule: &Rule, page: &Page<'_>, found: &mut Vec<Diagnostic>) {
    for (key, list) in [("tags", &rule.tags), ("related", &rule.related), ("supersedes", &rule.supersedes)] {
        if has_doubles(list) {
            entries(page, &[key.into()], found);
        }
    }
    for fact in rule.facts.iter().filter(|fact| has_doubles(&fact.values)) {
        entries(page, &["facts".into(), fact.name.as_str().into(), "values".into()], found);
    }
    if rule.identity.as_deref().is_some_and(has_doubles) {
        entries(page, &["identity".into()], found);
    }
    for signature in &rule.signatures {
        let name: Step<'_> = signature.name.as_str().into();
        for clause in signature.required.iter().filter(|clause| clause.len() > 1) {
            let texts: Vec<&[u8]> = clause.iter().map(text).collect();
            if has_doubles(&texts) {
                entries(page, &["signatures".into(), name, "regex".into()], found);
                entries(page, &["signatures".into(), name, "contains".into()], found);
            }
            found.extend(held_by_others(signature, clause, page));
        }
    }
    if rule.signatures.len() > 1 {
        let mut seen: HashMap<String, &str> = HashMap::new();
        for signature in &rule.signatures {
            if let Some(first) = seen.insert(fingerprint(signature), &signature.name) {
                let title = format!("the signatures `{first}` and `{}` test the same", signature.name);
                found.push(
                    page.warning(Code::DuplicateSignature, title, page.signature(&signature.name), "the second")
                        .at(page.file(), page.signature(first), "the first")
                        .help("keep one of them"),
                );
            }
        }
    }
}

fn has_doubles<T: std::hash::Hash + Eq>(list: &[T]) -> bool {
    match list {
        [] | [_] => false,
        list => {
            let mut seen = HashSet::with_capacity(list.len());
            !list.iter().all(|item| seen.insert(item))
        }
    }
}

/// Reports the items of a written list that stand there before.
fn entries(page: &Page<'_>, way: &[Step<'_>], found: &mut Vec<Diagnostic>) {
    let items = page.tree().texts(way);
    let spans: Vec<_> = items.iter().map(|item| item.span).collect();
    let mut first: HashMap<&str, usize> = HashMap::new();
    for (at, item) in items.iter().enumerate() {
        let Some(earlier) = first.get(item.value.as_str()).and_then(|&earlier| spans.get(earlier)) else {
            first.insert(&item.value, at);
            continue;
        };
        let shown: String = item.value.chars().take(60).collect();
        let fix = Fix::without_item(page.file(), &spans, at, format!("remove the second `{shown}`"));
        found.push(
            page.warning(Code::DuplicateEntry, format!("`{shown}` stands twice in one list"), item.span, "again")
                .at(page.file(), *earlier, "first")
                .help("keep one of them")
                .maybe_fix(fix),
        );
    }
}

fn text(leaf: &Leaf) -> &[u8] {
    match leaf {
        Leaf::Regex(pattern) => pattern.source().as_bytes(),
        Leaf::Contains(bytes) => bytes,
    }
}

fn substring(leaf: &Leaf) -> Option<&[u8]> {
    match leaf {
        Leaf::Contains(bytes) => Some(bytes),
        Leaf::Regex(_) => None,
    }
}

/// A text of a list of alternatives that holds another of them: the shorter one matches wherever it does.
fn held_by_others(signature: &Signature, clause: &[Leaf], page: &Page<'_>) -> Option<Diagnostic> {
    let mut texts: Vec<&[u8]> = clause.iter().filter_map(substring).collect();
    texts.sort_unstable();
    texts.dedup();
    if texts.len() < 2 {
        return None;
    }
    let all = AhoCorasick::new(&texts).ok()?;
    let holder = |text: &&[u8]| {
        let inner = all.find_overlapping_iter(*text).find(|inner| inner.end() - inner.start() < text.len())?;
        Some((
            String::from_utf8_lossy(text).into_owned(),
            String::from_utf8_lossy(texts.get(inner.pattern().as_usize())?).into_owned(),
        ))
    };
    let (longer, shorter) = texts.iter().find_map(holder)?;
    let title = format!("`{longer}` makes no difference: whatever contains it contains `{shorter}`");
    let span = page.signature(&signature.name);
    Some(
        page.warning(Code::ShadowedSignature, title, span, "one of these is enough")
            .help(format!("leave `{longer}` out, or leave `{shorter}` out if only the longer one is meant")),
    )
}

/// What a signature tests, alike for those that match the same because they are written alike.
pub(super) fn fingerprint(signature: &Signature) -> String {
    let clause = |leaves: &[Leaf]| {
        let mut texts: Vec<String> = leaves
            .iter()
            .map(|leaf| match leaf {
                Leaf::Regex(pattern) => format!("r{}", normal(pattern.source())),
                Leaf::Contains(bytes) => format!("c{}", String::from_utf8_lossy(bytes)),
            })
            .collect();
        texts.sort_unstable();
        texts.dedup();
        texts.join("\u{1}")
    };
    let mut clauses: Vec<String> = signature.required.iter().map(|leaves| clause(leaves)).collect();
    clauses.sort_unstable();
    let mut all = clauses.join("\u{2}");
    let glob = signature.file.as_ref().map_or("", |glob| glob.written());
    let _ = write!(
        all,
        "\u{3}{}\u{3}{glob}\u{3}{:?}{:?}{:?}",
        clause(&signature.forbidden),
        signature.level,
        signature.scope,
        signature.max_age
    );
    all
}

/// A regex without what changes nothing about where it matches: names of groups, and `.*` at its ends.
fn normal(source: &str) -> String {
    let mut plain = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(at) = rest.find("(?") {
        let (before, group) = rest.split_at(at);
        plain += before;
        // `\(?` is a bracket that may be there
        let is_escaped = before.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1;
        let inner = group.strip_prefix("(?P<").or_else(|| group.strip_prefix("(?<"));
        rest = match (is_escaped, inner.and_then(|inner| inner.split_once('>')), group.strip_prefix("(?:")) {
            (false, Some((_, behind)), _) | (false, None, Some(behind)) => {
                plain.push('(');
                behind
            }
            _ => {
                plain += "(?";
                group.get(2..).unwrap_or_default()
            }
        };
    }
    plain += rest;
    let flag = plain.starts_with("(?i)");
    let body = plain.strip_prefix("(?i)").unwrap_or(&plain);
    let body = body.strip_prefix(".*").unwrap_or(body);
    let body = body.strip_suffix(".*").filter(|body| !body.ends_with('\\')).unwrap_or(body);
    format!("{}{body}", if flag { "(?i)" } else { "" })
}

/// A signature of a rule.
type Place<'f> = (&'f Rule, &'f Signature);

/// Looks for signatures of one rule that another one has too, or that hold what another one looks for.
pub(super) fn across(book: &Book<'_>) -> Vec<Diagnostic> {
    let used = used(book);
    let prints: Vec<(String, Place<'_>)> = used
        .par_iter()
        .flat_map_iter(|rule| rule.signatures.iter().map(move |signature| (fingerprint(signature), (*rule, signature))))
        .collect();
    let mut found = Vec::new();
    let mut first: HashMap<&str, Place<'_>> = HashMap::with_capacity(prints.len());
    for (print, place) in &prints {
        let (rule, signature) = *place;
        match first.get(print.as_str()) {
            Some((other, _)) if other.id == rule.id => {}
            Some(other) => found.extend(duplicate(book, (rule, signature), *other)),
            None => _ = first.insert(print, *place),
        }
    }
    found.extend(shadowed(book, &used, &used));
    found
}

/// The same for the signatures of one rule.
pub(super) fn of_rule<'f>(book: &Book<'f>, rule: &'f Rule) -> Vec<Diagnostic> {
    let used = used(book);
    let own: Vec<(String, &Signature)> =
        rule.signatures.iter().map(|signature| (fingerprint(signature), signature)).collect();
    let before: Vec<&Rule> = used.iter().copied().take_while(|other| other.id != rule.id).collect();
    let same: Vec<(usize, Place<'_>)> = before
        .par_iter()
        .flat_map_iter(|other| other.signatures.iter().map(|its| (*other, its)))
        .flat_map_iter(|(other, its)| {
            let print = fingerprint(its);
            own.iter().position(|(own, _)| *own == print).map(|at| (at, (other, its)))
        })
        .collect();
    let mut found = Vec::new();
    for (print, signature) in &own {
        let at = own.iter().position(|(other, _)| other == print);
        if let Some((_, first)) = same.iter().find(|(other, _)| Some(*other) == at) {
            found.extend(duplicate(book, (rule, signature), *first));
        }
    }
    found.extend(shadowed(book, &used, &[rule]));
    found
}

/// The rules that are looked for.
fn used<'f>(book: &Book<'f>) -> Vec<&'f Rule> {
    book.rules.iter().copied().filter(|rule| rule.state != State::Archived).collect()
}

/// Whether each rule names products, and not the same ones.
fn are_about_different_products(one: &Rule, other: &Rule) -> bool {
    let products = |rule: &Rule| -> Vec<String> {
        let version = |entry: &crate::rule::Environment| {
            format!("{} {:?}", entry.product.to_lowercase(), entry.version.as_ref().map(ToString::to_string))
        };
        let mut products: Vec<String> = rule.environment.iter().map(version).collect();
        products.sort_unstable();
        products
    };
    !one.environment.is_empty() && !other.environment.is_empty() && products(one) != products(other)
}

/// The warning about a signature that another rule has before, unless both are meant.
fn duplicate<'f>(book: &Book<'f>, (rule, signature): Place<'f>, (other, its): Place<'f>) -> Option<Diagnostic> {
    if are_linked(rule, other) || are_about_different_products(rule, other) {
        return None;
    }
    let (page, others) = (book.page(rule), book.page(other));
    let title = format!("`{}` tests the same as `{}` of {}", signature.name, its.name, other.id);
    let help = format!(
        "keep one of them; if both rules are meant, name `{}` under `supersedes` or `related`, or give each its `environment`",
        other.id
    );
    let warning = page.warning(Code::DuplicateSignature, title, page.signature(&signature.name), "the same test");
    Some(warning.at(others.file(), others.signature(&its.name), "first here").help(help))
}

/// Signatures that look for nothing but one text, by that text.
fn plain_texts<'f>(rules: &[&'f Rule]) -> HashMap<&'f [u8], Place<'f>> {
    let mut texts = HashMap::new();
    for rule in rules {
        for signature in &rule.signatures {
            if let [clause] = signature.required.as_slice()
                && let [Leaf::Contains(text)] = clause.as_slice()
                && signature.forbidden.is_empty()
                && signature.file.is_none()
                && signature.level.is_none()
                && signature.scope == SignatureScope::Record
            {
                texts.entry(text.as_slice()).or_insert((*rule, signature));
            }
        }
    }
    texts
}

/// Signatures of `looked_at` whose text holds the whole text of a signature of another of the rules.
fn shadowed(book: &Book<'_>, rules: &[&Rule], looked_at: &[&Rule]) -> Vec<Diagnostic> {
    let by_text = plain_texts(rules);
    let texts: Vec<&[u8]> = {
        let mut texts: Vec<&[u8]> = by_text.keys().copied().collect();
        if let [rule] = looked_at {
            // to look for them one by one is cheaper than to look for all at once
            let leaves = rule.signatures.iter().flat_map(|signature| signature.required.iter().flatten());
            let own: Vec<&[u8]> = leaves.filter_map(substring).collect();
            texts.retain(|text| own.iter().any(|own| memchr::memmem::find(own, text).is_some()));
        }
        texts.sort_unstable();
        texts
    };
    let Some(all) = Some(&texts).filter(|texts| !texts.is_empty()).and_then(|texts| AhoCorasick::new(texts).ok())
    else {
        return Vec::new();
    };
    let of_signature = |rule: &Rule, signature: &Signature| {
        let clause = signature.required.iter().find(|clause| clause.iter().all(|leaf| substring(leaf).is_some()));
        let [only] = clause?.as_slice() else { return None };
        let text = substring(only).filter(|_| signature.scope == SignatureScope::Record)?;
        all.find_overlapping_iter(text).find_map(|inner| {
            let shorter = texts.get(inner.pattern().as_usize()).filter(|shorter| shorter.len() < text.len())?;
            let (other, its) = *by_text.get(shorter)?;
            let is_meant = other.id == rule.id || are_linked(rule, other);
            (!is_meant).then_some((other, its))
        })
    };
    let each = |rule: &&Rule| {
        let rule: &Rule = rule;
        rule.signatures
            .iter()
            .filter_map(|signature| {
                let (other, its) = of_signature(rule, signature)?;
                let (page, others) = (book.page(book.rule(&rule.id)?), book.page(other));
                let title =
                    format!("wherever `{}` matches, `{}` of {} matches too", signature.name, its.name, other.id);
                let help = format!("if this rule is the more special one, name `{}` under `supersedes`", other.id);
                Some(
                    page.warning(
                        Code::ShadowedSignature,
                        title,
                        page.signature(&signature.name),
                        "holds the text of the other",
                    )
                    .at(others.file(), others.signature(&its.name), "the more general one")
                    .help(help),
                )
            })
            .collect::<Vec<_>>()
    };
    looked_at.par_iter().flat_map_iter(each).collect()
}

#[cfg(test)]
mod tests {
    use super::normal;

    #[test]
    fn regexes_that_match_alike_are_normalised_alike() {
        assert_eq!(normal(r".*lost (?<host>\w+)"), normal(r"lost (?:\w+).*"));
        assert_eq!(normal(r"(?i).*x (?P<a>b)"), normal(r"(?i)x (b)"));
        assert_ne!(normal(r"x\(?<a>"), normal(r"x\("));
        assert_ne!(normal("(?i)x"), normal("x"));
    }
}
