//! Whole documents: what is in the file, where things stand on its pages, and that nothing can make it endless.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::flow::visible_width;
use super::pages::{Mark, SIDE};
use super::*;

fn document(markdown: &str, page: PageSize) -> PdfDocument<'_> {
    PdfDocument { title: "A title", subtitle: "KB1", metadata: &[], keywords: &[], markdown, base: None, page }
}

fn written(markdown: &str) -> String {
    let bytes = write(&document(markdown, PageSize::A4)).expect("written");
    String::from_utf8_lossy(&bytes).into_owned()
}

fn count(file: &str, what: &str) -> usize {
    file.matches(what).count()
}

/// Holds the pages of a document against their edges; gives the text on them.
fn within_edges(markdown: &str, page: PageSize) -> String {
    let laid = lay(&document(markdown, page)).expect("laid");
    assert!(laid.pages.len() <= MAX_PAGES);
    let (width, height) = page.points();
    let inner = width - 2.0 * SIDE;
    let mut text = String::new();
    for placed in laid.pages.iter().flat_map(|page| &page.marks) {
        let (x, right, y) = match &placed.mark {
            Mark::Text { x, y, run } => {
                text.push_str(&run.text);
                (*x, x + visible_width(run), *y)
            }
            Mark::Box { x, y, width, height, .. } | Mark::Link { x, y, width, height, .. } => {
                (*x, x + width, y + height)
            }
            Mark::Continued { x, y, .. } => (*x, *x, *y),
        };
        let place = format!("{:?} on {page:?}", placed.mark);
        assert!(x >= -3.5 && right <= inner + 3.5, "{place}");
        assert!(placed.y + y <= height - 50.0, "{place}");
    }
    text
}

#[test]
fn a_document_has_pages_properties_links_outline_and_tags() {
    let markdown = "# A title\n\n## One\n\n[a](https://h.example/x) and <https://h.example/y>\n\n### Two\n\n- b\n\n| c |\n|---|\n| d |\n";
    let metadata = [("Created", "2026-11-23".to_owned())];
    let keywords = ["tag".to_owned()];
    let document = PdfDocument { metadata: &metadata, keywords: &keywords, ..document(markdown, PageSize::Letter) };
    let bytes = write(&document).expect("written");
    assert_eq!(bytes, write(&document).expect("written"), "the same bytes again");
    let file = String::from_utf8_lossy(&bytes);
    assert_eq!(count(&file, "/Type /Page\n"), 1);
    assert!(file.contains("/MediaBox [0 0 612 792]"), "{file}");
    assert!(file.contains("/URI (https://h.example/x)") && file.contains("/URI (https://h.example/y)"));
    assert_eq!(count(&file, "/Subtype /Link"), 2);
    for part in [
        "/Title (A title)",
        "/Title (One)",
        "/Title (Two)",
        "/Lang (en)",
        "/S /H1",
        "/S /H3",
        "/S /LI",
        "/S /TH",
        "/S /Link",
    ] {
        assert!(file.contains(part), "{part}");
    }
    assert!(file.contains("pdfuaid"), "by the rules of PDF/UA");
    assert_eq!(count(&file, "/Title (A title)"), 2, "in the properties and the outline; the first heading is gone");
}

#[test]
fn characters_that_no_font_has_are_boxes_and_still_by_the_rules() {
    let file = written("日本 \u{e123} 🦀 \u{5d0} `日` \u{10ffff}");
    assert!(file.contains("pdfuaid"));
}

#[test]
fn links_that_a_page_would_not_have_are_text() {
    let file = written("[a](javascript:alert(1)) [b](/c) [d](file:///etc/passwd) ![e](data:text/html,x)");
    assert_eq!(count(&file, "/URI"), 0);
    let base = url::Url::parse("https://kb.example/articles/KB1").expect("an address");
    let bytes = write(&PdfDocument { base: Some(&base), ..document("[b](KB2)", PageSize::A4) }).expect("written");
    assert!(String::from_utf8_lossy(&bytes).contains("/URI (https://kb.example/articles/KB2)"));
}

