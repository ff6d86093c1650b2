//! A client with two facets gives them back one after the other.

use std::time::Duration;

use statelock_protocol::lock::unified::{Facet, GIVE_BACK_GRACE_MICROS};
use statelock_server::engine::Clock;
use tokio::time::Instant;

use crate::server::{LOCKFILE, SECOND, Server, embedded, in_paused_time, memory, on_both, run};

const BOTH: [Facet; 2] = [Facet::Lockfile, Facet::LockTable];
const GRACE: Duration = Duration::from_micros(GIVE_BACK_GRACE_MICROS);

async fn take_both(server: &Server, id: &str) {
    for facet in BOTH {
        assert!(server.client(1).take(facet, id).await);
    }
}

#[test]
fn p5_what_is_left_of_a_lock_still_excludes() {
    in_paused_time(|server| async move {
        take_both(&server, "dual").await;
        server.client(1).release(Facet::Lockfile, "dual").await;
        assert_eq!(server.lockfile().await, None, "given back");
        assert_eq!(server.listed().await, <[&str; 0]>::default());
        assert_eq!(server.holder().await.as_deref(), Some("dual"));
        assert_eq!(server.facets().await, [Facet::LockTable]);
        let began = Instant::now();
        let waits = tokio::spawn({
            let bob = server.client(2);
            async move { (bob.take(Facet::Lockfile, "bob").await, Instant::now()) }
        });
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(!waits.is_finished(), "bob got a lock that dual has");
        server.client(1).release(Facet::LockTable, "dual").await;
        let (granted, at) = waits.await.unwrap();
        assert!(granted);
        let waited = at - began;
        assert!(waited >= Duration::from_secs(1) && waited <= GRACE, "{waited:?}");
        assert_eq!(server.holder().await.as_deref(), Some("bob"));
    });
}

#[test]
fn p5_a_half_that_nobody_gives_back_is_over_after_the_grace_and_not_before() {
    for first in BOTH {
        in_paused_time(|server| async move {
            take_both(&server, "dual").await;
            server.client(1).release(first, "dual").await;
            let began = Instant::now();
            assert!(server.client(2).take(Facet::Http, "next").await);
            let waited = began.elapsed();
            assert!(waited >= GRACE && waited < GRACE + Duration::from_secs(1), "{waited:?}");
            assert_eq!(server.holder().await.as_deref(), Some("next"));
        });
    }
}

#[test]
fn a_lockfile_that_nobody_gives_back_leaves_the_listing_by_itself() {
    in_paused_time(|server| async move {
        take_both(&server, "dual").await;
        server.client(1).release(Facet::LockTable, "dual").await;
        assert_eq!(server.listed().await, [LOCKFILE], "its holder still has it");
        tokio::time::sleep(GRACE.saturating_sub(Duration::from_millis(1))).await;
        assert_eq!(server.listed().await, [LOCKFILE]);
        tokio::time::sleep(Duration::from_millis(2)).await;
        assert_eq!(server.listed().await, <[&str; 0]>::default());
        let rows = server.lock_rows().await;
        assert_eq!(rows.len(), 1, "what happened is remembered");
        assert_eq!(rows[0].get("hold"), None);
        assert_eq!(server.pieces().await, 0);
    });
}

#[test]
fn a_client_that_takes_the_first_half_again_keeps_its_lock() {
    in_paused_time(|server| async move {
        take_both(&server, "dual").await;
        // As a client that was refused the second half and tries again from the start.
        server.client(1).release(Facet::Lockfile, "dual").await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(server.client(1).take(Facet::Lockfile, "dual").await);
        tokio::time::sleep(2 * GRACE).await;
        assert_eq!(server.holder().await.as_deref(), Some("dual"));
        assert_eq!(server.listed().await, [LOCKFILE]);
    });
}

#[test]
fn a_half_given_back_twice_is_given_back_once() {
    on_both(|server| async move {
        take_both(&server, "dual").await;
        let client = server.client(1);
        client.get_item().await;
        client.delete_item(Some("one call")).await.unwrap();
        client.delete_item(Some("one call")).await.unwrap();
        assert_eq!(server.facets().await, [Facet::Lockfile]);
        client.release(Facet::Lockfile, "dual").await;
        assert_eq!(server.holder().await, None);
    });
}

#[test]
fn p5_a_half_that_a_crash_left_is_over_at_the_next_start() {
    let directory = tempfile::tempdir().unwrap();
    let given_at = run(async {
        let server = Server::with_bucket(embedded(&directory)).await;
        take_both(&server, "dual").await;
        server.client(1).release(Facet::LockTable, "dual").await;
        server.clock.now_micros()
        // The runtime ends here, and with it the task that would have ended the lock.
    });
    run(async {
        let server = Server::over(embedded(&directory));
        server.clock.advance(given_at.saturating_sub(server.clock.now_micros()) + 6 * SECOND);
        assert_eq!(server.listed().await, [LOCKFILE], "as the crash left it");
        assert_eq!(server.holder().await, None, "its time is over all the same");
        server.engine.sweep_at_start().await.unwrap();
        assert_eq!(server.listed().await, <[&str; 0]>::default());
    });
}

#[test]
fn a_half_whose_time_is_not_yet_over_at_the_next_start_is_over_when_it_is() {
    let storage = memory();
    let given_at = run(async {
        let server = Server::with_bucket(std::sync::Arc::clone(&storage)).await;
        take_both(&server, "dual").await;
        server.client(1).release(Facet::LockTable, "dual").await;
        server.clock.now_micros()
    });
    in_paused_time(|_| async {
        let server = Server::over(std::sync::Arc::clone(&storage));
        server.clock.advance(given_at.saturating_sub(server.clock.now_micros()) + SECOND);
        server.engine.sweep_at_start().await.unwrap();
        assert_eq!(server.listed().await, [LOCKFILE], "not yet");
        tokio::time::sleep(GRACE).await;
        assert_eq!(server.listed().await, <[&str; 0]>::default());
    });
}
