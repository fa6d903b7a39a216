//! `faultbook test`: runs the tests that rules carry.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::time::Instant;

use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::author::corpus::{self, Corpus};
use crate::author::coverage::Coverage;
use crate::author::junit;
use crate::author::snapshot::{Change, SnapshotChange};
use crate::author::test::{self, Snapshots, TestOptions, TestOutcome, TestRun};
use crate::cli::Context;
use crate::cli::diagnostics::{self, number};
use crate::cli::exit::{Exit, Failure};
use crate::cli::output_options::document;
use crate::cli::progress;
use crate::cli::rules_options::RulePattern;
use crate::cli::test_text::{Pen, snapshot_told, summary};
use crate::rule::reload::Reload;
use crate::rule::watch::Watch;
use crate::rule::{Faultbook, Rule};
use crate::source::Progress;

/// Clears a terminal and its scrollback, and goes to its beginning.
const CLEAR: &str = "\x1b[2J\x1b[3J\x1b[H";

/// Run the tests that rules carry, and show what was expected and what came out
///
/// The answers of rules that have a snapshot (`snapshots/ID.md` beside the rule file) are compared with it.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  faultbook test --rules rules/
  faultbook test KB115850 'hdfs-*'
  faultbook test --rules rules/ --watch                 again whenever a file is saved
  faultbook test --rules rules/ --update                keep the answers for review; later runs compare
  faultbook test --rules rules/ --corpus good-logs/     what is found there is a false positive
  faultbook test --coverage                             and what no test reaches
  faultbook test --rules rules/ --format junit >tests.xml

Exit status:
  0  all passed
  1  a test failed, or a rule found something in the corpus
  2  an id fits no rule, the rules have errors, or something could not be read or written")]
pub struct TestArgs {
    /// Ids of rules, or globs over ids; without any, all rules are tested
    #[arg(value_name = "ID")]
    ids: Vec<RulePattern>,
    /// The format of the result; `junit` is XML for build servers
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "text")]
    format: TestFormat,
    /// Write the answers of samples that are as expected to their snapshots, and remove what has no test any more
    #[arg(long)]
    update: bool,
    /// Also look for failures in logs of systems that were well: a file, folder or archive; may be given several times
    #[arg(long, value_name = "PATH")]
    corpus: Vec<PathBuf>,
    /// Also tell what no test reaches: signatures, alternatives, branches, values of facts
    #[arg(long)]
    coverage: bool,
    /// Test again what changed, whenever a file of the faultbook is saved
    #[arg(long, conflicts_with_all = ["corpus", "coverage"])]
    watch: bool,
}

/// The formats of the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum TestFormat {
    /// For people.
    Text,
    /// One JSON document, `schema: 1`.
    Json,
    /// JUnit's XML.
    Junit,
}

/// The shape of `--format json`.
#[derive(Serialize)]
struct TestResult<'a> {
    passed: usize,
    failed: usize,
    tests: &'a [TestOutcome],
    snapshots: &'a [SnapshotChange],
    #[serde(skip_serializing_if = "Option::is_none")]
    coverage: Option<CoverageResult<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    corpus: Option<&'a Corpus>,
}

#[derive(Serialize)]
struct CoverageResult<'a> {
    percent: usize,
    #[serde(flatten)]
    coverage: &'a Coverage,
}

/// Runs the command.
pub fn run(args: &TestArgs, context: &Context) -> Result<Exit, Failure> {
    if args.update && context.faultbook.rules().is_empty() {
        return Err(Failure::refused(
            "the rules that are built in have no place for snapshots",
            "give the folder of yours with --rules",
        ));
    }
    if args.watch {
        return watch(args, context);
    }
    let faultbook = context.faultbook.load()?.as_written();
    diagnostics::talk_errors(&context.console, &faultbook);
    args.must_fit(&faultbook)?;
    let run = test::run(&faultbook, |_, rule| args.wants(rule), &args.options(&faultbook, context));
    let progress = Progress::new();
    let corpus = (!args.corpus.is_empty()).then(|| {
        let look = || corpus::run(&faultbook, |rule| args.wants(rule), &args.corpus, &progress);
        progress::shown(&context.console, &progress, look)
    });
    context.console.print(args.written(&faultbook, &run, corpus.as_ref(), context)?)?;
    tell_snapshots(&run, context);
    context.console.say(summary(run.outcomes.iter()));
    if let Some(corpus) = &corpus {
        tell_corpus(corpus, args, context);
    }

    let failed = run.outcomes.iter().any(|outcome| !outcome.passed())
        || corpus.as_ref().is_some_and(|corpus| !corpus.false_positives.is_empty());
    let lost = corpus.is_some_and(|corpus| corpus.losses() > 0) || has_failed(&run);
    Ok(match failed {
        _ if lost || faultbook.has_errors() => Exit::Error,
        true => Exit::Negative,
        false => Exit::Success,
    })
}

impl TestArgs {
    fn wants(&self, rule: &Rule) -> bool {
        self.ids.is_empty() || self.ids.iter().any(|pattern| pattern.fits(rule))
    }

    fn must_fit(&self, faultbook: &Faultbook) -> Result<(), Failure> {
        self.ids.iter().try_for_each(|pattern| pattern.must_fit(faultbook))
    }

