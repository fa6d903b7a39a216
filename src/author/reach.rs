//! How far a regex gets in a text that it does not match.
//!
//! A `Route` is one alternative of a pattern as a row of steps: characters, classes, groups. Cut behind any of its steps it is a
//! regex that matches wherever the whole one does, so the longest beginning that still matches is found by halving. Where that
//! ends, the text has something else than the pattern wants next; [`Stop`] says both in words that an author recognises. The
//! same from the end tells that only the beginning is in the way.
//!
//! Which records are worth the trouble is decided in [`nearest`](super::nearest).

use std::sync::OnceLock;

use memchr::memmem;
use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::ast::{self, Ast, RepetitionKind, RepetitionRange};
use serde::Serialize;

/// Characters shown of what a text has and of what a pattern wants: enough to recognise both on one line.
const SHOWN: usize = 48;
/// A word before the one that differs is shown with it if it is no longer than this.
const LEAD: usize = 12;
/// Steps of a pattern that are followed; what comes behind counts as one. Each may have to be compiled.
const STEP_LIMIT: usize = 1_000;

/// One alternative of a pattern, in steps.
#[derive(Debug)]
pub(crate) struct Route {
    source: String,
    /// Flags that hold for all of it, such as `(?i)`.
    flags: String,
    start: usize,
    end: usize,
    steps: Vec<Step>,
}

#[derive(Debug)]
struct Step {
    start: usize,
    end: usize,
    /// Groups that are open behind it.
    depth: usize,
    kind: Kind,
    /// The pattern up to here.
    before: OnceLock<Option<Regex>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// This character.
    Literal(char),
    /// A wildcard: what follows may stand anywhere behind.
    Loose,
    /// Anything else.
    Other,
}

/// How far a pattern gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reach {
    /// Characters of the pattern that were found in place, of all that it spells out.
    pub(crate) literals: (usize, usize),
    /// The longest text that the pattern spells out and the text has.
    pub(crate) has: Option<String>,
    /// Where it stops.
    pub(crate) stop: Stop,
    /// Where that is in the text.
    pub(crate) at: usize,
}

/// Where a pattern stops in a text, and what it wants there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "stop", rename_all = "kebab-case")]
pub enum Stop {
    /// The text has something else.
    Differs {
        /// What the text has; empty where it, or its line, ends.
        found: String,
        /// What the pattern wants.
        wanted: String,
    },
    /// Nothing of the kind follows.
    Missing {
        /// What the pattern matched last.
        after: String,
        /// What it wants behind that.
        wanted: String,
    },
    /// Only the end of the pattern is there.
    Before {
        /// What the pattern wants first.
        wanted: String,
        /// What the text has instead; empty where it, or its line, begins.
        found: String,
        /// What follows in both.
        then: String,
    },
    /// Not even the first of it is there.
    Nowhere {
        /// What the pattern wants first.
        wanted: String,
    },
}

/// The routes of a pattern; none when it cannot be taken apart.
pub(crate) fn routes(source: &str) -> Vec<Route> {
    let Some(ast) = parse(source) else { return Vec::new() };
    let alternatives: Vec<&Ast> = match &ast {
        Ast::Alternation(alternation) => alternation.asts.iter().collect(),
        other => vec![other],
    };
    let mut flags = String::new();
    let mut routes = Vec::new();
    for alternative in alternatives {
        let mut steps = Vec::new();
        walk(alternative, 0, &mut steps);
        if steps.len() > STEP_LIMIT {
            steps.truncate(STEP_LIMIT);
            steps.extend(Some(Step::new(steps[STEP_LIMIT - 1].end, alternative.span().end.offset, 0, Kind::Other)));
        }
        let span = alternative.span();
        let (start, end) = (span.start.offset, span.end.offset);
        routes.push(Route { source: source.to_owned(), flags: flags.clone(), start, end, steps });
        let parts =
            if let Ast::Concat(concat) = alternative { &concat.asts[..] } else { std::slice::from_ref(alternative) };
        for part in parts {
            if let Ast::Flags(set) = part {
                flags.push_str(&source[set.span.start.offset..set.span.end.offset]);
            }
        }
    }
    routes
}

