//! `faultbook explain`: why a rule applies to a case or does not, and why nothing was found.

use std::path::PathBuf;

use clap::{Args, value_parser};
use serde::Serialize;

use crate::answer::escape;
use crate::author::explain::{Explained, Explainer, have_a_say};
use crate::author::explained::{Explanation, Overview};
use crate::cli::Context;
use crate::cli::case_options::CaseOptions;
use crate::cli::console::Console;
use crate::cli::diagnostics;
use crate::cli::exit::{Exit, Failure};
use crate::cli::explain_tree::{draw, draw_overview};
use crate::cli::output_options::{ListFormat, document};
use crate::cli::progress;
use crate::cli::reading_options::ReadingOptions;
use crate::cli::rules_options::{RuleFilter, left_out, meant};
use crate::cli::triage::{inputs, severity};
use crate::report::shape::NoteShape;
use crate::rule::{Faultbook, RuleId, Severity};
use crate::scan::Index;
use crate::source::{Note, Progress};

/// Misses that are shown without `--limit`: about a screen of them.
const MISSES_SHOWN: u16 = 10;

/// Explain why a rule applies to a case or does not: its condition, signatures and facts, and the nearest miss of what did
/// not match
///
/// Inputs are those of `triage`: each archive, file and folder is a case. The case is read with all rules, since others may
/// supersede this one or explain its records.
#[derive(Args, Debug)]
#[command(
    override_usage = "faultbook explain [OPTIONS] RULE PATH...\n       faultbook explain [OPTIONS] --all PATH...",
    after_help = "\
Examples:
  faultbook explain KB115850 acme.tar.gz                 why does it (not) apply?
  faultbook explain KB115850 app.log --fact migration=true
  faultbook explain --all app.log                        nothing was found: which rules came nearest?
  faultbook explain KB115850 --format json app.log

Exit status:
  0  explained, whether the rule applies or not
  2  there is no such rule, something could not be read, or the rules have errors"
)]
pub struct ExplainArgs {
    /// The rule's id or its file, unless `--all` is given; then logs, folders and archives, where `-` is standard input
    #[arg(value_name = "RULE PATH", required = true)]
    arguments: Vec<String>,
    /// Look at all rules and tell which come nearest to applying
    #[arg(long)]
    all: bool,
    /// Show so many rules with --all
    #[arg(long, value_name = "N", default_value_t = MISSES_SHOWN, value_parser = value_parser!(u16).range(1..))]
    limit: u16,
    /// Take failures that are less severe for left out, as `triage` does
    #[arg(long, value_name = "SEVERITY", value_parser = severity())]
    min_severity: Option<Severity>,
    /// The format of the result
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "text")]
    format: ListFormat,
    #[command(flatten)]
    reading: ReadingOptions,
    #[command(flatten)]
    filter: RuleFilter,
    #[command(flatten)]
    case: CaseOptions,
}

/// The shape of `--format json` for a rule.
#[derive(Serialize)]
struct Explanations<'a> {
    explanations: Vec<&'a Explanation>,
    notes: Vec<NoteShape<'a>>,
}

/// The shape of `--format json` with `--all`.
#[derive(Serialize)]
struct Overviews<'a> {
    cases: Vec<&'a Overview>,
    notes: Vec<NoteShape<'a>>,
}

