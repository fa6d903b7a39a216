//! The regexes that rules usually have, parsed straight into the form that is analysed.
//!
//! `regex-syntax` parses into a syntax tree first, with a place and an allocation for every character; for thousands of rules
//! that is half the time of loading. [`parse`] knows ASCII literals and escapes, classes, groups, alternatives, repetitions and
//! line borders, and builds the same form with the library's own constructors. It has no errors: for whatever it is not sure
//! of, flags and Unicode for instance, it gives `None`, and the library parses and explains. The tests compare both.

use regex_syntax::hir::{Capture, Class, ClassBytes, ClassBytesRange, Dot, Hir, Look, Repetition};

/// Nesting beyond which the library decides.
const DEPTH_LIMIT: usize = 16;

/// Larger repetition counts are left to the library.
const COUNT_LIMIT: u32 = 1_000;

/// Parses a pattern, if it is of the usual kind: over bytes, `^` and `$` at line borders.
pub(crate) fn parse(source: &str) -> Option<Hir> {
    let mut parsing = Parsing { source, at: 0, captures: 0, names: Vec::new() };
    let hir = parsing.alternatives(0)?;
    parsing.peek().is_none().then_some(hir)
}

struct Parsing<'p> {
    source: &'p str,
    at: usize,
    captures: u32,
    names: Vec<&'p str>,
}

/// What a character or escape stands for.
enum Unit {
    Byte(u8),
    Class(ClassBytes),
}

