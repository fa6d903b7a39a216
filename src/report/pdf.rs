//! Articles and reports as PDF: the Markdown of the same layouts, with the title and the lines below it that paper wants.

use crate::answer::AnswerFormat;
use crate::answer::pdf::{self, PageSize, PdfDocument, PdfError};
use crate::report::ReportError;
use crate::report::article::{ArticleSummary, ArticleWriter};
use crate::rule::{Faultbook, Rule};

/// Why a PDF could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PdfReportError {
    /// The text could not be rendered.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// The text could not be put on pages.
    #[error(transparent)]
    Pdf(#[from] PdfError),
}

/// The article of a rule, without a case.
pub fn article(
    faultbook: &Faultbook,
    rule: &Rule,
    base: Option<&url::Url>,
    page: PageSize,
) -> Result<Vec<u8>, PdfReportError> {
    let (markdown, _) = ArticleWriter::new(faultbook, AnswerFormat::Markdown).article(rule)?;
    Ok(answer(rule, &markdown, base, page)?)
}

/// What a rule says, in Markdown that has been rendered for it, with a case or without.
pub fn answer(rule: &Rule, markdown: &str, base: Option<&url::Url>, page: PageSize) -> Result<Vec<u8>, PdfError> {
    let summary = ArticleSummary::of(rule);
    let metadata = [
        ("Severity", summary.severity.name().to_owned()),
        ("Applies to", summary.applies_to()),
        ("Created", summary.created.clone().unwrap_or_default()),
        ("Last review", summary.reviewed.clone().unwrap_or_default()),
        ("State", summary.state.name().to_owned()),
        ("Tags", summary.tags.join(", ")),
    ];
    pdf::write(&PdfDocument {
        title: summary.title,
        subtitle: summary.id,
        metadata: &metadata,
        keywords: summary.tags,
        markdown,
        base,
        page,
    })
}

/// A report, from the Markdown that [`report::write`](super::write()) has written.
pub fn report(markdown: &str, metadata: &[(&str, String)], page: PageSize) -> Result<Vec<u8>, PdfError> {
    // what the layout's first heading says is the title
    let title = markdown.lines().next().and_then(|line| line.strip_prefix("# ")).unwrap_or("Faultbook report").trim();
    pdf::write(&PdfDocument { title, subtitle: "", metadata, keywords: &[], markdown, base: None, page })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shipped_articles_have_their_links() {
        let faultbook = Faultbook::shipped();
        for rule in faultbook.rules().iter().take(4) {
            let bytes = article(&faultbook, rule, None, PageSize::Letter).expect("written");
            let file = String::from_utf8_lossy(&bytes);
            assert!(file.contains("pdfuaid"), "{}: by the rules of PDF/UA", rule.id);
            for url in rule.links.iter().filter_map(|link| link.url.as_deref()) {
                let url = url::Url::parse(url).expect("an address").to_string().replace('(', "\\(").replace(')', "\\)");
                assert!(file.contains(&format!("/URI ({url})")), "{}: {url}", rule.id);
            }
        }
    }

    #[test]
    fn a_report_is_a_document_with_the_title_of_its_first_heading() {
        let bytes = report("# All that failed\n\nNothing.\n", &[("Case", "a.tar.gz".to_owned())], PageSize::A4)
            .expect("written");
        let file = String::from_utf8_lossy(&bytes);
        assert_eq!(file.matches("/Title (All that failed)").count(), 2, "in the properties and the outline");
    }
}
