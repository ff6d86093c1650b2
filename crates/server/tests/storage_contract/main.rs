//! The promises of the storage port, as one list of cases that every engine runs, and what the
//! embedded engine promises beyond it.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "the helpers of tests are test code, which clippy does not see outside of test functions"
)]

mod cases;
mod child;
mod embedded_copying;
mod embedded_damage;
mod embedded_full_disk;
mod embedded_group;
mod embedded_io_failure;
mod embedded_kill;
mod embedded_open;
mod embedded_read_only;
mod embedded_refusal;
mod embedded_torn_log;
mod power_loss;
mod rows;

/// Makes one test per case and engine.
macro_rules! contract {
    ($($case:ident),+ $(,)?) => {
        mod memory {
            use std::sync::Arc;
            use statelock_server::storage::memory::MemoryStorage;

            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn $case() {
                    crate::cases::$case(Arc::new(MemoryStorage::new())).await;
                }
            )+
        }

        mod embedded {
            use std::sync::Arc;
            use statelock_server::storage::embedded::EmbeddedStorage;

            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn $case() {
                    let directory = tempfile::tempdir().unwrap();
                    let engine = EmbeddedStorage::open(directory.path()).unwrap();
                    crate::cases::$case(Arc::new(engine)).await;
                }
            )+
        }
    };
}

contract! {
    committed_rows_are_read_back,
    a_transaction_sees_its_own_writes,
    a_discarded_job_changes_nothing,
    a_failed_job_changes_nothing,
    a_panicking_job_changes_nothing_and_the_engine_goes_on,
    failures_between_commits_leave_the_others_alone,
    rollback_restores_values_that_were_replaced_and_deleted,
    tables_are_separate,
    scans_keep_order_bounds_and_limits,
    keys_are_any_bytes,
    values_are_any_size_up_to_a_chunk,
    deleting_what_is_absent_does_nothing,
    a_read_sees_one_snapshot,
    a_read_cannot_write,
    a_read_sees_writes_that_returned_before,
    increments_are_serialisable,
    a_dropped_call_leaves_the_engine_usable,
    a_closed_engine_refuses_every_call,
}
