//! Tables beside the rules, for `lookup`: rows found by the value in their first column.
//!
//! A table is a CSV file (RFC 4180, with a line of column names) or a YAML mapping from keys to columns. What is wrong with a row is
//! reported and the row left out; the others are used. `table_csv` splits CSV into cells, `Tables` finds the files.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use crate::rule::authored::{AuthoredFile, Located, Span};
use crate::rule::diagnostic::{Code, Diagnostic};
use crate::rule::fact::FactValue;
use crate::rule::table_csv::{self, CsvError};
use crate::rule::yaml::{self, Node};

/// Bytes of a table; larger ones belong into a database, and would make every start slow.
pub const TABLE_BYTES: usize = 4 << 20;

/// The name of the column that has the keys of a YAML table.
const KEY: &str = "key";
/// The name of the column of a YAML table that has one value for each key.
const VALUE: &str = "value";

/// A checked table.
#[derive(Debug)]
pub struct Table {
    name: String,
    file: Arc<AuthoredFile>,
    /// The names of the columns; the first one has the keys.
    columns: Vec<String>,
    /// For each row its cells without the key; `None` where a cell is empty.
    rows: Vec<Vec<Located<Option<FactValue>>>>,
    by_key: HashMap<String, usize>,
}

impl Table {
    /// Reads a table: YAML where its file's name says so, else CSV. `None` when it has no columns; otherwise as much as is sound.
    pub(crate) fn read(name: &str, file: Arc<AuthoredFile>) -> (Option<Self>, Vec<Diagnostic>) {
        let is_csv = file.path().ends_with(".csv");
        let table =
            Table { name: name.to_owned(), file, columns: Vec::new(), rows: Vec::new(), by_key: HashMap::new() };
        let mut reading = Reading { table, keys: HashMap::new(), diagnostics: Vec::new() };
        match is_csv {
            true => reading.csv(),
            false => reading.yaml(),
        }
        let Reading { table, diagnostics, .. } = reading;
        (Some(table).filter(|table| !table.columns.is_empty()), diagnostics)
    }

    /// The name that rules use.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file it was read from.
    pub fn file(&self) -> &Arc<AuthoredFile> {
        &self.file
    }

    /// The names of the columns; the first one has the keys.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// How many rows can be used.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether no row can be used.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The value in a column, by its position in [`Table::columns`], of the row with a key. `None` without that row, or where it says nothing.
    pub fn value(&self, key: &str, column: usize) -> Option<&FactValue> {
        let row = self.rows.get(*self.by_key.get(key)?)?;
        row.get(column.checked_sub(1)?)?.value.as_ref()
    }

    /// The values of a column with their places, in the order of the rows.
    pub(crate) fn column(&self, column: usize) -> impl Iterator<Item = (&FactValue, Span)> {
        let cell = move |row: &'_ Vec<Located<Option<FactValue>>>| column.checked_sub(1).filter(|at| *at < row.len());
        self.rows.iter().filter_map(move |row| {
            let at = cell(row)?;
            Some((row[at].value.as_ref()?, row[at].span))
        })
    }
}

struct Reading {
    table: Table,
    /// Where each key stands.
    keys: HashMap<String, Span>,
    diagnostics: Vec<Diagnostic>,
}

impl Reading {
    fn fault(&mut self, span: Span, title: impl Into<String>, label: &str, help: &str) {
        let diagnostic = Diagnostic::error(Code::BadTable, title).at(&self.table.file, span, label);
        self.diagnostics.push(diagnostic.help(help));
    }

