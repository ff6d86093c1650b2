//! Servers that nobody here wrote, each with the verdict that its real behaviour deserves.

use statelock_testkit::peers::{Peer, PeerKind};
use statelock_testkit::real_clients::terraform::LOCK_TABLE;
use statelock_testkit::skip::skip;

use super::probe::{Probed, probe};
use super::stage::{PLAIN, VERSIONED};

/// A server with a bucket that keeps versions, if it can, another that keeps none, and a lock table.
fn started(kind: PeerKind) -> Option<Peer> {
    let peer = match Peer::start(kind) {
        Ok(peer) => peer,
        Err(missing) => {
            skip(&format!("probe: {}", kind.name()), &missing.0);
            return None;
        }
    };
    if peer.s3().is_some() {
        peer.create_bucket(PLAIN);
    }
    if peer.dynamodb().is_some() {
        peer.create_lock_table(LOCK_TABLE);
    }
    Some(peer)
}

fn probed(peer: &Peer, bucket: &str) -> Probed {
    let table = peer.dynamodb().map(|_| ["--dynamodb-table", LOCK_TABLE]);
    let options: Vec<_> = table.into_iter().flatten().collect();
    probe(bucket, &options, &peer.client_env())
}

#[test]
fn ministack_is_safe() {
    let Some(peer) = started(PeerKind::Ministack) else { return };
    peer.create_bucket(VERSIONED);
    assert!(peer.keep_versions(VERSIONED));
    for bucket in [PLAIN, VERSIONED] {
        let probed = probed(&peer, bucket);
        probed.left_nothing();
        assert_eq!((probed.lockfile(), probed.lock_table()), ("safe", "safe"), "{bucket}");
    }
}

#[test]
fn s3s_fs_is_racy() {
    let Some(peer) = started(PeerKind::S3sFs) else { return };
    let probed = probed(&peer, PLAIN);
    probed.ended(10).assert(&[
        ("put_if_absent", "enforced"),
        ("put_if_absent_concurrent", "racy"),
        ("delete_if_match", "ignored"),
    ]);
}

#[test]
fn s3rver_ignores_conditions() {
    let Some(peer) = started(PeerKind::S3rver) else { return };
    let probed = probed(&peer, PLAIN);
    probed.ended(10).assert(&[
        ("put_if_absent", "ignored"),
        ("put_if_match", "ignored"),
        ("delete_if_match", "ignored"),
    ]);
}

#[test]
fn rclone_ignores_conditions() {
    let Some(peer) = started(PeerKind::Rclone) else { return };
    let probed = probed(&peer, PLAIN);
    probed.ended(10).assert(&[
        ("put_if_absent", "ignored"),
        ("put_if_match", "ignored"),
        ("delete_if_match", "ignored"),
    ]);
}

/// It looks and then writes, without a lock around both; but its threads change so rarely between the two
/// that rounds in which two win are rare. A race that is not seen is not called one.
#[test]
fn moto_is_found_racy_at_most() {
    let Some(peer) = started(PeerKind::Moto) else { return };
    let probed = probed(&peer, PLAIN);
    probed.left_nothing().assert(&[
        ("put_if_absent", "enforced"),
        ("put_if_match", "enforced"),
        ("delete_if_match", "enforced"),
        ("complete_if_match", "ignored"),
        ("item_put_if_absent", "enforced"),
    ]);
    let (at_once, lockfile) = (probed.of("put_if_absent_concurrent"), probed.lockfile());
    let expected = [("enforced", "safe"), ("racy", "not_safe")];
    assert!(expected.contains(&(at_once, lockfile)), "{at_once}, {lockfile}");
}

/// Writers that want one key at once wait for each other by the second, and on a busy machine for longer
/// than a client waits: then it is not known who won, and the probe must not say more.
#[test]
fn seaweedfs_is_safe_as_far_as_it_answers() {
    let Some(peer) = started(PeerKind::SeaweedFs) else { return };
    let probed = probed(&peer, PLAIN);
    probed.left_nothing().assert(&[
        ("put_if_absent", "enforced"),
        ("put_if_match", "enforced"),
        ("delete_if_match", "enforced"),
        ("complete_if_absent", "enforced"),
        ("read_after_write", "enforced"),
        ("body_crc32_trailer", "enforced"),
    ]);
    let (at_once, lockfile) = (probed.of("put_if_absent_concurrent"), probed.lockfile());
    let expected = [("enforced", "safe"), ("not_known", "not_known")];
    assert!(expected.contains(&(at_once, lockfile)), "{at_once}, {lockfile}");
}

#[test]
fn dynalite_is_a_safe_lock_table() {
    let Some(tables) = started(PeerKind::Dynalite) else { return };
    // It has no S3: the bucket is at another server, as it may be.
    let Some(objects) = started(PeerKind::Ministack) else { return };
    let (s3, dynamodb) = (objects.s3().expect("S3"), tables.dynamodb().expect("DynamoDB"));
    let (s3, dynamodb) = (format!("http://{s3}"), format!("http://{dynamodb}"));
    let options = [
        ["--endpoint-url", s3.as_str()],
        ["--dynamodb-endpoint-url", dynamodb.as_str()],
        ["--dynamodb-table", LOCK_TABLE],
    ];
    let probed = probe(PLAIN, options.as_flattened(), &tables.client_env());
    probed.left_nothing();
    assert_eq!(probed.lock_table(), "safe");
}
