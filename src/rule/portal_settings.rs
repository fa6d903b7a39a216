//! What `portal:` of `faultbook.yaml` says: who may do what, and how mails are sent. The `portal` room applies it.

use std::collections::HashMap;

use crate::rule::check_parts::PartChecker;
use crate::rule::diagnostic::{Code, Diagnostic};
use crate::rule::settings_file::{PortalFile, TokenFile};
use crate::rule::vocabulary::Audience;

/// Schemes of addresses that readers can follow.
const WEB: &[&str] = &["http://", "https://"];
/// Schemes of mail servers.
const MAIL: &[&str] = &["smtp://", "smtps://"];

/// What the portal is run with, as far as the settings say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PortalSettings {
    /// Where readers reach the portal, without a slash at the end.
    pub address: Option<String>,
    /// The mail server and the sender.
    pub mail: Option<(String, String)>,
    /// Who may do more than the public.
    pub tokens: Vec<Token>,
}

/// A token that somebody may use. Tokens are long and random, so that a plain SHA-256 of one gives nothing away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Whose it is, for the log.
    pub name: String,
    /// SHA-256 of the token.
    pub hash: [u8; 32],
    /// The widest audience it stands for.
    pub audience: Audience,
    /// Whether it may upload cases.
    pub cases: bool,
    /// Whether it may read statistics and the page for authors.
    pub statistics: bool,
}

impl PortalSettings {
    /// Adds what another file says and this one does not.
    pub(crate) fn fill_from(&mut self, other: Self) {
        self.address = self.address.take().or(other.address);
        self.mail = self.mail.take().or(other.mail);
        self.tokens.extend(other.tokens);
    }
}

/// Checks what is written; what is wrong is reported and left out.
pub(crate) fn check(parts: &mut PartChecker<'_>, written: PortalFile) -> PortalSettings {
    let PortalFile { address, mail_server, mail_from, tokens } = written;
    let mut of_scheme = |address: Option<crate::rule::authored::Located<String>>, schemes: &[&str], example: &str| {
        let address = address?;
        let is_sound =
            schemes.iter().any(|scheme| address.value.len() > scheme.len() && address.value.starts_with(scheme))
                && !address.value.contains(|c: char| c.is_whitespace() || c.is_control());
        if !is_sound {
            // not the address itself: it may have a password
            let help = Some(format!("write it like `{example}`"));
            let title = format!("this is no address that begins with {}", schemes.join(" or "));
            parts.error(Code::UnknownValue, address.span, title, "not such an address", help);
        }
        is_sound.then_some(address.value)
    };
    let address = of_scheme(address, WEB, "https://help.example.com");
    let server = of_scheme(mail_server, MAIL, "smtps://user:password@mail.example.com");
    PortalSettings {
        address: address.map(|address| address.trim_end_matches('/').to_owned()),
        mail: server.zip(mail_from.map(|from| from.value)),
        tokens: check_tokens(parts, tokens),
    }
}

fn check_tokens(parts: &mut PartChecker<'_>, written: Vec<TokenFile>) -> Vec<Token> {
    let mut seen = HashMap::new();
    let mut tokens = Vec::new();
    for token in written {
        let Some(hash) = parse_hash(&token.sha256.value) else {
            let help = Some("write what `printf %s TOKEN | sha256sum` prints".to_owned());
            parts.error(Code::UnknownValue, token.sha256.span, "this is no SHA-256", "not 64 hexadecimal digits", help);
            continue;
        };
        if let Some(first) = seen.insert(hash, token.sha256.span) {
            let diagnostic = Diagnostic::error(Code::ContradictingKeys, "the same token is given twice")
                .at(parts.file, token.sha256.span, "given again")
                .at(parts.file, first, "first given here")
                .help("keep one of the entries, or make another token");
            parts.diagnostics.push(diagnostic);
            continue;
        }
        tokens.push(Token {
            name: token.name.value,
            hash,
            audience: token.audience.unwrap_or(Audience::Public),
            cases: token.cases,
            statistics: token.statistics,
        });
    }
    tokens
}

/// Reads a hash of 64 hexadecimal digits.
fn parse_hash(written: &str) -> Option<[u8; 32]> {
    let digits = Some(written).filter(|digits| digits.len() == 64 && digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
    let mut hash = [0; 32];
    for (byte, at) in hash.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(digits.get(at..at + 2)?, 16).ok()?;
    }
    Some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_64_hexadecimal_digits() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(parse_hash(empty).map(|hash| (hash[0], hash[31])), Some((0xe3, 0x55)));
        for wrong in ["", "e3b0", &empty[..62], &empty.replace('e', "g"), &empty.replace("e3", "é")] {
            assert_eq!(parse_hash(wrong), None, "{wrong}");
        }
    }
}
