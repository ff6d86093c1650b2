//! The log on both storage engines: what is read is what was written, and no tampering passes.

mod damaged;

use std::net::IpAddr;
use std::sync::Arc;

use damaged::Damaged;

use super::*;
use crate::engine::{Connection, ConnectionId, Engine, Limits, Protocol};
use crate::records::{GENESIS_HASH, RowKey, Versioning};
use crate::storage::embedded::EmbeddedStorage;
use crate::storage::memory::MemoryStorage;
use crate::storage::{self, Storage, Verdict};
use crate::system::{SystemClock, SystemRandomness};

const START_MICROS: u64 = 1_700_000_000_000_000;

fn sender() -> Sender {
    let peer = IpAddr::from([192, 0, 2, 7]);
    let connection = Connection { id: ConnectionId(1), peer, idle_since_micros: 0 };
    let mut headers = http::HeaderMap::new();
    headers.insert("user-agent", http::HeaderValue::from_static("test/1"));
    Sender::from_headers(Protocol::S3, "ROOT", connection, &headers)
}

fn entry(number: u64) -> AuditEntry {
    let bucket = if number.is_multiple_of(2) { "even" } else { "odd" };
    let action = if number.is_multiple_of(3) {
        AuditAction::LockReleased
    } else {
        AuditAction::LockAcquired
    };
    AuditEntry {
        lock_id: Some(format!("id-{}", number % 5)),
        facet: Some(AuditFacet::Lockfile),
        ..AuditEntry::new(action).about(bucket, format!("key-{}", number % 3))
    }
}

/// A log of some records; the time of record N is N seconds after the start.
struct Log {
    storage: Arc<dyn Storage>,
    engine: Engine,
    _directory: Option<tempfile::TempDir>,
}

impl Log {
    async fn of(storage: Arc<dyn Storage>, records: u64) -> Self {
        let engine = Engine::new(
            Arc::clone(&storage),
            Arc::new(SystemClock),
            Arc::new(SystemRandomness),
            Limits::default(),
        );
        let log = Self { storage, engine, _directory: None };
        for number in 1..=records {
            log.append(entry(number), START_MICROS + number * 1_000_000).await;
        }
        log
    }

    async fn in_memory(records: u64) -> Self {
        Self::of(Arc::new(MemoryStorage::new()), records).await
    }

    async fn embedded(records: u64) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let storage = Arc::new(EmbeddedStorage::open(directory.path()).unwrap());
        Self { _directory: Some(directory), ..Self::of(storage, records).await }
    }

    /// The same log on every storage engine.
    async fn on_both(records: u64) -> [Self; 2] {
        [Self::in_memory(records).await, Self::embedded(records).await]
    }

    async fn append(&self, entry: AuditEntry, at_micros: u64) {
        self.edit(move |transaction| append(transaction, &sender(), entry.clone(), at_micros))
            .await;
    }

    /// Changes rows behind the log's back.
    async fn edit(
        &self,
        edit: impl Fn(&mut dyn Transaction) -> Result<(), StorageError> + Send + 'static,
    ) {
        storage::write(&self.storage, move |transaction| {
            edit(transaction)?;
            Ok((Verdict::Commit, ()))
        })
        .await
        .unwrap();
    }

    async fn row(&self, number: u64) -> Vec<u8> {
        let key = AuditRecord::key(number);
        let read = storage::read(&self.storage, move |transaction| {
            transaction.get(Table::Records, key.as_slice())
        });
        read.await.unwrap().unwrap()
    }

    async fn put(&self, key: RowKey, value: Vec<u8>) {
        self.edit(move |transaction| transaction.put(Table::Records, key.as_slice(), &value)).await;
    }

    async fn remove(&self, number: u64) {
        let key = AuditRecord::key(number);
        self.edit(move |transaction| records::remove(transaction, &key)).await;
    }

    async fn flaw(&self) -> Option<(u64, AuditFlawKind)> {
        let verification = self.engine.verify_audit().await.unwrap();
        verification.flaw.map(|flaw| (flaw.number, flaw.kind))
    }

    async fn numbers(&self, query: &AuditQuery) -> (Vec<u64>, Option<u64>) {
        let page = self.engine.audit_page(query.clone()).await.unwrap();
        (page.records.iter().map(|record| record.number).collect(), page.next)
    }
}

fn query(order: AuditOrder, from: Option<u64>, limit: usize) -> AuditQuery {
    AuditQuery { from, limit, order, filter: AuditFilter::default() }
}

