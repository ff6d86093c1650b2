"""Buckets and listings."""
from harness import (
    BUCKET, body_of, case, client, equal, fresh_bucket, keys_of, refused, run_cases,
)
from wire import expect_error, send, signed

S3 = client()
KEYS = ["a/1", "a/2", "b", "c d/+%", "env:/dev/x", "ü/☃", "z"]


def filled_bucket():
    """A bucket with KEYS in it."""
    bucket = fresh_bucket(S3)
    for key in KEYS:
        S3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    return bucket


def names(entries, field="Key"):
    """One field of each entry."""
    return [entry[field] for entry in entries]


@case
def first_bucket_exists_and_is_versioned():
    S3.head_bucket(Bucket=BUCKET)
    equal(S3.get_bucket_versioning(Bucket=BUCKET).get("Status"), "Enabled", "versioning")


@case
def create_head_list_delete():
    bucket = fresh_bucket(S3)
    equal(S3.head_bucket(Bucket=bucket)["ResponseMetadata"]["HTTPStatusCode"], 200, "status")
    assert bucket in names(S3.list_buckets()["Buckets"], "Name"), "not listed"
    S3.delete_bucket(Bucket=bucket)
    refused(404, "404", S3.head_bucket, Bucket=bucket)
    assert bucket not in names(S3.list_buckets()["Buckets"], "Name"), "still listed"


@case
def create_again_in_us_east_1_is_answered_200():
    bucket = fresh_bucket(S3)
    S3.put_object(Bucket=bucket, Key="kept", Body=b"x")
    S3.create_bucket(Bucket=bucket)
    equal(body_of(S3, bucket, "kept"), b"x", "object after the second creation")


@case
def create_again_elsewhere_is_refused():
    there = {"LocationConstraint": "eu-west-1"}
    S3.create_bucket(Bucket="buckets-in-europe", CreateBucketConfiguration=there)
    refused(409, "BucketAlreadyOwnedByYou", S3.create_bucket, Bucket="buckets-in-europe",
            CreateBucketConfiguration=there)
    location = S3.get_bucket_location(Bucket="buckets-in-europe")
    equal(location["LocationConstraint"], "eu-west-1", "location")


@case
def location_of_us_east_1_is_empty():
    equal(S3.get_bucket_location(Bucket=BUCKET)["LocationConstraint"], None, "location")


@case
def invalid_bucket_names():
    for name in ("ab", "UPPER", "under_score", "dash-", "127.0.0.1"):
        expect_error(signed("PUT", f"/{name}"), 400, "InvalidBucketName")


@case
def delete_of_a_full_bucket():
    bucket = fresh_bucket(S3, versioned=True)
    version = S3.put_object(Bucket=bucket, Key="a", Body=b"x")["VersionId"]
    refused(409, "BucketNotEmpty", S3.delete_bucket, Bucket=bucket)
    marker = S3.delete_object(Bucket=bucket, Key="a")["VersionId"]
    refused(409, "BucketNotEmpty", S3.delete_bucket, Bucket=bucket)
    for each in (version, marker):
        S3.delete_object(Bucket=bucket, Key="a", VersionId=each)
    S3.delete_bucket(Bucket=bucket)


@case
def missing_bucket():
    refused(404, "NoSuchBucket", S3.list_objects_v2, Bucket="no-such-bucket")
    refused(404, "NoSuchBucket", S3.delete_bucket, Bucket="no-such-bucket")
    refused(404, "NoSuchBucket", S3.get_bucket_versioning, Bucket="no-such-bucket")
    refused(404, "NoSuchBucket", S3.get_bucket_location, Bucket="no-such-bucket")


@case
def versioning_on_and_off():
    bucket = fresh_bucket(S3)
    assert "Status" not in S3.get_bucket_versioning(Bucket=bucket), "a status before any was set"
    for status in ("Enabled", "Suspended"):
        S3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": status})
        equal(S3.get_bucket_versioning(Bucket=bucket)["Status"], status, "status")


@case
def bucket_tags():
    bucket = fresh_bucket(S3)
    refused(404, "NoSuchTagSet", S3.get_bucket_tagging, Bucket=bucket)
    tags = [{"Key": "team", "Value": "infra"}]
    S3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})
    equal(S3.get_bucket_tagging(Bucket=bucket)["TagSet"], tags, "tags")
    S3.delete_bucket_tagging(Bucket=bucket)
    refused(404, "NoSuchTagSet", S3.get_bucket_tagging, Bucket=bucket)


@case
def canned_acl_on_create():
    S3.create_bucket(Bucket="buckets-with-acl", ACL="private")


@case
def list_v2_in_byte_order():
    bucket = filled_bucket()
    equal(names(S3.list_objects_v2(Bucket=bucket)["Contents"]), sorted(KEYS, key=str.encode), "keys")
    entry = S3.list_objects_v2(Bucket=bucket, Prefix="b")["Contents"][0]
    equal((entry["Size"], entry["ETag"]), (1, '"92eb5ffee6ae2fec3ad71c777531578f"'), "entry")


@case
def list_v2_with_delimiter():
    bucket = filled_bucket()
    answer = S3.list_objects_v2(Bucket=bucket, Delimiter="/")
    equal(names(answer["Contents"]), ["b", "z"], "keys")
    equal(names(answer["CommonPrefixes"], "Prefix"), ["a/", "c d/", "env:/", "ü/"], "prefixes")
    equal(answer["KeyCount"], 6, "KeyCount")
    answer = S3.list_objects_v2(Bucket=bucket, Delimiter="/", Prefix="a/")
    equal(names(answer["Contents"]), ["a/1", "a/2"], "keys under a/")
    assert "CommonPrefixes" not in answer, answer


