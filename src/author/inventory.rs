//! What a book of rules has: by product, how many rules have which sections, and how many tests, remedies and facts there are.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::rule::{Expectation, Faultbook, Rule};

/// What stands for the product of rules that are about any.
const ANY: &str = "any";

/// What the rules of one product have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    /// Rules.
    pub rules: usize,
    /// Rules whose article has symptoms.
    pub symptoms: usize,
    /// Rules whose article has a cause.
    pub cause: usize,
    /// Rules whose article has prevention.
    pub prevention: usize,
    /// Rules with links to documentation.
    pub links: usize,
    /// Remedies.
    pub branches: usize,
    /// Facts that decide between them.
    pub facts: usize,
    /// Tests that expect a finding.
    pub matching: usize,
    /// Tests that expect none.
    pub near_misses: usize,
}

impl Inventory {
    fn add(&mut self, rule: &Rule) {
        let near_misses = rule.tests.iter().filter(|test| matches!(test.expect, Expectation::Nothing)).count();
        self.rules += 1;
        self.symptoms += usize::from(rule.symptoms.is_some());
        self.cause += usize::from(rule.cause.is_some());
        self.prevention += usize::from(rule.prevention.is_some());
        self.links += usize::from(!rule.links.is_empty());
        self.branches += rule.resolution.len();
        self.facts += rule.facts.len();
        self.near_misses += near_misses;
        self.matching += rule.tests.len() - near_misses;
    }
}

/// What the rules of each product have, by the product's name. A rule about several products counts for each of them.
pub fn by_product(faultbook: &Faultbook) -> BTreeMap<&str, Inventory> {
    let mut all: BTreeMap<&str, Inventory> = BTreeMap::new();
    for rule in faultbook.rules() {
        let mut products: Vec<&str> = rule.environment.iter().map(|entry| entry.product.as_str()).collect();
        products.sort_unstable();
        products.dedup();
        if products.is_empty() {
            products.push(ANY);
        }
        products.into_iter().for_each(|product| all.entry(product).or_default().add(rule));
    }
    all
}

/// The same as a table in Markdown, with a last row for all rules, each of which counts once there.
pub fn table(faultbook: &Faultbook) -> String {
    let mut total = Inventory::default();
    faultbook.rules().iter().for_each(|rule| total.add(rule));
    let mut text = String::from(
        "| Product | Rules | Symptoms | Cause | Prevention | Links | Remedies | Facts | Matching tests | Near misses |\n\
         |---|---|---|---|---|---|---|---|---|---|\n",
    );
    for (product, has) in by_product(faultbook).into_iter().chain([("**all**", total)]) {
        let Inventory { rules, symptoms, cause, prevention, links, branches, facts, matching, near_misses } = has;
        // a text takes whatever is written to it
        let _ = writeln!(
            text,
            "| {product} | {rules} | {symptoms} | {cause} | {prevention} | {links} | {branches} | {facts} | {matching} | {near_misses} |"
        );
    }
    text
}
