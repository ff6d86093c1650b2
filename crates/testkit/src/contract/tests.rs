//! The suite tested: it passes on the reference store, and catches stores that break a promise.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use statelock_protocol::store::{ObjectKey, Precondition, Refusal, StoredObject};

use super::*;
use crate::reference_store::ReferenceStore;

type Break = fn(&mut ReferenceStore, ObjectRequest) -> Reply<ObjectSuccess>;

/// A reference store with one thing wrong.
struct Mutant {
    inner: ReferenceStore,
    answer: Break,
}

impl ObjectStoreUnderTest for Mutant {
    fn call(&mut self, request: ObjectRequest) -> Reply<ObjectSuccess> {
        (self.answer)(&mut self.inner, request)
    }

    fn bucket(&self) -> BucketName {
        bucket()
    }
}

fn bucket() -> BucketName {
    BucketName::new("bkt")
}

fn failures(answer: Break) -> Vec<&'static str> {
    let mut make_store = || -> Box<dyn ObjectStoreUnderTest> {
        Box::new(Mutant { inner: ReferenceStore::new().with_bucket(bucket()), answer })
    };
    run_all(&mut make_store).err().map_or_else(Vec::new, |failed| failed.names())
}

fn is_caught_by(case: &str, answer: Break) {
    let failed = failures(answer);
    assert!(failed.contains(&case), "{case} is not among {failed:?}");
}

/// A write or a delete with its precondition replaced where `change` says so.
fn with_precondition(
    request: ObjectRequest,
    change: fn(Precondition) -> Precondition,
) -> ObjectRequest {
    match request {
        ObjectRequest::Write { bucket, key, body, precondition } => {
            ObjectRequest::Write { bucket, key, body, precondition: change(precondition) }
        }
        other => other,
    }
}

fn with_key(request: ObjectRequest, change: fn(&str) -> String) -> ObjectRequest {
    let change = |key: &ObjectKey| ObjectKey::new(change(key.as_str()));
    match request {
        ObjectRequest::Read { bucket, key } => ObjectRequest::Read { bucket, key: change(&key) },
        ObjectRequest::Write { bucket, key, body, precondition } => {
            ObjectRequest::Write { bucket, key: change(&key), body, precondition }
        }
        ObjectRequest::Delete { bucket, key, precondition } => {
            ObjectRequest::Delete { bucket, key: change(&key), precondition }
        }
        list @ ObjectRequest::List { .. } => list,
    }
}

fn with_page(
    reply: Reply<ObjectSuccess>,
    change: fn(&mut Vec<statelock_protocol::store::ListedObject>),
) -> Reply<ObjectSuccess> {
    reply.map(|success| match success {
        ObjectSuccess::Listed(mut page) => {
            change(&mut page);
            ObjectSuccess::Listed(page)
        }
        other => other,
    })
}

#[test]
fn the_reference_store_keeps_every_promise() {
    assert_eq!(failures(ReferenceStore::call), Vec::<&str>::new());
}

#[test]
fn one_store_can_serve_all_cases() {
    struct Shared(Arc<Mutex<ReferenceStore>>);
    impl ObjectStoreUnderTest for Shared {
        fn call(&mut self, request: ObjectRequest) -> Reply<ObjectSuccess> {
            self.0.lock().expect("no case panics").call(request)
        }
        fn bucket(&self) -> BucketName {
            bucket()
        }
    }
    let store = Arc::new(Mutex::new(ReferenceStore::new().with_bucket(bucket())));
    run_all(&mut || Box::new(Shared(Arc::clone(&store)))).expect("a sound store");
}

#[test]
fn case_names_are_unique() {
    let names: BTreeSet<&str> = OBJECT_CASES.iter().map(|case| case.name).collect();
    assert_eq!(names.len(), OBJECT_CASES.len());
}

#[test]
fn all_failing_cases_are_reported_by_name_even_if_the_store_panics() {
    let failed = failures(|_, _| panic!("broken"));
    assert_eq!(failed.len(), OBJECT_CASES.len());
    let refused = failures(|_, _| Reply::Unknown);
    assert_eq!(refused.len(), OBJECT_CASES.len(), "no promise is kept by an unknown outcome");
}

#[test]
fn a_store_that_ignores_if_absent_is_caught() {
    is_caught_by("if_absent_applies_to_a_fresh_key_only_once", |store, request| {
        store.call(with_precondition(request, |precondition| match precondition {
            Precondition::IfAbsent => Precondition::None,
            other => other,
        }))
    });
}

#[test]
fn a_store_that_ignores_if_match_is_caught() {
    is_caught_by("if_match_is_refused_for_an_older_tag", |store, request| {
        store.call(with_precondition(request, |precondition| match precondition {
            Precondition::IfMatch(_) => Precondition::None,
            other => other,
        }))
    });
}

#[test]
fn a_store_that_ignores_the_condition_of_a_delete_is_caught() {
    is_caught_by("delete_if_match_is_refused_for_an_older_tag", |store, request| {
        store.call(match request {
            ObjectRequest::Delete { bucket, key, .. } => {
                ObjectRequest::Delete { bucket, key, precondition: Precondition::None }
            }
            other => other,
        })
    });
}

#[test]
fn a_store_whose_delete_marker_blocks_a_create_is_caught() {
    is_caught_by("if_absent_applies_again_after_a_delete", |store, request| {
        let ever_written = |key: &ObjectKey| {
            let is_key = |effect: &crate::reference_store::Effect| match effect {
                crate::reference_store::Effect::Written(_, written, _) => written == key,
                crate::reference_store::Effect::Deleted(..)
                | crate::reference_store::Effect::ItemPut(..)
                | crate::reference_store::Effect::ItemDeleted(..) => false,
            };
            store.effects().iter().any(is_key)
        };
        match &request {
            ObjectRequest::Write { key, precondition: Precondition::IfAbsent, .. }
                if ever_written(key) =>
            {
                Reply::Refused(Refusal::PreconditionFailed)
            }
            _ => store.call(request),
        }
    });
}

