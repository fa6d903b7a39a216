//! The schemas and the reference say what the readers do: all rules at hand fit the schema, broken ones do not, every key takes the kinds of
//! values that its schema says, and `docs/reference.md` is what `faultbook docs` prints.
#![cfg(feature = "cli")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use boon::{Compiler, SchemaIndex, Schemas};
use faultbook::author::reference;
use faultbook::author::schema::{FileKind, schema};
use faultbook::rule::authored::AuthoredFile;
use faultbook::rule::faultbook::Templates;
use faultbook::rule::yaml::{self, Node};
use faultbook::rule::{Code, Diagnostic, DiagnosticSeverity, Faultbook};
use serde_json::{Map, Value, json};

/// The schema of a kind of file, ready to be held against documents.
struct Validator {
    schemas: Schemas,
    index: SchemaIndex,
}

impl Validator {
    fn of(kind: FileKind) -> Self {
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.add_resource("schema.json", schema(kind)).unwrap();
        let index = compiler.compile("schema.json", &mut schemas).unwrap();
        Self { schemas, index }
    }

    fn fault(&self, document: &Value) -> Option<String> {
        self.schemas.validate(document, self.index).err().map(|error| format!("{error:#}"))
    }
}

/// A YAML document as JSON has it; `None` when it is not YAML.
fn as_json(text: &str) -> Option<Value> {
    fn value(node: &Node) -> Value {
        match node {
            Node::Null => Value::Null,
            Node::Boolean(value) => json!(value),
            Node::Number(spelled) => serde_json::from_str(spelled).unwrap_or_else(|_| json!(spelled)),
            Node::String(text) => json!(text),
            Node::List(items) => items.iter().map(|item| value(&item.value)).collect(),
            Node::Map(entries) => {
                let entries = entries.iter().map(|(key, node)| (key.value.clone(), value(&node.value)));
                Value::Object(entries.collect::<Map<_, _>>())
            }
        }
    }
    let file = Arc::new(AuthoredFile::new("x.yaml", text));
    yaml::parse(&file).ok().map(|root| value(&root.value))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The YAML files below a folder; a file is itself.
fn yaml_files(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()]
            .into_iter()
            .filter(|path| path.extension().is_some_and(|end| end == "yaml"))
            .collect();
    }
    let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    entries
        .filter(|path| path.file_name().is_some_and(|name| name != "templates"))
        .flat_map(|path| yaml_files(&path))
        .collect()
}

fn kind_of(path: &Path) -> FileKind {
    match path.file_name().and_then(|name| name.to_str()) {
        Some("faultbook.yaml") => FileKind::Settings,
        Some("overlay.yaml") => FileKind::Overlay,
        _ => FileKind::Rule,
    }
}

