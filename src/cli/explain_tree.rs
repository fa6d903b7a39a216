//! Draws why a rule applies or does not, as a tree for a terminal.
//!
//! What a condition names stands below the part that names it first, the rest below the rule. Everything that comes from rules
//! and logs is escaped here.

use std::collections::BTreeSet;

use crate::answer::escape::terminal;
use crate::author::explained::{
    Because, ConditionPart, Explanation, FactPart, FactSource, NameKind, NamePart, NowSource, Outcome, Overview, Place,
    SignaturePart,
};
use crate::author::sentence;
use crate::diagnose::{CorrelationOutcome, GroupOutcome};
use crate::rule::Truth;

/// Columns at which verdicts stand, unless what is before them is longer.
const VERDICT_COLUMN: usize = 64;
/// Values of a capture that are shown.
const VALUES: usize = 3;
/// Groups of a correlation that are shown.
const GROUPS: usize = 5;
/// Columns that a detail has at least, however deep it stands.
const LEAST_COLUMNS: usize = 30;

const BOLD: &str = "\x1b[1m";
const RESET: &str = "\x1b[0m";

/// What a verdict means to its reader.
#[derive(Clone, Copy)]
enum Tone {
    Good,
    Bad,
    Open,
    Plain,
}

impl Tone {
    fn of(truth: Truth) -> Self {
        match truth {
            Truth::True => Tone::Good,
            Truth::False => Tone::Bad,
            Truth::Open => Tone::Open,
        }
    }

    fn style(self) -> &'static str {
        match self {
            Tone::Good => "\x1b[32m",
            Tone::Bad => "\x1b[31m",
            Tone::Open => "\x1b[33m",
            Tone::Plain => "",
        }
    }
}

/// One line of the tree with what stands below it. All texts are escaped.
struct Node {
    label: String,
    verdict: (String, Tone),
    details: Vec<String>,
    children: Vec<Node>,
}

impl Node {
    fn new(label: impl Into<String>, verdict: impl Into<String>, tone: Tone) -> Self {
        Self { label: label.into(), verdict: (verdict.into(), tone), details: Vec::new(), children: Vec::new() }
    }
}

/// Draws an explanation.
pub fn draw(explanation: &Explanation, styled: bool, width: usize) -> String {
    let (told, tone) = outcome(explanation);
    let mut out = format!("{}  {}\n", bold(&terminal(&explanation.rule), styled), toned(&told, tone, styled));
    let pen = Pen { styled, width };
    let mut drawer = Drawer { explanation, told: BTreeSet::new() };
    let nodes = drawer.nodes();
    for (position, node) in nodes.iter().enumerate() {
        pen.draw(node, "", position + 1 == nodes.len(), &mut out);
    }
    out
}

/// Draws what came nearest.
pub fn draw_overview(overview: &Overview, styled: bool, width: usize) -> String {
    let case = terminal(&overview.case);
    let rules = plural(overview.rules as u64, "rule");
    let mut out = match overview.applies.as_slice() {
        [] => format!("{case}: none of {rules} applies"),
        applies => {
            let ids: Vec<_> = applies.iter().map(|id| terminal(id)).collect();
            format!(
                "{case}: of {rules} {} {}: {}",
                applies.len(),
                if applies.len() == 1 { "applies" } else { "apply" },
                ids.join(", ")
            )
        }
    };
    out.push_str(if overview.misses.is_empty() { "; none comes near\n" } else { "; nearest are\n" });
    let ids = overview.misses.iter().map(|miss| columns(&terminal(&miss.rule))).max().unwrap_or(0);
    for miss in &overview.misses {
        let id = terminal(&miss.rule);
        let padding = " ".repeat(ids - columns(&id));
        let tone = if miss.nearness >= 90 { Tone::Open } else { Tone::Plain };
        let nearness = toned(&format!("{:>4} %", miss.nearness), tone, styled);
        out.push_str(&format!("{nearness}  {}{padding}  {}\n", bold(&id, styled), terminal(&miss.title)));
        let place = miss.place.as_ref().map_or(String::new(), |place| format!("{} ", at(place)));
        Pen { styled, width }.wrap(&format!("{place}{}", terminal(&miss.why)), "        ", &mut out);
    }
    if overview.more > 0 {
        let more = if overview.more == 1 { "1 more comes".to_owned() } else { format!("{} more come", overview.more) };
        out.push_str(&format!("{more} near; --limit shows more\n"));
    }
    out
}

