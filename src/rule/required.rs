//! Which needles a pattern needs: of each set found, at least one occurs in every match.
//!
//! The pattern's parsed form is walked bottom-up. Each part tells which strings it can be (`exact`), begin with, end with,
//! and the sets seen so far of which it must contain one. There are several sets, because only the text at hand tells which
//! is rarest: `scan::filter` chooses. It is done while a pattern is parsed for its checks; a signature keeps the sets only.

use regex_syntax::hir::{Class, Hir, HirKind};

use crate::rule::needle::{MaskedByte, Needle};

/// A set with more members than this is not worth looking for.
pub const SET_LIMIT: usize = 24;
/// Sets kept for a signature.
const CHOICE_LIMIT: usize = 4;
/// A longer needle is cut to its end: rarer it hardly gets.
pub const LENGTH_LIMIT: usize = 192;
/// A shorter needle occurs in too many lines to be of use.
pub const LENGTH_LEAST: usize = 3;
/// A needle is looked for by so many bytes in a row if they stand for at most [`STRING_LIMIT`] strings; more say too little.
pub const STRING_LENGTH: usize = 3;
/// See [`STRING_LENGTH`].
pub const STRING_LIMIT: usize = 4096;
/// Bits that must be known of a needle for it to tell as much as three characters do; a letter whose case is open counts in full.
const RARE_BITS: u32 = 24;
/// Strings that a part of a pattern can be are followed up to this length.
const FOLLOWED_LENGTH: usize = 192;
/// A byte of which fewer bits are known is no good end of a needle; two are known of a letter in any case.
const BITS_LEAST: u32 = 2;

type String = Vec<MaskedByte>;

/// Needles of which at least one occurs in every match; sorted, without doubles, none empty or with a newline.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NeedleSet(Box<[Needle]>);

impl NeedleSet {
    /// The needles.
    pub fn needles(&self) -> &[Needle] {
        &self.0
    }

    fn new(strings: &[String]) -> Option<Self> {
        if strings.iter().any(|string| string.len() < LENGTH_LEAST) {
            return None;
        }
        let needles = strings.iter().map(|string| needle(string)).collect::<Option<Vec<_>>>()?;
        Self::of(needles)
    }

    /// Makes a set; `None` without a needle.
    pub(crate) fn of(mut needles: Vec<Needle>) -> Option<Self> {
        needles.sort_unstable();
        needles.dedup();
        (!needles.is_empty()).then(|| Self(needles.into()))
    }

    /// Longer is rarer; more needles are found more often.
    fn score(&self) -> u32 {
        let known = |needle: &Needle| needle.bytes().iter().map(|byte| byte.known_bits()).sum::<u32>();
        let least = self.0.iter().map(known).min().unwrap_or(0);
        8 * least / (8 + self.0.len().ilog2())
    }

    /// Whether the set can be looked for, whatever the text.
    pub fn can_be_found(&self) -> bool {
        let strings = |bytes: &[MaskedByte]| bytes.iter().map(|byte| byte.count(false) as usize).product::<usize>();
        let has_string =
            |needle: &Needle| needle.bytes().windows(STRING_LENGTH).any(|bytes| strings(bytes) <= STRING_LIMIT);
        self.0.iter().all(has_string)
    }

    /// Whether each needle tells at least as much as three characters do. Others occur nearly everywhere, whatever the text.
    pub fn may_be_rare(&self) -> bool {
        let known = |byte: &MaskedByte| if byte.is_letter_in_any_case() { 8 } else { byte.known_bits() };
        self.0.iter().all(|needle| needle.bytes().iter().map(known).sum::<u32>() >= RARE_BITS)
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

/// Sets of which each would do, those that tell most first; at most `CHOICE_LIMIT`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice(Vec<Scored>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Scored {
    score: u32,
    set: NeedleSet,
}

impl Choice {
    /// The sets of a parsed pattern.
    pub fn of_hir(hir: &Hir) -> Self {
        Part::of(hir).required().sets
    }

    /// The set of a text that is looked for as it is.
    pub fn of_text(text: &[u8]) -> Self {
        let string = text.iter().map(|byte| MaskedByte::exactly(*byte)).collect();
        Choice::default().with(&[string])
    }

    /// The sets.
    pub fn sets(&self) -> impl Iterator<Item = &NeedleSet> {
        self.0.iter().map(|scored| &scored.set)
    }

    /// Where one of the strings is needed as well.
    fn with(mut self, strings: &[String]) -> Self {
        if let Some(set) = NeedleSet::new(strings) {
            self.add(Scored { score: set.score(), set });
        }
        self
    }

