//! Lints: what is probably not as meant, though every part of a rule is sound.
//!
//! Most lints look at one checked rule, on all processors. Those about several rules (duplicates, noisy patterns, links) put all rules
//! into one table or one index, so that their cost is that of the rules and not of pairs of them. A checked rule has no places: a lint
//! that finds something reads the rule's file again through a `Page`, which clean rules never pay for.
//!
//! An editor asks for the lints of one file ([`lint_file`]), which are the same warnings for a fraction of the work.
//!
//! Which of the warnings are shown is decided in [`check`](crate::author::check()).

mod article;
mod branches;
mod captures;
mod duplicates;
mod links;
mod noise;
mod page;
mod values;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use jiff::civil::Date;
use rayon::prelude::*;

use crate::rule::authored::{AuthoredFile, Span};
use crate::rule::desk::Desk;
use crate::rule::{Diagnostic, Faultbook, Rule, State};

use page::Page;

/// What the lints are asked for beyond the usual.
#[derive(Clone, Debug, Default)]
pub struct LintOptions {
    /// Reviews before this day are overdue.
    pub reviewed_since: Option<Date>,
}

/// What the lints found.
#[derive(Debug, Default)]
pub struct LintOutcome {
    /// The warnings, in no order.
    pub diagnostics: Vec<Diagnostic>,
    /// The ids of rules of which not all answers were tried.
    pub limited: Vec<String>,
}

/// The rules as lints look them up, of a faultbook or a desk.
struct Book<'f> {
    /// Those that are sound, in the order of their files.
    rules: Vec<&'f Rule>,
    by_id: HashMap<&'f str, &'f Rule>,
    /// How many rule files were read, sound or not.
    files: usize,
    /// The text of a rule file.
    text: &'f (dyn Fn(&str) -> Option<Arc<AuthoredFile>> + Sync),
    has_template: &'f (dyn Fn(&str) -> bool + Sync),
}

impl<'f> Book<'f> {
    fn rule(&self, id: &str) -> Option<&'f Rule> {
        self.by_id.get(id).copied()
    }

    fn page<'p>(&'p self, rule: &'p Rule) -> Page<'p> {
        Page::new(self.text, rule)
    }

    /// The lints that look at one rule.
    fn each(&self, families: &links::Families<'_>, rule: &Rule, options: &LintOptions) -> LintOutcome {
        let page = self.page(rule);
        let mut outcome = LintOutcome::default();
        let found = &mut outcome.diagnostics;
        article::lint(self, rule, &page, options, found);
        duplicates::within(rule, &page, found);
        captures::lint(rule, &page, found);
        values::lint(rule, &page, found);
        links::lint(self, families, rule, &page, found);
        if branches::lint(rule, &page, found) && rule.state != State::Archived {
            outcome.limited.push(rule.id.clone());
        }
        outcome
    }
}

/// Whether the authors of two rules know of each other, or one of them gives way by itself: what they share is on purpose.
fn are_linked(one: &Rule, other: &Rule) -> bool {
    let names = |rule: &Rule, id: &String| rule.related.contains(id) || rule.supersedes.contains(id);
    names(one, &other.id) || names(other, &one.id) || one.fallback || other.fallback
}

/// Looks at all rules that are sound.
pub fn lint(faultbook: &Faultbook, options: &LintOptions) -> LintOutcome {
    let text = |path: &str| faultbook.authored(path);
    let has_template = |path: &str| faultbook.templates().find(path).is_some();
    let book = Book {
        rules: faultbook.rules().iter().collect(),
        by_id: faultbook.rules().iter().map(|rule| (rule.id.as_str(), rule)).collect(),
        files: faultbook.files(),
        text: &text,
        has_template: &has_template,
    };
    let families = links::Families::of(&book);
    let (outcomes, across) = rayon::join(
        || book.rules.par_iter().map(|rule| book.each(&families, rule, options)).collect::<Vec<_>>(),
        || {
            let mut across = duplicates::across(&book);
            across.extend(noise::lint(&book, faultbook));
            across
        },
    );
    let mut outcome = LintOutcome { diagnostics: across, limited: Vec::new() };
    for one in outcomes {
        outcome.diagnostics.extend(one.diagnostics);
        outcome.limited.extend(one.limited);
    }
    outcome
}

