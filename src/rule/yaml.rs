//! From YAML text to a tree of nodes that know where they stand.
//!
//! The tree keeps duplicate keys and the raw spelling of every scalar (`5.10` stays `5.10`), so that reading a rule from it
//! can report every fault of a file and not only the first. The usual kind of file is read by `yaml_common`, all others by the
//! YAML library. Syntax errors, aliases that grow and documents that nest too deep are the library's to refuse; they end the
//! file. What the keys mean is decided in `reader`.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_yaml::{DuplicateKeyPolicy, MergeKeyPolicy, Spanned};

use crate::rule::authored::{AuthoredFile, Located, Span};
use crate::rule::diagnostic::Diagnostic;
use crate::rule::{yaml_common, yaml_fault};

/// A YAML value with the place of each part.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// `null`, `~` or nothing.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A number, as it was spelled.
    Number(String),
    /// Any other scalar, unquoted and unescaped.
    String(String),
    /// A list.
    List(Vec<Located<Node>>),
    /// A mapping in the order written; a key may occur twice.
    Map(Vec<(Located<String>, Located<Node>)>),
}

impl Node {
    /// What an author would call this kind of value.
    pub fn kind(&self) -> &'static str {
        match self {
            Node::Null => "nothing",
            Node::Boolean(_) => "a boolean",
            Node::Number(_) => "a number",
            Node::String(_) => "a text",
            Node::List(_) => "a list",
            Node::Map(_) => "a mapping",
        }
    }

    /// The scalar as text: a string, or a number or boolean as spelled. `None` for the others.
    pub fn scalar(&self) -> Option<String> {
        match self {
            Node::String(text) | Node::Number(text) => Some(text.clone()),
            Node::Boolean(value) => Some(value.to_string()),
            Node::Null | Node::List(_) | Node::Map(_) => None,
        }
    }
}

/// Reads one document. `Err` carries the syntax error with its place and, for the usual slips, what to write instead.
pub fn parse(file: &std::sync::Arc<AuthoredFile>) -> Result<Located<Node>, Diagnostic> {
    match yaml_common::read(file.text()) {
        Some(root) => Ok(root),
        None => by_library(file.text()).map_err(|error| yaml_fault::syntax_error(file, &error)),
    }
}

/// The line and column at which a text stops being YAML; `None` when it does not.
pub(crate) fn place_of_fault(text: &str) -> Option<(usize, usize)> {
    let error = by_library(text).err()?;
    Some(error.location().map_or((0, 0), |place| (place.line() as usize, place.column() as usize)))
}

/// The tree of a text by both ways to read it, if the quick one takes it. For the fuzz targets.
#[cfg(fuzzing)]
pub fn both_ways(text: &str) -> Option<(Located<Node>, Option<Located<Node>>)> {
    yaml_common::read(text).map(|quick| (quick, by_library(text).ok()))
}

/// Reads any YAML, some ten times slower than `yaml_common` what that knows.
fn by_library(text: &str) -> Result<Located<Node>, serde_yaml::Error> {
    serde_yaml::from_str_with_options::<Spanned<Raw>>(text, options()).map(|root| locate(root, text))
}

/// What a plain scalar is that may be a number, a boolean or null; `None` if it cannot stand alone.
pub(crate) fn resolve(scalar: &str) -> Option<Node> {
    match serde_yaml::from_str_with_options::<Raw>(scalar, options()).ok()? {
        Raw::Null => Some(Node::Null),
        Raw::Boolean(value) => Some(Node::Boolean(value)),
        Raw::Number => Some(Node::Number(scalar.to_owned())),
        Raw::String(value) => Some(Node::String(value)),
        Raw::List(_) | Raw::Map(_) => None,
    }
}

fn options() -> serde_yaml::Options {
    serde_yaml::options! {
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        merge_keys: MergeKeyPolicy::Error,
        strict_booleans: true,
        with_snippet: false,
    }
}

