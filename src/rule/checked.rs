//! The checked rule: every regex parses, every name resolves, every text compiles. Built by `check` only.

use jiff::civil::Date;

use crate::rule::authored::Position;
use crate::rule::condition::Condition;
use crate::rule::correlation::{Correlation, Watch};
use crate::rule::fact::{Fact, FactValue};
use crate::rule::overlay::{OverlaySource, RuleOverlay};
use crate::rule::signature::Signature;
use crate::rule::text::Text;
use crate::rule::version::VersionRange;
use crate::rule::vocabulary::{Audience, Severity, State};

/// One knowledge-base article that knows when it applies.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The article's number or name, unique in the faultbook.
    pub id: String,
    /// The failure in one line.
    pub title: String,
    /// How bad the failure is; what an overlay says goes before what the rule says.
    pub severity: Severity,
    /// How far the article may be trusted.
    pub state: State,
    /// Who may be shown the answer.
    pub audience: Audience,
    /// When the article was written.
    pub created: Option<Date>,
    /// When somebody last confirmed it.
    pub reviewed: Option<Date>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Free words to select rules by.
    pub tags: Vec<String>,
    /// Ids of articles worth reading too.
    pub related: Vec<String>,
    /// Documentation to read on.
    pub links: Vec<Link>,
    /// The products the article is about; any of them. Empty: all.
    pub environment: Vec<Environment>,
    /// The signatures; the first is the subject. Empty only if the condition can hold without.
    pub signatures: Vec<Signature>,
    /// The correlations, each behind those that it rests on, otherwise in the order written.
    pub correlations: Vec<Correlation>,
    /// For each signature what correlations need of it. Empty without correlations.
    pub(crate) watches: Vec<Option<Watch>>,
    /// The positions of the correlations that the condition names, itself or through facts.
    pub condition_correlations: Vec<usize>,
    /// The facts in the order written.
    pub facts: Vec<Fact>,
    /// When the rule applies.
    pub condition: Condition,
    /// Whether the condition can hold in a case in which no signature matched.
    pub holds_without_match: bool,
    /// The captures of the subject that tell failures apart; `None`: all required ones.
    pub identity: Option<Vec<String>>,
    /// Ids of rules whose findings this one replaces.
    pub supersedes: Vec<String>,
    /// Reported only for records that no other rule explains.
    pub fallback: bool,
    /// Order among findings, higher first.
    pub priority: i64,
    /// What the reader sees happening.
    pub symptoms: Option<Text>,
    /// Why it happens.
    pub cause: Option<Text>,
    /// What to do: the remedies, of which the facts decide. A resolution of one text is one branch without title; empty when
    /// the article names no remedy.
    pub resolution: Vec<Branch>,
    /// How to keep it from happening again.
    pub prevention: Option<Text>,
    /// The rule's own samples.
    pub tests: Vec<RuleTest>,
    /// The file the rule was read from, as diagnostics show it.
    pub path: String,
    /// What overlays change about it; `None` when it is as written.
    pub overlay: Option<Box<RuleOverlay>>,
}

impl Rule {
    /// Whether a capture of the signature at `index` may be used by its plain name, because no other signature has it.
    pub fn is_plain(&self, index: usize, capture: &str) -> bool {
        self.signatures.iter().enumerate().all(|(other, signature)| {
            other == index
                || !signature.captures().contains(&capture) && !signature.optional_captures().contains(&capture)
        })
    }

    /// Whether cases are searched for it: it is neither archived nor switched off by an overlay.
    pub fn is_looked_for(&self) -> bool {
        self.state != State::Archived && self.switched_off().is_none()
    }

    /// Who switched it off.
    pub fn switched_off(&self) -> Option<&OverlaySource> {
        self.overlay.as_ref()?.off.as_ref()
    }

    /// Takes back what overlays have changed.
    pub(crate) fn without_overlay(&mut self) {
        if let Some((severity, _)) = self.overlay.take().and_then(|overlay| overlay.severity) {
            self.severity = severity;
        }
    }

    /// The fact with this name.
    pub fn fact(&self, name: &str) -> Option<&Fact> {
        self.facts.iter().find(|fact| fact.name == name)
    }
}

/// A reference to documentation.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "portal", derive(utoipa::ToSchema))]
pub struct Link {
    /// What the reader sees.
    pub title: String,
    /// An `http`, `https` or `mailto` address, if there is one.
    pub url: Option<String>,
}

/// A product and which versions of it an article is about.
#[derive(Clone, Debug)]
pub struct Environment {
    /// The product's name, as given by `--product`.
    pub product: String,
    /// Any version when `None`.
    pub version: Option<VersionRange>,
}

/// One remedy.
#[derive(Clone, Debug)]
pub struct Branch {
    /// When it is the right one; always when `None`.
    pub when: Option<Condition>,
    /// Its heading; empty for a resolution of one text.
    pub title: String,
    /// The remedy.
    pub text: Text,
}

/// A sample of a rule with what it must give.
#[derive(Clone, Debug)]
pub struct RuleTest {
    /// What the sample shows.
    pub name: String,
    /// Where it is written, for failures.
    pub position: Position,
    /// The text to diagnose.
    pub text: String,
    /// The path the text pretends to have inside the case.
    pub file: Option<String>,
    /// Facts known about the case.
    pub facts: Vec<(String, FactValue)>,
    /// Products and their versions.
    pub products: Vec<(String, String)>,
    /// What must come out.
    pub expect: Expectation,
}

/// What a test expects.
#[derive(Clone, Debug)]
pub enum Expectation {
    /// The rule must not apply.
    Nothing,
    /// The rule must apply, with these particulars.
    Finding {
        /// Captures of the first finding and their values.
        captures: Vec<(String, String)>,
        /// The titles of the branches shown, in order.
        resolution: Option<Vec<String>>,
        /// The facts asked for, in order.
        questions: Option<Vec<String>>,
        /// How many records were found.
        count: Option<u64>,
    },
}
