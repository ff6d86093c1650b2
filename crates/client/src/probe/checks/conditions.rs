//! `If-Match` of writes and deletes, one request after the other.

use bytes::Bytes;
use statelock_protocol::store::{ETag, Precondition};

use crate::probe::judge::Effect;
use crate::probe::looking::Look;
use crate::probe::operation::Operation;
use crate::probe::stage::Stage;
use crate::probe::trial::{Request, Trial};
use crate::probe::verdict::{Due, Finding};

/// Requests of [`matching`], at most. A request that the store puts off is sent up to four times.
pub(in crate::probe) const MATCHING: u64 = 11 * 4;
/// Requests of [`deleting`].
pub(in crate::probe) const DELETING: u64 = 9 * 4;

/// The length of a body that stores keep in another way than small ones, in bytes.
const LARGE: usize = 256 * 1024;
/// An ETag that nothing has.
pub(in crate::probe) const WRONG_ETAG: &str = "00000000000000000000000000000000";

/// `If-Match`: wrong, right, on a key that is not there, and wrong with a large body.
pub(in crate::probe) async fn matching(stage: &Stage) -> Finding {
    let key = stage.key("match.json");
    let bodies = ["first", "second", "third"].map(content);
    let [first, second, third] = &bodies;
    let mut trial = Trial::new(Operation::PutIfMatch);
    let made = stage.put_alone((&key, first.clone()), &Precondition::None).await;
    let Look::Found { etag, .. } = stage.look(stage.first(), &key).await else {
        trial.not_prepared("nothing could be put there", &made);
        return trial.finding();
    };
    let wrong = Precondition::IfMatch(ETag::new(WRONG_ETAG));
    let request =
        Request { what: "If-Match: a wrong ETag", due: Due::Refused, before: Some(first) };
    trial.put(stage, request, (&key, second), &wrong).await;
    // A store that ignores the condition has another object by now.
    let now = stage.look(stage.first(), &key).await;
    let (before, etag) = match &now {
        Look::Found { body, etag } => (Some(body), etag.clone()),
        Look::Nothing | Look::NotKnown(_) => (Some(first), etag),
    };
    let right = Precondition::IfMatch(etag.clone());
    let request = Request { what: "If-Match: the ETag that it has", due: Due::Done, before };
    trial.put(stage, request, (&key, third), &right).await;
    let missing = stage.key("match-nothing.json");
    let request = Request { what: "If-Match where nothing is", due: Due::Refused, before: None };
    trial.put(stage, request, (&missing, third), &Precondition::IfMatch(etag)).await;
    // Some stores keep large bodies in another way, and look at conditions elsewhere.
    if trial.is_fine() {
        let line = content("large");
        let large = Bytes::from(line.repeat(LARGE.div_ceil(line.len())));
        let what = "If-Match: a wrong ETag, with a body of 256 KiB";
        let request = Request { what, due: Due::Refused, before: Some(third) };
        trial.put(stage, request, (&key, &large), &wrong).await;
    }
    trial.finding()
}

/// DeleteObject with `If-Match`.
pub(in crate::probe) async fn deleting(stage: &Stage) -> Finding {
    let (key, body) = (stage.key("delete.json"), content("first"));
    let mut trial = Trial::new(Operation::DeleteIfMatch);
    let wrong = Precondition::IfMatch(ETag::new(WRONG_ETAG));
    let Some(etag) = placed(stage, &key, &body, &mut trial).await else { return trial.finding() };
    let request =
        Request { what: "If-Match: a wrong ETag", due: Due::Refused, before: Some(&body) };
    let (_, effect) = trial.delete(stage, request, &key, &wrong).await;
    let etag = if effect == Effect::Made {
        placed(stage, &key, &body, &mut trial).await
    } else {
        Some(etag)
    };
    let Some(etag) = etag else { return trial.finding() };
    let right = Precondition::IfMatch(etag);
    let request =
        Request { what: "If-Match: the ETag that it has", due: Due::Done, before: Some(&body) };
    trial.delete(stage, request, &key, &right).await;
    let missing = stage.key("delete-nothing.json");
    let request = Request { what: "If-Match where nothing is", due: Due::Either, before: None };
    trial.delete(stage, request, &missing, &right).await;
    trial.finding()
}

async fn placed(stage: &Stage, key: &str, body: &Bytes, trial: &mut Trial) -> Option<ETag> {
    let made = stage.put_alone((key, body.clone()), &Precondition::None).await;
    match stage.look(stage.first(), key).await {
        Look::Found { etag, .. } if made.is_done() => Some(etag),
        Look::Found { .. } | Look::Nothing | Look::NotKnown(_) => {
            trial.not_prepared("nothing could be put there", &made);
            None
        }
    }
}

/// A body that is no state and no lock info, and unlike any other.
pub(in crate::probe) fn content(who: &str) -> Bytes {
    Bytes::from(format!("\"statelock probe: {who}\"\n"))
}
