//! Where a command talks: results to standard output, everything else to standard error.
//!
//! A [`Console`] knows whether each of the two wants styles and how wide the terminal is. Talk never fails: when standard
//! error is closed there is nobody to tell. Text that comes from rules, logs or arguments must be escaped by the caller,
//! except in [`Console::error`], [`Console::warning`] and [`Console::help`], which do it themselves.

use std::fmt::Display;
use std::io::{self, BufWriter, IsTerminal, Write};

use anstream::{AutoStream, ColorChoice};

use crate::answer::escape;
use crate::cli::exit::Failure;

/// Columns where the terminal does not say how many it has: wide enough for evidence, narrow enough to read.
const DEFAULT_WIDTH: usize = 100;
/// Columns below which nothing can be laid out; terminals that claim less are not believed.
const LEAST_WIDTH: usize = 20;

const BOLD: &str = "\x1b[1m";
const RED: &str = "\x1b[1;31m";
const YELLOW: &str = "\x1b[1;33m";
const RESET: &str = "\x1b[0m";

/// The terminal, or what stands in for it.
#[derive(Clone, Copy, Debug)]
pub struct Console {
    color: ColorChoice,
}

impl Console {
    /// Makes a console that follows a choice of colour; `Auto` asks the streams and the environment.
    pub fn new(color: ColorChoice) -> Self {
        Console { color }
    }

    /// Whether results on standard output may have styles.
    pub fn styles_output(&self) -> bool {
        self.styles(&io::stdout())
    }

    /// Whether results may have styles when they go to a file: only if that was asked for.
    pub fn styles_files(&self) -> bool {
        matches!(self.color, ColorChoice::Always | ColorChoice::AlwaysAnsi)
    }

    /// Whether talk on standard error may have styles.
    pub fn styles_talk(&self) -> bool {
        self.styles(&io::stderr())
    }

    fn styles(&self, stream: &impl anstream::stream::RawStream) -> bool {
        let choice = match self.color {
            ColorChoice::Auto => AutoStream::choice(stream),
            choice => choice,
        };
        choice != ColorChoice::Never
    }

    /// Whether standard output is a terminal.
    pub fn output_is_terminal(&self) -> bool {
        io::stdout().is_terminal()
    }

    /// Whether standard error is a terminal.
    pub fn talk_is_terminal(&self) -> bool {
        io::stderr().is_terminal()
    }

    /// Whether a person sits at standard input.
    pub fn input_is_terminal(&self) -> bool {
        io::stdin().is_terminal()
    }

    /// The columns of the terminal that standard output is, else a readable number.
    pub fn output_width(&self) -> usize {
        width(terminal_size::terminal_size_of(io::stdout()))
    }

    /// The columns of the terminal that standard error is, else a readable number.
    pub fn talk_width(&self) -> usize {
        width(terminal_size::terminal_size_of(io::stderr()))
    }

    /// Standard output as results are written to it: buffered, styles shown by terminals that need help with them.
    pub fn output(&self) -> Box<dyn Write> {
        if self.styles_output() {
            Box::new(BufWriter::new(AutoStream::always(io::stdout())))
        } else {
            Box::new(BufWriter::new(io::stdout()))
        }
    }

    /// Writes a result to standard output as a whole.
    pub fn print(&self, result: impl Display) -> Result<(), Failure> {
        let mut out = self.output();
        write!(out, "{result}").and_then(|()| out.flush()).map_err(|error| Failure::output("standard output", error))
    }

    /// Says something on standard error.
    pub fn say(&self, line: impl Display) {
        let _ = writeln!(AutoStream::new(io::stderr(), self.talk_choice()), "{line}");
    }

    /// Says something on standard error and leaves the cursor behind it, for an answer.
    pub fn prompt(&self, text: impl Display) {
        let mut stream = AutoStream::new(io::stderr(), self.talk_choice());
        let _ = write!(stream, "{text}").and_then(|()| stream.flush());
    }

    /// Says that something went wrong.
    pub fn error(&self, message: &str) {
        self.say(format_args!("{RED}error{RESET}{BOLD}: {}{RESET}", escape::terminal(message)));
    }

    /// Says that something is probably not as meant.
    pub fn warning(&self, message: &str) {
        self.say(format_args!("{YELLOW}warning{RESET}{BOLD}: {}{RESET}", escape::terminal(message)));
    }

    /// Says what to do about the error or warning before.
    pub fn help(&self, message: &str) {
        self.say(format_args!("  = {BOLD}help{RESET}: {}", escape::terminal(message)));
    }

    fn talk_choice(&self) -> ColorChoice {
        if self.styles_talk() { ColorChoice::Always } else { ColorChoice::Never }
    }
}

fn width(size: Option<(terminal_size::Width, terminal_size::Height)>) -> usize {
    size.map(|(width, _)| usize::from(width.0)).filter(|&columns| columns >= LEAST_WIDTH).unwrap_or(DEFAULT_WIDTH)
}
