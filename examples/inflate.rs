//! Inflates a gzip file and forgets it: `cargo run --release --example inflate -- FILE.gz`. Prints how many bytes it was.
//!
//! The same library and settings as `triage` has, and nothing besides: what reading an archive takes at least.

use std::fs::File;
use std::io::{BufReader, Read};

use flate2::bufread::MultiGzDecoder;

/// Bytes that are inflated at once; like a block of the scanner they stay in the cache.
const CHUNK: usize = 256 * 1024;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args_os().nth(1).ok_or("inflate FILE.gz")?;
    let mut reader = MultiGzDecoder::new(BufReader::with_capacity(CHUNK, File::open(path)?));
    let (mut chunk, mut bytes) = (vec![0; CHUNK], 0);
    loop {
        match reader.read(&mut chunk)? {
            0 => break,
            read => bytes += read,
        }
    }
    println!("{bytes}");
    Ok(())
}
