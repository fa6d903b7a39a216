//! Any bytes are detected and peeled without harm, and it does not matter in which pieces they come.
//!
//! The first byte chooses transports; 0 leaves that to the detection.

#![no_main]

use faultbook::source::transport::{JsonKeys, Peeled, Text, Transport, detect};
use libfuzzer_sys::fuzz_target;

fn chosen(choice: u8) -> Vec<Transport> {
    let all = [
        Transport::Docker,
        Transport::Cri,
        Transport::Actions,
        Transport::Syslog,
        Transport::Journald,
        Transport::JournaldExport,
        Transport::JsonLines(JsonKeys::default()),
        Transport::Xml("event".to_owned()),
    ];
    let (first, second) = (usize::from(choice) % 9, usize::from(choice) / 9 % 9);
    [first, second].into_iter().filter_map(|number| all.get(number.checked_sub(1)?).cloned()).collect()
}

fn peel(transports: &[Transport], raw: &[u8], step: usize) -> Text {
    let mut peeled = Peeled::new(transports);
    let mut text = Text::default();
    for piece in raw.chunks(step) {
        peeled.peel(|room| room.extend_from_slice(piece), false, &mut text);
    }
    peeled.peel(|_| (), true, &mut text);
    text
}

fuzz_target!(|input: &[u8]| {
    let Some((choice, raw)) = input.split_first() else { return };
    let transports = if *choice == 0 { detect(raw) } else { chosen(*choice) };
    let text = peel(&transports, raw, raw.len().max(1));
    // a JSON object is given twice, once as its message, at each of three depths
    assert!(text.bytes.len() <= 8 * raw.len() + 1000, "{} bytes of {}", text.bytes.len(), raw.len());
    for step in [1 + usize::from(*choice), 64] {
        let again = peel(&transports, raw, step);
        assert_eq!(again.bytes.escape_ascii().to_string(), text.bytes.escape_ascii().to_string(), "in steps of {step}");
        for at in 0..text.bytes.len() {
            assert_eq!(again.origins.at(at), text.origins.at(at), "at {at} in steps of {step}");
            assert_eq!(again.origins.begins_record(at), text.origins.begins_record(at), "at {at} in steps of {step}");
        }
    }
    let lines = memchr::memchr_iter(b'\n', raw).count() as u64 + 1;
    // of two streams' lines, the one that began first may end last
    let joins_parts = transports.iter().any(|transport| matches!(transport, Transport::Docker | Transport::Cri));
    let mut before = 1;
    for at in 0..text.bytes.len() {
        if let Some(line) = text.origins.line_at(at) {
            assert!(line <= lines, "byte {at} is in line {line} of {lines}");
            assert!(line >= before || joins_parts, "line {line} after {before}");
            before = line;
        }
    }
});
