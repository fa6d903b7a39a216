//! Lints: what is probably not as meant, though every part of a rule is sound.
//!
//! Most lints look at one checked rule, on all processors. Those about several rules (duplicates, noisy patterns, links) put all rules
//! into one table or one index, so that their cost is that of the rules and not of pairs of them. A checked rule has no places: a lint
//! that finds something reads the rule's file again through a `Page`, which clean rules never pay for.
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
use std::sync::Arc;

use jiff::civil::Date;
use rayon::prelude::*;

use crate::rule::authored::{AuthoredFile, Span};
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

/// The rules as lints look them up.
struct Book<'f> {
    faultbook: &'f Faultbook,
    by_id: HashMap<&'f str, &'f Rule>,
}

impl<'f> Book<'f> {
    fn rule(&self, id: &str) -> Option<&'f Rule> {
        self.by_id.get(id).copied()
    }

    fn page(&self, rule: &'f Rule) -> Page<'f> {
        Page::new(self.faultbook, rule)
    }
}

/// Whether the authors of two rules know of each other, or one of them gives way by itself: what they share is on purpose.
fn are_linked(one: &Rule, other: &Rule) -> bool {
    let names = |rule: &Rule, id: &String| rule.related.contains(id) || rule.supersedes.contains(id);
    names(one, &other.id) || names(other, &one.id) || one.fallback || other.fallback
}

/// Looks at all rules that are sound.
pub fn lint(faultbook: &Faultbook, options: &LintOptions) -> LintOutcome {
    let by_id = faultbook.rules().iter().map(|rule| (rule.id.as_str(), rule)).collect();
    let book = Book { faultbook, by_id };
    let families = links::Families::of(faultbook);
    let each = |rule: &Rule| {
        let page = book.page(rule);
        let mut outcome = LintOutcome::default();
        let found = &mut outcome.diagnostics;
        article::lint(&book, rule, &page, options, found);
        duplicates::within(rule, &page, found);
        captures::lint(rule, &page, found);
        values::lint(rule, &page, found);
        links::lint(&book, &families, rule, &page, found);
        if branches::lint(rule, &page, found) && rule.state != State::Archived {
            outcome.limited.push(rule.id.clone());
        }
        outcome
    };
    let (outcomes, across) = rayon::join(
        || faultbook.rules().par_iter().map(each).collect::<Vec<_>>(),
        || {
            let mut across = duplicates::across(&book);
            across.extend(noise::lint(&book));
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

/// The places of a key at the top of a rule file and of its value.
pub(crate) fn entry(file: &Arc<AuthoredFile>, key: &str) -> Option<(Span, Span)> {
    page::Tree::of(Arc::clone(file))?.entry(&[key.into()])
}
