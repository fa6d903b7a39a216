//! The fixed choices of the rule language: severity, KCS state, audience, fact types, correlations.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// A word that is not one of an enumeration's choices.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not one of {}", choices.join(", "))]
pub struct UnknownChoice {
    /// What was written.
    pub given: String,
    /// What may be written.
    pub choices: &'static [&'static str],
}

macro_rules! choices {
    // names are `tt`: utoipa does not see a `literal` that comes through a macro
    ($(#[$meta:meta])* $type:ident { $($(#[$variant_meta:meta])* $variant:ident = $name:tt,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[cfg_attr(feature = "portal", derive(utoipa::ToSchema))]
        pub enum $type {
            $($(#[$variant_meta])* #[serde(rename = $name)] $variant,)+
        }

        impl $type {
            /// Every choice as it is written, in ascending order.
            pub const NAMES: &'static [&'static str] = &[$($name),+];

            /// The word as it is written in rules and output.
            pub fn name(self) -> &'static str {
                match self { $($type::$variant => $name),+ }
            }
        }

        impl FromStr for $type {
            type Err = UnknownChoice;

            fn from_str(text: &str) -> Result<Self, UnknownChoice> {
                match text {
                    $($name => Ok($type::$variant),)+
                    _ => Err(UnknownChoice { given: text.to_owned(), choices: Self::NAMES }),
                }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.pad(self.name())
            }
        }
    };
}

choices! {
    /// What a correlation looks for among the records of its signatures. The words are Sigma's.
    CorrelationKind {
        /// How many records there are.
        EventCount = "event_count",
        /// How many different values of one capture there are.
        ValueCount = "value_count",
        /// That every signature matched, in any order.
        Temporal = "temporal",
        /// That every signature matched, in the order in which they are listed.
        TemporalOrdered = "temporal_ordered",
    }
}

choices! {
    /// How a count is compared. The words are Sigma's.
    Comparator {
        /// Greater than.
        Gt = "gt",
        /// Greater than or equal to.
        Gte = "gte",
        /// Less than.
        Lt = "lt",
        /// Less than or equal to.
        Lte = "lte",
        /// Equal to.
        Eq = "eq",
        /// Not equal to.
        Neq = "neq",
    }
}

choices! {
    /// What is masked in output that is redacted.
    MaskedKind {
        /// A password: the value of a name such as `password`, of `--password`, in an address.
        Password = "password",
        /// What gives access: headers, JSON Web Tokens, access keys, values of names such as `token` and `secret`.
        Token = "token",
        /// A private key.
        Key = "key",
        /// The value of a cookie or the id of a session.
        Cookie = "cookie",
        /// The number of a payment card.
        Card = "card",
        /// A mail address.
        Email = "email",
        /// An IPv4 or IPv6 address.
        Ip = "ip",
        /// The address of a network card.
        Mac = "mac",
    }
}

choices! {
    /// How bad the failure is that a rule recognises.
    Severity {
        /// Good news worth saying.
        Ok = "ok",
        /// Worth knowing, nothing to do.
        Info = "info",
        /// Will become an error if nothing is done.
        Warning = "warning",
        /// Something does not work.
        Error = "error",
        /// A whole system or its data is at stake.
        Critical = "critical",
    }
}

choices! {
    /// How far an article may be trusted: the KCS article states.
    State {
        /// Work in progress.
        Draft = "draft",
        /// Complete, not yet confirmed by a second person.
        NotValidated = "not-validated",
        /// Confirmed to solve the issue.
        Validated = "validated",
        /// No longer current; its rule is loaded and checked but never applies.
        Archived = "archived",
    }
}

choices! {
    /// Who may be shown an answer. Each includes the ones before it.
    Audience {
        /// Everybody.
        Public = "public",
        /// Partners and the organisation itself.
        Partner = "partner",
        /// The organisation itself.
        Internal = "internal",
    }
}

choices! {
    /// What values a fact may have.
    FactType {
        /// `true` or `false`.
        Boolean = "boolean",
        /// A decimal number.
        Number = "number",
        /// Any text.
        String = "string",
        /// A version number, compared with the `version` test.
        Version = "version",
        /// One of the listed `values`.
        OneOf = "one-of",
    }
}

choices! {
    /// How severe a record says it is.
    Level {
        /// The finest detail.
        Trace = "trace",
        /// For developers.
        Debug = "debug",
        /// Normal operation.
        Info = "info",
        /// Normal but significant.
        Notice = "notice",
        /// Something may become a problem.
        Warning = "warning",
        /// Something failed.
        Error = "error",
        /// Critical, alert, emergency, fatal, panic.
        Critical = "critical",
    }
}

impl Level {
    /// The level that a word in a log means, in any case: `warn`, `ERR`, `FATAL`. `None` for other words.
    pub fn from_word(word: &[u8]) -> Option<Self> {
        const WORDS: [(&str, Level); 23] = [
            ("trace", Level::Trace),
            ("verbose", Level::Trace),
            ("debug", Level::Debug),
            ("dbg", Level::Debug),
            ("info", Level::Info),
            ("information", Level::Info),
            ("notice", Level::Notice),
            ("warning", Level::Warning),
            ("warn", Level::Warning),
            ("wrn", Level::Warning),
            ("error", Level::Error),
            ("err", Level::Error),
            ("eror", Level::Error),
            ("severe", Level::Error),
            ("failure", Level::Error),
            ("critical", Level::Critical),
            ("crit", Level::Critical),
            ("fatal", Level::Critical),
            ("alert", Level::Critical),
            ("emergency", Level::Critical),
            ("emerg", Level::Critical),
            ("panic", Level::Critical),
            ("failed", Level::Error),
        ];
        WORDS.iter().find(|(known, _)| known.as_bytes().eq_ignore_ascii_case(word)).map(|&(_, level)| level)
    }
}
