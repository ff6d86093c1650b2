//! Bodies live exactly as long as something refers to them.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::{FutureExt, StreamExt};
use statelock_server::engine::{BodyError, EngineError};
use statelock_server::records::Versioning;
use statelock_server::storage::memory::MemoryStorage;

use crate::harness::{BUCKET, HOUR, Harness, block_on, body, put_request};
use crate::storages::Unpleasant;

const LARGE: usize = 3 << 20;

#[test]
fn a_body_that_was_swept_cannot_become_an_object() {
    block_on(async {
        let test = Harness::with_bucket(Arc::new(MemoryStorage::new()), Versioning::Enabled).await;
        let staged = test.stage(&body(LARGE, 1)).await;
        test.clock.advance(2 * HOUR);
        test.engine.sweep().await.unwrap();
        let refused = test.engine.put(put_request("k"), staged).await;
        assert!(
            matches!(refused, Err(EngineError::Body(BodyError::Stalled))),
            "an object without bytes was acknowledged: {refused:?}"
        );
        assert!(matches!(test.read("k").await, Err(EngineError::NoSuchKey)));
        assert_eq!(test.rows().await.into_iter().collect::<Vec<_>>(), [('b', 1)]);
    });
}

#[test]
fn a_sweep_spares_a_body_that_becomes_an_object_meanwhile() {
    block_on(async {
        let storage = Unpleasant::new();
        let test =
            Harness::with_bucket(Arc::<Unpleasant>::clone(&storage), Versioning::Enabled).await;
        let bytes = body(LARGE, 1);
        let staged = test.stage(&bytes).await;
        test.clock.advance(2 * HOUR);
        // The sweep's first read finds no discarded body; its second finds the staged one.
        let (late, again) = (test.clone(), Arc::clone(&storage));
        storage.after_next_read(Box::new(move || {
            again.after_next_read(Box::new(move || {
                async move {
                    late.engine.put(put_request("k"), staged).await.unwrap();
                }
                .boxed()
            }));
            futures::future::ready(()).boxed()
        }));
        test.engine.sweep().await.unwrap();
        assert_eq!(test.read("k").await.unwrap(), bytes);
    });
}

#[test]
fn an_unknown_outcome_does_not_take_the_body_from_an_object_that_was_stored() {
    block_on(async {
        let storage = Unpleasant::new();
        let test =
            Harness::with_bucket(Arc::<Unpleasant>::clone(&storage), Versioning::Enabled).await;
        let bytes = body(LARGE, 1);
        let staged = test.stage(&bytes).await;
        storage.forget_next_outcome();
        assert!(test.engine.put(put_request("k"), staged).await.is_err());
        assert_eq!(test.read("k").await.unwrap(), bytes);
    });
}

#[test]
fn an_upload_that_goes_on_is_not_swept_however_long_it_takes() {
    block_on(async {
        let test = Harness::with_bucket(Arc::new(MemoryStorage::new()), Versioning::Enabled).await;
        let bytes = body(LARGE, 1);
        let slow = test.clone();
        let pieces = futures::stream::unfold(bytes.clone(), move |mut rest| {
            let slow = slow.clone();
            async move {
                if rest.is_empty() {
                    return None;
                }
                slow.clock.advance(HOUR / 4);
                slow.engine.sweep().await.unwrap();
                let piece = rest.split_to(1 << 19);
                Some((Ok(piece), rest))
            }
        });
        let staged = test.engine.stage(Box::pin(pieces), &[], EngineError::Storage).await.unwrap();
        test.engine.put(put_request("k"), staged).await.unwrap();
        assert_eq!(test.read("k").await.unwrap(), bytes);
        test.delete("k", None).await;
    });
}

#[test]
fn pieces_after_a_sweep_are_not_left_behind_for_ever() {
    block_on(async {
        let test = Harness::with_bucket(Arc::new(MemoryStorage::new()), Versioning::Enabled).await;
        let late = test.clone();
        let mut number = 0;
        let pieces = futures::stream::unfold(body(LARGE, 1), move |mut rest| {
            let late = late.clone();
            number += 1;
            async move {
                if rest.is_empty() {
                    return None;
                }
                if number == 3 {
                    // The clock is set forward in the middle of an upload, when its first piece is stored.
                    let stored = async {
                        while !late.rows().await.contains_key(&'#') {
                            tokio::task::yield_now().await;
                        }
                    };
                    tokio::time::timeout(Duration::from_mins(1), stored).await.unwrap();
                    late.clock.advance(2 * HOUR);
                    late.engine.sweep().await.unwrap();
                }
                let piece = rest.split_to(1 << 20);
                Some((Ok(piece), rest))
            }
        });
        let staged = test.engine.stage(Box::pin(pieces), &[], EngineError::Storage).await;
        assert!(matches!(staged, Err(EngineError::Body(BodyError::Stalled))), "{staged:?}");
        test.expire_all().await;
        assert_eq!(test.rows().await.into_iter().collect::<Vec<_>>(), [('b', 1)]);
    });
}

#[test]
fn a_request_that_is_given_up_takes_the_piece_with_it_that_waits_to_be_stored() {
    block_on(async {
        let test = Harness::with_bucket(Arc::new(MemoryStorage::new()), Versioning::Enabled).await;
        {
            let sent = futures::stream::iter([Ok(body(1 << 20, 1)), Ok(body(1, 2))]);
            let sent = sent.chain(futures::stream::pending());
            let mut staging = pin!(test.engine.stage(sent, &[], EngineError::Storage));
            assert!(futures::poll!(&mut staging).is_pending());
        }
        test.put("k", &body(LARGE, 3)).await;
        assert_eq!(test.rows().await.get(&'#'), Some(&3));
    });
}

#[test]
fn a_reader_of_a_small_object_is_not_cut_off_by_a_delete() {
    block_on(async {
        let test =
            Harness::with_bucket(Arc::new(MemoryStorage::new()), Versioning::Unversioned).await;
        let bytes = body(1_000, 1);
        test.put("k", &bytes).await;
        // A copy looks the object up first and streams it afterwards.
        let (version, _, _) =
            test.engine.find(BUCKET.to_owned(), "k".to_owned(), None, false).await.unwrap();
        test.put("k", &body(10, 2)).await;
        let content = version.content.unwrap();
        assert_eq!(test.stream(&content).await.unwrap(), bytes);
        test.expire_all().await;
        assert!(test.stream(&content).await.is_err());
    });
}
