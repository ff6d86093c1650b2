//! The contracts of an object store and of a lock table: requests, preconditions and the three kinds of reply.
//!
//! A client sends these requests, the state server answers them, and the tests' reference store is
//! the most obvious program that does. One suite of cases holds for all of them.
//!
//! The semantics are those of Amazon S3 for general purpose buckets, as far as Terraform and
//! OpenTofu depend on them ("Conditional writes" and "Conditional deletes" in the S3 user guide).

mod object;
mod reply;
mod table;

pub use object::{
    BucketName, ETag, ListedObject, ObjectKey, ObjectRequest, ObjectSuccess, Precondition,
    StoredObject,
};
pub use reply::{Refusal, Reply};
pub use table::{ItemCondition, LockItem, TableName, TableRequest, TableSuccess};