fn outcome(explanation: &Explanation) -> (String, Tone) {
    let case = terminal(&explanation.case);
    let list = |ids: &[String]| ids.iter().map(|id| terminal(id)).collect::<Vec<_>>().join(", ");
    match &explanation.outcome {
        Outcome::Applies { findings } => {
            (format!("applies to {case}: {}", plural(*findings as u64, "failure")), Tone::Good)
        }
        Outcome::Open { findings, needs } => {
            let failures = plural(*findings as u64, "failure");
            let needs = if needs.is_empty() { String::new() } else { format!(" {} is not known:", list(needs)) };
            (format!("may apply to {case};{needs} {failures}"), Tone::Open)
        }
        Outcome::DoesNotApply { because } => {
            let because = match because {
                Because::NoMatch => "no signature matched",
                Because::Condition => "its condition is false",
                Because::Environment => "its environment is another",
                Because::Uncertain => "nothing matched, and without a match its condition would have to be certain",
            };
            (format!("does not apply to {case}: {because}"), Tone::Bad)
        }
        Outcome::Superseded { findings, by } => {
            let failures = plural(*findings as u64, "failure");
            (
                format!("applies to {case}, but is suppressed: superseded by {}, {failures} not shown", list(by)),
                Tone::Open,
            )
        }
        Outcome::Explained { by } => {
            let told =
                format!("is suppressed in {case}: it is a fallback, and other rules explain its records: {}", list(by));
            (told, Tone::Open)
        }
        Outcome::BelowSeverity { findings, severity, least } => {
            let failures = plural(*findings as u64, "failure");
            let told = format!(
                "applies to {case}, but is suppressed: its severity is {severity}, shown is {least} and worse; {failures}"
            );
            (told, Tone::Open)
        }
        Outcome::NotLookedFor { why } => (format!("is not looked for in {case}: {}", terminal(why)), Tone::Bad),
    }
}

struct Drawer<'e> {
    explanation: &'e Explanation,
    /// The names that were explained already.
    told: BTreeSet<&'e str>,
}

