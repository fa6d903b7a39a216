//! `faultbook new`: a rule from one pasted error.

use std::fs;
use std::io::{self, BufRead, Read, Write};
use std::path::{Component, Path, PathBuf};

use clap::Args;

use crate::answer::escape;
use crate::author::scaffold::{PASTE_BYTES, Request, Scaffold, ScaffoldError, is_id, known_already, scaffold};
use crate::author::schema::{FileKind, schema};
use crate::cli::Context;
use crate::cli::exit::{Exit, Failure};
use crate::rule::Faultbook;

/// The name of the schema in the folder of the rules.
const SCHEMA_FILE: &str = "faultbook-rule.schema.json";

/// Lines of the paste that are shown as unused; what is further is counted.
const UNUSED_SHOWN: usize = 5;

/// Letters of such a line that are shown.
const UNUSED_LETTERS: usize = 100;

/// Bytes of an answer at the terminal that are read.
const ANSWER_BYTES: u64 = 4096;

/// Write a rule from one pasted error: its regex, its tests, the sections of its article
///
/// Numbers, quoted values, addresses, paths and the like become captures; the time, level and logger in front are left out. Other lines
/// that say `key: value` are offered. The rule is a draft for internal readers. It loads, and its tests pass, before it is written; so is
/// the schema for editors, in the folder of the rules.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  faultbook new app-42 --from error.txt --rules my-rules/
  journalctl -u billing -n 1 | faultbook new billing-db --from - --into my-rules/billing/

Exit status:
  0  the rule was written
  1  a rule knows this error already; --force writes another
  2  something is missing, or could not be read or written")]
pub struct NewArgs {
    /// The rule's id: letters, digits, `-`, `_` and `.`
    #[arg(value_name = "ID")]
    id: Option<String>,
    /// The file with the error, or `-` for standard input
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// The folder to write to; without it, the one in --rules whose rules have ids most like this, else --rules itself, else
    /// a folder `rules` that is here
    #[arg(long, value_name = "DIR")]
    into: Option<PathBuf>,
    /// The title; without it, made of the message
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// Write although a rule knows the error already, and over a file that is there
    #[arg(long)]
    force: bool,
}

/// Runs the command.
pub fn run(args: &NewArgs, context: &Context) -> Result<Exit, Failure> {
    let asks = context.console.input_is_terminal() && context.console.talk_is_terminal();
    let id = match &args.id {
        Some(id) => id.clone(),
        None if asks => ask(context, "id of the rule, such as app-42")?,
        None => {
            return Err(Failure::refused(
                "the rule has no id",
                "give one, as in `faultbook new app-42 --from error.txt`",
            ));
        }
    };
    if !is_id(&id) {
        let help = "write letters, digits, `-`, `_` and `.`, for instance `app-42`";
        return Err(Failure::refused(format!("`{id}` cannot be an id"), help));
    }
    let root = root(args, context)?;
    let faultbook = (root.is_dir() && !Faultbook::rule_files(std::slice::from_ref(&root)).0.is_empty())
        .then(|| context.faultbook.load_paths(std::slice::from_ref(&root)))
        .transpose()?;
    let folder = args.into.clone().unwrap_or_else(|| neighbourhood(faultbook.as_ref(), &root, &id));
    let path = folder.join(file_name(&id));
    must_be_free(args, faultbook.as_ref(), &id, &path)?;

    let paste = paste(args, context, asks)?;
    if !args.force
        && let Some(exit) = tell_known(&paste, faultbook.as_ref(), context)?
    {
        return Ok(exit);
    }
    let title = match &args.title {
        Some(title) => Some(title.clone()),
        None if asks => Some(ask(context, "title, empty for one made of the message")?),
        None => None,
    };
    let schema = schema_from(&root, &folder);
    let created = jiff::Zoned::now().date();
    let request = Request { id: &id, title: title.as_deref(), paste: &paste, created, schema: &schema };
    let made = scaffold(&request).map_err(|error| Failure::refused(error.to_string(), help(&error)))?;
    write(&path, &made.text, args.force)?;
    write_schema(&folder.join(&schema), context)?;
    context.console.print(format_args!("{}\n", escape::terminal(&path.display().to_string())))?;
    tell_next(&made, &id, &root, &path, context);
    Ok(Exit::Success)
}

/// The folder of the faultbook that the rule is to belong to.
fn root(args: &NewArgs, context: &Context) -> Result<PathBuf, Failure> {
    let here = PathBuf::from("rules");
    let root = match (context.faultbook.rules(), &args.into) {
        ([first, ..], _) => first.clone(),
        ([], Some(into)) => return Ok(into.clone()),
        ([], None) if here.is_dir() => here,
        ([], None) => {
            let help = "say where, as in `--into my-rules/` or `--rules my-rules/`";
            return Err(Failure::refused("there is no folder to write the rule to", help));
        }
    };
    match root.is_dir() {
        true => Ok(root),
        false => {
            let help = "give the folder of your rules; it has to exist";
            Err(Failure::refused(format!("`{}` is not a folder", root.display()), help))
        }
    }
}

