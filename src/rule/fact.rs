//! Facts: what a rule wants to know about a case, and the values that may be known.

use std::fmt;
use std::sync::Arc;

use minijinja::Value;
use serde::{Deserialize, Serialize};

use crate::rule::condition::Condition;
use crate::rule::extract::Extract;
use crate::rule::table::Table;
use crate::rule::version::Version;
use crate::rule::vocabulary::FactType;
use crate::rule::yaml::Node;

/// A fact of a checked rule.
#[derive(Clone, Debug)]
pub struct Fact {
    /// The name conditions and texts use.
    pub name: String,
    /// What it means, for people.
    pub about: Option<String>,
    /// What values it may have.
    pub kind: FactType,
    /// The choices of a `one-of`; empty for the other types.
    pub values: Vec<String>,
    /// Where in the sources of a case its value stands; of several the first that gives one counts.
    pub extract: Vec<Extract>,
    /// Which cell of a table is its value.
    pub lookup: Option<Lookup>,
    /// How its value follows from other names.
    pub derive: Option<Condition>,
    /// The question to a person.
    pub ask: Option<String>,
}

impl Fact {
    /// Whether it follows from other names for certain: before there is a case, a fact that may stand in its sources or in a table
    /// follows from nothing.
    pub(crate) fn follows(&self, before_case: bool) -> bool {
        match before_case {
            true => self.derive.is_some() && self.extract.is_empty() && self.lookup.is_none(),
            false => self.derive.is_some() || self.lookup.is_some(),
        }
    }

    /// The names from which it may follow: of its `lookup` and its `derive`.
    pub fn rests_on(&self) -> Vec<&str> {
        let derived = self.derive.as_ref().map(Condition::names).unwrap_or_default();
        self.lookup.iter().map(|lookup| lookup.by.as_str()).chain(derived).collect()
    }

    /// Every value the fact can have, where they can be counted.
    pub fn domain(&self) -> Option<Vec<Value>> {
        match self.kind {
            FactType::Boolean => Some(vec![Value::from(true), Value::from(false)]),
            FactType::OneOf => Some(self.values.iter().map(|value| Value::from(value.as_str())).collect()),
            FactType::Number | FactType::String | FactType::Version => None,
        }
    }

    /// Brings a given value to the fact's type; the error says what was wanted.
    pub fn accept(&self, given: &FactValue) -> Result<FactValue, FactError> {
        let text = match given {
            FactValue::None => return Ok(FactValue::None),
            other => other.to_string(),
        };
        let refused =
            |wanted: &str| FactError { name: self.name.clone(), given: text.clone(), wanted: wanted.to_owned() };
        match self.kind {
            FactType::String => Ok(FactValue::Text(text)),
            FactType::Boolean => match text.to_ascii_lowercase().as_str() {
                "true" | "yes" | "y" | "1" => Ok(FactValue::Boolean(true)),
                "false" | "no" | "n" | "0" => Ok(FactValue::Boolean(false)),
                _ => Err(refused("true or false")),
            },
            FactType::Number => match text.parse::<f64>() {
                Ok(number) if number.is_finite() => Ok(FactValue::Number(number)),
                _ => Err(refused("a number")),
            },
            FactType::Version => match text.parse::<Version>() {
                Ok(_) => Ok(FactValue::Text(text)),
                Err(_) => Err(refused("a version number")),
            },
            FactType::OneOf if self.values.contains(&text) => Ok(FactValue::Text(text)),
            FactType::OneOf => Err(refused(&format!("one of {}", self.values.join(", ")))),
        }
    }
}

/// Which cell of a table is the value of a fact.
#[derive(Clone, Debug)]
pub struct Lookup {
    /// The table.
    pub table: Arc<Table>,
    /// The fact or capture whose value is looked for in the first column.
    pub by: String,
    /// The column that has the value, by its position in [`Table::columns`].
    pub column: usize,
}

impl Lookup {
    /// The value for a key. `None` when the table says nothing about it, and when the key is none or several values.
    pub fn value(&self, key: &Value) -> Option<&FactValue> {
        use minijinja::value::ValueKind;
        match key.kind() {
            ValueKind::String => self.table.value(key.as_str()?, self.column),
            ValueKind::Bool | ValueKind::Number => {
                self.table.value(&FactValue::from_value(key).to_string(), self.column)
            }
            _ => None,
        }
    }
}

/// A value that does not fit a fact's type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("fact `{name}` is `{given}`, but {wanted} is wanted")]
pub struct FactError {
    /// The fact.
    pub name: String,
    /// What was given.
    pub given: String,
    /// What its type allows.
    pub wanted: String,
}

/// The value of a fact, as given, extracted or derived.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "portal", derive(utoipa::ToSchema))]
#[serde(untagged)]
pub enum FactValue {
    /// Known to have no value: there is no such thing.
    None,
    /// True or false.
    Boolean(bool),
    /// A number.
    Number(f64),
    /// Any text, also a version or a choice.
    Text(String),
}

impl FactValue {
    /// A value as given on a command line, where everything is text: `none` and `null` mean "there is none".
    pub fn from_argument(text: &str) -> Self {
        match text {
            "none" | "null" => FactValue::None,
            _ => FactValue::Text(text.to_owned()),
        }
    }

    /// A value as written in YAML; `None` for lists and mappings.
    pub fn from_node(node: &Node) -> Option<Self> {
        match node {
            Node::Null => Some(FactValue::None),
            Node::Boolean(value) => Some(FactValue::Boolean(*value)),
            Node::Number(spelled) => Some(FactValue::Text(spelled.clone())),
            Node::String(text) => Some(FactValue::Text(text.clone())),
            Node::List(_) | Node::Map(_) => None,
        }
    }

    /// The value as expressions see it; whole numbers without a fraction.
    pub fn to_value(&self) -> Value {
        match self {
            FactValue::None => Value::from(()),
            FactValue::Boolean(value) => Value::from(*value),
            FactValue::Number(number) if number.fract() == 0.0 && number.abs() < 9e15 => Value::from(*number as i64),
            FactValue::Number(number) => Value::from(*number),
            FactValue::Text(text) => Value::from(text.as_str()),
        }
    }

    /// The value of an evaluated `derive`.
    pub fn from_value(value: &Value) -> Self {
        use minijinja::value::ValueKind;
        match value.kind() {
            ValueKind::None | ValueKind::Undefined => FactValue::None,
            ValueKind::Bool => FactValue::Boolean(value.is_true()),
            ValueKind::Number => {
                f64::try_from(value.clone()).map_or_else(|_| FactValue::Text(value.to_string()), FactValue::Number)
            }
            _ => FactValue::Text(value.to_string()),
        }
    }
}

impl fmt::Display for FactValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FactValue::None => formatter.write_str("none"),
            FactValue::Boolean(value) => write!(formatter, "{value}"),
            FactValue::Number(number) => write!(formatter, "{number}"),
            FactValue::Text(text) => formatter.write_str(text),
        }
    }
}
