//! Which literals a pattern needs: of the set found, at least one occurs in every match.
//!
//! The pattern's parsed form is walked bottom-up. Each part tells which strings it can be (`exact`), begin with, end with,
//! and the best set seen so far of which it must contain one. Everything is lower-case, because the index ignores case; the
//! regex itself decides about case when a record is confirmed. Rarity in real logs is not weighed here yet, only length.

use regex_syntax::hir::{Class, Hir, HirKind};

use crate::rule::signature::{Leaf, Signature};

/// A set with more members than this is not worth looking for.
const SET_LIMIT: usize = 24;
/// A class with more members than this is not spelled out.
const CLASS_LIMIT: usize = 8;
/// A longer literal is cut to its end: rarer it hardly gets, larger the index does. Measured with 1,000 rules: 20 bytes halve
/// the time to build the index, but cost a quarter of the scan's speed in further candidates.
const LENGTH_LIMIT: usize = 40;
/// Strings that a part of a pattern can be are followed up to this length.
const STRING_LIMIT: usize = 160;
/// A shorter literal occurs in too many lines to be of use.
pub const LENGTH_LEAST: usize = 3;

/// Lower-case literals, at least one of which occurs in every match; sorted, without doubles, each at least
/// [`LENGTH_LEAST`] bytes, none with a newline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiteralSet(Vec<Vec<u8>>);

impl LiteralSet {
    /// The literals.
    pub fn literals(&self) -> &[Vec<u8>] {
        &self.0
    }

    fn new(mut literals: Vec<Vec<u8>>) -> Option<Self> {
        for literal in &mut literals {
            // Text is searched line by line, and its line ends may be longer than the pattern's: `\r\n`.
            if let Some(longest) = literal
                .split(|&byte| byte == b'\n')
                .max_by_key(|line| line.len())
                .filter(|line| line.len() < literal.len())
            {
                *literal = longest.to_vec();
            }
            if literal.len() > LENGTH_LIMIT {
                literal.drain(..literal.len() - LENGTH_LIMIT);
            }
        }
        literals.sort_unstable();
        literals.dedup();
        let useful = !literals.is_empty() && literals.iter().all(|literal| literal.len() >= LENGTH_LEAST);
        useful.then_some(Self(literals))
    }

    /// Longer is rarer; more literals are found more often.
    fn score(&self) -> usize {
        let shortest = self.0.iter().map(Vec::len).min().unwrap_or(0);
        64 * shortest / (8 + self.0.len().ilog2() as usize)
    }
}

/// The literals of a signature: those of the clause that is rarest. `None`: every record has to be tried.
pub fn of_signature(signature: &Signature) -> Option<LiteralSet> {
    let clauses = signature.required.iter().filter_map(|clause| {
        let sets: Option<Vec<LiteralSet>> = clause.iter().map(of_leaf).collect();
        LiteralSet::new(sets?.into_iter().flat_map(|set| set.0).collect())
    });
    clauses.max_by_key(LiteralSet::score)
}

fn of_leaf(leaf: &Leaf) -> Option<LiteralSet> {
    match leaf {
        Leaf::Regex(pattern) => of_hir(&pattern.hir()),
        Leaf::Contains(bytes) => LiteralSet::new(vec![bytes.to_ascii_lowercase()]),
    }
}

/// The literals of a parsed pattern.
pub fn of_hir(hir: &Hir) -> Option<LiteralSet> {
    Part::of(hir).required()
}

/// What is known about the strings a part of a pattern matches.
#[derive(Clone, Debug)]
struct Part {
    /// All of them, if they are few.
    exact: Option<Vec<Vec<u8>>>,
    /// What they begin and end with; contains the empty string when nothing is known.
    prefixes: Vec<Vec<u8>>,
    suffixes: Vec<Vec<u8>>,
    best: Option<LiteralSet>,
}

impl Part {
    fn exact(strings: Vec<Vec<u8>>) -> Self {
        Self { prefixes: strings.clone(), suffixes: strings.clone(), best: None, exact: Some(strings) }
    }

