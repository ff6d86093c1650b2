//! LOCK and UNLOCK.

use bytes::Bytes;
use http::{Response, StatusCode};
use s3s::Body;
use statelock_protocol::lock::unified::{
    AcquireOutcome, Facet, Hold, LockRefusal, ReleaseOutcome, ReleaseRefusal,
};
use statelock_protocol::lock::{CreatedAt, LockId, LockInfo, LockInfoError};

use super::answer;
use super::error::HttpError;
use super::{Call, HttpBackendApi, small_body};
use crate::engine::{LockedState, ReleaseLock, TakeLock};

/// Takes the lock: 200, or 423 with the lock info of who holds it.
pub(super) async fn lock(
    api: &HttpBackendApi,
    mut call: Call<'_>,
) -> Result<Response<Body>, HttpError> {
    let info = small_body::receive(api, &mut call).await?;
    parse(&info)?;
    let state = call.target.state;
    let request = TakeLock {
        state: state.clone(),
        facet: Facet::Http,
        info: info.clone(),
        sender: call.sender,
    };
    let refusal = match api.engine.take_lock(request).await? {
        AcquireOutcome::Granted(_) => return Ok(answer::done()),
        AcquireOutcome::Refused(refusal) => refusal,
    };
    Ok(match refusal {
        LockRefusal::Held(hold) | LockRefusal::GivingBack(hold, _) => {
            answer::lock_info(StatusCode::LOCKED, shown(&hold), "held")
        }
        // Nobody else holds it. What keeps the sender trying is a lock info; its own is one.
        LockRefusal::Late => {
            tracing::info!(%state, "a late copy of a request for the lock was refused");
            answer::lock_info(StatusCode::LOCKED, info, "late")
        }
    })
}

/// Releases the lock: 200 only if it is released, and by this request or an earlier copy of it.
pub(super) async fn unlock(
    api: &HttpBackendApi,
    mut call: Call<'_>,
) -> Result<Response<Body>, HttpError> {
    let body = small_body::receive(api, &mut call).await?;
    let state = call.target.state;
    let id = named(&state, &body, call.target.id)?;
    let request = ReleaseLock { state, facet: Facet::Http, id, sender: call.sender };
    match api.engine.release_lock(request).await? {
        ReleaseOutcome::Released(_) | ReleaseOutcome::Repeated => Ok(answer::done()),
        ReleaseOutcome::NothingHeld => Err(not_held()),
        ReleaseOutcome::Refused(refusal) => Ok(not_released(&refusal)),
    }
}

/// The lock that an UNLOCK means: by its body, else by its query; `None` for whichever there is.
fn named(
    state: &LockedState,
    body: &[u8],
    in_query: Option<LockId>,
) -> Result<Option<LockId>, HttpError> {
    if body.trim_ascii().is_empty() {
        return Ok(in_query);
    }
    let info = parse(body)?;
    if in_query.is_some_and(|id| id != info.id) {
        return Err(HttpError::bad_request(
            "the body and the query name different locks",
            "name one lock",
        ));
    }
    if is_force_unlock(&info) {
        tracing::warn!(%state, lock_id = %info.id, "force-unlock of a lock by its ID");
    }
    Ok(Some(info.id))
}

/// Whether this lock info holds nothing but an ID: what OpenTofu's `force-unlock` sends. A holder sends
/// the lock info that it locked with.
fn is_force_unlock(info: &LockInfo) -> bool {
    info.created == CreatedAt::go_zero() && info.who.is_empty() && info.operation.is_empty()
}

fn parse(info: &[u8]) -> Result<LockInfo, HttpError> {
    LockInfo::parse(info).map_err(|error| {
        let message = match &error {
            LockInfoError::Empty => error.to_string(),
            LockInfoError::Unreadable(source) => format!("{error}: {source}"),
            LockInfoError::Id(source) => format!("{error}: {source}"),
            LockInfoError::Created(source) => format!("{error}: {source}"),
        };
        HttpError::bad_request(message, "send a lock info: a JSON object with an `ID`")
    })
}

/// The holder's lock info, as this API shows it.
fn shown(hold: &Hold) -> Bytes {
    Bytes::from(hold.shown_through(Facet::Http))
}

fn not_held() -> HttpError {
    HttpError::new(
        StatusCode::CONFLICT,
        "not_held",
        "the state is not locked: nothing was released",
        "if you held the lock, somebody removed it; look what was written since",
    )
}

fn not_released(refusal: &ReleaseRefusal) -> Response<Body> {
    let (hold, reason) = match refusal {
        ReleaseRefusal::OtherId(hold) => (hold, "other_lock_id"),
        ReleaseRefusal::OtherSeen(hold) => (hold, "other_lock_seen"),
        ReleaseRefusal::MaybeEarlier(hold) => (hold, "maybe_meant_an_earlier_lock"),
    };
    answer::lock_info(StatusCode::CONFLICT, shown(hold), reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> LockedState {
        LockedState { bucket: "b".to_owned(), key: "k".to_owned() }
    }

    fn id(text: &str) -> Option<LockId> {
        LockId::parse(text).ok()
    }

    #[test]
    fn an_unlock_names_its_lock_in_the_body_or_in_the_query() {
        let named = |body: &str, in_query| named(&state(), body.as_bytes(), in_query);
        assert_eq!(named("", None).unwrap(), None);
        assert_eq!(named(" \n", id("q")).unwrap(), id("q"));
        assert_eq!(named(r#"{"ID":"a"}"#, None).unwrap(), id("a"));
        assert_eq!(named(r#"{"ID":"a"}"#, id("a")).unwrap(), id("a"));
        assert!(named(r#"{"ID":"a"}"#, id("b")).is_err());
        for unreadable in ["{}", "x", r#"{"ID":""}"#, r#"{"ID":7}"#, "null", "[]"] {
            assert!(named(unreadable, None).is_err(), "{unreadable}");
        }
    }

    #[test]
    fn a_lock_info_with_an_id_only_is_a_force_unlock() {
        let force = |text: &str| is_force_unlock(&LockInfo::parse(text.as_bytes()).unwrap());
        let opentofu = r#"{"ID":"a","Operation":"","Info":"","Who":"","Version":"","Created":"0001-01-01T00:00:00Z","Path":""}"#;
        assert!(force(opentofu));
        assert!(force(r#"{"ID":"a"}"#));
        assert!(!force(&opentofu.replace(r#""Who":"""#, r#""Who":"me@host""#)));
        assert!(!force(&opentofu.replace("0001", "2026")));
    }
}
