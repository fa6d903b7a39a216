//! Pages as a file: glyphs, backgrounds, links, outline, structure, properties.
//!
//! The file is written by the rules of PDF/UA-1, which `krilla` checks. What cannot be by them, because a character that no font has
//! is shown as a box, is written without.

use krilla::SerializeSettings;
use krilla::action::{Action, LinkAction};
use krilla::annotation::{Annotation, LinkAnnotation, Target};
use krilla::color::rgb;
use krilla::configure::{Configuration, Validator};
use krilla::destination::XyzDestination;
use krilla::error::KrillaError;
use krilla::geom::{Path, PathBuilder, Point, Rect};
use krilla::metadata::{Metadata, TextDirection};
use krilla::num::NormalizedF32;
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::paint::{Fill, FillRule};
use krilla::surface::Surface;
use krilla::tagging::{ArtifactType, ContentTag, SpanTag};

use super::blocks::clean;
use super::flow::{MUTED, RULE};
use super::font::{self, Fonts, Style};
use super::pages::{Ink, Mark, Page, SIDE};
use super::tags::Tags;
use super::{PdfDocument, PdfError};

/// Articles are written in English; another language would have to be said in the rule.
const LANGUAGE: &str = "en";

/// How far above the paper's edge the foot of the page stands, and the size of its text.
const FOOT: f32 = 40.0;
const FOOT_SIZE: f32 = 8.0;

/// Everything that is painted.
pub(super) struct Laid {
    pub(super) pages: Vec<Page>,
    pub(super) tags: Tags,
    pub(super) fonts: Fonts,
    pub(super) links: Vec<String>,
    /// What the last page says about what is left out.
    pub(super) cut: Option<String>,
}

/// Writes the file.
pub(super) fn paint(document: &PdfDocument<'_>, mut laid: Laid) -> Result<Vec<u8>, PdfError> {
    let strict = Configuration::new_with_validator(Validator::UA1);
    match paint_by(strict, document, &mut laid) {
        Err(KrillaError::Validation(_)) => {
            laid.tags.clear();
            paint_by(Configuration::new(), document, &mut laid)
        }
        done => done,
    }
    .map_err(|error| PdfError::Writer(told(&error)))
}

fn told(error: &KrillaError) -> String {
    match error {
        KrillaError::Font(_, reason) => reason.clone(),
        other => format!("{other:?}").chars().take(200).collect(),
    }
}

fn paint_by(configuration: Configuration, document: &PdfDocument<'_>, laid: &mut Laid) -> Result<Vec<u8>, KrillaError> {
    let settings = SerializeSettings { configuration, ..SerializeSettings::default() };
    let mut pdf = krilla::Document::new_with(settings);
    let (width, height) = document.page.points();
    let count = laid.pages.len();
    let mut headings = Vec::new();
    for (at, page) in laid.pages.iter().enumerate() {
        let Some(settings) = PageSettings::from_wh(width, height) else { continue };
        let mut sheet = pdf.start_page_with(settings);
        let mut surface = sheet.surface();
        let mut painter = Painter { surface: &mut surface, fonts: &mut laid.fonts, tags: &mut laid.tags };
        painter.backs(page);
        for placed in &page.marks {
            painter.mark(&placed.mark, placed.y, placed.is_repeated);
        }
        let cut = laid.cut.as_deref().filter(|_| at + 1 == count);
        painter.foot(document, at + 1, count, cut);
        surface.finish();
        for placed in page.marks.iter().filter(|placed| !placed.is_repeated) {
            if let Mark::Link { x, y, width, height, link, slot } = placed.mark
                && let Some(target) = laid.links.get(link)
                && let Some(area) = Rect::from_xywh(SIDE + x, placed.y + y, width, height)
            {
                let action = Target::Action(Action::Link(LinkAction::new(target.clone())));
                let annotation = Annotation::new_link(LinkAnnotation::new(area, action), Some(target.clone()));
                laid.tags.fill(slot, sheet.add_tagged_annotation(annotation));
            }
        }
        headings.extend(page.headings.iter().map(|(level, text, y)| (*level, text.clone(), at, *y)));
    }
    pdf.set_outline(outline(&headings));
    pdf.set_tag_tree(laid.tags.tree(LANGUAGE));
    pdf.set_metadata(metadata(document));
    pdf.finish()
}

