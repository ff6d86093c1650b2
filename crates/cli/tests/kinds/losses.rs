//! What stock clients lose on other servers, replayed here: none of it is lost.

use std::time::Duration;

use statelock_testkit::fault_proxy::{Fault, FaultProxy, Request};
use statelock_testkit::real_clients::terraform::Backend;

use crate::lost_answers::Step;
use crate::stage::{CONFIG, KEY, Stage, code, heavy};

/// How long a request may take to get to the proxy.
const HELD_BOUND: Duration = Duration::from_mins(1);
const PLAN: [&str; 4] = ["plan", "-input=false", "-no-color", "-detailed-exitcode"];

/// Whether a client asks who holds the lock.
fn asks_for_the_holder(request: &Request) -> bool {
    let Request { method, path, operation, body } = request;
    (method == "GET" && path.contains(".tflock"))
        || (operation == "GetItem" && !body.contains("-md5"))
}

/// The holder releases after a waiting client was refused, and before that asks who holds the lock.
fn a_holder_is_gone_when_asked_for(kind: Backend) {
    let _turn = heavy();
    let Some(stage) = Stage::new(&format!("{kind}: released before it was read")) else {
        return;
    };
    let holder = stage.hold(&stage.project(kind), "holder");
    let proxy = FaultProxy::start(stage.server.address());
    let waiting = stage.project_through(&proxy.endpoint(), kind, KEY, CONFIG);
    proxy.inject_on(Fault::HoldRequest, 1, asks_for_the_holder);
    let waiter = waiting.spawn_apply(&["-lock-timeout=60s", "-var", "revision=waited"]);
    assert!(proxy.await_held(HELD_BOUND), "{kind}: the refused client asks who holds the lock");
    holder.finish().succeeded();
    proxy.let_go();
    waiter.wait().succeeded();
    assert_eq!((stage.serial(KEY), stage.revision()), (2, "waited".to_owned()));
    stage.look.assert_free(KEY);
}

#[test]
fn p1_a_lockfile_released_before_it_was_read_keeps_its_contender_waiting() {
    a_holder_is_gone_when_asked_for(Backend::Lockfile);
}

#[test]
fn p1_an_item_released_before_it_was_read_keeps_its_contender_waiting() {
    a_holder_is_gone_when_asked_for(Backend::LockTable);
}

#[test]
fn p1_p5_both_released_before_they_were_read_keep_their_contender_waiting() {
    a_holder_is_gone_when_asked_for(Backend::Dual);
}

/// Which of the two writes first: who was forced out, or who forced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum First {
    ForcedOut,
    Forcer,
}

/// A live holder is forced out; only the other one's state is written.
fn a_live_holder_is_forced_out(victim: Backend, forcer: Backend, first: First) {
    let _turn = heavy();
    let Some(stage) = Stage::new(&format!("{victim} forced out by {forcer}, {first:?} first"))
    else {
        return;
    };
    let (forced_out, other) = (stage.project(victim), stage.project(forcer));
    other.apply(&["-var", "revision=before"]).succeeded();
    let holder = stage.hold(&forced_out, "forced-out");
    let id = stage.look.lock_id(KEY);
    other.run(&["force-unlock", "-force", "-no-color", &id]); // its exit code: see `forcing`
    let lost = match first {
        First::Forcer => {
            other.apply(&["-var", "revision=other"]).succeeded();
            holder.finish()
        }
        First::ForcedOut => {
            let next = stage.hold(&other, "other");
            let held = stage.look.lock_id(KEY);
            let lost = holder.finish();
            assert_eq!(stage.look.lock_id(KEY), held, "the other's lock stays");
            next.finish().succeeded();
            lost
        }
    };
    lost.failed().shows("Error saving state").shows("terraform state push errored.tfstate");
    assert_eq!((stage.serial(KEY), stage.revision()), (2, "other".to_owned()));
    assert!(forced_out.path().join("errored.tfstate").exists(), "nothing of it is lost");
    stage.look.assert_free(KEY);
}

