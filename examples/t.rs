use faultbook::{diagnose::*, report::*, rule::Faultbook, scan::Index};
fn main() {
    let f = Faultbook::shipped();
    let index = Index::build(&f);
    let text = std::fs::read_to_string(std::env::args().nth(1).unwrap()).unwrap();
    let d = Diagnoser::new(&index).diagnose_text("pasted", &text, &Known::default());
    let b = Batch {
        diagnoses: vec![d],
        notes: vec![],
        elapsed: None,
    };
    let fmt = match std::env::args().nth(2).as_deref() {
        Some("json") => Format::Json,
        Some("md") => Format::Markdown,
        Some("html") => Format::Html,
        Some("jsonl") => Format::JsonLines,
        _ => Format::Text,
    };
    write(
        &f,
        &b,
        fmt,
        &ReportOptions {
            brief: false,
            styled: false,
            width: 100,
            compact: false,
        },
        &mut std::io::stdout(),
    )
    .unwrap();
}
