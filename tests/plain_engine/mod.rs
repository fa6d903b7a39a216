//! A scanner without an index, marks or blocks: every signature on every record. [`scanned`] is what it is compared with.
//!
//! Shared by `scan_reference.rs` and the fuzz target `scan`.

use std::collections::BTreeSet;

use faultbook::rule::signature::SignatureScope;
use faultbook::rule::{Faultbook, Level};
use faultbook::scan::confirm::{Captured, Readings, Shared, confirm};
use faultbook::scan::{Index, Scan, SignatureId};
use faultbook::source::block::Blocks;
use faultbook::source::wrap::unwrapped;
use faultbook::source::{Limits, SourceName, level, plain, tidy, timestamp};

/// What a scan is about: the line of the record, the signature, its captures.
pub type Found = Vec<(u64, SignatureId, Captured)>;

fn source() -> SourceName {
    SourceName { name: "case::var/log/app.log".to_owned(), path: "var/log/app.log".to_owned(), modified: None }
}

/// What the scanner finds.
pub fn scanned(index: &Index<'_>, text: &[u8], limits: &Limits, block_bytes: usize) -> Found {
    let source = source();
    let mut found = Vec::new();
    let scan = Scan::new(index, &source, limits).pasted(true).with_block_bytes(block_bytes);
    let mut reader = text;
    let outcome = scan.run(&mut reader, &mut |record| {
        found.extend(record.found.iter().map(|(id, captured)| (record.line, *id, captured.clone())));
    });
    assert!(outcome.result.is_ok());
    assert_eq!(outcome.bytes, text.len() as u64);
    found
}

/// What there is to find.
pub fn plainly(index: &Index<'_>, text: &[u8], limits: &Limits, block_bytes: usize) -> Found {
    let (mut found, mut as_written) = (Vec::new(), Vec::new());
    let mut blocks = Blocks::with_block_bytes(text, limits.record, block_bytes);
    let mut lines_before = 1;
    while let Ok(Some(block)) = blocks.next_block() {
        let mut lines = block.lines();
        for record in block.records() {
            let piece = block.text_of(&record);
            let shown = plain::plain(&piece.text);
            let shared = Shared::of(&piece, &shown);
            let level = block.header(&record).level;
            let counted = lines_before + lines.lines_before(record.range.start);
            let line = block.raw_line_at(record.range.start).unwrap_or(counted);
            found.extend(of_text(index, &shown, shared, level).map(|(id, captured)| (line, id, captured)));
        }
        lines_before += lines.lines_before(block.bytes().len());
        if !block.is_peeled() {
            as_written.extend_from_slice(block.bytes());
        }
    }
    let mut matched: BTreeSet<SignatureId> = found.iter().map(|(_, id, _)| *id).collect();
    let shown = plain::plain(&as_written);
    let tidied = tidy::tidy(&shown);
    for paragraph in unwrapped(&shown).into_iter().chain(tidied.iter().flat_map(|text| unwrapped(text))) {
        let line = paragraph.text.split(|&byte| byte == b'\n').next().unwrap_or_default();
        let level = level::find(line, timestamp::find(line).map_or(0, |stamp| stamp.range.end));
        let new: Vec<_> =
            of_text(index, &paragraph.text, None, level).filter(|(id, _)| !matched.contains(id)).collect();
        matched.extend(new.iter().map(|(id, _)| *id));
        found.extend(new.into_iter().map(|(id, captured)| (paragraph.first_line, id, captured)));
    }
    found
}

fn of_text<'t>(
    index: &'t Index<'_>,
    text: &'t [u8],
    shared: Option<Shared>,
    level: Option<Level>,
) -> impl Iterator<Item = (SignatureId, Captured)> + 't {
    let tidied = tidy::tidy(text);
    index.signatures().filter_map(move |id| {
        let signature = index.signature(id).1;
        let takes_part = signature.scope == SignatureScope::Record
            && signature.level.as_ref().is_none_or(|test| test.allows(level))
            && signature.file.as_ref().is_none_or(|glob| glob.matches(&source().path));
        let captured = confirm(signature, Readings { plain: text, tidy: tidied.as_deref(), shared });
        Some((id, captured.filter(|_| takes_part)?))
    })
}

/// Makes a rule of each signature.
pub fn faultbook(signatures: &[String]) -> Faultbook {
    let rule = |(number, signature): (usize, &String)| {
        let body: String = signature.lines().map(|line| format!("    {line}\n")).collect();
        (format!("{number}.yaml"), format!("id: R{number}\ntitle: t\nsignatures:\n  subject:\n{body}tests: []\n"))
    };
    Faultbook::from_texts(signatures.iter().enumerate().map(rule).collect(), Default::default())
}
