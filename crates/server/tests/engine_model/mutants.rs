//! The model must be able to fail: storages that make the engine break one rule each.

use std::sync::Arc;

use futures::future::BoxFuture;
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};
use serde_json::Value;
use statelock_server::engine::{ConnectionId, Sender};
use statelock_server::storage::memory::MemoryStorage;
use statelock_server::storage::{
    ReadJob, Row, Storage, StorageError, Table, Transaction, WriteJob,
};

use crate::ops::Op;
use crate::run::run_blurred;
use crate::strategies::{history, lock_history};

/// A rule that is broken.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    /// What happened to a lock is not remembered: a repeated call acts again.
    ForgetsTrails,
    /// Of what happened to a lock, it is not remembered by which call.
    ForgetsCalls,
    /// Who was refused a lock is not remembered.
    ForgetsRefusals,
    /// Who released a lock is not remembered.
    ForgetsReleases,
    /// Whose release was refused is not remembered.
    ForgetsSpared,
    /// Locks that were released long ago stay.
    KeepsLocks,
    /// Who holds a lock is not remembered.
    ForgetsHolders,
    /// A repeated completion finds no answer.
    ForgetsAnswers,
    /// What was replaced or deleted stays.
    KeepsVersions,
    /// The oldest version counts as the newest.
    OldestFirst,
    /// Pieces of bodies are never removed.
    KeepsPieces,
    /// A body that became an object is still the sweep's.
    KeepsMarks,
}

struct Mutant {
    inner: MemoryStorage,
    fault: Fault,
}

impl Storage for Mutant {
    fn write(&self, mut job: WriteJob) -> BoxFuture<'_, Result<(), StorageError>> {
        let fault = self.fault;
        self.inner.write(Box::new(move |inner| job(&mut Faulty { inner, fault })))
    }

    fn read(&self, mut job: ReadJob) -> BoxFuture<'_, Result<(), StorageError>> {
        let fault = self.fault;
        self.inner.read(Box::new(move |inner| job(&mut Faulty { inner, fault })))
    }

    fn close(&self) -> BoxFuture<'_, Result<(), StorageError>> {
        self.inner.close()
    }
}

struct Faulty<'a> {
    inner: &'a mut dyn Transaction,
    fault: Fault,
}

impl Faulty<'_> {
    /// A lock's record, less what this fault forgets.
    fn worse(&self, value: &[u8]) -> Vec<u8> {
        let mut lock: Value = serde_json::from_slice(value).unwrap();
        let forgotten = match self.fault {
            Fault::ForgetsRefusals => Some("refused"),
            Fault::ForgetsReleases => Some("released"),
            Fault::ForgetsSpared => Some("spared"),
            _ => None,
        };
        if let Some(trail) = lock.get_mut("trail").and_then(Value::as_array_mut) {
            trail.retain(|entry| !forgotten.is_some_and(|event| entry[0] == event));
            if self.fault == Fault::ForgetsCalls {
                for entry in trail.iter_mut() {
                    drop(entry[3].take());
                }
            }
        }
        if let Some(hold) = lock.get_mut("hold").filter(|_| self.fault == Fault::ForgetsHolders) {
            hold["id"].take();
        }
        serde_json::to_vec(&lock).unwrap()
    }
}

impl Transaction for Faulty<'_> {
    fn get(&mut self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        self.inner.get(table, key)
    }

    fn put(&mut self, table: Table, key: &[u8], value: &[u8]) -> Result<(), StorageError> {
        match (self.fault, table, key.first()) {
            (Fault::ForgetsTrails, Table::Records, Some(b'l'))
            | (Fault::ForgetsAnswers, Table::Records, Some(b'c')) => Ok(()),
            (_, Table::Records, Some(b'l')) => self.inner.put(table, key, &self.worse(value)),
            _ => self.inner.put(table, key, value),
        }
    }

    fn delete(&mut self, table: Table, key: &[u8]) -> Result<(), StorageError> {
        match (self.fault, table, key.first()) {
            (Fault::KeepsVersions, Table::Records, Some(b'v'))
            | (Fault::KeepsLocks, Table::Records, Some(b'l'))
            | (Fault::KeepsMarks, Table::Records, Some(b's'))
            | (Fault::KeepsPieces, Table::Chunks, _) => Ok(()),
            _ => self.inner.delete(table, key),
        }
    }

    fn scan(
        &mut self,
        table: Table,
        from: &[u8],
        to: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StorageError> {
        if self.fault == Fault::OldestFirst && limit == 1 && from.first() == Some(&b'v') {
            let rows = self.inner.scan(table, from, to, usize::MAX)?;
            return Ok(rows.into_iter().next_back().into_iter().collect());
        }
        self.inner.scan(table, from, to, limit)
    }
}

