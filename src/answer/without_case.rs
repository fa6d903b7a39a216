//! Texts of a rule without a case: nothing is captured and nothing known, and still an article is to be read.
//!
//! A value stands as its name: `<host>`. What a text says only of some cases is decided from its source, before it is rendered:
//!
//! - A block that asks whether a value is there in order to print it has none: `{% if host %}on {{ host }}{% endif %}` is left
//!   out, and where there is an `else`, that is what stands.
//! - Of any other block every alternative is shown, in brackets: `[the account has expired | the password has expired]`.
//! - Blocks that hold whole paragraphs or items are shown one below the other, without brackets.
//! - What tests only what a text defines itself, such as the parameter of a macro, is left to the template engine.
//!
//! Brackets and names are inert tokens, like any other value. Nothing here renders; the article's writer does.

use std::collections::BTreeMap;
use std::sync::Arc;

use minijinja::Value;
use minijinja::value::{Object, ObjectRepr};

use crate::answer::inert;
use crate::rule::Rule;
use crate::rule::language::{EXPRESSIONS, Missing};
use crate::rule::lexer::{Tag, Token, TokenKind, template_tags};

/// Words of expressions that are no names.
const WORDS: [&str; 12] = ["and", "or", "not", "is", "in", "if", "else", "elif", "none", "true", "false", "loop"];

/// Blocks in each other. A text with more is left to the template engine.
const MAX_DEPTH: usize = 20;

/// The names of a rule, without values.
pub(super) struct Names {
    values: BTreeMap<String, Value>,
    /// Those of signatures and correlations, which are not there to be printed.
    matches: Vec<String>,
}

impl Names {
    pub(super) fn of(rule: &Rule) -> Self {
        let mut values: BTreeMap<String, Value> = BTreeMap::new();
        let captures = rule.signatures.iter().flat_map(|signature| signature.every_capture());
        let groups = rule.correlations.iter().flat_map(|correlation| correlation.group_by.iter().map(String::as_str));
        let facts = rule.facts.iter().map(|fact| fact.name.as_str());
        for name in captures.chain(groups).chain(facts) {
            values.insert(name.to_owned(), Missing::value(name));
        }
        let signatures = rule.signatures.iter().map(|signature| &signature.name);
        let matches: Vec<String> =
            signatures.chain(rule.correlations.iter().map(|correlation| &correlation.name)).cloned().collect();
        for name in &matches {
            values.insert(name.clone(), Value::from_object(Unmatched { name: name.clone() }));
        }
        Self { values, matches }
    }

    /// The values to render a text with.
    pub(super) fn values(&self) -> Value {
        Value::from(self.values.clone())
    }

    /// A template without the blocks that depend on a case. `plainly`: whatever is printed of the case is a name.
    pub(super) fn undecided(&self, source: &str, plainly: bool) -> String {
        let pieces = Pieces::of(source);
        let mut reader = Reader { pieces: &pieces.0, at: 0 };
        match reader.nodes(0) {
            Some(nodes) if reader.at == pieces.0.len() => self.written(&nodes, plainly),
            _ => source.to_owned(),
        }
    }

