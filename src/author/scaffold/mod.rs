//! From one pasted error to a rule that finds it: `faultbook new`.
//!
//! `telling` finds the record of the paste that tells what went wrong and leaves its header out; `generalise` divides that
//! message into what is always there and values, and writes the regex; `naming` names the values; `article` writes the file.
//! Then the file is checked and its tests are run, as `check` and `test` do; when something is off, a plainer regex is tried.
//! Nothing is written to disk here.

mod article;
mod generalise;
mod naming;
mod telling;
#[cfg(test)]
mod tests;

use jiff::civil::Date;

use crate::answer::{AnswerFormat, Writer};
use crate::author::sample::DEFAULT_PATH;
use crate::author::{fmt, test};
use crate::diagnose::{Diagnoser, Known};
use crate::rule::faultbook::Templates;
use crate::rule::{Faultbook, Level};
use crate::scan::Index;

use generalise::Depth;

/// Bytes of a paste. A rule carries it twice, in its test and in the near miss; a report longer than this is no sample.
pub const PASTE_BYTES: usize = 64 * 1024;

/// Words of a message that are tried for the near miss.
const NEAR_MISSES: usize = 3;

/// What a rule is to be made of.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its title; guessed from the message without one.
    pub title: Option<&'a str>,
    /// What was pasted: an error message, perhaps with the lines around it.
    pub paste: &'a str,
    /// The day it is written.
    pub created: Date,
    /// Where editors find the schema, as seen from the file.
    pub schema: &'a str,
}

/// A rule that was made: sound, and its tests pass.
#[derive(Clone, Debug)]
pub struct Scaffold {
    /// The rule file.
    pub text: String,
    /// The title that it has.
    pub title: String,
    /// The regex that finds the paste.
    pub regex: String,
    /// What it captures of the paste.
    pub captures: Vec<(String, String)>,
    /// Whether values had to be left in the regex, since nothing more general was sound.
    pub is_plain: bool,
    /// Names of values in the paste that look like secrets.
    pub secrets: Vec<String>,
}

/// Why no rule was made.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScaffoldError {
    /// There is nothing but white space in the paste.
    #[error("the paste is empty")]
    Empty,
    /// It is longer than [`PASTE_BYTES`].
    #[error("the paste has {bytes} bytes, more than {PASTE_BYTES}")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// The id cannot be one.
    #[error("`{id}` cannot be an id")]
    BadId {
        /// The id.
        id: String,
    },
    /// No regex was found that matches the paste and not a text that differs in a word.
    #[error("no signature was found that certainly matches the paste")]
    NoSignature,
}

/// Makes a rule. Costs a few diagnoses of the paste.
pub fn scaffold(request: &Request<'_>) -> Result<Scaffold, ScaffoldError> {
    if request.paste.trim().is_empty() {
        return Err(ScaffoldError::Empty);
    }
    if request.paste.len() > PASTE_BYTES {
        return Err(ScaffoldError::TooLong { bytes: request.paste.len() });
    }
    if !is_id(request.id) {
        return Err(ScaffoldError::BadId { id: request.id.to_owned() });
    }
    let message = telling::message(request.paste).ok_or(ScaffoldError::NoSignature)?;
    for depth in [Depth::Values, Depth::Numbers, Depth::Nothing] {
        let pieces = generalise::pieces(&message.text, depth);
        let levels: &[Option<Level>] = if message.level.is_some() { &[message.level, None] } else { &[None] };
        for level in levels {
            for word in article::telling_words(&pieces).into_iter().take(NEAR_MISSES) {
                let draft =
                    article::Draft { request, pieces: &pieces, level: *level, severity: message.severity, word };
                if let Some(scaffold) = proven(&draft) {
                    let secrets = naming::secrets(request.paste);
                    return Ok(Scaffold { is_plain: depth != Depth::Values, secrets, ..scaffold });
                }
            }
        }
    }
    Err(ScaffoldError::NoSignature)
}

/// Whether a text can be the id of a rule.
pub fn is_id(id: &str) -> bool {
    !id.is_empty() && id.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.'))
}

/// Writes the rule, first to see what it captures, then with that as what its test expects. `None` if it does not load, a test
/// fails or its article cannot be rendered.
fn proven(draft: &article::Draft<'_>) -> Option<Scaffold> {
    let captures = captured(&draft.text(&[]), draft.request.paste)?;
    let written = draft.text(&captures);
    let text = fmt::format(draft.request.id, &written).unwrap_or(written);
    let faultbook = loaded(&text)?;
    let outcomes = test::run(&faultbook, |_, _| true, &test::TestOptions::default()).outcomes;
    let passes = outcomes.len() == 2 && outcomes.iter().all(test::TestOutcome::passed);
    passes.then(|| Scaffold {
        text,
        title: draft.title(),
        regex: generalise::regex(draft.pieces),
        captures,
        is_plain: false,
        secrets: Vec::new(),
    })
}

fn loaded(text: &str) -> Option<Faultbook> {
    let texts = vec![("new.yaml".to_owned(), text.to_owned())];
    let faultbook = Faultbook::from_texts(texts, Templates::default());
    (!faultbook.has_errors() && faultbook.rules().len() == 1).then_some(faultbook)
}

/// What the rule captures of the paste; `None` if it does not find it or cannot tell about it.
fn captured(text: &str, paste: &str) -> Option<Vec<(String, String)>> {
    let faultbook = loaded(text)?;
    let index = Index::build(&faultbook);
    let diagnosis = Diagnoser::new(&index).diagnose_text(DEFAULT_PATH, paste, &Known::default());
    let finding = diagnosis.findings.first()?;
    let article = Writer::new(AnswerFormat::Markdown).article(faultbook.rule(finding.rule), finding);
    if !article.problems.is_empty() {
        return None;
    }
    let values = |capture: &crate::diagnose::Capture| (capture.name.clone(), capture.values.seen.join(", "));
    Some(finding.captures.iter().map(values).collect())
}
