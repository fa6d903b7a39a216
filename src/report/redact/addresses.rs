//! Addresses of machines and people, and numbers of cards: whether one begins here, and where it ends.

use std::net::Ipv6Addr;

use crate::rule::vocabulary::MaskedKind;

/// Endings of names with `@` that are units of systemd or files, not mail addresses.
const NO_DOMAINS: [&str; 17] = [
    "service", "socket", "timer", "mount", "slice", "scope", "target", "device", "path", "swap", "png", "jpg", "jpeg",
    "svg", "gif", "webp", "css",
];

/// Words before four numbers that are a version.
const VERSIONS: [&str; 9] = ["version", "versions", "ver", "release", "build", "firmware", "revision", "rev", "patch"];

/// Bytes before a number in which the word is looked for that says what it is.
const LOOK_BACK: usize = 24;

fn is_word(byte: Option<&u8>) -> bool {
    byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

fn before(bytes: &[u8], at: usize) -> Option<&u8> {
    bytes.get(at.checked_sub(1)?)
}

/// A number up to 255 without zeros in front, and where it ends.
fn octet(bytes: &[u8], at: usize) -> Option<(u8, usize)> {
    let digits = bytes.get(at..)?.iter().take(4).take_while(|byte| byte.is_ascii_digit()).count();
    let text = std::str::from_utf8(bytes.get(at..at + digits)?).ok()?;
    if digits > 1 && text.starts_with('0') {
        return None;
    }
    Some((text.parse().ok()?, at + digits))
}

/// Four such numbers with a sign between them.
fn four(bytes: &[u8], start: usize, sign: u8) -> Option<([u8; 4], usize)> {
    let mut octets = [0; 4];
    let mut at = start;
    for (index, slot) in octets.iter_mut().enumerate() {
        if index > 0 {
            if bytes.get(at) != Some(&sign) {
                return None;
            }
            at += 1;
        }
        (*slot, at) = octet(bytes, at)?;
    }
    Some((octets, at))
}

/// An IPv4 address: where it ends, and whether it tells anything. `None` for versions and longer numbers.
pub(super) fn ipv4(bytes: &[u8], start: usize) -> Option<(usize, bool)> {
    let (octets, end) = four(bytes, start, b'.')?;
    let next = bytes.get(end);
    let is_longer = next == Some(&b'.') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit);
    if is_word(next) || is_longer {
        return None;
    }
    let previous = before(bytes, start);
    if previous == Some(&b'.') || is_word(previous) {
        return None;
    }
    let is_named = next == Some(&b'.') && bytes.get(end + 1).is_some_and(u8::is_ascii_alphabetic);
    let is_revised = next == Some(&b'-')
        && four(bytes, end + 1, b'.').is_none()
        && bytes.get(end + 1).is_some_and(u8::is_ascii_digit);
    // `package-1.2.3.4.jar`, `1.2.3.4-5`
    if is_revised || previous == Some(&b'-') && (is_named || next == Some(&b'-')) {
        return None;
    }
    if is_product(bytes, start) || is_version(bytes, start) {
        return None;
    }
    // this machine, any, all of a network, masks of networks
    let is_telling = !matches!(octets, [127 | 255, ..] | [0, 0, 0, 0]);
    Some((end, is_telling))
}

/// Whether a number is the version of a product, as in `Chrome/120.0.0.0`.
fn is_product(bytes: &[u8], start: usize) -> bool {
    let Some(rest) = bytes.get(..start).and_then(|rest| rest.strip_suffix(b"/")) else { return false };
    let letters = rest.iter().rev().take(LOOK_BACK).take_while(|byte| is_word(Some(byte)) || **byte == b'-').count();
    let name = rest.get(rest.len() - letters..).unwrap_or_default();
    let previous = before(rest, rest.len() - letters);
    name.first().is_some_and(u8::is_ascii_uppercase) && previous != Some(&b'/')
}

