//! From one pasted error to a rule that finds it: `faultbook new`.
//!
//! `telling` finds the record of the paste that tells what went wrong and `prefix` what stands before its message; `generalise` divides that
//! message into what is always there and values, `naming` names them, `written` makes the regex; `further` looks at the other lines of the
//! paste; `fault` knows the words of failures, `secrets` those of what must not be shown; `article` writes the file. Then the file is
//! checked and its tests are run, as `check` and `test` do; when something is off, a plainer regex is tried. [`known_already()`] tells
//! which rules look at a paste before another is written. Nothing is written to disk here.

pub(crate) mod article;
mod fault;
mod further;
mod generalise;
mod known;
mod naming;
mod prefix;
mod secrets;
mod telling;
#[cfg(test)]
mod tests;
mod written;

use jiff::civil::Date;

use crate::answer::{AnswerFormat, Writer};
use crate::author::sample::DEFAULT_PATH;
use crate::author::{fmt, test};
use crate::diagnose::{Diagnoser, Known};
use crate::rule::Faultbook;
use crate::rule::faultbook::Templates;
use crate::scan::Index;

use further::Further;
use generalise::{Depth, Piece};
use naming::Names;

pub use further::UnusedLine;
pub use known::{KnownAlready, known_already};

/// Bytes of a paste. A rule carries it twice, in its test and in the near miss; a report longer than this is no sample.
pub const PASTE_BYTES: usize = 64 * 1024;

/// Words of a failure that are tried for the near miss.
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
    /// Values that had to be left in the regex, since nothing more general was sound.
    pub left: Vec<String>,
    /// Lines of the paste that no signature is about.
    pub unused: Vec<UnusedLine>,
    /// Whether it has a near miss; without one its author has to find it.
    pub has_near_miss: bool,
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
    /// Its message has no word but those of messages about anything.
    #[error("the paste says nothing but `{message}`: a rule about that would find nearly every failure")]
    SaysNothing {
        /// The message.
        message: String,
    },
    /// No regex was found that matches the paste.
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
    let values = generalise::pieces(&message.text, Depth::Values, &mut Names::default());
    if fault::says_nothing(&values) {
        return Err(ScaffoldError::SaysNothing { message: message.text });
    }
    for depth in [Depth::Values, Depth::Numbers, Depth::Nothing] {
        let mut names = Names::default();
        let pieces = generalise::pieces(&message.text, depth, &mut names);
        let further = further::further(request.paste, &message, &mut names);
        let near_misses: Vec<_> =
            fault::opposites(&pieces).into_iter().take(NEAR_MISSES).map(Some).chain([None]).collect();
        let all = further.offers.as_slice();
        let offers: &[&[further::Offer]] = if all.is_empty() { &[&[]] } else { &[all, &[]] };
        for offers in offers {
            for near_miss in &near_misses {
                let severity = message.severity;
                let draft = article::Draft { request, pieces: &pieces, severity, offers, near_miss: *near_miss };
                if let Some(scaffold) = proven(&draft) {
                    let secrets = secrets::secrets(request.paste);
                    let unused = unused(&further, offers.is_empty(), &scaffold.regex);
                    return Ok(Scaffold { left: left(&values, &pieces), unused, secrets, ..scaffold });
                }
            }
        }
    }
    Err(ScaffoldError::NoSignature)
}

/// What the message of a paste is like, whatever the values in it: the same for pastes that one signature would find.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    /// The message with `…` in place of its values.
    pub text: String,
    /// A regex for messages of this kind.
    pub regex: String,
}

/// Outlines a paste; `None` if there is no message in it.
pub fn outline(paste: &str) -> Option<Outline> {
    let message = telling::message(paste)?;
    let pieces = generalise::pieces(&message.text, Depth::Values, &mut Names::default());
    let text = |piece: &Piece| match piece {
        Piece::Literal(text) => text.clone(),
        Piece::Value { .. } => "…".to_owned(),
    };
    Some(Outline { text: pieces.iter().map(text).collect(), regex: written::regex(&pieces) })
}

/// The lines that no signature is about; one that is written like the message is found, too.
fn unused(further: &Further, has_no_offers: bool, regex: &str) -> Vec<UnusedLine> {
    let regex = regex::bytes::RegexBuilder::new(regex).unicode(false).build().ok();
    let is_found = |line: &UnusedLine| regex.as_ref().is_some_and(|regex| regex.is_match(line.text.as_bytes()));
    let offered = further.offered.iter().filter(|_| has_no_offers);
    let mut lines: Vec<UnusedLine> =
        further.unused.iter().chain(offered).filter(|line| !is_found(line)).cloned().collect();
    lines.sort_by_key(|line| line.number);
    lines
}

/// The values that these pieces do not have as such.
fn left(values: &[Piece], pieces: &[Piece]) -> Vec<String> {
    let is_value =
        |text: &String| pieces.iter().any(|piece| matches!(piece, Piece::Value { text: other, .. } if text == other));
    let texts = values.iter().filter_map(|piece| match piece {
        Piece::Value { text, .. } => Some(text.clone()),
        Piece::Literal(_) => None,
    });
    texts.filter(|text| !is_value(text)).collect()
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
    let wanted = 1 + usize::from(draft.near_miss.is_some());
    let passes = outcomes.len() == wanted && outcomes.iter().all(test::TestOutcome::passed);
    passes.then(|| Scaffold {
        text,
        title: draft.title(),
        regex: written::regex(draft.pieces),
        captures,
        left: Vec::new(),
        unused: Vec::new(),
        has_near_miss: draft.near_miss.is_some(),
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
