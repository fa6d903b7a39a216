//! The articles that a text is nearest to when no rule applies: those that share its rarest words.
//!
//! [`search`](super::search) is for people who ask in their own words, and may take its time. This is asked with every text that no rule
//! knows, which are most: it looks at few words of the text, those that fewest articles have, as they are written.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;

use crate::portal::search::{Excerpt, beginning_of};
use crate::rule::{Expectation, Faultbook, Rule, RuleId};

/// Bytes of a word; shorter ones say little, longer ones are values.
const WORD_BYTES: std::ops::RangeInclusive<usize> = 3..=40;
/// Words of a text by which articles are looked for.
const WORDS: usize = 12;
/// Articles that are weighed for them; a word that too many share is left out.
const WEIGHED: usize = 256;
/// A word that more than one article of so many has says nothing, unless the faultbook is small.
const COMMON_SHARE: usize = 16;
/// The most articles that may share a word in a small faultbook.
const SHARED_BY_FEW: usize = 2;
/// What fits less well than this part of the best shares a word by chance.
const RELEVANT: f32 = 0.3;

/// Which words which articles have.
pub struct NearestIndex {
    /// The articles of each word, by the word's hash.
    words: HashMap<u64, Range<u32>, BuildHasherDefault<AsItIs>>,
    articles: Vec<WordIn>,
    /// The beginning of each article, as it is shown, by its place among the rules.
    beginnings: Vec<String>,
}

/// A word in an article.
#[derive(Clone, Copy)]
struct WordIn {
    /// The article's place among the rules.
    place: u32,
    /// How much it says there.
    weight: f32,
}

/// An article that is near a text, and its beginning with the words that it shares.
pub struct Near {
    /// The rule.
    pub rule: RuleId,
    /// What is shown of it.
    pub excerpt: Excerpt,
}

impl NearestIndex {
    /// Indexes all articles of a faultbook. Cost: linear in their size.
    pub fn build(faultbook: &Faultbook) -> Self {
        let mut by_word: BTreeMap<u64, Vec<WordIn>> = BTreeMap::new();
        for (place, rule) in (0..).zip(faultbook.rules()).filter(|(_, rule)| rule.is_looked_for()) {
            for (word, weight) in weighted_words(rule) {
                by_word.entry(word).or_default().push(WordIn { place, weight });
            }
        }
        let most = (faultbook.rules().len() / COMMON_SHARE).max(SHARED_BY_FEW);
        let mut index = Self {
            words: HashMap::default(),
            articles: Vec::new(),
            beginnings: Vec::with_capacity(faultbook.rules().len()),
        };
        for (word, articles) in by_word.into_iter().filter(|(_, articles)| articles.len() <= most) {
            let begin = index.articles.len() as u32;
            index.articles.extend(articles);
            index.words.insert(word, begin..index.articles.len() as u32);
        }
        index.beginnings.extend(faultbook.rules().iter().map(beginning_of));
        index
    }

    /// The few articles that a text is nearest to, of those that `wanted` accepts, the nearest first. Cost: linear in the text, and hardly
    /// more with more articles.
    pub fn nearest(&self, faultbook: &Faultbook, text: &str, most: usize, wanted: impl Fn(&Rule) -> bool) -> Vec<Near> {
        let words = self.rarest(text);
        let mut weights: Vec<(u32, f32)> = Vec::with_capacity(WEIGHED);
        for (_, articles) in &words {
            let articles = &self.articles[articles.start as usize..articles.end as usize];
            if !weights.is_empty() && weights.len() + articles.len() > WEIGHED {
                break;
            }
            // Robertson and Sparck Jones: what a word says falls with the articles that have it
            let says = (faultbook.rules().len() as f32 / articles.len() as f32).ln_1p();
            weights.extend(articles.iter().map(|word| (word.place, word.weight * says)));
        }
        weights.sort_unstable_by_key(|(place, _)| *place);
        let sum = |one: &[(u32, f32)]| (one[0].0, one.iter().map(|(_, weight)| weight).sum::<f32>());
        let mut near: Vec<(u32, f32)> = weights.chunk_by(|a, b| a.0 == b.0).map(sum).collect();
        near.sort_unstable_by(|(a, of_a), (b, of_b)| of_b.total_cmp(of_a).then(a.cmp(b)));
        let is_wanted = |(place, _): &(u32, f32)| faultbook.rules().get(*place as usize).is_some_and(&wanted);
        let mut near = near.into_iter().filter(is_wanted).take(most).peekable();
        let best = near.peek().map_or(0.0, |(_, weight)| *weight);
        let near = near.take_while(|(_, weight)| *weight >= best * RELEVANT);
        near.map(|(place, _)| Near { rule: RuleId::new(place as usize), excerpt: self.excerpt(place, &words) })
            .collect()
    }

