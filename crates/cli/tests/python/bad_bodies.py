"""Signed requests whose body or framing is wrong: a clear error, and nothing half-written.

What needs no signature (request lines, headers, slow and too many connections) is in
`tests/bad_input/main.rs`.
"""
from harness import BUCKET, body_of, case, client, equal, fresh_bucket, keys_of, run_cases
from sigv4 import STREAMING_UNSIGNED_TRAILER
from wire import (
    HOST, connect, expect_error, expect_ok, object_target, read_answer, request_head, root_signer,
    send, signed,
)

S3 = client()
S3.put_object(Bucket=BUCKET, Key="kept", Body=b"kept")
BILLION_LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY %c "%b">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b"]><Delete><Object><Key>&j;</Key></Object></Delete>"
)
EXTERNAL_ENTITY = (
    b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    b"<Delete><Object><Key>&a;</Key></Object></Delete>"
)
BROKEN_XML = {
    "empty": b"", "not XML": b"hello", "cut off": b"<Delete><Object><Key>kept</Key>",
    "wrong root": b"<Other><Object><Key>kept</Key></Object></Other>",
    "wrong nesting": b"<Delete><Object></Delete></Object>", "not UTF-8": b"<Delete>\xff\xfe</Delete>",
    "deep": b"<a>" * 20_000, "laughs": BILLION_LAUGHS, "external": EXTERNAL_ENTITY,
}


def alive_and_unchanged():
    """Health is good, an ordinary request works, and the bucket holds what it held."""
    expect_ok(send("GET", "/_statelock/health", {}))
    equal(body_of(S3, BUCKET, "kept"), b"kept", "body")
    found = keys_of(S3, BUCKET)
    for key in set(found) - {"kept"}:
        S3.delete_object(Bucket=BUCKET, Key=key)  # one case must not fail the next
    equal(found, ["kept"], "keys")


def streaming_put(key, body, decoded_length, trailer="x-amz-checksum-crc32"):
    """A signed PUT whose aws-chunked body is given as it goes over the wire."""
    target = object_target(key)
    headers = {"host": HOST, "content-encoding": "aws-chunked", "x-amz-trailer": trailer,
               "x-amz-decoded-content-length": decoded_length}
    headers = root_signer().sign("PUT", target, headers, STREAMING_UNSIGNED_TRAILER)
    return send("PUT", target, headers, body)


@case
def malformed_delete_objects():
    for name, body in BROKEN_XML.items():
        answer = signed("POST", f"/{BUCKET}?delete", body=body)
        assert answer.status == 400, f"{name}: answered {answer.status} {answer.body[:200]!r}"
        code = "MalformedXML" if body else "MissingRequestBodyError"
        expect_error(answer, 400, code)
        assert b"root:" not in answer.body, f"{name}: a file of the server was read"
        alive_and_unchanged()


@case
def too_many_keys_to_delete():
    objects = b"".join(b"<Object><Key>%d</Key></Object>" % number for number in range(1001))
    answer = signed("POST", f"/{BUCKET}?delete", body=b"<Delete>" + objects + b"</Delete>")
    expect_error(answer, 400, "MalformedXML")


@case
def malformed_complete_multipart_upload():
    bucket = fresh_bucket(S3)
    upload = S3.create_multipart_upload(Bucket=bucket, Key="a")["UploadId"]
    target = f"{object_target('a', bucket)}?uploadId={upload}"
    for name, body in BROKEN_XML.items():
        body = body.replace(b"Delete", b"CompleteMultipartUpload").replace(b"Object", b"Part")
        answer = signed("POST", target, body=body)
        assert answer.status == 400, f"{name}: answered {answer.status} {answer.body[:200]!r}"
        expect_error(answer, 400, "MalformedXML")
    for number, code in ((b"0", "InvalidPart"), (b"-1", "InvalidPart"), (b"10001", "InvalidPart"),
                         (b"99999999999999999999", "MalformedXML"), (b"one", "MalformedXML")):
        part = b"<Part><PartNumber>" + number + b"</PartNumber><ETag>a</ETag></Part>"
        answer = signed(
            "POST", target, body=b"<CompleteMultipartUpload>" + part + b"</CompleteMultipartUpload>")
        expect_error(answer, 400, code)
    equal(keys_of(S3, bucket), [], "keys")
    alive_and_unchanged()


@case
def malformed_create_bucket():
    for number, body in enumerate((b"junk", b"<CreateBucketConfiguration>", b"\xff", BILLION_LAUGHS)):
        answer = signed("PUT", f"/malformed-{number}", body=body)
        expect_error(answer, 400, "MalformedXML")
        expect_error(signed("GET", f"/malformed-{number}"), 404, "NoSuchBucket")
    alive_and_unchanged()


