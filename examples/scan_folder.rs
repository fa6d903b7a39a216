//! Measures loading and diagnosing: `cargo run --release --example scan_folder -- /tmp/workload/rules /tmp/workload/logs`.
//!
//! Loads a folder of rules, diagnoses everything below a path, and prints the time of both, megabytes per second, what was
//! found, and the peak memory of the process. For one core: `RAYON_NUM_THREADS=1 taskset -c 0`.

use std::path::PathBuf;
use std::time::Instant;

use faultbook::diagnose::{Diagnoser, Known};
use faultbook::rule::Faultbook;
use faultbook::scan::Index;
use faultbook::source::{Progress, cases};

/// The command's allocator, so that its time and memory are measured.
#[cfg(feature = "cli")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let paths: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [rules, logs] = paths.as_slice() else {
        return Err("scan_folder RULES PATH".into());
    };
    let start = Instant::now();
    let faultbook = Faultbook::load(std::slice::from_ref(rules), &[]);
    let load = start.elapsed();
    for diagnostic in faultbook.diagnostics().iter().take(5) {
        eprintln!("{:?}: {}", diagnostic.code, diagnostic.title);
    }
    println!(
        "load  {:7.1} ms  {} rules, {} diagnostics, {} MiB so far",
        load.as_secs_f64() * 1e3,
        faultbook.rules().len(),
        faultbook.diagnostics().len(),
        peak_mebibytes()
    );
    let start = Instant::now();
    let index = Index::build(&faultbook);
    let diagnoser = Diagnoser::new(&index);
    println!("index {:7.1} ms  {} MiB so far", start.elapsed().as_secs_f64() * 1e3, peak_mebibytes());
    let start = Instant::now();
    let (mut bytes, mut findings, mut records, mut sources) = (0, 0, 0, 0);
    for case in cases(std::slice::from_ref(logs)).0 {
        let diagnosis = diagnoser.diagnose(case, &Known::default(), &Progress::new());
        bytes += diagnosis.size.bytes;
        sources += diagnosis.size.sources;
        findings += diagnosis.findings.len();
        records += diagnosis.findings.iter().map(|finding| finding.count).sum::<u64>();
    }
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "scan  {:7.1} ms  {:.0} MB/s, {:.1} MB in {sources} sources, {findings} findings of {records} records",
        seconds * 1e3,
        bytes as f64 / 1e6 / seconds,
        bytes as f64 / 1e6
    );
    println!("peak  {} MiB", peak_mebibytes());
    Ok(())
}

/// The most memory the process had so far; 0 where the system does not tell.
fn peak_mebibytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0) / 1024
}
