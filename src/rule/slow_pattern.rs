//! Signatures that are slow, and why: nothing that is rare enough to be looked for has to occur.
//!
//! A signature whose [needles](Signature::needles) are few and long costs next to nothing, however many there are. One without
//! is tried on every record, or on nearly every one. [`warning`] finds the part of a regex that keeps a literal from being certain,
//! from the library's syntax tree, which knows places; that is dear, and done for slow signatures only.
//!
//! What a pattern needs is worked out in [`required`](crate::rule::required).

use std::ops::Range;
use std::sync::Arc;

use regex_syntax::ast::parse::ParserBuilder;
use regex_syntax::ast::{Ast, Span as AstSpan};

use crate::rule::authored::{AuthoredFile, Located};
use crate::rule::diagnostic::{Code, Diagnostic};
use crate::rule::file::SignatureFile;
use crate::rule::needle::{MaskedByte, Needle};
use crate::rule::pattern::{NEST_LIMIT, parse};
use crate::rule::pattern_library::PatternLibrary;
use crate::rule::pattern_reference::Expansion;
use crate::rule::required::{Choice, LENGTH_LEAST, NeedleSet, SET_LIMIT};
use crate::rule::scalar::Offsets;
use crate::rule::signature::{Signature, SignatureScope};

/// Characters of a part of a pattern that are quoted.
const QUOTED: usize = 40;

/// What keeps a literal from being certain.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Reason {
    /// An optional part has one: the part, and its literal.
    Optional(String, String),
    /// Some branches of an alternation have one, this one has not.
    Branch(String),
    /// There are more alternatives than are looked for.
    Alternatives,
    /// Between short literals stands something that can be many things.
    Class(String),
    /// There is only so much to match.
    Short,
}

/// The warning about a signature that was written without mistakes, if it is slow.
pub(crate) fn warning(
    file: &Arc<AuthoredFile>,
    written: &SignatureFile,
    signature: &Signature,
    patterns: &PatternLibrary,
) -> Option<Diagnostic> {
    let is_slow = signature.scope == SignatureScope::Record
        && !signature.required.is_empty()
        && !signature.needles.iter().any(NeedleSet::may_be_rare);
    if !is_slow {
        return None;
    }
    let name = &written.name.value;
    let title = match signature.needles.first().and_then(|set| set.needles().first()) {
        None => format!("the signature `{name}` is slow: it is tried on every record"),
        Some(common) => {
            format!(
                "the signature `{name}` is slow: all it surely needs is {}, which is nearly everywhere",
                shown(common)
            )
        }
    };
    // any clause with a literal would do; the first one is where authors look
    let clause = clauses(written, patterns).into_iter().find(|clause| !clause.is_empty())?;
    let at_fault = clause.iter().find(|leaf| !leaf.choice().is_some_and(|choice| tells_enough(&choice)));
    let (leaf, reason) = match at_fault {
        Some(leaf) => (leaf, leaf.reason()),
        None => (clause.first()?, Reason::Alternatives),
    };
    let span = Offsets::of(file, leaf.written).span(0..leaf.text().len());
    Some(Diagnostic::warning(Code::SlowPattern, title).at(file, span, reason.label()).help(reason.help()))
}

impl Reason {
    fn label(&self) -> String {
        match self {
            Reason::Optional(part, _) => format!("`{part}` may be missing, so no literal is certain"),
            Reason::Branch(branch) => format!("the alternative `{branch}` has no literal"),
            Reason::Alternatives => format!("more than {SET_LIMIT} alternatives"),
            Reason::Class(part) => format!("`{part}` can be many things, and the rest is too short"),
            Reason::Short => format!("fewer than {LENGTH_LEAST} characters are certain"),
        }
    }

    fn help(&self) -> String {
        match self {
            Reason::Optional(_, literal) => {
                format!(
                    "add a literal of three or more characters that must occur, such as {literal} if it is always there"
                )
            }
            Reason::Branch(branch) => format!(
                "give `{branch}` a literal of three or more characters that must occur, such as a word of the message; or test \
                 it in a signature of its own"
            ),
            Reason::Alternatives => {
                "add a literal that all alternatives share, as a regex around them or as one more member of `all`"
                    .to_owned()
            }
            Reason::Class(_) | Reason::Short => {
                "add a literal of three or more characters that must occur, such as a word of \
                                                 the message beside it; `all` takes a further `contains`"
                    .to_owned()
            }
        }
    }
}

/// A test as it was written.
struct LeafText<'w> {
    written: &'w Located<String>,
    is_regex: bool,
    /// The same without references to patterns, where it has any.
    expansion: Option<Expansion>,
}