#[tokio::test]
async fn p10_records_hold_what_was_said_and_who_said_it() {
    for log in Log::on_both(2).await {
        let whole = query(AuditOrder::OldestFirst, None, 10);
        let page = log.engine.audit_page(whole).await.unwrap();

        let [first, second] = page.records.as_slice() else { panic!("{page:?}") };
        assert_eq!(first.number, 1);
        assert_eq!(first.at_micros, START_MICROS + 1_000_000);
        assert_eq!(first.protocol, Some(Protocol::S3));
        assert_eq!(first.principal.as_deref(), Some("ROOT"));
        assert_eq!(first.peer, Some(IpAddr::from([192, 0, 2, 7])));
        assert_eq!(first.user_agent.as_deref(), Some("test/1"));
        assert_eq!(first.action, AuditAction::LockAcquired);
        assert_eq!(first.bucket.as_deref(), Some("odd"));
        assert_eq!(first.key.as_deref(), Some("key-1"));
        assert_eq!(first.lock_id.as_deref(), Some("id-1"));
        assert_eq!(first.outcome, AuditOutcome::Done);
        assert_eq!((&*first.previous_hash, first.serial_before), (GENESIS_HASH, None));
        assert_eq!(second.previous_hash, first.hash);
        assert_eq!(page.head, AuditHead { number: 2, hash: second.hash.clone() });
        assert_eq!(page.next, None);
        let text = String::from_utf8(log.row(1).await).unwrap();
        assert!(!text.contains("null"), "what is not known is absent: {text}");
    }
}

#[tokio::test]
async fn p10_what_the_server_does_by_itself_names_nobody() {
    let log = Log::in_memory(0).await;
    let own = AuditEntry::new(AuditAction::BucketCreated).in_bucket("tfstate");
    log.edit(move |transaction| append_own(transaction, own.clone(), 1)).await;

    let page = log.engine.audit_page(query(AuditOrder::OldestFirst, None, 9)).await.unwrap();
    let record = &page.records[0];
    assert_eq!((record.protocol, &record.principal, record.peer), (None, &None, None));
    assert_eq!(log.flaw().await, None);
}

#[tokio::test]
async fn p10_buckets_leave_records_and_what_changes_nothing_leaves_none() {
    let log = Log::in_memory(0).await;
    let bucket = || "b".to_owned();
    let create = || {
        let by = Some(sender());
        log.engine.create_bucket(bucket(), String::new(), Versioning::Unversioned, by)
    };
    let suspend = || {
        let versioning = Versioning::Suspended;
        log.engine.change_bucket(bucket(), sender(), move |record| record.versioning = versioning)
    };
    create().await.unwrap();
    create().await.unwrap_err();
    suspend().await.unwrap();
    suspend().await.unwrap();
    log.engine.delete_bucket(bucket(), sender()).await.unwrap();
    log.engine.delete_bucket(bucket(), sender()).await.unwrap_err();

    let page = log.engine.audit_page(query(AuditOrder::OldestFirst, None, 9)).await.unwrap();
    let said = page.records.iter().map(|record| (record.action, record.bucket.as_deref()));
    assert_eq!(
        said.collect::<Vec<_>>(),
        [
            (AuditAction::BucketCreated, Some("b")),
            (AuditAction::BucketChanged, Some("b")),
            (AuditAction::BucketDeleted, Some("b")),
        ]
    );
    assert_eq!(page.records[1].reason.as_deref(), Some("versioning"));
    assert_eq!(log.flaw().await, None);
}

#[tokio::test]
async fn p10_a_whole_log_verifies() {
    for records in [0, 1, 12] {
        for log in Log::on_both(records).await {
            let verification = log.engine.verify_audit().await.unwrap();
            assert_eq!((verification.head.number, verification.flaw), (records, None));
        }
    }
}

#[tokio::test]
async fn p10_a_log_of_several_steps_verifies_and_shows_a_change_in_the_last() {
    // Steps are of 1000 records: one that ends exactly with a step, and one that does not.
    for records in [2000, 2003] {
        let log = Log::in_memory(records).await;
        assert_eq!(log.flaw().await, None);
        log.remove(2000).await;
        assert_eq!(log.flaw().await, Some((2000, AuditFlawKind::Missing)));
    }
}

#[tokio::test]
async fn p10_a_removed_record_is_found() {
    for number in [1, 5, 12] {
        for log in Log::on_both(12).await {
            log.remove(number).await;
            assert_eq!(log.flaw().await, Some((number, AuditFlawKind::Missing)));
        }
    }
}

#[tokio::test]
async fn p10_records_cut_off_behind_the_head_are_found() {
    for log in Log::on_both(12).await {
        for number in 9..=12 {
            log.remove(number).await;
        }
        assert_eq!(log.flaw().await, Some((9, AuditFlawKind::Missing)));
    }
}

