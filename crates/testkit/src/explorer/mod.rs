//! The explorer: tries every history of a few clients, a server that keeps one lock, and what can go
//! wrong between them, up to a bound of faults.
//!
//! - [`search`]: the search itself, for any model;
//! - [`run`]: who takes part, what may happen, and how a history is told; [`world`] is one state of it;
//! - [`client`]: stock clients as step machines; [`message`] is what they send, [`faults`] what goes wrong;
//! - [`server`]: what a modelled server is; [`unified_server`] has the unified lock, [`plain_store`] has
//!   the rules of AWS alone, and [`undo`] takes one rule away from the former;
//! - [`promise`]: what a history can break, decided in `judge`.
//!
//! [`steps`] is the other explorer: the machines of the client library and stock clients, byte by byte
//! against a plain object store and a lock table.
//!
//! What they found stands in `docs/protocol/unified-lock.md` and `docs/protocol/lock-steps.md`.

pub mod client;
pub mod faults;
pub mod identity;
mod judge;
pub mod message;
pub mod plain_store;
pub mod promise;
pub mod run;
pub mod search;
pub mod server;
pub mod steps;
mod telling;
pub mod undo;
pub mod unified_server;
pub mod world;
mod world_key;
