//! Which operation on which state a request asks for.
//!
//! Terraform's methods LOCK and UNLOCK do not pass every proxy, so their names can be replaced in its
//! configuration. The three paths make such a request plain:
//!
//! - `/_statelock/state/BUCKET/KEY`: by method, or by `X-HTTP-Method-Override` on a POST or PUT;
//! - `/_statelock/lock/BUCKET/KEY`: takes the lock, whatever the method is called;
//! - `/_statelock/unlock/BUCKET/KEY`: releases it.

use http::{HeaderMap, Method, Uri};
use percent_encoding::percent_decode_str;
use statelock_protocol::lock::LockId;

use super::error::HttpError;
use crate::engine::LockedState;

const PREFIX: &str = "/_statelock/";
/// The longest key of an object, in bytes.
const KEY_SIZE_BYTES_MAX: usize = 1024;
const OVERRIDE: &str = "x-http-method-override";

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    /// GET, or HEAD without the body.
    Read {
        /// Whether the state itself is wanted.
        with_body: bool,
    },
    Write,
    Delete,
    Lock,
    Unlock,
}

/// To what it is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) state: LockedState,
    /// The lock that the sender says to hold: `?ID=`.
    pub(super) id: Option<LockId>,
}

/// The first part of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Room {
    State,
    Lock,
    Unlock,
}

/// Whether this API answers requests on this path.
pub(crate) fn serves(path: &str) -> bool {
    room(path).is_some()
}

/// The room and what follows its name.
fn room(path: &str) -> Option<(Room, &str)> {
    let rest = path.strip_prefix(PREFIX)?;
    let (name, rest) = rest.split_once('/').unwrap_or((rest, ""));
    let room = match name {
        "state" => Room::State,
        "lock" => Room::Lock,
        "unlock" => Room::Unlock,
        _ => return None,
    };
    Some((room, rest))
}

/// Reads method, address and query.
///
/// # Errors
/// The address names no state, or nothing is done at it by this method.
pub(super) fn parse(
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<(Operation, Target), HttpError> {
    let (room, rest) = room(uri.path()).ok_or_else(|| HttpError::address("it is not served"))?;
    let operation = operation(room, method, headers)?;
    let state = state(rest)?;
    let id = lock_id(uri.query().unwrap_or_default())?;
    Ok((operation, Target { state, id }))
}

fn operation(room: Room, method: &Method, headers: &HeaderMap) -> Result<Operation, HttpError> {
    let allowed = match (room, method.as_str()) {
        (Room::State, "GET") => return Ok(Operation::Read { with_body: true }),
        (Room::State, "HEAD") => return Ok(Operation::Read { with_body: false }),
        (Room::State, "POST" | "PUT") => return overridden(headers),
        (Room::State, "DELETE") => return Ok(Operation::Delete),
        (Room::State, "LOCK") | (Room::Lock, "LOCK" | "POST" | "PUT") => {
            return Ok(Operation::Lock);
        }
        (Room::State, "UNLOCK") | (Room::Unlock, "UNLOCK" | "POST" | "PUT" | "DELETE") => {
            return Ok(Operation::Unlock);
        }
        (Room::State, _) => "GET, HEAD, POST, PUT, DELETE, LOCK, UNLOCK",
        (Room::Lock, _) => "LOCK, POST, PUT",
        (Room::Unlock, _) => "UNLOCK, POST, PUT, DELETE",
    };
    Err(HttpError::method_not_allowed(allowed))
}

fn overridden(headers: &HeaderMap) -> Result<Operation, HttpError> {
    let Some(value) = headers.get(OVERRIDE) else { return Ok(Operation::Write) };
    let value = value.as_bytes();
    if value.eq_ignore_ascii_case(b"LOCK") {
        Ok(Operation::Lock)
    } else if value.eq_ignore_ascii_case(b"UNLOCK") {
        Ok(Operation::Unlock)
    } else {
        Err(HttpError::bad_request(
            "X-HTTP-Method-Override is neither LOCK nor UNLOCK",
            "send the method itself",
        ))
    }
}

fn state(rest: &str) -> Result<LockedState, HttpError> {
    let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
    let decode = |text: &str| {
        let decoded = percent_decode_str(text).decode_utf8();
        decoded.map(String::from).map_err(|_| HttpError::address("it is not UTF-8"))
    };
    let (bucket, key) = (decode(bucket)?, decode(key)?);
    if bucket.is_empty() || key.is_empty() {
        return Err(HttpError::address("it names no state"));
    }
    if key.len() > KEY_SIZE_BYTES_MAX {
        return Err(HttpError::address("its key is longer than 1024 bytes"));
    }
    if LockedState::of_lockfile(&bucket, &key).is_some() {
        return Err(HttpError::address("it names a lockfile, which is no state"));
    }
    LockedState::new(bucket, key).ok_or_else(|| {
        HttpError::address("its key ends in `/`, under which no state can be stored")
    })
}

/// The lock ID of a query. Other parameters mean nothing here.
fn lock_id(query: &str) -> Result<Option<LockId>, HttpError> {
    let refused = |what: &str| {
        let message = format!("the lock ID in the query (`ID=`) {what}");
        HttpError::bad_request(message, "name the one lock that you hold")
    };
    let mut ids = query.split('&').filter_map(|pair| pair.strip_prefix("ID="));
    let Some(id) = ids.next() else { return Ok(None) };
    if ids.next().is_some() {
        return Err(refused("is given twice"));
    }
    let spaced = id.replace('+', " ");
    let id = percent_decode_str(&spaced).decode_utf8().map_err(|_| refused("is not UTF-8"))?;
    let id = LockId::parse(id).map_err(|error| refused(&format!("is none: {error}")))?;
    Ok(Some(id))
}

#[cfg(test)]
#[path = "address_tests.rs"]
mod tests;