#[tokio::test]
async fn p10_a_changed_record_is_found() {
    for number in [1, 5, 12] {
        for log in Log::on_both(12).await {
            let text = String::from_utf8(log.row(number).await).unwrap();
            let changed = text.replace("\"outcome\":\"done\"", "\"outcome\":\"refused\"");
            assert_ne!(changed, text);
            log.put(AuditRecord::key(number), changed.into_bytes()).await;
            assert_eq!(log.flaw().await, Some((number, AuditFlawKind::Changed)));
        }
    }
}

#[tokio::test]
async fn p10_a_member_that_is_added_is_a_change() {
    let log = Log::in_memory(3).await;
    let text = String::from_utf8(log.row(2).await).unwrap();
    log.put(AuditRecord::key(2), text.replacen('{', "{\"x\":1,", 1).into_bytes()).await;
    assert_eq!(log.flaw().await, Some((2, AuditFlawKind::Changed)));
}

#[tokio::test]
async fn p10_a_changed_record_with_a_hash_made_anew_is_found() {
    for (number, flaw) in [(5, (6, AuditFlawKind::Unlinked)), (12, (12, AuditFlawKind::NotTheHead))]
    {
        for log in Log::on_both(12).await {
            let bytes = log.row(number).await;
            let mut record: AuditRecord = serde_json::from_slice(&bytes).unwrap();
            record.principal = Some("SOMEBODY-ELSE".to_owned());
            record.seal().unwrap();
            log.put(AuditRecord::key(number), serde_json::to_vec(&record).unwrap()).await;
            assert_eq!(log.flaw().await, Some(flaw));
        }
    }
}

#[tokio::test]
async fn p10_swapped_records_are_found() {
    for log in Log::on_both(12).await {
        let (third, fourth) = (log.row(3).await, log.row(4).await);
        log.put(AuditRecord::key(3), fourth).await;
        log.put(AuditRecord::key(4), third).await;
        assert_eq!(log.flaw().await, Some((3, AuditFlawKind::Moved)));
    }
}

#[tokio::test]
async fn p10_an_added_record_is_found() {
    for log in Log::on_both(12).await {
        let mut record: AuditRecord = serde_json::from_slice(&log.row(12).await).unwrap();
        record.number = 13;
        record.previous_hash.clone_from(&record.hash);
        record.seal().unwrap();
        log.put(AuditRecord::key(13), serde_json::to_vec(&record).unwrap()).await;
        assert_eq!(log.flaw().await, Some((13, AuditFlawKind::BeyondHead)));
    }
}

#[tokio::test]
async fn p10_bytes_that_are_no_record_are_found() {
    for log in Log::on_both(12).await {
        log.put(AuditRecord::key(7), b"{}".to_vec()).await;
        assert_eq!(log.flaw().await, Some((7, AuditFlawKind::Unreadable)));
    }
}

#[tokio::test]
async fn p10_a_log_without_its_head_is_found_and_not_begun_anew() {
    for log in Log::on_both(3).await {
        log.edit(|transaction| records::remove(transaction, &AuditHead::key())).await;
        assert_eq!(log.flaw().await, Some((1, AuditFlawKind::HeadMissing)));

        let appended = storage::write(&log.storage, |transaction| {
            append(transaction, &sender(), entry(1), 1)?;
            Ok((Verdict::Commit, ()))
        });
        let error = appended.await.unwrap_err();
        assert!(matches!(error, StorageError::Corrupt(_)), "{error}");
    }
}

#[tokio::test]
async fn p10_a_record_damaged_below_the_storage_is_named() {
    let storage = Arc::new(Damaged::default());
    let log = Log::of(storage.clone(), 12).await;
    *storage.key.lock().unwrap() = Some(AuditRecord::key(8).as_slice().to_vec());
    assert_eq!(log.flaw().await, Some((8, AuditFlawKind::Unreadable)));

    let text = String::from_utf8(log.row(3).await).unwrap();
    log.put(AuditRecord::key(3), text.replace("ROOT", "ROOF").into_bytes()).await;
    assert_eq!(log.flaw().await, Some((3, AuditFlawKind::Changed)), "what comes first");
    log.remove(2).await;
    assert_eq!(log.flaw().await, Some((2, AuditFlawKind::Missing)), "what comes first");
}

#[tokio::test]
async fn pages_follow_each_other_in_both_orders() {
    let log = Log::in_memory(600).await;
    for order in [AuditOrder::OldestFirst, AuditOrder::NewestFirst] {
        for limit in [1, 7, 256, 599, 600, 1000] {
            let (mut seen, mut from) = (Vec::new(), None);
            loop {
                let (numbers, next) = log.numbers(&query(order, from, limit)).await;
                assert!(numbers.len() <= limit, "{limit}: {numbers:?}");
                seen.extend(numbers);
                if next.is_none() {
                    break;
                }
                from = next;
            }
            let mut all: Vec<u64> = (1..=600).collect();
            if order == AuditOrder::NewestFirst {
                all.reverse();
            }
            assert_eq!(seen, all, "{order:?} {limit}");
        }
    }
}

