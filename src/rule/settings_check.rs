//! From settings as written to settings that can be used, or to everything that is wrong with them.
//!
//! Each entry of `sources` is checked on its own, then against the others. What is wrong is left out: an entry with a mistake is not
//! used, the sound ones are. Regexes, globs and sizes are parsed here, once.

use std::sync::Arc;

use encoding_rs::Encoding;
use jiff::tz::TimeZone;

use crate::rule::authored::{AuthoredFile, Located, Span};
use crate::rule::check_parts::PartChecker;
use crate::rule::diagnostic::{Code, Diagnostic, suggest};
use crate::rule::limit_settings::LimitSettings;
use crate::rule::lint::{self, LintSettings};
use crate::rule::pattern::Pattern;
use crate::rule::pattern_library::{self, PatternLibrary};
use crate::rule::pattern_reference;
use crate::rule::portal_settings;
use crate::rule::redact_settings;
use crate::rule::scalar::Offsets;
use crate::rule::settings::{Defaults, Header, JsonKeys, Noise, Settings, SourceEntry, THREADS_MOST};
use crate::rule::settings_file::{DefaultsFile, JsonFile, SettingsFile, SourceFile};
use crate::rule::signature::FileGlob;
use crate::rule::time_format::TimeFormat;
use crate::rule::zone::zone;

/// The names of the encodings and the most usual of their many labels, for suggestions.
const ENCODINGS: &str = "\
    big5 euc-jp euc-kr gb18030 gbk ibm866 iso-2022-jp iso-8859-1 iso-8859-10 iso-8859-13 iso-8859-14 iso-8859-15 \
    iso-8859-16 iso-8859-2 iso-8859-3 iso-8859-4 iso-8859-5 iso-8859-6 iso-8859-7 iso-8859-8 koi8-r koi8-u \
    macintosh shift_jis utf-16be utf-16le utf-8 windows-1250 windows-1251 windows-1252 windows-1253 windows-1254 \
    windows-1255 windows-1256 windows-1257 windows-1258 windows-874 x-mac-cyrillic ascii cp1250 cp1251 cp1252 \
    latin1 latin2";

/// Keys that say in different ways what a record is, by way.
const WAYS: [(&str, &[&str]); 3] =
    [("lines", &["start", "continue", "header"]), ("XML", &["xml"]), ("JSON", &["json"])];

/// Checks the settings in a file; what is wrong is reported and left out.
pub(crate) fn check(file: &Arc<AuthoredFile>) -> (Settings, Vec<Diagnostic>) {
    let (written, read) = SettingsFile::read(Arc::clone(file));
    let mut parts = PartChecker::new(file, read, PatternLibrary::built_in());
    let patterns = pattern_library::check(&mut parts, &written.patterns);
    let mut checker = Checker { parts: PartChecker { patterns: &patterns, ..parts } };
    let sources = checker.sources(&written.sources);
    let limits = checker.limits(&written.limits);
    let defaults = checker.defaults(written.defaults);
    let lints = checker.lints(&written.allow, &written.deny);
    let redact = redact_settings::check(&mut checker.parts, written.redact);
    let portal = portal_settings::check(&mut checker.parts, written.portal);
    let diagnostics = checker.parts.diagnostics;
    (Settings { patterns, sources, limits, defaults, lints, redact, portal }, diagnostics)
}

struct Checker<'a> {
    parts: PartChecker<'a>,
}

