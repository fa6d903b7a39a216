//! CSV as spreadsheets write it (RFC 4180): cells between commas, quotes around those that need them, line breaks within quotes.
//!
//! It gives every cell with its place, which the crates at hand do not, and refuses what they guess about. What cells mean is `table`'s.

use crate::rule::authored::{Located, Span};

/// What is wrong with a file as a whole.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct CsvError {
    pub(crate) message: &'static str,
    pub(crate) span: Span,
    pub(crate) help: &'static str,
}

/// The cells of each line that is not empty. Spaces around an unquoted cell do not belong to it. Cost: linear.
pub(crate) fn records(text: &str) -> Result<Vec<Vec<Located<String>>>, CsvError> {
    let mut records = Vec::new();
    let mut record = Vec::new();
    let mut at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    while at < text.len() {
        let (cell, end) = cell(text, at)?;
        record.push(cell);
        let rest = text.get(end..).unwrap_or_default();
        if rest.starts_with(',') {
            at = end + 1;
            if at < text.len() {
                continue;
            }
            record.push(Located::new(String::new(), Span::new(at..at)));
        } else {
            at = end + if rest.starts_with("\r\n") { 2 } else { 1 };
        }
        let is_empty = matches!(record.as_slice(), [only] if only.value.is_empty() && only.span.start == only.span.end);
        let record = std::mem::take(&mut record);
        records.extend((!is_empty).then_some(record));
    }
    Ok(records)
}

/// The cell that begins at a place, and where the comma or line break behind it is.
fn cell(text: &str, start: usize) -> Result<(Located<String>, usize), CsvError> {
    let rest = text.get(start..).unwrap_or_default();
    let begin = start + rest.len() - rest.trim_start_matches([' ', '\t']).len();
    let rest = text.get(begin..).unwrap_or_default();
    if !rest.starts_with('"') {
        let length = rest.find([',', '\n']).unwrap_or(rest.len());
        // the carriage return of a line break is no part of the cell, nor of the spaces before it
        let length =
            if rest[length..].starts_with('\n') && rest[..length].ends_with('\r') { length - 1 } else { length };
        let value = rest[..length].trim_end();
        return Ok((Located::new(value.to_owned(), Span::new(begin..begin + value.len())), begin + length));
    }
    let mut value = String::new();
    let mut at = begin + 1;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let Some(length) = rest.find('"') else {
            let help = "close it; a quote within a quoted cell is written twice";
            return Err(CsvError { message: "a quote is not closed", span: Span::new(begin..begin + 1), help });
        };
        value.push_str(&rest[..length]);
        at += length + 1;
        let behind = text.get(at..).unwrap_or_default();
        if behind.starts_with('"') {
            value.push('"');
            at += 1;
            continue;
        }
        let end = at + behind.len() - behind.trim_start_matches([' ', '\t']).len();
        let next = text.get(end..).unwrap_or_default();
        if next.is_empty() || next.starts_with([',', '\n']) || next.starts_with("\r\n") {
            return Ok((Located::new(value, Span::new(begin..at)), end));
        }
        let width = next.chars().next().map_or(0, char::len_utf8);
        let help = "put the whole cell in quotes; a quote within it is written twice";
        return Err(CsvError {
            message: "there is text behind a quoted cell",
            span: Span::new(end..end + width),
            help,
        });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cells(text: &str) -> Vec<Vec<String>> {
        let records = records(text).expect("sound");
        records.into_iter().map(|record| record.into_iter().map(|cell| cell.value).collect()).collect()
    }

    #[test]
    fn cells_are_divided_as_spreadsheets_do() {
        assert_eq!(
            cells("\u{feff}a,b\r\n1 , \"x, \"\"y\"\"\nz\" ,\r\n\r\n,"),
            [vec!["a", "b"], vec!["1", "x, \"y\"\nz", ""], vec!["", ""],]
        );
        assert!(cells("").is_empty());
    }

    #[test]
    fn quotes_that_do_not_fit_are_refused_with_their_place() {
        let fault = |text| records(text).map(|_| ()).expect_err("refused");
        assert_eq!((fault("a,\"b\nc").message, fault("a,\"b\nc").span), ("a quote is not closed", Span::new(2..3)));
        assert_eq!(fault("\"a\"é,b").span, Span::new(3..5));
    }

    proptest! {
        #[test]
        fn places_show_the_cells(text in "[a,\"\n\r é]{0,30}") {
            for cell in records(&text).into_iter().flatten().flatten() {
                let shown = &text[cell.span.range()];
                let unquoted = shown.strip_prefix('"').and_then(|shown| shown.strip_suffix('"'));
                prop_assert_eq!(unquoted.map_or(shown.to_owned(), |inner| inner.replace("\"\"", "\"")), cell.value);
            }
        }
    }
}
