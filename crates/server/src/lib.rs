//! The state server: an S3 bucket for Terraform states whose lockfiles really lock.
//!
//! A request passes through these rooms, in this order:
//! - [`listener`](ConnectionLimits): connections, limits, request ids, and which API a request is for;
//! - [`api`]: one room per wire API; each parses, builds one command, calls the engine and renders;
//! - [`auth`]: the root access key, and what proves that a request was made with it;
//! - [`engine`]: what to do, decided by pure functions over what is stored;
//! - [`records`]: what the stored rows mean;
//! - [`storage`]: ordered keys and values under serialisable transactions, with two engines.
//!
//! Beside them, [`backup`] copies a data directory while its server runs, and checks the copy.

pub mod api;
pub mod auth;
pub mod backup;
pub mod engine;
mod listener;
pub mod metrics;
pub mod records;
mod server;
pub mod storage;
mod system;

pub use listener::ConnectionLimits;
pub use server::{Server, Settings, StartError, StorageEngine};
pub use system::{SystemClock, SystemRandomness};
