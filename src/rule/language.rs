//! The expression language of conditions and texts: minijinja with our tests, a chosen set of filters and a fuel limit.
//!
//! One [`environment`] serves conditions, `derive`s and article texts, so that an author learns one language. It has no
//! loader and no functions: nothing an author writes can read a file when it is evaluated. Which filters and tests there are is in
//! [`language_words`](crate::rule::language_words).

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, LazyLock};

use globset::Glob;
use minijinja::value::{Kwargs, Object, ObjectRepr};
use minijinja::{Environment, Error, ErrorKind, State, UndefinedBehavior, Value, filters, tests};

use crate::rule::check_parts::RESERVED;
pub use crate::rule::language_words::{FILTERS, TESTS};
use crate::rule::pattern::Pattern;
use crate::rule::version::{Version, VersionRange};

/// How much a text or expression may compute, in minijinja's units (about one per instruction or byte written). The
/// longest shipped article uses some thousands; a loop that never ends is stopped within milliseconds.
pub const FUEL: u64 = 200_000;

/// Whether a word is not simply a name to the template engine: a word of its syntax, or no identifier at all.
pub(crate) fn is_engine_word(word: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let is_identifier = word.bytes().all(is_part) && !word.starts_with(|first: char| first.is_ascii_digit());
    word.is_empty()
        || !is_identifier
        || word == "super"
        || RESERVED.iter().any(|reserved| word.eq_ignore_ascii_case(reserved))
}

/// The environment for expressions; texts clone it and add a formatter for where they land.
pub fn environment() -> Environment<'static> {
    EXPRESSIONS.clone()
}

/// The shared environment in which conditions live.
pub(crate) static EXPRESSIONS: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::Custom("inert".into()));
    add_filters(&mut environment);
    add_tests(&mut environment);
    environment
});

/// Where in `source` an error is, in whole characters: the engine marks one byte of a character that it does not know.
pub(crate) fn place(error: &Error, source: &str) -> Range<usize> {
    let Range { start, end } = error.range().unwrap_or(0..source.len());
    let start = (0..=start.min(source.len())).rev().find(|at| source.is_char_boundary(*at)).unwrap_or(0);
    let end = (end.max(start)..source.len()).find(|at| source.is_char_boundary(*at)).unwrap_or(source.len());
    start..end
}

/// The first of several values. A capture has one value or several as the case has it: of one, which is a text, it is that one, not its first
/// letter.
fn first(value: &Value) -> Result<Value, Error> {
    if value.as_str().is_some() { Ok(value.clone()) } else { filters::first(value) }
}

/// The last likewise.
fn last(value: Value) -> Result<Value, Error> {
    if value.as_str().is_some() { Ok(value) } else { filters::last(value) }
}

fn add_filters(environment: &mut Environment<'static>) {
    environment.add_filter("abs", filters::abs);
    environment.add_filter("capitalize", filters::capitalize);
    environment.add_filter("default", default);
    environment.add_filter("first", first);
    environment.add_filter("float", float);
    environment.add_filter("int", int);
    environment.add_filter("items", filters::items);
    environment.add_filter("join", filters::join);
    environment.add_filter("last", last);
    environment.add_filter("length", filters::length);
    environment.add_filter("list", filters::list);
    environment.add_filter("lower", filters::lower);
    environment.add_filter("max", filters::max);
    environment.add_filter("min", filters::min);
    environment.add_filter("replace", filters::replace);
    environment.add_filter("reverse", filters::reverse);
    environment.add_filter("round", filters::round);
    environment.add_filter("sort", filters::sort);
    environment.add_filter("split", filters::split);
    environment.add_filter("string", filters::string);
    environment.add_filter("sum", filters::sum);
    environment.add_filter("title", filters::title);
    environment.add_filter("trim", filters::trim);
    environment.add_filter("unique", filters::unique);
    environment.add_filter("upper", filters::upper);
}

fn add_tests(environment: &mut Environment<'static>) {
    environment.add_test("boolean", tests::is_boolean);
    environment.add_test("defined", is_known);
    environment.add_test("endingwith", tests::is_endingwith);
    environment.add_test("even", tests::is_even);
    environment.add_test("false", tests::is_false);
    environment.add_test("glob", is_glob);
    environment.add_test("in", tests::is_in);
    environment.add_test("known", is_known);
    environment.add_test("matching", is_matching);
    environment.add_test("none", |value: &Value| value.is_none() || Missing::is(value));
    environment.add_test("number", tests::is_number);
    environment.add_test("odd", tests::is_odd);
    environment.add_test("sequence", tests::is_sequence);
    environment.add_test("startingwith", tests::is_startingwith);
    environment.add_test("string", tests::is_string);
    environment.add_test("true", tests::is_true);
    environment.add_test("undefined", |value: &Value| !is_known(value));
    environment.add_test("version", is_version);
}

/// What the filters that make numbers say of none: a capture that is not there is no number, and above all not zero. Conditions over it are
/// open then, see `rule::decide`.
pub(crate) const NO_NUMBER: &str = "what is not there is no number";

/// `int`, without which a capture is a text. In a text, what is not known stays what it is, to be shown as such.
fn int(
    state: &State<'_, '_>,
    value: &Value,
    default: Option<Value>,
    base: Option<u32>,
    kwargs: Kwargs,
) -> Result<Value, Error> {
    match default.is_none() && !kwargs.has("default") {
        true if Missing::is(value) => Ok(value.clone()),
        true if value.is_none() => Err(Error::new(ErrorKind::UndefinedError, NO_NUMBER)),
        _ => filters::int(state, value, default, base, kwargs),
    }
}

