//! Applying the fixes that diagnostics carry.
//!
//! [`plan`] puts the fixes of each file together, without those that touch the place of another, and gives the text as it will be;
//! [`diff`] shows it, [`write()`] replaces the file as a whole, so that nobody ever sees half of one. A file that has changed since, or
//! would no longer be YAML, is left alone. Whoever fixes checks again: what was overlapped, or hidden behind a mistake, shows then.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::rule::authored::AuthoredFile;
use crate::rule::yaml;
use crate::rule::{Diagnostic, Fix};

/// Lines around a change that a diff shows.
const CONTEXT_LINES: usize = 3;
/// What editors on Windows put before a text; authored files come without it.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Why a file could not be mended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FixError {
    /// The file is not as it was when it was checked.
    #[error("`{0}` has changed while it was checked")]
    Changed(String),
    /// The file cannot be read or written.
    #[error("cannot write to `{path}`: {error}")]
    Unwritable {
        /// The file.
        path: String,
        /// What the operating system said.
        error: io::Error,
    },
}

/// What is to be changed in one file.
#[derive(Debug)]
pub struct FilePlan<'d> {
    /// The file as it was checked.
    pub file: Arc<AuthoredFile>,
    /// The fixes, in the order of the text; none touches another.
    pub fixes: Vec<&'d Fix>,
    /// The text with the fixes.
    pub text: String,
}

/// Puts the fixes of diagnostics together, by file. Of two that touch each other, the first in the text is taken. A file that would
/// stop being YAML is left out.
pub fn plan(diagnostics: &[Diagnostic]) -> Vec<FilePlan<'_>> {
    let mut fixes: Vec<&Fix> = diagnostics.iter().filter_map(|diagnostic| diagnostic.fix.as_deref()).collect();
    fixes.sort_by_key(|fix| (fix.file.path(), fix.span.start, fix.span.end));
    let of_files = fixes.chunk_by(|one, other| one.file.path() == other.file.path());
    of_files.filter_map(plan_file).collect()
}

fn plan_file<'d>(fixes: &[&'d Fix]) -> Option<FilePlan<'d>> {
    let file = Arc::clone(&fixes.first()?.file);
    let mut taken: Vec<&Fix> = Vec::new();
    for fix in fixes.iter().filter(|fix| fix.file.text() == file.text()) {
        // an edit that begins where the one before ends touches it too: what is inserted would depend on their order
        if taken.last().is_none_or(|before| before.span.end < fix.span.start) {
            taken.push(fix);
        }
    }
    let mut text = file.text().to_owned();
    for fix in taken.iter().rev() {
        text.get(fix.span.range())?;
        text.replace_range(fix.span.range(), &fix.replacement);
    }
    let changed = Arc::new(AuthoredFile::new(file.path(), text.as_str()));
    let stays_sound = yaml::parse(&changed).is_ok() || yaml::parse(&file).is_err();
    (stays_sound && text != file.text()).then_some(FilePlan { file, fixes: taken, text })
}

/// Writes a planned file in place of the one on disk: beside it first, then by renaming, with the permissions it had.
pub fn write(plan: &FilePlan<'_>) -> Result<(), FixError> {
    let path = plan.file.path();
    let unwritable = |error: io::Error| FixError::Unwritable { path: path.to_owned(), error };
    // what a link points at is replaced, not the link
    let target: PathBuf = fs::canonicalize(path).map_err(unwritable)?;
    let before = fs::read_to_string(&target).map_err(unwritable)?;
    let mark = if before.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK } else { "" };
    if before.strip_prefix(mark) != Some(plan.file.text()) {
        return Err(FixError::Changed(path.to_owned()));
    }
    let folder = target.parent().unwrap_or(Path::new("."));
    let mut beside = tempfile::NamedTempFile::new_in(folder).map_err(unwritable)?;
    beside.write_all(mark.as_bytes()).and_then(|()| beside.write_all(plan.text.as_bytes())).map_err(unwritable)?;
    beside.as_file().sync_all().map_err(unwritable)?;
    let permissions = fs::metadata(&target).map_err(unwritable)?.permissions();
    fs::set_permissions(beside.path(), permissions).map_err(unwritable)?;
    beside.persist(&target).map_err(|error| unwritable(error.error))?;
    Ok(())
}

/// Lines that change: those of the old text, by number from 0, and what stands there instead.
struct Hunk<'t> {
    old: std::ops::Range<usize>,
    new: Vec<&'t str>,
}

/// The changes of a planned file as a unified diff.
pub fn diff(plan: &FilePlan<'_>) -> String {
    let old: Vec<&str> = plan.file.text().split_inclusive('\n').collect();
    let path = plan.file.path();
    let mut out = format!("--- {path}\n+++ {path}\n");
    let mut shift = 0isize;
    for group in grouped(hunks(plan)) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
        let start = first.old.start.saturating_sub(CONTEXT_LINES);
        let end = (last.old.end + CONTEXT_LINES).min(old.len());
        let mut body = String::new();
        let mut at = start;
        let mut new_lines = 0;
        for hunk in &group {
            new_lines += lines(&mut body, ' ', old.get(at..hunk.old.start).unwrap_or_default());
            lines(&mut body, '-', old.get(hunk.old.clone()).unwrap_or_default());
            new_lines += lines(&mut body, '+', &hunk.new);
            at = hunk.old.end;
        }
        new_lines += lines(&mut body, ' ', old.get(at..end).unwrap_or_default());
        let old_lines = end - start;
        let new_start = (start + 1).saturating_add_signed(shift);
        let _ = writeln!(out, "@@ -{},{old_lines} +{new_start},{new_lines} @@", start + 1);
        out += &body;
        shift += new_lines as isize - old_lines as isize;
    }
    out
}

