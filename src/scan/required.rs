//! Which needles a pattern needs: of each set found, at least one occurs in every match.
//!
//! The pattern's parsed form is walked bottom-up. Each part tells which strings it can be (`exact`), begin with, end with,
//! and the sets seen so far of which it must contain one. There are several sets, because only the text at hand tells which
//! is rarest: [`crate::scan::filter`] chooses.

use regex_syntax::hir::{Class, Hir, HirKind};

use crate::rule::signature::{Leaf, Signature};
use crate::scan::needle::{MaskedByte, Needle};

/// A set with more members than this is not worth looking for.
const SET_LIMIT: usize = 24;
/// Sets kept for a signature.
const CHOICE_LIMIT: usize = 4;
/// A longer needle is cut to its end: rarer it hardly gets.
pub const LENGTH_LIMIT: usize = 64;
/// A shorter needle occurs in too many lines to be of use.
pub const LENGTH_LEAST: usize = 3;
/// Strings that a part of a pattern can be are followed up to this length.
const STRING_LIMIT: usize = 160;
/// A byte of which fewer bits are known is no good end of a needle; two are known of a letter in any case.
const BITS_LEAST: u32 = 2;

type String = Vec<MaskedByte>;

/// Needles of which at least one occurs in every match; sorted, without doubles, none empty or with a newline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NeedleSet(Vec<Needle>);

impl NeedleSet {
    /// The needles.
    pub fn needles(&self) -> &[Needle] {
        &self.0
    }

    #[cfg(test)]
    pub(crate) fn of(needles: Vec<Needle>) -> Self {
        Self(needles)
    }

    fn new(strings: Vec<String>) -> Option<Self> {
        let mut needles = strings.iter().map(|string| needle(string)).collect::<Option<Vec<_>>>()?;
        needles.sort_unstable();
        needles.dedup();
        (!needles.is_empty()).then_some(Self(needles))
    }

    /// Longer is rarer; more needles are found more often.
    fn score(&self) -> u32 {
        let known = |needle: &Needle| needle.bytes().iter().map(|byte| byte.known_bits()).sum::<u32>();
        let least = self.0.iter().map(known).min().unwrap_or(0);
        8 * least / (8 + self.0.len().ilog2())
    }
}

/// Cuts what tells little off both ends of a string. `None` when too little is left.
fn needle(string: &[MaskedByte]) -> Option<Needle> {
    let tells = |byte: &MaskedByte| byte.known_bits() >= BITS_LEAST;
    // Text is searched line by line, and its line ends may be longer than the pattern's: `\r\n`.
    let lines = string.split(|byte| byte.holds(b'\n') && byte.known_bits() == 8);
    let trimmed = lines.filter_map(|line| Some(&line[line.iter().position(tells)?..=line.iter().rposition(tells)?]));
    let longest = trimmed.max_by_key(|line| line.len())?;
    let cut = &longest[longest.len().saturating_sub(LENGTH_LIMIT)..];
    (cut.len() >= LENGTH_LEAST).then(|| Needle::new(cut))
}

/// The sets of a signature, those that tell most first. Empty: every record has to be tried.
pub fn of_signature(signature: &Signature) -> Vec<NeedleSet> {
    let mut choice = Choice::default();
    for clause in &signature.required {
        choice = choice.or_also(of_clause(clause));
    }
    choice.0
}

fn of_clause(leaves: &[Leaf]) -> Choice {
    let mut choices = leaves.iter().map(of_leaf);
    let first = choices.next().unwrap_or_default();
    choices.fold(first, |all, leaf| all.united(leaf))
}

fn of_leaf(leaf: &Leaf) -> Choice {
    match leaf {
        Leaf::Regex(pattern) => of_hir(&pattern.hir()),
        Leaf::Contains(bytes) => {
            let string = bytes.iter().map(|byte| MaskedByte::exactly(*byte)).collect();
            Choice(NeedleSet::new(vec![string]).into_iter().collect())
        }
    }
}

/// The sets of a parsed pattern.
pub fn of_hir(hir: &Hir) -> Choice {
    Part::of(hir).required()
}

/// Sets of which each would do, those that tell most first; at most [`CHOICE_LIMIT`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice(pub Vec<NeedleSet>);

impl Choice {
    fn of(strings: impl IntoIterator<Item = Vec<String>>) -> Self {
        Choice::default().or_also(Choice(strings.into_iter().filter_map(NeedleSet::new).collect()))
    }

    /// Where both hold.
    fn or_also(mut self, other: Choice) -> Self {
        if other.0.is_empty() {
            return self;
        }
        self.0.extend(other.0);
        self.0.sort_by(|one, other| other.score().cmp(&one.score()).then_with(|| one.0.cmp(&other.0)));
        self.0.dedup();
        self.0.truncate(CHOICE_LIMIT);
        self
    }

