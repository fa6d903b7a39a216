//! Logs of many systems, one file each, with a few failures among their lines.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::random::Random;
use super::rules::GeneratedRule;
use super::templates::{Piece, SYSTEMS, pieces, value};

/// Bytes of ordinary lines between two failures.
const BYTES_BETWEEN_FAILURES: usize = 200_000;
/// How many of the rules have failures planted.
const FAILING_RULES: usize = 20;
/// The first columns hold the timestamp and stay as they are.
const HEADER_COLUMNS: usize = 32;
/// Numbers of fewer digits are as often part of a name.
const DIGITS_LEAST: usize = 3;

/// Writes about `megabytes` of log lines into files of a folder: in the formats of [`SYSTEMS`], or those of the files below
/// `model`, repeated with their numbers changed. Failures that some of the `rules` describe are planted.
pub fn generate(megabytes: usize, model: Option<&Path>, rules: &[GeneratedRule], folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let models = model.map_or(Ok(Vec::new()), files)?;
    let count = if models.is_empty() { SYSTEMS.len() } else { models.len() };
    for number in 0..count {
        let mut random = Random::new(number as u64);
        let name = models
            .get(number)
            .and_then(|path| path.file_name())
            .map_or(SYSTEMS[number % SYSTEMS.len()].name.into(), |name| name.to_owned());
        let mut out = BufWriter::new(File::create(folder.join(name))?);
        let text = models.get(number).map(fs::read).transpose()?;
        write(
            &mut out,
            text.as_deref(),
            number,
            rules,
            megabytes * 1_000_000 / count,
            &mut random,
        )?;
        out.flush()?;
    }
    Ok(())
}

/// Makes `bytes` of log lines of all systems in one text, for measurements in memory.
pub fn mixed(bytes: usize, rules: &[GeneratedRule]) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes + 4096);
    for number in 0..SYSTEMS.len() {
        let written = write(
            &mut text,
            None,
            number,
            rules,
            bytes / SYSTEMS.len(),
            &mut Random::new(number as u64),
        );
        written.expect("a vector can be written to");
    }
    text
}

fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<io::Result<_>>()?;
    files.retain(|path| path.is_file());
    files.sort();
    Ok(files)
}

fn write(
    out: &mut dyn Write,
    model: Option<&[u8]>,
    number: usize,
    rules: &[GeneratedRule],
    bytes: usize,
    random: &mut Random,
) -> io::Result<()> {
    let mut lines = model.map(|text| text.split_inclusive(|&byte| byte == b'\n').cycle());
    let (mut written, mut next_failure) = (0, BYTES_BETWEEN_FAILURES / 2);
    while written < bytes {
        let line = match &mut lines {
            Some(lines) => lines
                .next()
                .map(|line| with_other_numbers(line, random))
                .unwrap_or_default(),
            None => system_line(number, random),
        };
        out.write_all(&line)?;
        written += line.len();
        if written >= next_failure && !rules.is_empty() {
            next_failure += BYTES_BETWEEN_FAILURES;
            let step = (rules.len() / FAILING_RULES).max(1);
            let failing = &rules[random.below(FAILING_RULES) * step % rules.len()];
            writeln!(out, "{}", failing.sample)?;
        }
    }
    Ok(())
}

fn system_line(number: usize, random: &mut Random) -> Vec<u8> {
    let system = &SYSTEMS[number % SYSTEMS.len()];
    let mut line = String::new();
    for part in pieces(system.header)
        .into_iter()
        .chain(pieces(random.pick(system.messages)))
    {
        match part {
            Piece::Text(text) => line += &text,
            Piece::OneOf(texts) => line += &texts[0],
            Piece::Value(_, kind) => line += &value(kind, random),
        }
    }
    line.push('\n');
    line.into_bytes()
}

fn with_other_numbers(line: &[u8], random: &mut Random) -> Vec<u8> {
    let mut line = line.to_vec();
    let start = line.len().min(HEADER_COLUMNS);
    for run in line[start..].chunk_by_mut(|one, next| one.is_ascii_digit() == next.is_ascii_digit()) {
        if run.len() >= DIGITS_LEAST && run[0].is_ascii_digit() {
            run.iter_mut().for_each(|digit| *digit = b'0' + random.below(10) as u8);
        }
    }
    line
}
