//! Where in a case a record stands, so that what is told of it does not depend on the order in which it was read.
//!
//! Parts stand in their order, streams of an archive in the order in which they first appear in it, the files of one [rotated](crate::source::rotation)
//! stream from the oldest to the current one, records by their lines. [`Spots`] gives the records of one part
//! their [`Spot`]. Lists that keep only so many of something keep those at the first spots, whatever came first.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use crate::source::rotation::{Turn, rotated};

/// Streams of a part that are known again when another file of theirs comes: 2 MB of numbers. Further files stand where
/// they come in the archive.
const STREAM_LIMIT: usize = 100_000;

/// Where a source stands. The order of the fields is the order of sources.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct SourceSpot {
    part: usize,
    /// Which of the part's streams.
    stream: usize,
    turn: Turn,
    /// The source's full name, which tells `x.log.1` from `x.log.1.gz`.
    name: String,
    /// The stream's, which parts of one stream share.
    stream_name: String,
}

/// Where a record stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    source: Arc<SourceSpot>,
    /// The record's first line, from 1.
    pub(crate) line: u64,
}

impl Spot {
    pub(crate) fn source_name(&self) -> &str {
        &self.source.name
    }

    /// Compares the sources only.
    pub(crate) fn cmp_source(&self, other: &Spot) -> Ordering {
        // nearly always the same source is meant
        if Arc::ptr_eq(&self.source, &other.source) { Ordering::Equal } else { self.source.cmp(&other.source) }
    }

    /// Whether both sources are files of one log.
    pub(crate) fn is_of_stream(&self, other: &Spot) -> bool {
        self.source.stream_name == other.source.stream_name
    }
}

impl Ord for Spot {
    fn cmp(&self, other: &Self) -> Ordering {
        self.cmp_source(other).then(self.line.cmp(&other.line))
    }
}

impl PartialOrd for Spot {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Gives the records of one part their spots.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spots {
    part: usize,
    /// Streams by the hash of their name: names can be long, and that two share a hash would only order some files oddly.
    streams: HashMap<u64, usize>,
    /// The number of the next stream.
    next: usize,
    current: Option<Arc<SourceSpot>>,
}

impl Spots {
    /// Begins the part of this number.
    pub(crate) fn of_part(part: usize) -> Self {
        Spots { part, ..Spots::default() }
    }

    /// Takes note that a source of this name comes next. Also without any match in it: where a stream stands must not
    /// depend on the rules.
    pub(crate) fn begin(&mut self, name: &str) {
        drop(self.enter(name));
    }

    /// The spot of a record that begins at `line` of the source.
    pub(crate) fn of(&mut self, source: &str, line: u64) -> Spot {
        let current = self.current.as_ref().filter(|current| current.name == source).map(Arc::clone);
        Spot { source: current.unwrap_or_else(|| self.enter(source)), line }
    }

    fn enter(&mut self, name: &str) -> Arc<SourceSpot> {
        let rotated = rotated(name);
        let mut hasher = DefaultHasher::new();
        rotated.stream.hash(&mut hasher);
        let key = hasher.finish();
        let stream = self.streams.get(&key).copied().unwrap_or(self.next);
        if stream == self.next {
            self.next += 1;
            if self.streams.len() < STREAM_LIMIT {
                self.streams.insert(key, stream);
            }
        }
        let source = SourceSpot {
            part: self.part,
            stream,
            turn: rotated.turn,
            name: name.to_owned(),
            stream_name: rotated.stream,
        };
        Arc::clone(self.current.insert(Arc::new(source)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names in the order of their spots.
    fn ordered(names: &[String]) -> Vec<String> {
        let mut spots = Spots::default();
        let mut found: Vec<Spot> = names.iter().map(|name| spots.of(name, 1)).collect();
        found.sort();
        found.iter().map(|spot| spot.source_name().to_owned()).collect()
    }

    #[test]
    fn files_of_a_stream_stand_where_its_first_one_came() {
        let names = ["y.log.1", "x.log.1", "z.log", "y.log", "x.log", "x.log.2.gz", "x.log.1.gz"].map(str::to_owned);
        let expected = ["y.log.1", "y.log", "x.log.2.gz", "x.log.1", "x.log.1.gz", "x.log", "z.log"];
        assert_eq!(ordered(&names), expected);
    }

    #[test]
    fn parts_and_lines_are_in_order_too() {
        let (mut first, mut second) = (Spots::of_part(0), Spots::of_part(1));
        assert!(first.of("x.log", 9) < second.of("x.log.1", 1));
        assert!(first.of("x.log", 9) > first.of("x.log", 1));
        assert!(first.of("x.log", 9).is_of_stream(&second.of("x.log.1", 1)));
    }

    #[test]
    fn streams_beyond_the_limit_stand_where_their_files_come() {
        let mut names: Vec<String> = (0..STREAM_LIMIT).map(|number| format!("{number}.txt")).collect();
        names.extend(["x.log", "x.log.1", "0.txt.1"].map(str::to_owned));
        let ordered = ordered(&names);
        assert_eq!(ordered[..2], ["0.txt.1", "0.txt"]);
        assert_eq!(ordered[STREAM_LIMIT + 1..], ["x.log", "x.log.1"]);
    }
}
