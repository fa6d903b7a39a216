//! `faultbook preview`: what the answers of a rule look like.

use std::fs;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::answer::{AnswerFormat, TextOptions};
use crate::author::preview::{self, Preview, PreviewOptions};
use crate::cli::Context;
use crate::cli::diagnostics;
use crate::cli::exit::{Exit, Failure};
use crate::cli::rules_options::RulePattern;
use crate::rule::diagnostic::nearest;
use crate::rule::reload::Reload;
use crate::rule::watch::Watch;
use crate::rule::{Expectation, Faultbook, Rule, RuleId};

/// Columns by which articles stand to the right of the samples' names, as in reports.
const INDENT: usize = 10;
/// Clears a terminal and its scrollback, and goes to its beginning.
const CLEAR: &str = "\x1b[2J\x1b[3J\x1b[H";

/// Show the answers that a rule gives for its own samples
///
/// Each sample that the rule's tests expect to match is shown with the facts that its test states.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  faultbook preview KB115850
  faultbook preview KB115850 --test 'a new customer on a taken subdomain'
  faultbook preview my-rule --rules rules/ --watch
  faultbook preview my-rule --rules rules/ --watch --format html --output preview.html    a page that follows

Exit status:
  0  every sample has an answer
  1  one has none, or there is no sample to show
  2  there is no such rule or test, or the rules have errors")]
pub struct PreviewArgs {
    /// The id of the rule
    #[arg(value_name = "ID")]
    id: RulePattern,
    /// Show only the sample of the test with this name
    #[arg(long, value_name = "NAME")]
    test: Option<String>,
    /// The format of the preview
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "text")]
    format: PreviewFormat,
    /// Write the preview to FILE instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Show it again whenever a file of the faultbook is saved; a page loads itself again
    #[arg(long)]
    watch: bool,
}

/// The formats of a preview.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum PreviewFormat {
    /// For a terminal.
    Text,
    /// A page.
    Html,
    /// Markdown.
    Markdown,
}

/// Runs the command.
pub fn run(args: &PreviewArgs, context: &Context) -> Result<Exit, Failure> {
    if args.watch {
        return watch(args, context);
    }
    let faultbook = context.faultbook.load()?.as_written();
    diagnostics::talk_errors(&context.console, &faultbook);
    let preview = args.render(&faultbook, args.find(&faultbook)?, context)?;
    args.write(&preview, "", context)?;
    Ok(match preview {
        _ if faultbook.has_errors() => Exit::Error,
        Preview { samples, without_answer: 0, .. } if samples > 0 => Exit::Success,
        _ => Exit::Negative,
    })
}

impl PreviewArgs {
    /// The one rule that is meant.
    fn find(&self, faultbook: &Faultbook) -> Result<RuleId, Failure> {
        self.id.must_fit(faultbook)?;
        let rules = faultbook.rules().iter().enumerate().filter(|(_, rule)| self.id.fits(rule));
        let fitting: Vec<(usize, &Rule)> = rules.collect();
        let exact = fitting.iter().find(|(_, rule)| rule.id == self.id.written());
        match (exact, fitting.as_slice()) {
            (Some((at, rule)), _) | (None, [(at, rule)]) => {
                self.must_have_test(rule)?;
                Ok(RuleId::new(*at))
            }
            (None, several) => Err(Failure::refused(
                format!("`{}` fits {} rules", self.id.written(), several.len()),
                "give the id of one of them; `faultbook rules` lists them",
            )),
        }
    }

    fn must_have_test(&self, rule: &Rule) -> Result<(), Failure> {
        let shown = rule.tests.iter().filter(|test| matches!(test.expect, Expectation::Finding { .. }));
        let names: Vec<&str> = shown.map(|test| test.name.as_str()).collect();
        match &self.test {
            Some(name) if !names.contains(&name.as_str()) => {
                let message = format!("{} has no test `{name}` that expects a finding", rule.id);
                let help = match nearest(name, names.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!(
                        "give one of {}",
                        names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
                    ),
                };
                Err(Failure::refused(message, help))
            }
            _ => Ok(()),
        }
    }

    fn render(&self, faultbook: &Faultbook, id: RuleId, context: &Context) -> Result<Preview, Failure> {
        let styled = match self.output {
            Some(_) => context.console.styles_files(),
            None => context.console.styles_output(),
        };
        let format = match self.format {
            PreviewFormat::Html => AnswerFormat::Html,
            PreviewFormat::Markdown => AnswerFormat::Markdown,
            PreviewFormat::Text => {
                AnswerFormat::Text(TextOptions { width: context.console.output_width(), indent: INDENT, styled })
            }
        };
        let options = PreviewOptions { format, test: self.test.clone(), live: self.watch };
        preview::render(faultbook, id, &options).map_err(|error| {
            Failure::refused(error.to_string(), "mend the layout below --templates, or leave that option out")
        })
    }

    fn write(&self, preview: &Preview, before: &str, context: &Context) -> Result<(), Failure> {
        match &self.output {
            None => context.console.print(format_args!("{before}{}", preview.text)),
            Some(path) => {
                let written = fs::write(path, &preview.text);
                written.map_err(|error| Failure::output(format!("`{}`", path.display()), error))
            }
        }
    }
}

/// Shows the preview, then again after each change that concerns it, until somebody ends it.
fn watch(args: &PreviewArgs, context: &Context) -> Result<Exit, Failure> {
    let console = &context.console;
    if args.format == PreviewFormat::Html && args.output.is_none() {
        return Err(Failure::refused(
            "a page that follows needs a place",
            "give a file with --output, and open it in a browser",
        ));
    }
    let mut live = context.faultbook.load_live()?;
    args.find(live.faultbook())?;
    let mut files = Watch::new(live.folders())?;
    let mut reload = Reload::Everything;
    loop {
        let faultbook = live.faultbook();
        let clear = if console.output_is_terminal() { CLEAR } else { "" };
        let concerns = |id: RuleId| match &reload {
            Reload::Everything => true,
            Reload::Rules(changed) => changed.binary_search(&id).is_ok(),
            Reload::Nothing => false,
        };
        match args.find(faultbook) {
            Ok(id) if concerns(id) => {
                args.write(&args.render(faultbook, id, context)?, clear, context)?;
                diagnostics::draw_errors(console, faultbook);
                console.say("waiting for changes");
            }
            Ok(_) => {}
            // the rule may be unsound for as long as somebody is writing it
            Err(failure) => {
                console.print(clear)?;
                diagnostics::draw_errors(console, faultbook);
                console.error(&failure.to_string());
                console.help("waiting for changes");
            }
        }
        reload = loop {
            files.wait()?;
            match live.reload() {
                Reload::Nothing => {}
                reload => break reload,
            }
        };
        if reload == Reload::Everything {
            files.follow(live.folders())?;
        }
    }
}
