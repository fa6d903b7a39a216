//! The filters find a needle wherever it stands, whatever is known of the text.
//!
//! Against a plain search: each member of the filters is looked for by one of its sets, so its hits are exactly the places of
//! the needles of one of them. Filters made for another text find the same.

#![no_main]

use std::collections::BTreeSet;
use std::sync::Arc;

use arbitrary::{Result, Unstructured};
use faultbook::rule::required::{Choice, NeedleSet};
use faultbook::scan::filter::Filters;
use faultbook::scan::frequency::Frequency;
use faultbook::scan::members::Members;
use libfuzzer_sys::fuzz_target;
use regex_syntax::hir::{Class, ClassBytes, ClassBytesRange, Hir};

fuzz_target!(|input: &[u8]| {
    let _ = run(&mut Unstructured::new(input));
});

fn run(choices: &mut Unstructured<'_>) -> Result<()> {
    let mut members: Vec<Vec<NeedleSet>> = Vec::new();
    // few letters, so that needles share strings with one another and with the text
    let (alphabet, mut pieces) = (*choices.choose(&[&b"ab"[..], b"abAB1", b"", b"the error of 2024"])?, Vec::new());
    for _ in 0..choices.int_in_range(1..=12)? {
        let alternatives = (0..choices.int_in_range(1..=3)?).map(|_| needle(choices, alphabet, &mut pieces));
        let hir = Hir::alternation(alternatives.collect::<Result<_>>()?);
        let more = if choices.ratio(1, 4)? {
            Hir::concat(vec![hir, gap(), needle(choices, alphabet, &mut pieces)?])
        } else {
            hir
        };
        members.push(Choice::of_hir(&more).kept().into_vec());
    }
    let sample = choices.arbitrary_len::<u8>()?.min(300);
    let sample: Vec<u8> = (0..sample).map(|_| letter(choices, alphabet)).collect::<Result<_>>()?;
    let mut text = Vec::new();
    while !choices.is_empty() && text.len() < 4000 {
        match choices.int_in_range(0..=3)? {
            0 => text.extend_from_slice(choices.choose(&pieces)?),
            1 => text.extend(std::iter::repeat_n(letter(choices, alphabet)?, choices.int_in_range(1..=40)?)),
            _ => text.push(letter(choices, alphabet)?),
        }
    }
    let mut of_sample = Frequency::nothing();
    of_sample.add(&sample);
    check(&members, &text, &of_sample);
    // as the scanner does: what is usual, and the text itself
    let mut of_text = Frequency::default();
    of_text.add(&text);
    check(&members, &text, &of_text);
    Ok(())
}

fn check(members: &[Vec<NeedleSet>], text: &[u8], frequency: &Frequency) {
    let filters = Filters::new(Arc::new(Members::new(members.iter().map(Vec::as_slice))), frequency);
    found_by(members, text, &filters);
    // whatever they were made for before
    found_by(members, text, &Filters::new(Arc::new(Members::new(members.iter().map(Vec::as_slice))), &Frequency::default()).anew(frequency));
}

fn found_by(members: &[Vec<NeedleSet>], text: &[u8], filters: &Filters) {
    let mut found: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); members.len()];
    let mut before = 0;
    for (start, owners) in filters.hits(text) {
        assert!(start >= before, "hits ascend");
        before = start;
        owners.iter().for_each(|member| {
            found[*member as usize].insert(start);
        });
    }
    for (sets, found) in members.iter().zip(found) {
        let places = |set: &NeedleSet| -> BTreeSet<usize> {
            (0..text.len()).filter(|at| set.needles().iter().any(|needle| needle.is_at(text, *at))).collect()
        };
        if sets.iter().any(NeedleSet::can_be_found) {
            assert!(
                sets.iter().any(|set| places(set) == found),
                "{sets:?} at {found:?} of {:?}",
                text.escape_ascii().to_string()
            );
        } else {
            assert!(found.is_empty());
        }
    }
}

fn gap() -> Hir {
    let any = Class::Bytes(ClassBytes::new([ClassBytesRange::new(0, 0xFF)]));
    let sub = Box::new(Hir::class(any));
    Hir::repetition(regex_syntax::hir::Repetition { min: 0, max: None, greedy: false, sub })
}

/// A string of letters and classes; one that it stands for goes to the `pieces` of the text.
fn needle(choices: &mut Unstructured<'_>, alphabet: &[u8], pieces: &mut Vec<Vec<u8>>) -> Result<Hir> {
    let (mut parts, mut piece) = (Vec::new(), Vec::new());
    for _ in 0..choices.int_in_range(1..=40)? {
        let first = letter(choices, alphabet)?;
        let class = match choices.int_in_range(0..=12)? {
            0 => Some(ClassBytes::new([ClassBytesRange::new(b'0', b'9')])),
            1 => Some(ClassBytes::new([first, first ^ 0x20].map(|byte| ClassBytesRange::new(byte, byte)))),
            2 => Some(ClassBytes::new([first, choices.arbitrary()?].map(|byte| ClassBytesRange::new(byte, byte)))),
            _ => None,
        };
        piece.push(class.as_ref().map_or(first, |class| class.ranges()[0].start()));
        parts.push(class.map_or_else(|| Hir::literal([first]), |class| Hir::class(Class::Bytes(class))));
    }
    pieces.push(piece);
    Ok(Hir::concat(parts))
}

fn letter(choices: &mut Unstructured<'_>, alphabet: &[u8]) -> Result<u8> {
    if alphabet.is_empty() { choices.arbitrary() } else { choices.choose(alphabet).copied() }
}
