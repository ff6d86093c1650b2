//! AWS's own signing vectors against the verifier: each signed request verifies, and stops verifying
//! when one byte of anything that is signed changes.
//!
//! The vectors ship inside the package of the crate `aws-sigv4`, a development dependency. There are
//! forty cases, thirty-eight of them signed both in the header and in the query: seventy-eight
//! requests.
//!
//! What a server cannot see, and what is done instead:
//! - `get-header-value-multiline` folds a header over three lines. HTTP forbids that to servers; the
//!   reader below joins the lines with a space, as RFC 9112 section 5.2 says a gateway must.
//! - `double-url-encode` has no HTTP version in its first line and ends early; it is read all the same.
//! - `post-sts-header-after` adds a session token *after* signing. AWS has services that take such
//!   requests; this server issues no session tokens and refuses what is not signed. The request must
//!   be refused as it is, and verify without the token.

#![expect(clippy::unwrap_used, reason = "a vector that cannot be read fails the test")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use statelock_server::auth::credentials::{AccessKey, Credentials};
use statelock_server::auth::sigv4::canonical::{PathRule, SignedRequest};
use statelock_server::auth::sigv4::timestamp::Timestamp;
use statelock_server::auth::sigv4::{Expected, SigV4Error, Verified, verify};

const TOKEN_ADDED_AFTER_SIGNING: &str = "post-sts-header-after";

/// One signed request of the suite.
#[derive(Clone)]
struct Signed {
    name: String,
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    rules: Rules,
}

/// What the case says about itself in `context.json`; the two without one use these values.
#[derive(Clone)]
struct Rules {
    key: (String, String),
    service: String,
    time: String,
    path_rule: PathRule,
}

impl Signed {
    fn verify(&self) -> Result<Verified, SigV4Error> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        let request = SignedRequest {
            method: &self.method,
            path: &self.path,
            query: &self.query,
            headers: &headers,
            body: &self.body,
        };
        let (id, secret) = &self.rules.key;
        let credentials = Credentials::in_memory(AccessKey::new(id, secret).unwrap());
        let expected = Expected {
            service: &self.rules.service,
            path_rule: self.rules.path_rule,
            unsigned_payload: false,
        };
        let now = Timestamp::parse(&self.rules.time).unwrap().unix();
        verify(&request, expected, &credentials, now)
    }

    fn header(&mut self, name: &str) -> Option<&mut String> {
        let mut found = self.headers.iter_mut();
        found.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

#[test]
fn every_vector_verifies() {
    let vectors = vectors();
    assert_eq!(vectors.len(), 78);
    for signed in vectors.iter().filter(|signed| !signed.name.contains(TOKEN_ADDED_AFTER_SIGNING)) {
        let verified = signed.verify();
        let expected = signed.name.contains("token") || signed.name.contains("post-sts");
        assert_eq!(
            verified,
            Ok(Verified { access_key_id: signed.rules.key.0.clone(), has_session_token: expected }),
            "{}",
            signed.name
        );
    }
}

#[test]
fn a_token_added_after_signing_is_refused() {
    let mut met = 0;
    for mut signed in vectors() {
        if !signed.name.contains(TOKEN_ADDED_AFTER_SIGNING) {
            continue;
        }
        met += 1;
        let refused = signed.verify().unwrap_err();
        let by_header = SigV4Error::HeaderNotSigned { name: "x-amz-security-token".to_owned() };
        assert!([by_header, SigV4Error::Mismatch].contains(&refused), "{refused:?}");
        signed.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("x-amz-security-token"));
        let parts =
            signed.query.split('&').filter(|part| !part.starts_with("X-Amz-Security-Token="));
        signed.query = parts.collect::<Vec<_>>().join("&");
        signed.verify().unwrap_or_else(|error| panic!("{}: {error:?}", signed.name));
    }
    assert_eq!(met, 2);
}

#[test]
fn no_vector_verifies_after_a_change() {
    let mut tried: BTreeMap<&str, usize> = BTreeMap::new();
    for signed in vectors() {
        if signed.name.contains(TOKEN_ADDED_AFTER_SIGNING) {
            continue;
        }
        for (what, changed) in changes(&signed) {
            assert!(changed.verify().is_err(), "{}: {what} changed, still accepted", signed.name);
            *tried.entry(what).or_default() += 1;
        }
    }
    // Each kind of change was made to each of the 76 requests; headers several times.
    for what in ["method", "path", "query", "body", "signature", "signature's last digit", "secret"]
    {
        assert_eq!(tried.get(what), Some(&76), "{what}: {tried:?}");
    }
    assert!(tried["signed header"] >= 76 && tried["signed header removed"] >= 76, "{tried:?}");
}

/// The same request, changed in one place each.
fn changes(signed: &Signed) -> Vec<(&'static str, Signed)> {
    let mut out = Vec::new();
    let mut add = |what, change: &dyn Fn(&mut Signed)| {
        let mut changed = signed.clone();
        change(&mut changed);
        out.push((what, changed));
    };
    add("method", &|s| s.method = flip(&s.method, 0));
    add("path", &|s| {
        let letter = s.path.bytes().rposition(|b| b.is_ascii_alphanumeric());
        match letter {
            // After the last letter comes nothing that could resolve the change away.
            Some(at) if !s.path.contains("..") => s.path = flip(&s.path, at),
            _ => s.path.push('x'),
        }
    });
    add("query", &|s| match s.query.len().checked_sub(1) {
        Some(last) => s.query = flip(&s.query, last),
        None => s.query.push('a'),
    });
    add("body", &|s| match s.body.first_mut() {
        Some(byte) => *byte ^= 1,
        None => s.body.push(b'x'),
    });
    add("signature", &|s| change_signature(s, 0));
    add("signature's last digit", &|s| change_signature(s, 63));
    add("secret", &|s| s.rules.key.1 = flip(&s.rules.key.1, 0));
    for (index, (name, value)) in signed.headers.iter().enumerate() {
        if name.eq_ignore_ascii_case("authorization") {
            continue;
        }
        let letter = value.bytes().position(|b| b.is_ascii_alphanumeric()).unwrap();
        add("signed header", &|s| {
            s.headers[index].1 = flip(&s.headers[index].1, letter);
        });
        add("signed header removed", &|s| drop(s.headers.remove(index)));
    }
    out
}