    /// Where only one of both holds.
    fn united(self, other: Choice) -> Self {
        let united = self.0.into_iter().zip(other.0).filter_map(|(one, other)| {
            let mut needles = [one.0, other.0].concat();
            needles.sort_unstable();
            needles.dedup();
            (needles.len() <= SET_LIMIT).then_some(NeedleSet(needles))
        });
        Self(united.collect())
    }
}

/// What is known about the strings a part of a pattern matches.
#[derive(Clone, Debug)]
enum Part {
    /// All of them, because they are few.
    Exact(Vec<String>),
    /// What they begin and end with, and what they contain; the empty string where nothing is known.
    Open { prefixes: Vec<String>, suffixes: Vec<String>, sets: Choice },
}

impl Part {
    fn anything() -> Self {
        Part::Open { prefixes: vec![String::new()], suffixes: vec![String::new()], sets: Choice::default() }
    }

    fn of(hir: &Hir) -> Self {
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => Part::Exact(vec![String::new()]),
            HirKind::Literal(literal) => {
                Part::Exact(vec![literal.0.iter().map(|byte| MaskedByte::exactly(*byte)).collect()])
            }
            HirKind::Class(class) => {
                class_byte(class).map_or_else(Part::anything, |byte| Part::Exact(vec![vec![byte]]))
            }
            HirKind::Capture(capture) => Part::of(&capture.sub),
            HirKind::Repetition(repetition) => {
                Part::repeated(Part::of(&repetition.sub), repetition.min, repetition.max)
            }
            HirKind::Concat(parts) => parts.iter().map(Part::of).reduce(Part::then).unwrap_or_else(Part::anything),
            HirKind::Alternation(parts) => parts.iter().map(Part::of).reduce(Part::or).unwrap_or_else(Part::anything),
        }
    }

    /// The sets of which every match contains one.
    fn required(self) -> Choice {
        match self {
            Part::Exact(strings) => Choice::of([strings]),
            Part::Open { prefixes, suffixes, sets } => Choice::of([prefixes, suffixes]).or_also(sets),
        }
    }

    /// What is known of the beginnings and the ends, and what is known besides.
    fn ends(self) -> (Vec<String>, Vec<String>, Choice) {
        match self {
            Part::Exact(strings) => (strings.clone(), strings, Choice::default()),
            Part::Open { prefixes, suffixes, sets } => (prefixes, suffixes, sets),
        }
    }

    fn repeated(once: Part, least: u32, most: Option<u32>) -> Self {
        if least == 0 {
            return match once {
                Part::Exact(mut strings) if most == Some(1) && strings.len() < SET_LIMIT => {
                    strings.push(String::new());
                    Part::Exact(strings)
                }
                _ => Part::anything(),
            };
        }
        let times = least.min(LENGTH_LIMIT as u32);
        let repeated = (1..times).try_fold(once.clone(), |so_far, _| {
            let longer = so_far.then(once.clone());
            matches!(longer, Part::Exact(_)).then_some(longer)
        });
        match repeated {
            Some(part) if most == Some(least) && times == least => part,
            part => {
                let (prefixes, suffixes, sets) = part.unwrap_or(once).ends();
                let sets = Choice::of([prefixes.clone()]).or_also(sets);
                Part::Open { prefixes, suffixes, sets }
            }
        }
    }

    fn then(self, next: Part) -> Self {
        let (left_is_exact, right_is_exact) = (matches!(self, Part::Exact(_)), matches!(next, Part::Exact(_)));
        let ((prefixes, left_ends, left_sets), (right_starts, suffixes, right_sets)) = (self.ends(), next.ends());
        let joined = cross(&left_ends, &right_starts);
        if left_is_exact
            && right_is_exact
            && let Some(joined) = joined
        {
            return Part::Exact(joined);
        }
        let sets = left_sets.or_also(right_sets);
        // where both sides join, the joined strings tell all that the sides' own do
        let sets = match &joined {
            Some(joined) => sets.or_also(Choice::of([joined.clone()])),
            None => sets.or_also(Choice::of([left_ends, right_starts])),
        };
        let prefixes = joined.as_ref().filter(|_| left_is_exact).cloned().unwrap_or(prefixes);
        let suffixes = joined.filter(|_| right_is_exact).unwrap_or(suffixes);
        Part::Open { prefixes, suffixes, sets }
    }

    fn or(self, other: Part) -> Self {
        match (self, other) {
            (Part::Exact(mut left), Part::Exact(right)) if left.len() + right.len() <= SET_LIMIT => {
                left.extend(right);
                Part::Exact(left)
            }
            (left, right) => {
                let sets = left.clone().required().united(right.clone().required());
                let ((left_starts, left_ends, _), (right_starts, right_ends, _)) = (left.ends(), right.ends());
                let join = |left: Vec<String>, right: Vec<String>| {
                    if left.len() + right.len() <= SET_LIMIT { [left, right].concat() } else { vec![String::new()] }
                };
                let (prefixes, suffixes) = (join(left_starts, right_starts), join(left_ends, right_ends));
                Part::Open { prefixes, suffixes, sets }
            }
        }
    }
}

