//! What the tags of one text define, take from files and call: read off its words, with what holds where.
//!
//! The template engine keeps its syntax tree to itself. A text that it accepts is walked through once, tag by tag, with the scopes that its
//! blocks open: so it is known which names are the text's own, which file each `include`, `import` and `from` means, and which macro a
//! call means. Files are looked up by [`shared_text`](crate::rule::shared_text), which also compares calls with their macros.

use std::ops::Range;

use crate::rule::diagnostic::Code;
use crate::rule::lexer::{Tag, Token, TokenKind, template_tags, unquoted};
use crate::rule::names::TextFault;

/// Blocks of the template engine that texts do not have.
const REFUSED: [&str; 5] = ["extends", "block", "autoescape", "do", "filter"];

/// One text's tags.
#[derive(Debug, Default)]
pub(crate) struct TextTags<'s> {
    /// The files that it takes something from, in its order.
    pub(crate) taken: Vec<Taken<'s>>,
    /// The macros that it defines.
    pub(crate) macros: Vec<Macro<'s>>,
    /// The calls of macros.
    pub(crate) calls: Vec<Call<'s>>,
    /// What another file may import: what is defined outside of blocks.
    pub(crate) exports: Vec<(&'s str, Bound<'s>)>,
    /// Its words. Names that it defines itself are no names here, unless a filter, test or attribute is called so.
    pub(crate) tokens: Vec<Token<'s>>,
    /// What no text may do.
    pub(crate) faults: Vec<TextFault>,
}

/// A file that a text names.
#[derive(Debug)]
pub(crate) struct Taken<'s> {
    /// Its path below `templates/`.
    pub(crate) path: &'s str,
    /// Where that stands, with its quotes.
    pub(crate) range: Range<usize>,
    pub(crate) how: How<'s>,
}

/// What is taken from a file.
#[derive(Debug)]
pub(crate) enum How<'s> {
    /// Its text, in which these names of the including text mean something.
    Text(Vec<&'s str>),
    /// All its macros, under one name.
    Module,
    /// Some of its macros: their names with their places.
    Macros(Vec<(&'s str, Range<usize>)>),
}

/// What a name of a text's own stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bound<'s> {
    /// A value.
    Value,
    /// A macro of this text, by its position in [`TextTags::macros`].
    Macro(usize),
    /// The macros of a file, by its position in [`TextTags::taken`].
    Module(usize),
    /// One macro of such a file.
    Imported(usize, &'s str),
}

/// A macro as it is defined.
#[derive(Clone, Debug, Default)]
pub(crate) struct Macro<'s> {
    /// Its parameters; whether each may be left out.
    pub(crate) parameters: Vec<(&'s str, bool)>,
    pub(crate) caller: Caller,
}

/// What a macro does with the text of a `{% call %}` block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Caller {
    /// Nothing: it cannot be given one.
    #[default]
    Unused,
    /// It looks whether there is one.
    Optional,
    /// It cannot do without.
    Needed,
}

/// A call of a macro.
#[derive(Debug)]
pub(crate) struct Call<'s> {
    pub(crate) of: Bound<'s>,
    /// Behind the name of a module: the name of the macro.
    pub(crate) member: Option<&'s str>,
    /// Where the macro's name stands.
    pub(crate) range: Range<usize>,
    /// How many arguments it is given by position.
    pub(crate) positional: usize,
    /// Those that it is given by name, with their places.
    pub(crate) named: Vec<(&'s str, Range<usize>)>,
    /// Whether more may come out of a `*list` or `**mapping`.
    pub(crate) is_open: bool,
    /// Whether it begins a `{% call %}` block.
    pub(crate) is_block: bool,
}

/// What a scope belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ScopeOf {
    File,
    Block,
    /// A macro by its position: its included texts see nothing of what is around it.
    Macro(usize),
    /// The body of a `{% call %}` block, which is a macro too.
    CallBody,
}

#[derive(Debug)]
struct Scope<'s> {
    of: ScopeOf,
    names: Vec<(&'s str, Bound<'s>)>,
}