impl Parsing<'_> {
    fn peek(&self) -> Option<u8> {
        self.source.as_bytes().get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn take(&mut self, wanted: u8) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn alternatives(&mut self, depth: usize) -> Option<Hir> {
        let first = self.sequence(depth)?;
        if self.peek() != Some(b'|') {
            return Some(first);
        }
        let mut branches = vec![first];
        while self.take(b'|') {
            branches.push(self.sequence(depth)?);
        }
        Some(Hir::alternation(branches))
    }

    fn sequence(&mut self, depth: usize) -> Option<Hir> {
        let mut parts = Vec::new();
        let mut literal: Vec<u8> = Vec::new();
        while let Some(byte) = self.peek() {
            if matches!(byte, b'|' | b')') {
                break;
            }
            self.at += 1;
            let part = match byte {
                b'*' | b'+' | b'?' | b'{' => return None,
                b'.' => Hir::dot(Dot::AnyByteExcept(b'\n')),
                b'^' => Hir::look(Look::StartLF),
                b'$' => Hir::look(Look::EndLF),
                b'[' => self.class()?,
                b'(' => self.group(depth)?,
                b'\\' if self.peek() == Some(b'b') => {
                    self.at += 1;
                    Hir::look(Look::WordAscii)
                }
                _ => match self.unit(byte)? {
                    Unit::Class(class) => Hir::class(Class::Bytes(class)),
                    Unit::Byte(byte) if self.is_repeated() => Hir::literal([byte]),
                    Unit::Byte(byte) => {
                        literal.push(byte);
                        continue;
                    }
                },
            };
            if !literal.is_empty() {
                parts.push(Hir::literal(std::mem::take(&mut literal)));
            }
            let part = if self.is_repeated() { self.repetition(part)? } else { part };
            parts.push(part);
        }
        if !literal.is_empty() {
            parts.push(Hir::literal(literal));
        }
        Some(Hir::concat(parts))
    }

    /// What begins with a byte that was just read: a literal or an escape.
    fn unit(&mut self, byte: u8) -> Option<Unit> {
        if byte != b'\\' {
            return (b' '..0x7f).contains(&byte).then_some(Unit::Byte(byte));
        }
        Some(match self.next()? {
            b'd' => Unit::Class(digits()),
            b'w' => Unit::Class(word_bytes()),
            b's' => Unit::Class(spaces()),
            b'D' => Unit::Class(all_but(digits())),
            b'W' => Unit::Class(all_but(word_bytes())),
            b'S' => Unit::Class(all_but(spaces())),
            b'n' => Unit::Byte(b'\n'),
            b't' => Unit::Byte(b'\t'),
            b'r' => Unit::Byte(b'\r'),
            escaped
                if regex_syntax::is_escapeable_character(char::from(escaped)) && escaped > b' ' && escaped < 0x7f =>
            {
                Unit::Byte(escaped)
            }
            _ => return None,
        })
    }

    fn is_repeated(&self) -> bool {
        matches!(self.peek(), Some(b'*' | b'+' | b'?' | b'{'))
    }

    fn repetition(&mut self, part: Hir) -> Option<Hir> {
        let (min, max) = match self.next()? {
            b'*' => (0, None),
            b'+' => (1, None),
            b'?' => (0, Some(1)),
            _ => {
                let min = self.count()?;
                let max = match self.next()? {
                    b'}' => Some(min),
                    b',' if self.take(b'}') => None,
                    b',' => Some(self.count().filter(|&max| max >= min && self.take(b'}'))?),
                    _ => return None,
                };
                (min, max)
            }
        };
        let greedy = !self.take(b'?');
        let repeated = Hir::repetition(Repetition { min, max, greedy, sub: Box::new(part) });
        if self.is_repeated() { None } else { Some(repeated) }
    }

    fn count(&mut self) -> Option<u32> {
        let rest = self.source.get(self.at..)?;
        let length = rest.bytes().take_while(u8::is_ascii_digit).count();
        self.at += length;
        rest.get(..length)?.parse().ok().filter(|&count| count <= COUNT_LIMIT)
    }

    fn group(&mut self, depth: usize) -> Option<Hir> {
        if depth == DEPTH_LIMIT {
            return None;
        }
        let mut name = None;
        let mut captures = true;
        if self.take(b'?') {
            let rest = self.source.get(self.at..)?;
            if rest.starts_with(':') {
                self.at += 1;
                captures = false;
            } else {
                let skipped = if rest.starts_with("P<") { 2 } else { usize::from(rest.starts_with('<')) };
                let (found, _) = rest.get(skipped..).filter(|_| skipped > 0)?.split_once('>')?;
                let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
                let begins_well = found.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
                if !begins_well || !found.bytes().all(is_part) || self.names.contains(&found) {
                    return None;
                }
                self.names.push(found);
                self.at += skipped + found.len() + 1;
                name = Some(found.into());
            }
        }
        self.captures += u32::from(captures);
        let index = self.captures;
        let sub = self.alternatives(depth + 1)?;
        if !self.take(b')') {
            return None;
        }
        Some(if captures { Hir::capture(Capture { index, name, sub: Box::new(sub) }) } else { sub })
    }

    /// A class in brackets, of single characters, ranges and escapes.
    fn class(&mut self) -> Option<Hir> {
        let negated = self.take(b'^');
        let mut class = ClassBytes::empty();
        let mut is_first = true;
        loop {
            let byte = self.next()?;
            let doubled = self.peek() == Some(byte) && matches!(byte, b'&' | b'~' | b'-');
            match byte {
                b']' if !is_first => break,
                b']' | b'[' => return None,
                _ if doubled => return None,
                b'-' if !is_first && self.peek() != Some(b']') => return None,
                _ => {}
            }
            is_first = false;
            match self.unit(byte)? {
                Unit::Class(other) => class.union(&other),
                Unit::Byte(start) => {
                    let end = if self.peek() == Some(b'-') && !self.source.get(self.at + 1..)?.starts_with(']') {
                        self.at += 1;
                        match self.next()? {
                            b'-' | b'[' => return None,
                            byte => match self.unit(byte)? {
                                Unit::Byte(end) if start <= end => end,
                                _ => return None,
                            },
                        }
                    } else {
                        start
                    };
                    class.push(ClassBytesRange::new(start, end));
                }
            }
        }
        Some(Hir::class(Class::Bytes(if negated { all_but(class) } else { class })))
    }
}

fn digits() -> ClassBytes {
    ClassBytes::new([ClassBytesRange::new(b'0', b'9')])
}

fn word_bytes() -> ClassBytes {
    let ranges = [(b'0', b'9'), (b'A', b'Z'), (b'_', b'_'), (b'a', b'z')];
    ClassBytes::new(ranges.map(|(start, end)| ClassBytesRange::new(start, end)))
}

