//! Random rules on random text match what a plain scan matches: see `tests/scan_reference.rs`, which draws from the same words.

#![no_main]

#[path = "../../tests/plain_engine/mod.rs"]
mod plain_engine;

use arbitrary::{Result, Unstructured};
use faultbook::scan::Index;
use faultbook::source::Limits;
use libfuzzer_sys::fuzz_target;

use plain_engine::{faultbook, plainly, scanned};

const ATOMS: [&str; 24] = [
    "error",
    "disk",
    "full on",
    "it's",
    "\"x\"",
    "a & b",
    "TIMEOUT",
    " ",
    " ",
    " ",
    ".",
    ".*",
    r"\d+",
    r"\S+",
    "[de]isk",
    "(?:full|empty)",
    "s?",
    "(?:ab)+",
    "^",
    "$",
    r"\n",
    r"\s+",
    r"\b",
    "(?i:Disk)",
];

const WORDS: [&str; 30] = [
    "error",
    "Disk",
    "disk",
    "full on",
    "it's",
    "\"x\"",
    "a & b",
    "timeout",
    "empty",
    "abab",
    "7",
    "risk",
    "it\u{2019}s",
    "it&apos;s",
    "\\\"x\\\"",
    "a &amp; b",
    "full\u{a0}on",
    "err\x1b[1mor",
    "di\u{ad}sk",
    "\u{201c}x\u{201d}",
    "\n",
    "\n",
    "\n",
    "\r\n",
    "\n  ",
    "\n\t",
    "\n2024-05-06 07:08:09 ",
    "\n2024-05-06 07:08:10 WARN ",
    "\nMay  6 07:08:09 host ",
    "\r",
];

fuzz_target!(|input: &[u8]| {
    let _ = run(&mut Unstructured::new(input));
});

fn run(choices: &mut Unstructured<'_>) -> Result<()> {
    let signatures: Vec<String> =
        (0..choices.int_in_range(1..=8)?).map(|_| signature(choices)).collect::<Result<_>>()?;
    let mut limits = Limits::default();
    limits.record.bytes = choices.int_in_range(300..=600)?;
    limits.record.lines = if choices.ratio(1, 4)? { 3 } else { 1000 };
    limits.record.line_bytes = limits.record.bytes + choices.int_in_range(0..=600)?;
    limits.record.overlap = choices.int_in_range(0..=200)?;
    let block_bytes = choices.int_in_range(1..=2000)?;
    let mut text = Vec::new();
    while !choices.is_empty() && text.len() < 10_000 {
        match choices.int_in_range(0..=7)? {
            0 => text.push(choices.arbitrary()?),
            _ => text.extend_from_slice(choices.choose(&WORDS)?.as_bytes()),
        }
        if choices.arbitrary()? {
            text.push(b' ');
        }
    }
    let faultbook = faultbook(&signatures);
    let index = Index::build(&faultbook);
    let expected = plainly(&index, &text, &limits, block_bytes);
    let found = scanned(&index, &text, &limits, block_bytes);
    assert_eq!(found, expected, "{signatures:#?} in {}", text.escape_ascii());
    Ok(())
}

fn regex(choices: &mut Unstructured<'_>) -> Result<String> {
    let mut regex = (*choices.choose(&["", "", "(?i)", ".*"])?).to_owned();
    for _ in 0..choices.int_in_range(1..=6)? {
        match choices.int_in_range(0..=11)? {
            0 => regex.push(char::from(choices.int_in_range(b' '..=b'~')?)),
            1 if !regex.contains("value") => regex += "(?<value>[^ ]+) ?",
            _ => regex += choices.choose(&ATOMS)?,
        }
    }
    Ok(quoted(&regex))
}

fn signature(choices: &mut Unstructured<'_>) -> Result<String> {
    let one = leaf(choices)?;
    Ok(match choices.int_in_range(0..=9)? {
        0 => format!("regex: [{}, {}]", regex(choices)?, regex(choices)?),
        1 => format!("all:\n  - {one}\n  - {}", leaf(choices)?),
        2 => format!("{one}\nnone:\n  - {}", leaf(choices)?),
        3 => format!("{one}\nlevel: warning"),
        4 => format!("{one}\noptional:\n  - regex: {}", regex(choices)?),
        5 => format!("any:\n  - {one}\n  - {}", leaf(choices)?),
        _ => one,
    })
}

fn leaf(choices: &mut Unstructured<'_>) -> Result<String> {
    Ok(match choices.int_in_range(0..=3)? {
        0 => format!("contains: {}", quoted(choices.choose(&ATOMS)?)),
        _ => format!("regex: {}", regex(choices)?),
    })
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
