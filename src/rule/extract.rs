//! Where in a case a fact's value stands: a regex or a JSONPath, and the sources that are looked at.
//!
//! Read and checked here. Which sources a case has and what stands in them is for `diagnose`.

use serde_json_path::JsonPath;

use crate::rule::authored::Located;
use crate::rule::check_parts::PartChecker;
use crate::rule::diagnostic::Code;
use crate::rule::file::{ExtractFile, FactFile};
use crate::rule::pattern::Pattern;
use crate::rule::scalar::Offsets;
use crate::rule::signature::FileGlob;

/// Bytes of a JSONPath. Its parser goes as deep as the path is nested.
const JSONPATH_BYTES: usize = 256;
/// Opening parentheses of a JSONPath: its parser tries what is in each of them several times.
const JSONPATH_PARENTHESES: usize = 8;

/// One entry of `extract`.
#[derive(Clone, Debug)]
pub struct Extract {
    /// Which sources are looked at.
    pub file: FileGlob,
    /// Where in them the value stands.
    pub place: ExtractPlace,
}

/// Where in a source a value stands.
#[derive(Clone, Debug)]
pub enum ExtractPlace {
    /// What the first match captures under this name.
    Regex(Pattern, String),
    /// The first node of a JSON or YAML document, if it is a scalar.
    JsonPath(Box<JsonPath>),
}

impl PartChecker<'_> {
    /// Checks the entries of a fact's `extract`; what is wrong is reported and left out.
    pub(crate) fn extracts(&mut self, fact: &FactFile) -> Vec<Extract> {
        fact.extract.iter().filter_map(|written| self.extract(&fact.name.value, written)).collect()
    }

    fn extract(&mut self, fact: &str, written: &ExtractFile) -> Option<Extract> {
        let file = written.file.as_ref().and_then(|glob| self.glob(glob));
        let place = match (&written.regex, &written.jsonpath) {
            (Some(regex), None) => self.captured_place(fact, regex),
            (None, Some(path)) => self.json_path(path),
            (Some(_), Some(path)) => {
                let (title, help) = ("an `extract` has `regex` or `jsonpath`, not both", "write them as two entries");
                self.error(Code::DuplicateKey, path.span, title, "one of two places", Some(help.into()));
                None
            }
            (None, None) if written.has_faults => None,
            (None, None) => {
                let (title, help) =
                    ("this `extract` does not say where the value stands", "write `regex: …` or `jsonpath: …`");
                self.error(Code::MissingKey, written.span, title, "neither `regex` nor `jsonpath`", Some(help.into()));
                None
            }
        };
        Some(Extract { file: file?, place: place? })
    }

    /// A regex and the capture that holds the value: that of the fact's name, else the only one.
    fn captured_place(&mut self, fact: &str, written: &Located<String>) -> Option<ExtractPlace> {
        let pattern = self.extracting_pattern(written)?;
        let capture = match pattern.captures() {
            captures if captures.iter().any(|capture| capture == fact) => fact.to_owned(),
            [only] => only.clone(),
            captures => {
                let title = match captures {
                    [] => "this regex captures nothing that the fact could be".to_owned(),
                    several => format!("this regex captures {}, of which none is `{fact}`", several.join(", ")),
                };
                let help = format!("name the group that holds the value: `(?<{fact}>…)`");
                self.error(Code::UnclearExtract, written.span, title, "which part is the value?", Some(help));
                return None;
            }
        };
        Some(ExtractPlace::Regex(pattern, capture))
    }

    /// A regex whose captures are no names of the rule.
    fn extracting_pattern(&mut self, written: &Located<String>) -> Option<Pattern> {
        let lost = self.lost_captures.len();
        let pattern = self.pattern(written);
        self.lost_captures.truncate(lost);
        pattern
    }

    fn json_path(&mut self, written: &Located<String>) -> Option<ExtractPlace> {
        let source = written.value.trim_end();
        if let Some((title, help)) = costly(source) {
            self.error(Code::BadJsonPath, written.span, title, "here", Some(help.into()));
            return None;
        }
        match JsonPath::parse(source) {
            Ok(path) => Some(ExtractPlace::JsonPath(Box::new(path))),
            Err(error) => {
                // the parser counts from 1, and names the whole path when it does not know better
                let at = error.position().saturating_sub(1).min(source.len());
                let at = (0..=at).rev().find(|&at| source.is_char_boundary(at)).unwrap_or_default();
                let end = source[at..].chars().next().map_or(at, |next| at + next.len_utf8());
                let span = Offsets::of(self.file, written).span(at..end);
                let title = format!("`{source}` is not a valid JSONPath: {}", error.message());
                let help = "for instance `$.database.pool.max`, or `$.nodes[0]['host-name']`";
                self.error(Code::BadJsonPath, span, title, "here", Some(help.into()));
                None
            }
        }
    }
}

/// Why a JSONPath could take longer over a document than its size allows, and what to write instead.
fn costly(path: &str) -> Option<(&'static str, &'static str)> {
    let bare = without_quoted(path);
    if path.len() > JSONPATH_BYTES {
        return Some(("this JSONPath is longer than 256 bytes", "write the way to the value step by step"));
    }
    if bare.matches("..").count() > 1 {
        return Some(("a JSONPath may have `..` only once", "write the steps between them"));
    }
    if bare.matches('$').count() > 1 {
        return Some((
            "a JSONPath begins at `$` only once",
            "compare with a value, as in `$.nodes[?@.role == 'db'].host`",
        ));
    }
    (bare.matches('(').count() > JSONPATH_PARENTHESES)
        .then_some(("a JSONPath may have eight parentheses", "take those out that change nothing"))
}

/// A JSONPath without what stands in quotes.
fn without_quoted(path: &str) -> String {
    let (mut bare, mut quote, mut escaped) = (String::new(), None, false);
    for character in path.chars() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if character == '\\' => escaped = true,
            Some(open) if character == open => quote = None,
            Some(_) => {}
            None if matches!(character, '\'' | '"') => quote = Some(character),
            None => bare.push(character),
        }
    }
    bare
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_could_take_long_are_told_from_those_that_only_look_so() {
        for path in ["$..a..b", "$[?@.a == $.b]", "$[?((((((((((@.a))))))))))]", &format!("$.{}", "a".repeat(300))] {
            assert!(costly(path).is_some(), "{path}");
        }
        for path in ["$..a", "$['..']..b", r"$['it\'s $'].b", "$[\"$..\"]"] {
            assert!(costly(path).is_none(), "{path}");
        }
    }
}