impl<'s> TextTags<'s> {
    /// Reads the tags of a text that the template engine has parsed.
    pub(crate) fn of(source: &'s str) -> Self {
        let file = Scope { of: ScopeOf::File, names: Vec::new() };
        let mut reader = Reader { tags: TextTags::default(), scopes: vec![file] };
        for tag in template_tags(source) {
            reader.tag(&tag);
        }
        let root = reader.scopes.into_iter().next();
        reader.tags.exports = root.map(|root| root.names).unwrap_or_default();
        reader.tags
    }
}

struct Reader<'s> {
    tags: TextTags<'s>,
    scopes: Vec<Scope<'s>>,
}

impl<'s> Reader<'s> {
    fn tag(&mut self, tag: &Tag<'s>) {
        let words = tag.words();
        let Some((first, rest)) = words.split_first() else { return };
        if !tag.is_statement || first.kind != TokenKind::Name {
            return self.words(words, false);
        }
        self.tags.tokens.push(first.clone());
        match first.text {
            "for" => self.for_loop(rest),
            "if" => {
                self.words(rest, false);
                self.open(ScopeOf::Block);
            }
            "elif" | "else" => {
                self.top().names.clear();
                self.words(rest, false);
            }
            "with" => {
                let mut names = Vec::new();
                for part in parts(rest) {
                    names.extend(self.assignment(part));
                }
                self.open(ScopeOf::Block);
                self.top().names.extend(names.into_iter().map(|name| (name, Bound::Value)));
            }
            "set" => self.set(first, rest),
            "include" => self.include(first, rest),
            "import" => self.import(first, rest),
            "from" => self.import_from(first, rest),
            "macro" => self.macro_definition(rest),
            "call" => self.call_block(rest),
            name if REFUSED.contains(&name) => {
                let fault = match name {
                    "filter" => refused(first),
                    _ => TextFault::new(
                        Code::BadTemplate,
                        format!("there is no block `{name}` in texts"),
                        first.range.clone(),
                    )
                    .help(BLOCKS_HELP),
                };
                self.tags.faults.push(fault);
                if !matches!(name, "do" | "extends") {
                    self.open(ScopeOf::Block);
                }
            }
            name if name.starts_with("end") => self.close(),
            _ => self.words(rest, false),
        }
    }

