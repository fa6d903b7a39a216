//! Every text of a diagnosis that came from its case, handed out to be replaced by another.
//!
//! It lies here because only this room knows all the places where such texts are kept, those that articles are rendered with included: who adds a
//! field for text of a case adds it here too. What conditions decided is not decided again. `report::redact` says what stands instead.

use std::collections::BTreeMap;

use minijinja::Value;
use minijinja::value::ValueKind;

use crate::diagnose::finding::{Diagnosis, Finding};
use crate::diagnose::match_value::MatchValue;
use crate::rule::decide::{Binding, Scope};

/// What a text of a diagnosis is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaseText<'a> {
    /// The value of a capture or fact of this name.
    Value(&'a str),
    /// A record that is shown as evidence.
    Record,
    /// The name of a case or source.
    Source,
    /// Words about the case that may quote it.
    Words,
}

/// Gives the text to be put in the place of one; `None` to leave it.
pub type Rewriter<'a> = &'a dyn Fn(CaseText<'_>, &str) -> Option<String>;

impl Diagnosis {
    /// Replaces every text that came from the case.
    pub fn rewrite(&mut self, rewriter: Rewriter<'_>) {
        put(&mut self.case, CaseText::Source, rewriter);
        for note in &mut self.notes {
            put(&mut note.source, CaseText::Source, rewriter);
            put(&mut note.detail, CaseText::Words, rewriter);
        }
        self.findings.iter_mut().for_each(|finding| finding.rewrite(rewriter));
    }
}

impl Finding {
    /// Replaces every text that came from the case.
    pub fn rewrite(&mut self, rewriter: Rewriter<'_>) {
        for capture in &mut self.captures {
            for value in &mut capture.values.seen {
                put(value, CaseText::Value(&capture.name), rewriter);
            }
        }
        for evidence in &mut self.evidence {
            put(&mut evidence.source, CaseText::Source, rewriter);
            put(&mut evidence.record, CaseText::Record, rewriter);
        }
        self.problems.iter_mut().for_each(|problem| put(problem, CaseText::Words, rewriter));
        let mut scope = Scope::default();
        for (name, binding) in self.names.scope.iter() {
            let rewritten = match binding {
                Binding::Known(value) => value_of(name, value, rewriter).map(Binding::Known),
                Binding::MayMatch | Binding::Unknown | Binding::Absent => None,
            };
            scope.bind(name, rewritten.unwrap_or_else(|| binding.clone()));
        }
        self.names.scope = scope;
        for (name, value) in &mut self.names.facts {
            if let Some(rewritten) = value.as_ref().and_then(|value| value_of(name, value, rewriter)) {
                *value = Some(rewritten);
            }
        }
    }
}

fn put(text: &mut String, what: CaseText<'_>, rewriter: Rewriter<'_>) {
    if let Some(rewritten) = rewriter(what, text) {
        *text = rewritten;
    }
}

/// The value with its texts replaced; `None` when that changes nothing.
fn value_of(name: &str, value: &Value, rewriter: Rewriter<'_>) -> Option<Value> {
    let text = |text: &str| rewriter(CaseText::Value(name), text).map(Value::from);
    if let Some(matched) = value.downcast_object_ref::<MatchValue>() {
        let captures = matched
            .captures
            .iter()
            .map(|(name, value)| (name.clone(), value_of(name, value, rewriter).unwrap_or_else(|| value.clone())));
        return Some(Value::from_object(MatchValue { captures: captures.collect(), ..matched.clone() }));
    }
    match value.kind() {
        ValueKind::String => text(value.as_str()?),
        // the number of a card is one
        ValueKind::Number => text(&value.to_string()),
        ValueKind::Seq | ValueKind::Iterable => {
            let members = value.try_iter().ok()?;
            let members = members.map(|member| value_of(name, &member, rewriter).unwrap_or(member));
            Some(Value::from(members.collect::<Vec<_>>()))
        }
        ValueKind::Map => {
            let keys = value.try_iter().ok()?;
            let entries = keys.filter_map(|key| {
                let member = value.get_item(&key).ok()?;
                let name = key.to_string();
                let member = value_of(&name, &member, rewriter).unwrap_or(member);
                Some((name, member))
            });
            Some(Value::from(entries.collect::<BTreeMap<_, _>>()))
        }
        _ => None,
    }
}