/// Runs the command.
pub fn run(args: &ExplainArgs, context: &Context) -> Result<Exit, Failure> {
    let console = &context.console;
    let faultbook = context.faultbook.load()?;
    diagnostics::talk_errors(console, &faultbook);
    let stated = args.case.read(&faultbook, console)?;
    let wanted = args.filter.wanted(&faultbook)?;
    let (rule, paths) = match (args.all, args.arguments.split_first()) {
        (false, Some((rule, paths))) => (Some(find(rule, &faultbook)?), paths),
        (_, _) => (None, &args.arguments[..]),
    };
    if paths.is_empty() {
        return Err(Failure::refused(
            "there is nothing to explain the rule for",
            "give logs, folders or archives behind the rule; `-` is standard input",
        ));
    }
    let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
    let defaults = faultbook.settings().defaults();
    let options = args.reading.resolve(defaults, args.case.timezone(defaults))?;
    let (cases, lost) = inputs(&paths)?;

    let say = rule.map(|rule| have_a_say(&faultbook, rule));
    let index = Index::of_rules_at(&faultbook, |id, rule| {
        let has_a_say = say.as_ref().is_none_or(|say| say.get(id.index()) == Some(&true));
        has_a_say && rule.is_looked_for() && wanted(rule)
    });
    let explainer =
        Explainer::new(&index).with_reading(options).with_least_severity(args.min_severity.or(defaults.min_severity));
    let progress = Progress::new();
    let unreadable = |error: std::io::Error| {
        Failure::refused(
            format!("an input cannot be read twice: {error}"),
            "give a file instead, or make room for a copy",
        )
    };
    let styled = console.styles_output();
    let width = console.output_width();
    let (result, notes) = match rule {
        Some(rule) => {
            let explained: Vec<Explained<Explanation>> = progress::shown(console, &progress, || {
                cases
                    .into_iter()
                    .map(|case| explainer.explain(rule, case, &stated.layers, &progress))
                    .collect::<Result<_, _>>()
            })
            .map_err(unreadable)?;
            let text = match args.format {
                ListFormat::Json => {
                    let explanations = explained.iter().map(|one| &one.content).collect();
                    document(&Explanations { explanations, notes: notes(&lost, &explained, |one| &one.case) })?
                }
                ListFormat::Text => {
                    let trees: Vec<String> = explained.iter().map(|one| draw(&one.content, styled, width)).collect();
                    trees.join("\n")
                }
            };
            (text, lost.into_iter().chain(explained.into_iter().flat_map(|one| one.notes)).collect::<Vec<Note>>())
        }
        None => {
            let limit = usize::from(args.limit);
            let explained: Vec<Explained<Overview>> = progress::shown(console, &progress, || {
                cases
                    .into_iter()
                    .map(|case| explainer.overview(case, &stated.known, limit, &progress))
                    .collect::<Result<_, _>>()
            })
            .map_err(unreadable)?;
            let text = match args.format {
                ListFormat::Json => {
                    let cases = explained.iter().map(|one| &one.content).collect();
                    document(&Overviews { cases, notes: notes(&lost, &explained, |one| &one.case) })?
                }
                ListFormat::Text => {
                    let lists: Vec<String> =
                        explained.iter().map(|one| draw_overview(&one.content, styled, width)).collect();
                    lists.join("\n")
                }
            };
            (text, lost.into_iter().chain(explained.into_iter().flat_map(|one| one.notes)).collect::<Vec<Note>>())
        }
    };
    console.print(result)?;
    let losses = tell(&notes, console);
    Ok(if stated.has_faults || faultbook.has_errors() || losses { Exit::Error } else { Exit::Success })
}

/// The rule that is meant: by its id, also in another case, or by its file.
fn find(given: &str, faultbook: &Faultbook) -> Result<RuleId, Failure> {
    let rules = faultbook.rules();
    let at = (rules.iter().position(|rule| rule.id == given))
        .or_else(|| rules.iter().position(|rule| rule.id.eq_ignore_ascii_case(given)))
        .or_else(|| rules.iter().position(|rule| rule.path == given));
    at.map(RuleId::new).ok_or_else(|| {
        if let Some(failure) = left_out(faultbook, given) {
            return failure;
        }
        let mut help = meant(given, rules.iter().map(|rule| rule.id.as_str()));
        if faultbook.has_errors() {
            help.push_str("; rules with errors are left out");
        }
        Failure::refused(format!("there is no rule `{given}`"), help)
    })
}

fn notes<'a, T>(
    lost: &'a [Note],
    explained: &'a [Explained<T>],
    case: impl Fn(&'a T) -> &'a str,
) -> Vec<NoteShape<'a>> {
    let lost = lost.iter().map(|note| NoteShape { case: None, note });
    let of_cases = explained.iter().flat_map(|one| {
        let case = case(&one.content);
        one.notes.iter().map(move |note| NoteShape { case: Some(case), note })
    });
    lost.chain(of_cases).collect()
}

/// Says on standard error what was not read; whether anything was lost.
fn tell(notes: &[Note], console: &Console) -> bool {
    let mut lost = notes.iter().filter(|note| note.kind.is_loss()).peekable();
    let any = lost.peek().is_some();
    for note in lost {
        console.warning(&format!("{} ({})", escape::terminal(&note.source), escape::terminal(&note.detail)));
    }
    any
}