    fn top(&mut self) -> &mut Scope<'s> {
        if self.scopes.is_empty() {
            self.open(ScopeOf::File);
        }
        let last = self.scopes.len() - 1;
        &mut self.scopes[last]
    }

    fn open(&mut self, of: ScopeOf) {
        self.scopes.push(Scope { of, names: Vec::new() });
    }

    fn close(&mut self) {
        if self.scopes.len() > 1 {
            self.scopes.pop();
        }
    }

    fn bind(&mut self, name: &'s str, bound: Bound<'s>) {
        let names = &mut self.top().names;
        names.retain(|(other, _)| *other != name);
        names.push((name, bound));
    }

    fn bound(&self, name: &str) -> Option<Bound<'s>> {
        let mut names = self.scopes.iter().rev().flat_map(|scope| scope.names.iter().rev());
        names.find(|(other, _)| *other == name).map(|(_, bound)| *bound)
    }

    /// The names that an included text sees here: those up to the macro around it.
    fn locals(&self) -> Vec<&'s str> {
        let is_border = |scope: &&Scope<'_>| matches!(scope.of, ScopeOf::Macro(_) | ScopeOf::CallBody);
        let border = self.scopes.iter().rev().position(|scope| is_border(&scope));
        let count = border.map_or(self.scopes.len(), |border| border + 1);
        self.scopes.iter().rev().take(count).flat_map(|scope| &scope.names).map(|(name, _)| *name).collect()
    }

    fn for_loop(&mut self, rest: &[Token<'s>]) {
        let Some(at) = rest.iter().position(|token| token.is_name("in")) else { return };
        let (targets, behind) = rest.split_at(at);
        let filter = outside(behind).find(|(_, token)| token.is_name("if")).map_or(behind.len(), |(at, _)| at);
        let (iterated, filter) = behind.split_at(filter);
        self.words(iterated, false);
        self.open(ScopeOf::Block);
        self.bind("loop", Bound::Value);
        for target in names_of(targets) {
            self.bind(target, Bound::Value);
        }
        self.words(filter, false);
    }

    /// The names before a `=`; what is behind it is read.
    fn assignment(&mut self, part: &[Token<'s>]) -> Vec<&'s str> {
        match outside(part).find(|(_, token)| token.is_symbol("=")) {
            Some((at, _)) => {
                let (targets, value) = part.split_at(at);
                self.words(value, false);
                names_of(targets)
            }
            None => {
                self.words(part, false);
                Vec::new()
            }
        }
    }

    fn set(&mut self, first: &Token<'s>, rest: &[Token<'s>]) {
        if outside(rest).any(|(_, token)| token.is_symbol("=")) {
            for name in self.assignment(rest) {
                self.bind(name, Bound::Value);
            }
            return;
        }
        self.tags.faults.push(refused(first));
        for name in names_of(rest) {
            self.bind(name, Bound::Value);
        }
        self.open(ScopeOf::Block);
    }

    /// The file that a tag names, if it is named as texts may.
    fn path(&mut self, first: &Token<'s>, rest: &[Token<'s>]) -> Option<(&'s str, Range<usize>)> {
        let named = rest.first().filter(|token| token.kind == TokenKind::Text);
        let goes_on = rest.get(1).is_some_and(|next| next.kind == TokenKind::Symbol || next.is_name("if"));
        if let Some(token) = named.filter(|_| !goes_on) {
            return Some((unquoted(token), token.range.clone()));
        }
        let end = rest.last().map_or(first.range.end, |last| last.range.end);
        let start = rest.first().map_or(first.range.start, |token| token.range.start);
        let message = format!("the file of an `{}` is not written out", first.text);
        let help = "name it in quotes, so that it is found and checked when the rule is loaded";
        self.tags.faults.push(TextFault::new(Code::BadTemplate, message, start..end).help(help));
        None
    }

    fn include(&mut self, first: &Token<'s>, rest: &[Token<'s>]) {
        let Some((path, range)) = self.path(first, rest) else { return };
        if let (Some(more), Some(last)) = (rest.get(1), rest.last()) {
            let message = "only the file's name belongs into an `include`";
            let range = more.range.start..last.range.end;
            let help =
                "leave this out: a file that is missing is told when the rule is loaded, and all names are known in it";
            self.tags.faults.push(TextFault::new(Code::BadTemplate, message, range).help(help));
        }
        let how = How::Text(self.locals());
        self.tags.taken.push(Taken { path, range, how });
    }

    fn import(&mut self, first: &Token<'s>, rest: &[Token<'s>]) {
        let Some((path, range)) = self.path(first, rest) else { return };
        if let Some(name) = rest.get(2) {
            self.bind(name.text, Bound::Module(self.tags.taken.len()));
        }
        self.tags.taken.push(Taken { path, range, how: How::Module });
    }

    fn import_from(&mut self, first: &Token<'s>, rest: &[Token<'s>]) {
        let Some((path, range)) = self.path(first, rest) else { return };
        let mut macros = Vec::new();
        for part in parts(rest.get(2..).unwrap_or_default()) {
            let Some(name) = part.first() else { continue };
            if matches!(name.text, "with" | "without") && part.get(1).is_some_and(|next| next.is_name("context")) {
                continue;
            }
            macros.push((name.text, name.range.clone()));
            let own = part.get(2).filter(|_| part.get(1).is_some_and(|next| next.is_name("as"))).unwrap_or(name);
            self.bind(own.text, Bound::Imported(self.tags.taken.len(), name.text));
        }
        self.tags.taken.push(Taken { path, range, how: How::Macros(macros) });
    }

    fn macro_definition(&mut self, rest: &[Token<'s>]) {
        let Some((name, list)) = rest.split_first() else { return };
        let at = self.tags.macros.len();
        self.tags.macros.push(Macro::default());
        self.bind(name.text, Bound::Macro(at));
        self.open(ScopeOf::Macro(at));
        let parameters = self.parameters(list);
        if let Some(defined) = self.tags.macros.get_mut(at) {
            defined.parameters = parameters;
        }
    }

    /// Reads `(name, name=default)` into the innermost scope.
    fn parameters(&mut self, list: &[Token<'s>]) -> Vec<(&'s str, bool)> {
        let mut found = Vec::new();
        for part in parts(inside(list)) {
            let Some(name) = part.first() else { continue };
            self.words(part.get(1..).unwrap_or_default(), false);
            self.bind(name.text, Bound::Value);
            found.push((name.text, part.len() > 1));
        }
        found
    }

    fn call_block(&mut self, rest: &[Token<'s>]) {
        let own = if rest.first().is_some_and(|first| first.is_symbol("(")) { inside(rest).len() + 2 } else { 0 };
        let (list, called) = rest.split_at(own.min(rest.len()));
        self.words(called, true);
        self.open(ScopeOf::CallBody);
        self.parameters(list);
    }

    /// Reads an expression: its own names, the calls in it.
    fn words(&mut self, words: &[Token<'s>], is_call_block: bool) {
        let mut is_call_block = is_call_block;
        for (at, word) in words.iter().enumerate() {
            let before = |steps: usize| at.checked_sub(steps).and_then(|at| words.get(at));
            let behind = |steps: usize| words.get(at + steps);
            let is_test = before(1).is_some_and(|token| token.is_name("is"))
                || before(1).is_some_and(|token| token.is_name("not"))
                    && before(2).is_some_and(|token| token.is_name("is"));
            let is_attribute = before(1).is_some_and(|token| token.is_symbol(".") || token.is_symbol("|"));
            if word.kind != TokenKind::Name || is_attribute || is_test {
                self.tags.tokens.push(word.clone());
                continue;
            }
            let is_keyword = behind(1).is_some_and(|token| token.is_symbol("="));
            let bound = self.bound(word.text);
            let is_caller = word.text == "caller" && !is_keyword && self.caller(word, behind(1));
            let is_own = is_caller || is_keyword || bound.is_some();
            self.tags.tokens.push(if is_own { word.masked() } else { word.clone() });
            if is_caller {
                self.whole(words, at, at + 1);
                continue;
            }
            match bound {
                _ if is_keyword => {}
                None | Some(Bound::Value) => {}
                Some(of) => {
                    let member = behind(2).filter(|_| matches!(of, Bound::Module(_)));
                    let member = member.filter(|member| member.kind == TokenKind::Name);
                    let list = at + if member.is_some() { 3 } else { 1 };
                    let is_called = words.get(list).is_some_and(|token| token.is_symbol("("));
                    if !is_called || matches!(of, Bound::Module(_)) && member.is_none() {
                        self.not_called(word, of);
                        continue;
                    }
                    let arguments = inside(words.get(list..).unwrap_or_default());
                    self.call(of, member.unwrap_or(word), member.is_some(), arguments, is_call_block);
                    self.whole(words, at, list);
                    is_call_block = false;
                }
            }
        }
    }

    /// Notes that the macro around uses `caller`. `false` where it is a name like any other.
    fn caller(&mut self, word: &Token<'s>, next: Option<&Token<'s>>) -> bool {
        let border = self.scopes.iter().rev().find(|scope| matches!(scope.of, ScopeOf::Macro(_) | ScopeOf::CallBody));
        match border.map(|scope| scope.of) {
            Some(ScopeOf::Macro(at)) => {
                if let Some(defined) = self.tags.macros.get_mut(at) {
                    let looks = next.is_some_and(|next| next.is_name("is"));
                    defined.caller = match defined.caller {
                        _ if looks => Caller::Optional,
                        Caller::Unused => Caller::Needed,
                        known => known,
                    };
                }
                true
            }
            Some(_) => {
                let message = "`caller` has no meaning inside a `call` block";
                let help = "write the text here, or call the macro without a block";
                self.tags.faults.push(TextFault::new(Code::BadTemplate, message, word.range.clone()).help(help));
                true
            }
            None => false,
        }
    }

    fn not_called(&mut self, word: &Token<'s>, of: Bound<'s>) {
        let (message, help) = match of {
            Bound::Module(_) => (
                format!("`{}` is a file with macros, not a value", word.text),
                format!("call one of its macros: `{}.name(…)`", word.text),
            ),
            _ => (format!("the macro `{}` is not called", word.text), format!("write `{}(…)`", word.text)),
        };
        self.tags.faults.push(TextFault::new(Code::BadTemplate, message, word.range.clone()).help(help));
    }

    /// Refuses to change what a macro gives: there are inert values in it, which a filter would take for text. `list` is where its
    /// arguments begin.
    fn whole(&mut self, words: &[Token<'s>], at: usize, list: usize) {
        let behind = words.get(list..).unwrap_or_default();
        let next = behind.get(inside(behind).len() + 2);
        let changes = |token: &&Token<'_>| ["|", "~", "[", "."].iter().any(|sign| token.is_symbol(sign));
        let before = at.checked_sub(1).and_then(|before| words.get(before)).filter(|token| token.is_symbol("~"));
        if let Some(sign) = next.filter(changes).or(before) {
            let message = "what a macro gives is a finished text and cannot be changed";
            let help = "use filters on the values inside the macro, and join texts as `{{ a(…) }}{{ b(…) }}`";
            self.tags.faults.push(TextFault::new(Code::BadTemplate, message, sign.range.clone()).help(help));
        }
    }

    fn call(&mut self, of: Bound<'s>, name: &Token<'s>, is_member: bool, arguments: &[Token<'s>], is_block: bool) {
        let mut call = Call {
            of,
            member: is_member.then_some(name.text),
            range: name.range.clone(),
            positional: 0,
            named: Vec::new(),
            is_open: false,
            is_block,
        };
        for part in parts(arguments) {
            match part {
                [] => {}
                [star, ..] if star.is_symbol("*") || star.is_symbol("**") => call.is_open = true,
                [name, equals, ..] if equals.is_symbol("=") => call.named.push((name.text, name.range.clone())),
                _ => call.positional += 1,
            }
        }
        self.tags.calls.push(call);
    }
}

/// What texts have, for whoever wrote something else.
pub(crate) const BLOCKS_HELP: &str =
    "texts have `if`, `for`, `set`, `with`, `raw`, `include`, `import`, `from`, `macro` and `call`";

/// A block that would run a filter over text with values in it: the values travel as inert tokens there, and a filter would change the
/// tokens instead of the values.
fn refused(word: &Token<'_>) -> TextFault {
    let message = format!("a `{}` block is not available in articles", word.text);
    let help = "use filters inside `{{ … }}`, and `{% set name = … %}`";
    TextFault::new(Code::BadTemplate, message, word.range.clone()).help(help)
}

/// The tokens that stand in no brackets, with their positions.
fn outside<'t, 's>(tokens: &'t [Token<'s>]) -> impl Iterator<Item = (usize, &'t Token<'s>)> {
    let mut depth = 0usize;
    tokens.iter().enumerate().filter(move |(_, token)| {
        let opens = ["(", "[", "{"].iter().any(|sign| token.is_symbol(sign));
        let closes = [")", "]", "}"].iter().any(|sign| token.is_symbol(sign));
        depth = depth.saturating_sub(usize::from(closes));
        let is_outside = depth == 0;
        depth += usize::from(opens);
        is_outside
    })
}

/// The tokens between commas; none for no tokens.
fn parts<'t, 's>(tokens: &'t [Token<'s>]) -> Vec<&'t [Token<'s>]> {
    let commas = outside(tokens).filter(|(_, token)| token.is_symbol(",")).map(|(at, _)| at);
    let mut found = Vec::new();
    let mut start = 0;
    for comma in commas.chain([tokens.len()]) {
        found.extend(tokens.get(start..comma).filter(|part| !part.is_empty()));
        start = comma + 1;
    }
    found
}

/// The tokens between the bracket that comes first and the one that closes it.
fn inside<'t, 's>(tokens: &'t [Token<'s>]) -> &'t [Token<'s>] {
    let end = outside(tokens).skip(1).find(|(_, token)| token.is_symbol(")")).map_or(tokens.len(), |(at, _)| at);
    tokens.get(1..end).unwrap_or_default()
}