    /// Where both hold.
    pub fn or_also(mut self, other: Choice) -> Self {
        other.0.into_iter().for_each(|scored| self.add(scored));
        self
    }

    fn add(&mut self, new: Scored) {
        let order = |known: &Scored| new.score.cmp(&known.score).then_with(|| known.set.cmp(&new.set));
        if let Err(at) = self.0.binary_search_by(order)
            && at < CHOICE_LIMIT
        {
            self.0.truncate(CHOICE_LIMIT - 1);
            self.0.insert(at, new);
        }
    }

    /// Where only one of both holds.
    pub fn united(self, other: Choice) -> Self {
        let mut united = Self::default();
        for (one, other) in self.0.into_iter().zip(other.0) {
            let needles = [one.set.0.into_vec(), other.set.0.into_vec()].concat();
            if let Some(set) = NeedleSet::of(needles).filter(|set| set.0.len() <= SET_LIMIT) {
                united.add(Scored { score: set.score(), set });
            }
        }
        united
    }

    /// The sets as a signature keeps them. Empty when none [can be found](NeedleSet::can_be_found): every record has to be tried.
    pub fn kept(self) -> Box<[NeedleSet]> {
        if self.sets().any(NeedleSet::can_be_found) {
            self.0.into_iter().map(|scored| scored.set).collect()
        } else {
            Box::default()
        }
    }
}

/// What is known about the strings a part of a pattern matches.
#[derive(Clone, Debug)]
enum Part {
    /// All of them, because they are few.
    Exact(Vec<String>),
    /// Only something of each.
    Open(Open),
}

/// What strings begin and end with, the empty string where nothing is known, and what they contain besides.
#[derive(Clone, Debug)]
struct Open {
    prefixes: Vec<String>,
    suffixes: Vec<String>,
    sets: Choice,
}

impl Part {
    fn anything() -> Self {
        Part::Open(Open { prefixes: vec![String::new()], suffixes: vec![String::new()], sets: Choice::default() })
    }

    fn nothing() -> Self {
        Part::Exact(vec![String::new()])
    }

    fn of(hir: &Hir) -> Self {
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => Part::nothing(),
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
            HirKind::Concat(parts) => {
                let parts = parts.iter().filter(|part| !matches!(part.kind(), HirKind::Empty | HirKind::Look(_)));
                parts.map(Part::of).reduce(Part::then).unwrap_or_else(Part::nothing)
            }
            HirKind::Alternation(parts) => parts.iter().map(Part::of).reduce(Part::or).unwrap_or_else(Part::anything),
        }
    }

    /// The same with all that is known of it among the sets.
    fn required(self) -> Open {
        match self {
            Part::Exact(strings) => {
                Open { sets: Choice::default().with(&strings), prefixes: strings.clone(), suffixes: strings }
            }
            Part::Open(Open { prefixes, suffixes, sets }) => {
                Open { sets: sets.with(&prefixes).with(&suffixes), prefixes, suffixes }
            }
        }
    }

    fn repeated(once: Part, least: u32, most: Option<u32>) -> Self {
        match once {
            Part::Exact(mut strings) if least == 0 && most == Some(1) && strings.len() < SET_LIMIT => {
                strings.push(String::new());
                Part::Exact(strings)
            }
            _ if least == 0 => Part::anything(),
            Part::Exact(strings) => {
                let times = least.min(LENGTH_LIMIT as u32);
                let longer = (1..times).try_fold(strings.clone(), |longer, _| joined(longer, strings.clone()));
                match longer {
                    Ok(longer) if most == Some(least) && times == least => Part::Exact(longer),
                    longer => {
                        let ends = longer.unwrap_or(strings);
                        Part::Open(Open { prefixes: ends.clone(), suffixes: ends, sets: Choice::default() })
                    }
                }
            }
            open => open,
        }
    }

