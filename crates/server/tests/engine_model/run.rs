//! Applies random histories to the engine and to the model.

use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use statelock_server::engine::Sender;
use statelock_server::records::Versioning;
use statelock_server::storage::Storage;
use statelock_server::storage::embedded::EmbeddedStorage;
use statelock_server::storage::memory::MemoryStorage;

use crate::compare;
use crate::harness::{Harness, START, block_on};
use crate::model::Model;
use crate::ops::Op;
use crate::pair::Pair;
use crate::storages::Unpleasant;
use crate::strategies::{history, lock_history};

/// The earlier request that this step repeats.
fn again(ops: &[Op], step: usize) -> Option<&Op> {
    let Op::Again { earlier } = ops.get(step)? else { return None };
    let before: Vec<_> = ops[..step].iter().filter(|op| !matches!(op, Op::Again { .. })).collect();
    (!before.is_empty()).then(|| *earlier.get(&before))
}

/// Runs a history; says where the two differ.
pub(crate) fn run(storage: Arc<dyn Storage>, versioned: bool, ops: &[Op]) -> Result<(), String> {
    run_blurred(storage, |sender| sender, versioned, ops)
}

/// As [`run`], with an engine that is not told everything about senders.
pub(crate) fn run_blurred(
    storage: Arc<dyn Storage>,
    blur: fn(Sender) -> Sender,
    versioned: bool,
    ops: &[Op],
) -> Result<(), String> {
    let versioning = if versioned { Versioning::Enabled } else { Versioning::Unversioned };
    block_on(async {
        let test = Harness::with_bucket(storage, versioning).await;
        let mut pair =
            Pair { test, model: Model::new(versioning, START), staged: Vec::new(), blur };
        for (step, op) in ops.iter().enumerate() {
            let repeated = again(ops, step);
            let (op, is_late) = (repeated.unwrap_or(op), repeated.is_some());
            let what = |difference| format!("after step {step}, {op:?}: {difference}");
            let (engine, model) = pair.apply(op, is_late).await;
            if engine != model {
                return Err(what(format!("engine {engine:?}, model {model:?}")));
            }
            compare::step(&pair.test, &pair.model, step).await.map_err(what)?;
            // Requests often share a microsecond.
            pair.advance(u64::from(step % 3 == 0));
        }
        compare::whole(&pair.test, &pair.model).await
    })
}

fn config(cases: u32) -> ProptestConfig {
    let seeds = FileFailurePersistence::Direct("tests/engine_model/failed-seeds.txt");
    ProptestConfig {
        failure_persistence: Some(Box::new(seeds)),
        ..ProptestConfig::with_cases(cases)
    }
}

proptest! {
    #![proptest_config(config(80))]

    #[test]
    fn the_engine_does_what_the_model_does_in_memory((versioned, ops) in history()) {
        let ran = run(Arc::new(MemoryStorage::new()), versioned, &ops);
        prop_assert_eq!(ran, Ok(()));
    }
}

proptest! {
    #![proptest_config(config(200))]

    #[test]
    fn the_engine_does_what_the_model_does_with_one_lock((versioned, ops) in lock_history()) {
        let ran = run(Arc::new(MemoryStorage::new()), versioned, &ops);
        prop_assert_eq!(ran, Ok(()));
    }
}

proptest! {
    #![proptest_config(config(8))]

    #[test]
    fn the_engine_does_what_the_model_does_on_disk((versioned, ops) in history()) {
        let directory = tempfile::tempdir().unwrap();
        let storage = EmbeddedStorage::open(directory.path()).unwrap();
        let ran = run(Arc::new(storage), versioned, &ops);
        prop_assert_eq!(ran, Ok(()));
    }
}

proptest! {
    #![proptest_config(config(16))]

    #[test]
    fn the_engine_does_what_the_model_does_when_every_job_runs_twice((versioned, ops) in history()) {
        let ran = run(Unpleasant::running_twice(), versioned, &ops);
        prop_assert_eq!(ran, Ok(()));
    }
}