/// Whether the word before says that a number is a version.
fn is_version(bytes: &[u8], start: usize) -> bool {
    let is_between = |byte: &u8| b" =:\"'>(,".contains(byte);
    let rest = bytes.get(..start).unwrap_or_default();
    let between = rest.iter().rev().take(6).take_while(|byte| is_between(byte)).count();
    let rest = rest.get(..rest.len() - between).unwrap_or_default();
    let letters = rest.iter().rev().take(LOOK_BACK).take_while(|byte| byte.is_ascii_alphabetic()).count();
    let word = rest.get(rest.len() - letters..).unwrap_or_default().to_ascii_lowercase();
    VERSIONS.iter().any(|known| word.ends_with(known.as_bytes()) && (word.len() == known.len() || known.len() > 5))
}

/// `-10-0-0-12` behind `ip`, as clouds name machines.
pub(super) fn with_dashes(bytes: &[u8], at: usize) -> Option<usize> {
    let (_, end) = four(bytes, (bytes.get(at) == Some(&b'-')).then_some(at + 1)?, b'-')?;
    let goes_on = is_word(bytes.get(end)) || bytes.get(end) == Some(&b'-');
    (!goes_on).then_some(end)
}

/// An address in a run of hexadecimal digits, colons and points that begins with it: its length and its kind, which is missing when it tells nothing.
pub(super) fn with_colons(run: &[u8]) -> Option<(usize, Option<MaskedKind>)> {
    let mut run = run;
    loop {
        if let Some(kind) = colons_kind(run) {
            return Some((run.len(), kind));
        }
        // the end of a sentence
        run = run.strip_suffix(b".").or_else(|| run.strip_suffix(b":"))?;
        if run.len() < 2 {
            return None;
        }
    }
}

fn colons_kind(run: &[u8]) -> Option<Option<MaskedKind>> {
    // the longest of IPv6, with an IPv4 address at its end
    if run.len() > 45 {
        return None;
    }
    let text = std::str::from_utf8(run).ok()?;
    let groups: Vec<&str> = text.split(':').collect();
    let are_pairs = groups.iter().all(|group| group.len() == 2 && !group.contains('.'));
    if are_pairs {
        let tells =
            groups.iter().any(|group| *group != "00") && groups.iter().any(|group| !group.eq_ignore_ascii_case("ff"));
        return (groups.len() == 6).then_some(tells.then_some(MaskedKind::Mac));
    }
    let address: Ipv6Addr = text.parse().ok()?;
    if address.is_loopback() || address.is_unspecified() {
        return Some(None);
    }
    if let Some(v4) = address.to_ipv4_mapped() {
        return Some((!v4.is_loopback() && !v4.is_unspecified()).then_some(MaskedKind::Ip));
    }
    // `a::b1` is a path of Rust as well
    let filled = groups.iter().filter(|group| !group.is_empty()).count();
    let first = groups.first().filter(|group| group.len() == 4).and_then(|group| u16::from_str_radix(group, 16).ok());
    let is_usual = first.is_some_and(|first| matches!(first >> 12, 2 | 3 | 0xf) || first == 0x64);
    let has_digit = run.iter().any(u8::is_ascii_digit);
    (has_digit && (filled > 2 || is_usual)).then_some(Some(MaskedKind::Ip))
}

/// The address of a network card, written with dashes.
pub(super) fn mac_with_dashes(bytes: &[u8], start: usize) -> Option<usize> {
    let run = bytes.get(start..start + 17)?;
    let is_one =
        run.iter().enumerate().all(|(at, byte)| if at % 3 == 2 { *byte == b'-' } else { byte.is_ascii_hexdigit() });
    let is_part = |byte: Option<&u8>| is_word(byte) || byte == Some(&b'-');
    let tells = run.iter().any(|byte| !matches!(byte, b'0' | b'-'))
        && run.iter().any(|byte| !matches!(byte, b'f' | b'F' | b'-'));
    (is_one && tells && !is_part(bytes.get(start + 17)) && !is_part(before(bytes, start))).then_some(start + 17)
}