fn metadata(document: &PdfDocument<'_>) -> Metadata {
    let title = clean(document.title);
    let title = if title.trim().is_empty() { "Faultbook".to_owned() } else { title };
    let subtitle = clean(document.subtitle);
    Metadata::new()
        .title(title)
        .description(subtitle)
        .keywords(document.keywords.iter().map(|word| clean(word)).collect())
        .language(LANGUAGE.to_owned())
        .text_direction(TextDirection::LeftToRight)
        .creator(concat!("Faultbook ", env!("CARGO_PKG_VERSION")).to_owned())
}

/// The headings as a tree: each below the last one of a lesser level.
fn outline(headings: &[(u16, String, usize, f32)]) -> Outline {
    let mut outline = Outline::new();
    let mut open: Vec<(u16, OutlineNode)> = Vec::new();
    fn close(open: &mut Vec<(u16, OutlineNode)>, outline: &mut Outline, level: u16) {
        while open.last().is_some_and(|(last, _)| *last >= level) {
            let Some((_, node)) = open.pop() else { return };
            match open.last_mut() {
                Some((_, parent)) => parent.push_child(node),
                None => outline.push_child(node),
            }
        }
    }
    for (level, text, page, y) in headings {
        close(&mut open, &mut outline, *level);
        let place = XyzDestination::new(*page, Point::from_xy(SIDE, (y - 6.0).max(0.0)));
        open.push((*level, OutlineNode::new(text.clone(), place)));
    }
    close(&mut open, &mut outline, 0);
    outline
}

struct Painter<'a, 's> {
    surface: &'a mut Surface<'s>,
    fonts: &'a mut Fonts,
    tags: &'a mut Tags,
}

impl Painter<'_, '_> {
    fn backs(&mut self, page: &Page) {
        for (back, top, end) in &page.backs {
            self.fill(SIDE + back.x, *top, back.width, end - top, back.color);
        }
    }

    fn mark(&mut self, mark: &Mark, top: f32, is_repeated: bool) {
        match mark {
            Mark::Box { x, y, width, height, color } => self.fill(SIDE + x, top + y, *width, *height, *color),
            Mark::Continued { x, y, size, color } => self.arrow(SIDE + x, top + y, *size, *color),
            Mark::Link { .. } => {}
            Mark::Text { x, y, run } => {
                let slot = run.slot.filter(|_| !is_repeated);
                let tag = match slot {
                    Some(_) => ContentTag::Span(SpanTag::empty()),
                    None => ContentTag::Artifact(ArtifactType::Other),
                };
                let Some(font) = self.fonts.written(run.face) else { return };
                let identifier = self.surface.start_tagged(tag);
                self.surface.set_fill(Some(ink(run.color)));
                let start = Point::from_xy(SIDE + x, top + y);
                self.surface.draw_glyphs(start, &run.glyphs, font, &run.text, run.size, false);
                self.surface.end_tagged();
                if let Some(slot) = slot {
                    self.tags.fill(slot, identifier);
                }
            }
        }
    }