    fn anything() -> Self {
        Self { exact: None, prefixes: vec![Vec::new()], suffixes: vec![Vec::new()], best: None }
    }

    fn of(hir: &Hir) -> Self {
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => Part::exact(vec![Vec::new()]),
            HirKind::Literal(literal) => Part::exact(vec![literal.0.to_ascii_lowercase()]),
            HirKind::Class(class) => class_members(class).map_or_else(Part::anything, Part::exact),
            HirKind::Capture(capture) => Part::of(&capture.sub),
            HirKind::Repetition(repetition) => {
                Part::repeated(&Part::of(&repetition.sub), repetition.min, repetition.max)
            }
            HirKind::Concat(parts) => {
                parts.iter().map(Part::of).reduce(|left, right| left.then(&right)).unwrap_or_else(Part::anything)
            }
            HirKind::Alternation(parts) => {
                parts.iter().map(Part::of).reduce(|left, right| left.or(right)).unwrap_or_else(Part::anything)
            }
        }
    }

    /// The best set of which every match contains one.
    fn required(self) -> Option<LiteralSet> {
        let own = [self.exact, Some(self.prefixes), Some(self.suffixes)];
        own.into_iter().flatten().filter_map(LiteralSet::new).chain(self.best).max_by_key(LiteralSet::score)
    }

    fn repeated(once: &Part, least: u32, most: Option<u32>) -> Self {
        if least == 0 {
            let optional = most == Some(1);
            return match &once.exact {
                Some(strings) if optional && strings.len() < SET_LIMIT => {
                    Part::exact(strings.iter().cloned().chain([Vec::new()]).collect())
                }
                _ => Part::anything(),
            };
        }
        let times = least.min(LENGTH_LIMIT as u32);
        let repeated = (1..times).try_fold(once.clone(), |so_far, _| {
            let longer = so_far.clone().then(once);
            longer.exact.is_some().then_some(longer)
        });
        match repeated {
            Some(part) if most == Some(least) && times == least => part,
            Some(part) => Part { exact: None, best: part.clone().required(), ..part },
            None => Part { exact: None, best: once.clone().required(), ..once.clone() },
        }
    }

    fn then(self, next: &Part) -> Self {
        let exact = match (&self.exact, &next.exact) {
            (Some(left), Some(right)) => cross(left, right),
            _ => None,
        };
        if let Some(exact) = exact {
            return Part::exact(exact);
        }
        let joined = cross(&self.suffixes, &next.prefixes).and_then(LiteralSet::new);
        let prefixes = match &self.exact {
            Some(left) => cross(left, &next.prefixes).unwrap_or_else(|| self.prefixes.clone()),
            None => self.prefixes.clone(),
        };
        let suffixes = match &next.exact {
            Some(right) => cross(&self.suffixes, right).unwrap_or_else(|| next.suffixes.clone()),
            None => next.suffixes.clone(),
        };
        let best =
            [self.required(), joined, next.clone().required()].into_iter().flatten().max_by_key(LiteralSet::score);
        Part { exact: None, prefixes, suffixes, best }
    }

    fn or(self, other: Part) -> Self {
        let exact = match (&self.exact, &other.exact) {
            (Some(left), Some(right)) if left.len() + right.len() <= SET_LIMIT => {
                Some([left.clone(), right.clone()].concat())
            }
            _ => None,
        };
        if let Some(exact) = exact {
            return Part::exact(exact);
        }
        let join = |left: &[Vec<u8>], right: &[Vec<u8>]| {
            if left.len() + right.len() <= SET_LIMIT { [left, right].concat() } else { vec![Vec::new()] }
        };
        let prefixes = join(&self.prefixes, &other.prefixes);
        let suffixes = join(&self.suffixes, &other.suffixes);
        let best = match (self.required(), other.required()) {
            (Some(left), Some(right)) if left.0.len() + right.0.len() <= SET_LIMIT => {
                LiteralSet::new([left.0, right.0].concat())
            }
            _ => None,
        };
        Part { exact: None, prefixes, suffixes, best }
    }
}

