//! Tables: columns as wide as their text wants and the page allows, rows line by line, so that they may go on on the next page.

use pulldown_cmark::Alignment;

use super::blocks::Inline;
use super::flow::{Flow, Frame, LINK, RULE, SHADE, lines_of, marks_of};
use super::font::{self, ASCENT, DESCENT, Style};
use super::lines::{Line, Setting};
use super::pages::{Back, Mark, Strip};
use super::tags::{Node, Role};

/// Size of text in cells, and the white between lines.
const SIZE: f32 = 9.2;
const EXTRA: f32 = 1.2;

/// White at the edges of a cell.
const SIDE: f32 = 6.0;
const TOP: f32 = 3.5;

/// A column narrower than this has no room for words; with more columns than fit, a row is written as a paragraph.
const LEAST: f32 = 34.0;

/// Words longer than this part of the table may be broken.
const LONGEST_WORD: f32 = 0.4;

/// Rows of so many lines are kept on one page.
const KEPT_TOGETHER: usize = 8;

/// Rows whose text is measured to find the widths of columns.
const MEASURED_ROWS: usize = 200;

type Cell = Vec<Inline>;

impl Flow {
    pub(super) fn table(&mut self, alignments: &[Alignment], head: &[Cell], rows: &[Vec<Cell>], frame: Frame) {
        let columns = head.len();
        if columns == 0 {
            return;
        }
        if columns as f32 * LEAST > frame.width {
            return self.rows_as_paragraphs(head, rows, frame);
        }
        let widths = self.widths(columns, head, rows, frame.width);
        let table = self.group();
        let node = self.tags.node(frame.node, Role::Table);
        let part = self.tags.node(node, Role::Head);
        self.row(head, &widths, alignments, frame, (part, table, true));
        let part = self.tags.node(node, Role::Rows);
        for row in rows {
            if self.is_full() {
                return;
            }
            self.row(row, &widths, alignments, frame, (part, table, false));
        }
    }

    /// How wide each column is: at least its longest word, at most its longest text, the rest shared by what is wanted.
    fn widths(&mut self, columns: usize, head: &[Cell], rows: &[Vec<Cell>], available: f32) -> Vec<f32> {
        let (mut least, mut wanted) = (vec![LEAST; columns], vec![LEAST; columns]);
        let all = rows.iter().take(MEASURED_ROWS).map(Vec::as_slice);
        for (row, is_head) in std::iter::once((head, true)).chain(all.map(|row| (row, false))) {
            for (at, cell) in row.iter().take(columns).enumerate() {
                let (word, text) = self.measured(cell, is_head);
                least[at] = least[at].max((word + 2.0 * SIDE).min(available * LONGEST_WORD));
                wanted[at] = wanted[at].max(text + 2.0 * SIDE);
            }
        }
        let wanted_sum: f32 = wanted.iter().sum();
        if wanted_sum <= available {
            return wanted;
        }
        let least_sum: f32 = least.iter().sum();
        if least_sum >= available {
            let floor = LEAST * columns as f32;
            let share = (available - floor) / (least_sum - floor).max(1.0);
            return least.into_iter().map(|width| LEAST + (width - LEAST) * share).collect();
        }
        let spare = available - least_sum;
        let hunger: f32 = wanted.iter().zip(&least).map(|(wanted, least)| (wanted - least).max(0.0)).sum();
        let widths = wanted.iter().zip(&least);
        widths.map(|(wanted, least)| least + spare * (wanted - least).max(0.0) / hunger.max(1.0)).collect()
    }

    /// The widths of the longest word of a cell and of all its text.
    fn measured(&mut self, cell: &[Inline], is_head: bool) -> (f32, f32) {
        let (mut longest, mut line, mut longest_line): (f32, f32, f32) = (0.0, 0.0, 0.0);
        for inline in cell {
            let style = Style { bold: inline.style.bold || is_head, ..inline.style };
            for word in inline.text.split(' ') {
                // as much of it as can matter
                let shown: String = word.chars().take(200).collect();
                let width = font::width(&self.fonts.word(&shown, style)) * SIZE;
                longest = longest.max(width);
                line += width + SIZE * 0.3;
            }
            longest_line = longest_line.max(line);
        }
        (longest + 1.0, longest_line + 1.0)
    }

    /// A row as strips, one for each line of its highest cell.
    fn row(
        &mut self,
        cells: &[Cell],
        widths: &[f32],
        alignments: &[Alignment],
        frame: Frame,
        (part, table, is_head): (Node, usize, bool),
    ) {
        let row = self.tags.node(part, Role::Row);
        let mut columns: Vec<(f32, f32, Alignment, Vec<Line>)> = Vec::new();
        let mut left = frame.left;
        for (at, width) in widths.iter().enumerate() {
            let node = self.tags.node(row, if is_head { Role::HeadCell } else { Role::Cell });
            let measure = width - 2.0 * SIDE;
            let setting = Setting { size: SIZE, color: frame.color, link_color: LINK, measure, bold: is_head };
            let lines = cells.get(at).map(|cell| lines_of(self, cell, node, &setting)).unwrap_or_default();
            let alignment = alignments.get(at).copied().unwrap_or(Alignment::None);
            columns.push((left + SIDE, measure, alignment, lines));
            left += width;
        }
        let total = left - frame.left;
        let count = columns.iter().map(|(_, _, _, lines)| lines.len()).max().unwrap_or(0).max(1);
        let group = self.group();
        let height = SIZE * (ASCENT + DESCENT) + EXTRA;
        for at in 0..count {
            let (is_first, is_last) = (at == 0, at + 1 == count);
            let top = if is_first { TOP } else { 0.0 };
            let mut strip = Strip { height: height + top, ..Strip::default() };
            if is_last {
                strip.height += TOP;
                let y = strip.height - 0.75;
                strip.marks.push(Mark::Box { x: frame.left, y, width: total, height: 0.75, color: RULE });
            }
            if is_head {
                strip.backs.push(Back { group, x: frame.left, width: total, color: SHADE });
            }
            for (left, measure, alignment, lines) in &mut columns {
                let Some(line) = lines.get_mut(at).map(std::mem::take) else { continue };
                let spare = (*measure - line.width).max(0.0);
                let left = *left
                    + match alignment {
                        Alignment::Right => spare,
                        Alignment::Center => spare / 2.0,
                        _ => 0.0,
                    };
                strip.marks.extend(marks_of(line, left, top + EXTRA / 2.0 + SIZE * ASCENT, SIZE));
            }
            strip.table = Some((table, is_head));
            strip.with_next = is_head || !is_last && (count <= KEPT_TOGETHER || is_first);
            self.push(strip);
        }
    }

    /// A table with more columns than a page has room for: a row is a paragraph.
    fn rows_as_paragraphs(&mut self, head: &[Cell], rows: &[Vec<Cell>], frame: Frame) {
        for row in std::iter::once(head).chain(rows.iter().map(Vec::as_slice)) {
            let mut text: Vec<Inline> = Vec::new();
            for cell in row {
                if !text.is_empty() {
                    text.push(Inline { text: " | ".to_owned(), style: Style::default(), link: None });
                }
                text.extend(cell.iter().cloned());
            }
            self.paragraph(&text, frame);
        }
    }
}
