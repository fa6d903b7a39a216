//! Names whose values are secrets, prefixes by which tokens are known, and values that tell nothing.
//!
//! Names are compared without case and without `_`, `-` and `.`: `db_password`, `dbPassword` and `DB-PASSWORD` are one.

use crate::rule::vocabulary::MaskedKind;

/// Bytes of a name that are looked at.
pub(super) const NAME_LIMIT: usize = 64;

/// What a name says of its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// A secret, whatever it looks like.
    Secret(MaskedKind),
    /// A secret if it looks like one: long, with letters and digits.
    Perhaps(MaskedKind),
    /// The value of an `Authorization` header.
    Authorization,
    /// The value of a `Cookie` header.
    Cookies,
    /// The value of a `Set-Cookie` header.
    SetCookie,
}

const PASSWORDS: [&str; 11] = [
    "password",
    "passwd",
    "passwort",
    "kennwort",
    "passphrase",
    "passcode",
    "pwd",
    "userpass",
    "dbpass",
    "rootpass",
    "contrasena",
];

const TOKENS: [&str; 17] = [
    "token",
    "secret",
    "apikey",
    "accesskey",
    "secretkey",
    "privatekey",
    "authkey",
    "signingkey",
    "encryptionkey",
    "masterkey",
    "accountkey",
    "sharedkey",
    "credential",
    "credentials",
    "secrets",
    "passwords",
    "appkey",
];

/// What may follow the word in a name: `password_confirmation`, `password_hash`.
const ENDINGS: [&str; 8] = ["confirmation", "confirm", "hash", "value", "text", "plain", "repeat", "again"];

const SESSIONS: [&str; 8] =
    ["sessionid", "sessid", "sessiontoken", "sessionkey", "aspsessionid", "connectsid", "sessioncookie", "authcookie"];

/// Values behind a name that tell nothing, or are no values.
const NOTHING: [&str; 24] = [
    "yes",
    "no",
    "true",
    "false",
    "null",
    "none",
    "nil",
    "undefined",
    "empty",
    "n/a",
    "set",
    "unset",
    "redacted",
    "filtered",
    "hidden",
    "masked",
    "removed",
    "secret",
    "password",
    "string",
    "str",
    "required",
    "optional",
    "missing",
];

/// Words that stand before a sign or a value where a text is about a password or token and does not have one.
const PROSE: [&str; 22] = [
    "is",
    "was",
    "not",
    "invalid",
    "incorrect",
    "wrong",
    "expired",
    "bad",
    "unexpected",
    "illegal",
    "or",
    "and",
    "for",
    "to",
    "option",
    "flag",
    "argument",
    "parameter",
    "authentication",
    "failed",
    "rejected",
    "must",
];

/// Prefixes of tokens, and how many letters follow at least.
const PREFIXES: [(&str, usize); 34] = [
    ("ghp_", 20),
    ("gho_", 20),
    ("ghu_", 20),
    ("ghs_", 20),
    ("ghr_", 20),
    ("github_pat_", 20),
    ("glpat-", 16),
    ("gldt-", 16),
    ("glrt-", 16),
    ("glcbt-", 16),
    ("glptt-", 16),
    ("xoxb-", 10),
    ("xoxa-", 10),
    ("xoxp-", 10),
    ("xoxr-", 10),
    ("xoxs-", 10),
    ("xoxe-", 10),
    ("xapp-", 10),
    ("AIza", 30),
    ("ya29.", 20),
    ("GOCSPX-", 20),
    ("sk-", 20),
    ("sk_live_", 10),
    ("sk_test_", 10),
    ("rk_live_", 10),
    ("pk_live_", 10),
    ("npm_", 30),
    ("pypi-", 20),
    ("dop_v1_", 20),
    ("hvs.", 20),
    ("SG.", 20),
    ("shpat_", 20),
    ("whsec_", 20),
    ("dckr_pat_", 16),
];

/// Prefixes of the ids of AWS access keys; sixteen capitals and digits follow.
const AWS: [&str; 6] = ["AKIA", "ASIA", "AROA", "AIDA", "AGPA", "ABIA"];

