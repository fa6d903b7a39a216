//! The words of a condition or template, with their places.
//!
//! minijinja evaluates expressions but keeps its syntax tree to itself. The few things we want to know beyond a value, such
//! as where a name stands, which filters are used and where `and` and `or` divide a condition, need only the tokens.

use std::ops::Range;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    Name,
    Text,
    Number,
    Symbol,
}

/// One token of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token<'s> {
    pub(crate) kind: TokenKind,
    pub(crate) text: &'s str,
    /// Byte range in the source.
    pub(crate) range: Range<usize>,
}

impl Token<'_> {
    /// The same in its place, as something that is no name.
    pub(crate) fn masked(&self) -> Self {
        Self { kind: TokenKind::Symbol, ..self.clone() }
    }

    pub(crate) fn is_name(&self, name: &str) -> bool {
        self.kind == TokenKind::Name && self.text == name
    }

    pub(crate) fn is_symbol(&self, symbol: &str) -> bool {
        self.kind == TokenKind::Symbol && self.text == symbol
    }
}

/// The tokens of an expression.
pub(crate) fn expression_tokens(source: &str) -> Vec<Token<'_>> {
    tokens_until(source, 0, "").0
}

/// The tokens inside `{{ … }}` and `{% … %}` of a template, comments and raw blocks left out.
pub(crate) fn template_tokens(source: &str) -> Vec<Token<'_>> {
    template_tags(source).into_iter().flat_map(|tag| tag.tokens).collect()
}

/// `{{ … }}` or `{% … %}`.
#[derive(Clone, Debug)]
pub(crate) struct Tag<'s> {
    /// Byte range in the source, braces included.
    pub(crate) range: Range<usize>,
    /// Whether it is a statement.
    pub(crate) is_statement: bool,
    pub(crate) tokens: Vec<Token<'s>>,
}

impl<'s> Tag<'s> {
    /// Its words, without the signs that take away white space.
    pub(crate) fn words(&self) -> &[Token<'s>] {
        let is_sign = |token: &Token<'_>| token.is_symbol("-") || token.is_symbol("+");
        let words = match self.tokens.split_first() {
            Some((first, rest)) if is_sign(first) => rest,
            _ => &self.tokens,
        };
        match words.split_last() {
            Some((last, rest)) if is_sign(last) => rest,
            _ => words,
        }
    }
}

/// Where a tag begins to be longer than so many tokens, if one is.
pub(crate) fn tag_longer_than(source: &str, limit: usize) -> Option<Range<usize>> {
    template_tags(source).iter().find_map(|tag| tag.tokens.get(limit).map(|token| token.range.clone()))
}

/// The tags of a template, comments and what is in raw blocks left out.
pub(crate) fn template_tags(source: &str) -> Vec<Tag<'_>> {
    let mut tags = Vec::new();
    let mut at = 0;
    while let Some(found) = source[at..].find('{') {
        let open = at + found;
        let close = match source.as_bytes().get(open + 1) {
            Some(b'{') => "}}",
            Some(b'%') => "%}",
            Some(b'#') => {
                at = source[open..].find("#}").map_or(source.len(), |comment| open + comment + 2);
                continue;
            }
            _ => {
                at = open + 1;
                continue;
            }
        };
        let (tokens, end) = tokens_until(source, open + 2, close);
        let is_raw = tokens.iter().find(|token| !token.is_symbol("-")).is_some_and(|token| token.is_name("raw"));
        at = if is_raw { source[end..].find("endraw").map_or(source.len(), |raw| end + raw) } else { end };
        tags.push(Tag { range: open..end, is_statement: close == "%}", tokens });
    }
    tags
}

fn tokens_until<'s>(source: &'s str, from: usize, close: &str) -> (Vec<Token<'s>>, usize) {
    let mut tokens = Vec::new();
    let mut at = from;
    while let Some(first) = source[at..].chars().next() {
        if !close.is_empty() && source[at..].starts_with(close) {
            return (tokens, at + close.len());
        }
        let rest = &source[at..];
        let run = |same: fn(char) -> bool| rest.find(|c| !same(c)).unwrap_or(rest.len());
        let (kind, length) = if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        } else if first.is_ascii_alphabetic() || first == '_' {
            (TokenKind::Name, run(|c| c.is_ascii_alphanumeric() || c == '_'))
        } else if first.is_ascii_digit() {
            (TokenKind::Number, run(|c| c.is_ascii_digit() || c == '.'))
        } else if first == '"' || first == '\'' {
            (TokenKind::Text, quoted_length(rest, first))
        } else {
            let double = ["==", "!=", "<=", ">=", "//", "**"].iter().any(|symbol| rest.starts_with(symbol));
            (TokenKind::Symbol, if double { 2 } else { first.len_utf8() })
        };
        tokens.push(Token { kind, text: &source[at..at + length], range: at..at + length });
        at += length;
    }
    (tokens, at)
}

fn quoted_length(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, character) in rest.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if character == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// The inside of a quoted token, without the quotes; escapes stay as written.
pub(crate) fn unquoted<'s>(token: &Token<'s>) -> &'s str {
    token.text.get(1..token.text.len().saturating_sub(1)).unwrap_or_default()
}

/// Where a variable is first used: a name that is neither an attribute nor a keyword argument.
pub(crate) fn place_of_name(tokens: &[Token<'_>], name: &str) -> Option<Range<usize>> {
    tokens.iter().enumerate().find_map(|(index, token)| {
        let attribute = index > 0 && tokens[index - 1].is_symbol(".");
        (token.is_name(name) && !attribute).then(|| token.range.clone())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_strings_and_attributes_are_not_places() {
        let source = "'host' == x.host and host is version(\">=1\")";
        let tokens = expression_tokens(source);
        assert_eq!(place_of_name(&tokens, "host"), Some(21..25));
    }

    #[test]
    fn templates_are_read_only_between_their_delimiters() {
        let source = "host {# {{ a }} #}{% raw %}{{ b }}{% endraw %}{{ '}}' ~ host }} {% if c %}";
        let names: Vec<_> = template_tokens(source)
            .iter()
            .filter(|token| token.kind == TokenKind::Name)
            .map(|token| token.text.to_owned())
            .collect();
        assert_eq!(names, ["raw", "host", "if", "c"]);
    }
}