/// The folder of the rules whose ids have most in common with this one, up to a `-`, `_` or `.`; else the root.
fn neighbourhood(faultbook: Option<&Faultbook>, root: &Path, id: &str) -> PathBuf {
    let common = |other: &str| {
        let length = id.bytes().zip(other.bytes()).take_while(|(left, right)| left == right).count();
        let shared = id.get(..length).unwrap_or_default();
        shared.rfind(['-', '_', '.']).map_or(0, |at| at + 1)
    };
    let rules = faultbook.map(Faultbook::rules).unwrap_or_default();
    let nearest = rules.iter().map(|rule| (common(&rule.id), rule)).max_by_key(|(length, _)| *length);
    let folder = nearest.filter(|(length, _)| *length > 0).and_then(|(_, rule)| Path::new(&rule.path).parent());
    folder.map_or_else(|| root.to_owned(), Path::to_owned)
}

/// `faultbook.yaml` holds settings, whatever the id.
fn file_name(id: &str) -> String {
    let name = id.to_ascii_lowercase();
    if name == "faultbook" { "faultbook-rule.yaml".to_owned() } else { format!("{name}.yaml") }
}

fn must_be_free(args: &NewArgs, faultbook: Option<&Faultbook>, id: &str, path: &Path) -> Result<(), Failure> {
    if path.exists() && !args.force {
        let help = "take another id, or write over it with --force";
        return Err(Failure::refused(format!("`{}` is there already", path.display()), help));
    }
    let rule = faultbook.and_then(|faultbook| faultbook.find(id).map(|found| faultbook.rule(found)));
    match rule.filter(|rule| Path::new(&rule.path) != path) {
        Some(rule) => {
            Err(Failure::refused(format!("the rule in `{}` has the id `{id}`", rule.path), "take another id"))
        }
        None => Ok(()),
    }
}

fn paste(args: &NewArgs, context: &Context, asks: bool) -> Result<String, Failure> {
    let named = args.from.as_ref().filter(|path| path.as_os_str() != "-");
    let limit = PASTE_BYTES as u64 + 1;
    let mut bytes = Vec::new();
    let (what, read) = match (named, &args.from) {
        (Some(path), _) => {
            let file = fs::File::open(path);
            (format!("`{}`", path.display()), file.and_then(|file| file.take(limit).read_to_end(&mut bytes)))
        }
        (None, None) if !asks => {
            let help = "give its file with --from, or `--from -` to read it from standard input";
            return Err(Failure::refused("there is no error to make a rule of", help));
        }
        (None, _) => {
            if context.console.input_is_terminal() {
                context.console.say("paste the error, then end it with Ctrl-D (Ctrl-Z and Enter on Windows)");
            }
            ("standard input".to_owned(), io::stdin().take(limit).read_to_end(&mut bytes))
        }
    };
    read.map_err(|error| Failure::refused(format!("cannot read {what}: {error}"), "give a file that can be read"))?;
    let cut = bytes.len() > PASTE_BYTES;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text),
        Err(_) if cut => Err(Failure::refused(
            format!("{what} has more than {PASTE_BYTES} bytes"),
            help(&ScaffoldError::TooLong { bytes: 0 }),
        )),
        Err(_) => Err(Failure::refused(format!("{what} is not UTF-8"), "save it as UTF-8; a rule file is UTF-8 too")),
    }
}

/// Says which rules know the paste. `None` if none of the faultbook finds it: what only looks at it, and rules built in, are told.
fn tell_known(paste: &str, faultbook: Option<&Faultbook>, context: &Context) -> Result<Option<Exit>, Failure> {
    let console = &context.console;
    if let Some(faultbook) = faultbook {
        let known = known_already(faultbook, paste);
        for rule in known.finding.iter().map(|id| faultbook.rule(*id)) {
            console.error(&format!("{} knows this error already: {} ({})", rule.id, rule.title, rule.path));
        }
        if !known.finding.is_empty() {
            let ids: Vec<&str> = known.finding.iter().map(|id| faultbook.rule(*id).id.as_str()).collect();
            console.help(&format!(
                "`faultbook answer --rule {}` with the same --rules and text shows its answer; --force writes another rule",
                ids.join(" --rule ")
            ));
            return Ok(Some(Exit::Negative));
        }
        for rule in known.looking.iter().map(|id| faultbook.rule(*id)) {
            console.warning(&format!("a signature of {} matches this too: {} ({})", rule.id, rule.title, rule.path));
            console.help("its condition wants more than this text; if it is the same failure, change that rule");
        }
    }
    if context.faultbook.rules().is_empty() {
        let built_in = context.faultbook.load_paths(&[])?;
        let known = known_already(&built_in, paste);
        for rule in known.finding.iter().chain(&known.looking).map(|id| built_in.rule(*id)) {
            console.warning(&format!("the built-in rule {} is about this too: {}", rule.id, rule.title));
            console.help(&format!("`faultbook answer --rule {}` with the same text shows its answer", rule.id));
        }
    }
    Ok(None)
}

