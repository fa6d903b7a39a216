//! A rule as its author wrote it: the keys of the YAML file, typed, each with its place.
//!
//! [`RuleFile::read`] is the only thing that sees YAML; it stands in `read_file`. What the values mean (regexes, expressions,
//! names) is checked when `check` turns this into a [`super::Rule`].

use crate::rule::authored::{Located, Span};
use crate::rule::vocabulary::{Audience, Comparator, CorrelationKind, FactType, Severity, State};
use crate::rule::yaml::Node;

/// One rule file.
#[derive(Clone, Debug, Default)]
pub struct RuleFile {
    /// The article's number or name, unique in the faultbook.
    pub id: Option<Located<String>>,
    /// The failure in one line.
    pub title: Option<Located<String>>,
    /// How bad; `error` when left out.
    pub severity: Option<Severity>,
    /// KCS confidence; `draft` when left out.
    pub state: Option<State>,
    /// Who may see the answer; `internal` when left out, so that nothing is published by oversight.
    pub audience: Option<Audience>,
    /// When the article was written.
    pub created: Option<jiff::civil::Date>,
    /// When somebody last confirmed it.
    pub reviewed: Option<jiff::civil::Date>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Free words to select rules by.
    pub tags: Vec<String>,
    /// Ids of articles worth reading too; they need not be in this faultbook.
    pub related: Vec<String>,
    /// Documentation to read on.
    pub links: Vec<LinkFile>,
    /// The products the article is about; any of them.
    pub environment: Vec<EnvironmentFile>,
    /// The signatures in the order written; the first is the subject.
    pub signatures: Vec<SignatureFile>,
    /// The correlations in the order written.
    pub correlations: Vec<CorrelationFile>,
    /// The facts in the order written.
    pub facts: Vec<FactFile>,
    /// When the rule applies.
    pub condition: Option<Located<String>>,
    /// Which captures tell one failure from another.
    pub identity: Option<Vec<Located<String>>>,
    /// Ids of rules whose findings this one replaces.
    pub supersedes: Vec<Located<String>>,
    /// Whether to report only records that no other rule explains.
    pub fallback: bool,
    /// Order among findings, higher first.
    pub priority: i64,
    /// What the reader sees happening.
    pub symptoms: Option<Located<String>>,
    /// Why it happens.
    pub cause: Option<Located<String>>,
    /// What to do.
    pub resolution: ResolutionFile,
    /// How to keep it from happening again.
    pub prevention: Option<Located<String>>,
    /// The names of warnings that are as they should be in this rule.
    pub allow: Vec<Located<String>>,
    /// The rule's own samples.
    pub tests: Vec<TestFile>,
    /// Whether a part of `tests` could not be read, so that a missing sample may be one of these.
    pub tests_have_faults: bool,
}

/// A reference to documentation.
#[derive(Clone, Debug)]
pub struct LinkFile {
    /// What the reader sees.
    pub title: Located<String>,
    /// Where it leads, if it can be reached by a link.
    pub url: Option<Located<String>>,
}

/// A product and which versions of it.
#[derive(Clone, Debug)]
pub struct EnvironmentFile {
    /// The product's name, as given by `--product`.
    pub product: Located<String>,
    /// A version range; any version when left out.
    pub version: Option<Located<String>>,
}

/// A named test of one record.
#[derive(Clone, Debug)]
pub struct SignatureFile {
    /// The name conditions use.
    pub name: Located<String>,
    /// Where the whole signature stands.
    pub span: Span,
    /// Any of these regexes.
    pub regex: Vec<Located<String>>,
    /// Any of these substrings.
    pub contains: Vec<Located<String>>,
    /// Every one of these.
    pub all: Vec<LeafFile>,
    /// At least one of these.
    pub any: Vec<LeafFile>,
    /// Not one of these.
    pub none: Vec<LeafFile>,
    /// Regexes that add captures if they match; of each entry the first that does.
    pub optional: Vec<Vec<Located<String>>>,
    /// Glob over the path inside the case.
    pub file: Option<Located<String>>,
    /// Level names; one alone means "at least".
    pub level: Vec<Located<String>>,
    /// Whether `level` was written as a list.
    pub level_is_list: bool,
    /// How old a record may be.
    pub max_age: Option<Located<String>>,
    /// `file`: the whole file is the text.
    pub whole_file: bool,
    /// What captures mean.
    pub captures: Vec<(Located<String>, Located<String>)>,
    /// Whether a part could not be read, so that what seems to be missing may be there.
    pub has_faults: bool,
}

/// One member of `all`, `any` or `none`.
#[derive(Clone, Debug)]
pub struct LeafFile {
    /// Any of these regexes.
    pub regex: Vec<Located<String>>,
    /// Any of these substrings.
    pub contains: Vec<Located<String>>,
}

