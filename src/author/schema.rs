//! JSON Schemas of rule files, of `faultbook.yaml` and of overlays, for editors and for whoever writes such files by program.
//!
//! They are made of the tables of keys that the readers use, so they know every key, what kind of value it takes, which keys have to be
//! there, and a description of each. What a schema cannot say (whether a regex is valid, whether a name exists) is `check`'s to say; it
//! accepts nothing that the schema refuses.

use serde_json::{Map, Value, json};

use crate::rule::keys::{Absent, Key, Mapping, Needs, Shape};
use crate::rule::{Level, overlay_keys, rule_keys, settings_keys};

/// A date as it is written.
const DATE: &str = r"^\d{4}-\d{2}-\d{2}$";
/// The id of a rule.
const ID: &str = r"^[A-Za-z0-9._-]+$";
/// A name that conditions can use.
const NAME: &str = r"^[A-Za-z_][A-Za-z0-9_]*$";
/// A number of bytes.
const SIZE: &str = r"^[0-9]+(\.[0-9]{1,3})?( *([KkMmGgTt][Ii])?[Bb])?$";

/// A kind of file that authors write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A rule.
    Rule,
    /// A `faultbook.yaml`.
    Settings,
    /// An `overlay.yaml`.
    Overlay,
}

impl FileKind {
    /// Every kind.
    pub const ALL: &'static [FileKind] = &[FileKind::Rule, FileKind::Settings, FileKind::Overlay];

    /// The word for it on the command line.
    pub fn name(self) -> &'static str {
        match self {
            FileKind::Rule => "rule",
            FileKind::Settings => "settings",
            FileKind::Overlay => "overlay",
        }
    }

    /// The table of its keys.
    pub(crate) fn mapping(self) -> &'static Mapping {
        match self {
            FileKind::Rule => &rule_keys::RULE,
            FileKind::Settings => &settings_keys::SETTINGS,
            FileKind::Overlay => &overlay_keys::OVERLAY,
        }
    }
}

/// The schema of a kind of file, JSON Schema 2020-12.
pub fn schema(kind: FileKind) -> Value {
    let root = kind.mapping();
    let mut definitions = Map::new();
    for mapping in mappings(root).into_iter().skip(1) {
        definitions.insert(mapping.name.to_owned(), of_mapping(mapping));
    }
    let mut schema = of_mapping(root);
    if let Value::Object(fields) = &mut schema {
        fields.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
        fields.insert("title".to_owned(), json!(format!("Faultbook {}", root.name)));
        fields.insert("$defs".to_owned(), Value::Object(definitions));
    }
    schema
}

