//! A timestamp that is found lies within its line and is found again when it stands alone; levels are found anywhere without
//! harm.

#![no_main]

use faultbook::source::framing::Framing;
use faultbook::source::{level, timestamp};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    for line in input.split(|byte| *byte == b'\n') {
        if let Some(stamp) = timestamp::find(line) {
            let alone = &line[stamp.range.clone()];
            assert!(!alone.is_empty());
            // klog's letter is part of its shape, not of its range
            let start = stamp.range.start.saturating_sub(usize::from(timestamp::find(alone).is_none()));
            let alone = &line[start..stamp.range.end];
            let again =
                timestamp::find(alone).map(|again| (again.time, start + again.range.start..start + again.range.end));
            assert_eq!(again, Some((stamp.time, stamp.range)), "{} in {}", alone.escape_ascii(), line.escape_ascii());
        }
        for after in 0..line.len().min(300) + 2 {
            let _ = level::find(line, after);
        }
    }
    let framing = Framing::detect(input);
    for line in input.split(|byte| *byte == b'\n') {
        if let Some(stamp) = framing.stamp(line) {
            assert!(!line[stamp.range.clone()].is_empty());
            let _ = (stamp.time.timestamp(), stamp.time.with_year_from(None), stamp.time.resolved(None, None));
        }
    }
});
