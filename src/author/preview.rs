//! What the answers of a rule look like, by its own samples.

use minijinja::value::Serde;
use minijinja::{Value, context};

use crate::answer::{AnswerFormat, Layouts};
use crate::author::sample;
use crate::report::{AnswerWriter, ReportError};
use crate::rule::{Expectation, Faultbook, RuleId};

/// How a preview is to look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviewOptions {
    /// What it is written in.
    pub format: AnswerFormat,
    /// Only the sample of the test with this name.
    pub test: Option<String>,
    /// Whether a page is to load itself again and again, because it is written anew whenever the rule changes.
    pub live: bool,
}

/// A rendered preview.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// The text or page.
    pub text: String,
    /// How many samples it shows.
    pub samples: usize,
    /// How many of them gave no answer although one was expected; the preview says so in their place.
    pub without_answer: usize,
}

/// Renders the answers of the samples that are expected to match. Fails when a layout has an error.
pub fn render(faultbook: &Faultbook, id: RuleId, options: &PreviewOptions) -> Result<Preview, ReportError> {
    let writer = AnswerWriter::new(faultbook, options.format.clone());
    let rule = faultbook.rule(id);
    let mut samples: Vec<Value> = Vec::new();
    let mut without_answer = 0;
    let mut failed = None;
    sample::each(faultbook, id, None, |test, sample::Outcome { diagnosis, .. }| {
        let is_wanted = options.test.as_ref().is_none_or(|name| *name == test.name);
        if !is_wanted || matches!(test.expect, Expectation::Nothing) {
            return;
        }
        let mut answers: Vec<String> = Vec::new();
        for finding in &diagnosis.findings {
            match writer.answer(&diagnosis.case, finding) {
                Ok((answer, _)) => {
                    let answer = answer.trim_end().to_owned();
                    if !answers.contains(&answer) {
                        answers.push(answer);
                    }
                }
                Err(error) => failed = Some(error),
            }
        }
        without_answer += usize::from(answers.is_empty());
        let stated = |name: &str, value: String| context! { name => name, value => value };
        let facts = test.facts.iter().map(|(name, value)| stated(name, value.to_string()));
        let products = test.products.iter().map(|(name, version)| stated(name, version.clone()));
        samples.push(context! {
            name => test.name.as_str(),
            text => test.text.trim_end(),
            facts => facts.collect::<Vec<_>>(),
            products => products.collect::<Vec<_>>(),
            answers => answers.into_iter().map(Value::from_safe_string).collect::<Vec<_>>(),
        });
    });
    if let Some(error) = failed {
        return Err(error);
    }
    let count = samples.len();
    let context = context! {
        rule => context! { id => rule.id.as_str(), title => rule.title.as_str(), severity => Value::from(Serde(rule.severity)) },
        samples => samples,
        live => options.live,
    };
    let text = Layouts::new(faultbook.templates(), &options.format).render("preview/preview", context)?;
    Ok(Preview { text, samples: count, without_answer })
}
