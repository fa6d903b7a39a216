//! Which element of an XML document is an entry.

use quick_xml::events::Event;

use crate::source::transport::xml::{XML_DEPTH, as_text, local, reader};

/// What entries are called.
const ENTRIES: [&[u8]; 6] = [b"task", b"job", b"event", b"entry", b"record", b"testcase"];

/// What entries are called where there is none of [`ENTRIES`]: in one of these, they are a part of it.
const PARTS: [&[u8]; 3] = [b"log", b"message", b"failure"];

/// How often an element is there.
#[derive(Debug, Clone, Default)]
struct Count {
    all: usize,
    /// The most within one element.
    siblings: usize,
    /// How deep the innermost is.
    depth: usize,
}

/// Finds the element that is an entry: the smallest that is repeated within another, else the outermost. `None` when the
/// sample does not begin as XML, or has no element that is called like an entry.
pub(super) fn find(sample: &[u8]) -> Option<String> {
    let begun = sample.trim_ascii_start();
    if !matches!(begun, [b'<', b'?' | b'!' | b'a'..=b'z' | b'A'..=b'Z' | b'_', ..]) {
        return None;
    }
    let names: Vec<&[u8]> = ENTRIES.iter().chain(&PARTS).copied().collect();
    let mut counts = vec![Count::default(); names.len()];
    // For each element that is open, how many of each name it holds so far.
    let mut open = vec![vec![0_usize; names.len()]];
    let mut is_first = true;
    let text = as_text(sample);
    let mut reader = reader(&text);
    while let Ok(event) = reader.read_event() {
        match &event {
            Event::Start(start) | Event::Empty(start) => {
                let name = start.name();
                let name = local(name.as_ref().as_bytes());
                if is_first && name.eq_ignore_ascii_case(b"html") {
                    return None;
                }
                is_first = false;
                if let Some(known) = names.iter().position(|known| known.eq_ignore_ascii_case(name)) {
                    let depth = open.len();
                    let siblings = open.last_mut().and_then(|parent| parent.get_mut(known));
                    let count = &mut counts[known];
                    count.all += 1;
                    count.depth = count.depth.max(depth);
                    if let Some(siblings) = siblings {
                        *siblings += 1;
                        count.siblings = count.siblings.max(*siblings);
                    }
                }
                if matches!(event, Event::Start(_)) {
                    if open.len() > XML_DEPTH {
                        return None;
                    }
                    open.push(vec![0; names.len()]);
                }
            }
            Event::End(_) if open.len() > 1 => {
                open.pop();
            }
            // Text before the first element is no XML.
            Event::Text(text) if is_first && !text.trim_ascii().is_empty() => return None,
            Event::Eof => break,
            _ => {}
        }
    }
    let pick = |range: std::ops::Range<usize>| {
        let there = || range.clone().filter(|&name| counts[name].all > 0);
        let repeated = there().filter(|&name| counts[name].siblings > 1).max_by_key(|&name| counts[name].depth);
        repeated.or_else(|| there().min_by_key(|&name| counts[name].depth))
    };
    let chosen = pick(0..ENTRIES.len()).or_else(|| pick(ENTRIES.len()..names.len()))?;
    Some(String::from_utf8_lossy(names[chosen]).into_owned())
}
