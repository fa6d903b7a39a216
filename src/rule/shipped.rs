//! The faultbook that is compiled into the binary: the repository's `rules/` and `templates/`.

use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "rules/"]
struct ShippedRules;

#[derive(RustEmbed)]
#[folder = "templates/"]
struct ShippedTemplates;

/// The shipped rule files as `(path, text)`, sorted by path.
pub(crate) fn rules() -> Vec<(String, String)> {
    let mut paths: Vec<_> = ShippedRules::iter().collect();
    paths.sort();
    paths.iter().filter_map(|path| Some((format!("rules/{path}"), text(ShippedRules::get(path)?)))).collect()
}

/// A shipped template by its path below `templates/`.
pub(crate) fn template(path: &str) -> Option<String> {
    ShippedTemplates::get(path).map(text)
}

fn text(file: rust_embed::EmbeddedFile) -> String {
    String::from_utf8_lossy(&file.data).into_owned()
}
