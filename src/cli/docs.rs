//! `faultbook docs`: the reference.

use clap::Args;

use crate::author::reference;
use crate::cli::Context;
use crate::cli::exit::{Exit, Failure};

/// Print the reference of keys, tests, filters, patterns and diagnostics, in Markdown
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  faultbook docs | less
  faultbook docs > reference.md

Exit status:
  0  printed
  2  it could not be written")]
pub struct DocsArgs {}

/// Runs the command.
pub fn run(_args: &DocsArgs, context: &Context) -> Result<Exit, Failure> {
    context.console.print(reference::markdown())?;
    Ok(Exit::Success)
}
