//! The verdict on a store, kept for verbs that lock there later.
//!
//! One file for each endpoint and bucket below `$XDG_STATE_HOME/statelock/probes/`. It is a notice, and nothing more:
//! without it nothing fails.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use statelock_client::probe::{Conclusion, Safety};
use statelock_client::protocol::lock::steps::LockMode;
use statelock_client::{BackendSettings, StoreSettings};

use super::outcome::Outcome;
use super::{document, text};
use crate::output::printable;

/// The version of the file.
const SCHEMA: u32 = 1;
/// The endpoint where none is named.
const USUAL: &str = "default";

/// What is kept.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    schema: u32,
    endpoint: String,
    bucket: String,
    date: String,
    statelock_version: String,
    use_lockfile: Kept,
    /// The table that was tried, if one was.
    table: Option<String>,
    dynamodb_table: Option<Kept>,
}

/// One conclusion.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Kept {
    verdict: String,
    because: String,
    /// Of this verdict, if it is from an earlier probe than the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    date: Option<String>,
}

/// Keeps the verdict for each endpoint that was probed.
///
/// # Errors
/// There is no place for it, or it cannot be written.
pub(super) fn keep(outcome: &Outcome<'_>) -> io::Result<()> {
    let directory = directory().ok_or_else(|| io::Error::other("HOME is not set"))?;
    fs::create_dir_all(&directory)?;
    let target = outcome.probe.target();
    for stores in &target.stores {
        let endpoint = endpoint_of(stores);
        let record = Record {
            schema: SCHEMA,
            bucket: target.bucket.as_str().to_owned(),
            date: document::date(outcome.report.began_unix_seconds),
            statelock_version: env!("CARGO_PKG_VERSION").to_owned(),
            use_lockfile: kept(&outcome.lockfile),
            table: outcome.args.dynamodb_table.clone(),
            dynamodb_table: outcome.lock_table.as_ref().map(kept),
            endpoint,
        };
        let path = directory.join(name(&record.endpoint, &record.bucket));
        write(&path, &after(read(&path), record))?;
    }
    Ok(())
}

/// What there is, if it can be read.
fn read(path: &Path) -> Option<Record> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

/// The record of a later probe. What it did not find out leaves standing what an earlier one found.
fn after(earlier: Option<Record>, later: Record) -> Record {
    let is_meant = |one: &Record| one.bucket == later.bucket && one.endpoint == later.endpoint;
    let Some(earlier) = earlier.filter(is_meant) else { return later };
    let of_then = |kept: Kept| {
        let date = kept.date.or_else(|| Some(earlier.date.clone()));
        Kept { date, ..kept }
    };
    let is_open = |later: &Kept| later.verdict == Safety::NotKnown.id();
    let is_bad = |earlier: &Kept| earlier.verdict == Safety::NotSafe.id();
    let worse = |earlier: Kept, later: Kept| {
        if is_bad(&earlier) && is_open(&later) { of_then(earlier) } else { later }
    };
    let use_lockfile = worse(earlier.use_lockfile, later.use_lockfile);
    let (table, dynamodb_table) = match (earlier.dynamodb_table, later.dynamodb_table) {
        (Some(kept), None) => (earlier.table, Some(of_then(kept))),
        (Some(then), Some(now)) if earlier.table == later.table => {
            (later.table, Some(worse(then, now)))
        }
        (_, now) => (later.table, now),
    };
    Record { use_lockfile, table, dynamodb_table, ..later }
}

fn kept(conclusion: &Conclusion) -> Kept {
    let because = if conclusion.because.is_empty() {
        String::new()
    } else {
        text::because(&conclusion.because)
    };
    Kept { verdict: conclusion.safety.id().to_owned(), because, date: None }
}

/// Written beside, and put in place: whoever reads sees a whole file.
fn write(path: &Path, record: &Record) -> io::Result<()> {
    let text = serde_json::to_vec(record).map_err(io::Error::other)?;
    let beside = path.with_extension(format!("{}.new", std::process::id()));
    let mut file =
        fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    let written = file.write_all(&text).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        fs::remove_file(&beside).unwrap_or_default();
    }
    written
}

/// Says on standard error if the last probe of this store found that the lock of this backend is not safe there.
pub(crate) fn warn_of_last_probe(settings: &BackendSettings) {
    if let Some(warning) = last_probe_warning(settings) {
        crate::output::warning(&warning);
    }
}

