//! What a record lacks that comes near to a signature.
//!
//! `miss` holds a record against each clause of a signature: which hold, and of those that do not, which leaf gets furthest and where
//! it [stops](super::reach). Then it tries the usual slips one by one: would the pattern match without regard to case, with more
//! or less white space, across lines, without its anchor, or taken letter for letter?

use memchr::memmem;
use regex::bytes::Regex;
use serde::Serialize;

use crate::author::nearest::Candidate;
use crate::author::reach::{Reach, Route, Stop, compiled, routes, shortened};
use crate::rule::Level;
use crate::rule::signature::{Leaf, LevelTest, Signature};

/// Bytes of a near miss that are shown of its record.
pub const EXCERPT_BYTES: usize = 300;

/// Bytes that a text must have to be looked for beside a record: shorter ones stand everywhere.
const LACKING_BYTES: usize = 4;

/// A record that nearly matches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NearMiss {
    /// Its source.
    pub source: String,
    /// The line where the pattern stops; the record's first where that is not known.
    pub line: u64,
    /// How near it comes, in percent.
    pub nearness: u32,
    /// The first and the last line of the record, where they are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lines: Option<(u64, u64)>,
    /// Text that the record lacks and that stands beside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beside: Option<Beside>,
    /// The beginning of its text.
    pub record: String,
    /// The longest text that the signature spells out and the record has.
    pub has: Option<String>,
    /// What keeps it from matching.
    pub obstacles: Vec<Obstacle>,
}

/// Text that a record lacks, and that another record near it has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Beside {
    /// The text.
    pub text: String,
    /// The line in which it stands.
    pub line: u64,
}

/// One thing that keeps a record from matching.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Obstacle {
    /// A pattern that must match does not.
    Pattern {
        /// `regex` or `contains`.
        test: &'static str,
        /// The pattern as written; only if the signature has several.
        #[serde(skip_serializing_if = "Option::is_none")]
        pattern: Option<String>,
        /// Where it stops; left out when it cannot be taken apart.
        #[serde(flatten)]
        stop: Option<Stop>,
        /// With which change it would match.
        would: Option<Change>,
    },
    /// A pattern under `none` matches.
    Forbidden {
        /// The pattern.
        pattern: String,
        /// What it matches.
        found: String,
    },
    /// The source is none of those that the signature looks at.
    File {
        /// The glob.
        glob: String,
        /// The source's path in the case.
        path: String,
    },
    /// The record has another level.
    Level {
        /// What the signature wants.
        wanted: String,
        /// What the record has; none when it names none.
        found: Option<Level>,
    },
}

/// A change with which a pattern would match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// Without regard to case.
    IgnoreCase,
    /// With its special characters taken for themselves.
    Escape,
    /// With any white space where it has a space.
    WhiteSpace,
    /// With `.` for line ends too.
    AcrossLines,
    /// Without `^`, `$`, `\A` or `\z` at its ends.
    Unanchored,
}

impl Change {
    /// The change in words: "it would match …".
    pub fn words(self) -> &'static str {
        match self {
            Change::IgnoreCase => "with `(?i)`, without regard to case",
            Change::Escape => "letter for letter: escape its special characters with `\\`",
            Change::WhiteSpace => "with `\\s+` in place of its spaces",
            Change::AcrossLines => "with `(?s)`, by which `.` matches line ends too",
            Change::Unanchored => "without `^` and `$` at its ends",
        }
    }
}

/// A signature taken apart, to hold records against it.
pub(crate) struct Apart<'s> {
    signature: &'s Signature,
    clauses: Vec<Vec<LeafApart<'s>>>,
}

struct LeafApart<'s> {
    leaf: &'s Leaf,
    routes: Vec<Route>,
    changes: Vec<(Change, Regex)>,
}

/// A leaf as it is written.
pub(crate) fn written(leaf: &Leaf) -> (&'static str, String) {
    match leaf {
        Leaf::Regex(pattern) => ("regex", pattern.source().to_owned()),
        Leaf::Contains(bytes) => ("contains", String::from_utf8_lossy(bytes).into_owned()),
    }
}

/// The levels that a test wants, in words.
pub(crate) fn levels(test: &LevelTest) -> String {
    match test {
        LevelTest::AtLeast(level) => format!("{level} or worse"),
        LevelTest::OneOf(levels) => levels.iter().map(|level| level.name()).collect::<Vec<_>>().join(" or "),
    }
}

fn find<'t>(leaf: &Leaf, text: &'t [u8]) -> Option<&'t [u8]> {
    match leaf {
        Leaf::Regex(pattern) => pattern.regex()?.find(text).map(|found| found.as_bytes()),
        Leaf::Contains(bytes) => memmem::find(text, bytes).map(|at| &text[at..at + bytes.len()]),
    }
}

