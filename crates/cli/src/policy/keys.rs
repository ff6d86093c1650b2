//! Which condition keys a request cannot have.

/// Services whose keys only their own requests have.
const SERVICES: [&str; 3] = ["s3", "dynamodb", "kms"];

/// Whether a request for an action never has a key: it belongs to another service, or to other actions. Both are
/// in small letters.
pub(super) fn never_has(action: &str, key: &str) -> bool {
    let (Some((service, action)), Some((of, key))) = (action.split_once(':'), key.split_once(':'))
    else {
        return false;
    };
    if !SERVICES.contains(&service) || !SERVICES.contains(&of) {
        return false;
    }
    of != service || (of == "s3" && s3_never_has(action, key))
}

fn s3_never_has(action: &str, key: &str) -> bool {
    let is_any = |starts: &[&str]| starts.iter().any(|start| action.starts_with(start));
    // Only what is written has headers that say how, or conditions on what is there.
    let is_no_write = is_any(&["get", "list", "delete", "abort"]);
    match key {
        "prefix" | "delimiter" | "max-keys" => !is_any(&["list"]),
        // Part of the signature of every request.
        "x-amz-content-sha256" => false,
        // Sent with each object that is read, too.
        "x-amz-server-side-encryption-customer-algorithm" => is_no_write && !is_any(&["getobject"]),
        // Deletions can be conditional.
        "if-match" => is_no_write && !is_any(&["delete"]),
        "if-none-match" => is_no_write,
        other => is_no_write && other.starts_with("x-amz-"),
    }
}
