//! `faultbook check`: what is wrong with rules, and mending what is certain.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::ToSpan;
use jiff::civil::Date;
use serde::Serialize;

use crate::author::fix::{self, FilePlan};
use crate::author::{CheckOptions, CheckOutcome, annotate, check, inventory};
use crate::cli::Context;
use crate::cli::console::Console;
use crate::cli::diagnostics::{counts, draw, number};
use crate::cli::exit::{Exit, Failure};
use crate::cli::output_options::document;
use crate::rule::diagnostic::nearest;
use crate::rule::lint::LINTS;
use crate::rule::{Code, Diagnostic, Faultbook};

/// How often files are mended and checked again: a fix may show what was hidden behind the mistake, but not for ever.
const ROUNDS: usize = 10;

/// Check rules, and show every mistake with its place and what to write instead
///
/// The settings in a `faultbook.yaml` and the overlays beside the rules are checked with them.
/// Rules that refer to one another, such as by `supersedes`, must be checked together: give their folder.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  faultbook check rules/
  faultbook check --deny warnings --format github rules/
  faultbook check --fix --dry-run rules/
  faultbook check --explain noisy-pattern

A warning that is as it should be is allowed in the rule (`allow: [slow-pattern]`), or for all rules in `faultbook.yaml`.

Exit status:
  0  no errors
  1  errors, or warnings that are denied
  2  a path cannot be read, or a file not be mended")]
pub struct CheckArgs {
    /// Rule files or folders of rules; without any, those of --rules, else the built-in faultbook
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Let a warning count like an error: its name, or `warnings` for all; may be given several times
    #[arg(long, value_name = "WARNING", value_parser = denied)]
    deny: Vec<Denied>,
    /// Do not show a warning; may be given several times
    #[arg(long, value_name = "WARNING", value_parser = lint_named)]
    allow: Vec<Code>,
    /// Warn of articles that were last reviewed, or else made, longer ago than this, such as `365d`, `12w` or `2y`
    #[arg(long, value_name = "AGE", value_parser = days)]
    stale: Option<i32>,
    /// The day from which `--stale` counts back
    #[arg(long, value_name = "DATE", hide = true)]
    today: Option<Date>,
    /// Mend what can be mended for certain, and say what was done
    #[arg(long, conflicts_with = "explain")]
    fix: bool,
    /// With --fix: show the changes, and change nothing
    #[arg(long, requires = "fix")]
    dry_run: bool,
    /// Say what a code means and what to do about it
    #[arg(long, value_name = "CODE", value_parser = code_named)]
    explain: Option<Code>,
    /// Show instead, as a table in Markdown, what the rules of each product have: sections, remedies, facts and tests
    #[arg(long, conflicts_with_all = ["fix", "explain"])]
    inventory: bool,
    /// The format of the result
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "text")]
    format: CheckFormat,
}

/// What mistakes are told in.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum CheckFormat {
    /// For people
    Text,
    /// One JSON document, `schema: 1`
    Json,
    /// Workflow commands of GitHub Actions, which show each mistake beside its line
    Github,
    /// SARIF 2.1.0, for services that collect such results
    Sarif,
}

/// What else counts as an error.
#[derive(Clone, Copy, Debug)]
enum Denied {
    Warnings,
    Lint(Code),
}

fn denied(word: &str) -> Result<Denied, String> {
    if word == "warnings" { Ok(Denied::Warnings) } else { lint_named(word).map(Denied::Lint) }
}

fn lint_named(word: &str) -> Result<Code, String> {
    match Code::named(word) {
        Some(code) if code.is_lint() => Ok(code),
        Some(_) => Err("that is an error, and errors always count".to_owned()),
        None => Err(no_such(word, LINTS)),
    }
}

fn code_named(word: &str) -> Result<Code, String> {
    Code::named(word).ok_or_else(|| no_such(word, Code::ALL))
}

fn no_such(word: &str, codes: &[Code]) -> String {
    match nearest(word, codes.iter().map(|code| code.name())) {
        Some(near) => format!("there is none of that name; did you mean `{near}`?"),
        None => format!("use one of {}", codes.iter().map(|code| code.name()).collect::<Vec<_>>().join(", ")),
    }
}

/// An age in days, from a number with `d`, `w` or `y`.
fn days(age: &str) -> Result<i32, String> {
    let units = [('d', 1), ('w', 7), ('y', 365)];
    let days = units.iter().find_map(|(unit, days)| {
        let count: u16 = age.strip_suffix(*unit)?.parse().ok()?;
        Some(i32::from(count) * days)
    });
    days.ok_or_else(|| "write a number with `d` for days, `w` for weeks or `y` for years, such as `365d`".to_owned())
}

/// The shape of `--format json`.
#[derive(Serialize)]
struct CheckResult<'a> {
    rules: usize,
    diagnostics: &'a [Diagnostic],
}

