//! Laying overlays over rules: what each rule becomes, and which entries change nothing.
//!
//! For each rule the entries that speak of it are put in order: those under its id before those under its tags, and in both the
//! overlays in their order. The first that says something about the severity, or about being off, wins; noise filters add up. An entry
//! that wins nowhere, or says what holds anyway, is a warning: it looks as if it did something.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::rule::authored::{Located, Span};
use crate::rule::checked::Rule;
use crate::rule::diagnostic::{Code, Diagnostic, near_names, nearest};
use crate::rule::fix::Fix;
use crate::rule::overlay::{NoiseFilter, OverlayNoise, OverlaySource, RuleOverlay};
use crate::rule::overlay_check::{Change, CheckedOverlay, Filter};
use crate::rule::signature::{FileGlob, Leaf, Signature, SignatureScope};
use crate::rule::vocabulary::State;

/// Letters that make a glob of a path.
const GLOB_SIGNS: &[char] = &['*', '?', '[', ']', '{', '}', '\\', '!'];

/// One entry of `rules` or `tags`.
struct Entry<'o> {
    overlay: &'o CheckedOverlay,
    is_tag: bool,
    name: &'o Located<String>,
    change: &'o Change,
}

/// The entries of all overlays.
pub(crate) struct Entries<'o> {
    overlays: Vec<&'o CheckedOverlay>,
    entries: Vec<Entry<'o>>,
    /// By ids of rules the positions of entries, in order.
    by_rule: HashMap<&'o str, Vec<usize>>,
    by_tag: HashMap<&'o str, Vec<usize>>,
}

/// What is known of the rules of a faultbook besides those that are sound.
#[derive(Clone, Debug, Default)]
pub(crate) struct OtherRules {
    /// Ids of rules that are not used because of a mistake.
    pub(crate) broken: Vec<String>,
    /// Whether there may be rules with ids that are not known: a file could not be read, or only some files were given.
    pub(crate) has_unknown: bool,
}

impl OtherRules {
    /// Takes note of a rule that is not used, by its id if that can be read.
    pub(crate) fn note(&mut self, id: Option<&str>) {
        match id {
            Some(id) => self.broken.push(id.to_owned()),
            None => self.has_unknown = true,
        }
    }
}

impl<'o> Entries<'o> {
    pub(crate) fn new(overlays: impl IntoIterator<Item = &'o CheckedOverlay>) -> Self {
        let overlays: Vec<&CheckedOverlay> = overlays.into_iter().collect();
        let mut all =
            Self { overlays: overlays.clone(), entries: Vec::new(), by_rule: HashMap::new(), by_tag: HashMap::new() };
        for is_tag in [false, true] {
            for &overlay in &overlays {
                let named = if is_tag { &overlay.tags } else { &overlay.rules };
                for (name, change) in named {
                    let by = if is_tag { &mut all.by_tag } else { &mut all.by_rule };
                    by.entry(name.value.as_str()).or_default().push(all.entries.len());
                    all.entries.push(Entry { overlay, is_tag, name, change });
                }
            }
        }
        all
    }

    /// The positions of the entries that speak of a rule, the one that goes before the others first.
    fn of_rule(&self, rule: &Rule) -> Vec<usize> {
        let mut found = self.by_rule.get(rule.id.as_str()).cloned().unwrap_or_default();
        if !self.by_tag.is_empty() {
            let mut of_tags: Vec<usize> =
                rule.tags.iter().filter_map(|tag| self.by_tag.get(tag.as_str())).flatten().copied().collect();
            of_tags.sort_unstable();
            of_tags.dedup();
            found.extend(of_tags);
        }
        found
    }