impl<'e> Drawer<'e> {
    fn nodes(&mut self) -> Vec<Node> {
        let explanation = self.explanation;
        let mut nodes = Vec::new();
        if let Some(severity) = &explanation.severity {
            let mut node = Node::new("severity", severity.severity.to_string(), Tone::Plain);
            let source = severity.source.to_string();
            node.details.push(format!("{} in the rule; set by {}", severity.written, terminal(&source)));
            nodes.push(node);
        }
        if let Some(now) = &explanation.now {
            let mut node = Node::new("now", now.time.to_string(), Tone::Plain);
            node.details.push(match now.from {
                NowSource::Newest => "the newest time in the case; another with --fact now=…".to_owned(),
                NowSource::Fact => "given by the fact `now`".to_owned(),
            });
            nodes.push(node);
        }
        if let Some(condition) = &explanation.condition {
            let mut node = self.condition(condition);
            // a condition that is nothing but a name is still shown as one
            if node.label != terminal(&condition.source) {
                let below = std::mem::replace(&mut node, Node::new("", truth(condition), Tone::of(condition.truth)));
                node.children.push(below);
            }
            node.label = format!("condition  {}", terminal(&condition.source));
            let counts = explanation.failures;
            if counts.holds + counts.open + counts.fails > 1 {
                let parts = [(counts.holds, "true"), (counts.open, "open"), (counts.fails, "false")];
                let parts: Vec<String> = parts
                    .iter()
                    .filter(|(count, _)| *count > 0)
                    .map(|(count, what)| format!("{what} for {count}"))
                    .collect();
                let all = counts.holds + counts.open + counts.fails;
                node.details.push(format!(
                    "of {}: {}; this is the first",
                    plural(all as u64, "failure"),
                    parts.join(", ")
                ));
            }
            nodes.push(node);
        }
        for signature in &explanation.signatures {
            nodes.extend(self.signature(&signature.name));
        }
        for correlation in &explanation.correlations {
            nodes.extend(self.correlation(&correlation.name));
        }
        for fact in &explanation.facts {
            nodes.extend(self.fact(&fact.name));
        }
        let environment = &explanation.environment;
        if !environment.products.is_empty() && explanation.condition.is_some() || environment.truth == Truth::False {
            let mut node = Node::new("environment", word(environment.truth), Tone::of(environment.truth));
            for product in &environment.products {
                let wanted = product.wanted.as_deref().map_or("any version", |wanted| wanted);
                let (name, wanted) = (terminal(&product.product), terminal(wanted));
                node.details.push(match product.known.as_deref() {
                    None => {
                        format!("{name}, {wanted}: the case does not name it; say it with --product {name}=VERSION")
                    }
                    Some("") => format!("{name}, {wanted}: the case has it, in no known version"),
                    Some(known) => {
                        let verdict = match product.truth {
                            Truth::True => "fits",
                            Truth::False => "does not fit",
                            Truth::Open => "is no version number",
                        };
                        format!("{name}, {wanted}: the case has {}, which {verdict}", terminal(known))
                    }
                });
            }
            nodes.push(node);
        }
        for problem in &explanation.problems {
            nodes.push(Node::new(format!("problem  {}", terminal(problem)), "", Tone::Bad));
        }
        nodes
    }

    fn condition(&mut self, part: &'e ConditionPart) -> Node {
        if let ([name], None) = (part.names.as_slice(), part.operator)
            && name.name == part.source
            && let Some(mut node) = self.named(name)
        {
            // a name alone says its truth and why in one line
            let word = word(part.truth);
            if node.verdict.0 != word {
                node.verdict.0 = format!("{word}: {}", node.verdict.0);
            }
            node.verdict.1 = Tone::of(part.truth);
            return node;
        }
        let mut node = Node::new(terminal(&part.source), truth(part), Tone::of(part.truth));
        node.children = part.parts.iter().map(|part| self.condition(part)).collect();
        for name in &part.names {
            match self.named(name) {
                Some(child) => node.children.push(child),
                None if name.kind == NameKind::Capture => {
                    let value = name.value.as_deref().unwrap_or("not captured");
                    node.children.push(Node::new(
                        format!("capture {}", terminal(&name.name)),
                        terminal(value),
                        Tone::Plain,
                    ));
                }
                None => {
                    let value = name.value.as_deref().unwrap_or("unknown");
                    node.children.push(Node::new(
                        terminal(&name.name),
                        format!("{}, see above", terminal(value)),
                        Tone::Plain,
                    ));
                }
            }
        }
        node
    }

    fn named(&mut self, name: &'e NamePart) -> Option<Node> {
        match name.kind {
            NameKind::Signature => self.signature(&name.name),
            NameKind::Correlation => self.correlation(&name.name),
            NameKind::Fact => self.fact(&name.name),
            NameKind::Capture => None,
        }
    }

    fn signature(&mut self, name: &str) -> Option<Node> {
        let signature = self.explanation.signatures.iter().find(|signature| signature.name == name)?;
        self.told.insert(&signature.name).then(|| signature_node(signature))
    }

    fn correlation(&mut self, name: &str) -> Option<Node> {
        let correlation = self.explanation.correlations.iter().find(|correlation| correlation.name == name)?;
        self.told.insert(&correlation.name).then(|| correlation_node(correlation))
    }

