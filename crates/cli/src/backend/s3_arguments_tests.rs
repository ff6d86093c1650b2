//! Every argument arrives, or is refused or told.

use statelock_config::{AssumeRoleWithWebIdentity, Endpoints, Secret as ConfigSecret};

use super::*;

fn arguments() -> S3Arguments {
    S3Arguments { bucket: "b".to_owned(), key: "k".to_owned(), ..S3Arguments::default() }
}

fn of(arguments: &S3Arguments) -> Configured {
    settings(arguments, Path::new("/srv/network")).unwrap()
}

fn problem(arguments: &S3Arguments) -> String {
    settings(arguments, Path::new(".")).err().map(|error| error.to_string()).unwrap_or_default()
}

#[expect(clippy::unnecessary_wraps, reason = "arguments are optional")]
fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn how_the_stores_are_reached_is_taken_over() {
    let configured = of(&S3Arguments {
        region: text("eu-west-1"),
        profile: text("ops"),
        access_key: Some(ConfigSecret::new("AKIA")),
        secret_key: Some(ConfigSecret::new("secret")),
        token: Some(ConfigSecret::new("token")),
        shared_config_files: Some(vec!["aws/config".to_owned()]),
        shared_credentials_files: Some(vec!["/etc/aws/credentials".to_owned()]),
        endpoints: Endpoints {
            s3: text("s3.example"),
            dynamodb: text("http://tables.example"),
            sts: text("https://sts.example"),
            ..Endpoints::default()
        },
        use_path_style: Some(true),
        sts_region: text("us-east-1"),
        skip_metadata_api_check: Some(true),
        custom_ca_bundle: text("ca.pem"),
        http_proxy: Some(ConfigSecret::new("http://proxy:3128")),
        no_proxy: text("localhost"),
        use_fips_endpoint: Some(true),
        use_dualstack_endpoint: Some(false),
        ..arguments()
    });
    let stores = configured.stores;
    assert_eq!(stores.region.as_deref(), Some("eu-west-1"));
    assert_eq!(stores.profile.as_deref(), Some("ops"));
    let key = stores.static_credentials.unwrap();
    assert_eq!((key.access_key.as_str(), key.secret_key.reveal()), ("AKIA", "secret"));
    assert_eq!(key.token.unwrap().reveal(), "token");
    assert_eq!(stores.shared_config_files, [PathBuf::from("/srv/network/aws/config")]);
    assert_eq!(stores.shared_credentials_files, [PathBuf::from("/etc/aws/credentials")]);
    assert_eq!(stores.endpoint_s3.as_deref(), Some("https://s3.example"));
    assert_eq!(stores.endpoint_dynamodb.as_deref(), Some("http://tables.example"));
    assert_eq!(stores.endpoint_sts.as_deref(), Some("https://sts.example"));
    assert_eq!(stores.sts_region.as_deref(), Some("us-east-1"));
    assert_eq!(stores.use_path_style, Some(true));
    assert_eq!(
        (stores.use_fips_endpoint, stores.use_dualstack_endpoint),
        (Some(true), Some(false))
    );
    assert_eq!(stores.custom_ca_bundle, Some(PathBuf::from("/srv/network/ca.pem")));
    assert_eq!(stores.proxy.http.as_deref(), Some("http://proxy:3128"));
    assert_eq!(stores.proxy.https, stores.proxy.http);
    assert_eq!(stores.proxy.none_for.as_deref(), Some("localhost"));
    assert!(stores.skip_metadata_api_check);
    assert!(configured.warnings.is_empty());
}

