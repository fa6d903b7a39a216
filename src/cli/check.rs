//! `faultbook check`: what is wrong with rules.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::cli::Context;
use crate::cli::diagnostics::{counts, draw, number};
use crate::cli::exit::{Exit, Failure};
use crate::cli::output_options::{ListFormat, document};
use crate::rule::{Diagnostic, DiagnosticSeverity};

/// Check rules, and show every mistake with its place and what to write instead
///
/// The settings in a `faultbook.yaml` beside the rules are checked with them.
/// Rules that refer to one another, such as by `supersedes`, must be checked together: give their folder.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  faultbook check rules/
  faultbook check --deny warnings --format json rules/

Exit status:
  0  no errors
  1  errors, or warnings with `--deny warnings`
  2  a path cannot be read")]
pub struct CheckArgs {
    /// Rule files or folders of rules; without any, those of --rules, else the built-in faultbook
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Let warnings count like errors
    #[arg(long, value_name = "WHAT", value_enum)]
    deny: Option<Deny>,
    /// The format of the result
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "text")]
    format: ListFormat,
}

/// What else counts as an error.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Deny {
    Warnings,
}

/// The shape of `--format json`.
#[derive(Serialize)]
struct CheckResult<'a> {
    rules: usize,
    diagnostics: &'a [Diagnostic],
}

/// Runs the command.
pub fn run(args: &CheckArgs, context: &Context) -> Result<Exit, Failure> {
    let paths = if args.paths.is_empty() { context.faultbook.rules() } else { &args.paths };
    let faultbook = context.faultbook.load_paths(paths)?;
    let diagnostics = faultbook.diagnostics();
    let is_error = |severity| severity == DiagnosticSeverity::Error;
    let errors = diagnostics.iter().filter(|diagnostic| is_error(diagnostic.severity)).count();
    let warnings = diagnostics.len() - errors;

    let console = &context.console;
    let mut result = String::new();
    match args.format {
        ListFormat::Json => {
            let rules = faultbook.files();
            result = document(&CheckResult { rules, diagnostics })?;
        }
        ListFormat::Text => {
            for diagnostic in diagnostics {
                result.push_str(&draw(diagnostic, console.styles_output(), console.output_width()));
                result.push('\n');
            }
        }
    }
    console.print(result)?;
    let rules = number(faultbook.files(), "rule");
    let checked = match (faultbook.files(), faultbook.settings_files()) {
        (_, 0) => rules,
        (0, _) => "settings".to_owned(),
        _ => format!("{rules} and settings"),
    };
    console.say(format_args!("{checked}, {}", counts(errors, warnings)));
    let fails = errors > 0 || warnings > 0 && args.deny.is_some();
    Ok(if fails { Exit::Negative } else { Exit::Success })
}
