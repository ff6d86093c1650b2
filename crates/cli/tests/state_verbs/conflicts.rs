//! Writes that would lose something: refused, and what is stored stays.

use std::time::Duration;

use statelock_testkit::fault_proxy::{Fault, FaultProxy, Request};

use crate::stage::{KEY, MODES, Stage, ended, state};

/// How long a request may take to reach the proxy.
const HOLD_BOUND: Duration = Duration::from_mins(1);

fn is_state(request: &Request, method: &str) -> bool {
    let path = request.path.split('?').next().unwrap_or_default();
    request.method == method && path.ends_with(KEY)
}

/// Runs a push through the proxy that holds the matching request, does something meanwhile, and goes on.
fn meanwhile(
    stage: &Stage,
    bytes: &[u8],
    held: impl Fn(&Request) -> bool + Send + 'static,
    act: impl FnOnce(),
) -> crate::stage::Run {
    let proxy = stage.proxy();
    proxy.inject_on(Fault::HoldRequest, 1, held);
    let file = stage.scratch.path().join("offered.tfstate");
    std::fs::write(&file, bytes).expect("a file");
    let (address, file) = (Stage::address(KEY), file.display().to_string());
    let child = stage.spawn(&proxy.endpoint(), &["state", "push", &address, &file]);
    assert!(proxy.await_held(HOLD_BOUND), "nothing is held");
    act();
    proxy.let_go();
    ended(child)
}

#[test]
fn p6_a_state_that_was_written_meanwhile_is_not_replaced() {
    for stage in Stage::all("stale If-Match") {
        stage.push(&state(1, "L", "first"), &[]).ended(0, "stored");
        let theirs = state(7, "L", "theirs");
        let put = |request: &Request| is_state(request, "PUT");
        let run = meanwhile(&stage, &state(2, "L", "ours"), put, || stage.write(KEY, &theirs));
        run.ended(5, "written by somebody else meanwhile; nothing was replaced");
        assert!(run.stderr.contains("Stored:  serial 7, lineage L"), "{}", run.stderr);
        assert!(run.stderr.contains("Offered: serial 2, lineage L"), "{}", run.stderr);
        assert_eq!(stage.object(KEY), Some(theirs));
        stage.assert_free();
    }
}

#[test]
fn p6_a_state_that_appeared_meanwhile_is_not_replaced_and_one_that_went_is_not_brought_back() {
    for stage in Stage::all("appearing and deleted states") {
        let put = |request: &Request| is_state(request, "PUT");
        let theirs = state(7, "L", "theirs");
        let run = meanwhile(&stage, &state(2, "L", "ours"), put, || stage.write(KEY, &theirs));
        run.ended(5, "Stored:  serial 7");
        assert_eq!(stage.object(KEY), Some(theirs));
        if stage.has_guard() {
            continue; // It refuses to delete a state that is locked.
        }
        let run = meanwhile(&stage, &state(8, "L", "ours"), put, || stage.delete(KEY));
        run.ended(5, "Stored:  nothing");
        assert_eq!(stage.object(KEY), None);
        stage.assert_free();
    }
}

/// It was stored, nobody heard that, and somebody wrote over it.
#[test]
fn p6_a_write_without_an_answer_is_not_called_refused_because_of_what_came_after_it() {
    for stage in Stage::all("overwritten before it was read back") {
        stage.push(&state(1, "L", "first"), &[]).ended(0, "stored");
        let proxy = stage.proxy();
        proxy.inject_on(Fault::LoseResponse, 1, |request| is_state(request, "PUT"));
        proxy.inject_on(Fault::HoldRequest, 1, |request| is_state(request, "HEAD"));
        let file = stage.scratch.path().join("offered.tfstate");
        std::fs::write(&file, state(2, "L", "ours")).expect("a file");
        let (address, file) = (Stage::address(KEY), file.display().to_string());
        let child = stage.spawn(&proxy.endpoint(), &["state", "push", &address, &file]);
        assert!(proxy.await_held(HOLD_BOUND), "nothing is held");
        let theirs = state(3, "L", "theirs");
        stage.delete(&format!("{KEY}.tflock"));
        stage.write(KEY, &theirs);
        proxy.let_go();
        ended(child).ended(7, "whether the state was written is not known");
        assert_eq!(stage.object(KEY), Some(theirs), "{}", stage.name());
    }
}

