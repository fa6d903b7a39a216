//! Text as lines of a width: words are measured and put on lines, first come, first served.
//!
//! A line breaks at spaces. A word that is long, or that does not fit at all, breaks behind the signs that paths and addresses
//! consist of, and if need be behind any letter: nothing ever runs off the page.

use krilla::text::KrillaGlyph;

use super::blocks::Inline;
use super::font::{self, Face, Fonts, Style, Word};
use super::pages::Ink;
use super::tags::{Node, Role, Slot, Tags};

/// Code in running text is a little smaller: its letters are wider and look larger.
pub(super) const CODE_SIZE: f32 = 0.92;

/// From this part of a line on, a word is broken behind signs, lest the line before it be left half empty.
const LONG: f32 = 0.4;

/// A word of more letters is shaped in parts, so that cost stays linear.
const SHAPED_AT_ONCE: usize = 64;

/// How a text is set.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting {
    pub(super) size: f32,
    pub(super) color: Ink,
    pub(super) link_color: Ink,
    /// The width of a line.
    pub(super) measure: f32,
    /// Set all of it bold.
    pub(super) bold: bool,
}

/// Glyphs of one font, one behind the other.
#[derive(Clone, Debug)]
pub(super) struct Run {
    /// From the beginning of the line.
    pub(super) x: f32,
    pub(super) width: f32,
    pub(super) face: Face,
    pub(super) size: f32,
    pub(super) color: Ink,
    pub(super) text: String,
    pub(super) glyphs: Vec<KrillaGlyph>,
    pub(super) struck: bool,
    /// Its place in the structure; `None` for what only decorates.
    pub(super) slot: Option<Slot>,
}

/// A stretch of a line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch {
    pub(super) x: f32,
    pub(super) width: f32,
}

/// A line.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    pub(super) runs: Vec<Run>,
    /// Without the space at its end.
    pub(super) width: f32,
    /// Links, by their numbers, and the places of their areas in the structure.
    pub(super) links: Vec<(usize, Stretch, Slot)>,
    /// Code, to be shaded.
    pub(super) code: Vec<Stretch>,
}

/// Breaks text into lines; the text becomes part of `node`. At least one line, unless there is no text.
pub(super) fn lines(fonts: &mut Fonts, tags: &mut Tags, node: Node, text: &[Inline], setting: &Setting) -> Vec<Line> {
    let mut breaker = Breaker {
        fonts,
        tags,
        node,
        setting,
        done: Vec::new(),
        line: Vec::new(),
        x: 0.0,
        unit: Vec::new(),
        space: None,
        link: None,
    };
    for inline in text {
        let style = Style { bold: inline.style.bold || setting.bold, ..inline.style };
        let mut rest = inline.text.as_str();
        while let Some(first) = rest.chars().next() {
            match first {
                '\n' => {
                    breaker.place_unit();
                    breaker.end_line();
                    rest = &rest[1..];
                }
                ' ' => {
                    breaker.place_unit();
                    breaker.add_space(style, inline.link);
                    rest = &rest[1..];
                }
                _ => {
                    let end = rest.find([' ', '\n']).unwrap_or(rest.len());
                    breaker.add_word(&rest[..end], style, inline.link);
                    rest = &rest[end..];
                }
            }
        }
    }
    breaker.place_unit();
    if !breaker.line.is_empty() {
        breaker.end_line();
    }
    breaker.done
}

/// Part of a word that stays together.
#[derive(Clone)]
struct Part {
    text: String,
    word: Word,
    style: Style,
    link: Option<usize>,
    width: f32,
}

/// A part on its line.
struct Placed {
    x: f32,
    part: Part,
}

struct Breaker<'a> {
    fonts: &'a mut Fonts,
    tags: &'a mut Tags,
    node: Node,
    setting: &'a Setting,
    done: Vec<Line>,
    line: Vec<Placed>,
    x: f32,
    /// What stands together since the last space.
    unit: Vec<Part>,
    /// The space before it.
    space: Option<Part>,
    /// The link that the last line ended in, and its node.
    link: Option<(usize, Node)>,
}

