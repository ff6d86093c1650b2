//! What stores refuse that do not do conditions, or do nothing without them, and in which words.

use super::Fault;
use super::message::{Kind, Message};
use super::upstream::Reply;

/// What is refused without asking the store behind.
pub(super) fn refused(fault: Fault, message: &Message) -> Option<Reply> {
    if fault == Fault::ConditionsNotImplemented && is_conditional_write(message, message.kind()) {
        let words = "A header you provided implies functionality that is not implemented";
        return Some(Reply::error(501, "NotImplemented", words));
    }
    let is_lock = message.path().ends_with(".tflock");
    let is_required =
        fault == Fault::ConditionRequired || fault == Fault::ConditionRequiredForLocks && is_lock;
    if is_required && message.kind() == Kind::PutObject && !message.has_condition() {
        let words = "User is not authorized to perform: s3:PutObject with an explicit deny";
        return Some(Reply::error(403, "AccessDenied", words));
    }
    if fault == Fault::TrailersRefused && message.has_trailer() {
        let words = "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, or a valid sha256 value";
        return Some(Reply::error(400, "InvalidArgument", words));
    }
    None
}

/// An answer with this status to who lost.
pub(super) fn answered(status: u16) -> Reply {
    match status {
        200 => Reply::with_body(200, ""),
        409 => {
            let words = "The conditional request cannot succeed due to a conflicting operation";
            Reply::error(409, "ConditionalRequestConflict", words)
        }
        503 => Reply::error(503, "SlowDown", "Please reduce your request rate"),
        _ => Reply::error(status, "InternalError", "We encountered an internal error"),
    }
}

/// Whether it writes or deletes on a condition.
pub(super) fn is_conditional_write(message: &Message, kind: Kind) -> bool {
    let is_write = match kind {
        Kind::PutObject | Kind::DeleteObject | Kind::CompleteUpload => true,
        Kind::ReadObject
        | Kind::ListObjects
        | Kind::PutItem
        | Kind::DeleteItem
        | Kind::GetItem
        | Kind::Other => false,
    };
    is_write && message.has_condition()
}
