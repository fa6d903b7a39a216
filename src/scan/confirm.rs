//! Whether a signature matches a text, and what it captures there.
//!
//! A text has up to two readings: as its writer meant it, and tidied (no-break spaces, typographic quotes, entities, escaped
//! quotes). Every clause must hold in the same reading; the plain one is tried first. `optional` patterns take what they
//! find in either.

use crate::rule::pattern::Pattern;
use crate::rule::signature::{Leaf, Signature};

/// The readings of one text.
#[derive(Clone, Copy, Debug)]
pub struct Readings<'t> {
    /// Without transport: colours, carriage returns.
    pub plain: &'t [u8],
    /// Tidied as well, where that changes anything.
    pub tidy: Option<&'t [u8]>,
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
    let reading = std::iter::once(readings.plain).chain(readings.tidy).find(|text| matches(signature, text))?;
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
        let mut readings = std::iter::once(readings.plain).chain(readings.tidy);
        let _ = readings.any(|text| entry.iter().any(|pattern| take(pattern, text, &names, &mut optional)));
    }
    Some(Captured { values, optional })
}

fn matches(signature: &Signature, text: &[u8]) -> bool {
    signature.required.iter().all(|clause| clause.iter().any(|leaf| leaf_matches(leaf, text)))
        && !signature.forbidden.iter().any(|leaf| leaf_matches(leaf, text))
}

fn leaf_matches(leaf: &Leaf, text: &[u8]) -> bool {
    match leaf {
        Leaf::Regex(pattern) => is_match(pattern, text),
        Leaf::Contains(bytes) => memchr::memmem::find(text, bytes).is_some(),
    }
}

fn is_match(pattern: &Pattern, text: &[u8]) -> bool {
    pattern.regex().is_some_and(|regex| regex.is_match(text))
}

/// Puts what a pattern captures at the places of its names; says whether it matches. A match is searched for once.
fn take(pattern: &Pattern, text: &[u8], names: &[&str], values: &mut [Option<String>]) -> bool {
    if pattern.captures().is_empty() {
        return is_match(pattern, text);
    }
    let Some(found) = pattern.regex().and_then(|regex| regex.captures(text)) else {
        return false;
    };
    for name in pattern.captures() {
        if let (Some(at), Some(value)) = (names.iter().position(|known| known == name), found.name(name)) {
            values[at] = Some(String::from_utf8_lossy(value.as_bytes()).into_owned());
        }
    }
    true
}
