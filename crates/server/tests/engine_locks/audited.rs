//! The records that locks, digests and items leave.

use statelock_protocol::lock::unified::Facet;
use statelock_protocol::store::{ETag, Precondition};
use statelock_server::engine::tables::{DeleteItem, GetItem, NewTable, PutItem};
use statelock_server::engine::{
    AuditFilter, AuditOrder, AuditQuery, DeleteCondition, DeleteRequest, EngineError, Protocol,
    PutRequest, WriteClaim, Written,
};
use statelock_server::records::{AttributeValue, AuditRecord, Headers, Item, VersionId};
use statelock_server::storage::StorageError;

use crate::clients::{Client, lock_info};
use crate::server::{BUCKET, KEY, SECOND, Server, TABLE, on_both};

impl Server {
    pub(crate) async fn audit(&self) -> Vec<AuditRecord> {
        let (order, filter) = (AuditOrder::OldestFirst, AuditFilter::default());
        let query = AuditQuery { from: None, limit: 1000, order, filter };
        self.engine.audit_page(query).await.unwrap().records
    }

    /// What was recorded behind `before` records: the action, the way, and which lock.
    pub(crate) async fn recorded_since(&self, before: usize) -> Vec<String> {
        let records = self.audit().await;
        let line = |record: &AuditRecord| {
            let facet = record.facet.map(|facet| format!("{facet:?}")).unwrap_or_default();
            let id = record.lock_id.as_deref().unwrap_or_default();
            format!("{:?} {facet} {id}", record.action).trim_end().to_owned()
        };
        records[before..].iter().map(line).collect()
    }
}

#[test]
fn p10_whatever_becomes_of_a_lock_leaves_one_record() {
    on_both(|server| async move {
        let before = server.audit().await.len();
        let (holder, other) = (server.client(1), server.client(2));
        for facet in [Facet::Lockfile, Facet::LockTable] {
            assert!(holder.take(facet, "dual").await);
        }
        assert!(holder.take(Facet::Lockfile, "dual").await, "a repetition");
        assert!(!other.take(Facet::Http, "refused").await);
        holder.release(Facet::Lockfile, "dual").await;
        holder.release(Facet::LockTable, "dual").await;

        assert!(holder.take(Facet::Lockfile, "old").await);
        let etag = server.lockfile().await.unwrap().0.content.unwrap().etag;
        let named = Precondition::IfMatch(ETag::new(etag));
        other.put(lock_info("new"), named).await.unwrap();
        // Somebody with a lock table removes it; then somebody over HTTP, who names no lock.
        holder.force_unlock(Facet::LockTable, "new").await;
        assert!(holder.take(Facet::LockTable, "item").await);
        server.clock.advance(61 * SECOND);
        other.force_unlock(Facet::Http, "item").await;
        assert_eq!(
            server.recorded_since(before).await,
            [
                "LockAcquired Lockfile dual",
                "LockFacetAdded LockTable dual",
                "LockPartlyReleased Lockfile dual",
                "LockReleased LockTable dual",
                "LockAcquired Lockfile old",
                "LockReplaced Lockfile new",
                "LockForceUnlocked LockTable new",
                "LockAcquired LockTable item",
                "LockForceUnlocked Http item",
            ]
        );
        for record in &server.audit().await[before..] {
            assert_eq!(record.principal.as_deref(), Some("root"));
            let state = (record.bucket.as_deref(), record.key.as_deref());
            assert_eq!(state, (Some(BUCKET), Some(KEY)));
        }
    });
}

fn digest_key(bucket: &str) -> Item {
    let id = AttributeValue::S(format!("{bucket}/{KEY}-md5"));
    [("LockID".to_owned(), id)].into_iter().collect()
}