    /// Lays the overlays over sound rules, which must be as written. Gives their noise filters. Cost: linear in both.
    pub(crate) fn apply(&self, rules: &mut [Rule]) -> OverlayNoise {
        let mut noise = OverlayNoise::default();
        let mut add = |overlay: &CheckedOverlay, filters: &[Filter], reason: Option<&str>| -> Vec<usize> {
            let position = |filter: &Filter| {
                let reason = filter.reason.as_deref().or(reason);
                noise.filters.push(NoiseFilter {
                    source: OverlaySource::new(&overlay.file, filter.span, reason),
                    leaves: Arc::clone(&filter.leaves),
                    file: filter.file.clone(),
                });
                noise.filters.len() - 1
            };
            filters.iter().map(position).collect()
        };
        let of_all: Vec<usize> = self.overlays.iter().flat_map(|overlay| add(overlay, &overlay.noise, None)).collect();
        let of_entry: Vec<Vec<usize>> = self
            .entries
            .iter()
            .map(|entry| add(entry.overlay, &entry.change.noise, entry.change.reason.as_deref()))
            .collect();
        noise.of_all = of_all;
        for rule in rules {
            let own = self.of_rule(rule);
            if own.is_empty() {
                continue;
            }
            let mut overlay = RuleOverlay::default();
            let source =
                |entry: &Entry<'_>, span| OverlaySource::new(&entry.overlay.file, span, entry.change.reason.as_deref());
            let entries = || own.iter().filter_map(|at| self.entries.get(*at));
            let severity = entries().find_map(|entry| Some((entry, entry.change.severity.as_ref()?)));
            if let Some((entry, severity)) = severity.filter(|(_, severity)| severity.value != rule.severity) {
                overlay.severity = Some((rule.severity, source(entry, severity.span)));
                rule.severity = severity.value;
            }
            let off = entries().find_map(|entry| Some((entry, entry.change.off.as_ref()?)));
            overlay.off = off.filter(|(_, off)| off.value).map(|(entry, off)| source(entry, off.span));
            overlay.noise = own.iter().filter_map(|at| of_entry.get(*at)).flatten().copied().collect();
            rule.overlay = (overlay != RuleOverlay::default()).then(|| Box::new(overlay));
        }
        noise
    }

