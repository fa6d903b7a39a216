//! Who may ask for what: bearer tokens (RFC 6750), of which only hashes are known.

use axum::http::{HeaderMap, header};
use sha2::{Digest, Sha256};

use crate::portal::problem::Problem;
use crate::rule::Audience;

/// A token that somebody may use. Tokens are long and random, so that a plain SHA-256 of one gives nothing away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Whose it is, for the log.
    pub name: String,
    /// SHA-256 of the token.
    pub hash: [u8; 32],
    /// The audience it stands for.
    pub audience: Audience,
    /// Whether it may upload cases.
    pub cases: bool,
    /// Whether it may read statistics and the pages for authors.
    pub statistics: bool,
}

/// Who makes a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Somebody without a token.
    Anybody,
    /// Somebody with this token.
    Known(Token),
}

impl Caller {
    /// Tells from the headers who it is. A token that nobody has is refused, not ignored.
    pub fn of(headers: &HeaderMap, tokens: &[Token]) -> Result<Self, Problem> {
        let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(Caller::Anybody) };
        let text = value.to_str().unwrap_or_default();
        let token = match text.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
            _ => return Err(Problem::unauthorized("write `Authorization: Bearer TOKEN`")),
        };
        let hash = hash(token);
        match tokens.iter().find(|known| known.hash == hash) {
            Some(known) => Ok(Caller::Known(known.clone())),
            None => Err(Problem::unauthorized("this token is not known here")),
        }
    }

    /// The widest audience the caller may answer for.
    pub fn audience(&self) -> Audience {
        match self {
            Caller::Anybody => Audience::Public,
            Caller::Known(token) => token.audience,
        }
    }

    /// The audience that was asked for, or the caller's own. Refuses one that is wider than the caller's.
    pub fn audience_for(&self, wanted: Option<Audience>) -> Result<Audience, Problem> {
        match wanted {
            None => Ok(self.audience()),
            Some(wanted) if wanted <= self.audience() => Ok(wanted),
            Some(wanted) => Err(match self {
                Caller::Anybody => Problem::unauthorized(format!("answers for `{wanted}` need a token")),
                Caller::Known(_) => Problem::forbidden(format!("it does not reach to the audience `{wanted}`")),
            }),
        }
    }
}

/// SHA-256 of a token.
pub fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// Reads a hash as the configuration has it: `sha256:` and 64 hexadecimal digits.
pub fn parse_hash(written: &str) -> Option<[u8; 32]> {
    let digits = written.strip_prefix("sha256:").filter(|digits| digits.len() == 64 && digits.is_ascii())?;
    let mut hash = [0; 32];
    for (byte, at) in hash.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(&digits[at..at + 2], 16).ok()?;
    }
    Some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().unwrap())])
    }

    #[test]
    fn only_a_known_token_widens_what_may_be_asked_for() {
        let tokens = [Token {
            name: "desk".into(),
            hash: hash("s3cret"),
            audience: Audience::Partner,
            cases: true,
            statistics: false,
        }];
        let known = Caller::of(&headers("bearer s3cret"), &tokens).unwrap();
        assert_eq!(known.audience_for(None).unwrap(), Audience::Partner);
        assert_eq!(known.audience_for(Some(Audience::Public)).unwrap(), Audience::Public);
        assert_eq!(known.audience_for(Some(Audience::Internal)).unwrap_err().status(), 403);
        let anybody = Caller::of(&HeaderMap::new(), &tokens).unwrap();
        assert_eq!(anybody.audience_for(None).unwrap(), Audience::Public);
        assert_eq!(anybody.audience_for(Some(Audience::Partner)).unwrap_err().status(), 401);
        for refused in ["Bearer s3cre", "Bearer ", "Basic czNjcmV0", "s3cret"] {
            assert_eq!(Caller::of(&headers(refused), &tokens).unwrap_err().status(), 401, "{refused}");
        }
    }

    #[test]
    fn hashes_are_read_as_they_are_written() {
        let empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(parse_hash(empty), Some(hash("")));
        for wrong in ["e3b0", "sha256:", &empty[..70], &empty.replace('e', "g"), "sha256:é"] {
            assert_eq!(parse_hash(wrong), None, "{wrong}");
        }
    }
}
