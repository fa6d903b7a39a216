//! The patterns that a regex may name as `%{NAME}`: the built-in ones, and those of a faultbook.
//!
//! The built-in ones are data, in `patterns.txt`: names as people know them from Logstash, each with what it is for and samples. They are
//! read when the first regex with a reference comes, so that others pay nothing. A faultbook's own stand in its settings; `check` makes a
//! [`PatternLibrary`] of them. How references are read and replaced is known to `pattern_reference`.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use crate::rule::authored::Located;
use crate::rule::check_parts::PartChecker;
use crate::rule::diagnostic::{Code, Diagnostic, suggest};
use crate::rule::pattern::{self, PatternError};
use crate::rule::pattern_reference::{self, Expansion, Meaning};
use crate::rule::scalar::Offsets;

/// Patterns that name patterns, so deep. It bounds the stack; grok's own go five deep.
const DEPTH_LIMIT: usize = 32;

/// A pattern that every faultbook has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuiltIn {
    /// The name, in capitals.
    pub name: &'static str,
    /// What it is for, in Markdown.
    pub about: String,
    /// The heading under which it stands.
    pub section: &'static str,
    /// What it stands for; may name other built-in patterns.
    pub regex: &'static str,
    /// Texts that it matches as a whole.
    pub samples: Vec<String>,
    /// Texts that it does not match as a whole.
    pub near_misses: Vec<String>,
}

impl BuiltIn {
    /// All of them, in the order of the documentation.
    pub fn all() -> &'static [BuiltIn] {
        &BUILT_IN
    }
}

static BUILT_IN: LazyLock<Vec<BuiltIn>> = LazyLock::new(|| read(include_str!("patterns.txt")));

/// The built-in patterns without references, by name.
static EXPANDED: LazyLock<HashMap<&'static str, String>> = LazyLock::new(|| {
    let by_name: HashMap<&str, &'static BuiltIn> = BUILT_IN.iter().map(|pattern| (pattern.name, pattern)).collect();
    let mut expanded = HashMap::with_capacity(BUILT_IN.len());
    BUILT_IN.iter().for_each(|pattern| expand_built_in(pattern, &by_name, &mut expanded, 0));
    expanded
});

/// Adds a built-in pattern after those that it names. A test makes sure that none is in a circle and none is missing.
fn expand_built_in(
    pattern: &'static BuiltIn,
    by_name: &HashMap<&str, &'static BuiltIn>,
    expanded: &mut HashMap<&'static str, String>,
    depth: usize,
) {
    if depth > DEPTH_LIMIT || expanded.contains_key(pattern.name) {
        return;
    }
    for reference in pattern_reference::references(pattern.regex).flatten() {
        if let Some(named) = by_name.get(reference.name) {
            expand_built_in(named, by_name, expanded, depth + 1);
        }
    }
    let meaning = |name: &str| expanded.get(name).map_or(Meaning::Unknown(None), |regex| Meaning::Regex(regex));
    let regex = match pattern_reference::expand(pattern.regex, meaning) {
        Ok(Some(expansion)) => expansion.regex,
        Ok(None) => pattern.regex.to_owned(),
        Err(_) => return,
    };
    expanded.insert(pattern.name, regex);
}

/// Reads the built-in patterns: a name, a blank and a regex in a line; above it, as comments, a description, samples (`#+`) and near
/// misses (`#-`); headings begin with `##`.
fn read(text: &'static str) -> Vec<BuiltIn> {
    let mut patterns = Vec::new();
    let mut next = BuiltIn::default();
    for line in text.lines() {
        let sample = |rest: &str| rest.strip_prefix(' ').unwrap_or(rest).replace("\\t", "\t").replace("\\n", "\n");
        if line.is_empty() {
            next = BuiltIn { section: next.section, ..BuiltIn::default() };
        } else if let Some(section) = line.strip_prefix("## ") {
            next.section = section;
        } else if let Some(rest) = line.strip_prefix("#+") {
            next.samples.push(sample(rest));
        } else if let Some(rest) = line.strip_prefix("#-") {
            next.near_misses.push(sample(rest));
        } else if let Some(about) = line.strip_prefix("# ") {
            next.about.push_str(if next.about.is_empty() { "" } else { " " });
            next.about.push_str(about);
        } else if let Some((name, regex)) = line.split_once(' ') {
            let section = next.section;
            patterns.push(BuiltIn { name, regex, ..std::mem::take(&mut next) });
            next.section = section;
        }
    }
    patterns
}

/// The patterns that the regexes of a faultbook may name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PatternLibrary {
    own: BTreeMap<String, OwnPattern>,
}

/// A pattern of a faultbook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnPattern {
    /// What it stands for, as it was written.
    pub source: String,
    /// Where its name was written, such as `faultbook.yaml:12`.
    pub place: String,
    /// The same regex without references; `None` when it has a mistake.
    expanded: Option<String>,
}

