//! The checked settings of a faultbook: how its logs are to be read where they are different, limits, defaults.
//!
//! They come from `faultbook.yaml` ([`SettingsFile`](super::settings_file::SettingsFile) as written, checked by
//! `settings_check`). [`Settings::of`] gives what holds for one source; `source` and `scan` ask it once per source and do what it
//! says. The `cli` applies [`Defaults`]. Nothing here reads a log.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use encoding_rs::Encoding;
use jiff::tz::TimeZone;
use regex::bytes::{RegexSet, RegexSetBuilder};

use crate::rule::authored::AuthoredFile;
use crate::rule::diagnostic::Diagnostic;
use crate::rule::limit_settings::LimitSettings;
use crate::rule::lint::LintSettings;
use crate::rule::pattern::Pattern;
use crate::rule::pattern_library::PatternLibrary;
use crate::rule::portal_settings::PortalSettings;
use crate::rule::redact_settings::RedactSettings;
use crate::rule::settings_check;
use crate::rule::signature::FileGlob;
use crate::rule::time_format::TimeFormat;
use crate::rule::vocabulary::{Audience, Severity};

/// The name that the settings file has.
pub const SETTINGS_FILE: &str = "faultbook.yaml";

/// The most threads that may be asked for: above what any machine has processors for, below what it would choke on.
pub const THREADS_MOST: u16 = 1024;

/// What a faultbook says besides its rules.
#[derive(Debug, Default)]
pub struct Settings {
    pub(crate) patterns: PatternLibrary,
    pub(crate) sources: Vec<SourceEntry>,
    pub(crate) limits: LimitSettings,
    pub(crate) defaults: Defaults,
    pub(crate) lints: LintSettings,
    pub(crate) redact: RedactSettings,
    pub(crate) portal: PortalSettings,
}

/// Defaults of the command line; what is given there goes before.
#[derive(Clone, Debug, Default)]
pub struct Defaults {
    /// `--audience`
    pub audience: Option<Audience>,
    /// `--exclude`
    pub exclude: Vec<FileGlob>,
    /// `--fail-on`
    pub fail_on: Option<Severity>,
    /// `--format`, one of [`Defaults::FORMATS`]
    pub format: Option<String>,
    /// `--include`
    pub include: Vec<FileGlob>,
    /// `--min-severity`
    pub min_severity: Option<Severity>,
    /// `--threads`
    pub threads: Option<u16>,
    /// `--timezone`
    pub timezone: Option<TimeZone>,
}

impl Defaults {
    /// The formats of reports, as they are named on the command line.
    pub const FORMATS: &'static [&'static str] = &["text", "json", "jsonl", "markdown", "html"];
}

/// One entry of `sources`.
#[derive(Debug, Default)]
pub(crate) struct SourceEntry {
    pub(crate) path: Vec<FileGlob>,
    pub(crate) start: Option<Pattern>,
    pub(crate) continuation: Option<Pattern>,
    pub(crate) header: Option<Header>,
    pub(crate) timestamp: Vec<TimeFormat>,
    pub(crate) zone: Option<TimeZone>,
    pub(crate) encoding: Option<&'static Encoding>,
    pub(crate) xml: Option<String>,
    pub(crate) json: Option<JsonKeys>,
    pub(crate) noise: Option<Noise>,
}

/// How one source is to be read, as far as the settings say. Cheap to copy; nothing is set in the default.
///
/// Of `start`, `continuation` and `header`, of `xml` and of `json` only one group is set: they say in different ways what a record is.
#[derive(Clone, Copy, Debug, Default)]
pub struct SourceSettings<'s> {
    /// A line that matches begins a record, every other line continues it.
    pub start: Option<&'s Pattern>,
    /// A line that matches continues the record before it, whatever else it matches; without `start` and `header`, every other line
    /// begins one.
    pub continuation: Option<&'s Pattern>,
    /// What stands at the beginning of a record, and where in it time and level are.
    pub header: Option<&'s Header>,
    /// Formats of timestamps, to be tried in this order before the usual shapes; empty when there are none.
    pub timestamp: &'s [TimeFormat],
    /// The zone of times that name none.
    pub zone: Option<&'s TimeZone>,
    /// The encoding, whatever the bytes look like. A byte-order mark goes before.
    pub encoding: Option<&'static Encoding>,
    /// The XML element that is a record.
    pub xml: Option<&'s str>,
    /// Lines are JSON objects with these keys.
    pub json: Option<&'s JsonKeys>,
    /// Records that are ignored.
    pub noise: Option<&'s Noise>,
}

impl Settings {
    /// Reads a settings file from its text; the path is only shown. What is wrong is reported and left out.
    pub fn from_text(path: String, text: String) -> (Self, Vec<Diagnostic>) {
        settings_check::check(&Arc::new(AuthoredFile::new(path, text)))
    }

