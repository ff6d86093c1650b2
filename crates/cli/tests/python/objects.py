"""Objects: put, get, head, delete, versions, copy, tags."""
import hashlib

from harness import (
    BUCKET, body_of, case, client, equal, fresh_bucket, is_absent, keys_of, refused, run_cases,
)
from wire import expect_error, object_target, signed

S3 = client()


def put(key, body=b"hello", bucket=BUCKET, **arguments):
    """Stores an object and returns the answer."""
    return S3.put_object(Bucket=bucket, Key=key, Body=body, **arguments)


def history(bucket, key):
    """Versions and delete markers of one key, the newest first."""
    answer = S3.list_object_versions(Bucket=bucket, Prefix=key)
    entries = answer.get("Versions", []) + answer.get("DeleteMarkers", [])
    mine = [entry for entry in entries if entry["Key"] == key]
    return sorted(mine, key=lambda entry: not entry["IsLatest"])


@case
def put_and_get():
    answer = put("objects/plain", b"hello", ContentType="application/json", Metadata={"owner": "me"})
    equal(answer["ETag"], '"5d41402abc4b2a76b9719d911017c592"', "ETag")
    got = S3.get_object(Bucket=BUCKET, Key="objects/plain")
    equal(got["Body"].read(), b"hello", "body")
    equal(got["ETag"], answer["ETag"], "ETag of GET")
    equal(got["ContentType"], "application/json", "Content-Type")
    equal(got["Metadata"], {"owner": "me"}, "metadata")
    equal(got["ContentLength"], 5, "Content-Length")


@case
def put_an_empty_object():
    put("objects/empty", b"")
    equal(body_of(S3, BUCKET, "objects/empty"), b"", "body")


@case
def an_empty_object_does_not_hold_up_the_next_one():
    # botocore waits for `100 Continue` before each body, and takes what comes next for it.
    hasty = client(read_timeout=10)
    for key, body in [("objects/nothing", b""), ("objects/something", b"x")] * 2:
        hasty.put_object(Bucket=BUCKET, Key=key, Body=body)
    equal(body_of(hasty, BUCKET, "objects/something"), b"x", "body")


