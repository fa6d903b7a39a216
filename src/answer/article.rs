//! Rendering an article for a finding: its texts, with what was captured and known put in.
//!
//! [`Writer`] holds the engine for authors' texts, whose values become [inert] tokens, and turns the
//! Markdown that results into the wanted format. How the sections are arranged is the layouts' business.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use minijinja::{Environment, Value};

use crate::answer::text::TextOptions;
use crate::answer::{html, inert, markdown, text, without_case};
use crate::diagnose::Finding;
use crate::rule::decide::Binding;
use crate::rule::language::{Missing, environment};
use crate::rule::text::{SharedTexts, Text};
use crate::rule::{Branch, Rule, Truth};

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
    /// The same for texts that take in files: the engines that have these files. Few, as most rules take in the same ones.
    sharing: Mutex<Vec<(Arc<SharedTexts>, Arc<Environment<'static>>)>>,
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
        Self { texts, sharing: Mutex::default(), format }
    }

    /// The format it writes.
    pub fn format(&self) -> &AnswerFormat {
        &self.format
    }

    /// Renders the texts of a finding's rule.
    pub fn article(&self, rule: &Rule, finding: &Finding) -> Article {
        let context = context(rule, finding);
        let branches =
            finding.branches.iter().filter_map(|state| Some((rule.resolution.get(state.index)?, state.truth)));
        self.sections(rule, branches, |text, depth| self.text(text, &context, depth))
    }

    /// Renders the texts of a rule as an article of the knowledge base, without a case: every remedy, and for each value
    /// its name. What a text says only of some cases is left out or shown in brackets.
    pub fn article_without_case(&self, rule: &Rule) -> Article {
        let names = without_case::Names::of(rule);
        let branches = rule.resolution.iter().map(|branch| match branch.when {
            Some(_) => (branch, Truth::Open),
            None => (branch, Truth::True),
        });
        self.sections(rule, branches, |text, depth| self.text_without_case(text, &names, depth))
    }

    /// The sections of a rule; `render` makes each text, so many steps further to the right.
    fn sections<'r>(
        &self,
        rule: &'r Rule,
        branches: impl Iterator<Item = (&'r Branch, Truth)>,
        render: impl Fn(&Text, usize) -> Result<String, String>,
    ) -> Article {
        let mut problems = Vec::new();
        let mut section = |name: &str, text: &Text, depth: usize| {
            render(text, depth).unwrap_or_else(|error| {
                problems.push(format!("{name}: {error}"));
                self.finish(&format!("*This part could not be rendered:* {}", inert::encode(&error)), depth)
            })
        };
        let symptoms = rule.symptoms.as_ref().map(|text| section("symptoms", text, 0));
        let cause = rule.cause.as_ref().map(|text| section("cause", text, 0));
        let branches = branches.map(|(branch, truth)| ArticleBranch {
            title: branch.title.clone(),
            truth,
            when: branch.when.as_ref().map(|when| when.source()),
            body: if branch.title.is_empty() {
                section("resolution", &branch.text, 0)
            } else {
                section(&branch.title, &branch.text, 1)
            },
        });
        let branches = branches.collect();
        let prevention = rule.prevention.as_ref().map(|text| section("prevention", text, 0));
        Article { symptoms, cause, branches, prevention, problems }
    }

    fn text(&self, text: &Text, context: &Value, depth: usize) -> Result<String, String> {
        let render = |texts: &Environment<'_>| texts.get_template(text.source())?.render(context.clone());
        let rendered = match text.shared() {
            None => render(&self.texts),
            Some(shared) => self.sharing(shared).and_then(|texts| render(&texts)),
        };
        rendered.map(|markdown| self.finish(&markdown, depth)).map_err(|error| told(&error))
    }

    /// Renders a text without a case. If it works on a value so that a name in its place will not do, the name alone is shown.
    fn text_without_case(&self, text: &Text, names: &without_case::Names, depth: usize) -> Result<String, String> {
        let render = |plainly: bool| {
            let source = names.undecided(text.source(), plainly);
            let mut texts = self.texts.clone();
            for (path, file) in text.shared().iter().flat_map(|shared| shared.iter()) {
                texts.add_template_owned(path.clone(), names.undecided(file.text(), plainly))?;
            }
            texts.get_template(&source)?.render(names.values())
        };
        let rendered = render(false).or_else(|_| render(true));
        rendered.map(|markdown| self.finish(&markdown, depth)).map_err(|error| told(&error))
    }

    /// The engine that has some files. It is made once for all texts that take in the same ones.
    fn sharing(&self, shared: &Arc<SharedTexts>) -> Result<Arc<Environment<'static>>, minijinja::Error> {
        let is_same = |known: &Arc<SharedTexts>| {
            Arc::ptr_eq(known, shared)
                || known.len() == shared.len()
                    && known
                        .iter()
                        .zip(&**shared)
                        .all(|(one, other)| one.0 == other.0 && one.1.text() == other.1.text())
        };
        let known = |made: &[(Arc<SharedTexts>, Arc<Environment<'static>>)]| {
            made.iter().find(|(files, _)| is_same(files)).map(|(_, texts)| Arc::clone(texts))
        };
        if let Some(texts) = known(&self.sharing.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(texts);
        }
        let mut texts = self.texts.clone();
        for (path, file) in &**shared {
            texts.add_template_owned(path.clone(), file.text().to_owned())?;
        }
        let texts = Arc::new(texts);
        self.sharing.lock().unwrap_or_else(PoisonError::into_inner).push((Arc::clone(shared), Arc::clone(&texts)));
        Ok(texts)
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

/// What went wrong, in the words of the innermost error: those around it say only through which files it came.
fn told(error: &minijinja::Error) -> String {
    let mut innermost = error;
    while let Some(source) = std::error::Error::source(innermost).and_then(|source| source.downcast_ref()) {
        innermost = source;
    }
    innermost.detail().map_or_else(|| innermost.kind().to_string(), str::to_owned)
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

#[cfg(test)]
mod tests {
    use minijinja::context;

    use super::*;
    use crate::rule::Faultbook;
    use crate::rule::faultbook::Templates;

    /// The resolution of a rule with some files below `templates/`, in which `host` is the value.
    fn rendered(resolution: &str, files: &[(&str, &str)], host: &str) -> Result<String, String> {
        let folder = tempfile::tempdir().expect("a folder");
        for (path, text) in files {
            std::fs::write(folder.path().join(path), text).expect("written");
        }
        let rule = format!(
            "id: a\ntitle: t\nsignatures:\n  s: {{ regex: 'down (?<host>.+)' }}\nresolution: '{}'\n",
            resolution.replace('\'', "''")
        );
        let templates = Templates { folders: vec![folder.path().to_owned()] };
        let faultbook = Faultbook::from_texts(vec![("a.yaml".to_owned(), rule)], templates);
        let rule = faultbook.rules().first().unwrap_or_else(|| panic!("{:?}", faultbook.diagnostics()));
        let writer = Writer::new(AnswerFormat::Html);
        let text = |_| writer.text(&rule.resolution[0].text, &context!(host => host), 0);
        let first = text(());
        assert_eq!(first, text(()), "with the engine that is kept");
        first
    }

    #[test]
    fn values_stay_inert_in_macros_and_included_files() {
        let files = [
            ("a.md", "**{{ host }}**"),
            (
                "m.md",
                "{% macro strong(value) %}**{{ value }}**{% endmacro %}{% macro box() %}`{{ caller() }}`{% endmacro %}",
            ),
        ];
        let value = "*x* <b> `";
        let strong = "<strong>*x* &lt;b&gt; `</strong>";
        for (source, html) in [
            ("{% include 'a.md' %}", strong),
            ("{% from 'm.md' import strong %}{{ strong(host) }}", strong),
            ("{% import 'm.md' as m %}{% set a = m.strong(host) %}{{ a }}", strong),
            ("{% macro own(value) %}**{{ value }}**{% endmacro %}{{ own(host) }}", strong),
            ("{% import 'm.md' as m %}{% call m.box() %}{{ host }}{% endcall %}", "<code>*x* &lt;b&gt; `</code>"),
        ] {
            assert_eq!(
                rendered(source, &files, value).as_deref().map(str::trim),
                Ok(&*format!("<p>{html}</p>")),
                "{source}"
            );
        }
    }

    #[test]
    fn endless_work_in_macros_and_files_is_stopped() {
        let twice = |next: &str| format!("{{% include '{next}' %}}").repeat(40);
        let files = [
            ("a.md", &*twice("b.md")),
            ("b.md", &*twice("c.md")),
            ("c.md", &*twice("d.md")),
            ("d.md", &"x".repeat(500)),
        ];
        assert_eq!(rendered("{% include 'a.md' %}", &files, "h"), Err("engine ran out of fuel".to_owned()));
        let endless = "{% macro a(b) %}{{ a(b) }}{% endmacro %}{{ a(host) }}";
        assert!(rendered(endless, &[], "h").is_err());
        let wide = "{% macro a(b) %}{{ a(b) }}{{ a(b) }}{% endmacro %}{{ a(host) }}";
        assert!(rendered(wide, &[], "h").is_err());
    }
}
