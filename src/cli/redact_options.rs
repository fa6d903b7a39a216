//! `--redact`: whether results come out with secrets and personal data masked, and with which key.

use std::env;

use clap::Args;

use crate::cli::exit::Failure;
use crate::report::redact::{RedactionKey, RedactionKeyError, Redactor};
use crate::rule::Faultbook;

/// The variable with the secret. There is no argument for it: arguments can be seen by others on the same machine.
const VARIABLE: &str = "FAULTBOOK_REDACT_KEY";

/// Whether results are masked.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Output")]
pub struct RedactOptions {
    /// Mask passwords, tokens, keys, cookies, card numbers, mail, IP and MAC addresses in the result
    ///
    /// The same value gets the same pseudonym throughout, such as `<ip-4k7m2xq9>`. With a secret of at least 16 bytes in the variable
    /// FAULTBOOK_REDACT_KEY it is the same in every run, otherwise another in each. `redact` in faultbook.yaml says what else is masked, and what is not.
    #[arg(long)]
    redact: bool,
}

impl RedactOptions {
    /// What masks the result; `None` when it is not to be masked.
    pub fn redactor(&self, faultbook: &Faultbook) -> Result<Option<Redactor>, Failure> {
        if !self.redact {
            return Ok(None);
        }
        let key = match secret() {
            Some(secret) => RedactionKey::from_secret(&secret),
            None => RedactionKey::random(),
        };
        let key = key.map_err(|error| match error {
            RedactionKeyError::TooShort => {
                let help =
                    "pseudonyms of a short secret can be undone by trying; give it some random words, or leave it out";
                Failure::refused(format!("{VARIABLE} is too short: {error}"), help)
            }
            other => Failure::refused(other.to_string(), format!("give a secret in the variable {VARIABLE}")),
        })?;
        Ok(Some(Redactor::new(key, faultbook.settings().redact())))
    }
}

/// The secret in the variable.
pub fn secret() -> Option<Vec<u8>> {
    env::var_os(VARIABLE).filter(|secret| !secret.is_empty()).map(|secret| secret.as_encoded_bytes().to_vec())
}
