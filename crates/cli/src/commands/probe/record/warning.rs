//! What verbs that lock say of a store whose last probe was bad.

use std::path::Path;

use statelock_client::BackendSettings;
use statelock_client::probe::Safety;
use statelock_client::protocol::lock::steps::LockMode;

use super::file;
use crate::output;
use crate::output::printable;

/// Says on standard error if the last probe of this store found that the lock of this backend is not safe there.
pub(crate) fn warn_of_last_probe(settings: &BackendSettings) {
    if let Some(warning) = last_probe_warning(settings) {
        output::warning(&warning);
    }
}

/// What there is to say, if the last probe of this store found that the lock of this backend is not safe there.
pub(crate) fn last_probe_warning(settings: &BackendSettings) -> Option<String> {
    file::directory().and_then(|directory| warning(&directory, settings))
}

fn warning(directory: &Path, settings: &BackendSettings) -> Option<String> {
    let bucket = settings.address.bucket().as_str();
    let endpoint = file::endpoint_of(&settings.stores);
    let record = file::read(&directory.join(file::name(&endpoint, bucket)))?;
    // With both, either of them is enough.
    let (what, kept) = match &settings.mode {
        LockMode::Lockfile => ("use_lockfile".to_owned(), Some(record.lockfile())),
        LockMode::LockTable(table) => {
            (format!("dynamodb_table `{table}`"), record.lock_table(table.as_str()))
        }
        LockMode::Dual(table) => {
            let by_table = record.lock_table(table.as_str());
            let is_safe = by_table.is_some_and(|kept| kept.is(Safety::Safe));
            ("use_lockfile".to_owned(), Some(record.lockfile()).filter(|_| !is_safe))
        }
    };
    let is_meant = record.is_of(&endpoint, bucket);
    let kept = kept.filter(|kept| is_meant && kept.is(Safety::NotSafe))?;
    let day = record.day_of(kept);
    Some(printable(&format!(
        "{what} was found not safe on s3://{bucket} by `statelock probe` on {day}, because {}",
        kept.because
    )))
}

#[cfg(test)]
mod tests {
    use statelock_client::protocol::store::TableName;
    use tempfile::TempDir;

    use super::super::verdicts::{Kept, Record};
    use super::*;

    fn record(lockfile: &str, tables: &[(&str, &str)]) -> Record {
        let kept = |verdict: &str| Kept {
            verdict: verdict.to_owned(),
            because: "it is".to_owned(),
            date: None,
        };
        let place = ("http://h:9000".to_owned(), "b".to_owned());
        let mut record = Record::new(place, "2026-11-22T10:00:00Z", kept(lockfile));
        let tables = tables.iter().map(|(name, verdict)| ((*name).to_owned(), kept(verdict)));
        record.tables.extend(tables);
        record
    }

    fn settings(mode: LockMode, endpoint: &str, bucket: &str) -> BackendSettings {
        let mut settings = BackendSettings::lockfile(bucket, "k").unwrap();
        settings.stores.endpoint_url = Some(endpoint.to_owned());
        settings.mode = mode;
        settings
    }

    fn kept_in(directory: &TempDir, record: &Record) {
        let name = file::name(&record.endpoint, &record.bucket);
        file::write(&directory.path().join(name), record).unwrap();
    }

    #[test]
    fn a_bad_verdict_is_told_to_who_locks_in_that_way_there() {
        let directory = TempDir::new().unwrap();
        let told = |record: &Record, mode: LockMode| {
            kept_in(&directory, record);
            warning(directory.path(), &settings(mode, "http://H:9000/", "b"))
        };
        let (table, other) = (|| TableName::new("t"), || TableName::new("other"));
        let bad = record("not_safe", &[]);
        let text = told(&bad, LockMode::Lockfile).unwrap();
        assert_eq!(
            text,
            "use_lockfile was found not safe on s3://b by `statelock probe` on 2026-11-22, because it is"
        );
        assert!(told(&bad, LockMode::LockTable(table())).is_none());
        assert!(told(&bad, LockMode::Dual(table())).is_some());
        let with_table = record("not_safe", &[("t", "safe"), ("other", "not_safe")]);
        assert!(told(&with_table, LockMode::Dual(table())).is_none(), "the table keeps others out");
        assert!(told(&with_table, LockMode::LockTable(table())).is_none());
        let text = told(&with_table, LockMode::LockTable(other())).unwrap();
        assert!(text.starts_with("dynamodb_table `other` was found not safe"), "{text}");
        let both = record("safe", &[("t", "not_safe")]);
        assert!(told(&both, LockMode::Lockfile).is_none());
        assert!(told(&both, LockMode::LockTable(table())).is_some());
        assert!(told(&both, LockMode::LockTable(other())).is_none());
        assert!(told(&record("not_known", &[]), LockMode::Lockfile).is_none());
    }

    #[test]
    fn an_earlier_verdict_is_told_with_its_date() {
        let directory = TempDir::new().unwrap();
        let at = |day: &str, verdict| {
            let place = ("http://h:9000".to_owned(), "b".to_owned());
            let kept = record(verdict, &[]).lockfile().clone();
            Record::new(place, &format!("{day}T10:00:00Z"), kept)
        };
        let first = at("2026-11-01", "not_safe");
        let second = at("2026-11-12", "not_known").after(Some(first));
        kept_in(&directory, &at("2026-11-22", "not_known").after(Some(second)));
        let settings = settings(LockMode::Lockfile, "http://h:9000", "b");
        let text = warning(directory.path(), &settings).unwrap();
        assert!(text.contains("by `statelock probe` on 2026-11-01"), "{text}");
    }

    #[test]
    fn another_bucket_or_endpoint_is_another_store() {
        let directory = TempDir::new().unwrap();
        kept_in(&directory, &record("not_safe", &[]));
        let told = |endpoint, bucket| {
            warning(directory.path(), &settings(LockMode::Lockfile, endpoint, bucket)).is_some()
        };
        assert!(told("http://h:9000", "b"));
        assert!(!told("http://h:9000", "c"));
        assert!(!told("https://h:9000", "b"));
    }
}
