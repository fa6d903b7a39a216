//! Time zones as people write them: `Europe/Berlin`, `+02:00`, `UTC`.
//!
//! Names are looked up in the time-zone database of the system, else in the one that is compiled in. Who applies a zone to
//! a time is `source`.

use std::sync::LazyLock;

use jiff::fmt::temporal::DateTimeParser;
use jiff::tz::TimeZone;

use crate::rule::diagnostic::nearest;

/// Why something is not a time zone, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not a time zone; {help}")]
pub struct UnknownZone {
    /// What was written.
    pub given: String,
    /// What to write instead.
    pub help: String,
}

/// Finds a zone by its name or its distance from UTC, as in `+02:00`.
pub fn zone(text: &str) -> Result<TimeZone, UnknownZone> {
    let found = match text {
        "Z" => Some(TimeZone::UTC),
        _ if text.starts_with(['+', '-']) => DateTimeParser::new().parse_time_zone(text).ok(),
        // names only: the database does not tell what it would have to look for on disk
        _ if text.contains("..") => None,
        _ => TimeZone::get(text).ok(),
    };
    found.ok_or_else(|| UnknownZone { given: text.to_owned(), help: help(text) })
}

fn help(text: &str) -> String {
    let signed = text.starts_with(|first: char| first.is_ascii_digit() || "+-".contains(first));
    if signed {
        return "write the distance from UTC as `+02:00` or `-05:30`".to_owned();
    }
    // listing them walks the folders of the database
    static NAMES: LazyLock<Vec<String>> =
        LazyLock::new(|| jiff::tz::db().available().map(|name| name.as_str().to_owned()).collect());
    let names = || NAMES.iter().map(String::as_str);
    // people know the city
    let city = |name: &&str| name.rsplit('/').next().is_some_and(|city| city.eq_ignore_ascii_case(text));
    match names().find(city).or_else(|| nearest(text, names())) {
        Some(name) => format!("did you mean `{name}`?"),
        None => "write a name such as `Europe/Berlin`, a distance such as `+02:00`, or `UTC`".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_distances_are_zones() {
        for written in ["Europe/Berlin", "europe/berlin", "UTC", "Z", "+02:00", "-0530", "+02"] {
            assert!(zone(written).is_ok(), "{written}");
        }
        let berlin = zone("Europe/Berlin").unwrap();
        let noon = |month| jiff::civil::date(2026, month, 1).at(12, 0, 0, 0);
        let hour = |month| berlin.to_timestamp(noon(month)).unwrap().to_string();
        assert_eq!((hour(1), hour(7)), ("2026-01-01T11:00:00Z".to_owned(), "2026-07-01T10:00:00Z".to_owned()));
    }

    #[test]
    fn what_is_no_zone_comes_with_help() {
        let help = |written: &str| zone(written).unwrap_err().help;
        assert_eq!(help("Europe/Berln"), "did you mean `Europe/Berlin`?");
        assert_eq!(help("Berlin"), "did you mean `Europe/Berlin`?");
        assert_eq!(help("2"), "write the distance from UTC as `+02:00` or `-05:30`");
        assert!(help("nowhere at all").starts_with("write a name such as"));
        assert!(zone("").is_err() && zone("../../etc/passwd").is_err() && zone("/etc/passwd").is_err());
    }
}
