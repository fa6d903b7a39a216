//! `faultbook triage`: what is wrong in folders and archives of logs.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, value_parser};
use rayon::prelude::*;

use crate::cli::Context;
use crate::cli::case_options::CaseOptions;
use crate::cli::diagnostics::number;
use crate::cli::exit::{Exit, Failure};
use crate::cli::output_options::OutputOptions;
use crate::cli::prepare::{Prepared, prepare};
use crate::cli::profile::Costs;
use crate::cli::progress;
use crate::cli::reading_options::ReadingOptions;
use crate::cli::redact_options::RedactOptions;
use crate::cli::rules_options::RuleFilter;
use crate::diagnose::{Diagnoser, Diagnosis};
use crate::report::Batch;
use crate::report::redact::Redactor;
use crate::rule::settings::THREADS_MOST;
use crate::rule::{Faultbook, Severity};
use crate::scan::{Index, Profile, RecordMatches};
use crate::source::{self, CaseInput, Note, Part, Progress};

/// The argument that stands for standard input.
const STANDARD_INPUT: &str = "-";

/// Find known failures in logs, folders and archives, and say what to do about them
///
/// Each archive is a case; so is each file given, and each folder given, whose loose files belong together. Archives
/// (.zip, .7z, .tar, .gz, .xz, .zst and more, in any nesting) are recognised by content and read without being unpacked to disk.
/// Inputs that cannot be read, or not to their end, are noted in the result; the others are still diagnosed.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  faultbook triage bundles/                           all archives of a folder, with answers
  faultbook triage --brief acme.tar.gz                only what was found, and where
  kubectl logs web-0 | faultbook triage -             standard input
  faultbook triage --format html -o report.html .     a page to send round
  faultbook triage --fail-on error --format jsonl .   for a pipeline
  faultbook triage --redact -o report.txt acme.tgz    a report that may leave the house
  faultbook triage acme.tgz --include '*.log' --since 2026-01-31

Exit status:
  0  failures were found          with --fail-on: none of that severity
  1  nothing was found            with --fail-on: there are some
  2  something could not be read, loaded or written, or the rules have errors")]
pub struct TriageArgs {
    /// Logs, folders and archives; `-` is standard input
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// Leave out failures that are less severe
    #[arg(long, value_name = "SEVERITY", value_parser = severity())]
    min_severity: Option<Severity>,
    /// Exit with 1 when there is a failure of at least this severity, shown or not, and with 0 when there is none
    #[arg(long, value_name = "SEVERITY", value_parser = severity())]
    fail_on: Option<Severity>,
    /// Use this many threads; 0, which is the default, is one for each processor
    #[arg(long, value_name = "N", value_parser = value_parser!(u16).range(..=i64::from(THREADS_MOST)))]
    threads: Option<u16>,
    /// Tell afterwards on standard error what each rule cost, and each stage of the work
    #[arg(long)]
    profile: bool,
    #[command(flatten)]
    reading: ReadingOptions,
    #[command(flatten)]
    filter: RuleFilter,
    #[command(flatten)]
    case: CaseOptions,
    #[command(flatten)]
    output: OutputOptions,
    #[command(flatten)]
    redact: RedactOptions,
}

/// A severity by its name.
pub fn severity() -> impl TypedValueParser<Value = Severity> {
    PossibleValuesParser::new(Severity::NAMES).try_map(|name| name.parse::<Severity>())
}

/// Runs the command with the threads it was given.
pub fn run(args: &TriageArgs, context: &Context) -> Result<Exit, Failure> {
    let started = Instant::now();
    let of_arguments = pool(args.threads.unwrap_or_default())?;
    let prepared = of_arguments.install(|| prepare(context, &args.filter, &args.case))?;
    // how many the settings want is known only now
    let pool = match prepared.faultbook.settings().defaults().threads.filter(|_| args.threads.is_none()) {
        Some(threads) => pool(threads)?,
        None => of_arguments,
    };
    pool.install(|| triage(args, context, &prepared, started))
}

fn pool(threads: u16) -> Result<rayon::ThreadPool, Failure> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(usize::from(threads)).build();
    pool.map_err(|error| {
        Failure::refused(format!("cannot start {threads} threads: {error}"), "give a smaller number to --threads")
    })
}

