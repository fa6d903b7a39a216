//! The time that prefixes of lines begin with.

/// Tells whether `text` is a time of RFC 3339 with date, time of day and zone, by its shape.
#[inline]
pub(super) fn is_rfc3339(text: &[u8]) -> bool {
    let Some((head, rest)) = text.split_at_checked(19) else { return false };
    let is_shaped = head.iter().zip(b"dddd-dd-ddTdd:dd:dd").all(|(byte, shape)| match shape {
        b'd' => byte.is_ascii_digit(),
        _ => byte == shape,
    });
    let zone = match rest {
        [b'.', fraction @ ..] => {
            let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if digits == 0 { b"" } else { &fraction[digits..] }
        }
        _ => rest,
    };
    is_shaped && (zone == b"Z" || matches!(zone, [b'+' | b'-', _, _, b':', _, _]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_rfc3339_have_a_zone() {
        for text in ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.6789Z", "2026-01-02T03:04:05.1+01:00"] {
            assert!(is_rfc3339(text.as_bytes()), "{text}");
        }
        for text in
            ["", "2026-01-02T03:04:05", "2026-01-02 03:04:05Z", "2026-01-02T03:04:05.Z", "2026-01-02T03:04:05Zx"]
        {
            assert!(!is_rfc3339(text.as_bytes()), "{text}");
        }
    }
}
