//! Strips on pages: what stands where, what stays together, what is repeated.
//!
//! A strip is as wide as the text and as high as a line, never more than a small part of a page. A heading stays with what it is about and
//! no paragraph leaves a line alone, because such strips say that they stay with the next one. The head of a table stands
//! again on each page that the table comes to.

use super::lines::Run;
use super::tags::Slot;
use super::{MAX_PAGES, PageSize};

/// White paper left and right of the text, in points.
pub(super) const SIDE: f32 = 68.0;
/// Above it.
const TOP: f32 = 64.0;
/// Below it; the foot of the page stands in it.
const BOTTOM: f32 = 76.0;

/// A head of a table that takes more of a page is not repeated.
const REPEATED_HEAD: f32 = 0.25;

/// A colour: red, green, blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ink(pub(super) u8, pub(super) u8, pub(super) u8);

/// Something drawn; places are relative to the left edge of the text and the top of its strip.
#[derive(Clone, Debug)]
pub(super) enum Mark {
    /// Glyphs; `y` is their baseline.
    Text { x: f32, y: f32, run: Run },
    /// A filled rectangle that says nothing.
    Box { x: f32, y: f32, width: f32, height: f32, color: Ink },
    /// Where a link can be clicked.
    Link { x: f32, y: f32, width: f32, height: f32, link: usize, slot: Slot },
    /// The sign that a line of code goes on.
    Continued { x: f32, y: f32, size: f32, color: Ink },
}

/// What stands behind one or more strips, drawn once for all of them on a page.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Back {
    /// Strips with the same number have one together.
    pub(super) group: usize,
    pub(super) x: f32,
    pub(super) width: f32,
    pub(super) color: Ink,
}

/// A line of the document.
#[derive(Clone, Debug, Default)]
pub(super) struct Strip {
    /// White above it, except where a page begins.
    pub(super) before: f32,
    pub(super) height: f32,
    pub(super) marks: Vec<Mark>,
    pub(super) backs: Vec<Back>,
    /// Not to be parted from the next one.
    pub(super) with_next: bool,
    /// The table it is part of, and whether of its head.
    pub(super) table: Option<(usize, bool)>,
    /// The heading it begins: level and text, for the outline.
    pub(super) heading: Option<(u16, String)>,
}

/// A mark on its page.
#[derive(Debug)]
pub(super) struct Placed {
    /// The top of its strip.
    pub(super) y: f32,
    pub(super) mark: Mark,
    /// Whether it only repeats what stands on another page.
    pub(super) is_repeated: bool,
}

/// A page.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// Backgrounds with the height that they begin and end at.
    pub(super) backs: Vec<(Back, f32, f32)>,
    pub(super) marks: Vec<Placed>,
    /// Headings: level, text, height.
    pub(super) headings: Vec<(u16, String, f32)>,
}

/// The pages so far.
#[derive(Debug)]
pub(super) struct Pages {
    size: PageSize,
    done: Vec<Page>,
    y: f32,
    /// Whether nothing stands on the last page.
    is_fresh: bool,
    /// Strips that stay together, the last of which has not come.
    waiting: Vec<Strip>,
    waiting_height: f32,
    /// The head of the table that was begun last.
    head: Option<(usize, Vec<Strip>)>,
    is_full: bool,
}

impl Pages {
    pub(super) fn new(size: PageSize) -> Self {
        Self {
            size,
            done: vec![Page::default()],
            y: TOP,
            is_fresh: true,
            waiting: Vec::new(),
            waiting_height: 0.0,
            head: None,
            is_full: false,
        }
    }

    /// The width of the text.
    pub(super) fn width(&self) -> f32 {
        self.size.points().0 - 2.0 * SIDE
    }

    /// Whether there is no room for more.
    pub(super) fn is_full(&self) -> bool {
        self.is_full
    }

    /// Adds a strip.
    pub(super) fn push(&mut self, strip: Strip) {
        if self.is_full {
            return;
        }
        if let Some((table, true)) = strip.table {
            match &mut self.head {
                Some((same, strips)) if *same == table => strips.push(strip.clone()),
                _ => self.head = Some((table, vec![strip.clone()])),
            }
        }
        let goes_on = strip.with_next;
        self.waiting_height += strip.before + strip.height;
        self.waiting.push(strip);
        if !goes_on || self.waiting_height > self.content() {
            self.place_waiting();
        }
    }

