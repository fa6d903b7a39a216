//! Writes a rule set and logs to measure with: `cargo run --release --example generate -- 1000 200 /tmp/workload`.
//!
//! Arguments: number of rules, megabytes of logs, folder to write to. Below it are `rules/` (articles), `regexes.tsv` and
//! `samples.tsv` (the rule's number, and its regex for other engines or a line that it matches), and `logs/` (none for 0
//! megabytes). Options: `--model FOLDER` makes rules like the lines of the log files of a folder, and repeats these
//! with their numbers changed, instead of our own formats; `--without-literal PERCENT` is how many regexes no literal index
//! can help with (1 by default, 10 at most).

#[path = "../benches/workload/mod.rs"]
#[allow(dead_code)] // the benchmark keeps in memory what is written here
mod workload;

use std::path::PathBuf;

use workload::messages;
use workload::rules::{self, Mix};

const USAGE: &str = "generate RULES MEGABYTES FOLDER [--model FOLDER] [--without-literal PERCENT]";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (mut places, mut model, mut without_literal) = (Vec::new(), None, None);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--model" => model = Some(PathBuf::from(arguments.next().ok_or(USAGE)?)),
            "--without-literal" => without_literal = Some(arguments.next().ok_or(USAGE)?.parse()?),
            _ => places.push(argument),
        }
    }
    let [count, megabytes, folder] = places.as_slice() else {
        return Err(USAGE.into());
    };
    let (folder, megabytes) = (PathBuf::from(folder), megabytes.parse()?);
    let messages = model.as_deref().map_or_else(|| Ok(messages::own()), messages::of_folder)?;
    let mut mix = Mix::realistic(count.parse()?);
    mix.without_literal = without_literal.unwrap_or(mix.without_literal);
    let generated = rules::generate_of(mix, &messages);
    rules::write(&generated, &folder.join("rules"))?;
    rules::write_plain(&generated, &folder)?;
    if megabytes > 0 {
        workload::logs::generate(megabytes, model.as_deref(), &generated, &folder.join("logs"))?;
    }
    Ok(())
}
