//! Rendering an article for a finding: its texts, with what was captured and known put in.
//!
//! [`Writer`] holds the engine for authors' texts, whose values become [inert] tokens, and turns the
//! Markdown that results into the wanted format. How the sections are arranged is the layouts' business.

use std::collections::BTreeMap;

use minijinja::{Environment, Value};

use crate::answer::text::TextOptions;
use crate::answer::{html, inert, markdown, text};
use crate::diagnose::Finding;
use crate::rule::decide::Binding;
use crate::rule::language::{Missing, environment};
use crate::rule::text::Text;
use crate::rule::{Rule, Truth};

/// Columns by which a remedy stands to the right of its title in plain text.
const INDENT_STEP: usize = 2;

/// What an answer is written in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnswerFormat {
    /// CommonMark with tables.
    Markdown,
    /// A fragment of HTML, sanitised.
    Html,
    /// Plain text of a width, with or without terminal styles.
    Text(TextOptions),
}

/// The sections of an article, each in the wanted format; `None` where the author wrote none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Article {
    /// What the reader sees happening.
    pub symptoms: Option<String>,
    /// Why it happens.
    pub cause: Option<String>,
    /// The branches that hold or are open, in the rule's order.
    pub branches: Vec<ArticleBranch>,
    /// How to keep it from happening again.
    pub prevention: Option<String>,
    /// Texts that could not be rendered, and why; their place in the article says so too.
    pub problems: Vec<String>,
}

/// One remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArticleBranch {
    /// Its heading; empty for a resolution without branches.
    pub title: String,
    /// Whether it holds or is open.
    pub truth: Truth,
    /// The expression it depends on.
    pub when: Option<String>,
    /// The remedy.
    pub body: String,
}

/// Renders article texts in one format.
pub struct Writer {
    texts: Environment<'static>,
    format: AnswerFormat,
}

impl Writer {
    /// A writer for a format. Keep it: building the engine costs more than a text.
    pub fn new(format: AnswerFormat) -> Self {
        let mut texts = environment();
        // Each text is its own name, so that it is compiled once however many findings it is rendered for.
        texts.set_loader(|source| Ok(Some(source.to_owned())));
        texts.set_formatter(|output, _, value| {
            // What a `set` block collected is author's text with tokens in it already.
            let written = if value.is_safe() { value.to_string() } else { inert::encode(&listed(value)) };
            output.write_str(&written).map_err(minijinja::Error::from)
        });
        Self { texts, format }
    }

    /// The format it writes.
    pub fn format(&self) -> &AnswerFormat {
        &self.format
    }

    /// Renders the texts of a finding's rule.
    pub fn article(&self, rule: &Rule, finding: &Finding) -> Article {
        let context = context(rule, finding);
        let mut problems = Vec::new();
        let mut section = |name: &str, text: &Text, depth: usize| {
            self.text(text, &context, depth).unwrap_or_else(|error| {
                problems.push(format!("{name}: {error}"));
                self.finish(&format!("*This part could not be rendered:* {}", inert::encode(&error)), depth)
            })
        };
        let symptoms = rule.symptoms.as_ref().map(|text| section("symptoms", text, 0));
        let cause = rule.cause.as_ref().map(|text| section("cause", text, 0));
        let branches = finding.branches.iter().map(|state| {
            let branch = &rule.resolution[state.index];
            ArticleBranch {
                title: branch.title.clone(),
                truth: state.truth,
                when: branch.when.as_ref().map(|when| when.source()),
                body: if branch.title.is_empty() {
                    section("resolution", &branch.text, 0)
                } else {
                    section(&branch.title, &branch.text, 1)
                },
            }
        });
        let branches = branches.collect();
        let prevention = rule.prevention.as_ref().map(|text| section("prevention", text, 0));
        Article { symptoms, cause, branches, prevention, problems }
    }

    fn text(&self, text: &Text, context: &Value, depth: usize) -> Result<String, String> {
        let rendered = self.texts.get_template(text.source()).and_then(|template| template.render(context.clone()));
        match rendered {
            Ok(markdown) => Ok(self.finish(&markdown, depth)),
            Err(error) => Err(error.detail().map_or_else(|| error.kind().to_string(), str::to_owned)),
        }
    }

    /// Turns Markdown with tokens into the format; in plain text `depth` steps further to the right.
    fn finish(&self, markdown: &str, depth: usize) -> String {
        match &self.format {
            AnswerFormat::Markdown => markdown::render(markdown),
            AnswerFormat::Html => html::render(markdown),
            AnswerFormat::Text(options) => {
                let indent = options.indent + depth * INDENT_STEP;
                text::render(markdown, &TextOptions { indent, ..options.clone() })
            }
        }
    }
}

/// A list is written as its members, separated by commas.
fn listed(value: &Value) -> String {
    let is_list = matches!(value.kind(), minijinja::value::ValueKind::Seq | minijinja::value::ValueKind::Iterable);
    match value.try_iter() {
        Ok(members) if is_list => members.map(|member| member.to_string()).collect::<Vec<_>>().join(", "),
        _ if value.is_none() => "none".to_owned(),
        // as it is written in rules and on the command line
        _ if value.kind() == minijinja::value::ValueKind::Bool => value.is_true().to_string(),
        _ => value.to_string(),
    }
}

/// The names of a rule with their values; what nobody knows stands as its name in angle brackets.
fn context(rule: &Rule, finding: &Finding) -> Value {
    let mut values: BTreeMap<String, Value> = BTreeMap::new();
    let missing = |name: &str| (name.to_owned(), Missing::value(name));
    for signature in &rule.signatures {
        values.extend(signature.captures().into_iter().chain(signature.optional_captures()).map(missing));
    }
    let group_names = rule.correlations.iter().flat_map(|correlation| &correlation.group_by);
    values.extend(group_names.map(|name| missing(name)));
    for (name, binding) in finding.names.scope.iter() {
        if let Binding::Known(value) = binding
            && !(value.is_none() && values.contains_key(name))
        {
            values.insert(name.to_owned(), value.clone());
        }
    }
    for (name, value) in &finding.names.facts {
        values.insert(name.clone(), value.clone().unwrap_or_else(|| Missing::value(name)));
    }
    Value::from(values)
}
