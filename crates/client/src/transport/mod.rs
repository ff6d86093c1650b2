//! Requests of the protocols as calls of the AWS SDK, and answers as replies.
//!
//! The SDK never repeats a request that has an effect: that a second attempt is refused says nothing
//! about the first. The machines decide.

pub(crate) mod asked_pages;
pub(crate) mod failure;
mod objects;
mod repeating;
mod table;

pub(crate) use objects::LOCKFILE_SIZE_BYTES_MAX;
pub(crate) use repeating::repeated;

use statelock_protocol::lock::steps::{LockReply, LockRequest};

use crate::connection::Connection;
use crate::error::Trouble;

/// Sends one request. The trouble is that of an answer that is no plain success.
pub(crate) async fn send(
    connection: &Connection,
    request: LockRequest,
) -> (LockReply, Option<Trouble>) {
    match request {
        LockRequest::Object(request) => {
            let (reply, trouble) = objects::send(connection, request).await;
            (LockReply::Object(reply), trouble)
        }
        LockRequest::Table(request) => {
            let (reply, trouble) = table::send(connection, request).await;
            (LockReply::Table(reply), trouble)
        }
    }
}