    /// What holds for the source at a path inside its case. For each key the first entry with a fitting glob wins; how records are
    /// made is one key in this, see [`SourceSettings`]. Allocates nothing, and looks at nothing without entries.
    pub fn of(&self, path: &str) -> SourceSettings<'_> {
        let mut merged = SourceSettings::default();
        for entry in self.sources.iter().filter(|entry| entry.path.iter().any(|glob| glob.matches(path))) {
            if merged.makes_records_by_lines() || !merged.makes_records() {
                merged.start = merged.start.or(entry.start.as_ref());
                merged.continuation = merged.continuation.or(entry.continuation.as_ref());
                merged.header = merged.header.or(entry.header.as_ref());
            }
            if !merged.makes_records() {
                merged.xml = entry.xml.as_deref();
                merged.json = entry.json.as_ref();
            }
            if merged.timestamp.is_empty() {
                merged.timestamp = &entry.timestamp;
            }
            merged.zone = merged.zone.or(entry.zone.as_ref());
            merged.encoding = merged.encoding.or(entry.encoding);
            merged.noise = merged.noise.or(entry.noise.as_ref());
        }
        merged
    }

    /// The patterns that regexes may name.
    pub fn patterns(&self) -> &PatternLibrary {
        &self.patterns
    }

    /// The limits on input that are set.
    pub fn limits(&self) -> &LimitSettings {
        &self.limits
    }

    /// The defaults of the command line.
    pub fn defaults(&self) -> &Defaults {
        &self.defaults
    }

    /// Which warnings are allowed and denied.
    pub fn lints(&self) -> &LintSettings {
        &self.lints
    }

    /// What is masked in output that is redacted.
    pub fn redact(&self) -> &RedactSettings {
        &self.redact
    }

    /// What the portal is run with.
    pub fn portal(&self) -> &PortalSettings {
        &self.portal
    }

    /// Adds what another file says and this one does not.
    pub(crate) fn fill_from(&mut self, other: Settings) {
        self.patterns.fill_from(other.patterns);
        self.sources.extend(other.sources);
        self.limits.fill_from(other.limits);
        let lints = &mut self.lints;
        lints.allow.extend(other.lints.allow.into_iter().filter(|code| !lints.deny.contains(code)));
        lints.deny.extend(other.lints.deny.into_iter().filter(|code| !lints.allow.contains(code)));
        self.redact.fill_from(other.redact);
        self.portal.fill_from(other.portal);
        let (own, other) = (&mut self.defaults, other.defaults);
        own.audience = own.audience.or(other.audience);
        own.fail_on = own.fail_on.or(other.fail_on);
        own.format = own.format.take().or(other.format);
        own.min_severity = own.min_severity.or(other.min_severity);
        own.threads = own.threads.or(other.threads);
        own.timezone = own.timezone.take().or(other.timezone);
        for (own, other) in [(&mut own.include, other.include), (&mut own.exclude, other.exclude)] {
            if own.is_empty() {
                *own = other;
            }
        }
    }
}

impl SourceSettings<'_> {
    fn makes_records_by_lines(&self) -> bool {
        self.start.is_some() || self.continuation.is_some() || self.header.is_some()
    }

    /// Whether the settings say what a record is, so that it need not be found out.
    pub fn makes_records(&self) -> bool {
        self.makes_records_by_lines() || self.xml.is_some() || self.json.is_some()
    }
}

/// The keys of JSON lines; those that are `None` have their usual names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JsonKeys {
    /// What is said.
    pub message: Option<String>,
    /// When.
    pub time: Option<String>,
    /// How severe.
    pub level: Option<String>,
}

/// What stands at the beginning of a record. Invariant: the regex has a group `time` or `level`, and no other names.
#[derive(Debug, PartialEq, Eq)]
pub struct Header {
    pub(crate) pattern: Pattern,
}

/// Where the parts of a header are in a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeaderParts {
    /// The timestamp.
    pub time: Option<Range<usize>>,
    /// The word that says how severe.
    pub level: Option<Range<usize>>,
    /// Where the header ends.
    pub end: usize,
}

impl Header {
    /// The names that its groups may have.
    pub const GROUPS: &'static [&'static str] = &["time", "level"];

    /// The regex, which says which lines begin a record.
    pub fn pattern(&self) -> &Pattern {
        &self.pattern
    }

    /// Finds the parts in a line. `None` when the line has no such header.
    pub fn read(&self, line: &[u8]) -> Option<HeaderParts> {
        let captures = self.pattern.regex()?.captures(line)?;
        let part = |name| captures.name(name).map(|part| part.range());
        Some(HeaderParts { time: part("time"), level: part("level"), end: captures.get(0)?.end() })
    }
}

/// Records that are ignored.
#[derive(Debug)]
pub struct Noise {
    patterns: Vec<Pattern>,
    set: OnceLock<Option<RegexSet>>,
}

impl Noise {
    /// Ignores what one of the patterns matches.
    pub(crate) fn new(patterns: Vec<Pattern>) -> Self {
        Self { patterns, set: OnceLock::new() }
    }

    /// Whether a record is to be ignored.
    pub fn is_noise(&self, record: &[u8]) -> bool {
        let sources = || self.patterns.iter().map(Pattern::expanded);
        let set = self.set.get_or_init(|| RegexSetBuilder::new(sources()).unicode(false).multi_line(true).build().ok());
        match set {
            Some(set) => set.is_match(record),
            // each compiles, but all of them together are too large
            None => self.patterns.iter().filter_map(Pattern::regex).any(|regex| regex.is_match(record)),
        }
    }
}