/// The alternatives of a pattern, each as written; the pattern itself when there is one only.
pub(crate) fn alternatives(source: &str) -> Vec<String> {
    match &parse(source) {
        Some(Ast::Alternation(alternation)) => {
            let spans = alternation.asts.iter().map(Ast::span);
            spans.map(|span| source[span.start.offset..span.end.offset].to_owned()).collect()
        }
        _ => vec![source.to_owned()],
    }
}

fn parse(source: &str) -> Option<Ast> {
    ast::parse::ParserBuilder::new().nest_limit(crate::rule::pattern::NEST_LIMIT).build().parse(source).ok()
}

fn walk(ast: &Ast, depth: usize, steps: &mut Vec<Step>) {
    let (start, end) = (ast.span().start.offset, ast.span().end.offset);
    match ast {
        Ast::Concat(concat) => concat.asts.iter().for_each(|part| walk(part, depth, steps)),
        Ast::Group(group) if !matches!(&*group.ast, Ast::Alternation(_) | Ast::Empty(_)) => {
            walk(&group.ast, depth + 1, steps);
        }
        Ast::Repetition(repetition) => {
            let (least, most) = times(&repetition.op.kind);
            if let (1.., Ast::Group(group)) = (least, &*repetition.ast)
                && !matches!(&*group.ast, Ast::Alternation(_))
            {
                walk(&group.ast, depth + 1, steps);
            }
            let kind =
                if most.is_none() && matches!(&*repetition.ast, Ast::Dot(_)) { Kind::Loose } else { Kind::Other };
            steps.push(Step::new(start, end, depth, kind));
        }
        Ast::Literal(literal) => steps.push(Step::new(start, end, depth, Kind::Literal(literal.c))),
        Ast::Empty(_) => {}
        _ => steps.push(Step::new(start, end, depth, Kind::Other)),
    }
}

/// The least and the greatest number of times.
fn times(kind: &RepetitionKind) -> (u32, Option<u32>) {
    match kind {
        RepetitionKind::ZeroOrOne => (0, Some(1)),
        RepetitionKind::ZeroOrMore => (0, None),
        RepetitionKind::OneOrMore => (1, None),
        RepetitionKind::Range(RepetitionRange::Exactly(times)) => (*times, Some(*times)),
        RepetitionKind::Range(RepetitionRange::AtLeast(least)) => (*least, None),
        RepetitionKind::Range(RepetitionRange::Bounded(least, most)) => (*least, Some(*most)),
    }
}

/// A regex as those of signatures are.
pub(crate) fn compiled(source: &str) -> Option<Regex> {
    RegexBuilder::new(source).unicode(false).multi_line(true).build().ok()
}

impl Step {
    fn new(start: usize, end: usize, depth: usize, kind: Kind) -> Self {
        Self { start, end, depth, kind, before: OnceLock::new() }
    }

    fn literal(&self) -> Option<char> {
        if let Kind::Literal(c) = self.kind { Some(c) } else { None }
    }
}

impl Route {
    /// Finds how far the route gets in a text; `None` if it can be matched to its end. Cost: a search for each halving of its steps.
    pub(crate) fn reach(&self, text: &[u8]) -> Option<Reach> {
        let (mut matching, mut failing) = (0, self.steps.len());
        if failing == 0 || self.prefix(failing).is_some_and(|regex| regex.is_match(text)) {
            return None;
        }
        while failing - matching > 1 {
            let middle = matching + (failing - matching) / 2;
            if self.prefix(middle).is_some_and(|regex| regex.is_match(text)) {
                matching = middle;
            } else {
                failing = middle;
            }
        }
        let total = self.literals(0..self.steps.len());
        let front = self.literals(0..self.whole_words(matching));
        let has = self.longest_in(text);
        if let Some((from, at)) = self.suffix(text, matching)
            && self.literals(from..self.steps.len()) > front
        {
            let literals = (self.literals(from..self.steps.len()), total);
            return Some(Reach { literals, has, stop: self.before(text, from, at), at });
        }
        let end = self.prefix(matching).filter(|_| matching > 0).and_then(|regex| regex.find(text));
        let Some(end) = end.map(|found| found.end()).filter(|_| front > 0) else {
            return Some(Reach { literals: (0, total), has, stop: Stop::Nowhere { wanted: self.wanted(0) }, at: 0 });
        };
        let (stop, at) = self.stop(text, matching, end);
        Some(Reach { literals: (front, total), has, stop, at })
    }