    fn csv(&mut self) {
        let file = Arc::clone(&self.table.file);
        let records = match table_csv::records(file.text()) {
            Ok(records) => records,
            Err(CsvError { message, span, help }) => return self.fault(span, message, "here", help),
        };
        let mut records = records.into_iter();
        let Some(header) = records.next() else {
            let help = "write the names of the columns in the first line, and one row to a line";
            return self.fault(Span::default(), "the table is empty", "no columns", help);
        };
        let whole =
            Span::new(header.first().map_or(0, |cell| cell.span.start)..header.last().map_or(0, |cell| cell.span.end));
        if let [only] = header.as_slice() {
            let help = match only.value.contains([';', '\t']) {
                true => "separate cells with commas",
                false => "add a column, separated by a comma: the first one has the keys",
            };
            return self.fault(whole, "the table has one column, so that nothing can be looked up", "one column", help);
        }
        if !self.columns(&header) {
            return;
        }
        for mut cells in records {
            let span = Span::new(
                cells.first().map_or(0, |cell| cell.span.start)..cells.last().map_or(0, |cell| cell.span.end),
            );
            if cells.len() != header.len() {
                let title = format!("this row has {} cells, the table has {} columns", cells.len(), header.len());
                self.fault(span, title, "left out", "a cell with a comma in it is written in double quotes");
                continue;
            }
            let key = cells.remove(0);
            let value = |text: String| (!text.is_empty()).then_some(FactValue::Text(text));
            self.row(key, cells.into_iter().map(|cell| cell.map(value)).collect());
        }
    }

    /// Takes the names of the columns; false if they cannot be used.
    fn columns(&mut self, names: &[Located<String>]) -> bool {
        for (at, name) in names.iter().enumerate() {
            if name.value.is_empty() {
                self.fault(name.span, "a column has no name", "nothing here", "name each column in the first line");
                return false;
            }
            if let Some(first) = names[..at].iter().find(|earlier| earlier.value == name.value) {
                let diagnostic = Diagnostic::error(Code::BadTable, format!("two columns are called `{}`", name.value))
                    .at(&self.table.file, name.span, "the second")
                    .at(&self.table.file, first.span, "the first")
                    .help("rename one of them");
                self.diagnostics.push(diagnostic);
                return false;
            }
        }
        self.table.columns = names.iter().map(|name| name.value.clone()).collect();
        true
    }

    fn row(&mut self, key: Located<String>, cells: Vec<Located<Option<FactValue>>>) {
        match self.keys.entry(key.value) {
            Entry::Occupied(first) => {
                let diagnostic = Diagnostic::error(Code::BadTable, format!("two rows have the key `{}`", first.key()))
                    .at(&self.table.file, key.span, "left out")
                    .at(&self.table.file, *first.get(), "the first, which is used")
                    .help("keep one of them");
                self.diagnostics.push(diagnostic);
            }
            Entry::Vacant(free) => {
                self.table.by_key.insert(free.key().clone(), self.table.rows.len());
                free.insert(key.span);
                self.table.rows.push(cells);
            }
        }
    }

    fn yaml(&mut self) {
        const HELP: &str = "write `key: value`, or `key: { column: value, … }`, one key to a line";
        let root = match yaml::parse(&self.table.file) {
            Ok(root) => root,
            Err(diagnostic) => return self.diagnostics.push(diagnostic),
        };
        let entries = match root.value {
            Node::Map(entries) if !entries.is_empty() => entries,
            Node::Map(_) | Node::Null => {
                return self.fault(root.span, "the table is empty", "no rows", HELP);
            }
            other => {
                let title = format!("a table is a mapping of keys, this is {}", other.kind());
                return self.fault(root.span, title, "not a mapping", HELP);
            }
        };
        let key = Located::new(KEY.to_owned(), Span::default());
        let names: Vec<Located<String>> = match entries.first().map(|(_, first)| &first.value) {
            Some(Node::Map(columns)) => {
                std::iter::once(key).chain(columns.iter().map(|(name, _)| name.clone())).collect()
            }
            _ => vec![key, Located::new(VALUE.to_owned(), Span::default())],
        };
        if !self.columns(&names) {
            return;
        }
        let is_mapping = matches!(entries.first(), Some((_, first)) if matches!(first.value, Node::Map(_)));
        for (key, node) in entries {
            let cells = match (node.value, is_mapping) {
                (Node::Map(cells), true) => cells,
                (Node::Map(_), false) => {
                    self.fault(node.span, "the first key has one value, and this one has columns", "left out", HELP);
                    continue;
                }
                (_, true) => {
                    self.fault(node.span, "the first key has columns, and this one has none", "left out", HELP);
                    continue;
                }
                (value, false) => vec![(Located::new(VALUE.to_owned(), node.span), Located::new(value, node.span))],
            };
            if let Some(cells) = self.cells(&key, cells) {
                self.row(key, cells);
            }
        }
    }

