//! What the published vectors do not cover: clocks, scopes, headers that act, repeated parts.

use http::{HeaderName, HeaderValue};

use super::*;
use crate::auth::credentials::AccessKey;

const NOW: i64 = 1_440_938_160;
const STAMP: &str = "20150830T123600Z";
const BODY: &[u8] = b"Action=GetCallerIdentity&Version=2011-06-15";

fn credentials() -> Credentials {
    Credentials::in_memory(AccessKey::new("AKID", "a-secret-of-some-length").unwrap())
}

/// A signer with every knob that a test turns; it signs with the code under test, which the
/// published vectors hold to account.
struct Signer {
    query: String,
    headers: Vec<(&'static str, String)>,
    signed: &'static str,
    scope: &'static str,
}

impl Signer {
    fn header() -> Self {
        Self {
            query: String::new(),
            headers: vec![("host", "h".to_owned()), ("x-amz-date", STAMP.to_owned())],
            signed: "host;x-amz-date",
            scope: "AKID/20150830/us-east-1/sts/aws4_request",
        }
    }

    fn presigned(expires: &str) -> Self {
        let signer =
            Self { headers: vec![("host", "h".to_owned())], signed: "host", ..Self::header() };
        let credential = signer.scope.replace('/', "%2F");
        let query = format!(
            "X-Amz-Algorithm={ALGORITHM}&X-Amz-Credential={credential}&X-Amz-Date={STAMP}\
             &X-Amz-Expires={expires}&X-Amz-SignedHeaders=host"
        );
        Self { query, ..signer }
    }

    fn with(mut self, name: &'static str, value: &str, signed: &'static str) -> Self {
        self.headers.push((name, value.to_owned()));
        self.signed = signed;
        self
    }

    fn map(&self) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in &self.headers {
            map.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        }
        map
    }

    fn verify_at(&self, now: i64) -> Result<Verified, SigV4Error> {
        let (unsigned, mut headers) = (self.map(), self.map());
        let query = Query::parse(&self.query);
        let presigned = !self.query.is_empty();
        let claim = Claim {
            algorithm: ALGORITHM.to_owned(),
            scope: claim::Scope::parse(self.scope).unwrap(),
            signed_headers: self.signed.split(';').map(str::to_owned).collect(),
            signature: String::new(),
        };
        let path_rule = PathRule::Normalised;
        let mut request =
            SignedRequest { method: "POST", path: "/", query: "", headers: &unsigned, body: BODY };
        let hash = signature::sha256_hex(BODY);
        let canonical = canonical::request(&request, path_rule, &query, &claim, presigned, &hash);
        let stamp = Timestamp::parse(STAMP).unwrap();
        let signature = signature::sign(&claim, &stamp, "a-secret-of-some-length", &canonical);
        let signed_query = format!("{}&X-Amz-Signature={signature}", self.query);
        if !presigned {
            let value = format!(
                "{ALGORITHM} Credential={}, SignedHeaders={}, Signature={signature}",
                self.scope, self.signed
            );
            headers.append(AUTHORIZATION, value.parse().unwrap());
        }
        request.headers = &headers;
        request.query = if presigned { &signed_query } else { "" };
        verify(&request, Expected::service("sts"), &credentials(), now)
    }
}

#[test]
fn the_clock_may_be_a_quarter_of_an_hour_off() {
    let signer = Signer::header();
    for offset in [0, 900, -900] {
        let verified = signer.verify_at(NOW + offset).unwrap();
        assert_eq!(
            verified,
            Verified { access_key_id: "AKID".to_owned(), has_session_token: false }
        );
    }
    for offset in [901, -901, 86_400 * 365] {
        let Err(SigV4Error::Skewed { request_time, server_time }) = signer.verify_at(NOW + offset)
        else {
            panic!("{offset}");
        };
        assert_eq!((request_time.unix(), server_time.unix()), (NOW, NOW + offset));
    }
    for extreme in [i64::MIN, i64::MAX] {
        assert!(matches!(signer.verify_at(extreme), Err(SigV4Error::Skewed { .. })));
    }
}

#[test]
fn skew_is_explained_in_the_words_of_aws() {
    let late = SigV4Error::skewed(&Timestamp::parse(STAMP).unwrap(), NOW + 1200);
    assert_eq!(
        late.to_string(),
        "Signature expired: 20150830T123600Z is now earlier than 20150830T124100Z \
         (20150830T125600Z - 15 min.)"
    );
    let early = SigV4Error::skewed(&Timestamp::parse(STAMP).unwrap(), NOW - 1200);
    assert_eq!(
        early.to_string(),
        "Signature not yet current: 20150830T123600Z is still later than 20150830T123100Z \
         (20150830T121600Z + 15 min.)"
    );
}