/// What there is to say, if the last probe of this store found that the lock of this backend is not safe there.
pub(crate) fn last_probe_warning(settings: &BackendSettings) -> Option<String> {
    directory().and_then(|directory| warning(&directory, settings))
}

fn warning(directory: &Path, settings: &BackendSettings) -> Option<String> {
    let bucket = settings.address.bucket().as_str();
    let endpoint = endpoint_of(&settings.stores);
    let record = read(&directory.join(name(&endpoint, bucket)))?;
    let is_meant = record.bucket == bucket && record.endpoint == endpoint;
    let bad = |kept: &Kept| kept.verdict == Safety::NotSafe.id();
    let by_table = |table: &str| {
        let is_same = record.table.as_deref() == Some(table);
        record.dynamodb_table.as_ref().filter(|_| is_same)
    };
    // With both, either of them is enough.
    let (what, kept) = match &settings.mode {
        LockMode::Lockfile => ("use_lockfile", Some(&record.use_lockfile)),
        LockMode::LockTable(table) => ("dynamodb_table", by_table(table.as_str())),
        LockMode::Dual(table) => {
            let by_table = by_table(table.as_str());
            let is_safe = by_table.is_some_and(|kept| kept.verdict == Safety::Safe.id());
            ("use_lockfile", Some(&record.use_lockfile).filter(|_| !is_safe))
        }
    };
    let kept = kept.filter(|kept| is_meant && bad(kept))?;
    let date = kept.date.as_ref().unwrap_or(&record.date).split('T').next().unwrap_or_default();
    Some(printable(&format!(
        "{what} was found not safe on s3://{bucket} by `statelock probe` on {date}, because {}",
        kept.because
    )))
}

fn name(endpoint: &str, bucket: &str) -> String {
    let digest = Sha256::digest(format!("{endpoint}\n{bucket}"));
    let (half, _) = digest.split_at(16);
    let number = half.iter().fold(0_u128, |number, byte| (number << 8) | u128::from(*byte));
    format!("{number:032x}.json")
}

/// The endpoint as it is named by an option, the configuration or the environment, in one form.
fn endpoint_of(stores: &StoreSettings) -> String {
    let variable = |name: &str| std::env::var(name).ok().filter(|url| !url.is_empty());
    let named = stores.endpoint_s3.clone().or_else(|| stores.endpoint_url.clone());
    let named =
        named.or_else(|| variable("AWS_ENDPOINT_URL_S3")).or_else(|| variable("AWS_ENDPOINT_URL"));
    named.map_or_else(|| USUAL.to_owned(), |url| in_one_form(&url))
}

/// `scheme://host:port` in lower case, without a port that goes without saying.
fn in_one_form(url: &str) -> String {
    let url = url.trim_end_matches('/').to_ascii_lowercase();
    let port = if url.starts_with("https://") { ":443" } else { ":80" };
    url.strip_suffix(port).unwrap_or(&url).to_owned()
}

