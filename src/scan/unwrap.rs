//! Hard-wrapped text: what no record matched is tried again with the line breaks taken out.
//!
//! Mail programs, ticket systems and terminals break long lines. In a short pasted text, paragraphs that look wrapped are
//! joined, and only signatures that no record of the text matched are tried on them, so that nothing is counted twice.

use std::collections::HashSet;

use crate::scan::index::SignatureId;
use crate::source::wrap::{Unwrapped, WRAP_LIMIT, unwrapped};
use crate::source::{plain, tidy};

/// Collects a short text and remembers which signatures its records matched.
pub(crate) struct Unwrapping {
    pasted: bool,
    /// The text so far; `None` once it cannot be wrapped text.
    text: Option<Vec<u8>>,
    matched: HashSet<SignatureId>,
}

impl Unwrapping {
    /// For a source that was pasted; in others lines are what their writer made them, and nothing is joined.
    pub(crate) fn new(pasted: bool) -> Self {
        Self { pasted, text: pasted.then(Vec::new), matched: HashSet::new() }
    }

    /// Takes the next block.
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        match &mut self.text {
            Some(text) if text.len() + bytes.len() <= WRAP_LIMIT => text.extend_from_slice(bytes),
            _ => self.text = None,
        }
    }

    pub(crate) fn matched(&mut self, id: SignatureId) {
        if self.pasted {
            self.matched.insert(id);
        }
    }

    pub(crate) fn has_matched(&self, id: SignatureId) -> bool {
        self.matched.contains(&id)
    }

    /// The joined paragraphs of the text as it is and of the text tidied, whose lines have other lengths; none when it was
    /// too long.
    pub(crate) fn paragraphs(&mut self) -> Vec<Unwrapped> {
        let Some(text) = self.text.take() else { return Vec::new() };
        let plain = plain::plain(&text);
        let mut paragraphs = unwrapped(&plain);
        paragraphs.extend(tidy::tidy(&plain).map(|tidied| unwrapped(&tidied)).unwrap_or_default());
        paragraphs
    }
}