/// The names among tokens that are no attributes.
fn names_of<'s>(tokens: &[Token<'s>]) -> Vec<&'s str> {
    let is_dotted = tokens.iter().any(|token| token.is_symbol("."));
    let names = tokens.iter().filter(|token| token.kind == TokenKind::Name && !is_dotted);
    names.map(|token| token.text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(tags: &TextTags<'_>) -> Vec<String> {
        let names = tags.tokens.iter().filter(|token| token.kind == TokenKind::Name);
        names.map(|token| token.text.to_owned()).collect()
    }

    #[test]
    fn names_of_the_text_itself_are_left_out_where_they_hold() {
        let tags = TextTags::of("{% for a in b if a > 3 %}{{ a }}{{ loop.index }}{% else %}{{ a }}{% endfor %}{{ a }}");
        assert_eq!(words(&tags), ["for", "in", "b", "if", "index", "else", "a", "endfor", "a"]);
        let tags = TextTags::of("{% with a = b, c = a %}{{ a ~ c|upper }}{% endwith %}{% set d = e %}{{ d is d }}");
        assert_eq!(words(&tags), ["with", "b", "a", "upper", "endwith", "set", "e", "is", "d"]);
    }

    #[test]
    fn files_and_what_their_texts_see_are_found() {
        let source = "{% set a = 1 %}{% for b in c %}{%- include 'x.md' -%}{% endfor %}\
                      {% macro m(d, e=1) %}{% include \"y.md\" %}{% endmacro %}\
                      {% import 'z.md' as z %}{% from 'z.md' import f, g as h %}{{ z.f(1, k=2) }}{{ h(*a) }}{{ m(f(1)) }}";
        let tags = TextTags::of(source);
        let paths: Vec<_> = tags.taken.iter().map(|taken| taken.path).collect();
        assert_eq!(paths, ["x.md", "y.md", "z.md", "z.md"]);
        let locals = |at: usize| match &tags.taken[at].how {
            How::Text(names) => names.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(locals(0), ["loop", "b", "a"]);
        assert_eq!(locals(1), ["d", "e"]);
        assert_eq!(tags.macros[0].parameters, [("d", false), ("e", true)]);
        let calls: Vec<_> =
            tags.calls.iter().map(|call| (call.of, call.member, call.positional, call.is_open)).collect();
        assert_eq!(
            calls,
            [
                (Bound::Module(2), Some("f"), 1, false),
                (Bound::Imported(3, "g"), None, 0, true),
                (Bound::Macro(0), None, 1, false),
                (Bound::Imported(3, "f"), None, 1, false),
            ]
        );
        assert_eq!(tags.calls[0].named[0].0, "k");
        let exports: Vec<_> = tags.exports.iter().map(|(name, _)| *name).collect();
        assert_eq!(exports, ["a", "m", "z", "f", "h"]);
        assert!(tags.faults.is_empty(), "{:?}", tags.faults);
    }

    #[test]
    fn macros_know_whether_they_need_a_block() {
        let caller = |body: &str| {
            let source = format!("{{% macro m() %}}{body}{{% endmacro %}}");
            TextTags::of(&source).macros[0].caller
        };
        assert_eq!(caller("x"), Caller::Unused);
        assert_eq!(caller("{{ caller() }}"), Caller::Needed);
        assert_eq!(caller("{% if caller is defined %}{{ caller() }}{% endif %}"), Caller::Optional);
        let tags = TextTags::of("{% macro m(a) %}{{ caller(1) }}{% endmacro %}{% call(b) m(c) %}{{ b }}{% endcall %}");
        assert!(tags.calls[0].is_block && tags.calls[0].positional == 1);
    }

    #[test]
    fn what_no_text_may_do_is_marked() {
        let marked = |source: &str| {
            let faults = TextTags::of(source).faults;
            faults.into_iter().map(|fault| source[fault.range].to_owned()).collect::<Vec<_>>()
        };
        let define = "{% macro m() %}{% endmacro %}{% import 'a' as z %}";
        assert_eq!(marked("{% include name %}"), ["name"]);
        assert_eq!(marked("{% include ['a', 'b'] %}"), ["['a', 'b']"]);
        assert_eq!(marked("{% import 'a' ~ b as c %}"), ["'a' ~ b as c"]);
        assert_eq!(marked("{% include 'a' ignore missing %}"), ["ignore missing"]);
        assert_eq!(marked(&format!("{define}{{{{ m }}}}")), ["m"]);
        assert_eq!(marked(&format!("{define}{{{{ z }}}}")), ["z"]);
        assert_eq!(marked(&format!("{define}{{{{ m()|upper }}}}")), ["|"]);
        assert_eq!(marked(&format!("{define}{{{{ 'a' ~ m() }}}}")), ["~"]);
        assert_eq!(marked(&format!("{define}{{{{ z.m(m())[0] }}}}")), ["["]);
        assert_eq!(marked("{% extends 'a' %}"), ["extends"]);
        assert_eq!(marked("{% block a %}{% endblock %}"), ["block"]);
        assert_eq!(marked("{% set a %}{% endset %}"), ["set"]);
    }
}
