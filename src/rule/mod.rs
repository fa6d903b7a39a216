//! What authors write: YAML with spans → checked, compiled rules, or diagnostics.
//!
//! [`Faultbook::load`] reads folders of rules in parallel. Each file becomes a tree that knows its places ([`yaml`]), then a
//! [`file::RuleFile`] (what is written), then a [`Rule`] (what is meant): regexes parse, names resolve, conditions are tried
//! against every answer. Whatever is wrong becomes a [`Diagnostic`]; the sound rules load all the same.
//!
//! Beside the rules a `faultbook.yaml` may say how logs are read: [`settings_file`] as written, [`Settings`] as meant. An
//! `overlay.yaml` may change rules for one installation: [`overlay_file`] as written, [`overlay`] as meant.
//!
//! The room also holds the meaning of conditions ([`decide`]), because a branch that no answer can reach is a mistake of
//! the author. Applying rules to cases is done in `scan` and `diagnose`.

pub mod authored;
mod check;
mod check_correlations;
mod check_lookup;
mod check_parts;
mod check_tests;
pub mod checked;
pub mod condition;
pub mod correlation;
pub mod decide;
pub mod desk;
pub mod diagnostic;
pub mod extract;
pub mod fact;
pub mod faultbook;
pub mod file;
pub mod fix;
pub(crate) mod keys;
pub mod language;
pub mod language_words;
pub(crate) mod lexer;
pub mod limit_settings;
pub mod lint;
mod names;
pub mod needle;
pub mod overlay;
mod overlay_check;
pub mod overlay_file;
mod overlay_join;
pub(crate) mod overlay_keys;
pub mod pattern;
mod pattern_common;
pub mod pattern_library;
mod pattern_reference;
pub mod portal_settings;
mod read_file;
mod reader;
pub mod redact_settings;
pub mod reload;
pub mod required;
pub(crate) mod rule_keys;
mod scalar;
pub mod settings;
mod settings_check;
pub mod settings_file;
pub(crate) mod settings_keys;
pub mod shared_text;
mod shipped;
pub mod signature;
mod slow_pattern;
pub mod table;
mod table_csv;
pub(crate) mod tables;
pub mod templates;
pub mod text;
pub(crate) mod text_tags;
pub mod time_format;
pub mod timespan;
pub mod version;
pub mod vocabulary;
#[cfg(any(feature = "cli", feature = "portal"))]
pub mod watch;
pub mod yaml;
mod yaml_common;
mod yaml_fault;
pub mod zone;

pub(crate) use check_parts::RESERVED as RESERVED_NAMES;
pub use checked::{Branch, Environment, Expectation, Link, Rule, RuleTest};
pub use correlation::Correlation;
pub use decide::Truth;
pub use diagnostic::{Code, Diagnostic, DiagnosticSeverity};
pub use fact::{Fact, FactValue};
pub use faultbook::{Faultbook, RuleId};
pub use fix::Fix;
pub use overlay::{OverlaySource, RuleOverlay};
pub(crate) use overlay_keys::OVERLAY;
pub(crate) use rule_keys::RULE;
pub use settings::{Settings, SourceSettings};
#[cfg(test)]
pub(crate) use shipped::rules as shipped_texts;
pub use vocabulary::{Audience, CorrelationKind, FactType, Level, MaskedKind, Severity, State};
