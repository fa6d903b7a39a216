//! The keys of overlays. See [`keys`](crate::rule::keys) for what is made of them.

use crate::rule::keys::Absent::{Nothing, Words};
use crate::rule::keys::Shape::{Boolean, Choice, List, Named, OneOrMore, Text};
use crate::rule::keys::{Mapping, Needs, Shape, key};
use crate::rule::vocabulary::Severity;

const PLAIN: Shape = Text("text");
const REGEX: Shape = Text("regex");
const GLOB: Shape = Text("glob");
const A_CHANGE: Shape = Shape::Mapping(&CHANGE);
const A_FILTER: Shape = Shape::Mapping(&FILTER);

/// An overlay.
pub(crate) static OVERLAY: Mapping = Mapping {
    name: "overlay",
    what: "an overlay",
    about: "What one installation changes about rules that it does not edit. Everything can be left out.",
    needs: Needs::Nothing,
    later: &[],
    keys: &[
        key("rules", Named("rule", &A_CHANGE), Nothing, "changes of rules, by their ids"),
        key(
            "tags",
            Named("tag", &A_CHANGE),
            Nothing,
            "changes of all rules with a tag; what `rules` says of a rule goes before",
        ),
        key("noise", List(&A_FILTER), Nothing, "records that match no rule here"),
    ],
};

/// An entry of `rules` or `tags`.
pub(crate) static CHANGE: Mapping = Mapping {
    name: "change",
    what: "a change of a rule",
    about: "What is different about a rule here.",
    needs: Needs::AnyOf(&["severity", "off", "noise"]),
    later: &[],
    keys: &[
        key("severity", Choice(Severity::NAMES), Words("as the rule says"), "how bad the failure is here"),
        key(
            "off",
            Boolean,
            Words("as the tags of the rule say, else on"),
            "with `true` the rule is not looked for; `false` excepts it from what a tag says",
        ),
        key("reason", PLAIN, Nothing, "why; `explain` tells it"),
        key("noise", List(&A_FILTER), Nothing, "records that do not match the rule here"),
    ],
};

/// An entry of `noise`.
pub(crate) static FILTER: Mapping = Mapping {
    name: "filter",
    what: "a noise filter",
    about: "Records that count for nothing. It takes a record when one of its regexes or texts matches.",
    needs: Needs::OneOf(&["regex", "contains"]),
    later: &[],
    keys: &[
        key("regex", OneOrMore(&REGEX), Nothing, "one of them matches"),
        key("contains", OneOrMore(&PLAIN), Nothing, "one of them occurs, with this case of letters"),
        key(
            "file",
            OneOrMore(&GLOB),
            Words("every source"),
            "only in these sources: globs over the path inside the case",
        ),
        key("reason", PLAIN, Nothing, "why; `explain` tells it"),
    ],
};
