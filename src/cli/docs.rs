//! `faultbook docs`: the reference, and the pages of the manual.

use clap::Args;
use clap::builder::PossibleValuesParser;

use crate::author::manual::{self, PAGES};
use crate::author::reference;
use crate::cli::Context;
use crate::cli::exit::{Exit, Failure};

/// Print the manual, in Markdown: a topic, or the reference of keys, tests, filters, patterns and diagnostics
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  faultbook docs rule-language | less     how to write rules
  faultbook docs | less                   every key, test, filter, pattern and diagnostic
  faultbook rules ID                      a rule as an example

Exit status:
  0  printed
  2  there is no such topic, or it could not be written")]
pub struct DocsArgs {
    /// What to read about; without it, the reference
    #[arg(value_name = "TOPIC", value_parser = PossibleValuesParser::new(PAGES.iter().map(|page| clap::builder::PossibleValue::new(page.name).help(page.about))))]
    topic: Option<String>,
}

/// Runs the command.
pub fn run(args: &DocsArgs, context: &Context) -> Result<Exit, Failure> {
    match args.topic.as_deref().and_then(manual::page) {
        Some(page) => context.console.print(page.text)?,
        None => context.console.print(reference::markdown())?,
    }
    Ok(Exit::Success)
}
