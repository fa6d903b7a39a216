//! Any text is a rule file or is explained; the quick reader of YAML agrees with the library; sound rules run their tests.

#![no_main]

use faultbook::rule::{Faultbook, yaml};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Some((quick, by_library)) = yaml::both_ways(text) {
        assert_eq!(Some(quick), by_library, "{text:?}");
    }
    let faultbook = Faultbook::from_texts(vec![("rule.yaml".to_owned(), text.to_owned())], Default::default());
    for diagnostic in faultbook.diagnostics() {
        for label in &diagnostic.labels {
            let place = label.file.text().get(label.span.start..label.span.end);
            assert!(place.is_some(), "{:?} of {}: {diagnostic:?}", label.span, label.file.text().len());
        }
    }
    if !faultbook.has_errors() {
        let _ = faultbook::author::test::run(&faultbook, |_| true);
    }
});
