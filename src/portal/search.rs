//! Full-text search over articles: stemmed, forgiving one mistyped letter, with the places that match.
//!
//! The index is made in memory when the rules are loaded, and lives as long as they do. A query is words, never a language: whatever is
//! pasted is looked for.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use serde::Serialize;
use tantivy::collector::{DocSetCollector, TopDocs};
use tantivy::query::{BooleanQuery, BoostQuery, FuzzyTermQuery, Occur, Query, TermQuery};
use tantivy::schema::{FAST, Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::snippet::SnippetGenerator;
use tantivy::{DocAddress, Index, IndexReader, IndexWriter, TantivyDocument, Term};
use utoipa::ToSchema;

use crate::rule::{Expectation, Faultbook, Rule, RuleId};

/// Different words of a query that are looked for; a pasted log has thousands.
pub const QUERY_WORDS: usize = 48;
/// Characters of a shown excerpt.
const EXCERPT: usize = 180;
/// What fits less well than this part of the best is no answer to the query: it shares a common word.
const RELEVANT: f32 = 0.15;
/// Letters from which a word may have one that is wrong.
const FUZZY_LETTERS: usize = 5;
/// Bytes that tantivy may take while it writes; the least it allows.
const WRITER_BYTES: usize = 15_000_000;
/// The field with the place of a rule among the rules.
const PLACE: &str = "place";
/// The tokenizer: words in lower case, stemmed as English.
const WORDS: &str = "en_stem";
/// Words that every article has: to look for them says nothing, to mark them hides what was found. As they are after stemming.
const COMMON: [&str; 30] = [
    "a", "an", "and", "are", "as", "at", "be", "becaus", "been", "by", "for", "from", "has", "have", "in", "into",
    "is", "it", "its", "of", "on", "or", "that", "the", "this", "to", "was", "were", "which", "with",
];

/// An index of articles.
pub struct SearchIndex {
    index: Index,
    reader: IndexReader,
    fields: Fields,
}

/// What is indexed of an article, and how much a match there counts.
#[derive(Clone, Copy)]
struct Fields {
    /// Its place among the rules.
    place: Field,
    id: Field,
    title: Field,
    tags: Field,
    symptoms: Field,
    /// Cause, remedies, prevention.
    text: Field,
    /// Texts of the rule's own tests: how the failure looks in logs.
    samples: Field,
}

impl Fields {
    fn weighted(self) -> [(Field, f32); 6] {
        [
            (self.id, 8.0),
            (self.title, 4.0),
            (self.tags, 2.0),
            (self.symptoms, 1.5),
            (self.text, 1.0),
            (self.samples, 1.0),
        ]
    }
}

/// An article that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// The rule.
    pub rule: RuleId,
    /// How well it fits; comparable within one search only.
    pub score: f32,
}

/// What a query found.
pub struct Found {
    /// The articles, the best first.
    pub hits: Vec<Hit>,
    excerpts: SnippetGenerator,
}

impl Found {
    /// The piece of an article that fits the query best; its beginning if only the title does.
    pub fn excerpt(&self, rule: &Rule) -> Excerpt {
        let text = readable(&article_text(rule));
        let snippet = self.excerpts.snippet(&text);
        if snippet.is_empty() {
            return Excerpt::divided(&text.chars().take(EXCERPT).collect::<String>(), &[]);
        }
        Excerpt::divided(snippet.fragment(), snippet.highlighted())
    }
}

/// A piece of an article, divided where it matches.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Excerpt {
    /// All of it, in order.
    pub pieces: Vec<ExcerptPiece>,
}

/// A part of an excerpt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ExcerptPiece {
    /// The text.
    pub text: String,
    /// Whether the query asks for it.
    pub matches: bool,
}

impl Excerpt {
    /// Divides a text at what matches, ranges of bytes in ascending order.
    pub(crate) fn divided(text: &str, matches: &[Range<usize>]) -> Self {
        let mut pieces = Vec::new();
        let mut add = |range: Range<usize>, matches| match text.get(range) {
            None | Some("") => {}
            Some(text) => pieces.push(ExcerptPiece { text: text.to_owned(), matches }),
        };
        let mut end = 0;
        for range in matches {
            add(end..range.start, false);
            add(range.clone(), true);
            end = range.end;
        }
        add(end..text.len(), false);
        Self { pieces }
    }
}

