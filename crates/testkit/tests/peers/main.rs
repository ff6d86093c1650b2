//! Servers of others are installed, started, used and ended, and nothing of them stays.

use std::net::TcpStream;
use std::path::Path;

use statelock_testkit::peers::{Peer, PeerKind};
use statelock_testkit::skip::skip;

const BUCKET: &str = "tfstate";
const LOCK_TABLE: &str = "locks";

/// Its bucket keeps objects and its table keeps items, as far as it has any; then it is gone.
fn serves_and_goes(kind: PeerKind) {
    let peer = match Peer::start(kind) {
        Ok(peer) => peer,
        Err(missing) => return skip(&format!("peers: {}", kind.name()), &missing.0),
    };
    if let Some(address) = peer.s3() {
        peer.create_bucket(BUCKET);
        let mut client = Peer::client(address);
        let path = format!("/{BUCKET}/some/key.tfstate");
        let put = client.s3("PUT", &path, &[], b"a state").expect("an answer");
        assert_eq!(put.status(), 200, "{}: {}", peer.title(), put.text());
        let got = client.s3("GET", &path, &[], b"").expect("an answer");
        assert!(got.text().contains("a state"), "{}: {}", peer.title(), got.text());
        let missing = client.s3("GET", &format!("/{BUCKET}/ready"), &[], b"").expect("an answer");
        assert_eq!(missing.status(), 404, "{}: what made it ready is gone", peer.title());
    }
    if let Some(address) = peer.dynamodb() {
        peer.create_lock_table(LOCK_TABLE);
        let put =
            format!("{{\"TableName\":\"{LOCK_TABLE}\",\"Item\":{{\"LockID\":{{\"S\":\"a\"}}}}}}");
        let put = Peer::client(address).dynamodb("PutItem", put.as_bytes()).expect("an answer");
        assert_eq!(put.status(), 200, "{}: {}", peer.title(), put.text());
    }
    let address = peer.s3().or(peer.dynamodb()).expect("one of the two");
    assert!(address.ip().is_loopback());
    let process = format!("/proc/{}", peer.process_id());
    assert!(Path::new(&process).exists());
    drop(peer);
    assert!(!Path::new(&process).exists(), "{} still runs", kind.name());
    assert!(TcpStream::connect(address).is_err(), "{} still listens", kind.name());
}

#[test]
fn moto() {
    serves_and_goes(PeerKind::Moto);
}

#[test]
fn ministack() {
    serves_and_goes(PeerKind::Ministack);
}

#[test]
fn dynalite() {
    serves_and_goes(PeerKind::Dynalite);
}

#[test]
fn s3s_fs() {
    serves_and_goes(PeerKind::S3sFs);
}

#[test]
fn s3rver() {
    serves_and_goes(PeerKind::S3rver);
}

#[test]
fn rclone() {
    serves_and_goes(PeerKind::Rclone);
}

#[test]
fn seaweedfs() {
    serves_and_goes(PeerKind::SeaweedFs);
}
