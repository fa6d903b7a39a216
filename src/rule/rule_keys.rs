//! The keys of rule files. See [`keys`](crate::rule::keys) for what is made of them.

use crate::rule::keys::Absent::{Nothing, Required, Value, Words};
use crate::rule::keys::Shape::{
    Boolean, Choice, Count, Date, Either, Expression, Id, Integer, Level, List, Matching, NamedOrBare, OneOrMore,
    Scalar, Template, Text,
};
use crate::rule::keys::{Key, Mapping, Needs, Shape, key};
use crate::rule::vocabulary::{Audience, CorrelationKind, FactType, Severity, State};

const PLAIN: Shape = Text("text");
const WARNING: Shape = Text("name of a warning");
const TITLE: Shape = Text("text");
const ID: Shape = Id;
const REGEX: Shape = Text("regex");
const GLOB: Shape = Text("glob");
const CAPTURE: Shape = Text("capture");
const FACT: Shape = Text("fact");
const ONE_LEVEL: Shape = Level;
const SCALAR: Shape = Scalar;
const ARTICLE: Shape = Template;
const NOTHING: Shape = Choice(&["nothing"]);
const A_LINK: Shape = Shape::Mapping(&LINK);
const A_PRODUCT: Shape = Shape::Mapping(&ENVIRONMENT);
const A_SIGNATURE: Shape = Shape::Mapping(&SIGNATURE);
const A_MEMBER: Shape = Shape::Mapping(&MEMBER);
const A_CORRELATION: Shape = Shape::Mapping(&CORRELATION);
const CAPTURE_OF_EACH: Shape = Shape::Named("signature", &CAPTURE);
const AN_OPTIONAL: Shape = Shape::Mapping(&OPTIONAL);
const A_FACT: Shape = Shape::Mapping(&FACT_KEYS);
const AN_EXTRACT: Shape = Shape::Mapping(&EXTRACT);
const A_LOOKUP: Shape = Shape::Mapping(&LOOKUP);
const BRANCHES: Shape = List(&Shape::Mapping(&BRANCH));
const A_TEST: Shape = Shape::Mapping(&TEST);
const A_FINDING: Shape = Shape::Mapping(&EXPECT);

/// A rule file.
pub(crate) static RULE: Mapping = Mapping {
    name: "rule",
    what: "a rule",
    about: "One file is one rule: a knowledge-base article that knows when it applies.",
    needs: Needs::AnyOf(&["signatures", "condition"]),
    later: &[],
    keys: RULE_KEYS,
};

const RULE_KEYS: &[Key] = &[
    key("id", Id, Required, "the article's number or name, unique in the faultbook: letters, digits, `-`, `_` and `.`"),
    key("title", PLAIN, Required, "the failure in one line, without placeholders"),
    key("severity", Choice(Severity::NAMES), Value("error"), "how bad the failure is"),
    key(
        "state",
        Choice(State::NAMES),
        Value("draft"),
        "how far the article may be trusted; an `archived` rule is checked and never applies",
    ),
    key(
        "audience",
        Choice(Audience::NAMES),
        Value("internal"),
        "who may be shown the answer; each includes the ones before it",
    ),
    key("created", Date, Nothing, "when the article was written"),
    key("reviewed", Date, Nothing, "when somebody last confirmed it"),
    key("owner", PLAIN, Nothing, "who answers for it"),
    key("tags", List(&PLAIN), Nothing, "free words to select rules by"),
    key("related", List(&ID), Nothing, "articles worth reading too; they need not be in this faultbook"),
    key("links", List(&A_LINK), Nothing, "documentation to read on"),
    key(
        "environment",
        List(&A_PRODUCT),
        Words("any product"),
        "the products that the article is about; the case must be about one of them",
    ),
    key(
        "signatures",
        Shape::Named("name", &A_SIGNATURE),
        Words("required without `condition`"),
        "tests of one record; the first is the subject",
    ),
    key(
        "correlations",
        Shape::Named("name", &A_CORRELATION),
        Nothing,
        "tests of several records within a time span; named like signatures",
    ),
    key("facts", NamedOrBare("name", &A_FACT), Nothing, "what the rule wants to know about the case"),
    key("condition", Expression, Words("the only signature; required when there are several"), "when the rule applies"),
    key(
        "identity",
        List(&CAPTURE),
        Words("all its required captures"),
        "captures of the first signature that tell one failure from another",
    ),
    key("supersedes", List(&ID), Nothing, "rules of this faultbook whose findings in the same case are dropped"),
    key("fallback", Boolean, Value("false"), "reports only records that no other rule explains"),
    key("priority", Integer, Value("0"), "order among findings, higher comes first"),
    key("symptoms", Template, Nothing, "what the reader sees happening"),
    key("cause", Template, Nothing, "why it happens"),
    key(
        "resolution",
        Either(&ARTICLE, &BRANCHES),
        Nothing,
        "what to do: one text, or branches of which the facts decide",
    ),
    key("prevention", Template, Nothing, "how to keep it from happening again"),
    key("allow", List(&WARNING), Nothing, "warnings of `check` that are as they should be in this rule"),
    key("tests", List(&A_TEST), Words("a warning asks for them"), "samples with what they must give"),
];

