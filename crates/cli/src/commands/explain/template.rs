//! Fills facts into commands, as words of a shell: what stands in a log is not to be trusted.

use super::facts::Facts;
use crate::output::printable;
use crate::shell::quoted;

/// The command with the facts that are known. A missing fact stays as a word in capitals; a missing
/// address is left away, because a command without one is about the current directory.
pub(super) fn fill(template: &str, facts: &Facts) -> String {
    let (mut filled, mut rest) = (String::new(), template);
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else { break };
        filled.push_str(before);
        rest = after;
        if let Some(json) = json(name, facts) {
            filled.push_str(&quoted(&printable(&json)));
            continue;
        }
        match facts.get(name) {
            Some(value) => filled.push_str(&quoted(&printable(value))),
            None if name == "address" => rest = rest.strip_prefix(' ').unwrap_or(rest),
            None => filled.push_str(&name.to_ascii_uppercase()),
        }
    }
    filled.push_str(rest);
    filled.trim_end().to_owned()
}

/// Arguments of the aws command that are JSON.
fn json(name: &str, facts: &Facts) -> Option<String> {
    let fact = |name: &str, missing| facts.get(name).unwrap_or(missing).to_owned();
    let (member, value) = match name {
        "digest_item" => {
            ("LockID", format!("{}/{}-md5", fact("bucket", "BUCKET"), fact("key", "KEY")))
        }
        "digest_value" => (":d", fact("calculated_checksum", "CALCULATED_CHECKSUM")),
        _ => return None,
    };
    Some(serde_json::json!({ member: { "S": value } }).to_string())
}

/// The names of all facts in a template.
#[cfg(test)]
pub(super) fn names(template: &str) -> Vec<&str> {
    let parts = template.split('{').skip(1);
    parts.filter_map(|part| part.split_once('}').map(|(name, _)| name)).collect()
}

#[cfg(test)]
mod tests {
    use super::fill;
    use crate::commands::explain::facts::Facts;

    #[test]
    fn facts_are_words_of_a_shell() {
        let mut facts = Facts::default();
        let template = "statelock force-unlock {address} {lock_id}";
        assert_eq!(fill(template, &facts), "statelock force-unlock LOCK_ID");
        facts.set("lock_id", "x; rm -rf ~ 'a'");
        facts.set("address", "s3://b/k");
        assert_eq!(
            fill(template, &facts),
            r"statelock force-unlock s3://b/k 'x; rm -rf ~ '\''a'\'''"
        );
        facts.set("lock_id", "-force");
        assert_eq!(
            fill("terraform force-unlock {lock_id}", &facts),
            "terraform force-unlock '-force'"
        );
        assert_eq!(fill("statelock status {address}", &Facts::default()), "statelock status");
        assert_eq!(fill("{digest_item}", &facts), r#"'{"LockID":{"S":"BUCKET/KEY-md5"}}'"#);
    }
}
