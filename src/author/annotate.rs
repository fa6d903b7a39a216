//! Diagnostics for machines that show them beside the files: GitHub's workflow commands, and SARIF.
//!
//! Both say the same as the terminal; columns and escapes are those of each format. The JSON of `check` is the serialised
//! [`Diagnostic`] itself.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::rule::authored::{AuthoredFile, Span};
use crate::rule::diagnostic::Label;
use crate::rule::{Code, Diagnostic, DiagnosticSeverity, Fix};

/// One line for each diagnostic, which GitHub Actions shows beside the line that it is about.
pub fn github(diagnostics: &[Diagnostic]) -> String {
    diagnostics.iter().map(|diagnostic| command(diagnostic) + "\n").collect()
}

fn command(diagnostic: &Diagnostic) -> String {
    let mut properties = Vec::new();
    if let Some(label) = diagnostic.labels.first() {
        properties.push(format!("file={}", property(label.file.path())));
        if !label.file.text().is_empty() {
            let (start, end) = (label.file.position(label.span.start), label.file.position(label.span.end));
            properties.push(format!("line={},endLine={}", start.line, end.line));
            // columns are taken for places in one line only
            if start.line == end.line {
                properties.push(format!("col={},endColumn={}", start.column, end.column));
            }
        }
    }
    properties.push(format!("title={}", property(&format!("{} [{}]", diagnostic.severity, diagnostic.code))));
    let label = diagnostic.labels.first().map(|label| label.text.as_str()).filter(|text| !text.is_empty());
    let label = label.map(|text| format!(" ({text})")).unwrap_or_default();
    let help = diagnostic.help.as_ref().map(|help| format!("\nhelp: {help}")).unwrap_or_default();
    let message = data(&format!("{}{label}{help}", diagnostic.title));
    format!("::{} {}::{message}", diagnostic.severity, properties.join(","))
}

/// A message as workflow commands escape it.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property as workflow commands escape it.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// A SARIF 2.1.0 log with one run. Columns are counted in UTF-16 code units, as its readers expect.
pub fn sarif(diagnostics: &[Diagnostic]) -> Value {
    let codes: Vec<Code> =
        diagnostics.iter().map(|diagnostic| diagnostic.code).collect::<BTreeSet<_>>().into_iter().collect();
    let results: Vec<Value> = diagnostics.iter().map(|diagnostic| result(diagnostic, &codes)).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "faultbook",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": codes.iter().map(|code| descriptor(*code)).collect::<Vec<_>>(),
            } },
            "columnKind": "utf16CodeUnits",
            "results": results,
        }],
    })
}

/// What a code means, for those who see it for the first time.
fn descriptor(code: Code) -> Value {
    let explanation = code.explanation();
    let (when, what_to_do) = explanation.split_once(" What to do: ").unwrap_or((&explanation, ""));
    let help = match what_to_do {
        "" => when.to_owned(),
        action => action.to_owned(),
    };
    json!({
        "id": code.name(),
        "shortDescription": { "text": when.split_once(": ").map_or(when, |(first, _)| first) },
        "fullDescription": { "text": when },
        "help": { "text": help },
        "defaultConfiguration": { "level": if code.is_lint() { "warning" } else { "error" } },
    })
}

fn result(diagnostic: &Diagnostic, codes: &[Code]) -> Value {
    let message = match &diagnostic.help {
        Some(help) => format!("{}\nhelp: {help}", diagnostic.title),
        None => diagnostic.title.clone(),
    };
    let level = match diagnostic.severity {
        DiagnosticSeverity::Error => "error",
        DiagnosticSeverity::Warning => "warning",
    };
    let mut result = json!({
        "ruleId": diagnostic.code.name(),
        "ruleIndex": codes.binary_search(&diagnostic.code).unwrap_or_default(),
        "level": level,
        "message": { "text": message },
        "locations": diagnostic.labels.first().map(location).into_iter().collect::<Vec<_>>(),
    });
    let others: Vec<Value> = diagnostic.labels.iter().skip(1).map(location).collect();
    if let Value::Object(fields) = &mut result {
        if !others.is_empty() {
            fields.insert("relatedLocations".to_owned(), others.into());
        }
        if let Some(fix) = &diagnostic.fix {
            fields.insert("fixes".to_owned(), json!([sarif_fix(fix)]));
        }
    }
    result
}

