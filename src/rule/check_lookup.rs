//! The checks of `lookup`: the table, its column, the name that gives the key, and whether the fact can have the values.

use crate::rule::check_parts::PartChecker;
use crate::rule::diagnostic::{Code, Diagnostic, suggest};
use crate::rule::fact::{Fact, Lookup};
use crate::rule::file::LookupFile;
use crate::rule::names::Names;
use crate::rule::table::Table;
use crate::rule::tables::Tables;

impl PartChecker<'_> {
    /// Checks the `lookup` of a fact whose type is known.
    pub(crate) fn lookup(
        &mut self,
        written: &LookupFile,
        fact: &Fact,
        names: &Names,
        tables: &Tables,
    ) -> Option<Lookup> {
        let is_known = self.is_value(written, names);
        let table = match tables.find(&written.table.value) {
            Some(Some(table)) => table,
            Some(None) => {
                let title = format!("the table `{}` cannot be used", written.table.value);
                let help = Some("mend its file, which has a mistake of its own".to_owned());
                self.error(Code::MissingTable, written.table.span, title, "named here", help);
                return None;
            }
            None => {
                self.missing_table(written, tables);
                return None;
            }
        };
        let lookup =
            Lookup { column: self.column(written, table)?, table: table.clone(), by: written.by.value.clone() };
        self.values_fit(written, fact, &lookup);
        is_known.then_some(lookup)
    }

    /// Whether `by` names something that has a value: a fact or a capture.
    fn is_value(&mut self, written: &LookupFile, names: &Names) -> bool {
        let has_no_value = |name: &str| {
            let mut others = names.signatures.iter().chain(&names.correlations);
            others.any(|(other, _)| other == name)
        };
        let by = written.by.value.as_str();
        let is_known = names.all.iter().any(|name| name == by) && !has_no_value(by);
        if !is_known {
            let values: Vec<&str> = names.all.iter().map(String::as_str).filter(|name| !has_no_value(name)).collect();
            let title = format!("`{by}` is neither a fact nor a capture of one signature of this rule");
            self.error(Code::UnknownName, written.by.span, title, "no value to look up", suggest(by, &values));
        }
        is_known
    }

    fn missing_table(&mut self, written: &LookupFile, tables: &Tables) {
        let known: Vec<&str> = tables.names().collect();
        let title = format!("there is no table `{}` below tables/", written.table.value);
        let help = match written.table.value.rsplit_once('.') {
            Some((name, "csv" | "yaml" | "yml")) if known.contains(&name) => {
                format!("write `{name}`, without the ending")
            }
            _ => suggest(&written.table.value, &known).unwrap_or_else(|| {
                format!("put `{}.csv` or `.yaml` into the folder tables/ beside the rules", written.table.value)
            }),
        };
        self.error(Code::MissingTable, written.table.span, title, "not found", Some(help));
    }

    /// The position of the column with the value.
    fn column(&mut self, written: &LookupFile, table: &Table) -> Option<usize> {
        let values: Vec<&str> = table.columns().iter().skip(1).map(String::as_str).collect();
        let Some(column) = &written.column else {
            if values.len() == 1 {
                return Some(1);
            }
            let title = format!("the table `{}` has several columns with values", table.name());
            let help = format!("write `column:` with one of {}", values.join(", "));
            self.error(Code::UnknownColumn, written.table.span, title, "which of them?", Some(help));
            return None;
        };
        if let Some(at) = values.iter().position(|name| *name == column.value) {
            return Some(at + 1);
        }
        let (title, label) = match table.columns().first() == Some(&column.value) {
            true => {
                (format!("`{}` is the column of the keys in the table `{}`", column.value, table.name()), "the keys")
            }
            false => (format!("the table `{}` has no column `{}`", table.name(), column.value), "not a column"),
        };
        self.error(Code::UnknownColumn, column.span, title, label, suggest(&column.value, &values));
        None
    }

    /// Reports the first value of a column that the fact cannot have.
    fn values_fit(&mut self, written: &LookupFile, fact: &Fact, lookup: &Lookup) {
        let refused = |(value, span)| Some((fact.accept(value).err()?, span));
        let mut refused = lookup.table.column(lookup.column).filter_map(refused);
        let Some((error, span)) = refused.next() else { return };
        let more = match refused.count() {
            0 => String::new(),
            more => format!("; so it is in {more} more rows"),
        };
        let title = format!(
            "looked up, the fact `{}` can be `{}`, but {} is wanted{more}",
            error.name, error.given, error.wanted
        );
        let place = written.column.as_ref().unwrap_or(&written.table).span;
        let diagnostic = Diagnostic::error(Code::BadTable, title)
            .at(self.file, place, "looked up here")
            .at(lookup.table.file(), span, "does not fit")
            .help("mend the cell, or the type of the fact; an empty cell of a CSV file says nothing");
        self.diagnostics.push(diagnostic);
    }
}