@case
def malformed_settings():
    for query, body in (
        ("versioning", b"<Versioning"), ("tagging", b"<Tagging><TagSet><Tag></Tag></TagSet></Tagging>"),
        ("tagging", b"junk"),
    ):
        expect_error(signed("PUT", f"/{BUCKET}?{query}", body=body), 400, "MalformedXML")
    maybe = b"<VersioningConfiguration><Status>Maybe</Status></VersioningConfiguration>"
    expect_error(signed("PUT", f"/{BUCKET}?versioning", body=maybe), 400,
                 "IllegalVersioningConfigurationException")
    equal(S3.get_bucket_versioning(Bucket=BUCKET)["Status"], "Enabled", "versioning")


@case
def malformed_chunks():
    for name, body in {
        "size is no number": b"zz\r\nhello\r\n0\r\n\r\n",
        "size is negative": b"-5\r\nhello\r\n0\r\n\r\n",
        "size is absurd": b"ffffffffffffffffff\r\nhello\r\n0\r\n\r\n",
        "no line end": b"5hello",
        "no end": b"5\r\nhello\r\n",
        "data is longer": b"5\r\nhello world\r\n0\r\n\r\n",
        "size line never ends": b"5;" + b"x" * 100_000,
        "trailer never ends": b"5\r\nhello\r\n0\r\n" + b"x-amz-checksum-crc32:" + b"A" * 100_000,
        "trailer nobody announced": b"5\r\nhello\r\n0\r\nx-amz-meta-evil:1\r\n\r\n",
        "empty": b"",
    }.items():
        answer = streaming_put("half", body, "5")
        assert 400 <= answer.status < 500, f"{name}: answered {answer.status}"
        alive_and_unchanged()


@case
def absurd_decoded_length():
    for length in ("-1", "five", "99999999999999999999999", ""):
        answer = streaming_put("half", b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n", length)
        assert 400 <= answer.status < 500, f"{length!r}: answered {answer.status}"
        alive_and_unchanged()


@case
def body_beyond_the_limit():
    target = object_target("huge")
    headers = root_signer().sign("PUT", target, {"host": HOST}, "UNSIGNED-PAYLOAD")
    headers["content-length"] = str(6 * 1024**4)
    with connect() as connection:
        connection.sendall(request_head("PUT", target, headers))
        expect_error(read_answer(connection), 400, "EntityTooLarge")
    alive_and_unchanged()


@case
def large_xml_body_is_not_buffered():
    target = f"/{BUCKET}?delete"
    headers = root_signer().sign("POST", target, {"host": HOST}, "UNSIGNED-PAYLOAD")
    headers["content-length"] = str(1024**3)
    with connect() as connection:
        connection.sendall(request_head("POST", target, headers) + b"<Delete>")
        try:
            for _ in range(64):
                connection.sendall(b" " * 1024**2)
        except OSError:
            pass  # refused while we were still sending, as it should be
        answer = read_answer(connection)
    assert 400 <= answer.status < 500, f"answered {answer.status}"
    alive_and_unchanged()


@case
def length_given_twice():
    target = object_target("smuggled")
    headers = root_signer().sign("PUT", target, {"host": HOST}, "UNSIGNED-PAYLOAD")
    lines = request_head("PUT", target, headers)[:-2]
    for framing in (
        b"content-length: 5\r\ncontent-length: 6\r\n", b"content-length: +5\r\n",
        b"content-length: 5\r\ntransfer-encoding: chunked\r\n", b"transfer-encoding: gzip\r\n",
        b"transfer-encoding: chunked, identity\r\n",
    ):
        with connect() as connection:
            connection.sendall(lines + framing + b"\r\nhello")
            connection.shutdown(1)
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        assert not answer.startswith(b"HTTP/1.1 200"), f"{framing!r}: {answer[:100]!r}"
        alive_and_unchanged()


@case
def headers_with_odd_values():
    for name, value in (
        ("x-amz-storage-class", "NOWHERE"), ("x-amz-tagging", "a=b&a=c"), ("x-amz-tagging", "%ff=1"),
        ("x-amz-acl", "everyone"), ("x-amz-copy-source", "///"), ("x-amz-copy-source", "%ff/%ff"),
        ("x-amz-copy-source", f"{BUCKET}/kept?versionId="), ("content-md5", "="),
        ("x-amz-sdk-checksum-algorithm", "MD4"), ("x-amz-trailer", "host"),
    ):
        answer = signed("PUT", object_target("odd-header"), {name: value}, b"x")
        assert answer.status < 500 or answer.status == 501, f"{name}: {value}: {answer.status}"
        S3.delete_object(Bucket=BUCKET, Key="odd-header")
        alive_and_unchanged()


@case
def odd_query_values():
    for query in (
        "versionId=", "versionId=%00", "partNumber=1&uploadId=", "partNumber=x&uploadId=y", "uploadId=%ff",
        "partNumber=1", "response-content-type=%0d%0aevil:1", "x=%zz", "&&&", "=", "versionId=a&versionId=b",
    ):
        for method in ("GET", "PUT", "POST"):
            answer = signed(method, f"{object_target('odd-query')}?{query}")
            assert answer.status < 500 or answer.status == 501, f"{method} {query}: {answer.status}"
            assert "evil" not in answer.headers, "a header was smuggled into the answer"
        S3.delete_object(Bucket=BUCKET, Key="odd-query")
        alive_and_unchanged()


run_cases()
