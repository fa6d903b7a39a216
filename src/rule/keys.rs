//! What a table of keys is made of: the one source of what readers take, of the JSON Schema and of the reference of keys.
//!
//! A [`Mapping`] has [`Key`]s, each with the [`Shape`] of its value, its default and a description. [`Reader::fields`] opens a mapping with
//! its table, so a key that is not in the table cannot be read; `author::schema` and `author::reference` write down what the table says.
//! The tables are in `rule_keys` and `settings_keys`. To add a key, add a line there and read it.
//!
//! [`Reader::fields`]: crate::rule::reader::Reader::fields

use crate::rule::limit_settings::LimitRange;

/// A mapping of the rule language or of the settings.
#[derive(Debug)]
pub(crate) struct Mapping {
    /// Its name in the schema and the heading in the reference: one or two words.
    pub(crate) name: &'static str,
    /// What messages call it: "a rule".
    pub(crate) what: &'static str,
    /// What it is, a sentence or two of Markdown.
    pub(crate) about: &'static str,
    /// In the order of the documentation.
    pub(crate) keys: &'static [Key],
    /// What has to be there besides the required keys.
    pub(crate) needs: Needs,
    /// Keys that belong to the language and that this version does not evaluate.
    pub(crate) later: &'static [&'static str],
}

/// One key.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    pub(crate) default: Absent,
    /// What it means, for people: Markdown without a full stop.
    pub(crate) about: &'static str,
}

/// What holds when a key is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Absent {
    /// It has to be there.
    Required,
    /// Nothing does.
    Nothing,
    /// This value.
    Value(&'static str),
    /// What these words say.
    Words(&'static str),
}

/// Which keys have to be there that are not required each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Needs {
    /// None.
    Nothing,
    /// At least one of these.
    AnyOf(&'static [&'static str]),
    /// Exactly one of these.
    OneOf(&'static [&'static str]),
    /// So many keys.
    Keys(usize),
}

/// What may stand behind a key. "Text" is any scalar: numbers and booleans are texts as they are spelled.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    /// A text; the words say which.
    Text(&'static str),
    /// A text that matches the second, a regex; the words say which.
    Matching(&'static str, &'static str),
    /// An id of a rule.
    Id,
    /// An expression of the conditions' language.
    Expression,
    /// Markdown with placeholders.
    Template,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A level, in one of many spellings.
    Level,
    /// A date: year-month-day.
    Date,
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Integer,
    /// A whole number from 0 up to this.
    Count(u64),
    /// A number or a size.
    Limit(LimitRange),
    /// A single value, or nothing.
    Scalar,
    /// A list.
    List(&'static Shape),
    /// One, or a list.
    OneOrMore(&'static Shape),
    /// One or the other.
    Either(&'static Shape, &'static Shape),
    /// A mapping with keys of the language.
    Mapping(&'static Mapping),
    /// A mapping from names that the author chooses; the words say of what.
    Named(&'static str, &'static Shape),
    /// The same, with nothing as a value too.
    NamedOrBare(&'static str, &'static Shape),
}

impl Mapping {
    /// The names of the keys, in the order of the documentation.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> + Clone {
        self.keys.iter().map(|key| key.name)
    }

    /// The names as they are listed in a message.
    pub(crate) fn listed(&self) -> String {
        self.names().collect::<Vec<_>>().join(", ")
    }

    /// Whether there is a key of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.names().any(|known| known == name)
    }
}

/// A key in one line.
pub(crate) const fn key(name: &'static str, shape: Shape, default: Absent, about: &'static str) -> Key {
    Key { name, shape, default, about }
}
