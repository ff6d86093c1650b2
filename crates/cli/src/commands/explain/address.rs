//! Which state a text is about, from the several ways in which texts name it.

use super::facts::Facts;

/// The facts that are made of others.
#[cfg(test)]
pub(super) const DERIVED: &[&str] =
    &["address", "own_lock_id", "own_who", "own_operation", "own_created", "own_version"];

const LOCKFILE_SUFFIX: &str = ".tflock";

/// Completes the facts about the state's address.
pub(super) fn derive(text: &str, facts: &mut Facts) {
    if let Some(key) = facts.take("key") {
        facts.set("key", key.strip_suffix(LOCKFILE_SUFFIX).unwrap_or(&key));
    }
    from_arn(facts);
    let path = lock_path(text, facts);
    if let Some((bucket, key)) = path.as_deref().and_then(|path| path.split_once('/')) {
        facts.set("bucket", bucket);
        facts.set("key", key);
    }
    if let Some(address) = facts.get("address").map(str::to_owned) {
        if let Some((bucket, key)) =
            address.strip_prefix("s3://").and_then(|path| path.split_once('/'))
        {
            facts.set("bucket", bucket);
            facts.set("key", key);
        }
    } else if let (Some(bucket), Some(key)) = (facts.get("bucket"), facts.get("key")) {
        let address = format!("s3://{bucket}/{key}");
        facts.set("address", &address);
    }
}

/// `bucket/key`, where the lock is one of S3 or DynamoDB: other backends have other paths.
fn lock_path(text: &str, facts: &Facts) -> Option<String> {
    let about = |before: &str| {
        let rest = text.split_once(before)?.1;
        rest.split_once('"').map(|(path, _)| path.to_owned())
    };
    if let Some(path) = about("no lock info found for: \"") {
        return Some(path);
    }
    let is_s3 = ["S3", "s3", "DynamoDB", "dynamodb", "Failed to unlock state", "existing lock"];
    let is_other = text.contains("HTTP remote state") || text.contains("googleapi");
    let path =
        facts.get("path").filter(|path| !path.contains("://") && !path.starts_with(['/', '.']));
    path.filter(|_| !is_other && is_s3.iter().any(|word| text.contains(word))).map(str::to_owned)
}

/// The bucket and key, or the table, of a resource that a policy denies.
fn from_arn(facts: &mut Facts) {
    let Some(resource) = facts.get("resource").map(str::to_owned) else { return };
    if let Some(path) = resource.split_once(":s3:::").map(|(_, path)| path) {
        let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
        facts.set("bucket", bucket);
        facts.set("key", key.strip_suffix(LOCKFILE_SUFFIX).unwrap_or(key));
    }
    if let Some((_, table)) = resource.split_once(":table/") {
        facts.set("table", table);
    }
}
