//! The pages of the manual, as they lie in `docs`, so that whoever has the program has them.
//!
//! `faultbook docs TOPIC` prints one. The reference is no page here: it is [made](super::reference) of the program's own tables.

/// A page of the manual.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Its name, that of its file without the ending.
    pub name: &'static str,
    /// What it tells.
    pub about: &'static str,
    /// Its text, in Markdown.
    pub text: &'static str,
}

/// All pages, in the order in which they are best read.
pub const PAGES: &[Page] = &[
    Page {
        name: "rule-language",
        about: "how to write rules: signatures, correlations, facts, conditions, texts",
        text: include_str!("../../docs/rule-language.md"),
    },
    Page {
        name: "testing",
        about: "tests, coverage, snapshots and corpora of rules",
        text: include_str!("../../docs/testing.md"),
    },
    Page {
        name: "settings",
        about: "`faultbook.yaml`: sources, noise, patterns, defaults",
        text: include_str!("../../docs/settings.md"),
    },
    Page {
        name: "overlays",
        about: "what one site says otherwise than the rules",
        text: include_str!("../../docs/overlays.md"),
    },
    Page {
        name: "redaction",
        about: "what `--redact` masks and what it does not",
        text: include_str!("../../docs/redaction.md"),
    },
    Page {
        name: "portal",
        about: "`faultbook serve`: the service, its API, subscriptions, feeds, PDF",
        text: include_str!("../../docs/portal.md"),
    },
    Page { name: "editors", about: "schemas and the language server", text: include_str!("../../docs/editors.md") },
    Page { name: "json", about: "the machine-readable formats", text: include_str!("../../docs/json.md") },
];

/// The page with this name.
pub fn page(name: &str) -> Option<&'static Page> {
    PAGES.iter().find(|page| page.name == name)
}
