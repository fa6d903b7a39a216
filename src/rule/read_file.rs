//! From the YAML tree of a rule file to a [`RuleFile`]: every unknown, missing, doubled or mistyped key is reported.

use std::sync::Arc;

use crate::rule::authored::{AuthoredFile, Located};
use crate::rule::diagnostic::{Code, Diagnostic};
use crate::rule::file::{
    AliasFile, BodyFile, BranchFile, CorrelationFile, EnvironmentFile, ExpectFile, ExtractFile, FactFile, LeafFile,
    LinkFile, LookupFile, ResolutionFile, RuleFile, SignatureFile, TestFile,
};
use crate::rule::reader::Reader;
use crate::rule::rule_keys;
use crate::rule::vocabulary::Comparator;
use crate::rule::yaml::{self, Node};

const COMPARATORS: [(&str, Comparator); 6] = [
    ("gt", Comparator::Gt),
    ("gte", Comparator::Gte),
    ("lt", Comparator::Lt),
    ("lte", Comparator::Lte),
    ("eq", Comparator::Eq),
    ("neq", Comparator::Neq),
];

impl RuleFile {
    /// Reads a rule file. `None` when it is not YAML or not a mapping; otherwise as much of it as could be read.
    pub fn read(file: Arc<AuthoredFile>) -> (Option<Self>, Vec<Diagnostic>) {
        match yaml::parse(&file) {
            Err(diagnostic) => (None, vec![diagnostic]),
            Ok(root) => {
                let mut reader = Reader::new(file);
                let rule = read_rule(&mut reader, root);
                (rule, reader.diagnostics)
            }
        }
    }
}

fn read_rule(reader: &mut Reader, root: Located<Node>) -> Option<RuleFile> {
    let mut fields = reader.fields(root, &rule_keys::RULE)?;
    let id = reader.required(&mut fields, "id");
    let title = reader.required(&mut fields, "title");
    let condition = fields.take("condition");
    let signatures = match condition {
        Some(_) => fields.take("signatures"),
        None => reader.required(&mut fields, "signatures"),
    };
    let faults_before = reader.diagnostics.len();
    let tests = read_each(reader, fields.take("tests"), read_test);
    let tests_have_faults = reader.diagnostics.len() > faults_before;
    Some(RuleFile {
        id: id.and_then(|node| reader.text(node)),
        title: title.and_then(|node| reader.text(node)),
        severity: fields.take("severity").and_then(|node| reader.choice(node, "a severity")),
        state: fields.take("state").and_then(|node| reader.choice(node, "a state")),
        audience: fields.take("audience").and_then(|node| reader.choice(node, "an audience")),
        created: fields.take("created").and_then(|node| reader.date(node)),
        reviewed: fields.take("reviewed").and_then(|node| reader.date(node)),
        owner: fields.take("owner").and_then(|node| reader.text(node)).map(|text| text.value),
        tags: values(fields.take("tags").map(|node| reader.texts(node))),
        related: values(fields.take("related").map(|node| reader.texts(node))),
        links: read_each(reader, fields.take("links"), read_link),
        environment: read_each(reader, fields.take("environment"), read_environment),
        signatures: read_named(reader, signatures, read_signature),
        correlations: read_named(reader, fields.take("correlations"), read_correlation),
        facts: read_named(reader, fields.take("facts"), read_fact),
        condition: condition.and_then(|node| reader.text(node)),
        identity: fields.take("identity").map(|node| reader.texts(node)),
        supersedes: fields.take("supersedes").map(|node| reader.texts(node)).unwrap_or_default(),
        fallback: fields.take("fallback").and_then(|node| reader.boolean(node)).unwrap_or_default(),
        priority: fields.take("priority").and_then(|node| reader.integer(node)).unwrap_or_default(),
        symptoms: fields.take("symptoms").and_then(|node| reader.text(node)),
        cause: fields.take("cause").and_then(|node| reader.text(node)),
        resolution: fields.take("resolution").map(|node| read_resolution(reader, node)).unwrap_or_default(),
        prevention: fields.take("prevention").and_then(|node| reader.text(node)),
        allow: fields.take("allow").map(|node| reader.texts(node)).unwrap_or_default(),
        tests,
        tests_have_faults,
    })
}