/// The node as the deserialiser gives it.
enum Raw {
    Null,
    Boolean(bool),
    Number,
    String(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

fn span_of(location: serde_yaml::Location) -> Span {
    let span = location.span();
    let start = span.byte_offset().unwrap_or(0) as usize;
    Span::new(start..start + span.byte_len().unwrap_or(0) as usize)
}

/// Replaces the library's locations by byte spans. A container's span runs from its first key, or its bracket, to its last
/// value, or its closing bracket.
fn locate(raw: Spanned<Raw>, text: &str) -> Located<Node> {
    let span = span_of(raw.referenced);
    match raw.value {
        Raw::Null => Located::new(Node::Null, span),
        Raw::Boolean(value) => Located::new(Node::Boolean(value), span),
        Raw::Number => {
            let defined = span_of(raw.defined);
            Located::new(Node::Number(text.get(defined.range()).unwrap_or_default().to_owned()), span)
        }
        Raw::String(value) => Located::new(Node::String(value), trimmed(span, text)),
        Raw::List(items) => {
            let items: Vec<_> = items.into_iter().map(|item| locate(item, text)).collect();
            let end = items.last().map_or(span.end, |item| item.span.end.max(span.end));
            Located::new(Node::List(items), with_bracket(Span::new(span.start..end), text))
        }
        Raw::Map(entries) => {
            let entries: Vec<_> = entries
                .into_iter()
                .map(|(key, value)| (Located::new(key.value, span_of(key.referenced)), locate(value, text)))
                .collect();
            let is_flow = text.as_bytes().get(span.start) == Some(&b'{');
            let first = entries.first().filter(|_| !is_flow);
            let start = first.map_or(span.start, |(key, _)| key.span.start);
            let end = entries.last().map_or(span.end, |(key, value)| value.span.end.max(key.span.end));
            Located::new(Node::Map(entries), with_bracket(Span::new(start..end), text))
        }
    }
}

/// Takes the bracket in that closes a list or mapping in brackets; the library leaves it out.
fn with_bracket(span: Span, text: &str) -> Span {
    let closer = match text.as_bytes().get(span.start) {
        Some(b'[') => ']',
        Some(b'{') => '}',
        _ => return span,
    };
    let inner = span.end.max(span.start + 1);
    let rest = text.get(inner..).unwrap_or_default();
    let gap = rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n', ',']).len();
    if rest[gap..].starts_with(closer) { Span::new(span.start..inner + gap + 1) } else { span }
}

/// Leaves the line break behind a block scalar out of its span, so that a marker ends where the text ends. An empty block is
/// marked at its `|` or `>`: the library places it at what follows.
fn trimmed(span: Span, text: &str) -> Span {
    let kept = text.get(span.range()).map_or(0, |raw| raw.trim_end_matches(['\n', '\r', ' ']).len());
    if kept > 0 {
        return Span::new(span.start..span.start + kept);
    }
    let before = text.get(..span.start).map_or(0, |before| before.trim_end().len());
    Span::new(before.saturating_sub(1)..before)
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("any YAML value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_none<E: de::Error>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Boolean(value))
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<Raw, E> {
        Ok(Raw::Number)
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<Raw, E> {
        Ok(Raw::Number)
    }

    fn visit_i128<E: de::Error>(self, _: i128) -> Result<Raw, E> {
        Ok(Raw::Number)
    }

    fn visit_u128<E: de::Error>(self, _: u128) -> Result<Raw, E> {
        Ok(Raw::Number)
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Raw, E> {
        Ok(Raw::Number)
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::String(value.to_owned()))
    }

    fn visit_string<E: de::Error>(self, value: String) -> Result<Raw, E> {
        Ok(Raw::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Raw, A::Error> {
        let mut map = Vec::new();
        while let Some(key) = entries.next_key()? {
            map.push((key, entries.next_value()?));
        }
        Ok(Raw::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::rule::diagnostic::Code;

    /// The rules at hand, sound ones and broken ones, and pieces with what rules rarely have.
    fn samples() -> Vec<String> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let files = ["rules", "tests"].map(|folder| walkdir::WalkDir::new(here.join(folder)).sort_by_file_name());
        let files = files.into_iter().flatten().filter_map(Result::ok);
        let rules = files.filter(|file| file.path().extension().is_some_and(|ending| ending == "yaml"));
        let texts = rules.filter_map(|file| std::fs::read_to_string(file.path()).ok());
        texts.chain(PIECES.iter().map(|piece| (*piece).to_owned())).collect()
    }

    const PIECES: [&str; 12] = [
        "a:\n- x\n- y\n- k: v\nb:\n- - x\n  - y\n",
        "a:\n-\n  k: v\nb:\n- [x]\n",
        "a: |\n  x\n\n   y\n\n\nb: |-\n    z \n   \nc: >\n  a\n  b\n\n\n  c\n\nd: >-\n  q\n   r\ne: |+\n  s\n\n",
        "a: plain text \n  more\n  here # c\nb: x\n  - y\n  # c\nc: x\n\n  y\nd: x\n  y # c\n  z\n",
        "a: 0x1f\nb: 1_000\nc: 1e5\nd: .5\ne: -.inf\nf: 12:30\ng: 007\nh: +1\ni: 1.2.3\nj: 0o7\nk: .nan\nl: -x\n",
        "a: ~\nb: null\nc: Yes\nd: TRUE\ne: off\nf: nan\ng: inf\nh:\ni: # c\nj: ''\nk: \"\"\nl: ~x\n",
        "a: 'it''s' # c\nb: \"q\\n\\t\\\"\\\\\"\nc: 'x'y\nd: \"\\x41\"\ne: 'a\n  b'\n",
        "a: [x, 'y', \"z\", 1, {k: v, l: [ ]}, true, ]\nb: { a: b, c: { }, }\nc: [a b , c]\nd: [,]\ne: { a: , b }\n",
        "a: &x 1\nb: *x\nc: !!str 1\n? d\n: e\n<<: f\n'g': h\n\"i\": j\n",
        "--- \na: b\n...\n---\nc: d\n",
        "a: \u{e9} x\n\u{e9}: b\nc: |\n  \u{4e16}\tx\n d: e\n\tf: g\n",
        "a: b#c\nd: e #f\ng: h:i\nj: k: l\nm: n:\no: (p\nq: <r\ns: $t\nu: @v\nw: %x\ny: -\nz: - a\n",
    ];

    /// Where the usual kind of YAML is recognised, the library reads the same from it.
    fn agrees(text: &str) {
        if let Some(root) = yaml_common::read(text) {
            let library = by_library(text).unwrap_or_else(|error| panic!("{error} in {text:?}"));
            assert!(root == library, "{text:?}\n{root:?}\n{library:?}");
        }
    }

    #[test]
    fn the_usual_kind_is_read_as_the_library_reads_it() {
        samples().iter().for_each(|text| agrees(text));
        // a piece line by line, since one unusual line leaves it all to the library
        let lines = |piece: &&str| piece.split_inclusive('\n').map(str::to_owned).collect::<Vec<_>>();
        PIECES.iter().flat_map(lines).for_each(|line| agrees(&line));
    }

    #[test]
    fn what_is_beyond_the_limits_is_left_to_the_library() {
        let nested = |levels: usize| {
            format!("{}x\n", (0..levels).map(|level| format!("{}k:\n", " ".repeat(level))).collect::<String>())
        };
        assert!(yaml_common::read(&nested(10).replace("x\n", "          k: x\n")).is_some());
        assert!(yaml_common::read(&nested(40).replace("x\n", &format!("{}k: x\n", " ".repeat(40)))).is_none());
        assert!(yaml_common::read(&format!("a: {}b{}\n", "[".repeat(30), "]".repeat(30))).is_none());
        assert!(yaml_common::read(&format!("{}: x\n", "k".repeat(128))).is_some());
        assert!(yaml_common::read(&format!("{}: x\n", "k".repeat(129))).is_none());
        assert!(yaml_common::read(&format!("a: {}\n", "x".repeat(256 * 1024))).is_none());
    }

    #[test]
    fn nearly_all_shipped_rules_are_of_the_usual_kind() {
        let rules = crate::rule::shipped::rules();
        let unusual = rules.iter().filter(|(_, text)| yaml_common::read(text).is_none());
        let unusual: Vec<&str> = unusual.map(|(path, _)| path.as_str()).collect();
        // samples that begin with blanks need `|2`, which is left to the library
        assert!(unusual.len() * 8 <= rules.len(), "{unusual:?}");
    }

    /// What an edit may put into a file.
    const INSERTS: [&str; 40] = [
        " ", "  ", "\n", "\n\n", "\t", ":", ": ", "- ", "-", "#", " #", "'", "''", "\"", "\\", "[", "]", "{", "}", ",",
        "|", ">", "|-", "&a ", "*a", "!", "%", "@", "~", "null", "1", ".", "---", "...", "? ", "\u{e9}", "\r\n",
        "\u{2028}", "x: y\n", "  k: v",
    ];

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases()) })]

        #[test]
        fn a_damaged_file_is_never_read_otherwise_than_by_the_library(
            sample in 0..1_000usize,
            window in (0..1_000usize, 1..30usize),
            edits in prop::collection::vec((0..10_000usize, 0..INSERTS.len(), 0..4usize), 0..4),
        ) {
            let samples = SAMPLES.get_or_init(samples);
            let lines: Vec<&str> = samples[sample % samples.len()].split_inclusive('\n').collect();
            let first = window.0 % lines.len().max(1);
            let mut text: String = lines.iter().skip(first).take(window.1).copied().collect();
            for (place, insert, removed) in edits {
                let mut borders: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
                borders.push(text.len());
                let at = place % borders.len();
                let end = (at + removed).min(borders.len() - 1);
                text.replace_range(borders[at]..borders[end], INSERTS[insert]);
            }
            agrees(&text);
        }
    }

    #[test]
    fn a_block_scalar_that_ends_before_it_begins_is_read_as_by_the_library() {
        for text in ["a: |\n  ", "a: >\n  ", "a: |-\n  ", "a: |\n  x\n  ", "a: >\n  x\n    ", "a: |\n  x\n "] {
            agrees(text);
        }
    }

    static SAMPLES: std::sync::OnceLock<Vec<String>> = std::sync::OnceLock::new();

    /// `PROPTEST_CASES` for a longer search.
    fn cases() -> u32 {
        std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(2_000)
    }

    fn node(text: &str) -> (Arc<AuthoredFile>, Located<Node>) {
        let file = Arc::new(AuthoredFile::new("x.yaml", text));
        let node = parse(&file).expect("valid YAML");
        (file, node)
    }

    #[test]
    fn numbers_keep_their_spelling_and_spans() {
        let (file, root) = node("version: 5.10\n");
        let Node::Map(entries) = &root.value else { panic!("a map") };
        assert_eq!(entries[0].1.value, Node::Number("5.10".into()));
        assert_eq!(file.slice(entries[0].1.span), "5.10");
    }

    #[test]
    fn duplicate_keys_are_kept_for_the_reader_to_report() {
        let (_, root) = node("a: 1\na: 2\n");
        assert!(matches!(root.value, Node::Map(entries) if entries.len() == 2));
    }

    #[test]
    fn an_unquoted_version_range_is_explained() {
        let file = Arc::new(AuthoredFile::new("x.yaml", "version: >=5.4\n"));
        let diagnostic = parse(&file).expect_err("not YAML");
        assert_eq!(diagnostic.code, Code::YamlSyntax);
        assert!(diagnostic.help.as_deref().is_some_and(|help| help.contains("quoted")), "{diagnostic:?}");
    }

    #[test]
    fn containers_in_brackets_are_spanned_with_them() {
        for value in ["[a, [b], ]", "[]", "{ a: [b] }", "{}", "[{}, {}]"] {
            let (file, root) = node(&format!("key: {value}\nnext: x\n"));
            let Node::Map(entries) = &root.value else { panic!("a map") };
            assert_eq!(file.slice(entries[0].1.span), value);
        }
    }

    #[test]
    fn an_empty_block_is_placed_at_its_indicator() {
        let (file, root) = node("a: |\n\nb: x\n");
        let Node::Map(entries) = &root.value else { panic!("a map") };
        assert_eq!((entries[0].1.span.start, file.slice(entries[0].1.span)), (3, "|"));
    }

    #[test]
    fn an_alias_bomb_is_refused() {
        let mut text = String::from("a: &a [x, x, x, x, x, x, x, x, x, x]\n");
        for (name, of) in [("b", "a"), ("c", "b"), ("d", "c"), ("e", "d"), ("f", "e"), ("g", "f"), ("h", "g")] {
            let items = vec![format!("*{of}"); 10].join(", ");
            text.push_str(&format!("{name}: &{name} [{items}]\n"));
        }
        let file = Arc::new(AuthoredFile::new("x.yaml", text));
        assert_eq!(parse(&file).expect_err("refused").code, Code::YamlSyntax);
    }
}
