//! Blocks as strips, from the top of the document to its end.
//!
//! [`Flow`] has the measures of the whole: sizes, colours, white space. Paragraphs and headings are set here, code and tables by
//! their files. A [`Frame`] says between which edges text runs and to which part of the structure it belongs; lists and quotes
//! narrow it, but never below what a word needs.

use super::blocks::{Block, Inline, clean, plain};
use super::font::{self, ASCENT, DESCENT, Fonts, Style};
use super::lines::{Line, Run, Setting, lines};
use super::pages::{Back, Ink, Mark, Pages, Strip};
use super::paint::Laid;
use super::tags::{Node, Role, Tags};
use super::{MAX_PAGES, PageSize, PdfDocument, PdfError};

/// Ink, from dark to light. The first two have the contrast of WCAG 2.2 AA on white and on [`SHADE`].
pub(super) const TEXT: Ink = Ink(0x1f, 0x23, 0x28);
pub(super) const MUTED: Ink = Ink(0x57, 0x60, 0x6a);
pub(super) const RULE: Ink = Ink(0xd0, 0xd7, 0xde);
pub(super) const SHADE: Ink = Ink(0xf3, 0xf5, 0xf7);
pub(super) const LINK: Ink = Ink(0x0b, 0x57, 0xb0);

/// Size of running text, and the distance of its baselines.
pub(super) const SIZE: f32 = 10.0;
pub(super) const LEADING: f32 = 1.48;

/// The distance of the baselines of a heading.
const HEADING_LEADING: f32 = 1.28;

/// Size of what stands below the title.
const METADATA_SIZE: f32 = 9.0;

/// White between paragraphs.
const PARAGRAPH_GAP: f32 = 7.0;
/// White between the items of a list without paragraphs.
const ITEM_GAP: f32 = 2.5;
/// White between the marker of an item and its text.
const MARKER_GAP: f32 = 6.0;
/// How far a list without numbers is moved in.
const BULLET_INDENT: f32 = 15.0;
/// How far a quote is moved in.
const QUOTE_INDENT: f32 = 12.0;
/// However deep it is nested, text has this width.
const LEAST_WIDTH: f32 = 180.0;

/// Between which edges text runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub(super) left: f32,
    pub(super) width: f32,
    pub(super) node: Node,
    pub(super) color: Ink,
    /// Lists around it.
    lists: usize,
}

impl Frame {
    fn indented(self, by: f32) -> Self {
        let by = by.min(self.width - LEAST_WIDTH).max(0.0);
        Self { left: self.left + by, width: self.width - by, ..self }
    }
}

/// The document being set.
pub(super) struct Flow {
    pub(super) fonts: Fonts,
    pub(super) tags: Tags,
    pages: Pages,
    /// What stands behind the strips that come.
    backs: Vec<Back>,
    /// The marker of an item whose first line has not come: its run and right edge.
    marker: Option<(Run, f32)>,
    /// White that is due before the next strip.
    gap: f32,
    groups: usize,
    /// The smallest heading level of the text, and the last one that was written.
    least_level: u16,
    last_level: u16,
    /// Whether the last strip is of a heading.
    is_under_heading: bool,
    /// Whether the paragraph that comes is to stay with what follows it.
    keeps_next: bool,
}

impl Flow {
    pub(super) fn new(size: PageSize) -> Result<Self, PdfError> {
        Ok(Self {
            fonts: Fonts::load()?,
            tags: Tags::new(),
            pages: Pages::new(size),
            backs: Vec::new(),
            marker: None,
            gap: 0.0,
            groups: 0,
            least_level: 1,
            last_level: 1,
            is_under_heading: false,
            keeps_next: false,
        })
    }

    fn frame(&self) -> Frame {
        Frame { left: 0.0, width: self.pages.width(), node: Tags::ROOT, color: TEXT, lists: 0 }
    }

    /// Whether there is no room for more.
    pub(super) fn is_full(&self) -> bool {
        self.pages.is_full()
    }

    /// A number for strips that share a background, or a table.
    pub(super) fn group(&mut self) -> usize {
        self.groups += 1;
        self.groups
    }

    /// The pages, and what else painting needs. `is_whole`: all of the text was there to be set.
    pub(super) fn finish(self, links: Vec<String>, is_whole: bool) -> Laid {
        let (pages, is_full) = self.pages.finish();
        let cut = (is_full || !is_whole).then(|| {
            format!("The rest is left out: a PDF has at most {MAX_PAGES} pages. The other formats have all of it.")
        });
        Laid { pages, tags: self.tags, fonts: self.fonts, links, cut }
    }

