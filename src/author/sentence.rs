//! What keeps a rule from applying, in a line for people.
//!
//! The words are plain; texts of logs and rules stand in backticks as they are, so whoever prints a sentence escapes it.

use std::fmt::Write as _;

use crate::author::explained::{Because, ConditionPart, EnvironmentPart, Excluded, ExcludedBy, Outcome};
use crate::author::miss::{NearMiss, Obstacle};
use crate::author::reach::Stop;
use crate::rule::{Rule, Truth};

/// Parts of a false condition that are named.
const PARTS: usize = 3;

/// What a record lacks, from what it has to what would mend it.
pub fn miss(miss: &NearMiss) -> String {
    let mut parts: Vec<String> = Vec::new();
    let has_stop = miss.obstacles.iter().any(|obstacle| matches!(obstacle, Obstacle::Pattern { .. }));
    if let Some(has) = miss.has.as_ref().filter(|_| has_stop) {
        parts.push(format!("has `{has}`"));
    }
    parts.extend(miss.obstacles.iter().map(obstacle));
    if let (Some(beside), Some((_, last))) = (&miss.beside, miss.lines) {
        let border = if beside.line > last { "ends at" } else { "begins behind" };
        let at = if beside.line > last { last } else { beside.line };
        parts.push(format!(
            "the record {border} line {at}, and `{}` stands in another, in line {}: use two signatures, `scope: file`, or \
             `sources` with `start` or `continue` in faultbook.yaml",
            beside.text, beside.line
        ));
    }
    parts.join("; ")
}

/// One thing that keeps a record from matching.
pub fn obstacle(obstacle: &Obstacle) -> String {
    match obstacle {
        Obstacle::Pattern { test, pattern, stop, would } => {
            let subject = match (pattern, *test) {
                (Some(pattern), test) => format!("`{test}: {pattern}`"),
                (None, "regex") => "the regex".to_owned(),
                (None, _) => "the text wanted".to_owned(),
            };
            let mut told =
                stop.as_ref().map_or_else(|| format!("{subject} does not match"), |it| stopped(&subject, it));
            if let Some(would) = would {
                // Writing into a string cannot fail.
                let _ = write!(told, "; it would match {}", would.words());
            }
            told
        }
        Obstacle::Forbidden { pattern, found } => {
            format!("all that must match does, but so does `{pattern}` under `none`, at `{found}`")
        }
        Obstacle::File { glob, path } => format!("the file glob `{glob}` does not take `{path}`"),
        Obstacle::Level { wanted, found } => match found {
            Some(found) => format!("its level is {found}, wanted is {wanted}"),
            None => format!("it names no level, wanted is {wanted}"),
        },
    }
}

fn stopped(subject: &str, stop: &Stop) -> String {
    match stop {
        Stop::Differs { found, wanted } if found.trim().is_empty() => {
            format!("{subject} stops at the end of the line, where it wants `{wanted}`")
        }
        Stop::Differs { found, wanted } => format!("{subject} stops at `{found}` where it wants `{wanted}`"),
        Stop::Missing { after, wanted } if after.is_empty() => format!("{subject} finds no `{wanted}`"),
        Stop::Missing { after, wanted } => format!("{subject} finds no `{wanted}` behind `{after}`"),
        Stop::Before { wanted, found, then } if found.trim().is_empty() => {
            format!("{subject} wants `{wanted}` before `{then}`, where the line begins")
        }
        Stop::Before { wanted, found, then } => {
            format!("{subject} wants `{wanted}` before `{then}`, where the text has `{found}`")
        }
        Stop::Nowhere { wanted } => format!("{subject} begins with `{wanted}`, which is nowhere"),
    }
}

/// Records that match but for something outside their text.
pub fn excluded(excluded: &Excluded, glob: Option<&str>, level: Option<&str>) -> String {
    let records = match excluded.records {
        1 => "1 record matches".to_owned(),
        records => format!("{records} records match"),
    };
    let (its, it) = if excluded.records == 1 { ("its", "it is") } else { ("their", "they are") };
    match (excluded.by, &excluded.level) {
        (ExcludedBy::File, _) => {
            let place = if excluded.records == 1 { "a file" } else { "files" };
            format!("{records}, but in {place} that the glob `{}` does not take", glob.unwrap_or_default())
        }
        (ExcludedBy::Level, Some(found)) if found != "none" => {
            format!("{records}, but {its} level is {found}, wanted is {}", level.unwrap_or_default())
        }
        (ExcludedBy::Level, _) => {
            format!("{records}, but {it} without a level, wanted is {}", level.unwrap_or_default())
        }
        (ExcludedBy::Noise, _) => format!("{records}, but {it} `noise` by `faultbook.yaml`"),
        (ExcludedBy::Overlay, _) => {
            format!("{records}, but {it} `noise` by {}", excluded.filter.as_deref().unwrap_or("an overlay"))
        }
        (ExcludedBy::Age, _) => format!("{records}, but {it} older than its `max_age`"),
        (ExcludedBy::Time, _) => format!("{records}, but {it} outside `--since` and `--until`"),
    }
}

/// Why a rule does not apply although records match.
pub(crate) fn why_not(
    rule: &Rule,
    outcome: &Outcome,
    condition: impl FnOnce() -> Option<ConditionPart>,
    environment: &EnvironmentPart,
) -> String {
    match outcome {
        Outcome::Superseded { by, .. } => format!("applies, but is superseded by {}", by.join(", ")),
        Outcome::Explained { by } => format!("is a fallback, and its records are explained by {}", by.join(", ")),
        Outcome::BelowSeverity { severity, least, .. } => {
            format!("applies, but its severity is {severity} and only {least} and worse is shown")
        }
        Outcome::DoesNotApply { because: Because::Environment } => {
            let product = |entry: &crate::author::explained::ProductPart| {
                let wanted = entry.wanted.as_deref().unwrap_or("any version");
                format!("{} is {}, wanted is {wanted}", entry.product, entry.known.as_deref().unwrap_or("unknown"))
            };
            let products: Vec<String> = environment.products.iter().map(product).collect();
            format!("its records are there, but {}", products.join("; "))
        }
        _ => {
            let mut parts = Vec::new();
            if let Some(condition) = condition() {
                to_blame(&condition, &mut parts);
            }
            parts.truncate(PARTS);
            let written =
                format!("its records are there, but its condition `{}` does not hold", rule.condition.source());
            if parts.is_empty() { written } else { format!("{written}: {}", parts.join(", ")) }
        }
    }
}

/// The parts that keep a condition from being true.
fn to_blame(part: &ConditionPart, parts: &mut Vec<String>) {
    match part.operator {
        _ if part.truth == Truth::True => {}
        Some("and" | "or") => part.parts.iter().for_each(|part| to_blame(part, parts)),
        _ => {
            let truth = if part.truth == Truth::Open { "open" } else { "false" };
            parts.push(format!("`{}` is {truth}", part.source));
        }
    }
}