/// A mapping and all that stand below it, each once, in the order in which they are named.
pub(crate) fn mappings(root: &'static Mapping) -> Vec<&'static Mapping> {
    fn below(shape: &Shape, found: &mut Vec<&'static Mapping>) {
        match *shape {
            Shape::Mapping(mapping) if !found.iter().any(|known| known.name == mapping.name) => {
                found.push(mapping);
                mapping.keys.iter().for_each(|key| below(&key.shape, found));
            }
            Shape::List(item) | Shape::OneOrMore(item) | Shape::Named(_, item) | Shape::NamedOrBare(_, item) => {
                below(item, found);
            }
            Shape::Either(one, other) => {
                below(one, found);
                below(other, found);
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    below(&Shape::Mapping(root), &mut found);
    found
}

fn of_mapping(mapping: &Mapping) -> Value {
    let properties: Map<String, Value> = mapping.keys.iter().map(|key| (key.name.to_owned(), of_key(key))).collect();
    let required: Vec<&str> =
        mapping.keys.iter().filter(|key| key.default == Absent::Required).map(|key| key.name).collect();
    let mut schema = json!({
        "type": "object",
        "description": mapping.about,
        "properties": properties,
        "additionalProperties": false,
    });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    let each = |keys: &[&str]| keys.iter().map(|key| json!({ "required": [key] })).collect::<Value>();
    match mapping.needs {
        Needs::Nothing => {}
        Needs::AnyOf(keys) => schema["anyOf"] = each(keys),
        Needs::OneOf(keys) => schema["oneOf"] = each(keys),
        Needs::Keys(count) => schema["minProperties"] = json!(count),
    }
    schema
}

fn of_key(key: &Key) -> Value {
    let mut schema = of_shape(&key.shape);
    schema["description"] = json!(key.about);
    if let Absent::Value(default) = key.default {
        // as YAML would read it
        schema["default"] = match key.shape {
            Shape::Boolean | Shape::Integer | Shape::Count(_) => default.parse().unwrap_or_default(),
            _ => json!(default),
        };
    }
    schema
}

fn of_shape(shape: &Shape) -> Value {
    let text = json!({ "type": ["string", "number", "boolean"] });
    match *shape {
        Shape::Text(_) | Shape::Expression | Shape::Template => text,
        Shape::Id => json!({ "type": ["string", "number", "boolean"], "pattern": ID }),
        Shape::Matching(_, pattern) => json!({ "type": "string", "pattern": pattern }),
        Shape::Choice(choices) => json!({ "enum": choices }),
        Shape::Level => json!({ "type": "string", "examples": Level::NAMES }),
        Shape::Date => json!({ "type": "string", "pattern": DATE }),
        Shape::Boolean => json!({ "type": "boolean" }),
        Shape::Integer => json!({ "type": "integer" }),
        Shape::Count(most) => within("integer", 0, most),
        Shape::Limit(range) if range.is_size => json!({ "type": ["number", "string"], "minimum": 0, "pattern": SIZE }),
        Shape::Limit(range) => within("integer", range.least, range.most),
        Shape::Scalar => json!({ "type": ["string", "number", "boolean", "null"] }),
        Shape::List(item) => json!({ "type": "array", "items": of_shape(item) }),
        Shape::OneOrMore(item) => json!({ "anyOf": [of_shape(item), { "type": "array", "items": of_shape(item) }] }),
        Shape::Either(one, other) => json!({ "anyOf": [of_shape(one), of_shape(other)] }),
        Shape::Mapping(mapping) => json!({ "$ref": format!("#/$defs/{}", mapping.name) }),
        Shape::Named(what, value) => named(what, of_shape(value)),
        Shape::NamedOrBare(what, value) => named(what, json!({ "anyOf": [of_shape(value), { "type": "null" }] })),
    }
}

fn within(kind: &str, least: u64, most: u64) -> Value {
    let mut schema = json!({ "type": kind, "minimum": least });
    if most < u64::MAX {
        schema["maximum"] = json!(most);
    }
    schema
}

/// A mapping from what the author names. Names of the author's own are such that conditions can use them.
fn named(what: &str, value: Value) -> Value {
    let mut schema = json!({ "type": "object", "additionalProperties": value });
    if what == "name" {
        schema["propertyNames"] = json!({ "pattern": NAME });
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mappings_of_one_name_are_one_mapping() {
        for kind in FileKind::ALL {
            for mapping in mappings(kind.mapping()) {
                let mut names: Vec<&str> = mapping.names().collect();
                names.sort_unstable();
                names.dedup();
                assert_eq!(names.len(), mapping.keys.len(), "{}", mapping.name);
                let needs: &[&str] = match mapping.needs {
                    Needs::AnyOf(keys) | Needs::OneOf(keys) => keys,
                    Needs::Nothing | Needs::Keys(_) => &[],
                };
                assert!(needs.iter().all(|key| mapping.has(key)), "{}", mapping.name);
                assert!(mapping.later.iter().all(|key| !mapping.has(key)), "{}", mapping.name);
            }
        }
    }

    #[test]
    fn defaults_are_values_that_the_key_takes() {
        let rule = schema(FileKind::Rule);
        assert_eq!(rule["properties"]["fallback"]["default"], json!(false));
        assert_eq!(rule["properties"]["priority"]["default"], json!(0));
        assert_eq!(rule["properties"]["severity"]["default"], json!("error"));
        assert_eq!(rule["required"], json!(["id", "title"]));
    }
}
