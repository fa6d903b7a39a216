//! `faultbook rules`: the list of rules, and the text of one.

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use comfy_table::{ColumnConstraint, ContentArrangement, Table, presets};
use serde::Serialize;

use crate::answer::escape;
use crate::cli::Context;
use crate::cli::diagnostics;
use crate::cli::exit::{Exit, Failure};
use crate::cli::output_options::{ListFormat, document};
use crate::cli::rules_options::{RuleFilter, RulePattern};
use crate::rule::{Audience, Faultbook, OverlaySource, Rule, Severity, State};

/// Columns between two cells.
const PADDING: u16 = 2;
/// Columns in which a title can still be read.
const TITLE_WIDTH: usize = 24;

/// List the rules, or print the text of one
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  faultbook rules
  faultbook rules --tag hdfs --severity error --severity critical
  faultbook rules --rule 'KB*' --format json
  faultbook rules KB115850             the rule as it is written, for instance as an example

Exit status:
  0  there are such rules
  1  there are none
  2  something could not be read, or the rules have errors")]
pub struct RulesArgs {
    /// Print the YAML of the rule with this id instead of a list
    #[arg(value_name = "ID", conflicts_with_all = ["severities", "format", "patterns", "tags", "audience"])]
    id: Option<RulePattern>,
    /// List only rules of this severity; may be given several times
    #[arg(long = "severity", value_name = "SEVERITY", value_parser = PossibleValuesParser::new(Severity::NAMES).try_map(|name| name.parse::<Severity>()))]
    severities: Vec<Severity>,
    /// The format of the result
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "text")]
    format: ListFormat,
    #[command(flatten)]
    filter: RuleFilter,
}

/// Runs the command.
pub fn run(args: &RulesArgs, context: &Context) -> Result<Exit, Failure> {
    let mut faultbook = context.faultbook.load()?;
    diagnostics::talk_errors(&context.console, &faultbook);
    if let Some(id) = &args.id {
        return show(id, &faultbook, context);
    }
    args.filter.apply(&mut faultbook)?;
    faultbook.retain(|rule| args.severities.is_empty() || args.severities.contains(&rule.severity));
    let rules = faultbook.rules();

    match args.format {
        ListFormat::Json => {
            let rules = rules.iter().map(described).collect();
            context.console.print(document(&RuleList { rules })?)?;
        }
        ListFormat::Text if rules.is_empty() => context.console.say("no rule fits; leave out a filter to see more"),
        ListFormat::Text => context.console.print(table(rules, context.console.output_width()))?,
    }
    Ok(match rules {
        _ if faultbook.has_errors() => Exit::Error,
        [] => Exit::Negative,
        _ => Exit::Success,
    })
}

/// Prints a rule as its author wrote it.
fn show(id: &RulePattern, faultbook: &Faultbook, context: &Context) -> Result<Exit, Failure> {
    id.must_fit(faultbook)?;
    let mut fitting = faultbook.rules().iter().filter(|rule| id.fits(rule));
    let (Some(rule), None) = (fitting.next(), fitting.next()) else {
        let message = format!("`{}` fits several rules", id.written());
        return Err(Failure::refused(message, "give the id of one of them; `faultbook rules --rule` lists them"));
    };
    let Some(file) = faultbook.authored(&rule.path) else {
        return Err(Failure::refused(format!("cannot read `{}`", rule.path), "the file is gone, or is no text"));
    };
    // what a terminal takes for commands is no business of a rule; files get the text as it is
    if context.console.output_is_terminal() {
        let lines = file.text().lines().map(|line| format!("{}\n", escape::terminal(line)));
        context.console.print(lines.collect::<String>())?;
    } else {
        context.console.print(file.text())?;
    }
    Ok(if faultbook.has_errors() { Exit::Error } else { Exit::Success })
}

/// The shape of `--format json`.
#[derive(Serialize)]
struct RuleList<'a> {
    rules: Vec<RuleEntry<'a>>,
}

#[derive(Serialize)]
struct RuleEntry<'a> {
    id: &'a str,
    title: &'a str,
    severity: Severity,
    state: State,
    audience: Audience,
    created: Option<String>,
    reviewed: Option<String>,
    owner: Option<&'a str>,
    tags: &'a [String],
    environment: Vec<ProductEntry<'a>>,
    file: &'a str,
    /// The overlay that switched it off.
    #[serde(skip_serializing_if = "Option::is_none")]
    off: Option<&'a OverlaySource>,
}

#[derive(Serialize)]
struct ProductEntry<'a> {
    product: &'a str,
    version: Option<String>,
}

fn described(rule: &Rule) -> RuleEntry<'_> {
    let environment = rule.environment.iter().map(|environment| ProductEntry {
        product: &environment.product,
        version: environment.version.as_ref().map(ToString::to_string),
    });
    RuleEntry {
        id: &rule.id,
        title: &rule.title,
        severity: rule.severity,
        state: rule.state,
        audience: rule.audience,
        created: rule.created.map(|date| date.to_string()),
        reviewed: rule.reviewed.map(|date| date.to_string()),
        owner: rule.owner.as_deref(),
        tags: &rule.tags,
        environment: environment.collect(),
        file: &rule.path,
        off: rule.switched_off(),
    }
}

/// A table without borders, as wide as allowed; long titles wrap.
fn table(rules: &[Rule], width: usize) -> String {
    let mut table = Table::new();
    table
        .load_preset(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(u16::try_from(width).unwrap_or(u16::MAX))
        .set_header(["ID", "SEVERITY", "STATE", "TITLE"]);
    for rule in rules {
        let (id, title) = (escape::terminal(&rule.id), escape::terminal(&rule.title));
        let state = if rule.switched_off().is_some() { "off" } else { rule.state.name() };
        table.add_row([&*id, rule.severity.name(), state, &*title]);
    }
    // An id in two pieces cannot be copied, so the title gives way, as long as there is room for some words of it.
    let needed: u16 = table.column_max_content_widths().iter().take(3).map(|columns| columns + PADDING).sum();
    if usize::from(needed) + TITLE_WIDTH <= width {
        for column in table.column_iter_mut().take(3) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    if let Some(first) = table.column_mut(0) {
        first.set_padding((0, 1));
    }
    table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}
