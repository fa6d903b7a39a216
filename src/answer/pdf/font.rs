//! Fonts: which glyphs a word is made of, and how wide it is.
//!
//! Six fonts are compiled in, subsets of Noto Sans and Noto Sans Mono (`assets/fonts/`). A character that the font of its style
//! lacks is taken from another of them; one that none has, such as a Chinese one, is shown as a box, and copied and searched as
//! what it is. Words are shaped with
//! kerning and combining marks, left to right; each word once, then it is remembered.

use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use krilla::text::{Font, GlyphId, KrillaGlyph};
use rustybuzz::{Direction, Script, ShapePlan, UnicodeBuffer, script};

use super::PdfError;

/// Words that are remembered. More are forgotten together: this bounds memory, and few documents come near.
const WORDS_KEPT: usize = 20_000;

/// One of the fonts that are compiled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Face {
    Regular,
    Bold,
    Italic,
    BoldItalic,
    Mono,
    MonoBold,
}

/// All of them, in the order of their numbers.
const FACES: [(Face, &[u8]); 6] = [
    (Face::Regular, include_bytes!("../../../assets/fonts/NotoSans-Regular.ttf")),
    (Face::Bold, include_bytes!("../../../assets/fonts/NotoSans-Bold.ttf")),
    (Face::Italic, include_bytes!("../../../assets/fonts/NotoSans-Italic.ttf")),
    (Face::BoldItalic, include_bytes!("../../../assets/fonts/NotoSans-BoldItalic.ttf")),
    (Face::Mono, include_bytes!("../../../assets/fonts/NotoSansMono-Regular.ttf")),
    (Face::MonoBold, include_bytes!("../../../assets/fonts/NotoSansMono-Bold.ttf")),
];

/// Height above and below the baseline in ems; all six have the same.
pub(super) const ASCENT: f32 = 1.069;
/// The advance of a box, as of every character of its font.
const BOX: f32 = 0.6;
/// See [`ASCENT`].
pub(super) const DESCENT: f32 = 0.293;

/// How text is to look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Style {
    pub(super) bold: bool,
    pub(super) italic: bool,
    pub(super) code: bool,
    pub(super) struck: bool,
}

impl Style {
    pub(super) const BOLD: Self = Self { bold: true, italic: false, code: false, struck: false };
    pub(super) const CODE: Self = Self { bold: false, italic: false, code: true, struck: false };

    fn face(self) -> Face {
        match (self.code, self.bold, self.italic) {
            (true, false, _) => Face::Mono,
            (true, true, _) => Face::MonoBold,
            (false, false, false) => Face::Regular,
            (false, true, false) => Face::Bold,
            (false, false, true) => Face::Italic,
            (false, true, true) => Face::BoldItalic,
        }
    }
}

/// Text in one font, shaped. Widths are in ems.
#[derive(Clone, Debug)]
pub(super) struct Shaped {
    pub(super) face: Face,
    pub(super) text: String,
    pub(super) glyphs: Vec<KrillaGlyph>,
    pub(super) width: f32,
}

/// A word: one piece for each font it needs.
pub(super) type Word = Rc<[Shaped]>;

/// The width of a word in ems.
pub(super) fn width(word: &[Shaped]) -> f32 {
    word.iter().map(|piece| piece.width).sum()
}

/// The fonts, and the words shaped so far.
pub(super) struct Fonts {
    loaded: Vec<Loaded>,
    words: HashMap<(Face, String), Word>,
    plans: HashMap<(Face, Script), ShapePlan>,
    /// The emptied buffer of the last word.
    buffer: Option<UnicodeBuffer>,
}

struct Loaded {
    measured: rustybuzz::Face<'static>,
    written: Font,
}

impl Fonts {
    pub(super) fn load() -> Result<Self, PdfError> {
        let load = |(_, data): &(Face, &'static [u8])| {
            let measured = rustybuzz::Face::from_slice(data, 0)?;
            Some(Loaded { measured, written: Font::new((*data).into(), 0)? })
        };
        let loaded: Option<Vec<Loaded>> = FACES.iter().map(load).collect();
        let loaded = loaded.ok_or(PdfError::Font)?;
        Ok(Self { loaded, words: HashMap::new(), plans: HashMap::new(), buffer: None })
    }