/// What the program says of a document.
fn diagnostics(kind: FileKind, text: &str) -> Vec<Diagnostic> {
    if text.contains("lookup") {
        // tables are found beside rules on disk
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in [("tables/t.csv", "key,value\na,b\n"), ("rules/r.yaml", text)] {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        return Faultbook::load(&[folder.path().join("rules")], &[]).diagnostics().to_vec();
    }
    if kind == FileKind::Overlay {
        let overlay = vec![("overlay.yaml".to_owned(), text.to_owned())];
        return Faultbook::from_texts(Vec::new(), Templates::default()).with_overlays(overlay).diagnostics().to_vec();
    }
    let (rules, settings) = match kind {
        FileKind::Rule => (vec![("r.yaml".to_owned(), text.to_owned())], Vec::new()),
        FileKind::Settings | FileKind::Overlay => (Vec::new(), vec![("faultbook.yaml".to_owned(), text.to_owned())]),
    };
    Faultbook::from_texts_and_settings(rules, Templates::default(), settings).diagnostics().to_vec()
}

#[test]
fn the_reference_is_current() {
    let kept = fs::read_to_string(root().join("docs/reference.md")).unwrap_or_default();
    assert!(
        kept == reference::markdown(),
        "docs/reference.md is old; write it with: cargo run -- docs > docs/reference.md"
    );
}

#[test]
fn the_commands_print_what_the_library_makes() {
    let printed = |arguments: &[&str]| {
        let mut command = assert_cmd::Command::new(assert_cmd::cargo::cargo_bin!("faultbook"));
        let output = command.args(arguments).output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(printed(&["docs"]), reference::markdown());
    for (arguments, kind) in [
        (&["schema"] as &[_], FileKind::Rule),
        (&["schema", "settings"], FileKind::Settings),
        (&["schema", "overlay"], FileKind::Overlay),
    ] {
        let parsed: Value = serde_json::from_str(&printed(arguments)).unwrap();
        assert_eq!(parsed, schema(kind));
    }
}

#[test]
fn the_shipped_rules_fit_the_schema() {
    let validator = Validator::of(FileKind::Rule);
    let files = yaml_files(&root().join("rules"));
    assert!(files.len() > 5, "{files:?}");
    for file in files {
        let document = as_json(&fs::read_to_string(&file).unwrap()).unwrap();
        assert_eq!(validator.fault(&document), None, "{}", file.display());
    }
}

#[test]
fn the_settings_of_the_documentation_fit_the_schema() {
    let page = fs::read_to_string(root().join("docs/settings.md")).unwrap();
    let blocks: Vec<&str> = page.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(!blocks.is_empty());
    for block in blocks {
        assert_eq!(Validator::of(FileKind::Settings).fault(&as_json(block).unwrap()), None, "{block}");
    }
}

/// Cases that a schema cannot refuse: it has no calendar, no lists of zones and encodings, and does not see what a key means beside
/// another; levels have too many spellings.
const BEYOND_A_SCHEMA: &[&str] = &[
    "bad-date/no-such-day.yaml",
    "missing-key/comparison-of-a-correlation.yaml",
    "missing-key/condition.yaml",
    "missing-key/one-of-without-values.yaml",
    "unknown-value/level.yaml",
    "unknown-value/settings-encoding/faultbook.yaml",
    "unknown-value/settings-zone/faultbook.yaml",
    "wrong-type/values-of-a-boolean.yaml",
];

#[test]
fn broken_files_do_not_fit_the_schema() {
    let validators = FileKind::ALL.iter().map(|kind| (kind.name(), Validator::of(*kind)));
    let validators: BTreeMap<&str, Validator> = validators.collect();
    let (mut accepted, mut refused) = (Vec::new(), 0);
    for code in
        [Code::UnknownKey, Code::WrongType, Code::MissingKey, Code::UnknownValue, Code::BadDate, Code::NotSupported]
    {
        let folder = root().join("tests/data/diagnostics").join(code.name());
        for file in yaml_files(&folder) {
            let (kind, text) = (kind_of(&file), fs::read_to_string(&file).unwrap());
            let is_told = diagnostics(kind, &text).iter().any(|diagnostic| diagnostic.code == code);
            let Some(document) = as_json(&text).filter(|_| is_told) else { continue };
            match validators[kind.name()].fault(&document) {
                Some(_) => refused += 1,
                None => {
                    let name = file.strip_prefix(folder.parent().unwrap()).unwrap();
                    accepted.push(name.to_string_lossy().into_owned());
                }
            }
        }
    }
    accepted.sort();
    assert!(refused > 20, "{refused}");
    assert_eq!(accepted, BEYOND_A_SCHEMA);
}

/// For each mapping of the schemas a sound one, and how it stands in a file.
fn sound(mapping: &str) -> (FileKind, Value, fn(Value) -> Value) {
    fn rule(changes: Value) -> Value {
        let mut rule = json!({
            "id": "R", "title": "t",
            "signatures": { "s": { "regex": "disk (?<disk>[a-z]+) full" } },
            "tests": [{ "name": "a", "text": "disk a full", "expect": {} }, { "name": "b", "text": "b", "expect": "nothing" }],
        });
        changes.as_object().unwrap().iter().for_each(|(key, value)| rule[key] = value.clone());
        rule
    }
    let (value, wrap): (Value, fn(Value) -> Value) = match mapping {
        "rule" => (rule(json!({})), |value| value),
        "link" => (json!({ "title": "t" }), |value| rule(json!({ "links": [value] }))),
        "environment" => (json!({ "product": "p" }), |value| rule(json!({ "environment": [value] }))),
        "signature" => (json!({ "regex": "disk full" }), |value| rule(json!({ "signatures": { "s": value } }))),
        "member" => {
            (json!({ "regex": "disk full" }), |value| rule(json!({ "signatures": { "s": { "all": [value] } } })))
        }
        "optional" => (json!({ "regex": "on (?<host>[a-z]+)" }), |value| {
            rule(json!({ "signatures": { "s": { "regex": "disk full", "optional": [value] } } }))
        }),
        "correlation" => (json!({ "type": "event_count", "signatures": ["s"], "timespan": "5m", "gte": 3 }), |value| {
            rule(json!({ "correlations": { "c": value }, "condition": "s and c" }))
        }),
        "fact" => (json!({}), |value| rule(json!({ "facts": { "f": value } }))),
        "extract" => (json!({ "file": "*.txt", "regex": "f=(?<f>[a-z]+)" }), |value| {
            rule(json!({ "facts": { "f": { "extract": value } } }))
        }),
        "lookup" => {
            (json!({ "table": "t", "by": "disk" }), |value| rule(json!({ "facts": { "f": { "lookup": value } } })))
        }
        "branch" => (json!({ "title": "t", "text": "x" }), |value| rule(json!({ "resolution": [value] }))),
        "test" => {
            (json!({ "name": "a", "text": "disk a full", "expect": {} }), |value| rule(json!({ "tests": [value] })))
        }
        "expectation" => {
            (json!({}), |value| rule(json!({ "tests": [{ "name": "a", "text": "disk a full", "expect": value }] })))
        }
        "overlay" => (json!({}), |value| value),
        "change" => (json!({ "off": true }), |value| json!({ "rules": { "R": value } })),
        "filter" => (json!({ "contains": "x" }), |value| json!({ "noise": [value] })),
        "settings" => (json!({}), |value| value),
        "source" => (json!({ "path": "*.log", "zone": "UTC" }), |value| json!({ "sources": [value] })),
        "json" => (json!({ "message": "m" }), |value| json!({ "sources": [{ "path": "*.log", "json": value }] })),
        "limits" => (json!({}), |value| json!({ "limits": value })),
        "defaults" => (json!({}), |value| json!({ "defaults": value })),
        "redact" => (json!({}), |value| json!({ "redact": value })),
        "portal" => (json!({}), |value| json!({ "portal": value })),
        "mail" => (
            json!({ "server": "smtp://mail.test", "from": "a@b.test" }),
            |value| json!({ "portal": { "mail": value } }),
        ),
        "token" => {
            (json!({ "name": "t", "sha256": "0".repeat(64) }), |value| json!({ "portal": { "tokens": [value] } }))
        }
        other => panic!("say here what a sound `{other}` is, and where it stands"),
    };
    let settings = ["settings", "source", "json", "limits", "defaults", "redact", "portal", "mail", "token"];
    let overlays = ["overlay", "change", "filter"];
    let kind = match mapping {
        _ if settings.contains(&mapping) => FileKind::Settings,
        _ if overlays.contains(&mapping) => FileKind::Overlay,
        _ => FileKind::Rule,
    };
    (kind, value, wrap)
}

#[test]
fn every_key_takes_the_kinds_of_values_that_the_schema_says() {
    let probes = [
        json!(null),
        json!(true),
        json!(7),
        json!(-1),
        json!(1.5),
        json!("a text"),
        json!([]),
        json!(["x"]),
        json!([["x"]]),
        json!([null]),
        json!({}),
        json!({ "x": "y" }),
        json!({ "x": [] }),
        json!([{}]),
    ];
    let mut disagreements = Vec::new();
    for kind in FileKind::ALL {
        let (whole, validator) = (schema(*kind), Validator::of(*kind));
        let below = whole["$defs"].as_object().unwrap().iter().map(|(name, schema)| (name.as_str(), schema));
        for (mapping, schema) in below.chain([(kind.name(), &whole)]) {
            let (sound_in, sound, wrap) = sound(mapping);
            assert_eq!(sound_in, *kind, "{mapping}");
            assert_eq!(validator.fault(&wrap(sound.clone())), None, "{mapping}");
            let errors = |document: &Value| -> Vec<Diagnostic> {
                let all = diagnostics(*kind, &document.to_string());
                all.into_iter().filter(|diagnostic| diagnostic.severity == DiagnosticSeverity::Error).collect()
            };
            assert!(errors(&wrap(sound.clone())).is_empty(), "{mapping}: {:?}", errors(&wrap(sound)));
            for key in schema["properties"].as_object().unwrap().keys() {
                for probe in &probes {
                    let mut changed = sound.clone();
                    changed[key] = probe.clone();
                    let document = wrap(changed);
                    let (fault, errors) = (validator.fault(&document), errors(&document));
                    let is_known = !errors.iter().any(|error| error.code == Code::UnknownKey && !document_has_x(probe));
                    assert!(is_known, "`{key}` of {mapping} is in the table, and the reader does not know it");
                    // readers take an empty list for one that is not there
                    let is_left_out = *probe == json!([]) && schema.get("oneOf").is_some();
                    if fault.is_some() && errors.is_empty() && !is_left_out {
                        disagreements.push(format!("only the schema refuses {document}: {fault:?}"));
                    }
                    let of_kind = |error: &&Diagnostic| matches!(error.code, Code::WrongType | Code::UnknownKey);
                    if let Some(error) = errors.iter().find(of_kind).filter(|_| fault.is_none()) {
                        disagreements.push(format!("only the reader refuses {document}: {}", error.title));
                    }
                }
            }
        }
    }
    assert!(disagreements.is_empty(), "{disagreements:#?}");
}

/// Whether a probe has a key of its own, which may be unknown where it stands.
fn document_has_x(probe: &Value) -> bool {
    probe.get("x").is_some()
}