/// `float`; of what is not there as [`int`].
fn float(state: &State<'_, '_>, value: &Value, default: Option<Value>, kwargs: Kwargs) -> Result<Value, Error> {
    match default.is_none() && !kwargs.has("default") {
        true if Missing::is(value) => Ok(value.clone()),
        true if value.is_none() => Err(Error::new(ErrorKind::UndefinedError, NO_NUMBER)),
        _ => filters::float(state, value, default, kwargs),
    }
}

/// `default` also for values that are not known.
fn default(value: &Value, other: Option<Value>) -> Value {
    if value.is_undefined() || value.is_none() || Missing::is(value) {
        other.unwrap_or_default()
    } else {
        value.clone()
    }
}

fn is_known(value: &Value) -> bool {
    !value.is_undefined() && !Missing::is(value)
}

/// `fact is version(">=5.4, <5.6")`. A value that is no version number is in no range.
fn is_version(value: &Value, range: &str) -> Result<bool, Error> {
    let range: VersionRange = range.parse().map_err(invalid)?;
    Ok(value.to_string().parse::<Version>().is_ok_and(|version| range.contains(&version)))
}

/// `host is glob("db-*")`, over the whole value.
fn is_glob(value: &Value, glob: &str) -> Result<bool, Error> {
    Ok(Glob::new(glob).map_err(invalid)?.compile_matcher().is_match(value.to_string()))
}

/// `text is matching("regex")`, anywhere in the value.
fn is_matching(value: &Value, pattern: &str) -> Result<bool, Error> {
    let pattern = Pattern::new(pattern).map_err(|error| Error::new(ErrorKind::InvalidOperation, error.message))?;
    Ok(pattern.regex().is_some_and(|regex| regex.is_match(value.to_string().as_bytes())))
}

fn invalid(error: impl fmt::Display) -> Error {
    Error::new(ErrorKind::InvalidOperation, error.to_string())
}

/// A value that nobody knows, such as an optional capture that was not there. False in an `if`, and printed as its name in
/// angle brackets, the way articles write placeholders: `<subdomain>`.
#[derive(Debug)]
pub struct Missing {
    name: Arc<str>,
}

impl Missing {
    /// The value that stands for the unknown `name`.
    pub fn value(name: &str) -> Value {
        Value::from_object(Self { name: name.into() })
    }

    /// Whether a value stands for something unknown.
    pub fn is(value: &Value) -> bool {
        value.downcast_object_ref::<Self>().is_some()
    }
}

impl Object for Missing {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn is_true(self: &Arc<Self>) -> bool {
        false
    }

    fn render(self: &Arc<Self>, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "<{}>", self.name)
    }
}

#[cfg(test)]
mod test {
    use minijinja::context;

    use super::*;

    fn holds(expression: &str, value: Value) -> bool {
        environment()
            .compile_expression(expression)
            .expect("valid")
            .eval(context!(x => value))
            .expect("evaluates")
            .is_true()
    }

    #[test]
    fn the_tests_of_the_language_do_what_they_say() {
        assert!(holds("x is version('>=5.4, <5.6')", Value::from("5.5.1")));
        assert!(!holds("x is version('>=5.4, <5.6')", Value::from("latest")));
        assert!(holds("x is glob('db-*')", Value::from("db-17")));
        assert!(holds("x is matching('^a.c$')", Value::from("abc")));
        assert!(holds("x is none and not x", Missing::value("x")));
        assert!(holds("x is not known", Missing::value("x")));
        assert!(holds("x|default('a') == 'a'", Missing::value("x")));
    }

    #[test]
    fn every_listed_filter_and_test_exists() {
        let environment = environment();
        for filter in FILTERS {
            let error = environment
                .compile_expression_owned(format!("x|{filter}"))
                .expect("valid")
                .eval(context!(x => "a"))
                .err();
            assert!(error.is_none_or(|error| error.kind() != ErrorKind::UnknownFilter), "{filter}");
        }
        for test in TESTS {
            let error = environment
                .compile_expression_owned(format!("x is {test}"))
                .expect("valid")
                .eval(context!(x => "a"))
                .err();
            assert!(error.is_none_or(|error| error.kind() != ErrorKind::UnknownTest), "{test}");
        }
    }

    #[test]
    fn errors_are_placed_on_whole_characters() {
        for source in ["\u{e9}", "a is matching(\u{2019}b", "a and \u{1f600} "] {
            let error = environment().compile_expression_owned(source.to_owned()).expect_err("refused");
            let text = source.get(place(&error, source)).expect("whole characters");
            assert_eq!(text.chars().count(), 1, "{source}");
        }
    }

    #[test]
    fn endless_work_runs_out_of_fuel() {
        let text = "{% for a in x %}{% for b in x %}{% for c in x %}{{ a }}{% endfor %}{% endfor %}{% endfor %}";
        let many = Value::from_iter(0..10_000);
        let mut environment = environment();
        environment.set_formatter(|output, _, value| write!(output, "{value}").map_err(Error::from));
        let error = environment.render_str(text, context!(x => many)).expect_err("stopped");
        assert_eq!(error.kind(), ErrorKind::OutOfFuel);
    }
}

#[cfg(test)]
mod first_and_last {
    use minijinja::context;

    use super::environment;

    #[test]
    fn of_one_text_they_are_the_text() {
        let environment = environment();
        let value = |expression: &str| {
            let context = context! { one => "55", several => ["55", "56"] };
            environment.compile_expression(expression).unwrap().eval(context).unwrap().to_string()
        };
        assert_eq!((value("one|first|int - 44"), value("one|last")), ("11".to_owned(), "55".to_owned()));
        assert_eq!((value("several|first"), value("several|last|int")), ("55".to_owned(), "56".to_owned()));
    }
}
