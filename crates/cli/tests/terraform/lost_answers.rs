//! The server does what it was asked, and the answer is lost on the way: terraform's SDK asks again.

use statelock_testkit::fault_proxy::{Fault, FaultProxy, Hit, deliver_again};
use statelock_testkit::real_clients::terraform::resources;

use crate::stage::Stage;

const KEY: &str = "lost/terraform.tfstate";
const LOCK: &str = "lost/terraform.tfstate.tflock";

/// Applies through a proxy that loses the first answer to `method` on the lock or on the state.
fn apply_with_lost_answer(stage: &Stage, method: &'static str, on_lock: bool) -> Hit {
    let proxy = FaultProxy::start(stage.server.address());
    let project = stage.project_through(&proxy.endpoint(), KEY, &resources(1, 1));
    project.init();
    proxy.inject(Fault::LoseResponse, 1, move |asked, path| {
        asked == method && path.contains(KEY) && path.contains(".tflock") == on_lock
    });
    project.apply(&[]).succeeded().shows("Apply complete!");
    let mut hits = proxy.hits();
    assert_eq!(hits.len(), 1, "one answer was lost");
    assert_eq!(stage.serial(KEY), 1);
    stage.assert_no_lock();
    hits.remove(0)
}

#[test]
fn p9_the_lost_answer_to_a_lock_request_locks_nobody_out() {
    let Some(stage) = Stage::new("lost answer to the lock PUT") else {
        return;
    };
    let hit = apply_with_lost_answer(&stage, "PUT", true);
    assert_eq!(hit.status, 200, "the lost answer said that the lock was taken");
}

#[test]
fn p9_the_lost_answer_to_a_state_write_is_one_write() {
    let Some(stage) = Stage::new("lost answer to the state PUT") else {
        return;
    };
    let hit = apply_with_lost_answer(&stage, "PUT", false);
    assert_eq!(hit.status, 200, "the lost answer said that the state was written");
}

#[test]
fn p4_a_late_duplicate_of_an_unlock_spares_the_next_holder() {
    let Some(stage) = Stage::new("lost answer to the unlock DELETE") else {
        return;
    };
    let hit = apply_with_lost_answer(&stage, "DELETE", true);
    assert_eq!(hit.status, 204, "the lost answer said that the lock was released");

    let next = r#"{"ID":"11111111-2222-3333-4444-555555555555","Operation":"OperationTypeApply","Info":"","Who":"next@ci","Version":"1.11.4","Created":"2026-01-02T03:04:05Z","Path":"tfstate/lost/terraform.tfstate"}"#;
    stage.create(LOCK, next);
    let answer = deliver_again(stage.server.address(), &hit.request).unwrap();
    let left = stage.object(LOCK).map(|bytes| String::from_utf8(bytes).unwrap());
    assert_eq!(left.as_deref(), Some(next), "the duplicate was answered {answer}");
    stage.delete(LOCK);
    stage.assert_no_lock();
}