fn triage(args: &TriageArgs, context: &Context, prepared: &Prepared, started: Instant) -> Result<Exit, Failure> {
    let defaults = prepared.faultbook.settings().defaults();
    let options = args.reading.resolve(defaults, args.case.timezone(defaults))?;
    let output_options = args.output.with_defaults(defaults);
    let output = output_options.open(&args.paths, &context.console)?;
    let redactor = args.redact.redactor(&prepared.faultbook)?;
    let (cases, notes) = inputs(&args.paths)?;

    let index = Index::build(&prepared.faultbook);
    let profile = args.profile.then(|| Profile::new(&index));
    let mut diagnoser = Diagnoser::new(&index).with_reading(options);
    if let Some(profile) = &profile {
        diagnoser = diagnoser.with_profile(profile);
    }
    let watching = redactor.as_ref().map(Redactor::watch);
    let observer = |record: &RecordMatches<'_>| watching.iter().for_each(|watching| watching.record(record));
    if watching.is_some() {
        diagnoser = diagnoser.observed(&observer);
    }
    let progress = if args.profile { Progress::timed() } else { Progress::new() };
    let mut diagnoses: Vec<Diagnosis> = progress::shown(&context.console, &progress, || {
        cases.into_par_iter().map(|case| diagnoser.diagnose(case, &prepared.known, &progress)).collect()
    });

    let fails = args.fail_on.or(defaults.fail_on).map(|least| worst(&prepared.faultbook, &diagnoses) >= Some(least));
    if let Some(least) = args.min_severity.or(defaults.min_severity) {
        for diagnosis in &mut diagnoses {
            diagnosis.findings.retain(|finding| prepared.faultbook.rule(finding.rule).severity >= least);
        }
    }
    let found = diagnoses.iter().any(|diagnosis| !diagnosis.findings.is_empty());
    let elapsed = output_options.is_for_a_terminal(&context.console).then(|| started.elapsed());
    let mut batch = Batch { diagnoses, notes, elapsed };
    drop(diagnoser);
    if let Some(watching) = watching {
        batch.redact(&watching.finish());
    }
    let written = Instant::now();
    output.write(&prepared.faultbook, &batch)?;
    if let Some(profile) = &profile {
        let costs = Costs { index: &index, profile, progress: &progress, render: written.elapsed() };
        costs.tell(&context.console);
    }

    let losses = losses(&batch);
    if losses > 0 && !output_options.tells_on_output() {
        let message = format!("{} could not be read, or not to the end", number(losses, "input"));
        context.console.error(&message);
        context.console.help("the notes of the result say which and why");
    }
    Ok(match fails {
        _ if prepared.has_faults || losses > 0 => Exit::Error,
        Some(true) => Exit::Negative,
        Some(false) => Exit::Success,
        None if found => Exit::Success,
        None => Exit::Negative,
    })
}

/// The cases of the arguments, in their order, and notes on those that could not be opened.
pub fn inputs(paths: &[PathBuf]) -> Result<(Vec<CaseInput>, Vec<Note>), Failure> {
    if paths.iter().filter(|path| path.as_path() == Path::new(STANDARD_INPUT)).count() > 1 {
        return Err(Failure::refused("standard input can be read only once", "give `-` once"));
    }
    let (mut cases, mut notes) = (Vec::new(), Vec::new());
    for path in paths {
        if path.as_path() == Path::new(STANDARD_INPUT) {
            cases.push(standard_input());
        } else {
            let (mut found, mut troubles) = source::cases(std::slice::from_ref(path));
            cases.append(&mut found);
            notes.append(&mut troubles);
        }
    }
    Ok((cases, notes))
}

/// Standard input as a case of its own, read as a stream.
pub fn standard_input() -> CaseInput {
    CaseInput { name: "stdin".to_owned(), parts: vec![Part::reader("stdin", io::stdin())] }
}

/// The severity of the worst finding.
fn worst(faultbook: &Faultbook, diagnoses: &[Diagnosis]) -> Option<Severity> {
    let findings = diagnoses.iter().flat_map(|diagnosis| &diagnosis.findings);
    findings.map(|finding| faultbook.rule(finding.rule).severity).max()
}

/// How many notes tell that something of the input was not diagnosed.
pub fn losses(batch: &Batch) -> usize {
    let notes = batch.notes.iter().chain(batch.diagnoses.iter().flat_map(|diagnosis| &diagnosis.notes));
    notes.filter(|note| note.kind.is_loss()).count()
}
