//! Locks outlive the process.

use statelock_protocol::lock::unified::{Facet, ReleaseOutcome};
use statelock_server::engine::Clock;

use crate::clients::lock_info;
use crate::server::{Server, embedded, run};

#[test]
fn p12_a_lock_survives_a_restart_with_its_facets_and_its_past() {
    for facet in Facet::ALL {
        let directory = tempfile::tempdir().unwrap();
        let now = run(async {
            let server = Server::with_bucket(embedded(&directory)).await;
            assert!(server.client(1).take(facet, "past").await);
            server.client(1).release(facet, "past").await;
            assert!(server.client(1).take(facet, "held").await);
            server.clock.now_micros()
        });
        run(async {
            let server = Server::over(embedded(&directory));
            server.clock.advance(now.saturating_sub(server.clock.now_micros()));
            server.engine.sweep_at_start().await.unwrap();
            assert_eq!(server.holder().await.as_deref(), Some("held"));
            assert_eq!(server.facets().await, [facet]);
            assert_eq!(server.lockfile().await.unwrap().1, lock_info("held"));
            for asking in Facet::ALL {
                assert!(!server.client(2).take(asking, &format!("other-{asking}")).await);
            }
            if facet == Facet::Http {
                // Delivered twice, across the restart: `past` is released, and `held` is not.
                let outcome = server.client(1).unlock(Some("past")).await;
                assert_eq!(outcome, ReleaseOutcome::Repeated);
            }
            server.client(3).release(facet, "held").await;
            assert_eq!(server.holder().await, None);
        });
    }
}
