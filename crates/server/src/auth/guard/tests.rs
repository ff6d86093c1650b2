//! Heads that real clients sent, and the same heads spoilt in one place each.

use http::{HeaderName, HeaderValue};

use super::reading::{PRESIGNED_PARAMETERS, QUERY_ERROR};
use super::*;

const SCOPE: &str = "SLEXAMPLEEXAMPLE2345/20261121/us-east-1/s3/aws4_request";
const LOCK: &str = "PUT /tfstate/a/b.tfstate.tflock?x-id=PutObject";
const LOCK_HEADERS: &str = "\
Host: 127.0.0.1:19734
Accept-Encoding: identity
Amz-Sdk-Invocation-Id: 6ca6ceaf-21e3-42fb-b686-4414da2a1d3f
Amz-Sdk-Request: attempt=1; max=1
Content-Length: 202
Content-Type: application/json
If-None-Match: *
X-Amz-Checksum-Sha256: 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=
X-Amz-Content-Sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
X-Amz-Date: 20261121T231752Z
X-Amz-Sdk-Checksum-Algorithm: SHA256
";
const LOCK_SIGNED: &str = "accept-encoding;amz-sdk-invocation-id;amz-sdk-request;content-length;\
content-type;host;if-none-match;x-amz-checksum-sha256;x-amz-content-sha256;x-amz-date;\
x-amz-sdk-checksum-algorithm";
const SIGNATURE: &str = "08859b574b8709b02ddccaf0324942277e9377663892059962bf3806b7186f0e";
const PRESIGNED: &str = "X-Amz-Algorithm=AWS4-HMAC-SHA256\
&X-Amz-Credential=SLEXAMPLEEXAMPLE2345%2F20261121%2Fus-east-1%2Fs3%2Faws4_request\
&X-Amz-Date=20261121T231754Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=host\
&X-Amz-Signature=c2afb288487f55cc0ddd681795aa16464b835016163bdda059977ddfab23aad3";

fn authorization(scope: &str, signed: &str) -> String {
    format!(
        "Authorization: AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={signed}, \
         Signature={SIGNATURE}\n"
    )
}

/// Checks `METHOD target` with header lines.
fn checked(line: &str, headers: &str) -> Result<(), GuardError> {
    let (method, target) = line.split_once(' ').unwrap();
    let mut map = HeaderMap::new();
    for header in headers.lines() {
        let (name, value) = header.split_once(": ").unwrap();
        // Latin-1, so that a table can hold bytes that are not UTF-8.
        let value: Vec<u8> = value.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        map.append(name, HeaderValue::from_bytes(&value).unwrap());
    }
    check(&method.parse().unwrap(), &target.parse().unwrap(), &map)
}

fn refusal(line: &str, headers: &str) -> GuardError {
    checked(line, headers).expect_err(&format!("{line}\n{headers}"))
}

/// The lock request of Terraform 1.11.4 with more headers and another list of signed ones.
fn lock_with(more: &str, signed: &str) -> String {
    format!("{LOCK_HEADERS}{}{more}", authorization(SCOPE, signed))
}

#[test]
fn heads_of_real_clients_pass() {
    let boto = "host;range;x-amz-checksum-mode;x-amz-content-sha256;x-amz-date";
    let cases = [
        // Terraform 1.11.4 takes a lock, lists workspaces, looks for the state.
        (LOCK, lock_with("", LOCK_SIGNED)),
        (
            "GET /tfstate?list-type=2&max-keys=1000&prefix=env%3A%2F",
            format!(
                "Host: 127.0.0.1:19733\nAccept-Encoding: identity\nAmz-Sdk-Request: attempt=1; max=1\n\
                 X-Amz-Content-Sha256: {SIGNATURE}\nX-Amz-Date: 20261121T231752Z\n{}",
                authorization(
                    SCOPE,
                    "accept-encoding;amz-sdk-request;host;x-amz-content-sha256;x-amz-date"
                )
            ),
        ),
        // boto3 1.43 reads a range; its own amz-sdk-* headers are not signed.
        (
            "GET /b/k",
            format!(
                "Host: 127.0.0.1:19733\nRange: bytes=0-1\nx-amz-checksum-mode: ENABLED\n\
                 X-Amz-Date: 20261121T231754Z\nX-Amz-Content-SHA256: {SIGNATURE}\n{}\
                 amz-sdk-request: attempt=1\n",
                authorization(SCOPE, boto)
            ),
        ),
        // boto3 deletes several.
        (
            "POST /b?delete",
            format!(
                "Host: 127.0.0.1:19733\nX-Amz-Date: 20261121T231754Z\n\
                 X-Amz-Content-SHA256: {SIGNATURE}\n{}Content-Length: 94\n",
                authorization(SCOPE, "host;x-amz-content-sha256;x-amz-date")
            ),
        ),
    ];
    for (line, headers) in cases {
        assert_eq!(checked(line, &headers), Ok(()), "{line}\n{headers}");
    }
}

