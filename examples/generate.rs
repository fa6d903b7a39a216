//! Writes a rule set and logs to measure with: `cargo run --release --example generate -- 1000 200 /tmp/workload`.
//!
//! Arguments: number of rules, megabytes of logs, folder to write to (`rules/` and `logs/` below it). Options:
//! `--model FOLDER` repeats the log files of a folder, numbers changed, instead of our own formats;
//! `--without-literal PERCENT` adds regexes that no literal index can help with (none by default).

#[path = "../benches/workload/mod.rs"]
#[allow(dead_code)] // the benchmark keeps in memory what is written here
mod workload;

use std::path::PathBuf;

use workload::rules::{self, Mix};

const USAGE: &str = "generate RULES MEGABYTES FOLDER [--model FOLDER] [--without-literal PERCENT]";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (mut places, mut model, mut without_literal) = (Vec::new(), None, 0);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--model" => model = Some(PathBuf::from(arguments.next().ok_or(USAGE)?)),
            "--without-literal" => without_literal = arguments.next().ok_or(USAGE)?.parse()?,
            _ => places.push(argument),
        }
    }
    let [count, megabytes, folder] = places.as_slice() else {
        return Err(USAGE.into());
    };
    let folder = PathBuf::from(folder);
    let generated = rules::generate(Mix { rules: count.parse()?, without_literal });
    rules::write(&generated, &folder.join("rules"))?;
    workload::logs::generate(megabytes.parse()?, model.as_deref(), &generated, &folder.join("logs"))?;
    Ok(())
}
