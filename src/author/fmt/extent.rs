//! How far the parts of a line reach: keys, quotes, brackets, comments.
//!
//! These functions follow YAML's rules as far as sound files need; whether the file is sound was asked before, and whether the
//! result means the same is asked after.

/// A place: a line, and a byte in it.
pub(super) type Place = (usize, usize);

/// The white space that may stand between tokens of a line.
pub(super) const BLANK: [char; 2] = [' ', '\t'];

/// The first byte at or behind `at` that is no blank.
pub(super) fn skip_blank(line: &str, at: usize) -> usize {
    let rest = line.get(at..).unwrap_or_default();
    at + (rest.len() - rest.trim_start_matches(BLANK).len())
}

/// Whether a `-` at `at` begins an item of a list.
pub(super) fn is_item(line: &str, at: usize) -> bool {
    let mut rest = line.bytes().skip(at);
    rest.next() == Some(b'-') && matches!(rest.next(), None | Some(b' ' | b'\t'))
}

/// The key at `at`, and the byte behind its colon.
pub(super) fn key(line: &str, at: usize) -> Option<(&str, usize)> {
    let rest = line.get(at..)?;
    let colon = match rest.bytes().next()? {
        b'"' | b'\'' => skip_blank(rest, quoted(&[rest], (0, 0))?.1),
        b'[' | b'{' | b'#' | b'|' | b'>' | b'&' | b'*' | b'!' | b'%' | b'@' | b'`' => return None,
        b'?' | b'-' if matches!(rest.as_bytes().get(1), None | Some(b' ' | b'\t')) => return None,
        _ => rest.match_indices(':').map(|(found, _)| found).find(|found| is_colon(rest, *found))?,
    };
    let key = rest.get(..colon)?.trim_end_matches(BLANK);
    let is_key = is_colon(rest, colon) && (rest.starts_with(['"', '\'']) || comment(key, 0).is_none());
    is_key.then_some((key, at + colon + 1))
}

fn is_colon(text: &str, at: usize) -> bool {
    text.as_bytes().get(at) == Some(&b':') && matches!(text.as_bytes().get(at + 1), None | Some(b' ' | b'\t'))
}

/// Where the first comment at or behind `from` begins.
pub(super) fn comment(line: &str, from: usize) -> Option<usize> {
    let bytes = line.as_bytes();
    let begins = |at: &usize| at.checked_sub(1).is_none_or(|before| matches!(bytes.get(before), Some(b' ' | b'\t')));
    (from..bytes.len()).filter(|at| bytes.get(*at) == Some(&b'#')).find(begins)
}

/// The place behind the quote that closes the one at `start`.
pub(super) fn quoted(lines: &[&str], start: Place) -> Option<Place> {
    let quote = *lines.get(start.0)?.as_bytes().get(start.1)?;
    let mut at = start.1 + 1;
    for (number, line) in lines.iter().enumerate().skip(start.0) {
        let bytes = line.as_bytes();
        while let Some(&byte) = bytes.get(at) {
            at += match byte {
                b'\\' if quote == b'"' => 2,
                _ if byte == quote && quote == b'\'' && bytes.get(at + 1) == Some(&quote) => 2,
                _ if byte == quote => return Some((number, at + 1)),
                _ => 1,
            };
        }
        at = 0;
    }
    None
}

/// The place behind the bracket that closes the one at `start`, and whether there are comments between.
pub(super) fn bracketed(lines: &[&str], start: Place) -> Option<(Place, bool)> {
    let mut depth = 0_usize;
    let mut has_comments = false;
    // whether a value may begin here, so that a quote is one
    let mut is_fresh = true;
    let (mut number, mut at) = start;
    while let Some(line) = lines.get(number) {
        let bytes = line.as_bytes();
        let Some(&byte) = bytes.get(at) else {
            (number, at) = (number + 1, 0);
            continue;
        };
        match byte {
            b'[' | b'{' => (depth, is_fresh) = (depth + 1, true),
            b']' | b'}' if depth == 1 => return Some(((number, at + 1), has_comments)),
            b']' | b'}' => (depth, is_fresh) = (depth.saturating_sub(1), false),
            b',' | b':' => is_fresh = true,
            b' ' | b'\t' => {}
            b'"' | b'\'' if is_fresh => {
                (number, at) = quoted(lines, (number, at))?;
                is_fresh = false;
                continue;
            }
            b'#' if comment(line, at) == Some(at) => {
                has_comments = true;
                at = bytes.len();
                continue;
            }
            _ => is_fresh = false,
        }
        at += 1;
    }
    None
}

/// What stands between brackets on one line, divided at its commas. `None` where that is not certain.
pub(super) fn members(text: &str) -> Option<Vec<&str>> {
    let inner = text.get(1..text.len().checked_sub(1)?)?;
    let mut members = Vec::new();
    let (mut from, mut at, mut is_fresh) = (0, 0, true);
    while let Some(&byte) = inner.as_bytes().get(at) {
        match byte {
            b'"' | b'\'' if is_fresh => {
                (_, at) = quoted(&[inner], (0, at))?;
                is_fresh = false;
                continue;
            }
            b'[' | b'{' if is_fresh => {
                let ((_, end), _) = bracketed(&[inner], (0, at))?;
                (at, is_fresh) = (end, false);
                continue;
            }
            b'[' | b'{' => return None,
            b',' => {
                members.push(inner.get(from..at)?.trim_matches(BLANK));
                (from, is_fresh) = (at + 1, true);
            }
            b':' => is_fresh = true,
            b' ' | b'\t' => {}
            _ => is_fresh = false,
        }
        at += 1;
    }
    let last = inner.get(from..)?.trim_matches(BLANK);
    members.extend(Some(last).filter(|last| !last.is_empty()));
    members.iter().all(|member| !member.is_empty()).then_some(members)
}