#[test]
fn a_presigned_request_lives_as_long_as_it_says() {
    let signer = Signer::presigned("3600");
    for now in [NOW - 900, NOW, NOW + 3600] {
        assert!(signer.verify_at(now).is_ok(), "{now}");
    }
    assert_eq!(signer.verify_at(NOW + 3601), Err(SigV4Error::Expired));
    assert!(matches!(signer.verify_at(NOW - 901), Err(SigV4Error::Skewed { .. })));
    assert!(Signer::presigned("604800").verify_at(NOW + 604_800).is_ok());
    for expires in ["604801", "-1", "%2B5", "1h", "", "99999999999999999999"] {
        let refused = Signer::presigned(expires).verify_at(NOW);
        assert!(matches!(refused, Err(SigV4Error::Malformed(_))), "{expires}: {refused:?}");
    }
}

#[test]
fn the_scope_names_this_service_and_that_day() {
    for scope in
        ["AKID/20150830/us-east-1/s3/aws4_request", "AKID/20150829/us-east-1/sts/aws4_request"]
    {
        let refused = Signer { scope, ..Signer::header() }.verify_at(NOW);
        assert!(matches!(refused, Err(SigV4Error::WrongScope(_))), "{scope}: {refused:?}");
    }
    let anywhere = Signer { scope: "AKID/20150830/anywhere/sts/aws4_request", ..Signer::header() };
    assert!(anywhere.verify_at(NOW).is_ok());
}

#[test]
fn an_unknown_key_is_told_apart_from_a_wrong_secret() {
    let other = Signer { scope: "OTHER/20150830/us-east-1/sts/aws4_request", ..Signer::header() };
    let expected = SigV4Error::UnknownKey { access_key_id: "OTHER".to_owned() };
    assert_eq!(other.verify_at(NOW), Err(expected));
}

#[test]
fn headers_that_act_are_signed_and_signed_headers_arrive() {
    let open = |name: &str| Err(SigV4Error::HeaderNotSigned { name: name.to_owned() });
    let missing = |name: &str| Err(SigV4Error::SignedHeaderMissing { name: name.to_owned() });
    let target = Signer::header().with("x-amz-target", "T", "host;x-amz-date");
    assert_eq!(target.verify_at(NOW), open("x-amz-target"));
    let target = Signer::header().with("x-amz-target", "T", "host;x-amz-date;x-amz-target");
    assert!(target.verify_at(NOW).is_ok());
    assert_eq!(Signer { signed: "x-amz-date", ..Signer::header() }.verify_at(NOW), open("host"));
    assert_eq!(Signer { signed: "host", ..Signer::header() }.verify_at(NOW), open("x-amz-date"));
    for (signed, name) in [
        ("host;x-amz-date;x-amz-target", "x-amz-target"),
        ("Host;host;x-amz-date", "Host"),
        ("host;host;x-amz-date", "host"),
        ("host;;x-amz-date", ""),
    ] {
        assert_eq!(Signer { signed, ..Signer::header() }.verify_at(NOW), missing(name), "{signed}");
    }
    let unsorted = Signer { signed: "x-amz-date;host", ..Signer::header() };
    assert!(unsorted.verify_at(NOW).is_ok(), "the order of the list carries no meaning");
}

#[test]
fn the_payload_hash_is_of_the_bytes_that_arrived() {
    let signed = "host;x-amz-content-sha256;x-amz-date";
    let right = signature::sha256_hex(BODY);
    assert!(Signer::header().with(checks::CONTENT_HASH, &right, signed).verify_at(NOW).is_ok());
    for wrong in ["UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER", &right.to_uppercase()] {
        let refused = Signer::header().with(checks::CONTENT_HASH, wrong, signed).verify_at(NOW);
        assert_eq!(refused, Err(SigV4Error::PayloadMismatch), "{wrong}");
    }
}

#[test]
fn one_signature_in_one_place() {
    let refused = |query: &str, lines: &[(&'static str, &str)]| {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        }
        let request =
            SignedRequest { method: "GET", path: "/", query, headers: &headers, body: b"" };
        verify(&request, Expected::service("sts"), &credentials(), NOW).unwrap_err()
    };
    let header = "AWS4-HMAC-SHA256 Credential=AKID/20150830/r/sts/aws4_request, \
                  SignedHeaders=host, Signature=00";
    let is_malformed =
        |error: SigV4Error| assert!(matches!(error, SigV4Error::Malformed(_)), "{error:?}");
    assert_eq!(refused("", &[]), SigV4Error::Missing);
    assert_eq!(refused("", &[("authorization", "AWS AKID:x")]), SigV4Error::UnsupportedAlgorithm);
    assert_eq!(refused("", &[("authorization", "")]), SigV4Error::UnsupportedAlgorithm);
    is_malformed(refused("X-Amz-Signature=00", &[("authorization", header)]));
    is_malformed(refused("x-amz-signature=00", &[]));
    is_malformed(refused("", &[("authorization", header), ("authorization", header)]));
    is_malformed(refused("", &[("authorization", header), ("host", "h")]));
    let stamps = [("authorization", header), ("x-amz-date", STAMP), ("x-amz-date", STAMP)];
    is_malformed(refused("", &stamps));
    let query = Signer::presigned("60").query.replace(ALGORITHM, "AWS4-ECDSA-P256-SHA256");
    let query = format!("{query}&X-Amz-Signature=00");
    assert_eq!(refused(&query, &[("host", "h")]), SigV4Error::UnsupportedAlgorithm);
}
