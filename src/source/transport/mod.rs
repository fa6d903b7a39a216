//! What wraps logs is peeled: container runtimes, CI, journals, syslog, JSON and XML.
//!
//! [`detect`] looks at the beginning of a source and names its [`Transport`]s, outermost first; who knows better makes the list
//! by hand. [`Peeled`] takes them off as the source is read and gives the [`Text`] inside with its [`Origins`]: for each line
//! where it stood, and when and how severe the transport says it was. Transports are of two kinds. Those of lines (Docker,
//! CRI, Actions) give lines, of which records are made anew; they may hold another transport. Those of entries (journals,
//! syslog, JSON, XML) say themselves what is a record.
//!
//! Text that does not fit its transport passes as it is. What makes a record of lines is [`crate::source::record`]'s, and
//! archives and encodings are taken off before.

mod actions;
mod cri;
mod docker;
mod export;
mod head;
mod journal;
mod journald;
mod json;
mod json_lines;
mod origin;
mod partial;
mod peel;
mod peeling;
mod prefix;
mod syslog;
mod xml;
mod xml_element;
mod xml_entry;

#[cfg(test)]
mod tests;

use memchr::memrchr;

pub(in crate::source) use head::level_of;
pub use json_lines::JsonKeys;
pub use origin::{HEADS_BYTES, Origin, Origins, Part, Text};
pub use partial::PARTIAL_BYTES;
pub use peel::{ENTRY_BYTES, Peeled};
pub(in crate::source) use peeling::Peeling;
pub use xml::XML_DEPTH;

use self::json_lines::Finder;
use crate::rule::SourceSettings;

/// Transports in transports. Docker's log of a JSON logger that logs JSON has three.
pub const DEPTH: usize = 3;

/// Bytes of a source that [`detect`] looks at.
pub const SAMPLE_BYTES: usize = 64 * 1024;

/// Lines of the sample that count, blank ones aside.
const SAMPLE_LINES: usize = 200;

/// A way in which logs are wrapped.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Transport {
    /// Docker's `json-file`.
    Docker,
    /// Kubernetes' container logs.
    Cri,
    /// GitHub Actions and Azure Pipelines.
    Actions,
    /// Syslog by RFC 5424, in lines or with lengths.
    Syslog,
    /// `journalctl -o json`.
    Journald,
    /// `journalctl -o export`.
    JournaldExport,
    /// A JSON object a line.
    JsonLines(JsonKeys),
    /// XML whose entries are the elements of this name, which has no prefix and is compared in any case.
    Xml(String),
}

impl Transport {
    /// Whether the transport says itself what is a record.
    fn has_entries(&self) -> bool {
        !matches!(self, Transport::Docker | Transport::Cri | Transport::Actions)
    }
}

/// Finds what a source that begins with `sample` is wrapped in, outermost first; nothing for most. Only the first
/// [`SAMPLE_BYTES`] count, and of their lines 200. A transport of lines is there when all but one and a tenth of them fit.
pub fn detect(sample: &[u8]) -> Vec<Transport> {
    let sample = &sample[..sample.len().min(SAMPLE_BYTES)];
    let mut found = Vec::new();
    let mut inner = Vec::new();
    while found.len() < DEPTH
        && let Some(transport) = detect_one(if found.is_empty() { sample } else { &inner })
    {
        let is_innermost = transport.has_entries();
        found.push(transport);
        if is_innermost {
            break;
        }
        let mut text = Text::default();
        Peeled::new(&found).peel(|room| room.extend_from_slice(whole_lines(sample)), true, &mut text);
        inner = text.bytes;
    }
    found
}

/// Finds what a source is wrapped in whose settings may say what is a record. Then only transports of lines are looked for: in them is what
/// the settings are about.
pub(in crate::source) fn detect_with(sample: &[u8], settings: SourceSettings<'_>) -> Vec<Transport> {
    let json = settings.json.map(JsonKeys::stated);
    if let Some(keys) = &json {
        let finder = Finder::new(keys);
        if nearly_all(&sample_lines(sample), &|line| finder.fits(line)) {
            return json.into_iter().map(Transport::JsonLines).collect();
        }
    }
    let mut found = detect(sample);
    if settings.makes_records() {
        found.retain(|transport| !transport.has_entries());
    }
    found.extend(json.map(Transport::JsonLines));
    // names of elements are compared without their prefix
    found.extend(settings.xml.and_then(|name| name.rsplit(':').next()).map(|name| Transport::Xml(name.to_owned())));
    found
}

/// Returns the lines of a sample that count.
fn sample_lines(sample: &[u8]) -> Vec<&[u8]> {
    whole_lines(&sample[..sample.len().min(SAMPLE_BYTES)])
        .split(|&byte| byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .filter(|line| !line.trim_ascii().is_empty())
        .take(SAMPLE_LINES)
        .collect()
}

/// Returns a sample without a last line that may be cut off, unless that is all there is.
fn whole_lines(sample: &[u8]) -> &[u8] {
    memrchr(b'\n', sample).map_or(sample, |newline| &sample[..newline + 1])
}

/// Finds the outermost transport.
fn detect_one(sample: &[u8]) -> Option<Transport> {
    if export::begins(sample) {
        return Some(Transport::JournaldExport);
    }
    let lines = sample_lines(sample);
    let fit = |fits: &dyn Fn(&[u8]) -> bool| nearly_all(&lines, fits);
    // No line of the first kinds begins like this.
    let begins_with_digit = lines.iter().take(2 + SAMPLE_LINES / 10).any(|line| line[0].is_ascii_digit());
    if fit(&|line| line[0] == b'{') {
        let keys = JsonKeys::default();
        let finder = Finder::new(&keys);
        return match () {
            () if fit(&docker::fits) => Some(Transport::Docker),
            () if fit(&journald::fits) => Some(Transport::Journald),
            () if fit(&|line| finder.fits(line)) => Some(Transport::JsonLines(keys)),
            () => None,
        };
    }
    if syslog::begins_counted(sample) || fit(&syslog::fits) {
        return Some(Transport::Syslog);
    }
    if begins_with_digit && fit(&cri::fits) {
        return Some(Transport::Cri);
    }
    if actions::is_marked(sample) && fit(&actions::fits) {
        return Some(Transport::Actions);
    }
    xml_element::find(sample).map(Transport::Xml)
}

/// Tells whether lines fit, but for one, and one in ten, as a log may have that was cut off or begins with a banner.
fn nearly_all(lines: &[&[u8]], fits: &dyn Fn(&[u8]) -> bool) -> bool {
    let allowed = (1 + lines.len() / 10).min(lines.len().saturating_sub(1) / 2);
    let mut misfits = lines.iter().filter(|line| !fits(line));
    !lines.is_empty() && misfits.nth(allowed).is_none()
}
