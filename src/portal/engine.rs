//! A faultbook made ready to answer requests, and how it is put in place of another.
//!
//! [`Engine`] holds rules, index and renderers together for as long as a request needs them. It diagnoses for each audience with the rules
//! of that audience alone: a rule that a reader may not see must not drop, explain or question anything either. [`LiveEngine`] is the one
//! in use; requests that began with the one before end with it.

use std::str::FromStr;
use std::sync::Arc;

use arc_swap::ArcSwap;
use self_cell::self_cell;
use utoipa::ToSchema;

use crate::answer::{AnswerFormat, Layouts, TextOptions};
use crate::diagnose::{Diagnoser, Known};
use crate::portal::assets::Assets;
use crate::portal::nearest::NearestIndex;
use crate::portal::problem::Problem;
use crate::portal::search::SearchIndex;
use crate::report::redact::{RedactionKey, Redactor};
use crate::report::shape::AnswerShape;
use crate::report::{AnswerWriter, ArticleWriter};
use crate::rule::{Audience, Faultbook, Rule};
use crate::scan::Index;

/// Columns of answers in plain text.
const TEXT_WIDTH: usize = 80;

/// What is diagnosed before anything else.
const FIRST_TEXT: &str = "2026-11-23 10:00:00 INFO the service has started and listens at port 8080\n";

/// The formats that answers are asked for in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Rendering {
    /// An HTML fragment.
    #[default]
    Html,
    /// Markdown.
    Markdown,
    /// Plain text of 80 columns.
    Text,
}

impl Rendering {
    /// All of them, in the order of their writers.
    const ALL: [Self; 3] = [Self::Html, Self::Markdown, Self::Text];

    /// The word in requests and answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Markdown => "markdown",
            Self::Text => "text",
        }
    }

    fn format(self) -> AnswerFormat {
        match self {
            Self::Html => AnswerFormat::Html,
            Self::Markdown => AnswerFormat::Markdown,
            Self::Text => AnswerFormat::Text(TextOptions { width: TEXT_WIDTH, indent: 0, styled: false }),
        }
    }
}

impl FromStr for Rendering {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|one| one.name() == word);
        known.ok_or_else(|| format!("write `{}`", Self::ALL.map(Self::name).join("` or `")))
    }
}

/// The audiences, each of which may see what those before it may.
const AUDIENCES: [Audience; 3] = [Audience::Public, Audience::Partner, Audience::Internal];

/// An index for each audience that may see more rules than the one before it.
struct Indexes<'book>(Vec<Index<'book>>);

self_cell!(
    /// A faultbook and its indexes.
    struct Indexed {
        owner: Faultbook,
        #[covariant]
        dependent: Indexes,
    }
);