@case
def put_eight_mebibytes_in_one_request():
    body = hashlib.sha256(b"seed").digest() * (8 * 1024 * 1024 // 32)
    put("objects/large", body)
    equal(hashlib.md5(body_of(S3, BUCKET, "objects/large")).digest(), hashlib.md5(body).digest(), "MD5")


@case
def standard_headers_are_kept():
    put("objects/headers", ContentType="text/x-test", CacheControl="no-cache",
        ContentDisposition="attachment", ContentEncoding="identity", ContentLanguage="de")
    head = S3.head_object(Bucket=BUCKET, Key="objects/headers")
    equal(
        [head[name] for name in (
            "ContentType", "CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage")],
        ["text/x-test", "no-cache", "attachment", "identity", "de"], "headers",
    )


@case
def head_of_missing_object_is_404_without_body():
    answer = signed("HEAD", object_target("objects/nowhere"))
    equal((answer.status, answer.body), (404, b""), "answer")


@case
def get_of_missing_object():
    refused(404, "NoSuchKey", S3.get_object, Bucket=BUCKET, Key="objects/nowhere")


@case
def get_from_missing_bucket():
    refused(404, "NoSuchBucket", S3.get_object, Bucket="no-such-bucket", Key="a")


@case
def put_into_missing_bucket():
    refused(404, "NoSuchBucket", S3.put_object, Bucket="no-such-bucket", Key="a", Body=b"x")


@case
def delete_of_missing_object_is_204():
    answer = S3.delete_object(Bucket=BUCKET, Key="objects/never-there")
    equal(answer["ResponseMetadata"]["HTTPStatusCode"], 204, "status")


@case
def every_overwrite_is_a_version():
    first = put("objects/versions", b"one")["VersionId"]
    second = put("objects/versions", b"two")["VersionId"]
    assert first != second, "two writes, one version id"
    equal([each["VersionId"] for each in history(BUCKET, "objects/versions")][0], second, "latest")
    equal(body_of(S3, BUCKET, "objects/versions", VersionId=first), b"one", "old body")
    head = S3.head_object(Bucket=BUCKET, Key="objects/versions", VersionId=first)
    equal(head["VersionId"], first, "version id of HEAD")
    equal(body_of(S3, BUCKET, "objects/versions"), b"two", "body")


@case
def delete_leaves_a_marker_that_can_be_deleted():
    put("objects/marked", b"one")
    deleted = S3.delete_object(Bucket=BUCKET, Key="objects/marked")
    equal(deleted["DeleteMarker"], True, "DeleteMarker")
    answer = signed("GET", object_target("objects/marked"))
    expect_error(answer, 404, "NoSuchKey")
    equal(answer.headers.get("x-amz-delete-marker"), "true", "x-amz-delete-marker")
    marker = signed("GET", object_target("objects/marked") + "?versionId=" + deleted["VersionId"])
    expect_error(marker, 405, "MethodNotAllowed")
    S3.delete_object(Bucket=BUCKET, Key="objects/marked", VersionId=deleted["VersionId"])
    equal(body_of(S3, BUCKET, "objects/marked"), b"one", "body after undelete")


@case
def delete_of_a_version_is_for_good():
    first = put("objects/purged", b"one")["VersionId"]
    second = put("objects/purged", b"two")["VersionId"]
    S3.delete_object(Bucket=BUCKET, Key="objects/purged", VersionId=second)
    equal(body_of(S3, BUCKET, "objects/purged"), b"one", "body")
    equal([each["VersionId"] for each in history(BUCKET, "objects/purged")], [first], "versions")
    refused(404, "NoSuchVersion", S3.get_object, Bucket=BUCKET, Key="objects/purged", VersionId=second)


@case
def malformed_version_id():
    put("objects/odd-version")
    answer = signed("GET", object_target("objects/odd-version") + "?versionId=not%20a%20version")
    expect_error(answer, 400, "InvalidArgument")


@case
def unversioned_bucket_keeps_one():
    bucket = fresh_bucket(S3)
    put("a", b"one", bucket)
    answer = put("a", b"two", bucket)
    assert "VersionId" not in answer, f"a version id in an unversioned bucket: {answer}"
    equal(len(history(bucket, "a")), 1, "number of versions")
    equal(history(bucket, "a")[0]["VersionId"], "null", "version id")
    S3.delete_object(Bucket=bucket, Key="a")
    equal(history(bucket, "a"), [], "versions after delete")


@case
def suspended_versioning_replaces_only_the_null_version():
    bucket = fresh_bucket(S3, versioned=True)
    kept = put("a", b"kept", bucket)["VersionId"]
    S3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    put("a", b"null one", bucket)
    put("a", b"null two", bucket)
    equal([each["VersionId"] for each in history(bucket, "a")], ["null", kept], "versions")
    equal(body_of(S3, bucket, "a", VersionId=kept), b"kept", "kept version")
    S3.delete_object(Bucket=bucket, Key="a")
    markers = S3.list_object_versions(Bucket=bucket)["DeleteMarkers"]
    equal([each["VersionId"] for each in markers], ["null"], "delete markers")


@case
def copy_keeps_metadata():
    put("objects/source", b"payload", ContentType="text/x-a", Metadata={"kept": "yes"})
    result = S3.copy_object(
        Bucket=BUCKET, Key="objects/copy", CopySource={"Bucket": BUCKET, "Key": "objects/source"})
    assert result["CopyObjectResult"]["ETag"], "no ETag in the copy result"
    got = S3.get_object(Bucket=BUCKET, Key="objects/copy")
    equal((got["Body"].read(), got["ContentType"], got["Metadata"]),
          (b"payload", "text/x-a", {"kept": "yes"}), "copy")


@case
def copy_with_replaced_metadata():
    put("objects/source2", b"payload", ContentType="text/x-a", Metadata={"old": "yes"})
    S3.copy_object(
        Bucket=BUCKET, Key="objects/copy2", MetadataDirective="REPLACE", Metadata={"new": "yes"},
        ContentType="text/x-b", CopySource={"Bucket": BUCKET, "Key": "objects/source2"})
    head = S3.head_object(Bucket=BUCKET, Key="objects/copy2")
    equal((head["ContentType"], head["Metadata"]), ("text/x-b", {"new": "yes"}), "headers")


@case
def copy_of_an_old_version_and_an_odd_key():
    old = put("objects/a b+c%?.txt", b"old")["VersionId"]
    put("objects/a b+c%?.txt", b"new")
    source = {"Bucket": BUCKET, "Key": "objects/a b+c%?.txt", "VersionId": old}
    answer = S3.copy_object(Bucket=BUCKET, Key="objects/restored", CopySource=source)
    equal(answer["CopySourceVersionId"], old, "x-amz-copy-source-version-id")
    equal(body_of(S3, BUCKET, "objects/restored"), b"old", "body")


@case
def copy_onto_itself_needs_a_change():
    put("objects/self", b"x")
    source = {"Bucket": BUCKET, "Key": "objects/self"}
    refused(400, "InvalidRequest", S3.copy_object, Bucket=BUCKET, Key="objects/self", CopySource=source)


@case
def copy_with_source_conditions():
    etag = put("objects/conditioned", b"x")["ETag"]
    source = {"Bucket": BUCKET, "Key": "objects/conditioned"}
    S3.copy_object(Bucket=BUCKET, Key="objects/c1", CopySource=source, CopySourceIfMatch=etag)
    refused(412, "PreconditionFailed", S3.copy_object, Bucket=BUCKET, Key="objects/c2",
            CopySource=source, CopySourceIfMatch='"0123456789abcdef0123456789abcdef"')
    assert is_absent(S3, BUCKET, "objects/c2"), "a refused copy was stored"


@case
def copy_of_missing_source():
    refused(404, "NoSuchKey", S3.copy_object, Bucket=BUCKET, Key="objects/c3",
            CopySource={"Bucket": BUCKET, "Key": "objects/nowhere"})


@case
def object_tags():
    put("objects/tagged", Tagging="team=infra&stage=dev")
    tags = S3.get_object_tagging(Bucket=BUCKET, Key="objects/tagged")["TagSet"]
    equal({each["Key"]: each["Value"] for each in tags}, {"team": "infra", "stage": "dev"}, "tags")
    equal(S3.get_object(Bucket=BUCKET, Key="objects/tagged").get("TagCount"), 2, "TagCount")
    S3.put_object_tagging(
        Bucket=BUCKET, Key="objects/tagged", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    tags = S3.get_object_tagging(Bucket=BUCKET, Key="objects/tagged")["TagSet"]
    equal(tags, [{"Key": "a", "Value": "b"}], "tags")
    S3.delete_object_tagging(Bucket=BUCKET, Key="objects/tagged")
    equal(S3.get_object_tagging(Bucket=BUCKET, Key="objects/tagged")["TagSet"], [], "tags")


@case
def tags_of_missing_object():
    refused(404, "NoSuchKey", S3.get_object_tagging, Bucket=BUCKET, Key="objects/nowhere")


@case
def delete_many_objects():
    for number in range(3):
        put(f"objects/many/{number}")
    objects = [{"Key": f"objects/many/{number}"} for number in range(4)]
    answer = S3.delete_objects(
        Bucket=BUCKET, Delete={"Objects": objects}, BypassGovernanceRetention=True)
    equal(sorted(each["Key"] for each in answer["Deleted"]),
          [f"objects/many/{number}" for number in range(4)], "deleted")
    assert "Errors" not in answer, answer
    assert all(each["DeleteMarker"] for each in answer["Deleted"]), answer
    equal(keys_of(S3, BUCKET, "objects/many/"), [], "keys left")


@case
def delete_many_quietly():
    put("objects/quiet")
    answer = S3.delete_objects(
        Bucket=BUCKET, Delete={"Objects": [{"Key": "objects/quiet"}], "Quiet": True})
    assert "Deleted" not in answer and "Errors" not in answer, answer
    assert is_absent(S3, BUCKET, "objects/quiet"), "not deleted"


@case
def delete_many_with_etag_conditions():
    right, wrong = put("objects/right")["ETag"], '"0123456789abcdef0123456789abcdef"'
    put("objects/wrong")
    answer = S3.delete_objects(Bucket=BUCKET, Delete={"Objects": [
        {"Key": "objects/right", "ETag": right}, {"Key": "objects/wrong", "ETag": wrong}]})
    equal([each["Key"] for each in answer["Deleted"]], ["objects/right"], "deleted")
    equal([(each["Key"], each["Code"]) for each in answer["Errors"]],
          [("objects/wrong", "PreconditionFailed")], "errors")
    assert not is_absent(S3, BUCKET, "objects/wrong"), "deleted against its condition"


@case
def delete_many_with_versions():
    version = put("objects/exact", b"one")["VersionId"]
    S3.delete_objects(
        Bucket=BUCKET, Delete={"Objects": [{"Key": "objects/exact", "VersionId": version}]})
    equal(history(BUCKET, "objects/exact"), [], "versions")


@case
def canned_acls_are_accepted():
    for acl in ("private", "bucket-owner-full-control"):
        put(f"objects/acl-{acl}", ACL=acl)


run_cases()