/// An entry of `links`.
pub(crate) static LINK: Mapping = Mapping {
    name: "link",
    what: "a link",
    about: "A reference to documentation.",
    needs: Needs::Nothing,
    later: &[],
    keys: &[
        key("title", TITLE, Required, "what the reader sees"),
        key(
            "url",
            Matching("text beginning with `https://`, `http://` or `mailto:`", "^(https?://|mailto:)"),
            Words("the title stands alone"),
            "where it leads",
        ),
    ],
};

/// An entry of `environment`.
pub(crate) static ENVIRONMENT: Mapping = Mapping {
    name: "environment",
    what: "an environment",
    about: "A product that the article is about.",
    needs: Needs::Nothing,
    later: &[],
    keys: &[
        key("product", PLAIN, Required, "its name as given by `--product`, compared without case"),
        key("version", Text("version range"), Words("any version"), "which versions of it, such as `\">=5.4, <5.6\"`"),
    ],
};

/// A signature.
pub(crate) static SIGNATURE: Mapping = Mapping {
    name: "signature",
    what: "a signature",
    about: "A test of one record, or of one whole file. All that is written must hold together.",
    needs: Needs::Nothing,
    later: &[],
    keys: &[
        key("regex", OneOrMore(&REGEX), Nothing, "one of them matches"),
        key("contains", OneOrMore(&PLAIN), Nothing, "one of them occurs, with this case of letters"),
        key("all", List(&A_MEMBER), Nothing, "every member holds"),
        key("any", List(&A_MEMBER), Nothing, "at least one member holds"),
        key("none", List(&A_MEMBER), Nothing, "no member holds"),
        key("optional", List(&AN_OPTIONAL), Nothing, "not tested; adds captures where it matches"),
        key("file", GLOB, Words("every source"), "which sources are looked at: a glob over the path inside the case"),
        key(
            "level",
            OneOrMore(&ONE_LEVEL),
            Words("every record"),
            "one level: at least that severe; a list: exactly one of these",
        ),
        key(
            "max_age",
            Text("length of time, such as `30s`, `5m`, `12h`, `7d`"),
            Words("records of any age"),
            "how old a record may be, against the newest time of the case or the fact `now`",
        ),
        key(
            "scope",
            Choice(&["record", "file"]),
            Value("record"),
            "what the text is: a record, or with `file` the whole file",
        ),
        key("captures", Shape::Named("capture", &PLAIN), Nothing, "what its captures mean, for people"),
    ],
};

/// A member of `all`, `any` or `none`.
pub(crate) static MEMBER: Mapping = Mapping {
    name: "member",
    what: "a member of `all`, `any` or `none`",
    about: "One test of a signature. It holds when any of its regexes or texts matches.",
    needs: Needs::OneOf(&["regex", "contains"]),
    later: &[],
    keys: &[
        key("regex", OneOrMore(&REGEX), Nothing, "one of them matches"),
        key("contains", OneOrMore(&PLAIN), Nothing, "one of them occurs, with this case of letters"),
    ],
};

/// A member of `optional`.
pub(crate) static OPTIONAL: Mapping = Mapping {
    name: "optional",
    what: "a member of `optional`",
    about: "Regexes that add captures.",
    needs: Needs::Nothing,
    later: &[],
    keys: &[key("regex", OneOrMore(&REGEX), Required, "the first of them that matches gives its captures")],
};

/// A correlation.
pub(crate) static CORRELATION: Mapping = Mapping {
    name: "correlation",
    what: "a correlation",
    about: "A test of several records, in the words of Sigma. It holds for each group for which there is a window of the `timespan`.",
    needs: Needs::Nothing,
    later: &[],
    keys: &[
        key("type", Choice(CorrelationKind::NAMES), Required, "what is looked for"),
        key(
            "signatures",
            List(&PLAIN),
            Required,
            "the signatures, or correlations, whose records count; for `temporal_ordered` in order",
        ),
        key("field", CAPTURE, Words("required for `value_count`"), "the capture whose different values are counted"),
        key("group_by", List(&CAPTURE), Words("one group"), "captures that records of one group have in common"),
        key(
            "timespan",
            Text("length of time, such as `30s`, `5m`, `12h`, `7d`"),
            Required,
            "how far apart the first and the last record may be",
        ),
        key("gt", Count(u64::MAX), Nothing, "more than so many"),
        key("gte", Count(u64::MAX), Nothing, "at least so many"),
        key("lt", Count(u64::MAX), Nothing, "fewer than so many"),
        key("lte", Count(u64::MAX), Nothing, "at most so many"),
        key("eq", Count(u64::MAX), Nothing, "exactly so many"),
        key("neq", Count(u64::MAX), Nothing, "not so many"),
        key(
            "aliases",
            Shape::Named("name", &CAPTURE_OF_EACH),
            Nothing,
            "names for `group_by` and `field`, with the capture that is meant in each signature",
        ),
    ],
};

