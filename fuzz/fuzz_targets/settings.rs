//! Any text is a `faultbook.yaml` or is explained, and what it sets holds for lines.

#![no_main]

use faultbook::rule::Faultbook;
use faultbook::source::Limits;
use libfuzzer_sys::fuzz_target;

/// Lines for headers and time formats to read.
const LINES: [&[u8]; 3] = [b"2024-05-06 07:08:09,123 WARN x", b"[06/May/2024:07:08:09 +0200] error \xff", b""];

fuzz_target!(|text: &str| {
    let settings = vec![("faultbook.yaml".to_owned(), text.to_owned())];
    let faultbook = Faultbook::from_texts_and_settings(Vec::new(), Default::default(), settings);
    for diagnostic in faultbook.diagnostics() {
        for label in &diagnostic.labels {
            let place = label.file.text().get(label.span.start..label.span.end);
            assert!(place.is_some(), "{:?} of {}: {diagnostic:?}", label.span, label.file.text().len());
        }
    }
    let settings = faultbook.settings();
    let _ = Limits::with_settings(settings.limits());
    for path in ["var/log/app.log", "x.gz"] {
        let source = settings.of(path);
        for line in LINES {
            for format in source.timestamp {
                let _ = format.read(line);
            }
            if let Some(parts) = source.header.and_then(|header| header.read(line)) {
                assert!(parts.end <= line.len());
            }
            let _ = source.noise.map(|noise| noise.is_noise(line));
        }
    }
});
