//! The checks of the tests that a rule carries: what they state and expect must be things the rule has.

use crate::rule::authored::{Located, Span};
use crate::rule::check_parts::PartChecker;
use crate::rule::checked::{Expectation, RuleTest};
use crate::rule::diagnostic::{Code, Diagnostic, suggest};
use crate::rule::fact::{Fact, FactValue};
use crate::rule::file::{ExpectFile, ResolutionFile, RuleFile, TestFile};
use crate::rule::signature::Signature;
use crate::rule::yaml::Node;

fn is_several(node: &Node) -> bool {
    matches!(node, Node::List(_) | Node::Map(_))
}

/// Checks the tests of one rule.
pub(crate) struct TestChecker<'r, 'f> {
    pub(crate) parts: &'r mut PartChecker<'f>,
    pub(crate) written: &'r RuleFile,
    pub(crate) signatures: &'r [Signature],
    pub(crate) facts: &'r [Fact],
}

impl<'r> TestChecker<'r, '_> {
    /// The tests that can run; what is wrong with the others is reported.
    pub(crate) fn tests(mut self) -> Vec<RuleTest> {
        self.samples_of_both_kinds();
        self.written.tests.iter().map(|test| self.test(test)).collect()
    }

    fn samples_of_both_kinds(&mut self) {
        if self.written.tests_have_faults {
            return; // the sample that seems to be missing may be there
        }
        let tests = &self.written.tests;
        let matches = tests.iter().any(|test| matches!(test.expect, ExpectFile::Finding { .. }));
        let misses = tests.iter().any(|test| matches!(test.expect, ExpectFile::Nothing));
        let place = self.written.id.as_ref().map_or(Span::default(), |id| id.span);
        for (present, what, example) in [
            (matches, "a sample that matches", "expect: { captures: {} }"),
            (misses, "a near miss that does not match", "expect: nothing"),
        ] {
            if !present {
                let title = format!("the rule has no test with {what}");
                let diagnostic = Diagnostic::warning(Code::MissingTest, title)
                    .at(self.parts.file, place, "this rule")
                    .help(format!("add one under `tests:` with `{example}`"));
                self.parts.diagnostics.push(diagnostic);
            }
        }
    }

    fn test(&mut self, test: &TestFile) -> RuleTest {
        for (_, version) in test.products.iter().filter(|(_, version)| is_several(&version.value)) {
            let title = "a product has one version";
            self.parts.error(Code::BadTest, version.span, title, "not a single value", None);
        }
        let products = test.products.iter();
        RuleTest {
            name: test.name.value.clone(),
            position: self.parts.file.position(test.name.span.start),
            text: test.text.clone(),
            file: test.file.clone(),
            facts: self.known_facts(test),
            products: products.filter_map(|(name, value)| Some((name.value.clone(), value.value.scalar()?))).collect(),
            expect: self.expectation(&test.expect),
        }
    }

    fn known_facts(&mut self, test: &TestFile) -> Vec<(String, FactValue)> {
        let mut known = Vec::new();
        for (name, value) in &test.facts {
            let Some(fact) = self.facts.iter().find(|fact| fact.name == name.value) else {
                let help = suggest(&name.value, &self.fact_names());
                let title = format!("the rule has no fact `{}`", name.value);
                self.parts.error(Code::BadTest, name.span, title, "not a fact", help);
                continue;
            };
            let mut error = |title: String, label| self.parts.error(Code::BadTest, value.span, title, label, None);
            match FactValue::from_node(&value.value).map(|value| fact.accept(&value)) {
                Some(Ok(value)) => known.push((name.value.clone(), value)),
                Some(Err(fault)) => error(fault.to_string(), "does not fit"),
                None => error("a fact has one value".to_owned(), "not a single value"),
            }
        }
        known
    }

    fn expectation(&mut self, expect: &ExpectFile) -> Expectation {
        let ExpectFile::Finding { captures, resolution, questions, count } = expect else {
            return Expectation::Nothing;
        };
        let lost = self.parts.lost_captures.clone();
        let of_signature = |signature| Signature::captures(signature).into_iter().chain(signature.optional_captures());
        let capture_names = self.signatures.iter().flat_map(of_signature).chain(lost.iter().map(String::as_str));
        let group_names = self.written.correlations.iter().flat_map(|correlation| &correlation.group_by);
        let capture_names = capture_names.chain(group_names.map(|name| name.value.as_str()));
        self.only(captures.iter().map(|(name, _)| name), &capture_names.collect::<Vec<_>>(), "a capture");
        let titles = match &self.written.resolution {
            ResolutionFile::Branches(branches) => branches.iter().map(|branch| branch.title.value.as_str()).collect(),
            ResolutionFile::None | ResolutionFile::Text(_) => Vec::new(),
        };
        self.only(resolution.iter().flatten(), &titles, "the title of a resolution branch");
        self.only(questions.iter().flatten(), &self.fact_names(), "a fact");
        let plain = |texts: &Vec<Located<String>>| texts.iter().map(|text| text.value.clone()).collect();
        Expectation::Finding {
            captures: captures.iter().map(|(name, value)| (name.value.clone(), value.value.clone())).collect(),
            resolution: resolution.as_ref().map(plain),
            questions: questions.as_ref().map(plain),
            count: *count,
        }
    }

    fn fact_names(&self) -> Vec<&'r str> {
        self.facts.iter().map(|fact| fact.name.as_str()).collect()
    }

    /// Reports expectations about things that the rule does not have.
    fn only<'a>(&mut self, given: impl Iterator<Item = &'a Located<String>>, known: &[&str], what: &str) {
        for name in given.filter(|name| !known.contains(&name.value.as_str())) {
            let title = format!("`{}` is not {what} of this rule", name.value);
            let help = suggest(&name.value, known).or_else(|| Some("the rule has none".to_owned()));
            self.parts.error(Code::BadTest, name.span, title, "not in this rule", help);
        }
    }
}
