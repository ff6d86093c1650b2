//! What the addresses of the `http` backend mean, and which mean nothing.

use super::*;

fn parsed(method: &str, uri: &str) -> Result<(Operation, Target), HttpError> {
    with_headers(method, uri, &HeaderMap::new())
}

fn with_headers(
    method: &str,
    uri: &str,
    headers: &HeaderMap,
) -> Result<(Operation, Target), HttpError> {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    parse(&method, &uri.parse().unwrap(), headers)
}

fn key_of(path: &str) -> String {
    let (_, target) = parsed("GET", &format!("/_statelock/state/b/{path}")).unwrap();
    assert_eq!(target.state.bucket, "b");
    target.state.key
}

#[test]
fn the_method_decides_at_the_address_of_a_state() {
    let operation = |method| parsed(method, "/_statelock/state/b/k").map(|asked| asked.0);
    assert_eq!(operation("GET").unwrap(), Operation::Read { with_body: true });
    assert_eq!(operation("HEAD").unwrap(), Operation::Read { with_body: false });
    assert_eq!(operation("POST").unwrap(), Operation::Write);
    assert_eq!(operation("PUT").unwrap(), Operation::Write);
    assert_eq!(operation("DELETE").unwrap(), Operation::Delete);
    assert_eq!(operation("LOCK").unwrap(), Operation::Lock);
    assert_eq!(operation("UNLOCK").unwrap(), Operation::Unlock);
    for other in ["PATCH", "lock", "OPTIONS", "PROPFIND"] {
        assert_eq!(operation(other).unwrap_err().render().status(), 405, "{other}");
    }
}

#[test]
fn the_path_decides_at_the_addresses_of_a_lock() {
    for method in ["LOCK", "POST", "PUT"] {
        let (operation, _) = parsed(method, "/_statelock/lock/b/k").unwrap();
        assert_eq!(operation, Operation::Lock, "{method}");
    }
    for method in ["UNLOCK", "POST", "PUT", "DELETE"] {
        let (operation, _) = parsed(method, "/_statelock/unlock/b/k").unwrap();
        assert_eq!(operation, Operation::Unlock, "{method}");
    }
    for (method, room) in
        [("GET", "lock"), ("DELETE", "lock"), ("UNLOCK", "lock"), ("LOCK", "unlock")]
    {
        let refused = parsed(method, &format!("/_statelock/{room}/b/k")).unwrap_err();
        let response = refused.render();
        assert_eq!(response.status(), 405, "{method} {room}");
        assert!(response.headers().contains_key("allow"));
    }
}

#[test]
fn a_header_can_name_the_method() {
    let overridden = |method, value: &'static str| {
        let value = value.parse().unwrap();
        let headers = HeaderMap::from_iter([("x-http-method-override".parse().unwrap(), value)]);
        with_headers(method, "/_statelock/state/b/k", &headers).map(|asked| asked.0)
    };
    assert_eq!(overridden("POST", "LOCK").unwrap(), Operation::Lock);
    assert_eq!(overridden("PUT", "unlock").unwrap(), Operation::Unlock);
    assert_eq!(overridden("GET", "LOCK").unwrap(), Operation::Read { with_body: true });
    assert!(overridden("POST", "DELETE").is_err(), "nothing is written by mistake");
}

#[test]
fn keys_are_decoded_and_otherwise_left_as_they_are() {
    for (path, key) in [
        ("a/terraform.tfstate", "a/terraform.tfstate"),
        ("env:/dev/k", "env:/dev/k"),
        ("env%3A%2Fdev%2Fk", "env:/dev/k"),
        ("%C3%A4%20b+c", "ä b+c"),
        ("a//b", "a//b"),
        ("../x/./y", "../x/./y"),
        ("%2e%2e/x", "../x"),
        ("%252e", "%2e"),
    ] {
        assert_eq!(key_of(path), key, "{path}");
    }
}

#[test]
fn what_names_no_state_is_refused() {
    for path in [
        "/_statelock/state",
        "/_statelock/state/",
        "/_statelock/state/b",
        "/_statelock/state/b/",
        "/_statelock/state//k",
        "/_statelock/state/b/%FF",
        "/_statelock/state/b/k.tflock",
        "/_statelock/state/b/k%2Etflock",
        "/_statelock/state/b/dir/",
        "/_statelock/lock/b/a//",
        "/_statelock/unlock/b/dir%2F",
    ] {
        assert!(serves(path), "{path}");
        assert_eq!(parsed("POST", path).unwrap_err().render().status(), 400, "{path}");
    }
    let longest = "k".repeat(KEY_SIZE_BYTES_MAX);
    assert_eq!(key_of(&longest), longest);
    assert!(parsed("GET", &format!("/_statelock/state/b/{longest}k")).is_err());
    for path in [
        "/_statelock",
        "/_statelock/",
        "/_statelock/states/b/k",
        "/state/b/k",
        "/_statelock/health",
    ] {
        assert!(!serves(path), "{path}");
    }
}

#[test]
fn the_query_names_the_lock() {
    let id = |query: &str| {
        let (_, target) = parsed("POST", &format!("/_statelock/state/b/k{query}"))?;
        Ok::<_, HttpError>(target.id.map(|id| id.as_str().to_owned()))
    };
    assert_eq!(id("").unwrap(), None);
    assert_eq!(id("?").unwrap(), None);
    assert_eq!(id("?id=x&other=ID=y").unwrap(), None);
    assert_eq!(id("?ID=76048f77-4be5").unwrap().as_deref(), Some("76048f77-4be5"));
    assert_eq!(id("?a=b&ID=x%20y+z").unwrap().as_deref(), Some("x y z"));
    for wrong in ["?ID=", "?ID=a&ID=a", "?ID=%FF", "?ID=%0A"] {
        assert_eq!(id(wrong).unwrap_err().render().status(), 400, "{wrong}");
    }
}
