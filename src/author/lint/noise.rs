//! The lint about patterns that match more than they should, tried on the samples of all other rules.
//!
//! The samples are laid side by side and searched for the needles of all signatures at once, so that the cost is that of one pass over
//! them. Only where the needles of another rule's signature occur in a sample are its regexes tried, and only where these match is the
//! sample diagnosed with that rule. Rules are tried as copies, so that what they compile is not kept. Signatures of whole files are
//! left out: samples are records.

use std::collections::{BTreeMap, HashMap};

use rayon::prelude::*;

use crate::author::lint::duplicates::fingerprint;
use crate::author::lint::{Book, are_linked};
use crate::author::sample::DEFAULT_PATH;
use crate::diagnose::{Diagnoser, Known};
use crate::rule::authored::Span;
use crate::rule::signature::{Leaf, Signature};
use crate::rule::{Code, Diagnostic, Expectation, Faultbook, Rule, RuleId, RuleTest, State};
use crate::scan::{Index, IndexPart, SignatureId};

/// Bytes of samples that are searched at a time.
const BATCH_BYTES: usize = 64 * 1024;
/// Samples that are diagnosed with one rule before it is left alone: the first that it applies to is told.
const TRIES: usize = 8;

/// A sample of a rule.
#[derive(Clone, Copy)]
struct Sample<'f> {
    rule: &'f Rule,
    test: &'f RuleTest,
}

impl<'f> Sample<'f> {
    fn path(&self) -> &'f str {
        self.test.file.as_deref().unwrap_or(DEFAULT_PATH)
    }

    fn is_near_miss(&self) -> bool {
        matches!(self.test.expect, Expectation::Nothing)
    }
}

/// Looks for rules of `tried` that apply to samples of others of the book.
pub(super) fn lint(book: &Book<'_>, tried: &Faultbook) -> Vec<Diagnostic> {
    let used = book.rules.iter().filter(|rule| rule.state != State::Archived);
    let samples: Vec<Sample<'_>> = used.flat_map(|rule| rule.tests.iter().map(|test| Sample { rule, test })).collect();
    let index = Index::build(tried);
    let mut by_path: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, sample) in samples.iter().enumerate() {
        by_path.entry(sample.path()).or_default().push(at);
    }
    let mut matched: Vec<(SignatureId, usize)> = by_path
        .into_par_iter()
        .flat_map(|(path, of_path)| {
            let part = index.part_for(path);
            let batches = batches(&samples, &of_path);
            batches.par_iter().flat_map_iter(|batch| search(&index, &part, &samples, batch)).collect::<Vec<_>>()
        })
        .collect();
    matched.sort_unstable();
    matched.dedup();
    let mut by_rule: BTreeMap<usize, Vec<(SignatureId, usize)>> = BTreeMap::new();
    for (id, sample) in matched {
        by_rule.entry(index.owner(id).0.index()).or_default().push((id, sample));
    }
    by_rule.into_par_iter().filter_map(|(rule, pairs)| noisy(book, &index, &samples, rule, pairs)).collect()
}