/// A fact.
pub(crate) static FACT_KEYS: Mapping = Mapping {
    name: "fact",
    what: "a fact",
    about: "A named value about the case. Without any keys it is a text that somebody may state.",
    needs: Needs::Nothing,
    later: &["max_age"],
    keys: &[
        key("about", PLAIN, Nothing, "what it means, for people"),
        key("type", Choice(FactType::NAMES), Words("`string`; `one-of` with `values`"), "what values it may have"),
        key("values", List(&PLAIN), Words("required for `one-of`"), "the choices"),
        key(
            "extract",
            OneOrMore(&AN_EXTRACT),
            Nothing,
            "where in the sources of the case its value stands; of several the first that gives one",
        ),
        key("lookup", A_LOOKUP, Nothing, "which cell of a table beside the rules is its value"),
        key("derive", Expression, Nothing, "how it follows from other facts, captures and signatures"),
        key("ask", PLAIN, Nothing, "the question to a person"),
    ],
};

/// An entry of `extract`.
pub(crate) static EXTRACT: Mapping = Mapping {
    name: "extract",
    what: "an `extract`",
    about: "A place in the sources of the case where the value of a fact stands.",
    needs: Needs::OneOf(&["regex", "jsonpath"]),
    later: &[],
    keys: &[
        key("file", GLOB, Required, "which sources are looked at: a glob over the path inside the case"),
        key(
            "regex",
            REGEX,
            Nothing,
            "the value is what the first match captures: under the fact's name, else the only capture",
        ),
        key(
            "jsonpath",
            Text("JSONPath"),
            Nothing,
            "the value is the first node that it finds in a JSON or YAML document",
        ),
    ],
};

/// `lookup` of a fact.
pub(crate) static LOOKUP: Mapping = Mapping {
    name: "lookup",
    what: "a `lookup`",
    about: "A cell of a table beside the rules that has the value of a fact.",
    needs: Needs::Nothing,
    later: &[],
    keys: &[
        key("table", Text("table"), Required, "a CSV or YAML file below `tables/`, without its ending"),
        key("by", Text("fact or capture"), Required, "whose value is looked for in the first column of the table"),
        key("column", Text("column"), Words("the only one beside the first"), "the column that has the value"),
    ],
};

/// A branch of the resolution.
pub(crate) static BRANCH: Mapping = Mapping {
    name: "branch",
    what: "a resolution branch",
    about: "One remedy of several.",
    needs: Needs::OneOf(&["text", "template"]),
    later: &[],
    keys: &[
        key("when", Expression, Words("always"), "when it is the right one"),
        key("title", PLAIN, Required, "its heading, unique in the rule"),
        key("text", Template, Nothing, "the remedy"),
        key("template", Text("path below `templates/`"), Nothing, "the file that holds the remedy"),
    ],
};

/// A test.
pub(crate) static TEST: Mapping = Mapping {
    name: "test",
    what: "a test",
    about: "A sample that is diagnosed with this rule alone, and what must come out.",
    needs: Needs::Nothing,
    later: &[],
    keys: &[
        key("name", PLAIN, Required, "what the sample shows"),
        key("text", PLAIN, Required, "the sample"),
        key("file", PLAIN, Value("sample.log"), "the path it pretends to have inside the case"),
        key("facts", Shape::Named("fact", &SCALAR), Nothing, "what is known; `null` is none"),
        key(
            "products",
            Shape::Named("product", &SCALAR),
            Nothing,
            "what the case is about: products with their versions",
        ),
        key("expect", Either(&NOTHING, &A_FINDING), Required, "what must come out; `{}` is some finding"),
    ],
};

/// What a test expects of the finding.
pub(crate) static EXPECT: Mapping = Mapping {
    name: "expectation",
    what: "an expectation",
    about: "What the first finding must have; what is left out is not looked at.",
    needs: Needs::Nothing,
    later: &[],
    keys: &[
        key(
            "captures",
            Shape::Named("capture", &PLAIN),
            Nothing,
            "captures with their values; several values are joined with `, `",
        ),
        key("resolution", List(&TITLE), Nothing, "the titles of the branches shown, in order"),
        key("questions", List(&FACT), Nothing, "the facts asked for, in the rule's order"),
        key("count", Count(u64::MAX), Nothing, "records of the finding"),
    ],
};