/// Changes one byte into a neighbour that is as good a letter or digit.
fn flip(text: &str, at: usize) -> String {
    let mut bytes = text.as_bytes().to_vec();
    bytes[at] = match bytes[at] {
        b'0'..=b'8' | b'a'..=b'y' | b'A'..=b'Y' => bytes[at] + 1,
        _ => b'A',
    };
    String::from_utf8(bytes).unwrap()
}

fn change_signature(signed: &mut Signed, digit: usize) {
    let change = |text: &str| {
        let at = text.find("Signature=").unwrap() + "Signature=".len() + digit;
        flip(text, at)
    };
    match signed.header("authorization").map(|value| change(value)) {
        Some(changed) => *signed.header("authorization").unwrap() = changed,
        None => signed.query = change(&signed.query),
    }
}

fn vectors() -> Vec<Signed> {
    let suite = package_root("aws-sigv4").join("aws-signing-test-suite/v4");
    let mut cases: Vec<PathBuf> =
        fs::read_dir(&suite).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    let mut out = Vec::new();
    for case in cases {
        let name = case.file_name().unwrap().to_str().unwrap();
        let rules = rules(name, &case);
        for form in ["header", "query"] {
            if let Ok(text) = fs::read_to_string(case.join(format!("{form}-signed-request.txt"))) {
                out.push(parse(format!("{name} ({form})"), &text, &rules));
            }
        }
    }
    out
}

fn rules(name: &str, case: &Path) -> Rules {
    let own = |id: &str, secret: &str, service: &str, time: &str| Rules {
        key: (id.to_owned(), secret.to_owned()),
        service: service.to_owned(),
        time: time.to_owned(),
        path_rule: PathRule::Normalised,
    };
    let Ok(text) = fs::read_to_string(case.join("context.json")) else {
        // These two came from the tests of the Rust SDK, whose test key they use.
        return match name {
            "double-encode-path" => {
                own("ANOTREAL", "notrealrnrELgWzOk3IfjzDKtFBhDby", "service", "20150830T123600Z")
            }
            _ => own("AKIDEXAMPLE", EXAMPLE_SECRET, "lambda", "20210511T154045Z"),
        };
    };
    let context: Value = serde_json::from_str(&text).unwrap();
    let field = |value: &Value| value.as_str().unwrap().to_owned();
    let time = field(&context["timestamp"]).replace(['-', ':'], "");
    let credentials = &context["credentials"];
    Rules {
        key: (field(&credentials["access_key_id"]), field(&credentials["secret_access_key"])),
        service: field(&context["service"]),
        time,
        path_rule: if context["normalize"].as_bool().unwrap() {
            PathRule::Normalised
        } else {
            PathRule::AsSent
        },
    }
}

const EXAMPLE_SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

fn parse(name: String, text: &str, rules: &Rules) -> Signed {
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut lines = head.lines();
    let first = lines.next().unwrap();
    let (method, target) = first.split_once(' ').unwrap();
    let target = target.strip_suffix(" HTTP/1.1").unwrap_or(target);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut headers: Vec<(String, String)> = Vec::new();
    for line in lines {
        if let Some(folded) = line.strip_prefix(' ') {
            let (_, value) = headers.last_mut().unwrap();
            value.push(' ');
            value.push_str(folded.trim_start());
        } else {
            let (key, value) = line.split_once(':').unwrap();
            headers.push((key.to_owned(), value.to_owned()));
        }
    }
    Signed {
        name,
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers,
        body: body.strip_suffix('\n').unwrap_or(body).as_bytes().to_vec(),
        rules: rules.clone(),
    }
}

/// Where cargo keeps the sources of a dependency: in its registry, or where a vendored tree says.
///
/// `cargo metadata` comes second because offline it wants the packages of all platforms and of the
/// whole workspace, and a first `cargo test` of this package has not fetched those.
fn package_root(name: &str) -> PathBuf {
    in_registry(name).unwrap_or_else(|| in_metadata(name))
}

fn in_registry(name: &str) -> Option<PathBuf> {
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.lock");
    let lock = fs::read_to_string(lock).unwrap();
    let (_, after) = lock.split_once(&format!("name = \"{name}\"\nversion = \"")).unwrap();
    let (version, _) = after.split_once('"').unwrap();
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(std::env::home_dir()?.join(".cargo")))?;
    let registries = fs::read_dir(home.join("registry/src")).ok()?;
    let mut roots = registries.map(|entry| entry.unwrap().path().join(format!("{name}-{version}")));
    roots.find(|root| root.is_dir())
}

fn in_metadata(name: &str) -> PathBuf {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let package = packages.iter().find(|package| package["name"] == name).unwrap();
    let manifest = PathBuf::from(package["manifest_path"].as_str().unwrap());
    manifest.parent().unwrap().to_owned()
}