    /// The title with what stands above and below it.
    pub(super) fn title(&mut self, document: &PdfDocument<'_>) {
        let frame = self.frame();
        let subtitle = clean(document.subtitle);
        if !subtitle.trim().is_empty() {
            let node = self.tags.node(frame.node, Role::Paragraph);
            self.text(&[Inline { text: subtitle, style: Style::BOLD, link: None }], node, frame, 9.0, MUTED);
            self.gap = 3.0;
        }
        let title = clean(document.title);
        if !title.trim().is_empty() {
            self.heading(1, &[Inline { text: title, style: Style::BOLD, link: None }], frame, 19.0);
        }
        self.metadata(document.metadata, frame);
        self.gap = 11.0;
        self.rule(frame);
        self.gap = 4.0;
    }

    /// Labels and values, two pairs beside each other where both fit.
    fn metadata(&mut self, metadata: &[(&str, String)], frame: Frame) {
        let pairs: Vec<(String, String)> = metadata
            .iter()
            .map(|(label, value)| (clean(label), clean(value)))
            .filter(|(_, value)| !value.trim().is_empty())
            .collect();
        let mut width_of = |text: &str| {
            // as much of it as can matter
            let shown: String = text.chars().take(200).collect();
            font::width(&self.fonts.word(&shown, Style::default())) * METADATA_SIZE
        };
        let label_width = pairs.iter().fold(0.0f32, |width, (label, _)| width.max(width_of(label) + 14.0));
        let label_width = label_width.min(frame.width / 3.0);
        let half = frame.width / 2.0;
        let is_short: Vec<bool> = pairs.iter().map(|(_, value)| width_of(value) < half - label_width - 10.0).collect();
        self.gap = if pairs.is_empty() { 0.0 } else { 8.0 };
        let mut at = 0;
        while let Some(pair) = pairs.get(at) {
            let beside = pairs.get(at + 1).filter(|_| is_short.get(at..at + 2) == Some(&[true, true]));
            let mut rows = self.pair(pair, 0.0, label_width, frame);
            if let Some(beside) = beside {
                for (row, other) in rows.iter_mut().zip(self.pair(beside, half, label_width, frame)) {
                    row.marks.extend(other.marks);
                }
            }
            rows.into_iter().for_each(|row| self.push(row));
            at += if beside.is_some() { 2 } else { 1 };
        }
    }

    /// A label with its value, from `left` on; a row for each line of the value.
    fn pair(&mut self, (label, value): &(String, String), left: f32, label_width: f32, frame: Frame) -> Vec<Strip> {
        let node = self.tags.node(frame.node, Role::Paragraph);
        let text = |text: &str| [Inline { text: text.to_owned(), style: Style::default(), link: None }];
        let setting = |color, measure| Setting { size: METADATA_SIZE, color, link_color: LINK, measure, bold: false };
        let row = |line, left| strip_of(line, left, METADATA_SIZE, 1.5, 0.0);
        let label = lines_of(self, &text(&format!("{label} ")), node, &setting(MUTED, label_width));
        let value = lines_of(self, &text(value), node, &setting(TEXT, frame.width - left - label_width));
        let mut rows: Vec<Strip> = value.into_iter().map(|line| row(line, left + label_width)).collect();
        if let (Some(first), Some(label)) = (rows.first_mut(), label.into_iter().next()) {
            first.marks.extend(row(label, left).marks);
        }
        rows
    }

    /// All blocks of a text.
    pub(super) fn blocks(&mut self, blocks: &[Block]) {
        self.least_level = blocks
            .iter()
            .filter_map(|block| match block {
                Block::Heading { level, .. } => Some(*level),
                _ => None,
            })
            .min()
            .unwrap_or(1);
        let frame = self.frame();
        self.all(blocks, frame, PARAGRAPH_GAP);
    }

    fn all(&mut self, blocks: &[Block], frame: Frame, gap: f32) {
        for block in blocks {
            if self.is_full() {
                return;
            }
            self.gap = self.gap.max(gap);
            self.block(block, frame);
        }
    }