#[test]
fn presigned_requests_of_boto3_pass() {
    let host = "Host: 127.0.0.1:19733\nAccept-Encoding: identity\n";
    assert_eq!(checked(&format!("GET /b/k?{PRESIGNED}"), host), Ok(()));
    let put = PRESIGNED.replace("Headers=host", "Headers=host%3Bx-amz-acl");
    let headers =
        format!("{host}X-Amz-Acl: private\nContent-Type: application/x-www-form-urlencoded\n");
    assert_eq!(checked(&format!("PUT /b/k?{put}"), &headers), Ok(()));
    let week = PRESIGNED.replace("Expires=3600", "Expires=604800");
    assert_eq!(checked(&format!("GET /b/k?{week}&versionId=7"), host), Ok(()));
}

#[test]
fn other_mechanisms_stay_outside() {
    let v4 = authorization(SCOPE, "host");
    let host = "Host: h\n";
    let cases = [
        (
            "GET /b/k",
            "Host: h\nAuthorization: AWS AKID:sig=\nDate: x\n".to_owned(),
            "InvalidRequest",
        ),
        ("GET /b/k", "Host: h\nAuthorization: Basic Zm9vOmJhcg==\n".to_owned(), "InvalidRequest"),
        ("GET /b/k", v4.replace("HMAC", "ECDSA-P256"), "InvalidRequest"),
        ("GET /b/k?AWSAccessKeyId=A&Signature=s&Expires=1", host.to_owned(), "InvalidRequest"),
        ("GET /b/k?Signature=s", host.to_owned(), "InvalidRequest"),
        ("GET /b/k?%53ignature=s", host.to_owned(), "InvalidRequest"),
        ("GET /b/k", host.to_owned(), "AccessDenied"),
        ("GET /b/k?Signature=s", format!("{host}{v4}"), "InvalidArgument"),
        ("GET /b/k?AWSAccessKeyId=A", format!("{host}{v4}"), "InvalidArgument"),
        ("GET /b/k?X-Amz-Signature=s", format!("{host}{v4}"), "InvalidArgument"),
        ("GET /b/k?X%2dAmz-Signature=s", format!("{host}{v4}"), "InvalidArgument"),
        ("GET /b/k?x-amz-algorithm=AWS4-HMAC-SHA256", format!("{host}{v4}"), "InvalidArgument"),
        ("GET /b/k?X-Amz-Signature=s&Signature=t", host.to_owned(), "InvalidArgument"),
    ];
    for (line, headers, code) in cases {
        assert_eq!(refusal(line, &headers).code, code, "{line}\n{headers}");
    }
}

#[test]
fn form_uploads_stay_outside() {
    for content_type in [
        "multipart/form-data; boundary=x",
        "Multipart/Form-Data",
        "text/plain\nContent-Type: multipart/form-data",
    ] {
        let error = refusal("POST /b", &format!("Host: h\nContent-Type: {content_type}\n"));
        assert_eq!((error.code, error.status.as_u16()), ("NotImplemented", 501), "{content_type}");
    }
    let put = lock_with("", LOCK_SIGNED).replace("application/json", "multipart/form-data");
    assert_eq!(checked(LOCK, &put), Ok(()), "an object may say that it is a form");
}

