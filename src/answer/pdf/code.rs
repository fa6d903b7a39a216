//! Blocks of code: each line as written, those that are too long continued below, with a sign that they are.

use super::blocks::Inline;
use super::flow::{Flow, Frame, MUTED, SHADE, TEXT, strip_of};
use super::font::{self, Style};
use super::lines::{CODE_SIZE, Setting, lines};
use super::pages::{Back, Mark};
use super::tags::Role;

/// Size of code, and the white between its lines.
const SIZE: f32 = 8.6;
const EXTRA: f32 = 1.6;

/// White between the edge of the background and the code.
const PADDING: f32 = 8.0;

/// How far the continuation of a line is moved in, in letters.
const CONTINUED: usize = 2;

/// Blocks of so many lines are kept on one page.
const KEPT_TOGETHER: usize = 4;

impl Flow {
    pub(super) fn code(&mut self, code: &str, frame: Frame) {
        let group = self.group();
        let node = self.tags.node(frame.node, Role::Code);
        let back = Back { group, x: frame.left, width: frame.width, color: SHADE };
        let letter = font::width(&self.fonts.word("0", Style::CODE)) * SIZE;
        let columns = (((frame.width - 2.0 * PADDING) / letter) as usize).max(CONTINUED + 2);
        // what another font lends, and a few letters of this one, are wider than one column
        let mut columns_of = |character: char| match character.is_ascii() {
            true => 1,
            false => {
                let width = font::width(&self.fonts.word(character.encode_utf8(&mut [0; 4]), Style::CODE)) * SIZE;
                (width / letter - 0.01).ceil().max(1.0) as usize
            }
        };
        let rows: Vec<(&str, bool)> = code.split('\n').flat_map(|line| rows(line, columns, &mut columns_of)).collect();
        let count = rows.len();
        let setting =
            Setting { size: SIZE / CODE_SIZE, color: TEXT, link_color: TEXT, measure: f32::INFINITY, bold: false };
        for (at, (row, is_continued)) in rows.into_iter().enumerate() {
            if self.is_full() {
                return;
            }
            let is_last = at + 1 == count;
            let text = [Inline { text: row.to_owned(), style: Style::CODE, link: None }];
            let indent = if is_continued { CONTINUED as f32 * letter } else { 0.0 };
            let left = frame.left + PADDING;
            let line = lines_of_code(self, &text, node, &setting);
            let mut strip = strip_of(line, left + indent, SIZE, EXTRA, if at == 0 { PADDING - 2.0 } else { 0.0 });
            if is_continued {
                let baseline = EXTRA / 2.0 + SIZE * font::ASCENT;
                strip.marks.push(Mark::Continued { x: left, y: baseline, size: letter * 1.3, color: MUTED });
            }
            if is_last {
                strip.height += PADDING - 2.0;
            }
            strip.backs.push(back);
            strip.with_next = !is_last && (count <= KEPT_TOGETHER || at == 0 || at + 2 == count);
            self.push(strip);
        }
    }
}

/// The one line of a row, with its leading spaces and without shades: the block has a background.
fn lines_of_code(
    flow: &mut Flow,
    text: &[Inline; 1],
    node: super::tags::Node,
    setting: &Setting,
) -> super::lines::Line {
    let [inline] = text;
    // spaces at the beginning of a line and of its copy
    let written = Inline { text: inline.text.replace(' ', "\u{a0}"), ..inline.clone() };
    let mut line =
        lines(&mut flow.fonts, &mut flow.tags, node, &[written], setting).into_iter().next().unwrap_or_default();
    line.code.clear();
    for run in &mut line.runs {
        run.restore_spaces();
    }
    line
}

/// The rows of a line of code: text, and whether it continues the row before.
fn rows<'c>(line: &'c str, columns: usize, columns_of: &mut dyn FnMut(char) -> usize) -> Vec<(&'c str, bool)> {
    let (mut rows, mut rest) = (Vec::new(), line);
    loop {
        let is_continued = !rows.is_empty();
        let columns = columns - if is_continued { CONTINUED } else { 0 };
        let Some(end) = end_of_row(rest, columns, columns_of) else {
            rows.push((rest, is_continued));
            return rows;
        };
        // behind the last space, if the row is not left too short by that
        let row = &rest[..end];
        let at = row.rfind(' ').map(|at| at + 1).filter(|at| *at > end * 2 / 3).unwrap_or(end);
        let (row, behind) = rest.split_at(at);
        rows.push((row, is_continued));
        rest = behind;
    }
}

/// Where the columns are full; `None` if the text has no more.
fn end_of_row(text: &str, columns: usize, columns_of: &mut dyn FnMut(char) -> usize) -> Option<usize> {
    let mut used = 0;
    for (at, character) in text.char_indices() {
        if font::is_mark(character) {
            continue;
        }
        used += columns_of(character);
        if used > columns && at > 0 {
            return Some(at);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows when letters have one column and all else has two.
    fn texts(line: &str, columns: usize) -> Vec<&str> {
        let mut columns_of = |character: char| if character.is_ascii() { 1 } else { 2 };
        rows(line, columns, &mut columns_of).into_iter().map(|(row, _)| row).collect()
    }

    #[test]
    fn long_lines_are_continued_and_nothing_is_lost() {
        assert_eq!(texts("short", 10), ["short"]);
        assert_eq!(texts("\u{468}\u{468}\u{468}a", 7), ["\u{468}\u{468}\u{468}a"]);
        assert_eq!(texts("a\u{468}\u{468}\u{468}\u{468}", 6), ["a\u{468}\u{468}", "\u{468}\u{468}"]);
        assert_eq!(texts("", 10), [""]);
        assert_eq!(texts("openssl x509 -noout", 15), ["openssl x509 ", "-noout"]);
        let long = "0123456789".repeat(1_000);
        let broken = texts(&long, 40);
        assert!(broken.iter().all(|row| row.len() <= 40));
        assert_eq!(broken.concat(), long);
    }
}