    /// The words of a text that fewest articles have, the rarest first.
    fn rarest(&self, text: &str) -> Vec<(u64, Range<u32>)> {
        let mut words: Vec<(u64, Range<u32>)> = words(text)
            .filter_map(|(_, word)| self.words.get_key_value(&word))
            .map(|(word, articles)| (*word, articles.clone()))
            .collect();
        words.sort_unstable_by_key(|(word, articles)| (articles.len(), *word));
        words.dedup();
        words.truncate(WORDS);
        words
    }

    /// The beginning of an article, divided at these words.
    fn excerpt(&self, place: u32, wanted: &[(u64, Range<u32>)]) -> Excerpt {
        let text = self.beginnings.get(place as usize).map_or("", String::as_str);
        let hits = words(text).filter(|(_, word)| wanted.iter().any(|(other, _)| other == word));
        Excerpt::divided(text, &hits.map(|(range, _)| range).collect::<Vec<_>>())
    }
}

/// The words of an article, each with the weight of the most telling place where it stands.
fn weighted_words(rule: &Rule) -> BTreeMap<u64, f32> {
    let mut weighted = BTreeMap::new();
    let mut add = |text: &str, weight: f32| {
        for (_, word) in words(text) {
            let known = weighted.entry(word).or_insert(weight);
            *known = known.max(weight);
        }
    };
    add(&rule.id, 4.0);
    add(&rule.title, 3.0);
    rule.tags.iter().for_each(|tag| add(tag, 2.0));
    let samples = rule.tests.iter().filter(|test| matches!(test.expect, Expectation::Finding { .. }));
    samples.for_each(|test| add(&test.text, 2.0));
    rule.symptoms.iter().for_each(|text| add(text.source(), 1.5));
    rule.cause.iter().for_each(|text| add(text.source(), 1.0));
    weighted
}

/// The words of a text, where they stand, and a hash of each in lower case.
fn words(text: &str) -> impl Iterator<Item = (Range<usize>, u64)> + '_ {
    let bytes = text.as_bytes();
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80;
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let begin = at + bytes.get(at..)?.iter().position(is_word)?;
            let (mut hash, mut is_number) = (0xcbf2_9ce4_8422_2325_u64, true);
            at = begin;
            while let Some(byte) = bytes.get(at).filter(|byte| is_word(byte)) {
                // FNV-1a: words are short
                hash = (hash ^ u64::from(byte.to_ascii_lowercase())).wrapping_mul(0x0000_0100_0000_01b3);
                is_number &= byte.is_ascii_digit();
                at += 1;
            }
            // numbers are values, and values differ
            if WORD_BYTES.contains(&(at - begin)) && !is_number {
                return Some((begin..at, hash));
            }
        }
    })
}

/// Takes hashes for what they are.
#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = self.0.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(text: &str) -> Vec<String> {
        let faultbook = Faultbook::shipped();
        let index = NearestIndex::build(&faultbook);
        let near = index.nearest(&faultbook, text, 5, |_| true);
        near.iter().map(|near| faultbook.rule(near.rule).id.clone()).collect()
    }

    #[test]
    fn words_are_told_without_values() {
        let text = "Größe of PID 2817: a b_c, x";
        let told: Vec<&str> = words(text).map(|(range, _)| &text[range]).collect();
        assert_eq!(told, ["Größe", "PID", "b_c"]);
        assert_eq!(words("OOM").next().unwrap().1, words(" oom ").next().unwrap().1);
        assert_eq!(words("").count() + words("12 34567").count() + words(&"x".repeat(100)).count(), 0);
    }

    #[test]
    fn a_text_is_nearest_to_articles_with_its_rare_words() {
        assert_eq!(near("the oom-killer took my mysqld")[0], "linux-oom-killer");
        assert_eq!(near("ExecutorLost in the shuffle of a FetchFailedException")[0], "spark-fetch-failed");
        for nothing in ["", "the of and", "漢字", "\u{0}", "1 2 3"] {
            assert!(near(nothing).is_empty(), "{nothing}");
        }
    }

    #[test]
    fn excerpts_mark_the_words_that_are_shared() {
        let faultbook = Faultbook::shipped();
        let index = NearestIndex::build(&faultbook);
        let near = index.nearest(&faultbook, "inode table is exhausted, no inodes", 1, |_| true);
        let pieces = &near[0].excerpt.pieces;
        assert!(pieces.iter().any(|piece| piece.matches) && pieces.iter().any(|piece| !piece.matches), "{pieces:?}");
    }
}