    fn options(&self, faultbook: &Faultbook, context: &Context) -> TestOptions {
        let snapshots = match context.faultbook.rules() {
            [] => Snapshots::Ignored,
            _ if self.update => Snapshots::Updated,
            _ => Snapshots::Compared,
        };
        // a rule that was not loaded or not chosen is not gone
        let is_whole = self.ids.is_empty() && !faultbook.has_errors();
        let whole_folders = if is_whole { context.faultbook.rules().to_vec() } else { Vec::new() };
        TestOptions { snapshots, whole_folders, coverage: self.coverage }
    }

    fn written(
        &self,
        faultbook: &Faultbook,
        run: &TestRun,
        corpus: Option<&Corpus>,
        context: &Context,
    ) -> Result<String, Failure> {
        let failures = run.outcomes.iter().filter(|outcome| !outcome.passed());
        match self.format {
            TestFormat::Junit => Ok(junit::write(&run.outcomes, faultbook.diagnostics(), corpus)),
            TestFormat::Json => {
                let failed = failures.count();
                let coverage = run.coverage.as_ref();
                document(&TestResult {
                    passed: run.outcomes.len() - failed,
                    failed,
                    tests: &run.outcomes,
                    snapshots: &run.snapshots,
                    coverage: coverage.map(|coverage| CoverageResult { percent: coverage.percent(), coverage }),
                    corpus,
                })
            }
            TestFormat::Text => {
                let pen = Pen { styled: context.console.styles_output() };
                let mut out = String::new();
                failures.for_each(|failure| pen.failure(failure, &mut out));
                corpus.iter().for_each(|corpus| pen.corpus(corpus, &mut out));
                run.coverage.iter().for_each(|coverage| pen.coverage(coverage, &mut out));
                Ok(out)
            }
        }
    }
}

fn has_failed(run: &TestRun) -> bool {
    run.snapshots.iter().any(|snapshot| snapshot.change == Change::Failed)
}

fn tell_snapshots(run: &TestRun, context: &Context) {
    for change in &run.snapshots {
        match change.change {
            Change::Failed => context.console.error(&snapshot_told(change)),
            Change::Stale => context.console.warning(&snapshot_told(change)),
            Change::Written | Change::Removed => {
                context.console.say(crate::answer::escape::terminal(&snapshot_told(change)));
            }
        }
    }
}

fn tell_corpus(corpus: &Corpus, args: &TestArgs, context: &Context) {
    let size = crate::source::size(corpus.size.bytes);
    let found = number(corpus.false_positives.len(), "false positive");
    context.console.say(format!("{}, {size} of text in the corpus: {found}", number(corpus.cases, "case")));
    if corpus.losses() > 0 {
        context.console.error(&format!("{} could not be read, or not to the end", number(corpus.losses(), "input")));
        for note in corpus.notes.iter().filter(|note| args.format == TestFormat::Text && note.kind.is_loss()) {
            context.console.help(&format!("{} ({})", note.source, note.detail));
        }
    }
}

/// Tests all, then again what changed, until somebody ends it.
fn watch(args: &TestArgs, context: &Context) -> Result<Exit, Failure> {
    if args.format != TestFormat::Text {
        return Err(Failure::refused("--watch is for people", "leave --format or --watch out"));
    }
    let console = &context.console;
    let mut began = Instant::now();
    let mut live = context.faultbook.load_live()?;
    args.must_fit(live.faultbook())?;
    let mut files = Watch::new(live.folders())?;
    let mut outcomes: BTreeMap<String, Vec<TestOutcome>> = BTreeMap::new();
    let mut reload = Reload::Everything;
    loop {
        let faultbook = live.faultbook();
        let run = test::run(
            faultbook,
            |id, rule| {
                let changed = match &reload {
                    Reload::Everything => true,
                    Reload::Rules(changed) => changed.binary_search(&id).is_ok(),
                    Reload::Nothing => false,
                };
                changed && args.wants(rule)
            },
            &TestOptions { whole_folders: Vec::new(), ..args.options(faultbook, context) },
        );
        if reload == Reload::Everything {
            outcomes.clear();
        }
        let tested = run.outcomes.chunk_by(|left, right| left.rule == right.rule).count();
        for of_rule in run.outcomes.chunk_by(|left, right| left.rule == right.rule) {
            if let Some(first) = of_rule.first() {
                outcomes.insert(first.rule.clone(), of_rule.to_vec());
            }
        }
        let ids: HashSet<&str> = faultbook.rules().iter().map(|rule| rule.id.as_str()).collect();
        outcomes.retain(|rule, _| ids.contains(rule.as_str()));

        let pen = Pen { styled: console.styles_output() };
        let mut out = if console.output_is_terminal() { CLEAR.to_owned() } else { String::new() };
        let all = || outcomes.values().flatten();
        all().filter(|outcome| !outcome.passed()).for_each(|failure| pen.failure(failure, &mut out));
        console.print(out)?;
        diagnostics::draw_errors(console, faultbook);
        tell_snapshots(&run, context);
        let took = began.elapsed().as_millis();
        console.say(format!("{}; tested {} in {took} ms, waiting for changes", summary(all()), number(tested, "rule")));

        (began, reload) = loop {
            let began = files.wait()?;
            match live.reload() {
                Reload::Nothing => {}
                reload => break (began, reload),
            }
        };
        if reload == Reload::Everything {
            files.follow(live.folders())?;
        }
    }
}