    /// The cells of a row in the order of the columns; `None` when they are not those of the table.
    fn cells(
        &mut self,
        key: &Located<String>,
        given: Vec<(Located<String>, Located<Node>)>,
    ) -> Option<Vec<Located<Option<FactValue>>>> {
        let columns: Vec<String> = self.table.columns.iter().skip(1).cloned().collect();
        let mut cells: Vec<Option<Located<Option<FactValue>>>> = vec![None; columns.len()];
        for (name, node) in given {
            let Some(at) = columns.iter().position(|column| *column == name.value) else {
                let title = format!("the first row has no column `{}`", name.value);
                self.fault(name.span, title, "row left out", "every row has the columns of the first one");
                return None;
            };
            let Some(value) = FactValue::from_node(&node.value) else {
                let title = format!("a cell has one value, this is {}", node.value.kind());
                self.fault(node.span, title, "row left out", "write a single value");
                return None;
            };
            if cells[at].is_some() {
                let title = format!("the column `{}` is given twice", name.value);
                self.fault(name.span, title, "row left out", "keep one of them");
                return None;
            }
            cells[at] = Some(Located::new(Some(value), node.span));
        }
        if let Some(missing) = cells.iter().position(Option::is_none) {
            let title = format!("the row `{}` has no `{}`, which the first row has", key.value, columns[missing]);
            self.fault(key.span, title, "left out", "every row has the columns of the first one; `null` is none");
            return None;
        }
        Some(cells.into_iter().flatten().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &str, text: &str) -> (Table, Vec<String>) {
        let (table, diagnostics) = Table::read("t", Arc::new(AuthoredFile::new(path, text)));
        (table.expect("columns"), diagnostics.into_iter().map(|diagnostic| diagnostic.title).collect())
    }

    #[test]
    fn rows_are_found_by_their_first_column() {
        let (table, faults) = read("t.csv", "code,name,tier\nmars-1,Mars,\n\"a,b\",\"say \"\"x\"\"\",2\n");
        assert!(faults.is_empty());
        assert_eq!(table.columns(), ["code", "name", "tier"]);
        assert_eq!(table.value("mars-1", 1), Some(&FactValue::Text("Mars".into())));
        assert_eq!(table.value("mars-1", 2), None, "an empty cell says nothing");
        assert_eq!(table.value("a,b", 1), Some(&FactValue::Text("say \"x\"".into())));
        assert_eq!((table.value("Mars", 1), table.value("mars-1", 0), table.value("mars-1", 9)), (None, None, None));
    }

    #[test]
    fn a_yaml_table_has_columns_or_one_value() {
        let (table, faults) = read("t.yaml", "eu: { name: Europe, tier: 1 }\nus: { tier: null, name: America }\n");
        assert!(faults.is_empty());
        assert_eq!(table.columns(), ["key", "name", "tier"]);
        assert_eq!(table.value("us", 1), Some(&FactValue::Text("America".into())));
        assert_eq!(table.value("us", 2), Some(&FactValue::None));
        let (table, faults) = read("t.yml", "137: killed\n1: failed\n");
        assert_eq!((table.value("137", 1), faults.len()), (Some(&FactValue::Text("killed".into())), 0));
    }

    #[test]
    fn a_bad_row_is_left_out_and_the_others_are_used() {
        let (table, faults) = read("t.csv", "k,v\na,1\nb\na,2\nc,3\n");
        assert_eq!((table.len(), faults.len()), (2, 2), "{faults:?}");
        assert_eq!(table.value("a", 1), Some(&FactValue::Text("1".into())), "the first one counts");
        let (table, faults) = read("t.yaml", "a: { v: 1 }\nb: { w: 1 }\nc: {}\nd: { v: [1] }\ne: 1\nf: { v: 2 }\n");
        assert_eq!((table.len(), faults.len()), (2, 4), "{faults:?}");
    }
}
