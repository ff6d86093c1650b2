//! Against the state server, whose lockfiles leave nothing behind, and against moto.

use std::net::SocketAddr;
use std::path::Path;

use object_store::ObjectStoreExt as _;
use object_store::aws::AmazonS3;
use object_store::path::Path as Key;
use statelock_testkit::fault_proxy::deliver_again;
use statelock_testkit::store_server::StoreServer;

use crate::stage::{LOCK, STATE, run};

const ADDRESS: &str = "s3://tfstate/app/terraform.tfstate";

/// Takes and releases the lock of the state.
fn cycle(env: &[(String, String)]) {
    let id = run(env, &["lock", ADDRESS]).having_said(0, "").stdout;
    run(env, &["unlock", ADDRESS, id.trim_end()]).having_said(0, "");
}

fn write_twice(bucket: &AmazonS3) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    for _ in 0..2 {
        runtime.block_on(bucket.put(&Key::from(STATE), b"{}".as_slice().into())).expect("a write");
    }
}

/// Makes moto keep versions.
fn keep_versions(endpoint: &str) {
    let address: SocketAddr =
        endpoint.strip_prefix("http://").and_then(|text| text.parse().ok()).expect("an address");
    let body = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    let request = format!(
        "PUT /tfstate?versioning HTTP/1.1\r\nHost: x\r\nAuthorization: AWS4-HMAC-SHA256 \
         Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    assert_eq!(deliver_again(address, request.as_bytes()).expect("moto answers"), 200);
}

#[test]
fn the_state_server_has_nothing_to_remove() {
    let server = StoreServer::statelock(Path::new(env!("CARGO_BIN_EXE_statelock")), &[]);
    let env = server.client_env(&server.endpoint());
    write_twice(&crate::bucket::open(server.endpoint(), server.credentials()));
    cycle(&env);
    run(&env, &["gc", "s3://tfstate", "--yes"]).having_said(0, "there is nothing to remove");
    let id = run(&env, &["lock", ADDRESS]).having_said(0, "").stdout;
    let said =
        run(&env, &["gc", "s3://tfstate", "--yes"]).having_said(0, "there is nothing to remove");
    assert!(said.stdout.contains("1 lockfile, 1 held now"), "{}", said.stdout);
    run(&env, &["unlock", ADDRESS, id.trim_end()]).having_said(0, "");
    run(&env, &["gc", "s3://no-such-bucket"]).having_said(6, "check the bucket's name");
}

#[test]
fn the_locks_of_a_versioned_bucket_are_cleared_and_its_states_kept() {
    let Some(moto) = StoreServer::moto("gc: a versioned bucket") else { return };
    let env = moto.client_env(&moto.endpoint());
    keep_versions(&moto.endpoint());
    write_twice(&crate::bucket::open(moto.endpoint(), moto.credentials()));
    for _ in 0..3 {
        cycle(&env);
    }
    let found = run(&env, &["gc", "s3://tfstate", "--json"]).having_said(0, "").json();
    assert_eq!(found["old_versions"]["versions"], 3, "{found}");
    assert_eq!(found["delete_markers"]["versions"], 3, "{found}");
    let id = run(&env, &["lock", ADDRESS]).having_said(0, "").stdout;
    run(&env, &["gc", "s3://tfstate", "--yes"]).having_said(0, "1 lockfile, 1 held now");
    run(&env, &["unlock", ADDRESS, id.trim_end()]).having_said(0, "");
    let left = run(&env, &["gc", ADDRESS, "--yes", "--json"]).having_said(0, "").json();
    assert_eq!(left["removed_old_versions"]["versions"], 1, "{left}");
    assert_eq!(left["removed_delete_markers"]["versions"], 1, "{left}");
    assert_eq!(left["listed_versions"], 4, "{left}: two of the state, two of its lock");
    let left = run(&env, &["gc", "s3://tfstate", "--json"]).having_said(0, "").json();
    assert_eq!((&left["lockfiles"], &left["listed_versions"]), (&0.into(), &2.into()), "{LOCK}");
}
