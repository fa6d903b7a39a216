//! What to do about a finding: the author's Markdown, with values from a log in it, as HTML, text or Markdown.
//!
//! A value never passes through the Markdown parser. The template engine writes it as an inert token ([`inert`]), which
//! behaves like a word of letters; the Markdown is parsed with the tokens in it; and each writer ([`html`], [`text`],
//! [`markdown`]) decodes a token where it lands and escapes the value for that very place ([`escape`], and for link
//! targets `destination`, for raw HTML `raw_html`, for Markdown text `prose`).
//!
//! An [article] is rendered for a finding, a [layout] arranges it. The writers below know neither.

use pulldown_cmark::Options;

pub mod article;
mod destination;
pub mod escape;
pub mod html;
pub mod inert;
pub mod layout;
pub mod markdown;
#[cfg(feature = "portal")]
pub mod pdf;
mod prose;
mod raw_html;
pub mod text;
mod without_case;

pub use article::{AnswerFormat, Article, ArticleBranch, Writer};
pub use layout::{LayoutError, Layouts};
pub use text::TextOptions;

/// Names the Markdown that authors write: CommonMark with tables, strikethrough and task lists.
///
/// Every writer parses with these, so that a page, a mail and a Markdown file agree on what is a table.
fn dialect() -> Options {
    Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS
}
