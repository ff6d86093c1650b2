//! The arguments of an `s3` backend, read from what terraform 1.11.4 wrote.

use std::collections::BTreeMap;

use crate::scratch::{backend, directory};
use statelock_config::{
    AssumeRole, AssumeRoleWithWebIdentity, ConfigError, Endpoints, S3Arguments, Secret,
};

const STATE: &str = ".terraform/terraform.tfstate";

fn initialised(state: &str) -> S3Arguments {
    let root = directory(&[(STATE, state)]);
    S3Arguments::read(&backend(root.path()).expect("a backend").arguments).expect("arguments")
}

fn written(arguments: &str) -> Result<S3Arguments, ConfigError> {
    let block = format!(
        "terraform {{\n  backend \"s3\" {{\nbucket = \"b\"\nkey = \"k\"\n{arguments}\n  }}\n}}\n"
    );
    let root = directory(&[("main.tf", &block)]);
    S3Arguments::read(&backend(root.path())?.arguments)
}

#[expect(clippy::unnecessary_wraps, reason = "what it is compared with is an option")]
fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[expect(clippy::unnecessary_wraps, reason = "what it is compared with is an option")]
fn list(items: &[&str]) -> Option<Vec<String>> {
    Some(items.iter().map(|item| (*item).to_owned()).collect())
}

fn url() -> Option<String> {
    some("http://127.0.0.1:41263")
}

#[test]
fn every_argument_is_read_back() {
    let expected = S3Arguments {
        bucket: "tfstate".into(),
        key: "app/terraform.tfstate".into(),
        region: some("eu-central-1"),
        workspace_key_prefix: some("envs"),
        use_lockfile: Some(true),
        dynamodb_table: some("locks"),
        encrypt: Some(true),
        kms_key_id: some("alias/state"),
        sse_customer_key: None,
        acl: some("bucket-owner-full-control"),
        skip_s3_checksum: Some(true),
        access_key: Some(Secret::new("AKIAEXAMPLE")),
        secret_key: Some(Secret::new("SECRETKEYVALUE")),
        token: Some(Secret::new("TOKENVALUE")),
        profile: None,
        shared_config_files: list(&["a.conf", "b.conf"]),
        shared_credentials_files: list(&["creds"]),
        max_retries: Some(3),
        retry_mode: some("adaptive"),
        endpoints: Endpoints { s3: url(), dynamodb: url(), iam: url(), sts: url(), sso: url() },
        use_path_style: Some(true),
        sts_region: some("us-east-1"),
        skip_credentials_validation: Some(false),
        skip_requesting_account_id: Some(true),
        skip_region_validation: Some(true),
        skip_metadata_api_check: Some(true),
        allowed_account_ids: list(&["012345678901", "123456789012"]),
        forbidden_account_ids: None,
        ec2_metadata_service_endpoint: some("http://127.0.0.1:1"),
        ec2_metadata_service_endpoint_mode: some("IPv4"),
        custom_ca_bundle: None,
        http_proxy: Some(Secret::new("")),
        https_proxy: Some(Secret::new("")),
        no_proxy: some("127.0.0.1"),
        insecure: Some(false),
        use_fips_endpoint: Some(false),
        use_dualstack_endpoint: Some(false),
        assume_role: Some(AssumeRole {
            role_arn: "arn:aws:iam::123456789012:role/state".into(),
            duration: some("1h30m"),
            external_id: Some(Secret::new("outside")),
            policy: some("{\"Version\":\"2012-10-17\"}"),
            policy_arns: list(&["arn:aws:iam::123456789012:policy/p"]),
            session_name: some("session"),
            source_identity: some("someone"),
            tags: Some(BTreeMap::from([
                ("a b".into(), "c".into()),
                ("team".into(), "infra".into()),
            ])),
            transitive_tag_keys: list(&["team"]),
        }),
        assume_role_with_web_identity: None,
        state_tags: None,
        lock_tags: None,
        unknown: vec![],
    };
    assert_eq!(initialised(include_str!("initialised/s3-all-arguments.json")), expected);
}

#[test]
fn deprecated_names_are_read_into_the_new_ones() {
    let read = initialised(include_str!("initialised/s3-legacy-arguments.json"));
    assert_eq!(
        read.endpoints,
        Endpoints { s3: url(), dynamodb: url(), iam: url(), sts: url(), sso: None }
    );
    assert_eq!(read.use_path_style, Some(true));
    assert_eq!(read.shared_credentials_files, list(&["creds"]));
    assert_eq!(read.profile, some("state"));
    assert_eq!(read.custom_ca_bundle, some("ca.pem"));
    assert_eq!(read.forbidden_account_ids, list(&["999999999999"]));
    assert_eq!(
        read.sse_customer_key,
        Some(Secret::new("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="))
    );
    assert_eq!(
        read.assume_role_with_web_identity,
        Some(AssumeRoleWithWebIdentity {
            role_arn: some("arn:aws:iam::123456789012:role/ci"),
            duration: some("15m"),
            policy: some("{}"),
            policy_arns: list(&["arn:aws:iam::123456789012:policy/p"]),
            session_name: some("ci-run"),
            web_identity_token: Some(Secret::new("TOKEN")),
            web_identity_token_file: None,
        })
    );
    assert_eq!(read.unknown, [""; 0]);
}

