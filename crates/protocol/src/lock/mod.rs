//! A lock as clients write it down: who holds it, since when, and for what.
//!
//! - [`id`]: the lock ID that names one acquisition;
//! - [`created_at`]: the time in a lock info, as Go writes and reads it;
//! - [`info`]: the lock info, byte for byte as Terraform and OpenTofu write it;
//! - [`stamp`]: what statelock writes into a lock info about the holder, for people and programs;
//! - [`evidence`]: whether the holder is still alive, from what an observer saw;
//! - [`line`](mod@line): who waits for a lock, and whose turn it is;
//! - [`steps`]: the protocols of clients, as machines that say what to send next;
//! - [`unified`]: one lock behind lockfile, lock table and `http` backend.

mod calendar;
pub mod created_at;
pub mod evidence;
mod go_json;
pub mod id;
pub mod info;
pub mod line;
pub mod stamp;
pub mod steps;
pub mod unified;

pub use created_at::{CreatedAt, CreatedAtError};
pub use id::{LOCK_ID_SIZE_BYTES_MAX, LockId, LockIdError};
pub use info::{LockInfo, LockInfoError};
pub use stamp::Stamp;
