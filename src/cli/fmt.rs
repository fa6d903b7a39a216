//! `faultbook fmt`: one layout for rule files.

use std::io::{self, Read};
use std::path::PathBuf;

use clap::Args;
use similar::TextDiff;

use crate::answer::escape;
use crate::author::fmt::{self, FormatError};
use crate::cli::Context;
use crate::cli::diagnostics::{number, talk};
use crate::cli::exit::{Exit, Failure};
use crate::rule::Faultbook;

/// Lines that a diff shows around a change.
const DIFF_CONTEXT: usize = 3;

/// Give rule files and overlays one layout
///
/// Keys come in the order of the reference, sections stand apart, indentation is two columns, and quotes that nothing needs
/// go. Comments stay where they stand. What a rule says never changes: a file that would say something else is left as it is.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  faultbook fmt rules/
  faultbook fmt --check --diff rules/       which files would change, and how
  faultbook fmt - < rule.yaml               from standard input to standard output, for editors

Exit status:
  0  all files have the layout now
  1  with `--check`: a file would change
  2  a file cannot be read or written, is not YAML, or is YAML that `fmt` does not know")]
pub struct FmtArgs {
    /// Rule files, overlays or folders of them, or `-` for standard input; without any, those of --rules
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Change nothing; list the files that would change
    #[arg(long)]
    check: bool,
    /// Change nothing; show what would change
    #[arg(long)]
    diff: bool,
}

/// Runs the command.
pub fn run(args: &FmtArgs, context: &Context) -> Result<Exit, Failure> {
    if args.paths.iter().any(|path| path.as_os_str() == "-") {
        return from_standard_input(args, context);
    }
    let paths = if args.paths.is_empty() { context.faultbook.rules() } else { &args.paths };
    if paths.is_empty() {
        let help = "give files or folders, as in `faultbook fmt rules/`, or `-` for standard input";
        return Err(Failure::refused("there is nothing to lay out", help));
    }
    let (mut files, unreadable) = Faultbook::rule_files(paths);
    files.extend(Faultbook::overlays_at(paths));
    talk(&context.console, &unreadable);
    let (mut changed, mut failed) = (0, unreadable.len());
    let mut result = String::new();
    for file in &files {
        let path = file.display().to_string();
        let text = match Faultbook::read_text(file) {
            Ok(text) => text,
            Err(diagnostic) => {
                talk(&context.console, &[diagnostic]);
                failed += 1;
                continue;
            }
        };
        match fmt::format(&path, &text) {
            Err(error) => {
                tell(&path, &error, context);
                failed += 1;
            }
            Ok(new) if new == text => {}
            Ok(new) => {
                changed += 1;
                match args.diff {
                    true => result.push_str(&diff(&path, &text, &new)),
                    false => result.push_str(&format!("{}\n", escape::terminal(&path))),
                }
                if !args.check && !args.diff {
                    std::fs::write(file, new).map_err(|error| Failure::output(format!("`{path}`"), error))?;
                }
            }
        }
    }
    context.console.print(result)?;
    let is_dry = args.check || args.diff;
    let what = if is_dry { "would change" } else { "changed" };
    let left = if failed > 0 { format!(", {failed} left as they are") } else { String::new() };
    context.console.say(format_args!("{}, {changed} {what}{left}", number(files.len(), "file")));
    Ok(match changed {
        _ if failed > 0 => Exit::Error,
        1.. if args.check => Exit::Negative,
        _ => Exit::Success,
    })
}

fn from_standard_input(args: &FmtArgs, context: &Context) -> Result<Exit, Failure> {
    if args.paths.len() > 1 {
        return Err(Failure::refused("`-` stands beside other paths", "give `-` alone, or files"));
    }
    let mut text = String::new();
    io::stdin().read_to_string(&mut text).map_err(|error| {
        Failure::refused(format!("cannot read standard input: {error}"), "give a rule file in UTF-8")
    })?;
    let new = match fmt::format("stdin", &text) {
        Ok(new) => new,
        Err(error) => {
            tell("stdin", &error, context);
            return Ok(Exit::Error);
        }
    };
    let would_change = new != text;
    match (args.diff, args.check) {
        (true, _) => context.console.print(diff("stdin", &text, &new))?,
        (false, true) => context.console.print(if would_change { "stdin\n" } else { "" })?,
        (false, false) => context.console.print(new)?,
    }
    Ok(if args.check && would_change { Exit::Negative } else { Exit::Success })
}

fn tell(path: &str, error: &FormatError, context: &Context) {
    if let FormatError::Broken(diagnostic) = error {
        return talk(&context.console, std::slice::from_ref(diagnostic));
    }
    context.console.error(&format!("`{path}` is left as it is: {error}"));
    context.console.help("write that place as docs/rule-language.md shows, or lay the file out by hand");
}

/// The changes of a file as `diff -u` shows them.
fn diff(path: &str, old: &str, new: &str) -> String {
    let diff = TextDiff::from_lines(old, new);
    let shown = diff.unified_diff().context_radius(DIFF_CONTEXT).header(path, path).to_string();
    shown.lines().map(|line| format!("{}\n", escape::terminal(line))).collect()
}