/// Runs the command.
pub fn run(args: &CheckArgs, context: &Context) -> Result<Exit, Failure> {
    let console = &context.console;
    if let Some(code) = args.explain {
        let kind = if code.is_lint() { "a warning" } else { "an error" };
        console.print(format_args!("{code} ({kind})\n\n{}\n", code.explanation()))?;
        return Ok(Exit::Success);
    }
    let options = args.options();
    let mut faultbook = args.load(context)?;
    if args.inventory {
        console.print(inventory::table(&faultbook))?;
        return Ok(Exit::Success);
    }
    let mut outcome = check(&faultbook, &options);
    if args.fix {
        if faultbook.is_shipped() {
            return Err(Failure::refused("the built-in faultbook cannot be changed", "give the folder of your rules"));
        }
        if args.dry_run {
            return dry_run(&outcome, console);
        }
        for _ in 0..ROUNDS {
            let plans = fix::plan(&outcome.diagnostics);
            if plans.is_empty() {
                break;
            }
            for plan in &plans {
                mend(plan, console)?;
            }
            faultbook = args.load(context)?;
            outcome = check(&faultbook, &options);
        }
    }
    tell(args, &faultbook, &outcome, console)?;
    Ok(if outcome.passes() { Exit::Success } else { Exit::Negative })
}

impl CheckArgs {
    fn load(&self, context: &Context) -> Result<Faultbook, Failure> {
        let paths = if self.paths.is_empty() { context.faultbook.rules() } else { &self.paths };
        // lints look at what the authors of the rules have written
        Ok(context.faultbook.load_paths(paths)?.as_written())
    }

    fn options(&self) -> CheckOptions {
        let today = self.today.unwrap_or_else(|| jiff::Zoned::now().date());
        let lint = |denied: &Denied| match denied {
            Denied::Lint(code) => Some(*code),
            Denied::Warnings => None,
        };
        CheckOptions {
            allow: self.allow.clone(),
            deny: self.deny.iter().filter_map(lint).collect(),
            deny_warnings: self.deny.iter().any(|denied| matches!(denied, Denied::Warnings)),
            reviewed_since: self.stale.map(|days| today.saturating_sub(days.days())),
        }
    }
}

fn tell(args: &CheckArgs, faultbook: &Faultbook, outcome: &CheckOutcome, console: &Console) -> Result<(), Failure> {
    let diagnostics = outcome.diagnostics.as_slice();
    let result = match args.format {
        CheckFormat::Json => document(&CheckResult { rules: faultbook.files(), diagnostics })?,
        CheckFormat::Github => annotate::github(diagnostics),
        CheckFormat::Sarif => format!("{:#}\n", annotate::sarif(diagnostics)),
        CheckFormat::Text => {
            let draw = |diagnostic| draw(diagnostic, console.styles_output(), console.output_width()) + "\n";
            diagnostics.iter().map(draw).collect()
        }
    };
    console.print(result)?;
    for rule in &outcome.limited {
        console.warning(&format!(
            "the branches of {rule} rest on more answers than are tried; overlaps and gaps may be unseen"
        ));
    }
    let rules = number(faultbook.files(), "rule");
    let overlays = match faultbook.overlays() {
        1 => "an overlay".to_owned(),
        count => number(count, "overlay"),
    };
    let counted = [
        (faultbook.files(), rules),
        (faultbook.settings_files(), "settings".to_owned()),
        (faultbook.overlays(), overlays),
    ];
    let mut checked: Vec<String> =
        counted.iter().filter(|(count, _)| *count > 0).map(|(_, name)| name.clone()).collect();
    let last = checked.pop().unwrap_or_else(|| number(0, "rule"));
    let checked = if checked.is_empty() { last } else { format!("{} and {last}", checked.join(", ")) };
    let denied = match outcome.denied {
        0 => String::new(),
        denied => format!(" ({denied} denied)"),
    };
    console.say(format_args!("{checked}, {}{denied}", counts(outcome.errors, outcome.warnings())));
    Ok(())
}

fn mend(plan: &FilePlan<'_>, console: &Console) -> Result<(), Failure> {
    fix::write(plan)
        .map_err(|error| Failure::refused(error.to_string(), "check that nobody else is writing to it, and again"))?;
    for fix in &plan.fixes {
        let position = plan.file.position(fix.span.start);
        let line = format!("fixed {}:{}:{}: {}", plan.file.path(), position.line, position.column, fix.title);
        console.say(crate::answer::escape::terminal(&line));
    }
    Ok(())
}

/// Shows what `--fix` would change first; what shows only behind that is not there yet.
fn dry_run(outcome: &CheckOutcome, console: &Console) -> Result<Exit, Failure> {
    let plans = fix::plan(&outcome.diagnostics);
    let fixes: usize = plans.iter().map(|plan| plan.fixes.len()).sum();
    let diff: String = plans.iter().map(fix::diff).collect();
    let diff: String = diff.lines().map(|line| format!("{}\n", crate::answer::escape::terminal(line))).collect();
    console.print(diff)?;
    let files = number(plans.len(), "file");
    console.say(format_args!("{} in {files} would be made; nothing was changed", number(fixes, "edit")));
    Ok(if outcome.passes() { Exit::Success } else { Exit::Negative })
}
