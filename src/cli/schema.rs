//! `faultbook schema`: JSON Schemas for editors.

use clap::{Args, ValueEnum};

use crate::author::schema::{FileKind, schema};
use crate::cli::Context;
use crate::cli::exit::{Exit, Failure};

/// Print the JSON Schema of rule files, or of faultbook.yaml
///
/// Editors complete keys and show their meaning by it. With the YAML language server (VS Code, Neovim, Helix and others) save it
/// and begin a rule with the line `# yaml-language-server: $schema=PATH`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  faultbook schema > faultbook-rule.schema.json
  faultbook schema settings > faultbook-settings.schema.json
  faultbook schema overlay > faultbook-overlay.schema.json

Exit status:
  0  printed
  2  it could not be written")]
pub struct SchemaArgs {
    /// The kind of file
    #[arg(value_name = "KIND", value_enum, default_value = "rule")]
    kind: Kind,
}

/// The kinds of files that have a schema.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    /// A rule
    Rule,
    /// faultbook.yaml
    Settings,
    /// overlay.yaml
    Overlay,
}

/// Runs the command.
pub fn run(args: &SchemaArgs, context: &Context) -> Result<Exit, Failure> {
    let kind = match args.kind {
        Kind::Rule => FileKind::Rule,
        Kind::Settings => FileKind::Settings,
        Kind::Overlay => FileKind::Overlay,
    };
    context.console.print(format!("{:#}\n", schema(kind)))?;
    Ok(Exit::Success)
}
