//! Logs of many systems, one file each, with a few failures among their lines.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::messages::{Messages, files};
use super::random::Random;
use super::rules::GeneratedRule;
use super::templates::{Piece, SYSTEMS, System, pieces, value};

/// Bytes of ordinary lines between two failures.
const BYTES_BETWEEN_FAILURES: usize = 200_000;
/// How many of the first 10, 100, 1,000 and 10,000 rules have failures planted.
const FAILING_RULES: usize = 5;
/// Of a hundred lines, how many say something that is rare.
const RARE_LINES: usize = 3;
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
        let mut lines = match models.get(number) {
            Some(path) => Lines::repeated(fs::read(path)?),
            None => Lines::of_system(&SYSTEMS[number]),
        };
        let name = models
            .get(number)
            .and_then(|path| path.file_name())
            .unwrap_or(SYSTEMS[number % SYSTEMS.len()].name.as_ref());
        let mut out = BufWriter::with_capacity(1 << 20, File::create(folder.join(name))?);
        write(&mut out, &mut lines, rules, megabytes * 1_000_000 / count, &mut Random::new(number as u64))?;
        out.flush()?;
    }
    Ok(())
}

/// Makes `bytes` of log lines of all systems in one text, for measurements in memory.
pub fn mixed(bytes: usize, rules: &[GeneratedRule]) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes + 4096);
    for (number, system) in SYSTEMS.iter().enumerate() {
        let mut random = Random::new(number as u64);
        let written = write(&mut text, &mut Lines::of_system(system), rules, bytes / SYSTEMS.len(), &mut random);
        written.expect("a vector can be written to");
    }
    text
}

fn write(
    out: &mut dyn Write,
    lines: &mut Lines,
    rules: &[GeneratedRule],
    bytes: usize,
    random: &mut Random,
) -> io::Result<()> {
    let (mut written, mut next_failure) = (0, BYTES_BETWEEN_FAILURES / 2);
    let mut line = Vec::new();
    while written < bytes {
        line.clear();
        lines.next(&mut line, random);
        out.write_all(&line)?;
        written += line.len();
        if written >= next_failure && !rules.is_empty() {
            next_failure += BYTES_BETWEEN_FAILURES;
            let first = rules.len().min([10, 100, 1_000, 10_000][random.below(4)]);
            let failing = &rules[random.below(FAILING_RULES) * (first / FAILING_RULES).max(1) % first];
            writeln!(out, "{}", failing.sample)?;
        }
    }
    Ok(())
}

/// Where the lines of a file come from.
enum Lines {
    /// A header, and the messages behind it.
    System { header: Vec<Piece>, messages: Messages },
    /// The lines of a text, and which is next.
    Repeated { text: Vec<u8>, at: usize },
}

impl Lines {
    fn of_system(system: &System) -> Self {
        Self::System { header: pieces(system.header), messages: Messages::of_system(system) }
    }

    fn repeated(text: Vec<u8>) -> Self {
        Self::Repeated { text, at: 0 }
    }

    /// Appends the next line.
    fn next(&mut self, line: &mut Vec<u8>, random: &mut Random) {
        match self {
            Self::System { header, messages } => {
                let from = if random.chance(RARE_LINES) { &messages.rare } else { &messages.common };
                let message = &from[random.below(from.len())];
                for part in header.iter().chain(message) {
                    match part {
                        Piece::Text(text) => line.extend_from_slice(text.as_bytes()),
                        Piece::OneOf(texts) => line.extend_from_slice(texts[0].as_bytes()),
                        Piece::Value(_, kind) => line.extend_from_slice(value(kind, random).as_bytes()),
                    }
                }
                line.push(b'\n');
            }
            Self::Repeated { text, at } => {
                let rest = &text[*at..];
                let length = rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len());
                line.extend_from_slice(&rest[..length]);
                line.push(b'\n');
                *at = if *at + length + 1 < text.len() { *at + length + 1 } else { 0 };
                change_numbers(line, random);
            }
        }
    }
}

fn change_numbers(line: &mut [u8], random: &mut Random) {
    let start = line.len().min(HEADER_COLUMNS);
    for run in line[start..].chunk_by_mut(|one, next| one.is_ascii_digit() == next.is_ascii_digit()) {
        if run.len() >= DIGITS_LEAST && run[0].is_ascii_digit() {
            run.iter_mut().for_each(|digit| *digit = b'0' + random.below(10) as u8);
        }
    }
}