    /// Tells which entries change nothing. The rules must be as written.
    pub(crate) fn unused<'r>(
        &self,
        rules: impl Iterator<Item = &'r Rule> + Clone,
        others: &OtherRules,
    ) -> Vec<Diagnostic> {
        let mut used = Used::default();
        let mut filtered: HashMap<usize, Vec<&Rule>> = HashMap::new();
        for rule in rules.clone() {
            let own = self.of_rule(rule);
            for at in &own {
                used.entries.insert(*at);
                filtered.entry(*at).or_default().push(rule);
            }
            if rule.state == State::Archived {
                continue;
            }
            let entries = || own.iter().filter_map(|at| Some((*at, self.entries.get(*at)?)));
            let mut severities = entries().filter_map(|(at, entry)| Some((at, entry.change.severity.as_ref()?.value)));
            if let Some((at, severity)) = severities.next()
                && (severity != rule.severity || severities.next().is_some_and(|(_, next)| next != severity))
            {
                used.severities.insert(at);
            }
            let mut offs = entries().filter_map(|(at, entry)| Some((at, entry.change.off.as_ref()?.value)));
            if let Some((at, off)) = offs.next()
                && (off || offs.next().is_some_and(|(_, next)| next))
            {
                used.offs.insert(at);
            }
        }
        let mut diagnostics = Vec::new();
        for (at, entry) in self.entries.iter().enumerate() {
            if used.entries.contains(&at) {
                let targets = filtered.remove(&at).unwrap_or_default();
                self.of_entry(at, entry, &targets, &used, &mut diagnostics);
            } else if !others.has_unknown && !others.broken.contains(&entry.name.value) {
                diagnostics.push(nothing_named(entry, rules.clone(), others));
            }
        }
        let mut seen: Vec<(&CheckedOverlay, &Filter)> = Vec::new();
        for &overlay in &self.overlays {
            for filter in &overlay.noise {
                match seen.iter().find(|(_, first)| first.written == filter.written) {
                    Some((file, first)) => diagnostics.push(twice(overlay, filter, file, first)),
                    None => seen.push((overlay, filter)),
                }
            }
        }
        diagnostics
    }

    fn of_entry(
        &self,
        at: usize,
        entry: &Entry<'_>,
        targets: &[&Rule],
        used: &Used,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let change = entry.change;
        let archived = "an archived rule is never looked for";
        let what = match entry.is_tag {
            true => format!("all rules with the tag `{}`", entry.name.value),
            false => format!("`{}`", entry.name.value),
        };
        let mut tell = |span: Span, title: String, label: String| {
            diagnostics.push(warning(entry.overlay, span, title, label));
        };
        if targets.iter().all(|rule| rule.state == State::Archived) {
            let is_archived = if entry.is_tag { "are archived" } else { "is archived" };
            let title = format!("{what} {is_archived}, and this entry changes nothing");
            return tell(entry.name.span, title, archived.to_owned());
        }
        let is_off = change.off.as_ref().is_some_and(|off| off.value);
        let first_other = |of: &dyn Fn(&Change) -> bool| {
            let orders = targets.iter().map(|rule| self.of_rule(rule));
            let mut before = orders.filter_map(|order| {
                order
                    .into_iter()
                    .take_while(|other| *other != at)
                    .find(|other| self.entries.get(*other).is_some_and(|entry| of(entry.change)))
            });
            before.next().and_then(|other| self.entries.get(other))
        };
        if let Some(severity) = &change.severity {
            if is_off {
                let title = format!("{what}: a rule that is switched off has no severity");
                tell(severity.span, title, "changes nothing beside `off: true`".to_owned());
            } else if !used.severities.contains(&at) {
                let (title, label) = match first_other(&|change| change.severity.is_some()) {
                    Some(other) => (
                        format!("the severity of {what} is set by an entry that goes before"),
                        format!("set by {}", place(other, other.change.severity.as_ref().map(|one| one.span))),
                    ),
                    None => {
                        let has = if entry.is_tag { "have" } else { "has" };
                        let title = format!("{what} {has} the severity `{}` anyway", severity.value);
                        (title, "what holds without it".to_owned())
                    }
                };
                tell(severity.span, title, label);
            }
        }
        if let Some(off) = change.off.as_ref().filter(|_| !used.offs.contains(&at)) {
            let (title, label) = match first_other(&|change| change.off.is_some()) {
                Some(other) => (
                    format!("whether {what} is off is said by an entry that goes before"),
                    format!("said by {}", place(other, other.change.off.as_ref().map(|one| one.span))),
                ),
                None => (format!("nothing switches {what} off"), "what holds without it".to_owned()),
            };
            tell(off.span, title, label);
        }
        if let Some(first) = change.noise.first().filter(|_| is_off) {
            let title = format!("{what}: a rule that is switched off matches no records");
            return tell(first.span, title, "changes nothing beside `off: true`".to_owned());
        }
        for (position, filter) in change.noise.iter().enumerate() {
            let earlier = change.noise.get(..position).unwrap_or_default().iter().map(|filter| (entry.overlay, filter));
            let of_all = self.overlays.iter().flat_map(|overlay| overlay.noise.iter().map(move |one| (*overlay, one)));
            if let Some((file, first)) = earlier.chain(of_all).find(|(_, first)| first.written == filter.written) {
                diagnostics.push(twice(entry.overlay, filter, file, first));
            } else if let Some(why) = never(filter, targets) {
                let title = format!("this noise filter can take no record from {what}: {why}");
                diagnostics.push(warning(entry.overlay, filter.span, title, "changes nothing".to_owned()));
            }
        }
    }
}

/// Which entries change something, by position.
#[derive(Default)]
struct Used {
    entries: HashSet<usize>,
    severities: HashSet<usize>,
    offs: HashSet<usize>,
}