    /// The font for the writer of PDF.
    pub(super) fn written(&self, face: Face) -> Option<Font> {
        self.loaded.get(face as usize).map(|loaded| loaded.written.clone())
    }

    /// The word in a style. Give it words, not pages: cost is linear, but all of it is remembered.
    pub(super) fn word(&mut self, text: &str, style: Style) -> Word {
        let face = style.face();
        let key = (face, text.to_owned());
        if let Some(word) = self.words.get(&key) {
            return Rc::clone(word);
        }
        if self.words.len() >= WORDS_KEPT {
            self.words.clear();
        }
        let pieces: Vec<Shaped> = self
            .by_face(text, face)
            .into_iter()
            .map(|(face, range)| {
                let text = text.get(range).unwrap_or_default();
                match face {
                    Some(face) => self.shape(face, text),
                    None => self.boxes(text),
                }
            })
            .collect();
        let word: Word = pieces.into();
        self.words.insert(key, Rc::clone(&word));
        word
    }

    /// Divides a text where the font has to change; `None` where none has what is wanted.
    fn by_face(&self, text: &str, wanted: Face) -> Vec<(Option<Face>, Range<usize>)> {
        let mut parts: Vec<(Option<Face>, Range<usize>)> = Vec::new();
        for (at, character) in text.char_indices() {
            let face = self.face_with(character, wanted);
            let end = at + character.len_utf8();
            match parts.last_mut() {
                // a mark belongs to the letter before it, whatever its own font would be
                Some((last, range)) if *last == face || is_mark(character) => range.end = end,
                _ => parts.push((face, at..end)),
            }
        }
        parts
    }

    /// The first font that has a character, beginning with the wanted one.
    fn face_with(&self, character: char, wanted: Face) -> Option<Face> {
        let has = |face: &Face| {
            self.loaded.get(*face as usize).is_some_and(|loaded| loaded.measured.glyph_index(character).is_some())
        };
        let others = match wanted {
            Face::Bold | Face::BoldItalic | Face::MonoBold => [Face::Bold, Face::MonoBold, Face::Regular, Face::Mono],
            _ => [Face::Regular, Face::Mono, Face::Bold, Face::MonoBold],
        };
        std::iter::once(wanted).chain(others).find(has)
    }

    /// A box for each character.
    fn boxes(&self, text: &str) -> Shaped {
        let (face, missing) = (Face::Mono, '\u{25a1}');
        let font = self.loaded.get(face as usize).map(|loaded| &loaded.measured);
        let glyph = font.and_then(|font| font.glyph_index(missing)).map_or(0, |glyph| glyph.0);
        let glyphs = text.char_indices().map(|(at, character)| {
            let range = at..at + character.len_utf8();
            KrillaGlyph::new(GlyphId::new(glyph.into()), BOX, 0.0, 0.0, 0.0, range, None)
        });
        let glyphs: Vec<KrillaGlyph> = glyphs.collect();
        let width = glyphs.len() as f32 * BOX;
        Shaped { face, text: text.to_owned(), glyphs, width }
    }

