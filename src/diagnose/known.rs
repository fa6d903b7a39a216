//! What is known about a case before its logs are read: facts and products.
//!
//! They come from the caller (command line, request), from a facts file, and from the case's own `facts.yaml`; the first
//! that says something wins. A facts file is a mapping of fact names to values, with the products under `products`.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::rule::authored::{AuthoredFile, Span};
use crate::rule::fact::FactValue;
use crate::rule::yaml::{self, Node};
use crate::rule::{Code, Diagnostic};

/// Facts and products of a case, by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Known {
    /// Values as given; each rule brings them to the type it declares.
    pub facts: BTreeMap<String, FactValue>,
    /// Product names in lower case, and their versions; empty where only the name is known.
    pub products: BTreeMap<String, String>,
}

impl Known {
    /// Adds what `other` knows and this does not.
    pub fn fill_from(&mut self, other: Known) {
        for (name, value) in other.facts {
            self.facts.entry(name).or_insert(value);
        }
        for (name, version) in other.products {
            self.products.entry(name).or_insert(version);
        }
    }

    /// Sets a product's version; names are compared without case.
    pub fn set_product(&mut self, name: &str, version: impl Into<String>) {
        self.products.insert(name.trim().to_lowercase(), version.into());
    }

    /// The version of a product, empty if only the product is known; `None` when the case does not name it.
    pub fn product(&self, name: &str) -> Option<&str> {
        self.products.get(&name.to_lowercase()).map(String::as_str)
    }

    /// Reads a facts file. What cannot be used is reported, the rest is kept.
    pub fn from_yaml(path: &str, text: &str) -> (Self, Vec<Diagnostic>) {
        let file = Arc::new(AuthoredFile::new(path, text));
        let mut known = Known::default();
        let mut diagnostics = Vec::new();
        let fault = |at: Span, title: String, help: &str| {
            Diagnostic::error(Code::BadFact, title).at(&file, at, "cannot be used").help(help)
        };
        let root = match yaml::parse(&file) {
            Ok(root) => root,
            Err(diagnostic) => return (known, vec![diagnostic]),
        };
        let entries = match root.value {
            Node::Map(entries) => entries,
            Node::Null => Vec::new(),
            _ => {
                diagnostics.push(fault(
                    root.span,
                    format!("a facts file is a mapping of names to values, this is {}", root.value.kind()),
                    "write `name: value`, one to a line",
                ));
                Vec::new()
            }
        };
        for (name, value) in entries {
            match (name.value.as_str(), &value.value) {
                ("products", Node::Map(products)) => {
                    for (product, version) in products {
                        match &version.value {
                            Node::Null => known.set_product(&product.value, ""),
                            other => match other.scalar() {
                                Some(version) => known.set_product(&product.value, version),
                                None => diagnostics.push(fault(
                                    version.span,
                                    format!(
                                        "the product `{}` has one version, this is {}",
                                        product.value,
                                        other.kind()
                                    ),
                                    "write one version; without any, the name alone is known",
                                )),
                            },
                        }
                    }
                }
                ("products", Node::Null) => {}
                ("products", other) => diagnostics.push(fault(
                    value.span,
                    format!("`products` is a mapping of products to versions, this is {}", other.kind()),
                    "write `products: { linux: \"6.1\" }`",
                )),
                (_, node) => match FactValue::from_node(node) {
                    Some(_) if known.facts.contains_key(&name.value) => diagnostics.push(fault(
                        name.span,
                        format!("`{}` is given twice; the first is used", name.value),
                        "keep one of them",
                    )),
                    Some(fact) => {
                        known.facts.insert(name.value, fact);
                    }
                    None => diagnostics.push(fault(
                        value.span,
                        format!("the fact `{}` has one value, this is {}", name.value, node.kind()),
                        "write `name: value`, one to a line",
                    )),
                },
            }
        }
        (known, diagnostics)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_says_something_wins() {
        let (mut caller, none) = Known::from_yaml("a", "sales_order: SO1\nproducts: { POA: 5.10 }\n");
        let (case, bad) =
            Known::from_yaml("b", "sales_order: null\nmigration: true\nhosts: [a]\nproducts: { poa: 5.5 }\n");
        assert!(none.is_empty());
        assert_eq!(bad.len(), 1);
        caller.fill_from(case);
        assert_eq!(caller.facts["sales_order"], FactValue::Text("SO1".into()));
        assert_eq!(caller.facts["migration"], FactValue::Boolean(true));
        assert_eq!(caller.product("POA"), Some("5.10"));
    }
}
