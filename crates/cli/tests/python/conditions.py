"""Conditional writes and lockfiles."""
import json

from harness import (
    BUCKET, body_of, case, client, equal, fresh_bucket, is_absent, refused, run_cases,
)
from wire import expect_error, object_target, signed

S3 = client()
OTHER = '"0123456789abcdef0123456789abcdef"'
CONDITION_TEXT = b"At least one of the pre-conditions you specified did not hold"


def put(key, body=b"x", **arguments):
    """Stores an object."""
    return S3.put_object(Bucket=BUCKET, Key=key, Body=body, **arguments)


def lock_info(lock_id, created="2026-01-02T03:04:05.6Z"):
    """The bytes that Terraform writes into a lockfile."""
    info = {"ID": lock_id, "Operation": "OperationTypeApply", "Info": "", "Who": "test@host",
            "Version": "1.11.4", "Created": created, "Path": "tfstate/app/terraform.tfstate"}
    return json.dumps(info, separators=(",", ":")).encode()


def traces(key):
    """Versions and delete markers that begin with `key`."""
    answer = S3.list_object_versions(Bucket=BUCKET, Prefix=key)
    return answer.get("Versions", []), answer.get("DeleteMarkers", [])


@case
def create_if_absent():
    put("cond/new", b"first", IfNoneMatch="*")
    answer = signed("PUT", object_target("cond/new"), {"if-none-match": "*"}, b"second")
    expect_error(answer, 412, "PreconditionFailed")
    assert CONDITION_TEXT in answer.body, answer.body
    assert b"<Condition>If-None-Match</Condition>" in answer.body, answer.body
    equal(body_of(S3, BUCKET, "cond/new"), b"first", "body")


@case
def create_if_absent_over_a_delete_marker():
    put("cond/deleted")
    S3.delete_object(Bucket=BUCKET, Key="cond/deleted")
    put("cond/deleted", b"again", IfNoneMatch="*")
    equal(body_of(S3, BUCKET, "cond/deleted"), b"again", "body")


@case
def replace_if_match():
    first = put("cond/cas", b"one")["ETag"]
    second = put("cond/cas", b"two", IfMatch=first)["ETag"]
    answer = signed("PUT", object_target("cond/cas"), {"if-match": first}, b"three")
    expect_error(answer, 412, "PreconditionFailed")
    assert b"<Condition>If-Match</Condition>" in answer.body, answer.body
    assert CONDITION_TEXT in answer.body, answer.body
    equal(body_of(S3, BUCKET, "cond/cas"), b"two", "body")
    put("cond/cas", b"three", IfMatch=second)


@case
def etag_without_quotes():
    etag = put("cond/bare", b"one")["ETag"].strip('"')
    put("cond/bare", b"two", IfMatch=etag)
    equal(body_of(S3, BUCKET, "cond/bare"), b"two", "body")


@case
def replace_of_a_missing_object():
    refused(404, "NoSuchKey", put, key="cond/missing", IfMatch=OTHER)
    assert is_absent(S3, BUCKET, "cond/missing"), "stored although refused"


@case
def replace_over_a_delete_marker():
    etag = put("cond/marker")["ETag"]
    S3.delete_object(Bucket=BUCKET, Key="cond/marker")
    refused(404, "NoSuchKey", put, key="cond/marker", IfMatch=etag)


@case
def conditions_that_s3_does_not_have():
    etag = put("cond/odd")["ETag"]
    for condition in (
        {"if-none-match": etag}, {"if-match": "*"}, {"if-match": etag, "if-none-match": "*"},
    ):
        answer = signed("PUT", object_target("cond/odd"), condition, b"y")
        expect_error(answer, 501, "NotImplemented")
    equal(body_of(S3, BUCKET, "cond/odd"), b"x", "body")


@case
def delete_if_match():
    etag = put("cond/del")["ETag"]
    refused(412, "PreconditionFailed", S3.delete_object, Bucket=BUCKET, Key="cond/del", IfMatch=OTHER)
    assert not is_absent(S3, BUCKET, "cond/del"), "deleted against the condition"
    answer = S3.delete_object(Bucket=BUCKET, Key="cond/del", IfMatch=etag)
    equal(answer["ResponseMetadata"]["HTTPStatusCode"], 204, "status")
    refused(404, "NoSuchKey", S3.delete_object, Bucket=BUCKET, Key="cond/never", IfMatch=etag)


@case
def delete_if_match_any():
    put("cond/any")
    S3.delete_object(Bucket=BUCKET, Key="cond/any", IfMatch="*")
    assert is_absent(S3, BUCKET, "cond/any"), "not deleted"