impl PatternLibrary {
    /// The built-in patterns alone.
    pub fn built_in() -> &'static PatternLibrary {
        static BUILT_IN_ALONE: PatternLibrary = PatternLibrary { own: BTreeMap::new() };
        &BUILT_IN_ALONE
    }

    /// The patterns that the faultbook has besides the built-in ones, by name.
    pub fn own(&self) -> impl Iterator<Item = (&str, &OwnPattern)> {
        self.own.iter().map(|(name, pattern)| (name.as_str(), pattern))
    }

    /// What a name stands for, without references. `None` when there is no such pattern, or when it has a mistake.
    pub fn regex_of(&self, name: &str) -> Option<&str> {
        match self.meaning(name) {
            Meaning::Regex(regex) => Some(regex),
            Meaning::Broken(_) | Meaning::Unknown(_) => None,
        }
    }

    /// Adds what another file has and this one does not.
    pub(crate) fn fill_from(&mut self, other: PatternLibrary) {
        for (name, pattern) in other.own {
            self.own.entry(name).or_insert(pattern);
        }
    }

    /// Puts what names stand for in the place of the references in a regex; see [`pattern_reference::expand`].
    pub(crate) fn expand(&self, source: &str) -> Result<Option<Expansion>, Vec<PatternError>> {
        pattern_reference::expand(source, |name| self.meaning(name))
    }

    fn meaning(&self, name: &str) -> Meaning<'_> {
        match (self.own.get(name), EXPANDED.get(name)) {
            (Some(OwnPattern { expanded: Some(regex), .. }), _) => Meaning::Regex(regex),
            (Some(own), _) => Meaning::Broken(&own.place),
            (None, Some(regex)) => Meaning::Regex(regex),
            (None, None) => Meaning::Unknown(self.suggested(name)),
        }
    }

    fn suggested(&self, name: &str) -> Option<String> {
        let built_in = BUILT_IN.iter().map(|pattern| pattern.name);
        let known: Vec<&str> = self.own.keys().map(String::as_str).chain(built_in).collect();
        let help = suggest(name, &known)?;
        let is_near = help.starts_with("did you mean");
        Some(if is_near { help } else { format!("{help}; `faultbook docs` tells what they match") })
    }
}

/// Checks the patterns of a settings file, given as names and regexes. What is wrong is reported; a pattern with a mistake stays known.
pub(crate) fn check(parts: &mut PartChecker<'_>, written: &[(Located<String>, Located<String>)]) -> PatternLibrary {
    let mut checker = Checker { parts, written: HashMap::new(), library: PatternLibrary::default(), open: Vec::new() };
    for (name, regex) in written {
        if checker.may_be_named(name) {
            checker.written.insert(&name.value, (name, regex));
        }
    }
    written.iter().for_each(|(name, _)| checker.visit(&name.value));
    checker.library
}

struct Checker<'c, 'p, 'w> {
    parts: &'c mut PartChecker<'p>,
    written: HashMap<&'w str, (&'w Located<String>, &'w Located<String>)>,
    library: PatternLibrary,
    /// Patterns that are being expanded, each named by the one before.
    open: Vec<&'w str>,
}

impl<'w> Checker<'_, '_, 'w> {
    fn may_be_named(&mut self, name: &Located<String>) -> bool {
        let (code, title, label, help) = if !pattern_reference::is_name(&name.value) {
            let title = format!("`{}` cannot be the name of a pattern", name.value);
            (Code::BadName, title, "not a name", "use letters, digits and `_`, beginning with a letter".to_owned())
        } else if EXPANDED.contains_key(name.value.as_str()) {
            let title = format!("`{}` is the name of a built-in pattern", name.value);
            let help = format!("choose another, such as `OUR_{}`", name.value);
            (Code::NameClash, title, "built in, and the same in every faultbook", help)
        } else {
            return true;
        };
        self.parts.error(code, name.span, title, label, Some(help));
        false
    }

    /// Expands a pattern after those that it names, once.
    fn visit(&mut self, name: &str) {
        let Some(&(name, source)) = self.written.get(name).filter(|_| !self.library.own.contains_key(name)) else {
            return;
        };
        let faults_before = self.parts.diagnostics.len();
        self.open.push(&name.value);
        for reference in pattern_reference::references(&source.value).flatten() {
            let is_circle = self.open.contains(&reference.name);
            let is_too_deep = self.open.len() >= DEPTH_LIMIT && self.written.contains_key(reference.name);
            if is_circle {
                self.circle(reference.name);
            } else if is_too_deep {
                let span = Offsets::of(self.parts.file, source).span(reference.range);
                let title = format!("patterns name patterns more than {DEPTH_LIMIT} deep");
                self.parts.error(Code::BadRegex, span, title, "too deep", Some("write this one out".to_owned()));
            } else {
                self.visit(reference.name);
            }
        }
        self.open.pop();
        // what is wrong with a pattern is not told again of those that name it
        let is_broken = |name: &str| self.library.own.get(name).is_some_and(|own| own.expanded.is_none());
        let names_broken = pattern_reference::references(&source.value).flatten().any(|named| is_broken(named.name));
        let is_sound = self.parts.diagnostics.len() == faults_before && !names_broken;
        let expanded = if is_sound { self.expanded(source) } else { None };
        let line = self.parts.file.position(name.span.start).line;
        let place = format!("{}:{line}", self.parts.file.path());
        let own = OwnPattern { source: source.value.clone(), place, expanded };
        self.library.own.insert(name.value.clone(), own);
    }