/// What a name says of its value; `None` when it is no secret. `before` is the word before it, as in `API key`.
pub(super) fn named(name: &str, before: &str) -> Option<Named> {
    // a name such as `smtp.PASSWORD2`
    let name = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let mut buffer = [0u8; NAME_LIMIT];
    let letters = name.bytes().filter(|byte| !matches!(byte, b'_' | b'-' | b'.'));
    let mut length = 0;
    for (slot, byte) in buffer.iter_mut().zip(letters) {
        *slot = byte.to_ascii_lowercase();
        length += 1;
    }
    let compact = buffer.get(..length).and_then(|bytes| std::str::from_utf8(bytes).ok())?;
    let last = last_word(name);
    let bare = ENDINGS.iter().find_map(|ending| compact.strip_suffix(ending)).unwrap_or(compact);
    let ends = |words: &[&str]| words.iter().any(|word| compact.ends_with(word) || bare.ends_with(word));
    match compact {
        "cookie" | "httpcookie" => return Some(Named::Cookies),
        "setcookie" => return Some(Named::SetCookie),
        _ if compact.ends_with("authorization") => return Some(Named::Authorization),
        _ if ends(&SESSIONS) => return Some(Named::Perhaps(MaskedKind::Cookie)),
        _ if ends(&PASSWORDS)
            || ["pass", "pw", "cvv", "cvc", "psk"].iter().any(|word| last.eq_ignore_ascii_case(word)) =>
        {
            return Some(Named::Secret(MaskedKind::Password));
        }
        _ if ends(&TOKENS) => return Some(Named::Secret(MaskedKind::Token)),
        _ => {}
    }
    let is = |word: &str| last.eq_ignore_ascii_case(word);
    let qualified =
        ["api", "access", "secret", "private", "account", "auth", "signing", "encryption", "master", "shared"];
    if is("key") && qualified.iter().any(|word| before.eq_ignore_ascii_case(word)) {
        return Some(Named::Secret(MaskedKind::Token));
    }
    if is("session") || is("sid") {
        return Some(Named::Perhaps(MaskedKind::Cookie));
    }
    let is_perhaps = ["key", "signature", "sig", "auth", "hmac", "bearer", "jwt"].iter().any(|word| is(word));
    is_perhaps.then_some(Named::Perhaps(MaskedKind::Token))
}

/// Whether the value of this name is a secret whatever it looks like.
pub(super) fn is_secret(name: &str) -> Option<MaskedKind> {
    match named(name, "")? {
        Named::Secret(kind) => Some(kind),
        Named::Authorization => Some(MaskedKind::Token),
        Named::Cookies | Named::SetCookie => Some(MaskedKind::Cookie),
        Named::Perhaps(_) => None,
    }
}

/// The last word of a name such as `db_pass`, `dbPass` or `db.pass`.
fn last_word(name: &str) -> &str {
    let bytes = name.as_bytes();
    let mut start = 0;
    for (at, pair) in bytes.windows(2).enumerate() {
        if matches!(pair, [b'_' | b'-' | b'.', _]) || matches!(pair, [b'a'..=b'z', b'A'..=b'Z']) {
            start = at + 1;
        }
    }
    name.get(start..).unwrap_or(name).trim_start_matches(['_', '-', '.'])
}

/// Whether a value tells nothing: nothing, a placeholder, stars.
pub(super) fn tells_nothing(value: &str) -> bool {
    let bare = value.trim_matches(|c: char| "[](){}<>\"'`*.•,;:!".contains(c));
    bare.is_empty()
        || bare.bytes().all(|byte| matches!(byte, b'*' | b'x' | b'X' | b'-' | b'#' | b'?' | b'_'))
        || NOTHING.iter().any(|word| bare.eq_ignore_ascii_case(word))
        || is_placeholder(value)
}

/// `${NAME}`, `{{ name }}`, `$(NAME)`, `%s`, `%(name)s`: what stands there before a value does.
fn is_placeholder(value: &str) -> bool {
    let is_name = |text: &str| {
        let text = text.trim();
        text.len() < NAME_LIMIT && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-: ".contains(&byte))
    };
    let within = |open: &str, close: &str| {
        value.strip_prefix(open).and_then(|rest| rest.strip_suffix(close)).is_some_and(is_name)
    };
    matches!(value, "%s" | "%v" | "%d" | "{}" | "|" | ">" | "|-" | ">-")
        || within("${", "}")
        || within("$(", ")")
        || within("{{", "}}")
        || within("%(", ")s")
}

