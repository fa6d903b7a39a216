//! What the systems in the logs say, as pieces: our own message formats, or the shapes of the lines of given logs.
//!
//! A system says a few things over and over and many things rarely. Ours are the messages of [`SYSTEMS`], and as rare ones the
//! same with a word exchanged; in given logs a message is rare that few lines have. Rules are made of these messages in
//! [`super::rules`], lines in [`super::logs`].

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use faultbook::source::timestamp;
use regex::Regex;

use super::random::Random;
use super::templates::{Piece, SYSTEMS, System, WORDS, pieces};

/// Rare messages made of each message of a system: about as many in all as 2,000 lines of each system in loghub have.
const VARIANTS: usize = 6;
/// So many lines with the same message are rare, in logs of some thousand lines.
const RARE_LINES: usize = 2;
/// Shorter messages say too little to make a rule of.
const MESSAGE_LEAST: usize = 20;
/// What is a value in a line: the kinds of [`super::templates::value`], each a group of that name.
const VALUES: &str = r"(?x)
    (?<ip> \d+\.\d+\.\d+\.\d+ ) | (?<path> /[\w.-]+/[\w./-]+ ) | (?: 0x | \b ) (?<hex> [0-9a-f]{8,} ) \b
    | (?<decimal> \d+\.\d+ ) | (?<number> \d{3,} | \b\d+\b )";

/// The messages of one system.
#[derive(Clone, Debug, Default)]
pub struct Messages {
    /// What many lines say.
    pub common: Vec<Vec<Piece>>,
    /// What a line says now and then: failures are among these.
    pub rare: Vec<Vec<Piece>>,
}

impl Messages {
    /// Our own messages of a system.
    pub fn of_system(system: &System) -> Self {
        let seed = system.name.bytes().fold(7_u64, |seed, byte| seed.wrapping_mul(31) ^ u64::from(byte));
        let mut random = Random::new(seed);
        let common: Vec<_> = system.messages.iter().map(|message| pieces(message)).collect();
        let mut rare: Vec<_> = common.iter().flat_map(|message| vec![message.clone(); VARIANTS]).collect();
        rare.iter_mut().for_each(|message| exchange_a_word(message, &mut random));
        Self { common, rare }
    }

    /// The messages of the lines of a log: what stands behind the header, numbers and paths being values.
    fn of_lines(text: &[u8], values: &Regex) -> Self {
        let mut counted: BTreeMap<String, (usize, Vec<Piece>)> = BTreeMap::new();
        let lines =
            text.split(|&byte| byte == b'\n').filter_map(|line| std::str::from_utf8(line).ok()).map(str::trim_end);
        for line in lines.filter(|line| line.bytes().all(|byte| (b' '..=b'~').contains(&byte))) {
            let message = without_header(line).trim();
            if message.len() >= MESSAGE_LEAST {
                let shape = values.replace_all(message, "0").into_owned();
                counted.entry(shape).or_insert_with(|| (0, shape_of(message, values))).0 += 1;
            }
        }
        let mut messages = Self::default();
        for (count, message) in counted.into_values() {
            if count > RARE_LINES { messages.common.push(message) } else { messages.rare.push(message) }
        }
        messages
    }
}

/// Our own messages.
pub fn own() -> Vec<Messages> {
    SYSTEMS.iter().map(Messages::of_system).collect()
}

/// The messages of the log files of a folder.
pub fn of_folder(folder: &Path) -> io::Result<Vec<Messages>> {
    let values = Regex::new(VALUES).map_err(io::Error::other)?;
    let mut found = Vec::new();
    for path in files(folder)? {
        let messages = Messages::of_lines(&fs::read(path)?, &values);
        found.extend((!messages.common.is_empty() || !messages.rare.is_empty()).then_some(messages));
    }
    if found.is_empty() {
        return Err(io::Error::other("no log lines in the folder of the model"));
    }
    Ok(found)
}

/// The files of a folder, in the order of their names.
pub fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    files.retain(|path| path.is_file());
    files.sort();
    Ok(files)
}

/// Puts another word in the place of one of at least four letters.
pub fn exchange_a_word(parts: &mut [Piece], random: &mut Random) {
    let words_of = |text: &str| -> Vec<String> {
        text.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| word.len() >= 4).map(str::to_owned).collect()
    };
    let texts = parts.iter_mut().filter_map(|part| if let Piece::Text(text) = part { Some(text) } else { None });
    let mut texts: Vec<&mut String> = texts.filter(|text| !words_of(text).is_empty()).collect();
    if !texts.is_empty() {
        let at = random.below(texts.len());
        let words = words_of(texts[at]);
        *texts[at] = texts[at].replacen(&words[random.below(words.len())], random.pick(WORDS), 1);
    }
}

/// What is left of a line behind its timestamp and the words with digits around it: hosts, processes, threads.
fn without_header(line: &str) -> &str {
    let stamp = timestamp::find(line.as_bytes()).map_or(0, |stamp| stamp.range.end);
    let mut rest = line.get(stamp..).unwrap_or_default();
    while let Some((word, behind)) = rest.split_once(' ') {
        if word.len() > 1 && !word.bytes().any(|byte| byte.is_ascii_digit()) {
            break;
        }
        rest = behind;
    }
    rest
}

fn shape_of(message: &str, values: &Regex) -> Vec<Piece> {
    let (mut parts, mut end) = (Vec::new(), 0);
    for captures in values.captures_iter(message) {
        let found = ["ip", "path", "hex", "decimal", "number"]
            .into_iter()
            .find_map(|kind| captures.name(kind).map(|value| (kind, value.range())));
        if let Some((kind, range)) = found {
            parts.extend((range.start > end).then(|| Piece::Text(message[end..range.start].to_owned())));
            parts.push(Piece::Value(kind.to_owned(), kind));
            end = range.end;
        }
    }
    parts.extend((end < message.len()).then(|| Piece::Text(message[end..].to_owned())));
    parts
}
