//! The explorer for clients: the machines of `statelock_protocol::lock::steps` and models of stock
//! clients, byte by byte against a plain object store and a lock table, with the rules of AWS and
//! nothing else.
//!
//! - [`run`]: who takes part, what may happen; [`world`] is one state of it;
//! - [`program`]: what a client runs; [`party`] drives its machines, [`doing`] is where it stands;
//! - [`scene`]: the one state that all lock; [`stock`] puts what stock clients send in bytes;
//! - [`store`]: the reference store, with what stores do otherwise; [`faults`]: what goes wrong;
//! - [`rules`]: what a client does with a machine; a mutant does one thing otherwise;
//! - `judge` holds each event against the promises; `telling` tells a history.
//!
//! What it found stands in `docs/protocol/lock-steps.md`.

pub mod doing;
pub mod faults;
mod judge;
pub mod party;
pub mod program;
pub mod rules;
pub mod run;
pub mod scene;
pub mod stock;
pub mod store;
mod telling;
pub mod world;
