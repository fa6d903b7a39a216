//! Which keys may stand where, what they mean, and what kind of value they take, as an editor needs to know it.
//!
//! This is the only place of the language server that knows keys. [`Owner::at`] tells from the way to a mapping which keys it has;
//! a test makes sure that the readers take all of them.

use crate::author::language_server::outline::Step;
use crate::rule::limit_settings::LimitSettings;
use crate::rule::vocabulary::{Audience, FactType, Level, Severity, State};

/// What a value is written as, as far as something can be said about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Anything.
    Free,
    /// A text with placeholders.
    Article,
    /// An expression.
    Expression,
    /// A regex.
    Regex,
    /// One of some words.
    Choice(&'static [&'static str]),
    /// The id of a rule, or a list of ids.
    RuleId,
    /// The path of a template.
    Template,
    /// A capture of the first signature, in a list.
    Identity,
    /// The title of a branch, in a list.
    Branch,
    /// The name of a fact, in a list.
    Question,
    /// `nothing` or a mapping.
    Expect,
}

/// A key with its documentation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyDoc {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) kind: Kind,
}

/// A mapping of the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    Rule,
    Signature,
    Leaf,
    Optional,
    Fact,
    Link,
    Environment,
    Branch,
    Test,
    Expect,
    Settings,
    Source,
    Json,
    Defaults,
    Limits,
}

/// A mapping whose keys the author names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    Signatures,
    Facts,
    /// Facts that a test gives, each with a value.
    TestFacts,
    /// Captures that a test expects.
    TestCaptures,
}

macro_rules! keys {
    ($($name:literal $kind:expr => $about:literal,)+) => {
        &[$(KeyDoc { name: $name, about: $about, kind: $kind }),+]
    };
}

const BOOLEANS: &[&str] = &["true", "false"];
const SCOPES: &[&str] = &["record", "file"];

const RULE: &[KeyDoc] = keys! {
    "id" Kind::Free => "The article's number or name, unique in the faultbook: letters, digits, `-`, `_` and `.`. Required.",
    "title" Kind::Free => "The failure in one line. Required.",
    "severity" Kind::Choice(Severity::NAMES) => "How bad the failure is; `error` when left out.",
    "state" Kind::Choice(State::NAMES) => "How far the article may be trusted (KCS); `draft` when left out. An archived rule never applies.",
    "audience" Kind::Choice(Audience::NAMES) => "Who may be shown the answer; `internal` when left out.",
    "created" Kind::Free => "When the article was written, as in `2024-12-31`.",
    "reviewed" Kind::Free => "When somebody last confirmed it, as in `2024-12-31`.",
    "owner" Kind::Free => "Who answers for the article.",
    "tags" Kind::Free => "Free words to select rules by: a list.",
    "related" Kind::RuleId => "Ids of articles worth reading too; they need not be in this faultbook.",
    "links" Kind::Free => "Documentation to read on: a list of `title` and `url`.",
    "environment" Kind::Free => "The products the article is about, any of them: a list of `product` and `version`. A product that the case does not name is an open question.",
    "signatures" Kind::Free => "Named tests of one record. The first that matched is the subject of the rule: each distinct set of its captures is one failure.",
    "facts" Kind::Free => "What the rule wants to know about a case, by name.",
    "condition" Kind::Expression => "When the rule applies: an expression over signatures, captures and facts. May be left out with a single signature.",
    "identity" Kind::Identity => "Which captures of the first signature tell failures apart; all when left out.",
    "supersedes" Kind::RuleId => "Ids of rules whose findings this one replaces in the same case.",
    "fallback" Kind::Choice(BOOLEANS) => "Whether the rule is reported only for records that no other rule explains.",
    "priority" Kind::Free => "Order among findings, a whole number, higher first; then by severity and id.",
    "symptoms" Kind::Article => "What the reader sees happening: Markdown with placeholders such as `{{ capture }}`.",
    "cause" Kind::Article => "Why it happens: Markdown with placeholders.",
    "resolution" Kind::Article => "What to do: one text, or a list of branches of which the facts decide.",
    "prevention" Kind::Article => "How to keep it from happening again: Markdown with placeholders.",
    "tests" Kind::Free => "The rule's own samples with what each must give; at least one that matches and a near miss.",
};