    /// The first `steps` steps as a regex.
    fn prefix(&self, steps: usize) -> Option<&Regex> {
        let last = self.steps.get(steps.checked_sub(1)?)?;
        let compile = || {
            let source = &self.source[self.start..last.end];
            compiled(&format!("{}{source}{}", self.flags, ")".repeat(last.depth)))
        };
        last.before.get_or_init(compile).as_ref()
    }

    /// The longest end of the route that matches and begins behind step `from`: its first step, and where it matches. Looked
    /// for only where a run of characters begins.
    fn suffix(&self, text: &[u8], from: usize) -> Option<(usize, usize)> {
        let begins = |at: &usize| {
            let is_literal = |at: usize| self.steps.get(at).is_some_and(|step| step.literal().is_some());
            is_literal(*at) && (*at == 0 || !is_literal(at - 1) || self.steps[at - 1].literal() == Some(' '))
        };
        let starts: Vec<usize> = (from.max(1)..self.steps.len()).filter(begins).collect();
        let matches = |step: usize| {
            let first = &self.steps[step];
            let flags: String = self.flags_before(first.start);
            let source = &self.source[first.start..self.end];
            let regex = compiled(&format!("{flags}{}{source}", "(?:".repeat(first.depth)))?;
            regex.find(text).map(|found| found.start())
        };
        let (mut low, mut high, mut best) = (0, starts.len(), None);
        while low < high {
            let middle = low + (high - low) / 2;
            match matches(starts[middle]) {
                Some(at) => (best, high) = (Some((starts[middle], at)), middle),
                None => low = middle + 1,
            }
        }
        best
    }

    fn flags_before(&self, at: usize) -> String {
        let own = self.steps.iter().take_while(|step| step.start < at).map(|step| &self.source[step.start..step.end]);
        let own: String = own.filter(|part| part.starts_with("(?") && !part.contains([':', '<', 'P'])).collect();
        format!("{}{own}", self.flags)
    }

    /// So many of the first `steps` steps that no word is cut in two: a letter or two in common are chance.
    fn whole_words(&self, steps: usize) -> usize {
        let in_word = |at: usize| self.steps.get(at).and_then(Step::literal).is_some_and(char::is_alphanumeric);
        (0..=steps).rev().find(|end| *end == 0 || !in_word(end - 1) || !in_word(*end)).unwrap_or(0)
    }

    /// How many characters some of the steps spell out.
    fn literals(&self, steps: std::ops::Range<usize>) -> usize {
        self.steps[steps].iter().filter(|step| step.literal().is_some()).count()
    }

    /// The longest run of characters that the text has.
    fn longest_in(&self, text: &[u8]) -> Option<String> {
        let runs = self.steps.split(|step| step.literal().is_none());
        let runs = runs.map(|run| run.iter().filter_map(Step::literal).collect::<String>());
        let found = runs.filter(|run| run.trim().chars().count() > 2 && memmem::find(text, run.as_bytes()).is_some());
        found.max_by_key(String::len).map(|run| shortened(&run))
    }

    /// Describes the stop behind `matching` steps that match up to `end`, and where it is.
    fn stop(&self, text: &[u8], matching: usize, end: usize) -> (Stop, usize) {
        let run = self.steps[..matching].iter().rev().take_while(|step| step.literal().is_some()).count();
        let before_run = (matching - run).checked_sub(1).map(|at| self.steps[at].kind);
        let next_is_literal = self.steps[matching].literal().is_some();
        let begin = matching - run;
        // Behind a wildcard a few characters in common with a longer word are chance.
        let whole = run + self.steps[matching..].iter().take_while(|step| step.literal().is_some()).count();
        if before_run == Some(Kind::Loose) && next_is_literal && 2 * run < whole {
            let loose = begin - 1;
            let end = match self.prefix(loose).filter(|_| loose > 0).and_then(|regex| regex.find(text)) {
                Some(found) => found.end(),
                None => end,
            };
            let stop = Stop::Missing { after: self.spelled_before(loose), wanted: self.wanted(begin) };
            return (stop, end);
        }
        // back to the beginning of the word that differs, and one word more
        let literal = |back: usize| self.steps[matching - back].literal().unwrap_or(' ');
        let mut back = 0;
        if next_is_literal && self.steps[matching].literal().is_some_and(|next| !next.is_whitespace()) || run == 0 {
            while back < run && !literal(back + 1).is_whitespace() {
                back += 1;
            }
        }
        let mut lead = back;
        while lead < run && literal(lead + 1).is_whitespace() {
            lead += 1;
        }
        let gap = lead;
        while lead > back && lead < run && lead - back <= LEAD && !literal(lead + 1).is_whitespace() {
            lead += 1;
        }
        let is_word_start = lead == run || literal(lead + 1).is_whitespace();
        let back = if lead > gap && lead - back <= LEAD && is_word_start { lead } else { back };
        let bytes: usize = (1..=back).map(|back| literal(back).len_utf8()).sum();
        let at = end.saturating_sub(bytes);
        let wanted = match next_is_literal || back == 0 {
            true => self.wanted(matching - back),
            // the words before a class are no answer to what is wanted, the class is
            false => {
                let words: String = (1..=back).rev().map(literal).collect();
                shortened(&format!("{words}{}", self.wanted(matching)))
            }
        };
        (Stop::Differs { found: word_at(text, at, wanted.chars().count()), wanted }, end)
    }