fn values(texts: Option<Vec<Located<String>>>) -> Vec<String> {
    texts.unwrap_or_default().into_iter().map(|text| text.value).collect()
}

/// Reads each item of a list, leaving out those that could not be read.
fn read_each<T>(
    reader: &mut Reader,
    node: Option<Located<Node>>,
    read: fn(&mut Reader, Located<Node>) -> Option<T>,
) -> Vec<T> {
    let items = node.map(|node| reader.list(node)).unwrap_or_default();
    items.into_iter().filter_map(|item| read(reader, item)).collect()
}

/// Reads each entry of a mapping whose keys are names.
fn read_named<T>(
    reader: &mut Reader,
    node: Option<Located<Node>>,
    read: fn(&mut Reader, Located<String>, Located<Node>) -> Option<T>,
) -> Vec<T> {
    let entries = node.map(|node| reader.named(node)).unwrap_or_default();
    entries.into_iter().filter_map(|(name, value)| read(reader, name, value)).collect()
}

fn read_link(reader: &mut Reader, node: Located<Node>) -> Option<LinkFile> {
    let mut fields = reader.fields(node, &rule_keys::LINK)?;
    let title = reader.required(&mut fields, "title");
    let url = fields.take("url").and_then(|node| reader.text(node));
    Some(LinkFile { title: reader.text(title?)?, url })
}

fn read_environment(reader: &mut Reader, node: Located<Node>) -> Option<EnvironmentFile> {
    let mut fields = reader.fields(node, &rule_keys::ENVIRONMENT)?;
    let product = reader.required(&mut fields, "product");
    let version = fields.take("version").and_then(|node| reader.text(node));
    Some(EnvironmentFile { product: reader.text(product?)?, version })
}

fn read_signature(reader: &mut Reader, name: Located<String>, node: Located<Node>) -> Option<SignatureFile> {
    let span = name.span;
    let faults_before = reader.diagnostics.len();
    // what cannot be read keeps its name, so that conditions may use it
    let mut fields = reader.fields(node, &rule_keys::SIGNATURE).unwrap_or_default();
    let level = fields.take("level");
    let level_is_list = matches!(&level, Some(node) if matches!(node.value, Node::List(_)));
    let scope = fields.take("scope").and_then(|node| reader.text(node));
    if let Some(scope) = scope.as_ref().filter(|scope| !matches!(scope.value.as_str(), "file" | "record")) {
        let title = format!("`{}` is not a scope", scope.value);
        reader.error(
            Code::UnknownValue,
            scope.span,
            title,
            "not a choice",
            Some("use `record` (the default) or `file`".into()),
        );
    }
    let mut signature = SignatureFile {
        name,
        span,
        regex: fields.take("regex").map(|node| reader.one_or_more(node)).unwrap_or_default(),
        contains: fields.take("contains").map(|node| reader.one_or_more(node)).unwrap_or_default(),
        all: read_each(reader, fields.take("all"), read_leaf),
        any: read_each(reader, fields.take("any"), read_leaf),
        none: read_each(reader, fields.take("none"), read_leaf),
        optional: read_each(reader, fields.take("optional"), read_optional),
        file: fields.take("file").and_then(|node| reader.text(node)),
        level: level.map(|node| reader.one_or_more(node)).unwrap_or_default(),
        level_is_list,
        max_age: fields.take("max_age").and_then(|node| reader.text(node)),
        whole_file: scope.is_some_and(|scope| scope.value == "file"),
        captures: read_captures(reader, fields.take("captures")),
        has_faults: false,
    };
    signature.has_faults = reader.diagnostics.len() > faults_before;
    Some(signature)
}

/// Reads a text for each of some captures.
fn read_captures(reader: &mut Reader, node: Option<Located<Node>>) -> Vec<(Located<String>, Located<String>)> {
    let captures = node.map(|node| reader.named(node)).unwrap_or_default();
    captures.into_iter().filter_map(|(name, node)| Some((name, reader.text(node)?))).collect()
}