#[test]
fn p6_who_lost_the_lock_does_not_write() {
    for stage in Stage::all("lost locks") {
        let first = state(1, "L", "first");
        stage.push(&first, &[]).ended(0, "stored");
        let get = |request: &Request| is_state(request, "GET");
        let unlock = || stage.delete(&format!("{KEY}.tflock"));
        let run = meanwhile(&stage, &state(2, "L", "ours"), get, unlock);
        run.ended(4, "the lock was lost before the write; nothing was written");
        assert_eq!(stage.object(KEY), Some(first));
        stage.assert_free();
    }
}

#[test]
fn p1_a_held_lock_keeps_a_push_out_in_each_mode() {
    for stage in Stage::all("held locks") {
        let holder = stage.hold();
        for options in MODES {
            let run = stage.push(&state(1, "L", "x"), options);
            run.ended(3, holder.id().as_str());
            assert!(run.stderr.contains("somebody@else"), "{}", run.stderr);
        }
        assert_eq!(stage.object(KEY), None);
        assert!(stage.block_on(holder.release()).is_gone());
        stage.push(&state(1, "L", "x"), &["--wait", "5s"]).ended(0, "stored");
    }
}

#[test]
fn p7_only_force_breaks_the_write_rule_and_a_guard_stands_above_it() {
    for stage in Stage::all("write rule") {
        let stored = state(5, "L", "stored");
        let filled = String::from_utf8(stored).expect("text").replace("[]", "[{}]").into_bytes();
        stage.push(&filled, &[]).ended(0, "stored");
        for (bytes, said) in [
            (state(4, "L", "x"), "newer than the offered serial 4"),
            (state(5, "L", "x"), "already has serial 5, with other content"),
            (state(6, "M", "x"), "the offered one has lineage `M`"),
        ] {
            let run = stage.push(&bytes, &[]);
            run.ended(5, said);
            assert!(run.stderr.contains("Stored:  serial 5, lineage L"), "{}", run.stderr);
            assert_eq!(stage.object(KEY).as_ref(), Some(&filled));
        }
        let run = stage.push(&state(4, "L", "x"), &["--force"]);
        if stage.has_guard() {
            run.ended(5, "the server's write guard refused the write");
            assert!(run.stderr.contains("state allow-overwrite"), "{}", run.stderr);
            assert_eq!(stage.object(KEY).as_ref(), Some(&filled));
        } else {
            run.ended(0, "warning: --force");
            assert_eq!(stage.object(KEY), Some(state(4, "L", "x")));
        }
        stage.assert_free();
    }
}

/// Counts what would have changed the state.
fn writes(proxy: &FaultProxy) -> usize {
    proxy.requests().iter().filter(|request| is_state(request, "PUT")).count()
}

#[test]
fn a_store_without_conditional_writes_is_not_written_unless_it_is_said() {
    const NO: &str = "HTTP/1.1 501 Not Implemented\r\nContent-Length: 124\r\n\r\n\
        <Error><Code>NotImplemented</Code><Message>A header you provided implies functionality \
        that is not implemented</Message></Error>";
    let Some(stage) = Stage::moto("unfenced writes") else { return };
    let first = state(1, "L", "first");
    stage.push(&first, &[]).ended(0, "stored");
    let proxy = stage.proxy();
    proxy.inject_on(Fault::Answer(NO), 1, |request| is_state(request, "PUT"));
    let bytes = state(2, "L", "second");
    let run = stage.push_through(&proxy.endpoint(), &bytes, &[]);
    run.ended(10, "--unfenced");
    assert_eq!((stage.object(KEY), writes(&proxy)), (Some(first), 1));
    let run = stage.push(&bytes, &["--unfenced"]);
    run.ended(0, "warning: writing without a condition");
    assert_eq!(stage.object(KEY), Some(bytes));
    // It still looks right before it writes.
    let theirs = state(9, "L", "theirs");
    let proxy = stage.proxy();
    proxy.inject_on(Fault::HoldRequest, 1, |request| is_state(request, "HEAD"));
    let file = stage.scratch.path().join("third.tfstate");
    std::fs::write(&file, state(3, "L", "third")).expect("a file");
    let (address, file) = (Stage::address(KEY), file.display().to_string());
    let args = ["state", "push", &address, &file, "--unfenced"];
    let child = stage.spawn(&proxy.endpoint(), &args);
    assert!(proxy.await_held(HOLD_BOUND), "nothing is held");
    stage.write(KEY, &theirs);
    proxy.let_go();
    ended(child).ended(5, "nothing was replaced");
    assert_eq!(stage.object(KEY), Some(theirs));
    stage.assert_free();
}
