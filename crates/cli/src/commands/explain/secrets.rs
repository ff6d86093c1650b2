//! Secrets that a text may hold. They are replaced before anything of it is shown.

const HIDDEN: &str = "[hidden]";

/// What secrets of known makers begin with, and how long they are at least.
const PREFIXES: &[(&str, usize)] = &[
    ("AKIA", 20),
    ("ASIA", 20),
    ("ghp_", 20),
    ("gho_", 20),
    ("ghs_", 20),
    ("github_pat_", 20),
    ("glpat-", 20),
    ("xoxb-", 20),
    ("hvs.", 20),
    ("eyJ", 40),
];

/// After these names a secret follows.
const NAMES: &[&str] = &[
    "password=",
    "token=",
    "secret=",
    "signature=",
    "credential=",
    "secret_access_key=",
    "secret_key=",
    "access_key=",
    "access_key_id=",
    "bearer ",
    "basic ",
];

/// The text without secrets.
pub(super) fn hide(text: &str) -> String {
    let words = text.split(' ').map(word);
    let shown = words.collect::<Vec<_>>().join(" ");
    let small = shown.to_ascii_lowercase();
    let named = NAMES.iter().filter_map(|name| small.find(name).map(|at| at + name.len())).min();
    match named.and_then(|at| shown.get(..at)) {
        // What follows may be of any form, so nothing of it is shown.
        Some(before) => format!("{before}{HIDDEN}"),
        None => shown,
    }
}

fn word(word: &str) -> String {
    if is_key(word) {
        return HIDDEN.to_owned();
    }
    without_user(word)
}

fn is_key(word: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "-_.=+".contains(c);
    let mut parts = word.split(|c: char| !is_part(c));
    parts.any(|part| {
        PREFIXES.iter().any(|(prefix, length)| part.starts_with(prefix) && part.len() >= *length)
    })
}

/// A URL without what stands before its host's `@`.
fn without_user(word: &str) -> String {
    let Some((scheme, rest)) = word.split_once("://") else { return word.to_owned() };
    let authority = rest.split(['/', '?']).next().unwrap_or(rest);
    match authority.rsplit_once('@') {
        Some((user, host)) => {
            let path = rest.get(user.len() + 1 + host.len()..).unwrap_or_default();
            format!("{scheme}://{HIDDEN}@{host}{path}")
        }
        None => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::hide;

    #[test]
    fn secrets_are_not_shown() {
        assert_eq!(hide("AKIAIOSFODNN7EXAMPLE"), "[hidden]");
        assert_eq!(hide("x ghp_0123456789abcdef0123 y"), "x [hidden] y");
        assert_eq!(hide("https://me:pw@host/a@b?c"), "https://[hidden]@host/a@b?c");
        assert_eq!(
            hide("https://host/s?X-Amz-Signature=abc&x=1"),
            "https://host/s?X-Amz-Signature=[hidden]"
        );
        assert_eq!(hide("Authorization: Bearer abc"), "Authorization: Bearer [hidden]");
    }

    #[test]
    fn the_rest_is() {
        for text in
            ["you@host", "tfstate/a/terraform.tfstate", "1.11.4", "s3://b/k", "https://host/s?ID=1"]
        {
            assert_eq!(hide(text), text);
        }
    }
}
