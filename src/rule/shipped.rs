//! The faultbook that is compiled into the binary: the repository's `rules/` and `templates/`, listed by `build.rs`.

include!(concat!(env!("OUT_DIR"), "/shipped.rs"));

/// The shipped rule files as `(path, text)`, sorted by path.
pub(crate) fn rules() -> Vec<(String, String)> {
    let is_rule = |(path, _): &&(&str, &str)| path.ends_with(".yaml");
    RULES.iter().filter(is_rule).map(|(path, text)| (format!("rules/{path}"), (*text).to_owned())).collect()
}

/// A shipped rule file by its path, as [`rules`] gives it.
pub(crate) fn rule(path: &str) -> Option<String> {
    let path = path.strip_prefix("rules/")?;
    RULES.iter().find(|(known, _)| *known == path).map(|(_, text)| (*text).to_owned())
}

/// A shipped template by its path below `templates/`.
pub(crate) fn template(path: &str) -> Option<String> {
    let found = TEMPLATES.binary_search_by_key(&path, |(path, _)| path).ok()?;
    Some(TEMPLATES[found].1.to_owned())
}

/// The paths of the shipped templates.
pub(crate) fn templates() -> impl Iterator<Item = &'static str> {
    TEMPLATES.iter().map(|(path, _)| *path)
}