/// Looks at the rule in a file, sound or not, among all others: the warnings that [`lint`] would give at this file. Cost: a pass over the
/// samples of all rules, and a look at the tests of all signatures.
pub fn lint_file(desk: &Desk, path: &Path) -> Vec<Diagnostic> {
    let text = |path: &str| desk.authored(Path::new(path));
    let has_template = |path: &str| desk.has_template(path);
    let mut book = Book {
        rules: Vec::new(),
        by_id: HashMap::new(),
        files: desk.rules().count(),
        text: &text,
        has_template: &has_template,
    };
    // of several rules with one id the first is used
    for rule in desk.rules().filter_map(|rule| rule.rule) {
        book.by_id.entry(&rule.id).or_insert_with(|| {
            book.rules.push(rule);
            rule
        });
    }
    let own = desk.rule_at(path).and_then(|own| own.rule);
    let Some(rule) = own.filter(|own| book.rule(&own.id).is_some_and(|used| std::ptr::eq(used, *own))) else {
        return Vec::new();
    };
    let families = links::Families::of(&book);
    let mut found = book.each(&families, rule, &LintOptions::default()).diagnostics;
    if rule.state != State::Archived {
        found.extend(duplicates::of_rule(&book, rule));
        found.extend(noise::lint(&book, &desk.alone(rule)));
    }
    found
}

/// The places of a key at the top of a rule file and of its value.
pub(crate) fn entry(file: &Arc<AuthoredFile>, key: &str) -> Option<(Span, Span)> {
    page::Tree::of(Arc::clone(file))?.entry(&[key.into()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lints_of_a_file_are_those_that_all_rules_have_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let rule = |id: &str, tests: &str, more: &str| {
            let text = format!(
                "id: {id}\ntitle: t\nstate: not-validated\nsignatures:\n  s: {{ {tests} }}\n  t: {{ {tests} }}\ncondition: s or t\n{more}"
            );
            std::fs::write(folder.path().join(format!("{id}.yaml")), text).expect("written");
        };
        let samples = "tests:\n  - { name: a, text: no space left on sda, expect: {} }\n  - { name: b, text: no space, expect: nothing }\n";
        rule("kb-a", "regex: 'no space left on (?<disk>\\w+)'", samples);
        rule("kb-b", "regex: 'no space left on (?<other>\\w+)'", "");
        rule("kb-c", "contains: no space", "tags: [x, x]\n");
        rule("kb-d", "contains: there is no space here", "related: [kb-x]\n");
        rule("kb-e", "contains: no space", "audience: internal\n");
        rule("kb-f", "regex: 'no (?:space)'", "related: [kb-a]\n");
        let paths = [folder.path().to_owned()];
        let told = |diagnostics: &[Diagnostic], path: &Path| {
            let here = |diagnostic: &&Diagnostic| Path::new(diagnostic.labels[0].file.path()) == path;
            let of_file = diagnostics.iter().filter(here);
            let mut told: Vec<(String, Span)> = of_file
                .map(|one| (format!("{}: {} {:?}", one.code, one.title, one.help), one.labels[0].span))
                .collect();
            told.sort();
            told
        };
        let all = lint(&Faultbook::load(&paths, &[]), &LintOptions::default()).diagnostics;
        let desk = Desk::load(paths.to_vec(), Vec::new());
        let mut codes: Vec<_> = all.iter().map(|one| one.code.name()).collect();
        codes.sort_unstable();
        codes.dedup();
        assert!(codes.len() >= 5, "{codes:?}");
        for rule in desk.rules() {
            assert_eq!(told(&lint_file(&desk, rule.path), rule.path), told(&all, rule.path), "{:?}", rule.path);
        }
    }
}