    fn written(&self, nodes: &[Node<'_>], plainly: bool) -> String {
        nodes
            .iter()
            .map(|node| match node {
                Node::Text(text) => text.clone(),
                Node::Tag(tag, source) => self.placeholder(tag, plainly).unwrap_or_else(|| (*source).to_owned()),
                Node::If { branches, end } => self.block(branches, end, plainly),
            })
            .collect()
    }

    /// What stands for a printed expression that computes with names; `None` if the template engine can print it.
    fn placeholder(&self, tag: &Tag<'_>, plainly: bool) -> Option<String> {
        let words = tag.words();
        let is_ours = words.iter().any(|token| token.kind == TokenKind::Name && self.values.contains_key(token.text));
        let computes =
            words.iter().any(|token| ["-", "+", "*", "/", "//", "%", "**"].iter().any(|sign| token.is_symbol(sign)));
        if tag.is_statement {
            return self.loop_once(tag);
        }
        if !is_ours || !(computes || plainly) {
            return None;
        }
        let mut shown: Vec<&str> = Vec::new();
        let mut rest = words.iter();
        while let Some(token) = rest.next() {
            match token.text {
                // a filter says how a value is written, not which one
                "|" => _ = rest.next(),
                "(" | ")" => {}
                text => shown.push(text),
            }
        }
        let name = if computes { shown.join(" ") } else { shown.first().copied().unwrap_or_default().to_owned() };
        Some(inert::encode(&format!("<{name}>")))
    }

    /// A loop over what a case would bring is gone through once, for a name; `None` for every other statement.
    fn loop_once(&self, tag: &Tag<'_>) -> Option<String> {
        let [first, variable, within, over @ ..] = tag.words() else { return None };
        if !first.is_name("for") || !within.is_name("in") {
            return None;
        }
        let is_ours = |token: &&Token<'_>| token.kind == TokenKind::Name && self.values.contains_key(token.text);
        let name = over.iter().find(is_ours)?.text;
        let sign = |token: Option<&Token<'_>>| if token.is_some_and(|token| token.is_symbol("-")) { "-" } else { "" };
        let (begin, end) = (sign(tag.tokens.first()), sign(tag.tokens.last()));
        Some(format!("{{%{begin} for {} in [{name}] {end}%}}", variable.text))
    }

    fn block(&self, branches: &[Branch<'_>], end: &str, plainly: bool) -> String {
        let is_own = |branch: &Branch<'_>| branch.names.iter().all(|name| self.values.contains_key(*name));
        if !branches.iter().all(is_own) {
            // what the text defines itself is known when it is rendered
            let kept = branches.iter().map(|branch| format!("{}{}", branch.tag, self.written(&branch.body, plainly)));
            return kept.collect::<String>() + end;
        }
        let is_block = branches.iter().any(|branch| branch.holds_blocks());
        let mut alternatives: Vec<String> = Vec::new();
        let mut is_complete = false;
        for branch in branches {
            let decided = self.decided(branch, branches, is_block);
            if decided != Some(false) {
                alternatives.push(self.written(&branch.body, plainly));
            }
            if decided == Some(true) {
                is_complete = true;
                break;
            }
        }
        if is_complete && alternatives.len() == 1 || is_block {
            return alternatives.concat();
        }
        bracketed(&alternatives)
    }

    /// Whether the body of a branch stands without a case: `None` if that depends on the case.
    fn decided(&self, branch: &Branch<'_>, all: &[Branch<'_>], is_block: bool) -> Option<bool> {
        let Some(condition) = branch.condition else { return Some(true) };
        let is_printed = |name: &&str| all.iter().any(|branch| prints(&branch.body, name));
        let is_match = |name: &&str| self.matches.iter().any(|known| known == name);
        let only_asks = branch.only_asks_whether_there && !branch.names.iter().any(is_match);
        if !only_asks || !branch.names.iter().any(is_printed) {
            return None;
        }
        let value = EXPRESSIONS.compile_expression(condition).ok()?.eval(self.values()).ok()?;
        // paragraphs that would be left out are worth more than their being about nothing
        if !value.is_true() && is_block && all.len() == 1 { None } else { Some(value.is_true()) }
    }
}

/// Alternatives in brackets, white space outside of them.
fn bracketed(alternatives: &[String]) -> String {
    let shown: Vec<&String> = alternatives.iter().filter(|text| !text.trim().is_empty()).collect();
    let (Some(first), Some(last)) = (shown.first(), shown.last()) else { return String::new() };
    let before = &first[..first.len() - first.trim_start().len()];
    let behind = &last[last.trim_end().len()..];
    let bar = format!(" {} ", inert::encode("|"));
    let all: Vec<&str> = shown.iter().map(|text| text.trim()).collect();
    format!("{before}{}{}{}{behind}", inert::encode("["), all.join(&bar), inert::encode("]"))
}

/// Whether a body has a tag that prints a name.
fn prints(body: &[Node<'_>], name: &str) -> bool {
    body.iter().any(|node| match node {
        Node::Text(_) => false,
        Node::Tag(tag, _) => !tag.is_statement && tag.tokens.iter().any(|token| token.is_name(name)),
        Node::If { branches, .. } => branches.iter().any(|branch| prints(&branch.body, name)),
    })
}

/// Part of a template.
enum Node<'s> {
    Text(String),
    Tag(&'s Tag<'s>, &'s str),
    If { branches: Vec<Branch<'s>>, end: &'s str },
}

/// `if`, `elif` or `else` with what follows it.
struct Branch<'s> {
    /// Its tag as written.
    tag: &'s str,
    /// The expression; `None` for `else`.
    condition: Option<&'s str>,
    /// The names that the expression uses.
    names: Vec<&'s str>,
    /// Whether it is made of nothing but names and the question whether they have values.
    only_asks_whether_there: bool,
    body: Vec<Node<'s>>,
}

impl Branch<'_> {
    /// Whether the body is more than words of a sentence.
    fn holds_blocks(&self) -> bool {
        let text: String = self
            .body
            .iter()
            .map(|node| match node {
                Node::Text(text) => text.as_str(),
                _ => "x",
            })
            .collect();
        let begins_block = |line: &str| {
            let line = line.trim_start();
            let digits = line.trim_start_matches(|c: char| c.is_ascii_digit());
            ["- ", "* ", "+ ", "#", "```", "~~~", "> ", "|"].iter().any(|mark| line.starts_with(mark))
                || digits.len() < line.len() && (digits.starts_with(". ") || digits.starts_with(") "))
        };
        text.trim().contains("\n\n") || text.split('\n').skip(1).any(begins_block)
    }
}