/// Where the schema is, as seen from the rule's folder.
fn schema_from(root: &Path, folder: &Path) -> String {
    let below = folder
        .strip_prefix(root)
        .map(|below| below.components().filter(|part| matches!(part, Component::Normal(_))).count());
    format!("{}{SCHEMA_FILE}", "../".repeat(below.unwrap_or(0)))
}

fn write(path: &Path, text: &str, force: bool) -> Result<(), Failure> {
    let failed = |error: io::Error| Failure::output(format!("`{}`", path.display()), error);
    path.parent().map_or(Ok(()), fs::create_dir_all).map_err(failed)?;
    let mut options = fs::OpenOptions::new();
    // a file that came to be meanwhile is not written over either
    let options =
        if force { options.write(true).create(true).truncate(true) } else { options.write(true).create_new(true) };
    options.open(path).and_then(|mut file| file.write_all(text.as_bytes())).map_err(failed)
}

/// Writes the schema that the rule names, unless it is there.
fn write_schema(path: &Path, context: &Context) -> Result<(), Failure> {
    if path.exists() {
        return Ok(());
    }
    write(path, &format!("{:#}\n", schema(FileKind::Rule)), false)?;
    let shown = escape::terminal(&path.display().to_string()).to_string();
    context.console.say(format_args!("{shown} is there for editors now; it helps them to complete keys"));
    Ok(())
}

fn tell_next(made: &Scaffold, id: &str, root: &Path, path: &Path, context: &Context) {
    let console = &context.console;
    console.say(format_args!("{id}: {}", escape::terminal(&made.title)));
    console.say(format_args!("  finds  {}", escape::terminal(&made.regex)));
    for (name, value) in &made.captures {
        console.say(format_args!("         {}={}", escape::terminal(name), escape::terminal(value)));
    }
    if !made.left.is_empty() {
        let left: Vec<String> = made.left.iter().map(|value| format!("`{value}`")).collect();
        console.warning(&format!(
            "values of the message are part of the regex, since nothing more general was certain to work: {}",
            left.join(", ")
        ));
        console.help("replace what differs from case to case by captures, such as `(?<host>\\S+)`");
    }
    for line in made.unused.iter().take(UNUSED_SHOWN) {
        let text: String = line.text.chars().take(UNUSED_LETTERS).collect();
        console.say(format_args!("  not used, line {}: {}", line.number, escape::terminal(&text)));
    }
    match made.unused.len().saturating_sub(UNUSED_SHOWN) {
        0 => {}
        more => console.say(format_args!("  and {more} more lines of the paste are not used")),
    }
    if !made.has_near_miss {
        console.say("  a near miss is still to come; a comment in the tests says what to put there");
    }
    for secret in &made.secrets {
        console.warning(&format!("the sample has a value for `{secret}`, which looks like a secret"));
        console.help("replace it in the tests before you share the rule");
    }
    let (root, path) = (root.display().to_string(), path.display().to_string());
    console.say("next, write the article where it says so, then");
    console.say(format_args!("  faultbook check {}", escape::terminal(&root)));
    console.say(format_args!("  faultbook test --rules {} {id}", escape::terminal(&root)));
    console.say(format_args!("  faultbook fmt {}", escape::terminal(&path)));
}

/// Asks for a line at the terminal.
fn ask(context: &Context, what: &str) -> Result<String, Failure> {
    context.console.prompt(format_args!("{what}: "));
    let mut line = Vec::new();
    let read = io::stdin().lock().take(ANSWER_BYTES).read_until(b'\n', &mut line);
    read.map_err(|error| Failure::refused(format!("cannot read the answer: {error}"), "give it as an argument"))?;
    Ok(String::from_utf8_lossy(&line).trim().to_owned())
}

fn help(error: &ScaffoldError) -> &'static str {
    match error {
        ScaffoldError::Empty => "paste the error message, with its stack trace if there is one",
        ScaffoldError::TooLong { .. } => "give the record of the error and a few lines around it",
        ScaffoldError::BadId { .. } => "write letters, digits, `-`, `_` and `.`, for instance `app-42`",
        ScaffoldError::SaysNothing { .. } => {
            "give the line that says what went wrong, or the whole record with the lines below it"
        }
        ScaffoldError::NoSignature => "give the line that says what went wrong, with a word or two in it",
    }
}
