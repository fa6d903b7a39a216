//! From a rule as written to a rule that can run, or to everything that is wrong with it.
//!
//! [`check`] compiles every regex, glob, version range, condition and text of one [`RuleFile`], resolves every name, and
//! tries the conditions against all answers. It looks at one rule alone; what concerns several (double ids, `supersedes`)
//! is checked when the faultbook is put together.

use std::collections::HashSet;
use std::sync::Arc;

use minijinja::Value;

use crate::rule::authored::{AuthoredFile, Located, Span};
use crate::rule::check_correlations::CorrelationChecker;
use crate::rule::check_parts::PartChecker;
use crate::rule::check_tests::TestChecker;
use crate::rule::checked::{Branch, Environment, Link, Rule};
use crate::rule::condition::Condition;
use crate::rule::correlation::{Correlation, watches};
use crate::rule::decide::{Binding, Scope, Truth, circular, decide};
use crate::rule::diagnostic::{Code, Diagnostic, DiagnosticSeverity, suggest};
use crate::rule::fact::Fact;
use crate::rule::file::{BodyFile, BranchFile, FactFile, ResolutionFile, RuleFile};
use crate::rule::names::{Names, RANGE_HELP, TextFault};
use crate::rule::pattern_library::PatternLibrary;
use crate::rule::scalar::Offsets;
use crate::rule::shared_text::{self, PlacedFault};
use crate::rule::signature::Signature;
use crate::rule::tables::Tables;
use crate::rule::templates::TemplateSource;
use crate::rule::text::{self, Text};
use crate::rule::version::VersionRange;
use crate::rule::vocabulary::{Audience, FactType, Severity, State};

/// Checks a rule whose regexes may name `patterns`, and whose facts `tables`. Without errors among the diagnostics there is a rule; warnings leave it in use.
pub(crate) fn check(
    file: &Arc<AuthoredFile>,
    written: RuleFile,
    read: Vec<Diagnostic>,
    patterns: &PatternLibrary,
    tables: &Tables,
    templates: &dyn TemplateSource,
) -> (Option<Rule>, Vec<Diagnostic>) {
    let mut checker = Checker {
        parts: PartChecker::new(file, read, patterns),
        tables,
        templates,
        id: written.id.as_ref().map_or_else(String::new, |id| id.value.clone()),
    };
    let rule = checker.rule(written);
    let diagnostics = without_echoes(checker.parts.diagnostics);
    let broken = diagnostics.iter().any(|diagnostic| diagnostic.severity == DiagnosticSeverity::Error);
    (rule.filter(|_| !broken), diagnostics)
}

/// Leaves out what is reported for an alias (`*name`) as it is for the value that the alias repeats.
fn without_echoes(diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    if diagnostics.is_empty() {
        return diagnostics;
    }
    let is_alias = |diagnostic: &Diagnostic| {
        diagnostic.labels.first().is_some_and(|label| {
            let marked = label.file.slice(label.span);
            marked.len() > 1 && marked.starts_with('*')
        })
    };
    let told: HashSet<(Code, String)> = diagnostics
        .iter()
        .filter(|diagnostic| !is_alias(diagnostic))
        .map(|diagnostic| (diagnostic.code, diagnostic.title.clone()))
        .collect();
    let is_echo =
        |diagnostic: &Diagnostic| is_alias(diagnostic) && told.contains(&(diagnostic.code, diagnostic.title.clone()));
    diagnostics.into_iter().filter(|diagnostic| !is_echo(diagnostic)).collect()
}

struct Checker<'a> {
    parts: PartChecker<'a>,
    tables: &'a Tables,
    templates: &'a dyn TemplateSource,
    /// What the rule calls itself, for mistakes in files that it shares.
    id: String,
}