#[test]
fn a_store_that_refuses_but_writes_is_caught() {
    is_caught_by("a_refused_write_leaves_the_old_bytes", |store, request| {
        let reply = store.call(request.clone());
        if reply == Reply::Refused(Refusal::PreconditionFailed) {
            store.call(with_precondition(request, |_| Precondition::None));
        }
        reply
    });
}

#[test]
fn a_store_that_answers_412_where_nothing_can_match_is_caught() {
    is_caught_by("if_match_is_refused_where_there_is_no_object", |store, request| {
        match store.call(request) {
            Reply::Refused(Refusal::NoSuchKey) => Reply::Refused(Refusal::PreconditionFailed),
            other => other,
        }
    });
}

#[test]
fn a_store_that_loses_bytes_is_caught() {
    is_caught_by("three_mebibytes_are_read_back", |store, request| {
        store.call(request).map(|success| match success {
            ObjectSuccess::Read(StoredObject { mut body, etag }) => {
                body.truncate(3_000_000);
                ObjectSuccess::Read(StoredObject { body, etag })
            }
            other => other,
        })
    });
}

#[test]
fn a_store_that_lists_out_of_order_is_caught() {
    is_caught_by("a_listing_is_ordered_by_bytes", |store, request| {
        with_page(store.call(request), |page| page.reverse())
    });
}

#[test]
fn a_store_that_cuts_a_page_short_is_caught() {
    is_caught_by("a_thousand_keys_are_listed_in_pages_without_gaps", |store, request| {
        with_page(store.call(request), |page| page.truncate(999))
    });
}

#[test]
fn a_store_that_lists_the_key_it_was_asked_to_start_after_is_caught() {
    is_caught_by("a_listing_starts_strictly_after_the_given_key", |store, request| {
        store.call(match request {
            ObjectRequest::List { bucket, prefix, after, limit } => {
                let mut text = after.map(|key| key.as_str().to_owned()).unwrap_or_default();
                text.pop();
                let after = Some(ObjectKey::new(text));
                ObjectRequest::List { bucket, prefix, after, limit }
            }
            other => other,
        })
    });
}

#[test]
fn stores_that_change_keys_are_caught() {
    let cleaned: Break =
        |store, request| store.call(with_key(request, |key| key.replace("//", "/")));
    is_caught_by("unusual_keys_are_kept_apart_and_exactly", cleaned);
    let decoded: Break =
        |store, request| store.call(with_key(request, |key| key.replace('+', " ")));
    is_caught_by("unusual_keys_are_kept_apart_and_exactly", decoded);
    let trimmed: Break =
        |store, request| store.call(with_key(request, |key| key.trim_end_matches('/').to_owned()));
    is_caught_by("a_key_and_keys_below_it_coexist", trimmed);
    let shortened: Break =
        |store, request| store.call(with_key(request, |key| key.chars().take(1023).collect()));
    is_caught_by("a_key_of_1024_bytes_is_stored", shortened);
}

#[test]
fn a_store_that_makes_buckets_on_demand_is_caught() {
    is_caught_by("an_unknown_bucket_refuses_every_request", |store, request| {
        let new = BucketName::new("statelock-contract-no-such-bucket");
        *store = std::mem::take(store).with_bucket(new);
        store.call(request)
    });
}

type Shared = Arc<Mutex<ReferenceStore>>;

fn shared_store() -> Shared {
    Arc::new(Mutex::new(ReferenceStore::new().with_bucket(bucket())))
}

fn sound_call(store: &Shared) -> impl FnMut(ObjectRequest) -> Reply<ObjectSuccess> + Send + use<> {
    let store = Arc::clone(store);
    move |request| store.lock().expect("no caller panics").call(request)
}

#[test]
fn exactly_one_caller_wins_on_the_reference_store() {
    let store = shared_store();
    race_for_one_key(&bucket(), 4, 50, |_| sound_call(&store)).expect("one winner per round");
    race_for_one_version(&bucket(), 4, 50, |_| sound_call(&store)).expect("one winner per round");
}

#[test]
fn a_store_where_several_callers_win_is_caught() {
    let store = shared_store();
    let make_call = |_| {
        let mut call = sound_call(&store);
        move |request| call(with_precondition(request, |_| Precondition::None))
    };
    for error in [
        race_for_one_key(&bucket(), 3, 1, make_call).expect_err("three winners"),
        race_for_one_version(&bucket(), 3, 1, make_call).expect_err("three winners"),
    ] {
        assert!(format!("{error:#}").contains("3 winners"), "{error:#}");
    }
}

#[test]
fn a_store_where_nobody_wins_is_caught() {
    let make_call = |_| |_| Reply::Refused(Refusal::PreconditionFailed);
    let error = race_for_one_key(&bucket(), 3, 1, make_call).expect_err("no winner");
    assert!(format!("{error:#}").contains("0 winners"), "{error:#}");
}

#[test]
fn a_loser_that_does_not_know_it_is_caught() {
    let store = shared_store();
    let make_call = |_| {
        let mut call = sound_call(&store);
        move |request| match call(request) {
            Reply::Refused(_) => Reply::Unknown,
            other => other,
        }
    };
    let error = race_for_one_key(&bucket(), 2, 1, make_call).expect_err("an unknown outcome");
    assert!(format!("{error:#}").contains("neither won nor lost"), "{error:#}");
}