/// A named test of many records and their times.
#[derive(Clone, Debug)]
pub struct CorrelationFile {
    /// The name conditions use.
    pub name: Located<String>,
    /// What is looked for.
    pub kind: Option<CorrelationKind>,
    /// The signatures, or other correlations, whose records are looked at.
    pub signatures: Vec<Located<String>>,
    /// The capture whose values are counted.
    pub field: Option<Located<String>>,
    /// The captures that must be the same in all records.
    pub group_by: Vec<Located<String>>,
    /// How far apart the records may be.
    pub timespan: Option<Located<String>>,
    /// What the count is compared with; all must hold.
    pub comparisons: Vec<(Comparator, Located<u64>)>,
    /// For a name of `group_by` or `field`: by signature, the capture that is meant.
    pub aliases: Vec<AliasFile>,
    /// Whether a part could not be read, so that what seems to be missing may be there.
    pub has_faults: bool,
}

/// What a name means where signatures name the same thing differently.
#[derive(Clone, Debug)]
pub struct AliasFile {
    /// The name, one of `group_by` or `field`.
    pub name: Located<String>,
    /// Signatures, each with the capture that is meant.
    pub meant: Vec<(Located<String>, Located<String>)>,
}

/// What a rule wants to know about the case.
#[derive(Clone, Debug)]
pub struct FactFile {
    /// The name conditions and texts use.
    pub name: Located<String>,
    /// What it means.
    pub about: Option<String>,
    /// Its type; `string` when left out (`one-of` when `values` are given).
    pub kind: Option<FactType>,
    /// The choices of a `one-of`.
    pub values: Vec<Located<String>>,
    /// Where in the sources of a case its value stands.
    pub extract: Vec<ExtractFile>,
    /// Which cell of a table is its value.
    pub lookup: Option<LookupFile>,
    /// An expression that gives its value.
    pub derive: Option<Located<String>>,
    /// The question to a person.
    pub ask: Option<String>,
}

/// A place in the sources of a case.
#[derive(Clone, Debug)]
pub struct ExtractFile {
    /// The entry as a whole.
    pub span: Span,
    /// Which sources.
    pub file: Option<Located<String>>,
    /// A regex of which a capture is the value.
    pub regex: Option<Located<String>>,
    /// The place in a JSON or YAML document.
    pub jsonpath: Option<Located<String>>,
    /// Whether something in it could not be read, which has been reported.
    pub has_faults: bool,
}

/// Which cell of a table is the value of a fact.
#[derive(Clone, Debug)]
pub struct LookupFile {
    /// The table's name.
    pub table: Located<String>,
    /// The fact or capture whose value is a key of the table.
    pub by: Located<String>,
    /// The column with the value; may be left out where there is only one.
    pub column: Option<Located<String>>,
}

/// What to do: one text or branches.
#[derive(Clone, Debug, Default)]
pub enum ResolutionFile {
    /// Left out.
    #[default]
    None,
    /// One remedy for every case.
    Text(Located<String>),
    /// Several, of which the facts decide.
    Branches(Vec<BranchFile>),
}

/// One remedy of several.
#[derive(Clone, Debug)]
pub struct BranchFile {
    /// When it is the right one; always when left out.
    pub when: Option<Located<String>>,
    /// Its heading, unique within the rule.
    pub title: Located<String>,
    /// The remedy.
    pub body: Option<BodyFile>,
}

/// Where the text of a branch is.
#[derive(Clone, Debug)]
pub enum BodyFile {
    /// In the rule.
    Text(Located<String>),
    /// In a file below `templates/`, named by its path there.
    Template(Located<String>),
}

/// A sample with what it must give.
#[derive(Clone, Debug)]
pub struct TestFile {
    /// What the sample shows.
    pub name: Located<String>,
    /// The text to diagnose.
    pub text: String,
    /// The path the text pretends to have inside the case.
    pub file: Option<String>,
    /// Facts known about the case.
    pub facts: Vec<(Located<String>, Located<Node>)>,
    /// Products and their versions.
    pub products: Vec<(Located<String>, Located<Node>)>,
    /// What must come out.
    pub expect: ExpectFile,
}

/// What a test expects.
#[derive(Clone, Debug)]
pub enum ExpectFile {
    /// The rule must not apply.
    Nothing,
    /// The rule must apply, with these particulars.
    Finding {
        /// Captures and their values.
        captures: Vec<(Located<String>, Located<String>)>,
        /// The titles of the branches shown, in order; not looked at when `None`.
        resolution: Option<Vec<Located<String>>>,
        /// The facts asked for, in order; not looked at when `None`.
        questions: Option<Vec<Located<String>>>,
        /// How many records; not looked at when `None`.
        count: Option<u64>,
    },
}