const SIGNATURE: &[KeyDoc] = keys! {
    "regex" Kind::Regex => "A regex, or a list of which any may match, on the text of one record. Captures are `(?<name>…)`. ASCII `\\d \\w \\s \\b`; `(?u)` for Unicode.",
    "contains" Kind::Free => "A text, or a list of which any may occur in the record, upper and lower case told apart.",
    "all" Kind::Free => "Tests of which every one must match: a list of `regex` or `contains`.",
    "any" Kind::Free => "Tests of which at least one must match: a list of `regex` or `contains`.",
    "none" Kind::Free => "Tests of which none may match: a list of `regex` or `contains`.",
    "optional" Kind::Free => "Regexes that add captures where they match, and are not needed for a match.",
    "file" Kind::Free => "A glob over the path inside the case: `*` within a folder, `**` across folders. Without `/` it is for the file's name.",
    "level" Kind::Choice(Level::NAMES) => "The level a record must have: one word means that or a more severe one, a list exactly one of these.",
    "scope" Kind::Choice(SCOPES) => "What is tested: each `record` (the default), or the whole `file`, for configuration files.",
};

const LEAF: &[KeyDoc] = keys! {
    "regex" Kind::Regex => "A regex, or a list of which any may match.",
    "contains" Kind::Free => "A text, or a list of which any may occur.",
};

const OPTIONAL: &[KeyDoc] = keys! {
    "regex" Kind::Regex => "A regex that adds captures; of a list the first that matches.",
};

const FACT: &[KeyDoc] = keys! {
    "about" Kind::Free => "What the fact means, for people.",
    "type" Kind::Choice(FactType::NAMES) => "What values it may have; `string` when left out, `one-of` with `values`.",
    "values" Kind::Free => "The choices of a `one-of`: a list.",
    "derive" Kind::Expression => "An expression that gives its value when nobody says it.",
    "ask" Kind::Free => "The question to a person when the fact is needed and unknown.",
};

const LINK: &[KeyDoc] = keys! {
    "title" Kind::Free => "What the reader sees. Required.",
    "url" Kind::Free => "Where it leads: `http`, `https` or `mailto`.",
};

const ENVIRONMENT: &[KeyDoc] = keys! {
    "product" Kind::Free => "The product's name, as given by `--product`. Required.",
    "version" Kind::Free => "A version range such as `\">=5.4, <5.6\"`; any version when left out.",
};

const BRANCH: &[KeyDoc] = keys! {
    "title" Kind::Free => "The heading of the branch, unique in the rule. Required.",
    "when" Kind::Expression => "When it is the right one; always when left out. There is no \"else\": each branch is decided on its own.",
    "text" Kind::Article => "The remedy: Markdown with placeholders.",
    "template" Kind::Template => "The remedy in a file: its path below `templates/`.",
};

const TEST: &[KeyDoc] = keys! {
    "name" Kind::Free => "What the sample shows. Required.",
    "text" Kind::Free => "The sample. Required.",
    "file" Kind::Free => "The path that the sample pretends to have inside the case, for `file` globs; `sample.log` when left out.",
    "facts" Kind::Free => "Facts that are known, with values; `null` is none.",
    "products" Kind::Free => "Products with their versions.",
    "expect" Kind::Expect => "What must come out: `nothing`, or a mapping; `{}` is any finding. Required.",
};

const EXPECT: &[KeyDoc] = keys! {
    "captures" Kind::Free => "Captures with the values they must have.",
    "resolution" Kind::Branch => "The titles of the branches shown, in order.",
    "questions" Kind::Question => "The facts asked for, in the rule's order.",
    "count" Kind::Free => "How many records the finding must have.",
};

const SETTINGS: &[KeyDoc] = keys! {
    "sources" Kind::Free => "How sources are read: a list of entries, each for the paths that fit its globs; the first that says something counts.",
    "limits" Kind::Free => "Limits by name.",
    "defaults" Kind::Free => "Defaults of the command line.",
};

const SOURCE: &[KeyDoc] = keys! {
    "path" Kind::Free => "A glob over the path inside the case, or a list. Required.",
    "start" Kind::Regex => "A line that matches begins a record.",
    "continue" Kind::Regex => "A line that matches continues the record before it.",
    "header" Kind::Regex => "What stands at the beginning of a record, with groups `time` and `level`.",
    "timestamp" Kind::Free => "The format of timestamps, as strptime has it, or a list.",
    "zone" Kind::Free => "The zone of times that name none.",
    "encoding" Kind::Free => "The encoding of the text.",
    "xml" Kind::Free => "The XML element that is a record.",
    "json" Kind::Free => "Which keys of JSON lines hold `message`, `time` and `level`.",
    "noise" Kind::Regex => "Records that match are ignored: a regex or a list.",
};