/// Every string of `left` followed by every string of `right`; `None` when that would be too many or too long.
fn cross(left: &[String], right: &[String]) -> Option<Vec<String>> {
    let too_long = |strings: &[String]| strings.iter().any(|string| string.len() > STRING_LIMIT);
    if left.len() * right.len() > SET_LIMIT || too_long(left) || too_long(right) {
        return None;
    }
    Some(left.iter().flat_map(|start| right.iter().map(move |end| [start.as_slice(), end].concat())).collect())
}

/// The byte that a class matches. `None` when it may match more than one, or a line end, which may be longer in the text.
fn class_byte(class: &Class) -> Option<MaskedByte> {
    let ranges: Vec<(u8, u8)> = match class {
        Class::Bytes(class) => class.iter().map(|range| (range.start(), range.end())).collect(),
        Class::Unicode(class) => {
            let ascii = |c: char| u8::try_from(c).ok().filter(u8::is_ascii);
            class.iter().map(|range| Some((ascii(range.start())?, ascii(range.end())?))).collect::<Option<_>>()?
        }
    };
    if ranges.iter().any(|(first, last)| (*first..=*last).contains(&b'\n')) {
        return None;
    }
    MaskedByte::holding(ranges.into_iter().flat_map(|(first, last)| first..=last))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rule::pattern::Pattern;

    /// The first choice, as it is shown.
    fn needles(source: &str) -> Vec<std::string::String> {
        let choice = of_hir(&Pattern::new(source).expect(source).hir());
        choice
            .0
            .first()
            .map(|set| set.needles().iter().map(|needle| format!("{needle:?}")).collect())
            .unwrap_or_default()
    }

    #[test]
    fn what_tells_most_comes_first() {
        assert_eq!(
            needles(r"customer '(?<c>[^']+)' - the specified subdomain '"),
            [r#""\' - the specified subdomain \'""#]
        );
        assert_eq!(needles(r"(?i)Out Of"), [r#""out of""#]);
        assert_eq!(needles(r"^(?:oom|kill)er \d+"), [r#""killer #""#, r#""oomer #""#]);
        assert_eq!(needles(r"abc(?:def)?ghi"), [r#""abcdefghi""#, r#""abcghi""#]);
        assert_eq!(needles(r"x{3}y+"), [r#""xxxy""#]);
        assert_eq!(needles(r"SNAP\d{3}"), [r#""SNAP###""#]);
        assert_eq!(needles(r"[A-Z]{3}\d{5}"), [r#""???#####""#]);
        assert_eq!(needles(r"a.c"), [r#""a?c""#]);
        assert_eq!(needles(r"one\nthree\r"), [r#""three\r""#]);
        assert!(needles(r"\w+ \w+").is_empty() && needles(r"ab|.*x.").is_empty());
    }

    #[test]
    fn all_that_would_do_is_kept() {
        let choice = of_hir(&Pattern::new(r"first \d+ second\s+third").expect("valid").hir());
        let shown: Vec<_> = choice.0.iter().map(|set| format!("{:?}", set.needles()[0])).collect();
        assert_eq!(shown, [r##""# second""##, r##""first #""##, r#""third""#]);
    }

    proptest! {
        /// The promise itself: whatever matches contains one needle of each set.
        #[test]
        fn every_match_contains_a_needle_of_every_set(
            source in r"[ab]{1,3}(\(b\|a\)|\[ab\]|\[a-c\]\{2\}|b\?|a\{2,3\}|\(\?:ab\|ba\)\+|\(\?i:ab\)|\.\*|\.){0,4}[ab]{0,3}",
            text in "[abcABC]{0,24}",
        ) {
            if let Ok(pattern) = Pattern::new(&source) {
                let choice = of_hir(&pattern.hir());
                for found in pattern.regex().expect("compiles").find_iter(text.as_bytes()) {
                    let text = found.as_bytes();
                    for set in &choice.0 {
                        let contains = |needle: &Needle| (0..text.len()).any(|at| needle.is_at(text, at));
                        prop_assert!(set.needles().iter().any(contains), "{source} matched {found:?} without {set:?}");
                    }
                }
            }
        }
    }
}
