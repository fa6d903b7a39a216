//! The checks of the smaller parts of a rule: names, regexes, globs, levels, signatures.

use std::sync::Arc;

use regex_syntax::hir::Hir;

use crate::rule::authored::{AuthoredFile, Located, Span};
use crate::rule::diagnostic::{Code, Diagnostic, suggest};
use crate::rule::file::SignatureFile;
use crate::rule::pattern::Pattern;
use crate::rule::pattern_library::PatternLibrary;
use crate::rule::pattern_reference;
use crate::rule::required::Choice;
use crate::rule::scalar::Offsets;
use crate::rule::signature::{FileGlob, Leaf, LevelTest, Signature, SignatureScope};
use crate::rule::slow_pattern;
use crate::rule::timespan::Timespan;
use crate::rule::vocabulary::Level;

/// Words that minijinja keeps for itself.
pub(crate) const RESERVED: [&str; 12] =
    ["and", "else", "false", "if", "in", "is", "loop", "none", "not", "or", "self", "true"];

/// Checks parts of one file and collects what is wrong with them.
pub(crate) struct PartChecker<'a> {
    pub(crate) file: &'a Arc<AuthoredFile>,
    /// The patterns that regexes may name.
    pub(crate) patterns: &'a PatternLibrary,
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// Captures of regexes that did not parse, and the words of refused names, so that one mistake does not make each use
    /// of them another.
    pub(crate) lost_captures: Vec<String>,
}

/// Tests of which one must hold.
#[derive(Default)]
struct Clause {
    leaves: Vec<Leaf>,
    /// What each of them needs; `None` without any.
    needs: Option<Choice>,
}

impl Clause {
    fn or(mut self, other: Clause) -> Self {
        self.leaves.extend(other.leaves);
        self.needs = match (self.needs, other.needs) {
            (Some(one), Some(other)) => Some(one.united(other)),
            (one, other) => one.or(other),
        };
        self
    }

    /// The tests alone. There are many of them in memory, so nothing is kept spare.
    fn into_leaves(mut self) -> Vec<Leaf> {
        self.leaves.shrink_to_fit();
        self.leaves
    }
}

impl<'a> PartChecker<'a> {
    pub(crate) fn new(file: &'a Arc<AuthoredFile>, diagnostics: Vec<Diagnostic>, patterns: &'a PatternLibrary) -> Self {
        Self { file, patterns, diagnostics, lost_captures: Vec::new() }
    }

    pub(crate) fn error(
        &mut self,
        code: Code,
        span: Span,
        title: impl Into<String>,
        label: &str,
        help: Option<String>,
    ) {
        self.diagnostics.push(Diagnostic::error(code, title).at(self.file, span, label).maybe_help(help));
    }

    /// Reports a name that conditions could not use.
    pub(crate) fn plain_name(&mut self, name: &Located<String>) {
        let mut characters = name.value.chars();
        let well_formed = characters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
            && characters.all(|c| c.is_ascii_alphanumeric() || c == '_');
        let is_reserved = RESERVED.contains(&name.value.to_ascii_lowercase().as_str());
        if !well_formed || is_reserved {
            let title = format!("`{}` cannot be used as a name in conditions and texts", name.value);
            let help = match is_reserved {
                true => "it is a word of the expression language; choose another",
                false => "use letters, digits and `_`, beginning with a letter",
            };
            self.error(Code::BadName, name.span, title, "not a name", Some(help.into()));
            let words = name.value.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            self.lost_captures.extend(words.map(str::to_owned));
        }
    }

    /// Reports that two things share a name.
    pub(crate) fn clash(&mut self, name: &Located<String>, kind: &str, first: Span, earlier: &str) {
        let diagnostic =
            Diagnostic::error(Code::NameClash, format!("`{}` is the name of {earlier} and of {kind}", name.value))
                .at(self.file, name.span, kind)
                .at(self.file, first, earlier)
                .help("rename one of them");
        self.diagnostics.push(diagnostic);
    }