impl<'s> Apart<'s> {
    /// Takes a signature apart. Its patterns are compiled with each change.
    pub(crate) fn new(signature: &'s Signature) -> Self {
        let leaf = |leaf: &'s Leaf| {
            let (_, source) = written(leaf);
            let (regex, is_regex) = match leaf {
                Leaf::Regex(_) => (source.clone(), true),
                Leaf::Contains(_) => (regex_syntax::escape(&source), false),
            };
            LeafApart { leaf, routes: routes(&regex), changes: changes(&regex, is_regex) }
        };
        Self { signature, clauses: signature.required.iter().map(|clause| clause.iter().map(leaf).collect()).collect() }
    }

    /// Holds a record against the signature; `None` if nothing of it is there.
    pub(crate) fn miss(&self, candidate: &Candidate) -> Option<NearMiss> {
        let text = &*candidate.text;
        let several = self.clauses.iter().map(Vec::len).sum::<usize>() > 1;
        let (mut near, mut obstacles, mut has, mut at) = (0.0, Vec::new(), None, None);
        for clause in &self.clauses {
            if clause.iter().any(|leaf| find(leaf.leaf, text).is_some()) {
                near += 1.0;
                continue;
            }
            let tried = clause.iter().map(|leaf| leaf.try_on(text, candidate.words));
            // of several that come equally near the first
            let Some(best) = tried.reduce(|best, next| if next.nearness > best.nearness { next } else { best }) else {
                continue;
            };
            near += best.nearness;
            if let Some(reach) = &best.reach {
                has = has.or_else(|| reach.has.clone());
                at = at.or(Some(reach.at));
            }
            let (test, pattern) = written(best.leaf);
            obstacles.push(Obstacle::Pattern {
                test,
                pattern: several.then(|| shortened(&pattern)),
                stop: best.reach.map(|reach| reach.stop),
                would: best.would,
            });
        }
        near /= self.clauses.len().max(1) as f64;
        if obstacles.is_empty() {
            for leaf in &self.signature.forbidden {
                if let Some(found) = find(leaf, text) {
                    let found = shortened(&String::from_utf8_lossy(found));
                    obstacles.push(Obstacle::Forbidden { pattern: written(leaf).1, found });
                    near = 0.97;
                }
            }
        }
        if let Some(glob) = self.signature.file.as_ref().filter(|_| !candidate.taken) {
            obstacles.push(Obstacle::File { glob: glob.written().to_owned(), path: candidate.path.to_string() });
            near *= 0.6;
        }
        if let Some(test) = self.signature.level.as_ref().filter(|test| !test.allows(candidate.level)) {
            obstacles.push(Obstacle::Level { wanted: levels(test), found: candidate.level });
            near *= 0.8;
        }
        let before = &text[..at.unwrap_or(0).min(text.len())];
        let line = candidate.line + memchr::memchr_iter(b'\n', before).count() as u64;
        let around = candidate.around.as_deref();
        let lines = around.map(|around| (candidate.line, candidate.line + around.lines - 1));
        let beside = around.and_then(|around| {
            obstacles.iter().filter_map(lacking).find_map(|text| {
                let line = around.line_of(text, candidate.line)?;
                Some(Beside { text: text.to_owned(), line })
            })
        });
        let excerpt = String::from_utf8_lossy(text.get(..EXCERPT_BYTES).unwrap_or(text)).into_owned();
        let nearness = (near * 100.0).round() as u32;
        (nearness > 0 && !obstacles.is_empty()).then(|| NearMiss {
            source: candidate.source.to_string(),
            line,
            nearness,
            lines,
            beside,
            record: excerpt,
            has,
            obstacles,
        })
    }
}

/// The text that a record would need more of, if that is long enough to mean something.
fn lacking(obstacle: &Obstacle) -> Option<&str> {
    let Obstacle::Pattern { stop: Some(stop), would: None, .. } = obstacle else { return None };
    let (Stop::Missing { wanted, .. } | Stop::Differs { wanted, .. } | Stop::Nowhere { wanted }) = stop else {
        return None;
    };
    Some(wanted.trim_end_matches('…').trim()).filter(|text| text.len() >= LACKING_BYTES)
}

/// A leaf that does not match, held against a record.
struct Tried<'s> {
    leaf: &'s Leaf,
    nearness: f64,
    reach: Option<Reach>,
    would: Option<Change>,
}

impl<'s> LeafApart<'s> {
    fn try_on(&self, text: &[u8], words: u32) -> Tried<'s> {
        let share = |reach: &Reach| reach.literals.0 as f64 / reach.literals.1.max(1) as f64;
        let reaches = self.routes.iter().filter_map(|route| route.reach(text));
        let reach = reaches.reduce(|best, next| if share(&next) > share(&best) { next } else { best });
        let would = self.changes.iter().find(|(_, regex)| regex.is_match(text)).map(|(change, _)| *change);
        let nearness = match (&reach, would) {
            (_, Some(_)) => 0.96,
            (Some(reach), None) => 0.7 * share(reach) + 0.25 * f64::from(words) / 1000.0,
            (None, None) => 0.0,
        };
        Tried { leaf: self.leaf, nearness, reach, would }
    }
}

/// The pattern with each change that may make it match, those that say most first.
fn changes(source: &str, is_regex: bool) -> Vec<(Change, Regex)> {
    let unanchored = source.trim_start_matches(['^']).trim_start_matches(r"\A");
    let unanchored =
        unanchored.strip_suffix(r"\z").or(unanchored.strip_suffix('$').filter(|rest| !rest.ends_with('\\')));
    let unanchored = unanchored.unwrap_or(source.trim_start_matches('^').trim_start_matches(r"\A"));
    let has_gap = source.contains(' ') && !source.contains("[ ");
    let changed = [
        (Change::IgnoreCase, true, format!("(?i){source}")),
        (Change::Escape, is_regex, regex_syntax::escape(source)),
        (Change::WhiteSpace, has_gap, source.replace(r"\ ", r"\s+").replace(' ', r"\s+")),
        (Change::AcrossLines, is_regex && source.contains('.'), format!("(?s){source}")),
        (Change::Unanchored, is_regex && unanchored.len() < source.len(), unanchored.to_owned()),
    ];
    let possible = changed.into_iter().filter(|(_, possible, _)| *possible);
    possible.filter_map(|(change, _, source)| Some((change, compiled(&source)?))).collect()
}
