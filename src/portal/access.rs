//! Who may ask for what: bearer tokens (RFC 6750), of which only hashes are known.

use axum::http::{HeaderMap, header};
use sha2::{Digest, Sha256};

use crate::portal::problem::Problem;
use crate::rule::Audience;
use crate::rule::portal_settings::Token;

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
        match Self::with(token, tokens) {
            Caller::Anybody => Err(Problem::unauthorized("this token is not known here")),
            known => Ok(known),
        }
    }

    /// Whose token it is; nobody's if it is not known.
    pub fn with(token: &str, tokens: &[Token]) -> Self {
        let hash = hash(token);
        tokens.iter().find(|known| known.hash == hash).map_or(Caller::Anybody, |known| Caller::Known(known.clone()))
    }

    /// The widest audience the caller may answer for.
    pub fn audience(&self) -> Audience {
        match self {
            Caller::Anybody => Audience::Public,
            Caller::Known(token) => token.audience,
        }
    }

    /// Refuses who may not upload: if there are tokens for it, one is needed.
    pub fn must_upload(&self, tokens: &[Token]) -> Result<(), Problem> {
        let is_open = !tokens.iter().any(|token| token.cases);
        match self {
            _ if is_open => Ok(()),
            Caller::Known(token) if token.cases => Ok(()),
            Caller::Known(_) => Err(Problem::forbidden("it does not reach to uploads")),
            Caller::Anybody => Err(Problem::unauthorized("uploads need a token")),
        }
    }

    /// Refuses who may not see statistics.
    pub fn must_see_statistics(&self) -> Result<(), Problem> {
        match self {
            Caller::Known(token) if token.statistics => Ok(()),
            Caller::Known(_) => Err(Problem::forbidden("it does not reach to statistics")),
            Caller::Anybody => Err(Problem::unauthorized("statistics need a token")),
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
}
