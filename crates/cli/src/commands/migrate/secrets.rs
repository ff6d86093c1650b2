//! Hides secrets in a configuration that is shown. By the names of arguments, in every form of a file, also in one that does not parse.

/// What stands in place of a value.
const HIDDEN: &str = "(hidden)";

/// Parts of the names of arguments whose values are secrets.
const SECRET: [&str; 11] = [
    "secret",
    "token",
    "password",
    "passwd",
    "passphrase",
    "access_key",
    "private_key",
    "api_key",
    "customer_key",
    "credentials",
    "external_id",
];

/// Ends of names whose values only say where a secret is.
const PLACE: [&str; 5] = ["_file", "_files", "_path", "_arn", "_url"];

/// The text without the values of secrets; `None` if it has none. Its lines stay as many as they are.
pub(super) fn hidden(text: &str) -> Option<String> {
    let mut shown = String::with_capacity(text.len());
    let mut heredoc: Option<String> = None;
    let mut has_secret = false;
    for line in text.split_inclusive('\n') {
        if let Some(end) = &heredoc {
            if line.trim() == end {
                heredoc = None;
                shown.push_str(line);
            } else {
                shown.push_str(HIDDEN);
                shown.push_str(line_end(line));
            }
            continue;
        }
        let (line, begins) = of_line(line);
        has_secret |= line.contains(HIDDEN) || begins.is_some();
        heredoc = begins;
        shown.push_str(&line);
    }
    has_secret.then_some(shown)
}

/// A line without values of secrets, and the word that ends a heredoc which begins in it and is one.
fn of_line(line: &str) -> (String, Option<String>) {
    let mut shown = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(start) = rest.find(is_in_name) {
        let (before, from_name) = rest.split_at(start);
        let (name, after) =
            from_name.split_at(from_name.find(|c: char| !is_in_name(c)).unwrap_or(from_name.len()));
        shown.push_str(before);
        shown.push_str(name);
        rest = after;
        let Some((between, value)) = value(after).filter(|_| is_secret(name)) else { continue };
        if let Some(word) = value.strip_prefix("<<") {
            shown.push_str(after);
            return (shown, Some(word.trim_start_matches('-').trim().to_owned()));
        }
        let length = length(value);
        shown.push_str(between);
        if length > 0 {
            shown.push_str(HIDDEN);
        }
        rest = value.get(length..).unwrap_or_default();
    }
    shown.push_str(rest);
    (shown, None)
}

/// What stands between a name and its value, and the value with all that follows it.
fn value(after: &str) -> Option<(&str, &str)> {
    let closed = after.strip_prefix('"').unwrap_or(after).trim_start_matches([' ', '\t']);
    let value = closed.strip_prefix(['=', ':'])?.trim_start_matches([' ', '\t']);
    if value.starts_with('=') {
        return None;
    }
    Some((after.get(..after.len() - value.len())?, value))
}

/// How many bytes of it are to be hidden: none of a reference, and none of what only begins here.
fn length(value: &str) -> usize {
    if let Some(text) = value.strip_prefix('"') {
        let mut is_escaped = false;
        let end = text.find(|c: char| {
            let ends = c == '"' && !is_escaped;
            is_escaped = c == '\\' && !is_escaped;
            ends
        });
        // With both quotes; a text that does not end is hidden as far as it goes.
        return end.map_or(value.trim_end_matches(['\r', '\n']).len(), |end| end + 2);
    }
    let end = value.find([',', '}', '\r', '\n']).unwrap_or(value.len());
    let word = value.get(..end).unwrap_or_default();
    let is_reference = word.starts_with(|c: char| c.is_ascii_alphabetic())
        && word.trim_end().chars().all(|c| is_in_name(c) || c == '.');
    if is_reference || word.starts_with(['{', '[']) { 0 } else { end }
}

fn is_in_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | '-')
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET.iter().any(|part| name.contains(part)) && !PLACE.iter().any(|end| name.ends_with(end))
}

fn line_end(line: &str) -> &str {
    line.get(line.trim_end_matches(['\r', '\n']).len()..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_secrets_are_hidden_in_every_form() {
        for (text, shown) in [
            ("  secret_key = \"hunter2\" # x\r\n", "  secret_key = (hidden) # x\r\n"),
            ("secret_key=\"a\\\"hunter2\"\n", "secret_key=(hidden)\n"),
            ("# token = \"hunter2", "# token = (hidden)"),
            (
                "{\"secret_key\": \"hunter2\",\"key\":\"k\",\"token\":\"hunter2\"}",
                "{\"secret_key\": (hidden),\"key\":\"k\",\"token\":(hidden)}",
            ),
            ("db_password = 12345\nx", "db_password = (hidden)\nx"),
            (
                "a = 1\ntoken = <<-EOT\n  hunter2\n  hunter2\n  EOT\nb = 2\n",
                "a = 1\ntoken = <<-EOT\n(hidden)\n(hidden)\n  EOT\nb = 2\n",
            ),
            ("x { access_key = \"hunter2\" }", "x { access_key = (hidden) }"),
        ] {
            assert_eq!(hidden(text).as_deref(), Some(shown), "{text}");
        }
    }

    #[test]
    fn what_is_no_secret_is_shown() {
        for text in [
            "key = \"network/token.tfstate\"\n",
            "token = var.token\n",
            "secrets = {\n",
            "web_identity_token_file = \"/run/token\"\n",
            "count = var.token == \"x\" ? 1 : 0\n",
            "bucket = \"b\"",
            "",
        ] {
            assert_eq!(hidden(text), None, "{text}");
        }
    }
}