#[tokio::test]
async fn a_page_begins_where_it_is_asked_to() {
    let log = Log::in_memory(10).await;
    let oldest = |from, limit| query(AuditOrder::OldestFirst, Some(from), limit);
    let newest = |from, limit| query(AuditOrder::NewestFirst, Some(from), limit);
    assert_eq!(log.numbers(&oldest(4, 3)).await, (vec![4, 5, 6], Some(7)));
    assert_eq!(log.numbers(&oldest(8, 3)).await, (vec![8, 9, 10], None));
    assert_eq!(log.numbers(&oldest(11, 3)).await, (vec![], None));
    assert_eq!(log.numbers(&oldest(u64::MAX, 3)).await, (vec![], None));
    assert_eq!(log.numbers(&oldest(0, 1)).await, (vec![1], Some(2)));
    assert_eq!(log.numbers(&newest(4, 3)).await, (vec![4, 3, 2], Some(1)));
    assert_eq!(log.numbers(&newest(3, 3)).await, (vec![3, 2, 1], None));
    assert_eq!(log.numbers(&newest(u64::MAX, 2)).await, (vec![10, 9], Some(8)));
    assert_eq!(log.numbers(&newest(0, 2)).await, (vec![], None));
    let empty = Log::in_memory(0).await;
    assert_eq!(empty.numbers(&query(AuditOrder::NewestFirst, None, 5)).await, (vec![], None));
}

#[tokio::test]
async fn filters_let_through_what_they_name() {
    let log = Log::in_memory(30).await;
    let filtered = |filter| AuditQuery { filter, ..query(AuditOrder::OldestFirst, None, 100) };
    let some = |text: &str| Some(text.to_owned());
    let cases = [
        (AuditFilter { bucket: some("even"), ..Default::default() }, (2..=30).step_by(2).collect()),
        (AuditFilter { key: some("key-0"), ..Default::default() }, (3..=30).step_by(3).collect()),
        (AuditFilter { lock_id: some("id-0"), ..Default::default() }, vec![5, 10, 15, 20, 25, 30]),
        (AuditFilter { lock_id: some("id"), ..Default::default() }, vec![]),
        (
            AuditFilter { since_micros: Some(START_MICROS + 28_000_000), ..Default::default() },
            vec![28, 29, 30],
        ),
        (
            AuditFilter {
                bucket: some("odd"),
                key: some("key-0"),
                lock_id: some("id-0"),
                since_micros: None,
            },
            vec![15],
        ),
    ];
    for (filter, expected) in cases {
        assert_eq!(log.numbers(&filtered(filter.clone())).await, (expected, None), "{filter:?}");
    }
}

#[tokio::test]
async fn a_filter_that_nothing_passes_ends_its_page_early_and_says_where_to_go_on() {
    let log = Log::in_memory(10_400).await;
    let filter = AuditFilter { bucket: Some("none".to_owned()), ..Default::default() };
    let first = AuditQuery { filter, ..query(AuditOrder::OldestFirst, None, 5) };
    let (numbers, next) = log.numbers(&first).await;
    assert_eq!((numbers, next), (vec![], Some(10_241)), "40 batches of 256");
    let rest = AuditQuery { from: next, ..first };
    assert_eq!(log.numbers(&rest).await, (vec![], None));
}

#[tokio::test]
async fn long_text_is_cut_and_still_found() {
    let log = Log::in_memory(0).await;
    let text = "é".repeat(5000);
    let entry =
        AuditEntry { lock_id: Some(text.clone()), ..AuditEntry::new(AuditAction::LockAcquired) };
    log.append(entry, 1).await;
    let filter = AuditFilter { lock_id: Some(text), ..Default::default() };
    let asked = AuditQuery { filter, ..query(AuditOrder::OldestFirst, None, 5) };
    let page = log.engine.audit_page(asked).await.unwrap();
    let kept = page.records[0].lock_id.as_ref().unwrap();
    assert_eq!(kept.chars().count(), TEXT_CHARS_MAX);
    assert_eq!(log.flaw().await, None);
}

#[tokio::test]
async fn p10_a_record_costs_two_small_writes() {
    let storage = Arc::new(Damaged::default());
    let log = Log::of(storage.clone(), 1).await;
    storage.puts.lock().unwrap().clear();
    log.append(entry(2), 2).await;
    let puts = storage.puts.lock().unwrap().clone();
    assert_eq!(puts.len(), 2, "{puts:?}");
    assert!(puts.iter().sum::<usize>() < 1000, "{puts:?}");
}
