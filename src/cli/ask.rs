//! Puts open questions to the person at the terminal.
//!
//! Questions go to standard error, answers come from standard input, a line each. Whether an answer fits is for the
//! [`Fact`](crate::rule::Fact) to say.

use std::collections::BTreeSet;
use std::io::{self, BufRead, Read};

use crate::answer::escape;
use crate::cli::console::Console;
use crate::diagnose::{Diagnosis, Known, Question};
use crate::rule::{FactType, FactValue, Faultbook, Rule};

/// How often a question is put before the person is taken not to know.
const ATTEMPTS: usize = 3;
/// Bytes of an answer that are read: a line that is longer is no answer.
const ANSWER_BYTES: u64 = 64 * 1024;

/// What has been asked so far. Nothing is asked twice, whatever the answer was.
pub struct Interview<'a> {
    console: &'a Console,
    asked: BTreeSet<String>,
    /// Nobody is there to answer any more.
    ended: bool,
}

impl<'a> Interview<'a> {
    /// Begins an interview.
    pub fn new(console: &'a Console) -> Self {
        Interview { console, asked: BTreeSet::new(), ended: false }
    }

    /// Asks the first open question that was not asked before and adds the answer to `known`; only the first, because the
    /// answer may make the others pointless. False when there is nothing to ask, or nobody.
    pub fn ask(&mut self, faultbook: &Faultbook, diagnosis: &Diagnosis, known: &mut Known) -> bool {
        for finding in &diagnosis.findings {
            let rule = faultbook.rule(finding.rule);
            for question in &finding.questions {
                if self.ended || !self.asked.insert(question.fact.clone()) {
                    continue;
                }
                if let Some(value) = self.put(rule, question) {
                    known.facts.insert(question.fact.clone(), value);
                    return true;
                }
            }
        }
        false
    }

    /// Puts one question until the answer fits. `None` when the person does not know.
    fn put(&mut self, rule: &Rule, question: &Question) -> Option<FactValue> {
        let fact = rule.fact(&question.fact)?;
        self.console.say(format_args!("\n{}  {}", escape::terminal(&rule.id), escape::terminal(&rule.title)));
        self.console.say(escape::terminal(&question.ask));
        for _ in 0..ATTEMPTS {
            self.console.prompt(format_args!("[{}; empty if unknown] ", escape::terminal(&choices(question))));
            let answer = self.line()?;
            if answer.is_empty() {
                return None;
            }
            match fact.accept(&FactValue::from_argument(&answer)) {
                Ok(value) => return Some(value),
                Err(error) => {
                    self.console.say(format_args!("that does not fit: {} is wanted", escape::terminal(&error.wanted)))
                }
            }
        }
        self.console.say("taken as unknown");
        None
    }

    /// The next line of standard input without the space around it; `None` at its end.
    fn line(&mut self) -> Option<String> {
        let mut line = Vec::new();
        match io::stdin().lock().take(ANSWER_BYTES).read_until(b'\n', &mut line) {
            Ok(1..) => Some(String::from_utf8_lossy(&line).trim().to_owned()),
            Ok(0) | Err(_) => {
                self.ended = true;
                self.console.say("");
                None
            }
        }
    }
}

/// What may be answered, in words.
fn choices(question: &Question) -> String {
    match question.kind {
        FactType::Boolean => "yes or no".to_owned(),
        FactType::Number => "a number".to_owned(),
        FactType::String => "text, or `none`".to_owned(),
        FactType::Version => "a version such as 5.4.1".to_owned(),
        FactType::OneOf => question.values.join(", "),
    }
}