fn read_leaf(reader: &mut Reader, node: Located<Node>) -> Option<LeafFile> {
    let span = node.span;
    let faults_before = reader.diagnostics.len();
    let mut fields = reader.fields(node, &rule_keys::MEMBER)?;
    let leaf = LeafFile {
        regex: fields.take("regex").map(|node| reader.one_or_more(node)).unwrap_or_default(),
        contains: fields.take("contains").map(|node| reader.one_or_more(node)).unwrap_or_default(),
    };
    if leaf.regex.is_empty() && leaf.contains.is_empty() && reader.diagnostics.len() == faults_before {
        let help = Some("write `regex: …` or `contains: …`".into());
        reader.error(Code::MissingKey, span, "this member tests nothing", "neither `regex` nor `contains`", help);
    }
    if let Some(first) = leaf.regex.first().filter(|_| !leaf.contains.is_empty()) {
        let help = Some("write them as two members, each with its own `-`".into());
        let title = "a member is a `regex` or a `contains`, not both";
        reader.error(Code::DuplicateKey, first.span, title, "one of two tests", help);
    }
    Some(leaf)
}

fn read_optional(reader: &mut Reader, node: Located<Node>) -> Option<Vec<Located<String>>> {
    let mut fields = reader.fields(node, &rule_keys::OPTIONAL)?;
    let regex = reader.required(&mut fields, "regex")?;
    Some(reader.one_or_more(regex))
}

fn read_correlation(reader: &mut Reader, name: Located<String>, node: Located<Node>) -> Option<CorrelationFile> {
    let faults_before = reader.diagnostics.len();
    let is_mapping = matches!(node.value, Node::Map(_));
    // what cannot be read keeps its name, so that conditions may use it
    let mut fields = reader.fields(node, &rule_keys::CORRELATION).unwrap_or_default();
    let mut needed = |reader: &mut Reader, key| match is_mapping {
        true => reader.required(&mut fields, key),
        false => None,
    };
    let (kind, signatures) = (needed(reader, "type"), needed(reader, "signatures"));
    let timespan = needed(reader, "timespan");
    let mut comparisons = Vec::new();
    for (key, comparator) in COMPARATORS {
        if let Some(node) = fields.take(key) {
            let span = node.span;
            comparisons.extend(reader.count(node).map(|count| (comparator, Located::new(count, span))));
        }
    }
    let mut aliases = Vec::new();
    for (name, meant) in fields.take("aliases").map(|node| reader.named(node)).unwrap_or_default() {
        let meant = reader.named(meant).into_iter();
        let meant = meant.filter_map(|(signature, node)| Some((signature, reader.text(node)?))).collect();
        aliases.push(AliasFile { name, meant });
    }
    let mut correlation = CorrelationFile {
        name,
        kind: kind.and_then(|node| reader.choice(node, "a type of correlations")),
        signatures: signatures.map(|node| reader.texts(node)).unwrap_or_default(),
        field: fields.take("field").and_then(|node| reader.text(node)),
        group_by: fields.take("group_by").map(|node| reader.texts(node)).unwrap_or_default(),
        timespan: timespan.and_then(|node| reader.text(node)),
        comparisons,
        aliases,
        has_faults: false,
    };
    correlation.has_faults = reader.diagnostics.len() > faults_before;
    Some(correlation)
}

fn read_fact(reader: &mut Reader, name: Located<String>, node: Located<Node>) -> Option<FactFile> {
    let bare = node.value == Node::Null;
    let node = if bare { Located::new(Node::Map(Vec::new()), node.span) } else { node };
    let mut fields = reader.fields(node, &rule_keys::FACT_KEYS).unwrap_or_default();
    Some(FactFile {
        name,
        about: fields.take("about").and_then(|node| reader.text(node)).map(|text| text.value),
        kind: fields.take("type").and_then(|node| reader.choice(node, "a type of facts")),
        values: fields.take("values").map(|node| reader.texts(node)).unwrap_or_default(),
        extract: fields.take("extract").map(|node| read_extracts(reader, node)).unwrap_or_default(),
        lookup: fields.take("lookup").and_then(|node| read_lookup(reader, node)),
        derive: fields.take("derive").and_then(|node| reader.text(node)),
        ask: fields.take("ask").and_then(|node| reader.text(node)).map(|text| text.value),
    })
}

/// One entry or a list of them.
fn read_extracts(reader: &mut Reader, node: Located<Node>) -> Vec<ExtractFile> {
    match node.value {
        Node::List(_) => read_each(reader, Some(node), read_extract),
        _ => read_extract(reader, node).into_iter().collect(),
    }
}

