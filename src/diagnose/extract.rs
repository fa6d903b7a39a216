//! Facts that stand in the sources of a case.
//!
//! `Extractors` knows which facts ask for which sources; a source that none asks for costs a glob for each different one and is not
//! kept. Of the others the beginning is kept while they are read, and what their facts find there goes to the `Extracted` of the part.
//! Of several entries of one fact the first counts that gives a value, of several sources the first in the order of the case, whatever
//! was read first. Whether a value fits its fact is looked at when rules are applied.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Number, Value};

use crate::diagnose::spot::Spot;
use crate::rule::RuleId;
use crate::rule::authored::AuthoredFile;
use crate::rule::extract::{Extract, ExtractPlace};
use crate::rule::fact::FactValue;
use crate::rule::signature::FileGlob;
use crate::rule::yaml::{self, Node};
use crate::scan::Index;
use crate::source::{Note, NoteKind, SourceName, plain};

/// Bytes of a source that facts are looked for in; what states facts is far smaller.
pub const EXTRACT_BYTES: usize = 1 << 20;
/// Bytes of an extracted value. A longer one is no fact but a piece of a log.
pub const VALUE_BYTES: usize = 4096;

/// One entry of one fact.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extractor<'r> {
    rule: RuleId,
    fact: usize,
    entry: usize,
    extract: &'r Extract,
}

/// Every entry of every fact, by the sources they ask for.
#[derive(Debug, Default)]
pub(crate) struct Extractors<'r> {
    /// Entries with the same glob are together: rules ask for the same few files.
    by_glob: Vec<(&'r FileGlob, Vec<Extractor<'r>>)>,
}

impl<'r> Extractors<'r> {
    /// Collects the entries of the rules that are looked for.
    pub(crate) fn new(index: &'r Index<'r>) -> Self {
        let mut by_glob: BTreeMap<&str, (&FileGlob, Vec<Extractor<'_>>)> = BTreeMap::new();
        for rule in index.rules() {
            for (fact, written) in index.faultbook().rule(rule).facts.iter().enumerate() {
                for (entry, extract) in written.extract.iter().enumerate() {
                    let of_glob = by_glob.entry(extract.file.written()).or_insert((&extract.file, Vec::new()));
                    of_glob.1.push(Extractor { rule, fact, entry, extract });
                }
            }
        }
        Self { by_glob: by_glob.into_values().collect() }
    }

    /// The entries that ask for the source at a path inside the case.
    pub(crate) fn of(&self, path: &str) -> Vec<Extractor<'r>> {
        let asking = self.by_glob.iter().filter(|(glob, _)| glob.matches(path));
        asking.flat_map(|(_, extractors)| extractors.iter().copied()).collect()
    }
}

/// The values that were found, by rule and position of the fact.
#[derive(Clone, Debug, Default)]
pub(crate) struct Extracted {
    found: BTreeMap<(RuleId, usize), Found>,
}

/// A value, and what decides which of several counts.
#[derive(Clone, Debug)]
struct Found {
    entry: usize,
    spot: Spot,
    value: FactValue,
}

impl Extracted {
    /// The value of a fact with the name of the source it stands in.
    pub(crate) fn of(&self, rule: RuleId, fact: usize) -> Option<(&FactValue, &str)> {
        self.found.get(&(rule, fact)).map(|found| (&found.value, found.spot.source_name()))
    }

    /// Adds what was found in another part of the case.
    pub(crate) fn merge(&mut self, other: Extracted) {
        other.found.into_iter().for_each(|(fact, found)| self.add(fact, found));
    }

    fn add(&mut self, fact: (RuleId, usize), found: Found) {
        match self.found.get_mut(&fact) {
            Some(own) if (own.entry, &own.spot) <= (found.entry, &found.spot) => {}
            Some(own) => *own = found,
            None => _ = self.found.insert(fact, found),
        }
    }

