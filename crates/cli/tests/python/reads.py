"""Reads of a part, and reads on a condition."""
import datetime

from harness import BUCKET, case, client, equal, refused, run_cases
from wire import expect_error, expect_ok, object_target, signed

S3 = client()
DAY = datetime.timedelta(days=1)
OTHER = '"0123456789abcdef0123456789abcdef"'


def put(key, body=b"hello", **arguments):
    """Stores an object and returns the answer."""
    return S3.put_object(Bucket=BUCKET, Key=key, Body=body, **arguments)


def http_date(when):
    """An HTTP date."""
    return when.strftime("%a, %d %b %Y %H:%M:%S GMT")


@case
def ranges():
    put("reads/range", b"0123456789")
    for asked, content_range, body in (
        ("bytes=0-3", "bytes 0-3/10", b"0123"),
        ("bytes=4-", "bytes 4-9/10", b"456789"),
        ("bytes=-3", "bytes 7-9/10", b"789"),
        ("bytes=8-99", "bytes 8-9/10", b"89"),
        ("bytes=-99", "bytes 0-9/10", b"0123456789"),
    ):
        got = S3.get_object(Bucket=BUCKET, Key="reads/range", Range=asked)
        equal(got["ResponseMetadata"]["HTTPStatusCode"], 206, f"status for {asked}")
        equal((got["ContentRange"], got["Body"].read()), (content_range, body), asked)


@case
def unsatisfiable_range():
    put("reads/range", b"0123456789")
    refused(416, "InvalidRange", S3.get_object, Bucket=BUCKET, Key="reads/range", Range="bytes=10-")


@case
def partial_answer_has_no_whole_object_checksum():
    put("reads/summed", b"0123456789", ChecksumAlgorithm="SHA256")
    asked = {"x-amz-checksum-mode": "ENABLED", "range": "bytes=0-3"}
    answer = expect_ok(signed("GET", object_target("reads/summed"), asked), 206)
    sums = [name for name in answer.headers if name.startswith("x-amz-checksum-")]
    assert not [name for name in sums if name != "x-amz-checksum-type"], f"checksums on 206: {sums}"
    whole = S3.get_object(Bucket=BUCKET, Key="reads/summed", ChecksumMode="ENABLED")
    assert whole["ChecksumSHA256"], "no checksum on 200"


@case
def range_of_an_empty_object():
    put("reads/empty", b"")
    refused(416, "InvalidRange", S3.get_object, Bucket=BUCKET, Key="reads/empty", Range="bytes=0-0")


@case
def malformed_range_is_refused():
    put("reads/range", b"0123456789")
    for asked in ("bytes=5-2", "bytes=a-b", "lines=0-1", "bytes="):
        answer = signed("GET", object_target("reads/range"), {"range": asked})
        expect_error(answer, 400, "InvalidArgument")


@case
def range_on_head():
    put("reads/range", b"0123456789")
    answer = expect_ok(signed("HEAD", object_target("reads/range"), {"range": "bytes=0-3"}), 206)
    equal((answer.headers["content-length"], answer.headers["content-range"]),
          ("4", "bytes 0-3/10"), "headers")


@case
def conditions_that_hold():
    etag, key = put("reads/cond")["ETag"], {"Bucket": BUCKET, "Key": "reads/cond"}
    stamp = S3.head_object(**key)["LastModified"]
    for read in (S3.get_object, S3.head_object):
        read(**key, IfMatch=etag)
        read(**key, IfNoneMatch=OTHER)
        read(**key, IfMatch=etag, IfUnmodifiedSince=stamp - DAY)
        read(**key, IfModifiedSince=stamp - DAY)


@case
def not_modified():
    etag = put("reads/same")["ETag"]
    stamp = S3.head_object(Bucket=BUCKET, Key="reads/same")["LastModified"]
    for condition in (
        {"if-none-match": etag}, {"if-none-match": "*"}, {"if-none-match": etag.strip('"')},
        {"if-modified-since": http_date(stamp)},
    ):
        got = signed("GET", object_target("reads/same"), condition)
        equal(got.status, 304, f"status for {condition}")
        equal((got.body, got.headers.get("etag")), (b"", etag), "body and ETag of 304")


@case
def failed_conditions():
    put("reads/other")
    stamp = S3.head_object(Bucket=BUCKET, Key="reads/other")["LastModified"]
    for condition in ({"if-match": OTHER}, {"if-unmodified-since": http_date(stamp - DAY)}):
        got = signed("GET", object_target("reads/other"), condition)
        expect_error(got, 412, "PreconditionFailed")


run_cases()
