//! Locks and listings: cases that were once wrong.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use statelock_protocol::store::Precondition;
use statelock_server::engine::{
    DeleteRequest, EngineError, ListingRequest, PutRequest, VersionListingItem,
    VersionListingRequest, Written,
};
use statelock_server::records::{VersionId, Versioning};
use statelock_server::storage::memory::MemoryStorage;

use crate::harness::{
    BUCKET, Harness, MINUTE, block_on, body, delete_request, lock_info, put_request, sender,
};
use crate::ops::{Body, Condition, Op, Which};
use crate::run::run;
use crate::storages::Unpleasant;

const LOCK: &str = "app/terraform.tfstate.tflock";

impl Harness {
    async fn acquire(&self, id: &str, call: &str) -> Result<Written, EngineError> {
        let staged = self.stage(&lock_info(id)).await;
        let request = PutRequest {
            precondition: Precondition::IfAbsent,
            sender: sender(Some(call.to_owned())),
            ..put_request(LOCK)
        };
        self.engine.put(request, staged).await
    }

    async fn release(&self, version: Option<VersionId>, call: &str) {
        let sender = sender(Some(call.to_owned()));
        let request = DeleteRequest { version, sender, ..delete_request(LOCK) };
        self.engine.delete(request).await.unwrap();
    }
}

async fn versioned() -> Harness {
    Harness::with_bucket(Arc::new(MemoryStorage::new()), Versioning::Enabled).await
}

#[test]
fn p1_one_invocation_id_for_two_locks_does_not_make_two_holders() {
    block_on(async {
        let test = versioned().await;
        test.acquire("alice", "every call the same").await.unwrap();
        let second = test.acquire("bob", "every call the same").await;
        assert!(matches!(second, Err(EngineError::PreconditionFailed(_))), "{second:?}");
    });
}

#[test]
fn p1_a_retry_is_not_told_that_it_holds_what_was_taken_from_it() {
    block_on(async {
        let test = versioned().await;
        // The answer to this is lost, and its sender sleeps for some minutes.
        test.acquire("alice", "call-1").await.unwrap();
        test.release(None, "force-unlock").await;
        let alone = test.acquire("alice", "call-1").await;
        assert!(matches!(alone, Err(EngineError::PreconditionFailed(_))), "{alone:?}");
        test.acquire("bob", "call-2").await.unwrap();
        let beside = test.acquire("alice", "call-1").await;
        assert!(matches!(beside, Err(EngineError::PreconditionFailed(_))), "{beside:?}");
        assert_eq!(test.read(LOCK).await.unwrap(), lock_info("bob"));
    });
}

#[test]
fn p9_a_repetition_by_lock_id_is_remembered_too() {
    block_on(async {
        let test = versioned().await;
        test.acquire("alice", "call-1").await.unwrap();
        // The answer was lost; the client's own loop calls again, and this one is answered.
        test.acquire("alice", "call-2").await.unwrap();
        test.release(None, "call-3").await;
        // A first attempt of the second call arrives late.
        assert!(test.acquire("alice", "call-2").await.is_err());
        assert!(matches!(test.read(LOCK).await, Err(EngineError::NoSuchKey)), "an orphan");
    });
}

#[test]
fn p4_a_release_by_version_delivered_twice_leaves_the_next_holder_alone() {
    block_on(async {
        let test = versioned().await;
        test.acquire("alice", "call-1").await.unwrap();
        test.release(Some(VersionId::Null), "call-2").await;
        test.acquire("bob", "call-3").await.unwrap();
        test.release(Some(VersionId::Null), "call-2").await;
        assert_eq!(test.read(LOCK).await.unwrap(), lock_info("bob"));
    });
}

#[test]
fn p9_what_happened_to_a_lockfile_is_remembered_for_fifteen_minutes_only() {
    block_on(async {
        for (later, is_remembered) in [(15 * MINUTE, true), (15 * MINUTE + 1, false)] {
            let test = versioned().await;
            test.acquire("alice", "call-1").await.unwrap();
            test.release(None, "call-2").await;
            test.clock.advance(later);
            assert_eq!(test.acquire("alice", "call-1").await.is_err(), is_remembered, "{later}");
            assert_eq!(test.read(LOCK).await.is_err(), is_remembered, "{later}");
        }
    });
}

#[test]
fn p4_a_bucket_made_anew_still_remembers_releases() {
    block_on(async {
        let test = versioned().await;
        test.acquire("alice", "call-1").await.unwrap();
        test.release(None, "call-2").await;
        test.engine.delete_bucket(BUCKET.to_owned(), sender(None)).await.unwrap();
        let made =
            test.engine.create_bucket(BUCKET.to_owned(), String::new(), Versioning::Enabled, None);
        made.await.unwrap();
        test.acquire("bob", "call-3").await.unwrap();
        test.release(None, "call-2").await;
        assert_eq!(test.read(LOCK).await.unwrap(), lock_info("bob"));
    });
}

