//! Every fault on every request of an acquire and of a release, in every mode.
#![expect(clippy::panic, reason = "an outcome that must not be ends the test")]

use std::time::Duration;

use statelock_client::protocol::lock::LockId;
use statelock_client::protocol::lock::steps::LockMode;
use statelock_client::{LockError, LockHandle, Standing};
use statelock_testkit::fault_proxy::{Fault, FaultProxy, Request};

use crate::stage::{Store, claim, modes, stores};

const SLOW_DOWN: &str = "HTTP/1.1 503 Slow Down\r\nContent-Type: application/xml\r\nContent-Length: 51\r\nConnection: close\r\n\r\n<Error><Code>SlowDown</Code><Message/></Error>     ";
const THROTTLED: &str = "HTTP/1.1 400 Bad Request\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: 79\r\nConnection: close\r\n\r\n{\"__type\":\"com.amazonaws.dynamodb.v20120810#ThrottlingException\",\"message\":\"x\"}";
const CONFLICT: &str = "HTTP/1.1 409 Conflict\r\nContent-Type: application/xml\r\nContent-Length: 66\r\nConnection: close\r\n\r\n<Error><Code>ConditionalRequestConflict</Code><Message/></Error>  ";
const INTERNAL: &str =
    "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
/// Of something between the client and the store.
const OF_A_MIDDLEBOX: &str = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\nContent-Length: 24\r\nConnection: close\r\n\r\n<html>bad request</html>";
const NO_CONDITION: &str = "HTTP/1.1 400 Bad Request\r\nContent-Type: application/xml\r\nContent-Length: 124\r\nConnection: close\r\n\r\n<Error><Code>InvalidArgument</Code><Message>A header is not supported</Message><ArgumentName>If-Match</ArgumentName></Error>";
/// Longer than an attempt may take.
const TOO_SLOW: Duration = Duration::from_millis(2500);

/// What can go wrong once, by name.
fn faults() -> Vec<(&'static str, Fault)> {
    vec![
        ("request lost", Fault::LoseRequest),
        ("answer lost", Fault::LoseResponse),
        ("answer cut", Fault::CutResponse),
        ("409", Fault::Answer(CONFLICT)),
        ("503 of S3", Fault::Answer(SLOW_DOWN)),
        ("throttled by DynamoDB", Fault::Answer(THROTTLED)),
        ("500 not applied", Fault::Answer(INTERNAL)),
        ("500 applied", Fault::AnswerInstead(INTERNAL)),
        ("slow", Fault::DelayResponse(Duration::from_millis(300))),
        ("too slow", Fault::DelayResponse(TOO_SLOW)),
    ]
}

/// The requests that have an effect.
#[derive(Clone, Copy, Debug)]
enum Target {
    CreateLockfile,
    PutLock,
    DeleteLockfile,
    DeleteLock,
}

impl Target {
    fn is(self, request: &Request) -> bool {
        let on_lockfile = request.path.contains(".tflock");
        match self {
            Self::CreateLockfile => request.method == "PUT" && on_lockfile,
            Self::PutLock => request.operation == "PutItem",
            Self::DeleteLockfile => request.method == "DELETE" && on_lockfile,
            Self::DeleteLock => request.operation == "DeleteItem",
        }
    }

    /// Whether it goes to the object store.
    fn is_object(self) -> bool {
        matches!(self, Self::CreateLockfile | Self::DeleteLockfile)
    }

    /// The services have errors of their own.
    fn can_meet(self, fault: Fault) -> bool {
        match fault {
            Fault::Answer(CONFLICT | SLOW_DOWN) => self.is_object(),
            Fault::Answer(THROTTLED) => !self.is_object(),
            Fault::Answer(_)
            | Fault::LoseRequest
            | Fault::LoseResponse
            | Fault::DelayResponse(_)
            | Fault::HoldRequest
            | Fault::AnswerInstead(_)
            | Fault::CutResponse => true,
        }
    }

    fn of_acquire(mode: &LockMode) -> &'static [Self] {
        match mode {
            LockMode::Lockfile => &[Self::CreateLockfile],
            LockMode::LockTable(_) => &[Self::PutLock],
            LockMode::Dual(_) => &[Self::CreateLockfile, Self::PutLock],
        }
    }

    fn of_release(mode: &LockMode) -> &'static [Self] {
        match mode {
            LockMode::Lockfile => &[Self::DeleteLockfile],
            LockMode::LockTable(_) => &[Self::DeleteLock],
            LockMode::Dual(_) => &[Self::DeleteLockfile, Self::DeleteLock],
        }
    }
}

/// One case of the matrix.
struct Case<'a> {
    store: &'a Store,
    mode: LockMode,
    target: Target,
    fault: (&'static str, Fault),
    key: String,
}

impl std::fmt::Display for Case<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}, {}, {:?}: {}", self.store.name(), self.mode, self.target, self.fault.0)
    }
}