    /// Compiles a signature; what is wrong with it is reported and left out.
    pub(crate) fn signature(&mut self, written: &SignatureFile) -> Signature {
        let faults_before = self.diagnostics.len();
        let mut clauses = vec![self.clause(&written.regex, &[]), self.clause(&[], &written.contains)];
        clauses.extend(written.all.iter().map(|leaf| self.clause(&leaf.regex, &leaf.contains)));
        let any = written.any.iter().map(|leaf| self.clause(&leaf.regex, &leaf.contains));
        clauses.push(any.reduce(Clause::or).unwrap_or_default());
        clauses.retain(|clause| !clause.leaves.is_empty());
        let needs = clauses.iter_mut().filter_map(|clause| clause.needs.take());
        let needles = match written.whole_file {
            true => Box::default(),
            false => needs.fold(Choice::default(), Choice::or_also).kept(),
        };
        let required: Vec<Vec<Leaf>> = clauses.into_iter().map(|clause| clause.into_leaves()).collect();
        let forbidden: Vec<Leaf> =
            written.none.iter().flat_map(|leaf| self.clause(&leaf.regex, &leaf.contains).leaves).collect();
        let optional: Vec<Vec<Pattern>> = written
            .optional
            .iter()
            .map(|alternatives| alternatives.iter().filter_map(|regex| self.pattern(regex)).collect())
            .collect();
        let file = written.file.as_ref().and_then(|glob| self.glob(glob));
        let nothing_written =
            written.regex.is_empty() && written.contains.is_empty() && written.all.is_empty() && written.any.is_empty();
        if nothing_written && !written.has_faults && !(written.whole_file && written.file.is_some()) {
            let title = format!("the signature `{}` has nothing that must match", written.name.value);
            let help = Some(
                "write `regex: …`, `contains: …`, `all:` or `any:`; with `scope: file`, a `file` glob is enough".into(),
            );
            self.error(Code::EmptySignature, written.span, title, "would match every record", help);
        }
        if let Some(level) = written.level.first().filter(|_| written.whole_file) {
            let title = "a whole file has no level";
            self.error(Code::UnusedKey, level.span, title, "not looked at", Some("leave `level` out".into()));
        }
        if let Some(max_age) = written.max_age.as_ref().filter(|_| written.whole_file) {
            let title = "a whole file has no age";
            self.error(Code::UnusedKey, max_age.span, title, "not looked at", Some("leave `max_age` out".into()));
        }
        self.no_shared_captures(written, &required, &optional);
        let signature = Signature {
            name: written.name.value.clone(),
            required,
            forbidden,
            optional,
            file,
            level: self.level(written),
            max_age: written.max_age.as_ref().and_then(|written| self.timespan(written)),
            scope: if written.whole_file { SignatureScope::File } else { SignatureScope::Record },
            needles,
            meanings: written.captures.iter().map(|(name, about)| (name.value.clone(), about.value.clone())).collect(),
        };
        self.known_captures(written, &signature);
        if self.diagnostics.len() == faults_before && !written.has_faults {
            self.diagnostics.extend(slow_pattern::warning(self.file, written, &signature, self.patterns));
        }
        signature
    }

    /// Reports meanings of captures that the signature does not have.
    fn known_captures(&mut self, written: &SignatureFile, signature: &Signature) {
        if written.captures.is_empty() {
            return;
        }
        let known = signature.every_capture();
        for (name, _) in &written.captures {
            if known.contains(&name.value.as_str()) || self.lost_captures.contains(&name.value) {
                continue;
            }
            let title = format!("the signature `{}` captures no `{}`", written.name.value, name.value);
            let help = suggest(&name.value, &known).or_else(|| Some("it captures nothing".to_owned()));
            self.error(Code::UnknownName, name.span, title, "not captured here", help);
        }
    }