@case
def lock_taken_and_refused():
    key = "locks/a/terraform.tfstate.tflock"
    put(key, lock_info("id-1"), IfNoneMatch="*", ContentType="application/json")
    refused(412, "PreconditionFailed", put, key=key, body=lock_info("id-2"), IfNoneMatch="*")
    equal(json.loads(body_of(S3, BUCKET, key))["ID"], "id-1", "holder")
    S3.delete_object(Bucket=BUCKET, Key=key)
    put(key, lock_info("id-2"), IfNoneMatch="*")
    equal(body_of(S3, BUCKET, key), lock_info("id-2"), "lock info, byte for byte")
    S3.delete_object(Bucket=BUCKET, Key=key)


@case
def repeated_lock_request_is_answered_as_the_first():
    key = "locks/repeat.tflock"
    first = put(key, lock_info("id-3"), IfNoneMatch="*")
    for body in (lock_info("id-3"), lock_info("id-3", created="2026-01-02T03:09:09.9Z")):
        again = put(key, body, IfNoneMatch="*")
        equal(again["ETag"], first["ETag"], "ETag of the repeated request")
    equal(body_of(S3, BUCKET, key), lock_info("id-3"), "lock info")
    S3.delete_object(Bucket=BUCKET, Key=key)


@case
def body_without_an_id_is_never_a_repetition():
    for number, body in enumerate((b"", b"not json", b"{}", b'{"ID":""}', b"[1]")):
        key = f"locks/odd-{number}.tflock"
        put(key, body, IfNoneMatch="*")
        refused(412, "PreconditionFailed", put, key=key, body=body, IfNoneMatch="*")
        S3.delete_object(Bucket=BUCKET, Key=key)


@case
def repetition_is_for_lock_objects_only():
    put("cond/same-body", lock_info("id-4"), IfNoneMatch="*")
    refused(412, "PreconditionFailed", put, key="cond/same-body", body=lock_info("id-4"),
            IfNoneMatch="*")


@case
def locks_leave_no_versions_and_no_markers():
    key = "locks/clean.tflock"
    for number in range(3):
        etag = put(key, lock_info(f"id-{number}"), IfNoneMatch="*")["ETag"]
        put(key, lock_info(f"id-{number}b"), IfMatch=etag)
        versions, markers = traces(key)
        equal((len(versions), len(markers)), (1, 0), "versions and markers of a held lock")
        answer = S3.delete_object(Bucket=BUCKET, Key=key)
        assert not answer.get("DeleteMarker"), answer
        equal(traces(key), ([], []), "versions and markers of a released lock")


@case
def a_write_without_a_condition_does_not_replace_a_lock():
    key = "locks/kept.tflock"
    put(key, lock_info("id-9"), IfNoneMatch="*")
    answer = refused(412, "PreconditionFailed", put, key=key, body=lock_info("id-10"))
    message = answer["Error"]["Message"]
    assert "held with lock ID id-9" in message, message
    # Who was refused a moment ago is shown the rest with its place in line.
    equal(json.loads(body_of(S3, BUCKET, key))["ID"], "id-9", "holder")
    put(key, lock_info("id-9"))
    S3.delete_object(Bucket=BUCKET, Key=key)
    put(key, lock_info("id-10"))
    equal(body_of(S3, BUCKET, key), lock_info("id-10"), "a free lock is taken without a condition")
    S3.delete_object(Bucket=BUCKET, Key=key)


@case
def a_lock_is_small_and_in_one_piece():
    key = "locks/small.tflock"
    refused(501, "NotImplemented", S3.create_multipart_upload, Bucket=BUCKET, Key=key)
    refused(400, "EntityTooLarge", put, key=key, body=b" " * (64 * 1024 + 1), IfNoneMatch="*")
    assert is_absent(S3, BUCKET, key), "stored"


@case
def bulk_deletion_of_a_lock_leaves_no_marker():
    put("locks/bulk.tflock", lock_info("id-5"))
    S3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": "locks/bulk.tflock"}]})
    equal(traces("locks/bulk.tflock"), ([], []), "versions and markers")


@case
def unlock_if_match():
    key = "locks/mine.tflock"
    etag = put(key, lock_info("id-6"), IfNoneMatch="*")["ETag"]
    refused(412, "PreconditionFailed", S3.delete_object, Bucket=BUCKET, Key=key, IfMatch=OTHER)
    S3.delete_object(Bucket=BUCKET, Key=key, IfMatch=etag)
    assert is_absent(S3, BUCKET, key), "still locked"


@case
def lock_in_an_unversioned_bucket():
    bucket = fresh_bucket(S3)
    S3.put_object(Bucket=bucket, Key="a.tflock", Body=lock_info("id-7"), IfNoneMatch="*")
    refused(412, "PreconditionFailed", S3.put_object, Bucket=bucket, Key="a.tflock",
            Body=lock_info("id-8"), IfNoneMatch="*")
    S3.delete_object(Bucket=bucket, Key="a.tflock")
    S3.delete_bucket(Bucket=bucket)


run_cases()
