//! What a signature or correlation is in conditions and texts: a value that is true when it matched and can be asked more.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use minijinja::Value;
use minijinja::value::{Object, ObjectRepr};

use crate::source::LogTime;

/// A signature or correlation: true when it matched or holds, with `.count`, `.first`, `.last`, `.captures` and each
/// capture by its name.
#[derive(Clone, Debug, Default)]
pub(crate) struct MatchValue {
    pub(crate) holds: bool,
    pub(crate) count: u64,
    pub(crate) first: Option<LogTime>,
    pub(crate) last: Option<LogTime>,
    pub(crate) captures: BTreeMap<String, Value>,
}

impl Object for MatchValue {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        let time = |time: Option<LogTime>| time.map_or(Value::from(()), |time| Value::from(time.to_string()));
        match key {
            "count" => Some(Value::from(self.count)),
            "first" => Some(time(self.first)),
            "last" => Some(time(self.last)),
            "captures" => Some(Value::from(self.captures.clone())),
            name => self.captures.get(name).cloned(),
        }
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn is_true(self: &Arc<Self>) -> bool {
        self.holds
    }

    fn render(self: &Arc<Self>, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.holds)
    }
}