fn read_extract(reader: &mut Reader, node: Located<Node>) -> Option<ExtractFile> {
    let span = node.span;
    let faults_before = reader.diagnostics.len();
    let mut fields = reader.fields(node, &rule_keys::EXTRACT)?;
    let file = reader.required(&mut fields, "file");
    let mut extract = ExtractFile {
        span,
        file: file.and_then(|node| reader.text(node)),
        regex: fields.take("regex").and_then(|node| reader.text(node)),
        jsonpath: fields.take("jsonpath").and_then(|node| reader.text(node)),
        has_faults: false,
    };
    extract.has_faults = reader.diagnostics.len() > faults_before;
    Some(extract)
}

fn read_lookup(reader: &mut Reader, node: Located<Node>) -> Option<LookupFile> {
    let mut fields = reader.fields(node, &rule_keys::LOOKUP)?;
    let (table, by) = (reader.required(&mut fields, "table"), reader.required(&mut fields, "by"));
    let column = fields.take("column").and_then(|node| reader.text(node));
    let (table, by) = (table.and_then(|node| reader.text(node)), by.and_then(|node| reader.text(node)));
    Some(LookupFile { table: table?, by: by?, column })
}

fn read_resolution(reader: &mut Reader, node: Located<Node>) -> ResolutionFile {
    match node.value {
        Node::List(_) => ResolutionFile::Branches(read_each(reader, Some(node), read_branch)),
        _ => reader.text(node).map_or(ResolutionFile::None, ResolutionFile::Text),
    }
}

fn read_branch(reader: &mut Reader, node: Located<Node>) -> Option<BranchFile> {
    let span = node.span;
    let mut fields = reader.fields(node, &rule_keys::BRANCH)?;
    let title = reader.required(&mut fields, "title");
    let when = fields.take("when").and_then(|node| reader.text(node));
    let text = fields.take("text").and_then(|node| reader.text(node));
    let template = fields.take("template").and_then(|node| reader.text(node));
    let body = match (text, template) {
        (Some(text), None) => Some(BodyFile::Text(text)),
        (None, Some(template)) => Some(BodyFile::Template(template)),
        (Some(_), Some(template)) => {
            let help = Some("keep one of them".into());
            reader.error(
                Code::DuplicateKey,
                template.span,
                "a branch has `text` or `template`, not both",
                "second body",
                help,
            );
            None
        }
        (None, None) => {
            let help = Some("write `text: …` or `template: …`".into());
            reader.error(Code::MissingKey, span, "this branch says nothing", "neither `text` nor `template`", help);
            None
        }
    };
    Some(BranchFile { when, title: reader.text(title?)?, body })
}

fn read_test(reader: &mut Reader, node: Located<Node>) -> Option<TestFile> {
    let mut fields = reader.fields(node, &rule_keys::TEST)?;
    let name = reader.required(&mut fields, "name");
    let text = reader.required(&mut fields, "text");
    let expect = reader.required(&mut fields, "expect");
    let file = fields.take("file").and_then(|node| reader.text(node)).map(|text| text.value);
    let facts = fields.take("facts").map(|node| reader.named(node)).unwrap_or_default();
    let products = fields.take("products").map(|node| reader.named(node)).unwrap_or_default();
    let text = text.and_then(|node| reader.text(node)).map(|text| text.value);
    let expect = expect.and_then(|node| read_expect(reader, node));
    Some(TestFile { name: reader.text(name?)?, text: text?, file, facts, products, expect: expect? })
}

fn read_expect(reader: &mut Reader, node: Located<Node>) -> Option<ExpectFile> {
    if let Node::String(word) = &node.value {
        if word == "nothing" {
            return Some(ExpectFile::Nothing);
        }
        let help = Some("write `nothing`, or a mapping with captures, resolution, questions, count".into());
        reader.error(Code::UnknownValue, node.span, format!("`{word}` cannot be expected"), "not a choice", help);
        return None;
    }
    let mut fields = reader.fields(node, &rule_keys::EXPECT)?;
    let captures = read_captures(reader, fields.take("captures"));
    Some(ExpectFile::Finding {
        captures,
        resolution: fields.take("resolution").map(|node| reader.texts(node)),
        questions: fields.take("questions").map(|node| reader.texts(node)),
        count: fields.take("count").and_then(|node| reader.count(node)),
    })
}