impl Server {
    pub(crate) async fn write_digest(&self, client: &Client, bucket: &str, digest: &str) {
        let mut item = digest_key(bucket);
        item.insert("Digest".to_owned(), AttributeValue::S(digest.to_owned()));
        let sender = client.sender(Protocol::DynamoDb);
        let request = PutItem { table: TABLE.to_owned(), item, condition: None, sender };
        self.engine.put_item(request).await.unwrap();
    }

    async fn shown_digest(&self, client: &Client, bucket: &str) -> Option<String> {
        let request = GetItem {
            table: TABLE.to_owned(),
            key: digest_key(bucket),
            projection: None,
            sender: client.sender(Protocol::DynamoDb),
        };
        match self.engine.get_item(request).await.unwrap()?.remove("Digest") {
            Some(AttributeValue::S(digest)) => Some(digest),
            other => panic!("{other:?}"),
        }
    }

    async fn remove_digest(&self, client: &Client, bucket: &str) {
        let (key, sender) = (digest_key(bucket), client.sender(Protocol::DynamoDb));
        let removal = DeleteItem { table: TABLE.to_owned(), key, condition: None, sender };
        self.engine.delete_item(removal).await.unwrap();
    }

    pub(crate) async fn write_state(&self, client: &Client, serial: u64) {
        let body = format!(
            r#"{{"version":4,"serial":{serial},"lineage":"l","outputs":{{}},"resources":[]}}"#
        );
        self.write(client, KEY, body).await;
    }

    pub(crate) async fn write(&self, client: &Client, key: &str, body: String) {
        self.try_write(client, key, body).await.unwrap();
    }

    pub(crate) async fn try_write(
        &self,
        client: &Client,
        key: &str,
        body: String,
    ) -> Result<Written, EngineError> {
        let pieces = futures::stream::iter([Ok::<_, StorageError>(body.into())]);
        let staged = self.engine.stage(pieces, &[], EngineError::Storage).await.unwrap();
        let request = PutRequest {
            bucket: BUCKET.to_owned(),
            key: key.to_owned(),
            precondition: Precondition::None,
            headers: Headers::default(),
            tags: Vec::new(),
            checksum: None,
            claim: WriteClaim::Unnamed,
            sender: client.sender(Protocol::S3),
        };
        self.engine.put(request, staged).await
    }

    pub(crate) async fn remove(&self, client: &Client, key: &str, version: Option<VersionId>) {
        let request = DeleteRequest {
            key: key.to_owned(),
            version,
            ..client.delete_request(DeleteCondition::None)
        };
        self.engine.delete(request).await.unwrap();
    }
}

/// MD5 of no bytes.
const OTHER: &str = "d41d8cd98f00b204e9800998ecf8427e";

#[test]
fn p8_p10_a_digest_that_disagrees_is_recorded_and_changes_nothing() {
    on_both(|server| async move {
        let client = server.client(1);
        assert_eq!(server.shown_digest(&client, BUCKET).await, None, "there is no state");
        server.write_state(&client, 1).await;
        let first = server.shown_digest(&client, BUCKET).await.expect("a state has a digest");
        let before = server.audit().await.len();
        server.write_digest(&client, BUCKET, &first).await;
        assert_eq!(server.recorded_since(before).await, ["ItemWritten"], "it agrees");
        let before = before + 1;
        for wrong in [OTHER, "no digest"] {
            server.write_digest(&client, BUCKET, wrong).await;
            assert_eq!(server.shown_digest(&client, BUCKET).await.as_ref(), Some(&first));
        }
        let said = server.audit().await[before..].to_vec();
        let reasons: Vec<_> = said.iter().filter_map(|record| record.reason.clone()).collect();
        let reason = |written: &str| format!("written {written}, stored {first}");
        assert_eq!(reasons, [reason(OTHER), reason("no digest")]);
        assert_eq!(server.recorded_since(before).await, ["DigestDisagreed"; 2]);

        // Whoever writes the state, and whatever was written before.
        server.write_state(&client, 2).await;
        let second = server.shown_digest(&client, BUCKET).await;
        assert!(second.is_some() && second.as_ref() != Some(&first), "{second:?}");
        // Removing the item removes no digest.
        server.remove_digest(&client, BUCKET).await;
        assert_eq!(server.shown_digest(&client, BUCKET).await, second);
    });
}