#[test]
fn a_role_is_assumed_as_configured() {
    let role = statelock_config::AssumeRole {
        role_arn: "arn:aws:iam::1:role/state".to_owned(),
        duration: text("1h30m"),
        external_id: Some(ConfigSecret::new("outside")),
        policy: text("{}"),
        policy_arns: Some(vec!["arn:aws:iam::1:policy/p".to_owned()]),
        session_name: text("session"),
        source_identity: text("me"),
        tags: Some(BTreeMap::from([("a".to_owned(), "1".to_owned())])),
        transitive_tag_keys: None,
    };
    let configured = of(&S3Arguments { assume_role: Some(role.clone()), ..arguments() });
    let assumed = configured.stores.assume_role.unwrap();
    assert_eq!(assumed.role_arn, role.role_arn);
    assert_eq!(assumed.duration, Some(Duration::from_mins(90)));
    assert_eq!(assumed.external_id.as_deref(), Some("outside"));
    assert_eq!(assumed.session_name.as_deref(), Some("session"));
    assert_eq!(assumed.policy.as_deref(), Some("{}"));
    assert_eq!(assumed.policy_arns.len(), 1);
    assert_eq!(assumed.tags, [("a".to_owned(), "1".to_owned())]);
    assert!(configured.warnings[0].contains("source_identity"), "{:?}", configured.warnings);
    for bad in ["1d", "soon", "3600"] {
        let role = statelock_config::AssumeRole { duration: text(bad), ..role.clone() };
        let said = problem(&S3Arguments { assume_role: Some(role), ..arguments() });
        assert!(said.contains("assume_role.duration") && said.contains(bad), "{said}");
    }
}

#[test]
fn a_web_identity_needs_a_file() {
    let of =
        |identity| S3Arguments { assume_role_with_web_identity: Some(identity), ..arguments() };
    let whole = AssumeRoleWithWebIdentity {
        role_arn: text("arn:aws:iam::1:role/ci"),
        web_identity_token_file: text("token"),
        policy: text("{}"),
        ..AssumeRoleWithWebIdentity::default()
    };
    let identity = settings(&of(whole.clone()), Path::new("/ci")).unwrap().stores.web_identity;
    let identity = identity.unwrap();
    assert_eq!(identity.token_file, PathBuf::from("/ci/token"));
    assert_eq!(identity.policy.as_deref(), Some("{}"));
    let inline = AssumeRoleWithWebIdentity {
        web_identity_token_file: None,
        web_identity_token: Some(ConfigSecret::new("hunter2")),
        ..whole
    };
    let said = problem(&of(inline));
    assert!(said.contains("web_identity_token_file") && !said.contains("hunter2"), "{said}");
}

#[test]
fn encryption_is_asked_for_only_if_encrypt_is_set() {
    let with = |encrypt, kms: Option<&str>, own: Option<&str>| S3Arguments {
        encrypt,
        kms_key_id: kms.map(str::to_owned),
        sse_customer_key: own.map(ConfigSecret::new),
        ..arguments()
    };
    let asked = |arguments: &S3Arguments| of(arguments).objects.encryption;
    assert_eq!(asked(&with(None, Some("k"), None)), Encryption::Bucket);
    assert_eq!(asked(&with(Some(false), None, Some("c"))), Encryption::Bucket);
    assert_eq!(asked(&with(Some(true), None, None)), Encryption::Store);
    assert_eq!(asked(&with(Some(true), Some("k"), None)), Encryption::Kms("k".to_owned()));
    assert_eq!(asked(&with(Some(true), None, Some("c"))), Encryption::Customer(Secret::new("c")));
    assert!(problem(&with(Some(true), Some("k"), Some("c"))).contains("kms_key_id"));
}

#[test]
fn what_would_be_less_safe_is_refused_and_what_has_no_effect_is_told() {
    let said = problem(&S3Arguments { insecure: Some(true), ..arguments() });
    assert!(said.contains("custom_ca_bundle"), "{said}");
    let half = S3Arguments { access_key: Some(ConfigSecret::new("AKIA")), ..arguments() };
    assert!(problem(&half).contains("secret_key"));
    let told = of(&S3Arguments {
        allowed_account_ids: Some(vec!["1".to_owned()]),
        unknown: vec!["colour".to_owned()],
        ..arguments()
    });
    assert!(told.warnings[0].contains("allowed_account_ids"));
    assert!(told.warnings[1].contains("`colour`"));
}

#[test]
fn paths_are_expanded_as_terraform_does() {
    let known = |name: &str| (name == "DIR").then(|| "/d".to_owned());
    for (given, expected) in [
        ("$DIR/a", "/d/a"),
        ("${DIR}a", "/da"),
        ("x$DIR", "x/d"),
        ("$NONE/a", "/a"),
        ("a$", "a$"),
        ("plain", "plain"),
    ] {
        assert_eq!(expand_variables(given, known), expected, "{given}");
    }
}