impl SearchIndex {
    /// Indexes all articles of a faultbook. Cost: linear in their size.
    pub fn build(faultbook: &Faultbook) -> tantivy::Result<Self> {
        let mut schema = Schema::builder();
        let words = TextFieldIndexing::default().set_tokenizer(WORDS).set_index_option(IndexRecordOption::WithFreqs);
        let words = TextOptions::default().set_indexing_options(words);
        let fields = Fields {
            place: schema.add_u64_field(PLACE, FAST),
            id: schema.add_text_field("id", words.clone()),
            title: schema.add_text_field("title", words.clone()),
            tags: schema.add_text_field("tags", words.clone()),
            symptoms: schema.add_text_field("symptoms", words.clone()),
            text: schema.add_text_field("text", words.clone()),
            samples: schema.add_text_field("samples", words),
        };
        let index = Index::create_in_ram(schema.build());
        let mut writer: IndexWriter = index.writer_with_num_threads(1, WRITER_BYTES)?;
        for (place, rule) in faultbook.rules().iter().enumerate().filter(|(_, rule)| rule.is_looked_for()) {
            let mut document = TantivyDocument::default();
            document.add_u64(fields.place, place as u64);
            document.add_text(fields.id, &rule.id);
            document.add_text(fields.title, &rule.title);
            let products = rule.environment.iter().map(|entry| entry.product.as_str());
            document.add_text(
                fields.tags,
                products.chain(rule.tags.iter().map(String::as_str)).collect::<Vec<_>>().join(" "),
            );
            document.add_text(fields.symptoms, rule.symptoms.as_ref().map_or("", |text| text.source()));
            document.add_text(fields.text, article_text(rule));
            let samples = rule.tests.iter().filter(|test| matches!(test.expect, Expectation::Finding { .. }));
            samples.for_each(|test| document.add_text(fields.samples, &test.text));
            writer.add_document(document)?;
        }
        writer.commit()?;
        let reader = index.reader()?;
        Ok(Self { index, reader, fields })
    }

    /// The articles that fit a query, of those that `wanted` accepts, the best first: those with more of its words, in more telling places.
    pub fn search(&self, faultbook: &Faultbook, query: &str, wanted: impl Fn(&Rule) -> bool) -> tantivy::Result<Found> {
        let words = self.words(query)?;
        let searcher = self.reader.searcher();
        let mut having: HashMap<DocAddress, usize> = HashMap::new();
        for word in &words {
            let articles = searcher.search(word, &DocSetCollector)?;
            articles.into_iter().for_each(|address| *having.entry(address).or_default() += 1);
        }
        let (count, any) =
            (words.len(), BooleanQuery::union(words.into_iter().map(|word| Box::new(word) as _).collect()));
        // what is not wanted is left out afterwards: faultbooks are small enough
        let all = TopDocs::with_limit(faultbook.rules().len().max(1)).order_by_score();
        let mut found = searcher.search(&any, &all)?;
        // an article with all words of the query is better than one with a single word in its title
        for (score, address) in &mut found {
            *score *= having.get(address).copied().unwrap_or_default() as f32 / count as f32;
        }
        found.sort_by(|(a, of_a), (b, of_b)| b.total_cmp(a).then(of_a.cmp(of_b)));
        let places = searcher.segment_readers().iter().map(|segment| segment.fast_fields().u64(PLACE));
        let places = places.collect::<tantivy::Result<Vec<_>>>()?;
        let mut excerpts = SnippetGenerator::create(&searcher, &any, self.fields.text)?;
        excerpts.set_max_num_chars(EXCERPT);
        let mut hits: Vec<Hit> = Vec::new();
        for (score, address) in found {
            let column = places.get(address.segment_ord as usize);
            let Some(place) = column.and_then(|places| places.first(address.doc_id)) else { continue };
            let rule = RuleId::new(place as usize);
            if !faultbook.rules().get(place as usize).is_some_and(&wanted) {
                continue;
            }
            if hits.first().is_some_and(|best| score < best.score * RELEVANT) {
                break;
            }
            hits.push(Hit { rule, score });
        }
        Ok(Found { hits, excerpts })
    }

    /// The words of a query, each as a query of its own; those that are long enough may have one wrong letter.
    fn words(&self, text: &str) -> tantivy::Result<Vec<BooleanQuery>> {
        let mut tokenizer = self.index.tokenizer_for_field(self.fields.text)?;
        let mut words = BTreeSet::new();
        let mut stream = tokenizer.token_stream(text);
        while words.len() < QUERY_WORDS && stream.advance() {
            let word = &stream.token().text;
            // numbers are values, and values differ
            if word.len() > 1 && !COMMON.contains(&word.as_str()) && !word.bytes().all(|byte| byte.is_ascii_digit()) {
                words.insert(word.clone());
            }
        }
        let is_fuzzy = |word: &str| word.chars().count() >= FUZZY_LETTERS && words.len() <= QUERY_WORDS / 4;
        let query = |word: &String| {
            let mut places: Vec<(Occur, Box<dyn Query>)> = Vec::new();
            for (field, weight) in self.fields.weighted() {
                let term = Term::from_field_text(field, word);
                let exact = TermQuery::new(term.clone(), IndexRecordOption::WithFreqs);
                places.push((Occur::Should, Box::new(BoostQuery::new(Box::new(exact), weight))));
                if is_fuzzy(word) {
                    let near = FuzzyTermQuery::new(term, 1, true);
                    places.push((Occur::Should, Box::new(BoostQuery::new(Box::new(near), weight / 4.0))));
                }
            }
            BooleanQuery::new(places)
        };
        Ok(words.iter().map(query).collect())
    }
}

