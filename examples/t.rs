use faultbook::{diagnose::*, report::*, rule::Faultbook, scan::Index, source::*};
fn main() {
    let f = Faultbook::shipped();
    let index = Index::build(&f);
    let (cases, notes) = cases(&[std::env::args().nth(1).unwrap().into()]);
    let dg = Diagnoser::new(&index);
    let diagnoses = cases.into_iter().map(|c| dg.diagnose(c, &Known::default(), &Progress::new())).collect();
    let b = Batch { diagnoses, notes, elapsed: None };
    let fmt = match std::env::args().nth(2).as_deref() { Some("json") => Format::Json, Some("md") => Format::Markdown, Some("html") => Format::Html, Some("jsonl") => Format::JsonLines, _ => Format::Text };
    write(&f, &b, fmt, &ReportOptions { brief: std::env::args().nth(3).is_some(), styled: false, width: 100, compact: false }, &mut std::io::stdout()).unwrap();
}