/// A template as texts and tags, in turn.
struct Pieces<'s>(Vec<Piece<'s>>);

enum Piece<'s> {
    Text(String),
    Tag(Tag<'s>, &'s str),
}

impl<'s> Pieces<'s> {
    fn of(source: &'s str) -> Self {
        let mut pieces = Vec::new();
        let mut at = 0;
        let mut trims_next = false;
        for tag in template_tags(source) {
            let text = source.get(at..tag.range.start).unwrap_or_default();
            let text = if trims_next { text.trim_start() } else { text };
            let is_if = ["if", "elif", "else", "endif"].iter().any(|word| is_statement(&tag, word));
            let sign = |token: Option<&Token<'_>>| is_if && token.is_some_and(|token| token.is_symbol("-"));
            let text = if sign(tag.tokens.first()) { text.trim_end() } else { text };
            trims_next = sign(tag.tokens.last());
            pieces.push(Piece::Text(text.to_owned()));
            at = tag.range.end;
            let written = source.get(tag.range.clone()).unwrap_or_default();
            pieces.push(Piece::Tag(tag, written));
        }
        let text = source.get(at..).unwrap_or_default();
        pieces.push(Piece::Text(if trims_next { text.trim_start() } else { text }.to_owned()));
        Self(pieces)
    }
}

fn is_statement(tag: &Tag<'_>, word: &str) -> bool {
    tag.is_statement && tag.words().first().is_some_and(|first| first.is_name(word))
}

/// Reads pieces into nodes.
struct Reader<'s> {
    pieces: &'s [Piece<'s>],
    at: usize,
}

impl<'s> Reader<'s> {
    /// The nodes up to the tag that ends or divides the block, or the end; `None` if blocks do not fit together.
    fn nodes(&mut self, depth: usize) -> Option<Vec<Node<'s>>> {
        let mut nodes = Vec::new();
        while let Some(piece) = self.pieces.get(self.at) {
            match piece {
                Piece::Text(text) => nodes.push(Node::Text(text.clone())),
                Piece::Tag(tag, source) if is_statement(tag, "if") => {
                    if depth >= MAX_DEPTH {
                        return None;
                    }
                    nodes.push(self.block(tag, source, depth)?);
                }
                Piece::Tag(tag, _) if ["elif", "else", "endif"].iter().any(|word| is_statement(tag, word)) => {
                    // the `else` of a `for` has no `if`
                    return (depth > 0).then_some(nodes);
                }
                Piece::Tag(tag, source) => nodes.push(Node::Tag(tag, source)),
            }
            self.at += 1;
        }
        (depth == 0).then_some(nodes)
    }

    fn block(&mut self, tag: &'s Tag<'s>, source: &'s str, depth: usize) -> Option<Node<'s>> {
        let mut branches = Vec::new();
        let (mut tag, mut source) = (tag, source);
        loop {
            self.at += 1;
            let body = self.nodes(depth + 1)?;
            branches.push(branch(tag, source, body));
            match self.pieces.get(self.at)? {
                Piece::Tag(next, end) if is_statement(next, "endif") => return Some(Node::If { branches, end }),
                Piece::Tag(next, written) => (tag, source) = (next, written),
                Piece::Text(_) => return None,
            }
        }
    }
}

fn branch<'s>(tag: &'s Tag<'s>, written: &'s str, body: Vec<Node<'s>>) -> Branch<'s> {
    let words = tag.words().get(1..).unwrap_or_default();
    let condition = words.first().zip(words.last()).and_then(|(first, last)| {
        let begin = first.range.start - tag.range.start;
        written.get(begin..last.range.end - tag.range.start)
    });
    let is_of_value =
        |at: usize| at > 0 && words.get(at - 1).is_some_and(|token| token.is_symbol(".") || token.is_symbol("|"));
    let is_test = |at: usize| {
        let before = |steps: usize| at.checked_sub(steps).and_then(|at| words.get(at));
        before(1).is_some_and(|token| token.is_name("is"))
            || before(1).is_some_and(|token| token.is_name("not")) && before(2).is_some_and(|token| token.is_name("is"))
    };
    let mut names = Vec::new();
    let mut only_asks_whether_there = true;
    for (at, token) in words.iter().enumerate() {
        let is_word = WORDS.contains(&token.text);
        if token.kind == TokenKind::Name && is_test(at) && !token.is_name("not") {
            only_asks_whether_there &= ["none", "known", "defined", "undefined", "string"].contains(&token.text);
        } else if token.kind == TokenKind::Name && !is_word && !is_of_value(at) {
            names.push(token.text);
        } else {
            only_asks_whether_there &=
                ["and", "or", "not", "is"].contains(&token.text) || token.is_symbol("(") || token.is_symbol(")");
        }
    }
    Branch { tag: written, condition, names, only_asks_whether_there, body }
}

