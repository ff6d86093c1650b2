"""Who may do what: SigV4 in header and query, and everything that is not SigV4."""
import base64
import datetime
import hashlib
import hmac
import urllib.parse

import botocore.auth
import botocore.awsrequest
import botocore.credentials

from harness import (
    BUCKET, ENDPOINT, body_of, case, client, credentials, equal, is_absent, keys_of, run_cases,
)
from sigv4 import Signer, now
from wire import HOST, expect_error, expect_ok, object_target, root_signer, send, signed

S3 = client()
HOUR = datetime.timedelta(hours=1)
S3.put_object(Bucket=BUCKET, Key="signed/object", Body=b"secret")
OBJECT = object_target("signed/object")


def path_of(url):
    """The request target of a URL."""
    parts = urllib.parse.urlsplit(url)
    return f"{parts.path}?{parts.query}"


@case
def wrong_secret():
    signer = Signer(credentials()[0], "wrong" * 8)
    expect_error(signed("GET", OBJECT, signer=signer), 403, "SignatureDoesNotMatch")
    expect_error(signed("PUT", OBJECT, body=b"x", signer=signer), 403, "SignatureDoesNotMatch")
    equal(body_of(S3, BUCKET, "signed/object"), b"secret", "body")


@case
def unknown_access_key():
    signer = Signer("AKIAIOSFODNN7EXAMPLE", credentials()[1])
    expect_error(signed("GET", OBJECT, signer=signer), 403, "InvalidAccessKeyId")


@case
def skewed_clock():
    for skew in (-HOUR, HOUR):
        signer = root_signer(when=now() + skew)
        expect_error(signed("GET", OBJECT, signer=signer), 403, "RequestTimeTooSkewed")


@case
def clock_within_the_tolerance():
    for minutes in (-10, 10):
        signer = root_signer(when=now() + datetime.timedelta(minutes=minutes))
        expect_ok(signed("GET", OBJECT, signer=signer))


@case
def anonymous():
    for method, target in (
        ("GET", OBJECT), ("PUT", OBJECT), ("DELETE", OBJECT), ("GET", "/"), ("GET", f"/{BUCKET}"),
        ("PUT", "/anonymous-bucket"), ("POST", OBJECT + "?uploads"), ("POST", f"/{BUCKET}?delete"),
    ):
        expect_error(send(method, target, {}), 403, "AccessDenied")
    equal(send("HEAD", OBJECT, {}).status, 403, "status of HEAD")
    equal(body_of(S3, BUCKET, "signed/object"), b"secret", "body")


@case
def anonymous_form_upload():
    form = ('--x\r\nContent-Disposition: form-data; name="key"\r\n\r\nsigned/form\r\n'
            '--x\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\nx\r\n--x--\r\n')
    headers = {"content-type": "multipart/form-data; boundary=x"}
    answer = send("POST", f"/{BUCKET}", headers, form.encode())
    expect_error(answer, 501, "NotImplemented")
    assert is_absent(S3, BUCKET, "signed/form"), "an anonymous upload was stored"


@case
def altered_after_signing():
    headers = root_signer().sign("GET", OBJECT, {"host": HOST, "x-amz-acl": "private"}, "UNSIGNED-PAYLOAD")
    for change in (
        ("DELETE", OBJECT, headers), ("GET", OBJECT + "?versionId=1", headers),
        ("GET", object_target("signed/other"), headers),
        ("GET", OBJECT, headers | {"x-amz-acl": "public-read"}),
        ("GET", OBJECT, headers | {"host": "example.com"}),
    ):
        expect_error(send(*change), 403, "SignatureDoesNotMatch")


@case
def unsigned_amz_header():
    headers = {"x-amz-copy-source": f"/{BUCKET}/signed/object"}
    answer = signed("PUT", object_target("signed/smuggled"), headers, unsigned=("x-amz-copy-source",))
    expect_error(answer, 403, "AccessDenied")
    assert is_absent(S3, BUCKET, "signed/smuggled"), "stored"


@case
def unsigned_host():
    answer = signed("GET", OBJECT, unsigned=("host",))
    expect_error(answer, 403, "AccessDenied")


@case
def malformed_authorization():
    malformed, unsupported = "AuthorizationHeaderMalformed", "InvalidRequest"
    for value, code in (
            ("AWS4-HMAC-SHA256", malformed), ("AWS4-HMAC-SHA256 Credential=x", malformed),
            ("junk", unsupported), ("Basic eDp5", unsupported), ("", unsupported)):
        headers = {"authorization": value, "x-amz-date": root_signer().timestamp,
                   "x-amz-content-sha256": "UNSIGNED-PAYLOAD"}
        answer = send("GET", OBJECT, headers)
        expect_error(answer, 400, code)
        assert b"secret" not in answer.body, "the object was served"


@case
def sigv2_header_is_refused():
    access_key, secret_key = credentials()
    date = now().strftime("%a, %d %b %Y %H:%M:%S GMT")
    text = f"GET\n\n\n{date}\n{OBJECT}".encode()
    signature = base64.b64encode(hmac.new(secret_key.encode(), text, hashlib.sha1).digest()).decode()
    headers = {"date": date, "authorization": f"AWS {access_key}:{signature}"}
    expect_error(send("GET", OBJECT, headers), 400, "InvalidRequest")


@case
def sigv2_query_is_refused():
    request = botocore.awsrequest.AWSRequest("GET", ENDPOINT + OBJECT)
    keys = botocore.credentials.Credentials(*credentials())
    botocore.auth.HmacV1QueryAuth(keys, expires=600).add_auth(request)
    answer = send("GET", path_of(request.url), {})
    expect_error(answer, 400, "InvalidRequest")


