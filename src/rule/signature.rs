//! Signatures: the checked tests of one record.
//!
//! Whatever mixture of `regex`, `contains`, `all`, `any` and `none` an author wrote becomes one shape: clauses of which each
//! needs one of its leaves, and leaves of which none may match. Matching is done in the `scan` room.

use std::sync::OnceLock;

use globset::{Glob, GlobBuilder, GlobMatcher};

use crate::rule::pattern::Pattern;
use crate::rule::required::NeedleSet;
use crate::rule::timespan::Timespan;
use crate::rule::vocabulary::Level;

/// A named test of one record, or of one whole file.
#[derive(Clone, Debug)]
pub struct Signature {
    /// The name conditions use.
    pub name: String,
    /// Every clause must hold; a clause holds when one of its leaves matches. Empty only for whole files.
    pub required: Vec<Vec<Leaf>>,
    /// No leaf of these may match.
    pub forbidden: Vec<Leaf>,
    /// Patterns that add captures where they match; of each entry the first that does.
    pub optional: Vec<Vec<Pattern>>,
    /// Which sources are looked at.
    pub file: Option<FileGlob>,
    /// Which levels a record may have.
    pub level: Option<LevelTest>,
    /// How old a record may be by the case's clock.
    pub max_age: Option<Timespan>,
    /// What the text is that is tested.
    pub scope: SignatureScope,
    /// Sets of needles; whatever matches has one of each. Empty: every record has to be tried. Whole files have none.
    pub needles: Box<[NeedleSet]>,
    /// What captures mean, for people: each at most once, and only captures that there are.
    pub meanings: Box<[(String, String)]>,
}

/// What a signature is tested against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureScope {
    /// Each record on its own.
    Record,
    /// The whole file at once, up to a limit in size.
    File,
}

/// The smallest test of a text.
#[derive(Clone, Debug)]
pub enum Leaf {
    /// A regular expression matches somewhere.
    Regex(Pattern),
    /// The bytes occur somewhere, case and all.
    Contains(Vec<u8>),
}

impl Signature {
    /// The captures that tell matches apart: those of the required patterns, in the order written, each once.
    pub fn captures(&self) -> Vec<&str> {
        let patterns = self.required.iter().flatten().filter_map(|leaf| match leaf {
            Leaf::Regex(pattern) => Some(pattern),
            Leaf::Contains(_) => None,
        });
        names(patterns)
    }

    /// All captures: first the required ones, then those of `optional`.
    pub fn every_capture(&self) -> Vec<&str> {
        let mut captures = self.captures();
        captures.extend(self.optional_captures());
        captures
    }

    /// What a capture means, if the rule says so.
    pub fn about(&self, capture: &str) -> Option<&str> {
        self.meanings.iter().find(|(name, _)| name == capture).map(|(_, about)| about.as_str())
    }

    /// The captures of the `optional` patterns, in the order written, each once.
    pub fn optional_captures(&self) -> Vec<&str> {
        names(self.optional.iter().flatten())
    }
}

fn names<'a>(patterns: impl Iterator<Item = &'a Pattern>) -> Vec<&'a str> {
    let mut names: Vec<&str> = Vec::new();
    for name in patterns.flat_map(Pattern::captures) {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    names
}

/// Which levels satisfy a signature. A record whose level is not known satisfies none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LevelTest {
    /// This one or a more severe one.
    AtLeast(Level),
    /// Exactly one of these.
    OneOf(Vec<Level>),
}

impl LevelTest {
    /// Whether a record's level satisfies the test.
    pub fn allows(&self, level: Option<Level>) -> bool {
        match (self, level) {
            (_, None) => false,
            (LevelTest::AtLeast(least), Some(level)) => level >= *least,
            (LevelTest::OneOf(levels), Some(level)) => levels.contains(&level),
        }
    }
}

/// A glob over the path of a source inside its case.
#[derive(Clone, Debug)]
pub struct FileGlob {
    glob: Glob,
    /// Compiled for the first source: that costs ten times as much as parsing, and many rules never see one.
    matcher: OnceLock<GlobMatcher>,
    /// Without a `/` the glob is for the file's name, in whatever folder.
    name_only: bool,
}

/// File name endings that say how a file is packed, not what it is.
const PACKED_ENDINGS: [&str; 6] = [".gz", ".zst", ".bz2", ".xz", ".lzma", ".lz4"];

impl FileGlob {
    /// Parses a glob: `*` within a folder, `**` across folders, `?`, `[…]`, `{a,b}`.
    pub fn new(glob: &str) -> Result<Self, globset::Error> {
        let parsed = GlobBuilder::new(glob).literal_separator(true).backslash_escape(true).build()?;
        Ok(Self { glob: parsed, matcher: OnceLock::new(), name_only: !glob.contains('/') })
    }

    /// Whether the source at `path` inside the case is meant. A packed file is also taken by its name without `.gz`, a
    /// member of a nested archive also by its path inside that, and a path also without its first folder, because most
    /// bundles are packed with one.
    pub fn matches(&self, path: &str) -> bool {
        let inner = path.rsplit("::").next().unwrap_or(path);
        let unpacked = PACKED_ENDINGS.iter().find_map(|ending| inner.strip_suffix(ending));
        let matcher = self.matcher.get_or_init(|| self.glob.compile_matcher());
        [path, inner].into_iter().chain(unpacked).any(|path| {
            if self.name_only {
                return matcher.is_match(path.rsplit('/').next().unwrap_or(path));
            }
            let below_first_folder = path.split_once('/').map(|(_, rest)| rest);
            matcher.is_match(path) || below_first_folder.is_some_and(|rest| matcher.is_match(rest))
        })
    }

    /// The glob as written.
    pub fn written(&self) -> &str {
        self.glob.glob()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glob_without_slash_is_for_the_name_in_any_folder() {
        let glob = FileGlob::new("*.log").expect("valid");
        assert!(glob.matches("var/log/app.log") && glob.matches("app.log.gz") && glob.matches("in.zip::x/app.log"));
        assert!(!glob.matches("app.log.1"));
    }

    #[test]
    fn a_glob_with_slash_is_for_the_path() {
        let glob = FileGlob::new("var/log/**/core*").expect("valid");
        assert!(glob.matches("var/log/pa/core.log") && glob.matches("host.tar::var/log/core.1"));
        assert!(glob.matches("bundle-7/var/log/core.log") && !glob.matches("a/b/var/log/core.log"));
    }

    #[test]
    fn one_level_means_at_least_and_a_list_means_exactly() {
        assert!(LevelTest::AtLeast(Level::Warning).allows(Some(Level::Critical)));
        assert!(!LevelTest::OneOf(vec![Level::Warning]).allows(Some(Level::Critical)));
        assert!(!LevelTest::AtLeast(Level::Trace).allows(None));
    }
}