    fn shape(&mut self, face: Face, text: &str) -> Shaped {
        let nothing = Shaped { face, text: String::new(), glyphs: Vec::new(), width: 0.0 };
        let Some(font) = self.loaded.get(face as usize).map(|loaded| &loaded.measured) else { return nothing };
        let mut buffer = self.buffer.take().unwrap_or_default();
        buffer.push_str(text);
        buffer.set_direction(Direction::LeftToRight);
        let script = script_of(text);
        buffer.set_script(script);
        let plan = self
            .plans
            .entry((face, script))
            .or_insert_with(|| ShapePlan::new(font, Direction::LeftToRight, Some(script), None, &[]));
        let shaped = rustybuzz::shape_with_plan(font, plan, buffer);
        let em = f32::from(u16::try_from(font.units_per_em()).unwrap_or(1000).max(1));
        let infos = shaped.glyph_infos();
        let starts: Vec<usize> = infos.iter().map(|info| info.cluster as usize).collect();
        let mut glyphs = Vec::with_capacity(infos.len());
        let mut width = 0.0;
        for (at, (info, position)) in infos.iter().zip(shaped.glyph_positions()).enumerate() {
            let start = info.cluster as usize;
            let end = starts.iter().skip(at).find(|next| **next != start).copied().unwrap_or(text.len());
            let advance = position.x_advance as f32 / em;
            width += advance;
            glyphs.push(KrillaGlyph::new(
                GlyphId::new(info.glyph_id),
                advance,
                position.x_offset as f32 / em,
                position.y_offset as f32 / em,
                position.y_advance as f32 / em,
                start..end,
                None,
            ));
        }
        self.buffer = Some(shaped.clear());
        Shaped { face, text: text.to_owned(), glyphs, width }
    }
}

/// The script whose kerning holds for a text: that of its first letter.
fn script_of(text: &str) -> Script {
    match text.chars().find(|character| character.is_alphabetic()) {
        Some('\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}') => script::GREEK,
        Some('\u{400}'..='\u{52f}') => script::CYRILLIC,
        _ => script::LATIN,
    }
}

/// Whether a character is drawn onto the one before it.
pub(super) fn is_mark(character: char) -> bool {
    matches!(character, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}' | '\u{fe00}'..='\u{fe0f}' | '\u{fe20}'..='\u{fe2f}' | '\u{e0100}'..='\u{e01ef}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_the_widths_of_their_glyphs() {
        let mut fonts = Fonts::load().expect("fonts");
        let mono = fonts.word("ab→─", Style::CODE);
        assert_eq!(mono.len(), 1);
        assert!((width(&mono) - 4.0 * 0.6).abs() < 0.001, "{}", width(&mono));
        let kerned = width(&fonts.word("AV", Style::default()));
        let apart = width(&fonts.word("A", Style::default())) + width(&fonts.word("V", Style::default()));
        assert!(kerned < apart, "{kerned} {apart}");
    }

    #[test]
    fn not_all_words_of_a_long_document_are_remembered() {
        let mut fonts = Fonts::load().expect("fonts");
        let most = (0..=WORDS_KEPT).map(|number| {
            fonts.word(&format!("{number:x}"), Style::CODE);
            fonts.words.len()
        });
        assert_eq!(most.max(), Some(WORDS_KEPT));
        assert_eq!(fonts.words.len(), 1);
    }

    #[test]
    fn what_a_font_lacks_comes_from_another_or_is_a_box() {
        let mut fonts = Fonts::load().expect("fonts");
        let word = fonts.word("a→b", Style::default());
        assert_eq!(word.iter().map(|piece| piece.face).collect::<Vec<_>>(), [Face::Regular, Face::Mono, Face::Regular]);
        let word = fonts.word("日本", Style::default());
        assert_eq!(word.iter().map(|piece| piece.text.as_str()).collect::<String>(), "日本");
        let ids: Vec<u32> = word.iter().flat_map(|piece| &piece.glyphs).map(|glyph| glyph.glyph_id.to_u32()).collect();
        assert!(ids.len() == 2 && ids[0] == ids[1] && ids[0] != 0, "{ids:?}");
        assert!((width(&word) - 2.0 * BOX).abs() < 0.001);
    }

    #[test]
    fn each_glyph_knows_its_text() {
        let mut fonts = Fonts::load().expect("fonts");
        let word = fonts.word("e\u{301}x", Style::default());
        let covered: Vec<&str> = word[0].glyphs.iter().map(|glyph| &word[0].text[glyph.text_range.clone()]).collect();
        assert_eq!(covered.last(), Some(&"x"));
        assert_eq!(covered[0], "e\u{301}");
    }
}
