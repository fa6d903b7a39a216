//! Version numbers as products really write them, and ranges of them.
//!
//! `5.4`, `10.2.1-3`, `2023a`, `1.2.0-rc1`, `2:8.0.36-0ubuntu0.22.04.1`: runs of digits compare as numbers, runs of letters
//! as words, separators only separate. What is missing counts as zero (`5.4` = `5.4.0`), a suffix is later than none
//! (`10.2.1-3` > `10.2.1`, as in Debian and RPM) unless it announces a release (`rc`, `beta`, …, or anything after `~`).
//! This is our own because the crates at hand follow SemVer, where `10.2.1-3` comes *before* `10.2.1`.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// Words that announce a release instead of following it.
const PRE_RELEASE: [&str; 9] = ["alpha", "beta", "dev", "milestone", "nightly", "pre", "preview", "rc", "snapshot"];

/// A version number. Equality is that of the ordering: `5.4` equals `5.4.0`.
#[derive(Clone, Debug)]
pub struct Version {
    written: String,
    epoch: u64,
    /// As written.
    parts: Vec<Part>,
    /// As compared: without zeros that only fill up (`5.4.0`).
    ordered: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    /// Sorts before the end of the version.
    PreRelease(String),
    /// A hyphen or plus before a package revision; sorts after the end, before any further number.
    Revision,
    /// Sorts after the end of the version.
    Word(String),
    /// A run of digits. Numbers beyond 64 bits saturate.
    Number(u64),
}

/// Why a version or range was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VersionError {
    /// Neither digits nor letters, or nothing at all.
    #[error("`{0}` is not a version number")]
    NotAVersion(String),
    /// A comparison without anything behind it, or an empty alternative.
    #[error("`{0}` is not a version range")]
    NotARange(String),
}

impl FromStr for Version {
    type Err = VersionError;

    /// Accepts anything that contains a digit and no white space or operator.
    fn from_str(text: &str) -> Result<Self, VersionError> {
        let written = text.trim();
        let refused = || VersionError::NotAVersion(text.to_owned());
        if !written.bytes().any(|byte| byte.is_ascii_digit())
            || written.contains(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '=' | ',' | '|' | '*' | '!'))
        {
            return Err(refused());
        }
        let (epoch, rest) = match written.split_once(':') {
            Some((epoch, rest)) => (epoch.parse().map_err(|_| refused())?, rest),
            None => (0, written),
        };
        let rest =
            rest.strip_prefix(['v', 'V']).filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit())).unwrap_or(rest);
        let parts = parts(rest);
        Ok(Self { written: written.to_owned(), epoch, ordered: without_filling_zeros(&parts), parts })
    }
}

fn parts(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = text;
    let mut announced = false;
    while let Some(first) = rest.chars().next() {
        let run = |same: fn(&char) -> bool| rest.chars().take_while(same).map(char::len_utf8).sum::<usize>();
        let length = if first.is_ascii_digit() {
            let length = run(char::is_ascii_digit);
            parts.push(if announced {
                Part::PreRelease(format!("{:0>20}", &rest[..length]))
            } else {
                Part::Number(rest[..length].parse().unwrap_or(u64::MAX))
            });
            announced = false;
            length
        } else if first.is_alphabetic() {
            let length = run(|c| c.is_alphabetic());
            let word = rest[..length].to_lowercase();
            if announced || PRE_RELEASE.contains(&word.as_str()) {
                parts.pop_if(|last| *last == Part::Revision);
                parts.push(Part::PreRelease(word));
            } else {
                parts.push(Part::Word(word));
            }
            announced = false;
            length
        } else {
            announced = first == '~';
            if matches!(first, '-' | '+') {
                parts.push(Part::Revision);
            }
            first.len_utf8()
        };
        rest = &rest[length..];
    }
    parts
}

fn without_filling_zeros(parts: &[Part]) -> Vec<Part> {
    let mut kept: Vec<Part> = Vec::with_capacity(parts.len());
    for part in parts {
        if !matches!(part, Part::Number(_) | Part::Word(_)) {
            drop_zeros(&mut kept);
        }
        kept.push(part.clone());
    }
    drop_zeros(&mut kept);
    kept
}

fn drop_zeros(parts: &mut Vec<Part>) {
    while parts.len() > 1 && parts.last() == Some(&Part::Number(0)) {
        parts.pop();
    }
}

impl Version {
    /// Whether this version is `prefix` or lies below it: `5.4.2` lies below `5.4`, `5.40` does not.
    fn lies_below(&self, prefix: &Version) -> bool {
        let own = self.parts.iter().chain(std::iter::repeat(&Part::Number(0)));
        self.epoch == prefix.epoch && prefix.parts.iter().zip(own).all(|(wanted, own)| wanted == own)
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        let length = self.ordered.len().max(other.ordered.len());
        let by_part = |index: usize| rank(self.ordered.get(index)).cmp(&rank(other.ordered.get(index)));
        let parts = (0..length).map(by_part).find(|order| order.is_ne()).unwrap_or(Ordering::Equal);
        self.epoch.cmp(&other.epoch).then(parts)
    }
}

