//! Whether a signature matches a text, and what it captures there.
//!
//! A text has up to two readings: as its writer meant it, and tidied (no-break spaces, typographic quotes, entities, escaped
//! quotes). Every clause must hold in the same reading; the plain one is tried first. `optional` patterns take what they
//! find in either.

use std::ops::Range;

use memchr::memmem;

use crate::rule::pattern::Pattern;
use crate::rule::signature::{Leaf, Signature};
use crate::source::block::PieceText;
use crate::source::{plain, tidy};

/// The readings of one text.
#[derive(Clone, Copy, Debug)]
pub struct Readings<'t> {
    /// Without transport: colours, carriage returns.
    pub plain: &'t [u8],
    /// Tidied as well, where that changes anything.
    pub tidy: Option<&'t [u8]>,
    /// What of a piece of a cut record is matched with its neighbours as well.
    pub shared: Option<Shared>,
}

/// What a piece of a cut record shares with the pieces beside it, in bytes of the plain text from its beginning.
///
/// A match counts in the first piece that shows it whole: not where it ends in what was seen before, and not where it ends with
/// the piece and is seen again, perhaps longer.
#[derive(Clone, Copy, Debug)]
pub struct Shared {
    /// Where the text ended that was matched with the piece before; 0 if there is none.
    pub seen: usize,
    /// Where the text begins that is matched again with the next piece; its length if there is none.
    pub again: usize,
}

impl Shared {
    /// Gives what `piece`, whose text without transport is `plain`, shares with others; `None` for a record as a whole.
    pub fn of(piece: &PieceText<'_>, plain: &[u8]) -> Option<Self> {
        let PieceText { text, seen, again } = piece;
        if *seen == 0 && *again == text.len() {
            return None;
        }
        let before = &text[..*seen];
        // of a line that was written over less may be left than of its beginning
        let place = |text: &[u8]| plain::plain(text).len().min(plain.len());
        let seen = place(before.strip_suffix(b"\n").unwrap_or(before));
        Some(Self { seen, again: place(&text[..*again]) })
    }

    fn counts(self, found: Range<usize>, text: &[u8]) -> bool {
        found.end >= self.seen && (found.end < text.len() || found.start < self.again || self.again == text.len())
    }

    /// Gives the same places in the text made tidy.
    fn tidied(self, plain: &[u8]) -> Self {
        let place = |at: usize| tidy::tidy(&plain[..at]).map_or(at, |text| text.len());
        Self { seen: place(self.seen), again: place(self.again) }
    }
}

/// One reading of a text.
#[derive(Clone, Copy)]
struct Reading<'t> {
    text: &'t [u8],
    shared: Option<Shared>,
}

impl<'t> Readings<'t> {
    /// Takes a text that is a record as a whole.
    pub fn whole(plain: &'t [u8], tidy: Option<&'t [u8]>) -> Self {
        Self { plain, tidy, shared: None }
    }

    fn each(self) -> impl Iterator<Item = Reading<'t>> {
        let plain = Reading { text: self.plain, shared: self.shared };
        let tidied =
            self.tidy.map(|text| Reading { text, shared: self.shared.map(|shared| shared.tidied(self.plain)) });
        std::iter::once(plain).chain(tidied)
    }
}

/// What a signature captured in one text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Captured {
    /// One value for each of [`Signature::captures`]; `None` where its alternative did not take part.
    pub values: Vec<Option<String>>,
    /// One value for each of [`Signature::optional_captures`].
    pub optional: Vec<Option<String>>,
}

/// Tests a signature; `None` when it does not match.
pub fn confirm(signature: &Signature, readings: Readings<'_>) -> Option<Captured> {
    let reading = readings.each().find(|reading| matches(signature, *reading))?;
    let names = signature.captures();
    let mut values = vec![None; names.len()];
    for clause in &signature.required {
        // the first pattern that matches gives the captures; substrings have none to give
        let _ = clause.iter().any(|leaf| match leaf {
            Leaf::Regex(pattern) => take(pattern, reading, &names, &mut values),
            Leaf::Contains(_) => false,
        });
    }
    let names = signature.optional_captures();
    let mut optional = vec![None; names.len()];
    for entry in &signature.optional {
        let _ = readings.each().any(|text| entry.iter().any(|pattern| take(pattern, text, &names, &mut optional)));
    }
    Some(Captured { values, optional })
}

/// Where what a signature requires stands in a text that it matches: from the first leaf that matches to the end of the last. Of
/// each clause the leaf that counts is the first that matches, as for captures.
pub fn extent(signature: &Signature, text: &[u8]) -> Option<Range<usize>> {
    let place = |leaf: &Leaf| match leaf {
        Leaf::Regex(pattern) => pattern.regex()?.find(text).map(|found| found.range()),
        Leaf::Contains(bytes) => memmem::find(text, bytes).map(|at| at..at + bytes.len()),
    };
    let places = signature.required.iter().filter_map(|clause| clause.iter().find_map(place));
    places.reduce(|one, next| one.start.min(next.start)..one.end.max(next.end))
}

fn matches(signature: &Signature, reading: Reading<'_>) -> bool {
    signature.required.iter().all(|clause| clause.iter().any(|leaf| leaf_matches(leaf, reading.text)))
        && !signature.forbidden.iter().any(|leaf| leaf_matches(leaf, reading.text))
        && reading.shared.is_none_or(|shared| {
            signature.required.iter().flatten().any(|leaf| counting_match(leaf, reading.text, shared).is_some())
        })
}

/// Whether the smallest test of a signature holds in one reading of a text.
pub fn leaf_matches(leaf: &Leaf, text: &[u8]) -> bool {
    match leaf {
        Leaf::Regex(pattern) => pattern_matches(pattern, text),
        Leaf::Contains(bytes) => memmem::find(text, bytes).is_some(),
    }
}

/// Whether a pattern matches somewhere in one reading of a text.
pub fn pattern_matches(pattern: &Pattern, text: &[u8]) -> bool {
    pattern.regex().is_some_and(|regex| regex.is_match(text))
}

/// Finds where the first match begins that counts in a piece of a cut record.
fn counting_match(leaf: &Leaf, text: &[u8], shared: Shared) -> Option<usize> {
    let counts = |found: &Range<usize>| shared.counts(found.clone(), text);
    match leaf {
        Leaf::Regex(pattern) => pattern.regex()?.find_iter(text).map(|found| found.range()).find(counts),
        Leaf::Contains(bytes) => memmem::find_iter(text, bytes).map(|at| at..at + bytes.len()).find(counts),
    }
    .map(|found| found.start)
}

/// Puts what a pattern captures at the places of its names; says whether it matches. A match is searched for once.
fn take(pattern: &Pattern, reading: Reading<'_>, names: &[&str], values: &mut [Option<String>]) -> bool {
    let text = reading.text;
    if pattern.captures().is_empty() {
        return pattern_matches(pattern, text);
    }
    let Some(regex) = pattern.regex() else { return false };
    // of a piece the match that counts, if it has one: others may hold up the one before
    let counting = |shared: Shared| {
        regex.find_iter(text).find(|found| shared.counts(found.range(), text)).map(|found| found.start())
    };
    let Some(found) = regex.captures_at(text, reading.shared.and_then(counting).unwrap_or(0)) else {
        return false;
    };
    for name in pattern.captures() {
        if let (Some(at), Some(value)) = (names.iter().position(|known| known == name), found.name(name)) {
            values[at] = Some(String::from_utf8_lossy(value.as_bytes()).into_owned());
        }
    }
    true
}
