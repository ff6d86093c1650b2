//! `If-None-Match: *` where a lock was, and is released: one request after the other.

use statelock_protocol::store::Precondition;

use crate::bucket::{Bucket, ObjectVersion, RemovalWay, VersionName};
use crate::probe::operation::Operation;
use crate::probe::stage::Stage;
use crate::probe::trial::{Request, Trial};
use crate::probe::verdict::{Due, Finding};

/// Requests of [`after_delete`] and of [`after_delete_marker`], at most.
pub(in crate::probe) const AFTER_DELETE: u64 = 9 * 4;

/// `If-None-Match: *` where an object was, and is gone for good: where versions are kept, they are removed too.
pub(in crate::probe) async fn after_delete(stage: &Stage, versions: Option<&Bucket>) -> Finding {
    let mut trial = Trial::new(Operation::PutIfAbsentAfterDelete);
    let name = "after-delete.tflock";
    if is_released(stage, name, &mut trial).await {
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
    if is_released(stage, name, &mut trial).await {
        taken_again(stage, name, &mut trial).await;
    }
    trial.finding()
}

/// Takes and releases, as a client does: reads before it deletes.
async fn is_released(stage: &Stage, name: &str, trial: &mut Trial) -> bool {
    let (key, body) = (stage.key(name), stage.lock_info(name, "first"));
    let made = stage.put_lock((&key, body)).await;
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

/// It is free once, and then it is taken again: what was there before must not be in the way, nor stand in for it.
async fn taken_again(stage: &Stage, name: &str, trial: &mut Trial) {
    let key = stage.key(name);
    let bodies = ["second", "third"].map(|who| stage.lock_info(name, who));
    let [second, third] = &bodies;
    let again = Request { what: "If-None-Match: * after the delete", due: Due::Done, before: None };
    trial.put(stage, again, (&key, second), &Precondition::IfAbsent).await;
    if trial.is_fine() {
        let what = "If-None-Match: * where it is taken again";
        let taken = Request { what, due: Due::Refused, before: Some(second) };
        trial.put(stage, taken, (&key, third), &Precondition::IfAbsent).await;
    }
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
