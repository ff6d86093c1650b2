//! Torture: clients of all protocols work on a few states at once while the server is killed under them,
//! and note what they asked and were told, for [`history`](crate::history) to judge.
//!
//! - [`round`]: one round, which its seed decides: who does what, and when the server is killed;
//! - `client`: one client with one connection, which notes every request; `session` is what it does with
//!   them, and `stock` what Terraform and OpenTofu do; `request` has their bytes, and `wire` sends them and tells what is certain of the outcome;
//! - [`lying_proxy`]: a server with a bug, made of a good one;
//! - [`campaign`]: round after round until the time is over.
//!
//! Every history is one of fresh states. The order of threads is not the seed's, so a seed brings back
//! what the clients tried and when the server was killed, not the very interleaving.

pub mod campaign;
mod client;
mod clock;
pub mod lying_proxy;
mod request;
pub mod round;
mod session;
mod stock;
mod wire;
