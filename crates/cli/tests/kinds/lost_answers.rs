//! The server does what it was asked, and the answer is lost on the way: the client asks again.

use std::io::Write;
use std::net::TcpStream;

use statelock_testkit::fault_proxy::http::Connection;
use statelock_testkit::fault_proxy::{Fault, FaultProxy, Hit, Request, deliver_again};
use statelock_testkit::real_clients::terraform::Backend;

use crate::stage::{CONFIG, Stage};

/// One request of a client's apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    CreateLockfile,
    DeleteLockfile,
    PutLock,
    DeleteLock,
    PutDigest,
    Lock,
    Unlock,
}

impl Step {
    /// Whether a request is this one.
    pub(crate) fn is(self, request: &Request) -> bool {
        let Request { method, path, operation, body } = request;
        let on_lockfile = path.contains(".tflock");
        let is_digest = body.contains("-md5");
        match self {
            Self::CreateLockfile => method == "PUT" && on_lockfile,
            Self::DeleteLockfile => method == "DELETE" && on_lockfile,
            Self::PutLock => operation == "PutItem" && !is_digest,
            Self::DeleteLock => operation == "DeleteItem",
            Self::PutDigest => operation == "PutItem" && is_digest,
            Self::Lock => method == "LOCK",
            Self::Unlock => method == "UNLOCK",
        }
    }
}

/// Applies through a proxy that loses the first answer to this step: the apply succeeds, once.
fn apply_without_the_answer_to(stage: &Stage, key: &str, kind: Backend, step: Step) -> Hit {
    let proxy = FaultProxy::start(stage.server.address());
    let project = stage.project_through(&proxy.endpoint(), kind, key, CONFIG);
    proxy.inject_on(Fault::LoseResponse, 1, move |request| step.is(request));
    project.apply(&["-var", "revision=written"]).succeeded().shows("Apply complete!");
    let mut hits = proxy.hits();
    assert_eq!(hits.len(), 1, "{kind}: one answer to {step:?} was lost");
    assert!((200..300).contains(&hits[0].status), "{kind}: {step:?} had its effect");
    let asked = proxy.requests().iter().filter(|request| step.is(request)).count();
    assert_eq!(asked, 2, "{kind}: {step:?} was asked for once more");
    assert_eq!(stage.serial(key), 1, "{kind}: {step:?}");
    stage.look.assert_free(key);
    hits.remove(0)
}

#[test]
fn p9_the_lost_answer_to_a_lock_request_of_any_kind_locks_nobody_out() {
    let Some(stage) = Stage::new("lost answers to lock requests") else {
        return;
    };
    let cases = [
        (Backend::Lockfile, Step::CreateLockfile),
        (Backend::LockTable, Step::PutLock),
        (Backend::Dual, Step::CreateLockfile),
        (Backend::Dual, Step::PutLock),
        (Backend::Http, Step::Lock),
    ];
    for (number, (kind, step)) in cases.into_iter().enumerate() {
        let key = format!("locking/{number}.tfstate");
        // A copy that is late was sent when the client was there: on a connection of that time.
        let stream = TcpStream::connect(stage.server.address()).expect("a connection");
        let mut earlier = Connection::new(stream).expect("a connection");
        let hit = apply_without_the_answer_to(&stage, &key, kind, step);
        earlier.write_all(&hit.request).expect("the server listens");
        let late = earlier.expect_head().expect("an answer").status();
        assert!((400..500).contains(&late), "{kind}: a late {step:?} was answered {late}");
        stage.look.assert_free(&key);
    }
}

#[test]
fn p4_the_lost_answer_to_an_unlock_of_any_kind_spares_the_next_holder() {
    let Some(stage) = Stage::new("lost answers to unlock requests") else {
        return;
    };
    let cases = [
        (Backend::Lockfile, Step::DeleteLockfile),
        (Backend::LockTable, Step::DeleteLock),
        (Backend::Dual, Step::DeleteLockfile),
        (Backend::Dual, Step::DeleteLock),
        (Backend::Http, Step::Unlock),
    ];
    for (number, (kind, step)) in cases.into_iter().enumerate() {
        let key = format!("unlocking/{number}.tfstate");
        let hit = apply_without_the_answer_to(&stage, &key, kind, step);
        assert_eq!(stage.look.lock(&key, "the-next-holder"), 200);
        deliver_again(stage.server.address(), &hit.request).expect("an answer");
        assert_eq!(stage.look.lock_id(&key), "the-next-holder", "{kind}: a late {step:?}");
        assert_eq!(stage.look.unlock(&key, "the-next-holder"), 200);
        stage.look.assert_free(&key);
    }
}

#[test]
fn p8_the_lost_answer_to_a_digest_leaves_it_right() {
    let Some(stage) = Stage::new("lost answers to digest requests") else {
        return;
    };
    for (number, kind) in [Backend::LockTable, Backend::Dual].into_iter().enumerate() {
        let key = format!("digest/{number}.tfstate");
        let hit = apply_without_the_answer_to(&stage, &key, kind, Step::PutDigest);
        let reader =
            stage.project_through(&stage.server.endpoint(), Backend::Lockfile, &key, CONFIG);
        reader.apply(&["-var", "revision=later"]).succeeded();
        let newer = stage.look.digest(&key);
        assert!(newer.is_some(), "{kind}");
        deliver_again(stage.server.address(), &hit.request).expect("an answer");
        assert_eq!(stage.look.digest(&key), newer, "{kind}: a late digest changes nothing");
    }
}
