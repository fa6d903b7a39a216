//! Which values of a text look like secrets: they are matched and not captured, and their author is told of them.

/// Letters of a name: longer words are no names.
const LENGTH: usize = 30;

/// Words in the name of a value that must not be shown.
const SECRETS: [&str; 9] =
    ["password", "passwd", "pwd", "secret", "token", "apikey", "api_key", "credential", "authorization"];

/// What stands between `authorization:` and the secret; before anything else the word is about being allowed.
const SCHEMES: [&str; 6] = ["bearer ", "basic ", "digest ", "negotiate ", "token ", "aws4-"];

/// Whether a value behind this word must not be shown.
pub(super) fn is_secret(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    SECRETS.iter().any(|secret| word.contains(secret))
}

/// The names of values in a text that look like secrets: `password=…`, `token: …`.
pub(super) fn secrets(text: &str) -> Vec<String> {
    let is_part = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '-');
    let mut found: Vec<String> = Vec::new();
    for (at, sign) in text.match_indices(['=', ':']) {
        let before = text.get(..at).unwrap_or_default().trim_end_matches(['"', '\'']);
        let word = before.get(before.trim_end_matches(is_part).len()..).unwrap_or_default();
        if word.len() > LENGTH || !is_secret(word) || found.iter().any(|other| other == word) {
            continue;
        }
        let rest = text.get(at + sign.len()..).unwrap_or_default().lines().next().unwrap_or_default();
        if has_value(word, sign, rest) {
            found.push(word.to_owned());
        }
    }
    found
}

/// Whether what stands behind `password=` or `password:` is a value, and no sentence about one.
fn has_value(word: &str, sign: &str, rest: &str) -> bool {
    let value = rest.trim_start();
    if word.to_ascii_lowercase().ends_with("authorization") && sign == ":" {
        let value = value.trim_start_matches(['"', '\'']).to_ascii_lowercase();
        return SCHEMES.iter().any(|scheme| value.starts_with(scheme));
    }
    // the working directory, as shells and sudo name it
    if word == "PWD" && value.starts_with('/') {
        return false;
    }
    let first =
        value.split(|letter: char| letter.is_whitespace() || ",;)]}".contains(letter)).next().unwrap_or_default();
    let behind = value.get(first.len()..).unwrap_or_default();
    // `invalid password: try again` goes on; a value ends, or has no form of a word
    let is_word = first.chars().all(char::is_alphabetic);
    let goes_on =
        behind.starts_with(' ') && behind.trim_start().starts_with(char::is_alphabetic) && !behind.contains('=');
    !first.trim_matches(['"', '\'']).is_empty() && (sign == "=" || !(is_word && goes_on))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_noticed() {
        assert_eq!(secrets("db password=x token: \"y\" tokens left: none, password=z"), ["password", "token"]);
        assert_eq!(secrets("authorization: Bearer abc.def"), ["authorization"]);
        assert_eq!(secrets("{\"password\": \"x\"}"), ["password"]);
        for text in [
            "the password is wrong",
            "may require authorization: server message: insufficient_scope: authorization failed",
            "invalid password: try again later",
            "TTY=pts/0 ; PWD=/home/alice ; USER=root",
        ] {
            assert!(secrets(text).is_empty(), "{text}");
        }
    }
}
