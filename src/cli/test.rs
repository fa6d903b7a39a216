//! `faultbook test`: runs the tests that rules carry.

use std::fmt::Write as _;

use clap::Args;
use serde::Serialize;

use crate::answer::escape;
use crate::author::test::{self, TestOutcome};
use crate::cli::Context;
use crate::cli::diagnostics::{self, number};
use crate::cli::exit::{Exit, Failure};
use crate::cli::output_options::{ListFormat, document};
use crate::cli::rules_options::RulePattern;

/// Run the tests that rules carry, and show what was expected and what came out
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  faultbook test --rules rules/
  faultbook test KB115850 'hdfs-*'

Exit status:
  0  all passed
  1  a test failed
  2  an id fits no rule, or the rules have errors")]
pub struct TestArgs {
    /// Ids of rules, or globs over ids; without any, all rules are tested
    #[arg(value_name = "ID")]
    ids: Vec<RulePattern>,
    /// The format of the result
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "text")]
    format: ListFormat,
}

/// The shape of `--format json`.
#[derive(Serialize)]
struct TestResult<'a> {
    passed: usize,
    failed: usize,
    tests: &'a [TestOutcome],
}

/// Runs the command.
pub fn run(args: &TestArgs, context: &Context) -> Result<Exit, Failure> {
    let faultbook = context.faultbook.load()?;
    diagnostics::talk_errors(&context.console, &faultbook);
    for pattern in &args.ids {
        pattern.must_fit(&faultbook)?;
    }
    let outcomes =
        test::run(&faultbook, |rule| args.ids.is_empty() || args.ids.iter().any(|pattern| pattern.fits(rule)));
    let failures: Vec<&TestOutcome> = outcomes.iter().filter(|outcome| !outcome.passed()).collect();

    let mut result = String::new();
    match args.format {
        ListFormat::Json => {
            let passed = outcomes.len() - failures.len();
            let failed = failures.len();
            result = document(&TestResult { passed, failed, tests: &outcomes })?;
        }
        ListFormat::Text => failures.iter().for_each(|failure| tell(failure, &mut result)),
    }
    context.console.print(result)?;
    context.console.say(summary(&outcomes, failures.len()));
    Ok(match failures.is_empty() {
        _ if faultbook.has_errors() => Exit::Error,
        true => Exit::Success,
        false => Exit::Negative,
    })
}

fn tell(failure: &TestOutcome, out: &mut String) {
    let line = failure.position.line;
    let (rule, test, file) =
        (escape::terminal(&failure.rule), escape::terminal(&failure.test), escape::terminal(&failure.file));
    let _ = writeln!(out, "{rule}: {test}\n  --> {file}:{line}");
    for mismatch in &failure.mismatches {
        let _ = writeln!(out, "  {}", escape::terminal(&mismatch.what));
        let _ = writeln!(out, "    expected  {}", indented(&mismatch.expected));
        let _ = writeln!(out, "    got       {}", indented(&mismatch.got));
    }
    out.push('\n');
}

/// A text of several lines, the further ones below the first.
fn indented(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(escape::terminal).collect();
    lines.join("\n              ")
}

fn summary(outcomes: &[TestOutcome], failed: usize) -> String {
    let mut rules: Vec<&str> = outcomes.iter().map(|outcome| outcome.rule.as_str()).collect();
    rules.dedup();
    format!(
        "{} of {}: {} passed, {failed} failed",
        number(outcomes.len(), "test"),
        number(rules.len(), "rule"),
        outcomes.len() - failed
    )
}
