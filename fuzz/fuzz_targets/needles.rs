//! Every match of a regex contains a needle of each set that the regex is said to need; and the quick parser agrees with the
//! library.
//!
//! The input is a regex, a byte that no UTF-8 has, and choices. A text is made from the parsed regex by those choices, so that
//! it nearly always matches.

#![no_main]

use arbitrary::Unstructured;
use faultbook::rule::pattern::Pattern;
use faultbook::rule::required::Choice;
use libfuzzer_sys::fuzz_target;
use regex_syntax::hir::{Class, Hir, HirKind};

/// Longer texts only take longer.
const TEXT_LIMIT: usize = 1000;

fuzz_target!(|input: &[u8]| {
    let (source, choices) = match memchr::memchr(0xFF, input) {
        Some(end) => (&input[..end], &input[end + 1..]),
        None => (input, &b""[..]),
    };
    let Ok(source) = str::from_utf8(source) else { return };
    if let Some((quick, by_library)) = Pattern::both_ways(source) {
        assert_eq!(Some(quick), by_library, "{source:?}");
    }
    let Some((pattern, hir)) = Pattern::with_form(source) else { return };
    let sets = Choice::of_hir(&hir).kept();
    let (Some(regex), Some(_)) = (pattern.regex(), sets.first()) else { return };
    let mut choices = Unstructured::new(choices);
    let mut text = Vec::new();
    while text.len() < TEXT_LIMIT {
        write_match(&hir, &mut choices, &mut text);
        text.extend_from_slice(choices.bytes(choices.len().min(3)).unwrap_or_default());
        if choices.is_empty() {
            break;
        }
    }
    for found in regex.find_iter(&text) {
        for set in &sets {
            let is_in = set.needles().iter().any(|needle| needle.is_in(found.as_bytes()));
            assert!(is_in, "{source:?} matched {found:?} without {set:?}");
            let is_at = |start: usize| set.needles().iter().any(|needle| needle.is_at(found.as_bytes(), start));
            assert!((0..found.len()).any(is_at), "{set:?} is in {found:?} and nowhere");
        }
    }
});

/// Adds what the pattern matches.
fn write_match(hir: &Hir, choices: &mut Unstructured<'_>, text: &mut Vec<u8>) {
    if text.len() > TEXT_LIMIT {
        return;
    }
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => text.extend_from_slice(&literal.0),
        HirKind::Class(Class::Bytes(class)) => {
            if let Ok(range) = choices.choose(class.ranges()) {
                text.push(choices.int_in_range(range.start()..=range.end()).unwrap_or(range.start()));
            }
        }
        HirKind::Class(Class::Unicode(class)) => {
            if let Ok(range) = choices.choose(class.ranges()) {
                let chosen = choices.int_in_range(u32::from(range.start())..=u32::from(range.end()));
                let letter = chosen.ok().and_then(char::from_u32).unwrap_or(range.start());
                text.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
        HirKind::Repetition(repetition) => {
            let most = repetition.max.unwrap_or(u32::MAX).min(repetition.min.saturating_add(3));
            for _ in 0..choices.int_in_range(repetition.min..=most.max(repetition.min)).unwrap_or(repetition.min) {
                if text.len() > TEXT_LIMIT {
                    return;
                }
                write_match(&repetition.sub, choices, text);
            }
        }
        HirKind::Capture(capture) => write_match(&capture.sub, choices, text),
        HirKind::Concat(parts) => parts.iter().for_each(|part| write_match(part, choices, text)),
        HirKind::Alternation(parts) => {
            if let Ok(part) = choices.choose(parts) {
                write_match(part, choices, text);
            }
        }
    }
}
