//! Articles as readers choose among them: what is told of each, filters, and how many there are of each kind.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use utoipa::ToSchema;

use crate::portal::parameters::Parameters;
use crate::portal::problem::Problem;
use crate::rule::version::Version;
use crate::rule::{Audience, Rule, Severity};

/// The parameters that [`Filter::read`] takes.
pub(crate) const FILTERS: [&str; 4] = ["product", "version", "tag", "severity"];

/// Which articles are wanted.
#[derive(Clone, Debug)]
pub struct Filter {
    audience: Audience,
    product: Option<String>,
    version: Option<Version>,
    tags: Vec<String>,
    severities: Vec<Severity>,
}

impl Filter {
    /// All articles that an audience may see.
    pub fn of(audience: Audience) -> Self {
        Self { audience, product: None, version: None, tags: Vec::new(), severities: Vec::new() }
    }

    /// Reads the parameters [`FILTERS`]. Of several tags all are wanted, of several severities any.
    pub(crate) fn read(parameters: &Parameters, audience: Audience) -> Result<Self, Problem> {
        let severity =
            |word: &str| word.parse::<Severity>().map_err(|error| Problem::bad_request(format!("`severity`: {error}")));
        Ok(Self {
            audience,
            product: parameters.text("product")?.map(str::to_owned),
            version: parameters.parsed("version")?,
            tags: parameters.all("tag").map(str::to_owned).collect(),
            severities: parameters.all("severity").map(severity).collect::<Result<_, _>>()?,
        })
    }

    /// Whether an article is one of them. A version alone is compared with whatever products there are.
    pub fn accepts(&self, rule: &Rule) -> bool {
        let is_product = |entry: &crate::rule::Environment| {
            let is_named = self.product.as_ref().is_none_or(|product| entry.product.eq_ignore_ascii_case(product));
            let range = entry.version.as_ref();
            is_named && self.version.as_ref().is_none_or(|version| range.is_none_or(|range| range.contains(version)))
        };
        rule.is_looked_for()
            && rule.audience <= self.audience
            && (self.product.is_none() && (self.version.is_none() || rule.environment.is_empty())
                || rule.environment.iter().any(is_product))
            && self.tags.iter().all(|tag| rule.tags.iter().any(|own| own.eq_ignore_ascii_case(tag)))
            && (self.severities.is_empty() || self.severities.contains(&rule.severity))
    }
}

/// How many of some articles there are of each kind.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Facets<'a> {
    /// By product.
    pub products: Vec<Facet<'a>>,
    /// By tag.
    pub tags: Vec<Facet<'a>>,
    /// By severity, the worst first.
    pub severities: Vec<Facet<'a>>,
}

/// One kind.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Facet<'a> {
    /// What it is called in a filter.
    pub name: &'a str,
    /// How many.
    pub count: usize,
}

impl<'a> Facets<'a> {
    /// Counts; the most frequent products and tags come first.
    pub fn of(rules: impl Iterator<Item = &'a Rule>) -> Self {
        let (mut products, mut tags, mut severities) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for rule in rules {
            // of a product that is listed with two ranges of versions there is still one article
            for product in rule.environment.iter().map(|entry| entry.product.as_str()).collect::<BTreeSet<_>>() {
                *products.entry(product).or_insert(0) += 1;
            }
            for tag in &rule.tags {
                *tags.entry(tag.as_str()).or_insert(0) += 1;
            }
            *severities.entry(std::cmp::Reverse(rule.severity)).or_insert(0) += 1;
        }
        let severity = |(std::cmp::Reverse(severity), count): (std::cmp::Reverse<Severity>, usize)| Facet {
            name: severity.name(),
            count,
        };
        Self {
            products: by_count(products),
            tags: by_count(tags),
            severities: severities.into_iter().map(severity).collect(),
        }
    }
}

fn by_count(counts: BTreeMap<&str, usize>) -> Vec<Facet<'_>> {
    let mut facets: Vec<Facet<'_>> = counts.into_iter().map(|(name, count)| Facet { name, count }).collect();
    facets.sort_by_key(|facet| std::cmp::Reverse(facet.count));
    facets
}