/// The beginning of an article as excerpts show it.
pub(crate) fn beginning_of(rule: &Rule) -> String {
    readable(&article_text(rule)).chars().take(EXCERPT).collect()
}

/// The text of an article as its author wrote it, in reading order.
fn article_text(rule: &Rule) -> String {
    let branches = rule.resolution.iter().flat_map(|branch| [branch.title.as_str(), branch.text.source()]);
    let sections = [&rule.symptoms, &rule.cause].into_iter().flatten().map(|text| text.source());
    let prevention = rule.prevention.as_ref().map(|text| text.source());
    sections.chain(branches).chain(prevention).collect::<Vec<_>>().join("\n")
}

/// The text of an article as excerpts show it: names for what the case tells, without conditions and without signs of layout.
fn readable(source: &str) -> String {
    let mut text = String::with_capacity(source.len());
    let mut rest = source;
    while let Some((before, tag)) = rest.split_once('{') {
        text.push_str(before);
        let parts = |open, close| tag.strip_prefix(open)?.split_once(close);
        if let Some((value, after)) = parts('{', "}}") {
            let name = value.split('|').next().unwrap_or_default();
            text.extend(["<", name.trim_matches(['-', ' ', '\n']), ">"]);
            rest = after;
        } else if let Some((_, after)) = parts('%', "%}").or_else(|| parts('#', "#}")) {
            text.push(' ');
            rest = after;
        } else {
            text.push('{');
            rest = tag;
        }
    }
    text.push_str(rest);
    let plain = text.replace("**", "").replace('`', "");
    plain.split_whitespace().filter(|word| *word != ">").collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::Audience;

    #[test]
    fn excerpts_have_no_signs_of_templates() {
        let source = "**{{ customer | upper }}** at\n> `{{- host -}}`{% if a %} has {b} {# note #}{{ open";
        assert_eq!(readable(source), "<customer> at <host> has {b} {{ open");
    }

    #[test]
    fn words_that_every_article_has_are_not_looked_for() {
        assert!(found("the of was because").is_empty());
    }

    fn found(query: &str) -> Vec<String> {
        let faultbook = Faultbook::shipped();
        let index = SearchIndex::build(&faultbook).unwrap();
        let found = index.search(&faultbook, query, |rule| rule.audience == Audience::Public).unwrap();
        found.hits.iter().map(|hit| faultbook.rule(hit.rule).id.clone()).collect()
    }

    #[test]
    fn words_are_stemmed_and_a_wrong_letter_is_forgiven() {
        for query in ["certificates expiring", "certifcate expired", "TLS certificate expired"] {
            assert_eq!(found(query)[0], "tls-certificate-expired", "{query}");
        }
        assert_eq!(found("KB115850"), ["KB115850"]);
    }

    #[test]
    fn what_has_more_words_of_the_query_comes_first() {
        for (query, expected) in [
            ("subdomain already in use", "KB115850"),
            ("kubernetes pod crash loop", "k8s-crashloop-backoff"),
            ("file system is full", "linux-disk-full"),
            ("oom killer", "linux-oom-killer"),
            ("too many open files", "linux-too-many-open-files"),
            ("postgres password authentication failed", "postgresql-password-failed"),
            ("docker port already in use", "docker-host-port-taken"),
            ("kubernetes certificate expired", "k8s-certificate-expired"),
            ("ssh brute force", "openssh-brute-force"),
            ("kafka consumer heartbeat", "kafka-consumer-heartbeat-lost"),
            ("mysql has too many connections", "mysql-too-many-connections"),
            ("image pull error", "k8s-image-pull-backoff"),
        ] {
            assert_eq!(found(query).first().map(String::as_str), Some(expected), "{query}: {:?}", &found(query));
        }
    }

    #[test]
    fn whatever_is_pasted_is_a_query() {
        for query in
            ["", "\"", "title:(a OR", "*", "+-&& || ! ( ) { } [ ] ^ \" ~ * ? : \\ /", "10.0.0.1 443", "\u{0}ß漢"]
        {
            found(query);
        }
        let log = "Nov 22 10:14:03 db02 kernel: Out of memory: Killed process 2817 (mysqld)\n".repeat(200);
        assert_eq!(found(&log)[0], "linux-oom-killer");
    }

    #[test]
    fn excerpts_say_where_they_match() {
        let faultbook = Faultbook::shipped();
        let index = SearchIndex::build(&faultbook).unwrap();
        let found = index.search(&faultbook, "inode", |_| true).unwrap();
        let excerpt = found.excerpt(faultbook.rule(found.hits[0].rule));
        let is_hit = |piece: &ExcerptPiece| piece.matches && piece.text.to_lowercase().starts_with("inode");
        assert!(excerpt.pieces.iter().any(is_hit), "{excerpt:?}");
    }
}
