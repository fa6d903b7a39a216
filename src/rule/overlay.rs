//! What overlays make of rules: another severity, switched off, records that do not count.
//!
//! A [`Rule`](super::Rule) that an overlay changes has a [`RuleOverlay`], which says by which line and what its author had written.
//! The noise filters of all overlays are in one [`OverlayNoise`], which the faultbook has; rules name theirs by position.
//! Files are read by `overlay_file`, checked by `overlay_check` and laid over the rules by `overlay_join`; matches are taken out where
//! cases are diagnosed.

use std::fmt;
use std::sync::Arc;

use memchr::memmem;
use serde::Serialize;

use crate::rule::authored::{AuthoredFile, Span};
use crate::rule::signature::{FileGlob, Leaf};
use crate::rule::vocabulary::Severity;

/// The name that an overlay beside the rules has.
pub const OVERLAY_FILE: &str = "overlay.yaml";

/// Where an overlay says something, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "portal", derive(utoipa::ToSchema))]
pub struct OverlaySource {
    /// The file, as diagnostics show it, and the line: `site/overlay.yaml:4`.
    pub by: String,
    /// Why, in the words of its author.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl OverlaySource {
    pub(crate) fn new(file: &AuthoredFile, span: Span, reason: Option<&str>) -> Self {
        let by = format!("{}:{}", file.path(), file.position(span.start).line);
        Self { by, reason: reason.map(str::to_owned) }
    }
}

/// `site/overlay.yaml:4 (not installed here)`.
impl fmt::Display for OverlaySource {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.by)?;
        self.reason.iter().try_for_each(|reason| write!(out, " ({reason})"))
    }
}

/// What overlays make of one rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleOverlay {
    /// The severity that the rule says, and who says another.
    pub severity: Option<(Severity, OverlaySource)>,
    /// Who says that the rule is not looked for.
    pub off: Option<OverlaySource>,
    /// Positions among the faultbook's noise filters.
    pub(crate) noise: Vec<usize>,
}

/// Records that count for nothing.
#[derive(Debug)]
pub struct NoiseFilter {
    /// Where it stands.
    pub source: OverlaySource,
    pub(crate) leaves: Arc<[Leaf]>,
    /// Any of them; empty: every source.
    pub(crate) file: Vec<FileGlob>,
}

impl NoiseFilter {
    /// Whether the source at a path inside its case is meant.
    pub fn is_for(&self, path: &str) -> bool {
        self.file.is_empty() || self.file.iter().any(|glob| glob.matches(path))
    }

    /// Whether a record of such a source is noise.
    pub fn takes(&self, record: &[u8]) -> bool {
        self.leaves.iter().any(|leaf| match leaf {
            Leaf::Regex(pattern) => pattern.regex().is_some_and(|regex| regex.is_match(record)),
            Leaf::Contains(bytes) => memmem::find(record, bytes).is_some(),
        })
    }
}

/// The noise filters of all overlays.
#[derive(Debug, Default)]
pub struct OverlayNoise {
    pub(crate) filters: Vec<NoiseFilter>,
    /// Those that are for every rule.
    pub(crate) of_all: Vec<usize>,
}

impl OverlayNoise {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.filters.is_empty()
    }

    /// The filter at a position.
    pub fn filter(&self, position: usize) -> Option<&NoiseFilter> {
        self.filters.get(position)
    }

    /// The positions of the filters that are for a rule, or for every one.
    pub(crate) fn of_rule<'n>(&'n self, overlay: Option<&'n RuleOverlay>) -> impl Iterator<Item = usize> + 'n {
        let own = overlay.into_iter().flat_map(|overlay| &overlay.noise);
        self.of_all.iter().chain(own).copied()
    }
}