#[test]
fn headers_that_act_are_signed() {
    let cases = [
        ("x-amz-meta-holder: me\n", LOCK_SIGNED, "x-amz-meta-holder"),
        ("x-amz-acl: public-read\nX-Amz-Tagging: a=b\n", LOCK_SIGNED, "x-amz-acl, x-amz-tagging"),
        (
            "",
            "x-amz-checksum-sha256;x-amz-content-sha256;x-amz-date;x-amz-sdk-checksum-algorithm",
            "host",
        ),
        (
            "",
            "host;x-amz-checksum-sha256;x-amz-content-sha256;x-amz-sdk-checksum-algorithm",
            "x-amz-date",
        ),
    ];
    for (more, signed, expected) in cases {
        let error = refusal(LOCK, &lock_with(more, signed));
        assert_eq!((error.code, error.status.as_u16()), ("AccessDenied", 403));
        assert_eq!(
            error.message,
            "There were headers present in the request which were not signed"
        );
        assert_eq!(error.headers_not_signed.as_deref(), Some(expected));
    }
    let presigned = format!("GET /b/k?{PRESIGNED}");
    for name in ["x-amz-acl", "x-amz-date", "x-amz-content-sha256", "x-amz-server-side-encryption"]
    {
        let error = refusal(&presigned, &format!("Host: h\n{name}: value\n"));
        assert_eq!(error.headers_not_signed.as_deref(), Some(name));
    }
}

/// Each is a captured request with a header added by someone who has no key. The framework does not
/// find the name as it is spelt, leaves it out, and finds the old signature correct.
#[test]
fn a_name_in_the_list_that_the_framework_would_not_find_is_refused() {
    let cases = [
        ("x-amz-acl: public-read\n", "X-Amz-Acl"),
        ("x-amz-meta-a: \u{ff}\n", "x-amz-meta-a"),
        ("", "x-amz-acl"),
        ("", ""),
        ("", "host"),
    ];
    for (more, name) in cases {
        let error = refusal(LOCK, &lock_with(more, &format!("{LOCK_SIGNED};{name}")));
        assert_eq!((error.code, error.status.as_u16()), ("SignatureDoesNotMatch", 403), "{name:?}");
        assert!(error.message.contains(&format!("'{name}'")), "{}", error.message);
    }
    for name in ["x-amz-acl ", " x-amz-acl", "x-amz-acl\t"] {
        let headers = lock_with("x-amz-acl: public-read\n", &format!("{LOCK_SIGNED};{name}"));
        assert_eq!(refusal(LOCK, &headers).code, "AuthorizationHeaderMalformed", "{name:?}");
        let escaped = name.replace(' ', "%20").replace('\t', "%09");
        let query = PRESIGNED.replace("Headers=host", &format!("Headers=host%3B{escaped}"));
        let error = refusal(&format!("GET /b/k?{query}"), "Host: h\nx-amz-acl: public-read\n");
        assert_eq!(error.code, "SignatureDoesNotMatch", "{name:?}");
    }
}

#[test]
fn a_signed_header_that_a_proxy_removed_is_named() {
    let headers = lock_with("", LOCK_SIGNED).replace("Accept-Encoding: identity\n", "");
    let error = refusal(LOCK, &headers);
    assert_eq!(error.code, "SignatureDoesNotMatch");
    assert!(error.message.contains("'accept-encoding' is missing"), "{}", error.message);
}

#[test]
fn only_the_service_s3_passes() {
    for service in ["sts", "iam", "dynamodb", "S3"] {
        let scope = SCOPE.replace("s3", service);
        let error = refusal(LOCK, &format!("{LOCK_HEADERS}{}", authorization(&scope, LOCK_SIGNED)));
        assert_eq!((error.code, error.status.as_u16()), ("AuthorizationHeaderMalformed", 400));
        let line =
            format!("GET /b/k?{}", PRESIGNED.replace("%2Fs3%2F", &format!("%2F{service}%2F")));
        assert_eq!(refusal(&line, "Host: h\n").code, "AuthorizationQueryParametersError");
    }
}

#[test]
fn session_tokens_are_refused() {
    let signed = format!("{LOCK_SIGNED};x-amz-security-token");
    let error = refusal(LOCK, &lock_with("X-Amz-Security-Token: t\n", &signed));
    assert_eq!((error.code, error.status.as_u16()), ("InvalidToken", 400));
    let line = format!("GET /b/k?{PRESIGNED}&X-Amz-Security-Token=t");
    assert_eq!(refusal(&line, "Host: h\n").code, "InvalidToken");
}

