//! Which part of a case is read: the choices of whoever asks for a diagnosis.
//!
//! [`ReadOptions`] are given once for all cases; [`Reading`] puts them together with limits and settings for [`read`](super::read()).
//! Members are left out in `open`, before anything of them is decoded where the archive allows it; times are looked at
//! by who takes the matches.

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::rule::Settings;
use crate::rule::signature::FileGlob;
use crate::source::case::is_facts_file;
use crate::source::{Limits, LogTime};

/// What is read of a case, and how its times are to be taken. The default reads everything.
#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    /// Only sources whose path in the case fits one of these are read; all without any. The facts file of a case is read anyway.
    pub include: Vec<FileGlob>,
    /// Sources whose path fits one of these are not read, and archives within the case not opened.
    pub exclude: Vec<FileGlob>,
    /// The zone of times that name none; UTC without it.
    pub zone: Option<TimeZone>,
    /// Records before this moment are left out.
    pub since: Option<Timestamp>,
    /// Records after this moment are left out.
    pub until: Option<Timestamp>,
}

impl ReadOptions {
    /// Whether a member at a path in the case is left out whatever is in it.
    pub fn excludes(&self, path: &str) -> bool {
        self.exclude.iter().any(|glob| glob.matches(path))
    }

    /// Whether the text at a path in the case is read.
    pub fn takes(&self, path: &str) -> bool {
        let included =
            self.include.is_empty() || is_facts_file(path) || self.include.iter().any(|glob| glob.matches(path));
        included && !self.excludes(path)
    }

    /// Whether a record of this time is looked at. One without a time is, and so is one whose year is not known.
    pub fn covers(&self, time: Option<LogTime>) -> bool {
        if self.since.is_none() && self.until.is_none() {
            return true;
        }
        let Some(time) = time.and_then(LogTime::timestamp) else {
            return true;
        };
        self.since.is_none_or(|since| time >= since) && self.until.is_none_or(|until| time <= until)
    }
}

/// Everything that says how a part is read.
#[derive(Clone, Copy, Debug)]
pub struct Reading<'r> {
    /// How much.
    pub limits: &'r Limits,
    /// What.
    pub options: &'r ReadOptions,
    /// What the faultbook says about sources.
    pub settings: &'r Settings,
}

/// Nothing but limits: everything is read as it looks.
impl<'r> From<&'r Limits> for Reading<'r> {
    fn from(limits: &'r Limits) -> Self {
        static PLAIN: LazyLock<(ReadOptions, Settings)> = LazyLock::new(Default::default);
        Reading { limits, options: &PLAIN.0, settings: &PLAIN.1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn globs(globs: &[&str]) -> Vec<FileGlob> {
        globs.iter().map(|glob| FileGlob::new(glob).unwrap()).collect()
    }

    #[test]
    fn what_is_excluded_is_not_taken_even_if_it_is_included() {
        let options = ReadOptions { include: globs(&["*.log"]), exclude: globs(&["old/**"]), ..ReadOptions::default() };
        assert!(options.takes("var/app.log") && options.takes("var/app.log.gz") && options.takes("facts.yaml"));
        assert!(!options.takes("var/app.txt") && !options.takes("old/app.log"));
        assert!(options.excludes("old/a.zip") && !options.excludes("new/a.zip"));
        assert!(ReadOptions::default().takes("anything"));
    }

    #[test]
    fn a_record_without_a_time_is_kept_and_both_ends_are() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let (since, until) = (at("2026-01-01T00:00:00Z"), at("2026-01-02T00:00:00Z"));
        let options = ReadOptions { since: Some(since), until: Some(until), ..ReadOptions::default() };
        let covers = |text: &str| options.covers(Some(LogTime::from(at(text))));
        assert!(options.covers(None) && covers("2026-01-01T00:00:00Z") && covers("2026-01-02T00:00:00Z"));
        assert!(!covers("2025-12-31T23:59:59Z") && !covers("2026-01-02T00:00:01Z"));
    }
}