#[test]
fn p6_a_lockfile_client_that_was_forced_out_overwrites_nothing() {
    a_live_holder_is_forced_out(Backend::Lockfile, Backend::Http, First::Forcer);
    a_live_holder_is_forced_out(Backend::Lockfile, Backend::LockTable, First::ForcedOut);
}

#[test]
fn p6_a_lock_table_client_that_was_forced_out_overwrites_nothing() {
    a_live_holder_is_forced_out(Backend::LockTable, Backend::Lockfile, First::Forcer);
    a_live_holder_is_forced_out(Backend::LockTable, Backend::LockTable, First::ForcedOut);
}

#[test]
fn p6_a_dual_client_that_was_forced_out_overwrites_nothing() {
    a_live_holder_is_forced_out(Backend::Dual, Backend::Dual, First::Forcer);
    a_live_holder_is_forced_out(Backend::Dual, Backend::Http, First::ForcedOut);
}

#[test]
fn p6_an_http_client_that_was_forced_out_overwrites_nothing() {
    a_live_holder_is_forced_out(Backend::Http, Backend::Dual, First::Forcer);
    a_live_holder_is_forced_out(Backend::Http, Backend::Http, First::ForcedOut);
}

/// Two people force-unlock one orphan; the slower one's removal arrives when the next holds the lock.
fn a_second_force_unlock_comes_late(kind: Backend, step: Step) {
    let _turn = heavy();
    let Some(stage) = Stage::new(&format!("{kind}: two force-unlocks, {step:?} late")) else {
        return;
    };
    let project = stage.project(kind);
    stage.hold(&project, "orphan").kill();
    let id = stage.look.lock_id(KEY);
    let proxy = FaultProxy::start(stage.server.address());
    let slow = stage.project_through(&proxy.endpoint(), kind, KEY, CONFIG);
    proxy.inject_on(Fault::HoldRequest, 1, move |request| step.is(request));
    let force = ["force-unlock", "-force", "-no-color", id.as_str()];
    let slower = slow.spawn(&force);
    assert!(proxy.await_held(HELD_BOUND), "{kind}: {step:?} is under way");
    let faster = project.run(&force);
    let half_is_gone = kind == Backend::Dual && step == Step::DeleteLock;
    assert!(half_is_gone || faster.is_success(), "{faster}");
    let next = stage.hold(&project, "next");
    let next_id = stage.look.lock_id(KEY);
    assert_ne!(next_id, id);
    proxy.let_go();
    slower.wait();
    assert_eq!(stage.look.lock_id(KEY), next_id, "{kind}: a late {step:?} spares the next holder");
    next.finish().succeeded();
    assert_eq!((stage.serial(KEY), stage.revision()), (1, "next".to_owned()));
    stage.look.assert_free(KEY);
}

#[test]
fn p4_a_late_second_force_unlock_spares_the_next_holder_of_a_lockfile() {
    a_second_force_unlock_comes_late(Backend::Lockfile, Step::DeleteLockfile);
}

#[test]
fn p4_a_late_second_force_unlock_spares_the_next_holder_in_the_lock_table() {
    a_second_force_unlock_comes_late(Backend::LockTable, Step::DeleteLock);
}

#[test]
fn p4_p5_a_late_second_force_unlock_spares_the_next_holder_of_both() {
    a_second_force_unlock_comes_late(Backend::Dual, Step::DeleteLockfile);
    a_second_force_unlock_comes_late(Backend::Dual, Step::DeleteLock);
}

#[test]
fn p4_a_late_second_force_unlock_spares_the_next_holder_over_http() {
    a_second_force_unlock_comes_late(Backend::Http, Step::Unlock);
}