    /// The pages, and whether something is left out.
    pub(super) fn finish(mut self) -> (Vec<Page>, bool) {
        self.place_waiting();
        (self.done, self.is_full)
    }

    /// The height of the text.
    fn content(&self) -> f32 {
        self.size.points().1 - TOP - BOTTOM
    }

    fn bottom(&self) -> f32 {
        self.size.points().1 - BOTTOM
    }

    fn place_waiting(&mut self) {
        let strips = std::mem::take(&mut self.waiting);
        let height = std::mem::take(&mut self.waiting_height);
        let first_before = strips.first().map_or(0.0, |strip| strip.before);
        let fits_on_one = height - first_before <= self.content();
        if !self.is_fresh && self.y + height > self.bottom() && fits_on_one {
            self.turn(strips.first());
        }
        strips.into_iter().for_each(|strip| self.place(strip, false));
    }

    fn place(&mut self, strip: Strip, is_repeated: bool) {
        let before = if self.is_fresh { 0.0 } else { strip.before };
        if !is_repeated && !self.is_fresh && self.y + before + strip.height > self.bottom() {
            self.turn(Some(&strip));
        }
        if self.is_full {
            return;
        }
        let before = if self.is_fresh { 0.0 } else { strip.before };
        let y = self.y + before;
        let Some(page) = self.done.last_mut() else { return };
        for back in strip.backs {
            match page.backs.iter_mut().rev().take(16).find(|(known, _, _)| known.group == back.group) {
                Some((_, _, end)) => *end = y + strip.height,
                None => page.backs.push((back, y, y + strip.height)),
            }
        }
        if let Some((level, text)) = strip.heading {
            page.headings.push((level, text, y));
        }
        page.marks.extend(strip.marks.into_iter().map(|mark| Placed { y, mark, is_repeated }));
        self.y = y + strip.height;
        self.is_fresh = false;
    }

    /// Begins a page, on which a strip is to stand.
    fn turn(&mut self, next: Option<&Strip>) {
        if self.done.len() >= MAX_PAGES {
            self.is_full = true;
            return;
        }
        self.done.push(Page::default());
        self.y = TOP;
        self.is_fresh = true;
        let Some((table, false)) = next.and_then(|strip| strip.table) else { return };
        let Some((_, head)) = self.head.as_ref().filter(|(same, _)| *same == table) else { return };
        let height: f32 = head.iter().map(|strip| strip.before + strip.height).sum();
        if height <= REPEATED_HEAD * self.content() {
            head.clone().into_iter().for_each(|strip| self.place(strip, true));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strip(height: f32, with_next: bool) -> Strip {
        Strip { before: 10.0, height, with_next, heading: Some((1, height.to_string())), ..Strip::default() }
    }

    fn laid(strips: Vec<Strip>) -> Vec<Vec<String>> {
        let mut pages = Pages::new(PageSize::A4);
        strips.into_iter().for_each(|strip| pages.push(strip));
        let text = |page: Page| page.headings.into_iter().map(|(_, text, _)| text).collect();
        pages.finish().0.into_iter().map(text).collect()
    }

    #[test]
    fn what_stays_together_goes_to_the_next_page_together() {
        let pages = laid(vec![strip(600.0, false), strip(20.0, true), strip(80.0, false)]);
        assert_eq!(pages, [vec!["600"], vec!["20", "80"]]);
        let pages = laid(vec![strip(600.0, false), strip(20.0, true), strip(40.0, false)]);
        assert_eq!(pages.len(), 1);
    }

    #[test]
    fn what_cannot_stay_together_is_parted() {
        let pages = laid((0..100).map(|_| strip(20.0, true)).collect());
        assert!(pages.len() > 3 && pages.iter().all(|page| page.len() > 4), "{pages:?}");
    }

    #[test]
    fn the_number_of_pages_is_bounded() {
        assert_eq!(laid((0..MAX_PAGES + 50).map(|_| strip(600.0, false)).collect()).len(), MAX_PAGES);
    }

    #[test]
    fn the_head_of_a_table_stands_on_each_of_its_pages() {
        let row = |head: bool| Strip { table: Some((1, head)), ..strip(if head { 20.0 } else { 300.0 }, head) };
        let pages = laid(vec![row(true), row(false), row(false), row(false)]);
        assert_eq!(pages, [vec!["20", "300", "300"], vec!["20", "300"]]);
    }
}