#[test]
fn an_empty_document_has_one_page() {
    let nothing = PdfDocument { title: "", subtitle: "", ..document("", PageSize::A4) };
    let bytes = write(&nothing).expect("written");
    assert_eq!(count(&String::from_utf8_lossy(&bytes), "/Type /Page\n"), 1);
}

#[test]
fn what_is_long_is_bounded() {
    let paragraphs = "A paragraph of some words.\n\n".repeat(10_000);
    let word = "x".repeat(100_000);
    let code = format!("```\n{}\n```", "y".repeat(100_000));
    let row = format!("| {} |\n", "z | ".repeat(60));
    let table =
        format!("| a | b |\n|---|---|\n{}", format!("| {} | `{}` |\n", "c ".repeat(500), "d".repeat(500)).repeat(30));
    let wide = format!("{row}|{}\n{}", "---|".repeat(61), row.repeat(100));
    let headings = "# h\n\n".repeat(5_000);
    let items = "- \n".repeat(20_000);
    let deep = (0..2_000).map(|depth| format!("{}- a\n", " ".repeat(depth * 2))).collect::<String>();
    let quotes = format!("{} b", ">".repeat(20_000));
    let marks = format!("a{}", "\u{301}".repeat(100_000));
    let invisible = "\u{200b}".repeat(100_000);
    for text in [&paragraphs, &word, &code, &table, &wide, &headings, &items, &deep, &quotes, &marks, &invisible] {
        let start = Instant::now();
        within_edges(text, PageSize::A4);
        let name: String = text.chars().take(10).collect();
        // a second without optimisation is usual
        assert!(start.elapsed() < Duration::from_secs(20), "{name}: {:?}", start.elapsed());
    }
}

#[test]
fn a_document_is_cut_where_it_is_too_long_and_says_so() {
    let markdown = "A paragraph of some words.\n\n".repeat(30_000);
    let laid = lay(&document(&markdown, PageSize::A4)).expect("laid");
    assert_eq!(laid.pages.len(), MAX_PAGES);
    assert!(laid.cut.is_some());
    assert!(lay(&document("A paragraph.", PageSize::A4)).expect("laid").cut.is_none());
    let long = "x".repeat(MAX_MARKDOWN + 1);
    assert_eq!(beginning(&long), (&long[..MAX_MARKDOWN], false));
}

#[test]
fn no_heading_stands_alone_at_the_foot_of_a_page() {
    for lines in 1..60 {
        let markdown = format!("{}## Heading\n\nText below it.\n\nMore text.", "Line.\\\n".repeat(lines) + "\n\n");
        let laid = lay(&document(&markdown, PageSize::A4)).expect("laid");
        for page in &laid.pages {
            let last = page.marks.iter().filter_map(|placed| match &placed.mark {
                Mark::Text { run, .. } => Some(run.text.trim()),
                _ => None,
            });
            assert_ne!(last.collect::<Vec<_>>().pop(), Some("Heading"), "{lines}");
        }
    }
}

/// Markdown as nobody writes it.
fn markdown() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("\n\n".to_owned()),
        Just("\n".to_owned()),
        Just("  \n".to_owned()),
        "[a-z ]{1,40}",
        "[a-zA-Z0-9/_.,-]{20,200}",
        "[# >*_~`|+.0-9()<!-]{1,6}",
        Just("\n\n| a | b | c |\n|---|:-:|--:|\n| d ".to_owned()),
        Just("\n\n```\n".to_owned()),
        Just("\n\n    ".to_owned()),
        Just("\n- ".to_owned()),
        Just("\n  1. ".to_owned()),
        Just("\n> ".to_owned()),
        Just("[link](https://h.example/a)".to_owned()),
        Just("![i](b)<br><b>".to_owned()),
        Just("\n---\n# ".to_owned()),
        "\\PC{1,12}",
        any::<char>().prop_map(|character| character.to_string()),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_markdown_stays_on_the_page(markdown in markdown()) {
        for page in [PageSize::A4, PageSize::Letter] {
            within_edges(&markdown, page);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_markdown_can_be_written(markdown in markdown(), title in "\\PC{0,200}") {
        let document = PdfDocument { title: &title, ..document(&markdown, PageSize::A4) };
        prop_assert!(write(&document).is_ok());
    }
}
