//! Faultbook: a knowledge-base rule engine.
//!
//! A *faultbook* is a folder of rules. Each rule is one knowledge-base article that knows when it applies: it recognises a
//! failure in a log, decides which of its remedies fits the case at hand, and writes the answer for it. What a rule needs to
//! know and nobody told, it asks for.
//!
//! ```
//! use faultbook::answer::{AnswerFormat, Writer};
//! use faultbook::diagnose::{Diagnoser, Known};
//! use faultbook::{rule::Faultbook, scan::Index};
//!
//! let faultbook = Faultbook::shipped(); // or Faultbook::load(&["rules".into()], &[])
//! let index = Index::build(&faultbook);
//! let text = "Could not provision customer 'Jane' - the specified subdomain 'jane' is already in use";
//! let diagnosis = Diagnoser::new(&index).diagnose_text("ticket.txt", text, &Known::default());
//! let finding = &diagnosis.findings[0];
//! let article = Writer::new(AnswerFormat::Markdown).article(faultbook.rule(finding.rule), finding);
//! assert!(article.cause.unwrap().contains("`jane.onmicrosoft.com`"));
//! assert_eq!(finding.questions[0].fact, "migration");
//! ```
//!
//! The rooms of the house, in the order in which data walks through them: [`rule`] (what an author wrote), [`source`] (where
//! text comes from), [`scan`] (which rules might apply where), [`diagnose`] (what is wrong), [`answer`] (what to do),
//! [`report`] (how a batch is told), [`author`] (help for authors), with the feature `portal` the HTTP service, and with the feature
//! `cli` the command line. A room uses
//! the rooms before it, never one behind it. Nothing here prints, exits or keeps state.

#![deny(missing_docs, unsafe_code)]

pub mod answer;
pub mod author;
#[cfg(feature = "cli")]
pub mod cli;
pub mod diagnose;
#[cfg(feature = "portal")]
pub mod portal;
pub mod report;
pub mod rule;
pub mod scan;
pub mod source;