impl Breaker<'_> {
    fn size(&self, style: Style) -> f32 {
        self.setting.size * if style.code { CODE_SIZE } else { 1.0 }
    }

    fn part(&mut self, text: &str, style: Style, link: Option<usize>) -> Part {
        let word = self.fonts.word(text, style);
        let width = font::width(&word) * self.size(style);
        Part { text: text.to_owned(), word, style, link, width }
    }

    fn add_word(&mut self, word: &str, style: Style, link: Option<usize>) {
        let mut rest = word;
        while !rest.is_empty() {
            let end = rest.char_indices().nth(SHAPED_AT_ONCE).map_or(rest.len(), |(at, _)| at);
            let (chunk, behind) = rest.split_at(end);
            let part = self.part(chunk, style, link);
            self.unit.push(part);
            rest = behind;
        }
        // a word without end is put down as it comes
        if self.unit.len() > 64 {
            self.place_unit();
        }
    }

    fn add_space(&mut self, style: Style, link: Option<usize>) {
        match &mut self.space {
            // spaces in code are kept
            Some(space) if style.code && space.style.code && space.text.len() < SHAPED_AT_ONCE => {
                let text = format!("{} ", space.text);
                let part = self.part(&text, style, link);
                self.space = Some(part);
            }
            Some(_) => {}
            None => self.space = Some(self.part(" ", style, link)),
        }
    }

    /// Puts down what stands together, on this line or the next, broken if it has to be.
    fn place_unit(&mut self) {
        let unit = std::mem::take(&mut self.unit);
        let Some((first, _)) = unit.split_first() else { return };
        let width: f32 = unit.iter().map(|part| part.width).sum();
        let measure = self.setting.measure;
        if self.line.is_empty() {
            self.space = None;
        }
        // a space between two links is in neither
        if let Some(space) = &mut self.space
            && space.link != first.link
        {
            space.link = None;
        }
        let space = self.space.as_ref().map_or(0.0, |space| space.width);
        if self.x + space + width <= measure {
            self.put_space();
            unit.into_iter().for_each(|part| self.put(part));
            return;
        }
        let is_long = width > LONG * measure;
        for cluster in self.clusters(&unit, is_long) {
            let width: f32 = cluster.iter().map(|part| part.width).sum();
            let space = self.space.as_ref().map_or(0.0, |space| space.width);
            if !self.line.is_empty() && self.x + space + width > measure {
                self.end_line();
            }
            self.put_space();
            if width <= measure {
                cluster.into_iter().for_each(|part| self.put(part));
            } else {
                cluster.into_iter().for_each(|part| self.put_letters(&part));
            }
        }
    }

    /// Divides a unit where it may be broken.
    fn clusters(&mut self, unit: &[Part], is_long: bool) -> Vec<Vec<Part>> {
        let mut clusters: Vec<Vec<Part>> = Vec::new();
        let mut is_open = false;
        for part in unit {
            for (piece, may_break) in pieces(&part.text, is_long, part.style.code) {
                let piece =
                    if piece.len() == part.text.len() { part.clone() } else { self.part(piece, part.style, part.link) };
                match clusters.last_mut() {
                    Some(cluster) if is_open => cluster.push(piece),
                    _ => clusters.push(vec![piece]),
                }
                is_open = !may_break;
            }
        }
        clusters
    }

    /// Puts down a part that is wider than a line, letter by letter.
    fn put_letters(&mut self, part: &Part) {
        let size = self.size(part.style);
        let (mut from, mut at, mut width) = (0, 0, 0.0);
        let mut letters = part.text.char_indices().peekable();
        while let Some((start, letter)) = letters.next() {
            let mut end = start + letter.len_utf8();
            while let Some((_, mark)) = letters.next_if(|(_, next)| font::is_mark(*next)) {
                end += mark.len_utf8();
            }
            let advance = font::width(&self.fonts.word(&part.text[start..end], part.style)) * size;
            if self.x + width + advance > self.setting.measure && !(self.line.is_empty() && from == at) {
                let before = self.part(&part.text[from..at], part.style, part.link);
                self.put(before);
                self.end_line();
                (from, width) = (at, 0.0);
            }
            at = end;
            width += advance;
        }
        let last = self.part(&part.text[from..at], part.style, part.link);
        self.put(last);
    }

    fn put_space(&mut self) {
        if let Some(space) = self.space.take()
            && !self.line.is_empty()
        {
            self.put(space);
        }
    }

    fn put(&mut self, part: Part) {
        if part.text.is_empty() {
            return;
        }
        let x = self.x;
        self.x += part.width;
        self.line.push(Placed { x, part });
    }

    /// Ends the line: what has the same style becomes one run, with a space at the end that nobody sees and everybody copies.
    fn end_line(&mut self) {
        let width = self.x;
        if let Some(space) = self.space.take() {
            let space = Part { link: None, style: Style { struck: false, code: false, ..space.style }, ..space };
            let space = self.part(" ", space.style, space.link);
            self.put(space);
        }
        let mut line = Line { width, ..Line::default() };
        let mut last: Option<(Style, Option<usize>)> = None;
        for Placed { x, part } in std::mem::take(&mut self.line) {
            let is_same = last == Some((part.style, part.link));
            last = Some((part.style, part.link));
            let node = self.node_of(part.link);
            let size = self.size(part.style);
            let color = if part.link.is_some() { self.setting.link_color } else { self.setting.color };
            let mut at = x;
            for (index, shaped) in part.word.iter().enumerate() {
                let width = shaped.width * size;
                match line.runs.last_mut() {
                    Some(run) if (is_same || index > 0) && run.face == shaped.face => run.extend(shaped, width),
                    _ => line.runs.push(Run {
                        x: at,
                        width,
                        face: shaped.face,
                        size,
                        color,
                        text: shaped.text.clone(),
                        glyphs: shaped.glyphs.clone(),
                        struck: part.style.struck,
                        slot: Some(self.tags.slot(node)),
                    }),
                }
                at += width;
            }
            let end = x + part.width;
            if part.style.code {
                match line.code.last_mut() {
                    Some(stretch) if is_same => stretch.width = end - stretch.x,
                    _ => line.code.push(Stretch { x, width: part.width }),
                }
            }
            if let Some(link) = part.link {
                match line.links.last_mut() {
                    Some((same, stretch, _)) if *same == link => stretch.width = end - stretch.x,
                    _ => line.links.push((link, Stretch { x, width: part.width }, self.tags.slot(node))),
                }
            }
        }
        self.x = 0.0;
        self.done.push(line);
    }

    /// The node that text of a link belongs to; a link over several lines is one.
    fn node_of(&mut self, link: Option<usize>) -> Node {
        let Some(link) = link else { return self.node };
        match self.link {
            Some((same, node)) if same == link => node,
            _ => {
                let node = self.tags.node(self.node, Role::Link);
                self.link = Some((link, node));
                node
            }
        }
    }
}

