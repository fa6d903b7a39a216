//! Pseudonyms: what stands in the place of a value that is masked, the same for the same value.
//!
//! A pseudonym is `<kind-xxxxxxxx>`: the kind, and 40 bits of the HMAC-SHA256 of the value, as eight letters and digits. The HMAC has a
//! key, for without one the addresses behind pseudonyms could be found by trying all four thousand million of them. Forty bits: of
//! the 10,000 values of a large report two have the same pseudonym once in 20,000 reports, and all that comes of it is that they look like one;
//! the kind does not go into the hash, so that what is a token here and a password there is seen to be the same.

use sha2::{Digest, Sha256};

/// Digits of base 32, without those that are taken for others.
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Digits of a pseudonym.
const LENGTH: usize = 8;
/// Letters of the kind.
const KIND_LIMIT: usize = 32;
/// What HMAC works in with SHA-256.
const BLOCK: usize = 64;

/// What pseudonyms are made with. Who has it can try values until a pseudonym comes out.
#[derive(Clone)]
pub struct RedactionKey {
    inner: [u8; BLOCK],
    outer: [u8; BLOCK],
}

/// Why there is no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RedactionKeyError {
    /// The operating system gives no random numbers.
    #[error("the system gives no random numbers: {0}")]
    NoRandomness(String),
    /// The secret is so short that it can be guessed.
    #[error("the secret has fewer than {} bytes", RedactionKey::SECRET_LEAST)]
    TooShort,
}

impl RedactionKey {
    /// Bytes of a secret at least: what is shorter can be found by trying.
    pub const SECRET_LEAST: usize = 16;

    /// A key that nobody knows: pseudonyms are the same as long as it lives.
    pub fn random() -> Result<Self, RedactionKeyError> {
        let mut bytes = [0u8; 32];
        getrandom::fill(&mut bytes).map_err(|error| RedactionKeyError::NoRandomness(error.to_string()))?;
        Ok(Self::of(&bytes))
    }

    /// The key of a secret: pseudonyms are the same wherever it is used.
    pub fn from_secret(secret: &[u8]) -> Result<Self, RedactionKeyError> {
        if secret.len() < Self::SECRET_LEAST {
            return Err(RedactionKeyError::TooShort);
        }
        let hash = Sha256::new_with_prefix(b"faultbook redaction\0").chain_update(secret).finalize();
        Ok(Self::of(&hash))
    }

    fn of(bytes: &[u8]) -> Self {
        let (mut inner, mut outer) = ([0x36; BLOCK], [0x5c; BLOCK]);
        for ((inner, outer), byte) in inner.iter_mut().zip(&mut outer).zip(bytes) {
            *inner ^= byte;
            *outer ^= byte;
        }
        Self { inner, outer }
    }

    /// The pseudonym of a value.
    pub(super) fn pseudonym(&self, kind: &str, value: &str) -> String {
        let inner = Sha256::new_with_prefix(self.inner).chain_update(value.as_bytes()).finalize();
        let hash = Sha256::new_with_prefix(self.outer).chain_update(inner).finalize();
        let bits = hash.iter().take(5).fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
        let digit = |at: usize| DIGITS.get((bits >> (5 * at) & 31) as usize).copied().map_or('0', char::from);
        let digits: String = (0..LENGTH).rev().map(digit).collect();
        format!("<{kind}-{digits}>")
    }
}

/// Says nothing of the key.
impl std::fmt::Debug for RedactionKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("RedactionKey")
    }
}

/// Where the pseudonym ends that begins at a `<`; `None` when there is none.
pub(super) fn end(bytes: &[u8], start: usize) -> Option<usize> {
    let rest = bytes.get(start..)?.strip_prefix(b"<")?;
    let is_kind = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'_';
    let kind = rest.iter().take(KIND_LIMIT).take_while(|byte| is_kind(byte)).count();
    let digits = rest.get(kind + 1..kind + 1 + LENGTH)?;
    let is_one = kind > 0
        && rest.get(kind) == Some(&b'-')
        && digits.iter().all(|digit| DIGITS.contains(digit))
        && rest.get(kind + 1 + LENGTH) == Some(&b'>');
    is_one.then_some(start + 1 + kind + 1 + LENGTH + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_hmac_sha256() {
        // RFC 4231, test case 2: key `Jefe`, 5bdcc146bf...
        let key = RedactionKey::of(b"Jefe");
        assert_eq!(key.pseudonym("x", "what do ya want for nothing?"), "<x-bfec2hnz>");
    }

    #[test]
    fn pseudonyms_have_a_form_of_their_own() {
        let key = RedactionKey::random().expect("a key");
        let one = key.pseudonym("email", "a@example.com");
        assert_eq!(end(one.as_bytes(), 0), Some(one.len()), "{one}");
        assert_eq!(one, key.pseudonym("email", "a@example.com"));
        assert_eq!(
            one.split_once('-').map(|one| one.1),
            key.pseudonym("ip", "a@example.com").split_once('-').map(|one| one.1)
        );
        assert_ne!(one, RedactionKey::random().expect("a key").pseudonym("email", "a@example.com"));
        for other in [
            "<email-1234567>",
            "<email-123456789>",
            "<-12345678>",
            "<Email-12345678>",
            "<email-1234567u>",
            "email-12345678",
        ] {
            assert_eq!(end(other.as_bytes(), 0), None, "{other}");
        }
    }

    #[test]
    fn a_short_secret_is_no_key() {
        assert_eq!(RedactionKey::from_secret(b"short").err(), Some(RedactionKeyError::TooShort));
        assert!(RedactionKey::from_secret(b"0123456789abcdef").is_ok());
    }
}