/// What answers requests: a diagnoser for each audience, writers for each format.
struct Tools<'index> {
    diagnosers: Vec<Diagnoser<'index>>,
    /// The diagnoser of each audience.
    by_audience: [usize; 3],
    writers: [AnswerWriter<'index>; 3],
    articles: [ArticleWriter<'index>; 3],
}

self_cell!(
    /// All of it.
    struct Assembled {
        owner: Indexed,
        #[covariant]
        dependent: Tools,
    }
);

/// A faultbook ready to answer.
pub struct Engine {
    assembled: Assembled,
    search: SearchIndex,
    nearest: NearestIndex,
    layouts: Layouts,
    assets: Assets,
    redactor: Redactor,
}

impl Engine {
    /// Makes a faultbook ready. Cost: linear in the number of signatures, for each audience, and in the size of the articles.
    ///
    /// # Errors
    ///
    /// When the articles cannot be indexed for search, as without memory.
    pub fn new(faultbook: Faultbook, key: RedactionKey) -> tantivy::Result<Self> {
        let search = SearchIndex::build(&faultbook)?;
        let nearest = NearestIndex::build(&faultbook);
        let layouts = Layouts::new(faultbook.templates(), &AnswerFormat::Html);
        let assets = Assets::new(faultbook.templates());
        let redactor = Redactor::new(key, faultbook.settings().redact());
        let indexed = Indexed::new(faultbook, |faultbook| {
            let index = |audience: Audience| {
                Index::of_rules(faultbook, |rule| rule.is_looked_for() && rule.audience <= audience)
            };
            Indexes(AUDIENCES.into_iter().filter(|audience| has_own_index(faultbook, *audience)).map(index).collect())
        });
        let assembled = Assembled::new(indexed, |indexed| {
            let Indexes(indexes) = indexed.borrow_dependent();
            let faultbook = indexed.borrow_owner();
            let own = AUDIENCES.map(|audience| usize::from(has_own_index(faultbook, audience)));
            let [_, partner, internal] = own;
            let diagnosers: Vec<Diagnoser<'_>> = indexes.iter().map(Diagnoser::new).collect();
            // filters are made with the first text: that is not to be a reader's
            diagnosers.iter().for_each(|one| drop(one.diagnose_text("text", FIRST_TEXT, &Known::default())));
            Tools {
                diagnosers,
                by_audience: [0, partner, partner + internal],
                writers: Rendering::ALL.map(|one| AnswerWriter::new(indexed.borrow_owner(), one.format())),
                articles: Rendering::ALL.map(|one| ArticleWriter::new(indexed.borrow_owner(), one.format())),
            }
        });
        Ok(Self { assembled, search, nearest, layouts, assets, redactor })
    }

    /// The rules, of all audiences.
    pub fn faultbook(&self) -> &Faultbook {
        self.assembled.borrow_owner().borrow_owner()
    }

    /// What masks texts that are kept or logged.
    pub fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// The layouts of pages.
    pub fn layouts(&self) -> &Layouts {
        &self.layouts
    }

    /// Style sheet, script and icon of the pages.
    pub fn assets(&self) -> &Assets {
        &self.assets
    }

    /// What searches the articles, of all audiences.
    pub fn search(&self) -> &SearchIndex {
        &self.search
    }

    /// What finds the articles that a text is nearest to, of all audiences.
    pub fn nearest(&self) -> &NearestIndex {
        &self.nearest
    }

    /// The article of a rule without a case.
    pub fn article(&self, rule: &Rule, rendering: Rendering) -> Result<AnswerShape, Problem> {
        let [html, markdown, text] = &self.assembled.borrow_dependent().articles;
        let writer = match rendering {
            Rendering::Html => html,
            Rendering::Markdown => markdown,
            Rendering::Text => text,
        };
        let (body, problems) = writer.article(rule).map_err(|error| {
            tracing::error!(rule = rule.id, %error, "an article could not be rendered");
            Problem::internal()
        })?;
        if !problems.is_empty() {
            tracing::warn!(rule = rule.id, ?problems, "a part of an article could not be rendered");
        }
        Ok(AnswerShape { format: rendering.name(), body })
    }

    /// What diagnoses with the rules that an audience may see.
    pub fn diagnoser(&self, audience: Audience) -> &Diagnoser<'_> {
        let tools = self.assembled.borrow_dependent();
        let [public, partner, internal] = tools.by_audience;
        let at = match audience {
            Audience::Public => public,
            Audience::Partner => partner,
            Audience::Internal => internal,
        };
        &tools.diagnosers[at]
    }

    /// What renders answers.
    pub fn writer(&self, rendering: Rendering) -> &AnswerWriter<'_> {
        let [html, markdown, text] = &self.assembled.borrow_dependent().writers;
        match rendering {
            Rendering::Html => html,
            Rendering::Markdown => markdown,
            Rendering::Text => text,
        }
    }
}

/// Whether an audience may see rules that the one before it may not; the public has an index even without rules.
fn has_own_index(faultbook: &Faultbook, audience: Audience) -> bool {
    audience == Audience::Public || faultbook.rules().iter().any(|rule| rule.audience == audience)
}

/// The engine in use.
pub struct LiveEngine {
    current: ArcSwap<Engine>,
}

impl LiveEngine {
    /// Begins with an engine.
    pub fn new(engine: Engine) -> Self {
        Self { current: ArcSwap::from_pointee(engine) }
    }

    /// The engine in use; it stays whole for as long as somebody holds it.
    pub fn current(&self) -> Arc<Engine> {
        self.current.load_full()
    }

    /// Puts another one in its place.
    pub fn replace(&self, engine: Engine) {
        self.current.store(Arc::new(engine));
    }
}