fn lines(out: &mut String, sign: char, lines: &[&str]) -> usize {
    for line in lines {
        let _ = writeln!(out, "{sign}{}", line.trim_end_matches(['\n', '\r']));
    }
    lines.len()
}

/// The changes by whole lines, those in one line together.
fn hunks<'p>(plan: &'p FilePlan<'_>) -> Vec<Hunk<'p>> {
    let old = plan.file.text();
    let line_of = |at: usize| memchr::memchr_iter(b'\n', old.as_bytes().get(..at).unwrap_or_default()).count();
    let mut hunks = Vec::new();
    let mut shift = 0isize;
    let mut fixes = plan.fixes.iter().peekable();
    while let Some(fix) = fixes.next() {
        let before = shift;
        let first = line_of(fix.span.start);
        let mut last = fix;
        shift += fix.replacement.len() as isize - (fix.span.end - fix.span.start) as isize;
        while let Some(next) = fixes.next_if(|next| line_of(next.span.start) <= line_of(last.span.end)) {
            shift += next.replacement.len() as isize - (next.span.end - next.span.start) as isize;
            last = next;
        }
        let start = old.get(..fix.span.start).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
        // an edit that ends with a line leaves the next one as it is
        let ends_with_line =
            last.replacement.is_empty() && old.get(..last.span.end).is_some_and(|text| text.ends_with('\n'));
        let rest = old.get(last.span.end..).unwrap_or_default();
        let end = match ends_with_line && fix.span.start == start {
            true => last.span.end,
            false => last.span.end + rest.find('\n').map_or(rest.len(), |at| at + 1),
        };
        let old_lines = old.get(start..end).unwrap_or_default().split_inclusive('\n').count();
        let new = plan.text.get(start.saturating_add_signed(before)..end.saturating_add_signed(shift));
        let new = new.unwrap_or_default().split_inclusive('\n').collect();
        hunks.push(Hunk { old: first..first + old_lines, new });
    }
    hunks
}

/// Changes so near to each other that what is shown around them would overlap, together.
fn grouped(hunks: Vec<Hunk<'_>>) -> Vec<Vec<Hunk<'_>>> {
    let mut groups: Vec<Vec<Hunk<'_>>> = Vec::new();
    for hunk in hunks {
        match groups.last_mut() {
            Some(group) if group.last().is_some_and(|last| hunk.old.start <= last.old.end + 2 * CONTEXT_LINES) => {
                group.push(hunk);
            }
            _ => groups.push(vec![hunk]),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::Code;
    use crate::rule::authored::Span;

    fn with_fixes(file: &Arc<AuthoredFile>, edits: &[(std::ops::Range<usize>, &str)]) -> Vec<Diagnostic> {
        let fix = |(range, text): &(std::ops::Range<usize>, &str)| Fix {
            title: String::new(),
            file: Arc::clone(file),
            span: Span::new(range.clone()),
            replacement: (*text).to_owned(),
        };
        edits.iter().map(|edit| Diagnostic::warning(Code::UnusedAllow, "x").maybe_fix(Some(fix(edit)))).collect()
    }

    #[test]
    fn edits_that_touch_each_other_wait() {
        let file = Arc::new(AuthoredFile::new("x.yaml", "a: [x, y, z]\n"));
        let diagnostics = with_fixes(&file, &[(7..10, ""), (4..7, ""), (10..11, "w")]);
        let plans = plan(&diagnostics);
        assert_eq!((plans.len(), plans[0].text.as_str(), plans[0].fixes.len()), (1, "a: [y, w]\n", 2));
    }

    #[test]
    fn a_file_that_would_break_is_left_alone() {
        let file = Arc::new(AuthoredFile::new("x.yaml", "a: [x]\n"));
        assert!(plan(&with_fixes(&file, &[(5..6, "")])).is_empty());
    }

    #[test]
    fn a_diff_shows_whole_lines_with_those_around_them() {
        let text = "l1: a\nl2: b\nl3: c\nl4: d\nl5: e\nl6: f\nl7: g\nl8: h\nl9: i\nl10: j\nl11: k\nl12: l\nl13: m\n";
        let file = Arc::new(AuthoredFile::new("x.yaml", text));
        let second = text.find("l2").expect("there");
        let last = text.find("m\n").expect("there");
        let diagnostics = with_fixes(&file, &[(second..second + 6, ""), (last..last + 1, "M")]);
        assert_eq!(
            diff(&plan(&diagnostics)[0]),
            "--- x.yaml\n+++ x.yaml\n@@ -1,5 +1,4 @@\n l1: a\n-l2: b\n l3: c\n l4: d\n l5: e\n\
             @@ -10,4 +9,4 @@\n l10: j\n l11: k\n l12: l\n-l13: m\n+l13: M\n"
        );
    }
}
