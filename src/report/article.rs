//! Articles as they stand in the knowledge base, without a case: the shape of one, and its text through a layout.
//!
//! The layouts `templates/answer/article.*` arrange the sections. Title and metadata are not in the text, because pages, JSON
//! and PDF each have a place of their own for them; [`ArticleHead`] has them all. Who may read an article is decided by whoever
//! asks for it.

use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Serialize;

use crate::answer::{AnswerFormat, Layouts, Writer};
use crate::report::ReportError;
use crate::report::shape::ProductShape;
use crate::report::telling::article_value;
use crate::rule::{Audience, Environment, Fact, FactType, Faultbook, Link, Rule, Severity, State};

/// What is told of an article in a list.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "portal", derive(utoipa::ToSchema))]
pub struct ArticleSummary<'a> {
    /// Its number or name.
    pub id: &'a str,
    /// The failure in one line.
    pub title: &'a str,
    /// How bad the failure is.
    pub severity: Severity,
    /// How far the article may be trusted.
    pub state: State,
    /// Who may be shown the article.
    pub audience: Audience,
    /// The products it is about; none: any.
    pub products: Vec<ProductShape<'a>>,
    /// Free words.
    pub tags: &'a [String],
    /// When it was written, as year-month-day.
    pub created: Option<String>,
    /// When somebody last confirmed it.
    pub reviewed: Option<String>,
}

impl<'a> ArticleSummary<'a> {
    /// What is told of a rule's article.
    pub fn of(rule: &'a Rule) -> Self {
        let product = |entry: &'a Environment| ProductShape {
            product: &entry.product,
            version: entry.version.as_ref().map(ToString::to_string),
        };
        Self {
            id: &rule.id,
            title: &rule.title,
            severity: rule.severity,
            state: rule.state,
            audience: rule.audience,
            products: rule.environment.iter().map(product).collect(),
            tags: &rule.tags,
            created: rule.created.map(|date| date.to_string()),
            reviewed: rule.reviewed.map(|date| date.to_string()),
        }
    }

    /// The products and their versions in one line; empty when it is about any.
    pub fn applies_to(&self) -> String {
        let product = |entry: &ProductShape<'_>| match &entry.version {
            Some(version) => format!("{} {version}", entry.product),
            None => entry.product.to_owned(),
        };
        self.products.iter().map(product).collect::<Vec<_>>().join(", ")
    }
}

/// What is known about an article beside its text.
#[derive(Clone, Debug, Serialize)]
pub struct ArticleHead<'a> {
    /// What lists tell of it.
    #[serde(flatten)]
    pub summary: ArticleSummary<'a>,
    /// What decides between the remedies and can be asked.
    pub questions: Vec<ArticleQuestion<'a>>,
    /// Documentation.
    pub links: &'a [Link],
    /// Articles worth reading too, without those that are for fewer readers than this one.
    pub related: Vec<RelatedArticle<'a>>,
}

/// A question that decides between the remedies of an article.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ArticleQuestion<'a> {
    /// The fact that an answer gives.
    pub fact: &'a str,
    /// Its wording.
    pub ask: &'a str,
    /// What an answer may be.
    #[serde(rename = "type")]
    pub kind: FactType,
    /// The choices, if there are any.
    pub values: &'a [String],
}

/// Another article.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct RelatedArticle<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its title, if it is in the faultbook.
    pub title: Option<&'a str>,
}

impl<'a> ArticleHead<'a> {
    /// The shape of a rule's article.
    pub fn of(faultbook: &'a Faultbook, rule: &'a Rule) -> Self {
        let related = faultbook
            .related(rule)
            .map(|(id, other)| RelatedArticle { id, title: other.map(|other| other.title.as_str()) });
        Self {
            summary: ArticleSummary::of(rule),
            questions: questions(rule),
            links: &rule.links,
            related: related.collect(),
        }
    }
}

/// The questions behind the remedies' conditions, through the facts that these follow from, in the order of the facts.
fn questions(rule: &Rule) -> Vec<ArticleQuestion<'_>> {
    let mut wanted: Vec<&str> =
        rule.resolution.iter().filter_map(|branch| branch.when.as_ref()).flat_map(|when| when.names()).collect();
    let mut at = 0;
    while let Some(fact) = wanted.get(at).copied() {
        let further = rule.fact(fact).map(Fact::rests_on).unwrap_or_default();
        let new: Vec<&str> = further.into_iter().filter(|name| !wanted.contains(name)).collect();
        wanted.extend(new);
        at += 1;
    }
    let asked = rule.facts.iter().filter(|fact| wanted.contains(&fact.name.as_str()));
    asked
        .filter_map(|fact| {
            let ask = fact.ask.as_deref()?;
            Some(ArticleQuestion { fact: &fact.name, ask, kind: fact.kind, values: &fact.values })
        })
        .collect()
}

/// Writes articles in one format. Keep it: building the engine costs more than an article.
pub struct ArticleWriter<'a> {
    faultbook: &'a Faultbook,
    writer: Writer,
    layouts: Layouts,
}

impl<'a> ArticleWriter<'a> {
    /// Makes a writer for a format.
    pub fn new(faultbook: &'a Faultbook, format: AnswerFormat) -> Self {
        let layouts = Layouts::new(faultbook.templates(), &format);
        Self { faultbook, writer: Writer::new(format), layouts }
    }

    /// Renders the article of a rule; beside it what of the rule's texts could not be rendered.
    pub fn article(&self, rule: &Rule) -> Result<(String, Vec<String>), ReportError> {
        let article = self.writer.article_without_case(rule);
        let shape = ArticleHead::of(self.faultbook, rule);
        let context = context! { rule => Value::from(Serde(shape)), article => article_value(&article) };
        Ok((self.layouts.render("answer/article", context)?, article.problems))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::TextOptions;

    #[test]
    fn every_shipped_rule_is_an_article() {
        let faultbook = Faultbook::shipped();
        for format in [AnswerFormat::Markdown, AnswerFormat::Html, AnswerFormat::Text(TextOptions::default())] {
            let writer = ArticleWriter::new(&faultbook, format);
            for rule in faultbook.rules() {
                let (text, problems) = writer.article(rule).expect("a layout");
                assert!(problems.is_empty(), "{}: {problems:?}", rule.id);
                for branch in &rule.resolution {
                    let title = branch.title.split(' ').next().unwrap_or_default();
                    assert!(text.contains(title), "{}: {}", rule.id, branch.title);
                }
                assert!(!text.contains("{%") && !text.contains("could not be rendered"), "{}", rule.id);
            }
        }
    }
}