impl Run {
    /// Makes plain spaces of those that do not break.
    pub(super) fn restore_spaces(&mut self) {
        let mut text = String::with_capacity(self.text.len());
        let mut places = Vec::with_capacity(self.text.len() + 1);
        for (at, character) in self.text.char_indices() {
            places.resize(at + character.len_utf8(), text.len());
            text.push(if character == '\u{a0}' { ' ' } else { character });
        }
        places.push(text.len());
        for glyph in &mut self.glyphs {
            let place = |at: usize| places.get(at).copied().unwrap_or(text.len());
            glyph.text_range = place(glyph.text_range.start)..place(glyph.text_range.end);
        }
        self.text = text;
    }

    fn extend(&mut self, shaped: &super::font::Shaped, width: f32) {
        let before = self.text.len();
        self.text.push_str(&shaped.text);
        self.glyphs.extend(shaped.glyphs.iter().map(|glyph| {
            let mut glyph = glyph.clone();
            glyph.text_range = glyph.text_range.start + before..glyph.text_range.end + before;
            glyph
        }));
        self.width += width;
    }
}

/// Divides a word where it may be broken; for each piece whether it may be behind it. A long word behind the signs of paths and
/// addresses, a short one behind a hyphen between letters.
fn pieces(word: &str, is_long: bool, is_code: bool) -> Vec<(&str, bool)> {
    let mut pieces = Vec::new();
    let mut from = 0;
    let mut before: [char; 2] = [' '; 2];
    for (at, character) in word.char_indices() {
        let end = at + character.len_utf8();
        let after = word[end..].chars().next();
        let is_sign = match is_long {
            true => {
                "/\\-_.,=&?:;@|+)]}>".contains(character) && at - from >= 3 && after.is_some_and(char::is_alphanumeric)
            }
            false => {
                character == '-'
                    && !is_code
                    && before.iter().all(|letter| letter.is_alphabetic())
                    && word[end..].chars().take(3).filter(|letter| letter.is_alphabetic()).count() == 3
            }
        };
        if is_sign {
            pieces.push((&word[from..end], true));
            from = end;
        }
        before = [before[1], character];
    }
    if from < word.len() {
        pieces.push((&word[from..], false));
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(text: &str, measure: f32, style: Style) -> Vec<(String, f32)> {
        let mut fonts = Fonts::load().expect("fonts");
        let mut tags = Tags::new();
        let black = Ink(0, 0, 0);
        let setting = Setting { size: 10.0, color: black, link_color: black, measure, bold: false };
        let inline = Inline { text: text.to_owned(), style, link: None };
        let lines = lines(&mut fonts, &mut tags, Tags::ROOT, &[inline], &setting);
        lines.into_iter().map(|line| (line.runs.iter().map(|run| run.text.as_str()).collect(), line.width)).collect()
    }

    fn texts(text: &str, measure: f32, style: Style) -> Vec<String> {
        broken(text, measure, style).into_iter().map(|(text, _)| text).collect()
    }

    #[test]
    fn lines_break_at_spaces_and_keep_them() {
        assert_eq!(texts("one two three", 45.0, Style::default()), ["one two ", "three"]);
        assert_eq!(texts("  one  two\nthree ", 200.0, Style::default()), ["one two", "three "]);
    }

    #[test]
    fn words_break_behind_signs_and_hyphens_before_they_break_anywhere() {
        assert_eq!(texts("see /var/log/messages/archive", 100.0, Style::CODE), ["see /var/log/", "messages/archive"]);
        assert_eq!(texts("a well-known thing", 45.0, Style::default()), ["a well-", "known ", "thing"]);
    }

    #[test]
    fn no_line_is_wider_than_the_measure() {
        let word = "x".repeat(10_000);
        for text in [
            word.as_str(),
            "日本語日本語日本語日本語",
            "a/b-c_d.e".repeat(40).as_str(),
            "e\u{301}\u{302}".repeat(300).as_str(),
        ] {
            for (line, width) in broken(text, 60.0, Style::default()) {
                assert!(width <= 60.0, "{line} {width}");
            }
            assert_eq!(texts(text, 60.0, Style::default()).concat(), text);
        }
    }
}