/// The domain of a mail address: where it ends.
pub(super) fn domain(bytes: &[u8], start: usize) -> Option<usize> {
    let rest = bytes.get(start..)?;
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.') || *byte >= 0x80;
    let length = rest.iter().take(255).take_while(|byte| is_part(byte)).count();
    let mut run = rest.get(..length)?;
    while let Some(shorter) = run.strip_suffix(b".").or_else(|| run.strip_suffix(b"-")) {
        run = shorter;
    }
    let dot = memchr::memrchr(b'.', run)?;
    let last = run.get(dot + 1..)?;
    let is_domain = last.len() >= 2
        && (last.iter().all(|byte| byte.is_ascii_alphabetic() || *byte >= 0x80) || last.starts_with(b"xn--"));
    let is_other = NO_DOMAINS.iter().any(|known| last.eq_ignore_ascii_case(known.as_bytes()));
    let is_sound = dot > 0 && run.first().is_some_and(|byte| !matches!(byte, b'-' | b'.'));
    (is_domain && !is_other && is_sound).then_some(start + run.len())
}

/// The number of a card: 13 to 19 digits of a known issuer whose check digit is right, together or in its usual groups.
pub(super) fn card(bytes: &[u8], start: usize) -> Option<usize> {
    if before(bytes, start).is_some_and(|byte| matches!(byte, b'.' | b'-' | b'/' | b'_' | b'#')) {
        return None;
    }
    let mut digits = [0u8; 19];
    let (mut count, mut group, mut at) = (0, 0, start);
    let mut groups = [0usize; 6];
    let mut group_of = 0;
    let mut separator = None;
    while let Some(byte) = bytes.get(at) {
        if byte.is_ascii_digit() {
            *digits.get_mut(count)? = byte - b'0';
            count += 1;
            group += 1;
        } else {
            let is_separator = matches!(byte, b' ' | b'-') && separator.is_none_or(|known| known == *byte);
            if !is_separator || !bytes.get(at + 1).is_some_and(u8::is_ascii_digit) || count >= 16 {
                break;
            }
            separator = Some(*byte);
            *groups.get_mut(group_of)? = group;
            (group_of, group) = (group_of + 1, 0);
        }
        at += 1;
    }
    *groups.get_mut(group_of)? = group;
    let groups = groups.get(..=group_of)?;
    let is_grouped = matches!(groups, [_] | [4, 4, 4, 1..=7] | [4, 6, 4 | 5] | [4, 4, 4, 4, 1..=3]);
    let digits = digits.get(..count)?;
    let goes_on =
        is_word(bytes.get(at)) || bytes.get(at) == Some(&b'.') && bytes.get(at + 1).is_some_and(u8::is_ascii_digit);
    (is_grouped && !goes_on && is_issued(digits) && luhn(digits)).then_some(at)
}

fn is_issued(digits: &[u8]) -> bool {
    let prefix = |length: usize| digits.iter().take(length).fold(0u32, |number, digit| number * 10 + u32::from(*digit));
    match digits.len() {
        13 | 19 => prefix(1) == 4 || digits.len() == 19 && prefix(2) == 62,
        14 => matches!(prefix(2), 30 | 36 | 38 | 39),
        15 => matches!(prefix(2), 34 | 37),
        16 => {
            prefix(1) == 4
                || matches!(prefix(2), 35 | 51..=55 | 62 | 65)
                || prefix(4) == 6011
                || matches!(prefix(4), 2221..=2720)
                || matches!(prefix(3), 644..=649)
        }
        _ => false,
    }
}

/// Whether the check digit is right.
fn luhn(digits: &[u8]) -> bool {
    let weighed = digits.iter().rev().enumerate().map(|(at, digit)| match (at % 2, digit * 2) {
        (0, _) => u32::from(*digit),
        (_, twice) if twice > 9 => u32::from(twice - 9),
        (_, twice) => u32::from(twice),
    });
    weighed.sum::<u32>() % 10 == 0
}