#[test]
fn p8_the_digest_of_a_state_elsewhere_is_kept_as_it_was_written() {
    on_both(|server| async move {
        let client = server.client(1);
        for digest in [OTHER, "5d41402abc4b2a76b9719d911017c592"] {
            server.write_digest(&client, "elsewhere", digest).await;
            let shown = server.shown_digest(&client, "elsewhere").await;
            assert_eq!(shown.as_deref(), Some(digest));
        }
    });
}

#[test]
fn p10_what_becomes_of_states_and_objects_leaves_one_record() {
    on_both(|server| async move {
        let client = server.client(1);
        let before = server.audit().await.len();
        server.write_state(&client, 1).await;
        server.write_state(&client, 2).await;
        server.write(&client, "notes.txt", "no state".to_owned()).await;
        let tags = vec![("team".to_owned(), "a".to_owned())];
        let (bucket, key) = (BUCKET.to_owned(), "notes.txt".to_owned());
        let tagged = server.engine.set_tags(bucket, key, None, tags, client.sender(Protocol::S3));
        let version = tagged.await.unwrap();
        server.remove(&client, "notes.txt", None).await;
        server.remove(&client, "notes.txt", Some(version)).await;
        server.remove(&client, KEY, None).await;
        let recorded = server.recorded_since(before).await;
        assert_eq!(
            recorded,
            [
                "StateWritten",
                "StateWritten",
                "ObjectWritten",
                "ObjectTagged",
                "ObjectDeleted",
                "VersionDeleted",
                "StateDeleted",
            ]
        );
        let records = server.audit().await[before..].to_vec();
        let serials = |at: usize| (records[at].serial_before, records[at].serial_after);
        assert_eq!((serials(0), serials(1)), ((None, Some(1)), (Some(1), Some(2))));
        for record in &records {
            let text = serde_json::to_string(record).unwrap();
            assert!(!text.contains("no state") && !text.contains("resources"), "{text}");
        }
    });
}

/// Action, outcome, state, table and reason.
fn told(record: &AuditRecord) -> String {
    let text = |text: &Option<String>| text.clone().unwrap_or("-".to_owned());
    let AuditRecord { action, outcome, bucket, key, table, reason, .. } = record;
    let place = [text(bucket), text(key), text(table)].join(" ");
    format!("{action:?} {outcome:?} {place}: {}", text(reason))
}

#[test]
fn p10_who_wrote_or_removed_a_digest_is_recorded() {
    on_both(|server| async move {
        let client = server.client(1);
        server.write_state(&client, 1).await;
        let stored = server.shown_digest(&client, BUCKET).await.unwrap();
        let before = server.audit().await.len();
        for bucket in [BUCKET, "elsewhere"] {
            server.write_digest(&client, bucket, &stored).await;
            server.write_digest(&client, bucket, &stored).await;
            server.remove_digest(&client, bucket).await;
        }
        server.remove_digest(&client, "elsewhere").await;
        let records = server.audit().await;
        let digest = |action: &str, outcome: &str, bucket: &str| {
            format!("{action} {outcome} {bucket} {KEY} {TABLE}: digest {stored}")
        };
        assert_eq!(
            records[before..].iter().map(told).collect::<Vec<_>>(),
            [
                digest("ItemWritten", "Unchanged", BUCKET),
                digest("ItemWritten", "Unchanged", BUCKET),
                digest("ItemDeleted", "Unchanged", BUCKET),
                digest("ItemWritten", "Done", "elsewhere"),
                digest("ItemWritten", "Done", "elsewhere"),
                digest("ItemDeleted", "Done", "elsewhere"),
            ]
        );
        assert!(records[before..].iter().all(|record| record.principal.is_some()));
    });
}