/// A signature or correlation of which nothing is known: false, and what is asked of it is a name.
#[derive(Debug)]
struct Unmatched {
    name: String,
}

impl Object for Unmatched {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let key = key.as_str()?;
        Some(match key {
            "count" | "first" | "last" => Missing::value(&format!("{}.{key}", self.name)),
            capture => Missing::value(capture),
        })
    }

    fn is_true(self: &Arc<Self>) -> bool {
        false
    }

    fn render(self: &Arc<Self>, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "<{}>", self.name)
    }
}

#[cfg(test)]
mod tests {
    use crate::answer::{AnswerFormat, Writer};
    use crate::rule::Faultbook;
    use crate::rule::faultbook::Templates;

    /// The resolution of a rule as Markdown. `host` is always captured, `port` at times.
    fn plain(resolution: &str, files: &[(&str, &str)]) -> String {
        let folder = tempfile::tempdir().expect("a folder");
        for (path, text) in files {
            std::fs::write(folder.path().join(path), text).expect("written");
        }
        let rule = format!(
            "id: a\ntitle: t\nsignatures:\n  down: {{ regex: 'down (?<host>\\S+)', optional: [{{ regex: 'port (?<port>\\d+)' }}] }}\n  \
             up: {{ contains: back }}\ncondition: down\nresolution: '{}'\n",
            resolution.replace('\'', "''").replace('\n', "\n\n  ")
        );
        let faultbook = Faultbook::from_texts(
            vec![("a.yaml".to_owned(), rule)],
            Templates { folders: vec![folder.path().to_owned()] },
        );
        let rule = faultbook.rules().first().unwrap_or_else(|| panic!("{:?}", faultbook.diagnostics()));
        let article = Writer::new(AnswerFormat::Markdown).article_without_case(rule);
        assert_eq!(article.problems, Vec::<String>::new());
        let body = article.branches[0].body.replace("&lt;", "<").replace("&gt;", ">");
        body.replace("\\[", "[").replace("\\]", "]").replace("\\|", "|").trim().to_owned()
    }

    #[test]
    fn a_value_is_its_name() {
        assert_eq!(plain("at {{ host }}, `ping {{ host }}`", &[]), "at <host>, `ping <host>`");
        assert_eq!(plain("`{{ port|default('PORT') }}` {{ host|upper }}", &[]), "`PORT` <HOST>");
        assert_eq!(plain("`{{ port|int - 44 }}` `{{ down.count }}`", &[]), "`<port - 44>` `<down.count>`");
    }

    #[test]
    fn what_asks_for_a_value_to_print_it_has_none() {
        assert_eq!(plain("{% if port %}On {{ port }} the{% else %}The{% endif %} host", &[]), "The host");
        assert_eq!(plain("it{% if port and host %} on {{ port }}{% endif %}.", &[]), "it.");
        assert_eq!(plain("{% if not port %}a{% else %}{{ port }}{% endif %}", &[]), "a");
    }

    #[test]
    fn of_anything_else_every_alternative_is_shown() {
        assert_eq!(plain("it{%- if up %} came back{% endif %}.", &[]), "it [came back].");
        assert_eq!(plain("{% if port %}read{% else %}write{% endif %} it", &[]), "[read | write] it");
        assert_eq!(
            plain("`a {% if host == 'x' %}-b{% elif host == 'y' %}-c {{ port }}{% else %}{% endif %}`", &[]),
            "`a [-b | -c <port>]`"
        );
        assert_eq!(plain("{% if up %}a {% if port %}{{ port }}{% else %}b{% endif %}{% endif %}", &[]), "[a b]");
    }

    #[test]
    fn whole_items_are_shown_one_below_the_other() {
        let text = plain("1. a\n{% if up %}\n2. b {{ port }}\n{% else %}\n3. c\n{% endif %}\n4. d", &[]);
        for item in ["1. a", "2. b <port>", "3. c", "4. d"] {
            assert!(text.contains(item), "{text}");
        }
    }

    #[test]
    fn macros_files_and_loops_work_without_a_case() {
        let files = [
            ("m.md", "{% macro at(x) %}{% if x %}at {{ x }}{% else %}there{% endif %}{% endmacro %}"),
            ("f.md", "{{ host }}{% if up %} up{% endif %}"),
        ];
        assert_eq!(plain("{% import 'm.md' as m %}{{ m.at(host) }}, {{ m.at('y') }}", &files), "there, at y");
        assert_eq!(plain("{% include 'f.md' %}", &files), "<host> [up]");
        assert_eq!(plain("{% for one in host|sort %}{{ one }};{% endfor %}", &[]), "<host>;");
    }
}
