//! Loading, scanning and diagnosing, measured with generated rules and logs: `cargo bench`.
//!
//! A figure means something only beside one of the same run, so scanning stands next to what bounds it: counting the
//! newlines of the same text, and inflating it. Throughput is in bytes of YAML or of log text.

#[path = "workload/mod.rs"]
#[allow(dead_code)] // the example writes to disk what is kept in memory here
mod workload;

use std::hint::black_box;
use std::io::{Read, Write};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use faultbook::answer::{AnswerFormat, TextOptions, Writer};
use faultbook::diagnose::{Diagnoser, Known};
use faultbook::report::{self, Batch, Format, ReportOptions};
use faultbook::rule::Faultbook;
use faultbook::scan::{Index, Scan};
use faultbook::source::{Limits, SourceName};
use workload::rules::{GeneratedRule, Mix};

/// Bytes of log text that are scanned at once: larger than any cache.
const LOG_BYTES: usize = 16_000_000;

fn rules(count: usize, without_literal: usize) -> Vec<GeneratedRule> {
    workload::rules::generate(Mix { rules: count, without_literal })
}

fn faultbook(rules: &[GeneratedRule]) -> Faultbook {
    let texts = rules.iter().map(|rule| (rule.id.clone(), rule.yaml.clone())).collect();
    Faultbook::from_texts(texts, Default::default())
}

/// A thousand rules from disk, and the index over them.
fn load(criterion: &mut Criterion) {
    let rules = rules(1_000, 0);
    let folder = tempfile::tempdir().expect("a temporary folder");
    workload::rules::write(&rules, folder.path()).expect("written");
    let mut group = criterion.benchmark_group("load");
    group.sample_size(20).throughput(Throughput::Bytes(rules.iter().map(|rule| rule.yaml.len() as u64).sum()));
    group.bench_function("1000 rules", |bench| bench.iter(|| Faultbook::load(&[folder.path().to_owned()], &[])));
    let faultbook = faultbook(&rules);
    group.bench_function("index of 1000 rules", |bench| bench.iter(|| Index::build(&faultbook)));
    group.finish();
}

/// One source of 16 MB on one thread, and the peers.
fn scan(criterion: &mut Criterion) {
    let planted = rules(1_000, 0);
    let text = workload::logs::mixed(LOG_BYTES, &planted);
    let source = SourceName { name: "mixed.log".to_owned(), path: "mixed.log".to_owned(), modified: None };
    let limits = Limits::default();
    let mut group = criterion.benchmark_group("scan");
    group.sample_size(10).throughput(Throughput::Bytes(text.len() as u64));
    for (name, count, without_literal) in
        [("10 rules", 10, 0), ("1000 rules", 1_000, 0), ("1000 rules, 10 without a literal", 1_000, 1)]
    {
        let faultbook = faultbook(&rules(count, without_literal));
        let index = Index::build(&faultbook);
        group.bench_function(BenchmarkId::new("scan", name), |bench| {
            bench.iter(|| {
                let mut matches = 0;
                Scan::new(&index, &source, &limits)
                    .run(&mut text.as_slice(), &mut |record| matches += record.found.len());
                matches
            });
        });
    }
    group.bench_function("peer/counting newlines", |bench| {
        bench.iter(|| memchr::memchr_iter(b'\n', black_box(&text)).count())
    });
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(&text).expect("a vector can be written to");
    let packed = encoder.finish().expect("a vector can be written to");
    let mut unpacked = Vec::with_capacity(text.len());
    group.bench_function("peer/inflating", |bench| {
        bench.iter(|| {
            unpacked.clear();
            flate2::read::GzDecoder::new(packed.as_slice()).read_to_end(&mut unpacked)
        });
    });
    group.finish();
}

/// One pasted line, as the portal gets it, with a thousand rules loaded.
fn diagnose(criterion: &mut Criterion) {
    let rules = rules(1_000, 0);
    let faultbook = faultbook(&rules);
    let index = Index::build(&faultbook);
    let diagnoser = Diagnoser::new(&index);
    criterion.bench_function("diagnose one text", |bench| {
        bench.iter(|| diagnoser.diagnose_text("pasted.log", black_box(&rules[500].sample), &Known::default()));
    });
}

/// One finding of the seed article as an article in each format, and as a whole report.
fn render(criterion: &mut Criterion) {
    let faultbook = Faultbook::shipped();
    let index = Index::build(&faultbook);
    let text = "Could not provision customer 'Jane' - the specified subdomain 'jane' is already in use";
    let diagnosis = Diagnoser::new(&index).diagnose_text("ticket.txt", text, &Known::default());
    let mut group = criterion.benchmark_group("render");
    let formats = [
        ("markdown", AnswerFormat::Markdown),
        ("html", AnswerFormat::Html),
        ("text", AnswerFormat::Text(TextOptions::default())),
    ];
    for (name, format) in formats {
        let writer = Writer::new(format);
        let finding = &diagnosis.findings[0];
        group.bench_function(name, |bench| bench.iter(|| writer.article(faultbook.rule(finding.rule), finding)));
    }
    let batch = Batch { diagnoses: vec![diagnosis], notes: Vec::new(), elapsed: None };
    let options = ReportOptions { brief: false, styled: false, width: 100, compact: true };
    group.bench_function("json report", |bench| {
        bench.iter(|| report::write(&faultbook, &batch, Format::Json, &options, &mut Vec::new()).expect("written"));
    });
    group.finish();
}

criterion_group!(benches, load, scan, diagnose, render);
criterion_main!(benches);
