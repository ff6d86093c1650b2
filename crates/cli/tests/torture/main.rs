//! Clients of every protocol at work while the server is killed: one lock and one state must explain
//! everything that they were told.
//!
//! Each run begins with another seed and prints it; `STATELOCK_TEST_SEED` repeats one. For hours instead of
//! seconds: `cargo xtask torture`.

mod bugs;
mod honest;
