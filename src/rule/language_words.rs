//! The words of the expression language, each with what it does: the lists that names are checked against, and what the reference shows.
//!
//! What they compute is in [`language`](crate::rule::language), where each is registered.

/// The filters, with what each gives.
const FILTER_TABLE: [(&str, &str); 25] = [
    ("abs", "a number without its sign"),
    ("capitalize", "a text with its first letter large and the others small"),
    ("default", "the value, or the argument where it is none or not known: `pid|default('unknown')`"),
    ("first", "the first member of a list, or letter of a text"),
    ("float", "a number with a fraction, from a text or number"),
    ("int", "a whole number, from a text or number: `port|int > 1024`"),
    ("items", "the entries of a mapping, as a list of pairs"),
    ("join", "the members of a list as one text, with the argument between them"),
    ("last", "the last member of a list, or letter of a text"),
    ("length", "how many members, entries or letters"),
    ("list", "a list of the members or letters"),
    ("lower", "a text in small letters"),
    ("max", "the greatest member"),
    ("min", "the least member"),
    ("replace", "a text with the first argument replaced by the second"),
    ("reverse", "a list or text from its end"),
    ("round", "a number rounded, to so many digits of the fraction"),
    ("sort", "a list in order"),
    ("split", "a list of the parts of a text between the argument"),
    ("string", "a value as a text"),
    ("sum", "the sum of the members"),
    ("title", "a text with the first letter of each word large"),
    ("trim", "a text without blanks at its ends, or without the letters of the argument"),
    ("unique", "a list with each member once"),
    ("upper", "a text in capitals"),
];

/// The tests, with what each holds for.
const TEST_TABLE: [(&str, &str); 18] = [
    ("boolean", "true and false"),
    ("defined", "what is known; never open itself"),
    ("endingwith", "a text that ends with the argument"),
    ("even", "even numbers"),
    ("false", "false"),
    ("glob", "a text that the glob fits as a whole: `host is glob(\"db-*\")`"),
    ("in", "a member of the list, or a part of the text, that is the argument"),
    ("known", "the same as `defined`"),
    ("matching", "a text in which the regex matches: `path is matching(\"^/srv/\")`; it may name built-in patterns"),
    ("none", "none"),
    ("number", "numbers"),
    ("odd", "odd numbers"),
    ("sequence", "lists"),
    ("startingwith", "a text that begins with the argument"),
    ("string", "texts"),
    ("true", "true"),
    ("undefined", "what is not known"),
    ("version", "a version number in the range: `kernel is version(\">=5.4, <5.6\")`"),
];

/// The filters that conditions and texts may use.
pub const FILTERS: &[&str] = &names(&FILTER_TABLE);

/// The tests (after `is`) that conditions and texts may use.
pub const TESTS: &[&str] = &names(&TEST_TABLE);

/// The filters with what each gives.
pub fn filters() -> &'static [(&'static str, &'static str)] {
    &FILTER_TABLE
}

/// The tests with what each holds for.
pub fn tests() -> &'static [(&'static str, &'static str)] {
    &TEST_TABLE
}

const fn names<const COUNT: usize>(words: &[(&'static str, &'static str); COUNT]) -> [&'static str; COUNT] {
    let mut names = [""; COUNT];
    let mut at = 0;
    while at < COUNT {
        names[at] = words[at].0;
        at += 1;
    }
    names
}