    /// The regex of a pattern without references, after those are known. `None` after its mistakes are reported.
    fn expanded(&mut self, source: &Located<String>) -> Option<String> {
        // A block scalar ends with a line break that nobody means to match.
        let written = source.value.strip_suffix('\n').unwrap_or(&source.value);
        let faults = match self.library.expand(written) {
            Ok(expansion) => match pattern::fault_in_part(written, expansion.as_ref()) {
                None => return Some(expansion.map_or_else(|| written.to_owned(), |expansion| expansion.regex)),
                Some(fault) => vec![fault],
            },
            Err(faults) => faults,
        };
        let offsets = Offsets::of(self.parts.file, source);
        for fault in faults {
            self.parts.error(fault.code, offsets.span(fault.range), fault.message, "here", fault.help);
        }
        None
    }

    /// Reports that the pattern being expanded names one that it is itself a part of.
    fn circle(&mut self, first: &str) {
        let from = self.open.iter().position(|open| *open == first).unwrap_or_default();
        let members: Vec<&str> = self.open.get(from..).unwrap_or_default().to_vec();
        let names: Vec<String> = members.iter().map(|name| format!("`{name}`")).collect();
        let title = match names.as_slice() {
            [only] => format!("the pattern {only} is a part of itself"),
            _ => format!("the patterns {} are parts of each other", names.join(", ")),
        };
        let mut diagnostic = Diagnostic::error(Code::CircularPatterns, title);
        for (index, member) in members.iter().enumerate() {
            let next = members.get(index + 1).or(members.first()).copied().unwrap_or_default();
            let Some((_, source)) = self.written.get(member) else { continue };
            let named = pattern_reference::references(&source.value).flatten().find(|named| named.name == next);
            if let Some(named) = named {
                let span = Offsets::of(self.parts.file, source).span(named.range);
                diagnostic = diagnostic.at(self.parts.file, span, "part of a circle");
            }
        }
        self.parts.diagnostics.push(diagnostic.help("a regex cannot contain itself; write out one of them"));
    }
}

#[cfg(test)]
mod tests {
    use regex::bytes::RegexBuilder;

    use super::*;

    #[test]
    fn every_built_in_pattern_matches_its_samples_and_no_near_miss() {
        for pattern in BuiltIn::all() {
            let regex = PatternLibrary::built_in().regex_of(pattern.name).unwrap_or_else(|| panic!("{}", pattern.name));
            let whole = RegexBuilder::new(&format!(r"\A(?:{regex})\z")).unicode(false).multi_line(true).build();
            let whole = whole.unwrap_or_else(|error| panic!("{}: {error}", pattern.name));
            assert!(!pattern.samples.is_empty() && !pattern.near_misses.is_empty(), "{}", pattern.name);
            for sample in &pattern.samples {
                assert!(whole.is_match(sample.as_bytes()), "%{{{}}} matches {sample:?}", pattern.name);
            }
            for miss in &pattern.near_misses {
                assert!(!whole.is_match(miss.as_bytes()), "%{{{}}} does not match {miss:?}", pattern.name);
            }
            assert!(whole.capture_names().flatten().next().is_none(), "{} captures nothing", pattern.name);
        }
    }

    #[test]
    fn every_built_in_pattern_takes_as_much_of_a_text_as_its_samples_have() {
        // alternatives are tried in order: one that is the beginning of another must come after it
        for pattern in BuiltIn::all().iter().filter(|pattern| pattern.name != "DATA") {
            let regex = PatternLibrary::built_in().regex_of(pattern.name).unwrap_or_default();
            let regex = RegexBuilder::new(regex).unicode(false).multi_line(true).build().expect("compiles");
            for sample in &pattern.samples {
                let found = regex.find(sample.as_bytes()).map(|found| found.range());
                assert_eq!(found, Some(0..sample.len()), "%{{{}}} in {sample:?}", pattern.name);
            }
        }
    }

    #[test]
    fn built_in_patterns_are_documented_and_named_once() {
        let mut names: Vec<&str> = BuiltIn::all().iter().map(|pattern| pattern.name).collect();
        assert!(names.len() > 70, "{}", names.len());
        assert!(BuiltIn::all().iter().all(|pattern| pattern.about.len() > 10 && !pattern.section.is_empty()));
        assert!(names.iter().all(|name| pattern_reference::is_name(name)));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), BuiltIn::all().len());
    }
}