    fn block(&mut self, block: &Block, frame: Frame) {
        match block {
            Block::Heading { level, text } => {
                let wanted = level - self.least_level.min(*level) + 2;
                // no level is left out, or the outline would have a hole
                let level = wanted.min(self.last_level + 1);
                let (size, gap) = match level {
                    2 => (14.0, 18.0),
                    3 => (11.5, 14.0),
                    _ => (10.5, 11.0),
                };
                self.gap = self.gap.max(gap);
                self.heading(level, text, frame, size);
                self.gap = 4.0 - PARAGRAPH_GAP;
            }
            Block::Paragraph(text) => self.paragraph(text, frame),
            Block::List { start, is_tight, items } => self.list(*start, *is_tight, items, frame),
            Block::Quote(blocks) => self.quote(blocks, frame),
            Block::Code(code) => self.code(code, frame),
            Block::Table { alignments, head, rows } => self.table(alignments, head, rows, frame),
            Block::Rule => {
                self.gap += 4.0;
                self.rule(frame);
                self.gap = 4.0;
            }
        }
    }

    fn heading(&mut self, level: u16, text: &[Inline], frame: Frame, size: f32) {
        self.last_level = level;
        let title = plain(text).trim().to_owned();
        let node = self.tags.node(frame.node, Role::Heading(level, title.clone()));
        let setting = Setting { size, color: TEXT, link_color: LINK, measure: frame.width, bold: true };
        let mut heading = Some((level, title));
        for line in lines_of(self, text, node, &setting) {
            let mut strip = strip_of(line, frame.left, size, size * (HEADING_LEADING - ASCENT - DESCENT), 0.0);
            strip.with_next = true;
            strip.heading = heading.take();
            self.push(strip);
        }
        self.is_under_heading = true;
    }

    pub(super) fn paragraph(&mut self, text: &[Inline], frame: Frame) {
        let node = self.tags.node(frame.node, Role::Paragraph);
        self.text(text, node, frame, SIZE, frame.color);
    }

    /// Text in lines, of which none is left alone on a page.
    fn text(&mut self, text: &[Inline], node: Node, frame: Frame, size: f32, color: Ink) {
        let setting = Setting { size, color, link_color: LINK, measure: frame.width, bold: false };
        let lines = lines_of(self, text, node, &setting);
        let count = lines.len();
        let keeps_next = std::mem::take(&mut self.keeps_next);
        // one line below a heading says as little alone as the heading
        let is_under_heading = std::mem::take(&mut self.is_under_heading);
        for (at, line) in lines.into_iter().enumerate() {
            let mut strip = strip_of(line, frame.left, size, size * (LEADING - ASCENT - DESCENT), 0.0);
            let is_last = at + 1 == count;
            let is_edge = count > 1 && (at == 0 || at + 2 == count);
            strip.with_next = is_edge || is_last && (keeps_next || count == 1 && is_under_heading);
            self.push(strip);
        }
    }

    fn list(&mut self, start: Option<u64>, is_tight: bool, items: &[Vec<Block>], frame: Frame) {
        let node = self.tags.node(frame.node, Role::List { is_numbered: start.is_some() });
        let markers: Vec<String> = match start {
            Some(start) => (0..items.len() as u64).map(|at| format!("{}.", start.saturating_add(at))).collect(),
            None => vec![["•", "–", "·"][frame.lists % 3].to_owned(); items.len()],
        };
        let mut indent: f32 = if start.is_some() { 0.0 } else { BULLET_INDENT };
        for marker in markers.iter().filter(|_| start.is_some()) {
            indent = indent.max(font::width(&self.fonts.word(marker, Style::default())) * SIZE + MARKER_GAP + 3.0);
        }
        let gap = if is_tight { ITEM_GAP } else { PARAGRAPH_GAP - 2.0 };
        let inner = frame.indented(indent);
        for (at, (item, marker)) in items.iter().zip(&markers).enumerate() {
            if self.is_full() {
                return;
            }
            if at > 0 {
                self.gap = self.gap.max(gap);
            }
            let li = self.tags.node(node, Role::Item);
            let label = self.tags.node(li, Role::Label);
            let body = self.tags.node(li, Role::Body);
            let setting =
                Setting { size: SIZE, color: frame.color, link_color: LINK, measure: frame.width, bold: false };
            let marker = [Inline { text: format!("{marker} "), style: Style::default(), link: None }];
            let run = lines_of(self, &marker, label, &setting)
                .into_iter()
                .next()
                .and_then(|line| line.runs.into_iter().next());
            let right = inner.left - MARKER_GAP;
            self.marker = run.map(|run| (run, right));
            let inner = Frame { node: body, lists: frame.lists + 1, ..inner };
            let own_gap = self.gap;
            // neither the first nor the last item is left alone on a page
            let is_line = matches!(&item[..], [Block::Paragraph(_)]);
            self.keeps_next = is_line && items.len() > 1 && (at == 0 || at + 2 == items.len());
            match item.split_first() {
                Some((first, rest)) => {
                    self.block(first, inner);
                    self.all(rest, inner, gap);
                }
                None => self.push(Strip { height: SIZE * LEADING, ..Strip::default() }),
            }
            if self.marker.is_some() {
                // nothing of the item could be seen
                self.gap = own_gap;
                self.push(Strip { height: SIZE * LEADING, ..Strip::default() });
            }
        }
    }