    /// Describes that the route matches from step `from` on, at `at`.
    fn before(&self, text: &[u8], from: usize, at: usize) -> Stop {
        let line = text[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
        let found = String::from_utf8_lossy(&text[line..at]).into_owned();
        let skipped = found.chars().count().saturating_sub(SHOWN);
        let cut: String = found.chars().skip(skipped).collect();
        let wanted = &self.source[self.start..self.steps[from].start];
        let wanted: String = match wanted.chars().count().saturating_sub(SHOWN) {
            0 => wanted.to_owned(),
            skipped => format!("…{}", wanted.chars().skip(skipped).collect::<String>()),
        };
        let found = if skipped > 0 { format!("…{cut}") } else { cut };
        Stop::Before { wanted, found, then: self.wanted(from) }
    }

    /// What the route wants from a step on: the characters that it spells out, else the one thing as it is written.
    fn wanted(&self, from: usize) -> String {
        let run: String = self.steps[from..].iter().map_while(Step::literal).collect();
        if !run.trim().is_empty() {
            return shortened(&run);
        }
        let literals = run.chars().count();
        // what takes no room is shown with what follows
        let steps = &self.steps[from..];
        let Some(first) = steps.first() else { return String::new() };
        let until = steps.get(literals).unwrap_or(first);
        let is_assertion =
            |step: &Step| matches!(&self.source[step.start..step.end], "^" | "$" | r"\b" | r"\B" | r"\A" | r"\z");
        let end = if is_assertion(until) { steps.get(literals + 1).unwrap_or(until).end } else { until.end };
        shortened(&self.source[first.start..end])
    }

    /// What is spelled out last before a step, else the pattern before it.
    fn spelled_before(&self, step: usize) -> String {
        let end = (0..step).rev().find(|at| self.steps[*at].literal().is_some()).map_or(0, |at| at + 1);
        let run = self.steps[..end].iter().rev().map_while(Step::literal).collect::<Vec<_>>();
        let text: String = run.iter().rev().collect();
        let skipped = text.chars().count().saturating_sub(SHOWN);
        if skipped > 0 { format!("…{}", text.chars().skip(skipped).collect::<String>()) } else { text }
    }
}

/// The words that a pattern spells out, in lower case, each once. Words of fewer than `least` letters only if there are no longer ones.
pub(crate) fn words(source: &str, least: usize) -> Vec<String> {
    fn collect(ast: &Ast, word: &mut String, words: &mut Vec<String>) {
        match ast {
            Ast::Literal(literal) if literal.c.is_alphanumeric() => word.push(literal.c.to_ascii_lowercase()),
            Ast::Concat(concat) => concat.asts.iter().for_each(|part| collect(part, word, words)),
            Ast::Group(group) => collect(&group.ast, word, words),
            Ast::Alternation(alternation) => {
                for part in &alternation.asts {
                    words.push(std::mem::take(word));
                    collect(part, word, words);
                }
                words.push(std::mem::take(word));
            }
            Ast::Repetition(repetition) => {
                words.push(std::mem::take(word));
                collect(&repetition.ast, word, words);
                words.push(std::mem::take(word));
            }
            Ast::Empty(_) | Ast::Flags(_) | Ast::Assertion(_) => {}
            _ => words.push(std::mem::take(word)),
        }
    }
    let Some(ast) = parse(source) else { return Vec::new() };
    let (mut word, mut words) = (String::new(), Vec::new());
    collect(&ast, &mut word, &mut words);
    words.push(word);
    words.retain(|word| !word.is_empty());
    words.sort_unstable();
    words.dedup();
    if words.iter().any(|word| word.len() >= least) {
        words.retain(|word| word.len() >= least);
    }
    words
}

/// At most so much of a text as is shown, on one line.
pub(crate) fn shortened(text: &str) -> String {
    if text.chars().count() <= SHOWN {
        return text.to_owned();
    }
    let cut: String = text.chars().take(SHOWN).collect();
    format!("{}…", cut.trim_end())
}

/// About `length` characters of a text from `at` on, to the end of a word and no further than the end of the line.
fn word_at(text: &[u8], at: usize, length: usize) -> String {
    let rest = text.get(at..).unwrap_or_default();
    let line = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = String::from_utf8_lossy(&line[..line.len().min(4 * SHOWN)]);
    let length = length.clamp(8, SHOWN);
    let mut shown = String::new();
    for (position, c) in line.chars().enumerate() {
        if position >= SHOWN || position >= length && c.is_whitespace() {
            shown.push('…');
            break;
        }
        shown.push(c);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stop(pattern: &str, text: &str) -> String {
        let reaches = routes(pattern).iter().filter_map(|route| route.reach(text.as_bytes())).collect::<Vec<_>>();
        let best = reaches.into_iter().max_by_key(|reach| reach.literals.0).expect("does not match");
        match best.stop {
            Stop::Differs { found, wanted } => format!("at `{found}` wants `{wanted}`"),
            Stop::Missing { after, wanted } => format!("no `{wanted}` behind `{after}`"),
            Stop::Before { wanted, found, then } => format!("`{wanted}` before `{then}`, not `{found}`"),
            Stop::Nowhere { wanted } => format!("nothing, wants `{wanted}`"),
        }
    }

    #[test]
    fn the_stop_is_told_from_the_word_before_it() {
        let pattern = "the specified subdomain '(?<subdomain>[^']+)' is already in use";
        assert_eq!(
            stop(pattern, "the specified subdomain 'x' is reserved"),
            "at `is reserved` wants `is already in use`"
        );
        assert_eq!(stop("no space left on device", "no space left on disk"), "at `on disk` wants `on device`");
        assert_eq!(stop(r"took \d+ s", "query took long"), r"at `took long` wants `took \d+`");
        assert_eq!(stop(r"disk (?<n>\d+) failed", "disk 7"), "at `` wants ` failed`");
    }

    #[test]
    fn behind_a_wildcard_the_whole_word_is_missing() {
        assert_eq!(stop("backup of .* failed", "backup of mail finished"), "no ` failed` behind `backup of `");
    }

    #[test]
    fn groups_are_entered_and_alternatives_compared() {
        assert_eq!(stop("^(?:abc (?<x>def ghi))+ z", "abc def gho"), "at `def gho` wants `def ghi`");
        assert_eq!(stop("first thing|other word", "some other ward"), "at `other ward` wants `other word`");
        assert_eq!(stop("(?i)Disk FULL|quota used up", "QUOTA USED NOT"), "at `USED NOT` wants `used up`");
    }

    #[test]
    fn what_fails_at_its_beginning_only_is_told_from_there() {
        assert_eq!(
            stop("^ERROR: disk full", "10:00 WARN: disk full"),
            "`^ERROR: ` before `disk full`, not `10:00 WARN: `"
        );
        assert_eq!(stop("xyz", "abc"), "nothing, wants `xyz`");
    }

    #[test]
    fn words_are_those_spelled_out() {
        assert_eq!(words(r"fail(?:ed|ure) of (?<x>\w+) on [abc] Device", 3), ["device", "fail", "ure"]);
        assert_eq!(words(r"E\d{4}", 3), ["e"]);
    }

    #[test]
    fn long_patterns_are_followed_to_a_limit() {
        let pattern = "a".repeat(3 * STEP_LIMIT);
        let routes = routes(&pattern);
        assert_eq!(routes[0].steps.len(), STEP_LIMIT + 1);
        assert!(routes[0].reach(&[b'a'; 2 * STEP_LIMIT]).is_some());
    }
}
