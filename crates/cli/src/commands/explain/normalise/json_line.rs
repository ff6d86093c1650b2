//! Messages inside JSON: `terraform apply -json`, and loggers that write line ends as `\n`.

use serde_json::Value;

/// What a line says, if it is not itself what the program wrote.
pub(super) fn messages(line: &str) -> Option<String> {
    let line = line.trim();
    if line.starts_with('{')
        && line.ends_with('}')
        && let Ok(value) = serde_json::from_str::<Value>(line)
    {
        return of_object(&value);
    }
    let is_one_line = line.contains(r"\n\n") || line.contains(r"\nLock Info");
    is_one_line.then(|| line.replace(r"\n", "\n").replace("\\\"", "\"").replace(r"\t", " "))
}

fn of_object(value: &Value) -> Option<String> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let diagnostic = value.get("diagnostic").unwrap_or(value);
    let detail = diagnostic.get("detail").and_then(text);
    if let Some(summary) = diagnostic.get("summary").and_then(text) {
        return Some(format!("Error: {summary}\n{}", detail.unwrap_or_default()));
    }
    ["@message", "message", "msg", "error"].iter().find_map(|name| value.get(name).and_then(text))
}
