//! Styled runs of text into lines: wrapping, and the columns of a table.
//!
//! A word is what stands between spaces, be it of several styles; widths are columns of a terminal. Styles are closed at
//! the end of each word, so that a line can be cut anywhere and indentation is never coloured.

use pulldown_cmark::Alignment;
use textwrap::core::Fragment;
use textwrap::wrap_algorithms::wrap_first_fit;
use unicode_width::UnicodeWidthStr as _;

/// How a run looks.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Style {
    pub bold: bool,
    pub italic: bool,
    pub struck: bool,
    pub code: bool,
}

/// Text of one style. Holds no control characters but a line feed, which ends a line.
#[derive(Debug, Clone)]
pub(super) struct Run {
    pub text: String,
    pub style: Style,
}

/// A table being collected.
#[derive(Debug)]
pub(super) struct Table {
    /// Cells by row; the first row is the header.
    pub rows: Vec<Vec<Vec<Run>>>,
    alignments: Vec<Alignment>,
}

/// What stands between two spaces outside code.
#[derive(Debug, Default)]
struct Word {
    runs: Vec<Run>,
    /// Spaces after it.
    spaces: usize,
}

/// Wraps runs to lines of at most `width` columns; a longer word gets a line of its own.
pub(super) fn wrap(runs: &[Run], width: usize, styled: bool) -> Vec<String> {
    let mut lines = Vec::new();
    for words in words(runs) {
        #[expect(
            clippy::cast_precision_loss,
            reason = "a width of more columns than a float can tell apart is as good as any"
        )]
        let width = width as f64;
        for line in wrap_first_fit(&words, &[width]) {
            lines.push(join(line, styled));
        }
    }
    lines
}

/// Splits runs into words, grouped by the lines that the author broke them into.
fn words(runs: &[Run]) -> Vec<Vec<Word>> {
    let mut lines = vec![vec![Word::default()]];
    for run in runs {
        // Code stays in one piece: a command that is broken over lines cannot be pasted.
        let is_border = |c: char| c == '\n' || c == ' ' && !run.style.code;
        for part in run.text.split_inclusive(is_border) {
            let text = part.trim_end_matches(is_border);
            let Some(line) = lines.last_mut() else { continue };
            if !text.is_empty() {
                if line.last().is_none_or(|word| word.spaces > 0) {
                    line.push(Word::default());
                }
                if let Some(word) = line.last_mut() {
                    word.runs.push(Run { text: text.to_owned(), style: run.style });
                }
            }
            if part.ends_with('\n') {
                lines.push(vec![Word::default()]);
            } else if let (true, Some(word)) = (part.ends_with(is_border), line.last_mut()) {
                word.spaces += 1;
            }
        }
    }
    lines
}

/// Writes words with the spaces between them.
fn join(words: &[Word], styled: bool) -> String {
    let mut line = String::new();
    for (at, word) in words.iter().enumerate() {
        for run in &word.runs {
            line.push_str(&run.paint(styled));
        }
        if at + 1 < words.len() {
            line.push_str(&" ".repeat(word.spaces));
        }
    }
    line
}

impl Run {
    /// Columns it takes.
    pub(super) fn width(&self) -> usize {
        self.text.width()
    }

    /// Its text, within the sequences of its style.
    fn paint(&self, styled: bool) -> String {
        let Style { bold, italic, struck, code } = self.style;
        let codes: Vec<&str> = [(bold, "1"), (italic, "3"), (struck, "9"), (code, "36")]
            .into_iter()
            .filter_map(|(is_set, code)| is_set.then_some(code))
            .collect();
        if styled && !codes.is_empty() && !self.text.is_empty() {
            format!("\x1b[{}m{}\x1b[0m", codes.join(";"), self.text)
        } else {
            self.text.clone()
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "words are not that long")]
impl Fragment for Word {
    fn width(&self) -> f64 {
        self.runs.iter().map(Run::width).sum::<usize>() as f64
    }

    fn whitespace_width(&self) -> f64 {
        self.spaces as f64
    }

    fn penalty_width(&self) -> f64 {
        0.0
    }
}

impl Table {
    /// Begins a table whose columns are aligned so.
    pub(super) fn new(alignments: Vec<Alignment>) -> Self {
        Table { rows: Vec::new(), alignments }
    }

    /// Lays the table out: columns two spaces apart, the header underlined.
    pub(super) fn lines(&self, styled: bool) -> Vec<String> {
        let widths: Vec<usize> = (0..self.alignments.len())
            .map(|column| self.rows.iter().filter_map(|row| row.get(column)).map(|cell| width(cell)).max().unwrap_or(0))
            .collect();
        let mut lines: Vec<String> = self.rows.iter().map(|row| self.line(row, &widths, styled)).collect();
        let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
        lines.insert(lines.len().min(1), rule.join("  "));
        lines
    }

    fn line(&self, row: &[Vec<Run>], widths: &[usize], styled: bool) -> String {
        let cells = row.iter().zip(widths).zip(&self.alignments).map(|((cell, width_of_column), alignment)| {
            let room = width_of_column.saturating_sub(width(cell));
            let left = match alignment {
                Alignment::Right => room,
                Alignment::Center => room / 2,
                Alignment::Left | Alignment::None => 0,
            };
            let text: String = cell.iter().map(|run| run.paint(styled)).collect();
            format!("{}{text}{}", " ".repeat(left), " ".repeat(room - left))
        });
        cells.collect::<Vec<_>>().join("  ")
    }
}

/// Columns that a cell takes.
fn width(cell: &[Run]) -> usize {
    cell.iter().map(Run::width).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(text: &str, bold: bool) -> Run {
        Run { text: text.to_owned(), style: Style { bold, ..Style::default() } }
    }

    #[test]
    fn a_word_of_two_styles_is_not_broken() {
        let runs = [run("one tw", false), run("o", true), run(", three", false)];
        assert_eq!(wrap(&runs, 8, false), ["one two,", "three"]);
        assert_eq!(wrap(&runs, 80, true), ["one tw\x1b[1mo\x1b[0m, three"]);
    }

    #[test]
    fn code_is_not_broken_over_lines() {
        let code = Run { text: "`journalctl -k | grep oom`".into(), style: Style { code: true, ..Style::default() } };
        assert_eq!(
            wrap(&[run("look with ", false), code, run(", then", false)], 20, false),
            ["look with", "`journalctl -k | grep oom`,", "then"]
        );
    }

    #[test]
    fn spaces_inside_a_line_and_line_breaks_are_kept() {
        assert_eq!(wrap(&[run("a  b\nc", false)], 80, false), ["a  b", "c"]);
    }
}