impl Case<'_> {
    fn inject(&self, proxy: &FaultProxy) {
        let target = self.target;
        proxy.inject_on(self.fault.1, 1, move |request| target.is(request));
    }

    async fn acquire(&self, proxy: &FaultProxy) -> Result<LockHandle, LockError> {
        let client = self.store.client_through(&proxy.endpoint(), &self.mode, &self.key).await;
        client.lock(&claim(), Duration::ZERO, &mut |_| {}).await
    }

    async fn stored(&self) -> Vec<Option<LockId>> {
        self.store.stored(&self.mode, &self.key).await
    }

    /// What is said of the lock is what is stored, whatever went wrong.
    async fn holds_what_it_says(&self) {
        let proxy = self.store.proxy();
        self.inject(&proxy);
        let locked = self.acquire(&proxy).await;
        assert_eq!(proxy.hits().len(), 1, "{self}: the fault happened");
        let stored = self.stored().await;
        match locked {
            Ok(handle) => {
                assert!(
                    stored.iter().all(|id| id.as_ref() == Some(handle.id())),
                    "{self}: {stored:?}"
                );
                assert_eq!(handle.standing().await, Standing::Held, "{self}");
                let report = handle.release().await;
                assert!(report.is_gone(), "{self}: {report:?}");
            }
            // One fault, then a store that answers: there is always a way to find out.
            Err(error) => panic!("{self}: {error:?}, stored: {stored:?}"),
        }
        assert!(self.stored().await.iter().all(Option::is_none), "{self}: something is left");
    }

    /// Another's lock is told, and nothing of ours is left beside it.
    async fn tells_another_holder(&self) {
        let other = self.store.client(&self.mode, &self.key).await;
        let held = other.lock(&claim(), Duration::ZERO, &mut |_| {}).await.expect("free");
        let proxy = self.store.proxy();
        self.inject(&proxy);
        let error = self.acquire(&proxy).await.expect_err("held by another");
        match &error {
            LockError::Held { holder, .. } => {
                assert_eq!(holder.id().as_ref(), Some(held.id()), "{self}");
            }
            // The request without an answer may still come: nobody can know.
            LockError::Unknown { seen, .. } => {
                let seen = seen.as_ref().and_then(|lock| lock.id());
                assert_eq!(seen.as_ref(), Some(held.id()), "{self}");
            }
            LockError::Refused { .. } | LockError::Unstable { .. } | LockError::NoLockId(_) => {
                panic!("{self}: {error:?}")
            }
        }
        let stored = self.stored().await;
        assert!(stored.iter().all(|id| id.as_ref() == Some(held.id())), "{self}: {stored:?}");
        assert!(held.release().await.was_held(), "{self}");
        assert!(self.stored().await.iter().all(Option::is_none), "{self}");
    }

    async fn releases_what_it_says(&self) {
        let proxy = self.store.proxy();
        let handle = self.acquire(&proxy).await.expect("nothing is in the way yet");
        self.inject(&proxy);
        let report = handle.release().await;
        assert_eq!(proxy.hits().len(), 1, "{self}: the fault happened");
        assert!(report.is_gone() && report.was_held(), "{self}: {report:?}");
        assert!(self.stored().await.iter().all(Option::is_none), "{self}");
    }
}

fn cases<'a>(
    store: &'a Store,
    targets: impl Fn(&LockMode) -> &'static [Target],
    name: &str,
) -> Vec<Case<'a>> {
    let mut cases = Vec::new();
    for mode in modes() {
        for target in targets(&mode) {
            for fault in faults() {
                if !target.can_meet(fault.1) {
                    continue;
                }
                let key = format!("{name}/{}.tfstate", cases.len());
                cases.push(Case { store, mode: mode.clone(), target: *target, fault, key });
            }
        }
    }
    cases
}

fn run<F: Future<Output = ()>>(cases: impl IntoIterator<Item = F>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    // Many wait for a timeout; they wait together.
    runtime.block_on(futures::future::join_all(cases));
}

#[test]
fn p2_whatever_goes_wrong_with_an_acquire_what_is_said_is_what_is_stored() {
    for store in stores("acquire") {
        let cases = cases(&store, Target::of_acquire, "acquire");
        run(cases.iter().map(Case::holds_what_it_says));
    }
}

#[test]
fn p3_whatever_goes_wrong_while_another_holds_nothing_of_ours_is_left() {
    for store in stores("held") {
        let cases =
            cases(&store, |mode| Target::of_acquire(mode).get(..1).unwrap_or_default(), "held");
        run(cases.iter().map(Case::tells_another_holder));
    }
}

#[test]
fn p4_whatever_goes_wrong_with_a_release_what_is_said_is_what_is_stored() {
    for store in stores("release") {
        let cases = cases(&store, Target::of_release, "release");
        run(cases.iter().map(Case::releases_what_it_says));
    }
}

/// A removal without a condition is sent only where the store says that it has none, and never where it has one.
#[test]
fn p4_a_bad_request_does_not_make_a_release_unconditional() {
    for store in stores("bad requests") {
        let is_enforced = store.name() == "statelock";
        let cases = [("middlebox", OF_A_MIDDLEBOX, true), ("names it", NO_CONDITION, is_enforced)];
        run(cases.iter().map(async |(name, answer, stays)| {
            let case = Case {
                store: &store,
                mode: LockMode::Lockfile,
                target: Target::DeleteLockfile,
                fault: (name, Fault::Answer(answer)),
                key: format!("refused/{name}.tfstate"),
            };
            let proxy = store.proxy();
            let handle = case.acquire(&proxy).await.expect("nothing is in the way yet");
            case.inject(&proxy);
            let report = handle.release().await;
            let removals = proxy.requests().iter().filter(|one| case.target.is(one)).count();
            assert_eq!(report.is_gone(), !stays, "{case}: {report:?}");
            assert_eq!(removals, if *stays { 1 } else { 2 }, "{case}");
            let stored = case.stored().await;
            assert_eq!(stored.first().is_some_and(Option::is_some), *stays, "{case}: {stored:?}");
            if *stays {
                assert!(handle.release().await.was_held(), "{case}");
            }
        }));
    }
}