/// Whether a word says that a text is about a secret and does not have it.
pub(super) fn is_prose(word: &str) -> bool {
    PROSE.iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// Whether a value looks like something that a machine made: letters and digits, long, no words.
pub(super) fn is_opaque(value: &str) -> bool {
    let bytes = value.as_bytes();
    let has = |test: fn(&u8) -> bool| bytes.iter().any(test);
    let is_hex = bytes.iter().all(u8::is_ascii_hexdigit) && has(u8::is_ascii_alphabetic);
    let is_base64 = bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+/_-=%.".contains(byte))
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase);
    bytes.len() >= 16 && has(u8::is_ascii_digit) && (is_hex || is_base64)
}

/// Where a token ends that begins here and is known by its form; `None` when there is none.
pub(super) fn token(bytes: &[u8], start: usize) -> Option<usize> {
    let rest = bytes.get(start..)?;
    if !matches!(
        rest.first()?,
        b'g' | b'x' | b'A' | b'y' | b'G' | b's' | b'r' | b'p' | b'n' | b'd' | b'h' | b'S' | b'w' | b'e'
    ) {
        return None;
    }
    let run = |from: usize, dots: bool| {
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-') || dots && *byte == b'.';
        rest.get(from..).unwrap_or_default().iter().take_while(|byte| is_part(byte)).count()
    };
    if rest.starts_with(b"eyJ") {
        let length = run(0, true);
        let dots = rest.get(..length)?.iter().filter(|byte| **byte == b'.').count();
        let is_cut = length == rest.len();
        return (length >= 20 && (dots > 0 || is_cut) || length >= 40).then_some(start + length);
    }
    if AWS.iter().any(|prefix| rest.starts_with(prefix.as_bytes())) {
        let length = rest.iter().take_while(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()).count();
        let goes_on = rest.get(length).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
        return (length == 20 && !goes_on).then_some(start + length);
    }
    let (prefix, least) = PREFIXES.iter().find(|(prefix, _)| rest.starts_with(prefix.as_bytes()))?;
    // what is none is looked at again, so it is found out soon
    let near = rest.get(prefix.len()..rest.len().min(prefix.len() + NAME_LIMIT))?;
    let is_part = |byte: &u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-') || *byte == b'.' && prefix.ends_with('.')
    };
    let body = near.get(..near.iter().take_while(|byte| is_part(byte)).count())?;
    let has = |test: fn(&u8) -> bool| body.iter().any(test);
    let is_random = has(u8::is_ascii_digit) || has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase);
    let is_one = body.len() >= *least && is_random;
    is_one.then(|| start + prefix.len() + run(prefix.len(), prefix.ends_with('.')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_known_in_every_spelling() {
        let password = Some(Named::Secret(MaskedKind::Password));
        let token = Some(Named::Secret(MaskedKind::Token));
        for name in [
            "password",
            "db.passwd",
            "DB_PASSWORD",
            "spring.datasource.password",
            "userPwd",
            "dbPass",
            "pass",
            "password_hash",
            "passwordConfirm",
            "PGPASSWORD",
            "pw2",
        ] {
            assert_eq!(named(name, ""), password, "{name}");
        }
        for name in
            ["token", "access_token", "clientSecret", "X-Api-Key", "aws_secret_access_key", "AccountKey", "credentials"]
        {
            assert_eq!(named(name, ""), token, "{name}");
        }
        assert_eq!(named("key", "API"), token);
        assert_eq!(named("Set-Cookie", ""), Some(Named::SetCookie));
        assert_eq!(named("Proxy-Authorization", ""), Some(Named::Authorization));
        assert_eq!(named("license_key", ""), Some(Named::Perhaps(MaskedKind::Token)));
        for name in [
            "",
            "user",
            "bypass",
            "compass",
            "passed",
            "tokens_left",
            "token_type",
            "secretName",
            "keyboard",
            "monkey",
            "password_expired",
            "secretary",
        ] {
            assert_eq!(named(name, ""), None, "{name}");
        }
    }

    #[test]
    fn placeholders_and_stars_tell_nothing() {
        for value in
            ["", "***", "YES", "null", "[FILTERED]", "<hidden>", "${DB_PASSWORD}", "{{ password }}", "%s", "xxxx"]
        {
            assert!(tells_nothing(value), "{value}");
        }
        for value in ["hunter2", "$ecret", "${a}b", "*a*", "yes1"] {
            assert!(!tells_nothing(value), "{value}");
        }
    }
}