impl Checker<'_> {
    fn rule(&mut self, written: RuleFile) -> Option<Rule> {
        let id = self.id(written.id.as_ref());
        let signatures: Vec<Signature> =
            written.signatures.iter().map(|signature| self.parts.signature(signature)).collect();
        let names = self.names(&written, &signatures);
        let correlations =
            CorrelationChecker { parts: &mut self.parts, written: &written, signatures: &signatures }.correlations();
        let facts: Vec<Fact> = written.facts.iter().map(|fact| self.fact(fact, &names)).collect();
        self.no_circles(&written.facts, &facts);
        let unmatched = match_scope(&signatures, &correlations, Unmatched::Absent);
        let possible = match_scope(&signatures, &correlations, Unmatched::Unknown);
        let condition = self.condition(&written, &names);
        if let (Some(condition), Some(place)) = (&condition, &written.condition)
            && decide(condition, &facts, &possible).truth == Truth::False
        {
            let title = "the condition is false whatever the case; the rule can never apply";
            self.parts.error(
                Code::NeverApplies,
                place.span,
                title,
                "never true",
                Some("look for a part that contradicts another".into()),
            );
        }
        let holds_without_match =
            condition.as_ref().is_some_and(|condition| decide(condition, &facts, &unmatched).truth != Truth::False);
        let identity = self.identity(written.identity.as_deref(), signatures.first());
        let resolution = self.resolution(&written.resolution, &names, &facts, &possible);
        let section =
            |checker: &mut Self, text: Option<&Located<String>>| text.and_then(|text| checker.text(text, &names));
        let symptoms = section(self, written.symptoms.as_ref());
        let cause = section(self, written.cause.as_ref());
        let prevention = section(self, written.prevention.as_ref());
        let environment = self.environment(&written);
        let links = self.links(&written);
        let tests =
            TestChecker { parts: &mut self.parts, written: &written, signatures: &signatures, facts: &facts }.tests();
        let condition = condition?;
        let watches = if correlations.is_empty() { Vec::new() } else { watches(&correlations, &signatures) };
        let named = names_through_facts(&condition, &facts);
        let is_named = |at: &usize| named.contains(&correlations[*at].name.as_str());
        let condition_correlations = (0..correlations.len()).filter(is_named).collect();
        Some(Rule {
            id: id?,
            title: written.title?.value,
            severity: written.severity.unwrap_or(Severity::Error),
            state: written.state.unwrap_or(State::Draft),
            audience: written.audience.unwrap_or(Audience::Internal),
            created: written.created,
            reviewed: written.reviewed,
            owner: written.owner,
            tags: written.tags,
            related: written.related,
            links,
            environment,
            signatures,
            condition_correlations,
            correlations,
            watches,
            facts,
            condition,
            holds_without_match,
            identity,
            supersedes: written.supersedes.into_iter().map(|id| id.value).collect(),
            fallback: written.fallback,
            priority: written.priority,
            symptoms,
            cause,
            resolution,
            prevention,
            tests,
            path: self.parts.file.path().to_owned(),
            overlay: None,
        })
    }

    fn id(&mut self, id: Option<&Located<String>>) -> Option<String> {
        let id = id?;
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if id.value.is_empty() || !id.value.chars().all(allowed) {
            let title = format!("`{}` cannot be an id", id.value);
            let help = Some("use letters, digits, `-`, `_` and `.`, as in KB115850 or linux-oom-killer".into());
            self.parts.error(Code::BadName, id.span, title, "not an id", help);
        }
        Some(id.value.clone())
    }

    /// Collects the names of a rule and reports those that two things share.
    fn names(&mut self, written: &RuleFile, signatures: &[Signature]) -> Names {
        let mut own_names: Vec<(&str, Span, &str)> = Vec::new();
        let signature_names = written.signatures.iter().map(|signature| (&signature.name, "a signature"));
        let correlation_names = written.correlations.iter().map(|correlation| (&correlation.name, "a correlation"));
        let fact_names = written.facts.iter().map(|fact| (&fact.name, "a fact"));
        for (name, kind) in signature_names.chain(correlation_names).chain(fact_names) {
            self.parts.plain_name(name);
            match own_names.iter().find(|(earlier, ..)| *earlier == name.value) {
                Some(&(_, first, earlier)) => self.parts.clash(name, kind, first, earlier),
                None => own_names.push((&name.value, name.span, kind)),
            }
        }
        let mut captures: Vec<(&str, usize)> = Vec::new();
        for (index, signature) in signatures.iter().enumerate() {
            let own = signature.captures().into_iter().chain(signature.optional_captures());
            captures.extend(own.map(|capture| (capture, index)));
        }
        let mut all: Vec<String> = own_names.iter().map(|(name, ..)| (*name).to_owned()).collect();
        for &(capture, index) in &captures {
            if let Some(&(_, first, earlier)) = own_names.iter().find(|(name, ..)| *name == capture) {
                let signature = &written.signatures[index];
                let span = self.parts.places_of_capture(signature, capture).first().copied().unwrap_or(signature.span);
                self.parts.clash(&Located::new(capture.to_owned(), span), "a capture", first, earlier);
            }
            let shared = captures.iter().any(|&(other, at)| other == capture && at != index);
            if !shared {
                all.push(capture.to_owned());
            }
        }
        let group_names = written.correlations.iter().flat_map(|correlation| &correlation.group_by);
        let group_names: Vec<String> = group_names.map(|name| name.value.clone()).collect();
        all.extend(group_names.iter().filter(|name| !own_names.iter().any(|(own, ..)| own == *name)).cloned());
        all.extend(self.parts.lost_captures.iter().cloned());
        let captures_of = |signature: &Signature| {
            signature.captures().into_iter().chain(signature.optional_captures()).map(str::to_owned).collect()
        };
        let is_text =
            |fact: &&FactFile| fact.kind.is_none_or(|kind| matches!(kind, FactType::String | FactType::Version));
        let facts = written.facts.iter().filter(is_text).map(|fact| fact.name.value.clone());
        Names {
            texts: captures.iter().map(|(capture, _)| (*capture).to_owned()).chain(group_names).chain(facts).collect(),
            correlations: written
                .correlations
                .iter()
                .map(|correlation| {
                    let names = correlation.group_by.iter().map(|name| name.value.clone());
                    (correlation.name.value.clone(), names.collect())
                })
                .collect(),
            signatures: signatures.iter().map(|signature| (signature.name.clone(), captures_of(signature))).collect(),
            all,
        }
    }

    fn fact(&mut self, written: &FactFile, names: &Names) -> Fact {
        let kind = written.kind.unwrap_or(if written.values.is_empty() { FactType::String } else { FactType::OneOf });
        if kind == FactType::OneOf && written.values.is_empty() {
            let title = format!("the fact `{}` has no values to choose from", written.name.value);
            self.parts.error(Code::MissingKey, written.name.span, title, "add `values: […]`", None);
        }
        if let Some(value) = written.values.first().filter(|_| kind != FactType::OneOf) {
            let title = format!("only a fact of type one-of has `values`, `{}` is of type {kind}", written.name.value);
            self.parts.error(Code::WrongType, value.span, title, "not used", Some("write `type: one-of`".into()));
        }
        let mut fact = Fact {
            name: written.name.value.clone(),
            about: written.about.clone(),
            kind,
            values: written.values.iter().map(|value| value.value.clone()).collect(),
            extract: self.parts.extracts(written),
            lookup: None,
            derive: written.derive.as_ref().and_then(|derive| self.expression(derive, names)),
            ask: written.ask.clone(),
        };
        fact.lookup = written.lookup.as_ref().and_then(|lookup| self.parts.lookup(lookup, &fact, names, self.tables));
        fact
    }

    fn no_circles(&mut self, written: &[FactFile], facts: &[Fact]) {
        let circular = circular(facts);
        let members: Vec<&FactFile> =
            written.iter().filter(|fact| circular.contains(fact.name.value.as_str())).collect();
        let names: Vec<String> = members.iter().map(|fact| format!("`{}`", fact.name.value)).collect();
        let (title, help) = match names.as_slice() {
            [] => return,
            _ if members.iter().any(|fact| fact.lookup.is_some()) => (
                format!("what {} is derived from or looked up by comes back to it", names.join(", ")),
                "use something else for it",
            ),
            [only] => (format!("the fact {only} is derived from itself"), "derive it from something else"),
            _ => (
                format!("the facts {} are derived from each other", names.join(", ")),
                "derive one of them from something else",
            ),
        };
        let marked = members.iter().fold(Diagnostic::error(Code::CircularFacts, title), |diagnostic, fact| {
            diagnostic.at(self.parts.file, fact.name.span, "part of a circle")
        });
        self.parts.diagnostics.push(marked.help(help));
    }

    /// The condition as written, or the name of the only signature.
    fn condition(&mut self, written: &RuleFile, names: &Names) -> Option<Condition> {
        if let Some(condition) = &written.condition {
            return self.expression(condition, names);
        }
        match written.signatures.as_slice() {
            [] => None,
            [only] => Condition::parse(&only.name.value).ok(),
            [first, ..] => {
                let title = "a rule with several signatures needs a condition";
                let all: Vec<&str> = written.signatures.iter().map(|signature| signature.name.value.as_str()).collect();
                let help = format!("write, for instance, `condition: {}`", all.join(" and "));
                self.parts.error(Code::MissingKey, first.span, title, "the first of several", Some(help));
                None
            }
        }
    }

    /// Parses an expression and resolves its names.
    fn expression(&mut self, source: &Located<String>, names: &Names) -> Option<Condition> {
        let condition = match Condition::parse(&source.value) {
            Ok(condition) => condition,
            Err(error) => {
                let title = format!("this is not a valid expression: {}", error.message);
                let help = error.help.map(str::to_owned);
                let offsets = Offsets::of(self.parts.file, source);
                self.parts.error(Code::BadExpression, offsets.span(error.range), title, "here", help);
                return None;
            }
        };
        let tokens = crate::rule::lexer::expression_tokens(&source.value);
        let used: Vec<String> = condition.names().into_iter().map(str::to_owned).collect();
        let faults = names.faults(&used, &tokens, source.value.len());
        if faults.is_empty() {
            return Some(condition);
        }
        self.faults(self.parts.file, &Offsets::of(self.parts.file, source), faults);
        None
    }

    /// Checks an article text that is written in the rule.
    fn text(&mut self, source: &Located<String>, names: &Names) -> Option<Text> {
        match text::check(&source.value, None, names, self.templates) {
            Ok(text) => Some(text),
            Err(faults) => {
                let offsets = Offsets::of(self.parts.file, source);
                self.text_faults(self.parts.file, &offsets, None, faults);
                None
            }
        }
    }

    /// Checks a text in a file below `templates/`.
    fn template(&mut self, path: &Located<String>, names: &Names) -> Option<Text> {
        let file = match shared_text::read(&path.value, 0..path.value.len(), self.templates) {
            Ok(file) => file,
            Err(fault) => {
                let label = if fault.code == Code::MissingTemplate { "not found" } else { "named here" };
                self.parts.error(fault.code, path.span, fault.message, label, fault.help);
                return None;
            }
        };
        match text::check(file.text(), Some(&path.value), names, self.templates) {
            Ok(text) => Some(text),
            Err(faults) => {
                let whole = Located::new(file.text().to_owned(), Span::new(0..file.text().len()));
                self.text_faults(&file, &Offsets::verbatim(&whole), Some(path.span), faults);
                None
            }
        }
    }

    /// Reports what is wrong with a text that stands in `file`, and with files that it takes in. `named` is where the rule names the file,
    /// if the text is one below `templates/`.
    fn text_faults(
        &mut self,
        file: &Arc<AuthoredFile>,
        offsets: &Offsets,
        named: Option<Span>,
        faults: Vec<PlacedFault>,
    ) {
        for PlacedFault { fault, file: shared, taken_in } in faults {
            let is_of_rule = matches!(fault.code, Code::UnknownName | Code::BadExpression);
            let diagnostic = match &shared {
                None => self.fault(file, offsets, fault, is_of_rule && named.is_some()),
                Some(shared) => {
                    let whole = Located::new(shared.text().to_owned(), Span::new(0..shared.text().len()));
                    self.fault(shared, &Offsets::verbatim(&whole), fault, taken_in.is_some())
                }
            };
            let diagnostic = match taken_in {
                Some(range) => diagnostic.at(file, offsets.span(range), "taken in here"),
                None => diagnostic,
            };
            // what is wrong whatever rule takes the file in is told once: it has no place in the rule
            let diagnostic = match named.filter(|_| is_of_rule) {
                Some(named) => diagnostic.at(self.parts.file, named, "named here"),
                None => diagnostic,
            };
            self.parts.diagnostics.push(diagnostic);
        }
    }

    /// A mistake as a diagnostic. In a file that rules share, what depends on the rule names it.
    fn fault(&self, file: &Arc<AuthoredFile>, offsets: &Offsets, fault: TextFault, names_rule: bool) -> Diagnostic {
        let candidates: Vec<&str> = fault.candidates.iter().map(String::as_str).collect();
        let given = fault.message.split('`').nth(1).unwrap_or_default();
        let help = fault.help.or_else(|| suggest(given, &candidates));
        let label = match fault.code {
            Code::UnknownName => "not known here",
            Code::UnknownFilter | Code::UnknownMacro => "does not exist",
            Code::MissingTemplate => "not found",
            _ => "here",
        };
        let title = match fault.message.strip_suffix(" of this rule").filter(|_| names_rule) {
            Some(message) => format!("{message} of the rule `{}`", self.id),
            None if names_rule => format!("in the rule `{}`, {}", self.id, fault.message),
            None => fault.message,
        };
        Diagnostic::error(fault.code, title).at(file, offsets.span(fault.range), label).maybe_help(help)
    }

    fn faults(&mut self, file: &Arc<AuthoredFile>, offsets: &Offsets, faults: Vec<TextFault>) {
        for fault in faults {
            let diagnostic = self.fault(file, offsets, fault, false);
            self.parts.diagnostics.push(diagnostic);
        }
    }

    fn identity(&mut self, written: Option<&[Located<String>]>, subject: Option<&Signature>) -> Option<Vec<String>> {
        let written = written?;
        let lost = self.parts.lost_captures.clone();
        let mut captures = subject.map(Signature::every_capture).unwrap_or_default();
        captures.extend(lost.iter().map(String::as_str));
        for name in written.iter().filter(|name| !captures.contains(&name.value.as_str())) {
            let title = format!("`{}` is not a capture of the first signature", name.value);
            self.parts.error(
                Code::UnknownName,
                name.span,
                title,
                "not captured there",
                suggest(&name.value, &captures).or_else(|| Some("it captures nothing".to_owned())),
            );
        }
        Some(written.iter().map(|name| name.value.clone()).collect())
    }

    fn resolution(&mut self, written: &ResolutionFile, names: &Names, facts: &[Fact], scope: &Scope) -> Vec<Branch> {
        match written {
            ResolutionFile::None => Vec::new(),
            ResolutionFile::Text(text) => {
                let text = self.text(text, names);
                text.map(|text| Branch { when: None, title: String::new(), text }).into_iter().collect()
            }
            ResolutionFile::Branches(branches) => {
                self.distinct_titles(branches);
                branches.iter().filter_map(|branch| self.branch(branch, names, facts, scope)).collect()
            }
        }
    }

    fn distinct_titles(&mut self, branches: &[BranchFile]) {
        for (index, branch) in branches.iter().enumerate() {
            if let Some(first) = branches[..index].iter().find(|earlier| earlier.title.value == branch.title.value) {
                let diagnostic =
                    Diagnostic::error(Code::NameClash, format!("two branches have the title `{}`", branch.title.value))
                        .at(self.parts.file, branch.title.span, "the second")
                        .at(self.parts.file, first.title.span, "the first")
                        .help("rename one of them");
                self.parts.diagnostics.push(diagnostic);
            }
        }
    }

    fn branch(&mut self, written: &BranchFile, names: &Names, facts: &[Fact], scope: &Scope) -> Option<Branch> {
        let when = written.when.as_ref().map(|when| self.expression(when, names));
        if let (Some(Some(when)), Some(place)) = (&when, &written.when)
            && decide(when, facts, scope).truth == Truth::False
        {
            let title = format!("the branch `{}` can never hold: no answer makes its `when` true", written.title.value);
            let help = Some("compare with the values the facts can have".into());
            self.parts.error(Code::UnreachableBranch, place.span, title, "false for every answer", help);
        }
        let text = match written.body.as_ref()? {
            BodyFile::Text(text) => self.text(text, names),
            BodyFile::Template(path) => self.template(path, names),
        };
        Some(Branch { when: when.flatten(), title: written.title.value.clone(), text: text? })
    }

    fn environment(&mut self, written: &RuleFile) -> Vec<Environment> {
        let mut environment = Vec::new();
        for entry in &written.environment {
            let version = entry.version.as_ref().and_then(|version| match version.value.parse::<VersionRange>() {
                Ok(range) => Some(range),
                Err(error) => {
                    let help = Some(RANGE_HELP.into());
                    self.parts.error(Code::BadVersion, version.span, error.to_string(), "not a version range", help);
                    None
                }
            });
            environment.push(Environment { product: entry.product.value.clone(), version });
        }
        environment
    }

    fn links(&mut self, written: &RuleFile) -> Vec<Link> {
        const SCHEMES: [&str; 3] = ["https://", "http://", "mailto:"];
        let mut links = Vec::new();
        for link in &written.links {
            if let Some(url) =
                link.url.as_ref().filter(|url| !SCHEMES.iter().any(|scheme| url.value.starts_with(scheme)))
            {
                let title = format!("`{}` is not a web or mail address", url.value);
                self.parts.error(
                    Code::UnknownValue,
                    url.span,
                    title,
                    "no known scheme",
                    Some("begin with https://".into()),
                );
            }
            links.push(Link { title: link.title.value.clone(), url: link.url.as_ref().map(|url| url.value.clone()) });
        }
        links
    }
}

