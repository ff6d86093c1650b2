//! Whoever took a lock: its lockfile is there to be read, listed and released.

use statelock_protocol::lock::unified::Facet;
use statelock_server::engine::{
    DeleteCondition, ListingRequest, VersionListingItem, VersionListingRequest,
};
use statelock_server::records::VersionId;

use crate::clients::lock_info;
use crate::server::{BUCKET, LOCKFILE, Server, on_both, run};

fn md5(bytes: &[u8]) -> String {
    statelock_protocol::state::Digest::of(bytes).to_string()
}

#[test]
fn p11_every_lock_is_shown_as_the_lockfile_that_its_holder_would_have_written() {
    on_both(|server| async move {
        for facet in Facet::ALL {
            let (client, id) = (server.client(1), format!("id-{facet}"));
            assert!(client.take(facet, &id).await);
            let (version, body) = server.lockfile().await.unwrap();
            assert_eq!(body, lock_info(&id), "{facet}");
            assert_eq!(version.id, VersionId::Null);
            let content = version.content.unwrap();
            assert_eq!(content.etag, md5(&body));
            assert_eq!(content.size, u64::try_from(body.len()).unwrap());
            assert_eq!(content.headers.standard["content-type"], "application/json");
            assert_eq!(content.lock_id, Some(id.clone()));
            client.release(facet, &id).await;
            assert_eq!(server.lockfile().await, None);
        }
        assert_eq!(server.pieces().await, 0, "bodies of lockfiles that are gone");
    });
}

#[test]
fn p11_a_lock_info_that_go_would_write_otherwise_is_shown_through_others_as_go_does() {
    on_both(|server| async move {
        let sent = r#"{ "Who": "<a>", "ID": "x", "More": [1] }"#;
        let precondition = statelock_protocol::store::Precondition::IfAbsent;
        server.client(1).put(sent.into(), precondition).await.unwrap();
        let (_, body) = server.lockfile().await.unwrap();
        assert_eq!(body, sent, "its own bytes through its own facet");
        let shown = server.hold().await.unwrap().shown_through(Facet::LockTable);
        let shown = String::from_utf8(shown).unwrap();
        assert!(shown.starts_with(r#"{"ID":"x","Operation":"","Info":"","Who":"\u003ca\u003e""#));
    });
}

async fn versions(server: &Server) -> Vec<(String, VersionId, bool)> {
    let page = ListingRequest {
        bucket: BUCKET.to_owned(),
        prefix: String::new(),
        delimiter: String::new(),
        after: None,
        limit: 1000,
    };
    let request = VersionListingRequest { page, after_version: None };
    let listing = server.engine.list_versions(request).await.unwrap();
    let items = listing.items.into_iter().map(|item| match item {
        VersionListingItem::Version(key, version, newest) => (key, version.id, newest),
        VersionListingItem::CommonPrefix(prefix) => panic!("{prefix}"),
    });
    items.collect()
}

#[test]
fn a_lock_is_listed_once_and_leaves_neither_version_nor_marker() {
    on_both(|server| async move {
        for facet in Facet::ALL {
            let client = server.client(1);
            for round in 0..3 {
                let id = format!("id-{facet}-{round}");
                assert!(client.take(facet, &id).await);
                assert_eq!(server.listed().await, [LOCKFILE]);
                let line = (LOCKFILE.to_owned(), VersionId::Null, true);
                assert_eq!(versions(&server).await, [line]);
                client.release(facet, &id).await;
                assert_eq!(server.listed().await, <[&str; 0]>::default());
                assert_eq!(versions(&server).await, []);
            }
        }
    });
}

#[test]
fn a_lockfile_that_the_server_made_is_released_by_its_etag() {
    run(async {
        let server = Server::with_bucket(crate::server::memory()).await;
        assert!(server.client(1).take(Facet::Http, "held").await);
        let stranger = server.client(2);
        let wrong = statelock_protocol::store::ETag::new("00");
        let refused = stranger.delete(DeleteCondition::IfMatch(wrong)).await;
        assert!(refused.is_err(), "{refused:?}");
        assert_eq!(server.holder().await.as_deref(), Some("held"));
        let etag = statelock_protocol::store::ETag::new(md5(&lock_info("held")));
        stranger.delete(DeleteCondition::IfMatch(etag)).await.unwrap();
        assert_eq!(server.holder().await, None);
    });
}
