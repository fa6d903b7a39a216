//! Markdown as a PDF: pages of A4 or Letter with a title, page numbers, working links, an outline and tags for screen readers.
//!
//! It takes Markdown as the other writers leave it, values in it escaped, so that a page, a mail and a PDF come from the same
//! text. [`write()`] walks through four steps: `blocks` (the parser's events become a tree), `flow` with `lines`, `code` and
//! `table` (the tree becomes strips of known height, measured with the glyphs of `font`), `pages` (strips are put on pages),
//! and `paint` (pages become a file, with the structure that `tags` has kept).
//!
//! The same document gives the same bytes: nothing asks for the time. Nothing is fetched: of an image the description is
//! shown. It does not decide what an article says; the layouts of `templates/` do.

use std::str::FromStr;

mod blocks;
mod code;
mod flow;
mod font;
mod lines;
mod pages;
mod paint;
mod table;
mod tags;
#[cfg(test)]
mod tests;

/// The most pages of a document. What is beyond is left out, and the last page says so.
pub const MAX_PAGES: usize = 500;

/// The most Markdown that is read, in bytes: more than fits on [`MAX_PAGES`] of any but hostile text.
pub const MAX_MARKDOWN: usize = 8 << 20;

/// The size of the paper.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum PageSize {
    /// 210 mm by 297 mm, ISO 216.
    #[default]
    A4,
    /// 8.5 in by 11 in, ANSI A.
    Letter,
}

/// A word that names no size of paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there are `a4` and `letter`")]
pub struct UnknownPageSize;

impl FromStr for PageSize {
    type Err = UnknownPageSize;

    fn from_str(name: &str) -> Result<Self, UnknownPageSize> {
        match name {
            "a4" => Ok(Self::A4),
            "letter" => Ok(Self::Letter),
            _ => Err(UnknownPageSize),
        }
    }
}

impl PageSize {
    /// Width and height in points.
    pub fn points(self) -> (f32, f32) {
        match self {
            Self::A4 => (595.28, 841.89),
            Self::Letter => (612.0, 792.0),
        }
    }
}

/// What is to be written.
#[derive(Clone, Copy, Debug)]
pub struct PdfDocument<'a> {
    /// The title on the first page and in the file's properties; plain text.
    pub title: &'a str,
    /// What stands above the title and at the foot of each page, such as the article's number; plain text, may be empty.
    pub subtitle: &'a str,
    /// Lines below the title: what it is, and its value; plain text.
    pub metadata: &'a [(&'a str, String)],
    /// Words for the file's properties.
    pub keywords: &'a [String],
    /// The text. A heading of the first level at its beginning that says the same as the title is left out.
    pub markdown: &'a str,
    /// The address against which relative links are resolved; without it they are text.
    pub base: Option<&'a url::Url>,
    /// The paper.
    pub page: PageSize,
}

/// Why a document could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PdfError {
    /// A font that is compiled in cannot be read: the binary is damaged.
    #[error("the fonts of this program cannot be read")]
    Font,
    /// The writer of PDF refuses what it was given.
    #[error("the PDF could not be written: {0}")]
    Writer(String),
}

/// Writes a document. Cost: linear in the Markdown, up to [`MAX_PAGES`].
pub fn write(document: &PdfDocument<'_>) -> Result<Vec<u8>, PdfError> {
    paint::paint(document, lay(document)?)
}

/// Puts a document on pages.
fn lay(document: &PdfDocument<'_>) -> Result<paint::Laid, PdfError> {
    let (markdown, is_whole) = beginning(document.markdown);
    let text = blocks::Blocks::of(markdown, document.base);
    let mut flow = flow::Flow::new(document.page)?;
    flow.title(document);
    flow.blocks(text.without_title(document.title));
    Ok(flow.finish(text.links, is_whole))
}

/// As much of the Markdown as is read, and whether that is all of it.
fn beginning(markdown: &str) -> (&str, bool) {
    if markdown.len() <= MAX_MARKDOWN {
        return (markdown, true);
    }
    let end = (0..=MAX_MARKDOWN).rev().find(|at| markdown.is_char_boundary(*at)).unwrap_or(0);
    (markdown.get(..end).unwrap_or_default(), false)
}
