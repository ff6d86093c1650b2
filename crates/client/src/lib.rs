//! Locks and state of Terraform and OpenTofu in S3 and DynamoDB, with exactly their protocols.
//!
//! A lock that is taken here keeps Terraform and OpenTofu out, and theirs keep us out, in each of the
//! three modes: lockfile (`use_lockfile`), lock table (`dynamodb_table`), and both.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use statelock_client::{BackendSettings, Claim, StateBackend};
//! use std::time::Duration;
//!
//! let settings = BackendSettings::lockfile("my-bucket", "network/terraform.tfstate")?;
//! let backend = StateBackend::connect(settings).await?;
//! let claim = Claim { operation: "backup".into(), who: "ops@here".into(), ..Claim::default() };
//! let lock = backend.lock(&claim, Duration::from_mins(1), &mut |_| {}).await?;
//! // … nobody else changes the state here …
//! assert!(lock.release().await.is_gone());
//! # Ok(())
//! # }
//! ```
//!
//! # What is guaranteed
//! The promises P1 to P5, P9 and P11 of `docs/semantics.md`: "acquired" is said only of a lock that the store
//! had; what ends as held or refused leaves nothing; nothing but the lock that is meant is ever removed. What
//! cannot be known, because an answer was lost, is reported as unknown, and never guessed. Of P6 to P8: a state
//! is written only under a lock and only over what was read ([`state`]), and its digest with it.
//!
//! # What is not
//! The stores have no leases: who is killed leaves the lock. A store that ignores conditions does not lock at
//! all, and this library cannot see it from one request.

mod account;
mod backend;
pub mod bucket;
mod connection;
mod drive;
mod error;
mod handle;
pub mod listing;
pub mod lock_table;
pub mod probe;
pub mod proof;
mod settings;
pub mod state;
mod system;
mod transport;

pub use account::CallerIdentity;
pub use backend::{Claim, LockError, LockEvent, StateBackend};
pub use connection::Connection;
pub use connection::endpoint_url::without_user;
pub use error::{BUCKET_IN_HOST, ConnectError, StoreError, Trouble};
pub use handle::{LockHandle, ReleaseReport, Standing};
pub use settings::{
    AssumeRole, BackendSettings, Encryption, ObjectSettings, ProxySettings, Secret,
    StaticCredentials, StoreSettings, WebIdentity,
};
pub use statelock_protocol as protocol;
