//! The checks of a rule's correlations: what they look at must be there, and what they want must be possible.
//!
//! Names are resolved to positions: signatures and correlations, and what they group by and count among the captures of
//! each. The correlations that come out stand in an order in which each comes behind those that it rests on.

use crate::rule::authored::{Located, Span};
use crate::rule::check_parts::PartChecker;
use crate::rule::correlation::{Comparison, Correlation, Member, MemberSource};
use crate::rule::diagnostic::{Code, Diagnostic, nearest, suggest};
use crate::rule::file::{AliasFile, CorrelationFile, RuleFile};
use crate::rule::signature::{Signature, SignatureScope};
use crate::rule::vocabulary::CorrelationKind;

/// Checks the correlations of one rule.
pub(crate) struct CorrelationChecker<'r, 'f> {
    pub(crate) parts: &'r mut PartChecker<'f>,
    pub(crate) written: &'r RuleFile,
    pub(crate) signatures: &'r [Signature],
}

impl<'r> CorrelationChecker<'r, '_> {
    /// The correlations that can be evaluated; what is wrong with the others is reported.
    pub(crate) fn correlations(mut self) -> Vec<Correlation> {
        let written = &self.written.correlations;
        let checked: Vec<Option<Correlation>> = written.iter().map(|written| self.correlation(written)).collect();
        self.in_order(checked)
    }

    fn correlation(&mut self, written: &'r CorrelationFile) -> Option<Correlation> {
        let kind = written.kind;
        self.group_names(written);
        let timespan = written.timespan.as_ref().and_then(|timespan| self.parts.timespan(timespan));
        let comparison = kind.and_then(|kind| self.comparison(written, kind));
        let field = kind.and_then(|kind| self.field(written, kind));
        let (sources, steps) = self.members(written, kind);
        self.aliases(written, &sources);
        let mut members = Vec::new();
        for (name, source) in &sources {
            let mut grouping = Vec::new();
            for (at, key) in written.group_by.iter().enumerate() {
                let is_again = written.group_by[..at].iter().any(|earlier| earlier.value == key.value);
                if !is_again {
                    grouping.push(self.captured(written, key, name, *source));
                }
            }
            let field = field.map(|key| self.captured(written, key, name, *source));
            let grouping: Option<Vec<usize>> = grouping.into_iter().collect();
            let field = match field {
                Some(Some(position)) => Some(Some(position)),
                Some(None) => None,
                None => Some(None),
            };
            members.push(grouping.zip(field).map(|(grouping, field)| Member { source: *source, grouping, field }));
        }
        let mut group_by: Vec<String> = Vec::new();
        for name in &written.group_by {
            if !group_by.contains(&name.value) {
                group_by.push(name.value.clone());
            }
        }
        let members: Option<Vec<Member>> = members.into_iter().collect();
        Some(Correlation {
            name: written.name.value.clone(),
            kind: kind?,
            members: members?,
            steps,
            group_by,
            timespan: timespan?,
            comparison: comparison?,
        })
    }

    /// Names under `group_by` are names in conditions and texts too.
    fn group_names(&mut self, written: &'r CorrelationFile) {
        let signatures = self.written.signatures.iter().map(|signature| (&signature.name, "a signature"));
        let correlations = self.written.correlations.iter().map(|correlation| (&correlation.name, "a correlation"));
        let facts = self.written.facts.iter().map(|fact| (&fact.name, "a fact"));
        let taken: Vec<(&Located<String>, &str)> = signatures.chain(correlations).chain(facts).collect();
        for (at, name) in written.group_by.iter().enumerate() {
            if written.group_by[..at].iter().any(|earlier| earlier.value == name.value) {
                let title = format!("`{}` stands twice in `group_by`", name.value);
                self.parts.error(Code::UnusedKey, name.span, title, "changes nothing", Some("leave it out".into()));
                continue;
            }
            let is_capture = self.signatures.iter().any(|other| other.every_capture().contains(&name.value.as_str()));
            if !is_capture {
                self.parts.plain_name(name);
            }
            if let Some((other, kind)) = taken.iter().find(|(other, _)| other.value == name.value) {
                self.parts.clash(name, "a group", other.span, kind);
            }
        }
    }

    fn comparison(&mut self, written: &CorrelationFile, kind: CorrelationKind) -> Option<Comparison> {
        let name = &written.name.value;
        let comparison = Comparison(written.comparisons.iter().map(|(how, count)| (*how, count.value)).collect());
        if is_temporal(kind) {
            for (comparator, count) in &written.comparisons {
                let title = format!("`{comparator}` has no effect: `{kind}` counts nothing");
                let help = Some("leave it out, or write `type: event_count`".to_owned());
                self.parts.error(Code::UnusedKey, count.span, title, "not looked at", help);
            }
            return Some(Comparison::default());
        }
        if written.comparisons.is_empty() {
            if !written.has_faults {
                let title = format!("the correlation `{name}` counts and says nothing about how many are wanted");
                let help = Some("add one of gt, gte, lt, lte, eq, neq, as in `gte: 3`".to_owned());
                self.parts.error(Code::MissingKey, written.name.span, title, "no comparison", help);
            }
            return None;
        }
        let least = u64::from(!written.group_by.is_empty());
        if !comparison.is_possible(least) {
            let title = format!("no count is {comparison}: the correlation `{name}` can never hold");
            let help = match comparison.is_possible(0) {
                true => "a group has at least one record; without `group_by` the count can be zero",
                false => "several comparisons must hold together; change one of them",
            };
            let (first, rest) = written.comparisons.split_first()?;
            let diagnostic = Diagnostic::error(Code::ImpossibleComparison, title);
            let diagnostic = diagnostic.at(self.parts.file, first.1.span, "no count satisfies this");
            let diagnostic = rest.iter().fold(diagnostic, |diagnostic, (_, count)| {
                diagnostic.at(self.parts.file, count.span, "together with this")
            });
            self.parts.diagnostics.push(diagnostic.help(help));
            return None;
        }
        Some(comparison)
    }

    fn field(&mut self, written: &'r CorrelationFile, kind: CorrelationKind) -> Option<&'r Located<String>> {
        let counts_values = kind == CorrelationKind::ValueCount;
        match &written.field {
            Some(field) if !counts_values => {
                let title = format!("`field` has no effect: only `value_count` counts values, this is `{kind}`");
                let help = Some("leave it out, or write `type: value_count`".to_owned());
                self.parts.error(Code::UnusedKey, field.span, title, "not looked at", help);
                None
            }
            None if counts_values && !written.has_faults => {
                let title = format!("the correlation `{}` counts values and does not say of what", written.name.value);
                let help = Some("add `field: …`, the name of a capture".to_owned());
                self.parts.error(Code::MissingKey, written.name.span, title, "no `field`", help);
                None
            }
            field => field.as_ref(),
        }
    }

    /// What is looked at, each once, and the order in which it is listed.
    fn members(
        &mut self,
        written: &'r CorrelationFile,
        kind: Option<CorrelationKind>,
    ) -> (Vec<(&'r Located<String>, MemberSource)>, Vec<usize>) {
        let mut members: Vec<(&Located<String>, MemberSource)> = Vec::new();
        let mut steps = Vec::new();
        for name in &written.signatures {
            let Some(source) = self.source(name) else { continue };
            match members.iter().position(|(_, known)| *known == source) {
                Some(at) => {
                    if kind == Some(CorrelationKind::TemporalOrdered) {
                        steps.push(at);
                    } else {
                        let title = format!("`{}` stands twice in `signatures`", name.value);
                        let help = Some("leave it out; only `temporal_ordered` can want it again".to_owned());
                        self.parts.error(Code::UnusedKey, name.span, title, "changes nothing", help);
                    }
                }
                None => {
                    steps.push(members.len());
                    members.push((name, source));
                }
            }
        }
        let least = if kind.is_some_and(is_temporal) { 2 } else { 1 };
        if written.signatures.len() < least && !written.has_faults {
            let title = format!("the correlation `{}` looks at too little", written.name.value);
            let (span, wanted) = match written.signatures.first() {
                Some(only) => (only.span, "one signature alone is in every order"),
                None => (written.name.span, "no signatures"),
            };
            let help = match least {
                1 => "name at least one under `signatures:`",
                _ => "name at least two under `signatures:`; to count one, write `type: event_count`",
            };
            self.parts.error(Code::MissingKey, span, title, wanted, Some(help.into()));
        }
        (members, steps)
    }

    fn source(&mut self, name: &Located<String>) -> Option<MemberSource> {
        let signatures = &self.written.signatures;
        if let Some(at) = signatures.iter().position(|signature| signature.name.value == name.value) {
            if self.signatures.get(at).is_some_and(|signature| signature.scope == SignatureScope::File) {
                let title = format!("the signature `{}` is about whole files, which have no time", name.value);
                let help = Some("leave it out here; a condition can name it beside the correlation".to_owned());
                self.parts.error(Code::TimelessSignature, name.span, title, "has no time", help);
                return None;
            }
            return Some(MemberSource::Signature(at));
        }
        let correlations = &self.written.correlations;
        if let Some(at) = correlations.iter().position(|correlation| correlation.name.value == name.value) {
            return Some(MemberSource::Correlation(at));
        }
        let known: Vec<&str> = signatures.iter().map(|signature| signature.name.value.as_str()).collect();
        let others = correlations.iter().map(|correlation| correlation.name.value.as_str());
        let known: Vec<&str> = known.into_iter().chain(others).collect();
        let title = format!("`{}` is neither a signature nor a correlation of this rule", name.value);
        let help = suggest(&name.value, &known);
        self.parts.error(Code::UnknownName, name.span, title, "not defined in this rule", help);
        None
    }

    fn aliases(&mut self, written: &CorrelationFile, members: &[(&Located<String>, MemberSource)]) {
        let used: Vec<&str> = written.group_by.iter().chain(&written.field).map(|name| name.value.as_str()).collect();
        let listed: Vec<&str> = written.signatures.iter().map(|name| name.value.as_str()).collect();
        for AliasFile { name: alias, meant } in &written.aliases {
            if !used.contains(&alias.value.as_str()) {
                let title = format!("`{}` is an alias that nothing uses", alias.value);
                let help = suggest(&alias.value, &used)
                    .or_else(|| Some("aliases are for the names in `group_by` and `field`".to_owned()));
                self.parts.error(Code::UnusedKey, alias.span, title, "not in `group_by` or `field`", help);
            }
            for (signature, capture) in meant {
                if !listed.contains(&signature.value.as_str()) {
                    let title = format!("the alias is for `{}`, which is not among `signatures`", signature.value);
                    let help = suggest(&signature.value, &listed);
                    self.parts.error(Code::UnknownName, signature.span, title, "not looked at here", help);
                }
                let member = members.iter().find(|(name, _)| name.value == signature.value);
                let Some(&(_, source)) = member else { continue };
                let captures = self.captures(source);
                if !self.is_captured(&captures, &capture.value) {
                    let title = format!("`{}` does not capture `{}`", signature.value, capture.value);
                    let help = suggest(&capture.value, &captures).or_else(|| Some("it captures nothing".to_owned()));
                    self.parts.error(Code::UnknownName, capture.span, title, "not captured there", help);
                }
            }
        }
    }

    /// Where a member captures what is grouped by or counted; `None` after saying so when it does not.
    fn captured(
        &mut self,
        written: &CorrelationFile,
        key: &Located<String>,
        member: &Located<String>,
        source: MemberSource,
    ) -> Option<usize> {
        let captures = self.captures(source);
        let alias = written.aliases.iter().find(|alias| alias.name.value == key.value);
        let meant = alias.and_then(|alias| alias.meant.iter().find(|(signature, _)| signature.value == member.value));
        if let Some((_, capture)) = meant {
            // what an alias names wrongly is told there
            return captures.iter().position(|known| *known == capture.value);
        }
        let position = captures.iter().position(|known| *known == key.value);
        if position.is_none() && !self.is_captured(&captures, &key.value) {
            let title = format!("`{}` does not capture `{}`", member.value, key.value);
            // `login_ip` is what `ip` means more often than a name that is spelled like it
            let part = captures.iter().copied().find(|capture| capture.split('_').any(|part| part == key.value));
            let meant = part.or(nearest(&key.value, captures.iter().copied())).or(captures.first().copied());
            let help = match meant {
                None if matches!(source, MemberSource::Correlation(_)) => {
                    format!("`{}` is not grouped by it; write `group_by: [{}]` there", member.value, key.value)
                }
                Some(capture) => {
                    format!(
                        "if `{capture}` is meant, write `aliases: {{ {}: {{ {}: {capture} }} }}`",
                        key.value, member.value
                    )
                }
                None => "it captures nothing; add `(?<name>…)` to its regex".to_owned(),
            };
            self.parts.error(Code::NotCaptured, key.span, title, "not captured by all", Some(help));
        }
        position
    }

    /// Whether a capture is there, or may be in a regex that could not be read.
    fn is_captured(&self, captures: &[&str], name: &str) -> bool {
        captures.contains(&name) || self.parts.lost_captures.iter().any(|lost| lost == name)
    }

    fn captures(&self, source: MemberSource) -> Vec<&'r str> {
        match source {
            MemberSource::Signature(at) => self.signatures.get(at).map(Signature::every_capture).unwrap_or_default(),
            MemberSource::Correlation(at) => {
                let mut names: Vec<&str> = Vec::new();
                for name in self.written.correlations.get(at).into_iter().flat_map(|other| &other.group_by) {
                    if !names.contains(&name.value.as_str()) {
                        names.push(&name.value);
                    }
                }
                names
            }
        }
    }

    /// Puts each correlation behind those that it rests on; reports circles.
    fn in_order(&mut self, checked: Vec<Option<Correlation>>) -> Vec<Correlation> {
        let rests_on: Vec<Vec<usize>> = checked.iter().map(targets).collect();
        let mut order: Vec<usize> = Vec::new();
        let mut place: Vec<Option<usize>> = vec![None; checked.len()];
        // Written order where it is possible; each round places at least one, or what is left goes in circles.
        loop {
            let is_ready =
                |at: &usize| place[*at].is_none() && rests_on[*at].iter().all(|other| place[*other].is_some());
            let Some(next) = (0..checked.len()).find(is_ready) else { break };
            place[next] = Some(order.len());
            order.push(next);
        }
        self.circles(&rests_on, &place);
        let mut checked = checked;
        let mut ordered = Vec::new();
        for at in order {
            // One that is broken breaks the rule, so that positions behind it matter to nobody.
            let Some(mut correlation) = checked[at].take() else { continue };
            for member in &mut correlation.members {
                if let MemberSource::Correlation(other) = &mut member.source {
                    *other = place[*other].unwrap_or_default();
                }
            }
            ordered.push(correlation);
        }
        ordered
    }

    fn circles(&mut self, rests_on: &[Vec<usize>], place: &[Option<usize>]) {
        let reaches_itself = |start: usize| {
            let (mut seen, mut open) = (vec![false; rests_on.len()], rests_on[start].clone());
            while let Some(at) = open.pop() {
                if at == start {
                    return true;
                }
                if !std::mem::replace(&mut seen[at], true) {
                    open.extend(&rests_on[at]);
                }
            }
            false
        };
        let circular: Vec<usize> =
            (0..rests_on.len()).filter(|&at| place[at].is_none() && reaches_itself(at)).collect();
        let names: Vec<&Located<String>> = circular.iter().map(|&at| &self.written.correlations[at].name).collect();
        let spans: Vec<Span> = names.iter().map(|name| name.span).collect();
        let title = match names.as_slice() {
            [] => return,
            [only] => format!("the correlation `{}` rests on itself", only.value),
            _ => {
                let listed: Vec<String> = names.iter().map(|name| format!("`{}`", name.value)).collect();
                format!("the correlations {} rest on each other", listed.join(", "))
            }
        };
        let diagnostic = Diagnostic::error(Code::CircularCorrelations, title);
        let marked =
            spans.into_iter().fold(diagnostic, |marked, span| marked.at(self.parts.file, span, "part of a circle"));
        self.parts.diagnostics.push(marked.help("let one of them look at signatures only"));
    }
}

fn is_temporal(kind: CorrelationKind) -> bool {
    matches!(kind, CorrelationKind::Temporal | CorrelationKind::TemporalOrdered)
}

/// The positions of the correlations that one rests on.
fn targets(correlation: &Option<Correlation>) -> Vec<usize> {
    let members = correlation.iter().flat_map(|correlation| &correlation.members);
    members
        .filter_map(|member| match member.source {
            MemberSource::Correlation(at) => Some(at),
            MemberSource::Signature(_) => None,
        })
        .collect()
}
