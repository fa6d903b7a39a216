//! Addresses that mails are sent to, as strictly as mails need: nothing that could be more than an address gets any further.

use std::fmt;
use std::str::FromStr;

use lettre::Address;

/// Characters of an address (RFC 5321, 4.5.3.1.3).
pub const RECIPIENT_LENGTH: usize = 254;

/// An e-mail address: ASCII, unquoted, with a domain name, in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient(Address);

impl Recipient {
    /// As it is written.
    pub fn as_str(&self) -> &str {
        self.0.as_ref()
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Recipient {
    type Err = &'static str;

    fn from_str(written: &str) -> Result<Self, Self::Err> {
        const HELP: &str = "write an address like `name@example.com`, of at most 254 ASCII characters";
        let is_plain = |c: char| c.is_ascii_graphic() && !"\"()<>[]:;,\\".contains(c);
        let lower = written.trim_matches(' ').to_ascii_lowercase();
        if lower.len() > RECIPIENT_LENGTH || !lower.chars().all(is_plain) {
            return Err(HELP);
        }
        let (user, domain) = lower.split_once('@').ok_or(HELP)?;
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
        // an address of a machine is nobody's mailbox
        let is_number = domain.rsplit('.').next().is_none_or(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
        if user.len() > 64 || !domain.contains('.') || !domain.chars().all(is_name) || is_number {
            return Err(HELP);
        }
        Address::new(user, domain).map(Self).map_err(|_| HELP)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_nothing_more() {
        let sound = "Ada.Lovelace+kb@Mail.Example.ORG".parse::<Recipient>().unwrap();
        assert_eq!(sound.as_str(), "ada.lovelace+kb@mail.example.org");
        let long = format!("{}@example.org", "a".repeat(65));
        let longer = format!("a@{}.org", "a.".repeat(200));
        for refused in [
            "",
            "@",
            "a@",
            "@b.c",
            "a@localhost",
            "a@127.0.0.1",
            "a@[127.0.0.1]",
            "a b@example.org",
            "a@example.org\r\nBcc: all@example.org",
            "a@example.org\nX: y",
            "a@example.org\0",
            "\"a\"@example.org",
            "Ada <a@example.org>",
            "a@example.org,b@example.org",
            "a@b@example.org",
            "ä@example.org",
            "a@ex\u{e4}mple.org",
            "a@example.org>\r\nRCPT TO:<b@example.org",
            "a@example..org",
            ".a@example.org",
            "a@-example.org",
            &long,
            &longer,
        ] {
            assert!(refused.parse::<Recipient>().is_err(), "{refused:?}");
        }
    }
}