#[test]
fn repeated_headers_and_parameters_are_refused() {
    for name in SINGLE_HEADERS {
        let error = refusal(LOCK, &format!("{}{name}: 1\n{name}: 1\n", lock_with("", LOCK_SIGNED)));
        assert_eq!((error.code, error.status.as_u16()), ("InvalidArgument", 400), "{name}");
        assert!(error.message.contains(name), "{}", error.message);
    }
    for name in PRESIGNED_PARAMETERS.iter().filter(|name| !name.contains("Token")) {
        for again in [(*name).to_owned(), name.to_lowercase(), name.replace('-', "%2D")] {
            let error = refusal(&format!("GET /b/k?{PRESIGNED}&{again}=1"), "Host: h\n");
            assert_eq!(error.code, "AuthorizationQueryParametersError", "{again}");
            assert_eq!(error.message, format!("{name} must not be repeated."));
        }
    }
}

#[test]
fn presigned_parameters_are_checked() {
    let cases = [
        ("Expires=3600", "Expires=604801", "X-Amz-Expires must be less than a week"),
        ("Expires=3600", "Expires=99999999999999999999", "X-Amz-Expires should be a number"),
        ("Expires=3600", "Expires=-1", "X-Amz-Expires must be non-negative"),
        ("Expires=3600", "Expires=%2B1", "X-Amz-Expires should be a number"),
        ("Expires=3600", "Expires=1h", "X-Amz-Expires should be a number"),
        ("Expires=3600", "Expires=", "X-Amz-Expires should be a number"),
        ("HMAC", "ECDSA-P256", "X-Amz-Algorithm only supports"),
        ("&X-Amz-SignedHeaders=host", "", "Query-string authentication version 4 requires"),
        ("X-Amz-Algorithm=AWS4-HMAC-SHA256&", "", "Query-string authentication version 4 requires"),
        ("X-Amz-Algorithm", "x-amz-algorithm", "Query-string authentication version 4 requires"),
        ("%2Faws4_request", "", "the Credential is mal-formed"),
    ];
    for (from, to, expected) in cases {
        let error = refusal(&format!("GET /b/k?{}", PRESIGNED.replace(from, to)), "Host: h\n");
        assert_eq!((error.code, error.status.as_u16()), (QUERY_ERROR, 400), "{to}");
        assert!(error.message.starts_with(expected), "{to}: {}", error.message);
    }
}

#[test]
fn a_percent_sign_that_begins_no_escape_is_refused() {
    let refused = |path: &str| refuse_broken_escapes(&path.parse().unwrap()).is_err();
    for path in ["/b/%zz", "/b/%", "/b/a%2", "/b/%20%g0"] {
        assert!(refused(path), "{path}");
    }
    for path in ["/b/k", "/b/%20", "/b/env%3A/%e2%82%ac", "/b/%25zz"] {
        assert!(!refused(path), "{path}");
    }
}

#[test]
fn a_payload_hash_is_one_of_the_known_forms() {
    let refused = |value: &str| {
        let headers = [("x-amz-content-sha256".parse().unwrap(), value.parse().unwrap())];
        refuse_unknown_payload_hash(&headers.into_iter().collect()).is_err()
    };
    let hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    for value in [hash, "UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"] {
        assert!(!refused(value), "{value}");
    }
    for value in ["", "unsigned-payload", "abc", &hash.replace("e3", ""), &hash.replace('e', "g")] {
        assert!(refused(value), "{value}");
    }
}

#[test]
fn documents_are_small_and_states_are_not() {
    let refused = |method: Method, target: &str| {
        let length = (DOCUMENT_BYTES_MAX + 1).to_string();
        let headers = [("content-length".parse().unwrap(), length.parse().unwrap())];
        check_length(&method, &target.parse().unwrap(), &headers.into_iter().collect()).is_err()
    };
    assert!(!refused(Method::PUT, "/b/k?x-id=PutObject"));
    assert!(!refused(Method::PUT, "/b/k?partNumber=1&uploadId=u&x-id=UploadPart"));
    assert!(!refused(Method::PUT, "/b/k?X-Amz-Signature=0"));
    assert!(refused(Method::POST, "/b?delete"));
    assert!(refused(Method::POST, "/b/k?uploadId=u"));
    assert!(refused(Method::PUT, "/b/k?tagging"));
    assert!(refused(Method::PUT, "/b?versioning"));
    let chunked = [(TRANSFER_ENCODING, HeaderValue::from_static("chunked"))];
    let chunked = |method: Method, target: &str| {
        check_length(&method, &target.parse().unwrap(), &chunked.clone().into_iter().collect())
    };
    assert_eq!(chunked(Method::POST, "/b?delete").unwrap_err().code, "MissingContentLength");
    assert!(chunked(Method::PUT, "/b/k").is_ok());
}