#[test]
fn p10_tables_and_items_leave_one_record_and_what_changes_nothing_leaves_none() {
    on_both(|server| async move {
        let client = server.client(1);
        let sender = || client.sender(Protocol::DynamoDb);
        let before = server.audit().await.len();
        let new = || NewTable::lock_table("mine", "r");
        server.engine.create_table(new(), Some(sender())).await.unwrap();
        server.engine.create_table(new(), Some(sender())).await.unwrap_err();
        for _ in 0..2 {
            let change = server.engine.change_table("mine".to_owned(), sender(), |record| {
                record.deletion_protected = true;
                record.tags.insert("team".to_owned(), "a".to_owned());
                Ok(())
            });
            change.await.unwrap();
        }
        server.engine.delete_table("mine".to_owned(), sender()).await.unwrap_err();
        let unprotect = server.engine.change_table("mine".to_owned(), sender(), |record| {
            record.deletion_protected = false;
            Ok(())
        });
        unprotect.await.unwrap();
        let key: Item = serde_json::from_str(r#"{"LockID":{"S":"note"}}"#).unwrap();
        for secret in ["one", "one", "two"] {
            let mut item = key.clone();
            item.insert("Text".to_owned(), AttributeValue::S(format!("secret {secret}")));
            let table = "mine".to_owned();
            let put = PutItem { table, item, condition: None, sender: sender() };
            server.engine.put_item(put).await.unwrap();
        }
        for _ in 0..2 {
            let (table, key) = ("mine".to_owned(), key.clone());
            let removal = DeleteItem { table, key, condition: None, sender: sender() };
            server.engine.delete_item(removal).await.unwrap();
        }
        server.engine.delete_table("mine".to_owned(), sender()).await.unwrap();
        server.engine.delete_table("mine".to_owned(), sender()).await.unwrap_err();
        let records = server.audit().await[before..].to_vec();
        assert_eq!(
            records.iter().map(told).collect::<Vec<_>>(),
            [
                "TableCreated Done - - mine: -",
                "TableChanged Done - - mine: deletion protection, tags",
                "TableChanged Done - - mine: deletion protection",
                "ItemWritten Done - note mine: -",
                "ItemWritten Done - note mine: -",
                "ItemDeleted Done - note mine: -",
                "TableDeleted Done - - mine: it showed 0 items",
            ]
        );
        assert!(records.iter().all(|record| record.principal.as_deref() == Some("root")));
        assert!(!serde_json::to_string(&records).unwrap().contains("secret"));
    });
}

/// Found by the clock or by whoever comes next.
#[test]
fn p10_the_end_of_a_lock_of_which_one_half_was_never_given_back_is_recorded() {
    on_both(|server| async move {
        let (holder, next) = (server.client(1), server.client(2));
        for found_by_next in [false, true] {
            let id = format!("dual-{found_by_next}");
            let before = server.audit().await.len();
            for facet in [Facet::Lockfile, Facet::LockTable] {
                assert!(holder.take(facet, &id).await);
            }
            holder.release(Facet::Lockfile, &id).await;
            server.clock.advance(6 * SECOND);
            let mut expected = vec![
                format!("LockAcquired Lockfile {id}"),
                format!("LockFacetAdded LockTable {id}"),
                format!("LockPartlyReleased Lockfile {id}"),
                format!("LockReleased LockTable {id}"),
            ];
            if found_by_next {
                assert!(next.take(Facet::Http, "next").await);
                expected.push("LockAcquired Http next".to_owned());
            } else {
                server.engine.sweep().await.unwrap();
            }
            assert_eq!(server.recorded_since(before).await, expected);
            let ended = server.audit().await[before + 3].clone();
            assert_eq!((ended.principal, ended.protocol, ended.peer), (None, None, None));
            assert_eq!(ended.reason.unwrap(), "the rest of it was not given back in time");
            assert_eq!(ended.who.as_deref(), Some("a@b"));
        }
    });
}