@case
def presigned_get_and_put():
    url = S3.generate_presigned_url("put_object", {"Bucket": BUCKET, "Key": "signed/a b+c"}, 600)
    assert "X-Amz-Signature=" in url, url
    expect_ok(send("PUT", path_of(url), {}, b"through a URL"))
    url = S3.generate_presigned_url("get_object", {"Bucket": BUCKET, "Key": "signed/a b+c"}, 600)
    equal(expect_ok(send("GET", path_of(url), {})).body, b"through a URL", "body")


@case
def presigned_by_hand():
    target = root_signer().presign("GET", OBJECT, {"host": HOST}, 600)
    equal(expect_ok(send("GET", target, {})).body, b"secret", "body")


@case
def presigned_with_answer_headers():
    url = S3.generate_presigned_url("get_object", {
        "Bucket": BUCKET, "Key": "signed/object",
        "ResponseContentDisposition": 'attachment; filename="a b.txt"',
        "ResponseContentType": "text/x-test"}, 600)
    answer = expect_ok(send("GET", path_of(url), {}))
    equal(answer.headers["content-disposition"], 'attachment; filename="a b.txt"', "disposition")
    equal(answer.headers["content-type"], "text/x-test", "content type")


@case
def presigned_and_expired():
    target = root_signer(when=now() - HOUR).presign("GET", OBJECT, {"host": HOST}, 600)
    expect_error(send("GET", target, {}), 403, "AccessDenied")


@case
def presigned_an_hour_ago_and_still_good():
    target = root_signer(when=now() - HOUR).presign("GET", OBJECT, {"host": HOST}, 7200)
    expect_ok(send("GET", target, {}))


@case
def presigned_in_the_future():
    target = root_signer(when=now() + HOUR).presign("GET", OBJECT, {"host": HOST}, 7200)
    answer = send("GET", target, {})
    expect_error(answer, 403, "RequestTimeTooSkewed")


@case
def presigned_for_more_than_a_week():
    target = root_signer().presign("GET", OBJECT, {"host": HOST}, 604801)
    expect_error(send("GET", target, {}), 400, "AuthorizationQueryParametersError")


@case
def presigned_and_altered():
    target = root_signer().presign("PUT", object_target("signed/altered"), {"host": HOST}, 600)
    for change in (
        ("DELETE", target), ("PUT", target.replace("altered", "other")),
        ("PUT", target.replace("Expires=600", "Expires=900")),
        ("PUT", target.replace("?", "?uploadId=x&")),
    ):
        expect_error(send(*change, {}, b"x"), 403, "SignatureDoesNotMatch")
    equal(keys_of(S3, BUCKET, "signed/altered"), [], "keys")


@case
def presigned_with_an_unsigned_amz_header():
    target = root_signer().presign("PUT", object_target("signed/copied"), {"host": HOST}, 600)
    headers = {"x-amz-copy-source": f"/{BUCKET}/signed/object"}
    expect_error(send("PUT", target, headers), 403, "AccessDenied")
    assert is_absent(S3, BUCKET, "signed/copied"), "stored"


@case
def two_ways_at_once():
    target = root_signer().presign("GET", OBJECT, {"host": HOST}, 600)
    headers = root_signer().sign("GET", target, {"host": HOST}, "UNSIGNED-PAYLOAD")
    expect_error(send("GET", target, headers), 400, "InvalidArgument")


@case
def virtual_host_style():
    host = f"{BUCKET}.localhost:{HOST.rpartition(':')[2]}"
    body = b"by host name"
    expect_ok(signed("PUT", "/signed/vhost", {"host": host}, body))
    equal(body_of(S3, BUCKET, "signed/vhost"), body, "body through the path style")
    equal(expect_ok(signed("GET", "/signed/vhost", {"host": host})).body, body, "body")
    listing = expect_ok(signed("GET", "/?list-type=2&prefix=signed%2Fvhost", {"host": host}))
    assert b"<Key>signed/vhost</Key>" in listing.body, listing.body
    target = root_signer().presign("GET", "/signed/vhost", {"host": host}, 600)
    equal(expect_ok(send("GET", target, {"host": host})).body, body, "body through a URL")


@case
def virtual_host_of_no_bucket():
    host = f"no-such-bucket.localhost:{HOST.rpartition(':')[2]}"
    expect_error(signed("GET", "/a", {"host": host}), 404, "NoSuchBucket")


@case
def bare_domain_is_path_style():
    host = f"localhost:{HOST.rpartition(':')[2]}"
    equal(expect_ok(signed("GET", OBJECT, {"host": host})).body, b"secret", "body")


@case
def who_am_i():
    identity = client("sts").get_caller_identity()
    assert identity["Arn"].startswith("arn:aws:"), identity
    equal(len(identity["Account"]), 12, "length of the account number")
    assert identity["UserId"], identity
    user = client("iam").get_user()["User"]
    assert user["UserName"] and user["Arn"].startswith("arn:aws:iam::"), user


@case
def identity_needs_a_signature():
    form = b"Action=GetCallerIdentity&Version=2011-06-15"
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = send("POST", "/", headers, form)
    equal(answer.status, 403, "status of an unsigned request")
    assert b"<Code>MissingAuthenticationToken</Code>" in answer.body, answer.body
    signer = Signer(credentials()[0], "wrong" * 8, service="sts")
    answer = signed("POST", "/", headers, form, signer=signer)
    equal(answer.status, 403, "status")
    assert b"<Code>SignatureDoesNotMatch</Code>" in answer.body, answer.body


run_cases()