    fn fact(&mut self, name: &str) -> Option<Node> {
        let fact = self.explanation.facts.iter().find(|fact| fact.name == name)?;
        if !self.told.insert(&fact.name) {
            return None;
        }
        let mut node = fact_node(fact);
        node.children = fact.rests_on.iter().filter_map(|name| self.fact(name)).collect();
        Some(node)
    }
}

fn signature_node(signature: &SignaturePart) -> Node {
    let label = format!("signature {}", terminal(&signature.name));
    if signature.records > 0 {
        let records = plural(signature.records, "record");
        let verdict = match signature.failures {
            0 | 1 => records,
            failures => format!("{records} in {failures} failures"),
        };
        let mut node = Node::new(label, verdict, Tone::Good);
        let more = if signature.records as usize > signature.places.len() { " …" } else { "" };
        node.details.push(format!("at {}{more}", places(&signature.places)));
        for capture in &signature.captures {
            let values: Vec<_> = capture.values.iter().take(VALUES).map(|value| terminal(value)).collect();
            let more = if capture.more || capture.values.len() > VALUES { ", …" } else { "" };
            let about = capture.about.as_deref().map(|about| format!("  ({})", terminal(about))).unwrap_or_default();
            node.details.push(format!("{} = {}{more}{about}", terminal(&capture.name), values.join(", ")));
        }
        for excluded in &signature.excluded {
            let told = sentence::excluded(excluded, None, None);
            node.details.push(format!("{}: {}", terminal(&told), places(&excluded.places)));
        }
        if !signature.explained_by.is_empty() {
            let ids: Vec<_> = signature.explained_by.iter().map(|id| terminal(id)).collect();
            node.details.push(format!("records that other rules explain do not count: {}", ids.join(", ")));
        }
        return node;
    }
    let mut node = Node::new(label, "no record matched", Tone::Bad);
    if let Some(file) = &signature.file
        && let Some(sources) = file.sources
    {
        let glob = terminal(&file.glob);
        match file.fits.unwrap_or(0) {
            0 => {
                let nearest =
                    file.nearest.as_ref().map_or(String::new(), |path| format!("; nearest is {}", terminal(path)));
                let none = if sources == 1 {
                    "does not fit the only source".to_owned()
                } else {
                    format!("fits none of {sources} sources")
                };
                node.details.push(format!("file glob `{glob}` {none}{nearest}"));
            }
            fits => node.details.push(format!("file glob `{glob}` fits {fits} of {}", plural(sources, "source"))),
        }
    }
    let glob = signature.file.as_ref().map(|file| file.glob.as_str());
    for excluded in &signature.excluded {
        let told = sentence::excluded(excluded, glob, signature.level.as_deref());
        node.details.push(format!("{}: {}", terminal(&told), places(&excluded.places)));
    }
    match &signature.nearest {
        Some(miss) => {
            let place = Place { source: miss.source.clone(), line: miss.line };
            let record = match miss.lines {
                Some((first, last)) if first < last => format!(", in the record of lines {first}-{last},"),
                _ => String::new(),
            };
            node.details.push(format!("nearest: {}{record} {}", at(&place), terminal(&sentence::miss(miss))));
        }
        None if signature.excluded.is_empty() => {
            node.details.push("no record has any of the words it spells out".to_owned());
        }
        None => {}
    }
    node
}