/// Samples in groups of about as many bytes.
fn batches(samples: &[Sample<'_>], of_path: &[usize]) -> Vec<Vec<usize>> {
    let mut batches = vec![Vec::new()];
    let mut bytes = 0;
    for &at in of_path {
        if bytes > BATCH_BYTES {
            batches.push(Vec::new());
            bytes = 0;
        }
        bytes += samples.get(at).map_or(0, |sample| sample.test.text.len() + 1);
        if let Some(last) = batches.last_mut() {
            last.push(at);
        }
    }
    batches
}

/// The signatures of other rules that may match samples of a batch.
fn search(
    index: &Index<'_>,
    part: &IndexPart<'_>,
    samples: &[Sample<'_>],
    batch: &[usize],
) -> Vec<(SignatureId, usize)> {
    let mut text = Vec::with_capacity(BATCH_BYTES * 2);
    let mut ends = Vec::with_capacity(batch.len());
    for sample in batch.iter().filter_map(|&at| samples.get(at)) {
        text.extend_from_slice(sample.test.text.as_bytes());
        text.push(b'\n'); // no needle has one
        ends.push(text.len());
    }
    let mut candidates: Vec<(SignatureId, usize)> = Vec::new();
    for (at, id) in part.hits(&text) {
        let within = ends.partition_point(|&end| end <= at);
        candidates.extend(batch.get(within).map(|&sample| (id, sample)));
    }
    if !part.every_record().is_empty() {
        for &at in batch {
            let Some(sample) = samples.get(at) else { continue };
            candidates.extend(part.without_needle(sample.test.text.as_bytes()).map(|id| (id, at)));
        }
    }
    candidates.sort_unstable();
    candidates.dedup();
    candidates.retain(|&(id, at)| {
        let Some(sample) = samples.get(at) else { return false };
        let rule = index.signature(id).0;
        let is_foreign = rule.id != sample.rule.id && !are_linked(rule, sample.rule);
        is_foreign && part.has_needles(id, sample.test.text.as_bytes())
    });
    candidates
}

/// Whether all that a signature requires is somewhere in a text, be it in different records.
fn could_match(signature: &Signature, text: &[u8]) -> bool {
    let holds = |leaf: &Leaf| match leaf {
        Leaf::Regex(pattern) => pattern.regex().is_some_and(|regex| regex.is_match(text)),
        Leaf::Contains(bytes) => memchr::memmem::find(text, bytes).is_some(),
    };
    signature.required.iter().all(|clause| clause.iter().any(holds))
}

/// The warning about a rule that applies to a sample of another one, if it does.
fn noisy(
    book: &Book<'_>,
    index: &Index<'_>,
    samples: &[Sample<'_>],
    rule: usize,
    mut pairs: Vec<(SignatureId, usize)>,
) -> Option<Diagnostic> {
    let id = RuleId::new(rule);
    let noisy = index.faultbook().rule(id);
    let copy = index.faultbook().alone(id);
    let alone = Index::of_rule(&copy, RuleId::new(0));
    pairs.retain(|&(signature, at)| {
        let own = copy.rules().first().and_then(|own| own.signatures.get(index.owner(signature).1));
        let sample = samples.get(at).map(|sample| sample.test.text.as_bytes());
        own.zip(sample).is_some_and(|(own, text)| could_match(own, text))
    });
    // told as a duplicate, or meant for another product
    pairs.retain(|&(signature, at)| {
        let print = fingerprint(index.signature(signature).1);
        samples.get(at).is_some_and(|sample| sample.rule.signatures.iter().all(|other| fingerprint(other) != print))
    });
    // near misses first: those are surely no such failure
    pairs.sort_by_key(|&(signature, at)| (samples.get(at).is_some_and(|sample| !sample.is_near_miss()), at, signature));
    pairs.dedup_by_key(|(_, at)| *at);
    let diagnoser = Diagnoser::new(&alone);
    let applies = |sample: &Sample<'_>| {
        let mut known = Known::default();
        sample.test.products.iter().for_each(|(product, version)| known.set_product(product, version.as_str()));
        let diagnosis = diagnoser.diagnose_text(sample.path(), &sample.test.text, &known);
        !diagnosis.findings.is_empty()
    };
    let tried = pairs.iter().take(TRIES);
    let (signature, sample) =
        tried.filter_map(|&(signature, at)| Some((signature, samples.get(at)?))).find(|(_, sample)| applies(sample))?;
    let name = &index.signature(signature).1.name;
    let (page, others) = (book.page(noisy), book.page(sample.rule));
    let what = if sample.is_near_miss() { "a near miss" } else { "a sample" };
    let title = format!("`{name}` also matches {what} of {}: {}", sample.rule.id, sample.test.name);
    let more = match pairs.len().saturating_sub(1) {
        0 => String::new(),
        1 => "; it may match another sample, too".to_owned(),
        more => format!("; it may match {more} other samples, too"),
    };
    let help = format!(
        "make it narrower{more}; if both rules are right about the text, name `{}` under `related` or `supersedes`",
        sample.rule.id
    );
    let start = others.file().offset(sample.test.position.line, sample.test.position.column);
    let place = Span::new(start..start + others.file().text().get(start..).map_or(0, first_line));
    Some(
        page.warning(Code::NoisyPattern, title, page.signature(name), "matches the sample of another rule")
            .at(others.file(), place, "this sample")
            .help(help),
    )
}

fn first_line(text: &str) -> usize {
    text.find(['\n', '\r']).unwrap_or(text.len())
}