impl Checker<'_> {
    fn sources(&mut self, written: &[SourceFile]) -> Vec<SourceEntry> {
        let mut seen: Vec<&Located<String>> = Vec::new();
        let mut entries = Vec::new();
        for source in written {
            let faults_before = self.parts.diagnostics.len();
            for glob in &source.path {
                match seen.iter().find(|earlier| earlier.value == glob.value) {
                    Some(first) => self.glob_twice(glob, first.span),
                    None => seen.push(glob),
                }
            }
            let entry = self.source(source);
            if !source.has_faults && self.parts.diagnostics.len() == faults_before {
                entries.push(entry);
            }
        }
        entries
    }

    fn glob_twice(&mut self, glob: &Located<String>, first: Span) {
        let title = format!("`{}` is the path of two entries", glob.value);
        let diagnostic = Diagnostic::error(Code::DuplicateGlob, title)
            .at(self.parts.file, glob.span, "given again")
            .at(self.parts.file, first, "first given here")
            .help("put the keys of both into one entry; where both have a key, the first would win");
        self.parts.diagnostics.push(diagnostic);
    }

    fn source(&mut self, written: &SourceFile) -> SourceEntry {
        if written.keys.is_empty() && !written.has_faults {
            let help = Some(
                "add one of the keys start, continue, header, timestamp, zone, encoding, xml, json, noise".to_owned(),
            );
            self.parts.error(Code::MissingKey, written.span, "this entry sets nothing", "only a path", help);
        }
        self.one_way_to_records(written);
        let noise: Vec<Pattern> = written.noise.iter().filter_map(|regex| self.parts.pattern(regex)).collect();
        SourceEntry {
            path: self.globs(&written.path),
            start: written.start.as_ref().and_then(|regex| self.parts.pattern(regex)),
            continuation: written.continuation.as_ref().and_then(|regex| self.parts.pattern(regex)),
            header: written.header.as_ref().and_then(|regex| self.header(regex)),
            timestamp: written.timestamp.iter().filter_map(|format| self.time_format(format)).collect(),
            zone: written.zone.as_ref().and_then(|name| self.zone(name)),
            encoding: written.encoding.as_ref().and_then(|label| self.encoding(label)),
            xml: written.xml.as_ref().and_then(|name| self.element(name)),
            json: written.json.as_ref().map(|keys| self.json(keys)),
            noise: Some(noise).filter(|patterns| !patterns.is_empty()).map(Noise::new),
        }
    }

    /// Reports an entry that says in two ways what a record is.
    fn one_way_to_records(&mut self, written: &SourceFile) {
        let way = |key: &str| WAYS.iter().position(|(_, keys)| keys.contains(&key));
        let given = || written.keys.iter().filter_map(|&(key, span)| Some((way(key)?, key, span)));
        let Some(first) = given().next() else { return };
        if let Some(other) = given().find(|(way, ..)| *way != first.0) {
            let title = format!("`{}` and `{}` cannot be used together", first.1, other.1);
            let (by, also) = (WAYS[first.0].0, WAYS[other.0].0);
            let diagnostic = Diagnostic::error(Code::ContradictingKeys, title)
                .at(self.parts.file, other.2, format!("makes records of {also}"))
                .at(self.parts.file, first.2, format!("makes records of {by}"))
                .help("keep one of them; files of both kinds need two entries with different paths");
            self.parts.diagnostics.push(diagnostic);
        }
    }

    fn globs(&mut self, written: &[Located<String>]) -> Vec<FileGlob> {
        written.iter().filter_map(|glob| self.parts.glob(glob)).collect()
    }

    fn header(&mut self, written: &Located<String>) -> Option<Header> {
        let pattern = self.parts.pattern(written)?;
        let groups = pattern.captures();
        let unknown = groups.iter().find(|name| !Header::GROUPS.contains(&name.as_str()));
        if let Some(name) = unknown {
            let at = pattern_reference::place_of_capture(&written.value, name).unwrap_or(0..written.value.len());
            let span = Offsets::of(self.parts.file, written).span(at);
            let title = format!("a header has no part `{name}`");
            let help = match suggest(name, Header::GROUPS) {
                Some(near) if near.starts_with("did") => near,
                _ => "its groups are `time` and `level`; write `(?:…)` for others".to_owned(),
            };
            self.parts.error(Code::BadHeader, span, title, "not a part of a header", Some(help));
            return None;
        }
        if groups.is_empty() {
            let help = Some("name the groups, as in `^(?<time>\\S+ \\S+) (?<level>\\w+) `; to say only where a record begins, use `start`".to_owned());
            self.parts.error(
                Code::BadHeader,
                written.span,
                "this header names neither time nor level",
                "no named group",
                help,
            );
            return None;
        }
        Some(Header { pattern })
    }

    fn time_format(&mut self, written: &Located<String>) -> Option<TimeFormat> {
        match TimeFormat::new(&written.value) {
            Ok(format) => Some(format),
            Err(error) => {
                let span = Offsets::of(self.parts.file, written).span(error.range);
                self.parts.error(Code::BadTimeFormat, span, error.message, "here", Some(error.help.to_owned()));
                None
            }
        }
    }

    fn zone(&mut self, written: &Located<String>) -> Option<TimeZone> {
        match zone(&written.value) {
            Ok(zone) => Some(zone),
            Err(error) => {
                let title = format!("`{}` is not a time zone", error.given);
                self.parts.error(Code::UnknownValue, written.span, title, "not a zone", Some(error.help));
                None
            }
        }
    }

    fn encoding(&mut self, written: &Located<String>) -> Option<&'static Encoding> {
        let encoding = Encoding::for_label_no_replacement(written.value.as_bytes());
        if encoding.is_none() {
            let title = format!("`{}` is not an encoding", written.value);
            let names: Vec<&str> = ENCODINGS.split_ascii_whitespace().collect();
            let label = "not a label of the WHATWG encoding standard";
            self.parts.error(Code::UnknownValue, written.span, title, label, suggest(&written.value, &names));
        }
        encoding
    }

    fn element(&mut self, written: &Located<String>) -> Option<String> {
        let name = &written.value;
        let begins = name.starts_with(|c: char| c.is_alphabetic() || c == '_');
        if begins && name.chars().all(|c| c.is_alphanumeric() || "_-.:".contains(c)) {
            return Some(name.clone());
        }
        let title = format!("`{name}` is not the name of an XML element");
        let bare = name.trim_matches(|c: char| !c.is_alphanumeric());
        let help = match bare {
            "" => "write the name of the element that is a record, such as `task`".to_owned(),
            _ => format!("write the name alone, such as `{}`", bare.split([' ', '>', '/']).next_back().unwrap_or(bare)),
        };
        self.parts.error(Code::BadName, written.span, title, "not a name", Some(help));
        None
    }

    fn json(&mut self, written: &JsonFile) -> JsonKeys {
        let mut key = |key: &Option<Located<String>>| {
            let key = key.as_ref()?;
            if key.value.is_empty() {
                let help = Some("write the key as the lines have it".to_owned());
                self.parts.error(Code::BadName, key.span, "a key of JSON lines cannot be empty", "nothing", help);
            }
            Some(key.value.clone())
        };
        JsonKeys { message: key(&written.message), time: key(&written.time), level: key(&written.level) }
    }

    fn limits(&mut self, written: &[(&'static str, Located<String>)]) -> LimitSettings {
        let mut limits = LimitSettings::default();
        for (name, value) in written {
            let Some((range, slot)) = limits.slot(name) else { continue };
            *slot = range.accept(&value.value);
            if slot.is_none() {
                let title = format!("`{}` cannot be the value of `{name}`", value.value);
                self.parts.error(Code::BadLimit, value.span, title, "not a value", Some(format!("write {range}")));
            }
        }
        limits
    }

    /// The warnings that are allowed and denied; one that is both is neither.
    fn lints(&mut self, allow: &[Located<String>], deny: &[Located<String>]) -> LintSettings {
        let (file, diagnostics) = (self.parts.file, &mut self.parts.diagnostics);
        let allow = lint::codes(file, "allow", allow, diagnostics);
        let deny = lint::codes(file, "deny", deny, diagnostics);
        for denied in &deny {
            if let Some(allowed) = allow.iter().find(|allowed| allowed.value == denied.value) {
                let title = format!("`{}` is allowed and denied", denied.value);
                let diagnostic = Diagnostic::error(Code::ContradictingKeys, title)
                    .at(file, denied.span, "denied")
                    .at(file, allowed.span, "allowed")
                    .help("keep one of them");
                diagnostics.push(diagnostic);
            }
        }
        let others = |codes: &[Located<Code>], other: &[Located<Code>]| {
            let is_other = |code: &Code| other.iter().any(|other| other.value == *code);
            codes.iter().map(|code| code.value).filter(|code| !is_other(code)).collect()
        };
        LintSettings { allow: others(&allow, &deny), deny: others(&deny, &allow) }
    }

    fn defaults(&mut self, written: DefaultsFile) -> Defaults {
        let formats = Defaults::FORMATS;
        let format = written.format.filter(|format| {
            let is_known = formats.contains(&format.value.as_str());
            if !is_known {
                let title = format!("`{}` is not a format of reports", format.value);
                self.parts.error(
                    Code::UnknownValue,
                    format.span,
                    title,
                    "not a choice",
                    suggest(&format.value, formats),
                );
            }
            is_known
        });
        let threads = written.threads.and_then(|threads| {
            let count = u16::try_from(threads.value).ok().filter(|count| *count <= THREADS_MOST);
            if count.is_none() {
                let title = format!("{} are too many threads", threads.value);
                let help = Some(format!("write a number up to {THREADS_MOST}; 0 is one for each processor"));
                self.parts.error(Code::BadLimit, threads.span, title, "too many", help);
            }
            count
        });
        Defaults {
            audience: written.audience,
            exclude: self.globs(&written.exclude),
            fail_on: written.fail_on,
            format: format.map(|format| format.value),
            include: self.globs(&written.include),
            min_severity: written.min_severity,
            threads,
            timezone: written.timezone.as_ref().and_then(|name| self.zone(name)),
        }
    }
}