fn correlation_node(correlation: &CorrelationOutcome) -> Node {
    let holding = correlation.groups.iter().filter(|group| group.holds).count();
    let verdict = match (correlation.holds, correlation.groups.is_empty()) {
        (true, _) => format!("true for {}", plural(holding as u64 + correlation.more_groups, "group")),
        (false, true) => "false: no records to look at".to_owned(),
        (false, false) => "false".to_owned(),
    };
    let tone = Tone::of(Truth::from(correlation.holds));
    let mut node = Node::new(format!("correlation {}", terminal(&correlation.name)), verdict, tone);
    node.details.push(format!("wants {}", terminal(&correlation.wanted)));
    let (held, others): (Vec<_>, Vec<_>) = correlation.groups.iter().partition(|group| group.holds);
    node.details.extend(held.iter().chain(&others).take(GROUPS).map(|group| group_line(group)));
    let hidden = held.len() + others.len() - correlation.groups.len().min(GROUPS);
    if hidden > 0 {
        node.details.push(format!("and {} more", plural(hidden as u64, "group")));
    }
    let left_out = [
        (correlation.without_time, "has no time", "have no time"),
        (
            correlation.without_value,
            "captured nothing to group by or to count",
            "captured nothing to group by or to count",
        ),
        (correlation.beyond_limit, "came after too many others", "came after too many others"),
    ];
    for (count, one, several) in left_out.into_iter().filter(|(count, ..)| *count > 0) {
        let why = if count == 1 { one } else { several };
        node.details.push(format!("{} took no part: {why}", plural(count, "record")));
    }
    node
}

fn group_line(group: &GroupOutcome) -> String {
    let values = group.group.iter().map(|(name, value)| format!("{}={}", terminal(name), terminal(value)));
    let values = values.collect::<Vec<_>>().join(" ");
    let name = if values.is_empty() { "all records".to_owned() } else { values };
    let mut line = format!("{name}: best window has {} of {}", group.found, plural(group.total, "record"));
    if let (Some(first), Some(last)) = (group.first, group.last) {
        line.push_str(&format!(", {first} to {last}"));
    }
    if !group.missing.is_empty() {
        let missing: Vec<_> = group.missing.iter().map(|name| format!("`{}`", terminal(name))).collect();
        line.push_str(&format!("; it lacks {}", missing.join(", ")));
    }
    line
}

fn fact_node(fact: &FactPart) -> Node {
    let label = format!("fact {}", terminal(&fact.name));
    let given = fact.given.as_deref().map(terminal).unwrap_or_default();
    let mut node = match (&fact.value, fact.from) {
        (Some(value), Some(FactSource::Derived)) => {
            let mut node = Node::new(label, terminal(value), Tone::Plain);
            let derive = fact.derive.as_deref().map(terminal).unwrap_or_default();
            node.details.push(format!("derived: {derive}"));
            node
        }
        (Some(value), Some(FactSource::LookedUp)) => Node::new(label, terminal(value), Tone::Plain),
        (Some(value), from) => {
            let mut node = Node::new(label, terminal(value), Tone::Plain);
            let how = if from == Some(FactSource::Extracted) { "found in" } else { "given by" };
            node.details.push(format!("{how} {given}"));
            node
        }
        (None, _) => {
            let mut node = Node::new(label, "unknown", Tone::Open);
            let name = terminal(&fact.name);
            let why = match (&fact.derive, &fact.refused) {
                (_, Some(_)) => String::new(),
                (Some(derive), None) => {
                    let rests_on: Vec<_> = fact.rests_on.iter().map(|name| terminal(name)).collect();
                    let unknown = match rests_on.as_slice() {
                        [] => "which cannot be evaluated".to_owned(),
                        names => format!("where {} is unknown", names.join(", ")),
                    };
                    format!("derives from `{}`, {unknown}; ", terminal(derive))
                }
                (None, None) => "nobody gave it; ".to_owned(),
            };
            node.details.push(match &fact.ask {
                Some(ask) => format!("{why}would be asked: {}  --fact {name}=…", terminal(ask)),
                None => format!("{why}nobody is asked for it: --fact {name}=…"),
            });
            // a question says what is meant
            let about = fact.about.as_deref().filter(|_| fact.ask.is_none());
            node.details.extend(about.map(|about| format!("it is {}", terminal(about))));
            node
        }
    };
    let is_open = fact.from.is_none_or(|from| matches!(from, FactSource::LookedUp | FactSource::Derived));
    if let Some(lookup) = fact.lookup.as_ref().filter(|_| is_open) {
        let (table, by) = (terminal(&lookup.table), terminal(&lookup.by));
        node.details.insert(
            0,
            match (&lookup.value, &lookup.key) {
                (Some(_), key) => {
                    format!("looked up: `{table}` by `{by}` = {}", key.as_deref().map(terminal).unwrap_or_default())
                }
                (None, Some(key)) => {
                    format!("the table `{table}` says nothing for `{}`, which is `{by}`", terminal(key))
                }
                (None, None) => format!("looked up in `{table}` by `{by}`, which is unknown"),
            },
        );
    }
    if let Some(refused) = &fact.refused {
        let by = fact.refused_by.as_deref().map(terminal).unwrap_or_default();
        node.details.insert(0, format!("given by {by} and not used: {}", terminal(refused)));
    }
    node
}

