//! How results come out: format, file, colour.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anstream::ColorChoice;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::cli::console::Console;
use crate::cli::exit::Failure;
use crate::report::{self, Batch, Format, ReportError, ReportOptions};
use crate::rule::Faultbook;
use crate::rule::settings::Defaults;

/// The formats by the names they have on the command line.
const FORMATS: [(&str, Format); 5] = [
    ("text", Format::Text),
    ("json", Format::Json),
    ("jsonl", Format::JsonLines),
    ("markdown", Format::Markdown),
    ("html", Format::Html),
];

/// Whether there are colours.
#[derive(Args, Debug)]
pub struct ColorOption {
    /// Colour the output: `auto` does so on a terminal, unless NO_COLOR is set
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        value_enum,
        default_value = "auto",
        help_heading = "Global options"
    )]
    color: Color,
}

/// The choices of `--color`.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

impl ColorOption {
    /// The console that follows the choice.
    pub fn console(&self) -> Console {
        Console::new(match self.color {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        })
    }
}

/// The formats of commands that list or judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// For people.
    Text,
    /// One JSON document, `schema: 1`.
    Json,
}

/// One JSON document for `--format json`: indented for people, `schema` first, then the fields of the body in their order.
pub fn document(body: &impl Serialize) -> Result<String, Failure> {
    #[derive(Serialize)]
    struct Document<'a, T> {
        schema: u32,
        #[serde(flatten)]
        body: &'a T,
    }
    let text = serde_json::to_string_pretty(&Document { schema: 1, body });
    text.map(|text| text + "\n").map_err(|error| Failure::output("JSON", error.into()))
}

/// How a report comes out.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Output")]
pub struct OutputOptions {
    /// The format of the result; without it text. `jsonl` is one JSON document to a line
    #[arg(long, value_name = "FORMAT", value_parser = PossibleValuesParser::new(FORMATS.map(|(name, _)| name)).map(format_named))]
    format: Option<Format>,
    /// Write the result to FILE instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Leave the answers out: only what was found, and where
    #[arg(long)]
    brief: bool,
}

fn format_named(name: impl AsRef<str>) -> Format {
    let found = FORMATS.iter().find(|(known, _)| *known == name.as_ref());
    found.map_or(Format::Text, |&(_, format)| format)
}

impl OutputOptions {
    /// The same with the defaults of a faultbook where nothing was given.
    pub fn with_defaults(&self, defaults: &Defaults) -> Self {
        let format = self.format.or(defaults.format.as_ref().map(format_named));
        Self { format, ..self.clone() }
    }

    fn format(&self) -> Format {
        self.format.unwrap_or(Format::Text)
    }

    /// Whether the result is text for a person who sees it on a terminal right now.
    pub fn is_for_a_terminal(&self, console: &Console) -> bool {
        self.tells_on_output() && console.output_is_terminal()
    }

    /// Whether the result is text on standard output, which tells a person about everything there is to know.
    pub fn tells_on_output(&self) -> bool {
        self.format() == Format::Text && self.output.is_none()
    }

    /// Opens what the report is written to: early, so that a place that cannot be written to is known before the work, and
    /// an old report in a folder that is to be read is not read. Refuses to overwrite one of the `inputs`.
    pub fn open(&self, inputs: &[PathBuf], console: &Console) -> Result<Output, Failure> {
        let styled = self.format() == Format::Text;
        let (target, writer, styled): (_, Box<dyn Write>, _) = match &self.output {
            None => ("standard output".to_owned(), console.output(), styled && console.styles_output()),
            Some(path) => {
                let target = format!("`{}`", path.display());
                refuse_input(path, inputs)?;
                let file = File::create(path).map_err(|error| Failure::output(&target, error))?;
                (target, Box::new(BufWriter::new(file)), styled && console.styles_files())
            }
        };
        Ok(Output {
            target,
            writer,
            format: self.format(),
            options: ReportOptions { brief: self.brief, styled, width: console.output_width(), compact: false },
        })
    }
}

fn refuse_input(path: &Path, inputs: &[PathBuf]) -> Result<(), Failure> {
    let Ok(output) = fs::canonicalize(path) else {
        return Ok(());
    };
    if output.is_file() && inputs.iter().any(|input| fs::canonicalize(input).is_ok_and(|input| input == output)) {
        return Err(Failure::refused(
            format!("`{}` is an input and would be overwritten", path.display()),
            "give --output another file",
        ));
    }
    Ok(())
}

/// An open place for one report.
pub struct Output {
    target: String,
    writer: Box<dyn Write>,
    format: Format,
    options: ReportOptions,
}

impl Output {
    /// Leaves out the summary of the batch.
    pub fn compact(mut self) -> Self {
        self.options.compact = true;
        self
    }

    /// Writes the report to its end.
    pub fn write(mut self, faultbook: &Faultbook, batch: &Batch) -> Result<(), Failure> {
        report::write(faultbook, batch, self.format, &self.options, &mut self.writer)
            .and_then(|()| Ok(self.writer.flush()?))
            .map_err(|error| match error {
                ReportError::Output(error) => Failure::output(self.target, error),
                other => {
                    Failure::refused(other.to_string(), "mend the layout below --templates, or leave that option out")
                }
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_may_name_the_formats_that_arguments_may() {
        assert_eq!(Defaults::FORMATS, FORMATS.map(|(name, _)| name));
    }
}