    fn quote(&mut self, blocks: &[Block], frame: Frame) {
        let group = self.group();
        let node = self.tags.node(frame.node, Role::Quote);
        let inner = Frame { node, color: MUTED, ..frame.indented(QUOTE_INDENT) };
        self.backs.push(Back { group, x: frame.left + 1.0, width: 2.5, color: RULE });
        let mut first = true;
        for block in blocks {
            if !std::mem::take(&mut first) {
                self.gap = self.gap.max(PARAGRAPH_GAP);
            }
            self.block(block, inner);
        }
        self.backs.pop();
    }

    fn rule(&mut self, frame: Frame) {
        let line = Mark::Box { x: frame.left, y: 0.0, width: frame.width, height: 0.75, color: RULE };
        self.push(Strip { height: 0.75, marks: vec![line], ..Strip::default() });
    }

    /// Puts a strip down, with the white, the background and the marker that are due.
    pub(super) fn push(&mut self, mut strip: Strip) {
        strip.before += std::mem::take(&mut self.gap).max(0.0);
        self.is_under_heading = false;
        let mut backs = self.backs.clone();
        backs.append(&mut strip.backs);
        strip.backs = backs;
        if let Some((run, right)) = self.marker.take() {
            let baseline = strip.marks.iter().find_map(|mark| match mark {
                Mark::Text { y, .. } => Some(*y),
                _ => None,
            });
            let y = baseline.unwrap_or(SIZE * (ASCENT + (LEADING - ASCENT - DESCENT) / 2.0));
            strip.marks.push(Mark::Text { x: (right - visible_width(&run)).max(0.0), y, run });
        }
        self.pages.push(strip);
    }
}

/// The width of a run without the space at its end.
pub(super) fn visible_width(run: &Run) -> f32 {
    let space = run.glyphs.last().filter(|_| run.text.ends_with(' '));
    run.width - space.map_or(0.0, |glyph| glyph.x_advance * run.size)
}

/// Breaks text into lines.
pub(super) fn lines_of(flow: &mut Flow, text: &[Inline], node: Node, setting: &Setting) -> Vec<Line> {
    lines(&mut flow.fonts, &mut flow.tags, node, text, setting)
}

/// A line as a strip, with `extra` height shared above and below, text moved down by `down`.
pub(super) fn strip_of(line: Line, left: f32, size: f32, extra: f32, down: f32) -> Strip {
    let text_height = size * (ASCENT + DESCENT);
    let baseline = down + extra / 2.0 + size * ASCENT;
    Strip { height: down + text_height + extra, marks: marks_of(line, left, baseline, size), ..Strip::default() }
}

/// What is drawn of a line.
pub(super) fn marks_of(line: Line, left: f32, baseline: f32, size: f32) -> Vec<Mark> {
    let mut marks = Vec::new();
    for code in line.code {
        marks.push(Mark::Box {
            x: left + code.x - 1.5,
            y: baseline - size * 0.92,
            width: code.width + 3.0,
            height: size * 1.2,
            color: SHADE,
        });
    }
    for (_, stretch, _) in &line.links {
        let (x, width) = (left + stretch.x, stretch.width);
        marks.push(Mark::Box { x, y: baseline + size * 0.14, width, height: 0.5, color: LINK });
    }
    for run in line.runs {
        let (x, y) = (left + run.x, baseline);
        if run.struck {
            marks.push(Mark::Box { x, y: y - size * 0.3, width: run.width, height: 0.6, color: run.color });
        }
        marks.push(Mark::Text { x, y, run });
    }
    for (link, stretch, slot) in line.links {
        let (x, width) = (left + stretch.x, stretch.width);
        let (y, height) = (baseline - size * 0.95, size * 1.25);
        marks.push(Mark::Link { x, y, width, height, link, slot });
    }
    marks
}