fn spaces() -> ClassBytes {
    ClassBytes::new([ClassBytesRange::new(b'\t', b'\r'), ClassBytesRange::new(b' ', b' ')])
}

fn all_but(mut class: ClassBytes) -> ClassBytes {
    class.negate();
    class
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rule::pattern::parse_by_library;

    /// Where the usual kind of pattern is recognised, the library parses it to the same.
    fn agrees(source: &str) -> bool {
        let Some(hir) = parse(source) else { return false };
        let library = parse_by_library(source).unwrap_or_else(|error| panic!("{error} in {source:?}"));
        assert_eq!(hir, library, "{source:?}");
        true
    }

    #[test]
    fn the_usual_kind_is_recognised() {
        for source in [
            r"Could not provision customer '(?<customer>.+?)' - the specified subdomain '(?P<sub>[^']+)' is",
            r"^\[(?<a>\d{4}-\d{2,}-\d+)\]\s*(?:one|two|)\b x{0,3}y*?[\w.-]+[^\s\]a-f]$",
            r"a|ab|(b|c)|\.\*\\\n",
            "",
        ] {
            assert!(agrees(source), "{source}");
        }
    }

    #[test]
    fn what_is_beyond_the_limits_is_left_to_the_library() {
        let nested = |levels: usize| format!("{}a{}", "(".repeat(levels), ")".repeat(levels));
        assert!(agrees(&nested(16)) && parse(&nested(17)).is_none());
        assert!(agrees("a{1000}") && parse("a{1001}").is_none());
    }

    #[test]
    fn the_patterns_of_the_shipped_rules_are_nearly_all_of_that_kind() {
        let faultbook = crate::rule::Faultbook::shipped();
        let leaves =
            faultbook.rules().iter().flat_map(|rule| &rule.signatures).flat_map(|signature| &signature.required);
        let patterns: Vec<&str> = leaves
            .flatten()
            .filter_map(|leaf| match leaf {
                crate::rule::signature::Leaf::Regex(pattern) => Some(pattern.source()),
                crate::rule::signature::Leaf::Contains(_) => None,
            })
            .collect();
        let unusual: Vec<&&str> = patterns.iter().filter(|source| !agrees(source)).collect();
        assert!(!patterns.is_empty() && unusual.len() * 5 <= patterns.len(), "{unusual:?}");
    }

    const PIECES: [&str; 62] = [
        "a",
        "b",
        "ab",
        "foo bar",
        "'",
        "\"",
        ":",
        "/",
        "-",
        "=",
        " ",
        ".",
        "*",
        "+",
        "?",
        "??",
        "+?",
        "{2}",
        "{1,}",
        "{0,3}",
        "{3,1}",
        "{",
        "}",
        "{,2}",
        "(",
        ")",
        "(?:",
        "(?<n>",
        "(?P<m>",
        "(?<n>x)",
        "(?i)",
        "(?u)",
        "(?x)",
        "(?=",
        "|",
        "^",
        "$",
        "\\b",
        "\\b{start}",
        "\\d",
        "\\W",
        "\\s",
        "\\S",
        "\\.",
        "\\/",
        "\\<",
        "\\x41",
        "\\n",
        "\\1",
        "\\p{L}",
        "[",
        "]",
        "[^",
        "[a-z]",
        "[\\d_-]",
        "[^'\"]",
        "[a-\\]]",
        "&&",
        "[[:alpha:]]",
        "\u{e9}",
        "\t",
        "#",
    ];

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases()) })]

        #[test]
        fn no_pattern_is_parsed_otherwise_than_by_the_library(
            pieces in prop::collection::vec(0..PIECES.len(), 0..12),
        ) {
            agrees(&pieces.iter().map(|&piece| PIECES[piece]).collect::<String>());
        }

        #[test]
        fn nor_any_text(source in "[ab()\\[\\]{}|?*+.^$\\\\dws,<>:P1&~-]{0,12}") {
            agrees(&source);
        }
    }

    /// `PROPTEST_CASES` for a longer search.
    fn cases() -> u32 {
        std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(2_000)
    }
}