const JSON: &[KeyDoc] = keys! {
    "message" Kind::Free => "The key of what is said.",
    "time" Kind::Free => "The key of when.",
    "level" Kind::Free => "The key of how severe.",
};

const DEFAULTS: &[KeyDoc] = keys! {
    "audience" Kind::Choice(Audience::NAMES) => "Default of `--audience`.",
    "exclude" Kind::Free => "Default of `--exclude`: a glob or a list.",
    "fail_on" Kind::Choice(Severity::NAMES) => "Default of `--fail-on`.",
    "format" Kind::Free => "Default of `--format`.",
    "include" Kind::Free => "Default of `--include`: a glob or a list.",
    "min_severity" Kind::Choice(Severity::NAMES) => "Default of `--min-severity`.",
    "threads" Kind::Free => "Default of `--threads`.",
    "timezone" Kind::Free => "Default of `--timezone`.",
};

impl Owner {
    /// The mapping at the end of a way; `None` when it has no keys of the language.
    pub(crate) fn at(is_settings: bool, path: &[Step<'_>]) -> Option<Self> {
        use Step::{Item, Key};
        if is_settings {
            return match path {
                [] => Some(Owner::Settings),
                [Key("sources"), Item] => Some(Owner::Source),
                [Key("sources"), Item, Key("json")] => Some(Owner::Json),
                [Key("defaults")] => Some(Owner::Defaults),
                [Key("limits")] => Some(Owner::Limits),
                _ => None,
            };
        }
        match path {
            [] => Some(Owner::Rule),
            [Key("signatures"), Key(_)] => Some(Owner::Signature),
            [Key("signatures"), Key(_), Key("all" | "any" | "none"), Item] => Some(Owner::Leaf),
            [Key("signatures"), Key(_), Key("optional"), Item] => Some(Owner::Optional),
            [Key("facts"), Key(_)] => Some(Owner::Fact),
            [Key("links"), Item] => Some(Owner::Link),
            [Key("environment"), Item] => Some(Owner::Environment),
            [Key("resolution"), Item] => Some(Owner::Branch),
            [Key("tests"), Item] => Some(Owner::Test),
            [Key("tests"), Item, Key("expect")] => Some(Owner::Expect),
            _ => None,
        }
    }

    /// Its keys, in the order in which they are written.
    pub(crate) fn keys(self) -> &'static [KeyDoc] {
        match self {
            Owner::Rule => RULE,
            Owner::Signature => SIGNATURE,
            Owner::Leaf => LEAF,
            Owner::Optional => OPTIONAL,
            Owner::Fact => FACT,
            Owner::Link => LINK,
            Owner::Environment => ENVIRONMENT,
            Owner::Branch => BRANCH,
            Owner::Test => TEST,
            Owner::Expect => EXPECT,
            Owner::Settings => SETTINGS,
            Owner::Source => SOURCE,
            Owner::Json => JSON,
            Owner::Defaults => DEFAULTS,
            Owner::Limits => &[],
        }
    }

    /// One of its keys.
    pub(crate) fn key(self, name: &str) -> Option<&'static KeyDoc> {
        self.keys().iter().find(|key| key.name == name)
    }
}

impl Named {
    /// The mapping of names at the end of a way.
    pub(crate) fn at(path: &[Step<'_>]) -> Option<Self> {
        use Step::{Item, Key};
        match path {
            [Key("signatures")] => Some(Named::Signatures),
            [Key("facts")] => Some(Named::Facts),
            [Key("tests"), Item, Key("facts")] => Some(Named::TestFacts),
            [Key("tests"), Item, Key("expect"), Key("captures")] => Some(Named::TestCaptures),
            _ => None,
        }
    }
}

/// What kind of value stands at the end of a way; items are of the kind of their list.
pub(crate) fn kind_at(is_settings: bool, path: &[Step<'_>]) -> Kind {
    let path = match path {
        [list @ .., Step::Item] => list,
        path => path,
    };
    let Some((Step::Key(key), owner)) = path.split_last() else { return Kind::Free };
    Owner::at(is_settings, owner).and_then(|owner| owner.key(key)).map_or(Kind::Free, |key| key.kind)
}

/// The names of limits, which have a table of their own.
pub(crate) fn limits() -> &'static [&'static str] {
    LimitSettings::NAMES
}