fn directory() -> Option<PathBuf> {
    let set =
        |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = set("XDG_STATE_HOME").or_else(|| Some(set("HOME")?.join(".local/state")))?;
    Some(state.join("statelock").join("probes"))
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    fn record(lockfile: &str, table: Option<&str>) -> Record {
        let kept = |verdict: &str| Kept {
            verdict: verdict.to_owned(),
            because: "it is".to_owned(),
            date: None,
        };
        Record {
            schema: SCHEMA,
            endpoint: "http://h:9000".to_owned(),
            bucket: "b".to_owned(),
            date: "2026-11-22T10:00:00Z".to_owned(),
            statelock_version: "0.1.0".to_owned(),
            use_lockfile: kept(lockfile),
            table: table.map(|_| "t".to_owned()),
            dynamodb_table: table.map(kept),
        }
    }

    fn settings(mode: LockMode, endpoint: &str, bucket: &str) -> BackendSettings {
        let mut settings = BackendSettings::lockfile(bucket, "k").unwrap();
        settings.stores.endpoint_url = Some(endpoint.to_owned());
        settings.mode = mode;
        settings
    }

    #[test]
    fn a_bad_verdict_is_told_to_who_locks_in_that_way_there() {
        use statelock_client::protocol::store::TableName;
        let directory = TempDir::new().unwrap();
        let told = |record: &Record, mode: LockMode| {
            let path = directory.path().join(name(&record.endpoint, &record.bucket));
            write(&path, record).unwrap();
            warning(directory.path(), &settings(mode, "http://H:9000/", "b"))
        };
        let (table, other) = (|| TableName::new("t"), || TableName::new("other"));
        let bad = record("not_safe", None);
        let text = told(&bad, LockMode::Lockfile).unwrap();
        assert_eq!(
            text,
            "use_lockfile was found not safe on s3://b by `statelock probe` on 2026-11-22, because it is"
        );
        assert!(told(&bad, LockMode::LockTable(table())).is_none());
        assert!(told(&bad, LockMode::Dual(table())).is_some());
        let with_table = record("not_safe", Some("safe"));
        assert!(told(&with_table, LockMode::Dual(table())).is_none(), "the table keeps others out");
        assert!(told(&with_table, LockMode::LockTable(table())).is_none());
        let both = record("safe", Some("not_safe"));
        assert!(told(&both, LockMode::Lockfile).is_none());
        assert!(told(&both, LockMode::LockTable(table())).is_some());
        assert!(told(&both, LockMode::LockTable(other())).is_none());
        assert!(told(&record("not_known", None), LockMode::Lockfile).is_none());
    }

    #[test]
    fn what_a_later_probe_did_not_find_out_leaves_what_an_earlier_one_found() {
        let at = |day: &str, record: Record| Record { date: format!("{day}T10:00:00Z"), ..record };
        let told = |earlier: Record, later: Record| {
            let after = after(Some(at("2026-11-01", earlier)), at("2026-11-22", later));
            let verdict = |kept: &Kept| (kept.verdict.clone(), kept.date.clone());
            (verdict(&after.use_lockfile), after.dynamodb_table.as_ref().map(verdict))
        };
        let now = |verdict: &str| (verdict.to_owned(), None);
        let then = |verdict: &str| (verdict.to_owned(), Some("2026-11-01T10:00:00Z".to_owned()));
        let one = |earlier, later| told(record(earlier, None), record(later, None)).0;
        assert_eq!(one("not_safe", "not_known"), then("not_safe"));
        assert_eq!(one("not_safe", "safe"), now("safe"));
        assert_eq!(one("safe", "not_known"), now("not_known"));
        assert_eq!(one("not_known", "not_safe"), now("not_safe"));
        let table = |earlier, later| told(record("safe", earlier), record("safe", later)).1;
        assert_eq!(table(Some("not_safe"), None), Some(then("not_safe")));
        assert_eq!(table(Some("not_safe"), Some("not_known")), Some(then("not_safe")));
        assert_eq!(table(Some("not_safe"), Some("safe")), Some(now("safe")));
        assert_eq!(table(None, Some("safe")), Some(now("safe")));
        let other = Record { table: Some("other".to_owned()), ..record("safe", Some("not_known")) };
        assert_eq!(told(record("safe", Some("not_safe")), other).1, Some(now("not_known")));
        let elsewhere = Record { bucket: "c".to_owned(), ..record("not_safe", None) };
        assert_eq!(told(elsewhere, record("not_known", None)).0, now("not_known"));
    }

    #[test]
    fn an_earlier_verdict_is_told_with_its_date() {
        let directory = TempDir::new().unwrap();
        let earlier =
            Record { date: "2026-11-01T10:00:00Z".to_owned(), ..record("not_safe", None) };
        let twice =
            after(Some(after(Some(earlier), record("not_known", None))), record("not_known", None));
        write(&directory.path().join(name(&twice.endpoint, &twice.bucket)), &twice).unwrap();
        let settings = settings(LockMode::Lockfile, "http://h:9000", "b");
        let text = warning(directory.path(), &settings).unwrap();
        assert!(text.contains("by `statelock probe` on 2026-11-01"), "{text}");
    }

    #[test]
    fn another_bucket_or_endpoint_is_another_store() {
        let directory = TempDir::new().unwrap();
        let record = record("not_safe", None);
        write(&directory.path().join(name(&record.endpoint, &record.bucket)), &record).unwrap();
        let told = |endpoint, bucket| {
            warning(directory.path(), &settings(LockMode::Lockfile, endpoint, bucket)).is_some()
        };
        assert!(told("http://h:9000", "b"));
        assert!(!told("http://h:9000", "c"));
        assert!(!told("https://h:9000", "b"));
    }

    #[test]
    fn what_is_kept_is_for_its_owner() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("x.json");
        write(&path, &record("safe", None)).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn endpoints_have_one_form() {
        assert_eq!(in_one_form("HTTPS://S3.Example.com:443/"), "https://s3.example.com");
        assert_eq!(in_one_form("http://h:9000"), "http://h:9000");
    }
}