fn word(truth: Truth) -> &'static str {
    match truth {
        Truth::True => "true",
        Truth::False => "false",
        Truth::Open => "open",
    }
}

/// The truth of a part, with the facts that would decide it.
fn truth(part: &ConditionPart) -> String {
    match part.needs.as_slice() {
        [] => word(part.truth).to_owned(),
        needs => {
            let needs: Vec<_> = needs.iter().map(|name| terminal(name)).collect();
            format!("{} until {} is known", word(part.truth), needs.join(", "))
        }
    }
}

fn at(place: &Place) -> String {
    format!("{}:{}", terminal(&place.source), place.line)
}

/// Places, further lines of one source without its name.
fn places(places: &[Place]) -> String {
    let mut told = String::new();
    let mut source: Option<&str> = None;
    for place in places {
        if !told.is_empty() {
            told.push_str(", ");
        }
        match source {
            Some(source) if source == place.source => told.push_str(&format!(":{}", place.line)),
            _ => told.push_str(&at(place)),
        }
        source = Some(&place.source);
    }
    told
}

fn plural(count: u64, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

fn columns(text: &str) -> usize {
    textwrap::core::display_width(text)
}

fn bold(text: &str, styled: bool) -> String {
    if styled { format!("{BOLD}{text}{RESET}") } else { text.to_owned() }
}

fn toned(text: &str, tone: Tone, styled: bool) -> String {
    let style = tone.style();
    if styled && !style.is_empty() { format!("{style}{text}{RESET}") } else { text.to_owned() }
}

struct Pen {
    styled: bool,
    width: usize,
}

impl Pen {
    fn draw(&self, node: &Node, prefix: &str, is_last: bool, out: &mut String) {
        let (branch, below) = if is_last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        let line = format!("{prefix}{branch}{}", node.label);
        let (verdict, tone) = &node.verdict;
        out.push_str(&line);
        if !verdict.is_empty() {
            let gap = VERDICT_COLUMN.saturating_sub(columns(&line)).max(2);
            out.push_str(&" ".repeat(gap));
            out.push_str(&toned(verdict, *tone, self.styled));
        }
        out.push('\n');
        let prefix = format!("{prefix}{below}");
        let under = if node.children.is_empty() { format!("{prefix}   ") } else { format!("{prefix}│  ") };
        for detail in &node.details {
            self.wrap(detail, &under, out);
        }
        for (position, child) in node.children.iter().enumerate() {
            self.draw(child, &prefix, position + 1 == node.children.len(), out);
        }
    }

    fn wrap(&self, text: &str, indent: &str, out: &mut String) {
        let width = self.width.saturating_sub(columns(indent)).max(LEAST_COLUMNS);
        let options = textwrap::Options::new(width).subsequent_indent("  ").break_words(false);
        for line in textwrap::wrap(text, options) {
            out.push_str(indent);
            out.push_str(&line);
            out.push('\n');
        }
    }
}