    /// Looks for facts in the beginning of a source: its first `EXTRACT_BYTES`, and one more if there are more.
    pub(crate) fn look(
        &mut self,
        asking: &[Extractor<'_>],
        source: &SourceName,
        beginning: &[u8],
        spot: &Spot,
        notes: &mut Vec<Note>,
    ) {
        let is_cut = beginning.len() > EXTRACT_BYTES;
        let raw = beginning.get(..EXTRACT_BYTES).unwrap_or(beginning);
        let text = plain::plain(raw);
        let mut document = None;
        let mut faults: Vec<String> = Vec::new();
        for Extractor { rule, fact, entry, extract } in asking {
            let value = match &extract.place {
                ExtractPlace::Regex(pattern, capture) => pattern.regex().and_then(|regex| {
                    let found = regex.captures(&text)?.name(capture)?;
                    Some(FactValue::Text(String::from_utf8_lossy(found.as_bytes()).trim_end_matches('\r').to_owned()))
                }),
                ExtractPlace::JsonPath(path) => {
                    let document = document.get_or_insert_with(|| {
                        let document = if is_cut { Err(String::new()) } else { Document::read(&source.path, raw) };
                        document.map_err(|fault| faults.push(fault)).ok()
                    });
                    document.as_ref().and_then(|document| document.value(path.query(&document.value).first()?))
                }
            };
            match value {
                Some(FactValue::Text(text)) if text.len() > VALUE_BYTES => {
                    faults.push(format!("a fact's value is longer than {} KiB and is not used", VALUE_BYTES / 1024));
                }
                Some(value) => self.add((*rule, *fact), Found { entry: *entry, spot: spot.clone(), value }),
                None if is_cut => faults.push(format!(
                    "facts are looked for in the first {} KiB only, and not every one was there",
                    EXTRACT_BYTES / 1024
                )),
                None => {}
            }
        }
        faults.retain(|fault| !fault.is_empty());
        faults.sort_unstable();
        faults.dedup();
        notes.extend(faults.into_iter().map(|fault| Note::new(&source.name, NoteKind::Facts, fault)));
    }
}

/// A JSON or YAML document.
struct Document {
    value: Value,
    /// For YAML: the same with its numbers as they are spelled, so that version 5.10 does not become 5.1.
    spelled: Option<Node>,
}

impl Document {
    /// Reads a source as JSON or YAML; the error says where it is neither.
    fn read(path: &str, raw: &[u8]) -> Result<Self, String> {
        let text = String::from_utf8_lossy(raw);
        let text = text.trim_start_matches('\u{feff}');
        let is_json = text.trim_start().starts_with(['{', '[']);
        match is_json.then(|| serde_json::from_str::<Value>(text)) {
            Some(Ok(value)) => return Ok(Self { value, spelled: None }),
            Some(Err(error)) if !is_yaml(path) => return Err(format!("facts cannot be read from it as JSON: {error}")),
            Some(Err(_)) | None => {}
        }
        let file = Arc::new(AuthoredFile::new(path, text));
        match yaml::parse(&file) {
            Ok(root) => Ok(Self { value: value_of(&root.value), spelled: Some(root.value) }),
            Err(diagnostic) => {
                let line = diagnostic.labels.first().map(|label| label.file.position(label.span.start).line);
                let line = line.map(|line| format!(" at line {line}")).unwrap_or_default();
                Err(format!("facts cannot be read from it as YAML: {}{line}", diagnostic.title))
            }
        }
    }

