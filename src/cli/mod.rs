//! The command line: arguments to calls, nothing else.
//!
//! Each subcommand is a file with its arguments, whose comments are its help, and a `run`. Options that several share have
//! a file of their own (`rules_options`, `case_options`, `reading_options`, `output_options`). Results go to standard output, everything
//! else through the `Console` to standard error; how a command ended is an `Exit`. What the commands
//! *do* is in the rooms above this one.

mod answer;
mod ask;
mod case_options;
mod check;
mod console;
mod diagnostics;
mod docs;
mod exit;
mod explain;
mod explain_tree;
mod fmt;
mod lsp;
mod new;
mod output_options;
mod prepare;
mod preview;
mod profile;
mod progress;
mod reading_options;
mod redact_options;
mod rules;
mod rules_options;
mod schema;
#[cfg(feature = "portal")]
mod serve;
mod test;
mod test_text;
mod triage;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use console::Console;
use exit::{Exit, Failure};
use output_options::ColorOption;
use rules_options::FaultbookOptions;

/// Recognise known failures in logs and say what to do about them
///
/// A faultbook is a folder of rules. Each rule is a knowledge-base article that knows when it applies: it recognises a
/// failure in a log, works out which of its remedies fits, and writes the answer. A faultbook is built in; --rules takes
/// your own.
#[derive(Parser, Debug)]
#[command(
    name = "faultbook",
    version,
    max_term_width = 100,
    after_help = "\
Examples:
  faultbook triage bundles/                 what is wrong in these archives, and what to do
  faultbook answer < error.txt              the answer to one pasted error
  faultbook new app-42 --from error.txt     a rule from one pasted error
  faultbook check --rules my-rules/         mistakes in your rules
  faultbook test --rules my-rules/          do they find what they should?
  faultbook preview ID --rules my-rules/    what does the answer look like?
  faultbook explain KB115850 app.log        why does a rule (not) apply?
  faultbook serve                           a web page and an HTTP service for all that
  faultbook docs rule-language              how to write rules; `faultbook rules ID` shows one

`faultbook COMMAND --help` says more about each command and its exit status."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    faultbook: FaultbookOptions,
    #[command(flatten)]
    color: ColorOption,
}

#[derive(Subcommand, Debug)]
enum Command {
    Triage(triage::TriageArgs),
    Answer(answer::AnswerArgs),
    Check(check::CheckArgs),
    Test(test::TestArgs),
    Explain(explain::ExplainArgs),
    Preview(preview::PreviewArgs),
    Rules(rules::RulesArgs),
    Schema(schema::SchemaArgs),
    Docs(docs::DocsArgs),
    New(new::NewArgs),
    Fmt(fmt::FmtArgs),
    Lsp(lsp::LspArgs),
    #[cfg(feature = "portal")]
    Serve(serve::ServeArgs),
}

/// What every command is given besides its own arguments.
struct Context {
    faultbook: FaultbookOptions,
    console: Console,
}

/// Runs the command that the arguments of the process name, and tells how the process should end.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let context = Context { console: arguments.color.console(), faultbook: arguments.faultbook };
    let outcome = match &arguments.command {
        Command::Triage(args) => triage::run(args, &context),
        Command::Answer(args) => answer::run(args, &context),
        Command::Check(args) => check::run(args, &context),
        Command::Test(args) => test::run(args, &context),
        Command::Explain(args) => explain::run(args, &context),
        Command::Preview(args) => preview::run(args, &context),
        Command::Rules(args) => rules::run(args, &context),
        Command::Schema(args) => schema::run(args, &context),
        Command::Docs(args) => docs::run(args, &context),
        Command::New(args) => new::run(args, &context),
        Command::Fmt(args) => fmt::run(args, &context),
        Command::Lsp(args) => lsp::run(args, &context),
        #[cfg(feature = "portal")]
        Command::Serve(args) => serve::run(args, &context),
    };
    outcome.unwrap_or_else(|failure| told(&failure, &context.console)).into()
}

/// Says why a command failed, unless the only one who would hear it has gone away.
fn told(failure: &Failure, console: &Console) -> Exit {
    if failure.is_closed_pipe() {
        return Exit::Success;
    }
    console.error(&failure.to_string());
    console.help(failure.help());
    Exit::Error
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn arguments_do_not_contradict_each_other() {
        Arguments::command().debug_assert();
    }
}
