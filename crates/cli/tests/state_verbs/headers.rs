//! What goes over the wire with a state, as Terraform and OpenTofu send it.

use std::time::Duration;

use statelock_client::state::{DigestCheck, Discard, Fencing, StateSource};
use statelock_client::{
    BackendSettings, Claim, Encryption, ObjectSettings, Secret, StateBackend, StaticCredentials,
};
use statelock_testkit::fault_proxy::Fault;

use crate::stage::{BUCKET, KEY, Stage, state};

/// Thirty-two bytes, and what is sent of them.
const CUSTOMER_KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

const KMS_KEY: &str = "arn:aws:kms:us-east-1:123456789012:key/0123abcd";

/// Writes and reads a state with these settings; all requests about the state, with their heads in lower case.
fn requests(stage: &Stage, objects: ObjectSettings, bytes: &[u8]) -> Vec<String> {
    let proxy = stage.proxy();
    let about_state = |path: &str| {
        let path = path.split('?').next().unwrap_or_default();
        path.ends_with(KEY)
    };
    // A delay of nothing keeps the request as it was sent.
    proxy
        .inject(Fault::DelayResponse(Duration::ZERO), usize::MAX, move |_, path| about_state(path));
    let mut settings = BackendSettings::lockfile(BUCKET, KEY).expect("a key");
    settings.stores.region = Some("us-east-1".to_owned());
    settings.stores.endpoint_url = Some(proxy.endpoint());
    let (access_key, secret_key) = ("test".to_owned(), Secret::new("test"));
    settings.stores.static_credentials =
        Some(StaticCredentials { access_key, secret_key, token: None });
    settings.objects = objects;
    stage.block_on(async {
        let backend = Box::pin(StateBackend::connect(settings)).await.expect("settings");
        let lock =
            backend.lock(&Claim::default(), Duration::ZERO, &mut |_| {}).await.expect("free");
        let source = StateSource::of_bytes(bytes.to_vec()).expect("a state");
        let object = backend.state();
        let (stored, _) = object.read(DigestCheck::Verify, &mut Discard).await.expect("readable");
        let written = object.write(&source, &stored.expected(), &lock, Fencing::Conditional).await;
        written.expect("it is written");
        let (now, _) = object.read(DigestCheck::Verify, &mut Discard).await.expect("readable");
        assert_eq!(now.state().map(|read| read.digest), Some(*source.digest()));
        assert!(lock.release().await.is_gone());
    });
    let head = |request: &[u8]| {
        let text = String::from_utf8_lossy(request).into_owned();
        text.split("\r\n\r\n").next().unwrap_or_default().to_ascii_lowercase()
    };
    proxy.hits().iter().map(|hit| head(&hit.request)).collect()
}

#[track_caller]
fn has(requests: &[String], begins: &str, headers: &[&str], lacks: &[&str]) {
    let found: Vec<_> = requests.iter().filter(|request| request.starts_with(begins)).collect();
    assert!(!found.is_empty(), "no {begins} in {requests:#?}");
    for request in found {
        for header in headers {
            assert!(request.contains(&format!("\r\n{header}")), "no {header} in {request}");
        }
        for header in lacks {
            assert!(!request.contains(&format!("\r\n{header}")), "{header} in {request}");
        }
    }
}

const PUT: &str = "put /tfstate/app/terraform.tfstate?x-id=putobject";

#[test]
fn p11_a_state_carries_what_terraform_sends_and_its_condition() {
    let Some(stage) = Stage::moto("headers of a state") else { return };
    let objects = ObjectSettings {
        encryption: Encryption::Kms("alias/k".to_owned()),
        acl: Some("bucket-owner-full-control".to_owned()),
        state_tags: vec![("b".to_owned(), "x y".to_owned()), ("a".to_owned(), "1".to_owned())],
        lock_tags: vec![("lock".to_owned(), "1".to_owned())],
        ..ObjectSettings::default()
    };
    let seen = requests(&stage, objects.clone(), &state(1, "L", "x"));
    let usual = [
        "content-type: application/json",
        "x-amz-server-side-encryption: aws:kms",
        "x-amz-server-side-encryption-aws-kms-key-id: alias/k",
        "x-amz-acl: bucket-owner-full-control",
        "x-amz-tagging: a=1&b=x%20y",
    ];
    has(&seen, PUT, &usual, &["if-match", "x-amz-server-side-encryption-customer"]);
    has(&seen, PUT, &["if-none-match: *", "x-amz-checksum-sha256: "], &["content-encoding"]);
    let plain = ObjectSettings { skip_checksum: true, ..ObjectSettings::default() };
    let seen = requests(&stage, plain, &state(2, "L", "x"));
    let none =
        ["x-amz-checksum", "x-amz-acl", "x-amz-tagging", "x-amz-server-side", "if-none-match"];
    has(&seen, PUT, &["if-match: \""], &none);
    has(&seen, "get ", &[], &["x-amz-checksum-mode", "range"]);

    // In parts: with the upload, and the condition at its end.
    let seen = requests(&stage, objects, &state(3, "L", &"x".repeat(17 << 20)));
    let create = "post /tfstate/app/terraform.tfstate?uploads";
    has(&seen, create, &usual, &["if-match"]);
    let complete = "post /tfstate/app/terraform.tfstate?uploadid=";
    has(&seen, complete, &["if-match: \""], &["x-amz-acl"]);
    let parts = seen.iter().filter(|request| request.contains("partnumber="));
    assert_eq!(parts.count(), 3, "parts of eight MiB");
}

