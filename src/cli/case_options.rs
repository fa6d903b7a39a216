//! What the caller knows about the case: facts and products.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use clap::Args;
use jiff::tz::TimeZone;

use crate::cli::console::Console;
use crate::cli::diagnostics;
use crate::cli::exit::Failure;
use crate::diagnose::Known;
use crate::diagnose::case::FACTS_BYTES;
use crate::diagnose::max_age::NOW_FACT;
use crate::rule::diagnostic::nearest;
use crate::rule::settings::Defaults;
use crate::rule::version::Version;
use crate::rule::zone::{self, UnknownZone};
use crate::rule::{FactValue, Faultbook};

/// What is known about every case.
#[derive(Args, Debug)]
#[command(next_help_heading = "What is known about the case")]
pub struct CaseOptions {
    /// State a fact, such as `migration=true`; `none` as the value means that there is no such thing
    #[arg(long = "fact", value_name = "NAME=VALUE", value_parser = fact)]
    facts: Vec<(String, FactValue)>,
    /// Read facts from a YAML file, with products under `products`; `--fact` goes before
    #[arg(long = "facts", value_name = "FILE")]
    file: Option<PathBuf>,
    /// Name a product and its version, such as `operations-automation=5.5`, or a product alone
    #[arg(long = "product", value_name = "NAME=VERSION", value_parser = product)]
    products: Vec<(String, String)>,
    /// The time zone of logs that name none, such as `Europe/Berlin` or `+02:00`; UTC without it
    #[arg(long, value_name = "ZONE", value_parser = zone)]
    timezone: Option<TimeZone>,
}

/// What the caller knows, and whether all of what was given could be used.
#[derive(Debug)]
pub struct Stated {
    /// The facts and products.
    pub known: Known,
    /// The same by who says so: the options, then the file.
    pub layers: Vec<(String, Known)>,
    /// Whether the facts file had faults; they have been drawn.
    pub has_faults: bool,
}

impl CaseOptions {
    /// The zone of times that name none, with the default of the faultbook where none was given.
    pub fn timezone(&self, defaults: &Defaults) -> Option<TimeZone> {
        self.timezone.clone().or_else(|| defaults.timezone.clone())
    }

    /// Puts together what is known. Faults in the facts file are drawn and the rest of it used; a file that cannot be read
    /// is a failure. A fact that no rule of the whole faultbook has is worth a warning.
    pub fn read(&self, faultbook: &Faultbook, console: &Console) -> Result<Stated, Failure> {
        let mut known = Known::default();
        for (name, value) in &self.facts {
            warn_of_unknown(name, faultbook, console);
            known.facts.insert(name.clone(), value.clone());
        }
        for (name, version) in &self.products {
            known.set_product(name, version.as_str());
        }
        let mut layers = vec![("--fact".to_owned(), known.clone())];
        let mut has_faults = false;
        if let Some(path) = &self.file {
            let shown = path.display().to_string();
            let mut text = String::new();
            let read = File::open(path).and_then(|file| file.take(FACTS_BYTES).read_to_string(&mut text));
            read.map_err(|error| {
                Failure::refused(
                    format!("cannot read the facts in `{shown}`: {error}"),
                    "give a YAML file with one `name: value` to a line",
                )
            })?;
            let (from_file, faults) = Known::from_yaml(&shown, &text);
            has_faults = !faults.is_empty();
            diagnostics::talk(console, &faults);
            layers.push((shown, from_file.clone()));
            known.fill_from(from_file);
        }
        Ok(Stated { known, layers, has_faults })
    }
}

fn warn_of_unknown(name: &str, faultbook: &Faultbook, console: &Console) {
    let known = || faultbook.rules().iter().flat_map(|rule| &rule.facts).map(|fact| fact.name.as_str());
    let mut signatures = faultbook.rules().iter().flat_map(|rule| &rule.signatures);
    if name == NOW_FACT && signatures.any(|signature| signature.max_age.is_some()) {
        return;
    }
    if !known().any(|other| other == name) {
        console.warning(&format!("no rule asks for the fact `{name}`"));
        if let Some(candidate) = nearest(name, known()) {
            console.help(&format!("did you mean `{candidate}`?"));
        }
    }
}

fn zone(text: &str) -> Result<TimeZone, String> {
    zone::zone(text).map_err(|UnknownZone { help, .. }| help)
}

fn fact(text: &str) -> Result<(String, FactValue), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() && !value.trim().is_empty() => {
            Ok((name.trim().to_owned(), FactValue::from_argument(value.trim())))
        }
        _ => Err("write `name=value`, or `name=none` when there is no such thing".to_owned()),
    }
}

fn product(text: &str) -> Result<(String, String), String> {
    let (name, version) = text.split_once('=').unwrap_or((text, ""));
    let (name, version) = (name.trim(), version.trim());
    if name.is_empty() {
        return Err("write `name=version`, or the name alone".to_owned());
    }
    if !version.is_empty() && version.parse::<Version>().is_err() {
        return Err(format!("`{version}` is not a version number; write one such as `5.5` or `10.2.1-3`"));
    }
    Ok((name.to_owned(), version.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_split_at_the_first_equals_sign() {
        assert_eq!(fact("a=b=c"), Ok(("a".to_owned(), FactValue::Text("b=c".to_owned()))));
        assert_eq!(fact("order=none"), Ok(("order".to_owned(), FactValue::None)));
        assert!(fact("a").is_err() && fact("=b").is_err() && fact("a=").is_err());
    }

    #[test]
    fn products_may_come_without_a_version_but_not_with_a_wrong_one() {
        assert_eq!(product("poa"), Ok(("poa".to_owned(), String::new())));
        assert_eq!(product("poa=5.5"), Ok(("poa".to_owned(), "5.5".to_owned())));
        assert!(product("=5.5").is_err() && product("poa=?").is_err());
    }
}