    /// The foot of a page: what it is of on the left, its number on the right, and above them what is left out.
    fn foot(&mut self, document: &PdfDocument<'_>, number: usize, count: usize, cut: Option<&str>) {
        let (width, height) = document.page.points();
        self.surface.start_tagged(ContentTag::Artifact(ArtifactType::Footer));
        self.plain_fill(SIDE, height - FOOT - 14.0, width - 2.0 * SIDE, 0.75, RULE);
        let page = format!("Page {number} of {count}");
        let page_width = self.width(&page);
        self.plain_text(&page, width - SIDE - page_width, height - FOOT);
        let (subtitle, title) = (clean(document.subtitle), clean(document.title));
        let both = [subtitle.trim(), title.trim()].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>();
        let text = self.shortened(&both.join(" · "), width - 2.0 * SIDE - page_width - 24.0);
        self.plain_text(&text, SIDE, height - FOOT);
        self.surface.end_tagged();
        if let Some(cut) = cut {
            self.surface.start_tagged(ContentTag::Artifact(ArtifactType::Other));
            self.plain_text(cut, SIDE, height - FOOT + 14.0);
            self.surface.end_tagged();
        }
    }

    fn width(&mut self, text: &str) -> f32 {
        font::width(&self.fonts.word(text, Style::default())) * FOOT_SIZE
    }

    /// As much of a text as fits, with an ellipsis where it ends early.
    fn shortened(&mut self, text: &str, width: f32) -> String {
        // a letter is wider than a point, so that no more of them can fit
        let mut short: String = text.chars().take(width.max(0.0) as usize).collect();
        let is_whole = short.len() == text.len();
        if is_whole && self.width(&short) <= width {
            return short;
        }
        while !short.is_empty() && self.width(&format!("{short}…")) > width {
            short.pop();
        }
        format!("{}…", short.trim_end())
    }

    fn plain_text(&mut self, text: &str, x: f32, y: f32) {
        self.surface.set_fill(Some(ink(MUTED)));
        let mut at = x;
        for shaped in self.fonts.word(text, Style::default()).iter() {
            let Some(font) = self.fonts.written(shaped.face) else { continue };
            self.surface.draw_glyphs(Point::from_xy(at, y), &shaped.glyphs, font, &shaped.text, FOOT_SIZE, false);
            at += shaped.width * FOOT_SIZE;
        }
    }

    fn fill(&mut self, x: f32, y: f32, width: f32, height: f32, color: Ink) {
        self.surface.start_tagged(ContentTag::Artifact(ArtifactType::Other));
        self.plain_fill(x, y, width, height, color);
        self.surface.end_tagged();
    }

    fn plain_fill(&mut self, x: f32, y: f32, width: f32, height: f32, color: Ink) {
        let mut path = PathBuilder::new();
        if let Some(area) = Rect::from_xywh(x, y, width, height) {
            path.push_rect(area);
        }
        if let Some(path) = path.finish() {
            self.surface.set_fill(Some(ink(color)));
            self.surface.draw_path(&path);
        }
    }

    /// An arrow that turns from above to the right; its foot stands on the baseline `y`.
    fn arrow(&mut self, x: f32, y: f32, size: f32, color: Ink) {
        if let Some(path) = arrow(x + 1.0, y, size) {
            self.surface.start_tagged(ContentTag::Artifact(ArtifactType::Other));
            self.surface.set_fill(Some(ink(color)));
            self.surface.draw_path(&path);
            self.surface.end_tagged();
        }
    }
}

fn arrow(x: f32, y: f32, size: f32) -> Option<Path> {
    let stroke = 0.7;
    let middle = y - size * 0.32;
    let mut path = PathBuilder::new();
    path.push_rect(Rect::from_xywh(x, y - size * 0.9, stroke, size * 0.58 + stroke)?);
    path.push_rect(Rect::from_xywh(x, middle, size * 0.6, stroke)?);
    let tip = x + size * 0.95;
    path.move_to(tip, middle + stroke / 2.0);
    path.line_to(tip - size * 0.4, middle + stroke / 2.0 - size * 0.25);
    path.line_to(tip - size * 0.4, middle + stroke / 2.0 + size * 0.25);
    path.close();
    path.finish()
}

fn ink(Ink(red, green, blue): Ink) -> Fill {
    Fill { paint: rgb::Color::new(red, green, blue).into(), opacity: NormalizedF32::ONE, rule: FillRule::NonZero }
}