/// Plans with clients that compare the digest; each reads it once, so it was right at once.
fn assert_digest_is_right(stage: &Stage, revision: &str) {
    let proxy = FaultProxy::start(stage.server.address());
    let revision = format!("revision={revision}");
    for kind in [Backend::LockTable, Backend::Dual] {
        let reader = stage.project_through(&proxy.endpoint(), kind, KEY, CONFIG);
        let before = digest_reads(&proxy);
        let plan = reader.run(&[&PLAN[..], &["-var", &revision]].concat());
        assert_eq!(code(&plan), Some(0), "{kind}: {plan}");
        assert_eq!(digest_reads(&proxy), before + 1, "{kind} reads the digest once");
    }
}

fn digest_reads(proxy: &FaultProxy) -> usize {
    let is_read = |r: &&Request| r.operation == "GetItem" && r.body.contains("-md5");
    proxy.requests().iter().filter(is_read).count()
}

#[test]
fn p8_a_refused_digest_write_leaves_no_mismatch() {
    const REFUSED: &str = "HTTP/1.1 400 Bad Request\r\nContent-Type: application/x-amz-json-1.0\r\n\
        Content-Length: 52\r\n\r\n{\"__type\":\"a#AccessDeniedException\",\"message\":\"no\"}\n";
    let _turn = heavy();
    let Some(stage) = Stage::new("digest write refused") else {
        return;
    };
    stage.project(Backend::LockTable).apply(&["-var", "revision=one"]).succeeded();
    let proxy = FaultProxy::start(stage.server.address());
    let client = stage.project_through(&proxy.endpoint(), Backend::LockTable, KEY, CONFIG);
    proxy.inject_on(Fault::Answer(REFUSED), 1, |request| Step::PutDigest.is(request));
    client.apply(&["-var", "revision=two"]).succeeded();
    assert_eq!(proxy.hits().len(), 1, "the digest was refused");
    assert_digest_is_right(&stage, "two");
}

#[test]
fn p8_a_crash_between_state_and_digest_leaves_no_mismatch() {
    let _turn = heavy();
    let Some(stage) = Stage::new("crash before the digest write") else {
        return;
    };
    stage.project(Backend::LockTable).apply(&["-var", "revision=one"]).succeeded();
    let proxy = FaultProxy::start(stage.server.address());
    let client = stage.project_through(&proxy.endpoint(), Backend::LockTable, KEY, CONFIG);
    proxy.inject_on(Fault::HoldRequest, 1, |request| Step::PutDigest.is(request));
    let crashing = client.spawn_apply(&["-var", "revision=two"]);
    assert!(proxy.await_held(HELD_BOUND), "the state is written, the digest is not");
    crashing.kill_hard();
    let id = stage.look.lock_id(KEY);
    let next = stage.project(Backend::LockTable);
    next.run(&["force-unlock", "-force", "-no-color", &id]).succeeded();
    assert_digest_is_right(&stage, "two");

    // The dead client's digest arrives after somebody else's state.
    next.apply(&["-var", "revision=three"]).succeeded();
    let digest = stage.look.digest(KEY);
    proxy.let_go();
    let arrived = statelock_testkit::server_process::wait_until(HELD_BOUND, || {
        (!proxy.hits().is_empty()).then_some(())
    });
    assert!(arrived.is_some(), "the late digest was answered");
    assert_eq!(stage.look.digest(KEY), digest);
    assert_digest_is_right(&stage, "three");
}

#[test]
fn p7_an_empty_object_never_replaces_a_state() {
    let _turn = heavy();
    let Some(stage) = Stage::new("an empty object over a state") else {
        return;
    };
    let project = stage.project(Backend::Dual);
    project.apply(&["-var", "revision=one"]).succeeded();
    let before = stage.look.object(KEY);
    for body in [&b""[..], b"{\"version\": 4, \"ser", b"no state"] {
        let refused = stage.look.write(KEY, body).expect_err("the state is kept");
        assert!(
            refused.contains("status code: 4")
                || refused.contains("412")
                || refused.contains("409"),
            "{refused}"
        );
        assert_eq!(stage.look.object(KEY), before);
    }
    assert_digest_is_right(&stage, "one");
}