/// The tests that a signature requires, as they were written: of each list one.
fn clauses<'w>(written: &'w SignatureFile, patterns: &PatternLibrary) -> Vec<Vec<LeafText<'w>>> {
    let of = |regex: &'w [Located<String>], contains: &'w [Located<String>]| -> Vec<LeafText<'w>> {
        let regexes = regex.iter().map(|written| {
            let expansion = patterns.expand(without_end(written)).ok().flatten();
            LeafText { written, is_regex: true, expansion }
        });
        let contains = contains.iter().map(|written| LeafText { written, is_regex: false, expansion: None });
        regexes.chain(contains).collect()
    };
    let mut clauses = vec![of(&written.regex, &[]), of(&[], &written.contains)];
    clauses.extend(written.all.iter().map(|leaf| of(&leaf.regex, &leaf.contains)));
    clauses.push(written.any.iter().flat_map(|leaf| of(&leaf.regex, &leaf.contains)).collect());
    clauses
}

impl LeafText<'_> {
    fn text(&self) -> &str {
        without_end(self.written)
    }

    /// The text as it is matched.
    fn expanded(&self) -> &str {
        self.expansion.as_ref().map_or_else(|| self.text(), |expansion| &expansion.regex)
    }

    fn choice(&self) -> Option<Choice> {
        if self.is_regex { of_pattern(self.expanded()) } else { Some(Choice::of_text(self.text().as_bytes())) }
    }

    fn reason(&self) -> Reason {
        let parser = || ParserBuilder::new().nest_limit(NEST_LIMIT).build();
        let tree = self.is_regex.then(|| parser().parse(self.expanded()).ok()).flatten();
        tree.and_then(|tree| self.reason_in(&tree)).unwrap_or(Reason::Short)
    }
}

/// A block scalar ends with a line break that nobody means to match.
fn without_end(written: &Located<String>) -> &str {
    written.value.strip_suffix('\n').unwrap_or(&written.value)
}

fn of_pattern(source: &str) -> Option<Choice> {
    parse(source).ok().map(|hir| Choice::of_hir(&hir))
}

fn tells_enough(choice: &Choice) -> bool {
    choice.sets().any(|set| set.can_be_found() && set.may_be_rare())
}

fn is_fast(source: &str) -> bool {
    of_pattern(source).is_some_and(|choice| tells_enough(&choice))
}

impl LeafText<'_> {
    /// The part of a slow pattern that is to blame: what has a literal that is not certain, before what has none. A reference to a
    /// pattern is one part.
    fn reason_in(&self, tree: &Ast) -> Option<Reason> {
        let source = self.expanded();
        let mut open = vec![tree];
        let mut class = None;
        while let Some(part) = open.pop() {
            if self.reference(part.span()).is_some() {
                class.get_or_insert_with(|| self.written(part.span()));
                continue;
            }
            match part {
                Ast::Concat(concat) => open.extend(concat.asts.iter().rev()),
                Ast::Group(group) => open.push(&group.ast),
                Ast::Repetition(repetition) => {
                    let inner = of_pattern(text(source, repetition.ast.span()));
                    let literal = inner.as_ref().filter(|choice| tells_enough(choice)).and_then(literal);
                    if let Some(literal) = literal {
                        return Some(Reason::Optional(quoted(self.written(part.span())), literal));
                    }
                    class.get_or_insert_with(|| self.written(part.span()));
                }
                Ast::Alternation(alternation) => {
                    let slow = alternation.asts.iter().find(|branch| !is_fast(text(source, branch.span())));
                    return Some(match slow {
                        Some(slow) => Reason::Branch(quoted(self.written(slow.span()))),
                        None => Reason::Alternatives,
                    });
                }
                Ast::Dot(_) | Ast::ClassPerl(_) | Ast::ClassUnicode(_) | Ast::ClassBracketed(_) => {
                    class.get_or_insert_with(|| self.written(part.span()));
                }
                _ => {}
            }
        }
        class.map(|class| Reason::Class(quoted(class)))
    }

    /// Where the reference is written that a part comes from.
    fn reference(&self, part: &AstSpan) -> Option<Range<usize>> {
        self.expansion.as_ref()?.reference(&(part.start.offset..part.end.offset))
    }

    /// What was written where a part comes from.
    fn written(&self, part: &AstSpan) -> &str {
        let range = part.start.offset..part.end.offset;
        let range = self.expansion.as_ref().map_or(range.clone(), |expansion| expansion.written(range));
        self.text().get(range).unwrap_or_default()
    }
}

fn text<'s>(source: &'s str, span: &AstSpan) -> &'s str {
    source.get(span.start.offset..span.end.offset).unwrap_or_default()
}

/// The beginning of a part of a pattern, as much as a line has room for.
fn quoted(part: &str) -> String {
    let mut shown: String = part.chars().take(QUOTED).collect();
    if shown.len() < part.len() {
        shown.push('…');
    }
    shown
}

/// A needle that is surely rare, as it is shown.
fn literal(choice: &Choice) -> Option<String> {
    choice.sets().next().and_then(|set| set.needles().first()).map(shown)
}

/// A needle between marks of code, written as a regex would be.
fn shown(needle: &Needle) -> String {
    let byte = |byte: &MaskedByte| match (byte.known_bits(), format!("{byte:?}")) {
        (..8, unknown) if unknown == "#" => r"\d".to_owned(),
        (..8, unknown) if unknown == "?" => ".".to_owned(),
        (_, known) => known,
    };
    format!("`{}`", quoted(&needle.bytes().iter().map(byte).collect::<String>()))
}
