//! Prints every match of a folder of generated rules in a file: `cargo run --release --example matches -- RULES FILE`.
//!
//! Each line is the number in a rule's id, a tab, and the 1-based line at which the record begins that matches, so that
//! `benches/peers/run` can compare what was found with what another engine finds.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::PathBuf;

use faultbook::rule::Faultbook;
use faultbook::scan::{Index, Scan};
use faultbook::source::{Limits, SourceName};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let paths: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [rules, file] = paths.as_slice() else {
        return Err("matches RULES FILE".into());
    };
    let faultbook = Faultbook::load(std::slice::from_ref(rules), &[]);
    let index = Index::build(&faultbook);
    let name = file.display().to_string();
    let source = SourceName { name: name.clone(), path: name, modified: None };
    let mut out = BufWriter::new(std::io::stdout().lock());
    let mut reader = BufReader::new(File::open(file)?);
    let mut written = Ok(());
    let outcome = Scan::new(&index, &source, &Limits::default()).run(&mut reader, &mut |record| {
        for (signature, _) in &record.found {
            let number = index.signature(*signature).0.id.trim_start_matches(|c: char| !c.is_ascii_digit());
            let number = number.parse::<usize>().unwrap_or_default();
            if written.is_ok() {
                written = writeln!(out, "{number}\t{}", record.line);
            }
        }
    });
    outcome.result?;
    written?;
    out.flush()?;
    Ok(())
}
