//! A rule file as its author laid it out: what stands where, with the comments and blank lines between.
//!
//! Scalars and collections in brackets are kept as written, line by line, without the indentation around them. Made by `read`
//! and by `restyle`, written by `write`. What the values mean is for the YAML reader of `rule`.

/// A file: a mapping whose values are sections.
#[derive(Debug)]
pub(super) struct Document<'t> {
    /// Comments that belong to the file, not to its first key.
    pub head: Vec<Leading<'t>>,
    /// The sections in the order written.
    pub entries: Vec<Entry<'t>>,
    /// Comments behind the last section.
    pub tail: Vec<Leading<'t>>,
}

/// What stands on lines of its own before a key or an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leading<'t> {
    /// A blank line.
    Blank,
    /// A comment, from its `#` to its last letter.
    Comment {
        /// Bytes of indentation.
        column: usize,
        /// The comment.
        text: &'t str,
    },
}

/// A key with its value.
#[derive(Debug)]
pub(super) struct Entry<'t> {
    /// What stands before it.
    pub leading: Vec<Leading<'t>>,
    /// As written, quotes included.
    pub key: &'t str,
    /// What stands behind the colon.
    pub value: Value<'t>,
}

/// An item of a list.
#[derive(Debug)]
pub(super) struct Item<'t> {
    /// What stands before its `-`.
    pub leading: Vec<Leading<'t>>,
    /// What stands behind.
    pub value: Value<'t>,
}

/// A value with what stands beside it.
#[derive(Debug, Default)]
pub(super) struct Value<'t> {
    /// Anchors and tags before it, as written.
    pub property: Option<&'t str>,
    /// The value.
    pub body: Body<'t>,
    /// A comment behind it on its line; of a block or a collection on lines of its own, on the line of the key.
    pub comment: Option<Trailing<'t>>,
}

/// A comment behind a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Trailing<'t> {
    /// Spaces before it, since authors align comments.
    pub gap: usize,
    /// The comment.
    pub text: &'t str,
}

/// The ways to write a value.
#[derive(Debug, Default)]
pub(super) enum Body<'t> {
    /// Nothing.
    #[default]
    Empty,
    /// Plain or in quotes; further lines without indentation.
    Scalar(Vec<&'t str>),
    /// In brackets; further lines without indentation.
    Flow(Vec<&'t str>),
    /// Below `|` or `>`.
    Block(Block<'t>),
    /// Keys on lines of their own, and comments behind the last one.
    Map(Vec<Entry<'t>>, Vec<Leading<'t>>),
    /// Items on lines of their own, and comments behind the last one.
    List(Vec<Item<'t>>, Vec<Leading<'t>>),
}

/// A block scalar.
#[derive(Debug)]
pub(super) struct Block<'t> {
    /// `|` or `>`.
    pub style: char,
    /// `-`, `+` or nothing: what becomes of line breaks at its end.
    pub chomping: Chomping,
    /// Its lines without the indentation of the block.
    pub lines: Vec<std::borrow::Cow<'t, str>>,
}

/// What becomes of the line breaks at the end of a block scalar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chomping {
    /// All go.
    Strip,
    /// One stays.
    Clip,
    /// All stay, so that blank lines behind the block belong to it.
    Keep,
}

impl Value<'_> {
    /// Whether blank lines behind the value would belong to it.
    pub fn takes_blank_lines(&self) -> bool {
        match &self.body {
            Body::Block(block) => block.chomping == Chomping::Keep,
            Body::Map(entries, tail) => {
                tail.is_empty() && entries.last().is_some_and(|last| last.value.takes_blank_lines())
            }
            Body::List(items, tail) => {
                tail.is_empty() && items.last().is_some_and(|last| last.value.takes_blank_lines())
            }
            Body::Empty | Body::Scalar(_) | Body::Flow(_) => false,
        }
    }

    fn comments<'v>(&'v self, found: &mut Vec<&'v str>) {
        found.extend(self.comment.map(|comment| comment.text));
        match &self.body {
            Body::Map(entries, tail) => {
                for entry in entries {
                    comments_of(&entry.leading, found);
                    entry.value.comments(found);
                }
                comments_of(tail, found);
            }
            Body::List(items, tail) => {
                for item in items {
                    comments_of(&item.leading, found);
                    item.value.comments(found);
                }
                comments_of(tail, found);
            }
            // comments between brackets are part of what is kept as written
            Body::Flow(lines) => {
                found.extend(lines.iter().filter_map(|line| line.find('#').and_then(|at| line.get(at..))))
            }
            Body::Empty | Body::Scalar(_) | Body::Block(_) => {}
        }
    }
}

impl Document<'_> {
    /// All comments, sorted: to see that none was lost.
    pub fn comments(&self) -> Vec<&str> {
        let mut found = Vec::new();
        comments_of(&self.head, &mut found);
        for entry in &self.entries {
            comments_of(&entry.leading, &mut found);
            entry.value.comments(&mut found);
        }
        comments_of(&self.tail, &mut found);
        found.sort_unstable();
        found
    }
}

fn comments_of<'t>(leading: &[Leading<'t>], found: &mut Vec<&'t str>) {
    found.extend(leading.iter().filter_map(|line| match line {
        Leading::Blank => None,
        Leading::Comment { text, .. } => Some(*text),
    }));
}