    /// This part and the next one. What strings begin and end with is not yet among the sets, because it may become longer.
    fn then(self, next: Part) -> Self {
        match (self, next) {
            (Part::Exact(left), Part::Exact(right)) => match joined(left, right) {
                Ok(joined) => Part::Exact(joined),
                Err((prefixes, suffixes)) => Part::Open(Open { prefixes, suffixes, sets: Choice::default() }),
            },
            (Part::Exact(left), Part::Open(Open { prefixes, suffixes, sets })) => {
                // many long strings may be found more often than few short ones
                let sets = if left.len() > 1 { sets.with(&prefixes) } else { sets };
                match joined(left, prefixes) {
                    Ok(prefixes) => Part::Open(Open { prefixes, suffixes, sets }),
                    Err((left, prefixes)) => Part::Open(Open { prefixes: left, suffixes, sets: sets.with(&prefixes) }),
                }
            }
            (Part::Open(Open { prefixes, suffixes, sets }), Part::Exact(right)) => {
                let sets = if right.len() > 1 { sets.with(&suffixes) } else { sets };
                match joined(suffixes, right) {
                    Ok(suffixes) => Part::Open(Open { prefixes, suffixes, sets }),
                    Err((suffixes, right)) => {
                        Part::Open(Open { prefixes, sets: sets.with(&suffixes), suffixes: right })
                    }
                }
            }
            (Part::Open(left), Part::Open(right)) => {
                let sets = left.sets.or_also(right.sets);
                let sets = match joined(left.suffixes, right.prefixes) {
                    Ok(joined) => sets.with(&joined),
                    Err((ends, starts)) => sets.with(&ends).with(&starts),
                };
                Part::Open(Open { prefixes: left.prefixes, suffixes: right.suffixes, sets })
            }
        }
    }

    fn or(self, other: Part) -> Self {
        match (self, other) {
            (Part::Exact(mut left), Part::Exact(right)) if left.len() + right.len() <= SET_LIMIT => {
                left.extend(right);
                Part::Exact(left)
            }
            (left, right) => {
                let (left, right) = (left.required(), right.required());
                let either = |mut left: Vec<String>, right: Vec<String>| {
                    if left.len() + right.len() > SET_LIMIT {
                        return vec![String::new()];
                    }
                    left.extend(right);
                    left
                };
                Part::Open(Open {
                    prefixes: either(left.prefixes, right.prefixes),
                    suffixes: either(left.suffixes, right.suffixes),
                    sets: left.sets.united(right.sets),
                })
            }
        }
    }
}

/// Every string of `left` followed by every string of `right`; both as they are when that would be too many or too long.
fn joined(mut left: Vec<String>, right: Vec<String>) -> Result<Vec<String>, (Vec<String>, Vec<String>)> {
    let too_long = |strings: &[String]| strings.iter().any(|string| string.len() > FOLLOWED_LENGTH);
    if left.len() * right.len() > SET_LIMIT || too_long(&left) || too_long(&right) {
        return Err((left, right));
    }
    match (left.as_slice(), right.as_slice()) {
        ([start], _) if start.is_empty() => Ok(right),
        (_, [end]) => {
            left.iter_mut().for_each(|string| string.extend_from_slice(end));
            Ok(left)
        }
        _ => Ok(left.iter().flat_map(|start| right.iter().map(move |end| [start.as_slice(), end].concat())).collect()),
    }
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
    use crate::rule::pattern::{Pattern, parse};

    fn choice(source: &str) -> Choice {
        Choice::of_hir(&parse(source).expect(source))
    }

    /// The first choice, as it is shown.
    fn needles(source: &str) -> Vec<std::string::String> {
        choice(source)
            .sets()
            .next()
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
    fn what_is_nearly_everywhere_is_told_from_what_may_be_rare() {
        let may_be_rare = |source: &str| choice(source).sets().any(|set| set.can_be_found() && set.may_be_rare());
        for rare in ["abc", "(?i)abc", r"E\d{4}", r"\d{6}", r"\w+ lost", r"a\d+bcd"] {
            assert!(may_be_rare(rare), "{rare}");
        }
        for common in [r"\d{4}", "a.c", r": \d", r"\w+ \w+", "ab", r"abc|\w+", "(?:abc)?d"] {
            assert!(!may_be_rare(common), "{common}");
        }
    }

    #[test]
    fn only_what_can_be_found_is_kept() {
        assert!(choice(r"[a-z0-9]{3}").kept().is_empty() && choice(r"\w+").kept().is_empty());
        assert_eq!(choice(r"\d{3}").kept().len(), 1);
    }

    #[test]
    fn all_that_would_do_is_kept() {
        let choice = choice(r"first \d+ second\s+third");
        let shown: Vec<_> = choice.sets().map(|set| format!("{:?}", set.needles()[0])).collect();
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
                let choice = choice(&source);
                for found in pattern.regex().expect("compiles").find_iter(text.as_bytes()) {
                    let text = found.as_bytes();
                    for set in choice.sets() {
                        let contains = |needle: &Needle| (0..text.len()).any(|at| needle.is_at(text, at));
                        prop_assert!(set.needles().iter().any(contains), "{source} matched {found:?} without {set:?}");
                    }
                }
            }
        }
    }
}
