//! What is a heading, a list, a table: the structure of the document, for those who cannot see its pages.
//!
//! While strips are made, each piece of text gets a [`Slot`] below its [`Node`], in reading order; painting fills the slots
//! with the marks that the file has for them. A slot that no page shows stays empty, and a node without any is left out.

use std::num::NonZeroU16;

use krilla::tagging::{Identifier, ListNumbering, TableHeaderScope, Tag, TagGroup, TagKind, TagTree};

/// A part of the structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Node(usize);

/// The place of a piece of text in the structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot(usize);

/// What a node is.
#[derive(Clone, Debug)]
pub(super) enum Role {
    Document,
    Heading(u16, String),
    Paragraph,
    List { is_numbered: bool },
    Item,
    Label,
    Body,
    Quote,
    Code,
    Link,
    Table,
    Head,
    Rows,
    Row,
    HeadCell,
    Cell,
}

#[derive(Clone, Copy)]
enum Child {
    Node(Node),
    Slot(Slot),
}

/// The structure of a document.
pub(super) struct Tags {
    nodes: Vec<(Role, Vec<Child>)>,
    slots: Vec<Option<Identifier>>,
}

impl Tags {
    /// The node of the whole document.
    pub(super) const ROOT: Node = Node(0);

    pub(super) fn new() -> Self {
        Self { nodes: vec![(Role::Document, Vec::new())], slots: Vec::new() }
    }

    /// Adds a part to another one.
    pub(super) fn node(&mut self, parent: Node, role: Role) -> Node {
        let node = Node(self.nodes.len());
        self.nodes.push((role, Vec::new()));
        self.attach(parent, Child::Node(node));
        node
    }

    /// Adds a place for text to a part.
    pub(super) fn slot(&mut self, parent: Node) -> Slot {
        let slot = Slot(self.slots.len());
        self.slots.push(None);
        self.attach(parent, Child::Slot(slot));
        slot
    }

    fn attach(&mut self, parent: Node, child: Child) {
        if let Some((_, children)) = self.nodes.get_mut(parent.0) {
            children.push(child);
        }
    }

    /// Forgets what has been painted, to paint again.
    pub(super) fn clear(&mut self) {
        self.slots.fill(None);
    }

    /// Says what the file calls a piece of text.
    pub(super) fn fill(&mut self, slot: Slot, identifier: Identifier) {
        if let Some(slot) = self.slots.get_mut(slot.0) {
            *slot = Some(identifier);
        }
    }

    /// The structure as the file has it.
    pub(super) fn tree(&self, language: &str) -> TagTree {
        let mut tree = TagTree::new().with_lang(Some(language.to_owned()));
        if let Some((_, children)) = self.nodes.first() {
            let mut root = TagGroup::new(Tag::Part);
            self.push_children(&mut root, children);
            root.children.into_iter().for_each(|child| tree.push(child));
        }
        tree
    }

    /// Recurses as deep as blocks nest, which is bounded.
    fn push_children(&self, group: &mut TagGroup, children: &[Child]) {
        for child in children {
            match child {
                Child::Slot(slot) => {
                    if let Some(identifier) = self.slots.get(slot.0).copied().flatten() {
                        group.push(identifier);
                    }
                }
                Child::Node(node) => {
                    let Some((role, children)) = self.nodes.get(node.0) else { continue };
                    let mut child = TagGroup::new(role.kind());
                    self.push_children(&mut child, children);
                    if !child.children.is_empty() {
                        group.push(child);
                    }
                }
            }
        }
    }
}

impl Role {
    fn kind(&self) -> TagKind {
        match self {
            Self::Document => Tag::Part.into(),
            Self::Heading(level, title) => {
                Tag::Hn(NonZeroU16::new(*level).unwrap_or(NonZeroU16::MIN), Some(title.clone())).into()
            }
            Self::Paragraph => Tag::P.into(),
            Self::List { is_numbered: true } => Tag::L(ListNumbering::Decimal).into(),
            Self::List { is_numbered: false } => Tag::L(ListNumbering::Disc).into(),
            Self::Item => Tag::LI.into(),
            Self::Label => Tag::Lbl.into(),
            Self::Body => Tag::LBody.into(),
            Self::Quote => Tag::BlockQuote.into(),
            Self::Code => Tag::Code.into(),
            Self::Link => Tag::Link.into(),
            Self::Table => Tag::Table.into(),
            Self::Head => Tag::THead.into(),
            Self::Rows => Tag::TBody.into(),
            Self::Row => Tag::TR.into(),
            Self::HeadCell => Tag::TH(TableHeaderScope::Column).into(),
            Self::Cell => Tag::TD.into(),
        }
    }
}