/// Every string of `left` followed by every string of `right`; `None` when that would be too many or too long.
fn cross(left: &[Vec<u8>], right: &[Vec<u8>]) -> Option<Vec<Vec<u8>>> {
    let too_long = |strings: &[Vec<u8>]| strings.iter().any(|string| string.len() > STRING_LIMIT);
    if left.len() * right.len() > SET_LIMIT || too_long(left) || too_long(right) {
        return None;
    }
    Some(left.iter().flat_map(|start| right.iter().map(move |end| [start.as_slice(), end].concat())).collect())
}

/// The members of a small class, folded to lower case.
fn class_members(class: &Class) -> Option<Vec<Vec<u8>>> {
    let mut members: Vec<Vec<u8>> = match class {
        Class::Bytes(class) => {
            let count: usize = class.iter().map(|range| usize::from(range.end() - range.start()) + 1).sum();
            (count <= 2 * CLASS_LIMIT).then(|| {
                class
                    .iter()
                    .flat_map(|range| range.start()..=range.end())
                    .map(|byte| vec![byte.to_ascii_lowercase()])
                    .collect()
            })?
        }
        Class::Unicode(class) => {
            let count: usize = class.iter().map(|range| range.end() as usize - range.start() as usize + 1).sum();
            (count <= 2 * CLASS_LIMIT).then(|| {
                class
                    .iter()
                    .flat_map(|range| range.start()..=range.end())
                    .map(|c| c.to_string().to_ascii_lowercase().into_bytes())
                    .collect()
            })?
        }
    };
    members.sort_unstable();
    members.dedup();
    (members.len() <= CLASS_LIMIT).then_some(members)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rule::pattern::Pattern;

    fn literals(source: &str) -> Vec<String> {
        let set = of_hir(&Pattern::new(source).expect(source).hir());
        let strings = set.map(|set| set.0).unwrap_or_default();
        strings.into_iter().map(|literal| String::from_utf8(literal).expect("ASCII")).collect()
    }

    #[test]
    fn the_longest_certain_literals_are_found() {
        assert_eq!(literals(r"customer '(?<c>[^']+)' - the specified subdomain '"), ["' - the specified subdomain '"]);
        assert_eq!(literals(r"(?i)Out Of Memory"), ["out of memory"]);
        assert_eq!(literals(r"^(?:oom|kill)er \d+"), ["killer ", "oomer "]);
        assert_eq!(literals(r"abc(?:def)?ghi"), ["abcdefghi", "abcghi"]);
        assert_eq!(literals(r"x{3}y+"), ["xxxy"]);
        assert_eq!(literals(r"SNAP\d{3}"), ["snap"]);
        assert_eq!(literals(r"[ab]cd"), ["acd", "bcd"]);
        assert!(literals(r"\d+\.\d+").is_empty() && literals(r"ab|.*x.").is_empty());
    }

    proptest! {
        /// The promise itself: whatever matches contains one of the literals.
        #[test]
        fn every_match_contains_a_literal(
            source in r"[ab]{1,3}(\(b\|a\)|\[ab\]|b\?|a\{2,3\}|\(\?:ab\|ba\)\+|\.\*|\.){0,4}[ab]{0,3}",
            text in "[abAB]{0,24}",
        ) {
            if let Ok(pattern) = Pattern::new(&source) && let Some(set) = of_hir(&pattern.hir()) {
                for found in pattern.regex().expect("compiles").find_iter(text.as_bytes()) {
                    let lower = found.as_bytes().to_ascii_lowercase();
                    let contains = |literal: &Vec<u8>| lower.windows(literal.len()).any(|window| window == literal.as_slice());
                    prop_assert!(set.literals().iter().any(contains), "{source} matched {:?} without {:?}", found, set);
                }
            }
        }
    }
}