/// The place of a part among all parts; `None` is the end of a version.
fn rank(part: Option<&Part>) -> (u8, u64, &str) {
    match part {
        Some(Part::PreRelease(word)) => (0, 0, word),
        None => (1, 0, ""),
        Some(Part::Revision) => (2, 0, ""),
        Some(Part::Word(word)) => (3, 0, word),
        Some(Part::Number(number)) => (4, *number, ""),
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Version {}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.written)
    }
}

/// A set of versions: `>=5.4, <5.6` (all must hold), `5.4 || 6.1` (one must), `5.4` alone for it and everything below it.
#[derive(Clone, Debug)]
pub struct VersionRange {
    written: String,
    /// One of these must hold as a whole.
    alternatives: Vec<Vec<Bound>>,
}

#[derive(Clone, Debug)]
struct Bound {
    comparison: Comparison,
    version: Version,
}

#[derive(Clone, Copy, Debug)]
enum Comparison {
    Less,
    AtMost,
    Greater,
    AtLeast,
    Equal,
    Different,
    Below,
}

impl VersionRange {
    /// Whether the version lies in the range.
    pub fn contains(&self, version: &Version) -> bool {
        self.alternatives.iter().any(|bounds| bounds.iter().all(|bound| bound.holds(version)))
    }
}

impl Bound {
    fn holds(&self, version: &Version) -> bool {
        match self.comparison {
            Comparison::Less => version < &self.version,
            Comparison::AtMost => version <= &self.version,
            Comparison::Greater => version > &self.version,
            Comparison::AtLeast => version >= &self.version,
            Comparison::Equal => version == &self.version,
            Comparison::Different => version != &self.version,
            Comparison::Below => version.lies_below(&self.version),
        }
    }
}

impl FromStr for VersionRange {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        let alternatives = text.split("||").map(bounds).collect::<Result<_, _>>()?;
        Ok(Self { written: text.trim().to_owned(), alternatives })
    }
}

fn bounds(text: &str) -> Result<Vec<Bound>, VersionError> {
    const OPERATORS: [(&str, Comparison); 7] = [
        (">=", Comparison::AtLeast),
        ("<=", Comparison::AtMost),
        ("!=", Comparison::Different),
        ("==", Comparison::Equal),
        (">", Comparison::Greater),
        ("<", Comparison::Less),
        ("=", Comparison::Equal),
    ];
    text.split(',')
        .map(|bound| {
            let bound = bound.trim();
            let operator = OPERATORS.iter().find(|(symbol, _)| bound.starts_with(symbol));
            let (comparison, version) = match operator {
                Some(&(symbol, comparison)) => (comparison, bound[symbol.len()..].trim()),
                None => (Comparison::Below, bound.strip_suffix(".*").unwrap_or(bound)),
            };
            if version.is_empty() {
                return Err(VersionError::NotARange(text.trim().to_owned()));
            }
            Ok(Bound { comparison, version: version.parse()? })
        })
        .collect()
}

impl fmt::Display for VersionRange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        text.parse().expect("a version")
    }

    #[test]
    fn real_world_versions_are_ordered_as_their_makers_order_them() {
        let ascending = [
            "0.9",
            "1.0~beta1",
            "1.0-rc1",
            "1.0-rc2",
            "1.0",
            "1.0-3",
            "1.0.1",
            "1.9",
            "1.10",
            "5.4",
            "5.5.2",
            "10.2.1",
            "10.2.1-3",
            "10.2.1-12",
            "2023",
            "2023a",
            "2023b",
            "1:0.1",
        ];
        for pair in ascending.windows(2) {
            assert!(version(pair[0]) < version(pair[1]), "{} < {}", pair[0], pair[1]);
        }
        assert_eq!(version("5.4"), version("v5.4.0"));
    }

    #[test]
    fn ranges_hold_what_they_say() {
        let holds = |range: &str, text: &str| range.parse::<VersionRange>().expect("a range").contains(&version(text));
        assert!(holds(">=5.4, <5.6", "5.4") && holds(">=5.4, <5.6", "5.5.9") && !holds(">=5.4, <5.6", "5.6"));
        assert!(holds("5.4", "5.4.17") && !holds("5.4", "5.40") && holds("5.4.*", "5.4"));
        assert!(holds("5.4 || >=6", "7") && !holds("5.4 || >=6", "5.5"));
        assert!(holds(">=10.2.1", "10.2.1-3") && holds("!=2023a", "2023b") && holds("=5.4", "5.4.0"));
    }

    #[test]
    fn what_is_no_version_is_refused() {
        for text in ["", "latest", ">=", "5.4 5.5", ">=5.4,", "=>5"] {
            assert!(text.parse::<VersionRange>().is_err(), "{text:?}");
        }
    }
}