fn location(label: &Label) -> Value {
    let mut place = json!({ "artifactLocation": artifact(&label.file) });
    if let (Value::Object(fields), false) = (&mut place, label.file.text().is_empty()) {
        fields.insert("region".to_owned(), region(&label.file, label.span));
    }
    match label.text.as_str() {
        "" => json!({ "physicalLocation": place }),
        text => json!({ "physicalLocation": place, "message": { "text": text } }),
    }
}

fn sarif_fix(fix: &Fix) -> Value {
    json!({
        "description": { "text": fix.title },
        "artifactChanges": [{
            "artifactLocation": artifact(&fix.file),
            "replacements": [{
                "deletedRegion": region(&fix.file, fix.span),
                "insertedContent": { "text": fix.replacement },
            }],
        }],
    })
}

/// A path as an address: relative to where the program ran, unless it is absolute.
fn artifact(file: &AuthoredFile) -> Value {
    let mut address = String::with_capacity(file.path().len());
    for byte in file.path().bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                address.push(char::from(byte))
            }
            _ => address += &format!("%{byte:02X}"),
        }
    }
    if address.starts_with('/') { json!({ "uri": format!("file://{address}") }) } else { json!({ "uri": address }) }
}

fn region(file: &AuthoredFile, span: Span) -> Value {
    let ((start_line, start_column), (end_line, end_column)) = (place(file, span.start), place(file, span.end));
    json!({ "startLine": start_line, "startColumn": start_column, "endLine": end_line, "endColumn": end_column })
}

/// Line and column of an offset, both from 1, the column in UTF-16 code units.
fn place(file: &AuthoredFile, offset: usize) -> (usize, usize) {
    let position = file.position(offset);
    let start = file.offset(position.line, 1);
    let before = file.text().get(start..offset.min(file.text().len())).unwrap_or_default();
    (position.line, before.encode_utf16().count() + 1)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn diagnostic() -> Diagnostic {
        let file = Arc::new(AuthoredFile::new("my rules/a,b.yaml", "id: \u{1f600}x\nallow: [slow-patern]\n"));
        let other = Arc::new(AuthoredFile::new("/abs/c.yaml", "id: C\n"));
        let fix = Fix {
            title: "fix it".into(),
            file: Arc::clone(&file),
            span: Span::new(18..29),
            replacement: "slow-pattern".into(),
        };
        Diagnostic::warning(Code::UnknownLint, "100 % of: `x`,\r\nand y")
            .at(&file, Span::new(8..9), "here")
            .at(&other, Span::new(4..5), "there")
            .help("do, or: don't")
            .maybe_fix(Some(fix))
    }

    #[test]
    fn workflow_commands_escape_what_ends_them() {
        assert_eq!(
            github(&[diagnostic()]),
            "::warning file=my rules/a%2Cb.yaml,line=1,endLine=1,col=6,endColumn=7,title=warning [unknown-lint]::\
             100 %25 of: `x`,%0D%0Aand y (here)%0Ahelp: do, or: don't\n"
        );
    }

    #[test]
    fn sarif_has_what_its_schema_requires_with_columns_in_utf_16() {
        let log = sarif(&[diagnostic()]);
        assert_eq!(log["version"], "2.1.0");
        let run = &log["runs"][0];
        assert_eq!(run["columnKind"], "utf16CodeUnits");
        let (rule, result) = (&run["tool"]["driver"]["rules"][0], &run["results"][0]);
        assert_eq!(
            (&rule["id"], &result["ruleId"], &result["ruleIndex"]),
            (&"unknown-lint".into(), &"unknown-lint".into(), &0.into())
        );
        assert!(rule["help"]["text"].as_str().is_some_and(|help| help.len() > 20));
        assert_eq!((&result["level"], result["message"]["text"].is_string()), (&"warning".into(), true));
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "my%20rules/a%2Cb.yaml");
        // the letter before takes two units, one character, four bytes
        assert_eq!(place["region"], json!({ "startLine": 1, "startColumn": 7, "endLine": 1, "endColumn": 8 }));
        let other = &result["relatedLocations"][0]["physicalLocation"]["artifactLocation"]["uri"];
        assert_eq!(other, "file:///abs/c.yaml");
        let replacement = &result["fixes"][0]["artifactChanges"][0]["replacements"][0];
        assert_eq!(replacement["insertedContent"]["text"], "slow-pattern");
        assert_eq!(replacement["deletedRegion"]["startColumn"], 9);
    }
}