    /// The tests of which one must hold, and what they need together.
    fn clause(&mut self, regexes: &[Located<String>], substrings: &[Located<String>]) -> Clause {
        let regexes = regexes.iter().filter_map(|regex| self.parsed(regex)).map(|(pattern, hir)| {
            let needs = Some(Choice::of_hir(&hir));
            Clause { leaves: vec![Leaf::Regex(pattern)], needs }
        });
        let mut clause = regexes.reduce(Clause::or).unwrap_or_default();
        for leaf in self.substrings(substrings) {
            clause = clause.or(leaf);
        }
        clause
    }

    fn substrings(&mut self, written: &[Located<String>]) -> Vec<Clause> {
        let mut leaves = Vec::new();
        for text in written {
            // A block scalar ends with a line break that nobody means to match.
            let bytes = text.value.strip_suffix('\n').unwrap_or(&text.value).as_bytes();
            if bytes.is_empty() {
                let title = "this text is empty, and every record contains it";
                self.error(
                    Code::EmptyMatch,
                    text.span,
                    title,
                    "nothing to look for",
                    Some("write a part of the text that records contain".into()),
                );
            } else {
                leaves
                    .push(Clause { leaves: vec![Leaf::Contains(bytes.to_vec())], needs: Some(Choice::of_text(bytes)) });
            }
        }
        leaves
    }

    /// Checks a regex.
    pub(crate) fn pattern(&mut self, written: &Located<String>) -> Option<Pattern> {
        self.parsed(written).map(|(pattern, _)| pattern)
    }

    /// Checks a regex; also its parsed form.
    fn parsed(&mut self, written: &Located<String>) -> Option<(Pattern, Hir)> {
        // A block scalar ends with a line break that nobody means to match.
        let source = written.value.strip_suffix('\n').unwrap_or(&written.value);
        match Pattern::parsed(source, self.patterns) {
            Ok(parsed) => Some(parsed),
            Err(errors) => {
                let offsets = Offsets::of(self.file, written);
                self.lost_captures.extend(capture_names_in(source));
                for error in errors {
                    self.error(error.code, offsets.span(error.range), error.message, "here", error.help);
                }
                None
            }
        }
    }

    /// Checks a length of time.
    pub(crate) fn timespan(&mut self, written: &Located<String>) -> Option<Timespan> {
        match written.value.parse::<Timespan>() {
            Ok(timespan) => Some(timespan),
            Err(error) => {
                let help = "write a whole number and a unit: `30s`, `5m`, `12h`, `7d` or `2w`";
                let (title, label) = (error.to_string(), "not a time span");
                self.error(Code::BadTimespan, written.span, title, label, Some(help.into()));
                None
            }
        }
    }

    /// Checks a glob.
    pub(crate) fn glob(&mut self, written: &Located<String>) -> Option<FileGlob> {
        match FileGlob::new(&written.value) {
            Ok(glob) => Some(glob),
            Err(error) => {
                let title = format!("`{}` is not a valid glob: {}", written.value, error.kind());
                self.error(
                    Code::BadGlob,
                    written.span,
                    title,
                    "here",
                    Some("for instance `var/log/**/*.log`, or `*.log`".into()),
                );
                None
            }
        }
    }

    fn level(&mut self, written: &SignatureFile) -> Option<LevelTest> {
        let mut levels = Vec::new();
        for word in &written.level {
            match Level::from_word(word.value.as_bytes()) {
                Some(level) => levels.push(level),
                None => {
                    let title = format!("`{}` is not a level", word.value);
                    self.error(Code::UnknownValue, word.span, title, "not a level", suggest(&word.value, Level::NAMES));
                }
            }
        }
        match levels.as_slice() {
            [] => None,
            [least] if !written.level_is_list => Some(LevelTest::AtLeast(*least)),
            _ => Some(LevelTest::OneOf(levels)),
        }
    }

