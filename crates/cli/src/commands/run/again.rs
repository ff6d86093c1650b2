//! How a user can name the same state again: the address, and the backend options as they were given.

use std::ffi::OsString;

/// The options of `run` that are about the command, and not about the backend, and take a value.
const OWN: [&str; 6] =
    ["--wait", "--reason", "--on-lost", "--kill-after", "--check-every", "--release-timeout"];
/// Those that take none.
const OWN_FLAGS: [&str; 2] = ["--take-over-dead", "--no-forward"];
/// The option whose values may hold secrets, of which none is shown.
const CONFIGURATION: &str = "--backend-config";

/// The words behind `statelock unlock` for the state of this command line.
pub(super) fn address(
    address: Option<&str>,
    command_line: impl IntoIterator<Item = OsString>,
) -> String {
    let words = command_line.into_iter().map(|word| word.to_string_lossy().into_owned());
    let mut words = words.skip_while(|word| word != "run").skip(1).take_while(|word| word != "--");
    let mut again = vec![quoted(address.unwrap_or("."))];
    while let Some(word) = words.next() {
        if OWN.contains(&word.as_str()) {
            words.next();
        } else if word == CONFIGURATION {
            let value = words.next().unwrap_or_default();
            again.extend([word, quoted(&without_value(&value))]);
        } else if let Some(value) =
            word.strip_prefix(CONFIGURATION).and_then(|v| v.strip_prefix('='))
        {
            again.push(quoted(&format!("{CONFIGURATION}={}", without_value(value))));
        } else if !is_own(&word) && Some(word.as_str()) != address {
            again.push(quoted(&word));
        }
    }
    again.join(" ")
}

fn is_own(word: &str) -> bool {
    let name = word.split_once('=').map_or(word, |(name, _)| name);
    OWN.contains(&name) || OWN_FLAGS.contains(&word)
}

/// `NAME=…` for `NAME=VALUE`: the value may be a secret. The name of a file as it is.
fn without_value(option: &str) -> String {
    match option.split_once('=') {
        Some((name, _)) => format!("{}=…", name.trim_end()),
        None => option.to_owned(),
    }
}

/// A word as a shell reads it back.
pub(super) fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn again(named: Option<&str>, line: &[&str]) -> String {
        address(named, line.iter().map(OsString::from))
    }

    #[test]
    fn options_of_the_backend_are_named_again_and_ours_are_not() {
        let line = [
            "statelock",
            "run",
            "--wait",
            "10m",
            "s3://b/k ä",
            "--dynamodb-table=t",
            "--reason=x",
            "--take-over-dead",
            "--region",
            "eu-1",
            "--",
            "terraform",
            "--profile",
        ];
        assert_eq!(
            again(Some("s3://b/k ä"), &line),
            "'s3://b/k ä' --dynamodb-table=t --region eu-1"
        );
    }

    #[test]
    fn without_an_address_it_is_the_directory() {
        assert_eq!(again(None, &["statelock", "run", "--", "run", "x"]), ".");
        assert_eq!(again(Some("infra"), &["statelock", "run", "--", "x"]), "infra");
    }

    #[test]
    fn no_secret_is_shown() {
        let line = ["statelock", "run", "--backend-config", "secret_key=hunter2", "--", "x"];
        assert_eq!(again(None, &line), ". --backend-config 'secret_key=…'");
        let line = ["statelock", "run", "--backend-config=token=hunter2", "--", "x"];
        assert_eq!(again(None, &line), ". '--backend-config=token=…'");
        let line = ["statelock", "run", "--backend-config", "http_proxy=http://u:p@h", "--", "x"];
        assert_eq!(again(None, &line), ". --backend-config 'http_proxy=…'");
        let line = ["statelock", "run", "--backend-config", "prod.tfbackend", "--", "x"];
        assert_eq!(again(None, &line), ". --backend-config prod.tfbackend");
    }

    #[test]
    fn quotes_survive_a_shell() {
        assert_eq!(quoted("it's"), "'it'\\''s'");
        assert_eq!(quoted(""), "''");
    }
}