/// The names that a condition uses, and those that the facts it uses rest on.
fn names_through_facts<'c>(condition: &'c Condition, facts: &'c [Fact]) -> Vec<&'c str> {
    let mut names = condition.names();
    let mut at = 0;
    while let Some(&name) = names.get(at) {
        let fact = facts.iter().find(|fact| fact.name == name);
        for other in fact.map(Fact::rests_on).unwrap_or_default() {
            if !names.contains(&other) {
                names.push(other);
            }
        }
        at += 1;
    }
    names
}

#[derive(Clone, Copy)]
enum Unmatched {
    /// No signature matched.
    Absent,
    /// Nobody knows which signatures matched.
    Unknown,
}

impl Rule {
    /// The scope in which its conditions are examined before there is a case: nobody knows which signatures matched.
    pub(crate) fn scope_before_case(&self) -> Scope {
        match_scope(&self.signatures, &self.correlations, Unmatched::Unknown)
    }
}

/// The scope in which a condition is examined before there is a case.
fn match_scope(signatures: &[Signature], correlations: &[Correlation], unmatched: Unmatched) -> Scope {
    let mut scope = Scope::before_case();
    for correlation in correlations {
        let (binding, group_binding) = match unmatched {
            Unmatched::Absent => (Binding::Known(Value::from(correlation.holds_on_nothing())), Binding::Absent),
            Unmatched::Unknown => (Binding::MayMatch, Binding::Unknown),
        };
        correlation.group_by.iter().for_each(|name| scope.bind(name.as_str(), group_binding.clone()));
        scope.bind(correlation.name.as_str(), binding);
    }
    for signature in signatures {
        let (signature_binding, capture_binding) = match unmatched {
            Unmatched::Absent => (Binding::Known(Value::from(false)), Binding::Absent),
            Unmatched::Unknown => (Binding::MayMatch, Binding::Unknown),
        };
        for capture in signature.captures().into_iter().chain(signature.optional_captures()) {
            scope.bind(capture, capture_binding.clone());
        }
        scope.bind(signature.name.as_str(), signature_binding);
    }
    scope
}
