//! The model must be able to fail: storages that make the engine break one rule each.

use std::sync::Arc;

use futures::future::BoxFuture;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};
use statelock_server::storage::memory::MemoryStorage;
use statelock_server::storage::{
    ReadJob, Row, Storage, StorageError, Table, Transaction, WriteJob,
};

use crate::run::run;
use crate::strategies::history;

/// A rule that is broken.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    /// A repeated call on a lockfile acts again.
    ForgetsCalls,
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

impl Transaction for Faulty<'_> {
    fn get(&mut self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        self.inner.get(table, key)
    }

    fn put(&mut self, table: Table, key: &[u8], value: &[u8]) -> Result<(), StorageError> {
        match (self.fault, table, key.first()) {
            (Fault::ForgetsCalls, Table::Records, Some(b't'))
            | (Fault::ForgetsAnswers, Table::Records, Some(b'c')) => Ok(()),
            _ => self.inner.put(table, key, value),
        }
    }

    fn delete(&mut self, table: Table, key: &[u8]) -> Result<(), StorageError> {
        match (self.fault, table, key.first()) {
            (Fault::KeepsVersions, Table::Records, Some(b'v'))
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
    let config =
        Config { cases: 200, max_shrink_iters: 0, failure_persistence: None, ..Config::default() };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let ran = TestRunner::new_with_rng(config, rng).run(&history(), |(versioned, ops)| {
        let storage = Arc::new(Mutant { inner: MemoryStorage::new(), fault });
        run(storage, versioned, &ops).map_err(proptest::test_runner::TestCaseError::fail)
    });
    matches!(ran, Err(TestError::Fail(..)))
}

#[test]
fn the_model_notices_forgotten_calls() {
    assert!(is_noticed(Fault::ForgetsCalls));
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