#[test]
fn p11_a_key_of_ones_own_goes_along_with_every_request_about_the_state() {
    let Some(stage) = Stage::moto("SSE-C of a state") else { return };
    let objects = ObjectSettings {
        encryption: Encryption::Customer(Secret::new(CUSTOMER_KEY)),
        ..ObjectSettings::default()
    };
    let key = [
        "x-amz-server-side-encryption-customer-algorithm: aes256".to_owned(),
        format!("x-amz-server-side-encryption-customer-key: {}", CUSTOMER_KEY.to_ascii_lowercase()),
        "x-amz-server-side-encryption-customer-key-md5: ".to_owned(),
    ];
    let key: Vec<_> = key.iter().map(String::as_str).collect();
    for (serial, size) in [(1, 1), (2, 17 << 20)] {
        let bytes = state(serial, "L", &"x".repeat(size));
        let seen = requests(&stage, objects.clone(), &bytes);
        has(&seen, "get ", &key, &[]);
        has(&seen, "p", &key, &["x-amz-server-side-encryption: "]);
    }
}

/// Where the settings leave encryption to the bucket, a write must not take a state's key away.
#[test]
fn a_state_keeps_the_kms_key_that_it_is_stored_with() {
    let Some(stage) = Stage::moto("states with a KMS key") else { return };
    let encryption = Encryption::Kms(KMS_KEY.to_owned());
    let objects = ObjectSettings { encryption, ..ObjectSettings::default() };
    requests(&stage, objects, &state(1, "L", "x"));
    let proxy = stage.proxy();
    let puts = |method: &str, path: &str| {
        method == "PUT" && path.split('?').next().unwrap_or_default().ends_with(KEY)
    };
    proxy.inject(Fault::DelayResponse(Duration::ZERO), usize::MAX, puts);
    stage.push_through(&proxy.endpoint(), &state(2, "L", "x"), &[]).ended(0, "stored");
    // Who asks for another one gets it.
    let asked = ["--encrypt"];
    stage.push_through(&proxy.endpoint(), &state(3, "L", "x"), &asked).ended(0, "stored");
    stage.push_through(&proxy.endpoint(), &state(4, "L", "x"), &[]).ended(0, "stored");
    let heads = proxy
        .hits()
        .into_iter()
        .map(|hit| String::from_utf8_lossy(&hit.request).to_ascii_lowercase());
    let named: Vec<_> = heads
        .map(|head| {
            let key = format!("x-amz-server-side-encryption-aws-kms-key-id: {KMS_KEY}\r\n");
            head.contains(&key) && head.contains("x-amz-server-side-encryption: aws:kms\r\n")
        })
        .collect();
    assert_eq!(named, [true, false, false]);
}

/// moto does not name the key of such an object when it is read.
#[test]
fn two_layers_of_encryption_are_asked_for_as_such() {
    let Some(stage) = Stage::moto("states in two layers") else { return };
    let encryption = Encryption::KmsDualLayer(KMS_KEY.to_owned());
    let objects = ObjectSettings { encryption, ..ObjectSettings::default() };
    let key = format!("x-amz-server-side-encryption-aws-kms-key-id: {KMS_KEY}");
    let named = ["x-amz-server-side-encryption: aws:kms:dsse", &key];
    let create = "post /tfstate/app/terraform.tfstate?uploads";
    for (serial, size, begins) in [(1, 1, PUT), (2, 17 << 20, create)] {
        let seen = requests(&stage, objects.clone(), &state(serial, "L", &"x".repeat(size)));
        has(&seen, begins, &named, &[]);
    }
}