    /// The value of a node of the document; `None` for lists and mappings.
    fn value(&self, node: &Value) -> Option<FactValue> {
        match node {
            Value::Null => Some(FactValue::None),
            Value::Bool(value) => Some(FactValue::Boolean(*value)),
            Value::String(text) => Some(FactValue::Text(text.clone())),
            Value::Number(number) => {
                let spelled = self.spelled.as_ref().and_then(|root| spelling(root, &self.value, node));
                Some(FactValue::Text(spelled.map_or_else(|| number.to_string(), str::to_owned)))
            }
            Value::Array(_) | Value::Object(_) => None,
        }
    }
}

fn is_yaml(path: &str) -> bool {
    [".yaml", ".yml"].iter().any(|ending| path.to_ascii_lowercase().contains(ending))
}

/// A YAML node as JSON has it; of a key that stands twice the first counts. YAML is read 64 deep at most.
fn value_of(node: &Node) -> Value {
    match node {
        Node::Null => Value::Null,
        Node::Boolean(value) => Value::Bool(*value),
        Node::Number(spelled) => number(spelled).map_or_else(|| Value::String(spelled.clone()), Value::Number),
        Node::String(text) => Value::String(text.clone()),
        Node::List(items) => items.iter().map(|item| value_of(&item.value)).collect(),
        Node::Map(entries) => {
            let mut map = Map::new();
            for (key, item) in entries {
                map.entry(key.value.clone()).or_insert_with(|| value_of(&item.value));
            }
            Value::Object(map)
        }
    }
}

fn number(spelled: &str) -> Option<Number> {
    let integer = spelled.parse::<i64>().ok().map(Number::from);
    integer.or_else(|| spelled.parse::<f64>().ok().and_then(Number::from_f64))
}

/// How the number at a node, which is a part of `value`, is spelled in the document that `value` was made of.
fn spelling<'n>(node: &'n Node, value: &Value, wanted: &Value) -> Option<&'n str> {
    if std::ptr::eq(value, wanted) {
        return match node {
            Node::Number(spelled) => Some(spelled),
            _ => None,
        };
    }
    match (node, value) {
        (Node::List(items), Value::Array(values)) => {
            items.iter().zip(values).find_map(|(item, value)| spelling(&item.value, value, wanted))
        }
        // a key that stands twice is found at its first entry, which is the one that was kept
        (Node::Map(entries), Value::Object(map)) => {
            entries.iter().find_map(|(key, item)| spelling(&item.value, map.get(&key.value)?, wanted))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json_path::JsonPath;

    use super::*;

    fn found(path: &str, text: &str, query: &str) -> Option<FactValue> {
        let document = Document::read(path, text.as_bytes()).unwrap();
        let query = JsonPath::parse(query).unwrap();
        document.value(query.query(&document.value).first()?)
    }

    #[test]
    fn scalars_of_json_and_yaml_are_values_and_nothing_else_is() {
        let text = |text: &str| Some(FactValue::Text(text.to_owned()));
        for (path, document) in [
            ("a.json", r#"{"db": {"max": 5, "name": "x", "tls": true, "proxy": null, "hosts": ["a"]}}"#),
            ("a.yaml", "db:\n  max: 5\n  name: x\n  tls: true\n  proxy: null\n  hosts: [a]\n"),
            ("a.conf", "# no ending that tells\ndb: {max: 5, name: x, tls: true, proxy: ~, hosts: [a]}\n"),
        ] {
            assert_eq!(found(path, document, "$.db.max"), text("5"), "{path}");
            assert_eq!(found(path, document, "$.db.name"), text("x"), "{path}");
            assert_eq!(found(path, document, "$..hosts[0]"), text("a"), "{path}");
            assert_eq!(found(path, document, "$.db.tls"), Some(FactValue::Boolean(true)), "{path}");
            assert_eq!(found(path, document, "$.db.proxy"), Some(FactValue::None), "{path}");
            assert_eq!(found(path, document, "$.db.hosts"), None, "{path}");
            assert_eq!(found(path, document, "$.db.port"), None, "{path}");
        }
    }

    #[test]
    fn numbers_of_yaml_keep_their_spelling_at_the_first_of_equal_keys() {
        let document = "a: [{v: 5.1}, {v: 5.10}]\nb: 5.10\nb: 5.1\n";
        assert_eq!(found("a.yaml", document, "$.a[1].v"), Some(FactValue::Text("5.10".into())));
        assert_eq!(found("a.yaml", document, "$.b"), Some(FactValue::Text("5.10".into())));
    }

    #[test]
    fn what_is_neither_is_told_with_its_place() {
        for (path, text) in [("a.json", "{\"a\": 1,\n"), ("a.yaml", "a: b: c\n"), ("a.yaml", &"[".repeat(100_000))] {
            let fault = Document::read(path, text.as_bytes()).err().unwrap();
            assert!(fault.contains("facts cannot be read"), "{fault}");
        }
        assert!(Document::read("a.json", "[".repeat(100_000).as_bytes()).is_err());
    }
}
