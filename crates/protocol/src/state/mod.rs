//! What a state is: where it lives, what its bytes say about themselves, when it may be replaced.
//!
//! - [`address`]: bucket, key and workspace, resolved to every key that belongs to one state;
//! - [`workspace`]: workspace names and the prefix that their keys stand under;
//! - [`snapshot`]: the exact bytes of a state and the header read from them;
//! - [`digest`]: the MD5 that clients keep in the lock table;
//! - [`write_rule`]: when one snapshot may replace another.

pub mod address;
pub mod digest;
mod header_reader;
pub mod snapshot;
pub mod workspace;
pub mod write_rule;

pub use address::{
    LockTableKey, StateAddress, StateKey, StateKeyError, is_lockfile_key, lockfile_key_of,
    names_a_state, state_key_of_lockfile,
};
pub use digest::{Digest, DigestError};
pub use snapshot::{
    Lineage, Serial, StateContent, StateFormat, StateHeader, StateReadError, StateSnapshot,
};
pub use workspace::{
    WorkspaceKeyPrefix, WorkspaceKeyPrefixError, WorkspaceName, WorkspaceNameError,
};
pub use write_rule::{WriteRefusal, WriteVerdict, judge_write};
