//! Signatures that are slow, and why: nothing that is rare enough to be looked for has to occur.
//!
//! A signature whose [needles](Signature::needles) are few and long costs next to nothing, however many there are. One without
//! is tried on every record, or on nearly every one. [`warning`] finds the part of a regex that keeps a literal from being certain,
//! from the library's syntax tree, which knows places; that is dear, and done for slow signatures only.
//!
//! What a pattern needs is worked out in [`required`](crate::rule::required).

use std::sync::Arc;

use regex_syntax::ast::parse::ParserBuilder;
use regex_syntax::ast::{Ast, Span as AstSpan};

use crate::rule::authored::{AuthoredFile, Located};
use crate::rule::diagnostic::{Code, Diagnostic};
use crate::rule::file::SignatureFile;
use crate::rule::needle::{MaskedByte, Needle};
use crate::rule::pattern::{NEST_LIMIT, parse};
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
pub(crate) fn warning(file: &Arc<AuthoredFile>, written: &SignatureFile, signature: &Signature) -> Option<Diagnostic> {
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
    let clause = clauses(written).into_iter().find(|clause| !clause.is_empty())?;
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
}

/// The tests that a signature requires, as they were written: of each list one.
fn clauses(written: &SignatureFile) -> Vec<Vec<LeafText<'_>>> {
    fn of<'w>(regex: &'w [Located<String>], contains: &'w [Located<String>]) -> Vec<LeafText<'w>> {
        let regexes = regex.iter().map(|written| LeafText { written, is_regex: true });
        regexes.chain(contains.iter().map(|written| LeafText { written, is_regex: false })).collect()
    }
    let mut clauses = vec![of(&written.regex, &[]), of(&[], &written.contains)];
    clauses.extend(written.all.iter().map(|leaf| of(&leaf.regex, &leaf.contains)));
    clauses.push(written.any.iter().flat_map(|leaf| of(&leaf.regex, &leaf.contains)).collect());
    clauses
}

impl LeafText<'_> {
    fn text(&self) -> &str {
        self.written.value.strip_suffix('\n').unwrap_or(&self.written.value)
    }

    fn choice(&self) -> Option<Choice> {
        if self.is_regex { of_pattern(self.text()) } else { Some(Choice::of_text(self.text().as_bytes())) }
    }

    fn reason(&self) -> Reason {
        let parser = || ParserBuilder::new().nest_limit(NEST_LIMIT).build();
        let tree = self.is_regex.then(|| parser().parse(self.text()).ok()).flatten();
        tree.and_then(|tree| reason(self.text(), &tree)).unwrap_or(Reason::Short)
    }
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

/// The part of a slow pattern that is to blame: what has a literal that is not certain, before what has none.
fn reason(source: &str, tree: &Ast) -> Option<Reason> {
    let mut open = vec![tree];
    let mut class = None;
    while let Some(part) = open.pop() {
        match part {
            Ast::Concat(concat) => open.extend(concat.asts.iter().rev()),
            Ast::Group(group) => open.push(&group.ast),
            Ast::Repetition(repetition) => {
                let inner = of_pattern(text(source, repetition.ast.span()));
                let literal = inner.as_ref().filter(|choice| tells_enough(choice)).and_then(literal);
                if let Some(literal) = literal {
                    return Some(Reason::Optional(quoted(text(source, part.span())), literal));
                }
                class.get_or_insert_with(|| text(source, part.span()));
            }
            Ast::Alternation(alternation) => {
                let branches = || alternation.asts.iter().map(|branch| text(source, branch.span()));
                return Some(match branches().find(|branch| !is_fast(branch)) {
                    Some(slow) => Reason::Branch(quoted(slow)),
                    None => Reason::Alternatives,
                });
            }
            Ast::Dot(_) | Ast::ClassPerl(_) | Ast::ClassUnicode(_) | Ast::ClassBracketed(_) => {
                class.get_or_insert_with(|| text(source, part.span()));
            }
            _ => {}
        }
    }
    class.map(|class| Reason::Class(quoted(class)))
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
