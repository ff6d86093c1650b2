//! Conditions of writes and deletes, one request after the other.

use statelock_protocol::store::{ETag, Precondition};

use crate::bucket::{Bucket, ObjectVersion, RemovalWay, VersionName};
use crate::probe::answer::Answer;
use crate::probe::body::BodyForm;
use crate::probe::judge::{self, Effect};
use crate::probe::looking::Look;
use crate::probe::operation::Operation;
use crate::probe::stage::Stage;
use crate::probe::trial::{Request, Trial};
use crate::probe::verdict::{Due, Finding};

/// Requests of [`absent`], at most. A request that the store puts off is sent up to four times.
pub(in crate::probe) const ABSENT: u64 = (4 + 2 * 3) * 4;
/// Requests of [`after_delete`] and of [`after_delete_marker`].
pub(in crate::probe) const AFTER_DELETE: u64 = 8 * 4;
/// Requests of [`matching`].
pub(in crate::probe) const MATCHING: u64 = 8 * 4;
/// Requests of [`deleting`].
pub(in crate::probe) const DELETING: u64 = 9 * 4;

const TAKEN: &str = "If-None-Match: * on a key that is taken";
const FREE: &str = "If-None-Match: * on a free key";
/// An ETag that nothing has.
pub(in crate::probe) const WRONG_ETAG: &str = "00000000000000000000000000000000";

/// `If-None-Match: *` on a free key and on a taken one; the answer to the latter. On the taken one in these other
/// forms too: a store may read their bodies in another way, and forget the condition there.
pub(in crate::probe) async fn absent(stage: &Stage, forms: &[BodyForm]) -> (Finding, Vec<Answer>) {
    let key = stage.key("absent.tflock");
    let bodies = ["first", "second"].map(|who| stage.lock_info("absent.tflock", who));
    let [first, second] = &bodies;
    let mut trial = Trial::new(Operation::PutIfAbsent);
    let free = Request { what: FREE, due: Due::Done, before: None };
    trial.put(stage, free, (&key, first), &Precondition::IfAbsent).await;
    // Whatever became of the first: something has to stand there for the second.
    if stage.look(stage.first(), &key).await == Look::Nothing {
        let made = stage.put_alone((&key, first.clone()), &Precondition::None).await;
        if !made.is_done() {
            trial.not_prepared("nothing could be put there", &made);
            return (trial.finding(), Vec::new());
        }
    }
    let taken = Request { what: TAKEN, due: Due::Refused, before: Some(first) };
    let (refused, _) = trial.put(stage, taken, (&key, second), &Precondition::IfAbsent).await;
    for form in forms {
        if !is_tried_as(stage, &mut trial, &key, *form).await {
            break;
        }
    }
    (trial.finding(), vec![refused])
}

/// `If-None-Match: *` on a taken key, with a body in this form; whether something still stands there.
async fn is_tried_as(stage: &Stage, trial: &mut Trial, key: &str, form: BodyForm) -> bool {
    let before = match stage.look(stage.first(), key).await {
        Look::Found { body, .. } => body,
        // What took it away is judged already.
        Look::Nothing => return false,
        Look::NotKnown(answer) => {
            trial.not_prepared("what stands there could not be read", &answer);
            return false;
        }
    };
    let how = form.operation().title();
    let body = stage.lock_info("absent.tflock", how);
    let answer = stage.put_alone_as((key, body.clone()), &Precondition::IfAbsent, form).await;
    let what = format!("{TAKEN}, {how}");
    let request = Request { what: &what, due: Due::Refused, before: Some(&before) };
    trial.written(stage, request, (key, &body), &answer).await;
    true
}

/// `If-None-Match: *` where an object was, and is gone for good: where versions are kept, they are removed too.
pub(in crate::probe) async fn after_delete(stage: &Stage, versions: Option<&Bucket>) -> Finding {
    let mut trial = Trial::new(Operation::PutIfAbsentAfterDelete);
    let name = "after-delete.tflock";
    if is_deleted(stage, name, &mut trial).await {
        if let Some(bucket) = versions {
            remove_versions(bucket, &stage.key(name)).await;
        }
        taken_again(stage, name, &mut trial).await;
    }
    trial.finding()
}

/// `If-None-Match: *` over a delete marker.
pub(in crate::probe) async fn after_delete_marker(stage: &Stage) -> Finding {
    let mut trial = Trial::new(Operation::PutIfAbsentAfterDeleteMarker);
    let name = "after-marker.tflock";
    if is_deleted(stage, name, &mut trial).await {
        taken_again(stage, name, &mut trial).await;
    }
    trial.finding()
}