@case
def list_v2_in_pages():
    bucket = filled_bucket()
    seen, token, pages = [], {}, 0
    while True:
        answer = S3.list_objects_v2(Bucket=bucket, MaxKeys=2, **token)
        assert len(answer["Contents"]) <= 2, "a page above max-keys"
        seen += names(answer["Contents"])
        pages += 1
        if not answer["IsTruncated"]:
            break
        token = {"ContinuationToken": answer["NextContinuationToken"]}
    equal((seen, pages), (sorted(KEYS, key=str.encode), 4), "keys and pages")


@case
def list_v2_in_pages_with_delimiter():
    bucket = filled_bucket()
    pages = S3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Delimiter="/", PaginationConfig={"PageSize": 1})
    seen = [name for page in pages for name in
            names(page.get("Contents", [])) + names(page.get("CommonPrefixes", []), "Prefix")]
    equal(seen, ["a/", "b", "c d/", "env:/", "z", "ü/"], "entries, each once")


@case
def list_v2_start_after_and_no_keys():
    bucket = filled_bucket()
    answer = S3.list_objects_v2(Bucket=bucket, StartAfter="b")
    equal(names(answer["Contents"])[0], "c d/+%", "first key")
    answer = S3.list_objects_v2(Bucket=bucket, MaxKeys=0)
    equal((answer["IsTruncated"], answer["KeyCount"]), (False, 0), "answer to max-keys=0")


@case
def list_v2_url_encoding_on_the_wire():
    bucket = filled_bucket()
    answer = signed("GET", f"/{bucket}?list-type=2&encoding-type=url&delimiter=%2F&prefix=c%20d%2F")
    assert b"<Key>c%20d/%2B%25</Key>" in answer.body or b"<Key>c+d/%2B%25</Key>" in answer.body, (
        answer.body)
    assert b"<EncodingType>url</EncodingType>" in answer.body, answer.body


@case
def list_v2_bad_arguments():
    expect_error(signed("GET", f"/{BUCKET}?list-type=2&max-keys=many"), 400, "InvalidArgument")
    expect_error(signed("GET", f"/{BUCKET}?list-type=2&max-keys=-1"), 400, "InvalidArgument")
    expect_error(
        signed("GET", f"/{BUCKET}?list-type=2&continuation-token=junk%21"), 400, "InvalidArgument")


@case
def list_v1_with_markers():
    bucket = filled_bucket()
    first = S3.list_objects(Bucket=bucket, MaxKeys=3, EncodingType="url")
    assert first["IsTruncated"], "not truncated"
    rest = S3.list_objects(Bucket=bucket, Marker=names(first["Contents"])[-1])
    both = names(first["Contents"]) + names(rest["Contents"])
    equal(len(both), len(KEYS), "keys in both pages")
    answer = S3.list_objects(Bucket=bucket, Delimiter="/", MaxKeys=1)
    equal(names(answer["CommonPrefixes"], "Prefix"), ["a/"], "prefixes")
    equal(answer["NextMarker"], "a/", "NextMarker")
    answer = S3.list_objects(Bucket=bucket, Delimiter="/", Marker=answer["NextMarker"])
    equal(names(answer["Contents"]), ["b", "z"], "keys after the marker")


@case
def list_versions_in_pages():
    bucket = fresh_bucket(S3, versioned=True)
    for key in ("a", "a", "b"):
        S3.put_object(Bucket=bucket, Key=key, Body=b"x")
    S3.delete_object(Bucket=bucket, Key="b")
    pages = list(S3.get_paginator("list_object_versions").paginate(
        Bucket=bucket, PaginationConfig={"PageSize": 1}))
    equal([key for page in pages for key in names(page.get("Versions", []))], ["a", "a", "b"], "keys")
    markers = [entry for page in pages for entry in page.get("DeleteMarkers", [])]
    equal([(each["Key"], each["IsLatest"]) for each in markers], [("b", True)], "markers")


@case
def listing_is_complete_beyond_one_page():
    bucket = fresh_bucket(S3)
    for number in range(1005):
        S3.put_object(Bucket=bucket, Key=f"{number:04}", Body=b"")
    first = S3.list_objects_v2(Bucket=bucket)
    equal((len(first["Contents"]), first["IsTruncated"]), (1000, True), "first page")
    equal(keys_of(S3, bucket), [f"{number:04}" for number in range(1005)], "all keys")


@case
def unsupported_subresources_are_501():
    for query in ("analytics", "inventory", "metrics", "intelligent-tiering"):
        expect_error(signed("GET", f"/{BUCKET}?{query}&id=1"), 501, "NotImplemented")
        expect_error(signed("DELETE", f"/{BUCKET}?{query}&id=1"), 501, "NotImplemented")
    refused(501, "NotImplemented", S3.put_bucket_accelerate_configuration, Bucket=BUCKET,
            AccelerateConfiguration={"Status": "Enabled"})
    refused(501, "NotImplemented", S3.put_bucket_website, Bucket=BUCKET,
            WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}})


@case
def health_needs_no_credentials():
    equal(send("GET", "/_statelock/health", {}).status, 200, "health")
    equal(send("GET", "/_statelock/metrics", {}).status, 200, "metrics")


run_cases()
