//! Blocks of any size hold every byte of a text once, and looking up a record agrees with walking all of them.
//!
//! The first eight bytes choose the limits and the size of a block.

#![no_main]

use faultbook::source::block::{Block, Blocks};
use faultbook::source::framing::Framing;
use faultbook::source::record::RecordLimits;
use faultbook::source::transport::detect;
use libfuzzer_sys::fuzz_target;

/// What is told of a record: its text, the line, whether it was cut, what it says of itself.
type Found = (String, u64, bool, String);

fuzz_target!(|input: &[u8]| {
    let Some((&[lines, bytes, many, more, overlap, block, blocks, lookup], text)) = input.split_first_chunk() else {
        return;
    };
    let bytes = 1 + usize::from(bytes) + usize::from(many % 8) * 256;
    let limits = RecordLimits {
        lines: 1 + usize::from(lines),
        bytes,
        line_bytes: bytes + usize::from(more) * 8,
        overlap: usize::from(overlap),
    };
    let block_bytes = usize::from(u16::from_le_bytes([block, blocks]));
    // looking up most of a text first makes the block's index
    let step = 1 + usize::from(lookup % 8);
    let (small, framings) = read(text, limits, block_bytes, step);
    let (large, framings_of_large) = read(text, limits, usize::MAX >> 8, step);
    let all: Vec<Framing> = framings.iter().chain(&framings_of_large).copied().collect();
    // the sample that decides the framing is the first block; headers are not read where one is cut
    if all.windows(2).all(|pair| pair[0] == pair[1]) {
        let has_headers = all.first().is_some_and(|framing| *framing != Framing::Lines);
        let shown = |found: Vec<Found>| -> Vec<_> {
            let header = |header: String| if has_headers && bytes >= 256 { header } else { String::new() };
            found.into_iter().map(|(text, line, cut, said)| (text, line, cut, header(said))).collect()
        };
        assert_eq!(shown(small), shown(large));
    }
});

fn read(text: &[u8], limits: RecordLimits, block_bytes: usize, step: usize) -> (Vec<Found>, Vec<Framing>) {
    // what is detected in the first block must not depend on its size
    let transports = detect(text);
    let is_wrapped = !transports.is_empty();
    let mut blocks = Blocks::with_block_bytes(text, limits, block_bytes.min(1 << 20)).wrapped_in(transports);
    let (mut found, mut framings, mut joined, mut lines_before) = (Vec::new(), Vec::new(), Vec::new(), 1);
    while let Some(block) = blocks.next_block().expect("a slice can be read") {
        assert_eq!(block.offset, joined.len() as u64);
        assert!(!block.bytes().is_empty());
        joined.extend_from_slice(block.bytes());
        framings.push(block.framing);
        found.extend(records(&block, lines_before, step));
        lines_before += block.lines().lines_before(block.bytes().len());
        blocks.recycle(block);
    }
    assert!(is_wrapped || joined == text, "text is lost");
    (found, framings)
}

fn records(block: &Block, lines_before: u64, step: usize) -> Vec<Found> {
    let (mut lines, mut clock, mut next, mut found) = (block.lines(), block.clock(), 0, Vec::new());
    for span in block.records() {
        assert_eq!(span.range.start, next, "records leave no gap");
        next = span.next;
        assert!(next > span.range.start);
        for at in (span.range.start..next).step_by(step).chain([next - 1]) {
            assert_eq!(block.record_at(at), span, "at {at}");
        }
        let piece = block.text_of(&span);
        assert_eq!(piece.text[piece.seen..], block.bytes()[span.range.clone()]);
        assert!(piece.again <= piece.text.len());
        let counted = lines_before + lines.lines_before(span.range.start);
        let line = block.raw_line_at(span.range.start).unwrap_or(counted);
        let said = format!("{:?} {:?}", clock.time_of(&span), block.header(&span).level);
        found.push((piece.text.escape_ascii().to_string(), line, span.cut, said));
    }
    assert_eq!(next, block.bytes().len());
    found
}