/// Takes and releases, as a client does: reads before it deletes.
async fn is_deleted(stage: &Stage, name: &str, trial: &mut Trial) -> bool {
    let (key, body) = (stage.key(name), stage.lock_info(name, "first"));
    let made = stage.put_alone((&key, body), &Precondition::None).await;
    if !made.is_done() {
        trial.not_prepared("nothing could be put there", &made);
        return false;
    }
    stage.look(stage.first(), &key).await;
    let deleted = stage.delete(stage.first(), &key, &Precondition::None).await;
    if !deleted.is_done() {
        trial.not_prepared("it could not be deleted", &deleted);
        return false;
    }
    true
}

async fn taken_again(stage: &Stage, name: &str, trial: &mut Trial) {
    let (key, body) = (stage.key(name), stage.lock_info(name, "second"));
    let again = Request { what: "If-None-Match: * after the delete", due: Due::Done, before: None };
    trial.put(stage, again, (&key, &body), &Precondition::IfAbsent).await;
}

/// Removes what is left of one key. What cannot be removed shows in what follows.
async fn remove_versions(bucket: &Bucket, key: &str) {
    let Ok(Some(page)) = bucket.object_versions(key).next_page().await else { return };
    let names = of_key(page, key);
    if !names.is_empty() {
        bucket.remove_versions(&names, RemovalWay::Many).await.map(|_| ()).unwrap_or_default();
    }
}

/// Only what is of this very key: some stores do not look at the prefix, and list what others wrote.
fn of_key(page: Vec<ObjectVersion>, key: &str) -> Vec<VersionName> {
    let ours = page.into_iter().filter(|one| one.key.as_str() == key);
    ours.map(|one| VersionName { key: one.key, id: one.id }).collect()
}

/// `If-Match`: wrong, right, and on a key that is not there; the answers to what must fail.
pub(in crate::probe) async fn matching(stage: &Stage) -> (Finding, Vec<Answer>) {
    let key = stage.key("match.json");
    let bodies = ["first", "second", "third"].map(content);
    let [first, second, third] = &bodies;
    let mut trial = Trial::new(Operation::PutIfMatch);
    let made = stage.put_alone((&key, first.clone()), &Precondition::None).await;
    let Look::Found { etag, .. } = stage.look(stage.first(), &key).await else {
        trial.not_prepared("nothing could be put there", &made);
        return (trial.finding(), Vec::new());
    };
    let wrong = Precondition::IfMatch(ETag::new(WRONG_ETAG));
    let request =
        Request { what: "If-Match: a wrong ETag", due: Due::Refused, before: Some(first) };
    let (refused, _) = trial.put(stage, request, (&key, second), &wrong).await;
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
    (trial.finding(), vec![refused])
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

async fn placed(stage: &Stage, key: &str, body: &bytes::Bytes, trial: &mut Trial) -> Option<ETag> {
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
pub(in crate::probe) fn content(who: &str) -> bytes::Bytes {
    bytes::Bytes::from(format!("\"statelock probe: {who}\"\n"))
}

/// Whether 412 is told from 409.
pub(in crate::probe) fn refusal_status(refused: &[Answer]) -> Finding {
    let mut trial = Trial::new(Operation::RefusalStatus);
    let verdict = judge::refusal_status(refused);
    for answer in refused {
        let request =
            Request { what: "a write whose condition fails", due: Due::Refused, before: None };
        trial.note(request, (answer, ""), verdict);
    }
    trial.finding()
}

#[cfg(test)]
mod tests {
    use statelock_protocol::store::ObjectKey;

    use super::*;

    #[test]
    fn only_versions_of_the_very_key_are_removed() {
        let version = |key: &str, id: &str| ObjectVersion {
            key: ObjectKey::new(key),
            id: id.to_owned(),
            is_latest: true,
            size_bytes: Some(3),
            last_modified_unix_seconds: None,
        };
        let key = "team/.statelock-probe/1/after-delete.tflock";
        let page = vec![
            version("app/terraform.tfstate", "1"),
            version(key, "2"),
            version("team/.statelock-probe/1/after-delete.tflock.json", "3"),
            version(key, "4"),
        ];
        let ids: Vec<_> = of_key(page, key).into_iter().map(|one| (one.key, one.id)).collect();
        let key = ObjectKey::new(key);
        assert_eq!(ids, [(key.clone(), "2".to_owned()), (key, "4".to_owned())]);
    }
}