#[test]
fn what_happened_to_lockfiles_is_forgotten_in_the_end() {
    block_on(async {
        let test = versioned().await;
        test.acquire("alice", "call-1").await.unwrap();
        test.release(None, "call-2").await;
        test.expire_all().await;
        assert_eq!(test.rows().await.into_iter().collect::<Vec<_>>(), [('b', 1)]);
    });
}

#[test]
fn a_job_that_runs_twice_has_one_effect() {
    block_on(async {
        let test = Harness::with_bucket(Unpleasant::running_twice(), Versioning::Enabled).await;
        let bytes = body(3 << 20, 1);
        test.put("k", &bytes).await;
        test.put("k", &body(5, 1)).await;
        test.acquire("alice", "call-1").await.unwrap();
        test.release(None, "call-2").await;
        test.expire_all().await;
        assert_eq!(
            test.rows().await.into_iter().collect::<Vec<_>>(),
            [('#', 4), ('b', 1), ('v', 2)]
        );
    });
}

async fn page(
    test: &Harness,
    after: Option<(String, Option<VersionId>)>,
    limit: usize,
) -> (Vec<(String, VersionId, bool)>, Option<(String, Option<VersionId>)>) {
    let (after, after_version) = after.map_or((None, None), |(key, id)| (Some(key), id));
    let (prefix, delimiter) = (String::new(), String::new());
    let page = ListingRequest { bucket: BUCKET.to_owned(), prefix, delimiter, after, limit };
    let request = VersionListingRequest { page, after_version };
    let listing = test.engine.list_versions(request).await.unwrap();
    let items = listing.items.into_iter().map(|item| match item {
        VersionListingItem::Version(key, version, newest) => (key, version.id, newest),
        VersionListingItem::CommonPrefix(prefix) => panic!("{prefix}"),
    });
    (items.collect(), listing.next)
}

#[test]
fn a_bucket_can_be_emptied_page_by_page() {
    block_on(async {
        let test = versioned().await;
        for number in 0..7_u8 {
            test.put("k", &Bytes::from(vec![number])).await;
        }
        let (mut after, mut seen) = (None, 0);
        loop {
            let (items, next) = page(&test, after, 3).await;
            for (key, id, _) in items {
                test.delete(&key, Some(id)).await;
                seen += 1;
            }
            after = next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen, 7, "deleting a page must not hide the next");
        test.engine.delete_bucket(BUCKET.to_owned(), sender(None)).await.unwrap();
    });
}

#[test]
fn the_newest_version_is_known_as_such_after_the_ones_before_it_went() {
    block_on(async {
        let test = versioned().await;
        for number in 0..3_u8 {
            test.put("k", &Bytes::from(vec![number])).await;
        }
        let (first, next) = page(&test, None, 1).await;
        assert!(first[0].2);
        let (second, _) = page(&test, next.clone(), 1).await;
        assert!(!second[0].2, "the newest was on the page before");
        test.delete("k", Some(first[0].1)).await;
        let (second, _) = page(&test, next, 1).await;
        assert!(second[0].2, "now it is the newest");
    });
}

#[test]
fn a_version_id_is_never_used_again_and_the_clock_does_not_decide_what_is_newest() {
    block_on(async {
        let test = versioned().await;
        let (mut ids, mut seen) = (Vec::new(), BTreeSet::new());
        for number in 0..20_u8 {
            // Back, standing still, and once far ahead; the newest goes now and then.
            test.clock.set(crate::harness::START - u64::from(number / 2) * MINUTE);
            if number == 4 {
                test.clock.advance(100 * MINUTE);
            }
            let id = test.put("k", &Bytes::from(vec![number])).await;
            assert!(seen.insert(id.to_string()), "used again: {id}");
            ids.push(id);
            assert_eq!(test.read("k").await.unwrap(), [number].as_slice());
            if number % 3 == 0 {
                test.delete("k", ids.pop()).await;
            }
        }
        let (items, _) = page(&test, None, 100).await;
        let listed: Vec<_> = items.into_iter().map(|(_, id, _)| id).rev().collect();
        assert_eq!(listed, ids);
    });
}

#[test]
fn p2_a_release_is_remembered_beside_a_refusal_that_the_clock_has_yet_to_reach() {
    let lock = |call| Op::Put { key: 8, body: Body::Lock(1, 0), condition: Condition::None, call };
    let other = Op::Put { key: 8, body: Body::Empty, condition: Condition::None, call: None };
    let back = Op::Back { micros: 16 * MINUTE };
    let release =
        Op::Delete { key: 8, which: Which::Newest, condition: Condition::None, call: Some(3) };
    let ops = [lock(None), other, back.clone(), release, back, lock(None)];
    assert_eq!(run(Arc::new(MemoryStorage::new()), false, &ops), Ok(()));
}
