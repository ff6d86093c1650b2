//! What is kept of one endpoint and bucket, and what a later probe makes of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use statelock_client::probe::Safety;

/// The version of the file. Members are added without a new one.
const SCHEMA: u32 = 1;

/// What is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Record {
    schema: u32,
    pub(super) endpoint: String,
    pub(super) bucket: String,
    /// When the last probe began.
    date: String,
    statelock_version: String,
    use_lockfile: Kept,
    /// The lock tables that were tried beside this bucket, by their names.
    #[serde(default)]
    pub(super) tables: BTreeMap<String, Kept>,
    /// Of records that knew of one table only: its name, and the verdict on it.
    #[serde(default, skip_serializing)]
    table: Option<String>,
    #[serde(default, skip_serializing)]
    dynamodb_table: Option<Kept>,
}

/// One conclusion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) verdict: String,
    pub(super) because: String,
    /// Of this verdict, if it is from an earlier probe than the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) date: Option<String>,
}

impl Kept {
    pub(super) fn is(&self, safety: Safety) -> bool {
        self.verdict == safety.id()
    }
}

impl Record {
    /// Of a probe that began then; without any table yet.
    pub(super) fn new(
        (endpoint, bucket): (String, String),
        date: &str,
        use_lockfile: Kept,
    ) -> Self {
        Self {
            schema: SCHEMA,
            endpoint,
            bucket,
            date: date.to_owned(),
            statelock_version: env!("CARGO_PKG_VERSION").to_owned(),
            use_lockfile,
            tables: BTreeMap::new(),
            table: None,
            dynamodb_table: None,
        }
    }

    /// As it was written, whichever version of this program wrote it.
    pub(super) fn of_json(text: &[u8]) -> Option<Self> {
        let mut record: Self = serde_json::from_slice(text).ok()?;
        if let (Some(table), Some(kept)) = (record.table.take(), record.dynamodb_table.take()) {
            record.tables.entry(table).or_insert(kept);
        }
        Some(record)
    }

    /// Whether it is about this endpoint and bucket.
    pub(super) fn is_of(&self, endpoint: &str, bucket: &str) -> bool {
        self.endpoint == endpoint && self.bucket == bucket
    }

    /// The verdict on lockfiles.
    pub(super) fn lockfile(&self) -> &Kept {
        &self.use_lockfile
    }

    /// The verdict on a lock table, if it was tried.
    pub(super) fn lock_table(&self, name: &str) -> Option<&Kept> {
        self.tables.get(name)
    }

    /// The day of a verdict in it.
    pub(super) fn day_of<'a>(&'a self, kept: &'a Kept) -> &'a str {
        let date = kept.date.as_ref().unwrap_or(&self.date);
        date.split('T').next().unwrap_or_default()
    }

    /// The record of this probe, after an earlier one. What it did not find out, or did not look at, leaves standing
    /// what was found then.
    pub(super) fn after(mut self, earlier: Option<Self>) -> Self {
        let Some(earlier) = earlier.filter(|one| one.is_of(&self.endpoint, &self.bucket)) else {
            return self;
        };
        let Self { date, use_lockfile, tables, .. } = earlier;
        let of_then = |kept: Kept| {
            let date = kept.date.or_else(|| Some(date.clone()));
            Kept { date, ..kept }
        };
        let stands = |then: &Kept, now: &Kept| then.is(Safety::NotSafe) && now.is(Safety::NotKnown);
        if stands(&use_lockfile, &self.use_lockfile) {
            self.use_lockfile = of_then(use_lockfile);
        }
        for (name, then) in tables {
            if self.tables.get(&name).is_none_or(|now| stands(&then, now)) {
                self.tables.insert(name, of_then(then));
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(verdict: &str) -> Kept {
        Kept { verdict: verdict.to_owned(), because: "it is".to_owned(), date: None }
    }

    /// A record of that day.
    fn record(day: &str, lockfile: &str, tables: &[(&str, &str)]) -> Record {
        let place = ("http://h:9000".to_owned(), "b".to_owned());
        let mut record = Record::new(place, &format!("{day}T10:00:00Z"), kept(lockfile));
        let tables = tables.iter().map(|(name, verdict)| ((*name).to_owned(), kept(verdict)));
        record.tables.extend(tables);
        record
    }

    const THEN: &str = "2026-11-01";
    const NOW: &str = "2026-11-22";

    fn told<'a>(record: &'a Record, kept: &'a Kept) -> (&'a str, &'a str) {
        (&kept.verdict, record.day_of(kept))
    }

    #[test]
    fn what_a_later_probe_did_not_find_out_leaves_what_an_earlier_one_found() {
        for (then, now, expected) in [
            ("not_safe", "not_known", ("not_safe", THEN)),
            ("not_safe", "safe", ("safe", NOW)),
            ("safe", "not_known", ("not_known", NOW)),
            ("not_known", "not_safe", ("not_safe", NOW)),
        ] {
            let after =
                record(NOW, now, &[("t", now)]).after(Some(record(THEN, then, &[("t", then)])));
            assert_eq!(told(&after, after.lockfile()), expected, "{then}, {now}");
            assert_eq!(told(&after, after.lock_table("t").unwrap()), expected, "{then}, {now}");
        }
        let mut elsewhere = record(THEN, "not_safe", &[]);
        elsewhere.bucket = "c".to_owned();
        let after = record(NOW, "not_known", &[]).after(Some(elsewhere));
        assert_eq!(told(&after, after.lockfile()), ("not_known", NOW));
    }

    #[test]
    fn each_table_has_a_verdict_of_its_own() {
        let first = record(THEN, "safe", &[("one", "not_safe")]);
        let second = record(NOW, "safe", &[("two", "safe")]).after(Some(first));
        let third = record("2026-11-23", "safe", &[]).after(Some(second));
        let told = |name| third.lock_table(name).map(|kept| told(&third, kept));
        assert_eq!(told("one"), Some(("not_safe", THEN)));
        assert_eq!(told("two"), Some(("safe", NOW)));
        assert_eq!(told("three"), None);
        let read = Record::of_json(&serde_json::to_vec(&third).unwrap()).unwrap();
        assert_eq!(read.tables, third.tables);
    }

    #[test]
    fn a_record_that_knew_of_one_table_is_understood() {
        let old = r#"{"schema":1,"endpoint":"http://h:9000","bucket":"b","date":"2026-11-01T10:00:00Z",
            "statelock_version":"0.1.0","use_lockfile":{"verdict":"safe","because":""},
            "table":"one","dynamodb_table":{"verdict":"not_safe","because":"it is"}}"#;
        let old = Record::of_json(old.as_bytes()).unwrap();
        assert_eq!(old.lock_table("one"), Some(&kept("not_safe")));
        let after = record(NOW, "safe", &[("two", "safe")]).after(Some(old));
        assert_eq!(told(&after, after.lock_table("one").unwrap()), ("not_safe", THEN));
        assert_eq!(told(&after, after.lock_table("two").unwrap()), ("safe", NOW));
        let without = r#"{"schema":1,"endpoint":"e","bucket":"b","date":"","statelock_version":"0.1.0",
            "use_lockfile":{"verdict":"safe","because":""},"table":null,"dynamodb_table":null}"#;
        assert!(Record::of_json(without.as_bytes()).unwrap().tables.is_empty());
    }
}
