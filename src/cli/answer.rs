//! `faultbook answer`: one pasted text in, answers out.

use std::io::{self, Read};
use std::path::Path;

use clap::Args;

use crate::cli::Context;
use crate::cli::ask::Interview;
use crate::cli::case_options::CaseOptions;
use crate::cli::exit::{Exit, Failure};
use crate::cli::output_options::OutputOptions;
use crate::cli::prepare::{Prepared, prepare};
use crate::cli::redact_options::RedactOptions;
use crate::cli::rules_options::RuleFilter;
use crate::cli::triage::{losses, standard_input};
use crate::diagnose::case::Observer;
use crate::diagnose::{Diagnoser, Diagnosis};
use crate::report::Batch;
use crate::report::redact::Redactor;
use crate::rule::Faultbook;
use crate::scan::{Index, RecordMatches};
use crate::source::{CaseInput, Part, Progress, ReadOptions};

/// Answer one pasted text, such as an error message from a ticket
///
/// The text is taken as it comes out of a mail or a web page: typographic quotes, entities, no-break spaces and wrapped
/// lines do not matter.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  faultbook answer \"java.net.SocketException: No space left on device\"
  faultbook answer < error.txt
  faultbook answer --ask \"$(cat error.txt)\"          ask what the text does not say
  faultbook answer --format html --audience public - < error.txt

Exit status:
  0  there is an answer
  1  no rule knows the failure
  2  something could not be read, loaded or written, or the rules have errors")]
pub struct AnswerArgs {
    /// The text; standard input when it is `-` or missing
    #[arg(value_name = "TEXT")]
    text: Option<String>,
    /// Put open questions to the person at the terminal, and answer with what they know
    ///
    /// An empty line means that they do not know. Questions go to standard error, the answer alone to standard output.
    #[arg(long)]
    ask: bool,
    #[command(flatten)]
    filter: RuleFilter,
    #[command(flatten)]
    case: CaseOptions,
    #[command(flatten)]
    output: OutputOptions,
    #[command(flatten)]
    redact: RedactOptions,
}

/// Runs the command.
pub fn run(args: &AnswerArgs, context: &Context) -> Result<Exit, Failure> {
    let text = args.text.as_deref().filter(|text| *text != "-");
    if args.ask && text.is_none() && !context.console.input_is_terminal() {
        return Err(Failure::refused(
            "--ask reads the answers from standard input, which is the text",
            "give the text as an argument, as in `faultbook answer --ask \"$(cat error.txt)\"`",
        ));
    }
    let mut prepared = prepare(context, &args.filter, &args.case)?;
    let defaults = prepared.faultbook.settings().defaults();
    let output = args.output.with_defaults(defaults).open(&[], &context.console)?.compact();
    if text.is_none() && context.console.input_is_terminal() {
        context.console.say("paste the text, then end it with Ctrl-D (Ctrl-Z and Enter on Windows)");
    }

    let redactor = args.redact.redactor(&prepared.faultbook)?;
    let watching = redactor.as_ref().map(Redactor::watch);
    let observer = |record: &RecordMatches<'_>| watching.iter().for_each(|watching| watching.record(record));
    let diagnosis = match text {
        Some(text) => diagnose(args, context, &mut prepared, &observer, "text", text.as_bytes()),
        None if args.ask => {
            let mut text = Vec::new();
            io::stdin().read_to_end(&mut text).map_err(|error| {
                Failure::refused(format!("cannot read standard input: {error}"), "give the text as an argument")
            })?;
            diagnose(args, context, &mut prepared, &observer, "stdin", &text)
        }
        None => {
            let index = Index::build(&prepared.faultbook);
            let diagnoser = Diagnoser::new(&index).with_reading(reading(args, &prepared.faultbook)).observed(&observer);
            diagnoser.diagnose_pasted(standard_input(), &prepared.known, &Progress::new())
        }
    };

    let found = !diagnosis.findings.is_empty();
    let mut batch = Batch { diagnoses: vec![diagnosis], notes: Vec::new(), elapsed: None };
    if let Some(watching) = watching {
        batch.redact(&watching.finish());
    }
    output.write(&prepared.faultbook, &batch)?;
    if !found && !prepared.has_faults {
        context.console.say("`faultbook explain --all FILE`, with the text in FILE, tells which rules come nearest");
    }
    if let Some(path) = text.filter(|text| !found && Path::new(text).exists()) {
        context.console.warning(&format!("the text `{path}` is also the name of a file"));
        context.console.help("to diagnose the file: `faultbook triage` with its name");
    }
    Ok(match found {
        _ if prepared.has_faults || losses(&batch) > 0 => Exit::Error,
        true => Exit::Success,
        false => Exit::Negative,
    })
}

/// A pasted text has no members to choose from, but its times may be in a zone.
fn reading(args: &AnswerArgs, faultbook: &Faultbook) -> ReadOptions {
    ReadOptions { zone: args.case.timezone(faultbook.settings().defaults()), ..ReadOptions::default() }
}

/// Diagnoses a text; with `--ask` again and again, until nothing is asked that was not asked before.
fn diagnose(
    args: &AnswerArgs,
    context: &Context,
    prepared: &mut Prepared,
    observer: Observer<'_>,
    name: &str,
    text: &[u8],
) -> Diagnosis {
    let index = Index::build(&prepared.faultbook);
    let diagnoser = Diagnoser::new(&index).with_reading(reading(args, &prepared.faultbook)).observed(observer);
    let mut interview = Interview::new(&context.console);
    loop {
        let case = CaseInput { name: name.to_owned(), parts: vec![Part::bytes(name, text)] };
        let diagnosis = diagnoser.diagnose_pasted(case, &prepared.known, &Progress::new());
        if !args.ask || !interview.ask(&prepared.faultbook, &diagnosis, &mut prepared.known) {
            return diagnosis;
        }
    }
}