/// Whether one of the first histories tells the mutant from the model.
fn is_noticed(fault: Fault) -> bool {
    let mutant = || -> Arc<dyn Storage> { Arc::new(Mutant { inner: MemoryStorage::new(), fault }) };
    is_noticed_by(|sender| sender, mutant, history())
}

/// The same of histories of one lock.
fn is_noticed_with_locks(fault: Fault) -> bool {
    let mutant = || -> Arc<dyn Storage> { Arc::new(Mutant { inner: MemoryStorage::new(), fault }) };
    is_noticed_by(|sender| sender, mutant, lock_history())
}

/// Whether one of the first histories shows that the engine is not told this about senders.
fn is_missed(blur: fn(Sender) -> Sender) -> bool {
    is_noticed_by(blur, || Arc::new(MemoryStorage::new()), history())
}

fn is_noticed_by(
    blur: fn(Sender) -> Sender,
    storage: impl Fn() -> Arc<dyn Storage>,
    histories: impl Strategy<Value = (bool, Vec<Op>)>,
) -> bool {
    let config =
        Config { cases: 200, max_shrink_iters: 0, failure_persistence: None, ..Config::default() };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let ran = TestRunner::new_with_rng(config, rng).run(&histories, |(versioned, ops)| {
        run_blurred(storage(), blur, versioned, &ops)
            .map_err(proptest::test_runner::TestCaseError::fail)
    });
    matches!(ran, Err(TestError::Fail(..)))
}

#[test]
fn the_model_notices_what_is_forgotten_about_locks() {
    let faults = [
        Fault::ForgetsTrails,
        Fault::ForgetsCalls,
        Fault::ForgetsRefusals,
        Fault::ForgetsReleases,
        Fault::ForgetsSpared,
        Fault::ForgetsHolders,
    ];
    for fault in faults {
        assert!(is_noticed_with_locks(fault), "{fault:?}");
    }
}

#[test]
fn the_model_notices_locks_that_stay() {
    assert!(is_noticed(Fault::KeepsLocks));
}

#[test]
fn the_model_notices_late_requests_that_count_as_new() {
    assert!(is_missed(|mut sender| {
        sender.connection.idle_since_micros = u64::MAX;
        sender
    }));
}

#[test]
fn the_model_notices_that_connections_are_not_told_apart() {
    assert!(is_missed(|mut sender| {
        sender.connection.id = ConnectionId(0);
        sender
    }));
}

#[test]
fn the_model_notices_calls_without_a_name() {
    assert!(is_missed(|mut sender| {
        sender.invocation = None;
        sender
    }));
}

#[test]
fn the_model_notices_forgotten_answers() {
    assert!(is_noticed(Fault::ForgetsAnswers));
}

#[test]
fn the_model_notices_versions_that_stay() {
    assert!(is_noticed(Fault::KeepsVersions));
}

#[test]
fn the_model_notices_a_wrong_order_of_versions() {
    assert!(is_noticed(Fault::OldestFirst));
}

#[test]
fn the_model_notices_pieces_that_stay() {
    assert!(is_noticed(Fault::KeepsPieces));
}

#[test]
fn the_model_notices_bodies_that_a_sweep_takes_away() {
    assert!(is_noticed(Fault::KeepsMarks));
}