    /// Two regexes of which both may match must not give one capture name two values.
    fn no_shared_captures(&mut self, written: &SignatureFile, required: &[Vec<Leaf>], optional: &[Vec<Pattern>]) {
        fn of_leaf(leaf: &Leaf) -> &[String] {
            match leaf {
                Leaf::Regex(pattern) => pattern.captures(),
                Leaf::Contains(_) => &[],
            }
        }
        fn distinct<'n>(names: impl Iterator<Item = &'n String>) -> Vec<&'n str> {
            let mut names: Vec<&str> = names.map(String::as_str).collect();
            names.sort_unstable();
            names.dedup();
            names
        }
        let of_clauses = required.iter().map(|clause| distinct(clause.iter().flat_map(of_leaf)));
        let of_optional = optional.iter().map(|entry| distinct(entry.iter().flat_map(Pattern::captures)));
        let mut seen: Vec<&str> = Vec::new();
        for names in of_clauses.chain(of_optional) {
            for name in names.iter().filter(|name| seen.contains(name)) {
                let title = format!("two regexes of the signature `{}` capture `{name}`", written.name.value);
                let nth = seen.iter().filter(|other| *other == name).count();
                let places = self.clauses_that_capture(written, name);
                let (first, again) = (places.first().copied(), places.get(nth).copied().unwrap_or(written.span));
                let diagnostic =
                    Diagnostic::error(Code::DuplicateCapture, title).at(self.file, again, "captured again");
                let diagnostic = match first.filter(|&first| first != again) {
                    Some(first) => diagnostic.at(self.file, first, "first captured here"),
                    None => diagnostic,
                };
                self.diagnostics.push(diagnostic.help(
                    "regexes that are alternatives may share a name: put them in one list, as in `regex: [a, b]`; \
                     give the captures of others names of their own",
                ));
            }
            seen.extend(names);
        }
    }

    /// For each clause and each entry of `optional` that captures a name, where it first does.
    fn clauses_that_capture(&self, written: &SignatureFile, name: &str) -> Vec<Span> {
        let of_any: Vec<_> = written.any.iter().flat_map(|leaf| leaf.regex.clone()).collect();
        let clauses = std::iter::once(written.regex.clone())
            .chain(written.all.iter().map(|leaf| leaf.regex.clone()))
            .chain(std::iter::once(of_any))
            .chain(written.optional.iter().cloned());
        clauses.filter_map(|regexes| regexes.iter().find_map(|regex| self.place_of_capture(regex, name))).collect()
    }

    fn place_of_capture(&self, regex: &Located<String>, name: &str) -> Option<Span> {
        let at = pattern_reference::place_of_capture(&regex.value, name)?;
        Some(Offsets::of(self.file, regex).span(at))
    }

    /// Where the regexes of a signature capture a name, in the order in which they are matched.
    pub(crate) fn places_of_capture(&self, written: &SignatureFile, name: &str) -> Vec<Span> {
        let leaves = written.all.iter().chain(&written.any).flat_map(|leaf| &leaf.regex);
        let regexes = written.regex.iter().chain(leaves).chain(written.optional.iter().flatten());
        regexes.filter_map(|regex| self.place_of_capture(regex, name)).collect()
    }
}

/// The names between `(?<` and `>`, and of references, in a pattern that does not parse.
fn capture_names_in(source: &str) -> impl Iterator<Item = String> + '_ {
    let groups = source.split("(?<").skip(1).chain(source.split("(?P<").skip(1));
    let of_groups = groups.filter_map(|group| group.split_once('>')).map(|(name, _)| name);
    let of_references = source.split("%{").skip(1).filter_map(|reference| {
        let (_, capture) = reference.split_once('}')?.0.split_once(':')?;
        Some(capture.split(':').next().unwrap_or(capture))
    });
    of_groups.chain(of_references).map(str::to_owned)
}