#[test]
fn what_only_opentofu_takes_is_read() {
    let read = written(
        "state_tags = { a = \"1\" }\nlock_tags = { b = 2 }\nrole_arn = \"r\"\nsession_name = \"s\"\n\
         external_id = \"x\"\nassume_role_duration_seconds = 900\nassume_role_policy = \"{}\"\n\
         assume_role_policy_arns = [\"p\"]\nassume_role_tags = { t = \"u\" }\nassume_role_transitive_tag_keys = [\"t\"]",
    )
    .expect("arguments");
    assert_eq!(read.state_tags, Some(BTreeMap::from([("a".into(), "1".into())])));
    assert_eq!(read.lock_tags, Some(BTreeMap::from([("b".into(), "2".into())])));
    assert_eq!(
        read.assume_role,
        Some(AssumeRole {
            role_arn: "r".into(),
            duration: some("900s"),
            external_id: Some(Secret::new("x")),
            policy: some("{}"),
            policy_arns: list(&["p"]),
            session_name: some("s"),
            source_identity: None,
            tags: Some(BTreeMap::from([("t".into(), "u".into())])),
            transitive_tag_keys: list(&["t"]),
        })
    );
    assert_eq!(written("session_name = \"s\"").expect("arguments").assume_role, None);
}

#[test]
fn an_empty_text_is_set() {
    let read =
        written("workspace_key_prefix = \"\"\nregion = \"\"\nprofile = null").expect("arguments");
    assert_eq!((read.workspace_key_prefix, read.region, read.profile), (some(""), some(""), None));
}

#[test]
fn unknown_arguments_are_listed() {
    let read = written("nosuch = 1\nanother = [true]\nacl = \"private\"").expect("arguments");
    assert_eq!(read.unknown, ["another", "nosuch"]);
    assert_eq!(read.acl, some("private"));
}

#[test]
fn both_forms_together_are_refused() {
    for (arguments, expected) in [
        ("endpoint = \"x\"\nendpoints = { s3 = \"y\" }", "`endpoint` and `endpoints.s3`"),
        (
            "dynamodb_endpoint = \"x\"\nendpoints = { dynamodb = \"y\" }",
            "`dynamodb_endpoint` and `endpoints.dynamodb`",
        ),
        ("iam_endpoint = \"x\"\nendpoints = { iam = \"y\" }", "`iam_endpoint` and `endpoints.iam`"),
        ("sts_endpoint = \"x\"\nendpoints = { sts = \"y\" }", "`sts_endpoint` and `endpoints.sts`"),
        (
            "force_path_style = true\nuse_path_style = true",
            "`force_path_style` and `use_path_style`",
        ),
        (
            "shared_credentials_file = \"x\"\nshared_credentials_files = [\"y\"]",
            "`shared_credentials_file` and `shared_credentials_files`",
        ),
        (
            "allowed_account_ids = []\nforbidden_account_ids = []",
            "`allowed_account_ids` and `forbidden_account_ids`",
        ),
        ("kms_key_id = \"x\"\nsse_customer_key = \"y\"", "`kms_key_id` and `sse_customer_key`"),
        ("role_arn = \"r\"\nassume_role = { role_arn = \"r\" }", "`assume_role` and `role_arn`"),
    ] {
        let error = written(arguments).expect_err(arguments);
        assert_eq!(
            error.to_string(),
            format!("the backend arguments {expected} cannot be set together")
        );
    }
    let read = written("endpoint = \"x\"\nendpoints = { iam = \"y\" }").expect("arguments");
    assert_eq!((read.endpoints.s3, read.endpoints.iam), (some("x"), some("y")));
}

#[test]
fn wrong_types_are_refused_by_name_and_without_the_value() {
    for (arguments, name, end) in [
        ("encrypt = \"hunter2\"", "`encrypt` (", "must be `true` or `false`, not a text"),
        ("secret_key = [\"hunter2\"]", "`secret_key` (", "must be a text, not a list"),
        ("max_retries = \"hunter2\"", "`max_retries` (", "must be a number, not a text"),
        ("max_retries = 1.5", "`max_retries` (", "must be a whole number, and not negative"),
        ("max_retries = -1", "`max_retries` (", "must be a whole number, and not negative"),
        (
            "allowed_account_ids = \"hunter2\"",
            "`allowed_account_ids` (",
            "must be a list of texts, not a text",
        ),
        ("endpoints = { s3 = [] }", "`endpoints.s3` (", "must be a text, not a list"),
        ("endpoints = \"hunter2\"", "`endpoints` (", "must be an object, not a text"),
        ("assume_role = {}", "`assume_role` (", "must have a `role_arn`"),
    ] {
        let error = written(arguments).expect_err(arguments);
        let text = error.to_string();
        assert!(text.contains(name) && text.ends_with(end), "{text}");
        assert!(!format!("{text} {error:?}").contains("hunter2"), "{error:?}");
    }
}

#[test]
fn what_makes_no_address_is_refused() {
    let read = |bucket: &str, key: &str, more: &str| {
        let block = format!(
            "terraform {{\n  backend \"s3\" {{\nbucket = \"{bucket}\"\nkey = \"{key}\"\n{more}\n  }}\n}}\n"
        );
        let root = directory(&[("main.tf", &block)]);
        let error = S3Arguments::read(&backend(root.path()).expect("a backend").arguments).err()?;
        Some(error.to_string().replace(&format!("{}/", root.path().display()), ""))
    };
    let refused = |name: &str, line: u8, reason: &str| {
        Some(format!("the backend argument `{name}` (main.tf:{line}) must not {reason}"))
    };
    assert_eq!(read(" ", "k", ""), refused("bucket", 3, "be empty"));
    assert_eq!(read("b", "", ""), refused("key", 4, "be empty"));
    assert_eq!(read("b", "/k", ""), refused("key", 4, "start or end with `/`"));
    assert_eq!(read("b", "k/", ""), refused("key", 4, "start or end with `/`"));
    assert_eq!(
        read("b", "k", "workspace_key_prefix = \"a/\""),
        refused("workspace_key_prefix", 5, "start or end with `/`")
    );
    assert_eq!(read("b", "a//k", ""), None);
}
