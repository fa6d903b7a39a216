//! What `triage` and `answer` do before they read an input: the faultbook is loaded, its faults told, its rules chosen.

use crate::cli::Context;
use crate::cli::case_options::CaseOptions;
use crate::cli::diagnostics;
use crate::cli::exit::Failure;
use crate::cli::rules_options::RuleFilter;
use crate::diagnose::Known;
use crate::rule::Faultbook;

/// A faultbook to diagnose with.
pub struct Prepared {
    /// The rules that are wanted.
    pub faultbook: Faultbook,
    /// What the caller knows.
    pub known: Known,
    /// Whether rules or facts had faults, which have been told: the exit status will say so.
    pub has_faults: bool,
}

/// Loads and chooses. Fails when nothing sensible can be done.
pub fn prepare(context: &Context, filter: &RuleFilter, case: &CaseOptions) -> Result<Prepared, Failure> {
    let mut faultbook = context.faultbook.load()?;
    diagnostics::talk_errors(&context.console, &faultbook);
    let stated = case.read(&faultbook, &context.console)?;
    filter.apply(&mut faultbook)?;
    Ok(Prepared { has_faults: stated.has_faults || faultbook.has_errors(), known: stated.known, faultbook })
}