fn warning(overlay: &CheckedOverlay, span: Span, title: String, label: String) -> Diagnostic {
    Diagnostic::warning(Code::UnusedOverlay, title)
        .at(&overlay.file, span, label)
        .help("leave it out, or mend what it was meant to change")
}

fn twice(overlay: &CheckedOverlay, filter: &Filter, file: &CheckedOverlay, first: &Filter) -> Diagnostic {
    Diagnostic::warning(Code::UnusedOverlay, "the same noise filter is there already")
        .at(&overlay.file, filter.span, "takes no more records")
        .at(&file.file, first.span, "the same")
        .help("keep one of them")
}

fn place(entry: &Entry<'_>, span: Option<Span>) -> String {
    OverlaySource::new(&entry.overlay.file, span.unwrap_or(entry.name.span), None).by
}

/// An entry for a rule or tag that there is none of.
fn nothing_named<'r>(
    entry: &Entry<'_>,
    rules: impl Iterator<Item = &'r Rule> + Clone,
    others: &OtherRules,
) -> Diagnostic {
    let name = &entry.name.value;
    let ids = || rules.clone().map(|rule| rule.id.as_str()).chain(others.broken.iter().map(String::as_str));
    let tags = || rules.clone().flat_map(|rule| &rule.tags).map(String::as_str);
    let (title, near, mut all) = match entry.is_tag {
        true => (format!("no rule has the tag `{name}`"), nearest(name, tags()), near_names(name, tags())),
        false => (format!("there is no rule `{name}`"), nearest(name, ids()), near_names(name, ids())),
    };
    let help = match (near, entry.is_tag) {
        (Some(near), _) => format!("did you mean `{near}`?"),
        (None, true) => "leave the entry out, or give the tag to rules".to_owned(),
        (None, false) => "leave the entry out; an overlay and its rules must be checked together".to_owned(),
    };
    all.sort_unstable();
    all.dedup();
    // certain only where one alone could be meant
    let fix = match all.as_slice() {
        [only] => {
            let title = format!("replace `{name}` by `{only}`");
            Some(Fix::replace(&entry.overlay.file, entry.name.span, *only, title))
        }
        _ => None,
    };
    Diagnostic::warning(Code::UnusedOverlay, title)
        .at(&entry.overlay.file, entry.name.span, "changes nothing")
        .help(help)
        .maybe_fix(fix)
}

/// Why a filter can take no record from some rules, as far as that can be told without any.
fn never(filter: &Filter, rules: &[&Rule]) -> Option<String> {
    let signatures = || rules.iter().flat_map(|rule| &rule.signatures);
    if signatures().all(|signature| signature.scope == SignatureScope::File) {
        return Some("whole files are looked at, and a filter takes records".to_owned());
    }
    let records = || signatures().filter(|signature| signature.scope == SignatureScope::Record);
    if !filter.file.is_empty() && records().all(|signature| is_elsewhere(filter, signature)) {
        return Some("none of its signatures looks at such a file".to_owned());
    }
    let is_excluded = |leaf: &Leaf, signature: &Signature| match leaf {
        Leaf::Regex(_) => false,
        Leaf::Contains(text) => signature.forbidden.iter().any(|forbidden| match forbidden {
            Leaf::Contains(part) => memchr::memmem::find(text, part).is_some(),
            Leaf::Regex(_) => false,
        }),
    };
    let all_excluded = |signature: &Signature| filter.leaves.iter().all(|leaf| is_excluded(leaf, signature));
    records().all(all_excluded).then(|| "its signatures exclude such records themselves".to_owned())
}

/// Whether a signature looks at no file that a filter means: certain where one names files by their names alone, and the other names
/// just one.
fn is_elsewhere(filter: &Filter, signature: &Signature) -> bool {
    let Some(glob) = signature.file.as_ref().filter(|glob| !glob.written().contains('/')) else { return false };
    let is_other = |path: &FileGlob| {
        let path = path.written();
        !path.contains(GLOB_SIGNS) && !glob.matches(path)
    };
    filter.file.iter().all(is_other)
}
